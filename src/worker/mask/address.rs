//! Secrets inside addresses: percent-encoding (RFC 3986, 2.1; WHATWG URL, "percent-encoded bytes" and
//! `application/x-www-form-urlencoded`).
//!
//! Which characters a program leaves as they are differs from library to library, and from part to part of an
//! address: `!` and `'` stay in JavaScript's `encodeURIComponent`, `$` and `:` in a path of Go's, `*` in forms. So no
//! list of encoded forms is kept: the encoding is undone, and what comes out is looked at as the text itself is.

use std::ops::Range;

/// How a blank is written beside `%20`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blank {
    /// In no other way.
    Encoded,
    /// As `+`, in the fields of a form.
    Plus,
}

/// How many bytes a byte takes that is encoded.
pub(super) const ENCODED_BYTES: usize = 3;

/// A text with its encoded bytes decoded.
#[derive(Debug)]
pub(super) struct Decoded {
    /// The bytes; they need not be UTF-8.
    pub(super) bytes: Vec<u8>,
    /// Where each byte begins in the text, and where the last one ends.
    places: Vec<usize>,
}

impl Decoded {
    /// Decodes a text. `None` where nothing in it is encoded.
    pub(super) fn of(text: &str, blank: Blank) -> Option<Self> {
        let bytes = text.as_bytes();
        let first = match blank {
            Blank::Encoded => memchr::memchr_iter(b'%', bytes).find(|&at| escaped(&bytes[at..]).is_some()),
            Blank::Plus => memchr::memchr(b'+', bytes),
        };
        first?;
        let mut decoded = Self { bytes: Vec::with_capacity(bytes.len()), places: Vec::with_capacity(bytes.len() + 1) };
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            decoded.places.push(at);
            let (byte, length) = match (escaped(&bytes[at..]), byte) {
                (Some(byte), _) => (byte, ENCODED_BYTES),
                (None, b'+') if blank == Blank::Plus => (b' ', 1),
                (None, _) => (byte, 1),
            };
            decoded.bytes.push(byte);
            at += length;
        }
        decoded.places.push(at);
        Some(decoded)
    }

    /// Returns where in the text some of the bytes stand.
    pub(super) fn in_text(&self, part: &Range<usize>) -> Range<usize> {
        self.places[part.start]..self.places[part.end]
    }
}

/// Returns the byte that a text begins with, if it is encoded there.
fn escaped(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = text else { return None };
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? << 4 | digit(low)?)
}
