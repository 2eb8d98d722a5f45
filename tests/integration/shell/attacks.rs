//! The attacks on scripts: each does what its case says, or is refused, and never harms.

use super::running::{Workspace, shared, stdout, text};
use pipehook::shell::{Language, place};
use serde_json::Value;

/// Cases that are refused although they could be placed, and why.
const REFUSED_INSTEAD: &[(&str, &str)] = &[
    ("SB-205", "a value over 64 KiB does not travel in the environment yet"),
    ("SB-206", "a value over 64 KiB does not travel in the environment yet"),
];

#[test]
fn every_attack_on_a_script_ends_as_it_must() {
    let Some(shared) = shared() else { return };
    let file = std::fs::read_to_string(shared.join("attacks/attacks.json")).expect("the attacks");
    let attacks: Value = serde_json::from_str(&file).expect("the attacks are JSON");
    let cases = attacks["cases"].as_array().expect("a list of cases");
    let is_script = |case: &&Value| matches!(case["surface"].as_str(), Some("script.bash" | "script.sh"));
    let cases: Vec<&Value> = cases.iter().filter(is_script).collect();
    let faults: Vec<String> = cases.iter().filter_map(|case| fault(case)).collect();
    println!("{} cases, {} faults, {} refused instead", cases.len(), faults.len(), REFUSED_INSTEAD.len());
    assert!(cases.len() > 100 && faults.is_empty(), "{}", faults.join("\n"));
}

fn fault(case: &Value) -> Option<String> {
    let workspace = Workspace::new();
    let canary = workspace.canary().display().to_string();
    let id = case["id"].as_str().expect("an id");
    let script = format!("{}\n", case["script"].as_str().expect("a script"));
    let value = |path: &str| value_at(case, path).replace("$CANARY", &canary);
    let mut expected = case["expect"].as_str().expect("an expectation");
    if REFUSED_INSTEAD.iter().any(|(other, _)| *other == id) {
        expected = "rejected";
    }
    match (place(&text(&script, value), Language::Bash), expected) {
        (Err(_), "rejected") => None,
        (Err(refusals), _) => Some(format!("{id} is refused: {} | {script}", refusals[0].reason)),
        (Ok(placed), "rejected") => Some(format!("{id} is placed: {}", placed.script)),
        (Ok(placed), _) => {
            let shell = if case["surface"] == "script.sh" { "sh" } else { "bash" };
            let output = workspace.run(shell, &placed);
            let printed = stdout(&output);
            let wanted = case["expect_stdout"].as_str().map(|wanted| wanted.replace("$CANARY", &canary));
            if workspace.canary().exists() {
                return Some(format!("{id} ran the payload: {}", placed.script));
            }
            let forbidden =
                case["must_not"]["stdout_contains"].as_array().into_iter().flatten().filter_map(Value::as_str);
            if let Some(text) = forbidden.into_iter().find(|text| printed.contains(*text)) {
                return Some(format!("{id} printed {text}"));
            }
            let differs = wanted.filter(|wanted| *wanted != printed);
            differs
                .map(|wanted| format!("{id} printed {printed:?} instead of {wanted:?}: {} {output:?}", placed.script))
        }
    }
}

/// Returns the payload's text at a path such as `parameters.WebHook.resource.title`.
fn value_at(case: &Value, path: &str) -> String {
    let path = path.trim_start_matches("parameters.WebHook.");
    if let Some(made) = case.get("payload_gen") {
        let count = made["count"].as_u64().expect("a count") as usize;
        return made["repeat"].as_str().expect("what is repeated").repeat(count);
    }
    let pointer = format!("/{}", path.replace('.', "/"));
    case["payload"].pointer(&pointer).and_then(Value::as_str).expect("the payload has the path").to_owned()
}
