//! Whether the keys of a script's arrays are numbers: those of `"${!list[@]}"`.
//!
//! An array is associative only if a word such as `declare -A` says so; without one, its keys are
//! numbers whatever its values are. This looks at the characters alone, and says no where it can't
//! tell: at `-A` of any command, at code that another file or `eval` brings, and where the options of
//! `declare` are known only when the script runs.

use super::super::symbol::Symbol;

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
