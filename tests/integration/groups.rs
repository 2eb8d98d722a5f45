//! Groups over several receivers and workers of one database, as real processes: who goes on is decided for all
//! machines together.

use crate::cluster::folder;
use crate::database;
use crate::support::{Folder, Server, Worker, until};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(120);
/// How many runs come at once, to two receivers in turn.
const RUNS: usize = 6;

struct Cluster {
    receivers: Vec<(Folder, Server)>,
    _workers: Vec<(Folder, Worker)>,
}

impl Cluster {
    /// Two receivers, and two workers that have more places than there are runs.
    fn start(address: &str, policy: &str, steps: &str) -> Self {
        let text = format!(
            "resources: {{webhooks: [{{webhook: hook, connection: load}}]}}\nname: $(Rev:r)\n\
             concurrency: {{group: deploy, policy: {policy}}}\nsteps:\n- checkout: none\n{steps}"
        );
        let receivers: Vec<Folder> = (0..2).map(|_| folder(address)).collect();
        let here = receivers[0].path().display().to_string();
        let receivers = receivers.into_iter().map(|folder| {
            folder.write("pipelines/load.yml", &text.replace("FOLDER", &here));
            let server = folder.serve(&["--no-worker"]);
            (folder, server)
        });
        let receivers = receivers.collect();
        let workers = (0..2).map(|_| folder(address)).map(|folder| {
            let worker = folder.work(&["--jobs", "8"]);
            (folder, worker)
        });
        Self { receivers, _workers: workers.collect() }
    }

    fn post(&self, run: usize) {
        let answer = self.receivers[run % 2].1.deliver("load", "s", b"{}");
        assert_eq!((answer.status, &answer.json()["runs"][0]["number"]), (200, &(run + 1).into()), "{answer:?}");
    }

    fn effects(&self) -> String {
        std::fs::read_to_string(self.receivers[0].0.path().join("effects")).unwrap_or_default()
    }

    fn await_effect(&self, effect: &str) {
        until(effect, SOON, || self.effects().lines().any(|line| line == effect).then_some(()));
    }

    fn let_go(&self) {
        self.receivers[0].0.write("go", "");
    }

    /// Returns what the runs came to, by their numbers, once all have ended.
    fn results(&self) -> Vec<String> {
        until("the end of every run", SOON, || {
            let runs = self.receivers[1].0.run(&["runs", "--format", "json"]).ended_with(0).json();
            let mut runs = runs.as_array().expect("a list").clone();
            runs.sort_by_key(|run| run["number"].as_u64());
            runs.iter().map(|run| run["result"].as_str().map(str::to_owned)).collect()
        })
    }
}

/// Says that it begins, and that it ends once it may.
const PATIENT: &str = "\
- bash: |
    echo begin $(Build.BuildNumber) >> FOLDER/effects
    until [ -e FOLDER/go ]; do sleep 0.05; done
    sleep 0.1
    echo end $(Build.BuildNumber) >> FOLDER/effects
";

#[test]
fn who_queues_for_a_group_goes_one_after_the_other_over_all_machines() {
    let Some(address) = database::schema() else { return };
    let cluster = Cluster::start(&address, "queue", PATIENT);
    (0..RUNS).for_each(|run| cluster.post(run));
    cluster.await_effect("begin 1");
    cluster.let_go();
    assert_eq!(cluster.results(), ["succeeded"; RUNS]);
    let expected: String = (1..=RUNS).map(|run| format!("begin {run}\nend {run}\n")).collect();
    assert_eq!(cluster.effects(), expected, "in the order in which they came, and never two at once");
}

#[test]
fn only_the_latest_goes_on_after_the_one_that_has_the_group() {
    let Some(address) = database::schema() else { return };
    let cluster = Cluster::start(&address, "latest", PATIENT);
    cluster.post(0);
    cluster.await_effect("begin 1");
    (1..RUNS).for_each(|run| cluster.post(run));
    cluster.let_go();
    let results = cluster.results();
    assert_eq!((&*results[0], &*results[RUNS - 1]), ("succeeded", "succeeded"), "{results:?}");
    assert!(results[1..RUNS - 1].iter().all(|result| result == "canceled"), "{results:?}");
    assert_eq!(cluster.effects(), format!("begin 1\nend 1\nbegin {RUNS}\nend {RUNS}\n"));
}

#[test]
fn a_later_run_cancels_the_one_that_has_the_group_on_another_machine() {
    let Some(address) = database::schema() else { return };
    let cluster = Cluster::start(&address, "cancel-running", PATIENT);
    for run in 0..RUNS {
        cluster.post(run);
        cluster.await_effect(&format!("begin {}", run + 1));
    }
    cluster.let_go();
    let results = cluster.results();
    assert!(results[..RUNS - 1].iter().all(|result| result == "canceled"), "{results:?}");
    assert_eq!(results[RUNS - 1], "succeeded");
    let expected: String = (1..=RUNS).map(|run| format!("begin {run}\n")).collect();
    assert_eq!(
        cluster.effects(),
        format!("{expected}end {RUNS}\n"),
        "who was canceled has stopped before the next began"
    );
}

/// More than one transaction cancels.
const MANY: usize = 520;

#[test]
fn those_that_others_displace_are_canceled_also_where_there_is_no_worker() {
    let folder = Folder::new(
        "limits: {queue: 1000000, requests_per_second: 1000000}\nconnections: {load: {secret: {value: s}}, last: {secret: {value: s}}}\n",
    );
    for (name, policy) in [("load", "queue"), ("last", "latest")] {
        let text = format!(
            "resources: {{webhooks: [{{webhook: hook, connection: {name}}}]}}\n\
             concurrency: {{group: deploy, policy: {policy}}}\nsteps:\n- script: 'true'\n"
        );
        folder.write(&format!("pipelines/{name}.yml"), &text);
    }
    let server = folder.serve(&["--no-worker"]);
    let post = |connection: &str| assert_eq!(server.deliver(connection, "s", b"{}").status, 200);
    (0..MANY).for_each(|_| post("load"));
    let queued = || {
        let runs = folder.run(&["runs", "--limit", "10000", "--format", "json"]).ended_with(0).json();
        Some(runs.as_array()?.iter().filter(|run| run["state"] == "queued").count())
    };
    assert_eq!(queued(), Some(MANY));
    post("last");
    assert_eq!(queued(), Some(MANY + 1), "they are canceled by what follows");
    until("the end of those that were displaced", SOON, || (queued()? == 2).then_some(()));
}
