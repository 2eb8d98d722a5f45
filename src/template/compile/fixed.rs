//! What has no expressions, as it will stand in the expanded document, and parts of a file in which
//! none may stand.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::taint::Text;
use crate::template::hole;
use crate::template::value::gap;
use crate::template::{Content, Entry, Kind, Node, Scalar};
use crate::yaml::{self, Style};

/// Says whether a value has no expression, and reports each that it has.
pub(in crate::template) fn forbid_expressions(node: &yaml::Node, section: &str, diagnostics: &mut Diagnostics) -> bool {
    let before = diagnostics.len();
    match &node.content {
        yaml::Content::Scalar(scalar) if hole::has_expression(&scalar.text) => {
            let title = format!("an expression can't stand in {section}");
            let label = "this part is read before expressions have values";
            diagnostics.push(Diagnostic::error(Code::InvalidValue, title, node.span, label));
        }
        yaml::Content::Scalar(_) => {}
        yaml::Content::Sequence(items) => {
            for item in items {
                forbid_expressions(item, section, diagnostics);
            }
        }
        yaml::Content::Mapping(entries) => {
            for entry in entries {
                forbid_expressions(&entry.key, section, diagnostics);
                forbid_expressions(&entry.value, section, diagnostics);
            }
        }
    }
    diagnostics.len() == before
}

/// Returns a node without expressions as it will stand in the expanded document.
pub(in crate::template) fn fixed(node: &yaml::Node) -> Node {
    let content = match &node.content {
        yaml::Content::Scalar(scalar) => Content::Scalar(fixed_scalar(scalar, node)),
        yaml::Content::Sequence(items) => Content::Sequence(items.iter().map(fixed).collect()),
        yaml::Content::Mapping(entries) => Content::Mapping(
            entries
                .iter()
                .map(|entry| Entry {
                    key: Text::author(entry.key.text().cloned().unwrap_or_default()),
                    key_span: entry.key.span,
                    // What was reported may have been any key with any value.
                    value: if entry.key.is_unread_key() { gap(entry.key.span) } else { fixed(&entry.value) },
                })
                .collect(),
        ),
    };
    Node { span: node.span, origin: None, content }
}

fn fixed_scalar(scalar: &yaml::Scalar, node: &yaml::Node) -> Scalar {
    // Plain `null` is nothing, in these letters only (reference, section 9.3).
    if scalar.style == Style::Plain && (scalar.text.is_empty() || &*scalar.text == "null") {
        return Scalar::without_text(Kind::Null);
    }
    let kind = if scalar.style == Style::Plain { Kind::Plain } else { Kind::Text };
    Scalar::new(Text::author(scalar.text.clone()), kind, node.span)
}
