//! What runs wait for beside their turn with a worker, as people read it.

use super::attendance;
use super::fault::Fault;
use super::row::number_at;
use super::session::Session;
use crate::diagnostic::shown as printable;
use crate::run::{State, turn};
use crate::store::Run;
use crate::store::attendance::again_sentence;
use std::collections::HashMap;
use tokio_postgres::Row;

/// Returns runs with what they wait for, those that are not completed. They come with their rows.
pub(super) async fn shown(session: &Session, mut runs: Vec<(i64, Run)>) -> Result<Vec<Run>, Fault> {
    let open: Vec<i64> = runs.iter().filter(|(_, run)| run.state != State::Completed).map(|(seq, _)| *seq).collect();
    if !open.is_empty() {
        let (groups, paused) = (groups(session, &open).await?, paused(session, &open).await?);
        let mut missed = attendance::missed(session, &open).await?;
        let mut again = again(session, &open).await?;
        let holders = holders(session, groups.values().collect()).await?;
        let mut displaced = displaced(session, &open).await?;
        for (seq, run) in &mut runs {
            if let Some(reason) = displaced.remove(seq) {
                run.waits_for = Some(turn::cancellation_sentence(&reason));
                continue;
            }
            // One that is paused is passed over in its groups: it waits to be resumed, whoever has the turn.
            let paused = paused.get(seq).filter(|_| run.state == State::Queued || again.contains_key(seq));
            let waits_in = || {
                let group = groups.get(seq)?;
                Some(turn::wait_sentence(group, holders.get(group).map_or(&[], Vec::as_slice)))
            };
            let waits_for = paused.cloned().or_else(waits_in).or_else(|| missed.remove(seq));
            run.waits_for = waits_for.or_else(|| again.remove(seq));
        }
    }
    Ok(runs.into_iter().map(|(_, run)| run).collect())
}

/// Returns what runs wait for that no worker has, and of which a job is to be done again.
async fn again(session: &Session, runs: &[i64]) -> Result<HashMap<i64, String>, Fault> {
    let rows = session
        .rows(
            "SELECT DISTINCT ON (run) run, again_at, attempt
             FROM job
             WHERE run = ANY($1) AND state = 'due' AND again_at IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM job AS other WHERE other.run = job.run AND other.state = 'leased')
             ORDER BY run, again_at, seq",
            &[&runs],
        )
        .await?;
    let sentence = |row: &Row| {
        let sentence = again_sentence(row.try_get("again_at")?, number_at(row, "attempt")?);
        Ok((row.try_get("run")?, sentence))
    };
    rows.iter().map(sentence).collect()
}

/// Returns why runs or their stages are about to be canceled, of those that are.
async fn displaced(session: &Session, runs: &[i64]) -> Result<HashMap<i64, String>, Fault> {
    let rows = session
        .rows(
            "SELECT DISTINCT ON (run) run, coalesce(displaced, stopped)
             FROM turn
             WHERE run = ANY($1) AND coalesce(displaced, stopped) IS NOT NULL
             ORDER BY run, seq",
            &[&runs],
        )
        .await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Returns for each run the first group in which it or one of its stages waits for its turn, if there is one of those that
/// somebody has.
async fn groups(session: &Session, runs: &[i64]) -> Result<HashMap<i64, String>, Fault> {
    let rows = session
        .rows(
            "SELECT DISTINCT ON (run) run, \"group\"
             FROM turn
             WHERE run = ANY($1) AND state = 'waiting'
             ORDER BY run,
                      NOT EXISTS (SELECT 1 FROM turn AS other
                                  WHERE other.\"group\" = turn.\"group\" AND other.state = 'held'),
                      seq",
            &[&runs],
        )
        .await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Returns who has a turn in groups, as people name runs.
async fn holders(session: &Session, groups: Vec<&String>) -> Result<HashMap<String, Vec<String>>, Fault> {
    let mut holders: HashMap<String, Vec<String>> = HashMap::new();
    if groups.is_empty() {
        return Ok(holders);
    }
    let rows = session
        .rows(
            "SELECT turn.\"group\", run.pipeline || '#' || run.number
             FROM turn
             JOIN run ON run.seq = turn.run
             WHERE turn.\"group\" = ANY($1) AND turn.state = 'held'
             ORDER BY turn.seq",
            &[&groups],
        )
        .await?;
    for row in rows {
        holders.entry(row.try_get(0)?).or_default().push(row.try_get(1)?);
    }
    Ok(holders)
}

/// Returns what is paused of each run, as a sentence.
async fn paused(session: &Session, runs: &[i64]) -> Result<HashMap<i64, String>, Fault> {
    let rows = session
        .rows(
            "SELECT run.seq, pause.kind, pause.name
             FROM run
             JOIN pause ON (pause.kind = 'pipeline' AND pause.name = run.pipeline)
                       OR (pause.kind = 'connection' AND pause.name = run.connection)
             WHERE run.seq = ANY($1)
             ORDER BY pause.kind DESC",
            &[&runs],
        )
        .await?;
    let sentence = |kind: &str, name: &str| format!("the {kind} `{}` to be resumed", printable(name));
    rows.iter().map(|row| Ok((row.try_get(0)?, sentence(row.try_get(1)?, row.try_get(2)?)))).collect()
}
