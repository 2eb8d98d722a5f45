//! What a job knows when it starts: its variables, their expressions evaluated, and its secrets.

use super::context::JobContext;
use super::desk::Desk;
use super::journal::Broken;
use super::mask::Unmaskable;
use super::variables::{Setting, Variables};
use super::{other_run, predefined};
use crate::diagnostic::shown;
use crate::expression::Value;
use crate::pipeline::plan::Variable;
use crate::run::{Asker, Series, Sources, about_pipeline, has_late_variables, late_name, resolve_variables};
use crate::store::StepEvent;
use crate::taint::Text;
use secrecy::ExposeSecret;
use std::cell::RefCell;
use std::collections::HashMap;

/// Returns the variables of a job. The masker knows its secrets from here on. Otherwise a sentence
/// that says which variable has no value, and why.
pub(super) async fn variables(job: &JobContext, desk: &mut Desk<'_>) -> Result<Result<Variables, String>, Broken> {
    let mut numbers = HashMap::new();
    let asker = Asker::Leg(job.stage, job.job, job.leg);
    let resolved = match resolved(job, desk, asker, &contexts(job), &mut numbers).await? {
        Ok(resolved) => resolved,
        Err(sentence) => return Ok(Err(sentence)),
    };
    let mut variables = Variables::default();
    let mut warnings = Vec::new();
    for variable in resolved {
        let Variable { name, value, read_only, own_number, group } = variable;
        let Some(group) = group else {
            variables.apply(Setting {
                is_read_only: read_only,
                is_own_number: own_number,
                ..Setting::plain(&name, value)
            });
            continue;
        };
        let Some(secrets) = job.host.secrets.group(&group) else {
            let group = shown(&group);
            return Ok(Err(format!("The variable group `{group}` has no secrets on this machine.")));
        };
        for (name, secret) in secrets.iter() {
            match hidden(name, secret.expose_secret(), desk, &mut warnings) {
                Ok(setting) => variables.apply(setting),
                Err(sentence) => return Ok(Err(sentence)),
            }
        }
    }
    variables.set_environment(job.host.environment.iter().cloned());
    predefined::set(&mut variables, job);
    if let Some(name) = name(job, desk, &mut numbers).await? {
        predefined::set_run_name(&mut variables, name);
    }
    warnings.extend(other_run::set_variables(&mut variables, job, desk).await?);
    warnings.extend(variables.recalculate());
    desk.log(None, warnings.into_iter().map(|warning| format!("##[warning]{warning}")).collect()).await?;
    Ok(Ok(variables))
}

/// Gives the run its name where that has variables that have their values only now, and returns the name that it
/// has. Whichever job begins first, it is the same name: no variable of the run depends on a job.
async fn name(
    job: &JobContext,
    desk: &mut Desk<'_>,
    numbers: &mut HashMap<Series, i64>,
) -> Result<Option<Text>, Broken> {
    if !has_late_variables(&job.plan) {
        return Ok(None);
    }
    let Ok(variables) = resolved(job, desk, Asker::Run, &of_run(job), numbers).await? else { return Ok(None) };
    let late = late_name(&job.plan, job.queued_at, &job.name, &variables);
    let name = late.as_ref().unwrap_or(&job.name);
    let masked = desk.masker.mask(name).into_owned();
    let text = predefined::run_name(&job.plan, job.queued_at, name, &variables);
    let text = if masked == *name { text } else { text.derive(&*masked) };
    if late.is_some() {
        desk.record(StepEvent::Renamed { name: masked }).await?;
    }
    Ok(Some(text))
}

/// Returns the variable of a secret, which the masker knows from here on.
fn hidden(name: &str, secret: &str, desk: &mut Desk<'_>, warnings: &mut Vec<String>) -> Result<Setting, String> {
    match desk.masker.add(secret) {
        Ok(()) => {}
        Err(Unmaskable::Short) => {
            warnings.push(format!("The secret `{}` is too short to be masked.", shown(name)));
        }
        Err(many @ Unmaskable::TooMany) => {
            return Err(format!("The secret `{}` can't be masked: {many}.", shown(name)));
        }
    }
    Ok(Setting { is_secret: true, ..Setting::plain(name, secret.into()) })
}

/// Evaluates the expressions in the plan's variables. A number that an expression wants to count
/// is fetched, and all is evaluated again, until no number is missing.
async fn resolved(
    job: &JobContext,
    desk: &mut Desk<'_>,
    asker: Asker,
    contexts: &[(&'static str, Value)],
    numbers: &mut HashMap<Series, i64>,
) -> Result<Result<Vec<Variable>, String>, Broken> {
    loop {
        match evaluate(job, asker, contexts, numbers) {
            (_, Some(series)) => {
                let number = desk.count(&series).await?;
                numbers.insert(series, number);
            }
            (resolved, None) => return Ok(resolved),
        }
    }
}

/// Returns what the expressions of a job see beside its variables.
pub(super) fn contexts(job: &JobContext) -> Vec<(&'static str, Value)> {
    let mut contexts = job.board.contexts(&job.plan, job.stage, job.job);
    contexts.extend(of_run(job));
    contexts
}

/// Returns what the expressions of every job see.
fn of_run(job: &JobContext) -> [(&'static str, Value); 2] {
    [about_pipeline(job.queued_at), ("resources", Value::object::<&str>([]))]
}

/// Evaluates with the numbers that are known, and returns the first that is missing.
fn evaluate(
    job: &JobContext,
    asker: Asker,
    contexts: &[(&'static str, Value)],
    known: &HashMap<Series, i64>,
) -> (Result<Vec<Variable>, String>, Option<Series>) {
    let missing: RefCell<Option<Series>> = RefCell::default();
    let counter = |series: Series| {
        known.get(&series).copied().unwrap_or_else(|| {
            let seed = series.seed;
            missing.borrow_mut().get_or_insert(series);
            seed
        })
    };
    let sources = Sources { contexts: contexts.to_vec(), counter: Some(&counter) };
    let mut failed = None;
    let resolved = resolve_variables(&job.plan, asker, &sources, |sentence| {
        failed.get_or_insert(sentence);
    });
    (failed.map_or(Ok(resolved), Err), missing.take())
}
