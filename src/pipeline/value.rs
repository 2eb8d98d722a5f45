//! Reading single values: text, words, numbers, lists, the keys of a mapping.

use super::model::Placed;
use super::schema::{Kind, Support};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, shown};
use crate::taint::Text;
use crate::template::{self, Content, Entry, Node, Scalar};

/// Words for true and false (reference, section 9.2), in any case.
const TRUE: [&str; 4] = ["true", "y", "yes", "on"];
const FALSE: [&str; 4] = ["false", "n", "no", "off"];
/// The most characters of a name.
const NAME_MAX: usize = 100;

/// Where mistakes go.
pub(super) struct Reader<'d> {
    pub(super) diagnostics: &'d mut Diagnostics,
}

impl Reader<'_> {
    pub(super) fn error(&mut self, code: Code, title: impl Into<String>, span: Span, label: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(code, title, span, label));
    }

    /// Returns the entries of a mapping whose keys are all of a kind; reports those that are not.
    pub(super) fn keys<'n>(&mut self, node: &'n Node, kind: Kind) -> Vec<(&'n str, &'n Entry)> {
        let Content::Mapping(entries) = &node.content else {
            self.wrong(node, &format!("{} is a mapping", kind.name));
            return Vec::new();
        };
        entries.iter().filter_map(|entry| Some((self.key(entry, kind)?, entry))).collect()
    }

    /// Returns a key, if this version reads it; reports it if the language does not know it.
    fn key<'n>(&mut self, entry: &'n Entry, kind: Kind) -> Option<&'n str> {
        if self.is_tainted(&entry.key, entry.key_span, "a key") {
            return None;
        }
        let key = author(&entry.key);
        match kind.support(key) {
            Some(Support::Now) => return Some(key),
            Some(Support::Ignored) => {}
            Some(Support::Later) => {
                self.unsupported(key, entry.key_span);
            }
            Some(Support::Old(help)) => {
                let title = format!("`{key}` is an old form");
                self.diagnostics.push(Diagnostic::error(Code::Unsupported, title, entry.key_span, "").help(help));
            }
            None => {
                let title = format!("{} has no key `{}`", kind.name, shown(key));
                let unknown = Diagnostic::error(Code::UnknownKey, title, entry.key_span, "this key is not known here");
                self.diagnostics.push(unknown.suggest(key, kind.keys.iter().map(|(known, _)| *known)));
            }
        }
        None
    }

    pub(super) fn unsupported(&mut self, what: &str, span: Span) {
        let title = format!("`{what}` is not supported by this version");
        let help = "remove it; nothing is skipped silently";
        self.diagnostics.push(Diagnostic::error(Code::Unsupported, title, span, "").help(help));
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
            _ if node.is_produced() => {
                self.diagnostics.push(template::object_in_text(node, node.origin.as_deref(), None));
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

    /// Reports payload text where the pipeline's shape is decided.
    pub(super) fn is_tainted(&mut self, text: &Text, span: Span, what: &str) -> bool {
        let Some(origin) = text.origin() else { return false };
        let title = format!("payload text can't be {what}");
        let label = "this decides what the pipeline does";
        let diagnostic = Diagnostic::error(Code::TaintedStructure, title, span, label)
            .note(format!("the value came from the payload, at `{}`", shown(&origin.path)))
            .help("write what you mean in the file, or choose it with `oneOf(…)`, which gives only what you listed");
        self.diagnostics.push(diagnostic);
        true
    }

    /// Returns a name; nothing was written for one that is empty.
    pub(super) fn name(&mut self, node: &Node, what: &str) -> Option<Placed<String>> {
        let name = self.own_text(node, what).filter(|name| !name.value.is_empty())?;
        let is_letter = |character: char| character.is_ascii_alphabetic() || character == '_';
        let well_formed = name.value.starts_with(is_letter)
            && name.value.chars().all(|character| is_letter(character) || character.is_ascii_digit())
            && name.value.len() <= NAME_MAX;
        if !well_formed {
            let title = format!("`{}` can't be {what}", shown(&name.value));
            let help = format!("use letters, digits and `_`, a letter or `_` first, at most {NAME_MAX} characters");
            self.diagnostics.push(Diagnostic::error(Code::InvalidValue, title, name.span, "").help(help));
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
        if !FALSE.contains(&word.as_str()) {
            let title = format!("{what} is `true` or `false`, not `{}`", shown(&text.value));
            self.error(Code::InvalidValue, title, node.span, "");
        }
        Some(false)
    }

    /// Returns a number of minutes; a fraction is allowed.
    pub(super) fn minutes(&mut self, node: &Node, what: &str) -> Option<f64> {
        let text = self.text(node, what)?.flatten().into_owned();
        match text.trim().parse::<f64>() {
            Ok(minutes) if minutes.is_finite() && minutes >= 0.0 && !text.contains(['e', 'E']) => Some(minutes),
            _ => {
                let title = format!("{what} is a number of minutes, not `{}`", shown(&text));
                self.error(Code::InvalidValue, title, node.span, "");
                None
            }
        }
    }

    /// Returns a list of names, for which one name may stand alone; an empty text is no name.
    pub(super) fn names(&mut self, node: &Node, what: &str) -> Vec<Placed<String>> {
        match &node.content {
            Content::Sequence(items) => items.iter().filter_map(|item| self.own_text(item, what)).collect(),
            _ => self.own_text(node, what).into_iter().filter(|name| !name.value.is_empty()).collect(),
        }
    }

    /// Returns the items of a list; nothing written is an empty list.
    pub(super) fn items<'n>(&mut self, node: &'n Node, what: &str, most: usize) -> &'n [Node] {
        match &node.content {
            Content::Sequence(items) => {
                if items.len() > most {
                    let title = format!("{what} has {} entries, {most} are allowed", items.len());
                    self.error(Code::ExpansionLimit, title, node.span, "");
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

/// Returns the author's text of a key that has been found untainted: one segment, or none.
fn author(text: &Text) -> &str {
    text.segments().first().map_or("", |segment| &segment.text)
}
