//! Programs that run, or do what is said in, files that nobody gives to an interpreter: runners of tests, builders, tools
//! with files of their own. One table, from their manuals.

use super::listing::may_be_same;

/// A program that runs files.
#[derive(Debug)]
pub(super) struct Runner {
    names: &'static [&'static str],
    /// The files that it finds by itself below its folder: patterns in which `*` is any text.
    pub(super) finds: &'static [&'static str],
    pub(super) operands: Operands,
    /// Options with a value that is the next word, and nothing but data.
    data: &'static [&'static str],
    /// Options whose value names a file, a folder, a module or a setting that it does what is said in.
    obeys: &'static [&'static str],
    /// Options among those whose value is a pattern of further files that it runs.
    patterns: &'static [&'static str],
    /// Options behind which two words are data: a name and its value.
    pairs: &'static [&'static str],
}

/// What the words of a program are that are no options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operands {
    /// Files, folders and modules that it runs.
    Files,
    /// The same, where one of these words stands among its words.
    FilesBehind(&'static [&'static str]),
    /// Folders with a file of theirs that it does what is said in.
    Folders,
    /// The same, where one of these words stands among its words.
    FoldersBehind(&'static [&'static str]),
    /// Names of what its author's file describes.
    Targets,
    /// What chooses among the files that it finds, or nothing.
    Data,
}

use Operands::{Data, Files, FilesBehind, Folders, FoldersBehind, Targets};

const fn runner(
    names: &'static [&'static str],
    finds: &'static [&'static str],
    operands: Operands,
    data: &'static [&'static str],
    obeys: &'static [&'static str],
) -> Runner {
    Runner { names, finds, operands, data, obeys, patterns: &[], pairs: &[] }
}

impl Runner {
    const fn with_patterns(self, patterns: &'static [&'static str]) -> Self {
        Self { patterns, ..self }
    }

    const fn with_pairs(self, pairs: &'static [&'static str]) -> Self {
        Self { pairs, ..self }
    }
}

const RUNNERS: &[Runner] = &[
    // Without any option it takes `test*.txt` for sessions of Python that it runs, and each `.txt` and `.rst` that it is
    // given ("Doctest integration for modules and test files").
    runner(
        &["pytest", "py.test", "pytest-3"],
        &["test*.txt"],
        Files,
        &[
            "-k",
            "-m",
            "-n",
            "-r",
            "-W",
            "--numprocesses",
            "--dist",
            "--tb",
            "--maxfail",
            "--durations",
            "--cov",
            "--cov-report",
            "--cov-fail-under",
            "--junitxml",
            "--junit-xml",
            "--junit-prefix",
            "--html",
            "--timeout",
            "--reruns",
            "--base-url",
            "--log-level",
            "--log-cli-level",
            "--log-file",
            "--verbosity",
        ],
        &[
            "-p",
            "-c",
            "-o",
            "--config-file",
            "--rootdir",
            "--confcutdir",
            "--override-ini",
            "--doctest-glob",
            "--cov-config",
            "--basetemp",
            "--pythonpath",
            "--import-mode",
        ],
    )
    .with_patterns(&["--doctest-glob"]),
    runner(
        &["unittest", "nose2", "nosetests", "nose", "trial", "ward"],
        &[],
        Files,
        &["-k", "-p", "--pattern", "--processes", "--xunit-file"],
        &["-s", "-t", "-c", "--start-directory", "--top-level-directory", "--config", "--plugin", "-w", "--where"],
    ),
    runner(
        &["behave", "cucumber", "cucumber-js", "godog", "lettuce"],
        &["*.feature"],
        Files,
        &["-n", "--name", "-t", "--tags", "-D", "--define", "-o", "--outfile", "--junit-directory"],
        &["-r", "--require", "-f", "--format", "--stage", "-i", "-p", "--profile", "--import", "--require-module"],
    ),
    runner(
        &["robot", "pabot", "rebot", "robot.run"],
        &["*.robot", "*.resource"],
        Files,
        &[
            "-i",
            "--include",
            "-e",
            "--exclude",
            "-t",
            "--test",
            "-s",
            "--suite",
            "-N",
            "--name",
            "-d",
            "--outputdir",
            "-o",
            "-l",
            "-r",
            "-x",
            "--output",
            "--log",
            "--report",
            "--xunit",
            "-L",
            "--loglevel",
            "-v",
            "--variable",
            "-D",
            "--doc",
            "-M",
            "--metadata",
            "-G",
            "--settag",
        ],
        &[
            "-V",
            "--variablefile",
            "-P",
            "--pythonpath",
            "--listener",
            "-A",
            "--argumentfile",
            "--prerunmodifier",
            "--prerebotmodifier",
            "--parser",
            "--language",
            "--runemptysuite",
        ],
    ),
    // Files of Perl, of any name; of a folder those that end so (prove(1)).
    runner(
        &["prove", "yath"],
        &["*.t"],
        Files,
        &["-j", "--jobs", "--state", "--timer", "--formatter", "--color"],
        &["-I", "-e", "--exec", "-P", "-M", "--rc", "--ext", "--harness", "--source", "-a", "--archive"],
    ),
    runner(
        &["mocha", "ava", "jasmine", "tap", "tape", "karma", "qunit"],
        &[],
        Files,
        &[
            "-g",
            "--grep",
            "-f",
            "--fgrep",
            "-t",
            "--timeout",
            "-s",
            "--slow",
            "-j",
            "--jobs",
            "--filter",
            "-m",
            "--match",
        ],
        &[
            "-r",
            "--require",
            "--file",
            "-c",
            "--config",
            "-R",
            "--reporter",
            "--spec",
            "-n",
            "--node-option",
            "-u",
            "--ui",
            "--package",
            "-O",
            "--reporter-option",
            "--helper",
        ],
    ),
    // What stands behind these chooses among the tests that their settings name.
    runner(
        &["jest", "vitest", "playwright", "testcafe", "wdio", "nightwatch", "cypress"],
        &[],
        Data,
        &["-t", "--testNamePattern", "-g", "--grep", "--browser", "--project", "--shard", "--workers"],
        &[
            "-c",
            "--config",
            "--rootDir",
            "--root",
            "--roots",
            "--dir",
            "--setupFiles",
            "--setupFilesAfterEnv",
            "--globalSetup",
            "--globalTeardown",
            "--reporters",
            "--reporter",
            "--runner",
            "--testRunner",
            "--resolver",
            "--transform",
            "--env",
            "--environment",
            "--preset",
            "--filter",
            "--testMatch",
            "--testRegex",
            "--runTestsByPath",
            "--modulePaths",
            "--spec",
            "-s",
            "-C",
            "--config-file",
            "--project-root",
            "-P",
        ],
    ),
    runner(
        &["rspec", "minitest", "turnip", "cutest"],
        &[],
        Files,
        &["-e", "--example", "-t", "--tag", "-E", "--example-matches", "--seed", "-o", "--out"],
        &["-r", "--require", "-I", "-O", "--options", "--default-path", "-f", "--format", "-P", "--pattern"],
    ),
    runner(
        &["phpunit", "pest", "paratest", "codecept", "phpspec", "phpstan", "psalm"],
        &[],
        Files,
        &["--filter", "--group", "--exclude-group", "--testsuite", "--log-junit", "-g", "--level", "-l"],
        &[
            "-c",
            "--configuration",
            "--bootstrap",
            "--include-path",
            "--printer",
            "--extension",
            "-d",
            "-a",
            "--autoload-file",
            "--config",
        ],
    ),
    runner(&["locust"], &[], Data, &["-u", "-r", "-t", "-H", "--host", "--tags"], &["-f", "--locustfile", "--config"]),
    runner(
        &["gulp", "grunt", "fab", "thor", "cap", "phing", "jake", "fastlane"],
        &[],
        Targets,
        &[],
        &["-f", "--gulpfile", "--gruntfile", "--fabfile", "--cwd", "--base", "--require", "-r", "--tasks", "-c"],
    ),
    runner(
        &["sphinx-build", "sphinx-autobuild", "sphinx"],
        &[],
        Folders,
        &["-A", "-j", "-d", "-w", "-t"],
        &["-c", "-D", "-b"],
    ),
    runner(&["mkdocs"], &[], Data, &["-d", "--site-dir", "-m", "--message"], &["-f", "--config-file", "-t", "--theme"]),
    runner(&["ninja", "samu"], &[], Targets, &["-j", "-k", "-l"], &["-f", "-C", "-t", "-d"]),
    runner(
        &["cmake", "ccmake"],
        &[],
        Folders,
        &["-G", "-A", "-j", "--target", "-t", "--config", "--parallel", "--prefix", "--component", "--log-level"],
        &["-P", "-C", "-S", "-E", "-T", "--toolchain", "--preset", "--install", "--build", "--open"],
    ),
    runner(
        &["ctest"],
        &[],
        Data,
        &["-R", "-E", "-L", "-LE", "-j", "-C", "--timeout", "--output-junit"],
        &["--test-dir", "-S", "-SP", "--build-and-test", "--script", "--preset", "-T", "-M", "-D"],
    ),
    runner(
        &["meson"],
        &[],
        FoldersBehind(&["setup", "configure"]),
        &["--buildtype", "--prefix", "-j"],
        &["-C", "--native-file", "--cross-file", "--wrapper", "--wrap", "--gdb-path"],
    ),
    runner(
        &["packer"],
        &[],
        FilesBehind(&["build", "init", "validate"]),
        &["-var", "-only", "-except"],
        &["-var-file"],
    ),
    runner(
        &["nix-build", "nix-shell", "nix-instantiate", "nixos-rebuild"],
        &[],
        Files,
        &["-A", "--attr", "-o", "--out-link", "--max-jobs", "-j"],
        &["-E", "--expr", "-I", "--run", "--command", "-p", "--packages", "--option", "--arg"],
    ),
    runner(
        &["papermill"],
        &[],
        Files,
        &["-p", "--parameters", "-r", "--parameters_raw", "-b", "--log-level"],
        &[
            "-f",
            "--parameters_file",
            "-y",
            "--parameters_yaml",
            "-k",
            "--kernel",
            "--engine",
            "--cwd",
            "--prepare-only",
        ],
    )
    .with_pairs(&["-p", "-r", "--parameters", "--parameters_raw"]),
    runner(
        &["jupyter", "jupyter-nbconvert", "nbconvert", "quarto"],
        &[],
        FilesBehind(&["nbconvert", "--execute", "run", "execute", "render"]),
        &["--to", "--output", "--output-dir"],
        &["--config", "--template", "--execute-params"],
    ),
    runner(
        &["gunicorn", "uvicorn", "hypercorn", "waitress-serve", "celery", "flask", "scrapy", "streamlit", "dramatiq"],
        &[],
        FilesBehind(&["gunicorn", "uvicorn", "hypercorn", "waitress-serve", "dramatiq", "runspider", "run"]),
        &["-b", "--bind", "-w", "--workers", "--port", "--host", "-p", "-h"],
        &["-A", "--app", "-c", "--config", "--pythonpath", "--chdir", "--env-file"],
    ),
    runner(
        &["kustomize", "jsonnet", "kapitan", "cue", "dhall"],
        &[],
        FoldersBehind(&["build", "jsonnet", "kapitan", "eval", "export"]),
        &["-o", "--output", "-n", "--namespace", "-V", "--ext-str", "--tla-str"],
        &["-J", "--jpath", "--ext-code", "--tla-code", "-e", "--exec"],
    ),
    runner(
        &["skaffold", "tilt", "earthly", "dagger", "werf", "devspace", "concourse", "drone"],
        &[],
        Data,
        &["-t", "--tag", "-n", "--namespace", "--default-repo"],
        &["-f", "--filename", "--file", "-p", "--profile", "--config", "-m", "--mod"],
    ),
];

/// Says whether a command may have an option whose value is a pattern of files that some runner runs.
pub(super) fn has_pattern_option(command: &str) -> bool {
    RUNNERS.iter().flat_map(|runner| runner.patterns).any(|option| command.contains(option))
}

/// Returns what is known of a program of this name that runs files.
pub(super) fn find(name: &str) -> Option<&'static Runner> {
    RUNNERS.iter().find(|runner| runner.names.contains(&name))
}

impl Runner {
    /// Says whether the word behind an option is data.
    pub(super) fn takes_data(&self, option: &str) -> bool {
        self.data.contains(&option)
    }

    /// Says whether two words behind an option are data.
    pub(super) fn takes_pair(&self, option: &str) -> bool {
        self.pairs.contains(&option)
    }

    /// Says whether the value of an option is a pattern of files that it runs.
    pub(super) fn takes_pattern(&self, option: &str) -> bool {
        self.patterns.contains(&option)
    }

    /// Says whether the value of an option names what the program does.
    pub(super) fn obeys(&self, option: &str) -> bool {
        self.obeys.contains(&option)
    }

    /// Says whether a word begins with an option of one letter whose value names what the program does and is glued to
    /// it: `-pplugin`.
    pub(super) fn obeys_glued(&self, word: &str) -> bool {
        !word.starts_with("--") && word.get(..2).is_some_and(|option| self.obeys(option))
    }

    /// Says whether it may find a file by itself. In the name, `${…}` is what the script's author has not set, and `*` any
    /// text.
    pub(super) fn may_find(&self, file: &str) -> bool {
        self.finds.iter().any(|pattern| may_be_found(pattern, file))
    }
}

/// Says whether a file may be found by a pattern, where `${…}` in its name is what the script's author has not set, and
/// `*` any text.
pub(super) fn may_be_found(pattern: &str, file: &str) -> bool {
    if file.contains('*') {
        return may_be_same(pattern, file);
    }
    let name = without_variables(file);
    match pattern.split_once('*') {
        Some((first, last)) => {
            name.len() >= first.len() + last.len() && name.starts_with(first) && name.ends_with(last)
        }
        None => name == pattern,
    }
}

/// Returns a name with a letter in place of each variable.
fn without_variables(file: &str) -> String {
    let mut name = String::new();
    let mut rest = file;
    while let Some((before, behind)) = rest.split_once("${") {
        name.push_str(before);
        name.push('x');
        rest = behind.split_once('}').map_or("", |(_, after)| after);
    }
    name + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(program: &str, file: &str, wanted: bool) {
        assert_eq!(find(program).is_some_and(|runner| runner.may_find(file)), wanted, "{program} {file}");
    }

    #[test]
    fn files_are_found_by_their_names() {
        check("pytest", "test_plan.txt", true);
        check("pytest", "test.txt", true);
        check("pytest", "message.txt", false);
        check("pytest", "test_plan.rst", false);
        check("pytest", "test_${RUN}.txt", true);
        check("pytest", "${OUT}", false);
        check("pytest", "${OUT}.txt", false);
        check("pytest", "*.txt", true);
        check("pytest", "notes-*.txt", false);
        check("prove", "a.t", true);
        check("prove", "a.txt", false);
        check("echo", "a.t", false);
    }

    #[test]
    fn no_option_is_data_and_obeyed() {
        for runner in RUNNERS {
            assert!(runner.data.iter().all(|option| !runner.obeys(option)), "{runner:?}");
            assert!(runner.patterns.iter().all(|option| runner.obeys(option)), "{runner:?}");
            assert!(runner.pairs.iter().all(|option| runner.takes_data(option)), "{runner:?}");
            assert!(
                runner.names.iter().all(|name| find(name).is_some_and(|it| it.names == runner.names)),
                "{runner:?}"
            );
        }
    }
}
