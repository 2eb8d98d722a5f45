//! A moving that is killed at each of its steps: at no moment can both the folder and the database be begun with,
//! and in the end one of them has everything.
//!
//! The process is stopped where it stands by what it waits for: a lock in the database, or a pipe in the place of
//! the mark that it writes.

use super::{all, fill, folder};
use crate::database;
use crate::store::world::open_database;
use crate::support::{Folder, until};
use pipehook::store::LeaseClock;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long anything may take that is waited for.
const WAIT_MAX: Duration = Duration::from_secs(120);
/// How many runs the store has that is moved.
const RUNS: &str = "3";

/// A data folder and an empty database.
struct Scene {
    folder: Folder,
    server: &'static database::Server,
    address: String,
    schema: String,
}

/// A lock in the database that somebody holds.
struct Gate(Child);

impl Gate {
    fn open(mut self) {
        drop(self.0.stdin.take());
        self.0.wait().expect("it ends");
    }
}

impl Scene {
    /// Has a copy of a data folder.
    fn of(original: &Folder, server: &'static database::Server) -> Self {
        let address = server.schema();
        let schema = address.rsplit("%3D").next().expect("it names a schema").to_owned();
        let folder = folder();
        let copied = original.shell(&format!("cp -a data '{}'", folder.path().display()));
        assert!(copied.status.success(), "{copied:?}");
        drop(open_database(&address, LeaseClock::Database));
        Self { folder, server, address, schema }
    }

    /// Takes a lock, and has those who write rows that a clause names wait for it.
    fn gate(&self, trigger: &str) -> Gate {
        let schema = &self.schema;
        self.server.sql(&format!(
            "CREATE FUNCTION {schema}.gate() RETURNS trigger LANGUAGE plpgsql
             AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(hashtext('{schema}')); RETURN NEW; END $$;
             CREATE {trigger} EXECUTE FUNCTION {schema}.gate()"
        ));
        let psql = database::programs().expect("there is a database").join("psql");
        let mut holder = Command::new(psql)
            .args(["--no-psqlrc", "--quiet", &self.server.address()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("psql starts");
        let lock = format!("SELECT pg_advisory_lock(hashtext('{schema}'));\n");
        holder.stdin.as_mut().expect("a pipe").write_all(lock.as_bytes()).expect("it listens");
        self.wait_for(&self.locks("granted"), "1");
        Gate(holder)
    }

    fn locks(&self, which: &str) -> String {
        let here =
            format!("objid = hashtext('{}')::oid OR objid::bigint = hashtext('{0}')::bigint & 4294967295", self.schema);
        format!("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND ({here}) AND {which}")
    }

    /// Waits until a query says something.
    fn wait_for(&self, query: &str, said: &str) {
        until(query, WAIT_MAX, || (self.server.sql(query) == said).then_some(()));
    }

    /// Waits until a moving stands at the gate.
    fn await_gate(&self) {
        self.wait_for(&self.locks("NOT granted"), "1");
    }

    /// Puts a pipe where the next mark is written: whoever opens it waits for a reader, of whom there is none.
    fn block_mark(&self) {
        let made = self.folder.shell(&format!("mkfifo '{}'", self.part().display()));
        assert!(made.status.success(), "{made:?}");
    }

    fn part(&self) -> PathBuf {
        Path::new("data").join("pipehook.db.moved.part")
    }

    fn begin(&self) -> Child {
        let mut command = self.folder.command(&["store", "migrate", "--database", &self.address]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts")
    }

    /// Says whether a server or command would begin with the folder.
    fn is_folder_live(&self) -> bool {
        let listed = self.folder.run(&["runs", "--format", "json"]);
        assert!(matches!(listed.code, Some(0 | 3)), "{listed:?}");
        listed.code == Some(0)
    }

    /// Says whether the database has the store.
    fn has_taken(&self) -> bool {
        let runs = self.server.sql(&format!("SELECT count(*) FROM {}.run", self.schema));
        assert!(runs == "0" || runs == RUNS, "all of it or nothing: {runs}");
        runs == RUNS
    }

    /// Which of both can be begun with.
    fn live(&self) -> (bool, bool) {
        (self.is_folder_live(), self.has_taken())
    }

    /// Moves the store to its end, and checks that the database has all of it and the folder is none any more.
    fn end(&self, told: &str, before: &[(String, String)]) {
        let moved = self.folder.run(&["store", "migrate", "--database", &self.address]).ended_with(0);
        assert!(moved.stdout.contains(told), "{moved:?}");
        assert_eq!(self.live(), (false, true));
        let refused = self.folder.run(&["serve"]).ended_with(3);
        assert!(refused.stderr.contains("was moved into a database"), "{refused:?}");
        self.folder.set("PIPEHOOK_DATABASE", &self.address);
        assert_eq!(all(&self.folder), before);
        self.folder.run(&["store", "check"]).ended_with(0);
    }
}

/// Kills a process, as a crash does.
fn kill(mut process: Child) {
    process.kill().expect("it can be killed");
    process.wait().expect("it ends");
}

/// What is told where the database had all of it, and where it had nothing.
const HAS_ALL: &str = "has all of the store";
const ANEW: &str = "moved: 7 deliveries";

/// Who waits here has sent its commit.
const AT_COMMIT: &str = "CONSTRAINT TRIGGER gate AFTER INSERT ON {schema}.counter
                         DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.scope = 'moving')";

impl Scene {
    fn gate_at_commit(&self) -> Gate {
        self.gate(&AT_COMMIT.replace("{schema}", &self.schema))
    }
}

#[test]
fn a_moving_that_is_killed_at_any_step_leaves_one_store_and_is_ended_by_the_next() {
    let Some(server) = database::shared() else { return };
    let original = folder();
    fill(&original);
    let before = all(&original);

    // While rows are copied.
    let scene = Scene::of(&original, server);
    let gate = scene.gate(&format!("TRIGGER gate BEFORE INSERT ON {}.step FOR EACH ROW", scene.schema));
    let moving = scene.begin();
    scene.await_gate();
    kill(moving);
    assert_eq!(scene.live(), (true, false), "killed while it copied");
    gate.open();
    scene.end(ANEW, &before);

    // Before it has noted in the folder that it is about to commit.
    let scene = Scene::of(&original, server);
    scene.block_mark();
    let moving = scene.begin();
    let noted = format!(
        "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
         WHERE relation = '{}.counter'::regclass AND mode = 'ExclusiveLock' AND state = 'idle in transaction'
           AND query LIKE 'INSERT INTO counter%'",
        scene.schema
    );
    scene.wait_for(&noted, "1");
    kill(moving);
    std::fs::remove_file(scene.folder.path().join(scene.part())).expect("the pipe");
    assert_eq!(scene.live(), (true, false), "killed before its mark");
    scene.end(ANEW, &before);

    // While the database commits, which it does to the end.
    let scene = Scene::of(&original, server);
    let gate = scene.gate_at_commit();
    let moving = scene.begin();
    scene.await_gate();
    assert_eq!(scene.live(), (false, false), "nobody knows yet");
    kill(moving);
    assert_eq!(scene.live(), (false, false), "nobody knows yet");
    gate.open();
    scene.wait_for(&format!("SELECT count(*) FROM {}.run", scene.schema), RUNS);
    scene.end(HAS_ALL, &before);

    // While the database commits, and the next one comes before that is done.
    let scene = Scene::of(&original, server);
    let gate = scene.gate_at_commit();
    let moving = scene.begin();
    scene.await_gate();
    kill(moving);
    let mut next = scene.begin();
    let waiting = format!(
        "SELECT count(*) FROM pg_locks JOIN pg_class ON pg_class.oid = relation
         WHERE relnamespace = '{}'::regnamespace AND NOT granted",
        scene.schema
    );
    until("the next one to wait", WAIT_MAX, || (server.sql(&waiting) != "0").then_some(()));
    gate.open();
    assert_eq!(next.wait().expect("it ends").code(), Some(0), "it finds that the database has all of it");
    assert_eq!(scene.live(), (false, true));

    // While the database commits, which then is gone before it has.
    let scene = Scene::of(&original, server);
    let gate = scene.gate_at_commit();
    let moving = scene.begin();
    scene.await_gate();
    kill(moving);
    let waiting = scene.locks("NOT granted").replace("count(*)", "pg_terminate_backend(pid)");
    server.sql(&waiting);
    gate.open();
    assert_eq!(
        scene.live(),
        (false, false),
        "nothing is there, and nobody begins with the folder before that is known"
    );
    server.sql(&format!("DROP FUNCTION {}.gate() CASCADE", scene.schema));
    scene.end(ANEW, &before);

    // After the commit, before it has noted that in the folder.
    let scene = Scene::of(&original, server);
    let gate = scene.gate_at_commit();
    let moving = scene.begin();
    scene.await_gate();
    scene.block_mark();
    gate.open();
    scene.wait_for(&format!("SELECT count(*) FROM {}.run", scene.schema), RUNS);
    assert_eq!(scene.live(), (false, true));
    kill(moving);
    std::fs::remove_file(scene.folder.path().join(scene.part())).expect("the pipe");
    assert_eq!(scene.live(), (false, true), "killed after its commit");
    scene.end(HAS_ALL, &before);
}
