//! The two phases: what a script's holes require, and whether a payload's values meet it.

use super::place::Place;
use super::read::{Reading, Unread, Why, read};
use super::rewrite::rewrite;
use super::sink::judge;
use super::symbol::{Symbol, line_of, symbols};
use super::{Language, PlacedHole, VALUE_BYTES_MAX, VALUES_BYTES_MAX, VARIABLE_PREFIX};
use crate::taint::Text;

/// What an author can do about a place that takes no payload text.
const HELP: &str = "give the text to a program as an argument in double quotes, or let the payload choose among your own words with `oneOf`";

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
    /// The script with references in place of its holes; empty if there are refusals.
    pub script: String,
    /// Each hole's place and requirements; empty if there are refusals.
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
    let outline = Outline::new(pieces);
    if outline.segments.is_empty() {
        return Analysis { script: author_text(pieces), holes: Vec::new(), refusals: Vec::new(), lines: Vec::new() };
    }
    match read(&outline.symbols) {
        Ok(reading) => outline.judged(&reading),
        Err(unread) => outline.unread(unread),
    }
}

fn author_text(pieces: &[Piece]) -> String {
    let texts = pieces.iter().map(|piece| if let Piece::Author(text) = piece { text } else { "" });
    texts.collect()
}

/// Returns the name of a hole's variable.
fn variable(hole: usize) -> String {
    format!("{VARIABLE_PREFIX}{}", hole + 1)
}

/// A script's symbols, and for each hole its segment and its line.
struct Outline {
    symbols: Vec<Symbol>,
    segments: Vec<usize>,
    lines: Vec<usize>,
}

impl Outline {
    fn new(pieces: &[Piece]) -> Self {
        let (mut segments, mut lines, mut line) = (Vec::new(), Vec::new(), 1);
        for (segment, piece) in pieces.iter().enumerate() {
            match piece {
                Piece::Author(text) => line += text.matches('\n').count(),
                Piece::Hole => {
                    segments.push(segment);
                    lines.push(line);
                }
            }
        }
        Self { symbols: symbols(pieces), segments, lines }
    }

    fn refusal(&self, hole: usize, reason: String) -> Refusal {
        let (segment, line) = (self.segments[hole], self.lines[hole]);
        Refusal { segment, line, reason, help: Some(HELP.to_owned()), value_dependent: false }
    }

    fn refused(self, refusals: Vec<Refusal>) -> Analysis {
        Analysis { script: String::new(), holes: Vec::new(), refusals, lines: self.lines }
    }

    /// Returns the analysis of a script that could not be read. Each hole of it is refused by one
    /// refusal: at the hole that is to blame, or at the first.
    fn unread(self, unread: Unread) -> Analysis {
        let refusal = match unread.why {
            Why::Hole(hole, reason) => self.refusal(hole, reason.to_owned()),
            Why::Script(what) => {
                let line = line_of(&self.symbols, unread.at);
                self.refusal(0, format!("put into a script that pipehook can't read: {what}, at or before line {line}"))
            }
        };
        self.refused(vec![refusal])
    }

    fn judged(self, reading: &Reading) -> Analysis {
        let judgement = judge(reading, self.segments.len(), variable);
        let rewriting = rewrite(&self.symbols, reading, &judgement, variable);
        let mut refusals = Vec::new();
        let mut holes = Vec::new();
        for (hole, verdict) in judgement.verdicts.iter().enumerate() {
            let unplaced =
                rewriting.places[hole].is_none().then(|| "put at a place that pipehook can't tell".to_owned());
            let reason = verdict.refusal.clone().or_else(|| rewriting.refusals.get(&hole).cloned()).or(unplaced);
            refusals.extend(reason.map(|reason| self.refusal(hole, reason)));
            let mut requirements = verdict.requirements.clone();
            requirements.sort_unstable();
            requirements.dedup();
            let place = rewriting.places[hole].unwrap_or(Place::Word);
            holes.push(PlacedHole { segment: self.segments[hole], variable: variable(hole), place, requirements });
        }
        if !refusals.is_empty() {
            return self.refused(refusals);
        }
        Analysis { script: rewriting.script, holes, refusals, lines: self.lines }
    }
}
