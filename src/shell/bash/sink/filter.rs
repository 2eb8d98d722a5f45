//! What commands make of the text that they print again: whether all of it arrives, or parts.

use super::super::edit::{self, Set};
use super::argument::{Argument, change_before};
use super::edited;
use super::simple::Call;
use crate::shell::change::Change;

/// Commands that print parts of their input which begin behind a mark.
const TAKING_PARTS: &[&str] =
    &["tail", "sort", "uniq", "basename", "comm", "paste", "column", "tac", "fmt", "split", "diff", "git"];

/// Commands that print lines of their input, if there are some.
const TAKING_LINES: &[&str] = &["grep", "egrep", "fgrep", "rg"];

/// Commands that may print anything of their input.
const TAKING_ANY: &[&str] = &["perl", "node", "ruby", "php", "xargs", "cpp", "m4", "fold"];

/// Commands that print what their input stands for.
const DECODING: &[(&str, &[&str])] = &[
    ("base64", &["-d", "-D", "--decode", "-di"]),
    ("base32", &["-d", "--decode"]),
    ("xxd", &["-r", "-p"]),
    ("openssl", &["-d", "base64"]),
    ("echo", &["-e", "-en", "-ne"]),
];

/// Words of a program's code by which it prints JSON, which begins with a mark of its own.
const PRINTING_JSON: &[&str] = &["json.dumps", "json.dump(", "JSON.stringify", "to_json", "json_encode"];

/// Words of a program of `jq` by which it takes a text apart, or puts it together anew.
const TAKING_APART: &[&str] = &["ltrimstr", "sub(", "match", "capture", "scan", "split", "[1:", "[2:", "[3:", "[-"];

/// Returns what a command changes.
pub(super) fn change_by(call: Call) -> Change {
    let Some(name) = call.words.first().and_then(|_| call.name()) else { return Change::NONE };
    let name = name.as_str();
    let has = |words: &[&str]| call.rest().iter().any(|it| words.iter().any(|word| it.has_literal(word)));
    if name == "rev" || DECODING.iter().any(|(program, options)| *program == name && has(options)) {
        return Change::DECODED;
    }
    match name {
        "printf" if call.rest().first().is_some_and(|format| format.word.texts().any(|text| text.contains("%b"))) => {
            Change::DECODED
        }
        "printf" => call.rest().first().map_or(Change::NONE, |format| changed_by_format(&format.word.prefix())),
        "cut" => cut(call.rest()),
        "tr" => translated(call.rest()),
        "sed" | "gsed" => edited::by_sed(call.rest()),
        "awk" | "gawk" | "mawk" | "nawk" => edited::by_awk(call.rest()),
        "jq" | "yq" | "gojq" | "jaq" => taken_from_json(name, call.rest()),
        "tail" if call.rest().iter().any(|it| it.word.prefix().starts_with("-c")) => Change::ANY,
        _ if TAKING_LINES.contains(&name) => matched(call.rest()),
        _ if TAKING_PARTS.contains(&name) => Change::MARKED,
        "head" => Change::ENDED,
        // Without a folder in front it prints `.`.
        "dirname" => Change::ENDED.with(Change::EMPTIED),
        _ if TAKING_ANY.contains(&name) || name.starts_with("python") => by_program(call.rest()),
        _ => Change::NONE,
    }
}

/// Returns what a format of `printf` makes of values of which nothing but others stands in front: `%s-%s`.
pub(super) fn changed_by_format(format: &str) -> Change {
    let (mut change, mut is_front, mut rest) = (Change::NONE, true, format);
    while let Some(letter) = rest.chars().next() {
        let directive = rest.strip_prefix('%').filter(|behind| !behind.starts_with('%'));
        let Some(directive) = directive else {
            let escape = if rest.starts_with('\\') || rest.starts_with("%%") { 2 } else { letter.len_utf8() };
            is_front = letter.is_whitespace() || ["\\n", "\\t", "\\r"].iter().any(|it| rest.starts_with(it));
            rest = rest.get(escape..).unwrap_or_default();
            continue;
        };
        let end = directive.find(|it: char| it.is_ascii_alphabetic()).map_or(directive.len(), |at| at + 1);
        rest = &directive[end..];
        if is_front && !rest.is_empty() {
            change = change.with(change_before(rest));
        }
    }
    change
}

/// Returns the author's texts that a command puts into the numbers that it prints: `tr 5 x`, `sed 's/^/x/'`.
pub(super) fn put_in(call: Call) -> Vec<String> {
    let name = call.words.first().and_then(|_| call.name()).unwrap_or_default();
    let texts = || call.rest().iter().filter_map(Argument::literal);
    match name.as_str() {
        "tr" => put_in_by_tr(call.rest()),
        "sed" | "gsed" => texts().flat_map(|program| edited::put_in(&program)).collect(),
        // Texts stand between quotes there.
        "awk" | "gawk" | "mawk" | "nawk" => texts()
            .flat_map(|program| program.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>())
            .collect(),
        _ => Vec::new(),
    }
}

/// Returns the letters that `tr` puts in for characters of a number.
fn put_in_by_tr(arguments: &[Argument]) -> Vec<String> {
    let texts: Vec<String> = arguments.iter().filter_map(Argument::literal).collect();
    let is_other = |it: &&String| it.starts_with('-') && it.contains(['c', 'C']);
    let sets: Vec<&String> = texts.iter().filter(|it| !(it.starts_with('-') && it.len() > 1)).collect();
    let [from, by] = sets.as_slice() else { return Vec::new() };
    let is_of_number = |it: char| it.is_ascii_digit() || ".-\\[".contains(it);
    let ranges = by.replace("[:lower:]", "a-z").replace("[:upper:]", "A-Z");
    if !from.replace("a-z", "").replace("A-Z", "").contains(is_of_number) && !texts.iter().any(|it| is_other(&it)) {
        return Vec::new();
    }
    let letters: Vec<char> = ranges.chars().collect();
    let ranges = letters.windows(3).filter(|range| range[1] == '-' && range[0] < range[2]);
    let inside: Vec<char> = ranges.flat_map(|range| range[0]..=range[2]).collect();
    letters.into_iter().chain(inside).map(String::from).collect()
}

fn by_program(arguments: &[Argument]) -> Change {
    let prints_json = |it: &Argument| it.word.texts().any(|text| PRINTING_JSON.iter().any(|word| text.contains(word)));
    if arguments.iter().any(prints_json) { Change::LED.with(Change::BY_PROGRAM) } else { Change::BY_PROGRAM }
}

/// Returns what `cut` leaves: the beginning, `-c1-7`, `-d. -f1`, or a part behind the divider.
fn cut(arguments: &[Argument]) -> Change {
    let text: Vec<String> = arguments.iter().filter_map(Argument::literal).collect();
    let text = format!(" {}", text.join(" "));
    let begins = [" -c", " -b", " -f"].iter().any(|option| {
        let list = text.split_once(option).map_or("", |(_, list)| list).trim_start();
        let first = list.split([' ', ',', '-']).next().unwrap_or_default();
        first == "1" || list.starts_with('-')
    });
    let divider = text.split_once(" -d").map_or("\t", |(_, rest)| rest).trim_start().chars().next().unwrap_or('\t');
    let by_number = text.contains(" -c") || text.contains(" -b");
    match () {
        () if begins => Change::ENDED,
        () if by_number || divider.is_alphanumeric() => Change::ANY.with(Change::EMPTIED),
        () => Change::MARKED.with(Change::EMPTIED),
    }
}

/// Returns what `grep` leaves: lines, or with `-o` what matched.
fn matched(arguments: &[Argument]) -> Change {
    let lines = Change::MARKED.with(Change::EMPTIED);
    let is_only = |it: &Argument| {
        let prefix = it.word.prefix();
        prefix == "--only-matching" || prefix.starts_with('-') && !prefix.starts_with("--") && prefix.contains('o')
    };
    if !arguments.iter().any(is_only) {
        return lines;
    }
    let pattern = arguments.iter().find(|it| !it.word.prefix().starts_with('-')).and_then(Argument::literal);
    let pattern = pattern.unwrap_or_default();
    let set = pattern.trim_end_matches(['+', '*', '\\']).strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    match set.filter(|set| !set.starts_with('^') && !set.replace(":]", "").contains(']')) {
        Some(set) => edit::kept(&Set::read(set), "").with(Change::EMPTIED),
        None => Change::ANY.with(Change::EMPTIED),
    }
}

/// Returns what a program of `jq` leaves.
fn taken_from_json(name: &str, arguments: &[Argument]) -> Change {
    let is_raw = |it: &Argument| {
        let prefix = it.word.prefix();
        // A string begins with `"` where nothing says that it is printed as it is.
        name == "yq"
            || ["--raw-output", "--join-output"].iter().any(|option| prefix.starts_with(option))
            || prefix.starts_with('-') && !prefix.starts_with("--") && prefix.contains(['r', 'j'])
    };
    let texts: Vec<&str> = arguments.iter().flat_map(|it| it.word.texts()).collect();
    let has = |words: &[&str]| texts.iter().any(|text| words.iter().any(|word| text.contains(word)));
    let makes_object = texts.iter().any(|text| text.trim().starts_with('{') && text.trim().ends_with('}'));
    let part = Change::MARKED.with(Change::EMPTIED).with(Change::JSON);
    match () {
        () if has(&["@base64d", "implode"]) => Change::DECODED,
        () if makes_object || !arguments.iter().any(is_raw) => Change::LED.with(part),
        () if has(TAKING_APART) => part.with(Change::BY_PROGRAM),
        () => part,
    }
}

/// Returns what `tr` changes by its sets.
fn translated(arguments: &[Argument]) -> Change {
    let Some(words) = arguments.iter().map(Argument::literal).collect::<Option<Vec<String>>>() else {
        return Change::DECODED;
    };
    let is_option = |word: &&String| word.starts_with('-') && word.len() > 1 && !word.starts_with("--");
    let options: String = words.iter().take_while(is_option).map(String::as_str).collect();
    let sets: Vec<&str> = words.iter().skip_while(is_option).map(String::as_str).filter(|it| *it != "--").collect();
    let (first, second) = (sets.first().copied().unwrap_or_default(), sets.get(1).copied().unwrap_or_default());
    let last = second.chars().next_back().map(String::from).unwrap_or_default();
    let second = second.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r");
    let set = Set::read(first);
    match () {
        () if options.contains(['c', 'C']) => edit::kept(&set, if options.contains('d') { "" } else { &last }),
        () if options.contains('d') => edit::without(&set, ""),
        () if second.is_empty() => Change::NONE,
        () => edit::translated(&set, &Set::read(&second)),
    }
}
