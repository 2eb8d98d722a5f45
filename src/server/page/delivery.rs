//! One delivery with the why, and posting it again.

use super::indent::indented;
use super::list::DeliveryLine;
use super::view::printable;
use super::{page, see};
use crate::diagnostic::{Style, render};
use crate::intake::{Force, KeyTold};
use crate::server::Shared;
use crate::server::admin::Fields;
use crate::server::api::{known_delivery, replay_of};
use crate::server::error::Failure;
use crate::store::DeliveryDetail;
use crate::webhook::delivery::{FilterVerdict, Outcome, Verdict};
use actix_web::{HttpResponse, web};
use askama::Template;

/// The most bytes of a body that are shown.
const BODY_SHOWN_MAX: usize = 64 * 1024;

#[derive(Template)]
#[template(path = "delivery.html", config = "src/server/page/askama.toml")]
struct Page {
    word: String,
    it: DeliveryLine,
    links: Vec<(&'static str, String)>,
    reason: String,
    /// Why a second delivery of the same would not be known again.
    unkeyed: Option<String>,
    /// By what a repeat was known.
    known_by: Option<String>,
    may_replay: bool,
    pipelines: Vec<PipelinePart>,
    /// The names of those that do not listen.
    silent: Vec<String>,
    headers: Vec<(String, String)>,
    body: Option<Body>,
}

struct PipelinePart {
    name: String,
    decision: &'static str,
    run: Option<String>,
    filters: Vec<FilterLine>,
    reports: Vec<String>,
}

struct FilterLine {
    path: String,
    wanted: String,
    found: String,
    holds: bool,
}

struct Body {
    text: String,
    is_cut: bool,
}

impl Body {
    /// Returns the beginning of a body, indented where it is JSON and not long.
    fn new(bytes: &[u8]) -> Self {
        let is_cut = bytes.len() > BODY_SHOWN_MAX;
        let kept = &bytes[..bytes.len().min(BODY_SHOWN_MAX)];
        let plain = String::from_utf8_lossy(kept);
        Self { text: printable(&indented(&plain).unwrap_or_else(|| plain.into_owned())), is_cut }
    }
}

impl PipelinePart {
    fn new(verdict: &Verdict) -> Self {
        Self {
            name: verdict.pipeline.clone(),
            decision: verdict.decision.word(),
            run: verdict.run.as_ref().map(ToString::to_string),
            filters: verdict.filters.iter().map(FilterLine::new).collect(),
            reports: verdict.diagnostics.iter().map(|report| render(report, Style::Plain)).collect(),
        }
    }
}

impl FilterLine {
    fn new(filter: &FilterVerdict) -> Self {
        let found = filter.found.as_deref().or(filter.reason.as_deref()).unwrap_or("no text there");
        Self {
            path: printable(&filter.path),
            wanted: printable(&filter.wanted),
            found: printable(found),
            holds: filter.holds,
        }
    }
}

/// Shows one delivery.
pub(in crate::server) async fn show(id: web::Path<String>, shared: web::Data<Shared>) -> Result<HttpResponse, Failure> {
    let detail = known_delivery(&shared, &id).await?;
    let delivery = &detail.delivery;
    let links = [("Repeat of", &delivery.repeat_of), ("Replay of", &delivery.replay_of)];
    let key = shared.state.intake.repeat_key(&detail);
    let key = key.as_ref();
    page(&Page {
        word: shared.session.word().to_owned(),
        it: DeliveryLine::new(delivery, shared.state.clock.now()),
        links: links.into_iter().filter_map(|(name, id)| Some((name, id.as_ref()?.to_string()))).collect(),
        reason: reason(&detail),
        unkeyed: key.and_then(KeyTold::none).map(printable),
        known_by: key.and_then(KeyTold::known).map(printable),
        may_replay: delivery.outcome != Outcome::Refused && delivery.reason.is_none(),
        pipelines: delivery.pipelines.iter().filter(|it| !it.is_silent()).map(PipelinePart::new).collect(),
        silent: delivery.pipelines.iter().filter(|it| it.is_silent()).map(|it| printable(&it.pipeline)).collect(),
        headers: delivery.headers.iter().map(|(name, value)| (printable(name), printable(value))).collect(),
        body: detail.body.as_deref().map(Body::new),
    })
}

/// Says why nothing came of a delivery, where no pipeline says it.
fn reason(detail: &DeliveryDetail) -> String {
    let delivery = &detail.delivery;
    let told = detail.refusal.as_deref().or(delivery.reason.as_deref());
    match (told, delivery.outcome) {
        (Some(told), _) => printable(told),
        (None, Outcome::Nothing) if delivery.pipelines.is_empty() => "there was no pipeline".to_owned(),
        (None, _) => String::new(),
    }
}

/// Posts a delivery again and shows the new one.
pub(in crate::server) async fn replay(
    id: web::Path<String>,
    fields: Fields,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Failure> {
    let force = if fields.get("force").is_some() { Force::Yes } else { Force::No };
    let (_, admission) = replay_of(&shared, &id, force).await?;
    Ok(see(&format!("/deliveries/{}", admission.delivery)))
}
