//! A pipeline that listens to two connections with different rules: each hole is judged by the connection of
//! the alias that it reads, and by no other's.

use crate::support::{Folder, until};
use std::time::Duration;

const MODES: [&str; 3] = ["safe", "raw", "strict"];

/// Returns a folder with two connections, `one` and `two`, and a pipeline of these steps that listens to both.
fn folder([one, two]: [&str; 2], steps: &str) -> Folder {
    let connection = |name: &str, mode: &str| format!("  {name}: {{auth: none, substitution: {mode}}}\n");
    let folder = Folder::new(&format!("connections:\n{}{}", connection("one", one), connection("two", two)));
    let webhook = |name: &str| format!("  - webhook: {name}\n    connection: {name}\n");
    let webhooks = format!("resources:\n  webhooks:\n{}{}", webhook("one"), webhook("two"));
    folder.write("pipelines/p.yml", &format!("{webhooks}steps:\n{steps}"));
    folder
}

/// The line of the first step.
const FIRST: usize = 8;

/// What is told of a line: errors and warnings.
type Told = [usize; 2];

/// Steps of one line with text of an alias, `@`, each with what is told of it in each of the modes.
const STEPS: &[(&str, [Told; 3])] = &[
    ("- script: echo ${{ parameters.@.title }}", [[0, 0], [0, 1], [1, 0]]),
    ("- script: echo x${{ lower(format('{0}', parameters.@.title)) }}", [[0, 0], [0, 1], [1, 0]]),
    ("- bash: eval \"${{ parameters.@.title }}\"", [[1, 0], [0, 1], [1, 0]]),
    ("- bash: bash -c \"${{ resources.webhooks.@.event }}\"", [[1, 0], [0, 1], [1, 0]]),
    ("- {bash: 'eval \"$T\"', env: {T: '${{ parameters.@.title }}'}}", [[1, 0], [0, 0], [1, 0]]),
    ("- {bash: 'echo \"$T\"', env: {T: '${{ parameters.@.title }}'}}", [[0, 0], [0, 0], [0, 0]]),
    ("- ${{ each c in parameters.@.commits }}: [{bash: 'eval \"${{ c.id }}\"'}]", [[1, 0], [0, 1], [1, 0]]),
];

/// A step into which text of both comes as one.
const BOTH: &str = "- bash: eval \"${{ format('{0}{1}', parameters.one.title, parameters.two.title) }}\"";

#[test]
fn check_judges_each_hole_by_the_connection_of_its_alias() {
    let of = |alias: &str| STEPS.iter().map(|(step, _)| step.replace('@', alias) + "\n").collect::<String>();
    let steps = format!("{}{}{BOTH}\n", of("one"), of("two"));
    for (first, one) in MODES.iter().enumerate() {
        for (second, two) in MODES.iter().enumerate() {
            let code = STEPS[2].1;
            // The same sentence of the same place is told once.
            let other = if one == two { [0, 0] } else { code[second] };
            let both = [0, 1].map(|kind| code[first][kind] + other[kind]);
            let wanted = STEPS.iter().map(|(_, told)| told[first]).chain(STEPS.iter().map(|(_, told)| told[second]));
            let wanted: Vec<Told> = wanted.chain([both]).collect();
            let checked = folder([one, two], &steps).run(&["check", "--format", "json"]).json();
            let told = |line: usize, severity: &str| {
                let reports = checked.as_array().expect("a list").iter();
                reports.filter(|it| it["place"]["line"] == line && it["severity"] == severity).count()
            };
            let lines = FIRST..FIRST + wanted.len();
            let found: Vec<Told> = lines.map(|line| ["error", "warning"].map(|it| told(line, it))).collect();
            assert_eq!(found, wanted, "{one} and {two}: {checked:#}");
        }
    }
}

#[test]
fn what_another_run_left_for_a_raw_connection_gives_no_commands() {
    for (other, is_obeyed) in [("safe", false), ("raw", true)] {
        let connection = |name: &str, mode: &str| format!("  {name}: {{auth: none, substitution: {mode}}}\n");
        let folder = Folder::new(&format!("connections:\n{}{}", connection("made", other), connection("raw", "raw")));
        let webhook = |name: &str| format!("  webhooks: [{{webhook: hook, connection: {name}}}]\n");
        let make = "steps:\n- {bash: 'mkdir out; echo \"$T\" > out/f', env: {T: '${{ parameters.hook.title }}'}}\n\
                    - {publish: out, artifact: drop}\n";
        let take = "  pipelines: [{pipeline: made, source: make}]\nsteps:\n- {download: made, artifact: drop}\n\
                    - bash: cat $(Pipeline.Workspace)/made/drop/f\n- bash: echo \"set to <$V>\"\n";
        folder.write("pipelines/make.yml", &format!("resources:\n{}{make}", webhook("made")));
        folder.write("pipelines/take.yml", &format!("resources:\n{}{take}", webhook("raw")));
        let server = folder.serve(&[]);
        let body = br###"{"title": "##vso[task.setvariable variable=V]evil"}"###;
        for (connection, run) in [("made", "make#1"), ("raw", "take#1")] {
            let answer = server.request("POST", &format!("/webhooks/{connection}"), &[], body);
            assert_eq!(answer.json()["outcome"], "queued", "{answer:?}");
            folder.run(&["runs", "wait", run]).ended_with(0);
        }
        let printed = folder.run(&["runs", "logs", "take#1"]).ended_with(0).stdout;
        let wanted = if is_obeyed { "set to <evil>" } else { "set to <>" };
        assert!(printed.contains(wanted), "{other}: {printed}");
    }
}

#[test]
fn what_a_text_of_two_aliases_is_made_of_is_told_with_the_alias_of_each() {
    let report = folder(["raw", "safe"], BOTH).run(&["check"]).ended_with(1).stderr;
    let (_, error) = report.split_once("error[").expect("an error");
    assert!(error.contains("by the webhook `two`") && !error.contains("by the webhook `one`"), "{report}");
    assert!(report.contains("warning[tainted-in-script]") && report.contains("by the webhook `one`"), "{report}");
}

#[test]
fn a_delivery_is_judged_by_its_own_connection_whatever_the_other_one_says() {
    let echo = "- script: echo ${{ parameters.one.title }}-${{ parameters.two.title }}\n";
    for modes in [["safe", "raw"], ["raw", "strict"], ["strict", "safe"]] {
        let folder = folder(modes, echo);
        let server = folder.serve(&[]);
        let mut number = 0;
        for (alias, mode) in ["one", "two"].into_iter().zip(modes) {
            let answer = server.request("POST", &format!("/webhooks/{alias}"), &[], br#"{"title": "a; echo B"}"#);
            if mode == "strict" {
                assert_eq!(answer.status, 422, "{modes:?} {answer:?}");
                assert!(answer.json().to_string().contains("`substitution: strict`"), "{answer:?}");
                continue;
            }
            assert_eq!(answer.json()["outcome"], "queued", "{modes:?} {answer:?}");
            number += 1;
            let run = format!("p#{number}");
            until("the end of the run", Duration::from_secs(30), || {
                let shown = folder.run(&["runs", "show", &run, "--format", "json"]).json();
                (shown["state"] == "completed").then_some(())
            });
            let printed = folder.run(&["runs", "logs", &run]).ended_with(0).stdout;
            let wanted = match (mode, alias) {
                ("raw", "one") => "a\nB-\n",
                ("raw", _) => "-a\nB\n",
                (_, "one") => "a; echo B-\n",
                _ => "-a; echo B\n",
            };
            assert!(printed.contains(wanted), "{modes:?} {alias}: {printed}");
        }
    }
}
