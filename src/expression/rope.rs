//! Builds text from many pieces.
//!
//! [`Text::push`] joins neighbouring pieces of the author by copying; a list of a hundred thousand
//! numbers would copy its beginning as many times. This builder copies each piece once.

use crate::taint::{Segment, Text};

#[derive(Default)]
pub(super) struct Rope {
    text: Text,
    author: String,
}

impl Rope {
    pub(super) fn push_author(&mut self, piece: &str) {
        self.author.push_str(piece);
    }

    pub(super) fn push(&mut self, piece: &Text) {
        for segment in piece.segments() {
            match segment.origin {
                None => self.author.push_str(&segment.text),
                Some(_) => self.push_tainted(segment),
            }
        }
    }

    fn push_tainted(&mut self, segment: &Segment) {
        self.flush();
        self.text.push(segment.clone());
    }

    fn flush(&mut self) {
        if !self.author.is_empty() {
            self.text.push(Segment { text: std::mem::take(&mut self.author).into(), origin: None });
        }
    }

    pub(super) fn finish(mut self) -> Text {
        self.flush();
        self.text
    }
}
