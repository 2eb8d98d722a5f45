//! Commands of a Python script that may run a file to which it wrote payload text.
//!
//! A command whose text is known is judged by bash's analysis, with the files written in front of it. Where the text
//! is not known, or a file's name, any file may be run.

use super::apart::whole;
use super::calls::may_write;
use super::facts::{Binding, PATH};
use super::known::SHELLS;
use super::lexer::Token;
use super::line::{is_dumping, names};
use super::modules::fits;
use super::sink::{FILES, Judge};
use super::spread::WRITERS;
use super::texts::{Item, UNKNOWN};
use super::tree::{Argument, Expr, Statement};
use crate::shell::analysis::Finding;
use crate::shell::filename::base;
use crate::shell::program::{Commands, Holes};
use crate::shell::special::is_special;
use std::collections::BTreeSet;

/// Methods and functions by which something is written.
const WRITING: &[&str] = &["write", "writelines", "write_text", "write_bytes", "writerow", "writerows", "writeheader"];

/// What is no file though something is written to it.
const STREAMS: &[&str] = &["stdout", "stderr", "stdin", "buffer"];

/// The most files that are put in front of commands, and the most commands.
const FILES_MAX: usize = 16;
const TEXTS_MAX: usize = 64;

/// Functions of modules that give a file another name, or what is in it to another file.
const MOVING: &[&str] = &[
    "rename",
    "renames",
    "replace",
    "link",
    "symlink",
    "copy",
    "copy2",
    "copyfile",
    "copyfileobj",
    "copytree",
    "move",
    "link_to",
    "symlink_to",
    "hardlink_to",
    "make_archive",
    "unpack_archive",
];

/// What is in a file that a function names.
#[derive(Debug, Clone, Copy)]
enum Held {
    /// What the call is given, and what its method belongs to.
    Given,
    /// What the script writes to any file.
    Any,
    /// The same, if the file whose other name or copy it is may be one of those.
    Moved,
    /// The same, if it prints to other things than its own output or writes by other names of methods.
    Printed,
}

/// Functions that name a file which the script writes payload text to without opening it as one: by full names, in which
/// `*` stands for anything, or by the last part alone; which argument is the file's name, and what is in it.
const WRITTEN: &[(&str, usize, Held)] = &[
    ("logging.basicConfig", usize::MAX, Held::Any),
    ("logging.*FileHandler", 0, Held::Any),
    ("fileinput.*", 0, Held::Any),
    ("os.rename", 1, Held::Moved),
    ("os.renames", 1, Held::Moved),
    ("os.replace", 1, Held::Moved),
    ("os.link", 1, Held::Moved),
    ("os.symlink", 1, Held::Moved),
    ("shutil.move", 1, Held::Moved),
    ("shutil.copy*", 1, Held::Moved),
    ("pathlib.Path().rename", 0, Held::Moved),
    ("pathlib.Path().replace", 0, Held::Moved),
    ("zipfile.ZipFile", 0, Held::Any),
    ("tarfile.*open", 0, Held::Any),
    ("zipfile.ZipFile().write", 1, Held::Any),
    ("tarfile.*().add", 1, Held::Any),
    ("writestr", 0, Held::Given),
    ("save", 0, Held::Given),
    ("to_csv", 0, Held::Given),
    ("to_json", 0, Held::Given),
    ("to_html", 0, Held::Given),
    ("to_markdown", 0, Held::Given),
    ("tofile", 0, Held::Given),
    ("savetxt", 1, Held::Given),
    ("urllib.request.urlretrieve", 1, Held::Given),
    ("dotenv.set_key", 0, Held::Given),
    ("xml.etree.*ElementTree().write", 0, Held::Given),
    ("open", 0, Held::Printed),
];

/// Named arguments that are the name of a file.
const NAMING: &[&str] = &["filename", "dst", "target", "file", "dotenv_path", "arcname"];

/// What reads a file.
const READING: &[&str] = &["read", "readline", "readlines", "read_text", "read_bytes", "load", "reader", "DictReader"];

/// Programs that do nothing to a file but what a list of words says of it.
const HARMLESS: &[&str] = &["git", "docker", "kubectl", "make", "npm", "pip", "gh", "az", "aws", "echo", "pytest"];

/// Named arguments by which a program gets nothing to read.
const QUIET: &[&str] =
    &["shell", "check", "text", "capture_output", "cwd", "timeout", "universal_newlines", "encoding", "errors"];

/// Those of them that give one file one other name.
const RENAMING: &[&str] = &["rename", "renames", "replace", "link", "symlink", "copy2", "copyfile", "move"];

/// Programs that run no file, whatever words of the author's they get.
const READERS: &[&str] = &[
    "echo",
    "printf",
    "cat",
    "ls",
    "date",
    "uname",
    "hostname",
    "whoami",
    "id",
    "nproc",
    "pwd",
    "which",
    "arch",
    "uptime",
    "true",
    "false",
    "mkdir",
    "touch",
    "rm",
    "head",
    "tail",
    "wc",
    "grep",
    "cut",
    "tr",
    "uniq",
    "basename",
    "dirname",
    "sleep",
    "diff",
    "cmp",
    "du",
    "df",
    "stat",
    "sha256sum",
    "md5sum",
    "test",
];

/// What git is asked for that it tells without running what its settings name.
const TOLD_BY_GIT: &[&str] =
    &["--version", "version", "rev-parse", "describe", "rev-list", "symbolic-ref", "merge-base"];

/// Why payload text can't stand in a file.
const RUN: &str = "written to a file that a program may run";

impl Judge<'_> {
    /// Judges what the commands that the script gives to a shell do with the files that it writes.
    pub(super) fn judge_commands(&mut self, statements: &[Statement]) {
        let Some(all) = self.tainted.get(FILES).cloned().filter(|_| self.is_read) else { return };
        let mut commands: Vec<&Expr> = Vec::new();
        // Another name of the standard input, or a variable that names a file.
        let mut other_names: Vec<String> = Vec::new();
        let mut moves = self.named.contains("dup2") || self.obeyed || self.texts.iter().any(|name| is_special(name));
        for expression in statements.iter().flat_map(Statement::expressions) {
            expression.walk(&mut |inner| {
                let Expr::Call(callee, arguments) = inner else { return };
                let first =
                    arguments.iter().find(|it| matches!(it.name.as_deref(), None | Some("args"))).map(|it| &it.value);
                if callee.last_name().is_some_and(|name| SHELLS.contains(&name))
                    || self.is_starting(callee) && self.gives_shell(arguments)
                {
                    commands.extend(first);
                    moves |= arguments.iter().skip(1).any(|argument| !is_quiet(argument));
                } else if self.is_starting(callee) {
                    moves |= !first.is_some_and(|first| self.is_harmless(first));
                }
                moves |= self.moves(callee) && !self.moves_known(callee, arguments, &mut other_names);
            });
        }
        if commands.is_empty() {
            return;
        }
        let texts = commands.into_iter().flat_map(|command| self.texts(command, 0));
        let texts: Vec<String> = texts.map(|text| without_fields(&text)).collect();
        let is_set = self.obeyed || self.texts.iter().any(|name| is_special(name)) || self.named.contains("dup2");
        if !is_set && texts.iter().all(|text| runs_no_file(text)) {
            return;
        }
        let is_unknown = |text: &String| text.split_whitespace().next().is_none_or(|program| program.contains(UNKNOWN));
        // What else it writes may be a script that runs the files.
        let last = |file: &String| base(file).to_owned();
        let own: Vec<String> = self.written.iter().map(|(file, _)| last(file)).collect();
        let made = self.made.iter().map(last).filter(|made| !own.contains(made));
        moves |= made.into_iter().any(|made| made.contains(UNKNOWN) || texts.iter().any(|text| text.contains(&made)));
        let known = self
            .known_files(statements, &all, &other_names)
            .filter(|_| !moves && texts.len() <= TEXTS_MAX && !texts.iter().any(is_unknown));
        let Some(files) = known else { return self.refuse(&all, RUN) };
        // What nobody knows in a command may name each file, and what one leaves another may use.
        for (name, _) in &files {
            let mut commands = Commands::default();
            files.iter().for_each(|(file, holes)| commands.write(file, holes));
            texts.iter().chain(&texts).for_each(|text| commands.command(&text.replace(UNKNOWN, name)));
            let Ok(demands) = commands.demands(&[]) else { return self.refuse(&all, RUN) };
            for (holes, finding) in demands {
                if finding.refusal.is_some() {
                    self.refuse(&holes, RUN);
                }
                finding.requirements.iter().for_each(|requirement| self.require(&holes, *requirement));
            }
        }
    }

    /// Judges what the commands that the script gives to a shell do with the files that it writes itself: they may read
    /// the variables that it sets.
    pub(super) fn judge_made(&mut self, statements: &[Statement]) {
        let held: Holes = self.variables().into_iter().flat_map(|(_, holes)| holes).collect();
        if held.is_empty() || self.made.is_empty() {
            return;
        }
        let mut texts: Vec<String> = Vec::new();
        for expression in statements.iter().flat_map(Statement::expressions) {
            expression.walk(&mut |inner| {
                let Expr::Call(callee, arguments) = inner else { return };
                let is_shell = callee.last_name().is_some_and(|name| SHELLS.contains(&name))
                    || self.is_starting(callee) && self.gives_shell(arguments);
                if let Some(first) = arguments.first().filter(|_| is_shell) {
                    texts.extend(self.texts(&first.value, 0).iter().map(|text| without_fields(text)));
                }
            });
        }
        let last = |file: &String| base(file).to_owned();
        let made: BTreeSet<String> = self.made.iter().map(last).filter(|it| !it.is_empty()).collect();
        for file in made.iter().take(FILES_MAX) {
            let mut commands = Commands::default();
            commands.write(file, &held);
            texts.iter().filter(|text| text.contains(file.as_str())).for_each(|text| commands.command(text));
            let refuses = |(_, finding): &(Holes, Finding)| finding.refusal.is_some();
            if commands.demands(&[]).is_ok_and(|demands| demands.iter().any(refuses)) {
                self.refuse(&held, "in the environment of a file of the script's that a program runs");
            }
        }
    }

    /// Says whether a function gives what is in a file to another.
    pub(super) fn moves(&self, callee: &Expr) -> bool {
        let is_one = |name: &String| {
            let of_files = ["os.", "shutil.", "pathlib."].iter().any(|module| name.starts_with(module));
            of_files && name.rsplit('.').next().is_some_and(|last| MOVING.contains(&last))
        };
        self.facts.full_names(callee).iter().any(is_one)
    }

    /// Says whether the program that a list of words starts does nothing to files.
    fn is_harmless(&self, list: &Expr) -> bool {
        let Some(lists) = self.lists(list, 0) else { return false };
        lists.iter().all(|list| {
            matches!(list.first(), Some(Item::Word(word)) if word.text().is_some_and(|program| HARMLESS.contains(&program.as_str())))
        })
    }

    /// Says whether a call gives a file another name, and all names in it are the author's; those are noted.
    fn moves_known(&self, callee: &Expr, arguments: &[Argument], names: &mut Vec<String>) -> bool {
        let owner = if let Expr::Member(owner, _) = callee { Some(&**owner) } else { None };
        let owner = owner.filter(|owner| self.facts.full_names(owner).contains(PATH));
        let given = owner.into_iter().chain(arguments.iter().map(|it| &it.value));
        let texts: Vec<String> = given.flat_map(|it| self.texts(it, 0)).collect();
        let is_one = callee.last_name().is_some_and(|name| RENAMING.contains(&name));
        let is_known = |text: &String| !text.contains(UNKNOWN) && !base(text).is_empty();
        let are_known = is_one && texts.iter().all(is_known);
        names.extend(texts.into_iter().filter(|_| are_known));
        are_known
    }

    /// Returns the files that the script writes payload text to, if all of them are known. `others` are the names of files
    /// that it gives to others.
    fn known_files(&self, statements: &[Statement], all: &Holes, others: &[String]) -> Option<Vec<(String, Holes)>> {
        let otherwise = self.written_otherwise(statements);
        let copied = others.iter().map(|file| (file.clone(), all.clone()));
        let written: Vec<(String, Holes)> =
            self.written.iter().cloned().chain(otherwise.iter().cloned()).chain(copied).collect();
        let known: Holes = written.iter().flat_map(|(_, holes)| holes).copied().collect();
        // Files are told apart by the last part of their names.
        let last = |file: &str| base(file).to_owned();
        let mut files: Vec<(String, Holes)> = written.iter().map(|(file, holes)| (last(file), holes.clone())).collect();
        files.sort();
        files.dedup();
        let are_known = files.iter().all(|(file, _)| !file.is_empty() && !file.contains(UNKNOWN));
        let others = self.made.iter().any(|made| files.iter().any(|(file, _)| last(made) != *file));
        let reads = READING.iter().any(|name| self.named.contains(*name));
        let is_copied = reads && (others || files.iter().any(|(file, _)| *file != files[0].0));
        let are_all = are_known
            && whole(all).is_subset(&whole(&known))
            && files.len() <= FILES_MAX
            && !self.writes_elsewhere
            && !is_copied;
        are_all.then_some(files)
    }

    /// Returns what a call writes to by a method of files, also where the method has a name of its own: `w = f.write`.
    pub(super) fn written_to<'e>(&'e self, callee: &'e Expr) -> Option<&'e Expr> {
        let owner = |method: &'e Expr| match method {
            Expr::Member(owner, name) if WRITING.contains(&name.as_str()) || is_dumping(name) => Some(&**owner),
            _ => None,
        };
        let found = match callee {
            Expr::Name(name) => self.facts.bindings(name).iter().find_map(|it| match it {
                Binding::Value(value) => owner(value),
                _ => None,
            }),
            callee => owner(callee),
        };
        found.filter(|it| !it.last_name().is_some_and(|name| STREAMS.contains(&name)))
    }

    /// Notes that something is written to what nobody knows which file it is, and whether that is payload text.
    pub(super) fn learn_elsewhere(&mut self, callee: &Expr, sources: &Holes, files: &[String]) {
        let Some(file) = self.written_to(callee).filter(|_| files.is_empty()).cloned() else { return };
        self.makes_unnamed = true;
        if !sources.is_empty() {
            self.write_unnamed(&file, sources);
        }
    }

    /// Returns the files that the script writes payload text to by other functions than those of files: by programs and
    /// logs, in archives, by other names of files and of what it prints to. Each has what may be in it.
    pub(super) fn written_otherwise(&self, statements: &[Statement]) -> Vec<(String, Holes)> {
        let all = self.tainted.get(FILES).cloned().unwrap_or_default();
        let is_elsewhere = self.writes_elsewhere || !self.redirected.is_empty();
        let mut written = Vec::new();
        for expression in statements.iter().flat_map(Statement::expressions) {
            expression.walk(&mut |inner| {
                let Expr::Call(callee, arguments) = inner else { return };
                let own: Holes = self.reaches(inner);
                let names = self.facts.full_names(callee);
                let row = |(function, ..): &&(&str, usize, Held)| {
                    names.iter().any(|name| fits(function, name)) || callee.last_name() == Some(*function)
                };
                if let Some((_, place, held)) = WRITTEN.iter().find(row) {
                    let named = arguments.iter().find(|it| it.name.as_deref().is_some_and(|it| NAMING.contains(&it)));
                    let file = named.or_else(|| arguments.get(*place)).map(|it| &it.value);
                    let is_held = match held {
                        Held::Given | Held::Any => true,
                        Held::Moved => self.is_moved(callee, arguments, *place),
                        Held::Printed => is_elsewhere && (names.contains("os.open") || may_write(arguments)),
                    };
                    let holes = if matches!(held, Held::Given) { &own } else { &all };
                    let files = file.into_iter().filter(|_| is_held).flat_map(|file| self.texts(file, 0));
                    written.extend(files.map(|file| (file, holes.clone())));
                }
                if self.is_starting(callee) {
                    let (files, is_copied) = self.words_of_writers(arguments);
                    let holes = if is_copied { &all } else { &own };
                    written.extend(files.into_iter().map(|file| (file, holes.clone())));
                }
            });
        }
        written.retain(|(_, holes)| !holes.is_empty());
        written
    }

    /// Says whether a file may be one to which the script writes payload text.
    pub(super) fn is_written_file(&self, file: &Expr) -> bool {
        let last = |name: &str| base(name).to_owned();
        if self.is_own_file(file, &mut BTreeSet::new())
            && self.texts(file, 0).iter().any(|it| last(it).contains(UNKNOWN))
        {
            return true;
        }
        if !self.tainted.contains_key(FILES) {
            return false;
        }
        let written: Vec<String> = self.written.iter().map(|(file, _)| last(file)).collect();
        let is_any = |name: &String| name.is_empty() || name.contains(UNKNOWN);
        let names: Vec<String> = self.texts(file, 0).iter().map(|name| last(name)).collect();
        written.is_empty()
            || names.iter().chain(&written).any(is_any)
            || names.iter().any(|name| written.contains(name))
    }

    /// Says whether an expression may be made of the name of the script's own file, which has the payload text of its
    /// literals.
    fn is_own_file<'a>(&'a self, file: &'a Expr, seen: &mut BTreeSet<&'a str>) -> bool {
        match file {
            _ if self.own == 0 || !self.work(1) => false,
            Expr::Name(name) if name == "__file__" || name == "argv" => true,
            Expr::Member(_, name) if name == "argv" || name == "__file__" => true,
            Expr::Name(name) => {
                let values = self.facts.bindings(name).iter();
                seen.insert(name)
                    && values.into_iter().any(|it| match it {
                        Binding::Value(value) | Binding::Item(value) => self.is_own_file(value, seen),
                        Binding::Unknown => false,
                    })
            }
            _ => file.parts().into_iter().any(|part| self.is_own_file(part, seen)),
        }
    }

    /// Says whether a call that gives a file another name, behind its own, does it with one that has payload text.
    fn is_moved(&self, callee: &Expr, arguments: &[Argument], place: usize) -> bool {
        let own = match callee {
            Expr::Member(owner, _) if place == 0 => Some(&**owner),
            _ => arguments.first().map(|it| &it.value),
        };
        own.is_none_or(|own| self.is_written_file(own))
    }

    /// Returns the words of a program that writes what it reads to a file, and whether it reads one that has payload text.
    fn words_of_writers(&self, arguments: &[Argument]) -> (Vec<String>, bool) {
        let lists = arguments.first().and_then(|first| self.lists(&first.value, 0)).unwrap_or_default();
        let word = |item: &Item| if let Item::Word(word) = item { word.text() } else { None };
        let is_writer =
            |list: &&Vec<Item>| list.first().and_then(word).is_some_and(|it| WRITERS.contains(&it.as_str()));
        let words = || {
            let items = lists.iter().filter(is_writer).flat_map(|list| list.iter().skip(1));
            items.map(|item| match item {
                Item::Word(word) | Item::Several(word) => word,
            })
        };
        let is_copied = words().any(|word| self.is_written_file(word));
        let names = words().flat_map(|word| self.texts(word, 0));
        let names = names.map(|it| it.strip_prefix("of=").unwrap_or(&it).to_owned());
        (names.filter(|it| !it.starts_with('-')).collect(), is_copied)
    }

    /// Says whether a name is that of a function which gives a command to a shell, where commands are judged.
    pub(super) fn is_judged_command(&self, name: &str, statement: &[Token], at: usize) -> bool {
        let is_called = statement.get(at + 1) == Some(&Token::Other('('));
        let is_alone = names(statement).filter(|it| self.running.contains(*it)).count() == 0;
        SHELLS.contains(&name) && is_called && is_alone && self.is_read
    }
}

/// Returns a text with something unknown where `%` and `.format` put a value into it.
pub(super) fn without_fields(text: &str) -> String {
    let mut parts = text.split('{');
    let first = parts.next().unwrap_or_default().to_owned();
    let braces = parts.fold(first, |text, part| match part.split_once('}') {
        Some((_, behind)) => format!("{text}{UNKNOWN}{behind}"),
        None => format!("{text}{{{part}"),
    });
    ["%s", "%r", "%d"].iter().fold(braces, |text, field| text.replace(field, UNKNOWN))
}

/// Says whether an argument of what starts a program gives it nothing to read, and its output to no file.
fn is_quiet(argument: &Argument) -> bool {
    match argument.name.as_deref() {
        Some("stdout" | "stderr") => {
            argument.value.last_name().is_some_and(|name| matches!(name, "PIPE" | "DEVNULL" | "STDOUT"))
        }
        Some(name) => QUIET.contains(&name),
        None => false,
    }
}

/// Says whether a text for a shell starts nothing that runs a file: it is made of simple commands whose programs are known.
fn runs_no_file(text: &str) -> bool {
    let is_one = |command: &str| {
        let mut words = command.split_whitespace();
        match words.next() {
            Some("git") => words.next().is_some_and(|word| TOLD_BY_GIT.contains(&word)),
            // What it writes to another file is in its words.
            Some(program) if command.contains('>') => matches!(program, "echo" | "printf" | "true"),
            Some(program) => READERS.contains(&program),
            None => true,
        }
    };
    !text.contains(['`', '(', ')', '{', '}']) && text.split(['|', '&', ';', '\n']).all(is_one)
}
