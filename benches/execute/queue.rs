//! A store with runs that wait, and a worker that executes them all.

use pipehook::clock::SystemClock;
use pipehook::diagnostic::Span;
use pipehook::id::{Entropy, RunId, WorkerId};
use pipehook::pipeline::form::Form;
use pipehook::pipeline::plan::Plan;
use pipehook::run::RunName;
use pipehook::store::{Acceptance, Access, Address, LeaseClock, NewRun, PostgresStore, SqliteStore, Store, Work};
use pipehook::template::{Content, Node};
use pipehook::worker::{DRAIN_GRACE, Host, Settings, Worker};
use std::sync::Arc;
use tokio::runtime::Runtime;

/// A store in a folder of its own.
pub struct Queue {
    store: Arc<dyn Store>,
    folder: tempfile::TempDir,
}

/// Where the store of a queue is.
#[derive(Clone, Copy)]
pub enum Place<'d> {
    /// In the folder.
    Folder,
    /// In a database, by its address.
    Database(&'d str),
}

impl Queue {
    pub fn open(runtime: &Runtime, place: Place<'_>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store: Arc<dyn Store> = match place {
            Place::Folder => {
                Arc::new(SqliteStore::open(folder.path(), Access::Server, Arc::new(SystemClock)).expect("a store"))
            }
            Place::Database(address) => {
                let address = Address::parse(address).expect("an address");
                Arc::new(runtime.block_on(PostgresStore::open(address, LeaseClock::Database)).expect("a store"))
            }
        };
        Self { store, folder }
    }

    /// Queues so many runs of a plan.
    pub fn fill(&self, runtime: &Runtime, runs: usize, plan: Plan) {
        let node = |content| Node { span: Span::NONE, origin: None, content };
        let form = Arc::new(Form::of(&plan, &node(Content::Sequence(Vec::new()))));
        runtime.block_on(async {
            for number in 0..runs {
                let mut entropy = Entropy::default();
                entropy[..8].copy_from_slice(&(number as u64).to_be_bytes());
                let run = NewRun {
                    id: RunId::new(number as u64, entropy),
                    pipeline: plan.pipeline.clone(),
                    name: RunName { prefix: "n".to_owned(), revision: None, suffix: String::new() },
                    queued_at: jiff::Timestamp::now(),
                    priority: 0,
                    work: Work { form: form.clone(), values: Vec::new() },
                };
                let acceptance = Acceptance {
                    delivery: None,
                    runs: vec![run],
                    repeat: None,
                    queue_limit: u64::MAX,
                    connection_limit: None,
                    queue_age: None,
                };
                self.store.accept(acceptance).await.expect("room");
            }
        });
    }

    /// Works until nothing waits and nothing runs.
    pub fn work(&self, runtime: &Runtime, jobs: usize, host: Host) {
        let settings = Settings {
            jobs,
            pools: vec!["default".to_owned()],
            data: self.folder.path().to_owned(),
            logs: pipehook::files::Logs::new(self.folder.path()),
            depot: None,
            drain_grace: DRAIN_GRACE,
            metrics: Arc::default(),
            host,
        };
        let worker = Worker::new(WorkerId::from_stored("wrk_1"), self.store.clone(), settings);
        let (drain, draining) = tokio::sync::watch::channel(pipehook::worker::Drain::No);
        runtime.block_on(async {
            let worker = tokio::spawn(worker.run(draining));
            let mut changes = self.store.changes();
            loop {
                let depth = self.store.depth().await.expect("a depth");
                if depth.queued + depth.running == 0 {
                    break;
                }
                let _ = changes.changed().await;
            }
            drain.send_replace(pipehook::worker::Drain::Gently);
            worker.await.expect("the worker ends");
        });
    }
}
