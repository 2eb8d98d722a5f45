//! The whole store looked at. References between rows are the database's own business: it holds them at each
//! write.

use super::fault::Fault;
use super::{PostgresStore, Shared};
use crate::store::Error;
use crate::store::invariant::{Invariant, NAMED_MAX, OF_RUNS, broken};
use deadpool_postgres::Object;

/// What must hold in this store beside what must in every one. A counter's key, and what a
/// job is queued under, is the name itself where that is short.
const INVARIANTS: [Invariant; 7] = [
    (
        "number that the counter of its pipeline has not reached",
        "SELECT run.id FROM run
         LEFT JOIN counter ON counter.scope = 'run' AND counter.key = run.pipeline
         WHERE run.number > coalesce(counter.value, 0) AND octet_length(run.pipeline) <= 600",
    ),
    (
        "token that the sequence has not reached, or that two leases have",
        "SELECT id FROM job
         WHERE state = 'leased'
           AND (token > (SELECT last_value FROM token)
                OR (SELECT count(*) FROM job AS other WHERE other.state = 'leased' AND other.token = job.token) > 1)",
    ),
    (
        "job set aside for a turn that its run does not wait for, or the other way round",
        "SELECT id FROM job
         WHERE state = 'due'
           AND (aside IS NOT DISTINCT FROM 'turn') <> EXISTS (SELECT 1 FROM turn
                                                              WHERE turn.run = job.run
                                                                AND (turn.state = 'waiting' OR turn.stopped IS NOT NULL)
                                                                AND turn.stage_index IN (-1, job.stage_index))
           AND aside IS DISTINCT FROM 'paused'",
    ),
    (
        "job that is queued under another connection or pipeline than its run's",
        "SELECT job.id FROM job
         JOIN run ON run.seq = job.run
         WHERE job.state <> 'completed'
           AND ((job.lane <> coalesce(run.connection, '') AND octet_length(coalesce(run.connection, '')) <= 600)
                OR (job.pipeline <> run.pipeline AND octet_length(run.pipeline) <= 600))",
    ),
    (
        "turn under another connection or pipeline than its run's",
        "SELECT run.id FROM turn
         JOIN run ON run.seq = turn.run
         WHERE (turn.lane <> coalesce(run.connection, '') AND octet_length(coalesce(run.connection, '')) <= 600)
            OR (turn.pipeline <> run.pipeline AND octet_length(run.pipeline) <= 600)",
    ),
    (
        "completed run with a turn",
        "SELECT run.id FROM run JOIN turn ON turn.run = run.seq WHERE run.state = 'completed'",
    ),
    (
        "run of a delivery whose answer does not name it",
        "SELECT run.id FROM run
         JOIN delivery ON delivery.id = run.delivery
         WHERE run.rerun_of IS NULL AND strpos(coalesce(delivery.runs, ''), run.id) = 0",
    ),
];

impl PostgresStore {
    /// Returns a sentence for each thing that is wrong with the store. Reads one moment of it, beside whoever
    /// writes, however long that takes.
    pub async fn check(&self) -> Result<Vec<String>, Error> {
        self.on_threads(|shared| async move { Ok(check(&shared).await?) }).await
    }
}

async fn check(shared: &Shared) -> Result<Vec<String>, Fault> {
    let client = shared.database.pool.get().await?;
    let wrong = wrong_with(&client).await;
    // The transaction goes with the connection.
    drop(Object::take(client));
    wrong
}

async fn wrong_with(client: &Object) -> Result<Vec<String>, Fault> {
    client
        .batch_execute(
            "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
             SET LOCAL statement_timeout = 0;
             SET LOCAL idle_in_transaction_session_timeout = 0",
        )
        .await?;
    let mut wrong = Vec::new();
    for (what, query) in OF_RUNS.iter().chain(&INVARIANTS) {
        let rows = client.query(&format!("{query} LIMIT {}", NAMED_MAX + 1), &[]).await?;
        let names: Vec<String> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        wrong.extend(broken(what, &names));
    }
    Ok(wrong)
}
