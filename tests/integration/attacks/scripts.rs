//! Scripts: placed, and run by their interpreter where the machine has it.

use super::{End, forbidden};
use crate::shell::running::{Workspace, placed_in, stdout, text};
use pipehook::shell::Language;
use serde_json::Value;

pub fn end(case: &Value, surface: &str) -> End {
    let workspace = Workspace::new();
    let canary = workspace.canary().display().to_string();
    let (language, interpreter) = match surface {
        "script.bash" => (Language::Bash, "bash"),
        "script.sh" => (Language::Bash, "sh"),
        "script.python" => (Language::Python, "python3"),
        "script.pwsh" => (Language::PowerShell, "pwsh"),
        "script.cmd" => (Language::Cmd, "cmd"),
        other => return End::NotRun(format!("{other} is not known")),
    };
    let script = format!("{}\n", case["script"].as_str().expect("a script"));
    let value = |path: &str| value_at(case, path).replace("$CANARY", &canary);
    let placed = match (placed_in(language, &text(&script, value)), case["expect"].as_str()) {
        (Err(_), Some("rejected")) => return End::Passed,
        (Err(refusals), _) => return End::RefusedInstead(refusals[0].reason.clone()),
        (Ok(placed), Some("rejected")) => return End::Fault(format!("placed: {}", placed.script)),
        (Ok(placed), _) => placed,
    };
    if which(interpreter).is_none() {
        return End::NotRun(format!("placed; {interpreter} is not installed"));
    }
    let output = workspace.run(interpreter, &placed);
    let printed = stdout(&output);
    if workspace.canary().exists() {
        return End::Fault(format!("the payload ran: {}", placed.script));
    }
    if let Some(text) = forbidden(case).into_iter().find(|text| printed.contains(*text)) {
        return End::Fault(format!("it printed {text}"));
    }
    match case["expect_stdout"].as_str().map(|wanted| wanted.replace("$CANARY", &canary)) {
        Some(wanted) if wanted != printed => {
            End::Fault(format!("it printed {printed:?} instead of {wanted:?}: {} {output:?}", placed.script))
        }
        None if !output.status.success() => End::Fault(format!("it failed: {} {output:?}", placed.script)),
        _ => End::Passed,
    }
}

fn which(program: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
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
