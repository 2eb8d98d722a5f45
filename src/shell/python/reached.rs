//! Objects of a Python script that are put into others, and changed by what is taken out of these: `steps.append(step)`,
//! `for it in steps: it['a'] = b`.
//!
//! What is put into an object by a name of which all that it gets is made there is in that object alone. Whatever is put into
//! anything else, an item of something or what a loop or a function gives, may be in each object that was put into another.

use super::scopes::{Placed, Scopes};
use super::statement::target_names;
use super::tree::{Expr, Statement};
use std::collections::BTreeSet;

/// Functions that return what they are given, or something in it.
const GIVING: &[&str] = &["next", "max", "min", "getattr", "reduce", "vars", "cast", "deepcopy", "copy", "partial"];

impl<'s> Scopes<'s> {
    /// Says whether a name stands for an object that others may reach.
    pub(super) fn is_reached(&self, name: &str) -> bool {
        self.inside.contains(name) || self.filled.contains(name)
    }

    /// Returns what is put into objects that nobody tells apart.
    pub(super) fn put_anywhere(&self) -> Vec<Placed<'s>> {
        let fresh = self.fresh();
        let is_own = |owner: &Expr, scope: usize| match owner {
            Expr::Name(name) => fresh.contains(name.as_str()) || self.home(name, scope).is_none(),
            Expr::Member(..) => self.is_of_others(owner, scope),
            owner => matches!(owner, Expr::Call(..)) && self.is_made(owner, scope),
        };
        self.puts.iter().filter(|(owner, (_, scope))| !is_own(owner, *scope)).map(|(_, value)| *value).collect()
    }

    /// Returns the names of which all that they get is made where they get it.
    fn fresh(&self) -> BTreeSet<&'s str> {
        let (mut fresh, mut others): (BTreeSet<&'s str>, BTreeSet<&'s str>) = (BTreeSet::new(), BTreeSet::new());
        for (statement, scope) in &self.statements {
            match statement {
                Statement::Assign(targets, value) => {
                    for target in targets {
                        match target {
                            Expr::Name(name) if targets.len() == 1 && self.is_made(value, *scope) => {
                                _ = fresh.insert(name)
                            }
                            target => others.extend(target_names(target)),
                        }
                    }
                }
                Statement::With(value, Some(Expr::Name(name))) if self.is_made(value, *scope) => _ = fresh.insert(name),
                Statement::For(target, _) | Statement::With(_, Some(target)) => others.extend(target_names(target)),
                Statement::Function(_, parameters) => others.extend(parameters.iter().map(|it| it.name.as_str())),
                _ => {}
            }
            for expression in statement.expressions() {
                expression.walk(&mut |inner| match inner {
                    Expr::Named(name, _) => _ = others.insert(name),
                    Expr::Lambda(parameters, _) => others.extend(parameters.iter().map(|it| it.name.as_str())),
                    Expr::Comprehension(_, loops) => {
                        others.extend(loops.iter().flat_map(|(target, _)| target_names(target)));
                    }
                    _ => {}
                });
            }
        }
        fresh.retain(|name| !others.contains(name));
        fresh
    }

    /// Says whether a value is an object that is made there.
    fn is_made(&self, value: &Expr, scope: usize) -> bool {
        match value {
            Expr::Dict(_) | Expr::List(_) | Expr::Comprehension(..) | Expr::Text(_) | Expr::Constant => true,
            Expr::Call(callee, _) => {
                let last = callee.last_name().unwrap_or_default();
                !GIVING.contains(&last) && self.definitions(last).is_empty() && self.is_of_others(callee, scope)
            }
            _ => false,
        }
    }

    /// Says whether a function is none of an object of the script.
    fn is_of_others(&self, callee: &Expr, scope: usize) -> bool {
        match callee {
            Expr::Name(name) => self.home(name, scope).is_none(),
            Expr::Member(owner, _) => self.is_of_others(owner, scope),
            _ => false,
        }
    }
}
