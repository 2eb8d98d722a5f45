//! Names of files: what a path ends with, and which of them somebody runs.

use super::requirement::Requirement;

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

/// Files of settings and descriptions that builders and runners of tests do what is said in, by their whole names.
const OBEYED: &[&str] = &[
    "pytest.ini",
    ".pytest.ini",
    "tox.ini",
    "setup.cfg",
    "pyproject.toml",
    "noxfile.toml",
    "behave.ini",
    ".rspec",
    "phpunit.xml",
    "phpunit.xml.dist",
    "composer.json",
    "Cargo.toml",
    "pom.xml",
    "build.xml",
    "CMakeLists.txt",
    "CMakePresets.json",
    "meson.build",
    "Gemfile",
    "Rakefile",
    "Guardfile",
    "Capfile",
    "Vagrantfile",
    "Procfile",
    "Justfile",
    "justfile",
    "Taskfile.yml",
    "Taskfile.yaml",
    "mkdocs.yml",
    "skaffold.yaml",
    "Tiltfile",
    "Earthfile",
    "WORKSPACE",
    "BUILD",
    "BUILD.bazel",
    "deno.json",
    "jest.config.json",
    ".pre-commit-config.yaml",
    ".gitmodules",
    ".gitattributes",
];

/// Ends of names of others, and of sources that builders and runners find by themselves.
const OBEYED_SUFFIXES: &[&str] = &[
    ".cmake", ".ninja", ".nix", ".rake", ".gemspec", ".gradle", ".kts", ".sbt", ".groovy", ".exs", ".bzl", ".jsx",
    ".tsx", ".mts", ".cts", ".robot", ".feature", ".ipynb", ".pkr.hcl",
];

/// Names of files in which a line is a setting or a value of its own.
const OF_LINES: &[&str] = &[
    "gradle.properties",
    "maven.config",
    "jvm.config",
    "my.cnf",
    ".my.cnf",
    ".pg_service.conf",
    ".pgpass",
    "pip.conf",
    "Chart.yaml",
    "values.yaml",
    "kustomization.yaml",
    "supervisord.conf",
];

/// Names of others that programs look for.
const TAKEN_UP: &[&str] =
    &["GNUmakefile", "docker-compose.yml", "docker-compose.yaml", "Containerfile", "rebar.config"];

/// Returns the last part of a path: nothing, where it ends with `/`.
pub(in crate::shell) fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// Says whether a file of this name is likely to be run.
pub(in crate::shell) fn is_run(file: &str) -> bool {
    RUN_SUFFIXES.iter().any(|suffix| file.ends_with(suffix)) || RUN_PARTS.iter().any(|part| file.contains(part))
}

/// Says whether a payload must not choose this name for a file: programs run such a file, or do what it says, wherever
/// they find it.
pub(in crate::shell) fn is_taken_up(name: &str) -> bool {
    let ends_so = |suffix: &&str| if suffix.starts_with('.') { name.ends_with(*suffix) } else { name == *suffix };
    RUN_SUFFIXES.iter().any(ends_so)
        || OBEYED_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
        || [OBEYED, OF_LINES, TAKEN_UP].iter().any(|names| names.contains(&name))
}

/// Returns what text must be that is written to a file of this name, where programs do what is said in it: that of
/// settings and descriptions takes nothing by which a line of another kind could begin, and a list of variables no further
/// line.
pub(in crate::shell) fn written_as(file: &str) -> Option<Requirement> {
    let name = base(file);
    let is_obeyed = OBEYED.contains(&name) || OBEYED_SUFFIXES.iter().any(|suffix| name.ends_with(suffix));
    let are_variables = name.ends_with(".env") || name.starts_with(".env.") || OF_LINES.contains(&name);
    match () {
        () if is_obeyed => Some(Requirement::PlainPath),
        () if are_variables => Some(Requirement::OneLine),
        () => None,
    }
}
