//! Secrets: run by the program, with a secret in a variable group. Neither the secret nor a usual
//! form of it is printed, and something is: what would be the secret is masked.

use super::End;
use crate::support::{Folder, Output};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// What every pipeline has in front.
const GROUP: &str = "variables:\n- group: hidden\n";

pub fn end(case: &Value) -> End {
    let secrets = case["secrets"].as_object().expect("secrets");
    let (name, secret) = secrets.iter().next().expect("a secret");
    let secret = secret.as_str().expect("a text");
    let quoted = serde_json::to_string(secret).expect("a text has a JSON form");
    let folder = Folder::new(&format!("variable-groups: {{hidden: {{{name}: {{secret: {{value: {quoted}}}}}}}}}\n"));
    let pipeline = case["pipeline_yaml"].as_str().expect("a pipeline");
    folder.write("pipelines/attack.yml", &format!("{GROUP}{pipeline}"));
    let output = folder.run(&["run", "pipelines/attack.yml", "--raw"]);
    if output.code != Some(0) {
        return End::Fault(format!("it failed: {output:?}"));
    }
    let shell_quoted = secret.replace('\'', "'\\''");
    let url_quoted = secret.bytes().map(percent).collect::<String>();
    for form in [secret, &STANDARD.encode(secret), &shell_quoted, &url_quoted] {
        if printed(&output).contains(form) {
            return End::Fault(format!("it printed {form}: {output:?}"));
        }
    }
    if printed(&output).contains("***") { End::Passed } else { End::Fault(format!("it printed nothing: {output:?}")) }
}

fn printed(output: &Output) -> String {
    format!("{}{}", output.stdout, output.stderr)
}

fn percent(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}
