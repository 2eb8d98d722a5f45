//! What a Python script reads back that it wrote before: from files, from variables of the environment, from pipes.
//!
//! What is written to a file is in all that is read of one that may be the same. Files are told apart by the last part
//! of their names; of a name that is made when the script runs, its beginning and its end are known.

use super::apart::changed;
use super::facts::PATH;
use super::format::operand_before;
use super::known::STARTING;
use super::lexer::Token;
use super::line::{assigned, closing, names};
use super::reads::GETTING;
use super::scopes::Scopes;
use super::sink::{FILES, Judge};
use super::statement;
use super::texts::UNKNOWN;
use super::tree::{Argument, Expr, Statement};
use crate::shell::change::Change;
use crate::shell::filename::base;
use crate::shell::outline::{names_variable, prints_environment};
use crate::shell::program::Holes;
use std::collections::BTreeSet;

/// Functions and methods that open a file, whose name is their first argument.
const OPENING: &[&str] = &["open", "FileIO", "GzipFile", "BZ2File", "LZMAFile", "fdopen"];

/// Methods of a path that read what is in the file.
const READING: &[&str] = &["read_text", "read_bytes"];

/// Functions and methods that are given the name of a file and give what is in it.
const LOADING: &[&str] = &[
    "getline",
    "getlines",
    "FileInput",
    "parse",
    "iterparse",
    "read",
    "read_csv",
    "read_json",
    "read_table",
    "loadtxt",
    "genfromtxt",
    "fromfile",
    "dotenv_values",
    "load_dotenv",
    "get_data",
    "ZipFile",
    "connect",
];

/// Functions that give a command to a shell, and return what it prints: what reaches the command is judged there, and is
/// no more because of what is printed.
const PRINTING: &[&str] = &["popen", "getoutput", "getstatusoutput"];

/// What puts the values of variables into a text.
const EXPANDING: &str = "expandvars";

/// What is in databases and in objects that are kept in files, by one name for all.
pub(super) const STORES: &str = "<stores>";

/// What opens a database or such an object.
const CONNECTING: &str = "connect";

/// Modules whose objects are kept in files.
const KEEPING: &[&str] = &["dbm", "shelve", "sqlite3", "mailbox", "mmap"];

/// Modules and kinds of functions that give nothing of a file whose name they are given.
const QUIET: &[&str] = &[
    "builtins",
    "os",
    "posixpath",
    "shutil",
    "pathlib",
    "logging",
    "argparse",
    "subprocess",
    "tempfile",
    "zipfile",
    "tarfile",
    "json",
    "sys",
    "re",
    "string",
    "datetime",
    "time",
    "urllib",
    "fnmatch",
    "stat",
];

/// Methods by which an object that was made with nothing reads settings from files.
const SETTINGS: &[&str] = &["read", "read_file", "readfp"];

/// Functions that return two ends of a pipe.
const PIPES: &[&str] = &["Pipe", "socketpair", "openpty"];

impl Judge<'_> {
    /// Says whether something of this name may give what the script wrote to a file or a variable.
    pub(super) fn may_read_back(&self, name: &str) -> bool {
        let is_variable = GETTING.contains(&name) || name == EXPANDING;
        let is_store = self.tainted.contains_key(STORES) && (name == CONNECTING || name == "open");
        let prints = self.has_variables() && (STARTING.contains(&name) || self.starting.contains(name));
        let is_file = OPENING.contains(&name)
            || READING.contains(&name)
            || LOADING.contains(&name)
            || STARTING.contains(&name)
            || self.starting.contains(name);
        is_variable
            || is_store
            || prints
            || (is_file || self.loaders_of_files.contains(name))
                && self.read_files.as_ref().is_some_and(|files| !files.is_empty())
    }

    /// Says whether a function gives a command to a shell and may return what the script wrote to files or variables.
    pub(super) fn may_print(&self, name: &str) -> bool {
        PRINTING.contains(&name)
            && (self.has_variables() || self.read_files.as_ref().is_some_and(|files| !files.is_empty()))
    }

    fn has_variables(&self) -> bool {
        !self.set.is_empty() || !self.whole_environment().is_empty()
    }

    /// Returns what the commands print that the statement at an index gives to a shell.
    pub(super) fn printed_at(&self, at: usize) -> Holes {
        let mut printed = Holes::new();
        if self.read_files.as_ref().is_none_or(Vec::is_empty) && !self.has_variables() {
            return printed;
        }
        let statements: &[Statement] = self.lines.get(at).map_or(&[], |line| &line.statements);
        for expression in statements.iter().flat_map(Statement::expressions) {
            expression.walk(&mut |inner| {
                if let Expr::Call(callee, arguments) = inner
                    && callee.last_name().is_some_and(|name| PRINTING.contains(&name))
                {
                    printed.extend(self.read_back(callee, arguments));
                }
            });
        }
        printed
    }

    /// Returns what the call brings whose function's name stands at an index.
    pub(super) fn read_back_at(&self, tokens: &[Token], at: usize) -> Holes {
        if tokens.get(at + 1) != Some(&Token::Other('(')) {
            return Holes::new();
        }
        let is_member = at > 0 && tokens[at - 1] == Token::Other('.');
        let start = if is_member { at - 1 - operand_before(tokens, at - 1).len() } else { at };
        match statement::read(&tokens[start..closing(tokens, at + 1)]).as_deref() {
            Some([Statement::Expr(Expr::Call(callee, arguments))]) => self.read_back(callee, arguments),
            // Which file or variable it is can't be read.
            _ => self.named(FILES).into_iter().chain(self.whole_environment()).collect(),
        }
    }

    /// Returns what a call brings of what the script wrote to files and variables.
    pub(super) fn read_back(&self, callee: &Expr, arguments: &[Argument]) -> Holes {
        let name = callee.last_name().unwrap_or_default();
        if name == EXPANDING {
            return self.whole_environment();
        }
        if GETTING.contains(&name) {
            return match arguments.first().map(|it| &it.value) {
                Some(key) if self.is_written(key, 0) => {
                    let keys = self.texts(key, 0);
                    keys.iter().filter_map(|key| self.set.get(key)).flatten().copied().collect()
                }
                _ => self.whole_environment(),
            };
        }
        let names = self.facts.full_names(callee);
        let is_keeping = |full: &String| KEEPING.contains(&full.split('.').next().unwrap_or_default());
        if name == CONNECTING || names.iter().any(is_keeping) {
            let stored = changed(self.named(STORES), Change::MARKED);
            if !stored.is_empty() {
                return stored;
            }
        }
        let is_shell = PRINTING.contains(&name) || self.is_starting(callee);
        let mut printed = if is_shell { self.printed_variables(arguments) } else { Holes::new() };
        let held = self.named(FILES);
        if held.is_empty() {
            return printed;
        }
        let whole = if self.takes_pieces() { Change::ANY } else { Change::MARKED };
        if PRINTING.contains(&name) || self.is_starting(callee) {
            let is_read = arguments.iter().any(|argument| self.names_read_file(&argument.value));
            printed.extend(if is_read { changed(changed(held, whole), self.printed(arguments)) } else { Holes::new() });
            return printed;
        }
        match self.file_of(callee, arguments) {
            Some(file) if self.is_read_file(file) => changed(held, whole),
            _ if names.contains("os.read") => changed(held, whole),
            _ if self.may_load(&names) && arguments.iter().any(|it| self.is_written_name(&it.value)) => {
                changed(held, whole)
            }
            _ => Holes::new(),
        }
    }

    /// Returns what a program may print of the variables that its words name, or a text for a shell.
    fn printed_variables(&self, arguments: &[Argument]) -> Holes {
        let mut printed = Holes::new();
        let first = arguments.iter().find(|it| matches!(it.name.as_deref(), None | Some("args"))).map(|it| &it.value);
        let texts = match first {
            Some(Expr::List(items)) => items.iter().flat_map(|item| self.texts(item, 0)).collect(),
            Some(first) => self.texts(first, 0),
            None => Vec::new(),
        };
        let all = texts.join(" ");
        for (name, holes) in self.variables() {
            let names = |mark: &str| all.contains(&format!("{mark}{name}"));
            let is_read = names("$") || names("${") || all.contains("environ") && names_variable(&all, &name);
            if is_read || names_variable(&all, "printenv") || prints_environment(&all) {
                printed.extend(changed(holes, Change::MARKED));
            }
        }
        if printed.is_empty() { printed } else { changed(printed, self.printed(arguments)) }
    }

    /// Says whether a function of these full names may give what is in a file: one of a module of which that is not known
    /// otherwise.
    fn may_load(&self, names: &BTreeSet<String>) -> bool {
        let is_one = |full: &String| {
            let root = full.split(['.', '(', '[']).next().unwrap_or_default();
            full.contains('.') && !full.contains(['(', '[']) && !QUIET.contains(&root)
        };
        names.iter().any(is_one)
    }

    /// Says whether an expression is the name of a file that the script writes payload text to.
    fn is_written_name(&self, value: &Expr) -> bool {
        let written = self.read_files.as_deref().unwrap_or_default();
        let is_one = |text: &String| !text.contains(UNKNOWN) && written.iter().any(|it| it == base(text));
        match value {
            Expr::List(items) => items.iter().any(|item| self.is_written_name(item)),
            value => self.texts(value, 0).iter().any(is_one),
        }
    }

    /// Notes the names of functions of modules that may give what is in a file.
    pub(super) fn learn_loaders_of_files(&mut self, statements: &[Statement]) {
        let mut found: Vec<String> = Vec::new();
        for expression in statements.iter().flat_map(Statement::expressions) {
            expression.walk(&mut |inner| {
                let Expr::Call(callee, _) = inner else { return };
                let Some(name) = callee.last_name() else { return };
                if self.may_load(&self.facts.full_names(callee)) {
                    found.push(name.to_owned());
                }
            });
        }
        self.loaders_of_files.extend(found);
    }

    /// Says whether settings may be read from a file to which the script writes payload text: by a `ConfigParser`,
    /// which is given nothing where it is made.
    pub(super) fn reads_written_settings(&self, scopes: &Scopes<'_>, parser: &BTreeSet<String>) -> bool {
        let is_parser = |name: &String| name.starts_with("configparser.") && name.ends_with("Parser");
        if !parser.iter().any(is_parser) {
            return false;
        }
        let mut is_one = false;
        for expression in scopes.statements.iter().flat_map(|(statement, _)| statement.expressions()) {
            expression.walk(&mut |inner| {
                if let Expr::Call(callee, arguments) = inner
                    && callee.last_name().is_some_and(|name| SETTINGS.contains(&name))
                {
                    is_one |= arguments.first().is_some_and(|file| self.is_written_file(&file.value));
                }
            });
        }
        is_one
    }

    /// Says whether an object of these names is kept in a file: `dbm.open('a.db', 'c')`.
    pub(super) fn is_kept(&self, name: &str) -> bool {
        let names = self.facts.full.get(name).into_iter().flatten();
        names.into_iter().any(|full| KEEPING.contains(&full.split('.').next().unwrap_or_default()))
    }

    /// Returns the name of the file that a call reads.
    fn file_of<'e>(&self, callee: &'e Expr, arguments: &'e [Argument]) -> Option<&'e Expr> {
        let name = callee.last_name()?;
        let first = || arguments.iter().find(|it| it.name.is_none() || it.name.as_deref() == Some("file"));
        let owner = match callee {
            Expr::Member(owner, _) => Some(&**owner).filter(|owner| self.facts.full_names(owner).contains(PATH)),
            _ => None,
        };
        match (owner, name) {
            (Some(owner), "open") => (!only_writes(arguments, 0)).then_some(owner),
            _ if OPENING.contains(&name) => first().filter(|_| !only_writes(arguments, 1)).map(|it| &it.value),
            _ if READING.contains(&name) => match callee {
                Expr::Member(owner, _) => Some(owner),
                _ => None,
            },
            // `file.read()` and `file.read(10)` are those of what was opened.
            _ if LOADING.contains(&name) => first().map(|it| &it.value).filter(|it| !matches!(it, Expr::Constant)),
            _ => None,
        }
    }

    /// Says whether a file may be one that the script writes payload text to.
    fn is_read_file(&self, file: &Expr) -> bool {
        let written = self.read_files.as_deref().unwrap_or_default();
        let names: Vec<String> = self.texts(file, 0).iter().map(|name| base(name).to_owned()).collect();
        names.iter().any(|name| written.iter().any(|it| may_be(name, it)))
    }

    /// Says whether words or a text of a program name such a file, or it reads one.
    fn names_read_file(&self, given: &Expr) -> bool {
        let written = self.read_files.as_deref().unwrap_or_default();
        let mut is_named = false;
        given.walk(&mut |inner| match inner {
            Expr::Text(_) | Expr::Name(_) => {
                let texts = self.texts(inner, 0);
                let known = texts.iter().filter(|text| *text != UNKNOWN);
                let has = |text: &String| {
                    let is_word = |word: &str| written.iter().any(|it| it != UNKNOWN && may_be(base(word), it));
                    text.split(|it: char| it.is_whitespace() || "<>|;&()'\"=:".contains(it)).any(is_word)
                };
                is_named |= known.into_iter().any(has);
            }
            _ => {}
        });
        is_named
    }

    /// Notes the names of the files that the script may write payload text to, and says whether they are others than
    /// before.
    pub(super) fn learn_read_files(&mut self, statements: &[Statement]) -> bool {
        self.learn_started(statements);
        let mut files: Vec<String> = Vec::new();
        if self.tainted.contains_key(FILES) {
            for expression in statements.iter().flat_map(Statement::expressions) {
                expression.walk(&mut |inner| {
                    if let Expr::Call(callee, arguments) = inner {
                        files.extend(self.files_written(callee, arguments));
                    }
                });
            }
            let written = self.written_otherwise(statements);
            // A shell or another program wrote those that are known already.
            files.extend(written.iter().chain(&self.written).map(|(file, _)| base(file).to_owned()));
            files.sort();
            files.dedup();
        }
        let is_new = self.read_files.as_ref() != Some(&files);
        self.read_files = Some(files);
        is_new
    }

    /// Returns the names of the files that a call writes payload text to.
    fn files_written(&self, callee: &Expr, arguments: &[Argument]) -> Vec<String> {
        let name = callee.last_name().unwrap_or_default();
        if READING.contains(&name) || name == "read" {
            return Vec::new();
        }
        let written = self.written_to(callee);
        let owner = if let Expr::Member(owner, _) = callee { Some(&**owner) } else { written };
        let parts = || owner.into_iter().chain(arguments.iter().map(|argument| &argument.value));
        if parts().all(|part| self.reaches(part).is_empty()) {
            return Vec::new();
        }
        let files: Vec<String> =
            parts().flat_map(|part| self.files(part, 0)).map(|file| base(&file).to_owned()).collect();
        if files.is_empty() && written.is_some() { vec![UNKNOWN.to_owned()] } else { files }
    }
}

/// Returns the names of the ends of pipes, each pair in both orders: what is sent into one comes out of the other.
pub(super) fn ends_of_pipes(statements: &[&[Token]]) -> Vec<(String, String)> {
    let mut ends = Vec::new();
    for statement in statements.iter().filter(|it| names(it).any(|name| PIPES.contains(&name))) {
        let assigned = assigned(statement);
        let own = statement.iter().zip(assigned).filter(|(_, is_one)| *is_one);
        let own: Vec<&String> =
            own.filter_map(|(token, _)| if let Token::Name(name) = token { Some(name) } else { None }).collect();
        for one in &own {
            ends.extend(own.iter().filter(|other| *other != one).map(|other| ((*one).clone(), (*other).clone())));
        }
    }
    ends
}

/// Says whether two names may be the same, where something unknown may stand in both.
pub(super) fn may_be(one: &str, other: &str) -> bool {
    if !one.contains(UNKNOWN) && !other.contains(UNKNOWN) {
        return one == other && !one.is_empty();
    }
    let front = |name: &str| name.split(UNKNOWN).next().unwrap_or_default().to_owned();
    let end = |name: &str| name.rsplit(UNKNOWN).next().unwrap_or_default().to_owned();
    let (fronts, ends) = ((front(one), front(other)), (end(one), end(other)));
    let is_front = fronts.0.starts_with(&fronts.1) || fronts.1.starts_with(&fronts.0);
    is_front && (ends.0.ends_with(&ends.1) || ends.1.ends_with(&ends.0))
}

/// Says whether a file is opened to be written and not read; `place` is that of the mode.
fn only_writes(arguments: &[Argument], place: usize) -> bool {
    let named = arguments.iter().find(|argument| argument.name.as_deref() == Some("mode"));
    let placed = arguments.get(place).filter(|argument| argument.name.is_none());
    let mode = named.or(placed).and_then(|it| it.value.text());
    mode.is_some_and(|mode| mode.contains(['w', 'a', 'x']) && !mode.contains('+'))
}
