//! Names of which a Python script makes sure what they stand for before it goes on: `if target not in ('dev', 'prod'):
//! sys.exit(1)`.
//!
//! Behind such a check the name is one of the author's texts, or a number. So it is read as another name there, which gets
//! these: whatever stands in front of the check, functions too, still has the payload's text. That holds for a name that
//! gets something once, and for a check that stands in no other statement, so that it is run once and what follows is
//! run behind it alone.

use super::lexer::{FIELD, FIELD_END, Lexed, Start, Token};
use super::line::{assigned, closing, names};
use super::numbers::RENAMING;

/// The most checks of a script that are looked at.
const CHECKS_MAX: usize = 16;

/// The most `if` at the top of a script that are tried for one: each looks at all lines.
const TRIES_MAX: usize = 256;

/// Words in front of a name that gets something, or is a parameter.
const GIVING: &[&str] = &["for", "as", "import", "def", "class", "global", "nonlocal", "del", "lambda", "case"];

/// Methods of a script's class that say which objects are the same.
const COMPARING: &[&str] = &["__eq__", "__hash__", "__contains__"];

/// Methods that say that a text is digits.
const DIGITS: &[&str] = &["isdigit", "isdecimal"];

/// Functions and statements that read a list without handing it on.
const READING: &[&str] = &["print", "join", "sorted", "len"];

/// A line of a script: its tokens, and where it begins.
#[derive(Clone)]
struct Line {
    tokens: Vec<Token>,
    start: Option<Start>,
}

/// What a check finds: the name, and what it stands for behind the check.
struct Check {
    name: String,
    /// The tokens of what it gets there.
    value: Vec<Token>,
    /// The line that comes next.
    next: usize,
}

/// Returns a script in which names have others behind a check; nothing where it checks none.
pub(super) fn checked(lexed: &Lexed) -> Option<Lexed> {
    let mut lines = lines(lexed);
    let is_renaming = |name: &str| RENAMING.contains(&name) || COMPARING.contains(&name) || name == "__main__";
    let has_stars =
        lexed.tokens.windows(2).any(|pair| matches!(pair, [Token::Name(word), Token::Other('*')] if word == "import"));
    if has_stars || lines.iter().flat_map(|line| names(&line.tokens)).any(is_renaming) {
        return None;
    }
    let (mut at, mut count, mut tried) = (0, 0, 0);
    while at < lines.len() && count < CHECKS_MAX && tried < TRIES_MAX {
        tried += usize::from(names(&lines[at].tokens).next() == Some("if"));
        if let Some(check) = check(&lines, at) {
            let known: Vec<String> = lines.iter().flat_map(|line| names(&line.tokens)).map(str::to_owned).collect();
            let mut other = format!("{}_checked", check.name);
            while known.contains(&other) {
                other.push('_');
            }
            lines[check.next..].iter_mut().for_each(|line| rename(&mut line.tokens, &check.name, &other));
            let mut tokens = vec![Token::Name(other), Token::Other('=')];
            tokens.extend(check.value);
            let start = lines[at].start;
            lines.insert(check.next, Line { tokens, start });
            count += 1;
        }
        at += 1;
    }
    (count > 0).then(|| {
        let starts = lines.iter().filter_map(|line| line.start).collect();
        let tokens = lines.into_iter().flat_map(|line| line.tokens.into_iter().chain([Token::End])).collect();
        Lexed { tokens, places: lexed.places.clone(), starts }
    })
}

fn lines(lexed: &Lexed) -> Vec<Line> {
    let all = lexed.tokens.split(|token| *token == Token::End).filter(|line| !line.is_empty());
    all.enumerate().map(|(at, line)| Line { tokens: line.to_vec(), start: lexed.starts.get(at).copied() }).collect()
}

/// Returns what a line makes sure of, if it is a check at the top of the script.
fn check(lines: &[Line], at: usize) -> Option<Check> {
    let line = &lines[at];
    let column = |at: usize| lines.get(at).and_then(|line| line.start).map(|start| start.column);
    let [Token::Name(word), rest @ ..] = line.tokens.as_slice() else { return None };
    if word != "if" || column(at) != Some(0) {
        return None;
    }
    let (name, value, behind) = condition(lines, at, rest)?;
    let [Token::Other(':'), body @ ..] = behind else { return None };
    let mut next = at + 1;
    let last: &[Token] = if body.is_empty() {
        let inner = column(next).filter(|column| *column > 0)?;
        while column(next).is_some_and(|column| column > 0) {
            (column(next) == Some(inner)).then_some(())?;
            next += 1;
        }
        &lines[next - 1].tokens
    } else {
        body
    };
    (is_given_once(lines, at, &name) && ends(lines, last)).then_some(Check { name, value, next })
}

/// Reads a condition that holds of what the script does not go on with: the name, what it stands for otherwise, and what
/// follows.
fn condition<'t>(lines: &[Line], at: usize, tokens: &'t [Token]) -> Option<(String, Vec<Token>, &'t [Token])> {
    let is = |token: &Token, word: &str| matches!(token, Token::Name(name) if name == word);
    let number = || {
        vec![
            Token::Name("len".to_owned()),
            Token::Other('('),
            Token::Text(String::new(), Vec::new()),
            Token::Other(')'),
        ]
    };
    match tokens {
        [Token::Name(name), not, within, rest @ ..] if is(not, "not") && is(within, "in") => {
            let (words, behind) = container(lines, at, rest)?;
            Some((name.clone(), words, behind))
        }
        [not, Token::Name(name), within, rest @ ..] if is(not, "not") && is(within, "in") => {
            let (words, behind) = container(lines, at, rest)?;
            Some((name.clone(), words, behind))
        }
        [
            not,
            Token::Name(name),
            Token::Other('.'),
            Token::Name(method),
            Token::Other('('),
            Token::Other(')'),
            rest @ ..,
        ] if is(not, "not") && DIGITS.contains(&method.as_str()) => Some((name.clone(), number(), rest)),
        [not, rest @ ..] if is(not, "not") => {
            let (name, behind) = full_match(lines, rest)?;
            Some((name, number(), behind))
        }
        rest => match full_match(lines, rest)? {
            (name, [one, none, behind @ ..]) if is(one, "is") && is(none, "None") => Some((name, number(), behind)),
            _ => None,
        },
    }
}

/// Reads the author's texts in brackets, or in a list of theirs that nothing changes, as an expression that is one of them.
fn container<'t>(lines: &[Line], at: usize, tokens: &'t [Token]) -> Option<(Vec<Token>, &'t [Token])> {
    let (texts, behind) = match tokens {
        [Token::Name(table), behind @ ..] => {
            let found = lines[..at].iter().find(|line| {
                line.start.is_some_and(|start| start.column == 0)
                    && matches!(line.tokens.as_slice(), [Token::Name(name), Token::Other('='), ..] if name == table)
            })?;
            let (texts, rest) = literals(&found.tokens[2..])?;
            (rest.is_empty() && is_given_once(lines, at, table) && is_only_read(lines, table))
                .then_some((texts, behind))?
        }
        tokens => literals(tokens)?,
    };
    let mut value = Vec::new();
    for text in texts {
        if !value.is_empty() {
            value.push(Token::Name("or".to_owned()));
        }
        value.push(text);
    }
    Some((value, behind))
}

/// Reads several literals of the author's in brackets.
fn literals(tokens: &[Token]) -> Option<(Vec<Token>, &[Token])> {
    let open = matches!(tokens.first()?, Token::Other('(' | '[' | '{'));
    let end = if open { closing(tokens, 0) } else { return None };
    let (inside, behind) = (&tokens[1..end.checked_sub(1)?], &tokens[end..]);
    let mut texts = Vec::new();
    let mut is_several = tokens[0] != Token::Other('(');
    for (place, token) in inside.iter().enumerate() {
        match token {
            Token::Text(text, holes) if place % 2 == 0 && holes.is_empty() && !text.contains(FIELD) => {
                texts.push(token.clone());
            }
            Token::Other(',') if place % 2 == 1 => is_several = true,
            _ => return None,
        }
    }
    (is_several && !texts.is_empty()).then_some((texts, behind))
}

/// Reads a call that finds nothing but digits and dots in a text: `re.fullmatch(r'\d+\.\d+', version)`.
fn full_match<'t>(lines: &[Line], tokens: &'t [Token]) -> Option<(String, &'t [Token])> {
    let [
        Token::Name(module),
        Token::Other('.'),
        Token::Name(function),
        Token::Other('('),
        Token::Text(pattern, holes),
        Token::Other(','),
        Token::Name(name),
        Token::Other(')'),
        behind @ ..,
    ] = tokens
    else {
        return None;
    };
    let is_own = module == "re" && function == "fullmatch" && holes.is_empty() && !is_given(lines, "re");
    (is_own && is_of_digits(pattern)).then(|| (name.clone(), behind))
}

/// Says whether a pattern matches digits and dots alone, a digit first.
fn is_of_digits(pattern: &str) -> bool {
    let mut rest = pattern;
    let mut is_first = true;
    while !rest.is_empty() {
        let part = ["\\d", "[0-9]", "\\."].iter().find_map(|part| Some((*part, rest.strip_prefix(part)?)));
        let Some((part, behind)) = part else { return false };
        if is_first && part == "\\." {
            return false;
        }
        rest = behind;
        if let Some(behind) = rest.strip_prefix('+') {
            rest = behind;
        } else if let Some(inside) = rest.strip_prefix('{') {
            let Some((count, behind)) = inside.split_once('}') else { return false };
            let is_count = count.chars().all(|it| it.is_ascii_digit() || it == ',');
            if !is_count || count.is_empty() || count.starts_with(['0', ',']) || count.matches(',').count() > 1 {
                return false;
            }
            rest = behind;
        }
        is_first = false;
    }
    !is_first
}

/// Says whether a statement ends the script.
fn ends(lines: &[Line], statement: &[Token]) -> bool {
    let is_own = |name: &str| !is_given(lines, name) && !is_anothers(lines, name);
    let is_changed = |word: &str| {
        let is_set = |line: &Line| {
            let assigned = assigned(&line.tokens);
            (1..line.tokens.len()).any(|at| {
                assigned[at]
                    && matches!(&line.tokens[at], Token::Name(name) if name == word)
                    && line.tokens[at - 1] == Token::Other('.')
            })
        };
        lines.iter().any(is_set)
    };
    match statement {
        [Token::Name(word), _, ..] if word == "raise" => true,
        [Token::Name(module), Token::Other('.'), Token::Name(exit), Token::Other('('), rest @ ..] => {
            let is_exit = module == "sys" && exit == "exit" || module == "os" && exit == "_exit";
            is_exit && is_own(module) && !is_changed(exit) && closing(statement, 3) == rest.len() + 4
        }
        [Token::Name(exit), Token::Other('('), rest @ ..] => {
            matches!(exit.as_str(), "exit" | "quit") && is_own(exit) && closing(statement, 1) == rest.len() + 2
        }
        _ => false,
    }
}

/// Says whether a name is imported from a module, which may mean anything by it; but for those of Python's own.
fn is_anothers(lines: &[Line], name: &str) -> bool {
    let is_of_sys = |line: &Line| names(&line.tokens).nth(1) == Some("sys") && name == "exit";
    let mut imports = lines.iter().filter(|line| names(&line.tokens).next() == Some("from"));
    imports.any(|line| !is_of_sys(line) && names(&line.tokens).skip(2).any(|own| own == name))
}

/// Says whether a name gets something by another statement than an import of it.
fn is_given(lines: &[Line], name: &str) -> bool {
    lines.iter().any(|line| {
        let assigned = assigned(&line.tokens);
        let imports = names(&line.tokens).next() == Some("import") || names(&line.tokens).next() == Some("from");
        line.tokens.iter().enumerate().any(|(at, token)| {
            let is_name = matches!(token, Token::Name(own) if own == name);
            let is_member = at > 0 && line.tokens[at - 1] == Token::Other('.');
            is_name && !is_member && (assigned[at] || !imports && is_behind(&line.tokens, at))
        }) || imports && names(&line.tokens).any(|word| word == "as") && names(&line.tokens).any(|own| own == name)
    })
}

/// Says whether a name stands behind a word that gives it something.
fn is_behind(tokens: &[Token], at: usize) -> bool {
    let first = matches!(tokens.first(), Some(Token::Name(word)) if matches!(word.as_str(), "def" | "global" | "nonlocal" | "del" | "case" | "class" | "async"));
    let has_lambda = names(tokens).any(|word| word == "lambda");
    first
        || has_lambda
        || matches!(at.checked_sub(1).map(|before| &tokens[before]), Some(Token::Name(word)) if GIVING.contains(&word.as_str()))
}

/// Says whether a name gets something once, in front of a line, at the top of the script.
fn is_given_once(lines: &[Line], at: usize, name: &str) -> bool {
    let mut given = 0;
    for (place, line) in lines.iter().enumerate() {
        let assigned = assigned(&line.tokens);
        for (index, token) in line.tokens.iter().enumerate() {
            let is_name = matches!(token, Token::Name(own) if own == name);
            if !is_name || index > 0 && line.tokens[index - 1] == Token::Other('.') {
                continue;
            }
            let is_annotated = index == 0 && line.tokens.get(1) == Some(&Token::Other(':'));
            if is_annotated || is_behind(&line.tokens, index) {
                return false;
            }
            if assigned[index] {
                let is_first = index == 0 && line.tokens.get(1) == Some(&Token::Other('='));
                let is_top = line.start.is_some_and(|start| start.column == 0);
                if !is_first || !is_top || place >= at || line.tokens[2..].contains(&Token::Name(name.to_owned())) {
                    return false;
                }
                given += 1;
            }
        }
    }
    given == 1
}

/// Says whether nothing is done with a list but to look for something in it, and to read it.
fn is_only_read(lines: &[Line], name: &str) -> bool {
    lines.iter().all(|line| {
        line.tokens.iter().enumerate().all(|(at, token)| {
            let is_name = matches!(token, Token::Name(own) if own == name);
            let word = |back: usize| {
                at.checked_sub(back)
                    .and_then(|at| if let Token::Name(word) = &line.tokens[at] { Some(word.as_str()) } else { None })
            };
            let is_given = at == 0 && line.tokens.get(1) == Some(&Token::Other('='));
            let is_read = at > 1
                && line.tokens[at - 1] == Token::Other('(')
                && word(2).is_some_and(|word| READING.contains(&word));
            let is_alone = line.start.is_none() && line.tokens.len() == 1;
            !is_name || is_given || word(1) == Some("in") || is_read || is_alone
        })
    })
}

/// Gives a name another in the tokens of a line, but for members and for names of arguments.
fn rename(tokens: &mut [Token], name: &str, other: &str) {
    for at in 0..tokens.len() {
        let is_member = at > 0 && tokens[at - 1] == Token::Other('.');
        let is_argument = at > 0
            && matches!(tokens[at - 1], Token::Other('(' | ','))
            && tokens.get(at + 1) == Some(&Token::Other('='))
            && tokens.get(at + 2) != Some(&Token::Other('='));
        match &mut tokens[at] {
            Token::Name(own) if own == name && !is_member && !is_argument => *own = other.to_owned(),
            Token::Text(text, _) if text.contains(FIELD) => *text = renamed_fields(text, name, other),
            _ => {}
        }
    }
}

/// Returns a text with another name in the code of its fields.
fn renamed_fields(text: &str, name: &str, other: &str) -> String {
    let mut parts = text.split(FIELD);
    let mut renamed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (field, behind) = part.split_once(FIELD_END).unwrap_or((part, ""));
        renamed.push(FIELD);
        renamed.push_str(&renamed_words(field, name, other));
        renamed.push(FIELD_END);
        renamed.push_str(behind);
    }
    renamed
}

fn renamed_words(code: &str, name: &str, other: &str) -> String {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut renamed = String::new();
    let mut rest = code;
    while let Some(at) = rest.find(name) {
        let (before, found) = rest.split_at(at);
        let behind = &found[name.len()..];
        renamed.push_str(before);
        let last = renamed.chars().next_back();
        let is_word =
            !last.is_some_and(|it| is_part(it) || matches!(it, '.' | '\'' | '"')) && !behind.starts_with(is_part);
        renamed.push_str(if is_word { other } else { name });
        rest = behind;
    }
    renamed.push_str(rest);
    renamed
}
