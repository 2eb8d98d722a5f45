//! A delivery as text: the answer to "why did nothing run?".

use super::super::moment::exact;
use super::super::output::{facts, verdict};
use crate::diagnostic::{Style, render, shown, shown_sentence};
use crate::intake::{KeyTold, PipelineTrail};
use crate::pipeline::Trail;
use crate::store::DeliveryDetail;
use crate::webhook::delivery::{Decision, Delivery, FilterVerdict, Outcome, Verdict};
use jiff::Timestamp;

/// Returns the text of `deliveries show`.
pub(super) fn text(detail: &DeliveryDetail, trails: &[PipelineTrail], key: Option<&KeyTold>, now: Timestamp) -> String {
    let delivery = &detail.delivery;
    let mut known = vec![
        ("delivery", delivery.id.to_string()),
        ("connection", shown(&delivery.connection)),
        ("received", exact(delivery.received_at, now)),
        ("size", format!("{} bytes", delivery.size)),
        ("outcome", format!("{}: {}", verdict(delivery.outcome.word()), meaning(detail))),
    ];
    known.extend(delivery.event.iter().map(|event| ("event", shown(event))));
    known.extend(delivery.secret.iter().map(|secret| ("proved by", format!("the secret `{}`", shown(secret)))));
    known.extend(delivery.replay_of.iter().map(|first| ("replay of", first.to_string())));
    known.extend(key.map(|key| match key {
        KeyTold::None(why) => ("repeat key", format!("none: {}", shown_sentence(why))),
        KeyTold::Known(words) => ("known by", shown_sentence(words)),
    }));
    let mut text = facts(&known);
    if !delivery.headers.is_empty() {
        text.push_str("\nheaders\n");
    }
    for (name, value) in &delivery.headers {
        text.push_str(&format!("  {}: {}\n", shown(name), shown(value)));
    }
    // Those that there is nothing to say about are told together.
    for verdict in delivery.pipelines.iter().filter(|it| !it.is_silent()) {
        text.push('\n');
        pipeline(verdict, trails.iter().find(|trail| trail.pipeline == verdict.pipeline), &mut text);
    }
    let silent: Vec<String> =
        delivery.pipelines.iter().filter(|it| it.is_silent()).map(|it| shown(&it.pipeline)).collect();
    if !silent.is_empty() {
        let word = verdict(Decision::NotListening.word());
        text.push_str(&format!("\n{word} to this connection: {}\n", silent.join(", ")));
    }
    text
}

/// Says what an outcome means for this delivery.
fn meaning(detail: &DeliveryDetail) -> String {
    let delivery = &detail.delivery;
    match delivery.outcome {
        Outcome::Queued => "at least one run was queued".to_owned(),
        Outcome::Rejected => "every pipeline that matched was rejected".to_owned(),
        Outcome::Nothing => nothing(delivery),
        Outcome::Repeat => match &delivery.repeat_of {
            Some(first) => format!("the same as {first}, which is answered again and starts nothing"),
            None => "it was there before and starts nothing".to_owned(),
        },
        Outcome::Refused => {
            detail.refusal.as_deref().map_or_else(|| "its sender did not prove itself".to_owned(), shown_sentence)
        }
    }
}

/// Says why a verified delivery started nothing.
fn nothing(delivery: &Delivery) -> String {
    if let Some(reason) = &delivery.reason {
        return shown_sentence(reason);
    }
    let is_filtered = delivery.pipelines.iter().any(|verdict| verdict.decision == Decision::Filtered);
    if is_filtered {
        "pipelines listen to this connection, but none whose filters hold"
    } else if delivery.pipelines.is_empty() {
        "there was no pipeline"
    } else {
        "no pipeline listens to this connection"
    }
    .to_owned()
}

fn pipeline(pipeline: &Verdict, found: Option<&PipelineTrail>, text: &mut String) {
    let run = pipeline.run.as_ref().map(|run| format!(", {run}")).unwrap_or_default();
    text.push_str(&format!("pipeline {}: {}{run}\n", shown(&pipeline.pipeline), verdict(pipeline.decision.word())));
    for filter in &pipeline.filters {
        text.push_str(&format!("  {}\n", self::filter(filter)));
    }
    found.into_iter().for_each(|found| trail(found, text));
    for report in &pipeline.diagnostics {
        text.push_str(&format!("\n{}\n", render(report, Style::Coloured)));
    }
}

/// Where the delivery's text went in a pipeline.
fn trail(found: &PipelineTrail, text: &mut String) {
    let note = found.note.iter().map(|note| format!("    note: {note}\n"));
    let told = note.chain([uses(&found.trail)]).collect::<String>();
    if !told.is_empty() {
        text.push_str("  payload text\n");
        text.push_str(&told);
    }
}

/// Returns the part of a key in the document that says which step it belongs to.
fn step_place(key: &str) -> &str {
    let end = key.rfind("steps[").and_then(|at| Some(at + key[at..].find(']')?)).unwrap_or(0);
    &key[..end]
}

/// Each piece of payload text in two lines, where it went and what it is, those of a step together.
pub(in super::super) fn uses(trail: &Trail) -> String {
    let mut text = String::new();
    for it in &trail.decisions {
        let holds = if it.holds { "holds" } else { "does not hold" };
        let place = place(it.file.as_deref(), it.line);
        let value = value(&it.value, it.missing);
        text.push_str(&format!("    a condition that {holds}{place}\n      {}{value}\n", it.from));
    }
    let mut step = None;
    for it in &trail.uses {
        // Two steps may have the same name.
        let this = it.step.as_ref().map(|name| (name, step_place(&it.key)));
        if this != step {
            text.extend(it.step.iter().map(|step| format!("    step `{step}`\n")));
            step = this;
        }
        let indent = if it.step.is_some() { "      " } else { "    " };
        let variable = it.variable.as_ref().map(|name| format!(", as `{name}`")).unwrap_or_default();
        let place = place(it.file.as_deref(), it.line);
        let cut = if it.value.ends_with('…') { format!(" ({} bytes)", it.bytes) } else { String::new() };
        let value = value(&it.value, it.missing);
        text.push_str(&format!("{indent}{}{variable}{place}\n{indent}  {}{value}{cut}\n", it.into, it.from));
    }
    if trail.more > 0 {
        text.push_str(&format!("    … and {} more\n", trail.more));
    }
    text
}

/// Returns what stands at a path of a payload, as it stands behind that.
fn value(value: &str, missing: Option<&str>) -> String {
    match missing {
        Some(what) => format!(": there is {what}"),
        None if value.is_empty() => ": there is an empty text".to_owned(),
        None => format!(" = {value}"),
    }
}

/// Returns a place in an author's file as it stands behind what it is the place of.
fn place(file: Option<&str>, line: Option<usize>) -> String {
    match (file, line) {
        (Some(file), Some(line)) => format!(" ({}:{line})", shown(file)),
        _ => String::new(),
    }
}

/// One filter in a line: what is wanted, and what was there where that differs.
pub(in super::super) fn filter(filter: &FilterVerdict) -> String {
    let (path, wanted) = (shown(&filter.path), shown(&filter.wanted));
    match (&filter.found, &filter.reason, filter.holds) {
        (_, _, true) => format!("holds: {path} is {wanted}"),
        (_, Some(reason), false) => format!("does not hold: {path} should be {wanted}, {reason}"),
        (Some(found), None, false) => format!("does not hold: {path} should be {wanted}, found {}", shown(found)),
        (None, None, false) => format!("does not hold: {path} should be {wanted}, found no text there"),
    }
}
