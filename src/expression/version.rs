//! Versions: two to four whole numbers with dots between them.

use std::fmt;

/// A version such as `1.2.3`. A part that is missing is less than 0, so `1.2.3` and `1.2.3.0`
/// differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version([Option<u32>; 4]);

impl Version {
    /// Returns the version that a literal stands for: digits and dots only.
    pub(super) fn from_literal(text: &str) -> Option<Self> {
        Self::parse(text, |part| part)
    }

    /// Returns the version that a text converts to. Blanks and a plus sign before a part are allowed.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        Self::parse(text, |part| {
            let part = part.trim();
            part.strip_prefix('+').unwrap_or(part)
        })
    }

    fn parse(text: &str, clean: impl Fn(&str) -> &str) -> Option<Self> {
        let mut parts = [None; 4];
        let mut count = 0;
        for part in text.split('.') {
            *parts.get_mut(count)? = Some(number(clean(part))?);
            count += 1;
        }
        (count >= 2).then_some(Self(parts))
    }
}

/// Reads one part: a whole number that fits 31 bits.
fn number(part: &str) -> Option<u32> {
    if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    part.parse().ok().filter(|&number| number <= i32::MAX as u32)
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.0.iter().flatten().enumerate() {
            let dot = if index == 0 { "" } else { "." };
            write!(f, "{dot}{part}")?;
        }
        Ok(())
    }
}
