//! Paths of a Python script in which payload text stands right beside a mark of the author's, or beside other payload text.
//!
//! `f'out/.{a}/{b}'` leads out of its folder where `a` is a `.`, and `f'{a}/{b}'` is a path from the root where `a` is
//! empty: what is no path out of its folder by itself may be one there.

use super::apart::{changed, is_changed};
use super::facts::Binding;
use super::sink::Judge;
use super::texts::{CHOICES_MAX, DEPTH_MAX};
use super::tree::Expr;
use crate::shell::change::Change;
use crate::shell::program::{Holes, Part};
use crate::shell::requirement::Requirement;

impl Judge<'_> {
    /// Demands of the payload text in the name of a file that it makes no other path with what stands beside it.
    pub(super) fn require_inside(&mut self, path: &Expr) {
        for path in self.made_of(path, 0) {
            self.require_inside_of(&path);
        }
    }

    /// Returns what a path may be made of, as far as names tell.
    pub(super) fn made_of(&self, path: &Expr, depth: usize) -> Vec<Expr> {
        if depth > DEPTH_MAX || !self.goes_on() {
            return Vec::new();
        }
        match path {
            Expr::Name(name) => {
                let values = self.facts.bindings(name).iter().filter_map(|it| match it {
                    Binding::Value(value) if value != path => Some(value),
                    _ => None,
                });
                values.flat_map(|value| self.made_of(value, depth + 1)).take(CHOICES_MAX).collect()
            }
            Expr::Any(items) => items.iter().flat_map(|item| self.made_of(item, depth + 1)).take(CHOICES_MAX).collect(),
            path => vec![path.clone()],
        }
    }

    fn require_inside_of(&mut self, path: &Expr) {
        let parts = self.word(path, 0);
        let (mut beside, mut in_front) = (Holes::new(), Holes::new());
        for (at, part) in parts.iter().enumerate() {
            let Part::Value(holes) = part else { continue };
            let before = at.checked_sub(1).map(|before| &parts[before]);
            let after = parts.get(at + 1);
            let is_marked = match (before, after) {
                (Some(Part::Value(_)), _) | (_, Some(Part::Value(_))) => true,
                (Some(Part::Text(text)), _) if text.rsplit(['/', '\\']).next() == Some(".") => true,
                (_, Some(Part::Text(text))) => {
                    let is_first = match before {
                        Some(Part::Text(text)) => text.ends_with(['/', '\\']),
                        Some(Part::Value(_)) => false,
                        None => true,
                    };
                    let is_last =
                        text == "." && (at + 2 == parts.len() || matches!(parts.get(at + 2), Some(Part::Value(_))));
                    is_first && (is_last || text.starts_with("./") || text.starts_with(".\\"))
                }
                _ => false,
            };
            if is_marked {
                beside.extend(holes);
            }
            if at == 0 && matches!(after, Some(Part::Text(text)) if text.starts_with(['/', '\\'])) {
                in_front.extend(holes.iter().filter(|hole| is_changed(**hole)));
            }
        }
        let apart: Holes = beside.union(&in_front).copied().collect();
        self.require(&changed(apart, Change::DOTTED), Requirement::InsidePath);
        self.require(&in_front, Requirement::EndsAsWord);
    }
}
