//! What the queries of this store mean by due.

/// Holds for a row of `job` that may be claimed, unless its pipeline or connection is paused and no claim has met that
/// yet. The indexes `job_of_pipeline` and `job_oldest` have these rows and no others.
pub(super) const DUE: &str = "job.state = 'due' AND job.aside IS NULL";
