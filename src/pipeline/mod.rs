//! From an expanded document to a plan.
//!
//! ```text
//! resources  webhook resources and parameters, from the file before expansion
//! schema     which keys may stand where, and what their values are: the language as tables
//! task       the tasks that are known, with their inputs
//! read       the expanded document to the typed model
//! executable what no worker can do yet: one table
//! check      what the shape alone does not say: names, dependencies, conditions, scripts
//! plan       the frozen work of one run
//! ```
//! Mistakes are collected, all of them, each with its place in the author's file; a value that an
//! expression produced is pointed at where the expression stands. What the language has and this
//! version has not is reported with the code `unsupported`, never passed over.

mod check;
mod condition;
mod executable;
mod model;
pub mod plan;
mod planning;
mod read;
mod resources;
mod schema;
pub mod task;
mod value;

pub use resources::{FilterSource, ParameterDeclaration, Subject, WebhookResource, bind, parameters, webhooks};

use crate::diagnostic::Diagnostics;
use crate::template::Node;
use plan::Plan;

/// Reads and checks an expanded document and freezes its work. `None` means that there are
/// errors; warnings may come with a plan.
pub fn validate(document: &Node, name: &str, diagnostics: &mut Diagnostics) -> Option<Plan> {
    let draft = draft(document, name, diagnostics);
    (!diagnostics.has_errors()).then_some(draft)
}

/// Returns the work of a document as far as it can be read, with everything that is wrong with
/// it. What has errors must not be run.
pub fn draft(document: &Node, name: &str, diagnostics: &mut Diagnostics) -> Plan {
    schema::check(document, diagnostics);
    let pipeline = read::read(document, diagnostics);
    check::check(&pipeline, diagnostics);
    planning::plan(&pipeline, name)
}
