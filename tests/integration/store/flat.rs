//! What an event costs does not depend on how much there is beside it: counted in steps of the database and rows that it
//! reads, as a time says something else on a busy machine.

use super::steps::Steps;
use super::turns::{finish, look};
use super::world::{LEASE, World, job, plan};
use crate::database;
use crate::support::until;
use pipehook::id::RunId;
use pipehook::pipeline::plan::{Concurrency, ConcurrencyPolicy, Plan};
use pipehook::run::RunResult;
use pipehook::store::{Acceptance, Accepted, NewRun, Pausable, RunQuery};
use std::collections::BTreeMap;
use std::time::Duration;

/// How many runs of each kind there are beside an event: few, and very many.
const FEW: usize = 200;
const MANY: usize = 4_000;
/// How many runs one delivery brings.
const AT_ONCE: usize = 500;
/// How much more an event may cost beside very many: a tree of theirs is a level deeper. And what makes no difference.
const FACTOR: f64 = 1.5;
const SLACK: u64 = 150;
/// What the limit of the queue reads: runs are counted, and what was counted is believed for a while. That has a rule and
/// tests of its own.
const COUNTED: &str = "run_unfinished";
/// How long a database may take to count what was done.
const COUNTED_MAX: Duration = Duration::from_secs(60);

const QUEUE: ConcurrencyPolicy = ConcurrencyPolicy::Queue;

fn of(pipeline: &str, plan: Plan) -> Plan {
    Plan { pipeline: pipeline.to_owned(), ..plan }
}

fn alone(pipeline: &str) -> Plan {
    of(pipeline, plan(vec![job("a", &[])]))
}

fn in_group(pipeline: &str, group: &str, policy: ConcurrencyPolicy) -> Plan {
    let concurrency = Some(Concurrency { group: group.into(), limit: 1, policy });
    Plan { concurrency, ..alone(pipeline) }
}

/// Queues many runs of a plan.
async fn queue_many(world: &World, count: usize, plan: &Plan) -> Vec<RunId> {
    let mut queued = Vec::new();
    while queued.len() < count {
        let runs: Vec<NewRun> = (0..AT_ONCE.min(count - queued.len())).map(|_| world.new_run(plan.clone())).collect();
        let delivery = Some(world.delivery(b"{}", &runs));
        let acceptance =
            Acceptance { delivery, runs, repeat: None, queue_limit: u64::MAX, connection_limit: None, queue_age: None };
        match world.store().accept(acceptance).await.expect("it is accepted") {
            Accepted::New(runs) => queued.extend(runs.into_iter().map(|run| run.id)),
            repeat @ Accepted::Repeat { .. } => panic!("nothing is repeated here: {repeat:?}"),
        }
    }
    look(world).await;
    queued
}

/// Runs beside which events happen.
struct Crowd {
    /// They wait in the group `deploy`, behind the first, which a worker has.
    waiting: Vec<RunId>,
    paused: Vec<RunId>,
}

/// Makes as many runs of each kind: ended ones, paused ones in a group and in none, and those that wait in a group.
async fn crowd(world: &World, each: usize) -> Crowd {
    queue_many(world, each, &in_group("old", "old", QUEUE)).await;
    world.queue(in_group("old", "old", ConcurrencyPolicy::CancelRunning)).await;
    while world.store().depth().await.expect("a depth").queued > 1 {
        world.store().sweep(false).await.expect("a sweep");
    }
    let last = world.claim().await.expect("the last of them");
    finish(world, &last, RunResult::Succeeded).await;
    world.store().pause(&Pausable::Pipeline("paused".to_owned())).await.expect("paused");
    let paused = queue_many(world, each, &alone("paused")).await;
    queue_many(world, each, &in_group("paused", "deploy", QUEUE)).await;
    let waiting = queue_many(world, each, &in_group("hello", "deploy", QUEUE)).await;
    world.queue(alone("warm")).await;
    // What is paused is set aside by the first claims that meet it.
    let claims = [world.claim().await, world.claim().await].map(|claim| claim.expect("due").run);
    assert!(claims.contains(&waiting[0]), "the first of the group has the turn");
    Crowd { waiting, paused }
}

/// Does one thing of each kind, and calls `done` with its name after each.
async fn events(world: &World, crowd: &Crowd, mut done: impl FnMut(&'static str)) {
    let store = world.store();
    done("before");
    let middle = crowd.waiting.len() / 2;
    store.run(&crowd.waiting[0]).await.expect("a run").expect("it is there");
    done("show one that goes on");
    store.run(&crowd.waiting[middle]).await.expect("a run").expect("it is there");
    done("show one that waits");
    world.queue(alone("other")).await;
    look(world).await;
    done("queue one in no group");
    let limited = Acceptance { connection_limit: Some(u64::MAX), ..world.acceptance(alone("other"), None) };
    store.accept(limited).await.expect("there is room");
    done("accept one of a connection with a limit of its own");
    look(world).await;
    done("file it");
    world.queue(in_group("hello", "deploy", QUEUE)).await;
    look(world).await;
    done("queue one in the group");
    world.queue(alone("paused")).await;
    look(world).await;
    done("queue a paused one");
    let claim = world.claim().await.expect("due");
    done("claim");
    store.record(&claim.lease, world.started(0)).await.expect("held");
    done("record");
    store.renew(&claim.lease, LEASE).await.expect("held");
    done("renew");
    finish(world, &claim, RunResult::Succeeded).await;
    done("finish");
    store.cancel(&crowd.waiting[middle + 1]).await.expect("canceled");
    done("cancel one that waits");
    store.cancel(&crowd.paused[middle]).await.expect("canceled");
    done("cancel a paused one");
    store.cancel(&crowd.waiting[0]).await.expect("canceled");
    done("cancel the one that goes on");
    world.wait(31);
    let swept = store.sweep(false).await.expect("a sweep");
    assert_eq!(swept.len(), 2, "the holder's lease is over, and that of the first claim");
    done("sweep, and let the next go on");
    let claim = world.claim().await.expect("its turn came");
    assert_eq!(claim.run, crowd.waiting[1]);
    done("claim the next of the group");
    finish(world, &claim, RunResult::Succeeded).await;
    done("finish it, and let the next go on");
    store.pause(&Pausable::Pipeline("third".to_owned())).await.expect("paused");
    store.resume(&Pausable::Pipeline("third".to_owned())).await.expect("resumed");
    done("pause and resume another pipeline");
    store.runs(RunQuery { limit: 10, ..RunQuery::default() }).await.expect("a list");
    done("list some runs");
    store.sweep(false).await.expect("a sweep");
    done("sweep nothing");
}

fn is_flat(few: u64, many: u64) -> bool {
    many as f64 <= few as f64 * FACTOR + SLACK as f64
}

/// Returns the steps of each event, and of those the statements that take most.
async fn steps_beside(each: usize) -> Vec<(&'static str, BTreeMap<String, u64>)> {
    let folder = tempfile::tempdir().expect("a folder");
    let steps = Steps::of(folder.path());
    let world = World::sqlite_in(folder);
    let crowd = crowd(&world, each).await;
    let mut taken = Vec::new();
    events(&world, &crowd, |name| taken.push((name, steps.take()))).await;
    taken
}

#[tokio::test]
async fn an_event_takes_as_many_steps_beside_few_runs_as_beside_very_many() {
    let (few, many) = (steps_beside(FEW).await, steps_beside(MANY).await);
    let mut wrong = String::new();
    for ((name, few), (_, many)) in few.iter().zip(&many).skip(1) {
        let [all_few, all_many] = [few, many].map(|steps| steps.values().sum::<u64>());
        assert!(all_few > 0, "{name} is counted");
        println!("{name}: {all_few} and {all_many} steps");
        if !is_flat(all_few, all_many) {
            wrong.push_str(&format!("{name}: {all_few} steps beside few, {all_many} beside very many\n"));
            for (statement, steps) in many {
                let before = few.get(statement).copied().unwrap_or(0);
                if *steps > before + SLACK {
                    wrong.push_str(&format!("  {before} and {steps}: {statement}\n"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// What the tables and indexes of a schema have given to those that read them.
fn rows_read(world: &World) -> BTreeMap<String, u64> {
    let server = database::shared().expect("the world is on it");
    let none_left = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'flat'";
    // A connection tells what it did when it ends.
    until("the end of the store's connections", COUNTED_MAX, || (server.sql(none_left) == "0").then_some(()));
    let read = "SELECT relname || ' ' || coalesce(seq_tup_read, 0) FROM pg_stat_user_tables WHERE schemaname = current_schema()
                UNION ALL
                SELECT indexrelname || ' ' || idx_tup_read FROM pg_stat_user_indexes WHERE schemaname = current_schema()";
    let told = database::run_sql(&database::programs().expect("it runs"), world.address(), read).expect("counts");
    let line =
        |line: &str| line.rsplit_once(' ').map(|(name, read)| (name.to_owned(), read.parse().expect("a number")));
    told.lines().filter_map(line).collect()
}

/// Returns how many rows were read for all events together.
async fn rows_beside(each: usize) -> Option<BTreeMap<String, u64>> {
    let mut world = World::postgres_named("flat")?;
    let crowd = crowd(&world, each).await;
    world.close();
    // As the database does by itself after a while: what was changed and is gone is not read again, and it knows how much there is.
    database::run_sql(&database::programs()?, world.address(), "VACUUM ANALYZE").expect("it runs");
    let before = rows_read(&world);
    world.crash();
    events(&world, &crowd, |_| {}).await;
    world.close();
    let mut after = rows_read(&world);
    for (name, read) in &mut after {
        *read -= before.get(name).copied().unwrap_or(0);
    }
    Some(after)
}

#[tokio::test]
async fn events_read_as_many_rows_beside_few_runs_as_beside_very_many() {
    let Some(few) = rows_beside(FEW).await else { return };
    let many = rows_beside(MANY).await.expect("it was there just now");
    let more: Vec<String> = many
        .iter()
        .filter(|(name, _)| *name != COUNTED)
        .filter(|(name, many)| !is_flat(few.get(*name).copied().unwrap_or(0), **many))
        .map(|(name, many)| format!("{name}: {} and {many}", few.get(name).copied().unwrap_or(0)))
        .collect();
    assert!(few.values().sum::<u64>() > 0, "something is counted");
    println!("{} and {} rows", few.values().sum::<u64>(), many.values().sum::<u64>());
    assert!(more.is_empty(), "rows read beside few, and beside very many: {more:#?}");
}
