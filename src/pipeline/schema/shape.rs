//! Are the values of a document what the tables say? Every mistake is reported, here and nowhere
//! else: who reads the document afterwards takes what is right and passes over the rest.

use super::key::listed;
use super::step::STEP;
use super::table::{DEPLOYMENT, ENTRIES_MAX, JOB, ROOT, STAGE};
use super::{Either, Kind, Known, List, Type, Union};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, Span, nearest, shown};
use crate::pipeline::paths;
use crate::pipeline::task::{self, Definition};
use crate::pipeline::value::{author, is_late, is_name, is_nothing, is_produced, joined_key, unspaced_key};
use crate::taint::{Origin, Whence};
use crate::template::{self, Content, Entry, Form, Kind as ScalarKind, Node, Pattern, Scalar};
use std::borrow::Cow;

/// The most characters of a number that is taken from a payload as it is.
const DIGITS_MAX: usize = 18;
/// The most characters of a name (reference, section 5.1).
pub(in crate::pipeline) const NAME_MAX: usize = 100;

/// The note of a mistake in what the author wrote around expressions.
pub const WHATEVER_COMES: &str = "this is so whatever the expression gives";

/// Reports everything in a document that is not as the tables say.
pub(in crate::pipeline) fn check(document: &Node, diagnostics: &mut Diagnostics) {
    Checker { diagnostics, key: document.span, strays: Vec::new() }.mapping(document, &ROOT);
}

/// Reports everything in a step, a job or a stage that is not as the tables say.
pub fn judge(part: &Node, form: Form, diagnostics: &mut Diagnostics) {
    let union = match form {
        Form::Step => &STEP,
        Form::Job => &JOB,
        Form::Deployment => &DEPLOYMENT,
        Form::Stage => &STAGE,
    };
    Checker { diagnostics, key: part.span, strays: Vec::new() }.union(part, union);
}

/// Returns the task that a step names, if it is known which inputs that has.
fn inputs(step: &Node) -> Option<&'static Definition> {
    let Content::Mapping(entries) = &step.content else { return None };
    let named = entries.iter().find(|entry| author(&entry.key) == "task")?;
    let Content::Scalar(scalar) = &named.value.content else { return None };
    let written = scalar.text.flatten();
    let (name, major) = written.split_once('@')?;
    task::find_version(name, major.parse().ok()?)
}

pub(super) struct Checker<'d> {
    pub(super) diagnostics: &'d mut Diagnostics,
    /// The place of the key whose value is looked at.
    key: Span,
    /// The keys of the mappings around that are not read: they may have been meant to stand further inside.
    strays: Vec<String>,
}

impl Checker<'_> {
    pub(super) fn error(&mut self, code: Code, title: impl Into<String>, span: Span, label: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(code, title, span, label));
    }

    fn value(&mut self, node: &Node, wanted: &Type, what: &str) {
        match wanted {
            _ if node.is_gap() => {}
            Type::Anything => {}
            Type::Text | Type::Condition => drop(self.scalar(node, what)),
            Type::Own => drop(self.own(node, what)),
            Type::Filled => self.filled(node, what),
            Type::Name(of) => self.name(node, of),
            Type::Boolean(known) => self.boolean(node, what, *known),
            Type::Number(number, known) => self.number(node, what, *number, *known),
            Type::Share => self.share(node, what),
            Type::Word(words, known) => self.word(node, what, words, *known),
            Type::Branch => self.branch(node, what),
            Type::Cron => self.cron(node, what),
            Type::Names => self.names(node, what),
            Type::Map(value) => self.map(node, value, what),
            Type::Mapping(kind) => self.mapping(node, kind),
            Type::List(list) => self.list(node, list, what),
            Type::Union(union) => self.union(node, union),
            Type::Either(either) => self.either(node, either, what),
        }
    }

    fn mapping(&mut self, node: &Node, kind: &'static Kind) {
        let is_optional = kind.required.is_empty() && kind.exactly_one.is_empty();
        if is_nothing(node) && is_optional {
            return;
        }
        let Some(entries) = self.entries(node, kind.name) else { return };
        let entries: Vec<&Entry> = entries.iter().filter(|entry| !entry.is_gap()).collect();
        let keys: Vec<(&str, Span)> = entries.iter().map(|entry| (author(&entry.key), entry.key_span)).collect();
        let whole = keys.first().map_or(node.span, |(_, span)| *span);
        let known = self.diagnostics.len();
        let read = match node.has_gap() {
            true => kind.judge_open(&keys, self.diagnostics),
            false => kind.judge(&keys, whole, &self.strays, self.diagnostics),
        };
        if let Some(inputs) = inputs(node) {
            self.diagnostics.amend(known, |it| {
                let key = keys.iter().find(|(_, span)| it.primary.as_ref().is_some_and(|label| label.span == *span));
                if it.code == Code::UnknownKey && key.is_some_and(|(key, _)| inputs.input(key).is_some()) {
                    it.help = Some("write it inside of `inputs`".to_owned());
                }
            });
        }
        let strays = self.strays.len();
        let excluded = keys.iter().map(|(key, _)| *key).filter(|key| kind.exactly_one.contains(key)).skip(1);
        let unread = keys.iter().zip(read).filter(|(_, is_read)| !is_read).map(|((key, _), _)| *key);
        self.strays.extend(excluded.chain(unread).map(str::to_owned));
        for (key, entry) in keys.iter().map(|(key, _)| *key).zip(entries) {
            if let Some(wanted) = kind.type_of(key) {
                self.key = entry.key_span;
                self.value(&entry.value, wanted, &format!("`{key}`"));
            }
        }
        self.strays.truncate(strays);
    }

    fn union(&mut self, node: &Node, union: &Union) {
        let Some(entries) = self.entries(node, union.name) else { return };
        let is_gap_alone = entries.iter().all(Entry::is_gap);
        if is_gap_alone && !entries.is_empty() {
            return;
        }
        let begins = |entry: &Entry| union.kinds.iter().find(|kind| kind.first == Some(author(&entry.key)));
        if let Some(kind) = entries.iter().find_map(begins) {
            return self.mapping(node, kind);
        }
        // What the item is may be said by a key that is not known yet, unless that is a key here that is misspelt.
        let keywords = || union.kinds.iter().filter_map(|kind| kind.first);
        let is_misspelt = |entry: &Entry| nearest(author(&entry.key), keywords()).is_some();
        let has_gap_first = entries.first().is_some_and(Entry::is_gap);
        if has_gap_first || entries.iter().any(Entry::is_gap) && !entries.iter().any(is_misspelt) {
            return;
        }
        for entry in entries {
            if let Some((keyword, help)) = union.old.iter().find(|(old, _)| *old == author(&entry.key)) {
                return self.diagnostics.push(template::old_form(keyword, entry.key_span, help));
            }
        }
        self.unknown_keyword(node, entries, union);
    }

    fn unknown_keyword(&mut self, node: &Node, entries: &[Entry], union: &Union) {
        let keywords = || union.kinds.iter().filter_map(|kind| kind.first);
        let title = format!("{} begins with {}", union.name, listed(keywords(), "or"));
        let Some(first) = entries.first() else {
            self.error(Code::MissingKey, title, node.span, "nothing is here");
            return;
        };
        // A dash without its blank is part of the key.
        let is_keyword = |word: &str| keywords().find(|keyword| *keyword == word);
        let dashed = entries.iter().find_map(|entry| Some((entry, is_keyword(author(&entry.key).strip_prefix('-')?)?)));
        if let Some((entry, keyword)) = dashed {
            let label = "a blank is missing behind the dash";
            let unknown = Diagnostic::error(Code::UnknownKey, title, entry.key_span, label);
            return self.diagnostics.push(unknown.help(format!("did you mean `- {keyword}`?")));
        }
        let meant = entries.iter().find_map(|entry| Some((entry, nearest(author(&entry.key), keywords())?)));
        let (entry, label) = match meant {
            Some((entry, _)) => (entry, format!("this is `{}`", shown(author(&entry.key)))),
            None => (first, format!("this begins with `{}`", shown(author(&first.key)))),
        };
        let unknown = Diagnostic::error(Code::UnknownKey, title, entry.key_span, label);
        self.diagnostics.push(match meant {
            Some((_, keyword)) => unknown.help(format!("did you mean `{keyword}`?")),
            None => unknown,
        });
    }

    fn map(&mut self, node: &Node, wanted: &Type, what: &str) {
        if is_nothing(node) {
            return;
        }
        let entries = self.entries(node, what).unwrap_or_default();
        // How many legs a matrix may have is told with the jobs.
        if let Some(excess) = entries.get(ENTRIES_MAX).filter(|_| what != "`matrix`") {
            let title = format!("{what} has {} entries, {ENTRIES_MAX} are allowed", entries.len());
            self.error(Code::ExpansionLimit, title, excess.key_span, "this is one too many");
        }
        for entry in entries.iter().take(ENTRIES_MAX) {
            self.value(&entry.value, wanted, &format!("`{}`", shown(author(&entry.key))));
        }
    }

    fn list(&mut self, node: &Node, list: &List, what: &str) {
        let items = match &node.content {
            Content::Sequence(items) => items.as_slice(),
            _ if is_nothing(node) => &[],
            _ => return self.wrong(node, &format!("{what} is a list")),
        };
        if let Some(origin) = &node.origin {
            return self.tainted(origin, node.span, what);
        }
        if items.len() < list.least {
            self.error(Code::MissingKey, format!("{what} has no entries"), self.key, "at least one must be here");
        }
        if items.len() > list.most {
            let title = format!("{what} has {} entries, {} are allowed", items.len(), list.most);
            let excess = &items[list.most];
            let mut many = Diagnostic::error(Code::ExpansionLimit, title, excess.span, "this is one too many");
            many.notes.extend(paths::first(excess).map(|origin| template::came_from(origin)));
            self.diagnostics.push(
                many.help("divide the work: over several jobs, stages or pipelines, or take fewer items of a list"),
            );
        }
        for item in items.iter().take(list.most) {
            self.value(item, list.item, &format!("an entry of {what}"));
        }
    }

    fn either(&mut self, node: &Node, either: &Either, what: &str) {
        let wanted = match &node.content {
            // Nothing says the same as no key does: that is no payload's to choose, where its text is none either.
            _ if is_nothing(node) => {
                if matches!(either.text, Some(Type::Own)) {
                    self.own(node, what);
                }
                return;
            }
            Content::Scalar(_) => either.text,
            Content::Sequence(_) => either.list,
            Content::Mapping(_) => either.mapping,
        };
        match wanted {
            Some(wanted) => {
                if let (Some(Type::Mapping(kind)), Type::Own) = (either.mapping, wanted) {
                    self.joined(node, kind, what);
                }
                self.value(node, wanted, what);
            }
            None => {
                let forms = [(either.text, "text"), (either.mapping, "a mapping"), (either.list, "a list")];
                let forms: Vec<&str> = forms.iter().filter_map(|(there, form)| there.map(|_| *form)).collect();
                self.wrong(node, &format!("{what} is {}", forms.join(" or ")));
            }
        }
    }

    /// Returns the entries of a mapping that the author wrote. One with keys of a payload is
    /// reported once, and has no entries.
    fn entries<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Entry]> {
        let Content::Mapping(entries) = &node.content else {
            match unspaced_key(node) {
                Some(key) => self.without_blank(key, node.span, what),
                None => self.wrong(node, &format!("{what} is a mapping")),
            }
            return None;
        };
        if let Some(origin) = &node.origin {
            self.tainted(origin, node.span, what);
            return None;
        }
        match entries.iter().find_map(|entry| Some((entry, entry.key.origin()?))) {
            Some((entry, origin)) => {
                self.tainted(origin, entry.key_span, "a key");
                None
            }
            None => Some(entries),
        }
    }

    /// Warns of text that was meant as a key with its value.
    fn joined(&mut self, node: &Node, kind: &Kind, what: &str) {
        let Some((key, value)) = joined_key(node).filter(|(key, _)| kind.type_of(key).is_some()) else { return };
        let title = format!("{what} is text that begins like its key `{}`", shown(key));
        let text = Diagnostic::warning(Code::WrongType, title, node.span, "this is text");
        self.diagnostics.push(text.help(format!("write `{}: {}`", shown(key), shown(value))));
    }

    fn without_blank(&mut self, key: &str, span: Span, what: &str) {
        let title = format!("{what} is a mapping, not text");
        let text = Diagnostic::error(Code::WrongType, title, span, "this is text");
        self.diagnostics.push(text.help(format!("write a blank behind the colon: `{}: …`", shown(key))));
    }

    /// Reports a value of a wrong shape. Text that was meant as an expression is no other mistake than that.
    fn wrong(&mut self, node: &Node, wanted: &str) {
        // What was meant by a mapping of which nothing could be read is not known.
        if matches!(&node.content, Content::Mapping(keys) if !keys.is_empty() && keys.iter().all(Entry::is_gap)) {
            return;
        }
        let written = match &node.content {
            Content::Scalar(scalar) => scalar.text.flatten(),
            _ => Cow::default(),
        };
        if template::half_open(&written).is_some_and(|range| range.len() == written.trim().len()) {
            let half = template::half_open_text(node.span);
            return self.diagnostics.push(Diagnostic { severity: Severity::Error, ..half });
        }
        let title = format!("{wanted}, not {}", node.describe());
        let wrong = Diagnostic::error(Code::WrongType, title, node.span, format!("this is {}", node.describe()));
        let help = match &*written {
            text if text.starts_with("$[") => Some("this is text when the pipeline is read: write `${{ … }}`"),
            text if text.starts_with("$(") => {
                Some("a macro is put into text when a step runs: write `${{ variables.name }}`")
            }
            text if text.starts_with("${") => Some("begin the expression with `${{` and end it with `}}`"),
            _ => None,
        };
        self.diagnostics.push(Diagnostic { help: help.map(str::to_owned), ..wrong });
    }

    /// Returns the scalar of a place for text; an object from an expression gets the words that
    /// name it.
    fn scalar<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n Scalar> {
        match &node.content {
            Content::Scalar(scalar) => return Some(scalar),
            _ if is_produced(node) => {
                let expression = node.origin.as_deref().map(expression);
                let mistake = template::object_in_text(node, node.origin.as_deref(), expression.as_deref());
                self.diagnostics.push(mistake);
            }
            _ => self.wrong(node, &format!("{what} is text")),
        }
        None
    }

    /// Returns text of which nothing comes from a payload, not even a number of it.
    pub(super) fn own(&mut self, node: &Node, what: &str) -> Option<String> {
        if let Some(origin) = &node.origin {
            self.of_payload(node, origin, what);
            return None;
        }
        let scalar = self.scalar(node, what)?;
        if let Some(origin) = scalar.text.origin() {
            self.of_payload(node, origin, what);
            return None;
        }
        scalar.patterns.is_none().then(|| scalar.text.flatten().into_owned())
    }

    /// Reports a value of a payload at a place that takes none: one that is not there, a number, or text.
    fn of_payload(&mut self, node: &Node, origin: &Origin, what: &str) {
        let Content::Scalar(scalar) = &node.content else { return self.tainted(origin, node.span, what) };
        let text = scalar.text.flatten();
        let is_long = text.len() > DIGITS_MAX || text.contains(['e', 'E']);
        let is_number = is_long && text.parse::<f64>().is_ok_and(f64::is_finite);
        match scalar.kind {
            ScalarKind::Null if !origin.path.is_empty() => {
                let title = format!("the payload has no value for {what}");
                let missing = Diagnostic::error(Code::TaintedStructure, title, node.span, "this is nothing");
                let note = template::nothing_at(origin, scalar.is_null);
                let help = "test that it is there: `${{ if … }}:` around what needs it, or `coalesce(…, 'default')`";
                self.diagnostics.push(missing.note(note).help(help));
            }
            _ if is_number => {
                let title = format!("the number `{}` of a payload can't be {what}", shown(&scalar.text.flatten()));
                let number = Diagnostic::error(Code::TaintedStructure, title, node.span, "this has too many digits");
                self.diagnostics.push(number.note(template::came_from(origin)));
            }
            _ => self.tainted(origin, node.span, what),
        }
    }

    fn tainted(&mut self, origin: &Origin, span: Span, what: &str) {
        let title = format!("payload text can't be {what}");
        let label = "this decides what the pipeline does";
        let diagnostic = Diagnostic::error(Code::TaintedStructure, title, span, label)
            .note(template::came_from(origin))
            .help(template::WRITE_OR_CHOOSE);
        self.diagnostics.push(diagnostic);
    }

    fn filled(&mut self, node: &Node, what: &str) {
        if self.own(node, what).is_some_and(|text| text.trim().is_empty()) {
            self.error(Code::InvalidValue, format!("{what} is empty"), node.span, "something must stand here");
        }
    }

    /// Checks a name; nothing was written for one that is empty.
    fn name(&mut self, node: &Node, of: &str) {
        if let Content::Scalar(Scalar { patterns: Some(patterns), .. }) = &node.content {
            return self.name_to_be(node.span, patterns, of);
        }
        let Some(name) = self.own(node, of).filter(|name| !name.is_empty()) else { return };
        if !is_name(&name) || name.len() > NAME_MAX {
            let title = format!("`{}` can't be {of}", shown(&name));
            let help = format!("use letters, digits and `_`, a letter or `_` first, at most {NAME_MAX} characters");
            let label = "this is no well-formed name";
            self.diagnostics.push(Diagnostic::error(Code::InvalidValue, title, node.span, label).help(help));
        }
    }

    /// Checks a name of which a part is not known: what the author wrote of it may be such that it never is one.
    fn name_to_be(&mut self, span: Span, patterns: &[Pattern], of: &str) {
        let may_be_name = |pattern: &Pattern| {
            let written = pattern.pieces().collect::<String>();
            is_name(&format!("_{written}")) && (pattern.beginning().is_empty() || is_name(pattern.beginning()))
        };
        let Some(pattern) = patterns.first().filter(|_| !patterns.iter().any(may_be_name)) else { return };
        let title = format!("`{}` can't be {of}", shown(&pattern.shown()));
        let help = format!("use letters, digits and `_`, a letter or `_` first, at most {NAME_MAX} characters");
        let wrong = Diagnostic::error(Code::InvalidValue, title, span, "this is no well-formed name");
        self.diagnostics.push(wrong.note(WHATEVER_COMES).help(help));
    }

    /// Returns what a value is, unless it becomes known only later and may. One that may not is
    /// reported.
    pub(super) fn known(&mut self, node: &Node, what: &str, known: Known) -> Option<String> {
        let scalar = self.scalar(node, what)?;
        if let Some(origin) = scalar.text.origin() {
            self.of_payload(node, origin, what);
            return None;
        }
        if scalar.patterns.is_some() {
            return None;
        }
        let text = scalar.text.flatten().into_owned();
        let may_be_late = match known {
            Known::Before => false,
            Known::AtJob => is_late(&text),
            Known::AtStep => text.contains("$("),
        };
        if may_be_late {
            return None;
        }
        if text.contains("$(") || text.contains("$[") {
            let title =
                format!("{what} must be known before {}", if known == Known::AtStep { "the job" } else { "the run" });
            let late = Diagnostic::error(Code::InvalidValue, title, node.span, "this is known only later");
            let help = match known {
                Known::AtJob => "write the value, `${{ }}`, or one whole `$[ ]`",
                Known::Before | Known::AtStep => "write the value, or `${{ }}`",
            };
            self.diagnostics.push(late.help(help));
            return None;
        }
        Some(text)
    }

    /// A payload decides neither the names nor that there are none.
    fn names(&mut self, node: &Node, what: &str) {
        match &node.content {
            Content::Sequence(items) if node.origin.is_none() => {
                items.iter().for_each(|item| drop(self.own(item, what)));
            }
            Content::Mapping(_) if node.origin.is_none() => self.wrong(node, &format!("{what} is text or a list")),
            _ => drop(self.own(node, what)),
        }
    }
}

/// Returns the expression that names a place in a payload.
fn expression(origin: &Origin) -> String {
    let before = if origin.place().0 == Whence::Payload { "parameters." } else { "" };
    format!("{before}{}", origin.spelled())
}
