//! What payload text only chooses in a Python script: one of the values that its author wrote.
//!
//! `'prod' if '[prod]' in title else 'dev'` is never the title, and neither is `commands[title]` where the script makes
//! the dictionary itself: whatever comes of both stands elsewhere in the statement. What a function of the script
//! returns is in its `return`s, and not in what it is given. So of such a statement its *value* is asked by itself, and what it
//! gives to functions (`Part`).
//!
//! That holds as long as conditions and keys do nothing but look: of a call in one that nobody knows all of it counts.

use super::facts::Binding;
use super::format::opening;
use super::known::{STARTING, is_running};
use super::learn::is_special_method;
use super::lexer::{FIELD, Token};
use super::library::is_common_method;
use super::line::{closing, split};
use super::numbers::PLAIN;
use super::scopes::{Line, Scopes};
use super::sink::Judge;
use super::spread::ASKING;
use super::tree::{Argument, Expr, Statement};
use crate::shell::program::Holes;
use std::collections::{BTreeMap, BTreeSet};

/// The most tokens of a condition, and between a comprehension's `for` and its `if`: far above what a person writes.
const CONDITION_MAX: usize = 500;

/// Functions and methods by which a condition looks at something and does nothing to it.
const LOOKING: &[&str] = &["max", "min", "sum", "dict", "exists", "is_file", "is_dir"];

/// Methods of a dictionary that read it.
const READING: &[&str] = &["get", "keys", "values", "items", "copy"];

/// Methods by which two things are compared.
const COMPARING: &[&str] = &["__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__contains__"];

/// Methods of a text that say whether it is so.
const TELLING: &[&str] = &[
    "startswith",
    "endswith",
    "isdigit",
    "isalpha",
    "isalnum",
    "isnumeric",
    "isdecimal",
    "islower",
    "isupper",
    "isspace",
    "isidentifier",
];

/// What of a statement is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// All, also what only a failure would have.
    Whole,
    /// What it may hand on: no text of which a number was made, and no key.
    Given,
    /// What its value may be made of: no condition either, and of a function's call what the function returns.
    Value,
}

/// What is known of a script's own choices.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    /// Functions of which nothing comes but what their own `return`s have.
    pub(super) functions: BTreeSet<String>,
    /// Methods of the script's classes of which the same holds.
    pub(super) methods: BTreeSet<String>,
    /// Names that stand for objects of the script's classes alone.
    objects: BTreeSet<String>,
    /// Names that stand for dictionaries and lists alone which the script makes.
    tables: BTreeSet<String>,
    /// What those functions return.
    returned: BTreeMap<String, Vec<Expr>>,
    /// Of each line in which of these functions it stands.
    within: Vec<Option<String>>,
    /// Of each line whether its value is nothing but true or false.
    truths: Vec<bool>,
}

impl Chosen {
    /// Returns the function or method which alone returns what a line with `return` says.
    pub(super) fn within(&self, line: usize) -> Option<&String> {
        self.within.get(line).and_then(Option::as_ref)
    }

    /// Says whether the value of a line is true or false.
    pub(super) fn is_truth(&self, line: usize) -> bool {
        self.truths.get(line).copied().unwrap_or_default()
    }

    /// Says whether of a function or method nothing comes but what its own `return`s have.
    pub(super) fn returns_own(&self, name: &str) -> bool {
        self.functions.contains(name) || self.methods.contains(name)
    }

    /// Says whether a name stands for a dictionary or a list that the script makes.
    pub(super) fn is_table(&self, name: &str) -> bool {
        self.tables.contains(name)
    }

    /// Says whether a part of the code of an f-string may be one of these choices.
    pub(super) fn is_named(&self, word: &str) -> bool {
        word == "if" || self.tables.contains(word) || self.objects.contains(word) || self.functions.contains(word)
    }
}

impl Judge<'_> {
    /// Learns which functions, objects and dictionaries are the script's own choices. In a script that gives names what
    /// it does not write down nothing is.
    pub(super) fn learn_chosen(&mut self, lines: &[Line<'_>], scopes: &Scopes<'_>) {
        if !self.is_read || self.renames() {
            return;
        }
        let own = scopes.function_names().filter(|name| self.is_own_function(name, scopes));
        let (methods, functions): (BTreeSet<&str>, BTreeSet<&str>) = own.partition(|name| scopes.are_methods(name));
        let returned = functions.iter().map(|name| {
            let all = scopes.definitions(name).iter().flat_map(|it| &it.returned);
            ((*name).to_owned(), all.map(|it| (*it).clone()).collect())
        });
        self.chosen.returned = returned.collect();
        self.chosen.functions = functions.into_iter().map(str::to_owned).collect();
        let parameters: BTreeSet<&String> = self.functions.values().flatten().collect();
        let is_given = |name: &str| parameters.contains(&name.to_owned()) || self.is_bound_elsewhere(name);
        let own: Vec<String> = self.named.iter().filter(|name| !is_given(name)).cloned().collect();
        if !self.inherits {
            self.chosen.methods = methods.into_iter().map(str::to_owned).collect();
            self.chosen.objects = own.iter().filter(|name| self.is_own_object(name)).cloned().collect();
        }
        self.chosen.tables = own.into_iter().filter(|name| self.is_own_table(name)).collect();
        let compares = COMPARING.iter().any(|name| self.facts.is_function(name));
        for (at, line) in lines.iter().enumerate() {
            let within = scopes.within(at).filter(|name| self.chosen.returns_own(name));
            self.chosen.within.push(within.map(str::to_owned));
            let is_truth = match line.statements.as_slice() {
                [Statement::Assign(_, value) | Statement::Return(value)] => self.is_truth(value),
                _ => false,
            };
            self.chosen.truths.push(is_truth && !compares && self.only_looks(line.tokens));
        }
    }

    /// Says whether nobody else gives a function's name anything, and what calls it gets what it returns.
    fn is_own_function(&self, name: &str, scopes: &Scopes<'_>) -> bool {
        let is_other = self.classes.contains(name)
            || self.imported.contains(name)
            || self.bound.contains(name)
            || self.anywhere.contains(name)
            || self.redirected.contains(name)
            || !self.facts.bindings(name).is_empty()
            || !self.facts.bindings(&format!(".{name}")).is_empty();
        let is_python_s = is_special_method(name) || matches!(name, "__init__" | "__new__") || is_common_method(name);
        let is_decorated = scopes.definitions(name).iter().any(|it| it.is_decorated);
        !is_other && !is_python_s && !is_decorated && scopes.are_alike(name)
    }

    fn is_own_object(&self, name: &str) -> bool {
        let is_made = |value: &Expr| {
            let Expr::Call(callee, _) = value else { return false };
            matches!(&**callee, Expr::Name(class) if self.classes.contains(class))
        };
        let bindings = self.facts.bindings(name);
        !bindings.is_empty() && bindings.iter().all(|it| matches!(it, Binding::Value(value) if is_made(value)))
    }

    fn is_own_table(&self, name: &str) -> bool {
        let is_display = |it: &Binding| {
            let Binding::Value(value) = it else { return false };
            match value {
                Expr::Dict(_) | Expr::List(_) => true,
                Expr::Comprehension(made, _) => matches!(made.as_slice(), [Expr::Dict(_)]),
                Expr::Call(callee, _) => **callee == Expr::Name("dict".to_owned()) && !self.facts.is_function("dict"),
                _ => false,
            }
        };
        let members = format!(".{name}");
        let mut bindings = self.facts.bindings(name).iter().chain(self.facts.bindings(&members)).peekable();
        bindings.peek().is_some() && bindings.all(is_display)
    }

    /// Says whether `case`, an exception or a library may give a name something.
    pub(super) fn is_bound_elsewhere(&self, name: &str) -> bool {
        self.bound.contains(name)
            || self.anywhere.contains(name)
            || self.called.contains(name)
            || self.redirected.contains(name)
            || self.is_environment(name)
    }

    /// Says whether an expression is true or false.
    fn is_truth(&self, value: &Expr) -> bool {
        match value {
            Expr::Truth(_) => true,
            Expr::Any(_) => value.choices().iter().all(|item| self.is_truth(item)),
            Expr::Call(callee, _) => match &**callee {
                Expr::Member(_, method) => TELLING.contains(&method.as_str()) && !self.facts.is_function(method),
                _ => false,
            },
            Expr::Name(name) => name == "True" || name == "False",
            _ => false,
        }
    }

    /// Returns where that ends which begins at an index and is in no value, and what is in its place: a condition, the
    /// key of a dictionary, the call of a function of the script's.
    pub(super) fn choice_at(&self, tokens: &[Token], at: usize, part: Part) -> Option<(usize, Holes)> {
        let is_value = part == Part::Value;
        // What a function of the script's in a condition or a key is given gets to it.
        let looks = |decides: &[Token]| if is_value { self.only_looks(decides) } else { self.is_plain(decides) };
        if tokens[at] == Token::Other('[') && ends_display(tokens, at) {
            let end = closing(tokens, at);
            return looks(&tokens[at + 1..end - 1]).then(|| (end, Holes::new()));
        }
        if let (Some(Token::Other('}')), [Token::Other('.'), Token::Name(method), Token::Other('('), rest @ ..]) =
            (at.checked_sub(1).map(|before| &tokens[before]), &tokens[at..])
            && method == "get"
        {
            let key = split(rest)[0];
            return looks(key).then(|| (at + 3 + key.len(), Holes::new()));
        }
        let Token::Name(name) = &tokens[at] else { return None };
        let of = |name: &str| self.tainted.get(name).cloned().unwrap_or_default();
        if name == "if" {
            let end = condition_end(tokens, at).filter(|_| at > 0 && self.work(1))?;
            return looks(&tokens[at + 1..end]).then(|| (end, Holes::new()));
        }
        let is_member = at > 0 && tokens[at - 1] == Token::Other('.');
        let is_made = at > 0 && matches!(&tokens[at - 1], Token::Name(word) if word == "def" || word == "class");
        match &tokens[at + 1..] {
            [Token::Other('['), ..] if self.chosen.tables.contains(name) => {
                let end = closing(tokens, at + 1);
                looks(&tokens[at + 2..end - 1]).then(|| (end, of(name)))
            }
            [Token::Other('.'), Token::Name(method), Token::Other('('), rest @ ..]
                if self.chosen.tables.contains(name) && method == "get" =>
            {
                let key = split(rest)[0];
                looks(key).then(|| (at + 4 + key.len(), of(name)))
            }
            [Token::Other('('), ..] if is_value && !is_member && !is_made && self.chosen.functions.contains(name) => {
                self.end_of_call(tokens, at, name).map(|end| (end, of(name)))
            }
            // The object is in no dictionary of its own.
            [Token::Other('.'), Token::Name(member), ..] if !is_member && self.is_own_table_of(name, member) => {
                Some((at + 2, Holes::new()))
            }
            [Token::Other('.'), Token::Name(method), rest @ ..]
                if is_value && !is_member && self.is_own_method(name, method) =>
            {
                let end = match rest.first() {
                    Some(Token::Other('(')) => self.end_of_call(tokens, at + 2, method)?,
                    Some(Token::Other('=')) => return None,
                    _ => at + 3,
                };
                Some((end, of(method)))
            }
            _ => None,
        }
    }

    fn is_own_method(&self, object: &str, method: &str) -> bool {
        let is_object = matches!(object, "self" | "cls") || self.chosen.objects.contains(object);
        self.chosen.methods.contains(method) && is_object
    }

    fn is_own_table_of(&self, object: &str, member: &str) -> bool {
        let is_object = matches!(object, "self" | "cls") || self.chosen.objects.contains(object);
        self.chosen.tables.contains(member) && is_object
    }

    /// Returns where the call of a function ends whose name stands at an index, if nothing that it is given does anything.
    fn end_of_call(&self, tokens: &[Token], at: usize, name: &str) -> Option<usize> {
        let runs = self.running.contains(name) || self.starting.contains(name);
        let end = closing(tokens, at + 1);
        (!runs && self.only_looks(&tokens[at + 2..end - 1])).then_some(end)
    }

    /// Says whether nothing in some tokens does more than look at what it is given.
    fn only_looks(&self, tokens: &[Token]) -> bool {
        let looks = |at: usize, name: &str| {
            let is_called = tokens.get(at + 1) == Some(&Token::Other('('));
            let is_own = self.chosen.returns_own(name);
            let is_other = self.functions.contains_key(name) && !self.classes.contains(name);
            let does = is_running(name)
                || STARTING.contains(&name)
                || self.running.contains(name)
                || self.starting.contains(name)
                || matches!(name, "await" | "yield" | "lambda");
            let is_known = [LOOKING, PLAIN, ASKING].iter().any(|known| known.contains(&name)) && !is_other;
            !does && (!is_called || is_own || is_known)
        };
        self.work(tokens.len())
            && tokens.iter().enumerate().all(|(at, token)| match token {
                Token::Name(name) => looks(at, name),
                Token::Text(text, _) => !(text.contains(FIELD) && text.contains('(')),
                Token::Other(':') => tokens.get(at + 1) != Some(&Token::Other('=')),
                Token::Other(_) | Token::End => true,
            })
    }

    /// Says whether a method of a name reads a dictionary or a list of the script's.
    pub(super) fn reads_table(&self, name: &str, method: &str) -> bool {
        self.chosen.tables.contains(name) && READING.contains(&method)
    }

    /// Returns the parts that an expression is made of, if it is one of the script's choices: what is looked up by its
    /// dictionary, without the key; nothing for a call of a function, whose name is returned that has what it returns.
    pub(super) fn choice<'e>(&self, expression: &'e Expr) -> Option<(Vec<&'e Expr>, Option<&'e str>)> {
        match expression {
            Expr::Any(_) => Some((expression.choices().iter().collect(), None)),
            Expr::Truth(_) => Some((Vec::new(), None)),
            Expr::Item(owner, _) if self.is_table_expression(owner) => Some((vec![owner], None)),
            Expr::Member(owner, name) if matches!(&**owner, Expr::Name(object) if self.is_own_table_of(object, name)) => {
                Some((Vec::new(), Some(name)))
            }
            Expr::Call(callee, arguments) => match &**callee {
                Expr::Member(owner, method) if method == "get" && self.is_table_expression(owner) => Some((
                    std::iter::once(&**owner).chain(arguments.iter().skip(1).map(|it| &it.value)).collect(),
                    None,
                )),
                Expr::Name(name) if self.chosen.functions.contains(name) => Some((Vec::new(), Some(name))),
                Expr::Member(owner, method) if matches!(&**owner, Expr::Name(name) if self.is_own_method(name, method)) => {
                    Some((Vec::new(), Some(method)))
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn is_table_expression(&self, owner: &Expr) -> bool {
        matches!(owner, Expr::Dict(_) | Expr::List(_))
            || owner.last_name().is_some_and(|name| self.chosen.tables.contains(name))
    }

    /// Returns what the functions get that a statement calls or names, each with their parameters: one of which nothing comes
    /// but what it returns gets the values of what stands in its brackets.
    pub(super) fn given_to_functions(&self, statement: &[Token], given: &Holes) -> Vec<(String, Holes)> {
        let mut found = Vec::new();
        for (at, token) in statement.iter().enumerate() {
            let Token::Name(name) = token else { continue };
            let Some(parameters) = self.functions.get(name) else { continue };
            let is_member = at > 0 && statement[at - 1] == Token::Other('.');
            let is_called = statement.get(at + 1) == Some(&Token::Other('(')) && !is_member;
            let own = (is_called && self.chosen.functions.contains(name))
                .then(|| self.sources(&statement[at + 2..closing(statement, at + 1)]));
            let holes = own.as_ref().unwrap_or(given);
            found.extend(parameters.iter().map(|parameter| (parameter.clone(), holes.clone())));
        }
        found
    }

    /// Returns the values that an expression may be, as the script has them elsewhere: the entries of a dictionary that it
    /// looks into, what a function returns. Nothing where not all of them are known.
    pub(super) fn values<'e>(&'e self, expression: &'e Expr) -> Option<Vec<&'e Expr>> {
        match expression {
            Expr::Item(owner, _) => self.entries(owner),
            Expr::Call(callee, arguments) => match &**callee {
                Expr::Name(name) => {
                    let returned = self.chosen.returned.get(name)?;
                    self.work(returned.len()).then(|| returned.iter().collect())
                }
                Expr::Member(owner, method) if method == "get" && self.is_table_expression(owner) => {
                    let mut entries = self.entries(owner)?;
                    entries.extend(arguments.iter().skip(1).map(|it: &Argument| &it.value));
                    Some(entries)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns the items of a list that a name stands for, where the script writes down all of them.
    pub(super) fn items_of(&self, name: &str) -> Option<Vec<&Expr>> {
        let is_list = |it: &Binding| matches!(it, Binding::Value(Expr::List(_)));
        if self.facts.bindings(name).iter().all(is_list) { self.named_entries(name) } else { None }
    }

    fn entries<'e>(&'e self, table: &'e Expr) -> Option<Vec<&'e Expr>> {
        match table {
            Expr::Dict(_) | Expr::List(_) => {
                let mut entries = Vec::new();
                return add_entries(table, &mut entries).then_some(entries);
            }
            _ => {}
        }
        self.named_entries(table.last_name()?)
    }

    fn named_entries(&self, name: &str) -> Option<Vec<&Expr>> {
        if !self.chosen.tables.contains(name) {
            return None;
        }
        if !self.facts.added(name).is_empty() || self.altered.contains_key(name) || self.elsewhere.contains(name) {
            return None;
        }
        let members = format!(".{name}");
        let mut entries = Vec::new();
        if !self.work(1) {
            return None;
        }
        for binding in self.facts.bindings(name).iter().chain(self.facts.bindings(&members)) {
            let is_whole = matches!(binding, Binding::Value(value) if add_entries(value, &mut entries));
            if !is_whole || !self.work(entries.len()) {
                return None;
            }
        }
        Some(entries)
    }
}

/// Adds the entries of a dictionary or a list, and says whether it is one and those are all.
fn add_entries<'e>(table: &'e Expr, entries: &mut Vec<&'e Expr>) -> bool {
    match table {
        Expr::Dict(all) => {
            entries.extend(all.iter().map(|(_, value)| value));
            all.iter().all(|(key, _)| key.is_some())
        }
        Expr::List(items) => {
            entries.extend(items);
            !items.iter().any(|it| matches!(it, Expr::Several(_)))
        }
        _ => false,
    }
}

/// Says whether a `[` at an index looks into a dictionary or a list that is written in front of it.
fn ends_display(tokens: &[Token], at: usize) -> bool {
    match at.checked_sub(1).map(|before| &tokens[before]) {
        Some(Token::Other('}')) => true,
        Some(Token::Other(']')) => {
            let before = opening(tokens, at - 1).checked_sub(1).map(|it| &tokens[it]);
            matches!(before, None | Some(Token::Other('=' | '(' | ',' | ':' | '+' | '[' | '{')))
        }
        _ => false,
    }
}

/// Returns where a condition ends whose `if` stands at an index: at the `else` of `one if condition else other`, or behind
/// what a comprehension leaves out.
fn condition_end(tokens: &[Token], at: usize) -> Option<usize> {
    let mut open = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(at + 1).take(CONDITION_MAX) {
        match token {
            Token::Other('(' | '[' | '{') => open += 1,
            Token::Other(')' | ']' | '}') if open == 0 => return is_in_loop(tokens, at).then_some(index),
            Token::Other(')' | ']' | '}') => open -= 1,
            Token::Name(word) if open == 0 && word == "else" => return Some(index),
            Token::Name(word) if open == 0 && matches!(word.as_str(), "for" | "if" | "async") => {
                return is_in_loop(tokens, at).then_some(index);
            }
            Token::Other(',') if open == 0 => return None,
            Token::End => return None,
            _ => {}
        }
    }
    (tokens.len() - at <= CONDITION_MAX && is_in_loop(tokens, at)).then_some(tokens.len())
}

/// Says whether a `for` that is not the head of a statement stands in front of an index, in the same brackets.
fn is_in_loop(tokens: &[Token], at: usize) -> bool {
    let mut open = 0_usize;
    for index in (1..at).rev().take(CONDITION_MAX) {
        match &tokens[index] {
            Token::Other(')' | ']' | '}') => open += 1,
            Token::Other('(' | '[' | '{') if open == 0 => return false,
            Token::Other('(' | '[' | '{') => open -= 1,
            Token::Name(word) if open == 0 && word == "for" => return true,
            _ => {}
        }
    }
    false
}
