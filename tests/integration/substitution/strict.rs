//! What `substitution: strict` says of payload text that comes to a script by variables: what is known when a
//! delivery comes rejects the run, what steps and other jobs set fails the step.

use super::{ended, folder};
use crate::support::{Folder, Server};

/// Posts a payload and returns the answer as text.
fn answered(server: &Server) -> String {
    let answer = server.request("POST", "/webhooks/strict", &[], br#"{"title": "a; echo INJECTED", "n": 7}"#);
    format!("{} {}", answer.status, answer.json())
}

/// Says that a run is rejected by `check` and, where that is asked for, at the door, with the place and the payload's path.
#[track_caller]
fn is_rejected(folder: &Folder, way: &str, also_at_the_door: bool) {
    let rendered = folder.run(&["check", "--payload", "payload.json"]).ended_with(1).stderr;
    assert!(rendered.contains("error[tainted-in-script]"), "{rendered}");
    assert!(rendered.contains("`substitution: strict`") && rendered.contains("`title`"), "{rendered}");
    assert!(rendered.contains(&format!("it comes through `{way}`")), "{way}: {rendered}");
    if !also_at_the_door {
        return;
    }
    let server = folder.serve(&[]);
    let answer = answered(&server);
    assert!(answer.starts_with("422") && answer.contains("tainted-in-script"), "{answer}");
}

const VARIABLE: &str = "variables:\n  v: ${{ parameters.hook.title }}\n";

#[test]
fn every_way_that_is_known_before_the_run_rejects_it() {
    let steps = "steps:\n- bash: echo \"$(w)\"\n";
    let ways = [
        ("v", format!("{VARIABLE}steps:\n- bash: echo \"$(v)\"\n")),
        ("w", format!("{VARIABLE}  w: pre-$(v)\n{steps}")),
        ("w", format!("{VARIABLE}  u: '$(v)'\n  w: a $(u)\n{steps}")),
        ("w", format!("{VARIABLE}  w: $[ variables.v ]\n{steps}")),
        ("w", format!("{VARIABLE}  w: $[variables['v']]\n{steps}")),
        ("w", format!("{VARIABLE}  w: $[ lower(format('x{{0}}', variables.v)) ]\n{steps}")),
        ("w", format!("{VARIABLE}  w: $[ iif(eq(1, 1), variables.v, variables.v) ]\n{steps}")),
        ("w", format!("variables:\n  w: $[ lower('${{{{ parameters.hook.title }}}}') ]\n{steps}")),
        ("w", format!("{VARIABLE}jobs:\n- job: A\n  variables:\n    w: $[ variables.v ]\n  steps:\n  - bash: echo $(w)\n")),
        (
            "w",
            "jobs:\n- job: A\n  strategy:\n    matrix:\n      one: {w: '${{ parameters.hook.title }}'}\n      two: {w: own}\n  steps:\n  - bash: echo $(w)\n"
                .to_owned(),
        ),
        ("w", "variables:\n- template: templates/v.yml\n  parameters: {x: '${{ parameters.hook.title }}'}\nsteps:\n- bash: echo $(w)\n".to_owned()),
        ("Build.BuildNumber", "name: r ${{ parameters.hook.title }}\nsteps:\n- bash: echo $(Build.BuildNumber)\n".to_owned()),
        ("Build.BuildNumber", format!("name: r $(v)\n{VARIABLE}steps:\n- bash: echo $(build.buildNumber)\n")),
        (
            "System.JobDisplayName",
            "jobs:\n- job: A\n  displayName: for ${{ parameters.hook.title }}\n  steps:\n  - bash: echo $(System.JobDisplayName)\n"
                .to_owned(),
        ),
        (
            "System.StageDisplayName",
            "stages:\n- stage: A\n  displayName: for ${{ parameters.hook.title }}\n  jobs:\n  - job: A\n    steps:\n    - bash: echo $(System.StageDisplayName)\n"
                .to_owned(),
        ),
        ("w", format!("{VARIABLE}  w: $(v)\nsteps:\n- task: PythonScript@0\n  inputs: {{scriptSource: inline, script: 'print(\"$(w)\")'}}\n")),
        // A word for another variable, or to nobody, changes nothing of this one.
        ("v", format!("{VARIABLE}steps:\n- bash: echo \"##vso[task.setvariable variable=other]x\"\n- bash: echo $(v)\n")),
    ];
    for (at, (way, steps)) in ways.into_iter().enumerate() {
        let folder = folder("strict", &steps);
        folder.write(
            "pipelines/templates/v.yml",
            "parameters: [{name: x, type: string}]\nvariables:\n  w: got ${{ parameters.x }}\n",
        );
        is_rejected(&folder, way, at % 4 == 1);
    }
}

#[test]
fn check_tells_of_variables_of_variables_before_any_payload() {
    for variable in ["$[ variables.v ]", "pre-$(v)", "$[ lower(variables.v) ]"] {
        let steps = format!("variables:\n  w: {variable}\n  v: ${{{{ parameters.hook.title }}}}\n");
        // An expression sees the variables before it, a macro all of them.
        let steps = match variable.starts_with("$[") {
            true => format!("{VARIABLE}  w: {variable}\n"),
            false => steps,
        };
        let told = |connection: &str, script: &str| {
            folder(connection, &format!("{steps}steps:\n- bash: {script}\n")).run(&["check"])
        };
        let strict = told("strict", "echo \"$(w)\"").ended_with(1).stderr;
        assert!(strict.contains("`substitution: strict`") && strict.contains("through `w`"), "{variable}: {strict}");
        let safe = told("safe", "eval \"$(w)\"").ended_with(1).stderr;
        assert!(safe.contains("error[tainted-in-script]") && safe.contains("through `w`"), "{variable}: {safe}");
        told("safe", "echo \"$(w)\"").ended_with(0);
        told("strict", "echo \"$W\"").ended_with(0);
    }
}

#[test]
fn what_holds_no_payload_text_is_rejected_by_nobody() {
    let steps = "\
variables:
  v: ${{ parameters.hook.title }}
  is: $[ eq(variables.v, 'x') ]
  one: $[ oneOf('b', 'a', 'b') ]
  chosen: $[ iif(eq(variables.v, 'x'), variables.v, 'the author') ]
jobs:
- job: A
  variables: {v: own}
  steps:
  - bash: echo \"$(v) $(is) $(one) $(chosen) $(Build.BuildNumber)\"
  - bash: echo \"$V\" | wc -c
- job: B
  dependsOn: A
  steps:
  - bash: printf '%s\\n' \"$T\" \"$(Build.BuildNumber)\"
    env: {T: 'pre $(v)'}
  - bash: echo \"##vso[task.setvariable variable=v]mine\"
  - bash: echo \"now $(v)\"
";
    let folder = folder("strict", steps);
    folder.run(&["check", "--payload", "payload.json"]).ended_with(0);
    let server = folder.serve(&[]);
    let answer = answered(&server);
    assert!(answer.starts_with("200"), "{answer}");
    let log = ended(&folder);
    for line in ["own False b the author ", "pre a; echo INJECTED", "now mine"] {
        assert!(log.lines().any(|it| it.contains(line)), "{line}: {log}");
    }
    assert!(!log.contains("##[error]"), "{log}");
}

#[test]
fn what_steps_and_other_jobs_set_fails_the_step_that_would_run_it() {
    let ways = [
        // A step of the job.
        (
            "v",
            "steps:\n- bash: echo \"##vso[task.setvariable variable=v]$T\"\n  env: {T: '${{ parameters.hook.title }}'}\n- bash: echo ran; echo $(v)\n",
        ),
        // Another variable of what a step sets.
        (
            "w",
            "variables: {w: 'pre-$(v)'}\nsteps:\n- bash: echo \"##vso[task.setvariable variable=v]$T\"\n  env: {T: '${{ parameters.hook.title }}'}\n- task: Bash@3\n  inputs: {targetType: inline, script: 'echo ran; echo $(w)'}\n",
        ),
        // An output of another job.
        (
            "o",
            "jobs:\n- job: A\n  steps:\n  - bash: echo \"##vso[task.setvariable variable=x;isOutput=true]$T\"\n    name: s\n    env: {T: '${{ parameters.hook.title }}'}\n- job: B\n  dependsOn: A\n  variables:\n    o: $[ dependencies.A.outputs['s.x'] ]\n  steps:\n  - bash: echo ran; echo $(o)\n",
        ),
        // An expression that may choose it.
        (
            "w",
            "variables:\n  v: ${{ parameters.hook.title }}\n  w: $[ iif(eq(1, 1), variables.v, 'own') ]\nsteps:\n- bash: echo ran; echo $(w)\n",
        ),
        // The name that a step of another job has given the run.
        (
            "Build.BuildNumber",
            "jobs:\n- job: A\n  steps:\n  - bash: echo \"##vso[build.updatebuildnumber]$T\"\n    env: {T: '${{ parameters.hook.title }}'}\n- job: B\n  dependsOn: A\n  steps:\n  - bash: echo ran; echo $(Build.BuildNumber)\n",
        ),
    ];
    for (name, steps) in ways {
        let folder = folder("strict", steps);
        let server = folder.serve(&[]);
        let answer = answered(&server);
        assert!(answer.starts_with("200"), "{name}: {answer}");
        let log = ended(&folder);
        let sentence = format!(
            "##[error]Payload text can't be put into a script: `$({name})` brings some (from the payload, at `title"
        );
        assert!(log.contains(&sentence) && log.contains("`substitution: strict`"), "{name}: {log}");
        assert!(!log.lines().any(|line| line.trim_end().ends_with("ran")), "{name}: {log}");
    }
}

#[test]
fn a_name_that_a_step_has_given_the_run_is_data_in_other_jobs() {
    let steps = "\
jobs:
- job: A
  steps:
  - bash: echo \"##vso[build.updatebuildnumber]$T\"
    env: {T: '${{ parameters.hook.title }}'}
- job: B
  dependsOn: A
  steps:
  - bash: echo is $(Build.BuildNumber)
";
    assert!(super::posted(&folder("safe", steps), "safe").contains("is a; echo INJECTED\n"));
}
