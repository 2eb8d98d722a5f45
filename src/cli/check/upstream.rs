//! What only shows where all pipelines are known together: names of others.

use crate::catalog::Pipeline;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, shown};

/// Warns of pipeline resources that name none of the pipelines that are served, where there are any.
pub(super) fn unknown(pipeline: &Pipeline, served: &[String], diagnostics: &mut Diagnostics) {
    for upstream in &pipeline.upstreams {
        let name = &upstream.pipeline;
        if served.is_empty() || served.contains(name) || pipeline.name == *name {
            continue;
        }
        let title = format!("there is no pipeline `{}` here", shown(name));
        let unknown = Diagnostic::warning(Code::UnknownPipeline, title, upstream.span, "it may have no runs");
        diagnostics.push(unknown.suggest(name, served.iter().map(String::as_str)));
    }
}
