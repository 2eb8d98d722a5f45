//! Forms in the store: written once, found by their digest, read by their place.

use super::fault::Fault;
use super::row::unreadable;
use super::session::{Database, Session};
use crate::pipeline::form::{Form, Sheet};
use crate::pipeline::plan::Plan;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// How many forms are remembered in either direction; a run without blanks has one of its own.
const KEPT_MAX: usize = 256;

/// What is known of the forms in the store. All of it was committed.
#[derive(Default)]
pub(super) struct Forms(Mutex<Known>);

#[derive(Default)]
struct Known {
    places: HashMap<[u8; 20], i64>,
    plans: HashMap<i64, Sheet>,
}

impl Forms {
    /// Returns the places of forms by their digests, and writes those that are not there yet: in a
    /// transaction of its own, so that nobody waits for who writes the same one.
    pub(super) async fn places(
        &self,
        database: &Database,
        forms: &[Arc<Form>],
    ) -> Result<HashMap<[u8; 20], i64>, Fault> {
        let mut places = HashMap::new();
        for form in forms {
            if places.contains_key(&form.digest) {
                continue;
            }
            let known = self.known().places.get(&form.digest).copied();
            let place = match known {
                Some(place) => place,
                None => {
                    let place = database.write(|session| Box::pin(place(session, form.clone()))).await?;
                    let mut known = self.known();
                    make_room(&mut known.places);
                    known.places.insert(form.digest, place);
                    place
                }
            };
            places.insert(form.digest, place);
        }
        Ok(places)
    }

    /// Forgets all places: one is not there any more.
    pub(super) fn forget(&self) {
        *self.known() = Known::default();
    }

    /// Returns the plan of a run that has a form and texts for its blanks.
    pub(super) async fn plan(&self, session: &Session, place: i64, values: &[String]) -> Result<Plan, Fault> {
        if let Some(sheet) = self.known().plans.get(&place) {
            return sheet.plan(values).map_err(unreadable);
        }
        let row = session.one("SELECT plan FROM form WHERE seq = $1", &[&place]).await?;
        let sheet = Sheet::from_stored(row.try_get(0)?);
        let plan = sheet.plan(values).map_err(unreadable)?;
        let mut known = self.known();
        make_room(&mut known.plans);
        known.plans.insert(place, sheet);
        Ok(plan)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.lock().expect("no holder of the forms panics")
    }
}

async fn place(session: Arc<Session>, form: Arc<Form>) -> Result<i64, Fault> {
    let digest = form.digest.as_slice();
    session
        .run(
            "INSERT INTO form (digest, plan, document)
             VALUES ($1, $2, $3)
             ON CONFLICT (digest) DO NOTHING",
            &[&digest, &form.plan.as_str(), &form.document.as_str()],
        )
        .await?;
    let row = session.one("SELECT seq FROM form WHERE digest = $1", &[&digest]).await?;
    Ok(row.try_get(0)?)
}

fn make_room<K, V>(kept: &mut HashMap<K, V>) {
    if kept.len() >= KEPT_MAX {
        kept.clear();
    }
}
