//! The two phases: what a script's holes require, and whether a payload's values meet it.

use super::{Language, PlacedHole, VALUE_BYTES_MAX, VALUES_BYTES_MAX};
use crate::taint::Text;

/// A piece of a script as the analysis sees it: without the payload's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// What the author wrote.
    Author(&'a str),
    /// A place that some payload's text will fill.
    Hole,
}

impl<'a> Piece<'a> {
    /// Returns the pieces of a text, one for each segment.
    pub fn of(text: &'a Text) -> Vec<Self> {
        let piece = |segment: &'a crate::taint::Segment| match segment.is_tainted() {
            true => Self::Hole,
            false => Self::Author(&segment.text),
        };
        text.segments().iter().map(piece).collect()
    }
}

/// Why a hole can't be filled, or not with this value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The tainted segment's index in the script's text.
    pub segment: usize,
    /// The line of the script where the hole stands, counted from 1.
    pub line: usize,
    /// What the text can't be, to be read after "payload text can't be".
    pub reason: String,
    /// One action that would mend it.
    pub help: Option<String>,
    /// True if another value would be accepted at this place.
    pub value_dependent: bool,
}

/// What is known of a script before any payload. It depends on the author's pieces alone, so it
/// can be kept for as long as the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Analysis {
    /// The script with references in place of its holes. Not to be run while there are refusals.
    pub script: String,
    /// Each hole's place and requirements.
    pub holes: Vec<PlacedHole>,
    /// The holes that no value can fill.
    pub refusals: Vec<Refusal>,
    lines: Vec<usize>,
}

impl Analysis {
    /// Tests the holes' values, in the order of the script, and returns the variables to set.
    pub fn fill(&self, values: &[&str]) -> Result<Vec<(String, String)>, Vec<Refusal>> {
        let mut refusals = self.refusals.clone();
        if refusals.is_empty() {
            refusals = self.values_refused(values);
        }
        if !refusals.is_empty() {
            return Err(refusals);
        }
        Ok(self.holes.iter().zip(values).map(|(hole, value)| (hole.variable.clone(), (*value).to_owned())).collect())
    }

    fn values_refused(&self, values: &[&str]) -> Vec<Refusal> {
        let mut refused = Vec::new();
        let mut bytes = 0;
        for (index, (hole, value)) in self.holes.iter().zip(values).enumerate() {
            bytes += value.len();
            if let Some((reason, help)) = value_refused(hole, value, bytes) {
                let (segment, line) = (hole.segment, self.lines[index]);
                refused.push(Refusal { segment, line, reason, help: Some(help), value_dependent: true });
            }
        }
        refused
    }
}

/// Returns why a value can't fill its hole, and what to do. `bytes` counts all values so far.
fn value_refused(hole: &PlacedHole, value: &str, bytes: usize) -> Option<(String, String)> {
    if value.contains('\0') {
        let help = "test for it in a filter, or leave it to a program that reads the payload itself";
        return Some(("put into a script if it holds a NUL character".into(), help.into()));
    }
    if value.len() > VALUE_BYTES_MAX || bytes > VALUES_BYTES_MAX {
        let (one, all) = (VALUE_BYTES_MAX / 1024, VALUES_BYTES_MAX / 1024);
        let reason = format!("put into a script if one value is longer than {one} KiB or all together than {all} KiB");
        return Some((reason, "name a smaller member of the payload".into()));
    }
    let unmet = hole.requirements.iter().find(|requirement| !requirement.admits(value))?;
    let help = "refuse such payloads with a filter, or let the payload choose among your own words with `oneOf`";
    Some((format!("used here unless it is {unmet}"), help.into()))
}

/// Works out what a script's holes require, without any value.
pub fn analyse(pieces: &[Piece], language: Language) -> Analysis {
    match language {
        Language::Bash => analyse_bash(pieces),
    }
}

fn analyse_bash(pieces: &[Piece]) -> Analysis {
    let mut analysis = Analysis { script: String::new(), holes: Vec::new(), refusals: Vec::new(), lines: Vec::new() };
    for (segment, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Author(text) => analysis.script.push_str(text),
            Piece::Hole => {
                let line = analysis.script.matches('\n').count() + 1;
                let reason = "put into a script whose places are not known".to_owned();
                analysis.refusals.push(Refusal { segment, line, reason, help: None, value_dependent: false });
            }
        }
    }
    analysis
}
