//! Payload text in the inputs of tasks and in working directories: never what decides, and a path
//! only inside of the job's folders. A worker would refuse it when the step runs; a run that can't
//! end well is not queued.

use super::super::Need;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, shown};
use crate::pipeline::model::{Action, Pipeline, Script, Step};
use crate::pipeline::task::Role;
use crate::shell::Requirement;
use crate::taint::{Segment, Text};
use crate::template;

/// Reports what would be refused, and returns what payload text must look like in paths.
pub(super) fn check(pipeline: &Pipeline, diagnostics: &mut Diagnostics) -> Vec<Need> {
    let mut needs = Vec::new();
    let jobs = pipeline.stages.iter().flat_map(|stage| &stage.jobs);
    for step in jobs.flat_map(|job| job.all_steps()) {
        if let Some(directory) = &step.working_directory {
            path("workingDirectory", &directory.value, directory.span, &mut needs, diagnostics);
        }
        task(step, &mut needs, diagnostics);
        if let Action::Script(Script { program: Some(program), .. }) = &step.action {
            decision("pythonInterpreter", &program.value, program.span, diagnostics);
        }
    }
    needs
}

fn task(step: &Step, needs: &mut Vec<Need>, diagnostics: &mut Diagnostics) {
    let Action::Task(task) = &step.action else { return };
    for (name, value) in &task.inputs {
        if task.definition.is_some_and(|definition| definition.is_flag(&name.value)) {
            flag(&name.value, value, name.span, diagnostics);
        }
        match task.definition.map_or(Role::Data, |definition| definition.role(&name.value)) {
            Role::Data => {}
            Role::Path => path(&name.value, value, name.span, needs, diagnostics),
            Role::Decision => decision(&name.value, value, name.span, diagnostics),
        }
    }
}

/// Warns of a value that is neither yes nor no, and that no macro will make one.
fn flag(name: &str, value: &Text, span: Span, diagnostics: &mut Diagnostics) {
    let written = value.flatten();
    let is_flag = ["", "true", "false"].iter().any(|word| written.trim().eq_ignore_ascii_case(word));
    if is_flag || value.is_tainted() || written.contains('$') {
        return;
    }
    let title = format!("the input `{}` is `true` or `false`, not `{}`", shown(name), shown(&written));
    diagnostics.push(Diagnostic::warning(Code::InvalidValue, title, span, "the step would fail"));
}

fn decision(name: &str, value: &Text, span: Span, diagnostics: &mut Diagnostics) {
    let Some(origin) = value.origin() else { return };
    let title = format!("payload text can't be the input `{}`", shown(name));
    let mistake = Diagnostic::error(Code::TaintedStructure, title, span, "this decides what the task does");
    let help = "write what you mean in the file, or choose it with `oneOf(…)`, which gives only what you listed";
    diagnostics.push(mistake.note(template::came_from(origin)).help(help));
}

fn path(name: &str, value: &Text, span: Span, needs: &mut Vec<Need>, diagnostics: &mut Diagnostics) {
    for (at, segment) in value.segments().iter().enumerate().filter(|(_, segment)| segment.is_tainted()) {
        let requirement = requirement(value.segments(), at);
        needs.push(Need { text: segment.text.clone(), requirement });
        if requirement.admits(&segment.text) {
            continue;
        }
        let title = format!("payload text can't lead `{}` out of the job's folders", shown(name));
        let label = format!("`{}` is not {requirement}", shown(&segment.text));
        let mistake = Diagnostic::error(Code::TaintedStructure, title, span, label);
        let mistake = segment.origin.iter().fold(mistake, |it, origin| it.note(template::came_from(origin)));
        diagnostics.push(mistake.help("refuse such payloads with a filter, or name the folder yourself"));
    }
}

/// Returns what a piece of a path must look like: next to a dot that its author wrote, it could
/// become `..`.
fn requirement(segments: &[Segment], at: usize) -> Requirement {
    let before = at.checked_sub(1).is_some_and(|before| segments[before].text.ends_with('.'));
    let after = segments.get(at + 1).is_some_and(|after| after.text.starts_with('.') || after.is_tainted());
    let is_glued = before || after || at > 0 && segments[at - 1].is_tainted();
    if is_glued { Requirement::Plain } else { Requirement::InsidePath }
}
