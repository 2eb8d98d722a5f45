//! Attacks on the queue and the machine behind it: each with a server of its own, which lives on, answers
//! the next sender, and has lost no run.

use super::End;
use crate::support::{Folder, Server, until};
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// How long anything may take on a machine that is busy.
const FACT_MAX: Duration = Duration::from_secs(120);
/// How many bytes a step leaves: more than [`LITTLE_ROOM`].
const LARGE: u64 = 16 << 20;
/// How large a file may become where there is little room: the store goes on.
const LITTLE_ROOM: u64 = 4 << 20;

pub fn end(case: &Value) -> End {
    let checked = match case["id"].as_str().expect("an id") {
        "QU-002" => full_queue(),
        "QU-004" => artifact_without_room(),
        "QU-005" => workspace_without_room(),
        "QU-006" => endless_forks(),
        "QU-010" => killed_parent(),
        _ => return End::NotRun("nobody knows how to make it".to_owned()),
    };
    checked.unwrap_or_else(End::Fault)
}

/// A folder whose pipeline has these steps, `@` being the folder itself.
fn folder(configuration: &str, steps: &str) -> Folder {
    let folder = Folder::new(&format!("{configuration}connections: {{open: {{auth: none}}}}\n"));
    let steps = steps.replace('@', &folder.path().display().to_string());
    folder
        .write("pipelines/p.yml", &format!("resources: {{webhooks: [{{webhook: hook, connection: open}}]}}\n{steps}"));
    folder
}

/// Posts a delivery and returns the run that it starts.
fn accepted(server: &Server) -> Result<String, String> {
    let answer = server.request("POST", "/webhooks/open", &[], b"{}");
    match answer.json()["runs"][0]["id"].as_str() {
        Some(run) if answer.status == 200 => Ok(run.to_owned()),
        _ => Err(format!("a delivery is answered {answer:?}")),
    }
}

/// Waits for the end of a run and returns its result.
fn result(server: &Server, run: &str) -> String {
    until("the end of a run", FACT_MAX, || {
        let shown = server.ask(&format!("/api/v1/runs/{run}")).json();
        (shown["state"] == "completed").then(|| shown["result"].as_str().unwrap_or_default().to_owned())
    })
}

fn expect(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}

/// Sets how large the files of the server may become, and returns what it was.
fn room(server: &Server, current: Option<u64>) -> Option<u64> {
    let process = Pid::from_raw(i32::try_from(server.process()).expect("a process number"));
    let limits = Rlimit { current, maximum: getrlimit(Resource::Fsize).maximum };
    prlimit(process, Resource::Fsize, limits).expect("the limits of a child can be set").current
}

/// Returns how many processes have the folder in the variable `MARK`.
fn marked(folder: &Path) -> usize {
    let mark = format!("MARK={}", folder.display());
    let processes = std::fs::read_dir("/proc").expect("a list of processes").flatten();
    let environments = processes.filter_map(|process| std::fs::read(process.path().join("environ")).ok());
    environments.filter(|bytes| bytes.split(|byte| *byte == 0).any(|one| one == mark.as_bytes())).count()
}

fn full_queue() -> Result<End, String> {
    let folder = folder("limits: {queue: 1}\n", "steps: [{bash: echo}]\n");
    let server = folder.serve(&["--no-worker"]);
    let run = accepted(&server)?;
    let full = server.request("POST", "/webhooks/open", &[], b"{}");
    expect(full.status == 503 && full.header("retry-after").is_some(), || format!("it is answered {full:?}"))?;
    drop(server);
    let server = folder.serve(&[]);
    let result = result(&server, &run);
    let kept = server.ask("/api/v1/deliveries").json().as_array().map_or(0, Vec::len);
    expect(result == "succeeded" && kept == 1, || format!("{kept} deliveries are kept, the run has {result}"))?;
    Ok(End::Passed)
}

/// A step that leaves a large file waits for the disk to be full; another one publishes the file.
fn artifact_without_room() -> Result<End, String> {
    let folder = folder(
        "",
        &format!(
            "steps:\n- bash: head -c {LARGE} /dev/zero > large; touch '@/made'; until [ -e '@/go' ]; do sleep 0.1; done\n\
             - publish: $(System.DefaultWorkingDirectory)/large\n  artifact: large\n"
        ),
    );
    let server = folder.serve(&[]);
    let run = accepted(&server)?;
    until("the large file", FACT_MAX, || folder.path().join("made").exists().then_some(()));
    let before = room(&server, Some(LITTLE_ROOM));
    folder.write("go", "");
    let failed = result(&server, &run);
    let meanwhile = server.request("POST", "/webhooks/open", &[], b"{}");
    room(&server, before);
    expect(failed == "failed", || format!("the run has {failed}"))?;
    expect([200, 503].contains(&meanwhile.status), || format!("meanwhile it is answered {meanwhile:?}"))?;
    let later = accepted(&server)?;
    expect(result(&server, &later) == "succeeded", || "with room again a run fails".to_owned())?;
    Ok(End::Passed)
}

/// Nothing at all can be written when a job with a large file in its folder ends.
fn workspace_without_room() -> Result<End, String> {
    let folder = folder(
        "",
        &format!(
            "steps:\n- bash: head -c {LARGE} /dev/zero > large; touch '@/made'; until [ -e '@/go' ]; do sleep 0.1; done\n"
        ),
    );
    let server = folder.serve(&[]);
    let run = accepted(&server)?;
    until("the large file", FACT_MAX, || folder.path().join("made").exists().then_some(()));
    let before = room(&server, Some(0));
    folder.write("go", "");
    let work = folder.path().join("data/work");
    until("the folders of the run are gone although the disk is full", FACT_MAX, || {
        (std::fs::read_dir(&work).map_or(0, Iterator::count) == 0).then_some(())
    });
    room(&server, before);
    let result = result(&server, &run);
    until("room again", FACT_MAX, || accepted(&server).ok());
    expect(["succeeded", "failed"].contains(&result.as_str()), || format!("the run has {result}"))?;
    Ok(End::Passed)
}

/// How many processes a step has that wait, and how many that begin another one and end, without end.
const FORKS: (usize, usize) = (100, 8);

fn endless_forks() -> Result<End, String> {
    let (waiting, endless) = FORKS;
    let folder = folder(
        "",
        &format!(
            "steps:\n- bash: |\n    for i in $(seq {waiting}); do setsid sleep 1000 & done\n    \
             again() {{ again & }}\n    for i in $(seq {endless}); do again; done\n    touch '@/made'\n    \
             sleep 1000\n  env: {{MARK: '@'}}\n"
        ),
    );
    let server = folder.serve(&[]);
    let run = accepted(&server)?;
    until("the forks", FACT_MAX, || {
        (folder.path().join("made").exists() && marked(folder.path()) > waiting).then_some(())
    });
    let meanwhile = accepted(&server)?;
    for run in [&meanwhile, &run] {
        folder.run(&["runs", "cancel", run]);
        let result = result(&server, run);
        expect(result == "canceled", || format!("a run has {result}"))?;
    }
    expect(marked(folder.path()) == 0, || format!("{} processes live on", marked(folder.path())))?;
    Ok(End::Otherwise(
        "no limit of ours on processes: that is the machine's. All that were begun end with the step".into(),
    ))
}

fn killed_parent() -> Result<End, String> {
    let folder = folder("", "steps:\n- bash: setsid sleep 1000 & kill -9 $PPID; exec sleep 1000\n  env: {MARK: '@'}\n");
    let server = folder.serve(&[]);
    let run = accepted(&server)?;
    let result = result(&server, &run);
    expect(result == "failed", || format!("the run has {result}"))?;
    expect(marked(folder.path()) == 0, || format!("{} processes live on", marked(folder.path())))?;
    accepted(&server).map(|_| End::Passed)
}
