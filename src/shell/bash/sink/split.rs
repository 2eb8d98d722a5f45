//! `env -S 'command and arguments'`: a text of which `env` makes the words of a command.

use super::super::flow::Node;
use super::super::read::read;
use super::super::requirement::Requirement;
use super::super::symbol::Symbol;
use super::super::syntax::{Command, Word};
use super::argument::Argument;
use super::forward::without_commands;
use super::simple::Call;
use super::{CODE_DEPTH_MAX, Walker};

impl Walker {
    /// Follows `env -S 'command and arguments'`, of which `env` makes the words itself; false if it has no such option.
    pub(super) fn split_string(&mut self, call: Call) -> bool {
        let glued = |argument: &Argument| {
            let prefix = argument.word.prefix();
            let long = prefix.strip_prefix("--split-string").map(|rest| rest.strip_prefix('=').unwrap_or(rest).len());
            let letters = prefix.strip_prefix('-').filter(|letters| !letters.starts_with('-'));
            let behind = long.or_else(|| {
                letters?
                    .split_once('S')
                    .filter(|(flags, _)| flags.chars().all(|it| "iv0".contains(it)))
                    .map(|(_, rest)| rest.len())
            });
            behind.map(|behind| prefix.len() - behind)
        };
        let is_own =
            |argument: &&Argument| argument.word.prefix().starts_with('-') || argument.word.prefix().contains('=');
        let Some((at, text_at)) =
            call.rest().iter().take_while(is_own).enumerate().find_map(|(at, argument)| Some((at, glued(argument)?)))
        else {
            return false;
        };
        let is_alone = call.rest()[at].word.prefix().len() == text_at && call.rest()[at].is_literal();
        let mut symbols: Vec<Symbol> = "env ".chars().map(Symbol::Char).collect();
        let text = call.rest().get(at + usize::from(is_alone));
        let skipped = if is_alone { 0 } else { call.rest()[at].word.prefix()[..text_at].chars().count() };
        symbols.extend(text.iter().flat_map(|text| text.word.symbols()).skip(skipped));
        self.require_all(call.rest(), Requirement::Plain);
        let reading = read(&symbols).ok().filter(|_| !symbols.contains(&Symbol::Opaque));
        let Some(Command::Simple(simple)) = reading.as_ref().and_then(|it| it.script.commands.first()) else {
            let any = self.flow.id(Node::AnyVariable);
            self.refuse(
                &[call.sources(), vec![any, call.scope.stdin]].concat(),
                "a command that `env` makes of a text",
            );
            return true;
        };
        let further = call.rest().get(at + 1 + usize::from(is_alone)..).unwrap_or_default();
        let words: Vec<Word> =
            simple.words.iter().cloned().chain(further.iter().map(|it| without_commands(it.word.clone()))).collect();
        let arguments = self.arguments(&words, call.scope);
        if self.code_depth < CODE_DEPTH_MAX {
            self.code_depth += 1;
            self.call(Call { words: &arguments, ..call });
            self.code_depth -= 1;
        }
        true
    }
}
