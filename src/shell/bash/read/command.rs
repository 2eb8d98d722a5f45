//! Lists, pipelines, and which kind of command comes next.

use super::super::symbol::Symbol;
use super::super::syntax::{Behind, Command, Joint, Redirect, Script};
use super::{Read, Reader, is_meta};

/// Words that end a list and can't begin a command.
const CLOSING: &[&str] = &["then", "elif", "else", "fi", "do", "done", "esac", "}"];

impl Reader<'_> {
    /// Reads commands up to the end, a `)`, a `;;` or one of `CLOSING`; that stays. `until` are
    /// the closing words that the caller expects; others are a mistake of the script.
    pub(super) fn script(&mut self, until: &[&str]) -> Read<Script> {
        let mut script = Script::default();
        loop {
            self.skip_lines()?;
            if self.at >= self.end || self.sees(")") || self.sees(";;") || self.sees(";&") {
                return Ok(script);
            }
            if let Some(word) = self.closing_word() {
                return if until.contains(&word) {
                    Ok(script)
                } else {
                    self.fail("a word such as `done` or `fi` stands alone")
                };
            }
            let (command, is_negated) = self.pipeline()?;
            script.commands.push(command);
            let behind = self.separator()?;
            self.skip_blanks();
            let ends_line =
                matches!(behind, Behind::End | Behind::Background) && (self.at >= self.end || self.sees("\n"));
            script.joints.push(Joint { is_negated, behind, ends_line });
        }
    }

    /// Reads commands that must be followed by one of `until`, which is consumed and returned.
    pub(super) fn script_then<'w>(&mut self, until: &[&'w str]) -> Read<(Script, &'w str)> {
        let script = self.deeper(|reader| reader.script(until))?;
        match until.iter().find(|word| self.closing_word() == Some(word)) {
            Some(word) => {
                self.at += word.len();
                Ok((script, word))
            }
            None => self.fail("a compound command is never closed"),
        }
    }

    fn closing_word(&self) -> Option<&'static str> {
        CLOSING.iter().copied().find(|word| self.sees_word(word))
    }

    /// Says whether exactly this word is next.
    pub(super) fn sees_word(&self, word: &str) -> bool {
        self.sees(word)
            && match self.peek_at(word.len()) {
                None => true,
                Some(Symbol::Char(next)) => is_meta(next),
                Some(Symbol::Hole(_) | Symbol::Opaque) => false,
            }
    }

    pub(super) fn takes_word(&mut self, word: &str) -> bool {
        let seen = self.sees_word(word);
        if seen {
            self.at += word.len();
        }
        seen
    }

    fn separator(&mut self) -> Read<Behind> {
        self.skip_blanks();
        if self.sees(";;") || self.sees(";&") {
            return Ok(Behind::End);
        }
        let joined = [("&&", Behind::And), ("||", Behind::Or)].into_iter().find(|(operator, _)| self.takes(operator));
        if let Some((_, behind)) = joined {
            self.skip_lines()?;
            if self.at >= self.end || self.sees(")") {
                return self.fail("nothing stands behind `&&` or `||`");
            }
            return Ok(behind);
        }
        if self.takes("&") {
            return Ok(Behind::Background);
        }
        if self.takes(";") || self.at >= self.end || self.sees(")") || self.sees("\n") {
            return Ok(Behind::End);
        }
        self.fail("a command is followed by something that can't follow it")
    }

    /// Reads a pipeline, and says whether it is negated.
    fn pipeline(&mut self) -> Read<(Command, bool)> {
        let is_negated = self.negations();
        let mut commands = vec![self.command()?];
        loop {
            self.skip_blanks();
            if self.sees("||") {
                break;
            }
            if self.takes("|&") {
                commands.last_mut().expect("a command was read").redirect(Redirect::of_errors());
            } else if !self.takes("|") {
                break;
            }
            self.skip_lines()?;
            self.negations();
            commands.push(self.command()?);
        }
        Ok((if commands.len() == 1 { commands.remove(0) } else { Command::Pipeline(commands) }, is_negated))
    }

    /// Steps over `!` and `time` in front of a command, and says whether it is negated.
    fn negations(&mut self) -> bool {
        let mut is_negated = false;
        loop {
            self.skip_blanks();
            if self.takes_word("!") {
                is_negated = !is_negated;
                continue;
            }
            if !self.takes_word("time") {
                return is_negated;
            }
            self.skip_blanks();
            self.takes_word("-p");
        }
    }

    fn command(&mut self) -> Read<Command> {
        self.deeper(|reader| match reader.compound()? {
            Some(command) => Ok(command),
            None => reader.simple(),
        })
    }
}
