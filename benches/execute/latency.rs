//! How long it takes from a delivery's 200 to the first process of its run: the real server, one
//! delivery at a time, each step telling when it began.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long a step may take to begin before the measurement is given up.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// Prints the median, the 99th percentile and the memory of the server.
pub fn measure(program: &str, deliveries: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let began = folder.path().join("began.txt");
    std::fs::create_dir(folder.path().join("pipelines")).expect("a folder");
    let configuration = "listen: 127.0.0.1:0\nadmin: {listen: 127.0.0.1:0}\nconnections: {open: {auth: none}}\n";
    std::fs::write(folder.path().join("pipehook.yml"), configuration).expect("a file");
    // The shell itself tells the time: no further process.
    let pipeline = format!(
        "resources:\n  webhooks: [{{webhook: hook, connection: open}}]\nsteps:\n- bash: echo \"$EPOCHREALTIME\" >> {}\n",
        began.display()
    );
    std::fs::write(folder.path().join("pipelines/p.yml"), pipeline).expect("a file");
    std::fs::write(&began, "").expect("a file");
    let mut server = Server::start(program, folder.path());
    let mut waits: Vec<Duration> = (0..deliveries).map(|at| one(&server.address, &began, at)).collect();
    waits.sort();
    let at = |share: usize| waits[(waits.len() * share / 100).min(waits.len() - 1)].as_secs_f64() * 1000.0;
    println!("from 200 to the first process, {deliveries} deliveries: p50 {:.1} ms, p99 {:.1} ms", at(50), at(99));
    println!("memory of the server: {} kB at the most", server.peak());
    server.stop();
}

/// Delivers once and returns how long after the answer its step began.
fn one(address: &str, began: &Path, before: usize) -> Duration {
    let mut stream = TcpStream::connect(address).expect("the server takes connections");
    let request = "POST /webhooks/open HTTP/1.1\r\nHost: bench\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}";
    stream.write_all(request.as_bytes()).expect("the server reads");
    let mut first = [0; 12];
    stream.read_exact(&mut first).expect("an answer");
    let answered = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    assert_eq!(&first, b"HTTP/1.1 200");
    let end = Instant::now() + WAIT_MAX;
    loop {
        let text = std::fs::read_to_string(began).expect("a file");
        if let Some(line) = text.lines().nth(before).filter(|_| text.ends_with('\n')) {
            let seconds: f64 = line.replace(',', ".").parse().expect("a time");
            return Duration::from_secs_f64(seconds).saturating_sub(answered);
        }
        assert!(Instant::now() < end, "no step has begun");
        std::thread::sleep(Duration::from_millis(2));
    }
}

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(program: &str, folder: &Path) -> Self {
        let mut serve = Command::new(program);
        serve.arg("serve").current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = serve.spawn().expect("the server starts");
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().expect("a pipe")).read_line(&mut line).expect("a line");
        let address = line.trim().strip_prefix("listening on http://").expect("an address").to_owned();
        Self { child, address }
    }

    fn peak(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("its status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its memory");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    fn stop(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }
}
