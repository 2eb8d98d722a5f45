//! Turns in groups: who waits, who goes on, who is canceled for whom. The rules are those of
//! [`crate::run::turn`]; here they meet the tables.
//!
//! Groups go over all runs, so whoever does anything about a run that needs turns has the one lock of
//! them all first ([`lock_of_run`]), before any row: SQLite's one writer gives the same. Runs that need
//! no turns never meet it. What follows for other runs is noted in the session and done by [`work_off`]
//! at the end of each piece of work: one run after the other, however long the chain.

use super::fault::Fault;
use super::form::Forms;
use super::graph;
use super::lease;
use super::row::{key, number, number_at, text};
use super::session::Session;
use crate::pipeline::plan::{ConcurrencyPolicy, Plan};
use crate::run::turn::{self, Holder, Turn};
use crate::run::{Board, Progress};
use crate::store::paused::LANE_NOT_PAUSED;
pub(super) use crate::store::turn::Afterwards;
use crate::store::turn::{DISPLACED_MAX, MARKS, Member, WHOLE_RUN};
use tokio_postgres::Row;

/// The statement that takes the lock of all turns, with what it is about. With the lock goes that statements are planned by
/// their indexes: what was planned while hardly anybody waited, which is by reading all, is kept while very many come to wait.
macro_rules! locking {
    ($of:literal) => {
        concat!("SELECT pg_advisory_xact_lock($1)::text, set_config('enable_seqscan', 'off', true) ", $of)
    };
}

/// The lock of all turns.
pub(super) const LOCK: i64 = 0x7068_7475_726e;
/// Takes it where the run of a job needs turns.
pub(super) const LOCK_OF_JOB: &str = locking!("FROM run WHERE seq = (SELECT run FROM job WHERE id = $2) AND has_turns");

/// Takes the lock of all turns, until the end of the transaction.
pub(super) async fn lock(session: &Session) -> Result<(), Fault> {
    session.one(locking!(""), &[&LOCK]).await?;
    Ok(())
}

/// Takes the lock of all turns where a run needs some.
pub(super) async fn lock_of_run(session: &Session, run: i64) -> Result<(), Fault> {
    session.row(locking!("FROM run WHERE seq = $2 AND has_turns"), &[&LOCK, &run]).await?;
    Ok(())
}

/// Does what follows for other runs, until nothing more does.
pub(super) async fn work_off(session: &Session, forms: &Forms) -> Result<(), Fault> {
    while let Some(next) = session.next_afterwards() {
        match next {
            Afterwards::Admit(group) => admit(session, forms, &group).await?,
            Afterwards::CancelRun { run, reason } => {
                lease::cancel_run(session, forms, run, Some(&reason)).await?;
            }
            Afterwards::CancelStage { run, stage, reason } => {
                lease::lock_run(session, run).await?;
                graph::cancel_stage(session, forms, run, stage, &reason).await?;
            }
        }
    }
    Ok(())
}

/// Says whether a run needs turns.
pub(super) fn has_turns(plan: &Plan) -> bool {
    !turn::turns(plan).is_empty()
}

/// Lets a run that was just written ask for the turns that it needs, and its first stages where it
/// needs none as a whole.
pub(super) async fn enter_run(session: &Session, run: i64, plan: &Plan, board: &Board) -> Result<(), Fault> {
    let turns: Vec<Turn> = turn::turns(plan).into_iter().filter(|turn| turn.stage.is_none()).collect();
    if turns.is_empty() {
        return follow(session, run, plan, board).await;
    }
    for turn in &turns {
        ask(session, run, turn).await?;
    }
    hold_back(session, run).await
}

/// Looks at a run's stages after something happened to it: those that have begun ask for their turns,
/// those that have ended give theirs up. Jobs that are due too early are set aside.
pub(super) async fn follow(session: &Session, run: i64, plan: &Plan, board: &Board) -> Result<(), Fault> {
    let turns = turn::turns(plan);
    if turns.is_empty() {
        return Ok(());
    }
    let waits_as_a_whole = state_of(session, run, WHOLE_RUN).await?.is_some_and(|state| state == "waiting");
    for stage in 0..plan.stages.len() {
        let has_begun = board.stages[stage].iter().flatten().any(|leg| leg.progress == Progress::Started);
        if board.stage_result(plan, stage).is_some() {
            give_up(session, run, Some(stage)).await?;
        } else if has_begun && !waits_as_a_whole && state_of(session, run, place(Some(stage))).await?.is_none() {
            for turn in turns.iter().filter(|turn| turn.stage == Some(stage)) {
                ask(session, run, turn).await?;
            }
        }
    }
    hold_back(session, run).await
}

/// Gives up the turns of a completed stage, or all of a completed run.
pub(super) async fn give_up(session: &Session, run: i64, stage: Option<usize>) -> Result<(), Fault> {
    let rows = session
        .rows(
            "DELETE FROM turn
             WHERE run = $1 AND ($2::bigint = -1 OR stage_index = $2)
             RETURNING \"group\"",
            &[&run, &place(stage)],
        )
        .await?;
    for row in rows {
        session.note_afterwards(Afterwards::Admit(row.try_get(0)?));
    }
    Ok(())
}

/// Asks for a turn: whom the policy names is canceled, and the one that comes waits like any other.
async fn ask(session: &Session, run: i64, turn: &Turn) -> Result<(), Fault> {
    let group = key(&turn.group);
    let (pipeline, lane, is_paused) = asker(session, run).await?;
    let policy = if is_paused { turn.policy_while_paused() } else { turn.policy };
    // Where nobody goes for it there may be very many others: they are not looked at.
    if policy != ConcurrencyPolicy::Queue {
        displace(session, run, (turn, &group), policy).await?;
    }
    session
        .run(
            "INSERT INTO turn (\"group\", run, stage_index, \"limit\", state, pipeline, lane)
             VALUES ($1, $2, $3, $4, 'waiting', $5, $6)",
            &[&group, &run, &place(turn.stage), &number(turn.limit), &key(&pipeline), &key(&lane)],
        )
        .await?;
    // One that is paused does not go on, and changes nothing for those that wait.
    if !is_paused {
        session.note_afterwards(Afterwards::Admit(group.into_owned()));
    }
    Ok(())
}

/// Returns the pipeline and the lane of a run, and whether one of them is paused.
async fn asker(session: &Session, run: i64) -> Result<(String, String, bool), Fault> {
    let row = session
        .one(
            &format!(
                "SELECT pipeline, lane, NOT ({LANE_NOT_PAUSED}) AS is_paused
                 FROM (SELECT pipeline, coalesce(connection, '') AS lane FROM run WHERE seq = $1) AS asker"
            ),
            &[&run],
        )
        .await?;
    Ok((row.try_get("pipeline")?, row.try_get("lane")?, row.try_get("is_paused")?))
}

/// Has those canceled whom a policy names for one that comes. Where they are very many they are only marked: see
/// [`cancel_displaced`]. `group` is the turn's as it is stored.
async fn displace(
    session: &Session,
    run: i64,
    (turn, group): (&Turn, &str),
    policy: ConcurrencyPolicy,
) -> Result<(), Fault> {
    let holding = match policy {
        ConcurrencyPolicy::CancelRunning => holding(session, group).await?,
        ConcurrencyPolicy::Queue | ConcurrencyPolicy::Latest => Vec::new(),
    };
    let waiting = waiting(session, group).await?;
    let holders: Vec<Holder> =
        holding.iter().map(|it| Holder { is_same_run: it.run == run, is_canceling: it.is_canceling }).collect();
    let same: Vec<bool> = waiting.iter().map(|it| it.run == run).collect();
    let mut arrival = turn::arrive(policy, turn.limit, &holders, &same);
    if arrival.dropped.is_empty() && arrival.stopped.is_empty() {
        return Ok(());
    }
    let reason = turn::displaced(&turn.group, &name_of(session, run).await?);
    if waiting.len() > DISPLACED_MAX || !session.allowance().all(arrival.dropped.len()) {
        mark_displaced(session, run, group, &reason).await?;
        arrival.dropped.clear();
    }
    let later = arrival.stopped.split_off(session.allowance().some(arrival.stopped.len()));
    mark_stopped(session, later.into_iter().map(|at| &holding[at]), &reason).await?;
    let displaced =
        arrival.dropped.iter().map(|&at| &waiting[at]).chain(arrival.stopped.iter().map(|&at| &holding[at]));
    displaced.for_each(|it| session.note_afterwards(it.cancel(&reason)));
    Ok(())
}

/// Marks all that wait in a group and are not of a run: from now on none of them goes on.
async fn mark_displaced(session: &Session, run: i64, group: &str, reason: &str) -> Result<(), Fault> {
    session
        .run(
            "UPDATE turn
             SET displaced = $1
             WHERE \"group\" = $2 AND state = 'waiting' AND seq >= 0 AND displaced IS NULL AND run <> $3",
            &[&text(reason), &group, &run],
        )
        .await?;
    Ok(())
}

/// Marks some that go on: they keep their turns until they have ended, and nothing of them begins any more.
async fn mark_stopped<'m>(
    session: &Session,
    members: impl Iterator<Item = &'m Member>,
    reason: &str,
) -> Result<(), Fault> {
    let (turns, runs): (Vec<i64>, Vec<i64>) = members.map(|it| (it.seq, it.run)).unzip();
    if turns.is_empty() {
        return Ok(());
    }
    let mark = "UPDATE turn SET stopped = $1 WHERE seq = ANY($2) AND state = 'held'";
    session.run(mark, &[&text(reason), &turns]).await?;
    let set_aside = "UPDATE job SET aside = 'turn' WHERE run = ANY($1) AND state = 'due'";
    session.run(set_aside, &[&runs]).await?;
    Ok(())
}

/// Says whether somebody is still marked as displaced or stopped.
pub(super) async fn is_any_displaced(session: &Session) -> Result<bool, Fault> {
    // The first of them: for any of them all that wait would be read where there is none.
    let found = session
        .one(
            "SELECT coalesce((SELECT min(seq) FROM turn WHERE displaced IS NOT NULL),
                             (SELECT min(seq) FROM turn WHERE stopped IS NOT NULL)) IS NOT NULL",
            &[],
        )
        .await?;
    Ok(found.try_get(0)?)
}

/// Cancels some of those that are marked as displaced or stopped. Says whether there may be more.
pub(super) async fn cancel_displaced(session: &Session, forms: &Forms) -> Result<bool, Fault> {
    lock(session).await?;
    let mut left = DISPLACED_MAX;
    for mark in MARKS {
        let marked = format!(
            "SELECT seq, run, stage_index, {mark} AS reason, false AS is_canceling
             FROM turn
             WHERE {mark} IS NOT NULL
             ORDER BY seq
             LIMIT $1"
        );
        let rows = session.rows(&marked, &[&number(left)]).await?;
        let Some(last) = rows.last() else { continue };
        for row in &rows {
            session.note_afterwards(member(row)?.cancel(row.try_get("reason")?));
        }
        work_off(session, forms).await?;
        // Whoever should have kept its turn all the same is not met again and again.
        let free = format!("UPDATE turn SET {mark} = NULL WHERE {mark} IS NOT NULL AND seq <= $1");
        session.run(&free, &[&last.try_get::<_, i64>("seq")?]).await?;
        left -= rows.len();
    }
    Ok(left == 0)
}

/// Returns those of a group who go on, the longest there first.
async fn holding(session: &Session, group: &str) -> Result<Vec<Member>, Fault> {
    let rows = session
        .rows(
            "SELECT turn.seq, turn.run, turn.stage_index, run.state = 'canceling' OR turn.stopped IS NOT NULL AS is_canceling
             FROM turn
             JOIN run ON run.seq = turn.run
             WHERE turn.\"group\" = $1 AND turn.state = 'held' AND turn.seq >= 0
             ORDER BY turn.seq",
            &[&group],
        )
        .await?;
    rows.iter().map(member).collect()
}

/// Returns those of a group who wait, the longest there first; of more than [`DISPLACED_MAX`] some. The first are not
/// looked for: that would read all of them. Those that are marked as displaced are left out.
async fn waiting(session: &Session, group: &str) -> Result<Vec<Member>, Fault> {
    let rows = session
        .rows(
            "SELECT seq, run, stage_index, false AS is_canceling
             FROM (SELECT seq, run, stage_index
                   FROM turn
                   WHERE \"group\" = $1 AND state = 'waiting' AND seq >= 0 AND displaced IS NULL
                   LIMIT $2) AS found
             ORDER BY seq",
            &[&group, &number(DISPLACED_MAX + 1)],
        )
        .await?;
    rows.iter().map(member).collect()
}

fn member(row: &Row) -> Result<Member, Fault> {
    Ok(Member {
        seq: row.try_get("seq")?,
        run: row.try_get("run")?,
        stage: row.try_get("stage_index")?,
        is_canceling: row.try_get("is_canceling")?,
    })
}

/// Lets those go on that have waited longest, as far as there is room for them in all their groups. Paused runs are passed
/// over.
async fn admit(session: &Session, forms: &Forms, group: &str) -> Result<(), Fault> {
    while let Some(next) = first_waiting(session, group).await? {
        let (run, stage): (i64, i64) = (next.try_get("run")?, next.try_get("stage_index")?);
        let Some(groups) = free(session, group, &next).await? else { return Ok(()) };
        session
            .run(
                "UPDATE turn SET state = 'held' WHERE run = $1 AND stage_index = $2 AND state = 'waiting'",
                &[&run, &stage],
            )
            .await?;
        // Somebody else is the first in its other groups now.
        groups.into_iter().filter(|it| it != group).for_each(|it| session.note_afterwards(Afterwards::Admit(it)));
        go_on(session, forms, run, stage).await?;
    }
    Ok(())
}

/// Returns the groups in which a run or stage waits that is the first in one of them, if it is so in each and there is room
/// in each: it has all its turns or none, see [`crate::run::turn`].
async fn free(session: &Session, first_in: &str, next: &Row) -> Result<Option<Vec<String>>, Fault> {
    let has_room = |first: &Row| Ok::<_, Fault>(turn::admits(number_at(first, "limit")?, number_at(first, "holding")?));
    let (run, stage): (i64, i64) = (next.try_get("run")?, next.try_get("stage_index")?);
    if !has_room(next)? {
        return Ok(None);
    }
    let own = "SELECT seq, \"group\" FROM turn WHERE run = $1 AND stage_index = $2 AND state = 'waiting'";
    let mut groups = Vec::new();
    for row in session.rows(own, &[&run, &stage]).await? {
        let (seq, group): (i64, String) = (row.try_get("seq")?, row.try_get("group")?);
        if group != first_in {
            let first = first_waiting(session, &group).await?;
            match first {
                Some(first) if first.try_get::<_, i64>("seq")? == seq && has_room(&first)? => {}
                _ => return Ok(None),
            }
        }
        groups.push(group);
    }
    Ok(Some(groups))
}

/// Returns the one that has waited longest in a group, of those that are not paused, and how many have a turn there. As
/// very many may be paused, the first of each pipeline and lane is looked at: one step in the index for each.
async fn first_waiting(session: &Session, group: &str) -> Result<Option<Row>, Fault> {
    session
        .row(
            &format!(
                "WITH RECURSIVE head AS (
                     (SELECT seq, run, stage_index, \"limit\", pipeline, lane
                      FROM turn
                      WHERE \"group\" = $1 AND state = 'waiting' AND seq >= 0 AND displaced IS NULL
                      ORDER BY pipeline, lane, seq
                      LIMIT 1)
                     UNION ALL
                     SELECT following.*
                     FROM head
                     CROSS JOIN LATERAL (SELECT turn.seq, turn.run, turn.stage_index, turn.\"limit\",
                                                turn.pipeline, turn.lane
                                         FROM turn
                                         WHERE turn.\"group\" = $1 AND turn.state = 'waiting' AND turn.seq >= 0
                                           AND turn.displaced IS NULL AND (turn.pipeline, turn.lane) > (head.pipeline, head.lane)
                                         ORDER BY turn.pipeline, turn.lane, turn.seq
                                         LIMIT 1) AS following
                 )
                 SELECT seq, run, stage_index, \"limit\",
                        (SELECT count(*) FROM turn WHERE \"group\" = $1 AND state = 'held') AS holding
                 FROM head
                 WHERE {LANE_NOT_PAUSED}
                 ORDER BY seq
                 LIMIT 1"
            ),
            &[&group],
        )
        .await
}

/// Lets a run or stage go on that has all its turns.
async fn go_on(session: &Session, forms: &Forms, run: i64, stage: i64) -> Result<(), Fault> {
    lease::lock_run(session, run).await?;
    session
        .run(
            "UPDATE job SET aside = NULL WHERE run = $1 AND aside = 'turn' AND ($2::bigint = -1 OR stage_index = $2)",
            &[&run, &stage],
        )
        .await?;
    if stage == WHOLE_RUN {
        let (plan, board) = graph::plan_and_board(session, forms, run).await?;
        return follow(session, run, &plan, &board).await;
    }
    // The run may be about to be stopped.
    hold_back(session, run).await
}

/// Sets due jobs aside whose run or stage waits for a turn, or is about to be stopped.
async fn hold_back(session: &Session, run: i64) -> Result<(), Fault> {
    session
        .run(
            "UPDATE job
             SET aside = 'turn'
             WHERE run = $1 AND state = 'due' AND aside IS NULL
               AND EXISTS (SELECT 1 FROM turn
                           WHERE turn.run = $1 AND (turn.state = 'waiting' OR turn.stopped IS NOT NULL)
                             AND turn.stage_index IN (-1, job.stage_index))",
            &[&run],
        )
        .await?;
    Ok(())
}

/// Returns `waiting` where some turn of a run or stage is missing, `held` where it has all, nothing
/// where it has asked for none.
async fn state_of(session: &Session, run: i64, stage: i64) -> Result<Option<String>, Fault> {
    let row = session.one("SELECT max(state) FROM turn WHERE run = $1 AND stage_index = $2", &[&run, &stage]).await?;
    Ok(row.try_get(0)?)
}

async fn name_of(session: &Session, run: i64) -> Result<String, Fault> {
    let row = session.one("SELECT pipeline || '#' || number FROM run WHERE seq = $1", &[&run]).await?;
    Ok(row.try_get(0)?)
}

fn place(stage: Option<usize>) -> i64 {
    stage.map_or(WHOLE_RUN, number)
}
