//! The variables of a job that hold payload text, as its steps get them, as far as that is known before its run.
//!
//! ```text
//! v: ${{ parameters.hook.title }}     payload text
//! w: pre-$(v)                         the same, through a macro
//! x: $[ variables.v ]                 the same, through an expression
//! y: $[ lower(variables.v) ]          payload text whose value is to come
//! $(Build.BuildNumber)                payload text where `name:` has some
//! ```
//! What is only known when a job or a step begins is not here: outputs of other jobs, and what steps set. A step
//! that may set a variable ends what is known of it, for the steps behind it: see [`Held::pass`]. The worker looks
//! at the values that there are.

use super::runtime;
use super::scripts::macros;
use crate::diagnostic::{Diagnostics, Span};
use crate::expression::{Expression, Macros, Reference, Step as Suffix};
use crate::pipeline::model::{Action, Deployment, Job, Leg, Pipeline, Placed, Stage, Step, Variable};
use crate::pipeline::plan::{Commands, EXPORTED_MAX, MACRO_DEPTH_MAX, RUN_NAME, VALUE_MAX};
use crate::pipeline::value::{is_expression, only_author};
use crate::shell::is_exported;
use crate::taint::{Origin, Text};
use std::borrow::Cow;
use std::sync::Arc;

/// What stands for a value that is not known yet. It meets every requirement: the worker tests the value.
pub(super) const VALUE_TO_COME: &str = "1";

/// The commands, in lower case, by which a step sets a variable and names the run.
const SETS_VARIABLE: &str = "task.setvariable";
const NAMES_RUN: &str = "build.updatebuildnumber";
/// What begins the name of the variable in the first of them.
const NAMES_VARIABLE: &str = "variable=";
/// The task that sets a variable, and the input that names it.
const SETTING_TASK: (&str, &str) = ("Cache", "cacheHitVar");

/// The variables of one leg of a job that hold payload text.
#[derive(Debug, Clone, Default)]
pub(super) struct Held(Vec<Variable>);

/// A job, with the variables of its legs.
pub(super) struct JobHeld<'p> {
    pub(super) stage: &'p Stage,
    pub(super) job: &'p Job,
    /// Once where all legs have the same.
    legs: Vec<Held>,
}

/// Returns the jobs of a pipeline.
pub(super) fn of_jobs(pipeline: &Pipeline) -> Vec<JobHeld<'_>> {
    each_job(pipeline, |stage, job| Held::of_legs(pipeline, stage, job))
}

/// The same where values are missing: nothing is known to hold payload text.
pub(super) fn of_none(pipeline: &Pipeline) -> Vec<JobHeld<'_>> {
    each_job(pipeline, |_, _| vec![Held::default()])
}

fn each_job<'p>(pipeline: &'p Pipeline, legs: impl Fn(&Stage, &Job) -> Vec<Held>) -> Vec<JobHeld<'p>> {
    let jobs = pipeline.stages.iter().flat_map(|stage| stage.jobs.iter().map(move |job| (stage, job)));
    jobs.map(|(stage, job)| JobHeld { stage, job, legs: legs(stage, job) }).collect()
}

impl JobHeld<'_> {
    /// Looks at each leg, with its variables before the first step. What is found of one that was found of another one already
    /// is told once.
    pub(super) fn each_leg(&self, diagnostics: &mut Diagnostics, mut look: impl FnMut(Held, &mut Diagnostics)) {
        for held in &self.legs {
            let mut found = Diagnostics::default();
            look(held.clone(), &mut found);
            for diagnostic in found {
                if !diagnostics.iter().any(|it| *it == diagnostic) {
                    diagnostics.push(diagnostic);
                }
            }
        }
    }
}

impl Held {
    /// Returns them for the legs of a job, once where they have all the same.
    fn of_legs(pipeline: &Pipeline, stage: &Stage, job: &Job) -> Vec<Self> {
        // Most jobs get none: nothing is worked out for them.
        if !is_reached(pipeline, stage, job) {
            return vec![Self::default()];
        }
        let of = |own: &[Variable]| Self::with(pipeline, stage, job, own);
        let legs = job.legs();
        let is_reached = |leg: &Leg| leg.variables.iter().any(|it| it.value.is_tainted());
        let around = of(&[]);
        match legs.iter().any(is_reached) || !around.0.is_empty() && !legs.is_empty() {
            true => legs.iter().map(|leg| of(&leg.variables)).collect(),
            false => vec![around],
        }
    }

    fn with(pipeline: &Pipeline, stage: &Stage, job: &Job, leg: &[Variable]) -> Self {
        let mut all = as_written(pipeline, stage, job, leg);
        for variable in predefined(pipeline, stage, job, &all) {
            set(&mut all, variable);
        }
        if !all.iter().any(|it| it.value.is_tainted()) {
            return Self::default();
        }
        let mut done = vec![None; all.len()];
        let mut expanded = Vec::with_capacity(all.len());
        for at in 0..all.len() {
            let value = followed(&all, at, &mut Vec::new(), &mut done).map(|(value, _)| value);
            expanded.push(value.unwrap_or_else(|| all[at].value.clone()));
        }
        let variables = all.into_iter().zip(expanded).map(|(variable, value)| Variable { value, ..variable });
        Self(variables.filter(|it| it.value.is_tainted()).collect())
    }

    /// Returns them in their order.
    pub(super) fn variables(&self) -> Vec<&Variable> {
        self.0.iter().collect()
    }

    /// Goes past a step: what it may set is not known any more.
    pub(super) fn pass(&mut self, step: &Step) {
        let is_in_reach = |it: &Variable| is_exported(&it.name.value) && it.value.len() <= EXPORTED_MAX;
        // A step that finds payload text in its environment is obeyed only in what stands in its script.
        let is_reached = self.0.iter().any(is_in_reach);
        if self.0.is_empty() {
            return;
        }
        let setting = Setting::of(step, is_reached);
        self.0.retain(|it| it.read_only && it.name.value != RUN_NAME || !setting.may_be_of(&it.name.value));
    }
}

/// Says whether payload text stands in what the variables of a job are made of.
fn is_reached(pipeline: &Pipeline, stage: &Stage, job: &Job) -> bool {
    let variables = all_variables(pipeline, stage, job).map(|variable| &variable.value);
    let names = pipeline.name.iter().map(|name| &name.value).chain(&stage.display_name).chain(&job.display_name);
    let environment = job.deployment.iter().filter_map(|it| it.environment.as_ref());
    let environment =
        environment.flat_map(|it| std::iter::once(&it.name).chain(&it.resource_name).chain(&it.resource_id));
    variables.chain(names).chain(environment).any(Text::is_tainted)
}

/// Returns the variables of a job and one of its legs with their macros as they are written, as far as their values are known.
fn as_written(pipeline: &Pipeline, stage: &Stage, job: &Job, leg: &[Variable]) -> Vec<Variable> {
    let mut all: Vec<Variable> = Vec::new();
    for variable in scopes(pipeline, stage, job).chain(leg) {
        let value = settled(&variable.value, &all);
        set(&mut all, Variable { value, ..variable.clone() });
    }
    all
}

/// Returns the variables of all scopes of a job but its legs, in their order.
fn scopes<'m>(pipeline: &'m Pipeline, stage: &'m Stage, job: &'m Job) -> impl Iterator<Item = &'m Variable> {
    [&pipeline.variables, &stage.variables, &job.variables].into_iter().flat_map(|scope| &scope.own)
}

/// Returns the variables of a job and all of its legs.
pub(super) fn all_variables<'m>(
    pipeline: &'m Pipeline,
    stage: &'m Stage,
    job: &'m Job,
) -> impl Iterator<Item = &'m Variable> {
    scopes(pipeline, stage, job).chain(job.legs().iter().flat_map(|leg| &leg.variables))
}

/// Sets a variable; the last of a name wins.
fn set(all: &mut Vec<Variable>, variable: Variable) {
    all.retain(|it| !it.name.value.eq_ignore_ascii_case(&variable.name.value));
    all.push(variable);
}

fn find<'v>(all: &'v [Variable], name: &str) -> Option<&'v Variable> {
    all.iter().find(|it| it.name.value.eq_ignore_ascii_case(name))
}

/// Returns what is known of a value where the variables before it are known.
fn settled(value: &Text, before: &[Variable]) -> Text {
    if !runtime::is_written_by_the_author(value) {
        return value.clone();
    }
    if value.is_tainted() {
        return value.derive(VALUE_TO_COME);
    }
    let text = only_author(value).filter(|text| is_expression(text));
    let inner = text.as_ref().map(|text| &text["$[".len()..text.len() - "]".len()]);
    inner.map_or_else(Text::default, |inner| evaluated(inner, before))
}

/// Returns what is known of the value of an expression: a variable's where it is nothing but that.
fn evaluated(text: &str, before: &[Variable]) -> Text {
    let Ok(expression) = Expression::parse(text) else { return Text::default() };
    let named = |it: &Reference| variable_of(it).and_then(|name| find(before, name));
    if let [only] = expression.references().as_slice()
        && text[only.range.clone()].len() == text.trim().len()
    {
        return named(only).map_or_else(Text::default, |variable| variable.value.clone());
    }
    surely(&expression, before).map_or_else(Text::default, |origin| Text::tainted(VALUE_TO_COME, origin))
}

/// Returns where payload text came from that the value of an expression has in any case.
fn surely(expression: &Expression, variables: &[Variable]) -> Option<Arc<Origin>> {
    let named = |it: &Reference| variable_of(it).and_then(|name| find(variables, name));
    let carried = expression.surely_carries(&|it| named(it).is_some_and(|variable| variable.value.is_tainted()))?;
    named(&carried)?.value.origin().cloned()
}

/// Returns the name of the variable that a reference means.
fn variable_of(reference: &Reference) -> Option<&str> {
    match reference.steps.as_slice() {
        [Suffix::Member(name)] if !reference.open && reference.root.eq_ignore_ascii_case("variables") => Some(name),
        _ => None,
    }
}

/// Returns a variable of a job by which payload text is in the value of an expression of the job in any case, and
/// where the text came from. Such expressions see the variables with their macros as they are written.
pub(super) fn decisive(
    expression: &Expression,
    pipeline: &Pipeline,
    stage: &Stage,
    job: &Job,
) -> Option<(String, Arc<Origin>)> {
    if !is_reached(pipeline, stage, job) {
        return None;
    }
    // What a number decides that is no count is refused when the job begins.
    let mut all = as_written(pipeline, stage, job, &[]);
    all.retain(|it| !it.value.is_number());
    let origin = surely(expression, &all)?;
    let named = expression.references().into_iter().filter_map(|it| variable_of(&it).map(str::to_owned));
    let name = named.into_iter().find(|name| find(&all, name).is_some_and(|it| it.value.is_tainted()))?;
    Some((name, origin))
}

/// Returns the predefined variables that hold payload text. They win over the author's.
fn predefined(pipeline: &Pipeline, stage: &Stage, job: &Job, all: &[Variable]) -> Vec<Variable> {
    let named = |name: &str, value: Text, value_span: Span| Variable {
        name: Placed { value: name.to_owned(), span: value_span },
        value,
        value_span,
        read_only: true,
        own_number: false,
    };
    let mut found = Vec::new();
    if let Some(pattern) = &pipeline.name {
        // The pattern sees the run's variables with their macros as they are written.
        let own = |name: &str| {
            let variable = pipeline.variables.own.iter().rev().find(|it| it.name.value.eq_ignore_ascii_case(name));
            variable.and_then(|it| find(all, &it.name.value)).map(|it| &it.value).filter(|it| it.is_tainted())
        };
        if let Some(origin) = with_macros(&pattern.value, &own).origin() {
            found.push(named(RUN_NAME, Text::tainted(VALUE_TO_COME, origin.clone()), pattern.span));
        }
    }
    let shown = [("System.StageDisplayName", &stage.display_name), ("System.PhaseDisplayName", &job.display_name)];
    let shown = shown.into_iter().filter_map(|(name, text)| Some((name, text.clone()?)));
    let environment = job.deployment.iter().filter_map(|it: &Deployment| it.environment.as_ref());
    let environment = environment.flat_map(|it| {
        let others = [("Environment.ResourceName", &it.resource_name), ("Environment.ResourceId", &it.resource_id)];
        let others = others.into_iter().filter_map(|(name, text)| Some((name, text.clone()?)));
        std::iter::once(("Environment.Name", it.name.clone())).chain(others)
    });
    let fixed = shown.chain(environment).filter(|(_, text)| text.is_tainted());
    found.extend(fixed.map(|(name, text)| named(name, text, Span::NONE)));
    // Where there are legs, theirs is more than that.
    if let Some(origin) = job.display_name.as_ref().and_then(Text::origin) {
        let shown = ["Agent.JobName", "System.JobDisplayName"];
        found.extend(shown.map(|name| named(name, Text::tainted(VALUE_TO_COME, origin.clone()), Span::NONE)));
    }
    found
}

/// Returns a text with the macros that `value` knows replaced.
fn with_macros<'v>(text: &Text, value: &dyn Fn(&str) -> Option<&'v Text>) -> Text {
    let mut whole = Text::default();
    for segment in text.segments() {
        match segment.is_tainted() {
            true => whole.push(segment.clone()),
            false => macros(&segment.text, value, &mut |segment| whole.push(segment)),
        }
    }
    whole
}

/// A value with its macros replaced, and through how many variables they led.
type Followed = (Text, usize);

/// Returns a variable's value with its macros replaced, as a worker replaces them. `None` where they lead in a
/// circle, too far, or to too long a text: it stays as it is written.
fn followed(all: &[Variable], at: usize, open: &mut Vec<usize>, done: &mut Vec<Option<Followed>>) -> Option<Followed> {
    if let Some(known) = &done[at] {
        return Some(known.clone());
    }
    if open.contains(&at) || open.len() >= MACRO_DEPTH_MAX {
        return None;
    }
    open.push(at);
    let mut depth = 0;
    let mut found: Vec<(usize, Text)> = Vec::new();
    for name in names(&all[at].value) {
        let Some(other) = all.iter().position(|it| it.name.value.eq_ignore_ascii_case(&name)) else { continue };
        let (value, below) = followed(all, other, open, done)?;
        depth = depth.max(below + 1);
        found.push((other, value));
    }
    open.pop();
    let value = |name: &str| {
        let known = found.iter().find(|(other, _)| all[*other].name.value.eq_ignore_ascii_case(name));
        known.map(|(_, value)| value)
    };
    let text = with_macros(&all[at].value, &value);
    if depth >= MACRO_DEPTH_MAX || text.len() > VALUE_MAX && depth > 0 {
        return None;
    }
    done[at] = Some((text.clone(), depth));
    Some((text, depth))
}

/// Returns the names in the macros of a text.
fn names(text: &Text) -> Vec<String> {
    text.authored().flat_map(Macros::of).map(|found| found.name.to_owned()).collect()
}

/// Which variables a step may set for the steps behind it.
enum Setting<'s> {
    None,
    Any,
    /// Those that commands in its script name, which is in lower case.
    Said(String),
    /// Those that these texts name.
    Named(Vec<Cow<'s, str>>),
}

impl<'s> Setting<'s> {
    /// Looks at a step. `is_reached` says whether it finds payload text in its environment.
    fn of(step: &'s Step, is_reached: bool) -> Self {
        let is_any = !is_reached || step.target.as_ref().is_some_and(|it| it.value.commands == Some(Commands::Any));
        match &step.action {
            Action::Checkout(_) => Self::None,
            _ if is_any => Self::Any,
            Action::Script(script) => Self::Said(script.text.value.text.flatten().to_ascii_lowercase()),
            Action::Task(task) if task.definition.is_none() => Self::Any,
            Action::Task(task) if task.name == SETTING_TASK.0 => {
                let inputs = task.inputs.iter().filter(|(it, _)| it.value == SETTING_TASK.1);
                Self::Named(inputs.map(|(_, text)| text.flatten()).collect())
            }
            Action::Task(_) => Self::None,
        }
    }

    fn may_be_of(&self, name: &str) -> bool {
        match self {
            Self::None => false,
            Self::Any => true,
            Self::Said(script) => may_set(script, name),
            Self::Named(written) => {
                written.iter().any(|written| written.contains("$(") || written.trim().eq_ignore_ascii_case(name))
            }
        }
    }
}

/// Says whether the commands that stand in a script, which is in lower case, may set a variable, or name the run.
pub(in crate::pipeline) fn may_set(script: &str, variable: &str) -> bool {
    match variable == RUN_NAME {
        true => script.contains(NAMES_RUN),
        false => script.contains(SETS_VARIABLE) && names_variable(script, &variable.to_ascii_lowercase()),
    }
}

/// Says whether a script in lower case has the name of a variable, or one that it makes, behind `variable=`.
fn names_variable(script: &str, name: &str) -> bool {
    let is_plain = |it: char| it.is_alphanumeric() || "_.- ".contains(it);
    let is_it = |rest: &str| match rest.find(|it: char| !is_plain(it)) {
        Some(end) if rest[end..].starts_with([';', ']']) => rest[..end].trim() == name,
        _ => true,
    };
    script.split(NAMES_VARIABLE).skip(1).any(is_it)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_may_set_what_its_commands_name_and_what_it_makes() {
        let sets = [
            "echo '##vso[task.setvariable variable=a.b]x'",
            "echo \"##vso[task.setvariable issecret=true; variable=a.b ;isoutput=true]x\"",
            "echo \"##vso[task.setvariable variable=$name]x\"",
            "echo \"##vso[task.setvariable variable=a${n}]x\"",
        ];
        for script in sets {
            assert!(may_set(script, "A.b"), "{script}");
        }
        let others = ["echo '##vso[task.setvariable variable=a]x'", "echo variable=a.b", "echo a.b"];
        for script in others {
            assert!(!may_set(script, "A.b"), "{script}");
        }
        assert!(may_set("echo '##vso[build.updatebuildnumber]x'", RUN_NAME));
        assert!(!may_set("echo '##vso[task.setvariable variable=build.buildnumber]x'", RUN_NAME));
    }
}
