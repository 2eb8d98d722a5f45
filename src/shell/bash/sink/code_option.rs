//! Programs that run a program text, and in which of their options and operands they have it: one table.

/// A program that runs a program text.
pub(super) struct Interpreter {
    pub(super) names: &'static [&'static str],
    /// Options whose value is code.
    pub(super) code: &'static [&'static str],
    /// Options whose value is read and not code; the rest of the options has no value.
    pub(super) values: &'static [&'static str],
    /// What the first operand is.
    pub(super) operand: Operand,
}

/// Where code is beside the options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operand {
    /// A file with code; without one, code comes from the standard input.
    File,
    /// Code, if no option gave any.
    Code,
    /// Neither; code comes from the standard input.
    Data,
}

const INTERPRETERS: &[Interpreter] = &[
    Interpreter {
        names: &["python", "python2", "python3", "pypy", "pypy3", "ipython", "ipython3"],
        code: &["-c"],
        values: &["-W", "-X"],
        operand: Operand::File,
    },
    Interpreter {
        names: &["node", "nodejs", "bun", "ts-node", "tsx"],
        code: &["-e", "-p", "--eval", "--print"],
        values: &[],
        operand: Operand::File,
    },
    Interpreter { names: &["ruby", "perl", "lua"], code: &["-e", "-E"], values: &[], operand: Operand::File },
    Interpreter { names: &["php"], code: &["-r"], values: &[], operand: Operand::File },
    Interpreter { names: &["Rscript", "groovy", "deno"], code: &["-e", "-c"], values: &[], operand: Operand::File },
    Interpreter {
        names: &["awk", "gawk", "mawk", "nawk"],
        code: &["-e", "--source"],
        values: &["-F", "-v"],
        operand: Operand::Code,
    },
    Interpreter { names: &["sed", "gsed"], code: &["-e", "--expression"], values: &["-l"], operand: Operand::Code },
    Interpreter {
        names: &["jq", "yq", "gojq", "jaq", "xq", "tomlq", "mlr"],
        code: &[],
        values: &["--arg", "--argjson", "--slurpfile", "--rawfile", "--indent"],
        operand: Operand::Code,
    },
    Interpreter {
        names: &["psql"],
        code: &["-c", "--command"],
        values: &["-h", "-U", "-d", "-p"],
        operand: Operand::Data,
    },
    Interpreter {
        names: &["mysql", "mariadb"],
        code: &["-e", "--execute"],
        values: &["-h", "-u", "-D", "-P"],
        operand: Operand::Data,
    },
    Interpreter {
        names: &["sqlite3", "bc", "dc", "ed", "crontab", "at", "batch"],
        code: &["-e", "-c"],
        values: &[],
        operand: Operand::Data,
    },
    Interpreter {
        names: &[
            "tclsh",
            "wish",
            "osascript",
            "julia",
            "elixir",
            "scala",
            "swift",
            "octave",
            "gnuplot",
            "m4",
            "R",
            "erb",
        ],
        code: &["-e", "-c", "--eval"],
        values: &[],
        operand: Operand::File,
    },
    Interpreter {
        names: &["mongo", "mongosh", "cqlsh", "clickhouse-client", "sqlcmd", "isql", "sqlplus", "influx"],
        code: &["-e", "-q", "-Q", "--eval", "--query", "--execute", "eval"],
        values: &["-h", "-p", "-u", "-d", "-n", "--host", "--port", "--user"],
        operand: Operand::Data,
    },
];

/// Returns the name of the program's file that is glued to an option, empty if the next word is it;
/// nothing if the option names none.
pub(super) fn file_option<'o>(interpreter: &Interpreter, option: &'o str) -> Option<&'o str> {
    let takes_file = interpreter.operand == Operand::Code || interpreter.names.contains(&"psql");
    if !takes_file {
        return None;
    }
    let is_gawk = interpreter.names.contains(&"gawk");
    if is_gawk && let Some(rest) = ["-E", "--exec", "-i", "--include"].iter().find_map(|it| option.strip_prefix(it)) {
        return Some(rest.strip_prefix('=').unwrap_or(rest));
    }
    let long = ["--file", "--from-file"].iter().find_map(|known| option.strip_prefix(known));
    if let Some(rest) = long {
        return Some(rest.strip_prefix('=').unwrap_or(rest));
    }
    if option.starts_with("-i") {
        return None;
    }
    let letters = option.strip_prefix('-').filter(|letters| !letters.starts_with('-'))?;
    let (flags, file) = letters.split_once('f')?;
    flags.chars().all(|flag| "nErsuzRSXq1tA".contains(flag)).then_some(file)
}

/// Says whether an option of an interpreter is followed by code.
pub(super) fn has_code_option(name: &str, option: &str) -> bool {
    find(name).is_some_and(|interpreter| takes_code(interpreter, option))
}

/// Says whether a program runs a program text.
pub(super) fn is_interpreter(name: &str) -> bool {
    find(name).is_some()
}

pub(super) fn find(name: &str) -> Option<&'static Interpreter> {
    let plain = without_version(name);
    INTERPRETERS.iter().find(|interpreter| interpreter.names.contains(&plain))
}

/// Returns a program's name without the version that may be a part of it.
pub(in crate::shell) fn without_version(name: &str) -> &str {
    if name.starts_with("python") { name.split('.').next().unwrap_or(name) } else { name }
}

/// Says whether an option is followed by code, also as the last of several letters.
pub(super) fn takes_code(interpreter: &Interpreter, option: &str) -> bool {
    let is_cluster = !option.starts_with("--") && interpreter.operand == Operand::File && option.len() > 2;
    interpreter.code.iter().any(|code| option == *code || is_cluster && code.len() == 2 && option.ends_with(&code[1..]))
}
