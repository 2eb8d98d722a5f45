//! What a Python script gives to the functions that run texts, and where it hands on such a function itself.
//!
//! A function that runs texts is called by its name, by another name that is given to it alone (`sh = os.system`), or is
//! handed to one of few functions that call it with what stands beside it (`pool.map(os.system, commands)`).
//! Of a script that does anything else with one nobody knows what is run. And what is given to it has to be proved to be
//! the author's. A script where one of both fails takes no payload text.

use super::authors::MODULES;
use super::facts::Binding;
use super::given::HANDING;
use super::known::{COMMON, INTERPRETERS, is_running};
use super::modules::{Use, is_value, loads_code, uses};
use super::proof::{Proof, Source};
use super::scopes::{Line, Placed, Scope, Scopes};
use super::sink::Judge;
use super::texts::Item;
use super::tree::{Argument, Expr, Statement};
use crate::shell::bash::without_version;
use crate::shell::filename::base;
use crate::shell::program::{Holes, Part};

/// Functions whose first argument is what they run, or load.
const FIRST: &[&str] =
    &["eval", "exec", "compile", "__import__", "import_module", "system", "popen", "getoutput", "getstatusoutput"];

/// Functions whose second argument is the name of what they find or change in the first.
const SECOND: &[&str] = &["getattr", "setattr", "delattr", "__getattribute__", "hasattr"];

/// Functions that return names with what they stand for, and members that do.
const NAMESPACES: &[&str] = &["globals", "locals", "vars", "__dict__", "__builtins__"];

/// Named arguments that are no text that is run.
const BESIDE: &[&str] = &[
    "cwd",
    "env",
    "timeout",
    "encoding",
    "errors",
    "text",
    "check",
    "capture_output",
    "stdout",
    "stderr",
    "stdin",
    "input",
    "universal_newlines",
    "bufsize",
    "close_fds",
    "start_new_session",
    "globals",
    "locals",
    "mode",
    "shell",
    "default",
    "limit",
    "number",
    "repeat",
    "protocol",
    "fix_imports",
];

/// Functions that ask what something is.
const ASKING: &[&str] = &["isinstance", "issubclass", "callable"];

impl Judge<'_> {
    /// Refuses all payload text in a script that may run some which nobody sees.
    pub(super) fn judge_handed(&mut self, lines: &[Line<'_>]) {
        let active: Holes = lines.iter().flat_map(|line| self.whole_sources(line.tokens)).collect();
        let environment = self.whole_environment();
        if active.is_empty() && environment.is_empty() {
            return;
        }
        let scopes = Scopes::of(lines);
        let Some(Unproved { reason, source, line }) = self.unproved(&scopes) else { return };
        let holes = match source {
            Source::Environment => active.union(&environment).copied().collect(),
            Source::Script => active,
        };
        self.line = line;
        self.refuse(&holes, &reason);
        self.line = None;
    }

    fn unproved(&self, scopes: &Scopes<'_>) -> Option<Unproved> {
        let mut proof = Proof::new(self, scopes);
        let mut sinks = Sinks { judge: self, others: self.others(scopes), line: 1, asked: Vec::new(), handed: None };
        for ((statement, scope), line) in scopes.statements.iter().zip(&scopes.numbers) {
            sinks.line = *line;
            sinks.statement(statement, *scope, scopes.is_class(*scope));
        }
        if let Some((handed, line)) = sinks.handed {
            let reason = format!("in a script that hands on {handed}, so that nobody sees what it runs");
            return Some(Unproved { reason, source: Source::Script, line: Some(line) });
        }
        if !sinks.asked.is_empty() && !scopes.is_whole() {
            let reason = "in a script that gives its names too much to be followed".to_owned();
            return Some(Unproved { reason, source: Source::Script, line: None });
        }
        let mut found: Option<Unproved> = None;
        for Asked { function, text: (expression, scope), line } in sinks.asked {
            let Some((missing, source)) = proof.missing(expression, scope) else { continue };
            let reason =
                format!("in a script where {missing}, which can't be proved to be yours, may reach `{function}`");
            let is_any = source == Source::Environment;
            let unproved = Unproved { reason, source, line: Some(line) };
            if is_any {
                return Some(unproved);
            }
            found.get_or_insert(unproved);
        }
        found
    }

    /// Returns the names that stand for a function that runs texts, with some of its arguments.
    fn others<'s>(&self, scopes: &Scopes<'s>) -> Vec<&'s str> {
        let mut found = Vec::new();
        for (statement, _) in &scopes.statements {
            if let Statement::Assign(targets, Expr::Call(callee, arguments)) = statement
                && let ([Expr::Name(name)], Some("partial")) = (targets.as_slice(), callee.last_name())
                && arguments.first().is_some_and(|first| self.runs(&first.value))
            {
                found.push(name.as_str());
            }
        }
        found
    }

    /// Says whether an expression is a function that runs texts, or starts a program.
    fn runs(&self, expression: &Expr) -> bool {
        if !matches!(expression, Expr::Name(_) | Expr::Member(..)) {
            return false;
        }
        let names = self.facts.full_names(expression);
        let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
        let is_one = |name: &String| {
            let root = name.split(['.', '(', '[']).next().unwrap_or_default();
            let is_harmless = MODULES.contains(&root) && uses(name).worst() != Use::Code && root != "asyncio";
            !is_value(name)
                && name != "threading.Timer"
                && (super::calls::starts(name) || loads_code(name) || is_running(&last(name)) && !is_harmless)
        };
        match expression {
            _ if !names.is_empty() => names.iter().any(is_one),
            Expr::Member(_, name) => is_running(name) && !COMMON.contains(&name.as_str()),
            _ => false,
        }
    }
}

/// Why a script takes no payload text.
struct Unproved {
    reason: String,
    source: Source,
    /// The line of the script that would run some, where it is one.
    line: Option<usize>,
}

/// What has to be proved.
struct Asked<'s> {
    /// What gets it.
    function: String,
    text: Placed<'s>,
    /// The line of the script where that is.
    line: usize,
}

/// What is found in a script.
struct Sinks<'j, 's> {
    judge: &'j Judge<'j>,
    /// Names of functions that run texts, with some of their arguments.
    others: Vec<&'s str>,
    /// The line that is looked at.
    line: usize,
    asked: Vec<Asked<'s>>,
    /// A function that runs texts and is handed on, and the line where it is.
    handed: Option<(String, usize)>,
}

impl<'s> Sinks<'_, 's> {
    fn statement(&mut self, statement: &'s Statement, scope: Scope, is_member: bool) {
        match statement {
            // Another name of it.
            Statement::Assign(targets, value) if matches!(targets.as_slice(), [Expr::Name(_)]) && !is_member => {
                match value {
                    Expr::Name(_) => {}
                    Expr::Member(owner, _) => self.look(owner, scope),
                    Expr::Call(callee, arguments) if callee.last_name() == Some("partial") => {
                        self.hand(callee, arguments, scope);
                    }
                    value => self.look(value, scope),
                }
            }
            _ => statement.expressions().into_iter().for_each(|it| self.look(it, scope)),
        }
    }

    fn look(&mut self, expression: &'s Expr, scope: Scope) {
        match expression {
            Expr::Call(callee, arguments) => {
                let name = callee.last_name().unwrap_or_default();
                let function = callee.dotted().unwrap_or_default();
                self.asked_of(callee, arguments).into_iter().for_each(|it| self.ask(&function, &it.value, scope));
                match &**callee {
                    Expr::Name(_) => {}
                    Expr::Member(owner, _) => self.look(owner, scope),
                    callee => self.look(callee, scope),
                }
                if HANDING.contains(&name) {
                    self.hand(callee, arguments, scope);
                } else if !ASKING.contains(&name) {
                    arguments.iter().for_each(|argument| self.look(&argument.value, scope));
                }
            }
            Expr::Name(name) | Expr::Member(_, name)
                if self.judge.runs(expression) || self.others.contains(&name.as_str()) =>
            {
                self.handed.get_or_insert_with(|| (format!("`{name}`"), self.line));
            }
            Expr::Member(owner, _) => self.look_at_owner(owner, scope),
            Expr::Item(owner, key) => {
                if self.is_namespace(owner) {
                    self.ask("globals", key, scope);
                }
                self.look(owner, scope);
                self.look(key, scope);
            }
            _ => expression.parts().into_iter().for_each(|part| self.look(part, scope)),
        }
    }

    /// Notes that what a function gets has to be proved.
    fn ask(&mut self, function: &str, text: &'s Expr, scope: Scope) {
        self.asked.push(Asked { function: function.to_owned(), text: (text, scope), line: self.line });
    }

    fn look_at_owner(&mut self, owner: &'s Expr, scope: Scope) {
        match owner {
            Expr::Name(_) => {}
            Expr::Member(inner, _) => self.look_at_owner(inner, scope),
            owner => self.look(owner, scope),
        }
    }

    /// Looks at what a function is given that calls what it is given.
    fn hand(&mut self, callee: &'s Expr, arguments: &'s [Argument], scope: Scope) {
        let is_partial = |value: &Expr| matches!(value, Expr::Call(callee, _) if callee.last_name() == Some("partial"));
        let runs =
            |value: &Expr| self.judge.runs(value) || value.last_name().is_some_and(|name| self.others.contains(&name));
        let mut runs_texts = false;
        let mut asked: Vec<(String, &'s Expr)> = Vec::new();
        for argument in arguments {
            match &argument.value {
                value if runs(value) => runs_texts = true,
                Expr::Call(inner, given) if is_partial(&argument.value) && given.iter().any(|it| runs(&it.value)) => {
                    runs_texts = true;
                    let own = given.iter().filter(|it| !runs(&it.value) && !is_beside(it));
                    let name = inner.last_name().unwrap_or_default().to_owned();
                    asked.extend(own.map(|it| (name.clone(), &it.value)));
                }
                _ => {}
            }
        }
        asked.into_iter().for_each(|(name, value)| self.ask(&name, value, scope));
        let name = callee.last_name().unwrap_or_default().to_owned();
        for argument in arguments {
            let value = &argument.value;
            if self.judge.runs(value) || value.last_name().is_some_and(|name| self.others.contains(&name)) {
                continue;
            }
            if runs_texts && !is_partial(value) && !is_beside(argument) {
                self.ask(&name, value, scope);
            }
            if !(runs_texts && is_partial(value)) {
                self.look(value, scope);
            }
        }
    }

    /// Returns the arguments of a call that have to be proved.
    fn asked_of(&self, callee: &'s Expr, arguments: &'s [Argument]) -> Vec<&'s Argument> {
        let Some(name) = callee.last_name() else { return Vec::new() };
        let is_other = matches!(callee, Expr::Name(name) if self.others.contains(&name.as_str()));
        let full = self.judge.facts.full_names(callee);
        let short = |full: &String| full.rsplit('.').next().unwrap_or_default().to_owned();
        let is_named =
            |known: &[&str]| known.contains(&name) || full.iter().any(|it| known.contains(&short(it).as_str()));
        if self.judge.is_starting(callee) {
            let others = arguments.iter().filter(|it| matches!(it.name.as_deref(), Some("executable" | "preexec_fn")));
            return self.judge.started_by_text(arguments).into_iter().chain(others).collect();
        }
        if is_named(SECOND) && !full.is_empty() {
            return arguments.iter().skip(1).take(1).collect();
        }
        if matches!(callee, Expr::Member(owner, _) if self.is_namespace(owner)) {
            return arguments.iter().take(1).collect();
        }
        if is_named(NAMESPACES) || !is_other && !self.judge.runs(callee) {
            return Vec::new();
        }
        let count = if is_named(FIRST) { 1 } else { usize::MAX };
        arguments.iter().filter(|it| !is_beside(it)).take(count).collect()
    }

    /// Says whether an expression is a dictionary of the names of something.
    fn is_namespace(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Call(callee, _) => callee.last_name().is_some_and(|name| NAMESPACES.contains(&name)),
            Expr::Member(_, name) => NAMESPACES.contains(&name.as_str()),
            Expr::Name(name) => {
                let is_one = |it: &Binding| matches!(it, Binding::Value(Expr::Call(callee, _)) if callee.last_name().is_some_and(|name| NAMESPACES.contains(&name)));
                self.judge.facts.bindings(name).iter().any(is_one)
            }
            _ => false,
        }
    }
}

fn is_beside(argument: &Argument) -> bool {
    argument.name.as_deref().is_some_and(|name| BESIDE.contains(&name))
}

impl Judge<'_> {
    /// Returns what a program is started with that a shell reads, or of which nobody knows which program it is, or
    /// which code is among its words.
    fn started_by_text<'a>(&self, arguments: &'a [Argument]) -> Option<&'a Argument> {
        let first = arguments.iter().find(|it| it.name.is_none() || it.name.as_deref() == Some("args"))?;
        let is_text = self.gives_shell(arguments);
        let lists = self.lists(&first.value, 0).filter(|_| !is_text);
        let Some(lists) = lists else { return Some(first) };
        let is_open = |list: &Vec<Item>| {
            let Some(Item::Word(program)) = list.first() else { return true };
            let words = self.word(program, 0);
            let ([Part::Text(name)], true) = (words.as_slice(), self.is_whole(program, 0)) else { return true };
            let name = without_version(base(name));
            INTERPRETERS.contains(&name) && !list.iter().all(|it| self.is_whole_item(it))
        };
        lists.iter().any(is_open).then_some(first)
    }

    fn is_whole_item(&self, item: &Item) -> bool {
        matches!(item, Item::Word(word) if self.is_whole(word, 0))
    }
}
