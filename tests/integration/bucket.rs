//! An object store that speaks like S3 and fails as such do: sometimes, and for a while altogether.

use crate::support::{Folder, until};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(90);

/// Objects in memory, behind HTTP.
#[derive(Default)]
struct Bucket {
    objects: Mutex<BTreeMap<String, Vec<u8>>>,
    requests: AtomicU64,
    /// Every so many requests one is answered 503; 0 for none.
    fails_every: AtomicU64,
    is_away: AtomicBool,
    /// Requests are taken and never answered.
    is_silent: AtomicBool,
    /// How many were answered 503.
    failed: AtomicU64,
}

struct Request {
    method: String,
    path: String,
    query: String,
    range: Option<String>,
    body: Vec<u8>,
}

impl Bucket {
    /// Serves until the process ends, and returns where.
    fn serve() -> (Arc<Self>, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let bucket = Arc::new(Self::default());
        let own = bucket.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let bucket = own.clone();
                std::thread::spawn(move || bucket.talk(stream));
            }
        });
        (bucket, port)
    }

    fn talk(&self, mut stream: TcpStream) {
        let Ok(reading) = stream.try_clone() else { return };
        let mut reading = BufReader::new(reading);
        while let Some(request) = read(&mut reading) {
            while self.is_silent.load(Ordering::Relaxed) {
                std::thread::park_timeout(Duration::from_secs(1));
            }
            let (status, body) = self.answer(&request);
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nETag: \"x\"\r\nLast-Modified: Thu, 26 Nov 2026 06:00:00 GMT\r\n\r\n",
                body.len()
            );
            if stream.write_all(&[head.as_bytes(), &body].concat()).is_err() {
                return;
            }
        }
    }

    fn answer(&self, request: &Request) -> (&'static str, Vec<u8>) {
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let every = self.fails_every.load(Ordering::Relaxed);
        if self.is_away.load(Ordering::Relaxed) || (every > 0 && number.is_multiple_of(every)) {
            self.failed.fetch_add(1, Ordering::Relaxed);
            return ("503 Service Unavailable", Vec::new());
        }
        let mut objects = self.objects.lock().expect("no holder panics");
        let key = request.path.trim_start_matches("/bucket").trim_start_matches('/').to_owned();
        match request.method.as_str() {
            "PUT" => {
                objects.insert(key, request.body.clone());
                ("200 OK", Vec::new())
            }
            "POST" => ("200 OK", delete(&mut objects, &String::from_utf8_lossy(&request.body))),
            "GET" if key.is_empty() => ("200 OK", list(&objects, &request.query)),
            "GET" => match (objects.get(&key), &request.range) {
                (None, _) => ("404 Not Found", Vec::new()),
                (Some(bytes), None) => ("200 OK", bytes.clone()),
                (Some(bytes), Some(range)) => {
                    let (from, to) = range.split_once('-').expect("a range");
                    let (from, to): (usize, usize) = (from.parse().expect("from"), to.parse().expect("to"));
                    let to = (to + 1).min(bytes.len());
                    let part = bytes[from..to].to_vec();
                    partial(from, to, bytes.len(), part)
                }
            },
            _ => ("405 Method Not Allowed", Vec::new()),
        }
    }
}

/// The head of such an answer has one more line.
fn partial(from: usize, to: usize, all: usize, part: Vec<u8>) -> (&'static str, Vec<u8>) {
    // The status line is where the rest of the head is added: there are few different ones in a test.
    let status = format!("206 Partial Content\r\nContent-Range: bytes {from}-{}/{all}", to - 1);
    (Box::leak(status.into_boxed_str()), part)
}

fn read(from: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    from.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let (mut length, mut range) = (0, None);
    loop {
        let mut header = String::new();
        from.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "range" => range = value.strip_prefix("bytes=").map(str::to_owned),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).ok()?;
    Some(Request { method, path: decoded(path), query: query.to_owned(), range, body })
}

fn decoded(text: &str) -> String {
    let mut pieces = text.split('%');
    let mut decoded = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let byte = u8::from_str_radix(&piece[..2], 16).expect("two digits");
        decoded.push(char::from(byte));
        decoded.push_str(&piece[2..]);
    }
    decoded
}

fn delete(objects: &mut BTreeMap<String, Vec<u8>>, body: &str) -> Vec<u8> {
    let keys = body.split("<Key>").skip(1).filter_map(|rest| rest.split_once("</Key>")).map(|(key, _)| key);
    let mut answer = "<DeleteResult>".to_owned();
    for key in keys {
        objects.remove(key);
        answer.push_str(&format!("<Deleted><Key>{key}</Key></Deleted>"));
    }
    (answer + "</DeleteResult>").into_bytes()
}

fn list(objects: &BTreeMap<String, Vec<u8>>, query: &str) -> Vec<u8> {
    let parameter = |name: &str| {
        let pair = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
        pair.map(decoded).unwrap_or_default()
    };
    let (prefix, delimiter) = (parameter("prefix"), parameter("delimiter"));
    let mut answer = "<ListBucketResult><IsTruncated>false</IsTruncated>".to_owned();
    let mut folders = std::collections::BTreeSet::new();
    for (key, bytes) in objects.iter().filter(|(key, _)| key.starts_with(&prefix)) {
        match key[prefix.len()..].split_once('/').filter(|_| !delimiter.is_empty()) {
            Some((folder, _)) => {
                folders.insert(format!("{prefix}{folder}/"));
            }
            None => answer.push_str(&format!(
                "<Contents><Key>{key}</Key><LastModified>2026-11-26T06:00:00.000Z</LastModified>\
                 <ETag>\"x\"</ETag><Size>{}</Size></Contents>",
                bytes.len()
            )),
        }
    }
    for folder in folders {
        answer.push_str(&format!("<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>"));
    }
    (answer + "</ListBucketResult>").into_bytes()
}

const PIPELINE: &str = "
resources:
  webhooks: [{webhook: hook, connection: open}]
jobs:
- job: make
  steps:
  - bash: |
      echo begun
      touch FOLDER/begun
      until test -e FOLDER/go; do sleep 0.05; done
      for line in $(seq 2000); do echo \"line $line of the log\"; done
      mkdir out && echo kept > out/file && : > out/empty && head -c 9000000 /dev/zero > out/large
  - publish: out
    artifact: drop
- job: take
  dependsOn: make
  steps:
  - download: current
    artifact: drop
  - bash: cat $(Pipeline.Workspace)/drop/file && test -f $(Pipeline.Workspace)/drop/empty && wc -c < $(Pipeline.Workspace)/drop/large
";

fn folder(port: u16) -> Folder {
    let folder = Folder::new(&format!(
        "connections: {{open: {{auth: none}}}}\nfiles: {{url: s3://bucket/pre, endpoint: \"http://127.0.0.1:{port}\", \
         allow_http: true, access_key: {{env: ID}}, secret_key: {{env: KEY}}}}\n"
    ));
    folder.set("ID", "id").set("KEY", "key");
    folder.write("pipelines/p.yml", &PIPELINE.replace("FOLDER", &folder.path().display().to_string()));
    folder
}

#[track_caller]
fn assert_whole(folder: &Folder) {
    folder.run(&["runs", "wait", "p#1"]).ended_with(0);
    let log = folder.run(&["runs", "logs", "p#1", "--raw"]);
    let log = if log.code == Some(0) { log } else { folder.run(&["runs", "logs", "p#1"]).ended_with(0) }.stdout;
    for line in ["begun", "line 1 of the log", "line 2000 of the log", "kept", "9000000"] {
        assert_eq!(log.lines().filter(|it| it.ends_with(line)).count(), 1, "{line} is not once in\n{log}");
    }
}

#[test]
fn an_object_store_that_fails_sometimes_loses_nothing() {
    let (bucket, port) = Bucket::serve();
    bucket.fails_every.store(3, Ordering::Relaxed);
    let folder = folder(port);
    folder.write("go", "");
    let server = folder.serve(&[]);
    assert_eq!(server.request("POST", "/webhooks/open", &[], b"{}").status, 200);
    assert_whole(&folder);
    assert!(bucket.failed.load(Ordering::Relaxed) > 5, "it has failed meanwhile");
    drop(server);
}

#[test]
fn an_object_store_that_is_away_for_a_while_gets_all_of_it_later() {
    let (bucket, port) = Bucket::serve();
    let folder = folder(port);
    let server = folder.serve(&[]);
    assert_eq!(server.request("POST", "/webhooks/open", &[], b"{}").status, 200);
    until("the first line", SOON, || folder.path().join("begun").exists().then_some(()));
    bucket.is_away.store(true, Ordering::Relaxed);
    folder.write("go", "");
    let before = bucket.failed.load(Ordering::Relaxed);
    until("some requests in vain", SOON, || (bucket.failed.load(Ordering::Relaxed) > before + 6).then_some(()));
    // Who asks for the log meanwhile is told why there is none.
    let told = folder.run(&["runs", "logs", "p#1"]).ended_with(3);
    assert!(told.stderr.contains("the object store can't be used"), "{told:?}");
    assert_eq!(server.ask("/healthz").status, 200);
    // Deliveries are taken and jobs run meanwhile, so that it is ready.
    let is = |status: &str| {
        let ready = server.ask("/readyz");
        (ready.status == 200 && ready.json()["status"] == status).then_some(())
    };
    until("that it knows what it lacks", SOON, || is("degraded"));
    bucket.is_away.store(false, Ordering::Relaxed);
    assert_whole(&folder);
    until("that nothing is lacking", SOON, || is("ok"));
}

/// Takes connections and whatever is sent on them, and never answers.
fn serve_silence() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || std::io::copy(&mut stream, &mut std::io::sink()));
        }
    });
    port
}

#[test]
fn an_object_store_that_never_answers_holds_up_no_step_and_no_cancel() {
    let folder = folder(serve_silence());
    let here = folder.path().display();
    folder.write(
        "pipelines/p.yml",
        &format!(
            "resources:\n  webhooks: [{{webhook: hook, connection: open}}]\nsteps:\n- checkout: none\n- bash: |\n    \
             head -c 3000000 /dev/zero | tr '\\0' 'x' | fold -w 100\n    echo kept > out\n\
             - bash: touch '{here}/second'\n- publish: out\n  artifact: drop\n"
        ),
    );
    let server = folder.serve(&[]);
    let begun = std::time::Instant::now();
    assert_eq!(server.request("POST", "/webhooks/open", &[], b"{}").status, 200);
    until("the second step", SOON, || folder.path().join("second").exists().then_some(()));
    let waited = begun.elapsed();
    assert!(waited < Duration::from_secs(15), "the steps waited for the place of their log: {waited:?}");
    let publish = |shown: &serde_json::Value| {
        shown["stages"][0]["jobs"][0]["steps"].as_array().and_then(|steps| steps.last()).expect("a step").clone()
    };
    // What is published goes nowhere else: it waits, until somebody asks it to stop.
    until("the wait for the place", SOON, || {
        let shown = folder.run(&["runs", "show", "p#1", "--format", "json"]).ended_with(0).json();
        (publish(&shown)["state"] == "running").then_some(())
    });
    let asked = std::time::Instant::now();
    folder.run(&["runs", "cancel", "p#1"]).ended_with(0);
    until("the step's end", SOON, || {
        let shown = folder.run(&["runs", "show", "p#1", "--format", "json"]).ended_with(0).json();
        (publish(&shown)["state"] == "completed").then_some(())
    });
    let waited = asked.elapsed();
    assert!(waited < Duration::from_secs(8), "the step waited although the run was canceled: {waited:?}");
    folder.run(&["runs", "wait", "p#1"]).ended_with(1);
    let shown = folder.run(&["runs", "show", "p#1"]).ended_with(0).stdout;
    assert!(shown.contains("the log could not be sent when the job ended: it is sent from "), "{shown}");
}

#[test]
fn who_asks_for_a_log_is_told_which_object_store_does_not_answer() {
    let (bucket, port) = Bucket::serve();
    let folder = folder(port);
    folder.write("go", "");
    let server = folder.serve(&[]);
    assert_eq!(server.request("POST", "/webhooks/open", &[], b"{}").status, 200);
    assert_whole(&folder);
    drop(server);
    bucket.is_silent.store(true, Ordering::Relaxed);
    let mut asking = folder.command(&["runs", "logs", "p#1"]);
    let mut asking = asking.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut told = String::new();
    let asked = std::time::Instant::now();
    BufReader::new(asking.stderr.take().expect("its stderr")).read_line(&mut told).expect("a line");
    asking.kill().and_then(|()| asking.wait()).expect("it ends");
    assert!(told.starts_with("waiting for s3://bucket/pre at http://127.0.0.1:"), "{told}");
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
}

#[test]
fn a_folder_for_files_that_can_not_be_made_is_named() {
    let folder = Folder::new("files: file:///dev/null/shared\n");
    let told = folder.run(&["serve"]).ended_with(3);
    assert!(
        told.stderr.contains("what `files` names can't be used") && told.stderr.contains("/dev/null/shared: "),
        "{told:?}"
    );
}
