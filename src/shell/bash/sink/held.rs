//! Variables whose text is a command, a function, or is expanded by a shell: `GIT_PAGER`, `LESSOPEN`, `BASH_FUNC_f%%`,
//! `PS4`.

use super::super::flow::Node;
use super::code::{CODE, is_shell};
use super::written::{expanded, is_command};
use super::{Walker, code_option};
use crate::shell::background::EDITORS;
use crate::shell::filename::base;

/// Names of variables that hold a command, by their ends.
const COMMANDS: &[&str] =
    &["COMMAND", "EDITOR", "PAGER", "VISUAL", "BROWSER", "LESSOPEN", "LESSCLOSE", "GIT_SSH", "RSH", "ASKPASS"];

/// Variables whose text a shell expands as it expands a word in quotes: in front of each command, of each line, or for
/// the name of the file that it begins with.
const EXPANDED: &[&str] = &["PS4", "PS0", "PS1", "PS2", "ENV", "BASH_ENV"];

impl Walker {
    /// Notes that a variable which programs take for a command gets a text.
    pub(super) fn holds_command(&mut self, variable: &str, text: &str) {
        let is_expanded = EXPANDED.contains(&variable);
        if EDITORS.contains(&variable) {
            self.edits_messages(text);
        }
        if variable.ends_with("PAGER") || variable.starts_with("LESS") {
            self.pages(text);
        }
        if let Some(name) = variable.strip_prefix("BASH_FUNC_").map(|name| name.trim_end_matches("%%")) {
            let (arguments, stdin) = (self.flow.id(Node::AnyCommand), self.flow.id(Node::AnyInput));
            return self.runs_beside(format!("{name} {text}\n{name} \"$@\""), arguments, stdin);
        }
        let text = if is_expanded { expanded(text) } else { text.to_owned() };
        if (is_expanded || COMMANDS.iter().any(|end| variable.ends_with(end))) && is_command(&text) {
            self.runs_apart(text);
        }
    }

    /// Notes that a command is given what others print for reading, or what is in a file: a shell or an interpreter would
    /// run it.
    fn pages(&mut self, command: &str) {
        let mut words = command.trim_start_matches(['|', '-', ' ']).split_whitespace();
        let name = words.next().map(base).unwrap_or_default();
        if !is_shell(name) && !code_option::is_interpreter(name) {
            return;
        }
        let kept = self.places_of_git();
        self.refuse(&kept, CODE);
        self.run_any();
    }

    /// Notes that a text is a command which runs apart from the script, of whose surroundings nothing is known.
    pub(super) fn runs_apart(&mut self, text: String) {
        let [arguments, stdin] = [(); 2].map(|()| self.flow.stream());
        self.runs_beside(text, arguments, stdin);
    }
}
