//! The words of a call: the one reading of the table, for the check before a run and for the worker in it.
//!
//! What inputs say comes from [`Values`], what a call finds around it from [`Surroundings`]. Before a run these
//! are what is known then ([`Foreseen`](super::Foreseen)), in a run those of the step. Each word keeps the inputs
//! that brought payload text into it, so that a refused one can be pointed at.

use super::{Call, Each, Part, Tool, published};
use crate::shell::words::split;
use crate::taint::{Segment, Text};
use std::path::{Path, PathBuf};

/// What the inputs of a task say. Failures are sentences.
pub trait Values {
    /// Returns an input, or its default, without blanks at its ends.
    fn text(&self, input: &str) -> &Text;

    /// Returns an input that only the author may decide, in lower case.
    fn choice(&self, input: &str) -> Result<String, String>;

    /// Returns an input that says yes or no.
    fn flag(&self, input: &str) -> Result<bool, String>;
}

/// What a call finds where it is made. Failures are sentences.
pub trait Surroundings {
    /// Says whether a text has a macro for which there is no value, and never will be.
    fn is_without_value(&self, text: &Text) -> bool;

    /// Returns a word of the table with its macros replaced.
    fn expand(&self, word: &str) -> Result<Text, String>;

    /// Returns the folder of the sources.
    fn sources(&self) -> &Path;

    /// Returns a folder of the job.
    fn folder(&self, path: &str) -> Result<PathBuf, String>;

    /// Returns the version that a package gets, if inputs ask for one.
    fn version(&self) -> Result<Option<String>, String>;
}

/// A word of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Word {
    text: Text,
    inputs: Vec<&'static str>,
}

impl Word {
    fn of(input: &'static str, text: Text) -> Self {
        let inputs = text.segments().iter().filter(|it| it.is_tainted()).map(|_| input).collect();
        Self { text, inputs }
    }

    fn followed(mut self, between: &str, other: &Self) -> Self {
        self.text.append(&between.into());
        self.text.append(&other.text);
        self.inputs.extend(&other.inputs);
        self
    }

    /// Returns its text.
    pub fn text(&self) -> &Text {
        &self.text
    }

    /// Returns its text alone.
    pub fn into_text(self) -> Text {
        self.text
    }

    /// Returns for each piece of payload text in it the input that brought it; an empty name where it came through
    /// a macro of the table.
    pub fn inputs(&self) -> &[&'static str] {
        &self.inputs
    }
}

impl<T: Into<Text>> From<T> for Word {
    fn from(text: T) -> Self {
        Self::of("", text.into())
    }
}

/// What one call is made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Nothing in particular.
    None,
    /// A file.
    File(PathBuf),
    /// A line of an input.
    Line(Word),
}

impl Subject {
    /// Returns the file.
    pub fn file(&self) -> Option<&Path> {
        if let Self::File(file) = self { Some(file) } else { None }
    }
}

impl Each {
    /// Returns what the call is made for, one after the other; nothing where files are to be sought.
    pub fn subjects(&self, values: &impl Values) -> Option<Vec<Subject>> {
        match *self {
            Self::Once => Some(vec![Subject::None]),
            Self::Line(input) => {
                let lines = lines(values.text(input)).into_iter();
                Some(lines.map(|line| Subject::Line(Word::of(input, line))).collect())
            }
            Self::File(input) | Self::Beside(input) | Self::Project(input, _) => {
                values.text(input).is_nothing().then(|| vec![Subject::None])
            }
            Self::First(_) | Self::WebProject => None,
        }
    }
}

impl Tool {
    /// Returns the calls that are meant.
    pub fn calls(&self, values: &impl Values) -> Vec<&'static Call> {
        self.calls_for(|input, value| values.choice(input).is_ok_and(|it| it.eq_ignore_ascii_case(value)))
    }
}

impl Call {
    /// Says whether an image has a name that the call is about. Without one it is not made, as by the task of
    /// Azure's.
    pub fn names_something(&self, values: &impl Values) -> bool {
        let is_nameless = |part: &Part| matches!(part, Part::Tagged(name) if values.text(name).is_nothing());
        !self.parts.iter().any(is_nameless)
    }

    /// Returns the words behind the program. On failure, a sentence.
    pub fn words(
        &self,
        subject: &Subject,
        values: &impl Values,
        around: &impl Surroundings,
    ) -> Result<Vec<Word>, String> {
        let mut reading = Reading { subject, values, around, words: Vec::new() };
        reading.add(self.parts)?;
        Ok(reading.words)
    }
}

/// The parts of a call being read.
struct Reading<'r, V, A> {
    subject: &'r Subject,
    values: &'r V,
    around: &'r A,
    words: Vec<Word>,
}

impl<V: Values, A: Surroundings> Reading<'_, V, A> {
    fn add(&mut self, parts: &[Part]) -> Result<(), String> {
        for part in parts {
            self.add_one(part)?;
        }
        Ok(())
    }

    fn add_one(&mut self, part: &Part) -> Result<(), String> {
        match *part {
            Part::Word(word) => self.words.push(word.into()),
            Part::Macro(word) => self.words.push(self.around.expand(word)?.into()),
            Part::Value(input) => self.words.extend(self.given(input)),
            Part::Words(input) => self.split(input, split(self.values.text(input))),
            Part::Option(word, input) => {
                let is_dash = |value: &Word| !value.text.is_tainted() && *value.text.flatten() == *"-";
                self.option(word, self.given(input).filter(|value| !is_dash(value)));
            }
            Part::Path(word, input) => {
                let value = self.given(input).map(|value| {
                    let path = self.around.sources().join(&*value.text.flatten());
                    Word::of(input, value.text.derive(path.to_string_lossy().into_owned()))
                });
                self.option(word, value);
            }
            Part::Joined(beginning, input) => self.joined(beginning, self.given(input)),
            Part::Published(input, is_apart) => {
                let is_apart = self.values.flag(is_apart)?;
                self.split(input, published::arguments(self.values.text(input), is_apart, self.subject.file()));
            }
            Part::Properties(configuration, input) => {
                let configuration = self.given(configuration).map(|it| Word::from("Configuration=").followed("", &it));
                let all = configuration.into_iter().chain(self.given(input));
                self.joined("/p:", all.reduce(|one, next| one.followed(";", &next)));
            }
            Part::Version(is_project_s) => {
                let version = self.around.version()?;
                let also = self.values.flag(is_project_s)?.then_some("Version");
                for name in std::iter::once("PackageVersion").chain(also) {
                    self.words.extend(version.iter().map(|it| Word::from(format!("/p:{name}={it}"))));
                }
            }
            Part::Switch(input, value, parts) => {
                if self.values.choice(input)?.eq_ignore_ascii_case(value) {
                    self.add(parts)?;
                }
            }
            Part::File => self.words.extend(self.file()),
            Part::Package => {
                self.words.extend(self.file().map(|file| match file.text.flatten().ends_with(".nuspec") {
                    true => Word::from("-p:NuspecFile=").followed("", &file),
                    false => file,
                }))
            }
            Part::FileOption(word) => self.option(word, self.file()),
            Part::Around(input, value) => {
                let folder = self.around(input, value)?;
                self.words.extend(folder.map(|folder| Word::from(folder.to_string_lossy().into_owned())));
            }
            Part::Tagged(input) => match (self.given(input), self.subject) {
                (Some(image), Subject::Line(tag)) => self.words.push(image.followed(":", tag)),
                _ => return Err(format!("The input `{input}` has no value: nothing can be named by it.")),
            },
            Part::Tags(word, input, tags) => {
                if let Some(image) = self.given(input) {
                    let tagged = |tag: Text| image.clone().followed(":", &Word::of(tags, tag));
                    lines(self.values.text(tags)).into_iter().for_each(|tag| self.option(word, Some(tagged(tag))));
                }
            }
        }
        Ok(())
    }

    /// Adds a word and its value, if it has one.
    fn option(&mut self, word: &str, value: Option<Word>) {
        self.words.extend(value.into_iter().flat_map(|value| [word.into(), value]));
    }

    /// Adds a beginning and its value in one word, if it has one.
    fn joined(&mut self, beginning: &str, value: Option<Word>) {
        self.words.extend(value.map(|value| Word::from(beginning).followed("", &value)));
    }

    fn split(&mut self, input: &'static str, words: Vec<Text>) {
        self.words.extend(words.into_iter().map(|word| Word::of(input, word)));
    }

    /// Returns an input that has a value.
    fn given(&self, input: &'static str) -> Option<Word> {
        let text = self.values.text(input);
        (!text.is_nothing() && !self.around.is_without_value(text)).then(|| Word::of(input, text.clone()))
    }

    fn file(&self) -> Option<Word> {
        self.subject.file().map(|file| file.to_string_lossy().into_owned().into())
    }

    /// Returns the folder around the file of a call where the input says so, else what it says.
    fn around(&self, input: &str, value: &str) -> Result<Option<PathBuf>, String> {
        let written = self.values.text(input);
        if written.is_tainted() || *written.flatten() != *value {
            return self.around.folder(&written.flatten()).map(Some);
        }
        Ok(self.subject.file().and_then(Path::parent).map(Path::to_owned))
    }
}

/// Splits at the author's line breaks and commas only: tags have neither.
fn lines(text: &Text) -> Vec<Text> {
    let mut lines = vec![Text::default()];
    let push = |lines: &mut Vec<Text>, segment: Segment| {
        lines.last_mut().expect("there is one from the beginning").push(segment);
    };
    for segment in text.segments() {
        if segment.is_tainted() {
            push(&mut lines, segment.clone());
            continue;
        }
        for (at, piece) in segment.text.split(['\n', '\r', ',']).enumerate() {
            if at > 0 {
                lines.push(Text::default());
            }
            push(&mut lines, Segment::author(piece.trim()));
        }
    }
    lines.retain(|line| !line.is_nothing());
    lines
}
