//! Variables: the shared cases, and what they don't say about payload text.

use super::bench::{mixed, tainted};
use crate::support::shared;
use pipehook::pipeline::plan::VALUE_MAX;
use pipehook::shell::environment_name;
use pipehook::taint::Text;
use pipehook::worker::{Setting, Variables, same_case_name};
use serde_json::Value;

pub fn cases(file: &str) -> Vec<Value> {
    let Some(folder) = shared() else { return Vec::new() };
    let text = std::fs::read_to_string(folder.join("vectors/runtime").join(file)).expect("the cases can be read");
    let all: Value = serde_json::from_str(&text).expect("the cases are JSON");
    all["cases"].as_array().expect("a list of cases").clone()
}

fn text(value: &Value) -> Text {
    value.as_str().unwrap_or_default().into()
}

/// Returns the variables of a case, expanded, and how many warnings that gave.
fn start(case: &Value) -> (Variables, usize) {
    let mut variables = Variables::default();
    for (name, value) in case["variables"].as_object().into_iter().flatten() {
        let is_secret = case["secrets"].as_array().into_iter().flatten().any(|secret| secret == name.as_str());
        variables.apply(Setting { is_secret, ..Setting::plain(name, text(value)) });
    }
    if case["id"] == "Constructor_DetectsExcessiveDepth" {
        for number in 1..=50 {
            variables.set(&format!("variable{number}"), format!("$(variable{})", number + 1).into());
        }
        variables.set("variable51", "Final value".into());
    }
    let warnings = variables.recalculate().len();
    (variables, warnings)
}

#[test]
fn the_shared_cases_of_variables_hold() {
    for case in cases("variables.json") {
        let id = &case["id"];
        let (mut variables, warnings) = start(&case);
        if let Some(expected) = case["warnings"].as_u64() {
            assert_eq!(warnings as u64, expected, "{id}");
        }
        let mut public = vec![variables.public().count()];
        for then in case["then_set"].as_array().into_iter().flatten() {
            let plain = Setting::plain(then["name"].as_str().expect("a name"), text(&then["value"]));
            variables.apply(Setting { is_secret: then["secret"] == true, ..plain });
            public.push(variables.public().count());
        }
        if let Some(input) = case["expand_in_task_input"].as_str() {
            let expanded = variables.expand(&input.into()).expect("a short text");
            assert_eq!(Text::flatten(&expanded), case["expect_expanded"].as_str().expect("a text"), "{id}");
            continue;
        }
        variables.recalculate();
        if let Some(expected) = case["public_count_sequence"].as_array() {
            let expected: Vec<u64> = expected.iter().filter_map(Value::as_u64).collect();
            let last: Vec<u64> = public.iter().rev().take(expected.len()).rev().map(|count| *count as u64).collect();
            assert_eq!(last, expected, "{id}");
        }
        for (name, expected) in case["expect"].as_object().into_iter().flatten() {
            let value = variables.value(name).unwrap_or_else(|| panic!("{id}: {name} is missing"));
            assert_eq!(Text::flatten(value), expected.as_str().expect("a text"), "{id}: {name}");
        }
    }
}

#[test]
fn the_shared_cases_of_environment_names_hold() {
    for case in cases("env-names.json") {
        let name = case["name"].as_str().unwrap_or_default();
        let exported = if case["preserveCase"] == true { same_case_name(name) } else { environment_name(name) };
        assert_eq!(exported, case["env"].as_str().expect("a name"), "{name:?}");
    }
}

#[test]
fn names_ignore_case_and_the_last_value_wins() {
    let mut variables = Variables::default();
    variables.set("Name", "first".into());
    variables.set("NAME", "last".into());
    assert_eq!(variables.iter().count(), 1);
    assert_eq!(variables.value("name").map(Text::flatten), Some("last".into()));
}

#[test]
fn payload_text_stays_apart_through_any_number_of_macros() {
    let mut variables = Variables::default();
    variables.set("title", tainted("$(other)"));
    variables.set("other", "wrong".into());
    variables.set("line", "a $(title) b".into());
    assert_eq!(variables.recalculate(), Vec::<String>::new());
    let expanded = variables.expand(&"[$(line)$(title)]".into()).expect("a short text");
    let parts: Vec<(&str, bool)> = expanded.segments().iter().map(|it| (&*it.text, it.is_tainted())).collect();
    assert_eq!(parts, [("[a ", false), ("$(other)", true), (" b", false), ("$(other)", true), ("]", false)]);
}

#[test]
fn a_macro_is_not_made_of_two_hands_parts() {
    let mut variables = Variables::default();
    variables.set("x", "wrong".into());
    for parts in [
        [("$(", false), ("x", true), (")", false)],
        [("", false), ("$(x", true), (")", false)],
        [("$", false), ("(x)", true), ("", false)],
    ] {
        let text = mixed(&parts);
        assert_eq!(variables.expand(&text), Ok(text.clone()), "{parts:?}");
    }
}

#[test]
fn macros_that_double_each_time_stop_growing() {
    let mut variables = Variables::default();
    variables.set("v0", "x".repeat(1000).into());
    for number in 1..45 {
        variables.set(&format!("v{number}"), format!("$(v{0})$(v{0})", number - 1).into());
    }
    assert!(!variables.recalculate().is_empty());
    assert!(variables.iter().all(|(_, value)| value.len() <= VALUE_MAX));
    let many = "$(v10)".repeat(100);
    assert!(variables.expand(&many.as_str().into()).is_err());
}

#[test]
fn hostile_texts_take_no_more_than_their_length() {
    let mut variables = Variables::default();
    for number in 0..2_000 {
        variables.set(&format!("v{number}"), format!("$(v{})", (number + 1) % 2_000).into());
    }
    assert_eq!(variables.recalculate().len(), 2_000);
    let open = "$(".repeat(500_000);
    assert_eq!(variables.expand(&open.as_str().into()), Ok(open.as_str().into()));
}
