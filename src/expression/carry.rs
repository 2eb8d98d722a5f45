//! Which expressions can give payload text, as far as that can be told without values.

use super::reference::{Reference, reference};
use super::syntax::{Call, Node, NodeKind};

/// Functions whose result is clean whatever their arguments are: booleans, numbers, and the author's
/// own words (security, "Taint").
const CLEAN: &[&str] = &[
    "always",
    "and",
    "canceled",
    "contains",
    "containsvalue",
    "counter",
    "endswith",
    "eq",
    "failed",
    "ge",
    "gt",
    "in",
    "le",
    "length",
    "lt",
    "ne",
    "not",
    "notin",
    "oneof",
    "or",
    "startswith",
    "succeeded",
    "succeededorfailed",
    "xor",
];

/// Returns the first reference through which a payload's text can come into an expression's value.
pub(super) fn carries(node: &Node, is_tainted: &dyn Fn(&Reference) -> bool) -> Option<Reference> {
    match &node.kind {
        NodeKind::Literal(_) => None,
        NodeKind::Name(name) => Some(reference(name, &node.range, &[])).filter(|it| is_tainted(it)),
        NodeKind::Call(call) => call_carries(call, is_tainted),
        NodeKind::Chain { base, suffixes } => match &base.kind {
            NodeKind::Name(name) => Some(reference(name, &base.range, suffixes)).filter(|it| is_tainted(it)),
            _ => carries(base, is_tainted),
        },
    }
}

/// Returns a reference whose payload text is in an expression's value in any case, if one is: where `iif` and
/// `coalesce` choose, every choice must bring some.
pub(super) fn surely_carries(node: &Node, is_tainted: &dyn Fn(&Reference) -> bool) -> Option<Reference> {
    let call = match &node.kind {
        NodeKind::Call(call) => call,
        NodeKind::Chain { base, .. } if !matches!(base.kind, NodeKind::Name(_)) => {
            return surely_carries(base, is_tainted);
        }
        _ => return carries(node, is_tainted),
    };
    let of = |argument: &Node| surely_carries(argument, is_tainted);
    let all = |choices: &[Node]| {
        let brought = choices.iter().map(of).collect::<Option<Vec<_>>>();
        brought.and_then(|all| all.into_iter().next())
    };
    match call.name.to_ascii_lowercase().as_str() {
        name if CLEAN.contains(&name) => None,
        "iif" => all(call.arguments.get(1..).unwrap_or_default()),
        "coalesce" => all(&call.arguments),
        _ => call.arguments.iter().find_map(of),
    }
}

/// Functions that a member which may be missing is rightly given to.
const ASKING: [&str; 3] = ["coalesce", "iif", "converttojson"];

/// Returns the references of whose values something is made: not those that are only compared, or asked for.
pub(super) fn needed(node: &Node) -> Vec<Reference> {
    let mut found = Vec::new();
    collect_needed(node, &mut found);
    found
}

fn collect_needed(node: &Node, found: &mut Vec<Reference>) {
    match &node.kind {
        NodeKind::Literal(_) => {}
        NodeKind::Name(name) => found.push(reference(name, &node.range, &[])),
        NodeKind::Call(call) => {
            let name = call.name.to_ascii_lowercase();
            if !CLEAN.contains(&name.as_str()) && !ASKING.contains(&name.as_str()) {
                call.arguments.iter().for_each(|argument| collect_needed(argument, found));
            }
        }
        NodeKind::Chain { base, suffixes } => match &base.kind {
            NodeKind::Name(name) => found.push(reference(name, &base.range, suffixes)),
            _ => collect_needed(base, found),
        },
    }
}

fn call_carries(call: &Call, is_tainted: &dyn Fn(&Reference) -> bool) -> Option<Reference> {
    let name = call.name.to_ascii_lowercase();
    if CLEAN.contains(&name.as_str()) {
        return None;
    }
    // What `iif` decides on is not its value.
    let decided = usize::from(name == "iif");
    call.arguments.iter().skip(decided).find_map(|argument| carries(argument, is_tainted))
}
