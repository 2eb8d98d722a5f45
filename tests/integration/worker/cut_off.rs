//! A worker that can't renew its lease, in whichever way, has stopped the job's processes before anybody else can
//! have the job, and writes nothing more about it.

use super::bench::{job, runtime, step};
use super::output::is_gone;
use super::stored::{Machine, named};
use crate::store::cut_off::{CutOff, Fault};
use crate::support::until;
use pipehook::id::{RunId, WorkerId};
use pipehook::pipeline::plan::{Job, Step};
use pipehook::store::{Claim, Store};
use pipehook::worker::LEASE;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long anything may take that is waited for: more than a lease.
const WAIT_MAX: Duration = Duration::from_secs(90);
/// How often it is tried to take the job over: right after the lease, before anything else can happen.
const TRY_EVERY: Duration = Duration::from_millis(20);

/// A process without the mark of its job: nobody but its own shim and the worker finds it.
const ENDLESS: &str = "echo pid $$; echo ready; exec env -i sleep 600";

/// A worker with a job whose second step is endless.
struct Scene {
    machine: Machine,
    store: Arc<CutOff>,
    run: RunId,
}

impl Scene {
    /// Returns it once the log of the job has a line.
    async fn of(name: &str, steps: Vec<Step>, line: &str) -> Self {
        let machine = Machine::start(WAIT_MAX);
        let store = Arc::new(CutOff::new(machine.store.clone()));
        let work = Job { pool: "far".to_owned(), attempts: Some(2), ..job(steps) };
        machine.serve_from(store.clone(), "far");
        let run = machine.queue(named(name, vec![work])).await;
        machine.log_with(&run, line).await;
        Self { machine, store, run }
    }

    /// Takes the job over as soon as that is possible, as another machine does.
    async fn take_over(&self) -> Claim {
        let end = Instant::now() + WAIT_MAX;
        loop {
            self.machine.store.sweep(false).await.expect("a store");
            let pools = ["far".to_owned()];
            let other = WorkerId::from_stored("wrk_other");
            if let Some(claim) = self.machine.store.claim(&other, &pools, LEASE).await.expect("a store") {
                return claim;
            }
            assert!(Instant::now() < end, "the lease does not end");
            tokio::time::sleep(TRY_EVERY).await;
        }
    }

    /// Waits until the worker has put the folders of the job in order, which it does last.
    fn await_loss(&self) {
        let work = self.machine.path().join("work").join(self.run.as_str());
        let is_empty = |folder: &Path| std::fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
        until("the end of the job's folders", WAIT_MAX, || is_empty(&work).then_some(()));
    }
}

/// Lets something go wrong while a step runs, and checks what becomes of it.
fn cut_off(name: &str, fault: Fault) {
    runtime().block_on(async {
        let scene = Scene::of(name, vec![step(ENDLESS)], "ready").await;
        let log = scene.machine.log_with(&scene.run, "ready").await;
        let process = log.iter().find_map(|line| line.strip_prefix("pid ")).expect("a number");
        scene.store.begin(fault);
        let (writes, renewals) = (scene.store.writes(), scene.store.renewals());
        let claim = scene.take_over().await;
        assert!(is_gone(process), "the process of the first attempt lives while somebody else has the job");
        assert_eq!(claim.attempt, 2);
        scene.await_loss();
        assert_eq!(scene.store.writes(), writes, "who has lost a lease writes nothing");
        let log = scene.machine.log_with(&scene.run, "ready").await;
        assert_eq!(log.last().map(String::as_str), Some("ready"), "nor into the log");
        if matches!(fault, Fault::RenewalsLost | Fault::RenewalsHang) {
            // One may have been on its way.
            assert!(scene.store.renewals() <= renewals + 2, "who knows that it is lost does not ask again");
        }
    });
}

#[test]
fn a_job_whose_renewals_are_refused_at_once_is_stopped_before_anybody_else_has_it() {
    cut_off("refused", Fault::RenewalsRefused);
}

#[test]
fn a_job_whose_renewals_have_no_answer_is_stopped_before_anybody_else_has_it() {
    cut_off("hangs", Fault::RenewalsHang);
}

#[test]
fn a_job_whose_lease_is_told_to_be_lost_is_stopped_before_anybody_else_has_it() {
    cut_off("lost", Fault::RenewalsLost);
}

#[test]
fn a_record_that_waits_for_the_store_is_dropped_with_the_lease() {
    runtime().block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        let go = folder.path().join("go");
        let patient = format!("echo ready; until [ -e '{}' ]; do sleep 0.05; done", go.display());
        let scene = Scene::of("waits", vec![step(patient), step(ENDLESS)], "ready").await;
        scene.store.begin(Fault::Away);
        let writes = scene.store.writes();
        std::fs::write(&go, "").expect("a file");
        scene.machine.log_with(&scene.run, "##[section]Finishing: CmdLine").await;
        scene.await_loss();
        // The store is back before the lease is over: it would take what the worker writes.
        scene.store.begin(Fault::Nothing);
        let claim = scene.take_over().await;
        assert_eq!(claim.attempt, 2);
        assert_eq!(scene.store.writes(), writes, "who has given a job up writes nothing");
    });
}
