//! Texts that a Python script takes for formats: what stands in front of `%` or `.format`, or is given to a
//! function that does the same. A format reaches into whatever is put in: `{0.__class__}`.

use super::known::LOGGING;
use super::lexer::Token;
use super::line::{arguments, names, split};
use super::sink::Judge;
use super::tree::{Argument, Expr};

/// Methods of a text that take it for a format.
const METHODS: &[&str] = &["format", "format_map", "vformat", "__mod__", "__rmod__", "__format__"];

/// What such a method is taken from, so that its first argument is the format.
const OWNERS: &[&str] = &["str", "bytes", "Formatter"];

/// The classes of texts by their full names.
const CLASSES: &[&str] = &["builtins.str", "builtins.bytes", "builtins.type()", "collections.UserString"];

impl Judge<'_> {
    /// Refuses the text whose method at an index takes it for a format, or the first argument where the method
    /// is that of a class.
    pub(super) fn format_method(&mut self, statement: &[Token], at: usize) {
        let Some(owner) = owner_of_method(statement, at) else { return };
        self.refuse_format(&self.sources(owner));
        let is_class = names(owner).any(|name| OWNERS.contains(&name) || self.formatters.contains(name));
        if let Some(given) = arguments(statement, at + 1).filter(|_| is_class) {
            self.refuse_format(&self.sources(split(given)[0]));
        }
    }

    /// Refuses the first argument of such a method where it is that of a class by any name: `s = str`, `type('').format(…)`.
    /// What `super().format` takes for a format is the object itself.
    pub(super) fn judge_class_format(&mut self, callee: &Expr, arguments: &[Argument]) {
        let Expr::Member(owner, method) = callee else { return };
        if !METHODS.contains(&method.as_str()) {
            return;
        }
        let is_formatter = self.facts.full_names(owner).contains("string.Formatter");
        if let Some(format) = arguments.get(1).filter(|_| is_formatter) {
            self.refuse_format(&self.reaches(&format.value));
        }
        if matches!(&**owner, Expr::Call(callee, _) if callee.last_name() == Some("super")) {
            let own = self.tainted.get("self").cloned().unwrap_or_default();
            self.refuse_format(&own);
        } else if let (true, false, Some(first)) =
            (self.may_be_class(owner), self.facts.is_function(method), arguments.first())
        {
            self.refuse_format(&self.reaches(&first.value));
        }
    }

    /// Says whether an expression may be the class of texts, or one of the script's.
    fn may_be_class(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Name(name) if self.classes.contains(name) => true,
            Expr::Name(_) => {
                let is_one = |name: &String| CLASSES.contains(&name.as_str());
                self.facts.full_names(expression).iter().any(is_one)
            }
            Expr::Member(_, name) => name.starts_with("__") && name.ends_with("__"),
            Expr::Call(callee, _) => callee.last_name() == Some("type"),
            Expr::Item(owner, _) => self.may_be_class(owner),
            Expr::Any(items) | Expr::List(items) => items.iter().any(|item| self.may_be_class(item)),
            _ => false,
        }
    }

    /// Refuses the text of a line of a log that is put together with others, by whatever name the log goes.
    pub(super) fn judge_log(&mut self, callee: &Expr, functions: &[String], arguments: &[Argument]) {
        let Some(name) = callee.last_name() else { return };
        let last = |full: &String| full.rsplit('.').next().is_some_and(|last| LOGGING.contains(&last));
        let is_one = functions.iter().any(|full| full.starts_with("logging.") && last(full));
        let is_method = matches!(callee, Expr::Member(..)) && LOGGING.contains(&name) && !self.facts.is_function(name);
        let is_unknown = functions.iter().all(|full| full.starts_with("builtins."));
        let may_be = is_unknown && is_method && self.imported.contains("logging");
        if !is_one && !may_be {
            return;
        }
        // The first that `log` is given is a level.
        let has_level = name == "log" || functions.iter().any(|full| full.ends_with(".log"));
        let placed: Vec<&Expr> = arguments.iter().filter(|it| it.name.is_none()).map(|it| &it.value).collect();
        if let Some([format, _, ..]) = placed.get(usize::from(has_level)..) {
            self.refuse(&self.reaches(format), "a part of the format of a line of the log");
        }
    }

    /// Notes what the script calls a `string.Formatter`.
    pub(super) fn learn_formatter(&mut self, statement: &[Token]) {
        if names(statement).any(|name| name == "Formatter") {
            self.formatters.extend(names(statement).map(str::to_owned));
        }
    }
}

/// Says whether a method that takes a text for a format stands at an index without being called: it may be called
/// by another name then. That of the author's own text is a function of what is put in.
pub(super) fn gives_format(statement: &[Token], at: usize) -> bool {
    let is_called = statement.get(at + 1) == Some(&Token::Other('('));
    owner_of_method(statement, at).is_some_and(|owner| !is_called && !matches!(owner, [Token::Text(..)]))
}

/// Returns what stands in front of the method at an index that takes a text for a format.
fn owner_of_method(statement: &[Token], at: usize) -> Option<&[Token]> {
    let is_method = matches!(statement.get(at), Some(Token::Name(name)) if METHODS.contains(&name.as_str()));
    let dot = at.checked_sub(1).filter(|dot| is_method && statement[*dot] == Token::Other('.'))?;
    Some(operand_before(statement, dot))
}

/// Returns the operand that ends at an index: a name or a text with its members, subscripts and calls, or what
/// stands in brackets.
pub(super) fn operand_before(statement: &[Token], end: usize) -> &[Token] {
    let mut start = end;
    while let Some(before) = start.checked_sub(1) {
        match &statement[before] {
            Token::Other(')' | ']' | '}') => start = opening(statement, before),
            Token::Name(_) | Token::Text(..) => start = before,
            Token::Other(_) | Token::End => break,
        }
        let is_bracket = matches!(statement[start], Token::Other('(' | '['));
        let is_text = matches!(statement[start], Token::Text(..));
        match start.checked_sub(1).map(|at| &statement[at]) {
            Some(Token::Other('.')) => start -= 1,
            // A call or a subscript has its function in front, and a text may have another text there.
            Some(Token::Name(_) | Token::Other(')' | ']' | '}')) if is_bracket => {}
            Some(Token::Text(..)) if is_bracket || is_text => {}
            _ => break,
        }
    }
    &statement[start..end]
}

/// Returns the index of the bracket that the one at an index closes, or the beginning.
fn opening(statement: &[Token], close: usize) -> usize {
    let mut open = 0_usize;
    for at in (0..=close).rev() {
        match statement[at] {
            Token::Other(')' | ']' | '}') => open += 1,
            Token::Other('(' | '[' | '{') => open -= 1,
            _ => {}
        }
        if open == 0 {
            return at;
        }
    }
    0
}
