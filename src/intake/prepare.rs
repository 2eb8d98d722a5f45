//! From a pipeline and a payload to the frozen work of a run, or to the reasons why not.
//!
//! The same function serves a delivery, `pipehook render` and `pipehook run`, so that what a
//! command shows is what a delivery does.

use crate::catalog::Pipeline;
use crate::diagnostic::Diagnostics;
use crate::expression::{Object, Value};
use crate::pipeline::{self, plan::Plan};
use crate::taint::{Origin, Text};
use crate::template::{Inputs, Node};
use crate::webhook::delivery::Header;
use crate::webhook::payload::Selected;
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

/// A pipeline with its values in place.
#[derive(Debug)]
pub struct Prepared {
    /// The expanded document.
    pub document: Node,
    /// The frozen work.
    pub plan: Plan,
}

/// Expands and validates a pipeline. `None` means that the run is rejected: `diagnostics` says
/// why, and may hold warnings otherwise.
pub fn prepare(pipeline: &Pipeline, trigger: &Trigger<'_>, diagnostics: &mut Diagnostics) -> Option<Prepared> {
    let document = expand(pipeline, trigger, diagnostics);
    if diagnostics.has_errors() {
        return None;
    }
    let plan = pipeline::validate(&document, &pipeline.name, diagnostics)?;
    Some(Prepared { document, plan })
}

/// Expands a pipeline without checking what came of it.
pub fn expand(pipeline: &Pipeline, trigger: &Trigger<'_>, diagnostics: &mut Diagnostics) -> Node {
    let mut parameters = pipeline::bind(&pipeline.parameters, trigger.parameters, diagnostics);
    let mut webhooks = Object::default();
    for listener in &pipeline.listeners {
        let alias = Text::author(listener.resource.alias.as_str());
        let webhook = trigger.webhook.as_ref().filter(|webhook| webhook.alias == listener.resource.alias);
        parameters.insert(alias.clone(), webhook.map_or(Value::Null, payload));
        webhooks.insert(alias, webhook.map_or(Value::Null, about));
    }
    let resources = [(Text::author("webhooks"), Value::object(webhooks))].into_iter().collect();
    let inputs = Inputs { parameters, resources, variables: variables(pipeline, trigger) };
    pipeline.template.expand(&inputs, diagnostics)
}

/// Returns the variables that are known before the file's own (reference, section 4.5).
fn variables(pipeline: &Pipeline, trigger: &Trigger<'_>) -> Vec<(String, String)> {
    let reason = if trigger.webhook.is_some() { "ResourceTrigger" } else { "Manual" };
    let predefined = [("Build.Reason", reason), ("Build.DefinitionName", &pipeline.name), ("System.HostType", "build")];
    let predefined = predefined.map(|(name, value)| (name.to_owned(), value.to_owned()));
    trigger.variables.iter().cloned().chain(predefined).collect()
}

fn payload(webhook: &TriggeringWebhook<'_>) -> Value {
    webhook.payload.to_value(&webhook.alias.into())
}

/// Returns what `resources.webhooks.<alias>` holds. Headers are not signed by most senders, and
/// all of them come from outside: they are tainted like the payload.
fn about(webhook: &TriggeringWebhook<'_>) -> Value {
    let alias: Arc<str> = webhook.alias.into();
    let tainted = |path: String, text: &str| Value::String(taint(&alias, &path, text));
    let headers: Object = webhook
        .headers
        .iter()
        .map(|(name, value)| (taint(&alias, "headers", name), tainted(format!("headers['{name}']"), value)))
        .collect();
    let event = webhook.event.map_or(Value::Null, |event| tainted("event".to_owned(), event));
    let members = [
        (Text::author("headers"), Value::object(headers)),
        (Text::author("event"), event),
        (Text::author("delivery"), Value::String(Text::author(webhook.delivery))),
    ];
    Value::object(members.into_iter().collect())
}

fn taint(alias: &Arc<str>, path: &str, text: &str) -> Text {
    Text::tainted(text, Arc::new(Origin { alias: alias.clone(), path: path.into() }))
}
