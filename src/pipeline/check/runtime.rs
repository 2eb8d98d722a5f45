//! Variables whose whole value is an expression `$[ … ]`, which is evaluated when a job starts
//! (reference, section 4.2).

use super::conditions;
use crate::diagnostic::{Diagnostics, Span};
use crate::expression::{Dialect, Scope};
use crate::pipeline::condition::{self, Operands};
use crate::pipeline::model::{Condition, Pipeline, Variable};

const OPEN: &str = "$[";
const CLOSE: &str = "]";

/// What else an expression sees beside the variables before it.
const SEEN: [&str; 4] = ["dependencies", "stageDependencies", "resources", "pipeline"];

pub(super) fn check(pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    for variable in pipeline.all_variables().filter(|variable| is_expression(variable)) {
        check_one(variable, diagnostics);
    }
}

/// Says whether the author wrote an expression; a payload's text never is one.
fn is_expression(variable: &Variable) -> bool {
    let segments = variable.value.segments();
    let (Some(first), Some(last)) = (segments.first(), segments.last()) else { return false };
    let is_whole = first.text.starts_with(OPEN) && last.text.ends_with(CLOSE);
    is_whole && variable.value.len() > OPEN.len() && !first.is_tainted() && !last.is_tainted()
}

fn check_one(variable: &Variable, diagnostics: &mut Diagnostics) {
    let spans = vec![variable.value_span; variable.value.segments().len()];
    let Some(text) = condition::splice(&variable.value, &spans, Operands::Refused, diagnostics) else { return };
    let scope = Scope::new(Dialect::Runtime).with_name("variables").in_variable();
    let scope = SEEN.into_iter().fold(scope, Scope::with_name);
    conditions::one(&inner(variable, &text), &scope, diagnostics);
}

/// Returns what stands between the brackets, with its place.
fn inner(variable: &Variable, text: &str) -> Condition {
    let span = variable.value_span;
    let is_verbatim = !variable.value.is_tainted() && text.len() == span.range().len();
    let range = span.range();
    let between = Span::new(span.source, range.start + OPEN.len(), range.end.saturating_sub(CLOSE.len()));
    let text = text[OPEN.len()..text.len() - CLOSE.len()].to_owned();
    Condition { text, span: if is_verbatim { between } else { span }, is_verbatim }
}
