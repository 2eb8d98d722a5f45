//! Bodies and queries of the type `application/x-www-form-urlencoded`.

use std::borrow::Cow;

/// The most fields of a form that are looked at.
const FIELDS_MAX: usize = 1_000;

/// The content type of a form.
pub const TYPE: &str = "application/x-www-form-urlencoded";

/// Says whether a content type is that of a form.
pub fn is_form(content_type: &[u8]) -> bool {
    let essence = content_type.split(|&byte| byte == b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(TYPE.as_bytes())
}

/// What is wrong with a form's field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldMistake {
    /// It is not there.
    Missing,
    /// It is there more often.
    Doubled,
    /// A `%` in it is not followed by two hexadecimal digits.
    Escape,
}

/// Returns the one field of a name, decoded.
pub fn field(form: &[u8], name: &str) -> Result<Vec<u8>, FieldMistake> {
    let mut found = None;
    for (key, value) in halves(form) {
        if decoded(key).as_deref() != Some(name.as_bytes()) {
            continue;
        }
        if found.is_some() {
            return Err(FieldMistake::Doubled);
        }
        found = Some(value);
    }
    decoded(found.ok_or(FieldMistake::Missing)?).ok_or(FieldMistake::Escape)
}

/// Returns the query of a URL, without its `?`.
pub fn query(target: &str) -> &str {
    target.split_once('?').map_or("", |(_, query)| query)
}

/// Returns the field `payload` of a form, or a body that is no form as it is. `None` for a form
/// without exactly one such field.
pub(super) fn payload<'b>(content_type: Option<&[u8]>, body: &'b [u8]) -> Option<Cow<'b, [u8]>> {
    if content_type.is_some_and(is_form) {
        return field(body, "payload").ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(body))
}

/// Returns the fields of a form sorted by name and value, each name followed by its value, equal
/// ones once; nothing for a body that is no form.
pub(super) fn sorted(content_type: Option<&[u8]>, body: &[u8]) -> Option<Vec<u8>> {
    if !content_type.is_some_and(is_form) {
        return Some(Vec::new());
    }
    let mut fields = fields(body)?;
    if fields.len() > FIELDS_MAX {
        return None;
    }
    fields.sort();
    fields.dedup();
    Some(fields.into_iter().flat_map(|(key, value)| [key, value]).flatten().collect())
}

/// Returns all fields, decoded, in their order; one more than [`FIELDS_MAX`] at most. `None` for an
/// escape that is none.
pub(super) fn fields(form: &[u8]) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let fields = halves(form).filter(|(key, value)| !key.is_empty() || !value.is_empty());
    fields.take(FIELDS_MAX + 1).map(|(key, value)| Some((decoded(key)?, decoded(value)?))).collect()
}

fn halves(form: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    form.split(|&byte| byte == b'&').map(|field| {
        let mut halves = field.splitn(2, |&byte| byte == b'=');
        (halves.next().unwrap_or_default(), halves.next().unwrap_or_default())
    })
}

/// Undoes the escapes of a form. `None` for a `%` without two hexadecimal digits.
fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match first {
            b'+' => decoded.push(b' '),
            b'%' => {
                let (digits, after) = rest.split_at_checked(2)?;
                let mut byte = [0];
                hex::decode_to_slice(digits, &mut byte).ok()?;
                decoded.extend(byte);
                rest = after;
            }
            plain => decoded.push(*plain),
        }
    }
    Some(decoded)
}
