//! Reading single values: text, words, numbers, lists, the keys of a mapping.

use super::model::Placed;
use super::schema::{Kind, unsupported};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, shown};
use crate::taint::{Origin, Text};
use crate::template::{self, Content, Entry, Node, Scalar};

/// Words for true and false (reference, section 9.2), in any case.
const TRUE: [&str; 4] = ["true", "y", "yes", "on"];
const FALSE: [&str; 4] = ["false", "n", "no", "off"];
/// The most characters of a name (reference, section 5.1).
const NAME_MAX: usize = 100;
/// The longest time that a timeout may name: a year, so that no sum of times overflows.
const MINUTES_MAX: f64 = 366.0 * 24.0 * 60.0;

/// Where mistakes go.
pub(super) struct Reader<'d> {
    pub(super) diagnostics: &'d mut Diagnostics,
}

impl Reader<'_> {
    pub(super) fn error(&mut self, code: Code, title: impl Into<String>, span: Span, label: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(code, title, span, label));
    }

    /// Returns the entries of a mapping that this version reads, with their keys, and reports
    /// what is wrong with the keys.
    pub(super) fn keys<'n>(&mut self, node: &'n Node, kind: Kind) -> Vec<(&'n str, &'n Entry)> {
        let Some(entries) = self.entries(node, kind.name) else { return Vec::new() };
        let keys: Vec<(&str, Span)> = entries.iter().map(|entry| (author(&entry.key), entry.key_span)).collect();
        let whole = keys.first().map_or(node.span, |(_, span)| *span);
        let read = kind.judge(&keys, whole, self.diagnostics);
        let read = keys.iter().zip(entries).zip(read).filter(|(_, read)| *read);
        read.map(|(((key, _), entry), _)| (*key, entry)).collect()
    }

    /// Returns the entries of a mapping that the author wrote. One with keys of a payload is
    /// reported once, and has no entries.
    pub(super) fn entries<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Entry]> {
        let Content::Mapping(entries) = &node.content else {
            self.wrong(node, &format!("{what} is a mapping"));
            return None;
        };
        if let Some(origin) = &node.origin {
            self.tainted(origin, node.span, what);
            return None;
        }
        let tainted = entries.iter().find(|entry| entry.key.is_tainted());
        let is_own = tainted.is_none_or(|entry| !self.is_tainted(&entry.key, entry.key_span, "a key"));
        is_own.then_some(entries.as_slice())
    }

    /// Reports a value of a wrong shape; an object from an expression in a place for text gets
    /// the words that name it.
    pub(super) fn wrong(&mut self, node: &Node, wanted: &str) {
        let title = format!("{wanted}, not {}", node.describe());
        self.error(Code::WrongType, title, node.span, format!("this is {}", node.describe()));
    }

    /// Returns the scalar of a place for text.
    pub(super) fn scalar<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n Scalar> {
        match &node.content {
            Content::Scalar(scalar) => Some(scalar),
            _ if is_produced(node) => {
                let expression = node.origin.as_deref().map(expression);
                let mistake = template::object_in_text(node, node.origin.as_deref(), expression.as_deref());
                self.diagnostics.push(mistake);
                None
            }
            _ => {
                self.wrong(node, &format!("{what} is text"));
                None
            }
        }
    }

    /// Returns the text of a place for text, payload parts kept apart.
    pub(super) fn text(&mut self, node: &Node, what: &str) -> Option<Text> {
        self.scalar(node, what).map(|scalar| scalar.text.clone())
    }

    /// Returns text that decides what the pipeline does: none of it may come from a payload.
    pub(super) fn own_text(&mut self, node: &Node, what: &str) -> Option<Placed<String>> {
        let text = self.text(node, what)?;
        if self.is_tainted(&text, node.span, what) {
            return None;
        }
        Some(Placed { value: text.flatten().into_owned(), span: node.span })
    }

    /// Returns text that names something: nothing of a payload at all, not even a number of it.
    pub(super) fn own_name(&mut self, node: &Node, what: &str) -> Option<Placed<String>> {
        match &node.origin {
            Some(origin) => {
                self.tainted(origin, node.span, what);
                None
            }
            None => self.own_text(node, what),
        }
    }

    /// Reports payload text where the pipeline's shape is decided.
    pub(super) fn is_tainted(&mut self, text: &Text, span: Span, what: &str) -> bool {
        let Some(origin) = text.origin() else { return false };
        self.tainted(origin, span, what);
        true
    }

    fn tainted(&mut self, origin: &Origin, span: Span, what: &str) {
        let title = format!("payload text can't be {what}");
        let label = "this decides what the pipeline does";
        let diagnostic = Diagnostic::error(Code::TaintedStructure, title, span, label)
            .note(template::came_from(origin))
            .help("write what you mean in the file, or choose it with `oneOf(…)`, which gives only what you listed");
        self.diagnostics.push(diagnostic);
    }

    /// Returns a name; nothing was written for one that is empty.
    pub(super) fn name(&mut self, node: &Node, what: &str) -> Option<Placed<String>> {
        let name = self.own_name(node, what).filter(|name| !name.value.is_empty())?;
        let is_letter = |character: char| character.is_ascii_alphabetic() || character == '_';
        let well_formed = name.value.starts_with(is_letter)
            && name.value.chars().all(|character| is_letter(character) || character.is_ascii_digit())
            && name.value.len() <= NAME_MAX;
        if !well_formed {
            let title = format!("`{}` can't be {what}", shown(&name.value));
            let help = format!("use letters, digits and `_`, a letter or `_` first, at most {NAME_MAX} characters");
            let label = "this is no well-formed name";
            self.diagnostics.push(Diagnostic::error(Code::InvalidValue, title, name.span, label).help(help));
        }
        Some(name)
    }

    /// Returns a boolean word.
    pub(super) fn boolean(&mut self, node: &Node, what: &str) -> Option<bool> {
        let text = self.own_text(node, what)?;
        let word = text.value.to_ascii_lowercase();
        if TRUE.contains(&word.as_str()) {
            return Some(true);
        }
        if !FALSE.contains(&word.as_str()) && !self.is_runtime(&text) {
            let title = format!("{what} is `true` or `false`, not {}", quoted(&text.value));
            self.error(Code::InvalidValue, title, node.span, "this is neither of them");
        }
        Some(false)
    }

    /// Says whether a text is known only while a run goes on, and reports it.
    pub(super) fn is_runtime(&mut self, text: &Placed<String>) -> bool {
        let is_runtime = text.value.contains("$(") || text.value.contains("$[");
        if is_runtime {
            let help = "write the value itself, or an expression `${{ }}`";
            self.diagnostics.push(unsupported(&text.value, text.span, help));
        }
        is_runtime
    }

    /// Returns a number of minutes; a fraction is allowed.
    pub(super) fn minutes(&mut self, node: &Node, what: &str) -> Option<f64> {
        let text = self.own_text(node, what)?;
        if self.is_runtime(&text) {
            return None;
        }
        let text = text.value;
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let minutes = text.trim().parse::<f64>().ok().filter(|_| is_number(text.trim()));
        if minutes.is_none() {
            let title = format!("{what} is a number of minutes, not {}", quoted(&text));
            self.error(Code::InvalidValue, title, node.span, "this is no number");
        } else if minutes > Some(MINUTES_MAX) {
            let title = format!("{what} is {} minutes, {MINUTES_MAX} are allowed", shown(&text));
            self.error(Code::InvalidValue, title, node.span, "this is more than a year");
        }
        minutes
    }

    /// Returns a list of names, for which one name may stand alone; an empty text is no name. A
    /// payload decides neither the names nor that there are none.
    pub(super) fn names(&mut self, node: &Node, what: &str) -> Vec<Placed<String>> {
        match &node.content {
            Content::Sequence(items) if node.origin.is_none() => {
                items.iter().filter_map(|item| self.own_name(item, what)).collect()
            }
            Content::Sequence(_) => {
                self.own_name(node, what);
                Vec::new()
            }
            Content::Mapping(_) if node.origin.is_none() => {
                self.wrong(node, &format!("{what} is text or a list"));
                Vec::new()
            }
            _ => self.own_name(node, what).into_iter().filter(|name| !name.value.is_empty()).collect(),
        }
    }

    /// Returns the items of a list; nothing written is an empty list.
    pub(super) fn items<'n>(&mut self, node: &'n Node, what: &str, most: usize) -> &'n [Node] {
        match &node.content {
            Content::Sequence(items) => {
                if let Some(origin) = &node.origin {
                    self.tainted(origin, node.span, what);
                    return &[];
                }
                if items.len() > most {
                    let title = format!("{what} has {} entries, {most} are allowed", items.len());
                    self.error(Code::ExpansionLimit, title, items[most].span, "this is one too many");
                    return &items[..most];
                }
                items
            }
            Content::Scalar(scalar) if scalar.text.is_empty() => &[],
            _ => {
                self.wrong(node, &format!("{what} is a list"));
                &[]
            }
        }
    }
}

/// Says whether an expression put a structure here: then its parts do not stand inside of it, but
/// where it stands, or where an author wrote what the expression names.
fn is_produced(node: &Node) -> bool {
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

/// Returns the expression that names a place in a payload.
fn expression(origin: &Origin) -> String {
    let dot = if origin.path.is_empty() || origin.path.starts_with('[') { "" } else { "." };
    format!("parameters.{}{dot}{}", origin.alias, origin.path)
}

/// Returns a value as a title names it.
fn quoted(text: &str) -> String {
    if text.trim().is_empty() { "nothing".to_owned() } else { format!("`{}`", shown(text)) }
}

/// Returns the author's text of a key that has been found untainted: one segment, or none.
pub(super) fn author(text: &Text) -> &str {
    text.segments().first().map_or("", |segment| &segment.text)
}
