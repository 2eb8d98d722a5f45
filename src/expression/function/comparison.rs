//! `eq`, `ne`, `lt`, `le`, `gt`, `ge`, `in`, `notIn`.

use super::Invocation;
use crate::expression::compare::{Side, are_equal, order};
use crate::expression::{Mistake, Value};
use std::cmp::Ordering;

pub(super) fn eq(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    let left = call.value(0)?;
    equals(call, &left, 1).map(Value::from)
}

pub(super) fn ne(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    let left = call.value(0)?;
    Ok((!equals(call, &left, 1)?).into())
}

/// Stops at the first candidate that is equal.
pub(super) fn is_in(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    let left = call.value(0)?;
    for index in 1..call.count() {
        if equals(call, &left, index)? {
            return Ok(true.into());
        }
    }
    Ok(false.into())
}

pub(super) fn is_not_in(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    is_in(call).map(|found| (!found.is_truthy()).into())
}

pub(super) fn lt(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    ordering(call).map(|ordering| ordering.is_lt().into())
}

pub(super) fn le(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    ordering(call).map(|ordering| ordering.is_le().into())
}

pub(super) fn gt(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    ordering(call).map(|ordering| ordering.is_gt().into())
}

pub(super) fn ge(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    ordering(call).map(|ordering| ordering.is_ge().into())
}

fn equals(call: &Invocation<'_, '_>, left: &Value, index: usize) -> Result<bool, Mistake> {
    let right = call.value(index)?;
    charge(call, left, &right)?;
    Ok(are_equal(left, &right))
}

fn ordering(call: &Invocation<'_, '_>) -> Result<Ordering, Mistake> {
    let (left, right) = (call.value(0)?, call.value(1)?);
    charge(call, &left, &right)?;
    order(&left, &right).map_err(|(side, failure)| match side {
        Side::Left => call.unconvertible(0, failure, &left),
        Side::Right => call.unconvertible(1, failure, &right),
    })
}

/// What a comparison costs beside the texts that it reads, so that no list is searched for free.
const COMPARISON_BYTES: usize = 16;

/// A comparison reads both texts, or converts one of them.
pub(super) fn charge(call: &Invocation<'_, '_>, left: &Value, right: &Value) -> Result<(), Mistake> {
    let length = |value: &Value| match value {
        Value::String(text) => text.len(),
        _ => 0,
    };
    call.charge_compared(length(left).saturating_add(length(right)).saturating_add(COMPARISON_BYTES))
}
