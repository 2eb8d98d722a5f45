//! Variables whose whole value is a runtime expression, `$[ … ]` (reference, section 4.2).
//!
//! They are evaluated when the job starts, in order; each sees the variables before it. Payload
//! text inside one stands in a text literal or nowhere, and what comes of it is payload text.

use super::variables::Variables;
use crate::diagnostic::shown;
use crate::expression::{Context, Dialect, Expression, Value};
use crate::pipeline::plan::{Job, Plan, Stage, Variable};
use crate::taint::Text;

/// Returns the variables of a job: those of the run, the stage and the job, the last of a name
/// wins. On failure, a sentence that says which value can't be evaluated and why.
pub(super) fn variables(plan: &Plan, stage: &Stage, job: &Job) -> Result<Variables, String> {
    let mut variables = Variables::default();
    for Variable { name, value, .. } in [&plan.variables, &stage.variables, &job.variables].into_iter().flatten() {
        let value = match expression(value) {
            None => value.clone(),
            Some(expression) => {
                let evaluated = expression.and_then(|text| evaluate(&text, &variables));
                let value_of = |mistake| format!("The value of the variable `{}` can't be used: {mistake}.", shown(name));
                value.derive(&*evaluated.map_err(value_of)?.flatten())
            }
        };
        variables.set(name, value);
    }
    Ok(variables)
}

/// Returns the expression that a value consists of, without its brackets.
fn expression(value: &Text) -> Option<Result<String, String>> {
    let (first, last) = (value.segments().first()?, value.segments().last()?);
    let is_whole = first.text.starts_with("$[") && last.text.ends_with(']') && value.len() > "$[]".len();
    if !is_whole || first.is_tainted() || last.is_tainted() {
        return None;
    }
    Some(spliced(value).map(|text| text["$[".len()..text.len() - "]".len()].to_owned()))
}

/// Returns the text with payload text as part of the literals around it.
fn spliced(value: &Text) -> Result<String, String> {
    let mut spliced = String::new();
    let mut is_in_literal = false;
    for segment in value.segments() {
        if !segment.is_tainted() {
            is_in_literal ^= segment.text.matches('\'').count() % 2 == 1;
            spliced.push_str(&segment.text);
        } else if is_in_literal {
            spliced.push_str(&segment.text.replace('\'', "''"));
        } else {
            return Err("payload text can't be part of an expression, only of a text in single quotes".to_owned());
        }
    }
    Ok(spliced)
}

fn evaluate(text: &str, variables: &Variables) -> Result<Text, String> {
    let context = Context::new(Dialect::Runtime)
        .with("variables", object(variables))
        .with("dependencies", Value::Null)
        .with("stageDependencies", Value::Null);
    let value = Expression::parse(text).and_then(|it| it.evaluate(&context)).map_err(|mistake| mistake.title)?;
    value.to_text().map_err(|mistake| mistake.to_string())
}

/// Returns the variables as expressions see them.
pub(super) fn object(variables: &Variables) -> Value {
    Value::object(variables.iter().map(|(name, value)| (name, Value::String(value.clone()))))
}
