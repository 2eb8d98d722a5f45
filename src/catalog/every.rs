//! What is wrong with every run of a pipeline, or with every use of a template.
//!
//! Nearly all mistakes have nothing to do with what a run is started with. They are those of an expansion in
//! which all that may be another in another run has no value: what an author wrote in plain words, what the
//! defaults of parameters make of it where nobody gives others, and constants.

use super::prepare::inputs;
use super::sure::{Doubt, is_cut_short};
use super::{Pipeline, Trigger, possible};
use crate::diagnostic::{Diagnostic, Diagnostics, SourceMap};
use crate::pipeline::{self, ScriptRules};
use crate::template::{Gaps, Inputs, Node, Template, TemplateKind};

/// Returns what is wrong with every run of a pipeline. `known` is what is known to be.
pub(super) fn of_pipeline(pipeline: &Pipeline, known: &Diagnostics) -> Diagnostics {
    let inputs = inputs(pipeline, &Trigger::default(), &mut Diagnostics::default());
    let mut found = Diagnostics::default();
    let (document, gaps) = pipeline.template.expand_what_is_sure(&inputs, &mut found);
    let rules = pipeline.scripts.rules_without_values(possible::UNJUDGED);
    examined(&document, &pipeline.name, &rules, &Apart::new(&pipeline.sources, known, gaps), found)
}

/// Returns what is wrong with every use of a template, if one knows no more of it.
pub(super) fn of_template(
    template: &Template,
    kind: TemplateKind,
    inputs: &Inputs,
    sources: &SourceMap,
    known: &Diagnostics,
) -> Diagnostics {
    let mut found = Diagnostics::default();
    let (document, gaps) = template.expand_alone_what_is_sure(kind, inputs, &mut found);
    examined(&document, "template", &ScriptRules::default(), &Apart::new(sources, known, gaps), found)
}

/// What has values, apart from what has none.
struct Apart<'s> {
    doubt: Doubt<'s>,
    gaps: Gaps,
}

impl<'s> Apart<'s> {
    fn new(sources: &'s SourceMap, known: &Diagnostics, gaps: Gaps) -> Self {
        Self { doubt: Doubt::of_gaps(sources, known), gaps }
    }
}

fn examined(
    document: &Node,
    name: &str,
    rules: &ScriptRules,
    apart: &Apart<'_>,
    mut found: Diagnostics,
) -> Diagnostics {
    // What an expansion has not come to is not missing.
    if is_cut_short(&found) {
        return found;
    }
    let mut of_document = Diagnostics::default();
    pipeline::examine(document, name, rules, &mut of_document);
    let had_values = |it: &Diagnostic| apart.doubt.had_values(it, document, &apart.gaps);
    let sure = apart.gaps.explain(of_document, apart.doubt.sources).into_iter().filter(had_values);
    sure.for_each(|mistake| found.push(apart.gaps.told(mistake)));
    found
}
