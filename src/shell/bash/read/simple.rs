//! Simple commands: assignments, words, redirections.

use super::super::symbol::Symbol;
use super::super::syntax::{Assignment, Command, Descriptor, Redirect, RedirectKind, Simple, Word};
use super::word::Until;
use super::{Read, Reader, is_name, is_name_start};

/// Commands whose arguments may be assignments of arrays.
const DECLARING: &[&str] = &["declare", "typeset", "local", "export", "readonly"];

/// How far the end of a subscript is looked for in front of a redirection.
const SUBSCRIPT_MAX: usize = 4096;

/// The operators of redirections, longer ones first.
const OPERATORS: &[(&str, RedirectKind)] = &[
    ("<<<", RedirectKind::HereString),
    ("&>>", RedirectKind::Write),
    ("&>", RedirectKind::Write),
    (">>", RedirectKind::Write),
    (">|", RedirectKind::Write),
    ("<>", RedirectKind::Open),
    (">&", RedirectKind::Duplicate),
    ("<&", RedirectKind::Duplicate),
    (">", RedirectKind::Write),
    ("<", RedirectKind::Read),
];

impl Reader<'_> {
    pub(super) fn simple(&mut self) -> Read<Command> {
        let mut simple = Simple::default();
        let start = self.at;
        loop {
            self.skip_blanks();
            if self.redirect(&mut simple.redirects)? {
                continue;
            }
            if self.at >= self.end || self.char_at(0).is_some_and(|next| "\n;&|)".contains(next)) {
                break;
            }
            if self.sees("(") {
                return self.function_or_fail(&simple);
            }
            self.assignment_or_word(&mut simple)?;
        }
        if self.at == start {
            return self.fail("an operator has no command");
        }
        Ok(Command::Simple(simple))
    }

    fn function_or_fail(&mut self, simple: &Simple) -> Read<Command> {
        self.at += 1;
        self.skip_blanks();
        match simple.words.as_slice() {
            [name] if simple.assignments.is_empty() && simple.redirects.is_empty() && self.takes(")") => {
                self.function(name)
            }
            _ => self.fail("a parenthesis stands where none can"),
        }
    }

    fn assignment_or_word(&mut self, simple: &mut Simple) -> Read<()> {
        let declares =
            simple.words.first().and_then(Word::literal).is_some_and(|name| DECLARING.contains(&name.as_str()));
        if simple.words.is_empty() || declares {
            let length = self.assignment_name();
            if let Some((length, value_at)) = length
                && (!declares || self.char_at(value_at) == Some('('))
            {
                let assignment = self.assignment(length)?;
                if declares {
                    simple.declared.push(assignment)
                } else {
                    simple.assignments.push(assignment)
                }
                return Ok(());
            }
            if let Some(hole) = self.hole_as_name() {
                return self.fail_hole(hole, "the name of a variable");
            }
        }
        let before = self.at;
        simple.words.push(self.word(Until::Meta)?);
        if self.at == before { self.fail("an operator stands where none can") } else { Ok(()) }
    }

    /// Returns the length of the name of the assignment that is next, and where its value begins,
    /// if that has no subscript.
    fn assignment_name(&self) -> Option<(usize, usize)> {
        if !self.char_at(0).is_some_and(is_name_start) {
            return None;
        }
        let length = (0..).take_while(|ahead| self.char_at(*ahead).is_some_and(is_name)).count();
        match (self.char_at(length), self.char_at(length + 1)) {
            (Some('='), _) => Some((length, length + 1)),
            (Some('+'), Some('=')) => Some((length, length + 2)),
            (Some('['), _) => Some((length, length)),
            _ => None,
        }
    }

    /// Returns the hole of a word such as `a${{ x }}=1`, which names a variable.
    fn hole_as_name(&self) -> Option<usize> {
        let mut hole = None;
        for ahead in 0.. {
            match self.peek_at(ahead) {
                Some(Symbol::Hole(number)) => hole = Some(number),
                Some(Symbol::Char(character)) if is_name(character) => {}
                Some(Symbol::Char('=' | '[')) => return hole,
                Some(Symbol::Char('+')) if self.char_at(ahead + 1) == Some('=') => return hole,
                _ => return None,
            }
        }
        None
    }

    fn assignment(&mut self, length: usize) -> Read<Assignment> {
        let name = self.take_name();
        debug_assert_eq!(name.len(), length);
        let mut assignment =
            Assignment { name, subscripts: Vec::new(), values: Vec::new(), is_array: false, appends: false };
        if self.takes("[") {
            assignment.subscripts.push(self.arithmetic("]")?);
            assignment.is_array = true;
        }
        assignment.appends = self.takes("+");
        if !self.takes("=") {
            return self.fail("a word looks like an assignment, but has no `=`");
        }
        if self.takes("(") {
            assignment.is_array = true;
            self.elements(&mut assignment)?;
        } else {
            assignment.values.push(self.word(Until::Meta)?);
        }
        Ok(assignment)
    }

    fn elements(&mut self, assignment: &mut Assignment) -> Read<()> {
        loop {
            self.skip_lines()?;
            if self.takes(")") {
                return Ok(());
            }
            if self.takes("[") {
                assignment.subscripts.push(self.arithmetic("]")?);
                self.takes("+");
                if !self.takes("=") {
                    return self.fail("an array's element begins with `[`");
                }
            }
            let before = self.at;
            assignment.values.push(self.word(Until::Meta)?);
            if self.at == before && !self.char_at(0).is_some_and(|next| " \t\n)".contains(next)) {
                return self.fail("an array is never closed");
            }
        }
    }

    pub(super) fn redirects(&mut self, redirects: &mut Vec<Redirect>) -> Read<()> {
        loop {
            self.skip_blanks();
            if !self.redirect(redirects)? {
                return Ok(());
            }
        }
    }

    /// Reads a redirection with its descriptor, if one is next.
    fn redirect(&mut self, redirects: &mut Vec<Redirect>) -> Read<bool> {
        if self.names_element() {
            return self.fail("the variable of a descriptor is an element of an array");
        }
        let descriptor = self.descriptor_length();
        let operator = self.char_at(descriptor);
        let is_redirect = matches!(operator, Some('<' | '>')) || descriptor == 0 && self.sees("&>");
        if !is_redirect || self.char_at(descriptor + 1) == Some('(') && descriptor == 0 {
            return Ok(false);
        }
        let number = (descriptor == 1).then(|| self.char_at(0)).flatten();
        self.at += descriptor;
        let mut redirect = self.redirect_target()?;
        let is_usual = |number: Option<char>, kind: RedirectKind| match kind {
            RedirectKind::Read | RedirectKind::HereString | RedirectKind::HereDocument(_) => number == Some('0'),
            _ => number == Some('1'),
        };
        if descriptor > 0 && !is_usual(number, redirect.kind) {
            redirect.descriptor = Descriptor::Other;
        }
        redirects.push(redirect);
        Ok(true)
    }

    /// Returns the length of what stands in front of a redirection's operator: a number, or `{name}`, whose variable
    /// gets one.
    fn descriptor_length(&self) -> usize {
        let count = |from: usize, is_part: fn(char) -> bool| {
            (from..).take_while(|ahead| self.char_at(*ahead).is_some_and(is_part)).count()
        };
        if self.char_at(0) != Some('{') || !self.char_at(1).is_some_and(is_name_start) {
            return count(0, |next| next.is_ascii_digit());
        }
        let end = 1 + count(1, is_name);
        let is_named = self.char_at(end) == Some('}') && matches!(self.char_at(end + 1), Some('<' | '>'));
        if is_named { end + 1 } else { 0 }
    }

    /// Says whether a descriptor is to be put into an element, `{list[…]}>`: the shell evaluates what is inside.
    fn names_element(&self) -> bool {
        if self.char_at(0) != Some('{') || !self.char_at(1).is_some_and(is_name_start) {
            return false;
        }
        let name = (1..).take_while(|ahead| self.char_at(*ahead).is_some_and(is_name)).count();
        if self.char_at(name + 1) != Some('[') {
            return false;
        }
        for at in name + 2..name + SUBSCRIPT_MAX {
            match (self.peek_at(at), self.char_at(at + 1), self.char_at(at + 2)) {
                (None | Some(Symbol::Char('\n')), ..) => return false,
                (Some(Symbol::Char(']')), Some('}'), Some('<' | '>')) => return true,
                _ => {}
            }
        }
        true
    }

    fn redirect_target(&mut self) -> Read<Redirect> {
        if !self.sees("<<<") && self.takes("<<") {
            let strips_tabs = self.takes("-");
            let document = self.begin_document(strips_tabs)?;
            let kind = RedirectKind::HereDocument(document);
            return Ok(Redirect { descriptor: Descriptor::Usual, kind, target: Word::default() });
        }
        let operator = OPERATORS.iter().find(|(operator, _)| self.takes(operator));
        let Some((operator, mut kind)) = operator.copied() else { return self.fail("a redirection is not understood") };
        self.skip_blanks();
        let before = self.at;
        let target = self.word(Until::Meta)?;
        if self.at == before {
            return self.fail("a redirection has no target");
        }
        let is_descriptor = target.literal().is_some_and(|text| text.chars().all(|c| c.is_ascii_digit() || c == '-'));
        if operator == ">&" && !is_descriptor {
            let is_known = target.literal().is_some();
            kind = if is_known { RedirectKind::Write } else { RedirectKind::WriteOrDuplicate };
        }
        let is_both = operator.starts_with("&>") || operator == ">&" && kind != RedirectKind::Duplicate;
        let descriptor = if is_both { Descriptor::Both } else { Descriptor::Usual };
        Ok(Redirect { descriptor, kind, target })
    }
}
