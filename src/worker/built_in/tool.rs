//! Tasks that only call a tool: the table of calls with a step's inputs becomes a script, each word
//! of it quoted. No shell reads the inputs, and payload text in them is one word or part of one.

use super::super::environment::Environment;
use super::super::interpreter::missing;
use super::super::job::Execution;
use super::calling::{Line, joined, text, told_call};
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
use crate::pipeline::task::call::{Call, Each, Missing, Part, Program, Results, Tool};
use crate::shell::words::split;
use crate::taint::{Segment, Text};
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
    let (count, is_there) = (calls.len(), |call: &&Call| names_something(call, inputs));
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
    let text = text(&lines, published.as_ref().map(Published::done));
    let script = Script { interpreter: Interpreter::Bash, text, ..Script::default() };
    Ok(Ending::Program(Box::new(Instead { step, script, called: Some(called), results, published })))
}

/// Returns the calls that the inputs ask for. What a service of Azure's would do is refused.
fn meant(inputs: &Inputs, tool: &'static Tool) -> Result<Vec<&'static Call>, String> {
    for (name, values, help) in tool.absent {
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
    Ok(tool.calls_for(|name, value| inputs.choice(name).is_ok_and(|it| it.eq_ignore_ascii_case(value))))
}

/// Says whether an image has a name that a call is about. Without one it is not made, as by the task of Azure's.
fn names_something(call: &Call, inputs: &Inputs) -> bool {
    let is_nameless = |part: &Part| matches!(part, Part::Tagged(name) if given(inputs, name).is_none());
    !call.parts.iter().any(is_nameless)
}

/// What one call is made for: a file, or a line.
#[derive(Clone)]
enum Subject {
    None,
    File(PathBuf),
    Line(Text),
}

impl Subject {
    fn file(&self) -> Option<&Path> {
        if let Self::File(file) = self { Some(file) } else { None }
    }
}

/// Returns what a call is made for, one after the other.
async fn subjects(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    inputs: &Inputs,
    each: &Each,
) -> Result<Vec<Subject>, Unfinished> {
    match each {
        Each::Once => Ok(vec![Subject::None]),
        Each::Line(name) => Ok(lines(inputs.text(name)).into_iter().map(Subject::Line).collect()),
        Each::File(name) | Each::Beside(name) | Each::Project(name, _)
            if inputs.text(name).is_empty() && !inputs.text(name).is_tainted() =>
        {
            Ok(vec![Subject::None])
        }
        Each::File(_) | Each::Beside(_) | Each::Project(..) | Each::First(_) | Each::WebProject => {
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
                count if count > CALLS_MAX => {
                    Err(format!("More than {CALLS_MAX} files are meant by {shown_as}.").into())
                }
                _ => Ok(found.into_iter().map(Subject::File).collect()),
            }
        }
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
        split.push(Segment { text, origin: segment.origin.clone() });
    }
    split
}

/// Splits at the author's line breaks and commas only: tags have neither.
fn lines(text: &Text) -> Vec<Text> {
    let mut lines = vec![Text::default()];
    for segment in text.segments() {
        if segment.is_tainted() {
            lines.last_mut().expect("there is one from the beginning").push(segment.clone());
            continue;
        }
        for (at, piece) in segment.text.split(['\n', '\r', ',']).enumerate() {
            if at > 0 {
                lines.push(Text::default());
            }
            lines.last_mut().expect("there is one from the beginning").append(&piece.trim().into());
        }
    }
    lines.retain(|line| line.is_tainted() || !line.is_empty());
    lines
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
        let mut words = vec![self.program(call)?.into()];
        self.add(call.parts, subject, &mut words)?;
        Ok(words)
    }

    fn add(&self, parts: &[Part], subject: &Subject, words: &mut Vec<Text>) -> Result<(), String> {
        let file = match subject {
            Subject::File(file) => Some(Text::from(file.to_string_lossy().into_owned())),
            Subject::None | Subject::Line(_) => None,
        };
        let has = |name: &str| given(self.inputs, name).filter(|text| !has_unknown_macro(text));
        for part in parts {
            match part {
                Part::Word(word) => words.push((*word).into()),
                Part::Macro(word) => words.push(self.expand(word)?),
                Part::Value(name) => words.extend(has(name)),
                Part::Words(name) => words.extend(split(self.inputs.text(name))),
                Part::Option(word, name) => {
                    if let Some(value) = has(name).filter(|value| value.is_tainted() || *value.flatten() != *"-") {
                        words.extend([(*word).into(), value]);
                    }
                }
                Part::Path(word, name) => {
                    if let Some(value) = has(name) {
                        let path = self.execution.job.workspace.sources.join(&*value.flatten());
                        words.extend([(*word).into(), value.derive(path.to_string_lossy().into_owned())]);
                    }
                }
                Part::Joined(beginning, name) => {
                    words.extend(has(name).map(|value| joined("", &(*beginning).into(), &value)));
                }
                Part::Published(name, is_apart) => {
                    let is_apart = self.inputs.flag(is_apart)?;
                    words.extend(dotnet::arguments(self.inputs.text(name), is_apart, subject.file()));
                }
                Part::Properties(configuration, name) => {
                    let configuration = has(configuration).map(|it| joined("", &"Configuration=".into(), &it));
                    let all = configuration.into_iter().chain(has(name)).reduce(|one, next| joined(";", &one, &next));
                    words.extend(all.map(|all| joined("", &"/p:".into(), &all)));
                }
                Part::Version(is_project_s) => {
                    let version = dotnet::version(self.execution, self.inputs, &self.environment)?;
                    let also = self.inputs.flag(is_project_s)?.then_some("Version");
                    let names = || std::iter::once("PackageVersion").chain(also);
                    words.extend(
                        version.iter().flat_map(|it| names().map(move |name| format!("/p:{name}={it}").into())),
                    );
                }
                Part::Switch(name, value, parts) => {
                    if self.inputs.choice(name)?.eq_ignore_ascii_case(value) {
                        self.add(parts, subject, words)?;
                    }
                }
                Part::File => words.extend(file.clone()),
                Part::Package => words.extend(file.clone().map(|file| match file.flatten().ends_with(".nuspec") {
                    true => joined("", &"-p:NuspecFile=".into(), &file),
                    false => file,
                })),
                Part::FileOption(word) => {
                    if let Some(file) = &file {
                        words.extend([(*word).into(), file.clone()]);
                    }
                }
                Part::Around(name, value) => words.extend(self.around(name, value, subject)?),
                Part::Tagged(name) => {
                    if let (Some(image), Subject::Line(tag)) = (has(name), subject) {
                        words.push(joined(":", &image, tag));
                    } else {
                        return Err(format!("The input `{name}` has no value: nothing can be named by it."));
                    }
                }
                Part::Tags(word, name, tags) => {
                    if let Some(image) = has(name) {
                        let tags = lines(self.inputs.text(tags));
                        words.extend(tags.iter().flat_map(|tag| [(*word).into(), joined(":", &image, tag)]));
                    }
                }
            }
        }
        Ok(())
    }

    fn expand(&self, word: &str) -> Result<Text, String> {
        self.execution.variables.expand(&word.into()).map_err(|error| format!("`{word}` can't be used: {error}."))
    }

    /// Returns the folder around the file of a call where the input says so, else what it says.
    fn around(&self, name: &str, value: &str, subject: &Subject) -> Result<Option<Text>, String> {
        if *self.inputs.data(name) != *value || self.inputs.text(name).is_tainted() {
            let folder = self.execution.job.workspace.inside(&self.inputs.data(name))?;
            return Ok(Some(folder.to_string_lossy().into_owned().into()));
        }
        let Subject::File(file) = subject else { return Ok(None) };
        Ok(file.parent().map(|folder| folder.to_string_lossy().into_owned().into()))
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
