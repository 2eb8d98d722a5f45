//! Which holes of a Python script reach something that evaluates them.
//!
//! Statement by statement, by names alone, and without regard to their order: a statement that names
//! something tainted taints what it assigns. That demands too much now and then, never too little
//! of what the lists below know.

use super::lexer::Token;
use crate::shell::analysis::Finding;
use crate::shell::filename::is_run;
use crate::shell::requirement::Requirement;
use crate::shell::special::is_obeyed;
use std::collections::{BTreeMap, BTreeSet};

/// Functions that run their argument as code or as a command.
const RUNNING: &[&str] = &[
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
    "create_subprocess_shell",
    "spawn",
    "Template",
    "interact",
    "runsource",
    "runcode",
    "exec_command",
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
];

/// Functions among them whose result may be a function that runs its argument.
const FINDING: &[&str] = &[
    "getattr",
    "attrgetter",
    "methodcaller",
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
const RUNNING_PREFIXES: &[&str] = &["execv", "execl", "spawnv", "spawnl", "posix_spawn", "popen"];

/// Functions that start a program: of a list of words, the first says which.
const STARTING: &[&str] = &["run", "call", "check_call", "check_output", "Popen", "create_subprocess_exec"];

/// Functions whose first argument is code of a database.
const QUERYING: &[&str] = &["execute", "executemany", "executescript", "query"];

/// Programs that take code as an argument.
const INTERPRETERS: &[&str] = &[
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
];

/// Where a file is written to: one name for all files.
const FILES: &str = "<files>";

/// Notes what is demanded of each hole. Holes of the environment follow those of the script.
pub(super) fn judge(tokens: &[Token], environment: &[String], own: usize, holes: &mut [Finding]) {
    let statements: Vec<&[Token]> = tokens.split(|token| *token == Token::End).filter(|it| !it.is_empty()).collect();
    let mut judge = Judge {
        environment,
        own,
        tainted: BTreeMap::new(),
        functions: BTreeMap::new(),
        bound: BTreeSet::new(),
        running: BTreeSet::new(),
        holes,
    };
    for statement in &statements {
        judge.learn_function(statement);
    }
    judge.learn_classes(&statements);
    while statements.iter().any(|statement| judge.learn_running(statement)) {}
    while judge.spread_all(&statements) {}
    for statement in &statements {
        judge.judge(statement);
    }
}

type Holes = BTreeSet<usize>;

struct Judge<'j> {
    environment: &'j [String],
    own: usize,
    tainted: BTreeMap<String, Holes>,
    /// The parameters of the script's functions.
    functions: BTreeMap<String, Vec<String>>,
    /// The names that `except … as` and `case` give to what comes from elsewhere.
    bound: BTreeSet<String>,
    /// The script's own names of functions that run their argument.
    running: BTreeSet<String>,
    holes: &'j mut [Finding],
}

impl Judge<'_> {
    fn learn_function(&mut self, statement: &[Token]) {
        for (at, token) in statement.iter().enumerate() {
            let (Token::Name(keyword), Some(Token::Name(name))) = (token, statement.get(at + 1)) else { continue };
            if keyword == "def" || keyword == "class" {
                let rest = names(&statement[at + 2..]);
                self.functions.entry(name.clone()).or_default().extend(rest.map(str::to_owned));
            }
        }
    }

    /// Notes what a class is called with: what any class of the script is made with.
    fn learn_classes(&mut self, statements: &[&[Token]]) {
        let word = |statement: &[Token], at: usize| {
            names(&statement[..statement.len().min(at + 1)]).nth(at).map(str::to_owned)
        };
        let is_first =
            |statement: &&&[Token], keyword: &str| matches!(statement.first(), Some(Token::Name(it)) if it == keyword);
        let made_with = ["__init__", "__new__", "__call__"].iter().filter_map(|name| self.functions.get(*name));
        let parameters: Vec<String> = made_with.flatten().cloned().collect();
        for class in statements.iter().filter(|it| is_first(it, "class")).filter_map(|it| word(it, 1)) {
            self.functions.entry(class).or_default().extend(parameters.iter().cloned());
        }
        for statement in statements.iter().filter(|it| is_first(it, "except") || is_first(it, "case")) {
            self.bound.extend(names(statement).map(str::to_owned));
        }
    }

    /// Notes the names that a statement gives to functions that run their argument, and says whether one was new.
    fn learn_running(&mut self, statement: &[Token]) -> bool {
        let is_called = |at: usize| statement.get(at + 1) == Some(&Token::Other('('));
        let gives = |at: usize, name: &str| {
            FINDING.contains(&name) || (is_running(name) || self.running.contains(name)) && !is_called(at)
        };
        let is_given = |(at, token): (usize, &Token)| matches!(token, Token::Name(name) if gives(at, name) && !is_assigned(statement, at));
        if !statement.iter().enumerate().any(is_given) {
            return false;
        }
        let mut is_new = false;
        for (at, token) in statement.iter().enumerate() {
            let Token::Name(name) = token else { continue };
            let follows_as =
                matches!(at.checked_sub(1).map(|before| &statement[before]), Some(Token::Name(word)) if word == "as");
            if is_assigned(statement, at) || follows_as {
                is_new |= self.running.insert(name.clone());
            }
        }
        is_new
    }

    /// Returns the holes that a part of a statement holds or names.
    fn sources(&self, tokens: &[Token]) -> Holes {
        let mut sources = Holes::new();
        for token in tokens {
            match token {
                Token::Text(text, holes) => {
                    sources.extend(holes);
                    sources.extend(self.environment.iter().position(|name| name == text).map(|at| self.own + at));
                    // The expressions of an f-string.
                    let words = text.split(|character: char| !(character.is_alphanumeric() || character == '_'));
                    sources.extend(words.filter_map(|word| self.tainted.get(word)).flatten());
                }
                Token::Name(name) => sources.extend(self.tainted.get(name).into_iter().flatten()),
                Token::Other(_) | Token::End => {}
            }
        }
        sources
    }

    /// Taints what the statements assign, and says whether that was new for any.
    fn spread_all(&mut self, statements: &[&[Token]]) -> bool {
        let mut changed = false;
        for statement in statements {
            changed |= self.spread(statement);
        }
        changed
    }

    /// Taints what a statement assigns, and says whether that was new.
    fn spread(&mut self, statement: &[Token]) -> bool {
        let sources = self.sources(statement);
        if sources.is_empty() {
            return false;
        }
        let mut targets: Vec<String> = Vec::new();
        for (at, token) in statement.iter().enumerate() {
            let Token::Name(name) = token else { continue };
            let is_target = is_assigned(statement, at)
                || matches!(statement.get(at + 1), Some(Token::Other('.' | '[')))
                || matches!(at.checked_sub(1).map(|before| &statement[before]), Some(Token::Name(word)) if word == "as" || word == "for");
            targets.extend(is_target.then(|| name.clone()));
            targets.extend(self.functions.get(name).into_iter().flatten().cloned());
            targets.extend((name.starts_with("write") || name == "file" || name == "dump").then(|| FILES.to_owned()));
        }
        if names(statement).any(|word| word == "return" || word == "yield") {
            // Nobody says of which function: of any.
            targets.extend(self.functions.keys().cloned());
        }
        if names(statement).any(|word| word == "raise" || word == "match") {
            targets.extend(self.bound.iter().cloned());
        }
        let mut changed = false;
        for target in targets {
            let known = self.tainted.entry(target).or_default();
            let before = known.len();
            known.extend(&sources);
            changed |= known.len() > before;
        }
        changed
    }

    fn judge(&mut self, statement: &[Token]) {
        for (at, token) in statement.iter().enumerate() {
            match token {
                Token::Name(name) => self.name(name, statement, at),
                Token::Text(..) => self.format(statement, at),
                Token::Other(_) | Token::End => {}
            }
        }
    }

    fn name(&mut self, name: &str, statement: &[Token], at: usize) {
        let is_member_of = |owner: &str| {
            at >= 2 && statement[at - 1] == Token::Other('.') && statement[at - 2] == Token::Name(owner.to_owned())
        };
        if self.tainted.contains_key(name) {
            self.format(statement, at);
        }
        if name == "environ" || name == "putenv" || name == "path" && is_member_of("sys") {
            self.obeyed(name, statement, at);
        }
        if name.starts_with("write") || name == "open" || name == "dump" {
            self.written(statement);
        }
        if (is_running(name) || self.running.contains(name) && !is_assigned(statement, at)) && !is_member_of("re") {
            let mut sources = self.sources(statement);
            sources.extend(self.tainted.get(FILES).into_iter().flatten());
            return self.refuse(&sources, &format!("an argument of `{name}`"));
        }
        let Some(arguments) = arguments(statement, at + 1) else { return };
        let first = first_argument(arguments);
        match name {
            "open" | "Path" => self.require(&self.sources(first), Requirement::InsidePath),
            "load" if is_member_of("yaml") => self.refuse(&self.sources(statement), "an argument of `yaml.load`"),
            _ if QUERYING.contains(&name) => {
                self.refuse(&self.sources(first), &format!("a part of the code in `{name}`"))
            }
            _ if STARTING.contains(&name) => self.start(name, statement, arguments),
            _ => {}
        }
    }

    /// Judges what is put into the environment or the path of modules.
    fn obeyed(&mut self, name: &str, statement: &[Token], at: usize) {
        let is_key = |token: &Token| matches!(token, Token::Text(_, holes) if !holes.is_empty());
        let key = statement.get(at + 2).filter(|_| name != "path");
        let names_obeyed = |token: &Token| matches!(token, Token::Text(text, _) if is_obeyed(text));
        if name == "path" || key.is_some_and(is_key) || statement.iter().any(names_obeyed) {
            self.refuse(&self.sources(statement), "the environment that programs obey, or its name");
        }
    }

    /// Judges what is written to a file that somebody runs.
    fn written(&mut self, statement: &[Token]) {
        let is_run = |token: &Token| matches!(token, Token::Text(text, _) if is_run(text));
        if statement.iter().any(is_run) {
            self.refuse(&self.sources(statement), "written to a file that is run or obeyed");
        }
    }

    /// Judges a program that is started: as data stand only the words behind the first of a list.
    fn start(&mut self, name: &str, statement: &[Token], arguments: &[Token]) {
        let sources = self.sources(statement);
        let words: Option<&[Token]> = match arguments {
            [Token::Other('[' | '('), rest @ ..] => Some(rest),
            _ => None,
        };
        let program = words.and_then(|words| words.first()).and_then(|word| match word {
            Token::Text(text, holes) if holes.is_empty() => text.rsplit('/').next(),
            _ => None,
        });
        let names_shell = names(statement).any(|name| name == "shell" || name == "executable" || name == "preexec_fn");
        match program {
            Some(program) if !names_shell && !INTERPRETERS.contains(&program) => {
                self.require(&sources, Requirement::NotAnOption);
            }
            _ => {
                let files = self.tainted.get(FILES).cloned().unwrap_or_default();
                self.refuse(&files, "written to a file that a program may run");
                self.refuse(&sources, &format!("a program that `{name}` starts, or code for one"));
            }
        }
    }

    /// Refuses a text that `%` or `.format` behind it takes for a format.
    fn format(&mut self, statement: &[Token], at: usize) {
        let mut after =
            statement[at + 1..].iter().skip_while(|token| matches!(token, Token::Text(..) | Token::Other(')' | ']')));
        let is_format = match after.next() {
            Some(Token::Other('%')) => true,
            Some(Token::Other('.')) => matches!(after.next(), Some(Token::Name(name)) if name.starts_with("format")),
            _ => false,
        };
        if is_format {
            let sources = self.sources(&statement[at..=at]);
            self.refuse(&sources, "a part of the format of `%` or `.format`");
        }
    }

    fn refuse(&mut self, holes: &Holes, reason: &str) {
        for hole in holes {
            self.holes[*hole].refusal.get_or_insert_with(|| reason.to_owned());
            self.holes[*hole].help = Some("give it to a program as a word of a list, behind the program's name");
        }
    }

    fn require(&mut self, holes: &Holes, requirement: Requirement) {
        holes.iter().for_each(|hole| self.holes[*hole].requirements.push(requirement));
    }
}

/// Says whether a function of this name runs its argument.
fn is_running(name: &str) -> bool {
    RUNNING.contains(&name) || RUNNING_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn names(tokens: &[Token]) -> impl Iterator<Item = &str> {
    tokens.iter().filter_map(|token| match token {
        Token::Name(name) => Some(name.as_str()),
        _ => None,
    })
}

/// Says whether a name of a statement stands in front of an `=` that assigns, or between `for` and
/// `in`.
fn is_assigned(statement: &[Token], at: usize) -> bool {
    let compares = |other: Option<&Token>| matches!(other, Some(Token::Other('=' | '!' | '<' | '>')));
    let mut open = 0_i32;
    for (index, token) in statement.iter().enumerate() {
        match token {
            Token::Other('(' | '[' | '{') => open += 1,
            Token::Other(')' | ']' | '}') => open -= 1,
            Token::Other('=') if index > at => {
                let before = &statement[index - 1];
                let is_walrus = *before == Token::Other(':') && index == at + 2;
                if is_walrus || open == 0 && !compares(statement.get(index + 1)) && !compares(Some(before)) {
                    return true;
                }
            }
            Token::Name(word) if word == "in" && index > at => {
                return names(&statement[..at]).any(|word| word == "for");
            }
            _ => {}
        }
    }
    false
}

/// Returns what stands in the parentheses that begin at an index.
fn arguments(statement: &[Token], open: usize) -> Option<&[Token]> {
    (statement.get(open) == Some(&Token::Other('('))).then(|| &statement[open + 1..])
}

/// Returns the tokens up to the first comma or the closing parenthesis.
fn first_argument(arguments: &[Token]) -> &[Token] {
    let mut open = 0_usize;
    for (at, token) in arguments.iter().enumerate() {
        match token {
            Token::Other('(' | '[' | '{') => open += 1,
            Token::Other(')' | ']' | '}') if open == 0 => return &arguments[..at],
            Token::Other(')' | ']' | '}') => open -= 1,
            Token::Other(',') if open == 0 => return &arguments[..at],
            _ => {}
        }
    }
    arguments
}
