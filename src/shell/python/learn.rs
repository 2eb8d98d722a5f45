//! What a Python script calls its functions, and those that it has of others.

use super::format::gives_format;
use super::known::{FINDING, SAFE_LOADERS, STARTING, TOUCHING_MEMBERS, is_running};
use super::lexer::{FIELD, Token};
use super::line::{arguments, assigned, assignments, names, split};
use super::sink::{FILES, Judge};
use super::statement;
use super::tree::{Expr, Statement};
use super::words::is_word;
use crate::shell::filename::is_run;
use crate::shell::outline::ARGUMENTS;
use crate::shell::program::Holes;
use std::collections::BTreeSet;

/// What has the words behind a script.
pub(super) const ARGUMENT_NAMES: &[&str] = &[
    "argv",
    "orig_argv",
    "parse_args",
    "parse_known_args",
    "parse_intermixed_args",
    "parse_known_intermixed_args",
    "docopt",
];

/// Libraries that call the script's functions with those words.
const COMMAND_LINES: &[&str] = &["click", "typer", "fire", "plac", "absl", "cyclopts", "invoke"];

/// Classes whose objects are what they are made of.
const HOLDING: &[&str] = &[
    "str",
    "bytes",
    "bytearray",
    "list",
    "tuple",
    "dict",
    "set",
    "frozenset",
    "deque",
    "UserString",
    "UserList",
    "UserDict",
    "OrderedDict",
    "defaultdict",
    "Counter",
    "Path",
    "PosixPath",
    "Exception",
    "BaseException",
];

/// How many names are compared in the time in which a token is looked at.
const COMPARED: usize = 16;

impl Judge<'_> {
    /// Notes the parameters of the functions that a statement makes.
    pub(super) fn learn_function(&mut self, statement: &[Token]) {
        for (at, token) in statement.iter().enumerate() {
            match (token, statement.get(at + 1)) {
                (Token::Name(keyword), Some(Token::Name(name))) if keyword == "def" || keyword == "class" => {
                    let rest = arguments(statement, at + 2).map(split).unwrap_or_default();
                    let parameters = rest.into_iter().filter_map(|it| names(it).next().map(str::to_owned));
                    self.add_parameters(name, parameters);
                }
                // `name = lambda parameters: …`
                (Token::Name(keyword), _) if keyword == "lambda" => {
                    let [Token::Name(name), Token::Other('=')] = &statement[..at] else { continue };
                    let end = statement[at..].iter().position(|token| *token == Token::Other(':')).unwrap_or(0);
                    let parameters = names(&statement[at + 1..at + end.max(1)]).map(str::to_owned);
                    self.add_parameters(name, parameters);
                }
                _ => {}
            }
        }
    }

    /// Notes what a function takes, or what it is called with as if it took that, and says whether any was new.
    pub(super) fn add_parameters(&mut self, function: &str, parameters: impl IntoIterator<Item = String>) -> bool {
        let known = self.functions.entry(function.to_owned()).or_default();
        let before = known.len();
        for name in parameters {
            if !self.work.take(1 + known.len() / COMPARED) {
                break;
            }
            if !known.contains(&name) {
                known.push(name);
            }
        }
        known.len() > before
    }

    /// Notes what modules are called here, and which functions of theirs have names of their own.
    pub(super) fn learn_import(&mut self, statement: &[Token]) {
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
                ["os", ..] if word.starts_with("environ") => drop(self.environments.insert(own)),
                ["os", "path"] if *word == "join" => drop(self.touching.insert(own)),
                ["os" | "shutil", ..] if TOUCHING_MEMBERS.contains(word) => drop(self.touching.insert(own)),
                _ => {}
            }
        }
    }

    /// Taints what has the words behind the script, if payload text is among them.
    pub(super) fn learn_arguments(&mut self) {
        // One word is known by its own name.
        let all = self.environment.iter().enumerate();
        self.tainted.extend(
            all.filter(|(_, name)| is_word(name)).map(|(at, name)| (name.clone(), Holes::from([self.own + at]))),
        );
        let places = self.environment.iter().enumerate().filter(|(_, name)| *name == ARGUMENTS);
        let holes: Holes = places.map(|(at, _)| self.own + at).collect();
        if holes.is_empty() {
            return;
        }
        let is_made = COMMAND_LINES.iter().any(|library| self.imported.contains(*library));
        let parameters = self.functions.values().flatten().filter(|_| is_made).cloned();
        let names = ARGUMENT_NAMES.iter().map(|name| (*name).to_owned()).chain(parameters);
        self.tainted.extend(names.map(|name| (name, holes.clone())));
    }

    /// Notes that a function that one of the script's own decorates is called with what any of them takes.
    pub(super) fn learn_decorators(&mut self, statements: &[Statement]) {
        let all: BTreeSet<String> = self.functions.values().flatten().cloned().collect();
        let mut is_decorated = false;
        for statement in statements {
            match statement {
                Statement::Decorator(decorator) => {
                    let callee = if let Expr::Call(callee, _) = decorator { callee } else { decorator };
                    is_decorated |= callee.last_name().is_some_and(|name| self.functions.contains_key(name));
                }
                Statement::Function(name, _) if is_decorated => {
                    self.add_parameters(name, all.iter().cloned());
                    is_decorated = false;
                }
                _ => is_decorated = false,
            }
        }
    }

    /// Notes the names of what gets all that the script prints.
    pub(super) fn learn_redirected(&mut self, statement: &[Token]) {
        let is_standard = |at: usize| {
            matches!(statement.get(at..at + 3), Some([Token::Name(owner), Token::Other('.'), Token::Name(name)])
                if owner == "sys" && (name == "stdout" || name == "stderr"))
        };
        let assigned = assigned(statement);
        let is_named = |text: &str| matches!(text, "stdout" | "stderr");
        let is_given = (0..statement.len()).any(|at| {
            let is_bound =
                matches!(at.checked_sub(1).map(|it| &statement[it]), Some(Token::Name(word)) if word == "as");
            is_standard(at) && (assigned[at] || is_bound)
        });
        let sets = names(statement).any(|name| name == "setattr" || name == "__setattr__")
            && statement.iter().any(|token| matches!(token, Token::Text(text, _) if is_named(text)));
        let is_redirected = names(statement).any(|name| name == "redirect_stdout" || name == "redirect_stderr");
        if is_given || is_redirected || sets {
            let own: Vec<String> =
                names(statement).filter(|name| !self.modules.contains(*name)).map(str::to_owned).collect();
            // Python and its libraries write what they want to the other one.
            let is_error = |token: &Token| match token {
                Token::Name(name) => name == "stderr" || name == "redirect_stderr",
                Token::Text(text, _) => text == "stderr",
                Token::Other(_) | Token::End => false,
            };
            if statement.iter().any(is_error) {
                self.anywhere.extend(own.iter().cloned());
            }
            self.redirected.extend(own);
        }
        if names(statement).any(|name| name == "inplace")
            && names(statement).any(|name| matches!(name, "fileinput" | "FileInput" | "input"))
        {
            self.redirected.insert(FILES.to_owned());
        }
    }

    /// Notes what a class is called with: what any class of the script is made with.
    pub(super) fn learn_classes(&mut self, statements: &[&[Token]]) {
        let word = |statement: &[Token], at: usize| {
            names(&statement[..statement.len().min(at + 1)]).nth(at).map(str::to_owned)
        };
        let is_first =
            |statement: &&&[Token], keyword: &str| matches!(statement.first(), Some(Token::Name(it)) if it == keyword);
        let made_with = ["__init__", "__new__", "__call__"].iter().filter_map(|name| self.functions.get(*name));
        let parameters: BTreeSet<String> = made_with.flatten().cloned().collect();
        for statement in statements.iter().filter(|it| is_first(it, "class")) {
            let Some(class) = word(statement, 1) else { continue };
            self.add_parameters(&class, parameters.iter().cloned());
            if self.is_safe_loader(statement) {
                self.loaders.insert(class.clone());
            }
            self.classes.insert(class);
        }
        for statement in statements.iter().filter(|it| is_first(it, "case")) {
            self.bound.extend(names(statement).map(str::to_owned));
        }
    }

    /// Says whether the head of a class makes one of a loader of YAML that makes data alone.
    fn is_safe_loader(&self, head: &[Token]) -> bool {
        let bases = arguments(head, 2).map(split).unwrap_or_default();
        let read = if let [base] = bases.as_slice() { statement::read(base) } else { None };
        let Some([Statement::Expr(base)]) = read.as_deref() else { return false };
        let names = self.facts.full_names(base);
        !names.is_empty() && names.iter().all(|name| SAFE_LOADERS.iter().any(|safe| name.ends_with(safe)))
    }

    /// Notes the parameters of methods that Python calls, or the library of whose class the script makes one of its
    /// own: nobody sees what they are called with, so it is any text that the script has.
    pub(super) fn learn_called(&mut self, statements: &[&[Token]]) {
        let bases = statements.iter().filter_map(|statement| match statement {
            [Token::Name(keyword), Token::Name(class), rest @ ..] if keyword == "class" => {
                Some((class, split(arguments(rest, 0)?)))
            }
            _ => None,
        });
        let mut is_of_library = false;
        for (class, bases) in bases {
            for base in bases.into_iter().filter_map(|base| names(base).last()) {
                let is_own = base == "object" || self.functions.contains_key(base);
                is_of_library |= !is_own;
                if HOLDING.contains(&base) || !is_own {
                    // An object of the class is what it is made of.
                    self.add_parameters(class, ["self".to_owned()]);
                }
            }
        }
        let makes_classes = self.named.contains("metaclass");
        for (name, parameters) in &self.functions {
            let is_method = parameters.iter().any(|first| first == "self" || first == "cls");
            let is_method = is_method && !self.classes.contains(name);
            let makes = makes_classes && matches!(name.as_str(), "__new__" | "__init__");
            if is_special_method(name) || makes || is_of_library && is_method {
                let given = parameters.iter().filter(|it| *it != "self" && *it != "cls");
                self.called.extend(given.cloned());
            }
        }
    }

    /// Notes the names that a statement gives to functions that run their argument or start a program, and
    /// says whether one was new.
    pub(super) fn learn_running(&mut self, statement: &[Token]) -> bool {
        if !self.work(statement.len()) {
            return false;
        }
        let assigned = assigned(statement);
        let is_called = |at: usize| statement.get(at + 1) == Some(&Token::Other('('));
        let gives = |at: usize, name: &str| {
            (FINDING.contains(&name) || self.finds(name))
                && !imports_by_name(statement, at)
                && !self.finds_data(statement, at)
                || (is_running(name) || self.running.contains(name)) && !is_called(at)
                || gives_format(statement, at)
        };
        let starts =
            |at: usize, name: &str| (STARTING.contains(&name) || self.starting.contains(name)) && !is_called(at);
        let is_any = |is_it: &dyn Fn(usize, &str) -> bool| {
            statement
                .iter()
                .enumerate()
                .any(|(at, token)| matches!(token, Token::Name(name) if is_it(at, name) && !assigned[at]))
        };
        // What is named without being called may be put into something.
        let is_put = |at: usize| !matches!(statement.get(at + 1), Some(Token::Other('(' | '.' | '[' | '=')));
        let puts = |at: usize, name: &str| is_put(at) && (is_running(name) || self.running.contains(name));
        let puts_starting = |at: usize, name: &str| is_put(at) && starts(at, name);
        let (puts, puts_starting) = (is_any(&puts), is_any(&puts_starting));
        let (gives, starts) = (is_any(&gives), is_any(&starts));
        if !gives && !starts {
            return false;
        }
        let mut is_new = false;
        let mut takers: Vec<String> = Vec::new();
        if puts || puts_starting {
            takers.extend(self.takers(statement));
        }
        for name in takers {
            is_new |= puts && self.running.insert(name.clone());
            is_new |= puts_starting && self.starting.insert(name);
        }
        if self.running.contains("stdout") || self.running.contains("stderr") {
            is_new |= self.running.insert("print".to_owned());
        }
        for (at, token) in statement.iter().enumerate() {
            let Token::Name(name) = token else { continue };
            let follows_as =
                matches!(at.checked_sub(1).map(|before| &statement[before]), Some(Token::Name(word)) if word == "as");
            if assigned[at] || follows_as {
                is_new |= gives && self.running.insert(name.clone());
                is_new |= starts && self.starting.insert(name.clone());
            }
        }
        is_new
    }

    /// Says whether a name stands for a function whose result may be one that runs texts: `find = inspect.getmembers`.
    fn finds(&self, name: &str) -> bool {
        let names = self.facts.full.get(name).into_iter().flatten();
        names.into_iter().any(|full| full.rsplit('.').next().is_some_and(|last| FINDING.contains(&last)))
    }

    /// Returns what a statement puts something into that it names: what has members, what `setattr` changes, and each
    /// class where a member may be whatever a method returns.
    fn takers(&self, statement: &[Token]) -> Vec<String> {
        let mut takers = Vec::new();
        for (at, token) in statement.iter().enumerate() {
            let Token::Name(name) = token else { continue };
            let has_members = matches!(statement.get(at + 1), Some(Token::Other('.' | '[')));
            takers.extend((has_members && !self.modules.contains(name)).then(|| name.clone()));
            let sets = matches!(name.as_str(), "setattr" | "__setattr__" | "register" | "patch");
            if let Some(given) = arguments(statement, at + 1).filter(|_| sets) {
                takers.extend(names(split(given)[0]).map(str::to_owned));
            }
        }
        let returns = names(statement).next().is_some_and(|word| word == "return" || word == "yield");
        if returns && self.functions.keys().any(|name| is_special_method(name)) {
            takers.extend(self.classes.iter().cloned());
        }
        takers.retain(|name| !is_running(name));
        takers
    }

    /// Returns the name at an index as the script has it, with the module in front.
    pub(super) fn whole_name(&self, name: &str, statement: &[Token], at: usize) -> String {
        match statement.get(..at) {
            Some([.., Token::Name(module), Token::Other('.')]) if self.modules.contains(module) => {
                format!("{module}.{name}")
            }
            _ => name.to_owned(),
        }
    }

    /// Says whether what is called `Timer` is that of `threading`, which calls a function later, and not that of
    /// `timeit`, which runs a text.
    pub(super) fn waits(&self) -> bool {
        let is_other = self.named.contains("timeit") || self.texts.contains("timeit") || self.classes.contains("Timer");
        let is_bound = self.facts.is_function("Timer") || !self.facts.bindings("Timer").is_empty();
        self.imported.contains("threading") && !is_other && !is_bound
    }

    /// Notes the variables that get the name of a file that is run or obeyed.
    pub(super) fn learn_run_file(&mut self, statement: &[Token]) {
        let Some(equals) = assignments(statement).last().copied() else { return };
        if let [.., Token::Text(text, _)] | [Token::Text(text, _), ..] = &statement[equals + 1..]
            && is_run(text)
        {
            self.run_files.extend(names(&statement[..equals]).map(str::to_owned));
        }
    }
}

/// Says whether Python itself calls a method of this name, as `__add__`. What makes an object is called by its class.
pub(super) fn is_special_method(name: &str) -> bool {
    name.len() > 4
        && name.starts_with("__")
        && name.ends_with("__")
        && !matches!(name, "__init__" | "__new__" | "__main__" | "__import__")
}

/// Says whether a module is brought at an index by the name that the script writes: `__import__("json")`. What is
/// called of it is known then.
pub(super) fn imports_by_name(statement: &[Token], at: usize) -> bool {
    matches!(statement.get(at..at + 4), Some([Token::Name(name), Token::Other('('), Token::Text(module, holes), Token::Other(')')])
        if matches!(name.as_str(), "__import__" | "import_module") && holes.is_empty() && !module.contains(FIELD))
}
