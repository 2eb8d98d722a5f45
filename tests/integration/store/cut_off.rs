//! A store as a worker sees it that is cut off from it: one job is claimed, and from some moment on renewing
//! its lease fails in one of several ways. What the worker writes under its lease is noted.
//!
//! All that others do is done on the store itself: to end leases is left to them, as in a store that machines share.

use async_trait::async_trait;
use jiff::Timestamp;
use pipehook::files::Depot;
use pipehook::id::{DeliveryId, RunId, WorkerId};
use pipehook::run::{Series, State};
use pipehook::store::{
    Acceptance, Accepted, Answer, Answered, Asking, Attendance, Claim, ConnectionCount, DeliveryDetail, DeliveryQuery,
    Depth, EnvironmentDetail, Error, Forgotten, HandedBack, JobOutcome, Lease, Lent, Other, Pausable, Pause,
    PoolDetail, Question, Renewal, Reran, Rerun, Run, RunDetail, RunQuery, SecretUses, Sought, StepEvent, Store, Swept,
    Upkeep,
};
use pipehook::webhook::connection::SecretDigest;
use pipehook::webhook::delivery::{Delivery, Refusal};
use pipehook::webhook::roster::Roster;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Nothing,
    /// Renewals fail at once, as where nobody listens any more.
    RenewalsRefused,
    /// Renewals have no answer, as where packets are dropped.
    RenewalsHang,
    /// Renewals are told that somebody else may have the job.
    RenewalsLost,
    /// All that is done under the lease fails at once.
    Away,
}

/// A store between a worker and another store.
pub struct CutOff {
    inner: Arc<dyn Store>,
    fault: Mutex<Fault>,
    has_claimed: AtomicBool,
    renewals: AtomicU64,
    writes: Mutex<Vec<&'static str>>,
}

impl CutOff {
    pub fn new(inner: Arc<dyn Store>) -> Self {
        let fault = Mutex::new(Fault::Nothing);
        Self { inner, fault, has_claimed: false.into(), renewals: 0.into(), writes: Mutex::default() }
    }

    /// Lets this go wrong from now on.
    pub fn begin(&self, fault: Fault) {
        *self.fault.lock().expect("no holder panics") = fault;
    }

    /// Returns how often a renewal was asked for.
    pub fn renewals(&self) -> u64 {
        self.renewals.load(Ordering::SeqCst)
    }

    /// Returns what was written so far under the lease, renewals left out, whether or not it was taken.
    pub fn writes(&self) -> Vec<&'static str> {
        self.writes.lock().expect("no holder panics").clone()
    }

    fn fault(&self) -> Fault {
        *self.fault.lock().expect("no holder panics")
    }

    /// Notes a write that comes to the store.
    fn write(&self, name: &'static str) -> Result<(), Error> {
        if self.fault() == Fault::Away {
            return Err(away());
        }
        self.writes.lock().expect("no holder panics").push(name);
        Ok(())
    }
}

fn away() -> Error {
    Error::Unavailable("nobody is there".to_owned())
}

#[async_trait]
impl Store for CutOff {
    async fn accept(&self, acceptance: Acceptance) -> Result<Accepted, Error> {
        self.inner.accept(acceptance).await
    }

    async fn refuse(&self, refusal: Refusal) -> Result<(), Error> {
        self.inner.refuse(refusal).await
    }

    async fn note_secret_use(&self, connection: &str, secret: SecretDigest, at: Timestamp) -> Result<(), Error> {
        self.inner.note_secret_use(connection, secret, at).await
    }

    async fn note_roster(&self, roster: Arc<Roster>, at: Timestamp) -> Result<(), Error> {
        self.inner.note_roster(roster, at).await
    }

    async fn attend(&self, attendance: &Attendance) -> Result<(), Error> {
        self.inner.attend(attendance).await
    }

    async fn pools(&self) -> Result<Vec<PoolDetail>, Error> {
        self.inner.pools().await
    }

    async fn claim(&self, worker: &WorkerId, pools: &[String], lease: Duration) -> Result<Option<Claim>, Error> {
        if self.has_claimed.load(Ordering::SeqCst) {
            return Ok(None);
        }
        let claim = self.inner.claim(worker, pools, lease).await?;
        self.has_claimed.fetch_or(claim.is_some(), Ordering::SeqCst);
        Ok(claim)
    }

    async fn renew(&self, lease: &Lease, by: Duration) -> Result<Renewal, Error> {
        self.renewals.fetch_add(1, Ordering::SeqCst);
        match self.fault() {
            Fault::Nothing => self.inner.renew(lease, by).await,
            Fault::RenewalsRefused | Fault::Away => Err(away()),
            Fault::RenewalsHang => std::future::pending().await,
            Fault::RenewalsLost => Err(Error::Lost),
        }
    }

    async fn record(&self, lease: &Lease, event: StepEvent) -> Result<(), Error> {
        self.write("record")?;
        self.inner.record(lease, event).await
    }

    async fn count(&self, lease: &Lease, series: &Series) -> Result<i64, Error> {
        self.write("count")?;
        self.inner.count(lease, series).await
    }

    async fn agree(&self, lease: &Lease, name: &str, proposal: Option<&str>) -> Result<Option<String>, Error> {
        self.write("agree")?;
        self.inner.agree(lease, name, proposal).await
    }

    async fn finish(&self, lease: &Lease, outcome: JobOutcome) -> Result<(), Error> {
        self.write("finish")?;
        self.inner.finish(lease, outcome).await
    }

    async fn hand_back(&self, lease: &Lease) -> Result<HandedBack, Error> {
        self.write("hand_back")?;
        self.inner.hand_back(lease).await
    }

    async fn ask(&self, lease: &Lease, question: &Question) -> Result<Option<Answer>, Error> {
        self.write("ask")?;
        self.inner.ask(lease, question).await
    }

    async fn answer(&self, asking: &Asking, answer: Answer) -> Result<Answered, Error> {
        self.inner.answer(asking, answer).await
    }

    async fn rerun(&self, rerun: Rerun) -> Result<Reran, Error> {
        self.inner.rerun(rerun).await
    }

    async fn cancel(&self, run: &RunId) -> Result<Option<State>, Error> {
        self.inner.cancel(run).await
    }

    async fn sweep(&self, _everyone: bool) -> Result<Vec<Swept>, Error> {
        Ok(Vec::new())
    }

    async fn pause(&self, what: &Pausable) -> Result<(), Error> {
        self.inner.pause(what).await
    }

    async fn resume(&self, what: &Pausable) -> Result<bool, Error> {
        self.inner.resume(what).await
    }

    async fn pauses(&self) -> Result<Vec<Pause>, Error> {
        self.inner.pauses().await
    }

    fn depot(&self) -> Option<Arc<dyn Depot>> {
        self.inner.depot()
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn upkeep(&self) -> Result<Option<Upkeep>, Error> {
        self.inner.upkeep().await
    }

    async fn present(&self) -> Result<Timestamp, Error> {
        self.inner.present().await
    }

    async fn expired_runs(&self, before: Timestamp, limit: usize) -> Result<Vec<RunId>, Error> {
        self.inner.expired_runs(before, limit).await
    }

    async fn forget_runs(&self, runs: &[RunId]) -> Result<(), Error> {
        self.inner.forget_runs(runs).await
    }

    async fn lent(&self) -> Result<Vec<Lent>, Error> {
        self.inner.lent().await
    }

    async fn forget_deliveries(&self, before: Timestamp, bytes_max: Option<u64>) -> Result<Forgotten, Error> {
        self.inner.forget_deliveries(before, bytes_max).await
    }

    async fn compact(&self) -> Result<bool, Error> {
        self.inner.compact().await
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changes()
    }

    async fn runs(&self, query: RunQuery) -> Result<Vec<Run>, Error> {
        self.inner.runs(query).await
    }

    async fn run(&self, run: &RunId) -> Result<Option<RunDetail>, Error> {
        self.inner.run(run).await
    }

    async fn find_runs(&self, reference: &str) -> Result<Vec<RunId>, Error> {
        self.inner.find_runs(reference).await
    }

    async fn other(&self, sought: &Sought) -> Result<Option<Other>, Error> {
        self.inner.other(sought).await
    }

    async fn expanded(&self, run: &RunId) -> Result<Option<String>, Error> {
        self.inner.expanded(run).await
    }

    async fn deliveries(&self, query: DeliveryQuery) -> Result<Vec<Delivery>, Error> {
        self.inner.deliveries(query).await
    }

    async fn find_deliveries(&self, reference: &str) -> Result<Vec<DeliveryId>, Error> {
        self.inner.find_deliveries(reference).await
    }

    async fn delivery(&self, delivery: &DeliveryId) -> Result<Option<DeliveryDetail>, Error> {
        self.inner.delivery(delivery).await
    }

    async fn connection_counts(&self) -> Result<Vec<ConnectionCount>, Error> {
        self.inner.connection_counts().await
    }

    async fn secret_uses(&self) -> Result<SecretUses, Error> {
        self.inner.secret_uses().await
    }

    async fn environments(&self) -> Result<Vec<EnvironmentDetail>, Error> {
        self.inner.environments().await
    }

    async fn depth(&self) -> Result<Depth, Error> {
        self.inner.depth().await
    }

    async fn ready(&self) -> Result<(), Error> {
        self.inner.ready().await
    }
}
