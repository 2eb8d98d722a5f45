//! What variables that get payload text bring to others, by macros and expressions, and which of them may be something else.

use super::super::written::{Place, Variable, Written};
use super::{Finder, named_values, script_of};
use crate::diagnostic::Span;
use crate::expression::{Expression, Reference, Step};
use crate::pipeline::check::held::may_set;
use crate::pipeline::plan::RUN_NAME;
use crate::shell::Piece;
use crate::yaml::Node;

impl Finder<'_> {
    /// Returns the variables that get payload text from those that are known, by macros and expressions, and are
    /// not known themselves; of the pipeline's own file also the run's name, if its pattern brings some.
    pub(in crate::pipeline::foresee) fn passed_on(mut self, document: &Node, is_own: bool) -> Vec<Variable> {
        let mut found = Vec::new();
        if let Some(pattern) = document.member("name").filter(|_| is_own) {
            let written = self.with_macros(&self.written(pattern), pattern.span);
            found.extend(written.holes.first().map(|place| {
                let value = Written { pieces: vec![Piece::Hole], holes: vec![place.clone()] };
                Variable { name: RUN_NAME.to_owned(), value, span: pattern.span }
            }));
        }
        self.walk(document, &mut |finder, node| {
            let Some(section) = node.member("variables") else { return };
            for (name, value) in named_values(section) {
                let (written, span) = (finder.written(value).settled(), value.span);
                if written.is_tainted() {
                    continue;
                }
                let value = match written.expression() {
                    Some(expression) => finder.late(expression, span),
                    None => finder.with_macros(&written, span),
                };
                if value.is_tainted() {
                    found.push(Variable { name, value, span });
                }
            }
        });
        found.retain(|it| !self.variables.iter().any(|known| known.span == it.span && known.name == it.name));
        found
    }

    /// Returns the variables that get payload text and that a section of the file gives another value, or a script
    /// in it may set.
    pub(in crate::pipeline::foresee) fn unsure(mut self, document: &Node) -> Vec<String> {
        let mut found = Vec::new();
        self.walk(document, &mut |finder, node| {
            if let Some(section) = node.member("variables") {
                let others = named_values(section).into_iter();
                let others = others.filter(|(_, value)| !finder.variables.iter().any(|it| it.span == value.span));
                found.extend(others.map(|(name, _)| name).filter(|name| finder.variable(name).is_some()));
            }
            if let Some((_, script)) = script_of(node) {
                let text = script.text().map(|text| text.to_ascii_lowercase()).unwrap_or_default();
                let set = finder.variables.iter().filter(|it| may_set(&text, &it.name));
                found.extend(set.map(|it| it.name.clone()));
            }
        });
        found
    }

    /// Returns what is known of the value of an expression `$[ … ]` at a place, without its brackets. It sees the
    /// variables before it.
    fn late(&self, text: &str, place: Span) -> Written {
        let before = |it: &Reference| {
            let [Step::Member(name)] = it.steps.as_slice() else { return None };
            let is_variable = !it.open && it.root.eq_ignore_ascii_case("variables");
            let variable = self.variable(name).filter(|_| is_variable)?;
            let is_before = variable.span.source != place.source || variable.span.start < place.start;
            variable.value.holes.first().filter(|_| is_before)
        };
        let carried = Expression::parse(text).ok().and_then(|it| it.surely_carries(&|it| before(it).is_some()));
        let origin = carried.as_ref().and_then(before).map(|hole| hole.origin.clone());
        let mut written = Written::default();
        if let Some(origin) = origin {
            written.hole(Place { span: place, origin, through: None });
        }
        written
    }
}
