//! Words: quotes, expansions, and the reference that a hole becomes in each of them.

use super::bash::{Bash, End, Unreadable};
use super::cursor::Unit;
use super::requirement::{Judgement, Requirement};
use super::{Place, variable};

/// What surrounds an expansion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quotes {
    None,
    Double,
    HereDocument,
}

/// What is known of a word after it was read.
#[derive(Debug, Default)]
pub(super) struct Word {
    /// Its characters with quotes removed, as far as the author wrote them.
    pub(super) text: String,
    /// Whether `text` is all of it: no hole, no expansion.
    pub(super) is_literal: bool,
    /// Whether any of it was quoted.
    pub(super) is_quoted: bool,
    /// The holes in it, in order.
    pub(super) holes: Vec<usize>,
    /// The shell variables whose values are in it.
    pub(super) variables: Vec<String>,
    /// Whether a hole is the first thing in it.
    pub(super) begins_with_hole: bool,
}

impl Word {
    pub(super) fn is(&self, text: &str) -> bool {
        self.is_literal && self.text == text
    }

    /// Says whether the word is a reserved word or name as it stands, without quotes.
    pub(super) fn is_bare(&self, text: &str) -> bool {
        self.is(text) && !self.is_quoted
    }

    /// Returns the name that an assignment assigns to: `name=`, `name+=` or `name[…]=`.
    pub(super) fn assigned_name(&self) -> Option<&str> {
        let end = self.text.find('=')?;
        let target = self.text[..end].trim_end_matches('+');
        let name = target.split('[').next().unwrap_or(target);
        is_name(name).then_some(name)
    }
}

pub(super) fn is_name(text: &str) -> bool {
    let is_letter = |character: char| character.is_ascii_alphabetic() || character == '_';
    text.starts_with(is_letter) && text.chars().all(|character| is_letter(character) || character.is_ascii_digit())
}

/// Says whether a character ends an unquoted word.
pub(super) fn ends_word(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')')
}

impl Bash<'_> {
    /// Reads one word. `stop` ends it too, besides what ends every word.
    pub(super) fn word(&mut self, stop: Option<char>) -> Result<Word, Unreadable> {
        let mut word = Word { is_literal: true, ..Word::default() };
        let start = self.cursor.at;
        let mut in_subscript = false;
        while let Some(unit) = self.cursor.peek() {
            match unit {
                Unit::Hole(hole) => {
                    self.cursor.next();
                    self.out.push_str(&format!("\"${{{}}}\"", variable(hole)));
                    self.stands(hole, Place::Word);
                    if in_subscript {
                        self.judge(hole, Judgement::requires(Requirement::Integer, "the subscript of an array"));
                    }
                    word.begins_with_hole |= self.cursor.at == start + 1;
                    word.is_literal = false;
                    word.holes.push(hole);
                }
                Unit::Char(letter) if Some(letter) == stop => break,
                Unit::Char('<' | '>') if self.cursor.peek_at(1) == Some(Unit::Char('(')) => {
                    word.is_literal = false;
                    self.take();
                    self.take();
                    self.nested(End::Paren)?;
                }
                Unit::Char('(') if word.text.ends_with('=') && word.assigned_name().is_some() => {
                    self.array(&mut word)?;
                }
                Unit::Char('(') if word.text.ends_with(['@', '?', '*', '+', '!']) && !word.is_quoted => {
                    return Err(Unreadable("in an extended pattern"));
                }
                Unit::Char(letter) if ends_word(letter) => break,
                Unit::Char('\\') => {
                    if let Some(Unit::Char(escaped)) = self.cursor.peek_at(1) {
                        word.text.push(escaped);
                    }
                    word.is_quoted = true;
                    self.escape()?;
                }
                Unit::Char('\'') => self.single_quotes("'", &mut word)?,
                Unit::Char('"') => self.double_quotes(&mut word)?,
                Unit::Char('$') => self.dollar(Quotes::None, &mut word)?,
                Unit::Char('`') => {
                    word.is_literal = false;
                    self.backticks()?;
                }
                Unit::Char(letter) => {
                    in_subscript = match letter {
                        '[' => is_name(&word.text),
                        ']' => false,
                        _ => in_subscript,
                    };
                    word.text.push(letter);
                    self.take();
                }
            }
        }
        Ok(word)
    }

    /// Reads `\x`. A hole behind the backslash would be escaped by its own quote.
    pub(super) fn escape(&mut self) -> Result<(), Unreadable> {
        self.take();
        self.saw_backslash = true;
        match self.cursor.peek() {
            Some(Unit::Hole(_)) => Err(Unreadable("directly behind a backslash")),
            Some(Unit::Char(_)) => {
                self.take();
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Reads `'…'`, or the rest of `$'…'` whose quote is `$'`. At a hole the quotes are closed
    /// and opened again.
    fn single_quotes(&mut self, open: &str, word: &mut Word) -> Result<(), Unreadable> {
        let has_escapes = open == "$'";
        word.is_quoted = true;
        self.take();
        loop {
            match self.cursor.peek() {
                None => return Err(Unreadable("in quotes that are not closed")),
                Some(Unit::Hole(hole)) => {
                    self.cursor.next();
                    self.out.push_str(&format!("'\"${{{}}}\"{open}", variable(hole)));
                    self.stands(hole, Place::SingleQuotes);
                    word.begins_with_hole |= word.text.is_empty() && word.holes.is_empty();
                    word.is_literal = false;
                    word.holes.push(hole);
                }
                Some(Unit::Char('\\')) if has_escapes => {
                    word.is_literal = false;
                    self.escape()?;
                }
                Some(Unit::Char('\'')) => {
                    self.take();
                    return Ok(());
                }
                Some(Unit::Char(letter)) => {
                    word.text.push(letter);
                    self.take();
                }
            }
        }
    }

    fn double_quotes(&mut self, word: &mut Word) -> Result<(), Unreadable> {
        word.is_quoted = true;
        self.take();
        loop {
            match self.cursor.peek() {
                None => return Err(Unreadable("in quotes that are not closed")),
                Some(Unit::Hole(hole)) => {
                    self.cursor.next();
                    self.out.push_str(&format!("${{{}}}", variable(hole)));
                    self.stands(hole, Place::DoubleQuotes);
                    word.begins_with_hole |= word.text.is_empty() && word.holes.is_empty();
                    word.is_literal = false;
                    word.holes.push(hole);
                }
                Some(Unit::Char('"')) => {
                    self.take();
                    return Ok(());
                }
                Some(Unit::Char('\\')) => {
                    if let Some(Unit::Char(escaped)) = self.cursor.peek_at(1) {
                        word.text.push(escaped);
                    }
                    self.escape()?;
                }
                Some(Unit::Char('$')) => self.dollar(Quotes::Double, word)?,
                Some(Unit::Char('`')) => {
                    word.is_literal = false;
                    self.backticks()?;
                }
                Some(Unit::Char(letter)) => {
                    word.text.push(letter);
                    self.take();
                }
            }
        }
    }

    /// Reads what begins with `$`.
    pub(super) fn dollar(&mut self, quotes: Quotes, word: &mut Word) -> Result<(), Unreadable> {
        word.is_literal = false;
        if self.cursor.looks_at("$((") {
            self.take_all("$((");
            return self.arithmetic("))");
        }
        if self.cursor.looks_at("$(") {
            self.take_all("$(");
            return self.nested(End::Paren);
        }
        if self.cursor.looks_at("$[") {
            self.take_all("$[");
            return self.arithmetic("]");
        }
        if self.cursor.looks_at("${") {
            self.take_all("${");
            return self.braces(quotes, word);
        }
        if quotes == Quotes::None && self.cursor.looks_at("$'") {
            self.take();
            return self.single_quotes("$'", word);
        }
        self.take();
        match self.cursor.peek() {
            Some(Unit::Hole(_)) => Err(Unreadable("the name of a variable")),
            Some(Unit::Char(letter)) if letter.is_ascii_alphabetic() || letter == '_' => {
                let name = self.name();
                word.variables.push(name);
                Ok(())
            }
            Some(Unit::Char('?' | '$' | '#' | '!' | '@' | '*' | '-' | '0'..='9')) => {
                self.take();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Copies a name and returns it.
    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(Unit::Char(letter)) = self.cursor.peek() {
            if !letter.is_ascii_alphanumeric() && letter != '_' {
                break;
            }
            name.push(letter);
            self.take();
        }
        name
    }

    /// Reads the rest of `${…}`.
    fn braces(&mut self, quotes: Quotes, word: &mut Word) -> Result<(), Unreadable> {
        let holes_before = self.cursor_holes();
        let is_indirect = self.cursor.looks_at("!");
        if is_indirect || (self.cursor.looks_at("#") && !self.cursor.looks_at("#}")) {
            self.take();
        }
        let name = self.name();
        if name.is_empty() {
            match self.cursor.peek() {
                Some(Unit::Char('@' | '*' | '?' | '#' | '$' | '-' | '!')) => self.take(),
                _ => return Err(Unreadable("the name of a variable")),
            }
        }
        word.variables.push(name);
        if self.cursor.looks_at("[") {
            self.take();
            self.arithmetic("]")?;
        }
        match self.cursor.peek() {
            Some(Unit::Char('}')) => self.take(),
            Some(Unit::Char(':')) if !matches!(self.cursor.peek_at(1), Some(Unit::Char('-' | '=' | '?' | '+'))) => {
                self.take();
                self.arithmetic("}")?;
            }
            Some(Unit::Char(':' | '-' | '=' | '?' | '+')) => self.operand(quotes, false, word)?,
            Some(Unit::Char('#' | '%' | '/' | '^' | ',')) if quotes != Quotes::HereDocument => {
                self.operand(quotes, true, word)?;
            }
            _ => {
                self.operand(quotes, true, word)?;
                if self.cursor_holes() != holes_before {
                    return Err(Unreadable("in an expansion of this kind"));
                }
            }
        }
        if is_indirect && self.cursor_holes() != holes_before {
            return Err(Unreadable("the name of a variable"));
        }
        Ok(())
    }

    /// Reads the operand of `${x:-…}` or `${x#…}` to the closing brace. Inside a pattern a
    /// quoted reference is literal, whatever quotes are around.
    fn operand(&mut self, quotes: Quotes, is_pattern: bool, word: &mut Word) -> Result<(), Unreadable> {
        let needs_quotes = is_pattern || quotes == Quotes::None;
        loop {
            match self.cursor.peek() {
                None => return Err(Unreadable("in an expansion that is not closed")),
                Some(Unit::Hole(hole)) => {
                    self.cursor.next();
                    let quote = if needs_quotes { "\"" } else { "" };
                    self.out.push_str(&format!("{quote}${{{}}}{quote}", variable(hole)));
                    self.stands(hole, if needs_quotes { Place::Word } else { Place::DoubleQuotes });
                    word.holes.push(hole);
                }
                Some(Unit::Char('}')) => {
                    self.take();
                    return Ok(());
                }
                Some(Unit::Char('\\')) => self.escape()?,
                Some(Unit::Char('$')) => self.dollar(quotes, word)?,
                Some(Unit::Char('`')) => self.backticks()?,
                Some(Unit::Char('"')) => self.double_quotes(word)?,
                Some(Unit::Char('\'')) if quotes == Quotes::None => self.single_quotes("'", word)?,
                Some(Unit::Char(_)) => self.take(),
            }
        }
    }

    /// Reads arithmetic up to its end. Every name in it is evaluated, and so is its value.
    pub(super) fn arithmetic(&mut self, end: &str) -> Result<(), Unreadable> {
        const REASON: &str = "a number in arithmetic";
        let mut open = 0;
        self.deeper()?;
        loop {
            if open == 0 && self.cursor.looks_at(end) {
                self.take_all(end);
                self.depth -= 1;
                return Ok(());
            }
            match self.cursor.peek() {
                None => return Err(Unreadable("in arithmetic that is not closed")),
                Some(Unit::Hole(hole)) => {
                    self.cursor.next();
                    self.out.push_str(&format!("${{{}}}", variable(hole)));
                    self.stands(hole, Place::Arithmetic);
                    self.judge(hole, Judgement::requires(Requirement::Integer, REASON));
                }
                Some(Unit::Char('$')) => {
                    let mut word = Word::default();
                    self.dollar(Quotes::Double, &mut word)?;
                    for name in word.variables {
                        self.uses(name, Requirement::Integer, REASON);
                    }
                    for hole in word.holes {
                        self.judge(hole, Judgement::requires(Requirement::Integer, REASON));
                    }
                }
                Some(Unit::Char('`')) => self.backticks()?,
                Some(Unit::Char('\\')) => self.escape()?,
                Some(Unit::Char(letter)) if letter.is_ascii_alphabetic() || letter == '_' => {
                    let name = self.name();
                    self.uses(name, Requirement::Integer, REASON);
                }
                Some(Unit::Char(letter)) => {
                    open += match letter {
                        '(' | '[' | '{' => 1,
                        ')' | ']' | '}' => -1,
                        _ => 0,
                    };
                    if open < 0 {
                        return Err(Unreadable("in arithmetic that is not closed"));
                    }
                    self.take();
                }
            }
        }
    }

    /// Reads `` `…` ``. Its backslashes are undone once before it is read as commands, which
    /// this parser does not do: with a hole inside, that is not understood.
    pub(super) fn backticks(&mut self) -> Result<(), Unreadable> {
        let holes_before = self.cursor_holes();
        let outer = std::mem::replace(&mut self.saw_backslash, false);
        self.take();
        self.nested(End::Backtick)?;
        if self.saw_backslash && self.cursor_holes() != holes_before {
            return Err(Unreadable("in backticks that have a backslash"));
        }
        self.saw_backslash |= outer;
        Ok(())
    }

    /// Reads the items of `name=( … )`.
    fn array(&mut self, word: &mut Word) -> Result<(), Unreadable> {
        word.is_literal = false;
        self.take();
        loop {
            self.blanks()?;
            match self.cursor.peek() {
                None => return Err(Unreadable("in an array that is not closed")),
                Some(Unit::Char(')')) => {
                    self.take();
                    return Ok(());
                }
                Some(Unit::Char('[')) => return Err(Unreadable("in an array with subscripts")),
                Some(_) => {
                    let item = self.word(None)?;
                    if item.holes.is_empty() && item.text.is_empty() && !item.is_quoted && item.is_literal {
                        return Err(Unreadable("in an array"));
                    }
                    word.holes.extend(item.holes);
                    word.variables.extend(item.variables);
                }
            }
        }
    }
}
