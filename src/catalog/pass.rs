//! Passes over a pipeline or a template in which each branch is taken once, whatever conditions say.
//!
//! What a pass finds missing is missing in every run only if no value could bring it: the documents of
//! passes have gaps where one could, and the checks are silent there. A mistake about something that is not
//! there is so if each pass that has the place at all finds it.

use crate::diagnostic::{Diagnostic, Diagnostics, SourceMap, Span};
use crate::pipeline::{self, ScriptRules};
use crate::template::{Content, Gaps, Node};

/// One expansion with one branch of each `if`, and what is wrong with it.
#[derive(Debug)]
pub(super) struct Pass {
    document: Node,
    pub(super) found: Diagnostics,
}

impl Pass {
    /// Examines a document in which branches were taken. `found` is what its expansion found.
    pub(super) fn new(
        (document, gaps): (Node, Gaps),
        (name, sources): (&str, &SourceMap),
        rules: &ScriptRules,
        mut found: Diagnostics,
    ) -> Self {
        pipeline::examine(&document, name, rules, &mut found);
        Self { document, found: gaps.explain(found, sources) }
    }

    /// Says whether the pass finds a mistake, or does not have its place.
    fn agrees(&self, mistake: &Diagnostic, place: Span) -> bool {
        let is_same = |it: &Diagnostic| {
            let is_there = it.primary.as_ref().is_some_and(|label| label.span == place);
            is_there && it.code == mistake.code && it.title == mistake.title
        };
        self.found.iter().any(is_same) || !has_place(&self.document, place)
    }
}

/// Says whether all passes agree that something is missing.
pub(super) fn agree(passes: &[Pass], mistake: &Diagnostic) -> bool {
    let Some(place) = mistake.primary.as_ref().map(|label| label.span) else { return false };
    passes.iter().all(|pass| pass.agrees(mistake, place))
}

/// Says whether a document has a key or a scalar at a place, or around it.
fn has_place(node: &Node, place: Span) -> bool {
    let is_around = |span: Span| span.source == place.source && span.start <= place.start && place.end <= span.end;
    match &node.content {
        Content::Scalar(_) => is_around(node.span),
        Content::Sequence(items) => {
            items.is_empty() && is_around(node.span) || items.iter().any(|it| has_place(it, place))
        }
        Content::Mapping(entries) => {
            let has = |key: Span, value: &Node| is_around(key) || has_place(value, place);
            entries.is_empty() && is_around(node.span) || entries.iter().any(|it| has(it.key_span, &it.value))
        }
    }
}
