//! A completed run again, with the limits that are in force.

use super::Intake;
use crate::id::RunId;
use crate::store::{self, Reran, Rerun, RerunScope};

impl Intake {
    /// Queues a completed run again, all of it or what did not succeed. No pipeline is asked: the
    /// plan is the frozen one.
    pub async fn rerun(&self, of: &RunId, scope: RerunScope) -> Result<Reran, store::Error> {
        let at = self.clock.now();
        let (milliseconds, entropy) = self.judge.ids.next(at);
        let queue_limit = self.rules.load().queue_limit;
        let id = RunId::new(milliseconds, entropy);
        self.store.rerun(Rerun { of: of.clone(), id, at, scope, queue_limit }).await
    }
}
