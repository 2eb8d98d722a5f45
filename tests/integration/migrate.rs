//! A store that served from a data folder goes on in a database: the same ids, numbers, logs and queue.

mod killed;

use crate::database;
use crate::store::world::open_database;
use crate::support::{Folder, Server};
use pipehook::store::LeaseClock;
use serde_json::Value;

const CONFIGURATION: &str = "
connections:
  open: {auth: none, repeat: {key: x-id, window: 24h}}
  signed: {secret: {value: s}}
  broken: {auth: none}
  nobody: {auth: none}
";

/// Ends, and leaves one of everything behind.
const DONE: &str = "
resources:
  webhooks:
  - webhook: hook
    connection: open
    filters:
    - path: kind
      value: done
variables:
  count: $[ counter('done', 7) ]
jobs:
- job: first
  steps:
  - bash: |
      echo \"count $COUNT\"
      printf 'tab\\there \\\\ ü\\n'
      echo '##vso[task.setvariable variable=word;isOutput=true]handed'
      echo '##vso[build.addbuildtag]Tagged'
      mkdir -p out/deep && echo kept > out/deep/file && : > out/empty && head -c 600000 /dev/zero > out/large
    name: say
    env:
      COUNT: $(count)
  - publish: out
    artifact: drop
- deployment: second
  dependsOn: first
  environment: Production
  strategy:
    runOnce:
      deploy:
        steps:
        - bash: exit 3
";

/// Is held back.
const LATER: &str = "
resources:
  webhooks:
  - webhook: hook
    connection: open
    filters:
    - path: kind
      value: later
concurrency: {group: one at a time}
steps:
- bash: echo \"$TEXT\"
  env:
    TEXT: ${{ parameters.hook.text }}
";

const BROKEN: &str = "
resources:
  webhooks: [{webhook: hook, connection: broken}]
steps:
- bash: echo '${{ parameters.hook.text }}'
";

fn folder() -> Folder {
    let folder = Folder::new(CONFIGURATION);
    for (name, text) in [("done", DONE), ("later", LATER), ("broken", BROKEN)] {
        folder.write(&format!("pipelines/{name}.yml"), text);
    }
    folder
}

fn post(server: &Server, connection: &str, id: &str, body: &str) -> Value {
    server.request("POST", &format!("/webhooks/{connection}"), &[("x-id", id)], body.as_bytes()).json()
}

const LATER_BODY: &str = r#"{"kind": "later", "text": "tab\there \\ \"quoted\""}"#;

/// Serves until the store has a delivery of every outcome, and runs that ended and that wait.
fn fill(folder: &Folder) {
    let server = folder.serve(&[]);
    folder.run(&["pause", "later"]).ended_with(0);
    assert_eq!(post(&server, "open", "a", r#"{"kind":"done"}"#)["outcome"], "queued");
    assert_eq!(post(&server, "open", "a", r#"{"kind":"done"}"#)["outcome"], "repeat");
    assert_eq!(post(&server, "open", "b", LATER_BODY)["outcome"], "queued");
    assert_eq!(post(&server, "open", "c", LATER_BODY)["outcome"], "queued");
    assert_eq!(post(&server, "broken", "d", r#"{"text":{"a":1}}"#)["outcome"], "rejected");
    assert_eq!(post(&server, "nobody", "e", "{}")["outcome"], "nothing");
    assert_eq!(server.deliver("signed", "wrong", b"{}").status, 401);
    assert_eq!(server.deliver("signed", "s", b"{}").status, 200);
    folder.run(&["runs", "wait", "done#1"]).ended_with(1);
}

/// Returns all that commands tell of a store.
fn all(folder: &Folder) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut tell = |arguments: &[&str]| {
        let told = folder.run(arguments).ended_with(0).stdout;
        all.push((arguments.join(" "), told.clone()));
        told
    };
    let ids = |list: String| -> Vec<String> {
        let list: Value = serde_json::from_str(&list).expect("a list");
        list.as_array().expect("a list").iter().map(|it| it["id"].as_str().expect("an id").to_owned()).collect()
    };
    for delivery in ids(tell(&["deliveries", "--limit", "100", "--format", "json"])) {
        tell(&["deliveries", "show", &delivery, "--format", "json"]);
    }
    for run in ids(tell(&["runs", "--limit", "100", "--format", "json"])) {
        tell(&["runs", "show", &run, "--format", "json"]);
        tell(&["runs", "show", &run, "--expanded"]);
        tell(&["runs", "logs", &run]);
    }
    tell(&["connections", "--format", "json"]);
    tell(&["environments", "--format", "json"]);
    tell(&["pause", "--format", "json"]);
    all
}

/// Names the database for every command after this one.
fn move_to(folder: &Folder, address: &str) {
    folder.set("PIPEHOOK_DATABASE", address);
}

#[track_caller]
fn assert_goes_on(folder: &Folder, before: Vec<(String, String)>) {
    for (before, after) in before.into_iter().zip(all(folder)) {
        assert_eq!(after, before);
    }
    folder.run(&["store", "check"]).ended_with(0);
    let server = folder.serve(&[]);
    assert_eq!(post(&server, "open", "a", r#"{"kind":"done"}"#)["outcome"], "repeat");
    folder.run(&["resume", "later"]).ended_with(0);
    for run in ["later#1", "later#2"] {
        folder.run(&["runs", "wait", run]).ended_with(0);
        let log = folder.run(&["runs", "logs", run]).ended_with(0).stdout;
        assert!(log.contains("tab\there \\ \"quoted\""), "{log}");
    }
    assert_eq!(post(&server, "open", "z", r#"{"kind":"done"}"#)["runs"][0]["number"], 2);
    folder.run(&["runs", "wait", "done#2"]).ended_with(1);
    assert!(folder.run(&["runs", "logs", "done#2"]).ended_with(0).stdout.contains("count 8\n"));
    // What is repeated in part takes what was moved.
    folder.run(&["rerun", "done#1", "--failed"]).ended_with(0);
    folder.run(&["runs", "wait", "done#3"]).ended_with(1);
    let shown = folder.run(&["runs", "show", "done#3", "--format", "json"]).ended_with(0).json();
    assert_eq!(shown["stages"][0]["jobs"][0]["result"], "succeeded", "{shown}");
    drop(server);
    folder.run(&["store", "check"]).ended_with(0);
}

#[test]
fn a_store_goes_on_in_a_database_as_it_was() {
    let Some(address) = database::schema() else { return };
    let folder = folder();
    let needs = folder.run(&["store", "migrate"]).ended_with(2);
    assert!(needs.stderr.contains("PIPEHOOK_DATABASE"), "{needs:?}");
    let nothing = folder.run(&["store", "migrate", "--database", &address]).ended_with(3);
    assert!(nothing.stderr.contains("nothing was served"), "{nothing:?}");
    fill(&folder);
    let server = folder.serve(&["--no-worker"]);
    let held = folder.run(&["store", "migrate", "--database", &address]).ended_with(3);
    assert!(held.stderr.contains(&format!("process {}", server.process())), "{held:?}");
    drop(server);
    let before = all(&folder);
    let moved = folder.run(&["store", "migrate", "--database", &address]).ended_with(0);
    assert!(moved.stdout.starts_with("moved: 7 deliveries, 1 refused, 3 runs, 4 jobs, "), "{moved:?}");
    assert!(moved.stderr.contains("step: "), "{moved:?}");
    for command in [&["serve"][..], &["runs"], &["rerun", "done#1"], &["pause", "done"], &["store", "backup", "b.db"]] {
        let refused = folder.run(command).ended_with(3);
        assert!(refused.stderr.contains("moved into a database") && refused.stderr.contains(".moved"), "{refused:?}");
    }
    move_to(&folder, &address);
    assert_goes_on(&folder, before);
}

#[test]
fn files_go_where_machines_share_them() {
    let Some(address) = database::schema() else { return };
    let folder = folder();
    fill(&folder);
    let before = all(&folder);
    let configured = std::fs::read_to_string(folder.path().join("pipehook.yml")).expect("a configuration");
    let shared = folder.path().join("shared");
    folder.write("pipehook.yml", &format!("{configured}files: file://{}\n", shared.display()));
    move_to(&folder, &address);
    folder.run(&["store", "migrate"]).ended_with(0);
    assert!(shared.join("artifacts").is_dir() && shared.join("logs").is_dir());
    assert_goes_on(&folder, before);
}

#[test]
fn a_store_is_moved_as_a_whole_or_not_at_all() {
    let Some(address) = database::schema() else { return };
    let Some(server) = database::shared() else { return };
    let schema = address.rsplit("%3D").next().expect("it names a schema").to_owned();
    let folder = folder();
    fill(&folder);
    drop(open_database(&address, LeaseClock::Database));
    let rows = || {
        server.sql(&format!(
            "SELECT (SELECT count(*) FROM {schema}.delivery) + (SELECT count(*) FROM {schema}.run)
                  + (SELECT count(*) FROM {schema}.file_piece)"
        ))
    };
    let trigger = |body: &str| {
        server.sql(&format!(
            "CREATE OR REPLACE FUNCTION {schema}.spoil() RETURNS trigger LANGUAGE plpgsql
             AS $$ BEGIN {body} RETURN NEW; END $$;
             CREATE OR REPLACE TRIGGER spoil BEFORE INSERT ON {schema}.step
             FOR EACH ROW EXECUTE FUNCTION {schema}.spoil()"
        ));
    };
    trigger("RAISE EXCEPTION 'no room';");
    let refused = folder.run(&["store", "migrate", "--database", &address]).ended_with(3);
    assert!(refused.stderr.contains("no room"), "{refused:?}");
    assert_eq!(rows(), "0");
    trigger("NEW.display_name = 'another';");
    let spoilt = folder.run(&["store", "migrate", "--database", &address]).ended_with(3);
    assert!(spoilt.stderr.contains("gives back another `step`"), "{spoilt:?}");
    assert_eq!(rows(), "0");
    server.sql(&format!("DROP TRIGGER spoil ON {schema}.step"));
    let before = all(&folder);
    folder.run(&["store", "migrate", "--database", &address]).ended_with(0);
    let again = folder.run(&["store", "migrate", "--database", &address]).ended_with(3);
    assert!(again.stderr.contains("was moved into a database"), "{again:?}");
    // The same folder, as if it had never been moved: the database has a store.
    std::fs::remove_file(folder.path().join("data/pipehook.db.moved")).expect("the mark is there");
    let occupied = folder.run(&["store", "migrate", "--database", &address]).ended_with(2);
    assert!(occupied.stderr.contains("has a store already"), "{occupied:?}");
    move_to(&folder, &address);
    assert_goes_on(&folder, before);
}

/// Kills a moving before its end: what it has noted is all that is known of it.
fn break_off(folder: &Folder, noted: &str) {
    std::fs::write(folder.path().join("data/pipehook.db.moved"), noted).expect("a mark");
    for command in [&["serve"][..], &["runs"], &["rerun", "done#1"]] {
        let refused = folder.run(command).ended_with(3);
        assert!(refused.stderr.contains("being moved") && refused.stderr.contains("store migrate"), "{refused:?}");
    }
}

#[test]
fn a_moving_that_broke_off_is_ended_by_the_next_one() {
    let (Some(address), Some(other)) = (database::schema(), database::schema()) else { return };
    let folder = folder();
    fill(&folder);
    let before = all(&folder);
    let mark = || std::fs::read_to_string(folder.path().join("data/pipehook.db.moved")).expect("the mark");
    folder.run(&["store", "migrate", "--database", &address]).ended_with(0);
    let noted = mark().replace("moved ", "moving ");
    break_off(&folder, &noted);
    let elsewhere = folder.run(&["store", "migrate", "--database", &other]).ended_with(2);
    assert!(elsewhere.stderr.contains("broke off") && elsewhere.stderr.contains(".moved"), "{elsewhere:?}");
    // After the commit: the database has everything.
    let ended = folder.run(&["store", "migrate", "--database", &address]).ended_with(0);
    assert!(ended.stdout.contains("has all of the store"), "{ended:?}");
    assert!(folder.run(&["serve"]).ended_with(3).stderr.contains("moved into a database"));
    // Of this moving nothing is in the other database: it begins anew there.
    let to = noted.lines().nth(1).expect("an address");
    let schema = |address: &str| address.rsplit("%3D").next().expect("it names a schema").to_owned();
    let to = to.replace(&schema(&address), &schema(&other));
    break_off(&folder, &format!("moving 0123\n{to}\n"));
    folder.run(&["store", "migrate", "--database", &other]).ended_with(0);
    move_to(&folder, &other);
    assert_goes_on(&folder, before);
}

#[test]
fn what_was_accepted_and_never_seen_since_is_moved_too() {
    let Some(address) = database::schema() else { return };
    let folder = folder();
    let mut server = folder.serve(&["--no-worker"]);
    let posted = post(&server, "open", "a", LATER_BODY);
    server.kill();
    folder.run(&["store", "migrate", "--database", &address]).ended_with(0);
    move_to(&folder, &address);
    let server = folder.serve(&[]);
    folder.run(&["runs", "wait", "later#1"]).ended_with(0);
    let runs = folder.run(&["runs", "--format", "json"]).ended_with(0).json();
    assert_eq!(runs[0]["id"], posted["runs"][0]["id"], "{runs}");
    drop(server);
}

#[test]
fn a_database_is_looked_at_and_its_own_programs_copy_it() {
    let (Some(server), Some(programs)) = (database::shared(), database::programs()) else { return };
    server.sql("CREATE DATABASE original");
    server.sql("CREATE DATABASE restored");
    let [original, restored] =
        ["original", "restored"].map(|name| server.address().replace("/postgres?", &format!("/{name}?")));
    let folder = folder();
    move_to(&folder, &original);
    fill(&folder);
    let before = all(&folder);
    let copy = folder.path().join("copy.dump").display().to_string();
    for (arguments, address) in [(["backup", &copy], &original), (["restore", &copy], &restored)] {
        let told = folder.run(&["store", arguments[0], arguments[1]]).ended_with(2).stderr;
        let line = told.lines().flat_map(|line| line.split(": ")).find(|part| part.starts_with("pg_"));
        let line = line.and_then(|line| line.split(", ").next()).expect("it names a program");
        let line = format!("{}/{}", programs.display(), line.replace("ADDRESS", &format!("'{address}'")));
        let done = folder.shell(&line);
        assert!(done.status.success(), "{line}: {done:?}");
    }
    move_to(&folder, &restored);
    assert_goes_on(&folder, before);
    let programs = programs.display();
    let id =
        folder.run(&["runs", "--format", "json"]).ended_with(0).json()[0]["id"].as_str().expect("a run").to_owned();
    let spoiled = "UPDATE counter SET value = 0 WHERE scope = 'run';
                   UPDATE job
                   SET lane = 'zzz', state = 'waiting', result = NULL, finished_at = NULL, started_at = NULL, started_step = false";
    let spoil = format!("{programs}/psql '{restored}' -v ON_ERROR_STOP=1 -c \"{spoiled}\"");
    assert!(folder.shell(&spoil).status.success());
    let wrong = folder.run(&["store", "check"]).ended_with(1).stdout;
    assert!(
        wrong.contains("number that the counter of its pipeline has not reached") && wrong.contains(&id),
        "{wrong}"
    );
    assert!(wrong.contains("queued under another connection or pipeline than its run's"), "{wrong}");
}
