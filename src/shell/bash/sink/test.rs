//! `[[ ]]`, `[ ]` and `test`.

use super::super::edit;
use super::super::flow::Node;
use super::super::requirement::Requirement;
use super::super::syntax::Part;
use super::Walker;
use super::argument::Argument;
use super::later::Value;
use super::spelled::assigns;
use crate::shell::change::Change;

/// What the groups of a regular expression matched.
pub(super) const GROUPS: &str = "BASH_REMATCH";

/// What the whole of it matched.
pub(super) const MATCH: &str = "BASH_REMATCH[0]";

/// Operators of `[[ ]]` that evaluate both sides as arithmetic.
const ARITHMETIC: &[&str] = &["-eq", "-ne", "-lt", "-le", "-gt", "-ge"];

/// Operators of `[[ ]]` behind which a pattern stands.
const MATCHING: &[&str] = &["=", "==", "!="];

/// Operators between two operands of `[`.
const BINARY: &[&str] = &["=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"];

/// Operators that take the name of a variable and evaluate its subscript.
const NAMING: &[&str] = &["-v", "-R"];

impl Walker {
    /// Follows the inside of `[[ ]]`.
    pub(super) fn conditional(&mut self, words: &[Argument]) {
        // Whichever of several runs last, each leaves what it matched of its own text.
        for at in (1..words.len()).filter(|at| words[*at].has_literal("=~")) {
            let pattern = words.get(at + 1).and_then(expression_of);
            let change_by = |of: fn(&str) -> Change| pattern.as_deref().map_or(Change::BY_PROGRAM, of);
            for (name, change) in [(GROUPS, change_by(edit::groups_of)), (MATCH, change_by(edit::match_of))] {
                let parts = self.flow.stream();
                let sources = words[at - 1].sources();
                sources.iter().for_each(|source| self.flow.changed_edge(*source, parts, change));
                self.shell_keeps(name, &[parts]);
            }
        }
        for (index, word) in words.iter().enumerate() {
            let before = index.checked_sub(1).map(|before| &words[before]);
            let after = words.get(index + 1);
            if is_one_of(word, MATCHING) {
                // Without quotes a value is a pattern.
                after.into_iter().for_each(|pattern| self.pattern(pattern));
            }
            if word.has_literal("=~")
                && let Some(pattern) = after
            {
                self.require(&pattern.split(), Requirement::NoPattern);
            }
            if is_one_of(word, ARITHMETIC) {
                for operand in [before, after].into_iter().flatten() {
                    self.evaluated(operand);
                }
            } else if is_one_of(word, NAMING)
                && let Some(operand) = after
            {
                self.refuse(&operand.sources(), "the name of a variable");
                self.names_element(operand);
            }
        }
    }

    /// Notes that a value is a pattern where it stands without quotes.
    pub(super) fn pattern(&mut self, pattern: &Argument) {
        self.one_word(pattern);
        self.require(&pattern.split(), Requirement::NoBackslash);
    }

    /// Notes that the subscript of a name such as `a[n]` is evaluated.
    pub(super) fn subscript(&mut self, name: &str) {
        let Some((_, subscript)) = name.split_once('[') else { return };
        for name in names_in(subscript) {
            if assigns(subscript) {
                self.gets(&name, Value::Unknown);
            }
            let variable = self.flow.id(Node::Variable(name));
            self.require(&[variable], Requirement::Integer);
        }
    }

    /// Notes that a word's text is evaluated as arithmetic: what reaches it, and the variables that
    /// its text names.
    pub(super) fn evaluated(&mut self, operand: &Argument) {
        let value = self.glued(operand);
        self.require(&value, Requirement::Integer);
        self.counted(operand);
        for text in operand.word.texts() {
            for name in names_in(text) {
                let variable = self.flow.id(Node::Variable(name));
                self.require(&[variable], Requirement::Integer);
            }
        }
    }

    /// Follows the arguments of `[` and `test`. A value next to an operator is its operand; any
    /// other could be taken for an operator itself.
    pub(super) fn test_command(&mut self, arguments: &[Argument]) {
        let arguments = match arguments {
            [inside @ .., last] if last.has_literal("]") => inside,
            all => all,
        };
        for (index, argument) in arguments.iter().enumerate() {
            let before = index.checked_sub(1).map(|before| &arguments[before]);
            let after = arguments.get(index + 1);
            if before.is_some_and(|before| is_one_of(before, NAMING)) {
                self.refuse(&argument.sources(), "the name of a variable");
                self.names_element(argument);
                continue;
            }
            self.require(&argument.split(), Requirement::Plain);
            // Any element of a list may be an operator, and the one behind it what that works on.
            if argument.word.has_list() {
                self.require(&argument.sources(), Requirement::Plain);
            }
            let may_bring_operator = argument.begins_as_pattern() && !before.is_some_and(is_unary);
            if may_bring_operator || index.checked_sub(1).is_some_and(|at| may_be_unary(arguments, at)) {
                self.require(&argument.sources(), Requirement::Plain);
            }
            let is_operand = before.is_some_and(|before| is_one_of(before, BINARY) || is_unary(before))
                || after.is_some_and(|after| is_one_of(after, BINARY));
            if !is_operand && arguments.len() > 1 {
                self.not_an_option(argument);
            }
        }
    }
}

/// Says whether a text that stands behind the name of an array means one of its elements behind the first.
pub(super) fn is_group(text: &str) -> bool {
    let inside = text.trim_start().strip_prefix('[').and_then(|it| it.split_once(']'));
    inside.is_some_and(|(number, _)| number.trim().parse::<u32>().is_ok_and(|number| number > 0))
}

/// Returns the regular expression that a word is: what is quoted in it stands for itself.
fn expression_of(word: &Argument) -> Option<String> {
    let mut expression = String::new();
    for (part, _) in word.parts() {
        let Part::Text { text, quoted } = part else { return None };
        for letter in text.chars() {
            if *quoted && !letter.is_alphanumeric() {
                expression.push('\\');
            }
            expression.push(letter);
        }
    }
    Some(expression)
}

fn is_one_of(argument: &Argument, operators: &[&str]) -> bool {
    argument.literal().is_some_and(|literal| operators.contains(&literal.as_str()))
}

/// Says whether an operator that is known only when the script runs may stand here, with one operand.
fn may_be_unary(arguments: &[Argument], at: usize) -> bool {
    let is_open = arguments[at].word.prefix().is_empty() && !arguments[at].is_literal();
    let begins = |before: &Argument| is_one_of(before, &["!", "(", "-a", "-o", "&&", "||"]);
    is_open && at.checked_sub(1).is_none_or(|before| begins(&arguments[before]))
}

fn is_unary(argument: &Argument) -> bool {
    let literal = argument.literal().unwrap_or_default();
    literal.len() == 2 && literal.starts_with('-') && literal.ends_with(|letter: char| letter.is_ascii_alphabetic())
}

/// Says whether a letter may stand in a name.
pub(super) fn is_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

/// Returns the names in an arithmetic expression.
pub(super) fn names_in(text: &str) -> Vec<String> {
    let words = text.split(|letter| !is_name(letter));
    words
        .filter(|word| word.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_'))
        .map(str::to_owned)
        .collect()
}
