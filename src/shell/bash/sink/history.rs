//! The history of a shell, whose lines `fc` and `!` run again. A script has none, unless it asks for one: then any text
//! that comes near it may become a line, also by `history -r` of a file.

use super::super::flow::Node;
use super::Walker;
use super::argument::Argument;
use super::later::Consequence;
use super::simple::Call;

const HISTORY: &str = "in a script that runs lines of its history";

/// Letters of the options by which `history` takes lines, or expands them.
const TAKING: &[char] = &['a', 'n', 'p', 'r', 's', 'w'];

impl Walker {
    /// Follows `fc`, which runs lines of the history, and `history`, as far as it does more than to show it.
    pub(super) fn history(&mut self, name: &str, call: Call) {
        let takes =
            |it: &Argument| !it.is_literal() || it.word.prefix().starts_with('-') && it.word.prefix().contains(TAKING);
        if name == "fc" || call.rest().iter().any(takes) {
            self.runs_history(call);
        }
    }

    /// Follows the name of an option of the shell, as `set -o` and `bash -o` have it.
    pub(super) fn shell_option(&mut self, option: &Argument, call: Call) {
        if option.has_literal("history") {
            self.runs_history(call);
        } else if !option.is_literal() {
            let reached = self.all_text(call).to_vec();
            let consequence = Consequence::Refuses(reached, HISTORY.to_owned());
            self.text_later(option.word, call.scope, |text| text == "history", consequence);
        }
    }

    fn runs_history(&mut self, call: Call) {
        let all = self.all_text(call);
        self.refuse(&all, HISTORY);
    }

    /// Returns what has all text of payloads that the script gets and keeps.
    fn all_text(&mut self, call: Call) -> [usize; 4] {
        let [environment, variables, files] =
            [Node::Environment, Node::AnyVariable, Node::AnyFile].map(|node| self.flow.id(node));
        [environment, variables, files, call.scope.stdin]
    }
}
