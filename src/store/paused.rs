//! How both stores ask whether a run may go on.

/// Holds for a row of `run` that is not held back.
pub(super) const NOT_PAUSED: &str = "NOT EXISTS (SELECT 1 FROM pause WHERE kind = 'pipeline' AND name = run.pipeline)
     AND NOT EXISTS (SELECT 1 FROM pause WHERE kind = 'connection' AND name = run.connection)";

/// The same for a row of one that has a run's `pipeline` and `lane`: its connection, empty where there is none.
pub(super) const LANE_NOT_PAUSED: &str = "NOT EXISTS (SELECT 1 FROM pause WHERE kind = 'pipeline' AND name = pipeline)
     AND NOT EXISTS (SELECT 1 FROM pause WHERE kind = 'connection' AND name = lane)";

/// In how many groups one transaction looks who goes on now, after a pause or its end, so that others need not wait
/// for all of them.
pub(super) const READMITTED_MAX: usize = 100;

/// Returns the column by which rows of jobs and turns say that they are about something that can be paused.
pub(super) fn column(kind: &str) -> &'static str {
    if kind == "pipeline" { "pipeline" } else { "lane" }
}
