//! What is known of a text before all of its expressions have values: what the author wrote around them.
//!
//! `a_${{ x }}_b` is never `nope`, whatever `x` is. So who looks for a name asks whether a text that is not known
//! yet may come to be it.

use std::sync::Arc;

/// A text with parts that are not known: the author's pieces, with something unknown between each two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    pieces: Vec<Arc<str>>,
}

impl Pattern {
    /// Returns the pattern of a text that is known whole.
    pub(super) fn known(text: &str) -> Self {
        Self { pieces: vec![text.into()] }
    }

    /// Returns the pattern of any text.
    pub(super) fn anything() -> Self {
        Self { pieces: vec!["".into(), "".into()] }
    }

    /// Returns the pattern of texts in their order; `None` is one that is not known.
    pub(super) fn of<'t>(parts: impl Iterator<Item = Option<&'t str>>) -> Self {
        let mut pieces = vec![String::new()];
        for part in parts {
            match (part, pieces.last_mut()) {
                (Some(text), Some(last)) => last.push_str(text),
                _ => pieces.push(String::new()),
            }
        }
        Self { pieces: pieces.into_iter().map(Arc::from).collect() }
    }

    /// Says whether the text may come to be another one, ignoring case.
    pub fn may_be(&self, text: &str) -> bool {
        let text = text.to_ascii_lowercase();
        let lower: Vec<String> = self.pieces.iter().map(|piece| piece.to_ascii_lowercase()).collect();
        let [first, between @ .., last] = lower.as_slice() else { return lower.first() == Some(&text) };
        let Some(mut rest) = text.strip_prefix(first.as_str()).and_then(|rest| rest.strip_suffix(last.as_str())) else {
            return false;
        };
        for piece in between {
            let Some(at) = rest.find(piece.as_str()) else { return false };
            rest = &rest[at + piece.len()..];
        }
        true
    }

    /// Returns the text that begins it.
    pub fn beginning(&self) -> &str {
        self.pieces.first().map_or("", |piece| piece)
    }

    /// Returns what the author wrote of it.
    pub fn pieces(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().map(|piece| &**piece)
    }

    /// Returns it as messages name it: `a_…_b`.
    pub fn shown(&self) -> String {
        self.pieces.join("…")
    }
}
