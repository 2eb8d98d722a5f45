//! For one delivery: which pipelines listen, which filters hold, which runs are valid.

use crate::catalog::{Catalog, Draft, Entry, Listener, Pipeline, Trigger, TriggeringWebhook, prepare};
use crate::diagnostic::{Diagnostics, Report};
use crate::id::{DeliveryId, RunId};
use crate::pipeline::form::Form;
use crate::run::{self, RunName};
use crate::store::{NewRun, Work};
use crate::webhook::connection::Connection;
use crate::webhook::delivery::{Decision, FilterVerdict, Header, Outcome, Verdict};
use crate::webhook::filter;
use crate::webhook::payload::Payload;
use crate::webhook::roster::Roster;
use crate::webhook::select::{Selected, select};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// A verified delivery, as deciding needs it.
pub(super) struct Arrival<'a> {
    pub(super) connection: &'a Connection,
    pub(super) id: &'a DeliveryId,
    pub(super) headers: &'a [Header],
    pub(super) event: Option<&'a str>,
    pub(super) payload: &'a Payload<'a>,
    pub(super) received_at: Timestamp,
    /// Makes the id of a run.
    pub(super) run_id: &'a dyn Fn() -> RunId,
    /// Where this is decided.
    pub(super) thread: Thread,
}

/// Which thread decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thread {
    /// One that reads requests: it does no work of which nobody knows that it is short.
    Reading,
    /// One that others don't wait for.
    Apart,
}

/// A delivery is not for a thread that reads requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Long;

/// What was decided.
#[derive(Default)]
pub(super) struct Decided {
    pub(super) verdicts: Vec<Verdict>,
    pub(super) runs: Vec<NewRun>,
    /// The pipelines that there were: those without a verdict do not listen.
    pub(super) roster: Option<Arc<Roster>>,
}

impl Decided {
    pub(super) fn outcome(&self) -> Outcome {
        if !self.runs.is_empty() {
            Outcome::Queued
        } else if self.verdicts.iter().any(|verdict| verdict.decision == Decision::Rejected) {
            Outcome::Rejected
        } else {
            Outcome::Nothing
        }
    }
}

/// Decides about every pipeline. Those that do not listen are in the roster alone, which all deliveries
/// share that meet the same pipelines.
pub(super) fn decide(catalog: &Catalog, arrival: &Arrival<'_>) -> Result<Decided, Long> {
    let mut decided = Decided { roster: Some(catalog.roster().clone()), ..Decided::default() };
    for entry in catalog.entries() {
        decide_entry(entry, arrival, &mut decided)?;
    }
    Ok(decided)
}

/// Decides about one pipeline: its first webhook resource whose filters hold starts it, once.
fn decide_entry(entry: &Entry, arrival: &Arrival<'_>, decided: &mut Decided) -> Result<(), Long> {
    let Some(pipeline) = &entry.serving else {
        if entry.listens_to(&arrival.connection.name) {
            let broken = Verdict { diagnostics: entry.reports.clone(), ..verdict(&entry.name, Decision::Rejected) };
            decided.verdicts.push(broken);
        }
        return Ok(());
    };
    let mut filtered = None;
    for listener in pipeline.listeners_of(&arrival.connection.name) {
        let selected = select(arrival.payload, &listener.wanted);
        let (holds, filters) =
            filter::evaluate(&listener.filters, &selected, arrival.headers, Some(arrival.connection));
        if holds {
            let mut verdict = start(pipeline, listener, selected, arrival, &mut decided.runs)?;
            verdict.filters = filters;
            if entry.is_broken() {
                verdict.diagnostics.extend(entry.reports.iter().cloned());
            }
            decided.verdicts.push(verdict);
            return Ok(());
        }
        filtered.get_or_insert_with(Vec::<FilterVerdict>::new).extend(filters);
    }
    if let Some(filters) = filtered {
        let diagnostics = if entry.is_broken() { entry.reports.clone() } else { Vec::new() };
        decided.verdicts.push(Verdict { filters, diagnostics, ..verdict(&pipeline.name, Decision::Filtered) });
    }
    Ok(())
}

/// Adds the run of a pipeline whose filters held: from its draft where the payload's texts fit, else
/// by expanding and validating it.
fn start(
    pipeline: &Pipeline,
    listener: &Listener,
    payload: Selected<'_>,
    arrival: &Arrival<'_>,
    runs: &mut Vec<NewRun>,
) -> Result<Verdict, Long> {
    let is_reading = arrival.thread == Thread::Reading;
    // A draft is made for text that stays data.
    let may_have_draft = arrival.connection.substitution.is_safe();
    if is_reading && may_have_draft && pipeline.has_no_draft_yet(listener) {
        return Err(Long);
    }
    let draft = if may_have_draft { pipeline.draft(listener) } else { None };
    let filled = draft.and_then(|draft: &Draft| Some((draft, draft.texts(&payload)?)));
    let Some((draft, values)) = filled else {
        if is_reading && !pipeline.effort.is_short() {
            return Err(Long);
        }
        let before = processor_time();
        let verdict = start_anew(pipeline, listener, payload, arrival, runs);
        pipeline.effort.note(processor_time().saturating_sub(before));
        return Ok(verdict);
    };
    let work = Work { form: draft.form.clone(), values };
    let id = add(pipeline, draft.name(arrival.received_at), work, arrival, runs);
    Ok(Verdict { run: Some(id), diagnostics: draft.reports.clone(), ..verdict(&pipeline.name, Decision::Queued) })
}

/// Returns how long a processor has worked for this thread: a thread that has to wait for one does no more.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// Expands and validates a pipeline for this delivery alone, and adds its run.
fn start_anew(
    pipeline: &Pipeline,
    listener: &Listener,
    payload: Selected<'_>,
    arrival: &Arrival<'_>,
    runs: &mut Vec<NewRun>,
) -> Verdict {
    let webhook = TriggeringWebhook {
        alias: &listener.resource.alias,
        payload,
        headers: arrival.headers,
        event: arrival.event,
        delivery: arrival.id.as_str(),
    };
    let trigger =
        Trigger { webhook: Some(webhook), substitution: arrival.connection.substitution, ..Trigger::default() };
    let mut diagnostics = Diagnostics::default();
    let prepared = prepare(pipeline, &trigger, &mut diagnostics);
    let diagnostics: Vec<Report> = diagnostics.without_notes().resolve(&pipeline.sources);
    let Some(prepared) = prepared else {
        return Verdict { diagnostics, ..verdict(&pipeline.name, Decision::Rejected) };
    };
    let work = Work { form: Arc::new(Form::of(&prepared.plan, &prepared.document)), values: Vec::new() };
    let id = add(pipeline, run::resolve(&prepared.plan, arrival.received_at), work, arrival, runs);
    Verdict { run: Some(id), diagnostics, ..verdict(&pipeline.name, Decision::Queued) }
}

/// Adds a run and returns its id.
fn add(pipeline: &Pipeline, name: RunName, work: Work, arrival: &Arrival<'_>, runs: &mut Vec<NewRun>) -> RunId {
    let id = (arrival.run_id)();
    runs.push(NewRun {
        id: id.clone(),
        pipeline: pipeline.name.clone(),
        name,
        queued_at: arrival.received_at,
        priority: arrival.connection.priority,
        work,
    });
    id
}

fn verdict(pipeline: &str, decision: Decision) -> Verdict {
    Verdict { pipeline: pipeline.to_owned(), decision, run: None, filters: Vec::new(), diagnostics: Vec::new() }
}
