//! The functions of the language, one table and one file a family (section 3.6 of the reference).
//!
//! Azure Pipelines leaves some functions without an effect out of conditions (`split`, `trim`,
//! `substring`); here those exist everywhere. What depends on the run exists only where it has a
//! meaning.

mod choice;
mod collection;
mod comparison;
mod format;
mod logic;
mod status;
mod text;

use super::evaluate::Evaluator;
use super::syntax::Call;
use super::{Dialect, Mistake, Unconvertible, Value};
use crate::taint::Text;
pub(crate) use format::PAYLOAD_AS_FORMAT;
use std::ops::Range;

/// As many arguments as the text has room for.
const ANY: usize = usize::MAX;

/// The most arguments of `format`, as Azure Pipelines has it.
const FORMAT_ARGUMENTS_MAX: usize = 255;

/// A function: its name, how many arguments it takes, where it exists, and what it does.
pub(super) struct Function {
    pub name: &'static str,
    pub least: usize,
    pub most: usize,
    place: Place,
    pub run: fn(&Invocation<'_, '_>) -> Result<Value, Mistake>,
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Everywhere,
    Conditions,
    Variables,
}

use Place::{Conditions, Everywhere, Variables};

pub(super) static FUNCTIONS: &[Function] = &[
    function("always", 0, 0, Conditions, status::always),
    function("and", 2, ANY, Everywhere, logic::and),
    function("canceled", 0, 0, Conditions, status::canceled),
    function("coalesce", 2, ANY, Everywhere, choice::coalesce),
    function("contains", 2, 2, Everywhere, text::contains),
    function("containsValue", 2, 2, Everywhere, collection::contains_value),
    function("convertToJson", 1, 1, Everywhere, collection::convert_to_json),
    function("counter", 0, 2, Variables, choice::counter),
    function("endsWith", 2, 2, Everywhere, text::ends_with),
    function("eq", 2, 2, Everywhere, comparison::eq),
    function("failed", 0, ANY, Conditions, status::failed),
    function("format", 1, FORMAT_ARGUMENTS_MAX, Everywhere, format::format),
    function("ge", 2, 2, Everywhere, comparison::ge),
    function("gt", 2, 2, Everywhere, comparison::gt),
    function("iif", 3, 3, Everywhere, choice::iif),
    function("in", 2, ANY, Everywhere, comparison::is_in),
    function("join", 2, 2, Everywhere, collection::join),
    function("le", 2, 2, Everywhere, comparison::le),
    function("length", 1, 1, Everywhere, collection::length),
    function("lower", 1, 1, Everywhere, text::lower),
    function("lt", 2, 2, Everywhere, comparison::lt),
    function("ne", 2, 2, Everywhere, comparison::ne),
    function("not", 1, 1, Everywhere, logic::not),
    function("notIn", 2, ANY, Everywhere, comparison::is_not_in),
    function("oneOf", 2, ANY, Everywhere, choice::one_of),
    function("or", 2, ANY, Everywhere, logic::or),
    function("replace", 3, 3, Everywhere, text::replace),
    function("split", 2, 2, Everywhere, text::split),
    function("startsWith", 2, 2, Everywhere, text::starts_with),
    function("substring", 3, 3, Everywhere, text::substring),
    function("succeeded", 0, ANY, Conditions, status::succeeded),
    function("succeededOrFailed", 0, ANY, Conditions, status::succeeded_or_failed),
    function("trim", 1, 1, Everywhere, text::trim),
    function("upper", 1, 1, Everywhere, text::upper),
    function("xor", 2, 2, Everywhere, logic::xor),
];

const fn function(
    name: &'static str,
    least: usize,
    most: usize,
    place: Place,
    run: fn(&Invocation<'_, '_>) -> Result<Value, Mistake>,
) -> Function {
    Function { name, least, most, place, run }
}

impl Function {
    /// Returns the function with a name, ignoring case.
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        FUNCTIONS.iter().find(|function| function.name.eq_ignore_ascii_case(name))
    }

    pub(super) fn exists_in(&self, dialect: Dialect, in_variable: bool) -> bool {
        match self.place {
            Everywhere => true,
            Conditions => dialect == Dialect::Condition,
            Variables => dialect == Dialect::Runtime && in_variable,
        }
    }

    /// Says whether the value depends on the arguments alone.
    pub(super) fn is_of_arguments(&self) -> bool {
        self.place == Everywhere
    }

    pub(super) fn is_status(&self) -> bool {
        self.place == Conditions
    }

    pub(super) fn place_help(&self) -> &'static str {
        match self.place {
            Everywhere => "",
            Conditions => "use it in a `condition:`",
            Variables => "use it in the value of a variable, as `$[counter('prefix', 1)]`",
        }
    }

    /// Returns how many arguments the function takes: `2 arguments`.
    pub(super) fn count_phrase(&self) -> String {
        let noun = |count: usize| if count == 1 { "argument" } else { "arguments" };
        match (self.least, self.most) {
            (0, 0) => "no arguments".to_owned(),
            (least, most) if least == most => format!("{least} {}", noun(least)),
            (least, ANY) => format!("at least {least} {}", noun(least)),
            (least, most) => format!("{least} to {most} arguments"),
        }
    }
}

/// A call that is being evaluated. Arguments are evaluated when they are asked for.
pub(super) struct Invocation<'e, 'c> {
    pub evaluator: &'e Evaluator<'c>,
    pub call: &'e Call,
    pub range: &'e Range<usize>,
}

impl Invocation<'_, '_> {
    fn count(&self) -> usize {
        self.call.arguments.len()
    }

    /// Returns the place of an argument.
    fn range(&self, index: usize) -> Range<usize> {
        self.call.arguments[index].range.clone()
    }

    fn value(&self, index: usize) -> Result<Value, Mistake> {
        let value = self.evaluator.value(&self.call.arguments[index])?;
        self.evaluator.context.look_at(&value);
        Ok(value)
    }

    fn truthy(&self, index: usize) -> Result<bool, Mistake> {
        self.value(index).map(|value| value.is_truthy())
    }

    /// Returns an argument as text.
    fn text(&self, index: usize) -> Result<Text, Mistake> {
        let value = self.value(index)?;
        value.to_text().map_err(|failure| self.unconvertible(index, failure, &value))
    }

    /// Returns the mistake of an argument of the wrong kind.
    fn unconvertible(&self, index: usize, failure: Unconvertible, value: &Value) -> Mistake {
        let help = Unconvertible::help(value).map(str::to_owned);
        failure.at(self.range(index)).maybe_help(help)
    }

    fn charge_bytes(&self, bytes: usize) -> Result<(), Mistake> {
        self.evaluator.budget.bytes(bytes, self.range)
    }

    fn charge_items(&self, count: usize) -> Result<(), Mistake> {
        self.evaluator.budget.items(count, self.range)
    }

    fn charge_text(&self, text: &Text) -> Result<(), Mistake> {
        self.evaluator.budget.text(text, self.range)
    }

    fn charge_compared(&self, bytes: usize) -> Result<(), Mistake> {
        self.evaluator.budget.compared(bytes, self.range)
    }
}
