//! A configuration that changes while a server serves: what takes effect at once, and what waits for the next
//! start and says so.

use crate::support::{ANSWER_MAX, Folder, Server, connect, read_answer, request, until};
use crate::{cluster, database};
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

/// Two jobs that end only where both go on at once.
const PAIR: &str = "
resources:
  webhooks: [{webhook: hook, connection: new}]
variables:
- group: words
jobs:
- job: a
  pool: extra
  steps: [{bash: 'touch FOLDER/a; until test -e FOLDER/b; do sleep 0.05; done; echo \"$GREETING $(word)\"'}]
- job: b
  pool: extra
  steps: [{bash: 'touch FOLDER/b; until test -e FOLDER/a; do sleep 0.05; done'}]
";

const QUICK: &str = "
resources:
  webhooks: [{webhook: hook, connection: open}]
steps: [{bash: 'true'}]
";

const BEFORE: &str = "
limits: {body: 1KiB}
workers: {jobs: 1, pools: [default]}
retention: {runs: {age: 1h}}
variable-groups: {words: {word: before}}
connections: {open: {auth: none}}
";

const AFTER: &str = "
limits: {body: 8KiB}
workers: {jobs: 2, pools: [default, extra]}
retention: {runs: {age: 1s}}
variable-groups: {words: {word: after}}
environment: [GREETING]
connections: {open: {auth: none}, new: {auth: none}}
";

fn folder() -> Folder {
    let folder = Folder::new(BEFORE);
    folder.set("GREETING", "hello");
    folder.write("pipelines/quick.yml", QUICK);
    folder.write("pipelines/pair.yml", &PAIR.replace("FOLDER", &folder.path().display().to_string()));
    folder
}

fn status(server: &Server, connection: &str, bytes: usize) -> u16 {
    let body = format!("{{\"text\": \"{}\"}}", "x".repeat(bytes));
    server.request("POST", &format!("/webhooks/{connection}"), &[], body.as_bytes()).status
}

/// Sends something with a secret, and returns the status.
fn sent(server: &Server, secret: &str) -> u16 {
    let signature = crate::support::checksum(secret, b"{}");
    server.request("POST", "/webhooks/open", &[("X-WH-Checksum", &signature)], b"{}").status
}

/// A folder whose connection has its secret in a file.
fn with_secret_file() -> Folder {
    let folder = Folder::new("connections: {open: {secret: [{file: secrets/first.txt}]}}\n");
    folder.write("secrets/first.txt", "before").write("pipelines/quick.yml", QUICK);
    folder
}

#[test]
fn a_changed_file_of_a_secret_is_taken_up_and_one_that_is_gone_is_told() {
    let folder = with_secret_file();
    let server = folder.serve(&[]);
    assert_eq!((sent(&server, "before"), sent(&server, "after")), (200, 401));
    let file = folder.path().join("secrets/first.txt");
    std::fs::remove_file(&file).expect("it is there");
    let told = || std::fs::read_to_string(folder.path().join("stderr.txt")).expect("a log");
    until("a word about it", ANSWER_MAX, || told().contains("`secrets/first.txt` does not exist").then_some(()));
    assert_eq!(sent(&server, "before"), 200, "the last good configuration stays in force");
    folder.write("secrets/first.txt", "after\n");
    until("the new secret", ANSWER_MAX, || (sent(&server, "after") == 200).then_some(()));
    assert_eq!(sent(&server, "before"), 401);
    folder.configure("connections: {open: {secret: {file: second.txt}}}\n").write("second.txt", "third");
    until("another file", ANSWER_MAX, || (sent(&server, "third") == 200).then_some(()));
    folder.write("second.txt", "fourth");
    until("a change of that", ANSWER_MAX, || (sent(&server, "fourth") == 200).then_some(()));
}

#[test]
fn a_hang_up_reads_the_files_of_secrets_again_and_ends_nothing() {
    let folder = with_secret_file();
    let mut server = folder.serve(&[]);
    assert_eq!((sent(&server, "before"), sent(&server, "after!")), (200, 401));
    // Nobody sees by its time and length that this is another one.
    let file = folder.path().join("secrets/first.txt");
    let modified = std::fs::metadata(&file).and_then(|about| about.modified()).expect("a time");
    folder.write("other.txt", "after!");
    let other = std::fs::File::options().write(true).open(folder.path().join("other.txt")).expect("it is there");
    other.set_modified(modified).expect("a time");
    std::fs::rename(folder.path().join("other.txt"), &file).expect("a file moves");
    server.signal(rustix::process::Signal::HUP);
    until("the new secret", ANSWER_MAX, || (sent(&server, "after!") == 200).then_some(()));
    assert_eq!(sent(&server, "before"), 401);
    // A second one does nothing else, and what ends the server still does.
    server.signal(rustix::process::Signal::HUP);
    server.terminate();
    assert_eq!(server.ended(Duration::from_secs(30)), Some(0));
}

#[test]
fn what_a_changed_configuration_says_is_in_force_while_serving() {
    let folder = folder();
    let server = folder.serve(&[]);
    assert_eq!(
        (status(&server, "open", 10), status(&server, "open", 2_000), status(&server, "new", 10)),
        (200, 413, 404)
    );
    folder.run(&["runs", "wait", "quick#1"]).ended_with(0);
    let ended = Instant::now();
    until("the run to be old", ANSWER_MAX, || (ended.elapsed() > Duration::from_millis(1_500)).then_some(()));
    let before = std::fs::read_to_string(folder.path().join("pipehook.yml")).expect("a configuration");
    folder.write("pipehook.yml", &before.replace(BEFORE, AFTER));
    until("the new connection", ANSWER_MAX, || (status(&server, "new", 2_000) == 200).then_some(()));
    folder.run(&["runs", "wait", "pair#1"]).ended_with(0);
    let log = folder.run(&["runs", "logs", "pair#1"]).ended_with(0).stdout;
    assert!(log.contains("hello after\n"), "{log}");
    until("the old run to go", Duration::from_secs(30), || {
        (folder.run(&["runs", "show", "quick#1"]).code != Some(0)).then_some(())
    });
    let told = std::fs::read_to_string(folder.path().join("stderr.txt")).expect("a log");
    assert!(!told.contains("with the next start"), "{told}");
}

#[test]
fn the_data_folder_the_database_and_files_wait_for_the_next_start_and_are_named() {
    let folder = folder();
    let server = folder.serve(&[]);
    folder.configure(&format!(
        "data: ./other-data\ndatabase: postgres://me:hunter2@host/db\nfiles: file:///other-files\n{AFTER}"
    ));
    let log = || std::fs::read_to_string(folder.path().join("stderr.txt")).unwrap_or_default();
    until("the sentence", ANSWER_MAX, || log().contains("change with the next start").then_some(()));
    let told = log();
    assert!(told.contains("\"keys\":\"data, database, files\""), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
    // What can change has changed, and the rest goes on as it was.
    assert_eq!((status(&server, "new", 10), status(&server, "open", 10)), (200, 200));
}

/// Says which pipelines a delivery starts, in the order of their names.
fn started(server: &Server) -> Vec<String> {
    let answer = server.request("POST", "/webhooks/open", &[], b"{}").json();
    let runs = answer["runs"].as_array().cloned().unwrap_or_default();
    runs.iter().map(|run| run["pipeline"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn another_folder_of_pipelines_is_served_and_watched_and_one_that_is_not_there_is_not() {
    let folder = Folder::new("connections: {open: {auth: none}}\n");
    folder.write("pipelines/quick.yml", QUICK).write("other/same.yml", QUICK);
    std::fs::write(folder.path().join("other/quick.yml"), "steps: {").expect("a file");
    let server = folder.serve(&["--no-worker"]);
    assert_eq!(started(&server), ["quick"]);
    folder.configure("pipelines: ./nowhere\nconnections: {open: {auth: none}, new: {auth: none}}\n");
    until("the new connection", ANSWER_MAX, || (status(&server, "new", 10) == 200).then_some(()));
    assert_eq!(started(&server), ["quick"], "the old folder stays");
    folder.configure("pipelines: ./other\nconnections: {open: {auth: none}}\n");
    // The broken one of the same name does not serve the version of the other folder.
    until("the other folder", ANSWER_MAX, || (started(&server) == ["same"]).then_some(()));
    // Without being watched it would be seen after half a minute.
    let before = Instant::now();
    folder.write("other/third.yml", QUICK);
    until("the new file", ANSWER_MAX, || (started(&server) == ["same", "third"]).then_some(()));
    assert!(before.elapsed() < Duration::from_secs(25), "it is watched");
    folder.write("pipelines/quick.yml", "steps: []").write("other/third.yml", "steps: []");
    until("the changed file", ANSWER_MAX, || (started(&server) == ["same"]).then_some(()));
    let log = std::fs::read_to_string(folder.path().join("stderr.txt")).expect("a log");
    assert!(log.contains("the new pipelines folder can't be read, the one before stays"), "{log}");
    assert!(!log.contains("with the next start"), "{log}");
}

/// Returns an address at which nobody listens.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}

#[test]
fn both_listeners_move_while_the_server_serves_and_answer_what_they_have_begun() {
    let folder = Folder::new("connections: {open: {auth: none}}\n");
    let here = folder.path().display();
    let slow = format!(
        "\nresources:\n  webhooks: [{{webhook: hook, connection: open}}]\nsteps: [{{bash: 'until test -e {here}/go; do sleep 0.05; done'}}]\n"
    );
    folder.write("pipelines/slow.yml", &slow);
    let server = folder.serve(&[]);
    let (public, admin) = (free_address(), free_address());
    let mut waiting = connect(server.public);
    let post =
        format!("POST /webhooks/open?wait=60 HTTP/1.1\r\nhost: {}\r\ncontent-length: 2\r\n\r\n{{}}", server.public);
    waiting.write_all(post.as_bytes()).expect("it is sent");
    until("the run", ANSWER_MAX, || folder.run(&["runs"]).stdout.contains("slow#1").then_some(()));
    let asks = |to, host: &str| {
        let head = format!(
            "GET /api/v1/runs HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\nconnection: close\r\n\r\n",
            server.token
        );
        let mut stream = connect(to);
        stream.write_all(head.as_bytes()).expect("it is sent");
        read_answer(&mut stream).status
    };
    let text = format!(
        "listen: {public}\nadmin: {{listen: \"{admin}\", hosts: [hooks.example]}}\nconnections: {{open: {{auth: none}}}}\n"
    );
    folder.write("pipehook.yml", &text);
    until("the new addresses", ANSWER_MAX, || {
        let is_there = |to| std::net::TcpStream::connect(to).is_ok();
        (is_there(public) && is_there(admin) && !is_there(server.public) && !is_there(server.admin)).then_some(())
    });
    assert_eq!(read_answer(&mut waiting).status, 200, "what had begun is answered");
    assert_eq!(request(public, "GET", "/healthz", &[], b"").status, 200);
    assert_eq!(asks(admin, "hooks.example"), 200);
    let answer = request(public, "POST", "/webhooks/open", &[], b"{}").json();
    let url = answer["runs"][0]["url"].as_str().expect("a URL").to_owned();
    assert!(url.starts_with(&format!("http://{admin}/")), "{url}");
    // An address that another one has: the listener stays where it is, and the names change all the same.
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let occupied = taken.local_addr().expect("an address");
    folder.write(
        "pipehook.yml",
        &text.replace(&public.to_string(), &occupied.to_string()).replace("hooks.example", "other.example"),
    );
    until("the other name", ANSWER_MAX, || (asks(admin, "other.example") == 200).then_some(()));
    assert_ne!(asks(admin, "hooks.example"), 200);
    assert_eq!(request(public, "GET", "/healthz", &[], b"").status, 200);
    let log = std::fs::read_to_string(folder.path().join("stderr.txt")).expect("a log");
    assert!(log.contains("another program listens there") && log.contains("the old one stays"), "{log}");
    folder.write("go", "");
    let mut server = server;
    server.terminate();
    assert_eq!(server.ended(ANSWER_MAX), Some(0));
}

/// A worker's configuration: what it claims, and with what.
fn worker_configuration(workers: &str, secret: &str, more: &str) -> String {
    format!(
        "database: {{env: PIPEHOOK_TEST_DATABASE}}\nworkers: {workers}\n\
         variable-groups: {{words: {{word: {{secret: {{value: {secret}}}}}}}}}\n{more}"
    )
}

#[test]
fn a_worker_of_its_own_takes_a_changed_configuration_up() {
    let Some(address) = database::schema() else { return };
    let (receiver, machine) = (cluster::folder(&address), cluster::folder(&address));
    let folder = receiver.path().display().to_string();
    receiver.write(
        "pipelines/pair.yml",
        &PAIR.replace("FOLDER", &folder).replace("$(word)\"'", "\"; test $(word) = after'"),
    );
    let more = "connections: {new: {auth: none}}\n";
    receiver.configure(&worker_configuration("{pools: [extra]}", "unused", more));
    machine.set("GREETING", "hello");
    machine.write("pipehook.yml", &worker_configuration("{jobs: 1}", "before", ""));
    let server = receiver.serve(&["--no-worker"]);
    let _worker = machine.work(&[]);
    assert_eq!(status(&server, "new", 10), 200);
    let after = worker_configuration("{jobs: 2, pools: [extra]}", "after", "environment: [GREETING]\n");
    machine.write("pipehook.yml", &after);
    receiver.run(&["runs", "wait", "pair#1"]).ended_with(0);
    let log = receiver.run(&["runs", "logs", "pair#1"]).ended_with(0).stdout;
    assert!(log.contains("hello "), "{log}");
}

#[test]
fn what_a_worker_was_told_by_arguments_stays_and_what_waits_for_its_next_start_is_named() {
    let Some(address) = database::schema() else { return };
    let machine = cluster::folder(&address);
    machine.write("pipehook.yml", &worker_configuration("{jobs: 1}", "before", ""));
    let _worker = machine.work(&["--pool", "default", "--data", "own"]);
    let more = "listen: 127.0.0.1:1\ndata: ./other-data\nfiles: file:///other-files\n";
    machine.write("pipehook.yml", &worker_configuration("{pools: [extra]}", "after", more));
    let log = || std::fs::read_to_string(machine.path().join("stderr.txt")).unwrap_or_default();
    let told = until("the sentence", ANSWER_MAX, || Some(log()).filter(|log| log.contains("with the next start")));
    assert!(told.contains("\"keys\":\"files\""), "{told}");
    // The pool of the arguments is claimed still.
    let receiver = cluster::folder(&address);
    receiver.configure("database: {env: PIPEHOOK_TEST_DATABASE}\nconnections: {open: {auth: none}}\n");
    receiver.write("pipelines/quick.yml", QUICK);
    let server = receiver.serve(&["--no-worker"]);
    assert_eq!(status(&server, "open", 10), 200);
    receiver.run(&["runs", "wait", "quick#1"]).ended_with(0);
}
