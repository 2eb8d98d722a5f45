//! Where the text of a payload went: the answer to "how did this get in there?".
//!
//! [`Trail::of`] walks over an expanded document and notes each piece of payload text: its path in
//! the payload, where the author's file brings it in, and what it became: a variable of a step's
//! environment, an input, a reference in a script. It is worked out when somebody asks, not when a
//! delivery is accepted.

use super::check::scripts::macros;
use super::rewritten::{Variables, script_of, tainted};
use crate::diagnostic::{SourceMap, Span, shown};
use crate::shell::{self, Entrance, Language, Script, Substitution};
use crate::taint::{Origin, Segment, Text};
use crate::template::{Content, Decided, Entry, Node, Scalar};
use serde::Serialize;

/// The most pieces of payload text that a trail names; the rest are counted.
pub const TRAIL_MAX: usize = 200;

/// Where the text of a payload went in one expansion.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Trail {
    /// The pieces in the order of the document, at most [`TRAIL_MAX`].
    pub uses: Vec<Use>,
    /// How many there are beyond these.
    pub more: usize,
    /// What of the payload decided which steps, jobs and keys there are.
    pub decisions: Vec<Choice>,
}

/// A value of a payload that decided an `if`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// The webhook resource's alias and the path into the payload.
    pub from: String,
    /// The value, cut, control characters escaped.
    pub value: String,
    /// What stands in the payload where no text does: `nothing` or `null`. An empty text is none of them.
    pub missing: Option<&'static str>,
    /// The author's file in which the condition stands, if it is known.
    pub file: Option<String>,
    /// The line in it, from 1.
    pub line: Option<usize>,
    /// The column in characters, from 1.
    pub column: Option<usize>,
    /// Whether the condition holds.
    pub holds: bool,
}

/// One piece of payload text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Use {
    /// The webhook resource's alias and the path into the payload, `push.head_commit.message`, or the header or event
    /// of the request, `resources.webhooks.push.event`.
    pub from: String,
    /// The text, cut, control characters escaped.
    pub value: String,
    /// What stands in the payload where no text does: `nothing` or `null`. An empty text is none of them.
    pub missing: Option<&'static str>,
    /// How many bytes the whole text has.
    pub bytes: usize,
    /// The author's file, if the place is known.
    pub file: Option<String>,
    /// The line in it, from 1.
    pub line: Option<usize>,
    /// The column in characters, from 1.
    pub column: Option<usize>,
    /// The key in the expanded document: `steps[0].env.AUTHOR`.
    pub key: String,
    /// What people see of the step, where it is one.
    pub step: Option<String>,
    /// What became of it, in words: "the environment variable `AUTHOR`".
    pub into: String,
    /// The environment variable that carries it into a script.
    pub variable: Option<String>,
}

impl Trail {
    /// Follows the payload text of a document whose places point into `sources`, and tells what was
    /// decided by it. `missing` says what stands at a place of the payload instead of a text.
    pub fn of(
        document: &Node,
        decided: &[Decided],
        sources: &SourceMap,
        substitution: Substitution,
        missing: &dyn Fn(&Origin) -> Option<&'static str>,
    ) -> Self {
        let decisions = decided.iter().map(|it| choice(it, sources, missing)).collect();
        let trail = Self { decisions, ..Self::default() };
        let mut walk = Walk { sources, substitution, missing, trail, variables: Vec::new(), step: None };
        walk.node(document, &Key::default());
        walk.trail
    }
}

fn choice(decided: &Decided, sources: &SourceMap, missing: &dyn Fn(&Origin) -> Option<&'static str>) -> Choice {
    let (file, line, column) = place(sources, decided.span);
    let (from, value) = (from(&decided.origin), shown(&decided.value));
    let missing = if decided.value.is_empty() { missing(&decided.origin) } else { None };
    Choice { from, value, missing, file, line, column, holds: decided.holds }
}

/// Returns the file, the line and the column of a place, as far as they are known.
fn place(sources: &SourceMap, span: Span) -> (Option<String>, Option<usize>, Option<usize>) {
    let Some(source) = sources.source(span.source).filter(|_| span != Span::NONE) else { return (None, None, None) };
    let before = &source.text[..(span.start as usize).min(source.text.len())];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.matches('\n').count() + 1;
    (Some(source.name.to_string()), Some(line), Some(before[line_start..].chars().count() + 1))
}

/// The way from the document's root to a node.
#[derive(Clone, Default)]
struct Key {
    path: String,
    /// The name of the mapping's key, and of the one around it.
    name: String,
    around: String,
}

impl Key {
    fn member(&self, name: &str) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        let shown = shown(name);
        Self { path: format!("{}{dot}{shown}", self.path), name: shown, around: self.name.clone() }
    }

    fn item(&self, at: usize) -> Self {
        Self { path: format!("{}[{at}]", self.path), ..self.clone() }
    }

    /// Says in words what stands here.
    fn into(&self) -> String {
        let Self { name, around, .. } = self;
        match around.as_str() {
            "env" => format!("the environment variable `{name}`"),
            "inputs" => format!("the input `{name}`"),
            "variables" if name == "value" => "the value of a variable".to_owned(),
            "variables" => format!("the variable `{name}`"),
            _ => format!("the key `{name}`"),
        }
    }
}

struct Walk<'a> {
    sources: &'a SourceMap,
    substitution: Substitution,
    missing: &'a dyn Fn(&Origin) -> Option<&'static str>,
    trail: Trail,
    variables: Variables,
    /// What people see of the step that is walked through.
    step: Option<String>,
}

impl Walk<'_> {
    fn node(&mut self, node: &Node, key: &Key) {
        match &node.content {
            Content::Scalar(scalar) => self.scalar(scalar, node.span, key),
            Content::Sequence(items) => {
                items.iter().enumerate().for_each(|(at, item)| self.node(item, &key.item(at)));
            }
            Content::Mapping(entries) => self.mapping(entries, key),
        }
    }

    fn mapping(&mut self, entries: &[Entry], key: &Key) {
        let known = self.variables.len();
        let own = entries.iter().filter(|entry| entry.key.flatten() == "variables");
        self.variables.extend(own.flat_map(|entry| tainted(&entry.value)).collect::<Vec<_>>());
        let is_step = key.name == "steps" && key.path.ends_with(']');
        let outer = if is_step { self.step.replace(step_name(entries, key)) } else { self.step.clone() };
        let script = script_of(entries);
        for entry in entries {
            let inner = key.member(&entry.key.flatten());
            for segment in entry.key.segments() {
                self.note(segment, entry.key_span, &inner, "the name of a key".to_owned(), None);
            }
            match script {
                Some((at, None)) if std::ptr::eq(entry, &entries[at]) => self.script(entries, &inner),
                Some((at, Some(input))) if std::ptr::eq(entry, &entries[at]) => {
                    self.inputs(entries, &entry.value, input, &inner);
                }
                _ => self.node(&entry.value, &inner),
            }
        }
        self.step = outer;
        self.variables.truncate(known);
    }

    /// Walks over the inputs of a task, of which one is its script.
    fn inputs(&mut self, step: &[Entry], inputs: &Node, script: usize, key: &Key) {
        let Content::Mapping(entries) = &inputs.content else { return };
        for (at, entry) in entries.iter().enumerate() {
            let inner = key.member(&entry.key.flatten());
            if at == script { self.script(step, &inner) } else { self.node(&entry.value, &inner) }
        }
    }

    fn scalar(&mut self, scalar: &Scalar, span: Span, key: &Key) {
        // Macros are replaced there when the step starts.
        if matches!(key.around.as_str(), "env" | "inputs") {
            let (text, spans) = self.with_variables(scalar, span);
            for (segment, (place, through)) in text.segments().iter().zip(spans) {
                let into = format!("{}{}", key.into(), passage(through.as_deref()));
                self.note(segment, place, key, into, None);
            }
            return;
        }
        for (at, segment) in scalar.text.segments().iter().enumerate() {
            let place = scalar.segment_spans.get(at).copied().unwrap_or(span);
            self.note(segment, place, key, key.into(), None);
        }
    }

    /// Notes the payload text of a script: with the lexical place, and with what comes through
    /// variables.
    fn script(&mut self, step: &[Entry], key: &Key) {
        let Some((language, node)) = super::rewritten::script_node(step) else { return };
        let Content::Scalar(scalar) = &node.content else { return };
        let (text, spans) = self.with_variables(scalar, node.span);
        let outline = Script::alone(language, &text).outline();
        let analysis = shell::analyse(&outline);
        let mut line = 1;
        for (at, (segment, (span, through))) in text.segments().iter().zip(spans).enumerate() {
            if !segment.is_tainted() {
                line += segment.text.matches('\n').count();
                continue;
            }
            let hole = analysis.requirements().iter().find(|hole| hole.entrance == Entrance::Segment(at));
            let hole = hole.filter(|_| self.substitution == Substitution::Safe);
            let place = hole.and_then(|hole| hole.place).map_or(String::new(), |place| format!(", in {place}"));
            let into = format!("line {line} of the script{place}{}", passage(through.as_deref()));
            // In Python the characters themselves stand in the script, as escapes.
            let carrier = hole.filter(|_| language != Language::Python);
            self.note(segment, span, key, into, carrier.map(|hole| hole.variable.clone()));
        }
    }

    /// Returns a script's text with the macros of tainted variables in place, and for each segment its
    /// place and the variable that it came through.
    fn with_variables(&self, scalar: &Scalar, span: Span) -> (Text, Vec<(Span, Option<String>)>) {
        let (mut text, mut spans) = (Text::default(), Vec::new());
        let mut push = |segment: Segment, place: Span, through: Option<String>| {
            text.push(segment);
            if text.segments().len() > spans.len() {
                spans.push((place, through));
            }
        };
        let known = |name: &str| self.variables.iter().rev().find(|(known, _)| known.eq_ignore_ascii_case(name));
        for (at, segment) in scalar.text.segments().iter().enumerate() {
            let place = scalar.segment_spans.get(at).copied().unwrap_or(span);
            if segment.is_tainted() {
                push(segment.clone(), place, None);
                continue;
            }
            let name = std::cell::RefCell::new(None);
            let find = |wanted: &str| {
                let found = known(wanted)?;
                *name.borrow_mut() = Some(found.0.clone());
                Some(&found.1)
            };
            macros(&segment.text, &find, &mut |segment| {
                let through = segment.is_tainted().then(|| name.borrow().clone()).flatten();
                push(segment, place, through);
            });
        }
        (text, spans)
    }

    fn note(&mut self, segment: &Segment, span: Span, key: &Key, into: String, variable: Option<String>) {
        let Some(origin) = &segment.origin else { return };
        if self.trail.uses.len() == TRAIL_MAX {
            self.trail.more += 1;
            return;
        }
        let (file, line, column) = place(self.sources, span);
        self.trail.uses.push(Use {
            from: from(origin),
            value: shown(&segment.text),
            missing: if segment.text.is_empty() { (self.missing)(origin) } else { None },
            bytes: segment.text.len(),
            file,
            line,
            column,
            key: key.path.clone(),
            step: self.step.clone(),
            into,
            variable,
        });
    }
}

/// Says through which variable text came, if it came through one.
fn passage(variable: Option<&str>) -> String {
    variable.map_or(String::new(), |name| format!(", through the variable `{}`", shown(name)))
}

/// Returns a place in a payload with the alias of its webhook resource.
fn from(origin: &Origin) -> String {
    origin.spelled().chars().flat_map(escaped).collect()
}

fn escaped(character: char) -> Vec<char> {
    if crate::diagnostic::is_unprintable(character) { character.escape_default().collect() } else { vec![character] }
}

/// Returns what tells a step from others: its display name, its name, or its place, as a run calls it, and what
/// it is.
fn step_name(entries: &[Entry], key: &Key) -> String {
    let text = |wanted: &str| {
        let entry = entries.iter().find(|entry| entry.key.flatten() == wanted)?;
        match &entry.value.content {
            Content::Scalar(scalar) if !scalar.text.is_empty() => Some(shown(&scalar.text.flatten())),
            _ => None,
        }
    };
    let first = || entries.first().map_or_else(String::new, |entry| shown(&entry.key.flatten()));
    let place = || {
        let place: usize = key.path.rsplit_once('[')?.1.strip_suffix(']')?.parse().ok()?;
        Some(format!("step{} ({})", place + 1, text("task").unwrap_or_else(first)))
    };
    text("displayName").or_else(|| text("name")).or_else(place).unwrap_or_default()
}
