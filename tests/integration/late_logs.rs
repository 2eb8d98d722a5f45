//! Logs on their way to where several machines read them: what a job comes to does not depend on their way, and they
//! arrive, whoever is away or killed meanwhile.

use crate::database;
use crate::support::{Folder, Server, until};
use std::path::{Path, PathBuf};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(90);

/// Says a word, and another one once it may.
const PATIENT: &str = "\
resources: {webhooks: [{webhook: hook, connection: open}]}
steps:
- checkout: none
- bash: echo one; touch 'FOLDER/said'; until [ -e 'FOLDER/go' ]; do sleep 0.05; done; echo two
- bash: echo three
";

struct Scene {
    folder: Folder,
    share: PathBuf,
}

impl Scene {
    /// A folder whose logs go to another one, that can be away.
    fn new() -> Self {
        let folder = Folder::new("");
        let share = folder.path().join("share");
        folder.configure(&format!("files: file://{}\nconnections: {{open: {{auth: none}}}}\n", share.display()));
        std::fs::create_dir(&share).expect("a folder");
        folder.write("pipelines/p.yml", &PATIENT.replace("FOLDER", &folder.path().display().to_string()));
        Self { folder, share }
    }

    /// Puts the shared folder away, and a file in its place.
    fn take_away(&self) {
        std::fs::rename(&self.share, self.folder.path().join("away")).expect("it is there");
        std::fs::write(&self.share, "no folder").expect("a file");
    }

    fn bring_back(&self) {
        std::fs::remove_file(&self.share).expect("it is there");
        std::fs::rename(self.folder.path().join("away"), &self.share).expect("it is there");
    }

    fn post(&self, server: &Server) {
        assert_eq!(server.request("POST", "/webhooks/open", &[], b"{}").status, 200);
    }

    fn await_file(&self, name: &str) {
        until(name, SOON, || self.folder.path().join(name).exists().then_some(()));
    }

    fn shown(&self, run: &str) -> serde_json::Value {
        self.folder.run(&["runs", "show", run, "--format", "json"]).ended_with(0).json()
    }

    fn ended(&self, run: &str) -> serde_json::Value {
        until("the run's end", SOON, || Some(self.shown(run)).filter(|shown| shown["state"] == "completed"))
    }

    fn printed(&self, run: &str) -> (String, String) {
        let output = self.folder.run(&["runs", "logs", run]).ended_with(0);
        (output.stdout, output.stderr)
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("stderr.txt")).expect("the server's log")
    }

    fn await_arrival(&self) {
        let unsent = self.folder.path().join("data/unsent");
        until("that nothing is left here", SOON, || files(&unsent).is_empty().then_some(()));
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn has_lines(log: &str, wanted: &[&str]) -> bool {
    let mut lines = log.lines();
    wanted.iter().all(|wanted| lines.any(|line| line.ends_with(wanted)))
}

const AWAY: &str = "what `files` names can't be used";

#[test]
fn a_job_whose_log_can_not_be_sent_succeeds_all_the_same_and_its_log_arrives_later() {
    let scene = Scene::new();
    let server = scene.folder.serve(&[]);
    scene.take_away();
    scene.folder.write("go", "");
    for run in ["p#1", "p#2"] {
        scene.post(&server);
        assert_eq!(scene.ended(run)["result"], "succeeded");
        let shown = scene.folder.run(&["runs", "show", run]).ended_with(0).stdout;
        assert!(shown.contains("the log could not be sent when the job ended: it is sent from "), "{shown}");
        let (log, told) = scene.printed(run);
        assert!(has_lines(&log, &["one", "two", "three"]) && told.is_empty(), "it is read where it is: {log}\n{told}");
    }
    assert_eq!(scene.said().matches(AWAY).count(), 1, "it is told once:\n{}", scene.said());
    // One who reads the same configuration elsewhere has the store, and not the log.
    let data = scene.folder.path().join("data");
    std::fs::rename(data.join("unsent"), data.join("elsewhere")).expect("it is there");
    scene.bring_back();
    let (log, told) = scene.printed("p#1");
    assert!(log.is_empty() && told.contains("what `__default` has printed is not all here: "), "{log}\n{told}");
    assert!(!told.contains("gone because of its age"), "it is on its way: {told}");
    // Where logs are not kept as long as that, it has come and gone.
    let kept = format!("files: file://{}\nretention: {{logs: {{age: 1s}}}}\n", scene.share.display());
    scene.folder.write("other.yml", &kept);
    let told = until("the age", SOON, || {
        let told = scene.folder.run(&["runs", "logs", "p#1", "--config", "other.yml"]).ended_with(0).stderr;
        told.contains("because of its age").then_some(told)
    });
    assert!(!told.contains("not all here"), "{told}");
    std::fs::rename(data.join("elsewhere"), data.join("unsent")).expect("it is there");
    scene.await_arrival();
    for run in ["p#1", "p#2"] {
        let (log, told) = scene.printed(run);
        assert!(has_lines(&log, &["one", "two", "three", "and was sent later."]), "{log}");
        assert_eq!((log.matches("two\n").count(), told.as_str()), (1, ""), "{log}");
    }
    until("that it is told", SOON, || scene.said().contains("what `files` names can be used again").then_some(()));
}

#[test]
fn what_an_earlier_server_has_left_is_sent_by_one_that_has_no_worker() {
    let scene = Scene::new();
    let server = scene.folder.serve(&[]);
    scene.take_away();
    scene.folder.write("go", "");
    scene.post(&server);
    assert_eq!(scene.ended("p#1")["result"], "succeeded");
    drop(server);
    scene.bring_back();
    assert!(!files(&scene.folder.path().join("data/unsent")).is_empty(), "its log is here");
    let _server = scene.folder.serve(&["--no-worker"]);
    scene.await_arrival();
    let (log, told) = scene.printed("p#1");
    assert!(has_lines(&log, &["one", "two", "three", "and was sent later."]) && told.is_empty(), "{log}\n{told}");
}

#[test]
fn what_was_printed_before_a_server_was_killed_arrives_after_its_next_start() {
    let scene = Scene::new();
    let mut server = scene.folder.serve(&[]);
    scene.take_away();
    scene.post(&server);
    scene.await_file("said");
    // What a step has just printed is in the log after a moment.
    until("its line", SOON, || has_lines(&scene.printed("p#1").0, &["one"]).then_some(()));
    server.kill();
    // It begins without its files, and has them later.
    let _server = scene.folder.serve(&[]);
    assert_eq!(scene.ended("p#1")["result"], "failed");
    let expected = ["one", ENDS];
    assert!(has_lines(&scene.printed("p#1").0, &expected), "{:?}", scene.printed("p#1"));
    scene.bring_back();
    scene.await_arrival();
    let (log, _) = scene.printed("p#1");
    assert!(has_lines(&log, &expected) && log.matches("one\n").count() == 1, "{log}");
}

const ENDS: &str = "the job is abandoned, and its log ends here.";
const LACKS: &str = "Lines that it may have kept and not sent are not here: they come when it is started again.";

/// The worker has lines, or a part of them, and nobody else has: whoever shows the log says so, until it was there again.
#[test]
fn a_log_of_which_a_lost_worker_has_lines_does_not_end_as_if_it_were_whole() {
    for was_sent in [false, true] {
        let scene = Scene::new();
        let mut server = scene.folder.serve(&[]);
        if !was_sent {
            scene.take_away();
        }
        scene.post(&server);
        scene.await_file("said");
        until("its line", SOON, || has_lines(&scene.printed("p#1").0, &["one"]).then_some(()));
        if was_sent {
            until("its way", SOON, || {
                // One that is being written has another name.
                let is_whole = |log: &&PathBuf| !log.to_string_lossy().contains('#');
                let has_it = |log: &PathBuf| std::fs::read_to_string(log).is_ok_and(|log| has_lines(&log, &["one"]));
                files(&scene.share.join("logs")).iter().filter(is_whole).any(has_it).then_some(())
            });
            // What is about to be noted of it is noted by then.
            std::thread::sleep(Duration::from_secs(1));
            scene.take_away();
        }
        server.kill();
        // The next one has another disk.
        let data = scene.folder.path().join("data");
        std::fs::rename(data.join("unsent"), data.join("elsewhere")).expect("it is there");
        scene.bring_back();
        let server = scene.folder.serve(&[]);
        let id = scene.ended("p#1")["id"].as_str().expect("an id").to_owned();
        let (log, told) = scene.printed("p#1");
        assert!(log.trim_end().ends_with(LACKS) && !log.contains(ENDS), "{log}");
        assert_eq!(has_lines(&log, &["one"]), was_sent, "{log}");
        assert_eq!(told.contains("a worker that was lost has it and has not sent it"), !was_sent, "{told}");
        let json = scene.folder.run(&["runs", "logs", "p#1", "--format", "json"]).ended_with(0).stdout;
        let paths = ["/api/v1/runs/ID/logs", "/api/v1/runs/ID/events", "/api/v1/runs/ID/events?html=true", "/runs/ID"];
        let shown = paths.map(|path| (path, server.ask(&path.replace("ID", &id)).body));
        for (path, shown) in shown.into_iter().chain([("json", json)]) {
            assert!(shown.matches(LACKS).count() == 1 && !shown.contains(ENDS), "{path}: {shown}");
        }
        std::fs::remove_dir(data.join("unsent")).ok();
        std::fs::rename(data.join("elsewhere"), data.join("unsent")).expect("it is there");
        scene.await_arrival();
        let (log, told) = scene.printed("p#1");
        assert!(log.trim_end().ends_with(ENDS) && !log.contains(LACKS) && told.is_empty(), "{log}\n{told}");
        assert!(
            has_lines(&log, &["one"]) && log.matches("one\n").count() == 1 && log.matches(ENDS).count() == 1,
            "{log}"
        );
    }
}

/// One abandoned job says nothing about the logs of others.
#[test]
fn that_no_log_is_there_is_told_of_runs_with_an_abandoned_job_too() {
    let scene = Scene::new();
    let here = scene.folder.path().display().to_string();
    let jobs = format!(
        "resources: {{webhooks: [{{webhook: hook, connection: open}}]}}\njobs:\n- job: first\n  steps:\n  - checkout: none\n  \
         - bash: echo one\n- job: second\n  dependsOn: first\n  steps:\n  - checkout: none\n  \
         - bash: touch '{here}/said'; sleep 1000\n"
    );
    scene.folder.write("pipelines/p.yml", &jobs);
    let mut server = scene.folder.serve(&[]);
    scene.post(&server);
    scene.await_file("said");
    server.kill();
    let _server = scene.folder.serve(&[]);
    assert_eq!(scene.ended("p#1")["result"], "failed");
    scene.await_arrival();
    let (log, told) = scene.printed("p#1");
    assert!(has_lines(&log, &["one", ENDS]) && told.is_empty(), "{log}\n{told}");
    std::fs::rename(scene.share.join("logs"), scene.folder.path().join("gone")).expect("it is there");
    let (log, told) = scene.printed("p#1");
    assert!(!log.contains("one\n") && told.contains("or is gone because of its age"), "{log}\n{told}");
}

#[test]
fn an_artifact_that_can_not_be_kept_fails_its_step_with_a_reason() {
    let scene = Scene::new();
    let steps = "- bash: mkdir out && echo x > out/f\n- publish: out\n  artifact: drop\n";
    let text = format!("{}- checkout: none\n{steps}", PATIENT.split("- checkout").next().expect("a beginning"));
    scene.folder.write("pipelines/p.yml", &text);
    let server = scene.folder.serve(&[]);
    scene.take_away();
    scene.post(&server);
    assert_eq!(scene.ended("p#1")["result"], "failed");
    let (log, _) = scene.printed("p#1");
    assert!(log.contains("##[error]") && log.contains("the object store can't be used"), "{log}");
}

#[test]
fn nothing_of_a_log_and_of_an_artifact_is_lost_when_the_database_crashes() {
    const LINES: usize = 60;
    const FILES: usize = 60;
    let Some(database) = database::Server::start() else { return };
    let folder = crate::cluster::folder(&database.schema());
    let here = folder.path().display().to_string();
    let jobs = format!(
        "resources: {{webhooks: [{{webhook: hook, connection: load}}]}}\njobs:\n- job: make\n  steps:\n  - checkout: none\n  \
         - bash: |\n      mkdir out; for at in $(seq {FILES}); do head -c 50000 /dev/urandom > out/f$at; done\n      \
         (cd out; sha256sum f*) > {here}/sums; touch {here}/made-$(Build.BuildNumber)\n  - publish: out\n    artifact: drop\n  \
         - bash: |\n      touch {here}/said-$(Build.BuildNumber)\n      \
         for at in $(seq {LINES}); do echo \"line $at.\"; sleep 0.05; done\n- job: take\n  dependsOn: make\n  steps:\n  \
         - checkout: none\n  - download: current\n    artifact: drop\n  \
         - bash: cd \"$(Pipeline.Workspace)/drop\"; ls | wc -l; sha256sum -c --quiet {here}/sums && echo all the same\n"
    );
    folder.write("pipelines/load.yml", &format!("name: $(Rev:r)\n{jobs}"));
    let server = folder.serve(&[]);
    for run in 1..=2 {
        assert_eq!(server.deliver("load", "s", b"{}").status, 200);
        for blow in ["made", "said"] {
            let file = folder.path().join(format!("{blow}-{run}"));
            until(blow, SOON, || file.exists().then_some(()));
            // Somewhere in the midst of what is written then.
            std::thread::sleep(Duration::from_millis(100 * run));
            database.restart("immediate");
        }
        let name = format!("load#{run}");
        let shown = until("the run's end", SOON, || {
            let shown = folder.run(&["runs", "show", &name, "--format", "json"]).json();
            (shown["state"] == "completed").then_some(shown)
        });
        let log = folder.run(&["runs", "logs", &name]).ended_with(0).stdout;
        assert_eq!(shown["result"], "succeeded", "{log}\n{shown}");
        for line in 1..=LINES {
            assert_eq!(log.matches(&format!("line {line}.\n")).count(), 1, "line {line} of\n{log}");
        }
        assert!(has_lines(&log, &[&FILES.to_string(), "all the same"]), "{log}");
    }
    folder.run(&["store", "check"]).ended_with(0);
}
