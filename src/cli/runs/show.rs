//! A run as text: its facts, and its stages, jobs and steps as a tree.

use super::super::moment::{exact, took};
use super::super::output::{facts, verdict};
use crate::diagnostic::{is_unprintable, shown};
use crate::pipeline::POOL_DEFAULT;
use crate::pipeline::plan::AGENTLESS_POOL;
use crate::run::{RunResult, State};
use crate::store::{
    Approval, Detail, FileKind, IssueKind, JobDetail, RunDetail, StageDetail, StepDetail, StepReport, Wait, WaitKind,
};
use jiff::Timestamp;

/// Returns the text of `runs show`.
pub(super) fn text(detail: &RunDetail, now: Timestamp) -> String {
    let run = &detail.run;
    let when = |moment: Option<Timestamp>| moment.map_or_else(|| "-".to_owned(), |moment| exact(moment, now));
    let started_by = match (&run.delivery, &run.connection) {
        (Some(delivery), Some(connection)) => format!("{delivery} to {}", shown(connection)),
        _ => "hand".to_owned(),
    };
    let mut all = vec![
        ("run", format!("{}#{}", shown(&run.pipeline), run.number)),
        ("id", run.id.to_string()),
        ("name", shown(&run.name)),
        ("state", state(run.state, run.result)),
        ("started by", started_by),
        ("queued", when(Some(run.queued_at))),
        ("started", when(run.started_at)),
        ("finished", when(run.finished_at)),
    ];
    all.extend(run.started_at.map(|_| ("took", took(run.started_at, run.finished_at, now))));
    all.extend(run.rerun_of.iter().map(|former| ("rerun of", former.to_string())));
    all.extend(run.waits_for.iter().map(|what| ("waits for", shown(what))));
    all.extend(run.reason.iter().map(|reason| ("reason", printable(reason))));
    if !detail.tags.is_empty() {
        all.push(("tags", detail.tags.iter().map(|tag| shown(tag)).collect::<Vec<_>>().join(", ")));
    }
    let artifacts = detail.artifacts.iter();
    all.extend(
        artifacts.map(|it| {
            ("artifact", format!("{} ({}) at {}", shown(&it.name), shown(&it.kind), printable(&it.location)))
        }),
    );
    let mut text = facts(&all);
    for part in &detail.stages {
        text.push('\n');
        stage(part, now, &mut text);
    }
    text
}

fn stage(stage: &StageDetail, now: Timestamp, text: &mut String) {
    let took = took(stage.started_at, stage.finished_at, now);
    line(text, 0, "stage", &stage.display_name, &state(stage.state, stage.result), &took);
    for job in &stage.jobs {
        self::job(job, now, text);
    }
}

fn job(job: &JobDetail, now: Timestamp, text: &mut String) {
    let took = took(job.started_at, job.finished_at, now);
    let mut state = state(job.state, job.result);
    if job.state == State::Queued && ![POOL_DEFAULT, AGENTLESS_POOL].contains(&job.pool.as_str()) {
        state.push_str(&format!(" in the pool {}", shown(&job.pool)));
    }
    if let Some(since) = job.waits_again_since {
        let attempt = job.attempt + 1;
        state.push_str(&format!(", waits for a worker again since {}, attempt {attempt}", exact(since, now)));
    } else if job.attempt > 1 {
        state.push_str(&format!(", attempt {}", job.attempt));
    }
    line(text, 1, "job", &job.display_name, &state, &took);
    if let Some(reason) = &job.reason {
        text.push_str(&format!("    {}\n", printable(reason)));
    }
    for step in &job.steps {
        self::step(step, now, text);
    }
    for output in &job.outputs {
        text.push_str(&format!("    output {} = {}\n", shown(&output.name), shown(&output.value)));
    }
}

fn step(step: &StepDetail, now: Timestamp, text: &mut String) {
    let mut state = state(step.state, step.result);
    if let Some(code) = step.exit_code.filter(|code| *code != 0) {
        state.push_str(&format!(", exit code {code}"));
    }
    if step.attempt > 1 {
        state.push_str(&format!(", attempt {}", step.attempt));
    }
    let report = &step.report;
    for (count, one) in [(report.errors, "error"), (report.warnings, "warning")].into_iter().filter(|it| it.0 > 0) {
        state.push_str(&format!(", {count} {one}{}", if count == 1 { "" } else { "s" }));
    }
    if let (State::Running, Some(progress)) = (step.state, report.progress) {
        let operation =
            report.operation.as_deref().map_or(String::new(), |operation| format!(" ({})", shown(operation)));
        state.push_str(&format!(", {progress} %{operation}"));
    }
    line(text, 2, "step", &step.display_name, &state, &took(step.started_at, step.finished_at, now));
    self::report(report, text);
    if let Some(wait) = &step.wait {
        text.push_str(&waits(wait, step, now));
    }
}

/// Tells what a step waits for, or what was answered.
fn waits(wait: &Wait, step: &StepDetail, now: Timestamp) -> String {
    let mut text = String::new();
    match &wait.answer {
        Some(answer) if wait.kind == WaitKind::Delay => {
            text.push_str(&format!("      waited until {}\n", exact(answer.at, now)));
        }
        Some(answer) => {
            let comment =
                answer.comment.as_ref().map_or_else(String::new, |comment| format!(": {}", printable(comment)));
            let verdict = verdict(answer.verdict.word());
            text.push_str(&format!("      {verdict} by {}, {}{comment}\n", shown(&answer.by), exact(answer.at, now)));
        }
        None if step.state == State::Completed => {}
        None => {
            let (what, then) = match (wait.kind, wait.on_timeout) {
                (WaitKind::Delay, _) => ("waits", "then it goes on"),
                (WaitKind::Approval, Approval::Approved) => ("waits for an approval", "then it goes on"),
                (WaitKind::Approval, Approval::Rejected) => ("waits for an approval", "then it is rejected"),
            };
            let until = wait.until.map_or_else(String::new, |until| format!(" until {until:.0}, {then}"));
            text.push_str(&format!("      {what}{until}\n"));
            text.extend(wait.instructions.lines().map(|line| format!("        {}\n", printable(line))));
        }
    }
    text
}

/// Tells the issues and files of a step, below it.
fn report(report: &StepReport, text: &mut String) {
    for issue in &report.issues {
        let kind = if issue.kind == IssueKind::Error { "error" } else { "warning" };
        text.push_str(&format!("      {kind}: {}\n", printable(&issue.message)));
    }
    if let Some(tests) = &report.tests {
        text.push_str(&format!("      {tests}\n"));
        for failure in &tests.failures {
            text.push_str(&format!("      failed: {}: {}\n", shown(&failure.name), printable(&failure.message)));
        }
    }
    if let Some(coverage) = &report.coverage {
        text.push_str(&format!("      {coverage}\n"));
    }
    let mut details: Vec<&Detail> = report.details.iter().collect();
    details.sort_by_key(|detail| detail.order);
    for Detail { kind, name, state, progress, result, .. } in details {
        let progress = progress.map_or(String::new(), |progress| format!(", {progress} %"));
        let result = result.map_or(String::new(), |result| format!(", {}", verdict(result.word())));
        text.push_str(&format!("      part {} ({}): {}{progress}{result}\n", shown(name), shown(kind), shown(state)));
    }
    for file in &report.files {
        let kind = match file.kind {
            FileKind::Summary => "summary",
            FileKind::Log => "file",
            FileKind::Attachment => "attachment",
        };
        text.push_str(&format!("      {kind}: {} at {}\n", shown(&file.name), printable(&file.path)));
    }
}

/// Returns the whole text on one line, nothing of it obeyed by a terminal.
fn printable(text: &str) -> String {
    let spell = |character: char| match is_unprintable(character) {
        true => character.escape_default().to_string(),
        false => character.to_string(),
    };
    text.chars().map(spell).collect()
}

fn line(text: &mut String, depth: usize, kind: &str, name: &str, state: &str, took: &str) {
    let separator = if took.is_empty() { "" } else { ", " };
    text.push_str(&format!("{:indent$}{kind} {}: {state}{separator}{took}\n", "", shown(name), indent = depth * 2));
}

fn state(state: State, result: Option<RunResult>) -> String {
    verdict(result.map_or(state.word(), RunResult::word))
}
