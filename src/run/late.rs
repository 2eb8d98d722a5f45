//! Values of a job that are expressions: how many legs it has, how many at once, how long they may
//! take (reference, section 4.2). They are evaluated when the job may run; what only a leg knows, when it
//! begins.

use super::matrix;
use super::runtime::{self, Asker, Sources};
use crate::diagnostic::shown;
use crate::pipeline::plan::{LEGS_MAX, Plan, Settled};
use crate::taint::Text;

const OF_PAYLOAD: &str = "the payload would decide about it";

/// Returns what was open about a job. An error is a sentence, without a full stop. No payload
/// decides: what a pipeline does never depends on one. How many or how long a payload's number may say.
pub(super) fn settled(plan: &Plan, stage: usize, job: usize, sources: &Sources<'_>) -> Result<Settled, String> {
    let own = &plan.stages[stage].jobs[job];
    let asked = Asked { plan, asker: Asker::Job(stage, job), sources };
    let late = &own.late;
    Ok(Settled {
        legs: asked.value("matrix", own.late_matrix(), matrix::legs)?,
        slices: asked.value("parallel", own.late_slices(), |text| count(text).and_then(at_most_legs))?,
        max_parallel: asked.value("maxParallel", own.late_limit(), count)?,
        continue_on_error: asked.value("continueOnError", late.continue_on_error.as_deref(), flag)?,
        timeout_minutes: asked.value("timeoutInMinutes", late.timeout_minutes.as_deref(), minutes)?,
        cancel_timeout_minutes: asked.value(
            "cancelTimeoutInMinutes",
            late.cancel_timeout_minutes.as_deref(),
            minutes,
        )?,
    })
}

/// Returns the container that the expression of a leg names; empty where it names none. An error is a
/// sentence, without a full stop.
pub fn container(expression: &str, plan: &Plan, asker: Asker, sources: &Sources<'_>) -> Result<String, String> {
    let text = runtime::text_of(expression, plan, asker, sources)?;
    if text.is_tainted() { Err(OF_PAYLOAD.to_owned()) } else { Ok(text.flatten().trim().to_owned()) }
}

/// Who asks for values.
struct Asked<'a> {
    plan: &'a Plan,
    asker: Asker,
    sources: &'a Sources<'a>,
}

impl Asked<'_> {
    fn value<T>(
        &self,
        key: &str,
        expression: Option<&str>,
        read: impl Fn(&Text) -> Result<T, String>,
    ) -> Result<Option<T>, String> {
        let Some(expression) = expression else { return Ok(None) };
        let text = runtime::text_of(expression, self.plan, self.asker, self.sources);
        text.and_then(|text| read(&text)).map(Some).map_err(|mistake| format!("its `{key}` can't be used: {mistake}"))
    }
}

fn own(text: &Text) -> Result<String, String> {
    if text.is_tainted() {
        return Err(OF_PAYLOAD.to_owned());
    }
    let text = text.flatten().trim().to_owned();
    if text.is_empty() { Err("it is empty".to_owned()) } else { Ok(text) }
}

/// Returns a text that says how many or how long: it may be a payload's number.
fn number(text: &Text) -> Result<String, String> {
    if text.is_number() { Ok(text.flatten().into_owned()) } else { own(text) }
}

fn count(text: &Text) -> Result<u32, String> {
    let text = number(text)?;
    text.parse().map_err(|_| format!("`{}` is no whole number", shown(&text)))
}

fn at_most_legs(count: u32) -> Result<u32, String> {
    match usize::try_from(count) {
        Ok(legs) if legs <= LEGS_MAX => Ok(count),
        _ => Err(format!("it is {count}, {LEGS_MAX} are allowed")),
    }
}

fn minutes(text: &Text) -> Result<f64, String> {
    let text = number(text)?;
    let minutes = text.parse().ok().filter(|minutes: &f64| minutes.is_finite() && *minutes >= 0.0);
    minutes.ok_or_else(|| format!("`{}` is no number of minutes", shown(&text)))
}

fn flag(text: &Text) -> Result<bool, String> {
    let text = own(text)?;
    match text.to_ascii_lowercase().as_str() {
        "true" | "y" | "yes" | "on" => Ok(true),
        "false" | "n" | "no" | "off" => Ok(false),
        _ => Err(format!("`{}` is neither `true` nor `false`", shown(&text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<T: std::fmt::Debug>(read: impl Fn(&Text) -> Result<T, String>, table: &[(&str, &str)]) {
        for (text, expected) in table {
            assert_eq!(format!("{:?}", read(&(*text).into())), *expected, "{text}");
        }
    }

    #[test]
    fn texts_become_what_a_job_wants_or_a_sentence() {
        check(count, &[("3", "Ok(3)"), (" 0 ", "Ok(0)"), ("-1", r#"Err("`-1` is no whole number")"#)]);
        check(count, &[("", r#"Err("it is empty")"#), ("1.5", r#"Err("`1.5` is no whole number")"#)]);
        check(minutes, &[("0.5", "Ok(0.5)"), ("inf", r#"Err("`inf` is no number of minutes")"#)]);
        check(
            flag,
            &[("True", "Ok(true)"), ("off", "Ok(false)"), ("1", r#"Err("`1` is neither `true` nor `false`")"#)],
        );
        check(|text| count(text).and_then(at_most_legs), &[("257", r#"Err("it is 257, 256 are allowed")"#)]);
    }

    #[test]
    fn a_payload_decides_nothing() {
        let origin = std::sync::Arc::new(crate::taint::Origin { alias: "hook".into(), path: "n".into() });
        assert_eq!(count(&Text::tainted("3", origin)), Err("the payload would decide about it".to_owned()));
    }
}
