//! Other files in their places: templates, and groups of variables.

use super::{Expansion, Frame, gap, glue, ways};
use crate::diagnostic::{Code, Diagnostic, Span, nearest, shown};
use crate::expression::{Object, Value};
use crate::taint::{Origin, Text};
use crate::template::load::{File, check_keys};
use crate::template::parameter::{Argument, Declared};
use crate::template::place::Place;
use crate::template::reference::{self, Kind as TemplateKind};
use crate::template::value::{Size, WRITE_OR_CHOOSE, came_from, from_node};
use crate::template::{Content, DEPTH_MAX, Entry, FILES_MAX, Kind, Node, Scalar};
use std::sync::Arc;

/// How much stack must be left where a file is entered: files nest deeper than one's levels.
const STACK_LEFT: usize = 1024 * 1024;
/// How much more there is then.
const STACK_MORE: usize = 4 * 1024 * 1024;

/// A reference to a template, its parts expanded.
pub(super) struct Reference {
    written: String,
    place: Span,
    arguments: Vec<Argument>,
    /// For checks, whether more may be passed in another run.
    has_gap: bool,
}

impl<'e> Expansion<'e> {
    /// Puts what a template holds into the list in which it is named.
    pub(super) fn template_item(&mut self, item: Node, place: Place, made: &mut Vec<Node>) {
        let Some(kind) = place.kind() else { return };
        let span = item.span;
        if item.member("template").is_some_and(|named| self.is_open(named)) {
            self.leave_gap(span, made);
        }
        self.judge_order(&item);
        let entries = self.reference(item).and_then(|reference| self.include(reference, kind));
        let body = entries
            .and_then(|entries| entries.into_iter().find(|entry| kind.bodies().contains(&&*entry.key.flatten())));
        let Some(body) = body else { return self.leave_gap(span, made) };
        match body.value.content {
            Content::Sequence(items) => made.extend(items),
            Content::Mapping(entries) if kind == TemplateKind::Variables => {
                made.extend(entries.into_iter().map(variable))
            }
            Content::Scalar(Scalar { kind: Kind::Null | Kind::Gap, .. }) => {
                if !self.is_settled(body.value.span) {
                    self.leave_gap(span, made);
                }
            }
            _ => {
                let title = format!("`{}` of a template is a list, not {}", body.key.flatten(), body.value.describe());
                let label = format!("this is {}", body.value.describe());
                self.report(Diagnostic::error(Code::WrongType, title, body.value.span, label));
            }
        }
    }

    /// Reads the keys of a reference. What is wrong with them is reported.
    pub(super) fn reference(&mut self, node: Node) -> Option<Reference> {
        let span = node.span;
        let Content::Mapping(entries) = node.content else {
            let title = format!("`extends` is a mapping with `template`, not {}", node.describe());
            self.report(Diagnostic::error(Code::WrongType, title, span, format!("this is {}", node.describe())));
            return None;
        };
        let (mut named, mut arguments, mut has_gap, mut beside) = (None, Vec::new(), false, Vec::new());
        for entry in entries {
            match &*entry.key.flatten() {
                "template" => named = Some(entry.value),
                "parameters" => {
                    // An object that is passed whole may bring other parameters in another run.
                    has_gap |= entry.value.has_gap() || !self.is_settled(entry.value.span);
                    arguments = self.arguments(entry.value)?;
                }
                _ if entry.is_gap() => has_gap = true,
                key => {
                    has_gap |= nearest(key, ["parameters"]).is_some();
                    beside.push((key.to_owned(), entry.key_span));
                }
            }
        }
        let meant = beside.iter().find(|(key, _)| nearest(key, ["template"]).is_some());
        if let Some((key, place)) = meant.filter(|_| named.is_none()) {
            let title = format!("a reference to a template has no key `{}`", shown(key));
            let unknown = Diagnostic::error(Code::UnknownKey, title, *place, "this key is not known here");
            self.report(unknown.suggest(key, ["template"]));
            return None;
        }
        beside.into_iter().for_each(|(key, place)| self.beside_template(&key, place));
        let Some(named) = named else {
            let missing = Diagnostic::error(Code::MissingKey, "`extends` needs `template`", span, "it names no file");
            self.report(missing);
            return None;
        };
        let place = named.span;
        let written = self.path(named)?;
        Some(Reference { written, place, arguments, has_gap })
    }

    /// Reports a reference in a list that does not begin with `template` (reference, section 2.8).
    fn judge_order(&mut self, item: &Node) {
        let Content::Mapping(entries) = &item.content else { return };
        let mut keys = entries.iter().filter(|entry| !entry.is_gap());
        let first = keys.next();
        if let (Some(first), Some(late)) = (first, keys.find(|entry| &*entry.key.flatten() == "template")) {
            let title = "`template` must be the first key of a reference to a template";
            let late = Diagnostic::error(Code::FirstKey, title, late.key_span, "move this key up");
            self.report(late.related(first.key_span, "this key is the first"));
        }
    }

    fn beside_template(&mut self, key: &str, span: Span) {
        if key == "target" {
            let title = "`target` does nothing beside `template`";
            let warned = Diagnostic::warning(Code::NoEffect, title, span, "this is passed over");
            self.report(warned.help("write it at the steps of the template"));
            return;
        }
        let title = format!("`{}` can't stand beside `template`", shown(key));
        let unknown = Diagnostic::error(Code::UnknownKey, title, span, "only `parameters` can");
        let help = match key {
            "condition" => "put the reference into an `${{ if … }}:`, or pass the condition in `parameters`",
            _ => "pass it to the template in `parameters`",
        };
        self.report(unknown.help(help).suggest(key, ["parameters"]));
    }

    /// Returns the text that names a file. A payload decides no file.
    fn path(&mut self, named: Node) -> Option<String> {
        if self.is_unknown(&named) {
            return None;
        }
        let origin = named.origin.clone();
        let Content::Scalar(scalar) = &named.content else {
            let title = format!("`template` is a path, not {}", named.describe());
            self.report(Diagnostic::error(Code::WrongType, title, named.span, format!("this is {}", named.describe())));
            return None;
        };
        if let Some(origin) = scalar.text.origin().or(origin.as_ref()) {
            self.tainted(origin, named.span, "the path of a template");
            return None;
        }
        Some(scalar.text.flatten().into_owned())
    }

    fn tainted(&mut self, origin: &Origin, place: Span, what: &str) {
        let title = format!("payload text can't be {what}");
        let label = "this decides what the pipeline does";
        let mistake = Diagnostic::error(Code::TaintedStructure, title, place, label);
        self.report(mistake.note(came_from(origin)).help(WRITE_OR_CHOOSE));
    }

    fn arguments(&mut self, node: Node) -> Option<Vec<Argument>> {
        if let Some(origin) = node.origin.clone().filter(|_| !matches!(node.content, Content::Mapping(_))) {
            self.tainted(&origin, node.span, "the parameters of a template");
            return None;
        }
        match node.content {
            Content::Mapping(mut entries) => {
                if self.open.contains(&node.span) {
                    self.open.extend(entries.iter().map(|entry| entry.value.span));
                }
                entries.retain(|entry| !entry.is_gap());
                let tainted = entries.iter().find_map(|entry| Some((entry.key.origin()?.clone(), entry.key_span)));
                if let Some((origin, place)) = tainted {
                    self.tainted(&origin, place, "the name of a parameter");
                    return None;
                }
                let argument = |entry: Entry| Argument {
                    is_unknown: self.is_unknown(&entry.value),
                    is_whole: true,
                    name: entry.key.flatten().into(),
                    name_span: entry.key_span,
                    value: entry.value,
                };
                Some(entries.into_iter().map(argument).collect())
            }
            Content::Scalar(Scalar { kind: Kind::Null | Kind::Gap, .. }) => Some(Vec::new()),
            _ => {
                let title = format!("`parameters` of a template is a mapping, not {}", node.describe());
                let wrong =
                    Diagnostic::error(Code::WrongType, title, node.span, format!("this is {}", node.describe()));
                self.report(wrong.help("write `name: value` for each"));
                None
            }
        }
    }

    /// Enters a file with its parameters and returns its expanded keys and values.
    pub(super) fn include(&mut self, reference: Reference, kind: TemplateKind) -> Option<Vec<Entry>> {
        let file = self.file(&reference)?;
        let touched = |it: &Argument| Some((it.name.clone(), glue::any_origin(&it.value)?));
        let touched = reference.arguments.iter().filter_map(touched).collect();
        let mut arguments: Vec<Argument> =
            reference.arguments.into_iter().map(|argument| self.placed(argument, &file.declared)).collect();
        arguments.iter().for_each(|argument| self.spent.pass(Size::of(&argument.value)));
        self.check_spent(reference.place);
        let mut partial = Vec::new();
        let mut open = self.open_arguments(&mut arguments, &mut partial);
        if reference.has_gap {
            open.extend(file.declared.closed_names().into_iter().flatten().map(Arc::from));
        }
        let from = self.frames.last().map_or(0, |frame| frame.way);
        let way = self.ways.enter(file.source, &file.declared, from, reference.place, &arguments);
        let mut mistakes = Vec::new();
        let bound = file.declared.bind(arguments, reference.place, &mut mistakes);
        let is_known = |it: &Diagnostic| it.primary.as_ref().is_none_or(|label| !self.unknown.contains(&label.span));
        mistakes.retain(|it| is_known(it) && !(reference.has_gap && it.code == Code::MissingParameter));
        mistakes.into_iter().for_each(|mistake| self.report(mistake));
        let unknown = bound.iter().filter(|it| it.is_unknown).map(|it| it.name.clone()).collect();
        let origins = bound.iter().filter_map(|it| Some((it.name.clone(), it.origin.clone()?))).collect();
        let parameters: Object = bound.into_iter().map(|it| (Text::author(it.name), it.value)).collect();
        let mut frame = Frame::new(file, Value::from(parameters), origins, self.inputs, Some(reference.place));
        frame.unknown = unknown;
        frame.open = open;
        frame.partial = partial;
        frame.touched = touched;
        frame.way = way;
        self.frames.push(frame);
        let was_copied = std::mem::replace(&mut self.is_copied, false);
        let entries = stacker::maybe_grow(STACK_LEFT, STACK_MORE, || self.entered(file, kind, reference.place));
        self.is_copied = was_copied;
        let left = self.frames.pop();
        self.text_decided |= left.is_some_and(|frame| frame.context.has_looked_at_taint());
        entries
    }

    fn entered(&mut self, file: &'e File, kind: TemplateKind, place: Span) -> Option<Vec<Entry>> {
        for mistake in &file.mistakes {
            self.report(mistake.clone());
        }
        if !file.is_read {
            return None;
        }
        let at = if kind == TemplateKind::Extends { Place::Root } else { Place::File };
        let Content::Mapping(mut entries) = self.part(&file.document, at).content else { return None };
        ways::mark(&mut entries, file.source, self.frames.last().map_or(0, |frame| frame.way));
        // The keys of an extended pipeline's own `extends` stand among them now.
        let known = entries.iter().filter(|entry| !entry.is_gap());
        let keys: Vec<(Arc<str>, Span)> = known.map(|entry| (entry.key.flatten().into(), entry.key_span)).collect();
        let extends = file.keys.iter().any(|(key, _)| &**key == "extends");
        if !extends && !self.spent.is_over() {
            let mut wrong = check_keys(kind, &keys, file.document.span(), Some(place));
            wrong.retain(|mistake| mistake.code != Code::MissingKey || keys.len() == entries.len());
            let is_right = wrong.is_empty();
            wrong.into_iter().for_each(|mistake| self.report(mistake));
            return is_right.then_some(entries);
        }
        Some(entries)
    }

    /// Returns the names of arguments whose values may be others in another run, or of which a part could not
    /// be made, and takes the gaps out of all. `partial` gets those that are lists of which some items are known.
    fn open_arguments(
        &mut self,
        arguments: &mut [Argument],
        partial: &mut Vec<(Arc<str>, Arc<[bool]>)>,
    ) -> Vec<Arc<str>> {
        if !self.is_checked() && self.unknown.is_empty() && !self.has_left_gap {
            return Vec::new();
        }
        let open = arguments.iter_mut().filter_map(|argument| {
            let is_open = self.is_open(&argument.value);
            let open_items = if is_open { self.open_items(&argument.value) } else { None };
            partial.extend(open_items.map(|items| (argument.name.clone(), items)));
            let had_gaps = gap::without_gaps(&mut argument.value, &mut self.thinned);
            argument.is_whole = !had_gaps;
            (is_open || had_gaps).then(|| argument.name.clone())
        });
        open.collect()
    }

    /// Finds the file that a reference names, within the limits of an expansion.
    fn file(&mut self, reference: &Reference) -> Option<&'e File> {
        let loaded = self.loaded;
        if loaded.barred.contains(&reference.place) {
            return None;
        }
        let from = loaded.by_source.get(&reference.place.source).map(|&at| &loaded.files[at]);
        let from = from.unwrap_or(self.frames.last()?.file);
        let key = match reference::resolve(&reference.written, &from.key, &loaded.aliases) {
            Ok(key) => key,
            Err(reason) => {
                let mistake = loaded.unresolved(&reason, reference.place)?;
                self.report(mistake);
                return None;
            }
        };
        let Some(&at) = loaded.index.get(&key) else {
            self.report(loaded.unknown(&key, reference.place));
            return None;
        };
        if !self.used.contains(&at) {
            self.used.push(at);
        }
        let over = if self.used.len() > FILES_MAX {
            let limit = format!("an expansion uses at most {FILES_MAX} template files");
            let over = Diagnostic::error(Code::ExpansionLimit, limit, reference.place, "the limit was met here");
            over.help("join templates that are used together, or give one template parameters in place of several")
        } else if self.frames.len() > DEPTH_MAX {
            let title = format!("a template includes itself without an end: it is more than {DEPTH_MAX} deep");
            let cycle = Diagnostic::error(Code::TemplateCycle, title, reference.place, "this goes round again");
            let cycle = cycle.help("let an `${{ if … }}:` around one of the references end it");
            self.circle(&loaded.files[at]).into_iter().fold(cycle, |it, way| it.note(format!("the way is {way}")))
        } else {
            return Some(&loaded.files[at]);
        };
        if !self.spent.is_over() {
            self.spent.end();
            self.report(over);
        }
        None
    }

    /// Returns the way from a file back to itself through those that are entered. There is one where more are entered
    /// than there may be different files.
    fn circle(&self, file: &File) -> Option<String> {
        let begin = self.frames.iter().rposition(|frame| std::ptr::eq(frame.file, file))?;
        let files = self.frames[begin..].iter().map(|frame| frame.file).chain([file]);
        Some(files.map(|file| format!("`{}`", shown(&file.key.to_string()))).collect::<Vec<_>>().join(" -> "))
    }

    /// Returns an argument with the templates that it names put in, if its parameter is a list of
    /// steps, jobs or stages: whoever looks at the list sees what will run.
    fn placed(&mut self, argument: Argument, declared: &Declared) -> Argument {
        self.spent.add(Size { nodes: 0, bytes: 0, ..Size::of(&argument.value) });
        self.check_spent(argument.value.span);
        let Some(declarations) = declared.typed() else { return argument };
        let declaration = declarations.iter().find(|it| it.name.eq_ignore_ascii_case(&argument.name));
        if declaration.is_some_and(|declaration| !declaration.carries_text()) {
            self.look_at(&from_node(&argument.value));
        }
        match declaration.and_then(|declaration| declaration.kind.place()) {
            Some((place, _)) => {
                let was_passed = std::mem::replace(&mut self.is_passed, true);
                let value = self.settled(argument.value, place);
                self.is_passed = was_passed;
                Argument { value, ..argument }
            }
            None => argument,
        }
    }

    /// Puts the variables of a group in its place. The group itself stays if it has secrets:
    /// their values are known only where the steps run. One that is passed on is known, and stays as it is.
    pub(super) fn group(&mut self, item: Node, made: &mut Vec<Node>) {
        let Some(named) = item.member("group").filter(|named| !self.is_unknown(named)) else {
            return self.leave_gap(item.span, made);
        };
        if self.is_open(named) {
            self.leave_gap(named.span, made);
        }
        let place = named.span;
        let Content::Scalar(scalar) = &named.content else {
            made.push(item);
            return;
        };
        if let Some(origin) = scalar.text.origin().or(named.origin.as_ref()).cloned() {
            self.tainted(&origin, place, "the name of a variable group");
            return;
        }
        let name = scalar.text.flatten().into_owned();
        let groups = self.inputs.groups.clone();
        let Some(group) = groups.group(&name) else {
            let title = format!("there is no variable group `{}`", shown(&name));
            let unknown = Diagnostic::error(Code::UnknownGroup, title, place, "the configuration does not have it");
            let unknown = unknown.help("define it below `variable-groups` in the configuration");
            self.report(unknown.suggest(&name, groups.names()));
            self.leave_gap(place, made);
            return;
        };
        let is_passed = self.is_passed;
        if is_passed || !group.secrets.is_empty() {
            made.push(item);
        }
        for (name, value) in &group.values {
            self.variables.define(name, Text::author(value.clone()), None, false);
            if is_passed {
                continue;
            }
            made.push(pair(Text::author(name.clone()), place, text(value.clone(), place), place));
        }
    }
}

/// Returns an entry of a mapping of variables as an item of a list.
fn variable(entry: Entry) -> Node {
    if entry.is_gap() {
        return entry.value;
    }
    pair(entry.key, entry.key_span, entry.value, entry.key_span)
}

/// Returns the item `{name: …, value: …}`.
fn pair(name: Text, name_span: Span, value: Node, span: Span) -> Node {
    let name = Content::Scalar(Scalar::new(name, Kind::Text, name_span));
    let name = Node { span: name_span, origin: None, content: name };
    let entry = |key: &str, value: Node| Entry { key: key.into(), key_span: name_span, value };
    Node { span, origin: None, content: Content::Mapping(vec![entry("name", name), entry("value", value)]) }
}

fn text(value: Arc<str>, span: Span) -> Node {
    let scalar = Scalar::new(Text::author(value), Kind::Text, span);
    Node { span, origin: None, content: Content::Scalar(scalar) }
}
