//! What `[[ ]]`, `[ ]` and `test` say of a variable.

use super::super::shape::Shape;
use super::super::syntax::{Parameter, Part, Word};
use super::effects::Effects;
use super::pattern::{self, Case, Groups, Told};
use std::ops::Range;

/// A test, as far as it says something of variables.
#[derive(Debug)]
pub(super) enum Test {
    /// The words of one operation, and what it tells of a variable.
    One(Range<usize>, Option<(String, Told)>),
    Not(Box<Test>),
    And(Box<Test>, Box<Test>),
    Or(Box<Test>, Box<Test>),
}

impl Test {
    /// Returns the test without what it tells of variables that it may change itself.
    pub(super) fn without(self, effects: &Effects) -> Self {
        let inside = |test: Box<Self>| Box::new(test.without(effects));
        match self {
            Self::One(range, told) => Self::One(range, told.filter(|(name, _)| !effects.changes(name))),
            Self::Not(test) => Self::Not(inside(test)),
            Self::And(first, second) => Self::And(inside(first), inside(second)),
            Self::Or(first, second) => Self::Or(inside(first), inside(second)),
        }
    }
}

/// The most levels of parentheses and of `!` that are looked at.
const DEPTH_MAX: usize = 16;

/// Reads the inside of `[[ ]]`. `text` gives the text of a variable, as far as it is known.
pub(super) fn of_words(words: &[Word], text: &dyn Fn(&str) -> Option<String>, case: Case) -> Test {
    let mut reader = Reader { words, at: 0, depth: 0, is_lost: false, text, case };
    let test = reader.either();
    if reader.at == words.len() && !reader.is_lost { test } else { Test::One(0..words.len(), None) }
}

/// Reads the words of `[` and `test`: as many that no value makes another test of them. `[` fails without its `]`.
pub(super) fn of_arguments(words: &[Word]) -> Test {
    let words = match words {
        [name, inside @ .., last] if name.has_text("[") && last.has_text("]") => inside,
        [name, all @ ..] if name.has_text("test") => all,
        _ => return Test::One(0..0, None),
    };
    let is_plain = !words.iter().any(Word::may_be_many);
    let told = |words: &[Word]| operated(words, pattern_of_text).filter(|_| is_plain);
    match words {
        [not, rest @ ..] if not.has_text("!") && rest.len() > 1 => Test::Not(Box::new(Test::One(0..0, told(rest)))),
        all => Test::One(0..0, told(all)),
    }
}

/// Returns the name of the variable that a word is.
pub(super) fn subject(word: &Word) -> Option<&str> {
    let is_empty = |part: &&Part| matches!(part, Part::Text { text, .. } if text.is_empty());
    let mut parts = word.parts.iter().filter(|part| !is_empty(part));
    match (parts.next(), parts.next()) {
        (Some(Part::Parameter(parameter)), None) if parameter.is_bare() || is_empty_otherwise(parameter) => {
            Some(&parameter.name)
        }
        _ => None,
    }
}

/// Says whether it is `${name:-}`, the value of a variable that may be unset.
fn is_empty_otherwise(parameter: &Parameter) -> bool {
    let operands: Vec<String> = parameter.operands.iter().filter_map(Word::literal).collect();
    let bare = Parameter { operands: Vec::new(), ..parameter.clone() };
    parameter.falls_back && bare.is_bare() && operands == [""]
}

fn pattern_of_text(word: &Word) -> Told {
    word.literal().map(|text| pattern::of_text(&text)).unwrap_or_default()
}

/// Reads an operator with its operands, and returns what it tells of a variable.
fn operated(words: &[Word], pattern: impl Fn(&Word) -> Told) -> Option<(String, Told)> {
    let not_empty = || Told { yes: Some(Shape::not_empty()), no: Some(Shape::empty()) };
    let is = |word: &Word, texts: &[&str]| texts.iter().any(|text| word.has_text(text));
    let not = |told: Told| Told { yes: told.no, no: told.yes };
    let (word, told) = match words {
        [word] => (word, not_empty()),
        [operator, word] if is(operator, &["-n"]) => (word, not_empty()),
        [operator, word] if is(operator, &["-z"]) => (word, not(not_empty())),
        [word, operator, other] if is(operator, &["=", "=="]) => (word, pattern(other)),
        [word, operator, other] if is(operator, &["!="]) => (word, not(pattern(other))),
        _ => return None,
    };
    Some((subject(word)?.to_owned(), told))
}

struct Reader<'a> {
    words: &'a [Word],
    at: usize,
    depth: usize,
    /// It is nested too deeply, or a parenthesis is missing.
    is_lost: bool,
    text: &'a dyn Fn(&str) -> Option<String>,
    case: Case,
}

impl Reader<'_> {
    fn sees(&self, operators: &[&str]) -> bool {
        let is_operator = |word: &Word| match word.parts.as_slice() {
            [Part::Text { text, quoted: false }] => operators.contains(&text.as_str()),
            _ => false,
        };
        self.words.get(self.at).is_some_and(is_operator)
    }

    fn takes(&mut self, operator: &str) -> bool {
        let seen = self.sees(&[operator]);
        self.at += usize::from(seen);
        seen
    }

    fn either(&mut self) -> Test {
        let mut test = self.both();
        while self.takes("||") {
            test = Test::Or(Box::new(test), Box::new(self.both()));
        }
        test
    }

    fn both(&mut self) -> Test {
        let mut test = self.one();
        while self.takes("&&") {
            test = Test::And(Box::new(test), Box::new(self.one()));
        }
        test
    }

    fn one(&mut self) -> Test {
        if self.depth == DEPTH_MAX {
            self.is_lost = true;
            return Test::One(0..0, None);
        }
        self.depth += 1;
        let test = if self.takes("!") {
            Test::Not(Box::new(self.one()))
        } else if self.takes("(") {
            let test = self.either();
            self.is_lost |= !self.takes(")");
            test
        } else {
            self.operation()
        };
        self.depth -= 1;
        test
    }

    fn operation(&mut self) -> Test {
        let start = self.at;
        let is_expression = |at: usize| self.words.get(at).is_some_and(|word| word.has_text("=~"));
        while self.at < self.words.len() && (is_expression(self.at.wrapping_sub(1)) || !self.sees(&["&&", "||", ")"])) {
            self.at += 1;
        }
        let words = &self.words[start..self.at];
        let told = match words {
            [word, operator, expression] if operator.has_text("=~") => {
                subject(word).map(|name| (name.to_owned(), pattern::of_expression(expression, self.text, self.case)))
            }
            _ => operated(words, |word| pattern::of_glob(word, self.case, Groups::Meant)),
        };
        Test::One(start..self.at, told)
    }
}
