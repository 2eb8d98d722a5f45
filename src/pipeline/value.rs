//! Single values of a document whose shape has been checked: what is right is returned, what was
//! reported is passed over.

use super::model::{Condition, Placed};
use crate::diagnostic::{Span, shown};
use crate::taint::Text;
use crate::template::{Content, Entry, Kind, Node, Scalar};
use std::sync::Arc;

/// Words for true and false (reference, section 9.2), in any case.
pub(super) const TRUE: [&str; 4] = ["true", "y", "yes", "on"];
pub(super) const FALSE: [&str; 4] = ["false", "n", "no", "off"];
const OPEN: &str = "$[";
const CLOSE: &str = "]";

/// Returns the entries of a mapping that the author wrote.
pub(super) fn entries(node: &Node) -> &[Entry] {
    match &node.content {
        Content::Mapping(entries) if node.origin.is_none() && !entries.iter().any(|it| it.key.is_tainted()) => entries,
        _ => &[],
    }
}

/// Returns the items of a list that the author wrote, at most so many.
pub(super) fn items(node: &Node, most: usize) -> &[Node] {
    match &node.content {
        Content::Sequence(items) if node.origin.is_none() => &items[..items.len().min(most)],
        _ => &[],
    }
}

/// Returns the entry of a key that the author wrote.
pub(super) fn entry<'n>(node: &'n Node, key: &str) -> Option<&'n Entry> {
    entries(node).iter().find(|entry| author(&entry.key) == key)
}

/// Returns the value of a key that the author wrote.
pub(super) fn member<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    entry(node, key).map(|entry| &entry.value)
}

/// Returns the scalar, if the node is one.
pub(super) fn scalar(node: &Node) -> Option<&Scalar> {
    match &node.content {
        Content::Scalar(scalar) => Some(scalar),
        _ => None,
    }
}

/// Returns text, payload parts kept apart.
pub(super) fn text(node: &Node) -> Option<Text> {
    scalar(node).map(|scalar| scalar.text.clone())
}

/// Returns text of which nothing comes from a payload.
pub(super) fn own(node: &Node) -> Option<Placed<String>> {
    let text = &scalar(node)?.text;
    let is_own = node.origin.is_none() && !text.is_tainted();
    is_own.then(|| Placed { value: text.flatten().into_owned(), span: node.span })
}

/// Returns text of which nothing comes from a payload, if there is any.
pub(super) fn filled(node: &Node) -> Option<Placed<String>> {
    own(node).filter(|text| !text.value.trim().is_empty())
}

/// Returns the text of a key, if there is any.
pub(super) fn filled_member(node: &Node, key: &str) -> Option<String> {
    Some(filled(member(node, key)?)?.value)
}

/// Returns the value of a boolean word; its number may come from a payload.
pub(super) fn boolean(node: &Node) -> Option<bool> {
    let text = &scalar(node)?.text;
    let word = text.flatten().to_ascii_lowercase();
    match word.as_str() {
        _ if text.is_tainted() => None,
        word if TRUE.contains(&word) => Some(true),
        word if FALSE.contains(&word) => Some(false),
        _ => None,
    }
}

/// Says whether a key is there and true.
pub(super) fn is_true(node: &Node, key: &str) -> bool {
    member(node, key).and_then(boolean) == Some(true)
}

/// Returns a number that is not negative; it may be a payload's number, but no text of it.
pub(super) fn number(node: &Node) -> Option<f64> {
    let text = &scalar(node)?.text;
    let flat = text.flatten();
    is_number(flat.trim())
        .then(|| flat.trim().parse().ok())
        .flatten()
        .filter(|_| !text.is_tainted() || text.is_number())
}

/// Returns a whole number that is not negative.
pub(super) fn count(node: &Node) -> Option<u32> {
    let number = number(node).filter(|number| number.fract() == 0.0 && *number <= f64::from(u32::MAX))?;
    // Whole and within the range, as was just asked.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Some(number as u32)
}

/// Returns a list of names, for which one name may stand alone; an empty text is no name.
pub(super) fn names(node: &Node) -> Vec<Placed<String>> {
    match &node.content {
        Content::Sequence(_) => items(node, usize::MAX).iter().filter_map(filled).collect(),
        _ => filled(node).into_iter().collect(),
    }
}

/// Returns text with its place.
pub(super) fn placed_text(node: &Node) -> Option<Placed<Text>> {
    Some(Placed { value: text(node)?, span: node.span })
}

/// Returns keys and text values, in order.
pub(super) fn pairs(node: &Node) -> Vec<(Placed<String>, Text)> {
    let pair = |entry: &Entry| {
        let key = Placed { value: author(&entry.key).to_owned(), span: entry.key_span };
        Some((key, text(&entry.value)?))
    };
    entries(node).iter().filter(|entry| !entry.is_gap()).filter_map(pair).collect()
}

/// Returns the expression of a value that becomes known only when its job is due: what stands
/// between `$[` and `]`, or the variable that a macro names.
pub(super) fn late(node: &Node) -> Option<Condition> {
    let scalar = scalar(node).filter(|scalar| !scalar.text.is_tainted())?;
    let text = scalar.text.flatten();
    if let Some(name) = whole_macro(&text) {
        let text = format!("variables['{}']", name.replace('\'', "''"));
        return Some(Condition { text, span: node.span, is_verbatim: false, within: None });
    }
    is_expression(&text).then(|| bracketed(&text, node.span, scalar.kind == Kind::Plain, only_author(&scalar.text)))
}

/// Says whether a text is one whole `$[ … ]`.
pub(super) fn is_expression(text: &str) -> bool {
    text.starts_with(OPEN) && text.ends_with(CLOSE) && text.len() > OPEN.len() + CLOSE.len()
}

/// Says whether a text becomes known only when a job is due.
pub(super) fn is_late(text: &str) -> bool {
    is_expression(text) || whole_macro(text).is_some()
}

fn whole_macro(text: &str) -> Option<&str> {
    let name = text.strip_prefix("$(")?.strip_suffix(')')?;
    (!name.is_empty() && !name.contains(['(', ')'])).then_some(name)
}

/// Returns the text if all of it is the author's.
pub(super) fn only_author(text: &Text) -> Option<Arc<str>> {
    match text.segments() {
        [only] if !only.is_tainted() => Some(only.text.clone()),
        _ => None,
    }
}

/// Returns what stands between the brackets of a whole `$[ … ]`, with its place. `whole` is the same text if all
/// of it is the author's.
pub(super) fn bracketed(text: &str, span: Span, is_plain: bool, whole: Option<Arc<str>>) -> Condition {
    let is_verbatim = is_plain && text.len() == span.range().len();
    let range = span.range();
    let between =
        span.with_bytes(range.start + OPEN.len(), range.end.saturating_sub(CLOSE.len()).max(range.start + OPEN.len()));
    let text = text[OPEN.len()..text.len() - CLOSE.len()].to_owned();
    let within = whole.map(|whole| (whole, OPEN.len()));
    Condition { text, span: if is_verbatim { between } else { span }, is_verbatim, within }
}

/// Says whether a text could be a name of the language (reference, section 5.1).
pub(super) fn is_name(text: &str) -> bool {
    let is_letter = |character: char| character.is_ascii_alphabetic() || character == '_';
    text.starts_with(is_letter) && text.chars().all(|character| is_letter(character) || character.is_ascii_digit())
}

/// Says whether a text is a number without sign and exponent.
pub(super) fn is_number(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    text.bytes().all(is_part) && text.parse::<f64>().is_ok()
}

/// Says whether a key has no value.
pub(super) fn is_nothing(node: &Node) -> bool {
    matches!(&node.content, Content::Scalar(scalar) if scalar.text.is_empty())
}

/// Says whether an expression put a structure here: then its parts do not stand inside of it, but
/// where it stands, or where an author wrote what the expression names.
pub(super) fn is_produced(node: &Node) -> bool {
    node.origin.is_some()
        || match &node.content {
            Content::Sequence(items) => items.first().is_some_and(|item| !is_inside(item.span, node.span)),
            Content::Mapping(entries) => entries.first().is_some_and(|entry| !is_inside(entry.key_span, node.span)),
            Content::Scalar(_) => false,
        }
}

/// Says whether one place is a part of another.
fn is_inside(part: Span, whole: Span) -> bool {
    part != whole && part.source == whole.source && whole.start <= part.start && part.end <= whole.end
}

/// Returns the key of a text that was meant as a key and a value: `key:value`.
pub(super) fn unspaced_key(node: &Node) -> Option<&str> {
    let scalar = scalar(node).filter(|scalar| scalar.kind == Kind::Plain)?;
    let (key, _) = author(&scalar.text).split_once(':')?;
    is_name(key).then_some(key)
}

/// Returns the key and the value that a text would be with a colon and a blank between them: `key:value`,
/// `key=value`, `key value`.
pub(super) fn joined_key(node: &Node) -> Option<(&str, &str)> {
    let text = author(&scalar(node).filter(|scalar| scalar.kind == Kind::Plain)?.text);
    let (key, value) = text.split_once([':', '=', ' '])?;
    let is_value = !value.is_empty() && !value.contains(char::is_whitespace);
    (is_name(key) && is_value).then_some((key, value))
}

/// Returns a value as a title names it.
pub(super) fn quoted(text: &str) -> String {
    if text.trim().is_empty() { "nothing".to_owned() } else { format!("`{}`", shown(text)) }
}

/// Returns the author's text of a key that has been found untainted: one segment, or none.
pub(super) fn author(text: &Text) -> &str {
    text.segments().first().filter(|segment| !segment.is_tainted()).map_or("", |segment| &segment.text)
}
