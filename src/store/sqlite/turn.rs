//! Turns in groups: who waits, who goes on, who is canceled for whom. The rules are those of
//! [`crate::run::turn`]; here they meet the tables.
//!
//! What follows for other runs is noted in [`Memory::afterwards`](super::writer::Memory) and done by
//! [`work_off`] at the end of each piece of work: one run after the other, however long the chain.

use super::graph;
use super::lease;
use super::pause::first_of_lanes;
use super::row::to_json;
use super::writer::Session;
use crate::pipeline::plan::{ConcurrencyPolicy, Plan};
use crate::run::turn::{self, Holder, Turn};
use crate::run::{Board, Progress};
use crate::store::Error;
use crate::store::paused::LANE_NOT_PAUSED;
pub(super) use crate::store::turn::Afterwards;
use crate::store::turn::{DISPLACED_MAX, MARKS, Member, WHOLE_RUN};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// Does what follows for other runs, until nothing more does.
pub(super) fn work_off(session: &mut Session<'_>, now: Timestamp) -> Result<(), Error> {
    while let Some(next) = session.memory.afterwards.pop_front() {
        match next {
            Afterwards::Admit(group) => admit(session, &group)?,
            Afterwards::CancelRun { run, reason } => lease::cancel_run(session, run, Some(&reason), now).map(|_| ())?,
            Afterwards::CancelStage { run, stage, reason } => {
                graph::cancel_stage(session, run, stage, &reason, now)?;
            }
        }
    }
    Ok(())
}

/// Lets a run that was just written ask for the turns that it needs, and its first stages where it
/// needs none as a whole.
pub(super) fn enter_run(session: &mut Session<'_>, run: i64, plan: &Plan, board: &Board) -> Result<(), Error> {
    let turns: Vec<Turn> = turn::turns(plan).into_iter().filter(|turn| turn.stage.is_none()).collect();
    match turns.is_empty() {
        true => follow(session, run, plan, board),
        false => {
            turns.iter().try_for_each(|turn| ask(session, run, turn))?;
            hold_back(session, run)
        }
    }
}

/// Looks at a run's stages after something happened to it: those that have begun ask for their turns,
/// those that have ended give theirs up. Jobs that are due too early are set aside.
pub(super) fn follow(session: &mut Session<'_>, run: i64, plan: &Plan, board: &Board) -> Result<(), Error> {
    let turns = turn::turns(plan);
    if turns.is_empty() {
        return Ok(());
    }
    let waits_as_a_whole = state_of(session, run, WHOLE_RUN)?.is_some_and(|state| state == "waiting");
    for stage in 0..plan.stages.len() {
        let has_begun = board.stages[stage].iter().flatten().any(|leg| leg.progress == Progress::Started);
        if board.stage_result(plan, stage).is_some() {
            give_up(session, run, Some(stage))?;
        } else if has_begun && !waits_as_a_whole && state_of(session, run, place(Some(stage)))?.is_none() {
            turns.iter().filter(|turn| turn.stage == Some(stage)).try_for_each(|turn| ask(session, run, turn))?;
        }
    }
    hold_back(session, run)
}

/// Gives up the turns of a completed stage, or all of a completed run.
pub(super) fn give_up(session: &mut Session<'_>, run: i64, stage: Option<usize>) -> Result<(), Error> {
    const OF_RUN: &str = "run = ?1 AND (?2 = -1 OR stage_index = ?2)";
    let groups: Vec<String> = session
        .connection
        .prepare_cached(&format!("SELECT \"group\" FROM turn WHERE {OF_RUN}"))?
        .query_map(params![run, place(stage)], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    if groups.is_empty() {
        return Ok(());
    }
    session
        .connection
        .prepare_cached(&format!("DELETE FROM turn WHERE {OF_RUN}"))?
        .execute(params![run, place(stage)])?;
    session.memory.afterwards.extend(groups.into_iter().map(Afterwards::Admit));
    Ok(())
}

/// Asks for a turn: whom the policy names is canceled, and the one that comes waits like any other.
fn ask(session: &mut Session<'_>, run: i64, turn: &Turn) -> Result<(), Error> {
    let (pipeline, lane, is_paused) = asker(session, run)?;
    let policy = if is_paused { turn.policy_while_paused() } else { turn.policy };
    // Where nobody goes for it there may be very many others: they are not looked at.
    if policy != ConcurrencyPolicy::Queue {
        displace(session, run, turn, policy)?;
    }
    session
        .connection
        .prepare_cached(
            "INSERT INTO turn (\"group\", run, stage_index, \"limit\", state, pipeline, lane)
             VALUES (?, ?, ?, ?, 'waiting', ?, ?)",
        )?
        .execute(params![turn.group, run, place(turn.stage), turn.limit, pipeline, lane])?;
    // One that is paused does not go on, and changes nothing for those that wait.
    if !is_paused {
        session.memory.afterwards.push_back(Afterwards::Admit(turn.group.clone()));
    }
    Ok(())
}

/// Has those canceled whom a policy names for one that comes. Where they are very many they are only marked: see
/// [`cancel_displaced`].
fn displace(session: &mut Session<'_>, run: i64, turn: &Turn, policy: ConcurrencyPolicy) -> Result<(), Error> {
    let holding = match policy {
        ConcurrencyPolicy::CancelRunning => members(session, &turn.group, "held", None)?,
        ConcurrencyPolicy::Queue | ConcurrencyPolicy::Latest => Vec::new(),
    };
    let waiting = members(session, &turn.group, "waiting", Some(DISPLACED_MAX + 1))?;
    let holders: Vec<Holder> =
        holding.iter().map(|it| Holder { is_same_run: it.run == run, is_canceling: it.is_canceling }).collect();
    let same: Vec<bool> = waiting.iter().map(|it| it.run == run).collect();
    let mut arrival = turn::arrive(policy, turn.limit, &holders, &same);
    if arrival.dropped.is_empty() && arrival.stopped.is_empty() {
        return Ok(());
    }
    let reason = turn::displaced(&turn.group, &name_of(session, run)?);
    if waiting.len() > DISPLACED_MAX || !session.memory.allowance.all(arrival.dropped.len()) {
        mark_displaced(session, run, &turn.group, &reason)?;
        arrival.dropped.clear();
    }
    let later = arrival.stopped.split_off(session.memory.allowance.some(arrival.stopped.len()));
    mark_stopped(session, later.into_iter().map(|at| &holding[at]), &reason)?;
    let displaced =
        arrival.dropped.iter().map(|&at| &waiting[at]).chain(arrival.stopped.iter().map(|&at| &holding[at]));
    session.memory.afterwards.extend(displaced.map(|it| it.cancel(&reason)));
    Ok(())
}

/// Marks all that wait in a group and are not of a run: from now on none of them goes on.
fn mark_displaced(session: &Session<'_>, run: i64, group: &str, reason: &str) -> Result<(), Error> {
    session
        .connection
        .prepare_cached(
            "UPDATE turn
             SET displaced = ?
             WHERE \"group\" = ? AND state = 'waiting' AND displaced IS NULL AND run <> ?",
        )?
        .execute(params![reason, group, run])?;
    Ok(())
}

/// Marks some that go on: they keep their turns until they have ended, and nothing of them begins any more.
fn mark_stopped<'m>(
    session: &Session<'_>,
    members: impl Iterator<Item = &'m Member>,
    reason: &str,
) -> Result<(), Error> {
    let (turns, runs): (Vec<i64>, Vec<i64>) = members.map(|it| (it.seq, it.run)).unzip();
    if turns.is_empty() {
        return Ok(());
    }
    session
        .connection
        .prepare_cached("UPDATE turn SET stopped = ? WHERE seq IN (SELECT value FROM json_each(?)) AND state = 'held'")?
        .execute(params![reason, to_json(&turns)?])?;
    session
        .connection
        .prepare_cached(
            "UPDATE job
             SET aside = 'turn'
             WHERE run IN (SELECT value FROM json_each(?)) AND state = 'due'",
        )?
        .execute([to_json(&runs)?])?;
    Ok(())
}

/// Says whether somebody is still marked as displaced or stopped.
pub(super) fn is_any_displaced(connection: &Connection) -> Result<bool, Error> {
    MARKS.iter().try_fold(false, |is_any, mark| {
        let found = || connection.prepare_cached(&format!("SELECT 1 FROM turn WHERE {mark} IS NOT NULL LIMIT 1"));
        Ok(is_any || found()?.exists([])?)
    })
}

/// Cancels some of those that are marked as displaced or stopped. Says whether there may be more.
pub(super) fn cancel_displaced(session: &mut Session<'_>) -> Result<bool, Error> {
    let mut left = DISPLACED_MAX;
    for mark in MARKS {
        let last = note_marked(session, mark, &mut left)?;
        work_off(session, session.now.at)?;
        // Whoever should have kept its turn all the same is not met again and again.
        session
            .connection
            .prepare_cached(&format!("UPDATE turn SET {mark} = NULL WHERE {mark} IS NOT NULL AND seq <= ?"))?
            .execute([last])?;
    }
    Ok(left == 0)
}

/// Notes that some of those with a mark are canceled, and returns the place of the last of them.
fn note_marked(session: &mut Session<'_>, mark: &str, left: &mut usize) -> Result<i64, Error> {
    let mut query = session.connection.prepare_cached(&format!(
        "SELECT seq, run, stage_index, {mark}
         FROM turn
         WHERE {mark} IS NOT NULL
         ORDER BY seq
         LIMIT ?"
    ))?;
    let mut rows = query.query([*left])?;
    let mut last = 0;
    while let Some(row) = rows.next()? {
        let (seq, run, stage) = (row.get("seq")?, row.get("run")?, row.get("stage_index")?);
        let member = Member { seq, run, stage, is_canceling: false };
        session.memory.afterwards.push_back(member.cancel(&row.get::<_, String>(mark)?));
        (*left, last) = (*left - 1, seq);
    }
    Ok(last)
}

/// Returns the pipeline and the lane of a run, and whether one of them is paused.
fn asker(session: &Session<'_>, run: i64) -> Result<(String, String, bool), Error> {
    let asker = session
        .connection
        .prepare_cached(&format!(
            "SELECT pipeline, lane, NOT ({LANE_NOT_PAUSED})
             FROM (SELECT pipeline, coalesce(connection, '') AS lane FROM run WHERE seq = ?)"
        ))?
        .query_row([run], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(asker)
}

/// Returns those of a group who wait or go on, the longest there first, not more than some of them. Those that are marked
/// as displaced are left out.
fn members(session: &Session<'_>, group: &str, state: &str, most: Option<usize>) -> Result<Vec<Member>, Error> {
    let most = most.map_or(-1, |most| i64::try_from(most).expect("a small number"));
    let mut query = session.connection.prepare_cached(
        "SELECT turn.seq, turn.run, turn.stage_index, run.state = 'canceling' OR turn.stopped IS NOT NULL
         FROM turn
         JOIN run ON run.seq = turn.run
         WHERE turn.\"group\" = ? AND turn.state = ? AND turn.displaced IS NULL
         ORDER BY turn.seq
         LIMIT ?",
    )?;
    let members = query.query_map(params![group, state, most], |row| {
        Ok(Member { seq: row.get(0)?, run: row.get(1)?, stage: row.get(2)?, is_canceling: row.get(3)? })
    })?;
    Ok(members.collect::<Result<_, _>>()?)
}

/// Lets those go on that have waited longest, as far as there is room for them in all their groups. Paused runs are passed
/// over.
fn admit(session: &mut Session<'_>, group: &str) -> Result<(), Error> {
    while let Some(next) = first_waiting(session.connection, group)? {
        let Some(groups) = free(session.connection, &next)? else { return Ok(()) };
        session
            .connection
            .prepare_cached("UPDATE turn SET state = 'held' WHERE run = ? AND stage_index = ? AND state = 'waiting'")?
            .execute([next.run, next.stage])?;
        // Somebody else is the first in its other groups now.
        let others = groups.into_iter().filter(|it| it != group);
        session.memory.afterwards.extend(others.map(Afterwards::Admit));
        go_on(session, next.run, next.stage)?;
    }
    Ok(())
}

/// Returns the groups in which a run or stage waits, if it is the first in each and there is room in each: it has all its
/// turns or none, see [`crate::run::turn`].
fn free(connection: &Connection, next: &Waiting) -> Result<Option<Vec<String>>, Error> {
    let mut query = connection.prepare_cached(
        "SELECT seq, \"group\", \"limit\",
                (SELECT count(*) FROM turn AS other
                 WHERE other.\"group\" = turn.\"group\" AND other.state = 'held' AND other.displaced IS NULL)
         FROM turn
         WHERE run = ? AND stage_index = ? AND state = 'waiting'",
    )?;
    let mut rows = query.query([next.run, next.stage])?;
    let mut groups = Vec::new();
    while let Some(row) = rows.next()? {
        let (seq, group, limit, holding): (i64, String, u32, usize) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        if !turn::admits(limit, holding) {
            return Ok(None);
        }
        if seq != next.seq && first_waiting(connection, &group)?.is_none_or(|first| first.seq != seq) {
            return Ok(None);
        }
        groups.push(group);
    }
    Ok(Some(groups))
}

/// One that waits, as it is asked whether it goes on.
struct Waiting {
    seq: i64,
    run: i64,
    stage: i64,
    is_paused: bool,
}

impl Waiting {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get("seq")?,
            run: row.get("run")?,
            stage: row.get("stage_index")?,
            is_paused: row.get("is_paused")?,
        })
    }
}

/// Returns the one that has waited longest in a group, of those that are not paused. Where the first is paused, as very
/// many may be, the first of each pipeline and lane is looked at.
fn first_waiting(connection: &Connection, group: &str) -> Result<Option<Waiting>, Error> {
    let waiting = |but: &str, order: &str| {
        format!(
            "SELECT seq, run, stage_index, \"limit\", pipeline, lane, NOT ({LANE_NOT_PAUSED}) AS is_paused
             FROM turn
             WHERE \"group\" = ?1 AND state = 'waiting' AND displaced IS NULL {but}
             ORDER BY {order} seq
             LIMIT 1"
        )
    };
    let first = connection.prepare_cached(&waiting("", ""))?.query_row([group], Waiting::from_row).optional()?;
    if first.as_ref().is_none_or(|first| !first.is_paused) {
        return Ok(first);
    }
    let firsts = first_of_lanes(connection, group, waiting, Waiting::from_row)?;
    Ok(firsts.into_iter().filter(|first| !first.is_paused).min_by_key(|first| first.seq))
}

/// Lets a run or stage go on that has all its turns.
fn go_on(session: &mut Session<'_>, run: i64, stage: i64) -> Result<(), Error> {
    session
        .connection
        .prepare_cached(
            "UPDATE job SET aside = NULL WHERE run = ?1 AND aside = 'turn' AND (?2 = -1 OR stage_index = ?2)",
        )?
        .execute(params![run, stage])?;
    if stage == WHOLE_RUN {
        let (plan, board) = graph::plan_and_board(session, run)?;
        return follow(session, run, &plan, &board);
    }
    // The run may be about to be stopped.
    hold_back(session, run)
}

/// Sets due jobs aside whose run or stage waits for a turn, or is about to be stopped.
fn hold_back(session: &Session<'_>, run: i64) -> Result<(), Error> {
    session
        .connection
        .prepare_cached(
            "UPDATE job
             SET aside = 'turn'
             WHERE run = ?1 AND state = 'due' AND aside IS NULL
               AND EXISTS (SELECT 1 FROM turn
                           WHERE turn.run = ?1 AND (turn.state = 'waiting' OR turn.stopped IS NOT NULL)
                             AND turn.stage_index IN (-1, job.stage_index))",
        )?
        .execute([run])?;
    Ok(())
}

/// Returns `waiting` where some turn of a run or stage is missing, `held` where it has all, nothing
/// where it has asked for none.
fn state_of(session: &Session<'_>, run: i64, stage: i64) -> Result<Option<String>, Error> {
    let state = session
        .connection
        .prepare_cached("SELECT max(state) FROM turn WHERE run = ? AND stage_index = ?")?
        .query_row([run, stage], |row| row.get(0))?;
    Ok(state)
}

fn name_of(session: &Session<'_>, run: i64) -> Result<String, Error> {
    let name = session
        .connection
        .prepare_cached("SELECT pipeline || '#' || number FROM run WHERE seq = ?")?
        .query_row([run], |row| row.get(0))?;
    Ok(name)
}

fn place(stage: Option<usize>) -> i64 {
    stage.map_or(WHOLE_RUN, |stage| i64::try_from(stage).expect("a plan has few stages"))
}
