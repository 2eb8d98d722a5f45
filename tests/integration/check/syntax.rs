//! Files that are no YAML: a reader stops at the first character that fits nowhere, often lines below the
//! mistake, and the report stands where the mistake is.

use crate::support::Folder;

/// Checks a text and compares the line of its one report with the line that ends with `#!`, and how the
/// report helps.
#[track_caller]
fn tells(text: &str, help: &str) {
    let folder = Folder::new("");
    let line = text.lines().position(|line| line.ends_with("#!")).expect("a marked line") + 1;
    folder.write("a.yml", &text.replace("#!", ""));
    let reports = folder.run(&["check", "a.yml", "--format", "json"]).ended_with(1).json();
    let first = &reports[0];
    assert_eq!(first["code"], "yaml-syntax", "{text}\n{reports:#}");
    assert_eq!(first["place"]["line"], line, "{text}\n{reports:#}");
    assert_eq!(first["help"], help, "{text}\n{reports:#}");
}

#[test]
fn a_key_without_its_colon_is_told_and_not_the_line_below() {
    tells("steps:\n- bash: a\n- task CopyFiles@2#!\n  inputs: {a: b}\n", "write `task: CopyFiles@2`");
    tells("trigger none#!\n\nresources:\n  webhooks: []\n", "write `trigger: none`");
    tells("jobs#!\n- job: a\n  steps: []\n", "write `jobs:`");
    tells("jobs:\n- job: a\n  strategy#!\n    parallel: 2\n", "write `strategy:`");
    tells("resources:\n  webhooks:\n  - webhook hook#!\n    connection: a\n", "write `webhook: hook`");
}

#[test]
fn a_key_without_the_blank_behind_its_colon_is_told() {
    tells("steps:\n- publish:dist#!\n  artifact: a\n", "write `publish: dist`");
    tells("steps:\n- bash: |\n    a\n- checkout:self#!\n  clean: true\n", "write `checkout: self`");
    tells("steps:\n- bash:|#!\n    echo a: b\n    echo c\n- bash: d\n", "write `- bash: |`");
}

#[test]
fn more_text_of_a_value_is_no_key_without_a_colon() {
    let text = "steps:\n- bash: echo\n  displayName: what this\n    step does\n   env:#!\n    a: b\n";
    let folder = Folder::new("");
    folder.write("a.yml", &text.replace("#!", ""));
    let output = folder.run(&["check", "a.yml"]).ended_with(1);
    assert!(!output.stderr.contains("colon is missing"), "{}", output.stderr);
}

#[test]
fn a_quote_that_is_not_closed_is_told_and_not_the_next_one() {
    tells("steps:\n- script: 'a#!\n  displayName: b\n- bash: 'c'\n", "write `'` at its end");
    tells("name: \"a#!\nsteps:\n- bash: \"b\"\n", "write `\"` at its end");
}

#[test]
fn a_bracket_that_is_open_for_some_lines_is_told() {
    tells("jobs:\n- job: a\n  dependsOn: [b,#!\n    c\n  steps:\n  - bash: x\n", "write `]` at its end");
}

#[test]
fn a_first_line_that_alone_is_indented_is_told() {
    tells(" steps:#!\n - bash: a\nname: b\n", "give all keys of a mapping the same indentation");
}

#[test]
fn a_value_that_needs_quotes_is_told_with_them() {
    let colon = "put the value into single quotes, or on a line of its own below `|`";
    tells("steps:\n- script: echo a: b#!\n", colon);
    tells("steps:\n- script: a\n  displayName: Build: all#!\n  name: b\n", colon);
    let single = "write `''` for a quote inside single quotes, or use double quotes";
    tells("steps:\n- script: 'it's'#!\n", single);
    let double = "write `\\\"` for a quote inside double quotes, or use single quotes";
    tells("steps:\n- script: \"echo \"a b\"\"#!\n", double);
    tells("variables: {a: ${{ parameters.a }}}#!\nsteps:\n- script: a\n", "write `'${{ parameters.a }}'`");
    tells("steps:\n- script: a\n  env: {A: b, C: ${{ variables.c }}}#!\n", "write `'${{ variables.c }}'`");
}

#[test]
fn a_line_of_a_script_that_is_not_indented_is_told_as_that() {
    let help = "begin the lines of `script` further to the right than it";
    tells("steps:\n- script: |\n  echo hi#!\n  echo: a\n", help);
    tells("steps:\n- displayName: x\n  script: |-\n  echo hi#!\n", help);
}
