//! Text of a payload stays marked, and never chooses.

use super::{delivered, evaluate, failure_in};
use pipehook::diagnostic::Code;
use pipehook::expression::{Context, Value};
use pipehook::taint::Text;

const PAYLOAD: &str = r#"{"title": "A b", "list": ["x", "y"], "n": 5, "ok": true, "empty": "",
    "odd key": {"x": "z"}, "nested": {"deep": [{"id": "q"}]}}"#;

fn text(context: &Context<'_>, text: &str) -> Text {
    let value = evaluate(text, context).unwrap_or_else(|mistake| panic!("`{text}` failed: {mistake:?}"));
    value.to_text().expect("the result is text")
}

/// Returns the text with its tainted segments in `⟨path|text⟩`.
fn marked(expression: &str) -> String {
    let marks = |segment: &pipehook::taint::Segment| match &segment.origin {
        None => segment.text.to_string(),
        Some(origin) => format!("⟨{}|{}⟩", origin.path, segment.text),
    };
    text(&delivered(PAYLOAD), expression).segments().iter().map(marks).collect()
}

#[test]
fn functions_keep_the_segments_or_taint_the_whole() {
    for (expression, expected) in [
        ("parameters.hook.title", "⟨title|A b⟩"),
        ("parameters.hook['odd key'].x", "⟨['odd key'].x|z⟩"),
        ("parameters.hook.nested.deep[0].id", "⟨nested.deep[0].id|q⟩"),
        ("parameters.hook.empty", "⟨empty|⟩"),
        ("format('a {0} b {1}', parameters.hook.title, parameters.hook.n)", "a ⟨title|A b⟩ b ⟨n|5⟩"),
        ("join(', ', parameters.hook.list)", "⟨list|x, y⟩"),
        ("lower(parameters.hook.n)", "⟨n|5⟩"),
        ("coalesce(parameters.hook.n, 3)", "⟨n|5⟩"),
        ("join(parameters.hook.title, split('1,2', ','))", "1⟨title|A b⟩2"),
        ("lower(format('A{0}', parameters.hook.title))", "a⟨title|a b⟩"),
        ("upper(parameters.hook.title)", "⟨title|A B⟩"),
        ("trim(parameters.hook.title)", "⟨title|A b⟩"),
        ("replace(parameters.hook.title, 'b', 'c')", "⟨title|A c⟩"),
        ("replace('abc', 'b', parameters.hook.title)", "⟨title|aA bc⟩"),
        ("replace('abc', parameters.hook.title, 'x')", "⟨title|abc⟩"),
        ("split(parameters.hook.title, ' ')[1]", "⟨title|b⟩"),
        ("split('1A b2', parameters.hook.title)[1]", "⟨title|2⟩"),
        ("substring(parameters.hook.title, 0, 1)", "⟨title|A⟩"),
        ("coalesce('', parameters.hook.title)", "⟨title|A b⟩"),
        ("iif(true, 'mine', parameters.hook.title)", "mine"),
        ("iif(false, 'mine', parameters.hook.title)", "⟨title|A b⟩"),
        ("convertToJson(parameters.hook.list)", "⟨list|[\n  \"x\",\n  \"y\"\n]⟩"),
    ] {
        assert_eq!(marked(expression), expected, "{expression}");
    }
}

/// Nothing of a payload is its empty text in whatever is made of it: else a payload that leaves a member out would
/// get by what is demanded of an empty one.
#[test]
fn nothing_of_a_payload_is_its_empty_text() {
    let none = r#"{"nothing": null, "no": [], "list": [{"n": null}], "objects": [{}, []], "ok": true}"#;
    for place in ["parameters.hook.nothing", "parameters.hook.missing", "parameters.hook.missing.more"] {
        for form in [
            "X",
            "lower(X)",
            "upper(X)",
            "trim(X)",
            "replace(X, 'a', 'b')",
            "format('{0}', X)",
            "coalesce(X, X)",
            "coalesce(X, '')",
            "coalesce('', X, '')",
            "iif(true, X, 'a')",
            "iif(X, X, '')",
            "split(X, ',')[0]",
            "substring(X, 0, 0)",
            "join(',', X)",
            "join(',', split(X, ','))",
        ] {
            let expression = form.replace('X', place);
            let text = text(&delivered(none), &expression);
            assert!(text.is_tainted() && text.is_empty(), "{expression}: {text:?}");
        }
        for form in ["eq(X, '')", "length(X)", "not(X)", "coalesce(X, 'a')", "iif(X, X, 'a')", "oneOf(X, '')"] {
            let expression = form.replace('X', place);
            assert!(!text(&delivered(none), &expression).is_tainted(), "{expression}");
        }
    }
    for expression in [
        "join(' ', parameters.hook.no)",
        "join(' ', parameters.hook.list)",
        "join(' ', parameters.hook.list.*.n)",
        "join(' ', parameters.hook.list.*.m)",
        "join('', parameters.hook.objects)",
        "join(' ', parameters.hook.list[0])",
        "lower(parameters.hook.ok.more)",
        "lower(parameters.hook.no[0])",
    ] {
        let text = text(&delivered(none), expression);
        assert!(text.is_tainted() && text.is_empty(), "{expression}: {text:?}");
    }
    for expression in ["lower(variables.nothing)", "coalesce(variables.nothing, '')", "join(' ', split('', ''))"] {
        assert!(!text(&delivered(none), expression).is_tainted(), "{expression}");
    }
}

#[test]
fn what_cannot_hold_text_is_clean() {
    for expression in [
        "parameters.hook.ok",
        "eq(parameters.hook.title, 'a B')",
        "length(parameters.hook.title)",
        "contains(parameters.hook.title, 'a')",
        "in(parameters.hook.title, 'x')",
        "oneOf(parameters.hook.title, 'a b', 'c')",
    ] {
        assert!(!text(&delivered(PAYLOAD), expression).is_tainted(), "{expression}");
    }
    assert_eq!(marked("oneOf(parameters.hook.title, 'a B', 'c')"), "a B");
}

#[test]
fn a_payload_chooses_nothing_of_the_authors() {
    for (expression, range) in [
        ("variables[parameters.hook.title]", 9..32),
        ("variables[parameters.hook.n]", 9..28),
        ("parameters[parameters.hook.list[0]]", 10..35),
        ("parameters.list[parameters.hook.title]", 15..38),
        ("format(parameters.hook.title, 1)", 7..28),
        ("oneOf(1, parameters.hook.title)", 9..30),
        ("variables[format('a{0}', parameters.hook.title)]", 9..48),
    ] {
        let mistake = failure_in(&delivered(PAYLOAD), expression);
        assert_eq!((mistake.code, mistake.range), (Code::TaintedChoice, range), "{expression}");
    }
    assert_eq!(marked("parameters.hook[parameters.hook.list[0]]"), "⟨x|⟩");
    assert_eq!(marked("split('x,y', ',')[parameters.hook.n]"), "");
    assert_eq!(marked("split('a,b,c,d,e,f', ',')[parameters.hook.n]"), "f");
}

#[test]
fn one_of_names_what_is_allowed() {
    let mistake = failure_in(&delivered(PAYLOAD), "oneOf(parameters.hook.title, 'dev', 'prod')");
    assert_eq!(mistake.title, "`A b` is not one of the allowed values");
    assert_eq!(mistake.note.as_deref(), Some("the value came from the payload, at `title`"));
    assert_eq!(mistake.help.as_deref(), Some("allowed are `dev`, `prod`"));
}

#[test]
fn keys_of_a_payload_are_tainted_and_paths_stay_short() {
    let payload = format!(r#"{{"{}": {{"x": "y"}}}}"#, "k".repeat(100_000));
    let value = super::payload(&payload);
    let Value::Object(object) = &value else { panic!("an object") };
    let (key, inner) = object.iter().next().expect("a key");
    assert!(key.is_tainted());
    assert!(inner.origin().expect("an origin").path.len() < 300);
}

#[test]
fn a_payload_that_nests_too_deep_is_refused() {
    let root = pipehook::taint::Origin { alias: "hook".into(), path: "".into() };
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Value::from_json_text(&nested(64), &root).is_ok());
    assert!(Value::from_json_text(&nested(65), &root).is_err());
    assert!(Value::from_json_text(&nested(100_000), &root).is_err());
    assert!(Value::from_json_text("[1", &root).is_err());
}

#[test]
fn an_evaluation_is_bounded() {
    let long = "a".repeat(1_000_000);
    let context = delivered(&format!(r#"{{"long": "{long}"}}"#));
    for expression in [
        "replace(parameters.hook.long, 'a', 'aaaaaaaaaa')",
        "split(parameters.hook.long, 'a')",
        "format('{0}{0}{0}{0}{0}{0}{0}{0}{0}', parameters.hook.long)",
        "join(parameters.hook.long, split('1,1,1,1,1,1,1,1,1,1', ','))",
    ] {
        assert_eq!(failure_in(&context, expression).code, Code::ExpressionLimit, "{expression}");
    }
    let compared = format!("or({})", vec!["contains(parameters.hook.long, 'b')"; 70].join(", "));
    assert_eq!(failure_in(&context, &compared).code, Code::ExpressionLimit);
}
