//! Calls of a Python script of which nothing but digits and letters comes, whatever text they are given: numbers,
//! and checksums.

use super::facts::Binding;
use super::known::{STARTING, is_running};
use super::lexer::Token;
use super::line::closing;
use super::sink::Judge;
use super::tree::Expr;
use std::collections::BTreeSet;

/// Functions that make a number of a text, or true or false, or fail.
pub(super) const NUMBERS: &[&str] = &["int", "float", "len", "ord", "hash", "any", "all", "bool", "isinstance"];

/// Functions of which no text comes, whatever they are given: a number, or another thing that `%` divides or fails for.
const DIVIDED: &[&str] = &["int", "len", "float", "ord", "hash", "round", "abs", "sum", "pow", "id"];

/// The same of modules, by full names.
const DIVIDED_OF_MODULES: &[&str] = &[
    "builtins.int.from_bytes",
    "zlib.crc32",
    "zlib.adler32",
    "binascii.crc32",
    "os.getpid",
    "time.time",
    "time.time_ns",
    "time.monotonic",
    "time.perf_counter",
    "random.random",
    "random.randint",
    "random.randrange",
    "random.getrandbits",
    "secrets.randbelow",
    "math.floor",
    "math.ceil",
    "math.gcd",
    "math.sqrt",
    "math.log",
    "math.log2",
    "math.log10",
];

/// Methods of texts, lists, numbers and dates of which a number comes.
const COUNTING: &[&str] =
    &["count", "index", "find", "rindex", "rfind", "bit_length", "bit_count", "timestamp", "toordinal", "weekday"];

/// Functions that return one of what they are given.
const CHOOSING: &[&str] = &["max", "min"];

/// Functions and methods that do nothing but return something.
pub(super) const PLAIN: &[&str] = &[
    "int",
    "float",
    "len",
    "ord",
    "hash",
    "str",
    "get",
    "getenv",
    "encode",
    "strip",
    "lstrip",
    "rstrip",
    "split",
    "group",
    "lower",
    "replace",
    "removeprefix",
    "loads",
    "startswith",
    "endswith",
    "isdigit",
    "isalpha",
    "isalnum",
    "isnumeric",
    "islower",
    "isupper",
    "upper",
    "title",
    "casefold",
    "splitlines",
    "partition",
    "rpartition",
    "rsplit",
    "items",
    "keys",
    "values",
    "sorted",
    "set",
    "list",
    "tuple",
    "range",
    "zip",
    "enumerate",
    "any",
    "all",
    "bool",
    "isinstance",
    "search",
    "match",
    "fullmatch",
    "findall",
    "if",
    "else",
    "for",
    "in",
    "is",
    "and",
    "or",
    "not",
];

/// Names by which a script gives a value to a name that is a text, or runs code that may.
const RENAMING: &[&str] = &[
    "globals",
    "locals",
    "vars",
    "setattr",
    "__dict__",
    "__builtins__",
    "exec",
    "_getframe",
    "f_globals",
    "__setattr__",
];

impl Judge<'_> {
    /// Returns where a call ends that begins at an index and makes a number, whatever it is given: also the digits of
    /// a checksum.
    pub(super) fn number(&self, tokens: &[Token], at: usize) -> Option<usize> {
        let Some(Token::Name(name)) = tokens.get(at) else { return None };
        let is_member = at.checked_sub(1).is_some_and(|before| tokens[before] == Token::Other('.'));
        let call = match &tokens[at + 1..] {
            _ if is_member => return None,
            [Token::Other('('), ..] if self.makes_number(name) => at + 1,
            [Token::Other('.'), Token::Name(made), Token::Other('('), ..]
                if name == "hashlib" && self.is_hashlib(made) =>
            {
                at + 3
            }
            _ => return None,
        };
        let end = self.end_of_plain_call(tokens, call)?;
        match &tokens[end..] {
            _ if name != "hashlib" => Some(end),
            [Token::Other('.'), Token::Name(method), Token::Other('('), Token::Other(')'), ..]
                if method == "hexdigest" =>
            {
                Some(end + 4)
            }
            _ => None,
        }
    }

    /// Returns where the call ends whose bracket is at an index, if nothing in it does anything.
    fn end_of_plain_call(&self, tokens: &[Token], call: usize) -> Option<usize> {
        let end = closing(tokens, call);
        let is_closed = end > call + 1 && tokens[end - 1] == Token::Other(')');
        (is_closed && self.is_plain(&tokens[call + 1..end - 1])).then_some(end)
    }

    /// Says whether nothing in some tokens does anything but return something: what runs inside of them, or gives what it
    /// is given a name, is looked at.
    pub(super) fn is_plain(&self, tokens: &[Token]) -> bool {
        self.work(tokens.len())
            && tokens.iter().enumerate().all(|(index, token)| match token {
                Token::Name(inner) => {
                    let is_called = tokens.get(index + 1) == Some(&Token::Other('('));
                    (!is_called || PLAIN.contains(&inner.as_str())) && !self.does_something(inner)
                }
                Token::Other(':') => tokens.get(index + 1) != Some(&Token::Other('=')),
                _ => true,
            })
    }

    fn does_something(&self, name: &str) -> bool {
        let is_own = self.functions.contains_key(name) || self.running.contains(name) || self.starting.contains(name);
        is_own || is_running(name) || STARTING.contains(&name)
    }

    /// Says whether a function of this name makes a number of what it is given: Python's own, that the script calls
    /// nothing else.
    pub(super) fn makes_number(&self, name: &str) -> bool {
        let is_other = || {
            self.facts.is_function(name)
                || !self.facts.bindings(name).is_empty()
                || self.functions.contains_key(name)
                || self.imported.contains(name)
                || self.imported.contains("builtins")
                || self.renames()
        };
        NUMBERS.contains(&name) && !is_other()
    }

    /// Says whether an expression is a number, so that `%` divides it. A name that is made of itself is one if all else
    /// that it gets is.
    pub(super) fn is_number<'a>(&'a self, expression: &'a Expr, seen: &mut BTreeSet<&'a str>) -> bool {
        match expression {
            _ if !self.work(1) => false,
            Expr::Constant | Expr::Truth(_) => true,
            Expr::Call(callee, arguments) => match &**callee {
                Expr::Name(name) if self.is_pythons(name) => match name.as_str() {
                    // The counter of a loop: see `Facts`.
                    "enumerate" => arguments.is_empty(),
                    name if CHOOSING.contains(&name) => {
                        arguments.len() > 1
                            && arguments.iter().all(|it| it.name.is_none() && self.is_number(&it.value, seen))
                    }
                    name => DIVIDED.contains(&name),
                },
                Expr::Member(_, method) if COUNTING.contains(&method.as_str()) => !self.facts.is_function(method),
                callee => {
                    let names = self.facts.full_names(callee);
                    !names.is_empty() && names.iter().all(|name| DIVIDED_OF_MODULES.contains(&name.as_str()))
                }
            },
            // Of texts there is none of these.
            Expr::Operation('-' | '/' | '|' | '^' | '&' | '<' | '>', ..) => true,
            // A text and a number have no sum, and where a number is divided another comes of it.
            Expr::Operation('+', one, other) => self.is_number(one, seen) || self.is_number(other, seen),
            Expr::Operation('%', one, _) => self.is_number(one, seen),
            Expr::Operation('*', one, other) => self.is_number(one, seen) && self.is_number(other, seen),
            Expr::Any(_) => expression.choices().iter().all(|item| self.is_number(item, seen)),
            Expr::Name(name) => {
                if !seen.insert(name) {
                    return true;
                }
                let bindings = self.facts.bindings(name);
                let is_one = |it: &'a Binding| matches!(it, Binding::Value(value) if self.is_number(value, seen));
                !bindings.is_empty() && bindings.iter().all(is_one)
            }
            _ => false,
        }
    }

    /// Says whether a name is Python's own, which the script gives to nothing else.
    fn is_pythons(&self, name: &str) -> bool {
        !self.facts.is_function(name) && self.facts.bindings(name).is_empty() && !self.imported.contains(name)
    }

    /// Says whether a call returns the digits of a checksum.
    pub(super) fn is_checksum(&self, callee: &Expr) -> bool {
        let Expr::Member(owner, method) = callee else { return false };
        let Expr::Call(made, _) = &**owner else { return false };
        method == "hexdigest"
            && matches!(&**made, Expr::Member(module, made) if **module == Expr::Name("hashlib".to_owned()) && self.is_hashlib(made))
    }

    /// Says whether a member of `hashlib` is Python's own.
    fn is_hashlib(&self, made: &str) -> bool {
        let is_module = self.modules.contains("hashlib")
            && self.facts.full_names(&Expr::Name("hashlib".to_owned())).iter().eq(["hashlib"]);
        let is_changed = !self.facts.bindings("hashlib").is_empty()
            || !self.facts.bindings(&format!(".{made}")).is_empty()
            || self.classes.contains("hashlib")
            || self.facts.is_function("hashlib");
        is_module && !is_changed && !self.renames()
    }

    /// Says whether the script may give other things to names than it writes down.
    pub(super) fn renames(&self) -> bool {
        RENAMING.iter().any(|name| self.named.contains(*name))
    }
}
