//! Expressions `$[ … ]` that are evaluated while a run goes on (reference, section 4.2): this
//! version has none, and a script must not get their text in place of their value.

use crate::diagnostic::Diagnostics;
use crate::pipeline::model::{Pipeline, Variable};
use crate::pipeline::schema::unsupported;

/// What to do instead.
const HELP: &str = "write `${{ }}` if the value is known when the run is queued, else find it out in a script";

pub(super) fn check(pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    for variable in pipeline.all_variables().filter(|variable| is_expression(variable)) {
        diagnostics.push(unsupported("$[ … ]", variable.value_span, HELP));
    }
}

/// Says whether the author wrote an expression; a payload's text never is one.
fn is_expression(variable: &Variable) -> bool {
    let first = variable.value.segments().first();
    first.is_some_and(|segment| !segment.is_tainted() && segment.text.trim_start().starts_with("$["))
}
