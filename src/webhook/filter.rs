//! What a payload must meet for a pipeline to start.
//!
//! All filters of a webhook resource must hold. The documentation only gives the shape
//! (reference, section 1.2); what it leaves open is decided here. A path that leads to nothing,
//! to null, to an object or to an array never holds. A scalar is compared as text, `true` and
//! `false` as JSON spells them, a number as it was sent, ignoring ASCII case as every other
//! comparison of the pipeline language does.

use super::delivery::{FilterVerdict, Header};
use super::path::{Path, PathMistake};
use super::select::{Selected, Wanted};
use crate::diagnostic::shown;

/// One filter of a webhook resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// What is looked at.
    pub subject: Subject,
    /// The text that is wanted there, as the author wrote it.
    pub value: String,
}

/// What a filter looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The value at a path of the payload.
    Path(Path),
    /// A kept header, named in any letter case. One that came twice is none.
    Header(String),
}

/// Says whether all filters hold, and why each does or does not: every one is looked at, so that
/// people see more than the first that failed.
pub fn evaluate(filters: &[Filter], payload: &Selected<'_>, headers: &[Header]) -> (bool, Vec<FilterVerdict>) {
    let verdicts: Vec<FilterVerdict> = filters.iter().map(|it| it.judge(payload, headers)).collect();
    (verdicts.iter().all(|verdict| verdict.holds), verdicts)
}

impl Filter {
    /// Returns the filter that looks at a path.
    pub fn at_path(path: &str, value: &str) -> Result<Self, PathMistake> {
        let subject = Subject::Path(Path::parse(path)?);
        Ok(Self { subject, value: value.to_owned() })
    }

    /// Returns the filter that looks at a header.
    pub fn of_header(name: &str, value: &str) -> Self {
        let subject = Subject::Header(name.to_owned());
        Self { subject, value: value.to_owned() }
    }

    /// Says whether the filter holds, and what was found.
    pub fn judge(&self, payload: &Selected<'_>, headers: &[Header]) -> FilterVerdict {
        let (path, found) = match &self.subject {
            Subject::Path(path) => (path.to_string(), payload.scalar(path.steps())),
            Subject::Header(name) => (format!("headers['{name}']"), only(headers, name).map(str::to_owned)),
        };
        let holds = found.as_ref().is_some_and(|text| text.eq_ignore_ascii_case(&self.value));
        FilterVerdict { path, wanted: self.value.clone(), found: found.as_deref().map(shown), holds }
    }

    /// Adds what the filter looks at in the payload.
    pub fn want(&self, wanted: &mut Wanted) {
        if let Subject::Path(path) = &self.subject {
            wanted.add(path.steps());
        }
    }
}

fn only<'h>(headers: &'h [Header], name: &str) -> Option<&'h str> {
    let mut found = headers.iter().filter(|(kept, _)| kept.eq_ignore_ascii_case(name));
    match (found.next(), found.next()) {
        (Some((_, value)), None) => Some(value),
        _ => None,
    }
}
