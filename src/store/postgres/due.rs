//! What the queries of this store mean by due: a row of `job` that may be claimed, unless its pipeline or connection is
//! paused and no claim has met that yet. Said in three ways, as each index has a condition of its own: see version 7 of
//! the schema.

/// By whichever index.
pub(super) const DUE: &str = "job.state = 'due' AND job.aside IS NULL";
/// As the index `job_of_pipeline` has them.
pub(super) const DUE_BY_PIPELINE: &str = "job.state = 'due' AND job.aside IS NULL AND job.pipeline >= ''";
/// As the index `job_oldest` has them.
pub(super) const DUE_BY_AGE: &str = "job.state = 'due' AND job.aside IS NULL AND job.due_at IS NOT NULL";
