//! The predefined variables that the README lists: each is there, in a macro and in the environment.

use super::support::Folder;
use std::collections::BTreeSet;
use std::path::Path;

const CONNECTIONS: &str = "connections: {open: {auth: none}}\n";

/// Returns the names in the README's table, each written out.
fn listed() -> BTreeSet<String> {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("the README");
    let table = readme.split("Predefined variables, all read-only:").nth(1).expect("the table");
    let rows = table.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let mut names = BTreeSet::new();
    for row in rows.skip(2) {
        let mut cells = row.trim_matches('|').splitn(2, '|').map(str::trim);
        let prefix = cells.next().and_then(|cell| cell.strip_prefix('`')).and_then(|cell| cell.strip_suffix(".`"));
        let prefix = prefix.map(|prefix| format!("{prefix}.")).unwrap_or_default();
        // What stands in brackets explains, and is no name.
        let outside = without_brackets(cells.next().expect("a second cell"));
        names.extend(outside.split('`').skip(1).step_by(2).map(|name| format!("{prefix}{name}")));
    }
    names
}

fn without_brackets(text: &str) -> String {
    let mut depth = 0_usize;
    let mut outside = String::new();
    for character in text.chars() {
        depth += usize::from(character == '(');
        if depth == 0 {
            outside.push(character);
        }
        depth -= usize::from(character == ')' && depth > 0);
    }
    outside
}

#[test]
fn every_variable_of_the_readme_is_there() {
    let names = listed();
    assert!(names.len() > 60, "{names:?}");
    let folder = Folder::new(CONNECTIONS);
    let prints: String = names
        .iter()
        .map(|name| {
            let variable = name.replace('.', "_").to_uppercase();
            format!("        echo '{name}=$({name})' \"${{{variable}-unset}}\"\n")
        })
        .collect();
    let pipeline = format!(
        "resources:\n  webhooks: [{{webhook: hook, connection: open}}]\njobs:\n- deployment: D\n  environment: {{name: e, \
         resourceName: r, resourceId: 7}}\n  strategy:\n    canary:\n      increments: [10]\n      deploy:\n        steps:\n\
         \x20       - checkout: self\n        - bash: |\n{}",
        prints.replace("        echo", "            echo")
    );
    folder.write("pipelines/all.yml", &pipeline);
    let commit = "git init --quiet && git add --all && \
                  git -c user.name=ann -c user.email=ann@example.com commit --quiet --message first";
    assert!(folder.shell(commit).status.success());
    let server = folder.serve(&[]);
    server.request("POST", "/webhooks/open", &[], b"{}");
    folder.run(&["runs", "wait", "all#1"]).ended_with(0);
    let log = folder.run(&["runs", "logs", "all#1"]).ended_with(0).stdout;
    for name in &names {
        let line = log.lines().find_map(|line| line.strip_prefix(&format!("{name}="))).expect("each is printed");
        let (value, exported) = line.rsplit_once(' ').unwrap_or((line, ""));
        assert!(!value.is_empty() && !value.starts_with("$("), "{name} has no value: {line:?}");
        assert_ne!(exported, "unset", "{name} is not in the environment");
    }
}
