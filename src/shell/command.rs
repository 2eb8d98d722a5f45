//! Logging commands `##vso[…]` in scripts that a payload's text comes into (security, "The run").
//!
//! What such a script prints may be the payload's. So each command that its author wrote gets a
//! word that no payload knows, made anew for each step; the output obeys only lines that have it.

use super::outline::{Outline, Piece};
use super::special::{environment_name, is_special};
use std::borrow::Cow;

/// What a logging command begins with.
pub const OPENING: &str = "##vso[";

/// What a line begins with that the log shows as its own: `##[error]`, `##[section]`.
const FORMAT: &str = "##[";

/// Stands in front of a line that looks like a command or like one of the log's own, and is not.
pub const UNOBEYED: &str = "(not obeyed) ";

/// Returns a script whose own logging commands have a word: `##vso-word[`, and `##-word[` for `##[`.
/// The script is one that was made safe, which has no character of a payload; the word has letters
/// and digits only.
pub fn mark(script: &str, word: &str) -> String {
    let (mut result, mut rest) = (String::with_capacity(script.len()), script);
    while let Some(at) = find_opening(rest) {
        result.push_str(&rest[..at].replace(FORMAT, &marked_format(word)));
        result.push_str(&marked(word));
        rest = &rest[at + OPENING.len()..];
    }
    result + &rest.replace(FORMAT, &marked_format(word))
}

/// Returns what a command begins with that has the word.
pub fn marked(word: &str) -> String {
    format!("##vso-{word}[")
}

/// Returns a line of output as people see it: without the word, and with [`UNOBEYED`] in front where
/// it only looks like a command or like a line of the log's own.
pub fn shown<'l>(line: &'l str, word: &str) -> Cow<'l, str> {
    if !line.contains("##") {
        return Cow::Borrowed(line);
    }
    // What stands behind the author's own command is its data.
    let marked = marked(word);
    let before = line.split(&marked).next().unwrap_or_default();
    let is_formed = before.split('\r').any(|part| part.trim_start().starts_with(FORMAT));
    let looks = is_formed || find_opening(before).is_some();
    let own = plain(line, word);
    Cow::Owned(if looks { format!("{UNOBEYED}{own}") } else { own })
}

/// Returns a line without the word.
pub fn plain(line: &str, word: &str) -> String {
    line.replace(&marked(word), OPENING).replace(&marked_format(word), FORMAT)
}

fn marked_format(word: &str) -> String {
    format!("##-{word}[")
}

/// Says whether `task.setvariable` may set a variable: none that programs obey, as it is or in the
/// form in which the environment has it, and none of pipehook's own.
pub fn may_set(variable: &str) -> bool {
    !is_special(&environment_name(variable))
}

/// Returns the holes that stand inside the brackets of a command, where a value could add properties.
pub(super) fn holes_in_brackets(outline: &Outline) -> Vec<usize> {
    let (mut found, mut hole, mut is_inside) = (Vec::new(), 0, false);
    for piece in &outline.pieces {
        match piece {
            Piece::Author(text) => is_inside = ends_inside(text, is_inside),
            Piece::Hole => {
                found.extend(is_inside.then_some(hole));
                hole += 1;
            }
        }
    }
    found
}

/// Says whether the end of a text stands inside the brackets of a command.
pub(super) fn ends_inside(text: &str, mut is_inside: bool) -> bool {
    let mut rest = text;
    loop {
        let next = if is_inside {
            rest.find([']', '\n']).map(|at| at + 1)
        } else {
            find_opening(rest).map(|at| at + OPENING.len())
        };
        let Some(next) = next else { return is_inside };
        rest = &rest[next..];
        is_inside = !is_inside;
    }
}

fn find_opening(text: &str) -> Option<usize> {
    let is_opening = |at: &usize| text.as_bytes()[*at..at + OPENING.len()].eq_ignore_ascii_case(OPENING.as_bytes());
    (0..(text.len() + 1).saturating_sub(OPENING.len())).find(is_opening)
}
