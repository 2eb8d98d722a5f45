//! Whether the keys of a script's arrays are numbers: those of `"${!list[@]}"`.
//!
//! An array is associative only if a word such as `declare -A` says so; without one, its keys are
//! numbers whatever its values are. This looks at the characters alone, and says no where it can't
//! tell: at `-A` of any command, at code that another file or `eval` brings, and where the options of
//! `declare` are known only when the script runs.

use super::super::symbol::Symbol;
use super::syntax::{Behind, Command, Part, Script, Word};
use std::collections::HashSet;

/// Words that bring code which is not looked through here.
const BRINGS_CODE: &[&str] = &["eval", "source", "."];
/// Words that can make an array associative.
const DECLARES: &[&str] = &["declare", "typeset", "local", "readonly", "export"];
/// What stands for payload text, and for what is known only when the script runs.
const UNKNOWN: char = '$';

/// Says whether no array of a script can have other keys than numbers.
pub(super) fn are_numbers(symbols: &[Symbol]) -> bool {
    let text: String = symbols.iter().map(|symbol| symbol.char().unwrap_or(UNKNOWN)).collect();
    !text.replace("\\\n", " ").lines().any(may_name_keys)
}

/// Says whether a line may make an array associative.
fn may_name_keys(line: &str) -> bool {
    let is_between = |it: char| it.is_whitespace() || matches!(it, ';' | '|' | '&' | '(' | ')' | '`' | '{' | '}');
    let words = || line.split(is_between).map(|word| word.trim_start_matches(['"', '\'', '\\']));
    let is_option = |word: &str| word.starts_with(['-', '+']) && word.contains('A');
    let names = |known: &[&str]| words().any(|word| known.contains(&word.trim_end_matches(['"', '\''])));
    words().any(is_option) || names(BRINGS_CODE) || names(DECLARES) && words().any(|word| word.starts_with(UNKNOWN))
}

/// Arrays that the shell makes itself: they stay what they are.
const OWN: &[&str] = &[
    "BASH_ALIASES",
    "BASH_ARGC",
    "BASH_ARGV",
    "BASH_CMDS",
    "BASH_LINENO",
    "BASH_REMATCH",
    "BASH_SOURCE",
    "BASH_VERSINFO",
    "COMPREPLY",
    "COPROC",
    "DIRSTACK",
    "FUNCNAME",
    "GROUPS",
    "MAPFILE",
    "PIPESTATUS",
];

/// Commands that make an array something else, or take it away.
const CHANGING: &[&str] = &["unset", "declare", "typeset", "local", "readonly", "export"];

/// Returns the arrays that are associative wherever the script names them, so that their keys are texts: those of a `declare
/// -A` that runs whatever happens, begins its line, and comes before every other mention of the name.
pub(super) fn associative(symbols: &[Symbol], script: &Script) -> HashSet<String> {
    let text: String = symbols.iter().map(|symbol| symbol.char().unwrap_or(UNKNOWN)).collect();
    let text = text.replace("\\\n", " ");
    let lines: Vec<&str> = text.split('\n').collect();
    let mut changes = lines.iter().filter(|line| CHANGING.iter().any(|name| mentions(line, name)));
    let takes_any = changes.any(|line| {
        let is_unset = mentions(line, "unset") && line.contains([UNKNOWN, '`', '*', '{']);
        is_unset
            || ["=unset", "=declare", "=typeset", "=local"].iter().any(|it| line.replace(['"', '\''], "").contains(it))
    });
    let sources = |line: &&str| {
        [";", "&", "{", "(", "then ", "do "].iter().any(|it| line.replace("  ", " ").contains(&format!("{it} . ")))
    };
    let begins_so = |line: &&str| line.trim_start().starts_with(". ");
    let brings =
        |line: &&str| ["eval", "source"].iter().any(|name| mentions(line, name)) || sources(line) || begins_so(line);
    let has_code = lines.iter().any(brings);
    let is_hidden = CHANGING.iter().any(|name| {
        let defines = |line: &&str| {
            line.replace(' ', "").contains(&format!("{name}()")) || line.contains(&format!("function {name}"))
        };
        lines.iter().any(defines)
    });
    if takes_any || has_code || is_hidden {
        return HashSet::new();
    }
    let names = script.commands.iter().enumerate().flat_map(|(at, command)| declared(script, at, command));
    let is_alone = |name: &String| {
        let mut mentioning = lines.iter().filter(|line| mentions(line, name));
        let first = mentioning.next().is_some_and(|line| begins_declaring(line, name));
        first && !OWN.contains(&name.as_str()) && !mentioning.any(|line| CHANGING.iter().any(|it| mentions(line, it)))
    };
    names.filter(is_alone).collect()
}

/// Returns the names that a command makes associative, if it runs whatever happens.
fn declared(script: &Script, at: usize, command: &Command) -> Vec<String> {
    let Command::Simple(simple) = command else { return Vec::new() };
    let before = at.checked_sub(1).map(|before| script.joints[before]);
    let is_first = before.is_none_or(|it| it.behind == Behind::End && it.ends_line);
    let is_sure = script.joints[at].behind == Behind::End && !script.joints[at].is_negated;
    let bare = |word: &Word| match word.parts.as_slice() {
        [Part::Text { text, quoted: false }] => Some(text.clone()),
        _ => None,
    };
    let Some(words) = simple.words.iter().map(bare).collect::<Option<Vec<String>>>() else { return Vec::new() };
    let [command, option, names @ ..] = words.as_slice() else { return Vec::new() };
    let is_plain = simple.redirects.is_empty() && simple.assignments.is_empty();
    let declares =
        ["declare", "typeset"].contains(&command.as_str()) && ["-A", "-gA", "-Ag"].contains(&option.as_str());
    let is_name = |name: &String| name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_');
    if !is_first || !is_sure || !is_plain || !declares || !names.iter().all(is_name) {
        return Vec::new();
    }
    names.iter().cloned().chain(simple.declared.iter().map(|it| it.name.clone())).collect()
}

/// Says whether a line begins with the declaration, and names the array in it first.
fn begins_declaring(line: &str, name: &str) -> bool {
    let line = line.trim_start();
    let declaration = line.split([';', '#']).next().unwrap_or_default();
    (line.starts_with("declare ") || line.starts_with("typeset ")) && mentions(declaration, name)
}

/// Says whether a line has a name that is not part of a longer one.
fn mentions(line: &str, name: &str) -> bool {
    let is_name = |it: char| it.is_ascii_alphanumeric() || it == '_';
    line.match_indices(name)
        .any(|(at, _)| !line[..at].ends_with(is_name) && !line[at + name.len()..].starts_with(is_name))
}
