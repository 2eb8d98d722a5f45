//! Tasks that select a version of a tool.

use super::{prints, with};

#[test]
fn a_version_that_is_installed_is_selected() {
    let machine = with(&[]);
    for version in ["3.8.18", "3.11.2", "3.11.9", "2.7.18"] {
        machine.file(&format!(".pyenv/versions/{version}/bin/python3"), &format!("#!/bin/sh\necho Python {version}\n"));
    }
    let steps = "\
steps:
- task: UsePythonVersion@0
  name: python
  inputs: {versionSpec: '>=3.9 <3.12'}
- script: python3 --version; echo $(pythonLocation) $(python.pythonLocation)
- task: UsePythonVersion@0
  inputs: {versionSpec: 3.8, addToPath: false}
- script: python3 --version; echo $(pythonLocation)
- task: UsePythonVersion@0
  inputs: {versionSpec: '3.5'}
";
    let output = machine.run(steps).ended_with(1);
    let home = |version: &str| machine.path().join(".pyenv/versions").join(version).display().to_string();
    prints(&output, &["Python 3.11.9", &format!("{0} {0}", home("3.11.9")), &home("3.8.18")]);
    assert!(output.stdout.contains("Python `3.5` is not installed on this machine. There is "), "{output:?}");
    assert!(output.stdout.contains("There is 3.11.9, "), "{output:?}");
}

#[test]
fn the_version_in_the_path_and_in_a_file_count_too() {
    let machine = with(&[]);
    machine.program("node", "echo v31.4.1\n").program("go", "echo go version go1.97.3 linux/amd64\n");
    machine.file(".nvm/versions/node/v30.2.0/bin/node", "#!/bin/sh\necho v30.2.0\n");
    let steps = "\
steps:
- task: UseNode@1
  inputs: {version: 31.x}
- task: GoTool@0
  inputs: {version: '1.97', goPath: /srv/go}
- script: echo $GOPATH $GOROOT; echo 30 > .nvmrc
- task: NodeTool@0
  inputs: {versionSource: fromFile, versionFilePath: .nvmrc}
- script: node
- task: JavaToolInstaller@0
  inputs: {versionSpec: 4, jdkArchitectureOption: x64, jdkSourceOption: PreInstalled}
";
    let output = machine.run(steps).ended_with(1);
    let bin = machine.path().join("bin");
    prints(
        &output,
        &[
            &format!("Node.js 31.4.1 is selected: {}.", bin.display()),
            &format!("/srv/go {}", machine.path().display()),
            "v30.2.0",
        ],
    );
    assert!(output.stdout.contains("Java `4` is not installed on this machine"), "{output:?}");
}
