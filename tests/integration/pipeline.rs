//! Pipelines: what is said about mistakes, and which plan a pipeline becomes.
//!
//! Each `tests/testdata/pipeline/<case>.yml` is expanded with the payload beside it, where there
//! is a `<case>.json`, and validated. What the user would see, and the plan if there is one, stand
//! in `<case>.expected`, rewritten when `UPDATE_EXPECTED` is set; there is a plan too where all that
//! is wrong is that no worker can execute it yet. A comment `#~^^ code` below a
//! line says apart from that which mistake is on the line, its carets under the columns that are
//! meant. A mistake that begins left of the carets' first possible column is marked from there
//! on, and one of several lines is marked on its first.

use pipehook::diagnostic::{Code, Diagnostic, Diagnostics, Place, Report, Severity, SourceMap, Style, render_all};
use pipehook::expression::{Object, Value};
use pipehook::pipeline::{self, ScriptRules, plan::Action, plan::Plan};
use pipehook::taint::{Origin, Text};
use pipehook::template::{self, Group, Inputs, NoFiles, Template};
use pipehook::yaml;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The first column, from 1, at which a caret can stand: behind `#~`.
const FIRST_CARET: usize = 3;

/// A pipeline's diagnostics and its plan.
struct Outcome {
    reports: Vec<Report>,
    plan: Option<Plan>,
    /// The plan, also where a worker could not execute it.
    draft: Option<Plan>,
}

fn outcome(name: &str, text: &str, payload: Option<&str>) -> Outcome {
    let mut sources = SourceMap::default();
    let source = sources.add(format!("{name}.yml"), text);
    let mut diagnostics = Diagnostics::default();
    let document = yaml::parse(text, source, &mut diagnostics);
    let draft = document.map(|document| draft(name, &document, payload, &mut sources, &mut diagnostics));
    let is_meant = |it: &Diagnostic| it.severity != Severity::Error || it.code == Code::Unsupported;
    let draft = draft.filter(|_| diagnostics.iter().all(is_meant));
    let plan = draft.clone().filter(|_| !diagnostics.has_errors());
    Outcome { reports: diagnostics.resolve(&sources), plan, draft }
}

/// Returns the work of a document that is expanded with a payload for each of its aliases.
fn draft(
    name: &str,
    document: &yaml::Node,
    payload: Option<&str>,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Plan {
    let aliases: Vec<String> = pipeline::webhooks(document, diagnostics).into_iter().map(|it| it.alias).collect();
    let template = Template::load(document, &aliases, &NoFiles, pipeline::judge, sources, diagnostics);
    let values = template::bind(template.parameters(), &[], diagnostics);
    let payloads = aliases.iter().map(|alias| (alias.as_str().into(), payload_value(alias, payload)));
    let parameters = values.into_iter().chain(payloads).map(|(name, value)| (Text::author(name), value));
    let parameters = parameters.collect::<Object>();
    let secrets = Group { name: "secrets".into(), values: Vec::new(), secrets: vec!["token".into()] };
    let groups = Arc::new([secrets].into_iter().collect());
    let inputs = Inputs { parameters, webhooks: aliases, groups, ..Inputs::default() };
    let expanded = template.expand(&inputs, diagnostics);
    pipeline::examine(&expanded, name, &ScriptRules::default(), diagnostics)
}

fn payload_value(alias: &str, payload: Option<&str>) -> Value {
    let origin = Origin { alias: alias.into(), path: "".into() };
    payload.map_or(Value::Null, |json| Value::from_json_text(json, &origin).expect("the payload is JSON"))
}

fn cases() -> Vec<PathBuf> {
    let folder = std::fs::read_dir("tests/testdata/pipeline").expect("the cases are there");
    let mut cases: Vec<PathBuf> = folder
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yml"))
        .collect();
    cases.sort();
    cases
}

fn run(case: &Path) -> (String, Outcome) {
    let text = std::fs::read_to_string(case).expect("the case is there");
    let payload = std::fs::read_to_string(case.with_extension("json")).ok();
    let name = case.file_stem().expect("a case has a name").to_string_lossy().into_owned();
    let outcome = outcome(&name, &text, payload.as_deref());
    (text, outcome)
}

#[test]
fn every_case_is_read_as_expected() {
    let mut differences = Vec::new();
    for case in cases() {
        let (text, outcome) = run(&case);
        differences.extend(check_marks(&case, &text, &outcome.reports));
        let mut found = render_all(&outcome.reports, Style::Plain);
        if let Some(plan) = &outcome.draft {
            found.push_str(&serde_json::to_string_pretty(plan).expect("a plan is JSON"));
            found.push('\n');
        }
        let file = case.with_extension("expected");
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            std::fs::write(&file, &found).expect("the expectation is written");
        }
        if found != std::fs::read_to_string(&file).unwrap_or_default() {
            differences.push(format!("{}:\n{found}", file.display()));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn every_code_of_a_pipeline_has_a_case() {
    let found: BTreeSet<Code> = cases().iter().flat_map(|case| run(case).1.reports).map(|report| report.code).collect();
    let wanted = [
        Code::NotAString,
        Code::TaintedStructure,
        Code::TaintedCondition,
        Code::TaintedInScript,
        Code::ExpressionSyntax,
        Code::UnknownName,
        Code::UnknownFunction,
        Code::UnknownKey,
        Code::MissingKey,
        Code::WrongType,
        Code::InvalidValue,
        Code::Unsupported,
        Code::DuplicateName,
        Code::UnknownDependency,
        Code::DependencyCycle,
        Code::MissingParameter,
        Code::FirstKey,
        Code::OldForm,
        Code::NoEffect,
        Code::UnknownOutput,
        Code::UnknownResource,
        Code::UnknownTask,
        Code::UnknownInput,
        Code::MissingInput,
        Code::RunName,
    ];
    for code in wanted {
        assert!(found.contains(&code), "no case reports {code}");
    }
}

/// A line, the first and one past the last column, and a code.
type Mark = (usize, usize, usize, String);

/// Returns a sentence for a case whose mistakes are not where its marks are.
fn check_marks(case: &Path, text: &str, reports: &[Report]) -> Option<String> {
    let mut marked = marks(text);
    let mut found: Vec<Mark> = reports.iter().filter_map(|it| Some(mark(text, it.place.as_ref()?, it.code))).collect();
    marked.sort();
    found.sort();
    let lines = |these: &[Mark], others: &[Mark], what: &str| -> String {
        let these = these.iter().filter(|mark| !others.contains(mark));
        these.map(|(line, start, end, code)| format!("\n  {what} {line}:{start}-{end} {code}")).collect()
    };
    let differences = lines(&marked, &found, "marked, not found:") + &lines(&found, &marked, "found, not marked:");
    (marked != found).then(|| format!("{}:{differences}", case.display()))
}

fn marks(text: &str) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut line = 0;
    for (index, written) in text.lines().enumerate() {
        let indentation = written.chars().take_while(|&it| it == ' ').count();
        let Some(mark) = written.trim_start().strip_prefix("#~") else {
            line = index + 1;
            continue;
        };
        let start = indentation + FIRST_CARET;
        let carets = mark.chars().take_while(|&it| it == '^').count();
        let code = mark.trim_start_matches('^').trim().to_owned();
        marks.push((line, start, start + carets, code));
    }
    marks
}

fn mark(text: &str, place: &Place, code: Code) -> Mark {
    let line_end = || text.lines().nth(place.line - 1).unwrap_or_default().chars().count() + 1;
    let end = if place.end_line == place.line { place.end_column } else { line_end() };
    let start = place.column.max(FIRST_CARET).min(end.max(FIRST_CARET));
    (place.line, start, end.max(start), code.to_string())
}

#[test]
fn a_payload_changes_no_script() {
    let text = "resources:\n  webhooks:\n  - webhook: hook\n    connection: c\n\
                steps:\n- script: echo ${{ parameters.hook.x }} '$(y)'\n";
    let scripts = |payload: &str| {
        let plan = outcome("p", text, Some(payload)).plan.expect("it is valid");
        let Action::Script(script) = &plan.stages[0].jobs[0].steps[0].action else { unreachable!("it is a script") };
        let author = script.text.segments().iter().filter(|it| !it.is_tainted());
        author.map(|segment| segment.text.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(scripts(r#"{"x": "a"}"#), scripts(r#"{"x": "$(reboot) '; ##vso["}"#));
}

#[test]
fn planning_is_deterministic() {
    for case in cases() {
        let (first, second) = (run(&case).1.plan, run(&case).1.plan);
        assert_eq!(first, second, "{}", case.display());
    }
}

#[test]
fn a_plan_survives_being_stored() {
    for plan in cases().iter().filter_map(|case| run(case).1.draft) {
        let stored = serde_json::to_string(&plan).expect("a plan is JSON");
        let read: Plan = serde_json::from_str(&stored).expect("what was stored can be read");
        assert_eq!(read, plan);
    }
}

#[test]
fn too_many_stages_jobs_or_steps_are_refused() {
    let steps = |count: usize| format!("steps:\n{}", "- script: x\n".repeat(count));
    let jobs = |count: usize| format!("jobs:\n{}", "- job:\n".repeat(count));
    let stages = |count: usize| format!("stages:\n{}", "- stage:\n  jobs: [{job: }]\n".repeat(count));
    for (text, is_allowed) in [
        (steps(500), true),
        (steps(501), false),
        (jobs(256), true),
        (jobs(257), false),
        (stages(256), true),
        (stages(257), false),
    ] {
        let outcome = outcome("many", &text, None);
        assert_eq!(outcome.plan.is_some(), is_allowed, "{:?}", outcome.reports.first());
        let codes: Vec<Code> = outcome.reports.iter().map(|report| report.code).collect();
        assert_eq!(codes, if is_allowed { vec![] } else { vec![Code::ExpansionLimit] });
    }
}

#[test]
fn a_long_chain_of_dependencies_is_no_circle_and_a_closed_one_is() {
    let job = |at: usize, on: usize| format!("- job: j{at}\n  dependsOn: j{on}\n");
    let chain: String = (1..256).map(|at| job(at, at - 1)).collect();
    assert!(outcome("chain", &format!("jobs:\n- job: j0\n{chain}"), None).plan.is_some());
    let closed = outcome("closed", &format!("jobs:\n{}{chain}", job(0, 255)), None);
    assert_eq!(closed.reports.iter().map(|report| report.code).collect::<Vec<_>>(), [Code::DependencyCycle]);
}

#[test]
fn a_mark_at_the_beginning_and_other_line_ends_change_nothing() {
    let text =
        "jobs:\n- job: a\n  dependsOn: b\n  steps:\n  - script: |\n      one\n      two\n- job: b\n  dispalyName: x\n";
    let places = |text: &str| {
        let reports = outcome("lines", text, None).reports;
        reports.iter().map(|it| it.place.as_ref().map(|place| (place.line, place.column))).collect::<Vec<_>>()
    };
    let other = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    assert_eq!(places(text), [Some((9, 3))]);
    assert_eq!(places(&other), places(text));
}

proptest! {
    #[test]
    fn any_text_of_the_language_is_told_about_or_planned(lines in proptest::collection::vec(line(), 1..25)) {
        let text = lines.concat();
        let outcome = outcome("any", &text, Some("{}"));
        prop_assert!(outcome.plan.is_some() || !outcome.reports.is_empty(), "{text}");
    }
}

/// Returns lines that are often right, and wrong in many ways together.
fn line() -> impl Strategy<Value = String> {
    let key = proptest::sample::select(vec![
        "stages",
        "stage",
        "jobs",
        "job",
        "deployment",
        "steps",
        "script",
        "bash",
        "pwsh",
        "task",
        "checkout",
        "download",
        "publish",
        "strategy",
        "matrix",
        "parallel",
        "runOnce",
        "deploy",
        "on",
        "pool",
        "container",
        "services",
        "variables",
        "name",
        "value",
        "group",
        "dependsOn",
        "condition",
        "env",
        "inputs",
        "target",
        "resources",
        "repositories",
        "repository",
        "containers",
        "trigger",
        "schedules",
        "cron",
        "timeoutInMinutes",
        "continueOnError",
        "environment",
        "workspace",
        "uses",
        "demands",
        "concurrency",
        "limit",
        "x",
    ]);
    let value = proptest::sample::select(vec![
        "",
        "A",
        "B",
        "true",
        "5",
        "-1",
        "[]",
        "{}",
        "[A, B]",
        "{a: b}",
        "$(x)",
        "$[ variables.x ]",
        "$[",
        "$[]",
        "succeeded('A')",
        "eq(dependencies.A.outputs['s.x'], 1)",
        "CmdLine@2",
        "Bash@3",
        "none",
        "self",
        "'a: b'",
        "${{ parameters.x }}",
        "é\u{1F600}",
        "\"\"",
        "$[ stageDependencies.A.B.outputs['s.x'] ]",
    ]);
    (0..4_usize, any::<bool>(), key, value).prop_map(|(depth, is_item, key, value)| {
        let dash = if is_item { "- " } else { "" };
        format!("{}{dash}{key}: {value}\n", "  ".repeat(depth))
    })
}

#[test]
fn mistakes_everywhere_are_reported_at_once() {
    let (_, outcome) = run(Path::new("tests/testdata/pipeline/unknown-keys.yml"));
    assert!(outcome.plan.is_none());
    assert!(outcome.reports.len() >= 6, "{}", outcome.reports.len());
}
