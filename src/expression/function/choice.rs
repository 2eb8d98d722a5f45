//! Functions that return one of their arguments, and `counter`.
//!
//! A value that is returned keeps its own taint. `oneOf` is how a payload may choose: it returns
//! the author's text, never the payload's.

use super::Invocation;
use crate::diagnostic::{Code, shown};
use crate::expression::{Mistake, Number, Unconvertible, Value, convert, ordinal};
use crate::taint::{Origin, Text};
use std::ops::Range;
use std::sync::Arc;

/// Returns the first value that is neither null nor an empty text, or else the last one. Where all are, and one
/// of them is a payload's, so is the result.
pub(super) fn coalesce(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    let (mut value, mut passed) = (Value::Null, None);
    for index in 0..call.count() {
        value = call.value(index)?;
        if !convert::is_null(&value) {
            return Ok(value);
        }
        passed = passed.or_else(|| value.origin().cloned());
    }
    Ok(empty_of(value, passed))
}

/// Returns an author's value, or, where it is empty, an empty text of a payload whose text might have stood for
/// it.
fn empty_of(value: Value, origin: Option<Arc<Origin>>) -> Value {
    match origin {
        Some(origin) if convert::is_null(&value) && value.origin().is_none() => {
            Value::String(Text::tainted("", origin))
        }
        _ => value,
    }
}

/// Evaluates all three arguments, as Azure Pipelines does. An author's empty text in the place of a payload's is
/// a payload's: `iif(x, x, '')`.
pub(super) fn iif(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    let holds = call.truthy(0)?;
    let (yes, no) = (call.value(1)?, call.value(2)?);
    let (chosen, other) = if holds { (yes, no) } else { (no, yes) };
    Ok(empty_of(chosen, other.origin().cloned()))
}

/// Returns the candidate whose text equals the first argument's, ignoring case.
pub(super) fn one_of(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    let wanted = call.text(0)?;
    let mut allowed = Vec::new();
    for index in 1..call.count() {
        let candidate = call.text(index)?;
        if candidate.is_tainted() {
            return Err(tainted_candidate(&candidate, call.range(index)));
        }
        call.charge_compared(wanted.len().saturating_add(candidate.len()))?;
        if ordinal::equal(&wanted.flatten(), &candidate.flatten()) {
            return Ok(Value::String(candidate));
        }
        allowed.push(format!("`{}`", shown(&candidate.flatten())));
    }
    let is_nothing = wanted.is_empty() && call.value(0)?.is_nothing();
    Err(not_allowed(&wanted, is_nothing, call.range(0), &allowed))
}

fn tainted_candidate(candidate: &Text, range: Range<usize>) -> Mistake {
    let title = "what `oneOf` may return can't come from a payload";
    Mistake::new(Code::TaintedChoice, range, title, "this came from a payload")
        .came_from(candidate.origin().map(|origin| &**origin))
        .help("write each allowed value as a text: `oneOf(x, 'a', 'b')`")
}

fn not_allowed(wanted: &Text, is_nothing: bool, range: Range<usize>, allowed: &[String]) -> Mistake {
    let found = shown(&wanted.flatten());
    let (title, label) = match is_nothing {
        true => ("there is no value, which is not one of the allowed ones".to_owned(), "this is nothing".to_owned()),
        false => (format!("`{found}` is not one of the allowed values"), format!("this is `{found}`")),
    };
    Mistake::new(Code::InvalidValue, range, title, label)
        .came_from(wanted.origin().filter(|_| !is_nothing).map(|origin| &**origin))
        .help(format!("allowed are {}", allowed.join(", ")))
}

/// Asks for the next number of a series. Without a prefix it is the series of the empty text,
/// without a seed it begins at 0.
pub(super) fn counter(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    let prefix = if call.count() > 0 { call.text(0)? } else { Text::default() };
    let seed = if call.count() > 1 { whole_number(call, 1)? } else { 0 };
    let counter = call.evaluator.context.counter.ok_or_else(|| {
        let title = "the function `counter` does not exist here";
        Mistake::new(Code::UnknownFunction, call.call.name_range.clone(), title, "not here")
    })?;
    Ok(Value::Number(Number::from(counter(&prefix.flatten(), seed))))
}

/// Returns an argument as a whole number.
pub(super) fn whole_number(call: &Invocation<'_, '_>, index: usize) -> Result<i64, Mistake> {
    let value = call.value(index)?;
    let whole = convert::to_number(&value).and_then(|number| number.decimal()).filter(|it| it.is_integer());
    whole
        .and_then(|whole| i64::try_from(whole).ok())
        .ok_or_else(|| call.unconvertible(index, Unconvertible::new(&value, "a whole number"), &value))
}
