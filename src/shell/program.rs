//! Programs that a script in another language starts, judged by what is known of commands in bash.
//!
//! A list of words is written as the command that it is, each of its words in quotes, and bash's own
//! analysis says what the values in it must be. There a value is a variable and no hole: nobody puts a
//! reference into the text of a word that is code, the other language gives the value itself. So a program that takes code, options, files or other
//! programs is known here as it is there. What a text for a shell does with variables of the
//! environment is judged in the same way.

use super::analysis::{Finding, Unread};
use super::bash;
use super::filename::base;
use super::outline::{Outline, Piece, is_left};
use super::requirement::Requirement;
use super::{Background, Language};
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
#[derive(Debug, Clone, Default)]
pub(super) struct Program {
    /// Its name and its arguments.
    pub(super) words: Vec<Vec<Part>>,
    /// What its standard input gets.
    pub(super) input: Holes,
    /// What the author gives it there, where that is all of it.
    pub(super) text: Option<String>,
    /// Variables of its environment, and what reaches each.
    pub(super) environment: Vec<(String, Holes)>,
    /// Whether its values are the payload's own texts, and nothing was made of them.
    pub(super) is_direct: bool,
}

/// What is demanded of the values that any of some holes may bring.
pub(super) type Demand = (Holes, Finding);

impl Program {
    /// Returns the program's name without its folder, where the author wrote it.
    pub(super) fn name(&self) -> Option<&str> {
        match self.words.first()?.as_slice() {
            [Part::Text(name)] => Some(base(name)),
            _ => None,
        }
    }

    /// Returns all that reaches its words and its input.
    pub(super) fn sources(&self) -> Holes {
        let value = |part: &Part| if let Part::Value(holes) = part { holes.clone() } else { Holes::new() };
        self.words.iter().flatten().flat_map(value).chain(self.input.iter().copied()).collect()
    }

    /// Returns what bash's analysis finds.
    pub(super) fn judged(&self) -> Result<Judged, Unread> {
        let mut command = Command::default();
        if self.is_direct {
            command.program(&self.words);
        }
        for word in &self.words {
            command.word(word);
            command.author(" ");
        }
        if !self.input.is_empty() {
            command.author("<<< ");
            command.pastes = false;
            command.word(&[Part::Value(self.input.clone())]);
        } else if let Some(text) = &self.text {
            command.author(&here_document(text));
        }
        command.judged(&self.environment)
    }
}

/// What is found of programs.
#[derive(Debug, Default)]
pub(super) struct Judged {
    pub(super) demands: Vec<Demand>,
    /// The files that they write values to, and what may be in each.
    pub(super) written: Vec<(String, Holes)>,
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

    /// Adds a file of the author's text.
    pub(super) fn write_text(&mut self, file: &str, text: &str) {
        self.files.author("cat > ");
        self.files.word(&[Part::Text(file.to_owned())]);
        self.files.author(" ");
        self.files.author(&here_document(text));
    }

    /// Says whether no program is among them.
    pub(super) fn is_empty(&self) -> bool {
        self.programs.pieces.is_empty()
    }

    /// Adds a command as its author wrote it.
    pub(super) fn command(&mut self, text: &str) {
        self.programs.author(text);
        self.programs.author("\n");
    }

    /// Adds a program that is started with words, and what it reads.
    /// `is_direct` says whether its values are the payload's own texts.
    pub(super) fn start(&mut self, words: &[Vec<Part>], input: Option<&[Part]>, is_direct: bool) {
        self.programs.pastes = false;
        if is_direct {
            self.programs.program(words);
        }
        for word in words {
            self.programs.word(word);
            self.programs.author(" ");
        }
        if let Some(input) = input {
            self.programs.author("<<< ");
            self.programs.pastes = false;
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

/// Returns what is found of a text for a shell that may name variables of the environment.
pub(super) fn judge_shell_text(text: &str, environment: &[(String, Holes)]) -> Result<Judged, Unread> {
    let mut command = Command::default();
    command.author(text);
    command.judged(environment)
}

/// Returns a text as bash has it for the input of a program.
fn here_document(text: &str) -> String {
    let mut end = "PIPEHOOK_INPUT".to_owned();
    while text.contains(&end) {
        end.push('_');
    }
    format!("<<'{end}'\n{text}\n{end}\n")
}

/// Programs that give their words, as text, to a shell on another machine: a plain value is a word there too.
const REMOTE: &[&str] = &["ssh"];

/// A value in a command.
struct Value {
    name: String,
    holes: Holes,
    /// It becomes a part of a text as it is.
    is_pasted: bool,
}

/// A command of bash as it is put together.
#[derive(Default)]
struct Command {
    /// What the author wrote, each with the number of the value behind it.
    pieces: Vec<(String, Option<usize>)>,
    values: Vec<Value>,
    /// Whether the values that follow are pasted.
    pastes: bool,
    /// What the names of its variables end with.
    mark: &'static str,
}

impl Command {
    fn author(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some((own, None)) => own.push_str(text),
            _ => self.pieces.push((text.to_owned(), None)),
        }
    }

    /// Returns both commands as one.
    fn followed_by(mut self, other: Self) -> Self {
        let before = self.values.len();
        self.pieces.extend(other.pieces.into_iter().map(|(text, value)| (text, value.map(|at| at + before))));
        self.values.extend(other.values);
        self
    }

    /// Notes which program it is whose words follow.
    fn program(&mut self, words: &[Vec<Part>]) {
        let name = match words.first().map(Vec::as_slice) {
            Some([Part::Text(name)]) => base(name),
            _ => "",
        };
        self.pastes = REMOTE.contains(&name);
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
                    self.author("");
                    if let Some((_, value)) = self.pieces.last_mut() {
                        *value = Some(self.values.len());
                    }
                    self.values.push(Value { name, holes: holes.clone(), is_pasted: self.pastes });
                }
            }
        }
    }

    fn demands(self, environment: &[(String, Holes)]) -> Result<Vec<Demand>, Unread> {
        Ok(self.judged(environment)?.demands)
    }

    fn judged(self, environment: &[(String, Holes)]) -> Result<Judged, Unread> {
        let findings = bash::analyse(&self.outline(environment, false), bash::Given::Changed)?;
        let mut found = findings.holes;
        let is_refused = |(value, finding): (&Value, &Finding)| value.is_pasted && finding.refusal.is_some();
        if self.values.iter().zip(&found).any(is_refused)
            && let Ok(pasted) = bash::analyse(&self.outline(environment, true), bash::Given::Changed)
        {
            let numbers = (0..self.values.len()).filter(|at| self.values[*at].is_pasted);
            for (at, mut pasted) in numbers.zip(pasted.holes) {
                if found[at].refusal.is_some() && pasted.refusal.is_none() {
                    pasted.requirements.push(Requirement::Plain);
                    found[at] = pasted;
                }
            }
        }
        let own = self.values.into_iter().map(|value| value.holes);
        let all: Vec<Holes> = own.chain(environment.iter().map(|(_, holes)| holes.clone())).collect();
        let mut written: Vec<(String, Holes)> = Vec::new();
        for left in findings.written.into_iter().filter(|left| !is_left(left.name())) {
            let Some(holes) = all.get(left.hole()) else { continue };
            match written.iter_mut().find(|(file, _)| file == left.name()) {
                Some((_, known)) => known.extend(holes),
                None => written.push((left.name().to_owned(), holes.clone())),
            }
        }
        Ok(Judged { demands: all.into_iter().zip(found).collect(), written })
    }

    /// Returns the command with a variable for each value, or with a hole for each that is pasted.
    fn outline(&self, environment: &[(String, Holes)], pastes: bool) -> Outline {
        let mut pieces = Vec::new();
        let mut text = String::new();
        for (own, value) in &self.pieces {
            text.push_str(own);
            match value.map(|at| &self.values[at]) {
                Some(value) if pastes && value.is_pasted => {
                    pieces.push(Piece::Author(std::mem::take(&mut text).into()));
                    pieces.push(Piece::Hole);
                }
                Some(value) => text.push_str(&format!("\"${{{}}}\"", value.name)),
                None => {}
            }
        }
        pieces.push(Piece::Author(text.into()));
        let own = self.values.iter().filter(|value| !(pastes && value.is_pasted)).map(|value| value.name.clone());
        let environment = own.chain(environment.iter().map(|(name, _)| name.clone())).collect();
        Outline {
            language: Language::Bash,
            pieces,
            segments: Vec::new(),
            environment,
            background: Background::default(),
        }
    }
}
