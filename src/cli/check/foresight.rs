//! `pipehook check --payload`: what a delivery would come to, told before anything is posted, as
//! `deliveries show` tells it after.

use super::super::deliveries::show;
use super::super::expansion::{DELIVERY, connection_of, kept, used};
use super::super::failure::Failure;
use crate::catalog::{Listener, Pipeline, Trigger, TriggeringWebhook, expand_told, prepare};
use crate::config::Config;
use crate::diagnostic::{Diagnostic, Diagnostics, shown};
use crate::pipeline::Trail;
use crate::taint::Origin;
use crate::webhook::delivery::{FilterVerdict, Header};
use crate::webhook::filter;
use crate::webhook::payload::Payload;
use crate::webhook::select::select;
use serde::Serialize;

/// A delivery that nobody has posted.
pub(super) struct Given<'g> {
    pub(super) payload: Payload<'g>,
    pub(super) headers: &'g [Header],
    /// The alias of the webhook resources that it is for; all of them, if none is named.
    pub(super) webhook: Option<&'g str>,
}

/// What would become of a delivery by one webhook resource of one pipeline.
#[derive(Debug, Default, Serialize)]
pub(super) struct Foreseen {
    pipeline: String,
    /// The alias of the webhook resource.
    webhook: String,
    /// Whether all filters hold. Of a file that can't be used none is looked at, and whatever comes for it is rejected.
    starts: bool,
    filters: Vec<FilterVerdict>,
    /// Whether it would be rejected: the reports say why.
    rejected: bool,
    /// Where the payload's text would go, and what it would decide. Of a run that would be rejected as far as it
    /// comes.
    expansion: Option<Trail>,
}

impl Given<'_> {
    /// Says whether the delivery may be for a webhook resource of a pipeline.
    pub(super) fn is_for(&self, pipeline: &Pipeline) -> bool {
        pipeline.listeners.iter().any(|listener| self.is_for_resource(listener))
    }

    fn is_for_resource(&self, listener: &Listener) -> bool {
        self.webhook.is_none_or(|alias| listener.resource.alias.eq_ignore_ascii_case(alias))
    }

    /// Expands a pipeline with the delivery, for each webhook resource that it may be for.
    pub(super) fn foresee(
        &self,
        pipeline: &Pipeline,
        config: Option<&Config>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Vec<Foreseen>, Failure> {
        let of_file = diagnostics.clone();
        let mut outcomes = Vec::new();
        for listener in pipeline.listeners.iter().filter(|listener| self.is_for_resource(listener)) {
            let mut own = of_file.clone();
            outcomes.push(self.by(listener, pipeline, config, &mut own)?);
            let is_news = |it: &Diagnostic| !diagnostics.iter().any(|known| known == it);
            let news: Vec<Diagnostic> = own.into_iter().filter(is_news).collect();
            news.into_iter().for_each(|mistake| diagnostics.push(mistake));
        }
        Ok(outcomes)
    }

    fn by(
        &self,
        listener: &Listener,
        pipeline: &Pipeline,
        config: Option<&Config>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Foreseen, Failure> {
        let used = used(config, listener, &self.payload)?;
        let (headers, event) = kept(config, listener, &used, self.headers)?;
        let payload = select(&used, &listener.wanted);
        let (starts, filters) =
            filter::evaluate(&listener.filters, &payload, &headers, connection_of(config, listener));
        let webhook = TriggeringWebhook {
            alias: &listener.resource.alias,
            payload,
            headers: &headers,
            event: event.as_deref(),
            delivery: DELIVERY,
        };
        let connection = &listener.resource.connection;
        let substitution = config.map(|config| config.substitution(connection)).unwrap_or_default();
        let trigger = Trigger { webhook: Some(webhook), substitution, ..Trigger::default() };
        // What a filter keeps out is not rejected, whatever an expansion would find.
        let mut unheard = Diagnostics::default();
        let prepared = prepare(pipeline, &trigger, if starts { diagnostics } else { &mut unheard });
        let expansion = (starts || prepared.is_some()).then(|| {
            let (document, decided) = expand_told(pipeline, &trigger);
            let document = prepared.as_ref().map_or(&document, |prepared| &prepared.document);
            let payload = |origin: &Origin| trigger.webhook.as_ref()?.missing(origin);
            Trail::of(document, &decided, &pipeline.sources, substitution, &payload)
        });
        Ok(Foreseen {
            pipeline: pipeline.name.clone(),
            webhook: listener.resource.alias.clone(),
            starts,
            filters,
            rejected: starts && prepared.is_none(),
            expansion,
        })
    }
}

impl Foreseen {
    /// Becomes what is known of a file that can't be used: that a delivery for it is rejected.
    pub(super) fn be_unusable(&mut self) {
        *self = Self { starts: false, filters: Vec::new(), rejected: true, expansion: None, ..std::mem::take(self) };
    }

    /// Says whether all filters hold.
    pub(super) fn starts(&self) -> bool {
        self.starts
    }

    /// Returns it for people.
    pub(super) fn text(&self) -> String {
        let starts = match (self.starts, self.rejected) {
            (true, _) => "starts",
            (false, true) => "can't be used: it does not start",
            (false, false) => "does not start",
        };
        let rejected = if self.rejected { ", and the run is rejected" } else { "" };
        let (pipeline, webhook) = (shown(&self.pipeline), shown(&self.webhook));
        let mut text = format!("pipeline {pipeline} {starts} by the webhook {webhook}{rejected}\n");
        text.extend(self.filters.iter().map(|verdict| format!("  {}\n", show::filter(verdict))));
        text.extend(self.expansion.iter().map(show::uses));
        text
    }
}
