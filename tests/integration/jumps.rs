//! A machine whose time of day is set while its server runs, and while none does.

use crate::power;
use crate::support::{Folder, Server, until};
use std::path::Path;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(60);

/// Sets the time of day of the server, so many seconds ahead of ours.
fn set(folder: &Folder, ahead: i64) {
    folder.write("ahead.new", &ahead.to_string());
    std::fs::rename(folder.path().join("ahead.new"), folder.path().join("ahead")).expect("a file");
}

/// Starts a server whose queue may be so old, on the clock that [`set`] sets.
fn serve(folder: &Folder, library: &Path, queue_age: &str) -> Server {
    folder.configure(&format!(
        "connections: {{open: {{auth: none}}, other: {{auth: none}}}}\nlimits: {{queue_age: {queue_age}}}\n"
    ));
    let ahead = folder.path().join("ahead");
    folder.serve_with(&[], &[("LD_PRELOAD", library.as_os_str()), ("CLOCK_AHEAD", ahead.as_os_str())])
}

fn post(server: &Server) -> u16 {
    server.request("POST", "/webhooks/open", &[], b"{}").status
}

#[test]
fn a_setting_of_the_clock_gives_no_run_an_older_artifact() {
    let folder = Folder::new("");
    let Some(library) = power::library(&folder, "clock/clock.c") else { return };
    folder.write(
        "pipelines/make.yml",
        "resources:
  webhooks: [{webhook: hook, connection: open}]
steps:
- bash: mkdir out && echo made by $(Build.BuildId) > out/file
- {publish: out, artifact: drop}
",
    );
    folder.write(
        "pipelines/take.yml",
        "resources:
  webhooks: [{webhook: hook, connection: other}]
  pipelines: [{pipeline: up, source: make}]
steps:
- {download: up, artifact: drop}
- bash: cat $(Pipeline.Workspace)/up/drop/file
",
    );
    let server = serve(&folder, &library, "1h");
    let run = |connection: &str, run: &str| {
        let answer = server.request("POST", &format!("/webhooks/{connection}"), &[], b"{}");
        assert_eq!(answer.status, 200, "{answer:?}");
        folder.run(&["runs", "wait", run]).ended_with(0);
        folder.run(&["runs", "logs", run]).ended_with(0).stdout
    };
    let takes = |number: usize, made: usize| {
        let log = run("other", &format!("take#{number}"));
        assert!(log.lines().any(|line| line == format!("made by {made}")), "{log}");
    };
    run("open", "make#1");
    set(&folder, -600);
    takes(1, 1);
    set(&folder, 86_400);
    run("open", "make#2");
    set(&folder, 0);
    takes(2, 2);
}

#[test]
fn a_setting_of_the_clock_refuses_no_delivery_and_lets_none_in() {
    let folder = Folder::new("");
    let Some(library) = power::library(&folder, "clock/clock.c") else { return };
    let webhook = "resources:\n  webhooks: [{webhook: hook, connection: open}]\n";
    folder.write("pipelines/hello.yml", &format!("{webhook}pool: nobody\nsteps:\n- bash: echo hello\n"));
    let queued = |server: &Server| server.ask("/api/v1/runs").json()[0]["queued_at"].as_str().map(str::to_owned);
    let server = serve(&folder, &library, "1h");
    assert_eq!(post(&server), 200);
    let before = queued(&server);
    set(&folder, 86_400);
    assert_eq!(post(&server), 200, "nothing has waited for a day");
    let after = queued(&server);
    assert!(before < after && before.map(|at| at[..10].to_owned()) != after.map(|at| at[..10].to_owned()), "it is set");
    drop(server);
    set(&folder, 2 * 86_400);
    let server = serve(&folder, &library, "1h");
    assert_eq!(post(&server), 200, "nor while no server ran");
    drop(server);
    set(&folder, -86_400);
    let server = serve(&folder, &library, "1s");
    until("a refusal, as old as what waits is", SOON, || (post(&server) == 503).then_some(()));
}
