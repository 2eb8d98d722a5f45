//! What is wrong with one pipeline.

use super::super::deliveries::show::{self, uses};
use super::sender;
use crate::catalog::{self, Library, Listener, Pipeline, Trigger, TriggeringWebhook, prepare};
use crate::config::Config;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Report, SourceMap, shown};
use crate::pipeline::Trail;
use crate::shell::Substitution;
use crate::template::TemplateKind;
use crate::webhook::filter;
use crate::webhook::payload::Payload;
use crate::webhook::select::{Selected, select};
use std::path::{Path, PathBuf};

/// The id of a delivery that is none.
const DELIVERY: &str = "dlv_00000000000000000000000000000000";

/// What came of checking a pipeline.
pub(super) struct Checked {
    pub(super) reports: Vec<Report>,
    /// With a payload: which filters hold, and where its text would go. For people.
    pub(super) trail: String,
    /// The files that it names as templates.
    pub(super) included: Vec<(PathBuf, TemplateKind)>,
    /// Whether a delivery can start it.
    pub(super) listens: bool,
}

impl Checked {
    pub(super) fn unreadable(what: &str, file: &Path, cause: &std::io::Error) -> Self {
        let title = format!("the {what} {} can't be read: {cause}", file.display());
        let report = Diagnostic::without_place(Code::UnreadableFile, title).resolve(&SourceMap::default());
        Self { reports: vec![report], trail: String::new(), included: Vec::new(), listens: false }
    }
}

/// Returns everything that is wrong with a pipeline; with a payload, also with its expansion, and
/// with a configuration, also what its connections say of it.
pub(super) fn check(file: &Path, library: &Library, payload: Option<&Payload<'_>>, config: Option<&Config>) -> Checked {
    let (pipeline, mut diagnostics) = match catalog::load_file(file, library) {
        Ok(loaded) => loaded,
        Err(cause) => return Checked::unreadable("pipeline", file, &cause),
    };
    if let Some(config) = config {
        sender::filters(config, &pipeline, &mut diagnostics);
        sender::conditions(config, &pipeline, &mut diagnostics);
    }
    let substitution = |connection: &str| config.map_or_else(Substitution::default, |it| it.substitution(connection));
    let had_errors = diagnostics.has_errors();
    let mut trail = String::new();
    match payload.filter(|_| !pipeline.listeners.is_empty()) {
        Some(payload) if !had_errors => {
            trail = with_payload(&pipeline, payload, &substitution, &mut diagnostics);
        }
        _ => catalog::add_sure_mistakes(&pipeline, &mut diagnostics),
    }
    foreseen(&pipeline, &substitution, &mut diagnostics);
    Checked {
        included: pipeline.included().collect(),
        listens: !pipeline.listeners.is_empty(),
        reports: diagnostics.resolve(&pipeline.sources),
        trail,
    }
}

/// Reports the places of scripts that take no payload text, whatever is posted.
fn foreseen(pipeline: &Pipeline, substitution: &dyn Fn(&str) -> Substitution, diagnostics: &mut Diagnostics) {
    let mut found = Diagnostics::default();
    let mut told = Vec::new();
    for listener in &pipeline.listeners {
        let substitution = substitution(&listener.resource.connection);
        if !told.contains(&substitution) {
            pipeline.scripts.report(substitution, &mut found);
            told.push(substitution);
        }
    }
    for diagnostic in found {
        if !diagnostics.iter().any(|known| *known == diagnostic) {
            diagnostics.push(diagnostic);
        }
    }
}

/// Expands with a payload for each webhook resource, and returns what would become of it.
fn with_payload(
    pipeline: &Pipeline,
    payload: &Payload<'_>,
    substitution: &dyn Fn(&str) -> Substitution,
    diagnostics: &mut Diagnostics,
) -> String {
    let mut text = String::new();
    for listener in &pipeline.listeners {
        let selected = select(payload, &listener.wanted);
        text.push_str(&filters(&pipeline.name, listener, &selected));
        let webhook = TriggeringWebhook {
            alias: &listener.resource.alias,
            payload: selected,
            headers: &[],
            event: None,
            delivery: DELIVERY,
        };
        let substitution = substitution(&listener.resource.connection);
        let trigger = Trigger { webhook: Some(webhook), substitution, ..Trigger::default() };
        if let Some(prepared) = prepare(pipeline, &trigger, diagnostics) {
            text.push_str(&uses(&Trail::of(&prepared.document, &pipeline.sources, substitution)));
        }
    }
    text
}

/// Says which filters of a webhook resource hold.
fn filters(pipeline: &str, listener: &Listener, payload: &Selected<'_>) -> String {
    let (holds, verdicts) = filter::evaluate(&listener.filters, payload, &[]);
    let starts = if holds { "starts" } else { "does not start" };
    let mut text =
        format!("pipeline {} {starts} by the webhook {}\n", shown(pipeline), shown(&listener.resource.alias));
    text.extend(verdicts.iter().map(|verdict| format!("  {}\n", show::filter(verdict))));
    text
}
