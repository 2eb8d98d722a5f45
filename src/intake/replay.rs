//! Posting a delivery again on purpose: through today's pipelines, as a new delivery that is
//! linked to the one it repeats. The checksum was checked when it came, and is not kept.

use super::apart::Crowded;
use super::decide::Thread;
use super::{Admission, Intake, own_queue_limit, stored_body};
use crate::id::DeliveryId;
use crate::run::State;
use crate::store::{self, Acceptance, Accepted, RepeatKey, RunQuery};
use crate::webhook::delivery::{Delivery, Outcome};
use crate::webhook::payload;
use std::time::Duration;

/// How long a second replay of the same delivery is taken for a slip of the hand.
const REPLAYS_APART: Duration = Duration::from_secs(60);
/// The most runs of a delivery that are looked at.
const RUNS_MAX: usize = 1_000;

/// Why a delivery is not posted again. The sentences are for people.
#[derive(Debug, thiserror::Error)]
pub enum Unreplayable {
    /// There is none.
    #[error("there is no such delivery")]
    Unknown,
    /// Its body was not kept, as of all that are refused.
    #[error("the delivery was refused: its body was not kept, let the sender send it again")]
    Refused,
    /// It asked no pipeline.
    #[error("the delivery asked no pipeline: {0}")]
    NotForPipelines(String),
    /// Its connection is gone.
    #[error("the connection `{0}` is not configured any more")]
    WithoutConnection(String),
    /// What it started has not ended.
    #[error(
        "the run {0}#{1} that the delivery started has not ended: `--force`, or `?force=true`, starts another one beside it"
    )]
    Running(String, u64),
    /// It was posted again a moment ago.
    #[error("the delivery was replayed less than a minute ago, as {0}: `--force`, or `?force=true`, does it again")]
    JustNow(DeliveryId),
    /// Its body can't be used, by the rules of today.
    #[error("the body can't be used: {0}")]
    Body(String),
    /// There is no place to decide about it.
    #[error("{0}: try again in some seconds")]
    Crowded(#[from] Crowded),
    /// The store says why.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Intake {
    /// Posts a delivery again. Without `force` not while a run of it goes on, and not twice within
    /// a minute.
    pub async fn replay(&self, id: &DeliveryId, force: Force) -> Result<Admission, Unreplayable> {
        let detail = self.store.delivery(id).await?.ok_or(Unreplayable::Unknown)?;
        let (first, Some(body)) = (detail.delivery, detail.body) else { return Err(Unreplayable::Refused) };
        if first.outcome == Outcome::Refused {
            return Err(Unreplayable::Refused);
        }
        if let Some(reason) = first.reason {
            return Err(Unreplayable::NotForPipelines(reason));
        }
        if force == Force::No {
            self.has_ended(first.repeat_of.as_ref().unwrap_or(id)).await?;
        }
        let key = RepeatKey { key: format!("replay:{id}"), window: REPLAYS_APART };
        let repeat = (force == Force::No).then_some(key);
        self.post_again(id, first, body, repeat).await
    }

    /// Looks whether all runs of a delivery have ended.
    async fn has_ended(&self, id: &DeliveryId) -> Result<(), Unreplayable> {
        let query = RunQuery { delivery: Some(id.clone()), limit: RUNS_MAX, ..RunQuery::default() };
        let runs = self.store.runs(query).await?;
        match runs.into_iter().find(|run| run.state != State::Completed) {
            Some(run) => Err(Unreplayable::Running(run.pipeline, run.number)),
            None => Ok(()),
        }
    }

    async fn post_again(
        &self,
        id: &DeliveryId,
        first: Delivery,
        body: Vec<u8>,
        repeat: Option<RepeatKey>,
    ) -> Result<Admission, Unreplayable> {
        let rules = self.rules.load_full();
        let connection = rules.connections.iter().find(|it| it.name == first.connection);
        let connection = connection.ok_or_else(|| Unreplayable::WithoutConnection(first.connection.clone()))?;
        let received_at = self.clock.now();
        let new = self.judge.delivery_id(received_at);
        let (judge, connection, id_of_new) = (self.judge.clone(), connection.clone(), new.clone());
        let queue_of_own = own_queue_limit(&connection, rules.queue_limit);
        let (rejected, queue_age) = (connection.rejected.code(), connection.limits.queue_age);
        let work = move || {
            let decided = payload::read(stored_body(&connection, &first.headers, &body)).map(|payload| {
                let about = (&*first.headers, first.event.as_deref());
                let apart = (&**judge.catalog(), Thread::Apart);
                let decided = judge.judge(&connection, &id_of_new, received_at, about, &payload, apart);
                decided.expect("apart is decided whatever takes long")
            });
            (decided.map_err(|mistake| mistake.to_string()), first, body)
        };
        let (decided, first, body) = self.apart.work(work).await?;
        let decided = decided.map_err(Unreplayable::Body)?;
        let delivery = Delivery {
            id: new,
            received_at,
            outcome: decided.outcome(),
            pipelines: decided.verdicts,
            roster: self.noted(decided.roster.as_ref(), received_at).await?,
            repeat_of: None,
            replay_of: Some(id.clone()),
            secret: None,
            ..first
        };
        let admission = Admission::of(&delivery, rejected);
        let acceptance = Acceptance {
            delivery: Some((delivery, body)),
            runs: decided.runs,
            repeat,
            queue_limit: rules.queue_limit,
            connection_limit: queue_of_own,
            queue_age,
        };
        match self.store.accept(acceptance).await? {
            Accepted::Repeat { of, .. } => Err(Unreplayable::JustNow(of)),
            accepted => Ok(admission.accepted(accepted)),
        }
    }
}

/// Whether a replay is made whatever stands against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Force {
    /// It is.
    Yes,
    /// Only where nothing does.
    No,
}
