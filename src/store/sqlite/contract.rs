//! The calls of [`Store`], each a piece of work for the one writer or for a reader.

use super::reckoned::{self, Reckoned};
use super::writer::{Now, Session};
use super::{
    SqliteStore, accept, attendance, claim, environment, lease, migration, other, pause, read, rerun, retention,
    roster, secret_use, steady, turn, wait,
};
use crate::id::{DeliveryId, RunId, WorkerId};
use crate::run::{Series, State};
use crate::store::attendance::folded;
use crate::store::{
    Acceptance, Accepted, Answer, Answered, Asking, Attendance, Claim, ConnectionCount, DeliveryDetail, DeliveryQuery,
    Depth, EnvironmentDetail, Error, Forgotten, HandedBack, JobOutcome, Lease, Lent, Other, Pausable, Pause,
    PoolDetail, Question, Renewal, Reran, Rerun, Run, RunDetail, RunQuery, SecretUses, Sought, StepEvent, Store, Swept,
};
use crate::webhook::connection::SecretDigest;
use crate::webhook::delivery::{Delivery, Refusal};
use crate::webhook::roster::Roster;
use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::Connection;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::watch;

#[async_trait]
impl Store for SqliteStore {
    async fn accept(&self, acceptance: Acceptance) -> Result<Accepted, Error> {
        let (rows, done) = self.writer.accept(Box::new(accept::Rows::new(acceptance)?)).await?;
        Ok(rows.accepted(done))
    }

    async fn refuse(&self, refusal: Refusal) -> Result<(), Error> {
        self.refusals.note(refusal, || self.send_refusals());
        Ok(())
    }

    async fn note_secret_use(&self, connection: &str, secret: SecretDigest, at: Timestamp) -> Result<(), Error> {
        let connection = connection.to_owned();
        let work = move |session: &mut Session<'_>| secret_use::note(session, &connection, &secret, at);
        self.writer.write_without_waiting(work, |written| {
            if let Err(error) = written {
                tracing::error!(%error, "the use of a secret could not be noted");
            }
        });
        Ok(())
    }

    async fn note_roster(&self, roster: Arc<Roster>, at: Timestamp) -> Result<(), Error> {
        self.writer.write_beside(move |session| roster::note(session, &roster, at)).await
    }

    async fn attend(&self, attendance: &Attendance) -> Result<(), Error> {
        let attendance = attendance.clone();
        self.writer.write_beside(move |session| attendance::note(session, &attendance)).await
    }

    async fn pools(&self) -> Result<Vec<PoolDetail>, Error> {
        let now = self.clock.now();
        self.read(move |connection| attendance::all(connection, now)).await
    }

    async fn claim(&self, worker: &WorkerId, pools: &[String], lease: Duration) -> Result<Option<Claim>, Error> {
        let request =
            claim::Request { worker: worker.clone(), pools: pools.iter().map(|pool| folded(pool)).collect(), lease };
        let pools = request.pools.clone();
        if self.are_displaced.load(Ordering::Relaxed) {
            self.cancel_displaced().await?;
        }
        if !self.readers.read(move |connection| claim::is_anything_due(connection, &pools)).await? {
            return Ok(None);
        }
        self.change(move |session| claim::claim(session, &request)).await
    }

    async fn renew(&self, lease: &Lease, by: Duration) -> Result<Renewal, Error> {
        let lease = lease.clone();
        self.writer.write_beside(move |session| lease::renew(session, &lease, by)).await
    }

    async fn record(&self, lease: &Lease, event: StepEvent) -> Result<(), Error> {
        let lease = lease.clone();
        self.change(move |session| lease::record(session, &lease, &event)).await
    }

    async fn count(&self, lease: &Lease, series: &Series) -> Result<i64, Error> {
        let (lease, series) = (lease.clone(), series.clone());
        self.write(move |session| lease::count(session, &lease, &series)).await
    }

    async fn agree(&self, lease: &Lease, name: &str, proposal: Option<&str>) -> Result<Option<String>, Error> {
        let (lease, name, proposal) = (lease.clone(), name.to_owned(), proposal.map(str::to_owned));
        self.write(move |session| lease::agree(session, &lease, &name, proposal.as_deref())).await
    }

    async fn finish(&self, lease: &Lease, outcome: JobOutcome) -> Result<(), Error> {
        let lease = lease.clone();
        self.change(move |session| lease::finish(session, &lease, &outcome)).await
    }

    async fn hand_back(&self, lease: &Lease) -> Result<HandedBack, Error> {
        let lease = lease.clone();
        self.change(move |session| lease::hand_back(session, &lease)).await
    }

    async fn ask(&self, lease: &Lease, question: &Question) -> Result<Option<Answer>, Error> {
        let (lease, question, now) = (lease.clone(), question.clone(), Now::of(&*self.clock));
        let (asked_by, asked) = (lease.clone(), question.clone());
        let look = move |connection: &Connection| {
            wait::look(connection, &asked_by, &asked, now.ahead(steady::last(connection)?))
        };
        match self.readers.read(look).await? {
            wait::Standing::Waiting => Ok(None),
            wait::Standing::Answered(answer) => Ok(Some(answer)),
            wait::Standing::Due => self.change(move |session| wait::ask(session, &lease, &question)).await,
        }
    }

    async fn answer(&self, asking: &Asking, answer: Answer) -> Result<Answered, Error> {
        let asking = asking.clone();
        self.change(move |session| wait::answer(session, &asking, &answer)).await
    }

    async fn rerun(&self, rerun: Rerun) -> Result<Reran, Error> {
        self.change(move |session| rerun::rerun(session, &rerun)).await
    }

    async fn cancel(&self, run: &RunId) -> Result<Option<State>, Error> {
        let run = run.clone();
        self.change(move |session| lease::cancel(session, &run)).await
    }

    async fn sweep(&self, everyone: bool) -> Result<Vec<Swept>, Error> {
        let now = self.clock.steady();
        // A process that ended while it paused or resumed something has left jobs aside, or groups as they were.
        if self.readers.read(pause::is_any_left_aside).await? {
            self.take_back().await?;
        }
        if self.readers.read(pause::is_any_to_readmit).await? {
            self.readmit().await?;
        }
        if self.readers.read(turn::is_any_displaced).await? {
            self.cancel_displaced().await?;
        }
        if !everyone && !self.readers.read(move |connection| lease::is_any_over(connection, now)).await? {
            return Ok(Vec::new());
        }
        self.change(move |session| lease::sweep(session, everyone)).await
    }

    async fn pause(&self, what: &Pausable) -> Result<(), Error> {
        let what = what.clone();
        self.change(move |session| pause::pause(session, &what)).await?;
        self.readmit().await
    }

    async fn resume(&self, what: &Pausable) -> Result<bool, Error> {
        let what = what.clone();
        self.leave_out_of_age(&what).await?;
        let was_paused = self.change(move |session| pause::resume(session, &what)).await?;
        self.readmit().await?;
        self.take_back().await?;
        Ok(was_paused)
    }

    async fn pauses(&self) -> Result<Vec<Pause>, Error> {
        self.readers.read(pause::pauses).await
    }

    async fn present(&self) -> Result<Timestamp, Error> {
        let last = *self.reckoned.lock().expect("no holder of the moment panics");
        let now = Now::of(&*self.clock);
        let next = match last {
            Some(last) => last.next(now),
            None => Reckoned::first(now, self.readers.read(reckoned::latest).await?),
        };
        *self.reckoned.lock().expect("no holder of the moment panics") = Some(next);
        Ok(next.at)
    }

    async fn expired_runs(&self, before: Timestamp, limit: usize) -> Result<Vec<RunId>, Error> {
        self.readers.read(move |connection| retention::expired(connection, before, limit)).await
    }

    async fn forget_runs(&self, runs: &[RunId]) -> Result<(), Error> {
        let runs = runs.to_vec();
        self.write(move |session| retention::forget_runs(session, &runs)).await
    }

    async fn lent(&self) -> Result<Vec<Lent>, Error> {
        self.readers.read(retention::lent).await
    }

    async fn forget_deliveries(&self, before: Timestamp, bytes_max: Option<u64>) -> Result<Forgotten, Error> {
        self.write(move |session| retention::forget_deliveries(session, before, bytes_max)).await
    }

    async fn compact(&self) -> Result<bool, Error> {
        self.writer.write_beside(|session| retention::compact(session)).await
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    async fn runs(&self, query: RunQuery) -> Result<Vec<Run>, Error> {
        let now = self.clock.now();
        self.read(move |connection| read::runs(connection, &query, now)).await
    }

    async fn run(&self, run: &RunId) -> Result<Option<RunDetail>, Error> {
        let (run, now) = (run.clone(), self.clock.now());
        self.read(move |connection| read::run(connection, &run, now)).await
    }

    async fn find_runs(&self, reference: &str) -> Result<Vec<RunId>, Error> {
        let reference = reference.to_owned();
        self.read(move |connection| read::find_runs(connection, &reference)).await
    }

    async fn other(&self, sought: &Sought) -> Result<Option<Other>, Error> {
        let sought = sought.clone();
        self.read(move |connection| other::find(connection, &sought)).await
    }

    async fn expanded(&self, run: &RunId) -> Result<Option<String>, Error> {
        let run = run.clone();
        self.read(move |connection| read::expanded(connection, &run)).await
    }

    async fn deliveries(&self, query: DeliveryQuery) -> Result<Vec<Delivery>, Error> {
        self.read(move |connection| read::deliveries(connection, &query)).await
    }

    async fn find_deliveries(&self, reference: &str) -> Result<Vec<DeliveryId>, Error> {
        let reference = reference.to_owned();
        self.read(move |connection| read::find_deliveries(connection, &reference)).await
    }

    async fn delivery(&self, delivery: &DeliveryId) -> Result<Option<DeliveryDetail>, Error> {
        let delivery = delivery.clone();
        self.read(move |connection| read::delivery(connection, &delivery)).await
    }

    async fn connection_counts(&self) -> Result<Vec<ConnectionCount>, Error> {
        self.read(read::connection_counts).await
    }

    async fn secret_uses(&self) -> Result<SecretUses, Error> {
        self.read(secret_use::all).await
    }

    async fn environments(&self) -> Result<Vec<EnvironmentDetail>, Error> {
        self.read(environment::all).await
    }

    async fn depth(&self) -> Result<Depth, Error> {
        let now = Now::of(&*self.clock);
        self.read(move |connection| read::depth(connection, now)).await
    }

    async fn ready(&self) -> Result<(), Error> {
        self.write(migration::write_probe).await
    }
}
