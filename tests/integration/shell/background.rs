//! What the author sets around a script: variables of its environment by which bash makes something else of its commands.

use super::cage::{Cage, each};
use super::naive;
use super::running::text;
use pipehook::shell::{Background, Language, Placed, Refusal, Script, place};
use std::sync::Mutex;

/// Variables of the environment, a script that is taken without them, and a text that runs beside them: `@` is the payload's
/// text.
type Row = (&'static [(&'static str, &'static str)], &'static str, &'static str);

const BROKEN: &[Row] = &[
    (&[("BASH_FUNC_exit%%", "() { :; }")], "x=@\n[[ $x =~ ^[0-9]+$ ]] || exit 1\necho $((x))", "a[$(canary)]"),
    (&[("BASH_FUNC_[%%", "() { return 0; }")], "x=@\n[ \"$x\" = 1 ] || exit 1\necho $((x))", "a[$(canary)]"),
    (&[("BASH_FUNC_test%%", "() { return 0; }")], "x=@\ntest \"$x\" = 1 || exit 1\necho $((x))", "a[$(canary)]"),
    (&[("BASH_FUNC_set%%", "() { :; }")], "set -e\nx=@\n[[ $x =~ ^[0-9]+$ ]]\necho $((x))", "a[$(canary)]"),
    (&[("BASH_FUNC_echo%%", "() { eval \"$1\"; }")], "echo @", "canary"),
    (&[("BASH_FUNC_notify%%", "() { eval \"$1\"; }")], "notify @", "canary"),
    (&[("BASH_FUNC_cat%%", "() { sh; }")], "cat <<< @", "canary"),
    (
        &[("FUNCNEST", "1")],
        "die() { exit 1; }\nc() { [[ $1 =~ ^[0-9]+$ ]] || die; }\nx=@\nc \"$x\"\necho $((x))",
        "a[$(canary)]",
    ),
    (&[("SHELLOPTS", "keyword")], "bash -c 'eval \"$X\"' X=@", "canary"),
    (
        &[("BASHOPTS", "failglob")],
        "x=@\n[[ $x =~ ^[0-9]+$ ]] || { echo a number?; exit 1; }\necho $((x))",
        "a[$(canary)]",
    ),
    (&[("BASH_COMPAT", "31")], "x=@; [[ $x =~ ^'a.'+$ ]] || exit 1; bash -c \"echo $x\"", "a;canary"),
    (
        &[("BASH_ENV", "tpl"), ("T", "enable -n exit")],
        "x=@\n[[ $x =~ ^[0-9]+$ ]] || exit 1\necho $((x))",
        "a[$(canary)]",
    ),
];

/// Variables that change no check, and beside which a text does not run: bash does not take them from its environment, or
/// they are about names of files.
const NOTHING: &[(&str, &str)] = &[
    ("IFS", "0"),
    ("BASH_ALIASES", "exit"),
    ("BASH_CMDS", "exit"),
    ("GLOBIGNORE", "*"),
    ("TMOUT", "1"),
    ("BASH_VERSION", "3"),
    ("OPTIND", "5"),
];

/// A check that holds beside those, and a text that it stops.
const CHECKED: (&str, &str) = (
    "x=@\nIFS=. read -r a b <<< \"1.2\"; l=(1 2); set -- ${l[*]}\n[[ $x =~ ^[0-9]+$ && $1$2 == 12 ]] || exit 1\necho $((x + a))",
    "a[$(canary)]",
);

fn filled(script: &str) -> String {
    format!("{}\n", script.replace('@', "\"${{ x }}\""))
}

fn placed(script: &str, value: &str, variables: &[(&str, &str)]) -> Result<Placed, Vec<Refusal>> {
    let text = text(&filled(script), |_| value.to_owned());
    let background = Background::of(Language::Bash, variables.iter().copied());
    place(&Script { language: Language::Bash, text: &text, environment: Vec::new(), background })
}

fn runs(cage: &Cage, script: &str, value: &str, variables: &[(&str, &str)]) -> bool {
    let own = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let all: Vec<_> = own.chain([(naive::VARIABLE.to_owned(), value.to_owned())]).collect();
    cage.runs(&naive::written(&filled(script), value), &all)
}

#[test]
fn beside_variables_that_change_what_commands_mean_no_check_is_believed() {
    let taken: Vec<&Row> =
        BROKEN.iter().filter(|(variables, script, value)| placed(script, value, variables).is_ok()).collect();
    assert!(taken.is_empty(), "{taken:#?}");
    for name in ["FUNCNEST", "SHELLOPTS", "BASHOPTS", "POSIXLY_CORRECT", "BASH_COMPAT"] {
        assert!(placed(CHECKED.0, CHECKED.1, &[(name, "")]).is_err(), "{name}");
        assert!(placed("echo @", CHECKED.1, &[(name, "")]).is_ok(), "{name}");
    }
}

#[test]
fn each_of_them_lets_its_payload_run() {
    let without = Mutex::new(Vec::new());
    each(
        BROKEN,
        |cage| cage.programs(super::cage::PRINTING, &["notify"]),
        |cage, (variables, script, value)| {
            if !runs(cage, script, value, variables) {
                without.lock().expect("no holder panics").push(*script);
            }
        },
    );
    let without = without.into_inner().expect("no holder panics");
    assert!(without.is_empty(), "{without:#?}");
}

#[test]
fn without_them_the_same_scripts_are_taken() {
    // The words of `bash -c` are its own beside `set -k` alone.
    let refused: Vec<&Row> = BROKEN.iter().filter(|(_, script, value)| placed(script, value, &[]).is_err()).collect();
    assert!(refused.is_empty(), "{refused:#?}");
    assert!(placed("set -k; bash -c 'eval \"$X\"' X=@", "canary", &[]).is_err());
}

#[test]
fn what_bash_does_not_take_from_its_environment_changes_no_check() {
    let (script, value) = CHECKED;
    let cage = Cage::new();
    for variable in NOTHING {
        assert!(placed(script, value, &[*variable]).is_ok(), "{variable:?}");
        assert!(!runs(&cage, script, value, &[*variable]), "{variable:?}");
    }
}

#[test]
fn a_file_that_bash_runs_first_is_one_that_the_script_sources() {
    // What is known of a file is known of it.
    assert!(placed("echo @ > lib", "canary", &[("BASH_ENV", "lib")]).is_err());
    assert!(placed("echo @ > notes", "canary", &[("BASH_ENV", "lib")]).is_ok());
}
