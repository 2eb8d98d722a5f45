//! Which command the shell runs where a script names one.

use super::super::syntax::{Part, Simple, Word};

/// Names behind which another command begins that the shell itself runs.
const LEADING: &[&str] = &["command", "builtin"];

/// Options with which `command` runs, or only looks for, what stands behind them.
const LOOKS: &[&str] = &["-p", "-v", "-V"];

/// Returns the words from the name of the command that the shell runs.
pub(super) fn in_shell(simple: &Simple) -> &[Word] {
    let is_leading =
        |word: &&Word| word.literal().is_some_and(|it| LEADING.contains(&&*it) || it == "-p" || it == "--");
    let start = simple.words.iter().take_while(is_leading).count();
    &simple.words[start..]
}

/// Says whether what stands behind `command` or `builtin` is no option of theirs that is known, such as `-pp`: what they run
/// then, or whether they run anything, is not known.
pub(super) fn leads_oddly(words: &[Word]) -> bool {
    let mut leading = None;
    for word in words {
        match word.literal() {
            Some(name) if LEADING.contains(&&*name) => leading = Some(name),
            Some(option) if option.starts_with('-') && leading.is_some() => {
                let is_known = option == "--" || leading.as_deref() == Some("command") && LOOKS.contains(&&*option);
                if !is_known {
                    return true;
                }
            }
            _ => return false,
        }
    }
    false
}

/// Says whether the name of a command is made by the shell out of files, a folder or braces: `[s]et`, `~`, `{set,+e}`.
pub(super) fn may_be_another(name: &Word) -> bool {
    let has_folder = name.texts().any(|text| text.contains('/'));
    let is_home = matches!(name.parts.first(), Some(Part::Text { text, quoted: false }) if text.starts_with('~'));
    name.has_alternatives() || !has_folder && (name.is_pattern() || is_home)
}

/// Says whether a command whose name is not known is none of the shell's: no such has a folder. What becomes several words
/// has its first one only.
pub(super) fn is_elsewhere(name: &Word) -> bool {
    !name.may_be_many() && name.texts().any(|text| text.contains('/'))
}
