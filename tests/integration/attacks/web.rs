//! What a browser gets: the pages that show a run, and its log. Pages are those paths of the admin
//! listener that answer with HTML; where none does, there is nothing to attack yet.

use super::{End, payload};
use crate::support::{Answer, Folder, Server, until};
use serde_json::Value;
use std::time::Duration;

/// Where pages may be; `{run}` stands for the run's id.
const PAGES: &[&str] = &["/", "/runs", "/runs/{run}", "/deliveries"];
/// What a page must not hold as it is.
const LIVE: &[&str] =
    &["<script>fetch", "<script>alert", "href=\"javascript:", "href='javascript:", "+ADw-script+AD4-<"];

pub fn end(case: &Value) -> End {
    let folder = Folder::new("connections: {hook: {auth: none}}\n");
    let steps = case["pipeline_yaml"]
        .as_str()
        .unwrap_or("steps:\n- bash: echo \"${{ parameters.WebHook.resource.message.title }}\"\n");
    let webhooks = "resources:\n  webhooks:\n  - webhook: WebHook\n    connection: hook\n";
    folder.write("pipelines/attack.yml", &format!("{webhooks}{steps}"));
    let server = folder.serve(&[]);
    let answer = server.request("POST", "/webhooks/hook", &[], payload(case, "").as_bytes());
    let Some(run) = answer.json()["runs"][0]["id"].as_str().map(str::to_owned) else {
        return End::Fault(format!("no run was queued: {answer:?}"));
    };
    until("the end of the run", Duration::from_secs(30), || {
        (server.ask(&format!("/api/v1/runs/{run}")).json()["state"] == "completed").then_some(())
    });
    if case["must_not"]["missing_header"].is_string() {
        return log(&server, &run);
    }
    let asked = PAGES.iter().map(|page| server.ask(&page.replace("{run}", &run)));
    let pages: Vec<Answer> = asked.filter(is_html).collect();
    if pages.is_empty() {
        return End::NotRun("there is no page yet".to_owned());
    }
    match pages.iter().find(|page| LIVE.iter().any(|live| page.body.contains(live))) {
        Some(page) => End::Fault(format!("the payload is alive in a page: {}", page.body)),
        None => End::Passed,
    }
}

fn is_html(answer: &Answer) -> bool {
    answer.status == 200 && answer.header("content-type").is_some_and(|it| it.starts_with("text/html"))
}

/// The log is text, and no browser guesses otherwise.
fn log(server: &Server, run: &str) -> End {
    let answer = server.ask(&format!("/api/v1/runs/{run}/logs"));
    let is_text = answer.header("content-type").is_some_and(|it| it.starts_with("text/plain"));
    let is_said = answer.header("x-content-type-options") == Some("nosniff");
    match is_text && is_said && answer.body.contains("<script>") {
        true => End::Passed,
        false => End::Fault(format!("the log may be taken for a page: {answer:?}")),
    }
}
