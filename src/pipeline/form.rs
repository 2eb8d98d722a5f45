//! A plan with blanks where payload text goes.
//!
//! Most pipelines do the same for every payload, but for texts that they pass on. Their work is
//! frozen once, as a form: the plan and the expanded document as JSON, with a blank for each text.
//! A run is then its form and the texts for the blanks, which is all that accepting a delivery
//! has to write. A run whose shape a payload decided has a form of its own, without blanks.
//!
//! A blank is a whole tainted segment (see [`crate::taint`]) of a text that no author and no
//! payload can have in its place: [`Form::with_blanks`] refuses what it can't tell apart.

use super::literal::with_literals;
use super::plan::Plan;
use crate::template::{self, Node};
use sha1::{Digest as _, Sha1};

/// What a blank's text begins and ends with: a character of the private use area.
const MARK: char = '\u{F8FF}';
/// What follows a blank in JSON: it is a segment with an origin.
const TAINTED: &str = "\",\"origin\":{";
/// What precedes it.
const SEGMENT: &str = "{\"text\":\"";

/// The frozen work of runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// Tells it from all others: the same digest is the same form.
    pub digest: [u8; 20],
    /// The plan.
    pub plan: Sheet,
    /// The expanded document.
    pub document: Sheet,
}

impl Form {
    /// Returns the form of one run, without blanks.
    pub fn of(plan: &Plan, document: &Node) -> Self {
        let (plan, document) = (Sheet(to_json(plan)), Sheet(to_json(document)));
        let mut digest = Sha1::new();
        digest.update(&plan.0);
        digest.update([0]);
        digest.update(&document.0);
        Self { digest: digest.finalize().into(), plan, document }
    }

    /// Returns the form of a plan and a document that have [`blank`]s as tainted segments. `None`
    /// where a blank has become part of something else, so that another text in its place might
    /// mean something else.
    pub fn with_blanks(plan: &Plan, document: &Node) -> Option<Self> {
        let form = Self::of(plan, document);
        (form.plan.has_whole_blanks() && form.document.has_whole_blanks()).then_some(form)
    }
}

/// Returns the text of a blank, by its place in the list of values.
pub fn blank(place: usize) -> String {
    format!("{MARK}{place}{MARK}")
}

/// JSON text with blanks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet(String);

impl Sheet {
    /// Returns a sheet that was stored.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// Returns the text that is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the plan with its blanks filled in. An error is a sentence: the text is none that
    /// this version has written.
    pub fn plan(&self, values: &[String]) -> Result<Plan, String> {
        serde_json::from_str(&self.filled(values)).map_err(|error| error.to_string())
    }

    /// Returns the expanded document as YAML, its blanks filled in.
    pub fn yaml(&self, values: &[String]) -> Result<String, String> {
        let document: Node = serde_json::from_str(&self.filled(values)).map_err(|error| error.to_string())?;
        Ok(template::to_yaml(&template::as_file(with_literals(document))))
    }

    fn filled(&self, values: &[String]) -> String {
        if values.is_empty() {
            return self.0.clone();
        }
        let mut filled = String::with_capacity(self.0.len());
        let mut pieces = self.0.split(MARK);
        filled.push_str(pieces.next().unwrap_or_default());
        while let (Some(place), Some(rest)) = (pieces.next(), pieces.next()) {
            // The quotes stand around the blank already.
            let value = place.parse().ok().and_then(|place: usize| values.get(place));
            let quoted = to_json(value.map_or("", String::as_str));
            filled.push_str(&quoted[1..quoted.len() - 1]);
            filled.push_str(rest);
        }
        filled
    }

    fn has_whole_blanks(&self) -> bool {
        let mut pieces = self.0.split(MARK);
        let mut before = pieces.next().unwrap_or_default();
        while let (Some(place), Some(after)) = (pieces.next(), pieces.next()) {
            let is_place = !place.is_empty() && place.bytes().all(|byte| byte.is_ascii_digit());
            if !is_place || !before.ends_with(SEGMENT) || !after.starts_with(TAINTED) {
                return false;
            }
            before = after;
        }
        self.0.matches(MARK).count().is_multiple_of(2)
    }
}

fn to_json(value: &(impl serde::Serialize + ?Sized)) -> String {
    serde_json::to_string(value).expect("texts, numbers and lists have a JSON form")
}
