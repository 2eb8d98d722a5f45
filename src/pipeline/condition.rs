//! Payload text in a `condition:` or a `$[ … ]`. Both are code, so a value that was put into one must
//! become a literal of it, or the run is rejected.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::expression::PAYLOAD_AS_NAME;
use crate::taint::{Segment, Text};
use crate::template;

/// What becomes of payload text that stands alone as an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operands {
    /// It gets quotes of its own.
    Quoted,
    /// It is reported: whoever evaluates the expression puts text into literals only.
    Refused,
}

/// Returns a condition's text with each tainted part as (a part of) a text literal: inside one
/// pair of single quotes its quotes are doubled, alone as an operand it gets quotes of its own.
/// Elsewhere it is reported.
pub(super) fn splice(text: &Text, spans: &[Span], operands: Operands, diagnostics: &mut Diagnostics) -> Option<String> {
    let mut spliced = String::new();
    let mut read = Read::default();
    let mut whole = true;
    for (place, segment) in text.segments().iter().enumerate() {
        if !segment.is_tainted() {
            read.author(&segment.text);
            spliced.push_str(&segment.text);
            continue;
        }
        if read.indices > 0 {
            whole = false;
            diagnostics.push(chooses(segment, spans.get(place).copied().unwrap_or(Span::NONE)));
            continue;
        }
        let quoted = segment.text.replace('\'', "''");
        if read.in_literal {
            spliced.push_str(&quoted);
        } else if operands == Operands::Quoted && is_operand(text.segments(), place) {
            spliced.push_str(&format!("'{quoted}'"));
        } else {
            whole = false;
            diagnostics.push(refused(segment, spans.get(place).copied().unwrap_or(Span::NONE)));
        }
    }
    whole.then_some(spliced)
}

/// Where in an expression one is.
#[derive(Default)]
struct Read {
    in_literal: bool,
    /// How many `[` of an index are open.
    indices: usize,
    last: Option<char>,
}

impl Read {
    fn author(&mut self, text: &str) {
        for letter in text.chars() {
            match letter {
                '\'' => self.in_literal = !self.in_literal,
                // `$[` begins an expression.
                '[' if !self.in_literal && self.last != Some('$') => self.indices += 1,
                ']' if !self.in_literal => self.indices = self.indices.saturating_sub(1),
                _ => {}
            }
            self.last = Some(letter);
        }
    }
}

/// Reports payload text as an index: it would choose among the author's values, and so might read a secret.
fn chooses(segment: &Segment, span: Span) -> Diagnostic {
    let refused = Diagnostic::error(Code::TaintedChoice, PAYLOAD_AS_NAME, span, "this names the value");
    with_origin(refused, segment).help("let it choose among texts of yours: `oneOf(x, 'a', 'b')`")
}

/// Says whether a segment stands alone between what separates operands.
fn is_operand(segments: &[Segment], place: usize) -> bool {
    let before = place.checked_sub(1).map(|at| segments[at].text.trim_end());
    let after = segments.get(place + 1).map(|segment| segment.text.trim_start());
    let is_author = |at: Option<&Segment>| at.is_none_or(|segment| !segment.is_tainted());
    is_author(place.checked_sub(1).map(|at| &segments[at]))
        && is_author(segments.get(place + 1))
        && before.is_some_and(|text| text.ends_with(['(', ',']))
        && after.is_some_and(|text| text.starts_with([')', ',']))
}

fn refused(segment: &Segment, span: Span) -> Diagnostic {
    let title = "payload text can't be part of an expression";
    let refused = Diagnostic::error(Code::TaintedCondition, title, span, "an expression is code");
    with_origin(refused, segment).help("put it in single quotes: `eq('${{ … }}', 'text')`")
}

/// Adds where the payload's text stood.
fn with_origin(refused: Diagnostic, segment: &Segment) -> Diagnostic {
    segment.origin.iter().fold(refused, |refused, origin| refused.note(template::came_from(origin)))
}
