//! The words that an item of a list may be where names in it stand for several texts: each is judged by itself.

use super::facts::Binding;
use super::sink::Judge;
use super::texts::{CHOICES_MAX, DEPTH_MAX};
use super::tree::{Expr, Piece};

impl Judge<'_> {
    /// Returns the expressions that one may be, each with one value for a name that is given several; itself alone where
    /// nobody knows all.
    pub(super) fn variants(&self, expression: &Expr) -> Vec<Expr> {
        let found = self.varied(expression, 0).filter(|found| !found.is_empty());
        found.unwrap_or_else(|| vec![expression.clone()])
    }

    fn varied(&self, expression: &Expr, depth: usize) -> Option<Vec<Expr>> {
        if depth > DEPTH_MAX || !self.goes_on() {
            return None;
        }
        let next = |inner: &Expr| self.varied(inner, depth + 1);
        let whole = || Some(vec![expression.clone()]);
        match expression {
            Expr::Name(name) => {
                let bindings = self.facts.bindings(name);
                if bindings.is_empty() || !self.facts.added(name).is_empty() || self.tells_more(name) {
                    return whole();
                }
                let mut found = Vec::new();
                for binding in bindings {
                    let Binding::Value(value) = binding else { return whole() };
                    found.extend(next(value)?);
                }
                // What one value is is found where the name is looked up.
                if found.len() < 2 { whole() } else { limited(found) }
            }
            Expr::Any(items) => {
                let chosen = match items.as_slice() {
                    [one, other, Expr::Any(condition)] if condition.len() == 1 => vec![one, other],
                    items => items.iter().collect(),
                };
                let found: Option<Vec<Vec<Expr>>> = chosen.into_iter().map(next).collect();
                limited(found?.into_iter().flatten().collect())
            }
            Expr::Operation(operator, one, other) => {
                let (ones, others) = (next(one)?, next(other)?);
                let pairs = ones.iter().flat_map(|one| others.iter().map(move |other| (one.clone(), other.clone())));
                let made = |(one, other)| Expr::Operation(*operator, Box::new(one), Box::new(other));
                limited(pairs.map(made).collect())
            }
            Expr::Text(pieces) => {
                let mut found: Vec<Vec<Piece>> = vec![Vec::new()];
                for piece in pieces {
                    let choices = match piece {
                        Piece::Field(field) => next(field)?.into_iter().map(Piece::Field).collect(),
                        piece => vec![piece.clone()],
                    };
                    let longer = |before: &Vec<Piece>| {
                        let all =
                            choices.iter().map(|choice| [before.as_slice(), std::slice::from_ref(choice)].concat());
                        all.collect::<Vec<_>>()
                    };
                    found = limited(found.iter().flat_map(longer).collect())?;
                }
                Some(found.into_iter().map(Expr::Text).collect())
            }
            _ => whole(),
        }
    }

    /// Says whether a name may stand for more than the values that are written down.
    fn tells_more(&self, name: &str) -> bool {
        self.bound.contains(name) || self.anywhere.contains(name)
    }
}

fn limited<T>(found: Vec<T>) -> Option<Vec<T>> {
    Some(found).filter(|found| found.len() <= CHOICES_MAX)
}
