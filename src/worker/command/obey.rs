//! What each command does (reference, sections 6.4 and 7.3).
//!
//! Nothing is done here but to the step's own [`Work`]: what reaches out of the step comes back as
//! an [`Effect`]. Variables change when the step has ended.

use super::super::variables::Variables;
use super::change::{
    Change, TaskVariable, prepend_path, set_secret, set_task_variable, set_variable, update_build_number,
};
use super::trust::Voice;
use super::{Command, PREFIX};
use crate::diagnostic::shown;
use crate::files;
use crate::pipeline::plan::{Commands, Target};
use crate::pipeline::task::package::Restrictions;
use crate::run::{Output, RunResult};
use crate::store::{
    ARTIFACTS_MAX, Artifact, DETAILS_MAX, Detail, FileKind, IssueKind, StepReport, TAG_CHARS_MAX, TAGS_MAX,
};
use crate::taint::Origin;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The most characters of a short text, such as what a step is doing now.
const TEXT_CHARS_MAX: usize = 1_000;
/// How often a step can hand over results of tests or of code coverage, and how many files at once.
const RESULTS_MAX: usize = 100;
const RESULT_FILES_MAX: usize = 1_000;

/// Results that a command hands over. They are read once the step's program has ended, as published results of
/// other steps are: paths as they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Results {
    /// Files of tests of a form, and a title.
    Tests { form: String, files: Vec<String>, title: String },
    /// A file of code coverage, and a folder with a report for people.
    Coverage { file: String, folder: Option<String> },
}

/// What a step is, as its commands see it.
#[derive(Clone)]
pub(in super::super) struct Rules<'r> {
    /// By which name its outputs are known.
    pub(in super::super) step: String,
    pub(in super::super) target: Option<&'r Target>,
    /// What a package takes upon itself not to do.
    pub(in super::super) restrictions: &'r Restrictions,
    pub(in super::super) variables: &'r Variables,
    /// The outputs of the steps so far, earlier attempts of this one included.
    pub(in super::super) outputs: &'r [Output],
    /// Where payload text came from that may be in what the step sets, which is tainted then.
    pub(in super::super) origin: Option<Arc<Origin>>,
    pub(in super::super) reached: Reached<'r>,
    pub(in super::super) is_debug: bool,
}

/// How payload text may have come into what a step prints.
#[derive(Clone, Copy)]
pub(in super::super) enum Reached<'r> {
    /// In no way.
    Not,
    /// The step got some; this is its script, where it has one, without the payload's text.
    Itself(Option<&'r str>),
    /// Only a step before it did; this is its script, where it has one.
    Before(Option<&'r str>),
    /// A program gives the command, in such a step.
    ByProgram,
}

impl<'r> Rules<'r> {
    /// Returns the rules for one command, whose text stands behind its prefix. What a script's author
    /// wrote word for word is his, whatever came to the step or to those before: the line has the word that no
    /// payload knows, and what it sets stands in the script.
    pub(super) fn heard(&self, text: &str, voice: Voice) -> Rules<'r> {
        let mut rules = self.clone();
        match (self.reached, voice) {
            (Reached::Before(Some(script)), Voice::Author) if is_said(script, text) => {
                (rules.origin, rules.reached) = (None, Reached::Not);
            }
            // A payload may have decided whether it is said: what it sets is the author's, `PATH` is still not changed.
            (Reached::Itself(Some(script)), Voice::Author) if is_said(script, text) => rules.origin = None,
            (Reached::Before(_), Voice::Program) => rules.reached = Reached::ByProgram,
            _ => {}
        }
        rules
    }
}

/// Says whether a script has a command word for word. One with characters that put something else in their
/// place is not sure to be what the author sees there. Those of JSON do not. Nor is one behind which the script goes
/// on: what stands there may be a text that is empty this time.
fn is_said(script: &str, text: &str) -> bool {
    let data = text.split_once(']').map_or("", |(_, data)| data);
    let is_plain = |it: char| it.is_alphanumeric() || "_.+-/:@,=% {}[]\"".contains(it);
    let said = format!("{PREFIX}{text}");
    let mut behind = script.match_indices(&said).map(|(at, _)| &script[at + said.len()..]);
    data.chars().all(is_plain) && behind.any(ends_line)
}

/// Says whether a script says no more of a line: a quote that closes may stand there, and an escaped end of the line.
fn ends_line(rest: &str) -> bool {
    let unquoted = rest.strip_prefix(['"', '\'']);
    let after = unquoted.unwrap_or(rest);
    let is_escaped = unquoted.is_none() && ["\\n", "\\r"].iter().any(|end| rest.starts_with(end));
    let after = after.trim_start_matches([' ', '\t']);
    is_escaped || after.is_empty() || after.starts_with(['\n', '\r', ';', '|', '&', ')', '}', '>'])
}

/// What a step's commands have told and changed so far.
#[derive(Debug)]
pub(in super::super) struct Work {
    pub(in super::super) report: StepReport,
    /// The worst result that a command gave.
    pub(in super::super) result: RunResult,
    /// What the job gets when the step has ended.
    pub(in super::super) changes: Vec<Change>,
    /// What other parts of the step get.
    pub(in super::super) task_variables: Vec<TaskVariable>,
    /// The tags that it gave its run, in lower case.
    tags: BTreeSet<String>,
    /// How often it published something.
    published: usize,
    /// What is still to be read.
    pub(in super::super) results: Vec<Results>,
    /// Whether the step said that it is done: what comes later does not count.
    pub(in super::super) is_done: bool,
    pub(super) changed_bytes: usize,
}

impl Default for Work {
    fn default() -> Self {
        Self {
            report: StepReport::default(),
            result: RunResult::Succeeded,
            changes: Vec::new(),
            task_variables: Vec::new(),
            tags: BTreeSet::new(),
            published: 0,
            results: Vec::new(),
            is_done: false,
            changed_bytes: 0,
        }
    }
}

/// What a command does outside of its step.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Effect {
    Say(String),
    Mask(String),
    Tag(String),
    Rename(String),
    /// The step's report is to be shown.
    Report,
    Keep {
        kind: FileKind,
        r#type: String,
        name: Option<String>,
        path: String,
    },
    Publish {
        name: String,
        path: String,
    },
    Associate(Artifact),
}

/// Why a command does nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Problem {
    /// It is left out.
    Warning(String),
    /// The step has failed, and goes on.
    Error(String),
}

pub(super) type Done = Result<Option<Effect>, Problem>;
type Act = fn(&mut Work, &Rules<'_>, &Command) -> Done;

/// Every command: its name, whether a restricted step may give it, and what it does.
const COMMANDS: &[(&str, &str, bool, Act)] = &[
    ("task", "logissue", true, log_issue),
    ("task", "issue", true, log_issue),
    ("task", "setprogress", true, set_progress),
    ("task", "complete", true, complete),
    ("task", "logdetail", true, log_detail),
    ("task", "setvariable", true, set_variable),
    ("task", "setsecret", true, set_secret),
    ("task", "settaskvariable", true, set_task_variable),
    ("task", "prependpath", true, prepend_path),
    ("task", "debug", true, debug),
    ("task", "uploadsummary", false, |_, _, command| keep(FileKind::Summary, command)),
    ("task", "uploadfile", false, |_, _, command| keep(FileKind::Log, command)),
    ("task", "addattachment", false, add_attachment),
    ("task", "setendpoint", false, set_endpoint),
    // What tasks tell their makers is nobody's here, and nothing that a step does is lost with it.
    ("telemetry", "publish", true, |_, _, _| Ok(None)),
    ("artifact", "upload", false, upload_artifact),
    ("artifact", "associate", false, associate_artifact),
    ("results", "publish", false, publish_tests),
    ("codecoverage", "publish", false, publish_coverage),
    ("codecoverage", "enable", false, |_, _, _| warning("the command `codecoverage.enable` does nothing here".into())),
    ("build", "updatebuildnumber", false, update_build_number),
    ("build", "addbuildtag", false, add_build_tag),
    ("build", "uploadlog", false, |_, _, command| keep(FileKind::Log, command)),
    ("build", "uploadsummary", false, |_, _, command| keep(FileKind::Summary, command)),
];

/// Areas that exist elsewhere and have nothing to do here.
const ABSENT: [&str; 2] = ["release", "plugininternal"];

/// Obeys a command.
pub(in super::super) fn obey(work: &mut Work, rules: &Rules<'_>, command: &Command) -> Done {
    let Command { area, event, .. } = command;
    let name = format!("{area}.{event}");
    if ABSENT.contains(&area.as_str()) {
        return warning(format!("the command `{}` does nothing here", shown(&name)));
    }
    if !COMMANDS.iter().any(|(known, ..)| known == area) {
        return warning(format!("there is no command `{}`", shown(&name)));
    }
    let Some((_, _, is_harmless, act)) = COMMANDS.iter().find(|(a, e, ..)| a == area && e == event) else {
        return error(format!("there is no command `{}`", shown(&name)));
    };
    if rules.target.is_some_and(|target| target.commands == Some(Commands::Restricted)) && !is_harmless {
        return warning(format!("the command `{name}` is left out: the step's `target` restricts it"));
    }
    if rules.restrictions.is_restricted && !is_harmless {
        return warning(format!("the command `{name}` is left out: the task's own `restrictions` do not allow it"));
    }
    act(work, rules, command)
}

pub(super) fn warning(sentence: String) -> Done {
    Err(Problem::Warning(sentence))
}

pub(super) fn error(sentence: impl Into<String>) -> Done {
    Err(Problem::Error(sentence.into()))
}

/// Returns a property that must be there.
pub(super) fn required<'c>(command: &'c Command, name: &str) -> Result<&'c str, Problem> {
    let missing = || Problem::Error(format!("the command `{}.{}` needs `{name}`", command.area, command.event));
    command.property(name).ok_or_else(missing)
}

fn short(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}

/// An issue is counted and shown, and never fails the step by itself.
fn log_issue(work: &mut Work, _: &Rules<'_>, command: &Command) -> Done {
    let Some(kind) = command.property("type") else {
        return warning("the command `task.logissue` needs `type`, which is `error` or `warning`".to_owned());
    };
    let (kind, mark) = match kind.to_ascii_lowercase().as_str() {
        "error" => (IssueKind::Error, "error"),
        "warning" => (IssueKind::Warning, "warning"),
        _ => return error(format!("an issue is an `error` or a `warning`, not `{}`", shown(kind))),
    };
    let message = match command.property("sourcepath") {
        Some(path) => placed(path, mark, command),
        None => command.data.clone(),
    };
    work.report.add_issue(kind, &message);
    Ok(Some(Effect::Say(format!("##[{mark}]{message}"))))
}

/// Returns an issue's text with its place, as compilers write it: `path(line,column): error code: text`.
fn placed(path: &str, mark: &str, command: &Command) -> String {
    let place = match (command.property("linenumber"), command.property("columnnumber")) {
        (Some(line), Some(column)) => format!("({line},{column})"),
        (Some(line), None) => format!("({line})"),
        (None, _) => String::new(),
    };
    let code = command.property("code").map_or(String::new(), |code| format!(" {code}"));
    format!("{path}{place}: {mark}{code}: {}", command.data)
}

fn percent(text: Option<&str>) -> u8 {
    let number = text.and_then(|text| text.trim().parse::<i64>().ok()).unwrap_or(0);
    u8::try_from(number.clamp(0, 100)).unwrap_or(0)
}

fn set_progress(work: &mut Work, _: &Rules<'_>, command: &Command) -> Done {
    work.report.progress = Some(percent(command.property("value")));
    work.report.operation = Some(short(&command.data)).filter(|operation| !operation.is_empty());
    Ok(Some(Effect::Report))
}

fn complete(work: &mut Work, _: &Rules<'_>, command: &Command) -> Done {
    let word = required(command, "result")?;
    let Some(result) = result(word) else { return error(format!("`{}` is no result of a step", shown(word))) };
    work.result = worse(work.result, result);
    work.is_done = command.is_set("done");
    // The task library says the same sentence as an issue just before.
    let is_told = work.report.issues.iter().any(|issue| issue.message == command.data);
    let kind = match result {
        RunResult::Failed => "error",
        RunResult::SucceededWithIssues => "warning",
        _ => return Ok(None),
    };
    Ok((!command.data.is_empty() && !is_told).then(|| Effect::Say(format!("##[{kind}]{}", command.data))))
}

fn result(word: &str) -> Option<RunResult> {
    let number = |result: &RunResult| rank(*result).to_string() == word;
    let all = RunResult::ALL.into_iter();
    match word {
        "5" | "Abandoned" => Some(RunResult::Failed),
        _ => all.into_iter().find(|result| result.expression_word() == word || number(result)),
    }
}

fn rank(result: RunResult) -> u8 {
    match result {
        RunResult::Succeeded => 0,
        RunResult::SucceededWithIssues => 1,
        RunResult::Failed => 2,
        RunResult::Canceled => 3,
        RunResult::Skipped => 4,
    }
}

/// Returns the worse of two results of one step: once it is canceled or skipped it stays so.
pub(in super::super) fn worse(so_far: RunResult, next: RunResult) -> RunResult {
    let is_final = rank(so_far) > rank(RunResult::Failed);
    if is_final || rank(so_far) > rank(next) { so_far } else { next }
}

fn log_detail(work: &mut Work, _: &Rules<'_>, command: &Command) -> Done {
    let id = required(command, "id")?;
    if uuid::Uuid::try_parse(id).is_err() {
        return error("a detail's `id` is a GUID");
    }
    let known = work.report.details.iter().position(|detail| detail.id.eq_ignore_ascii_case(id));
    let at = match known {
        Some(at) => at,
        None if work.report.details.len() >= DETAILS_MAX => {
            return warning(format!("a step can have {DETAILS_MAX} details"));
        }
        None => {
            let new = Detail {
                id: id.to_owned(),
                parent: command.property("parentid").map(short),
                kind: short(required(command, "type")?),
                name: short(required(command, "name")?),
                order: required(command, "order")?.parse().unwrap_or(0),
                state: "Unknown".to_owned(),
                ..Detail::default()
            };
            work.report.details.push(new);
            work.report.details.len() - 1
        }
    };
    let detail = &mut work.report.details[at];
    if let Some(state) = command.property("state") {
        detail.state = short(state);
    }
    if command.property("progress").is_some() {
        detail.progress = Some(percent(command.property("progress")));
    }
    detail.result = command.property("result").and_then(result).or(detail.result);
    Ok(Some(Effect::Report))
}

fn debug(_: &mut Work, rules: &Rules<'_>, command: &Command) -> Done {
    Ok(rules.is_debug.then(|| Effect::Say(format!("##[debug]{}", command.data))))
}

fn keep(kind: FileKind, command: &Command) -> Done {
    let path = command.data.trim().to_owned();
    Ok(Some(Effect::Keep { kind, r#type: String::new(), name: None, path }))
}

fn add_attachment(_: &mut Work, _: &Rules<'_>, command: &Command) -> Done {
    let (kind, name) = (required(command, "type")?, required(command, "name")?);
    if [kind, name].iter().any(|it| it.contains(['/', '\\', '\0', ':', '"', '<', '>', '|'])) {
        return error("the type and the name of an attachment can't have characters that paths give a meaning");
    }
    let path = command.data.trim().to_owned();
    Ok(Some(Effect::Keep { kind: FileKind::Attachment, r#type: short(kind), name: Some(short(name)), path }))
}

/// Service connections belong to tasks; a script has none that it could change.
fn set_endpoint(_: &mut Work, _: &Rules<'_>, command: &Command) -> Done {
    required(command, "id")?;
    match required(command, "field")?.to_ascii_lowercase().as_str() {
        "url" => {}
        "authparameter" | "dataparameter" => drop(required(command, "key")?),
        field => return error(format!("`{}` is no field of a service connection", shown(field))),
    }
    warning("service connections can't be changed here".to_owned())
}

/// Counts what a step publishes.
fn publish(work: &mut Work) -> Result<(), Problem> {
    work.published += 1;
    match work.published > ARTIFACTS_MAX {
        true => Err(Problem::Error(format!("a step can publish {ARTIFACTS_MAX} artifacts"))),
        false => Ok(()),
    }
}

/// The folder of the container is the artifact's root elsewhere, and no part of the paths in it.
fn upload_artifact(work: &mut Work, _: &Rules<'_>, command: &Command) -> Done {
    publish(work)?;
    let name = required(command, "artifactname")?.to_owned();
    if let Err(sentence) = files::check_artifact_name(&name) {
        return error(sentence);
    }
    if command.data.trim().is_empty() {
        return error("the command `artifact.upload` needs a path");
    }
    Ok(Some(Effect::Publish { name, path: command.data.trim().to_owned() }))
}

fn associate_artifact(work: &mut Work, _: &Rules<'_>, command: &Command) -> Done {
    publish(work)?;
    let name = required(command, "artifactname")?.to_owned();
    if command.data.is_empty() {
        return error("the command `artifact.associate` needs a location");
    }
    let kind = short(command.property("type").unwrap_or("container"));
    Ok(Some(Effect::Associate(Artifact { name, kind, location: short(&command.data) })))
}

/// Results of tests, as the task library's `TestPublisher` writes them: files with commas between them. How the
/// tests ran and where does not matter here, nor whether they are one run or several.
fn publish_tests(work: &mut Work, _: &Rules<'_>, command: &Command) -> Done {
    let (form, written) = (required(command, "type")?, required(command, "resultfiles")?);
    let files: Vec<String> = written.split(',').map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned).collect();
    if files.len() > RESULT_FILES_MAX {
        return error(format!("the command `results.publish` takes {RESULT_FILES_MAX} files"));
    }
    let title = short(command.property("runtitle").unwrap_or_default());
    hand_over(work, Results::Tests { form: form.to_owned(), files, title })
}

/// Code coverage, as the task library's `CodeCoveragePublisher` writes it.
fn publish_coverage(work: &mut Work, _: &Rules<'_>, command: &Command) -> Done {
    let file = required(command, "summaryfile")?.to_owned();
    let folder = command.property("reportdirectory").map(str::to_owned);
    hand_over(work, Results::Coverage { file, folder })
}

fn hand_over(work: &mut Work, results: Results) -> Done {
    if work.results.len() >= RESULTS_MAX {
        return error(format!("a step can hand over results {RESULTS_MAX} times"));
    }
    work.results.push(results);
    Ok(None)
}

fn add_build_tag(work: &mut Work, _: &Rules<'_>, command: &Command) -> Done {
    let tag = command.data.trim();
    if tag.is_empty() || tag.contains(':') || tag.chars().count() > TAG_CHARS_MAX {
        return error(format!("a tag has 1 to {TAG_CHARS_MAX} characters and no colon"));
    }
    if work.tags.len() >= TAGS_MAX {
        return warning(format!("a run has at most {TAGS_MAX} tags"));
    }
    // A run has each tag once; a loop that gives it again writes nothing.
    let is_new = work.tags.insert(tag.to_lowercase());
    Ok(is_new.then(|| Effect::Tag(tag.to_owned())))
}
