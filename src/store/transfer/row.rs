//! Rows on their way from one store into another, and how both sides know that they have the same.

use crate::store::QueuedRun;
use sha2::{Digest as _, Sha256};

/// The fields of a row, in the order of its table's columns.
pub(in crate::store) type Row = Vec<Field>;

/// A value, by what the other store makes of it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::store) enum Field {
    Null,
    Number(i64),
    Flag(bool),
    /// Microseconds since 1970.
    Moment(i64),
    Text(String),
    /// A text that an index holds.
    Key(String),
    /// As a key, in which letter cases are not told apart.
    Fold(String),
    Bytes(Vec<u8>),
    /// What the sender of a delivery was answered.
    Runs(Vec<QueuedRun>),
}

impl Field {
    pub(in crate::store) fn text(text: Option<&str>) -> Self {
        text.map_or(Self::Null, |text| Self::Text(text.to_owned()))
    }

    /// Returns about how many bytes it takes.
    pub(in crate::store) fn size(&self) -> usize {
        match self {
            Self::Null | Self::Number(_) | Self::Flag(_) | Self::Moment(_) => 8,
            Self::Text(text) | Self::Key(text) | Self::Fold(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Runs(runs) => runs.iter().map(|run| run.pipeline.len() + run.name.len() + 50).sum(),
        }
    }
}

/// How many rows, and a sum over the digests of all of them: the same rows have the same sum in every order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::store) struct Tally {
    pub(in crate::store) rows: u64,
    sum: u128,
}

impl Tally {
    /// Adds a row as it is written on the way.
    pub(in crate::store) fn add(&mut self, line: &[u8]) {
        let digest = Sha256::digest(line);
        let half = digest.first_chunk().expect("a digest is longer");
        self.rows += 1;
        self.sum = self.sum.wrapping_add(u128::from_be_bytes(*half));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_is_of_rows_and_not_of_their_order() {
        let of = |lines: &[&str]| {
            let mut tally = Tally::default();
            lines.iter().for_each(|line| tally.add(line.as_bytes()));
            tally
        };
        assert_eq!(of(&["a", "b", "a"]), of(&["a", "a", "b"]));
        assert_ne!(of(&["a", "b"]), of(&["a", "c"]));
        assert_ne!(of(&["a"]), of(&["a", "a"]));
        assert_ne!(of(&["ab"]), of(&["a", "b"]));
    }
}
