//! Names of files: what a path ends with, and which of them somebody runs.

/// Ends of names of files that are run sooner or later.
const RUN_SUFFIXES: &[&str] = &[
    ".sh",
    ".bash",
    ".zsh",
    ".py",
    ".pl",
    ".rb",
    ".js",
    ".mjs",
    ".cjs",
    ".ts",
    ".ps1",
    ".php",
    ".lua",
    ".mk",
    ".cmd",
    ".bat",
    ".service",
    ".timer",
    "package.json",
    "Makefile",
    "makefile",
    "Dockerfile",
    "Jenkinsfile",
    "compose.yml",
    "compose.yaml",
    "rc",
    "profile",
    "_history",
    ".envrc",
    ".gdbinit",
    ".lldbinit",
    ".tf",
    ".npmrc",
];

/// Parts of such names and of runners' command files.
const RUN_PARTS: &[&str] = &[
    ".git/",
    "cron",
    "authorized_keys",
    ".ssh/",
    "/etc/",
    "GITHUB_ENV",
    "GITHUB_PATH",
    "GITHUB_OUTPUT",
    "BASH_ENV",
    ".gitconfig",
    "/bin/",
];

/// Returns the last part of a path: nothing, where it ends with `/`.
pub(in crate::shell) fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// Says whether a file of this name is likely to be run.
pub(in crate::shell) fn is_run(file: &str) -> bool {
    RUN_SUFFIXES.iter().any(|suffix| file.ends_with(suffix)) || RUN_PARTS.iter().any(|part| file.contains(part))
}
