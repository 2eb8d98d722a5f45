//! Variables whose whole value is a runtime expression, `$[ … ]` (reference, section 4.2).
//!
//! They are evaluated when their job starts, in order; each sees the variables before it, and what
//! the job depends on. Payload text inside one stands in a text literal or nowhere, and what comes
//! of it is payload text.

use crate::diagnostic::shown;
use crate::expression::{Context, Dialect, Expression, Value};
use crate::pipeline::plan::{Plan, Variable, VariableGroup};
use crate::pipeline::spliced;
use crate::taint::Text;
use std::cell::Cell;

/// A number that `counter` asks for: the next one of a prefix, or the seed if there was none. Where
/// in the plan it is asked for decides when it is another one: once a run.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Series {
    /// The scope and name of the variable, and which call in its value this is.
    pub site: String,
    /// Which numbers are counted.
    pub prefix: String,
    /// The first of them.
    pub seed: i64,
}

/// What the values of variables may ask.
pub struct Sources<'s> {
    /// Named values beside the variables themselves.
    pub contexts: Vec<(&'static str, Value)>,
    /// Gives the numbers of series; nothing where there are none.
    pub counter: Option<&'s dyn Fn(Series) -> i64>,
}

/// Whose variables are asked for, by places in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// Those of the run alone.
    Run,
    /// A stage's.
    Stage(usize),
    /// Those of a job of a stage, as all its legs have them.
    Job(usize, usize),
    /// Those of one leg of a job of a stage.
    Leg(usize, usize, usize),
}

/// Returns the variables of a run and of all scopes around the one who asks, in order, with their
/// expressions evaluated. An expression that fails goes to `failed` as a sentence, and its variable
/// is left out.
pub fn resolve(plan: &Plan, asker: Asker, sources: &Sources<'_>, mut failed: impl FnMut(String)) -> Vec<Variable> {
    let scopes = scopes(plan, asker);
    let mut resolved: Vec<Variable> = Vec::new();
    for (scope, variable) in scopes.iter().flat_map(|(scope, all)| all.iter().map(move |it| (scope, it))) {
        let value = match expression(&variable.value) {
            None => Ok(variable.value.clone()),
            Some(expression) => expression
                .and_then(|text| evaluate(&text, &format!("{scope}{}", variable.name), sources, &resolved))
                .map(|value| if value.is_tainted() { value } else { variable.value.derive(&*value.flatten()) }),
        };
        match value {
            Ok(value) => resolved.push(Variable { value, ..variable.clone() }),
            Err(mistake) => {
                let name = shown(&variable.name);
                failed(format!("The value of the variable `{name}` can't be used: {mistake}."));
            }
        }
    }
    resolved
}

/// Returns the scopes around the one who asks, the outermost first.
fn scopes(plan: &Plan, asker: Asker) -> Vec<(String, Vec<Variable>)> {
    let mut scopes = vec![(String::new(), with_groups(&plan.variables, &plan.groups))];
    let (stage, job, leg) = match asker {
        Asker::Run => return scopes,
        Asker::Stage(stage) => (stage, None, None),
        Asker::Job(stage, job) => (stage, Some(job), None),
        Asker::Leg(stage, job, leg) => (stage, Some(job), Some(leg)),
    };
    let stage = &plan.stages[stage];
    scopes.push((format!("{}/", stage.name), with_groups(&stage.variables, &stage.groups)));
    if let Some(job) = job.map(|job| &stage.jobs[job]) {
        scopes.push((format!("{}/{}/", stage.name, job.name), with_groups(&job.variables, &job.groups)));
        if let Some(leg) = leg.map(|leg| job.leg(leg)).filter(|leg| !leg.variables().is_empty()) {
            scopes.push((format!("{}/{}/", stage.name, leg.full_name()), leg.variables().to_vec()));
        }
    }
    scopes
}

/// Returns the variables of a scope with its groups where the author has written them.
fn with_groups(variables: &[Variable], groups: &[VariableGroup]) -> Vec<Variable> {
    let mut all = Vec::with_capacity(variables.len() + groups.len());
    for at in 0..=variables.len() {
        let here = groups.iter().filter(|group| group.after.min(variables.len()) == at);
        all.extend(here.map(|group| Variable { group: Some(group.name.clone()), ..Variable::default() }));
        all.extend(variables.get(at).cloned());
    }
    all
}

/// Says whether a value is an expression.
pub(super) fn is_late(value: &Text) -> bool {
    expression(value).is_some()
}

/// Returns the expression that a value consists of, without its brackets.
fn expression(value: &Text) -> Option<Result<String, String>> {
    let (first, last) = (value.segments().first()?, value.segments().last()?);
    let is_whole = first.text.starts_with("$[") && last.text.ends_with(']') && value.len() > "$[]".len();
    if !is_whole || first.is_tainted() || last.is_tainted() {
        return None;
    }
    Some(spliced(value).map(|text| text["$[".len()..text.len() - "]".len()].to_owned()))
}

/// Returns the text of an expression that sees the variables of one who asks. Nothing is counted.
pub(super) fn text_of(expression: &str, plan: &Plan, asker: Asker, sources: &Sources<'_>) -> Result<Text, String> {
    let variables = resolve(plan, asker, sources, |_| {});
    evaluate(expression, "", sources, &variables)
}

fn evaluate(text: &str, site: &str, sources: &Sources<'_>, before: &[Variable]) -> Result<Text, String> {
    let calls = Cell::new(0_u32);
    let counter = |prefix: &str, seed: i64| {
        calls.set(calls.get() + 1);
        let series = Series { site: format!("{site}#{}", calls.get()), prefix: prefix.to_owned(), seed };
        sources.counter.map_or(seed, |next| next(series))
    };
    let mut context = Context::new(Dialect::Runtime).with("variables", object(before));
    for (name, value) in &sources.contexts {
        context.set(*name, value.clone());
    }
    if sources.counter.is_some() {
        context = context.with_counter(&counter);
    }
    let value = Expression::parse(text).and_then(|it| it.evaluate(&context)).map_err(|mistake| mistake.title)?;
    value.to_text().map_err(|mistake| mistake.to_string())
}

/// Returns variables as expressions see them, the last of a name. Secrets are not among them.
pub(super) fn object(variables: &[Variable]) -> Value {
    let seen = variables.iter().filter(|variable| variable.group.is_none());
    let value = |variable: &Variable| Value::String(variable.value.clone());
    Value::object(seen.map(|variable| (variable.name.to_ascii_lowercase(), value(variable))))
}
