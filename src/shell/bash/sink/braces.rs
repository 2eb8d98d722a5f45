//! Words with braces: the command is looked at with the words that bash makes of them, beside what holds for it as it
//! is written, for a shell that knows no braces.

use super::super::alternatives::{self, Alternatives};
use super::super::flow::Id;
use super::super::syntax::{Simple, Word};
use super::Walker;
use super::argument::Argument;
use super::forward::TOO_LONG;
use super::simple::Call;

impl Walker {
    /// Notes what a command makes known before anything is called, as it is written and as bash reads it.
    pub(super) fn foresee_simple(&mut self, simple: &Simple) {
        self.foresee_written(simple);
        if simple.words.iter().any(Word::has_alternatives) {
            let words = alternatives::written_out(&simple.words);
            self.foresee_written(&Simple { words, ..Simple::default() });
        }
    }

    /// Looks at a command with the words in place that its braces make.
    pub(super) fn with_alternatives(&mut self, call: Call) {
        if !call.words.iter().any(|argument| argument.word.has_alternatives()) {
            return;
        }
        let mut made: Vec<(Word, Vec<Vec<Id>>, Vec<Id>)> = Vec::new();
        for argument in call.words {
            let Argument { word, parts, feeds } = argument;
            match alternatives::of(word) {
                Alternatives::None => made.push(((*word).clone(), parts.clone(), feeds.clone())),
                Alternatives::Words(words) => made.extend(words.iter().map(|pieces| {
                    let made = alternatives::put_together(word, pieces);
                    (made.word, made.parts.iter().map(|part| parts[*part].clone()).collect(), feeds.clone())
                })),
                Alternatives::TooMany => return self.refuse(&call.sources(), TOO_LONG),
            }
        }
        if !self.has_room_for(made.len()) {
            return self.refuse(&call.sources(), TOO_LONG);
        }
        let words: Vec<Argument> = made
            .iter()
            .map(|(word, parts, feeds)| Argument { word, parts: parts.clone(), feeds: feeds.clone() })
            .collect();
        let call = Call { words: &words, ..call };
        // What stands in one word only is written as the command as it stands has it.
        let own = call.words.iter().filter(|argument| !argument.word.has_alternatives());
        let own: Vec<usize> = own.flat_map(|argument| argument.word.holes()).collect();
        let own: Vec<usize> =
            own.iter().filter(|hole| own.iter().filter(|it| it == hole).count() == 1).copied().collect();
        let codes = std::mem::take(&mut self.code);
        self.given_words(call);
        self.printed_text(call);
        if !self.waits(call) {
            self.call(call);
            self.with_elements(call);
        }
        let made = std::mem::replace(&mut self.code, codes);
        self.keep_code(made, &own);
    }
}
