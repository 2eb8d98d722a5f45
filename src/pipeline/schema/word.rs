//! Texts of which only some are right: words, numbers, patterns of branches, time tables.

use super::key::listed;
use super::shape::Checker;
use super::{Known, Number};
use crate::diagnostic::{Code, Diagnostic, shown};
use crate::pipeline::value::{FALSE, TRUE, is_number, quoted};
use crate::template::{Content, Node};

impl Checker<'_> {
    pub(super) fn boolean(&mut self, node: &Node, what: &str, known: Known) {
        let Some(text) = self.known(node, what, known) else { return };
        let word = text.to_ascii_lowercase();
        if !TRUE.contains(&word.as_str()) && !FALSE.contains(&word.as_str()) {
            let title = format!("{what} is `true` or `false`, not {}", quoted(&text));
            self.error(Code::InvalidValue, title, node.span, "this is neither of them");
        }
    }

    pub(super) fn number(&mut self, node: &Node, what: &str, wanted: Number, known: Known) {
        let Some(text) = self.count_of_payload(node).or_else(|| self.known(node, what, known)) else { return };
        let is_of_digits =
            is_number(text.trim().trim_start_matches('-')) && (wanted.is_fraction || !text.contains('.'));
        let Some(number) = text.trim().parse::<f64>().ok().filter(|_| is_of_digits) else {
            let of = if wanted.unit.is_empty() { String::new() } else { format!(" of {}", wanted.unit) };
            let title = format!("{what} is a number{of}, not {}", quoted(&text));
            let is_fraction = is_number(text.trim().trim_start_matches('-'));
            let label = if is_fraction { "this is a fraction" } else { "this is no number" };
            return self.error(Code::InvalidValue, title, node.span, label);
        };
        if number < wanted.least || number > wanted.most {
            let (least, most) = (wanted.least, wanted.most);
            let title = format!("{what} is {}, {least} to {most} are allowed", shown(&text));
            let label = if number < least { "this is too little" } else { "this is too much" };
            self.error(Code::InvalidValue, title, node.span, label);
        }
    }

    /// Returns a payload's number: how many or how long is not what a pipeline does.
    fn count_of_payload(&self, node: &Node) -> Option<String> {
        match &node.content {
            Content::Scalar(scalar) if scalar.text.is_number() => Some(scalar.text.flatten().into_owned()),
            _ => None,
        }
    }

    pub(super) fn share(&mut self, node: &Node, what: &str) {
        let text = self.count_of_payload(node).or_else(|| self.known(node, what, Known::AtJob));
        let Some(text) = text else { return };
        let digits = text.trim().strip_suffix('%').unwrap_or(text.trim());
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            let title = format!("{what} is a number or a percentage, not {}", quoted(&text));
            self.error(Code::InvalidValue, title, node.span, "this is neither of them");
        }
    }

    pub(super) fn word(&mut self, node: &Node, what: &str, words: &[&str], known: Known) {
        let Some(text) = self.known(node, what, known).filter(|text| !text.is_empty()) else { return };
        if words.iter().any(|word| word.eq_ignore_ascii_case(&text)) {
            return;
        }
        let title = format!("{what} is {}, not {}", listed(words.iter().copied(), "or"), quoted(&text));
        let other = Diagnostic::error(Code::InvalidValue, title, node.span, "this is none of them");
        self.diagnostics.push(other.suggest(&text, words.iter().copied()));
    }

    /// No branch has blanks, empty parts, or one of the characters that git forbids.
    pub(super) fn branch(&mut self, node: &Node, what: &str) {
        let Some(pattern) = self.own(node, what) else { return };
        let is_forbidden = |character: char| character.is_whitespace() || "~^:[]\\".contains(character);
        if pattern.contains(is_forbidden) || pattern.split('/').any(str::is_empty) {
            let title = format!("`{}` can't be a pattern of branches", shown(&pattern));
            self.error(Code::InvalidValue, title, node.span, "no branch is called so");
        }
    }

    pub(super) fn cron(&mut self, node: &Node, what: &str) {
        let Some(text) = self.own(node, what) else { return };
        if let Some(label) = super::cron::mistake(&text) {
            let title = format!("`{}` is no time table", shown(&text));
            let wrong = Diagnostic::error(Code::InvalidValue, title, node.span, label);
            self.diagnostics
                .push(wrong.help("write minute, hour, day of month, month and day of week: `0 3 * * Mon-Fri`"));
        }
    }
}
