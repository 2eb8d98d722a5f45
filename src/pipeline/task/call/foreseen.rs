//! What is known of a call before its run begins: the inputs as they are written, and stand-ins for what only the
//! machine knows.
//!
//! A macro stays as it is, because its value is to come; one of a variable with payload text has that in its place.
//! What decides and is not known is none of the values that the table asks for.

use super::super::Definition;
use super::words::{Subject, Surroundings, Values, Word};
use super::{Call, Program, Tool};
use crate::taint::Text;
use std::path::{Path, PathBuf};

/// What stands for a version that a package gets.
const VERSION: &str = "1.0.0";
/// The input that asks for one, and what it says where it does.
const SCHEMES: (&str, [&str; 3]) = ("versioningScheme", ["byPrereleaseNumber", "byEnvVar", "byBuildNumber"]);

/// The calls of a task, as far as they are known.
#[derive(Debug, Clone)]
pub struct Foreseen {
    values: Vec<(&'static str, Text)>,
    empty: Text,
    sources: PathBuf,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeseenCall {
    /// What people call the program.
    pub called: String,
    /// Its words, the program first.
    pub words: Vec<Word>,
}

impl Foreseen {
    /// Returns what is known of a task of which `written` returns an input as it stands there, if it does. The folder
    /// of the sources need not be the one that there will be.
    pub fn new<'t>(definition: &Definition, sources: &Path, written: impl Fn(&str) -> Option<&'t Text>) -> Self {
        let value = |text: Text| text.trim();
        let values = definition.inputs.iter().map(|input| (input.name, value(input.value(written(input.name)))));
        Self { values: values.collect(), empty: Text::default(), sources: sources.to_owned() }
    }

    /// Returns the calls that are made of a tool, with `file` for each that is made for a file. Without those that
    /// can't be made: the step says why.
    pub fn calls(&self, tool: &Tool, file: &str) -> Vec<ForeseenCall> {
        let calls = tool.calls(self).into_iter().filter(|call| call.names_something(self));
        calls.flat_map(|call| self.calls_of(call, file)).collect()
    }

    fn calls_of(&self, call: &Call, file: &str) -> Vec<ForeseenCall> {
        let (called, program) = match call.program {
            Program::Named(names) => (names[0], names[0].to_owned()),
            Program::File(input) => {
                (input, self.sources.join(&*self.text(input).flatten()).to_string_lossy().into_owned())
            }
        };
        let file = || vec![Subject::File(self.sources.join(file))];
        let subjects = call.each.subjects(self).unwrap_or_else(file);
        let made = subjects.iter().filter_map(|subject| call.words(subject, self, self).ok());
        let whole = made.map(|words| std::iter::once(Word::from(program.clone())).chain(words).collect());
        whole.map(|words| ForeseenCall { called: called.to_owned(), words }).collect()
    }
}

impl Values for Foreseen {
    fn text(&self, input: &str) -> &Text {
        self.values.iter().find(|(known, _)| *known == input).map_or(&self.empty, |(_, value)| value)
    }

    /// Payload text is no choice: that it stands there is told elsewhere.
    fn choice(&self, input: &str) -> Result<String, String> {
        let text = Some(self.text(input)).filter(|text| !text.is_tainted());
        Ok(text.map(|text| text.flatten().to_ascii_lowercase()).unwrap_or_default())
    }

    fn flag(&self, input: &str) -> Result<bool, String> {
        self.choice(input).map(|word| word == "true")
    }
}

impl Surroundings for Foreseen {
    fn is_without_value(&self, _: &Text) -> bool {
        false
    }

    fn expand(&self, word: &str) -> Result<Text, String> {
        Ok(word.into())
    }

    fn sources(&self) -> &Path {
        &self.sources
    }

    fn folder(&self, path: &str) -> Result<PathBuf, String> {
        Ok(self.sources.join(path))
    }

    fn version(&self) -> Result<Option<String>, String> {
        let scheme = self.choice(SCHEMES.0)?;
        Ok(SCHEMES.1.iter().any(|it| it.eq_ignore_ascii_case(&scheme)).then(|| VERSION.to_owned()))
    }
}
