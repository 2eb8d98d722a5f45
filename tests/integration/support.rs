//! The server under test is the real binary on a free port; commands are the real binary too.
//! Nothing sleeps to be ready: readiness is a line that the server prints, and waiting is asking
//! for a fact until a deadline.

#![allow(dead_code, reason = "each subject takes what it needs")]

use crate::guard;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use std::ffi::OsStr;
use std::fmt::Debug;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a server may take until it is ready, on a machine that is busy.
const READY_MAX: Duration = Duration::from_secs(120);
/// How long a server may take to stop before it is killed.
const STOP_MAX: Duration = Duration::from_secs(60);
/// How long an answer may take.
pub const ANSWER_MAX: Duration = Duration::from_secs(60);
/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_pipehook");

/// Returns the folder of shared test data. Without it the test is skipped, but never where all
/// tests must run.
pub fn shared() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let folder = std::env::var_os("PIPEHOOK_SHARED").map_or_else(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var_os("CI").is_none(), "the shared test data is missing: {}", folder.display());
    eprintln!("skipped: there is no shared test data at {}", folder.display());
    None
}

/// Asks for a fact until it is there, and panics with what is missing when the time is over.
#[track_caller]
pub fn until<T>(what: &str, time: Duration, mut fact: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + time;
    loop {
        if let Some(found) = fact() {
            return found;
        }
        assert!(Instant::now() < end, "after {time:?} there is still not: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Returns the HMAC-SHA1 of a body as lower-case hexadecimal digits.
pub fn checksum(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).expect("any key will do");
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

/// A folder with a configuration and pipelines, removed at the end.
#[derive(Debug)]
pub struct Folder {
    folder: TempDir,
    /// What commands have in their environment beside the way to programs.
    environment: std::sync::Mutex<Vec<(String, String)>>,
}

impl Folder {
    /// Makes a folder in which both listeners pick free ports. `configuration` is what else the
    /// configuration says.
    pub fn new(configuration: &str) -> Self {
        let folder = Self { folder: tempfile::tempdir().expect("a temporary folder"), environment: Default::default() };
        std::fs::create_dir(folder.path().join("pipelines")).expect("a folder");
        folder.configure(configuration);
        folder
    }

    /// Writes the configuration, in which both listeners pick free ports.
    pub fn configure(&self, configuration: &str) -> &Self {
        self.write("pipehook.yml", &format!("listen: 127.0.0.1:0\nadmin: {{listen: 127.0.0.1:0}}\n{configuration}"))
    }

    /// Writes a file, with its folders.
    pub fn write(&self, name: &str, text: &str) -> &Self {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
        self
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Puts a variable into the environment of commands.
    pub fn set(&self, name: &str, value: &str) -> &Self {
        self.environment.lock().expect("no holder panics").push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs a command here to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.run_with_input(arguments, b"")
    }

    /// Runs a command here with something on stdin.
    pub fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().expect("the program starts");
        // A command that reads nothing has closed its end, and that is fine.
        let _ = child.stdin.take().expect("a pipe").write_all(input);
        let output = child.wait_with_output().expect("the program ends");
        Output {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("text on stdout"),
            stderr: String::from_utf8(output.stderr).expect("text on stderr"),
        }
    }

    /// Returns a command here with nothing of our environment but the way to programs.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).current_dir(self.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.path());
        command.envs(self.environment.lock().expect("no holder panics").iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a line of a shell here, in our own environment.
    pub fn shell(&self, line: &str) -> std::process::Output {
        let mut bash = Command::new("bash");
        bash.args(["-c", line]).current_dir(self.path()).output().expect("bash runs")
    }

    /// Starts a server here and returns when it is ready.
    pub fn serve(&self, arguments: &[&str]) -> Server {
        self.serve_with(arguments, &[])
    }

    /// As [`Self::serve`], with more in its environment.
    pub fn serve_with(&self, arguments: &[&str], environment: &[(&str, &OsStr)]) -> Server {
        Server::start(self, arguments, environment)
    }

    /// Starts a worker of its own here and returns when it is ready.
    pub fn work(&self, arguments: &[&str]) -> Worker {
        let arguments: Vec<&str> = ["worker"].iter().chain(arguments).copied().collect();
        let errors = std::fs::File::create(self.path().join("stderr.txt")).expect("a file");
        let mut child = self.command(&arguments).stderr(errors).spawn().expect("the program starts");
        guard::watch(&child, self.path());
        let lines = first_lines(&mut child);
        match lines.recv_timeout(READY_MAX) {
            Ok(ready) => Worker { child, ready },
            Err(error) => {
                let _ = child.kill();
                let errors = std::fs::read_to_string(self.path().join("stderr.txt")).unwrap_or_default();
                panic!("the worker is not ready: {error}\n{errors}");
            }
        }
    }
}

/// A running worker, stopped when it is dropped.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    /// What it said when it was ready.
    pub ready: String,
}

impl Worker {
    /// Sends a signal to the process.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let _ = rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal);
    }

    /// Kills the process, as a crash does.
    pub fn kill(&mut self) {
        self.child.kill().expect("the process can be killed");
        self.child.wait().expect("the process ends");
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}

/// Asks a process to stop, as an operator does, and kills one that does not.
fn stop(child: &mut Child) {
    if matches!(child.try_wait(), Ok(Some(_))) {
        return;
    }
    let _ = rustix::process::kill_process(rustix::process::Pid::from_child(child), rustix::process::Signal::TERM);
    let end = Instant::now() + STOP_MAX;
    while Instant::now() < end {
        if matches!(child.try_wait(), Ok(Some(_))) {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// What a command printed and how it ended.
#[derive(Debug)]
pub struct Output {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Output {
    /// Returns stdout as one JSON document.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// Checks the exit code, and shows everything where it is another one.
    #[track_caller]
    pub fn ended_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }
}

/// A running server, stopped when it is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    pub public: SocketAddr,
    pub admin: SocketAddr,
    /// The admin listener's token.
    pub token: String,
}

impl Server {
    fn start(folder: &Folder, arguments: &[&str], environment: &[(&str, &OsStr)]) -> Self {
        let arguments: Vec<&str> = ["serve"].iter().chain(arguments).copied().collect();
        let errors = std::fs::File::create(folder.path().join("stderr.txt")).expect("a file");
        let mut child = folder
            .command(&arguments)
            .envs(environment.iter().copied())
            .stderr(errors)
            .spawn()
            .expect("the program starts");
        guard::watch(&child, folder.path());
        let lines = first_lines(&mut child);
        let mut address = |prefix: &str| match lines.recv_timeout(READY_MAX) {
            Ok(line) if line.starts_with(prefix) => line[prefix.len()..].trim().parse().expect("an address"),
            other => {
                let _ = child.kill();
                let errors = std::fs::read_to_string(folder.path().join("stderr.txt")).unwrap_or_default();
                panic!("the server is not ready: {other:?}\n{errors}");
            }
        };
        let (public, admin) = (address("listening on http://"), address("admin on http://"));
        let token = std::fs::read_to_string(folder.path().join("data/admin-token")).expect("a token");
        Self { child, public, admin, token: token.trim().to_owned() }
    }

    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Sends a request to the public listener. `None` where the server is gone before it has answered.
    pub fn try_request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<Answer> {
        let mut stream = TcpStream::connect(self.public).ok()?;
        stream.set_read_timeout(Some(ANSWER_MAX)).expect("a time limit");
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.public);
        headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
        head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        stream.write_all(&[head.as_bytes(), body].concat()).ok()?;
        let mut bytes = Vec::new();
        // What came before the connection broke may be an answer.
        let _ = stream.read_to_end(&mut bytes);
        Answer::parse(&bytes)
    }

    /// Sends a request to the public listener and returns the answer.
    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        request(self.public, method, path, headers, body)
    }

    /// Posts a body to a connection with the checksum for a secret in `X-WH-Checksum`.
    pub fn deliver(&self, connection: &str, secret: &str, body: &[u8]) -> Answer {
        let checksum = checksum(secret, body);
        self.request("POST", &format!("/webhooks/{connection}"), &[("X-WH-Checksum", &checksum)], body)
    }

    /// Asks the API with the token.
    pub fn ask(&self, path: &str) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        request(self.admin, "GET", path, &[("Authorization", &bearer)], b"")
    }

    /// Asks the process to stop, as an operator does.
    pub fn terminate(&self) {
        self.signal(rustix::process::Signal::TERM);
    }

    /// Sends a signal to the process.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let _ = rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal);
    }

    /// Kills the process, as a crash does.
    pub fn kill(&mut self) {
        self.child.kill().expect("the process can be killed");
        self.child.wait().expect("the process ends");
    }

    /// Waits for the process to end and returns its exit code.
    #[track_caller]
    pub fn ended(&mut self, time: Duration) -> Option<i32> {
        until("the end of the server", time, || self.child.try_wait().expect("our child")).code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", standing(&self.child));
        }
        stop(&mut self.child);
    }
}

/// Says where a program stands, thread by thread, as the system sees it: of a test that failed because something did not
/// answer, this is the only trace of what it was waiting for.
fn standing(child: &Child) -> String {
    let read = |path: &Path, name: &str| std::fs::read_to_string(path.join(name)).unwrap_or_default().trim().to_owned();
    let process = PathBuf::from(format!("/proc/{}", child.id()));
    let errors = std::fs::read_to_string(process.join("cwd/stderr.txt")).unwrap_or_default();
    let threads = std::fs::read_dir(process.join("task")).into_iter().flatten().flatten().map(|thread| {
        let [name, place, call] = ["comm", "wchan", "syscall"].map(|name| read(&thread.path(), name));
        let status = read(&thread.path(), "status");
        let state = status.lines().find(|line| line.starts_with("State:")).unwrap_or_default();
        format!("  {name}: {state}, in {place}, call {call}\n")
    });
    format!("the server {} stands so:\n{}and has said:\n{errors}", child.id(), threads.collect::<String>())
}

/// Reads what a program prints on a thread, so that waiting for a line can end.
fn first_lines(child: &mut Child) -> mpsc::Receiver<String> {
    let stdout = child.stdout.take().expect("a pipe");
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            // The test wants the first lines only; the rest is read so that nothing blocks.
            let _ = sender.send(line);
        }
    });
    lines
}

/// What a server answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    /// Reads an answer. `None` where it is not whole.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let header = |wanted: &str| headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        let body = match header("transfer-encoding") {
            Some("chunked") => unchunked(body)?,
            _ => body.to_owned(),
        };
        let is_whole = header("content-length").is_none_or(|length| length == body.len().to_string());
        is_whole.then_some(Self { status, headers, body })
    }

    /// Reads an answer that must have no body.
    #[track_caller]
    fn without_body(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        assert_eq!(body, "", "an answer without a body: {text:?}");
        let lines = head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("content-length"));
        let head = lines.collect::<Vec<_>>().join("\r\n");
        Self::parse(format!("{head}\r\n\r\n").as_bytes()).expect("an answer")
    }

    /// Returns the value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str())
    }

    /// Returns the body as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

/// Sends one request on a connection of its own. An answer to HEAD has no body, whatever its headers say.
pub fn request(to: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() || method == "POST" {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(body);
    if method == "HEAD" {
        let mut stream = connect(to);
        stream.write_all(&bytes).expect("the request is taken");
        return Answer::without_body(&read_to_close(&mut stream));
    }
    exchange(to, &bytes)
}

/// Sends bytes as they are and reads until the server closes the connection.
pub fn exchange(to: SocketAddr, bytes: &[u8]) -> Answer {
    let mut stream = connect(to);
    // A server may answer and close before it has read everything.
    let _ = stream.write_all(bytes);
    read_answer(&mut stream)
}

/// Connects with a time limit on every read and write.
pub fn connect(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(to).expect("the server takes connections");
    stream.set_read_timeout(Some(ANSWER_MAX)).expect("a time limit");
    stream.set_write_timeout(Some(ANSWER_MAX)).expect("a time limit");
    stream
}

/// Reads an answer until the server closes the connection.
#[track_caller]
pub fn read_answer(stream: &mut (impl Read + Debug)) -> Answer {
    let bytes = read_to_close(stream);
    Answer::parse(&bytes).unwrap_or_else(|| panic!("no whole answer: {:?}", String::from_utf8_lossy(&bytes)))
}

#[track_caller]
fn read_to_close(stream: &mut (impl Read + Debug)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut piece = [0; 16 * 1024];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => bytes.extend_from_slice(&piece[..length]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            // The connection may be reset after the answer, when we sent more than was wanted.
            Err(_) if !bytes.is_empty() => break,
            Err(error) => panic!("no answer: {error}"),
        }
    }
    bytes
}

/// Joins the pieces of a chunked body of ASCII. `None` where the last one is missing.
fn unchunked(mut body: &str) -> Option<String> {
    let mut joined = String::new();
    loop {
        let (size, rest) = body.split_once("\r\n")?;
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(joined);
        }
        joined.push_str(rest.get(..size)?);
        body = rest.get(size + 2..)?;
    }
}
