//! Inputs that take one of a few words: what the tasks' own `task.json` lists, where another word would make
//! the step fail. Words that nothing here asks for are those of the rest; of places to publish to there is one here.

/// A task, an input, and its words, in any case.
const CHOICES: &[(&str, &str, &[&str])] = &[
    ("Bash", "targetType", &["filePath", "inline"]),
    ("DotNetCoreCLI", "command", &["build", "push", "pack", "publish", "restore", "run", "test", "custom"]),
    ("DotNetCoreCLI", "selectOrConfig", &["select", "config"]),
    ("DotNetCoreCLI", "versioningScheme", &["off", "byPrereleaseNumber", "byEnvVar", "byBuildNumber"]),
    ("DownloadBuildArtifacts", "buildType", SOURCES),
    ("DownloadBuildArtifacts", "buildVersionToDownload", VERSIONS),
    ("DownloadBuildArtifacts", "downloadType", &["single", "specific"]),
    ("DownloadPipelineArtifact", "source", SOURCES),
    ("DownloadPipelineArtifact", "buildVersionToDownload", VERSIONS),
    ("Go", "command", &["get", "build", "test", "custom"]),
    ("Gradle", "javaHomeSelection", JAVA_HOMES),
    ("JavaToolInstaller", "jdkSourceOption", &["AzureStorage", "LocalDirectory", "PreInstalled"]),
    ("ManualValidation", "onTimeout", &["reject", "resume"]),
    ("Maven", "javaHomeSelection", JAVA_HOMES),
    ("Maven", "mavenVersionSelection", &["Default", "Path"]),
    ("NodeTool", "versionSource", &["spec", "fromFile"]),
    ("Npm", "command", &["ci", "install", "publish", "custom"]),
    ("PowerShell", "targetType", &["filePath", "inline"]),
    ("PowerShell", "errorActionPreference", PREFERENCES),
    ("PowerShell", "warningPreference", PREFERENCES),
    ("PowerShell", "informationPreference", PREFERENCES),
    ("PowerShell", "verbosePreference", PREFERENCES),
    ("PowerShell", "debugPreference", PREFERENCES),
    ("PowerShell", "progressPreference", PREFERENCES),
    ("PublishBuildArtifacts", "publishLocation", &["Container"]),
    ("PublishPipelineArtifact", "publishLocation", &["pipeline"]),
    ("PublishTestResults", "testRunner", &["JUnit", "NUnit", "VSTest", "XUnit", "CTest"]),
    ("PythonScript", "scriptSource", &["filePath", "inline"]),
];

const SOURCES: &[&str] = &["current", "specific"];
const VERSIONS: &[&str] = &["latest", "latestFromBranch", "specific"];
const PREFERENCES: &[&str] = &["default", "stop", "continue", "silentlyContinue"];
const JAVA_HOMES: &[&str] = &["JDKVersion", "Path"];

/// Inputs that decide, before the run is queued, what a step is: no macro can.
pub const DECISIVE: &[(&str, &str)] =
    &[("Bash", "targetType"), ("PowerShell", "targetType"), ("PythonScript", "scriptSource")];

/// Returns the inputs of a task that take one of a few words, with these.
pub fn choices(task: &str) -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    CHOICES.iter().filter(move |(name, ..)| *name == task).map(|(_, input, words)| (*input, *words))
}

#[cfg(test)]
mod tests {
    use super::super::{call, find};
    use super::*;

    #[test]
    fn every_row_names_an_input_and_its_default() {
        for (task, name, words) in CHOICES {
            let input = find(task).and_then(|task| task.input(name)).unwrap_or_else(|| panic!("{task} {name}"));
            assert_eq!(input.name, *name);
            let is_word = words.iter().any(|word| word.eq_ignore_ascii_case(input.default));
            assert!(is_word || input.default.is_empty(), "{task} {name}");
        }
    }

    #[test]
    fn every_command_of_a_tool_is_a_word() {
        for tool in call::TOOLS {
            for (name, words) in choices(tool.task) {
                let used = tool.calls.iter().flat_map(|call| call.when).filter(|(input, _)| *input == name);
                for word in used.flat_map(|(_, used)| *used) {
                    assert!(words.iter().any(|known| known.eq_ignore_ascii_case(word)), "{} {word}", tool.task);
                }
            }
        }
    }
}
