//! Scripts of bash and of Python as pipelines have them, written without a look at the rules, those of bash in eight parts
//! of 60, 81, 76, 70, 60, 53, 62 and 217: how many are refused
//! although nothing is wrong with them is counted, and each of those has its reason here.

use super::running::{placed_in, text};
use pipehook::shell::Language;

/// Scripts of Python, all of which take a title.
const PYTHON: &str = include_str!("../../testdata/shell/everyday_python.txt");
pub(super) const SCRIPTS: &str = include_str!("../../testdata/shell/everyday.txt");
/// What stands between two scripts, on a line of its own.
pub(super) const BETWEEN: &str = "\n%%%%\n";
/// Scripts of bash with a title in which marks stand, and what such a delivery else brings.
pub(super) const TITLES: &str = include_str!("../../testdata/shell/everyday_titles.txt");
const TITLE: &str = "Fix: don't crash (#12) on \"x\" & more";
const BRANCH: &str = "feature/x-1";
/// A title as people write them.
const VALUE: &str = "Fix the login page";

/// Those that are refused: a part of the script, what is told, and why it stays so.
const REFUSED: &[(&str, &str)] = &[
    // A variable of psql can become part of the SQL of a file, which no rule looks into.
    ("psql \"$DATABASE_URL\"", "one plain word"),
    // What a list begins with is not followed, as a loop or a function could have changed it.
    ("cmd=(gh release", "the name of a command"),
    // The other machine's shell reads the words again: quotes around a title are gone by then.
    ("bin/announce \"${{ title }}\"", "one plain word"),
    // The payload would choose which program runs: the script must check it first.
    ("\"$HOME/tool-$VERSION/tool\"", "the name of a command"),
    // Tools obey what stands in other fields of `package.json` than those that describe the package.
    (".build.commit = $sha", "written to `package.json`"),
    // The other machine's shell reads what `printf %q` made, and is not known to be one that reads `$'…'`.
    ("echo $(printf '%q'", "put together when the script runs"),
    // Words of `influx` are queries, or lines in which a blank begins another field.
    ("influx write", "an argument of `influx`"),
    // A shell that talks with a person runs the file that `ENV` names.
    ("make deploy ENV=", "the special variable `ENV`"),
];

/// What stands for the names in the scripts: `x` is a title.
fn value(name: &str) -> String {
    if name == "x" { VALUE.to_owned() } else { super::benign::value(name) }
}

#[test]
fn everyday_scripts_take_a_title_but_for_those_that_are_named() {
    let scripts: Vec<&str> = SCRIPTS.split(BETWEEN).collect();
    assert_eq!(scripts.len(), 683);
    let mut refused = Vec::new();
    for script in scripts {
        let script = format!("{}\n", script.trim_end());
        if let Err(refusals) = placed_in(Language::Bash, &text(&script, value)) {
            let is_known =
                |(part, reason): &&(&str, &str)| script.contains(part) && refusals[0].reason.contains(reason);
            assert!(REFUSED.iter().any(|known| is_known(&known)), "{script}{refusals:?}");
            refused.push(script);
        }
    }
    assert_eq!(refused.len(), REFUSED.len(), "{refused:?}");
}

#[test]
fn everyday_scripts_of_python_take_a_title() {
    let scripts: Vec<&str> = PYTHON.split(BETWEEN).collect();
    assert_eq!(scripts.len(), 232);
    for script in scripts {
        let text = text(&format!("{}\n", script.trim_end()), |_| VALUE.to_owned());
        placed_in(Language::Python, &text).unwrap_or_else(|refusals| panic!("{script}{refusals:?}"));
    }
}

#[test]
fn everyday_scripts_take_a_title_with_marks() {
    let scripts: Vec<&str> = TITLES.split(BETWEEN).collect();
    assert_eq!(scripts.len(), 64);
    let value = |name: &str| match name {
        "title" => TITLE.to_owned(),
        "branch" => BRANCH.to_owned(),
        _ => super::benign::value(name),
    };
    let refused: Vec<_> = scripts
        .into_iter()
        .filter_map(|script| {
            let script = format!("{}\n", script.trim_end());
            let refusals = placed_in(Language::Bash, &text(&script, value)).err()?;
            Some(format!("{script}{refusals:#?}"))
        })
        .collect();
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}
