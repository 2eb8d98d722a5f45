//! Payload text in scripts stands only where it can be passed as data.
//!
//! The macros of a script are not expanded yet, so a variable that holds payload text is looked
//! at too: its `$(name)` is a hole like any other.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::pipeline::Need;
use crate::pipeline::model::{Job, Pipeline, Script, Step, Variable};
use crate::pipeline::plan::Interpreter;
use crate::shell::{self, Language, Refusal};
use crate::taint::{Segment, Text};
use crate::template;

/// The most bytes of a script.
const SCRIPT_MAX: usize = 1024 * 1024;

pub(super) fn check(pipeline: &Pipeline, diagnostics: &mut Diagnostics) -> Vec<Need> {
    let mut needs = Vec::new();
    for stage in &pipeline.stages {
        for job in &stage.jobs {
            let scopes = [&pipeline.variables.own, &stage.variables.own, &job.variables.own];
            check_job(job, &scopes, &mut needs, diagnostics);
        }
    }
    needs
}

fn check_job(job: &Job, scopes: &[&Vec<Variable>], needs: &mut Vec<Need>, diagnostics: &mut Diagnostics) {
    let variables =
        scopes.iter().flat_map(|scope| scope.iter()).chain(job.legs().iter().flat_map(|leg| &leg.variables));
    let tainted: Vec<&Variable> = variables.filter(|it| it.value.is_tainted()).collect();
    for step in job.all_steps() {
        check_step(step, &tainted, needs, diagnostics);
    }
}

fn check_step(step: &Step, tainted: &[&Variable], needs: &mut Vec<Need>, diagnostics: &mut Diagnostics) {
    let Some(script) = step.script().filter(|script| is_bash(script)) else { return };
    let scalar = &script.text.value;
    if scalar.text.len() > SCRIPT_MAX {
        let title = format!("the script has {} bytes, {SCRIPT_MAX} are allowed", scalar.text.len());
        diagnostics.push(Diagnostic::error(Code::ExpansionLimit, title, script.text.span, "this is too long"));
        return;
    }
    let (text, spans) = with_variables(script, tainted);
    if !text.is_tainted() {
        return;
    }
    match shell::place(&text, Language::Bash) {
        Ok(placed) => {
            for hole in &placed.holes {
                let text = &text.segments()[hole.segment].text;
                needs.extend(hole.requirements.iter().map(|&requirement| Need { text: text.clone(), requirement }));
            }
        }
        Err(refusals) => {
            for refusal in refusals {
                diagnostics.push(diagnostic(&refusal, &text, &spans));
            }
        }
    }
}

/// Says whether bash reads the script. No worker can run another one yet.
fn is_bash(script: &Script) -> bool {
    matches!(script.interpreter, Interpreter::CommandLine | Interpreter::Bash)
}

/// Returns the script with the macros of tainted variables in place, and each segment's span.
fn with_variables(script: &Script, tainted: &[&Variable]) -> (Text, Vec<Span>) {
    let scalar = &script.text.value;
    let mut text = Text::default();
    let mut spans = Vec::new();
    for (place, segment) in scalar.text.segments().iter().enumerate() {
        let span = scalar.segment_spans.get(place).copied().unwrap_or(script.text.span);
        if segment.is_tainted() || tainted.is_empty() {
            push(&mut text, &mut spans, segment.clone(), span);
        } else {
            macros(&segment.text, tainted, &mut |segment| push(&mut text, &mut spans, segment, span));
        }
    }
    (text, spans)
}

fn push(text: &mut Text, spans: &mut Vec<Span>, segment: Segment, span: Span) {
    text.push(segment);
    if text.segments().len() > spans.len() {
        spans.push(span);
    }
}

/// Cuts the author's text at macros of tainted variables.
fn macros(text: &str, tainted: &[&Variable], emit: &mut impl FnMut(Segment)) {
    let author = |text: &str| Segment { text: text.into(), origin: None };
    let mut rest = text;
    while let Some(start) = rest.find("$(") {
        let end = rest[start..].find(')').map(|end| start + end);
        let name = end.map(|end| &rest[start + 2..end]);
        let variable = name.and_then(|name| tainted.iter().rev().find(|it| it.name.value.eq_ignore_ascii_case(name)));
        match (variable, end) {
            (Some(variable), Some(end)) => {
                emit(author(&rest[..start]));
                variable.value.segments().iter().cloned().for_each(&mut *emit);
                rest = &rest[end + 1..];
            }
            _ => {
                emit(author(&rest[..start + 1]));
                rest = &rest[start + 1..];
            }
        }
    }
    emit(author(rest));
}

fn diagnostic(refusal: &Refusal, text: &Text, spans: &[Span]) -> Diagnostic {
    let span = spans.get(refusal.segment).copied().unwrap_or(Span::NONE);
    let title = format!("payload text can't be {}", refusal.reason);
    let label = format!("line {} of the script", refusal.line);
    let mut diagnostic = Diagnostic::error(Code::TaintedInScript, title, span, label);
    if let Some(origin) = text.segments().get(refusal.segment).and_then(|segment| segment.origin.as_ref()) {
        diagnostic = diagnostic.note(template::came_from(origin));
    }
    let safe = "pass it in `env:` and use the variable as an argument in double quotes";
    diagnostic.help(refusal.help.as_deref().unwrap_or(safe))
}
