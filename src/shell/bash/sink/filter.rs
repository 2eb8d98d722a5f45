//! What commands make of the text that they print again: whether all of it arrives, or parts.

use super::argument::Argument;
use super::simple::Call;
use crate::shell::change::Change;

/// Commands that print parts of their input which begin behind a mark.
const TAKING_PARTS: &[&str] = &[
    "cut", "tail", "grep", "egrep", "fgrep", "rg", "sort", "uniq", "basename", "jq", "yq", "comm", "paste", "column",
    "tac", "fold", "fmt", "split", "diff", "git",
];

/// Commands that may print anything of their input.
const TAKING_ANY: &[&str] =
    &["sed", "gsed", "awk", "gawk", "mawk", "nawk", "perl", "node", "ruby", "php", "rev", "xargs", "cpp", "m4"];

/// Commands that print what their input stands for.
const DECODING: &[(&str, &[&str])] = &[
    ("base64", &["-d", "-D", "--decode", "-di"]),
    ("base32", &["-d", "--decode"]),
    ("xxd", &["-r", "-p"]),
    ("openssl", &["-d", "base64"]),
    ("echo", &["-e", "-en", "-ne"]),
];

/// Returns what a command changes.
pub(super) fn change_by(call: Call) -> Change {
    let Some(name) = call.words.first().and_then(|_| call.name()) else { return Change::NONE };
    let name = name.as_str();
    let has = |words: &[&str]| call.rest().iter().any(|it| words.iter().any(|word| it.has_literal(word)));
    if DECODING.iter().any(|(program, options)| *program == name && has(options)) {
        return Change::DECODED;
    }
    match name {
        "printf" if call.rest().first().is_some_and(|format| format.word.texts().any(|text| text.contains("%b"))) => {
            Change::DECODED
        }
        "cut" if takes_beginning(call.rest()) => Change::NONE,
        "tr" => translated(call.rest()),
        _ if TAKING_PARTS.contains(&name) => Change::MARKED,
        _ if TAKING_ANY.contains(&name) || name.starts_with("python") => Change::ANY,
        _ => Change::NONE,
    }
}

/// Says whether `cut` prints the beginning: `-c1-7`, `-d. -f1`, `-f 1-2`.
fn takes_beginning(arguments: &[Argument]) -> bool {
    let text: Vec<String> = arguments.iter().filter_map(Argument::literal).collect();
    let text = format!(" {}", text.join(" "));
    [" -c", " -b", " -f"].iter().any(|option| {
        let list = text.split_once(option).map_or("", |(_, list)| list).trim_start();
        let first = list.split([' ', ',', '-']).next().unwrap_or_default();
        first == "1" || list.starts_with('-')
    })
}

/// Returns what `tr` changes by its sets.
fn translated(arguments: &[Argument]) -> Change {
    let Some(words) = arguments.iter().map(Argument::literal).collect::<Option<Vec<String>>>() else {
        return Change::ANY;
    };
    let is_option = |word: &&String| word.starts_with('-') && word.len() > 1;
    let options: String = words.iter().filter(is_option).map(String::as_str).collect();
    let sets: Vec<&str> = words.iter().filter(|word| !is_option(word)).map(String::as_str).collect();
    let (first, second) = (sets.first().copied().unwrap_or_default(), sets.get(1).copied().unwrap_or_default());
    let has_dash =
        |set: &str| set.starts_with('-') || set.ends_with('-') || set.contains("\\-") || set.contains("punct");
    let letters_in =
        |set: &str| set.replace("\\n", "").replace("\\t", "").replace("\\r", "").chars().any(char::is_alphanumeric);
    match () {
        () if options.contains(['c', 'C']) && !has_dash(first) && !second.contains('-') => Change::NO_DASH,
        () if options.contains(['c', 'C']) => Change::ANY,
        () if options.contains('d') => {
            if letters_in(first) {
                Change::ANY
            } else {
                Change::MARKED
            }
        }
        () if letters_in(first) && letters_in(second) => Change::NONE,
        () if letters_in(first) || second.starts_with('-') => Change::ANY,
        () => Change::MARKED,
    }
}
