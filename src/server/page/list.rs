//! Lists: runs, deliveries, pipelines, connections.

use super::page;
use super::view::{Moment, RunLine, printable};
use crate::diagnostic::{Style, render};
use crate::run::{RunResult, State};
use crate::server::api::{DeliveryParameters, RunParameters, ShownPipeline, seen_connections, shown_pipelines};
use crate::server::error::Failure;
use crate::server::{SeenConnection, Shared};
use crate::webhook::delivery::{Decision, Delivery, Outcome};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use jiff::Timestamp;

#[derive(Template)]
#[template(path = "runs.html", config = "src/server/page/askama.toml")]
struct Runs {
    word: String,
    filter: Filter,
    states: Vec<&'static str>,
    results: Vec<&'static str>,
    runs: Vec<RunLine>,
    next: Option<String>,
}

/// What the form of the list says.
#[derive(Default)]
struct Filter {
    pipeline: String,
    state: String,
    result: String,
    connection: String,
}

/// Shows runs, latest first.
pub(in crate::server) async fn runs(
    request: HttpRequest,
    parameters: web::Query<RunParameters>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Failure> {
    let parameters = parameters.into_inner();
    let said = |text: &Option<String>| text.clone().unwrap_or_default();
    let filter = Filter {
        pipeline: said(&parameters.pipeline),
        state: said(&parameters.state),
        result: said(&parameters.result),
        connection: said(&parameters.connection),
    };
    let query = parameters.query()?;
    let (limit, now) = (query.limit, shared.state.clock.now());
    let runs = shared.state.store.runs(query).await?;
    let last = runs.last().filter(|_| runs.len() == limit).map(|run| run.id.to_string());
    page(&Runs {
        word: shared.session.word().to_owned(),
        filter,
        states: [State::Queued, State::Running, State::Canceling, State::Completed].map(State::word).to_vec(),
        results: RunResult::ALL.map(RunResult::word).to_vec(),
        next: last.map(|last| next(&request, &last)),
        runs: runs.iter().map(|run| RunLine::new(run, now)).collect(),
    })
}

/// Returns the address of the next page.
fn next(request: &HttpRequest, last: &str) -> String {
    let kept = request.query_string().split('&').filter(|part| !part.is_empty() && !part.starts_with("before="));
    let query = kept.map(str::to_owned).chain([format!("before={last}")]).collect::<Vec<_>>().join("&");
    format!("{}?{query}", request.path())
}

#[derive(Template)]
#[template(path = "deliveries.html", config = "src/server/page/askama.toml")]
struct Deliveries {
    word: String,
    connection: String,
    outcome: String,
    outcomes: Vec<&'static str>,
    deliveries: Vec<DeliveryLine>,
    next: Option<String>,
}

/// A delivery in one line.
pub(super) struct DeliveryLine {
    pub(super) id: String,
    pub(super) connection: String,
    pub(super) received: Moment,
    pub(super) outcome: &'static str,
    pub(super) event: String,
    pub(super) size: u64,
    queued: usize,
    rejected: usize,
    filtered: usize,
}

impl DeliveryLine {
    pub(super) fn new(delivery: &Delivery, now: Timestamp) -> Self {
        let count = |decision| delivery.pipelines.iter().filter(|it| it.decision == decision).count();
        Self {
            id: delivery.id.to_string(),
            connection: delivery.connection.clone(),
            received: Moment::new(delivery.received_at, now),
            outcome: delivery.outcome.word(),
            event: delivery.event.as_deref().map(printable).unwrap_or_default(),
            size: delivery.size,
            queued: count(Decision::Queued),
            rejected: count(Decision::Rejected),
            filtered: count(Decision::Filtered),
        }
    }
}

/// Shows deliveries, latest first.
pub(in crate::server) async fn deliveries(
    request: HttpRequest,
    parameters: web::Query<DeliveryParameters>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Failure> {
    let parameters = parameters.into_inner();
    let (connection, outcome) = (parameters.connection.clone(), parameters.outcome.clone());
    let query = parameters.query()?;
    let (limit, now) = (query.limit, shared.state.clock.now());
    let deliveries = shared.state.store.deliveries(query).await?;
    let last = deliveries.last().filter(|_| deliveries.len() == limit).map(|delivery| delivery.id.to_string());
    page(&Deliveries {
        word: shared.session.word().to_owned(),
        connection: connection.unwrap_or_default(),
        outcome: outcome.unwrap_or_default(),
        outcomes: Outcome::ALL.map(Outcome::word).to_vec(),
        next: last.map(|last| next(&request, &last)),
        deliveries: deliveries.iter().map(|delivery| DeliveryLine::new(delivery, now)).collect(),
    })
}

#[derive(Template)]
#[template(path = "pipelines.html", config = "src/server/page/askama.toml")]
struct Pipelines {
    word: String,
    pipelines: Vec<PipelinePart>,
}

struct PipelinePart {
    name: String,
    state: &'static str,
    last: Option<RunLine>,
    paused: Option<Moment>,
    webhooks: Vec<crate::server::api::ShownWebhook>,
    reports: Vec<String>,
}

/// Shows every pipeline with what it listens to and what is wrong with it.
pub(in crate::server) async fn pipelines(shared: web::Data<Shared>) -> Result<HttpResponse, Failure> {
    let now = shared.state.clock.now();
    let part = |it: ShownPipeline| PipelinePart {
        paused: it.paused_since.map(|since| Moment::new(since, now)),
        last: it.last_run.as_ref().map(|run| RunLine::new(run, now)),
        reports: it.diagnostics.iter().map(|report| render(report, Style::Plain)).collect(),
        name: it.name,
        state: it.state,
        webhooks: it.webhooks,
    };
    page(&Pipelines {
        word: shared.session.word().to_owned(),
        pipelines: shown_pipelines(&shared).await?.into_iter().map(part).collect(),
    })
}

#[derive(Template)]
#[template(path = "connections.html", config = "src/server/page/askama.toml")]
struct Connections {
    word: String,
    connections: Vec<ConnectionLine>,
}

struct ConnectionLine {
    name: String,
    webhook: String,
    scheme: String,
    enabled: bool,
    paused: Option<Moment>,
    secrets: String,
    deliveries: u64,
    last: Option<Moment>,
    refusals: u64,
    last_refusal: Option<Moment>,
    refusal: String,
    secret_list: Vec<SecretLine>,
}

struct SecretLine {
    name: String,
    told: String,
}

impl ConnectionLine {
    fn new(seen: SeenConnection, now: Timestamp) -> Self {
        let connection = seen.connection;
        let secret = |secret: &crate::server::OpenSecret| {
            let state = match (secret.live, secret.until) {
                (true, None) => "live".to_owned(),
                (true, Some(end)) => format!("live until {end:.0}"),
                (false, _) => "ended".to_owned(),
            };
            let last = secret.last_use(|at| crate::server::moment::ago(at, now));
            SecretLine { name: secret.name.clone(), told: format!("{state}, last used: {last}") }
        };
        let secret_list = connection.changing_secrets().iter().map(secret).collect();
        Self {
            name: connection.name,
            webhook: connection.webhook,
            scheme: connection.scheme,
            enabled: connection.enabled,
            paused: seen.paused_since.map(|since| Moment::new(since, now)),
            secrets: connection.secrets.map_or_else(|| "none asked".to_owned(), |secrets| secrets.to_string()),
            deliveries: seen.deliveries,
            last: seen.last_delivery.map(|at| Moment::new(at, now)),
            refusals: seen.refusals,
            last_refusal: seen.last_refusal.map(|at| Moment::new(at, now)),
            refusal: seen.last_refusal_reason.as_deref().map(printable).unwrap_or_default(),
            secret_list,
        }
    }
}

/// Shows the configured connections with what was seen of each.
pub(in crate::server) async fn connections(shared: web::Data<Shared>) -> Result<HttpResponse, Failure> {
    let now = shared.state.clock.now();
    let seen = seen_connections(&shared).await?;
    page(&Connections {
        word: shared.session.word().to_owned(),
        connections: seen.into_iter().map(|it| ConnectionLine::new(it, now)).collect(),
    })
}
