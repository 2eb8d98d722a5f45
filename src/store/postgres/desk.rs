//! Where acceptances wait: one task of each receiver takes everything that waits, and only answers when its
//! transaction is on disk, so that many senders share one sync.

use super::accept::{Rows, accept};
use super::depth::Depth;
use super::fault::Fault;
use super::form::Forms;
use super::session::Database;
use crate::store::{Accepted, Error, Outage};
use tokio::sync::{mpsc, oneshot};

/// How many acceptances may wait; those who bring more wait before they may leave theirs.
const WAITING_MAX: usize = 4_096;
/// How many one transaction takes at most, which bounds how long the first waits.
const BATCH_MAX: usize = 500;
/// The way to the task that accepts.
pub(super) struct Desk(mpsc::Sender<Waiting>);

struct Waiting {
    rows: Rows,
    tell: oneshot::Sender<Result<Accepted, Error>>,
}

impl Desk {
    /// Returns the desk, and what waits at it.
    pub(super) fn new() -> (Self, Queue) {
        let (bring, waiting) = mpsc::channel(WAITING_MAX);
        (Self(bring), Queue(waiting))
    }

    /// Accepts, and returns when that is on disk.
    pub(super) async fn accept(&self, rows: Rows) -> Result<Accepted, Error> {
        let (tell, told) = oneshot::channel();
        self.0.send(Waiting { rows, tell }).await.map_err(|_| ended())?;
        told.await.map_err(|_| ended())?
    }
}

fn ended() -> Error {
    Error::Unavailable("the store ended before the delivery was accepted".to_owned())
}

/// What waits to be accepted.
pub(super) struct Queue(mpsc::Receiver<Waiting>);

impl Queue {
    /// Accepts whatever comes, until nobody can bring more.
    pub(super) async fn work(mut self, database: &Database, forms: &Forms, outage: &Outage) {
        let depth = Depth::default();
        let mut waiting = Vec::with_capacity(BATCH_MAX);
        while self.0.recv_many(&mut waiting, BATCH_MAX).await > 0 {
            let (rows, tell): (Vec<Rows>, Vec<_>) = waiting.drain(..).map(|it| (it.rows, it.tell)).unzip();
            let told = accept_all((database, forms, &depth), &rows).await;
            told.iter().for_each(|told| note(outage, told));
            for (tell, told) in tell.into_iter().zip(told) {
                // Who does not wait any more has its delivery accepted all the same.
                let _ = tell.send(told);
            }
        }
    }
}

/// Says once that nothing can be accepted, not for each who is turned away for that.
fn note(outage: &Outage, told: &Result<Accepted, Error>) {
    match told {
        Ok(_) => outage.worked(super::WRITTEN_AGAIN),
        // Who turns a delivery away for these says so.
        Err(Error::Full { .. } | Error::FullFor { .. } | Error::Stale { .. }) => {}
        Err(error) => {
            outage.failed(error, "the database could not be written, and what comes is not acknowledged until it can");
        }
    }
}

/// What a batch is accepted with.
type With<'w> = (&'w Database, &'w Forms, &'w Depth);

/// Accepts a batch, and says for each what came of it. Where the database refuses something in the
/// batch, its halves are accepted apart, so that one delivery can't stand in the way of all others.
async fn accept_all(with: With<'_>, batch: &[Rows]) -> Vec<Result<Accepted, Error>> {
    let mut done = Vec::with_capacity(batch.len());
    let mut open = vec![batch];
    while let Some(batch) = open.pop() {
        match accept_batch(with, batch).await {
            Ok(told) => done.extend(told),
            Err(fault) if batch.len() > 1 && fault.is_about_rows() => {
                tracing::warn!(
                    deliveries = batch.len(),
                    "deliveries could not be accepted together, trying them apart"
                );
                let (first, second) = batch.split_at(batch.len() / 2);
                open.extend([second, first]);
            }
            Err(fault) => {
                let error = Error::from(fault);
                done.extend(batch.iter().map(|_| Err(same(&error))));
            }
        }
    }
    done
}

/// Returns an error that says the same to another.
fn same(error: &Error) -> Error {
    match error {
        Error::Unknown(reason) => Error::Unknown(reason.clone()),
        Error::Unavailable(reason) => Error::Unavailable(reason.clone()),
        Error::Broken(reason) => Error::Broken(reason.clone()),
        other => Error::Unavailable(other.to_string()),
    }
}

async fn accept_batch(
    (database, forms, depth): With<'_>,
    batch: &[Rows],
) -> Result<Vec<Result<Accepted, Error>>, Fault> {
    let used: Vec<_> = batch.iter().flat_map(|rows| &rows.runs).map(|(run, _)| run.work.form.clone()).collect();
    let places = &forms.places(database, &used).await?;
    match database.write(|session| Box::pin(async move { accept(&session, forms, batch, places, depth).await })).await {
        // A form was there and is not any more: it is written again.
        Err(fault) if fault.is_stale() => {
            forms.forget();
            let places = &forms.places(database, &used).await?;
            database.write(|session| Box::pin(async move { accept(&session, forms, batch, places, depth).await })).await
        }
        done => done,
    }
}
