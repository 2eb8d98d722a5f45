//! Programs, files and the shell's own variables that would run payload text: one script a line, `⏎`
//! for a line break; and scripts near to them that nothing is wrong with.

use super::running::placed;

/// A value that does something as a command, as a list of them and inside of other text.
const HOSTILE: &str = "a; touch canary #$(touch canary)";

/// Ordinary scripts in which payload text meets files, names and programs that run others.
pub(super) const ALLOWED: &[&str] = &[
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
    "python3 -c 'import sys, re; print(re.compile(\"a\").sub(\"b\", sys.argv[1]))' ${{ x }}",
    "python3 -c 'import yaml, sys; print(yaml.load(sys.argv[1], Loader=yaml.SafeLoader))' ${{ x }}",
    "python3 -c 'import sys, subprocess; subprocess.run([\"git\", \"tag\", \"-a\", \"v1\", \"-m\", sys.argv[1]])' ${{ x }}",
    "export T=${{ x }}; python3 -c 'import sys, subprocess; subprocess.run([\"gh\", \"issue\", \"create\", \"-t\", sys.argv[1]])' \"$T\"",
    "psql -v title=${{ x }} -c 'select 1'",
    "psql \"$DB\" -v title=${{ x }} <<< \"insert into t values (:'title'::text)\"",
    "psql --set=title=${{ x }} <<'SQL'\ninsert into t (title) values (:'title');\nSQL",
    "python3 -m json.tool notes.json; echo ${{ x }}",
    "node -e 'console.log(require(\"path\").basename(process.argv[1]))' ${{ x }}",
    "echo ${{ x }} > notes.txt; node -e 'console.log(require(\"fs\").readFileSync(\"a\", \"utf8\"))'",
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
    "retry() {\n  local n=0\n  until \"$@\"; do\n    n=$((n + 1))\n    if [ \"$n\" -ge 5 ]; then return 1; fi\n    sleep 1\n  done\n}\nretry curl -f https://example.com -d \"title=${{ x }}\"",
    "retry() { local n=$1; shift; for i in $(seq \"$n\"); do \"$@\" && return 0; done; }; retry 5 curl -f https://example.com -d \"t=${{ x }}\"",
    "retry() { local n=$1; for i in $(seq \"$n\"); do \"${@:2}\" && return 0; done; }; retry 5 git commit -m \"${{ x }}\"",
    "f() { \"$@\"; }; f echo ${{ x }}",
    "f() { local n=$1; shift; for ((i = 0; i < n; i++)); do \"$@\"; done; }; f 3 echo ${{ x }}",
    "f() { (( $1 > 2 )) && echo \"$2\"; }; f 3 ${{ x }}",
    "run() { echo \"+ $*\"; \"$@\"; }; run git tag -a v1 -m \"${{ x }}\"",
    "run() { set -x; \"$@\"; set +x; }; run gh issue create --title \"${{ x }}\"",
    "g() { git -C repo \"$@\"; }; g commit -m \"${{ x }}\"",
    "curl() { command curl --retry 3 \"$@\"; }; curl -d \"t=${{ x }}\" https://example.com",
    "try() { timeout 60 \"$@\"; }; outer() { try \"$@\"; }; outer curl -d \"t=${{ x }}\" https://example.com",
    "log() { echo \"[$(date)] $@\"; }; log \"got ${{ x }}\"",
    "log() { printf '%s\\n' \"$@\" >&2; }; log started \"${{ x }}\"",
    "exec {lock}>/tmp/lock; flock \"$lock\"; echo \"${{ x }}\"",
    "args=(--title \"${{ x }}\"); gh issue create \"${args[@]}\"",
    "args=(build --build-arg \"T=${{ x }}\"); docker \"${args[@]}\" .",
    "count=$(grep -c -F -- \"${{ x }}\" log || true); if (( count > 10 )); then echo many; fi",
    "echo \"$(( $(grep -c \"${{ x }}\" log) + 1 ))\"",
    "n=$(echo \"${{ x }}\" | wc -w); (( n > 10 )) && echo long",
    "n=$(stat -c %s \"out/${{ x }}\"); echo $((n / 1024))",
    "now=$(date +%s); then=$(date -d \"${{ x }}\" +%s); echo $(( (now - then) / 86400 ))",
    "echo \"${{ x }}\" > p.json; n=$(jq '.commits | length' p.json); (( n > 3 )) && echo many",
    "docker run --rm -e T=\"${{ x }}\" -v \"$PWD:/w\" -w /w node:20 npm run report",
    "set_var() { printf -v \"$1\" '%s' \"$2\"; }; set_var TITLE \"${{ x }}\"; n=3; (( n > 2 )) && echo \"$TITLE\"",
    "set_var() { local name=$1; printf -v \"$name\" '%s' \"$2\"; }; set_var TITLE \"${{ x }}\"; n=3; (( n > 2 )) && echo \"$TITLE\"",
    "for v in A B; do read -r \"$v\"; done <<< \"${{ x }}\"; echo \"$A\"; i=0; ((i++))",
    "fmt='%-20s %s\\n'; printf \"$fmt\" x \"${{ x }}\"; n=1; ((n++)); grep -v a f",
    "f() { local fmt=$1; shift; printf \"$fmt\" \"$@\"; }; f '%s\\n' \"${{ x }}\"; n=1; ((n++)); grep -v a f",
    "s=./deploy.sh; bash \"$s\" \"${{ x }}\"; wc -c f",
    "run() { bash \"$1\" \"$2\"; }; run deploy.sh \"${{ x }}\"; wc -c f; grep -c a f",
    "py=report.py; python3 \"$py\" \"${{ x }}\"",
    "[ \"$a\" = \"${{ x }}\" ] && echo yes",
    "mkdir -p \"out/${{ x }}\"; if [ -f *.md ]; then echo yes; fi",
    "mkdir -p \"out/${{ x }}\"; ls out/*; rm -f *.tmp",
    "export T=\"${{ x }}\"; cat > s <<'EOF'\necho \"$T\"\nEOF\nbash s",
    "cat > s <<'EOF'\n#!/bin/bash\nset -e\necho \"title: $1\" | tee -a log\nEOF\nchmod +x s; ./s \"${{ x }}\"",
    "printf 'log() { echo \"[$(date)] $*\"; }\\n' > lib.sh; . ./lib.sh; log \"${{ x }}\"",
    "cat > s.py <<'EOF'\nimport sys\nprint(sys.argv[1])\nEOF\npython3 s.py \"${{ x }}\"",
    "export T=\"${{ x }}\"; printf 'all:\\n\\t@echo \"$$T\"\\n' > Makefile; make -s",
    "export T=\"${{ x }}\"; make -s build",
    "export T=\"${{ x }}\"; git -c core.pager=cat log -1",
    "code='echo \"$1\"'; bash -c \"$code\" _ \"${{ x }}\"",
    "bash -s -- \"${{ x }}\" <<'EOF'\necho \"$1\"\nEOF",
    "curl -fsSL https://example.com/install.sh | bash -s -- --title \"${{ x }}\"",
    "sudo -u deploy bash -s -- \"${{ x }}\" < deploy.sh",
    "yq e '.t' f; echo \"${{ x }}\"",
    "python3 -m json.tool f; echo \"${{ x }}\"",
    "npm pkg set description=\"${{ x }}\"",
    "curl -fsS -u \"$U:$P\" -H \"X-T: ${{ x }}\" -A \"${{ x }}\" https://example.com",
    "awk '{ print $1 > \"out\" } END { close(\"out\") }' f; echo \"${{ x }}\"",
    "echo \"${{ x }}\" | sed -n '/the/p; s/e/ee/; /^#/d'",
    "echo \"${{ x }}\" | perl -pe 's/see/free/; s/a/e/g'",
    "git commit -m \"${{ x }}\"; sha=$(git rev-parse HEAD); bash deploy.sh \"$sha\"; git log -1 --format=%s",
    "echo \"${{ x }}\" > \"$OUT/notes.txt\"; bash build.sh",
    "echo \"${{ x }}\" > \"$LOGFILE\"; ./deploy.sh",
    "tmp=$(mktemp); echo \"${{ x }}\" > \"$tmp\"; bash build.sh",
    "tmp=\"$(mktemp -d)\"; echo \"${{ x }}\" > \"$tmp/x.txt\"; bash build.sh",
    "log() { echo \"$*\" >> \"$LOG\"; }; LOG=deploy.log; log \"${{ x }}\"; bash build.sh",
    "while read -r f; do echo \"${{ x }}\" > \"out/$f.txt\"; done < list; bash build.sh",
    "OUT=\"${OUT:-report.txt}\"; echo \"${{ x }}\" > \"$OUT\"; bash build.sh",
    "f=\"$DIR/notes.txt\"; echo \"${{ x }}\" > \"$f\"; bash build.sh; cat \"$f\" | wc -l",
    "retry() { \"$@\"; }; echo \"${{ x }}\" > notes.txt; retry bash build.sh",
    "f() { eval \"$1=\\$2\"; }; f out \"${{ x }}\"; echo \"$out\"",
    "f() { eval \"x_$1=\\\"\\$2\\\"\"; }; f out \"${{ x }}\"; echo \"$x_out\"",
    "git checkout -q -b \"${{ x }}\"; B=$(git rev-parse HEAD); bash deploy.sh \"$B\"",
    "git commit -qm \"${{ x }}\"; if git diff --quiet; then echo same; fi",
    "echo \"${{ x }}\" > notes.md; n=$(git status --porcelain | wc -l); (( n > 0 )) && git add -A",
    "echo \"${{ x }}\" > notes.md; for f in docs/*.md; do wc -w \"$f\"; done; bash build.sh",
    "export TMPDIR=/tmp; docker build --label \"r=${{ x }}\" /tmp",
    "set -euo pipefail; export CI=1; declare -r X=1; echo \"${{ x }}\"; env A=1 ./build.sh",
    "npm run build -- --title \"${{ x }}\"",
    "npm ci && npm run build; echo \"${{ x }}\"",
    "python3 -c \"import json; print(json.load(open('package.json'))['version'])\" > v; echo \"${{ x }}\"",
    "python3 -c \"import json,sys; json.dump({'t': sys.argv[1]}, open('out.json','w'))\" \"${{ x }}\"; jq . out.json",
    "i=0; for f in a b; do i=$((i+1)); echo \"${{ x }}\" > \"part-$i.txt\"; done; cat part-*.txt | wc -l; bash build.sh",
    "msg=\"${{ x }}\"; out=report-$(date +%F).md; echo \"$msg\" > \"$out\"; bash publish.sh \"$out\"",
    "docker run --rm -v \"$PWD:/w\" -w /w node:20 npm test -- --title \"${{ x }}\"",
    "docker build -t app --build-arg V=\"${{ x }}\" .",
    "curl -b \"session=${{ x }}\" https://x/y",
    "kubectl -n staging get pods -l \"app=${{ x }}\"",
    "echo \"${{ x }}\" 2>/dev/null | wc -c; bash build.sh",
    "echo \"${{ x }}\" 2>> errors.log; bash build.sh",
    "echo \"${{ x }}\" | tee /dev/stderr | wc -c; bash build.sh",
    "exec 3> log.txt; echo \"${{ x }}\" >&3; bash build.sh",
    "exec > >(tee -a build.log) 2>&1; echo \"${{ x }}\"; ./build.sh",
    "exec 2> >(tee errors.log >&2); echo \"${{ x }}\" >&2; bash build.sh",
    "echo \"${{ x }}\" | tee >(wc -c >&2) > notes.txt; bash build.sh",
    "{ echo \"${{ x }}\" >&2; } |& grep -c a",
    "make test |& tee test.log; echo \"${{ x }}\"; bash build.sh",
    "log() { echo \"$@\" >&2; }; log \"${{ x }}\" 2>&1 | tee log.txt; bash build.sh",
    "sh build.sh 3< f <<< \"a\"; echo \"${{ x }}\"",
    "cat > p.awk <<'E'\n{ print t, $1 }\nE\nawk -v t=\"${{ x }}\" -f p.awk f",
    "echo 's/a/b/' > p.sed; echo \"${{ x }}\" | sed -f p.sed",
    "printf 'all:\\n\\t@echo \"$$T\"\\n' > m.mk; T=\"${{ x }}\" make -fm.mk",
    "for v in ${!GIT_@}; do echo \"$v\"; done; echo \"${{ x }}\"",
    "v=HOME; echo \"${!v} ${{ x }}\"; n=3; (( n > 2 ))",
    "python3 -c 'import os; print(os.environ[\"HOME\"])' | sh; echo \"${{ x }}\"",
    "echo \"${{ x }}\"; jq -nr '.env[]' | wc -l; ps -ef | wc -l",
    "echo \"${{ x }}\" > notes.txt; gzip notes.txt; zcat other.gz | bash",
    "echo \"${{ x }}\" > notes.md; git add notes.md; git show --stat | wc -l; git show -s --format=%h | sh",
    "echo \"${{ x }}\" > notes.md; git add -A; git commit -qm a; sha=$(git rev-parse HEAD); bash deploy.sh \"$sha\"",
    "logger \"${{ x }}\"; bash build.sh",
    "psql -v t=\"${{ x }}\" <<< \"insert into t values (:'t')\"; n=$(psql -Atc 'select count(*) from t'); (( n > 3 ))",
    "echo \"${{ x }}\" > notes.txt; bash \"$HOME/build.sh\"; bash $(Build.SourcesDirectory)/build.sh",
    "git switch -c \"fix-${{ x }}\"; git switch \"main\"",
    "jq --arg v \"${{ x }}\" '.version = $v | .description = \"a\"' package.json > t && mv t package.json; npm run build",
    "n=$(jq --arg t \"${{ x }}\" '[.[] | select(.title == $t and (.n | length) > 1)] | length' f); (( n > 3 ))",
    "exec 3< list.txt; while read -r -u 3 f; do echo \"$f\"; done; echo \"${{ x }}\"; . \"$HOME/lib.sh\"",
    "echo \"${{ x }}\" | tee /dev/stderr | wc -c; . \"$DIR/lib.sh\"",
    "export BASH_ENV=./env.sh; echo \"${{ x }}\" | tee notes.txt",
    "ENV=production; echo \"${{ x }}\" | tee \"$ENV.txt\"",
    "export ENV=\"${ENV:-dev}\"; curl -d \"t=${{ x }}\" \"https://$ENV.example.com\"",
    "unset HISTFILE; set -o pipefail; history | wc -l; echo \"${{ x }}\"",
    "export HISTFILE=/dev/null; echo \"${{ x }}\" > notes.txt",
    "f() { local -i n=$1; (( n > 2 )) && echo \"$2\"; }; f 3 \"${{ x }}\"",
    "f() { local \"$1=$2\"; echo \"${!1}\"; }; f TITLE hello; echo \"${{ x }}\"",
    "T=\"${{ x }}\"; n=3; f() { (( $1 > 2 )) && echo \"$T\"; }; f n",
    "T=\"${{ x }}\"; is_set() { [[ -v $1 ]]; }; is_set T && echo \"$T\"",
    "T=\"${{ x }}\"; for v in T U; do [ -n \"${!v}\" ] || echo \"missing $v\"; done; i=0; (( i++ ))",
    "T=\"${{ x }}\"; require() { for v in \"$@\"; do [[ -n ${!v:-} ]] || exit 1; done; }; require T; n=1; (( n ))",
    "count() { echo $(( $1 + 1 )); }; n=$(count 2); title=\"${{ x }}\"; echo \"$n $title\"",
    "echo \"${{ x }}\" > notes.md; pandoc -f gfm -t html notes.md -o notes.html; bash build.sh",
    "echo \"${{ x }}\" > notes.md; prettier --write notes.md build.js; node build.js",
    "echo \"${{ x }}\" > notes.txt; aws s3 cp notes.txt s3://b/notes.txt; sh build.sh",
    "echo \"${{ x }}\" > notes.txt; for s in scripts/*.sh; do bash \"$s\"; done",
    "echo \"${{ x }}\" > notes.txt; bash ./deploy-*.sh",
    "curl -fsSL -o install.sh https://example.com/install.sh; echo \"${{ x }}\" > notes.txt; curl -T notes.txt https://example.com; sh install.sh",
    "git config alias.lg 'log --oneline -n 5'; git config core.editor 'vim -f'; echo \"${{ x }}\" > notes.txt; git lg",
    "echo '{\"scripts\":{\"x\":\"node build.js\"}}' > package.json; echo \"${{ x }}\" > notes.txt; npm run -s x",
    "GIT_EDITOR='sed -i s/a/b/' git commit --amend; echo \"${{ x }}\" > notes.txt",
    "printf '%s\\0' \"${{ x }}\" | xargs -0 -n1 echo",
    "printf '%s\\0' \"${{ x }}\" | xargs -0 -I{} echo \"title: {}\"",
    "find . -print0 | xargs -0 -n1 echo; echo \"${{ x }}\" > notes.txt",
];

/// Ordinary scripts with a value as each of them gets it.
const WITH_VALUES: &[(&str, &str)] = &[
    ("VERSION=\"${{ x }}\"; docker tag app \"app:${VERSION#v}\"", "v1.4.2-rc.1"),
    ("V=\"${{ x }}\"; git tag \"${V#v}\"", "v1.4.2-rc.1"),
    ("REF=\"${{ x }}\"; git checkout \"${REF#refs/heads/}\"", "refs/heads/feature/login-fix"),
    ("REF=\"${{ x }}\"; B=${REF##*/}; git checkout \"$B\"", "refs/heads/login-fix"),
    (
        "SLUG=$(echo \"${{ x }}\" | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9]/-/g'); mkdir -p \"previews/$SLUG\"",
        "Fix login: it's broken (#12)",
    ),
    ("B=\"${{ x }}\"; kubectl create ns \"pr-${B//[^a-z0-9]/-}\"", "feature/x"),
    ("read -r FIRST REST <<< \"${{ x }}\"; echo \"Hello $FIRST\"", "Ada - Lovelace"),
    ("while read -r l; do echo \"- $l\"; done <<< \"${{ x }}\"", "a\n- b"),
    ("jq -r '.[] | select(.name == \"${{ x }}\") | .id' f.json", "web"),
    ("awk -F: '$1==\"${{ x }}\" {print $2}' f", "web"),
    (
        "TITLE=$(printf '%s' \"${{ x }}\" | sed 's/\"/\\\\\"/g'); curl -d \"{\\\"t\\\":\\\"$TITLE\\\"}\" https://x",
        "a - b",
    ),
    ("SHORT=$(echo ${{ x }} | cut -c1-7); git show \"$SHORT\"", "9f8e7d6c5b"),
    ("SHA=\"${{ x }}\"; git show \"${SHA:0:7}\"", "9f8e7d6c"),
    ("IFS='/' read -r OWNER REPO <<< \"${{ x }}\"; gh repo view \"$OWNER/$REPO\"", "acme/my-app"),
    ("for l in $(echo \"${{ x }}\" | tr ',' ' '); do gh issue edit 1 --add-label \"$l\"; done", "bug,needs-work"),
    (
        "jq -r '.commits[].id' <<< '${{ x }}' | while read -r c; do git show \"$c\"; done",
        "{\"commits\":[{\"id\":\"9f8e7d6c\"}]}",
    ),
    ("[[ \"${{ x }}\" =~ ^v([0-9]+) ]] && echo \"${BASH_REMATCH[1]}\"", "v12"),
    ("[[ $X =~ (a|b)c ]] && echo \"${{ x }}\"", "x"),
    ("MSG=$(git log -1 --format=%s); git tag -a v1 -m \"$MSG\"; echo \"${{ x }}\"", "a - b"),
    ("N=$(tr -cd 0-9 <<< \"${{ x }}\"); git checkout \"pr-$N\"", "PROJ-12"),
    ("git tag \"${{ x }}\"; n=$(git rev-list --count HEAD); echo $((n+1))", "v1.2"),
    ("IFS=. read -r A B <<< \"1.2\"; docker build -t \"app:${{ x }}\" .", "1.2"),
    ("IFS=. read -r MAJOR MINOR PATCH <<< \"${{ x }}\"; docker build -t \"octo/shop:$MAJOR.$MINOR\" .", "1.2.3"),
    ("export PYTHONPATH=.; docker build -t \"app:${{ x }}\" .", "1.2"),
    ("helm upgrade --install app ./chart --set image.tag=${{ x }}", "1.2"),
    ("helm upgrade --install \"${{ x }}\" ./chart -f values.yaml", "web"),
    ("helm upgrade --install app repo/chart --version \"${{ x }}\" --wait", "1.2"),
    ("echo \"${{ x }}\" > VERSION; npm run build", "1.2"),
    ("date -d \"${{ x }}\" +%s", "2026-01-01"),
    ("pytest \"tests/${{ x }}\" -k \"${{ x }}\"", "a"),
    ("gh run view \"${{ x }}\"", "42"),
    ("kubectl -n \"${{ x }}\" get pods", "staging"),
    ("gh -R \"${{ x }}\" issue list", "octo/shop"),
    ("aws s3 cp out.txt \"s3://b/${{ x }}/\"", "x"),
    ("URL=\"https://api.example.com/repos/${{ x }}/x\"; curl -fsS \"$URL\"", "acme/app"),
    ("BASE=https://api.example.com; URL=\"$BASE/repos/${{ x }}\"; curl -fsS \"$URL\"", "acme/app"),
    ("curl -fsS \"$BASE/repos/${{ x }}\"", "acme/app"),
    ("curl -fsS \"https://${{ x }}/health\"", "example.com"),
    ("curl -fsS \"https://${{ x }}.example.com/health\"", "pr-42"),
    ("curl -fsS \"http://app-${{ x }}:8080/health\"", "42"),
    ("curl -fsS \"http://localhost:${{ x }}/health\"", "8080"),
    ("curl -fsS \"https://x.example.com/?q=${{ x }}\" -w '%{http_code}' -o /dev/null", "a"),
    ("curl -fsSL \"${{ x }}\" -o x.zip", "https://x/y.zip"),
    ("wget -q \"https://example.com/releases/${{ x }}/app.tar.gz\"", "1.4.2"),
    ("docker run -v \"data-${{ x }}:/data\" alpine", "web"),
    ("docker build -t \"app:${{ x }}\" .", "1.2"),
    ("docker build -t \"app:${{ x }}\" -f Dockerfile \"services/${{ x }}\"", "web"),
    ("kubectl set image deploy/app app=\"repo/app:${{ x }}\"", "1.2"),
    ("gcloud run deploy app --image \"gcr.io/p/app:${{ x }}\"", "1.4.2"),
    ("aws s3 sync dist s3://my-bucket/${{ x }} --delete", "preview-42"),
    ("aws s3 cp dist/ \"s3://bucket/releases/${{ x }}/\" --recursive", "1.4.2"),
];

pub(super) fn rows(name: &str) -> Vec<String> {
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

/// Rows with a value that each of them refuses, beside one that it takes.
const BY_VALUE: &[(&str, &str)] = &[
    ("t=\"${{ x }}\"; f=${t#v}; tar cf x.tar \"$f\" a", "v--use-compress-program=touch C"),
    ("h=\"${{ x }}\"; ssh \"${h#ssh://}\" uptime", "ssh://-oProxyCommand=x"),
    ("h=\"${{ x }}\"; ssh \"${h##*@}\" uptime", "x@-oProxyCommand=x"),
    ("while read -r host; do ssh \"$host\" uptime; done <<< \"${{ x }}\"", "x\n-oProxyCommand=x"),
    ("for host in $(tr , \"\\n\" <<< \"${{ x }}\"); do ssh \"$host\" uptime; done", "a,-oProxyCommand=x"),
    ("u=\"${{ x }}\"; git clone \"${u#git+}\" ./d", "git+--upload-pack=x"),
    ("t=\"${{ x }}\"; git log \"${t##*:}\"", "a:--output=C"),
    ("t=\"${{ x }}\"; git log \"${t#refs/heads/}\"", "refs/heads/--output=C"),
    ("t=\"${{ x }}\"; git log \"${t:1}\"", "a--output=C"),
    ("t=\"${{ x }}\"; git log \"${t/x/}\"", "x--output=C"),
    ("t=\"${{ x }}\"; git log \"${t// /}\"", " --output=C"),
    ("t=$(echo \"${{ x }}\" | tr -d v); git log \"$t\"", "v--output=C"),
    ("t=$(echo \"${{ x }}\" | sed \"s/^v//\"); git log \"$t\"", "v--output=C"),
    ("t=$(cut -d: -f2 <<< \"${{ x }}\"); git log \"$t\"", "a:--output=C"),
    ("t=$(echo \"${{ x }}\" | awk '{print $2}'); git log \"$t\"", "a --output=C"),
    ("read -r t <<< \"${{ x }}\"; git log \"$t\"", " --output=C"),
    ("IFS=: read -r a t <<< \"${{ x }}\"; git log \"$t\"", "a:--output=C"),
    ("read -ra a <<< \"${{ x }}\"; git log \"${a[1]}\"", "a --output=C"),
    ("t=\"${{ x }}\"; a=(${t//,/ }); git log \"${a[1]}\"", "a,--output=C"),
    ("[[ \"${{ x }}\" =~ x(.*) ]]; git log \"${BASH_REMATCH[1]}\"", "x--output=C"),
    ("f() { git log \"${1#v}\"; }; f \"${{ x }}\"", "v--output=C"),
    ("t=$(jq -r .a <<< \"${{ x }}\"); git diff \"$t\"", "{\"a\":\"--output=C\"}"),
    ("jq -r \".[]\" <<< \"${{ x }}\" | while read -r f; do touch \"$f\"; done", "[\"--x\"]"),
    ("t=\"${{ x }}\"; f=${t#*:}; touch \"$f\"", "x:/tmp/a"),
    ("yq e -i '.x = \"${{ x }}\"' f.yml", "a\" + strenv(HOME) + \""),
    ("yq eval -i \".x = \\\"${{ x }}\\\"\" f.yml", "a\" + strenv(HOME) + \""),
    ("mlr filter '$a == \"${{ x }}\"' f", "\" || system(\"x\") == \""),
    ("gcc -E - -include \"${{ x }}\"", "@/etc/passwd"),
    ("gcc \"${{ x }}\"", "@/etc/passwd"),
    ("aws s3 rm --recursive \"s3://b/${{ x }}\"", ""),
    ("curl -w \"${{ x }}\" https://x", "@/etc/passwd"),
    ("t=\"${{ x }}\"; for x in $t; do git log \"$x\"; done", "a --output=C"),
    ("t=\"${{ x }}\"; set -- $t; git diff \"$2\"", "a --output=C"),
    ("t=\"${{ x }}\"; a=($t); git log \"${a[1]}\"", "a --output=C"),
    ("f() { for x in $1; do git log \"$x\"; done; }; f \"${{ x }}\"", "a --output=C"),
    ("f() { for x in \"$@\"; do git log \"$x\"; done; }; t=\"${{ x }}\"; f b $t", "a --output=C"),
];

#[test]
fn a_value_that_means_more_to_a_program_is_refused_and_a_plain_one_is_taken() {
    for (row, value) in BY_VALUE {
        placed(row, "plain").unwrap_or_else(|refusals| panic!("{row}: {refusals:?}"));
        assert!(placed(row, value).is_err(), "{row} takes {value:?}");
    }
}

/// Programs that change the machine: no payload text is what they do it to. These are never run by a test.
const MACHINE: &[&str] =
    &["pkill -f \"${{ x }}\"", "killall ${{ x }}", "date -s \"${{ x }}\"", "date --set=\"${{ x }}\""];

#[test]
fn no_payload_chooses_what_changes_the_machine() {
    let taking: Vec<_> = MACHINE.iter().filter(|row| placed(row, "plain").is_ok()).collect();
    assert!(taking.is_empty(), "{taking:?}");
}

#[test]
fn what_only_looks_so_takes_a_value() {
    let titled = ALLOWED.iter().map(|script| (*script, "a title"));
    let refused: Vec<_> = titled
        .chain(WITH_VALUES.iter().copied())
        .filter_map(|(script, value)| placed(script, value).err().map(|refusals| (script, refusals[0].reason.clone())))
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
}
