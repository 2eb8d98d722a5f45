//! Names that decide what programs do are no place for payload text, and names must be such
//! that the environment takes them.

use super::held::{Held, JobHeld};
use super::scripts::{Spanned, Through, brought};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, shown};
use crate::pipeline::model::{Job, Pipeline, Placed};
use crate::shell::{VARIABLE_PREFIX, environment_name, is_exported, is_obeyed_variable};
use crate::taint::Text;
use crate::template;

pub(super) fn check(pipeline: &Pipeline, jobs: &[JobHeld<'_>], diagnostics: &mut Diagnostics) {
    for variable in pipeline.all_variables() {
        one(&variable.name, &variable.value, "a variable", diagnostics);
    }
    for (name, value) in pipeline.jobs().flat_map(|job| job.all_steps()).flat_map(|step| &step.env) {
        one(name, value, "an environment variable", diagnostics);
        length(name, value, diagnostics);
    }
    let own = pipeline.jobs().flat_map(Job::own_containers);
    for container in own.chain(pipeline.resources.containers()) {
        for (name, value) in &container.value.env {
            one(&Placed { value: name.clone(), span: container.span }, value, "an environment variable", diagnostics);
        }
    }
    for of in jobs {
        of.each_leg(diagnostics, |held, found| brought_by_variables(pipeline, of.job, held, found));
    }
}

/// Reports what variables of a job bring, by macros and expressions, to those that programs obey.
fn brought_by_variables(pipeline: &Pipeline, job: &Job, mut held: Held, diagnostics: &mut Diagnostics) {
    for variable in held.variables().into_iter().filter(|it| is_exported(&it.name.value)) {
        obeyed(&variable.name, &variable.value, None, diagnostics);
    }
    for container in job.containers(&pipeline.resources) {
        for (name, value) in &container.value.env {
            of_environment(&Placed { value: name.clone(), span: container.span }, value, &held, diagnostics);
        }
    }
    for step in job.all_steps() {
        for (name, value) in step.env.iter().filter(|_| step.enabled) {
            of_environment(name, value, &held, diagnostics);
        }
        held.pass(step);
    }
}

/// Reports what macros bring to a variable of an environment. What stands there itself has been told.
fn of_environment(name: &Placed<String>, value: &Text, held: &Held, diagnostics: &mut Diagnostics) {
    let expanded = Spanned::with_macros(value, name.span, &held.variables());
    if value.is_tainted() || !expanded.text.is_tainted() {
        return;
    }
    obeyed(name, &expanded.text, expanded.first_through().as_ref(), diagnostics);
    length(name, &expanded.text, diagnostics);
}

/// The most bytes of a name and its value in `env`: the system starts no program with more in one.
const ENV_MAX: usize = 128 * 1024 - "=".len() - "\0".len();

fn length(name: &Placed<String>, value: &Text, diagnostics: &mut Diagnostics) {
    let bytes = name.value.len() + value.len();
    if bytes > ENV_MAX {
        let title = format!("`{}` and its value have {bytes} bytes, {ENV_MAX} are allowed", shown(&name.value));
        let long = Diagnostic::error(Code::ExpansionLimit, title, name.span, "this is too long for an environment");
        let long = value.origin().into_iter().fold(long, |long, origin| long.note(template::came_from(origin)));
        diagnostics.push(long.help("put `${{ … }}` into the script itself, where texts may be of any length"));
    }
}

fn one(name: &Placed<String>, value: &Text, what: &str, diagnostics: &mut Diagnostics) {
    if name.value.is_empty() || name.value.contains(['=', '\0', '\n']) {
        let title = format!("`{}` can't be the name of {what}", shown(&name.value));
        let label = "empty, or with a character that no environment takes";
        diagnostics.push(Diagnostic::error(Code::InvalidValue, title, name.span, label));
    } else if environment_name(&name.value).starts_with(VARIABLE_PREFIX) {
        let title = format!("names of variables that begin with `{VARIABLE_PREFIX}` are pipehook's own");
        let label = "choose another beginning";
        diagnostics.push(Diagnostic::error(Code::InvalidValue, title, name.span, label));
    } else {
        obeyed(name, value, None, diagnostics);
    }
}

/// Reports payload text in a variable that programs obey.
fn obeyed(name: &Placed<String>, value: &Text, through: Option<&Through>, diagnostics: &mut Diagnostics) {
    let Some(origin) = value.origin().filter(|_| is_obeyed_variable(&environment_name(&name.value))) else { return };
    let title = format!("payload text can't be the value of `{}`", shown(&name.value));
    let tainted = Diagnostic::error(Code::TaintedStructure, title, name.span, "programs obey this variable");
    diagnostics.push(through.into_iter().fold(tainted, brought).note(template::came_from(origin)));
}
