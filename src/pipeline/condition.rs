//! Payload text in a `condition:`. A condition is code, so a value that was put into one must
//! become a literal of it, or the run is rejected.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::taint::{Segment, Text};
use crate::template;

/// Returns a condition's text with each tainted part as (a part of) a text literal: inside one
/// pair of single quotes its quotes are doubled, alone as an operand it gets quotes of its own.
/// Elsewhere it is reported.
pub(super) fn splice(text: &Text, spans: &[Span], diagnostics: &mut Diagnostics) -> Option<String> {
    let mut spliced = String::new();
    let mut in_literal = false;
    let mut whole = true;
    for (place, segment) in text.segments().iter().enumerate() {
        if !segment.is_tainted() {
            in_literal ^= segment.text.matches('\'').count() % 2 == 1;
            spliced.push_str(&segment.text);
            continue;
        }
        let quoted = segment.text.replace('\'', "''");
        if in_literal {
            spliced.push_str(&quoted);
        } else if is_operand(text.segments(), place) {
            spliced.push_str(&format!("'{quoted}'"));
        } else {
            whole = false;
            diagnostics.push(refused(segment, spans.get(place).copied().unwrap_or(Span::NONE)));
        }
    }
    whole.then_some(spliced)
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

fn refused(segment: &Segment, span: Span) -> Diagnostic {
    let title = "payload text can't be part of an expression";
    let refused = Diagnostic::error(Code::TaintedCondition, title, span, "a condition is code");
    let refused = segment.origin.iter().fold(refused, |refused, origin| refused.note(template::came_from(origin)));
    refused.help("put it in single quotes: `eq('${{ … }}', 'text')`")
}
