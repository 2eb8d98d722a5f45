//! A server under load, as a process of its own in a folder of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running server; ended when dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Server {
    /// Starts a bare server: this program with an argument.
    pub fn bare(mode: &str, database: Option<&str>) -> Self {
        let folder = tempfile::tempdir_in(target()).expect("a temporary folder");
        let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
        command.arg(mode).arg(folder.path()).args(database);
        Self::start(command, folder)
    }

    /// Starts pipehook with the documented example; runs are queued and not executed, since the
    /// bare servers execute nothing either.
    pub fn pipehook(database: Option<&str>) -> Self {
        let folder = tempfile::tempdir_in(target()).expect("a temporary folder");
        let configuration = "limits: {queue: 100000000, requests_per_second: 100000000}\n\
            connections:\n  IncomingWH: {secret: {value: secret}, header: X-WH-Checksum}\n";
        std::fs::write(folder.path().join("pipehook.yml"), configuration).expect("the folder can be written");
        std::fs::create_dir(folder.path().join("pipelines")).expect("the folder can be written");
        let pipeline = concat!(env!("CARGO_MANIFEST_DIR"), "/pipelines/hello.yml");
        std::fs::copy(pipeline, folder.path().join("pipelines/hello.yml")).expect("the example can be copied");
        let mut command = Command::new(env!("CARGO_BIN_EXE_pipehook"));
        command.current_dir(folder.path()).env("PIPEHOOK_LOG", "error");
        command.envs(database.map(|address| ("PIPEHOOK_DATABASE", address)));
        command.args(["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--no-worker"]);
        Self::start(command, folder)
    }

    /// Returns how long the server's threads have worked so far, in the program and the system.
    pub fn processor_time(&self) -> Duration {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("the server runs");
        let (_, fields) = text.rsplit_once(')').expect("a name in parentheses");
        let ticks =
            |at: usize| fields.split_whitespace().nth(at).and_then(|it| it.parse::<u64>().ok()).expect("a number");
        let per_second = rustix::param::clock_ticks_per_second();
        Duration::from_secs_f64((ticks(11) + ticks(12)) as f64 / per_second as f64)
    }

    /// Starts a program and waits for its line `listening on http://…`.
    fn start(mut command: Command, folder: tempfile::TempDir) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the server can be started");
        let output = child.stdout.take().expect("its output is piped");
        let line = BufReader::new(output).lines().map_while(Result::ok).find(|line| line.starts_with("listening on "));
        let line = line.expect("the server says where it listens");
        let address = line.trim_start_matches("listening on http://").parse().expect("an address");
        Self { child, address, _folder: folder }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A server that is gone already is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The build folder: on the disk of the checkout, where a temporary folder may be memory.
fn target() -> std::path::PathBuf {
    std::env::current_exe().expect("this program has a path").parent().expect("in a folder").to_owned()
}
