//! Where a sender writes the id and the event of a delivery: a header, or a place in the body.

use super::connection::Connection;
use super::delivery::Header;
use super::header::{self, Doubled, KEPT_VALUE_MAX, NOT_KEPT, RawHeader};
use super::path::PathStep;
use super::select::{Selected, Wanted};
use crate::diagnostic::shown;
use std::fmt;

/// The most bytes of a pointer into a body, as people write it.
const POINTER_MAX: usize = 1_000;
/// The most digits of a step that counts items.
const INDEX_DIGITS_MAX: usize = 9;

/// A place where something stands that a sender says about a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A header.
    Header(String),
    /// A place in the body.
    Json(Pointer),
    /// The hash of the body itself, which tells bodies apart and not deliveries.
    Body,
}

/// A place in a JSON text: `/event/id` (RFC 6901). A step of digits counts the items of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer(Vec<PathStep>);

impl Pointer {
    /// Reads a pointer; `None` for what is none.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('/').filter(|_| text.len() <= POINTER_MAX)?;
        rest.split('/').map(step).collect::<Option<_>>().map(Self)
    }

    /// Returns the steps, from the top of the payload.
    pub fn steps(&self) -> &[PathStep] {
        &self.0
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|step| match step {
            PathStep::Member(name) => write!(f, "/{}", name.replace('~', "~0").replace('/', "~1")),
            PathStep::Index(index) => write!(f, "/{index}"),
        })
    }
}

fn step(text: &str) -> Option<PathStep> {
    let is_index = (1..=INDEX_DIGITS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_index {
        return text.parse().ok().map(PathStep::Index);
    }
    (!text.is_empty()).then(|| PathStep::Member(text.replace("~1", "/").replace("~0", "~")))
}

impl Source {
    /// Reads places as the configuration writes them: `header:X-Id|json:/event/id`, or `sha256`
    /// for the body's hash. `None` for what is none.
    pub fn parse_all(text: &str) -> Option<Vec<Self>> {
        text.split('|').map(Self::parse).collect()
    }

    fn parse(text: &str) -> Option<Self> {
        match text.trim().split_once(':') {
            Some(("header", name)) if header::is_name(name) => Some(Self::Header(name.to_owned())),
            Some(("json", pointer)) => Pointer::parse(pointer).map(Self::Json),
            None if text.trim() == "sha256" => Some(Self::Body),
            _ => None,
        }
    }

    /// Says whether this is a header of a name.
    pub fn is_header(&self, name: &str) -> bool {
        matches!(self, Self::Header(header) if header.eq_ignore_ascii_case(name))
    }

    /// Adds what is looked at in the body.
    pub fn want(&self, wanted: &mut Wanted) {
        if let Self::Json(pointer) = self {
            wanted.add(pointer.steps());
        }
    }

    /// Says what stands here that is no name; nothing where there may be one.
    pub(super) fn missing(
        &self,
        connection: &Connection,
        headers: &[Header],
        payload: &Selected<'_>,
    ) -> Option<String> {
        match self {
            Self::Header(name) if header::is_kept(connection, name) => match header::kept(headers, name) {
                None => Some(format!("the header `{name}` {NOT_KEPT}")),
                Some("") => Some(format!("the header `{name}` is empty")),
                Some(_) => None,
            },
            Self::Json(pointer) => {
                Some(format!("the payload has {} at `{pointer}`", payload.instead(pointer.steps())?))
            }
            Self::Header(_) | Self::Body => None,
        }
    }

    /// Says in words which header stands here of a delivery that was known by it, and of which nothing is kept.
    pub(super) fn left_out(&self, headers: &[Header]) -> Option<String> {
        let Self::Header(name) = self else { return None };
        let is_there = headers.iter().any(|(kept, _)| kept.eq_ignore_ascii_case(name));
        (!is_there).then(|| format!("the header `{name}`, which has more than {KEPT_VALUE_MAX} bytes"))
    }

    /// Says in words what stands here.
    pub(super) fn found(&self, connection: &Connection, headers: &[Header], payload: &Selected<'_>) -> String {
        match self {
            Self::Header(name) if header::is_kept(connection, name) => {
                format!("`{}` in the header `{name}`", shown(header::kept(headers, name).unwrap_or_default()))
            }
            Self::Header(name) => format!("the header `{name}`"),
            Self::Json(pointer) => found_at(pointer, pointer.steps(), payload),
            Self::Body => "its body".to_owned(),
        }
    }

    /// Returns what stands here; nothing for an empty text.
    fn read(&self, headers: &[RawHeader<'_>], payload: &Selected<'_>) -> Result<Option<String>, Doubled> {
        let found = match self {
            Self::Header(name) => header::single(headers, name)?.map(header::text),
            Self::Json(pointer) => payload.scalar(pointer.steps()),
            Self::Body => None,
        };
        Ok(found.filter(|text| !text.is_empty()))
    }
}

/// Says in words which text stands at a place of a payload, as it is written.
pub(super) fn found_at(place: &impl fmt::Display, steps: &[PathStep], payload: &Selected<'_>) -> String {
    let text = payload.scalar(steps).unwrap_or_default();
    format!("`{}` at `{place}` of the payload", shown(&text))
}

/// Returns what stands at the first place that has something.
pub(super) fn first(
    sources: &[Source],
    headers: &[RawHeader<'_>],
    payload: &Selected<'_>,
) -> Result<Option<String>, Doubled> {
    for source in sources {
        if let Some(found) = source.read(headers, payload)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
