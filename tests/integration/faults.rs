//! What goes wrong between machines: answers lost on the way, processes killed and stopped, the database
//! restarted under load. Nothing acknowledged is lost, nothing runs twice, every run ends.

use crate::cluster::folder;
use crate::crash::{PIPELINE, Random, Senders, all_have_ended, assert_nothing_lost, counts};
use crate::database;
use crate::store::world::{World, job, open_database, plan};
use crate::support::{Folder, Server, Worker, until};
use pipehook::store::{Accepted, Error, LeaseClock, RunQuery, Store};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How often something is killed or cut where `PIPEHOOK_CLUSTER_KILLS` says nothing.
const KILLS: u64 = 8;
/// How long all that is left may take: leases end after half a minute.
const END_MAX: Duration = Duration::from_secs(240);

/// What becomes of the next commit on its way.
const PASS: u8 = 0;
const LOSE_ANSWER: u8 = 1;
const LOSE_COMMIT: u8 = 2;
/// Nothing passes any more, and whoever tries is refused at once.
const CUT: u8 = 3;

/// A way to the database on which commits and their answers get lost.
pub struct Way {
    port: u16,
    fate: Arc<AtomicU8>,
    ends: Arc<Mutex<Vec<TcpStream>>>,
}

impl Way {
    /// Returns the way to a database by its port.
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port_here = listener.local_addr().expect("an address").port();
        let way = Self { port: port_here, fate: Arc::new(AtomicU8::new(PASS)), ends: Arc::default() };
        let (fate, ends) = (way.fate.clone(), way.ends.clone());
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if fate.load(Ordering::SeqCst) == CUT {
                    break;
                }
                ends.lock().expect("no holder panics").push(client.try_clone().expect("a socket"));
                let server = TcpStream::connect(("127.0.0.1", port)).expect("the database listens");
                let back = (server.try_clone().expect("a socket"), client.try_clone().expect("a socket"));
                let (there, answers) = (fate.clone(), fate.clone());
                std::thread::spawn(move || there_way(client, server, &there));
                std::thread::spawn(move || back_way(back.0, back.1, &answers));
            }
        });
        way
    }

    /// Returns an address of the database that goes this way.
    pub fn instead_of(&self, address: &str, port: u16) -> String {
        address.replace(&format!(":{port}"), &format!(":{}", self.port))
    }

    /// Ends all that is on the way, and lets nothing pass any more.
    pub fn cut(&self) {
        self.fate.store(CUT, Ordering::SeqCst);
        for end in &*self.ends.lock().expect("no holder panics") {
            let _ = end.shutdown(Shutdown::Both);
        }
        // It is noticed with the next who comes.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

/// Carries what the client says; a commit that is to be lost ends the way before it.
fn there_way(mut client: TcpStream, mut server: TcpStream, fate: &AtomicU8) {
    let mut piece = [0; 64 * 1024];
    while let Ok(length @ 1..) = client.read(&mut piece) {
        let is_commit = piece[..length].ends_with(b"COMMIT\0");
        if is_commit && fate.compare_exchange(LOSE_COMMIT, PASS, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
            break;
        }
        if server.write_all(&piece[..length]).is_err() {
            break;
        }
    }
    let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
}

/// Carries what the server says; an answer that is to be lost ends the way in its stead.
fn back_way(mut server: TcpStream, mut client: TcpStream, fate: &AtomicU8) {
    let mut piece = [0; 64 * 1024];
    while let Ok(length @ 1..) = server.read(&mut piece) {
        let is_answer = piece[..length].windows(7).any(|window| window == b"COMMIT\0");
        if is_answer && fate.compare_exchange(LOSE_ANSWER, PASS, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
            break;
        }
        if client.write_all(&piece[..length]).is_err() {
            break;
        }
    }
    let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_known_all_the_same() {
    let Some(world) = World::postgres() else { return };
    let port = database::shared().expect("the world has it").port();
    let way = Way::to(port);
    let address = way.instead_of(world.address(), port);
    let store = open_database(&address, LeaseClock::Own(world.clock.clone()));
    let acceptance = || world.acceptance(plan(vec![job("a", &[])]), None);
    // What both need is written once, so that the next commit is that of an acceptance.
    store.accept(acceptance()).await.expect("accepted");
    for round in 0..5 {
        let before = runs(&store).await;
        way.fate.store(LOSE_ANSWER, Ordering::SeqCst);
        let accepted = store.accept(acceptance()).await;
        assert!(matches!(accepted, Ok(Accepted::New(_))), "round {round}: it was committed: {accepted:?}");
        assert_eq!(way.fate.load(Ordering::SeqCst), PASS, "an answer was lost");
        assert_eq!(runs(&store).await, before + 1);
        way.fate.store(LOSE_COMMIT, Ordering::SeqCst);
        let lost = store.accept(acceptance()).await;
        assert!(matches!(lost, Err(Error::Unavailable(_))), "round {round}: it was not committed: {lost:?}");
        assert_eq!(runs(&store).await, before + 1);
    }
}

async fn runs(store: &dyn Store) -> usize {
    store.runs(RunQuery { limit: 1_000, ..RunQuery::default() }).await.expect("a list").len()
}

#[test]
fn nothing_acknowledged_is_lost_whatever_of_a_cluster_is_killed() {
    let Some(mut database) = database::Server::start() else { return };
    let kills = std::env::var("PIPEHOOK_CLUSTER_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    let mut random = Random::new();
    let mut cluster = Cluster::start(&database.schema());
    let senders = Senders::default();
    let mut done: std::collections::BTreeMap<&str, u64> = Default::default();
    for kill in 0..kills {
        let to = cluster.receivers[(kill % 2) as usize].1.public;
        let answers = random.below(20);
        let what = random.below(7);
        senders.post_while(to, |ended| {
            while ended() < answers {
                std::thread::sleep(Duration::from_micros(500));
            }
            *done.entry(cluster.strike(what, &mut database)).or_default() += 1;
        });
    }
    let (_, server) = &cluster.receivers[0];
    until("the end of every run", END_MAX, || all_have_ended(server).then_some(()));
    let begun = counts(&std::fs::read_to_string(&cluster.effects).unwrap_or_default(), "begin ");
    let acknowledged = senders.acknowledged();
    println!("{done:?}, {} deliveries acknowledged, {} runs begun", acknowledged.len(), begun.len());
    assert_nothing_lost(server, &acknowledged, &begun);
}

/// Two receivers and three workers, each with a folder of its own.
struct Cluster {
    receivers: Vec<(Folder, Server)>,
    workers: Vec<(Folder, Worker)>,
    effects: std::path::PathBuf,
}

impl Cluster {
    fn start(address: &str) -> Self {
        let folders: Vec<Folder> = (0..2).map(|_| folder(address)).collect();
        let effects = folders[0].path().join("effects.txt");
        let text = PIPELINE.replace("EFFECTS_FILE", &effects.display().to_string());
        let receivers = folders.into_iter().map(|folder| {
            folder.write("pipelines/load.yml", &text);
            let server = folder.serve(&["--no-worker"]);
            (folder, server)
        });
        let workers = (0..3).map(|_| folder(address)).map(|folder| {
            let worker = folder.work(&["--jobs", "2"]);
            (folder, worker)
        });
        Self { receivers: receivers.collect(), workers: workers.collect(), effects }
    }

    /// Strikes at something, and puts it up again. Says what it was.
    fn strike(&mut self, what: u64, database: &mut database::Server) -> &'static str {
        match what {
            0 | 1 => {
                let (folder, server) = &mut self.receivers[usize::try_from(what).expect("a small number")];
                server.kill();
                *server = folder.serve(&["--no-worker"]);
                "receivers killed"
            }
            2..=4 => {
                let (folder, worker) = &mut self.workers[usize::try_from(what - 2).expect("a small number")];
                worker.kill();
                *worker = folder.work(&["--jobs", "2"]);
                "workers killed"
            }
            5 => {
                database.sql(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'pipehook'",
                );
                "connections cut"
            }
            _ => {
                database.restart("immediate");
                "databases crashed"
            }
        }
    }
}

/// Has each commit of a delivery take a while.
const SLOW: &str = "
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(10); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON delivery DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()";
/// Commits many transactions, to whom the numbers are given that a crash has freed.
const OTHERS: &str = "DO $$ BEGIN FOR i IN 1..200 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$";

/// Delivers, does something while the commit of that takes its time, and returns the answer.
fn deliver_meanwhile(
    server: &Server,
    database: &database::Server,
    address: &str,
    meanwhile: impl FnOnce(),
) -> crate::support::Answer {
    database::run_sql(&database::programs().expect("there is a database"), address, SLOW).expect("it is done");
    std::thread::scope(|scope| {
        let answer = scope.spawn(|| server.deliver("load", "s", b"{}"));
        until("the commit", END_MAX, || {
            let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
            (database.sql(sleeping) == "1").then_some(())
        });
        meanwhile();
        answer.join().expect("an answer")
    })
}

#[test]
fn the_number_of_another_transaction_after_a_crash_acknowledges_nothing() {
    let Some(database) = database::Server::start() else { return };
    let address = database.schema();
    let folder = folder(&address);
    folder.write("pipelines/load.yml", &PATIENT.replace("FOLDER", "/nowhere"));
    let server = folder.serve(&["--no-worker"]);
    assert_eq!(server.deliver("load", "s", b"{}").status, 200);
    let answer = deliver_meanwhile(&server, &database, &address, || {
        database.restart("immediate");
        database.sql(OTHERS);
    });
    let runs = folder.run(&["runs", "--format", "json"]).ended_with(0).json();
    assert_eq!((answer.status, runs.as_array().map(Vec::len)), (503, Some(1)), "{answer:?}");
}

#[test]
fn who_is_told_that_a_commit_is_in_doubt_is_not_told_that_nothing_was_stored() {
    let Some(database) = database::Server::start() else { return };
    let address = database.schema();
    let way = Way::to(database.port());
    let folder = folder(&way.instead_of(&address, database.port()));
    folder.write("pipelines/load.yml", &PATIENT.replace("FOLDER", "/nowhere"));
    let server = folder.serve(&["--no-worker"]);
    assert_eq!(server.deliver("load", "s", b"{}").status, 200);
    let answer = deliver_meanwhile(&server, &database, &address, || way.cut());
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.body.contains("it is not known whether this was stored"), "{answer:?}");
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
}

#[test]
fn a_database_that_is_restarted_in_order_is_only_a_pause() {
    let Some(database) = database::Server::start() else { return };
    let cluster = Cluster::start(&database.schema());
    let senders = Senders::default();
    let (_, server) = &cluster.receivers[0];
    for _ in 0..2 {
        senders.post_while(server.public, |ended| {
            while ended() < 5 {
                std::thread::sleep(Duration::from_micros(500));
            }
            database.restart("fast");
        });
    }
    until("the end of every run", END_MAX, || all_have_ended(server).then_some(()));
    for (number, run) in senders.acknowledged() {
        let shown = server.ask(&format!("/api/v1/runs/{run}")).json();
        assert_eq!(shown["result"], "succeeded", "no worker was lost: {number}: {shown}");
    }
}

#[test]
fn a_database_that_could_only_be_read_for_a_while_takes_all_afterwards() {
    let Some(database) = database::Server::start() else { return };
    let folder = folder(&database.schema());
    folder.write("pipelines/load.yml", &PATIENT.replace("FOLDER", "/nowhere"));
    let server = folder.serve(&["--no-worker"]);
    let at_once = || -> Vec<u16> {
        let posts = (0..16).map(|_| || server.deliver("load", "s", b"{}").status);
        std::thread::scope(|scope| {
            let posts: Vec<_> = posts.map(|post| scope.spawn(post)).collect();
            posts.into_iter().map(|post| post.join().expect("an answer")).collect()
        })
    };
    assert_eq!(at_once(), [200; 16]);
    // Sessions keep what they began with, so those that begin meanwhile stay so when the setting is gone.
    database.sql("ALTER DATABASE postgres SET default_transaction_read_only = on");
    database.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL",
    );
    until("a refusal", END_MAX, || (at_once() == [503; 16]).then_some(()));
    database.sql("SET TRANSACTION READ WRITE; ALTER DATABASE postgres RESET default_transaction_read_only");
    let refused = (0..200).filter(|_| server.deliver("load", "s", b"{}").status != 200).count();
    // One for each session that has only read so far.
    assert!(refused <= 16, "{refused} of 200 after the database could be written");
    assert_eq!(at_once(), [200; 16]);
}

/// Says a word before the restart and another one after it.
const PATIENT: &str = "\
resources: {webhooks: [{webhook: hook, connection: load}]}
steps:
- bash: echo one; until [ -e 'FOLDER/go' ]; do sleep 0.05; done; echo two
";

#[test]
fn who_waits_for_a_run_waits_for_a_database_that_is_restarted_too() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;
    let Some(database) = database::Server::start() else { return };
    let folder = folder(&database.schema());
    folder.write("pipelines/load.yml", &PATIENT.replace("FOLDER", &folder.path().display().to_string()));
    let server = folder.serve(&[]);
    assert_eq!(server.deliver("load", "s", b"{}").status, 200);
    let begin = |arguments: &[&str]| {
        let mut command = folder.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
    };
    let (mut waiting, mut following) =
        (begin(&["runs", "wait", "load#1"]), begin(&["runs", "logs", "load#1", "--follow"]));
    let mut waits = BufReader::new(waiting.stderr.take().expect("a pipe"));
    let mut follows = BufReader::new(following.stdout.take().expect("a pipe"));
    let mut line = String::new();
    waits.read_line(&mut line).expect("it says that it waits");
    while !line.contains("one") {
        line.clear();
        assert!(follows.read_line(&mut line).expect("it prints") > 0, "it ended");
    }
    database.restart("fast");
    folder.write("go", "");
    let mut told = String::new();
    waits.read_to_string(&mut told).expect("what it says");
    assert_eq!(waiting.wait().expect("an end").code(), Some(0), "{told}");
    let mut rest = String::new();
    follows.read_to_string(&mut rest).expect("the log");
    assert_eq!(following.wait().expect("an end").code(), Some(0), "{rest}");
    assert!(rest.contains("two\n"), "{rest}");
}
