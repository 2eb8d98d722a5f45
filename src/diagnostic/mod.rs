//! Mistakes in a text, each with its place.
//!
//! A [`Diagnostic`] is about a text that somebody can edit: a pipeline, a template, the
//! configuration. It points into it with byte [`Span`]s, which a [`SourceMap`] turns into file,
//! line and column. [`Diagnostic::resolve`] makes a [`Report`], which carries its excerpt with
//! it: that is what is stored with a delivery, printed, and sent as JSON.
//!
//! Wording (conventions of the project): the title says what is wrong, in lower case, without a
//! full stop, names in backticks, readable without the excerpt. The primary label says what
//! stands here. A note is a fact. The help is one action.

mod code;
mod likeness;
mod report;
mod source;
mod suggest;
mod text;

pub use code::Code;
pub use report::{Place, RelatedPlace, Report};
pub use source::{Source, SourceId, SourceMap, Span};
pub use suggest::{did_you_mean, in_other_case, meant, misspelt, mistyped, nearest, proposed};
pub use text::{Style, render, render_all, render_by_file};

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

/// The most diagnostics that one text report shows; the rest are counted.
pub const SHOWN_MAX: usize = 50;

/// The most ways to one mistake that are remembered.
pub const WAYS_MAX: usize = 100;

/// The most other places of one mistake that are told, where values from many places have it.
const RELATED_MAX: usize = 4;

/// The most characters of a value that a diagnostic shows.
pub const VALUE_SHOWN_MAX: usize = 60;
/// The most characters of a path that a message shows: enough for all that people type.
pub const PATH_SHOWN_MAX: usize = 500;

/// How bad a mistake is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Note,
    /// Works, but is likely not meant so.
    Warning,
    /// The pipeline, template or configuration can't be used.
    Error,
}

/// A place and what to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The bytes meant.
    pub span: Span,
    /// What stands there; may be empty.
    pub text: String,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The kind of mistake.
    pub code: Code,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong, readable alone.
    pub title: String,
    /// Where; `None` only for what has no place in a text (a missing file).
    pub primary: Option<Label>,
    /// Other places that matter, such as the first of two equal names.
    pub related: Vec<Label>,
    /// Facts, such as the payload path that a value came from.
    pub notes: Vec<String>,
    /// One action that would mend it.
    pub help: Option<String>,
    /// The ways that lead to the mistake: for each the places that include the text at fault, from the inside out.
    /// Without any the source map says who includes the text. At most [`WAYS_MAX`].
    pub ways: Vec<Vec<Span>>,
    /// Where the primary place is a text as a whole, the part of it that is meant, until its place is known.
    pub part: Option<Part>,
    /// What else an expression at its place has given with which the same is wrong.
    pub others: Vec<String>,
}

/// A part of a text whose place in the file has still to be found: folded lines, escapes and indentation make the
/// text differ from what is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The whole text.
    pub text: Arc<str>,
    /// The bytes of it that are meant.
    pub range: Range<usize>,
    /// What stands there, to be said when its place is known; otherwise what is said of the whole.
    pub label: Option<String>,
}

impl Diagnostic {
    /// Returns an error at a place.
    pub fn error(code: Code, title: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            title: title.into(),
            primary: Some(Label { span, text: label.into() }),
            related: Vec::new(),
            notes: Vec::new(),
            help: None,
            ways: Vec::new(),
            part: None,
            others: Vec::new(),
        }
    }

    /// Returns a warning at a place.
    pub fn warning(code: Code, title: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, title, span, label) }
    }

    /// Returns a fact that is worth knowing at a place.
    pub fn note_at(code: Code, title: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        Self { severity: Severity::Note, ..Self::error(code, title, span, label) }
    }

    /// Returns a warning about what stands in no text.
    pub fn warning_without_place(code: Code, title: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::without_place(code, title) }
    }

    /// Returns an error about something that has no place in a text.
    pub fn without_place(code: Code, title: impl Into<String>) -> Self {
        Self { primary: None, ..Self::error(code, title, Span::NONE, "") }
    }

    /// Returns what makes it the same mistake as another one: its kind, its place and its title.
    pub fn identity(&self) -> (Code, Option<Span>, &str) {
        (self.code, self.primary.as_ref().map(|label| label.span), &self.title)
    }

    /// Adds the ways by which the same mistake was found once more. Without a way it was found on all.
    pub fn join_ways(&mut self, ways: &[Vec<Span>]) {
        if self.ways.is_empty() {
            return;
        }
        for way in ways.iter().take(WAYS_MAX) {
            if self.ways.len() < WAYS_MAX && !self.ways.contains(way) {
                self.ways.push(way.clone());
            }
        }
    }

    /// Adds what another mistake says that is like this one but for the value that is wrong.
    fn join(&mut self, other: &Self) {
        likeness::add(&mut self.others, &self.title, &other.title);
        let news = other.related.iter().filter(|label| !self.related.contains(label)).cloned().collect::<Vec<_>>();
        self.related.extend(news.into_iter().take(RELATED_MAX.saturating_sub(self.related.len())));
        self.join_ways(&other.ways);
    }

    /// Adds another place that matters.
    #[must_use]
    pub fn related(mut self, span: Span, text: impl Into<String>) -> Self {
        self.related.push(Label { span, text: text.into() });
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Sets the one action that would mend it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Sets the help to "did you mean" where a known word is near the one that was written.
    #[must_use]
    pub fn suggest<'a>(mut self, written: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        if let Some(help) = did_you_mean(written, known) {
            self.help = Some(help);
        }
        self
    }

    /// Returns the diagnostic with its places looked up and its excerpts cut out.
    pub fn resolve(&self, sources: &SourceMap) -> Report {
        Report::new(self, sources)
    }
}

/// Mistakes in the order they were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds all of another collection.
    pub fn append(&mut self, mut other: Diagnostics) {
        self.0.append(&mut other.0);
    }

    /// Makes one as bad as it has turned out to be.
    pub fn raise(&mut self, at: usize, severity: Severity) {
        let known = &mut self.0[at];
        known.severity = known.severity.max(severity);
    }

    /// Adds the ways by which one was found once more.
    pub fn join_ways(&mut self, at: usize, ways: &[Vec<Span>]) {
        self.0[at].join_ways(ways);
    }

    /// Says of those from a place on that are about a text as a whole, which part of it is meant.
    pub fn locate(&mut self, from: usize, whole: Span, part: &Part) {
        for diagnostic in &mut self.0[from..] {
            if diagnostic.part.is_none() && diagnostic.primary.as_ref().is_some_and(|label| label.span == whole) {
                diagnostic.part = Some(part.clone());
            }
        }
    }

    /// Changes those from a place on.
    pub fn amend(&mut self, from: usize, change: impl FnMut(&mut Diagnostic)) {
        self.0[from..].iter_mut().for_each(change);
    }

    /// Adds a fact to one that is less than an error, if it is not said yet.
    pub fn annotate(&mut self, at: usize, note: &str) {
        let known = &mut self.0[at];
        if known.severity < Severity::Error && !known.notes.iter().any(|known| known == note) {
            known.notes.push(note.to_owned());
        }
    }

    /// Says whether at least one is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Says whether a mistake of a kind has been told of a place.
    pub fn tells(&self, code: Code, place: Span) -> bool {
        let is_it = |it: &Diagnostic| it.code == code && it.primary.as_ref().is_some_and(|label| label.span == place);
        self.iter().any(is_it)
    }

    /// Says whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns them in the order they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }

    /// Returns those in which something is wrong: notes are for whoever asks about a file.
    #[must_use]
    pub fn without_notes(mut self) -> Self {
        self.0.retain(|diagnostic| diagnostic.severity > Severity::Note);
        self
    }

    /// Returns all as reports, in the order of their places. Where an alias stands, or what is no expression and
    /// was meant as one, there is no value: what is wrong with that follows from it, and is not told.
    pub fn resolve(&self, sources: &SourceMap) -> Vec<Report> {
        let place = |it: &Diagnostic| it.primary.as_ref().map(|label| label.span);
        let aliases: Vec<_> = self.0.iter().filter(|it| it.code == Code::YamlAnchor).map(place).collect();
        // What was meant as an expression and is none has no value that could be right.
        let broken = self.0.iter().filter(|it| it.code == Code::ExpressionSyntax).map(place).collect::<HashSet<_>>();
        let is_of_value = |it: &Diagnostic| matches!(it.code, Code::InvalidValue | Code::WrongType);
        let follows = |it: &Diagnostic| {
            it.code != Code::YamlAnchor && aliases.contains(&place(it))
                || is_of_value(it) && broken.contains(&place(it))
        };
        // What may be wrong and turns out to be is told once.
        let errors = self.0.iter().filter(|it| it.severity == Severity::Error);
        let errors: HashSet<_> = errors.map(Diagnostic::identity).collect();
        let is_worse_known = |it: &Diagnostic| it.severity < Severity::Error && errors.contains(&it.identity());
        let mut sorted: Vec<&Diagnostic> = self.0.iter().filter(|it| !follows(it) && !is_worse_known(it)).collect();
        sorted.sort_by_key(|diagnostic| diagnostic.primary.as_ref().map(|label| label.span));
        // A step that stands in many jobs is one mistake.
        let is_same =
            |it: &Diagnostic, other: &Diagnostic| it.severity == other.severity && it.identity() == other.identity();
        let mut told: Vec<Cow<'_, Diagnostic>> = Vec::new();
        for diagnostic in sorted {
            if let Some(before) = told.last_mut().filter(|before| is_same(diagnostic, before)) {
                if !diagnostic.ways.is_empty() {
                    before.to_mut().join_ways(&diagnostic.ways);
                }
                continue;
            }
            let there = told.iter_mut().rev().take_while(|before| place(before) == place(diagnostic));
            match there.into_iter().find(|before| likeness::is_like(before, diagnostic, sources)) {
                Some(before) => before.to_mut().join(diagnostic),
                None => told.push(Cow::Borrowed(diagnostic)),
            }
        }
        for broken in told.iter_mut().filter(|it| it.code == Code::ExpressionSyntax && it.severity < Severity::Error) {
            let is_without = |it: &&Diagnostic| it.severity == Severity::Error && is_of_value(it);
            if self.0.iter().filter(is_without).any(|it| place(it) == place(broken)) {
                broken.to_mut().severity = Severity::Error;
            }
        }
        told.iter().map(|diagnostic| diagnostic.resolve(sources)).collect()
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(diagnostics: I) -> Self {
        Self(diagnostics.into_iter().collect())
    }
}

/// Returns text of unknown origin as it may stand in a diagnostic, a table or a log: control
/// characters, bidirectional controls and line separators escaped, cut at
/// [`VALUE_SHOWN_MAX`] characters.
pub fn shown(text: &str) -> String {
    let mut shown = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == VALUE_SHOWN_MAX {
            shown.push('…');
            break;
        }
        if is_unprintable(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Returns a path as it may stand in a message: unprintable characters escaped, and whole but for the
/// beginning of one with more than [`PATH_SHOWN_MAX`] characters. What is wrong with a path is mostly its end.
pub fn shown_path(path: &str) -> String {
    let count = path.chars().count();
    let end = path.chars().skip(count.saturating_sub(PATH_SHOWN_MAX)).flat_map(escape_unprintable);
    let cut = (count > PATH_SHOWN_MAX).then_some('…');
    cut.into_iter().chain(end).collect()
}

/// Returns a library's message as it may stand in a diagnostic: one line, unprintable characters
/// escaped, no full stop at its end.
pub fn shown_sentence(message: &str) -> String {
    let flat: Vec<&str> = message.split_whitespace().collect();
    let flat = flat.join(" ");
    flat.trim_end_matches('.').chars().flat_map(escape_unprintable).collect()
}

fn escape_unprintable(character: char) -> Vec<char> {
    if is_unprintable(character) { character.escape_default().collect() } else { vec![character] }
}

/// Says whether a character could move a terminal's cursor, hide or reorder text: C0 and C1
/// controls, bidirectional controls, line and paragraph separators, and characters without a width (Unicode's
/// `Bidi_Control` and `Default_Ignorable_Code_Point`, but for what joins the parts of written words and signs).
pub fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
        || matches!(character, '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}
