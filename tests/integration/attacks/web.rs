//! The page: what a payload puts into names, logs and documents stays text on every page.

use super::{End, payload};
use crate::page::{Browser, harmless, text_of_log};
use crate::support::{Folder, until};
use serde_json::Value;
use std::time::Duration;

/// How long a run may take on a machine that is busy.
const RUN_MAX: Duration = Duration::from_secs(120);
/// A pipeline for a case that has none.
const PIPELINE: &str = "\
name: ${{ parameters.WebHook.resource.message.title }}
steps:
- bash: echo \"${{ parameters.WebHook.resource.message.title }}\"
";

pub fn end(case: &Value) -> End {
    let folder = Folder::new("connections: {open: {auth: none}}\n");
    let webhooks = "resources:\n  webhooks:\n  - webhook: WebHook\n    connection: open\n";
    let pipeline = case["pipeline_yaml"].as_str().unwrap_or(PIPELINE);
    folder.write("pipelines/attack.yml", &format!("{webhooks}{pipeline}"));
    let server = folder.serve(&[]);
    let answer = server.request("POST", "/webhooks/open", &[], payload(case, "").as_bytes()).json();
    let Some(run) = answer["runs"][0]["id"].as_str() else { return End::RefusedInstead(answer.to_string()) };
    until("the end of the run", RUN_MAX, || {
        (server.ask(&format!("/api/v1/runs/{run}")).json()["state"] == "completed").then_some(())
    });
    let browser = Browser::new(&server);
    let title = case["payload"]["resource"]["message"]["title"].as_str().expect("a title");
    let (log, media, sniffing) = text_of_log(&browser, run);
    if !log.contains(title) {
        return End::Fault(format!("the log has another text: {log}"));
    }
    if !media.starts_with("text/plain") || sniffing != "nosniff" {
        return End::Fault(format!("the log is {media}, {sniffing}"));
    }
    let delivery = answer["delivery"].as_str().expect("an id");
    let pages = ["/".to_owned(), format!("/runs/{run}"), "/deliveries".to_owned(), format!("/deliveries/{delivery}")];
    for page in pages.iter().map(|path| browser.see(path)) {
        harmless(&page);
        // What has a meaning in HTML is there escaped only.
        if title.contains('<') && page.contains(title) {
            return End::Fault(format!("the page has the text as it is: {page}"));
        }
    }
    End::Passed
}
