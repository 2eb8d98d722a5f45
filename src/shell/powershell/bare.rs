//! Words without quotes: names of commands, arguments, operators. A hole among them is an argument, or a
//! number.

use super::lexer::{Lex, Lexer, Mode, Place, ends_word};
use super::quote::{is_dash, is_double, is_single};
use super::token::{Bracket, Piece, Token};
use super::{Edit, reference};
use crate::shell::analysis::variable;
use crate::shell::symbol::Symbol;

/// Words behind which another statement begins.
const KEYWORDS: &[&str] = &[
    "if", "elseif", "else", "while", "until", "do", "for", "foreach", "in", "switch", "return", "throw", "exit", "try",
    "catch", "finally", "begin", "process", "end", "break", "continue", "trap", "function", "filter", "param", "class",
    "enum", "using",
];

/// Those behind which the name of what is declared stands.
const DECLARING: &[&str] = &["function", "filter", "class", "enum", "workflow", "configuration"];

impl Lexer<'_> {
    /// Reads a token without quotes.
    pub(super) fn bare(&mut self, mode: Mode, bracket: Bracket, tokens: &mut Vec<Token>) -> Lex<Mode> {
        let start = self.at;
        let goes_on = |symbol: Symbol| !ends_word(symbol) || mode == Mode::Arguments && symbol.is('=');
        let is_mark = !self.is_escape() && !self.peek(0).is_some_and(goes_on);
        let (mut word, mut is_escaped) = (String::new(), false);
        loop {
            if !is_mark && self.is_escape() {
                is_escaped = true;
                word.extend(self.escaped());
            } else if self.at == start || !is_mark && self.peek(0).is_some_and(goes_on) {
                // What looks like a dash is one, at the beginning of a parameter and in the name of a command.
                word.extend(self.char_at(0).map(|it| if is_dash(it) { '-' } else { it }));
                self.at += 1;
            } else {
                break;
            }
        }
        let symbols = &self.symbols[start..self.at];
        let hole = symbols.iter().find_map(|symbol| if let Symbol::Hole(hole) = symbol { Some(*hole) } else { None });
        if let Some(hole) = hole {
            return self.bare_hole(mode, start, hole, &word, tokens);
        }
        // `i'e'x` is one name.
        let is_glued = start
            .checked_sub(1)
            .and_then(|before| self.symbols[before].char())
            .is_some_and(|it| is_double(it) || is_single(it));
        if let Some(Token::Command(name)) = tokens.last_mut()
            && is_glued
            && !is_mark
        {
            name.push_str(&word);
            return Ok(mode);
        }
        let is_key = bracket == Bracket::Table && tokens.is_empty();
        let is_before_quote = self.char_at(0).is_some_and(|it| is_double(it) || is_single(it));
        let is_keyword =
            !is_key && !is_escaped && !is_before_quote && KEYWORDS.contains(&word.to_ascii_lowercase().as_str());
        let is_named =
            matches!(tokens.last(), Some(Token::Word(word)) if DECLARING.contains(&word.to_ascii_lowercase().as_str()));
        if mode == Mode::Start && (is_keyword || is_named) {
            tokens.push(Token::Word(word));
            return Ok(Mode::Start);
        }
        // `foreach ($x in …)`: what follows is a pipeline.
        if mode == Mode::Expression
            && word.eq_ignore_ascii_case("in")
            && matches!(tokens.as_slice(), [Token::Variable(_)])
        {
            tokens.push(Token::Word(word));
            return Ok(Mode::Start);
        }
        let is_command = match mode {
            Mode::Start => !is_key && begins_command(&word),
            Mode::Called => !is_mark,
            Mode::Arguments | Mode::Expression => false,
        };
        if is_command {
            tokens.push(Token::Command(word));
            return Ok(Mode::Arguments);
        }
        if word.len() == 1 && !is_escaped && !word.starts_with(char::is_alphanumeric) {
            tokens.extend(word.chars().map(Token::Mark));
        } else {
            tokens.push(Token::Word(word));
        }
        Ok(match mode {
            Mode::Start | Mode::Called => Mode::Expression,
            other => other,
        })
    }

    /// Puts an argument with holes between double quotes, if it is one; alone in an expression it is a number.
    fn bare_hole(&mut self, mode: Mode, start: usize, hole: usize, word: &str, tokens: &mut Vec<Token>) -> Lex<Mode> {
        match mode {
            Mode::Start | Mode::Expression
                if word.is_empty() && self.at == start + 1 && self.is_operand(start, tokens) =>
            {
                tokens.push(Token::Text(vec![Piece::Hole(hole)]));
                self.lexed.places.insert(hole, Place::Number);
                let text = format!("([long]$env:{})", variable(hole));
                self.lexed.edits.insert(start, Edit { end: start + 1, text });
                return Ok(Mode::Expression);
            }
            // `1..${{ n }}`
            Mode::Start | Mode::Expression if is_begun_range(word) && self.at == start + word.len() + 1 => {
                tokens.push(Token::Word(word.to_owned()));
                tokens.push(Token::Text(vec![Piece::Hole(hole)]));
                self.lexed.places.insert(hole, Place::Number);
                let text = format!("([long]$env:{})", variable(hole));
                self.lexed.edits.insert(self.at - 1, Edit { end: self.at, text });
                return Ok(Mode::Expression);
            }
            Mode::Start | Mode::Called => return Self::refuse(hole, "the name of a command"),
            Mode::Expression => return Self::refuse(hole, "put into an expression"),
            Mode::Arguments => {}
        }
        // An option of a program such as `-p:Version=1` is one word; a parameter of a command is not.
        let symbols = &self.symbols[start..self.at];
        let is_assigned = symbols.iter().take_while(|symbol| symbol.char().is_some()).any(|symbol| symbol.is('='));
        if word.starts_with('-') && !is_assigned {
            return Self::refuse(hole, "the name of a parameter");
        }
        let is_plain = |character: char| character.is_alphanumeric() || "_./:\\+=%~-".contains(character);
        // Text glued to quotes or to a variable is one argument or several, by rules of its own.
        let is_glued = self.peek(0).is_some_and(
            |next| matches!(next, Symbol::Char(it) if is_double(it) || is_single(it) || "$({@".contains(it)),
        ) || start
            .checked_sub(1)
            .is_some_and(|before| !self.symbols[before].char().is_some_and(char::is_whitespace));
        let is_escaped = symbols.iter().any(|symbol| symbol.is('`'));
        if !word.chars().all(is_plain) || is_glued || is_escaped {
            return Self::refuse(hole, "put at a place that pipehook can't tell");
        }
        let end = self.at;
        let mut text = String::from("\"");
        let mut pieces = Vec::new();
        for symbol in &self.symbols[start..end] {
            match symbol {
                Symbol::Hole(hole) => {
                    text.push_str(&reference(*hole));
                    self.lexed.places.insert(*hole, Place::Argument);
                    pieces.push(Piece::Hole(*hole));
                }
                other => {
                    text.extend(other.char());
                    match (pieces.last_mut(), other.char()) {
                        (Some(Piece::Text(text)), Some(character)) => text.push(character),
                        (_, character) => pieces.extend(character.map(|it| Piece::Text(it.to_string()))),
                    }
                }
            }
        }
        text.push('"');
        self.lexed.edits.insert(start, Edit { end, text });
        tokens.push(Token::Text(pieces));
        Ok(mode)
    }

    /// Says whether what stands at `start` is an operand of an expression by itself: behind `=` or an opening
    /// bracket, or behind an operator, and glued to nothing.
    fn is_operand(&self, start: usize, tokens: &[Token]) -> bool {
        let before = start.checked_sub(1).map(|at| self.symbols[at]);
        let after = self.peek(0);
        let is_free = |symbol: Option<Symbol>, marks: &str| {
            symbol.is_none_or(|it| it.char().is_some_and(|it| it.is_whitespace() || marks.contains(it)))
        };
        let follows = match tokens.last() {
            None => before.is_some_and(|it| it.is('(')),
            Some(Token::Assign | Token::Mark('[' | ',' | '+' | '*' | '%')) => true,
            Some(Token::Word(word)) => word.starts_with('-') && word.len() > 1 || word == "return" || word == "..",
            _ => false,
        };
        follows && is_free(before, "([=,+*%") && is_free(after, ")];,|}")
    }
}

/// Says whether a word is the beginning of a range of numbers, up to its marks.
fn is_begun_range(word: &str) -> bool {
    word.strip_suffix("..").is_some_and(|first| !first.is_empty() && first.chars().all(|it| it.is_ascii_digit()))
}

/// Says whether the first word of a statement is the name of a command, and no number or operator.
fn begins_command(word: &str) -> bool {
    if matches!(word, "%" | "?") {
        return true;
    }
    let begins = |first: char| first.is_alphanumeric() || matches!(first, '_' | '\\' | '/' | '~');
    (word.starts_with(begins) || word.starts_with("./") || word.starts_with(".\\") || word.starts_with("../"))
        && !is_number(word)
}

/// Says whether a word is a number, such as `0x1F`, `1.5e3` or `10kb`.
fn is_number(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    if let Some(digits) = lower.strip_prefix("0x") {
        return digits.trim_end_matches(['l', 'u']).chars().all(|it| it.is_ascii_hexdigit());
    }
    let multiplied = ["kb", "mb", "gb", "tb", "pb"].iter().find_map(|unit| lower.strip_suffix(unit)).unwrap_or(&lower);
    // `1..5` is a range.
    multiplied.split("..").all(|part| {
        let part = part.trim_end_matches(['l', 'd', 'u', 'y', 's', 'n']);
        part.starts_with(|first: char| first.is_ascii_digit() || first == '.') && part.parse::<f64>().is_ok()
    })
}
