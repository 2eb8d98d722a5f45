//! What one evaluation may use up.
//!
//! An expression is short, but its values may be a payload of a megabyte, and each function may
//! make a copy. So steps, bytes made and bytes compared are counted, and what would be too much is
//! refused before it is made.

use super::Mistake;
use crate::taint::Text;
use std::cell::Cell;
use std::ops::Range;

/// The most steps of an evaluation. A text of 21,000 characters has fewer, so it only stops what
/// this crate would get wrong.
pub const STEPS_MAX: usize = 10_000;

/// The most bytes of text and lists that an evaluation makes.
pub const BYTES_MAX: usize = 8 * 1024 * 1024;

/// The most bytes of text that an evaluation searches or compares.
pub const COMPARED_MAX: usize = 64 * 1024 * 1024;

/// What a list's item or a text's segment costs beside its characters.
const ITEM_BYTES: usize = 64;

/// What evaluations took together, for a limit over many of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Steps of evaluation.
    pub steps: usize,
    /// Bytes of text and lists that were made.
    pub bytes: usize,
    /// Bytes of text that were searched or compared.
    pub compared: usize,
}

#[derive(Default)]
pub(super) struct Budget {
    steps: Cell<usize>,
    bytes: Cell<usize>,
    compared: Cell<usize>,
}

impl Budget {
    pub(super) fn step(&self, range: &Range<usize>) -> Result<(), Mistake> {
        charge(&self.steps, 1, STEPS_MAX)
            .ok_or_else(|| over(range, format!("an evaluation takes more than {STEPS_MAX} steps")))
    }

    pub(super) fn add_to(&self, usage: &mut Usage) {
        usage.steps = usage.steps.saturating_add(self.steps.get());
        usage.bytes = usage.bytes.saturating_add(self.bytes.get());
        usage.compared = usage.compared.saturating_add(self.compared.get());
    }

    /// Charges for text that is about to be made.
    pub(super) fn bytes(&self, bytes: usize, range: &Range<usize>) -> Result<(), Mistake> {
        charge(&self.bytes, bytes, BYTES_MAX).ok_or_else(|| Self::too_many_bytes(range))
    }

    pub(super) fn too_many_bytes(range: &Range<usize>) -> Mistake {
        over(range, format!("an evaluation makes more than {} MiB of text", BYTES_MAX >> 20))
    }

    /// Charges for items that are about to be put into a list.
    pub(super) fn items(&self, count: usize, range: &Range<usize>) -> Result<(), Mistake> {
        self.bytes(count.saturating_mul(ITEM_BYTES), range)
    }

    /// Charges for text that is about to be put into a longer one.
    pub(super) fn text(&self, text: &Text, range: &Range<usize>) -> Result<(), Mistake> {
        let tainted = text.segments().iter().filter(|segment| segment.is_tainted()).count();
        self.bytes(text.len().saturating_add(tainted.saturating_mul(ITEM_BYTES)), range)
    }

    /// Charges for text that is about to be searched or compared.
    pub(super) fn compared(&self, bytes: usize, range: &Range<usize>) -> Result<(), Mistake> {
        charge(&self.compared, bytes, COMPARED_MAX)
            .ok_or_else(|| over(range, format!("an evaluation compares more than {} MiB of text", COMPARED_MAX >> 20)))
    }

    /// Returns how many bytes are left.
    pub(super) fn bytes_left(&self) -> usize {
        BYTES_MAX - self.bytes.get()
    }
}

fn charge(used: &Cell<usize>, amount: usize, most: usize) -> Option<()> {
    let sum = used.get().checked_add(amount).filter(|sum| *sum <= most)?;
    used.set(sum);
    Some(())
}

fn over(range: &Range<usize>, title: String) -> Mistake {
    Mistake::limit(range.clone(), title, "the limit was reached here")
}
