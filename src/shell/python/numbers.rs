//! Calls of a Python script of which nothing but digits and letters comes, whatever text they are given: numbers,
//! and checksums.

use super::facts::Binding;
use super::known::{STARTING, is_running};
use super::lexer::{FIELD, Token};
use super::sink::Judge;
use super::tree::Expr;
use std::collections::BTreeSet;

/// Functions that make a number of a text, or fail.
pub(super) const NUMBERS: &[&str] = &["int", "float", "len", "ord", "hash"];

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
const PLAIN: &[&str] = &[
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
    "open",
    "read",
    "read_text",
    "readline",
    "readlines",
    "splitlines",
];

/// Functions that make letters of numbers: what a number was made of is a text again.
const REVEALING: &[&str] = &[
    "chr",
    "bytes",
    "bytearray",
    "to_bytes",
    "fromhex",
    "unhexlify",
    "a2b_hex",
    "b16decode",
    "pack",
    "pack_into",
    "array",
    "translate",
    "maketrans",
    "unescape",
    "codecs",
    "unquote",
    "unquote_plus",
    "printable",
];

/// Says whether a text is a format that makes letters of numbers, or digits of which letters can be made: `%c`, `%02x`,
/// `{:c}`.
pub(super) fn shows_numbers(token: &Token) -> bool {
    let Token::Text(text, _) = token else { return false };
    let is_sort = |part: &str, sorts: &[char]| {
        let sort = part.trim_start_matches(|it: char| it.is_ascii_digit() || it == '#');
        sort.strip_prefix(sorts).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    };
    let is_field = text.contains(['{', FIELD]) && text.split(':').skip(1).any(|part| is_sort(part, &['c']));
    is_field || text.split('%').skip(1).any(|part| is_sort(part, &['c', 'x', 'X']))
}

/// Says whether tokens give such a sort to a function that writes a number: `format(n, 'c')`.
pub(super) fn shows_by_sort(tokens: &[Token]) -> bool {
    let is_sort = |text: &str| {
        let sort = text.trim_start_matches(|it: char| it.is_ascii_digit() || it == '#');
        matches!(sort, "c" | "x" | "X")
    };
    let is_one = |token: &[Token]| matches!(token, [Token::Other('(' | ','), Token::Text(text, _), Token::Other(')')] if is_sort(text));
    tokens.iter().any(|token| matches!(token, Token::Name(name) if name == "format" || name == "__format__"))
        && tokens.windows(3).any(is_one)
}

/// Names by which a script gives a value to a name that is a text, or runs code that may.
pub(super) const RENAMING: &[&str] = &[
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
            _ => return self.plain_call(tokens, at),
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
    pub(super) fn end_of_plain_call(&self, tokens: &[Token], call: usize) -> Option<usize> {
        let mut open = 0_usize;
        for (index, token) in tokens.iter().enumerate().skip(call) {
            match token {
                // What runs inside of it, or gives its argument a name, is looked at.
                Token::Name(inner) => {
                    let is_called = tokens.get(index + 1) == Some(&Token::Other('('));
                    if is_called && !PLAIN.contains(&inner.as_str()) || self.does_something(inner) {
                        return None;
                    }
                }
                Token::Other(':') if tokens.get(index + 1) == Some(&Token::Other('=')) => return None,
                Token::Other('(' | '[' | '{') => open += 1,
                Token::Other(')' | ']' | '}') => open = open.saturating_sub(1),
                _ => {}
            }
            if open == 0 {
                return Some(index + 1);
            }
        }
        None
    }

    fn does_something(&self, name: &str) -> bool {
        let is_own = self.functions.contains_key(name) || self.running.contains(name) || self.starting.contains(name);
        is_own || is_running(name) || STARTING.contains(&name)
    }

    /// Says whether a function of this name makes a number of what it is given: Python's own, that the script calls
    /// nothing else, and of which it makes no text again.
    pub(super) fn makes_number(&self, name: &str) -> bool {
        let is_shown = || self.shows_numbers || REVEALING.iter().any(|name| self.named.contains(*name));
        NUMBERS.contains(&name) && self.is_pythons(name) && !self.renames() && !is_shown()
    }

    /// Says whether an expression is a number, so that `%` divides it. A name that is made of itself is one if all else
    /// that it gets is.
    pub(super) fn is_number<'a>(&'a self, expression: &'a Expr, seen: &mut BTreeSet<&'a str>) -> bool {
        match expression {
            _ if !self.work(1) => false,
            Expr::Constant => true,
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
            // What decides which is in neither.
            Expr::Any(items) => match items.as_slice() {
                [one, other, Expr::Any(condition)] if condition.len() == 1 => {
                    self.is_number(one, seen) && self.is_number(other, seen)
                }
                items => items.iter().all(|item| self.is_number(item, seen)),
            },
            Expr::Name(name) => {
                // What `case` gives it is anything.
                if self.bound.contains(name) {
                    return false;
                }
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
