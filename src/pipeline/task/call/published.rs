//! The arguments with which a project is published, and which of them is the folder that it is published to.

use crate::shell::words::split;
use crate::taint::Text;
use std::path::Path;

/// What stands in front of the folder to publish to.
const OUTPUT: [&str; 2] = ["-o", "--output"];

/// Returns the words of arguments. Where they name a folder to publish to, it is one of the project's own in
/// that, if so wanted.
pub fn arguments(written: &Text, is_apart: bool, project: Option<&Path>) -> Vec<Text> {
    let mut words = split(written);
    let own = project.and_then(Path::parent).and_then(Path::file_name).filter(|_| is_apart);
    if let (Some(output), Some(own)) = (output(&words), own) {
        words[output].append(&format!("/{}", own.to_string_lossy()).into());
    }
    words
}

/// Returns which word is the folder to publish to.
pub fn output(words: &[Text]) -> Option<usize> {
    let is_option = |word: &Text| !word.is_tainted() && OUTPUT.contains(&word.flatten().to_lowercase().as_str());
    words.iter().position(is_option).map(|at| at + 1).filter(|at| *at < words.len())
}
