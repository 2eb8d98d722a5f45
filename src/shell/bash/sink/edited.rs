//! What the programs of `sed` and `awk` that people write most leave of their input. Of any other nothing is known.

use super::super::edit;
use super::argument::Argument;
use crate::shell::change::Change;

const LINES: Change = Change::MARKED.with(Change::EMPTIED);

/// Returns what `sed` leaves.
pub(super) fn by_sed(arguments: &[Argument]) -> Change {
    let mut programs = Vec::new();
    let mut is_program = false;
    for argument in arguments {
        let prefix = argument.word.prefix();
        match argument.literal() {
            _ if is_program => {
                programs.push(argument.literal());
                is_program = false;
            }
            Some(option) if option.starts_with('-') && !option.starts_with("--") => is_program = option.ends_with('e'),
            Some(option) if option == "--expression" => is_program = true,
            _ if prefix.starts_with('-') || !programs.is_empty() => {}
            other => programs.push(other),
        }
    }
    let changes = programs.into_iter().map(|program| commands(&program?));
    changes.collect::<Option<Vec<_>>>().map_or(Change::BY_PROGRAM.with(Change::NO_DIGITS), |changes| {
        changes.into_iter().fold(Change::NONE, |earlier, later| later.with(earlier))
    })
}

/// Returns what a program of `sed` leaves, if it is known.
fn commands(program: &str) -> Option<Change> {
    let mut change = Change::NONE;
    let mut rest = program.trim_start_matches([' ', ';', '\n']);
    while !rest.is_empty() {
        if let Some(substitution) = rest.strip_prefix('s') {
            let delimiter = substitution.chars().next().filter(|it| !it.is_alphanumeric() && !"\\\n ".contains(*it))?;
            let (expression, behind) = until(&substitution[delimiter.len_utf8()..], delimiter)?;
            let (by, flags) = until(behind, delimiter)?;
            let end = flags.find(|it: char| !"gIi0123456789p".contains(it)).unwrap_or(flags.len());
            let is_everywhere = expression == "/" && flags[..end].contains('g');
            let left = if is_everywhere { edit::everywhere("/", &by) } else { edit::by_expression(&expression, &by) };
            change = left.with(change);
            rest = &flags[end..];
        } else {
            // Lines that are left out, or printed: `1d`, `$p`, `/x/d`.
            let behind = match rest.strip_prefix('/') {
                Some(address) => until(address, '/')?.1,
                None => rest.trim_start_matches(|it: char| it.is_ascii_digit() || "$,".contains(it)),
            };
            rest = behind.strip_prefix('!').unwrap_or(behind).strip_prefix(['d', 'p', 'q'])?;
            change = LINES.with(change);
        }
        let next = rest.trim_start_matches(' ');
        if !next.is_empty() && !next.starts_with([';', '\n']) {
            return None;
        }
        rest = next.trim_start_matches([' ', ';', '\n']);
    }
    Some(change)
}

/// Returns the texts that a program of `sed` puts in; all of it where it isn't understood.
pub(super) fn put_in(program: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut rest = program.trim_start_matches([' ', ';', '\n']);
    while let Some(substitution) = rest.strip_prefix('s') {
        let delimiter = substitution.chars().next().filter(|it| !it.is_alphanumeric() && !"\\\n ".contains(*it));
        let parts = delimiter.and_then(|delimiter| {
            let (_, behind) = until(&substitution[delimiter.len_utf8()..], delimiter)?;
            until(behind, delimiter)
        });
        let Some((by, flags)) = parts else { return vec![program.to_owned()] };
        texts.push(by);
        rest = flags.trim_start_matches(|it: char| it.is_ascii_digit() || "gpiIm".contains(it));
        rest = rest.trim_start_matches([' ', ';', '\n']);
    }
    // Lines that are left out, or printed, and options.
    let is_line = commands(rest).is_some() && !rest.contains('s') || rest.starts_with('-');
    texts.extend((!rest.is_empty() && !is_line).then(|| rest.to_owned()));
    texts
}

/// Returns the delimiters of a program of `sed` that has values (NUL) in its patterns and in what it puts in their
/// place only, and can't run anything; nothing for any other.
pub(super) fn delimiters(program: &str) -> Option<String> {
    let mut delimiters = String::new();
    let mut rest = program.trim_start_matches([' ', ';', '\n']);
    while !rest.is_empty() {
        rest = behind_address(rest, &mut delimiters)?;
        if let Some(second) = rest.strip_prefix(',') {
            rest = behind_address(second, &mut delimiters)?;
        }
        rest = rest.trim_start_matches(' ');
        rest = rest.strip_prefix('!').unwrap_or(rest);
        if let Some(substitution) = rest.strip_prefix('s') {
            let delimiter = substitution.chars().next()?;
            if delimiter.is_alphanumeric() || "\\\n\0._+-".contains(delimiter) {
                return None;
            }
            delimiters.push(delimiter);
            let (expression, behind) = until(&substitution[delimiter.len_utf8()..], delimiter)?;
            let (by, flags) = until(behind, delimiter)?;
            let is_escaped = |text: &str| text.contains("\\\0");
            if is_escaped(&expression) || is_escaped(&by) || expression.contains(delimiter) || by.contains(delimiter) {
                return None;
            }
            rest = flags.trim_start_matches(|it: char| it.is_ascii_digit() || "gpiIm".contains(it));
        } else {
            rest = rest.strip_prefix(['d', 'p', 'q'])?;
        }
        let next = rest.trim_start_matches(' ');
        if !next.is_empty() && !next.starts_with([';', '\n']) {
            return None;
        }
        rest = next.trim_start_matches([' ', ';', '\n']);
    }
    Some(delimiters)
}

/// Returns what stands behind one of the two places of lines in front of a command of `sed`, if one is there: `12`, `$`,
/// `/pattern/`.
fn behind_address<'p>(program: &'p str, delimiters: &mut String) -> Option<&'p str> {
    let Some(pattern) = program.strip_prefix('/') else {
        return Some(program.trim_start_matches(|it: char| it.is_ascii_digit() || it == '$'));
    };
    delimiters.push('/');
    let (pattern, behind) = until(pattern, '/')?;
    (!pattern.contains("\\\0")).then_some(behind)
}

/// Says whether the values (NUL) in a program of `awk` stand in its patterns, `/…/`, and in its strings, and nowhere else.
pub(super) fn has_values_in_literals(program: &str) -> bool {
    let mut before = '\n';
    let mut rest = program;
    while let Some(letter) = rest.chars().next() {
        rest = &rest[letter.len_utf8()..];
        match letter {
            '\0' | '#' => return false,
            '/' if "\n{}();,!~&|".contains(before) => match until(rest, '/') {
                Some((_, behind)) if is_one_pattern(&rest[..rest.len() - behind.len() - 1]) => rest = behind,
                _ => return false,
            },
            '"' => {
                let mut is_escaped = false;
                let end = rest.find(|letter: char| {
                    let ends = letter == '"' && !is_escaped;
                    is_escaped = letter == '\\' && !is_escaped;
                    ends
                });
                let Some((text, behind)) = end.map(|end| (&rest[..end], &rest[end + 1..])) else { return false };
                if text.contains("\\\0") {
                    return false;
                }
                rest = behind;
            }
            _ => {}
        }
        if letter != ' ' {
            before = letter;
        }
    }
    true
}

/// Says whether a text is a whole pattern of every `awk`: some end it at any `/`.
fn is_one_pattern(text: &str) -> bool {
    let ends = text.match_indices('/').any(|(at, _)| !text[..at].ends_with('\\'));
    !ends && !text.contains('\n') && !text.contains("\\\0")
}

/// Returns a text up to a delimiter, and what stands behind that.
fn until(text: &str, delimiter: char) -> Option<(String, &str)> {
    let (mut read, mut is_inside, mut letters) = (String::new(), false, text.char_indices());
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => {
                let (_, next) = letters.next()?;
                if next != delimiter {
                    read.push('\\');
                }
                read.push(next);
                continue;
            }
            '[' => is_inside = true,
            ']' if !read.ends_with('[') && !read.ends_with("[^") => is_inside = false,
            _ if letter == delimiter && (!is_inside || !text[at..].contains(']')) => {
                return Some((read, &text[at + letter.len_utf8()..]));
            }
            _ => {}
        }
        read.push(letter);
    }
    None
}

/// Returns what `awk` leaves: a field behind a divider, or a number.
pub(super) fn by_awk(arguments: &[Argument]) -> Change {
    let literals: Vec<String> = arguments.iter().map(|it| it.literal().unwrap_or_default()).collect();
    let mut divider = " ".to_owned();
    let mut program = None;
    let mut words = literals.iter();
    while let Some(word) = words.next() {
        match word.strip_prefix("-F") {
            Some("") => divider = words.next().cloned().unwrap_or_default(),
            Some(glued) => glued.clone_into(&mut divider),
            None if word == "-v" => drop(words.next()),
            None if program.is_none() => program = Some(word.as_str()),
            None => {}
        }
    }
    let program: String = program.unwrap_or_default().chars().filter(|it| !it.is_whitespace()).collect();
    let behind_rule = program.strip_prefix("NR==1").or_else(|| program.strip_prefix("END")).unwrap_or(&program);
    let body = behind_rule.strip_prefix('{').and_then(|it| it.strip_suffix('}')).unwrap_or_default();
    let body = body.trim_end_matches(";exit").trim_end_matches(';');
    let is_field = |it: &str| {
        let name = it.trim_start_matches('(').trim_end_matches(')');
        let name = name.strip_prefix('$').unwrap_or_default();
        !name.is_empty() && (name.chars().all(|it| it.is_ascii_digit()) || name.starts_with("NF"))
    };
    let is_mark = !divider.is_empty() && !divider.contains(char::is_alphanumeric);
    match body.strip_prefix("print") {
        Some(field) if is_field(field) && is_mark => LINES,
        Some(rest) if rest.strip_prefix("f\"%d\",").is_some_and(is_field) => Change::DIGITS,
        _ => Change::BY_PROGRAM,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_in_patterns_and_strings_of_awk_are_told_from_code() {
        for (program, wanted) in [
            ("/^## \0/{f=1;next} /^## /{f=0} f", true),
            ("/^## \\[\0\\]/ { print }", true),
            ("$1 == \"\0\" { print $2 }", true),
            ("$1 ~ /\0$/ && !/x/ { print \"v\0\" }", true),
            ("{ print \0 }", false),
            ("{ x = 4 / \0 / 2 }", false),
            ("/a\\\0/", false),
            ("{ print \"a\" \0 }", false),
            ("{ print \"[\" \0 \"]\" }", false),
            ("{ print \"a\\\"\0\" }", true),
            ("# it's \0\n{ print }", false),
        ] {
            assert_eq!(has_values_in_literals(program), wanted, "{program:?}");
        }
    }

    #[test]
    fn values_in_patterns_of_sed_are_told_from_commands() {
        for (program, wanted) in [
            ("/^## \0/,/^## /p", Some("//")),
            ("1,/\0/d", Some("/")),
            ("/a/,$ s|\0|x|", Some("/|")),
            ("/a/,\0p", None),
            ("\0,$d", None),
            ("/\\\0/p", None),
            ("/a/,/b/w \0", None),
        ] {
            assert_eq!(delimiters(program).as_deref(), wanted, "{program:?}");
        }
    }
}
