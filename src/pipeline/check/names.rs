//! Stages, jobs of a stage, steps of a job and legs of a matrix have names of their own, compared
//! ignoring case (reference, sections 5.1 and 5.7).

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, shown};
use crate::pipeline::model::{Job, Pipeline, Placed, Stage};
use std::collections::HashMap;

/// Names that a deployment job can't have (reference, section 5.1).
const RESERVED: [&str; 2] = ["deploy", "deployment"];

pub(super) fn check(pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    unique(pipeline.stages.iter().filter_map(|stage| stage.name.as_ref()), "stages", diagnostics);
    for stage in &pipeline.stages {
        of_stage(stage, diagnostics);
    }
}

fn of_stage(stage: &Stage, diagnostics: &mut Diagnostics) {
    unique(stage.jobs.iter().filter_map(|job| job.name.as_ref()), "jobs of a stage", diagnostics);
    for job in &stage.jobs {
        reserved(job, diagnostics);
        unique(job.services.iter().map(|(name, _)| name), "services of a job", diagnostics);
        unique(job.steps.iter().filter_map(|step| step.name.as_ref()), "steps of a job", diagnostics);
        for hook in job.deployment.iter().flat_map(|deployment| &deployment.hooks) {
            unique(hook.steps.iter().filter_map(|step| step.name.as_ref()), "steps of a hook", diagnostics);
        }
    }
}

fn reserved(job: &Job, diagnostics: &mut Diagnostics) {
    let Some(name) = job.name.as_ref().filter(|_| job.deployment.is_some()) else { return };
    if RESERVED.iter().any(|word| word.eq_ignore_ascii_case(&name.value)) {
        let title = format!("`{}` can't be the name of a deployment job", shown(&name.value));
        let reserved = Diagnostic::error(Code::InvalidValue, title, name.span, "this word is reserved");
        diagnostics.push(reserved.help("choose another name"));
    }
}

pub(super) fn unique<'n>(names: impl Iterator<Item = &'n Placed<String>>, what: &str, diagnostics: &mut Diagnostics) {
    let mut seen: HashMap<String, Span> = HashMap::new();
    for name in names {
        if let Some(first) = seen.insert(name.value.to_ascii_lowercase(), name.span) {
            let title = format!("two {what} are called `{}`", shown(&name.value));
            let second = Diagnostic::error(Code::DuplicateName, title, name.span, "the second");
            diagnostics.push(second.related(first, "the first"));
        }
    }
}
