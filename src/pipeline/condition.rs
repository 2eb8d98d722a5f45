//! Payload text in a `condition:` or a `$[ … ]`. Both are code, so a value that was put into one must
//! become a literal of it, or the run is rejected.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
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
/// Elsewhere, and anywhere in an index, it is reported.
pub(super) fn splice(text: &Text, spans: &[Span], operands: Operands, diagnostics: &mut Diagnostics) -> Option<String> {
    let mut spliced = String::new();
    let mut at = Place::default();
    let mut whole = true;
    for (place, segment) in text.segments().iter().enumerate() {
        if !segment.is_tainted() {
            // The brackets around the whole of `$[ … ]` are no index.
            at.pass(if place == 0 { segment.text.strip_prefix("$[").unwrap_or(&segment.text) } else { &segment.text });
            spliced.push_str(&segment.text);
            continue;
        }
        let quoted = segment.text.replace('\'', "''");
        if at.brackets > 0 {
            whole = false;
            diagnostics.push(chosen(segment, spans.get(place).copied().unwrap_or(Span::NONE)));
        } else if at.in_literal {
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

/// Where in an expression a segment stands.
#[derive(Default)]
struct Place {
    in_literal: bool,
    /// How many indexes are open.
    brackets: usize,
}

impl Place {
    fn pass(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '\'' => self.in_literal = !self.in_literal,
                '[' if !self.in_literal => self.brackets += 1,
                ']' if !self.in_literal => self.brackets = self.brackets.saturating_sub(1),
                _ => {}
            }
        }
    }
}

/// Says whether a segment stands alone between what separates operands.
fn is_operand(segments: &[Segment], place: usize) -> bool {
    let before = place.checked_sub(1).map(|at| segments[at].text.trim_end());
    let after = segments.get(place + 1).map(|segment| segment.text.trim_start());
    let is_author = |at: Option<&Segment>| at.is_none_or(|segment| !segment.is_tainted());
    is_author(place.checked_sub(1).map(|at| &segments[at]))
        && is_author(segments.get(place + 1))
        && before.is_some_and(|text| text.ends_with(['(', ',', '[']))
        && after.is_some_and(|text| text.starts_with([')', ',', ']']))
}

/// Refuses payload text as the index of what is known when the run goes on: variables, outputs, results. The
/// payload would choose among the author's values, and so might read a secret.
fn chosen(segment: &Segment, span: Span) -> Diagnostic {
    let title = "a payload can't choose which value is read";
    let refused = Diagnostic::error(Code::TaintedChoice, title, span, "this is a part of an index");
    let refused = segment.origin.iter().fold(refused, |refused, origin| refused.note(template::came_from(origin)));
    refused.help("let it choose among texts of yours: `oneOf(x, 'a', 'b')`")
}

fn refused(segment: &Segment, span: Span) -> Diagnostic {
    let title = "payload text can't be part of an expression";
    let refused = Diagnostic::error(Code::TaintedCondition, title, span, "an expression is code");
    let refused = segment.origin.iter().fold(refused, |refused, origin| refused.note(template::came_from(origin)));
    refused.help("put it in single quotes: `eq('${{ … }}', 'text')`")
}
