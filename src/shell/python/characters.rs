//! Characters of a text that a Python script takes one by one: what is put together of them may be any text again.
//!
//! `t[1] + t[2]` begins where the script says, and `''.join(TABLE.get(c, c) for c in t)` has other characters than the
//! text. So a character is a part that may begin anywhere, and of what is made of some of them nobody knows more than that it
//! is letters and digits if the text is.

use super::facts::{Binding, RETURNED};
use super::kept;
use super::lexer::{FIELD, FIELD_END, Token};
use super::sink::Judge;
use super::statement::target_names;
use super::tree::{Argument, Expr, Piece, Statement};
use crate::shell::change::Change;
use std::collections::BTreeSet;

/// How far names are followed.
const DEPTH_MAX: usize = 8;

/// The most times that names are looked up through each other.
const ROUNDS_MAX: usize = 32;

/// Functions that return the characters of a text which they are given, or one of them.
const GIVING: &[&str] = &[
    "str",
    "list",
    "tuple",
    "set",
    "sorted",
    "reversed",
    "iter",
    "enumerate",
    "dict",
    "deque",
    "bytes",
    "bytearray",
    "memoryview",
    "zip",
    "Counter",
    "array",
    "islice",
];

/// Methods of a text that give another text.
const TEXTUAL: &[&str] = &[
    "strip",
    "lstrip",
    "rstrip",
    "lower",
    "upper",
    "title",
    "capitalize",
    "casefold",
    "swapcase",
    "replace",
    "removeprefix",
    "removesuffix",
    "encode",
    "decode",
    "translate",
    "format",
    "join",
    "copy",
    "read",
    "read_text",
    "getvalue",
    "expandtabs",
    "hex",
];

/// Functions and methods that hand on parts of a text, in an order that the payload chooses.
const ORDERING: &[&str] = &[
    "filter",
    "reversed",
    "sorted",
    "set",
    "frozenset",
    "list",
    "tuple",
    "iter",
    "islice",
    "dropwhile",
    "takewhile",
    "fromkeys",
    "split",
    "rsplit",
    "splitlines",
    "partition",
    "findall",
    "Counter",
    "str",
];

/// Methods that change each letter into one of the same letter.
const KEEPING: &[&str] = &["lower", "upper", "casefold", "title", "capitalize", "str", "strip"];

/// Methods that put something into a list or at another place of it.
const MOVING: &[&str] =
    &["insert", "append", "extend", "appendleft", "extendleft", "reverse", "rotate", "shuffle", "sort"];

/// Names by which a script writes a text into memory and reads it back.
const MEMORY: &[&str] = &["StringIO", "BytesIO", "SpooledTemporaryFile"];

/// Marks of a format that say on which side a text is filled up.
const SIDES: &[char] = &['<', '>', '^', '='];

/// Says whether a text is a format, or an f-string, that fills what it is given with `-`: `{:->20}`.
pub(super) fn fills(text: &str) -> bool {
    let mut dashes = text.match_indices('-').map(|(at, _)| &text[at + 1..]);
    text.contains(':') && dashes.any(|behind| behind.starts_with(SIDES))
}

/// Says whether a token is an f-string with a field that does so.
pub(super) fn fills_fields(token: &Token) -> bool {
    let Token::Text(text, _) = token else { return false };
    // `{'':-<40}` is the author's.
    let is_own = |field: &&str| field.trim_start_matches('{').trim_start().starts_with(['\'', '"']);
    text.split(FIELD).skip(1).filter_map(|it| it.split(FIELD_END).next()).filter(|it| !is_own(it)).any(fills)
}

impl Judge<'_> {
    /// Notes which names stand for a text, or for what has the characters of one, and which for one character after the
    /// other.
    pub(super) fn learn_characters(&mut self) {
        let mut rounds = 0;
        loop {
            let is_text = |it: &Binding| matches!(it, Binding::Value(value) if self.has_characters(value));
            let named = self.facts.bindings.iter().filter(|(name, _)| !self.textual.contains(*name));
            let found: Vec<String> =
                named.filter(|(_, all)| all.iter().any(is_text)).map(|(name, _)| name.clone()).collect();
            if found.is_empty() {
                break;
            }
            rounds += 1;
            if rounds > ROUNDS_MAX || !self.work(self.facts.bindings.len()) {
                // Of more nobody knows.
                self.textual.extend(self.facts.bindings.keys().cloned());
                break;
            }
            self.textual.extend(found);
        }
        let is_one = |it: &Binding| matches!(it, Binding::Item(iterated) if self.has_characters(iterated));
        let looped = self.facts.bindings.iter().filter(|(_, all)| all.iter().any(is_one)).map(|(name, _)| name);
        let taken = self.facts.taken.iter().filter(|(_, value)| self.has_characters(value)).map(|(name, _)| name);
        self.characters = looped.chain(taken).cloned().collect();
    }

    /// Says whether an expression is a text, or has the characters of one.
    pub(super) fn has_characters(&self, expression: &Expr) -> bool {
        let next = |inner: &Expr| self.has_characters(inner);
        match expression {
            _ if !self.work(1) => true,
            Expr::Text(_) => true,
            Expr::Name(name) => self.textual.contains(name),
            Expr::Member(_, name) => self.textual.contains(&format!(".{name}")),
            Expr::Operation('+' | '%' | '*', one, other) => next(one) || next(other),
            Expr::Item(owner, key) => {
                let is_slice =
                    matches!(**key, Expr::List(_)) || matches!(&**key, Expr::Name(name) if self.is_slice(name));
                is_slice && next(owner) || self.key(expression).is_some()
            }
            Expr::Call(callee, arguments) => match &**callee {
                _ if self.key(expression).is_some() => true,
                callee if self.is_own_function(callee) => self.textual.contains(RETURNED),
                Expr::Member(owner, method) if TEXTUAL.contains(&method.as_str()) => {
                    !self.is_module(owner) || arguments.iter().any(|it| next(&it.value))
                }
                callee => {
                    callee.last_name().is_some_and(|name| GIVING.contains(&name))
                        && arguments.iter().any(|it| next(&it.value))
                }
            },
            Expr::List(items) => items.iter().any(|it| matches!(it, Expr::Several(inner) if next(inner))),
            Expr::Named(_, value) => next(value),
            // What decides is in neither.
            Expr::Any(items) => items.iter().filter(|it| !matches!(it, Expr::Any(_))).any(next),
            _ => false,
        }
    }

    fn is_slice(&self, name: &str) -> bool {
        let is_one =
            |it: &Binding| matches!(it, Binding::Value(Expr::Call(callee, _)) if callee.last_name() == Some("slice"));
        self.facts.bindings(name).iter().any(is_one)
    }

    fn is_module(&self, owner: &Expr) -> bool {
        matches!(owner, Expr::Name(name) if self.modules.contains(name) || self.imported.contains(name))
    }

    /// Returns what is made of a text by taking one character of it out: `text[1]`.
    pub(super) fn taken_out(&self, expression: &Expr) -> Change {
        let Expr::Item(owner, key) = expression else { return Change::NONE };
        let is_one = key.text().is_none() && self.key(expression).is_none();
        if is_one && self.has_characters(owner) { Change::ANY } else { Change::NONE }
    }

    /// Says whether an expression has such a name, but for those that it gives something to itself.
    fn has_character(&self, expression: &Expr) -> bool {
        let (mut named, mut own): (BTreeSet<&str>, BTreeSet<&str>) = (BTreeSet::new(), BTreeSet::new());
        expression.walk(&mut |inner| match inner {
            Expr::Name(name) if self.characters.contains(name) => _ = named.insert(name),
            Expr::Comprehension(_, loops) => own.extend(loops.iter().flat_map(|(target, _)| target_names(target))),
            _ => {}
        });
        !named.is_subset(&own)
    }

    /// Returns what a statement makes of characters that it takes out of a text or puts together.
    pub(super) fn put_together(&self, statement: &Statement) -> Change {
        match statement {
            // `a, b = text`
            Statement::Assign(targets, value)
                if targets.iter().any(|it| matches!(it, Expr::List(_))) && self.has_characters(value) =>
            {
                Change::ANY
            }
            Statement::Assign(_, value) | Statement::Return(value) if adds(value) && self.has_character(value) => {
                Change::FREE
            }
            Statement::Augment(_, _, value) if self.has_character(value) => Change::FREE,
            _ => Change::NONE,
        }
    }

    /// Returns what comes of parts of a text that are put together with nothing between them.
    pub(super) fn glued(&self, parts: &Expr, depth: usize) -> Change {
        match parts {
            Expr::Comprehension(made, loops) => self.gathered_characters(made, loops),
            Expr::Call(callee, arguments) => {
                let name = callee.last_name().unwrap_or_default();
                let inner = || arguments.iter().map(|it| self.glued_part(&it.value, depth + 1));
                match name {
                    "map" => self.mapped_characters(arguments),
                    name if ORDERING.contains(&name) => inner().fold(Change::BY_PROGRAM, Change::or),
                    _ => Change::FREE,
                }
            }
            Expr::Name(name) if depth <= DEPTH_MAX => match self.facts.bindings(name) {
                [Binding::Value(value)] if self.facts.added(name).is_empty() && !self.moves_items() => {
                    self.glued(value, depth + 1)
                }
                // `first, *rest = text`
                [Binding::Unknown] if self.characters.contains(name) && !self.moves_items() => Change::BY_PROGRAM,
                _ => Change::FREE,
            },
            Expr::Text(_) => Change::NONE,
            Expr::List(_) => Change::BY_PROGRAM,
            Expr::Item(_, key) => match &**key {
                Expr::List(items) => kept::sliced(items),
                _ => Change::FREE,
            },
            _ => Change::FREE,
        }
    }

    /// Returns what comes of what is made for each item of something, put together.
    pub(super) fn gathered_characters(&self, made: &[Expr], loops: &[(Expr, Expr)]) -> Change {
        match made {
            // Its own characters, in an order that the script chooses.
            [Expr::Item(text, _)] if self.has_characters(text) && !self.reaches(text).is_empty() => Change::BY_PROGRAM,
            made => kept::gathered(made, loops),
        }
    }

    /// As [`Self::glued`], of what a function is given: a text itself is no part.
    fn glued_part(&self, part: &Expr, depth: usize) -> Change {
        match part {
            Expr::Call(callee, _)
                if callee.last_name().is_some_and(|name| ORDERING.contains(&name) || name == "map") =>
            {
                self.glued(part, depth)
            }
            Expr::Comprehension(..) => self.glued(part, depth),
            _ => Change::NONE,
        }
    }

    /// Says whether the script may put items into lists, or change their order.
    pub(super) fn moves_items(&self) -> bool {
        MOVING.iter().any(|name| self.named.contains(*name))
            || self.lines.iter().flat_map(|line| &line.statements).any(puts_item)
    }

    /// Returns what `map` makes of the characters of a text, and of other things.
    pub(super) fn mapped_characters(&self, arguments: &[Argument]) -> Change {
        let is_keeping = arguments.first().is_some_and(|it| {
            !self.is_own_function(&it.value) && it.value.last_name().is_some_and(|name| KEEPING.contains(&name))
        });
        let takes_characters = arguments.iter().skip(1).any(|it| self.has_characters(&it.value));
        if takes_characters && !is_keeping { Change::FREE } else { Change::NONE }
    }

    fn is_own_function(&self, function: &Expr) -> bool {
        function.last_name().is_some_and(|name| self.functions.contains_key(name))
    }

    /// Says whether the script writes a text into memory piece by piece.
    pub(super) fn writes_memory(&self) -> bool {
        MEMORY.iter().any(|name| self.named.contains(*name))
            && self.named.iter().any(|name| name.starts_with("write") || name == "file")
    }

    /// Says whether an expression is a file in memory, which has no name.
    pub(super) fn is_memory(&self, file: &Expr) -> bool {
        let names = self.facts.full_names(file);
        !names.is_empty() && names.iter().all(|name| matches!(name.as_str(), "io.BytesIO()" | "io.StringIO()"))
    }

    /// Returns what comes of a text that is filled up with another: `rjust(20, '-')`.
    pub(super) fn filled(&self, name: &str, arguments: &[Argument]) -> Change {
        let by = arguments.get(1).map(|it| it.value.text());
        match (name, by) {
            (_, None) => Change::MARKED,
            (_, Some(Some(by))) if !by.contains('-') => Change::MARKED,
            _ => Change::DECODED,
        }
    }

    /// Returns what a format that stands beside a text makes of it: `format(text, '->20')`.
    pub(super) fn format_of(&self, format: &Expr) -> Change {
        let is_known = format.text().is_some_and(|text| !text.contains('-'));
        if is_known { Change::NONE } else { Change::DECODED }
    }

    /// Returns what a format makes of the texts that are put into it.
    pub(super) fn formatted(&self, format: &Expr) -> Change {
        let Some(format) = format.text() else { return Change::NONE };
        let looks_into = |field: &str| field.split(['}', ':']).next().is_some_and(|name| name.contains(['[', '.']));
        match () {
            () if fills(&format) => Change::DECODED,
            () if format.split('{').skip(1).any(looks_into) => Change::FREE,
            () => Change::NONE,
        }
    }
}

/// Says whether a statement gives a list another item: `l[0] = '-'`.
fn puts_item(statement: &Statement) -> bool {
    let is_item = |target: &Expr| matches!(target, Expr::Item(..));
    match statement {
        Statement::Assign(targets, _) => targets.iter().any(is_item),
        Statement::Augment(target, ..) => is_item(target),
        _ => false,
    }
}

/// Says whether an expression puts texts together.
fn adds(value: &Expr) -> bool {
    let mut adds = false;
    value.walk(&mut |inner| {
        adds |= match inner {
            Expr::Operation('+' | '%', ..) => true,
            Expr::Text(pieces) => pieces.iter().any(|it| matches!(it, Piece::Field(_))),
            Expr::Call(callee, _) => {
                matches!(
                    callee.last_name(),
                    Some("join" | "format" | "format_map" | "__add__" | "add" | "concat" | "iadd" | "reduce")
                )
            }
            _ => false,
        };
    });
    adds
}
