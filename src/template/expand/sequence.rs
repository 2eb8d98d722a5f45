//! Lists: directives bring items, and a list from an expression is flattened one level.

use super::{Expansion, Loop, Turn, names, null};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::expression::{Array, Object, Places, Step, Usage, Value};
use crate::taint::{Origin, Text};
use crate::template::part::{Branch, Each, Element, Hole, Part};
use crate::template::place::Place;
use crate::template::step::restore;
use crate::template::value::Size;
use crate::template::{Branches, Content, Entry, Kind, Node, Scalar, value};
use std::sync::Arc;

impl Expansion<'_> {
    /// Expands the items of a list that stands at a place.
    pub(super) fn items(&mut self, items: &[Element<Part>], place: Place) -> Vec<Node> {
        let mut made = Vec::with_capacity(items.len());
        for item in items {
            self.item(item, place, &mut made);
        }
        made
    }

    fn item(&mut self, item: &Element<Part>, place: Place, made: &mut Vec<Node>) {
        if self.spent.is_over() {
            return;
        }
        match item {
            Element::Own(Part::Mapping { span, entries }) if self.is_beyond_judging(entries) => {
                self.leave_gap(*span, made);
            }
            Element::Own(Part::Unknown { span }) => {
                self.unknown(*span);
                self.leave_gap(*span, made);
            }
            Element::Own(Part::Whole(hole)) => {
                let value = self.evaluate(hole);
                if !self.is_settled(hole.span) {
                    self.leave_gap(hole.span, made);
                }
                let Some(value) = value else {
                    let known = self.partial_node(hole);
                    return known.into_iter().for_each(|list| self.splice(list, place, made));
                };
                let node = self.produced(hole, &value);
                match node.content {
                    Content::Sequence(_) => {
                        self.look_at_shape(&value);
                        self.splice(node, place, made);
                    }
                    _ => self.settle_item(node, place, made),
                }
            }
            Element::Own(part) => {
                let node = self.part(part, place.item());
                let was_copied = std::mem::replace(&mut self.is_copied, is_written_task(part));
                self.finish_item(node, place, made);
                self.is_copied = was_copied;
            }
            Element::Choice(branches) if self.is_checked() => {
                for branch in branches.iter().filter(|branch| !self.is_never_taken(branch)).collect::<Vec<_>>() {
                    self.bring(&branch.body, place, made);
                }
            }
            Element::Choice(branches) => {
                if let Some(body) = self.chosen(branches) {
                    self.bring(body, place, made);
                }
                if let Some(undecided) = self.undecided(branches) {
                    let names = names::brought(branches.iter().map(|branch| &branch.body), place);
                    self.leave_gap_for(names, undecided, made);
                }
            }
            Element::Each(each) => self.each_item(each, place, made),
            Element::Insert(part) => self.bring(part, place, made),
        }
    }

    /// Brings what stands below a directive into the list: the items of a list, or a mapping as
    /// one item. Nothing brings nothing.
    fn bring(&mut self, body: &Part, place: Place, made: &mut Vec<Node>) {
        match body {
            Part::Sequence { items, .. } => {
                for item in items {
                    self.item(item, place, made);
                }
            }
            Part::Mapping { span, entries } if self.is_beyond_judging(entries) => self.leave_gap(*span, made),
            Part::Mapping { .. } => {
                let node = self.part(body, place.item());
                self.finish_item(node, place, made);
            }
            Part::Fixed { .. } | Part::Whole(_) | Part::Mixed { .. } | Part::Unknown { .. } => {
                let node = self.body(body, place);
                if !self.is_settled(body.span()) {
                    self.leave_gap(body.span(), made);
                }
                match &node.content {
                    Content::Sequence(_) => self.splice(node, place, made),
                    Content::Mapping(_) => self.settle_item(node, place, made),
                    Content::Scalar(scalar) if scalar.kind == Kind::Null => {}
                    Content::Scalar(_) => {
                        self.not_spliced(body.span(), "a list or a mapping", &node);
                        self.leave_gap(body.span(), made);
                    }
                }
            }
        }
    }

    /// Expands the body of a directive that is no list or mapping of parts. What it comes to is
    /// finished by whoever puts it in place.
    pub(super) fn body(&mut self, body: &Part, place: Place) -> Node {
        match body {
            Part::Whole(hole) => match self.evaluate(hole) {
                Some(value) => {
                    self.look_at_shape(&value);
                    self.produced(hole, &value)
                }
                None => null(hole.span),
            },
            Part::Fixed { node, size } => {
                self.count(*size, node.span);
                node.clone()
            }
            other => self.part(other, place),
        }
    }

    pub(super) fn not_spliced(&mut self, place: Span, wanted: &str, found: &Node) {
        let title = format!("{wanted} must stand below a directive here, not {}", found.describe());
        let label = format!("this is {}", found.describe());
        let mut mistake = Diagnostic::error(Code::WrongType, title, place, label);
        mistake.notes.extend(found.origin.as_deref().map(value::came_from));
        self.report(mistake);
    }

    /// Puts the items of a produced list into the list around it. A value of a payload that
    /// carries no origin itself gets the one of its place in the list.
    fn splice(&mut self, list: Node, place: Place, made: &mut Vec<Node>) {
        let Content::Sequence(items) = list.content else { return };
        for (at, mut item) in items.into_iter().enumerate() {
            if item.origin.is_none() {
                item.origin = tainted(&item).or_else(|| list.origin.as_ref().map(|origin| Arc::new(origin.item(at))));
            }
            self.settle_item(item, place, made);
        }
    }

    /// Finishes an item that was copied or came from an expression, and puts it into its list.
    pub(super) fn settle_item(&mut self, item: Node, place: Place, made: &mut Vec<Node>) {
        let item = self.settled(item, place.item());
        self.finish_item(item, place, made);
    }

    /// Puts an expanded item into its list: a template and a group bring items of their own.
    fn finish_item(&mut self, item: Node, place: Place, made: &mut Vec<Node>) {
        if item.is_gap() {
            return made.push(item);
        }
        if self.has_open_name(&item, place) {
            let names = self.name_of(&item, place);
            self.leave_gap_for(names, item.span, made);
        }
        match place {
            Place::Steps if item.member("template").is_none() => {
                made.push(if self.is_copied { item } else { self.restored(item) });
            }
            Place::Variables if item.member("group").is_some() => self.group(item, made),
            _ if place.kind().is_some() && item.member("template").is_some() => self.template_item(item, place, made),
            Place::Variables => {
                self.define_item(&item);
                made.push(item);
            }
            _ => made.push(item),
        }
    }

    /// Returns a step in its short form, which is smaller than the task that was counted.
    fn restored(&mut self, step: Node) -> Node {
        if step.member("task").is_none() {
            return step;
        }
        let size = Size::of(&step);
        let step = restore(step);
        self.spent.shrink(size, Size::of(&step));
        step
    }

    /// Expands the turns of a loop. Where its body is a mapping, all turns make one item.
    fn each_item(&mut self, each: &Each, place: Place, made: &mut Vec<Node>) {
        if let Part::Mapping { entries, .. } = &each.body
            && self.is_beyond_judging(entries)
        {
            return self.leave_gap(each.collection.span, made);
        }
        let mut merged: Option<(Span, Vec<Entry>)> = None;
        self.turns(each, |expansion| match &each.body {
            Part::Mapping { span, .. } => {
                let entries = &mut merged.get_or_insert_with(|| (*span, Vec::new())).1;
                expansion.bring_entries(&each.body, place.item(), entries);
            }
            body => expansion.bring(body, place, made),
        });
        if let Some((span, mut entries)) = merged {
            if !self.is_settled(each.collection.span) {
                self.leave_gap_of_keys(each.collection.span, &mut entries);
            }
            self.check_unique(&entries);
            let node = Node { span, origin: None, content: Content::Mapping(entries) };
            self.finish_item(node, place, made);
        }
        if !self.is_settled(each.collection.span) {
            let names = names::brought(std::iter::once(&each.body), place);
            self.leave_gap_for(names, each.collection.span, made);
        }
    }

    /// Calls `turn` for each element of a loop's collection, its value known by the loop's name.
    pub(super) fn turns(&mut self, each: &Each, turn: impl FnMut(&mut Self)) {
        let mut collection = self.evaluate(&each.collection);
        let partial = if collection.is_none() { self.partial(&each.collection) } else { None };
        let open_mark = self.frame().open_loops.len();
        let mut open: Arc<[bool]> = [].into();
        if let Some(partial) = partial {
            (collection, open) = (Some(Value::Array(partial.items)), partial.open);
        } else if !self.is_settled(each.collection.span) {
            self.frame().open_loops.push(each.variable.clone());
        }
        self.turns_of(each, collection, &open, turn);
        self.frame().open_loops.truncate(open_mark);
    }

    /// Makes the turns. Of items that are `open` a part is not known.
    fn turns_of(&mut self, each: &Each, collection: Option<Value>, open: &[bool], mut turn: impl FnMut(&mut Self)) {
        if self.is_checked() && collection.as_ref().is_none_or(has_no_turn) {
            let scalar = collection.filter(|it| !matches!(it, Value::Array(_) | Value::Object(_)));
            return self.turn_with(each, scalar.unwrap_or(Value::Null), turn);
        }
        let Some(collection) = collection else { return };
        self.look_at_shape(&collection);
        let origin = collection.origin().cloned();
        let turns: Box<dyn ExactSizeIterator<Item = (Value, Option<Arc<Origin>>)>> = match &collection {
            Value::Null | Value::Absent(_) => return,
            Value::Array(array) => Box::new(items_of(array, origin.clone())),
            Value::Object(object) => Box::new(pairs_of(object)),
            other => return self.not_a_collection(&each.collection, other),
        };
        let touched = self.number_from(&each.collection).map(|origin| (each.variable.clone(), origin));
        let frame = self.frame();
        let (marks, touched_mark, open_mark) = (frame.origins.len(), frame.touched.len(), frame.open_loops.len());
        frame.touched.extend(touched);
        let places = places_of(&collection);
        frame.turns.push(Turn { name: each.variable.clone(), place: None, collection: collection.clone() });
        self.loops.push(Loop { span: each.collection.span, turns: turns.len(), origin });
        for (at, (value, origin)) in turns.enumerate() {
            self.spent.turn();
            self.check_spent(each.collection.span);
            if self.spent.is_over() {
                break;
            }
            let frame = self.frame();
            frame.context.set(each.variable.clone(), value);
            frame.open_loops.truncate(open_mark);
            frame.open_loops.extend(open.get(at).filter(|is_open| **is_open).map(|_| each.variable.clone()));
            frame.origins.truncate(marks);
            frame.origins.extend(origin.map(|origin| (each.variable.clone(), origin)));
            if let Some(turn) = frame.turns.last_mut() {
                turn.place = places.get(at).copied();
            }
            turn(self);
        }
        self.loops.pop();
        let frame = self.frame();
        frame.turns.pop();
        frame.context.remove(&each.variable);
        frame.origins.truncate(marks);
        frame.touched.truncate(touched_mark);
    }

    /// Makes the turn of a loop that has none, to see what it would bring. What the body reads of its value
    /// is what there is in place of the collection: a text of a payload where that was one.
    fn turn_with(&mut self, each: &Each, scalar: Value, turn: impl FnOnce(&mut Self)) {
        let mut read = Vec::new();
        each.body.visit(&mut |expression| read.extend(expression.references()));
        let read: Vec<&[Step]> =
            read.iter().filter(|it| it.root.eq_ignore_ascii_case(&each.variable)).map(|it| &*it.steps).collect();
        let origin = scalar.origin().cloned().or_else(|| self.chain_origin(&each.collection, &scalar));
        let frame = self.frame();
        let mark = frame.origins.len();
        frame.origins.extend(origin.map(|origin| (each.variable.clone(), origin)));
        frame.context.set(each.variable.clone(), shaped(&read, &scalar));
        turn(self);
        let frame = self.frame();
        frame.origins.truncate(mark);
        frame.context.remove(&each.variable);
    }

    /// Says whether no run takes a branch: what its condition looks at is the same in every run, since a loop goes
    /// through it or an author passed it to a template, and the condition does not hold.
    fn is_never_taken(&self, branch: &Branch) -> bool {
        let Some((hole, frame)) = branch.condition.as_ref().zip(self.frames.last()) else { return false };
        let is_given = |root: &str| {
            frame.turns.iter().any(|turn| turn.name.eq_ignore_ascii_case(root))
                || frame.named_at.is_some() && root.eq_ignore_ascii_case("parameters")
        };
        let reads_given = hole.expression.references().iter().any(|it| is_given(&it.root));
        let value = || hole.expression.evaluate_counted(&frame.context, &mut Usage::default());
        let is_settled = reads_given && !hole.reads_variables && !self.may_differ(hole);
        is_settled && value().is_ok_and(|value| !value.is_truthy())
    }

    fn not_a_collection(&mut self, hole: &Hole, value: &Value) {
        let title = format!("`each` goes through a list or a mapping, not {}", value.kind_name());
        let label = format!("this is {}", value.describe());
        let mut mistake = Diagnostic::error(Code::WrongType, title, hole.span, label);
        mistake.notes.extend(value.origin().map(|origin| value::came_from(origin)));
        self.report(mistake);
        self.unknown.insert(hole.span);
    }

    /// Returns the body of the first branch whose condition holds; where each is to be looked at, of the
    /// one whose turn it is.
    pub(super) fn chosen<'p>(&mut self, branches: &'p [Branch]) -> Option<&'p Part> {
        if let Branches::Each(at) = self.inputs.branches {
            let branch = branches.get(at).or(branches.last()).filter(|branch| !self.is_never_taken(branch));
            return branch.map(|branch| &branch.body);
        }
        for branch in branches {
            match &branch.condition {
                None => return Some(&branch.body),
                // Where a condition can't be evaluated, none of the branches is taken.
                Some(hole) => {
                    let value = self.evaluate(hole)?;
                    self.look_at(&value);
                    self.tell_decision(hole, value.is_truthy());
                    if value.is_truthy() {
                        return Some(&branch.body);
                    }
                }
            }
        }
        None
    }
}

/// Says whether a step is a task because its author wrote so, and not since it went through a
/// parameter.
fn is_written_task(step: &Part) -> bool {
    match step {
        Part::Fixed { .. } => true,
        Part::Mapping { entries, .. } => matches!(entries.first(), Some(Element::Own(pair)) if pair.key.is_fixed()),
        _ => false,
    }
}

/// Returns a value that has a scalar at each of some places, as far as these are members.
fn shaped(places: &[&[Step]], scalar: &Value) -> Value {
    let mut members: Vec<(&str, Vec<&[Step]>)> = Vec::new();
    for place in places {
        let [Step::Member(name), rest @ ..] = place else { return scalar.clone() };
        match members.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, inside)) => inside.push(rest),
            None => members.push((name, vec![rest])),
        }
    }
    if members.is_empty() {
        return scalar.clone();
    }
    Value::object(members.iter().map(|(name, inside)| (*name, shaped(inside, scalar))))
}

/// Says whether a loop through a value has no turn.
fn has_no_turn(value: &Value) -> bool {
    match value {
        Value::Array(array) => array.items().is_empty(),
        Value::Object(object) => object.is_empty(),
        _ => true,
    }
}

/// Returns the items of a list, each with its place in a payload if the list came from one.
fn items_of(
    array: &Array,
    origin: Option<Arc<Origin>>,
) -> impl ExactSizeIterator<Item = (Value, Option<Arc<Origin>>)> + '_ {
    array.items().iter().enumerate().map(move |(at, item)| {
        let place = || origin.as_ref().map(|origin| Arc::new(origin.item(at)));
        (item.clone(), item.origin().cloned().or_else(place))
    })
}

/// Returns the places of the items of a list, if an author wrote it.
fn places_of(collection: &Value) -> &[Span] {
    match collection {
        Value::Array(array) => array.places().map_or(&[], |places| &places.values),
        _ => &[],
    }
}

/// Returns the keys and values of a mapping as objects with `key` and `value`, which have the places of these.
fn pairs_of(object: &Arc<Object>) -> impl ExactSizeIterator<Item = (Value, Option<Arc<Origin>>)> + '_ {
    object.iter().enumerate().map(|(at, (key, value))| {
        let pair: Object = [("key", Value::String(key.clone())), ("value", value.clone())].into_iter().collect();
        let places = object.places().and_then(|places| Some((*places.keys.get(at)?, *places.values.get(at)?)));
        let pair = match places {
            Some((key, value)) => pair.with_places(Places { keys: vec![key, key], values: vec![key, value] }),
            None => pair,
        };
        let origin = value.origin().cloned().or_else(|| key.origin().cloned());
        (pair.into(), origin)
    })
}

fn tainted(node: &Node) -> Option<Arc<Origin>> {
    match &node.content {
        Content::Scalar(Scalar { text, .. }) => Text::origin(text).cloned(),
        _ => None,
    }
}
