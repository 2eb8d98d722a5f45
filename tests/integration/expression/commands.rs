//! The cases of others and the tables of the reference through `pipehook eval` and `pipehook render`,
//! as a user would ask.

use super::vectors::{NOT_OUR_RULE, NOT_OURS, read};
use crate::support::{Folder, shared};
use serde_json::{Value as Json, json};

/// Returns what is wrong with what `eval` says of a case, if anything is.
fn fault(folder: &Folder, case: &Json) -> Option<String> {
    let text = case["expr"].as_str().expect("a case has an expression");
    let mut contexts = case["contexts"].clone();
    if contexts.is_null() {
        contexts = json!({});
    }
    let mut arguments = vec!["eval", text, "--context", "-"];
    let status = case["jobStatus"].as_str().unwrap_or("Succeeded").to_ascii_lowercase();
    if case["mode"] == "step-condition" {
        // A job with issues stands as one that succeeded.
        arguments.extend(["--status", status.strip_suffix("withissues").unwrap_or(&status)]);
    }
    let output = folder.run_with_input(&arguments, contexts.to_string().as_bytes());
    let expect = &case["expect"];
    if expect.get("error").is_some() {
        let is_told = output.code == Some(1) && output.stderr.contains("error[") && output.stdout.is_empty();
        return (!is_told).then(|| format!("{output:?}"));
    }
    if output.code != Some(0) {
        return Some(format!("{output:?}"));
    }
    let value = output.json();
    let (key, wanted) = expect.as_object().and_then(|expect| expect.iter().next()).expect("a case expects something");
    let as_expected = match key.as_str() {
        "ok" => true,
        "truthy" => *wanted == is_truthy(&value),
        "json" => value.as_str().is_some_and(|text| serde_json::from_str(text).ok().as_ref() == Some(wanted)),
        "string" => *wanted == text_of(&value),
        _ => expect["value"] == value,
    };
    (!as_expected).then(|| format!("gave {value}, not {expect}"))
}

fn is_truthy(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::Bool(value) => *value,
        Json::String(text) => !text.is_empty(),
        Json::Number(number) => number.as_f64() != Some(0.0),
        Json::Array(_) | Json::Object(_) => true,
    }
}

/// Returns a scalar as text, as the language has it.
fn text_of(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::Bool(true) => "True".to_owned(),
        Json::Bool(false) => "False".to_owned(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Asks for all cases, on all processors, and returns how many there were.
fn run(cases: Vec<&Json>) -> usize {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let faults: Vec<String> = std::thread::scope(|scope| {
        let ask = |part: Vec<&Json>| {
            let folder = Folder::new("");
            let fault = |case: &Json| Some(format!("{} `{}`: {}", case["id"], case["expr"], fault(&folder, case)?));
            part.into_iter().filter_map(fault).collect::<Vec<_>>()
        };
        let part = |at: usize| cases.iter().skip(at).step_by(threads).copied().collect::<Vec<_>>();
        let asked: Vec<_> = (0..threads).map(|at| scope.spawn(move || ask(part(at)))).collect();
        asked.into_iter().flat_map(|thread| thread.join().expect("it asks to the end")).collect()
    });
    assert!(faults.is_empty(), "{} of {} cases:\n{}", faults.len(), cases.len(), faults.join("\n"));
    cases.len()
}

#[test]
fn eval_gives_what_the_cases_of_others_expect() {
    let Some(folder) = shared() else { return };
    let (vectors, documentation) = (read(folder.clone(), "expressions.json"), read(folder, "documentation.json"));
    let of_others = vectors["cases"].as_array().expect("cases").iter().filter(|case| {
        let text = case["expr"].as_str().unwrap_or_default();
        let is_ours = NOT_OURS.iter().all(|(id, _)| case["id"] != *id);
        let has_our_rule = case["dialect"] == "azure" || NOT_OUR_RULE.iter().all(|(part, _)| !text.contains(part));
        // Syntax alone can't be asked for.
        case.get("skip").is_none() && case["mode"] != "validate-syntax" && is_ours && has_our_rule
    });
    let documented = documentation["expressions"].as_array().expect("expressions").iter();
    let count = run(of_others.chain(documented).collect());
    assert!(count > 450, "only {count} cases were found");
}

/// Tables of the reference (sections 3.4, 3.5, 3.6 and 10): an expression and the text that it gives.
const TABLE: &[(&str, &str)] = &[
    ("eq(true, 'false')", "True"),
    ("eq('false', false)", "True"),
    ("eq('true', true)", "True"),
    ("eq(true, 'True')", "True"),
    ("eq(false, '')", "True"),
    ("eq('', false)", "False"),
    ("eq(variables.none, '')", "True"),
    ("eq('', variables.none)", "True"),
    ("eq(variables.none, false)", "False"),
    ("eq(false, variables.none)", "True"),
    ("eq(1, '1.0')", "True"),
    ("eq('1', 1.0)", "True"),
    ("eq('1.0', 1)", "False"),
    ("eq(1.2.3, '1.2.3')", "True"),
    ("eq('1.2.03', 1.2.3)", "False"),
    ("eq('abc', 'ABC')", "True"),
    ("eq(parameters.list, parameters.list)", "True"),
    ("lt('10', '9')", "True"),
    ("lt(false, true)", "True"),
    ("gt(variables.none, -1)", "True"),
    ("eq(true, 1)", "True"),
    ("eq(true, 1.2.3)", "True"),
    ("eq(true, parameters.list)", "True"),
    ("eq(1, true)", "True"),
    ("eq(0, variables.none)", "True"),
    ("eq(1234, ' 1,234 ')", "True"),
    ("eq(1, '1e0')", "False"),
    ("eq(1.2, 1.2.0)", "False"),
    ("eq('1.5', 1.50)", "True"),
    ("eq('1.2.3', 1.2.3)", "True"),
    ("format('{{0}} {0}', 'a')", "{0} a"),
    ("format('{0}', true)", "True"),
    ("and(false, lt(1,'x'))", "False"),
    ("in('B','a','b')", "True"),
    ("coalesce('', 0)", "0"),
    ("coalesce('','')", ""),
    ("length('abc')", "3"),
    ("join(';', split('a,b,,c', ','))", "a;b;;c"),
    ("startsWith('ABC','ab')", "True"),
    ("contains(123, '2')", "True"),
    ("xor(true,'x')", "False"),
    ("variables.none", ""),
    ("lt(1.2.3, 1.2.10)", "True"),
    ("lt('1.2.3','1.2.10')", "False"),
    ("1.2.4.05", "1.2.4.5"),
    ("1.50", "1.5"),
    ("0.12345678", "0.1234568"),
    ("length(parameters.list)", "2"),
    ("upper(trim('  a '))", "A"),
    ("replace('a-b', '-', '+')", "a+b"),
    ("iif(true, parameters.list, '')[1]", "y"),
    ("containsValue(parameters.list, 'X')", "True"),
    ("substring('abcdef', 1, 3)", "bcd"),
    ("notIn('a', 'b', 'c')", "True"),
    ("endsWith('abc', 'BC')", "True"),
    ("lower('ABC')", "abc"),
    ("not(eq(1, 1))", "False"),
    ("or(false, 'x', lt(1, 'x'))", "True"),
    ("ne(1, 2)", "True"),
    ("ge(2, 2)", "True"),
    ("le(3, 2)", "False"),
];

#[test]
fn the_tables_of_the_reference_hold_in_a_rendered_pipeline() {
    let folder = Folder::new("");
    let table = || TABLE.iter().enumerate();
    let variables: String = table().map(|(at, (text, _))| format!("  v{at}: ${{{{ {text} }}}}\n")).collect();
    folder.write(
        "p.yml",
        &format!(
            "parameters:\n- {{name: list, type: object, default: [x, y]}}\nvariables:\n{variables}steps:\n- script: x\n"
        ),
    );
    let rendered = folder.run(&["render", "p.yml", "--format", "json"]).ended_with(0).json();
    for (at, (text, expected)) in table() {
        assert_eq!(text_of(&rendered["variables"][format!("v{at}")]), *expected, "{text}");
    }
}

/// Every function with too few and too many arguments, and with what it can't take.
#[test]
fn every_function_refuses_what_it_does_not_take() {
    let folder = Folder::new("");
    for (text, code) in [
        ("and(1)", "argument-count"),
        ("coalesce('')", "argument-count"),
        ("contains('a')", "argument-count"),
        ("contains('a', 'b', 'c')", "argument-count"),
        ("containsValue(1)", "argument-count"),
        ("convertToJson()", "argument-count"),
        ("endsWith('a')", "argument-count"),
        ("eq(1)", "argument-count"),
        ("eq(1, 2, 3)", "argument-count"),
        ("format()", "argument-count"),
        ("ge(1)", "argument-count"),
        ("gt(1, 2, 3)", "argument-count"),
        ("iif(true, 1)", "argument-count"),
        ("in(1)", "argument-count"),
        ("join(',')", "argument-count"),
        ("le()", "argument-count"),
        ("length()", "argument-count"),
        ("lower('a', 'b')", "argument-count"),
        ("lt(1)", "argument-count"),
        ("ne(1)", "argument-count"),
        ("not()", "argument-count"),
        ("notIn(1)", "argument-count"),
        ("oneOf('a')", "argument-count"),
        ("or(true)", "argument-count"),
        ("replace('a', 'b')", "argument-count"),
        ("split('a')", "argument-count"),
        ("startsWith('a')", "argument-count"),
        ("substring('a', 1)", "argument-count"),
        ("trim()", "argument-count"),
        ("upper()", "argument-count"),
        ("xor(true)", "argument-count"),
        ("xor(true, true, true)", "argument-count"),
        ("lt(1, 'x')", "conversion"),
        ("gt(parameters.o, 1)", "conversion"),
        ("ge(1.2.3, 'x')", "conversion"),
        ("contains(parameters.o, 'a')", "conversion"),
        ("startsWith('a', parameters.o)", "conversion"),
        ("format('{0}', parameters.o)", "conversion"),
        ("length(true)", "conversion"),
        ("substring('abc', 'x', 1)", "conversion"),
        ("substring('abc', 2, 5)", "invalid-value"),
        ("replace('abc', '', 'x')", "invalid-value"),
        ("format('{1}', 'a')", "invalid-value"),
        ("format('{', 'a')", "invalid-value"),
        ("oneOf('x', 'a', 'b')", "invalid-value"),
        ("succeeded()", "unknown-function"),
        ("counter('a', 1)", "unknown-function"),
        ("toJson(1)", "unknown-function"),
        ("null", "unknown-name"),
        ("1 == 1", "expression-syntax"),
        ("eq(null, 1)", "unknown-name"),
    ] {
        let output = folder.run_with_input(&["eval", text, "--context", "-"], br#"{"parameters": {"o": {"a": 1}}}"#);
        assert!(output.stderr.contains(&format!("error[{code}]")), "{text} is no {code}: {output:?}");
        assert_eq!((output.code, &*output.stdout), (Some(1), ""), "{text}");
    }
}

#[test]
fn eval_knows_the_time_of_a_run_and_every_digit_of_a_number() {
    let folder = Folder::new("");
    let context = r#"{"pipeline": {"startTime": "2026-03-09T05:07:08Z"}, "variables": {"n": 12345678901234567890123}}"#;
    folder.write("context.json", context);
    let given = |expression: &str| {
        let output = folder.run(&["eval", expression, "--context", "context.json"]).ended_with(0);
        output.stdout.trim().to_owned()
    };
    assert_eq!(given("format('{0:yyyyMMdd HH}', pipeline.startTime)"), "\"20260309 05\"");
    assert_eq!(given("lt(pipeline.startTime, '2026-03-10')"), "true");
    assert_eq!(given("variables.n"), "12345678901234567890123");
    assert_eq!(given("12345678901234567890123"), "12345678901234567890123");
}
