//! How far the logs of a run's jobs have been read, as a text that a reader gives back to go on.
//!
//! `3-9,b:4096,d:17` says: of the jobs 3 to 9 all was read, of job `b` 4096 bytes. A job is named by
//! the last four digits of its id, which count the jobs of its run, also those that become known
//! late.

use crate::id::JobId;
use crate::store::JobDetail;
use std::collections::{BTreeMap, BTreeSet};

/// How many digits of a job's id tell it from others of its run.
const DIGITS: usize = 4;

/// How far the logs of a run were read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Positions {
    /// Jobs that ended and of which all was read.
    ended: BTreeSet<u16>,
    /// The bytes that were read of others.
    offsets: BTreeMap<u16, u64>,
}

impl Positions {
    /// Reads what [`Positions::text`] has written; anything else is the beginning.
    pub(super) fn parse(text: &str) -> Self {
        Self::read(text).unwrap_or_default()
    }

    fn read(text: &str) -> Option<Self> {
        let mut positions = Self::default();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            if let Some((job, offset)) = part.split_once(':') {
                positions.offsets.insert(number(job)?, offset.parse().ok()?);
            } else {
                let (first, last) = part.split_once('-').unwrap_or((part, part));
                positions.ended.extend(number(first)?..=number(last)?);
            }
        }
        Some(positions)
    }

    /// Says whether nothing more will come of a job.
    pub(super) fn has_ended(&self, job: &JobDetail) -> bool {
        key(&job.id).is_some_and(|job| self.ended.contains(&job))
    }

    /// Returns the bytes that were read of a job.
    pub(super) fn offset(&self, job: &JobDetail) -> u64 {
        key(&job.id).and_then(|job| self.offsets.get(&job)).copied().unwrap_or(0)
    }

    /// Notes how many bytes were read of a job.
    pub(super) fn advance(&mut self, job: &JobDetail, offset: u64) {
        if let Some(job) = key(&job.id).filter(|_| offset > 0) {
            self.offsets.insert(job, offset);
        }
    }

    /// Notes that all was read of a job that has ended.
    pub(super) fn end(&mut self, job: &JobDetail) {
        if let Some(job) = key(&job.id) {
            self.offsets.remove(&job);
            self.ended.insert(job);
        }
    }

    /// Returns the text from which reading goes on.
    pub(super) fn text(&self) -> String {
        let mut parts = Vec::new();
        let mut ended = self.ended.iter().copied().peekable();
        while let Some(first) = ended.next() {
            let mut last = first;
            while ended.next_if(|next| Some(*next) == last.checked_add(1)).is_some() {
                last += 1;
            }
            parts.push(if first == last { format!("{first:x}") } else { format!("{first:x}-{last:x}") });
        }
        parts.extend(self.offsets.iter().map(|(job, offset)| format!("{job:x}:{offset}")));
        parts.join(",")
    }
}

fn number(digits: &str) -> Option<u16> {
    u16::from_str_radix(digits, 16).ok()
}

fn key(job: &JobId) -> Option<u16> {
    let id = job.as_str();
    number(id.get(id.len().checked_sub(DIGITS)?..)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, again: &str) {
        assert_eq!(Positions::parse(text).text(), again, "{text}");
    }

    #[test]
    fn a_position_is_written_as_it_was_read_and_nonsense_is_the_beginning() {
        check("", "");
        check("0-2,5,b:4096,d:17", "0-2,5,b:4096,d:17");
        check("2,1,0", "0-2");
        check("ffff", "ffff");
        check("5-2", "");
        for nonsense in ["x", "1:y", ":", "-", "10000", "1:-5", "1:99999999999999999999999"] {
            check(nonsense, "");
        }
    }
}
