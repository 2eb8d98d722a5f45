//! Braces of which the shell makes several words before it looks at anything else: `printf {-v,x} …` is
//! `printf -v x …`, and `export {a,b}=…` assigns twice (the manual of bash, "Brace Expansion").

use super::syntax::{Part, Word};

/// The most words that are made of one. No list of a person's is so long; a sequence such as `{1..5000}` is
/// not written out.
const WORDS_MAX: usize = 1000;

/// The most numbers of a sequence that are written out. What a longer one gives differs in digits alone.
const NUMBERS_MAX: i64 = 16;

/// A piece of a word: a letter without quotes, or all that no brace divides, by the index of its part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Piece {
    Letter(char, usize),
    Whole(usize),
}

impl Piece {
    fn is(self, letter: char) -> bool {
        matches!(self, Self::Letter(own, _) if own == letter)
    }

    /// Returns the index of the part that the piece is from.
    pub(super) fn part(self) -> usize {
        match self {
            Self::Letter(_, part) | Self::Whole(part) => part,
        }
    }
}

/// What becomes of a word.
#[derive(Debug, PartialEq)]
pub(super) enum Alternatives {
    /// It stays as it is.
    None,
    /// These words, each in its pieces.
    Words(Vec<Vec<Piece>>),
    /// More words than are looked at.
    TooMany,
}

/// Returns what the shell makes of a word by its braces.
pub(super) fn of(word: &Word) -> Alternatives {
    if !word.has_alternatives() {
        return Alternatives::None;
    }
    let mut pieces = Vec::new();
    for (index, part) in word.parts.iter().enumerate() {
        match part {
            Part::Text { text, quoted: false } => {
                pieces.extend(text.chars().map(|letter| Piece::Letter(letter, index)));
            }
            _ => pieces.push(Piece::Whole(index)),
        }
    }
    match expanded(&pieces) {
        None => Alternatives::TooMany,
        Some(words) if words == [pieces] => Alternatives::None,
        Some(words) => Alternatives::Words(words),
    }
}

/// Returns words with their alternatives in place. Those of which there are too many stay as they are.
pub(super) fn written_out(words: &[Word]) -> Vec<Word> {
    let written_out = |word: &Word| match of(word) {
        Alternatives::Words(words) => words.iter().map(|pieces| put_together(word, pieces).word).collect(),
        Alternatives::None | Alternatives::TooMany => vec![word.clone()],
    };
    words.iter().flat_map(written_out).collect()
}

/// A word that was made of another one.
pub(super) struct Made {
    pub(super) word: Word,
    /// For each part the index of the one in the other word that it is from.
    pub(super) parts: Vec<usize>,
}

/// Returns the word that is made of pieces of another one.
pub(super) fn put_together(word: &Word, pieces: &[Piece]) -> Made {
    let mut made = Made { word: Word::default(), parts: Vec::new() };
    for piece in pieces {
        match *piece {
            Piece::Letter(letter, part) if made.parts.last() == Some(&part) => made.word.push_char(letter, false),
            Piece::Letter(letter, part) => {
                let text = letter.to_string();
                made.word.parts.push(Part::Text { text, quoted: false });
                made.parts.push(part);
            }
            Piece::Whole(part) => {
                made.word.parts.push(word.parts[part].clone());
                made.parts.push(part);
            }
        }
    }
    made
}

/// Returns the words that are made of pieces; `None` if they are too many.
fn expanded(pieces: &[Piece]) -> Option<Vec<Vec<Piece>>> {
    let openings = (0..pieces.len()).filter(|at| pieces[*at].is('{'));
    for open in openings {
        let Some(close) = close_of(pieces, open) else { continue };
        let Some(alternatives) = inside(&pieces[open + 1..close]) else { continue };
        let (alternatives, ends) = (alternatives?, expanded(&pieces[close + 1..])?);
        if alternatives.len() * ends.len() > WORDS_MAX {
            return None;
        }
        let word = |own: &Vec<Piece>, end: &Vec<Piece>| [&pieces[..open], own, end].concat();
        return Some(alternatives.iter().flat_map(|own| ends.iter().map(|end| word(own, end))).collect());
    }
    Some(vec![pieces.to_vec()])
}

/// Returns where the brace is that closes the one at `open`: the first at its level with a comma or `..` before it.
fn close_of(pieces: &[Piece], open: usize) -> Option<usize> {
    let (mut level, mut divides) = (0_usize, false);
    for at in open + 1..pieces.len() {
        let is_dots = pieces[at].is('.') && pieces.get(at + 1).is_some_and(|next| next.is('.'));
        match pieces[at] {
            it if it.is('}') && level == 0 && divides => return Some(at),
            it if it.is('}') => level = level.saturating_sub(1),
            it if it.is('{') => level += 1,
            it if level == 0 => divides |= it.is(',') || is_dots,
            _ => {}
        }
    }
    None
}

/// Returns what stands between two braces, each alternative by itself: nothing if these are none, and inside of
/// that nothing if they are too many.
#[expect(clippy::option_option, reason = "no alternatives and too many of them are different")]
fn inside(pieces: &[Piece]) -> Option<Option<Vec<Vec<Piece>>>> {
    let (mut level, mut start, mut items) = (0_usize, 0, Vec::new());
    for (at, piece) in pieces.iter().enumerate() {
        match piece {
            it if it.is('{') => level += 1,
            it if it.is('}') => level = level.saturating_sub(1),
            it if it.is(',') && level == 0 => {
                items.push(&pieces[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if items.is_empty() {
        return sequence(pieces).map(Some);
    }
    items.push(&pieces[start..]);
    let items: Option<Vec<_>> = items.into_iter().map(expanded).collect();
    Some(items.map(|items| items.concat()).filter(|words| words.len() <= WORDS_MAX))
}

/// Returns what `1..3`, `a..e` or `1..9..2` stands for.
fn sequence(pieces: &[Piece]) -> Option<Vec<Vec<Piece>>> {
    let part = pieces.first()?.part();
    let letter = |piece: &Piece| if let Piece::Letter(letter, _) = piece { Some(*letter) } else { None };
    let text: String = pieces.iter().map(letter).collect::<Option<_>>()?;
    let bounds: Vec<&str> = text.split("..").collect();
    let (first, last, step) = match bounds[..] {
        [first, last] => (first, last, 1),
        [first, last, step] => (first, last, step.parse::<i64>().ok()?.saturating_abs().max(1)),
        _ => return None,
    };
    let texts: Vec<String> = match (first.parse::<i64>(), last.parse::<i64>()) {
        (Ok(from), Ok(to)) => {
            let digits = |text: &str| text.trim_start_matches(['-', '+']).to_owned();
            let is_padded = |text: &str| digits(text).len() > 1 && digits(text).starts_with('0');
            let width = if is_padded(first) || is_padded(last) { first.len().max(last.len()) } else { 0 };
            numbers(from, to, step).iter().map(|number| format!("{number:0width$}")).collect()
        }
        _ => {
            let (from, to) = (only_letter(first)?, only_letter(last)?);
            let codes = numbers_between(from.into(), to.into(), step);
            codes.filter_map(|code| Some(char::from(u8::try_from(code).ok()?).to_string())).collect()
        }
    };
    Some(texts.iter().map(|text| text.chars().map(|letter| Piece::Letter(letter, part)).collect()).collect())
}

fn only_letter(text: &str) -> Option<u8> {
    text.as_bytes().first().copied().filter(|letter| text.len() == 1 && letter.is_ascii_alphabetic())
}

/// Returns the numbers of a sequence: of a long one its ends.
fn numbers(from: i64, to: i64, step: i64) -> Vec<i64> {
    match i128::from(from).abs_diff(i128::from(to)) <= (NUMBERS_MAX.saturating_mul(step)).unsigned_abs().into() {
        true => numbers_between(from, to, step).collect(),
        false => vec![from, to],
    }
}

fn numbers_between(from: i64, to: i64, step: i64) -> impl Iterator<Item = i64> {
    let steps = from.abs_diff(to) / step.unsigned_abs();
    let signed = if from <= to { step } else { -step };
    (0..=steps).map(move |count| from + signed * i64::try_from(count).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns what is made of a word without quotes, but for `'…'`.
    fn made(text: &str) -> String {
        let mut word = Word::default();
        let mut is_quoted = false;
        for letter in text.chars() {
            match letter {
                '\'' => is_quoted = !is_quoted,
                letter => word.push_char(letter, is_quoted),
            }
        }
        let words = written_out(&[word]);
        words.iter().filter_map(Word::literal).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn braces_give_the_words_that_bash_gives() {
        // What bash 5.2 prints for `echo` with the word on the left.
        let table = [
            ("{-v,x}", "-v x"),
            ("a{b,c}d", "abd acd"),
            ("{a,b}{c,d}", "ac ad bc bd"),
            ("{a,{b,c}}", "a b c"),
            ("{a,{b,c}", "{a,b {a,c"),
            ("{a{b,c}}", "{ab} {ac}"),
            ("{a}b,c}", "a}b c"),
            ("{a,b}}", "a} b}"),
            ("{}{a,b}", "{}a {}b"),
            ("{a},{b}", "{a},{b}"),
            ("{'a,b',c}", "a,b c"),
            ("{a','b}", "{a,b}"),
            ("{a,b", "{a,b"),
            ("{a}", "{a}"),
            ("{1..3}", "1 2 3"),
            ("{3..1}", "3 2 1"),
            ("{1..7..3}", "1 4 7"),
            ("{01..03}", "01 02 03"),
            ("{v..x}", "v w x"),
            ("-{v..v}", "-v"),
            ("{a..1}", "{a..1}"),
            ("x{,y}", "x xy"),
        ];
        for (word, wanted) in table {
            assert_eq!(made(word), wanted, "{word}");
        }
    }

    #[test]
    fn a_word_that_becomes_too_many_is_not_written_out() {
        let many = "{a,b}".repeat(12);
        assert_eq!(made(&many), many);
        assert_eq!(made("{1..1000000}"), "1 1000000");
    }
}
