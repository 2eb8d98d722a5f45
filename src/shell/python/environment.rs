//! What a Python script puts into the environment of the programs that it starts: into `os.environ`, and into
//! the dictionaries that it gives to `env=`, wherever it makes them.
//!
//! A value has a key there: `{"KEY": value}`, `KEY=value`, `e["KEY"] = value`. The key is a variable's name; with
//! one that the payload brings, or that programs obey, the value is refused. Where the key is known only when the
//! script runs, it may be any text of the script.

use super::apart::{changed, merge};
use super::facts::Binding;
use super::known::{SHELLS, STARTING, is_running};
use super::lexer::{FIELD, Token};
use super::line::{arguments, assignments, names, split};
use super::sink::{FILES, Judge};
use super::statement;
use super::texts::UNKNOWN;
use super::tree::{Expr, Statement};
use crate::shell::obeyed::is_obeyed;
use crate::shell::program::Holes;
use crate::shell::special::is_special;
use std::collections::{BTreeMap, BTreeSet};

const REASON: &str = "the environment that programs obey, or its name";

/// Functions that are given a key and a value.
const SETTING: &[&str] = &["putenv", "setdefault", "__setitem__"];

/// Methods of a dictionary that are given others to take over.
const MERGING: &[&str] = &["update", "__ior__", "__or__"];

/// Names by which a script reads a file.
const READING: &[&str] = &["open", "read", "readline", "readlines", "read_text", "load", "DictReader", "reader"];

/// The most texts that may be keys where it is not known which are: far above what a person writes.
const TEXTS_MAX: usize = 1000;

/// The key of a value in an environment.
#[derive(Clone, Copy)]
enum Key<'t> {
    Known(&'t str),
    /// It is known only when the script runs.
    Computed(&'t [Token]),
    /// The value is given to a function of the script, which says itself what it does with it.
    Elsewhere,
    None,
}

/// A part of a statement that becomes an environment, or with a key an entry of one.
struct Part<'t> {
    key: Key<'t>,
    value: &'t [Token],
}

impl Judge<'_> {
    /// Finds the names of all that is an environment.
    pub(super) fn find_environments(&mut self, statements: &[&[Token]]) {
        loop {
            let known = self.environments.len();
            for statement in statements {
                for part in self.environment_parts(statement) {
                    let merged = self.merged(&part);
                    self.environments.extend(merged);
                }
                let aliases = self.aliases(statement);
                self.environments.extend(aliases);
            }
            if self.environments.len() == known {
                return;
            }
        }
    }

    /// Notes the variables that the statements put into an environment, judges their names, and says whether any got
    /// what it had not.
    pub(super) fn learn_environments(&mut self, statements: &[&[Token]]) -> bool {
        let mut is_new = false;
        for (at, statement) in statements.iter().enumerate() {
            is_new |= self.learn_environment(at, statement);
        }
        is_new
    }

    fn learn_environment(&mut self, line: usize, statement: &[Token]) -> bool {
        let (mut change, mut is_new) = (None, false);
        for Part { key, value } in self.environment_parts(statement) {
            self.obeyed |= self.may_be_obeyed(key, value);
            if let Key::Computed(key) = key {
                self.refuse(&self.sources(key), REASON);
            }
            for (at, token) in value.iter().enumerate() {
                let brought = self.brought(token);
                if brought.is_empty() {
                    continue;
                }
                let brought = changed(brought, *change.get_or_insert_with(|| self.changes_at(line)));
                let key = if let Key::None = key { key_of(value, at, &self.functions) } else { key };
                match key {
                    Key::Known(key) => is_new |= self.set_variable(key.to_owned(), &brought),
                    Key::Computed(key)
                        if self.sources(key).is_empty()
                            && self.texts.len() <= TEXTS_MAX
                            && !(self.starts_any && self.may_be_made(key)) =>
                    {
                        for key in self.texts.clone() {
                            is_new |= self.set_variable(key, &brought);
                        }
                    }
                    Key::Elsewhere => {}
                    Key::Computed(_) | Key::None => self.refuse(&brought, REASON),
                }
            }
        }
        is_new
    }

    /// Says whether a part may set a variable that programs obey, whatever it gets.
    fn may_be_obeyed(&self, key: Key<'_>, value: &[Token]) -> bool {
        match key {
            Key::Known(key) => is_special(key),
            Key::Computed(key) => {
                let read = statement::read(key);
                let Some([Statement::Expr(key)]) = read.as_deref() else { return true };
                self.texts(key, 0).iter().any(|key| key.contains(UNKNOWN) || is_special(key))
            }
            Key::None => value.windows(2).any(|pair| match pair {
                [Token::Name(name), Token::Other('=')] | [Token::Text(name, _), Token::Other(':')] => is_special(name),
                _ => false,
            }),
            Key::Elsewhere => false,
        }
    }

    /// Says whether the name of a variable may be made when the script runs, so that it is none of its texts.
    fn may_be_made(&self, key: &[Token]) -> bool {
        match key {
            [Token::Name(name)] => self.facts.bindings(name).iter().any(|binding| {
                matches!(binding, Binding::Value(value) if !matches!(value, Expr::Name(_) | Expr::Any(_) | Expr::Item(..)) && value.text().is_none())
            }),
            [Token::Text(text, _)] => text.contains(FIELD),
            key => key.iter().any(|token| matches!(token, Token::Other('+' | '(' | '%'))),
        }
    }

    fn set_variable(&mut self, key: String, value: &Holes) -> bool {
        if is_obeyed(&key) {
            self.refuse(value, REASON);
        }
        merge(self.set.entry(key).or_default(), value)
    }

    /// Says whether a statement names what starts a program.
    pub(super) fn starts(&self, statement: &[Token]) -> bool {
        let is_one = |name: &str| {
            STARTING.contains(&name)
                || SHELLS.contains(&name)
                || is_running(name)
                || self.starting.contains(name)
                || self.running.contains(name)
        };
        names(statement).any(is_one)
    }

    /// Notes that a statement gives named arguments to what starts a program, `run(words, **settings)`: any
    /// dictionary of the script may hold the environment.
    pub(super) fn learn_spread(&mut self, statement: &[Token]) {
        let spreads = statement.windows(2).any(|pair| *pair == [Token::Other('*'), Token::Other('*')]);
        self.spreads |= spreads && self.starts(statement);
    }

    pub(super) fn is_environment(&self, name: &str) -> bool {
        name.starts_with("environ") || self.environments.contains(name)
    }

    /// Returns the payload text that a token brings: what is an environment was looked at where it got its entries.
    fn brought(&self, token: &Token) -> Holes {
        match as_name(token) {
            Some(name) if self.is_environment(name) => Holes::new(),
            Some(name) if READING.contains(&name) => self.tainted.get(FILES).cloned().unwrap_or_default(),
            _ => self.sources(std::slice::from_ref(token)),
        }
    }

    fn environment_parts<'t>(&self, statement: &'t [Token]) -> Vec<Part<'t>> {
        if !self.work(statement.len()) {
            return Vec::new();
        }
        let whole = |value| Part { key: Key::None, value };
        let mut parts: Vec<Part> = Vec::new();
        let begins = assignments(statement);
        let gives = self.spreads || self.starts(statement);
        let mut begin = 0;
        for equals in begins.iter().copied() {
            parts.extend(self.assigned(&statement[begin..equals], &statement[equals + 1..]));
            begin = equals + 1;
        }
        for (at, token) in statement.iter().enumerate() {
            let rest = || split(&statement[at + 2..]);
            match (token, statement.get(at + 1)) {
                (Token::Name(name), Some(Token::Other(':')))
                    if self.is_environment(name) && statement.get(at + 2) == Some(&Token::Other('=')) =>
                {
                    parts.push(whole(split(&statement[at + 3..])[0]));
                }
                (Token::Name(name), Some(Token::Other('=')))
                    if name == "env" && gives && !begins.contains(&(at + 1)) =>
                {
                    parts.push(whole(rest()[0]));
                }
                (Token::Text(text, _), Some(Token::Other(':'))) if text == "env" && gives => {
                    parts.push(whole(rest()[0]))
                }
                (Token::Name(name), Some(Token::Other('('))) => {
                    let is_own = owner(statement, at).is_some_and(|owner| self.is_environment(owner));
                    let given = rest();
                    self.work(given.iter().map(|argument| argument.len()).sum());
                    parts.extend(self.given(name, is_own, given));
                }
                (Token::Name(name), Some(_)) if name == "return" => {
                    let is_one = self.functions.keys().any(|function| self.is_environment(function));
                    parts.extend(is_one.then(|| whole(&statement[at + 1..])));
                }
                (Token::Name(name), Some(_)) if name == "for" => parts.extend(self.looped(&statement[at + 1..])),
                _ => {}
            }
        }
        parts
    }

    /// Returns what an assignment makes of its value, if the target is an environment or an entry of one.
    fn assigned<'t>(&self, target: &'t [Token], value: &'t [Token]) -> Option<Part<'t>> {
        let subscript = target.iter().position(|token| *token == Token::Other('['));
        let mut owners = names(&target[..subscript.unwrap_or(target.len())]);
        let is_several = split(target).len() > 1;
        match subscript {
            _ if !owners.any(|name| self.is_environment(name)) => None,
            Some(at) if !is_several => {
                let key = split(&target[at + 1..])[0];
                Some(Part { key: known(key), value })
            }
            _ => Some(Part { key: Key::None, value }),
        }
    }

    /// Returns what is an environment, or an entry of one, among the arguments of a function.
    fn given<'t>(&self, function: &str, is_own: bool, given: Vec<&'t [Token]>) -> Vec<Part<'t>> {
        let is_setting = SETTING.contains(&function) && (is_own || function == "putenv");
        if is_setting {
            // `putenv(*pair)`
            let is_several = given[0].first() == Some(&Token::Other('*'));
            let values = if is_several { &given } else { &given[1..] };
            return values.iter().map(|value| Part { key: known(given[0]), value }).collect();
        }
        if is_own && MERGING.contains(&function) {
            return given.into_iter().map(entry).collect();
        }
        let Some(parameters) = self.functions.get(function) else { return Vec::new() };
        // `def put(**variables): os.environ.update(variables)`
        if self.facts.rest(function).is_some_and(|rest| self.is_environment(rest)) {
            return given.into_iter().map(entry).collect();
        }
        // A method gets what it is a member of in front.
        let skipped = parameters.iter().position(|name| name == "self" || name == "cls").map_or(0, |at| at + 1);
        let value = |(at, argument): (usize, &'t [Token])| match argument {
            [Token::Name(name), Token::Other('='), value @ ..] => {
                (parameters.contains(name) && self.is_environment(name)).then_some(value)
            }
            _ => parameters.get(skipped + at).filter(|name| self.is_environment(name)).map(|_| argument),
        };
        let values = given.into_iter().enumerate().filter_map(value);
        values.map(|value| Part { key: Key::None, value }).collect()
    }

    /// Returns what a loop goes through, if what it gives a name to is an environment.
    fn looped<'t>(&self, behind: &'t [Token]) -> Option<Part<'t>> {
        let at = behind.iter().position(|token| as_name(token) == Some("in"))?;
        let is_one = names(&behind[..at]).any(|name| self.is_environment(name));
        is_one.then(|| Part { key: Key::None, value: &behind[at + 1..] })
    }

    /// Returns the names in a part whose entries become the environment's.
    fn merged(&self, part: &Part) -> BTreeSet<String> {
        if !matches!(part.key, Key::None) {
            return BTreeSet::new();
        }
        let is_merged = |at: &usize| {
            let is_read = match part.value.get(at + 1) {
                Some(Token::Other('[')) => true,
                Some(Token::Other('.')) => part.value.get(at + 2).and_then(as_name) != Some("copy"),
                _ => false,
            };
            !is_read && matches!(key_of(part.value, *at, &self.functions), Key::None)
        };
        let merged = (0..part.value.len()).filter(is_merged).filter_map(|at| as_name(&part.value[at]));
        merged.filter(|name| !self.modules.contains(*name)).map(str::to_owned).collect()
    }

    /// Returns the other names that a statement gives to an environment.
    fn aliases(&self, statement: &[Token]) -> Vec<String> {
        let is_whole = |argument: &[Token]| match argument {
            [Token::Name(name)] | [Token::Name(_), Token::Other('='), Token::Name(name)] => self.is_environment(name),
            [.., Token::Other('.'), Token::Name(name)] => self.is_environment(name),
            _ => false,
        };
        let mut found = Vec::new();
        let mut begin = 0;
        for equals in assignments(statement) {
            let target = &statement[begin..equals];
            if is_whole(&statement[equals + 1..]) && !target.contains(&Token::Other('[')) {
                found.extend(names(target).last().map(str::to_owned));
            }
            begin = equals + 1;
        }
        for (at, token) in statement.iter().enumerate() {
            let Some(parameters) = as_name(token).and_then(|name| self.functions.get(name)) else { continue };
            let skipped = parameters.iter().position(|name| name == "self" || name == "cls").map_or(0, |at| at + 1);
            let given = arguments(statement, at + 1).map(split).unwrap_or_default();
            let places = given.iter().enumerate().filter(|(_, argument)| is_whole(argument));
            found.extend(places.filter_map(|(place, argument)| match argument {
                [Token::Name(name), Token::Other('='), _] => Some(name.clone()),
                _ => parameters.get(skipped + place).cloned(),
            }));
        }
        found
    }
}

/// Returns what an argument makes of an environment that takes over all of them.
fn entry(argument: &[Token]) -> Part<'_> {
    match argument {
        [Token::Name(name), Token::Other('='), value @ ..] => Part { key: Key::Known(name), value },
        value => Part { key: Key::None, value },
    }
}

/// The parameters of a script's functions, each once, by the functions' names.
pub(super) type Functions = BTreeMap<String, Vec<String>>;

/// Returns the key of the value at an index of what becomes an environment.
fn key_of<'t>(part: &'t [Token], at: usize, functions: &Functions) -> Key<'t> {
    // Behind a comma, what stands in front of it is another's.
    let (mut open, mut is_passed) = (0_usize, false);
    for index in (0..at).rev() {
        match &part[index] {
            Token::Other(')' | ']' | '}') => open += 1,
            Token::Other('(' | '[' | '{') if open > 0 => open -= 1,
            Token::Other(bracket @ ('(' | '[' | '{')) => {
                let callee = index.checked_sub(1).and_then(|before| as_name(&part[before])).filter(|_| *bracket == '(');
                if callee.is_some_and(|name| functions.contains_key(name)) {
                    return Key::Elsewhere;
                }
                is_passed = false;
            }
            Token::Other(',') if open == 0 => is_passed = true,
            Token::Other(':') if open == 0 && !is_passed => return known(element_before(part, index)),
            Token::Other('=') if open == 0 && !is_passed => {
                if let [.., Token::Name(name)] = &part[..index] {
                    return Key::Known(name);
                }
            }
            _ => {}
        }
    }
    Key::None
}

/// Returns what stands in front of an index, behind a comma or an opening bracket.
fn element_before(part: &[Token], end: usize) -> &[Token] {
    let mut open = 0_usize;
    for at in (0..end).rev() {
        match part[at] {
            Token::Other(')' | ']' | '}') => open += 1,
            Token::Other('(' | '[' | '{') if open > 0 => open -= 1,
            Token::Other('(' | '[' | '{' | ',') if open == 0 => return &part[at + 1..end],
            _ => {}
        }
    }
    &part[..end]
}

fn known(key: &[Token]) -> Key<'_> {
    match key {
        [Token::Text(text, holes)] if holes.is_empty() && !text.contains(FIELD) => Key::Known(text),
        _ => Key::Computed(key),
    }
}

fn as_name(token: &Token) -> Option<&str> {
    if let Token::Name(name) = token { Some(name) } else { None }
}

/// Returns the name in front of the member at an index.
fn owner(statement: &[Token], at: usize) -> Option<&str> {
    match &statement[..at] {
        [.., Token::Name(owner), Token::Other('.')] => Some(owner),
        _ => None,
    }
}
