//! Secrets in output give way to `***` (security, "The run").
//!
//! What is masked: each secret as it is, each line of it, and the forms that programs usually
//! give it (see `form.rs`), base64 and hexadecimal digits also where they are broken into lines (`piece.rs`), and all
//! of these in addresses (`address.rs`); passwords in addresses too. It is best effort: what a program changes in another
//! way, or prints in parts, is not found.

mod address;
mod form;
mod piece;
mod screen;

pub use screen::Screen;

use crate::run::MASK;
use address::{Blank, Decoded, ENCODED_BYTES};
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use piece::{Alphabet, PIECE, Pieces};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// The fewest bytes of a secret: a shorter one stands in every text.
pub const SECRET_MIN: usize = 3;
/// The fewest bytes of one line of a secret.
const LINE_MIN: usize = 4;
/// The most secrets of a job: all their forms are looked for at once.
pub const SECRETS_MAX: usize = 1_000;
/// The most bytes of all secrets of a job.
pub const SECRETS_BYTES_MAX: usize = 256 * 1024;

/// Why a secret can't be masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unmaskable {
    /// It is shorter than [`SECRET_MIN`].
    #[error("a secret of less than {SECRET_MIN} bytes is not masked")]
    Short,
    /// The job has as many as it may.
    #[error("a job can have {SECRETS_MAX} secrets of {SECRETS_BYTES_MAX} bytes in all")]
    TooMany,
}

/// The fewest bytes of a secret of the server itself. A job was given none of these, and a shorter one is
/// a word that its output has of its own.
pub const OWN_SECRET_MIN: usize = 8;

/// Knows the secrets of a job. It only ever learns more.
#[derive(Debug, Clone)]
pub struct Masker {
    /// Knows what all jobs share, made once for them.
    base: Option<Arc<Masker>>,
    secrets: BTreeSet<String>,
    bytes: usize,
    patterns: BTreeSet<Vec<u8>>,
    /// Finds all patterns; made anew when one is added.
    automaton: Option<AhoCorasick>,
    longest: usize,
    /// Whether a secret has a blank, which a form's fields have as `+`.
    has_blank: bool,
    /// Long encodings, however they are broken into lines.
    pieces: [Pieces; 2],
}

impl Default for Masker {
    fn default() -> Self {
        Self {
            base: None,
            secrets: BTreeSet::new(),
            bytes: 0,
            patterns: BTreeSet::new(),
            automaton: None,
            longest: 0,
            has_blank: false,
            pieces: [Alphabet::Base64, Alphabet::Hex].map(Pieces::of),
        }
    }
}

impl Masker {
    /// Returns what knows the secrets of the server itself, as far as they are long enough to be told from
    /// other text and there is room for them.
    pub fn of_server<'s>(secrets: impl IntoIterator<Item = &'s str>) -> Self {
        let mut masker = Self::default();
        for secret in secrets.into_iter().filter(|secret| secret.len() >= OWN_SECRET_MIN) {
            if let Err(reason) = masker.learn(secret) {
                tracing::warn!(%reason, "a secret of the server can't be masked in the output of jobs");
            }
        }
        if !masker.patterns.is_empty()
            && let Err(reason) = masker.compile(None)
        {
            tracing::warn!(%reason, "the secrets of the server can't be masked in the output of jobs");
        }
        masker
    }

    /// Returns one for a job, which knows nothing yet beside what all jobs share.
    pub fn above(base: Arc<Self>) -> Self {
        Self { base: Some(base), ..Self::default() }
    }

    /// Learns a secret.
    pub fn add(&mut self, secret: &str) -> Result<(), Unmaskable> {
        if secret.is_empty() || self.secrets.contains(secret) {
            return Ok(());
        }
        self.learn(secret)?;
        self.compile(Some(AhoCorasickKind::ContiguousNFA))
    }

    /// Notes the forms of a secret.
    fn learn(&mut self, secret: &str) -> Result<(), Unmaskable> {
        if secret.len() < SECRET_MIN {
            return Err(Unmaskable::Short);
        }
        if self.secrets.len() >= SECRETS_MAX || self.bytes + secret.len() > SECRETS_BYTES_MAX {
            return Err(Unmaskable::TooMany);
        }
        self.bytes += secret.len();
        self.secrets.insert(secret.to_owned());
        self.has_blank |= secret.contains(' ');
        let forms = form::forms(secret);
        self.patterns.extend(forms.texts);
        for (alphabet, encoding) in forms.encodings {
            let learned = self.pieces[alphabet as usize].learn(&encoding);
            if !learned && encoding.len() >= SECRET_MIN {
                self.patterns.insert(encoding);
            }
        }
        Ok(())
    }

    /// Makes what finds all patterns, of a kind, or of the one that finds them fastest.
    fn compile(&mut self, kind: Option<AhoCorasickKind>) -> Result<(), Unmaskable> {
        let piece = if self.pieces.iter().all(Pieces::is_empty) { 0 } else { PIECE };
        self.longest = self.patterns.iter().map(Vec::len).max().unwrap_or(0).max(piece);
        let automaton = AhoCorasick::builder().kind(kind).build(&self.patterns);
        self.automaton = Some(automaton.map_err(|_| Unmaskable::TooMany)?);
        Ok(())
    }

    /// Says whether it has learned a secret itself, beside what all jobs share.
    pub fn has_own(&self) -> bool {
        !self.secrets.is_empty()
    }

    /// Says whether a text has anything in it that is masked.
    pub fn masks(&self, text: &str) -> bool {
        !self.hidden(text).is_empty()
    }

    /// Returns the text with all that is known masked.
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let hidden = self.hidden(text);
        if hidden.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut masked = String::with_capacity(text.len());
        let mut at = 0;
        for part in hidden {
            masked.push_str(&text[at..part.start]);
            masked.push_str(MASK);
            at = part.end;
        }
        masked.push_str(&text[at..]);
        Cow::Owned(masked)
    }

    /// Returns the most bytes of anything that is looked for, in an address too.
    fn longest(&self) -> usize {
        self.known().map(|masker| masker.longest).max().unwrap_or(0) * ENCODED_BYTES
    }

    /// Returns what knows secrets: what all jobs share, and this one.
    fn known(&self) -> impl Iterator<Item = &Self> {
        self.base.as_deref().into_iter().chain([self])
    }

    /// Returns the parts that must not be shown, in order, joined where they touch.
    fn hidden(&self, text: &str) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = passwords(text);
        self.find(text.as_bytes(), &mut found);
        let has_blank = self.known().any(|masker| masker.has_blank);
        let blanks = [Some(Blank::Encoded), has_blank.then_some(Blank::Plus)];
        for decoded in blanks.into_iter().flatten().filter_map(|blank| Decoded::of(text, blank)) {
            let mut inside = Vec::new();
            self.find(&decoded.bytes, &mut inside);
            found.extend(inside.iter().map(|part| decoded.in_text(part)));
        }
        found.iter_mut().for_each(|part| *part = whole_characters(text, part));
        found.sort_by_key(|part| part.start);
        let mut joined: Vec<Range<usize>> = Vec::with_capacity(found.len());
        for part in found {
            match joined.last_mut() {
                Some(last) if part.start <= last.end => last.end = last.end.max(part.end),
                _ => joined.push(part),
            }
        }
        joined
    }

    /// Adds where anything that is known stands in some bytes.
    fn find(&self, bytes: &[u8], found: &mut Vec<Range<usize>>) {
        for masker in self.known() {
            if let Some(automaton) = &masker.automaton {
                found.extend(automaton.find_overlapping_iter(bytes).map(|it| it.range()));
            }
            masker.pieces.iter().for_each(|pieces| pieces.find(bytes, found));
        }
    }
}

/// A form of a secret may begin or end inside a character, as its bytes in base64 do not, but
/// those of a text cut at a limit might.
fn whole_characters(text: &str, part: &Range<usize>) -> Range<usize> {
    text.floor_char_boundary(part.start)..text.ceil_char_boundary(part.end)
}

/// Returns the passwords in addresses such as `https://user:password@host`.
fn passwords(text: &str) -> Vec<Range<usize>> {
    // Most lines have no `@`, and to look for one byte takes no preparation.
    if memchr::memchr(b'@', text.as_bytes()).is_none() {
        return Vec::new();
    }
    let ends_user_info = |byte: u8| matches!(byte, b'/' | b'?' | b'#' | b'@' | b'\n');
    let mut found = Vec::new();
    for start in memchr::memmem::find_iter(text.as_bytes(), b"//").map(|at| at + 2) {
        let rest = &text.as_bytes()[start..];
        let Some(end) = rest.iter().position(|byte| ends_user_info(*byte)).filter(|end| rest[*end] == b'@') else {
            continue;
        };
        let Some(colon) = memchr::memchr(b':', &rest[..end]).filter(|colon| *colon > 0 && colon + 1 < end) else {
            continue;
        };
        found.push(start + colon + 1..start + end);
    }
    found
}
