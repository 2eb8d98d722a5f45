//! What a Python script gets to read without writing down what: variables of the environment whose names it makes
//! when it runs, all of them at once, names of files, what git tells.
//!
//! `os.environ["NAME"]` reads what it says. `os.environ[name.upper()]`, `os.environ.values()`, `env` as a program
//! may read any variable.

use super::apart::hole_of;
use super::facts::Binding;
use super::known::STARTING;
use super::lexer::{FIELD, Token};
use super::line::{arguments, names, split};
use super::sink::Judge;
use super::tree::{Argument, Expr, Piece};
use super::words::is_word;
use crate::shell::git::{PRINTING, STORING};
use crate::shell::program::Holes;

/// The names of files and folders that payload text was given to.
pub(super) const NAMES: &str = "<names>";

/// What git was given, and may print.
pub(super) const GIT: &str = "<git>";

/// How far names are followed.
const DEPTH_MAX: usize = 8;

/// Functions that return the value of a variable.
pub(super) const GETTING: &[&str] = &["getenv", "getenvb"];

/// Methods of the environment that return the value of one variable.
const ONE: &[&str] = &["get", "pop", "setdefault", "__getitem__"];

/// Methods of the environment that return the values of all.
const ALL: &[&str] = &["values", "items", "popitem", "__getattribute__", "__getattr__"];

/// Functions that return the names of files.
const LISTING: &[&str] = &["listdir", "scandir", "walk", "glob", "iglob", "rglob", "iterdir", "fwalk", "readlink"];

/// Functions that return the name of the folder that a script is in, or one with it in front.
const STANDING: &[&str] = &["getcwd", "getcwdb", "cwd", "abspath", "realpath", "resolve", "absolute"];

/// What returns the name of a user from one of several variables.
const USER: &str = "getuser";

/// Functions that return what they are given in another order or form.
const KEEPING: &[&str] = &["sorted", "list", "set", "tuple", "reversed", "frozenset"];

impl Judge<'_> {
    /// Returns all payload text of the environment.
    pub(super) fn whole_environment(&self) -> Holes {
        let given = self.environment.iter().enumerate().filter(|(_, name)| !is_word(name));
        given.map(|(at, _)| self.own + at).chain(self.set.values().flatten().copied()).collect()
    }

    /// Returns what the token at an index brings that nothing in it names.
    pub(super) fn read_at(&self, tokens: &[Token], at: usize) -> Holes {
        match &tokens[at] {
            Token::Name(name) if self.is_listing(name) => self.named(NAMES),
            Token::Name(name) if name == USER => self.whole_environment(),
            Token::Name(name) if self.reads_any(name, tokens, at) => self.whole_environment(),
            Token::Name(name) if self.may_read_back(name) => self.read_back_at(tokens, at),
            Token::Text(text, _) if is_environment_file(text) => self.whole_environment(),
            Token::Text(text, _) if text == "git" => match words(&tokens[at + 1..]).any(|it| PRINTING.contains(&it)) {
                true => self.named(GIT),
                false => Holes::new(),
            },
            Token::Text(text, _) if text.starts_with("git ") && text.split(' ').any(|it| PRINTING.contains(&it)) => {
                self.named(GIT)
            }
            Token::Text(text, _) if is_printing(text) => {
                let is_program = match &tokens[..at] {
                    [.., Token::Name(_) | Token::Other(')' | ']'), Token::Other('[')] => false,
                    [.., Token::Other('[' | '(')] => true,
                    _ => false,
                };
                let is_alone = words(&tokens[at + 1..]).all(|it| it.starts_with('-')) || text != "env";
                if is_program && is_alone { self.whole_environment() } else { Holes::new() }
            }
            _ => Holes::new(),
        }
    }

    /// Returns what an expression brings that nothing in it names.
    pub(super) fn read_by(&self, expression: &Expr) -> Holes {
        match expression {
            Expr::Text(pieces) => {
                let is_one = |piece: &Piece| matches!(piece, Piece::Text(text) if is_environment_file(text));
                if pieces.iter().any(is_one) { self.whole_environment() } else { Holes::new() }
            }
            Expr::List(items) => {
                let words: Vec<String> = items.iter().map(|item| item.text().unwrap_or_default()).collect();
                match words.split_first() {
                    Some((program, rest)) if program == "env" && rest.iter().all(|it| it.starts_with('-')) => {
                        self.whole_environment()
                    }
                    Some((program, _)) if program == "printenv" => self.whole_environment(),
                    Some((program, rest)) if program == "git" && rest.iter().any(|it| PRINTING.contains(&&**it)) => {
                        self.named(GIT)
                    }
                    _ => Holes::new(),
                }
            }
            Expr::Call(callee, _) if callee.last_name().is_some_and(|name| self.is_listing(name)) => self.named(NAMES),
            Expr::Call(callee, _) if callee.last_name() == Some(USER) => self.whole_environment(),
            Expr::Call(callee, _) if self.is_of_environment(callee, ALL) => self.whole_environment(),
            Expr::Call(callee, arguments)
                if callee.last_name().is_some_and(|name| self.may_read_back(name) || self.may_print(name)) =>
            {
                self.read_back(callee, arguments)
            }
            _ => match self.key(expression) {
                Some(key) if !self.is_written(key, 0) => self.whole_environment(),
                _ => Holes::new(),
            },
        }
    }

    /// Says whether an expression is a variable of the environment whose name is written there.
    pub(super) fn is_variable(&self, expression: &Expr) -> bool {
        self.key(expression).is_some_and(|key| key.text().is_some())
    }

    /// Refuses payload text as the name of the variable that an expression reads.
    pub(super) fn chosen_variable(&mut self, expression: &Expr) {
        let Some(key) = self.key(expression).filter(|key| !self.is_written(key, 0)) else { return };
        let holes = self.chooses(key, 0);
        self.refuse(&holes, "the name of the variable of the environment that is read");
    }

    /// Says whether a statement gives git what git may print later.
    pub(super) fn tells_git(&self, statement: &[Token]) -> bool {
        let is_git = |text: &str| text == "git" || text.starts_with("git ");
        let starts = |name: &str| STARTING.contains(&name) || self.starting.contains(name) || name == "system";
        let mut given = words(statement).flat_map(|text| text.split(' '));
        words(statement).any(is_git) && names(statement).any(starts) && given.any(|word| STORING.contains(&word))
    }

    /// Says whether a name is one by which a script reads what it does not name.
    pub(super) fn is_reading(&self, name: &str) -> bool {
        self.is_listing(name)
            || name == USER
            || self.may_read_back(name)
            || GETTING.contains(&name)
            || self.is_environment(name)
    }

    /// Says whether a function returns names of files, or of the folder that the script is in.
    fn is_listing(&self, name: &str) -> bool {
        LISTING.contains(&name) || STANDING.contains(&name) && self.named.contains("chdir")
    }

    pub(super) fn named(&self, name: &str) -> Holes {
        self.tainted.get(name).cloned().unwrap_or_default()
    }

    /// Says whether the name at an index reads a variable whose name is not written there.
    fn reads_any(&self, name: &str, tokens: &[Token], at: usize) -> bool {
        let is_open = |given: &[Token]| !self.is_written_key(split(given)[0]);
        if GETTING.contains(&name) {
            return arguments(tokens, at + 1).is_some_and(is_open);
        }
        if !self.is_environment(name) {
            return false;
        }
        match &tokens[at + 1..] {
            [Token::Other('['), rest @ ..] => {
                let key = split(rest)[0];
                let is_set = matches!(rest[key.len().min(rest.len())..], [Token::Other(']'), Token::Other('='), ref next @ ..] if next.first() != Some(&Token::Other('=')));
                !is_set && is_open(rest)
            }
            [Token::Other('.'), Token::Name(method), ..] if ALL.contains(&method.as_str()) => true,
            [Token::Other('.'), Token::Name(method), Token::Other('('), rest @ ..] => {
                ONE.contains(&method.as_str()) && is_open(rest)
            }
            _ => false,
        }
    }

    fn is_written_key(&self, key: &[Token]) -> bool {
        match key {
            [Token::Text(text, holes)] => holes.is_empty() && !text.contains(FIELD),
            [Token::Name(name)] => self.is_written(&Expr::Name(name.clone()), 0),
            _ => false,
        }
    }

    /// Returns the name of the variable that an expression reads.
    pub(super) fn key<'e>(&self, expression: &'e Expr) -> Option<&'e Expr> {
        match expression {
            Expr::Item(owner, key) if owner.last_name().is_some_and(|name| self.is_environment(name)) => Some(key),
            Expr::Call(callee, arguments) => {
                let gets = callee.last_name().is_some_and(|name| GETTING.contains(&name));
                let is_one = gets || self.is_of_environment(callee, ONE);
                let named = |it: &&Argument| it.name.is_none() || it.name.as_deref() == Some("key");
                arguments.first().filter(|_| is_one).filter(named).map(|it| &it.value)
            }
            _ => None,
        }
    }

    /// Says whether something is one of these methods of an environment.
    fn is_of_environment(&self, callee: &Expr, methods: &[&str]) -> bool {
        let Expr::Member(owner, method) = callee else { return false };
        methods.contains(&method.as_str()) && owner.last_name().is_some_and(|name| self.is_environment(name))
    }

    /// Says whether an expression is one of the texts that the script writes down.
    pub(super) fn is_written(&self, expression: &Expr, depth: usize) -> bool {
        if depth > DEPTH_MAX || !self.goes_on() {
            return false;
        }
        match expression {
            Expr::Text(_) => expression.text().is_some(),
            Expr::Any(items) => items.iter().all(|item| self.is_written(item, depth + 1)),
            Expr::Name(name) => {
                let bindings = self.facts.bindings(name);
                let is_one = |binding: &Binding| match binding {
                    Binding::Value(value) => self.is_written(value, depth + 1),
                    Binding::Item(owner) => self.has_written_items(owner, depth + 1),
                    Binding::Unknown => false,
                };
                !bindings.is_empty() && bindings.iter().all(is_one)
            }
            _ => false,
        }
    }

    fn has_written_items(&self, owner: &Expr, depth: usize) -> bool {
        if depth > DEPTH_MAX || !self.goes_on() {
            return false;
        }
        match owner {
            Expr::List(items) => items.iter().all(|item| self.is_written(item, depth + 1)),
            Expr::Dict(entries) => {
                entries.iter().all(|(key, _)| key.as_ref().is_some_and(|key| self.is_written(key, depth + 1)))
            }
            Expr::Call(callee, arguments) => match (&**callee, arguments.as_slice()) {
                (Expr::Name(name), [only]) if KEEPING.contains(&name.as_str()) => {
                    self.has_written_items(&only.value, depth + 1)
                }
                _ => false,
            },
            Expr::Name(name) => {
                let bindings = self.facts.bindings(name);
                let is_one =
                    |it: &Binding| matches!(it, Binding::Value(value) if self.has_written_items(value, depth + 1));
                !bindings.is_empty() && bindings.iter().all(is_one) && self.facts.added(name).is_empty()
            }
            _ => false,
        }
    }

    /// Returns the payload text that chooses what an expression is, where it is no entry of something.
    fn chooses(&self, expression: &Expr, depth: usize) -> Holes {
        let is_payload =
            |hole: &usize| hole_of(*hole) < self.own || is_word(&self.environment[hole_of(*hole) - self.own]);
        if depth > DEPTH_MAX || !self.goes_on() {
            return Holes::new();
        }
        if let Some(key) = self.key(expression) {
            return key.text().and_then(|text| self.variable(&text)).into_iter().collect();
        }
        match expression {
            Expr::Name(name) => {
                let own = self.named(name).into_iter().filter(is_payload);
                let values = self.facts.bindings(name).iter();
                let values = values.filter_map(|it| if let Binding::Value(value) = it { Some(value) } else { None });
                own.chain(values.flat_map(|value| self.chooses(value, depth + 1))).collect()
            }
            Expr::Text(pieces) => {
                let holes = pieces.iter().filter_map(|it| if let Piece::Hole(hole) = it { Some(*hole) } else { None });
                let fields =
                    pieces.iter().filter_map(|it| if let Piece::Field(field) = it { Some(field) } else { None });
                holes.chain(fields.flat_map(|field| self.chooses(field, depth + 1))).collect()
            }
            Expr::Item(owner, _) if owner.last_name() == Some("argv") => self.reaches(owner),
            Expr::Item(..) => Holes::new(),
            _ => expression.parts().into_iter().flat_map(|part| self.chooses(part, depth + 1)).collect(),
        }
    }
}

/// Returns the texts in tokens up to the end of the list or the call that they stand in.
fn words(tokens: &[Token]) -> impl Iterator<Item = &str> {
    let inside = tokens.iter().take_while(|token| !matches!(token, Token::Other(']')));
    inside.filter_map(|token| if let Token::Text(text, _) = token { Some(text.as_str()) } else { None })
}

/// Says whether a text names the file in which the system shows a process's environment.
fn is_environment_file(text: &str) -> bool {
    text.contains("/proc/") && text.contains("environ")
}

/// Says whether a text is a command that prints the environment, or begins with one.
fn is_printing(text: &str) -> bool {
    let mut words = text.split_whitespace();
    matches!((words.next(), words.next()), (Some("printenv"), _) | (Some("env"), None | Some("|")))
}
