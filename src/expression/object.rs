//! Objects: keys in order, found exactly first and ignoring the case of ASCII letters second.

use super::{Places, Value};
use crate::taint::{Origin, Text};
use std::collections::HashMap;
use std::sync::Arc;

/// The most keys that are searched one by one; a larger object has a table.
const SEARCHED_MAX: usize = 8;

/// An object. Keys differ at least in case.
#[derive(Debug, Clone, Default)]
pub struct Object {
    entries: Vec<(Text, Value)>,
    table: Option<Table>,
    origin: Option<Arc<Origin>>,
    places: Option<Arc<Places>>,
}

#[derive(Debug, Clone, Default)]
struct Table {
    exact: HashMap<String, usize>,
    /// The first of the keys that are equal ignoring case.
    folded: HashMap<String, usize>,
}

impl Object {
    /// Returns the object as one that came from a payload, at a place.
    #[must_use]
    pub fn with_origin(mut self, origin: Arc<Origin>) -> Self {
        self.origin = Some(origin);
        self
    }

    /// Returns where in a payload the object came from.
    pub fn origin(&self) -> Option<&Arc<Origin>> {
        self.origin.as_ref()
    }

    /// Returns the object as one that an author wrote at these places.
    #[must_use]
    pub fn with_places(mut self, places: Places) -> Self {
        self.places = Some(Arc::new(places));
        self
    }

    /// Returns where an author wrote the keys and values.
    pub fn places(&self) -> Option<&Arc<Places>> {
        self.places.as_ref()
    }

    /// Returns the value of a key: of the exact key if there is one, else of the first that is equal
    /// ignoring the case of ASCII letters.
    pub fn member(&self, key: &str) -> Option<&Value> {
        self.position(key).map(|at| &self.entries[at].1)
    }

    /// Returns keys and values in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Text, &Value)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// Returns the number of keys.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Says whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn position(&self, key: &str) -> Option<usize> {
        if let Some(table) = &self.table {
            return table.exact.get(key).or_else(|| table.folded.get(&key.to_ascii_lowercase())).copied();
        }
        let exact = self.entries.iter().position(|(known, _)| known.flatten() == key);
        exact.or_else(|| self.entries.iter().position(|(known, _)| known.flatten().eq_ignore_ascii_case(key)))
    }
}

/// Of equal keys the last value counts, at the first one's place. A small object is built without
/// a table, since a delivery makes many of them.
impl<K: Into<Text>> FromIterator<(K, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(pairs: I) -> Self {
        let mut object = Self::default();
        for (key, value) in pairs {
            let key = key.into();
            match object.exact(&key.flatten()) {
                Some(at) => object.entries[at].1 = value,
                None => object.push(key, value),
            }
        }
        object
    }
}

impl Object {
    fn exact(&self, key: &str) -> Option<usize> {
        match &self.table {
            Some(table) => table.exact.get(key).copied(),
            None => self.entries.iter().position(|(known, _)| known.flatten() == key),
        }
    }

    /// Adds a key that is not there. The table is made when the object stops being small.
    fn push(&mut self, key: Text, value: Value) {
        self.entries.push((key, value));
        match &mut self.table {
            Some(table) => table.add(&self.entries[self.entries.len() - 1].0, self.entries.len() - 1),
            None if self.entries.len() > SEARCHED_MAX => {
                let mut table = Table::default();
                self.entries.iter().enumerate().for_each(|(at, (key, _))| table.add(key, at));
                self.table = Some(table);
            }
            None => {}
        }
    }
}

impl Table {
    fn add(&mut self, key: &Text, at: usize) {
        let name = key.flatten().into_owned();
        self.folded.entry(name.to_ascii_lowercase()).or_insert(at);
        self.exact.insert(name, at);
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries && self.origin == other.origin
    }
}
