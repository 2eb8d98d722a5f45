//! Programs that a Python script starts, judged by what is known of commands in bash.
//!
//! A list of words is written as the command that it is, each of its words in quotes, and bash's own
//! analysis says what the values in it must be. So a program that takes code, options, files or other
//! programs is known here as it is there. What a text for a shell does with variables of the
//! environment is judged in the same way.

use crate::shell::Language;
use crate::shell::analysis::{Finding, Unread};
use crate::shell::bash;
use crate::shell::outline::{Outline, Piece};
use std::collections::BTreeSet;

/// Numbers of holes.
pub(super) type Holes = BTreeSet<usize>;

/// A piece of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// What the author wrote.
    Text(String),
    /// A value that any of some holes may have brought.
    Value(Holes),
}

/// A program that is started.
#[derive(Debug, Default)]
pub(super) struct Program {
    /// Its name and its arguments.
    pub(super) words: Vec<Vec<Part>>,
    /// What its standard input gets.
    pub(super) input: Holes,
    /// Variables of its environment, and what reaches each.
    pub(super) environment: Vec<(String, Holes)>,
}

/// What is demanded of the values that any of some holes may bring.
pub(super) type Demand = (Holes, Finding);

impl Program {
    /// Returns the program's name without its folder, where the author wrote it.
    pub(super) fn name(&self) -> Option<&str> {
        match self.words.first()?.as_slice() {
            [Part::Text(name)] => name.rsplit('/').next(),
            _ => None,
        }
    }

    /// Returns all that reaches its words and its input.
    pub(super) fn sources(&self) -> Holes {
        let value = |part: &Part| if let Part::Value(holes) = part { holes.clone() } else { Holes::new() };
        self.words.iter().flatten().flat_map(value).chain(self.input.iter().copied()).collect()
    }

    /// Returns what bash's analysis demands.
    pub(super) fn demands(&self) -> Result<Vec<Demand>, Unread> {
        let mut command = Command::default();
        for word in &self.words {
            command.word(word);
            command.author(" ");
        }
        if !self.input.is_empty() {
            command.author("<<< ");
            command.word(&[Part::Value(self.input.clone())]);
        }
        command.demands(&self.environment)
    }
}

/// Returns what is demanded of variables of the environment that a text for a shell may name.
pub(super) fn demands_of_shell_text(text: &str, environment: &[(String, Holes)]) -> Result<Vec<Demand>, Unread> {
    let mut command = Command::default();
    command.author(text);
    command.demands(environment)
}

/// A command of bash as it is put together.
#[derive(Default)]
struct Command {
    pieces: Vec<Piece>,
    values: Vec<Holes>,
}

impl Command {
    fn author(&mut self, text: &str) {
        self.pieces.push(Piece::Author(text.into()));
    }

    /// Adds one word, whatever is in it.
    fn word(&mut self, parts: &[Part]) {
        if parts.is_empty() {
            self.author("''");
        }
        for part in parts {
            match part {
                Part::Text(text) => self.author(&format!("'{}'", text.replace('\'', "'\\''"))),
                Part::Value(holes) => {
                    self.author("\"");
                    self.pieces.push(Piece::Hole);
                    self.author("\"");
                    self.values.push(holes.clone());
                }
            }
        }
    }

    fn demands(self, environment: &[(String, Holes)]) -> Result<Vec<Demand>, Unread> {
        let names = environment.iter().map(|(name, _)| name.clone()).collect();
        let outline = Outline { language: Language::Bash, pieces: self.pieces, environment: names };
        let found = bash::analyse(&outline)?;
        let values = self.values.into_iter().chain(environment.iter().map(|(_, holes)| holes.clone()));
        Ok(values.zip(found.holes).collect())
    }
}
