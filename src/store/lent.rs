//! What runs have taken, or need, of the files of others.

use crate::id::RunId;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Artifacts of reruns: whose each is, when that ended, and where it is kept.
pub(super) const ARTIFACTS: &str = "SELECT run.id, run.finished_at, artifact.location
     FROM run
     JOIN artifact ON artifact.run = run.seq
     WHERE run.rerun_of IS NOT NULL AND artifact.kind = 'container'";
/// Reports of steps of reruns with files, in the same form.
pub(super) const REPORTS: &str = "SELECT run.id, run.finished_at, report.report
     FROM run
     JOIN job ON job.run = run.seq
     JOIN report ON report.job = job.seq
     WHERE run.rerun_of IS NOT NULL AND report.report LIKE '%\"files\"%'";

/// What runs that are not completed have agreed to need of others, in the same form. The names of such
/// agreements begin with [`LOAN`](super::LOAN).
pub(super) const LOANS: &str = "SELECT run.id, run.finished_at, 'artifacts/' || agreement.value
     FROM run
     JOIN agreement ON agreement.run = run.seq
     WHERE run.state <> 'completed' AND substr(agreement.name, 1, 11) = 'other run: '";

/// The ids of the runs that others need which are not completed.
pub(super) const NEEDED: &str = "SELECT agreement.value
     FROM run AS needy
     JOIN agreement ON agreement.run = needy.seq
     WHERE needy.state <> 'completed' AND substr(agreement.name, 1, 11) = 'other run: '";

/// A run whose artifacts or files others have taken, or need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lent {
    /// The run that made them.
    pub run: RunId,
    /// When the last of those that have taken some ended; nothing while one has not.
    pub until: Option<Timestamp>,
}

/// Something that a run has or needs, with the path below the data folder where it is kept.
pub(super) struct Taken<'t> {
    pub(super) by: &'t str,
    pub(super) ended: Option<Timestamp>,
    pub(super) path: &'t str,
}

/// Who has lent what, by the folders in which it is kept.
#[derive(Default)]
pub(super) struct Ledger(BTreeMap<String, Option<Timestamp>>);

impl Ledger {
    /// Notes something that a run has or needs, unless it has made that itself.
    pub(super) fn note(&mut self, taken: &Taken<'_>) {
        let mut parts = taken.path.split('/');
        let (Some("artifacts" | "files"), Some(run)) = (parts.next(), parts.next()) else { return };
        if run == taken.by {
            return;
        }
        let until = self.0.entry(run.to_owned()).or_insert(taken.ended);
        *until = until.zip(taken.ended).map(|(one, other)| one.max(other));
    }

    /// Returns what was noted, in the order of the runs.
    pub(super) fn close(self) -> Vec<Lent> {
        self.0.into_iter().map(|(run, until)| Lent { run: RunId::from_stored(&run), until }).collect()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn loans_are_found_by_their_name() {
        let wanted = format!("substr(agreement.name, 1, {}) = '{}'", super::super::LOAN.len(), super::super::LOAN);
        assert!(super::LOANS.contains(&wanted) && super::NEEDED.contains(&wanted), "{wanted}");
    }
}
