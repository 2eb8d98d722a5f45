//! What only the store of one machine promises.

use super::world::{LEASE, World, job, plan};
use futures_util::future::join_all;
use pipehook::clock::SystemClock;
use pipehook::pipeline::plan::{AGENTLESS_POOL, Job, Plan};
use pipehook::run::RunResult;
use pipehook::store::{
    Access, Approval, Error, Lease, Question, SqliteStore, Store, StoreConfig, TIME_LIMIT, WaitKind,
};
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

fn database(folder: &Path) -> Connection {
    Connection::open(folder.join("pipehook.db")).expect("the file opens")
}

fn open(folder: &Path, access: Access) -> Result<SqliteStore, Error> {
    SqliteStore::open(folder, access, Arc::new(SystemClock))
}

#[tokio::test]
async fn a_second_server_is_told_who_has_the_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let inside = folder.path().join("new").join("data");
    let first = open(&inside, Access::Server).expect("the first");
    let error = open(&inside, Access::Server).err().expect("the second is refused");
    let holder = format!("process {}", std::process::id());
    assert!(matches!(&error, Error::InUse { holder: found, .. } if *found == holder), "{error}");
    let config = StoreConfig { folder: inside.clone(), access: Access::Command, clock: Arc::new(SystemClock) };
    let command = pipehook::store::open(config).await.expect("a command is welcome");
    command.ready().await.expect("and may write");
    drop(first);
    open(&inside, Access::Server).expect("the folder is free again");
}

#[test]
fn a_store_of_a_later_version_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(open(folder.path(), Access::Server).expect("it opens"));
    let known: u32 = database(folder.path()).pragma_query_value(None, "user_version", |row| row.get(0)).expect("one");
    database(folder.path()).pragma_update(None, "user_version", known + 1).expect("a later version");
    let error = open(folder.path(), Access::Command).err().expect("it is refused");
    assert!(matches!(error, Error::Newer { found, known: own } if (found, own) == (known + 1, known)), "{error}");
}

#[tokio::test]
async fn what_an_earlier_version_has_asked_is_answered_when_it_said() {
    let world = World::sqlite();
    world.queue(plan(vec![Job { pool: AGENTLESS_POOL.to_owned(), ..job("w", &[]) }])).await;
    let claim = world.store().claim(&world.worker(), &[AGENTLESS_POOL.to_owned()], LEASE).await;
    let lease = claim.expect("a claim").expect("it is due").lease;
    let (limit, on_timeout) = (Some(Duration::from_secs(20)), Approval::Rejected);
    let question = Question { step: 0, kind: WaitKind::Approval, instructions: String::new(), limit, on_timeout };
    assert_eq!(world.store().ask(&lease, &question).await.expect("held"), None);
    database(world.folder()).execute("UPDATE wait SET over_at = NULL", []).expect("as it was before");
    world.wait(19);
    assert_eq!(world.store().ask(&lease, &question).await.expect("held"), None);
    world.wait(1);
    let given = world.store().ask(&lease, &question).await.expect("held").expect("the time is over");
    assert_eq!(given.verdict, Approval::Rejected);
}

#[tokio::test]
async fn a_start_of_the_machine_neither_answers_nor_ages_what_was_counted_before_its_clock_was_set() {
    for set_by in [7_200, -7_200] {
        let mut world = World::sqlite();
        world.queue(plan(vec![Job { pool: AGENTLESS_POOL.to_owned(), ..job("w", &[]) }])).await;
        world.set_clock(set_by);
        let pools = [AGENTLESS_POOL.to_owned()];
        let lease = world.store().claim(&world.worker(), &pools, LEASE).await.expect("a claim").expect("due").lease;
        let (limit, on_timeout) = (Some(Duration::from_secs(3_600)), Approval::Approved);
        let question = Question { step: 0, kind: WaitKind::Approval, instructions: String::new(), limit, on_timeout };
        assert_eq!(world.store().ask(&lease, &question).await.expect("held"), None);
        world.queue(plan(vec![job("a", &[])])).await;
        world.wait(10);
        database(world.folder()).execute("UPDATE steady SET era = 'another start'", []).expect("as after a start");
        world.crash();
        world.store().sweep(true).await.expect("swept");
        let depth = world.store().depth().await.expect("read");
        assert_eq!(depth.age, Duration::from_secs(10), "set by {set_by}");
        let again = world.store().claim(&world.worker(), &pools, LEASE).await.expect("a claim").expect("due");
        assert_eq!(again.waited, Some(Duration::from_secs(10)));
        world.wait(3_585);
        world.store().sweep(false).await.expect("swept");
        let lease = world.store().claim(&world.worker(), &pools, LEASE).await.expect("a claim").expect("due").lease;
        assert_eq!(world.store().ask(&lease, &question).await.expect("held"), None, "set by {set_by}");
        world.wait(5);
        let answer = world.store().ask(&lease, &question).await.expect("held").expect("its time is over");
        assert_eq!(answer.by, TIME_LIMIT);
    }
}

#[tokio::test]
async fn the_data_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let outside = tempfile::tempdir().expect("a folder");
    let folder = outside.path().join("data");
    let store = open(&folder, Access::Server).expect("it opens");
    store.ready().await.expect("it can be written");
    let mode = |path: &Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for name in ["pipehook.db", "pipehook.db-wal", "pipehook.db-shm"] {
        assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
    }
}

#[tokio::test]
async fn an_illegal_row_can_not_be_stored() {
    let world = World::sqlite();
    world.queue(plan(vec![job("a", &[])])).await;
    world.store().ready().await.expect("its run is filed");
    let database = database(world.folder());
    let illegal = [
        "UPDATE run SET state = 'sleeping'",
        "UPDATE run SET state = 'completed', finished_at = 1",
        "UPDATE run SET result = 'succeeded'",
        "UPDATE run SET state = 'running'",
        "UPDATE run SET started_at = 1",
        "UPDATE run SET number = 0",
        "UPDATE job SET state = 'leased', due_at = NULL, started_at = 1, attempt = 1, token = 1, lease_until = 9",
        "UPDATE job SET token = 1",
        "UPDATE job SET lease_until = 1",
        "UPDATE job SET due_at = NULL",
        "UPDATE job SET started_at = 1",
        "UPDATE job SET started_step = 1",
        "UPDATE job SET state = 'completed', due_at = NULL, result = 'succeeded'",
        "UPDATE job SET state = 'completed', due_at = NULL, finished_at = 1, result = 'fine'",
        "INSERT INTO step (job, step_index, display_name, state, attempt) VALUES (1, 0, '', 'running', 1)",
        "INSERT INTO step (job, step_index, display_name, state, attempt, started_at, result)
         VALUES (1, 0, '', 'running', 1, 1, 'failed')",
        "UPDATE delivery SET outcome = 'repeat'",
        "UPDATE delivery SET repeat_of = 'dlv_1'",
        "UPDATE delivery SET outcome = 'refused'",
        "UPDATE delivery SET assigned = NULL",
        "INSERT INTO filing (one, filed) VALUES (2, 0)",
    ];
    for statement in illegal {
        let error = database.execute(statement, []).expect_err(statement).to_string();
        assert!(error.contains("CHECK"), "{statement}: {error}");
    }
}

#[tokio::test]
async fn a_commit_that_fails_takes_everything_with_it_and_the_next_one_works() {
    let world = World::sqlite();
    // As a full disk does, this takes back the whole transaction, not the statement alone.
    database(world.folder())
        .execute_batch(
            "CREATE TRIGGER full BEFORE INSERT ON delivery BEGIN SELECT RAISE(ROLLBACK, 'the disk is full'); END",
        )
        .expect("a trigger");
    let one = || world.acceptance(plan(vec![job("a", &[])]), None);
    let both = tokio::join!(world.store().accept(one()), world.store().accept(one()));
    for result in [both.0, both.1] {
        assert!(matches!(result, Err(Error::Unavailable(_))), "{result:?}");
    }
    assert!(
        world
            .store()
            .runs(pipehook::store::RunQuery { limit: 9, ..Default::default() })
            .await
            .expect("a list")
            .is_empty()
    );
    database(world.folder()).execute_batch("DROP TRIGGER full").expect("room again");
    assert_eq!(world.queue(plan(vec![job("a", &[])])).await.number, 1);
}

#[tokio::test]
async fn an_acceptance_that_fails_is_not_half_stored_and_nobody_is_told_otherwise() {
    let world = World::sqlite();
    database(world.folder())
        .execute_batch(
            "CREATE TRIGGER bad BEFORE INSERT ON delivery WHEN new.connection = 'bad'
             BEGIN SELECT RAISE(ABORT, 'bad'); END",
        )
        .expect("a trigger");
    let from = |connection: &str| {
        let mut acceptance = world.acceptance(plan(vec![job("a", &[])]), None);
        acceptance.queue_limit = 3;
        acceptance.delivery.as_mut().expect("a delivery").0.connection = connection.to_owned();
        acceptance
    };
    let store = world.store();
    // The three may share a transaction, which the bad one takes with it: acceptances have no
    // savepoints. Either way exactly those are stored that were acknowledged.
    let (one, bad, two) =
        tokio::join!(store.accept(from("hook")), store.accept(from("bad")), store.accept(from("hook")));
    assert!(matches!(bad, Err(Error::Unavailable(_))), "{bad:?}");
    let acknowledged = u64::from(one.is_ok()) + u64::from(two.is_ok());
    assert_eq!(store.depth().await.expect("a depth").queued, acknowledged);
    let deliveries = pipehook::store::DeliveryQuery { limit: 9, ..Default::default() };
    assert_eq!(store.deliveries(deliveries).await.expect("a list").len() as u64, acknowledged);
    for number in acknowledged + 1..=3 {
        assert_eq!(world.queue(plan(vec![job("a", &[])])).await.number, number, "numbers have no gaps");
    }
    let full = store.accept(from("hook")).await.expect_err("what failed takes no room, what is there does");
    assert!(matches!(full, Error::Full { waiting: 3, limit: 3 }), "{full}");
}

#[tokio::test]
async fn a_delivery_that_can_not_be_filed_is_set_aside_and_others_go_on() {
    let mut world = World::sqlite();
    database(world.folder())
        .execute_batch(
            "CREATE TRIGGER bad BEFORE INSERT ON job
             WHEN (SELECT pipeline FROM run WHERE seq = new.run) = 'bad'
             BEGIN SELECT RAISE(ABORT, 'it is bad'); END",
        )
        .expect("a trigger");
    let good = || plan(vec![job("a", &[])]);
    let first = world.queue(good()).await;
    let bad = world.acceptance(Plan { pipeline: "bad".to_owned(), ..good() }, None);
    let delivery = bad.delivery.as_ref().expect("a delivery").0.id.clone();
    world.store().accept(bad).await.expect("it is acknowledged");
    let second = world.queue(good()).await;
    let error = world.store().ready().await.expect_err("the first try finds out");
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
    world.crash();
    let all = || pipehook::store::RunQuery { limit: 9, ..Default::default() };
    let found = world.store().runs(all()).await.expect("a list");
    assert_eq!(found.iter().map(|run| &run.id).collect::<Vec<_>>(), [&second.id, &first.id]);
    assert_eq!(world.claim().await.expect("due").run, first.id, "in the order of acceptance");
    assert_eq!(world.claim().await.expect("due").run, second.id);
    let shown = world.store().delivery(&delivery).await.expect("read").expect("it is kept");
    let report = &shown.delivery.pipelines[0].diagnostics[0];
    assert_eq!(report.code, pipehook::diagnostic::Code::NotStarted);
    assert!(report.notes[0].contains("it is bad"), "{report:?}");
    assert_eq!(shown.body.as_deref(), Some(b"{}".as_slice()));
    assert_eq!(world.queue(good()).await.number, 3);
    let depth = world.store().depth().await.expect("a depth");
    assert_eq!((depth.queued, depth.running), (1, 2), "what was set aside waits no more");
    let full = pipehook::store::Acceptance { queue_limit: 1, ..world.acceptance(good(), None) };
    let error = world.store().accept(full).await.expect_err("one waits");
    assert!(matches!(error, Error::Full { waiting: 1, .. }), "{error}");
}

/// Accepting goes on while a long log is filed: it is filed in parts.
#[tokio::test]
async fn a_burst_that_is_filed_keeps_no_sender_waiting_to_its_end() {
    let world = World::sqlite();
    let one = || world.store().accept(world.acceptance(plan(vec![job("a", &[])]), None));
    for _ in 0..80 {
        join_all((0..50).map(|_| one())).await.into_iter().for_each(|it| drop(it.expect("it is accepted")));
    }
    let accept = async {
        // The one who looks has asked for the filing by now.
        while behind(&world) == 4_000 {
            tokio::task::yield_now().await;
        }
        one().await.expect("it is accepted");
        behind(&world)
    };
    let (depth, unfiled) = tokio::join!(world.store().depth(), accept);
    assert!(depth.expect("it is counted").queued >= 4_000, "who looks finds all that came before");
    assert!(unfiled > 1, "it was accepted after all the others had been filed");
}

/// Returns how many deliveries are not filed.
fn behind(world: &World) -> u64 {
    let count = "SELECT count(*) FROM delivery WHERE seq > (SELECT filed FROM filing)";
    database(world.folder()).query_row(count, [], |row| row.get(0)).expect("it is counted")
}

#[tokio::test]
async fn a_cancel_that_fails_takes_back_only_itself() {
    let world = World::sqlite();
    let run = world.queue(plan(vec![job("a", &[])])).await;
    database(world.folder())
        .execute_batch("CREATE TRIGGER bad BEFORE UPDATE ON job WHEN new.state = 'completed' BEGIN SELECT RAISE(ABORT, 'bad'); END")
        .expect("a trigger");
    // Known to the writer now, so that nothing is counted anew below.
    world.store().ready().await.expect("it can be written");
    let (canceled, ready) = tokio::join!(world.store().cancel(&run.id), world.store().ready());
    assert!(matches!(canceled, Err(Error::Broken(_))), "{canceled:?}");
    ready.expect("its neighbour failed, not it");
    let full = pipehook::store::Acceptance { queue_limit: 1, ..world.acceptance(plan(vec![job("a", &[])]), None) };
    let error = world.store().accept(full).await.expect_err("the run still waits");
    assert!(matches!(error, Error::Full { waiting: 1, .. }), "{error}");
}

#[tokio::test]
async fn a_refusal_that_could_not_be_written_is_counted_later() {
    let world = World::sqlite();
    database(world.folder())
        .execute_batch(
            "CREATE TRIGGER full BEFORE INSERT ON refusal BEGIN SELECT RAISE(ROLLBACK, 'the disk is full'); END",
        )
        .expect("a trigger");
    world.store().refuse(world.refusal("one")).await.expect("noted");
    // This may share the transaction that fails; either way that one is over when it returns.
    let _ = world.store().ready().await;
    database(world.folder()).execute_batch("DROP TRIGGER full").expect("room again");
    world.store().refuse(world.refusal("two")).await.expect("noted");
    world.store().ready().await.expect("it can be written");
    assert_eq!(world.store().connection_counts().await.expect("counts")[0].refusals, 2);
}

#[tokio::test]
async fn the_queue_limit_sees_what_other_processes_did() {
    let world = World::sqlite();
    world.queue(plan(vec![job("a", &[])])).await;
    let second = world.queue(plan(vec![job("a", &[])])).await;
    let command = open(world.folder(), Access::Command).expect("a command");
    command.cancel(&second.id).await.expect("canceled");
    let acceptance =
        |limit| pipehook::store::Acceptance { queue_limit: limit, ..world.acceptance(plan(vec![job("a", &[])]), None) };
    world.store().accept(acceptance(2)).await.expect("there is room again");
    let error = world.store().accept(acceptance(2)).await.expect_err("and now there is none");
    assert!(matches!(error, Error::Full { waiting: 2, .. }), "{error}");
}

/// Begins work that has to wait until the database is free, and lets time pass before it is.
async fn kept_waiting<T>(world: &World, seconds: i64, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    let busy = database(world.folder());
    busy.execute_batch("BEGIN IMMEDIATE").expect("nobody else writes");
    let early = tokio::select! {
        biased;
        _ = &mut work => true,
        () = tokio::task::yield_now() => false,
    };
    assert!(!early, "it waits");
    world.wait(seconds);
    busy.execute_batch("ROLLBACK").expect("the database is free");
    work.await
}

#[tokio::test]
async fn a_claim_that_had_to_wait_gives_a_whole_lease_all_the_same() {
    let world = World::sqlite();
    world.queue(plan(vec![job("a", &[])])).await;
    let claim = kept_waiting(&world, 60, world.claim()).await.expect("it is due");
    world.wait(29);
    assert!(world.store().sweep(false).await.expect("a sweep").is_empty(), "the lease is not over");
    world.store().record(&claim.lease, world.started(0)).await.expect("it holds");
}

#[tokio::test]
async fn what_comes_to_its_turn_after_the_lease_is_over_is_not_written() {
    let world = World::sqlite();
    world.queue(plan(vec![job("a", &[])])).await;
    let lease = world.claim().await.expect("it is due").lease;
    let (store, outcome) = (world.store(), world.outcome(RunResult::Succeeded));
    world.wait(20);
    let renewed = kept_waiting(&world, 9, store.renew(&lease, LEASE)).await;
    assert!(renewed.is_ok(), "in time: {renewed:?}");
    world.wait(20);
    let recorded = kept_waiting(&world, 11, store.record(&lease, world.started(0))).await;
    assert!(matches!(recorded, Err(Error::Lost)), "{recorded:?}");
    let renewed = store.renew(&lease, LEASE).await;
    assert!(matches!(renewed, Err(Error::Lost)), "{renewed:?}");
    let finished = store.finish(&lease, outcome).await;
    assert!(matches!(finished, Err(Error::Lost)), "{finished:?}");
}

/// Lets time pass in which each try to write fails.
async fn unwritable(world: &World, lease: &Lease, seconds: i64) {
    let (file, away) = (world.folder().join("pipehook.db"), world.folder().join("away.db"));
    std::fs::rename(&file, &away).expect("it is there");
    for _ in 0..3 {
        let renewed = world.store().renew(lease, LEASE).await;
        assert!(matches!(renewed, Err(Error::Unavailable(_))), "{renewed:?}");
        world.wait(seconds / 2);
    }
    std::fs::rename(&away, &file).expect("it is there");
}

#[tokio::test]
async fn no_lease_ends_while_nothing_can_be_written() {
    let world = World::sqlite();
    world.queue(plan(vec![job("a", &[])])).await;
    let lease = world.claim().await.expect("it is due").lease;
    world.store().record(&lease, world.started(0)).await.expect("it holds");
    world.wait(20);
    unwritable(&world, &lease, 600).await;
    assert_eq!(world.store().sweep(false).await.expect("a sweep"), [], "nobody has lost it");
    world.wait(9);
    world.store().renew(&lease, LEASE).await.expect("what was left of it is left still");
    // One that was over before stays over.
    world.wait(31);
    unwritable(&world, &lease, 600).await;
    let renewed = world.store().renew(&lease, LEASE).await;
    assert!(matches!(renewed, Err(Error::Lost)), "{renewed:?}");
    assert_eq!(world.store().sweep(false).await.expect("a sweep").len(), 1);
}

#[test]
fn a_folder_is_held_although_its_lock_file_is_removed() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = open(folder.path(), Access::Server).expect("the first");
    std::fs::remove_file(folder.path().join("server.lock")).expect("it was there");
    let error = open(folder.path(), Access::Server).err().expect("the second is refused");
    assert!(matches!(error, Error::InUse { .. }), "{error}");
    drop(first);
    open(folder.path(), Access::Server).expect("the folder is free again");
}

#[test]
fn a_command_makes_no_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = || {
        let error = open(folder.path(), Access::Command).err().expect("there is none");
        assert!(matches!(error, Error::Missing { .. }), "{error}");
    };
    missing();
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing was made");
    // One whose making broke off.
    std::fs::write(folder.path().join("pipehook.db"), "").expect("a file");
    missing();
    open(folder.path(), Access::Server).expect("a server makes it");
    open(folder.path(), Access::Command).expect("and then it is there");
}

#[tokio::test]
async fn a_database_that_was_found_damaged_takes_nothing_more() {
    const PAGE: u64 = 4096;
    let world = World::sqlite();
    world.queue(plan(vec![job("a", &[])])).await;
    world.store().ready().await.expect("its run is filed");
    let database = database(world.folder());
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("all is in the file");
    let pages: Vec<u64> = database
        .prepare("SELECT rootpage FROM sqlite_schema WHERE tbl_name = 'job' AND rootpage > 0")
        .and_then(|mut query| query.query_map([], |row| row.get(0))?.collect())
        .expect("the pages of jobs");
    let copy = tempfile::tempdir().expect("a folder");
    let file = copy.path().join("pipehook.db");
    std::fs::copy(world.folder().join("pipehook.db"), &file).expect("a copy");
    let damaged = std::fs::File::options().write(true).open(&file).expect("the copy opens");
    for page in pages {
        std::os::unix::fs::FileExt::write_all_at(&damaged, &[0xff; PAGE as usize], (page - 1) * PAGE).expect("written");
    }
    let store = open(copy.path(), Access::Server).expect("it opens");
    let claimed = store.claim(&world.worker(), &["default".to_owned()], LEASE).await.expect_err("it is damaged");
    assert!(claimed.to_string().contains("pipehook store check"), "it says what to do: {claimed}");
    let accepted = store.accept(world.acceptance(plan(vec![job("a", &[])]), None)).await;
    let error = accepted.expect_err("nobody knows whether it could be run");
    assert!(error.to_string().contains("pipehook store restore"), "it says what to do: {error}");
    store.ready().await.expect_err("and so it is not ready");
}
