//! Are all names and functions known where the expression stands?
//!
//! Evaluation asks the same questions through the same functions, but stops at the first mistake,
//! and does not look at arguments that it leaves out.

use super::status::no_names_in_steps;
use super::syntax::{Call, Literal, Node, NodeKind, Suffix, SuffixKind};
use super::unknown::{function, not_waited_for, unknown_member, unknown_name, wrong_count};
use super::{Mistake, Scope};
use std::ops::Range;

pub(super) fn check(root: &Node, scope: &Scope) -> Vec<Mistake> {
    let mut checker = Checker { scope, mistakes: Vec::new() };
    checker.node(root);
    checker.mistakes
}

struct Checker<'s> {
    scope: &'s Scope,
    mistakes: Vec<Mistake>,
}

impl Checker<'_> {
    fn node(&mut self, node: &Node) {
        match &node.kind {
            NodeKind::Literal(_) => {}
            NodeKind::Name(name) => self.name(name, &node.range, None),
            NodeKind::Call(call) => self.call(call),
            NodeKind::Chain { base, suffixes } => self.chain(base, suffixes),
        }
    }

    fn chain(&mut self, base: &Node, suffixes: &[Suffix]) {
        match &base.kind {
            NodeKind::Name(name) => self.name(name, &base.range, suffixes.first()),
            _ => self.node(base),
        }
        for suffix in suffixes {
            if let SuffixKind::Index(index) = &suffix.kind {
                self.node(index);
            }
        }
    }

    fn name(&mut self, written: &str, range: &Range<usize>, first: Option<&Suffix>) {
        let Some(name) = self.scope.name(written) else {
            self.mistakes.push(unknown_name(written, range.clone(), self.scope, first.is_none()));
            return;
        };
        let (Some(members), Some(suffix)) = (&name.members, first) else {
            return;
        };
        let Some(member) = literal_member(suffix) else {
            return;
        };
        if !members.iter().any(|known| known.eq_ignore_ascii_case(member)) {
            self.mistakes.push(unknown_member(name, member, suffix.range.clone(), members));
        }
    }

    fn call(&mut self, call: &Call) {
        match function(call, self.scope) {
            Ok(function) => {
                let in_step = self.scope.in_step && function.is_status();
                match call.arguments.first() {
                    Some(argument) if in_step => self.mistakes.push(no_names_in_steps(argument.range.clone())),
                    _ => self.mistakes.extend(wrong_count(call, function)),
                }
                if function.is_status() && !in_step {
                    self.status_names(call);
                }
            }
            Err(mistake) => self.mistakes.push(mistake),
        }
        for argument in &call.arguments {
            self.node(argument);
        }
    }
}

impl Checker<'_> {
    /// Asks whether what a status function names is something that is waited for.
    fn status_names(&mut self, call: &Call) {
        let Some(known) = &self.scope.status_names else { return };
        for argument in &call.arguments {
            let NodeKind::Literal(Literal::Text(name)) = &argument.kind else { continue };
            if !known.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                let beside = self.scope.name("dependencies").and_then(|it| it.beside.as_ref());
                self.mistakes.push(not_waited_for(name, argument.range.clone(), known, beside));
            }
        }
    }
}

fn literal_member(suffix: &Suffix) -> Option<&str> {
    match &suffix.kind {
        SuffixKind::Member(name) => Some(name),
        SuffixKind::Index(Node { kind: NodeKind::Literal(Literal::Text(name)), .. }) => Some(name),
        _ => None,
    }
}
