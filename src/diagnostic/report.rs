//! Diagnostics that stand alone: places looked up, excerpts cut out, ready to store or print.

use super::{Code, Diagnostic, Severity, Source, SourceMap, Span};
use serde::{Deserialize, Serialize};

/// The most bytes of one source line that a report carries.
const LINE_MAX: usize = 400;
/// The most lines that an excerpt has; a longer place is shown by its first lines.
const LINES_MAX: usize = 6;

/// A place that a person can go to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file's name.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The line of the last character.
    pub end_line: usize,
    /// One past the column of the last character.
    pub end_column: usize,
    /// The lines that the place is on, without the last line break.
    pub excerpt: String,
    /// The place as bytes of the excerpt.
    pub mark: (usize, usize),
}

/// A second place and what to say about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelatedPlace {
    /// The place.
    #[serde(flatten)]
    pub place: Place,
    /// What stands there.
    pub label: String,
}

/// A diagnostic that needs no source map any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The kind of mistake.
    pub code: Code,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong.
    pub title: String,
    /// Where, if it has a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What stands there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// Other places that matter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<RelatedPlace>,
    /// Facts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// One action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Report {
    /// Returns an error about something that has no place in a file.
    pub fn without_place(code: Code, title: String, note: String, help: String) -> Self {
        Self {
            code,
            severity: Severity::Error,
            title,
            place: None,
            label: String::new(),
            related: Vec::new(),
            notes: vec![note],
            help: Some(help),
        }
    }

    pub(super) fn new(diagnostic: &Diagnostic, sources: &SourceMap) -> Self {
        let place = |span: Span| sources.source(span.source).map(|source| place(source, span));
        let related = diagnostic
            .related
            .iter()
            .filter_map(|label| Some(RelatedPlace { place: place(label.span)?, label: label.text.clone() }));
        Self {
            code: diagnostic.code,
            severity: diagnostic.severity,
            title: diagnostic.title.clone(),
            place: diagnostic.primary.as_ref().and_then(|label| place(label.span)),
            label: diagnostic.primary.as_ref().map(|label| label.text.clone()).unwrap_or_default(),
            related: related.collect(),
            notes: diagnostic.notes.iter().cloned().chain(inclusions(diagnostic, sources)).collect(),
            help: diagnostic.help.clone(),
        }
    }

    /// Returns the report in one line, `file:line:column: title`, for logs and tables.
    pub fn one_line(&self) -> String {
        match &self.place {
            Some(place) => format!("{}:{}:{}: {}", place.file, place.line, place.column, self.title),
            None => self.title.clone(),
        }
    }
}

/// The most places of inclusion that a report names; the innermost and the outermost stay.
const INCLUSIONS_MAX: usize = 8;

/// Returns the notes that lead from a template to the pipeline that includes it.
fn inclusions(diagnostic: &Diagnostic, sources: &SourceMap) -> Vec<String> {
    let mut notes = if diagnostic.included_from.is_empty() {
        known_inclusions(diagnostic, sources)
    } else {
        diagnostic.included_from.iter().filter_map(|span| inclusion(*span, sources)).collect()
    };
    if notes.len() > INCLUSIONS_MAX {
        let left_out = notes.len() - INCLUSIONS_MAX + 1;
        let middle = INCLUSIONS_MAX / 2;
        notes.splice(middle..middle + left_out, [format!("… and {left_out} more")]);
    }
    notes
}

/// Follows the first place that includes each text; how many others there are is said.
fn known_inclusions(diagnostic: &Diagnostic, sources: &SourceMap) -> Vec<String> {
    let mut notes = Vec::new();
    let mut seen = Vec::new();
    let mut inside = diagnostic.primary.as_ref().map(|label| label.span.source);
    while let Some(id) = inside.filter(|id| !seen.contains(id)) {
        seen.push(id);
        let Some([first, others @ ..]) = sources.source(id).map(|source| source.included_from.as_slice()) else {
            break;
        };
        let more = match others.len() {
            0 => String::new(),
            1 => " and one other place".to_owned(),
            many => format!(" and {many} other places"),
        };
        notes.extend(inclusion(*first, sources).map(|note| format!("{note}{more}")));
        inside = Some(first.source);
    }
    notes
}

fn inclusion(span: Span, sources: &SourceMap) -> Option<String> {
    let source = sources.source(span.source)?;
    let line = line_number(&source.text, boundary(&source.text, span.start as usize));
    Some(format!("included from {}:{line}", source.name))
}

/// Looks a span up. A span out of range or inside a character is moved to the nearest boundary; one that goes on
/// to the line of what comes next, as that of a block of text does, ends where its own text does.
fn place(source: &Source, span: Span) -> Place {
    let text = &*source.text;
    let start = boundary(text, span.start as usize);
    let end = boundary(text, (span.end as usize).max(start));
    let own = text[start..end].trim_end();
    let end = if !own.is_empty() && text[start + own.len()..end].contains('\n') { start + own.len() } else { end };
    let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let excerpt = excerpt(&text[line_start..], end - line_start);
    let last_line_start = text[..end].rfind('\n').map_or(0, |newline| newline + 1);
    Place {
        file: source.name.to_string(),
        line: line_number(text, start),
        column: text[line_start..start].chars().count() + 1,
        end_line: line_number(text, end),
        end_column: text[last_line_start..end].chars().count() + 1,
        mark: ((start - line_start).min(excerpt.len()), (end - line_start).min(excerpt.len())),
        excerpt: excerpt.to_owned(),
    }
}

/// Returns the whole lines that hold the first `length` bytes, within the limits.
fn excerpt(text: &str, length: usize) -> &str {
    let end = text[length..].find('\n').map_or(text.len(), |newline| length + newline);
    let mut limit = 0;
    for line in text[..end].split_inclusive('\n').take(LINES_MAX) {
        if line.len() > LINE_MAX {
            limit = boundary(text, limit + LINE_MAX);
            break;
        }
        limit += line.len();
    }
    text[..limit].trim_end_matches(['\n', '\r'])
}

fn line_number(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset].iter().filter(|&&byte| byte == b'\n').count() + 1
}

fn boundary(text: &str, offset: usize) -> usize {
    (0..=offset.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}
