//! What a crash of the database can take back of the files in it: of an artifact nothing, and what it takes of a log
//! is sent again. A test that crashes a database at the right moment would find that moment now and then: here the
//! pieces are taken away by hand.

use crate::support::{Folder, Server, until};
use crate::{cluster, database};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(60);

const WEBHOOK: &str = "
resources:
  webhooks: [{webhook: hook, connection: load}]
";

fn serve(folder: &Folder, pipeline: &str) -> Server {
    folder.write("pipelines/load.yml", &format!("{WEBHOOK}{pipeline}"));
    let server = folder.serve(&[]);
    assert_eq!(server.deliver("load", "s", b"{}").status, 200);
    server
}

fn sql(address: &str, statement: &str) -> String {
    database::run_sql(&database::programs().expect("there is a database"), address, statement).expect("it is done")
}

fn await_file(folder: &Folder, name: &str) {
    until(name, SOON, || folder.path().join(name).exists().then_some(()));
}

fn await_end(folder: &Folder) -> serde_json::Value {
    until("the run's end", SOON, || {
        let shown = folder.run(&["runs", "show", "load#1", "--format", "json"]).ended_with(0).json();
        (shown["state"] == "completed").then_some(shown)
    })
}

#[test]
fn what_is_lost_of_a_log_while_its_job_runs_is_sent_again_at_the_end() {
    let Some(address) = database::schema() else { return };
    let folder = cluster::folder(&address);
    let here = folder.path().display().to_string();
    let steps = format!(
        "steps:\n- checkout: none\n- bash: |\n    for at in 1 2 3; do\n      echo \"line $at\"; touch {here}/said-$at\n      \
         until test -e {here}/go-$at; do sleep 0.05; done\n    done\n- bash: echo the last\n"
    );
    let _server = serve(&folder, &steps);
    let count = || sql(&address, "SELECT count(*) FROM file_piece WHERE name LIKE 'logs/%'");
    for at in 1..=3 {
        await_file(&folder, &format!("said-{at}"));
        let text =
            |piece: &str| format!("SELECT count(*) FROM file_piece WHERE position('line {at}'::bytea in {piece}) > 0");
        until("the line in the database", SOON, || (sql(&address, &text("piece")) == "1").then_some(()));
        // The first piece of all, and then one in the middle.
        if at < 3 {
            let piece =
                "DELETE FROM file_piece WHERE (name, at) IN (SELECT name, max(at) FROM file_piece GROUP BY name)";
            let before = count();
            sql(&address, piece);
            assert_ne!(count(), before, "a piece is lost");
        }
        folder.write(&format!("go-{at}"), "");
    }
    assert_eq!(await_end(&folder)["result"], "succeeded");
    let log = folder.run(&["runs", "logs", "load#1"]).ended_with(0).stdout;
    for line in ["line 1\n", "line 2\n", "line 3\n", "the last\n"] {
        assert_eq!(log.matches(line).count(), 1, "{log}");
    }
}

#[test]
fn what_is_published_is_on_the_disk_of_the_database_and_what_has_a_hole_is_not_taken_for_whole() {
    let Some(address) = database::schema() else { return };
    let folder = cluster::folder(&address);
    let here = folder.path().display().to_string();
    drop(folder.serve(&["--no-worker"]));
    // Says how each piece is committed.
    sql(
        &address,
        "CREATE TABLE seen (name text, how text);
         CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             INSERT INTO seen VALUES (NEW.name, current_setting('synchronous_commit'));
             RETURN NEW;
         END $$;
         CREATE TRIGGER note BEFORE INSERT ON file_piece FOR EACH ROW EXECUTE FUNCTION note()",
    );
    let jobs = format!(
        "jobs:\n- job: make\n  steps:\n  - checkout: none\n  - bash: mkdir out; head -c 600000 /dev/zero > out/large; echo x > out/small\n  \
         - publish: out\n    artifact: drop\n- job: take\n  dependsOn: make\n  steps:\n  - checkout: none\n  \
         - bash: 'touch {here}/ready; until test -e {here}/go; do sleep 0.05; done'\n  - download: current\n    artifact: drop\n"
    );
    let _server = serve(&folder, &jobs);
    await_file(&folder, "ready");
    let how = "SELECT string_agg(DISTINCT how, ' ') FROM seen WHERE name LIKE 'artifacts/%'";
    assert_eq!(sql(&address, how), "on", "{}", sql(&address, "SELECT * FROM seen"));
    let middle = "DELETE FROM file_piece WHERE name LIKE 'artifacts/%/large' AND at > 0 AND at < 500000";
    let large = "SELECT count(*) FROM file_piece WHERE name LIKE 'artifacts/%/large'";
    let before = sql(&address, large);
    sql(&address, middle);
    assert_ne!(sql(&address, large), before, "a piece is lost");
    folder.write("go", "");
    assert_eq!(await_end(&folder)["result"], "failed");
    let log = folder.run(&["runs", "logs", "load#1"]).ended_with(0).stdout;
    assert!(log.contains("is lost, from byte 262144 on"), "{log}");
}
