//! Regular expressions of Python, as far as it matters what they leave of a text, or find in it.
//!
//! A pattern is read as the characters that each place of it may match. One with flags inside, with a look around or a
//! reference back is not read: it may match anything.

use super::kept::{behind_text, is_harmless, marks_of};
use crate::shell::change::Change;

/// The marks of a path.
const PATH_MARKS: &[char] = &['/', '.', '~', '\\'];

/// How many characters of ASCII there are; behind them stand for all others one letter and one mark.
const ASCII: u8 = 128;

/// Characters: a bit for each of ASCII, and which are among them that are none of ASCII.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Set {
    ascii: u128,
    letters: Others,
    marks: Others,
}

/// How many of the letters, or of the marks, that are not ASCII.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Others {
    #[default]
    None,
    Some,
    All,
}

impl Others {
    fn others(self) -> Self {
        match self {
            Self::None => Self::All,
            Self::Some => Self::Some,
            Self::All => Self::None,
        }
    }
}

impl Set {
    const ALL: Self = Self { ascii: u128::MAX, letters: Others::All, marks: Others::All };

    fn of(is_one: impl Fn(char) -> bool) -> Self {
        let bits = (0..ASCII).filter(|byte| is_one(char::from(*byte)));
        Self { ascii: bits.fold(0, |all, byte| all | 1 << byte), ..Self::default() }
    }

    fn one(character: char) -> Self {
        match character {
            _ if character.is_ascii() => Self::of(|it| it == character),
            _ if character.is_alphanumeric() => Self { letters: Others::Some, ..Self::default() },
            _ => Self { marks: Others::Some, ..Self::default() },
        }
    }

    fn range(first: char, last: char) -> Self {
        let wide = if last.is_ascii() { Others::None } else { Others::Some };
        Self { letters: wide, marks: wide, ..Self::of(|it| first <= it && it <= last) }
    }

    fn or(self, other: Self) -> Self {
        Self {
            ascii: self.ascii | other.ascii,
            letters: self.letters.max(other.letters),
            marks: self.marks.max(other.marks),
        }
    }

    fn others(self) -> Self {
        Self { ascii: !self.ascii, letters: self.letters.others(), marks: self.marks.others() }
    }

    fn has(self, character: char) -> bool {
        character.is_ascii() && self.ascii & Self::one(character).ascii != 0
    }

    fn has_any(self, is_one: impl Fn(char) -> bool) -> bool {
        self.ascii & Self::of(is_one).ascii != 0
    }

    fn has_other_letters(self) -> bool {
        self.letters != Others::None
    }

    /// Returns what `\w` and its kin match; nothing for what is another escape.
    fn of_escape(letter: char) -> Option<Self> {
        let set = match letter.to_ascii_lowercase() {
            'w' => Self { letters: Others::All, ..Self::of(|it| it.is_ascii_alphanumeric() || it == '_') },
            'd' => Self { letters: Others::Some, ..Self::of(|it| it.is_ascii_digit()) },
            's' => Self { marks: Others::Some, ..Self::of(|it| it.is_ascii_whitespace() || it == '\x0b') },
            _ => return None,
        };
        Some(if letter.is_ascii_uppercase() { set.others() } else { set })
    }
}

/// What is known of a pattern.
#[derive(Debug, Default)]
struct Pattern {
    /// All that it may match.
    all: Set,
    /// What it, a group or an alternative of it may match first.
    first: Set,
    /// It may match nothing.
    may_be_empty: bool,
    /// The set that all of it is, once or several times.
    single: Option<Set>,
    /// The text that it is, at the beginning alone.
    front: Option<String>,
}

/// Reads a pattern; nothing where it can't be read.
struct Reader<'p> {
    rest: std::str::Chars<'p>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.clone().next()
    }

    fn eat(&mut self, wanted: char) -> bool {
        let is_there = self.peek() == Some(wanted);
        if is_there {
            self.rest.next();
        }
        is_there
    }

    /// Reads how often something is matched, and says whether that may be never.
    fn may_be_left_out(&mut self) -> bool {
        let may_be = match self.peek() {
            Some('*' | '?') => true,
            Some('+') => false,
            Some('{') => {
                let inside: String = self.rest.clone().skip(1).take_while(|it| *it != '}').collect();
                self.rest.by_ref().take(inside.chars().count() + 1).for_each(drop);
                inside.starts_with(['0', ','])
            }
            _ => return false,
        };
        self.rest.next();
        if !self.eat('?') {
            self.eat('+');
        }
        may_be
    }

    /// Reads the characters behind a `[`.
    fn class(&mut self) -> Option<Set> {
        let is_negated = self.eat('^');
        let mut set = Set::default();
        let mut is_first = true;
        loop {
            let letter = self.rest.next()?;
            if letter == ']' && !is_first {
                return Some(if is_negated { set.others() } else { set });
            }
            is_first = false;
            let one = match letter {
                '\\' => {
                    let escaped = self.rest.next()?;
                    if let Some(class) = Set::of_escape(escaped) {
                        set = set.or(class);
                        continue;
                    }
                    escape(escaped)?
                }
                other => other,
            };
            let is_range = self.peek() == Some('-') && self.rest.clone().nth(1).is_some_and(|it| it != ']');
            if !is_range {
                set = set.or(Set::one(one));
                continue;
            }
            self.rest.next();
            let last = match self.rest.next()? {
                '\\' => escape(self.rest.next()?)?,
                last => last,
            };
            set = set.or(Set::range(one, last));
        }
    }
}

/// Returns the character that an escape is, unless it is something else.
fn escape(letter: char) -> Option<char> {
    match letter {
        'n' => Some('\n'),
        't' => Some('\t'),
        'r' => Some('\r'),
        'f' => Some('\x0c'),
        'v' => Some('\x0b'),
        other => (!other.is_alphanumeric()).then_some(other),
    }
}

fn read(pattern: &str) -> Option<Pattern> {
    let mut reader = Reader { rest: pattern.chars() };
    let mut found = Pattern { front: pattern.starts_with('^').then(String::new), ..Pattern::default() };
    let (mut places, mut is_first, mut is_bare) = (0_usize, true, true);
    // Of each open group whether what is behind it may be first, and whether one of its alternatives may be empty.
    let mut open: Vec<(bool, bool)> = Vec::new();
    while let Some(letter) = reader.rest.next() {
        let set = match letter {
            '^' | '$' => continue,
            '(' => {
                if reader.eat('?') && !reader.eat(':') {
                    if !(reader.eat('P') && reader.eat('<')) {
                        return None;
                    }
                    while reader.rest.next()? != '>' {}
                }
                open.push((is_first, false));
                (is_first, is_bare) = (true, false);
                continue;
            }
            ')' => {
                let (before, is_empty) = open.pop()?;
                let is_empty = is_empty || is_first;
                is_first = reader.may_be_left_out() || is_empty;
                is_first &= before;
                continue;
            }
            '|' => {
                match open.last_mut() {
                    Some((_, is_empty)) => *is_empty |= is_first,
                    None => found.may_be_empty |= is_first,
                }
                (is_first, is_bare) = (true, false);
                continue;
            }
            '.' => Set::ALL,
            '[' => reader.class()?,
            '\\' => match reader.rest.next()? {
                'b' | 'B' | 'A' | 'Z' => {
                    is_bare = false;
                    continue;
                }
                escaped => match Set::of_escape(escaped) {
                    Some(class) => class,
                    None => Set::one(escape(escaped)?),
                },
            },
            '*' | '+' | '?' => return None,
            other => Set::one(other),
        };
        places += 1;
        found.all = found.all.or(set);
        if is_first {
            found.first = found.first.or(set);
        }
        let is_repeated = matches!(reader.peek(), Some('*' | '+' | '?' | '{'));
        let is_literal = !is_repeated && (letter == '\\' || !matches!(letter, '.' | '['));
        let own = (0..ASCII).map(char::from).find(|it| set == Set::one(*it)).filter(|_| is_literal);
        found.front = found.front.zip(own).map(|(front, own)| format!("{front}{own}"));
        is_first &= reader.may_be_left_out();
        found.single = Some(set);
    }
    found.may_be_empty |= is_first;
    if places != 1 || !is_bare || found.may_be_empty || pattern.starts_with('^') || pattern.ends_with('$') {
        found.single = None;
    }
    found.front = found.front.filter(|_| is_bare && !pattern.ends_with('$'));
    open.is_empty().then_some(found)
}

/// Returns what is left of a text in which the matches of a pattern become another text. `ignores` says that capital
/// letters are small ones to it.
pub(super) fn substituted(pattern: &str, by: &str, ignores: bool) -> Change {
    if by.contains('\\') {
        return Change::FREE;
    }
    let is_inert = is_harmless(by);
    let Some(read) = read(pattern) else {
        return match by {
            "" => Change::BY_PROGRAM,
            _ if is_inert => Change::NONE,
            _ => Change::FREE,
        };
    };
    let matches_letters = read.all.has_any(|it| it.is_ascii_lowercase() || it.is_ascii_digit());
    let capitals = if ignores { matches_letters } else { read.all.has_any(|it| it.is_ascii_uppercase()) };
    let is_clean =
        !by.contains(PATH_MARKS) && read.single.is_some_and(|set| PATH_MARKS.iter().all(|mark| set.has(*mark)));
    let clean = if is_clean { Change::CLEAN } else { Change::NONE };
    match () {
        () if is_inert => clean,
        () if by.is_empty() && matches_letters => read.front.map_or(Change::BY_PROGRAM, |front| behind_text(&front)),
        () if matches_letters || read.may_be_empty && !by.is_empty() => Change::FREE,
        () if by.is_empty() && !is_clean && (capitals || read.all.has_other_letters()) => Change::BY_PROGRAM,
        () => {
            let made =
                if by.is_empty() { Change::DASHED.with(Change::ENDED).with(Change::EMPTIED) } else { marks_of(by) };
            if made.is_dotted() && (capitals || read.all.has_other_letters()) {
                return Change::FREE;
            }
            let capitals = if capitals { Change::NO_CAPITALS } else { Change::NONE };
            made.with(capitals).with(clean)
        }
    }
}

/// Returns what a part of a text is that is divided by a pattern.
pub(super) fn divided(pattern: &str) -> Change {
    let is_mark = |read: &Pattern| !read.all.has_any(|it| it.is_ascii_alphanumeric()) && !read.all.has_other_letters();
    if read(pattern).is_some_and(|read| is_mark(&read)) { Change::MARKED } else { Change::ANY }
}

/// Returns what a match of a pattern is, and what a group of it is.
pub(super) fn found(pattern: &str) -> Change {
    let Some(read) = read(pattern) else { return Change::ANY };
    let is_clean = !PATH_MARKS.iter().any(|mark| read.all.has(*mark));
    let clean = if is_clean { Change::CLEAN } else { Change::NONE };
    let front = if read.first.has('-') { Change::NONE } else { Change::FRONTED };
    Change::ANY.with(clean).with(front)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_pattern_finds_has_no_dash_in_front_where_it_matches_none_there() {
        for pattern in [r"#(\d+)", r"([A-Z]+-\d+)", r"v?(\d+\.\d+)", r"^(?:fix|feat)(?P<n>\w+)"] {
            assert_eq!(found(pattern), found(pattern).with(Change::FRONTED), "{pattern}");
        }
        for pattern in ["-.*", r"x(.*)", r"x?(-\d)", r"(\S+)", r"([^/]+)$", "(a|-b)", "(a)?-", r"(?i)a", "(a*)(-)"] {
            assert_ne!(found(pattern), found(pattern).with(Change::FRONTED), "{pattern}");
        }
    }

    #[test]
    fn a_pattern_of_marks_leaves_letters_and_digits() {
        assert_eq!(substituted(r"[^a-zA-Z0-9]+", "-", false), Change::DASHED.with(Change::CLEAN));
        assert_eq!(substituted(r"[^\w]", "_", false), Change::CLEAN);
        assert_eq!(substituted(r"\s+", "-", false), Change::DASHED);
        assert_eq!(substituted(r"[^a-z0-9]+", "-", true), Change::DASHED.with(Change::CLEAN));
        assert_eq!(substituted(r"[^a-z0-9]*", "-", false), Change::FREE);
        assert_eq!(substituted(r"[a-c]", "-", false), Change::FREE);
        assert_eq!(substituted(r"^refs/heads/", "", false), Change::MARKED);
        assert_eq!(substituted(r"[^a-z0-9/]", "", false), Change::BY_PROGRAM);
        assert_eq!(substituted(r"(x)", r"-\1", false), Change::FREE);
    }
}
