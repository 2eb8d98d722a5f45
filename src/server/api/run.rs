//! Runs, their logs, and what steers them.

use super::page;
use super::parameter::{AnswerParameters, NoParameters, RerunParameters, RunParameters};
use crate::run::State;
use crate::server::Shared;
use crate::server::error::Failure;
use crate::server::log::LogBody;
use crate::store::{Answer, Answered, Approval, QueuedRun, Reran, RerunScope, RunDetail};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

/// Who answers by the API.
const BY_API: &str = "api";
/// The most bytes of a name by which a run may be asked for: `<pipeline>#<number>`.
const REFERENCE_MAX: usize = 512;

/// Returns runs, latest first.
pub(in crate::server) async fn runs(
    request: HttpRequest,
    parameters: web::Query<RunParameters>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Failure> {
    let query = parameters.into_inner().query()?;
    let limit = query.limit;
    let runs = shared.state.store.runs(query).await?;
    Ok(page(&request, &runs, limit, runs.last().map(|run| run.id.to_string())))
}

/// Returns one run with its stages, jobs and steps.
pub(in crate::server) async fn run(
    id: web::Path<String>,
    _: web::Query<NoParameters>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Failure> {
    Ok(HttpResponse::Ok().json(find(&shared, &id).await?))
}

/// Returns the expanded document of a run as YAML.
pub(in crate::server) async fn expanded(
    id: web::Path<String>,
    _: web::Query<NoParameters>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Failure> {
    let run = find(&shared, &id).await?.run;
    let document = shared.state.store.expanded(&run.id).await?.ok_or(Failure::Unknown("run"))?;
    Ok(HttpResponse::Ok().content_type("application/yaml").body(document))
}

/// Returns a run's log as text.
pub(in crate::server) async fn logs(
    id: web::Path<String>,
    _: web::Query<NoParameters>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Failure> {
    let run = find(&shared, &id).await?;
    let id = run.run.id.clone();
    let body = LogBody::new(&shared.state.logs, run).map_err(|error| {
        tracing::error!(%error, run = %id, "a log could not be read");
        Failure::Unavailable { retry_after: 1 }
    })?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(body))
}

/// Asks a run to stop, and says how far it is.
pub(in crate::server) async fn cancel(
    id: web::Path<String>,
    _: web::Query<NoParameters>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Failure> {
    let run = find(&shared, &id).await?.run;
    if run.state != State::Completed {
        shared.state.store.cancel(&run.id).await?;
    }
    Ok(HttpResponse::Ok().json(find(&shared, run.id.as_str()).await?.run))
}

/// Starts a completed run again.
pub(in crate::server) async fn rerun(
    id: web::Path<String>,
    parameters: web::Query<RerunParameters>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Failure> {
    let former = find(&shared, &id).await?.run.id;
    let run = queue_again(&shared, &former, parameters.into_inner().scope()?).await?;
    Ok(HttpResponse::Ok().json(json!({
        "id": run.id, "pipeline": run.pipeline, "number": run.number, "name": run.name, "rerun_of": former,
    })))
}

/// Queues a run again.
pub(in crate::server) async fn queue_again(
    shared: &Shared,
    former: &crate::id::RunId,
    scope: RerunScope,
) -> Result<QueuedRun, Failure> {
    match shared.state.intake.rerun(former, scope).await? {
        Reran::Queued(run) => Ok(run),
        Reran::Unknown => Err(Failure::Unknown("run")),
        Reran::Unfinished => Err(Failure::Conflict("the run has not ended".to_owned())),
        Reran::NothingFailed => Err(Failure::Conflict("no job of the run failed or was canceled".to_owned())),
    }
}

/// Lets a run go on that waits for a person.
pub(in crate::server) async fn approve(
    id: web::Path<String>,
    parameters: web::Query<AnswerParameters>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Failure> {
    answer(&shared, &id, &parameters, (Approval::Approved, BY_API)).await.map(|answer| HttpResponse::Ok().json(answer))
}

/// Fails the step of a run that waits for a person.
pub(in crate::server) async fn reject(
    id: web::Path<String>,
    parameters: web::Query<AnswerParameters>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Failure> {
    answer(&shared, &id, &parameters, (Approval::Rejected, BY_API)).await.map(|answer| HttpResponse::Ok().json(answer))
}

/// Answers the one question that is meant.
pub(in crate::server) async fn answer(
    shared: &Shared,
    run: &str,
    parameters: &AnswerParameters,
    (verdict, by): (Approval, &str),
) -> Result<Answer, Failure> {
    let run = find(shared, run).await?;
    let pending = run.pending(parameters.job.as_deref(), parameters.step.as_deref());
    let [asking] = pending.as_slice() else {
        return Err(Failure::Conflict(match pending.is_empty() {
            true => "no step of the run that is meant waits for an approval".to_owned(),
            false => "several steps wait for an approval: name one by job and step".to_owned(),
        }));
    };
    let answer = Answer::new(verdict, by, shared.state.clock.now(), parameters.comment.as_deref());
    match shared.state.store.answer(&asking.asking(), answer.clone()).await? {
        Answered::Taken => Ok(answer),
        Answered::NotAsked => Err(Failure::Conflict("the step does not wait any more".to_owned())),
        Answered::Already(first) => {
            Err(Failure::Conflict(format!("{} had answered before: {}", first.by, first.verdict.word())))
        }
    }
}

/// Returns the run that an id, a unique beginning of one, or `<pipeline>#<number>` names.
pub(in crate::server) async fn find(shared: &Shared, reference: &str) -> Result<RunDetail, Failure> {
    if reference.len() > REFERENCE_MAX {
        return Err(Failure::Unknown("run"));
    }
    let found = shared.state.store.find_runs(reference).await?;
    match found.as_slice() {
        [] => Err(Failure::Unknown("run")),
        [id] => shared.state.store.run(id).await?.ok_or(Failure::Unknown("run")),
        _ => Err(Failure::Conflict("more than one run begins so".to_owned())),
    }
}
