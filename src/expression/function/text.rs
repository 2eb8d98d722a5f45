//! Functions of text. Upper and lower case and every search ignore the language of the machine.
//!
//! Where segments can be kept apart they are (`lower`, `upper`); elsewhere the result is tainted as
//! a whole if any text that went in was.

use super::Invocation;
use super::choice::whole_number;
use crate::diagnostic::{Code, shown};
use crate::expression::{Array, Mistake, Value, ordinal};
use crate::taint::Text;
use std::ops::Range;

pub(super) fn contains(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    search(call, ordinal::contains)
}

pub(super) fn starts_with(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    search(call, ordinal::starts_with)
}

pub(super) fn ends_with(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    search(call, ordinal::ends_with)
}

fn search(call: &Invocation<'_, '_>, holds: fn(&str, &str) -> bool) -> Result<Value, Mistake> {
    let (text, part) = (call.text(0)?, call.text(1)?);
    call.charge_compared(text.len().saturating_add(part.len()))?;
    Ok(holds(&text.flatten(), &part.flatten()).into())
}

pub(super) fn lower(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    map(call, ordinal::lowered)
}

pub(super) fn upper(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    map(call, ordinal::folded)
}

fn map(call: &Invocation<'_, '_>, change: fn(char) -> char) -> Result<Value, Mistake> {
    let text = call.text(0)?;
    call.charge_text(&text)?;
    Ok(Value::String(text.map(|segment| segment.chars().map(change).collect())))
}

pub(super) fn trim(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    let text = call.text(0)?;
    call.charge_text(&text)?;
    Ok(Value::String(text.derive(text.flatten().trim())))
}

/// Replaces every occurrence, ignoring case.
pub(super) fn replace(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    let (text, old, new) = (call.text(0)?, call.text(1)?, call.text(2)?);
    if old.is_empty() {
        let title = "`replace` can't look for an empty text";
        return Err(Mistake::new(Code::InvalidValue, call.range(1), title, "this is an empty text"));
    }
    let characters = text.flatten();
    call.charge_compared(text.len().saturating_add(old.len()))?;
    let found = ordinal::find_all(&characters, &old.flatten());
    call.charge_bytes(text.len().saturating_add(found.len().saturating_mul(new.len())))?;
    let replaced = splice(&characters, &found, &new.flatten());
    Ok(Value::String(first_tainted([&text, &new, &old]).derive(replaced)))
}

fn splice(text: &str, found: &[Range<usize>], new: &str) -> String {
    let mut spliced = String::new();
    let mut done = 0;
    for range in found {
        spliced.push_str(&text[done..range.start]);
        spliced.push_str(new);
        done = range.end;
    }
    spliced.push_str(&text[done..]);
    spliced
}

/// Returns the first text that is tainted, or else the first one.
fn first_tainted<const N: usize>(texts: [&Text; N]) -> &Text {
    texts.into_iter().find(|text| text.is_tainted()).unwrap_or(texts[0])
}

/// Splits at the separator as a whole; empty pieces stay. An empty separator splits nothing.
pub(super) fn split(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    let (text, separator) = (call.text(0)?, call.text(1)?);
    let (characters, mark) = (text.flatten(), separator.flatten());
    let source = first_tainted([&text, &separator]);
    if mark.is_empty() {
        return Ok(Value::array([Value::String(source.derive(&*characters))]));
    }
    call.charge_compared(text.len())?;
    call.charge_bytes(text.len())?;
    call.charge_items(characters.matches(&*mark).count() + 1)?;
    let pieces: Array = characters.split(&*mark).map(|piece| Value::String(source.derive(piece))).collect();
    Ok(Value::Array(match source.origin() {
        Some(origin) => pieces.with_origin(origin.clone()),
        None => pieces,
    }))
}

/// Returns `length` characters from a place on. Both must lie within the text.
pub(super) fn substring(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    let (text, start, length) = (call.text(0)?, whole_number(call, 1)?, whole_number(call, 2)?);
    let characters = text.flatten();
    let part = part(&characters, start, length).ok_or_else(|| {
        let count = characters.chars().count();
        let title = format!("`substring` reaches beyond a text of {count} characters");
        Mistake::new(Code::InvalidValue, call.range(1), title, format!("from {start}, {length} characters"))
            .maybe_note(Some(format!("the text is `{}`", shown(&characters))))
    })?;
    call.charge_bytes(part.len())?;
    Ok(Value::String(text.derive(part)))
}

fn part(text: &str, start: i64, length: i64) -> Option<&str> {
    let from = offset(text, usize::try_from(start).ok()?)?;
    let rest = &text[from..];
    Some(&rest[..offset(rest, usize::try_from(length).ok()?)?])
}

/// Returns where a character begins; the end of the text counts as one.
fn offset(text: &str, index: usize) -> Option<usize> {
    text.char_indices().map(|(at, _)| at).chain([text.len()]).nth(index)
}
