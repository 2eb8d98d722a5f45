//! Commands that print a number or a sum, whatever text they are given: what they print is no payload text.

use super::argument::Argument;
use super::simple::Call;
use crate::shell::bash::syntax::RedirectKind;

/// Programs whose format decides what they print, and how it begins.
const BY_FORMAT: &[(&str, &str)] = &[("date", "+"), ("stat", "--format="), ("stat", "--printf=")];

/// Letters of the formats of `date` and `stat` that stand for numbers.
const DATE_NUMBERS: &str = "sYmdHMSjuwyCNUVG";
const STAT_NUMBERS: &str = "sYXZWabBfhigurd";

/// Options of `grep` that are followed by their value.
const GREP_VALUES: &[&str] = &["-m", "-A", "-B", "-C", "--max-count"];

/// Says whether a command prints nothing but numbers and sums. Complaints go elsewhere, unless a redirection mixes them in.
pub(super) fn prints_number(name: &str, call: Call) -> bool {
    let mixes = |kind| matches!(kind, RedirectKind::Duplicate | RedirectKind::WriteOrDuplicate);
    if call.redirects.iter().any(|redirect| mixes(redirect.kind)) {
        return false;
    }
    match name {
        "grep" | "egrep" | "fgrep" => counts_lines(call.rest()),
        "wc" => call.rest().iter().all(|it| it.literal().is_some_and(|it| is_letters(&it, "lwcm"))),
        "stat" if call.rest().first().is_some_and(|it| it.has_literal("-c")) => {
            call.rest().get(1).and_then(Argument::literal).is_some_and(|it| is_format(&it, STAT_NUMBERS))
        }
        "date" | "stat" => by_format(name, call.rest()),
        "jq" => takes_length(call.rest()),
        "printf" => call.rest().first().and_then(Argument::literal).is_some_and(|it| is_number_format(&it)),
        "git" => {
            let has = |word: &str| call.rest().iter().any(|it| it.has_literal(word));
            has("rev-list") && has("--count") && !has("--left-right") && !has("--cherry-mark")
        }
        // Of their input they print a sum; of files also the names.
        "cksum" | "md5sum" | "b2sum" | "shasum" | "sha1sum" | "sha224sum" | "sha256sum" | "sha384sum" | "sha512sum" => {
            call.rest().iter().all(|it| it.literal().is_some_and(|it| it == "-" || is_letters(&it, "ab")))
        }
        _ => false,
    }
}

/// Says whether `grep` counts the lines of one file or of its input: with more, it prints their names.
fn counts_lines(arguments: &[Argument]) -> bool {
    let (mut counts, mut has_pattern, mut operands, mut at) = (false, false, 0, 0);
    let mut options_end = false;
    while let Some(argument) = arguments.get(at) {
        at += 1;
        if argument.word.may_be_many() {
            return false;
        }
        let option = argument.literal().filter(|it| it.starts_with('-') && it.len() > 1 && !options_end);
        let Some(option) = option else {
            operands += 1;
            continue;
        };
        options_end = option == "--";
        counts |= option == "--count" || is_letters(&option, "cEFGPiwxvqse") && option.contains('c');
        let gives_pattern = option == "-e" || is_letters(&option, "cEFGPiwxvqse") && option.ends_with('e');
        has_pattern |= gives_pattern;
        let has_value = gives_pattern || GREP_VALUES.contains(&option.as_str());
        let is_known = has_value || is_letters(&option, "cEFGPiwxvqs") || matches!(option.as_str(), "--count" | "--");
        if !is_known {
            return false;
        }
        at += usize::from(has_value);
    }
    counts && operands + usize::from(has_pattern) <= 2
}

/// Says whether a program's format has numbers only. No other may be given, also not by a word that is not known.
fn by_format(name: &str, arguments: &[Argument]) -> bool {
    let numbers = if name == "date" { DATE_NUMBERS } else { STAT_NUMBERS };
    let format = |it: &Argument| {
        let literal = it.literal()?;
        let known = BY_FORMAT.iter().find(|(program, prefix)| *program == name && literal.starts_with(prefix))?;
        Some(literal[known.1.len()..].to_owned())
    };
    let mut formats = arguments.iter().filter_map(format);
    let is_one = formats.next().is_some_and(|it| is_format(&it, numbers)) && formats.next().is_none();
    let may_be_format = |it: &Argument| !it.is_literal() && it.word.prefix().is_empty() && it.word.may_be_many();
    is_one && !arguments.iter().any(may_be_format)
}

/// Says whether each `%` of a format is followed by the letter of a number, and nothing else is a letter.
fn is_format(format: &str, numbers: &str) -> bool {
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        let is_number = match letter {
            '%' => letters.next().is_some_and(|next| numbers.contains(next)),
            other => other.is_ascii_digit() || " :-".contains(other),
        };
        if !is_number {
            return false;
        }
    }
    true
}

/// Says whether a format of `printf` makes numbers of all that it is given: `%d`, `%.0f`, `%03d`.
fn is_number_format(format: &str) -> bool {
    let mut parts = format.split('%');
    let is_inert = |text: &str| text.chars().all(|it| it.is_ascii_digit() || " :,.".contains(it));
    let text = |part: &str| part.replace("\\n", "");
    let first = text(parts.next().unwrap_or_default());
    let mut rest = parts.map(|part| part.trim_start_matches(|it: char| it.is_ascii_digit() || it == '.')).peekable();
    rest.peek().is_some()
        && is_inert(&first)
        && rest.all(|part| part.starts_with(['d', 'i', 'u', 'f']) && is_inert(&text(&part[1..])))
}

/// Says whether the program of `jq`, which stands behind its options, ends with `length`.
fn takes_length(arguments: &[Argument]) -> bool {
    let mut words = arguments.iter();
    let program = loop {
        match words.next() {
            Some(option) if option.literal().is_some_and(|it| is_letters(&it, "rcens")) => {}
            // A name and its value, which may be any text as long as it is one word.
            Some(option) if option.has_literal("--arg") || option.has_literal("--argjson") => {
                let given = [words.next(), words.next()];
                if !given.iter().all(|it| it.is_some_and(|it| !it.word.may_be_many())) {
                    return false;
                }
            }
            program => break program.and_then(Argument::literal).unwrap_or_default(),
        }
    };
    ends_with_length(&program) && words.all(|it| !it.word.prefix().starts_with('-'))
}

/// Says whether all that a program of `jq` has found goes through a `length` behind its last `|`.
fn ends_with_length(program: &str) -> bool {
    let (mut depth, mut is_text, mut is_escaped, mut last) = (0_i32, false, false, 0);
    for (at, letter) in program.char_indices() {
        match letter {
            // What is put into a text is a program of its own.
            '(' if is_escaped => return false,
            _ if is_escaped => is_escaped = false,
            '\\' if is_text => is_escaped = true,
            '"' => is_text = !is_text,
            _ if is_text => {}
            '#' => return false,
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            '|' if depth == 0 => last = at + 1,
            _ => {}
        }
    }
    depth == 0 && !is_text && program[last..].trim() == "length"
}

/// Says whether a word is `-` and some of these letters.
fn is_letters(option: &str, letters: &str) -> bool {
    option.strip_prefix('-').is_some_and(|it| !it.is_empty() && it.chars().all(|letter| letters.contains(letter)))
}
