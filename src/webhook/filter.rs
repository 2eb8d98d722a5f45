//! What a payload must meet for a pipeline to start.
//!
//! All filters of a webhook resource must hold. The documentation only gives the shape
//! (reference, section 1.2); what it leaves open is decided here. A path that leads to nothing,
//! to null, to an object or to an array never holds. A scalar is compared as text, `true` and
//! `false` as JSON spells them, a number as it was sent, ignoring ASCII case as every other
//! comparison of the pipeline language does.

use super::delivery::FilterVerdict;
use super::path::Path;
use super::select::{Selected, Wanted};
use crate::diagnostic::shown;

/// One filter of a webhook resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Where the payload is looked at.
    pub path: Path,
    /// The text that is wanted there, as the author wrote it.
    pub value: String,
}

/// Says whether all filters hold, and why each does or does not: every one is looked at, so that
/// people see more than the first that failed.
pub fn evaluate(filters: &[Filter], payload: &Selected<'_>) -> (bool, Vec<FilterVerdict>) {
    let verdicts: Vec<FilterVerdict> = filters.iter().map(|it| it.judge(payload)).collect();
    (verdicts.iter().all(|verdict| verdict.holds), verdicts)
}

impl Filter {
    /// Says whether the filter holds, and what was found.
    pub fn judge(&self, payload: &Selected<'_>) -> FilterVerdict {
        let found = payload.scalar(self.path.steps());
        let holds = found
            .as_ref()
            .is_some_and(|text| text.eq_ignore_ascii_case(&self.value));
        FilterVerdict {
            path: self.path.to_string(),
            wanted: self.value.clone(),
            found: found.as_deref().map(shown),
            holds,
        }
    }

    /// Adds what the filter looks at.
    pub fn want(&self, wanted: &mut Wanted) {
        wanted.add(self.path.steps());
    }
}
