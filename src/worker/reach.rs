//! How far payload text has come in a job.
//!
//! A step that gets payload text can leave it in a file, and any later step of its job may print
//! that file. So what later steps print is no longer their author's alone: what they set is payload
//! text too, and their commands count for less (see `command::trust`).
//!
//! ```text
//! a step gets payload text ──► its word decides ──► the steps after it: what they set is tainted
//! a job takes artifacts or a cache, in a run with payload text ───────┘
//! ```

use crate::pipeline::plan::Plan;
use crate::run::OF_OTHERS;
use crate::shell::Substitution;
use crate::taint::{Origin, Text};
use std::sync::Arc;

/// What looks like a command, or like a line of the log's own, in any case.
const LOOKS: [&str; 2] = ["##vso[", "##["];

/// The payload text that came to a step, or to the steps of a job so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Reach {
    /// Where the payload's own text came from.
    own: Option<Arc<Origin>>,
    /// Where text came from that an earlier step had printed.
    printed: Option<Arc<Origin>>,
    /// Whether any of it looks like a command.
    looks: bool,
}

impl Reach {
    /// Returns what comes with texts that a step gets. Where senders may write code, whatever they write
    /// is the author's.
    pub(super) fn of<'t>(plan: &Plan, texts: impl Iterator<Item = &'t Text>) -> Self {
        let mut reach = Self::default();
        if plan.substitution != Substitution::Raw {
            texts.for_each(|text| reach.add(text));
        }
        reach
    }

    fn add(&mut self, text: &Text) {
        for origin in text.segments().iter().filter_map(|segment| segment.origin.as_ref()) {
            let place = if origin.is_printed() { &mut self.printed } else { &mut self.own };
            place.get_or_insert_with(|| origin.clone());
        }
        self.looks = self.looks || looks_like_command(text);
    }

    /// Adds what came to another step.
    pub(super) fn merge(&mut self, other: Self) {
        self.own = self.own.take().or(other.own);
        self.printed = self.printed.take().or(other.printed);
        self.looks |= other.looks;
    }

    /// Adds what may be in files that other jobs of a run have left, or earlier runs.
    pub(super) fn take_files(&mut self, plan: &Plan) {
        self.take_files_of(plan, plan);
    }

    /// Adds what may be in files that another run has left. Where the senders of both may write code it is the
    /// author's; else not, for a connection says so of its own senders, not of those of the other run. Files that
    /// it has taken of others again may hold anything.
    pub(super) fn take_files_of(&mut self, own: &Plan, other: &Plan) {
        if own.substitution == Substitution::Raw && other.substitution == Substitution::Raw {
            return;
        }
        let mut left = Self::default();
        other.payload_texts().for_each(|text| left.add(text));
        if other.takes_of_others() {
            left.looks = true;
            left.own.get_or_insert_with(|| {
                Arc::new(Origin { alias: other.pipeline.as_str().into(), path: OF_OTHERS.into() })
            });
        }
        let origin = left.origin().map(|origin| Arc::new(origin.printed()));
        self.printed = self.printed.take().or(origin);
        self.looks |= left.looks;
    }

    /// Returns where the payload's own text came from, if the step gets any.
    pub(super) fn own(&self) -> Option<&Arc<Origin>> {
        self.own.as_ref()
    }

    /// Returns where any of it came from.
    pub(super) fn origin(&self) -> Option<&Arc<Origin>> {
        self.own.as_ref().or(self.printed.as_ref())
    }

    /// Says whether any of it looks like a command.
    pub(super) fn looks_like_command(&self) -> bool {
        self.looks
    }
}

/// Looks at all that payloads brought into a text together: two values beside each other can make
/// what none of them is.
fn looks_like_command(text: &Text) -> bool {
    let brought = text.segments().iter().filter(|segment| segment.is_tainted());
    let brought = brought.map(|segment| segment.text.to_ascii_lowercase()).collect::<String>();
    LOOKS.iter().any(|look| brought.contains(look))
}
