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
    "AWKPATH",
    "TERM",
    "LANG",
];

/// Beginnings of names of such variables.
const SPECIAL_PREFIXES: &[&str] = &["LD_", "DYLD_", "BASH_", "GIT_", "PYTHON", "PERL", "RUBY", "PIPEHOOK_"];

/// Ends of names of such variables.
const SPECIAL_SUFFIXES: &[&str] = &["FLAGS", "_proxy", "_PROXY", "_PAGER", "_EDITOR"];

/// Says whether a variable's value is more than data: shells, linkers, interpreters or other
/// programs obey it. Names are compared as they are; an environment's are in capitals.
pub fn is_special(name: &str) -> bool {
    SPECIAL.contains(&name)
        || SPECIAL_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || SPECIAL_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

/// Returns the name of a pipeline's variable in the environment.
pub fn environment_name(variable: &str) -> String {
    variable.replace(['.', ' '], "_").to_uppercase()
}
