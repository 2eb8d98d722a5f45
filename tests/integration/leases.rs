//! Who has lost the right to a job stops it, also where it can't know that or stands still, and touches
//! nothing of whoever has the right now. Real processes; two workers here are on one machine, each with a
//! data folder of its own.

use crate::cluster::folder;
use crate::database;
use crate::faults::Way;
use crate::support::{Folder, Server, Worker, until};
use rustix::process::Signal;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long anything may take that is waited for.
const WAIT_MAX: Duration = Duration::from_secs(120);

/// How long a worker may take to give a job up, which it does after 20 seconds, on a machine that is busy.
const LOSS_MAX: Duration = Duration::from_secs(60);
/// Many jobs of one worker.
const MANY: usize = 16;

/// A step that says that it began, and goes on for as long as nobody stops it. Its process has no mark in its
/// environment: nobody but its own shim finds it.
const ENDLESS: &str = "
- script: |
    echo $$ >> \"$EFFECTS\"
    exec env -i sleep 600
";

/// A step that says that it began, and goes on until it may end.
const PATIENT: &str = "
- script: |
    echo $$ >> \"$EFFECTS\"
    until [ -e \"$GO\" ]; do sleep 0.05; done
";

/// A server, a job that runs, and what its attempts have told.
struct Scene {
    receiver: Folder,
    effects: PathBuf,
    go: PathBuf,
}

impl Scene {
    /// Has a pipeline of one job with one step.
    fn of(receiver: Folder, step: &str, attempts: u32) -> Self {
        let at = |name: &str| receiver.path().join(name);
        let (effects, go) = (at("effects.txt"), at("go"));
        let text = format!(
            "resources: {{webhooks: [{{webhook: hook, connection: load}}]}}\n\
             variables: {{EFFECTS: '{}', GO: '{}'}}\n\
             jobs:\n- job: work\n  attempts: {attempts}\n  steps:{}",
            effects.display(),
            go.display(),
            step.replace('\n', "\n  "),
        );
        receiver.write("pipelines/load.yml", text.trim_end());
        Self { receiver, effects, go }
    }

    /// Returns the process of an attempt, counted from 1, once it has begun.
    fn attempt(&self, number: usize) -> Process {
        until("the attempt's start", WAIT_MAX, || {
            let told = std::fs::read_to_string(&self.effects).ok()?;
            told.ends_with('\n').then(|| told.lines().nth(number - 1)?.parse().ok().map(Process)).flatten()
        })
    }

    /// Lets steps end that wait for it.
    fn let_go(&self) {
        std::fs::write(&self.go, "").expect("a file");
    }
}

/// A process by its number.
struct Process(u32);

impl Process {
    fn await_end(&self) {
        let folder = format!("/proc/{}", self.0);
        until("the end of a lost attempt's process", WAIT_MAX, || (!Path::new(&folder).exists()).then_some(()));
    }
}

fn begin(server: &Server) -> String {
    server.deliver("load", "s", b"{}").json()["runs"][0]["id"].as_str().expect("a run").to_owned()
}

/// Returns a run when it has ended.
fn ended(server: &Server, run: &str) -> serde_json::Value {
    until("the run's end", WAIT_MAX, || {
        let shown = server.ask(&format!("/api/v1/runs/{run}")).json();
        (shown["state"] == "completed").then_some(shown)
    })
}

/// As if half a minute were over.
fn end_leases(address: &str) {
    let over = "UPDATE job SET lease_until = now() WHERE state = 'leased'";
    database::run_sql(&database::programs().expect("there is a database"), address, over).expect("it can be changed");
}

/// Waits until a worker has found that a lease is lost, and has put its folder in order.
fn await_loss(worker: &Folder) {
    await_losses(worker, 1);
}

/// As [`await_loss`], of several.
fn await_losses(worker: &Folder, count: usize) {
    until("the loss of the leases in the worker's log", LOSS_MAX, || {
        let log = std::fs::read_to_string(worker.path().join("stderr.txt")).ok()?;
        (log.matches("the lease is lost, the job's processes are killed").count() == count).then_some(())
    });
    let work = worker.path().join("data/work");
    until("the end of its folders", WAIT_MAX, || (std::fs::read_dir(&work).ok()?.count() == 0).then_some(()));
}

#[test]
fn a_worker_whose_database_refuses_it_at_once_gives_its_jobs_up() {
    let Some(address) = database::schema() else { return };
    let port = database::shared().expect("there is one").port();
    let way = Way::to(port);
    let worker = folder(&way.instead_of(&address, port));
    let scene = Scene::of(folder(&address), ENDLESS, 1);
    let server = scene.receiver.serve(&["--no-worker"]);
    let _worker = worker.work(&["--jobs", &MANY.to_string()]);
    (0..MANY).for_each(|_| drop(begin(&server)));
    // Each of them asks the database: nearly all are refused without one that tries.
    let processes: Vec<Process> = (1..=MANY).map(|number| scene.attempt(number)).collect();
    way.cut();
    // It is the worker that ends them, before its shims would.
    await_losses(&worker, MANY);
    processes.iter().for_each(Process::await_end);
}

#[test]
fn a_worker_that_stands_still_past_its_lease_has_its_processes_stopped_and_writes_nothing() {
    let Some(address) = database::schema() else { return };
    let (stalled, other) = (folder(&address), folder(&address));
    let scene = Scene::of(folder(&address), ENDLESS, 1);
    let server = scene.receiver.serve(&["--no-worker"]);
    let worker = stalled.work(&[]);
    let run = begin(&server);
    let process = scene.attempt(1);
    worker.signal(Signal::STOP);
    let (reader, asked) = (folder(&address), run.clone());
    let followed = std::thread::spawn(move || reader.run(&["runs", "logs", "--follow", &asked]));
    end_leases(&address);
    let _other = other.work(&[]);
    let before = ended(&server, &run);
    assert_eq!(before["result"], "failed", "{before}");
    assert!(before.to_string().contains("abandoned"), "{before}");
    // Nobody sees that it has ended before its log says why.
    let last = "Lines that it may have kept and not sent are not here: they come when it is started again.";
    let followed = followed.join().expect("it ends").ended_with(0);
    assert!(followed.stdout.trim_end().ends_with(last), "{followed:?}");
    let log = scene.receiver.run(&["runs", "logs", &run]).stdout;
    assert!(log.trim_end().ends_with(last) && log.matches(last).count() == 1, "{log}");
    for path in ["logs", "events", "events?html=true"] {
        let told = server.ask(&format!("/api/v1/runs/{run}/{path}")).body;
        assert_eq!(told.matches(last).count(), 1, "{path}: {told}");
    }
    assert_eq!(server.ask(&format!("/runs/{run}")).body.matches(last).count(), 1);
    process.await_end();
    worker.signal(Signal::CONT);
    await_loss(&stalled);
    assert_eq!(server.ask(&format!("/api/v1/runs/{run}")).json(), before, "who has lost the lease writes nothing");
}

#[test]
fn a_job_whose_worker_is_lost_ends_where_no_other_worker_is_left() {
    let Some(address) = database::schema() else { return };
    let killed = folder(&address);
    let scene = Scene::of(folder(&address), ENDLESS, 1);
    let server = scene.receiver.serve(&["--no-worker"]);
    let mut worker = killed.work(&[]);
    let run = begin(&server);
    scene.attempt(1);
    worker.kill();
    end_leases(&address);
    let shown = ended(&server, &run);
    assert!(shown.to_string().contains("abandoned"), "{shown}");
}

#[test]
fn a_worker_that_goes_on_leaves_the_next_attempt_of_a_lost_job_alone() {
    let Some(address) = database::schema() else { return };
    let (stalled, other) = (folder(&address), folder(&address));
    let scene = Scene::of(folder(&address), PATIENT, 2);
    let server = scene.receiver.serve(&["--no-worker"]);
    let worker = stalled.work(&[]);
    let run = begin(&server);
    let first = scene.attempt(1);
    worker.signal(Signal::STOP);
    let _other: Worker = next_attempt(&scene, &address, &other);
    worker.signal(Signal::CONT);
    await_loss(&stalled);
    first.await_end();
    scene.let_go();
    let shown = ended(&server, &run);
    assert_eq!(shown["result"], "succeeded", "{shown}");
    let text = other.run(&["runs", "show", &run]).ended_with(0).stdout;
    assert!(text.contains("succeeded, attempt 2"), "{text}");
}

#[test]
fn a_worker_that_starts_again_leaves_the_next_attempts_of_its_jobs_alone() {
    let Some(address) = database::schema() else { return };
    let (killed, other) = (folder(&address), folder(&address));
    let scene = Scene::of(folder(&address), PATIENT, 2);
    let server = scene.receiver.serve(&["--no-worker"]);
    let mut worker = killed.work(&[]);
    let run = begin(&server);
    let first = scene.attempt(1);
    worker.kill();
    first.await_end();
    let _other: Worker = next_attempt(&scene, &address, &other);
    // It puts its folder in order before it is ready.
    let _again = killed.work(&[]);
    let left = std::fs::read_dir(killed.path().join("data/work")).expect("the folder of jobs").count();
    assert_eq!(left, 0, "the folders of the first attempt are gone");
    scene.let_go();
    let shown = ended(&server, &run);
    assert_eq!(shown["result"], "succeeded", "{shown}");
}

/// Ends the lease of the first attempt, and starts the worker that takes the second.
fn next_attempt(scene: &Scene, address: &str, other: &Folder) -> Worker {
    end_leases(address);
    let worker = other.work(&[]);
    scene.attempt(2);
    worker
}

#[test]
fn a_server_on_a_copy_of_a_store_leaves_the_jobs_of_the_original_alone() {
    let configuration = "connections: {load: {secret: {value: s}}}\n";
    let (scene, copy) = (Scene::of(Folder::new(configuration), PATIENT, 2), Folder::new(configuration));
    let server = scene.receiver.serve(&[]);
    let run = begin(&server);
    scene.attempt(1);
    let file = copy.path().join("copy.db").display().to_string();
    scene.receiver.run(&["store", "backup", &file]).ended_with(0);
    copy.run(&["store", "restore", &file]).ended_with(0);
    // To it the job is one whose worker is gone.
    let of_copy = copy.serve(&["--no-worker"]);
    let begun_again = of_copy.ask(&format!("/api/v1/runs/{run}")).json();
    assert_eq!(begun_again["stages"][0]["jobs"][0]["state"], "queued", "{begun_again}");
    scene.let_go();
    let shown = ended(&server, &run);
    assert_eq!(shown["result"], "succeeded", "{shown}");
}
