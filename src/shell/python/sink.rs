//! Which holes of a Python script reach something that evaluates them.
//!
//! Statement by statement, by names alone, and without regard to their order: a statement that names
//! something tainted taints what it assigns. That demands too much now and then, never too little
//! of what the lists below know.

use super::known::{
    EVALUATING, FINDING, LOADING, LOGGING, QUERYING, SAFE_LOADERS, STARTING, TEMPLATES, TEMPLATING, TOUCHING,
    TOUCHING_MEMBERS, is_running,
};
use super::lexer::Token;
use crate::shell::analysis::Finding;
use crate::shell::filename::is_run;
use crate::shell::program::Holes;
use crate::shell::requirement::Requirement;
use crate::shell::special::is_obeyed;
use std::collections::{BTreeMap, BTreeSet};

/// Where a file is written to: one name for all files.
pub(super) const FILES: &str = "<files>";

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
        set: Vec::new(),
        has_code_in_text: tokens
            .iter()
            .any(|token| matches!(token, Token::Name(name) if EVALUATING.contains(&name.as_str()))),
        holes,
    };
    for statement in &statements {
        judge.learn_function(statement);
        judge.learn_import(statement);
    }
    judge.learn_classes(&statements);
    while statements.iter().any(|statement| judge.learn_running(statement)) {}
    while judge.spread_all(&statements) {}
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
    functions: BTreeMap<String, Vec<String>>,
    /// The names that `except … as` and `case` give to what comes from elsewhere.
    bound: BTreeSet<String>,
    /// The script's own names of functions that run their argument.
    running: BTreeSet<String>,
    /// Its own names of functions that start a program.
    starting: BTreeSet<String>,
    /// Its names of `yaml`, and of the functions that it has from there.
    loading: BTreeSet<String>,
    /// The names of functions that it has from `os` and `shutil`.
    touching: BTreeSet<String>,
    /// What it has of others: modules, and what it names of them.
    imported: BTreeSet<String>,
    /// The modules that it has whole. What is put into a member of one is known by the member's name.
    modules: BTreeSet<String>,
    /// The variables that it puts into the environment, and what reaches each.
    pub(super) set: Vec<(String, Holes)>,
    /// Whether it has any text evaluated: then every text may be code, which names what reaches it.
    has_code_in_text: bool,
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
            // `name = lambda parameters: …`
            if keyword == "lambda"
                && let [before @ .., Token::Name(name), Token::Other('=')] = &statement[..at]
                && before.is_empty()
            {
                let end = statement[at..].iter().position(|token| *token == Token::Other(':')).unwrap_or(0);
                let parameters: Vec<String> = names(&statement[at + 1..at + end.max(1)]).map(str::to_owned).collect();
                self.functions.entry(name.clone()).or_default().extend(parameters);
            }
        }
    }

    /// Notes what modules are called here, and which functions of theirs have names of their own.
    fn learn_import(&mut self, statement: &[Token]) {
        let words: Vec<&str> = names(statement).collect();
        let Some(at) = words.iter().position(|word| *word == "import") else { return };
        let (module, brought) = (words.get(1..at).unwrap_or_default(), &words[at + 1..]);
        self.imported.extend(module.iter().chain(brought).map(|word| (*word).to_owned()));
        if module.is_empty() {
            self.modules.extend(brought.iter().map(|word| (*word).to_owned()));
        }
        for (place, word) in brought.iter().enumerate() {
            let own = if brought.get(place + 1) == Some(&"as") { brought.get(place + 2).unwrap_or(word) } else { word };
            let own = (*own).to_owned();
            match module {
                [] if *word == "yaml" => drop(self.loading.insert(own)),
                [.., "yaml"] if LOADING.contains(word) => drop(self.loading.insert(own)),
                ["os" | "shutil", ..] if TOUCHING_MEMBERS.contains(word) => drop(self.touching.insert(own)),
                _ => {}
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

    /// Notes the names that a statement gives to functions that run their argument or start a program, and
    /// says whether one was new.
    fn learn_running(&mut self, statement: &[Token]) -> bool {
        let is_called = |at: usize| statement.get(at + 1) == Some(&Token::Other('('));
        let gives = |at: usize, name: &str| {
            FINDING.contains(&name) || (is_running(name) || self.running.contains(name)) && !is_called(at)
        };
        let starts =
            |at: usize, name: &str| (STARTING.contains(&name) || self.starting.contains(name)) && !is_called(at);
        let is_any = |is_it: &dyn Fn(usize, &str) -> bool| {
            statement
                .iter()
                .enumerate()
                .any(|(at, token)| matches!(token, Token::Name(name) if is_it(at, name) && !is_assigned(statement, at)))
        };
        let (gives, starts) = (is_any(&gives), is_any(&starts));
        if !gives && !starts {
            return false;
        }
        let mut is_new = false;
        for (at, token) in statement.iter().enumerate() {
            let Token::Name(name) = token else { continue };
            let follows_as =
                matches!(at.checked_sub(1).map(|before| &statement[before]), Some(Token::Name(word)) if word == "as");
            if is_assigned(statement, at) || follows_as {
                is_new |= gives && self.running.insert(name.clone());
                is_new |= starts && self.starting.insert(name.clone());
            }
        }
        is_new
    }

    /// Returns the holes that a part of a statement holds or names.
    pub(super) fn sources(&self, tokens: &[Token]) -> Holes {
        let mut sources = Holes::new();
        for token in tokens {
            match token {
                Token::Text(literal) => {
                    sources.extend(&literal.holes);
                    sources.extend(self.variable(&literal.text));
                    let named = words(&literal.code).chain(formatted(&literal.text));
                    let named = named.chain(words(&literal.text).filter(|_| self.has_code_in_text));
                    for word in named {
                        sources.extend(self.tainted.get(word).into_iter().flatten());
                        sources.extend(self.variable(word));
                    }
                }
                Token::Name(name) => sources.extend(self.tainted.get(name).into_iter().flatten()),
                Token::Other(_) | Token::End => {}
            }
        }
        sources
    }

    /// Returns the hole that a variable of the environment is.
    fn variable(&self, name: &str) -> Option<usize> {
        self.environment.iter().position(|known| known == name).map(|at| self.own + at)
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
                Token::Text(..) => self.format(statement, at),
                // Text is divided by nothing but a path.
                Token::Other('/') => {
                    let sources = self.sources(statement.get(at + 1..at + 2).unwrap_or_default());
                    self.require(&sources, Requirement::InsidePath);
                }
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
            || name == "join" && owner == "path";
        match name {
            "open" | "Path" => self.require(&self.sources(first), Requirement::InsidePath),
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

    /// Judges what is put into the environment or the path of modules.
    fn obeyed(&mut self, name: &str, statement: &[Token], at: usize) {
        let is_key = |token: &Token| matches!(token, Token::Text(literal) if !literal.holes.is_empty());
        let key = statement.get(at + 2).filter(|_| name != "path");
        let names_obeyed = |token: &Token| matches!(token, Token::Text(literal) if is_obeyed(&literal.text));
        if name == "path" || key.is_some_and(is_key) || statement.iter().any(names_obeyed) {
            self.refuse(&self.sources(statement), "the environment that programs obey, or its name");
        }
    }

    /// Judges what is written to a file that somebody runs.
    fn written(&mut self, statement: &[Token]) {
        let is_run = |token: &Token| matches!(token, Token::Text(literal) if is_run(&literal.text));
        if statement.iter().any(is_run) {
            self.refuse(&self.sources(statement), "written to a file that is run or obeyed");
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

/// Returns the words of a text that can be names.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !(character.is_alphanumeric() || character == '_')).filter(|word| !word.is_empty())
}

/// Returns the names that a text has where a format has them: `{name…}`, `%(name)`, `$name`, `${name}`.
fn formatted(text: &str) -> impl Iterator<Item = &str> {
    let after = text.match_indices(['{', '(', '$']).map(|(at, mark)| &text[at + mark.len()..]);
    after.filter_map(|rest| words(rest).next().filter(|word| rest.starts_with(word)))
}

pub(super) fn names(tokens: &[Token]) -> impl Iterator<Item = &str> {
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
