//! What a run waits for beside its turn with a worker, as people read it.

use super::attendance;
use super::row::moment;
use crate::diagnostic::shown as printable;
use crate::run::{State, turn};
use crate::store::attendance::again_sentence;
use crate::store::{Error, Run};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};

/// Returns a run with what it waits for, if it is not completed.
pub(super) fn shown(connection: &Connection, seq: i64, run: Run, now: Timestamp) -> Result<Run, Error> {
    if run.state == State::Completed {
        return Ok(run);
    }
    if let Some(reason) = displaced(connection, seq)? {
        return Ok(Run { waits_for: Some(turn::cancellation_sentence(&reason)), ..run });
    }
    let again = if run.state == State::Queued { None } else { again(connection, seq)? };
    // One that is paused is passed over in its groups: it waits to be resumed, whoever has the turn.
    let paused = if run.state == State::Queued || again.is_some() { paused(connection, seq)? } else { None };
    let waits_for = match (paused, group(connection, seq)?) {
        (Some(paused), _) => Some(paused),
        (None, Some(group)) => Some(turn::wait_sentence(&group, &holders(connection, &group)?)),
        (None, None) => attendance::missed(connection, seq, now)?.or(again),
    };
    Ok(Run { waits_for, ..run })
}

/// Returns what a run waits for that no worker has, and of which a job is to be done again.
fn again(connection: &Connection, run: i64) -> Result<Option<String>, Error> {
    let again: Option<(i64, u32)> = connection
        .prepare_cached(
            "SELECT again_at, attempt
             FROM job
             WHERE run = ?1 AND state = 'due' AND again_at IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM job WHERE run = ?1 AND state = 'leased')
             ORDER BY again_at, seq
             LIMIT 1",
        )?
        .query_row([run], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    again.map(|(since, attempts)| Ok(again_sentence(moment(since)?, attempts))).transpose()
}

/// Returns why a run or one of its stages is about to be canceled, if it is.
fn displaced(connection: &Connection, run: i64) -> Result<Option<String>, Error> {
    let reason = connection
        .prepare_cached(
            "SELECT coalesce(displaced, stopped)
             FROM turn
             WHERE run = ? AND coalesce(displaced, stopped) IS NOT NULL
             ORDER BY seq
             LIMIT 1",
        )?
        .query_row([run], |row| row.get(0))
        .optional()?;
    Ok(reason)
}

/// Returns the first group in which a run or one of its stages waits for its turn, if there is one of those that somebody
/// has.
fn group(connection: &Connection, run: i64) -> Result<Option<String>, Error> {
    let group = connection
        .prepare_cached(
            "SELECT \"group\"
             FROM turn
             WHERE run = ? AND state = 'waiting'
             ORDER BY NOT EXISTS (SELECT 1 FROM turn AS other
                                  WHERE other.\"group\" = turn.\"group\" AND other.state = 'held'
                                    AND other.displaced IS NULL),
                      seq
             LIMIT 1",
        )?
        .query_row([run], |row| row.get(0))
        .optional()?;
    Ok(group)
}

/// Returns who has a turn in a group, as people name runs.
fn holders(connection: &Connection, group: &str) -> Result<Vec<String>, Error> {
    let mut query = connection.prepare_cached(
        "SELECT run.pipeline || '#' || run.number
         FROM turn
         JOIN run ON run.seq = turn.run
         WHERE turn.\"group\" = ? AND turn.state = 'held' AND turn.displaced IS NULL
         ORDER BY turn.seq",
    )?;
    let names = query.query_map([group], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

fn paused(connection: &Connection, run: i64) -> Result<Option<String>, Error> {
    let paused: Option<(String, String)> = connection
        .prepare_cached(
            "SELECT pause.kind, pause.name
             FROM run
             JOIN pause ON (pause.kind = 'pipeline' AND pause.name = run.pipeline)
                       OR (pause.kind = 'connection' AND pause.name = run.connection)
             WHERE run.seq = ?
             LIMIT 1",
        )?
        .query_row([run], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(paused.map(|(kind, name)| format!("the {kind} `{}` to be resumed", printable(&name))))
}
