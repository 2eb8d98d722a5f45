//! Payload text in the inputs of tasks that call a tool: a worker makes a line of bash of such a call, and judges it
//! as it judges any script. What it would refuse then is told before the run begins (security, scripts, 5).
//!
//! The words are those of the worker's line, as far as they are known before a run: the author's macros are in it,
//! and a file of no name stands in the places of patterns.

use super::held::JobHeld;
use super::scripts::{Spanned, Through, brought, place};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, shown};
use crate::pipeline::model::{Action, Step, Task, Variable};
use crate::pipeline::task::Definition;
use crate::pipeline::task::call::{Foreseen, Tool, Word, tool};
use crate::pipeline::{Need, ScriptRules};
use crate::shell::words::quoted;
use crate::shell::{Language, Refusal, Script, Substitution};
use crate::taint::{Origin, Segment};
use crate::template;
use std::path::Path;
use std::sync::Arc;

/// What stands for the folder of the sources, and for a file there that a pattern finds.
pub(super) const SOURCES: &str = "/sources";
pub(super) const FILE: &str = "folder/file";

pub(super) fn check(jobs: &[JobHeld<'_>], rules: &ScriptRules, diagnostics: &mut Diagnostics) -> Vec<Need> {
    let mut needs = Vec::new();
    // What a task is given is data of a strict connection as well.
    if rules.substitution == Substitution::Raw && !rules.is_foresight {
        return needs;
    }
    for of in jobs {
        of.each_leg(diagnostics, |mut held, found| {
            for step in of.job.all_steps() {
                of_step(step, &held.variables(), rules, &mut needs, found);
                held.pass(step);
            }
        });
    }
    needs
}

fn of_step(
    step: &Step,
    tainted: &[&Variable],
    rules: &ScriptRules,
    needs: &mut Vec<Need>,
    diagnostics: &mut Diagnostics,
) {
    let Action::Task(task) = &step.action else { return };
    let has_payload_text = !tainted.is_empty() || task.inputs.iter().any(|(_, value)| value.is_tainted());
    let Some(definition) = task.definition.filter(|_| has_payload_text) else { return };
    let Some(tool) = tool(definition.name) else { return };
    Inputs::new(task, tainted).check(definition, tool, rules, needs, diagnostics);
}

/// What a task is given: each input with the place of its name.
struct Inputs<'p> {
    task: &'p Task,
    given: Vec<(&'p str, Spanned, Span)>,
}

impl<'p> Inputs<'p> {
    fn new(task: &'p Task, tainted: &[&Variable]) -> Self {
        let given = task.inputs.iter().map(|(written, value)| {
            (written.value.as_str(), Spanned::with_macros(value, written.span, tainted), written.span)
        });
        Self { task, given: given.collect() }
    }

    fn check(
        &self,
        definition: &Definition,
        tool: &Tool,
        rules: &ScriptRules,
        needs: &mut Vec<Need>,
        diagnostics: &mut Diagnostics,
    ) {
        if !self.given.iter().any(|(_, value, _)| value.text.is_tainted()) {
            return;
        }
        let foreseen =
            Foreseen::new(definition, Path::new(SOURCES), |name| self.given(name).map(|(value, _)| &value.text));
        for call in foreseen.calls(tool, FILE) {
            judge(&self.line(&call.words), &call.called, rules, needs, diagnostics);
        }
    }

    /// Returns what is written in an input, and where; the last one of its name counts.
    fn given(&self, name: &str) -> Option<(&Spanned, Span)> {
        let found = self.given.iter().rev().find(|(known, ..)| *known == name);
        found.map(|(_, value, span)| (value, *span))
    }

    /// Returns a call as a line of bash, with the place of each piece of payload text in it.
    fn line(&self, words: &[Word]) -> Spanned {
        let mut line = Spanned::default();
        for (at, word) in words.iter().enumerate() {
            if at > 0 {
                line.push(Segment::author(" "), self.task.span);
            }
            let mut inputs = word.inputs().iter();
            for segment in quoted(word.text()).segments() {
                let input = if segment.is_tainted() { inputs.next() } else { None };
                let given = input.and_then(|input| self.given(input));
                let through = given.and_then(|(value, _)| value.through_of(segment));
                line.push_through(segment.clone(), given.map_or(self.task.span, |(_, span)| span), through);
            }
        }
        line
    }
}

/// Judges one call as a script, and tells what is refused at the input that brings it.
fn judge(line: &Spanned, program: &str, rules: &ScriptRules, needs: &mut Vec<Need>, diagnostics: &mut Diagnostics) {
    let script = Script::alone(Language::Bash, &line.text);
    if !script.is_tainted() {
        return;
    }
    let analysis = rules.known.analysis(&script.outline());
    let mut tell = |refusal: &Refusal| diagnostics.push(refused(refusal, place(&refusal.entrance, line, &[]), program));
    if rules.is_foresight {
        // The texts stand for any other: only what takes none is told.
        return analysis.refusals().iter().for_each(tell);
    }
    let values = script.values();
    match analysis.test(&values) {
        Ok(()) => needs.extend(Need::of(rules, &analysis, &values)),
        Err(refusals) => refusals.iter().for_each(&mut tell),
    }
}

/// Returns the diagnostic of a refusal of what a task calls a program with, at a place with all that is known of it.
pub(super) fn refused(
    refusal: &Refusal,
    (span, origin, through): (Span, Option<&Arc<Origin>>, Option<&Through>),
    program: &str,
) -> Diagnostic {
    let title = format!("payload text can't be {}", refusal.reason);
    let label = format!("the task calls `{}` with this", shown(program));
    let refused = Diagnostic::error(Code::TaintedInScript, title, span, label);
    let refused = through.into_iter().fold(refused, brought);
    let refused = origin.into_iter().fold(refused, |it, origin| it.note(template::came_from(origin)));
    refused.help(template::WRITE_OR_CHOOSE)
}
