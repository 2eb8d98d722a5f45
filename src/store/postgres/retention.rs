//! Forgetting what is old, a little at a time, so that nobody who writes waits long. Numbers of runs,
//! series and what was counted stay.

use super::fault::Fault;
use super::row::from_json;
use super::session::Session;
use crate::store::lent::{Ledger, Taken};
use crate::store::{Lent, StepReport};

/// Returns the runs whose artifacts or files reruns have taken.
pub(super) async fn lent(session: &Session) -> Result<Vec<Lent>, Fault> {
    let mut ledger = Ledger::default();
    let artifacts = session
        .rows(
            "SELECT run.id, run.finished_at, artifact.location
             FROM run
             JOIN artifact ON artifact.run = run.seq
             WHERE run.rerun_of IS NOT NULL AND artifact.kind = 'container'",
            &[],
        )
        .await?;
    for row in &artifacts {
        ledger.note(&Taken { by: row.try_get(0)?, ended: row.try_get(1)?, path: row.try_get(2)? });
    }
    let reports = session
        .rows(
            "SELECT run.id, run.finished_at, report.report
             FROM run
             JOIN job ON job.run = run.seq
             JOIN report ON report.job = job.seq
             WHERE run.rerun_of IS NOT NULL AND report.report LIKE '%\"files\"%'",
            &[],
        )
        .await?;
    for row in &reports {
        for file in from_json::<StepReport>(row.try_get(2)?)?.files {
            ledger.note(&Taken { by: row.try_get(0)?, ended: row.try_get(1)?, path: &file.path });
        }
    }
    Ok(ledger.close())
}
