//! Payload text in a `condition:` or a `$[ … ]`. Both are code, so a value that was put into one must
//! become a literal of it, or the run is rejected.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::expression::{PAYLOAD_AS_FORMAT, PAYLOAD_AS_NAME};
use crate::taint::{Mark, Segment, Text};
use crate::template;

/// Returns the text of a condition or a `$[ … ]` with each tainted part as (a part of) a text literal: inside one
/// pair of single quotes its quotes are doubled, alone as an operand it gets quotes of its own, unless it is a
/// number. Elsewhere it is reported.
pub(super) fn splice(text: &Text, spans: &[Span], diagnostics: &mut Diagnostics) -> Option<String> {
    let mut spliced = String::new();
    let mut read = Read::default();
    let mut whole = true;
    for (place, segment) in text.segments().iter().enumerate() {
        if !segment.is_tainted() {
            read.author(&segment.text);
            spliced.push_str(&segment.text);
            continue;
        }
        let span = spans.get(place).copied().unwrap_or(Span::NONE);
        if read.indices > 0 || read.is_in_format() {
            whole = false;
            diagnostics.push(if read.indices > 0 { chooses(segment, span) } else { formats(segment, span) });
            continue;
        }
        let quoted = segment.text.replace('\'', "''");
        if read.in_literal {
            spliced.push_str(&quoted);
        } else if is_operand(text.segments(), place) {
            match segment.mark {
                Some(Mark::Number) => spliced.push_str(&segment.text),
                _ => spliced.push_str(&format!("'{quoted}'")),
            }
        } else {
            whole = false;
            diagnostics.push(refused(segment, span));
        }
    }
    whole.then_some(spliced)
}

/// Returns the same for whoever evaluates it. An error is a sentence, without a full stop.
pub(crate) fn spliced(text: &Text) -> Result<String, String> {
    let mut wrong = Diagnostics::default();
    let spliced = splice(text, &[], &mut wrong);
    let title = || wrong.into_iter().next().map(|it| it.title).unwrap_or_default();
    spliced.ok_or_else(title)
}

/// Where in an expression one is.
#[derive(Default)]
struct Read {
    in_literal: bool,
    /// How many `[` of an index are open.
    indices: usize,
    last: Option<char>,
    /// The name that is being read.
    name: String,
    /// The calls that are open: whether each is one of `format`, and still at its first argument.
    calls: Vec<bool>,
}

impl Read {
    fn author(&mut self, text: &str) {
        for letter in text.chars() {
            match letter {
                '\'' => self.in_literal = !self.in_literal,
                // `$[` begins an expression.
                '[' if !self.in_literal && self.last != Some('$') => self.indices += 1,
                ']' if !self.in_literal => self.indices = self.indices.saturating_sub(1),
                '(' if !self.in_literal => self.calls.push(self.name.eq_ignore_ascii_case("format")),
                ')' if !self.in_literal => {
                    self.calls.pop();
                }
                ',' if !self.in_literal => self.calls.last_mut().into_iter().for_each(|is_format| *is_format = false),
                _ => {}
            }
            match letter {
                _ if letter.is_whitespace() => {}
                _ if letter.is_ascii_alphanumeric() && self.last.is_none_or(|it| it.is_ascii_alphanumeric()) => {
                    self.name.push(letter);
                }
                _ if letter.is_ascii_alphanumeric() => self.name = letter.to_string(),
                _ => self.name.clear(),
            }
            self.last = Some(letter);
        }
    }

    /// Says whether one is in what `format` takes for its format.
    fn is_in_format(&self) -> bool {
        self.calls.contains(&true)
    }
}

/// Reports payload text as an index: it would choose among the author's values, and so might read a secret.
fn chooses(segment: &Segment, span: Span) -> Diagnostic {
    let refused = Diagnostic::error(Code::TaintedChoice, PAYLOAD_AS_NAME, span, "this names the value");
    with_origin(refused, segment).help("let it choose among texts of yours: `oneOf(x, 'a', 'b')`")
}

/// Reports payload text as a format: it would say where the arguments go, and which.
fn formats(segment: &Segment, span: Span) -> Diagnostic {
    let refused = Diagnostic::error(Code::TaintedChoice, PAYLOAD_AS_FORMAT, span, "this is the format");
    with_origin(refused, segment).help("write `format('{0}', …)` with it as an argument")
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
