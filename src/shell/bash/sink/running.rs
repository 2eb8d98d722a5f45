//! The arguments of programs while these run: `ps` and `/proc/…/cmdline` show them to everybody, also those of commands
//! beside and around the script, in a pipeline, in the background, of a shell whose code looks at itself.

use super::super::flow::{Id, Node};
use super::super::syntax::{Part, Word};
use super::Walker;
use super::argument::Argument;
use super::simple::Call;

/// Columns of `ps` with the arguments.
const COLUMNS: &[&str] = &["args", "cmd", "command"];

/// Programs that show the arguments of others, each with a letter of the options by which they do.
const SHOWING: &[(&str, char)] = &[("pgrep", 'a'), ("pstree", 'a'), ("top", 'c')];

impl Walker {
    /// Notes that a program has been given what reaches `sources`, and that others may run at the same time.
    pub(super) fn runs_meanwhile(&mut self, sources: &[Id]) {
        let running = self.flow.id(Node::Running);
        self.flow.edges(sources, running);
    }

    /// Follows a program that prints the arguments of those which run.
    pub(super) fn shows_arguments(&mut self, name: &str, call: Call) {
        let has_letter = |letter: char| {
            let is_option = |it: &Argument| !it.is_literal() || it.word.prefix().starts_with('-');
            call.rest()
                .iter()
                .filter(|it| is_option(it))
                .any(|it| !it.is_literal() || it.word.prefix().contains(letter))
        };
        let shows = SHOWING.iter().any(|(program, letter)| *program == name && has_letter(*letter));
        if shows || name == "ps" && lists_arguments(call.rest()) {
            let running = self.flow.id(Node::Running);
            self.flow.edge(running, call.scope.out);
        }
    }
}

/// Says whether `ps` has a column with the arguments: by its name, by `-f`, or by letters without a dash.
fn lists_arguments(options: &[Argument]) -> bool {
    let texts: Vec<String> = options.iter().map(|it| it.literal().unwrap_or_else(|| COLUMNS[0].to_owned())).collect();
    let is_column = |text: &str| text.split(|it: char| !it.is_alphabetic()).any(|word| COLUMNS.contains(&word));
    let chooses = |text: &String| {
        text.starts_with("--format") || text.strip_prefix('-').unwrap_or(text).trim_start_matches("ax").starts_with('o')
    };
    let is_full = |text: &String| match text.strip_prefix('-') {
        Some(letters) => letters.chars().all(char::is_alphabetic) && letters.contains(['f', 'F']),
        None => !text.is_empty() && text.chars().all(char::is_alphabetic),
    };
    let at = texts.iter().position(chooses);
    match at {
        Some(at) => texts[at..].iter().any(|text| is_column(text.trim_start_matches("-o"))),
        None => texts.iter().any(is_full),
    }
}

/// Says whether a file holds the arguments of a program that runs.
pub(super) fn holds_arguments(target: &Word) -> bool {
    let ends = matches!(target.parts.last(), Some(Part::Text { text, .. }) if text.ends_with("cmdline"));
    ends && target.prefix().starts_with("/proc/")
}
