//! Tokens to a syntax tree.
//!
//! ```text
//! value   := literal | chain
//! chain   := (NAME | NAME '(' [value (',' value)*] ')') suffix*
//! suffix  := '.' (NAME | '*') | '[' (value | '*') ']'
//! literal := true | false | NUMBER | VERSION | TEXT
//! ```

use super::Mistake;
use super::lexer::{Lexer, Token};
use super::syntax::{Call, Literal, Node, NodeKind, Suffix, SuffixKind};
use std::ops::Range;

/// The most characters of an expression's text, as Azure Pipelines has it.
pub const TEXT_MAX: usize = 21_000;

/// The deepest nesting of values, as Azure Pipelines has it; also what bounds the recursion.
pub const NESTING_MAX: usize = 50;

pub(super) fn parse(text: &str) -> Result<Node, Mistake> {
    if text.len() > TEXT_MAX && text.chars().count() > TEXT_MAX {
        let title = format!("an expression is longer than {TEXT_MAX} characters");
        return Err(Mistake::limit(0..text.len(), title, "too long"));
    }
    let mut parser = Parser { lexer: Lexer::new(text), next: None, end: text.len() };
    parser.advance()?;
    if parser.next.is_none() {
        return Err(Mistake::syntax(0..text.len(), "an expression is missing", "nothing stands here"));
    }
    let root = parser.value(1)?;
    match parser.next.take() {
        None => Ok(root),
        Some((token, range)) => Err(trailing(&token, range)),
    }
}

struct Parser<'t> {
    lexer: Lexer<'t>,
    next: Option<(Token, Range<usize>)>,
    end: usize,
}

impl Parser<'_> {
    /// Takes the next token and reads the one after it.
    fn advance(&mut self) -> Result<Option<(Token, Range<usize>)>, Mistake> {
        let following = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.next, following))
    }

    fn sees(&self, token: &Token) -> bool {
        self.next.as_ref().is_some_and(|(next, _)| next == token)
    }

    fn value(&mut self, depth: usize) -> Result<Node, Mistake> {
        if depth > NESTING_MAX {
            let title = format!("an expression is nested deeper than {NESTING_MAX} levels");
            let range = self.next.as_ref().map_or(self.end..self.end, |(_, range)| range.clone());
            return Err(Mistake::limit(range, title, "one level too deep"));
        }
        let Some((token, range)) = self.advance()? else {
            return Err(self.missing("a value"));
        };
        let literal = match token {
            Token::Text(text) => Literal::Text(text),
            Token::Number(number) => Literal::Number(number),
            Token::Version(version) => Literal::Version(version),
            Token::Word(word) => match boolean(&word) {
                Some(boolean) => Literal::Boolean(boolean),
                None => return self.chain(word, range, depth),
            },
            other => return Err(not_a_value(&other, range)),
        };
        self.refuse_suffix()?;
        Ok(Node { kind: NodeKind::Literal(literal), range })
    }

    fn refuse_suffix(&self) -> Result<(), Mistake> {
        match &self.next {
            Some((Token::Dot | Token::OpenBracket, range)) => {
                Err(Mistake::syntax(range.clone(), "a literal has no members", "nothing can follow here"))
            }
            _ => Ok(()),
        }
    }

    fn chain(&mut self, word: String, range: Range<usize>, depth: usize) -> Result<Node, Mistake> {
        let base = match self.sees(&Token::Open) {
            true => self.call(word, range, depth)?,
            false => Node { kind: NodeKind::Name(word), range },
        };
        let mut suffixes = Vec::new();
        while let Some(suffix) = self.suffix(depth)? {
            suffixes.push(suffix);
        }
        let Some(last) = suffixes.last() else {
            return Ok(base);
        };
        let range = base.range.start..last.range.end;
        Ok(Node { kind: NodeKind::Chain { base: Box::new(base), suffixes }, range })
    }

    fn call(&mut self, name: String, name_range: Range<usize>, depth: usize) -> Result<Node, Mistake> {
        self.advance()?;
        let mut arguments = Vec::new();
        while !(arguments.is_empty() && self.sees(&Token::Close)) {
            arguments.push(self.value(depth + 1)?);
            if !self.sees(&Token::Comma) {
                break;
            }
            self.advance()?;
        }
        let close = self.expect(&Token::Close, "`,` or `)`")?;
        let range = name_range.start..close.end;
        Ok(Node { kind: NodeKind::Call(Call { name, name_range, arguments, close }), range })
    }

    fn suffix(&mut self, depth: usize) -> Result<Option<Suffix>, Mistake> {
        if self.sees(&Token::Dot) {
            return self.member().map(Some);
        }
        if self.sees(&Token::OpenBracket) {
            return self.index(depth).map(Some);
        }
        Ok(None)
    }

    fn member(&mut self) -> Result<Suffix, Mistake> {
        let start = self.advance()?.map_or(self.end, |(_, range)| range.start);
        match self.advance()? {
            Some((Token::Word(name), range)) => Ok(Suffix { kind: SuffixKind::Member(name), range: start..range.end }),
            Some((Token::Star, range)) => Ok(Suffix { kind: SuffixKind::All, range: start..range.end }),
            Some((_, range)) => Err(Mistake::syntax(range, "a name is missing after `.`", "not a name")
                .help("write `['name']` for a name with other characters, `[0]` for an item")),
            None => Err(self.missing("a name after `.`")),
        }
    }

    fn index(&mut self, depth: usize) -> Result<Suffix, Mistake> {
        let start = self.advance()?.map_or(self.end, |(_, range)| range.start);
        let kind = match self.sees(&Token::Star) {
            true => {
                self.advance()?;
                SuffixKind::All
            }
            false => SuffixKind::Index(self.value(depth + 1)?),
        };
        let close = self.expect(&Token::CloseBracket, "`]`")?;
        Ok(Suffix { kind, range: start..close.end })
    }

    fn expect(&mut self, token: &Token, wanted: &str) -> Result<Range<usize>, Mistake> {
        match self.advance()? {
            Some((found, range)) if found == *token => Ok(range),
            Some((_, range)) => {
                Err(Mistake::syntax(range, format!("{wanted} is missing"), format!("expected {wanted} here")))
            }
            None => Err(self.missing(wanted)),
        }
    }

    fn missing(&self, wanted: &str) -> Mistake {
        let title = format!("an expression ends where {wanted} is missing");
        Mistake::syntax(self.end..self.end, title, format!("expected {wanted} here"))
    }
}

fn boolean(word: &str) -> Option<bool> {
    if word.eq_ignore_ascii_case("true") {
        return Some(true);
    }
    word.eq_ignore_ascii_case("false").then_some(false)
}

fn not_a_value(token: &Token, range: Range<usize>) -> Mistake {
    match token {
        Token::Open => Mistake::syntax(range, "parentheses only follow the name of a function", "no group here")
            .help("write the function: `and(a, b)`, `or(a, b)`, `not(a)`"),
        Token::Close | Token::Comma => {
            Mistake::syntax(range, "a value is missing", "expected a value before this").help("write `''` for no text")
        }
        _ => Mistake::syntax(range, "a value is missing", "expected a value here"),
    }
}

fn trailing(token: &Token, range: Range<usize>) -> Mistake {
    let title = "an expression goes on after its end";
    match token {
        Token::Close => Mistake::syntax(range, "a `)` has no `(`", "nothing is open here"),
        Token::CloseBracket => Mistake::syntax(range, "a `]` has no `[`", "nothing is open here"),
        Token::Comma => Mistake::syntax(range, title, "a `,` stands only between arguments"),
        _ => Mistake::syntax(range, title, "the expression has ended before this")
            .help("there are no operators: write a function, such as `eq(a, b)` or `and(a, b)`"),
    }
}
