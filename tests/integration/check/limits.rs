//! Every limit of the language, met through the real `check` or `render`: each has a code and a
//! sentence that names it.

use crate::support::Folder;

/// Checks that a pipeline meets a limit that is named with a code.
#[track_caller]
fn meets(text: &str, code: &str, sentence: &str) {
    let folder = Folder::new("");
    folder.write("p.yml", text);
    let checked = folder.run(&["check", "p.yml"]).ended_with(1);
    let is_told = checked.stderr.contains(&format!("error[{code}]")) && checked.stderr.contains(sentence);
    assert!(is_told, "no {code} with `{sentence}`:\n{}", checked.stderr.chars().take(2_000).collect::<String>());
}

fn repeated(before: &str, count: usize, line: impl Fn(usize) -> String) -> String {
    before.to_owned() + &(0..count).map(line).collect::<String>()
}

#[test]
fn a_text_may_be_so_large_deep_and_full() {
    let large = format!("steps:\n- script: {}\n", "x".repeat(1024 * 1024));
    let folder = Folder::new("");
    folder.write("p.yml", &large);
    let checked = folder.run(&["check", "p.yml"]).ended_with(1);
    assert!(
        checked.stderr.contains("error[unreadable-file]") && checked.stderr.contains("1048576 bytes"),
        "{checked:?}"
    );
    let deep = format!("a: {}{}\n", "[".repeat(101), "]".repeat(101));
    meets(&deep, "yaml-limit", "more than 100 levels");
    meets(&repeated("a:\n", 100_001, |_| "- b\n".to_owned()), "yaml-limit", "more than 100000 keys and values");
}

#[test]
fn lists_of_a_pipeline_may_have_so_many_entries() {
    let steps = "  steps:\n  - script: x\n";
    meets(
        &repeated("stages:\n", 257, |at| format!("- stage: s{at}\n  jobs:\n  - job: a\n    steps:\n    - script: x\n")),
        "expansion-limit",
        "257 entries, 256 are allowed",
    );
    meets(
        &repeated("jobs:\n", 257, |at| format!("- job: j{at}\n{steps}")),
        "expansion-limit",
        "257 entries, 256 are allowed",
    );
    meets(
        &repeated("steps:\n", 501, |_| "- script: x\n".to_owned()),
        "expansion-limit",
        "501 entries, 500 are allowed",
    );
    let variables = repeated("variables:\n", 1_001, |at| format!("  v{at}: x\n")) + "steps: []\n";
    meets(&variables, "expansion-limit", "1001 entries, 1000 are allowed");
    let parameters = repeated("parameters:\n", 1_001, |at| format!("- {{name: p{at}, default: x}}\n")) + "steps: []\n";
    meets(&parameters, "yaml-limit", "1001 entries, 1000 are allowed");
    let repositories =
        repeated("resources:\n  repositories:\n", 101, |at| format!("  - repository: r{at}\n")) + "steps: []\n";
    meets(&repositories, "yaml-limit", "101 entries, 100 are allowed");
    let webhooks = repeated("resources:\n  webhooks:\n", 101, |at| format!("  - webhook: w{at}\n    connection: c\n"));
    meets(&(webhooks + "steps: []\n"), "yaml-limit", "101");
    let matrix = repeated("jobs:\n- job: a\n  strategy:\n    matrix:\n", 257, |at| format!("      l{at}: {{a: b}}\n"));
    meets(&(matrix + steps), "expansion-limit", "257 legs, 256 are allowed");
}

#[test]
fn an_expression_may_be_so_long_and_deep() {
    let with = |expression: &str| format!("variables:\n  a: ${{{{ {expression} }}}}\nsteps: []\n");
    meets(&with(&format!("'{}'", "x".repeat(21_000))), "expression-limit", "21000");
    meets(&with(&format!("{}true{}", "not(".repeat(50), ")".repeat(50))), "expression-limit", "50");
    let tenfold = (0..8).fold("'x'".to_owned(), |inner, _| format!("replace({inner}, 'x', 'xxxxxxxxxx')"));
    meets(&with(&tenfold), "expression-limit", "8 MiB");
    let twice = (0..30).fold("'x'".to_owned(), |inner, _| format!("format('{{0}}{{0}}', {inner})"));
    meets(&with(&twice), "expression-limit", "10000 steps");
}

#[test]
fn an_expansion_may_make_and_use_so_much() {
    let folder = Folder::new("");
    let listening = "resources:\n  webhooks:\n  - webhook: hook\n    connection: c\n";
    folder.write(
        "p.yml",
        &format!("{listening}steps:\n- ${{{{ each x in parameters.hook.l }}}}:\n  - ${{{{ each y in parameters.hook.l }}}}:\n    - script: x\n"),
    );
    folder.write("payload.json", &format!("{{\"l\": [{}]}}", vec!["1"; 5_000].join(",")));
    let rendered = folder.run(&["render", "p.yml", "--payload", "payload.json"]).ended_with(1);
    assert!(rendered.stderr.contains("error[expansion-limit]"), "{rendered:?}");
    assert!(rendered.stderr.contains("larger than 100000 values"), "{rendered:?}");
    let files = repeated("steps:\n", 101, |at| format!("- template: templates/t{at}.yml\n"));
    folder.write("many.yml", &files);
    for at in 0..101 {
        folder.write(&format!("templates/t{at}.yml"), "steps:\n- script: x\n");
    }
    let rendered = folder.run(&["render", "many.yml"]).ended_with(1);
    assert!(rendered.stderr.contains("an expansion uses at most 100 template files"), "{rendered:?}");
    folder.write("deep.yml", "steps:\n- template: templates/again.yml\n");
    folder.write("templates/again.yml", "steps:\n- ${{ if true }}:\n  - template: again.yml\n");
    let rendered = folder.run(&["render", "deep.yml"]).ended_with(1);
    assert!(rendered.stderr.contains("more than 100 deep"), "{rendered:?}");
}

#[test]
fn nothing_follows_from_a_list_that_was_cut_at_its_limit() {
    let folder = Folder::new("");
    let job = |at: usize| {
        let before = if at > 0 { format!("  dependsOn: j{}\n", at - 1) } else { String::new() };
        format!("- job: j{at}\n{before}  steps:\n  - script: x\n")
    };
    folder.write("p.yml", &repeated("jobs:\n", 300, job));
    let checked = folder.run(&["check", "p.yml"]).ended_with(1);
    assert!(checked.stderr.contains("error[expansion-limit]"), "{checked:?}");
    assert!(checked.stdout.contains("1 error,") || checked.stderr.contains("1 error,"), "{checked:?}");
}

#[test]
fn each_of_many_mistakes_is_told_though_no_mend_is_looked_for() {
    let folder = Folder::new("");
    folder.write("p.yml", &repeated("steps:\n", 600, |_| "- script: ${{ parametrs.x }}\n".to_owned()));
    let checked = folder.run(&["check", "p.yml"]).ended_with(1);
    let told = checked.stderr + &checked.stdout;
    assert!(told.contains("did you mean `parameters`?") && told.contains("600 errors, 0 warnings"), "{told}");
}
