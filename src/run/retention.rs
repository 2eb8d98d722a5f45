//! How long what was is kept. Pure: the numbers, and which of several things have to go.

use std::time::Duration;

/// A day.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A gibibyte.
const GIB: u64 = 1024 * 1024 * 1024;

/// How long something is kept, and how much of it at the most. What is older goes, and then the oldest
/// until the rest is small enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keeping {
    /// Older ones go.
    pub age: Duration,
    /// The most bytes of all; `None` where that does not matter.
    pub size: Option<u64>,
}

/// What is kept how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Verified deliveries with their bodies and decisions.
    pub deliveries: Keeping,
    /// Completed runs with their stages, jobs and steps; their logs and artifacts go with them.
    pub runs: Keeping,
    /// Logs of completed runs.
    pub logs: Keeping,
    /// Artifacts of completed runs, and files that steps handed over.
    pub artifacts: Keeping,
    /// Folders of jobs that nobody works on any more.
    pub workspaces: Keeping,
}

impl Default for Retention {
    /// Bodies hold what people wrote, so they are not kept longer than somebody may ask for them. The
    /// record of a run is small. A log and an artifact of last month are looked at by nobody; together
    /// they fit a small disk. A folder of a lost job is there to be looked at on the next day.
    fn default() -> Self {
        Self {
            deliveries: Keeping { age: 30 * DAY, size: Some(2 * GIB) },
            runs: Keeping { age: 90 * DAY, size: None },
            logs: Keeping { age: 30 * DAY, size: Some(5 * GIB) },
            artifacts: Keeping { age: 30 * DAY, size: Some(10 * GIB) },
            workspaces: Keeping { age: DAY, size: None },
        }
    }
}

/// Something that takes room: its age, and its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// How old it is.
    pub age: Duration,
    /// How many bytes it has.
    pub bytes: u64,
}

impl Keeping {
    /// Returns the places of those that go, the oldest first.
    pub fn over(&self, held: &[Held]) -> Vec<usize> {
        let mut oldest: Vec<usize> = (0..held.len()).collect();
        oldest.sort_by_key(|&at| std::cmp::Reverse(held[at].age));
        let mut bytes: u64 = held.iter().map(|it| it.bytes).sum();
        let is_over = |at: usize, bytes: u64| held[at].age > self.age || self.size.is_some_and(|most| bytes > most);
        let goes = |at: &usize| {
            let goes = is_over(*at, bytes);
            bytes -= held[*at].bytes;
            goes
        };
        oldest.into_iter().take_while(goes).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_ones_go_and_then_the_oldest_until_the_rest_fits() {
        let held = |age: u64, bytes: u64| Held { age: Duration::from_secs(age), bytes };
        let all = [held(1, 10), held(50, 10), held(9, 10), held(20, 10)];
        let keeping = |age: u64, size: Option<u64>| Keeping { age: Duration::from_secs(age), size };
        assert_eq!(keeping(100, None).over(&all), [0; 0]);
        assert_eq!(keeping(19, None).over(&all), [1, 3]);
        assert_eq!(keeping(100, Some(25)).over(&all), [1, 3]);
        assert_eq!(keeping(19, Some(15)).over(&all), [1, 3, 2]);
        assert_eq!(keeping(100, Some(40)).over(&all), [0; 0]);
        assert_eq!(keeping(100, Some(0)).over(&all), [1, 3, 2, 0]);
    }
}
