//! The expression language, called as the rest of the program calls it.

mod commands;
mod mistakes;
mod properties;
mod tables;
mod taint;
mod vectors;

use pipehook::expression::{Context, Dialect, Expression, JobStatus, Mistake, Status, Value};
use pipehook::taint::Origin;
use serde_json::json;

/// Evaluates an expression where all names of the context are known.
fn evaluate(text: &str, context: &Context<'_>) -> Result<Value, Mistake> {
    let expression = Expression::parse(text)?;
    match expression.check(&context.scope()).into_iter().next() {
        Some(mistake) => Err(mistake),
        None => expression.evaluate(context),
    }
}

/// Returns a context of the author's with values for the tables: a list, an object, nothing.
fn author() -> Context<'static> {
    let parameters = json!({
        "list": ["a", "b", 3],
        "object": {"Key": "value", "nested": {"name": "n"}},
        "nothing": null,
        "jobs": {"A": {"result": "Succeeded"}, "B": {"result": "Failed"}, "C": "text"},
        "rows": [{"id": 1, "tags": ["x", "y"]}, {"id": 2}, "text", {"tags": ["z"]}],
    });
    Context::new(Dialect::Condition)
        .with("parameters", Value::from_json(&parameters))
        .with("variables", Value::from_json(&json!({"Build.Reason": "Manual", "flag": "true"})))
        .with_status(Status::Step(JobStatus::Succeeded))
}

/// Returns a payload as the value of the webhook resource `hook`.
fn payload(json: &str) -> Value {
    let root = Origin { alias: "hook".into(), path: "".into() };
    Value::from_json_text(json, &root).expect("the payload of a test is JSON")
}

/// Returns a context in which `parameters.hook` is a payload.
fn delivered(json: &str) -> Context<'static> {
    let parameters = Value::object([("hook", payload(json)), ("list", Value::array([Value::text("a")]))]);
    let variables = Value::object([("token", Value::text("s3cret"))]);
    Context::new(Dialect::Template).with("parameters", parameters).with("variables", variables)
}

#[track_caller]
fn check_in(context: &Context<'_>, text: &str, expected: &str) {
    let value = evaluate(text, context).unwrap_or_else(|mistake| panic!("`{text}` failed: {mistake:?}"));
    let found = value.to_text().expect("the result of a table is text");
    assert_eq!(found.flatten(), expected, "the value of `{text}`");
}

#[track_caller]
fn check(text: &str, expected: &str) {
    check_in(&author(), text, expected);
}

/// Evaluates an expression that must fail, and returns the mistake.
#[track_caller]
fn failure_in(context: &Context<'_>, text: &str) -> Mistake {
    match evaluate(text, context) {
        Ok(value) => panic!("`{text}` gave {}", value.describe()),
        Err(mistake) => mistake,
    }
}
