//! Programs, files and the shell's own variables that would run payload text: one script a line, `⏎`
//! for a line break; and scripts near to them that nothing is wrong with.

use super::running::placed;

/// A value that does something as a command, as a list of them and inside of other text.
const HOSTILE: &str = "a; touch canary #$(touch canary)";

/// Ordinary scripts in which payload text meets files, names and programs that run others.
const ALLOWED: &[&str] = &[
    "echo ${{ x }} > notes.txt; bash ./build.sh",
    "echo ${{ x }} > notes.txt; for f in src/*.md; do wc -l \"$f\"; done",
    "echo ${{ x }} > notes.txt; cat *.txt | wc -l",
    "echo ${{ x }} > notes.txt; tar czf out.tgz notes.txt && sh ./release.sh",
    "echo ${{ x }} > notes.txt; git add notes.txt release.sh && ./release.sh",
    "echo ${{ x }} > notes.txt; find . -name '*.log' -exec rm {} +",
    "echo ${{ x }} > notes.txt; ls *.txt | xargs -n1 basename",
    "echo ${{ x }} > notes.txt; docker build -t app .",
    "export T=${{ x }}; eval \"$(ssh-agent -s)\"",
    "export T=${{ x }}; curl -fsSL https://get.example.com | sh",
    "export T=${{ x }}; python3 report.py",
    "export T=${{ x }}; python3 -c 'import os; print(os.environ[\"T\"])'",
    "export T=${{ x }}; jq -n 'env.T'",
    "export T=${{ x }}; envsubst < template.txt > page.html",
    "python3 report.py ${{ x }}; sh build.sh",
    "node build.js --title ${{ x }}",
    "go run . --title ${{ x }}",
    "cargo run -- --title ${{ x }}",
    "dotnet run -- ${{ x }}",
    "npm run build -- --title ${{ x }}",
    "gh run view ${{ x }}",
    "docker run --rm -e T=${{ x }} alpine env",
    "docker build --build-arg T=${{ x }} .",
    "grep -e ${{ x }} f",
    "grep -rn ${{ x }} src",
    "awk -v t=${{ x }} '{ print t, $1 }' f > out.txt; sh build.sh",
    "sed -i 's/a/b/' notes.txt; echo ${{ x }} >> notes.txt",
    "[[ ${{ x }} =~ ^v([0-9]+) ]] && echo \"${BASH_REMATCH[1]}\"",
    "mkdir -p \"out/${{ x }}\" && cd \"out/${{ x }}\" && pwd",
    "mkdir -p \"out/${{ x }}\"; ls out | wc -l",
    "kubectl create configmap a --from-literal=t=${{ x }}",
    "echo ${{ x }} | tee notes.txt | wc -c",
    "echo ${{ x }}; echo \"$_\"",
    "getopts ab o; echo ${{ x }}",
    "retry 3 true; echo ${{ x }}",
];

fn rows(name: &str) -> Vec<String> {
    let path = format!("{}/tests/testdata/shell/refused/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("the rows");
    text.lines().map(|line| line.replace('⏎', "\n")).collect()
}

#[test]
fn what_runs_text_takes_none_of_a_payload() {
    let taking: Vec<String> = rows("always.txt").into_iter().filter(|row| placed(row, "plain").is_ok()).collect();
    assert!(taking.is_empty(), "these take a value: {taking:#?}");
}

#[test]
fn what_chooses_among_the_author_s_own_takes_plain_words_only() {
    for row in rows("hostile.txt") {
        placed(&row, "plain").unwrap_or_else(|refusals| panic!("{row}: {refusals:?}"));
        assert!(placed(&row, HOSTILE).is_err(), "{row}");
    }
}

#[test]
fn what_only_looks_so_takes_a_value() {
    let refused: Vec<_> = ALLOWED
        .iter()
        .filter_map(|script| placed(script, "a title").err().map(|refusals| (script, refusals[0].reason.clone())))
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
}
