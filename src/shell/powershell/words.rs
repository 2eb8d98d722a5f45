//! What a script of PowerShell, as a shell gives one to `pwsh`, makes of the words behind it and of the variables of its
//! environment.

use super::analyse;
use crate::shell::analysis::Finding;
use crate::shell::outline::{Outline, Piece};
use crate::shell::{Background, Language};

/// The variable that stands for all words behind a script; no script has such.
const WORDS: &str = "PIPEHOOK_WORDS";

/// What a script calls the words behind it that no parameter takes.
const REST: &str = "$args";

/// The same where a command is given all of them; it is as long as [`REST`].
const SPREAD: &str = "@args";

/// What stands in front of the names of a script's parameters.
const PARAMETERS: &str = "param";

/// Returns what a script demands of each of some variables of its environment; nothing for one that can't be read.
pub(in crate::shell) fn demands_of_variables(script: &str, variables: &[String]) -> Option<Vec<Finding>> {
    let outline = Outline {
        language: Language::PowerShell,
        pieces: vec![Piece::Author(script.into())],
        segments: Vec::new(),
        environment: variables.to_vec(),
        background: Background::default(),
    };
    Some(analyse(&outline).ok()?.holes)
}

/// Returns what a script demands of the words behind it, whichever it is; nothing for one that can't be read.
pub(in crate::shell) fn demands_of_words(script: &str) -> Option<Vec<Finding>> {
    demands_of_variables(&with_words(script), &[WORDS.to_owned()])
}

/// Returns a script that has the words behind it in [`WORDS`]: `$args`, and its parameters.
fn with_words(script: &str) -> String {
    let lower = script.to_ascii_lowercase();
    let given = format!("$env:{WORDS}");
    let mut text = String::new();
    let mut end = 0;
    // `@args` gives them on as they are.
    let given_on = lower.replace(SPREAD, REST);
    for (at, _) in given_on.match_indices(REST) {
        text.push_str(&script[end..at]);
        text.push_str(&given);
        end = at + REST.len();
    }
    text.push_str(&script[end..]);
    for name in parameters(&lower) {
        text.push_str(&format!("\n${name} = {given}"));
    }
    text
}

/// Returns the names of the parameters that a script begins with, and of those of its functions.
fn parameters(script: &str) -> Vec<&str> {
    let is_name = |it: char| it.is_ascii_alphanumeric() || it == '_';
    let mut names = Vec::new();
    for (at, _) in script.match_indices(PARAMETERS).filter(|(at, _)| !script[..*at].ends_with(is_name)) {
        let Some(block) = script[at + PARAMETERS.len()..].trim_start().strip_prefix('(') else { continue };
        let mut depth = 1_usize;
        let end = block.find(|it: char| {
            match it {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        let named = block[..end.unwrap_or(block.len())].split('$').skip(1);
        names.extend(named.map(|it| it.split(|it: char| !is_name(it)).next().unwrap_or_default()));
    }
    names.retain(|name| !name.is_empty());
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(script: &str, wanted: &[bool]) {
        let script = with_words(script);
        let names = [WORDS, "A"].map(str::to_owned);
        let found = demands_of_variables(&script, &names).expect("a script that can be read");
        let refused: Vec<bool> = found.iter().map(|finding| finding.refusal.is_some()).collect();
        assert_eq!(refused, wanted, "{script}");
    }

    #[test]
    fn words_and_variables_of_a_script_are_followed() {
        check("iex $env:A", &[false, true]);
        check("Invoke-Expression $args[0]", &[true, false]);
        check("param([string]$Title = 'a', $Other)\n& $title", &[true, false]);
        check("& bash -c @args", &[true, false]);
        check("Write-Host $args[0] $env:A", &[false, false]);
        check("param($Title)\nWrite-Host \"got $Title\"", &[false, false]);
    }
}
