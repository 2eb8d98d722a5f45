//! What expressions look at of a delivery beside its payload: its headers and its event.

use crate::expression::{Reference, Step};

/// What an expression looks at of a delivery, beside its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looked<'r> {
    /// A header of a name, or `*` for any.
    Header(&'r str),
    /// The name of the event.
    Event,
}

/// Returns the alias and what is looked at, for `resources.webhooks.<alias>.headers['…']` and `.event`.
pub fn about_delivery(reference: &Reference) -> Option<(&str, Looked<'_>)> {
    if !reference.root.eq_ignore_ascii_case("resources") {
        return None;
    }
    let names: Vec<&str> = reference
        .steps
        .iter()
        .map_while(|step| if let Step::Member(name) = step { Some(name.as_str()) } else { None })
        .collect();
    match names.as_slice() {
        [webhooks, alias, rest @ ..] if webhooks.eq_ignore_ascii_case("webhooks") => match rest {
            [event] if event.eq_ignore_ascii_case("event") => Some((alias, Looked::Event)),
            [headers, name] if headers.eq_ignore_ascii_case("headers") => Some((alias, Looked::Header(name))),
            [headers] if headers.eq_ignore_ascii_case("headers") => Some((alias, Looked::Header("*"))),
            _ => None,
        },
        _ => None,
    }
}

/// Returns the header that an expression names, in lower case, of the delivery that came by an alias.
pub(super) fn header(reference: &Reference, alias: &str) -> Option<String> {
    match about_delivery(reference)? {
        (named, Looked::Header(name)) if named.eq_ignore_ascii_case(alias) => Some(name.to_ascii_lowercase()),
        _ => None,
    }
}
