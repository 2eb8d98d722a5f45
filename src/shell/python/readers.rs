//! Payload text that a module of Python reads in a way of its own: annotations as code, words of a command line as
//! names of files, settings with references to others.

use super::learn::ARGUMENT_NAMES;
use super::lexer::Token;
use super::line::names;
use super::sink::Judge;
use super::tree::{Expr, Statement};
use crate::shell::program::Holes;
use crate::shell::requirement::Requirement;

/// Functions that evaluate annotations.
const EVALUATING: &[&str] = &["get_type_hints", "get_annotations"];

/// What a `ConfigParser` is called.
const SETTINGS: &str = "configparser.ConfigParser()";

impl Judge<'_> {
    /// Judges what such modules read of the script.
    pub(super) fn judge_readers(&mut self, statements: &[&[Token]]) {
        let evaluates = EVALUATING.iter().any(|name| self.named.contains(*name));
        let opens = self.named.contains("FileType") || statements.iter().any(|statement| opens_words(statement));
        let includes = self.named.contains("fromfile_prefix_chars");
        for statement in statements {
            if evaluates && has_annotation(statement) {
                self.refuse(&self.sources(statement), "an annotation, which is code");
            }
            if (opens || includes) && names(statement).any(|name| ARGUMENT_NAMES.contains(&name)) {
                let sources = self.sources(statement);
                if includes {
                    self.refuse(&sources, "a word of a command line that may name a file of more words");
                }
                self.require(&sources, Requirement::InsidePath);
            }
        }
    }

    /// Judges an entry of settings, in which `%(name)s` stands for another.
    pub(super) fn judge_entry(&mut self, statement: &Statement) {
        let Statement::Assign(targets, value) = statement else { return };
        let is_one = |target: &Expr| {
            let mut owner = target;
            while let Expr::Item(inner, _) = owner {
                owner = inner;
            }
            matches!(target, Expr::Item(..)) && self.facts.full_names(owner).iter().any(|it| it.starts_with(SETTINGS))
        };
        if targets.iter().any(is_one) {
            let sources = self.reaches(value);
            self.interpolated(&sources);
        }
    }

    /// Demands that a text refers to no other setting.
    pub(super) fn interpolated(&mut self, sources: &Holes) {
        if !self.named.contains("interpolation") {
            self.require(sources, Requirement::NoFormat);
        }
    }
}

/// Says whether a statement has words of a command line opened as files: `type=open`.
fn opens_words(statement: &[Token]) -> bool {
    let is_name = |token: &Token, name: &str| matches!(token, Token::Name(known) if known == name);
    statement.windows(3).any(|it| is_name(&it[0], "type") && it[1] == Token::Other('=') && is_name(&it[2], "open"))
}

fn has_annotation(statement: &[Token]) -> bool {
    match statement {
        [Token::Name(keyword), ..] if keyword == "def" || keyword == "async" => true,
        [Token::Name(_), Token::Other(':'), ..] => true,
        _ => false,
    }
}
