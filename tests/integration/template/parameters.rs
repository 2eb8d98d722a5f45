//! Typed parameters, the old mapping form, and steps as tasks.

use super::world::World;

/// Passes an argument, as YAML, to a parameter declared by `declared`, and compares what `a` gives.
#[track_caller]
fn check(declared: &str, argument: &str, expression: &str, expected: &str) {
    let steps = format!("parameters:\n- {{name: p, {declared}}}\nsteps:\n- script: {expression}\n");
    let given = if argument.is_empty() { String::new() } else { format!("  parameters: {{p: {argument}}}\n") };
    let json = World::new(&format!("steps:\n- template: t.yml\n{given}")).file("ci/t.yml", &steps).json();
    assert_eq!(json["steps"][0]["script"].to_string(), expected, "{declared} {argument} {expression}");
}

#[track_caller]
fn fails(declared: &str, argument: &str, code: &str, place: &str) -> String {
    let steps = format!("parameters:\n- {{name: p, {declared}}}\nsteps:\n- script: ${{{{ parameters.p }}}}\n");
    let given = if argument.is_empty() { String::new() } else { format!("  parameters: {{p: {argument}}}\n") };
    World::new(&format!("steps:\n- template: t.yml\n{given}")).file("ci/t.yml", &steps).fails(code, place)
}

#[test]
fn numbers_of_an_object_are_numbers_of_json() {
    let argument = "{a: 007, j: +5, k: -01, l: 1.10}";
    let json = "{\"a\":7,\"j\":5,\"k\":-1,\"l\":1.10}";
    let made = "${{ replace(replace(convertToJson(parameters.p), ' ', ''), parameters.line, '') }}";
    World::new(&format!("steps:\n- template: t.yml\n  parameters: {{p: {argument}, line: \"\\n\"}}\n"))
        .file(
            "ci/t.yml",
            &format!("parameters:\n- {{name: p, type: object}}\n- name: line\nsteps:\n- script: \"{made}\"\n"),
        )
        .gives(&format!("steps: [{{script: '{json}'}}]"));
}

#[test]
fn scalars_are_taken_as_their_type() {
    check("type: string", "1.10", "x${{ parameters.p }}", r#""x1.10""#);
    check("type: string", "true", "${{ eq(parameters.p, 'true') }}", "true");
    check("type: string", "'${{ eq(1, 1) }}'", "x${{ parameters.p }}", r#""xTrue""#);
    check("type: String", "007", "x${{ parameters.p }}", r#""x007""#);
    check("type: number", "1.10", "x${{ parameters.p }}", r#""x1.1""#);
    check("type: number", "'5'", "${{ eq(parameters.p, 5) }}", "true");
    check("type: boolean", "TRUE", "${{ parameters.p }}", "true");
    check("type: boolean", "'false'", "${{ iif(parameters.p, 'yes', 'no') }}", r#""no""#);
    check("default: d", "", "${{ parameters.p }}", r#""d""#);
    check("default: ''", "", "x${{ parameters.p }}", r#""x""#);
    check("type: number, default: 0", "", "${{ parameters.P }}", "0");
}

#[test]
fn structures_are_taken_as_their_type() {
    check(
        "type: object",
        "{a: 1.10, b: true, c: no, d: '2'}",
        "${{ join('|', parameters.p.*) }}",
        r#""1.10|True|no|2""#,
    );
    check("type: object", "{b: true}", "${{ eq(parameters.p.b, true) }}", "true");
    check("type: object", "text", "${{ parameters.p }}", r#""text""#);
    check("type: legacyObject", "{b: true}", "${{ join('', parameters.p.*) }}", r#""true""#);
    check("type: stringList, values: [a, b]", "[b, a]", "${{ join('', parameters.p) }}", r#""ba""#);
    check("type: containerList", "[{container: x, image: y}]", "${{ length(parameters.p) }}", "1");
    check("type: container", "x", "${{ parameters.p }}", r#""x""#);
    check("type: stepList", "[{script: x}]", "${{ length(parameters.p) }}", "1");
}

#[test]
fn what_is_not_of_the_type_is_told_at_the_argument() {
    for (declared, argument) in [
        ("type: string", "[a]"),
        ("type: string", "{a: b}"),
        ("type: number", "many"),
        ("type: number", "''"),
        ("type: boolean", "maybe"),
        ("type: boolean", "1"),
        ("type: stringList", "a"),
        ("type: stringList", "[[a]]"),
        ("type: step", "x"),
        ("type: stepList", "{script: x}"),
        ("type: containerList", "{}"),
        ("values: [a, b]", "c"),
        ("type: number, values: [1, 2]", "3"),
        ("type: stringList, values: [a]", "[a, b]"),
        ("type: filePath", "[]"),
    ] {
        let report = fails(declared, argument, "invalid-value", "ci/main.yml:3:19");
        assert!(report.contains("ci/t.yml:2:10"), "{report}");
    }
}

#[test]
fn what_is_no_step_job_or_stage_is_told_where_its_author_wrote_it() {
    for (kind, argument, code, column) in [
        ("step", "{scrpt: x}", "unknown-key", 20),
        ("step", "{script: x, condtion: y}", "unknown-key", 31),
        ("step", "{displayName: y, script: x}", "first-key", 36),
        ("step", "{script: [x]}", "wrong-type", 28),
        ("step", "{task: Bash@3, timeoutInMinutes: soon}", "invalid-value", 52),
        ("stepList", "[{script: x}, {bash: y, nme: z}]", "unknown-key", 43),
        ("stepList", "[{script: x}, y]", "invalid-value", 33),
        ("job", "{job: a, stepss: []}", "unknown-key", 28),
        ("job", "{script: x}", "unknown-key", 20),
        ("jobList", "[[]]", "invalid-value", 20),
        ("jobList", "[{job: a, steps: [{bsh: x}]}]", "unknown-key", 38),
        ("deployment", "{job: a, steps: []}", "unknown-key", 20),
        ("deployment", "{deployment: a, steps: []}", "unknown-key", 35),
        ("deploymentList", "[{deployment: a, strategy: {runOnce: {deploy: {stps: []}}}}]", "unknown-key", 66),
        ("stage", "{stage: a, jbs: []}", "unknown-key", 30),
        ("stageList", "[{stage: a, jobs: [{job: x-y}]}]", "invalid-value", 44),
    ] {
        let declared = format!("type: {kind}");
        let report = fails(&declared, argument, code, &format!("ci/main.yml:3:{column}"));
        assert_eq!(report.matches("error[").count(), 1, "{report}");
        assert!(report.contains("ci/t.yml:2:10"), "{report}");
        let default = format!("parameters:\n- {{name: p, type: {kind}, default: {argument}}}\nsteps: []\n");
        if column != 33 && argument != "[[]]" {
            let moved = column - 19 + 2 + "{name: p, type: , default: ".len() + kind.len() + 1;
            let place = format!("ci/main.yml:2:{moved}");
            let report = World::new(&default).fails(code, &place);
            assert_eq!(report.matches("error[").count(), 1, "{report}");
        }
    }
}

#[test]
fn what_is_given_for_the_pipelines_own_steps_is_judged() {
    let world = World::new("parameters:\n- {name: s, type: stepList, default: []}\nsteps: []\n");
    let report = world.given("s", "- scrpt: x").expand().report;
    assert!(report.contains("error[unknown-key]: a step begins with"), "{report}");
}

#[test]
fn names_of_arguments_are_checked_when_the_pipeline_is_loaded() {
    let report = fails("type: string", "", "missing-parameter", "ci/main.yml:2:13");
    assert!(report.contains("declared here without a default"), "{report}");
    let t = "parameters:\n- {name: color, default: x}\nsteps: []\n";
    let world = World::new("steps:\n- template: t.yml\n  parameters: {colour: red}\n").file("ci/t.yml", t);
    let report = world.fails("unknown-parameter", "ci/main.yml:3:16");
    assert!(report.contains("did you mean `color`?"), "{report}");
    assert!(world.load().2.has_errors());
    let late =
        World::new("steps:\n- template: t.yml\n  parameters: {'${{ lower(''COLOUR'') }}': red}\n").file("ci/t.yml", t);
    late.fails("unknown-parameter", "ci/main.yml:3:17");
    let none =
        World::new("steps:\n- template: t.yml\n  parameters: {x: 1}\n").file("ci/t.yml", "parameters: []\nsteps: []\n");
    none.fails("unknown-parameter", "ci/main.yml:3:16");
}

#[test]
fn the_old_form_takes_anything_as_text() {
    let t = "parameters: {flag: true, n: 1.10, deep: {x: false}}\nsteps:\n- script: ${{ parameters.flag }}|${{ parameters.n }}|${{ parameters.deep.x }}|${{ parameters.more }}\n- ${{ if parameters.flag }}:\n  - script: taken\n";
    World::new("steps:\n- template: t.yml\n")
        .file("ci/t.yml", t)
        .gives("steps: [{script: true|1.10|false|}, {script: taken}]");
    World::new("steps:\n- template: t.yml\n  parameters: {FLAG: false, more: 007}\n")
        .file("ci/t.yml", t)
        .gives("steps: [{script: false|1.10|false|007}, {script: taken}]");
    let undeclared = "steps:\n- script: ${{ parameters.a }}${{ parameters.b }}\n";
    World::new("steps:\n- template: t.yml\n  parameters: {a: true}\n")
        .file("ci/t.yml", undeclared)
        .gives("steps: [{script: 'true'}]");
}

#[test]
fn the_pipelines_own_parameters_are_given_as_text() {
    let world = World::new(
        "parameters:\n- {name: n, type: number, default: 1}\n- {name: b, type: boolean, default: false}\n- {name: o, type: object, default: {}}\n- {name: s, type: stepList, default: []}\n\
         a: ${{ parameters.n }} ${{ parameters.b }} ${{ length(parameters.o) }}\nsteps:\n- ${{ parameters.s }}\n",
    );
    let given =
        world.clone().given("N", "2.50").given("b", "TRUE").given("o", "[1, 2]").given("s", "- bash: x\n  name: y\n");
    let json = given.json();
    assert_eq!((&json["a"], &json["steps"]), (&"2.5 True 2".into(), &super::world::read("[{bash: x, name: y}]")));
    for (name, value, code) in
        [("n", "x", "invalid-value"), ("s", "x", "invalid-value"), ("q", "1", "unknown-parameter")]
    {
        let report = world.clone().given(name, value).expand().report;
        assert!(report.contains(&format!("error[{code}]")), "{report}");
    }
}

#[test]
fn declarations_are_literal_and_complete() {
    for (declaration, code, place) in [
        ("- {name: p, default: '${{ variables.x }}'}", "invalid-value", "2:22"),
        ("- {name: p, values: ['${{ variables.x }}']}", "invalid-value", "2:22"),
        ("- {name: p, type: strng}", "invalid-value", "2:19"),
        ("- {name: p, defalt: x}", "unknown-key", "2:13"),
        ("- {type: string}", "missing-key", "2:4"),
        ("- {type: string, name: p}", "first-key", "2:18"),
        ("- {name: p, default: 3, values: [1, 2]}", "invalid-value", "2:22"),
        ("- {name: p}\n- {name: P}", "duplicate-name", "3:10"),
        ("- p", "wrong-type", "2:3"),
        ("- {name: p, values: x}", "wrong-type", "2:21"),
    ] {
        let t = format!("parameters:\n{declaration}\nsteps: []\n");
        World::new("steps:\n- template: t.yml\n").file("ci/t.yml", &t).fails(code, &format!("ci/t.yml:{place}"));
    }
    World::new("parameters: {a: 1}\nsteps: []\n").fails("wrong-type", "ci/main.yml:1:13");
}

/// What a policy template sees of each step, `key=value` pairs of its keys and inputs.
const SEEN: &str = "parameters:\n- {name: steps, type: stepList}\nsteps:\n- ${{ each s in parameters.steps }}:\n  - script: ${{ s.task }} ${{ join(',', s.inputs.*) }} ${{ s.displayName }}\n";

#[test]
fn steps_of_typed_parameters_are_tasks() {
    for (step, seen) in [
        ("{script: a, displayName: d}", "CmdLine@2 a d"),
        ("{script: a, workingDirectory: w, failOnStderr: true}", "CmdLine@2 a,w,true "),
        ("{bash: a}", "Bash@3 a,inline "),
        ("{pwsh: a}", "PowerShell@2 a,inline,true "),
        ("{powershell: a}", "PowerShell@2 a,inline "),
        ("{checkout: self, clean: true}", "6d15af64-176c-496d-b583-fd2ae21d4df4@1 self,true "),
        ("{publish: out, artifact: n}", "PublishPipelineArtifact@1 out,n "),
        ("{download: current}", "DownloadPipelineArtifact@2 current "),
        ("{getPackage: p}", "DownloadPackage@1 p "),
        ("{reviewApp: r}", "ReviewApp@0 r "),
        ("{task: x@1, inputs: {a: b}}", "x@1 b "),
    ] {
        let pipeline = format!("steps:\n- template: t.yml\n  parameters: {{steps: [{step}]}}\n");
        let json = World::new(&pipeline).file("ci/t.yml", SEEN).json();
        assert_eq!(json["steps"][0]["script"], seen, "{step}");
    }
    let raw = SEEN.replace("stepList", "object").replace("s.task", "s.script");
    let json =
        World::new("steps:\n- template: t.yml\n  parameters: {steps: [{script: a}]}\n").file("ci/t.yml", &raw).json();
    assert_eq!(json["steps"][0]["script"], "a  ");
}

#[test]
fn tasks_of_short_steps_become_short_again_in_their_place() {
    let t = "parameters:\n- {name: steps, type: stepList}\nsteps:\n- ${{ each s in parameters.steps }}:\n  - ${{ each p in s }}:\n      ${{ if ne(p.key, 'env') }}:\n        ${{ p.key }}: ${{ p.value }}\n    env: {A: b}\n";
    let steps = "[{script: a, failOnStderr: true, env: {X: y}}, {bash: b}, {pwsh: c}, {powershell: d}, {checkout: none}, {task: x@1, inputs: {script: y}}, {task: Bash@3, inputs: {filePath: f}}]";
    let json = World::new(&format!("steps:\n- template: t.yml\n  parameters: {{steps: {steps}}}\n"))
        .file("ci/t.yml", t)
        .json();
    let expected = "[{script: a, env: {A: b}, failOnStderr: 'true'}, {bash: b, env: {A: b}}, {pwsh: c, env: {A: b}}, {powershell: d, env: {A: b}}, {checkout: none, env: {A: b}}, {task: x@1, inputs: {script: y}, env: {A: b}}, {task: Bash@3, inputs: {filePath: f}, env: {A: b}}]";
    assert_eq!(json["steps"], super::world::read(expected));
}

#[test]
fn jobs_and_stages_of_typed_parameters_have_tasks_inside() {
    let t = "parameters:\n- {name: stages, type: stageList}\nsteps:\n- ${{ each s in parameters.stages }}:\n  - ${{ each j in s.jobs }}:\n    - ${{ each t in j.steps }}:\n      - script: ${{ t.task }}\n    - ${{ each t in j.strategy.runOnce.deploy.steps }}:\n      - script: deploy ${{ t.task }}\n";
    let pipeline = "steps:\n- template: t.yml\n  parameters:\n    stages:\n    - stage: S\n      jobs:\n      - job: J\n        steps: [{bash: x}]\n      - deployment: D\n        strategy: {runOnce: {deploy: {steps: [{script: y}]}}}\n";
    World::new(pipeline).file("ci/t.yml", t).gives("steps: [{script: Bash@3}, {script: deploy CmdLine@2}]");
}

#[test]
fn templates_in_a_typed_list_are_put_in_before_anybody_looks() {
    let pipeline = "steps:\n- template: t/policy.yml\n  parameters:\n    steps:\n    - template: mine.yml\n      parameters: {x: 1}\n    - script: last\n";
    World::new(pipeline)
        .file("ci/t/policy.yml", SEEN)
        .file("ci/mine.yml", "parameters:\n- name: x\nsteps:\n- bash: mine ${{ parameters.x }}\n")
        .gives("steps: [{script: 'Bash@3 mine 1,inline '}, {script: 'CmdLine@2 last '}]");
}

#[test]
fn a_value_that_is_listed_is_the_authors_own() {
    let pipeline = "steps:\n- template: t.yml\n  parameters: {p: '${{ parameters.hook.env }}'}\n";
    let t = |values: &str| format!("parameters:\n- {{name: p{values}}}\njobs:\n- job: ${{{{ parameters.p }}}}\n");
    let pipeline = pipeline.replace("steps:", "jobs:");
    let world =
        |values: &str| World::new(&pipeline).file("ci/t.yml", &t(values)).payload(r#"{"env": "prod"}"#).expand();
    let job = |outcome: super::world::Outcome| {
        let document = outcome.document.expect("it expands");
        let jobs = document.member("jobs").cloned().expect("jobs");
        let pipehook::template::Content::Sequence(items) = jobs.content else { panic!("a list") };
        items[0].member("job").cloned().expect("a job")
    };
    let is_tainted = |node: &pipehook::template::Node| match &node.content {
        pipehook::template::Content::Scalar(scalar) => scalar.text.is_tainted() || node.origin.is_some(),
        _ => true,
    };
    assert!(!is_tainted(&job(world(", values: [test, prod]"))));
    assert!(is_tainted(&job(world(""))));
}

#[test]
fn text_of_steps_and_jobs_that_are_passed_stays_as_it_was_written() {
    let template = "parameters:\n- {name: jobs, type: jobList}\njobs:\n- ${{ parameters.jobs }}\n";
    let jobs = "[{job: a, variables: {v: true}, steps: [{bash: x, env: {B: true}}, {task: T@1, inputs: {i: true}}]}]";
    let pipeline = format!("jobs:\n- template: t.yml\n  parameters:\n    jobs: {jobs}\n");
    let json = World::new(&pipeline).file("ci/t.yml", template).json();
    let expected =
        "[{job: a, variables: {v: 'true'}, steps: [{bash: x, env: {B: 'true'}}, {task: T@1, inputs: {i: 'true'}}]}]";
    assert_eq!(json["jobs"], super::world::read(expected));
}

/// Reference, section 2.8.
#[test]
fn what_template_context_carries_is_text() {
    let template = "parameters:\n- {name: jobs, type: jobList}\n- {name: stages, type: stageList}\n- {name: any, type: object}\n\
        jobs:\n- ${{ each job in parameters.jobs }}:\n  - job: J\n    displayName: ${{ eq(job.templateContext.on, 'true') }} ${{ job.templateContext.list[0] }} ${{ job.templateContext.deep.no }}\n    \
        continueOnError: ${{ eq(parameters.stages[0].templateContext.on, 'true') }}\n    timeoutInMinutes: ${{ iif(eq(parameters.any.templateContext.on, 'true'), 1, 2) }}\n";
    let context = "templateContext: {on: true, list: [1.10], deep: {no: false}}";
    let pipeline = format!(
        "jobs:\n- template: t.yml\n  parameters:\n    any: {{{context}}}\n    stages: [{{stage: S, {context}, jobs: [{{job: X, steps: []}}]}}]\n    jobs:\n    - job: A\n      {context}\n      steps: []\n"
    );
    World::new(&pipeline)
        .file("ci/t.yml", template)
        .gives("jobs: [{job: J, displayName: True 1.10 false, continueOnError: true, timeoutInMinutes: 1}]");
}

#[test]
fn a_group_in_a_list_that_is_passed_on_is_a_group_to_whoever_looks_at_it() {
    let template = "parameters:\n- {name: jobs, type: jobList}\njobs:\n- ${{ each job in parameters.jobs }}:\n  - ${{ each pair in job }}:\n      ${{ pair.key }}: ${{ pair.value }}\n    \
        displayName: ${{ job.variables[0].group }} ${{ length(job.variables) }}\n";
    let pipeline = "jobs:\n- template: t.yml\n  parameters:\n    jobs:\n    - job: A\n      variables:\n      - group: g\n      - {name: b, value: c}\n      steps: [{script: 'echo $(x)'}]\n";
    let of = |secrets: &[&str]| World::new(pipeline).file("ci/t.yml", template).group("g", &[("x", "1")], secrets);
    let job = |variables: &str| {
        format!(
            "jobs: [{{job: A, variables: [{variables}{{name: x, value: '1'}}, {{name: b, value: c}}], steps: [{{script: 'echo $(x)'}}], displayName: g 2}}]"
        )
    };
    of(&[]).gives(&job(""));
    of(&["s"]).gives(&job("{group: g}, "));
}
