//! Masks a line that comes in pieces: a secret may lie across a cut.

use super::Masker;
use crate::run::MASK;

/// Holds back what the next piece may make part of a secret.
#[derive(Debug, Default)]
pub struct Screen {
    held: String,
    /// A mask was the last thing that was shown: so many bytes at the beginning of what is held
    /// belong to it, perhaps none.
    masked: Option<usize>,
}

impl Screen {
    /// Says whether nothing is held back.
    pub fn is_clear(&self) -> bool {
        self.held.is_empty() && self.masked.is_none()
    }

    /// Takes the next piece of a line, the last one if it `ends`, and returns what can be shown.
    pub fn pass(&mut self, masker: &Masker, piece: &str, ends: bool) -> String {
        if ends && self.is_clear() {
            return masker.mask(piece).into_owned();
        }
        let mut text = std::mem::take(&mut self.held);
        text.push_str(piece);
        let masked = self.masked.take();
        // A secret that begins here may go on in the next piece.
        let safe = if ends { text.len() } else { text.len().saturating_sub(masker.longest()) };
        let safe = text.floor_char_boundary(safe);
        let mut shown = String::new();
        let mut at = masked.unwrap_or(0).min(safe);
        self.masked = masked.and_then(|masked| masked.checked_sub(safe));
        for part in masker.hidden(&text).into_iter().take_while(|part| part.start < safe) {
            // What touches the masked beginning is covered by the mask that was shown.
            if masked.is_none_or(|masked| part.start > masked) {
                shown.push_str(&text[at.min(part.start)..part.start]);
                shown.push_str(MASK);
            }
            at = at.max(part.end.min(safe));
            self.masked = self.masked.max(part.end.checked_sub(safe));
        }
        shown.push_str(&text[at..safe]);
        self.held = text.split_off(safe);
        if ends {
            self.masked = None;
        }
        shown
    }
}
