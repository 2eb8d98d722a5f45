//! Payload text in the inputs of tasks, in working directories, checkouts and containers: never what decides, and a
//! path only inside of the job's folders, also where a variable brings the text. A worker would refuse it when the
//! step runs; a run that can't end well is not queued.

use super::super::Need;
use super::held::JobHeld;
use super::scripts::{Spanned, Through, brought};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, shown};
use crate::pipeline::model::{Action, Job, Pipeline, Placed, Script, Step, Variable};
use crate::pipeline::plan::{Checkout, ErrorAction, Flag, Word};
use crate::pipeline::task::Role;
use crate::shell::Requirement;
use crate::taint::{Segment, Text};
use crate::template;

/// Reports what would be refused, and returns what payload text must look like in paths.
pub(super) fn check(pipeline: &Pipeline, jobs: &[JobHeld<'_>], diagnostics: &mut Diagnostics) -> Vec<Need> {
    let mut needs = Vec::new();
    for of in jobs {
        of.each_leg(diagnostics, |mut held, found| {
            containers(pipeline, of.job, &held.variables(), found);
            for step in of.job.all_steps() {
                let tainted = held.variables();
                // What is written in a step that is switched off is looked at, what would come to it is not.
                let tainted: &[&Variable] = if step.enabled { &tainted } else { &[] };
                of_step(step, tainted, &mut needs, found);
                held.pass(step);
            }
        });
    }
    needs
}

fn of_step(step: &Step, tainted: &[&Variable], needs: &mut Vec<Need>, diagnostics: &mut Diagnostics) {
    if let Some(directory) = &step.working_directory {
        let value = Spanned::with_macros(&directory.value, directory.span, tainted);
        path("workingDirectory", &value, directory.span, needs, diagnostics);
    }
    match &step.action {
        Action::Task(_) => task(step, tainted, needs, diagnostics),
        Action::Script(own) => {
            for (name, value, span) in settings(own, step.span) {
                decision(name, &Spanned::with_macros(value, span, tainted), span, diagnostics);
            }
        }
        Action::Checkout(checkout) => {
            for (name, value) in of_checkout(&checkout.value) {
                let value = Spanned::with_macros(value, checkout.span, tainted);
                fixed(&format!("`{name}` of a checkout"), &value, checkout.span, diagnostics);
            }
        }
    }
}

/// Returns what decides how a script is run, each with its place.
fn settings(script: &Script, span: Span) -> Vec<(&str, &Text, Span)> {
    let flags = [("failOnStderr", &script.fail_on_stderr), ("ignoreLASTEXITCODE", &script.ignore_last_exit_code)];
    let flags = flags.into_iter().filter_map(|(name, flag)| match flag {
        Flag::Known(_) => None,
        Flag::Written(text) => Some((name, text, span)),
    });
    let words = script.preferences.iter().filter_map(|(name, word)| match word {
        Word::Known(_) => None,
        Word::Written(text) => Some((name.as_str(), text, span)),
    });
    let action = match &script.error_action {
        ErrorAction::Written(text) => Some(("errorActionPreference", text, span)),
        _ => None,
    };
    let program = script.program.iter().map(|program| ("pythonInterpreter", &program.value, program.span));
    flags.chain(words).chain(action).chain(program).collect()
}

/// Returns the settings of a checkout, none of which a payload decides.
fn of_checkout(checkout: &Checkout) -> impl Iterator<Item = (&'static str, &Text)> {
    let all = [
        ("clean", &checkout.clean),
        ("fetchDepth", &checkout.fetch_depth),
        ("fetchTags", &checkout.fetch_tags),
        ("lfs", &checkout.lfs),
        ("path", &checkout.path),
        ("submodules", &checkout.submodules),
        ("sparseCheckoutDirectories", &checkout.sparse_directories),
        ("sparseCheckoutPatterns", &checkout.sparse_patterns),
        ("workspaceRepo", &checkout.is_workspace),
    ];
    all.into_iter().filter_map(|(name, text)| Some((name, text.as_ref()?)))
}

/// Reports what macros bring to the containers of a job that no payload decides.
fn containers(pipeline: &Pipeline, job: &Job, tainted: &[&Variable], diagnostics: &mut Diagnostics) {
    if tainted.is_empty() {
        return;
    }
    for Placed { value: container, span } in job.containers(&pipeline.resources) {
        let one = std::iter::once(("image", &container.image));
        let options = container.options.iter().map(|text| ("options", text));
        let ports = container.ports.iter().map(|text| ("ports", text));
        let volumes = container.volumes.iter().map(|text| ("volumes", text));
        for (what, text) in one.chain(options).chain(ports).chain(volumes) {
            let value = Spanned::with_macros(text, span, tainted);
            fixed(&format!("the `{what}` of a container"), &value, span, diagnostics);
        }
    }
}

fn task(step: &Step, tainted: &[&Variable], needs: &mut Vec<Need>, diagnostics: &mut Diagnostics) {
    let Action::Task(task) = &step.action else { return };
    for (name, value) in &task.inputs {
        if task.definition.is_some_and(|definition| definition.is_flag(&name.value)) {
            flag(&name.value, value, name.span, diagnostics);
        }
        let value = Spanned::with_macros(value, name.span, tainted);
        match task.definition.map_or(Role::Data, |definition| definition.role(&name.value)) {
            Role::Data => {}
            Role::Path => path(&name.value, &value, name.span, needs, diagnostics),
            Role::Decision => decision(&name.value, &value, name.span, diagnostics),
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

fn decision(name: &str, value: &Spanned, span: Span, diagnostics: &mut Diagnostics) {
    let Some(origin) = value.text.origin() else { return };
    let title = format!("payload text can't be the input `{}`", shown(name));
    let mistake = Diagnostic::error(Code::TaintedStructure, title, span, "this decides what the task does");
    let mistake = value.first_through().iter().fold(mistake, brought);
    diagnostics.push(mistake.note(template::came_from(origin)).help(template::WRITE_OR_CHOOSE));
}

/// Reports payload text in a place that takes none. What stands there itself is told elsewhere.
fn fixed(what: &str, value: &Spanned, span: Span, diagnostics: &mut Diagnostics) {
    let (Some(origin), Some(through)) = (value.text.origin(), value.first_through()) else { return };
    let title = format!("payload text can't be {what}");
    let mistake = Diagnostic::error(Code::TaintedStructure, title, span, "a variable brings it here");
    diagnostics.push(brought(mistake, &through).note(template::came_from(origin)).help(template::WRITE_OR_CHOOSE));
}

fn path(name: &str, value: &Spanned, span: Span, needs: &mut Vec<Need>, diagnostics: &mut Diagnostics) {
    let through = |at: usize| value.through.get(at).and_then(Option::<Through>::as_ref);
    let segments = value.text.segments();
    for (at, segment) in segments.iter().enumerate().filter(|(_, segment)| segment.is_tainted()) {
        let requirement = requirement(segments, at);
        needs.push(Need { text: segment.text.clone(), requirement });
        if requirement.admits(&segment.text) {
            continue;
        }
        let title = format!("payload text can't lead `{}` out of the job's folders", shown(name));
        let label = format!("`{}` is not {requirement}", shown(&segment.text));
        let mistake = Diagnostic::error(Code::TaintedStructure, title, span, label);
        let mistake = through(at).into_iter().fold(mistake, brought);
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
