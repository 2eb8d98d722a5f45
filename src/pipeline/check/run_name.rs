//! The pattern of a run's name has macros that mean something, and no character that a name can't
//! have (reference, section 8.1).

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, nearest, shown};
use crate::pipeline::model::{Pipeline, Placed};
use crate::pipeline::plan::{NAME_FORBIDDEN, NAME_MAX};
use crate::taint::Text;

/// Macros that stand alone.
const WORDS: [&str; 10] = [
    "Date",
    "DayOfMonth",
    "DayOfYear",
    "Hours",
    "Minutes",
    "Seconds",
    "Month",
    "SourceBranchName",
    "TeamProject",
    "Rev:r",
];
/// The formats of `$(Year:…)`.
const YEARS: [&str; 2] = ["yy", "yyyy"];
/// Parts of a date's format: a letter and how often it may stand.
const DATE_PARTS: [&str; 14] = ["yyyy", "yy", "MMM", "MM", "M", "dd", "d", "HH", "H", "hh", "mm", "m", "ss", "s"];

pub(super) fn check(pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    let Some(name) = &pipeline.name else { return };
    let author: Vec<&str> = name.value.authored().collect();
    for text in &author {
        of_text(text, name, is_verbatim(name), pipeline, diagnostics);
    }
    if author.concat().chars().count() > NAME_MAX {
        let title = format!("the name of runs has more than {NAME_MAX} characters");
        diagnostics.push(Diagnostic::error(Code::RunName, title, name.span, "this is too long"));
    }
    if author.concat().ends_with('.') && !name.value.is_tainted() {
        let title = "the name of a run can't end with a full stop";
        diagnostics.push(Diagnostic::error(Code::RunName, title, name.span, "this does"));
    }
}

/// Says whether the file has the name's text as it is, so that parts of it can be pointed at.
fn is_verbatim(name: &Placed<Text>) -> bool {
    name.value.segments().len() == 1 && name.value.len() == name.span.range().len()
}

/// Looks at the text between macros, and at each macro.
fn of_text(text: &str, name: &Placed<Text>, is_verbatim: bool, pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    if text.starts_with("$[") {
        let title = "the name of runs can't have `$[ ]`: it is made before anything runs";
        let late = Diagnostic::error(Code::RunName, title, name.span, "this is known only later");
        return diagnostics.push(late.help("write `${{ }}`, or `$(variable)`"));
    }
    let mut rest = text;
    while let Some(start) = rest.find("$(") {
        forbidden(&rest[..start], name, diagnostics);
        let Some(end) = rest[start..].find(')').map(|end| start + end) else {
            let title = "a macro in the name of runs is not closed by `)`";
            return diagnostics.push(Diagnostic::error(Code::RunName, title, name.span, "`$(` begins one"));
        };
        let begin = name.span.range().start + text.len() - rest.len();
        let place = Span::new(name.span.source, begin + start, begin + end + 1);
        of_macro(&rest[start + 2..end], if is_verbatim { place } else { name.span }, pipeline, diagnostics);
        rest = &rest[end + 1..];
    }
    forbidden(rest, name, diagnostics);
}

fn forbidden(text: &str, name: &Placed<Text>, diagnostics: &mut Diagnostics) {
    if let Some(character) = text.chars().find(|&character| NAME_FORBIDDEN.contains(character)) {
        let title = format!("the name of a run can't have `{character}`");
        let wrong =
            Diagnostic::error(Code::RunName, title, name.span, format!("a name has none of `{NAME_FORBIDDEN}`"));
        diagnostics.push(wrong);
    }
}

fn of_macro(written: &str, place: Span, pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    let is = |known: &str| known.eq_ignore_ascii_case(written);
    let is_variable = pipeline.variables.own.iter().any(|variable| is(&variable.name.value));
    if is_variable || WORDS.iter().any(|word| is(word)) || written.contains('.') && !written.contains(':') {
        return;
    }
    let Some((word, format)) = written.split_once(':') else {
        let known = pipeline.variables.own.iter().map(|variable| variable.name.value.as_str()).chain(WORDS);
        let meant = nearest(written, known);
        // It may be a secret of a group, or a variable that is not known yet.
        let has_others = meant.is_none() && !pipeline.variables.groups.is_empty();
        if has_others || pipeline.variables.has_gaps {
            return;
        }
        let title = format!("`$({})` in the name of runs may mean nothing", shown(written));
        let unknown = Diagnostic::warning(Code::RunName, title, place, "no variable of the pipeline is called so");
        return diagnostics.push(unknown.help(match meant {
            Some(meant) => format!("did you mean `$({meant})`?"),
            None => "it stays as it is, unless a run is given a variable of the name".to_owned(),
        }));
    };
    let is_known = if word.eq_ignore_ascii_case("Date") {
        is_date(format)
    } else if word.eq_ignore_ascii_case("Rev") {
        let digits = format.strip_prefix('.').unwrap_or(format);
        !digits.is_empty() && digits.bytes().all(|byte| byte == b'r')
    } else {
        word.eq_ignore_ascii_case("Year") && YEARS.contains(&format)
    };
    if !is_known {
        let title = format!("`$({})` in the name of runs is no known format", shown(written));
        let wrong = Diagnostic::error(Code::RunName, title, place, "this would stay as it is");
        diagnostics.push(wrong.help("write such as `$(Date:yyyyMMdd)`, `$(Year:yy)` or `$(Rev:r)`"));
    }
}

fn is_date(format: &str) -> bool {
    let mut rest = format;
    while let Some(letter) = rest.chars().next() {
        let length = rest.len() - rest.trim_start_matches(letter).len();
        if letter.is_ascii_alphabetic() && !DATE_PARTS.contains(&&rest[..length]) {
            return false;
        }
        rest = &rest[length..];
    }
    !format.is_empty()
}
