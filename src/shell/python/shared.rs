//! Objects of a Python script that several names stand for: what is put into one by a name is there by the others.
//!
//! `b = {'l': a}`, `for s in a`, `w = csv.writer(b)`, `f(a)` and `add = a.append` let a second name reach what `a`
//! is. Only what can be changed counts: a text, a number and a path are what they are.

use super::facts::Binding;
use super::format::operand_before;
use super::lexer::Token;
use super::line::{arguments, assigned, assignments, closing, split};
use super::passed::lambda_parameters;
use super::sink::Judge;
use super::spread::ASKING;
use super::tree::Expr;
use crate::shell::program::Holes;

/// How far names are followed.
const DEPTH_MAX: usize = 8;

/// The most pairs of names that are looked at; a script that needs more takes no payload text.
const PAIRS_MAX: usize = 20_000;

/// Functions that put one of their arguments into another.
pub(super) const STORING: &[&str] = &[
    "heappush",
    "heappushpop",
    "heapreplace",
    "insort",
    "insort_left",
    "insort_right",
    "setitem",
    "readinto",
    "readinto1",
    "recv_into",
    "recvfrom_into",
    "readv",
    "preadv",
    "iadd",
    "iconcat",
    "ior",
    "setattr",
    "__setattr__",
    "__setitem__",
    "pack_into",
    "copyfileobj",
    "parse_args",
    "parse_known_args",
    "parse_intermixed_args",
    "pprint",
    "pp",
];

/// Classes by which a method can be called with its object as the first argument.
pub(super) const CONTAINERS: &[&str] =
    &["list", "dict", "set", "bytearray", "deque", "OrderedDict", "defaultdict", "Counter", "object", "type"];

/// Methods that put nothing into what they belong to.
const GIVING: &[&str] = &["get", "keys", "values", "items", "copy", "read", "readline", "readlines", "getvalue"];

/// Functions and methods that return a text, a number, a path, or nothing that keeps what they are given.
pub(super) const NOTHING_KEPT: &[&str] = &[
    "str",
    "bytes",
    "int",
    "float",
    "len",
    "bool",
    "repr",
    "round",
    "abs",
    "ord",
    "chr",
    "sum",
    "hash",
    "open",
    "Path",
    "PurePath",
    "PosixPath",
    "join",
    "format",
    "strip",
    "lstrip",
    "rstrip",
    "lower",
    "upper",
    "title",
    "replace",
    "removeprefix",
    "removesuffix",
    "encode",
    "decode",
    "read",
    "read_text",
    "read_bytes",
    "readline",
    "getenv",
    "fdopen",
    "dumps",
    "loads",
    "hexdigest",
    "sub",
    "search",
    "match",
    "fullmatch",
    "group",
    "isinstance",
    "range",
    "quote",
    "unquote",
    "urlencode",
    "urlopen",
    "Request",
    "basename",
    "dirname",
    "exists",
    "abspath",
    "realpath",
    "resolve",
    "with_suffix",
    "with_name",
    "mkdtemp",
    "mktemp",
    "check_output",
    "getoutput",
    "strftime",
    "isoformat",
    "now",
    "today",
    "date",
    "print",
    "getuser",
    "gethostname",
    "connect",
    "run",
    "urljoin",
    "urlparse",
    "input",
    "gettempdir",
    "NamedTemporaryFile",
    "TemporaryDirectory",
];

/// Modules whose values and what their functions return can't be changed, or is no object that others share.
const FIXED: &[&str] = &[
    "os",
    "sys",
    "pathlib",
    "tempfile",
    "datetime",
    "time",
    "platform",
    "re",
    "glob",
    "shutil",
    "subprocess",
    "hashlib",
    "uuid",
    "decimal",
    "math",
];

impl Judge<'_> {
    /// Notes which names may stand for the same object, and the methods that are called by other names.
    pub(super) fn learn_shared(&mut self, statements: &[&[Token]]) {
        self.returned = statements
            .iter()
            .filter(|it| matches!(it.first(), Some(Token::Name(word)) if word == "return" || word == "yield"))
            .flat_map(|it| self.objects(&it[1..]))
            .collect();
        for statement in statements {
            if !self.work(statement.len()) {
                return;
            }
            let assigned = assigned(statement);
            let is_as = |at: usize| matches!(at.checked_sub(1).map(|it| &statement[it]), Some(Token::Name(word)) if word == "as");
            let targets: Vec<String> = (0..statement.len())
                .filter(|at| assigned[*at] || is_as(*at))
                .filter_map(|at| if let Token::Name(name) = &statement[at] { Some(name.clone()) } else { None })
                .filter(|name| !self.modules.contains(name))
                .collect();
            if !targets.is_empty() {
                let mut objects = self.objects(statement);
                objects.extend(self.returned_by(statement));
                let methods = self.uncalled_methods(statement);
                for target in &targets {
                    self.share(target, &objects);
                    self.methods.entry(target.clone()).or_default().extend(methods.iter().cloned());
                }
            }
            let mut unnamed: Vec<String> = lambda_parameters(statement).into_iter().collect();
            if matches!(statement.first(), Some(Token::Name(word)) if word == "match") {
                unnamed.extend(self.bound.iter().cloned());
            }
            if !unnamed.is_empty() {
                let objects = self.objects(statement);
                unnamed.iter().for_each(|parameter| self.share(parameter, &objects));
            }
            for (at, token) in statement.iter().enumerate() {
                let Token::Name(name) = token else { continue };
                let (Some(parameters), Some(given)) = (self.functions.get(name), arguments(statement, at + 1)) else {
                    continue;
                };
                let parameters = parameters.clone();
                let objects: Vec<String> = split(given).into_iter().flat_map(|it| self.objects(it)).collect();
                parameters.iter().filter(|it| *it != "self" && *it != "cls").for_each(|it| self.share(it, &objects));
            }
            if self.shared.len() > PAIRS_MAX {
                self.work(usize::MAX);
                return;
            }
        }
    }

    /// Returns the objects that the script's functions return, if some tokens call one of them.
    fn returned_by(&self, tokens: &[Token]) -> Vec<String> {
        let is_own = |name: &String| self.functions.contains_key(name);
        let calls_own = tokens
            .iter()
            .enumerate()
            .any(|(at, token)| matches!(token, Token::Name(name) if is_own(name) && is_open(tokens, at)));
        if calls_own { self.returned.iter().cloned().collect() } else { Vec::new() }
    }

    fn share(&mut self, name: &str, objects: &[String]) {
        if !self.work(objects.len()) {
            return;
        }
        let others = objects.iter().filter(|it| *it != name);
        self.shared.extend(others.map(|it| (name.to_owned(), it.clone())));
    }

    /// Returns the names in some tokens whose objects may be what the tokens make, or a part of it.
    fn objects(&self, tokens: &[Token]) -> Vec<String> {
        let mut found = Vec::new();
        // Up to where nothing is kept.
        let mut skipped = 0;
        for (at, token) in tokens.iter().enumerate() {
            if at < skipped {
                continue;
            }
            match token {
                Token::Other('[') if at > 0 && matches!(tokens[at - 1], Token::Name(_) | Token::Other(')' | ']')) => {
                    skipped = closing(tokens, at);
                }
                Token::Name(name) if is_open(tokens, at) && NOTHING_KEPT.contains(&name.as_str()) => {
                    skipped = closing(tokens, at + 1);
                }
                Token::Name(_) if is_open(tokens, at) => {}
                Token::Name(name) => {
                    let is_key = tokens.get(at + 1) == Some(&Token::Other('='))
                        && tokens.get(at + 2) != Some(&Token::Other('='));
                    if !is_key && self.holds(name, 0) {
                        found.push(name.clone());
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// Returns the objects whose methods are named in some tokens, and not called there.
    fn uncalled_methods(&self, tokens: &[Token]) -> Vec<String> {
        let mut found = Vec::new();
        for at in 0..tokens.len() {
            let [owner, Token::Other('.'), Token::Name(method), rest @ ..] = &tokens[at..] else { continue };
            if matches!(rest.first(), Some(Token::Other('(' | '.' | '[' | '=')))
                || ASKING.contains(&method.as_str())
                || GIVING.contains(&method.as_str())
            {
                continue;
            }
            match owner {
                Token::Name(owner) if self.holds(owner, 0) => found.push(owner.clone()),
                Token::Other(')' | ']') => found.extend(self.returned_by(operand_before(tokens, at + 1))),
                _ => {}
            }
        }
        found
    }

    /// Returns the names of the objects that a statement puts something into by giving it to a function with them.
    pub(super) fn stored_into(&self, statement: &[Token]) -> Vec<String> {
        let mut found = Vec::new();
        for (at, token) in statement.iter().enumerate() {
            match token {
                Token::Name(name) => {
                    let Some(given) = arguments(statement, at + 1) else { continue };
                    found.extend(self.methods.get(name).into_iter().flatten().cloned());
                    if name == "print" {
                        let several = split(given).into_iter().filter(|it| it.first() == Some(&Token::Other('*')));
                        found.extend(several.flat_map(|it| self.objects(it)));
                    }
                    let is_of_class = matches!(&statement[..at], [.., Token::Name(owner), Token::Other('.')] if CONTAINERS.contains(&owner.as_str()));
                    if STORING.contains(&name.as_str()) || is_of_class {
                        found.extend(split(given).into_iter().flat_map(|it| self.objects(without_key(it))));
                    }
                }
                // A method of what a function returns, or of an item of it.
                Token::Other('.') if at > 0 && matches!(statement[at - 1], Token::Other(')' | ']')) => {
                    found.extend(self.objects(operand_before(statement, at)));
                }
                _ => {}
            }
        }
        found
    }

    /// Returns the names of the objects that a statement puts something into by what a function of the script's returns:
    /// `f().append(text)`, `f()[0] = text`.
    pub(super) fn stored_into_returned(&self, statement: &[Token]) -> Vec<String> {
        let last = assignments(statement).last().copied().unwrap_or(0);
        let is_stored = |at: usize| match (&statement[at], statement.get(at + 1)) {
            _ if at == 0 || !matches!(statement[at - 1], Token::Other(')' | ']')) => false,
            (Token::Other('.'), Some(Token::Name(method))) => {
                at < last || !ASKING.contains(&method.as_str()) && !GIVING.contains(&method.as_str())
            }
            (Token::Other('['), _) => at < last,
            _ => false,
        };
        let is_printed = |at: usize| self.is_only_printed(statement, at - operand_before(statement, at).len());
        let stored = (0..statement.len()).filter(|at| is_stored(*at) && !is_printed(*at));
        stored.flat_map(|at| self.returned_by(operand_before(statement, at))).collect()
    }

    /// Notes what is put into an object, and says whether that was new.
    pub(super) fn alter(&mut self, name: String, sources: &Holes) -> bool {
        let is_new = super::apart::merge(self.altered.entry(name.clone()).or_default(), sources);
        self.taint(name, sources) | is_new
    }

    /// Taints the names of objects into which something is put by other names, and says whether that was new.
    pub(super) fn spread_altered(&mut self) -> bool {
        let pairs =
            self.shared.iter().filter_map(|(name, other)| Some((other.clone(), self.altered.get(name)?.clone())));
        let pairs: Vec<(String, Holes)> = pairs.collect();
        if !self.work(self.shared.len()) {
            return false;
        }
        let mut changed = false;
        for (other, sources) in pairs {
            changed |= self.alter(other, &sources);
        }
        changed
    }

    /// Says whether a name may stand for an object that can be changed.
    fn holds(&self, name: &str, depth: usize) -> bool {
        if depth > DEPTH_MAX || !self.goes_on() {
            return true;
        }
        if self.modules.contains(name)
            || self.imported.contains(name)
            || self.facts.is_function(name)
            || self.classes.contains(name)
        {
            return false;
        }
        let member = format!(".{name}");
        let mut bindings = self.facts.bindings(name).iter().chain(self.facts.bindings(&member)).peekable();
        if bindings.peek().is_none() {
            // A parameter that nobody sees given, or what a library has.
            return self.named.contains(name) && !is_word(name);
        }
        bindings.any(|binding| match binding {
            Binding::Value(value) => self.holds_value(value, depth + 1),
            Binding::Item(value) => self.holds_item(value, depth + 1),
            Binding::Unknown => true,
        })
    }

    fn holds_item(&self, owner: &Expr, depth: usize) -> bool {
        match owner {
            Expr::List(items) => items.iter().any(|item| self.holds_value(item, depth + 1)),
            _ => self.holds_value(owner, depth + 1),
        }
    }

    fn holds_value(&self, value: &Expr, depth: usize) -> bool {
        let next = |inner: &Expr| self.holds_value(inner, depth + 1);
        let is_fixed = |inner: &Expr| {
            self.facts
                .full_names(inner)
                .iter()
                .any(|full| FIXED.contains(&full.split(['.', '(', '[']).next().unwrap_or_default()))
        };
        match value {
            _ if depth > DEPTH_MAX || !self.goes_on() => true,
            Expr::Text(_) | Expr::Constant | Expr::Lambda(..) | Expr::Operation('%' | '/' | '-', ..) => false,
            Expr::List(_) | Expr::Dict(_) | Expr::Comprehension(..) => true,
            Expr::Operation(_, one, other) => next(one) || next(other),
            Expr::Any(items) => items.iter().any(next),
            Expr::Several(inner) | Expr::Named(_, inner) => next(inner),
            Expr::Name(name) => self.holds(name, depth + 1),
            Expr::Call(callee, _) => {
                !callee.last_name().is_some_and(|name| NOTHING_KEPT.contains(&name)) && !is_fixed(callee)
            }
            Expr::Member(..) | Expr::Item(..) => !is_fixed(value),
        }
    }
}

/// Says whether a bracket opens behind the token at an index.
fn is_open(tokens: &[Token], at: usize) -> bool {
    tokens.get(at + 1) == Some(&Token::Other('('))
}

/// Words of the language that stand where names do.
fn is_word(name: &str) -> bool {
    matches!(
        name,
        "if" | "else"
            | "for"
            | "in"
            | "not"
            | "and"
            | "or"
            | "is"
            | "None"
            | "True"
            | "False"
            | "lambda"
            | "await"
            | "async"
            | "with"
            | "as"
            | "return"
            | "yield"
            | "def"
            | "class"
            | "import"
            | "from"
            | "del"
            | "while"
            | "elif"
            | "try"
            | "except"
            | "raise"
            | "assert"
            | "match"
            | "case"
            | "global"
            | "nonlocal"
            | "self"
            | "cls"
    )
}

fn without_key(argument: &[Token]) -> &[Token] {
    match argument {
        [Token::Name(_), Token::Other('='), value @ ..] => value,
        _ => argument,
    }
}
