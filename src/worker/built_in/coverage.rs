//! `PublishCodeCoverageResults`: how much of the code tests ran, as two forms say it.
//!
//! ```text
//! Cobertura   coverage lines-covered="8" lines-valid="10", or its line elements counted
//! JaCoCo      report, with counter type="LINE" covered="8" missed="2" directly in it
//! ```
//! The files are kept, and so is a folder with a report for people, as an artifact.

use super::super::job::Execution;
use super::super::workspace::Workspace;
use super::halt::{self, Halt};
use super::input::Inputs;
use super::{Own, Told, Unfinished, pattern, xml};
use crate::diagnostic::shown_path;
use crate::files::Links;
use crate::store::{Artifact, Coverage, FILES_MAX, FileKind, KeptFile, StepReport};
use crate::taint::Text;
use quick_xml::events::{BytesStart, Event};
use std::path::{Path, PathBuf};

/// What the artifact with the report for people is called.
const REPORT: &str = "Code Coverage Report";

struct Found {
    files: Vec<PathBuf>,
    coverage: Coverage,
    problems: Vec<String>,
}

pub(super) async fn run(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    inputs: &Inputs,
    report: &mut StepReport,
) -> Result<Told, Unfinished> {
    let workspace = execution.job.workspace.clone();
    let patterns = inputs.text("summaryFileLocation").clone();
    let named = shown_path(&patterns.flatten());
    let fails = inputs.flag("failIfCoverageEmpty")?;
    let found = halt::work(execution, own, move |halt| find(&workspace, &patterns, halt)).await?;
    if found.files.is_empty() {
        let sentence = found.problems.into_iter().next().unwrap_or_else(|| {
            format!("No file is meant by `summaryFileLocation`: `{named}`: there are no results of code coverage.")
        });
        return match fails {
            true => Err(sentence.into()),
            false => Ok(Told { lines: Vec::new(), warnings: vec![sentence] }),
        };
    }
    note(execution, own, found, &inputs.data("reportDirectory"), report).await
}

/// Looks at a file of code coverage that a command has handed over, and keeps the report beside it.
pub(super) async fn take(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    (file, folder): (&str, Option<&str>),
    report: &mut StepReport,
) -> Result<Told, Unfinished> {
    let file = execution.job.workspace.entry(file);
    let file = file.map_err(|problem| format!("The code coverage can't be read: {problem}."))?;
    let found = halt::work(execution, own, move |halt| {
        let coverage = read(&file, halt);
        let coverage = coverage.map_err(|reason| {
            format!("The code coverage in `{}` can't be read: {reason}.", shown_path(&file.to_string_lossy()))
        })?;
        Ok(Found { files: vec![file], coverage, problems: Vec::new() })
    });
    let found = found.await?;
    note(execution, own, found, folder.unwrap_or_default(), report).await
}

/// Notes what was found, and keeps it; a folder that is named too, as an artifact.
async fn note(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    found: Found,
    folder: &str,
    report: &mut StepReport,
) -> Result<Told, Unfinished> {
    let kept = keep(execution, own, found.files, report.files.len()).await?;
    report.files.extend(kept);
    match &mut report.coverage {
        Some(all) => all.add(found.coverage),
        none => *none = Some(found.coverage),
    }
    let mut told = Told { lines: vec![found.coverage.to_string()], warnings: found.problems };
    if !folder.is_empty() {
        told.lines.push(publish(execution, own, folder).await?);
    }
    Ok(told)
}

fn find(workspace: &Workspace, patterns: &Text, halt: &Halt) -> Result<Found, String> {
    let mut found = Found { files: Vec::new(), coverage: Coverage::default(), problems: Vec::new() };
    for path in pattern::found(patterns, workspace, halt)? {
        match read(&path, halt) {
            Ok(coverage) => {
                found.coverage.add(coverage);
                found.files.push(path);
            }
            Err(reason) => {
                let path = shown_path(&workspace.named(&path).to_string_lossy());
                found.problems.push(format!("The code coverage in `{path}` can't be read: {reason}."));
            }
        }
    }
    Ok(found)
}

/// Keeps the files as they are, for people and programs.
async fn keep(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    files: Vec<PathBuf>,
    before: usize,
) -> Result<Vec<KeptFile>, Unfinished> {
    let job = execution.job;
    let (keep, run, id, place) = (job.keep.clone(), job.run.clone(), job.id.clone(), own.place + 1);
    // Its path is shown too.
    let masker = execution.desk.masker.clone();
    halt::work(execution, own, move |halt| {
        let room = FILES_MAX.saturating_sub(before);
        let kept = files.iter().take(room).enumerate().map(|(at, file)| {
            halt.check()?;
            let number = format!("{place}_{}", before + at + 1);
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let kept = keep.file(&run, &id, (&number, &masker.mask(&name)), file);
            let (path, size) = kept.map_err(|error| format!("`{}` can't be kept: {error}.", file.display()))?;
            Ok(KeptFile { kind: FileKind::Attachment, r#type: "code-coverage".to_owned(), name, size, path })
        });
        kept.collect()
    })
    .await
}

/// Keeps a folder with a report for people, and says so.
async fn publish(execution: &mut Execution<'_>, own: Own<'_>, written: &str) -> Result<String, Unfinished> {
    let from = execution.job.workspace.inside(written)?;
    let (keep, run) = (execution.job.keep.clone(), execution.job.run.clone());
    let name = format!("{REPORT}_{}", execution.job.number);
    let called = name.clone();
    let links = Links::Within(execution.job.workspace.homes());
    let kept = halt::work(execution, own, move |_| {
        let kept = keep.artifact(&run, &called, (&from, &links));
        kept.map_err(|error| format!("The report can't be kept: {error}."))
    });
    let location = kept.await?.below;
    let told = format!("The report is kept as the artifact `{name}`.");
    execution.desk.publish(Artifact { name, kind: "container".to_owned(), location }).await?;
    Ok(told)
}

/// What has been read of a file.
#[derive(Default)]
struct Counting {
    depth: usize,
    form: Option<Form>,
    /// What the file says of all of it.
    told: Coverage,
    /// What its lines say, where it does not.
    counted: Coverage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Cobertura,
    JaCoCo,
}

fn read(file: &Path, halt: &Halt) -> Result<Coverage, String> {
    let mut reader = xml::open(file)?;
    let mut buffer = Vec::new();
    let mut counting = Counting::default();
    loop {
        halt.check()?;
        buffer.clear();
        match reader.read_event_into(&mut buffer).map_err(|error| error.to_string())? {
            Event::Start(element) => {
                counting.depth += 1;
                counting.element(&element)?;
            }
            Event::Empty(element) => {
                counting.depth += 1;
                counting.element(&element)?;
                counting.depth -= 1;
            }
            Event::End(_) => counting.depth = counting.depth.saturating_sub(1),
            Event::Eof if counting.depth > 0 => return Err("it ends too soon".to_owned()),
            Event::Eof => return counting.coverage(),
            _ => {}
        }
    }
}

impl Counting {
    fn element(&mut self, element: &BytesStart<'_>) -> Result<(), String> {
        let name = element.local_name();
        let name = name.as_ref();
        match (self.depth, name, self.form) {
            (1, "coverage", _) => {
                self.form = Some(Form::Cobertura);
                self.told = Coverage {
                    lines_covered: number(element, "lines-covered"),
                    lines: number(element, "lines-valid"),
                    branches_covered: number(element, "branches-covered"),
                    branches: number(element, "branches-valid"),
                };
            }
            (1, "report", _) => self.form = Some(Form::JaCoCo),
            (1, ..) => return Err("it is neither Cobertura nor JaCoCo".to_owned()),
            (2, "counter", Some(Form::JaCoCo)) => self.counter(element),
            (_, "line", Some(Form::Cobertura)) => {
                self.counted.lines += 1;
                self.counted.lines_covered += u64::from(number(element, "hits") > 0);
            }
            _ => {}
        }
        Ok(())
    }

    fn counter(&mut self, element: &BytesStart<'_>) {
        let (covered, missed) = (number(element, "covered"), number(element, "missed"));
        let all = covered.saturating_add(missed);
        match attribute(element, "type").as_deref() {
            Some("LINE") => (self.told.lines_covered, self.told.lines) = (covered, all),
            Some("BRANCH") => (self.told.branches_covered, self.told.branches) = (covered, all),
            _ => {}
        }
    }

    fn coverage(self) -> Result<Coverage, String> {
        match self.form {
            None => Err("it is no XML".to_owned()),
            Some(Form::Cobertura) if self.told.lines == 0 => Ok(self.counted),
            Some(_) => Ok(self.told),
        }
    }
}

fn number(element: &BytesStart<'_>, name: &str) -> u64 {
    attribute(element, name).and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.attributes().flatten().find(|it| it.key.local_name().as_ref() == name)?;
    Some(found.value.to_string())
}
