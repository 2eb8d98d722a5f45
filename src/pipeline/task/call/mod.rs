//! Tasks that only call a tool: what is said of each, in the rows of `table.rs`, so that inputs become arguments.
//!
//! ```text
//! Npm      command: custom     npm <customCommand, split into words>
//! Maven                        mvn -f <mavenPOMFile> <options, split> <goals, split>, then its JUnit files
//! ```
//! `words` reads the table, for a run and, with what `foreseen` knows, before it. `runs` has those that run a file.
//!
//! The order of arguments is that of the tasks themselves. What needs a service of Azure's (feeds,
//! service connections) is not there: such inputs are refused before the run, by [`Tool::absent`].

mod foreseen;
pub mod published;
mod runs;
mod table;
mod words;

pub use foreseen::{Foreseen, ForeseenCall};
pub use runs::{Runs, runs};
pub use table::TOOLS;
pub use words::{Subject, Surroundings, Values, Word};

/// A task that calls a tool.
#[derive(Debug)]
pub struct Tool {
    /// The task.
    pub task: &'static str,
    /// The input that names the folder to start in; empty where there is none.
    pub folder: &'static str,
    /// Whether that folder is made if it is missing.
    pub makes_folder: bool,
    /// Variables of the environment, and the inputs that give their values.
    pub environment: &'static [(&'static str, &'static str)],
    /// The calls, each made if it is meant, in this order, until one fails that the others wait for.
    pub calls: &'static [Call],
    /// What can't be asked for here, in several lists where tasks share one.
    pub absent: &'static [&'static [Absent]],
    /// Folders that it publishes to and that are zipped afterwards.
    pub published: Option<Published>,
    /// Results of tests that the tool leaves behind.
    pub results: Option<Results>,
}

/// An input that must have no value here, or not one of these values, and what to do instead.
pub type Absent = (&'static str, &'static [&'static str], &'static str);

/// One call of a program.
#[derive(Debug)]
pub struct Call {
    /// Inputs and the values of theirs with which the call is made; all must hold. No values stand
    /// for any but the others of the same input in the table.
    pub when: &'static [(&'static str, &'static [&'static str])],
    /// The program.
    pub program: Program,
    /// Once, or once for each of several things.
    pub each: Each,
    /// The arguments.
    pub parts: &'static [Part],
}

/// Which program is called.
#[derive(Debug)]
pub enum Program {
    /// The first of these that is in the path.
    Named(&'static [&'static str]),
    /// The file that an input names, which is the author's own and made executable.
    File(&'static str),
}

/// How often a call is made.
#[derive(Debug)]
pub enum Each {
    /// Once.
    Once,
    /// For each file that the patterns of an input mean, until one call fails; once without a file where
    /// it has none.
    File(&'static str),
    /// Likewise, each call in the folder of its file.
    Beside(&'static str),
    /// Likewise, but a call that failed keeps the others from nothing: the step fails at the end.
    Project(&'static str, Missing),
    /// For each project of .NET that is for the web, likewise.
    WebProject,
    /// With the first file that the patterns of an input mean.
    First(&'static str),
    /// For each line of an input.
    Line(&'static str),
}

/// What becomes of a step whose patterns mean no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// It fails.
    Fails,
    /// It says so and has nothing to do.
    Warns,
}

/// What becomes of an input in the arguments.
#[derive(Debug)]
pub enum Part {
    /// A word.
    Word(&'static str),
    /// A word with macros.
    Macro(&'static str),
    /// The value, one word, if there is one.
    Value(&'static str),
    /// The value split into words.
    Words(&'static str),
    /// A word and behind it the value, if there is one; `-` is none.
    Option(&'static str, &'static str),
    /// The same for a path, which begins at the sources.
    Path(&'static str, &'static str),
    /// A beginning and the value in one word, if there is one.
    Joined(&'static str, &'static str),
    /// Words, if the input has the value.
    Switch(&'static str, &'static str, &'static [Part]),
    /// The file that the call is made for.
    File,
    /// The same, as a property where it is a `.nuspec`.
    Package,
    /// A word, and the file that the call is made for, if there is one.
    FileOption(&'static str),
    /// The value split into words; behind `-o` or `--output` is a folder in the named one, called like that
    /// around the file that the call is made for, if the second input is true.
    Published(&'static str, &'static str),
    /// The properties of a package in one word: the configuration, if the first input has one, and those of the second.
    Properties(&'static str, &'static str),
    /// The version of a package that inputs ask for, as properties; also as the project's if the input is true.
    Version(&'static str),
    /// The folder around that file, if the input has the value, else the value.
    Around(&'static str, &'static str),
    /// An image: the value of the first input, `:`, and the line that the call is made for.
    Tagged(&'static str),
    /// A word and an image for each line of the second input, if the first has a value.
    Tags(&'static str, &'static str, &'static str),
}

/// Results of tests.
#[derive(Debug)]
pub struct Results {
    /// The input that must be true.
    pub wanted: &'static str,
    /// The command that makes results, if not all do.
    pub command: &'static str,
    /// The input with the patterns, or the patterns themselves where the tool has its own folder.
    pub patterns: &'static str,
    /// The form: `junit` or `vstest`.
    pub form: &'static str,
    /// Whether they lie in the folder for what nobody needs after the job.
    pub is_temporary: bool,
}

/// What a tool publishes.
#[derive(Debug)]
pub struct Published {
    /// The input that must be true, and the command that publishes.
    pub wanted: (&'static str, &'static str),
    /// The input with the arguments, in which the folder stands.
    pub arguments: &'static str,
    /// The input that makes it one of each file's own.
    pub is_apart: &'static str,
}

/// Returns the tool that a task calls, if it only calls one.
pub fn tool(task: &str) -> Option<&'static Tool> {
    TOOLS.iter().find(|tool| tool.task == task)
}

impl Call {
    /// Says whether those after it are made though it failed.
    pub fn is_survived(&self) -> bool {
        matches!(self.each, Each::Project(..) | Each::WebProject)
    }
}

impl Tool {
    /// Returns what can't be asked for here.
    pub fn absent(&self) -> impl Iterator<Item = &'static Absent> {
        self.absent.iter().copied().flatten()
    }

    /// Returns the calls that are meant where inputs have the values that `is` knows of.
    fn calls_for(&self, is: impl Fn(&str, &str) -> bool) -> Vec<&'static Call> {
        let others = |input: &str| {
            let all = self.calls.iter().flat_map(|call| call.when).filter(|(name, _)| *name == input);
            !all.flat_map(|(_, values)| *values).any(|value| is(input, value))
        };
        let holds = |call: &&Call| {
            call.when.iter().all(|(input, values)| match values.is_empty() {
                true => others(input),
                false => values.iter().any(|value| is(input, value)),
            })
        };
        self.calls.iter().filter(holds).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;
    use Each::{Beside, File as EachFile, First, Line, Once, Project, WebProject};
    use Part::{
        Around, File, FileOption, Joined, Macro, Option as Labeled, Package, Path, Properties, Switch, Tagged, Tags,
        Value, Version, Word, Words,
    };

    fn inputs_of(part: &Part) -> Vec<&'static str> {
        match part {
            Word(_) | Macro(_) | File | Package | FileOption(_) => Vec::new(),
            Value(input)
            | Words(input)
            | Labeled(_, input)
            | Path(_, input)
            | Joined(_, input)
            | Version(input)
            | Around(input, _)
            | Tagged(input) => {
                vec![input]
            }
            Tags(_, input, other) | Properties(input, other) | Part::Published(input, other) => vec![input, other],
            Switch(input, _, parts) => std::iter::once(*input).chain(parts.iter().flat_map(inputs_of)).collect(),
        }
    }

    #[test]
    fn every_input_of_the_table_is_one_of_its_task() {
        for tool in TOOLS {
            let task = find(tool.task).unwrap_or_else(|| panic!("{}", tool.task));
            let calls = tool.calls.iter();
            let of_calls = calls.flat_map(|call| {
                let each = match call.each {
                    EachFile(input) | Beside(input) | Project(input, _) | First(input) | Line(input) => Some(input),
                    Once | WebProject => None,
                };
                let file = if let Program::File(input) = call.program { Some(input) } else { None };
                let when = call.when.iter().map(|(input, _)| *input);
                when.chain(each).chain(file).chain(call.parts.iter().flat_map(inputs_of)).collect::<Vec<_>>()
            });
            let published = tool.published.iter().flat_map(|it| [it.wanted.0, it.arguments, it.is_apart]);
            let others = tool.absent().map(|it| it.0).chain(published);
            let environment = tool.environment.iter().map(|it| it.1);
            let results = tool.results.iter().map(|it| it.wanted);
            let all = of_calls.chain(others).chain(environment).chain(results);
            for input in all.chain(Some(tool.folder).filter(|it| !it.is_empty())) {
                assert!(task.input(input).is_some(), "{} {input}", tool.task);
            }
        }
    }
}
