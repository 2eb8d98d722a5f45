//! Diagnostics that stand alone: places looked up, excerpts cut out, ready to store or print.

use super::{Code, Diagnostic, Severity, Source, SourceMap, Span, WAYS_MAX, likeness};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

/// The most bytes of one source line that a report carries.
const LINE_MAX: usize = 400;
/// What stands in an excerpt for the rest of a line.
const CUT: &str = "…";
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
    /// The ways that lead to it, of which the last notes tell.
    #[serde(skip)]
    ways: Vec<Way>,
    /// The other values with which the same is wrong, which the note before those names.
    #[serde(skip)]
    others: Vec<String>,
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
            ways: Vec::new(),
            others: Vec::new(),
        }
    }

    pub(super) fn new(diagnostic: &Diagnostic, sources: &SourceMap) -> Self {
        let place = |span: Span| sources.source(span.source).map(|source| place(source, span));
        let related = diagnostic
            .related
            .iter()
            .filter_map(|label| Some(RelatedPlace { place: place(label.span)?, label: label.text.clone() }));
        let ways = ways(diagnostic, sources);
        Self {
            code: diagnostic.code,
            severity: diagnostic.severity,
            title: diagnostic.title.clone(),
            place: diagnostic.primary.as_ref().and_then(|label| place(label.span)),
            label: diagnostic.primary.as_ref().map(|label| label.text.clone()).unwrap_or_default(),
            related: related.collect(),
            notes: diagnostic.notes.iter().cloned().chain(told_last(&diagnostic.others, &ways)).collect(),
            help: diagnostic.help.clone(),
            ways,
            others: diagnostic.others.clone(),
        }
    }

    /// Returns what is wrong, as it is for all values that an expression at the place may give.
    pub fn likeness(&self) -> Cow<'_, str> {
        likeness::at_place(&self.title, self.place.as_ref())
    }

    /// Adds what another report of the same mistake says, or of one that is like it but for the value that is wrong: as
    /// bad as the worse one, with the facts and the ways of both.
    pub fn join(&mut self, other: &Self) {
        self.severity = self.severity.max(other.severity);
        let own = |report: &Self| report.notes.len() - told_last(&report.others, &report.ways).count();
        let (own, others) = (own(self), &other.notes[..own(other)]);
        self.notes.truncate(own);
        let news: Vec<String> = others.iter().filter(|note| !self.notes.contains(note)).cloned().collect();
        self.notes.extend(news);
        let ways = other.ways.iter().filter(|way| !self.ways.contains(way)).cloned().collect::<Vec<_>>();
        self.ways.extend(ways.into_iter().take(WAYS_MAX.saturating_sub(self.ways.len())));
        likeness::add(&mut self.others, &self.title, &other.title);
        let own = self.title.clone();
        let of_others = other.others.iter().filter(|it| !own.contains(&format!("`{it}`")) && !self.others.contains(it));
        let of_others = of_others.cloned().collect::<Vec<_>>();
        self.others.extend(of_others);
        self.notes.extend(told_last(&self.others, &self.ways));
    }

    /// Returns the report in one line, `file:line:column: title`, for logs and tables.
    pub fn one_line(&self) -> String {
        match &self.place {
            Some(place) => format!("{}:{}:{}: {}", place.file, place.line, place.column, self.title),
            None => self.title.clone(),
        }
    }
}

/// Returns the last notes of a report.
fn told_last(others: &[String], ways: &[Way]) -> impl Iterator<Item = String> {
    likeness::note(others).into_iter().chain(inclusions(ways))
}

/// The most places of inclusion that a report names; the innermost and the outermost stay.
const INCLUSIONS_MAX: usize = 8;

/// A way that leads from a template to the pipeline that includes it: files and lines, from the inside out.
type Way = Vec<(String, usize)>;

/// Returns the notes that lead from a template to the pipeline that includes it, by the first way; at each of its
/// places is said how many others there are.
fn inclusions(ways: &[Way]) -> Vec<String> {
    let Some(first) = ways.first() else { return Vec::new() };
    let note = |(at, (file, line)): (usize, &(String, usize))| {
        let beside = ways.iter().filter(|way| way.starts_with(&first[..at])).filter_map(|way| way.get(at));
        let more = match beside.collect::<HashSet<_>>().len() {
            0 | 1 => String::new(),
            2 => " and one other place".to_owned(),
            WAYS_MAX.. => " and many other places".to_owned(),
            many => format!(" and {} other places", many - 1),
        };
        format!("included from {file}:{line}{more}")
    };
    let mut notes: Vec<String> = first.iter().enumerate().map(note).collect();
    if notes.len() > INCLUSIONS_MAX {
        let left_out = notes.len() - INCLUSIONS_MAX + 1;
        let middle = INCLUSIONS_MAX / 2;
        notes.splice(middle..middle + left_out, [format!("… and {left_out} more")]);
    }
    notes
}

/// Returns the ways that lead to a mistake.
fn ways(diagnostic: &Diagnostic, sources: &SourceMap) -> Vec<Way> {
    let way = |spans: &Vec<Span>| spans.iter().filter_map(|span| inclusion(*span, sources)).collect();
    if !diagnostic.ways.is_empty() {
        return diagnostic.ways.iter().map(way).filter(|way: &Way| !way.is_empty()).collect();
    }
    known_ways(diagnostic, sources).iter().map(way).collect()
}

/// Follows the first place that includes each text; from each place of that way the others begin.
fn known_ways(diagnostic: &Diagnostic, sources: &SourceMap) -> Vec<Vec<Span>> {
    let (mut way, mut others) = (Vec::new(), Vec::new());
    let mut seen = Vec::new();
    let mut inside = diagnostic.primary.as_ref().map(|label| label.span.source);
    while let Some(id) = inside.filter(|id| !seen.contains(id)) {
        seen.push(id);
        let Some([first, more @ ..]) = sources.source(id).map(|source| source.included_from.as_slice()) else {
            break;
        };
        others.extend(more.iter().take(WAYS_MAX).map(|other| [way.as_slice(), &[*other]].concat()));
        way.push(*first);
        inside = Some(first.source);
    }
    if way.is_empty() { others } else { [vec![way], others].concat() }
}

fn inclusion(span: Span, sources: &SourceMap) -> Option<(String, usize)> {
    let source = sources.source(span.source)?;
    let line = line_number(&source.text, boundary(&source.text, span.start as usize));
    Some((source.name.to_string(), line))
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
    let (excerpt, mark) = marked(&text[line_start..], start - line_start..end - line_start);
    let last_line_start = text[..end].rfind('\n').map_or(0, |newline| newline + 1);
    Place {
        file: source.name.to_string(),
        line: line_number(text, start),
        column: text[line_start..start].chars().count() + 1,
        end_line: line_number(text, end),
        end_column: text[last_line_start..end].chars().count() + 1,
        mark,
        excerpt,
    }
}

/// Returns the excerpt for bytes of a text, and where in it they are. Of a line that is too long there is the part
/// around them.
fn marked(text: &str, bytes: Range<usize>) -> (String, (usize, usize)) {
    let line = &text[..text.find('\n').unwrap_or(text.len())];
    if bytes.end.min(line.len()) <= LINE_MAX {
        let excerpt = excerpt(text, bytes.end);
        return (excerpt.to_owned(), (bytes.start.min(excerpt.len()), bytes.end.min(excerpt.len())));
    }
    let from = boundary(line, bytes.start.saturating_sub(LINE_MAX / 2));
    let to = boundary(line, from + LINE_MAX);
    let [before, behind] = [from > 0, to < line.len()].map(|is_cut| if is_cut { CUT } else { "" });
    let place = |byte: usize| before.len() + byte.clamp(from, to) - from;
    ([before, line[from..to].trim_end_matches('\r'), behind].concat(), (place(bytes.start), place(bytes.end)))
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
