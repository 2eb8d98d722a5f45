//! Pipelines: run by the program, with real shells.

use super::{End, forbidden, payload};
use crate::support::{Folder, Output};
use serde_json::Value;
use std::time::{Duration, Instant};

/// What every pipeline listens to.
const WEBHOOKS: &str = "  webhooks:\n  - webhook: WebHook\n    connection: hook\n";

/// Pipelines that are written for another program: what stands there, and what means the same here.
///
/// Anchors are refused in every file, so that YM-007 is run without its own: what its payload names
/// is no alias. The names that EN-013 means begin otherwise here.
const HERE: &[(&str, &str, &str)] = &[("YM-007", "x: &anchor secret\n", ""), ("EN-013", "WHP_0", "PIPEHOOK_0")];

pub fn end(case: &Value) -> End {
    let id = case["id"].as_str().expect("an id");
    let yaml = case["pipeline_yaml"].as_str().expect("a pipeline");
    let mut here = yaml.to_owned();
    for (_, there, instead) in HERE.iter().filter(|(known, ..)| *known == id) {
        assert!(here.contains(there), "{id} has {there}");
        here = here.replace(there, instead);
    }
    let yaml = here.as_str();
    let made;
    let yaml = match yaml.split_once("...(104857600)") {
        Some((before, after)) => {
            made = format!("{before}{}{after}", "x".repeat(104_857_600));
            &made
        }
        None => yaml,
    };
    let folder = Folder::new("environment: [SECRET]\nconnections: {hook: {secret: {value: s}}}\n");
    let canary = folder.path().join("canary").display().to_string();
    let pipeline = match yaml.strip_prefix("resources:\n") {
        Some(rest) => format!("resources:\n{WEBHOOKS}{rest}"),
        None => format!("resources:\n{WEBHOOKS}{yaml}"),
    };
    folder.write("pipelines/attack.yml", &pipeline.replace("$CANARY", &canary));
    folder.write("payload.json", &payload(case, &canary));
    let begun = Instant::now();
    let output = run(&folder);
    if case["surface"] == "dos" {
        let seconds = case["must_not"]["seconds_over"].as_u64().unwrap_or(2);
        return match begun.elapsed() < Duration::from_secs(seconds) {
            true => End::Passed,
            false => End::Fault(format!("it took {:?}", begun.elapsed())),
        };
    }
    if std::path::Path::new(&canary).exists() {
        return End::Fault(format!("the payload ran: {output:?}"));
    }
    if let Some(text) = forbidden(case).into_iter().find(|text| output.stdout.contains(*text)) {
        return End::Fault(format!("it printed {text}: {output:?}"));
    }
    let is_unsupported = output.stderr.contains("[unsupported]");
    let has_started = output.stdout.contains("Starting:");
    match case["expect"].as_str() {
        _ if is_unsupported => End::NotRun("the pipeline has what this version has not".to_owned()),
        Some("rejected") if output.code == Some(1) && !has_started => End::Passed,
        Some("rejected") => End::Fault(format!("it ran: {output:?}")),
        Some("literal") if !has_started => {
            End::RefusedInstead(output.stderr.lines().next().unwrap_or_default().to_owned())
        }
        Some("literal") => literal(case, &output, &canary),
        Some("neutralised") => neutralised(case, &output),
        other => End::NotRun(format!("{other:?} is not known")),
    }
}

fn run(folder: &Folder) -> Output {
    let arguments = ["run", "pipelines/attack.yml", "--payload", "payload.json", "--raw"];
    let output = folder.command(&arguments).env("SECRET", "S3CR3T-VALUE").output().expect("the program ends");
    Output {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The run succeeded, printed what the case says, and obeyed nothing that the payload said.
fn literal(case: &Value, output: &Output, canary: &str) -> End {
    if output.code != Some(0) {
        return End::Fault(format!("it failed: {output:?}"));
    }
    let sets_variable = case["must_not"]["variable_set"].is_string();
    if sets_variable && output.stdout.contains("EVIL=[") && !output.stdout.contains("EVIL=[]") {
        return End::Fault(format!("the payload set a variable: {output:?}"));
    }
    match case["expect_stdout"].as_str().map(|wanted| wanted.replace("$CANARY", canary)) {
        Some(wanted) if !output.stdout.contains(wanted.trim_end()) => {
            End::Fault(format!("it printed {:?} instead of {wanted:?}", output.stdout))
        }
        _ => End::Passed,
    }
}

/// No control character reaches a terminal, and no line looks like one of our own.
fn neutralised(case: &Value, output: &Output) -> End {
    let is_control = |character: char| character.is_control() && !matches!(character, '\n' | '\t');
    if case["must_not"]["cli_raw_control"] == true && output.stdout.chars().any(is_control) {
        return End::Fault(format!("a control character was printed: {:?}", output.stdout));
    }
    if case["must_not"]["section_forged"] == true
        && output.stdout.lines().any(|line| line == "##[section]Finishing: deploy")
    {
        return End::Fault("a section was forged".to_owned());
    }
    End::Passed
}
