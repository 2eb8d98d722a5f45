//! Names that decide what programs do are no place for payload text, and names must be such
//! that the environment takes them.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, shown};
use crate::pipeline::model::{Pipeline, Placed};
use crate::taint::Text;
use crate::template;

/// Variables that programs obey: shells, linkers, interpreters, editors, version control.
const SPECIAL: [&str; 36] = [
    "PATH",
    "HOME",
    "SHELL",
    "IFS",
    "ENV",
    "BASHOPTS",
    "SHELLOPTS",
    "PS0",
    "PS1",
    "PS2",
    "PS3",
    "PS4",
    "CDPATH",
    "GLOBIGNORE",
    "RANDOM",
    "SRANDOM",
    "OPTIND",
    "SECONDS",
    "LINENO",
    "HISTCMD",
    "PROMPT_COMMAND",
    "NODE_OPTIONS",
    "NODE_PATH",
    "JAVA_TOOL_OPTIONS",
    "CLASSPATH",
    "EDITOR",
    "VISUAL",
    "PAGER",
    "LESSOPEN",
    "BROWSER",
    "TMPDIR",
    "MAKEFLAGS",
    "CC",
    "CXX",
    "TERM",
    "LANG",
];
/// Beginnings and ends of names of the same sort.
const SPECIAL_PREFIXES: [&str; 8] = ["LD_", "DYLD_", "BASH_", "GIT_", "PYTHON", "PERL", "RUBY", "PIPEHOOK_"];
const SPECIAL_SUFFIXES: [&str; 2] = ["FLAGS", "_PROXY"];
/// What pipehook itself passes to steps begins so.
const RESERVED: &str = "PIPEHOOK_";

pub(super) fn check(pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    for variable in pipeline.all_variables() {
        one(&variable.name, &variable.value, "a variable", diagnostics);
    }
    let jobs = pipeline.stages.iter().flat_map(|stage| &stage.jobs);
    for (name, value) in jobs.flat_map(|job| &job.steps).flat_map(|step| &step.env) {
        one(name, value, "an environment variable", diagnostics);
    }
}

fn one(name: &Placed<String>, value: &Text, what: &str, diagnostics: &mut Diagnostics) {
    let environment_name = name.value.to_ascii_uppercase().replace(['.', ' '], "_");
    if name.value.is_empty() || name.value.contains(['=', '\0', '\n']) {
        let title = format!("`{}` can't be the name of {what}", shown(&name.value));
        let label = "empty, or with a character that no environment takes";
        diagnostics.push(Diagnostic::error(Code::InvalidValue, title, name.span, label));
    } else if environment_name.starts_with(RESERVED) {
        let title = format!("names of variables that begin with `{RESERVED}` are pipehook's own");
        let label = "choose another beginning";
        diagnostics.push(Diagnostic::error(Code::InvalidValue, title, name.span, label));
    } else if let Some(origin) = value.origin().filter(|_| is_special(&environment_name)) {
        let title = format!("payload text can't be the value of `{}`", shown(&name.value));
        let label = "programs obey this variable";
        let tainted = Diagnostic::error(Code::TaintedStructure, title, name.span, label);
        diagnostics.push(tainted.note(template::came_from(origin)));
    }
}

/// Says whether programs obey a variable, given by its name in the environment in upper case.
/// The worker asks as well: macros can bring payload text into a value that has none here.
pub fn is_special(name: &str) -> bool {
    SPECIAL.contains(&name)
        || SPECIAL_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || SPECIAL_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}
