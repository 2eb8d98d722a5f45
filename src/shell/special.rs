//! Names of variables that the shell or programs obey: no place for payload text.

/// Variables that choose what runs, or whose assignment is evaluated.
const SPECIAL: &[&str] = &[
    "PATH",
    "ENV",
    "IFS",
    "PS0",
    "PS1",
    "PS2",
    "PS3",
    "PS4",
    "PROMPT_COMMAND",
    "SHELLOPTS",
    "BASHOPTS",
    "BASH_ARGV0",
    "RANDOM",
    "SRANDOM",
    "OPTIND",
    "OPTARG",
    "SECONDS",
    "LINENO",
    "HISTCMD",
    "HISTFILE",
    "HOME",
    "SHELL",
    "CDPATH",
    "GLOBIGNORE",
    "EXECIGNORE",
    "FIGNORE",
    "HOSTFILE",
    "TEXTDOMAINDIR",
    "TIMEFORMAT",
    "EPOCHSECONDS",
    "NODE_OPTIONS",
    "NODE_PATH",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "CLASSPATH",
    "EDITOR",
    "VISUAL",
    "PAGER",
    "MANPAGER",
    "LESSOPEN",
    "LESSCLOSE",
    "LESS",
    "BROWSER",
    "TMPDIR",
    "MAKEFLAGS",
    "MFLAGS",
    "CC",
    "CXX",
    "LD",
    "FUNCNEST",
    "COMP_WORDBREAKS",
    "TMOUT",
    "GROUPS",
    "DIRSTACK",
    "UID",
    "EUID",
    "PPID",
    "POSIXLY_CORRECT",
    "RSYNC_RSH",
    "SSH_ASKPASS",
    "SUDO_ASKPASS",
    "BASH_ENV",
    "BASH_ALIASES",
    "BASH_CMDS",
    "BASH_COMPAT",
    "BASH_LOADABLES_PATH",
    "BASH_XTRACEFD",
    "AWKPATH",
    "TERM",
    "LANG",
];

/// Beginnings of names of such variables.
const SPECIAL_PREFIXES: &[&str] = &["LD_", "DYLD_", "BASH_FUNC_", "GIT_", "PYTHON", "PERL", "RUBY", "PIPEHOOK_"];

/// Ends of names of such variables.
const SPECIAL_SUFFIXES: &[&str] = &["FLAGS", "_proxy", "_PROXY", "_PAGER", "_EDITOR"];

/// Names that begin so and that `git` does not know: what people call a commit, a branch, a tag.
const NOT_SPECIAL: &[&str] = &[
    "GIT_SHA",
    "GIT_SHORT_SHA",
    "GIT_COMMIT",
    "GIT_COMMIT_SHA",
    "GIT_COMMIT_MESSAGE",
    "GIT_HASH",
    "GIT_REV",
    "GIT_REVISION",
    "GIT_REF",
    "GIT_BRANCH",
    "GIT_TAG",
    "GIT_VERSION",
    "GIT_REPO",
    "GIT_REPOSITORY",
];

/// How the outputs of a step of `PythonScript@0` begin that has no name of its own.
const SCRIPT_STEP: &str = "PYTHONSCRIPT";

/// Says whether a variable's value is more than data: shells, linkers, interpreters or other
/// programs obey it. Names are compared as they are; an environment's are in capitals.
pub fn is_special(name: &str) -> bool {
    let begins_so = SPECIAL_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    SPECIAL.contains(&name)
        || begins_so && !NOT_SPECIAL.contains(&name) && !name.starts_with(SCRIPT_STEP)
        || SPECIAL_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

/// Variables whose value is the name of a file that shells and interpreters run.
const RUN_FILES: &[&str] = &[
    "BASH_ENV",
    "ENV",
    "HISTFILE",
    "GIT_CONFIG",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "PYTHONSTARTUP",
    "PERL5DB",
    "RUBYOPT",
    "NODE_OPTIONS",
    "PROMPT_COMMAND",
    "ZDOTDIR",
    "INPUTRC",
];

/// Says whether a variable names a file that is run.
pub fn names_run_file(name: &str) -> bool {
    RUN_FILES.contains(&name) || name.starts_with("LD_") || name.starts_with("DYLD_")
}

/// Returns the name of a pipeline's variable in the environment.
pub fn environment_name(variable: &str) -> String {
    variable.replace(['.', ' '], "_").to_uppercase()
}

/// Beginnings of variable names that are not exported.
const PRIVATE: [&str; 5] = ["endpoint", "input", "secret", "path", "securefile"];

/// Says whether steps find a variable of the pipeline in their environment.
pub fn is_exported(variable: &str) -> bool {
    let is_private =
        |prefix: &&str| variable.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    let is_possible = !variable.is_empty() && !variable.contains(['=', '\0']);
    is_possible && !PRIVATE.iter().any(is_private)
}
