//! Slips of the fingers in real-looking pipelines with templates: a dash that is missing or one too many, a sign in
//! place of a colon, a directive in the wrong order, a name with two letters swapped. Each is told once, and where it is.

use super::depth::{Moved, Tree, shares, trees_below};
use super::mutation::is_same;
use super::told::told;
use crate::support::Folder;

/// One of so many slips is tried.
const SAMPLE: usize = 3;
/// The least share of slips whose first report stands on their line, and of those told by one report at most. Where any
/// value may stand, another form of it is no mistake.
const FIRST: f64 = 0.93;
const ONCE: f64 = 0.97;

#[test]
fn a_dash_too_few_or_too_many_and_a_wrong_sign_are_told_where_they_stand_and_once() {
    let trees = trees_below("tests/testdata/slips");
    let slips: Vec<Moved> = trees.iter().flat_map(|(name, files)| slips(name, files)).step_by(SAMPLE).collect();
    assert!(slips.len() >= 250, "only {}", slips.len());
    let (first, once, wrong) = shares(&trees, &slips);
    assert!(first >= FIRST && once >= ONCE, "{first} {once}\n{wrong}");
}

/// Returns every slip in a line of a tree that makes another document.
fn slips(tree: &str, files: &Tree) -> Vec<Moved> {
    let mut found = Vec::new();
    for (file, text) in files {
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let own = line.trim_start();
            if !own.contains(':') || own.starts_with("echo ") {
                continue;
            }
            let blanks = " ".repeat(line.len() - own.len());
            let changed = match own.strip_prefix("- ") {
                Some(item) => vec![format!("{blanks}  {item}"), format!("{blanks}{item}"), own.replacen(": ", "=", 1)],
                None if own.starts_with('-') => continue,
                None => vec![format!("{blanks}- {own}")],
            };
            for changed in changed {
                let changed = if changed.starts_with('-') { format!("{blanks}{changed}") } else { changed };
                let mut all = lines.clone();
                all[at] = &changed;
                let changed = all.join("\n") + "\n";
                if !is_same(&changed, text) {
                    found.push(Moved { tree: tree.to_owned(), file: file.clone(), line: at + 1, text: changed });
                }
            }
        }
    }
    found
}

/// A tree, a file of it, a part of one line that is there once, what stands there instead, and the one report: its
/// severity and its code.
type Slip = (&'static str, &'static str, &'static str, &'static str, &'static str);

const SLIPS: &[Slip] = &[
    // A choice without its beginning, with all that would go on with it.
    ("nested", "templates/service.yml", "${{ if and(", "${{ elseif and(", "warning directive"),
    (
        "nested",
        "templates/variables.yml",
        "${{ if eq(parameters.environment, 'live') }}",
        "${{ else }}",
        "error directive",
    ),
    ("objects", "main.yml", "${{ if eq(target.value.os, 'windows') }}", "${{ elseif true }}", "error directive"),
    ("extends", "templates/base.yml", "${{ if stage.dependsOn }}", "${{ else }}", "error directive"),
    // What a condition that can't be read would bring is not missing.
    ("extends", "templates/base.yml", "'jobs', 'dependsOn'", "\"jobs\", \"dependsOn\"", "error expression-syntax"),
    (
        "nested",
        "templates/variables.yml",
        "eq(parameters.environment, 'live')",
        "eq(parameters.environment, 'live'",
        "error expression-syntax",
    ),
    // A directive that is no key.
    (
        "extends",
        "templates/base.yml",
        "${{ each job in stage.jobs }}:",
        "${{ each job in stage.jobs }}",
        "error directive",
    ),
    (
        "objects",
        "main.yml",
        "${{ each need in target.value.needs }}:",
        "${{ each need in target.value.needs }}",
        "error directive",
    ),
    ("objects", "main.yml", "- ${{ each need", "-${{ each need", "error directive"),
    // Braces without their `$`.
    ("objects", "main.yml", "- stage: ${{ target.key }}", "- stage: {{ target.key }}", "error wrong-type"),
    // A quote that the next one of another line closes.
    ("matrix", "main.yml", "\"0 3 * * 1-5\"", "\"0 3 * * 1-5", "error yaml-syntax"),
    // A key that became text.
    ("nested", "templates/service.yml", "vmImage: ubuntu-latest", "vmImage ubuntu-latest", "warning wrong-type"),
    ("deploy", "main.yml", "  vmImage: ubuntu-latest", "  vmImage=ubuntu-latest", "warning wrong-type"),
    ("deploy", "main.yml", "resourceType: VirtualMachine", "resourceType: VirtualMahcine", "error invalid-value"),
    // Variables that every run has.
    (
        "nested",
        "main.yml",
        "variables['Build.SourceBranch']",
        "variables['Build.SoruceBranch']",
        "warning unknown-name",
    ),
    ("matrix", "main.yml", "System.JobPositionInPhase", "System.JobPsoitionInPhase", "warning unknown-name"),
    ("matrix", "main.yml", "$(Pipeline.Workspace)", "$(Pipeline.Worksapce)", "warning unknown-name"),
    (
        "resources",
        "main.yml",
        "TargetFolder: $(Build.ArtifactStagingDirectory)",
        "TargetFolder: $(Build.ArtifactStagingDirectroy)",
        "warning unknown-name",
    ),
    ("matrix", "main.yml", "'1') ]", "'1')", "warning expression-syntax"),
];

#[test]
fn one_slip_is_one_report_at_its_line() {
    let folder = Folder::new("variable-groups: {tokens: {t: a}, secrets: {token: a}}\n");
    let trees = trees_below("tests/testdata/slips");
    for (tree, file, right, wrong, wanted) in SLIPS {
        let files = &trees[*tree];
        let before = files[*file].split(right).next().expect("a beginning");
        assert_ne!(before.len(), files[*file].len(), "{right}");
        let line = before.matches('\n').count() + 1;
        let checked = |changed: Option<&str>| {
            for (name, text) in files {
                let text = changed.filter(|_| name == file).unwrap_or(text);
                folder.write(&format!("{tree}/{name}"), text);
            }
            told(&folder.run(&["check", &format!("{tree}/main.yml"), "--format", "json"]).json())
        };
        let known = checked(None);
        let found = checked(Some(&files[*file].replacen(right, wrong, 1)));
        let new: Vec<_> = found.into_iter().filter(|it| !known.contains(it)).collect();
        let (severity, code) = wanted.split_once(' ').expect("a severity and a code");
        let name = file.rsplit('/').next().expect("a name");
        assert_eq!(new, [format!("{severity} {name}:{line} {code}")], "{tree}/{file}: {wrong}");
    }
}

/// Templates and pipelines in which one expression gives several values that are wrong in the same way.
#[test]
fn what_is_wrong_with_several_values_of_one_expression_is_one_report() {
    let folder = Folder::new("");
    folder.write(
        "t.yml",
        "parameters:\n- {name: minutes}\nsteps:\n- script: echo\n  timeoutInMinutes: ${{ parameters.minutes }}\n",
    );
    let call = |value: &str| format!("- template: t.yml\n  parameters: {{minutes: {value}}}\n");
    let steps = |values: &[&str]| "steps:\n".to_owned() + &values.iter().map(|value| call(value)).collect::<String>();
    let check = |names: &[&str]| folder.run(&[&["check"], names].concat()).ended_with(1).stderr;
    folder.write("p.yml", &steps(&["one", "two"]));
    let found = check(&["p.yml"]);
    assert_eq!(found.matches("error[").count(), 1, "{found}");
    assert!(found.contains("not `one`") && found.contains("= note: so it is with `two`\n"), "{found}");
    assert_eq!(found.matches("the value comes from here").count(), 2, "{found}");
    assert!(found.contains("included from p.yml:2 and one other place"), "{found}");
    folder.write("q.yml", &steps(&["three", "four", "one"]));
    let found = check(&["p.yml", "q.yml"]);
    assert_eq!(found.matches("error[").count(), 1, "{found}");
    assert!(found.contains("= note: so it is with `two` and 2 others\n"), "{found}");
    folder.write("r.yml", "jobs:\n- ${{ each x in split('a,b,c', ',') }}:\n  - job: J${{ x }}\n    dependsOn: K${{ x }}\n    steps: [{script: echo}]\n- job: M\n  dependsOn: N\n  steps: [{script: echo}]\n");
    let found = check(&["r.yml"]);
    assert!(found.contains("`Ka`") && found.contains("= note: so it is with `Kb` and `Kc`\n"), "{found}");
    assert_eq!(found.matches("error[unknown-dependency]").count(), 2, "{found}");
}

#[test]
fn a_keyword_that_a_branch_brings_too_late_is_told_as_that() {
    let folder = Folder::new("");
    let listening = "resources: {webhooks: [{webhook: h, connection: load}]}\n";
    folder.write(
        "p.yml",
        &format!("{listening}steps:\n- displayName: x\n  ${{{{ if parameters.h.x }}}}:\n    script: echo\n"),
    );
    let found = told(&folder.run(&["check", "p.yml", "--format", "json"]).json());
    assert_eq!(found, ["warning p.yml:5 first-key"]);
}

#[test]
fn an_agentless_job_of_the_old_form_is_told_by_that_alone() {
    let folder = Folder::new("");
    folder.write(
        "p.yml",
        "jobs:\n- job: a\n  server: true\n  steps:\n  - task: Delay@1\n    inputs: {delayForMinutes: 1}\n",
    );
    let found = told(&folder.run(&["check", "p.yml", "--format", "json"]).ended_with(1).json());
    assert_eq!(found, ["error p.yml:3 old-form"]);
}
