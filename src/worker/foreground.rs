//! Executes a whole plan in this process, without a store: `pipehook run`.

use super::context::{Host, JobContext};
use super::job;
use super::journal::{Broken, Journal};
use super::stop::StopSignal;
use super::workspace::Workspace;
use crate::id::{JobId, RunId};
use crate::pipeline::plan::{Plan, Stage};
use crate::run::{Board, Decision, Progress, RunResult};
use crate::store::StepEvent;
use async_trait::async_trait;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

/// Where a line comes from; it is shown as `stage/job/step`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin<'p> {
    /// The stage's name.
    pub stage: &'p str,
    /// The job's name.
    pub job: &'p str,
    /// The author's name for the step or `step<number>`; empty for what is about the job.
    pub step: &'p str,
}

impl std::fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { stage, job, step } = self;
        if step.is_empty() { write!(f, "{stage}/{job}") } else { write!(f, "{stage}/{job}/{step}") }
    }
}

/// Takes each line of the log as it comes, unfiltered.
pub type Print<'p> = dyn FnMut(Origin<'_>, &str) + Send + 'p;

/// One run without a store. Its jobs are executed one after the other.
pub struct Foreground {
    /// The frozen work.
    pub plan: Arc<Plan>,
    /// The run's id, for its folders and variables.
    pub run: RunId,
    /// The run's name.
    pub name: String,
    /// The folder in which the folders of jobs are made, and removed again.
    pub data: PathBuf,
    /// The folder that is used for sources as it is, instead of an empty one for each job.
    pub sources: Option<PathBuf>,
    /// The machine.
    pub host: Host,
}

impl Foreground {
    /// Executes the run and returns how it ended. Once `stop` becomes true, running steps are
    /// canceled, and of what has not begun only that runs whose condition wants it.
    pub async fn run(&self, print: &mut Print<'_>, stop: StopSignal) -> RunResult {
        let mut board = Board::new(&self.plan);
        let mut due: VecDeque<(usize, usize)> = VecDeque::new();
        loop {
            board.canceled = *stop.borrow();
            if board.canceled {
                for (stage, job) in due.drain(..) {
                    board.stages[stage][job] = Progress::Waiting;
                }
            }
            for change in board.advance(&self.plan) {
                match change.decision {
                    Decision::Due => due.push_back((change.stage, change.job)),
                    Decision::Completed { result, reason } => {
                        let stage = &self.plan.stages[change.stage];
                        print(origin(stage, change.job, ""), &format!("{}: {reason}", result.word()));
                    }
                }
            }
            let Some((stage, job)) = due.pop_front() else { break };
            let result = self.job(stage, job, print, stop.clone()).await;
            board.stages[stage][job] = Progress::Completed(result);
        }
        // A plan's graph has no circles, so when nothing is due all is completed.
        board.result(&self.plan).unwrap_or(RunResult::Failed)
    }

    async fn job(&self, stage: usize, job: usize, print: &mut Print<'_>, stop: StopSignal) -> RunResult {
        let id = JobId::from_stored(&format!("job_{stage}_{job}"));
        let about = origin(&self.plan.stages[stage], job, "");
        let workspace = match Workspace::create(&self.data, &self.run, &id, self.sources.as_deref()) {
            Ok(workspace) => workspace,
            Err(error) => {
                print(about, &format!("##[error]The job's folders can't be made: {error}."));
                return RunResult::Failed;
            }
        };
        let context = self.context(id, stage, job, workspace);
        let mut printer = Printer { stage: &self.plan.stages[stage], job, print };
        let result = match job::execute(&context, &mut printer, stop).await {
            Ok(outcome) => outcome.result,
            Err(_) => RunResult::Failed,
        };
        if let Err(error) = context.workspace.remove() {
            print(about, &format!("##[warning]The job's folders can't be removed: {error}."));
        }
        result
    }

    fn context(&self, id: JobId, stage: usize, job: usize, workspace: Workspace) -> JobContext {
        JobContext {
            run: self.run.clone(),
            id,
            number: 1,
            name: self.name.clone(),
            queued_at: self.host.clock.now(),
            delivery: None,
            attempt: 1,
            plan: self.plan.clone(),
            stage,
            job,
            workspace,
            host: self.host.clone(),
        }
    }
}

fn origin<'p>(stage: &'p Stage, job: usize, step: &'p str) -> Origin<'p> {
    Origin { stage: &stage.name, job: &stage.jobs[job].name, step }
}

/// The journal that prints.
struct Printer<'p, 'f> {
    stage: &'p Stage,
    job: usize,
    print: &'p mut Print<'f>,
}

#[async_trait]
impl Journal for Printer<'_, '_> {
    async fn record(&mut self, _: StepEvent) -> Result<(), Broken> {
        Ok(())
    }

    async fn log(&mut self, step: Option<usize>, lines: Vec<String>) -> Result<(), Broken> {
        let name = match step {
            Some(place) => step_name(self.stage, self.job, place),
            None => String::new(),
        };
        for line in lines {
            (self.print)(origin(self.stage, self.job, &name), &line);
        }
        Ok(())
    }
}

fn step_name(stage: &Stage, job: usize, place: usize) -> String {
    let named = stage.jobs[job].steps[place].name.clone();
    named.unwrap_or_else(|| format!("step{}", place + 1))
}
