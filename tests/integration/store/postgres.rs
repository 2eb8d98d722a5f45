//! What only the store of several machines promises.

use super::world::{LEASE, World, job, open_database, plan};
use crate::database;
use jiff::SignedDuration;
use pipehook::id::JobId;
use pipehook::run::{RunResult, Series, State};
use pipehook::store::{
    Accepted, Address, Artifact, Claim, DeliveryQuery, Error, Lease, LeaseClock, PostgresStore, Renewal, RunQuery,
    StepEvent, Store,
};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::timeout;

/// How long something may take that takes moments.
const SOON: Duration = Duration::from_secs(30);
/// How long a store may take until it listens for changes.
const LISTENING: Duration = Duration::from_secs(10);

/// Returns another process's store on a world's database.
fn beside(world: &World) -> PostgresStore {
    open_database(world.address(), LeaseClock::Own(world.clock.clone()))
}

fn sql(world: &World, statement: &str) -> Result<String, String> {
    let programs = database::programs().expect("the world needs them too");
    database::run_sql(&programs, world.address(), statement)
}

async fn error_of_opening(address: &str) -> Error {
    let address = Address::parse(address).expect("an address");
    PostgresStore::open(address, LeaseClock::Database).await.err().expect("it is refused")
}

async fn claim(store: &dyn Store, world: &World) -> Option<Claim> {
    store.claim(&world.worker(), &["default".to_owned()], LEASE).await.expect("a claim")
}

#[tokio::test]
async fn a_store_of_a_later_version_is_left_alone() {
    let Some(world) = World::postgres() else { return };
    sql(&world, "UPDATE schema_version SET version = version + 1").expect("a later version");
    let error = error_of_opening(world.address()).await;
    assert!(matches!(error, Error::Newer { found, known } if found == known + 1), "{error}");
}

#[test]
fn several_that_start_at_once_make_one_schema() {
    let Some(address) = database::schema() else { return };
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| open_database(&address, LeaseClock::Database));
        }
    });
}

#[tokio::test]
async fn an_illegal_row_can_not_be_stored() {
    let Some(world) = World::postgres() else { return };
    world.queue(plan(vec![job("a", &[])])).await;
    let illegal = [
        "UPDATE run SET state = 'sleeping'",
        "UPDATE run SET state = 'completed', finished_at = now()",
        "UPDATE run SET result = 'succeeded'",
        "UPDATE run SET state = 'running'",
        "UPDATE run SET started_at = now()",
        "UPDATE run SET number = 0",
        "UPDATE job SET state = 'leased', due_at = NULL, started_at = now(), attempt = 1, token = 1, lease_until = now()",
        "UPDATE job SET token = 1",
        "UPDATE job SET lease_until = now()",
        "UPDATE job SET due_at = NULL",
        "UPDATE job SET started_at = now()",
        "UPDATE job SET started_step = true",
        "UPDATE job SET state = 'completed', due_at = NULL, result = 'succeeded'",
        "UPDATE job SET state = 'completed', due_at = NULL, finished_at = now(), result = 'fine'",
        "INSERT INTO step (job, step_index, display_name, state, attempt) VALUES (1, 0, '', 'running', 1)",
        "INSERT INTO step (job, step_index, display_name, state, attempt, started_at, result)
         VALUES (1, 0, '', 'running', 1, now(), 'failed')",
        "UPDATE delivery SET outcome = 'repeat'",
        "UPDATE delivery SET repeat_of = 'dlv_1'",
        "UPDATE delivery SET outcome = 'refused'",
        "UPDATE delivery SET runs = NULL",
    ];
    for statement in illegal {
        let error = sql(&world, statement).expect_err(statement);
        assert!(error.contains("check constraint"), "{statement}: {error}");
    }
}

#[tokio::test]
async fn a_thousand_copies_over_two_receivers_make_one_run() {
    let Some(world) = World::postgres() else { return };
    let other = beside(&world);
    let stores: [&dyn Store; 2] = [world.store(), &other];
    let copies = (0..1_000).map(|copy| stores[copy % 2].accept(world.acceptance(plan(vec![job("a", &[])]), Some("k"))));
    let accepted = all(copies).await;
    let (mut new, mut repeats) = (Vec::new(), BTreeSet::new());
    for accepted in accepted {
        match accepted.expect("accepted") {
            Accepted::New(runs) => new.push(runs[0].id.clone()),
            Accepted::Repeat { runs, .. } => {
                repeats.insert(runs[0].id.clone());
            }
        }
    }
    assert_eq!(new.len(), 1, "one is the first");
    assert_eq!(repeats.into_iter().collect::<Vec<_>>(), new, "all others are told of its run");
    let runs = world.store().runs(RunQuery { limit: 9, ..RunQuery::default() }).await.expect("a list");
    assert_eq!(runs.len(), 1);
    let deliveries = world.store().deliveries(DeliveryQuery { limit: 9_999, ..DeliveryQuery::default() });
    assert_eq!(deliveries.await.expect("a list").len(), 1_000);
    assert_eq!(world.store().connection_counts().await.expect("counts")[0].deliveries, 1_000);
}

/// Waits for all of some futures at once, in their order.
async fn all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut pinned: Vec<_> = futures.map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = pinned.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, done) in pinned.iter_mut().zip(&mut done).filter(|(_, done)| done.is_none()) {
            if let std::task::Poll::Ready(output) = future.as_mut().poll(context) {
                *done = Some(output);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

#[tokio::test]
async fn numbers_have_no_gaps_over_several_receivers() {
    let Some(world) = World::postgres() else { return };
    let others = [beside(&world), beside(&world)];
    let stores: [&dyn Store; 3] = [world.store(), &others[0], &others[1]];
    let accepted = all((0..300).map(|at| {
        let limit = if at % 7 == 0 { 0 } else { super::world::ROOM };
        let acceptance = world.acceptance(plan(vec![job("a", &[])]), None);
        stores[at % 3].accept(pipehook::store::Acceptance { queue_limit: limit, ..acceptance })
    }))
    .await;
    let mut numbers = Vec::new();
    for accepted in accepted {
        match accepted {
            Ok(Accepted::New(runs)) => numbers.push(runs[0].number),
            Err(Error::Full { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    assert_eq!(numbers.len(), 257);
}

#[tokio::test]
async fn every_job_is_claimed_once_by_many_at_once() {
    let Some(world) = World::postgres() else { return };
    let others = [beside(&world), beside(&world)];
    let stores: [&dyn Store; 3] = [world.store(), &others[0], &others[1]];
    for _ in 0..10 {
        world.queue(plan((0..6).map(|at| job(["a", "b", "c", "d", "e", "f"][at], &[])).collect())).await;
    }
    let world = &world;
    let claimed = all((0..12).map(|at| async move {
        let mut own = Vec::new();
        while let Some(claim) = claim(stores[at % 3], world).await {
            own.push(claim.lease);
        }
        own
    }))
    .await;
    let leases: Vec<_> = claimed.into_iter().flatten().collect();
    let jobs: BTreeSet<_> = leases.iter().map(|lease| lease.job.clone()).collect();
    let tokens: BTreeSet<_> = leases.iter().map(|lease| lease.token).collect();
    // Who found all jobs locked for a while may have gone: what is left is found by the next look.
    let mut left = 0;
    while claim(world.store(), world).await.is_some() {
        left += 1;
    }
    assert_eq!((jobs.len(), tokens.len()), (leases.len(), leases.len()), "each once, each with a token of its own");
    assert_eq!(leases.len() + left, 60);
}

#[tokio::test]
async fn jobs_of_a_run_that_end_at_once_make_the_next_one_due() {
    let Some(world) = World::postgres() else { return };
    let other = beside(&world);
    for _ in 0..10 {
        let run = world.queue(plan(vec![job("a", &[]), job("b", &[]), job("c", &["a", "b"])])).await;
        let (one, two) = (world.claim().await.expect("due"), world.claim().await.expect("due"));
        let (first, second) = tokio::join!(
            world.store().finish(&one.lease, world.outcome(RunResult::Succeeded)),
            other.finish(&two.lease, world.outcome(RunResult::Succeeded)),
        );
        first.and(second).expect("both leases hold");
        let last = world.claim().await.expect("what waited for both is due");
        assert_eq!((&last.run, last.job), (&run.id, 2));
        other.finish(&last.lease, world.outcome(RunResult::Succeeded)).await.expect("held");
        let detail = other.run(&run.id).await.expect("read").expect("there");
        assert_eq!((detail.run.state, detail.run.result), (State::Completed, Some(RunResult::Succeeded)));
    }
}

#[tokio::test]
async fn a_repeat_is_known_for_its_window_by_the_databases_clock_whatever_those_of_receivers_say() {
    const DAY: i64 = 24 * 60 * 60;
    let Some(world) = World::postgres() else { return };
    let accept = async |away: i64| {
        let mut acceptance = world.acceptance(plan(vec![job("a", &[])]), Some("k"));
        let (delivery, _) = acceptance.delivery.as_mut().expect("there is one");
        delivery.received_at += SignedDuration::from_secs(away);
        world.store().accept(acceptance).await.expect("accepted")
    };
    // The first receiver's clock is behind, and of the others each is wrong in its own way.
    assert!(matches!(accept(-DAY).await, Accepted::New(_)));
    world.wait(59);
    for away in [0, DAY, -2 * DAY] {
        assert!(matches!(accept(away).await, Accepted::Repeat { .. }), "{away}");
    }
    world.wait(1);
    assert!(matches!(accept(-DAY).await, Accepted::New(_)), "the window is over");
    // What another receiver forgets is what is over.
    let mut other = world.acceptance(plan(vec![job("a", &[])]), Some("other"));
    other.delivery.as_mut().expect("there is one").0.received_at += SignedDuration::from_secs(DAY);
    world.store().accept(other).await.expect("accepted");
    assert!(matches!(accept(0).await, Accepted::Repeat { .. }));
}

#[tokio::test]
async fn cancels_claims_and_ends_at_once_leave_nothing_open() {
    let Some(world) = World::postgres() else { return };
    let other = beside(&world);
    for _ in 0..10 {
        let run = world.queue(plan(vec![job("a", &[]), job("b", &[]), job("c", &["a", "b"])])).await;
        let first = world.claim().await.expect("due");
        let (canceled, second, finished) = tokio::join!(
            other.cancel(&run.id),
            claim(&other, &world),
            world.store().finish(&first.lease, world.outcome(RunResult::Succeeded)),
        );
        canceled.expect("canceled");
        finished.expect("held");
        if let Some(second) = second {
            world.store().finish(&second.lease, world.outcome(RunResult::Canceled)).await.expect("held");
        }
        let detail = world.store().run(&run.id).await.expect("read").expect("there");
        assert_eq!(detail.run.state, State::Completed, "{detail:?}");
    }
}

/// Returns a connection on which somebody is in the middle of something with a world's rows.
async fn somebody(world: &World, statement: &str) -> tokio_postgres::Client {
    let connected = tokio_postgres::connect(world.address(), tokio_postgres::NoTls).await;
    let (client, connection) = connected.expect("a connection");
    tokio::spawn(connection);
    client.batch_execute(&format!("BEGIN; {statement}")).await.expect(statement);
    client
}

#[tokio::test]
async fn jobs_of_a_run_are_claimed_while_somebody_decides_about_it() {
    let Some(world) = World::postgres() else { return };
    let run = world.queue(plan(vec![job("a", &[]), job("b", &[]), job("c", &[])])).await;
    let first = world.claim().await.expect("due");
    let other = somebody(&world, "SELECT 1 FROM run FOR NO KEY UPDATE").await;
    for place in [1, 2] {
        let claimed = world.claim().await.expect("it is due, and in nobody's hands");
        assert_eq!((&claimed.run, claimed.job), (&run.id, place));
    }
    other.batch_execute("ROLLBACK").await.expect("it lets go");
    world.store().finish(&first.lease, world.outcome(RunResult::Succeeded)).await.expect("held");
}

#[tokio::test]
async fn a_run_that_somebody_begins_or_cancels_is_passed_over() {
    let Some(world) = World::postgres() else { return };
    let first = world.queue(plan(vec![job("a", &[]), job("b", &[])])).await;
    let second = world.queue(plan(vec![job("a", &[])])).await;
    let other = somebody(&world, "SELECT 1 FROM run WHERE number = 1 FOR NO KEY UPDATE").await;
    assert_eq!(world.claim().await.expect("due").run, second.id);
    assert!(world.claim().await.is_none(), "what is left is not begun by two");
    other.batch_execute("ROLLBACK").await.expect("it lets go");
    assert_eq!(world.claim().await.expect("due").run, first.id);
}

#[tokio::test]
async fn a_job_whose_claim_a_cancel_meets_half_way_is_told_to_stop() {
    let Some(world) = World::postgres() else { return };
    let run = world.queue(plan(vec![job("a", &[]), job("b", &[]), job("c", &[])])).await;
    let first = world.claim().await.expect("due");
    let half_way = "UPDATE job
                    SET state = 'leased', due_at = NULL, attempt = 1, token = nextval('token'), worker = former.worker,
                        lease_until = former.lease_until, started_at = former.started_at
                    FROM job AS former
                    WHERE job.job_index = 1 AND former.job_index = 0";
    let other = somebody(&world, half_way).await;
    let claimed = other.query_one("SELECT id, token FROM job WHERE job_index = 1", &[]).await.expect("a row");
    let second = Lease { job: JobId::from_stored(claimed.get(0)), token: claimed.get(1) };
    let (canceled, ()) = tokio::join!(world.store().cancel(&run.id), async {
        let waits = "SELECT 1 FROM pg_stat_activity WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))";
        let waited = timeout(SOON, async {
            while other.query_opt(waits, &[]).await.expect("an answer").is_none() {
                tokio::task::yield_now().await;
            }
        });
        waited.await.expect("the cancel waits for the claim");
        other.batch_execute("COMMIT").await.expect("it is claimed");
    });
    assert_eq!(canceled.expect("canceled"), Some(State::Canceling));
    for lease in [&first.lease, &second] {
        assert_eq!(world.store().renew(lease, LEASE).await.expect("held"), Renewal::CancelRequested);
        world.store().finish(lease, world.outcome(RunResult::Canceled)).await.expect("held");
    }
    let detail = world.store().run(&run.id).await.expect("read").expect("there");
    assert_eq!((detail.run.state, detail.run.result), (State::Completed, Some(RunResult::Canceled)));
}

#[tokio::test]
async fn a_change_by_another_process_is_heard() {
    let Some(world) = World::postgres() else { return };
    let other = beside(&world);
    let mut changes = other.changes();
    // The first change says that it listens now. Where it did before it was asked, none is told any more.
    if let Ok(told) = timeout(LISTENING, changes.changed()).await {
        told.expect("the store is open");
    }
    changes.mark_unchanged();
    world.queue(plan(vec![job("a", &[])])).await;
    timeout(SOON, changes.changed()).await.expect("it is told").expect("the store is open");
}

#[tokio::test]
async fn a_database_that_does_not_wait_for_its_disk_is_refused() {
    let Some(address) = database::schema() else { return };
    let error = error_of_opening(&format!("{address}%20-c%20synchronous_commit%3Doff")).await.to_string();
    assert!(error.contains("synchronous_commit = off"), "{error}");
    // Nobody is waited for where there is nobody.
    let local = format!("{address}%20-c%20synchronous_commit%3Dlocal");
    let local = Address::parse(&local).expect("an address");
    assert!(PostgresStore::open(local, LeaseClock::Database).await.is_ok());
}

#[tokio::test]
async fn a_database_that_is_not_there_is_told_without_its_password() {
    let error = error_of_opening("postgres://me:hunter2@127.0.0.1:1/db").await.to_string();
    assert!(error.contains("refused") && !error.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn character_0_and_long_texts_are_no_trouble() {
    let Some(world) = World::postgres() else { return };
    let long = "k".repeat(20_000);
    for key in ["a\0b", &long, &long[1..]] {
        let first = world.store().accept(world.acceptance(plan(vec![job("a", &[])]), Some(key))).await;
        assert!(matches!(first, Ok(Accepted::New(_))), "{first:?}");
        let second = world.store().accept(world.acceptance(plan(vec![job("a", &[])]), Some(key))).await;
        assert!(matches!(second, Ok(Accepted::Repeat { .. })), "{second:?}");
    }
    let mut acceptance = world.acceptance(plan(vec![job("a", &[])]), None);
    acceptance.runs[0].name.prefix = format!("x\0{long}");
    acceptance.delivery.as_mut().expect("a delivery").0.event = Some("a\0b".to_owned());
    world.store().accept(acceptance).await.expect("accepted");
    let lease = world.claim().await.expect("due").lease;
    let artifact = Artifact { name: format!("a\0{long}"), kind: "x\0".into(), location: "y\0".into() };
    let events = [
        StepEvent::Started { step: 0, display_name: "a\0b".to_owned(), at: world.now(), attempt: 1 },
        StepEvent::Tagged { tag: format!("\0{long}") },
        StepEvent::Renamed { name: "a\0b".to_owned() },
        StepEvent::Published { artifact },
    ];
    for event in events {
        world.store().record(&lease, event).await.expect("held");
    }
    for site in ["a", "b"] {
        let series = Series { site: format!("{site}\0{long}"), prefix: long.clone(), seed: 1 };
        let number = world.store().count(&lease, &series).await.expect("held");
        assert_eq!(number, i64::from(site == "b") + 1);
    }
    assert!(world.store().find_runs("run_\0").await.expect("a search").is_empty());
    assert!(world.store().find_runs("a\0#1").await.expect("a search").is_empty());
}

#[tokio::test]
async fn a_delivery_that_can_not_be_stored_takes_no_other_with_it() {
    let Some(world) = World::postgres() else { return };
    let bad = "CREATE FUNCTION bad() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'bad'; END $$;
               CREATE TRIGGER bad BEFORE INSERT ON delivery FOR EACH ROW WHEN (new.connection = 'bad')
               EXECUTE FUNCTION bad()";
    sql(&world, bad).expect("a trigger");
    let from = |connection: &str| {
        let mut acceptance = world.acceptance(plan(vec![job("a", &[])]), None);
        acceptance.delivery.as_mut().expect("a delivery").0.connection = connection.to_owned();
        acceptance
    };
    let senders = (0..20).map(|at| world.store().accept(from(if at == 7 { "bad" } else { "hook" })));
    let accepted = all(senders).await;
    for (at, accepted) in accepted.iter().enumerate() {
        assert_eq!(accepted.is_err(), at == 7, "{at}: {accepted:?}");
    }
    let found = world.store().runs(RunQuery { limit: 99, ..RunQuery::default() }).await.expect("a list");
    let numbers: BTreeSet<u64> = found.iter().map(|run| run.number).collect();
    assert_eq!(numbers, (1..=19).collect());
}

#[tokio::test]
async fn leases_go_by_the_database_s_clock() {
    let Some(address) = database::schema() else { return };
    let store = open_database(&address, LeaseClock::Database);
    let world = World::postgres().expect("there is a database");
    store.accept(world.acceptance(plan(vec![job("a", &[])]), None)).await.expect("accepted");
    let claimed = store.claim(&world.worker(), &["default".to_owned()], LEASE).await.expect("a claim").expect("due");
    assert!(store.sweep(false).await.expect("a sweep").is_empty(), "half a minute is not over");
    store.renew(&claimed.lease, Duration::ZERO).await.expect("held");
    assert!(matches!(store.renew(&claimed.lease, LEASE).await, Err(Error::Lost)), "no time was left");
    assert_eq!(store.sweep(false).await.expect("a sweep").len(), 1);
}
