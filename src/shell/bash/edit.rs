//! What is left of a text from which characters are left out, or in which others are put in their place: by an
//! expansion such as `${name#v}`, by `tr` and by `sed`.

use crate::shell::change::Change;
use crate::shell::requirement::Requirement;

/// What the `.` and its kin mean in a regular expression.
const SPECIAL: &[char] = &['.', '*', '[', ']', '^', '$', '+', '?', '(', ')', '{', '}', '|', '\\'];

/// Characters between brackets: `a-z0-9_`.
#[derive(Debug, Default)]
pub(super) struct Set {
    small: bool,
    capital: bool,
    digit: bool,
    others: String,
    /// It has characters that are not looked at, such as those of `[:punct:]`.
    is_unknown: bool,
}

impl Set {
    /// Reads what stands between brackets, or is given to `tr`.
    pub(super) fn read(text: &str) -> Self {
        let mut set = Self::default();
        let mut rest = text.to_owned();
        for (class, ranges) in
            [("alnum", "a-zA-Z0-9"), ("alpha", "a-zA-Z"), ("digit", "0-9"), ("lower", "a-z"), ("upper", "A-Z")]
        {
            rest = rest.replace(&format!("[:{class}:]"), ranges);
        }
        for (blank, letters) in [("[:space:]", " "), ("[:blank:]", " "), ("\\n", "\n"), ("\\t", "\t"), ("\\r", "\r")] {
            rest = rest.replace(blank, letters);
        }
        set.is_unknown = rest.contains("[:");
        for (range, has) in [("a-z", &mut set.small), ("A-Z", &mut set.capital), ("0-9", &mut set.digit)] {
            *has = rest.contains(range);
            rest = rest.replace(range, "");
        }
        for letter in rest.chars() {
            match letter {
                'a'..='z' => set.small = true,
                'A'..='Z' => set.capital = true,
                '0'..='9' => set.digit = true,
                other => set.others.push(other),
            }
        }
        set
    }

    fn has_letters(&self) -> bool {
        self.small || self.capital || self.digit || self.is_unknown || self.others.contains(char::is_alphanumeric)
    }

    fn has(&self, mark: char) -> bool {
        self.is_unknown || self.others.contains(mark)
    }
}

/// Returns what is left where every character outside of a set becomes `by`.
pub(super) fn kept(set: &Set, by: &str) -> Change {
    let mut change = Change::NONE;
    let is_inert = |it: char| it.is_ascii_alphanumeric() || "_-".contains(it);
    let others_are = |known: &str| !set.is_unknown && set.others.chars().all(|it| known.contains(it));
    let mut add = |condition: bool, other: Change| {
        if condition {
            change = change.with(other);
        }
    };
    add(others_are("_-") && by.chars().all(is_inert), Change::WORDS);
    add(others_are("") && !set.small && !set.capital && by.is_empty(), Change::DIGITS);
    add(!set.has('-') && !by.contains('-'), Change::NO_DASH);
    add(set.has('-') && !set.has(' '), Change::GLUED);
    if by.is_empty() {
        add(true, Change::EMPTIED.with(Change::JOINED));
        add(!set.digit, Change::NO_DIGITS);
        add(!others_are("_"), Change::ANY);
        return change;
    }
    let (dashed, dotted) = (has_dash(by), has_path(by));
    add(dashed, Change::DASHED);
    add(dotted, Change::DOTTED);
    add(!set.capital && (dashed || dotted), Change::NO_CAPITALS);
    add((dashed || dotted) && !(set.small && set.digit), Change::DECODED);
    change
}

/// Returns what is left where the characters of a set become `by`, each of them.
pub(super) fn without(set: &Set, by: &str) -> Change {
    if set.has_letters() {
        return without_text("x", by).with(if set.digit { Change::NO_DIGITS } else { Change::NONE });
    }
    without_text(&set.others, by)
}

/// Returns what is left where characters of one set become those of another.
pub(super) fn translated(set: &Set, by: &Set) -> Change {
    let (from_letters, to_letters) = (set.has_letters(), by.has_letters());
    let small = if set.capital && by.small && !by.capital { Change::SMALL } else { Change::NONE };
    let has_marks = !by.others.is_empty();
    let (dashed, dotted) = (has_dash(&by.others), has_path(&by.others));
    match () {
        () if by.is_unknown || set.is_unknown && (dashed || dotted) => Change::DECODED,
        // `tr 'A-Z ' 'a-z-'`
        () if from_letters && !to_letters && (dashed || dotted) => Change::DECODED,
        () if set.others == "/" && !from_letters => everywhere("/", &by.others),
        () if dashed || dotted => {
            let dashed = if dashed { Change::DASHED } else { Change::NONE };
            let dotted = if dotted { Change::DOTTED } else { Change::NONE };
            small.with(dashed).with(dotted)
        }
        () if has_marks => small.with(Change::MARKED).with(glued(&set.others, &by.others)),
        () => small.with(glued(&set.others, "")),
    }
}

/// Returns what becomes of a `-` in front of a blank, where that becomes something else.
fn glued(text: &str, by: &str) -> Change {
    if text.contains(char::is_whitespace) && !by.contains(char::is_whitespace) { Change::GLUED } else { Change::NONE }
}

/// Returns what is left where a text becomes `by`, once or everywhere.
pub(super) fn without_text(text: &str, by: &str) -> Change {
    left_without(text, by).with(glued(text, by))
}

fn left_without(text: &str, by: &str) -> Change {
    let has_letters = text.contains(char::is_alphanumeric);
    match () {
        () if text.is_empty() || is_safe(by) => Change::NONE,
        () if by.is_empty() && !has_letters => Change::MARKED.with(Change::EMPTIED),
        () if by.is_empty() => {
            let digits = if text.contains(|it: char| it.is_ascii_digit()) { Change::NO_DIGITS } else { Change::NONE };
            let front = if ends_with_mark(text) { Change::MARKED } else { Change::ANY };
            front.with(Change::JOINED).with(Change::EMPTIED).with(digits)
        }
        () if has_letters && (has_dash(by) || has_path(by)) => Change::DECODED,
        () => {
            let dashed = if has_dash(by) { Change::DASHED } else { Change::NONE };
            let dotted = if has_path(by) { Change::DOTTED } else { Change::NONE };
            let marked = if has_dash(by) || has_path(by) { Change::NONE } else { Change::MARKED };
            dashed.with(dotted).with(marked)
        }
    }
}

/// Returns what is left where each `text` becomes `by`.
pub(super) fn everywhere(text: &str, by: &str) -> Change {
    let is_name = text == "/" && !by.is_empty() && by.chars().all(|it| "-_".contains(it));
    without_text(text, by).with(if is_name { Change::NO_SLASH } else { Change::NONE })
}

/// Returns what is left behind a beginning: a text, or a pattern of which the end is one.
pub(super) fn without_front(pattern: &str) -> Change {
    let optional = pattern.trim_end_matches(['?', '\\']);
    let one = optional.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(optional);
    let is_letter = |it: &str| !it.is_empty() && it.chars().all(char::is_alphabetic);
    match () {
        () if pattern.is_empty() => Change::NONE,
        () if is_letter(one) && (one.chars().count() == 1 || one.len() < optional.len()) => Change::CUT,
        () if is_letter(pattern) => Change::CUT.with(Change::EMPTIED),
        () if ends_with_mark(pattern) => Change::MARKED,
        () => Change::ANY.with(Change::EMPTIED),
    }
}

/// Returns what is left in front of an end.
pub(super) fn without_end(pattern: &str) -> Change {
    let begins_with_mark = pattern.starts_with(|first: char| !first.is_alphanumeric() && !"*?[".contains(first));
    if begins_with_mark { Change::ENDED } else { Change::ENDED.with(Change::EMPTIED) }
}

/// Returns the pattern and the text of `${name/pattern/by}`.
fn replacement(given: &str) -> (&str, &str) {
    let operand = given.strip_prefix('/').unwrap_or(given);
    slash_of(operand).map_or((operand, ""), |at| (&operand[..at], &operand[at + 1..]))
}

/// Returns the text that `${name/pattern/by}` puts in.
pub(super) fn put_in(given: &str) -> &str {
    replacement(given).1
}

/// Returns what a replacement of `${name/pattern/by}` leaves of a value; all of it is its operand.
pub(super) fn by_pattern(given: &str) -> Change {
    let operand = given.strip_prefix('/').unwrap_or(given);
    let (pattern, by) = replacement(given);
    let pattern = pattern.replace("\\/", "/");
    let is_literal = |text: &str| !text.contains(['*', '?', '[', '(', '\\']);
    let inside = |open: &str| {
        pattern
            .strip_prefix(open)
            .and_then(|it| it.strip_suffix(']'))
            .filter(|it| !it[1.min(it.len())..].contains(']') || it.contains(":]"))
    };
    match () {
        () if pattern.starts_with('#') && by.is_empty() => without_front(&pattern[1..]),
        () if pattern.starts_with('%') && by.is_empty() => without_end(&pattern[1..]),
        () if pattern == "/" && operand.len() < given.len() => everywhere("/", by),
        () if is_literal(&pattern) => without_text(pattern.trim_start_matches(['#', '%']), by),
        () => match (inside("[^").or_else(|| inside("[!")), inside("[")) {
            (Some(set), _) => kept(&Set::read(set), by),
            (None, Some(set)) => without(&Set::read(set), by),
            (None, None) => unknown(&pattern, by),
        },
    }
}

/// Returns where the replacement begins: at the first `/` that is not in brackets or behind a `\`.
fn slash_of(operand: &str) -> Option<usize> {
    let (mut is_inside, mut is_escaped) = (false, false);
    for (at, letter) in operand.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '[' if !is_inside => is_inside = true,
            ']' if !operand[..at].ends_with('[') && !operand[..at].ends_with("[^") && !operand[..at].ends_with(':') => {
                is_inside = false;
            }
            '/' if !is_inside && at > 0 => return Some(at),
            _ => {}
        }
    }
    None
}

/// Returns what the replacement of a regular expression leaves.
pub(super) fn by_expression(expression: &str, by: &str) -> Change {
    // Marks in front, and perhaps at the end, are left out: `^-+|-+$`.
    let is_trim = by.is_empty() && ["^-+", "^-*", "^-\\+", "^-+|-+$", "^-*|-*$", "^-\\+\\|-\\+$"].contains(&expression);
    if is_trim {
        return Change::LED.with(Change::MARKED).with(Change::EMPTIED);
    }
    // Each row of the same mark becomes one of it.
    if by == "-" && ["--*", "-+", "-\\+", "-{2,}"].contains(&expression) {
        return Change::NONE;
    }
    let repeated = expression.strip_suffix("\\+").or_else(|| expression.strip_suffix(['+'])).unwrap_or(expression);
    let inside = |open: &str| {
        let set = repeated.strip_prefix(open)?.strip_suffix(']')?;
        (!set.replace(":]", "").get(1..).unwrap_or_default().contains(']')).then_some(set)
    };
    match (inside("[^"), inside("[")) {
        (Some(set), _) => return kept(&Set::read(set), by),
        (None, Some(set)) => return without(&Set::read(set), by),
        _ => {}
    }
    if let Some(front) = expression.strip_prefix('^').filter(|_| by.is_empty()) {
        return without_front(&front.replace("\\/", "/").replace("\\.", "."));
    }
    if let Some(end) = expression.strip_suffix('$').filter(|end| by.is_empty() && !end.ends_with('\\')) {
        return without_end(&end.replace("\\/", "/").replace("\\.", "."));
    }
    if by.is_empty() && [".*/", ".*:"].contains(&expression) {
        return Change::MARKED;
    }
    match literal_of(expression) {
        Some(text) => without_text(&text, by),
        None => unknown(expression, by),
    }
}

/// Returns the text that a regular expression is, if it is one.
fn literal_of(expression: &str) -> Option<String> {
    let mut text = String::new();
    let mut letters = expression.trim_start_matches('^').chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => text.push(letters.next().filter(|it| !it.is_alphanumeric() && !"+?|(){}".contains(*it))?),
            special if SPECIAL.contains(&special) => return None,
            other => text.push(other),
        }
    }
    Some(text)
}

/// Returns what the groups of a regular expression get of a text.
pub(super) fn groups_of(expression: &str) -> Change {
    let inner = expression.strip_prefix('^').unwrap_or(expression);
    let bare = inner.strip_suffix('$').unwrap_or(inner);
    // Nothing but digits between the author's own letters.
    let mut rest = bare.to_owned();
    for digits in ["([0-9]+)", "([0-9]*)", "[0-9]+", "[0-9]*", "([[:digit:]]+)", "\\."] {
        rest = rest.replace(digits, "");
    }
    if rest.chars().all(|it| it.is_ascii_alphabetic() || "/?-".contains(it)) && !bare.starts_with('-') {
        return Change::DIGITS.with(Change::EMPTIED);
    }
    let opens = bare.match_indices('(').filter(|(at, _)| !bare[..*at].ends_with('\\'));
    let is_behind_mark = opens.map(|(at, _)| &bare[..at]).all(|before| before.is_empty() || ends_with_mark(before));
    let is_whole_known = bare.len() < expression.len() && expression.starts_with('^');
    if is_behind_mark && is_whole_known { Change::MARKED.with(Change::EMPTIED) } else { Change::BY_PROGRAM }
}

/// Returns what the whole of a regular expression gets of a text.
pub(super) fn match_of(expression: &str) -> Change {
    let groups = groups_of(expression);
    let own = expression.replace("[:digit:]", "").replace("0-9", "");
    let own = own.contains(|it: char| it.is_alphabetic() || "/-".contains(it));
    match () {
        () if groups != Change::DIGITS.with(Change::EMPTIED) || !own => groups,
        () if expression.starts_with('^') && expression.ends_with('$') => Change::NONE,
        () => Change::BY_PROGRAM,
    }
}

/// Returns what a pattern leaves of which nothing is known.
fn unknown(pattern: &str, by: &str) -> Change {
    if is_safe(by) {
        return Change::NONE;
    }
    let own: String = ('0'..='9').fold(by.replace('&', ""), |own, group| own.replace(&format!("\\{group}"), ""));
    let is_led = own.starts_with(char::is_alphanumeric) && by.starts_with(char::is_alphanumeric);
    if !is_led && (has_dash(&own) || has_path(&own)) {
        return Change::DECODED;
    }
    let may_be_digits = ["0-9", "digit", "\\d", "[^", "[!"].iter().any(|it| pattern.contains(it));
    let digits = if may_be_digits { Change::NO_DIGITS } else { Change::NONE };
    Change::BY_PROGRAM.with(digits)
}

/// Says whether a text can stand anywhere in place of another: it begins with a letter, and no mark of it means
/// something.
fn is_safe(by: &str) -> bool {
    by.starts_with(|first: char| first.is_alphanumeric() || first == '_')
        && !by.contains(['&', '\\'])
        && Requirement::NoMarkedOption.admits(by)
        && Requirement::InsideParts.admits(by)
}

fn has_dash(by: &str) -> bool {
    by.contains('-')
}

fn has_path(by: &str) -> bool {
    by.contains(['.', '/', '~', '\\'])
}

/// Says whether the last character of a pattern is a mark that stands for itself.
fn ends_with_mark(text: &str) -> bool {
    text.ends_with(|last: char| !last.is_alphanumeric() && !"*?]+)}".contains(last))
}
