//! Programs that a script in another language starts, judged by what is known of commands in bash.
//!
//! A list of words is written as the command that it is, each of its words in quotes, and bash's own
//! analysis says what the values in it must be. There a value is a variable and no hole: nobody puts a
//! reference into the text of a word that is code, the other language gives the value itself. So a program that takes code, options, files or other
//! programs is known here as it is there. What a text for a shell does with variables of the
//! environment is judged in the same way.

use super::Language;
use super::analysis::{Finding, Unread};
use super::bash;
use super::outline::{Outline, Piece};
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

/// Commands one after the other, and what is written to files before: what one of them leaves, another may use.
pub(super) struct Commands {
    /// What writes the files: they are there before any program starts.
    files: Command,
    programs: Command,
}

impl Default for Commands {
    fn default() -> Self {
        Self { files: Command { mark: "_WRITTEN", ..Command::default() }, programs: Command::default() }
    }
}

impl Commands {
    /// Adds a file that somebody else wrote.
    pub(super) fn write(&mut self, file: &str, content: &Holes) {
        self.files.author("printf '%s' ");
        self.files.word(&[Part::Value(content.clone())]);
        self.files.author(" > ");
        self.files.word(&[Part::Text(file.to_owned())]);
        self.files.author("\n");
    }

    /// Adds a program that is started with words, and what it reads.
    pub(super) fn start(&mut self, words: &[Vec<Part>], input: Option<&[Part]>) {
        for word in words {
            self.programs.word(word);
            self.programs.author(" ");
        }
        if let Some(input) = input {
            self.programs.author("<<< ");
            self.programs.word(input);
        }
        self.programs.author("\n");
    }

    /// Returns what bash's analysis demands. `environment` names what the programs may read beside their words.
    pub(super) fn demands(self, environment: &[(String, Holes)]) -> Result<Vec<Demand>, Unread> {
        self.files.followed_by(self.programs).demands(environment)
    }
}

/// The beginning of the variables that stand for values in a command; no environment has such.
const VALUE: &str = "PIPEHOOK_VALUE_";

/// Returns what is demanded of variables of the environment that a text for a shell may name.
pub(super) fn demands_of_shell_text(text: &str, environment: &[(String, Holes)]) -> Result<Vec<Demand>, Unread> {
    let mut command = Command::default();
    command.author(text);
    command.demands(environment)
}

/// A command of bash as it is put together.
#[derive(Default)]
struct Command {
    text: String,
    values: Vec<(String, Holes)>,
    /// What the names of its variables end with.
    mark: &'static str,
}

impl Command {
    fn author(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Returns both commands as one.
    fn followed_by(mut self, other: Self) -> Self {
        self.author(&other.text);
        self.values.extend(other.values);
        self
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
                    let name = format!("{VALUE}{}{}", self.values.len(), self.mark);
                    self.author(&format!("\"${{{name}}}\""));
                    self.values.push((name, holes.clone()));
                }
            }
        }
    }

    fn demands(mut self, environment: &[(String, Holes)]) -> Result<Vec<Demand>, Unread> {
        self.values.extend_from_slice(environment);
        let environment = self.values.iter().map(|(name, _)| name.clone()).collect();
        let pieces = vec![Piece::Author(self.text.into())];
        let found = bash::analyse(&Outline { language: Language::Bash, pieces, environment })?;
        Ok(self.values.into_iter().map(|(_, holes)| holes).zip(found.holes).collect())
    }
}
