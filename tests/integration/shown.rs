//! What `runs show` and `runs logs` tell of what a run has told.

use super::support::{Folder, Server};

fn folder(more: &str, steps: &str) -> Folder {
    let folder = Folder::new(&format!("connections: {{open: {{auth: none}}}}\n{more}"));
    let listens = "resources: {webhooks: [{webhook: hook, connection: open}]}\n";
    folder.write("pipelines/p.yml", &format!("{listens}{steps}"));
    folder
}

fn post(server: &Server) {
    assert_eq!(server.request("POST", "/webhooks/open", &[], b"{}").status, 200);
}

/// What has no width or turns the direction of writing is spelled out; what joins the parts of a sign stays.
#[test]
fn characters_that_hide_are_spelled_out() {
    for hidden in ["\u{61C}", "\u{AD}", "\u{180E}", "\u{E0041}", "\u{E007F}", "\u{E0100}", "\u{202E}", "\u{FFF9}"] {
        let spelled = format!("a\\u{{{:x}}}b", u32::from(hidden.chars().next().expect("a character")));
        assert_eq!(pipehook::diagnostic::shown(&format!("a{hidden}b")), spelled);
    }
    for plain in ["é", "e\u{301}", "❤\u{FE0F}", "日本"] {
        assert_eq!(pipehook::diagnostic::shown(plain), plain);
    }
}

#[test]
fn parts_of_a_step_are_told_below_it_in_their_order() {
    let detail =
        |id: u8, more: &str| format!("    echo '##vso[task.logdetail id=00000000-0000-0000-0000-{id:012};{more}'\n");
    let steps = [
        "steps:\n- checkout: none\n- bash: |\n".to_owned(),
        detail(1, "type=build;name=second part;order=2]"),
        detail(2, "type=build;name=first part;order=1;progress=30;state=InProgress]"),
        detail(1, "progress=100;state=Completed;result=Failed]"),
        "    echo '##vso[telemetry.publish area=a;feature=b]{}'\n".to_owned(),
    ];
    let folder = folder("", &steps.concat());
    let server = folder.serve(&[]);
    post(&server);
    folder.run(&["runs", "wait", "p#1"]).ended_with(0);
    let text = folder.run(&["runs", "show", "p#1"]).ended_with(0).stdout;
    let parts: Vec<&str> = text.lines().filter(|line| line.starts_with("      ")).map(str::trim).collect();
    let expected = ["part first part (build): InProgress, 30 %", "part second part (build): Completed, 100 %, failed"];
    assert_eq!(parts, expected, "what a task tells its maker is no warning: {text}");
}

#[test]
fn a_secret_is_in_no_name_that_a_step_gives() {
    let secret = "variable-groups: {keys: {token: {secret: {value: s3cr3t-token-value}}}}\n";
    let steps = "\
variables: [{group: keys}]
steps:
- checkout: none
- bash: |
    echo kept > \"$T.txt\"
    echo \"##vso[task.uploadsummary]$PWD/$T.txt\"
    echo \"##vso[task.setvariable variable=$T;isOutput=true]v\"
    echo \"##vso[task.logdetail id=00000000-0000-0000-0000-000000000001;type=$T;name=$T;order=1;state=$T]\"
    echo \"<coverage lines-covered='1' lines-valid='2'/>\" > \"$T.xml\"
  env: {T: $(token)}
- task: PublishCodeCoverageResults@2
  inputs: {summaryFileLocation: '*.xml'}
";
    let folder = folder(secret, steps);
    let server = folder.serve(&[]);
    post(&server);
    folder.run(&["runs", "wait", "p#1"]).ended_with(0);
    let text = folder.run(&["runs", "show", "p#1"]).ended_with(0).stdout;
    let json = folder.run(&["runs", "show", "p#1", "--format", "json"]).ended_with(0);
    for text in [&text, &json.stdout] {
        assert!(!text.contains("s3cr3t") && text.contains("***"), "{text}");
    }
    let files = json.json()["stages"][0]["jobs"][0]["steps"][0]["files"].clone();
    let path = files[0]["path"].as_str().unwrap_or_else(|| panic!("{files}"));
    let kept = folder.path().join("data").join(path);
    assert_eq!(std::fs::read_to_string(&kept).unwrap_or_else(|_| panic!("{}", kept.display())), "kept\n");
}

#[test]
fn a_rerun_of_which_no_job_runs_says_where_its_log_is() {
    let steps = "\
jobs:
- job: a
  steps:
  - checkout: none
  - bash: echo '##vso[task.setvariable variable=m;isOutput=true]no legs'
    name: s
- job: b
  dependsOn: a
  strategy: {matrix: \"$[ dependencies.a.outputs['s.m'] ]\"}
  steps:
  - checkout: none
";
    let folder = folder("", steps);
    let server = folder.serve(&[]);
    post(&server);
    folder.run(&["runs", "wait", "p#1"]).ended_with(1);
    folder.run(&["rerun", "p#1", "--failed"]).ended_with(0);
    folder.run(&["runs", "wait", "p#2"]).ended_with(1);
    let logs = folder.run(&["runs", "logs", "p#2"]).ended_with(0);
    let first = folder.run(&["runs", "show", "p#1", "--format", "json"]).ended_with(0).json();
    let id = first["id"].as_str().expect("an id");
    assert_eq!(logs.stdout, "");
    assert_eq!(logs.stderr, format!("no job of p#2 has run: what it takes over is in the log of {id}\n"));
    let text = folder.run(&["runs", "show", "p#2"]).ended_with(0).stdout;
    let empty = text.lines().filter(|line| line.trim_end() == "took").count();
    assert_eq!(empty, 0, "{text}");
}
