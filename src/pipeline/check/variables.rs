//! Names that decide what programs do are no place for payload text, and names must be such
//! that the environment takes them.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, shown};
use crate::pipeline::model::{Pipeline, Placed};
use crate::pipeline::plan::ContainerUse;
use crate::shell::{VARIABLE_PREFIX, is_obeyed_variable};
use crate::taint::Text;
use crate::template;

pub(super) fn check(pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    for variable in pipeline.all_variables() {
        one(&variable.name, &variable.value, "a variable", diagnostics);
    }
    for (name, value) in pipeline.jobs().flat_map(|job| job.all_steps()).flat_map(|step| &step.env) {
        one(name, value, "an environment variable", diagnostics);
        length(name, value, diagnostics);
    }
    let of_jobs = pipeline.jobs().flat_map(|job| job.container.iter().chain(job.services.iter().map(|(_, it)| it)));
    let own = of_jobs.filter_map(|container| match &container.value {
        ContainerUse::Inline(own) => Some((own, container.span)),
        ContainerUse::Alias(_) | ContainerUse::Expression(_) => None,
    });
    let named = pipeline.resources.containers.iter().map(|container| (&container.value.1, container.span));
    for (container, span) in own.chain(named) {
        for (name, value) in &container.env {
            one(&Placed { value: name.clone(), span }, value, "an environment variable", diagnostics);
        }
    }
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
    let environment_name = name.value.to_ascii_uppercase().replace(['.', ' '], "_");
    if name.value.is_empty() || name.value.contains(['=', '\0', '\n']) {
        let title = format!("`{}` can't be the name of {what}", shown(&name.value));
        let label = "empty, or with a character that no environment takes";
        diagnostics.push(Diagnostic::error(Code::InvalidValue, title, name.span, label));
    } else if environment_name.starts_with(VARIABLE_PREFIX) {
        let title = format!("names of variables that begin with `{VARIABLE_PREFIX}` are pipehook's own");
        let label = "choose another beginning";
        diagnostics.push(Diagnostic::error(Code::InvalidValue, title, name.span, label));
    } else if let Some(origin) = value.origin().filter(|_| is_obeyed_variable(&environment_name)) {
        let title = format!("payload text can't be the value of `{}`", shown(&name.value));
        let label = "programs obey this variable";
        let tainted = Diagnostic::error(Code::TaintedStructure, title, name.span, label);
        diagnostics.push(tainted.note(template::came_from(origin)));
    }
}
