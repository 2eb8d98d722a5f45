//! `PublishTestResults`: what tests of five forms say, as counts and failures of the step.
//!
//! ```text
//! JUnit   testcase, with failure, error or skipped in it
//! NUnit   test-case result="Passed", with failure in it
//! XUnit   test result="Pass", with failure in it
//! VSTest  UnitTestResult outcome="Passed", with ErrorInfo in it
//! CTest   Test Status="passed", with Name in it
//! ```

use super::super::job::Execution;
use super::super::journal::Broken;
use super::super::workspace::Workspace;
use super::copy::source;
use super::halt::{self, Halt};
use super::input::Inputs;
use super::pattern::{Patterns, Points, found_from};
use super::tree::search_here;
use super::{Ending, Own, Told, Unfinished, conclude, xml};
use crate::diagnostic::{shown, shown_path};
use crate::files::Sought;
use crate::store::{StepReport, TestFailure, Tests};
use crate::taint::Text;
use quick_xml::events::{BytesStart, Event};
use std::path::{Path, PathBuf};

/// The most characters of a test's name, or a title, and of why one failed.
const NAME_MAX: usize = 300;
const MESSAGE_MAX: usize = 1_000;

/// How one form is written.
struct Form {
    name: &'static str,
    /// What stands around all.
    roots: &'static [&'static str],
    /// The element of one test.
    test: &'static str,
    /// The attributes for its name, the first that is there.
    names: &'static [&'static str],
    /// The attribute for how it ended; nothing where elements inside say it.
    outcome: &'static [&'static str],
    /// Words for success and failure; all others are skipped.
    passed: &'static [&'static str],
    failed: &'static [&'static str],
    /// An element inside that holds the name.
    name_element: &'static str,
    /// The attribute for what the test belongs to, where its name does not say it.
    owner: Option<&'static str>,
    /// Elements inside whose text or `message` says why it failed.
    messages: &'static [&'static str],
}

const FORMS: [Form; 5] = [
    Form {
        name: "JUnit",
        roots: &["testsuites", "testsuite"],
        test: "testcase",
        names: &["name"],
        outcome: &[],
        passed: &[],
        failed: &[],
        name_element: "",
        owner: Some("classname"),
        messages: &["failure", "error"],
    },
    Form {
        name: "NUnit",
        roots: &["test-run", "test-results"],
        test: "test-case",
        names: &["fullname", "name"],
        outcome: &["result", "success"],
        passed: &["passed", "success", "true", "warning"],
        failed: &["failed", "failure", "error", "false"],
        name_element: "",
        owner: None,
        messages: &["message"],
    },
    Form {
        name: "XUnit",
        roots: &["assemblies", "assembly"],
        test: "test",
        names: &["name"],
        outcome: &["result"],
        passed: &["pass"],
        failed: &["fail"],
        name_element: "",
        owner: None,
        messages: &["message"],
    },
    Form {
        name: "VSTest",
        roots: &["TestRun"],
        test: "UnitTestResult",
        names: &["testName"],
        outcome: &["outcome"],
        passed: &["passed", "warning", "passedbutrunaborted", "completed"],
        failed: &["failed", "error", "timeout", "aborted"],
        name_element: "",
        owner: None,
        messages: &["Message"],
    },
    Form {
        name: "CTest",
        roots: &["Site"],
        test: "Test",
        names: &[],
        outcome: &["Status"],
        passed: &["passed"],
        failed: &["failed"],
        name_element: "Name",
        owner: None,
        messages: &["Value"],
    },
];

/// Which results are looked at.
pub(in super::super) struct Wanted {
    form: &'static Form,
    folder: PathBuf,
    files: Files,
    workspace: Workspace,
    title: Option<String>,
}

/// Which files of a folder.
enum Files {
    Meant(Text),
    Named(Vec<PathBuf>),
}

impl Wanted {
    /// Returns what is wanted: a form by its name, and the files that patterns mean in a folder.
    /// On failure, a sentence.
    pub(super) fn new(form: &str, folder: PathBuf, patterns: &Text, workspace: &Workspace) -> Result<Self, String> {
        let files = Files::Meant(patterns.clone());
        Ok(Self { form: self::form(form)?, folder, files, workspace: workspace.clone(), title: None })
    }

    /// Returns what a command names: files inside of the job's folders, and what is wrong with others.
    fn named(form: &str, files: &[String], workspace: &Workspace) -> Result<(Self, Vec<String>), String> {
        let (mut found, mut problems) = (Vec::new(), Vec::new());
        for file in files {
            match workspace.entry(file) {
                Ok(file) => found.push(file),
                Err(problem) => problems.push(format!("Results can't be read: {problem}.")),
            }
        }
        let (folder, workspace) = (workspace.sources.clone(), workspace.clone());
        Ok((Self { form: self::form(form)?, folder, files: Files::Named(found), workspace, title: None }, problems))
    }

    /// Removes what there is so far, and returns the same.
    pub(super) fn clear(self, halt: &Halt) -> Result<Self, String> {
        let Files::Meant(patterns) = &self.files else { return Ok(self) };
        let patterns = Patterns::new(patterns, &self.folder, Points::Taken)?;
        for path in search_here(&self.folder, halt, |path| patterns.holds(path))? {
            let removed = super::checkout::remove(&self.folder.join(&path));
            removed.map_err(|error| {
                format!("Old results in `{}` can't be removed: {error}.", shown_path(&path.to_string_lossy()))
            })?;
        }
        Ok(self)
    }

    /// Returns the same under a title for people; none where it is empty.
    pub(super) fn titled(self, title: &str) -> Self {
        let title = title.trim().chars().take(NAME_MAX).collect();
        Self { title: Some(title).filter(|title: &String| !title.is_empty()), ..self }
    }
}

fn form(form: &str) -> Result<&'static Form, String> {
    FORMS.iter().find(|known| known.name.eq_ignore_ascii_case(form)).ok_or_else(|| {
        let known = "`JUnit`, `NUnit`, `XUnit`, `VSTest` or `CTest`";
        format!("`testResultsFormat` is {known}, not `{}`.", shown(form))
    })
}

pub(super) async fn run(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    inputs: &Inputs,
    report: &mut StepReport,
) -> Result<Told, Unfinished> {
    let form = inputs.choice("testRunner")?;
    let folder = source(execution.job, &inputs.data("searchFolder"))?;
    let (pattern, below) = (inputs.text("testResultsFiles"), shown_path(&folder.to_string_lossy()));
    let none =
        format!("No file below `{below}` is meant by `{}`: there are no results.", shown_path(&pattern.flatten()));
    let wanted = Wanted::new(&form, folder, pattern, &execution.job.workspace)?.titled(&inputs.data("testRunTitle"));
    let fails_on_missing = inputs.flag("failTaskOnMissingResultsFile")?;
    let fails_on_unreadable = inputs.flag("failTaskOnFailureToPublishResults")?;
    let fails_on_failed = inputs.flag("failTaskOnFailedTests")?;
    let Read { files, tests, mut problems } = halt::work(execution, own, move |halt| read_all(&wanted, halt)).await?;
    if files == 0 && problems.is_empty() {
        problems.push(none);
        if fails_on_missing {
            return Err(problems.remove(0).into());
        }
    } else if fails_on_unreadable && !problems.is_empty() {
        return Err(problems.remove(0).into());
    }
    let has_failed = tests.failed > 0;
    let told = match files {
        // Where nothing was read there are no tests to tell of.
        0 => Told { lines: Vec::new(), warnings: problems },
        _ => told(tests, problems, report),
    };
    if has_failed && fails_on_failed {
        execution.desk.log(Some(own.place), told.lines).await?;
        return Err("There are tests that failed.".to_owned().into());
    }
    Ok(told)
}

/// Looks at the results that a tool has left, whether it has failed or not. That there are none is
/// no more than a remark: not every goal makes some.
pub(in super::super) async fn publish(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    wanted: Wanted,
    report: &mut StepReport,
) -> Result<Ending, Broken> {
    let done = halt::work(execution, own, move |halt| read_all(&wanted, halt)).await.map(|read| match read {
        Read { files: 0, problems, .. } if problems.is_empty() => {
            Told::line("There are no results of tests.".to_owned())
        }
        Read { tests, problems, .. } => told(tests, problems, report),
    });
    conclude(execution, own, done).await
}

/// Looks at the results that a command has handed over.
pub(super) async fn take(
    execution: &mut Execution<'_>,
    own: Own<'_>,
    (form, files, title): (&str, &[String], &str),
    report: &mut StepReport,
) -> Result<Told, Unfinished> {
    let (wanted, mut problems) = Wanted::named(form, files, &execution.job.workspace)?;
    let wanted = wanted.titled(title);
    let read = halt::work(execution, own, move |halt| read_all(&wanted, halt)).await?;
    problems.extend(read.problems);
    Ok(match read.files {
        0 => Told { lines: Vec::new(), warnings: problems },
        _ => told(read.tests, problems, report),
    })
}

fn told(tests: Tests, problems: Vec<String>, report: &mut StepReport) -> Told {
    let mut told = Told { lines: vec![tests.to_string()], warnings: problems };
    let failures = tests.failures.iter();
    told.lines.extend(failures.map(|it| format!("Failed: {}: {}", shown(&it.name), shown(&it.message))));
    match &mut report.tests {
        Some(all) => all.add(tests),
        none => *none = Some(tests),
    }
    told
}

#[derive(Default)]
struct Read {
    files: usize,
    tests: Tests,
    problems: Vec<String>,
}

fn read_all(wanted: &Wanted, halt: &Halt) -> Result<Read, String> {
    let Wanted { form, folder, files, workspace, title } = wanted;
    let mut all = Read::default();
    all.tests.title.clone_from(title);
    let paths = match files {
        Files::Meant(patterns) => found_from(folder, patterns, workspace, halt, Sought::Files)?,
        Files::Named(paths) => paths.clone(),
    };
    for path in paths {
        let mut tests = Tests::default();
        match read(form, &path, &mut tests, halt) {
            Ok(()) => {
                all.files += 1;
                all.tests.add(tests);
            }
            Err(reason) => {
                let path = shown_path(&path.strip_prefix(folder).unwrap_or(workspace.named(&path)).to_string_lossy());
                all.problems.push(format!("The results in `{path}` can't be read: {reason}."));
            }
        }
    }
    Ok(all)
}

/// One test while it is read.
#[derive(Default)]
struct Test {
    name: String,
    outcome: Outcome,
    message: String,
    depth: usize,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    #[default]
    Passed,
    Failed,
    Skipped,
}

fn read(form: &Form, file: &Path, tests: &mut Tests, halt: &Halt) -> Result<(), String> {
    let mut reader = xml::open(file)?;
    let mut buffer = Vec::new();
    let mut open: Option<Test> = None;
    // The element inside of a test whose text is wanted.
    let mut inside = Vec::new();
    let mut depth = 0_usize;
    let mut root: Option<String> = None;
    loop {
        halt.check()?;
        buffer.clear();
        match reader.read_event_into(&mut buffer).map_err(|error| error.to_string())? {
            Event::Start(element) => {
                root.get_or_insert_with(|| element.local_name().as_ref().to_owned());
                depth += 1;
                begin(form, &element, depth, &mut open, &mut inside);
            }
            Event::Empty(element) => {
                root.get_or_insert_with(|| element.local_name().as_ref().to_owned());
                begin(form, &element, depth + 1, &mut open, &mut inside);
                end(depth + 1, &mut open, &mut inside, tests);
            }
            Event::End(_) => {
                end(depth, &mut open, &mut inside, tests);
                depth = depth.saturating_sub(1);
            }
            Event::Text(text) => say(form, &text, &mut open, &inside),
            Event::CData(text) => say(form, &text, &mut open, &inside),
            Event::GeneralRef(reference) => {
                let known = quick_xml::escape::resolve_predefined_entity(&reference).map(str::to_owned);
                let text = known.or_else(|| Some(reference.resolve_char_ref().ok()??.to_string()));
                say(form, &text.unwrap_or_default(), &mut open, &inside);
            }
            Event::Eof if depth > 0 => return Err("it ends too soon".to_owned()),
            Event::Eof => {
                let root = root.ok_or("it is no XML")?;
                let is_empty = tests.passed + tests.failed + tests.skipped == 0;
                return if is_empty && !form.roots.contains(&root.as_str()) { Err(other(form, &root)) } else { Ok(()) };
            }
            _ => {}
        }
    }
}

/// Says what a file is that has none of the tests that were looked for.
fn other(form: &Form, root: &str) -> String {
    let known = FORMS.iter().find(|known| known.roots.contains(&root));
    let known = known.map_or_else(String::new, |known| format!(". Help: `testResultsFormat: {}`", known.name));
    let (name, test) = (form.name, form.test);
    format!("it begins with `<{}>` and has no `<{test}>`, as results of {name} do{known}", shown(root))
}

fn begin(
    form: &Form,
    element: &BytesStart<'_>,
    depth: usize,
    open: &mut Option<Test>,
    inside: &mut Vec<(usize, &'static str)>,
) {
    let name = element.local_name();
    let name = name.as_ref();
    let Some(test) = open else {
        if name == form.test {
            *open = test_of(form, element, depth);
        }
        return;
    };
    if form.outcome.is_empty() {
        match name {
            "failure" | "error" => test.outcome = Outcome::Failed,
            "skipped" => test.outcome = Outcome::Skipped,
            _ => {}
        }
    }
    if name == form.name_element && depth == test.depth + 1 {
        inside.push((depth, form.name_element));
    } else if let Some(message) = form.messages.iter().find(|message| **message == name) {
        match attribute(element, "message").filter(|text| !text.is_empty()) {
            Some(text) if test.message.is_empty() => test.message = text,
            Some(_) => {}
            None => inside.push((depth, message)),
        }
    }
}

/// Returns the test of an element; nothing for an element that only lists a test.
fn test_of(form: &Form, element: &BytesStart<'_>, depth: usize) -> Option<Test> {
    let of = |names: &[&str]| names.iter().find_map(|name| attribute(element, name));
    let outcome = match of(form.outcome).map(|word| word.to_ascii_lowercase()) {
        None if form.outcome.is_empty() => Outcome::Passed,
        // CTest also lists the names of its tests.
        None if form.names.is_empty() => return None,
        Some(word) if form.passed.contains(&word.as_str()) => Outcome::Passed,
        Some(word) if form.failed.contains(&word.as_str()) => Outcome::Failed,
        _ => Outcome::Skipped,
    };
    let name = of(form.names).unwrap_or_default();
    let owner = form.owner.and_then(|owner| attribute(element, owner));
    let name = match owner.filter(|owner| !owner.is_empty() && !name.starts_with(owner.as_str())) {
        Some(owner) => format!("{owner}.{name}"),
        None => name,
    };
    Some(Test { name, outcome, message: String::new(), depth })
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.attributes().flatten().find(|it| it.key.local_name().as_ref() == name)?;
    let text = quick_xml::escape::unescape(&found.value);
    Some(text.map_or_else(|_| found.value.to_string(), std::borrow::Cow::into_owned))
}

fn say(form: &Form, text: &str, open: &mut Option<Test>, inside: &[(usize, &'static str)]) {
    let (Some(test), Some((_, element))) = (open, inside.last()) else { return };
    let (place, most) = match *element == form.name_element {
        true => (&mut test.name, NAME_MAX),
        false => (&mut test.message, MESSAGE_MAX),
    };
    let room = most.saturating_sub(place.chars().count());
    place.extend(text.chars().take(room));
}

fn end(depth: usize, open: &mut Option<Test>, inside: &mut Vec<(usize, &'static str)>, tests: &mut Tests) {
    if inside.last().is_some_and(|(begun, _)| *begun == depth) {
        inside.pop();
    }
    let Some(test) = open.take_if(|test| test.depth == depth) else { return };
    inside.clear();
    match test.outcome {
        Outcome::Passed => tests.passed += 1,
        Outcome::Skipped => tests.skipped += 1,
        Outcome::Failed => tests.fail(TestFailure {
            name: test.name.chars().take(NAME_MAX).collect(),
            message: test.message.trim().chars().take(MESSAGE_MAX).collect(),
        }),
    }
}
