//! What a payload must meet for a pipeline to start.
//!
//! All filters of a webhook resource must hold. The documentation only gives the shape
//! (reference, section 1.2); what it leaves open is decided here. A scalar is compared as text,
//! `true` and `false` as JSON spells them, ignoring case by the rule of every other comparison of the pipeline
//! language. A number has the text that expressions give it, its shortest: `1.50` is `1.5` and `1e3` is
//! `1000`, in the payload and in what is wanted of a number there. A pattern must match the whole text, as
//! it is written.
//!
//! A filter that can't be judged does not hold, with `not` neither, and says why: one whose path
//! leads to nothing, to null, to an object or to an array; whose header is missing or came twice;
//! whose text is too long for a pattern.

use super::connection::Connection;
use super::delivery::{FilterVerdict, Header};
use super::header;
use super::path::{Path, PathMistake};
use super::select::{Selected, Wanted};
use crate::diagnostic::shown;
use crate::expression::{Number, is_same_text};
use regex::{Regex, RegexBuilder};
use std::fmt;
use std::sync::Arc;

/// The most bytes of a pattern as people write it.
const PATTERN_MAX: usize = 1_000;
/// The most bytes of memory that a compiled pattern takes.
const COMPILED_MAX: usize = 256 * 1024;
/// The most bytes of a text that a pattern looks at; the time is linear in them.
const TEXT_MAX: usize = 64 * 1024;

/// One filter of a webhook resource.
#[derive(Debug, Clone)]
pub struct Filter {
    /// What is looked at.
    pub subject: Subject,
    /// What is wanted there.
    pub test: Test,
    /// Whether it must not be there.
    pub is_negated: bool,
}

/// What a filter looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The value at a path of the payload.
    Path(Path),
    /// A kept header, named in any letter case.
    Header(String),
}

/// What a filter wants.
#[derive(Debug, Clone)]
pub enum Test {
    /// Any of these texts, as the author wrote them.
    AnyOf(Vec<String>),
    /// A text of which the whole matches.
    Matches(Pattern),
}

/// A regular expression for a whole text.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    compiled: Regex,
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PatternMistake(String);

impl Pattern {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Result<Self, PatternMistake> {
        if text.len() > PATTERN_MAX {
            return Err(PatternMistake(format!("a pattern has at most {PATTERN_MAX} bytes")));
        }
        let read = |text: &str| RegexBuilder::new(text).size_limit(COMPILED_MAX).dfa_size_limit(COMPILED_MAX).build();
        let mistake = |error: regex::Error| {
            PatternMistake(match error {
                regex::Error::CompiledTooBig(_) => "the pattern is too large when it is unfolded".to_owned(),
                other => other.to_string().lines().last().unwrap_or_default().trim().to_owned(),
            })
        };
        // Read by itself first: what is open in it must not be closed by what is put around it.
        read(text).map_err(mistake)?;
        let compiled = read(&format!("^(?:{text})$")).map_err(mistake)?;
        Ok(Self { text: text.to_owned(), compiled })
    }
}

/// Says whether all filters hold, and why each does or does not: every one is looked at, so that
/// people see more than the first that failed. `connection` is the one whose headers they are, where it is
/// known: of its headers some are never kept.
pub fn evaluate(
    filters: &[Filter],
    payload: &Selected<'_>,
    headers: &[Header],
    connection: Option<&Connection>,
) -> (bool, Vec<FilterVerdict>) {
    let judge = |filter: &Filter| {
        let verdict = filter.judge(payload, headers);
        let reason = filter.never_kept(connection).map(str::to_owned).or(verdict.reason);
        FilterVerdict { reason, ..verdict }
    };
    let verdicts: Vec<FilterVerdict> = filters.iter().map(judge).collect();
    (verdicts.iter().all(|verdict| verdict.holds), verdicts)
}

impl Filter {
    /// Returns the filter that looks at a path.
    pub fn at_path(path: &str, test: Test) -> Result<Self, PathMistake> {
        Ok(Self { subject: Subject::Path(Path::parse(path)?), test, is_negated: false })
    }

    /// Returns the filter that looks at a header.
    pub fn of_header(name: &str, test: Test) -> Self {
        Self { subject: Subject::Header(name.to_owned()), test, is_negated: false }
    }

    /// Returns the name of the header that is looked at, if one is.
    pub fn header(&self) -> Option<&str> {
        if let Subject::Header(name) = &self.subject { Some(name) } else { None }
    }

    /// Says whether the filter holds, and what was found.
    pub fn judge(&self, payload: &Selected<'_>, headers: &[Header]) -> FilterVerdict {
        let found = match &self.subject {
            Subject::Path(path) => at(payload, path),
            Subject::Header(name) => only(headers, name).map(|text| Found::Text(text.to_owned())),
        };
        let judged = found.as_ref().map_err(|reason| *reason).and_then(|found| self.test.is_met(found));
        FilterVerdict {
            path: self.subject.to_string(),
            wanted: self.wanted(),
            found: found.as_ref().ok().map(|found| shown(found.text())),
            holds: judged.is_ok_and(|is_met| is_met != self.is_negated),
            reason: judged.err().map(str::to_owned),
        }
    }

    /// Says why a filter can't hold, whatever comes: its header is one that a connection never keeps.
    fn never_kept(&self, connection: Option<&Connection>) -> Option<&'static str> {
        let name = self.header()?;
        let is_kept = connection.is_none_or(|connection| header::is_kept(connection, name));
        (!is_kept).then_some("the header proves the sender, and is never kept")
    }

    /// Returns what is looked at and what is wanted there, for people.
    pub fn in_words(&self) -> (String, String) {
        (self.subject.to_string(), self.wanted())
    }

    /// Adds what the filter looks at in the payload.
    pub fn want(&self, wanted: &mut Wanted) {
        if let Subject::Path(path) = &self.subject {
            wanted.add(path.steps());
        }
    }

    /// Returns what is wanted, for people.
    fn wanted(&self) -> String {
        let not = if self.is_negated { "not " } else { "" };
        match &self.test {
            Test::AnyOf(texts) if texts.len() == 1 => format!("{not}{}", texts[0]),
            Test::AnyOf(texts) => format!("{not}one of {}", texts.join(", ")),
            Test::Matches(pattern) => format!("{not}like {}", pattern.text),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.fmt(f),
            Self::Header(name) => write!(f, "headers['{name}']"),
        }
    }
}

impl Test {
    /// Says whether what was found is what is wanted. An error says why that can't be said.
    fn is_met(&self, found: &Found) -> Result<bool, &'static str> {
        let text = found.text();
        match self {
            Self::AnyOf(texts) => Ok(texts.iter().any(|wanted| found.is(wanted))),
            Self::Matches(_) if text.len() > TEXT_MAX => Err("the text is too long for a pattern"),
            Self::Matches(pattern) => Ok(pattern.compiled.is_match(text)),
        }
    }
}

/// What a filter looks at has there.
enum Found {
    Text(String),
    /// The shortest text of a number.
    Number(Arc<str>),
}

impl Found {
    fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Number(text) => text,
        }
    }

    /// Says whether it is what an author wrote, who may write a number in any way that JSON has.
    fn is(&self, wanted: &str) -> bool {
        match self {
            Self::Number(text) => Number::from_json(wanted).map_or(&**text == wanted, |wanted| wanted.text() == *text),
            Self::Text(text) => is_same_text(wanted, text),
        }
    }
}

/// Returns what is at a path. An error says what is there instead. A number that no decimal can hold is the
/// text that was sent, as in expressions.
fn at(payload: &Selected<'_>, path: &Path) -> Result<Found, &'static str> {
    let json = payload.json(path.steps()).unwrap_or_default();
    match json.chars().next() {
        Some('-' | '0'..='9') if let Some(number) = Number::from_json(json) => Ok(Found::Number(number.text())),
        Some('{') => Err("there is an object"),
        Some('[') => Err("there is an array"),
        Some('n') => Err("there is null"),
        _ => payload.scalar(path.steps()).map(Found::Text).ok_or("there is nothing"),
    }
}

fn only<'h>(headers: &'h [Header], name: &str) -> Result<&'h str, &'static str> {
    let mut found = headers.iter().filter(|(kept, _)| kept.eq_ignore_ascii_case(name));
    match (found.next(), found.next()) {
        (Some((_, value)), None) => Ok(value),
        (None, _) => Err(header::NOT_KEPT),
        (Some(_), Some(_)) => Err("the header is there more than once"),
    }
}
