//! Functions of lists and objects: `containsValue`, `convertToJson`, `join`, `length`.

use super::Invocation;
use super::comparison::charge;
use crate::expression::budget::Budget;
use crate::expression::compare::are_equal;
use crate::expression::rope::Rope;
use crate::expression::{Array, Mistake, Number, Unconvertible, Value, json};
use crate::taint::{Mark, Origin, Segment, Text};
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

/// Joins the items of a list; lists and objects among them are empty. What is no list is one item. A payload's list is
/// one text of the payload, also where it has no items: how many there are is the payload's.
pub(super) fn join(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    let (separator, list) = (call.text(0)?, call.value(1)?);
    let array = match &list {
        Value::Array(array) => array,
        Value::Absent(origin) => return joined_of_payload(call, &separator, &Array::default(), origin),
        _ => return Ok(Value::String(text_of(&list))),
    };
    if let Some(origin) = list.origin() {
        return joined_of_payload(call, &separator, array, origin);
    }
    let mut joined = Rope::default();
    for (index, item) in array.items().iter().enumerate() {
        if index > 0 {
            call.charge_text(&separator)?;
            joined.push(&separator);
        }
        let text = text_of(item);
        call.charge_text(&text)?;
        joined.push(&text);
    }
    Ok(Value::String(joined.finish()))
}

/// Joins a list of a payload to one text, in which the places of the items are known.
fn joined_of_payload(
    call: &Invocation<'_, '_>,
    separator: &Text,
    array: &Array,
    origin: &Arc<Origin>,
) -> Result<Value, Mistake> {
    let (mut joined, mut items) = (String::new(), Vec::with_capacity(array.items().len()));
    let between = separator.flatten();
    for (index, item) in array.items().iter().enumerate() {
        if index > 0 {
            call.charge_text(separator)?;
            joined.push_str(&between);
        }
        let text = text_of(item);
        call.charge_text(&text)?;
        let start = joined.len();
        joined.push_str(&text.flatten());
        items.push((start, joined.len()));
    }
    let origin = match array.items() {
        [only] => only.origin().unwrap_or(origin),
        _ => origin,
    };
    let mark = (!separator.is_tainted() && parts_words(&between)).then(|| Mark::Items(items.into()));
    let mut text = Text::default();
    text.push(Segment { text: joined.into(), origin: Some(origin.clone()), mark });
    Ok(Value::String(text))
}

/// Says whether a shell may make words of what such a text joins.
fn parts_words(separator: &str) -> bool {
    !separator.chars().all(|it| it.is_alphanumeric() || "_-.,:+/=@%".contains(it))
}

/// Returns a value as text; lists and objects are empty, those of a payload are its empty texts.
fn text_of(value: &Value) -> Text {
    value.to_text().unwrap_or_else(|_| match value.origin() {
        Some(origin) => Text::tainted("", origin.clone()),
        None => Text::default(),
    })
}

/// Returns the number of characters, items or keys.
pub(super) fn length(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    let value = call.value(0)?;
    let length = match &value {
        Value::Null | Value::Absent(_) => 0,
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
