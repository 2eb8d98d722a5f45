//! What commands change for the steps that follow: variables, `PATH`, the run's name.

use super::super::variables::Setting;
use super::Command;
use super::obey::{Done, Effect, Problem, Reached, Rules, Work, error, required, warning};
use crate::diagnostic::shown;
use crate::run::{self, Output};
use crate::shell::{environment_name, is_special_variable};
use crate::taint::Text;

/// How many variables and folders a step may set, and the most bytes of all of them.
const CHANGES_MAX: usize = 1_000;
const CHANGED_BYTES_MAX: usize = 8 * 1024 * 1024;
/// With this variable a secret may have several lines.
const MULTILINE_SECRETS: &str = "SYSTEM_UNSAFEALLOWMULTILINESECRET";

/// A change for the steps that follow.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Change {
    /// A variable.
    Set(Setting),
    /// An output variable; the name is without the step's.
    Output { name: String, value: Text, is_secret: bool },
    /// A folder at the beginning of `PATH`.
    PrependPath(String),
    /// The run's name.
    Rename(Text),
}

/// Notes a change, unless the step has made more than it may.
fn change(work: &mut Work, change: Change, bytes: usize) -> Result<(), Problem> {
    work.changed_bytes += bytes;
    if work.changes.len() >= CHANGES_MAX || work.changed_bytes > CHANGED_BYTES_MAX {
        return Err(too_much());
    }
    work.changes.push(change);
    Ok(())
}

fn too_much() -> Problem {
    Problem::Error(format!("a step can set {CHANGES_MAX} variables of {CHANGED_BYTES_MAX} bytes in all"))
}

/// Says what keeps a step from setting a variable, if something does: a sentence without its object.
fn forbids(rules: &Rules<'_>, name: &str) -> Option<&'static str> {
    let settable = rules.target.and_then(|target| target.settable_variables.as_ref());
    match settable {
        Some(names) if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) => {
            Some("the step's `target` does not name")
        }
        _ => (!rules.restrictions.may_set(name)).then_some("the task's own `restrictions` do not name"),
    }
}

fn value(rules: &Rules<'_>, data: &str) -> Text {
    rules.origin.as_ref().map_or_else(|| data.into(), |origin| Text::tainted(data, origin.clone()))
}

pub(super) fn set_variable(work: &mut Work, rules: &Rules<'_>, command: &Command) -> Done {
    let name = required(command, "variable")?;
    if let Some(what) = forbids(rules, name) {
        return warning(format!("the variable `{}` is not set: {what} it", shown(name)));
    }
    // An output is exported as `STEP_NAME`, which is no name that programs obey.
    let is_output = command.is_set("isoutput");
    if !is_output && is_special_variable(&environment_name(name)) {
        let sentence = format!("the variable `{}` can't be set: programs obey it", shown(name));
        let help = if name.eq_ignore_ascii_case("PATH") { "; the command `task.prependpath` adds to it" } else { "" };
        return error(sentence + help);
    }
    let full_name = if is_output { format!("{}.{name}", rules.step) } else { name.to_owned() };
    let is_secret = command.is_set("issecret") || is_secret_so_far(work, rules, &full_name);
    if is_secret && command.data.contains(['\n', '\r']) && !allows_multiline_secrets(rules) {
        let sentence = format!("a secret of several lines needs the variable `{MULTILINE_SECRETS}` to be `true`");
        return error(sentence);
    }
    if is_read_only(work, rules, &full_name, is_output) {
        return warning(format!("the variable `{}` is not set: it is read-only", shown(&full_name)));
    }
    let value = value(rules, &command.data);
    let bytes = name.len() + value.len();
    let made = match is_output {
        true => Change::Output { name: name.to_owned(), value, is_secret },
        false => Change::Set(Setting {
            name: name.to_owned(),
            value,
            is_secret,
            is_read_only: command.is_set("isreadonly"),
            keeps_case: command.is_set("preservecase"),
            is_own_number: false,
        }),
    };
    change(work, made, bytes)?;
    Ok(is_secret.then(|| Effect::Mask(command.data.clone())))
}

/// Says whether a step may not set a variable. Its own output it may set again, in the same attempt and in
/// the next: it is read-only for others.
fn is_read_only(work: &Work, rules: &Rules<'_>, full_name: &str, is_output: bool) -> bool {
    let is_own = |output: &Output| output.name.eq_ignore_ascii_case(full_name);
    if is_output && rules.outputs.iter().any(is_own) {
        return false;
    }
    let is_kept = |change: &Change| match change {
        Change::Set(setting) => setting.is_read_only,
        _ => !is_output,
    };
    let is_changed = so_far(work, rules, full_name).any(is_kept);
    is_changed || rules.variables.is_read_only(full_name)
}

/// Says whether a variable is a secret by now. It stays one when it is set again.
fn is_secret_so_far(work: &Work, rules: &Rules<'_>, full_name: &str) -> bool {
    let is_made = |change: &Change| match change {
        Change::Set(Setting { is_secret, .. }) | Change::Output { is_secret, .. } => *is_secret,
        Change::PrependPath(_) | Change::Rename(_) => false,
    };
    rules.variables.is_secret(full_name) || so_far(work, rules, full_name).any(is_made)
}

/// Returns what the step has set so far of a variable; an output has the step's name before its own.
fn so_far<'w>(work: &'w Work, rules: &Rules<'_>, full_name: &str) -> impl Iterator<Item = &'w Change> {
    let own = full_name.split_at_checked(rules.step.len()).filter(|(step, _)| step.eq_ignore_ascii_case(&rules.step));
    let own = own.and_then(|(_, rest)| rest.strip_prefix('.'));
    work.changes.iter().filter(move |change| match change {
        Change::Set(setting) => setting.name.eq_ignore_ascii_case(full_name),
        Change::Output { name, .. } => own.is_some_and(|own| name.eq_ignore_ascii_case(own)),
        Change::PrependPath(_) | Change::Rename(_) => false,
    })
}

/// Says whether what a command brings is a secret, whatever becomes of the command.
pub(super) fn brings_secret(work: &Work, rules: &Rules<'_>, command: &Command) -> bool {
    let is_of_variable = |name: &str| {
        let output = format!("{}.{name}", rules.step);
        [name, &output].iter().any(|name| is_secret_so_far(work, rules, name))
    };
    match (command.area.as_str(), command.event.as_str()) {
        ("task", "setsecret") => true,
        ("task", "setvariable") => {
            command.is_set("issecret") || command.property("variable").is_some_and(is_of_variable)
        }
        ("task", "settaskvariable") => {
            let is_it =
                |it: &TaskVariable| command.property("variable").is_some_and(|name| it.name.eq_ignore_ascii_case(name));
            command.is_set("issecret") || work.task_variables.iter().any(|it| it.is_secret && is_it(it))
        }
        _ => false,
    }
}

fn allows_multiline_secrets(rules: &Rules<'_>) -> bool {
    rules.variables.value(MULTILINE_SECRETS).is_some_and(|value| value.flatten().eq_ignore_ascii_case("true"))
}

pub(super) fn set_secret(_: &mut Work, _: &Rules<'_>, command: &Command) -> Done {
    Ok(Some(Effect::Mask(command.data.clone())))
}

/// A variable that only other parts of the same step see: what a package does when the job ends.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct TaskVariable {
    pub(in super::super) name: String,
    pub(in super::super) value: Text,
    is_secret: bool,
    is_read_only: bool,
}

pub(super) fn set_task_variable(work: &mut Work, rules: &Rules<'_>, command: &Command) -> Done {
    let name = required(command, "variable")?;
    let known = work.task_variables.iter().position(|it| it.name.eq_ignore_ascii_case(name));
    let known = known.map(|at| work.task_variables.remove(at));
    let is_secret = command.is_set("issecret") || known.as_ref().is_some_and(|known| known.is_secret);
    if let Some(known) = known.filter(|known| known.is_read_only) {
        work.task_variables.push(known);
        return warning(format!("the variable `{}` of the task is not set: it is read-only", shown(name)));
    }
    work.changed_bytes += name.len() + command.data.len();
    if work.task_variables.len() >= CHANGES_MAX || work.changed_bytes > CHANGED_BYTES_MAX {
        return Err(too_much());
    }
    work.task_variables.push(TaskVariable {
        name: name.to_owned(),
        value: value(rules, &command.data),
        is_secret,
        is_read_only: command.is_set("isreadonly"),
    });
    Ok(is_secret.then(|| Effect::Mask(command.data.clone())))
}

pub(super) fn prepend_path(work: &mut Work, rules: &Rules<'_>, command: &Command) -> Done {
    let folder = command.data.trim();
    if let Some(what) = forbids(rules, "path") {
        return warning(format!("`PATH` is not changed: {what} `path`"));
    }
    if folder.is_empty() || folder.contains([':', '\0']) {
        return error("the command `task.prependpath` needs one folder");
    }
    match rules.reached {
        Reached::Not | Reached::Before(_) => {}
        Reached::Itself(_) => return error("a step that got payload text can't change `PATH`: programs obey it"),
        Reached::ByProgram => {
            return error("after payload text came to the job, only a script's own line can change `PATH`");
        }
    }
    change(work, Change::PrependPath(folder.to_owned()), folder.len())?;
    Ok(None)
}

pub(super) fn update_build_number(work: &mut Work, rules: &Rules<'_>, command: &Command) -> Done {
    let name = match run::given_name(&command.data) {
        Ok(name) => name,
        Err(reason) => return error(reason),
    };
    change(work, Change::Rename(value(rules, &name)), name.len())?;
    Ok(Some(Effect::Rename(name)))
}
