//! Values that a script reads from its environment.

use super::running::{Workspace, placed_beside, stdout};
use pipehook::shell::{Entrance, Language, is_obeyed_variable};

/// Variables that choose what some program runs, writes or asks.
const OBEYED: &[&str] = &[
    "PATH",
    "GIT_SSH_COMMAND",
    "CONFIG_SHELL",
    "JAVACMD",
    "HARNESS_PERL_SWITCHES",
    "RESTIC_PASSWORD_COMMAND",
    "BORG_PASSCOMMAND",
    "BORG_RSH",
    "RCLONE_PASSWORD_COMMAND",
    "RCLONE_CONFIG_R_TYPE",
    "MY_PASSWORD_COMMAND",
    "RAKEOPT",
    "GUNICORN_CMD_ARGS",
    "NIX_CONFIG",
    "SOPS_GPG_EXEC",
    "APT_CONFIG",
    "CHROME_BIN",
    "PUPPETEER_EXECUTABLE_PATH",
    "PLAYWRIGHT_CHROMIUM_EXECUTABLE_PATH",
    "SSLKEYLOGFILE",
    "PGOPTIONS",
    "PGHOST",
    "ASAN_OPTIONS",
    "VAULT_ASKPASS",
];
/// Names that people give to what a payload says.
const FREE: &[&str] = &[
    "TITLE",
    "GIT_SHA",
    "NODE_ENV",
    "PGDATABASE",
    "PGUSER",
    "PLAYWRIGHT_TEST_BASE_URL",
    "CYPRESS_BASE_URL",
    "COMMAND",
    "PASSWORD",
    "DEPLOY_OPTIONS",
    "COMPOSE_PROJECT_NAME",
];

#[test]
fn names_that_programs_obey_are_told_from_others() {
    for (names, is_obeyed) in [(OBEYED, true), (FREE, false)] {
        for name in names {
            assert_eq!(is_obeyed_variable(name), is_obeyed, "{name}");
        }
    }
}

/// A library that is sourced, and what it needs so that a call of its function runs text.
const SOURCED: &[&str] = &[
    "cat > lib <<\"X\"\nusage() { cat <<E\n${1:-\"none\"}\nE\n}\nbump() { (( $1 > 3 )); }\nX\n. ./lib; bump \"$TITLE\"",
    "echo '. ./b' > a; echo '. ./d' > b; echo '. ./e' > d; echo '. ./f' > e; echo 'run() { eval \"$1\"; }' > f\n. ./a; run \"$TITLE\"",
    "printf 'run() { eval \"$1\"; }\n)))\n' > lib; . ./lib; run \"$TITLE\"",
];

#[test]
fn a_function_of_a_library_is_known_or_takes_nothing() {
    for script in SOURCED {
        placed_beside(Language::Bash, script, "TITLE", "a[$(touch canary)]").expect_err(script);
    }
}

/// Scripts that evaluate the variable `TITLE`.
const NEVER: &[&str] = &[
    "eval \"echo ${TITLE#v}\"",
    "bash -c \"echo $(cut -d. -f1 <<< \"$TITLE\")\"",
    "x=$TITLE; eval \"$x\"",
    "bash -c \"$TITLE\"",
    "bash -c \"$TITLE --version\"",
    "bash -c \"env $TITLE\"",
    "ssh h \"$TITLE\"",
    "ssh h \"sudo $TITLE now\"",
    "eval \"$TITLE=1\"",
    "eval \"x=\\$$TITLE\"",
    "bash -c \". $TITLE\"",
    "bash -c \"echo $TITLE | sh\"",
    "C=\"echo $TITLE\"; bash -c \"$C\"",
    "C=\"a $TITLE\"; ssh h ./deploy.sh \"$C\"",
    "A=; if true; then A=b; fi; bash -c \"env $A $TITLE echo\"",
    "TITLE+=' x'; bash -c \"echo $TITLE\"",
    "read -r TITLE < f; bash -c \"echo $TITLE\"",
    "printf -v x '%s; ls' \"$TITLE\"; bash -c \"echo $x\"",
    "unset TITLE; ssh h ./deploy.sh \"$TITLE\"",
    "IFS=.; eval echo $TITLE",
    "f() { shift; ssh h \"./deploy.sh $1\"; }; f a \"x $TITLE\"",
    "for t in $TITLE; do ssh h ./deploy.sh \"$t\"; done",
    "v=TITLE; eval \"${!v}\"",
    "declare -n r=TITLE; eval \"$r\"",
    "$TITLE",
    "echo \"$TITLE\" | bash",
    "trap \"$TITLE\" EXIT",
    "PATH=$TITLE",
    "echo \"$TITLE\" > run.sh",
    "coproc echo \"$TITLE\"",
    "env -S \"sh -c 'eval \\$TITLE'\"",
    "env -iS 'A=1 sh -c \"eval \\$TITLE\"'",
    "env -S 'sh -c' 'eval \"$TITLE\"'",
    "env --split-string='sh -c \"eval \\$TITLE\"'",
];

/// Scripts that use it as data.
const ALWAYS: &[&str] = &[
    "echo \"$TITLE\"",
    "printf '%s\\n' \"$TITLE\"",
    "bash -c 'echo \"$TITLE\"'",
    "cat <<EOF\n$TITLE\nEOF",
    "[ \"$TITLE\" = a ] || echo \"$TITLE\"",
    "x=$TITLE; echo \"$x\"",
];

const HOSTILE: &str = "; touch CANARY; $(touch CANARY) `touch CANARY` \" '";

#[test]
fn what_evaluates_a_variable_is_refused_with_its_name() {
    for script in NEVER {
        let refusals = placed_beside(Language::Bash, script, "TITLE", "plain").expect_err(script);
        assert_eq!(refusals[0].entrance, Entrance::Variable("TITLE".to_owned()), "{script}");
        assert!(!refusals[0].value_dependent && refusals[0].line == 1, "{script}: {refusals:?}");
    }
}

/// Scripts that put the variable into code as it is.
const PLAIN: &[&str] = &[
    "eval \"echo $TITLE\"",
    "bash -c \"echo $TITLE\"",
    "bash -c \"echo '$TITLE'\"",
    "bash <<< \"echo $TITLE\"",
    "bash <<EOF\necho $TITLE\nEOF",
    "trap \"echo $TITLE\" EXIT",
    "ssh h ./deploy.sh \"$TITLE\"",
    "ssh h \"cd /srv/app && ./deploy.sh '$TITLE'\"",
    "t=$TITLE; ssh h \"./deploy.sh v$t\"",
    "t=none; t=$TITLE; ssh h ./deploy.sh $t",
    "f() { ssh h ./deploy.sh \"$1\"; }; f \"$TITLE\"",
    "f() { ssh h ./deploy.sh \"$@\"; }; f \"$TITLE\"",
    "f() { local t=$1; ssh h ./deploy.sh \"$t\"; }; f \"$TITLE\"; f latest",
    "sudo bash -c \"echo $TITLE > version.txt\"",
    "docker exec web sh -c \"echo $TITLE\"",
    "kubectl exec pod -- sh -c \"echo $TITLE\"",
    "ssh h \"bash -c 'echo $TITLE'\"",
    "for h in a b; do ssh \"$h\" ./deploy.sh \"$TITLE\"; done",
];

#[test]
fn a_variable_in_code_must_be_plain() {
    for script in PLAIN {
        placed_beside(Language::Bash, script, "TITLE", "v1.2.3").expect(script);
        for value in ["a; touch canary", "$(touch canary)", "two words", "-x", "", "a/b"] {
            let refusals = placed_beside(Language::Bash, script, "TITLE", value).expect_err(script);
            assert!(refusals.iter().all(|refusal| refusal.value_dependent), "{script}: {refusals:?}");
        }
    }
}

#[test]
fn a_variable_in_arithmetic_must_be_an_integer() {
    for script in ["[[ $TITLE -gt 3 ]] && echo big", "echo $((TITLE + 1))", "n=$TITLE\n((n > 1))"] {
        placed_beside(Language::Bash, script, "TITLE", "12").expect(script);
        let refusals = placed_beside(Language::Bash, script, "TITLE", "a[$(touch canary)]").expect_err(script);
        assert!(refusals[0].value_dependent, "{script}");
    }
}

/// Scripts that count with parts of the variable.
const PARTS: &[&str] = &[
    "IFS=. read -r a b c <<< \"$TITLE\"; echo \"$a.$b.$((c + 1))\"",
    "IFS=. read -ra v <<< \"$TITLE\"; echo \"${v[0]}.$((v[1] + 1)).0\"",
    "minor=$(echo \"$TITLE\" | cut -d. -f2); echo $((minor + 1))",
    "major=${TITLE%%.*}; if [[ $major -ge 2 ]]; then echo new; fi",
];

#[test]
fn a_version_that_is_taken_apart_may_be_counted_with() {
    for script in PARTS {
        placed_beside(Language::Bash, script, "TITLE", "1.20.3").expect(script);
        for value in ["a[$(touch canary)]", "1.a[$(touch canary)].2", "1.PATH.2", "x", "1..2", ""] {
            let refusals = placed_beside(Language::Bash, script, "TITLE", value).expect_err(script);
            assert!(refusals[0].value_dependent, "{script}: {refusals:?}");
        }
    }
}

#[test]
fn a_variable_as_data_leaves_the_script_as_it_is() {
    for script in ALWAYS {
        let workspace = Workspace::new();
        let value = HOSTILE.replace("CANARY", &workspace.canary().display().to_string());
        let mut placed = placed_beside(Language::Bash, script, "TITLE", &value).expect(script);
        assert_eq!(placed.script, *script);
        placed.carried.variables.push(("TITLE".to_owned(), value.clone()));
        assert_eq!(stdout(&workspace.run("bash", &placed)), format!("{value}\n"), "{script}");
        assert!(!workspace.canary().exists());
    }
}

#[test]
fn a_script_that_can_not_be_read_is_refused_only_where_it_names_the_variable() {
    placed_beside(Language::Bash, "coproc true", "TITLE", "x").expect("it can't reach the value");
    placed_beside(Language::Bash, "coproc echo $TITLES", "TITLE", "x").expect("another variable");
    placed_beside(Language::Cmd, "echo hello", "TITLE", "x").expect("it can't reach the value");
    placed_beside(Language::Cmd, "echo %TITLE%", "TITLE", "x").expect_err("cmd parses the value");
}
