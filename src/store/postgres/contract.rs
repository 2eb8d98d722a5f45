//! The calls of [`Store`], each a piece of work on the store's threads.

use super::accept::Rows;
use super::claim::{self, Request};
use super::lease::{self, Over};
use super::row::fold;
use super::{
    PostgresStore, attendance, depot, environment, other, pause, read, rerun, retention, roster, secret_use, turn, wait,
};
use crate::files::Depot;
use crate::id::{DeliveryId, RunId, WorkerId};
use crate::run::{Series, State};
use crate::store::{
    Acceptance, Accepted, Answer, Answered, Asking, Attendance, Claim, ConnectionCount, DeliveryDetail, DeliveryQuery,
    Depth, EnvironmentDetail, Error, Forgotten, HandedBack, JobOutcome, Lease, Lent, Other, Pausable, Pause,
    PoolDetail, Question, Renewal, Reran, Rerun, Run, RunDetail, RunQuery, SecretUses, Sought, StepEvent, Store, Swept,
    Upkeep,
};
use crate::webhook::connection::SecretDigest;
use crate::webhook::delivery::{Delivery, Refusal};
use crate::webhook::roster::Roster;
use async_trait::async_trait;
use jiff::Timestamp;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::watch;

#[async_trait]
impl Store for PostgresStore {
    async fn accept(&self, acceptance: Acceptance) -> Result<Accepted, Error> {
        let rows = Rows::new(acceptance)?;
        let starts_runs = rows.starts_runs();
        let accepted = self.desk.accept(rows).await?;
        if starts_runs {
            self.shared.changes.tell();
        }
        Ok(accepted)
    }

    async fn refuse(&self, refusal: Refusal) -> Result<(), Error> {
        self.shared.refusals.note(refusal, || self.bring_notes());
        Ok(())
    }

    async fn note_secret_use(&self, connection: &str, secret: SecretDigest, at: Timestamp) -> Result<(), Error> {
        let secret = (connection.to_owned(), secret);
        self.shared.secret_uses.lock().expect("no holder panics").insert(secret, at);
        self.bring_notes();
        Ok(())
    }

    async fn note_roster(&self, roster: Arc<Roster>, at: Timestamp) -> Result<(), Error> {
        self.on_threads(move |shared| async move {
            let roster = &roster;
            Ok(shared
                .database
                .write(|session| Box::pin(async move { roster::note(&session, roster, at).await }))
                .await?)
        })
        .await
    }

    async fn attend(&self, attendance: &Attendance) -> Result<(), Error> {
        let attendance = attendance.clone();
        self.on_threads(|shared| async move {
            let attendance = &attendance;
            Ok(shared
                .database
                .write_lightly(|session| Box::pin(async move { attendance::note(&session, attendance).await }))
                .await?)
        })
        .await
    }

    async fn pools(&self) -> Result<Vec<PoolDetail>, Error> {
        self.on_threads(|shared| async move {
            Ok(shared.database.read(|session| Box::pin(async move { attendance::all(&session).await })).await?)
        })
        .await
    }

    async fn claim(&self, worker: &WorkerId, pools: &[String], lease: Duration) -> Result<Option<Claim>, Error> {
        let request = Request { worker: worker.clone(), pools: pools.iter().map(|pool| fold(pool)).collect(), lease };
        self.on_threads(|shared| async move {
            if shared.are_displaced.load(Ordering::Relaxed) {
                shared.cancel_displaced().await?;
            }
            let claim = claim::claim(&shared.database, &shared.forms, &request).await?;
            if claim.is_some() {
                shared.changes.tell();
            }
            Ok(claim)
        })
        .await
    }

    async fn renew(&self, lease: &Lease, by: Duration) -> Result<Renewal, Error> {
        let lease = lease.clone();
        self.on_threads(|shared| async move {
            // A renewal that a crash of the database takes back ends the lease some moments earlier; a
            // worker gives up long before that.
            let lease = &lease;
            Ok(shared
                .database
                .write_lightly(|session| Box::pin(async move { lease::renew(&session, lease, by).await }))
                .await?)
        })
        .await
    }

    async fn record(&self, lease: &Lease, event: StepEvent) -> Result<(), Error> {
        let lease = lease.clone();
        self.on_threads(|shared| async move {
            let (lease, event) = (&lease, &event);
            let record =
                shared.database.write(|session| Box::pin(async move { lease::record(&session, lease, event).await }));
            shared.changed(record.await)
        })
        .await
    }

    async fn count(&self, lease: &Lease, series: &Series) -> Result<i64, Error> {
        let (lease, series) = (lease.clone(), series.clone());
        self.on_threads(|shared| async move {
            let (lease, series) = (&lease, &series);
            Ok(shared
                .database
                .write(|session| Box::pin(async move { lease::count(&session, lease, series).await }))
                .await?)
        })
        .await
    }

    async fn agree(&self, lease: &Lease, name: &str, proposal: Option<&str>) -> Result<Option<String>, Error> {
        let (lease, name, proposal) = (lease.clone(), name.to_owned(), proposal.map(str::to_owned));
        self.on_threads(|shared| async move {
            let (lease, name, proposal) = (&lease, &name, &proposal);
            let agree = shared.database.write(|session| {
                Box::pin(async move { lease::agree(&session, lease, name, proposal.as_deref()).await })
            });
            Ok(agree.await?)
        })
        .await
    }

    async fn finish(&self, lease: &Lease, outcome: JobOutcome) -> Result<(), Error> {
        let lease = lease.clone();
        self.on_threads(|shared| async move {
            let (forms, lease, outcome) = (&shared.forms, &lease, &outcome);
            let finish = shared
                .database
                .write(|session| Box::pin(async move { lease::finish(&session, forms, lease, outcome).await }));
            shared.changed(finish.await)
        })
        .await
    }

    async fn hand_back(&self, lease: &Lease) -> Result<HandedBack, Error> {
        let lease = lease.clone();
        self.on_threads(|shared| async move {
            let (forms, lease) = (&shared.forms, &lease);
            let hand_back = shared
                .database
                .write(|session| Box::pin(async move { lease::hand_back(&session, forms, lease).await }));
            shared.changed(hand_back.await)
        })
        .await
    }

    async fn ask(&self, lease: &Lease, question: &Question) -> Result<Option<Answer>, Error> {
        let (lease, question) = (lease.clone(), question.clone());
        self.on_threads(|shared| async move {
            let (lease, question) = (&lease, &question);
            let look =
                shared.database.read(|session| Box::pin(async move { wait::look(&session, lease, question).await }));
            match look.await? {
                wait::Standing::Waiting => Ok(None),
                wait::Standing::Answered(answer) => Ok(Some(answer)),
                wait::Standing::Due => {
                    let ask = shared
                        .database
                        .write(|session| Box::pin(async move { wait::ask(&session, lease, question).await }));
                    shared.changed(ask.await)
                }
            }
        })
        .await
    }

    async fn answer(&self, asking: &Asking, answer: Answer) -> Result<Answered, Error> {
        let asking = asking.clone();
        self.on_threads(|shared| async move {
            let (asking, answer) = (&asking, &answer);
            let taken =
                shared.database.write(|session| Box::pin(async move { wait::answer(&session, asking, answer).await }));
            shared.changed(taken.await)
        })
        .await
    }

    async fn rerun(&self, rerun: Rerun) -> Result<Reran, Error> {
        self.on_threads(|shared| async move {
            let (forms, rerun) = (&shared.forms, &rerun);
            let reran =
                shared.database.write(|session| Box::pin(async move { rerun::rerun(&session, forms, rerun).await }));
            shared.changed(reran.await)
        })
        .await
    }

    async fn cancel(&self, run: &RunId) -> Result<Option<State>, Error> {
        let run = run.clone();
        self.on_threads(|shared| async move {
            let (forms, run) = (&shared.forms, &run);
            let cancel =
                shared.database.write(|session| Box::pin(async move { lease::cancel(&session, forms, run).await }));
            shared.changed(cancel.await)
        })
        .await
    }

    async fn sweep(&self, everyone: bool) -> Result<Vec<Swept>, Error> {
        let over = if everyone { Over::All } else { Over::ByTime };
        self.on_threads(move |shared| async move {
            let swept = lease::sweep(&shared.database, &shared.forms, over).await?;
            // A process that ended while it paused or resumed something has left jobs aside, or groups as they were.
            shared.take_back().await?;
            if shared.database.read(|session| Box::pin(async move { pause::is_any_to_readmit(&session).await })).await?
            {
                shared.readmit().await?;
            }
            if shared.database.read(|session| Box::pin(async move { turn::is_any_displaced(&session).await })).await? {
                shared.cancel_displaced().await?;
            }
            if !swept.is_empty() {
                shared.changes.tell();
            }
            Ok(swept)
        })
        .await
    }

    async fn pause(&self, what: &Pausable) -> Result<(), Error> {
        let what = what.clone();
        self.on_threads(|shared| async move {
            let what = &what;
            let pause = shared.database.write(|session| Box::pin(async move { pause::pause(&session, what).await }));
            shared.changed(pause.await)?;
            shared.readmit().await
        })
        .await
    }

    async fn resume(&self, what: &Pausable) -> Result<bool, Error> {
        let what = what.clone();
        self.on_threads(|shared| async move {
            shared.leave_out_of_age(&what).await?;
            let what = &what;
            let resume = shared.database.write(|session| Box::pin(async move { pause::resume(&session, what).await }));
            let was_paused = shared.changed(resume.await)?;
            shared.readmit().await?;
            shared.take_back().await?;
            Ok(was_paused)
        })
        .await
    }

    async fn pauses(&self) -> Result<Vec<Pause>, Error> {
        self.on_threads(|shared| async move {
            Ok(shared.database.read(|session| Box::pin(async move { pause::pauses(&session).await })).await?)
        })
        .await
    }

    fn depot(&self) -> Option<Arc<dyn Depot>> {
        let threads = self.runtime.as_ref().expect("only dropping takes it").handle().clone();
        Some(Arc::new(depot::PostgresDepot { shared: self.shared.clone(), threads }))
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.shared.changes.seen.subscribe()
    }

    async fn runs(&self, query: RunQuery) -> Result<Vec<Run>, Error> {
        self.on_threads(|shared| async move {
            let query = &query;
            Ok(shared.database.read(|session| Box::pin(async move { read::runs(&session, query).await })).await?)
        })
        .await
    }

    async fn run(&self, run: &RunId) -> Result<Option<RunDetail>, Error> {
        let run = run.clone();
        self.on_threads(|shared| async move {
            let run = &run;
            Ok(shared.database.read(|session| Box::pin(async move { read::run(&session, run).await })).await?)
        })
        .await
    }

    async fn find_runs(&self, reference: &str) -> Result<Vec<RunId>, Error> {
        let reference = reference.to_owned();
        self.on_threads(|shared| async move {
            let reference = &reference;
            Ok(shared
                .database
                .read(|session| Box::pin(async move { read::find_runs(&session, reference).await }))
                .await?)
        })
        .await
    }

    async fn other(&self, sought: &Sought) -> Result<Option<Other>, Error> {
        let sought = sought.clone();
        self.on_threads(|shared| async move {
            let sought = &sought;
            Ok(shared.database.read(|session| Box::pin(async move { other::find(&session, sought).await })).await?)
        })
        .await
    }

    async fn expanded(&self, run: &RunId) -> Result<Option<String>, Error> {
        let run = run.clone();
        self.on_threads(|shared| async move {
            let run = &run;
            Ok(shared.database.read(|session| Box::pin(async move { read::expanded(&session, run).await })).await?)
        })
        .await
    }

    async fn deliveries(&self, query: DeliveryQuery) -> Result<Vec<Delivery>, Error> {
        self.on_threads(|shared| async move {
            let query = &query;
            Ok(shared.database.read(|session| Box::pin(async move { read::deliveries(&session, query).await })).await?)
        })
        .await
    }

    async fn find_deliveries(&self, reference: &str) -> Result<Vec<DeliveryId>, Error> {
        let reference = reference.to_owned();
        self.on_threads(|shared| async move {
            let reference = &reference;
            Ok(shared
                .database
                .read(|session| Box::pin(async move { read::find_deliveries(&session, reference).await }))
                .await?)
        })
        .await
    }

    async fn delivery(&self, delivery: &DeliveryId) -> Result<Option<DeliveryDetail>, Error> {
        let delivery = delivery.clone();
        self.on_threads(|shared| async move {
            let delivery = &delivery;
            Ok(shared
                .database
                .read(|session| Box::pin(async move { read::delivery(&session, delivery).await }))
                .await?)
        })
        .await
    }

    async fn upkeep(&self) -> Result<Option<Upkeep>, Error> {
        self.on_threads(|shared| async move { Ok(retention::upkeep(&shared.database.pool).await?) }).await
    }

    async fn present(&self) -> Result<Timestamp, Error> {
        self.on_threads(|shared| async move {
            Ok(shared.database.read(|session| Box::pin(async move { retention::present(&session).await })).await?)
        })
        .await
    }

    async fn expired_runs(&self, before: Timestamp, limit: usize) -> Result<Vec<RunId>, Error> {
        self.on_threads(move |shared| async move {
            Ok(shared
                .database
                .read(|session| Box::pin(async move { retention::expired(&session, before, limit).await }))
                .await?)
        })
        .await
    }

    async fn forget_runs(&self, runs: &[RunId]) -> Result<(), Error> {
        let runs = runs.to_vec();
        self.on_threads(|shared| async move { retention::forget_runs(&shared, &runs).await }).await
    }

    async fn forget_deliveries(&self, before: Timestamp, bytes_max: Option<u64>) -> Result<Forgotten, Error> {
        self.on_threads(move |shared| async move {
            Ok(shared
                .database
                .write(|session| {
                    Box::pin(async move { retention::forget_deliveries(&session, before, bytes_max).await })
                })
                .await?)
        })
        .await
    }

    async fn lent(&self) -> Result<Vec<Lent>, Error> {
        self.on_threads(|shared| async move {
            Ok(shared.database.read(|session| Box::pin(async move { retention::lent(&session).await })).await?)
        })
        .await
    }

    async fn environments(&self) -> Result<Vec<EnvironmentDetail>, Error> {
        self.on_threads(|shared| async move {
            Ok(shared.database.read(|session| Box::pin(async move { environment::all(&session).await })).await?)
        })
        .await
    }

    async fn connection_counts(&self) -> Result<Vec<ConnectionCount>, Error> {
        self.on_threads(|shared| async move {
            Ok(shared.database.read(|session| Box::pin(async move { read::connection_counts(&session).await })).await?)
        })
        .await
    }

    async fn secret_uses(&self) -> Result<SecretUses, Error> {
        self.on_threads(|shared| async move {
            Ok(shared.database.read(|session| Box::pin(async move { secret_use::all(&session).await })).await?)
        })
        .await
    }

    async fn depth(&self) -> Result<Depth, Error> {
        self.on_threads(|shared| async move {
            Ok(shared.database.read(|session| Box::pin(async move { read::depth(&session).await })).await?)
        })
        .await
    }

    async fn ready(&self) -> Result<(), Error> {
        self.on_threads(|shared| async move {
            shared.write_notes().await?;
            Ok(shared.probe().await?)
        })
        .await
    }
}
