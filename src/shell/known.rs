//! Analyses that were made before the first delivery.

use super::analysis::{Analysis, Refusal, analyse};
use super::outline::{Outline, Script};
use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

/// The analyses of a template's scripts, made once when its file was loaded. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Known {
    analyses: Arc<HashMap<Outline, Analysis>>,
}

impl Known {
    /// Analyses outlines.
    pub fn new(outlines: impl IntoIterator<Item = Outline>) -> Self {
        let mut analyses = HashMap::new();
        for outline in outlines {
            if let Entry::Vacant(vacant) = analyses.entry(outline) {
                let analysis = analyse(vacant.key());
                vacant.insert(analysis);
            }
        }
        Self { analyses: Arc::new(analyses) }
    }

    /// Returns the analysis of an outline: the one that is known, or a new one where a script was put
    /// together in a way that could not be foreseen.
    pub fn analysis(&self, outline: &Outline) -> Cow<'_, Analysis> {
        match self.analyses.get(outline) {
            Some(known) => Cow::Borrowed(known),
            None => Cow::Owned(analyse(outline)),
        }
    }

    /// Returns the analysis of an outline, if it is known.
    pub fn get(&self, outline: &Outline) -> Option<&Analysis> {
        self.analyses.get(outline)
    }

    /// Tests the values of a script.
    pub fn test(&self, script: &Script<'_>) -> Result<(), Vec<Refusal>> {
        self.analysis(&script.outline()).test(&script.values())
    }
}
