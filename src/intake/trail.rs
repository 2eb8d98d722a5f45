//! Where a delivery's text went: worked out anew when somebody asks, from the stored body and the
//! pipelines as they are now, and compared with what was stored of the run. So accepting a delivery
//! costs nothing for it, and an answer that may not be what ran says so.

use super::judge::about;
use super::{Intake, stored_body};
use crate::catalog::{Entry, Listener, Pipeline, Trigger, TriggeringWebhook, expand_told};
use crate::pipeline::Trail;
use crate::shell::Substitution;
use crate::store::{self, DeliveryDetail};
use crate::taint::Origin;
use crate::template;
use crate::webhook::connection::Connection;
use crate::webhook::delivery::{Decision, Delivery, Outcome, Verdict};
use crate::webhook::filter;
use crate::webhook::payload::{self, Payload};
use crate::webhook::select::{Selected, select};
use serde::Serialize;

/// Where a delivery's text went in one pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PipelineTrail {
    /// The pipeline's name.
    #[serde(skip)]
    pub pipeline: String,
    /// Whether this is what ran: expanding the pipeline again gives the stored document.
    pub as_run: bool,
    /// What to know about it otherwise: a sentence for people.
    pub note: Option<String>,
    /// Where the text went.
    #[serde(flatten)]
    pub trail: Trail,
}

/// What there is to say about the key by which a delivery would be known again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyTold {
    /// There is none: a sentence that says where it was looked for.
    None(String),
    /// By what a repeat was known, in words.
    Known(String),
}

impl KeyTold {
    /// Returns the sentence about a key that is not there.
    pub fn none(&self) -> Option<&str> {
        if let Self::None(why) = self { Some(why) } else { None }
    }

    /// Returns by what a repeat was known.
    pub fn known(&self) -> Option<&str> {
        if let Self::Known(key) = self { Some(key) } else { None }
    }
}

/// Which key made a delivery a repeat is not kept with it.
const AS_NOW: &str = "as its connection is configured now";
const BY_ANOTHER: &str = "a key that its connection had then, and has not as it is configured now";
const CHANGED: &str = "the pipeline has changed since: this is where the text would go today";
const REJECTED: &str = "the run was rejected: this is where its text would have gone, as the pipeline is today";
const GONE: &str = "the pipeline is not there any more, or does not listen to this delivery any more";
const UNREADABLE: &str = "the body can't be read by the rules of today";

impl Intake {
    /// Returns where the text of a delivery went, for each pipeline that it started or would have.
    pub async fn trails(&self, detail: &DeliveryDetail) -> Result<Vec<PipelineTrail>, store::Error> {
        let delivery = &detail.delivery;
        let Some(body) = &detail.body else { return Ok(Vec::new()) };
        let mut trails = Vec::new();
        for verdict in &delivery.pipelines {
            if !matches!(verdict.decision, Decision::Queued | Decision::Rejected) {
                continue;
            }
            let stored = match &verdict.run {
                Some(run) => self.store.expanded(run).await?,
                None => None,
            };
            trails.extend(self.trail(delivery, verdict, body, stored.as_deref()));
        }
        Ok(trails)
    }

    /// Says of a repeat by what it was known, and of another delivery why a second one of the same would not
    /// be: where its connection looks for a key, as it is configured now, and what stands there. Nothing where
    /// there is nothing to say.
    pub fn repeat_key(&self, detail: &DeliveryDetail) -> Option<KeyTold> {
        let delivery = &detail.delivery;
        if delivery.replay_of.is_some() || delivery.reason.is_some() {
            return None;
        }
        let rules = self.rules.load();
        let connection = rules.connections.iter().find(|it| it.name == delivery.connection)?;
        let body = stored_body(connection, &delivery.headers, detail.body.as_deref()?);
        let payload = payload::read(body).ok()?;
        let about = about(&payload, &connection.wanted());
        let repeat = connection.repeat.as_ref()?;
        if delivery.outcome == Outcome::Repeat {
            let found = repeat.found(connection, &delivery.headers, &about);
            return Some(KeyTold::Known(found.map_or_else(|| BY_ANOTHER.to_owned(), |key| format!("{key}, {AS_NOW}"))));
        }
        let missing = repeat.missing(connection, &delivery.headers, &about)?;
        Some(KeyTold::None(format!("a second one would not be known as a repeat: {missing}")))
    }

    fn trail(
        &self,
        delivery: &Delivery,
        verdict: &Verdict,
        body: &[u8],
        stored: Option<&str>,
    ) -> Option<PipelineTrail> {
        let without = |note: &str| {
            // Of a file that could not be used nothing was expanded.
            let is_queued = verdict.decision == Decision::Queued;
            let pipeline = verdict.pipeline.clone();
            is_queued.then(|| PipelineTrail {
                pipeline,
                as_run: false,
                note: Some(note.to_owned()),
                trail: Trail::default(),
            })
        };
        let rules = self.rules.load();
        let Some(connection) = rules.connections.iter().find(|it| it.name == delivery.connection) else {
            return without(GONE);
        };
        let Ok(payload) = payload::read(stored_body(connection, &delivery.headers, body)) else {
            return without(UNREADABLE);
        };
        let catalog = self.judge.catalog();
        let entry = catalog.entry(&verdict.pipeline);
        if let Some(broken) = entry.filter(|entry| entry.serving.is_none()).and_then(first_mistake) {
            return without(&broken);
        }
        let serving = entry.and_then(|entry: &Entry| entry.serving.as_ref());
        let found = serving.and_then(|pipeline| Some((pipeline, starting(pipeline, connection, delivery, &payload)?)));
        let Some((pipeline, (listener, selected))) = found else { return without(GONE) };
        let (yaml, trail) = expanded(pipeline, listener, selected, delivery, connection.substitution);
        let as_run = stored == Some(yaml.as_str());
        let note = match verdict.decision {
            // Of one that read nothing but the value at fault there is nothing to show.
            Decision::Rejected if trail.uses.is_empty() && trail.decisions.is_empty() => None,
            Decision::Rejected => Some(REJECTED.to_owned()),
            _ if as_run => None,
            _ => Some(CHANGED.to_owned()),
        };
        Some(PipelineTrail { pipeline: verdict.pipeline.clone(), as_run, note, trail })
    }
}

/// Says what is wrong with the file of a pipeline that can't be used.
fn first_mistake(entry: &Entry) -> Option<String> {
    let first = entry.mistakes().next()?;
    Some(format!("the pipeline's file has mistakes now, so that nothing can be compared: {}", first.one_line()))
}

/// Returns the webhook resource that a delivery starts a pipeline by.
fn starting<'p, 'd>(
    pipeline: &'p Pipeline,
    connection: &Connection,
    delivery: &Delivery,
    payload: &'d Payload<'d>,
) -> Option<(&'p Listener, Selected<'d>)> {
    pipeline.listeners_of(&delivery.connection).find_map(|listener| {
        let selected = select(payload, &listener.wanted);
        let (holds, _) = filter::evaluate(&listener.filters, &selected, &delivery.headers, Some(connection));
        holds.then_some((listener, selected))
    })
}

/// Expands a pipeline with a delivery, and returns the document as it is stored and its trail.
fn expanded(
    pipeline: &Pipeline,
    listener: &Listener,
    payload: Selected<'_>,
    delivery: &Delivery,
    substitution: Substitution,
) -> (String, Trail) {
    let webhook = TriggeringWebhook {
        alias: &listener.resource.alias,
        payload,
        headers: &delivery.headers,
        event: delivery.event.as_deref(),
        delivery: delivery.id.as_str(),
    };
    let trigger = Trigger { webhook: Some(webhook), substitution, ..Trigger::default() };
    let (document, decided) = expand_told(pipeline, &trigger);
    let payload = |origin: &Origin| trigger.webhook.as_ref()?.missing(origin);
    (template::to_yaml(&document), Trail::of(&document, &decided, &pipeline.sources, substitution, &payload))
}
