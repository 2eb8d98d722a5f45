//! Payload text that a variable brings to a place that takes none, or not that text: the run is rejected before it is
//! queued, with the place, the variable and the path in the payload.

use super::folder;

const PAYLOAD: &str = r#"{"title": "true", "up": "../../etc", "word": "a b", "own": "out/x"}"#;

/// Returns what is said of a pipeline with a variable `v` that has a text of the payload, and of others.
fn told(key: &str, rest: &str, code: i32) -> String {
    let variables = format!("variables:\n  v: ${{{{ parameters.hook.{key} }}}}\n  w: $[ variables.v ]\n  u: '$(v)'\n");
    let folder = folder("safe", &format!("{variables}{rest}"));
    folder.write("payload.json", PAYLOAD);
    folder.run(&["render", "p", "--payload", "payload.json"]).ended_with(code).stderr
}

#[test]
fn payload_text_that_a_variable_brings_is_rejected_before_the_run() {
    let refused = [
        (
            "title",
            "steps:\n- task: CopyFiles@2\n  inputs: {contents: a, targetFolder: x, overWrite: '$(V)'}\n",
            "`OverWrite`",
        ),
        ("up", "steps:\n- task: CopyFiles@2\n  inputs: {contents: a, targetFolder: 'out/$(V)'}\n", "`TargetFolder`"),
        ("up", "steps:\n- publish: $(V)\n  artifact: a\n", "`targetPath`"),
        ("up", "steps:\n- bash: ls\n  workingDirectory: $(V)\n", "`workingDirectory`"),
        ("title", "steps:\n- bash: ls\n  failOnStderr: $(V)\n", "`failOnStderr`"),
        ("title", "steps:\n- task: Bash@3\n  inputs: {filePath: '$(V)'}\n", "`filePath`"),
        ("title", "steps:\n- task: Cache@2\n  inputs: {key: k, path: p, cacheHitVar: '$(V)'}\n", "`cacheHitVar`"),
        ("title", "steps:\n- task: UsePythonVersion@0\n  inputs: {versionSpec: '$(V)'}\n", "`versionSpec`"),
        (
            "title",
            "steps:\n- task: PythonScript@0\n  inputs: {scriptSource: inline, script: 'print(1)', pythonInterpreter: '$(V)'}\n",
            "`pythonInterpreter`",
        ),
        ("title", "steps:\n- checkout: self\n  fetchDepth: $(V)\n- bash: ls\n", "`fetchDepth` of a checkout"),
        ("title", "steps:\n- bash: ls\n  env: {LD_PRELOAD: '$(V)'}\n", "`LD_PRELOAD`"),
        ("title", "jobs:\n- job: A\n  variables: {LD_PRELOAD: '$(V)'}\n  steps:\n  - bash: ls\n", "`LD_PRELOAD`"),
        ("title", "jobs:\n- job: A\n  timeoutInMinutes: $(V)\n  steps:\n  - bash: ls\n", "`timeoutInMinutes`"),
        ("title", "jobs:\n- job: A\n  strategy: {parallel: '$(V)'}\n  steps:\n  - bash: ls\n", "`parallel`"),
        ("title", "jobs:\n- job: A\n  strategy:\n    matrix: $[ variables.V ]\n  steps:\n  - bash: ls\n", "`matrix`"),
        ("word", "steps:\n- bash: $(V) --version\n", "payload text can't be"),
    ];
    for (key, steps, place) in refused {
        for variable in ["v", "w", "u"] {
            // Settings of a job see macros as they are written.
            if variable == "u" && steps.contains("jobs:") && !steps.contains("LD_PRELOAD") {
                continue;
            }
            let told =
                told(key, &steps.replace("(V)", &format!("({variable})")).replace(".V ", &format!(".{variable} ")), 1);
            assert!(told.contains("error[tainted-"), "{steps} {variable}: {told}");
            assert!(told.contains(place) && told.contains(&format!("`{key}`")), "{steps} {variable}: {told}");
        }
    }
}

#[test]
fn containers_take_no_payload_text_from_variables() {
    for (key, what) in [("image: 'x:$(v)'", "`image`"), ("image: x\n    options: $(v)", "`options`")] {
        let told = told("title", &format!("jobs:\n- job: A\n  container:\n    {key}\n  steps:\n  - bash: ls\n"), 1);
        assert!(told.contains("error[tainted-structure]") && told.contains(what), "{key}: {told}");
        assert!(told.contains("it comes through `v`"), "{key}: {told}");
    }
}

#[test]
fn what_may_end_well_is_queued() {
    let accepted = [
        ("own", "steps:\n- publish: out/$(v)\n  artifact: a\n"),
        ("own", "steps:\n- bash: ls\n  workingDirectory: $(w)\n"),
        ("up", "steps:\n- bash: cat \"$F\"\n  env: {F: '$(v)'}\n"),
        // A step may have set it to something else.
        (
            "up",
            "steps:\n- bash: echo \"##vso[task.setvariable variable=v]out\"\n- bash: ls\n  workingDirectory: $(v)\n",
        ),
        ("up", "steps:\n- bash: ./choose\n  target: {commands: any}\n- bash: ls\n  workingDirectory: $(v)\n"),
        ("up", "steps:\n- bash: ls\n  workingDirectory: $(v)\n  enabled: false\n- bash: ls\n"),
        // The variable of the job is another one.
        ("up", "jobs:\n- job: A\n  variables: {v: out}\n  steps:\n  - bash: ls\n    workingDirectory: $(v)\n"),
        ("title", "steps:\n- bash: ls\n  condition: eq(variables.v, 'true')\n"),
        (
            "title",
            "jobs:\n- job: A\n  timeoutInMinutes: $[ iif(eq(variables.v, 'true'), 5, 6) ]\n  steps:\n  - bash: ls\n",
        ),
    ];
    for (key, steps) in accepted {
        told(key, steps, 0);
    }
    // The first use is before that, though.
    let first =
        "steps:\n- bash: ls\n  workingDirectory: $(v)\n- bash: echo \"##vso[task.setvariable variable=v]out\"\n";
    assert!(told("up", first, 1).contains("`workingDirectory`"));
}

#[test]
fn each_leg_is_looked_at() {
    let steps = "\
jobs:
- job: A
  strategy:
    matrix:
      one: {at: '${{ parameters.hook.up }}'}
      two: {at: '${{ parameters.hook.own }}'}
  steps:
  - bash: ls
    workingDirectory: $(at)
";
    let told = told("title", steps, 1);
    assert_eq!(told.matches("error[").count(), 1, "{told}");
    assert!(told.contains("`up`") && told.contains("it comes through `at`"), "{told}");
}
