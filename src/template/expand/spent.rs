//! What one expansion may use up.
//!
//! A loop over a payload can make much of little, so everything is counted (reference, section
//! 2.6): what is made, what evaluations take, and turns of loops that make nothing. Where a limit
//! is passed, expansion stops at once.

use crate::diagnostic::{Code, Diagnostic, Span};
use crate::expression::Usage;
use crate::taint::Origin;
use crate::template::value::{Size, came_from};
use std::sync::Arc;

/// The most values and keys that one expansion makes.
pub const EXPANDED_NODES_MAX: usize = 100_000;
/// The most bytes of text that one expansion makes: eight times the largest body by default.
pub const EXPANDED_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The most values and keys that an expansion passes to templates, beside what stays: ten times that.
pub const PASSED_NODES_MAX: usize = 1_000_000;
/// The most bytes of text that it passes to them.
pub const PASSED_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The most levels of lists and mappings of a value.
pub const EXPANDED_DEPTH_MAX: usize = 100;
/// The most steps of all evaluations and turns of all loops: a second's work at the worst.
pub const WORK_MAX: usize = 1_000_000;
/// The most bytes of text and lists that all evaluations make, and throw away again.
pub const EVALUATED_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The most bytes of text that all evaluations search or compare.
pub const EVALUATED_COMPARED_MAX: usize = 64 * 1024 * 1024;

#[derive(Default)]
pub(super) struct Spent {
    /// What evaluations took; turns of loops are steps too.
    pub(super) evaluation: Usage,
    nodes: usize,
    bytes: usize,
    depth: usize,
    /// What was passed to templates, and stays nowhere.
    passed: Size,
    is_over: bool,
}

impl Spent {
    pub(super) fn add(&mut self, size: Size) {
        self.nodes = self.nodes.saturating_add(size.nodes);
        self.bytes = self.bytes.saturating_add(size.bytes);
        self.depth = self.depth.max(size.depth);
    }

    /// Counts what was made as passed to a template, which puts of it into the document what it likes.
    pub(super) fn pass(&mut self, size: Size) {
        self.nodes = self.nodes.saturating_sub(size.nodes);
        self.bytes = self.bytes.saturating_sub(size.bytes);
        self.passed.nodes = self.passed.nodes.saturating_add(size.nodes);
        self.passed.bytes = self.passed.bytes.saturating_add(size.bytes);
    }

    /// Counts again what has another size than when it was made.
    pub(super) fn shrink(&mut self, from: Size, to: Size) {
        self.nodes = self.nodes.saturating_sub(from.nodes.saturating_sub(to.nodes));
        self.bytes = self.bytes.saturating_sub(from.bytes.saturating_sub(to.bytes));
    }

    /// Counts a turn of a loop.
    pub(super) fn turn(&mut self) {
        self.evaluation.steps = self.evaluation.steps.saturating_add(1);
    }

    /// Ends the expansion; the reason has been reported.
    pub(super) fn end(&mut self) {
        self.is_over = true;
    }

    /// Says whether a limit was passed, and nothing more may be made.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Returns the sentence that names the limit, the first time that one is passed.
    pub(super) fn exceeded(&mut self) -> Option<String> {
        if self.is_over {
            return None;
        }
        let limit = if self.nodes > EXPANDED_NODES_MAX || self.bytes > EXPANDED_BYTES_MAX {
            format!("the expanded pipeline is larger than {EXPANDED_NODES_MAX} values or {EXPANDED_BYTES_MAX} bytes")
        } else if self.passed.nodes > PASSED_NODES_MAX || self.passed.bytes > PASSED_BYTES_MAX {
            format!("templates are passed more than {PASSED_NODES_MAX} values or {} MiB", PASSED_BYTES_MAX >> 20)
        } else if self.depth > EXPANDED_DEPTH_MAX {
            format!("a value has more than {EXPANDED_DEPTH_MAX} levels of lists and mappings")
        } else if self.evaluation.steps > WORK_MAX {
            format!("expanding takes more than {WORK_MAX} steps of expressions and loops")
        } else if self.evaluation.bytes > EVALUATED_BYTES_MAX {
            format!("the expressions make more than {} MiB of text", EVALUATED_BYTES_MAX >> 20)
        } else if self.evaluation.compared > EVALUATED_COMPARED_MAX {
            format!("the expressions compare more than {} MiB of text", EVALUATED_COMPARED_MAX >> 20)
        } else {
            return None;
        };
        self.is_over = true;
        Some(limit)
    }
}

/// A loop that is gone through.
pub(super) struct Loop {
    /// Where its collection stands.
    pub(super) span: Span,
    /// How many turns it has.
    pub(super) turns: usize,
    /// Where in a payload its collection came from.
    pub(super) origin: Option<Arc<Origin>>,
}

/// Returns the diagnostic for a limit that was passed at a place, inside of loops. The loop with the most turns is
/// what makes much of little.
pub(super) fn over(limit: String, place: Span, loops: &[Loop]) -> Diagnostic {
    let over = Diagnostic::error(Code::ExpansionLimit, limit, place, "the limit was met here");
    let Some(longest) = loops.iter().max_by_key(|it| it.turns) else {
        return over.help("divide the work over several pipelines, or let templates make less");
    };
    let mut over = over.related(longest.span, format!("this goes through {} items", longest.turns));
    over.notes.extend(longest.origin.as_deref().map(came_from));
    over.help("let fewer items through this loop: test `length(…)` of the list in an `if` around it")
}
