//! Live events: what happens to a run, and that something happened at all, as server-sent events.
//!
//! | event | data | when |
//! |---|---|---|
//! | `run` | the run as the API shows it | first, and whenever something of it changed |
//! | `log` | a job's id and lines; its `id:` is where to go on | lines came |
//! | `end` | state and result | the run is completed and all was sent; the stream ends |
//! | `change` | nothing | some run changed (the stream of all) |
//!
//! A stream ends when its reader goes, which a heartbeat finds out, and when the server stops.

use super::error::Failure;
use super::position::Positions;
use super::{Shared, api, page};
use crate::files::{LogLine, LogPiece};
use crate::id::RunId;
use crate::run::State;
use crate::server::api::flag;
use crate::store::{JobDetail, LogEnd, RunDetail};
use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

/// How many streams there are at once; further ones are asked to come again.
pub(super) const STREAMS_MAX: usize = 128;
/// After how many seconds they may.
const RETRY_AFTER: u64 = 5;
/// How many events wait to be sent.
const EVENTS_WAITING: usize = 2;
/// How often is looked for lines and for what other processes did.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long to wait at least between two looks: changes come in crowds.
const PAUSE: Duration = Duration::from_millis(150);
/// After how long without an event something is sent, so that nobody between takes the stream for
/// dead, and one whose reader has gone is noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// After how many milliseconds a browser comes again that lost the stream.
const COME_AGAIN_MILLISECONDS: u32 = 2_000;

/// How events of a run are told.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    /// Where to go on, for readers that can't say it by `Last-Event-ID`.
    after: Option<String>,
    /// Whether lines are told as the page shows them.
    html: Option<String>,
}

/// Tells what happens to a run, until it is completed.
pub(super) async fn of_run(
    request: HttpRequest,
    id: web::Path<String>,
    parameters: web::Query<Parameters>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Failure> {
    let parameters = parameters.into_inner();
    let run = api::find(&shared, &id).await?.run.id;
    let last = request.headers().get("last-event-id").and_then(|value| value.to_str().ok());
    let positions = Positions::parse(last.or(parameters.after.as_deref()).unwrap_or_default());
    let style = if flag(parameters.html, "html")? { Style::Page } else { Style::Plain };
    stream(&shared, move |shared, teller| async move {
        follow(&shared, &run, positions, style, teller).await;
    })
}

/// Tells that something changed, for pages that show lists.
pub(super) async fn of_all(
    _: web::Query<api::NoParameters>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Failure> {
    stream(&shared, |shared, teller| async move { watch(&shared, teller).await })
}

/// How lines are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Page,
}

/// Why a stream ends: nobody reads it.
struct Gone;

/// The one end of a stream.
struct Teller {
    events: mpsc::Sender<Bytes>,
    told_at: Instant,
}

impl Teller {
    async fn tell(&mut self, event: &str, id: Option<&str>, data: &str) -> Result<(), Gone> {
        let id = id.map_or_else(String::new, |id| format!("id: {id}\n"));
        // JSON has no line breaks of its own, so that one line of data is all of it.
        self.send(format!("event: {event}\n{id}data: {data}\n\n")).await
    }

    async fn heartbeat(&mut self) -> Result<(), Gone> {
        match self.told_at.elapsed() >= HEARTBEAT {
            true => self.send(": still here\n\n".to_owned()).await,
            false => Ok(()),
        }
    }

    async fn send(&mut self, text: String) -> Result<(), Gone> {
        self.told_at = Instant::now();
        self.events.send(text.into()).await.map_err(|_| Gone)
    }
}

/// The other end: the body of the answer.
struct Body(mpsc::Receiver<Bytes>);

impl MessageBody for Body {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        self.0.poll_recv(context).map(|event| event.map(Ok))
    }
}

/// Answers with a stream that a task fills, which ends with the server.
fn stream<F: Future<Output = ()> + 'static>(
    shared: &Shared,
    fill: impl FnOnce(Shared, Teller) -> F,
) -> Result<HttpResponse, Failure> {
    let busy = Failure::Unavailable { retry_after: RETRY_AFTER };
    let turn = shared.streams.clone().try_acquire_owned().map_err(|_| busy)?;
    let (events, body) = mpsc::channel(EVENTS_WAITING);
    let told_at = Instant::now();
    let filling = fill(shared.clone(), Teller { events: events.clone(), told_at });
    let mut stopping = shared.stopping.clone();
    actix_web::rt::spawn(async move {
        let first = format!("retry: {COME_AGAIN_MILLISECONDS}\n\n");
        // Nobody reads where this fails, and the rest finds that out as well.
        let _ = events.send(first.into()).await;
        tokio::select! {
            () = filling => {}
            () = events.closed() => {}
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
        drop(turn);
    });
    Ok(HttpResponse::Ok().content_type("text/event-stream").body(Body(body)))
}

/// Tells all there is about a run until it is completed, or until nobody reads.
async fn follow(shared: &Shared, id: &RunId, mut positions: Positions, style: Style, mut teller: Teller) {
    let mut changes = shared.state.store.changes();
    let mut told = String::new();
    loop {
        changes.mark_unchanged();
        // The state is asked before the logs are read: what a completed run printed is all there.
        match shared.state.store.run(id).await {
            Ok(Some(run)) => match tell_news(shared, &run, &mut positions, style, &mut told, &mut teller).await {
                Ok(State::Completed) | Err(Gone) => return,
                Ok(_) => {}
            },
            Ok(None) => return,
            Err(error) => tracing::warn!(%error, run = %id, "a run can't be followed at the moment"),
        }
        if teller.heartbeat().await.is_err() {
            return;
        }
        sleep(PAUSE).await;
        tokio::select! {
            _ = changes.changed() => {}
            () = sleep(LOOK_EVERY) => {}
        }
    }
}

/// Tells what is new about a run, and returns its state.
async fn tell_news(
    shared: &Shared,
    run: &RunDetail,
    positions: &mut Positions,
    style: Style,
    told: &mut String,
    teller: &mut Teller,
) -> Result<State, Gone> {
    let text = json!(run).to_string();
    if *told != text {
        teller.tell("run", None, &text).await?;
        *told = text;
    }
    for job in run.stages.iter().flat_map(|stage| &stage.jobs) {
        tell_lines(shared, run, job, positions, style, teller).await?;
    }
    if run.run.state == State::Completed {
        let end = json!({ "state": run.run.state, "result": run.run.result }).to_string();
        teller.tell("end", Some(&positions.text()), &end).await?;
    }
    Ok(run.run.state)
}

/// Tells what a job has printed since the last time.
async fn tell_lines(
    shared: &Shared,
    run: &RunDetail,
    job: &JobDetail,
    positions: &mut Positions,
    style: Style,
    teller: &mut Teller,
) -> Result<(), Gone> {
    if job.state == State::Queued || positions.has_ended(job) {
        return Ok(());
    }
    let mut end = LogEnd::default();
    loop {
        let piece = match read(shared, run, job, positions.offset(job)).await {
            Ok(piece) => piece,
            Err(error) => {
                tracing::warn!(%error, job = %job.id, "a log can't be followed at the moment");
                return Ok(());
            }
        };
        positions.advance(job, piece.offset);
        let is_end = piece.lines.is_empty();
        if is_end && job.state == State::Completed {
            positions.end(job);
        }
        let lines = end.piece(job, piece);
        if !lines.is_empty() {
            let shown: Vec<Value> = match style {
                Style::Plain => lines.iter().map(plain).collect(),
                Style::Page => page::log_lines(&lines),
            };
            let data = json!({ "job": job.id, "lines": shown }).to_string();
            teller.tell("log", Some(&positions.text()), &data).await?;
        }
        if is_end {
            return Ok(());
        }
    }
}

fn plain(line: &LogLine) -> Value {
    json!({ "step": line.step, "at": line.at, "text": line.text })
}

/// Returns the next lines of a job's log from a place on.
pub(super) async fn read(shared: &Shared, run: &RunDetail, job: &JobDetail, offset: u64) -> io::Result<LogPiece> {
    let mut reader = shared.state.logs.reader(&run.run.id, &job.id)?;
    let reading = tokio::task::spawn_blocking(move || {
        reader.seek(offset);
        reader.piece()
    });
    reading.await.map_err(io::Error::other)?
}

/// Tells that something changed, whenever it did.
async fn watch(shared: &Shared, mut teller: Teller) {
    let mut changes = shared.state.store.changes();
    loop {
        let is_changed = tokio::select! {
            changed = changes.changed() => changed.is_ok(),
            () = sleep(HEARTBEAT) => false,
        };
        let told = if is_changed { teller.tell("change", None, "{}").await } else { teller.heartbeat().await };
        if told.is_err() {
            return;
        }
        // A page that shows lists need not be faster than its reader.
        sleep(LOOK_EVERY).await;
    }
}
