//! Where in a script a value stands, and how to put it there as data.
//!
//! A payload comes from a stranger, and a script is code. So no byte of a payload ever becomes part
//! of a script: each tainted segment (a *hole*) gets an environment variable, and the hole gives
//! way to a reference to it, written for the lexical place where the hole stands.
//!
//! What is promised comes in two tiers.
//!
//! **Structural, without exception.** The bytes of [`Placed::script`] are the same for any two
//! payloads that are accepted. It holds by construction: [`analyse`] never sees a value. A mistake
//! of the lexer can make a script print the wrong text; it can't make it run a payload.
//!
//! **Analysed, as far as it goes.** Some places evaluate data a second time: arithmetic, `eval`,
//! `bash -c`, the name in `read`, the program of `sed`, a file that is written and then run. The
//! analysis knows the shell's own, the usual interpreters and launchers, and follows a value through
//! the script's variables, pipes and files. There a hole is refused, or its value must have an inert
//! form ([`Requirement`]). It is not shown to be complete: a program that treats an argument as code
//! in a way that no list knows runs what the payload says, and so does a later step that runs a
//! file which this one wrote.
//!
//! What the parser does not understand is refused, if the script has holes. A script without holes
//! is neither read nor changed.
//!
//! ```text
//! analysis     author's pieces -> script with references, what each hole requires, refusals
//! symbol       characters and holes as one sequence
//! read         sequence -> syntax: words, quotes, here-documents, commands
//! flow         which holes reach which variable, stream and file
//! sink         what the commands do with what reaches them
//! place        how a reference is written at a place
//! requirement  what a value must look like
//! ```

mod analysis;
mod flow;
mod place;
mod read;
mod requirement;
mod rewrite;
mod sink;
mod symbol;
mod syntax;

pub use analysis::{Analysis, Piece, Refusal, analyse};
pub use place::Place;
pub use requirement::{INTEGER_DIGITS_MAX, PLAIN_CHARS_MAX, Requirement};
pub use sink::is_special as is_special_variable;

use crate::taint::Text;

/// What the names of all variables begin with that carry a payload's text. An author's own
/// variables must not begin so.
pub const VARIABLE_PREFIX: &str = "PIPEHOOK_";

/// The most bytes of one value: Linux takes 128 KiB in one string of the environment, and the
/// script may pass the value on with something in front of it.
pub const VALUE_BYTES_MAX: usize = 64 * 1024;

/// The most bytes of all values of a script: half of what Linux takes as arguments and environment
/// with the usual stack of 8 MiB.
pub const VALUES_BYTES_MAX: usize = 1024 * 1024;

/// A language that scripts are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Language {
    /// Bash, and the POSIX shell as far as the two agree.
    Bash,
}

/// A script made safe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The script's text, which does not depend on any payload.
    pub script: String,
    /// The variables that carry the payload's text, to be set in the step's environment.
    pub variables: Vec<(String, String)>,
    /// What was done with each hole, in the order of the script.
    pub holes: Vec<PlacedHole>,
}

/// A tainted segment that a reference took the place of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedHole {
    /// The segment's index in the script's text.
    pub segment: usize,
    /// The name of its variable.
    pub variable: String,
    /// Where it stands.
    pub place: Place,
    /// What its value must look like: all of these; none at the places that take every text.
    pub requirements: Vec<Requirement>,
}

/// Puts the tainted segments of a script into it as data, or says for each why it can't be done.
/// A script without tainted segments comes back as it is, unread.
pub fn place(script: &Text, language: Language) -> Result<Placed, Vec<Refusal>> {
    let analysis = analyse(&Piece::of(script), language);
    let values: Vec<&str> =
        script.segments().iter().filter(|segment| segment.is_tainted()).map(|segment| &*segment.text).collect();
    let variables = analysis.fill(&values)?;
    Ok(Placed { script: analysis.script, variables, holes: analysis.holes })
}
