//! What stands in front of a command's words, and which of them are operands: one reading for all tables of options.

use super::argument::Argument;
use super::simple::Call;

impl<'a> Call<'a> {
    /// Returns the word in front of the one at a place behind the name, counted from 0.
    pub(super) fn before(self, at: usize) -> Option<&'a Argument<'a>> {
        at.checked_sub(1).and_then(|before| self.rest().get(before))
    }

    /// Returns the text of that word, where all of it is the author's; an empty one otherwise.
    pub(super) fn text_before(self, at: usize) -> String {
        self.before(at).and_then(Argument::literal).unwrap_or_default()
    }

    /// Returns the places, counted from 0 behind the name, of the words that are neither options nor their values.
    /// `takes_value` says which options have one behind them.
    pub(super) fn operands(self, takes_value: impl Fn(&Argument) -> bool) -> impl Iterator<Item = usize> {
        let is_option = |argument: &Argument| argument.word.prefix().starts_with('-');
        let is_operand = move |at: &usize| !is_option(&self.rest()[*at]) && !self.before(*at).is_some_and(&takes_value);
        (0..self.rest().len()).filter(is_operand)
    }
}
