//! What filters and templates want of a payload, taken out of it in one pass.
//!
//! A payload is large and little of it is used. [`Wanted`] is the tree of names that somebody
//! refers to; [`select`] walks the JSON text along it and skips the rest, so that no tree of the
//! whole payload is ever built. Values stay the text that was sent, so a number keeps its digits.

use super::path::PathStep;
use super::payload::{Key, Payload};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Which parts of a payload somebody refers to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    whole: bool,
    members: Vec<(String, Wanted)>,
}

impl Wanted {
    /// Adds the value at a path; an empty path is the whole payload. Arrays are kept whole, so
    /// what a path says behind its first index plays no part.
    pub fn add(&mut self, path: &[PathStep]) {
        match path {
            [PathStep::Member(name), rest @ ..] => self.member(name).add(rest),
            [] | [PathStep::Index(_), ..] => self.whole = true,
        }
    }

    /// Adds all that another one wants.
    pub fn merge(&mut self, other: &Wanted) {
        self.whole |= other.whole;
        for (name, inside) in &other.members {
            self.member(name).merge(inside);
        }
    }

    /// Says whether nobody refers to anything.
    pub fn is_empty(&self) -> bool {
        !self.whole && self.members.is_empty()
    }

    fn member(&mut self, name: &str) -> &mut Wanted {
        let known = self.members.iter().position(|(known, _)| known.eq_ignore_ascii_case(name));
        let place = known.unwrap_or_else(|| {
            self.members.push((name.to_owned(), Wanted::default()));
            self.members.len() - 1
        });
        &mut self.members[place].1
    }

    fn wanted_at(&self, key: &str) -> Option<&Wanted> {
        self.members.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, wanted)| wanted)
    }
}

/// The wanted parts of a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selected<'p> {
    /// A value that is wanted whole: its JSON text as it was sent.
    Raw(&'p str),
    /// An object of which members are wanted: those whose key equals a wanted name ignoring
    /// ASCII case, in the order of the text.
    Object(Vec<(Cow<'p, str>, Selected<'p>)>),
    /// A scalar or an array where only members were wanted: it has none.
    WithoutMembers,
}

/// Takes the wanted parts out of a payload.
pub fn select<'p>(payload: &'p Payload<'_>, wanted: &Wanted) -> Selected<'p> {
    let mut reader = serde_json::Deserializer::from_str(payload.json());
    Take(wanted).deserialize(&mut reader).expect("the check of a payload refuses more than its selection does")
}

impl<'p> Selected<'p> {
    /// Returns the JSON text at a path. `None` where there is nothing, and where the value was
    /// not wanted whole. A member is found by the equal key, else by the first that is equal
    /// ignoring ASCII case.
    pub fn json(&self, path: &[PathStep]) -> Option<&'p str> {
        match (self, path) {
            (Self::Raw(json), _) => path.iter().try_fold(*json, step_into),
            (Self::Object(members), [PathStep::Member(name), rest @ ..]) => {
                let exact = members.iter().find(|(key, _)| key == name);
                let found = exact.or_else(|| {
                    let mut members = members.iter();
                    members.find(|(key, _)| key.eq_ignore_ascii_case(name))
                });
                found?.1.json(rest)
            }
            (Self::Object(_) | Self::WithoutMembers, _) => None,
        }
    }

    /// Returns the scalar at a path as text: a string's characters, a number as it was sent,
    /// `true` or `false`. `None` for nothing, null, an object and an array.
    pub fn scalar(&self, path: &[PathStep]) -> Option<String> {
        let json = self.json(path)?;
        match json.as_bytes().first()? {
            b'{' | b'[' | b'n' => None,
            b'"' => serde_json::from_str(json).ok(),
            _ => Some(json.to_owned()),
        }
    }
}

impl Selected<'_> {
    /// Says in words what stands at a path instead of a scalar with a text; nothing where one stands there.
    pub fn instead(&self, path: &[PathStep]) -> Option<&'static str> {
        match self.json(path).map(str::as_bytes) {
            None => Some("nothing"),
            Some([b'{', ..]) => Some("an object"),
            Some([b'[', ..]) => Some("an array"),
            Some([b'n', ..]) => Some("null"),
            Some(b"\"\"") => Some("an empty text"),
            Some(_) => None,
        }
    }
}

/// Takes what is wanted out of one value.
struct Take<'w>(&'w Wanted);

impl<'de> DeserializeSeed<'de> for Take<'_> {
    type Value = Selected<'de>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Selected<'de>, D::Error> {
        if self.0.whole {
            return <&RawValue>::deserialize(reader).map(|value| Selected::Raw(value.get()));
        }
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Take<'_> {
    type Value = Selected<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut taken = Vec::new();
        while let Some(key) = members.next_key_seed(Key)? {
            match self.0.wanted_at(&key) {
                Some(wanted) => taken.push((key, members.next_value_seed(Take(wanted))?)),
                None => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Selected::Object(taken))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Selected::WithoutMembers)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Selected::WithoutMembers)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Selected::WithoutMembers)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Selected::WithoutMembers)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Selected::WithoutMembers)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Selected::WithoutMembers)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Selected::WithoutMembers)
    }
}

/// Returns the JSON text of the member or item that a step leads to.
fn step_into<'p>(json: &'p str, step: &PathStep) -> Option<&'p str> {
    let opens = match step {
        PathStep::Member(_) => '{',
        PathStep::Index(_) => '[',
    };
    if !json.starts_with(opens) {
        return None;
    }
    let mut reader = serde_json::Deserializer::from_str(json);
    let found = reader.deserialize_any(Find(step)).ok()?;
    found.map(RawValue::get)
}

/// Finds one member of an object or one item of an array.
struct Find<'s>(&'s PathStep);

impl<'de> Visitor<'de> for Find<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let PathStep::Member(name) = self.0 else {
            return Err(A::Error::custom("an index leads into an array"));
        };
        let (mut exact, mut near) = (None, None);
        while let Some(key) = members.next_key_seed(Key)? {
            let value: &RawValue = members.next_value()?;
            if key == *name {
                exact = Some(value);
            } else if key.eq_ignore_ascii_case(name) {
                near = near.or(Some(value));
            }
        }
        Ok(exact.or(near))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let PathStep::Index(index) = self.0 else {
            return Err(A::Error::custom("a name leads into an object"));
        };
        let mut found = None;
        let mut place = 0;
        while let Some(item) = items.next_element::<&RawValue>()? {
            if place == *index {
                found = Some(item);
            }
            place += 1;
        }
        Ok(found)
    }
}
