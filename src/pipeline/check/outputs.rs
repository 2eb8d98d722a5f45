//! References to what other stages and jobs have set exist, and have the form that the job's kind
//! asks for (reference, section 5.6).

use super::view::{Dependencies, NamedJob, NamedStage, View};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, did_you_mean, shown};
use crate::expression::{Expression, Reference, Step};
use crate::pipeline::executable::{Capability, need};
use crate::pipeline::model::{Action, Condition, Deployment, FanOut, Job};
use crate::pipeline::plan::{Count, HookPoint, Rollout};
use crate::pipeline::value::is_name;

/// Reports references of an expression that lead nowhere, and what no worker can give yet.
pub(super) fn check(expression: &Expression, written: &Condition, view: &View<'_>, diagnostics: &mut Diagnostics) {
    for reference in expression.references() {
        let span = written.place(reference.range.clone());
        let known = diagnostics.len();
        match resolve(&reference, view) {
            Ok(false) => {}
            Ok(true) => {
                if let Some(capability) = capability(&reference) {
                    need(capability, span, diagnostics);
                }
            }
            Err(mistake) => {
                let wrong = Diagnostic::error(mistake.code, mistake.title, span, mistake.label);
                diagnostics.push(mistake.help.into_iter().fold(wrong, Diagnostic::help));
            }
        }
        if let Some(part) = written.part(reference.range.clone()) {
            diagnostics.locate(known, span, &part);
        }
    }
}

/// Returns what a worker must be able to do for a reference.
fn capability(reference: &Reference) -> Option<Capability> {
    reference.root.eq_ignore_ascii_case("resources").then_some(Capability::ResourcesContext)
}

pub(super) struct Mistake {
    code: Code,
    title: String,
    label: &'static str,
    help: Option<String>,
}

fn mistake(title: String, label: &'static str, help: Option<String>) -> Mistake {
    Mistake { code: Code::UnknownOutput, title, label, help }
}

/// Follows a reference. `false` means that its first member does not exist, which was reported
/// with the other names.
fn resolve(reference: &Reference, view: &View<'_>) -> Result<bool, Mistake> {
    let Some((first, rest)) = reference.steps.split_first() else { return Ok(true) };
    let is_called = |name: &str| is_member(first, name);
    let found = match (reference.root.to_ascii_lowercase().as_str(), &view.dependencies, &view.stages) {
        ("dependencies", Dependencies::Jobs(jobs), _) => {
            // What jobs of several stages see may have a name more than once.
            any_of(jobs.iter().filter(|job| is_called(&job.name)).map(|job| of_job(job, rest)))
        }
        ("dependencies", Dependencies::Stages(stages), _) => {
            stages.iter().find(|stage| is_called(&stage.name)).map(|stage| of_stage(stage, rest))
        }
        ("stagedependencies", _, Some(stages)) => {
            stages.iter().find(|stage| is_called(&stage.name)).map(|stage| of_stage_and_job(stage, rest))
        }
        ("pipeline", ..) => is_called("startTime").then_some(Ok(())),
        _ => Some(Ok(())),
    };
    found.transpose().map(|found| found.is_some())
}

/// Returns the first that is right, or else the first; `None` if there is none.
fn any_of(found: impl Iterator<Item = Result<(), Mistake>>) -> Option<Result<(), Mistake>> {
    found.reduce(|first, next| if first.is_ok() { first } else { next.or(first) })
}

/// `stageDependencies.Stage.Job.…`
fn of_stage_and_job(stage: &NamedStage<'_>, steps: &[Step]) -> Result<(), Mistake> {
    let Some((first, rest)) = steps.split_first() else { return Ok(()) };
    if is_member(first, "result") || stage.stage.has_gaps {
        return Ok(());
    }
    if is_member(first, "outputs") {
        let title = format!("`stageDependencies.{}` has jobs, and they have the outputs", stage.name);
        let form = format!("write `stageDependencies.{}.<job>.outputs['<step>.<variable>']`", stage.name);
        return Err(mistake(title, "a job's name is missing", Some(form)));
    }
    match stage.jobs.iter().find(|job| is_member(first, &job.name)) {
        Some(job) => of_job(job, rest),
        None => {
            let written = name(first);
            let title = format!("the stage `{}` has no job `{}`", stage.name, shown(&written));
            Err(mistake(title, "no such job", did_you_mean(&written, stage.jobs.iter().map(|job| job.name.as_str()))))
        }
    }
}

/// `dependencies.Stage.…` in the condition of a stage.
fn of_stage(stage: &NamedStage<'_>, steps: &[Step]) -> Result<(), Mistake> {
    let Some(key) = output_key(&stage.name, steps)? else { return Ok(()) };
    if stage.stage.has_gaps {
        return Ok(());
    }
    let (first, rest) = key.split_once('.').unwrap_or((&key, ""));
    match stage.jobs.iter().find(|job| job.name.eq_ignore_ascii_case(first)) {
        Some(job) if !rest.is_empty() => of_key(job, rest).map_err(|found| Mistake {
            help: found.help.map(|help| help.replace("['", &format!("['{}.", job.name))),
            ..found
        }),
        Some(job) => {
            let form = format!("write `outputs['{}.<step>.<variable>']`", job.name);
            Err(mistake(
                format!("`{}` names no output", shown(&key)),
                "the step and the variable are missing",
                Some(form),
            ))
        }
        None => {
            let title = format!("the stage `{}` has no job `{}`", stage.name, shown(first));
            let help = did_you_mean(first, stage.jobs.iter().map(|job| job.name.as_str()));
            let form = || "write `outputs['<job>.<step>.<variable>']`".to_owned();
            Err(mistake(title, "no such job", Some(help.unwrap_or_else(form))))
        }
    }
}

/// `dependencies.Job.…`
fn of_job(job: &NamedJob<'_>, steps: &[Step]) -> Result<(), Mistake> {
    match output_key(&job.name, steps)? {
        Some(key) => of_key(job, &key),
        None => Ok(()),
    }
}

/// Returns the key behind `outputs`, if there is one.
pub(super) fn output_key(of: &str, steps: &[Step]) -> Result<Option<String>, Mistake> {
    let Some((first, rest)) = steps.split_first() else { return Ok(None) };
    if is_member(first, "result") {
        return Ok(None);
    }
    if !is_member(first, "outputs") {
        let written = name(first);
        let title = format!("`{of}` has no member `{}` here", shown(&written));
        let help = did_you_mean(&written, ["result", "outputs"]);
        return Err(mistake(title, "only `result` and `outputs` are there", help));
    }
    match rest {
        [] => Ok(None),
        [Step::Member(key)] if key.contains('.') => Ok(Some(key.clone())),
        [first, others @ ..] => {
            let written: Vec<String> = std::iter::once(first).chain(others).map(name).collect();
            let title = format!("`{}` names no output", shown(&written.join(".")));
            let form = match written.as_slice() {
                [_] => "write `outputs['<step>.<variable>']`".to_owned(),
                parts => format!("write `outputs['{}']`: the key has a point in it", shown(&parts.join("."))),
            };
            Err(mistake(title, "an output has the names of its step and its variable", Some(form)))
        }
    }
}

/// `<step>.<variable>`, with what a job that became several puts before it.
fn of_key(job: &NamedJob<'_>, key: &str) -> Result<(), Mistake> {
    let parts: Vec<&str> = key.split('.').collect();
    if let Some(deployment) = &job.job.deployment {
        return of_deployment(job, deployment, &parts, key);
    }
    match job.job.strategy.as_ref().map(|strategy| &strategy.fan_out) {
        Some(FanOut::Matrix(legs)) if !legs.is_empty() => {
            let names = legs.iter().map(|leg| leg.name.value.as_str());
            if !names.clone().any(|leg| leg.eq_ignore_ascii_case(parts[0])) || parts.len() < 3 {
                let title =
                    format!("`{}` is a job for each leg of a matrix, and `{}` names none", job.name, shown(key));
                let leg = legs[0].name.value.as_str();
                let form = format!("write `outputs['{leg}.<step>.<variable>']` for the leg `{leg}`");
                let meant = did_you_mean(parts[0], names).filter(|_| parts.len() >= 3);
                return Err(mistake(title, "the name of a leg is missing", Some(meant.unwrap_or(form))));
            }
            of_step(job, parts[1])
        }
        Some(FanOut::Matrix(_)) | None => of_step(job, parts[0]),
        Some(FanOut::Slices(count)) => match (slice(parts[0]).filter(|_| parts.len() > 2), count) {
            (None, _) => of_step(job, parts[0]),
            (Some(number), Count::Known(count)) if !(1..=*count).contains(&number) => {
                let title = format!("`{}` has no slice `{}`", job.name, shown(parts[0]));
                Err(mistake(title, "no such slice", Some(format!("the slices are `Job1` to `Job{count}`"))))
            }
            (Some(_), _) => of_step(job, parts[1]),
        },
        Some(FanOut::Expression(_)) => Ok(()),
    }
}

/// Returns the number in `Job1`, `Job2`, …
fn slice(part: &str) -> Option<u32> {
    let (word, number) = part.split_at_checked("job".len())?;
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    (word.eq_ignore_ascii_case("job") && is_number).then(|| number.parse().ok()).flatten()
}

/// A deployment's outputs begin with the job's name, or with a hook and what it deployed to.
fn of_deployment(job: &NamedJob<'_>, deployment: &Deployment, parts: &[&str], key: &str) -> Result<(), Mistake> {
    let is_hook = |point: HookPoint| {
        let hook = point.key();
        let (first, rest) = parts[0].split_at_checked(hook.len()).unwrap_or((parts[0], ""));
        first.eq_ignore_ascii_case(hook) && (rest.is_empty() || rest.starts_with('_'))
    };
    let is_own = parts[0].eq_ignore_ascii_case(&job.name) && matches!(deployment.rollout, Rollout::RunOnce);
    if parts.len() >= 3 && (is_own || deployment.hooks.iter().any(|hook| is_hook(hook.point))) {
        return of_step(job, parts[1]);
    }
    let form = match deployment.rollout {
        Rollout::RunOnce => format!("write `outputs['{}.<step>.<variable>']`", job.name),
        Rollout::Rolling { .. } => "write `outputs['deploy_<resource>.<step>.<variable>']`".to_owned(),
        Rollout::Canary { .. } => "write `outputs['deploy_<increment>.<step>.<variable>']`".to_owned(),
    };
    let title = format!("`{}` is a deployment job, and `{}` is no output of one", job.name, shown(key));
    Err(mistake(title, "what comes before the step is missing", Some(form)))
}

/// A step without a name has that of its task, with a number from the second on (reference,
/// section 5.1).
fn of_step(job: &NamedJob<'_>, written: &str) -> Result<(), Mistake> {
    let names: Vec<&str> = job.job.all_steps().filter_map(|step| Some(step.name.as_ref()?.value.as_str())).collect();
    let is_known = names.iter().any(|name| name.eq_ignore_ascii_case(written));
    // A name that can't be one has been told, and may be what is meant.
    let is_misnamed = names.iter().any(|name| !is_name(name));
    if is_known || is_misnamed || job.job.has_gaps || unnamed(job.job).any(|task| is_numbered(task, written)) {
        return Ok(());
    }
    let title = format!("the job `{}` has no step `{}`", job.name, shown(written));
    let help = did_you_mean(written, names.iter().copied()).or_else(|| {
        let words = "give the step that sets the variable this `name`";
        names.is_empty().then(|| words.to_owned())
    });
    Err(mistake(title, "no such step", help))
}

fn unnamed(job: &Job) -> impl Iterator<Item = &str> {
    job.all_steps().filter(|step| step.name.is_none()).map(|step| match &step.action {
        Action::Script(script) => script.interpreter.task(),
        Action::Checkout(_) => "Checkout",
        Action::Task(task) => task.name.as_str(),
    })
}

fn is_numbered(task: &str, written: &str) -> bool {
    let (first, rest) = written.split_at_checked(task.len()).unwrap_or((written, ""));
    first.eq_ignore_ascii_case(task) && rest.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_member(step: &Step, wanted: &str) -> bool {
    matches!(step, Step::Member(name) if name.eq_ignore_ascii_case(wanted))
}

fn name(step: &Step) -> String {
    match step {
        Step::Member(name) => name.clone(),
        Step::Index(index) => index.to_string(),
    }
}
