//! Settings of jobs that become known late and that a payload would decide: what a job is never depends on one,
//! so that such a job can't begin.
//!
//! What steps set once payload text has come to their job counts as payload text, as a worker sees it
//! (`worker::reach`). So an author learns before the first delivery that a matrix made in such a job is refused.
//! Where a variable of the pipeline's file brings the text in any case, the run is refused.

use super::held;
use super::outputs::output_key;
use super::view::{Graph, NamedJob};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, shown};
use crate::expression::{Expression, Reference, Step as Suffix};
use crate::pipeline::ScriptRules;
use crate::pipeline::model::{Action, Condition, FanOut, Job, Pipeline, Stage, Step, Variable};
use crate::pipeline::plan::{Commands, Count};
use crate::shell::Substitution;
use crate::taint::{Origin, Text};
use crate::template;
use std::sync::Arc;

/// How a step gives a command, and the one that sets an output.
const SETS_VARIABLE: &str = "##vso[task.setvariable ";

pub(super) fn check(pipeline: &Pipeline, graph: &Graph<'_>, rules: &ScriptRules, diagnostics: &mut Diagnostics) {
    // Where senders may write code, what a step sets is the author's.
    let is_all_own = rules.substitution == Substitution::Raw && !rules.is_foresight;
    for stage in &graph.stages {
        for NamedJob { job, .. } in &stage.jobs {
            for late in job.late.all() {
                let asker = Asker { pipeline, graph, stage: stage.stage, job };
                let refused = if rules.is_foresight || !rules.has_values { None } else { asker.refused(late) };
                let decided = || if is_all_own { None } else { asker.decided(late) };
                refused.or_else(decided).into_iter().for_each(|it| diagnostics.push(it));
            }
        }
    }
}

/// A job of which something is known late.
struct Asker<'p> {
    pipeline: &'p Pipeline,
    graph: &'p Graph<'p>,
    stage: &'p Stage,
    job: &'p Job,
}

impl Asker<'_> {
    /// Returns the warning of an expression whose value a payload would decide.
    fn decided(&self, late: &Condition) -> Option<Diagnostic> {
        let expression = Expression::parse(&late.text).ok()?;
        let carried = expression.carries(&|reference| self.source(reference).is_some())?;
        let (origin, label) = self.source(&carried)?;
        let warning = Diagnostic::warning(Code::TaintedStructure, self.title(late), late.span, label);
        let help = "set it in a job that no payload text comes to, let the script print it word for word, or choose it with `oneOf(…)`";
        Some(warning.note(template::came_from(&origin)).help(help))
    }

    /// Returns the mistake of an expression whose value a payload decides by a variable in any case.
    fn refused(&self, late: &Condition) -> Option<Diagnostic> {
        let expression = Expression::parse(&late.text).ok()?;
        let (name, origin) = held::decisive(&expression, self.pipeline, self.stage, self.job)?;
        let label = format!("`{}` holds text of a payload", shown(&name));
        let mistake = Diagnostic::error(Code::TaintedStructure, self.title(late), late.span, label);
        Some(mistake.note(template::came_from(&origin)).help(template::WRITE_OR_CHOOSE))
    }

    fn title(&self, late: &Condition) -> String {
        format!("the job can't begin: a payload would decide about its `{}`", setting(self.job, late))
    }

    /// Returns where in a payload something came from that a reference gives, and how.
    fn source(&self, reference: &Reference) -> Option<(Arc<Origin>, String)> {
        let names = reference.steps.iter().map_while(|step| match step {
            Suffix::Member(name) => Some(name.as_str()),
            Suffix::Index(_) => None,
        });
        let names: Vec<&str> = names.collect();
        match (reference.root.to_ascii_lowercase().as_str(), names.as_slice()) {
            ("variables", [name]) => {
                let scopes = [&self.job.variables, &self.stage.variables, &self.pipeline.variables];
                let mut known = scopes.iter().flat_map(|scope| scope.own.iter().rev());
                let variable = known.find(|variable| variable.name.value.eq_ignore_ascii_case(name))?;
                let label = format!("`{}` holds text of a payload", shown(name));
                Some((variable.value.origin()?.clone(), label))
            }
            ("dependencies", [job, ..]) => {
                let key = output_key("", &reference.steps[1..]).ok()??;
                self.output(self.stage, job, &key)
            }
            ("stagedependencies", [stage, job, ..]) => {
                let key = output_key("", &reference.steps[2..]).ok()??;
                let stage = self.graph.stages.iter().find(|it| it.name.eq_ignore_ascii_case(stage))?;
                self.output(stage.stage, job, &key)
            }
            _ => None,
        }
    }

    fn output(&self, stage: &Stage, job: &str, key: &str) -> Option<(Arc<Origin>, String)> {
        let named = self.graph.stages.iter().filter(|it| std::ptr::eq(it.stage, stage)).flat_map(|it| &it.jobs);
        let NamedJob { name, job } = named.into_iter().find(|it| it.name.eq_ignore_ascii_case(job))?;
        let (before, variable) = key.rsplit_once('.')?;
        let step = before.rsplit('.').next()?;
        let scopes = [&self.pipeline.variables, &stage.variables, &job.variables];
        let variables = scopes.iter().flat_map(|scope| &scope.own);
        let origin = reached(job, variables, step, variable)?;
        Some((origin, format!("`{}` of the job `{name}` sets it, and payload text came to that job", shown(step))))
    }
}

/// Returns the key whose value an expression of a job is.
fn setting(job: &Job, late: &Condition) -> &'static str {
    let is_it = |own: &Option<Condition>| own.as_ref().is_some_and(|own| std::ptr::eq(own, late));
    let strategy = job.strategy.as_ref();
    let is_count = |count: &Count| matches!(count, Count::Expression(text) if *text == late.text);
    match strategy.map(|strategy| &strategy.fan_out) {
        _ if is_it(&job.late.continue_on_error) => "continueOnError",
        _ if is_it(&job.late.timeout_minutes) => "timeoutInMinutes",
        _ if is_it(&job.late.cancel_timeout_minutes) => "cancelTimeoutInMinutes",
        Some(FanOut::Expression(text)) if *text == late.text => "matrix",
        Some(FanOut::Slices(count)) if is_count(count) => "parallel",
        _ if strategy.is_some_and(|it| it.max_parallel.as_ref().is_some_and(is_count)) => "maxParallel",
        _ => "container",
    }
}

/// Returns where payload text came from that may be in what a step of a job sets.
fn reached<'v>(
    job: &Job,
    variables: impl Iterator<Item = &'v Variable>,
    name: &str,
    variable: &str,
) -> Option<Arc<Origin>> {
    // Each step finds the variables in its environment.
    let mut before: Option<Arc<Origin>> = None;
    let exported = variables.filter_map(|variable| variable.value.origin()).next().cloned();
    for step in job.all_steps() {
        let own = exported.clone().or_else(|| texts(step).find_map(|text| text.origin().cloned()));
        if step.name.as_ref().is_some_and(|it| it.value.eq_ignore_ascii_case(name)) {
            let takes_all = step.target.as_ref().is_some_and(|it| it.value.commands == Some(Commands::Any));
            let origin = own.or_else(|| before.filter(|_| !takes_all));
            return origin.filter(|_| !is_said(step, variable));
        }
        before = before.or(own);
    }
    None
}

/// Returns the texts that a step gets.
fn texts(step: &Step) -> impl Iterator<Item = &Text> {
    let (script, inputs) = match &step.action {
        Action::Script(script) => (vec![&script.text.value.text, &script.arguments], &[][..]),
        Action::Task(task) => (Vec::new(), task.inputs.as_slice()),
        Action::Checkout(_) => (Vec::new(), &[][..]),
    };
    let named = step.env.iter().chain(inputs).map(|(_, value)| value);
    named.chain(step.working_directory.iter().map(|directory| &directory.value)).chain(script)
}

/// Says whether the script of a step sets a variable only to what stands in it word for word: that is its
/// author's, whatever came to the step.
fn is_said(step: &Step, variable: &str) -> bool {
    let Some(script) = step.script() else { return false };
    let text = script.text.value.text.flatten();
    let named = format!("variable={}", variable.to_ascii_lowercase());
    let commands = text.split(SETS_VARIABLE).skip(1).filter_map(|rest| rest.lines().next()?.split_once(']'));
    let mut values = commands.filter(|(keys, _)| keys.to_ascii_lowercase().split(';').any(|key| key.trim() == named));
    let is_plain = |it: char| it.is_alphanumeric() || "_.+-/:@,=% {}[]\"".contains(it);
    let is_word_for_word = |value: &str| value.trim_end_matches(['\'', '"']).chars().all(is_plain);
    let first = values.next();
    first.is_some_and(|(_, value)| is_word_for_word(value)) && values.all(|(_, value)| is_word_for_word(value))
}
