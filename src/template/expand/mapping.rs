//! Mappings: directives bring keys, and values that define variables make them known.

use super::{Expansion, glue};
use crate::diagnostic::{Code, Diagnostic, Span, shown};
use crate::taint::Text;
use crate::template::part::{Element, Pair, Part};
use crate::template::place::Place;
use crate::template::value::{came_from, gap};
use crate::template::{BRANCHES_MAX, Content, Entry, Kind, Node};
use std::collections::HashMap;

/// Mappings with more keys than this look for double keys by hash.
const SMALL_MAPPING: usize = 16;

impl Expansion<'_> {
    /// Expands a mapping. Where it may define variables, these come first, whatever the order of
    /// the keys, so that its other values see them; they end with it.
    pub(super) fn mapping(&mut self, span: Span, elements: &[Element<Pair>], place: Place) -> Node {
        let mark = self.variables.mark();
        let mut early = None;
        if place.is_scope() || place == Place::File {
            let is_variables =
                |element: &Element<Pair>| matches!(element, Element::Own(pair) if has_key(pair, "variables"));
            if let Some(at) = elements.iter().position(is_variables)
                && let Element::Own(pair) = &elements[at]
            {
                let variables = self.part(&pair.value, Place::Variables);
                if !self.is_checked() && (variables.has_gap() || self.is_unknown(&variables)) {
                    self.variables.open_all();
                }
                early = Some((at, variables));
            }
        }
        let mut entries = Vec::with_capacity(elements.len());
        for (at, element) in elements.iter().enumerate() {
            match (early.take_if(|(place, _)| *place == at), element) {
                (Some((_, value)), Element::Own(pair)) => self.pair(pair, place, Some(value), &mut entries),
                (_, element) => self.element(element, place, &mut entries),
            }
        }
        if place == Place::Root {
            self.join_resources(&mut entries);
        }
        self.check_unique(&entries);
        self.count_one(span);
        if place.is_scope() {
            self.variables.reset(mark);
        }
        Node { span, origin: None, content: Content::Mapping(entries) }
    }

    /// Says whether an item is not to be looked at where each branch is: what it is depends on its first
    /// key, and a directive or an expression gives that. A key out of a payload is looked at: it is refused.
    pub(super) fn is_beyond_judging(&mut self, elements: &[Element<Pair>]) -> bool {
        if !self.is_checked() {
            return false;
        }
        match elements.first() {
            Some(Element::Own(pair)) if pair.key.is_fixed() => false,
            Some(Element::Own(pair)) => {
                let key = self.part(&pair.key, Place::Other);
                let is_tainted = |content: &Content| matches!(content, Content::Scalar(it) if it.text.is_tainted());
                key.origin.is_none() && !is_tainted(&key.content)
            }
            _ => true,
        }
    }

    fn element(&mut self, element: &Element<Pair>, place: Place, entries: &mut Vec<Entry>) {
        if self.spent.is_over() {
            return;
        }
        match element {
            Element::Own(pair) => self.pair(pair, place, None, entries),
            Element::Choice(branches) => {
                if let Some(body) = self.chosen(branches) {
                    self.bring_entries(body, place, entries);
                }
                let unseen = branches.get(BRANCHES_MAX).filter(|_| self.is_checked()).map(|branch| branch.body.span());
                if let Some(undecided) = unseen.or_else(|| self.undecided(branches)) {
                    self.leave_gap_of_keys(undecided, entries);
                }
            }
            Element::Each(each) => {
                self.turns(each, |expansion| expansion.bring_entries(&each.body, place, entries));
                if !self.is_settled(each.collection.span) {
                    self.leave_gap_of_keys(each.collection.span, entries);
                }
            }
            Element::Insert(part) => self.bring_entries(part, place, entries),
        }
    }

    /// Expands a key and its value, if that has not been done before its turn.
    fn pair(&mut self, pair: &Pair, place: Place, value: Option<Node>, entries: &mut Vec<Entry>) {
        let key = self.part(&pair.key, Place::Other);
        if self.spent.is_over() {
            return;
        }
        if !self.is_settled(key.span) {
            self.leave_gap_of_keys(key.span, entries);
        }
        let mut value = value.unwrap_or_else(|| self.part(&pair.value, place.member_of(&key)));
        // What is nothing now may be something in another run.
        let is_nothing = matches!(&value.content, Content::Scalar(scalar) if scalar.text.is_empty());
        if is_nothing && (self.is_checked() || self.is_in_every_run()) && !self.is_settled(value.span) {
            value = gap(value.span);
        }
        if self.is_unknown(&key) {
            return;
        }
        let key_span = key.span;
        let Content::Scalar(scalar) = key.content else {
            let title = format!("a key must be text, this is {}", key.describe());
            let label = "this is to be the key";
            let mistake = Diagnostic::error(Code::WrongType, title, pair.key.span(), label);
            self.report(key.origin.iter().fold(mistake, |it, origin| it.note(came_from(origin))));
            return;
        };
        // A number or a boolean of a payload is no text, but its place as a key is the payload's.
        let key = match (&key.origin, scalar.text.is_tainted()) {
            (Some(origin), false) => Text::tainted(scalar.text.flatten().into_owned(), origin.clone()),
            _ => scalar.text,
        };
        self.text_decided |= key.is_tainted();
        self.finish_entry(Entry { key, key_span, value }, place, entries);
    }

    /// Brings the keys below a directive into the mapping around it.
    pub(super) fn bring_entries(&mut self, body: &Part, place: Place, entries: &mut Vec<Entry>) {
        if let Part::Mapping { entries: elements, .. } = body {
            for element in elements {
                self.element(element, place, entries);
            }
            return;
        }
        let node = self.body(body, place);
        if !self.is_settled(body.span()) {
            self.leave_gap_of_keys(body.span(), entries);
        }
        match node.content {
            Content::Mapping(brought) => {
                for mut entry in brought {
                    entry.value = self.settled(entry.value, place.member(&entry.key.flatten()));
                    self.finish_entry(entry, place, entries);
                }
            }
            Content::Scalar(ref scalar) if scalar.kind == Kind::Null => {}
            _ => {
                self.not_spliced(body.span(), "a mapping", &node);
                self.leave_gap_of_keys(body.span(), entries);
            }
        }
    }

    /// Puts an expanded entry into its mapping.
    fn finish_entry(&mut self, entry: Entry, place: Place, entries: &mut Vec<Entry>) {
        match place {
            _ if entry.is_gap() => entries.push(entry),
            Place::Variables => {
                self.define(&entry.key, &entry.value);
                entries.push(entry);
            }
            Place::Root if entry.key.flatten() == "extends" => self.extend(entry, entries),
            _ => entries.push(entry),
        }
    }

    /// Finishes a value that was copied or came from an expression: templates that it names at
    /// places for them are put in, and its variables become known.
    pub(super) fn settled(&mut self, node: Node, place: Place) -> Node {
        if place == Place::Other || node.origin.is_some() {
            return node;
        }
        match node.content {
            Content::Sequence(items) if place.kind().is_some() => {
                let mut made = Vec::with_capacity(items.len());
                items.into_iter().for_each(|item| self.settle_item(item, place, &mut made));
                Node { content: Content::Sequence(made), ..node }
            }
            Content::Mapping(entries) if !matches!(place, Place::VariableItem | Place::Extends) => {
                let mark = self.variables.mark();
                let mut made = Vec::with_capacity(entries.len());
                for mut entry in entries {
                    entry.value = self.settled(entry.value, place.member(&entry.key.flatten()));
                    self.finish_entry(entry, place, &mut made);
                }
                if place.is_scope() {
                    self.variables.reset(mark);
                }
                Node { content: Content::Mapping(made), ..node }
            }
            _ => node,
        }
    }

    /// Copies a value without expressions.
    pub(super) fn fixed(&mut self, node: &Node, place: Place) -> Node {
        let was_copied = std::mem::replace(&mut self.is_copied, true);
        let node = self.settled(node.clone(), place);
        self.is_copied = was_copied;
        node
    }

    /// Makes the variable of an item of a list known.
    pub(super) fn define_item(&mut self, item: &Node) {
        if let (Some(Content::Scalar(name)), Some(value)) =
            (item.member("name").map(|name| &name.content), item.member("value"))
        {
            self.define(&name.text.clone(), value);
        }
    }

    fn define(&mut self, name: &Text, value: &Node) {
        self.text_decided |= name.is_tainted();
        if let Content::Scalar(scalar) = &value.content {
            let is_open = !self.is_checked() && self.is_open(value);
            self.variables.define(&name.flatten(), scalar.text.clone(), glue::any_origin(value), is_open);
        }
    }

    /// Reports keys that are there twice, ignoring case.
    pub(super) fn check_unique(&mut self, entries: &[Entry]) {
        let repeated: Vec<(usize, usize)> = if entries.len() <= SMALL_MAPPING {
            let same = |a: usize, b: usize| entries[a].key.flatten().eq_ignore_ascii_case(&entries[b].key.flatten());
            (1..entries.len()).filter_map(|at| Some(((0..at).find(|&first| same(first, at))?, at))).collect()
        } else {
            let mut seen = HashMap::new();
            let mut key = |at: usize| Some((seen.insert(entries[at].key.flatten().to_ascii_lowercase(), at)?, at));
            (0..entries.len()).filter_map(&mut key).collect()
        };
        for (first, second) in repeated.into_iter().filter(|(_, second)| !entries[*second].is_gap()) {
            let title = format!("the key `{}` is here twice", shown(&entries[second].key.flatten()));
            let duplicate = Diagnostic::error(Code::DuplicateKey, title, entries[second].key_span, "the second time");
            let duplicate = duplicate.related(entries[first].key_span, "the first time");
            let origin = entries[second].key.origin().or_else(|| entries[first].key.origin());
            self.report(origin.into_iter().fold(duplicate, |it, origin| it.note(came_from(origin))));
        }
    }
}

fn has_key(pair: &Pair, wanted: &str) -> bool {
    let Part::Fixed { node, .. } = &pair.key else { return false };
    matches!(&node.content, Content::Scalar(scalar) if scalar.text.flatten() == wanted)
}
