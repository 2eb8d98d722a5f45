//! Reading a directive: `if`, `elseif`, `else`, `each`, `insert` (reference, section 2.3).

use crate::diagnostic::{nearest, shown};
use std::ops::Range;

/// What stands between the braces of a key, if that is a directive. All ranges are of the text
/// between the braces.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Directive {
    If(Range<usize>),
    ElseIf(Range<usize>),
    Else,
    Each { variable: Range<usize>, collection: Range<usize> },
    Insert,
}

/// Why a text that begins with the word of a directive is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    pub(super) range: Range<usize>,
    pub(super) title: String,
    pub(super) help: String,
}

/// The words, with how many parameters follow each and how it is written.
const WORDS: [(&str, usize, &str); 5] = [
    ("insert", 0, "write `${{ insert }}: ` and what is inserted behind it"),
    ("if", 1, "write one condition: `${{ if eq(a, b) }}`"),
    ("elseif", 1, "write one condition: `${{ elseif eq(a, b) }}`"),
    ("else", 0, "write `${{ else }}:` without anything behind the word, or `${{ elseif … }}:`"),
    ("each", 3, "write `${{ each name in list }}`"),
];

/// Returns the word of a directive that a text begins with. The case of the word matters.
pub(super) fn word(text: &str) -> Option<&'static str> {
    let text = text.trim_start();
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    WORDS.iter().map(|(word, ..)| *word).find(|word| *word == &text[..end])
}

/// Words of other languages, and what they are here.
const MEANT: [(&str, &str); 5] =
    [("elif", "elseif"), ("elsif", "elseif"), ("else-if", "elseif"), ("foreach", "each"), ("for", "each")];

/// What an expression goes on with behind a name: it is one, whatever the name is like.
const GOES_ON: [char; 3] = ['(', '[', '.'];

/// Returns what is wrong with a text that would be a directive but for its word: another case, a word of another
/// language, or a letter that is wrong.
fn misspelt(text: &str) -> Option<Malformed> {
    let start = text.len() - text.trim_start().len();
    let end = text[start..].find(char::is_whitespace).map_or(text.len(), |blank| start + blank);
    let (written, rest) = (&text[start..end], text[end..].trim_start());
    let known = |(word, ..): &(&'static str, usize, &str)| written.eq_ignore_ascii_case(word).then_some(*word);
    let meant = |(other, word): &(&str, &'static str)| written.eq_ignore_ascii_case(other).then_some(*word);
    let near = || nearest(written, WORDS.map(|(word, ..)| word)).filter(|_| !rest.starts_with(GOES_ON));
    let word = WORDS.iter().find_map(known).or_else(|| MEANT.iter().find_map(meant)).or_else(near)?;
    let (_, count, _) = WORDS.iter().find(|(known, ..)| *known == word)?;
    // Alone it may be a name.
    (!rest.is_empty() && *count > 0).then(|| Malformed::other_word(start..end, written, word))
}

/// Returns what is wrong with a text that is one name of nothing, and nearly a directive that stands alone.
pub(super) fn lone(text: &str) -> Option<Malformed> {
    let written = text.trim();
    let alone = WORDS.iter().filter(|(_, count, _)| *count == 0).map(|(word, ..)| *word);
    let word = nearest(written, alone).filter(|_| written.chars().all(char::is_alphabetic))?;
    let start = text.len() - text.trim_start().len();
    Some(Malformed::other_word(start..start + written.len(), written, word))
}

impl Malformed {
    fn other_word(range: Range<usize>, written: &str, word: &'static str) -> Self {
        let title = format!("`{}` is no directive, `{word}` is", shown(written));
        Self { range, title, help: format!("did you mean `{word}`?") }
    }
}

/// Returns how a directive is written that lacks some of the braces around it, or has more: `${ if x }}`,
/// `${{ if x }`, `{{ if x }}`.
pub(super) fn with_braces(text: &str) -> Option<String> {
    let text = text.trim();
    let begin = text.strip_prefix('$').unwrap_or(text).trim_start();
    let inner = begin.trim_start_matches('{');
    let end = inner.trim_end_matches('}').trim_end();
    let has_braces = inner.len() < begin.len() || text.starts_with('$') && end.len() < inner.len();
    let meant = format!("${{{{ {} }}}}", end.trim_start());
    let is_other = meant.split_whitespace().ne(text.split_whitespace());
    (has_braces && is_other && matches!(read(end), Some(Ok(_)))).then_some(meant)
}

/// Returns the name of the loop's value in the beginning of an `each` whose end is not written.
pub(super) fn begun_loop(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let inside = text.strip_prefix("${{").or_else(|| text.strip_prefix("$<<"))?;
    match inside.split_whitespace().collect::<Vec<_>>().as_slice() {
        ["each", name, "in", ..] => Some(*name),
        _ => None,
    }
}

/// Says whether a text was meant as an `if` or `elseif` that is not ended as it should be: an `else` may follow.
pub(super) fn begins_choice(text: &str) -> bool {
    let text = text.trim_start();
    let inside = text.strip_prefix("${{").or_else(|| text.strip_prefix("$<<"));
    inside.and_then(|inside| inside.split_whitespace().next()).is_some_and(|word| matches!(word, "if" | "elseif"))
}

/// Reads the directive that a text is; `None` if it is an expression.
pub(super) fn read(text: &str) -> Option<Result<Directive, Malformed>> {
    let Some(word) = word(text) else { return misspelt(text).map(Err) };
    let (_, count, help) = WORDS.iter().find(|(known, ..)| *known == word).expect("the word is of the table");
    let start = text.find(word).expect("the text begins with the word") + word.len();
    let parameters = split(text, start);
    if parameters.len() != *count {
        return Some(Err(wrong_count(word, *count, &parameters, start, help)));
    }
    Some(match (word, parameters.as_slice()) {
        ("insert", _) => Ok(Directive::Insert),
        ("else", _) => Ok(Directive::Else),
        ("if", [condition]) => Ok(Directive::If(condition.clone())),
        ("elseif", [condition]) => Ok(Directive::ElseIf(condition.clone())),
        (_, [variable, r#in, collection]) => each(text, variable.clone(), r#in.clone(), collection.clone(), help),
        _ => unreachable!("the number of parameters has been compared"),
    })
}

fn each(
    text: &str,
    variable: Range<usize>,
    r#in: Range<usize>,
    collection: Range<usize>,
    help: &'static str,
) -> Result<Directive, Malformed> {
    if &text[r#in.clone()] != "in" {
        let title = "`each` has the word `in` between its name and its list".to_owned();
        return Err(Malformed { range: r#in, title, help: help.to_owned() });
    }
    let name = &text[variable.clone()];
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
    if !is_name {
        let title = format!("`{}` can't be the name of a loop's value", shown(name));
        let help = "use letters, digits and `_`, a letter or `_` first".to_owned();
        return Err(Malformed { range: variable, title, help });
    }
    Ok(Directive::Each { variable, collection })
}

fn wrong_count(word: &str, count: usize, found: &[Range<usize>], start: usize, help: &'static str) -> Malformed {
    let wanted = match count {
        0 => "nothing".to_owned(),
        1 => "exactly 1 parameter".to_owned(),
        many => format!("exactly {many} parameters"),
    };
    let range = match (found.first(), found.last()) {
        (Some(first), Some(last)) => first.start..last.end,
        _ => start - word.len()..start,
    };
    let title = format!("`{word}` is followed by {wanted}, not by {}", found.len());
    Malformed { range, title, help: help.to_owned() }
}

/// Splits what follows the word at blanks that stand outside of quotes, parentheses and brackets.
fn split(text: &str, start: usize) -> Vec<Range<usize>> {
    let mut parameters: Vec<Range<usize>> = Vec::new();
    let mut open: Option<usize> = None;
    let (mut depth, mut in_literal) = (0_usize, false);
    for (offset, character) in text[start..].char_indices() {
        let at = start + offset;
        let separates = character.is_whitespace() && depth == 0 && !in_literal;
        match (separates, open) {
            (true, Some(begin)) => {
                parameters.push(begin..at);
                open = None;
            }
            (false, None) => open = Some(at),
            _ => {}
        }
        match character {
            '\'' => in_literal = !in_literal,
            '(' | '[' if !in_literal => depth += 1,
            ')' | ']' if !in_literal => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    parameters.extend(open.map(|begin| begin..text.len()));
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found = match read(text) {
            None => "expression".to_owned(),
            Some(Err(malformed)) => format!("! {} @{}", malformed.title, &text[malformed.range]),
            Some(Ok(Directive::If(range))) => format!("if <{}>", &text[range]),
            Some(Ok(Directive::ElseIf(range))) => format!("elseif <{}>", &text[range]),
            Some(Ok(Directive::Else)) => "else".to_owned(),
            Some(Ok(Directive::Insert)) => "insert".to_owned(),
            Some(Ok(Directive::Each { variable, collection })) => {
                format!("each <{}> in <{}>", &text[variable], &text[collection])
            }
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn parameters_are_split_at_blanks_outside_of_groups_and_quotes() {
        check(" if eq(a, b) ", "if <eq(a, b)>");
        check("if parameters.x  ", "if <parameters.x>");
        check("if 'a b'", "if <'a b'>");
        check("if x['a b'][ 0 ]", "if <x['a b'][ 0 ]>");
        check("if eq(a,\n  b)", "if <eq(a,\n  b)>");
        check("if a b", "! `if` is followed by exactly 1 parameter, not by 2 @a b");
        check("if", "! `if` is followed by exactly 1 parameter, not by 0 @if");
        check("elseif eq(')', x)", "elseif <eq(')', x)>");
        check(" else ", "else");
        check("else if x", "! `else` is followed by nothing, not by 2 @if x");
        check("insert", "insert");
        check("insert x", "! `insert` is followed by nothing, not by 1 @x");
        check("each x in split(p.list, ',')", "each <x> in <split(p.list, ',')>");
        check("each x of y", "! `each` has the word `in` between its name and its list @of");
        check("each x in y z", "! `each` is followed by exactly 3 parameters, not by 4 @x in y z");
        check("each 1 in y", "! `1` can't be the name of a loop's value @1");
        check("If x", "! `If` is no directive, `if` is @If");
        check(" foreach x in y", "! `foreach` is no directive, `each` is @foreach");
        check("fi x", "! `fi` is no directive, `if` is @fi");
        check("eahc x in y", "! `eahc` is no directive, `each` is @eahc");
        check(" esleif eq(a, b)", "! `esleif` is no directive, `elseif` is @esleif");
    }

    #[test]
    fn a_directive_is_known_by_its_word_where_braces_are_missing() {
        for text in [
            "${ if x }}",
            "${{ if x }",
            "${{ if x",
            "$ {{ if x }}",
            "{{ if x }}",
            "{ if x }}",
            "${{ if x }}}",
            "${if x}",
        ] {
            assert_eq!(with_braces(text).as_deref(), Some("${{ if x }}"), "{text}");
        }
        for text in ["${{ if x }}", "if x", "${name}", "${ name }}", "${{ if x y }", "$if x", "${{ if 'x }}"] {
            assert_eq!(with_braces(text), None, "{text}");
        }
    }

    #[test]
    fn other_texts_are_expressions() {
        check("If", "expression");
        check("foreach", "expression");
        check("iff(x)", "expression");
        check("iif (a, b, c)", "expression");
        check("iff [0]", "expression");
        check("iff .x", "expression");
        check("esle", "expression");
        check("if(x)", "expression");
        check("insert.x", "expression");
        check("each['x']", "expression");
        check("'if'", "expression");
        check("", "expression");
    }
}
