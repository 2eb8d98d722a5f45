//! Forms in the store: written once, found by their digest, read by their place.

use super::row::unreadable;
use crate::pipeline::form::{Form, Sheet};
use crate::pipeline::plan::Plan;
use crate::store::Error;
use rusqlite::{Connection, OptionalExtension};
use std::collections::HashMap;

/// How many forms are remembered in either direction; a run without blanks has one of its own.
const KEPT_MAX: usize = 256;

/// What is known of the forms in the store. To be dropped where what was written was not committed.
#[derive(Default)]
pub(super) struct Forms {
    places: HashMap<[u8; 20], i64>,
    plans: HashMap<i64, Sheet>,
}

impl Forms {
    /// Returns a form's place, writing the form where it is not there yet.
    pub(super) fn place(&mut self, connection: &Connection, form: &Form) -> Result<i64, Error> {
        if let Some(place) = self.places.get(&form.digest) {
            return Ok(*place);
        }
        let stored = connection
            .prepare_cached("SELECT seq FROM form WHERE digest = ?")?
            .query_row([&form.digest], |row| row.get(0))
            .optional()?;
        let place =
            match stored {
                Some(place) => place,
                None => {
                    connection
                        .prepare_cached("INSERT INTO form (digest, plan, document) VALUES (?, ?, ?)")?
                        .execute((&form.digest, form.plan.as_str(), form.document.as_str()))?;
                    connection.last_insert_rowid()
                }
            };
        make_room(&mut self.places);
        self.places.insert(form.digest, place);
        Ok(place)
    }

    /// Returns the plan of a run that has a form and texts for its blanks.
    pub(super) fn plan(&mut self, connection: &Connection, place: i64, values: &[String]) -> Result<Plan, Error> {
        if !self.plans.contains_key(&place) {
            make_room(&mut self.plans);
            self.plans.insert(place, plan_sheet(connection, place)?);
        }
        self.plans[&place].plan(values).map_err(unreadable)
    }
}

fn plan_sheet(connection: &Connection, place: i64) -> Result<Sheet, Error> {
    let text =
        connection.prepare_cached("SELECT plan FROM form WHERE seq = ?")?.query_row([place], |row| row.get(0))?;
    Ok(Sheet::from_stored(text))
}

fn make_room<K, V>(kept: &mut HashMap<K, V>) {
    if kept.len() >= KEPT_MAX {
        kept.clear();
    }
}
