//! The API as an OpenAPI document: one table of operations, and the shapes beside it.
//!
//! A test holds that every route of the API stands in the table.

use super::parameter::{LIMIT_DEFAULT, LIMIT_MAX, NoParameters};
use actix_web::{HttpResponse, web};
use serde_json::{Map, Value, json};

/// The shapes that answers have.
const SCHEMAS: &str = include_str!("schema.json");

/// One method of one path.
struct Operation {
    path: &'static str,
    method: &'static str,
    /// Its name.
    id: &'static str,
    summary: &'static str,
    parameters: &'static [Parameter],
    answer: Answer,
    /// What it may answer besides, of the statuses in [`FAILURES`] that not every one may.
    failures: &'static [&'static str],
}

/// A parameter of the query.
struct Parameter {
    name: &'static str,
    about: &'static str,
    kind: Kind,
}

enum Kind {
    Text,
    Flag,
    Limit,
    OneOf(&'static [&'static str]),
}

/// What a good answer is.
enum Answer {
    One(&'static str),
    List(&'static str),
    Text(&'static str),
}

/// Statuses of answers that are none, all of one shape.
const FAILURES: [(&str, &str); 7] = [
    ("400", "The request can't be understood"),
    ("401", "The token is missing or wrong"),
    ("403", "The request was made for another host, or by a page of somebody else"),
    ("404", "There is no such thing"),
    ("405", "The path does not take this method"),
    ("409", "Something stands against it"),
    ("503", "Not possible at the moment"),
];

const STATES: &[&str] = &["queued", "running", "canceling", "completed"];
const RESULTS: &[&str] = &["succeeded", "succeededWithIssues", "failed", "canceled", "skipped"];
const OUTCOMES: &[&str] = &["queued", "rejected", "nothing", "repeat", "refused"];

const fn text(name: &'static str, about: &'static str) -> Parameter {
    Parameter { name, about, kind: Kind::Text }
}

const fn one_of(name: &'static str, about: &'static str, words: &'static [&'static str]) -> Parameter {
    Parameter { name, about, kind: Kind::OneOf(words) }
}

const fn flag(name: &'static str, about: &'static str) -> Parameter {
    Parameter { name, about, kind: Kind::Flag }
}

const LIMIT: Parameter = Parameter { name: "limit", about: "How many at the most", kind: Kind::Limit };
const BEFORE: Parameter = text("before", "Only what is older than the one with this id: the next page");
const CONNECTION: Parameter = text("connection", "Only what a delivery to this connection started");
const JOB: Parameter = text("job", "The job that asks, where several do: its name, with its leg, or its id");
const STEP: Parameter = text("step", "The step that asks, where several do");
const COMMENT: Parameter = text("comment", "What is noted beside the answer");

const ONE: &[&str] = &["404", "409"];

const OPERATIONS: &[Operation] = &[
    Operation {
        path: "/api/v1/runs",
        method: "get",
        id: "listRuns",
        summary: "Runs, latest first. A `Link` header leads to the next page",
        parameters: &[
            text("pipeline", "Only runs of this pipeline"),
            one_of("state", "Only runs in this state", STATES),
            one_of("result", "Only runs with this result", RESULTS),
            CONNECTION,
            text("delivery", "Only runs that this delivery started"),
            BEFORE,
            LIMIT,
        ],
        answer: Answer::List("Run"),
        failures: &[],
    },
    Operation {
        path: "/api/v1/runs/{id}",
        method: "get",
        id: "showRun",
        summary: "A run with its stages, jobs and steps. The id may be a unique beginning of one, or `pipeline#number`",
        parameters: &[],
        answer: Answer::One("RunDetail"),
        failures: ONE,
    },
    Operation {
        path: "/api/v1/runs/{id}/expanded",
        method: "get",
        id: "showExpanded",
        summary: "The expanded document of a run",
        parameters: &[],
        answer: Answer::Text("application/yaml"),
        failures: ONE,
    },
    Operation {
        path: "/api/v1/runs/{id}/logs",
        method: "get",
        id: "showLogs",
        summary: "What a run printed, job by job",
        parameters: &[],
        answer: Answer::Text("text/plain"),
        failures: ONE,
    },
    Operation {
        path: "/api/v1/runs/{id}/events",
        method: "get",
        id: "followRun",
        summary: "Server-sent events: `run` (the run, whenever something of it changed), `log` (a job's id and lines of \
                  `step`, `at`, `text`) and `end` (state and result), after which the stream is closed. With the header \
                  `Last-Event-ID` of a `log` event the lines go on behind it",
        parameters: &[
            text("after", "The same as `Last-Event-ID`, for who can't send headers"),
            flag("html", "Lines as the page shows them, with `class` and `html`"),
        ],
        answer: Answer::Text("text/event-stream"),
        failures: &["404", "409", "503"],
    },
    Operation {
        path: "/api/v1/runs/{id}/cancel",
        method: "post",
        id: "cancelRun",
        summary: "Asks a run to stop, and answers how far it is. One that has ended stays as it is",
        parameters: &[],
        answer: Answer::One("Run"),
        failures: ONE,
    },
    Operation {
        path: "/api/v1/runs/{id}/rerun",
        method: "post",
        id: "rerunRun",
        summary: "Queues a completed run again, with the same frozen plan, as a run of its own",
        parameters: &[flag(
            "failed",
            "Only what did not succeed; results, outputs and artifacts of the rest are taken",
        )],
        answer: Answer::One("Rerun"),
        failures: &["404", "409", "503"],
    },
    Operation {
        path: "/api/v1/runs/{id}/approve",
        method: "post",
        id: "approveRun",
        summary: "Lets a run go on that waits for a person",
        parameters: &[JOB, STEP, COMMENT],
        answer: Answer::One("Answer"),
        failures: ONE,
    },
    Operation {
        path: "/api/v1/runs/{id}/reject",
        method: "post",
        id: "rejectRun",
        summary: "Fails the step of a run that waits for a person",
        parameters: &[JOB, STEP, COMMENT],
        answer: Answer::One("Answer"),
        failures: ONE,
    },
    Operation {
        path: "/api/v1/events",
        method: "get",
        id: "followAll",
        summary: "Server-sent events: `change`, without data, whenever some run has changed",
        parameters: &[],
        answer: Answer::Text("text/event-stream"),
        failures: &["503"],
    },
    Operation {
        path: "/api/v1/deliveries",
        method: "get",
        id: "listDeliveries",
        summary: "Deliveries, latest first, refused ones included. A `Link` header leads to the next page",
        parameters: &[
            text("connection", "Only deliveries to this connection"),
            one_of("outcome", "Only deliveries with this outcome", OUTCOMES),
            BEFORE,
            LIMIT,
        ],
        answer: Answer::List("Delivery"),
        failures: &[],
    },
    Operation {
        path: "/api/v1/deliveries/{id}",
        method: "get",
        id: "showDelivery",
        summary: "A delivery, and why each pipeline ran or did not",
        parameters: &[],
        answer: Answer::One("DeliveryDetail"),
        failures: &["404"],
    },
    Operation {
        path: "/api/v1/deliveries/{id}/replay",
        method: "post",
        id: "replayDelivery",
        summary: "Posts a delivery again, through the pipelines as they are now, as a new delivery",
        parameters: &[flag("force", "Also while a run of it has not ended, and twice within a minute")],
        answer: Answer::One("Admission"),
        failures: &["404", "409", "503"],
    },
    Operation {
        path: "/api/v1/connections",
        method: "get",
        id: "listConnections",
        summary: "The configured connections, and what was seen of each",
        parameters: &[],
        answer: Answer::List("Connection"),
        failures: &[],
    },
    Operation {
        path: "/api/v1/pipelines",
        method: "get",
        id: "listPipelines",
        summary: "Every pipeline: what it listens to, what is wrong with its file, its last run",
        parameters: &[],
        answer: Answer::List("Pipeline"),
        failures: &[],
    },
    Operation {
        path: "/api/v1/openapi.json",
        method: "get",
        id: "describe",
        summary: "This description",
        parameters: &[],
        answer: Answer::One("Description"),
        failures: &[],
    },
];

/// Answers with the description.
pub(in crate::server) async fn description(_: web::Query<NoParameters>) -> HttpResponse {
    HttpResponse::Ok().json(document())
}

/// Returns the methods and paths that are described.
#[cfg(test)]
pub(in crate::server) fn described() -> impl Iterator<Item = (&'static str, &'static str)> {
    OPERATIONS.iter().map(|operation| (operation.method, operation.path))
}

fn document() -> Value {
    let mut paths = Map::new();
    for operation in OPERATIONS {
        let methods = paths.entry(operation.path).or_insert_with(|| json!({}));
        methods[operation.method] = operation.json();
    }
    let schemas: Value = serde_json::from_str(SCHEMAS).expect("the shapes are JSON, as a test holds");
    let failure = |about: &str| json!({ "description": about, "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Failure" } } } });
    let responses: Map<String, Value> =
        FAILURES.iter().map(|(status, about)| ((*status).to_owned(), failure(about))).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "pipehook",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Runs, deliveries and connections of a pipehook server. Times are RFC 3339 in UTC.",
        },
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": schemas,
            "responses": responses,
        },
    })
}

impl Operation {
    fn json(&self) -> Value {
        let id = || json!({ "name": "id", "in": "path", "required": true, "schema": { "type": "string" } });
        let of_path = self.path.contains("{id}").then(id);
        let parameters: Vec<Value> = of_path.into_iter().chain(self.parameters.iter().map(Parameter::json)).collect();
        let reference =
            |status: &str| (status.to_owned(), json!({ "$ref": format!("#/components/responses/{status}") }));
        let mut responses = Map::new();
        responses.insert("200".to_owned(), self.answer.json());
        responses.extend(["400", "401", "403", "405"].into_iter().chain(self.failures.iter().copied()).map(reference));
        json!({
            "operationId": self.id,
            "summary": self.summary,
            "parameters": parameters,
            "responses": responses,
        })
    }
}

impl Parameter {
    fn json(&self) -> Value {
        let schema = match self.kind {
            Kind::Text => json!({ "type": "string" }),
            Kind::Flag => json!({ "type": "boolean", "default": false }),
            Kind::Limit => json!({ "type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT }),
            Kind::OneOf(words) => json!({ "type": "string", "enum": words }),
        };
        json!({ "name": self.name, "in": "query", "description": self.about, "schema": schema })
    }
}

impl Answer {
    fn json(&self) -> Value {
        let shape = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
        let (media, schema) = match self {
            Self::One(name) => ("application/json", shape(name)),
            Self::List(name) => ("application/json", json!({ "type": "array", "items": shape(name) })),
            Self::Text(media) => (*media, json!({ "type": "string" })),
        };
        let mut content = Map::new();
        content.insert(media.to_owned(), json!({ "schema": schema }));
        json!({ "description": "What was asked for", "content": content })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_and_failure_that_is_named_is_there() {
        let document = document();
        let mut named = Vec::new();
        references(&document, &mut named);
        assert!(named.len() > 50, "{}", named.len());
        for reference in named {
            let path = reference.trim_start_matches('#');
            assert!(document.pointer(path).is_some(), "{reference} leads nowhere");
        }
    }

    fn references(value: &Value, named: &mut Vec<String>) {
        match value {
            Value::Object(object) => {
                named.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
                object.values().for_each(|value| references(value, named));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, named)),
            _ => {}
        }
    }
}
