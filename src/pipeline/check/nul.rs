//! No text of a run has a NUL character: variables, names that people see and paths all become environment variables,
//! arguments or file names, and no program can be given one. Found out before a run is queued, and not when it starts.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, Span};
use crate::taint::Segment;
use crate::template::{self, Content, Node, Scalar};

pub(in crate::pipeline) fn check(document: &Node, diagnostics: &mut Diagnostics) {
    match &document.content {
        Content::Scalar(scalar) => of_scalar(scalar, document.span, diagnostics),
        Content::Sequence(items) => items.iter().for_each(|item| check(item, diagnostics)),
        Content::Mapping(entries) => entries.iter().for_each(|entry| check(&entry.value, diagnostics)),
    }
}

fn of_scalar(scalar: &Scalar, whole: Span, diagnostics: &mut Diagnostics) {
    let has_nul = |segment: &Segment| memchr::memchr(0, segment.text.as_bytes()).is_some();
    let Some(at) = scalar.text.segments().iter().position(has_nul) else { return };
    let span = scalar.segment_spans.get(at).copied().unwrap_or(whole);
    let stands_here = |it: &Diagnostic| it.primary.as_ref().is_some_and(|label| label.span == span);
    let is_told = |it: &Diagnostic| it.severity == Severity::Error && stands_here(it);
    // Of a payload's text in a script that is said already, with what else is wrong there.
    if diagnostics.iter().any(is_told) {
        return;
    }
    let title = "a text of a pipeline can't hold a NUL character: no program can be given one";
    let nul = Diagnostic::error(Code::InvalidValue, title, span, "this has one");
    let origin = scalar.text.segments()[at].origin.as_ref();
    diagnostics.push(origin.into_iter().fold(nul, |nul, origin| nul.note(template::came_from(origin))));
}
