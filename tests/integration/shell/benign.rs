//! Ordinary scripts with ordinary values do what they did when the text was put in as it is.

use super::running::{Workspace, placed, raw, stdout};

const VALUES: &[&str] = &["main", "hello", "v1.2.3", "42", "release-7", "user_name"];

const SCRIPTS: &[&str] = &[
    "echo ${{ x }}",
    "echo \"Building ${{ x }} of $HOME\"",
    "echo 'single ${{ x }}' and ${{ x }}",
    "set -euo pipefail\nbranch=${{ x }}\necho \"branch: ${branch}\"",
    "if [ \"${{ x }}\" = \"main\" ]; then\n  echo production\nelse\n  echo test\nfi",
    "if [[ \"${{ x }}\" == main ]]; then echo yes; else echo no; fi",
    "if [[ ${{ x }} =~ ^v[0-9]+ ]]; then echo version; fi",
    "case ${{ x }} in\n  main|master) echo trunk ;;\n  v*) echo version ;;\n  *) echo other ;;\nesac",
    "for name in a ${{ x }} b; do echo \"- $name\"; done",
    "name=${{ x }}\necho ${name^^} ${name:0:2} ${#name} ${name%.*}",
    "cat <<EOF > notes.txt\ntitle: ${{ x }}\nEOF\ncat notes.txt",
    "cat <<'EOF'\n{\"t\": \"${{ x }}\", \"cost\": \"$5\"}\nEOF",
    "mkdir -p out && echo data > out/${{ x }}.txt && cat out/${{ x }}.txt && ls out",
    "echo ${{ x }} | tr a-z A-Z | sed 's/A/b/g'",
    "greet() {\n  local who=$1\n  echo \"hi $who\"\n}\ngreet ${{ x }}",
    "printf '%s-%s\\n' ${{ x }} end",
    "wc -c <<< \"${{ x }}\"",
    "x=$(echo \"${{ x }}\" | cut -c1-3); echo \"[$x]\"",
    "items=(one \"${{ x }}\" three)\nfor i in \"${items[@]}\"; do echo \"$i\"; done\necho ${#items[@]}",
    "echo ${{ x }} && echo ok || echo failed",
    "while read -r line; do echo \"got $line\"; done <<< \"${{ x }}\"",
    "export TITLE=${{ x }}\nbash -c 'echo \"$TITLE\"'",
    "bash -c 'echo \"arg $1\"' _ ${{ x }}",
    "! [ -z \"${{ x }}\" ] && echo nonempty",
    "test -n ${{ x }} && echo set",
    "echo \"$(basename ${{ x }}) $(( 1 + 2 ))\" # about ${{ x }}",
    "seq 3 | while read n; do echo $((n * 2)) ${{ x }}; done",
    "grep -c \"${{ x }}\" <<< \"a ${{ x }} b\"",
    "{ echo a; echo ${{ x }}; } 2>&1 | sort",
    "echo \"${UNSET:-${{ x }}}\"",
    "touch \"${{ x }}\" && rm \"${{ x }}\" && echo gone",
    "python3 -c \"print('${{ x }}')\"",
    "echo a-b | sed \"s/b/${{ x }}/\"",
    "select_it() { echo \"$@\"; }; select_it a \"${{ x }}\" c",
    "echo ${{ x }} > f; read -r v < f; echo \"$v\"",
];

#[test]
fn an_ordinary_value_gives_what_plain_text_gave() {
    for script in SCRIPTS {
        for value in VALUES {
            let raw = raw(script, value);
            let placed =
                placed(script, value).unwrap_or_else(|refusals| panic!("{script} refuses {value}: {refusals:?}"));
            let (before, after) = (Workspace::new().run("bash", &raw), Workspace::new().run("bash", &placed));
            assert_eq!(stdout(&after), stdout(&before), "{script} became {}", placed.script);
            assert_eq!(after.status, before.status, "{script}");
        }
    }
}

#[test]
fn an_unquoted_value_stays_one_word() {
    let workspace = Workspace::new();
    let placed = placed("printf '[%s]' ${{ x }}", "a   b *").expect("data");
    assert_eq!(workspace.printed(&placed), "[a   b *]");
}
