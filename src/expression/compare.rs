//! Equality and order (section 3.5 of the reference).
//!
//! The right side is converted to the kind of the left side, so both are asymmetric. A right side
//! that can't be converted is unequal; ordering it is a mistake.

use super::{Unconvertible, Value, convert, ordinal};
use std::cmp::Ordering;
use std::sync::Arc;

/// Says whether `right`, converted to the kind of `left`, equals it. Lists and objects are equal
/// only to themselves.
pub(super) fn are_equal(left: &Value, right: &Value) -> bool {
    match left {
        Value::Null | Value::Absent(_) => convert::is_null(right),
        Value::Boolean(boolean) => *boolean == convert::to_boolean(right),
        Value::Number(number) => convert::to_number(right).is_some_and(|right| number.order(&right) == Ordering::Equal),
        Value::Version(version) => convert::to_version(right) == Some(*version),
        Value::DateTime(time) => convert::to_time(right) == Some(*time),
        Value::String(text) => {
            convert::to_text(right).is_some_and(|right| ordinal::equal(&text.flatten(), &right.flatten()))
        }
        Value::Array(array) => matches!(right, Value::Array(other) if array.is_same(other)),
        Value::Object(object) => {
            matches!(right, Value::Object(other) if Arc::ptr_eq(object, other))
        }
    }
}

/// Which side of a comparison could not be converted.
pub(super) enum Side {
    Left,
    Right,
}

/// Returns how `left` stands to `right`, converted to the kind of `left`. Null is ordered as 0.
pub(super) fn order(left: &Value, right: &Value) -> Result<Ordering, (Side, Unconvertible)> {
    let unlike = |wanted| (Side::Right, Unconvertible::new(right, wanted));
    match left {
        Value::Boolean(boolean) => Ok(boolean.cmp(&convert::to_boolean(right))),
        Value::Version(version) => {
            convert::to_version(right).map(|right| version.cmp(&right)).ok_or_else(|| unlike("a version"))
        }
        Value::DateTime(time) => convert::to_time(right).map(|right| time.cmp(&right)).ok_or_else(|| unlike("a time")),
        Value::String(text) => convert::to_text(right)
            .map(|right| ordinal::compare(&text.flatten(), &right.flatten()))
            .ok_or_else(|| unlike("text")),
        Value::Null | Value::Absent(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            let number = convert::to_number(left).ok_or_else(|| (Side::Left, Unconvertible::new(left, "a number")))?;
            convert::to_number(right).map(|right| number.order(&right)).ok_or_else(|| unlike("a number"))
        }
    }
}
