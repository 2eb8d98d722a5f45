//! Inputs that say yes or no, when their macros have values.

use super::variables::Variables;
use crate::diagnostic::shown;
use crate::pipeline::plan::Flag;

/// Returns what a yes or no of a script says. On failure, a sentence.
pub(super) fn decided(name: &str, flag: &Flag, variables: &Variables) -> Result<bool, String> {
    let written = match flag {
        Flag::Known(known) => return Ok(*known),
        Flag::Written(written) => written,
    };
    let value = variables.expand(written).map_err(|error| format!("The input `{name}` can't be used: {error}."))?;
    if value.is_tainted() {
        return Err(decides(name));
    }
    yes_or_no(name, value.flatten().trim())
}

/// Returns what a word says; nothing is no. On failure, a sentence.
pub(super) fn yes_or_no(name: &str, word: &str) -> Result<bool, String> {
    match word {
        "" => Ok(false),
        word if word.eq_ignore_ascii_case("true") => Ok(true),
        word if word.eq_ignore_ascii_case("false") => Ok(false),
        other => Err(format!("The input `{name}` is `true` or `false`, not `{}`.", shown(other))),
    }
}

/// Returns the sentence that says that an input is the author's alone.
pub(super) fn decides(name: &str) -> String {
    format!("Payload text can't be the input `{name}`: it decides what the task does.")
}
