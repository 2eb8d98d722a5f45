//! What payload text may be in the inputs of tasks.
//!
//! An input is data: a pattern, a name, an argument. Two kinds are more than that. Some decide what
//! the task does, and some are paths, which must not leave the job's folders. A worker refuses both
//! when the step runs; this table lets a run be rejected before anything is queued.

use super::Definition;

/// What payload text may be in an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Anything.
    Data,
    /// A path below the job's folders: neither absolute nor with `..`.
    Path,
    /// Nothing of a payload: it decides what the task does, or which file runs.
    Decision,
}

/// Inputs that decide, beside those that say yes or no.
const DECISIONS: &[&str] = &[
    "archiveType",
    "tarCompression",
    "sevenZipCompression",
    "pathToSevenZipTool",
    "publishLocation",
    "source",
    "buildType",
    "pipeline",
    "definition",
    "alias",
    "buildVersionToDownload",
    "downloadType",
    "testRunner",
    "scriptSource",
    "scriptPath",
    "targetType",
    "filePath",
    "bashEnvValue",
    "pythonInterpreter",
    "command",
    "versionSource",
    "versionSpec",
    "version",
    "versionFilePath",
    "versioningScheme",
    "versionEnvVar",
    "jdkSourceOption",
    "jdkVersion",
    "javaHomeSelection",
    "mavenVersionSelection",
    "wrapperScript",
    "cacheHitVar",
    "errorActionPreference",
];

/// Inputs that are paths.
const PATHS: &[&str] = &[
    "rootFolderOrFile",
    "archiveFile",
    "targetPath",
    "PathtoPublish",
    "path",
    "downloadPath",
    "destinationFolder",
    "SourceFolder",
    "TargetFolder",
    "searchFolder",
    "workingDirectory",
    "workingDir",
    "reportDirectory",
    "cwd",
];

impl Definition {
    /// Returns what payload text may be in the input of a name.
    pub fn role(&self, input: &str) -> Role {
        let is_flag = self.is_flag(input);
        let Some(input) = self.input(input) else { return Role::Data };
        match () {
            () if is_flag || DECISIONS.contains(&input.name) => Role::Decision,
            () if PATHS.contains(&input.name) => Role::Path,
            () => Role::Data,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_tables_is_an_input() {
        for name in DECISIONS.iter().chain(PATHS) {
            let is_known = super::super::all().any(|task| task.inputs.iter().any(|input| input.name == *name));
            assert!(is_known, "{name}");
        }
    }
}
