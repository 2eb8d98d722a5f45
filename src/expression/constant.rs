//! What is wrong with an expression whatever its names stand for: a part of it that has the same value in
//! every run, and has none because of a mistake.
//!
//! Such a part is evaluated when the expression is read. The start of the run is a time in every run, so that
//! what does not fit a time is known before.

use super::budget::Usage;
use super::evaluate::evaluate;
use super::function::Function;
use super::syntax::{Node, NodeKind, Suffix, SuffixKind};
use super::{Context, Dialect, Mistake, Value};
use jiff::Timestamp;

/// Functions that do not look at all of their arguments.
const CHOOSING: [&str; 7] = ["and", "or", "iif", "coalesce", "in", "notIn", "oneOf"];

/// Returns what is wrong with the parts that are evaluated in every run.
pub(super) fn mistakes(root: &Node) -> Vec<Mistake> {
    let start = Value::object([("startTime", Value::DateTime(Timestamp::UNIX_EPOCH))]);
    let context = Context::new(Dialect::Condition).with("pipeline", start);
    let mut found = Vec::new();
    look(root, &context, &mut found);
    found
}

fn look(node: &Node, context: &Context<'_>, found: &mut Vec<Mistake>) {
    if is_constant(node) {
        return found.extend(evaluate(node, context, &mut Usage::default()).err());
    }
    match &node.kind {
        NodeKind::Literal(_) | NodeKind::Name(_) => {}
        NodeKind::Call(call) => {
            let chooses = CHOOSING.iter().any(|name| name.eq_ignore_ascii_case(&call.name));
            let looked_at = if chooses { 1 } else { call.arguments.len() };
            call.arguments.iter().take(looked_at).for_each(|argument| look(argument, context, found));
        }
        NodeKind::Chain { base, .. } => look(base, context, found),
    }
}

/// Says whether a part has the same value in every run, but for the time at which it starts.
fn is_constant(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Literal(_) => true,
        NodeKind::Name(_) => false,
        NodeKind::Call(call) => {
            Function::find(&call.name).is_some_and(Function::is_of_arguments) && call.arguments.iter().all(is_constant)
        }
        NodeKind::Chain { base, suffixes } => {
            is_start(base, suffixes) || is_constant(base) && suffixes.iter().all(is_fixed)
        }
    }
}

fn is_start(base: &Node, suffixes: &[Suffix]) -> bool {
    let is_pipeline = matches!(&base.kind, NodeKind::Name(name) if name.eq_ignore_ascii_case("pipeline"));
    let [Suffix { kind: SuffixKind::Member(name), .. }] = suffixes else { return false };
    is_pipeline && name.eq_ignore_ascii_case("startTime")
}

fn is_fixed(suffix: &Suffix) -> bool {
    match &suffix.kind {
        SuffixKind::Member(_) | SuffixKind::All => true,
        SuffixKind::Index(node) => is_constant(node),
    }
}
