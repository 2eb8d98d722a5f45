//! Here-documents. A body is cut out before anything in it is expanded, so a value that holds
//! the delimiter is data.

use super::bash::{Bash, Unreadable};
use super::cursor::Unit;
use super::requirement::{Judgement, Requirement};
use super::{Place, sink, variable};

/// A here-document whose body begins after the line.
pub(super) struct Pending {
    pub(super) delimiter: String,
    pub(super) is_quoted: bool,
    /// Whether leading tabs are taken away (`<<-`).
    pub(super) strips_tabs: bool,
    /// Whether it is read by a program that runs it.
    pub(super) is_code: bool,
    /// Where the delimiter stands in the output, to write it without quotes if need be.
    pub(super) written: std::ops::Range<usize>,
}

impl Bash<'_> {
    /// Reads the bodies of all here-documents that the line before has begun.
    pub(super) fn here_documents(&mut self) -> Result<(), Unreadable> {
        for pending in std::mem::take(&mut self.pending) {
            self.here_document(&pending)?;
        }
        Ok(())
    }

    fn here_document(&mut self, pending: &Pending) -> Result<(), Unreadable> {
        let first = self.cursor_holes();
        self.body(pending)?;
        if pending.is_code {
            for hole in first..self.cursor_holes() {
                self.judge(hole, Judgement::requires(Requirement::Plain, sink::INPUT));
            }
        }
        Ok(())
    }

    fn body(&mut self, pending: &Pending) -> Result<(), Unreadable> {
        let has_hole = self.body_has_hole(pending);
        if pending.is_quoted && has_hole {
            self.unquote_delimiter(pending)?;
        }
        loop {
            if self.cursor.peek().is_none() {
                return Ok(());
            }
            if is_delimiter(self.cursor.rest_of_line(), pending) {
                self.copy_line();
                return Ok(());
            }
            match (pending.is_quoted, has_hole) {
                (true, _) => self.quoted_line(has_hole),
                (false, _) => self.unquoted_line()?,
            }
        }
    }

    fn body_has_hole(&self, pending: &Pending) -> bool {
        let mut at = self.cursor.at;
        let mut line = Vec::new();
        let mut has_hole = false;
        loop {
            let unit = self.cursor.peek_at(at - self.cursor.at);
            at += 1;
            match unit {
                Some(Unit::Char('\n')) | None => {
                    if is_delimiter(&line, pending) || unit.is_none() {
                        return has_hole;
                    }
                    has_hole |= line.iter().any(|unit| matches!(unit, Unit::Hole(_)));
                    line.clear();
                }
                Some(unit) => line.push(unit),
            }
        }
    }

    /// Writes the delimiter without its quotes, so that references in the body are expanded. The
    /// body's own characters that would be, too, are escaped.
    fn unquote_delimiter(&mut self, pending: &Pending) -> Result<(), Unreadable> {
        let is_plain = pending.delimiter.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        if !is_plain || pending.delimiter.is_empty() {
            return Err(Unreadable("in a here-document with an unusual delimiter"));
        }
        self.patches.push((pending.written.clone(), pending.delimiter.clone()));
        Ok(())
    }

    fn quoted_line(&mut self, escape: bool) {
        while let Some(unit) = self.cursor.next() {
            match unit {
                Unit::Hole(hole) => {
                    self.out.push_str(&format!("${{{}}}", variable(hole)));
                    self.stands(hole, Place::HereDocument);
                }
                Unit::Char(letter) => {
                    if escape && matches!(letter, '\\' | '$' | '`') {
                        self.out.push('\\');
                    }
                    self.out.push(letter);
                    if letter == '\n' {
                        return;
                    }
                }
            }
        }
    }

    fn unquoted_line(&mut self) -> Result<(), Unreadable> {
        while let Some(unit) = self.cursor.peek() {
            match unit {
                Unit::Hole(hole) => {
                    self.cursor.next();
                    self.out.push_str(&format!("${{{}}}", variable(hole)));
                    self.stands(hole, Place::HereDocument);
                }
                Unit::Char('\n') => {
                    self.take();
                    return Ok(());
                }
                Unit::Char('\\') => self.escape()?,
                Unit::Char('$') => {
                    self.dollar(super::word::Quotes::HereDocument, &mut super::word::Word::default())?;
                }
                Unit::Char('`') => self.backticks()?,
                Unit::Char(_) => self.take(),
            }
        }
        Ok(())
    }

    /// Copies the author's text to the end of the line.
    fn copy_line(&mut self) {
        while let Some(Unit::Char(letter)) = self.cursor.next() {
            self.out.push(letter);
            if letter == '\n' {
                return;
            }
        }
    }
}

fn is_delimiter(line: &[Unit], pending: &Pending) -> bool {
    let text: Option<String> = line
        .iter()
        .map(|unit| match unit {
            Unit::Char(letter) => Some(*letter),
            Unit::Hole(_) => None,
        })
        .collect();
    text.is_some_and(|text| {
        let text = if pending.strips_tabs { text.trim_start_matches('\t') } else { &text };
        text == pending.delimiter
    })
}
