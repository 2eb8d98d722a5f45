//! The worker with the store of one machine.

use super::bench::{self, job, plan, runtime, stage, step};
use super::output::is_gone;
use crate::store::world::work;
use pipehook::clock::SystemClock;
use pipehook::files::{LOG_MAX, Logs};
use pipehook::id::{RunId, WorkerId};
use pipehook::pipeline::plan::{Job, Plan, Step};
use pipehook::run::{RunName, RunResult, State};
use pipehook::store::{Acceptance, Access, NewRun, RunDetail, SqliteStore, Store};
use pipehook::worker::{Drain, Settings, Worker};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long anything may take that is waited for.
const WAIT_MAX: Duration = Duration::from_secs(90);

pub struct Machine {
    folder: tempfile::TempDir,
    pub store: Arc<SqliteStore>,
    drain: watch::Sender<Drain>,
    worker: JoinHandle<()>,
}

impl Machine {
    pub fn start(drain_grace: Duration) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SqliteStore::open(folder.path(), Access::Server, Arc::new(SystemClock)).expect("a store");
        let store = Arc::new(store);
        let settings = settings(folder.path(), "default", drain_grace);
        let worker = Worker::new(WorkerId::from_stored("wrk_1"), store.clone(), settings);
        let (drain, draining) = watch::channel(Drain::No);
        let worker = tokio::spawn(worker.run(draining));
        Self { folder, store, drain, worker }
    }

    /// Starts another worker, for a pool of its own.
    fn serve(&self, pool: &str) -> JoinHandle<()> {
        self.serve_from(self.store.clone(), pool)
    }

    /// As [`Self::serve`], with the store as that worker sees it.
    pub fn serve_from(&self, store: Arc<dyn Store>, pool: &str) -> JoinHandle<()> {
        let settings = settings(self.path(), pool, WAIT_MAX);
        let worker = Worker::new(WorkerId::from_stored("wrk_2"), store, settings);
        tokio::spawn(worker.run(self.drain.subscribe()))
    }

    /// Returns the data folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub async fn queue(&self, plan: Plan) -> RunId {
        let name = plan.pipeline.clone();
        self.queue_as(&name, plan).await
    }

    /// Queues a run under a name of its own.
    pub async fn queue_as(&self, name: &str, plan: Plan) -> RunId {
        let id = RunId::from_stored(&format!("run_{name}"));
        let run = NewRun {
            id: id.clone(),
            pipeline: plan.pipeline.clone(),
            name: RunName { prefix: "first".to_owned(), revision: None, suffix: String::new() },
            queued_at: jiff::Timestamp::now(),
            priority: 0,
            work: work(&plan),
        };
        let acceptance = Acceptance {
            delivery: None,
            runs: vec![run],
            repeat: None,
            queue_limit: 10,
            connection_limit: None,
            queue_age: None,
        };
        self.store.accept(acceptance).await.expect("room in the queue");
        id
    }

    /// Returns a run once a fact holds of it.
    pub async fn once(&self, run: &RunId, fact: impl Fn(&RunDetail) -> bool) -> RunDetail {
        let end = Instant::now() + WAIT_MAX;
        let mut changes = self.store.changes();
        loop {
            let detail = self.store.run(run).await.expect("a store").expect("the run");
            if fact(&detail) {
                return detail;
            }
            assert!(Instant::now() < end, "the wait is over: {detail:#?}");
            let _ = tokio::time::timeout(Duration::from_millis(200), changes.changed()).await;
        }
    }

    pub async fn completed(&self, run: &RunId) -> RunDetail {
        self.once(run, |detail| detail.run.state == State::Completed).await
    }

    /// Returns the log's texts of a run's first job.
    fn log(&self, detail: &RunDetail) -> Vec<String> {
        self.log_of(detail, 0)
    }

    /// Returns the log's texts of a job in a run's first stage.
    pub fn log_of(&self, detail: &RunDetail, job: usize) -> Vec<String> {
        let job = &detail.stages[0].jobs[job].id;
        let mut reader = Logs::new(self.folder.path()).reader(&detail.run.id, job).expect("a log");
        reader.read().expect("a log").into_iter().map(|line| line.text).collect()
    }

    /// Returns the log's texts once a line is among them.
    pub async fn log_with(&self, run: &RunId, line: &str) -> Vec<String> {
        let end = Instant::now() + WAIT_MAX;
        loop {
            let detail = self.once(run, |_| true).await;
            let log = self.log(&detail);
            if log.iter().any(|it| it == line) {
                return log;
            }
            assert!(Instant::now() < end, "the wait is over: {log:#?}");
            tokio::task::yield_now().await;
        }
    }
}

fn settings(data: &Path, pool: &str, drain_grace: Duration) -> Settings {
    Settings {
        jobs: 2,
        pools: vec![pool.to_owned()],
        data: data.to_owned(),
        logs: Logs::new(data),
        depot: None,
        drain_grace,
        metrics: Arc::default(),
        host: bench::host(),
    }
}

pub fn named(pipeline: &str, jobs: Vec<Job>) -> Plan {
    Plan { pipeline: pipeline.to_owned(), ..plan(vec![stage("main", jobs)]) }
}

#[test]
fn a_queued_run_is_executed_logged_and_cleaned_up() {
    runtime().block_on(async {
        let machine = Machine::start(WAIT_MAX);
        let run = machine.queue(named("one", vec![job(vec![step("echo hello"), step("exit 4")])])).await;
        let detail = machine.completed(&run).await;
        assert_eq!(detail.run.result, Some(RunResult::Failed));
        let steps: Vec<_> = detail.stages[0].jobs[0].steps.iter().map(|step| (step.result, step.exit_code)).collect();
        assert_eq!(steps, [(Some(RunResult::Succeeded), Some(0)), (Some(RunResult::Failed), Some(4))]);
        assert_eq!(machine.log(&detail)[..2], ["##[section]Starting: CmdLine", "hello"]);
        assert!(!machine.folder.path().join("work/run_one").exists(), "folders are left");
    });
}

#[test]
fn a_canceled_run_stops_within_a_moment() {
    runtime().block_on(async {
        let machine = Machine::start(WAIT_MAX);
        let run = machine.queue(named("two", vec![job(vec![step("echo ready; sleep 1000")])])).await;
        machine.log_with(&run, "ready").await;
        let asked = Instant::now();
        machine.store.cancel(&run).await.expect("a store");
        let detail = machine.completed(&run).await;
        assert_eq!(detail.run.result, Some(RunResult::Canceled));
        assert!(asked.elapsed() < Duration::from_secs(5), "it took {:?}", asked.elapsed());
    });
}

#[test]
fn a_job_that_runs_because_the_run_was_canceled_is_not_stopped_for_that() {
    runtime().block_on(async {
        let machine = Machine::start(WAIT_MAX);
        let clean_up = Job {
            name: "clean".to_owned(),
            depends_on: vec!["build".to_owned()],
            condition: Some("always()".to_owned()),
            // Long enough for a renewal to say again that the run is to stop.
            ..job(vec![step("sleep 1.5"), step("echo clean")])
        };
        let run = machine.queue(named("six", vec![job(vec![step("echo ready; sleep 1000")]), clean_up])).await;
        machine.log_with(&run, "ready").await;
        machine.store.cancel(&run).await.expect("a store");
        let detail = machine.completed(&run).await;
        let results: Vec<_> = detail.stages[0].jobs.iter().map(|job| job.result).collect();
        assert_eq!(results, [Some(RunResult::Canceled), Some(RunResult::Succeeded)]);
        assert_eq!(detail.run.result, Some(RunResult::Canceled));
    });
}

#[test]
fn a_draining_worker_lets_jobs_end_and_takes_no_other() {
    runtime().block_on(async {
        let machine = Machine::start(WAIT_MAX);
        let second = Job { name: "second".to_owned(), depends_on: vec!["build".to_owned()], ..job(vec![step("true")]) };
        let run =
            machine.queue(named("three", vec![job(vec![step("echo ready; sleep 0.3; echo done")]), second])).await;
        machine.log_with(&run, "ready").await;
        machine.drain.send_replace(Drain::Gently);
        machine.worker.await.expect("the worker ends");
        let detail = machine.store.run(&run).await.expect("a store").expect("the run");
        assert_eq!(detail.stages[0].jobs[0].result, Some(RunResult::Succeeded));
        assert_eq!(detail.stages[0].jobs[1].state, State::Queued);
    });
}

#[test]
fn a_job_that_outlives_the_grace_is_stopped_and_begins_again() {
    runtime().block_on(async {
        let mut machine = Machine::start(Duration::from_millis(50));
        let steps = vec![
            step("echo done"),
            step("trap 'echo asked; exit 0' INT; echo pid $$; echo ready; while :; do sleep 0.05; done"),
            // It would tell the world of a run that was canceled, which it was not.
            Step { condition: Some("always()".to_owned()), ..step("echo told") },
        ];
        let run = machine.queue(named("four", vec![job(steps)])).await;
        let log = machine.log_with(&run, "ready").await;
        let process = log.iter().find_map(|line| line.strip_prefix("pid ")).expect("a number");
        machine.drain.send_replace(Drain::Gently);
        (&mut machine.worker).await.expect("the worker ends");
        assert!(is_gone(process), "it is gone before the job is due again");
        let detail = machine.store.run(&run).await.expect("a store").expect("the run");
        let handed_back = &detail.stages[0].jobs[0];
        assert_eq!((detail.run.state, handed_back.state), (State::Running, State::Queued));
        assert!(handed_back.steps.iter().all(|step| step.state == State::Queued), "{handed_back:?}");
        let log = machine.log(&detail);
        assert!(log.iter().any(|line| line == "asked") && !log.iter().any(|line| line == "told"), "{log:#?}");
        let last = log.last().map(String::as_str);
        assert_eq!(last, Some("##[warning]The worker was stopped: the job starts again from its beginning."));
        assert_eq!(machine.store.sweep(true).await.expect("a store"), [], "nothing is left to be swept");
    });
}

#[test]
fn a_worker_that_is_asked_twice_kills_and_hands_back_at_once() {
    runtime().block_on(async {
        let mut machine = Machine::start(WAIT_MAX);
        let stubborn = step("trap '' INT TERM; echo pid $$; echo ready; sleep 1000");
        let run = machine.queue(named("seven", vec![job(vec![stubborn])])).await;
        let log = machine.log_with(&run, "ready").await;
        let process = log.iter().find_map(|line| line.strip_prefix("pid ")).expect("a number");
        machine.drain.send_replace(Drain::Gently);
        machine.drain.send_replace(Drain::AtOnce);
        (&mut machine.worker).await.expect("the worker ends");
        assert!(is_gone(process), "it is gone before the job is due again");
        let detail = machine.store.run(&run).await.expect("a store").expect("the run");
        assert_eq!((detail.run.state, detail.stages[0].jobs[0].state), (State::Running, State::Queued));
    });
}

#[test]
fn a_job_of_a_canceled_run_ends_with_its_worker_and_is_not_handed_back() {
    runtime().block_on(async {
        let mut machine = Machine::start(Duration::from_millis(50));
        let long = Step { condition: Some("always()".to_owned()), ..step("echo ready; sleep 1000") };
        let run = machine.queue(named("eight", vec![job(vec![long])])).await;
        machine.log_with(&run, "ready").await;
        machine.store.cancel(&run).await.expect("a store");
        machine.drain.send_replace(Drain::Gently);
        (&mut machine.worker).await.expect("the worker ends");
        let detail = machine.completed(&run).await;
        assert_eq!(detail.run.result, Some(RunResult::Canceled));
    });
}

#[test]
fn a_lost_lease_kills_the_job_which_writes_nothing_more() {
    runtime().block_on(async {
        let machine = Machine::start(WAIT_MAX);
        let run = machine.queue(named("five", vec![job(vec![step("echo pid $$; echo ready; sleep 1000")])])).await;
        let log = machine.log_with(&run, "ready").await;
        let process = log.iter().find_map(|line| line.strip_prefix("pid ")).expect("a number");
        let swept = machine.store.sweep(true).await.expect("a store");
        let detail = machine.completed(&run).await;
        assert_eq!(detail.run.result, Some(RunResult::Failed));
        crate::support::until("the process is gone", WAIT_MAX, || is_gone(process).then_some(()));
        assert_eq!(machine.log(&detail).last().map(String::as_str), Some("ready"));
        let data = machine.folder.path();
        pipehook::worker::clear_up(data, swept).await;
        assert_eq!(machine.log(&detail).last().map(String::as_str), Some("ready"), "no writer has the last word");
        // It is known as soon as the job has ended; of one that stands in a log already nothing more is said.
        let job = &detail.stages[0].jobs[0];
        let last = job.last_word(None, false).expect("it was abandoned");
        let text = "##[error]The worker was lost while a step ran: the job is abandoned, and its log ends here.";
        assert_eq!((last.step, last.text.as_str(), Some(last.at)), (None, text, job.finished_at));
        let so_far = job.last_word(None, true).expect("it was abandoned").text;
        assert!(so_far.ends_with("not sent are not here: they come when it is started again."), "{so_far}");
        assert_eq!([job.last_word(Some(&last), false), job.last_word(Some(&last), true)], [None, None]);
    });
}

/// Nobody has to have lived through the end of the lease for the log to say so: here nobody clears up.
#[test]
fn a_further_attempt_begins_with_a_line_about_the_one_before() {
    runtime().block_on(async {
        let machine = Machine::start(WAIT_MAX);
        let again = machine.folder.path().join("again").display().to_string();
        let script = format!("echo ready; test -e {again} && exit 0; touch {again}; sleep 1000");
        let plan = named("again", vec![Job { attempts: Some(2), ..job(vec![step(script)]) }]);
        let run = machine.queue(plan).await;
        machine.log_with(&run, "ready").await;
        machine.store.sweep(true).await.expect("a store");
        let detail = machine.completed(&run).await;
        assert_eq!(detail.run.result, Some(RunResult::Succeeded));
        let log = machine.log(&detail);
        let at = |text: &str| log.iter().position(|line| line.contains(text)).unwrap_or_else(|| panic!("{log:#?}"));
        let second = log.iter().rposition(|line| line == "ready").expect("it was told again");
        let told = at("##[warning]Attempt 2 of the job begins here: the worker of the one before was lost");
        assert!(at("ready") < told && told < second, "{log:#?}");
        assert_eq!(detail.stages[0].jobs[0].last_word(None, false), None);
    });
}

#[test]
fn sixty_four_megabytes_of_output_are_in_the_log_whole_and_in_order() {
    // Each line is its number, with zeros before it.
    let (lines, width) = (64_000, 1_000);
    runtime().block_on(async {
        let machine = Machine::start(WAIT_MAX);
        let script = format!("seq -f '%0{}.0f' 1 {lines}", width - 1);
        let run = machine.queue(named("large", vec![job(vec![step(script), step("echo after")])])).await;
        let detail = machine.completed(&run).await;
        assert_eq!(detail.run.result, Some(RunResult::Succeeded));
        let mut reader =
            Logs::new(machine.folder.path()).reader(&detail.run.id, &detail.stages[0].jobs[0].id).expect("a log");
        let mut number = 0_u64;
        loop {
            let read = reader.read().expect("a log");
            if read.is_empty() {
                break;
            }
            for line in read.iter().filter(|line| line.step == Some(0) && !line.text.starts_with("##")) {
                number += 1;
                assert_eq!((line.text.len(), line.text.parse()), (width - 1, Ok(number)));
            }
        }
        assert_eq!(number, lines);
    });
}

#[test]
fn a_log_that_cannot_be_written_fails_the_job_and_says_why() {
    runtime().block_on(async {
        let machine = Machine::start(WAIT_MAX);
        let first = machine.queue(named("first", vec![job(vec![step("sleep 1000")])])).await;
        let second = machine.queue(named("second", vec![job(vec![step("sleep 1000")])])).await;
        let full = machine.queue(named("full", vec![job(vec![step("echo much"), step("echo more")])])).await;
        // The worker is busy with two others: the disk is full before the third begins.
        let job = &machine.once(&full, |_| true).await.stages[0].jobs[0].id;
        let folder = machine.folder.path().join("logs/run_full");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::os::unix::fs::symlink("/dev/full", folder.join(format!("{job}.log"))).expect("a link");
        for run in [&first, &second] {
            machine.store.cancel(run).await.expect("a store");
        }
        let detail = machine.completed(&full).await;
        let job = &detail.stages[0].jobs[0];
        assert_eq!(job.result, Some(RunResult::Failed));
        let reason = job.reason.as_deref().unwrap_or_default();
        let says = |words: &str| reason.contains(words);
        assert!(says("the log can't be written") && says("No space left on device"), "{reason}");
    });
}

#[test]
fn a_log_that_is_full_ends_with_one_line_and_its_job_goes_on_to_its_end() {
    const LEFT: u64 = 100_000;
    runtime().block_on(async {
        let machine = Machine::start(WAIT_MAX);
        let script = "seq 1 100000; echo '##vso[task.setvariable variable=seen]yes'; seq 1 100000";
        let steps = vec![step(script), step("[ \"$SEEN\" = yes ] && echo this is not kept")];
        let run = machine.queue(named("one", vec![Job { pool: "other".to_owned(), ..job(steps) }])).await;
        let detail = machine.once(&run, |detail| !detail.stages.is_empty()).await;
        let log = machine.folder.path().join(format!("logs/run_one/{}.log", detail.stages[0].jobs[0].id));
        std::fs::create_dir_all(log.parent().expect("a folder")).expect("a folder");
        std::fs::File::create(&log).and_then(|file| file.set_len(LOG_MAX - LEFT)).expect("a file of holes");
        let worker = machine.serve("other");
        let detail = machine.completed(&run).await;
        assert_eq!(detail.run.result, Some(RunResult::Succeeded));
        let mut file = std::fs::File::open(&log).expect("the log");
        file.seek(SeekFrom::Start(LOG_MAX - LEFT)).expect("its end");
        let mut end = String::new();
        file.read_to_string(&mut end).expect("text");
        // The block of lines that reaches the limit is kept as a whole.
        assert!(end.len() as u64 > LEFT && (end.len() as u64) < LEFT + 1_000_000, "{} bytes", end.len());
        let last = end.lines().last().expect("a line");
        assert!(last.ends_with("##[warning]The log has 2048 MiB, the most that is kept of one job: what follows is left out of it, and the job goes on."), "{last}");
        assert_eq!(end.matches("##[warning]").count(), 1);
        assert!(!end.contains("this is not kept"));
        machine.drain.send_replace(Drain::Gently);
        worker.await.expect("the worker ends");
    });
}
