//! An expanded document as it can be read again: payload text that became part of a condition is
//! written there as the literal that it is, its quotes doubled.

use super::condition::splice;
use crate::diagnostic::{Diagnostics, Span};
use crate::taint::Text;
use crate::template::{Content, Node};

/// The key whose value is an expression.
const CONDITION: &str = "condition";
/// Keys below which an author chooses the keys, so that `condition` is one like any other.
const CHOSEN: [&str; 8] =
    ["variables", "env", "inputs", "parameters", "templateContext", "matrix", "services", "resources"];

/// Returns a document with its conditions as they are evaluated. One that would be refused stays as
/// it is.
pub fn with_literals(mut document: Node) -> Node {
    write(&mut document);
    document
}

fn write(node: &mut Node) {
    match &mut node.content {
        Content::Scalar(_) => {}
        Content::Sequence(items) => items.iter_mut().for_each(write),
        Content::Mapping(entries) => {
            for entry in entries {
                let key = entry.key.flatten();
                match &mut entry.value.content {
                    Content::Scalar(scalar) if key == CONDITION && scalar.text.is_tainted() => {
                        let spans = vec![Span::NONE; scalar.text.segments().len()];
                        let text = splice(&scalar.text, &spans, &mut Diagnostics::default());
                        if let Some(text) = text {
                            scalar.text = Text::author(text);
                            scalar.segment_spans = vec![Span::NONE; scalar.text.segments().len()];
                        }
                    }
                    _ if CHOSEN.contains(&&*key) => {}
                    _ => write(&mut entry.value),
                }
            }
        }
    }
}
