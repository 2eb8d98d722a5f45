//! The `limits:` of the file and of each connection.

use super::section::Section;
use super::value::{Count, Rate, Size, Window};
use crate::webhook::connection::Limits;
use std::time::Duration;

/// Reads limits; what is not said is as in `defaults`.
pub fn read(section: &mut Section<'_>, defaults: Limits) -> Limits {
    section.known(&["body", "queue", "queue_age", "requests_per_second"]);
    let mut limits = defaults;
    section.set(&mut limits.body, "body", |size: Size| size.0);
    section.set(&mut limits.queue, "queue", |count: Count| count.0);
    section.set(&mut limits.queue_age, "queue_age", |age: Window| Some(age.0));
    section.set(&mut limits.requests_per_second, "requests_per_second", |rate: Rate| rate.0);
    limits
}

/// Reads a connection's own limits, which may be lower than those of the file, not higher.
pub fn read_lower(section: &mut Section<'_>, of_file: Limits) -> Limits {
    let limits = read(section, of_file);
    let age = |limits: &Limits| limits.queue_age.unwrap_or(Duration::MAX);
    let raised = [
        ("body", limits.body > of_file.body),
        ("queue", limits.queue > of_file.queue),
        ("queue_age", age(&limits) > age(&of_file)),
        ("requests_per_second", limits.requests_per_second > of_file.requests_per_second),
    ];
    for (key, _) in raised.into_iter().filter(|(_, is_raised)| *is_raised) {
        let title = format!("a connection may lower `{key}`, not raise it above the file's");
        section.mistake(key, &title);
    }
    limits
}
