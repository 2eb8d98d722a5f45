//! Ordinary scripts with ordinary values do what they did when the text was put in as it is.

use super::running::{Workspace, placed, placed_in, raw, raw_of, stdout, text};
use pipehook::shell::{Language, Placed};
use std::path::Path;

const VALUES: &[&str] = &["main", "hello", "v1.2.3", "42", "release-7", "user_name"];

pub(super) const SCRIPTS: &[&str] = &[
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
    "a=(one \"${{ x }}\" three)\nfor i in \"${!a[@]}\"; do echo \"$((i + 1)): ${a[$i]} ${a[i]}\"; done\necho ${!a[*]}",
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

/// What stands for the names in the scripts of the test data: the values of an ordinary delivery.
const DELIVERY: &[(&str, &str)] = &[
    ("title", "Fix the login page"),
    ("body", "It was slow, and is fast now (#12)."),
    ("user", "octocat"),
    ("email", "octocat@example.com"),
    ("name", "web-shop"),
    ("repo", "octo/web-shop"),
    ("branch", "main"),
    ("ref", "refs/heads/main"),
    ("sha", "a1b2c3d4e5"),
    ("tag", "v1.4.2"),
    ("version", "1.4.2"),
    ("channel", "beta"),
    ("environment", "staging"),
    ("event", "push"),
    ("host", "web1.example.com"),
    ("number", "42"),
    ("count", "3"),
    ("labels", "bug,ui"),
];

/// Programs that are not there, or must do nothing: they print their arguments.
pub(super) const STUBS: &[&str] = &[
    "git",
    "docker",
    "kubectl",
    "helm",
    "npm",
    "dotnet",
    "mvn",
    "gradle",
    "cargo",
    "go",
    "pip",
    "make",
    "cmake",
    "yarn",
    "terraform",
    "ansible-playbook",
    "bundle",
    "composer",
    "swift",
    "gh",
    "az",
    "aws",
    "gcloud",
    "curl",
    "mail",
    "scp",
    "rsync",
    "ssh",
    "flyway",
    "sudo",
    "podman",
    "skopeo",
    "trivy",
    "jq",
    "logger",
    "wall",
    "matrix-send",
    "cf",
    "heroku",
    "sentry-cli",
    "zip",
    "gzip",
    "sendmail",
    "psql",
    "redis-cli",
    "mysql",
    "sonar-scanner",
    "twine",
    "http",
    "yq",
    "wget",
    "kustomize",
    "ntfy",
    "systemd-cat",
    "dig",
    "nc",
    "java",
    "php",
    "ruby",
    "strip",
];

/// The files of the test data with scripts for bash.
pub(super) const BASH: &[&str] = &[
    "git.txt",
    "containers.txt",
    "build.txt",
    "notify.txt",
    "deploy.txt",
    "text.txt",
    "ci.txt",
    "release.txt",
    "json.txt",
    "deploying.txt",
    "shellish.txt",
    "services.txt",
    "mixed.txt",
];

/// The scripts of a file of the test data.
pub(super) fn scripts(file: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testdata/shell/benign");
    let text = std::fs::read_to_string(folder.join(file)).expect("test data");
    text.split("=====\n").map(str::to_owned).collect()
}

pub(super) fn value(name: &str) -> String {
    let known = DELIVERY.iter().find(|(known, _)| *known == name);
    known.unwrap_or_else(|| panic!("nothing stands for {name}")).1.to_owned()
}

/// Of scripts as people write them, few are refused, and the others do what they did with the text put
/// in as it is.
#[test]
fn scripts_as_people_write_them_do_what_they_did() {
    let files = BASH.iter().map(|file| (*file, Language::Bash, Some("bash")));
    let others = [("python.txt", Language::Python, Some("python3")), ("powershell.txt", Language::PowerShell, None)];
    let (mut count, mut refused, mut differing) = (0, Vec::new(), Vec::new());
    for (file, language, interpreter) in files.chain(others) {
        for script in scripts(file) {
            count += 1;
            let text = text(&script, value);
            match (placed_in(language, &text), interpreter) {
                (Err(refusals), _) => refused.push(format!("{file}: {}\n{script}", refusals[0].reason)),
                (Ok(_), None) => {}
                (Ok(placed), Some(interpreter)) => {
                    let (before, after) = (run(interpreter, &raw_of(&text)), run(interpreter, &placed));
                    if before != after {
                        differing.push(format!("{file}:\n{script}became\n{}{before:?}\n{after:?}", placed.script));
                    }
                }
            }
        }
    }
    println!("{count} scripts, {} refused:\n{}", refused.len(), refused.join("\n"));
    assert!(count >= 420 && refused.len() * 50 < count, "{} of {count} are refused", refused.len());
    assert!(differing.is_empty(), "{} differ\n{}", differing.len(), differing.join("\n"));
}

/// Returns the exit code and what was printed.
fn run(interpreter: &str, placed: &Placed) -> (Option<i32>, String) {
    let workspace = Workspace::new();
    STUBS.iter().for_each(|program| workspace.stub(program));
    let output = workspace.run(interpreter, placed);
    // The folder's own name may be printed, and each run has another.
    (output.status.code(), stdout(&output).replace(&workspace.path().display().to_string(), "/work"))
}
