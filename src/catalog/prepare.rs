//! From a pipeline and a payload to the frozen work of a run, or to the reasons why not.
//!
//! The same function serves a delivery, `pipehook render` and `pipehook run`, so that what a
//! command shows is what a delivery does.

use super::{Pipeline, known, sure};
use crate::diagnostic::Diagnostics;
use crate::expression::{Object, Value};
use crate::pipeline;
use crate::pipeline::plan::Plan;
use crate::shell::Substitution;
use crate::taint::{Origin, Text, Whence};
use crate::template::{self, Inputs, Node, Varying};
use crate::webhook::delivery::Header;
use crate::webhook::path::Path;
use crate::webhook::select::Selected;
use std::sync::Arc;

/// What starts a run.
#[derive(Debug, Default)]
pub struct Trigger<'t> {
    /// The webhook resource that was met, with what its delivery brought.
    pub webhook: Option<TriggeringWebhook<'t>>,
    /// Values given for parameters of the pipeline, by name.
    pub parameters: &'t [(String, String)],
    /// Values given for variables, which the file's own variables override.
    pub variables: &'t [(String, String)],
    /// What becomes of payload text in scripts.
    pub substitution: Substitution,
}

/// A delivery as a pipeline sees it.
#[derive(Debug)]
pub struct TriggeringWebhook<'t> {
    /// The alias of the resource.
    pub alias: &'t str,
    /// The parts of the payload that the pipeline reads.
    pub payload: Selected<'t>,
    /// The kept headers.
    pub headers: &'t [Header],
    /// The event's name, where the scheme has one.
    pub event: Option<&'t str>,
    /// The delivery's id.
    pub delivery: &'t str,
}

impl TriggeringWebhook<'_> {
    /// Returns what stands at a place of the payload where no text does: `nothing` or `null`. Of another place, such as a
    /// header, nothing is said.
    pub fn missing(&self, origin: &Origin) -> Option<&'static str> {
        let (whence, path) = origin.place();
        if whence != Whence::Payload || !origin.alias.eq_ignore_ascii_case(self.alias) {
            return None;
        }
        let path = Path::parse(path).ok()?;
        self.payload.instead(path.steps()).filter(|what| ["nothing", "null"].contains(what))
    }
}

/// A pipeline with its values in place.
#[derive(Debug)]
pub struct Prepared {
    /// The expanded document.
    pub document: Node,
    /// The frozen work.
    pub plan: Plan,
}

/// Expands and validates a pipeline. `None` means that the run is rejected: `diagnostics` says
/// why, and may hold warnings otherwise. Where it has what is wrong with the file already, what else would
/// be wrong with the run joins it.
pub fn prepare(pipeline: &Pipeline, trigger: &Trigger<'_>, diagnostics: &mut Diagnostics) -> Option<Prepared> {
    if sure::has_no_tree(diagnostics) {
        return None;
    }
    let inputs = inputs(pipeline, trigger, diagnostics);
    let (document, gaps) = pipeline.template.expand_with_gaps(&inputs, diagnostics);
    if diagnostics.has_errors() {
        sure::add_mistakes_beside(pipeline, &document, &gaps, trigger.substitution, diagnostics);
        return None;
    }
    let mut found = Diagnostics::default();
    let rules = pipeline.scripts.rules(trigger.substitution);
    let plan = pipeline::validate(&document, &pipeline.name, &rules, &mut found);
    let found = gaps.explain(found, &pipeline.sources);
    found.into_iter().for_each(|mistake| diagnostics.push(gaps.told(mistake)));
    let mut plan = plan?;
    known::complete(&mut plan, trigger, inputs.variables);
    Some(Prepared { document, plan })
}

/// Expands a pipeline without checking what came of it.
pub fn expand(pipeline: &Pipeline, trigger: &Trigger<'_>, diagnostics: &mut Diagnostics) -> Node {
    pipeline.template.expand(&inputs(pipeline, trigger, diagnostics), diagnostics)
}

/// Expands a pipeline without checking what came of it, and tells which values of the payload decided an `if`. What is wrong is not reported.
pub fn expand_told(pipeline: &Pipeline, trigger: &Trigger<'_>) -> (Node, Vec<template::Decided>) {
    let unread = &mut Diagnostics::default();
    pipeline.template.expand_told(&inputs(pipeline, trigger, unread), unread)
}

/// Returns what the expressions of a pipeline are evaluated with.
pub(super) fn inputs(pipeline: &Pipeline, trigger: &Trigger<'_>, diagnostics: &mut Diagnostics) -> Inputs {
    let webhook_of = |alias: &str| trigger.webhook.as_ref().filter(|webhook| webhook.alias == alias);
    let aliases = pipeline.listeners.iter().map(|listener| listener.resource.alias.as_str());
    let without = |alias: &str| Value::absent(Origin { alias: alias.into(), path: "".into() });
    let payloads = aliases.clone().map(|alias| (alias, webhook_of(alias).map_or_else(|| without(alias), payload)));
    let declared = template::bind(pipeline.template.parameters(), trigger.parameters, diagnostics);
    let without = |alias: &str| Value::absent(Origin::beside_payload(alias.into(), ""));
    let webhooks = aliases.clone().map(|alias| (alias, webhook_of(alias).map_or_else(|| without(alias), about)));
    Inputs {
        parameters: declared.iter().map(|(name, value)| (&**name, value.clone())).chain(payloads).collect(),
        webhooks: aliases.map(str::to_owned).collect(),
        varying: if pipeline.listeners.is_empty() { Varying::All } else { Varying::Payloads },
        resources: [("webhooks", Value::object(webhooks))].into_iter().collect(),
        variables: variables(pipeline, trigger),
        groups: pipeline.groups.clone(),
        ..Inputs::default()
    }
}

/// Returns the variables that are known before the file's own (reference, section 4.5).
fn variables(pipeline: &Pipeline, trigger: &Trigger<'_>) -> Vec<(String, String)> {
    trigger.variables.iter().cloned().chain(known::variables(pipeline, trigger)).collect()
}

fn payload(webhook: &TriggeringWebhook<'_>) -> Value {
    selected(&webhook.payload, &Origin { alias: webhook.alias.into(), path: "".into() })
}

/// Returns the parts that were taken from a payload as values, each with its place.
fn selected(part: &Selected<'_>, origin: &Origin) -> Value {
    match part {
        Selected::Raw(json) => Value::from_json_text(json, origin)
            .expect("the check of a payload refuses more than reading its values does"),
        Selected::Object(members) => {
            let members = members.iter().map(|(key, part)| {
                let place = origin.member(key);
                (Text::tainted(&**key, Arc::new(place.clone())), selected(part, &place))
            });
            members.collect::<Object>().with_origin(Arc::new(origin.clone())).into()
        }
        Selected::WithoutMembers => Value::absent(origin.clone()),
    }
}

/// Returns what `resources.webhooks.<alias>` holds. Headers are not signed by most senders, and
/// all of them come from outside: they are tainted like the payload.
fn about(webhook: &TriggeringWebhook<'_>) -> Value {
    let alias: Arc<str> = webhook.alias.into();
    let tainted = |path: String, text: &str| Value::String(taint(&alias, &path, text));
    let headers = webhook
        .headers
        .iter()
        .map(|(name, value)| (taint(&alias, "headers", name), tainted(format!("headers['{name}']"), value)));
    let place = |path: &str| Arc::new(Origin::beside_payload(alias.clone(), path));
    let event = webhook.event.map(|event| tainted("event".to_owned(), event));
    Value::object([
        ("headers", headers.collect::<Object>().with_origin(place("headers")).into()),
        ("event", event.unwrap_or_else(|| Value::Absent(place("event")))),
        ("delivery", Value::text(webhook.delivery)),
    ])
}

fn taint(alias: &Arc<str>, path: &str, text: &str) -> Text {
    Text::tainted(text, Arc::new(Origin::beside_payload(alias.clone(), path)))
}
