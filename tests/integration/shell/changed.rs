//! What a script makes of a text on its way to a place that demands something of it: for each way to change a
//! text, values that are taken are changed by the real shell and programs, and what arrives is looked at.

use super::running::{placed, refused_of};
use pipehook::shell::{Background, Language, Outline, Piece, analyse};
use std::process::Command;

/// Ways to make `$r` of `$t` in bash alone.
const EXPANSIONS: &[&str] = &[
    "r=${t#v}",
    "r=${t##x}",
    "r=${t#release}",
    "r=${t#refs/heads/}",
    "r=${t##*/}",
    "r=${t##*:}",
    "r=${t#http://}",
    "r=${t%.git}",
    "r=${t%/}",
    "r=${t%%-*}",
    "r=${t%x}",
    "r=${t:0:3}",
    "r=${t:1}",
    "r=${t:3}",
    "r=${t//x/}",
    "r=${t/x/}",
    "r=${t//x/..}",
    "r=${t//x/-}",
    "r=${t// /}",
    "r=${t//\\//-}",
    "r=${t//\\//_}",
    "r=${t//_/.}",
    "r=${t//:/\\/}",
    "r=${t//[^0-9]/}",
    "r=${t//[^a-z0-9]/-}",
    "r=${t//[^A-Za-z0-9]/-}",
    "r=${t//[^A-Za-z0-9._-]/_}",
    "r=${t,,}",
    "r=${t,,}; r=${r//[^a-z0-9]/-}",
    "read -r r <<< \"$t\"",
    "read r <<< \"$t\"",
    "read -r _ r <<< \"$t\"",
    "IFS=: read -r _ r <<< \"$t\"",
    "IFS=. read -r _ r <<< \"$t\"",
    "IFS=x read -r _ r <<< \"$t\"",
    "[[ $t =~ x(.*) ]]; r=${BASH_REMATCH[1]}",
    "[[ $t =~ ^refs/heads/(.*)$ ]]; r=${BASH_REMATCH[1]}",
    "[[ $t =~ ^v([0-9]+)\\.([0-9]+) ]]; r=${BASH_REMATCH[2]}",
];

/// Ways that take other programs.
const PROGRAMS: &[&str] = &[
    "r=$(cut -d: -f2 <<< \"$t\")",
    "r=$(cut -d/ -f3 <<< \"$t\")",
    "r=$(cut -d- -f1 <<< \"$t\")",
    "r=$(cut -dx -f2 <<< \"$t\")",
    "r=$(cut -c1-4 <<< \"$t\")",
    "r=$(cut -c3- <<< \"$t\")",
    "r=$(tr -d x <<< \"$t\")",
    "r=$(tr -d '\"' <<< \"$t\")",
    "r=$(tr -cd 0-9 <<< \"$t\")",
    "r=$(tr -cd 'a-zA-Z0-9' <<< \"$t\")",
    "r=$(tr -cd 'a-z0-9-' <<< \"$t\")",
    "r=$(tr -cd 'a-z0-9./' <<< \"$t\")",
    "r=$(printf %s \"$t\" | tr -c 'A-Za-z0-9' -)",
    "r=$(printf %s \"$t\" | tr -c 'a-z0-9_' _)",
    "r=$(tr / - <<< \"$t\")",
    "r=$(tr _ . <<< \"$t\")",
    "r=$(tr x - <<< \"$t\")",
    "r=$(tr : / <<< \"$t\")",
    "r=$(tr 'A-Z ' 'a-z-' <<< \"$t\")",
    "r=$(tr -cd a-z_ <<< \"$t\" | tr _ -)",
    "r=$(sed 's/^v//' <<< \"$t\")",
    "r=$(sed 's|refs/heads/||' <<< \"$t\")",
    "r=$(sed 's|refs/heads/||; s|/|-|g' <<< \"$t\")",
    "r=$(sed 's|.*/||' <<< \"$t\")",
    "r=$(sed 's/x//g' <<< \"$t\")",
    "r=$(sed 's/[^a-z0-9]/-/g' <<< \"$t\")",
    "r=$(sed 's/[^a-zA-Z0-9]//g' <<< \"$t\")",
    "r=$(tr A-Z a-z <<< \"$t\" | sed -E 's/[^a-z0-9]+/-/g; s/^-+|-+$//g')",
    "r=$(sed 's/\\.git$//' <<< \"$t\")",
    "r=$(sed 's/^/> /' <<< \"$t\")",
    "r=$(sed -n '1p' <<< \"$t\")",
    "r=$(sed 's/a\\|x/-/' <<< \"$t\")",
    "r=$(awk '{print $2}' <<< \"$t\")",
    "r=$(awk -F/ '{print $NF}' <<< \"$t\")",
    "r=$(awk -Fx '{print $2}' <<< \"$t\")",
    "r=$(grep -o '[0-9]*' <<< \"$t\" | head -1)",
    "r=$(grep -oE '[A-Z]+-[0-9]+' <<< \"$t\")",
    "r=$(basename -- \"$t\")",
    "r=$(dirname -- \"$t\")",
    "r=$(head -1 <<< \"$t\")",
    "r=$(tail -1 <<< \"$t\")",
    "r=$(rev <<< \"$t\")",
    "r=$(jq -R . <<< \"$t\" | head -1)",
    "r=$(jq -R . <<< \"$t\" | cut -d: -f2)",
    "r=$(jq -Rr . <<< \"$t\" | head -1)",
    "r=$(sed -E 's/[^a-zA-Z0-9]+/-/g; s/^-+//; s/x//' <<< \"$t\")",
    "r=$(tr A-Z a-z <<< \"$t\" | sed -E 's/[^a-z0-9]+/-/g; s/^-+|-+$//g' | cut -d- -f2-)",
    "r=$(sort <<< \"$t\" | head -1)",
    "r=$(xargs -n1 echo <<< \"$t\" | tail -1)",
];

/// A place with what must hold of what arrives there.
struct Place {
    use_of_it: &'static str,
    holds: fn(&str) -> bool,
}

const PLACES: &[Place] = &[
    Place { use_of_it: "git log \"$r\"", holds: |it| !is_option(it) },
    Place { use_of_it: "rm -rf -- \"build/$r\"", holds: |it| is_below(it) && names_something(it) },
    Place { use_of_it: "rm -rf -- \"build/${r:?}\"", holds: |it| it.is_empty() || is_below(it) },
    Place { use_of_it: "mkdir -p -- \"build/$r\"", holds: is_below },
    Place { use_of_it: "touch -- \"$r\"", holds: |it| is_below(it) && !it.starts_with(['/', '~']) },
    Place { use_of_it: "curl -s -- \"$r\"", holds: |it| !it.starts_with("file:") },
    Place { use_of_it: "curl -d \"$r\" https://example.com", holds: |it| !it.starts_with(['@', '<']) },
    Place { use_of_it: "echo a > \"out/$r.txt\"", holds: |it| !it.contains('/') },
    Place { use_of_it: "echo $((r + 1))", holds: |it| !it.contains(['[', '$', '`']) },
];

fn is_option(text: &str) -> bool {
    text.starts_with('-') && text.chars().nth(1).is_some_and(|next| !next.is_whitespace())
}

fn is_below(text: &str) -> bool {
    text.split('/').all(|part| part != "..")
}

fn names_something(text: &str) -> bool {
    text.split('/').any(|part| !matches!(part, "" | "."))
}

/// Returns texts put together of what is cut off and what is dangerous behind it.
fn values() -> Vec<String> {
    let fronts = [
        "",
        "v",
        "x",
        "X",
        "XX",
        "xx",
        "v1",
        "refs/heads/",
        "a:",
        "a ",
        " ",
        "1",
        "_",
        ".",
        "..",
        "/",
        "a-",
        "é",
        "\n",
        "\"",
        "http://",
        "release",
        "a.",
        "ax",
    ];
    let middles = [
        "",
        "-oProxy",
        "--output=C",
        "/etc",
        "../x",
        ".x./.x./e",
        "x/a",
        "main",
        "1.2.3",
        "-",
        ".",
        "_",
        "..",
        "file:///x",
        "@/etc/passwd",
        "//out",
        "::",
        "PROJ-12-fix",
        "a[$(x)]",
        ".1./e",
        "etc/../..",
        "- out",
        "- -out",
    ];
    let ends = ["", "/", ".git", "\nx", "-*x"];
    let mut values = Vec::new();
    for front in fronts {
        for middle in middles {
            values.extend(ends.iter().map(|end| format!("{front}{middle}{end}")));
        }
    }
    values.sort();
    values.dedup();
    values
}

/// Returns what the real shell makes of values.
fn changed(way: &str, values: &[&str]) -> Vec<String> {
    let script = format!("for t in \"$@\"; do r=; {way}; printf '%s\\0' \"$r\"; done");
    let output = Command::new("bash").args(["-c", &script, "_"]).args(values).output().expect("bash starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let all: Vec<String> = text.split('\0').map(str::to_owned).collect();
    assert_eq!(all.len(), values.len() + 1, "{way}: {}", String::from_utf8_lossy(&output.stderr));
    all
}

#[test]
fn what_arrives_of_a_text_that_is_taken_is_what_its_place_demands() {
    let values = values();
    let ways = EXPANSIONS.iter().map(|way| (way, 4)).chain(PROGRAMS.iter().map(|way| (way, 24)));
    let mut wrong = Vec::new();
    for (number, (way, step)) in ways.enumerate() {
        let some: Vec<&str> = values.iter().skip(number % step).step_by(step).map(String::as_str).collect();
        let arrived = changed(way, &some);
        for place in PLACES {
            let script = format!("t=\"${{{{ x }}}}\"; {way}; {}", place.use_of_it);
            let (front, behind) = script.split_once("${{ x }}").expect("a hole");
            let pieces = vec![Piece::Author(front.into()), Piece::Hole, Piece::Author(behind.into())];
            let analysis = analyse(&Outline {
                language: Language::Bash,
                pieces,
                segments: Vec::new(),
                environment: Vec::new(),
                background: Background::default(),
            });
            let taken = some.iter().zip(&arrived).filter(|(value, _)| analysis.test(&[*value]).is_ok());
            let bad = taken.filter(|(_, arrived)| !(place.holds)(arrived)).map(|it| format!("{script} {it:?}"));
            wrong.extend(bad.take(2));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Ordinary scripts that change a text, with what they get.
const TAKEN: &[(&str, &str)] = &[
    ("rm -rf \"build/${{ x }}\"", "1.4.2"),
    ("t=\"${{ x }}\"; rm -rf \"build/${t#v}\"", "v1.4.2"),
    ("t=\"${{ x }}\"; rm -rf \"build/${t#v}\"", "main"),
    ("t=\"${{ x }}\"; rm -rf \"build/${t#refs/heads/}\"", "refs/heads/login"),
    ("t=${{ x }}; rm -rf \"previews/${t##*/}\"", "refs/heads/login-fix"),
    ("d=$(cut -d: -f2 <<< \"${{ x }}\"); rm -rf \"build/${d:?}\"", "x:a"),
    ("d=$(cut -d: -f2 <<< \"${{ x }}\"); rm -rf \"build/app-$d\"", "x:a"),
    ("d=$(cut -d: -f2 <<< \"${{ x }}\"); mkdir -p \"build/$d\"", "x:a"),
    ("d=$(jq -r .a <<< \"${{ x }}\"); mkdir -p \"build/$d\"", "{\"a\":\"x\"}"),
    ("d=$(jq -r .a <<< \"${{ x }}\"); rm -rf \"build/${d:?}\"", "{\"a\":\"x\"}"),
    (
        "s=$(echo \"${{ x }}\" | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9]/-/g'); rm -rf \"previews/$s\"",
        "Fix login: it's (#12)",
    ),
    ("s=$(printf '%s' \"${{ x }}\" | tr -c 'A-Za-z0-9' '-'); git checkout -b \"$s\"", "Fix login: it's (#12)"),
    (
        "s=$(echo \"${{ x }}\" | tr '[:upper:]' '[:lower:]' | sed -E 's/[^a-z0-9]+/-/g; s/^-+|-+$//g'); git checkout -b \"$s\"",
        "Fix login: it's (#12)",
    ),
    ("s=$(printf '%s' \"${{ x }}\" | tr -c 'A-Za-z0-9' '-'); echo x > \"out/report-$s.txt\"", "feature/login"),
    ("s=$(printf '%s' \"${{ x }}\" | tr -cd 'A-Za-z0-9'); echo x > \"out/report-$s.txt\"", "feature/login"),
    ("s=$(printf '%s' \"${{ x }}\" | sed 's/[^A-Za-z0-9]/-/g'); cp app.log \"logs/app-$s.log\"", "feature/login"),
    ("t=${{ x }}; s=${t//[^A-Za-z0-9]/-}; git diff > \"diff-$s.patch\"", "feature/login"),
    ("B=\"${{ x }}\"; s=${B//\\//-}; echo x > \"out/report-$s.txt\"", "feature/login"),
    ("s=$(echo \"${{ x }}\" | tr / -); echo x | tee \"out/report-$s.txt\"", "feature/login"),
    ("s=$(echo \"${{ x }}\" | sha256sum | cut -c1-12); echo x > \"out/$s.txt\"", "feature/login"),
    ("s=$(echo \"${{ x }}\" | tr / -); cat < \"state/$s.txt\"", "feature/login"),
    ("v=$(printf '%d' \"${{ x }}\"); (( v > 1 ))", "ada"),
    ("v=$(tr -cd 0-9 <<< \"${{ x }}\"); (( v > 1 ))", "ada"),
    ("v=$(awk '{printf \"%d\", $1}' <<< \"${{ x }}\"); (( v > 1 ))", "ada"),
    ("[[ \"${{ x }}\" =~ ^v([0-9]+)\\.([0-9]+) ]]; echo $(( BASH_REMATCH[2] + 1 ))", "v1.4.2"),
    ("n=$(echo \"${{ x }}\" | sed \"s|refs/heads/||\"); git checkout \"$n\"", "refs/heads/PROJ-12-x"),
    ("n=$(echo \"${{ x }}\" | awk -F/ '{print $NF}'); git checkout \"$n\"", "refs/heads/PROJ-12-x"),
    ("[[ \"${{ x }}\" =~ ^refs/tags/(.*)$ ]]; git log \"${BASH_REMATCH[1]}\"", "refs/tags/v1.2.0-rc1"),
    (
        "NAME=\"shop-$(echo \"${{ x }}\" | sed 's|refs/heads/||; s|/|-|g').tar.gz\"; tar -czf \"/tmp/$NAME\" a",
        "refs/heads/PROJ-12-login-fix",
    ),
    ("m=\"${{ x }}\"; gh pr comment --body \"$(sed \"s/^/> /\" <<< \"$m\")\"", "- a\n- b"),
    ("V=$(echo \"${{ x }}\" | sed 's/^v//'); mkdir -p \"dist/$V\"", "v1.2.3"),
    ("V=$(echo \"${{ x }}\" | tr -d v); mkdir -p \"dist/$V\"", "v1.2.3"),
    ("t=\"${{ x }}\"; curl -s \"${t#http://}\"", "http://x/y"),
    ("u=$(jq -r .u <<< \"${{ x }}\"); curl -s \"$u\"", "{\"u\":\"https://x/y\"}"),
    ("curl -d \"$(jq -n --arg t \"${{ x }}\" '{text: $t}')\" https://x", "hello @ada"),
];

#[test]
fn ordinary_changes_take_ordinary_texts() {
    let refused = refused_of(TAKEN);
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn a_name_that_may_be_emptied_is_refused_with_the_way_to_stop_there() {
    let refusals = placed("d=$(jq -r .a <<< \"${{ x }}\"); rm -rf \"build/$d\"", "{\"a\":\"x\"}").expect_err("emptied");
    assert!(refusals[0].help.as_deref().is_some_and(|help| help.contains("${name:?}")), "{refusals:?}");
}

/// Texts that can't be told before they are decoded, or that mean something else behind what was cut.
const REFUSED: &[(&str, &str)] = &[
    ("t=$(jq -r .a <<< \"${{ x }}\"); git diff \"$t\"", "{\"a\":\"\\u002d-output=C\"}"),
    ("t=$(jq -r .a <<< \"${{ x }}\"); touch \"$t\"", "{\"a\":\"\\u002fetc\"}"),
    ("curl -H \"X: $(jq -r .a <<< \"${{ x }}\")\" https://example.com", "{\"a\":\"x\\ny: z\"}"),
    ("u=$(jq -r .u <<< \"${{ x }}\"); curl -s \"$u\"", "{\"u\":\"file:///x\"}"),
    ("env -S \"echo ${{ x }}\"", "a b"),
];

#[test]
fn what_is_decoded_on_the_way_is_looked_at() {
    for (script, value) in REFUSED {
        assert!(placed(script, value).is_err(), "{script} takes {value:?}");
    }
}
