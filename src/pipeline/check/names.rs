//! Stages, jobs of a stage and steps of a job have names of their own, compared ignoring case
//! (reference, section 5.1).

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, shown};
use crate::pipeline::model::{Pipeline, Placed};
use std::collections::HashMap;

pub(super) fn check(pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    unique(pipeline.stages.iter().filter_map(|stage| stage.name.as_ref()), "stages", diagnostics);
    for stage in &pipeline.stages {
        unique(stage.jobs.iter().filter_map(|job| job.name.as_ref()), "jobs of a stage", diagnostics);
        for job in &stage.jobs {
            unique(job.steps.iter().filter_map(|step| step.name.as_ref()), "steps of a job", diagnostics);
        }
    }
}

fn unique<'n>(names: impl Iterator<Item = &'n Placed<String>>, what: &str, diagnostics: &mut Diagnostics) {
    let mut seen: HashMap<String, Span> = HashMap::new();
    for name in names {
        if let Some(first) = seen.insert(name.value.to_ascii_lowercase(), name.span) {
            let title = format!("two {what} are called `{}`", shown(&name.value));
            let second = Diagnostic::error(Code::DuplicateName, title, name.span, "the second");
            diagnostics.push(second.related(first, "the first"));
        }
    }
}
