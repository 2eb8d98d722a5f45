//! Tasks that only call a tool: the table of calls with a step's inputs becomes a script, each word
//! of it quoted. No shell reads the inputs, and payload text in them is one word or part of one.

use super::super::environment::Environment;
use super::super::interpreter::missing;
use super::super::job::Execution;
use super::calling::{Line, text, told_call};
use super::copy::source;
use super::halt;
use super::input::Inputs;
use super::pattern::{found_from, named};
use super::program::{self, given};
use super::results::Wanted;
use super::{Ending, Instead, Own, Published, Unfinished, dotnet, place, select};
use crate::diagnostic::{shown, shown_path};
use crate::files::Sought;
use crate::pipeline::plan::{Interpreter, Script, Step};
use crate::pipeline::task::call::{Call, Each, Missing, Program, Results, Subject, Surroundings, Tool, Word};
use crate::taint::Text;
use crate::worker::workspace::Workspace;
use std::path::{Path, PathBuf};

/// How many calls one step can make.
const CALLS_MAX: usize = 1_000;

/// The projects of .NET.
const PROJECTS: &str = "**/*.csproj\n**/*.vbproj\n**/*.fsproj";
const NO_WEB_PROJECT: &str = "There is no project for the web: none has a `web.config` or a folder `wwwroot` beside it, \
                              or names `Microsoft.NET.Sdk.Web`. Help: write `publishWebProjects: false`, and `projects`.";

/// What calls are made with.
struct Making<'m, 'j> {
    execution: &'m Execution<'j>,
    inputs: &'m Inputs,
    environment: Environment,
    /// Whether the calls are made in a container, of which nothing is known.
    is_elsewhere: bool,
}

/// Returns the script that calls a tool as a step's inputs ask for. The log tells its calls.
pub(super) async fn script(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    inputs: &Inputs,
    tool: &'static Tool,
) -> Result<Ending, Unfinished> {
    let mut calls = meant(inputs, tool)?;
    let (count, is_there) = (calls.len(), |call: &&Call| call.names_something(inputs));
    calls.retain(is_there);
    let nameless = "Nothing is pushed: no `repository` is named.";
    if calls.is_empty() && count > 0 {
        return Ok(Ending::Done(vec![nameless.to_owned()]));
    }
    if calls.len() < count {
        execution.desk.log(Some(own.place), vec![format!("##[warning]{nameless}")]).await?;
    }
    let Some(first) = calls.first() else {
        return Err(format!("The task `{}` has nothing to do for these inputs.", tool.task).into());
    };
    let mut things = Vec::new();
    for call in &calls {
        things.push(subjects(execution, own, inputs, &call.each).await?);
    }
    if things.iter().all(Vec::is_empty) {
        return Ok(Ending::Done(vec!["No file is meant by the patterns: there is nothing to do.".to_owned()]));
    }
    let step = step(execution, own, inputs, tool).await?;
    let (called, lines) = Making::new(execution, inputs, &step)?.all(first, calls.iter().zip(&things))?;
    if let Some(first) = lines.first() {
        execution.desk.log(Some(own.place), vec![told_call(&first.words).flatten().into_owned()]).await?;
    }
    let published = published(execution, (own.place, inputs), tool, &step, things.iter().flatten())?;
    let results = tool.results.as_ref().map(|it| results(execution, inputs, it)).transpose()?.flatten();
    let results = match results {
        // What tests before these have left there was counted with them.
        Some(wanted) if tool.results.as_ref().is_some_and(|it| it.is_temporary) => {
            Some(halt::work(execution, own, move |halt| wanted.clear(halt)).await?)
        }
        results => results,
    };
    let warnings = shows_secret(execution, &called, &lines).into_iter().collect();
    let text = text(&lines, published.as_ref().map(Published::done));
    let script = Script { interpreter: Interpreter::Bash, text, ..Script::default() };
    let instead = Instead::new(step, script);
    Ok(Ending::Program(Box::new(Instead { called: Some(called), warnings, results, published, ..instead })))
}

/// Warns where a secret is among the words of a call. A tool takes its words no other way, so nothing keeps them out
/// of its command line but its author.
fn shows_secret(execution: &Execution<'_>, called: &str, lines: &[Line]) -> Option<String> {
    let masker = &execution.desk.masker;
    let shows = |line: &Line| {
        line.words.iter().any(|it| masker.masks(&it.flatten())) || masker.masks(&told_call(&line.words).flatten())
    };
    lines.iter().any(shows).then(|| {
        format!(
            "The command line of `{}` has a secret in it: every user of this machine can read it while it runs. \
             Help: pass the secret in `env:`, or in a file, where the tool takes it from there.",
            shown(called)
        )
    })
}

/// Returns the calls that the inputs ask for. What a service of Azure's would do is refused.
fn meant(inputs: &Inputs, tool: &'static Tool) -> Result<Vec<&'static Call>, String> {
    for (name, values, help) in tool.absent() {
        let value = inputs.choice(name)?;
        let is_asked = match values {
            [] => !value.is_empty(),
            values => values.iter().any(|it| it.eq_ignore_ascii_case(&value)),
        };
        if is_asked {
            return Err(format!("The input `{name}` can't be `{}` here: {help}.", shown(&value)));
        }
    }
    for (name, _) in tool.calls.iter().flat_map(|call| call.when) {
        inputs.author(name)?;
    }
    Ok(tool.calls(inputs))
}

/// Returns what a call is made for, one after the other.
async fn subjects(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    inputs: &Inputs,
    each: &Each,
) -> Result<Vec<Subject>, Unfinished> {
    if let Some(known) = each.subjects(inputs) {
        return Ok(known);
    }
    let folder = source(execution.job, "")?;
    // These tasks also take several patterns on a line.
    let (written, shown_as) = match each {
        Each::File(name) | Each::Beside(name) | Each::Project(name, _) | Each::First(name) => {
            (split_lines(inputs.text(name)), format!("`{name}`: `{}`", shown_path(&inputs.data(name))))
        }
        _ => (PROJECTS.into(), "the task".to_owned()),
    };
    let is_for_web = matches!(each, Each::WebProject);
    let is_first = matches!(each, Each::First(_));
    let workspace = execution.job.workspace.clone();
    let takes_folders = matches!(each, Each::File(_) | Each::Project(..));
    let found = halt::work(execution, own, move |halt| {
        let sought = if takes_folders { Sought::Entries } else { Sought::Files };
        let files = found_from(&folder, &written, &workspace, halt, sought)?;
        let root = is_root_named(&written, &folder, &workspace) && takes_folders;
        let files = root.then(|| folder.clone()).into_iter().chain(files);
        let files: Vec<PathBuf> = files.collect();
        let mut files = if is_for_web { dotnet::for_web(files) } else { files };
        files.sort_by_key(|path| path.components().count());
        files.truncate(if is_first { 1 } else { CALLS_MAX + 1 });
        Ok(files)
    });
    let found = found.await?;
    match found.len() {
        0 if matches!(each, Each::Project(_, Missing::Warns)) => Ok(Vec::new()),
        0 if matches!(each, Each::WebProject) => Err(NO_WEB_PROJECT.to_owned().into()),
        0 => Err(format!("No file is meant by {shown_as}.").into()),
        count if count > CALLS_MAX => Err(format!("More than {CALLS_MAX} files are meant by {shown_as}.").into()),
        _ => Ok(found.into_iter().map(Subject::File).collect()),
    }
}

/// Says whether a line names the folder itself, which is in no folder.
fn is_root_named(text: &Text, folder: &Path, workspace: &Workspace) -> bool {
    named(text).iter().any(|path| workspace.inside(path).is_ok_and(|it| it == folder))
}

fn split_lines(text: &Text) -> Text {
    let mut split = Text::default();
    for segment in text.segments() {
        let text = if segment.is_tainted() { segment.text.clone() } else { segment.text.replace(';', "\n").into() };
        split.push(segment.with_text(text));
    }
    split
}

/// Returns the step with the folder and the environment of the tool.
async fn step(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    inputs: &Inputs,
    tool: &'static Tool,
) -> Result<Step, Unfinished> {
    let mut step = own.step.clone();
    let folder = if tool.folder.is_empty() { None } else { given(inputs, tool.folder) };
    if let Some(folder) = &folder
        && tool.makes_folder
    {
        let workspace = &execution.job.workspace;
        let made = place::destination(workspace, &workspace.sources, &folder.flatten())?;
        let made = std::fs::create_dir_all(made);
        made.map_err(|error| format!("The folder `{}` can't be made: {error}.", shown(&folder.flatten())))?;
    }
    step.working_directory = folder.or(step.working_directory);
    for (variable, input) in tool.environment {
        let value = given(inputs, input);
        step.env.extend(value.map(|value| ((*variable).to_owned(), value)));
    }
    let java = inputs.choice("jdkVersion")?;
    if !java.is_empty() && java != "default" && inputs.choice("javaHomeSelection")? != "path" {
        let home = select::java_home(execution.job, &java).await?;
        step.env.push(("JAVA_HOME".to_owned(), home.to_string_lossy().into_owned().into()));
    }
    Ok(step)
}

impl<'m, 'j> Making<'m, 'j> {
    fn new(execution: &'m Execution<'j>, inputs: &'m Inputs, step: &Step) -> Result<Self, String> {
        let Execution { job, variables, folders, .. } = execution;
        let environment = Environment::new(&job.host, variables, &step.env, folders)?;
        Ok(Self { execution, inputs, environment, is_elsewhere: execution.containers.of(step).is_some() })
    }

    /// Returns what people call the program, and all calls.
    fn all<'c>(
        &self,
        first: &Call,
        calls: impl Iterator<Item = (&'c &'static Call, &'c Vec<Subject>)>,
    ) -> Result<(String, Vec<Line>), String> {
        let program = self.program(first)?;
        let name = Path::new(&program).file_name().map(|it| it.to_string_lossy().into_owned());
        let line = |call: &Call, thing: &Subject| {
            let beside = |file: &Path| matches!(call.each, Each::Beside(_)).then(|| file.parent().map(Path::to_owned));
            Ok::<_, String>(Line {
                words: self.words(call, thing)?,
                folder: thing.file().and_then(beside).flatten(),
                is_survived: call.is_survived(),
            })
        };
        let lines = calls.flat_map(|(call, things)| things.iter().map(|thing| line(call, thing)));
        Ok((name.unwrap_or(program), lines.collect::<Result<_, _>>()?))
    }

    /// Returns all words of a call, the program first.
    fn words(&self, call: &Call, subject: &Subject) -> Result<Vec<Text>, String> {
        let program = self.program(call)?;
        let words = call.words(subject, self.inputs, self)?;
        Ok(std::iter::once(program.into()).chain(words.into_iter().map(Word::into_text)).collect())
    }

    /// Returns the program as the script names it. On failure, a sentence.
    fn program(&self, call: &Call) -> Result<String, String> {
        match call.program {
            Program::Named(names) => {
                let is_there = |name: &&&str| self.is_elsewhere || self.environment.program(name).is_some();
                let there = names.iter().find(is_there);
                let names = || names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
                there.map(|name| (*name).to_owned()).ok_or_else(|| missing(&names()))
            }
            Program::File(name) => {
                let file = program::file(self.execution.job, self.inputs, name)?;
                make_executable(&file)
                    .map_err(|error| format!("The input `{name}`: it can't be executed: {error}."))?;
                Ok(file.to_string_lossy().into_owned())
            }
        }
    }
}

impl Surroundings for Making<'_, '_> {
    fn is_without_value(&self, text: &Text) -> bool {
        has_unknown_macro(text)
    }

    fn expand(&self, word: &str) -> Result<Text, String> {
        self.execution.variables.expand(&word.into()).map_err(|error| format!("`{word}` can't be used: {error}."))
    }

    fn sources(&self) -> &Path {
        &self.execution.job.workspace.sources
    }

    fn folder(&self, path: &str) -> Result<PathBuf, String> {
        self.execution.job.workspace.inside(path)
    }

    fn version(&self) -> Result<Option<String>, String> {
        dotnet::version(self.execution, self.inputs, &self.environment)
    }
}

fn make_executable(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o100 != 0 {
        Ok(())
    } else {
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode | 0o700))
    }
}

/// Says whether an author's text has a macro that names nothing, as defaults of inputs may.
fn has_unknown_macro(text: &Text) -> bool {
    text.segments().iter().any(|it| !it.is_tainted() && it.text.starts_with("$(") && it.text.ends_with(')'))
}

/// Returns which folders are zipped afterwards.
fn published<'s>(
    execution: &Execution<'_>,
    (place, inputs): (usize, &Inputs),
    tool: &Tool,
    step: &Step,
    subjects: impl Iterator<Item = &'s Subject>,
) -> Result<Option<Published>, String> {
    let Some(published) = &tool.published else { return Ok(None) };
    let (wanted, command) = published.wanted;
    if inputs.choice("command")? != command || !inputs.flag(wanted)? {
        return Ok(None);
    }
    let workspace = &execution.job.workspace;
    let directory = step.working_directory.as_ref().map(|written| execution.variables.expand(written)).transpose();
    let directory = directory.map_err(|error| format!("The working directory can't be used: {error}."))?;
    let directory = directory.map_or(Ok(workspace.sources.clone()), |it| workspace.inside(it.flatten().trim()))?;
    let arguments = (inputs.text(published.arguments), inputs.flag(published.is_apart)?);
    let done = workspace.temporary.join(format!("{}.published", place + 1));
    super::checkout::remove(&done).map_err(|error| format!("`{}` can't be removed: {error}.", done.display()))?;
    Published::new((workspace, done), &directory, arguments, subjects.map(Subject::file)).map(Some)
}

/// Returns which results of tests are looked at afterwards.
fn results(execution: &Execution<'_>, inputs: &Inputs, results: &Results) -> Result<Option<Wanted>, String> {
    let is_command = results.command.is_empty() || inputs.choice("command")? == results.command;
    if !is_command || !inputs.flag(results.wanted)? {
        return Ok(None);
    }
    let workspace = &execution.job.workspace;
    let (folder, patterns) = match results.is_temporary {
        true => (workspace.temporary.clone(), results.patterns.into()),
        false => (workspace.sources.clone(), inputs.text(results.patterns).clone()),
    };
    let wanted = Wanted::new(results.form, folder, &patterns, workspace)?;
    Ok(Some(wanted.titled(&inputs.data("testRunTitle"))))
}
