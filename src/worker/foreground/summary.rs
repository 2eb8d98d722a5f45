//! What became of a run in the foreground: its stages, jobs and steps.

use super::{Place, Told};
use crate::pipeline::plan::Plan;
use crate::run::{Board, Progress, RunResult};
use crate::store::StepEvent;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// A run that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// How it ended.
    pub result: RunResult,
    /// Its stages, with the jobs in them and their steps, each in the order of the file.
    pub stages: Vec<Part>,
}

/// A stage, a job or a step that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The name by which it is shown in the log: `job.leg` for a leg, `step2` for a step without one.
    pub name: String,
    /// What people see.
    pub display_name: String,
    /// How it ended. A step that never had its turn was skipped.
    pub result: RunResult,
    /// When it began, if it did.
    pub started_at: Option<Timestamp>,
    /// When it ended, if it had begun.
    pub finished_at: Option<Timestamp>,
    /// What it consists of.
    pub parts: Vec<Part>,
}

/// What is known of each job and step so far.
#[derive(Default)]
pub(super) struct Notes {
    jobs: BTreeMap<Place, Noted>,
}

#[derive(Default)]
struct Noted {
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    steps: BTreeMap<usize, NotedStep>,
}

#[derive(Default)]
struct NotedStep {
    display_name: String,
    result: Option<RunResult>,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
}

impl Notes {
    pub(super) fn started(&mut self, place: Place, at: Timestamp) {
        self.jobs.entry(place).or_default().started_at = Some(at);
    }

    pub(super) fn finished(&mut self, place: Place, at: Timestamp) {
        self.jobs.entry(place).or_default().finished_at = Some(at);
    }

    pub(super) fn told(&mut self, place: Place, told: &Told) {
        let Told::Event(event) = told else { return };
        let job = self.jobs.entry(place).or_default();
        match event {
            StepEvent::Started { step, display_name, at, .. } => {
                let step = job.steps.entry(*step).or_default();
                step.display_name.clone_from(display_name);
                step.started_at.get_or_insert(*at);
            }
            StepEvent::Completed { step, display_name, result, at, .. } => {
                let step = job.steps.entry(*step).or_default();
                step.display_name.clone_from(display_name);
                step.result = Some(*result);
                step.finished_at = step.started_at.map(|_| *at);
            }
            _ => {}
        }
    }

    /// Returns the summary of a plan whose jobs have all ended.
    pub(super) fn summary(&self, plan: &Plan, board: &Board) -> Summary {
        let stages = plan.stages.iter().enumerate().map(|(at, stage)| {
            let places = stage.jobs.iter().enumerate().flat_map(|(job, it)| (0..it.width()).map(move |leg| (job, leg)));
            let jobs: Vec<Part> =
                places.map(|(job, leg)| self.job(plan, board, Place { stage: at, job, leg })).collect();
            Part {
                name: stage.name.clone(),
                display_name: stage.display_name.flatten().into_owned(),
                result: board.stage_result(plan, at).unwrap_or(RunResult::Failed),
                started_at: jobs.iter().filter_map(|job| job.started_at).min(),
                finished_at: jobs.iter().filter_map(|job| job.finished_at).max(),
                parts: jobs,
            }
        });
        let stages = stages.collect();
        // A plan's graph has no circles, so when nothing is due all is completed.
        Summary { result: board.result(plan).unwrap_or(RunResult::Failed), stages }
    }

    fn job(&self, plan: &Plan, board: &Board, place: Place) -> Part {
        let leg = plan.stages[place.stage].jobs[place.job].leg(place.leg);
        let noted = self.jobs.get(&place);
        let result = match board.stages[place.stage][place.job][place.leg].progress {
            Progress::Completed(result) => result,
            Progress::Waiting | Progress::Started => RunResult::Skipped,
        };
        let steps = leg.steps().iter().enumerate().map(|(at, step)| {
            let noted = noted.and_then(|job| job.steps.get(&at));
            let display_name = noted.map(|step| step.display_name.clone());
            Part {
                name: step.name.clone().unwrap_or_else(|| format!("step{}", at + 1)),
                display_name: display_name.unwrap_or_else(|| step.display_name.flatten().into_owned()),
                result: noted.map_or(RunResult::Skipped, |step| step.result.unwrap_or(result)),
                started_at: noted.and_then(|step| step.started_at),
                finished_at: noted.and_then(|step| step.finished_at),
                parts: Vec::new(),
            }
        });
        Part {
            name: leg.full_name(),
            display_name: leg.display_name().flatten().into_owned(),
            result,
            started_at: noted.and_then(|job| job.started_at),
            finished_at: noted.and_then(|job| job.finished_at),
            parts: steps.collect(),
        }
    }
}
