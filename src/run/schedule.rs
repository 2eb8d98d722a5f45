//! What follows from what: which jobs of a run are due now, which are skipped, how it all ended.
//!
//! The rules are those of the reference, sections 5.2 to 5.5. A stage or job is decided when all
//! that it depends on is completed: its condition then says whether it runs or is skipped. A
//! skipped dependency makes the default condition false, so skipping goes on down the graph. What
//! begins are the legs of a job; it has ended when all of them have.
//! Nothing here waits or remembers: the board goes in, the changes come out.

use super::condition::{self, Conclusion, Surroundings};
use super::output::{self, Output};
use super::runtime::{self, Asker, Sources};
use super::state::RunResult;
use super::{late, leg};
use crate::expression::Value;
use crate::pipeline::plan::{JOBS_OF_RUN_MAX, Job, Plan, Settled, Stage, Variable};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Why the jobs of a run are canceled that was asked to stop before any of them had started, where it was a person who
/// asked. No board decides about such a run: all of it that is not completed is canceled, whatever the conditions say,
/// and so is the run (reference, section 5.5).
pub const CANCELED_UNSTARTED: &str = "the run was canceled before it had started";

/// How far one leg of a job is, as far as others care.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Progress {
    /// Not decided yet.
    #[default]
    Waiting,
    /// A worker may take it, or has taken it.
    Started,
    /// Ended.
    Completed(RunResult),
}

/// How far one leg of a job is, and what it has handed on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// How far it is.
    pub progress: Progress,
    /// What its steps have handed on.
    pub outputs: Vec<Output>,
}

/// How far every job of a run is. The default one knows of no job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Board {
    /// For each stage of the plan and each of its jobs, the legs.
    pub stages: Vec<Vec<Vec<Standing>>>,
    /// The stages that had begun when the run was asked to stop, if it was. What a stage is asked after that is
    /// about the run; what its jobs are asked is about the stage, and one that begins later is not canceled
    /// (the documents of the pipeline language on conditions, "Condition outcomes when a build is canceled").
    pub canceled: Option<BTreeSet<usize>>,
    /// When the run was queued: `pipeline.startTime` of conditions. `None` where nothing is decided.
    pub queued_at: Option<Timestamp>,
}

/// A decision about one leg of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The stage's place in the plan.
    pub stage: usize,
    /// The job's place in the stage.
    pub job: usize,
    /// The leg's place in the job.
    pub leg: usize,
    /// What was decided.
    pub decision: Decision,
}

/// What was decided about a leg.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// A worker may take it.
    Due,
    /// It has stood for all legs of its job, and what was open about that is known now. It is the
    /// first of the legs, and none of them is decided yet. The plan has the values already.
    Settled(Box<Settled>),
    /// It ended without a worker.
    Completed {
        /// How.
        result: RunResult,
        /// Why, for people.
        reason: String,
    },
}

impl Board {
    /// Returns the board of a run of which nothing is decided.
    pub fn new(plan: &Plan) -> Self {
        let job = |job: &Job| vec![Standing::default(); job.width()];
        let stages = plan.stages.iter().map(|stage| stage.jobs.iter().map(job).collect()).collect();
        Self { stages, canceled: None, queued_at: None }
    }

    /// Returns how far a leg is, and what it has handed on, where there is one.
    pub fn leg_mut(&mut self, stage: usize, job: usize, leg: usize) -> Option<&mut Standing> {
        self.stages.get_mut(stage)?.get_mut(job)?.get_mut(leg)
    }

    /// Asks the run to stop, for the first time or once more.
    pub fn cancel(&mut self) {
        let has_begun = |at: &usize| self.stages[*at].iter().flatten().any(|it| it.progress != Progress::Waiting);
        let begun: Vec<usize> = (0..self.stages.len()).filter(has_begun).collect();
        self.canceled.get_or_insert_default().extend(begun);
    }

    /// Says whether a stage had begun when the run was asked to stop.
    fn is_canceled(&self, stage: usize) -> bool {
        self.canceled.as_ref().is_some_and(|begun| begun.contains(&stage))
    }

    fn all(&self) -> impl Iterator<Item = Progress> {
        self.stages.iter().flatten().flatten().map(|standing| standing.progress)
    }

    /// Decides all that can be decided now, writes it on the board, and returns it in order. Legs that
    /// become known are put into the plan.
    pub fn advance(&mut self, plan: &mut Plan) -> Vec<Change> {
        let mut changes = Vec::new();
        loop {
            let before = changes.len();
            for stage in 0..plan.stages.len() {
                self.advance_stage(plan, stage, &mut changes);
            }
            if changes.len() == before {
                break;
            }
        }
        if !self.all().any(|progress| progress == Progress::Started) {
            // A checked plan has no circle; one that has would wait for itself for ever.
            self.complete_waiting(RunResult::Failed, "it depends on itself", &mut changes);
        }
        changes
    }

    /// Says whether a leg that has started, and whose worker was lost, would begin again if it were decided
    /// anew: in a run that was asked to stop only what its conditions want all the same does.
    pub fn begins_again(&self, plan: &Plan, stage: usize, job: usize, leg: usize) -> bool {
        let (mut plan, mut anew) = (plan.clone(), self.clone());
        let Some(standing) = anew.leg_mut(stage, job, leg) else { return false };
        standing.progress = Progress::Waiting;
        anew.advance(&mut plan);
        !matches!(anew.stages[stage][job][leg].progress, Progress::Completed(_))
    }

    /// Cancels the jobs of a stage that are not decided yet. What follows from that is for
    /// [`Self::advance`] to say.
    pub fn cancel_stage(&mut self, stage: usize, reason: &str) -> Vec<Change> {
        let mut changes = Vec::new();
        self.complete_stage(stage, RunResult::Canceled, reason, &mut changes);
        changes
    }

    /// Returns how many legs all jobs have, as far as they are known.
    pub fn legs(&self) -> usize {
        self.all().count()
    }

    fn complete_waiting(&mut self, result: RunResult, reason: &str, changes: &mut Vec<Change>) {
        for stage in 0..self.stages.len() {
            self.complete_stage(stage, result, reason, changes);
        }
    }

    /// Returns how a stage ended, once all its jobs have: the worst of them; skipped only if all
    /// were (reference, section 5.4).
    pub fn stage_result(&self, plan: &Plan, stage: usize) -> Option<RunResult> {
        worst((0..plan.stages[stage].jobs.len()).map(|job| self.job_result(plan, stage, job)))
    }

    /// Returns how a job ended as its followers see it, once all its legs have: the worst of them.
    fn job_result(&self, plan: &Plan, stage: usize, job: usize) -> Option<RunResult> {
        let legs = worst(self.stages[stage][job].iter().map(|standing| match standing.progress {
            Progress::Completed(result) => Some(result),
            Progress::Waiting | Progress::Started => None,
        }))?;
        let is_tolerated = legs == RunResult::Failed && plan.stages[stage].jobs[job].continue_on_error;
        Some(if is_tolerated { RunResult::SucceededWithIssues } else { legs })
    }

    /// Returns how the run ended, once all its stages have. A run that was asked to stop is
    /// canceled, unless nothing of it was left out.
    pub fn result(&self, plan: &Plan) -> Option<RunResult> {
        let result = worst((0..plan.stages.len()).map(|stage| self.stage_result(plan, stage)))?;
        let is_left_out = |progress| matches!(progress, Progress::Completed(RunResult::Skipped | RunResult::Canceled));
        let stopped = self.canceled.is_some() && self.all().any(is_left_out);
        Some(if stopped { RunResult::Canceled } else { result })
    }

    fn advance_stage(&mut self, plan: &mut Plan, stage: usize, changes: &mut Vec<Change>) {
        let mut legs = self.stages[stage].iter().flatten().map(|standing| standing.progress == Progress::Waiting);
        if !legs.clone().any(|is_waiting| is_waiting) {
            return;
        }
        // What was due when the run was asked to stop is decided again; its stage had begun.
        let untouched = legs.all(|is_waiting| is_waiting) && !self.is_canceled(stage);
        let may_run = match untouched {
            true => match self.stage_condition(plan, stage) {
                None => return,
                Some(conclusion) => conclusion,
            },
            false => Conclusion::Holds,
        };
        match may_run {
            Conclusion::Holds => self.advance_jobs(plan, stage, changes),
            Conclusion::DoesNotHold(reason) => {
                let reason = format!("its stage was skipped: {reason}");
                self.complete_stage(stage, RunResult::Skipped, &reason, changes);
            }
            Conclusion::Fails(mistake) => {
                let reason = format!("the condition of the stage could not be evaluated: {mistake}");
                self.complete_stage(stage, RunResult::Failed, &reason, changes);
            }
        }
    }

    fn advance_jobs(&mut self, plan: &mut Plan, stage: usize, changes: &mut Vec<Change>) {
        for job in 0..self.stages[stage].len() {
            let legs: Vec<Progress> = self.stages[stage][job].iter().map(|standing| standing.progress).collect();
            if !legs.contains(&Progress::Waiting) {
                continue;
            }
            let Some(mut conclusion) = self.job_condition(plan, stage, job) else { continue };
            if let Conclusion::Fails(mistake) = &mut conclusion {
                mistake.insert_str(0, "its condition could not be evaluated: ");
            }
            if conclusion == Conclusion::Holds && plan.stages[stage].jobs[job].has_late_values() {
                match self.settle(plan, stage, job) {
                    Ok(change) => {
                        changes.push(change);
                        continue;
                    }
                    Err(mistake) => conclusion = Conclusion::Fails(mistake),
                }
            }
            for (leg, decision) in leg::decide(&plan.stages[stage].jobs[job], &conclusion, &legs) {
                self.decide(Change { stage, job, leg, decision }, changes);
            }
        }
    }

    /// Finds out what is still open about a job that may run: its legs and its limits.
    fn settle(&mut self, plan: &mut Plan, stage: usize, job: usize) -> Result<Change, String> {
        let sources = Sources { contexts: self.contexts(plan, stage, job), counter: None };
        let settled = late::settled(plan, stage, job, &sources)?;
        plan.settle(stage, job, settled.clone());
        let width = plan.stages[stage].jobs[job].width();
        if self.all().count() + width > JOBS_OF_RUN_MAX {
            return Err(format!("the run would have more than {JOBS_OF_RUN_MAX} jobs"));
        }
        self.stages[stage][job].resize_with(width, Standing::default);
        Ok(Change { stage, job, leg: 0, decision: Decision::Settled(Box::new(settled)) })
    }

    /// Completes the legs of a stage that are not decided yet.
    fn complete_stage(&mut self, stage: usize, result: RunResult, reason: &str, changes: &mut Vec<Change>) {
        for job in 0..self.stages[stage].len() {
            for leg in 0..self.stages[stage][job].len() {
                if self.stages[stage][job][leg].progress != Progress::Waiting {
                    continue;
                }
                let decision = Decision::Completed { result, reason: reason.to_owned() };
                self.decide(Change { stage, job, leg, decision }, changes);
            }
        }
    }

    fn decide(&mut self, change: Change, changes: &mut Vec<Change>) {
        self.stages[change.stage][change.job][change.leg].progress = match &change.decision {
            Decision::Due => Progress::Started,
            Decision::Settled(_) => Progress::Waiting,
            Decision::Completed { result, .. } => Progress::Completed(*result),
        };
        changes.push(change);
    }

    /// Returns what a stage's condition says, or nothing while it waits for others.
    fn stage_condition(&self, plan: &Plan, stage: usize) -> Option<Conclusion> {
        let names: Vec<&str> = plan.stages.iter().map(|stage| stage.name.as_str()).collect();
        let depends_on = |at: usize| plan.stages[at].depends_on.as_slice();
        let ended = |at: usize| Some((self.stage_result(plan, at)?, self.stage_outputs(plan, at)));
        let dependencies = dependencies(&names, &depends_on, stage, ended)?;
        let stages = self.stages_before(plan, stage);
        let canceled = self.canceled.is_some();
        let surroundings = Surroundings { dependencies, stages, canceled, queued_at: self.queued_at };
        let condition = plan.stages[stage].condition.as_deref();
        Some(condition::evaluate(condition, &surroundings, |contexts| variables(plan, Asker::Stage(stage), contexts)))
    }

    /// Returns what a job's condition says, or nothing while it waits for others.
    fn job_condition(&self, plan: &Plan, stage: usize, job: usize) -> Option<Conclusion> {
        let surroundings = self.surroundings(plan, stage, job)?;
        let condition = plan.stages[stage].jobs[job].condition.as_deref();
        Some(condition::evaluate(condition, &surroundings, |contexts| {
            variables(plan, Asker::Job(stage, job), contexts)
        }))
    }

    /// Returns what a job sees in its variables: the contexts `dependencies`, `stageDependencies` and, where it is
    /// known, `pipeline`. They are empty while it waits for others.
    pub fn contexts(&self, plan: &Plan, stage: usize, job: usize) -> Vec<(&'static str, Value)> {
        self.surroundings(plan, stage, job).as_ref().map(condition::others).unwrap_or_default()
    }

    /// Returns what a job depends on, or nothing while it waits for some of it.
    fn surroundings<'p>(&self, plan: &'p Plan, stage: usize, job: usize) -> Option<Surroundings<'p>> {
        if self.stages.len() <= stage {
            return None;
        }
        let jobs = &plan.stages[stage].jobs;
        let names: Vec<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
        let depends_on = |at: usize| jobs[at].depends_on.as_slice();
        let ended =
            |at: usize| Some((self.job_result(plan, stage, at)?, output::object(self.job_outputs(plan, stage, at))));
        let dependencies = dependencies(&names, &depends_on, job, ended)?;
        let stages = self.stages_before(plan, stage);
        let canceled = self.is_canceled(stage);
        Some(Surroundings { dependencies, stages, canceled, queued_at: self.queued_at })
    }

    /// Returns the outputs of a job's legs under the names that others know them by. Of equal names
    /// the last one counts.
    fn job_outputs(&self, plan: &Plan, stage: usize, job: usize) -> Vec<(String, &Output)> {
        let legs = plan.stages[stage].jobs[job].legs().zip(&self.stages[stage][job]);
        let named = legs.filter(|(_, standing)| !standing.outputs.is_empty()).flat_map(|(leg, standing)| {
            leg.output_prefixes().into_iter().flat_map(|prefix| {
                standing.outputs.iter().map(move |output| (format!("{prefix}{}", output.name), output))
            })
        });
        named.collect()
    }

    /// Returns the outputs of all jobs of a stage, each behind its job's name.
    fn stage_outputs(&self, plan: &Plan, stage: usize) -> Value {
        let jobs = plan.stages[stage].jobs.iter().enumerate();
        output::object(jobs.flat_map(|(at, job)| {
            let outputs = self.job_outputs(plan, stage, at).into_iter();
            outputs.map(|(name, output)| (format!("{}.{name}", job.name), output))
        }))
    }

    /// Returns the results of the stages that a stage names in `dependsOn`, and of their jobs.
    fn stages_before<'p>(&self, plan: &'p Plan, stage: usize) -> Vec<condition::EndedStage<'p>> {
        let names = &plan.stages[stage].depends_on;
        let is_named = |stage: &Stage| names.iter().any(|name| name.eq_ignore_ascii_case(&stage.name));
        let before = plan.stages.iter().enumerate().filter(|(_, stage)| is_named(stage));
        let ended = before.filter_map(|(at, stage)| {
            let jobs = stage.jobs.iter().enumerate().map(|(place, job)| {
                let outputs = output::object(self.job_outputs(plan, at, place));
                Some((job.name.as_str(), self.job_result(plan, at, place)?, outputs))
            });
            Some(condition::EndedStage {
                name: &stage.name,
                result: self.stage_result(plan, at)?,
                jobs: jobs.collect::<Option<_>>()?,
            })
        });
        ended.collect()
    }
}

/// Returns the results and outputs of all that something depends on, also through others. `None`
/// while one of them has none.
fn dependencies<'n, 'd>(
    names: &[&'n str],
    depends_on: &impl Fn(usize) -> &'d [String],
    of: usize,
    ended: impl Fn(usize) -> Option<(RunResult, Value)>,
) -> Option<Vec<condition::Dependency<'n>>> {
    let find = |name: &String| names.iter().position(|known| known.eq_ignore_ascii_case(name));
    let direct: BTreeSet<usize> = depends_on(of).iter().filter_map(find).collect();
    let mut all = BTreeSet::new();
    let mut open: Vec<usize> = direct.iter().copied().collect();
    while let Some(at) = open.pop() {
        if all.insert(at) {
            open.extend(depends_on(at).iter().filter_map(find));
        }
    }
    let dependency = |at: usize| {
        let (result, outputs) = ended(at)?;
        Some(condition::Dependency { name: names[at], result, direct: direct.contains(&at), outputs })
    };
    all.into_iter().map(dependency).collect()
}

/// Returns the variables that a condition sees. Nothing is counted for it, and a value that can't
/// be evaluated is none: the job itself will tell.
fn variables(plan: &Plan, asker: Asker, contexts: Vec<(&'static str, Value)>) -> Vec<Variable> {
    runtime::resolve(plan, asker, &Sources { contexts, counter: None }, |_| {})
}

/// Returns the worst of results, or nothing while one is missing.
fn worst(results: impl Iterator<Item = Option<RunResult>>) -> Option<RunResult> {
    let rank = |result: RunResult| match result {
        RunResult::Skipped => 0,
        RunResult::Succeeded => 1,
        RunResult::SucceededWithIssues => 2,
        RunResult::Canceled => 3,
        RunResult::Failed => 4,
    };
    results
        .collect::<Option<Vec<_>>>()
        .map(|all| all.into_iter().max_by_key(|&it| rank(it)).unwrap_or(RunResult::Succeeded))
}
