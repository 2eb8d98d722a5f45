//! Programs of many kinds that take an argument for code, a file, a header or an address, and ordinary uses of them.

use super::running::{placed, placed_beside, refused_of};
use pipehook::shell::Language;

/// Rows with a value that each of them refuses.
const REFUSED: &[(&str, &str)] = &[
    ("bundle exec rails runner \"puts '${{ x }}'\"", "a b"),
    ("docker compose exec app bundle exec rails runner \"puts '${{ x }}'\"", "a b"),
    ("t=\"${{ x }}\"; git log -m \"${t#v}\"", "v--output=x"),
    ("cross-env-shell \"echo ${{ x }}\"", "a b"),
    ("cross-env A=1 cross-env-shell \"echo ${{ x }}\"", "a b"),
    ("minikube ssh \"echo ${{ x }}\"", "a b"),
    ("docker-machine ssh m \"echo ${{ x }}\"", "a b"),
    ("tsh ssh h \"echo ${{ x }}\"", "a b"),
    ("gh codespace ssh -- \"echo ${{ x }}\"", "a b"),
    ("ray exec c.yml \"echo ${{ x }}\"", "a b"),
    ("sbatch --wrap \"echo ${{ x }}\"", "a b"),
    ("sbatch --wrap=\"echo ${{ x }}\"", "a b"),
    ("bsub \"echo ${{ x }}\"", "a b"),
    ("cdk --app \"${{ x }}\" deploy", "a b"),
    ("aws ec2 run-instances --user-data \"${{ x }}\"", "a b"),
    ("gh api x --jq '.[] | select(.title==\"${{ x }}\")'", "a b"),
    ("gh pr list --json title --jq '.[] | select(.title==\"${{ x }}\")'", "a b"),
    ("gh pr list --json title -q '.[] | select(.title==\"${{ x }}\")'", "a b"),
    ("curl -w \"${{ x }}\" https://x", "@/etc/passwd"),
    ("curl -w \"${{ x }}\" https://x", "%output{C}x"),
    ("xelatex \"${{ x }}\\input{doc}\"", "a b"),
    ("convert caption:\"${{ x }}\" a.png", "@/etc/passwd"),
    ("convert a.png -annotate 0 \"${{ x }}\" b.png", "@/etc/passwd"),
    ("docker build -f \"${{ x }}\" .", "../../x"),
    ("sendmail -t <<< \"To: ${{ x }}\"", "a\nBcc: x"),
    ("xmllint --xpath \"${{ x }}\" f", "a b"),
    ("xmlstarlet sel -t -v \"${{ x }}\" f", "a b"),
    ("patch \"${{ x }}\" < x", "../x"),
    ("wkhtmltopdf \"${{ x }}\" x.pdf", "file:///etc/passwd"),
    ("curl --variable \"${{ x }}\" https://x", "x@/etc/passwd"),
    ("curl --variable \"x@${{ x }}\" https://x", "/etc/passwd"),
    ("curl -F \"a=${{ x }}\" https://x", "x;filename=/z"),
    ("foo --eval \"${{ x }}\"", "a b"),
    ("foo -e \"${{ x }}\"", "a b"),
    ("foo --command \"${{ x }}\"", "a b"),
    ("foo --command=\"${{ x }}\"", "a b"),
    ("foo --jq \"${{ x }}\"", "a b"),
    ("python3 -m pytest \"${{ x }}\"", "/tmp/evil"),
    ("docker save -o \"${{ x }}\" img", "../../x"),
    ("docker load -i \"${{ x }}\"", "../../x"),
    ("kubectl cp \"${{ x }}\" pod:/x", "../x"),
    ("kubectl create configmap x --from-file=\"${{ x }}\"", "/etc/passwd"),
    ("gh release create v1 -F \"${{ x }}\"", "/etc/passwd"),
    ("aws s3 cp \"${{ x }}\" s3://b/", "/etc/passwd"),
    ("az rest --url \"${{ x }}\"", "https://evil"),
    ("kubectl get pods -o \"${{ x }}\"", "go-template-file=/x"),
    ("ssh host <<'EOF'\ngit checkout ${{ x }}\nEOF", "a;id"),
    ("sed -i \"s|a|${{ x }}|; s|b|x|\" f", "a/e;id"),
    ("sed \"s/a/${{ x }}/\" f", "x/e"),
    ("sed \"s@a@${{ x }}@\" f", "a@b"),
    ("sed \"s|a|${{ x }}|\" f", "x|e"),
    ("perl -pi -e 's/VERSION/${{ x }}/' f", "x@{[id]}"),
    ("sed -n \"/${{ x }}/p\" f", "x/p;e id"),
    ("awk '/${{ x }}/ {print}' f", "x/{system(\"id\")}"),
    ("sqlite3 db \"insert into b values ('${{ x }}')\"", "x')"),
    ("su - app -c \"./deploy.sh ${{ x }}\"", "a;id"),
    ("runuser -u app -- ./deploy.sh \"${{ x }}\"", "-c"),
    ("printf '%s\\n' \"${{ x }}\" | xargs -r markdownlint", "-exec"),
    ("printf '%s\\n' \"${{ x }}\" | xargs -r markdownlint", "a b"),
    ("go build -ldflags \"-X 'main.branch=${{ x }}'\"", "x y"),
    ("echo \"V=${{ x }}\" > .env; node --env-file=.env a.js", "x\nNODE_OPTIONS=z"),
    ("bundle exec rake \"task[${{ x }}]\"", "a,b]"),
    ("doppler run -- terraform apply -var-file=\"${{ x }}\"", "../x"),
    ("bq query \"select '${{ x }}'\"", "x' or '"),
    ("systemctl start \"${{ x }}\"", "a b"),
    ("gsutil cp \"${{ x }}\" gs://b", "/etc/passwd"),
    ("GCC_EXEC_PREFIX=\"${{ x }}\" gcc a.c", "/tmp/"),
    ("IFS=,; d=\"${{ x }}\"; for p in $d; do rm -rf \"build/$p\"; done", "a,,b"),
];

/// Rows with a value that each of them takes.
const TAKEN: &[(&str, &str)] = &[
    ("docker build --build-arg GIT_SHA=\"${{ x }}\" .", "abc123"),
    ("jq -r --arg x \"${{ x }}\" '.[$x]' f.json", "abc123"),
    ("jq --arg x \"${{ x }}\" '.[$x]' f.json", "abc123"),
    ("N=$(git rev-list --count \"${{ x }}..HEAD\"); echo $((N + 1))", "abc123"),
    ("printf '%s\\n' \"${{ x }}\" | grep '\\.md$' | xargs -r markdownlint", "src/main.md"),
    ("sed \"s|__BRANCH__|${{ x }}|g\" f", "refs/heads/x"),
    ("go build -ldflags \"-X 'main.branch=${{ x }}'\"", "refs/heads/x"),
    ("sed -i \"s|a|${{ x }}|; s|b|x|\" f", "abc123"),
    ("perl -pi -e 's/VERSION/${{ x }}/' f", "59b20b8d"),
    ("sed -n \"/${{ x }}/p\" f", "59b20b8d"),
    ("awk '/${{ x }}/ {print}' f", "59b20b8d"),
    ("sqlite3 db \"insert into b values ('${{ x }}')\"", "59b20b8d"),
    ("su - app -c \"./deploy.sh ${{ x }}\"", "59b20b8d"),
    ("runuser -u app -- ./deploy.sh \"${{ x }}\"", "59b20b8d"),
    ("gh issue create --title \"${{ x }}\" --body \"${{ x }}\"", "a b"),
    ("t=\"${{ x }}\"; git commit -m \"${t#*: }\"", "feat: --json"),
    ("git tag -a v1 -m \"$(sed 's/x//g' <<< \"${{ x }}\")\"", "add --json - it's"),
    ("gh issue create --title \"$(jq -r .t <<< \"${{ x }}\")\"", "{\"t\":\"--json\"}"),
    ("env -i FOO=1 ./x \"${{ x }}\"", "a b"),
    ("env ./x \"${{ x }}\"", "a b"),
    ("env -S \"echo ${{ x }}\"", "abc"),
    ("bundle exec rake \"task[${{ x }}]\"", "v1.2.3"),
    ("poetry run pytest -k \"${{ x }}\"", "login"),
    ("for p in ${{ x }}; do rm -rf \"build/$p\"; done", "a"),
];

/// Scripts that run the variable `TITLE` of their environment by code that stands in them in another form, in a file
/// that a shell reads first, or in a makefile.
const RUNNING: &[&str] = &[
    "printf '\\x65val \"$TITLE\"' | bash",
    "printf '\\145val \"$TITLE\"' | bash",
    "rev <<< '\"ELTIT$\" lave' | bash",
    "echo '\"ELTIT$\" lave' | rev | bash",
    "BASH_ENV=<(echo 'eval \"$TITLE\"') bash -c true",
    "echo 'eval \"$TITLE\"' > e; ENV=./e sh -i",
    "echo 'eval \"$TITLE\"' > rc; bash --rcfile rc -i",
    "printf 'x:\\n\\t@$(CMD)\\n' > Makefile; make CMD='eval \"$$TITLE\"'",
    "printf 'V := $(shell echo $$TITLE)\\nx:\\n\\t@echo $(V)\\n' > Makefile; make",
    "printf 'x:\\n\\t@echo $(foreach f,a,$(shell eval \"$$TITLE\"))\\n' > Makefile; make",
    "printf '$(eval X := $(shell $$TITLE))\\nx:\\n' > Makefile; make",
    "vim -es <<\"E\"\n:call system($TITLE)\nE",
    "BASH_ALIASES[q]=eval; shopt -s expand_aliases\nq \"$TITLE\"",
    "git commit -m \"$TITLE\"; printf 'V := $(shell git log -1 --format=%%s)\\nx:\\n\\t@echo $(V)\\n' > Makefile; make",
    "echo \"V=$TITLE\" > q.sql; sqlite3 a.db '.read q.sql'",
];

/// Scripts near to them that run none of it.
const HARMLESS: &[&str] = &[
    "printf 'echo \\x41 \"$TITLE\"' | bash",
    "curl -fsSL https://example.com/install.sh | sed 's/a/b/' | sh; echo \"$TITLE\"",
    "printf 'V := $(shell date)\\nx:\\n\\t@echo $(V)\\n' > Makefile; make; echo \"$TITLE\"",
    "make VERSION=1; echo \"$TITLE\"",
    "for f in $(echo a,b | tr , ' '); do cat \"$f\"; done; echo \"$TITLE\"",
    "echo 'export A=1' > rc; bash --rcfile rc -ic true; echo \"$TITLE\"",
    "bundle exec rspec; minikube status; echo \"$TITLE\"",
    "gh pr list --json title --jq '.[].title'; echo \"$TITLE\"",
];

#[test]
fn a_value_that_is_code_a_file_or_a_header_to_a_program_is_refused() {
    let taking: Vec<_> = REFUSED.iter().filter(|(script, value)| placed(script, value).is_ok()).collect();
    assert!(taking.is_empty(), "{taking:#?}");
}

#[test]
fn ordinary_uses_of_programs_take_ordinary_values() {
    let refused = refused_of(TAKEN);
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn code_of_another_form_that_runs_a_variable_takes_none() {
    let is_taken = |script: &&&str| placed_beside(Language::Bash, script, "TITLE", "x").is_ok();
    let taking: Vec<_> = RUNNING.iter().filter(is_taken).collect();
    assert!(taking.is_empty(), "{taking:#?}");
}

#[test]
fn code_that_runs_none_of_a_variable_takes_it() {
    let refused: Vec<_> = HARMLESS
        .iter()
        .filter_map(|script| Some((script, placed_beside(Language::Bash, script, "TITLE", "a title").err()?)))
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
}
