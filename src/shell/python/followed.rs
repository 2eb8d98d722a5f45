//! Objects of a Python script that may be used in few forms, because only those are followed: the environment, the
//! standard input of a program that runs already, and the descriptors that the script's own output goes to.
//!
//! `os.environ['X'] = value`, `e = os.environ`, `env=os.environ`, `os.environ.get('X')` and the like say what gets where.
//! `u = os.environ.update`, `map(os.environ.__setitem__, …)`, `[os.environ]` hand it on: any variable may be payload text
//! then. The same holds for `p.communicate(text)` and `p.stdin.write(text)` on one side, and for `print(…, file=p.stdin)` on
//! the other; and of what `os.dup2` does to a descriptor nobody sees where it leads.

use super::facts::Binding;
use super::known::{LOGGING, STARTING, is_executing};
use super::lexer::Token;
use super::sink::{FILES, Judge};
use super::tree::{Argument, Expr, Statement};
use crate::shell::program::Holes;

/// The environment by its full names.
const ENVIRONMENTS: &[&str] = &["os.environ", "os.environb", "posix.environ"];

/// Functions that put a variable into it.
const PUTTING: &[&str] = &["os.putenv", "posix.putenv"];

/// Texts by which a script finds one of them.
const FOUND: &[&str] = &["environ", "environb", "putenv", "os.environ"];

/// Methods of a dictionary that do nothing else with it than what `environment` follows.
const METHODS: &[&str] = &[
    "get",
    "pop",
    "popitem",
    "setdefault",
    "update",
    "copy",
    "keys",
    "values",
    "items",
    "clear",
    "__getitem__",
    "__setitem__",
    "__delitem__",
    "__contains__",
    "__ior__",
    "__or__",
];

/// Functions and methods that read a dictionary which they are given.
const READING: &[&str] = &[
    "print",
    "len",
    "sorted",
    "dict",
    "list",
    "set",
    "tuple",
    "frozenset",
    "str",
    "repr",
    "any",
    "all",
    "bool",
    "isinstance",
    "dump",
    "dumps",
    "pprint",
    "pp",
    "pformat",
    "copy",
    "deepcopy",
    "substitute",
    "safe_substitute",
    "format_map",
    "render",
    "join",
];

/// Methods of the standard input of a program, of which `write` and `writelines` are followed.
const INPUTS: &[&str] = &["write", "writelines", "close", "flush", "drain", "wait_closed", "is_closing"];

/// The method that gives a program its input, and functions that find the input in another way.
const COMMUNICATING: &str = "communicate";
const FINDING: &[&str] = &["get_pipe_transport"];

/// Functions that lead a descriptor elsewhere.
const LEADING: &[&str] = &["dup2", "dup3", "closerange", "login_tty", "forkpty", "openpty"];

/// Why payload text can't stand in a script that hands on the environment.
const HANDED: &str = "in a script that hands on its environment, so that nobody sees what it puts there for programs";

/// What is to be used in few forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Object {
    Environment,
    /// The standard input of a program.
    Input,
}

impl Judge<'_> {
    /// Notes that payload text may be in any file and go to any program, where the script leads its output elsewhere.
    pub(super) fn learn_descriptors(&mut self, statements: &[Statement]) {
        let mut leads = LEADING.iter().any(|name| self.named.contains(*name));
        for expression in statements.iter().flat_map(Statement::expressions) {
            expression.walk(&mut |inner| {
                let Expr::Call(callee, arguments) = inner else { return };
                let closes = self.facts.full_names(callee).iter().any(|name| name == "os.close");
                leads |= closes && arguments.iter().any(|it| self.may_be_standard(&it.value));
            });
        }
        if leads {
            let all: Holes = (0..self.holes.len()).collect();
            self.taint(FILES.to_owned(), &all);
            self.writes_elsewhere = true;
            self.fed.extend(all);
        }
    }

    /// Says whether a descriptor may be one that Python has from the start. Those that it opens have names.
    fn may_be_standard(&self, descriptor: &Expr) -> bool {
        match descriptor {
            Expr::Name(name) => {
                let is_one = |it: &Binding| matches!(it, Binding::Value(Expr::Constant | Expr::Operation(..)));
                self.facts.bindings(name).iter().any(is_one)
            }
            Expr::Item(..) => false,
            _ => true,
        }
    }

    /// Notes that any payload text may get to the input of programs, where the script hands on such an input.
    pub(super) fn learn_inputs(&mut self, statements: &[Statement]) {
        let is_handed = FINDING.iter().any(|name| self.named.contains(*name))
            || ["stdin", COMMUNICATING].iter().any(|name| self.named.contains(*name))
                && statements.iter().any(|statement| self.hands_on_input(statement));
        if is_handed {
            self.fed.extend(0..self.holes.len());
        }
    }

    fn hands_on_input(&self, statement: &Statement) -> bool {
        let is_one = |value: &Expr| self.is_object(value, Object::Input);
        let is_kept = match statement {
            Statement::Assign(_, value)
            | Statement::Return(value)
            | Statement::For(_, value)
            | Statement::With(value, Some(_)) => is_one(value),
            _ => false,
        };
        let is_named = |inner: &Expr| matches!(inner, Expr::Member(_, method) if method == COMMUNICATING);
        let all = statement.expressions();
        is_kept || all.into_iter().any(|it| self.hands_on(it, Object::Input) || names_uncalled(it, &is_named))
    }

    /// Refuses payload text in a script that hands on its environment, and starts a program.
    pub(super) fn judge_environment(&mut self, statements: &[&[Token]], read: &[Statement]) {
        let is_named = self.named.iter().any(|name| name.starts_with("environ") || name == "putenv");
        let is_named = is_named || !self.environments.is_empty();
        let is_found = |token: &Token| matches!(token, Token::Text(text, _) if FOUND.contains(&text.as_str()));
        let is_found = || statements.iter().any(|statement| statement.iter().any(is_found));
        if !self.starts_any || !(is_named || is_found()) {
            return;
        }
        let is_handed = is_found() || read.iter().any(|statement| self.hands_on_environment(statement));
        if is_handed {
            let all: Holes = statements.iter().flat_map(|statement| self.whole_sources(statement)).collect();
            self.refuse(&all, HANDED);
        }
    }

    fn hands_on_environment(&self, statement: &Statement) -> bool {
        let hands = |expression: &Expr| self.hands_on(expression, Object::Environment);
        let is_one = |expression: &Expr| self.is_object(expression, Object::Environment);
        let is_put = |inner: &Expr| {
            matches!(inner, Expr::Name(_) | Expr::Member(..))
                && self.facts.full_names(inner).iter().any(|name| PUTTING.contains(&name.as_str()))
        };
        // By another name it is not followed.
        let is_renamed = |inner: &Expr| is_put(inner) && inner.last_name() != Some("putenv");
        let mut puts = false;
        for expression in statement.expressions() {
            expression.walk(&mut |inner| puts |= is_renamed(inner));
            puts |= names_uncalled(expression, &is_put);
        }
        puts || match statement {
            // Another name of it, or the entry of what is given to a program.
            Statement::Assign(targets, value) if is_one(value) => targets.iter().any(|target| match target {
                Expr::Name(name) | Expr::Member(_, name) => !self.is_environment(name),
                Expr::Item(_, key) => key.text().as_deref() != Some("env"),
                _ => true,
            }),
            Statement::Assign(targets, value) => hands(value) || targets.iter().any(|it| !is_one(it) && hands(it)),
            Statement::Augment(target, _, value) => !is_one(target) && hands(target) || !is_one(value) && hands(value),
            Statement::For(target, value) => hands(target) || !is_one(value) && hands(value),
            Statement::Return(value) if is_one(value) => self.is_own_environment(value),
            // A condition, or what `case` gives another name.
            Statement::Expr(value) if is_one(value) => !self.bound.is_empty(),
            Statement::Function(_, parameters) => parameters.iter().any(|parameter| {
                let default = parameter.default.iter().any(|it| is_one(it) && !self.is_environment(&parameter.name));
                default || parameter.default.iter().any(|it| !is_one(it) && hands(it))
            }),
            _ => statement.expressions().into_iter().any(|it| is_one(it) || hands(it)),
        }
    }

    /// Says whether an expression does with such an object what nobody follows. Whether it is one itself is asked by
    /// what is around it.
    fn hands_on(&self, expression: &Expr, object: Object) -> bool {
        let is_one = |inner: &Expr| self.is_object(inner, object);
        let next = |inner: &Expr| self.hands_on(inner, object);
        let given = |inner: &Expr| is_one(inner) || next(inner);
        if !self.work(1) {
            return true;
        }
        match expression {
            Expr::Call(callee, arguments) => {
                let (inside, is_open) = match &**callee {
                    Expr::Member(owner, method) if is_one(owner) => {
                        (&**owner, !object.methods().contains(&method.as_str()))
                    }
                    callee => (callee, false),
                };
                is_open || next(inside) || arguments.iter().any(|it| self.hands_on_argument(callee, it, object))
            }
            Expr::Member(owner, name) if is_one(owner) => !object.members().contains(&name.as_str()),
            Expr::Item(owner, key) => next(owner) || given(key),
            Expr::Dict(entries) => entries.iter().any(|(key, value)| match key {
                None => next(value),
                Some(key) => next(key) || next(value) || is_one(value) && key.text().as_deref() != Some("env"),
            }),
            Expr::Comprehension(made, loops) => {
                // What it makes of the entries is not the whole.
                let is_whole =
                    |inner: &Expr| object == Object::Input && is_one(inner) || self.is_own_environment(inner);
                made.iter().any(|it| is_whole(it) || next(it))
                    || loops.iter().any(|(target, iterated)| next(target) || next(iterated))
            }
            Expr::List(_) | Expr::Lambda(..) | Expr::Named(..) => expression.parts().into_iter().any(given),
            // What is compared, put together or shown is read.
            _ => expression.parts().into_iter().any(next),
        }
    }

    fn hands_on_argument(&self, callee: &Expr, argument: &Argument, object: Object) -> bool {
        let value = &argument.value;
        if !self.is_object(value, object) {
            return self.hands_on(value, object);
        }
        let name = callee.last_name().unwrap_or_default();
        let named = argument.name.as_deref().unwrap_or_default();
        // Of a dictionary, not of the class of one: `type(os.environ).update(os.environ, X='a')`.
        let is_merged = matches!(callee, Expr::Member(owner, method) if method == "update"
            && (self.facts.full_names(owner).is_empty() || self.is_object(owner, object)));
        let is_followed = named.starts_with("env")
            || is_merged
            || named == "**"
            || READING.contains(&name)
            || LOGGING.contains(&name)
            || STARTING.contains(&name)
            || is_executing(name)
            || self.functions.contains_key(name);
        object == Object::Input || !is_followed
    }

    /// Says whether an expression may be such an object.
    fn is_object(&self, expression: &Expr, object: Object) -> bool {
        match (expression, object) {
            // A comparison is none.
            (Expr::Any(items), _) => {
                items.first() != Some(&Expr::Constant) && items.iter().any(|item| self.is_object(item, object))
            }
            (Expr::Member(owner, name), Object::Input) => {
                name == "stdin" && !matches!(&**owner, Expr::Name(module) if module == "sys")
            }
            (Expr::Name(name) | Expr::Member(_, name), Object::Environment) => {
                self.is_own_environment(expression) || self.environments.contains(name) && self.may_be_dictionary(name)
            }
            (Expr::Call(..), Object::Environment) => self.is_own_environment(expression),
            _ => false,
        }
    }

    /// Says whether a name may stand for a dictionary: it gets more than texts, and more than a loop gives it.
    fn may_be_dictionary(&self, name: &str) -> bool {
        let is_one =
            |it: &Binding| matches!(it, Binding::Value(value) if !matches!(value, Expr::Text(_) | Expr::Constant));
        let bindings = self.facts.bindings(name);
        bindings.is_empty() || bindings.iter().any(is_one)
    }

    /// Says whether an expression is the environment that the script has itself.
    fn is_own_environment(&self, expression: &Expr) -> bool {
        let is_one = |name: &String| ENVIRONMENTS.contains(&name.as_str());
        self.facts.full_names(expression).iter().any(is_one)
    }
}

impl Object {
    /// Returns the methods that are followed.
    fn methods(self) -> &'static [&'static str] {
        match self {
            Self::Environment => METHODS,
            Self::Input => INPUTS,
        }
    }

    /// Returns the members that may be named without being called: they change nothing.
    fn members(self) -> &'static [&'static str] {
        match self {
            Self::Environment => &["get", "copy", "keys", "values", "items", "__getitem__", "__contains__"],
            Self::Input => &["closed"],
        }
    }
}

/// Says whether a function of a kind is named in an expression, and not called there.
fn names_uncalled(expression: &Expr, is_one: &dyn Fn(&Expr) -> bool) -> bool {
    match expression {
        Expr::Call(callee, arguments) => {
            let owner = if let Expr::Member(owner, _) = &**callee { Some(&**owner) } else { None };
            let inside = if is_one(callee) { owner } else { Some(&**callee) };
            inside.into_iter().chain(arguments.iter().map(|it| &it.value)).any(|it| names_uncalled(it, is_one))
        }
        _ => is_one(expression) || expression.parts().into_iter().any(|part| names_uncalled(part, is_one)),
    }
}
