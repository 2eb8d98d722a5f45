//! Names, functions and numbers of arguments that are not known, and what may have been meant.

use super::function::{FUNCTIONS, Function};
use super::scope::{Beside, Name};
use super::syntax::Call;
use super::{Dialect, Mistake, Scope};
use crate::diagnostic::{Code, did_you_mean, meant, nearest, shown};
use std::ops::Range;

/// Words of other languages, and what stands for them here.
const FOREIGN_NAMES: &[(&str, &str)] = &[
    ("null", "compare with an empty text: `eq(x, '')`"),
    ("env", "write `variables['name']`, or use the variable in the script"),
    ("matrix", "write `variables['name']`: the values of a matrix are variables"),
    ("strategy", "write `variables['strategy.name']`"),
    ("dependencies", OF_OTHERS),
    ("stageDependencies", OF_OTHERS),
];

/// The names that every template knows; others are those of loops' values.
const CONTEXTS: [&str; 3] = ["parameters", "variables", "resources"];

/// What steps and templates know of other jobs.
const OF_OTHERS: &str = "give it to a variable of the job, `name: $[ dependencies.… ]`, and read `variables['name']`";

/// Functions of other languages, and what stands for them here.
const FOREIGN_FUNCTIONS: &[(&str, &str)] = &[
    ("toJson", "write `convertToJson(x)`"),
    ("success", "write `succeeded()`"),
    ("failure", "write `failed()`"),
    ("equals", "write `eq(a, b)`"),
    ("if", "write `iif(condition, a, b)`"),
    ("concat", "write `format('{0}{1}', a, b)`"),
    ("neq", "write `ne(a, b)`"),
    ("indexOf", "write `contains(a, b)` to learn whether a text holds another"),
];

fn foreign(table: &[(&str, &str)], written: &str) -> Option<String> {
    table.iter().find(|(word, _)| word.eq_ignore_ascii_case(written)).map(|(_, help)| (*help).to_owned())
}

/// Returns the mistake of a name that is not known. One that stands alone may be meant as text.
pub(super) fn unknown_name(written: &str, range: Range<usize>, scope: &Scope, is_alone: bool) -> Mistake {
    let help = foreign(FOREIGN_NAMES, written)
        .or_else(|| function_without_call(written))
        .or_else(|| member_of_another(written, scope))
        .or_else(|| did_you_mean(written, scope.names.iter().map(|known| known.name.as_str())))
        .or_else(|| value_of_loop(scope).filter(|_| !is_alone))
        .or_else(|| is_alone.then(|| format!("put text in single quotes: `'{}'`", shown(written))));
    let known = scope.names.iter().map(|known| format!("`{}`", known.name)).collect::<Vec<_>>();
    let note = (!known.is_empty()).then(|| format!("known here: {}", known.join(", ")));
    let title = format!("the name `{}` is not known here", shown(written));
    Mistake::new(Code::UnknownName, range, title, "no such name").maybe_help(help).maybe_note(note)
}

/// Returns the help for a name with members where one loop is around, whose value has them.
fn value_of_loop(scope: &Scope) -> Option<String> {
    let is_loop = |known: &&Name| !CONTEXTS.iter().any(|context| known.name.eq_ignore_ascii_case(context));
    let mut loops = scope.names.iter().filter(is_loop).filter(|_| scope.dialect == Dialect::Template);
    match (loops.next(), loops.next()) {
        (Some(only), None) => Some(meant(&only.name)),
        _ => None,
    }
}

fn function_without_call(written: &str) -> Option<String> {
    Function::find(written).map(|function| format!("write `{}(…)` to call the function", function.name))
}

fn member_of_another(written: &str, scope: &Scope) -> Option<String> {
    scope.names.iter().find_map(|known| {
        let members = known.members.as_ref()?;
        let member = members.iter().find(|member| member.eq_ignore_ascii_case(written))?;
        Some(format!("did you mean `{}.{member}`?", known.name))
    })
}

pub(super) fn unknown_member(known: &Name, member: &str, range: Range<usize>, members: &[String]) -> Mistake {
    let name = known.name.as_str();
    if let Some(beside) = &known.beside {
        return not_seen(name, member, range, members, beside);
    }
    let shown = shown(member);
    let (title, label) = match name.eq_ignore_ascii_case("parameters") {
        true => (format!("the parameter `{shown}` is not declared"), "no such parameter".to_owned()),
        false => (format!("`{name}` has no member `{shown}`"), "no such member".to_owned()),
    };
    let help = did_you_mean(member, members.iter().map(String::as_str));
    Mistake::new(Code::UnknownName, range, title, label).maybe_help(help)
}

/// Returns the mistake of a stage or job that is not among those waited for. One that exists is nothing when a run
/// comes there (reference, section 5.6).
fn not_seen(name: &str, member: &str, range: Range<usize>, members: &[String], beside: &Beside) -> Mistake {
    let is_it = |known: &String| known.eq_ignore_ascii_case(member);
    let title = format!("`{name}` has no member `{}`", shown(member));
    if beside.own.as_ref().is_some_and(is_it) {
        let itself = Mistake::new(Code::UnknownName, range, title, "nothing waits for itself");
        let help = match name.eq_ignore_ascii_case("stageDependencies") {
            true => "jobs of the same stage are in `dependencies`",
            false => "only what `dependsOn` names is there",
        };
        return Mistake { is_nothing: true, ..itself.help(help) };
    }
    if beside.all.iter().any(is_it) {
        let unnamed = Mistake::new(Code::UnknownName, range, title, "this is in no `dependsOn`");
        return Mistake { is_nothing: true, ..unnamed.help("add it to `dependsOn`") };
    }
    if let Some(stage) = beside.stages.iter().find(|stage| is_it(stage)) {
        let help = format!("write `stageDependencies.{}.<job>`", shown(stage));
        return Mistake::new(Code::UnknownName, range, title, "this is a stage, and no job").help(help);
    }
    let help = near(member, members, beside).unwrap_or_else(|| "only what `dependsOn` names is there".to_owned());
    Mistake::new(Code::UnknownName, range, title, "nothing is called so").help(help)
}

/// Returns what may be meant by a name: one of those waited for, or else one that `dependsOn` would have to name too.
fn near(written: &str, waited_for: &[String], beside: &Beside) -> Option<String> {
    let of = |names: &[String]| nearest(written, names.iter().map(String::as_str)).map(str::to_owned);
    let too = |name: String| format!("did you mean `{name}`? Then name it in `dependsOn` too");
    of(waited_for).map(|name| meant(&name)).or_else(|| of(&beside.all).map(too))
}

/// Returns the mistake of a status function that names what is not waited for.
pub(super) fn not_waited_for(name: &str, range: Range<usize>, known: &[String], beside: Option<&Beside>) -> Mistake {
    let title = format!("nothing called `{}` is waited for here", shown(name));
    let is_there = beside.is_none_or(|beside| beside.all.iter().any(|it| it.eq_ignore_ascii_case(name)));
    let help = match beside {
        Some(beside) if !is_there => near(name, known, beside),
        Some(_) => None,
        None => did_you_mean(name, known.iter().map(String::as_str)),
    };
    let (label, otherwise) = match is_there {
        true => ("this is in no `dependsOn`", "name it in `dependsOn` too"),
        false => ("nothing is called so", "only what `dependsOn` names, and what that waits for, can stand here"),
    };
    Mistake::new(Code::UnknownName, range, title, label).help(help.unwrap_or_else(|| otherwise.to_owned()))
}

/// Returns the function that a call names, if it exists in the scope.
pub(super) fn function(call: &Call, scope: &Scope) -> Result<&'static Function, Mistake> {
    let range = call.name_range.clone();
    let written = shown(&call.name);
    let is_here = |function: &&Function| function.exists_in(scope.dialect, scope.in_variable);
    match Function::find(&call.name) {
        Some(function) if is_here(&function) => Ok(function),
        Some(function) => {
            let title = format!("the function `{}` does not exist here", function.name);
            Err(Mistake::new(Code::UnknownFunction, range, title, "not here").help(function.place_help()))
        }
        None => {
            let help = foreign(FOREIGN_FUNCTIONS, &call.name)
                .or_else(|| did_you_mean(&call.name, FUNCTIONS.iter().filter(is_here).map(|function| function.name)));
            let title = format!("there is no function `{written}`");
            Err(Mistake::new(Code::UnknownFunction, range, title, "no such function").maybe_help(help))
        }
    }
}

/// Returns the mistake of a call with too few or too many arguments.
pub(super) fn wrong_count(call: &Call, function: &Function) -> Option<Mistake> {
    let given = call.arguments.len();
    let (range, label) = if given < function.least {
        (call.close.clone(), "an argument is missing here")
    } else if given > function.most {
        let last = call.arguments.last().map_or(call.close.start, |argument| argument.range.end);
        (call.arguments[function.most].range.start..last, "not expected")
    } else {
        return None;
    };
    let title = format!("`{}` takes {}, not {given}", function.name, function.count_phrase());
    Some(Mistake::new(Code::ArgumentCount, range, title, label))
}
