//! Lines of a Python script as flat tokens: the names in them, what they assign, what stands between commas.

use super::lexer::Token;

/// What begins the head of a statement that has others below it.
const HEADS: &[&str] =
    &["if", "elif", "else", "for", "while", "with", "async", "try", "except", "finally", "def", "class"];

pub(super) fn names(tokens: &[Token]) -> impl Iterator<Item = &str> {
    tokens.iter().filter_map(|token| match token {
        Token::Name(name) => Some(name.as_str()),
        _ => None,
    })
}

/// Says whether a function of this name writes what it is given to a file: `dump`, `safe_dump`, `dump_all`.
pub(super) fn is_dumping(name: &str) -> bool {
    name.split('_').any(|part| part == "dump")
}

/// Returns where in a statement an `=` assigns what is behind it to what is in front.
pub(super) fn assignments(statement: &[Token]) -> Vec<usize> {
    let mut open = 0_i32;
    let mut found = Vec::new();
    for (at, token) in statement.iter().enumerate() {
        match token {
            Token::Other('(' | '[' | '{') => open += 1,
            Token::Other(')' | ']' | '}') => open -= 1,
            Token::Other('=') if open == 0 && at > 0 => {
                let compares = matches!(statement[at - 1], Token::Other('=' | '!' | '<' | '>' | ':'));
                if !compares && statement.get(at + 1) != Some(&Token::Other('=')) {
                    found.push(at);
                }
            }
            _ => {}
        }
    }
    found
}

/// Returns the head of a statement with its colon, and the statement behind it on the same line.
pub(super) fn head_and_rest(statement: &[Token]) -> [&[Token]; 2] {
    let is_head = matches!(statement.first(), Some(Token::Name(word)) if HEADS.contains(&word.as_str()));
    let mut open = 0_i32;
    for (at, token) in statement.iter().enumerate().filter(|_| is_head) {
        match token {
            Token::Other('(' | '[' | '{') => open += 1,
            Token::Other(')' | ']' | '}') => open -= 1,
            Token::Name(word) if word == "lambda" => break,
            Token::Other(':') if open == 0 => return [&statement[..=at], &statement[at + 1..]],
            _ => {}
        }
    }
    [statement, &[]]
}

/// Returns a text that can be the name of a variable of the environment.
pub(super) fn as_variable(token: &Token) -> Option<String> {
    let Token::Text(text, holes) = token else { return None };
    let is_part = |it: char| it.is_ascii_alphanumeric() || it == '_';
    let is_name =
        !text.is_empty() && !text.starts_with(|first: char| first.is_ascii_digit()) && text.chars().all(is_part);
    (is_name && holes.is_empty()).then(|| text.clone())
}

/// Says of each token of a statement whether it stands in front of an `=` that assigns, or between `for` and `in`.
pub(super) fn assigned(statement: &[Token]) -> Vec<bool> {
    let is_word = |at: usize, word: &str| matches!(&statement[at], Token::Name(name) if name == word);
    let loops = (0..statement.len()).find(|at| is_word(*at, "for")).unwrap_or(statement.len());
    let outside = assignments(statement);
    // What comes next behind a token: an `=` outside of brackets, or an `in`.
    let (mut assigns, mut is_in) = (false, false);
    let mut found = vec![false; statement.len()];
    for at in (0..statement.len()).rev() {
        let is_walrus =
            statement.get(at + 1) == Some(&Token::Other(':')) && statement.get(at + 2) == Some(&Token::Other('='));
        found[at] = is_walrus || assigns || is_in && loops < at;
        if is_word(at, "in") {
            (assigns, is_in) = (false, true);
        } else if outside.binary_search(&at).is_ok() {
            (assigns, is_in) = (true, false);
        }
    }
    found
}

/// Returns what stands in the parentheses that begin at an index.
pub(super) fn arguments(statement: &[Token], open: usize) -> Option<&[Token]> {
    (statement.get(open) == Some(&Token::Other('('))).then(|| &statement[open + 1..])
}

/// Returns what stands between the commas up to the bracket that closes what is around, or to the end.
pub(super) fn split(tokens: &[Token]) -> Vec<&[Token]> {
    let (mut open, mut start, mut end) = (0_usize, 0, tokens.len());
    let mut parts = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Other('(' | '[' | '{') => open += 1,
            Token::Other(')' | ']' | '}') if open == 0 => {
                end = at;
                break;
            }
            Token::Other(')' | ']' | '}') => open -= 1,
            Token::Other(',') if open == 0 => {
                parts.push(&tokens[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&tokens[start..end]);
    parts
}

/// Returns the index behind the bracket that closes the one at an index.
pub(super) fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token {
            Token::Other('(' | '[' | '{') => depth += 1,
            Token::Other(')' | ']' | '}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}
