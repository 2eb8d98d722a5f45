//! Words by which code of languages that have no analysis here runs a text, or chooses by one what it runs: one table, from
//! their manuals. Names that most of them have are in [`by_name`](super::by_name).

/// What is known of a language, by its interpreters.
struct Language {
    names: &'static [&'static str],
    /// Names that run a text, start a program, load code, or are a way to functions by a name that is a text. What is in
    /// front of such a name may end no longer one.
    runs: &'static [&'static str],
    /// Names that do so with what stands behind them, unless that is a literal.
    takes: &'static [&'static str],
}

const LANGUAGES: &[Language] = &[
    Language { names: &["perl"], runs: &["use lib", "@INC", "&$", "&{", "->$", "->(", "syscall"], takes: &[] },
    Language {
        names: &["ruby", "jruby", "irb"],
        runs: &["Marshal", "syscall"],
        takes: &[
            "load",
            "require",
            "require_relative",
            "autoload",
            "send",
            "public_send",
            "__send__",
            "method",
            "public_method",
            "instance_method",
            "const_get",
            "define_method",
        ],
    },
    Language {
        names: &["php"],
        runs: &[
            "unserialize",
            "create_function",
            "extract(",
            "parse_str",
            "putenv",
            "dl(",
            "new $",
            "::$",
            "->$",
            "$$",
        ],
        takes: &[
            "include",
            "include_once",
            "require",
            "require_once",
            "call_user_func",
            "call_user_func_array",
            "array_map",
            "assert",
        ],
    },
    Language {
        names: &["node", "nodejs", "bun", "deno", "tsx", "ts-node"],
        runs: &[
            "global[",
            "globalThis[",
            "this[",
            "dlopen",
            "process.binding",
            "createRequire",
            "Worker(",
            "_load(",
            "Deno.Command",
            "Deno.run",
            "Reflect.",
        ],
        takes: &[],
    },
    Language {
        names: &["lua", "luajit"],
        runs: &["loadstring", "dofile", "loadfile", "load(", "_G[", "_ENV[", "debug."],
        takes: &["require"],
    },
    Language {
        names: &["Rscript", "R"],
        runs: &["source(", "parse(", "do.call", "match.fun", "get(", "pipe(", "load(", "readRDS", "shell("],
        takes: &[],
    },
    Language {
        names: &["groovy", "scala"],
        runs: &[".execute", "GroovyShell", "Runtime", "ProcessBuilder", "sys.process", "forName"],
        takes: &[],
    },
    Language {
        names: &["elixir", "iex", "erl"],
        runs: &["System.cmd", "System.shell", "Code.", ":os.cmd", "os:cmd", "apply(", "Port.", "binary_to_term"],
        takes: &[],
    },
    Language { names: &["julia"], runs: &["run(", "include", "Meta.parse", "Cmd(", "getfield"], takes: &[] },
    Language { names: &["swift"], runs: &["Process(", "dlopen"], takes: &[] },
    Language { names: &["tclsh", "wish"], runs: &["open", "source", "subst", "uplevel", "expr", "load"], takes: &[] },
    Language { names: &["octave"], runs: &["unix(", "dos(", "source(", "run(", "feval", "str2func"], takes: &[] },
    Language { names: &["osascript"], runs: &["do shell script", "run script", "load script"], takes: &[] },
    Language { names: &["gnuplot"], runs: &["load", "call", "!", "\"<"], takes: &[] },
    Language { names: &["m4"], runs: &["syscmd", "include"], takes: &[] },
];

/// Says whether a program text of an interpreter runs a text, or chooses by one what it runs, in a way that is its
/// language's own.
pub(super) fn runs_in_its_way(name: &str, text: &str) -> bool {
    let Some(language) = LANGUAGES.iter().find(|language| language.names.contains(&name)) else { return false };
    language.runs.iter().any(|word| words(text, word).next().is_some())
        || language.takes.iter().any(|word| words(text, word).any(takes_another))
        || name == "php" && calls_by_variable(text)
}

/// Returns what stands behind each place of a word that is not part of a longer one.
fn words<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = &'t str> {
    let is_name = |it: char| it.is_alphanumeric() || it == '_';
    let begins = word.starts_with(is_name);
    let ends = word.ends_with(is_name);
    text.match_indices(word).filter_map(move |(at, _)| {
        let behind = &text[at + word.len()..];
        let is_whole = !(begins && text[..at].ends_with(is_name) || ends && behind.starts_with(is_name));
        is_whole.then_some(behind)
    })
}

/// Says whether what a name is given is something else than a literal: a text, a symbol, a function that is written there.
fn takes_another(behind: &str) -> bool {
    let given = behind.trim_start().trim_start_matches('(').trim_start();
    let is_nothing = given.is_empty() || given.starts_with([')', '.', ',', ';', '=', ']', '}', '|']);
    let is_function = ["fn", "function", "static", ":", "["].iter().any(|word| given.starts_with(word));
    let quote = given.chars().next().filter(|it| ['"', '\''].contains(it));
    let is_literal = quote.and_then(|quote| given[1..].split_once(quote)).is_some_and(|(literal, rest)| {
        !literal.contains(['$', '#', '@']) && !rest.trim_start().starts_with(['.', '+', '%'])
    });
    !is_nothing && !is_function && !is_literal
}

/// Says whether a text of PHP calls a function by a name that a variable holds: `$f(…)`.
fn calls_by_variable(text: &str) -> bool {
    let is_name = |it: char| it.is_alphanumeric() || it == '_';
    text.match_indices('$').any(|(at, _)| {
        let behind = text[at + 1..].trim_start_matches(is_name);
        behind.len() + 1 < text.len() - at && behind.trim_start().starts_with('(')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, text: &str, wanted: bool) {
        assert_eq!(runs_in_its_way(name, text), wanted, "{name} {text}");
    }

    #[test]
    fn what_runs_a_text_in_the_way_of_a_language_is_told_from_data() {
        check("perl", "my $f = $ENV{A}; &$f()", true);
        check("perl", "print $h->{a}", false);
        check("ruby", "send(ENV['A'], 1)", true);
        check("ruby", "require 'json'; puts JSON.parse(STDIN.read).send(:fetch, 'a')", false);
        check("ruby", "y = YAML.safe_load(File.read('f'))", false);
        check("ruby", "load ENV['A']", true);
        check("php", "$f = getenv('A'); $f(1);", true);
        check("php", "include $argv[1];", true);
        check("php", "require 'vendor/autoload.php'; echo $argv[1];", false);
        check("php", "if ($a) { echo json_encode($argv); }", false);
        check("php", "array_map(fn($x) => $x, $argv);", false);
        check("node", "global['e' + 'val'](process.env.A)", true);
        check("node", "console.log(process.env.A)", false);
        check("lua", "load(os.getenv('A'))()", true);
        check("lua", "print(payload(os.getenv('A')))", false);
        check("Rscript", "source(Sys.getenv('A'))", true);
        check("Rscript", "cat(Sys.getenv('A'))", false);
    }
}
