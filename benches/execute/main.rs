//! What it costs that a step is a step: jobs a second and output, beside the bare program.
//!
//! `cargo bench --bench execute [-- --jobs 300 --megabytes 100 --rounds 3 --deliveries 200]` prints two
//! tables and two lines. All
//! is measured in one process and in turn, because a busy machine changes from minute to minute:
//!
//! - trivial jobs, one after the other: bash started bare from the same runtime, under a shim, as
//!   a job with folders and a log, and through the store from queued to completed;
//! - the output of one step: `bash … > file` beside the same in a job with its log, and how much
//!   memory that took;
//! - how long it takes from a delivery's 200 to the first process of its run, with the real server.

#[path = "../../tests/integration/database.rs"]
mod database;
mod latency;
mod queue;

use pipehook::clock::SystemClock;
use pipehook::files::{Caches, Keep};
use pipehook::id::{JobId, RunId};
use pipehook::pipeline::plan::{Action, Interpreter, Job, Plan, Script, Stage, Step, VERSION};
use pipehook::process::{self, Command, Line, Output, Patience, Shims, StandardError, Term};
use pipehook::run::{Board, Series};
use pipehook::store::{Answer, Question, StepEvent};
use pipehook::worker::{Attempt, Broken, Host, JobContext, Journal, Secrets, Workspace, execute};
use queue::{Place, Queue};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const SHIM: &str = env!("CARGO_BIN_EXE_pipehook");
/// What a trivial job runs.
const TRIVIAL: &str = ":";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let chosen = |name: &str, default: usize| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1)).and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (jobs, rounds) = (chosen("--jobs", 300), chosen("--rounds", 3));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    trivial(&runtime, jobs, rounds);
    output(&runtime, chosen("--megabytes", 100), rounds);
    latency::measure(SHIM, chosen("--deliveries", 200));
}

/// Returns the median of a few rounds.
fn median(rounds: usize, mut measure: impl FnMut() -> Duration) -> Duration {
    let mut all: Vec<Duration> = (0..rounds).map(|_| measure()).collect();
    all.sort();
    all[all.len() / 2]
}

fn timed(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

fn trivial(runtime: &Runtime, jobs: usize, rounds: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("trivial.sh");
    std::fs::write(&script, TRIVIAL).expect("a file");
    let bare = median(rounds, || timed(|| (0..jobs).for_each(|_| runtime.block_on(bare(&script)))));
    let kept = Shims::from(SHIM);
    let new = median(rounds, || timed(|| (0..jobs).for_each(|_| runtime.block_on(shimmed(&script, SHIM.into())))));
    let shim = median(rounds, || timed(|| (0..jobs).for_each(|_| runtime.block_on(shimmed(&script, kept.clone())))));
    let host = host();
    let job = median(rounds, || timed(|| (0..jobs).for_each(|at| runtime.block_on(in_job(folder.path(), at, &host)))));
    println!("{:<34} {:>8} {:>10} {:>8}", "trivial jobs, one at a time", "a second", "ms a job", "of bare");
    let row = |name: &str, took: Duration| {
        let rate = jobs as f64 / took.as_secs_f64();
        println!("{name:<34} {rate:>8.0} {:>10.2} {:>8.2}", 1000.0 / rate, bare.as_secs_f64() / took.as_secs_f64());
    };
    row("bash, bare", bare);
    row("bash under a new shim each", new);
    row("bash under a shim that is kept", shim);
    row("a job with folders and a journal", job);
    for parallel in [1, 2, 4] {
        let took = median(rounds, || {
            let queue = Queue::open(runtime, Place::Folder);
            queue.fill(runtime, jobs, plan(TRIVIAL));
            timed(|| queue.work(runtime, parallel, host.clone()))
        });
        row(&format!("queued to completed, {parallel} at once"), took);
    }
    let Some(database) = database::Server::start() else { return };
    for parallel in [1, 2, 4] {
        let took = median(rounds, || {
            let queue = Queue::open(runtime, Place::Database(&database.schema()));
            queue.fill(runtime, jobs, plan(TRIVIAL));
            timed(|| queue.work(runtime, parallel, host.clone()))
        });
        row(&format!("the same in PostgreSQL, {parallel} at once"), took);
    }
    println!();
}

fn output(runtime: &Runtime, megabytes: usize, rounds: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let big = folder.path().join("big.txt");
    let line = format!("{}\n", "x".repeat(79));
    std::fs::write(&big, line.repeat(megabytes * 1_000_000 / line.len())).expect("room");
    let script = format!("cat {}", big.display());
    let bare = median(rounds, || {
        let to = std::fs::File::create(folder.path().join("out.txt")).expect("a file");
        timed(|| {
            let mut bash = std::process::Command::new("bash");
            let status = bash.args(["-c", &format!("{script} | cat")]).stdout(to).status();
            assert!(status.expect("bash runs").success());
        })
    });
    let before = resident();
    let job = median(rounds, || {
        let queue = Queue::open(runtime, Place::Folder);
        queue.fill(runtime, 1, plan(&script));
        timed(|| queue.work(runtime, 1, host()))
    });
    let rate = |took: Duration| megabytes as f64 / took.as_secs_f64();
    println!("{:<34} {:>8} {:>10} {:>8}", format!("{megabytes} MB of output"), "MB/s", "seconds", "of bare");
    for (name, took) in [("bash … | cat > file", bare), ("a step with its log", job)] {
        let ratio = bare.as_secs_f64() / took.as_secs_f64();
        println!("{name:<34} {:>8.0} {:>10.2} {ratio:>8.2}", rate(took), took.as_secs_f64());
    }
    println!("memory: {} kB before, {} kB at the most", before, peak());
}

async fn bare(script: &Path) {
    let mut bash = tokio::process::Command::new("bash");
    bash.args(["--noprofile", "--norc"]).arg(script).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    assert!(bash.status().await.expect("bash runs").success());
}

struct Nowhere;

#[async_trait::async_trait]
impl Output for Nowhere {
    async fn take(&mut self, _: Vec<Line>) -> Result<(), String> {
        Ok(())
    }
}

async fn shimmed(script: &Path, shims: Shims) {
    let command = Command {
        shims,
        mark: "run_bench/job".to_owned(),
        term: Term::default(),
        program: "/bin/bash".into(),
        arguments: vec!["--noprofile".into(), "--norc".into(), script.into()],
        environment: Vec::new(),
        directory: "/".into(),
        standard_error: StandardError::Joined,
    };
    let never = std::future::pending::<()>();
    process::run(&command, Patience::default(), never, &mut Nowhere).await.expect("bash runs");
}

#[async_trait::async_trait]
impl Journal for Nowhere {
    async fn record(&mut self, _: StepEvent) -> Result<(), Broken> {
        Ok(())
    }

    async fn count(&mut self, series: &Series) -> Result<i64, Broken> {
        Ok(series.seed)
    }

    async fn ask(&mut self, question: &Question) -> Result<Answer, Broken> {
        Ok(Answer::new(question.on_timeout, "bench", jiff::Timestamp::UNIX_EPOCH, None))
    }

    async fn agree(&mut self, _: &str, proposal: Option<&str>) -> Result<Option<String>, Broken> {
        Ok(proposal.map(str::to_owned))
    }

    async fn log(&mut self, _: Option<usize>, _: Vec<String>) -> Result<(), Broken> {
        Ok(())
    }
}

async fn in_job(data: &Path, number: usize, host: &Host) {
    let plan = plan(TRIVIAL);
    let (run, id) = (RunId::from_stored(&format!("run_{number}")), JobId::from_stored("job_1"));
    let attempt = Attempt { run: run.clone(), job: id.clone(), token: None };
    let context = JobContext {
        term: Term::default(),
        workspace: Workspace::create(data, &attempt, None).expect("folders"),
        run,
        id,
        number: 1,
        name: "first".to_owned(),
        queued_at: jiff::Timestamp::now(),
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
        host: host.clone(),
    };
    let (_stop, stopped) = tokio::sync::watch::channel(pipehook::worker::Asked::Nothing);
    execute(&context, &mut Nowhere, stopped).await.expect("a journal that takes all");
    context.workspace.remove().expect("folders that can be removed");
}

fn host() -> Host {
    Host {
        name: "here".to_owned(),
        environment: vec![("PATH".to_owned(), std::env::var("PATH").unwrap_or_default())],
        shims: SHIM.into(),
        patience: Patience::default(),
        retry_second: Duration::from_secs(1),
        secrets: Arc::new(Secrets::default()),
        repositories: Arc::default(),
        machine: Arc::default(),
        caches: Caches::new(&std::env::temp_dir()),
        clock: Arc::new(SystemClock),
    }
}

/// Returns the plan of one job with one step.
fn plan(script: &str) -> Plan {
    let script = Script { interpreter: Interpreter::CommandLine, text: script.into(), ..Script::default() };
    let step = Step { display_name: "CmdLine".into(), action: Action::Script(script), ..Step::default() };
    let job = Job {
        name: "build".to_owned(),
        display_name: "Build".into(),
        timeout_minutes: 60.0,
        cancel_timeout_minutes: 5.0,
        pool: "default".to_owned(),
        steps: vec![step],
        ..Job::default()
    };
    let stage = Stage { name: "main".to_owned(), display_name: "Main".into(), jobs: vec![job], ..Stage::default() };
    Plan { version: VERSION, pipeline: "bench".to_owned(), name: "n".into(), stages: vec![stage], ..Plan::default() }
}

/// Returns kilobytes from a line of the process's own status.
fn status(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the process's own status");
    let found = status.lines().find_map(|it| it.strip_prefix(line)).expect("its memory");
    found.trim().trim_end_matches(" kB").parse().expect("a number")
}

fn resident() -> u64 {
    status("VmRSS:")
}

fn peak() -> u64 {
    status("VmHWM:")
}
