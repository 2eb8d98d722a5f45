//! Where in a script a stranger's text stands, and how to put it there as data.
//!
//! What is promised, in two tiers:
//!
//! 1. **By construction.** No byte of a payload is ever part of a script. Each tainted part
//!    becomes an environment variable and a reference to it, written for the place where it
//!    stands; what the script says depends on the author's text alone. A mistake of this module
//!    about a place gives wrong output, not execution.
//! 2. **By analysis.** Places where the author's own script would evaluate data a second time
//!    (arithmetic, `eval`, `sh -c`, options of programs, a pipe into a shell) are found by
//!    reading the script. There the run is refused, or it is allowed only for a value of an
//!    inert form. This analysis is not complete: a program that treats its argument as code in a
//!    way that no list knows is the author's to avoid.
//!
//! What the parser does not understand is refused, if the script has tainted parts at all; a
//! script without any is not even read.
//!
//! | file | holds |
//! |---|---|
//! | `cursor.rs` | the author's characters with holes between them |
//! | `bash.rs` | commands, lists, compound commands |
//! | `word.rs` | words, quotes, expansions |
//! | `heredoc.rs` | here-documents |
//! | `sink.rs` | what each program does with its arguments |
//! | `requirement.rs` | what a value must be at a place |

mod bash;
mod cursor;
mod heredoc;
mod requirement;
mod sink;
mod word;

pub use requirement::Requirement;

use crate::taint::Text;
use requirement::Judgement;

/// What the environment variables that carry payload text begin with. Names that begin so are
/// reserved: pipelines can't set them.
pub const VARIABLE_PREFIX: &str = "PIPEHOOK_";
/// The most bytes of one value: an environment string holds 128 KiB on Linux.
pub const VALUE_MAX: usize = 64 * 1024;
/// The most bytes of all values of a script: the environment and the arguments share 2 MiB.
pub const VALUES_MAX: usize = 1024 * 1024;

/// The language of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// bash and sh.
    Bash,
}

/// Where a hole stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// An unquoted word, or a part of one.
    Word,
    /// Inside double quotes.
    DoubleQuotes,
    /// Inside single quotes, also those of `$'…'`.
    SingleQuotes,
    /// The body of a here-document.
    HereDocument,
    /// A comment.
    Comment,
    /// Arithmetic, or the subscript of an array.
    Arithmetic,
}

/// A script made safe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The script. It is the same for any two payloads that are accepted.
    pub script: String,
    /// The variables that carry the payload's text, by name.
    pub variables: Vec<(String, String)>,
    /// What became of each tainted part, in order.
    pub holes: Vec<PlacedHole>,
}

/// What became of one tainted part of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedHole {
    /// Which segment of the script's text it was.
    pub segment: usize,
    /// The variable that carries it.
    pub variable: String,
    /// Where it stood.
    pub place: Place,
    /// What its value must be there.
    pub requirement: Requirement,
}

/// Why a tainted part can't stand where it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which segment of the script's text it is.
    pub segment: usize,
    /// The line of the script where it stands, from 1.
    pub line: usize,
    /// What it would be, readable after "payload text can't be".
    pub reason: String,
    /// What to write instead, where the usual advice does not fit.
    pub help: Option<String>,
    /// Whether another value would be accepted at the same place.
    pub value_dependent: bool,
}

/// What the author's part of a script says about its holes. It depends on no value.
#[derive(Debug, Clone)]
pub struct Analysis {
    script: String,
    holes: Vec<AnalysedHole>,
}

#[derive(Debug, Clone)]
struct AnalysedHole {
    segment: usize,
    line: usize,
    place: Place,
    judgement: Judgement,
}

/// Puts the tainted parts of a script into it as data.
pub fn place(script: &Text, language: Language) -> Result<Placed, Vec<Refusal>> {
    if !script.is_tainted() {
        return Ok(Placed { script: script.flatten().into_owned(), variables: Vec::new(), holes: Vec::new() });
    }
    analyse(script, language).fill(script)
}

/// Reads the author's part of a script. Values are not looked at.
pub fn analyse(script: &Text, language: Language) -> Analysis {
    match language {
        Language::Bash => bash::analyse(script),
    }
}

impl Analysis {
    /// Returns the holes that are refused whatever their values are.
    pub fn refused_places(&self) -> Vec<Refusal> {
        let refused = self.holes.iter().filter_map(|hole| match &hole.judgement {
            Judgement::Refused { reason, help } => Some(hole.refusal(reason, help.as_deref(), false)),
            Judgement::Requires { .. } => None,
        });
        refused.collect()
    }

    /// Tests the values of a script with the same author's text, and gives them their variables.
    pub fn fill(self, script: &Text) -> Result<Placed, Vec<Refusal>> {
        let mut refusals = self.refused_places();
        let mut variables = Vec::new();
        let mut holes = Vec::new();
        let mut bytes = 0;
        for (number, hole) in self.holes.iter().enumerate() {
            let Judgement::Requires { requirement, reason } = &hole.judgement else { continue };
            let value = &*script.segments()[hole.segment].text;
            bytes += value.len();
            if let Err(mistake) = fits(value, bytes) {
                refusals.push(hole.refusal(mistake, None, true));
            } else if !requirement.holds(value) {
                let reason = format!("{reason} unless it is {}", requirement.describe());
                refusals.push(hole.refusal(&reason, None, true));
            }
            let variable = variable(number);
            if hole.place != Place::Comment {
                variables.push((variable.clone(), value.to_owned()));
            }
            holes.push(PlacedHole { segment: hole.segment, variable, place: hole.place, requirement: *requirement });
        }
        if refusals.is_empty() {
            return Ok(Placed { script: self.script, variables, holes });
        }
        refusals.sort_by_key(|refusal| refusal.segment);
        Err(refusals)
    }
}

impl AnalysedHole {
    fn refusal(&self, reason: &str, help: Option<&str>, value_dependent: bool) -> Refusal {
        Refusal {
            segment: self.segment,
            line: self.line,
            reason: reason.to_owned(),
            help: help.map(str::to_owned),
            value_dependent,
        }
    }
}

/// Returns the name of the variable of a hole, counted from 0.
fn variable(number: usize) -> String {
    format!("{VARIABLE_PREFIX}{}", number + 1)
}

/// Says why no environment variable can carry a value.
fn fits(value: &str, bytes_with_others: usize) -> Result<(), &'static str> {
    if value.contains('\0') {
        Err("in a script while it has a NUL character")
    } else if value.len() > VALUE_MAX {
        Err("in a script while it is longer than 64 KiB")
    } else if bytes_with_others > VALUES_MAX {
        Err("in a script while all of it together is longer than 1 MiB")
    } else {
        Ok(())
    }
}
