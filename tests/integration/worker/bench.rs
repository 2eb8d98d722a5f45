//! A job to execute, and a journal that remembers.

use async_trait::async_trait;
use pipehook::clock::SystemClock;
use pipehook::files::{Caches, Keep};
use pipehook::id::{JobId, RunId};
use pipehook::pipeline::plan::{Action, Interpreter, Job, Plan, Script, Stage, Step, Variable, VariableGroup};
use pipehook::process::{Patience, Term};
use pipehook::run::{Board, RunResult, Series};
use pipehook::store::{Answer, JobOutcome, Question, StepEvent, StepReport};
use pipehook::taint::{Origin, Text};
use pipehook::worker::{Asked, Attempt, Broken, Host, JobContext, Journal, Secrets, Workspace, execute};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// How long signals get in tests: long enough for a shell on a busy machine to run its `trap`.
pub const PATIENCE: Patience = Patience { interrupt: Duration::from_secs(4), terminate: Duration::from_secs(2) };

/// What a journal was told.
#[derive(Debug, Default)]
pub struct Memory {
    /// Lines with the step's place.
    pub lines: Vec<(Option<usize>, String)>,
    pub events: Vec<StepEvent>,
    /// The series whose numbers were asked for; each is 41 more than the seed.
    pub counted: Vec<Series>,
    /// What the jobs of the run agree on.
    pub agreed: HashMap<String, String>,
    /// Makes the first log line that contains a text ask the job to stop.
    pub cancel_at: Option<(String, watch::Sender<Asked>)>,
}

#[async_trait]
impl Journal for Memory {
    async fn record(&mut self, event: StepEvent) -> Result<(), Broken> {
        self.events.push(event);
        Ok(())
    }

    async fn count(&mut self, series: &Series) -> Result<i64, Broken> {
        self.counted.push(series.clone());
        Ok(series.seed + 41)
    }

    async fn ask(&mut self, question: &Question) -> Result<Answer, Broken> {
        Ok(Answer::new(question.on_timeout, "bench", jiff::Timestamp::UNIX_EPOCH, None))
    }

    async fn agree(&mut self, name: &str, proposal: Option<&str>) -> Result<Option<String>, Broken> {
        if let Some(proposal) = proposal {
            self.agreed.entry(name.to_owned()).or_insert_with(|| proposal.to_owned());
        }
        Ok(self.agreed.get(name).cloned())
    }

    async fn log(&mut self, step: Option<usize>, lines: Vec<String>) -> Result<(), Broken> {
        for line in lines {
            if let Some((_, cancel)) = self.cancel_at.as_ref().filter(|(text, _)| line == *text) {
                cancel.send_replace(Asked::Cancel);
            }
            self.lines.push((step, line));
        }
        Ok(())
    }
}

/// A job that ended, and all that was told about it.
#[derive(Debug)]
pub struct Story {
    pub outcome: JobOutcome,
    pub memory: Memory,
    /// The data folder.
    pub folder: tempfile::TempDir,
}

impl Story {
    /// Returns what a step printed, without the frame and marks.
    pub fn output(&self, step: usize) -> Vec<&str> {
        let own = self.memory.lines.iter().filter(|(place, line)| *place == Some(step) && !line.starts_with("##["));
        own.map(|(_, line)| line.as_str()).collect()
    }

    /// Returns the results of the steps.
    pub fn results(&self) -> Vec<RunResult> {
        let result = |event: &StepEvent| match event {
            StepEvent::Completed { result, .. } => Some(*result),
            _ => None,
        };
        self.memory.events.iter().filter_map(result).collect()
    }

    pub fn exit_code(&self, wanted: usize) -> Option<i32> {
        self.memory.events.iter().find_map(|event| match event {
            StepEvent::Completed { step, exit_code, .. } if *step == wanted => *exit_code,
            _ => None,
        })
    }

    /// Returns the last that a step has told about itself.
    pub fn report(&self, wanted: usize) -> StepReport {
        let report = |event: &StepEvent| match event {
            StepEvent::Reported { step, report } if *step == wanted => Some(report.clone()),
            _ => None,
        };
        self.memory.events.iter().rev().find_map(report).unwrap_or_default()
    }

    /// Returns the lines that tell a warning.
    pub fn warnings(&self) -> Vec<&str> {
        self.memory.lines.iter().filter_map(|(_, line)| line.strip_prefix("##[warning]")).collect()
    }

    /// Says whether the log has a line.
    pub fn has_line(&self, wanted: &str) -> bool {
        self.memory.lines.iter().any(|(_, line)| line == wanted)
    }

    /// Returns the lines that tell an error.
    pub fn errors(&self) -> Vec<&str> {
        self.memory.lines.iter().filter_map(|(_, line)| line.strip_prefix("##[error]")).collect()
    }
}

pub fn step(script: impl Into<Text>) -> Step {
    let script = Script { interpreter: Interpreter::CommandLine, text: script.into(), ..Script::default() };
    Step { display_name: "CmdLine".into(), action: Action::Script(script), ..Step::default() }
}

pub fn step_if(condition: &str, script: &str) -> Step {
    Step { condition: Some(condition.to_owned()), ..step(script) }
}

pub fn variable(name: &str, value: impl Into<Text>) -> Variable {
    Variable { name: name.to_owned(), value: value.into(), read_only: false, own_number: false, group: None }
}

pub fn tainted(text: &str) -> Text {
    Text::tainted(text, Arc::new(Origin { alias: "hook".into(), path: "title".into() }))
}

/// Returns a text of the author's and payload parts, which are marked with `true`.
pub fn mixed(parts: &[(&str, bool)]) -> Text {
    let mut text = Text::default();
    for (part, is_tainted) in parts {
        text.append(&if *is_tainted { tainted(part) } else { (*part).into() });
    }
    text
}

pub fn job(steps: Vec<Step>) -> Job {
    Job {
        name: "build".to_owned(),
        display_name: "Build it".into(),
        timeout_minutes: 60.0,
        cancel_timeout_minutes: 5.0,
        pool: "default".to_owned(),
        steps,
        ..Job::default()
    }
}

pub fn stage(name: &str, jobs: Vec<Job>) -> Stage {
    Stage { name: name.to_owned(), display_name: "Main stage".into(), jobs, ..Stage::default() }
}

pub fn plan(stages: Vec<Stage>) -> Plan {
    Plan { version: 1, pipeline: "shop".to_owned(), name: "first".into(), stages, ..Plan::default() }
}

pub fn host() -> Host {
    let environment =
        ["PATH", "HOME"].into_iter().filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)));
    Host {
        name: "here".to_owned(),
        environment: environment.collect(),
        shims: env!("CARGO_BIN_EXE_pipehook").into(),
        patience: PATIENCE,
        retry_second: Duration::from_millis(10),
        secrets: Arc::new(Secrets::default()),
        repositories: Arc::default(),
        machine: Arc::default(),
        caches: Caches::new(&std::env::temp_dir().join("pipehook-tests")),
        clock: Arc::new(SystemClock),
    }
}

pub fn context(plan: Plan, data: &Path) -> JobContext {
    // Unlike any other on this machine: processes are looked for by these names.
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let run = RunId::from_stored(&format!("run_{}_{number}", std::process::id()));
    let id = JobId::from_stored("job_1");
    JobContext {
        workspace: Workspace::create(data, &attempt(&run, &id), None).expect("folders"),
        term: Term::default(),
        run,
        id,
        number: 7,
        name: "first".to_owned(),
        queued_at: "2026-03-09T05:07:08Z".parse().expect("a time"),
        delivery: None,
        attempt: 1,
        waited: None,
        board: Board::new(&plan),
        keep: Keep::new(data),
        taken: Vec::new(),
        plan: Arc::new(plan),
        stage: 0,
        job: 0,
        leg: 0,
        host: host(),
    }
}

fn attempt(run: &RunId, job: &JobId) -> Attempt {
    Attempt { run: run.clone(), job: job.clone(), token: None }
}

/// Executes steps.
pub fn run(steps: Vec<Step>) -> Story {
    run_plan(plan(vec![stage("main", vec![job(steps)])]))
}

/// Executes steps with variables of the run.
pub fn run_with(variables: Vec<Variable>, steps: Vec<Step>) -> Story {
    run_plan(Plan { variables, ..plan(vec![stage("main", vec![job(steps)])]) })
}

/// Executes the first job of a plan.
pub fn run_plan(plan: Plan) -> Story {
    run_until(plan, None)
}

/// Executes the first job of a plan, which is asked to stop when it prints a line.
pub fn run_until(plan: Plan, line: Option<&str>) -> Story {
    run_in(plan, line, |_| {})
}

/// Executes the first job of a plan with the given secrets: names and values of one variable group.
pub fn run_with_secrets(secrets: &[(&str, &str)], steps: Vec<Step>) -> Story {
    let groups = vec![VariableGroup { name: "vault".to_owned(), after: 0 }];
    let plan = Plan { groups, ..plan(vec![stage("main", vec![job(steps)])]) };
    let secrets = secrets.iter().map(|(name, value)| ("Vault".to_owned(), (*name).to_owned(), (*value).into()));
    let secrets = Arc::new(Secrets::new(secrets));
    run_in(plan, None, |context| context.host.secrets = secrets)
}

/// Executes the first job of a plan in a context that is changed before.
pub fn run_in(plan: Plan, line: Option<&str>, change: impl FnOnce(&mut JobContext)) -> Story {
    let folder = tempfile::tempdir().expect("a folder");
    let (cancel, stop) = watch::channel(Asked::Nothing);
    let mut memory = Memory { cancel_at: line.map(|line| (line.to_owned(), cancel)), ..Memory::default() };
    let mut context = context(plan, folder.path());
    change(&mut context);
    let outcome = runtime().block_on(execute(&context, &mut memory, stop)).expect("a journal that takes all");
    Story { outcome, memory, folder }
}

/// Executes jobs of the first stage one after the other, in one run, and returns the last.
pub fn run_jobs(plan: Plan, jobs: &[usize]) -> Story {
    let folder = tempfile::tempdir().expect("a folder");
    let mut context = context(plan, folder.path());
    let mut last = None;
    for (at, job) in jobs.iter().enumerate() {
        let (_cancel, stop) = watch::channel(Asked::Nothing);
        let mut memory = Memory::default();
        context.job = *job;
        context.id = JobId::from_stored(&format!("job_{}", at + 1));
        context.workspace =
            Workspace::create(folder.path(), &attempt(&context.run, &context.id), None).expect("folders");
        let outcome = runtime().block_on(execute(&context, &mut memory, stop)).expect("a journal that takes all");
        last = Some((outcome, memory));
    }
    let (outcome, memory) = last.expect("a job");
    Story { outcome, memory, folder }
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}
