//! Payload text in bash scripts, run by a real bash.

use crate::support::shared;
use pipehook::shell::{self, Language};
use pipehook::taint::{Origin, Segment, Text};
use serde_json::Value;
use std::process::{Command, Stdio};
use std::sync::Arc;

/// Cases of the corpus whose printed text depends on a program that only the corpus' own harness
/// has: the value arrives, and there is no such program to print it.
const NO_SUCH_PROGRAM: [&str; 1] = ["SB-159"];

/// Builds a script: text in `«…»` is a payload's.
fn script(marked: &str) -> Text {
    let mut text = Text::default();
    for (place, part) in marked.split('«').enumerate() {
        match part.split_once('»') {
            Some((hole, rest)) if place > 0 => {
                text.push(tainted(hole));
                text.push(author(rest));
            }
            _ => text.push(author(part)),
        }
    }
    text
}

fn author(text: &str) -> Segment {
    Segment { text: text.into(), origin: None }
}

fn tainted(text: &str) -> Segment {
    Segment { text: text.into(), origin: Some(Arc::new(Origin { alias: "hook".into(), path: "x".into() })) }
}

struct Ran {
    stdout: String,
    script: String,
    made_canary: bool,
}

fn run(text: &Text) -> Result<Ran, Vec<shell::Refusal>> {
    let placed = shell::place(text, Language::Bash)?;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("script.sh");
    std::fs::write(&file, &placed.script).expect("a file");
    let canary = folder.path().join("canary");
    let output = Command::new("bash")
        .args(["--noprofile", "--norc"])
        .arg(&file)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("SECRET", "S3CR3T-VALUE")
        .env("CANARY", &canary)
        .envs(placed.variables.iter().cloned())
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .expect("bash runs");
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(Ran { stdout, script: placed.script, made_canary: canary.exists() })
}

/// Runs a script and checks what it prints.
#[track_caller]
fn prints(marked: &str, expected: &str) {
    match run(&script(marked)) {
        Ok(ran) => {
            assert_eq!(ran.stdout, expected, "{marked}\n{}", ran.script);
            assert!(!ran.made_canary, "{marked}");
        }
        Err(refusals) => panic!("{marked} is refused: {refusals:?}"),
    }
}

#[track_caller]
fn is_refused(marked: &str, depends_on_value: bool) {
    let refusals = run(&script(marked)).err().unwrap_or_else(|| panic!("{marked} is not refused"));
    assert_eq!(refusals[0].value_dependent, depends_on_value, "{marked} {refusals:?}");
}

#[test]
fn a_script_without_payload_text_is_not_touched() {
    let odd = "echo 'never closed $(( \" ` <<X";
    assert_eq!(shell::place(&script(odd), Language::Bash).expect("it is not even read").script, odd);
}

#[test]
fn each_lexical_place_gives_the_value_as_it_is() {
    let nasty = "a'b\"c $(touch $CANARY) `touch $CANARY` $SECRET \\ * ; touch $CANARY #";
    for (before, after) in [
        ("echo ", ""),
        ("echo pre", "post"),
        ("echo \"", "\""),
        ("echo \"$(echo \"", "\")\""),
        ("echo '", "'"),
        ("echo $'", "'"),
        ("cat <<EOF\n", "\nEOF"),
        ("cat <<'EOF'\n", "\nEOF"),
        ("cat <<-\"EOF\"\n\t", "\n\tEOF"),
        ("cat <<< ", ""),
        ("a=(x ", "); printf '%s\\n' \"${a[1]}\""),
        ("v=", "; printf '%s\\n' \"$v\""),
        ("for x in ", "; do printf '%s\\n' \"$x\"; done"),
        ("echo ${nothing:-", "}"),
        ("echo \"${nothing:-", "}\""),
        ("if true; then echo ", "; fi"),
        ("f() { printf '%s\\n' \"$1\"; }; f ", ""),
        ("case x in *) echo ", ";; esac"),
    ] {
        let pre = if before.ends_with("pre") { "pre" } else { "" };
        prints(
            &format!("{before}«{nasty}»{after}"),
            &format!("{pre}{nasty}{after}\n", after = if pre.is_empty() { "" } else { after }),
        );
    }
}

#[test]
fn values_that_end_things_end_nothing() {
    prints("cat <<EOF\n«x\nEOF\ntouch $CANARY»\nEOF\n", "x\nEOF\ntouch $CANARY\n");
    prints("# «x\ntouch $CANARY»\necho done", "done\n");
    prints("case «*» in a) echo no;; «*») echo yes;; esac", "yes\n");
    prints("[[ abc == «a*» ]] || echo literal", "literal\n");
    prints("[[ abc =~ «.*» ]] || echo literal", "literal\n");
    prints("echo «» end", " end\n");
    prints("cat <<'EOF'\n$HOME `x` \\n «v»\nEOF\n", "$HOME `x` \\n v\n");
}

#[test]
fn numbers_are_required_where_values_are_evaluated() {
    prints("echo $(( «41» + 1 ))", "42\n");
    prints("[ «7» -gt 3 ] && echo more", "more\n");
    prints("n=«5»; [[ $n -gt 3 ]] && echo more", "more\n");
    is_refused("echo $(( «x[$(touch $CANARY)]» ))", true);
    is_refused("n=«x[$(touch $CANARY)]»; [[ $n -gt 3 ]]", true);
    is_refused("a=(1 2); echo ${a[«x[$(touch $CANARY)]»]}", true);
}

#[test]
fn places_that_decide_what_runs_take_no_payload() {
    is_refused("«echo» hello", false);
    is_refused("echo $«HOME»", false);
    is_refused("echo \\«x»", false);
    prints("eval \"echo «$(touch $CANARY)»\"", "$(touch $CANARY)\n");
    is_refused("eval «$(touch $CANARY)»", false);
    is_refused("echo hello > «../x»", true);
    is_refused("PATH=«/tmp/evil» ls", false);
    is_refused("echo \"never closed «x»", false);
}

#[test]
fn no_value_can_be_what_the_environment_does_not_carry() {
    is_refused("echo «a\0b»", true);
    is_refused(&format!("echo «{}»", "x".repeat(200_000)), true);
}

#[test]
fn every_case_of_the_corpus_is_as_it_must_be() {
    let Some(shared) = shared() else { return };
    let text = std::fs::read_to_string(shared.join("attacks/attacks.json")).expect("the corpus can be read");
    let corpus: Value = serde_json::from_str(&text).expect("the corpus is JSON");
    let mut seen = 0;
    let mut wrong = Vec::new();
    for case in corpus["cases"].as_array().expect("cases") {
        let is_bash = matches!(case["surface"].as_str(), Some("script.bash" | "script.sh"));
        let Some(text) = case["script"].as_str().filter(|_| is_bash).and_then(|it| from_case(it, &case["payload"]))
        else {
            continue;
        };
        seen += 1;
        if let Err(mistake) = judge(case, &text) {
            wrong.push(format!("{} {mistake}: {}", case["id"], case["script"]));
        }
    }
    println!("{seen} cases of scripts");
    assert!(seen > 100, "the corpus has changed: only {seen} cases could be built");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Puts the payload's values into a case's script; a value that is no text or number gives none.
fn from_case(template: &str, payload: &Value) -> Option<Text> {
    let mut text = Text::default();
    for (place, part) in template.split("${{").enumerate() {
        let Some((expression, rest)) = part.split_once("}}").filter(|_| place > 0) else {
            text.push(author(part));
            continue;
        };
        let path = expression.trim().strip_prefix("parameters.WebHook.")?;
        let value = path.split('.').fold(payload, |value, member| &value[member]);
        let value = value.as_str().map(str::to_owned).or_else(|| value.as_number().map(ToString::to_string))?;
        text.push(tainted(&value));
        text.push(author(rest));
    }
    Some(text)
}

fn judge(case: &Value, text: &Text) -> Result<(), String> {
    let expected = case["expect"].as_str().unwrap_or_default();
    let ran = match run(text) {
        Err(refusals) if expected == "literal" => return Err(format!("is refused: {}", refusals[0].reason)),
        Err(_) => return Ok(()),
        Ok(ran) => ran,
    };
    if ran.made_canary || ran.stdout.contains("S3CR3T-VALUE") {
        return Err(format!("runs the payload: {}", ran.script));
    }
    if expected == "rejected" {
        return Err(format!("is accepted: {}", ran.script));
    }
    let skips_output = NO_SUCH_PROGRAM.contains(&case["id"].as_str().unwrap_or_default());
    match case["expect_stdout"].as_str().filter(|_| !skips_output) {
        Some(wanted) if wanted != ran.stdout => Err(format!("prints {:?}, not {wanted:?}", ran.stdout)),
        _ => Ok(()),
    }
}
