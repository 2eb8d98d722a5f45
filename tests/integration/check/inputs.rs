//! Inputs of tasks and other settings that would fail or stay text when the run is under way.

use super::super::support::{Folder, Output};

fn check(pipeline: &str) -> Output {
    let folder = Folder::new("");
    folder.write("pipelines/p.yml", pipeline);
    folder.run(&["check", "pipelines"])
}

#[test]
fn a_word_that_an_input_does_not_take_is_a_mistake_of_the_file() {
    for (task, inputs, told) in [
        ("Npm@1", "command: foo", "the input `command` of the task `Npm` can't be `foo`"),
        ("npm@1", "command: instal", "did you mean `install`?"),
        ("DotNetCoreCLI@2", "command: nuget", "it takes `build`, `push`, `pack`,"),
        ("DotNetCoreCLI@2", "command: pack, versioningScheme: byHand", "can't be `byHand`"),
        ("PublishTestResults@2", "testResultsFormat: jest", "the input `testRunner` of the task"),
        ("Bash@3", "targetType: file, filePath: x", "can't be `file`"),
        ("PublishBuildArtifacts@1", "ArtifactName: a, publishLocation: FilePath", "it takes `Container`"),
        ("PublishPipelineArtifact@1", "targetPath: a, publishLocation: filepath", "it takes `pipeline`"),
        ("DownloadPipelineArtifact@2", "source: other", "it takes `current` or `specific`"),
    ] {
        let output = check(&format!("steps:\n- task: {task}\n  inputs: {{{inputs}}}\n")).ended_with(1);
        assert!(output.stderr.contains("error[invalid-value]") && output.stderr.contains(told), "{told}: {output:?}");
    }
    for (task, inputs) in [
        ("Npm@1", "command: ' CI '"),
        ("Npm@1", "command: $(command)"),
        ("Npm@1", "command: ''"),
        ("Docker@2", "command: scan"),
        ("PublishTestResults@2", "testResultsFormat: vstest"),
    ] {
        let output = check(&format!("steps:\n- task: {task}\n  inputs: {{{inputs}}}\n"));
        assert!(!output.stderr.contains("invalid-value"), "{inputs}: {output:?}");
    }
}

#[test]
fn an_expression_where_none_is_evaluated_is_told() {
    let pipeline = "\
stages:
- stage: a
  displayName: $[ variables.x ]
  jobs:
  - job: b
    displayName: $[variables.x]
    steps:
    - script: echo
      displayName: $[ variables.x ]
      workingDirectory: $[ variables.x ]
    - task: CopyFiles@2
      displayName: costs $[5]
      inputs: {TargetFolder: '$[ variables.x ]'}
";
    let output = check(pipeline).ended_with(0);
    let count =
        |place: &str| output.stderr.matches(&format!("warning[no-effect]: `$[ ]` is text in `{place}`")).count();
    assert_eq!((count("displayName"), count("workingDirectory"), count("TargetFolder")), (3, 1, 1), "{output:?}");
}

#[test]
fn triggers_of_resources_are_told_with_what_to_do_instead() {
    let with =
        |resource: &str| check(&format!("resources:\n  {resource}\nsteps:\n- script: echo\n")).ended_with(0).stderr;
    let pipeline = with("pipelines: [{pipeline: a, source: p, trigger: true}]");
    assert!(pipeline.contains("the last step of another pipeline posts by `pipehook send NAME`"), "{pipeline}");
    let container = with("containers: [{container: a, image: b, trigger: {tags: [x]}}]");
    for told in [&pipeline, &container] {
        assert!(told.contains("let what changes the resource post to a connection"), "{told}");
    }
    assert!(!container.contains("another pipeline"), "{container}");
    let none = with("pipelines: [{pipeline: a, source: p, trigger: none}]");
    assert!(!none.contains("triggers of resources"), "{none}");
}

#[test]
fn a_macro_decides_nothing_about_what_a_step_is() {
    for (task, name) in [("Bash@3", "targetType"), ("PowerShell@2", "targetType"), ("PythonScript@0", "scriptSource")] {
        let output = check(&format!(
            "variables: {{t: inline}}\nsteps:\n- task: {task}\n  inputs: {{{name}: $(t), script: echo}}\n"
        ));
        assert!(output.stderr.contains(&format!("a macro can't be the input `{name}` of the task")), "{output:?}");
    }
    let trimmed = check("steps:\n- task: PythonScript@0\n  inputs: {scriptSource: ' inline ', script: print(1)}\n");
    trimmed.ended_with(0);
}
