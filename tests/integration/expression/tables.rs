//! The tables and traps of the reference, as cases of our own.

use super::{author, check, check_in, evaluate, failure_in};
use jiff::Timestamp;
use pipehook::expression::{Context, Dependency, Dialect, Expression, JobStatus, Status, Value};
use serde_json::json;

#[test]
fn equality_converts_the_right_side_to_the_left_ones_kind() {
    for (text, expected) in [
        ("eq(true, 'false')", "True"),
        ("eq('false', false)", "True"),
        ("eq('true', true)", "True"),
        ("eq(true, 'True')", "True"),
        ("eq(false, '')", "True"),
        ("eq('', false)", "False"),
        ("eq(variables.nope, '')", "True"),
        ("eq('', variables.nope)", "True"),
        ("eq(variables.nope, false)", "False"),
        ("eq(false, variables.nope)", "True"),
        ("eq(variables.nope, parameters.nothing)", "True"),
        ("eq(1, '1.0')", "True"),
        ("eq('1', 1.0)", "True"),
        ("eq('1.0', 1)", "False"),
        ("eq(1.2.3, '1.2.3')", "True"),
        ("eq('1.2.03', 1.2.3)", "False"),
        ("eq('abc', 'ABC')", "True"),
        ("eq(1, 'abc')", "False"),
        ("eq(parameters.list, parameters.list)", "True"),
        ("eq(parameters.list, parameters.object)", "False"),
        ("eq(split('a', ','), split('a', ','))", "False"),
        ("ne('a', 'A')", "False"),
    ] {
        check(text, expected);
    }
}

#[test]
fn order_compares_text_as_text_and_versions_part_by_part() {
    for (text, expected) in [
        ("lt('10', '9')", "True"),
        ("lt(10, '9')", "False"),
        ("lt(1.2.3, 1.2.10)", "True"),
        ("lt('1.2.3', '1.2.10')", "False"),
        ("gt(true, false)", "True"),
        ("ge(variables.nope, 0)", "True"),
        ("le('B', 'b')", "True"),
        ("lt(1.2, '1,000.5')", "True"),
    ] {
        check(text, expected);
    }
}

#[test]
fn logic_takes_any_value_and_leaves_out_what_does_not_matter() {
    for (text, expected) in [
        ("and(false, lt(1, 'x'))", "False"),
        ("or('0', lt(1, 'x'))", "True"),
        ("and(1, 'false', parameters.list)", "True"),
        ("not('')", "True"),
        ("xor(true, 'x')", "False"),
        ("in('B', 'a', 'b', lt(1, 'x'))", "True"),
        ("notIn('c', 'a', 'b')", "True"),
    ] {
        check(text, expected);
    }
}

#[test]
fn values_become_text_in_one_way() {
    for (text, expected) in [
        ("true", "True"),
        ("FALSE", "False"),
        ("1.50", "1.5"),
        ("-.5", "-0.5"),
        ("+1", "1"),
        ("1.2.4.05", "1.2.4.5"),
        ("variables.nope", ""),
        ("'It''s'", "It's"),
        (" 'blank'\n", "blank"),
        ("format('{0}', 0.123456789)", "0.1234568"),
    ] {
        check(text, expected);
    }
}

#[test]
fn choices_keep_the_type_of_what_they_return() {
    for (text, expected) in [
        ("coalesce('', 0)", "0"),
        ("coalesce('', '')", ""),
        ("coalesce(variables.nope, 'x', lt(1, 'x'))", "x"),
        ("iif(true, parameters.object, '').nested.name", "n"),
        ("iif('', 1, 2)", "2"),
        ("oneOf('PROD', 'dev', 'prod')", "prod"),
        ("oneOf(2, 1, 2)", "2"),
    ] {
        check(text, expected);
    }
    failure_in(&author(), "iif(true, 1, lt(1, 'x'))");
}

#[test]
fn text_functions_ignore_case_and_keep_empty_pieces() {
    for (text, expected) in [
        ("length('abc')", "3"),
        ("length(parameters.list)", "3"),
        ("length(parameters.object)", "2"),
        ("join(';', split('a,b,,c', ','))", "a;b;;c"),
        ("split('a--b-c', '--')[1]", "b-c"),
        ("split('abc', '')[0]", "abc"),
        ("join(',', parameters.rows)", ",,text,"),
        ("join(',', parameters.object)", ""),
        ("join(';', 'x')", "x"),
        ("startsWith('ABC', 'ab')", "True"),
        ("endsWith('ABC', 'bc')", "True"),
        ("contains(123, '2')", "True"),
        ("contains(true, 'RU')", "True"),
        ("replace('a-B-b', 'b', 'c')", "a-c-c"),
        ("replace('Straße', 'SS', 'x')", "Straße"),
        ("trim('  a b\t')", "a b"),
        ("substring('abcdef', 2, 3)", "cde"),
        ("substring('äöü', 1, 1)", "ö"),
        ("substring('abc', 3, 0)", ""),
        ("lower('AbÄ')", "abä"),
        ("upper('abßı')", "ABßı"),
    ] {
        check(text, expected);
    }
}

#[test]
fn formats_have_holes_and_braces() {
    for (text, expected) in [
        ("format('{{0}} {0}', 'a')", "{0} a"),
        ("format('{1}{0}{1}', 'a', true)", "TrueaTrue"),
        ("format('{0}', true)", "True"),
        ("format('a', lt(1, 'x'))", "a"),
        ("format('{0}', variables.nope)", ""),
        ("format('')", ""),
    ] {
        check(text, expected);
    }
    for text in ["format('{1}', 'a')", "format('{0')", "format('}')", "format('{a}', 1)", "format('{0:d}', 1)"] {
        failure_in(&author(), text);
    }
}

#[test]
fn a_time_is_formatted_by_its_parts() {
    let start: Timestamp = "2026-01-02T03:04:05.678Z".parse().expect("a time");
    let context = Context::new(Dialect::Runtime).with("pipeline", Value::object([("startTime", start.into())]));
    for (text, expected) in [
        ("pipeline.startTime", "2026-01-02 03:04:05+00:00"),
        ("format('{0:yyyyMMdd}', pipeline.startTime)", "20260102"),
        ("format('{0:yy-M-d H:m:s}', pipeline.startTime)", "26-1-2 3:4:5"),
        ("format('{0:HH:mm:ss.fff K}', pipeline.startTime)", "03:04:05.678 +00:00"),
        ("format('{0:\\d\\ddd zzz}', pipeline.startTime)", "dd02 +00:00"),
        ("gt(pipeline.startTime, '2026-01-01')", "True"),
        ("lt(pipeline.startTime, '2026-01-02T04:04:05+01:00')", "False"),
        ("eq(pipeline.startTime, 'yesterday')", "False"),
    ] {
        check_in(&context, text, expected);
    }
    for text in
        ["format('{0:MMMM}', pipeline.startTime)", "format('{0:x}', pipeline.startTime)", "gt(pipeline.startTime, 1)"]
    {
        failure_in(&context, text);
    }
}

#[test]
fn a_chain_finds_members_items_and_nothing() {
    for (text, expected) in [
        ("parameters.object.key", "value"),
        ("PARAMETERS['object']['KEY']", "value"),
        ("variables['Build.Reason']", "Manual"),
        ("variables.Build.Reason", ""),
        ("parameters.list[1]", "b"),
        ("parameters.list['1']", "b"),
        ("parameters.list[1.0]", "b"),
        ("parameters.list[-1]", ""),
        ("parameters.list[1.5]", ""),
        ("parameters.list['']", ""),
        ("parameters.list[9]", ""),
        ("parameters.list.name", ""),
        ("parameters.object[parameters.list]", ""),
        ("parameters.nothing.at.all[0].*.x", ""),
        ("'x'", "x"),
        ("format('{0}', 'x').y.z", ""),
    ] {
        if text.contains(".*") {
            assert_eq!(evaluate(text, &author()).map(|value| value.to_json()), Ok(json!([])));
        } else {
            check(text, expected);
        }
    }
}

#[test]
fn a_keyword_after_a_dot_is_a_member() {
    let context = Context::new(Dialect::Template)
        .with("x", Value::from_json(&json!({"format": 1, "in": 2, "true": 3, "null": 4})));
    for (text, expected) in [("x.format", "1"), ("x.in", "2"), ("x.true", "3"), ("x.null", "4")] {
        check_in(&context, text, expected);
    }
}

#[test]
fn a_filtered_list_skips_what_lacks_a_member() {
    for (text, expected) in [
        ("parameters.rows.*.id", json!([1, 2])),
        ("parameters.rows[*]['id']", json!([1, 2])),
        ("parameters.rows.*.tags", json!([["x", "y"], ["z"]])),
        ("parameters.rows.*.tags.*", json!(["x", "y", "z"])),
        ("parameters.rows.*.tags[0]", json!(["x", "z"])),
        ("parameters.jobs.*.result", json!(["Succeeded", "Failed"])),
        ("parameters.nothing.*", json!([])),
    ] {
        assert_eq!(evaluate(text, &author()).map(|value| value.to_json()), Ok(expected), "{text}");
    }
    check("containsValue(parameters.jobs.*.result, 'failed')", "True");
    check("containsValue(parameters.jobs, 'TEXT')", "True");
    check("containsValue(parameters.list, '3')", "True");
    check("containsValue('abc', 'a')", "False");
    check("join(',', parameters.rows.*.id)", "1,2");
}

#[test]
fn json_is_indented_by_two_and_typed() {
    let context =
        Context::new(Dialect::Template).with("x", super::payload(r#"{"a":[1.50,true,null,"é\n"],"b":{},"c":[]}"#));
    let expected = "{\n  \"a\": [\n    1.50,\n    true,\n    null,\n    \"é\\n\"\n  ],\n  \"b\": {},\n  \"c\": []\n}";
    check_in(&context, "convertToJson(x)", expected);
    check("convertToJson(1.2.3)", "\"1.2.3\"");
    check("convertToJson(variables.nope)", "null");
}

#[test]
fn a_number_of_a_payload_is_a_number_and_loses_nothing() {
    let context = Context::new(Dialect::Template)
        .with("x", super::payload("[1.50, 1e3, 12345678901234567890, 123456789012345678901234567890123, -0]"));
    check_in(&context, "join(' ', x)", "1.5 1000 12345678901234567890 123456789012345678901234567890123 0");
    check_in(&context, "eq(x[0], 1.5)", "True");
    check_in(&context, "eq(x[1], 1000)", "True");
}

/// No decimal holds these: they are numbers all the same.
#[test]
fn a_number_of_many_digits_is_compared_and_is_json_as_it_was_sent() {
    let sent = "[1e29, 1e-50, -10000000000000000000000000000000000000000, 0.1111111111111111111111111111111111111111]";
    let context = Context::new(Dialect::Template).with("x", super::payload(sent));
    check_in(&context, "join(' ', x)", &sent[1..sent.len() - 1].replace(',', ""));
    check_in(&context, "convertToJson(x)", &format!("[\n  {}\n]", sent[1..sent.len() - 1].replace(", ", ",\n  ")));
    for (text, expected) in [
        ("gt(x[0], 5)", "True"),
        ("lt(5, x[0])", "True"),
        ("gt(x[1], 0)", "True"),
        ("lt(x[1], 0.0000001)", "True"),
        ("lt(x[2], x[1])", "True"),
        ("eq(x[0], 5)", "False"),
        ("eq(x[0], x[0])", "True"),
        ("ge(x[3], 0.1)", "True"),
        ("and(x[1], true)", "True"),
        ("in(x[2], 1, x[2])", "True"),
    ] {
        check_in(&context, text, expected);
    }
}

const NONE_YET: Option<JobStatus> = None;

#[test]
fn a_step_looks_at_its_job_so_far() {
    use JobStatus::{Canceled, Failed, Succeeded, SucceededWithIssues};
    const FUNCTIONS: [&str; 5] = ["always()", "canceled()", "failed()", "succeeded()", "succeededOrFailed()"];
    for (status, expected) in [
        (NONE_YET, ["True", "False", "False", "True", "True"]),
        (Some(Succeeded), ["True", "False", "False", "True", "True"]),
        (Some(SucceededWithIssues), ["True", "False", "False", "True", "True"]),
        (Some(Failed), ["True", "False", "True", "False", "True"]),
        (Some(Canceled), ["True", "True", "False", "False", "False"]),
    ] {
        let context = Context::new(Dialect::Condition);
        let context = match status {
            Some(status) => context.with_status(Status::Step(status)),
            None => context,
        };
        for (function, expected) in FUNCTIONS.into_iter().zip(expected) {
            check_in(&context, function, expected);
        }
    }
}

fn graph(canceled: bool, results: &[(&str, JobStatus)]) -> Context<'static> {
    let dependencies =
        results.iter().map(|(name, result)| Dependency { name: (*name).to_owned(), result: *result }).collect();
    Context::new(Dialect::Condition).with_status(Status::Graph { canceled, dependencies })
}

#[test]
fn a_job_looks_at_what_it_depends_on() {
    use JobStatus::{Failed, Skipped, Succeeded, SucceededWithIssues};
    let fine = graph(false, &[("A", Succeeded), ("B", SucceededWithIssues)]);
    let mixed = graph(false, &[("A", Succeeded), ("B", Failed)]);
    let skipped = graph(false, &[("A", Succeeded), ("B", Skipped)]);
    let canceled = graph(true, &[("A", Succeeded), ("B", Failed)]);
    for (context, text, expected) in [
        (&fine, "succeeded()", "True"),
        (&fine, "failed()", "False"),
        (&mixed, "succeeded()", "False"),
        (&mixed, "succeeded('a')", "True"),
        (&mixed, "failed()", "True"),
        (&mixed, "failed('A')", "False"),
        (&mixed, "succeededOrFailed()", "True"),
        (&skipped, "succeeded()", "False"),
        (&skipped, "succeededOrFailed()", "False"),
        (&skipped, "not(canceled())", "True"),
        (&canceled, "canceled()", "True"),
        (&canceled, "always()", "True"),
        (&canceled, "succeeded('A')", "False"),
        (&canceled, "failed('B')", "False"),
        (&graph(false, &[]), "succeeded()", "True"),
    ] {
        check_in(context, text, expected);
    }
    let mistake = failure_in(&mixed, "succeeded('Bb')");
    assert_eq!((mistake.range, mistake.help.as_deref()), (10..14, Some("did you mean `B`?")));
}

#[test]
fn a_counter_asks_for_the_next_number_of_a_series() {
    let counter = |prefix: &str, seed: i64| seed + i64::try_from(prefix.len()).expect("short");
    let context = Context::new(Dialect::Runtime).with_counter(&counter);
    check_in(&context, "counter('abc', 100)", "103");
    check_in(&context, "counter()", "0");
    failure_in(&context, "counter('abc', 'x')");
    failure_in(&Context::new(Dialect::Runtime), "counter('abc', 100)");
    failure_in(&Context::new(Dialect::Template), "counter('abc', 100)");
}

#[test]
fn only_a_single_text_is_a_literal() {
    let literal = |text: &str| Expression::parse(text).expect("it parses").literal_text().map(str::to_owned);
    assert_eq!(literal(" 'my${{value' ").as_deref(), Some("my${{value"));
    assert_eq!(literal("'a '' b'").as_deref(), Some("a ' b"));
    assert_eq!(literal("1"), None);
    assert_eq!(literal("format('a')"), None);
}

#[test]
fn references_tell_what_an_expression_reads() {
    let text = "format('{0}', parameters.hook.a['b c'][0].*.id, x, parameters[variables.n].z)";
    let expression = Expression::parse(text).expect("it parses");
    let shown: Vec<String> = expression
        .references()
        .iter()
        .map(|reference| {
            format!("{} {:?} {} {}", reference.root, reference.steps, reference.open, &text[reference.range.clone()])
        })
        .collect();
    assert_eq!(
        shown,
        [
            r#"parameters [Member("hook"), Member("a"), Member("b c"), Index(0)] true parameters.hook.a['b c'][0]"#,
            "x [] false x",
            "parameters [] true parameters",
            r#"variables [Member("n")] false variables.n"#,
        ]
    );
}
