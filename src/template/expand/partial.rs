//! Lists of which a part is in every run.
//!
//! What a file passes to a template may have items that are known beside others that are not:
//! `stages: [{stage: one}, ${{ each v in parameters.versions }}: …]`. Whatever the others will be, the template
//! gets the known ones, so that a mistake which it makes with them is in every run. Only checks of what every run has
//! look at such a list; for all others it has no value.

use super::Expansion;
use crate::expression::{Array, Step, Value};
use crate::template::part::Hole;
use crate::template::value::{Size, gap, to_node};
use crate::template::{Content, Node};
use std::sync::Arc;

/// The items of a list that are known.
pub(super) struct Partial {
    pub(super) items: Array,
    /// For each of them, whether a part of it is not known.
    pub(super) open: Arc<[bool]>,
}

impl Expansion<'_> {
    /// Returns for each item that is known of a list which is passed on whether a part of it is not.
    pub(super) fn open_items(&self, list: &Node) -> Option<Arc<[bool]>> {
        match &list.content {
            Content::Sequence(items) if self.is_in_every_run() => {
                Some(items.iter().filter(|item| !item.is_gap()).map(|item| self.is_open(item)).collect())
            }
            _ => None,
        }
    }

    /// Returns what is known of a list that an expression names and that is not known whole.
    pub(super) fn partial(&self, hole: &Hole) -> Option<Partial> {
        let chain = hole.chain.as_ref().filter(|chain| chain.root.eq_ignore_ascii_case("parameters"))?;
        let [Step::Member(name)] = chain.steps.as_slice() else { return None };
        let frame = self.frames.last()?;
        let (_, open) = frame.partial.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        let Value::Object(parameters) = frame.context.value("parameters")? else { return None };
        let Value::Array(items) = parameters.member(name)? else { return None };
        (items.items().len() == open.len()).then(|| Partial { items: items.clone(), open: open.clone() })
    }

    /// Returns the same as a node with a gap for what is not known.
    pub(super) fn partial_node(&mut self, hole: &Hole) -> Option<Node> {
        let Partial { items, open } = self.partial(hole)?;
        let place = |at: usize| items.places().and_then(|places| places.values.get(at)).copied();
        let known = items.items().iter().zip(&*open).enumerate();
        let known = known.filter(|(_, (_, is_open))| !**is_open);
        let mut nodes: Vec<Node> = known.map(|(at, (item, _))| to_node(item, place(at).unwrap_or(hole.span))).collect();
        nodes.push(gap(hole.span));
        // The place of the expression itself counts as one that has no value.
        let node = Node { span: hole.text_span, origin: None, content: Content::Sequence(nodes) };
        self.count(Size::of(&node), hole.span);
        Some(node)
    }
}
