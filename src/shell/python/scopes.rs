//! Where a Python script gives its names what they stand for, function by function: the ground on which it is proved
//! that a text is the author's (`proof`). What calls give to parameters is noted by `given`.
//!
//! A name of a function is another one than the same name elsewhere. The order of statements is not looked at: a name
//! stands for all that it gets anywhere in its scope, and what is put into an object gets into all names of it that
//! are seen. What nobody sees given, such as a parameter of a function that is handed on, is *loose*.

use super::authors::BUILTINS;
use super::learn::is_special_method;
use super::lexer::Token;
use super::line::names;
use super::statement::target_names;
use super::tree::{Argument, Expr, Parameter, Statement};
use std::collections::{BTreeMap, BTreeSet};

/// The most values that all names get together. A script that gives more is not followed.
const GIVEN_MAX: usize = 200_000;

/// The number of a scope; the first is the script's own.
pub(super) type Scope = usize;

/// An expression in the scope in which it stands.
pub(super) type Placed<'s> = (&'s Expr, Scope);

/// A line of a script: the head of a statement, or what stands behind the colon of one.
pub(super) struct Line<'t> {
    /// How far it is indented; nothing for the code in the `{ }` of an f-string.
    pub(super) column: Option<usize>,
    /// The line of the script where it begins, counted from 1; nothing for such code.
    pub(super) number: Option<usize>,
    pub(super) tokens: &'t [Token],
    /// What was read of it.
    pub(super) statements: Vec<Statement>,
    pub(super) is_read: bool,
}

/// Decorators that leave a function what it is.
const DECORATORS: &[&str] = &[
    "staticmethod",
    "classmethod",
    "property",
    "setter",
    "getter",
    "deleter",
    "cached_property",
    "lru_cache",
    "cache",
    "contextmanager",
    "asynccontextmanager",
    "abstractmethod",
    "override",
    "overload",
    "dataclass",
    "total_ordering",
];

/// Functions that make memory which others may write into.
const BUFFERS: &[&str] = &["bytearray", "memoryview", "array", "mmap", "create_string_buffer", "empty", "zeros"];

/// What a method calls the object that it is called on.
const SELVES: &[&str] = &["self", "cls", "mcs"];

/// A function of the script.
pub(super) struct Definition<'s> {
    pub(super) parameters: &'s [Parameter],
    pub(super) scope: Scope,
    /// What it returns and yields.
    pub(super) returned: Vec<&'s Expr>,
    /// Something of which nobody knows what it does stands in front of it.
    pub(super) is_decorated: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Module,
    Function,
    Class,
}

pub(super) struct Scopes<'s> {
    around: Vec<(Scope, Sort)>,
    /// What the names of each scope get.
    pub(super) gets: Vec<BTreeMap<&'s str, Vec<Placed<'s>>>>,
    /// What the members of objects get, by their names.
    members: BTreeMap<&'s str, Vec<Placed<'s>>>,
    functions: BTreeMap<&'s str, Vec<Definition<'s>>>,
    pub(super) classes: BTreeMap<&'s str, Scope>,
    /// Names that get what nobody sees.
    pub(super) loose: BTreeSet<(Scope, &'s str)>,
    /// Names of a scope that are those of the scopes around it.
    outer: BTreeSet<(Scope, &'s str)>,
    /// What methods are called on.
    pub(super) selves: BTreeSet<(Scope, &'s str)>,
    /// The functions that are called by what nobody sees.
    pub(super) handed_on: BTreeSet<&'s str>,
    /// The functions into whose results something is put at the moment.
    putting: BTreeSet<&'s str>,
    /// The names that are given to functions which may write into what they are given.
    pub(super) filled: BTreeSet<&'s str>,
    /// What is put into something, and the names in it: objects that are reached by others then.
    pub(super) puts: Vec<(&'s Expr, Placed<'s>)>,
    pub(super) inside: BTreeSet<&'s str>,
    /// How many more values names may get.
    left: usize,
    /// All statements, each with its scope.
    pub(super) statements: Vec<(&'s Statement, Scope)>,
    /// The lines of the script where those begin.
    pub(super) numbers: Vec<usize>,
}

impl<'s> Scopes<'s> {
    pub(super) fn of(lines: &'s [Line<'s>]) -> Self {
        let mut scopes = Self {
            around: vec![(0, Sort::Module)],
            gets: vec![BTreeMap::new()],
            members: BTreeMap::new(),
            functions: BTreeMap::new(),
            classes: BTreeMap::new(),
            loose: BTreeSet::new(),
            outer: BTreeSet::new(),
            selves: BTreeSet::new(),
            handed_on: BTreeSet::new(),
            putting: BTreeSet::new(),
            filled: BTreeSet::new(),
            puts: Vec::new(),
            inside: BTreeSet::new(),
            left: GIVEN_MAX,
            statements: Vec::new(),
            numbers: Vec::new(),
        };
        scopes.learn_lines(lines);
        let all = scopes.statements.clone();
        all.iter().for_each(|(statement, scope)| scopes.learn_statement(statement, *scope));
        for (statement, scope) in all {
            match statement {
                Statement::Assign(targets, Expr::Lambda(_, body)) if matches!(targets.as_slice(), [Expr::Name(_)]) => {
                    let inner = scopes.scope_of_lambda(targets[0].last_name().unwrap_or_default(), body);
                    scopes.visit(body, inner.unwrap_or(scope));
                }
                // What a name is given is no use of the name.
                Statement::Assign(targets, value) => {
                    targets
                        .iter()
                        .filter(|it| !matches!(it, Expr::Name(_)))
                        .for_each(|it| scopes.visit_target(it, scope));
                    scopes.visit(value, scope);
                }
                _ => statement.expressions().into_iter().for_each(|it| scopes.visit(it, scope)),
            }
        }
        scopes
    }

    /// Says whether all was noted that the names get.
    pub(super) fn is_whole(&self) -> bool {
        self.left > 0
    }

    /// Takes note that so many values are given to names, and says whether they may be.
    pub(super) fn count(&mut self, values: usize) -> bool {
        self.left = self.left.saturating_sub(values);
        self.left > 0
    }

    /// Says whether a scope is the body of a class.
    pub(super) fn is_class(&self, scope: Scope) -> bool {
        self.around[scope].1 == Sort::Class
    }

    /// Returns what a name gets in a scope, with the scope whose name it is; nothing for what the script never gives it.
    pub(super) fn gets(&self, name: &str, scope: Scope) -> Option<&[Placed<'s>]> {
        let home = self.home(name, scope)?;
        Some(self.gets[home].get(name).map_or(&[], Vec::as_slice))
    }

    /// Returns what members of a name get.
    pub(super) fn member(&self, name: &str) -> &[Placed<'s>] {
        self.members.get(name).map_or(&[], Vec::as_slice)
    }

    /// Returns what all members get.
    pub(super) fn members(&self) -> impl Iterator<Item = Placed<'s>> {
        self.members.values().flatten().copied()
    }

    pub(super) fn definitions(&self, name: &str) -> &[Definition<'s>] {
        self.functions.get(name).map_or(&[], Vec::as_slice)
    }

    /// Returns what the special methods of the script's classes return.
    pub(super) fn special(&self) -> impl Iterator<Item = Placed<'s>> {
        let special = self.functions.iter().filter(|(name, _)| is_special_method(name));
        special.flat_map(|(_, all)| all).flat_map(|it| it.returned.iter().map(|returned| (*returned, it.scope)))
    }

    /// Returns the names that the body of a class gives something to, and what.
    pub(super) fn class(&self, name: &str) -> Option<impl Iterator<Item = Placed<'s>>> {
        self.classes.get(name).map(|scope| self.gets[*scope].values().flatten().copied())
    }

    /// Says whether a name is given what nobody sees.
    pub(super) fn is_loose(&self, name: &str, scope: Scope) -> bool {
        self.home(name, scope).is_some_and(|home| has(&self.loose, home, name))
    }

    /// Says whether a name stands for memory that a function of others may have written into: `file.readinto(b)`.
    pub(super) fn is_filled(&self, name: &str, scope: Scope) -> bool {
        let is_buffer = |value: &Expr| matches!(value, Expr::Call(callee, _) if callee.last_name().is_some_and(|it| BUFFERS.contains(&it)));
        self.filled.contains(name)
            && self.gets(name, scope).unwrap_or_default().iter().any(|(value, _)| is_buffer(value))
    }

    /// Notes that names are given to a function that is none of the script's.
    pub(super) fn fill(&mut self, callee: &Expr, arguments: &'s [Argument]) {
        let name = callee.last_name().unwrap_or_default();
        if BUILTINS.contains(&name) && !BUFFERS.contains(&name) || !self.definitions(name).is_empty() {
            return;
        }
        self.filled.extend(
            arguments.iter().filter_map(|it| if let Expr::Name(name) = &it.value { Some(name.as_str()) } else { None }),
        );
    }

    /// Says whether a name is what a method is called on.
    pub(super) fn is_self(&self, name: &str, scope: Scope) -> bool {
        self.home(name, scope).is_some_and(|home| has(&self.selves, home, name))
    }

    /// Returns the scope whose name a name is where it stands in another.
    pub(super) fn home(&self, name: &str, scope: Scope) -> Option<Scope> {
        let mut at = scope;
        loop {
            let (around, sort) = self.around[at];
            let is_seen = at == scope || sort != Sort::Class;
            let is_own = self.gets[at].contains_key(name) && !self.outer.contains(&(at, name));
            if is_seen && is_own {
                return Some(at);
            }
            if at == 0 {
                return None;
            }
            at = around;
        }
    }

    fn open(&mut self, around: Scope, sort: Sort) -> Scope {
        self.around.push((around, sort));
        self.gets.push(BTreeMap::new());
        self.around.len() - 1
    }

    fn learn_lines(&mut self, lines: &'s [Line<'s>]) {
        // The scopes that are open, each with the column of its head.
        let mut open: Vec<(usize, Scope, Option<&'s str>)> = Vec::new();
        let mut is_decorated = false;
        for line in lines {
            let Some(column) = line.column else { continue };
            open.retain(|(head, ..)| *head < column);
            let (scope, function) = open.last().map_or((0, None), |(_, scope, function)| (*scope, *function));
            let first = names(line.tokens).next().unwrap_or_default();
            if !line.is_read {
                names(line.tokens).for_each(|name| self.loosen(scope, name));
            }
            if matches!(first, "global" | "nonlocal") {
                self.outer.extend(names(line.tokens).skip(1).map(|name| (scope, name)));
            }
            if first == "class"
                && let Some(name) = names(line.tokens).nth(1)
            {
                let class = self.open(scope, Sort::Class);
                self.classes.insert(name, class);
                open.push((column, class, None));
            }
            let is_generator = names(line.tokens).any(|word| word == "yield");
            for statement in &line.statements {
                if let Statement::Function(name, parameters) = statement {
                    let inner = self.define(name, parameters, scope, is_decorated);
                    open.push((column, inner, Some(name)));
                }
                let returns = matches!(statement, Statement::Return(_)) || is_generator;
                if let Some(definition) =
                    function.filter(|_| returns).and_then(|it| self.functions.get_mut(it)?.last_mut())
                {
                    definition.returned.extend(statement.expressions());
                }
                self.declare(statement, scope);
                self.statements.push((statement, scope));
                self.numbers.push(line.number.unwrap_or(1));
            }
            is_decorated = match line.statements.as_slice() {
                [Statement::Decorator(decorator)] => is_decorated || !is_harmless(decorator),
                _ => false,
            };
        }
    }

    fn define(&mut self, name: &'s str, parameters: &'s [Parameter], around: Scope, is_decorated: bool) -> Scope {
        let scope = self.open(around, Sort::Function);
        for parameter in parameters {
            let default = parameter.default.iter().map(|value| (value, around));
            self.gets[scope].entry(&parameter.name).or_default().extend(default);
        }
        let is_method = self.around[around].1 == Sort::Class;
        let is_method = is_method && parameters.first().is_some_and(|first| SELVES.contains(&first.name.as_str()));
        if let Some(first) = parameters.first().filter(|_| is_method) {
            self.selves.insert((scope, &first.name));
        }
        if is_decorated || is_special_method(name) {
            let given = parameters.iter().skip(usize::from(is_method));
            self.loose.extend(given.map(|it| (scope, it.name.as_str())));
        }
        let definition = Definition { parameters, scope, returned: Vec::new(), is_decorated };
        self.functions.entry(name).or_default().push(definition);
        scope
    }

    fn scope_of_lambda(&self, name: &str, body: &Expr) -> Option<Scope> {
        let all = self.definitions(name).iter();
        all.filter(|it| it.returned.iter().any(|returned| std::ptr::eq(*returned, body))).map(|it| it.scope).next()
    }

    pub(super) fn loosen(&mut self, scope: Scope, name: &'s str) {
        self.gets[scope].entry(name).or_default();
        self.loose.insert((scope, name));
    }

    /// Notes which names a statement gives something to.
    fn declare(&mut self, statement: &'s Statement, scope: Scope) {
        let mut targets: Vec<&'s Expr> = Vec::new();
        match statement {
            Statement::Assign(all, value) => match (all.as_slice(), value) {
                ([Expr::Name(name)], Expr::Lambda(parameters, body)) => {
                    self.define(name, parameters, scope, false);
                    if let Some(definition) = self.functions.get_mut(name.as_str()).and_then(|all| all.last_mut()) {
                        definition.returned.push(body);
                    }
                }
                _ => targets.extend(all),
            },
            Statement::Augment(target, ..) | Statement::For(target, _) | Statement::With(_, Some(target)) => {
                targets.push(target);
            }
            _ => {}
        }
        let mut named: Vec<&'s str> = Vec::new();
        for expression in statement.expressions() {
            expression.walk(&mut |inner| match inner {
                Expr::Named(name, _) => named.push(name),
                Expr::Comprehension(_, loops) => targets.extend(loops.iter().map(|(target, _)| target)),
                _ => {}
            });
        }
        named.extend(targets.into_iter().flat_map(target_names));
        named.retain(|name| !self.outer.contains(&(scope, *name)));
        for name in named {
            self.gets[scope].entry(name).or_default();
        }
    }

    fn learn_statement(&mut self, statement: &'s Statement, scope: Scope) {
        match statement {
            Statement::Assign(targets, Expr::Lambda(..)) if matches!(targets.as_slice(), [Expr::Name(_)]) => {}
            Statement::Assign(targets, value) => targets.iter().for_each(|target| self.give(target, value, scope)),
            Statement::Augment(_, 'd', _) => {}
            Statement::Augment(target, _, value)
            | Statement::For(target, value)
            | Statement::With(value, Some(target)) => {
                self.give(target, value, scope);
            }
            _ => {}
        }
    }

    pub(super) fn give(&mut self, target: &'s Expr, value: &'s Expr, scope: Scope) {
        match (target, value) {
            (Expr::Name(name), _) => {
                let home =
                    if self.outer.contains(&(scope, name)) { self.home(name, scope).unwrap_or(0) } else { scope };
                self.gets[home].entry(name).or_default().push((value, scope));
                if self.around[home].1 == Sort::Class {
                    self.members.entry(name).or_default().push((value, scope));
                }
            }
            (Expr::Member(_, name), _) => self.members.entry(name).or_default().push((value, scope)),
            (Expr::Item(owner, key), _) => {
                self.put(owner, value, scope);
                self.put(owner, key, scope);
            }
            (Expr::Several(inner), _) => self.give(inner, value, scope),
            (Expr::List(targets), Expr::List(values))
                if targets.len() == values.len()
                    && !targets.iter().chain(values).any(|it| matches!(it, Expr::Several(_))) =>
            {
                targets.iter().zip(values).for_each(|(target, value)| self.give(target, value, scope));
            }
            (Expr::List(targets), _) => targets.iter().for_each(|target| self.give(target, value, scope)),
            _ => {}
        }
    }

    /// Notes that a value is put into what an expression stands for.
    pub(super) fn put(&mut self, owner: &'s Expr, value: &'s Expr, scope: Scope) {
        if !self.count(1) {
            return;
        }
        self.puts.push((owner, (value, scope)));
        value.walk(&mut |inner| {
            self.inside.extend(if let Expr::Name(name) = inner { Some(name.as_str()) } else { None })
        });
        match owner {
            Expr::Name(name) => {
                if let Some(home) = self.home(name, scope) {
                    self.gets[home].entry(name).or_default().push((value, scope));
                }
            }
            Expr::Member(inner, name) => {
                self.members.entry(name).or_default().push((value, scope));
                self.put(inner, value, scope);
            }
            Expr::Item(inner, _) => self.put(inner, value, scope),
            Expr::Call(inner, _) => {
                self.put(inner, value, scope);
                self.put_into_returned(inner, value);
            }
            _ => {}
        }
    }

    /// Notes that a value is put into what the functions return that an expression calls.
    fn put_into_returned(&mut self, callee: &'s Expr, value: &'s Expr) {
        let Some(name) = callee.last_name().filter(|name| !self.definitions(name).is_empty()) else { return };
        if !self.putting.insert(name) {
            return;
        }
        let all = self.definitions(name).iter();
        let returned: Vec<Placed<'s>> =
            all.flat_map(|it| it.returned.iter().map(|returned| (*returned, it.scope))).collect();
        returned.into_iter().for_each(|(returned, inner)| self.put(returned, value, inner));
        self.putting.remove(name);
    }
}

fn has<'n>(names: &BTreeSet<(Scope, &'n str)>, scope: Scope, name: &'n str) -> bool {
    names.contains(&(scope, name))
}

/// Says whether a decorator leaves a function what it is.
pub(super) fn is_harmless(decorator: &Expr) -> bool {
    let callee = if let Expr::Call(callee, _) = decorator { callee } else { decorator };
    callee.last_name().is_some_and(|name| DECORATORS.contains(&name))
}

/// Returns the classes whose members statements give something to, by the numbers of the statements: they stand in the
/// body of one, also inside of that of another.
pub(super) fn bodies(lines: &[Line<'_>]) -> BTreeMap<usize, Vec<String>> {
    let mut found = BTreeMap::new();
    // The heads that are open, each with its column and the name of the class.
    let mut open: Vec<(usize, Option<String>)> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(column) = line.column else { continue };
        open.retain(|(head, _)| *head < column);
        let words: Vec<&str> = names(line.tokens).take(3).collect();
        match words.as_slice() {
            ["class", name, ..] => open.push((column, Some((*name).to_owned()))),
            ["def", ..] | ["async", "def", ..] => open.push((column, None)),
            _ => {
                let classes: Vec<String> = open.iter().rev().map_while(|(_, class)| class.clone()).collect();
                if !classes.is_empty() {
                    found.insert(at, classes);
                }
            }
        }
    }
    found
}
