//! Containers whose worker was killed or stood still are gone when it is there again. The program in place of
//! Docker remembers what there is.

use crate::cluster;
use crate::database;
use crate::support::{Folder, Server, until};
use rustix::process::Signal;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

/// How long anything may take that is waited for.
const WAIT_MAX: Duration = Duration::from_secs(90);

/// Keeps a file for each container and network. With a file `down` it does not answer.
const DOCKER: &str = r#"
there="$HOME/there"; mkdir -p "$there"
[ ! -e "$HOME/down" ] || [ "$1" = exec ] || exit 1
case "$1 $2" in
  "network create") touch "$there/$3" ;;
  "network rm") rm "$there/$3" ;;
  "create --name") touch "$there/$3" ;;
  "rm --force") shift 3; rm "${@/#/$there/}" ;;
  "ps --all") ls "$there" | grep "${5#name=}" || true ;;
  inspect*) case "$3" in *Config.Env*) echo PATH=/usr/bin:/bin ;; *) echo running ;; esac ;;
  exec*)
    while [ "${1#pipehook_}" = "$1" ]; do case "$1" in --workdir) cd "$2" ;; --env) [ "$2" = "${2#*=}" ] || export "$2" ;; esac; shift; done
    shift; exec "$@" ;;
esac
"#;

const PIPELINE: &str = "
resources:
  webhooks: [{webhook: hook, connection: load}]
container: box
services: {db: postgres, cache: redis}
steps:
- script: echo ready > \"$HOME/ready\"; exec sleep 600
  env: {HOME: HOME_HERE}
";

/// Gives a folder the program and the pipeline, and returns the path of programs there.
fn prepare(folder: &Folder) -> String {
    let programs = folder.path().join("bin");
    folder.write("bin/docker", &format!("#!/bin/bash\n{DOCKER}"));
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(programs.join("docker"), executable).expect("a mode");
    folder.write("pipelines/load.yml", &PIPELINE.replace("HOME_HERE", &folder.path().display().to_string()));
    format!("{}:{}", programs.display(), std::env::var("PATH").expect("a path"))
}

fn serve(folder: &Folder, path: &str) -> Server {
    folder.serve_with(&[], &[("PATH", OsStr::new(path))])
}

/// Returns what there is in the engine.
fn there(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder.join("there")).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

fn await_step(folder: &Folder) {
    until("the step in its container", WAIT_MAX, || folder.path().join("ready").exists().then_some(()));
    assert_eq!(there(folder.path()).len(), 4, "a container for the job, two services and a network");
}

#[test]
fn the_containers_of_a_server_that_was_killed_are_gone_when_it_is_ready_again() {
    let folder = Folder::new("connections: {load: {secret: {value: s}}}\n");
    let path = prepare(&folder);
    let mut server = serve(&folder, &path);
    assert_eq!(server.deliver("load", "s", b"{}").status, 200);
    await_step(&folder);
    server.kill();
    assert_eq!(there(folder.path()).len(), 4);
    // An engine that does not answer keeps nobody from starting, and they are not forgotten for that.
    folder.write("down", "");
    let mut server = serve(&folder, &path);
    server.kill();
    assert_eq!(there(folder.path()).len(), 4);
    std::fs::remove_file(folder.path().join("down")).expect("a file");
    let _server = serve(&folder, &path);
    assert_eq!(there(folder.path()), BTreeSet::new());
    let work = std::fs::read_dir(folder.path().join("data/work")).expect("the folder of jobs");
    assert_eq!(work.count(), 0, "its folders are gone too");
}

#[test]
fn the_containers_of_a_worker_that_stood_still_past_its_lease_are_gone_when_it_goes_on() {
    let Some(address) = database::schema() else { return };
    let (receiver, stalled) = (cluster::folder(&address), cluster::folder(&address));
    let path = prepare(&stalled);
    std::fs::copy(stalled.path().join("pipelines/load.yml"), receiver.path().join("pipelines/load.yml"))
        .expect("a copy");
    let server = receiver.serve_with(&["--no-worker"], &[("PATH", OsStr::new(&path))]);
    stalled.set("PATH", &path);
    let worker = stalled.work(&[]);
    assert_eq!(server.deliver("load", "s", b"{}").status, 200);
    await_step(&stalled);
    worker.signal(Signal::STOP);
    let over = "UPDATE job SET lease_until = now() WHERE state = 'leased'";
    database::run_sql(&database::programs().expect("there is a database"), &address, over).expect("it can be changed");
    worker.signal(Signal::CONT);
    until("the end of the containers", WAIT_MAX, || there(stalled.path()).is_empty().then_some(()));
}

#[test]
fn the_containers_of_a_killed_run_in_the_foreground_are_removed_by_the_next_run_or_server() {
    let folder = Folder::new("");
    let path = prepare(&folder);
    folder.set("PATH", &path).set("TMPDIR", &folder.path().display().to_string());
    folder.write("quick.yml", "steps: [{bash: 'true'}]\n");
    let next: [&dyn Fn(); 2] = [&|| drop(folder.run(&["run", "quick.yml"]).ended_with(0)), &|| drop(folder.serve(&[]))];
    for next in next {
        let mut killed = folder.command(&["run", "pipelines/load.yml"]).spawn().expect("it starts");
        await_step(&folder);
        // Beside one that is at work nobody takes anything away.
        folder.run(&["run", "quick.yml"]).ended_with(0);
        assert_eq!(there(folder.path()).len(), 4);
        killed.kill().expect("it is killed");
        killed.wait().expect("it ends");
        folder.write("down", "");
        folder.run(&["run", "quick.yml"]).ended_with(0);
        assert_eq!(there(folder.path()).len(), 4, "an engine that does not answer is asked again");
        std::fs::remove_file(folder.path().join("down")).expect("a file");
        next();
        assert_eq!(there(folder.path()), BTreeSet::new());
        std::fs::remove_file(folder.path().join("ready")).expect("a file");
    }
}
