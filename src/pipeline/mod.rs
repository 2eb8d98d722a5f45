//! From an expanded document to a plan.
//!
//! ```text
//! resources  webhook resources and the names of other pipelines, from the file before expansion
//! schema     which keys may stand where, and what their values are: the language as tables
//! task       the tasks that are known, with their inputs
//! machine    what is known of who will execute a run
//! read       the expanded document to the typed model
//! executable what no worker can do yet: one table
//! check      what the shape alone does not say: names, dependencies, conditions, scripts
//! foresee    the scripts of a file before any payload, for their authors and for speed
//! plan       the frozen work of one run
//! form       the same with blanks for payload text: written once, filled in for each delivery
//! paths      where in a payload the values came from that mistakes are about
//! literal    the document with its conditions as they are evaluated, for people
//! rewritten  the document with its scripts as they will run, for people
//! trail      where the text of a payload went, for people
//! ```
//! Mistakes are collected, all of them, each with its place in the author's file; a value that an
//! expression produced is pointed at where the expression stands. What the language has and this
//! version has not is reported with the code `unsupported`, never passed over.

mod check;
mod condition;
mod executable;
mod foresee;
mod literal;
pub mod form;
mod machine;
mod model;
mod paths;
pub mod plan;
mod planning;
mod read;
mod resources;
mod rewritten;
mod schema;
pub mod task;
mod trail;
mod value;

pub(crate) use condition::spliced;
pub use foresee::{Foreseen, ForeseenScript, foresee};
pub use literal::with_literals;
pub use machine::Machine;
pub use model::POOL_DEFAULT;
pub use resources::{FilterSource, Subject, TestSource, Upstream, WebhookResource, upstreams, webhooks};
pub use rewritten::rewritten;
pub use schema::{WHATEVER_COMES, judge};
pub use trail::{Choice, TRAIL_MAX, Trail, Use};

use crate::diagnostic::Diagnostics;
use crate::shell::{Analysis, Known, Requirement, Substitution};
use crate::template::Node;
use plan::Plan;
use std::borrow::Cow;
use std::sync::Arc;

/// How what is wrong begins where the configuration lacks a repository.
pub const WITHOUT_REPOSITORY: &str = "the configuration does not say where the repository";

/// What becomes of payload text in the scripts of a run, and who will execute it.
#[derive(Debug, Clone, Default)]
pub struct ScriptRules {
    /// What the connection says.
    pub substitution: Substitution,
    /// Whether a pipeline is looked at before any delivery: of scripts nothing is said, whatever the connection says.
    pub is_foresight: bool,
    /// Whether somebody asks what texts must look like: what is needed of each keeps a copy of it.
    pub asks_needs: bool,
    /// Whether the values are those of a run, or stand for them as in foresight; else some are missing, and what
    /// variables bring is not looked at but in scripts.
    pub has_values: bool,
    /// The analyses that were made when the file was loaded.
    pub known: Known,
    /// Who will execute the run, if that is known.
    pub machine: Option<Arc<dyn Machine>>,
}

/// Reads and checks an expanded document and freezes its work. `None` means that there are
/// errors; warnings may come with a plan.
pub fn validate(document: &Node, name: &str, scripts: &ScriptRules, diagnostics: &mut Diagnostics) -> Option<Plan> {
    let (plan, _) = work(document, name, scripts, diagnostics);
    (!diagnostics.has_errors()).then_some(plan)
}

/// As [`validate`], and returns what texts of payloads must look like where they stand: other
/// texts in the same places may be used if they meet the same needs.
pub fn validate_with_needs(
    document: &Node,
    name: &str,
    scripts: &ScriptRules,
    diagnostics: &mut Diagnostics,
) -> Option<(Plan, Vec<Need>)> {
    let scripts = ScriptRules { asks_needs: true, ..scripts.clone() };
    let work = work(document, name, &scripts, diagnostics);
    (!diagnostics.has_errors()).then_some(work)
}

/// Returns the work of a document as far as it can be read, with everything that is wrong with
/// it. What has errors must not be run.
pub fn examine(document: &Node, name: &str, scripts: &ScriptRules, diagnostics: &mut Diagnostics) -> Plan {
    work(document, name, scripts, diagnostics).0
}

fn work(document: &Node, name: &str, scripts: &ScriptRules, diagnostics: &mut Diagnostics) -> (Plan, Vec<Need>) {
    schema::check(document, diagnostics);
    let pipeline = read::read(document, scripts.machine.as_deref(), diagnostics);
    let needs = check::check(&pipeline, scripts, diagnostics);
    check::nul::check(document, diagnostics);
    check::predefined::check(document, diagnostics);
    paths::name(document, diagnostics);
    (Plan { substitution: scripts.substitution, ..planning::plan(&pipeline, name) }, needs)
}

/// What the text of a payload must look like at one of its places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The text that was there.
    pub text: Arc<str>,
    /// What is needed of it.
    pub requirement: Requirement,
}

impl Need {
    /// Returns what a script needs of the texts that it was tested with; nothing where nobody asks, as many places may
    /// have one long text.
    fn of<'a>(
        rules: &ScriptRules,
        analysis: &'a Analysis,
        values: &'a [Cow<'_, str>],
    ) -> impl Iterator<Item = Self> + use<'a> {
        let asked = if rules.asks_needs { analysis.requirements() } else { &[] };
        asked.iter().zip(values).flat_map(|(hole, value)| {
            hole.requirements.iter().map(|&requirement| Self { text: (&**value).into(), requirement })
        })
    }
}
