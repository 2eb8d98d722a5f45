//! How both stores ask whether a run may go on.

/// Holds for a row of `run` that is not held back.
pub(super) const NOT_PAUSED: &str = "NOT EXISTS (SELECT 1 FROM pause WHERE kind = 'pipeline' AND name = run.pipeline)
     AND NOT EXISTS (SELECT 1 FROM pause WHERE kind = 'connection' AND name = run.connection)";
