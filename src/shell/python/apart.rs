//! Texts of which a script makes others before something gets them.
//!
//! A requirement is tested on the payload's whole text. Where `t.removeprefix('refs/heads/')`, `t.split(',')` or
//! `json.loads(t)` stand between, it must hold for everything that may arrive. So payload text is followed together with
//! what is made of it: the number of a hole has the [`Change`] beside it, and a requirement for such a number is what the
//! whole text must be so that what arrives is what is required.
//!
//! Only what is known to keep a text whole, or to hand on its parts in a known way (`kept`, `patterns`), is told apart.
//! Every other function may make any text of one: of that one is only sure if it is letters and digits.

use super::facts::{Binding, PATH};
use super::kept::{self, PATH_PARTS};
use super::known::STARTING;
use super::lexer::Token;
use super::patterns;
use super::sink::Judge;
use super::texts::Item;
use super::tree::{Argument, Expr, Piece, Statement};
use crate::shell::change::Change;
use crate::shell::program::Holes;
use crate::shell::requirement::Requirement;

/// Where in the number of a hole its change begins. No script has so many holes.
const SHIFT: u32 = 24;

const _: () = assert!(usize::BITS >= 64, "the number of a hole and its change are one number");

/// What is left of a text that is put together of its characters, some of which may be left out.
const GATHERED: Change = Change::BY_PROGRAM;

/// Functions that compile a pattern.
const COMPILING: &str = "compile";

/// Returns the number of a hole without its change.
pub(super) fn hole_of(number: usize) -> usize {
    number & ((1 << SHIFT) - 1)
}

/// Returns what was made of the text of a hole.
fn change_of(number: usize) -> Change {
    Change::of_number(u32::try_from(number >> SHIFT).unwrap_or(u32::MAX))
}

/// Says whether another text may have been made of that of a hole.
pub(super) fn is_changed(number: usize) -> bool {
    change_of(number) != Change::NONE
}

fn number_of(hole: usize, change: Change) -> usize {
    hole | usize::try_from(change.number()).unwrap_or(usize::MAX) << SHIFT
}

/// Returns the holes of which another change is made behind those that they have.
pub(super) fn changed(holes: Holes, change: Change) -> Holes {
    if change == Change::NONE {
        return holes;
    }
    holes.into_iter().map(|hole| number_of(hole_of(hole), change.behind(change_of(hole)))).collect()
}

/// Returns the holes without their changes.
pub(super) fn whole(holes: &Holes) -> Holes {
    holes.iter().map(|hole| hole_of(*hole)).collect()
}

/// Returns the holes without the changes that are not known to bring marks.
pub(super) fn with_own_marks(holes: &Holes) -> Holes {
    holes.iter().map(|hole| if change_of(*hole).brings_marks() { *hole } else { hole_of(*hole) }).collect()
}

/// Adds holes to others, each once with all changes, and says whether that was new.
pub(super) fn merge(known: &mut Holes, sources: &Holes) -> bool {
    let mut is_new = false;
    for source in sources {
        let hole = hole_of(*source);
        let Some(same) = known.iter().copied().find(|it| hole_of(*it) == hole) else {
            is_new |= known.insert(*source);
            continue;
        };
        let both = number_of(hole, change_of(same).or(change_of(*source)));
        if both != same {
            known.remove(&same);
            known.insert(both);
            is_new = true;
        }
    }
    is_new
}

impl Judge<'_> {
    /// Demands of payload text what must hold of all of it, so that what arrives is what is required.
    pub(super) fn require(&mut self, holes: &Holes, requirement: Requirement) {
        let mut open = Holes::new();
        for hole in holes {
            let requirements = &mut self.holes[hole_of(*hole)].requirements;
            match change_of(*hole).before(requirement) {
                Some(before) => requirements.extend(before),
                None => _ = open.insert(*hole),
            }
        }
        self.refuse(&open, Change::refusal(requirement));
    }

    /// Returns what the statements of a line make of the payload text in it.
    fn changes_of(&self, statements: &[Statement], is_read: bool) -> Change {
        if !is_read {
            return Change::FREE;
        }
        let mut all: Option<Change> = None;
        for statement in statements {
            let gathered = self.gathered(statement);
            let changes = given(statement).into_iter().filter_map(|it| self.changes_in(it));
            for change in changes.map(|change| gathered.behind(change)) {
                all = Some(all.map_or(change, |all| all.or(change)));
            }
        }
        all.unwrap_or_default()
    }

    /// Returns what the statement at an index makes of the payload text in it.
    pub(super) fn changes_at(&self, at: usize) -> Change {
        self.lines.get(at).map_or(Change::FREE, |line| self.changes_of(&line.statements, line.is_read))
    }

    /// Returns what some tokens make of the payload text in them.
    pub(super) fn changes_of_tokens(&self, tokens: &[Token]) -> Change {
        let read = super::statement::read(tokens);
        read.map_or(Change::FREE, |statements| self.changes_of(&statements, true))
    }

    /// Returns what is made in an expression of the payload text in it; nothing where there is none.
    fn changes_in(&self, expression: &Expr) -> Option<Change> {
        if !self.work(1) {
            return Some(Change::FREE);
        }
        let mut all = self.has_own(expression).then_some(Change::NONE);
        for part in expression.parts() {
            if let Some(change) = self.changes_in(part) {
                all = Some(all.map_or(change, |all| all.or(change)));
            }
        }
        all.map(|change| self.own_change(expression).behind(change))
    }

    /// Says whether an expression itself has payload text, and not its parts.
    fn has_own(&self, expression: &Expr) -> bool {
        let is_own = match expression {
            Expr::Name(name) | Expr::Member(_, name) => self.tainted.contains_key(name),
            Expr::Text(pieces) => {
                pieces.iter().any(|piece| matches!(piece, Piece::Hole(_)))
                    || expression.text().is_some_and(|text| self.variable(&text).is_some())
            }
            _ => false,
        };
        is_own || !self.read_by(expression).is_empty()
    }

    /// Returns what an expression itself makes of the text in its parts.
    pub(super) fn own_change(&self, expression: &Expr) -> Change {
        match expression {
            Expr::Item(_, key) => match &**key {
                Expr::List(items) => kept::sliced(items),
                _ => self.taken_out(expression),
            },
            Expr::Text(pieces) if self.fills && pieces.iter().any(|it| matches!(it, Piece::Field(_))) => {
                Change::DECODED
            }
            // The text in which a match was found.
            Expr::Member(_, name) if name == "string" => Change::FREE,
            Expr::Member(owner, name)
                if PATH_PARTS.contains(&name.as_str()) && self.facts.full_names(owner).contains(PATH) =>
            {
                Change::MARKED
            }
            Expr::Call(callee, arguments) => self.called_change(callee, arguments),
            _ => Change::NONE,
        }
    }

    fn called_change(&self, callee: &Expr, arguments: &[Argument]) -> Change {
        let Some(name) = callee.last_name() else {
            // `itemgetter(slice(1, None))(text)`
            let is_other = |inner: &Expr| !inner.last_name().is_some_and(|name| self.functions.contains_key(name));
            let is_made = matches!(callee, Expr::Call(inner, _) if is_other(inner));
            return if is_made { Change::FREE } else { Change::NONE };
        };
        let owner = if let Expr::Member(owner, _) = callee { Some(&**owner) } else { None };
        // Its own functions are followed by what they return.
        if self.functions.contains_key(name) || self.classes.contains(name) {
            return Change::NONE;
        }
        let is_method = !self.is_of_module(owner);
        let given = |at: usize| arguments.get(at).and_then(|it| it.value.text());
        let has_text = |value: Option<&Expr>| value.is_some_and(|value| !self.reaches(value).is_empty());
        match name {
            "join" => owner.map_or(Change::NONE, |owner| self.joined(owner, arguments)),
            "replace" if is_method && arguments.len() > 1 => {
                let puts_in = has_text(arguments.get(1).map(|it| &it.value));
                match (has_text(owner), puts_in) {
                    (false, _) => Change::NONE,
                    (true, true) => Change::FREE,
                    (true, false) => kept::replaced(given(0).as_deref(), given(1).as_deref()),
                }
            }
            "translate" => kept::translated(arguments),
            "split" | "rsplit" | "partition" | "rpartition" if is_method => kept::divided(arguments),
            "strip" | "lstrip" | "removeprefix" if is_method => kept::without_front(name, arguments),
            "encode" | "decode" => kept::coded(arguments),
            "bytes" | "str" if arguments.len() > 1 => kept::coded(&arguments[1..]),
            "read" | "readline" | "readlines" | "getvalue" | "getbuffer" if self.writes_memory() => Change::FREE,
            "read" | "readline" | "readlines" | "getvalue" if self.takes_pieces() => Change::ANY,
            "min" | "max" if arguments.len() == 1 && self.has_characters(&arguments[0].value) => Change::ANY,
            "bytearray" | "array" => Change::FREE,
            "bytes" if arguments.len() == 1 && !self.has_characters(&arguments[0].value) => Change::FREE,
            "bytes" if matches!(arguments, [Argument { value: Expr::Name(_), .. }]) && self.moves_items() => {
                Change::FREE
            }
            "center" | "rjust" if is_method => self.filled(name, arguments),
            "indent" => self.filled(name, arguments),
            "format" if !is_method || owner.is_none() => {
                arguments.get(1).map_or(Change::NONE, |it| self.format_of(&it.value))
            }
            "__format__" => arguments.first().map_or(Change::NONE, |it| self.format_of(&it.value)),
            "format" | "format_map" => owner.map_or(Change::NONE, |owner| self.formatted(owner)),
            "sub" | "subn" | "split" | "search" | "match" | "fullmatch" | "findall" | "finditer" => {
                self.by_pattern(name, owner, arguments)
            }
            "map" => self.mapped(arguments).with(self.mapped_characters(arguments)),
            "filter" => self.mapped(arguments),
            // What one text and the next become is that function's.
            "reduce"
                if arguments.first().is_some_and(|it| self.facts.full_names(&it.value).is_empty())
                    || arguments.get(1).is_none_or(|it| !matches!(it.value, Expr::List(_))) =>
            {
                Change::FREE
            }
            _ if STARTING.contains(&name) || self.starting.contains(name) => self.printed(arguments),
            _ => {
                let names = self.facts.full_names(callee);
                kept::by_function(name, &names, arguments).unwrap_or(Change::FREE)
            }
        }
    }

    /// Says whether what a function is a member of is a module.
    fn is_of_module(&self, owner: Option<&Expr>) -> bool {
        match owner {
            Some(Expr::Name(name)) => self.modules.contains(name) || self.imported.contains(name),
            Some(Expr::Member(inner, _)) => self.is_of_module(Some(inner)),
            _ => false,
        }
    }

    /// Says whether the script reads a text or a file in pieces of some length.
    pub(super) fn takes_pieces(&self) -> bool {
        self.named.contains("seek") || self.named.contains("truncate") || self.reads_pieces
    }

    /// Returns what a pattern leaves of a text.
    fn by_pattern(&self, function: &str, owner: Option<&Expr>, arguments: &[Argument]) -> Change {
        let is_module = self.is_of_module(owner) || owner.is_none();
        let text = |at: usize| arguments.get(at).and_then(|it| it.value.text());
        // What was compiled has its pattern and its flags elsewhere.
        let compiled = owner.filter(|_| !is_module).and_then(|owner| self.compiled(owner));
        let (pattern, first) = if is_module { (text(0), 1) } else { (compiled.clone().map(|it| it.0), 0) };
        let named = |flag: &str| arguments.iter().any(|it| names_flag(&it.value, flag));
        let has_flag =
            |flag: &str| named(flag) || compiled.as_ref().is_some_and(|it| it.1.iter().any(|known| known == flag));
        let ignores = has_flag("I") || has_flag("IGNORECASE");
        let is_odd = has_flag("X") || has_flag("VERBOSE");
        let Some(pattern) = pattern.filter(|_| !is_odd) else {
            return if function.starts_with("sub") { Change::FREE } else { GATHERED };
        };
        match function {
            "sub" | "subn" => {
                let by = arguments.get(first).map(|it| &it.value);
                match by {
                    Some(by) if self.reaches(by).is_empty() => {
                        by.text().map_or(Change::FREE, |by| patterns::substituted(&pattern, &by, ignores))
                    }
                    _ => Change::FREE,
                }
            }
            "split" => patterns::divided(&pattern),
            _ => patterns::found(&pattern),
        }
    }

    /// Returns the pattern that a name stands for, and the flags with which it was compiled.
    fn compiled(&self, owner: &Expr) -> Option<(String, Vec<String>)> {
        let call = match owner {
            Expr::Name(name) => match self.facts.bindings(name) {
                [Binding::Value(value)] => value,
                _ => return None,
            },
            other => other,
        };
        let Expr::Call(callee, arguments) = call else { return None };
        let pattern = arguments.first()?.value.text()?;
        let mut flags = Vec::new();
        for argument in arguments.iter().skip(1) {
            argument.value.walk(&mut |inner| flags.extend(inner.last_name().map(str::to_owned)));
        }
        (callee.last_name() == Some(COMPILING)).then_some((pattern, flags))
    }

    /// Returns what a function makes of each item, or leaves out.
    fn mapped(&self, arguments: &[Argument]) -> Change {
        match arguments.first().map(|it| &it.value) {
            Some(Expr::Lambda(..) | Expr::Constant) | None => Change::NONE,
            Some(function) => self.called_change(function, &[]),
        }
    }

    /// Returns what a program prints of its words and of what it reads.
    pub(super) fn printed(&self, arguments: &[Argument]) -> Change {
        // Its words stand elsewhere, or a shell gets them: what is in them is judged there.
        let first = arguments.first().filter(|it| it.name.is_none()).map(|it| &it.value);
        let Some(lists) = first.and_then(|first| self.lists(first, 0)) else { return Change::NONE };
        let program = |list: &Vec<Item>| match list.first() {
            Some(Item::Word(word)) => word.text(),
            _ => None,
        };
        let changes = lists.iter().map(|list| program(list).map_or(Change::NONE, |program| kept::printed(&program)));
        changes.fold(Change::NONE, Change::or)
    }

    /// Returns what comes of texts that are put together with another between them.
    fn joined(&self, between: &Expr, arguments: &[Argument]) -> Change {
        let is_path = between.last_name().is_some_and(|name| matches!(name, "path" | "posixpath" | "p" | "ntpath"));
        let (false, [only]) = (is_path, arguments) else { return Change::NONE };
        let mark = between.text();
        let marks = mark.as_deref().map_or(Change::FREE, kept::marks_of);
        match &only.value {
            Expr::List(_) => marks,
            Expr::Comprehension(made, loops) => {
                let is_filtered = loops.iter().any(|(target, _)| *target == Expr::Constant);
                match mark.as_deref() {
                    Some("") => self.gathered_characters(made, loops),
                    _ if is_filtered => marks.behind(Change::ANY),
                    _ => marks,
                }
            }
            parts if mark.as_deref() == Some("") => self.glued(parts, 0),
            parts if self.has_characters(parts) => marks.behind(Change::FREE),
            _ => marks,
        }
    }

    /// Returns what a statement makes of parts that a loop takes out of a text, and puts together again.
    fn gathered(&self, statement: &Statement) -> Change {
        let put = self.put_together(statement);
        if put != Change::NONE {
            return put;
        }
        let added = match statement {
            Statement::Augment(_, '+', value) => value,
            Statement::Assign(targets, value @ Expr::Operation('+', ..)) => {
                let mut is_own = false;
                value.walk(&mut |inner| is_own |= targets.contains(inner));
                if !is_own {
                    return Change::NONE;
                }
                value
            }
            // The lines of a file, or of what is read as one.
            Statement::For(_, value) if self.is_file(value) => return Change::MARKED,
            // `first, *rest = text`
            Statement::Assign(targets, value) if targets.iter().any(takes_apart) && !matches!(value, Expr::List(_)) => {
                return Change::MARKED;
            }
            _ => return Change::NONE,
        };
        if matches!(added, Expr::List(_)) {
            return Change::NONE;
        }
        let is_part = |binding: &Binding| match binding {
            Binding::Item(iterated) => !matches!(iterated, Expr::List(_)),
            Binding::Value(value) => matches!(value, Expr::Item(..)) || is_next(value),
            Binding::Unknown => false,
        };
        let mut is_one = false;
        added.walk(&mut |inner| match inner {
            Expr::Name(name) => is_one |= self.facts.bindings(name).iter().any(is_part),
            Expr::Item(_, key) => is_one |= key.text().is_none(),
            _ => is_one |= is_next(inner),
        });
        if is_one { Change::FREE } else { Change::NONE }
    }

    /// Says whether an expression is a file, or a text that is read as one.
    fn is_file(&self, value: &Expr) -> bool {
        let is_one = |name: &String| {
            ["StringIO()", "BytesIO()", "open()", "TemporaryFile()"].iter().any(|it| name.ends_with(it))
        };
        self.facts.full_names(value).iter().any(is_one)
    }
}

/// Returns the expressions of a statement but for the names that it gives something to.
fn given(statement: &Statement) -> Vec<&Expr> {
    let is_name = |target: &&Expr| !matches!(target, Expr::Name(_) | Expr::Member(..) | Expr::List(_));
    match statement {
        Statement::Assign(targets, value) => targets.iter().filter(is_name).chain([value]).collect(),
        Statement::For(_, value) | Statement::With(value, _) => vec![value],
        statement => statement.expressions(),
    }
}

/// Says whether a flag of a pattern is named.
fn names_flag(expression: &Expr, flag: &str) -> bool {
    let mut is_named = false;
    expression.walk(&mut |inner| is_named |= inner.last_name() == Some(flag));
    is_named
}

fn takes_apart(target: &Expr) -> bool {
    matches!(target, Expr::List(items) if items.iter().any(|item| matches!(item, Expr::Several(_))))
}

fn is_next(value: &Expr) -> bool {
    matches!(value, Expr::Call(callee, _) if callee.last_name() == Some("next"))
}

/// Says whether a statement reads a text or a file in pieces: `file.read(1)`.
pub(super) fn reads_pieces(statement: &Statement) -> bool {
    let mut reads = false;
    for expression in statement.expressions() {
        expression.walk(&mut |inner| {
            let Expr::Call(callee, arguments) = inner else { return };
            let is_reading = matches!(&**callee, Expr::Member(_, name) if matches!(name.as_str(), "read" | "readline"));
            let is_length = |it: &Argument| it.name.is_none() && it.value.text().is_none();
            reads |= is_reading && arguments.first().is_some_and(is_length);
        });
    }
    reads
}
