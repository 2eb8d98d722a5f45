//! Which holes of a Python script reach something that evaluates them.
//!
//! Statement by statement, by names alone, and without regard to their order: a statement that names
//! something tainted taints what it assigns. That demands too much now and then, never too little
//! of what the lists below know.

use super::format::gives_format;
use super::known::{
    FETCHING, LOADING, LOGGING, QUERYING, SAFE_LOADERS, STARTING, TEMPLATES, TEMPLATING, TOUCHING, TOUCHING_MEMBERS,
    is_running,
};
use super::lexer::{FIELD, FIELD_END, HOLE, Token};
use crate::shell::analysis::Finding;
use crate::shell::filename::is_run;
use crate::shell::program::Holes;
use crate::shell::requirement::Requirement;
use std::collections::{BTreeMap, BTreeSet};

/// Where a file is written to: one name for all files.
pub(super) const FILES: &str = "<files>";

/// The parameters of a script's functions, by the functions' names.
pub(super) type Functions = BTreeMap<String, Vec<String>>;

/// The most variables that get their text from each other in front of an address.
const SCHEME_DEPTH_MAX: usize = 8;

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
        starting: BTreeSet::new(),
        loading: BTreeSet::new(),
        touching: BTreeSet::new(),
        imported: BTreeSet::new(),
        modules: BTreeSet::new(),
        formatters: BTreeSet::new(),
        environments: BTreeSet::new(),
        spreads: false,
        run_files: BTreeSet::new(),
        texts: tokens.iter().filter_map(as_variable).collect(),
        statements: &statements,
        set: Vec::new(),
        holes,
    };
    for statement in &statements {
        judge.learn_function(statement);
        judge.learn_import(statement);
        judge.learn_formatter(statement);
        judge.learn_run_file(statement);
    }
    judge.learn_classes(&statements);
    judge.learn_arguments();
    while statements.iter().any(|statement| judge.learn_running(statement)) {}
    while judge.spread_all(&statements) {}
    statements.iter().for_each(|statement| judge.learn_spread(statement));
    judge.find_environments(&statements);
    for statement in &statements {
        judge.learn_environment(statement);
    }
    judge.shell_texts(&statements);
    for statement in &statements {
        judge.judge(statement);
    }
}

pub(super) struct Judge<'j> {
    pub(super) environment: &'j [String],
    /// How many holes the script has itself: those of the environment follow them.
    pub(super) own: usize,
    pub(super) tainted: BTreeMap<String, Holes>,
    /// The parameters of the script's functions.
    pub(super) functions: Functions,
    /// The names that `except … as` and `case` give to what comes from elsewhere.
    pub(super) bound: BTreeSet<String>,
    /// The script's own names of functions that run their argument.
    pub(super) running: BTreeSet<String>,
    /// Its own names of functions that start a program.
    pub(super) starting: BTreeSet<String>,
    /// Its names of `yaml`, and of the functions that it has from there.
    pub(super) loading: BTreeSet<String>,
    /// The names of functions that it has from `os` and `shutil`.
    pub(super) touching: BTreeSet<String>,
    /// What it has of others: modules, and what it names of them.
    pub(super) imported: BTreeSet<String>,
    /// The modules that it has whole. What is put into a member of one is known by the member's name.
    pub(super) modules: BTreeSet<String>,
    /// What it calls a `string.Formatter`.
    pub(super) formatters: BTreeSet<String>,
    /// The names of what it gives to programs as their environment.
    pub(super) environments: BTreeSet<String>,
    /// It gives dictionaries of named arguments to what starts a program.
    pub(super) spreads: bool,
    /// The variables that hold the name of a file that is run or obeyed.
    pub(super) run_files: BTreeSet<String>,
    /// The texts that can be names of variables.
    pub(super) texts: BTreeSet<String>,
    pub(super) statements: &'j [&'j [Token]],
    /// The variables that it puts into the environment, and what reaches each.
    pub(super) set: Vec<(String, Holes)>,
    holes: &'j mut [Finding],
}

impl Judge<'_> {
    /// Returns what decides how an address begins: nothing where the author wrote its scheme.
    fn beginning(&self, address: &[Token]) -> Holes {
        if self.has_scheme(address, 0) { Holes::new() } else { self.sources(address) }
    }

    /// Says whether a text begins with the scheme of an address, as it stands there or in all that its variable gets.
    fn has_scheme(&self, address: &[Token], depth: usize) -> bool {
        match address {
            // It was judged itself.
            _ if names(address).any(|name| FETCHING.contains(&name)) => true,
            [Token::Text(text, _), ..] if !text.starts_with([HOLE, FIELD]) => {
                text.split([HOLE, FIELD, '{', '%']).next().is_some_and(|begin| begin.contains("://"))
            }
            // The expression that an f-string begins with.
            [Token::Text(text, _), ..] => {
                text.strip_prefix(FIELD).and_then(|rest| rest.split_once(FIELD_END)).is_some_and(|(name, _)| {
                    let name = Token::Name(name.trim_matches(['{', '}']).to_owned());
                    self.has_scheme(&[name], depth)
                })
            }
            [Token::Name(name)] | [Token::Name(name), Token::Other('+'), ..] if depth < SCHEME_DEPTH_MAX => {
                let is_own = |it: &&&[Token]| matches!(it, [Token::Name(own), Token::Other('='), ..] if own == name);
                let mut own = self.statements.iter().filter(is_own).peekable();
                own.peek().is_some() && own.all(|it| self.has_scheme(&it[2..], depth + 1))
            }
            _ => false,
        }
    }

    /// Returns the holes that a part of a statement holds or names.
    pub(super) fn sources(&self, tokens: &[Token]) -> Holes {
        let mut sources = Holes::new();
        for token in tokens {
            match token {
                Token::Text(text, holes) => {
                    sources.extend(holes);
                    sources.extend(self.environment.iter().position(|name| name == text).map(|at| self.own + at));
                    let fields = text.split(FIELD).skip(1).filter_map(|it| it.split(FIELD_END).next());
                    let is_between = |character: char| !(character.is_alphanumeric() || character == '_');
                    let words = fields.flat_map(|field| field.split(is_between));
                    for word in words {
                        sources.extend(self.tainted.get(word).into_iter().flatten());
                        sources.extend(self.environment.iter().position(|name| name == word).map(|at| self.own + at));
                    }
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
            targets.extend((is_target && !self.modules.contains(name)).then(|| name.clone()));
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
                Token::Other('%') => self.percent(statement, at),
                // Text is divided by nothing but a path.
                Token::Other('/') => {
                    let sources = self.sources(statement.get(at + 1..at + 2).unwrap_or_default());
                    self.require(&sources, Requirement::InsidePath);
                }
                Token::Text(..) | Token::Other(_) | Token::End => {}
            }
        }
    }

    fn name(&mut self, name: &str, statement: &[Token], at: usize) {
        let is_member_of = |owner: &str| {
            at >= 2 && statement[at - 1] == Token::Other('.') && statement[at - 2] == Token::Name(owner.to_owned())
        };
        self.format_method(statement, at);
        if name == "path" && is_member_of("sys") {
            self.refuse(&self.sources(statement), "the path of modules");
        }
        if name.starts_with("write") || matches!(name, "open" | "Path" | "dump") {
            self.written(statement);
        }
        let runs = is_running(name) || self.running.contains(name) && !is_assigned(statement, at);
        let divides = matches!(name, "mod" | "imod") && self.imported.contains("operator");
        if runs && !is_member_of("re") || divides || gives_format(statement, at) {
            let mut sources = self.sources(statement);
            sources.extend(self.tainted.get(FILES).into_iter().flatten());
            return self.refuse(&sources, &format!("an argument of `{name}`"));
        }
        let owner = match statement.get(..at) {
            Some([.., Token::Name(owner), Token::Other('.')]) => owner.as_str(),
            _ => "",
        };
        if TEMPLATING.contains(&name) && TEMPLATES.iter().any(|library| self.imported.contains(*library)) {
            return self.refuse(&self.sources(statement), "the text of a template, which is code");
        }
        let Some(arguments) = arguments(statement, at + 1) else { return };
        let given = split(arguments);
        let first = given.first().copied().unwrap_or_default();
        let loads = LOADING.contains(&name) && self.loading.contains(owner) || self.loading.contains(name);
        let touches = TOUCHING.contains(&name)
            || TOUCHING_MEMBERS.contains(&name) && matches!(owner, "os" | "shutil")
            || self.touching.contains(name)
            || matches!((owner, name), ("path", "join") | ("fileinput", "input") | ("sqlite3", "connect"));
        if touches && self.names_run_file(statement) {
            let files = self.tainted.get(FILES).cloned().unwrap_or_default();
            self.refuse(&files, "written to a file that is run or obeyed");
        }
        match name {
            _ if FETCHING.contains(&name) || name == "open" && owner == "webbrowser" => {
                let beginning = self.beginning(first);
                self.require(&beginning, Requirement::WebAddress);
            }
            "open" | "Path" => {
                let sources = given.iter().flat_map(|argument| self.sources(argument)).collect();
                self.require(&sources, Requirement::InsidePath);
            }
            _ if loads && !names(statement).any(|it| SAFE_LOADERS.iter().any(|safe| it.contains(safe))) => {
                self.refuse(&self.sources(statement), "an argument of `yaml.load`");
            }
            _ if QUERYING.contains(&name) => {
                self.refuse(&self.sources(first), &format!("a part of the code in `{name}`"))
            }
            _ if STARTING.contains(&name) || self.starting.contains(name) && !is_assigned(statement, at) => {
                self.start(name, statement, arguments);
            }
            _ if touches => {
                let sources = given.iter().flat_map(|argument| self.sources(argument)).collect();
                self.require(&sources, Requirement::InsidePath);
            }
            _ if LOGGING.contains(&name) && owner.to_ascii_lowercase().contains("log") => {
                let is_named = |argument: &&&[Token]| matches!(argument, [Token::Name(_), Token::Other('='), ..]);
                if given.iter().skip(1).any(|argument| !argument.is_empty() && !is_named(&argument)) {
                    self.refuse(&self.sources(first), "a part of the format of a line of the log");
                }
            }
            _ => {}
        }
    }

    /// Judges what is written to a file that somebody runs.
    fn written(&mut self, statement: &[Token]) {
        if self.names_run_file(statement) {
            self.refuse(&self.sources(statement), "written to a file that is run or obeyed");
        }
    }

    fn names_run_file(&self, statement: &[Token]) -> bool {
        statement.iter().any(|token| match token {
            Token::Text(text, _) => is_run(text),
            Token::Name(name) => self.run_files.contains(name),
            Token::Other(_) | Token::End => false,
        })
    }

    pub(super) fn refuse(&mut self, holes: &Holes, reason: &str) {
        for hole in holes {
            self.holes[*hole].refusal.get_or_insert_with(|| reason.to_owned());
            self.holes[*hole].help = Some("give it to a program as a word of a list, behind the program's name");
        }
    }

    pub(super) fn require(&mut self, holes: &Holes, requirement: Requirement) {
        holes.iter().for_each(|hole| self.holes[*hole].requirements.push(requirement));
    }
}

pub(super) fn names(tokens: &[Token]) -> impl Iterator<Item = &str> {
    tokens.iter().filter_map(|token| match token {
        Token::Name(name) => Some(name.as_str()),
        _ => None,
    })
}

/// Returns where in a statement an `=` assigns what is behind it to what is in front.
pub(super) fn assignments(statement: &[Token]) -> Vec<usize> {
    let mut open = 0_i32;
    let mut found = Vec::new();
    for (at, token) in statement.iter().enumerate() {
        match token {
            Token::Other('(' | '[' | '{') => open += 1,
            Token::Other(')' | ']' | '}') => open -= 1,
            Token::Other('=') if open == 0 && at > 0 => {
                let compares = matches!(statement[at - 1], Token::Other('=' | '!' | '<' | '>' | ':'));
                if !compares && statement.get(at + 1) != Some(&Token::Other('=')) {
                    found.push(at);
                }
            }
            _ => {}
        }
    }
    found
}

/// Returns a text that can be the name of a variable of the environment.
fn as_variable(token: &Token) -> Option<String> {
    let Token::Text(text, holes) = token else { return None };
    let is_part = |it: char| it.is_ascii_alphanumeric() || it == '_';
    let is_name =
        !text.is_empty() && !text.starts_with(|first: char| first.is_ascii_digit()) && text.chars().all(is_part);
    (is_name && holes.is_empty()).then(|| text.clone())
}

/// Says whether a name of a statement stands in front of an `=` that assigns, or between `for` and
/// `in`.
pub(super) fn is_assigned(statement: &[Token], at: usize) -> bool {
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
pub(super) fn arguments(statement: &[Token], open: usize) -> Option<&[Token]> {
    (statement.get(open) == Some(&Token::Other('('))).then(|| &statement[open + 1..])
}

/// Returns what stands between the commas up to the bracket that closes what is around, or to the end.
pub(super) fn split(tokens: &[Token]) -> Vec<&[Token]> {
    let (mut open, mut start, mut end) = (0_usize, 0, tokens.len());
    let mut parts = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Other('(' | '[' | '{') => open += 1,
            Token::Other(')' | ']' | '}') if open == 0 => {
                end = at;
                break;
            }
            Token::Other(')' | ']' | '}') => open -= 1,
            Token::Other(',') if open == 0 => {
                parts.push(&tokens[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&tokens[start..end]);
    parts
}
