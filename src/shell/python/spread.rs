//! What payload text gets into by a statement of a Python script: the names that it assigns, the objects that its
//! methods change, the parameters of the functions that it names.

use super::apart;
use super::facts::Binding;
use super::known::{LOGGING, QUERYING, STARTING};
use super::learn::ARGUMENT_NAMES;
use super::lexer::{FIELD, Token};
use super::line::{assigned, assignments, closing, is_dumping, names, split};
use super::numbers::NUMBERS;
use super::passed::lambda_parameters;
use super::readback::STORES;
use super::reads::GIT;
use super::sink::{FILES, Judge};
use super::tree::Expr;
use crate::shell::change::Change;
use crate::shell::program::Holes;

/// Methods that change nothing of what they belong to.
pub(super) const ASKING: &[&str] = &[
    "format",
    "format_map",
    "join",
    "replace",
    "split",
    "rsplit",
    "startswith",
    "endswith",
    "strip",
    "lstrip",
    "rstrip",
    "splitlines",
    "partition",
    "rpartition",
    "removeprefix",
    "removesuffix",
    "lower",
    "upper",
    "capitalize",
    "isdigit",
    "hexdigest",
    "isoformat",
    "strftime",
    "count",
    "find",
    "index",
    "encode",
    "decode",
    "render",
    "substitute",
    "safe_substitute",
    "match",
    "search",
    "sub",
    "findall",
    "fullmatch",
];

/// Members of what a program left, which are numbers and texts.
const LEFT: &[&str] = &["returncode", "pid", "stdout", "stderr", "output"];

/// What the output of a program goes to that is no file.
const STREAMS: &[&str] = &["subprocess", "sp", "PIPE", "DEVNULL", "sys", "asyncio", "None"];

/// Names by which a log is written to a file.
const LOG_FILES: &[&str] =
    &["FileHandler", "RotatingFileHandler", "TimedRotatingFileHandler", "WatchedFileHandler", "filename"];

/// Programs that write what they get to a file.
pub(super) const WRITERS: &[&str] = &["cp", "tee", "dd", "install", "mv", "sponge"];

/// Functions that print.
const PRINTS: &[&str] = &["print", "stdout", "pprint", "pp"];

/// Names of which the others have what the first has.
pub(super) const COPIED: &[(&str, &[&str])] = &[
    ("argv", ARGUMENT_NAMES),
    ("tempdir", &["gettempdir"]),
    ("__doc__", &["getdoc", "cleandoc", "getcomments"]),
    ("environ", &["environb"]),
    ("environb", &["environ"]),
];

/// Names by which a script makes dictionaries that get an entry where none is found.
const MISSING: &[&str] = &["defaultdict", "__missing__"];

/// Classes of Python's own that hold nothing themselves: `str.maketrans`.
const FIXED: &[&str] = &["str", "bytes", "int", "float"];

/// What gets into the same names from wherever it stands.
#[derive(Default)]
struct Common {
    /// What may be in all that may hold any text.
    anywhere: Holes,
    /// What functions return; nobody says which: any.
    returned: Holes,
}

impl Judge<'_> {
    /// Taints what the statements assign and change, and says whether that was new for any. Of each pair of names
    /// in `copied` the second has what the first has.
    pub(super) fn spread_all(&mut self, statements: &[&[Token]], copied: &[(String, String)]) -> bool {
        let mut changed = false;
        let mut common = Common::default();
        for (at, statement) in statements.iter().enumerate() {
            changed |= self.spread(at, statement, &mut common);
            changed |= self.spread_to_classes(at, statement);
        }
        for target in self.called.iter().chain(&self.anywhere).cloned().collect::<Vec<_>>() {
            changed |= self.taint(target, &common.anywhere);
        }
        for target in self.functions.keys().cloned().collect::<Vec<_>>() {
            changed |= self.taint(target, &common.returned);
        }
        // What gets into a list by another name of it is in the list.
        for (name, list) in copied {
            let sources = self.tainted.get(name).cloned().unwrap_or_default();
            changed |= self.taint(list.clone(), &sources);
        }
        changed | self.spread_altered()
    }

    /// Taints the classes in whose bodies a statement stands that gives payload text to a member, and says whether that
    /// was new: what is done with a class, an object of it or its members needs no member's name.
    fn spread_to_classes(&mut self, at: usize, statement: &[Token]) -> bool {
        let Some(classes) = self.bodies.get(&at).cloned() else { return false };
        let first = names(statement).next();
        let value = match assignments(statement).last() {
            Some(equals) => &statement[equals + 1..],
            None if matches!(first, Some("for" | "with" | "async")) => statement,
            None => return false,
        };
        let sources = self.sources(value);
        if sources.is_empty() {
            return false;
        }
        let sources = apart::changed(sources, self.changes_at(at));
        classes.into_iter().fold(false, |changed, class| changed | self.taint(class, &sources))
    }

    /// Taints what a statement assigns and changes, and says whether that was new.
    fn spread(&mut self, at: usize, statement: &[Token], common: &mut Common) -> bool {
        let mut sources = self.sources(statement);
        let printed = self.printed_at(at);
        sources.extend(&printed);
        let counts = may_count(statement) || names(statement).any(|name| self.may_choose(name) || name == "if");
        let whole = if counts { self.whole_sources(statement) } else { Holes::new() };
        let whole: Holes = whole.union(&sources).copied().collect();
        if whole.is_empty() {
            return false;
        }
        let change = self.changes_at(at);
        let (sources, whole) = (apart::changed(sources, change), apart::changed(whole, change));
        common.anywhere.extend(&whole);
        if sources.is_empty() {
            return false;
        }
        if names(statement).any(|word| word == "return" || word == "yield") {
            common.returned.extend(&sources);
        }
        let mut changed = false;
        let targets = self.targets(statement);
        self.work(targets.len());
        for target in targets {
            changed |= self.taint(target, &sources);
        }
        if printed.is_empty() && self.is_only_given(statement) {
            return changed;
        }
        for name in self.changed_by(statement) {
            // What has nothing but its own text gets no other, unless that is made another first.
            if !printed.is_empty() || change != Change::NONE || !self.is_alone(&name, statement) {
                changed |= self.alter(name, &sources);
            }
        }
        let stores = names(statement).any(|name| QUERYING.contains(&name))
            || self.changed_by(statement).iter().any(|name| self.is_kept(name));
        if stores {
            changed |= self.taint(STORES.to_owned(), &sources);
        }
        for name in self.stored_into_returned(statement) {
            self.elsewhere.insert(name.clone());
            changed |= self.alter(name, &sources);
        }
        changed
    }

    /// Says whether all payload text of a statement is in what it gives something to: `with open(args.out) as title_file`.
    fn is_only_given(&self, statement: &[Token]) -> bool {
        let assigned = assigned(statement);
        let is_as = |at: usize| matches!(at.checked_sub(1).map(|before| &statement[before]), Some(Token::Name(word)) if word == "as");
        let targets = statement.iter().enumerate().filter(|(at, _)| assigned[*at] || is_as(*at));
        let are_plain = !targets.clone().any(|(_, token)| matches!(token, Token::Other('[' | '(')));
        if !are_plain || targets.count() == 0 {
            return false;
        }
        let others: Vec<Token> =
            (0..statement.len()).filter(|at| !assigned[*at] && !is_as(*at)).map(|at| statement[at].clone()).collect();
        self.whole_sources(&others).is_empty()
    }

    /// Says whether all payload text of a statement is that of one name.
    fn is_alone(&self, name: &str, statement: &[Token]) -> bool {
        statement.iter().enumerate().all(|(at, token)| {
            let is_own = match token {
                Token::Name(other) => other == name || !self.tainted.contains_key(other),
                Token::Text(text, holes) => holes.is_empty() && !text.contains(FIELD) && self.variable(text).is_none(),
                Token::Other(_) | Token::End => true,
            };
            is_own && self.read_at(statement, at).is_empty()
        })
    }

    /// Returns the names that get what a statement holds.
    fn targets(&self, statement: &[Token]) -> Vec<String> {
        let mut targets: Vec<String> = Vec::new();
        let assigned = assigned(statement);
        for (at, token) in statement.iter().enumerate() {
            let Token::Name(name) = token else { continue };
            let is_target = assigned[at]
                || matches!(at.checked_sub(1).map(|before| &statement[before]), Some(Token::Name(word)) if word == "as" || word == "for");
            let is_target = is_target && !is_key_of_literal(statement, at);
            targets.extend((is_target && !self.modules.contains(name)).then(|| name.clone()));
            let taken = self.functions.get(name).filter(|_| !self.is_called_apart(statement, at));
            targets.extend(taken.into_iter().flatten().cloned());
            let is_print = PRINTS.contains(&name.as_str());
            targets.extend(self.redirected.iter().filter(|_| is_print).cloned());
            targets.extend((is_print && !self.redirected.is_empty()).then(|| FILES.to_owned()));
            targets.extend(self.writes_file(name, statement, at).then(|| FILES.to_owned()));
            // A function without a name may be called with what stands beside it.
            targets.extend((name == "lambda").then(|| lambda_parameters(&statement[at..])).into_iter().flatten());
        }
        targets.extend(self.tells_git(statement).then(|| GIT.to_owned()));
        if names(statement).any(|word| word == "match") {
            targets.extend(self.bound.iter().cloned());
        }
        // A text that stands alone says what is around it.
        targets.extend(matches!(statement, [Token::Text(..)]).then(|| "__doc__".to_owned()));
        targets
    }

    /// Returns the names of the objects that a statement puts something into.
    fn changed_by(&self, statement: &[Token]) -> Vec<String> {
        let in_place = names(statement).any(|name| name == "inplace");
        let assigned = assigned(statement);
        let mut changed = self.stored_into(statement);
        changed.retain(|name| !self.are_only_printed(statement, name));
        // `list += more`
        for equals in assignments(statement) {
            let is_added = matches!(statement[..equals], [.., Token::Other('+' | '|' | '&' | '^' | '-' | '*')]);
            changed.extend(names(&statement[..equals]).filter(|_| is_added).map(str::to_owned));
        }
        for (at, token) in statement.iter().enumerate() {
            let Token::Name(name) = token else { continue };
            if self.is_only_printed(statement, at) {
                continue;
            }
            let is_asked = name.starts_with("environ")
                && matches!(statement.get(at + 1..at + 4), Some([Token::Other('.'), Token::Name(method), Token::Other('(')]) if method == "get")
                || matches!(statement.get(at + 1..at + 4), Some([Token::Other('.'), Token::Name(method), Token::Other('(')]) if ASKING.contains(&method.as_str()) && !self.functions.contains_key(method) && !in_place || method == "get" && self.tables.contains(name))
                || matches!(&statement[at + 1..], [Token::Other('.'), Token::Name(member), rest @ ..] if LEFT.contains(&member.as_str()) && !assigned[at] && is_end(rest.first()));
            // What is read of it does not change it.
            let is_read = statement.get(at + 1) == Some(&Token::Other('['))
                && !self.gets_what_is_looked_up(name)
                && (name.starts_with("environ") || !assigned[at] && is_end(statement.get(closing(statement, at + 1))));
            let is_changed = matches!(statement.get(at + 1), Some(Token::Other('.' | '['))) && !is_asked && !is_read;
            let is_fixed = self.modules.contains(name) || FIXED.contains(&name.as_str()) && self.is_pythons(name);
            changed.extend((is_changed && !is_fixed).then(|| name.clone()));
            changed.extend(self.printed_into(name, statement, at));
        }
        changed
    }

    /// Returns the names of what gets what is printed: `print(text, file=buffer)`.
    fn printed_into(&self, name: &str, statement: &[Token], at: usize) -> Vec<String> {
        let [Token::Other('='), value @ ..] = &statement[at + 1..] else { return Vec::new() };
        if name != "file" || value.first() == Some(&Token::Other('=')) {
            return Vec::new();
        }
        let file: Vec<&str> = names(split(value)[0]).collect();
        let is_standard = matches!(file.as_slice(), ["sys", "stdout" | "stderr"] | ["stdout" | "stderr"]);
        file.into_iter().filter(|it| !is_standard && !self.modules.contains(*it)).map(str::to_owned).collect()
    }

    /// Says whether a name may stand for a dictionary that gets an entry where none is found: `defaultdict(list)[key]`.
    fn gets_what_is_looked_up(&self, name: &str) -> bool {
        let makes = |value: &Expr| match value {
            Expr::Text(_) | Expr::Constant | Expr::List(_) | Expr::Dict(_) | Expr::Comprehension(..) => false,
            Expr::Operation(..) => false,
            Expr::Call(callee, _) => !callee.last_name().is_some_and(|name| ASKING.contains(&name)),
            _ => true,
        };
        let is_one = |it: &Binding| match it {
            Binding::Value(value) => makes(value),
            Binding::Item(_) | Binding::Unknown => true,
        };
        let bindings = self.facts.bindings(name);
        MISSING.iter().any(|name| self.named.contains(*name)) && (bindings.is_empty() || bindings.iter().any(is_one))
    }

    /// Taints a name, and says whether that was new.
    pub(super) fn taint(&mut self, name: String, sources: &Holes) -> bool {
        if sources.is_empty() {
            return false;
        }
        apart::merge(self.tainted.entry(name).or_default(), sources)
    }

    /// Says whether a name in a statement says that something of it gets into a file.
    fn writes_file(&self, name: &str, statement: &[Token], at: usize) -> bool {
        let follows = statement.get(at + 1..).unwrap_or_default();
        match name {
            _ if name.starts_with("write") => true,
            "file" => {
                !matches!(follows, [Token::Other('='), Token::Name(module), Token::Other('.'), Token::Name(to), ..]
                if module == "sys" && matches!(to.as_str(), "stdout" | "stderr"))
            }
            "copyfileobj" | "urlretrieve" | "set_key" => true,
            _ if is_dumping(name) => true,
            "stdout" => matches!(follows, [Token::Other('='), Token::Name(to), ..] if !STREAMS.contains(&to.as_str())),
            _ if LOGGING.contains(&name) => {
                LOG_FILES.iter().any(|it| self.imported.contains(*it) || self.named.contains(*it))
            }
            _ if STARTING.contains(&name) => {
                statement.iter().any(|token| matches!(token, Token::Text(text, _) if WRITERS.contains(&text.as_str())))
            }
            _ => false,
        }
    }
}

/// Says whether an expression ends in front of a token.
fn is_end(token: Option<&Token>) -> bool {
    matches!(token, None | Some(Token::End | Token::Other(')' | ']' | '}' | ',' | ':')))
}

/// Says whether a statement may have a call that makes a number.
fn may_count(statement: &[Token]) -> bool {
    statement.iter().any(|token| match token {
        Token::Name(name) => name == "hashlib" || NUMBERS.contains(&name.as_str()),
        Token::Text(text, _) => text.contains(FIELD),
        Token::Other(_) | Token::End => false,
    })
}

/// Says whether the name at an index of a loop gets the keys of a dictionary that stands there, all of them literals:
/// `for name, text in {'a.txt': text}.items()`.
fn is_key_of_literal(statement: &[Token], at: usize) -> bool {
    let [Token::Name(first), Token::Name(_), Token::Other(','), Token::Name(_), Token::Name(within), dictionary @ ..] =
        statement
    else {
        return false;
    };
    let [Token::Other('{'), ..] = dictionary else { return false };
    let end = closing(dictionary, 0);
    let is_items = matches!(&dictionary[end..], [Token::Other('.'), Token::Name(items), Token::Other('('), Token::Other(')'), Token::Other(':')] if items == "items");
    let is_literal = |entry: &[Token]| matches!(entry, [Token::Text(text, holes), Token::Other(':'), ..] if holes.is_empty() && !text.contains(FIELD));
    let entries = split(&dictionary[1..]);
    let own: Vec<&[Token]> = entries.into_iter().filter(|it| !it.is_empty()).collect();
    at == 1 && first == "for" && within == "in" && is_items && own.into_iter().all(is_literal)
}
