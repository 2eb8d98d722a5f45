//! Paths into a payload, as filters write them.
//!
//! ```text
//! path   = ["$"] step*          a first member needs no dot without the `$`
//! step   = "." name | "['" any "']" | "[" digits "]"
//! name   = one or more characters but . [ ] ' " * ? @ ( ) , : $ and white space
//! ```
//! Nothing else is part of it: no wildcards, no descent, no conditions (reference, section 1.2).

use crate::diagnostic::shown;
use std::fmt;
use std::ops::Range;

/// The most bytes of a path. Longer ones are not written by people.
pub const PATH_MAX: usize = 1_000;
/// The most digits of an index, so that it fits every machine.
const INDEX_DIGITS_MAX: usize = 9;

/// A path and the text that it was written as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    text: String,
    steps: Vec<PathStep>,
}

/// One step into a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathStep {
    /// To the member of an object: the key that is equal, else the first that is equal ignoring
    /// ASCII case.
    Member(String),
    /// To the item of an array, from 0.
    Index(usize),
}

/// Why a text is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct PathMistake {
    /// The bytes of the text that are at fault; empty at its end.
    pub range: Range<usize>,
    /// What is wrong, as a title for a diagnostic.
    pub sentence: String,
}

impl Path {
    /// Reads a path.
    pub fn parse(text: &str) -> Result<Self, PathMistake> {
        let steps = Reader { text, at: 0 }.path()?;
        Ok(Self { text: text.to_owned(), steps })
    }

    /// Returns the steps, from the top of the payload.
    pub fn steps(&self) -> &[PathStep] {
        &self.steps
    }

    /// Returns the path as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn path(mut self) -> Result<Vec<PathStep>, PathMistake> {
        if self.text.len() > PATH_MAX {
            let sentence = format!("a path has at most {PATH_MAX} bytes");
            return Err(mistake(PATH_MAX..PATH_MAX, sentence));
        }
        let mut steps = Vec::new();
        if !self.skip("$") && !self.rest().starts_with(['.', '[']) {
            steps.push(self.name()?);
        }
        while !self.rest().is_empty() {
            steps.push(self.step()?);
        }
        if steps.is_empty() {
            return Err(mistake(0..self.text.len(), "the path names nothing"));
        }
        Ok(steps)
    }

    fn step(&mut self) -> Result<PathStep, PathMistake> {
        if self.skip("['") {
            self.quoted()
        } else if self.skip("[") {
            self.index()
        } else if self.skip(".") {
            self.name()
        } else {
            Err(self.unexpected("a step begins with `.` or `[`"))
        }
    }

    fn name(&mut self) -> Result<PathStep, PathMistake> {
        let length = self.rest().find(|character: char| !is_name_character(character)).unwrap_or(self.rest().len());
        if length == 0 {
            return Err(self.unexpected("a name is wanted"));
        }
        Ok(PathStep::Member(self.take(length)))
    }

    fn quoted(&mut self) -> Result<PathStep, PathMistake> {
        let start = self.at - "['".len();
        let Some(length) = self.rest().find("']") else {
            return Err(mistake(start..self.text.len(), "`['` is not closed by `']`"));
        };
        let name = self.take(length);
        self.at += "']".len();
        Ok(PathStep::Member(name))
    }

    fn index(&mut self) -> Result<PathStep, PathMistake> {
        let start = self.at;
        let Some(length) = self.rest().find(']') else {
            return Err(mistake(start - 1..self.text.len(), "`[` is not closed by `]`"));
        };
        let digits = self.take(length);
        self.at += "]".len();
        let is_index =
            (1..=INDEX_DIGITS_MAX).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        let index = digits.parse().ok().filter(|_| is_index);
        index.map(PathStep::Index).ok_or_else(|| {
            let sentence = "between `[` and `]` stands a number or a name in single quotes";
            mistake(start..start + length, sentence)
        })
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn skip(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    fn take(&mut self, length: usize) -> String {
        let taken = self.rest()[..length].to_owned();
        self.at += length;
        taken
    }

    fn unexpected(&self, wanted: &str) -> PathMistake {
        match self.rest().chars().next() {
            None => mistake(self.at..self.at, format!("the path ends where {wanted}")),
            Some(found) => mistake(
                self.at..self.at + found.len_utf8(),
                format!("`{}` can't stand here in a path: {wanted}", shown(&found.to_string())),
            ),
        }
    }
}

fn mistake(range: Range<usize>, sentence: impl Into<String>) -> PathMistake {
    PathMistake { range, sentence: sentence.into() }
}

fn is_name_character(character: char) -> bool {
    !character.is_whitespace() && !character.is_control() && !".[]'\"*?@(),:$".contains(character)
}
