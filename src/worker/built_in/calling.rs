//! The script of the calls that a task makes of a tool, each word quoted, and a call as the log shows it.

use crate::shell::words::{quote, quoted};
use crate::taint::Text;
use std::path::{Path, PathBuf};

/// One call, to be made.
pub(super) struct Line {
    /// Its words, the program first.
    pub(super) words: Vec<Text>,
    /// The folder that it is made in, if it is not that of all.
    pub(super) folder: Option<PathBuf>,
    /// Whether those after it are made though it failed.
    pub(super) is_survived: bool,
}

/// Returns two texts with one between them.
pub(super) fn joined(between: &str, one: &Text, other: &Text) -> Text {
    let mut joined = one.clone();
    joined.append(&between.into());
    joined.append(other);
    joined
}

/// Returns words with a blank between each two.
fn line_of(words: impl Iterator<Item = Text>) -> Text {
    let mut line = Text::default();
    for (at, word) in words.enumerate() {
        if at > 0 {
            line.append(&" ".into());
        }
        line.append(&word);
    }
    line
}

/// Returns a call as people would write it.
fn shown_call(words: &[Text]) -> Text {
    let word = |word: &Text| {
        let flat = word.flatten();
        if flat.contains([' ', '\t', '\n', '\r']) || flat.is_empty() {
            word.derive(format!("\"{}\"", flat.escape_debug()))
        } else {
            word.clone()
        }
    };
    line_of(words.iter().map(word))
}

/// Returns the line of the log that says that a call begins.
pub(super) fn told_call(words: &[Text]) -> Text {
    joined("", &"##[command]".into(), &shown_call(words))
}

/// Returns the script of several calls. Each but the first says itself that it begins. One that fails ends the
/// script, or says so and leaves the end to the last; the code of the first that failed is the script's. The numbers
/// of those that succeed are written to a file, if somebody wants to know.
pub(super) fn text(lines: &[Line], done: Option<&Path>) -> Text {
    let mut text = Text::default();
    let note = |at: usize| done.map(|file| format!(" && echo {at} >> {}", quote(&file.to_string_lossy())));
    let goes_on = lines.len() > 1 && lines.iter().any(|line| line.is_survived);
    if goes_on {
        // A tool that takes an interrupt as its own failure would be followed by the next one.
        text.append(&"pipehook_failed=\ntrap 'exit 130' INT\n".into());
    }
    for (at, line) in lines.iter().enumerate() {
        if at > 0 {
            text.append(&"printf '%s\\n' ".into());
            text.append(&quoted(&told_call(&line.words)));
            text.append(&"\n".into());
        }
        let folder = line.folder.as_ref().map(|folder| format!("cd {} && ", quote(&folder.to_string_lossy())));
        text.append(&folder.as_ref().map_or_else(String::new, |it| format!("({it}")).into());
        text.append(&line_of(line.words.iter().map(quoted)));
        text.append(&if folder.is_some() { ")" } else { "" }.into());
        text.append(&note(at).unwrap_or_default().into());
        if goes_on && line.is_survived {
            text.append(&" || { pipehook_code=$?; : ${pipehook_failed:=$pipehook_code}\n".into());
            text.append(&"printf '##[error]`%s` exited with code '\\''%s'\\''.\\n' ".into());
            text.append(&quoted(&shown_call(&line.words)));
            text.append(&" $pipehook_code; }\n".into());
        } else {
            text.append(&" || exit $?\n".into());
        }
    }
    if goes_on {
        text.append(&"exit ${pipehook_failed:-0}\n".into());
    }
    text
}
