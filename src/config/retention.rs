//! The `retention:` of the file: what is kept how long, and how much of it.

use super::section::Section;
use super::value::{Volume, Window};
use crate::run::{Keeping, Retention};

/// What has only an age, and what has a size too.
const KEYS: &[&str] = &["deliveries", "runs", "logs", "artifacts", "workspaces"];

/// Reads what is said; the rest is as in `retention`.
pub fn read(mut section: Section<'_>, retention: &mut Retention) {
    section.known(KEYS);
    let Retention { deliveries, runs, logs, artifacts, workspaces } = retention;
    for (key, keeping) in KEYS.iter().zip([deliveries, runs, logs, artifacts, workspaces]) {
        if let Some(own) = section.section(key) {
            read_one(own, keeping);
        }
    }
    if section.section("runs").is_some_and(|runs| runs.node("size").is_some()) {
        section.mistake("runs", "`retention.runs` has no size: what a run takes room with are its log and artifacts");
    }
}

fn read_one(mut section: Section<'_>, keeping: &mut Keeping) {
    section.known(&["age", "size"]);
    section.set(&mut keeping.age, "age", |age: Window| age.0);
    section.set(&mut keeping.size, "size", |size: Volume| Some(size.0));
}
