//! Values that stand beside each other, or in front of text of the author's: what begins a word is what is left in front
//! when one of them is empty.

use super::running::{placed_in, text};
use pipehook::shell::{Language, Placed, Refusal};

fn placed(language: Language, script: &str, (a, b): (&str, &str)) -> Result<Placed, Vec<Refusal>> {
    placed_in(language, &text(script, |path| if path == "a" { a.to_owned() } else { b.to_owned() }))
}

/// Scripts that take neither of these pairs, in which an option is put together.
const OPTIONS: &[&str] = &[
    "sort \"${{ a }}${{ b }}\"",
    "sort ${{ a }}${{ b }}",
    "sort '${{ a }}${{ b }}'",
    "x=${{ a }}; y=${{ b }}; sort \"$x$y\"",
    "x=${{ a }}; x+=${{ b }}; sort \"$x\"",
    "f() { sort \"$1$2\"; }; f ${{ a }} ${{ b }}",
    "sort \"${{ a }}$(echo ${{ b }})\"",
    "timeout 5 sort \"${{ a }}${{ b }}\"",
    "bash -c 'sort \"$1$2\"' _ \"${{ a }}\" \"${{ b }}\"",
    "printf -v r '%s%s' \"${{ a }}\" \"${{ b }}\"; sort \"$r\"",
];

/// The same with a `-` of the author's between the two.
const DASHED: &[&str] = &[
    "sort \"${{ a }}-${{ b }}\"",
    "sort ${{ a }}-${{ b }}",
    "sort '${{ a }}-${{ b }}'",
    "rel=\"${{ a }}-${{ b }}\"; sort \"$rel\"",
    "x=${{ a }}; y=${{ b }}; rel=\"${x}-${y}\"; sort \"$rel\"",
    "x=${{ a }}; y=${{ b }}; rel=\"$x-$y\"; rel=${rel,,}; sort \"$rel\"",
    "f() { sort \"$1-$2\"; }; f \"${{ a }}\" \"${{ b }}\"",
    "f() { local n=$1 v=$2; sort \"$n-$v\"; }; f \"${{ a }}\" \"${{ b }}\"",
    "rel=$(echo \"${{ a }}-${{ b }}\"); sort \"$rel\"",
    "rel=$(printf '%s-%s' \"${{ a }}\" \"${{ b }}\"); sort \"$rel\"",
    "printf -v rel '%s-%s' \"${{ a }}\" \"${{ b }}\"; sort \"$rel\"",
    "rel=${{ a }}; rel+=-${{ b }}; sort \"$rel\"",
    "rel=${{ a }}; rel+=\"-${{ b }}\"; sort \"$rel\"",
    "r=(\"${{ a }}\" \"${{ b }}\"); IFS=-; sort \"${r[*]}\"",
    "while read -r l; do sort \"$l\"; done <<< \"${{ a }}-${{ b }}\"",
    "while read -r l; do sort \"$l\"; done <<E\nfirst\n${{ a }}-${{ b }}\nE",
    "echo \"${{ a }}-${{ b }}\" > f; while read -r l; do sort \"$l\"; done < f",
    "for x in \"${{ a }}-${{ b }}\"; do sort \"$x\"; done",
    "r=(\"${{ a }}-${{ b }}\"); sort \"${r[0]}\"",
    "tar cf o.tar a \"${{ a }}-${{ b }}\"",
    "ssh \"${{ a }}-${{ b }}\" uptime",
    "git fetch origin \"${{ a }}-${{ b }}\"",
    "kubectl delete pod \"${{ a }}-${{ b }}\"",
];

const ORDINARY: (&str, &str) = ("rel", "1.2");

#[test]
fn no_option_is_put_together_of_two_values() {
    for script in OPTIONS {
        placed(Language::Bash, script, ORDINARY).unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
        assert!(placed(Language::Bash, script, ("-", "o/tmp/x")).is_err(), "{script}");
    }
    for script in DASHED {
        placed(Language::Bash, script, ORDINARY).unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
        assert!(placed(Language::Bash, script, ("", "o/tmp/x")).is_err(), "{script}");
    }
}

type Pair = (&'static str, &'static str);

/// Scripts with two values that they refuse, beside ones that they take.
const OTHERS: &[(&str, Pair, Pair)] = &[
    ("curl -s \"${{ a }}${{ b }}\"", ("file", ":///etc/passwd"), ("https://example.com", "/x")),
    ("u=\"${{ a }}${{ b }}\"; curl -s \"$u\"", ("file", ":///etc/passwd"), ("https://example.com", "example.org")),
    ("git clone -q \"${{ a }}${{ b }}\" d", ("ext", "::sh -c x"), ("https://example.com/", "x.git")),
    ("curl -d \"${{ a }}@${{ b }}\" https://example.com", ("", "deploy.key"), ("ada", "example.com")),
    ("git push origin \"${{ a }}:${{ b }}\"", ("", "main"), ("HEAD", "main")),
    ("tar cf o.tar -${{ a }} ${{ b }}", ("Itouch", "x"), ("3", "x")),
    ("find . -${{ a }} -print; echo ${{ b }}", ("delete", "x"), ("3", "x")),
    ("docker run --${{ a }} image; echo ${{ b }}", ("privileged", "x"), ("3", "x")),
    ("git log -${{ a }} ${{ b }}", ("Ox", "x"), ("3", "x")),
    ("docker run \"app-${{ a }}\"; echo ${{ b }}", ("x.evil.io/img", "x"), ("web", "x")),
    ("docker run \"node:${{ a }}\"; echo ${{ b }}", ("20/x/img", "x"), ("20-slim", "x")),
    ("docker create \"app-${{ a }}\"; echo ${{ b }}", ("x.evil.io/img", "x"), ("web", "x")),
    ("kubectl run x --image=\"app-${{ a }}\" -- true; echo ${{ b }}", ("x.evil.io/img", "x"), ("web", "x")),
    ("kubectl set image d/x c=\"app-${{ a }}\"; echo ${{ b }}", ("x.evil.io/img", "x"), ("web", "x")),
    ("docker run --rm --entrypoint sh image -c \"echo ${{ a }}${{ b }}\"", ("$(x)", "x"), ("1.2", "x")),
    ("docker run --entrypoint=/bin/bash image -ec \"cd /x; echo ${{ a }}${{ b }}\"", ("$(x)", "x"), ("1.2", "x")),
    ("tar cf o.tar -T <(echo \"${{ a }}\"); echo ${{ b }}", ("/etc/passwd", "x"), ("a/b", "x")),
    ("tar cf o.tar --files-from=<(echo \"${{ a }}\"); echo ${{ b }}", ("/etc/passwd", "x"), ("a/b", "x")),
    ("docker run --env-file <(echo \"X=${{ a }}\") image; echo ${{ b }}", ("a\nLD_PRELOAD=x", "x"), ("a b", "x")),
    ("docker run --env-file=<(echo \"X=${{ a }}\") image; echo ${{ b }}", ("a\nLD_PRELOAD=x", "x"), ("a b", "x")),
    ("helm upgrade a c -f <(echo \"x: ${{ a }}${{ b }}\")", ("x\nimage: y", "x"), ("a b", "x")),
    ("helm upgrade a c --values <(echo \"x: ${{ a }}${{ b }}\")", ("x\nimage: y", "x"), ("a b", "x")),
    ("kubectl apply -f <(echo \"x: ${{ a }}${{ b }}\")", ("x\nimage: y", "x"), ("a b", "x")),
    (
        "kubectl patch d x -p '{\"metadata\":{\"labels\":{\"a\":\"${{ a }}\"}}}'; echo ${{ b }}",
        ("x\",\"y\":\"z", "x"),
        ("a b", "x"),
    ),
    ("kubectl run x --image=i --overrides='{\"a\":\"${{ a }}\"}'; echo ${{ b }}", ("x\",\"y\":\"z", "x"), ("a b", "x")),
    (
        "echo \"version=${{ a }}\" > gradle.properties; gradle build; echo ${{ b }}",
        ("1\norg.gradle.jvmargs=x", "x"),
        ("1.2 rc", "x"),
    ),
    (
        "printf 'tag: %s\\n' \"${{ a }}\" > chart/values.yaml; helm upgrade a chart; echo ${{ b }}",
        ("x\nimage: y", "x"),
        ("a b", "x"),
    ),
    ("gh release upload v1 \"${{ a }}\"; echo ${{ b }}", ("/etc/passwd", "x"), ("dist/a.zip", "x")),
];

#[test]
fn what_two_values_are_together_is_judged() {
    for (script, hostile, ordinary) in OTHERS {
        placed(Language::Bash, script, *ordinary).unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
        assert!(placed(Language::Bash, script, *hostile).is_err(), "{script}");
    }
}

/// Scripts that take whatever pairs of values there are.
const TAKEN: &[&str] = &[
    "echo \"${{ a }}-${{ b }}\"",
    "echo \"${{ a }}: ${{ b }}\"",
    "git commit -m \"${{ a }}-${{ b }}\"",
    "curl -d \"text=${{ a }}-${{ b }}\" https://example.com",
    "x=${{ a }}; sort \"${x:-none}-1\"; echo ${{ b }}",
    "sort \"v${{ a }}-${{ b }}\"",
];

#[test]
fn an_empty_value_is_taken_where_the_author_s_text_begins_no_option() {
    for script in TAKEN {
        placed(Language::Bash, script, ("", "x")).unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
    }
    let refused = [
        "docker run --device=${{ a }} image",
        "docker run --cap-add ${{ a }} image",
        "docker run --pid=${{ a }} image",
        "docker run --network \"${{ a }}\" image",
        "make ${{ a }}=${{ b }}",
    ];
    for script in refused {
        assert!(placed(Language::Bash, script, ("plain", "plain")).is_err(), "{script}");
    }
}

/// Scripts of other languages that put an option together: the same command in bash is judged.
#[test]
fn no_option_is_put_together_in_another_language() {
    let python = [
        "import subprocess\nsubprocess.run(['sort', '${{ a }}-${{ b }}'])",
        "import subprocess\nn = '${{ a }}'\nv = '${{ b }}'\nsubprocess.run(['sort', f'{n}-{v}'])",
        "import subprocess\nn = '${{ a }}'\nv = '${{ b }}'\nsubprocess.run(['sort', n + '-' + v])",
        "import subprocess\nr = '${{ a }}' + '-' + '${{ b }}'\nsubprocess.run(['sort', r])",
        "import subprocess\nsubprocess.run(['sort', '${{ a }}${{ b }}'])",
    ];
    for script in python {
        placed(Language::Python, script, ORDINARY).unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
        assert!(placed(Language::Python, script, ("-", "o/tmp/x")).is_err(), "{script}");
        let dashed = script.contains('-') && !script.contains("}}${{");
        assert!(!dashed || placed(Language::Python, script, ("", "o/tmp/x")).is_err(), "{script}");
    }
    let powershell = [
        "sort \"${{ a }}-${{ b }}\"",
        "$x = '${{ a }}'; $y = '${{ b }}'; sort \"$x-$y\"",
        "tar cf o.tar \"${{ a }}-${{ b }}\"",
    ];
    for script in powershell {
        placed(Language::PowerShell, script, ORDINARY).unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
        assert!(placed(Language::PowerShell, script, ("-", "o/tmp/x")).is_err(), "{script}");
        assert!(placed(Language::PowerShell, script, ("", "o/tmp/x")).is_err(), "{script}");
    }
}

/// Scripts with a command, a file that is code or a text with a grammar, beside values that they refuse and take.
const GIVEN: &[(&str, &[&str], &[&str])] = &[
    ("sshpass -e ssh host \"cd /app; ./run ${{ a }}\"", &["; x", "a b"], &["v1.2"]),
    ("sshpass -p p ssh host \"cd /app; ./run ${{ a }}\"", &["; x", "a b"], &["v1.2"]),
    ("sem \"echo ${{ a }}\"", &["; x", "v1"], &[]),
    ("torify \"${{ a }}\"", &["/tmp/evil", "v1"], &[]),
    ("torify curl -s https://example.com -d \"t=${{ a }}\"", &[], &["a b"]),
    ("firejail --net=none \"${{ a }}\"", &["/tmp/evil", "v1"], &[]),
    ("proot -r root \"${{ a }}\"", &["/tmp/evil"], &[]),
    ("qemu-x86_64 \"${{ a }}\"", &["/tmp/evil"], &[]),
    ("wine \"${{ a }}\"", &["/tmp/evil"], &[]),
    ("with-lock-ex -w lock \"${{ a }}\"", &["/tmp/evil"], &[]),
    ("flox activate -- \"${{ a }}\"", &["/tmp/evil"], &[]),
    ("flox activate -- sh -c \"echo ${{ a }}\"", &["; x"], &["v1"]),
    ("scons -f \"${{ a }}\"", &["/tmp/evil", "v1"], &[]),
    ("bundle install --gemfile \"${{ a }}\"", &["/tmp/evil"], &[]),
    ("bundle install --gemfile=\"${{ a }}\"", &["/tmp/evil"], &[]),
    ("helmfile -f \"${{ a }}\" apply", &["/tmp/evil"], &[]),
    ("bazel --bazelrc=\"${{ a }}\" build //...", &["/tmp/evil"], &[]),
    ("buildah bud -f \"${{ a }}\" .", &["/tmp/evil", "../x"], &["app/Dockerfile"]),
    ("docker buildx bake -f \"${{ a }}\"", &["/tmp/evil", "../x"], &["app/bake.hcl"]),
    ("pulumi -C \"${{ a }}\" up", &["/tmp/evil", "v1"], &[]),
    ("psql -d \"${{ a }}\" -c 'select 1'", &["postgresql://evil/db", "host=evil"], &["app_1"]),
    ("psql --dbname=\"${{ a }}\" -c 'select 1'", &["postgresql://evil/db", "host=evil"], &[]),
    ("pg_dump \"${{ a }}\"", &["postgresql://evil/db", "host=evil"], &["app_1"]),
    ("pg_restore -d \"${{ a }}\" f", &["postgresql://evil/db", "host=evil"], &["app_1"]),
    ("kubectl apply -f - <<E\n{\"metadata\": {\"name\": \"${{ a }}\"}}\nE", &["x\", \"y\": \"z"], &["a, b"]),
    ("kubectl apply -f - <<E\ndata: {a: ${{ a }}}\nE", &["x, y: z", "x}"], &["a b"]),
    ("kubectl apply -f - <<E\ndata: {a: \"${{ a }}\"}\nE", &["x\", y: \"z"], &["a, b"]),
    ("kubectl apply -f - <<E\ndata:\n  a: \"${{ a }}\"\nE", &["x\"\ny: z", "x\" #"], &["a, b"]),
    ("kubectl apply -f - <<E\ndata:\n  a: ${{ a }}\nE", &["x\ny: z"], &["it's \"b\""]),
    ("kubectl apply -f - <<E\n# don't\ndata:\n  a: ${{ a }}\nE", &["x\ny: z"], &["it's \"b\""]),
    ("kubectl apply -f - <<< '{\"a\": \"${{ a }}\"}'", &["x\", \"y\": \"z"], &["a, b"]),
    ("cat <<E | kubectl apply -f -\n{\"a\": \"${{ a }}\"}\nE", &["x\", \"y\": \"z"], &["a, b"]),
    ("echo '{\"a\": \"${{ a }}\"}' | kubectl apply -f -", &["x\", \"y\": \"z"], &["a, b"]),
    ("gh api graphql -f query=\"mutation { x(a: \\\"${{ a }}\\\") }\"", &["\") { y } z(a: \"", "a\nb"], &["a, (b)"]),
    ("gh api graphql -f query='query { x(n: ${{ a }}) }'", &["1) { y } z(n: 2", "a b"], &["12"]),
    ("gh api graphql -f query='query($a: String!) { x(a: $a) }' -f a=\"${{ a }}\"", &[], &["\") { y }"]),
];

#[test]
fn commands_files_of_code_and_grammars_take_no_more_than_they_must() {
    for (script, refused, taken) in GIVEN {
        for value in *taken {
            placed(Language::Bash, script, (value, "x")).unwrap_or_else(|it| panic!("{script}: {value}: {it:?}"));
        }
        for value in *refused {
            assert!(placed(Language::Bash, script, (value, "x")).is_err(), "{script}: {value}");
        }
    }
}
