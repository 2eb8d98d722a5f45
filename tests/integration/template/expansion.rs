//! Expansion: types, text, taint, places of mistakes; and the document written out again.

use pipehook::diagnostic::{Diagnostics, SourceMap, Style, render_all};
use pipehook::expression::{Object, Value};
use pipehook::taint::Origin;
use pipehook::template::{Content, Inputs, NoFiles, Node, Template, to_json, to_yaml};
use pipehook::yaml;
use proptest::prelude::*;

const PAYLOAD: &str = r#"{"resource":{"message":{"title":"Hello, world!","subtitle":"I'm using WebHooks!"},
    "count":7,"big":12345678901234567890123456789012345,"ratio":1.50,"flag":true,"nothing":null,"list":["a","b"],
    "nasty":"${{ parameters.hook.resource.flag }} $(secret) ##vso[x]\nkey: value\n- item"}}"#;

struct Expanded {
    document: Node,
    report: String,
}

fn expand(text: &str) -> Expanded {
    expand_with(text, PAYLOAD)
}

fn expand_with(text: &str, payload: &str) -> Expanded {
    let mut sources = SourceMap::default();
    let id = sources.add("pipelines/hello.yml", text);
    let mut diagnostics = Diagnostics::default();
    let tree = yaml::parse(text, id, &mut diagnostics).expect("the text is YAML");
    let webhooks = vec!["hook".to_owned(), "env".to_owned()];
    let template =
        Template::load(&tree, &webhooks, &NoFiles, pipehook::pipeline::judge, &mut sources, &mut diagnostics);
    let origin = Origin { alias: "hook".into(), path: "".into() };
    let payload = Value::from_json_text(payload, &origin).expect("the payload is JSON");
    let parameters: Object = [("hook", payload), ("env", Value::text("prod"))].into_iter().collect();
    let variables = vec![("Build.Reason".to_owned(), "Manual".to_owned())];
    let inputs = Inputs { parameters, webhooks: vec!["hook".to_owned()], variables, ..Inputs::default() };
    let document = template.expand(&inputs, &mut diagnostics);
    let report = render_all(&diagnostics.resolve(&sources), Style::Plain);
    Expanded { document, report }
}

/// Expands `a: <value>` and returns the value as JSON.
#[track_caller]
fn check(value: &str, expected: &str) {
    let expanded = expand(&format!("a: {value}\n"));
    assert_eq!(expanded.report, "");
    let found = to_json(expanded.document.member("a").expect("a"));
    assert_eq!(found.to_string(), expected, "{value}");
}

#[test]
fn a_whole_expression_keeps_its_type() {
    check("${{ parameters.hook.resource.message }}", r#"{"title":"Hello, world!","subtitle":"I'm using WebHooks!"}"#);
    check("${{ parameters.hook.resource.list }}", r#"["a","b"]"#);
    check("${{ parameters.hook.resource.count }}", "7");
    check("${{ parameters.hook.resource.flag }}", "true");
    check("${{ parameters.hook.resource.nothing }}", "null");
    check("${{ parameters.hook.resource.missing.deeper }}", "null");
    check("'${{ parameters.HOOK.Resource.MESSAGE.title }}'", r#""Hello, world!""#);
    check("$<< parameters.hook.resource.list[1] >>", r#""b""#);
}

#[test]
fn an_expression_in_text_becomes_text() {
    check("x ${{ parameters.hook.resource.count }} y", r#""x 7 y""#);
    check("x${{ parameters.hook.resource.flag }}", r#""xTrue""#);
    check("x${{ parameters.hook.resource.nothing }}", r#""x""#);
    check("n ${{ parameters.hook.resource.big }}", r#""n 12345678901234567890123456789012345""#);
    check("r ${{ parameters.hook.resource.ratio }}", r#""r 1.5""#);
    check("${{ parameters.env }}-$<< parameters.env >>", r#""prod-prod""#);
    check("'it''s ${{ format(''{0}!'', parameters.env) }}'", r#""it's prod!""#);
    check("${{ '${{' }} stays", r#""${{ stays""#);
    check("$(macro) $[variables.x]", r#""$(macro) $[variables.x]""#);
}

#[test]
fn a_value_is_never_expanded_again() {
    let expanded = expand("a: ${{ parameters.hook.resource.nasty }}\nb: [1]\n");
    assert_eq!(expanded.report, "");
    let json = to_json(&expanded.document);
    assert_eq!(json["a"], "${{ parameters.hook.resource.flag }} $(secret) ##vso[x]\nkey: value\n- item");
    assert_eq!(json.as_object().expect("a mapping").len(), 2);
}

#[test]
fn variables_are_known_in_their_scope_and_after_their_definition() {
    let expanded = expand(
        "steps: '${{ variables.b }}'\nvariables:\n  a: 1\n  b: ${{ variables.a }}2 ${{ variables['Build.Reason'] }}\n",
    );
    assert_eq!(expanded.report, "");
    assert_eq!(to_json(&expanded.document)["steps"], "12 Manual");
    let jobs = "jobs:\n- job: A\n  variables: [{name: v, value: in A}]\n  x: ${{ variables.v }}\n- job: B\n  x: ${{ variables.v }}.\n";
    let expanded = expand(jobs);
    assert_eq!(expanded.report, "");
    let json = to_json(&expanded.document);
    assert_eq!((&json["jobs"][0]["x"], &json["jobs"][1]["x"]), (&"in A".into(), &".".into()));
}

#[test]
fn payload_text_is_tainted_and_the_authors_is_not() {
    let expanded = expand(
        "a: echo ${{ parameters.hook.resource.message.title }} in ${{ parameters.env }} ${{ parameters.hook.resource.count }}\n",
    );
    let Content::Scalar(scalar) = &expanded.document.member("a").expect("a").content else { panic!("a scalar") };
    let parts: Vec<(&str, bool)> = scalar.text.segments().iter().map(|it| (&*it.text, it.is_tainted())).collect();
    assert_eq!(parts, [("echo ", false), ("Hello, world!", true), (" in prod ", false), ("7", true)]);
    assert_eq!(&*scalar.text.origin().expect("an origin").path, "resource.message.title");
    assert_eq!(scalar.segment_spans.len(), 4);
}

#[test]
fn an_object_inside_text_is_the_documented_mistake() {
    let report = expand("steps:\n- script: echo ${{ parameters.hook.resource.message }}\n").report;
    let expected = "\
error[not-a-string]: an object can't stand inside text
 --> pipelines/hello.yml:2:16
  |
2 | - script: echo ${{ parameters.hook.resource.message }}
  |                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ this is an object with 2 keys: `title`, `subtitle`
  |
  = note: the value came from the payload, at `resource.message`
  = help: name one of its members, or write `convertToJson(parameters.hook.resource.message)`

";
    assert_eq!(report, expected);
}

#[test]
fn mistakes_point_into_the_file() {
    for (text, code, place) in [
        ("a: ${{ parameters.hok.x }}\n", "unknown-name", "1:18"),
        ("a: x ${{ nope(1) }}\n", "unknown-function", "1:10"),
        ("a: |\n  first\n  then ${{ eq(1) }}\n", "argument-count", "3:16"),
        ("a: ${{ parameters.hook\n", "expression-syntax", "1:4"),
        ("a: ${{ a b }}\n", "expression-syntax", "1:10"),
        ("trigger: [\"${{ parameters.env }}\"]\na: 1\n", "invalid-value", "1:11"),
        ("${{ parameters.env }}: 1\nPROD: 2\n", "duplicate-key", "2:1"),
    ] {
        let report = expand(text).report;
        assert!(report.contains(&format!("error[{code}]")), "{text}{report}");
        assert!(report.contains(&format!("hello.yml:{place}\n")), "{text}{report}");
    }
}

#[test]
fn more_than_the_limit_is_refused() {
    let items = vec!["\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\""; 2_000].join(",");
    let payload = format!("{{\"list\":[{items}]}}");
    let lines: String = (0..100).map(|n| format!("k{n}: ${{{{ parameters.hook.list }}}}\n")).collect();
    let report = expand_with(&lines, &payload).report;
    assert!(report.contains("error[expansion-limit]"), "{report}");
}

#[test]
fn a_document_is_written_so_that_it_reads_the_same() {
    let nasty = "a: 'true'\nb: true\nc: ${{ parameters.hook.resource.nasty }}\nd: |\n  echo 'x'\n  exit 1\ne: [ ]\nf: {}\ng:\nh: '- x'\ni: 'a: b # c'\n'k: l': '1.10'\nj: 1.10\n";
    let expanded = expand(nasty);
    assert_eq!(expanded.report, "");
    let yaml = to_yaml(&expanded.document);
    let again: serde_yaml::Value = serde_yaml::from_str(&yaml).unwrap_or_else(|error| panic!("{error}\n{yaml}"));
    let text = |key: &str| again[key].as_str().map(str::to_owned);
    assert_eq!(text("a").as_deref(), Some("true"), "{yaml}");
    assert_eq!(again["b"], serde_yaml::Value::Bool(true));
    assert_eq!(
        text("c").as_deref(),
        Some("${{ parameters.hook.resource.flag }} $(secret) ##vso[x]\nkey: value\n- item")
    );
    assert_eq!(text("d").as_deref(), Some("echo 'x'\nexit 1\n"));
    assert_eq!(text("h").as_deref(), Some("- x"));
    assert_eq!(text("i").as_deref(), Some("a: b # c"));
    assert_eq!(text("k: l").as_deref(), Some("1.10"));
}

proptest! {
    #[test]
    fn a_document_without_expressions_stays_as_it_is(value in "[ -~\n\té\u{85}\u{2028}]{0,40}") {
        let quoted = serde_json::to_string(&value).expect("text is JSON");
        let expanded = expand(&format!("a: {quoted}\n"));
        if !value.contains("${{") && !value.contains("$<<") {
            prop_assert_eq!(&expanded.report, "");
            let found = to_json(&expanded.document);
            prop_assert_eq!(found["a"].as_str(), Some(value.as_str()));
        }
    }

    #[test]
    fn any_payload_text_survives_the_way_to_yaml_and_back(value in "\\PC{0,30}|[ -~\n\r\t\u{0}\u{1b}\u{feff}]{0,30}|[-:#|>'\" \n]{0,8}") {
        // As a key it would stand in place of the value.
        prop_assume!(value != "x");
        let payload = serde_json::json!({ "x": value, value.clone(): 1 }).to_string();
        let expanded = expand_with("a: ${{ parameters.hook.x }}\nb: ${{ parameters.hook }}\n", &payload);
        prop_assert_eq!(&expanded.report, "");
        let yaml = to_yaml(&expanded.document);
        let again: serde_yaml::Value = serde_yaml::from_str(&yaml).map_err(|error| TestCaseError::fail(format!("{error}\n{yaml}")))?;
        prop_assert_eq!(again["a"].as_str(), Some(value.as_str()), "{}", yaml);
    }

    #[test]
    fn any_template_text_is_told_about_or_expanded(text in "(a: |- |\\$\\{\\{ | \\}\\}|parameters|\\.hook|\\.x|\n|  |'|eq\\(|,|\\)|if |each |[a-z]){0,25}") {
        let mut sources = SourceMap::default();
        let id = sources.add("t.yml", text.as_str());
        let mut diagnostics = Diagnostics::default();
        if let Some(tree) = yaml::parse(&text, id, &mut diagnostics) {
            let template = Template::load(&tree, &[], &NoFiles, pipehook::pipeline::judge, &mut sources, &mut diagnostics);
            template.expand(&Inputs::default(), &mut diagnostics);
        }
        render_all(&diagnostics.resolve(&sources), Style::Plain);
    }
}
