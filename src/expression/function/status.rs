//! `always`, `canceled`, `failed`, `succeeded`, `succeededOrFailed` (section 5.3 of the reference).

use super::Invocation;
use crate::expression::{JobStatus, Mistake, Status, Value};
use std::borrow::Cow;

pub(super) fn always(_: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    Ok(true.into())
}

pub(super) fn canceled(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    Ok(status(call).is_canceled().into())
}

pub(super) fn succeeded(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    let results = results(call)?;
    holds(call, results.iter().all(|result| result.is_success()))
}

pub(super) fn failed(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    let results = results(call)?;
    holds(call, results.contains(&JobStatus::Failed))
}

/// A dependency that was skipped makes it false.
pub(super) fn succeeded_or_failed(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    let results = results(call)?;
    holds(call, results.iter().all(|result| result.is_success() || *result == JobStatus::Failed))
}

/// What is canceled has neither succeeded nor failed.
fn holds(call: &Invocation<'_, '_>, without_cancel: bool) -> Result<Value, Mistake> {
    Ok((without_cancel && !status(call).is_canceled()).into())
}

fn results(call: &Invocation<'_, '_>) -> Result<Vec<JobStatus>, Mistake> {
    let mut names = Vec::new();
    for index in 0..call.count() {
        names.push((call.text(index)?.flatten().into_owned(), call.range(index)));
    }
    status(call).results(&names)
}

fn status<'c>(call: &Invocation<'_, 'c>) -> Cow<'c, Status> {
    match call.evaluator.context.status.as_deref() {
        Some(status) => Cow::Borrowed(status),
        None => Cow::Owned(Status::none_yet()),
    }
}
