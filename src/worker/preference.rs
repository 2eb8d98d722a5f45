//! Preferences of PowerShell, when the macros in them have values: what its task writes in front of a script.

use super::flag;
use super::variables::Variables;
use crate::diagnostic::shown;
use crate::pipeline::plan::{ErrorAction, Word};
use crate::taint::Text;

/// What a preference can be; the first leaves it to PowerShell.
const WORDS: [&str; 4] = ["default", "stop", "continue", "silentlyContinue"];
/// What PowerShell does after an error, and how it shows progress, where nobody says anything.
const USUAL: &str = "continue";
/// The variable that decides how much PowerShell shows of what takes its time.
pub(super) const PROGRESS: &str = "ProgressPreference";

/// Returns what PowerShell does after an error. On failure, a sentence.
pub(super) fn error_action(action: &ErrorAction, variables: &Variables) -> Result<&'static str, String> {
    Ok(match action {
        ErrorAction::Stop => "stop",
        ErrorAction::Continue => "continue",
        ErrorAction::SilentlyContinue => "silentlyContinue",
        ErrorAction::Written(written) => match expanded("errorActionPreference", written, variables)? {
            "default" => USUAL,
            word => word,
        },
    })
}

/// Returns what a variable is set to; nothing leaves it as it is. On failure, a sentence.
pub(super) fn value(variable: &str, word: &Word, variables: &Variables) -> Result<Option<String>, String> {
    let word = match word {
        Word::Known(word) => word.as_str(),
        Word::Written(written) => expanded(&input(variable), written, variables)?,
    };
    Ok(of(variable, word))
}

/// Returns what a variable is set to for a word of its input.
pub(super) fn of(variable: &str, word: &str) -> Option<String> {
    match word {
        // The task itself sets this one where nothing is said.
        "default" if variable == PROGRESS => Some(USUAL.to_owned()),
        "default" => None,
        word => Some(word.to_owned()),
    }
}

/// Returns the word that an input has, as it is spelled. On failure, a sentence.
pub(super) fn known(input: &str, word: &str) -> Result<&'static str, String> {
    let known =
        WORDS.into_iter().find(|known| known.eq_ignore_ascii_case(word) || (word.is_empty() && *known == WORDS[0]));
    known.ok_or_else(|| {
        format!(
            "The input `{input}` is one of {}, not `{}`.",
            WORDS.map(|it| format!("`{it}`")).join(", "),
            shown(word)
        )
    })
}

/// Returns the input that sets a variable.
fn input(variable: &str) -> String {
    let (first, rest) = variable.split_at(1);
    first.to_ascii_lowercase() + rest
}

fn expanded(input: &str, written: &Text, variables: &Variables) -> Result<&'static str, String> {
    let value = variables.expand(written).map_err(|error| format!("The input `{input}` can't be used: {error}."))?;
    if value.is_tainted() {
        return Err(flag::decides(input));
    }
    known(input, value.flatten().trim())
}
