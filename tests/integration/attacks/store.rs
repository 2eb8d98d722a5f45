//! Texts that would be SQL: in a payload, in a log, and in what a list is asked for.

use super::{End, payload};
use crate::support::{Folder, until};
use serde_json::Value;
use std::time::Duration;

const PIPELINE: &str = "\
resources:
  webhooks:
  - webhook: WebHook
    connection: hook
name: ${{ parameters.WebHook.resource.message.title }}
steps:
- bash: printf '%s\\0\\n' \"$T\"
  env: {T: '${{ parameters.WebHook.resource.message.title }}'}
";

/// What lists are asked for.
const ASKED: &[&str] = &[
    "/api/v1/runs?order=id;drop%20table%20run",
    "/api/v1/runs?pipeline=%27%3B%20drop%20table%20run%3B%20--",
    "/api/v1/runs?before=%27%3B%20drop%20table%20run%3B%20--",
    "/api/v1/deliveries?connection=%27%20or%201=1%20--",
];

pub fn end(case: &Value) -> End {
    let folder = Folder::new("connections: {hook: {auth: none}}\n");
    folder.write("pipelines/attack.yml", PIPELINE);
    let server = folder.serve(&[]);
    let answer = server.request("POST", "/webhooks/hook", &[], payload(case, "").as_bytes());
    let Some(run) = answer.json()["runs"][0]["id"].as_str().map(str::to_owned) else {
        return End::Fault(format!("no run was queued: {answer:?}"));
    };
    until("the end of the run", Duration::from_secs(30), || {
        (server.ask(&format!("/api/v1/runs/{run}")).json()["state"] == "completed").then_some(())
    });
    if let Some(path) = ASKED.iter().find(|path| server.ask(path).status >= 500) {
        return End::Fault(format!("{path} is answered with a failure"));
    }
    let runs = server.ask("/api/v1/runs").json();
    let log = server.ask(&format!("/api/v1/runs/{run}/logs")).body;
    match runs[0]["id"] == run && log.contains("drop table") {
        true => End::Passed,
        false => End::Fault(format!("the run or its log is gone: {runs} {log}")),
    }
}
