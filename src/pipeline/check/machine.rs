//! Whoever will execute a job has what it needs, as far as that is known.
//!
//! What reads a step's script, and what runs containers, must be there, or the run is rejected. A
//! tool that a task calls may be brought by a step before, so that is a warning. Repositories are folders
//! of the machine.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::pipeline::machine::Machine;
use crate::pipeline::model::{Action, Job, Pipeline, Step};
use crate::pipeline::plan::{CheckoutSource, Interpreter, TargetPlace};
use crate::pipeline::task::SEVEN_ZIP;
use crate::pipeline::task::call::{Program, tool};
use std::collections::BTreeSet;

/// The program that reads scripts of PowerShell.
const POWER_SHELL: &str = "pwsh";
/// The program that fetches large files for a checkout.
const LARGE_FILES: &str = "git-lfs";
/// The programs that read Python.
const PYTHONS: &[&str] = &["python3", "python"];

pub(super) fn check(pipeline: &Pipeline, machine: Option<&dyn Machine>, diagnostics: &mut Diagnostics) {
    let Some(machine) = machine else { return };
    let mut told = BTreeSet::new();
    for job in pipeline.jobs().filter(|job| machine.serves(&job.pool.name)) {
        containers(job, machine, diagnostics);
        repositories(pipeline, job, machine, diagnostics);
        large_files(job, machine, diagnostics);
        for step in job.all_steps().filter(|step| step.enabled) {
            seven_zip(step, machine, diagnostics);
        }
        for step in job.all_steps().filter(|step| step.enabled && runs_here(step, job)) {
            programs(step, machine, &mut told, diagnostics);
        }
    }
}

/// Says whether a step runs on the machine itself.
fn runs_here(step: &Step, job: &Job) -> bool {
    match step.target.as_ref().map(|target| &target.value.place) {
        None | Some(TargetPlace::Job) => job.container.is_none(),
        Some(TargetPlace::Host) => true,
        Some(TargetPlace::Container(_)) => false,
    }
}

/// Reports a job that wants containers where none can be run, once.
fn containers(job: &Job, machine: &dyn Machine, diagnostics: &mut Diagnostics) {
    let of_steps = job.all_steps().filter_map(|step| {
        let target = step.target.as_ref()?;
        matches!(target.value.place, TargetPlace::Container(_)).then_some(target.span)
    });
    let own = job.container.iter().map(|container| container.span);
    let wanted = own.chain(job.services.iter().map(|(name, _)| name.span)).chain(of_steps).next();
    let Some(span) = wanted else { return };
    if let Err(reason) = machine.has_containers() {
        let title = "no container can be run on this machine";
        let missing = Diagnostic::error(Code::MissingProgram, title, span, "this is a container");
        let help = "install Docker or Podman, or name a pool whose machines have one";
        diagnostics.push(missing.note(reason).help(help));
    }
}

/// Reports checkouts of repositories that are nowhere.
fn repositories(pipeline: &Pipeline, job: &Job, machine: &dyn Machine, diagnostics: &mut Diagnostics) {
    for step in job.all_steps().filter(|step| step.enabled) {
        let Action::Checkout(checkout) = &step.action else { continue };
        let names: Vec<&str> = match &checkout.value.source {
            CheckoutSource::OwnRepository => continue,
            CheckoutSource::Named(address) => {
                let address = address.split_once('@').map_or(address.as_str(), |(address, _)| address);
                vec![address.split_once("://").map_or(address, |(_, name)| name)]
            }
            CheckoutSource::Alias(alias) => {
                let mut declared = pipeline.resources.repositories.iter().map(|it| &it.value);
                // One that no resource has was told already.
                let Some(resource) = declared.find(|it| it.alias.eq_ignore_ascii_case(alias)) else { continue };
                std::iter::once(alias.as_str()).chain(resource.name.as_deref()).collect()
            }
        };
        if names.iter().any(|name| name.contains("$(") || machine.has_repository(name)) {
            continue;
        }
        let name = names.last().copied().unwrap_or_default();
        let title = format!("{} `{}` is", crate::pipeline::WITHOUT_REPOSITORY, crate::diagnostic::shown(name));
        let missing = Diagnostic::error(Code::UnknownResource, title, checkout.span, "it can't be checked out");
        let help = format!("write `repositories: {{{name}: PATH}}` there, or name a pool whose machines have it");
        diagnostics.push(missing.help(help));
    }
}

/// Reports checkouts that want large files where nothing fetches them.
fn large_files(job: &Job, machine: &dyn Machine, diagnostics: &mut Diagnostics) {
    for step in job.all_steps().filter(|step| step.enabled) {
        let Action::Checkout(checkout) = &step.action else { continue };
        let wants = checkout.value.lfs.as_ref().is_some_and(|lfs| lfs.flatten().trim().eq_ignore_ascii_case("true"));
        if wants && !machine.has_program(LARGE_FILES) {
            let title = format!("`{LARGE_FILES}` is not installed on this machine");
            let missing =
                Diagnostic::error(Code::MissingProgram, title, checkout.span, "it fetches large files: `lfs`");
            let help = "install Git LFS, name a pool whose machines have it, or write `lfs: false`";
            diagnostics.push(missing.help(help));
        }
    }
}

/// Reports archives of 7z where no program makes or unpacks them.
fn seven_zip(step: &Step, machine: &dyn Machine, diagnostics: &mut Diagnostics) {
    let Action::Task(task) = &step.action else { return };
    let wants = |name: &str, text: &str| match (task.name.as_str(), name) {
        ("ArchiveFiles", "archiveType") => text.trim().eq_ignore_ascii_case("7z"),
        ("ExtractFiles", "archiveFilePatterns") => text
            .lines()
            .map(str::trim)
            .any(|line| !line.starts_with(['!', '#']) && line.to_lowercase().ends_with(".7z")),
        _ => false,
    };
    let wanted = task.inputs.iter().find(|(name, value)| wants(&name.value, &value.flatten()));
    let Some((input, _)) = wanted.filter(|_| !SEVEN_ZIP.iter().any(|name| machine.has_program(name))) else { return };
    let title = format!("`{}` is not installed on this machine", SEVEN_ZIP[0]);
    let missing = Diagnostic::error(Code::MissingProgram, title, input.span, "archives of 7z need it");
    diagnostics.push(missing.help("install 7-Zip, name a pool whose machines have it, or make a zip or tar"));
}

/// Reports programs that a step needs and that are not there.
fn programs(step: &Step, machine: &dyn Machine, told: &mut BTreeSet<&'static str>, diagnostics: &mut Diagnostics) {
    match &step.action {
        Action::Script(script) if script.interpreter.is_power_shell() && !machine.has_program(POWER_SHELL) => {
            let title = format!("`{POWER_SHELL}` is not installed on this machine");
            let missing = Diagnostic::error(Code::MissingProgram, title, script.text.span, "it reads this script");
            let help = "install PowerShell, or name a pool whose machines have it";
            diagnostics.push(missing.help(help));
        }
        Action::Script(script) if script.interpreter == Interpreter::Python && script.program.is_none() => {
            warn(PYTHONS, script.text.span, machine, told, diagnostics);
        }
        Action::Task(task) if task.name == "PowerShell" => warn(&[POWER_SHELL], task.span, machine, told, diagnostics),
        Action::Task(task) if task.definition.is_none() => warn(&["node"], task.span, machine, told, diagnostics),
        Action::Task(task) => {
            let calls = tool(&task.name).map(|tool| tool.calls).unwrap_or_default();
            if let Some(Program::Named(names)) = calls.first().map(|call| &call.program) {
                warn(names, task.span, machine, told, diagnostics);
            }
        }
        _ => {}
    }
}

/// Warns of a program that is not there, once in a pipeline.
fn warn(
    names: &[&'static str],
    span: Span,
    machine: &dyn Machine,
    told: &mut BTreeSet<&'static str>,
    diagnostics: &mut Diagnostics,
) {
    if names.iter().any(|name| machine.has_program(name)) || !names.iter().all(|name| told.insert(name)) {
        return;
    }
    let named = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ");
    let title = format!("{named} is not installed on this machine");
    let missing = Diagnostic::warning(Code::MissingProgram, title, span, "it runs this step");
    diagnostics.push(missing.help("install it, or let a step before bring it"));
}
