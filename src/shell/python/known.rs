//! Names by which a Python script runs text, starts programs, loads data and touches files.

/// Functions that run their argument as code or as a command.
pub(super) const RUNNING: &[&str] = &[
    "eval",
    "exec",
    "compile",
    "execfile",
    "__import__",
    "system",
    "popen",
    "getoutput",
    "getstatusoutput",
    "import_module",
    "run_path",
    "run_module",
    "getattr",
    "setattr",
    "delattr",
    "globals",
    "locals",
    "vars",
    "attrgetter",
    "methodcaller",
    "getmembers",
    "getmembers_static",
    "getattr_static",
    "create_subprocess_shell",
    "spawn",
    "interact",
    "runsource",
    "runcode",
    "exec_command",
    "send_command",
    "pickle",
    "marshal",
    "dill",
    "shelve",
    "cPickle",
    "exec_module",
    "spec_from_file_location",
    "__dict__",
    "__builtins__",
    "__getattribute__",
    "__subclasses__",
    "timeit",
    "Timer",
    "runctx",
    "runeval",
    "CDLL",
    "LoadLibrary",
    "startfile",
    "allow_pickle",
    "unsafe_load",
    "unsafe_load_all",
    "full_load",
    "full_load_all",
    "sympify",
    "parse_expr",
    "lambdify",
    "jsonpickle",
    "cloudpickle",
    "numexpr",
    "subprocess_shell",
    "expandvars",
    "format_string",
    "dictConfig",
    "fileConfig",
    "testfile",
    "loadTestsFromName",
    "loadTestsFromNames",
    "resolve_name",
    "addsitedir",
    "load_source",
    "load_compiled",
    "zipimporter",
    "SourceFileLoader",
    "ForwardRef",
    "get_type_hints",
    "render_template_string",
    "send_bytes",
    "_send_bytes",
    "_send",
    "ForkingPickler",
    "load_extension",
];

/// Functions among them whose result may be a function that runs its argument.
pub(super) const FINDING: &[&str] = &[
    "getattr",
    "attrgetter",
    "methodcaller",
    "getmembers",
    "getmembers_static",
    "getattr_static",
    "vars",
    "globals",
    "locals",
    "import_module",
    "__import__",
    "__dict__",
    "__builtins__",
    "__getattribute__",
    "partial",
];

/// Beginnings of such names: the families of `os`.
pub(super) const RUNNING_PREFIXES: &[&str] = &["execv", "execl", "spawnv", "spawnl", "posix_spawn", "popen"];

/// Functions that start a program: of a list of words, the first says which.
pub(super) const STARTING: &[&str] = &[
    "run",
    "call",
    "check_call",
    "check_output",
    "Popen",
    "create_subprocess_exec",
    "subprocess_exec",
    "run_process",
    "open_process",
    "exec_run",
];

/// Functions whose first argument is code of a database.
pub(super) const QUERYING: &[&str] = &["execute", "executemany", "executescript", "query"];

/// Functions of `yaml` that make any object of a text, unless a loader is given that makes data alone.
pub(super) const LOADING: &[&str] = &["load", "load_all"];

/// Ends of the names of those loaders.
pub(super) const SAFE_LOADERS: &[&str] = &["SafeLoader", "BaseLoader"];

/// Functions that are given the names of files and folders, and nothing else that is text.
pub(super) const TOUCHING: &[&str] = &[
    "rmtree",
    "makedirs",
    "removedirs",
    "copyfile",
    "copy2",
    "copytree",
    "copymode",
    "copystat",
    "ZipFile",
    "TarFile",
    "unlink",
    "mkdir",
    "rmdir",
    "symlink",
    "symlink_to",
    "hardlink_to",
    "truncate",
    "mkfifo",
    "scandir",
    "listdir",
    "chdir",
    "joinpath",
    "with_name",
    "make_archive",
    "unpack_archive",
    "extractall",
    "PurePath",
    "PosixPath",
    "mkdtemp",
    "mkstemp",
    "NamedTemporaryFile",
    "TemporaryDirectory",
    "getline",
    "getlines",
    "FileInput",
    "FileHandler",
    "RotatingFileHandler",
];

/// The same of `os` and `shutil`, by names that other things have too.
pub(super) const TOUCHING_MEMBERS: &[&str] =
    &["rename", "renames", "replace", "remove", "copy", "move", "link", "chmod", "chown", "walk", "mknod", "rmdir"];

/// Functions that take a text for a format, if there is something to put in.
pub(super) const LOGGING: &[&str] = &["debug", "info", "warning", "warn", "error", "critical", "exception", "log"];

/// Functions among the templates' libraries that take the text of a template.
pub(super) const TEMPLATING: &[&str] = &["from_string", "compile_expression"];

/// What has such texts by their names: the dictionary of a loader.
pub(super) const TEMPLATE_TEXTS: &str = "mapping";

/// Those libraries.
pub(super) const TEMPLATES: &[&str] = &["jinja2", "mako", "django"];

/// Programs that take code in many ways, or start what else stands there: of these every word is to be known.
pub(super) const INTERPRETERS: &[&str] = &[
    "sh",
    "bash",
    "dash",
    "zsh",
    "ksh",
    "python",
    "python3",
    "node",
    "perl",
    "ruby",
    "php",
    "pwsh",
    "powershell",
    "cmd",
    "env",
    "sudo",
    "ssh",
    "xargs",
    "awk",
    "sed",
    "eval",
    "find",
    "su",
    "nohup",
    "timeout",
    "busybox",
    "psql",
    "mysql",
    "sqlite3",
    "docker",
    "nice",
    "stdbuf",
    "setsid",
    "chroot",
    "unshare",
    "ionice",
    "watch",
];

/// Programs that do so by some of their options.
pub(super) const OPTIONED: &[&str] = &["git", "tar", "make", "rsync", "curl", "zip", "npm", "pip", "pip3"];

/// Functions that give their text to a shell.
pub(super) const SHELLS: &[&str] =
    &["system", "popen", "getoutput", "getstatusoutput", "create_subprocess_shell", "subprocess_shell"];

/// Functions among those that run their argument whose names mean other things in short programs mostly.
pub(super) const COMMON: &[&str] = &["compile", "spawn", "vars", "globals", "locals", "getattr", "setattr", "delattr"];

/// Says whether the text of a short program, as a shell gives one to `python -c`, runs what it reads.
pub(super) fn code_runs(text: &str) -> bool {
    let words = text.split(|character: char| !(character.is_alphanumeric() || character == '_'));
    let runs = words.into_iter().any(|word| is_running(word) && !COMMON.contains(&word) || word == "cProfile");
    let loads = LOADING.iter().any(|load| text.contains(&format!("yaml.{load}")) || text.contains("yaml import load"));
    runs || loads && !SAFE_LOADERS.iter().any(|safe| text.contains(safe))
}

/// Says whether a function of this name runs its argument.
pub(super) fn is_running(name: &str) -> bool {
    RUNNING.contains(&name) || is_executing(name)
}

/// Says whether a function of this name is one of those of `os` that start a program.
pub(super) fn is_executing(name: &str) -> bool {
    RUNNING_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Programs that print nothing of files and of the variables of their environment.
const QUIET: &[&str] =
    &["date", "uname", "hostname", "whoami", "id", "nproc", "pwd", "which", "arch", "uptime", "true"];

/// What git is asked for that it does not take out of files.
const QUIET_GIT: &[&str] = &[
    "describe",
    "rev-parse",
    "rev-list",
    "branch",
    "symbolic-ref",
    "merge-base",
    "remote",
    "tag",
    "fetch",
    "push",
    "pull",
    "clone",
    "checkout",
    "switch",
];

/// Says whether a command of the author's prints nothing of files and variables.
pub(super) fn is_quiet(command: &str) -> bool {
    let is_one = |command: &str| {
        let mut words = command.split_whitespace();
        match words.next() {
            Some("git") => words.next().is_some_and(|word| QUIET_GIT.contains(&word)),
            Some(program) => QUIET.contains(&program),
            None => true,
        }
    };
    !command.contains(['$', '`', '<', '(', '\n']) && command.split(['|', '&', ';']).all(is_one)
}
