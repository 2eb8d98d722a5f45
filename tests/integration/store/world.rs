//! A store with a hand-wound clock, and short ways to make what goes into it.

use crate::database;
use jiff::{SignedDuration, Timestamp};
use pipehook::clock::{Clock, HandWoundClock};
use pipehook::diagnostic::Span;
use pipehook::id::{DeliveryId, Entropy, RunId, WorkerId};
use pipehook::pipeline::form::Form;
use pipehook::pipeline::plan::{Action, Interpreter, Job, Plan, Script, Stage, Step, VERSION};
use pipehook::run::{RunName, RunResult};
use pipehook::store::{
    Acceptance, Accepted, Access, Address, Attendance, Claim, JobOutcome, LeaseClock, NewRun, PostgresStore, QueuedRun,
    RepeatKey, SqliteStore, StepEvent, Store, Work,
};
use pipehook::template::{Content, Entry, Node};
use pipehook::webhook::delivery::{Decision, Delivery, Outcome, Refusal, Verdict};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;

/// How long leases hold in the tests.
pub const LEASE: Duration = Duration::from_secs(30);
/// More runs than any test queues.
pub const ROOM: u64 = 100_000;

/// A store that can be lost and found again.
pub struct World {
    /// Dropped before the folder is.
    store: Option<Box<dyn Store>>,
    pub clock: Arc<HandWoundClock>,
    place: Place,
    ids: AtomicU64,
}

/// Where a store is.
enum Place {
    /// In a folder.
    Folder(TempDir),
    /// In a database, by its address.
    Database(String),
}

/// Returns an empty world for each kind of store: the contract is the same for all.
pub fn worlds() -> Vec<World> {
    std::iter::once(World::sqlite()).chain(World::postgres()).collect()
}

impl World {
    pub fn sqlite() -> Self {
        Self::sqlite_in(tempfile::tempdir().expect("a folder"))
    }

    /// Returns a world in a folder.
    pub fn sqlite_in(folder: TempDir) -> Self {
        Self::at(Place::Folder(folder))
    }

    /// Returns a world on the database that the tests start, where there is one, whose connections have a name.
    pub fn postgres_named(name: &str) -> Option<Self> {
        Some(Self::at(Place::Database(format!("{}&application_name={name}", database::schema()?))))
    }

    /// Returns a world on the database that the tests start, where there is one.
    pub fn postgres() -> Option<Self> {
        Some(Self::at(Place::Database(database::schema()?)))
    }

    /// Returns what makes one empty world after the other in the same schema, where there is a database.
    pub fn postgres_in_turn() -> Option<impl FnMut() -> Self> {
        let address = database::schema()?;
        Some(move || {
            database::empty(&address);
            Self::at(Place::Database(address.clone()))
        })
    }

    fn at(place: Place) -> Self {
        let start = "2026-03-09T05:07:08Z".parse().expect("a time");
        let clock = Arc::new(HandWoundClock::new(start));
        let store = Some(open(&place, &clock));
        Self { store, clock, place, ids: AtomicU64::new(0) }
    }

    pub fn store(&self) -> &dyn Store {
        self.store.as_deref().expect("the store is open")
    }

    pub fn is_folder(&self) -> bool {
        matches!(self.place, Place::Folder(_))
    }

    pub fn folder(&self) -> &Path {
        match &self.place {
            Place::Folder(folder) => folder.path(),
            Place::Database(address) => panic!("{address} is no folder"),
        }
    }

    /// Returns the address of the database.
    pub fn address(&self) -> &str {
        match &self.place {
            Place::Database(address) => address,
            Place::Folder(folder) => panic!("{} is no database", folder.path().display()),
        }
    }

    /// Loses the process but not the disk: what is in the files now is all that the next one has.
    pub fn crash(&mut self) {
        if let Place::Folder(before) = &self.place {
            let folder = tempfile::tempdir().expect("a folder");
            for name in ["pipehook.db", "pipehook.db-wal"] {
                let from = before.path().join(name);
                if from.exists() {
                    std::fs::copy(from, folder.path().join(name)).expect("a copy");
                }
            }
            self.store = None;
            self.place = Place::Folder(folder);
        }
        self.store = None;
        self.store = Some(open(&self.place, &self.clock));
    }

    /// Ends the process; [`Self::crash`] begins the next one.
    pub fn close(&mut self) {
        self.store = None;
    }

    /// Makes the store what the version before the one that tells secrets apart would have left, then runs statements on
    /// it, of a folder or of a database, and opens it again.
    pub fn reopen_as_of_before(&mut self, folder: &str, database: &str) {
        self.close();
        if self.is_folder() {
            let file = rusqlite::Connection::open(self.folder().join("pipehook.db")).expect("the file opens");
            let by_name = "DROP TABLE mark_key; DROP TABLE secret_use;
                           CREATE TABLE secret_use (connection TEXT, secret TEXT, last_used INTEGER);
                           PRAGMA user_version = 20;";
            file.execute_batch(&format!("{by_name} {folder}")).expect("an earlier schema");
        } else {
            let programs = database::programs().expect("the world needs them too");
            let by_name = "DROP TABLE mark_key; DELETE FROM secret_use; ALTER TABLE secret_use DROP COLUMN mark;
                           ALTER TABLE secret_use ADD COLUMN secret text NOT NULL;
                           UPDATE schema_version SET version = 14;";
            database::run_sql(&programs, self.address(), &format!("{by_name} {database}")).expect("an earlier schema");
        }
        self.crash();
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The clock by which leases and waiting are counted.
    pub fn steady(&self) -> Timestamp {
        self.clock.steady()
    }

    /// Sets the clock that people read, forwards or backwards, without a moment passing.
    pub fn set_clock(&self, by: i64) {
        self.clock.set(SignedDuration::from_secs(by));
    }

    pub fn wait(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    pub fn worker(&self) -> WorkerId {
        let (milliseconds, entropy) = self.next_id();
        WorkerId::new(milliseconds, entropy)
    }

    fn next_id(&self) -> (u64, Entropy) {
        let next = self.ids.fetch_add(1, Ordering::Relaxed);
        let mut entropy = Entropy::default();
        entropy[2..].copy_from_slice(&next.to_be_bytes());
        (u64::try_from(self.now().as_millisecond()).expect("after 1970") + next, entropy)
    }

    pub fn new_run(&self, plan: Plan) -> NewRun {
        let (milliseconds, entropy) = self.next_id();
        NewRun {
            id: RunId::new(milliseconds, entropy),
            pipeline: plan.pipeline.clone(),
            name: RunName { prefix: "20260309.".to_owned(), revision: Some(1), suffix: String::new() },
            queued_at: self.now(),
            priority: 0,
            work: work(&plan),
        }
    }

    pub fn delivery(&self, body: &[u8], runs: &[NewRun]) -> (Delivery, Vec<u8>) {
        self.delivery_to("hook", body, runs)
    }

    pub fn delivery_to(&self, connection: &str, body: &[u8], runs: &[NewRun]) -> (Delivery, Vec<u8>) {
        let (milliseconds, entropy) = self.next_id();
        let verdict = |run: &NewRun| Verdict {
            pipeline: run.pipeline.clone(),
            decision: Decision::Queued,
            run: Some(run.id.clone()),
            filters: Vec::new(),
            diagnostics: Vec::new(),
        };
        let delivery = Delivery {
            id: DeliveryId::new(milliseconds, entropy),
            connection: connection.to_owned(),
            received_at: self.now(),
            outcome: if runs.is_empty() { Outcome::Nothing } else { Outcome::Queued },
            repeat_of: None,
            replay_of: None,
            event: None,
            secret: None,
            reason: None,
            roster: None,
            size: body.len() as u64,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            pipelines: runs.iter().map(verdict).collect(),
        };
        (delivery, body.to_vec())
    }

    pub fn refusal(&self, reason: &str) -> Refusal {
        let (milliseconds, entropy) = self.next_id();
        Refusal {
            id: DeliveryId::new(milliseconds, entropy),
            connection: "hook".to_owned(),
            received_at: self.now(),
            size: 3,
            reason: reason.to_owned(),
        }
    }

    /// Returns what a delivery with one run brings.
    pub fn acceptance(&self, plan: Plan, key: Option<&str>) -> Acceptance {
        self.acceptance_from("hook", 0, plan, key)
    }

    /// Returns what a delivery with one run brings to a connection of some priority.
    pub fn acceptance_from(&self, connection: &str, priority: i8, plan: Plan, key: Option<&str>) -> Acceptance {
        let runs = vec![NewRun { priority, ..self.new_run(plan) }];
        Acceptance {
            delivery: Some(self.delivery_to(connection, b"{}", &runs)),
            runs,
            repeat: key.map(|key| RepeatKey { key: key.to_owned(), window: Duration::from_secs(60) }),
            queue_limit: ROOM,
            connection_limit: None,
            queue_age: None,
        }
    }

    /// Queues a run of a plan.
    pub async fn queue(&self, plan: Plan) -> QueuedRun {
        self.queue_from("hook", 0, plan).await
    }

    /// Queues a run of a plan for a connection of some priority.
    pub async fn queue_from(&self, connection: &str, priority: i8, plan: Plan) -> QueuedRun {
        match self.store().accept(self.acceptance_from(connection, priority, plan, None)).await.expect("it is accepted")
        {
            Accepted::New(mut runs) => runs.pop().expect("one run"),
            repeat @ Accepted::Repeat { .. } => panic!("nothing is repeated here: {repeat:?}"),
        }
    }

    /// Claims the next job of the default pool.
    pub async fn claim(&self) -> Option<Claim> {
        self.claim_in(&["default"]).await
    }

    /// Claims the next job of some pools.
    pub async fn claim_in(&self, pools: &[&str]) -> Option<Claim> {
        self.store().claim(&self.worker(), &owned(pools), LEASE).await.expect("a claim")
    }

    /// Says that some pools are served.
    pub async fn attend(&self, pools: &[&str]) {
        let attendance = Attendance::new("here", &owned(pools));
        self.store().attend(&attendance).await.expect("it is noted");
    }

    pub fn outcome(&self, result: RunResult) -> JobOutcome {
        JobOutcome { result, reason: None, outputs: Vec::new(), at: self.now() }
    }

    pub fn started(&self, step: usize) -> StepEvent {
        StepEvent::Started { step, display_name: "greet".to_owned(), at: self.now(), attempt: 1 }
    }
}

fn owned(pools: &[&str]) -> Vec<String> {
    pools.iter().map(|&pool| pool.to_owned()).collect()
}

/// Returns the frozen work of a plan, with `steps: []` as the document.
pub fn work(plan: &Plan) -> Work {
    let node = |content| Node { span: Span::NONE, origin: None, content };
    let steps = Entry { key: "steps".into(), key_span: Span::NONE, value: node(Content::Sequence(Vec::new())) };
    let document = node(Content::Mapping(vec![steps]));
    Work { form: Arc::new(Form::of(plan, &document)), values: Vec::new() }
}

fn open(place: &Place, clock: &Arc<HandWoundClock>) -> Box<dyn Store> {
    match place {
        Place::Folder(folder) => {
            Box::new(SqliteStore::open(folder.path(), Access::Server, clock.clone()).expect("the store opens"))
        }
        Place::Database(address) => Box::new(open_database(address, LeaseClock::Own(clock.clone()))),
    }
}

/// Opens the store of a database, also from inside a runtime.
pub fn open_database(address: &str, clock: LeaseClock) -> PostgresStore {
    let address = Address::parse(address).expect("an address");
    let opening = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(PostgresStore::open(address, clock)).expect("the store opens")
    });
    opening.join().expect("it opens")
}

/// Returns a plan of one stage.
pub fn plan(jobs: Vec<Job>) -> Plan {
    staged(vec![stage("__default", &[], jobs)])
}

pub fn staged(stages: Vec<Stage>) -> Plan {
    Plan {
        version: VERSION,
        substitution: Default::default(),
        pipeline: "hello".to_owned(),
        name: "$(Date:yyyyMMdd).$(Rev:r)".into(),
        stages,
        ..Plan::default()
    }
}

pub fn stage(name: &str, depends_on: &[&str], jobs: Vec<Job>) -> Stage {
    Stage {
        name: name.to_owned(),
        display_name: name.into(),
        depends_on: depends_on.iter().map(|&name| name.to_owned()).collect(),
        jobs,
        ..Stage::default()
    }
}

pub fn job(name: &str, depends_on: &[&str]) -> Job {
    let script = Script { interpreter: Interpreter::Bash, text: "echo hello".into(), ..Script::default() };
    let step = Step { display_name: "greet".into(), action: Action::Script(script), ..Step::default() };
    Job {
        name: name.to_owned(),
        display_name: name.into(),
        depends_on: depends_on.iter().map(|&name| name.to_owned()).collect(),
        timeout_minutes: 60.0,
        cancel_timeout_minutes: 5.0,
        pool: "default".to_owned(),
        steps: vec![step],
        ..Job::default()
    }
}
