//! Keys that are directives, and what they bring.

use super::Compiler;
use crate::diagnostic::{Code, Diagnostic, Span, shown};
use crate::template::directive::{self, Directive};
use crate::template::hole::{self, Found};
use crate::template::part::{Branch, Each, Element, Hole, Part};
use crate::template::place::Place;
use crate::yaml;
use std::ops::Range;

/// A directive and where in the key's text the text between its braces begins; `None` for one
/// that has been reported.
pub(super) struct Read {
    directive: Option<Directive>,
    base: usize,
    /// Whether it goes on with the choice before it.
    continues: bool,
}

impl Read {
    /// Says whether it goes on with the choice that the element before is.
    fn goes_on<T>(&self, elements: &[Element<T>]) -> bool {
        self.continues && matches!(elements.last(), Some(Element::Choice(_)))
    }
}

impl Compiler<'_> {
    /// Returns the directive that is the whole key of an entry. A malformed one is reported, and
    /// then its entry brings nothing.
    pub(super) fn directive(&mut self, entry: &yaml::Entry) -> Option<Read> {
        let yaml::Content::Scalar(scalar) = &entry.key.content else { return None };
        let unread = |meant: &str| Read { directive: None, base: 0, continues: meant.starts_with("${{ else") };
        if entry.key.is_unread_key() {
            let source = self.sources.source(entry.key.span.source)?;
            let written = source.text.get(entry.key.span.range())?;
            return directive::with_braces(written).map(|meant| unread(&meant));
        }
        if let Some(meant) = scalar.text.strip_prefix('-').filter(|text| is_directive(text)) {
            let title = "a dash before a directive has a blank behind it";
            let joined = Diagnostic::error(Code::Directive, title, entry.key.span, "this is one key, and no item");
            self.diagnostics.push(joined.help(format!("write `- {}:`", shown(meant))));
            return Some(unread(meant));
        }
        let Some(inner) = whole_expression(&scalar.text) else {
            let meant = directive::with_braces(&scalar.text)?;
            self.without_braces(&scalar.text, entry.key.span, &meant);
            return Some(unread(&meant));
        };
        let text = &scalar.text[inner.clone()];
        let lone = || directive::lone(text).filter(|_| !self.scope.has_name(text.trim())).map(Err);
        match directive::read(text).or_else(lone)? {
            Ok(directive) => Some(Read { directive: Some(directive), base: inner.start, continues: false }),
            Err(malformed) => {
                let range = inner.start + malformed.range.start..inner.start + malformed.range.end;
                let place = self.place(scalar, entry.key.span, range);
                let mistake = Diagnostic::error(Code::Directive, malformed.title, place, "");
                self.diagnostics.push(mistake.help(malformed.help));
                Some(Read { directive: None, base: inner.start, continues: false })
            }
        }
    }

    /// Reports a directive whose braces are not those that it needs.
    fn without_braces(&mut self, text: &str, place: Span, meant: &str) {
        let (title, label) = match text.trim() {
            text if text.starts_with("${{") && !text.ends_with("}}") => {
                ("the expression is not closed by `}}`", "it begins here")
            }
            text if text.starts_with("${") && !text.starts_with("${{") => {
                ("this is text and no expression: a `{` is missing", "this is not evaluated")
            }
            _ => ("this is text and no directive, which stands between `${{` and `}}`", "this is not evaluated"),
        };
        let mistake = Diagnostic::error(Code::ExpressionSyntax, title, place, label);
        self.diagnostics.push(mistake.help(format!("write `{}:`", shown(meant))));
    }

    /// Adds what a directive brings. `unknown` takes the place of what nobody knows, since there is a mistake in the
    /// directive.
    pub(super) fn directed<T>(
        &mut self,
        entry: &yaml::Entry,
        read: Read,
        place: Place,
        elements: &mut Vec<Element<T>>,
        unknown: Element<T>,
    ) {
        let yaml::Content::Scalar(scalar) = &entry.key.content else { return };
        let at = |range: Range<usize>| read.base + range.start..read.base + range.end;
        // What goes on with no choice is told as that.
        let goes_on = matches!(read.directive, Some(Directive::ElseIf(_) | Directive::Else));
        if entry.value.is_empty_plain() && (!goes_on || is_open_choice(elements)) {
            self.hollow(entry, read.directive.as_ref(), &scalar.text[read.base..]);
        }
        match read.directive {
            // An `else` that follows belongs to it all the same.
            None => {
                self.below_unread(&entry.value, place);
                if read.goes_on(elements) {
                    // The choice stays the last one.
                    elements.insert(elements.len() - 1, unknown);
                } else {
                    elements.extend([unknown, Element::Choice(Vec::new())]);
                }
            }
            Some(Directive::If(range)) => {
                let condition = self.hole(scalar, entry.key.span, at(range), entry.key.span).map(asking);
                let body = self.body(&entry.value, place);
                let branch = condition.map(|hole| Branch { condition: Some(hole), body });
                if branch.is_none() {
                    elements.push(unknown);
                }
                elements.push(Element::Choice(branch.into_iter().collect()));
            }
            Some(Directive::ElseIf(range)) => {
                let condition = self.uncertain(|it| it.hole(scalar, entry.key.span, at(range), entry.key.span));
                let condition = condition.map(asking);
                let body = self.body(&entry.value, place);
                let is_broken = condition.is_none();
                if let Some(branches) = self.open_choice("elseif", entry, elements) {
                    branches.extend(condition.map(|hole| Branch { condition: Some(hole), body }));
                    if is_broken {
                        elements.insert(elements.len() - 1, unknown);
                    }
                } else {
                    elements.extend([unknown, Element::Choice(Vec::new())]);
                }
            }
            Some(Directive::Else) => {
                let body = self.body(&entry.value, place);
                if let Some(branches) = self.open_choice("else", entry, elements) {
                    branches.push(Branch { condition: None, body });
                } else {
                    // What follows it may be meant to go on with the same choice.
                    elements.extend([unknown, Element::Choice(Vec::new())]);
                }
            }
            Some(Directive::Each { variable, collection }) => {
                let collection = self.hole(scalar, entry.key.span, at(collection), entry.key.span);
                let name = scalar.text[at(variable.clone())].to_owned();
                self.check_loop_name(&name, scalar, entry.key.span, at(variable));
                let body = self.within_loop(&name, |it| it.body(&entry.value, place));
                elements.push(match collection {
                    Some(collection) => Element::Each(Each { variable: name.into(), collection, body }),
                    None => unknown,
                });
            }
            Some(Directive::Insert) => elements.push(Element::Insert(self.part(&entry.value, place))),
        }
    }

    /// Warns of a directive below which nothing stands. What was meant to stand below a loop may stand beside it,
    /// and knows its name.
    fn hollow(&mut self, entry: &yaml::Entry, directive: Option<&Directive>, text: &str) {
        let (word, variable) = match directive {
            Some(Directive::If(_)) => ("if", None),
            Some(Directive::ElseIf(_)) => ("elseif", None),
            Some(Directive::Else) => ("else", None),
            Some(Directive::Each { variable, .. }) => ("each", Some(&text[variable.clone()])),
            Some(Directive::Insert) | None => return,
        };
        let title = format!("nothing stands below the directive `{word}`");
        let hollow = Diagnostic::warning(Code::Directive, title, entry.key.span, "it brings nothing");
        let hollow = hollow.help("move what it is about further to the right than it");
        match variable {
            Some(name) => {
                self.scope = self.scope.clone().with_name(name);
                self.hollow_loops.push((name.to_owned(), hollow));
            }
            None => self.diagnostics.push(hollow),
        }
    }

    /// Compiles what stands below a directive that could not be read. It may have been a loop, so that any name
    /// may be that of its value.
    fn below_unread(&mut self, node: &yaml::Node, place: Place) {
        let before = std::mem::take(self.diagnostics);
        self.body(node, place);
        let found = std::mem::replace(self.diagnostics, before);
        found.into_iter().filter(|it| it.code != Code::UnknownName).for_each(|it| self.diagnostics.push(it));
    }

    /// Returns the choice that the element before is, which an `elseif` or `else` continues.
    fn open_choice<'e, T>(
        &mut self,
        word: &str,
        entry: &yaml::Entry,
        elements: &'e mut [Element<T>],
    ) -> Option<&'e mut Vec<Branch>> {
        let is_open = is_open_choice(elements);
        match elements.last_mut() {
            Some(Element::Choice(branches)) if is_open => Some(branches),
            _ => {
                let title = format!("`{word}` does not follow an `if` or `elseif`");
                let label = "the element before this one is no `if`";
                let help = "put it right behind the `if`, in the same list or mapping";
                self.diagnostics.push(Diagnostic::error(Code::Directive, title, entry.key.span, label).help(help));
                None
            }
        }
    }

    /// Compiles the value of a directive: it stands at the place of what is around it.
    fn body(&mut self, node: &yaml::Node, place: Place) -> Part {
        self.uncertain(|it| {
            if node.entries().is_some() {
                // As an item of a list, or as keys of a mapping: both mean the same templates.
                it.mention(node, place);
                let place = if node_is_item(place) { place.item() } else { place };
                return it.part(node, place);
            }
            it.part(node, place)
        })
    }

    fn uncertain<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let was_certain = std::mem::replace(&mut self.is_certain, false);
        let result = work(self);
        self.is_certain = was_certain;
        result
    }

    pub(super) fn within_loop<T>(&mut self, name: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        let outside = self.scope.clone();
        self.scope = outside.clone().with_name(name);
        self.loop_names.push(name.to_owned());
        let result = work(self);
        self.loop_names.pop();
        self.scope = outside;
        result
    }

    /// Reports a loop's name that is taken (reference, section 2.3).
    fn check_loop_name(&mut self, name: &str, scalar: &yaml::Scalar, span: Span, range: Range<usize>) {
        let contexts = ["parameters", "variables", "resources"];
        let is_context = contexts.iter().any(|context| context.eq_ignore_ascii_case(name));
        if is_context || self.loop_names.iter().any(|outer| outer.eq_ignore_ascii_case(name)) {
            let title = format!("`{name}` is already defined");
            let place = self.place(scalar, span, range);
            let label = if is_context { "this names something else here" } else { "a loop around this has the name" };
            let mistake = Diagnostic::error(Code::DuplicateName, title, place, label);
            self.diagnostics.push(mistake.help("give the loop's value another name"));
        }
    }
}

/// Says whether the last element is a choice that an `elseif` or `else` may go on with.
fn is_open_choice<T>(elements: &[Element<T>]) -> bool {
    let has_condition = |branch: &Branch| branch.condition.is_some();
    matches!(elements.last(), Some(Element::Choice(branches)) if branches.iter().all(has_condition))
}

/// Returns the expression of an `if`: a member that it reads may be missing.
fn asking(hole: Hole) -> Hole {
    Hole { members: Box::default(), ..hole }
}

/// Returns the one entry of a mapping that has no other.
pub(super) fn one_key(item: &yaml::Node) -> Option<&yaml::Entry> {
    match item.entries()? {
        [entry] => Some(entry),
        _ => None,
    }
}

/// Returns what stands between the braces of a text that is one expression and nothing else.
fn whole_expression(text: &str) -> Option<Range<usize>> {
    if !hole::has_expression(text) {
        return None;
    }
    match <[Found; 1]>::try_from(hole::find(text)) {
        Ok([Found::Expression { inner, .. }]) => Some(inner),
        _ => None,
    }
}

/// Says whether a text is one directive and nothing else.
fn is_directive(text: &str) -> bool {
    whole_expression(text).is_some_and(|inner| matches!(directive::read(&text[inner]), Some(Ok(_))))
}

/// Says whether a mapping at a place is an item of a list there.
fn node_is_item(place: Place) -> bool {
    matches!(place, Place::Stages | Place::Jobs | Place::Steps)
}
