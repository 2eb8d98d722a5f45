//! One run with its log, and what steers it.

use super::log::Line;
use super::view::{Moment, RunLine, printable};
use super::{page, see};
use crate::run::{RunResult, State};
use crate::server::admin::Fields;
use crate::server::api::{self, AnswerParameters, RerunParameters, flag};
use crate::server::error::Failure;
use crate::server::moment::took;
use crate::server::position::Positions;
use crate::server::{Shared, event};
use crate::store::{
    Approval, Artifact, IssueKind, JobDetail, LogEnd, OutputDetail, RunDetail, StageDetail, StepDetail, Wait, WaitKind,
};
use actix_web::{HttpResponse, web};
use askama::Template;
use jiff::Timestamp;
use serde::Deserialize;

/// How many lines a page has; the page's script fetches those that follow, and the log as text has
/// all. The limit is looked at between pieces of a mebibyte.
const LINES_MAX: usize = 2_000;
/// Who answers by the page.
const BY_PAGE: &str = "page";

#[derive(Template)]
#[template(path = "run.html", config = "src/server/page/askama.toml")]
struct Page {
    word: String,
    run: RunLine,
    delivery: Option<String>,
    rerun_of: Option<String>,
    is_completed: bool,
    has_failed: bool,
    tags: Vec<String>,
    artifacts: Vec<Artifact>,
    stages: Vec<StagePart>,
    /// Where the log goes on.
    after: String,
    is_cut: bool,
}

struct StagePart {
    name: String,
    is_named: bool,
    state: &'static str,
    took: String,
    jobs: Vec<JobPart>,
}

struct JobPart {
    id: String,
    name: String,
    state: &'static str,
    took: String,
    /// Which attempt it is, where it is not the first.
    attempt: String,
    reason: String,
    lines: Vec<Line>,
    steps: Vec<StepPart>,
    outputs: Vec<OutputDetail>,
}

struct StepPart {
    place: usize,
    own_name: String,
    name: String,
    state: &'static str,
    took: String,
    /// What else stands in the line of its name.
    more: String,
    is_open: bool,
    wait: Option<WaitPart>,
    issues: Vec<IssueLine>,
    lines: Vec<Line>,
}

struct WaitPart {
    told: String,
    instructions: String,
    is_pending: bool,
}

struct IssueLine {
    class: &'static str,
    text: String,
}

/// What the page's script leaves out, which has the lines.
#[derive(Debug, Default, Deserialize)]
pub(in crate::server) struct Parameters {
    without_log: Option<String>,
}

/// Shows one run.
pub(in crate::server) async fn show(
    id: web::Path<String>,
    parameters: web::Query<Parameters>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Failure> {
    let run = api::find(&shared, &id).await?;
    let now = shared.state.clock.now();
    let without_log = flag(parameters.into_inner().without_log, "without_log")?;
    let mut log = Log { left: if without_log { 0 } else { LINES_MAX }, ..Log::default() };
    let mut stages = Vec::new();
    for stage in &run.stages {
        let mut jobs = Vec::new();
        for job in &stage.jobs {
            let lines = log.of_job(&shared, &run, job).await?;
            jobs.push(JobPart::new(job, lines, now));
        }
        stages.push(StagePart::new(stage, jobs, now));
    }
    let jobs = run.stages.iter().flat_map(|stage| &stage.jobs);
    page(&Page {
        word: shared.session.word().to_owned(),
        delivery: run.run.delivery.as_ref().map(ToString::to_string),
        rerun_of: run.run.rerun_of.as_ref().map(ToString::to_string),
        is_completed: run.run.state == State::Completed,
        has_failed: jobs.clone().any(|job| matches!(job.result, Some(RunResult::Failed | RunResult::Canceled))),
        tags: run.tags.iter().map(|tag| printable(tag)).collect(),
        artifacts: run.artifacts.iter().map(artifact).collect(),
        run: RunLine::new(&run.run, now),
        stages,
        after: log.positions.text(),
        is_cut: log.is_cut && !without_log,
    })
}

fn artifact(artifact: &Artifact) -> Artifact {
    let (name, kind, location) = (&artifact.name, &artifact.kind, &artifact.location);
    Artifact { name: printable(name), kind: printable(kind), location: printable(location) }
}

/// What is read of the log of a run for a page.
#[derive(Default)]
struct Log {
    left: usize,
    positions: Positions,
    is_cut: bool,
}

impl Log {
    async fn of_job(&mut self, shared: &Shared, run: &RunDetail, job: &JobDetail) -> Result<Vec<Line>, Failure> {
        let (mut lines, mut end) = (Vec::new(), LogEnd::default());
        if job.state == State::Queued {
            return Ok(lines);
        }
        loop {
            if self.left == 0 {
                self.is_cut = true;
                return Ok(lines);
            }
            let read = event::read(shared, run, job, self.positions.offset(job)).await;
            let piece = read.map_err(|error| {
                tracing::error!(%error, job = %job.id, "a log could not be read");
                Failure::Unavailable { retry_after: 1 }
            })?;
            let offset = piece.offset;
            let piece = end.piece(job, piece);
            if piece.is_empty() {
                break;
            }
            self.positions.advance(job, offset);
            self.left = self.left.saturating_sub(piece.len());
            lines.extend(piece.iter().map(Line::new));
        }
        if job.state == State::Completed {
            self.positions.end(job);
        }
        Ok(lines)
    }
}

impl StagePart {
    fn new(stage: &StageDetail, jobs: Vec<JobPart>, now: Timestamp) -> Self {
        Self {
            name: printable(&stage.display_name),
            // The stage around a file that has none is nothing to show.
            is_named: !stage.name.starts_with("__"),
            state: stage.result.map_or(stage.state.word(), RunResult::word),
            took: took(stage.started_at, stage.finished_at, now),
            jobs,
        }
    }
}

impl JobPart {
    fn new(job: &JobDetail, lines: Vec<Line>, now: Timestamp) -> Self {
        let mut of_steps: Vec<Vec<Line>> = vec![Vec::new(); job.steps.len()];
        let mut own = Vec::new();
        for line in lines {
            match line.step.and_then(|step| of_steps.get_mut(step)) {
                Some(lines) => lines.push(line),
                None => own.push(line),
            }
        }
        let steps = job.steps.iter().zip(of_steps).enumerate();
        Self {
            id: job.id.to_string(),
            name: printable(&job.display_name),
            state: job.result.map_or(job.state.word(), RunResult::word),
            took: took(job.started_at, job.finished_at, now),
            attempt: if job.attempt > 1 { format!(", attempt {}", job.attempt) } else { String::new() },
            reason: job.reason.as_deref().map(printable).unwrap_or_default(),
            lines: own,
            steps: steps.map(|(place, (step, lines))| StepPart::new(place, step, lines, now)).collect(),
            outputs: job.outputs.iter().map(output).collect(),
        }
    }
}

fn output(output: &OutputDetail) -> OutputDetail {
    OutputDetail { name: printable(&output.name), value: printable(&output.value) }
}

impl StepPart {
    fn new(place: usize, step: &StepDetail, lines: Vec<Line>, now: Timestamp) -> Self {
        let issue = |issue: &crate::store::Issue| IssueLine {
            class: if issue.kind == IssueKind::Error { "error" } else { "warning" },
            text: printable(&issue.message),
        };
        Self {
            place,
            own_name: step.name.clone(),
            name: printable(&step.display_name),
            state: step.result.map_or(step.state.word(), RunResult::word),
            took: took(step.started_at, step.finished_at, now),
            more: more(step),
            is_open: step.state == State::Running || step.result == Some(RunResult::Failed),
            wait: step.wait.as_ref().map(|wait| WaitPart::new(wait, step, now)),
            issues: step.report.issues.iter().map(issue).collect(),
            lines,
        }
    }
}

/// Returns what else is told of a step in one line.
fn more(step: &StepDetail) -> String {
    let mut more = String::new();
    if let Some(code) = step.exit_code.filter(|code| *code != 0) {
        more.push_str(&format!(", exit code {code}"));
    }
    if step.attempt > 1 {
        more.push_str(&format!(", attempt {}", step.attempt));
    }
    if let (State::Running, Some(progress)) = (step.state, step.report.progress) {
        more.push_str(&format!(", {progress} %"));
    }
    if let Some(tests) = &step.report.tests {
        more.push_str(&format!(", {tests}"));
    }
    more
}

impl WaitPart {
    fn new(wait: &Wait, step: &StepDetail, now: Timestamp) -> Self {
        let is_waiting = wait.answer.is_none() && step.state != State::Completed;
        let until = wait.until.map_or_else(String::new, |until| format!(" until {until:.0}"));
        let told = match (&wait.answer, wait.kind) {
            (Some(answer), WaitKind::Approval) => {
                let comment = answer.comment.as_deref().map_or_else(String::new, |it| format!(": {}", printable(it)));
                let ago = Moment::new(answer.at, now).ago;
                format!("{} by {}, {ago}{comment}", answer.verdict.word(), printable(&answer.by))
            }
            (Some(answer), WaitKind::Delay) => format!("waited until {:.0}", answer.at),
            (None, WaitKind::Approval) if is_waiting => {
                let then = if wait.on_timeout == Approval::Approved { "it goes on" } else { "it is rejected" };
                format!("waits for a person{until}; then {then}")
            }
            (None, WaitKind::Delay) if is_waiting => format!("waits{until}"),
            (None, _) => "nobody answered".to_owned(),
        };
        let is_pending = is_waiting && wait.kind == WaitKind::Approval;
        Self { told, instructions: printable(&wait.instructions), is_pending }
    }
}

/// Returns the log of a run as text, with nothing in it that a browser would show as something else.
pub(in crate::server) async fn raw_log(
    id: web::Path<String>,
    parameters: web::Query<api::NoParameters>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Failure> {
    api::logs(id, parameters, shared).await
}

/// Asks a run to stop.
pub(in crate::server) async fn cancel(
    id: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Failure> {
    let run = api::find(&shared, &id).await?.run.id;
    shared.state.store.cancel(&run).await?;
    Ok(see(&format!("/runs/{run}")))
}

/// Starts a run again and shows the new one.
pub(in crate::server) async fn rerun(
    id: web::Path<String>,
    parameters: web::Query<RerunParameters>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Failure> {
    let former = api::find(&shared, &id).await?.run.id;
    let run = api::queue_again(&shared, &former, parameters.into_inner().scope()?).await?;
    Ok(see(&format!("/runs/{}", run.id)))
}

/// Answers a step that waits for a person.
pub(in crate::server) async fn answer(
    id: web::Path<String>,
    fields: Fields,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Failure> {
    let verdict = fields.get("verdict").and_then(Approval::from_word);
    let verdict = verdict.ok_or_else(|| Failure::Invalid("the answer is approved or rejected".to_owned()))?;
    let said = |name: &str| fields.get(name).map(str::to_owned);
    let parameters = AnswerParameters { job: said("job"), step: said("step"), comment: said("comment") };
    api::answer(&shared, &id, &parameters, (verdict, BY_PAGE)).await?;
    let run = api::find(&shared, &id).await?.run.id;
    Ok(see(&format!("/runs/{run}")))
}
