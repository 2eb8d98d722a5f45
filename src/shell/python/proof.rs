//! The proof that a text of a Python script is the author's.
//!
//! What runs a text is given no other than one of which this is shown: it is made of literals, of names of which all
//! that the script gives them is such a text, of what Python's own modules make of such texts, and of what the
//! machine has that is no payload's: variables of the environment that carry none, the words behind the script, files that
//! it does not write, the output of programs whose words are proved. What a function returns is what its `return`s
//! say, and what a parameter stands for is what all calls give to it, as long as the function is called by its name
//! alone. Everything else may be payload text: what an unknown function returns, a member of an unknown object, a
//! parameter of a function that is handed on.
//!
//! The proof looks at kinds of expressions, and is one half: the other follows the payload's text itself (`spread`).

use super::authors::{BUILTINS, CONSTANTS, MODULES, OTHERS, PROGRAMS, READING};
use super::facts::PATH;
use super::given::HANDING;
use super::known::is_quiet;
use super::reads::GIT;
use super::scopes::{Placed, Scope, Scopes};
use super::sink::{FILES, Judge};
use super::texts::UNKNOWN;
use super::tree::{Argument, Expr, Piece};
use super::words::is_word;
use crate::shell::outline::{names_variable, prints_environment};
use std::collections::HashSet;

/// Functions and methods by which a number says which letter or text is taken.
const CHOOSING: &[&str] = &[
    "get",
    "pop",
    "__getitem__",
    "getitem",
    "islice",
    "itemgetter",
    "choice",
    "choices",
    "sample",
    "seed",
    "Random",
    "shuffle",
    "slice",
    "nsmallest",
    "nlargest",
    "most_common",
];

/// Functions that make a text of a number, which chooses nothing.
const TELLING: &[&str] = &["str", "repr", "format", "join", "isoformat", "strftime", "print", "hexdigest"];

/// What is asked of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Want {
    /// That it is an author's text, with all that is in it.
    Value,
    /// As that, and that no number in it is the payload's: it decides which letter another text gets next.
    Index,
    /// That it is an object of which the members are looked at by themselves.
    Owner,
}

/// Whose text that may be which can't be proved to be the author's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// What the script holds or reads.
    Script,
    /// Also that of variables of the environment which it does not name.
    Environment,
}

/// A proof that is under way. What was looked at once is not looked at again: a name that is made of itself is
/// proved by what else it gets.
pub(super) struct Proof<'p, 's> {
    judge: &'p Judge<'p>,
    scopes: &'p Scopes<'s>,
    seen: HashSet<(*const Expr, Scope, Want)>,
    /// The names that were looked at, each with the scope whose name it is.
    names: HashSet<(&'s str, Option<Scope>, Want)>,
    /// The members of objects that were looked at, by their names.
    members: HashSet<&'s str>,
    /// The functions of which it was asked what they return.
    functions: HashSet<&'s str>,
    /// It was asked what the members of all objects get.
    asks_members: bool,
    /// It was asked what is put into objects that nobody tells apart.
    asks_puts: bool,
    /// The names of objects that are changed by another name of theirs.
    altered: HashSet<&'p str>,
    open: Vec<(&'s Expr, Scope, Want)>,
}

impl<'p, 's> Proof<'p, 's> {
    pub(super) fn new(judge: &'p Judge<'p>, scopes: &'p Scopes<'s>) -> Self {
        let altered = judge.shared.iter().filter(|(one, other)| one != other && judge.altered.contains_key(one));
        Self {
            judge,
            scopes,
            seen: HashSet::new(),
            names: HashSet::new(),
            members: HashSet::new(),
            functions: HashSet::new(),
            asks_members: false,
            asks_puts: false,
            altered: altered.map(|(_, other)| other.as_str()).collect(),
            open: Vec::new(),
        }
    }

    /// Returns what in an expression can't be proved to be the author's, as a person names it; nothing if all is.
    pub(super) fn missing(&mut self, expression: &'s Expr, scope: Scope) -> Option<(String, Source)> {
        self.open.push((expression, scope, Want::Value));
        let mut found = None;
        while let Some((expression, scope, want)) = self.open.pop() {
            if !self.judge.work(1) {
                return Some(("a part of it".to_owned(), Source::Script));
            }
            if self.seen.insert((std::ptr::from_ref(expression), scope, want))
                && let Err(missing) = self.step(expression, scope, want)
            {
                let is_any = self.reads_all(expression);
                if is_any {
                    return Some((missing, Source::Environment));
                }
                found.get_or_insert((missing, Source::Script));
            }
        }
        found
    }

    /// Says whether an expression may be any variable of the environment.
    fn reads_all(&self, expression: &Expr) -> bool {
        let started = match expression {
            Expr::Call(callee, arguments) if self.starts(callee) => self.judge.tells_variables(arguments),
            _ => false,
        };
        started || self.judge.is_whole_environment(expression) || !self.judge.read_by(expression).is_empty()
    }

    fn starts(&self, callee: &Expr) -> bool {
        self.judge.is_starting(callee) || callee.last_name().is_some_and(|name| PROGRAMS.contains(&name))
    }

    fn push(&mut self, expression: &'s Expr, scope: Scope) {
        self.open.push((expression, scope, Want::Value));
    }

    fn push_all(&mut self, all: impl IntoIterator<Item = Placed<'s>>) {
        self.open.extend(all.into_iter().map(|(expression, scope)| (expression, scope, Want::Value)));
    }

    /// Asks for what an object is or comes out of: the members of a class, but for those of itself.
    fn push_object(&mut self, expression: &'s Expr, scope: Scope, want: Want) {
        let is_class = matches!(expression, Expr::Name(name) if self.scopes.class(name).is_some());
        self.open.push((expression, scope, if is_class { Want::Value } else { want }));
    }

    fn step(&mut self, expression: &'s Expr, scope: Scope, want: Want) -> Result<(), String> {
        if !self.judge.read_by(expression).is_empty() || self.judge.is_whole_environment(expression) {
            return Err(shown(expression));
        }
        if let Some(otherwise) = self.judge.chosen(expression) {
            self.push_all(otherwise.iter().map(|argument| (&argument.value, scope)));
            return Ok(());
        }
        match expression {
            Expr::Constant => Ok(()),
            Expr::Text(pieces) => {
                for piece in pieces {
                    match piece {
                        Piece::Text(_) => {}
                        Piece::Hole(_) => return Err("the payload's text".to_owned()),
                        Piece::Field(field) => self.push(field, scope),
                    }
                }
                Ok(())
            }
            Expr::Name(name) => self.name(name, scope, want),
            Expr::Member(owner, name) => {
                if want == Want::Index {
                    self.open.push((owner, scope, want));
                }
                self.member(expression, owner, name, scope)
            }
            Expr::Item(owner, key) => {
                if self.judge.variable_of(expression).is_none()
                    && !matches!(&**owner, Expr::Name(name) if name == "argv")
                {
                    self.open.push((key, scope, Want::Index));
                }
                self.item(expression, owner, scope, want)
            }
            Expr::Call(callee, arguments) => self.call(expression, callee, arguments, scope, want),
            // The condition decides which of both, and is in neither.
            Expr::Any(items) => {
                match items.as_slice() {
                    [one, other, Expr::Any(condition)] if condition.len() == 1 => {
                        [one, other].into_iter().for_each(|it| self.push_object(it, scope, want));
                    }
                    items => items.iter().for_each(|it| self.push_object(it, scope, want)),
                }
                Ok(())
            }
            Expr::Named(_, value) | Expr::Several(value) => {
                self.push_object(value, scope, want);
                Ok(())
            }
            Expr::Comprehension(made, loops) => {
                self.push_all(made.iter().map(|it| (it, scope)));
                let iterated = loops.iter().filter(|(target, _)| *target != Expr::Constant);
                self.push_all(iterated.map(|(_, iterated)| (iterated, scope)));
                Ok(())
            }
            Expr::List(_) | Expr::Dict(_) | Expr::Operation(..) => {
                let want = if want == Want::Index { want } else { Want::Value };
                self.open.extend(expression.parts().into_iter().map(|part| (part, scope, want)));
                Ok(())
            }
            Expr::Lambda(..) => Err("a function without a name".to_owned()),
        }
    }

    fn name(&mut self, name: &'s str, scope: Scope, want: Want) -> Result<(), String> {
        let missing = || Err(format!("`{name}`"));
        if self.scopes.is_self(name, scope) && want == Want::Owner {
            return Ok(());
        }
        if self.judge.tells_anything(name) || self.scopes.is_loose(name, scope) {
            return missing();
        }
        if let Some(gets) = self.scopes.gets(name, scope) {
            if gets.is_empty() || self.altered.contains(name) || self.scopes.is_filled(name, scope) {
                return missing();
            }
            let is_object =
                |(value, _): &Placed<'_>| !matches!(value, Expr::Text(_) | Expr::Constant | Expr::Operation(..));
            if self.scopes.is_reached(name)
                && gets.iter().any(is_object)
                && !std::mem::replace(&mut self.asks_puts, true)
            {
                self.push_all(self.scopes.put_anywhere());
            }
            if self.names.insert((name, self.scopes.home(name, scope), want)) {
                gets.iter().for_each(|(value, scope)| self.push_object(value, *scope, want));
            }
            return Ok(());
        }
        let definitions = self.scopes.definitions(name);
        if !definitions.is_empty() {
            return self.returned(name);
        }
        if let Some(members) = self.scopes.class(name) {
            if want == Want::Value && self.names.insert((name, None, want)) {
                self.push_all(members.collect::<Vec<_>>());
            }
            return Ok(());
        }
        let is_own = CONSTANTS.contains(&name) || BUILTINS.contains(&name) || name == "open";
        let is_module = || self.is_known(&Expr::Name(name.to_owned()));
        if is_own || is_module() { Ok(()) } else { missing() }
    }

    fn member(&mut self, whole: &'s Expr, owner: &'s Expr, name: &'s str, scope: Scope) -> Result<(), String> {
        if name.starts_with("__") || self.judge.tells_anything(name) {
            return Err(format!("`.{name}`"));
        }
        if is_of_module(self.judge, owner) {
            return if self.is_known(whole) { Ok(()) } else { Err(shown(whole)) };
        }
        self.open.push((owner, scope, Want::Owner));
        if self.members.insert(name) {
            self.push_all(self.scopes.member(name).to_vec());
        }
        if self.scopes.definitions(name).is_empty() { Ok(()) } else { self.returned(name) }
    }

    fn item(&mut self, whole: &'s Expr, owner: &'s Expr, scope: Scope, want: Want) -> Result<(), String> {
        match self.judge.variable_of(whole) {
            Some(true) => Ok(()),
            Some(false) => Err(shown(whole)),
            None => {
                self.push_object(owner, scope, want);
                Ok(())
            }
        }
    }

    /// Asks for what the functions of a name return.
    fn returned(&mut self, name: &'s str) -> Result<(), String> {
        let scopes = self.scopes;
        if self.functions.contains(name) {
            return Ok(());
        }
        for definition in scopes.definitions(name) {
            if definition.is_decorated {
                return Err(format!("what `{name}` returns"));
            }
            self.push_all(definition.returned.iter().map(|it| (*it, definition.scope)));
        }
        self.functions.insert(name);
        Ok(())
    }

    fn call(
        &mut self,
        whole: &'s Expr,
        callee: &'s Expr,
        arguments: &'s [Argument],
        scope: Scope,
        want: Want,
    ) -> Result<(), String> {
        let unknown = || Err(format!("what {} returns", shown(callee)));
        let is_number = |name: &str| matches!(callee, Expr::Name(_)) && self.judge.makes_number(name);
        if want != Want::Index && (self.judge.is_checksum(callee) || callee.last_name().is_some_and(is_number)) {
            return Ok(());
        }
        if want != Want::Index && self.judge.is_plain_call(callee, arguments) {
            return Ok(());
        }
        if let Some(is_own) = self.judge.variable_of(whole) {
            let otherwise = arguments.iter().skip(1);
            self.push_all(otherwise.map(|it| (&it.value, scope)));
            return if is_own { Ok(()) } else { Err(shown(whole)) };
        }
        if let Expr::Name(name) = callee {
            if self.scopes.gets(name, scope).is_none() && !self.scopes.definitions(name).is_empty() {
                return self.returned(name);
            }
            if let Some(members) = self.scopes.class(name) {
                if want == Want::Value && self.names.insert((name, None, want)) {
                    self.push_all(members.collect::<Vec<_>>());
                }
                if want == Want::Value && !std::mem::replace(&mut self.asks_members, true) {
                    self.push_all(self.scopes.members().chain(self.scopes.special()).collect::<Vec<_>>());
                }
                if want == Want::Value || self.scopes.definitions("__init__").is_empty() {
                    self.push_all(arguments.iter().map(|it| (&it.value, scope)));
                }
                return Ok(());
            }
        }
        let last = callee.last_name().unwrap_or_default();
        let starts = self.starts(callee);
        // What a program may print of its environment is asked by itself.
        let given = arguments.iter().filter(|it| !(starts && it.name.as_deref() == Some("env")));
        let chooses = want == Want::Index && !TELLING.contains(&last) || CHOOSING.contains(&last);
        self.given(last, given, scope, if chooses { Want::Index } else { Want::Value });
        if starts {
            return if self.judge.prints_nothing_else(arguments) { Ok(()) } else { unknown() };
        }
        let is_path = |owner: &Expr| self.judge.facts.full_names(owner).contains(PATH);
        let file = match callee {
            _ if !READING.contains(&last) => None,
            Expr::Member(owner, _) if is_path(owner) => Some(&**owner),
            _ => arguments.first().map(|it| &it.value),
        };
        if file.is_some_and(|file| self.judge.is_written_file(file)) {
            return Err(format!("what stands in the file that {} opens", shown(callee)));
        }
        if self.judge.reads_written_settings(self.scopes, &self.judge.facts.full_names(callee)) {
            return Err(format!("what stands in the file that {} reads", shown(callee)));
        }
        match callee {
            Expr::Member(owner, _) if self.judge.is_whole_environment(owner) => unknown(),
            _ if is_of_module(self.judge, callee) => {
                if self.is_known(callee) {
                    Ok(())
                } else {
                    unknown()
                }
            }
            Expr::Name(name)
                if self.scopes.gets(name, scope).is_none() && (BUILTINS.contains(&name.as_str()) || name == "open") =>
            {
                Ok(())
            }
            Expr::Member(_, method) if method.starts_with("__") => unknown(),
            Expr::Member(owner, method) => {
                self.open.push((
                    owner,
                    scope,
                    if self.scopes.definitions(method).is_empty() { Want::Value } else { Want::Owner },
                ));
                if self.scopes.definitions(method).is_empty() { Ok(()) } else { self.returned(method) }
            }
            _ => unknown(),
        }
    }

    /// Asks for the arguments of a call; of a function without a name, for what it makes of the others.
    fn given(&mut self, function: &str, arguments: impl Iterator<Item = &'s Argument>, scope: Scope, want: Want) {
        for argument in arguments {
            match &argument.value {
                Expr::Lambda(_, body) if HANDING.contains(&function) => self.push(body, scope),
                value => self.open.push((value, scope, want)),
            }
        }
    }

    /// Says whether an expression is something of a module that makes an author's text of such.
    fn is_known(&self, expression: &Expr) -> bool {
        let names = self.judge.facts.full_names(expression);
        let is_one = |name: &String| {
            let root = name.split(['.', '(', '[']).next().unwrap_or_default();
            let is_other = |other: &str| {
                name.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '(', '[']))
            };
            MODULES.contains(&root) && !OTHERS.iter().any(|other| is_other(other))
        };
        !names.is_empty() && names.iter().all(is_one)
    }
}

impl Judge<'_> {
    /// Says whether a name may stand for any text of the script, or for some that is known to be payload text.
    fn tells_anything(&self, name: &str) -> bool {
        self.anywhere.contains(name)
            || self.called.contains(name)
            || self.bound.contains(name)
            || self.redirected.contains(name)
            || self.tainted.contains_key(name)
    }

    /// Says whether an expression reads a variable of the environment, and whether one that carries no payload text.
    fn variable_of(&self, expression: &Expr) -> Option<bool> {
        let key = self.key(expression)?;
        let is_free = match key.text() {
            Some(name) => self.variable(&name).is_none() && !self.set.contains_key(&name),
            None => self.whole_environment().is_empty(),
        };
        Some(is_free)
    }

    /// Says whether an expression is the environment as a whole, with payload text in it.
    fn is_whole_environment(&self, expression: &Expr) -> bool {
        let is_one = |name: &String| matches!(name.as_str(), "os.environ" | "os.environb" | "posix.environ");
        matches!(expression, Expr::Name(_) | Expr::Member(..))
            && self.facts.full_names(expression).iter().any(is_one)
            && !self.whole_environment().is_empty()
    }

    /// Says whether a program that is started so prints no payload text, though its words hold none: there is none in
    /// files and variables, or it is one that reads neither.
    fn prints_nothing_else(&self, arguments: &[Argument]) -> bool {
        let is_free = !self.tainted.contains_key(FILES) && !self.tainted.contains_key(GIT) && self.set.is_empty();
        (is_free || self.commands(arguments).iter().all(|text| is_quiet(text))) && !self.tells_variables(arguments)
    }

    /// Says whether a program that is started so names a variable with payload text, or prints all.
    fn tells_variables(&self, arguments: &[Argument]) -> bool {
        let is_named = |text: &str| {
            let variables = self.environment.iter().filter(|name| !is_word(name));
            variables.into_iter().any(|name| names_variable(text, name)) || prints_environment(text)
        };
        !self.whole_environment().is_empty() && self.commands(arguments).iter().any(|text| is_named(text))
    }

    /// Returns the commands that a call may start, as far as they are known.
    fn commands(&self, arguments: &[Argument]) -> Vec<String> {
        match arguments.first().map(|first| &first.value) {
            Some(Expr::List(items)) => {
                let words = items.iter().filter_map(|item| self.texts(item, 0).into_iter().next());
                vec![words.collect::<Vec<_>>().join(" ")]
            }
            Some(value) => self.texts(value, 0),
            None => vec![UNKNOWN.to_owned()],
        }
    }
}

/// Says whether an expression is a module, or something that a module has.
fn is_of_module(judge: &Judge<'_>, expression: &Expr) -> bool {
    let names = judge.facts.full_names(expression);
    let is_one = |name: &String| !name.contains(['(', '[']) && !name.starts_with("builtins.");
    !names.is_empty() && names.iter().all(is_one)
}

/// Returns an expression as a person names it.
fn shown(expression: &Expr) -> String {
    match expression {
        Expr::Name(name) => format!("`{name}`"),
        Expr::Member(owner, name) => match &**owner {
            Expr::Name(owner) => format!("`{owner}.{name}`"),
            _ => format!("`.{name}`"),
        },
        Expr::Item(owner, _) | Expr::Call(owner, _) => shown(owner),
        _ => "a part of it".to_owned(),
    }
}
