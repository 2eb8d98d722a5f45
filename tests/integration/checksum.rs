//! The door: checksums, the check of a payload, what is taken out of it, filters, repeats.

use jiff::Timestamp;
use pipehook::webhook::body::Body;
use pipehook::webhook::checksum::{self, Failure, Proof, Verified};
use pipehook::webhook::connection::{Authentication, Connection, Secret};
use pipehook::webhook::filter::{self, Filter, Test};
use pipehook::webhook::header::{self, RawHeader};
use pipehook::webhook::path::{Path, PathStep};
use pipehook::webhook::payload::{self, Payload};
use pipehook::webhook::preset;
use pipehook::webhook::received::Received;
use pipehook::webhook::repeat::{Key, Repeat};
use pipehook::webhook::scheme::Content;
use pipehook::webhook::select::{Selected, Wanted, select};
use pipehook::webhook::signature::{self, Fresh, Outgoing};
use proptest::prelude::*;
use serde_json::Value;

const DOCUMENTED: &str = r#"{"resource":{"message":{"title":"Hello, world!","subtitle":"I'm using WebHooks!"}}}"#;
const DOCUMENTED_CHECKSUM: &str = "750D33212D3AD4932CC390819050734831A0A94F";

fn connection(scheme: &str, secrets: &[&str]) -> Connection {
    let scheme = preset::preset(scheme).expect("a preset");
    let secrets = secrets.iter().filter_map(|text| Secret::new("test", text.as_bytes().to_vec(), &scheme).ok());
    let secrets = Authentication::Secrets(secrets.collect());
    Connection::new("test", scheme, secrets)
}

fn now() -> Timestamp {
    "2026-11-25T12:00:00Z".parse().expect("a moment")
}

fn verify(connection: &Connection, headers: &[RawHeader<'_>], body: &[u8]) -> Result<Verified, Failure> {
    checksum::verify(connection, &Received::new(connection, headers, body, ""), now())
}

fn sign(connection: &Connection, body: &[u8]) -> Vec<(String, String)> {
    signature::sign(connection, Outgoing::new(body), Fresh { now: now(), id: "msg_1" })
        .expect("it can be signed")
        .headers
}

fn headers<'h>(pairs: &[(&'h str, &'h str)]) -> Vec<RawHeader<'h>> {
    pairs.iter().map(|(name, value)| (*name, value.as_bytes())).collect()
}

fn raw(signed: &[(String, String)]) -> Vec<RawHeader<'_>> {
    signed.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
}

/// Verifies the documented body with one header value.
fn with_checksum(value: &str) -> Result<Proof, Failure> {
    let headers = headers(&[("X-WH-Checksum", value)]);
    let connection = connection("azure", &["secret"]);
    verify(&connection, &headers, DOCUMENTED.as_bytes()).map(|verified| verified.proof())
}

#[test]
fn the_documented_example_is_verified() {
    assert_eq!(with_checksum(DOCUMENTED_CHECKSUM), Ok(Proof::Secret(0)));
}

#[test]
fn a_checksum_is_read_in_any_letter_case_with_or_without_its_prefix() {
    let lower = DOCUMENTED_CHECKSUM.to_lowercase();
    for value in [&lower, &format!("sha1={lower}"), &format!("sha1={DOCUMENTED_CHECKSUM}"), &format!(" \t{lower}\t ")] {
        assert_eq!(with_checksum(value), Ok(Proof::Secret(0)), "{value:?}");
    }
}

#[test]
fn a_wrong_checksum_is_refused_with_a_reason_that_holds_no_part_of_it() {
    let wrong = DOCUMENTED_CHECKSUM.replace('A', "B");
    let table = [
        ("", "the header X-WH-Checksum is empty"),
        ("750D", "the header X-WH-Checksum is not 40 hexadecimal digits"),
        ("not hex at all, but of forty characters!", "the header X-WH-Checksum is not 40 hexadecimal digits"),
        (&format!("sha256={DOCUMENTED_CHECKSUM}"), "the header X-WH-Checksum is not 40 hexadecimal digits"),
        (&format!("sha1=sha1={DOCUMENTED_CHECKSUM}"), "the header X-WH-Checksum is not 40 hexadecimal digits"),
        (&wrong, "the header X-WH-Checksum does not match the secret"),
    ];
    for (value, reason) in table {
        let failure = with_checksum(value).expect_err(value);
        assert_eq!(failure.to_string(), reason);
    }
}

#[test]
fn a_missing_or_doubled_checksum_is_refused() {
    let connection = connection("azure", &["one", "two"]);
    let told = |pairs: &[(&str, &str)]| {
        let failure = verify(&connection, &headers(pairs), b"{}").expect_err("refused");
        failure.to_string()
    };
    assert_eq!(told(&[]), "the header X-WH-Checksum is missing");
    let doubled = told(&[("X-WH-Checksum", "a"), ("x-wh-checksum", "a")]);
    assert_eq!(doubled, "the header X-WH-Checksum is there more than once");
    let zeros = "0".repeat(40);
    let wrong = told(&[("X-WH-Checksum", &zeros)]);
    assert_eq!(wrong, "the header X-WH-Checksum does not match any of 2 secrets");
}

#[test]
fn the_secret_that_matched_is_named() {
    let body = b"{}";
    let old = sign(&connection("azure", &["old"]), body);
    let headers = raw(&old);
    let both = connection("azure", &["new", "old"]);
    let verified = verify(&both, &headers, body).expect("the old secret is still live");
    assert_eq!(verified.proof(), Proof::Secret(1));
}

#[test]
fn a_connection_without_any_live_secret_knows_nobody() {
    let nobody = connection("azure", &[""]);
    assert_eq!(nobody.live_secrets(now()).count(), 0);
    let failure = verify(&nobody, &headers(&[("X-WH-Checksum", DOCUMENTED_CHECKSUM)]), b"{}");
    assert!(matches!(failure, Err(Failure::Mismatch { secrets: 0, .. })), "{failure:?}");
}

#[test]
fn a_connection_that_asks_for_no_proof_verifies_everybody_and_signs_nothing() {
    let open = Connection::new("open", preset::azure(), Authentication::None);
    let verified = verify(&open, &[], b"anything").expect("nothing is asked");
    assert_eq!(verified.proof(), Proof::NotAsked);
    assert!(sign(&open, b"{}").is_empty());
}

#[test]
fn signing_writes_what_the_documentation_shows() {
    let signed = sign(&connection("azure", &["secret", "other"]), DOCUMENTED.as_bytes());
    assert_eq!(signed, [("X-WH-Checksum".to_owned(), DOCUMENTED_CHECKSUM.to_owned())]);
}

#[test]
fn a_secret_does_not_print_itself() {
    let printed = format!("{:?}", connection("azure", &["hunter2"]));
    assert!(!printed.contains("hunter2"), "{printed}");
    let bytes = format!("{:?}", b"hunter2");
    assert!(!printed.contains(bytes.trim_matches(['[', ']'])), "{printed}");
}

#[test]
fn what_proves_the_sender_is_not_kept() {
    let long = "x".repeat(header::KEPT_VALUE_MAX + 1);
    let given = headers(&[
        ("Content-Type", "application/json"),
        ("X-Icescrum-Event", "[story.create]"),
        ("Authorization", "Bearer x"),
        ("Cookie", "x"),
        ("X-WH-Checksum", "x"),
        ("X-Gitlab-Token", "x"),
        ("X-Hub-Signature-256", "x"),
        ("X-Api-Key", "x"),
        ("X-Long", &long),
    ]);
    let kept = header::kept_headers(&connection("azure", &["secret"]), &given, |_| false);
    let names: Vec<&str> = kept.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["content-type", "x-icescrum-event"]);
}

#[test]
fn more_headers_than_senders_send_are_not_kept() {
    let names: Vec<String> = (0..1_000).map(|n| format!("x-{n}")).collect();
    let mut many: Vec<RawHeader<'_>> = names.iter().map(|name| (name.as_str(), &b"v"[..])).collect();
    many.extend([("X-Icescrum-Event", &b"[story.create]"[..]), ("zz-named", b"1"), ("zz-named", b"2")]);
    many.extend([("Content-Type", &b"text/plain"[..]), ("zz-named", b"3"), ("zz-key", b"4")]);
    let mut icescrum = connection("icescrum", &["secret"]);
    icescrum.repeat = Some(Repeat::new(Key::Header("ZZ-Key".to_owned())));
    let mut kept = Vec::new();
    for _ in 0..2 {
        kept = header::kept_headers(&icescrum, &many, |name| name == "zz-named");
        assert_eq!(kept.len(), header::KEPT_MAX);
        many.reverse();
    }
    // What somebody looks at stays; one that came more often stays doubled.
    let found = |name: &str| kept.iter().filter(|(known, _)| known == name).count();
    let wanted = ["x-icescrum-event", "zz-named", "content-type", "zz-key", "x-0", "x-999"];
    assert_eq!(wanted.map(found), [1, 2, 1, 1, 1, 0]);
    assert_eq!(header::kept(&kept, "x-icescrum-event"), Some("story.create"));
}

#[test]
fn an_event_that_is_there_twice_is_a_mistake() {
    let twice = headers(&[("x-icescrum-event", "a"), ("X-iceScrum-Event", "b")]);
    let nothing = Selected::WithoutMembers;
    assert!(header::event(&connection("icescrum", &["s"]), &twice, &nothing).is_err());
}

#[track_caller]
fn refused(body: impl AsRef<[u8]>, sentence: &str) {
    let mistake = payload::check(body.as_ref()).expect_err(sentence);
    assert_eq!(mistake.to_string(), sentence);
}

#[test]
fn bodies_that_are_not_fit_for_use_are_refused_with_a_sentence() {
    refused("", "the body is not JSON: EOF while parsing a value at line 1, column 0");
    refused("{\"a\": 1,}", "the body is not JSON: trailing comma at line 1, column 9");
    refused("{} x", "the body is not JSON: trailing characters at line 1, column 4");
    refused("{}{}", "the body is not JSON: trailing characters at line 1, column 3");
    refused("\u{FEFF}{}", "the body is not JSON: a byte order mark stands before it at line 1, column 1");
    refused(b"{\"a\":\n \"\xff\"}", "the body is not UTF-8 at line 2, column 3");
    refused("{\"a\": NaN}", "the body is not JSON: expected value at line 1, column 7");
    refused("[1e400]", "the body has a number beyond 1.8e308, which many readers can't hold at line 1, column 6");
    refused("[01]", "the body is not JSON: invalid number at line 1, column 3");
    refused("[\"\\ud800\"]", "the body is not JSON: unexpected end of hex escape at line 1, column 9");
    refused("[\"\\udc00\"]", "the body is not JSON: lone leading surrogate in hex escape at line 1, column 8");
    refused("{\"\\ud800\": 1}", "the body is not JSON: unexpected end of hex escape at line 1, column 9");
    refused(
        "[\"\n\"]",
        "the body is not JSON: control character (\\u0000-\\u001F) found while parsing a string at line 2, column 0",
    );
}

#[test]
fn a_key_that_is_there_twice_is_refused_however_it_is_written() {
    refused("{\"a\":1,\"a\":2}", "the body has the key `a` twice in one object at line 1, column 10");
    let escaped = payload::check(br#"{"x":[{"a":1,"b":0,"\u0061":2}]}"#).expect_err("the same key");
    assert_eq!(escaped.sentence, "the body has the key `a` twice in one object");
    let many: Vec<String> = (0..100).map(|n| format!("\"k{n}\":{n}")).collect();
    assert!(payload::check(format!("{{{}}}", many.join(",")).as_bytes()).is_ok());
    let text = format!("{{{},\"k99\":0}}", many.join(","));
    let doubled = payload::check(text.as_bytes());
    assert_eq!(doubled.expect_err("the same key").sentence, "the body has the key `k99` twice in one object");
    assert!(payload::check(br#"{"a":1,"A":2,"b":{"a":1}}"#).is_ok());
}

#[test]
fn depth_and_number_of_values_are_limited() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(payload::check(nested(payload::DEPTH_MAX).as_bytes()).is_ok());
    for depth in [payload::DEPTH_MAX + 1, 10_000, 1_000_000] {
        let mistake = payload::check(nested(depth).as_bytes()).expect_err("too deep");
        assert_eq!(mistake.sentence, "the body has more than 64 levels");
    }
    assert!(payload::check("[".repeat(10_000).as_bytes()).is_err());
    let many = format!("[{}0]", "0,".repeat(payload::NODES_MAX));
    let mistake = payload::check(many.as_bytes()).expect_err("too many");
    assert_eq!(mistake.sentence, "the body has more than 200000 values");
}

#[test]
fn big_numbers_keep_their_digits() {
    let body = br#"{"id": 123456789012345678901234567890, "price": 1.10}"#;
    let payload = payload::check(body).expect("JSON");
    assert_eq!(scalar(&payload, "id").as_deref(), Some("123456789012345678901234567890"));
    assert_eq!(scalar(&payload, "price").as_deref(), Some("1.10"));
}

#[test]
fn any_json_may_be_at_the_top() {
    for body in ["{}", "[]", " [1] \r\n", "\"text\"", "null", "5"] {
        assert!(payload::check(body.as_bytes()).is_ok(), "{body}");
    }
}

#[test]
fn a_form_whose_field_is_json_is_a_payload() {
    const FORM: &[u8] = b"application/x-www-form-urlencoded; charset=utf-8";
    let read = |body: &'static str| payload::read(Body::of(Content::Form, Some(FORM), body.as_bytes()));
    let payload = read("a=1&payload=%7B%22text%22%3A%22a+b%2Bc%22%7D").expect("a form");
    assert_eq!(payload.json(), r#"{"text":"a b+c"}"#);
    assert_eq!(read(" {\"a\":1}").expect("JSON that calls itself a form").json(), " {\"a\":1}");
    let sentence = |body| read(body).expect_err(body).sentence;
    assert_eq!(sentence("a=1"), "the body is a form without a field `payload`");
    assert_eq!(sentence("payload=1&payload=2"), "the form has the field `payload` twice");
    assert_eq!(sentence("payload=%7"), "the form's field `payload` has a `%` without two hexadecimal digits");
    assert_eq!(sentence("payload=%FF"), "the body is not UTF-8");
    assert!(payload::read(Body::of(Content::Form, Some(b"text/plain"), b"{}")).is_ok());
    assert!(payload::read(Body::of(Content::Form, None, b"payload=%7B%7D")).is_err());
}

#[test]
fn the_fields_of_a_form_are_a_payload_where_the_scheme_says_so() {
    const FORM: &[u8] = b"application/x-www-form-urlencoded";
    let read = |body: &'static str| payload::read(Body::of(Content::Fields, Some(FORM), body.as_bytes()));
    let payload = read("From=%2B1415&Body=say+%22no%22%26+%0A&payload=%7B%7D&Empty=").expect("a form");
    assert_eq!(
        payload.json(),
        "{\"From\":\"+1415\",\"Body\":\"say \\\"no\\\"& \\n\",\"payload\":\"{}\",\"Empty\":\"\"}"
    );
    assert_eq!(read("a=1&%61=2").expect_err("twice").sentence, "the body has the key `a` twice in one object");
    assert_eq!(read("a=%ff").expect_err("Latin-1").sentence, "the form is not UTF-8");
    assert_eq!(read(r#"{"a":1}"#).expect("JSON").json(), r#"{"a":1}"#);
    let only_json = payload::read(Body::of(Content::Json, Some(FORM), b"payload=%7B%7D"));
    assert!(only_json.is_err());
    let many = vec!["a"; 1_001].join("=1&");
    let many = payload::read(Body::of(Content::Fields, Some(FORM), many.as_bytes()));
    assert_eq!(many.expect_err("many").sentence, "the form has more than 1000 fields");
    let either = |body: &'static str| payload::read(Body::of(Content::FormOrFields, Some(FORM), body.as_bytes()));
    assert_eq!(either("command=%2Fdeploy&text=").expect("fields").json(), r#"{"command":"/deploy","text":""}"#);
    assert_eq!(either("a=1&payload=%7B%7D").expect("a field").json(), "{}");
    assert_eq!(either("payload=1&payload=2").expect_err("twice").sentence, "the form has the field `payload` twice");
}

fn steps(path: &str) -> Vec<PathStep> {
    Path::parse(path).expect(path).steps().to_vec()
}

fn scalar(payload: &Payload<'_>, path: &str) -> Option<String> {
    let path = steps(path);
    let mut wanted = Wanted::default();
    wanted.add(&path);
    select(payload, &wanted).scalar(&path)
}

#[test]
fn paths_are_what_the_grammar_says() {
    let member = |name: &str| PathStep::Member(name.to_owned());
    let table = [
        ("action", vec![member("action")]),
        ("$.action", vec![member("action")]),
        (".action", vec![member("action")]),
        ("$.store.book[0].title", vec![member("store"), member("book"), PathStep::Index(0), member("title")]),
        ("$['na.me']['b c']", vec![member("na.me"), member("b c")]),
        ("[2]", vec![PathStep::Index(2)]),
        ("pull-request.läuft_1", vec![member("pull-request"), member("läuft_1")]),
        ("$['']", vec![member("")]),
    ];
    for (text, expected) in table {
        assert_eq!(steps(text), expected, "{text}");
    }
}

#[test]
fn what_is_no_path_is_pointed_at() {
    let table = [
        ("", 0..0, "the path ends where a name is wanted"),
        ("$", 0..1, "the path names nothing"),
        ("$..a", 2..3, "`.` can't stand here in a path: a name is wanted"),
        ("a.", 2..2, "the path ends where a name is wanted"),
        ("a.*", 2..3, "`*` can't stand here in a path: a name is wanted"),
        ("a b", 1..2, "` ` can't stand here in a path: a step begins with `.` or `[`"),
        ("a[*]", 2..3, "between `[` and `]` stands a number or a name in single quotes"),
        ("a[?(@.b)]", 2..8, "between `[` and `]` stands a number or a name in single quotes"),
        ("a[-1]", 2..4, "between `[` and `]` stands a number or a name in single quotes"),
        ("a[99999999999]", 2..13, "between `[` and `]` stands a number or a name in single quotes"),
        ("a['b", 1..4, "`['` is not closed by `']`"),
        ("a[0", 1..3, "`[` is not closed by `]`"),
        ("$a", 1..2, "`a` can't stand here in a path: a step begins with `.` or `[`"),
    ];
    for (text, range, sentence) in table {
        let mistake = Path::parse(text).expect_err(text);
        assert_eq!((mistake.range, mistake.sentence.as_str()), (range, sentence), "{text}");
    }
    let long = "a".repeat(10_000);
    assert!(Path::parse(&long).is_err());
}

fn is(text: &str) -> Test {
    Test::AnyOf(vec![text.to_owned()])
}

#[test]
fn filters_hold_as_documented() {
    let body = br#"{"action":"Opened","n":5,"f":5.0,"yes":true,"none":null,"list":["a",{"b":"c"}],
        "object":{"x":1},"Name":"upper","name":"lower","CaSe":"found","odd.key":"odd","esc":"a\u0062"}"#;
    let payload = payload::check(body).expect("JSON");
    let table = [
        ("action", "Opened", true),
        ("$.action", "opened", true),
        ("action", "closed", false),
        ("action", "Opened ", false),
        ("ACTION", "opened", true),
        ("n", "5", true),
        ("f", "5", true),
        ("f", "5.0", true),
        ("yes", "true", true),
        ("yes", "True", true),
        ("none", "null", false),
        ("none", "", false),
        ("missing", "", false),
        ("object", "{\"x\":1}", false),
        ("object.x", "1", true),
        ("list", "a", false),
        ("list[0]", "a", true),
        ("list[1].b", "c", true),
        ("list[1].B", "c", true),
        ("list[2]", "", false),
        ("action[0]", "O", false),
        ("action.length", "6", false),
        ("name", "lower", true),
        ("Name", "upper", true),
        ("NAME", "upper", true),
        ("case", "found", true),
        ("['odd.key']", "odd", true),
        ("esc", "ab", true),
    ];
    let filters: Vec<Filter> =
        table.iter().map(|(path, value, _)| Filter::at_path(path, is(value)).expect(path)).collect();
    let mut wanted = Wanted::default();
    filters.iter().for_each(|filter| filter.want(&mut wanted));
    let (all, verdicts) = filter::evaluate(&filters, &select(&payload, &wanted), &[], None);
    assert!(!all);
    for ((path, value, holds), verdict) in table.iter().zip(&verdicts) {
        assert_eq!(verdict.holds, *holds, "{path} is {value:?}: {:?}", verdict.found);
    }
    assert_eq!(verdicts[2].found.as_deref(), Some("Opened"));
    assert!(filter::evaluate(&[], &select(&payload, &wanted), &[], None).0);
}

#[test]
fn a_found_value_is_shown_cut_and_printable() {
    let body = format!(r#"{{"a":"\u001b[31m{}"}}"#, "x".repeat(1_000));
    let payload = payload::check(body.as_bytes()).expect("JSON");
    let filter = Filter::at_path("a", is("b")).expect("a path");
    let mut wanted = Wanted::default();
    filter.want(&mut wanted);
    let found = filter.judge(&select(&payload, &wanted), &[]).found.expect("text");
    assert!(found.starts_with("\\u{1b}[31mxxx") && found.ends_with('…'), "{found}");
}

#[test]
fn a_filter_of_a_header_sees_the_name_of_the_event() {
    let connection = connection("icescrum", &["s"]);
    let payload = payload::check(b"{}").expect("JSON");
    let selected = select(&payload, &Wanted::default());
    let holds = |pairs: &[(&str, &str)], name: &str| {
        let kept = header::kept_headers(&connection, &headers(pairs), |_| false);
        Filter::of_header(name, is("story.create")).judge(&selected, &kept).holds
    };
    assert!(holds(&[("X-Icescrum-Event", "[story.create]")], "x-icescrum-event"));
    assert!(holds(&[("x-icescrum-event", "story.create")], "X-iceScrum-Event"));
    assert!(!holds(&[("x-icescrum-event", "[story.update]")], "x-icescrum-event"));
    assert!(!holds(&[("x-other", "[story.create]")], "x-other"));
    assert!(!holds(&[("a", "story.create"), ("a", "story.create")], "a"));
    assert!(!holds(&[], "x-icescrum-event"));
}

#[test]
fn selection_prunes_what_nobody_wants() {
    let payload = payload::check(br#"{"a":{"b":1,"B":[2, 3],"c":4},"d":{"e":5},"f":[6]}"#).expect("JSON");
    let mut wanted = Wanted::default();
    assert!(wanted.is_empty());
    wanted.add(&steps("a.b"));
    wanted.add(&steps("f.g"));
    let mut other = Wanted::default();
    other.add(&steps("D"));
    wanted.merge(&other);
    let expected = Selected::Object(vec![
        ("a".into(), Selected::Object(vec![("b".into(), Selected::Raw("1")), ("B".into(), Selected::Raw("[2, 3]"))])),
        ("d".into(), Selected::Raw(r#"{"e":5}"#)),
        ("f".into(), Selected::WithoutMembers),
    ]);
    assert_eq!(select(&payload, &wanted), expected);
    wanted.add(&[]);
    assert_eq!(select(&payload, &wanted), Selected::Raw(payload.json()));
}

#[test]
fn the_key_of_a_repeat_is_what_the_connection_says() {
    let connection = connection("icescrum", &["s"]);
    assert_eq!(connection.repeat.as_ref().map(|it| it.key.clone()), Some(Key::Body));
    let body = br#"{"id":7,"none":null}"#;
    let payload = payload::check(body).expect("JSON");
    let path = |text| Path::parse(text).expect("a path");
    let mut wanted = Wanted::default();
    wanted.add(&steps("id"));
    wanted.add(&steps("none"));
    let selected = select(&payload, &wanted);
    let given = headers(&[("X-Request-Id", "abc"), ("X-Empty", "")]);
    let read = Body::of(Content::Form, None, body);
    let key = |key| Repeat::new(key).key_of(&connection, &given, read, &selected).expect("no header is doubled");
    let header = |name: &str| Key::Header(name.to_owned());
    assert_eq!(key(header("x-request-id")).as_deref(), Some("header:abc"));
    assert_eq!(key(header("x-empty")), None);
    assert_eq!(key(header("x-missing")), None);
    assert_eq!(key(Key::Path(path("id"))).as_deref(), Some("path:7"));
    assert_eq!(key(Key::Path(path("none"))), None);
    let of_body = key(Key::Body).expect("a body is always there");
    assert_eq!(of_body.len(), "body:".len() + 64);
    assert_eq!(key(Key::Id), Some(of_body), "iceScrum has no other id");
}

/// Small trees with few names, so that paths meet them.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has no infinity", |it| it.is_finite()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, |inside| {
        let members = prop::collection::vec((name(), inside.clone()), 0..5);
        prop_oneof![
            prop::collection::vec(inside, 0..4).prop_map(Value::from),
            members.prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![Just("a"), Just("A"), Just("b"), Just("c\u{e9}"), Just("d\"\\\n")].prop_map(str::to_owned)
}

fn path() -> impl Strategy<Value = Vec<PathStep>> {
    let step = prop_oneof![
        4 => name().prop_map(PathStep::Member),
        1 => (0usize..3).prop_map(PathStep::Index),
    ];
    prop::collection::vec(step, 0..5)
}

/// The plain way: through a tree of the whole.
fn plainly<'v>(value: &'v Value, path: &[PathStep]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, step| match step {
        PathStep::Index(index) => value.as_array()?.get(*index),
        PathStep::Member(name) => {
            let object = value.as_object()?;
            let near = || object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, it)| it);
            object.get(name).or_else(near)
        }
    })
}

proptest! {
    #[test]
    fn selection_finds_what_a_whole_tree_has(value in json(), paths in prop::collection::vec(path(), 1..4)) {
        let body = serde_json::to_vec_pretty(&value).expect("JSON");
        let value: Value = serde_json::from_slice(&body).expect("JSON");
        let payload = payload::check(&body).expect("JSON within the limits");
        let mut wanted = Wanted::default();
        paths.iter().for_each(|path| wanted.add(path));
        let selected = select(&payload, &wanted);
        for path in &paths {
            let found = selected.json(path).map(|json| serde_json::from_str::<Value>(json).expect("JSON"));
            prop_assert_eq!(found.as_ref(), plainly(&value, path));
        }
    }

    #[test]
    fn no_body_makes_the_check_or_the_selection_panic(body in prop::collection::vec(any::<u8>(), 0..60)) {
        if let Ok(payload) = payload::read(Body::of(Content::Form, None, &body)) {
            let mut wanted = Wanted::default();
            wanted.add(&[PathStep::Member("a".to_owned())]);
            let _ = select(&payload, &wanted);
        }
    }

    #[test]
    fn json_like_text_is_judged_as_a_whole_reader_judges_it(body in "[\\[\\]{}\":,0-9a\\\\u ed.+-]{0,30}") {
        let checked = payload::check(body.as_bytes());
        let read = serde_json::from_str::<Value>(&body);
        prop_assert!(checked.is_err() || read.is_ok());
        if let (Err(mistake), Ok(_)) = (&checked, &read) {
            prop_assert!(mistake.sentence.contains("twice"), "{}", mistake);
        }
        if let Ok(payload) = &checked {
            let mut wanted = Wanted::default();
            wanted.add(&[PathStep::Member("a".to_owned()), PathStep::Member("d".to_owned())]);
            let _ = select(payload, &wanted);
        }
    }

    #[test]
    fn no_text_makes_a_path_panic_and_mistakes_lie_in_it(text in "\\PC{0,20}|[$.\\[\\]'a0é]{0,12}") {
        if let Err(mistake) = Path::parse(&text) {
            prop_assert!(text.get(mistake.range.clone()).is_some(), "{:?}", mistake);
        }
    }

    #[test]
    fn what_is_signed_is_verified_and_one_changed_byte_is_not(
        body in prop::collection::vec(any::<u8>(), 1..100),
        at in any::<prop::sample::Index>(),
    ) {
        let connection = connection("icescrum", &["secret"]);
        let signed = sign(&connection, &body);
        let headers = raw(&signed);
        prop_assert!(verify(&connection, &headers, &body).is_ok());
        let mut changed = body.clone();
        changed[at.index(body.len())] ^= 1;
        prop_assert!(verify(&connection, &headers, &changed).is_err());
    }
}
