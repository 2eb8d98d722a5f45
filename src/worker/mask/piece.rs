//! Pieces of encoded secrets: tools break base64 and hexadecimal digits into lines of 60, 64 or 76 columns, wherever
//! a secret stands in what they encode, and a log is masked line by line.
//!
//! So what is known of a long encoding is each [`PIECE`] of its characters in a row: of a line that has so many or
//! more of them, all are found, however it was cut. Text is jumped over where a character belongs to no encoding,
//! which ordinary words are shorter than, so looking costs about as much as reading.

use std::collections::HashSet;
use std::ops::Range;

/// How many characters of an encoding in a row are told from other text: 12 bytes of a secret in base64, 8 in
/// hexadecimal digits.
pub(super) const PIECE: usize = 16;
/// The most pieces that are known, of 16 bytes each: enough for secrets of some 50 KiB.
const PIECES_MAX: usize = 200_000;
/// The bits of what tells most characters that begin no piece without a search.
const SIEVE_BITS: usize = 1 << 16;

/// How the characters of an encoding are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// Both alphabets of RFC 4648, 4 and 5, as one.
    Base64,
    /// Digits of either case.
    Hex,
}

impl Alphabet {
    /// Returns a character as it is compared; 0 for one that is not of the alphabet.
    fn folded(self, byte: u8) -> u8 {
        match (self, byte) {
            (Self::Base64, b'-') => b'+',
            (Self::Base64, b'_') => b'/',
            (Self::Base64, b'+' | b'/' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z') => byte,
            (Self::Hex, b'0'..=b'9' | b'a'..=b'f') => byte,
            (Self::Hex, b'A'..=b'F') => byte.to_ascii_lowercase(),
            _ => 0,
        }
    }
}

/// The pieces of one alphabet.
#[derive(Debug, Clone)]
pub(super) struct Pieces {
    alphabet: Alphabet,
    known: HashSet<u128>,
    /// For each value of [`place`] whether a piece has it.
    sieve: Box<[u64]>,
}

impl Pieces {
    pub(super) fn of(alphabet: Alphabet) -> Self {
        Self { alphabet, known: HashSet::new(), sieve: Box::default() }
    }

    /// Says whether nothing is looked for.
    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Learns an encoding, if it is long enough to have pieces and there is room for them, and says whether it did.
    pub(super) fn learn(&mut self, encoding: &[u8]) -> bool {
        if encoding.len() < PIECE || self.known.len() + encoding.len() > PIECES_MAX {
            return false;
        }
        if self.sieve.is_empty() {
            self.sieve = vec![0; SIEVE_BITS / 64].into();
        }
        let mut piece = 0;
        for (at, byte) in encoding.iter().enumerate() {
            piece = next(piece, self.alphabet.folded(*byte));
            if at + 1 >= PIECE && self.known.insert(piece) {
                let place = place(piece);
                self.sieve[place / 64] |= 1 << (place % 64);
            }
        }
        true
    }

    /// Adds the pieces of a text, joined where they touch, in order.
    pub(super) fn find(&self, bytes: &[u8], found: &mut Vec<Range<usize>>) {
        if self.is_empty() {
            return;
        }
        let is_outside = |byte: &u8| self.alphabet.folded(*byte) == 0;
        let mut at = 0;
        while let Some(window) = bytes.get(at..at + PIECE) {
            if let Some(outside) = window.iter().rposition(is_outside) {
                at += outside + 1;
                continue;
            }
            let mut piece = window[..PIECE - 1].iter().fold(0, |piece, byte| next(piece, self.alphabet.folded(*byte)));
            let mut end = at + PIECE - 1;
            while let Some(byte) = bytes.get(end).filter(|byte| !is_outside(byte)) {
                piece = next(piece, self.alphabet.folded(*byte));
                end += 1;
                if self.has(piece) {
                    match found.last_mut() {
                        Some(last) if last.end + PIECE >= end && last.start + PIECE <= end => {
                            last.end = last.end.max(end);
                        }
                        _ => found.push(end - PIECE..end),
                    }
                }
            }
            at = end + 1;
        }
    }

    fn has(&self, piece: u128) -> bool {
        let place = place(piece);
        self.sieve[place / 64] & (1 << (place % 64)) != 0 && self.known.contains(&piece)
    }
}

/// Returns the last characters when another one follows.
fn next(piece: u128, byte: u8) -> u128 {
    (piece << 8) | u128::from(byte)
}

/// Spreads pieces over the sieve (Fibonacci hashing).
fn place(piece: u128) -> usize {
    const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
    let folded = (piece as u64).wrapping_mul(SPREAD) ^ (piece >> 64) as u64;
    (folded.wrapping_mul(SPREAD) >> 48) as usize
}
