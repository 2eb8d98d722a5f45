//! What one file does with payload text, given what is passed to it.

mod brought;

use super::ForeseenScript;
use super::passed::{Passed, below};
use super::written::{Place, Variable, Written};
use crate::diagnostic::{SourceMap, Span};
use crate::expression::{Expression, Macros, Reference, Step};
use crate::pipeline::check::scripts::Through;
use crate::shell::{
    ARGUMENTS, Background, Earlier, Language, Left, Links, Names, Outline, Piece, Script, analyse, environment_name,
};
use crate::taint::{Origin, Text};
use crate::template::{Found, find_expressions};
use crate::yaml::{Content, Entry, Locator, Node, Scalar};
use std::ops::Range;
use std::sync::Arc;

/// What stands in an outline for the author's own text that is not known before the expansion.
const UNKNOWN: &str = "value";

/// The most values and pieces of text of one value that is passed on. A template that passes itself a
/// parameter twice doubles it each time; of a larger one nothing is told.
const PASSED_MAX: usize = 1_000;

/// A place that names a template, and what is passed to it.
pub(super) struct Mention {
    pub(super) written: String,
    pub(super) arguments: Vec<(String, Passed)>,
}

pub(super) struct Finder<'f> {
    sources: &'f SourceMap,
    /// The alias of the webhook resource by which the payload comes.
    alias: &'f Arc<str>,
    parameters: &'f [(String, Passed)],
    variables: &'f [Variable],
    /// The variables of the loops around, with what is known of them.
    loops: Vec<(String, Passed)>,
    /// The author's own variables of all scopes, as they are in the environment.
    exported: Vec<(String, String)>,
    locator: Locator,
}

impl<'f> Finder<'f> {
    pub(super) fn new(
        sources: &'f SourceMap,
        alias: &'f Arc<str>,
        parameters: &'f [(String, Passed)],
        variables: &'f [Variable],
    ) -> Self {
        let (loops, exported) = (Vec::new(), Vec::new());
        Self { sources, alias, parameters, variables, loops, exported, locator: Locator::default() }
    }

    /// Returns the variables of all scopes that get payload text.
    pub(super) fn variables(mut self, document: &Node) -> Vec<Variable> {
        let mut found = Vec::new();
        self.walk(document, &mut |finder, node| {
            let Some(section) = node.member("variables") else { return };
            for (name, value) in named_values(section) {
                let (value, span) = (finder.written(value).settled(), value.span);
                if value.is_tainted() {
                    found.push(Variable { name, value, span });
                }
            }
        });
        found
    }

    /// Returns the templates that the file names.
    pub(super) fn mentions(mut self, document: &Node) -> Vec<Mention> {
        let mut found = Vec::new();
        self.walk(document, &mut |finder, node| {
            let Some(written) = node.member("template").and_then(Node::text) else { return };
            let arguments = node.member("parameters").and_then(Node::entries).unwrap_or_default().iter();
            let arguments = arguments.map(|entry| (key(entry).to_owned(), finder.passed(&entry.value)));
            let arguments = arguments.filter(|(_, value)| *value != Passed::Author).collect();
            found.push(Mention { written: written.to_string(), arguments });
        });
        found
    }

    /// Returns the scripts into which payload text comes, also by a file that an earlier step of the same list writes.
    pub(super) fn scripts(mut self, document: &Node) -> Vec<ForeseenScript> {
        let mut lists: Vec<Vec<ForeseenScript>> = vec![Vec::new()];
        let mut exported = Vec::new();
        self.walk(document, &mut |_, node| {
            let named = node.member("variables").map(named_values).unwrap_or_default();
            exported.extend(named.into_iter().map(|(name, value)| (environment_name(&name), author_text(value))));
        });
        self.exported = exported;
        self.walk(document, &mut |finder, node| {
            if node.member("steps").is_some() {
                lists.push(Vec::new());
            }
            lists.last_mut().expect("there is a list").extend(finder.script(node));
        });
        lists.into_iter().flat_map(with_files).filter(ForeseenScript::is_tainted).collect()
    }

    /// Calls `visitor` with each mapping, the loops around it known.
    fn walk(&mut self, node: &Node, visitor: &mut impl FnMut(&Self, &Node)) {
        match &node.content {
            Content::Scalar(_) => {}
            Content::Sequence(items) => items.iter().for_each(|item| self.walk(item, visitor)),
            Content::Mapping(entries) => {
                visitor(self, node);
                for entry in entries {
                    let looped = self.looped(key(entry));
                    // What a loop over nothing would bring is not there.
                    if looped.as_ref().is_some_and(|(_, values)| *values == Passed::Nothing) {
                        continue;
                    }
                    let is_loop = looped.is_some();
                    self.loops.extend(looped);
                    if key(entry) != "inputs" {
                        self.walk(&entry.value, visitor);
                    }
                    if is_loop {
                        self.loops.pop();
                    }
                }
            }
        }
    }

    /// Returns the variable of a key such as `${{ each x in parameters.hook.list }}`.
    fn looped(&self, key: &str) -> Option<(String, Passed)> {
        let inner = key.trim().strip_prefix("${{")?.strip_suffix("}}")?.trim().strip_prefix("each ")?;
        let (name, collection) = inner.split_once(" in ")?;
        let values = Expression::parse(collection).map_or(Passed::Author, |it| self.value(&it, collection).each());
        Some((name.trim().to_owned(), values))
    }

    /// Returns the script of a step, if a mapping is one.
    fn script(&self, node: &Node) -> Option<ForeseenScript> {
        let (language, value) = script_of(node)?;
        let script = self.with_macros(&self.written(value), value.span);
        let mut environment = self.environment(node, &script);
        if language == Language::Python {
            let words = node.member("inputs").and_then(|inputs| inputs.member("arguments"));
            let words = words.map(|words| self.with_macros(&self.written(words), words.span)).unwrap_or_default();
            environment.extend(words.holes.into_iter().map(|place| (ARGUMENTS.to_owned(), place)));
        }
        let (names, places) = environment.into_iter().unzip();
        let own = node.member("env").and_then(Node::entries).unwrap_or_default();
        let own = own.iter().map(|entry| (key(entry).to_owned(), author_text(&entry.value)));
        let all: Vec<_> = self.exported.iter().cloned().chain(own).collect();
        let background = Background::of(language, all.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let outline = Outline { language, pieces: script.pieces, segments: Vec::new(), environment: names, background };
        Some(ForeseenScript {
            alias: self.alias.clone(),
            outline,
            holes: script.holes,
            environment: places,
            span: value.span,
        })
    }

    /// Returns the variables of a step's environment that hold payload text and that its script names.
    fn environment(&self, step: &Node, script: &Written) -> Vec<(String, Place)> {
        let mut found: Vec<(String, Option<Place>)> = Vec::new();
        let exported = self.variables.iter().map(|it| (environment_name(&it.name), it.value.holes.first().cloned()));
        let own = step.member("env").and_then(Node::entries).unwrap_or_default().iter().map(|entry| {
            let value = self.with_macros(&self.written(&entry.value), entry.value.span);
            let place = value.holes.first().map(|place| Place { span: entry.key.span, ..place.clone() });
            (key(entry).to_owned(), place)
        });
        let names = Names::of(script.pieces.iter().filter_map(|piece| match piece {
            Piece::Author(text) => Some(&**text),
            Piece::Hole => None,
        }));
        for (name, place) in exported.chain(own).filter(|(name, _)| names.has(name)) {
            found.retain(|(earlier, _)| *earlier != name);
            found.push((name, place));
        }
        found.sort_by(|one, other| one.0.cmp(&other.0));
        found.into_iter().filter_map(|(name, place)| Some((name, place?))).collect()
    }

    /// Returns a scalar's text in pieces; none where it is too long to follow. Cutting it would make
    /// ever other texts of a template that passes itself what it got.
    fn written(&self, node: &Node) -> Written {
        let mut written = Written::default();
        let Content::Scalar(scalar) = &node.content else { return written };
        for found in find_expressions(&scalar.text) {
            match found {
                Found::Text(range) | Found::Unclosed(range) => written.author(&scalar.text[range]),
                Found::Expression { whole, inner } => {
                    let place = self.span(scalar, node.span, whole);
                    if !self.expression(&scalar.text[inner], place, &mut written) {
                        return Written::default();
                    }
                }
            }
        }
        written
    }

    /// Appends what is known of an expression's text, and says whether there was room for it.
    fn expression(&self, text: &str, place: Span, written: &mut Written) -> bool {
        let Ok(expression) = Expression::parse(text) else {
            written.author(UNKNOWN);
            return true;
        };
        match self.value(&expression, text) {
            Passed::Payload(origin) => written.hole(Place { span: place, origin, through: None }),
            Passed::Text(passed) if written.has_room_for(&passed) => written.append_from(&passed, place),
            Passed::Text(_) => return false,
            Passed::Nothing => {}
            _ => written.author(expression.literal_text().unwrap_or(UNKNOWN)),
        }
        true
    }

    fn span(&self, scalar: &Scalar, own: Span, range: Range<usize>) -> Span {
        self.sources.source(own.source).map_or(own, |source| self.locator.place(scalar, range, own, &source.text))
    }

    /// Returns the text at a place with the macros of tainted variables in place.
    fn with_macros(&self, text: &Written, place: Span) -> Written {
        let mut expanded = Written::default();
        let mut holes = text.holes.iter();
        for piece in &text.pieces {
            match piece {
                Piece::Author(text) => self.macros(text, place, &mut expanded),
                Piece::Hole => expanded.hole(holes.next().expect("each hole has its place").clone()),
            }
        }
        expanded
    }

    fn macros(&self, text: &str, place: Span, expanded: &mut Written) {
        let mut macros = Macros::of(text);
        while let Some(found) = macros.next() {
            if let Some(variable) = self.variable(found.name).filter(|it| expanded.has_room_for(&it.value)) {
                expanded.author(macros.accept(found));
                expanded.append_through(variable, place);
            }
        }
        expanded.author(macros.rest());
    }

    fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().rev().find(|it| it.name.eq_ignore_ascii_case(name))
    }

    /// Returns what is known of a value of the file.
    fn passed(&self, node: &Node) -> Passed {
        let mut left = PASSED_MAX;
        self.passed_within(node, &mut left)
    }

    /// Returns what is known of a value, and takes its size from what is left. A structure that
    /// directives make is not known, and neither is what is too large.
    fn passed_within(&self, node: &Node, left: &mut usize) -> Passed {
        if *left == 0 {
            return Passed::Author;
        }
        let value = self.passed_whole(node, left);
        if matches!(node.content, Content::Scalar(_)) {
            *left = left.saturating_sub(value.size());
        }
        if *left == 0 { Passed::Author } else { value }
    }

    fn passed_whole(&self, node: &Node, left: &mut usize) -> Passed {
        match &node.content {
            Content::Scalar(scalar) => match find_expressions(&scalar.text).as_slice() {
                [Found::Expression { inner, .. }] => {
                    let text = &scalar.text[inner.clone()];
                    Expression::parse(text).map_or(Passed::Author, |expression| self.value(&expression, text))
                }
                _ => match self.written(node) {
                    written if written.is_tainted() => Passed::Text(written),
                    _ => Passed::Author,
                },
            },
            Content::Sequence(items) if !items.iter().any(is_directed) => {
                Passed::list(items.iter().map(|item| self.passed_within(item, left)).collect())
            }
            Content::Mapping(entries) if !is_directed(node) => {
                let member = |entry: &Entry, left: &mut usize| self.passed_within(&entry.value, left);
                Passed::mapping(entries.iter().map(|it| (key(it).to_owned(), member(it, left))).collect())
            }
            Content::Sequence(_) | Content::Mapping(_) => Passed::Author,
        }
    }

    /// Returns what is known of an expression's value: exactly where it is a name with its members,
    /// else whether and from where payload text comes into it.
    fn value(&self, expression: &Expression, text: &str) -> Passed {
        if let [only] = expression.references().as_slice()
            && !only.open
            && text[only.range.clone()].len() == text.trim().len()
        {
            return self.named(only);
        }
        let carried = expression.carries(&|reference| self.named(reference).origin().is_some());
        match carried.and_then(|reference| self.named(&reference).origin()) {
            Some(origin) => Passed::Payload(origin),
            None => Passed::Author,
        }
    }

    fn named(&self, reference: &Reference) -> Passed {
        let root = reference.root.to_ascii_lowercase();
        if let Some((_, value)) = self.loops.iter().rev().find(|(name, _)| name.eq_ignore_ascii_case(&root)) {
            return match value {
                // A loop over a mapping has `key` and `value`, which the payload has not.
                Passed::Payload(_) => value.clone(),
                value => value.at(&reference.steps),
            };
        }
        let Some((Step::Member(first), rest)) = reference.steps.split_first() else { return Passed::Author };
        match root.as_str() {
            "parameters" => {
                let parameter = self.parameters.iter().find(|(name, _)| name.eq_ignore_ascii_case(first));
                parameter.map_or(Passed::Author, |(_, value)| value.at(rest))
            }
            "resources" if first.eq_ignore_ascii_case("webhooks") => self.about_delivery(rest),
            "variables" if rest.is_empty() => {
                self.variable(first).map_or(Passed::Author, |variable| Passed::Text(variable.value.clone()))
            }
            _ => Passed::Author,
        }
    }

    /// Returns what is known of what a delivery brings beside its payload: only its id is our own. Of an alias
    /// by which it has not come there is nothing.
    fn about_delivery(&self, steps: &[Step]) -> Passed {
        if matches!(steps.first(), Some(Step::Member(name)) if !name.eq_ignore_ascii_case(self.alias)) {
            return Passed::Nothing;
        }
        if matches!(steps.get(1), Some(Step::Member(name)) if name.eq_ignore_ascii_case("delivery")) {
            return Passed::Author;
        }
        let whole = Origin { alias: self.alias.clone(), path: "".into() };
        let place = below(&whole, steps.get(1..).unwrap_or_default());
        Passed::Payload(Arc::new(Origin::beside_payload(place.alias, &place.path)))
    }
}

/// Says whether a mapping has keys that expressions make, or an item of a list is an expression.
fn is_directed(node: &Node) -> bool {
    let has_expression = |text: &str| !matches!(find_expressions(text).as_slice(), [] | [Found::Text(_)]);
    node.entries().unwrap_or_default().iter().any(|entry| has_expression(key(entry)))
}

/// Returns a scalar's text as its author wrote it.
fn author_text(node: &Node) -> String {
    node.text().map(|text| text.to_string()).unwrap_or_default()
}

fn key(entry: &Entry) -> &str {
    entry.key.text().map_or("", |text| &**text)
}

/// Returns the variables of a `variables` section, written as a mapping or as a list.
fn named_values(section: &Node) -> Vec<(String, &Node)> {
    let of_mapping = section.entries().unwrap_or_default().iter().map(|entry| (key(entry).to_owned(), &entry.value));
    let of_list = section
        .items()
        .unwrap_or_default()
        .iter()
        .filter_map(|item| Some((item.member("name")?.text()?.to_string(), item.member("value")?)));
    of_mapping.chain(of_list).collect()
}

/// Adds the files of payload text to the scripts of a list of steps that name them.
fn with_files(mut scripts: Vec<ForeseenScript>) -> Vec<ForeseenScript> {
    let mut files: Vec<(Left, Place)> = Vec::new();
    let (mut links, mut earlier) = (Links::default(), Earlier::default());
    for at in 0..scripts.len() {
        let is_last = at + 1 == scripts.len();
        let script = &mut scripts[at];
        let outline = &mut script.outline;
        let text = outline.author().flatten().into_owned();
        outline.background = std::mem::take(&mut outline.background).after(&earlier, outline.language, &text);
        for piece in &script.outline.pieces {
            if let Piece::Author(text) = piece {
                links.add(text);
                earlier.add(text);
            }
        }
        for (left, place) in files.clone() {
            add_file(&mut files, &links, &left, &place);
        }
        if script.outline.language == Language::Bash {
            let author: Text = script.outline.author();
            let author = script.outline.background.with_startup(&author);
            let left = files.iter().filter_map(|(left, place)| Some((left, Script::left(&author, left)?, place)));
            for (file, left, place) in left {
                script.outline.environment.push(left);
                let through = Some(Through { name: Script::name_of_left(file.name()).into(), span: place.span });
                script.environment.push(Place { span: script.span, through, ..place.clone() });
            }
        }
        // What the last one writes, no other reads.
        if is_last || !script.is_tainted() {
            continue;
        }
        let analysis = analyse(&script.outline);
        for left in analysis.written() {
            let place = analysis.requirements().get(left.hole()).and_then(|hole| script.place(&hole.entrance));
            if let Some(place) = place {
                add_file(&mut files, &links, left, place);
            }
        }
    }
    scripts
}

/// Adds a file of payload text, by each of its names.
fn add_file(files: &mut Vec<(Left, Place)>, links: &Links, left: &Left, place: &Place) {
    for name in links.names(left.name()) {
        if !files.iter().any(|(known, _)| known.name() == name) {
            files.push((left.named(name), place.clone()));
        }
    }
}

/// Returns the language and the script of a step.
fn script_of(step: &Node) -> Option<(Language, &Node)> {
    match step.member("task").and_then(Node::text) {
        Some(task) => Some((Language::of_task(task)?, step.member("inputs")?.member("script")?)),
        None => step.entries()?.iter().find_map(|entry| Some((Language::of_keyword(key(entry))?, &entry.value))),
    }
}
