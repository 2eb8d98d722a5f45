//! "Did you mean": the known word nearest to the one that was written.

/// The most words that a "did you mean" compares with, so that a long list costs nothing.
const CANDIDATES_MAX: usize = 1_000;
/// The least characters of a beginning that stands for the word.
const BEGINNING_MIN: usize = 4;

/// Returns the known word nearest to `written`, ignoring case, if one is near enough to be what
/// was meant: at most one edit in three characters, or the one word that begins so.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = written.to_lowercase();
    let length = folded.chars().count();
    let known: Vec<&str> = known.into_iter().take(CANDIDATES_MAX).collect();
    let mut begun = known.iter().filter(|word| length >= BEGINNING_MIN && word.to_lowercase().starts_with(&folded));
    if let (Some(word), None) = (begun.next(), begun.next()) {
        return Some(word);
    }
    misspelt(written, known)
}

/// Returns the known word nearest to `written` as [`nearest`] does, but none that only begins so.
pub fn misspelt<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = written.to_lowercase();
    let allowed = (folded.chars().count() / 3).max(1);
    known
        .into_iter()
        .take(CANDIDATES_MAX)
        .map(|word| (strsim::damerau_levenshtein(&folded, &word.to_lowercase()), word))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// The most edits that a slip of the fingers makes.
const SLIP_MAX: usize = 2;

/// Returns the known word that a slip has made `written` of, ignoring case: where words that are not known may be
/// right, a distant one is no sign of a mistake.
pub fn mistyped<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = written.to_lowercase();
    let is_it = |word: &&str| strsim::damerau_levenshtein(&folded, &word.to_lowercase()) <= SLIP_MAX;
    misspelt(written, known).filter(is_it)
}

/// How a help proposes a word in place of the one that was written.
const MEANT: (&str, &str) = ("did you mean `", "`?");
/// How it proposes the same word in another case.
const OTHER_CASE: (&str, &str) = ("write `", "`: upper and lower case matter in keys");

/// Returns the sentence "did you mean `word`?" for the nearest known word, if there is one.
pub fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(written, known).map(meant)
}

/// Returns the sentence "did you mean `word`?".
pub fn meant(word: &str) -> String {
    [MEANT.0, word, MEANT.1].concat()
}

/// Returns the sentence that proposes the same key in the case that it has.
pub fn in_other_case(word: &str) -> String {
    [OTHER_CASE.0, word, OTHER_CASE.1].concat()
}

/// Returns what a help proposes in place of what was written, if that is all it says.
pub fn proposed(help: &str) -> Option<&str> {
    [MEANT, OTHER_CASE].into_iter().find_map(|(before, behind)| help.strip_prefix(before)?.strip_suffix(behind))
}
