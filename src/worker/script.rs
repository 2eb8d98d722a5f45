//! A script step as a program: macros expanded, payload text moved into the environment, the text
//! in a file (reference, section 6.3; security, "Scripts").

use super::built_in::{self, Own, Unfinished};
use super::command::Trust;
use super::context::JobContext;
use super::environment::Environment;
use super::interpreter::{Call, Reader};
use super::job::Execution;
use super::reach::Reach;
use super::unseen::{self, Aid, Unseen};
use super::variables::Variables;
use crate::diagnostic::shown;
use crate::files::{make_folder, write_anew};
use crate::pipeline::plan::{Script, Step};
use crate::pipeline::task::package::Restrictions;
use crate::process::{self, Command, StandardError};
use crate::shell::{self, Background, Carried, Entrance, Language, Refusal, Substitution};
use crate::taint::{Origin, Text};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// What a shell makes several words of, or names of files, where nothing quotes it.
const SPLIT: [char; 6] = [' ', '\t', '\n', '*', '?', '['];

/// A script that is ready to run.
pub(super) struct Prepared {
    pub(super) command: Command,
    /// Whose logging commands count in its output.
    pub(super) trust: Trust,
    /// The payload text that the step gets.
    pub(super) reach: Reach,
    /// The script as its author wrote it, where it is one.
    pub(super) text: Option<String>,
    /// Sentences for the log.
    pub(super) warnings: Vec<String>,
    /// The script's file, which may hold secrets.
    pub(super) file: Option<PathBuf>,
    /// What a package takes upon itself not to do.
    pub(super) restrictions: Restrictions,
}

/// What a script needs on the disk.
struct Draft {
    file: PathBuf,
    text: String,
    /// A folder and the values in it that are too large for variables, where there are some.
    values: Option<(PathBuf, Vec<(String, String)>)>,
    /// What makes its arguments of variables, where they are not to be seen.
    aid: Option<Aid>,
}

/// Why a script can't be run.
pub(super) enum Unprepared {
    /// What these sentences say.
    Refused(Vec<String>),
    /// It had no room, or its step was stopped while it waited for some.
    Unwritten(Unfinished),
}

/// Returns the program of a script step, with its script written to a file, which may have to wait for room on the
/// disk. Where the script calls a file whose words are not to be seen, they are not.
pub(super) async fn prepare(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    script: &Script,
    unseen: Option<&Unseen>,
) -> Result<Prepared, Unprepared> {
    let (prepared, draft) = draw_up(execution, own, script, unseen).map_err(Unprepared::Refused)?;
    built_in::work(execution, own, move |_| draft.write()).await.map_err(Unprepared::Unwritten)?;
    Ok(prepared)
}

/// Says why a step's script can't be run for a connection that wants no payload text in scripts. What of it was
/// known before the run has rejected the run; this is about what steps and other jobs have set meanwhile.
pub(super) fn refused_strictly(execution: &Execution<'_>, script: &Script) -> Option<Vec<String>> {
    let Execution { job, variables, .. } = execution;
    if job.plan.substitution != Substitution::Strict {
        return None;
    }
    let sentence = |way: String, origin: &Origin| {
        let from = from(origin);
        format!(
            "Payload text can't be put into a script: {way} brings some{from}, and the connection says `substitution: strict`. Help: pass it in `env:` and use that variable as an argument in double quotes."
        )
    };
    let mut sentences = Vec::new();
    for segment in script.text.segments() {
        if let Some(origin) = &segment.origin {
            sentences.push(sentence("an expression".to_owned(), origin));
            continue;
        }
        for (name, origin) in variables.tainted_macros(&segment.text) {
            sentences.push(sentence(format!("`$({})`", shown(&name)), &origin));
        }
    }
    sentences.dedup();
    (!sentences.is_empty()).then_some(sentences)
}

/// Returns where text came from, for the end of a sentence.
fn from(origin: &Origin) -> String {
    format!(" (from the payload, at `{}`)", shown(&origin.path))
}

/// Returns the program of a script step, and what is to be written for it. On failure, sentences.
fn draw_up(
    execution: &Execution<'_>,
    own: Own<'_>,
    script: &Script,
    unseen: Option<&Unseen>,
) -> Result<(Prepared, Draft), Vec<String>> {
    let one = |sentence: String| vec![sentence];
    let Execution { job, variables, folders, .. } = execution;
    let Own { place, step, .. } = own;
    // A number of a webhook may be in any variable; beside a redirection it must stay text.
    let written = match job.plan.triggered_by.is_some() {
        true => Cow::Owned(variables.numbers_apart(&script.text)),
        false => Cow::Borrowed(&script.text),
    };
    let text = variables.expand(&written).map_err(|error| one(format!("The script can't be used: {error}.")))?;
    let mut environment = Environment::new(&job.host, variables, &step.env, folders).map_err(one)?;
    let reader = Reader::new(script, variables).map_err(one)?;
    let beside = || variables.expand_beside_secrets(&written);
    let (safe, carried) = match make_beside_secrets(job, beside, &environment, reader.language()) {
        Some(made) => made,
        None => make(job, &text, &environment, &reader)?,
    };
    let values = carry(job, place, carried, &mut environment);
    let directory = directory(job, step, variables).map_err(one)?;
    let texts = environment.tainted().values().chain(reader.arguments());
    let reach = Reach::of(&job.plan, [&text, &directory.written].into_iter().chain(texts));
    let trust = Trust::of(step, &reach, &execution.reach);
    let file = job.workspace.temporary.join(format!("{}.{}", place + 1, reader.ending()));
    let framed = reader.framed(&safe);
    let written = trust.written(&framed);
    let (written, aid) = match unseen {
        Some(unseen) => unseen.put_into(&written, &file).map(|(text, aid)| (text, Some(aid))).map_err(one)?,
        None => (written.into(), None),
    };
    let (call, aid) = match execution.has_secrets() && !reader.arguments().is_empty() {
        true => {
            let aid = unseen::python(&file, reader.arguments(), &mut environment);
            (reader.call(&aid.path, &[]), Some(aid))
        }
        false => (reader.call(&file, reader.arguments()), aid),
    };
    let draft = Draft { file: file.clone(), text: written, values, aid };
    let warnings = std::mem::take(&mut environment.warnings);
    environment.set(process::MARK, &job.mark());
    let standard_error = if reader.fails_on_error { StandardError::Apart } else { StandardError::Joined };
    let command = command(execution, step, call, environment, directory.path, standard_error).map_err(one)?;
    let restrictions = Restrictions::default();
    let prepared = Prepared { command, trust, reach, text: Some(safe), warnings, file: Some(file), restrictions };
    Ok((prepared, draft))
}

/// Returns a call as a program of this machine: itself, or what calls it in the step's container. On
/// failure, a sentence.
pub(super) fn command(
    execution: &Execution<'_>,
    step: &Step,
    call: Call,
    environment: Environment,
    directory: PathBuf,
    standard_error: StandardError,
) -> Result<Command, String> {
    let job = execution.job;
    if let Some(container) = execution.containers.of(step) {
        let command = container.command(execution, call, &environment, directory);
        return Ok(Command { standard_error, ..command });
    }
    let program = call.find(&job.host, &environment)?;
    Ok(Command {
        shims: job.host.shims.clone(),
        mark: job.mark(),
        term: job.term.clone(),
        program,
        arguments: call.arguments,
        environment: environment.into_pairs().map(|(name, value)| (name.into(), value.into())).collect(),
        directory,
        standard_error,
    })
}

/// Makes a script safe, unless the connection says that its senders may write code. Returns its text
/// and the payload's text beside it.
fn make(
    job: &JobContext,
    text: &Text,
    environment: &Environment,
    reader: &Reader<'_>,
) -> Result<(String, Carried), Vec<String>> {
    if job.plan.substitution == Substitution::Raw {
        return Ok((text.flatten().into_owned(), Carried::default()));
    }
    let names = shell::Names::of(text.authored());
    let named = environment.tainted().iter().filter(|(name, _)| names.has(name));
    let named = named.map(|(name, value)| (name.clone(), Cow::Borrowed(value)));
    let script = shell::Script {
        language: reader.language(),
        text,
        environment: named.chain(shell::Script::arguments(reader.arguments())).collect(),
        background: Background::of(reader.language(), environment.pairs()),
    };
    let placed = shell::place(&script).map_err(|refusals| sentences(&refusals, &script))?;
    Ok((placed.script, placed.carried))
}

/// Makes a script with its secrets in the environment, as payload text is, so that none stands in the
/// script's file, is read as code, or is shown in part where a shell quotes a line at fault. `None`
/// where that can't be, or could mean something else than the secret's text in its place: where a shell
/// would make several words of it, and where the script takes no payload text. Such a script gets its
/// secrets as Azure's do.
fn make_beside_secrets(
    job: &JobContext,
    text: impl Fn() -> Option<Text>,
    environment: &Environment,
    language: Language,
) -> Option<(String, Carried)> {
    if job.plan.substitution == Substitution::Raw || language != Language::Bash {
        return None;
    }
    let text = text()?;
    let names = shell::Names::of(text.authored());
    let named = environment.tainted().iter().filter(|(name, _)| names.has(name));
    let environment = named.map(|(name, value)| (name.clone(), Cow::Borrowed(value))).collect();
    let placed = shell::place(&shell::Script { environment, ..shell::Script::alone(language, &text) }).ok()?;
    let mut secrets = Vec::new();
    for hole in &placed.holes {
        let Entrance::Segment(segment) = hole.entrance else { continue };
        let segment = &text.segments()[segment];
        if !Variables::marks_secret(segment) {
            continue;
        }
        let is_split = hole.place == Some(shell::UNQUOTED) && segment.text.contains(SPLIT);
        if is_split || segment.text.contains('\0') || segment.text.len() > shell::VALUE_BYTES_MAX {
            return None;
        }
        secrets.push(hole.variable.as_str());
    }
    Some((shell::kept_from_children(&placed.script, &secrets)?, placed.carried))
}

/// Puts the values of a script where it looks for them. Returns those that are to be files, and their folder.
fn carry(
    job: &JobContext,
    place: usize,
    carried: Carried,
    environment: &mut Environment,
) -> Option<(PathBuf, Vec<(String, String)>)> {
    for (name, value) in &carried.variables {
        environment.set(name, value);
    }
    if carried.files.is_empty() {
        return None;
    }
    let folder = job.workspace.temporary.join(format!("{}.values", place + 1));
    environment.set(shell::FOLDER_VARIABLE, &folder.to_string_lossy());
    Some((folder, carried.files))
}

impl Draft {
    /// Writes it. On failure, a sentence.
    fn write(self) -> Result<(), String> {
        let Self { file, text, values, aid } = self;
        if let Some((folder, values)) = values {
            write_values(&folder, &values)
                .map_err(|error| format!("The values of the script can't be written: {error}."))?;
        }
        if let Some(Aid { path, text }) = aid {
            write_anew(&path, text).map_err(|error| unwritten(&error))?;
        }
        write_anew(&file, &text).map_err(|error| unwritten(&error))
    }
}

fn write_values(folder: &Path, values: &[(String, String)]) -> std::io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    make_folder(folder)?;
    values.iter().try_for_each(|(name, value)| write_anew(&folder.join(name), value))
}

/// Where a step starts, and what it is made of.
struct Directory {
    path: PathBuf,
    written: Text,
}

fn directory(job: &JobContext, step: &Step, variables: &Variables) -> Result<Directory, String> {
    let Some(written) = &step.working_directory else {
        return Ok(Directory { path: job.workspace.sources.clone(), written: Text::default() });
    };
    let written =
        variables.expand(written).map_err(|error| format!("The working directory can't be used: {error}."))?.trim();
    // An author's script could go anywhere too; payload text goes nowhere else.
    let path = match written.is_tainted() {
        true => job.workspace.inside(&written.flatten())?,
        false => job.workspace.folder(&written.flatten())?,
    };
    Ok(Directory { path, written })
}

/// Says that a script's file can't be written. A step before may have taken its folder away.
fn unwritten(error: &std::io::Error) -> String {
    let help = match error.kind() {
        std::io::ErrorKind::NotFound => " Help: a step before has removed `$(Agent.TempDirectory)`, which must stay.",
        _ => "",
    };
    format!("The script can't be written: {error}.{help}")
}

fn sentences(refusals: &[Refusal], script: &shell::Script<'_>) -> Vec<String> {
    let origin = |refusal: &Refusal| match &refusal.entrance {
        Entrance::Segment(segment) => script.text.segments().get(*segment)?.origin.clone(),
        Entrance::Variable(name) => {
            let variable = script.environment.iter().find(|(known, _)| known == name);
            variable.and_then(|(_, value)| value.origin().cloned())
        }
    };
    let sentence = |refusal: &Refusal| {
        let from = origin(refusal).map_or(String::new(), |it| from(&it));
        let help = refusal.help.as_deref().map_or(String::new(), |help| format!(" Help: {help}."));
        format!("Line {} of the script: payload text can't be {}{from}.{help}", refusal.line, refusal.reason)
    };
    refusals.iter().map(sentence).collect()
}
