//! Functions of lists and objects: `containsValue`, `convertToJson`, `join`, `length`.

use super::Invocation;
use super::comparison::charge;
use crate::expression::budget::Budget;
use crate::expression::compare::are_equal;
use crate::expression::rope::Rope;
use crate::expression::{Mistake, Number, Unconvertible, Value, json};
use crate::taint::{Origin, Text};
use std::sync::Arc;

/// Says whether an item of a list or a value of an object, converted to the kind of the second
/// argument, equals it.
pub(super) fn contains_value(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    let (collection, wanted) = (call.value(0)?, call.value(1)?);
    let mut is_found = |item: &Value| charge(call, &wanted, item).map(|()| are_equal(&wanted, item));
    let found = match &collection {
        Value::Array(array) => find(array.items().iter(), &mut is_found)?,
        Value::Object(object) => find(object.iter().map(|(_, value)| value), &mut is_found)?,
        _ => false,
    };
    Ok(found.into())
}

fn find<'v>(
    values: impl Iterator<Item = &'v Value>,
    is_found: &mut impl FnMut(&Value) -> Result<bool, Mistake>,
) -> Result<bool, Mistake> {
    for value in values {
        if is_found(value)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns JSON text, indented by two. It is tainted if anything in it is.
pub(super) fn convert_to_json(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    let value = call.value(0)?;
    let budget = &call.evaluator.budget;
    let json =
        json::to_json_text_within(&value, budget.bytes_left()).ok_or_else(|| Budget::too_many_bytes(call.range))?;
    call.charge_bytes(json.len())?;
    Ok(Value::String(match origin_within(&value) {
        Some(origin) => Text::tainted(json, origin),
        None => Text::author(json),
    }))
}

/// Returns the origin of a value, or of the first key or value in it that has one.
fn origin_within(value: &Value) -> Option<Arc<Origin>> {
    if let Some(origin) = value.origin() {
        return Some(origin.clone());
    }
    match value {
        Value::Array(array) => array.items().iter().find_map(origin_within),
        Value::Object(object) => {
            object.iter().find_map(|(key, value)| key.origin().cloned().or_else(|| origin_within(value)))
        }
        _ => None,
    }
}

/// Joins the items of a list; lists and objects among them are empty. What is no list is one item.
pub(super) fn join(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    let (separator, list) = (call.text(0)?, call.value(1)?);
    let Value::Array(array) = &list else {
        return Ok(Value::String(list.to_text().unwrap_or_default()));
    };
    let mut joined = Rope::default();
    for (index, item) in array.items().iter().enumerate() {
        if index > 0 {
            call.charge_text(&separator)?;
            joined.push(&separator);
        }
        let text = item.to_text().unwrap_or_default();
        call.charge_text(&text)?;
        joined.push(&text);
    }
    Ok(Value::String(joined.finish()))
}

/// Returns the number of characters, items or keys.
pub(super) fn length(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    let value = call.value(0)?;
    let length = match &value {
        Value::Null => 0,
        Value::String(text) => text.flatten().chars().count(),
        Value::Array(array) => array.items().len(),
        Value::Object(object) => object.len(),
        _ => {
            let failure = Unconvertible::new(&value, "something that has a length");
            return Err(call.unconvertible(0, failure, &value).help("write `format('{0}', …)` around it"));
        }
    };
    Ok(Value::Number(Number::new(length.into())))
}
