//! A run as people see it, put together from its plan and what a store has of its jobs.

use super::model::{ABANDONED, LAST_WORD, LAST_WORD_SO_FAR, NOT_AGAIN};
use super::{Artifact, JobDetail, OutputDetail, Run, RunDetail, StageDetail, StepDetail, StepReport, Wait};
use crate::files::{LogLine, LogPiece};
use crate::id::JobId;
use crate::pipeline::plan::{Job, Plan, Stage, Step};
use crate::run::{Board, Output, Progress, RunResult, Standing, State};
use jiff::Timestamp;
use std::borrow::Cow;
use std::collections::HashMap;

impl JobDetail {
    /// Returns the last line of the log of a job that was abandoned, or ended while it waited to begin again, where it is
    /// not the last one already.
    ///
    /// Nobody is left who could write it. Who ends the lease could do so only before the job has ended or after it, and may
    /// be lost in between: so the line is in no file, and whoever reads a log to its end adds it, by [`LogEnd`]. Earlier
    /// versions have written it. (What a job has to say that begins again is the first line of the next attempt.)
    ///
    /// `may_lack` says whether lines may be missing that only the lost worker has (see
    /// [`LogReader::may_lack`](crate::files::LogReader::may_lack)): then it does not say that the log ends there. It does
    /// once the worker was there again and has sent all, with the plain word behind that.
    pub fn last_word(&self, last: Option<&LogLine>, may_lack: bool) -> Option<LogLine> {
        let (word, so_far) = match self.reason.as_deref() {
            Some(ABANDONED) => (LAST_WORD, LAST_WORD_SO_FAR),
            _ => self.ended_without_worker.then_some((NOT_AGAIN, NOT_AGAIN))?,
        };
        let is_there = last.is_some_and(|last| last.step.is_none() && [word, so_far].contains(&last.text.as_str()));
        let at = self.finished_at.filter(|_| !is_there)?;
        Some(LogLine { at, step: None, text: if may_lack { so_far } else { word }.to_owned() })
    }
}

/// The end of one job's log, as it is shown by all who show it: they give this each piece that they have read.
#[derive(Debug, Default)]
pub struct LogEnd {
    last: Option<LogLine>,
}

impl LogEnd {
    /// Returns a piece of the log as it is shown. An empty one says that nothing more is there: it has the job's
    /// [`last_word`](JobDetail::last_word), once.
    pub fn piece(&mut self, job: &JobDetail, LogPiece { mut lines, may_lack, .. }: LogPiece) -> Vec<LogLine> {
        if lines.is_empty() {
            lines.extend(job.last_word(self.last.as_ref(), may_lack));
        }
        if let Some(last) = lines.last() {
            self.last = Some(last.clone());
        }
        lines
    }
}

/// What a store has of one leg of a job.
pub(super) struct JobRow {
    pub(super) id: JobId,
    pub(super) stage: usize,
    pub(super) job: usize,
    pub(super) leg: usize,
    pub(super) state: State,
    pub(super) result: Option<RunResult>,
    pub(super) reason: Option<String>,
    pub(super) attempt: u32,
    /// Since when it is to be done again.
    pub(super) again_at: Option<Timestamp>,
    pub(super) started_at: Option<Timestamp>,
    pub(super) finished_at: Option<Timestamp>,
    pub(super) steps: Vec<StepRow>,
    /// What its steps have told, by their places.
    pub(super) reports: HashMap<usize, StepReport>,
    /// What its steps wait for, by their places.
    pub(super) waits: HashMap<usize, Wait>,
}

/// What a store has of a step, from its start on.
pub(super) struct StepRow {
    pub(super) at: usize,
    pub(super) display_name: String,
    pub(super) state: State,
    pub(super) result: Option<RunResult>,
    pub(super) exit_code: Option<i32>,
    pub(super) attempt: u32,
    pub(super) started_at: Option<Timestamp>,
    pub(super) finished_at: Option<Timestamp>,
}

/// Returns how far a job is, in the words of runs, by its own.
pub(super) fn job_state(word: &str) -> State {
    match word {
        "leased" => State::Running,
        "completed" => State::Completed,
        _ => State::Queued,
    }
}

/// Returns a run with all its parts. `board` has the outputs; how far jobs are is read from the rows.
pub(super) fn run_detail(
    run: Run,
    plan: &Plan,
    mut board: Board,
    mut jobs: Vec<JobRow>,
    (tags, artifacts): (Vec<String>, Vec<Artifact>),
) -> RunDetail {
    for row in &jobs {
        if let (Some(standing), Some(result)) = (board.leg_mut(row.stage, row.job, row.leg), row.result) {
            standing.progress = Progress::Completed(result);
        }
    }
    let stages = plan.stages.iter().enumerate().map(|(at, stage)| {
        let own = jobs.extract_if(.., |row| row.stage == at).collect();
        stage_detail(plan, &board, at, stage, own)
    });
    RunDetail { stages: stages.collect(), tags, artifacts, run }
}

fn stage_detail(plan: &Plan, board: &Board, at: usize, stage: &Stage, own: Vec<JobRow>) -> StageDetail {
    let result = board.stage_result(plan, at);
    let started = own.iter().any(|row| row.state == State::Running || row.started_at.is_some());
    let started_at = own.iter().filter_map(|row| row.started_at).min();
    let finished_at = result.and_then(|_| own.iter().filter_map(|row| row.finished_at).max());
    let jobs = own.into_iter().filter_map(|row| {
        let standing = board.stages[at].get(row.job)?.get(row.leg)?;
        let job = stage.jobs.get(row.job)?;
        Some(job_detail(row, job, standing))
    });
    StageDetail {
        name: stage.name.clone(),
        display_name: stage.display_name.flatten().into_owned(),
        state: match result {
            Some(_) => State::Completed,
            None if started => State::Running,
            None => State::Queued,
        },
        result,
        started_at,
        finished_at,
        jobs: jobs.collect(),
    }
}

fn job_detail(mut row: JobRow, job: &Job, standing: &Standing) -> JobDetail {
    let leg = job.leg(row.leg);
    let mut steps: Vec<StepDetail> = leg.steps().iter().enumerate().map(|(at, step)| waiting_step(at, step)).collect();
    for known in row.steps {
        let Some(step) = steps.get_mut(known.at) else { continue };
        step.display_name = known.display_name;
        step.state = known.state;
        step.result = known.result;
        step.exit_code = known.exit_code;
        step.attempt = known.attempt;
        step.started_at = known.started_at;
        step.finished_at = known.finished_at;
    }
    for (at, step) in steps.iter_mut().enumerate() {
        step.report = row.reports.remove(&at).unwrap_or_default();
        step.wait = row.waits.remove(&at);
        if let Some(result) = row.result {
            close(step, result);
        }
    }
    JobDetail {
        id: row.id,
        name: job.name.clone(),
        leg: leg.name().map(Cow::into_owned),
        display_name: leg.display_name().flatten().into_owned(),
        pool: leg.pool().to_owned(),
        state: row.state,
        result: row.result,
        reason: row.reason,
        attempt: row.attempt,
        waits_again_since: row.again_at.filter(|_| row.state == State::Queued),
        ended_without_worker: row.again_at.is_some() && row.state == State::Completed,
        started_at: row.started_at,
        finished_at: row.finished_at,
        outputs: shown(&standing.outputs),
        steps,
    }
}

fn waiting_step(at: usize, step: &Step) -> StepDetail {
    StepDetail {
        name: step.name.clone().unwrap_or_else(|| format!("step{}", at + 1)),
        display_name: step.display_name.flatten().into_owned(),
        state: State::Queued,
        result: None,
        exit_code: None,
        attempt: 0,
        started_at: None,
        finished_at: None,
        report: StepReport::default(),
        wait: None,
    }
}

/// A step that never came to its turn in a completed job was skipped or canceled with it.
fn close(step: &mut StepDetail, job: RunResult) {
    if step.state == State::Queued {
        step.state = State::Completed;
        step.result = Some(if job == RunResult::Canceled { RunResult::Canceled } else { RunResult::Skipped });
    }
}

/// Returns outputs as people see them.
fn shown(outputs: &[Output]) -> Vec<OutputDetail> {
    let shown =
        |output: &Output| OutputDetail { name: output.name.clone(), value: output.value.flatten().into_owned() };
    outputs.iter().map(shown).collect()
}
