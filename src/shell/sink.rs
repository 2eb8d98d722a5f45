//! What programs do with their arguments: which of them read one as code, as an option, or as a
//! name.

use super::bash::{Bash, Command};
use super::requirement::{Judgement, Requirement};
use super::word::Word;

/// The reason for text that an interpreter reads from its standard input.
pub(super) const INPUT: &str = "the standard input of a program that runs it";

/// Commands that run their arguments, or programs in their arguments: any part of them may be
/// code.
const RUNS_ARGUMENTS: [&str; 34] = [
    "eval",
    "source",
    ".",
    "trap",
    "exec",
    "command",
    "builtin",
    "nohup",
    "nice",
    "timeout",
    "xargs",
    "env",
    "find",
    "ssh",
    "su",
    "sudo",
    "doas",
    "watch",
    "parallel",
    "awk",
    "gawk",
    "mawk",
    "sed",
    "perl",
    "alias",
    "compgen",
    "complete",
    "wait",
    "getopts",
    "mapfile",
    "readarray",
    "enable",
    "at",
    "batch",
];
/// Commands whose arguments are names of variables, which bash evaluates.
const TAKES_NAMES: [&str; 3] = ["unset", "read", "printf"];
/// Commands that declare variables: `name=value`.
const DECLARES: [&str; 5] = ["declare", "typeset", "local", "export", "readonly"];
/// Programs that run what they read, or what stands behind an option.
const INTERPRETERS: [&str; 13] =
    ["bash", "sh", "dash", "zsh", "ksh", "python", "python3", "node", "ruby", "perl", "php", "psql", "mysql"];
/// Commands that take every argument as data.
const TAKES_DATA: [&str; 6] = ["test", "[", ":", "true", "false", "cat"];
/// Variables that shells, linkers and other programs obey.
const SPECIAL_VARIABLES: [&str; 22] = [
    "PATH",
    "IFS",
    "ENV",
    "HOME",
    "SHELL",
    "CDPATH",
    "PS0",
    "PS1",
    "PS2",
    "PS3",
    "PS4",
    "PROMPT_COMMAND",
    "SHELLOPTS",
    "BASHOPTS",
    "RANDOM",
    "SRANDOM",
    "OPTIND",
    "SECONDS",
    "LINENO",
    "HISTCMD",
    "EDITOR",
    "PAGER",
];
const SPECIAL_PREFIXES: [&str; 8] = ["LD_", "DYLD_", "BASH_", "GIT_", "PYTHON", "PERL", "NODE_", "PIPEHOOK_"];

pub(super) fn is_special_variable(name: &str) -> bool {
    SPECIAL_VARIABLES.contains(&name) || SPECIAL_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Judges the holes in a command's words. Says whether the command runs its standard input.
pub(super) fn judge(bash: &mut Bash<'_>, command: &Command) -> bool {
    let [name, arguments @ ..] = command.words.as_slice() else { return false };
    bash.require_of_word(name, Requirement::Plain, "the name of a command");
    if !name.is_literal {
        arguments
            .iter()
            .for_each(|word| bash.require_of_word(word, Requirement::Plain, "an argument of an unknown command"));
        return true;
    }
    let program = name.text.rsplit('/').next().unwrap_or(&name.text);
    match program {
        "echo" => arguments.iter().filter(|word| word.begins_with_hole).for_each(|word| {
            word.holes.iter().for_each(|&hole| {
                bash.judge(hole, Judgement::requires(Requirement::NotAnEchoOption, "an argument of `echo`"));
            });
        }),
        "let" => require_all(bash, arguments, Requirement::Integer, "a number in arithmetic"),
        "exit" | "return" | "shift" | "break" | "continue" => {
            require_all(bash, arguments, Requirement::Integer, "a number");
        }
        "test" | "[" => bash.judge_test(arguments),
        _ if TAKES_DATA.contains(&program) && program != "cat" => {}
        _ if TAKES_NAMES.contains(&program) => names(bash, program, arguments),
        _ if DECLARES.contains(&program) => declarations(bash, arguments),
        _ if RUNS_ARGUMENTS.contains(&program) => {
            require_all(bash, arguments, Requirement::Plain, "an argument of a program that may run it");
        }
        _ if INTERPRETERS.contains(&program) => return interpreter(bash, arguments),
        _ => options(bash, arguments),
    }
    program == "xargs" || program == "parallel" || program == "source" || program == "." || program == "ssh"
}

fn require_all(bash: &mut Bash<'_>, words: &[Word], requirement: Requirement, reason: &'static str) {
    words.iter().for_each(|word| bash.require_of_word(word, requirement, reason));
}

/// `printf` takes a name behind `-v`, and its format before all data; `read` and `unset` take
/// nothing but names.
fn names(bash: &mut Bash<'_>, program: &str, arguments: &[Word]) {
    let is_data = |place: usize| program == "printf" && place > 0 && !arguments[0].is("-v");
    let judged = arguments.iter().enumerate().filter(|(place, _)| !is_data(*place));
    for (_, word) in judged {
        let requirement = if program == "printf" { Requirement::NotAnOption } else { Requirement::Plain };
        let requirement = if arguments[0].is("-v") { Requirement::Plain } else { requirement };
        bash.require_of_word(word, requirement, "an option, or the name of a variable");
    }
}

fn declarations(bash: &mut Bash<'_>, arguments: &[Word]) {
    let evaluates = arguments
        .iter()
        .any(|word| word.is_literal && word.text.starts_with('-') && word.text.contains(['i', 'a', 'A', 'n']));
    for word in arguments {
        match word.assigned_name().map(str::to_owned).filter(|_| !word.begins_with_hole && !evaluates) {
            Some(name) => bash.assign(&name, word),
            None => bash.require_of_word(word, Requirement::Integer, "what a declaration evaluates"),
        }
    }
}

/// The first argument that is no option is a file to run; what stands behind it is data. An
/// option may be code.
fn interpreter(bash: &mut Bash<'_>, arguments: &[Word]) -> bool {
    let file = arguments.iter().position(|word| !(word.is_literal && word.text.starts_with('-')));
    let has_code_option = arguments.iter().any(|word| {
        word.is_literal
            && word.text.starts_with('-')
            && !word.text.starts_with("--")
            && word.text.contains(['c', 'e', 's'])
    });
    let is_stdin = |word: &Word| word.is("-") || word.is("/dev/stdin");
    let behind_file = file.filter(|_| !has_code_option).map_or(arguments.len(), |at| at + 1);
    require_all(bash, &arguments[..behind_file], Requirement::Plain, "code, or the name of a file that is run");
    options(bash, &arguments[behind_file..]);
    has_code_option || file.is_none_or(|at| is_stdin(&arguments[at]))
}

/// An argument of a program must not turn into an option of it, up to `--`.
fn options(bash: &mut Bash<'_>, arguments: &[Word]) {
    for word in arguments.iter().take_while(|word| !word.is("--")).filter(|word| word.begins_with_hole) {
        if let Some(&first) = word.holes.first() {
            bash.judge(first, Judgement::requires(Requirement::NotAnOption, "an option of a program"));
        }
    }
}
