//! Program texts that change files by names which they are given: `perl -e 'unlink $ARGV[0]'`, `node -e
//! 'fs.rmSync(process.argv[1])'`. Of Python its own analysis says it.

use super::super::flow::Id;
use super::super::requirement::Requirement;
use super::Walker;
use super::argument::Argument;
use super::by_name::is_literal_alone;
use super::simple::Call;

/// What changes the file that its first argument names, by the language's interpreters.
const CHANGING: &[(&[&str], &[&str])] = &[
    (
        &["node", "nodejs", "bun", "deno"],
        &[
            "unlinkSync",
            "unlink",
            "rmSync",
            "rm",
            "rmdirSync",
            "rmdir",
            "writeFileSync",
            "writeFile",
            "appendFileSync",
            "appendFile",
            "renameSync",
            "rename",
            "copyFileSync",
            "copyFile",
            "cpSync",
            "mkdirSync",
            "mkdir",
            "truncateSync",
            "chmodSync",
            "createWriteStream",
            "openSync",
            "symlinkSync",
            "linkSync",
            "remove",
            "removeSync",
        ],
    ),
    (
        &["perl"],
        &[
            "unlink",
            "rename",
            "rmdir",
            "rmtree",
            "remove_tree",
            "mkdir",
            "make_path",
            "chmod",
            "chown",
            "truncate",
            "symlink",
            "link",
            "utime",
            "copy",
            "move",
        ],
    ),
    (
        &["ruby"],
        &[
            "delete",
            "unlink",
            "write",
            "binwrite",
            "rename",
            "rm",
            "rm_f",
            "rm_r",
            "rm_rf",
            "remove_dir",
            "rmdir",
            "rmtree",
            "mkdir",
            "mkdir_p",
            "touch",
            "mv",
            "cp",
            "cp_r",
            "truncate",
            "chmod",
            "chown",
            "symlink",
        ],
    ),
    (
        &["php"],
        &["unlink", "rename", "rmdir", "mkdir", "file_put_contents", "copy", "fopen", "touch", "chmod", "symlink"],
    ),
    (&["lua"], &["remove", "rename", "open"]),
];

/// Words by which a program text has to do with what it is given.
const GIVEN: &[&str] = &["argv", "ARGV", "shift", "$*", "arg"];

impl Walker {
    /// Notes the words behind a program text that changes files by their names: they stay below the folder.
    pub(super) fn changed_by_code(&mut self, name: &str, code: &Argument, call: Call) {
        code.word.texts().for_each(|text| self.changes_by_variables(name, text));
        let changes = code.word.texts().any(|text| takes_words(text) && changes_by_code(name, text));
        let behind = call.words.iter().position(|it| std::ptr::eq(it.word, code.word)).map(|at| &call.words[at + 1..]);
        for argument in behind.unwrap_or_default().iter().filter(|_| changes) {
            self.inside_path(argument);
            self.not_emptied(argument);
        }
    }

    /// Notes the same of a program text in a file, which gets what reaches `arguments`.
    pub(super) fn changed_by_file(&mut self, name: &str, text: &str, arguments: Id) {
        self.changes_by_variables(name, text);
        if takes_words(text) && changes_by_code(name, text) {
            self.require(&[arguments], Requirement::InsidePath);
            self.require(&[arguments], Requirement::NotEmpty);
        }
    }
}

/// Says whether a program text has to do with the words behind it.
fn takes_words(text: &str) -> bool {
    GIVEN.iter().any(|word| text.contains(word))
}

/// Says whether a program text changes files by names that are not its own.
pub(super) fn changes_by_code(name: &str, text: &str) -> bool {
    let words = CHANGING.iter().find(|(names, _)| names.contains(&name)).map(|(_, words)| *words);
    words.is_some_and(|words| changes_named(words, text))
}

/// Says whether a text calls one of some functions with something else in front than a literal, or than a name that gets
/// one.
fn changes_named(functions: &[&str], text: &str) -> bool {
    let is_name = |it: char| it.is_alphanumeric() || it == '_';
    functions.iter().any(|function| {
        text.match_indices(function).any(|(at, _)| {
            let behind = &text[at + function.len()..];
            let is_word = !text[..at].ends_with(is_name) && !behind.starts_with(is_name);
            let argument = behind.trim_start().trim_start_matches('(').trim_start();
            let name: String = argument.chars().take_while(|it| is_name(*it)).collect();
            let is_called = !argument.is_empty();
            is_word && is_called && !begins_with_literal(argument) && !gets_literal(text, &name)
        })
    })
}

/// Says whether a text begins with a literal that is the whole of an argument.
fn begins_with_literal(argument: &str) -> bool {
    let quote = argument.chars().next().filter(|it| matches!(it, '"' | '\''));
    let whole = quote.and_then(|quote| argument[1..].split_once(quote));
    let goes_on = |rest: &str| rest.trim_start().starts_with(['.', '+', '%', '"', '\'', '`']);
    let is_whole = whole.is_some_and(|(literal, rest)| is_plain(literal) && !goes_on(rest));
    is_whole || argument.starts_with('`') && is_literal_alone(argument)
}

/// Says whether a literal in double quotes has no value in it: Perl and PHP have `$name` and `@name` there, Ruby `#{…}`.
fn is_plain(literal: &str) -> bool {
    !literal.contains(['$', '#', '@'])
}

/// Says whether a text gives a variable of this name a literal and nothing else.
fn gets_literal(text: &str, name: &str) -> bool {
    if name.is_empty() {
        return false;
    }
    let is_name = |it: char| it.is_alphanumeric() || it == '_';
    let mut values = text.match_indices(name).filter_map(|(at, _)| {
        let is_whole = !text[..at].ends_with(is_name);
        let value = text[at + name.len()..].trim_start().strip_prefix('=').filter(|it| !it.starts_with('='))?;
        is_whole.then(|| value.trim_start())
    });
    let is_literal = |value: &str| {
        let quote = value.chars().next().filter(|it| matches!(it, '"' | '\''));
        quote.and_then(|quote| value[1..].split_once(quote)).is_some_and(|(literal, rest)| {
            let ends = rest.trim_start().is_empty() || rest.trim_start().starts_with([';', ',', ')', '\n']);
            ends && is_plain(literal)
        })
    };
    let first = values.next();
    first.is_some_and(is_literal) && values.all(is_literal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, text: &str, wanted: bool) {
        let words = CHANGING.iter().find(|(names, _)| names.contains(&name)).map_or(&[][..], |(_, words)| *words);
        assert_eq!(changes_named(words, text), wanted, "{name} {text}");
    }

    #[test]
    fn files_by_computed_names_are_seen() {
        check("perl", "unlink $ARGV[0]", true);
        check("perl", "unlink for @ARGV", true);
        check("perl", "unlink(@ARGV)", true);
        check("perl", "unlink 'a.txt'; print $ARGV[0]", false);
        check("node", "require('fs').unlinkSync(process.argv[1])", true);
        check("node", "fs.writeFileSync('out.json', process.argv[1])", false);
        check("node", "const f = process.argv[1]; fs.rmSync(f)", true);
        check("node", "const f = 'p.json'; fs.writeFileSync(f, process.argv[1])", false);
        check("node", "fs.rmSync('out/' + process.argv[1])", true);
        check("node", "console.log(process.argv[1])", false);
        check("ruby", "File.delete(ARGV[0])", true);
        check("ruby", "FileUtils.rm_rf ARGV", true);
        check("ruby", "f = \"#{ARGV[0]}\"; File.delete(f)", true);
        check("ruby", "f = \"a.txt\"; File.delete(f); puts ARGV[0]", false);
        check("ruby", "File.delete(ENV['F'])", true);
        check("perl", "my $f = \"out/$ENV{F}\"; unlink $f", true);
        check("ruby", "File.write('t.txt', ARGV[0])", false);
        check("php", "unlink($argv[1]);", true);
    }
}
