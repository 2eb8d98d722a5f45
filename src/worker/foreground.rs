//! Executes a whole plan in this process, without a store: `pipehook run`.

use super::context::{Host, JobContext};
use super::job;
use super::journal::{Broken, Journal};
use super::stop::StopSignal;
use super::workspace::Workspace;
use crate::clock::Clock;
use crate::files::Keep;
use crate::id::{JobId, RunId};
use crate::pipeline::plan::{Leg, Plan};
use crate::run::{Board, Decision, Progress, RunResult, Series, Standing};
use crate::store::{Answer, Approval, JobOutcome, Question, StepEvent, TIME_LIMIT, WaitKind};
use async_trait::async_trait;
use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::watch;

/// Where a line comes from; it is shown as `stage/job/step`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin<'p> {
    /// The stage's name.
    pub stage: &'p str,
    /// The job's name, with that of its leg where it has several: `job.leg`.
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
        let mut plan = self.plan.clone();
        let mut board = Board::new(&plan);
        let mut due: VecDeque<Place> = VecDeque::new();
        let mut counted = Counted::default();
        loop {
            board.canceled = *stop.borrow();
            if board.canceled {
                for Place { stage, job, leg } in due.drain(..) {
                    board.stages[stage][job][leg].progress = Progress::Waiting;
                }
            }
            for change in board.advance(Arc::make_mut(&mut plan)) {
                let place = Place { stage: change.stage, job: change.job, leg: change.leg };
                match change.decision {
                    Decision::Due => due.push_back(place),
                    Decision::Spread(_) => {}
                    Decision::Completed { result, reason } => {
                        print(named(&plan, place).origin(""), &format!("{}: {reason}", result.word()));
                    }
                }
            }
            let Some(place) = due.pop_front() else { break };
            let outcome = self.job(&plan, place, &board, &mut counted, print, stop.clone()).await;
            let (result, outputs) = outcome.map_or((RunResult::Failed, Vec::new()), |it| (it.result, it.outputs));
            let Place { stage, job, leg } = place;
            board.stages[stage][job][leg] = Standing { progress: Progress::Completed(result), outputs };
        }
        // A plan's graph has no circles, so when nothing is due all is completed.
        board.result(&plan).unwrap_or(RunResult::Failed)
    }

    /// Executes one job. Without an outcome it could not be begun, and has failed.
    async fn job(
        &self,
        plan: &Arc<Plan>,
        place: Place,
        board: &Board,
        counted: &mut Counted,
        print: &mut Print<'_>,
        stop: StopSignal,
    ) -> Option<JobOutcome> {
        let Place { stage, job, leg } = place;
        let id = JobId::from_stored(&format!("job_{stage}_{job}_{leg}"));
        let named = named(plan, place);
        let about = named.origin("");
        let workspace = match Workspace::create(&self.data, &self.run, &id, self.sources.as_deref()) {
            Ok(workspace) => workspace,
            Err(error) => {
                print(about, &format!("##[error]The job's folders can't be made: {error}."));
                return None;
            }
        };
        let context = self.context(id, plan.clone(), place, board.clone(), workspace);
        let mut printer = Printer { clock: self.host.clock.clone(), named: &named, counted, print };
        // A job that runs because the run was stopped is not stopped for that.
        let stop = if *stop.borrow() { watch::channel(false).1 } else { stop };
        let outcome = job::execute(&context, &mut printer, stop).await.ok();
        if let Err(error) = context.workspace.remove() {
            print(about, &format!("##[warning]The job's folders can't be removed: {error}."));
        }
        outcome
    }

    fn context(&self, id: JobId, plan: Arc<Plan>, place: Place, board: Board, workspace: Workspace) -> JobContext {
        JobContext {
            run: self.run.clone(),
            id,
            number: 1,
            name: self.name.clone(),
            queued_at: self.host.clock.now(),
            delivery: None,
            attempt: 1,
            plan,
            board,
            stage: place.stage,
            job: place.job,
            leg: place.leg,
            workspace,
            keep: Keep::new(&self.data),
            taken: Vec::new(),
            host: self.host.clone(),
        }
    }
}

/// The numbers of series. Without a store each begins with its seed.
#[derive(Default)]
struct Counted {
    latest: HashMap<String, i64>,
    by_site: HashMap<String, i64>,
}

impl Counted {
    fn number(&mut self, series: &Series) -> i64 {
        let Self { latest, by_site } = self;
        let next = || *latest.entry(series.prefix.clone()).and_modify(|number| *number += 1).or_insert(series.seed);
        *by_site.entry(series.site.clone()).or_insert_with(next)
    }
}

/// Where in the plan a leg of a job stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    stage: usize,
    job: usize,
    leg: usize,
}

/// A leg of a job with its names.
struct Named<'p> {
    stage: &'p str,
    job: String,
    leg: Leg<'p>,
}

/// Returns the leg at a place, with the names under which its lines are shown.
fn named(plan: &Plan, place: Place) -> Named<'_> {
    let stage = &plan.stages[place.stage];
    let leg = stage.jobs[place.job].leg(place.leg);
    Named { stage: &stage.name, job: leg.full_name(), leg }
}

impl Named<'_> {
    fn origin<'n>(&'n self, step: &'n str) -> Origin<'n> {
        Origin { stage: self.stage, job: &self.job, step }
    }

    fn step_name(&self, place: usize) -> String {
        self.leg.steps()[place].name.clone().unwrap_or_else(|| format!("step{}", place + 1))
    }
}

/// Who answers where nobody can be asked, and what is said about it.
const NOBODY: &str = "nobody";
const NOBODY_TO_ASK: &str = "a run in the foreground asks nobody; `pipehook serve` does";

/// The journal that prints.
struct Printer<'p, 'f> {
    clock: Arc<dyn Clock>,
    named: &'p Named<'p>,
    counted: &'p mut Counted,
    print: &'p mut Print<'f>,
}

#[async_trait]
impl Journal for Printer<'_, '_> {
    async fn record(&mut self, _: StepEvent) -> Result<(), Broken> {
        Ok(())
    }

    async fn count(&mut self, series: &Series) -> Result<i64, Broken> {
        Ok(self.counted.number(series))
    }

    /// A delay is waited for. There is nobody who could be asked.
    async fn ask(&mut self, question: &Question) -> Result<Answer, Broken> {
        let now = self.clock.now();
        let left = question.until.map(|until| until.duration_since(now));
        Ok(match (question.kind, left.and_then(|left| left.try_into().ok())) {
            (WaitKind::Delay, Some(left)) => {
                tokio::time::sleep(left).await;
                Answer::new(question.on_timeout, TIME_LIMIT, self.clock.now(), None)
            }
            (WaitKind::Delay, None) => Answer::new(question.on_timeout, TIME_LIMIT, now, None),
            (WaitKind::Approval, _) => Answer::new(Approval::Rejected, NOBODY, now, Some(NOBODY_TO_ASK)),
        })
    }

    async fn log(&mut self, step: Option<usize>, lines: Vec<String>) -> Result<(), Broken> {
        let name = match step {
            Some(place) => self.named.step_name(place),
            None => String::new(),
        };
        for line in lines {
            (self.print)(self.named.origin(&name), &line);
        }
        Ok(())
    }
}
