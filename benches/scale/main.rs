//! What a claim costs when much is in the store.
//!
//! `cargo bench --bench scale [-- --finished 1000000 --queued 100000 --store postgres]` prints three tables:
//! accepting, claiming and finishing beside 10, 10,000 and 1,000,000 finished runs; claiming where so many
//! jobs are due, of one connection and of a hundred; and how many jobs of such a queue 1, 2 and 4 workers
//! claim and finish a second. With `--waiting 50000` it prints one other: what each event costs beside 100 and
//! 50,000 runs that wait, are paused, or wait in groups. Times are medians; all of it is synced.

#[path = "../../tests/integration/database.rs"]
mod database;
mod many;
mod waiting;

use jiff::Timestamp;
use pipehook::clock::SystemClock;
use pipehook::diagnostic::Span;
use pipehook::id::{DeliveryId, Entropy, RunId, WorkerId};
use pipehook::pipeline::form::Form;
use pipehook::pipeline::plan::{Concurrency, ConcurrencyPolicy, Job, Plan, Stage, VERSION};
use pipehook::run::{RunName, RunResult};
use pipehook::store::{
    Acceptance, Access, Address, JobOutcome, LeaseClock, NewRun, PostgresStore, SqliteStore, Store, Work,
};
use pipehook::template::{Content, Node};
use pipehook::webhook::delivery::{Delivery, Outcome};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often each step is measured.
const ROUNDS: usize = 200;
/// How many acceptances wait for one commit while a queue is filled.
const AT_ONCE: usize = 500;
/// How many workers share a queue, and for how long.
const WORKERS: [usize; 3] = [1, 2, 4];
const SHARED_TIME: Duration = Duration::from_secs(5);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let chosen = |name: &str, default: usize| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1)).and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (finished, queued) = (chosen("--finished", 1_000_000), chosen("--queued", 100_000));
    let with_postgres = arguments.windows(2).any(|pair| pair == ["--store", "postgres"]);
    let server = with_postgres.then(|| database::Server::start().expect("PostgreSQL is on this machine"));
    let place = || Place::new(server.as_ref());
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let waiting = chosen("--waiting", 0);
    if waiting > 0 {
        return runtime.block_on(waiting::table(place, &[100, waiting]));
    }
    println!("| finished runs | store | accept | claim | finish | list of 30 |\n|---|---|---|---|---|---|");
    for count in [10, 10_000, finished] {
        runtime.block_on(beside_finished(&place(), count));
    }
    println!("\n| due jobs | connections | filing all | claim | finish |\n|---|---|---|---|---|");
    for (count, connections) in [(10, 1), (queued, 1), (queued, 100)] {
        runtime.block_on(with_queued(&place(), count, connections));
    }
    println!("\n| workers | jobs a second |\n|---|---|");
    let place = place();
    let bench = runtime.block_on(filled(&place, queued, 100));
    // What is not filed yet would be filed by the first claim, in the time of the first workers.
    runtime.block_on(bench.store.ready()).expect("it is filed");
    for workers in WORKERS {
        let jobs = runtime.block_on(shared(&bench, workers));
        println!("| {workers} | {:.0} |", jobs as f64 / SHARED_TIME.as_secs_f64());
    }
}

/// Where a store is.
enum Place<'s> {
    Folder(tempfile::TempDir),
    Database(&'s database::Server, String),
}

impl<'s> Place<'s> {
    fn new(server: Option<&'s database::Server>) -> Self {
        match server {
            Some(server) => Self::Database(server, server.schema()),
            None => Self::Folder(tempfile::tempdir().expect("a folder")),
        }
    }

    async fn open(&self) -> Arc<dyn Store> {
        match self {
            Self::Folder(folder) => {
                Arc::new(SqliteStore::open(folder.path(), Access::Server, Arc::new(SystemClock)).expect("it opens"))
            }
            Self::Database(_, address) => {
                let address = Address::parse(address).expect("an address");
                Arc::new(PostgresStore::open(address, LeaseClock::Database).await.expect("the store opens"))
            }
        }
    }

    /// Writes the one finished run again and again.
    fn multiply(&self, count: usize) {
        match self {
            Self::Folder(folder) => many::in_folder(folder.path(), count),
            Self::Database(_, address) => many::in_database(address, count),
        }
    }

    /// Returns how many MiB it takes.
    fn size(&self) -> u64 {
        let bytes = |path: &Path| std::fs::metadata(path).expect("a file").len();
        match self {
            Self::Folder(folder) => bytes(&folder.path().join("pipehook.db")) / 1024 / 1024,
            Self::Database(server, _) => {
                let size = "SELECT pg_database_size(current_database()) / 1024 / 1024";
                server.sql(size).parse().expect("a number")
            }
        }
    }
}

fn median(mut all: Vec<Duration>) -> String {
    all.sort();
    format!("{:.0} µs", all[all.len() / 2].as_secs_f64() * 1e6)
}

async fn timed<T>(all: &mut Vec<Duration>, work: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let done = work.await;
    all.push(began.elapsed());
    done
}

async fn beside_finished(place: &Place<'_>, count: usize) {
    let bench = Bench::open(place).await;
    bench.accept(1, 1).await;
    bench.claim_and_finish(&mut Vec::new(), &mut Vec::new()).await;
    let Bench { store, work } = bench;
    drop(store);
    place.multiply(count);
    let bench = Bench { work, ..Bench::open(place).await };
    let (mut accepts, mut claims, mut finishes, mut lists) = (vec![], vec![], vec![], vec![]);
    for round in 0..ROUNDS {
        timed(&mut accepts, bench.accept(count + 10 + round, 1)).await;
        bench.claim_and_finish(&mut claims, &mut finishes).await;
        let query = pipehook::store::RunQuery { limit: 30, ..Default::default() };
        timed(&mut lists, bench.store.runs(query)).await.expect("a list");
    }
    let [accept, claim, finish, list] = [accepts, claims, finishes, lists].map(median);
    println!("| {count} | {} MiB | {accept} | {claim} | {finish} | {list} |", place.size());
}

/// Returns a store in which so many jobs are due.
async fn filled(place: &Place<'_>, count: usize, connections: usize) -> Arc<Bench> {
    let bench = Arc::new(Bench::open(place).await);
    for first in (0..count).step_by(AT_ONCE) {
        let last = count.min(first + AT_ONCE);
        let mut all = tokio::task::JoinSet::new();
        for number in first..last {
            let bench = bench.clone();
            all.spawn(async move { bench.accept(number + 1, connections).await });
        }
        while let Some(accepted) = all.join_next().await {
            accepted.expect("nothing panics");
        }
    }
    bench
}

async fn with_queued(place: &Place<'_>, count: usize, connections: usize) {
    let bench = filled(place, count, connections).await;
    let began = Instant::now();
    bench.store.ready().await.expect("it is filed");
    let filing = began.elapsed();
    let (mut claims, mut finishes) = (vec![], vec![]);
    for _ in 0..ROUNDS.min(count) {
        bench.claim_and_finish(&mut claims, &mut finishes).await;
    }
    let [claim, finish] = [claims, finishes].map(median);
    println!("| {count} | {connections} | {:.1} s | {claim} | {finish} |", filing.as_secs_f64());
}

/// Returns how many jobs some workers claim and finish in [`SHARED_TIME`].
async fn shared(bench: &Arc<Bench>, workers: usize) -> usize {
    let end = Instant::now() + SHARED_TIME;
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..workers {
        let bench = bench.clone();
        all.spawn(async move {
            let mut jobs = 0;
            while Instant::now() < end {
                bench.claim_and_finish(&mut Vec::new(), &mut Vec::new()).await;
                jobs += 1;
            }
            jobs
        });
    }
    all.join_all().await.into_iter().sum()
}

/// Returns the work of one job, in a group where one is named.
fn work(group: Option<&str>) -> Work {
    let job = Job { name: "a".to_owned(), pool: "default".to_owned(), ..Job::default() };
    let stage = Stage { name: "__default".to_owned(), jobs: vec![job], ..Stage::default() };
    let concurrency =
        group.map(|group| Concurrency { group: group.into(), limit: 1, policy: ConcurrencyPolicy::Queue });
    let plan =
        Plan { version: VERSION, pipeline: "hello".to_owned(), stages: vec![stage], concurrency, ..Plan::default() };
    let document = Node { span: Span::NONE, origin: None, content: Content::Sequence(Vec::new()) };
    Work { form: Arc::new(Form::of(&plan, &document)), values: Vec::new() }
}

struct Bench {
    store: Arc<dyn Store>,
    work: Work,
}

impl Bench {
    async fn open(place: &Place<'_>) -> Self {
        Self { store: place.open().await, work: work(None) }
    }

    async fn accept(&self, number: usize, connections: usize) {
        let connection = number % connections;
        self.accept_for(number, (&format!("hello{connection}"), &format!("hook{connection}")), self.work.clone()).await;
    }

    /// Accepts a run of some work, for a pipeline and a connection. Its number is given once.
    async fn accept_for(&self, number: usize, (pipeline, connection): (&str, &str), work: Work) -> RunId {
        let mut entropy = Entropy::default();
        // Ids of jobs have all but the last digits of their run's.
        entropy[..8].copy_from_slice(&(number as u64).to_be_bytes());
        let at = Timestamp::now();
        let milliseconds = u64::try_from(at.as_millisecond()).expect("after 1970");
        let run = NewRun {
            id: RunId::new(milliseconds, entropy),
            pipeline: pipeline.to_owned(),
            name: RunName { prefix: "n".to_owned(), revision: None, suffix: String::new() },
            queued_at: at,
            priority: 0,
            work,
        };
        let id = run.id.clone();
        let delivery = Delivery {
            id: DeliveryId::new(milliseconds, entropy),
            connection: connection.to_owned(),
            received_at: at,
            outcome: Outcome::Queued,
            repeat_of: None,
            replay_of: None,
            event: None,
            secret: None,
            reason: None,
            roster: None,
            size: 2,
            headers: Vec::new(),
            pipelines: Vec::new(),
        };
        let acceptance = Acceptance {
            delivery: Some((delivery, b"{}".to_vec())),
            runs: vec![run],
            repeat: None,
            queue_limit: u64::MAX,
            connection_limit: None,
            queue_age: None,
        };
        self.store.accept(acceptance).await.expect("room");
        id
    }

    async fn claim_and_finish(&self, claims: &mut Vec<Duration>, finishes: &mut Vec<Duration>) {
        let worker = WorkerId::new(1, Entropy::default());
        let pools = ["default".to_owned()];
        let claim = timed(claims, self.store.claim(&worker, &pools, Duration::from_secs(30))).await;
        let lease = claim.expect("a claim").expect("something is due").lease;
        let outcome =
            JobOutcome { result: RunResult::Succeeded, reason: None, outputs: Vec::new(), at: Timestamp::now() };
        timed(finishes, self.store.finish(&lease, outcome)).await.expect("held");
    }
}
