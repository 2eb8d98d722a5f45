//! What a claim costs when much is in the store.
//!
//! `cargo bench --bench scale [-- --finished 1000000 --queued 100000]` prints two tables: accepting,
//! claiming and finishing beside 10, 10,000 and 1,000,000 finished runs; and claiming where so many
//! jobs are due, of one connection and of a hundred. Each number is a median; all of it is synced.

use jiff::Timestamp;
use pipehook::clock::SystemClock;
use pipehook::diagnostic::Span;
use pipehook::id::{DeliveryId, Entropy, RunId, WorkerId};
use pipehook::pipeline::form::Form;
use pipehook::pipeline::plan::{Job, Plan, Stage, VERSION};
use pipehook::run::{RunName, RunResult};
use pipehook::store::{Acceptance, Access, JobOutcome, NewRun, SqliteStore, Store, Work};
use pipehook::template::{Content, Node};
use pipehook::webhook::delivery::{Delivery, Outcome};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often each step is measured.
const ROUNDS: usize = 200;
/// How many acceptances wait for one commit while a queue is filled.
const AT_ONCE: usize = 500;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let chosen = |name: &str, default: usize| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1)).and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (finished, queued) = (chosen("--finished", 1_000_000), chosen("--queued", 100_000));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    println!("| finished runs | database | accept | claim | finish | list of 30 |\n|---|---|---|---|---|---|");
    for count in [10, 10_000, finished] {
        runtime.block_on(beside_finished(count));
    }
    println!("\n| due jobs | connections | filing all | claim | finish |\n|---|---|---|---|---|");
    for (count, connections) in [(10, 1), (queued, 1), (queued, 100)] {
        runtime.block_on(with_queued(count, connections));
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

async fn beside_finished(count: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let bench = Bench::open(folder.path());
    bench.accept(1, 1).await;
    bench.claim_and_finish(&mut Vec::new(), &mut Vec::new()).await;
    let Bench { store, work } = bench;
    drop(store);
    multiply(folder.path(), count);
    let bench = Bench { work, ..Bench::open(folder.path()) };
    let (mut accepts, mut claims, mut finishes, mut lists) = (vec![], vec![], vec![], vec![]);
    for round in 0..ROUNDS {
        timed(&mut accepts, bench.accept(count + 10 + round, 1)).await;
        bench.claim_and_finish(&mut claims, &mut finishes).await;
        let query = pipehook::store::RunQuery { limit: 30, ..Default::default() };
        timed(&mut lists, bench.store.runs(query)).await.expect("a list");
    }
    let size = std::fs::metadata(folder.path().join("pipehook.db")).expect("a file").len() / 1024 / 1024;
    let [accept, claim, finish, list] = [accepts, claims, finishes, lists].map(median);
    println!("| {count} | {size} MiB | {accept} | {claim} | {finish} | {list} |");
}

async fn with_queued(count: usize, connections: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let bench = Arc::new(Bench::open(folder.path()));
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

struct Bench {
    store: SqliteStore,
    work: Work,
}

impl Bench {
    fn open(folder: &Path) -> Self {
        let store = SqliteStore::open(folder, Access::Server, Arc::new(SystemClock)).expect("the store opens");
        let job = Job { name: "a".to_owned(), pool: "default".to_owned(), ..Job::default() };
        let stage = Stage { name: "__default".to_owned(), jobs: vec![job], ..Stage::default() };
        let plan = Plan { version: VERSION, pipeline: "hello".to_owned(), stages: vec![stage], ..Plan::default() };
        let document = Node { span: Span::NONE, origin: None, content: Content::Sequence(Vec::new()) };
        Self { store, work: Work { form: Arc::new(Form::of(&plan, &document)), values: Vec::new() } }
    }

    async fn accept(&self, number: usize, connections: usize) {
        let mut entropy = Entropy::default();
        entropy[2..].copy_from_slice(&(number as u64).to_be_bytes());
        let (at, connection) = (Timestamp::now(), number % connections);
        let milliseconds = u64::try_from(at.as_millisecond()).expect("after 1970");
        let run = NewRun {
            id: RunId::new(milliseconds, entropy),
            pipeline: format!("hello{connection}"),
            name: RunName { prefix: "n".to_owned(), revision: None, suffix: String::new() },
            queued_at: at,
            priority: 0,
            work: self.work.clone(),
        };
        let delivery = Delivery {
            id: DeliveryId::new(milliseconds, entropy),
            connection: format!("hook{connection}"),
            received_at: at,
            outcome: Outcome::Queued,
            repeat_of: None,
            replay_of: None,
            event: None,
            secret: None,
            reason: None,
            size: 2,
            headers: Vec::new(),
            pipelines: Vec::new(),
        };
        let acceptance = Acceptance {
            delivery: Some((delivery, b"{}".to_vec())),
            runs: vec![run],
            repeat: None,
            queue_limit: u64::MAX,
            queue_age: None,
        };
        self.store.accept(acceptance).await.expect("room");
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

/// Writes the one finished run again and again, under other ids and numbers.
fn multiply(folder: &Path, count: usize) {
    let database = rusqlite::Connection::open(folder.join("pipehook.db")).expect("the file opens");
    let copies = |table: &str, changed: &[(&str, &str)]| {
        let mut query = database.prepare(&format!("SELECT name FROM pragma_table_info('{table}')")).expect("a table");
        let columns: Vec<String> =
            query.query_map([], |row| row.get(0)).expect("columns").collect::<Result<_, _>>().expect("names");
        let value = |column: &String| {
            let other = changed.iter().find(|(name, _)| name == column).map(|(_, value)| (*value).to_owned());
            other.unwrap_or_else(|| format!("one.\"{column}\""))
        };
        let names: Vec<String> = columns.iter().map(|column| format!("\"{column}\"")).collect();
        let values: Vec<String> = columns.iter().map(value).collect();
        let sql = format!(
            "WITH RECURSIVE n (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n < {count})
             INSERT INTO {table} ({}) SELECT {} FROM n, (SELECT * FROM {table} LIMIT 1) AS one",
            names.join(", "),
            values.join(", ")
        );
        database.execute(&sql, []).expect("copies");
    };
    let transaction = database.unchecked_transaction().expect("a transaction");
    copies("delivery", &[("seq", "n.n"), ("id", "printf('dlv_%032x', n.n)")]);
    copies("delivery_place", &[("seq", "n.n"), ("id", "printf('dlv_%032x', n.n)")]);
    copies(
        "run",
        &[
            ("seq", "n.n"),
            ("id", "printf('run_%032x', n.n)"),
            ("number", "n.n"),
            ("delivery", "printf('dlv_%032x', n.n)"),
        ],
    );
    copies("work", &[("run", "n.n")]);
    copies("job", &[("seq", "n.n"), ("id", "printf('job_%032x', n.n)"), ("run", "n.n")]);
    database
        .execute_batch(&format!(
            "UPDATE filing SET filed = {count};
             UPDATE counter SET value = max(value, {count}) WHERE scope IN ('run', 'revision')"
        ))
        .expect("counters");
    transaction.commit().expect("it is written");
}
