//! In which order due jobs are claimed.
//!
//! Runs of higher priority come first. Among equal ones every run has a **rank**, given once when it
//! is queued; jobs are claimed by rank, those of one rank in the order in which their rows were made.
//! Ranks are the start times of start-time fair queueing, counted in jobs:
//!
//! - a connection's next run begins where its last one ended, or at the **clock**, the largest rank
//!   that was claimed so far, if that is later. So connections that have work take turns, however many
//!   runs one of them has queued, and one that had none for a while gains nothing by that;
//! - a run never ranks before an earlier run of its pipeline: first in, first out in a pipeline, also
//!   where several connections start it.
//!
//! A rank costs one look at three numbers, and a claim one look at an index, whatever waits.

/// The numbers that a rank is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ranking {
    /// The largest rank that was claimed so far.
    pub clock: u64,
    /// Where the last run of the connection ended; runs that were started by hand share one.
    pub connection: u64,
    /// The rank of the last run of the pipeline.
    pub pipeline: u64,
}

/// What a run gets, and what is kept for the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ranked {
    /// The run's rank, to be kept as the pipeline's too.
    pub rank: u64,
    /// Where the run ends, to be kept for the connection.
    pub connection: u64,
}

impl Ranking {
    /// Returns the rank of a run with so many jobs.
    pub fn rank(self, jobs: usize) -> Ranked {
        let start = self.clock.max(self.connection);
        Ranked { rank: start.max(self.pipeline), connection: start.saturating_add(jobs.max(1) as u64) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_on_one_connection_leaves_every_second_place_to_another() {
        let mut flood = 0;
        let ranks: Vec<u64> = (0..100)
            .map(|_| {
                let ranked = Ranking { clock: 0, connection: flood, pipeline: 0 }.rank(1);
                flood = ranked.connection;
                ranked.rank
            })
            .collect();
        assert_eq!(ranks, (0..100).collect::<Vec<_>>());
        let late = Ranking { clock: 7, connection: 0, pipeline: 0 }.rank(1);
        assert_eq!(late, Ranked { rank: 7, connection: 8 }, "it is served next, not after the flood");
    }

    #[test]
    fn a_pipeline_keeps_its_order_without_a_cost_to_the_connection() {
        let ranked = Ranking { clock: 3, connection: 0, pipeline: 50 }.rank(4);
        assert_eq!(ranked, Ranked { rank: 50, connection: 7 });
    }
}
