//! Executes a whole plan in this process, without a store: `pipehook run`.
//!
//! ```text
//! mod      which jobs run now, several at once, and what they print, a line at a time
//! teller   the journal of each job
//! summary  what became of everything
//! ```

mod summary;
mod teller;

pub use summary::{Part, Summary};

use super::claimed::unless_asked;
use super::context::{Host, JobContext};
use super::job;
use super::stop::{Asked, StopSignal};
use super::workspace::{Attempt, Workspace};
use crate::files::Keep;
use crate::id::{JobId, RunId};
use crate::pipeline::plan::{Leg, Plan};
use crate::process::Term;
use crate::run::{Board, Decision, Progress, RunResult, Standing};
use crate::store::{JobOutcome, StepEvent};
use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use summary::Notes;
use teller::{Shared, Tell, Teller, Told, block};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};

/// How many things jobs may have told that are not printed yet; then their programs wait.
const UNPRINTED_MAX: usize = 64;

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

/// Takes lines of the log as they come, unfiltered: each call has lines of one origin, each with an LF
/// at its end and no other line break.
pub type Print<'p> = dyn FnMut(Origin<'_>, &str) + Send + 'p;

/// One run without a store.
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
    /// How many jobs at once.
    pub jobs: NonZeroUsize,
    /// The machine.
    pub host: Host,
}

impl Foreground {
    /// Executes the run and returns how it ended. Once `stop` asks for it, running steps are
    /// canceled, and of what has not begun only that runs whose condition wants it. [`Asked::HandBack`] is
    /// that it asks once more: what has begun since is canceled too, and steps that go on all the same end.
    pub async fn run(self: &Arc<Self>, print: &mut Print<'_>, mut stop: StopSignal) -> Summary {
        let mut course = Course::new(self);
        loop {
            // Looked at before, not meanwhile: whoever prints may ask for the stop, when nobody reads any more.
            let asked = *stop.borrow();
            course.decide(asked, print);
            course.begin(self, &stop);
            if course.running.is_empty() {
                return course.notes.summary(&course.plan, &course.board);
            }
            course.follow(print, &mut stop).await;
        }
    }

    fn context(&self, place: Place, known: Known, workspace: Workspace) -> JobContext {
        let Known { plan, board, name } = known;
        JobContext {
            run: self.run.clone(),
            id: job_id(place),
            number: 1,
            name,
            queued_at: board.queued_at.unwrap_or_else(|| self.host.clock.now()),
            delivery: None,
            attempt: 1,
            waited: None,
            plan,
            board,
            stage: place.stage,
            job: place.job,
            leg: place.leg,
            workspace,
            term: Term::default(),
            keep: Keep::new(&self.data),
            taken: Vec::new(),
            host: self.host.clone(),
        }
    }
}

/// What a job that begins is told of its run.
struct Known {
    plan: Arc<Plan>,
    board: Board,
    /// The run's name, which a job before may have changed.
    name: String,
}

/// How far a run is.
struct Course {
    name: String,
    plan: Arc<Plan>,
    board: Board,
    /// What was asked of the run, as far as was noticed.
    asked: Asked,
    /// Asks those jobs to stop that began after the run was asked to.
    later: watch::Sender<Asked>,
    due: VecDeque<Place>,
    running: JoinSet<(Place, Option<JobOutcome>)>,
    notes: Notes,
    shared: Arc<Shared>,
    tell: Tell,
    told: mpsc::Receiver<(Place, Told)>,
}

impl Course {
    fn new(run: &Foreground) -> Self {
        let (tell, told) = mpsc::channel(UNPRINTED_MAX);
        Self {
            board: Board { queued_at: Some(run.host.clock.now()), ..Board::new(&run.plan) },
            plan: run.plan.clone(),
            name: run.name.clone(),
            asked: Asked::Nothing,
            later: watch::channel(Asked::Nothing).0,
            due: VecDeque::new(),
            running: JoinSet::new(),
            notes: Notes::default(),
            shared: Arc::new(Shared::new(run.host.clock.clone())),
            tell,
            told,
        }
    }

    /// Decides what follows from what has ended, and tells what will not run.
    fn decide(&mut self, asked: Asked, print: &mut Print<'_>) {
        if asked > self.asked {
            self.asked = asked;
            self.board.cancel();
            if asked == Asked::HandBack {
                self.later.send_replace(Asked::Cancel);
            }
            // What was due is decided again.
            for Place { stage, job, leg } in self.due.drain(..) {
                self.board.stages[stage][job][leg].progress = Progress::Waiting;
            }
        }
        for change in self.board.advance(Arc::make_mut(&mut self.plan)) {
            let place = Place { stage: change.stage, job: change.job, leg: change.leg };
            match change.decision {
                Decision::Due => self.due.push_back(place),
                Decision::Settled(_) => {}
                Decision::Completed { result, reason } => {
                    let line = format!("{}: {reason}", result.word());
                    print(named(&self.plan, place).origin(""), &block(&[line]));
                }
            }
        }
    }

    /// Begins jobs that are due, as many as there is room for.
    fn begin(&mut self, run: &Arc<Foreground>, stop: &StopSignal) {
        while self.running.len() < run.jobs.get() {
            let Some(place) = self.due.pop_front() else { return };
            // A job that runs although the run was stopped is not stopped for that.
            let stop = match self.asked {
                Asked::Nothing => stop.clone(),
                Asked::Cancel => self.later.subscribe(),
                Asked::HandBack => watch::channel(Asked::Nothing).1,
            };
            self.notes.started(place, self.shared.now());
            let teller = Teller { place, shared: self.shared.clone(), tell: self.tell.clone() };
            let known = Known { plan: self.plan.clone(), board: self.board.clone(), name: self.name.clone() };
            self.running.spawn(execute(run.clone(), known, teller, stop));
        }
    }

    /// Prints what jobs tell until one has ended, or the run is asked to stop once more.
    async fn follow(&mut self, print: &mut Print<'_>, stop: &mut StopSignal) {
        let ended = loop {
            tokio::select! {
                Some((place, told)) = self.told.recv() => self.take(place, told, print),
                Some(ended) = self.running.join_next() => break ended,
                Ok(_) = stop.wait_for(|asked| *asked == Asked::HandBack), if self.asked != Asked::HandBack => return,
            }
        };
        // What it told before it ended is all there.
        while let Ok((place, told)) = self.told.try_recv() {
            self.take(place, told, print);
        }
        let (Place { stage, job, leg }, outcome) = ended.unwrap_or_else(broken_off);
        self.notes.finished(Place { stage, job, leg }, self.shared.now());
        let (result, outputs) = outcome.map_or((RunResult::Failed, Vec::new()), |it| (it.result, it.outputs));
        self.board.stages[stage][job][leg] = Standing { progress: Progress::Completed(result), outputs };
    }

    fn take(&mut self, place: Place, told: Told, print: &mut Print<'_>) {
        self.notes.told(place, &told);
        match told {
            Told::Lines(step, lines) => {
                let named = named(&self.plan, place);
                let step = step.map_or_else(String::new, |step| named.step_name(step));
                print(named.origin(&step), &lines);
            }
            Told::Event(StepEvent::Renamed { name }) => self.name = name,
            Told::Event(_) => {}
        }
    }
}

/// A mistake of ours in one job ends the command, as it would without a task of its own.
fn broken_off<T>(error: JoinError) -> T {
    std::panic::resume_unwind(error.into_panic())
}

/// Executes one job. Without an outcome it could not be begun, and has failed.
async fn execute(
    run: Arc<Foreground>,
    known: Known,
    mut teller: Teller,
    stop: StopSignal,
) -> (Place, Option<JobOutcome>) {
    let place = teller.place;
    let tell = teller.tell.clone();
    let about = async |line: String| {
        // Where nobody prints any more, the job has ended for that.
        let _ = tell.send((place, Told::Lines(None, block(&[line])))).await;
    };
    let attempt = Attempt { run: run.run.clone(), job: job_id(place), token: None };
    let making = run.clone();
    let making = unless_asked(&stop, move || Workspace::create(&making.data, &attempt, making.sources.as_deref()));
    let workspace = match making.await {
        Ok(workspace) => workspace,
        Err(error) => {
            about(format!("##[error]The job's folders can't be made: {error}.")).await;
            return (place, None);
        }
    };
    let context = run.context(place, known, workspace);
    let outcome = job::execute(&context, &mut teller, stop).await.ok();
    if let Err(error) = context.workspace.remove() {
        about(format!("##[warning]The job's folders can't be removed: {error}.")).await;
    }
    (place, outcome)
}

/// Where in the plan a leg of a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    stage: usize,
    job: usize,
    leg: usize,
}

fn job_id(Place { stage, job, leg }: Place) -> JobId {
    JobId::from_stored(&format!("job_{stage}_{job}_{leg}"))
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
