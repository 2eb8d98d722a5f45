//! PostgreSQL for the tests and measurements: started in a temporary folder, on a port of its own, as a user without
//! rights, and stopped when the tests end, however they end.
//!
//! A shell looks after the database: it waits for the other end of a pipe to close, which the system does
//! for a process that is gone, and then stops the database and removes the folder.

#![allow(dead_code, reason = "each subject takes what it needs")]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Where Debian keeps the programs of each version.
const PACKAGES: &str = "/usr/lib/postgresql";
/// Who runs the database where the tests run as root, which it refuses.
const USERS: [&str; 2] = ["postgres", "nobody"];
/// How long the database may take to start, on a machine that is busy.
const READY_MAX: Duration = Duration::from_secs(240);

/// What the shell does. `$1` is the folder, `$2` the port; the programs are on the path. Lines on its
/// input restart the database in a mode of `pg_ctl`, or do what else they say; the end of it is the end.
const KEEPER: &str = r#"
set -u
folder=$1 port=$2
initdb --pgdata="$folder/data" --username=pipehook --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync >"$folder/initdb.txt" 2>&1 || exit 1
cat >>"$folder/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$folder'
max_connections = 300
shared_buffers = 64MB
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
CONF
start() { pg_ctl --pgdata="$folder/data" --log="$folder/log.txt" --wait --timeout=60 start >/dev/null 2>&1 && echo ready; }
start || exit 1
while read -r word mode; do
  case $word in
    restart) pg_ctl --pgdata="$folder/data" --mode="$mode" --wait stop >/dev/null 2>&1; start ;;
    stop) pg_ctl --pgdata="$folder/data" --mode="$mode" --wait stop >/dev/null 2>&1; echo stopped ;;
    start) start ;;
  esac
done
pg_ctl --pgdata="$folder/data" --mode=immediate --wait stop >/dev/null 2>&1
rm -rf "$folder"
"#;

/// A running database server.
#[derive(Debug)]
pub struct Server {
    keeper: Child,
    lines: std::sync::Mutex<std::sync::mpsc::Receiver<String>>,
    folder: PathBuf,
    port: u16,
    programs: PathBuf,
}

/// Returns the server that all tests share. Without PostgreSQL on the machine the tests are not run, and
/// say so, but never where all tests must run.
pub fn shared() -> Option<&'static Server> {
    static SHARED: OnceLock<Option<Server>> = OnceLock::new();
    SHARED.get_or_init(Server::start).as_ref()
}

/// Returns the address of an empty schema on the shared server.
pub fn schema() -> Option<String> {
    shared().map(Server::schema)
}

/// Makes a store in a schema as empty as a new one, which takes a fraction of the time.
pub fn empty(address: &str) {
    let programs = programs().expect("there is a database");
    run_sql(&programs, address, EMPTY).expect("it can be emptied");
}

/// All rows of all tables away, what is counted from the beginning.
const EMPTY: &str = "
DO $$
DECLARE names text;
BEGIN
    SELECT string_agg(quote_ident(tablename), ', ') INTO names
    FROM pg_tables
    WHERE schemaname = current_schema() AND tablename <> 'schema_version';
    IF names IS NOT NULL THEN
        EXECUTE 'TRUNCATE ' || names || ' RESTART IDENTITY';
        INSERT INTO body_bytes (bytes) VALUES (0);
        ALTER SEQUENCE run_seq RESTART;
        ALTER SEQUENCE token RESTART;
    END IF;
END $$";

impl Server {
    /// Starts a server, unless there is no PostgreSQL here.
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(std::env::var_os("CI").is_none(), "PostgreSQL is missing: install Debian's `postgresql`");
            eprintln!("NOT RUN: there is no PostgreSQL on this machine (Debian: apt-get install postgresql)");
            return None;
        };
        // The keeper removes it: it outlives this process by a moment.
        let folder = tempfile::Builder::new().prefix("pipehook-postgres-").tempdir().expect("a folder").keep();
        let port = free_port();
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
        let mut command = unprivileged(&folder);
        command.args(["bash", "-c", KEEPER, "keeper"]).arg(&folder).arg(port.to_string()).env("PATH", path);
        command.current_dir(&folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        // Of its own, so that what ends the tests leaves the keeper to stop the server.
        let mut keeper = command.process_group(0).spawn().expect("a shell starts");
        let lines = lines(&mut keeper);
        let server = Self { keeper, lines: lines.into(), folder, port, programs };
        server.expect("ready");
        Some(server)
    }

    /// Returns the address of an empty schema of its own.
    pub fn schema(&self) -> String {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("w{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.sql(&format!("CREATE SCHEMA {name}"));
        format!("{}&options=-c%20search_path%3D{name}", self.address())
    }

    /// Returns the address of the database.
    pub fn address(&self) -> String {
        format!("postgres://pipehook@127.0.0.1:{}/postgres?sslmode=disable", self.port)
    }

    /// Returns the folder with all that the database has.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Runs statements as the database's owner, and returns what they print.
    pub fn sql(&self, statements: &str) -> String {
        run_sql(&self.programs, &self.address(), statements).expect(statements)
    }

    /// Returns the database's own log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log.txt")).unwrap_or_default()
    }

    /// Stops the server in a mode of `pg_ctl` (`fast`, `immediate`) and starts it again.
    pub fn restart(&self, mode: &str) {
        self.say(&format!("restart {mode}"));
        self.expect("ready");
    }

    /// Stops the server in a mode of `pg_ctl`.
    pub fn stop(&self, mode: &str) {
        self.say(&format!("stop {mode}"));
        self.expect("stopped");
    }

    /// Starts the server again.
    pub fn start_again(&self) {
        self.say("start -");
        self.expect("ready");
    }

    fn say(&self, line: &str) {
        let mut input = self.keeper.stdin.as_ref().expect("a pipe");
        writeln!(input, "{line}").expect("the keeper listens");
    }

    #[track_caller]
    fn expect(&self, wanted: &str) {
        let line = self.lines.lock().expect("no holder panics").recv_timeout(READY_MAX);
        assert_eq!(line.as_deref(), Ok(wanted), "{}", self.log());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let folder = self.folder.clone();
        let _ = self.keeper.wait();
        if folder.exists() {
            eprintln!("the folder {} is left behind", folder.display());
        }
    }
}

/// Runs statements and returns what they print, or what the database has against them.
pub fn run_sql(programs: &Path, address: &str, statements: &str) -> Result<String, String> {
    let output = Command::new(programs.join("psql"))
        .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--dbname", address])
        .args(["--command", statements])
        .output()
        .expect("psql starts");
    let text = |bytes| String::from_utf8(bytes).expect("text").trim().to_owned();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

/// Returns the folder with the programs of the latest version.
pub fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir(PACKAGES).ok()?;
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<f64>().ok();
    let mut versions: Vec<PathBuf> = versions.filter_map(|entry| Some(entry.ok()?.path())).collect();
    versions.retain(|path| version(path).is_some() && path.join("bin/initdb").is_file());
    versions.sort_by(|a, b| version(a).partial_cmp(&version(b)).expect("versions are numbers"));
    versions.pop().map(|path| path.join("bin"))
}

/// Returns what runs a command as a user without rights, and gives that user a folder.
pub fn unprivileged(folder: &Path) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new("env");
    }
    let user =
        USERS.iter().find(|user| succeeds(Command::new("id").arg(user))).expect("there is a user without rights");
    assert!(succeeds(Command::new("chown").arg(user).arg(folder)), "the folder can be given to {user}");
    let mut command = Command::new("setpriv");
    command.args(["--reuid", user, "--regid"]).arg(group(user)).arg("--clear-groups");
    command
}

fn group(user: &str) -> String {
    let output = Command::new("id").args(["-g", user]).output().expect("id starts");
    String::from_utf8(output.stdout).expect("a number").trim().to_owned()
}

fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("an address").port()
}

fn lines(child: &mut Child) -> std::sync::mpsc::Receiver<String> {
    let stdout = child.stdout.take().expect("a pipe");
    let (sender, lines) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    lines
}
