//! A database that another one takes over from: the address names both, and what was acknowledged is in the second.

use crate::cluster::folder;
use crate::database::{free_port, programs, unprivileged};
use crate::support::until;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Stdio};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(120);

/// Two databases, the second a copy of the first that has each commit before it is acknowledged. `$1` is the folder, `$2`
/// and `$3` the ports. A line on its input crashes the first and has the second take over; its end is the end of both.
const KEEPER: &str = r#"
set -eu
folder=$1 first=$2 second=$3
run() { pg_ctl --pgdata="$folder/$1" --log="$folder/$1.txt" --wait --timeout=60 start >/dev/null 2>&1; }
ask() { psql --no-psqlrc --quiet --host=127.0.0.1 --port="$1" --username=pipehook --dbname=postgres --command="$2" >/dev/null; }
stop() { for each in first second; do pg_ctl --pgdata="$folder/$each" --mode=immediate --wait stop >/dev/null 2>&1 || :; done; rm -rf "$folder"; }
trap stop EXIT
initdb --pgdata="$folder/first" --username=pipehook --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync >/dev/null 2>&1
cat >>"$folder/first/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $first
unix_socket_directories = '$folder'
max_connections = 100
shared_buffers = 64MB
CONF
run first
pg_basebackup --host=127.0.0.1 --port="$first" --username=pipehook --pgdata="$folder/second" --write-recovery-conf --checkpoint=fast --no-sync
echo "port = $second" >>"$folder/second/postgresql.conf"
run second
ask "$first" "ALTER SYSTEM SET synchronous_standby_names = '*'"
ask "$first" "SELECT pg_reload_conf()"
echo ready
read -r _
pg_ctl --pgdata="$folder/first" --mode=immediate --wait stop >/dev/null 2>&1
pg_ctl --pgdata="$folder/second" --wait promote >/dev/null 2>&1
echo over
read -r _
"#;

/// The two.
struct Pair {
    keeper: Child,
    /// Gone only while this is dropped.
    input: Option<ChildStdin>,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
    ports: [u16; 2],
}

impl Pair {
    fn start() -> Option<Self> {
        let programs = programs()?;
        let folder = tempfile::Builder::new().prefix("pipehook-pair-").tempdir().expect("a folder").keep();
        let ports = [free_port(), free_port()];
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
        let mut command = unprivileged(&folder);
        command.args(["bash", "-c", KEEPER, "keeper"]).arg(&folder).args(ports.map(|port| port.to_string()));
        command.env("PATH", path).current_dir(&folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut keeper = command.process_group(0).spawn().expect("a shell starts");
        let (input, output) = (keeper.stdin.take(), keeper.stdout.take().expect("a pipe"));
        let mut pair = Self { keeper, input, lines: BufReader::new(output).lines(), ports };
        pair.expect("ready");
        Some(pair)
    }

    fn expect(&mut self, line: &str) {
        assert_eq!(self.lines.next().and_then(Result::ok).as_deref(), Some(line));
    }

    fn fail_over(&mut self) {
        writeln!(self.input.as_mut().expect("it is open"), "over").expect("the keeper reads");
        self.expect("over");
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.keeper.wait();
    }
}

const PIPELINE: &str = "\
resources: {webhooks: [{webhook: hook, connection: load}]}
steps:
- checkout: none
- bash: echo begin >> FOLDER/effects; until [ -e FOLDER/go ]; do sleep 0.05; done; echo end >> FOLDER/effects
";

#[test]
fn what_was_acknowledged_is_in_the_database_that_takes_over_and_jobs_go_on() {
    let Some(mut pair) = Pair::start() else { return };
    let [first, second] = pair.ports;
    let folder = folder(&format!("postgres://pipehook@127.0.0.1:{first},127.0.0.1:{second}/postgres?sslmode=disable"));
    folder.write("pipelines/load.yml", &PIPELINE.replace("FOLDER", &folder.path().display().to_string()));
    let local = format!(
        "postgres://pipehook@127.0.0.1:{first}/postgres?sslmode=disable&options=-c%20synchronous_commit%3Dlocal"
    );
    let refused = folder.run(&["--database", &local, "store", "check"]).ended_with(3);
    assert!(refused.stderr.contains("synchronous_commit = local"), "nobody waits for the second: {}", refused.stderr);
    let server = folder.serve(&[]);
    let post = || Some(server.deliver("load", "s", b"{}")).filter(|answer| answer.status == 200);
    let mut acknowledged = Vec::new();
    let mut note = |answer: crate::support::Answer| {
        acknowledged.push(answer.json()["runs"][0]["id"].as_str().expect("a run").to_owned());
    };
    note(post().expect("it is accepted"));
    let effects = || std::fs::read_to_string(folder.path().join("effects")).unwrap_or_default();
    until("the first job", SOON, || effects().starts_with("begin").then_some(()));
    for _ in 0..10 {
        note(post().expect("it is accepted"));
    }
    pair.fail_over();
    note(until("the second database", SOON, post));
    folder.write("go", "");
    for run in &acknowledged {
        let shown = until("the end of the run", SOON, || {
            let output = folder.run(&["runs", "show", run, "--format", "json"]);
            (output.code == Some(0)).then(|| output.json()).filter(|shown| shown["state"] == "completed")
        });
        assert_eq!(shown["result"], "succeeded", "{shown}");
    }
    // One whose sender was told nothing may be there too.
    let all = until("the end of all", SOON, || {
        let runs = folder.run(&["runs", "--format", "json", "--limit", "1000"]).ended_with(0).json();
        runs.as_array().filter(|runs| runs.iter().all(|run| run["state"] == "completed")).map(Vec::len)
    });
    assert_eq!(all, effects().matches("begin").count(), "each ran once");
    folder.run(&["store", "check"]).ended_with(0);
}
