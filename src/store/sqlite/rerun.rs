//! A completed run again: the same frozen work, all of it or what did not succeed.

use super::accept::{LoggedRun, number};
use super::filing::{self, Beginning, Times};
use super::graph::board;
use super::row::{from_json, state_at};
use super::writer::Session;
use super::{matrix, story, turn};
use crate::id::{DeliveryId, RunId};
use crate::pipeline::plan::Plan;
use crate::run::{self, Board, State};
use crate::store::{Error, Priority, Reran, Rerun, RerunScope};
use rusqlite::{Connection, OptionalExtension, params};

/// The run that is repeated.
struct Former {
    seq: i64,
    pipeline: String,
    number: u64,
    state: State,
    delivery: Option<(DeliveryId, String)>,
    form: i64,
    values: Vec<String>,
    priority: Priority,
}

/// Queues a run again.
pub(super) fn rerun(session: &mut Session<'_>, wish: &Rerun) -> Result<Reran, Error> {
    let Some(former) = former(session.connection, &wish.of)? else { return Ok(Reran::Unknown) };
    if former.state != State::Completed {
        return Ok(Reran::Unfinished);
    }
    let mut plan = session.memory.forms.plan(session.connection, former.form, &former.values)?;
    let taken = match wish.scope {
        RerunScope::All => Vec::new(),
        RerunScope::Unsucceeded => {
            matrix::fill_in(session.connection, former.seq, &mut plan)?;
            let board = board(session.connection, former.seq, &plan)?;
            if !run::has_failed(&board) {
                return Ok(Reran::NothingFailed);
            }
            run::taken(&plan, &board)
        }
    };
    let waiting = session.memory.waiting.all();
    if waiting + 1 > wish.queue_limit {
        return Err(Error::Full { waiting, limit: wish.queue_limit });
    }
    session.memory.waiting.come(former.delivery.as_ref().map_or("", |(_, connection)| connection), 1);
    let name = run::resolve(&plan, wish.at);
    let (number, revision) = number(session, &former.pipeline, &name)?;
    let logged = LoggedRun {
        id: wish.id.as_str().into(),
        pipeline: former.pipeline.as_str().into(),
        number,
        name: name.with_revision(revision).into(),
        form: former.form,
        values: former.values.as_slice().into(),
        priority: former.priority,
    };
    queue(session, &former, &logged, wish, (plan, &taken))?;
    turn::work_off(session, wish.at)?;
    Ok(Reran::Queued(logged.queued()))
}

fn former(connection: &Connection, id: &RunId) -> Result<Option<Former>, Error> {
    let found = connection
        .prepare_cached(
            "SELECT run.seq, pipeline, number, state, delivery, connection, form, \"values\",
                    (SELECT -min(urgency) FROM job WHERE job.run = run.seq) AS priority
             FROM run
             JOIN work ON work.run = run.seq
             WHERE id = ?",
        )?
        .query_row([id.as_str()], |row| {
            let delivery: Option<String> = row.get("delivery")?;
            let connection: Option<String> = row.get("connection")?;
            let former = Former {
                seq: row.get("seq")?,
                pipeline: row.get("pipeline")?,
                number: row.get("number")?,
                state: state_at(row, "state")?,
                delivery: delivery.map(|id| DeliveryId::from_stored(&id)).zip(connection),
                form: row.get("form")?,
                values: Vec::new(),
                priority: row.get::<_, Option<Priority>>("priority")?.unwrap_or_default(),
            };
            Ok((former, row.get::<_, String>("values")?))
        })
        .optional()?;
    found.map(|(former, values)| Ok(Former { values: from_json(&values)?, ..former })).transpose()
}

/// Writes the new run, with what it takes of the former one in its place.
fn queue(
    session: &mut Session<'_>,
    former: &Former,
    run: &LoggedRun<'_>,
    wish: &Rerun,
    (mut plan, taken): (Plan, &[(usize, usize, usize)]),
) -> Result<(), Error> {
    let connection = session.connection;
    let is_kept = |stage: usize, job: usize| taken.iter().any(|it| (it.0, it.1) == (stage, job));
    let settled = matrix::kept(connection, former.seq)?;
    if wish.scope == RerunScope::Unsucceeded {
        // What is open about a job of which no leg succeeded becomes known again, perhaps as something else.
        plan = session.memory.forms.plan(connection, former.form, &former.values)?;
    }
    let settled: Vec<_> = settled.into_iter().filter(|((stage, job), _)| is_kept(*stage, *job)).collect();
    for ((stage, job), settled) in &settled {
        plan.settle(*stage, *job, settled.clone());
    }
    let before = board(connection, former.seq, &plan)?;
    let mut beginning = Beginning { board: Board::new(&plan), plan, rerun_of: Some(&wish.of) };
    for &(stage, job, leg) in taken {
        if let Some(standing) = beginning.board.leg_mut(stage, job, leg) {
            standing.clone_from(&before.stages[stage][job][leg]);
        }
    }
    let delivery = former.delivery.as_ref().map(|(id, connection)| (id.clone(), connection.as_str()));
    let times = Times { queued_at: wish.at, due_at: session.now.steady };
    let seq = filing::file_beginning(session, run, times, delivery.as_ref(), beginning)?;
    for ((stage, job), settled) in &settled {
        matrix::keep(connection, seq, (*stage, *job), settled)?;
    }
    for place in taken {
        take(connection, former, seq, *place)?;
    }
    if !taken.is_empty() {
        story::take_series(connection, former.seq, seq)?;
        story::take_agreements(connection, former.seq, seq)?;
    }
    Ok(())
}

/// Puts what is known of a leg of the former run into the new one.
fn take(
    connection: &Connection,
    former: &Former,
    run: i64,
    (stage, job, leg): (usize, usize, usize),
) -> Result<(), Error> {
    let find = |run: i64| {
        connection
            .prepare_cached(
                "SELECT seq FROM job WHERE run = ? AND stage_index = ? AND job_index = ? AND leg_index = ?",
            )?
            .query_row(params![run, stage, job, leg], |row| row.get::<_, i64>(0))
    };
    let (from, to) = (find(former.seq)?, find(run)?);
    let reason = format!("taken from {}#{}", former.pipeline, former.number);
    connection
        .prepare_cached(
            "UPDATE job
             SET reason = ?3, attempt = former.attempt, started_step = former.started_step,
                 started_at = former.started_at, finished_at = former.finished_at
             FROM job AS former
             WHERE job.seq = ?2 AND former.seq = ?1",
        )?
        .execute(params![from, to, reason])?;
    connection
        .prepare_cached(
            "INSERT INTO step (job, step_index, display_name, state, result, exit_code, attempt, started_at,
                               finished_at)
             SELECT ?2, step_index, display_name, state, result, exit_code, attempt, started_at, finished_at
             FROM step
             WHERE job = ?1",
        )?
        .execute([from, to])?;
    connection
        .prepare_cached(
            "INSERT INTO wait (job, step_index, kind, instructions, asked_at, until, on_timeout, verdict, answered_by,
                               answered_at, comment)
             SELECT ?2, step_index, kind, instructions, asked_at, until, on_timeout, verdict, answered_by,
                    answered_at, comment
             FROM wait
             WHERE job = ?1",
        )?
        .execute([from, to])?;
    story::take(connection, (from, to), run)
}
