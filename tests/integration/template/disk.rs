//! Templates on disk: folders and git checkouts, links, changes while serving.

use crate::support::{ANSWER_MAX, Folder, until};
use std::path::Path;
use std::process::Command;

const STEPS: &str = "steps:\n- script: echo one\n";

/// Returns what `render` makes of a pipeline, or what it says.
fn render(folder: &Folder) -> Result<serde_json::Value, String> {
    let output = folder.run(&["render", "p", "--format", "json"]);
    if output.code == Some(0) { Ok(output.json()["steps"].clone()) } else { Err(output.stderr) }
}

fn git(folder: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"];
    let done = Command::new("git").args(identity).arg("-C").arg(folder).args(arguments).output().expect("git runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// Returns a folder with a pipeline that includes a template of a repository at `lib`.
fn with_repository(version: &str) -> Folder {
    let folder = Folder::new("repositories: {shared: lib}\n");
    let pipeline = format!(
        "resources:\n  repositories:\n  - {{repository: shared, type: git, name: x{version}}}\nsteps:\n- template: t.yml@shared\n"
    );
    folder.write("pipelines/p.yml", &pipeline).write("lib/t.yml", STEPS);
    folder
}

#[test]
fn a_configured_folder_is_a_repository() {
    let folder = with_repository("");
    assert_eq!(render(&folder), Ok(super::world::read("[{script: echo one}]")));
    folder.write("pipehook.yml", "repositories: {X: lib}\n");
    assert!(render(&folder).is_ok(), "it is known by its name, in any case");
    folder.write("pipehook.yml", "repositories: {other: lib}\n");
    let report = render(&folder).expect_err("nobody knows it");
    assert!(report.contains("does not say where the repository `shared` is"), "{report}");
    folder.write("pipehook.yml", "repositories: {shared: nowhere}\n");
    assert!(render(&folder).expect_err("it is not there").contains("is no folder"));
}

#[test]
fn a_version_of_a_checkout_is_read_and_the_checkout_left_alone() {
    let folder = with_repository(", ref: refs/tags/v1");
    let lib = folder.path().join("lib");
    assert!(render(&folder).expect_err("no checkout").contains("it is no git checkout"));
    git(&lib, &["init", "-q"]);
    git(&lib, &["add", "-A"]);
    git(&lib, &["commit", "-qm", "one"]);
    git(&lib, &["tag", "v1"]);
    folder.write("lib/t.yml", "steps:\n- script: echo two\n");
    assert_eq!(render(&folder), Ok(super::world::read("[{script: echo one}]")));
    let one = || render(&folder);
    for (version, expected) in [("main", "one"), ("refs/heads/main", "one"), ("v1", "one")] {
        let pipeline = format!(
            "resources:\n  repositories:\n  - {{repository: shared, ref: {version}}}\nsteps:\n- template: /t.yml@shared\n"
        );
        folder.write("pipelines/p.yml", &pipeline);
        assert_eq!(one(), Ok(super::world::read(&format!("[{{script: echo {expected}}}]"))), "{version}");
    }
    for version in ["v2", "--upload-pack=x", "main..v1", "'a b'", "HEAD@{1}", "v1^{tree}"] {
        let pipeline = format!(
            "resources:\n  repositories:\n  - {{repository: shared, ref: {version}}}\nsteps:\n- template: t.yml@shared\n"
        );
        folder.write("pipelines/p.yml", &pipeline);
        assert!(one().is_err(), "{version}");
    }
    assert_eq!(std::fs::read_to_string(lib.join("t.yml")).expect("a file"), "steps:\n- script: echo two\n");
}

#[test]
fn nothing_of_a_checkouts_configuration_is_run() {
    let folder = with_repository(", ref: main");
    let lib = folder.path().join("lib");
    git(&lib, &["init", "-q"]);
    folder.write("lib/.gitattributes", "*.yml diff=evil filter=evil\n");
    git(&lib, &["add", "-A"]);
    git(&lib, &["commit", "-qm", "one"]);
    let mark = folder.path().join("ran");
    let touch = format!("touch {}", mark.display());
    for name in ["core.fsmonitor", "diff.evil.textconv", "filter.evil.smudge", "core.pager", "core.sshCommand"] {
        git(&lib, &["config", name, &touch]);
    }
    assert!(render(&folder).is_ok());
    assert!(!mark.exists(), "a program of the checkout's configuration was started");
}

#[test]
fn links_lead_out_of_no_repository() {
    let folder = with_repository("");
    folder.write("secret.yml", STEPS);
    let link = folder.path().join("lib/t.yml");
    std::fs::remove_file(&link).expect("it is there");
    std::os::unix::fs::symlink("../secret.yml", &link).expect("a link");
    assert!(render(&folder).expect_err("it leads out").contains("a link leads out of its repository"));
    std::fs::remove_file(&link).expect("it is there");
    folder.write("lib/real.yml", STEPS);
    std::os::unix::fs::symlink("real.yml", &link).expect("a link");
    assert!(render(&folder).is_ok(), "a link inside is fine");
    std::fs::remove_file(&link).expect("it is there");
    std::fs::create_dir(&link).expect("a folder");
    assert!(render(&folder).is_err(), "a folder is no file");
}

#[test]
fn a_link_in_a_commit_is_no_file() {
    let folder = with_repository(", ref: main");
    let lib = folder.path().join("lib");
    std::fs::remove_file(lib.join("t.yml")).expect("it is there");
    std::os::unix::fs::symlink("/etc/hostname", lib.join("t.yml")).expect("a link");
    git(&lib, &["init", "-q"]);
    git(&lib, &["add", "-A"]);
    git(&lib, &["commit", "-qm", "one"]);
    assert!(render(&folder).expect_err("it is a link").contains("it is no file"));
}

#[test]
fn the_repository_of_a_pipeline_is_the_checkout_around_it() {
    let folder = Folder::new("");
    folder.write("pipelines/p.yml", "steps:\n- template: /ci/t.yml\n").write("ci/t.yml", STEPS);
    assert!(render(&folder).is_err(), "without a checkout the pipelines folder is the root");
    git(folder.path(), &["init", "-q"]);
    assert_eq!(render(&folder), Ok(super::world::read("[{script: echo one}]")));
    folder.write("pipelines/p.yml", "steps:\n- template: ../../t.yml\n");
    assert!(render(&folder).expect_err("it leads out").contains("the path leaves its repository"));
}

#[test]
fn a_changed_template_is_taken_up_and_a_broken_one_leaves_the_last_good_version() {
    let folder = Folder::new("repositories: {shared: lib}\nconnections: {open: {auth: none}}\n");
    let resources =
        "resources:\n  webhooks:\n  - {webhook: h, connection: open}\n  repositories:\n  - repository: shared\n";
    folder
        .write("pipelines/p.yml", &format!("{resources}steps:\n- template: t.yml@shared\n"))
        .write("lib/t.yml", STEPS);
    let server = folder.serve(&["--no-worker"]);
    let steps = || {
        let answer = server.request("POST", "/webhooks/open", &[], b"{}").json();
        let run = answer["runs"][0]["id"].as_str().unwrap_or_else(|| panic!("a run in {answer}")).to_owned();
        let shown = folder.run(&["runs", "show", &run, "--expanded"]);
        shown.stdout
    };
    assert!(steps().contains("echo one"));
    folder.write("lib/t.yml", "steps:\n- script: echo two\n");
    until("the changed template", ANSWER_MAX, || steps().contains("echo two").then_some(()));
    folder.write("lib/t.yml", "steps:\n- script: ${{ nope( }}\n");
    let log = || std::fs::read_to_string(folder.path().join("stderr.txt")).expect("a log");
    until("a complaint", ANSWER_MAX, || log().contains("its last good version goes on serving").then_some(()));
    assert!(steps().contains("echo two"));
    folder.write("lib/t.yml", "steps:\n- script: echo three\n");
    until("the mended template", ANSWER_MAX, || steps().contains("echo three").then_some(()));
}

#[test]
fn groups_come_from_the_configuration_without_their_secrets() {
    let folder = Folder::new(
        "variable-groups:\n  deploy:\n    region: west\n    count: 007\n    token: {secret: {value: hunter2}}\n  plain: {a: b}\n",
    );
    let pipeline = |group: &str| {
        format!(
            "variables:\n- group: {group}\nsteps:\n- script: echo ${{{{ variables.region }}}}${{{{ variables.a }}}}\n"
        )
    };
    folder.write("pipelines/p.yml", &pipeline("Plain"));
    assert_eq!(render(&folder), Ok(super::world::read("[{script: echo b}]")));
    folder.write("pipelines/p.yml", &pipeline("deploy"));
    let output = folder.run(&["render", "p"]);
    assert!(!output.stdout.contains("hunter2") && !output.stderr.contains("hunter2"), "{output:?}");
    folder.write("pipelines/p.yml", &pipeline("deplyo"));
    let report = render(&folder).expect_err("there is no such group");
    assert!(report.contains("error[unknown-group]") && report.contains("did you mean `deploy`?"), "{report}");
}

#[test]
fn a_run_has_the_secrets_of_its_groups_and_nobody_sees_them() {
    let folder = Folder::new("variable-groups:\n  deploy: {region: west, token: {secret: {env: DEPLOY_TOKEN}}}\n");
    let pipeline = "variables:\n- group: deploy\n- {name: last, value: z}\nsteps:\n\
        - bash: echo \"$(region) $(token) $(last) ${#T} $(env | grep -c hunter)\"\n  env: {T: $(token)}\n";
    folder.write("pipelines/p.yml", pipeline);
    let run = |arguments: &[&str]| {
        let output =
            folder.command(arguments).env("DEPLOY_TOKEN", "hunter2-hunter2").output().expect("the program ends");
        String::from_utf8(output.stdout).expect("text")
    };
    let printed = run(&["run", "p", "--raw"]);
    assert!(printed.contains("\nwest *** z 15 1\n") && !printed.contains("hunter2"), "{printed}");
    assert!(!run(&["render", "p"]).contains("hunter2"));
}

#[test]
fn a_payload_path_that_is_read_through_templates_reaches_them() {
    let folder = Folder::new("");
    let pipeline = "resources:\n  webhooks:\n  - {webhook: h, connection: c}\nsteps:\n\
        - template: templates/t.yml\n  parameters: {whole: '${{ parameters.h }}', part: '${{ parameters.h.user }}'}\n\
        - ${{ each c in parameters.h.commits }}:\n  - script: echo ${{ c.id }} ${{ parameters[variables.alias].ref }}\n";
    let t = "parameters:\n- {name: whole, type: object}\n- {name: part, type: object}\nsteps:\n\
        - script: echo ${{ parameters.whole.ref }} ${{ parameters.part.name }} ${{ length(parameters.whole.commits) }}\n";
    folder
        .write("pipelines/p.yml", &format!("variables: {{alias: h}}\n{pipeline}"))
        .write("pipelines/templates/t.yml", t);
    folder.write("payload.json", r#"{"ref": "r", "user": {"name": "n"}, "commits": [{"id": "1"}, {"id": "2"}]}"#);
    let output =
        folder.run(&["render", "p", "--payload", "payload.json", "--format", "json", "--as-written"]).ended_with(0);
    let expected = "[{script: echo r n 2}, {script: echo 1 r}, {script: echo 2 r}]";
    assert_eq!(output.json()["steps"], super::world::read(expected));
}
