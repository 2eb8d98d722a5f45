//! One pattern for paths, as the pipeline language's task library reads it: `minimatch` without braces.
//!
//! ```text
//! /          between the names of a path
//! **         as a whole name: any number of names, at the end at least one
//! *  ?       any characters of a name, one of them
//! [a-z] [!a] a character of these, none of these
//! @(a|b)     one of these; ?(…) or nothing, *(…) any number of them, +(…) at least one,
//! !(a|b)     whatever is not one of these up to the end of the name
//! \          takes away what the next character means
//! ```
//! It is matched from its end to its beginning, by sets of places from which the rest fits. So the work grows
//! with the length of the name and not with the number of ways through the pattern; groups that repeat inside
//! of others multiply it by that length, and are bounded by [`LOOKS_MAX`].

use std::path::Path;

/// The most characters of a pattern: those of the longest path.
const CHARACTERS_MAX: usize = 4096;
/// How deep groups may stand in others.
const DEPTH_MAX: usize = 16;
/// How often parts of a pattern may be looked at for one name of the longest kind.
const LOOKS_MAX: u64 = 1_000_000;
/// The most characters of a name in a path.
const NAME_MAX: u64 = 255;
/// Characters that mean something in a pattern.
const SPECIAL: &[char] = &['\\', '*', '?', '[', ']', '(', ')', '|', '!', '+', '@'];

/// A pattern.
#[derive(Debug)]
pub(super) struct Glob(Vec<Part>);

/// What stands between two `/`.
#[derive(Debug)]
enum Part {
    Deep,
    Name(Vec<Piece>),
}

#[derive(Debug)]
enum Piece {
    Character(char),
    Any,
    Many,
    Class { is_other: bool, ranges: Vec<(char, char)> },
    Group(Kind, Vec<Vec<Piece>>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Once,
    Maybe,
    Several,
    AnyNumber,
    Not,
}

/// Whether `*` takes names that begin with a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Points {
    Taken,
    LeftOut,
}

/// Returns a text as a pattern that means it.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        escaped.extend(SPECIAL.contains(&character).then_some('\\'));
        escaped.push(character);
    }
    escaped
}

impl Glob {
    /// Reads a pattern. On failure, why it is none.
    pub(super) fn new(pattern: &str) -> Result<Self, String> {
        if pattern.chars().count() > CHARACTERS_MAX {
            return Err(format!("it has more than {CHARACTERS_MAX} characters"));
        }
        let names: Vec<&str> = pattern.split('/').collect();
        let last = names.len() - 1;
        let names =
            names.into_iter().enumerate().filter(|(at, name)| *name != "." && (*at == last || !name.is_empty()));
        let parts = names.map(|(_, name)| if name == "**" { Ok(Part::Deep) } else { read(name).map(Part::Name) });
        parts.collect::<Result<_, _>>().map(Self)
    }

    /// Says whether a path is meant.
    pub(super) fn holds(&self, path: &Path, points: Points) -> bool {
        let names: Vec<Vec<char>> = path
            .components()
            .filter(|part| matches!(part, std::path::Component::Normal(_)))
            .map(|part| part.as_os_str().to_string_lossy().chars().collect())
            .collect();
        let is_taken = |name: &[char]| points == Points::Taken || !name.starts_with(&['.']);
        let mut places = vec![false; names.len()];
        places.push(true);
        for (at, part) in self.0.iter().enumerate().rev() {
            let mut before = vec![false; names.len() + 1];
            let is_last = at + 1 == self.0.len();
            before[names.len()] = places[names.len()] && matches!(part, Part::Deep) && !is_last;
            for (place, name) in names.iter().enumerate().rev() {
                before[place] = match part {
                    Part::Deep if is_last => is_taken(name) && (places[place + 1] || before[place + 1]),
                    Part::Deep => places[place] || (is_taken(name) && before[place + 1]),
                    Part::Name(pieces) => {
                        let names_point = matches!(pieces.first(), Some(Piece::Character('.')));
                        places[place + 1] && (names_point || is_taken(name)) && fits(pieces, name)
                    }
                };
            }
            places = before;
        }
        places[0]
    }
}

fn fits(pieces: &[Piece], name: &[char]) -> bool {
    let mut end = vec![false; name.len()];
    end.push(true);
    begins(pieces, name, end)[0]
}

/// Returns the places of a name from which pieces lead to one of the given places.
fn begins(pieces: &[Piece], name: &[char], ends: Vec<bool>) -> Vec<bool> {
    pieces.iter().rev().fold(ends, |ends, piece| piece.begins(name, ends))
}

impl Piece {
    fn begins(&self, name: &[char], mut ends: Vec<bool>) -> Vec<bool> {
        match self {
            Self::Many => {
                onward(&mut ends);
                ends
            }
            Self::Group(kind, choices) => group(*kind, choices, name, ends),
            one => {
                let mut begins: Vec<bool> = (0..name.len()).map(|at| ends[at + 1] && one.takes(name[at])).collect();
                begins.push(false);
                begins
            }
        }
    }

    fn takes(&self, character: char) -> bool {
        match self {
            Self::Character(own) => *own == character,
            Self::Class { is_other, ranges } => {
                ranges.iter().any(|(first, last)| (first..=last).contains(&&character)) != *is_other
            }
            Self::Any | Self::Many | Self::Group(..) => true,
        }
    }
}

/// Adds the places before those that are in a set.
fn onward(places: &mut [bool]) {
    for at in (0..places.len() - 1).rev() {
        places[at] |= places[at + 1];
    }
}

fn group(kind: Kind, choices: &[Vec<Piece>], name: &[char], ends: Vec<bool>) -> Vec<bool> {
    match kind {
        Kind::Once => any(choices, name, &ends),
        Kind::Maybe => either(any(choices, name, &ends), &ends),
        Kind::AnyNumber => repeated(choices, name, ends),
        Kind::Several => {
            let repeated = repeated(choices, name, ends);
            any(choices, name, &repeated)
        }
        Kind::Not => {
            // What follows must fit somewhere, and not behind one of the choices.
            let mut others = any(choices, name, &ends);
            let mut ends = ends;
            onward(&mut ends);
            others.iter_mut().zip(&ends).for_each(|(other, end)| *other = !*other && *end);
            others
        }
    }
}

fn any(choices: &[Vec<Piece>], name: &[char], ends: &[bool]) -> Vec<bool> {
    let none = vec![false; ends.len()];
    choices.iter().fold(none, |all, choice| either(begins(choice, name, ends.to_vec()), &all))
}

fn either(mut one: Vec<bool>, other: &[bool]) -> Vec<bool> {
    one.iter_mut().zip(other).for_each(|(one, other)| *one |= other);
    one
}

/// Returns from where any number of choices lead to one of the places. Each takes at least a character, so
/// whether a place is one is known from those behind it.
fn repeated(choices: &[Vec<Piece>], name: &[char], ends: Vec<bool>) -> Vec<bool> {
    let mut known = ends;
    for at in (0..name.len()).rev().filter(|_| !choices.is_empty()) {
        if known[at] || !known[at + 1..].contains(&true) {
            continue;
        }
        let behind = &known[at + 1..];
        let mut ends = vec![false];
        ends.extend_from_slice(behind);
        let leads = choices.iter().any(|choice| begins(choice, &name[at..], ends.clone())[0]);
        known[at] = leads;
    }
    known
}

/// A name of a pattern while it is read.
struct Reading<'n> {
    characters: std::iter::Peekable<std::str::Chars<'n>>,
    depth: usize,
}

fn read(name: &str) -> Result<Vec<Piece>, String> {
    let mut reading = Reading { characters: name.chars().peekable(), depth: 0 };
    let pieces = reading.sequence()?;
    match looks(&pieces) {
        0..=LOOKS_MAX => Ok(pieces),
        _ => Err("it has too many groups that repeat inside of others".to_owned()),
    }
}

/// Returns how often pieces are looked at for the longest name.
fn looks(pieces: &[Piece]) -> u64 {
    let of = |piece: &Piece| match piece {
        Piece::Group(kind, choices) => {
            let once = choices.iter().fold(1_u64, |all, choice| all.saturating_add(looks(choice)));
            let is_repeated = matches!(kind, Kind::Several | Kind::AnyNumber);
            once.saturating_mul(if is_repeated { NAME_MAX } else { 1 })
        }
        _ => 1,
    };
    pieces.iter().map(of).fold(0, u64::saturating_add)
}

impl Reading<'_> {
    /// Reads up to the end, or to what ends a choice of the group that it stands in.
    fn sequence(&mut self) -> Result<Vec<Piece>, String> {
        let mut pieces = Vec::new();
        while let Some(character) = self.characters.next_if(|next| self.depth == 0 || !['|', ')'].contains(next)) {
            let kind = kind(character).filter(|_| self.characters.peek() == Some(&'('));
            pieces.push(match (kind, character) {
                (Some(kind), _) => self.group(kind)?,
                (None, '*') => Piece::Many,
                (None, '?') => Piece::Any,
                (None, '[') => self.class()?,
                (None, '\\') => Piece::Character(self.characters.next().unwrap_or('\\')),
                (None, own) => Piece::Character(own),
            });
        }
        Ok(pieces)
    }

    fn group(&mut self, kind: Kind) -> Result<Piece, String> {
        self.characters.next();
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(format!("its groups stand more than {DEPTH_MAX} deep in others"));
        }
        let mut choices = vec![self.sequence()?];
        loop {
            match self.characters.next() {
                Some('|') => choices.push(self.sequence()?),
                Some(_) => break,
                None => return Err("a group has no end before the next `/`".to_owned()),
            }
        }
        self.depth -= 1;
        Ok(Piece::Group(kind, choices))
    }

    /// Reads a class; where it has no end, its first character is one like others.
    fn class(&mut self) -> Result<Piece, String> {
        let mut ahead = self.characters.clone();
        let is_other = ahead.next_if(|next| ['!', '^'].contains(next)).is_some();
        let mut ranges = Vec::new();
        loop {
            let first = match ahead.next() {
                None => return Ok(Piece::Character('[')),
                Some(']') if !ranges.is_empty() => break,
                Some('\\') => ahead.next().unwrap_or('\\'),
                Some(own) => own,
            };
            let mut range = ahead.clone();
            let last = match (range.next(), range.next()) {
                (Some('-'), Some(last)) if last != ']' => {
                    ahead = range;
                    last
                }
                _ => first,
            };
            if last < first {
                return Err(format!("`{first}-{last}` ends before it begins"));
            }
            ranges.push((first, last));
        }
        self.characters = ahead;
        Ok(Piece::Class { is_other, ranges })
    }
}

fn kind(character: char) -> Option<Kind> {
    match character {
        '@' => Some(Kind::Once),
        '?' => Some(Kind::Maybe),
        '+' => Some(Kind::Several),
        '*' => Some(Kind::AnyNumber),
        '!' => Some(Kind::Not),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, taken: &[&str], left: &[&str]) {
        let glob = Glob::new(pattern).unwrap_or_else(|reason| panic!("{pattern}: {reason}"));
        for (paths, expected) in [(taken, true), (left, false)] {
            for path in paths {
                assert_eq!(glob.holds(Path::new(path), Points::Taken), expected, "{pattern} {path}");
            }
        }
    }

    #[test]
    fn names_and_folders_are_meant_as_written() {
        check("*.js", &["a.js", ".js", "..js"], &["d/a.js", "a.jsx", "js"]);
        check("**", &["a", "a/b", ".x/y"], &[]);
        check("**/*.js", &["a.js", "d/e/a.js", ".d/a.js"], &["a.ts"]);
        check("a/**", &["a/b", "a/b/c"], &["a", "b/a"]);
        check("a/**/b", &["a/b", "a/x/b", "a/x/y/b"], &["a/xb", "ab"]);
        check("./a//b", &["a/b"], &["a", "b"]);
        check("a**b", &["ab", "axb"], &["a/b"]);
        check("a?c", &["abc"], &["ac", "abbc", "a/c"]);
        check("[a-c]x", &["ax", "cx"], &["dx", "x"]);
        check("[!a-c]", &["d", "]"], &["a", "dd"]);
        check("[]a]", &["]", "a"], &["b"]);
        check("[a", &["[a"], &["a"]);
        check("[a-]", &["a", "-"], &["b"]);
        check("{a,b}", &["{a,b}"], &["a", "b"]);
        check("\\*", &["*"], &["a"]);
        check("a+b", &["a+b"], &["ab", "aab"]);
        check("d/", &[], &["d", "d/a"]);
    }

    #[test]
    fn groups_are_those_of_the_task_library() {
        check("@(a|b).x", &["a.x", "b.x"], &["ab.x", ".x", "c.x"]);
        check("a?(b|cd)", &["a", "ab", "acd"], &["abcd", "ac"]);
        check("+(a|bc)", &["a", "bc", "abca"], &["b", "abcx", "c"]);
        check("x*(a|b)y", &["xy", "xaby"], &["xcy", "x"]);
        check("**/!(node_modules)/*.js", &["a/x.js", "a/b/x.js", "node_modulesx/a.js"], &["node_modules/x.js", "x.js"]);
        check("*.!(map|txt)", &["a.js", "a.map.js", "a."], &["a.map", "a", "map"]);
        check("!(*.test).js", &["a.js", "a.tests.js"], &["a.test.js", "a.ts"]);
        check("!(a)*", &["b", "ba"], &["a", "ab"]);
        check("@(*.js|!(*.json))", &["a.js", "a.ts"], &["a.json"]);
        // Two that are not the one can be it together.
        check("*(*.js|!(*.json))", &["a.js", "a.ts", "a.json"], &[]);
        check("@(a|+(b|c)d)", &["a", "bcd", "bd"], &["d", "ad"]);
        check("@()", &[], &["a"]);
        check("@(|a)b", &["b", "ab"], &["a"]);
        check("a(b)", &["a(b)"], &["ab"]);
        check("@([)]|x)", &[")", "x"], &["(", "]"]);
    }

    #[test]
    fn points_are_left_out_where_that_is_asked_for() {
        for (pattern, path, expected) in [
            ("*", ".a", false),
            ("**", "d/.a", false),
            ("**", ".d/a", false),
            (".*", ".a", true),
            ("**/.a", "d/.a", true),
            ("**/.a", ".d/.a", false),
            ("!(x)", ".a", false),
        ] {
            let glob = Glob::new(pattern).expect("a pattern");
            assert_eq!(glob.holds(Path::new(path), Points::LeftOut), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn what_is_escaped_means_itself() {
        let text = r"a*b?[c]\@(d|e)!(f)+";
        check(&escape(text), &[text], &["ab"]);
    }

    #[test]
    fn hostile_patterns_end_or_are_refused() {
        let name = "a".repeat(255);
        for pattern in [
            "+(a|aa|aaa)b".to_owned(),
            "*(+(a|a)|aa)b".to_owned(),
            format!("{}b", "*a".repeat(1000)),
            format!("{}b", "!(b)".repeat(500)),
            format!("{}b", "?(a)".repeat(1000)),
            format!("{}a{}b", "@(".repeat(15), ")".repeat(15)),
        ] {
            check(&pattern, &[], &[&name]);
        }
        for pattern in
            ["+(+(+(a)))", "@(a", "[b-a]", &"a".repeat(5000), &format!("{}a{}", "@(".repeat(17), ")".repeat(17))]
        {
            assert!(Glob::new(pattern).is_err(), "{pattern}");
        }
    }
}
