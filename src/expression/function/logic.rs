//! `and`, `or`, `not`, `xor`. The first two stop as soon as the result is known.

use super::Invocation;
use crate::expression::{Mistake, Value};

pub(super) fn and(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    for index in 0..call.count() {
        if !call.truthy(index)? {
            return Ok(false.into());
        }
    }
    Ok(true.into())
}

pub(super) fn or(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    for index in 0..call.count() {
        if call.truthy(index)? {
            return Ok(true.into());
        }
    }
    Ok(false.into())
}

pub(super) fn not(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    Ok((!call.truthy(0)?).into())
}

pub(super) fn xor(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    Ok((call.truthy(0)? != call.truthy(1)?).into())
}
