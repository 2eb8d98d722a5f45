//! A completed run again: the same frozen work, all of it or what did not succeed.

use super::depth;
use super::fault::Fault;
use super::filing::{self, Filed, NewRow};
use super::form::Forms;
use super::graph::board;
use super::matrix;
use super::number;
use super::row::{from_json, number, number_at, state_at};
use super::session::Session;
use super::story;
use super::turn;
use crate::id::{DeliveryId, RunId};
use crate::pipeline::plan::Plan;
use crate::run::{self, Board, State};
use crate::store::{Error, Priority, QueuedRun, Reran, Rerun, RerunScope};

/// The run that is repeated.
struct Former {
    seq: i64,
    pipeline: String,
    number: u64,
    priority: Priority,
    state: State,
    delivery: Option<(String, DeliveryId)>,
    form: i64,
    values: Vec<String>,
}

/// A leg's place in a plan.
type Place = (usize, usize, usize);

/// Queues a run again.
pub(super) async fn rerun(session: &Session, forms: &Forms, wish: &Rerun) -> Result<Reran, Fault> {
    let Some(former) = former(session, &wish.of).await? else { return Ok(Reran::Unknown) };
    if former.state != State::Completed {
        return Ok(Reran::Unfinished);
    }
    turn::lock_of_run(session, former.seq).await?;
    let mut plan = forms.plan(session, former.form, &former.values).await?;
    let taken = match wish.scope {
        RerunScope::All => Vec::new(),
        RerunScope::Unsucceeded => {
            matrix::fill_in(session, former.seq, &mut plan).await?;
            let board = board(session, former.seq, &plan).await?;
            if !run::has_failed(&board) {
                return Ok(Reran::NothingFailed);
            }
            run::taken(&plan, &board)
        }
    };
    let waiting = depth::count(session, wish.queue_limit).await?;
    if waiting + 1 > wish.queue_limit {
        return Err(Error::Full { waiting, limit: wish.queue_limit }.into());
    }
    queue(session, forms, &former, wish, (plan, &taken)).await.map(Reran::Queued)
}

async fn former(session: &Session, id: &RunId) -> Result<Option<Former>, Fault> {
    let row = session
        .row(
            "SELECT run.seq, pipeline, number, state, delivery, connection, form, \"values\",
                    (SELECT -min(urgency) FROM job WHERE job.run = run.seq) AS priority
             FROM run
             JOIN work ON work.run = run.seq
             WHERE run.id = $1
             FOR KEY SHARE OF run",
            &[&id.as_str()],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let connection: Option<String> = row.try_get("connection")?;
    let delivery: Option<&str> = row.try_get("delivery")?;
    let priority: Option<i64> = row.try_get("priority")?;
    Ok(Some(Former {
        seq: row.try_get("seq")?,
        pipeline: row.try_get("pipeline")?,
        number: number_at(&row, "number")?,
        priority: priority.and_then(|priority| Priority::try_from(priority).ok()).unwrap_or_default(),
        state: state_at(&row, "state")?,
        delivery: connection.zip(delivery.map(DeliveryId::from_stored)),
        form: row.try_get("form")?,
        values: from_json(row.try_get("values")?)?,
    }))
}

/// Writes the new run, with what it takes of the former one in its place.
async fn queue(
    session: &Session,
    forms: &Forms,
    former: &Former,
    wish: &Rerun,
    (mut plan, taken): (Plan, &[Place]),
) -> Result<QueuedRun, Fault> {
    let name = run::resolve(&plan, wish.at);
    let is_kept = |stage: usize, job: usize| taken.iter().any(|it| (it.0, it.1) == (stage, job));
    let settled = matrix::kept(session, former.seq).await?;
    if wish.scope == RerunScope::Unsucceeded {
        // What is open about a job of which no leg succeeded becomes known again, perhaps as something else.
        plan = forms.plan(session, former.form, &former.values).await?;
    }
    let settled: Vec<_> = settled.into_iter().filter(|((stage, job), _)| is_kept(*stage, *job)).collect();
    for ((stage, job), settled) in &settled {
        plan.settle(*stage, *job, settled.clone());
    }
    let before = board(session, former.seq, &plan).await?;
    let mut board = Board { queued_at: Some(wish.at), ..Board::new(&plan) };
    for &(stage, job, leg) in taken {
        if let Some(standing) = board.leg_mut(stage, job, leg) {
            standing.clone_from(&before.stages[stage][job][leg]);
        }
    }
    let filed = Filed::beginning(&wish.id, plan, board);
    let given = number::Wish { pipeline: &former.pipeline, name: &name, priority: former.priority };
    let given = number::give(session, given).await?;
    let (seq, id, pipeline) = (given.seq, wish.id.clone(), former.pipeline.clone());
    let queued = QueuedRun { id, pipeline, number: given.number, name: given.name.clone() };
    let rows = [NewRow {
        given,
        form: former.form,
        id: &wish.id,
        pipeline: &former.pipeline,
        queued_at: wish.at,
        values: &former.values,
        filed: &filed,
        delivery: former.delivery.as_ref().map(|(connection, id)| (connection.as_str(), id)),
        rerun_of: Some(&wish.of),
    }];
    filing::insert_runs(session, &rows).await?;
    filing::enter_groups(session, forms, &rows).await?;
    for (place, settled) in &settled {
        matrix::keep(session, seq, *place, settled).await?;
    }
    for place in taken {
        take(session, former, seq, *place).await?;
    }
    if !taken.is_empty() {
        story::take_series(session, former.seq, seq).await?;
        story::take_agreements(session, former.seq, seq).await?;
    }
    Ok(queued)
}

/// Puts what is known of a leg of the former run into the new one.
async fn take(session: &Session, former: &Former, run: i64, place: Place) -> Result<(), Fault> {
    let (from, to) = (job(session, former.seq, place).await?, job(session, run, place).await?);
    session
        .run(
            "UPDATE job
             SET reason = $3, attempt = former.attempt, started_step = former.started_step,
                 started_at = former.started_at, finished_at = former.finished_at
             FROM job AS former
             WHERE job.seq = $2 AND former.seq = $1",
            &[&from, &to, &super::row::text(&format!("taken from {}#{}", former.pipeline, former.number))],
        )
        .await?;
    session
        .run(
            "INSERT INTO step (job, step_index, display_name, state, result, exit_code, attempt, started_at,
                               finished_at)
             SELECT $2, step_index, display_name, state, result, exit_code, attempt, started_at, finished_at
             FROM step
             WHERE job = $1",
            &[&from, &to],
        )
        .await?;
    session
        .run(
            "INSERT INTO wait (job, step_index, kind, instructions, asked_at, until, on_timeout, verdict, answered_by,
                               answered_at, comment)
             SELECT $2, step_index, kind, instructions, asked_at, until, on_timeout, verdict, answered_by,
                    answered_at, comment
             FROM wait
             WHERE job = $1",
            &[&from, &to],
        )
        .await?;
    story::take(session, (from, to), run).await
}

async fn job(session: &Session, run: i64, (stage, job, leg): Place) -> Result<i64, Fault> {
    let row = session
        .one(
            "SELECT seq FROM job WHERE run = $1 AND stage_index = $2 AND job_index = $3 AND leg_index = $4",
            &[&run, &number(stage), &number(job), &number(leg)],
        )
        .await?;
    Ok(row.try_get(0)?)
}
