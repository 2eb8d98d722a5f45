//! What the shape of a pipeline alone does not say. One rule a file.

mod agentless;
mod called;
mod conditions;
mod decided;
mod dependencies;
pub(super) mod held;
mod inputs;
mod legs;
mod machine;
mod names;
pub(super) mod nul;
mod outputs;
mod pool;
pub(super) mod predefined;
mod resources;
mod run_name;
pub(super) mod runtime;
pub(super) mod scripts;
mod spanned;
mod tools;
mod variables;
mod view;

pub(super) use runtime::not_evaluated;

use super::model::Pipeline;
use super::{Need, ScriptRules};
use crate::diagnostic::Diagnostics;

/// Reports every mistake that a rule finds, and returns what payload text must look like where it
/// stands.
pub(super) fn check(pipeline: &Pipeline, scripts: &ScriptRules, diagnostics: &mut Diagnostics) -> Vec<Need> {
    names::check(pipeline, diagnostics);
    legs::check(pipeline, diagnostics);
    run_name::check(pipeline, diagnostics);
    agentless::check(pipeline, diagnostics);
    resources::check(pipeline, diagnostics);
    dependencies::check(pipeline, diagnostics);
    let graph = view::Graph::new(pipeline);
    conditions::check(&graph, diagnostics);
    runtime::check(pipeline, &graph, diagnostics);
    decided::check(pipeline, &graph, scripts, diagnostics);
    let held = held::of_jobs(pipeline);
    let unknown = (!scripts.has_values).then(|| held::of_none(pipeline));
    let held_where_known = unknown.as_ref().unwrap_or(&held);
    variables::check(pipeline, held_where_known, diagnostics);
    machine::check(pipeline, scripts.machine.as_deref(), diagnostics);
    pool::check(pipeline, scripts.machine.as_deref(), diagnostics);
    let mut needs = inputs::check(pipeline, held_where_known, diagnostics);
    needs.extend(tools::check(&held, scripts, diagnostics));
    needs.extend(scripts::check(pipeline, &held, scripts, diagnostics));
    needs
}
