//! Ways in which a program text of `awk` or `sed` runs, or writes, what it reads.

use super::argument::Argument;
use super::embedded::is_python;
use super::language::runs_in_its_way;
use crate::shell::filename::base;
use crate::shell::python;

/// Commands of SQL shells by which they start a shell, or write to a command.
const SHELLS_OF_SQL: &[&str] =
    &[".shell", ".system", "\\!", ".output |", ".once |", ".import |", "\\o |", "\\g |", "program"];

/// Words of a program's code by which it runs a text as a command or as code.
const RUNNING_WORDS: &[&str] = &[
    "system",
    "exec",
    "passthru",
    "proc_open",
    "popen",
    "eval",
    "subprocess",
    "child_process",
    "spawn",
    "getline",
    "qx",
    "`",
    "%x",
    "Function(",
    "import_module",
    "__import__",
];

/// Modules of Perl that start programs, or open files as `open` does.
const MODULES_OF_PERL: &[&str] = &["IPC::", "IO::Pipe", "IO::File", "FileHandle", "IO::All", "Expect"];

/// Says whether an option of `perl` loads a module that runs texts.
pub(super) fn loads_running_module(option: &str) -> bool {
    option.starts_with(['-']) && option.contains(['M', 'm']) && MODULES_OF_PERL.iter().any(|it| option.contains(it))
}

/// Says whether a program text of an interpreter runs texts that it gets.
pub(super) fn runs_texts(name: &str, text: &str) -> bool {
    RUNNING_WORDS.iter().any(|word| text.contains(word)) || runs_in_its_way(name, text) || runs(name, text)
}

/// Says whether a program text of the interpreter `name` runs its input in a way that is its own: a pipe
/// or a computed file name in `awk`, the command or flag `e` of `sed`.
pub(super) fn runs(name: &str, text: &str) -> bool {
    match () {
        // What opens a file in these may open a pipe to a command by the same name.
        () if name == "ruby" => {
            let opens = text.match_indices("open").any(|(at, _)| !text[..at].ends_with("File."));
            opens || text.contains("IO.")
        }
        () if name == "perl" => {
            ["open", "require", "readpipe", "do "].iter().any(|word| text.contains(word))
                || MODULES_OF_PERL.iter().any(|module| text.contains(module))
                || evaluates_twice(text)
        }
        () if matches!(name, "sqlite3" | "psql" | "mysql" | "mariadb") => {
            SHELLS_OF_SQL.iter().any(|word| text.contains(word))
        }
        () if name.ends_with("awk") => {
            let bare = without_strings(text);
            [text, &bare].iter().any(|text| text.contains("|&") || pipes(text) || prints_to_computed(text))
        }
        () if is_python(name) => python::code_runs(text),
        () if matches!(name, "node" | "nodejs" | "bun" | "deno" | "tsx" | "ts-node") => {
            loads_computed(text) || loads_what_it_writes(text)
        }
        () if name.ends_with("sed") => text.split([';', '\n', '{', '}']).any(sed_executes),
        () => false,
    }
}

/// Words of a program's code by which it runs what it reads as code.
const EVALUATING: &[&str] = &["exec(", "eval(", "compile(", "execfile(", "runpy", "require(", "import(", "Function("];

/// Says whether a program's code may run, as code, a file that it names.
pub(super) fn evaluates(text: &str) -> bool {
    // An expression that is compiled is no program.
    let text = text.replace("re.compile(", "");
    EVALUATING.iter().any(|word| text.contains(word))
}

/// Says whether a program's code reads what it is given beside its arguments: its input or its environment.
pub(super) fn reads(text: &str) -> bool {
    ["stdin", "env", "ENV"].iter().any(|word| text.contains(word))
}

/// Says whether a program's code has to do with its environment, by itself or in a text for a shell.
pub(super) fn names_environment(text: &str) -> bool {
    ["env", "ENV", "expandvars", "system attribute", "$"].iter().any(|word| text.contains(word))
}

/// Returns the files that code names, which may be modules where it runs them: of Node by a path alone.
pub(super) fn files(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |it: char| it.is_alphanumeric() || "_.-/".contains(it);
    let loads = text.contains("require(") || text.contains("import(");
    let names = text.split(move |it| !is_part(it));
    names.filter(move |name| !name.is_empty() && (!loads || name.starts_with(['.', '/']) && !name.ends_with(".json")))
}

/// Returns what may be names of files in code.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |it: char| it.is_alphanumeric() || "_.-/".contains(it);
    text.split(move |it| !is_part(it)).filter(|token| !token.is_empty())
}

/// Returns the names of files in code that it may write: literals that a call begins with, or `>` stands in front of.
pub(super) fn written(text: &str) -> impl Iterator<Item = &str> {
    let literals = text.match_indices(['"', '\'']).filter_map(|(at, quote)| {
        let before = text[..at].trim_end().trim_end_matches(['r', 'b', 'f']);
        let behind = &text[at + 1..];
        let literal = &behind[..behind.find(quote)?];
        let name = literal.trim_start_matches(['>', '+', ' ']);
        (before.ends_with(['(', '>', '=']) || name.len() < literal.len()).then_some(name)
    });
    literals.filter(|name| !name.is_empty() && !name.contains([' ', '\n', '*', '$']))
}

/// Says whether code lists a folder's files.
pub(super) fn lists(text: &str) -> bool {
    ["listdir", "scandir", "glob", "readdir", "iterdir", "walk", "<*", "wildcard", "Dir["]
        .iter()
        .any(|word| text.contains(word))
}

/// Says whether a text of Node loads a module whose name is not a literal, makes a function of a text, or runs one in a
/// machine of its own.
fn loads_computed(text: &str) -> bool {
    let is_computed = |word: &str| text.match_indices(word).any(|(at, _)| !is_literal_alone(&text[at + word.len()..]));
    is_computed("import(")
        || is_computed("require(")
        || [
            "\"repl\"",
            "'repl'",
            "node:repl",
            "vm.",
            "runIn",
            ".constructor",
            "['constructor",
            "[\"constructor",
            "_compile",
        ]
        .iter()
        .any(|word| text.contains(word))
}

/// Words of Node by which a file gets text: behind the bracket stands its name.
const WRITING_OF_NODE: &[&str] =
    &["writeFile(", "writeFileSync(", "appendFile(", "appendFileSync(", "createWriteStream(", "openSync(", "open("];

/// Says whether a text of Node loads a file that it may have written itself: by a path, not by a module's name.
fn loads_what_it_writes(text: &str) -> bool {
    let behind = |words: &'static [&'static str]| {
        words
            .iter()
            .flat_map(move |word| text.match_indices(*word).map(move |(at, _)| text[at + word.len()..].trim_start()))
    };
    let is_path = |path: &&str| path.starts_with(['.', '/']) && !path.ends_with(".json");
    let loaded = behind(&["require(", "import(", "import ", "from "]).filter_map(literal_of).filter(is_path);
    let loaded: Vec<&str> = loaded.map(|path| stem(base(path))).collect();
    let is_loaded = |written: &str| {
        let parts: Vec<&str> = written.split('/').map(stem).collect();
        loaded.iter().any(|name| name.is_empty() || *name == ".." || parts.contains(name))
    };
    // The second name of a copy is not looked at: any may be.
    let copies = ["copyFile", "rename", "cpSync", "linkSync", "symlinkSync"].iter().any(|word| text.contains(word));
    !loaded.is_empty() && (copies || behind(WRITING_OF_NODE).any(|name| literal_of(name).is_none_or(is_loaded)))
}

/// Returns the literal that is the whole of the argument with which a text begins.
fn literal_of(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|it| ['"', '\'', '`'].contains(it))?;
    let (literal, behind) = text[1..].split_once(quote)?;
    let is_whole = behind.trim_start().starts_with([')', ',', ';', '\n']) || behind.trim_start().is_empty();
    (is_whole && !literal.contains("${")).then_some(literal)
}

/// Returns a file's name without the ending by which Node knows it for code.
fn stem(name: &str) -> &str {
    let ending = [".js", ".cjs", ".mjs", ".ts", ".node"].iter().find_map(|ending| name.strip_suffix(ending));
    ending.unwrap_or(name).trim_start_matches('.')
}

/// Says whether the argument that a text begins with is one literal.
pub(super) fn is_literal_alone(argument: &str) -> bool {
    let argument = argument.trim_start();
    let Some(quote) = argument.chars().next().filter(|it| ['"', '\'', '`'].contains(it)) else { return false };
    let Some((literal, behind)) = argument[1..].split_once(quote) else { return false };
    !literal.contains("${") && behind.trim_start().starts_with([')', ','])
}

/// Says whether `perl` opens its operands: with `-n` or `-p`, or as its code says. Such a name with a `|` is a
/// command.
pub(super) fn opens_operands(words: &[Argument]) -> bool {
    words.iter().any(|word| {
        let prefix = word.word.prefix();
        let names_library = ["-M", "-m", "-I", "-r"].iter().any(|option| prefix.starts_with(option));
        let loops = prefix.starts_with('-') && !names_library && prefix.contains(['n', 'p']);
        loops || word.word.texts().any(|text| ["<>", "ARGV>", "readline"].iter().any(|it| text.contains(it)))
    })
}

/// Says whether a text of `awk` has a `|` that is not half of `||`, outside of its string and regular
/// expression literals as far as one can tell: a pipe to a command.
fn pipes(text: &str) -> bool {
    text.match_indices('|').any(|(at, _)| {
        let is_or = text[..at].ends_with('|') || text[at + 1..].starts_with('|');
        let is_to_command = text[at + 1..]
            .trim_start()
            .starts_with(|next: char| matches!(next, '"' | '$' | '(') || next.is_alphabetic());
        let behind_print = text[..at].rsplit([';', '{', '}', '\n']).next().is_some_and(|it| it.contains("print"));
        !is_or && is_to_command && behind_print
    })
}

/// Says whether `print` goes to a file whose name is not a literal.
fn prints_to_computed(text: &str) -> bool {
    text.split([';', '}', '\n']).any(|statement| {
        let Some((_, printed)) = statement.split_once("print") else { return false };
        let Some((_, target)) = printed.rsplit_once('>') else { return false };
        let target = target.trim_start();
        let behind_literal = target.strip_prefix("\"\"").map_or("", |rest| rest.trim_start_matches([' ', ')']));
        target.starts_with(|next: char| next == '$' || next == '(' || next.is_alphabetic())
            || !behind_literal.is_empty()
    })
}

/// Returns a text of `awk` without what stands in its string literals.
fn without_strings(text: &str) -> String {
    let (mut bare, mut is_inside, mut is_escaped) = (String::new(), false, false);
    for letter in text.chars() {
        if letter == '"' && !is_escaped {
            is_inside = !is_inside;
            bare.push(letter);
        } else if !is_inside {
            bare.push(letter);
        }
        is_escaped = letter == '\\' && !is_escaped;
    }
    bare
}

/// Says whether a text of `perl` has a substitution with two `e` among its flags, which runs what it made.
fn evaluates_twice(text: &str) -> bool {
    text.match_indices(['/', '}', ')', ']', '|', '#', '!', ',', '~']).any(|(at, closer)| {
        let behind = &text[at + 1..];
        let end = behind.find(|it: char| !"gimsxore".contains(it)).unwrap_or(behind.len());
        behind[..end].matches('e').count() > 1 && !behind[end..].starts_with(closer)
    })
}

/// Says whether one command of `sed` runs something: `e`, or `s///e`, which runs what it made.
fn sed_executes(command: &str) -> bool {
    let command = command.trim();
    let bare = without_address(command);
    if bare == "e" || bare.starts_with("e ") {
        return true;
    }
    let Some(at) = command.rfind(|c: char| !(c.is_ascii_alphanumeric() || c.is_whitespace())) else { return false };
    let flags = command[at..].trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    let is_substitution = command.contains('s')
        && command.matches(&command[at..at + command[at..].chars().next().map_or(1, char::len_utf8)]).count() >= 3;
    is_substitution && flags.contains('e') && flags.chars().all(|flag| "gpiIemMw0123456789".contains(flag))
}

/// Returns a command of `sed` without the lines in front of it that it is for: `2,$`, `/pattern/`, `\,pattern,`.
fn without_address(command: &str) -> &str {
    let mut rest = command;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || ",$!~+ IM".contains(c));
        let mut letters = rest.chars();
        let delimiter = match letters.next() {
            Some('/') => '/',
            Some('\\') => letters.next().unwrap_or('/'),
            _ => return rest,
        };
        let pattern = letters.as_str();
        let is_end = |at: &usize| !pattern[..*at].ends_with('\\');
        let Some(end) = pattern.match_indices(delimiter).map(|(at, _)| at).find(is_end) else { return rest };
        rest = &pattern[end + delimiter.len_utf8()..];
    }
}

#[cfg(test)]
mod tests {
    use super::runs;

    #[track_caller]
    fn check(name: &str, text: &str, wanted: bool) {
        assert_eq!(runs(name, text), wanted, "{name} {text}");
    }

    #[test]
    fn what_awk_and_sed_run_is_seen() {
        check("awk", "{ print | \"sh\" }", true);
        check("gawk", "{ print $1 | $2 }", true);
        check("awk", "{ print > $1 }", true);
        check("awk", "{ print > \"out\" }", false);
        check("awk", "$1 > 5 || $2 < 3 { print $1 }", false);
        check("awk", "/a|b/ { print }", false);
        check("python3", "import yaml; yaml.load(x, yaml.Loader)", true);
        check("python3", "import yaml; yaml.load(x, Loader=yaml.SafeLoader)", false);
        check("python3", "import re; print(re.compile(x))", false);
        check("python3", "import timeit; timeit.timeit(x)", true);
        check("python3", "import cProfile; cProfile.run(x)", true);
        check("python3", "import json,sys; print(json.load(sys.stdin)[0])", false);
        check("node", "import(process.argv[1])", true);
        check("node", "require(process.argv[1])", true);
        check("node", "require('fs').readFileSync('a')", false);
        check("sed", "s/.*/&/e", true);
        check("sed", "s|a|b|; 1e", true);
        check("sed", "s/x/y/ge", true);
        check("sed", "e date", true);
        check("awk", "{ print \"echo a; echo \" $0 | \"sh\" }", true);
        check("awk", "{ print $0 | (\"sh\") }", true);
        check("awk", "{ print $0 \";\" | \"sh\" }", true);
        check("awk", "{ print $2 > \"out/\" $1 }", true);
        check("awk", "{ print $1; print $2 > \"out\"; close(\"out\") }", false);
        check("sed", "/./e", true);
        check("sed", "/a/,/b/!e", true);
        check("sed", "\\,a,e", true);
        check("sed", "/e/p", false);
        check("perl", "s/(.*)/$1/ee", true);
        check("perl", "s{(.*)}{$1}gee", true);
        check("perl", "s/see/free/; print \"see\" if /ee/", false);
        check("sed", "s/a/e/", false);
        check("sed", "s/one/the/g", false);
        check("sed", "/pattern/d", false);
        check("sed", "$d", false);
        check("sed", "s,/,e,", false);
    }
}
