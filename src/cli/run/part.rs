//! A part of a run: only some stages, jobs or steps.
//!
//! Stages and jobs that are not asked for are taken out of the plan, with what others wait for;
//! steps are skipped. What a job would have got from one that does not run is empty, and said. A condition that
//! asks how such a one ended has no answer: the part that is asked for runs without it.

use crate::cli::failure::Failure;
use crate::diagnostic::{did_you_mean, shown};
use crate::pipeline::plan::{Action, Job, Plan, Stage, Step};
use clap::Args;

/// A condition that never holds.
const NEVER: &str = "false";

/// Which part; nothing is everything. Names ignore case.
#[derive(Debug, Args)]
pub(in crate::cli) struct Wanted {
    /// Run this stage only; may be given more than once
    #[arg(long = "stage", value_name = "NAME")]
    stages: Vec<String>,
    /// Run this job only, in whatever stage it is; may be given more than once
    #[arg(long = "job", value_name = "NAME")]
    jobs: Vec<String>,
    /// Run this step only, by its name or as the log shows it (step2); may be given more than once
    #[arg(long = "step", value_name = "NAME")]
    steps: Vec<String>,
}

impl Wanted {
    /// Leaves in the plan what is asked for, and returns what to say about the rest.
    pub(super) fn narrow(&self, plan: &mut Plan) -> Result<Vec<String>, Failure> {
        let Self { stages, jobs, steps } = self;
        if !stages.is_empty() {
            find_all("stage", stages, plan.stages.iter().map(|stage| stage.name.as_str()))?;
            plan.stages.retain(|stage| is_among(&stage.name, stages));
        }
        if !jobs.is_empty() {
            find_all("job", jobs, plan.stages.iter().flat_map(|stage| &stage.jobs).map(|job| job.name.as_str()))?;
            plan.stages.iter_mut().for_each(|stage| stage.jobs.retain(|job| is_among(&job.name, jobs)));
        }
        if !steps.is_empty() {
            let names: Vec<String> = plan.stages.iter().flat_map(|it| &it.jobs).flat_map(step_names).collect();
            find_all("step", steps, names.iter().map(String::as_str))?;
            for stage in &mut plan.stages {
                stage.jobs.retain(|job| step_names(job).iter().any(|name| is_among(name, steps)));
                stage.jobs.iter_mut().for_each(|job| leave_steps(job, steps));
            }
        }
        plan.stages.retain(|stage| !stage.jobs.is_empty());
        Ok(cut_loose(plan))
    }
}

fn is_among(name: &str, wanted: &[String]) -> bool {
    wanted.iter().any(|it| it.eq_ignore_ascii_case(name))
}

/// Fails where a name that is asked for is not there.
fn find_all<'n>(kind: &str, wanted: &[String], known: impl Iterator<Item = &'n str> + Clone) -> Result<(), Failure> {
    let missing = wanted.iter().find(|name| !known.clone().any(|it| it.eq_ignore_ascii_case(name)));
    let Some(missing) = missing else { return Ok(()) };
    let help = did_you_mean(missing, known.clone()).unwrap_or_else(|| {
        let mut names: Vec<&str> = known.collect();
        names.dedup();
        format!("there is {}", names.join(", "))
    });
    Err(Failure::usage(format!("the run has no {kind} `{}`: {help}", shown(missing))))
}

/// Returns the names of a job's steps, those of hooks included.
fn step_names(job: &Job) -> Vec<String> {
    lists(job).flat_map(|steps| steps.iter().enumerate().map(|(at, step)| step_name(step, at))).collect()
}

fn lists(job: &Job) -> impl Iterator<Item = &[Step]> {
    let hooks = job.deployment.iter().flat_map(|deployment| &deployment.hooks);
    std::iter::once(job.steps.as_slice()).chain(hooks.map(|hook| hook.steps.as_slice()))
}

fn step_name(step: &Step, place: usize) -> String {
    step.name.clone().unwrap_or_else(|| format!("step{}", place + 1))
}

/// The steps that are not asked for keep their places, so that the others keep their names. What a package does
/// before the job and after it is not asked for either.
fn leave_steps(job: &mut Job, wanted: &[String]) {
    let hooks = job.deployment.iter_mut().flat_map(|deployment| &mut deployment.hooks);
    for steps in std::iter::once(&mut job.steps).chain(hooks.map(|hook| &mut hook.steps)) {
        for (place, step) in steps.iter_mut().enumerate() {
            if !is_among(&step_name(step, place), wanted) {
                step.condition = Some(NEVER.to_owned());
                if let Action::Task(task) = &mut step.action {
                    task.is_package = false;
                }
            }
        }
    }
}

/// Takes out of what waits for others what does not run, and says so.
fn cut_loose(plan: &mut Plan) -> Vec<String> {
    let stages: Vec<String> = plan.stages.iter().map(|stage| stage.name.clone()).collect();
    let mut notes = Vec::new();
    for stage in &mut plan.stages {
        let Stage { name, depends_on, condition, jobs, .. } = stage;
        if let Some(gone) = keep_known(depends_on, &stages) {
            notes.push(note("stage", name, &gone));
            notes.extend(without_condition("stage", name, condition, &gone));
        }
        let names: Vec<String> = jobs.iter().map(|job| job.name.clone()).collect();
        for Job { name, depends_on, condition, .. } in jobs {
            if let Some(gone) = keep_known(depends_on, &names) {
                notes.push(note("job", name, &gone));
                notes.extend(without_condition("job", name, condition, &gone));
            }
        }
    }
    notes
}

/// Takes out the names that are not known, and returns them if there are any.
fn keep_known(names: &mut Vec<String>, known: &[String]) -> Option<Vec<String>> {
    let (kept, gone) = std::mem::take(names).into_iter().partition(|name| is_among(name, known));
    *names = kept;
    Some(gone).filter(|gone: &Vec<String>| !gone.is_empty())
}

/// Takes a condition away that names one of those that do not run, and says so.
fn without_condition(kind: &str, name: &str, condition: &mut Option<String>, gone: &[String]) -> Option<String> {
    let written = condition.as_ref()?.to_lowercase();
    let is_named = |gone: &String| {
        let gone = gone.to_lowercase();
        let behind_point =
            |at: usize| !written[at + gone.len()..].starts_with(|it: char| it.is_alphanumeric() || it == '_');
        let member = format!("dependencies.{gone}");
        written.contains(&format!("'{gone}'"))
            || written.match_indices(&member).any(|(at, _)| behind_point(at + member.len() - gone.len()))
    };
    let named = gone.iter().find(|gone| is_named(gone))?;
    *condition = None;
    Some(format!("the condition of the {kind} `{name}` asks for `{named}`, and is left out"))
}

fn note(kind: &str, name: &str, gone: &[String]) -> String {
    let gone = gone.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    format!("the {kind} `{name}` runs without {gone}: outputs and artifacts that it expects of them are missing")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(name: &str, depends_on: &[&str]) -> Job {
        let steps = vec![Step { name: Some("make".into()), ..Step::default() }, Step::default()];
        let depends_on = depends_on.iter().map(|name| (*name).to_owned()).collect();
        Job { name: name.to_owned(), depends_on, steps, ..Job::default() }
    }

    fn plan() -> Plan {
        let stage = |name: &str, depends_on: &[&str], jobs| Stage {
            name: name.to_owned(),
            depends_on: depends_on.iter().map(|name| (*name).to_owned()).collect(),
            jobs,
            ..Stage::default()
        };
        let stages = vec![
            stage("Build", &[], vec![job("a", &[]), job("b", &["a"])]),
            stage("Ship", &["Build"], vec![job("c", &[])]),
        ];
        Plan { stages, ..Plan::default() }
    }

    fn narrow(stages: &[&str], jobs: &[&str], steps: &[&str]) -> Result<(Plan, Vec<String>), String> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let wanted = Wanted { stages: owned(stages), jobs: owned(jobs), steps: owned(steps) };
        let mut plan = plan();
        match wanted.narrow(&mut plan) {
            Ok(notes) => Ok((plan, notes)),
            Err(Failure::Usage(error)) => Err(error.to_string()),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_not_asked_for_is_left_out_and_nobody_waits_for_it() {
        let (plan, notes) = narrow(&["ship"], &[], &[]).expect("it is there");
        assert_eq!((plan.stages.len(), plan.stages[0].depends_on.len()), (1, 0));
        let note = "the stage `Ship` runs without `Build`: outputs and artifacts that it expects of them are missing";
        assert_eq!(notes, [note]);
        let (plan, notes) = narrow(&[], &["b"], &[]).expect("it is there");
        assert_eq!((plan.stages.len(), plan.stages[0].jobs[0].name.as_str(), notes.len()), (1, "b", 1));
    }

    #[test]
    fn a_condition_that_asks_for_what_does_not_run_is_left_out() {
        for (condition, is_left_out) in [
            ("failed('BUILD')", true),
            ("eq(dependencies.Build.result, 'Succeeded')", true),
            ("eq(dependencies['build'].outputs['a.s.x'], 1)", true),
            ("eq(dependencies.Builder.result, 'x')", false),
            ("eq(variables.x, 'y')", false),
        ] {
            let mut plan = plan();
            plan.stages[1].condition = Some(condition.to_owned());
            let wanted = Wanted { stages: vec!["Ship".to_owned()], jobs: Vec::new(), steps: Vec::new() };
            let notes = wanted.narrow(&mut plan).unwrap_or_else(|_| panic!("it is there"));
            assert_eq!(plan.stages[0].condition.is_none(), is_left_out, "{condition}");
            let told = "the condition of the stage `Ship` asks for `Build`, and is left out";
            assert_eq!(notes.iter().any(|note| note == told), is_left_out, "{condition}: {notes:?}");
        }
    }

    #[test]
    fn steps_keep_their_places() {
        let (plan, _) = narrow(&[], &["a"], &["STEP2"]).expect("it is there");
        let conditions: Vec<_> = plan.stages[0].jobs[0].steps.iter().map(|step| step.condition.as_deref()).collect();
        assert_eq!(conditions, [Some(NEVER), None]);
        assert_eq!(narrow(&[], &[], &["make"]).expect("it is there").0.stages.len(), 2, "in all jobs");
    }

    #[test]
    fn what_is_not_there_is_told_with_what_is() {
        assert_eq!(narrow(&["Shop"], &[], &[]).err(), Some("the run has no stage `Shop`: did you mean `Ship`?".into()));
        assert_eq!(narrow(&["Ship"], &["unlike"], &[]).err(), Some("the run has no job `unlike`: there is c".into()));
    }
}
