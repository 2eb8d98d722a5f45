//! Functions of a Python script that its own code in a text makes: what `eval` returns, what `exec` gives a name. Nobody sees
//! what such a function does with what it is given.

use super::authors::BUILTINS;
use super::given::HANDING;
use super::sink::Judge;
use super::texts::UNKNOWN;
use super::tree::{Argument, Expr, Statement};
use crate::shell::program::Holes;

/// Functions that run statements.
const RUNNING: &[&str] = &["exec", "execfile", "runsource", "runcode"];

/// Words of code behind which a name gets something.
const GIVING: &[&str] = &["def", "class", "import", "as", "for", "global"];

/// Functions of Python's own beside [`BUILTINS`].
const OTHERS: &[&str] = &[
    "open",
    "vars",
    "dir",
    "eval",
    "exec",
    "compile",
    "getattr",
    "setattr",
    "delattr",
    "globals",
    "locals",
    "help",
    "memoryview",
    "property",
    "staticmethod",
    "classmethod",
    "aiter",
    "anext",
    "breakpoint",
    "exit",
    "quit",
    "__import__",
];

/// Ends of the names of Python's own exceptions.
const EXCEPTIONS: &[&str] = &["Error", "Exception", "Warning", "Exit", "Interrupt", "Iteration", "Group"];

/// The full name of what `eval` returns.
const EVALUATED: &str = "builtins.eval()";

impl Judge<'_> {
    /// Notes the names that the script's own code in texts gives something.
    pub(super) fn learn_code(&mut self, statements: &[Statement]) {
        let mut texts: Vec<String> = Vec::new();
        for expression in statements.iter().flat_map(Statement::expressions) {
            expression.walk(&mut |inner| {
                let Expr::Call(callee, arguments) = inner else { return };
                let is_one = callee.last_name().is_some_and(|name| RUNNING.contains(&name))
                    || self.facts.full_names(callee).contains("builtins.exec");
                if let Some(first) = arguments.first().filter(|_| is_one) {
                    texts.extend(self.texts(&first.value, 0));
                }
            });
        }
        for text in texts {
            self.is_any_coded |= text.contains(UNKNOWN);
            let is_between = |letter: char| !(letter.is_alphanumeric() || letter == '_');
            let words: Vec<&str> = text.split(is_between).filter(|word| !word.is_empty()).collect();
            let behind = words.windows(2).filter(|pair| GIVING.contains(&pair[0])).map(|pair| pair[1].to_owned());
            self.coded.extend(behind);
            let pieces: Vec<&str> = text.split('=').collect();
            let assigned = pieces.iter().take(pieces.len().saturating_sub(1));
            let assigned =
                assigned.flat_map(|piece| piece.rsplit(['\n', ';']).next()).flat_map(|it| it.split(is_between));
            self.coded.extend(assigned.filter(|word| !word.is_empty()).map(str::to_owned));
        }
    }

    /// Refuses payload text that is given to such a function.
    pub(super) fn judge_made_function(&mut self, callee: &Expr, functions: &[String], arguments: &[Argument]) {
        let Some(name) = callee.last_name() else { return };
        let is_unknown = || {
            let is_builtin =
                BUILTINS.contains(&name) || OTHERS.contains(&name) || EXCEPTIONS.iter().any(|end| name.ends_with(end));
            matches!(callee, Expr::Name(_))
                && !is_builtin
                && functions.iter().all(|full| full.starts_with("builtins."))
                && !self.facts.is_function(name)
                && !self.classes.contains(name)
                && !self.imported.contains(name)
                && self.facts.bindings(name).is_empty()
        };
        let is_made = self.coded.contains(name) || self.is_any_coded && is_unknown();
        let is_evaluated = |it: &Argument| self.facts.full_names(&it.value).contains(EVALUATED);
        let is_handed = HANDING.contains(&name) && arguments.iter().any(is_evaluated);
        if is_made || is_handed {
            let given: Holes = arguments.iter().flat_map(|it| self.reaches(&it.value)).collect();
            self.refuse(&given, &format!("an argument of `{name}`, which gets a function that code in a text made"));
        }
    }
}
