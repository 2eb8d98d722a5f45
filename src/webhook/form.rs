//! Bodies and queries of the type `application/x-www-form-urlencoded`.

/// The most fields of a form.
const FIELDS_MAX: usize = 1_000;

/// The field of a form in which some senders put JSON.
pub(super) const PAYLOAD: &str = "payload";

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

/// The name and the value of a form's field, decoded.
pub(super) type Field = (Vec<u8>, Vec<u8>);

/// What is wrong with a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum FormMistake {
    /// The field that is JSON can't be had.
    #[error("{}", of_payload(*.0))]
    Payload(FieldMistake),
    /// A `%` in it is not followed by two hexadecimal digits.
    #[error("the form has a `%` without two hexadecimal digits")]
    Escape,
    /// Nobody sends so many.
    #[error("the form has more than {FIELDS_MAX} fields")]
    TooMany,
}

fn of_payload(mistake: FieldMistake) -> &'static str {
    match mistake {
        FieldMistake::Doubled => "the form has the field `payload` twice",
        FieldMistake::Escape => "the form's field `payload` has a `%` without two hexadecimal digits",
        FieldMistake::Missing => "the body is a form without a field `payload`",
    }
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

/// Returns all fields, decoded, in their order.
pub(super) fn fields(form: &[u8]) -> Result<Vec<Field>, FormMistake> {
    let written = || halves(form).filter(|(key, value)| !key.is_empty() || !value.is_empty());
    if written().nth(FIELDS_MAX).is_some() {
        return Err(FormMistake::TooMany);
    }
    let decoded = |(key, value)| Some((decoded(key)?, decoded(value)?));
    written().map(decoded).collect::<Option<_>>().ok_or(FormMistake::Escape)
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
