//! An expanded document as a file that expands to the same document.
//!
//! Two things in a document mean something else in a file. Text that looks like the beginning of an expression,
//! which came of an escape or out of a payload, is written as an escape (reference, section 2.2). And a group of
//! variables that has secrets stands in the document with its other variables behind it, which the file's
//! group will bring again: there it stands alone.

use super::hole::{DELIMITERS, has_expression};
use super::{Content, Node};
use crate::diagnostic::Span;
use crate::taint::Text;

/// The key whose value is a list or mapping of variables.
const VARIABLES: &str = "variables";

/// Returns a document as a file that expands to it.
pub fn as_file(mut document: Node) -> Node {
    write(&mut document);
    document
}

fn write(node: &mut Node) {
    match &mut node.content {
        Content::Scalar(scalar) => {
            if let Some(text) = escaped(&scalar.text) {
                scalar.text = text;
                scalar.segment_spans = vec![node.span; scalar.text.segments().len()];
            }
        }
        Content::Sequence(items) => items.iter_mut().for_each(write),
        Content::Mapping(entries) => {
            for entry in entries {
                if entry.key.flatten() == VARIABLES {
                    without_brought(&mut entry.value);
                }
                if let Some(key) = escaped(&entry.key) {
                    entry.key = key;
                }
                write(&mut entry.value);
            }
        }
    }
}

/// Returns a text with its beginnings of expressions escaped, if it has any.
fn escaped(text: &Text) -> Option<Text> {
    let flat = text.flatten();
    has_expression(&flat).then(|| {
        let (begin, end) = DELIMITERS[0];
        // The first has to be first: what is written for the others has its beginning.
        let escape = |text: String, (open, _): &(&str, &str)| text.replace(open, &format!("{begin} '{open}' {end}"));
        Text::author(DELIMITERS.iter().fold(flat.into_owned(), escape))
    })
}

/// Takes out the variables that a group before them brought: they stand where the group is named. Nothing is
/// known of a document that was stored without its places.
fn without_brought(variables: &mut Node) {
    let Content::Sequence(items) = &mut variables.content else { return };
    let mut group: Option<Span> = None;
    items.retain(|item| {
        if let Some(named) = item.member("group") {
            group = Some(named.span).filter(|span| *span != Span::NONE);
            return true;
        }
        let name = item.member("name").map(|name| name.span);
        group.is_none() || name != group
    });
}
