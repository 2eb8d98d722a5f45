//! Builds text from many pieces.
//!
//! [`Text::push`] joins neighbouring pieces of the author by copying; a list of a hundred thousand
//! numbers would copy its beginning as many times. This builder copies each piece once.

use crate::taint::{Segment, Text};

#[derive(Default)]
pub(crate) struct Rope {
    text: Text,
    author: String,
}

impl Rope {
    pub(crate) fn push_author(&mut self, piece: &str) {
        self.author.push_str(piece);
    }

    pub(crate) fn push(&mut self, piece: &Text) {
        piece.segments().iter().for_each(|segment| {
            self.push_segment(segment);
        });
    }

    /// Adds a segment, and says whether it begins one of the text's.
    pub(crate) fn push_segment(&mut self, segment: &Segment) -> bool {
        if segment.is_tainted() {
            self.push_tainted(segment);
            return true;
        }
        let begins = self.author.is_empty() && !segment.text.is_empty();
        self.author.push_str(&segment.text);
        begins
    }

    fn push_tainted(&mut self, segment: &Segment) {
        self.flush();
        self.text.push(segment.clone());
    }

    fn flush(&mut self) {
        if !self.author.is_empty() {
            self.text.push(Segment::author(std::mem::take(&mut self.author)));
        }
    }

    pub(crate) fn finish(mut self) -> Text {
        self.flush();
        self.text
    }
}
