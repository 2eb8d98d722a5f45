//! The page: who may see it, what it shows without a script, what its forms do, and that no payload
//! becomes a part of it.

use super::support::{Answer, Folder, Server, request, until};
use serde_json::json;
use std::time::Duration;

/// How long a run may take on a machine that is busy.
const RUN_MAX: Duration = Duration::from_secs(120);
/// What a payload would like to be.
const HOSTILE: &str = "</script><script>alert(1)</script><img src=x onerror=alert(2)>'\"&{{7*7}}\u{1b}[2J\u{1b}[31m";

const LISTENER: &str = "\
name: ${{ parameters.hook.title }}
resources:
  webhooks:
  - webhook: hook
    connection: open
    filters:
    - path: kind
      value: push
jobs:
- job: shown
  displayName: ${{ parameters.hook.title }}
  steps:
  - checkout: none
  - bash: printf '\\033[1;31mred\\033[0m\\n'
  - bash: |
      echo \"##[group]Things\"
      echo \"${{ parameters.hook.title }}\"
      echo \"##[endgroup]\"
      echo \"##vso[task.setvariable variable=v;isOutput=true]$T\"
      exit 3
    name: s
    displayName: ${{ parameters.hook.title }}
    env: {T: '${{ parameters.hook.title }}'}
- job: ask
  pool: server
  steps:
  - task: ManualValidation@1
    inputs: {instructions: '${{ parameters.hook.title }}'}
";

fn served() -> (Folder, Server) {
    let folder = Folder::new("connections: {open: {auth: none}}\n");
    folder.write("pipelines/listener.yml", LISTENER);
    let server = folder.serve(&[]);
    (folder, server)
}

/// A browser that has signed in.
pub struct Browser<'s> {
    server: &'s Server,
    cookie: String,
}

const ACCEPT: (&str, &str) = ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

impl<'s> Browser<'s> {
    pub fn new(server: &'s Server) -> Self {
        let answer = request(server.admin, "GET", &format!("/?token={}&state=queued", server.token), &[ACCEPT], b"");
        assert_eq!((answer.status, answer.header("location")), (303, Some("/?state=queued")), "{answer:?}");
        let cookie = answer.header("set-cookie").expect("a cookie");
        assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
        assert!(!cookie.contains(&server.token) && !answer.body.contains(&server.token));
        Self { server, cookie: cookie.split(';').next().expect("a pair").to_owned() }
    }

    #[track_caller]
    pub fn see(&self, path: &str) -> String {
        let answer = request(self.server.admin, "GET", path, &[ACCEPT, ("Cookie", &self.cookie)], b"");
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, Some("text/html; charset=utf-8")),
            "{answer:?}"
        );
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"), "{policy}");
        harmless(&answer.body);
        answer.body
    }

    fn post(&self, path: &str, more: &[(&str, &str)], form: &str) -> Answer {
        let headers = [&[ACCEPT, FORM, ("Cookie", &self.cookie)], more].concat();
        request(self.server.admin, "POST", path, &headers, form.as_bytes())
    }

    fn word(&self) -> String {
        let page = self.see("/");
        let word = page.split("name=\"word\" value=\"").nth(1).expect("a word");
        format!("word={}", &word[..64])
    }
}

/// Every tag is one of ours, and has only attributes of ours: nothing of a payload has become one.
#[track_caller]
pub fn harmless(page: &str) {
    for tag in page.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').unwrap_or_else(|| panic!("a tag is not closed: {tag:?}"));
        let name = tag.trim_start_matches('/').split([' ', '\n']).next().expect("a name");
        let known = "!doctype html head meta title link script body header a nav form input button main h1 h2 h3 label \
                     select option p table thead tbody tr th td small span time div dl dt dd section article ol li \
                     details summary pre code b ul";
        assert!(known.split_whitespace().any(|known| known == name), "<{tag}> is not ours");
        assert!(!tag.contains(" on") && !tag.contains("style=") && !tag.contains("javascript:"), "<{tag}>");
        assert!(name != "script" || tag == "/script" || tag == "script src=\"/assets/page.js\" defer", "<{tag}>");
        assert!(name != "img", "<{tag}>");
    }
    assert!(!page.contains('\u{1b}'), "an escape is shown");
}

/// Returns the log of a run as a browser gets it, with its media type and whether that is meant.
pub fn text_of_log(browser: &Browser<'_>, run: &str) -> (String, String, String) {
    let headers = [ACCEPT, ("Cookie", browser.cookie.as_str())];
    let answer = request(browser.server.admin, "GET", &format!("/runs/{run}/log/raw"), &headers, b"");
    let header = |name: &str| answer.header(name).unwrap_or_default().to_owned();
    (answer.body.clone(), header("content-type"), header("x-content-type-options"))
}

fn deliver(server: &Server, kind: &str) -> serde_json::Value {
    let body = json!({ "title": HOSTILE, "kind": kind }).to_string();
    server.request("POST", "/webhooks/open", &[], body.as_bytes()).json()
}

#[test]
fn who_shows_nothing_is_asked_for_the_token_and_gets_a_cookie_for_it() {
    let (_folder, server) = served();
    for path in ["/", "/runs/run_x", "/deliveries", "/nowhere", "/?token=wrong", "/runs/x?token="] {
        let answer = request(server.admin, "GET", path, &[ACCEPT], b"");
        assert_eq!(answer.status, 401, "{path} {answer:?}");
        assert!(answer.body.contains("name=\"token\"") && answer.header("set-cookie").is_none(), "{answer:?}");
        harmless(&answer.body);
    }
    for cookie in ["pipehook=x", &format!("pipehook-{}={}", server.admin.port(), server.token)] {
        assert_eq!(request(server.admin, "GET", "/", &[ACCEPT, ("Cookie", cookie)], b"").status, 401);
    }
    // Neither of the API's paths nor another method takes a token from the query.
    let query = format!("?token={}", server.token);
    assert_eq!(request(server.admin, "GET", &format!("/api/v1/runs{query}"), &[], b"").status, 401);
    assert_eq!(request(server.admin, "POST", &format!("/runs/x/cancel{query}"), &[], b"").status, 401);
    let form =
        |token: &str| request(server.admin, "POST", "/session", &[ACCEPT, FORM], format!("token={token}").as_bytes());
    assert_eq!(form("wrong").status, 401);
    let signed_in = form(&server.token);
    assert_eq!((signed_in.status, signed_in.header("location")), (303, Some("/")), "{signed_in:?}");
    let far = request(server.admin, "GET", &format!("//evil.example/{query}"), &[ACCEPT], b"");
    assert!(!far.header("location").is_some_and(|to| to.starts_with("//")), "{far:?}");

    let browser = Browser::new(&server);
    browser.see("/");
    // The cookie serves the page's own requests to the API.
    let cookie = [("Cookie", browser.cookie.as_str())];
    assert_eq!(request(server.admin, "GET", "/api/v1/runs", &cookie, b"").status, 200);
    for asset in ["page.css", "page.js", "icon.svg"] {
        let answer = request(server.admin, "GET", &format!("/assets/{asset}"), &[], b"");
        assert_eq!((answer.status, answer.header("x-content-type-options")), (200, Some("nosniff")), "{answer:?}");
    }
    assert_eq!(request(server.admin, "GET", "/assets/..%2f..%2fetc%2fpasswd", &[], b"").status, 401);
    let out = browser.post("/session/end", &[], &browser.word());
    assert!(out.header("set-cookie").is_some_and(|cookie| cookie.contains("Max-Age=0")), "{out:?}");
}

#[test]
fn pages_tell_everything_without_a_script_and_no_payload_becomes_a_part_of_them() {
    let (folder, server) = served();
    let delivered = deliver(&server, "push");
    deliver(&server, "\u{202e}other");
    let run = delivered["runs"][0]["id"].as_str().expect("a run");
    folder.write(
        "pipelines/bad.yml",
        "resources: {webhooks: [{webhook: h, connection: open}]}\nsteps:\n- script: echo ${{ parameters.h.nobody }}\n",
    );
    let browser = Browser::new(&server);
    let page = until("the question and the failure", RUN_MAX, || {
        let page = browser.see(&format!("/runs/{run}"));
        (page.contains("waits for a person") && page.contains("exit code 3")).then_some(page)
    });
    for part in [
        "listener#1",
        "<li class=\"group\">Things</li>",
        "&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;",
        "\\u{1b}[2J",
        "name=\"verdict\" value=\"approved\"",
    ] {
        assert!(page.contains(part), "{part} is not in\n{page}");
    }
    let list = browser.see("/?pipeline=listener");
    assert!(list.contains(&format!("href=\"/runs/{run}\"")) && list.contains("s-running"), "{list}");
    let deliveries = browser.see("/deliveries?connection=open");
    assert!(deliveries.contains("s-queued") && deliveries.contains("s-nothing"), "{deliveries}");
    let filtered = server.ask("/api/v1/deliveries?outcome=nothing").json()[0]["id"].as_str().expect("an id").to_owned();
    let why = browser.see(&format!("/deliveries/{filtered}"));
    assert!(why.contains("<td>push</td>") && why.contains("<b>no</b>") && why.contains("\\u{202e}other"), "{why}");
    assert!(browser.see("/connections").contains("/webhooks/open"));
    until("the broken file", RUN_MAX, || browser.see("/pipelines").contains("bad").then_some(()));
    // The log as text is text, whatever is in it.
    let raw =
        request(server.admin, "GET", &format!("/runs/{run}/log/raw"), &[ACCEPT, ("Cookie", &browser.cookie)], b"");
    assert_eq!(raw.header("content-type"), Some("text/plain; charset=utf-8"), "{raw:?}");
    assert_eq!(raw.header("x-content-type-options"), Some("nosniff"));
    let missing = request(server.admin, "GET", "/runs/%3Cscript%3E", &[ACCEPT, ("Cookie", &browser.cookie)], b"");
    assert_eq!((missing.status, missing.header("content-type")), (404, Some("text/html; charset=utf-8")));
    harmless(&missing.body);
}

#[test]
fn a_form_does_what_it_says_and_one_from_elsewhere_does_nothing() {
    let (_folder, server) = served();
    let delivered = deliver(&server, "push");
    let run = delivered["runs"][0]["id"].as_str().expect("a run");
    let browser = Browser::new(&server);
    let word = browser.word();
    until("the question", RUN_MAX, || {
        browser.see(&format!("/runs/{run}")).contains("waits for a person").then_some(())
    });
    let state = || server.ask(&format!("/api/v1/runs/{run}")).json();
    let cancel = format!("/runs/{run}/cancel");
    for (more, form) in [
        (&[][..], ""),
        (&[][..], "word="),
        (&[][..], "word=0000000000000000000000000000000000000000000000000000000000000000"),
        (&[("Sec-Fetch-Site", "cross-site")][..], word.as_str()),
        (&[("Sec-Fetch-Site", "same-site")][..], word.as_str()),
    ] {
        for path in [&cancel, &format!("/api/v1/runs/{run}/cancel")] {
            let answer = browser.post(path, more, form);
            assert_eq!(answer.status, 403, "{more:?} {form} {answer:?}");
        }
    }
    let text = [("Content-Type", "text/plain"), ("Cookie", browser.cookie.as_str())];
    assert_eq!(request(server.admin, "POST", &cancel, &text, word.as_bytes()).status, 403);
    assert_eq!(request(server.admin, "GET", &cancel, &[ACCEPT, ("Cookie", &browser.cookie)], b"").status, 405);
    assert_eq!(state()["state"], "running");

    let own = [("Sec-Fetch-Site", "same-origin")];
    let answered =
        browser.post(&format!("/runs/{run}/answer"), &own, &format!("{word}&verdict=approved&comment=so%20be+it"));
    assert_eq!(
        (answered.status, answered.header("location")),
        (303, Some(format!("/runs/{run}").as_str())),
        "{answered:?}"
    );
    let ended = until("the end of the run", RUN_MAX, || Some(state()).filter(|run| run["state"] == "completed"));
    let answer = &ended["stages"][0]["jobs"][1]["steps"][0]["wait"]["answer"];
    assert_eq!((&answer["by"], &answer["comment"]), (&json!("page"), &json!("so be it")), "{ended}");
    assert!(browser.see(&format!("/runs/{run}")).contains("so be it"));

    let again = browser.post(&format!("/runs/{run}/rerun?failed=true"), &own, &word);
    assert_eq!(again.status, 303, "{again:?}");
    let second = again.header("location").expect("the new run");
    assert!(browser.see(second).contains("Rerun of"));
    assert_eq!(browser.post(&format!("{second}/cancel"), &own, &word).status, 303);
    let delivery = delivered["delivery"].as_str().expect("an id");
    let replayed = browser.post(&format!("/deliveries/{delivery}/replay"), &own, &format!("{word}&force=true"));
    assert_eq!(replayed.status, 303, "{replayed:?}");
    assert!(browser.see(replayed.header("location").expect("the new delivery")).contains("Replay of"));
    // A mistake is told on a page.
    let wrong = browser.post(&format!("/runs/{run}/answer"), &own, &format!("{word}&verdict=approved"));
    assert_eq!((wrong.status, wrong.header("content-type")), (409, Some("text/html; charset=utf-8")), "{wrong:?}");
}
