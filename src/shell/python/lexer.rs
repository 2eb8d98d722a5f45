//! Cuts a Python script into tokens, and notes where its holes stand.

use crate::shell::analysis::{Escapes, Unread};
use crate::shell::symbol::{Symbol, line_of};
use std::collections::BTreeMap;

/// The most brackets and strings inside each other in the `{ }` of an f-string.
const DEPTH_MAX: usize = 32;

/// The most f-strings inside each other.
const FIELD_DEPTH_MAX: usize = 8;

/// What stands for a hole in the text of a literal: no script has this character.
pub(super) const HOLE: char = '\0';

/// What stands for the braces around an expression in the text of an f-string.
pub(super) const FIELD: char = '\u{1}';
pub(super) const FIELD_END: char = '\u{2}';

/// Letters that stand in front of a string literal.
const PREFIXES: &[&str] = &["r", "u", "b", "f", "br", "rb", "fr", "rf"];

/// Where a hole can stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Literal(Escapes),
    /// A literal in the `{ }` of an f-string, where older Pythons take no escapes.
    Field,
    Comment,
    /// Outside of strings.
    Code,
}

impl Place {
    /// Returns the place's name, to be read after "in".
    pub(super) fn description(self) -> &'static str {
        match self {
            Self::Comment => "a comment",
            Self::Code => "the script, outside of a string",
            Self::Field => "a string in the braces of an f-string",
            Self::Literal(Escapes::Text) => "a string",
            Self::Literal(Escapes::Bytes) => "a byte string",
            Self::Literal(Escapes::None) => "a raw string",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Name(String),
    /// A literal: the author's characters of it, with [`HOLE`] where a hole stands, and [`FIELD`] in front of an
    /// expression of an f-string, and the holes in it.
    Text(String, Vec<usize>),
    /// One character of an operator, a bracket, or of a number.
    Other(char),
    /// The end of a statement.
    End,
}

#[derive(Debug, Default)]
pub(super) struct Lexed {
    pub(super) tokens: Vec<Token>,
    pub(super) places: BTreeMap<usize, Place>,
    /// Where each statement begins that has tokens, but for those in the `{ }` of f-strings, which follow.
    pub(super) starts: Vec<Start>,
}

/// Where a statement begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Start {
    /// How far it is indented.
    pub(super) column: usize,
    /// The line of the script, counted from 1.
    pub(super) line: usize,
}

/// Cuts a script into tokens. The code in the `{ }` of f-strings follows as statements of its own.
pub(super) fn lex(symbols: &[Symbol]) -> Result<Lexed, Unread> {
    lex_inside(symbols, 0)
}

/// Returns the tokens of what stands between the marks of a field of an f-string, with its braces, but for what
/// says how the value is written. `holes` gives the numbers of the holes in it.
pub(super) fn field_tokens(field: &str, holes: &mut impl Iterator<Item = usize>) -> Option<Vec<Token>> {
    let symbol = |character: char| match character {
        HOLE => holes.next().map_or(Symbol::Opaque, Symbol::Hole),
        other => Symbol::Char(other),
    };
    let symbols: Vec<Symbol> = field.strip_prefix('{')?.strip_suffix('}')?.chars().map(symbol).collect();
    let mut tokens = lex_inside(&symbols[..conversion(&symbols)], 1).ok()?.tokens;
    let end = tokens.iter().position(|token| *token == Token::End).unwrap_or(tokens.len());
    tokens.truncate(end);
    Some(tokens)
}

fn lex_inside(symbols: &[Symbol], depth: usize) -> Result<Lexed, Unread> {
    // A line's end ends no statement in the `{ }` of an f-string.
    let open = usize::from(depth > 0);
    let mut lexer = Lexer { symbols, at: 0, open, depth, fields: Vec::new(), lexed: Lexed::default() };
    let (mut line, mut counted) = (1, 0);
    while let Some(symbol) = lexer.peek(0) {
        let (at, count) = (lexer.at, lexer.lexed.tokens.len());
        lexer.token(symbol)?;
        let is_first = lexer.lexed.tokens[..count].last().is_none_or(|last| *last == Token::End);
        if is_first && lexer.lexed.tokens.get(count).is_some_and(|token| *token != Token::End) {
            line += symbols[counted..at].iter().filter(|symbol| symbol.is('\n')).count();
            counted = at;
            let column = symbols[..at].iter().rev().take_while(|symbol| !symbol.is('\n')).count();
            lexer.lexed.starts.push(Start { column, line });
        }
    }
    lexer.lexed.tokens.push(Token::End);
    lexer.lexed.tokens.extend(lexer.fields);
    Ok(lexer.lexed)
}

struct Lexer<'s> {
    symbols: &'s [Symbol],
    at: usize,
    /// How many brackets are open: a line's end ends no statement inside of them.
    open: usize,
    /// How many f-strings are around.
    depth: usize,
    /// The statements in the `{ }` of f-strings.
    fields: Vec<Token>,
    lexed: Lexed,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<Symbol> {
        self.symbols.get(self.at + ahead).copied()
    }

    fn char_at(&self, ahead: usize) -> Option<char> {
        self.peek(ahead).and_then(Symbol::char)
    }

    fn fail<T>(&self, what: &str) -> Result<T, Unread> {
        let line = line_of(self.symbols, self.at);
        Err(Unread {
            hole: None,
            reason: format!("put into a script that pipehook can't read: {what}, at line {line}"),
        })
    }

    fn token(&mut self, symbol: Symbol) -> Result<(), Unread> {
        match symbol {
            Symbol::Hole(hole) => {
                // A number of a payload stands there by itself, and is no hole.
                self.lexed.places.insert(hole, Place::Code);
                self.lexed.tokens.push(Token::Other('0'));
                self.at += 1;
            }
            Symbol::Char('#') => self.comment(),
            Symbol::Char(quote @ ('"' | '\'')) => return self.literal("", quote),
            Symbol::Char(first) if is_letter(first) && !first.is_ascii_digit() => return self.name(),
            Symbol::Char(other) if !other.is_ascii() && !other.is_whitespace() && other != '\u{feff}' => {
                return self.fail(&format!("`{other}` outside of a string, which Python may read as another letter"));
            }
            Symbol::Char('\\') if self.char_at(1) == Some('\n') => self.at += 2,
            Symbol::Char('\\') if self.char_at(1) == Some('\r') => {
                self.at += if self.char_at(2) == Some('\n') { 3 } else { 2 };
            }
            Symbol::Char(character) => {
                self.at += 1;
                self.other(character);
            }
            Symbol::Opaque => self.at += 1,
        }
        Ok(())
    }

    fn other(&mut self, character: char) {
        match character {
            '(' | '[' | '{' => self.open += 1,
            ')' | ']' | '}' => self.open = self.open.saturating_sub(1),
            _ => {}
        }
        let token = match character {
            '\n' | '\r' | ';' if self.open == 0 => Token::End,
            _ if character.is_whitespace() => return,
            _ => Token::Other(character),
        };
        self.lexed.tokens.push(token);
    }

    fn comment(&mut self) {
        while let Some(symbol) = self.peek(0).filter(|symbol| !symbol.is('\n') && !symbol.is('\r')) {
            if let Symbol::Hole(hole) = symbol {
                self.lexed.places.insert(hole, Place::Comment);
            }
            self.at += 1;
        }
    }

    fn name(&mut self) -> Result<(), Unread> {
        let mut name = String::new();
        while let Some(letter) = self.char_at(0).filter(|letter| is_letter(*letter)) {
            name.push(letter);
            self.at += 1;
        }
        match self.char_at(0) {
            Some(quote @ ('"' | '\'')) if PREFIXES.contains(&name.to_ascii_lowercase().as_str()) => {
                self.literal(&name.to_ascii_lowercase(), quote)
            }
            _ => {
                self.lexed.tokens.push(Token::Name(without_class(name)));
                Ok(())
            }
        }
    }

    fn literal(&mut self, prefix: &str, quote: char) -> Result<(), Unread> {
        let length = if self.char_at(1) == Some(quote) && self.char_at(2) == Some(quote) { 3 } else { 1 };
        self.at += length;
        let escapes = match prefix {
            raw if raw.contains('r') => Escapes::None,
            bytes if bytes.contains('b') => Escapes::Bytes,
            _ => Escapes::Text,
        };
        let (mut text, mut holes) = (String::new(), Vec::new());
        while !(0..length).all(|ahead| self.char_at(ahead) == Some(quote)) {
            match self.peek(0) {
                Some(Symbol::Hole(hole)) => {
                    self.lexed.places.insert(hole, Place::Literal(escapes));
                    holes.push(hole);
                    text.push(HOLE);
                    self.at += 1;
                }
                Some(Symbol::Char('\n')) if length == 1 => return self.fail("a string is not closed on its line"),
                // There is no such escape: the `{` begins a field, behind a `\`.
                Some(Symbol::Char('\\')) if prefix.contains('f') && self.char_at(1) == Some('{') => {
                    text.push('\\');
                    self.at += 1;
                }
                Some(Symbol::Char('\\')) => self.backslash(escapes, &mut text)?,
                Some(Symbol::Char('{')) if prefix.contains('f') => self.field(&mut text, &mut holes)?,
                Some(Symbol::Char(character)) => {
                    text.push(character);
                    self.at += 1;
                }
                Some(Symbol::Opaque) => self.at += 1,
                None => return self.fail("a string is never closed"),
            }
        }
        self.at += length;
        self.lexed.tokens.push(Token::Text(text, holes));
        Ok(())
    }

    fn backslash(&mut self, escapes: Escapes, text: &mut String) -> Result<(), Unread> {
        match self.peek(1) {
            Some(Symbol::Hole(hole)) if escapes != Escapes::None => {
                return Err(Unread { hole: Some(hole), reason: "put behind a backslash".to_owned() });
            }
            Some(Symbol::Hole(_)) => {
                text.push('\\');
                self.at += 1;
            }
            Some(Symbol::Char('N')) if self.char_at(2) == Some('{') && escapes == Escapes::Text => {
                self.at += 2;
                while self.char_at(0).is_some_and(|letter| letter != '}') {
                    self.at += 1;
                }
            }
            next => {
                // In a raw string it stands for itself.
                text.extend((escapes == Escapes::None).then_some('\\'));
                let letter = next.and_then(Symbol::char);
                // A text for a shell has its lines so.
                text.extend(letter.map(|letter| match letter {
                    'n' if escapes != Escapes::None => '\n',
                    't' if escapes != Escapes::None => '\t',
                    letter => letter,
                }));
                self.at += 2;
            }
        }
        Ok(())
    }

    /// Reads the `{ }` of an f-string, or the two `{{` that stand for one. What stands inside is code.
    fn field(&mut self, text: &mut String, holes: &mut Vec<usize>) -> Result<(), Unread> {
        if self.char_at(1) == Some('{') {
            self.at += 2;
            text.push('{');
            return Ok(());
        }
        let start = self.at + 1;
        text.push(FIELD);
        let mut open: Vec<char> = Vec::new();
        loop {
            match self.peek(0) {
                Some(Symbol::Hole(hole)) => {
                    text.push(HOLE);
                    holes.push(hole);
                }
                Some(Symbol::Char(character)) => {
                    text.push(character);
                    match (character, open.last()) {
                        ('"' | '\'', Some(quote)) if *quote == character => drop(open.pop()),
                        (_, Some('"' | '\'')) => {}
                        ('"' | '\'' | '{' | '(' | '[', _) => open.push(character),
                        ('}' | ')' | ']', _) => drop(open.pop()),
                        _ => {}
                    }
                }
                Some(Symbol::Opaque) => {}
                None => return self.fail("the `{` of an f-string is never closed"),
            }
            if open.len() > DEPTH_MAX {
                return self.fail("the `{` of an f-string is nested too deeply");
            }
            self.at += 1;
            if open.is_empty() {
                text.push(FIELD_END);
                return self.code(&self.symbols[start..self.at - 1]);
            }
        }
    }

    /// Reads the code of a `{ }`, without what says how its value is written.
    fn code(&mut self, field: &[Symbol]) -> Result<(), Unread> {
        if self.depth == FIELD_DEPTH_MAX {
            return self.fail("f-strings are nested too deeply");
        }
        let code = &field[..conversion(field)];
        let outside =
            |hole| Err(Unread { hole: Some(hole), reason: "put into the expression of an f-string".to_owned() });
        let inner = lex_inside(code, self.depth + 1)?;
        for (hole, place) in inner.places {
            if !matches!(place, Place::Literal(_) | Place::Field) {
                return outside(hole);
            }
            self.lexed.places.insert(hole, Place::Field);
        }
        self.fields.extend(inner.tokens);
        // What says how it is written may have fields itself.
        let symbols = &field[code.len()..];
        let (fields, lexed) = (Vec::new(), Lexed::default());
        let mut format = Lexer { symbols, at: 0, open: 0, depth: self.depth + 1, fields, lexed };
        while format.peek(0).is_some() {
            match format.peek(0) {
                Some(Symbol::Hole(hole)) => return outside(hole),
                Some(symbol) if symbol.is('{') => format.field(&mut String::new(), &mut Vec::new())?,
                _ => format.at += 1,
            }
        }
        self.lexed.places.extend(format.lexed.places);
        self.fields.extend(format.fields);
        Ok(())
    }
}

/// Says whether a character is one of a name that Python reads as it stands: it reads many others as those (NFKC), so
/// that `ｅval` is `eval`. Of other scripts than these none is known here not to be changed, alone or behind another.
fn is_letter(character: char) -> bool {
    match character {
        '_' => true,
        _ if character.is_ascii() => character.is_ascii_alphanumeric(),
        'ª' | 'µ' | 'º' | 'ĳ' | 'Ĳ' | 'ŀ' | 'Ŀ' | 'ŉ' | 'ſ' => false,
        // Latin, Greek and Cyrillic letters, kana, Chinese characters and Hangul syllables.
        '\u{c0}'..='\u{17f}' => character.is_alphabetic(),
        'Α'..='Ρ' | 'Σ'..='Ω' | 'ά'..='ώ' | 'А'..='я' | 'ѐ'..='џ' => true,
        'ぁ'..='ゖ' | 'ァ'..='ヺ' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' => true,
        _ => false,
    }
}

/// Returns a name without the class in front by which Python tells private names apart: `__x` in the body of `C` is
/// `_C__x` elsewhere. Which class it is is not asked: all private names of one end are one name.
fn without_class(name: String) -> String {
    let is_private = name.starts_with('_') && !name.ends_with("__");
    match name.rsplit_once("__").filter(|_| is_private) {
        Some((_, own)) => format!("__{own}"),
        None => name,
    }
}

/// Returns where in a `{ }` begins what says how the value is written: `:` or `!`, outside of brackets and texts.
fn conversion(field: &[Symbol]) -> usize {
    let (mut open, mut quote) = (0_usize, None);
    for (at, symbol) in field.iter().enumerate() {
        let is_next = |wanted: char| field.get(at + 1).is_some_and(|next| next.is(wanted));
        match (symbol.char(), quote) {
            (Some(end), Some(quoted)) if end == quoted => quote = None,
            (_, Some(_)) => {}
            (Some(begin @ ('"' | '\'')), None) => quote = Some(begin),
            (Some('(' | '[' | '{'), None) => open += 1,
            (Some(')' | ']' | '}'), None) => open = open.saturating_sub(1),
            (Some(':'), None) if open == 0 => return at,
            (Some('!'), None) if open == 0 && !is_next('=') => return at,
            _ => {}
        }
    }
    field.len()
}
