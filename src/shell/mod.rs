//! Where in a script a value stands, and how to put it there as data.
//!
//! A payload comes from a stranger, and a script is code. So no byte of a payload ever becomes part
//! of a script: each tainted segment (a *hole*) gets an environment variable, and the hole gives
//! way to a reference to it, written for the lexical place where the hole stands.
//!
//! What is promised comes in two tiers.
//!
//! **Structural, without exception.** [`Analysis::script`] is the same for any two payloads. It
//! holds by construction: [`analyse`] sees an [`Outline`], which has no values. A mistake of a lexer
//! can make a script print the wrong text; it can't make it run a payload. Two things are added for
//! a payload, and neither is text of it that an interpreter could take for code: what reads a long
//! value from its file ([`transport`](Carried)), and, in a string literal of Python, each character
//! as an escape of its number. Before the outline is made, two things of a payload decide about it (`parts`): how many
//! items a list has that is an unquoted word of bash by itself, and, in the languages in which a number is no text, a
//! number that nothing touches.
//!
//! **Analysed, as far as it goes.** Some places evaluate data a second time: arithmetic, `eval`,
//! `bash -c`, the name in `read`, the program of `sed`, a file that is written and then run. The
//! analysis knows the shell's own, the usual interpreters and launchers, and follows a value through
//! the script's variables, pipes and files, also from the step's environment. There a hole is
//! refused, or its value must have an inert form ([`Requirement`]). Where the script changes the value on
//! its way, cuts it, or takes a part of it, that must hold for whatever may arrive (`change`); where
//! nobody can know that, as with a decoded text or the name of a folder that may be emptied, the hole is
//! refused. What is too deep, too much or can't be read is refused as well, never passed over.
//!
//! It is not shown to be complete. Of **first order** is what the author's script itself says: a place of
//! the shell, or an argument, an option, a file or an input that a program of the tables takes for code, a
//! path or an address. Of **second order** is what only a program's own source tells: a program that treats an
//! argument, its environment or a file as code in a way that no table knows runs what the payload says. A file that
//! bash or Python writes is followed by the last part of its name to later scripts in bash of the same job, as far as
//! they run it, also where a pattern or a list of files gives the name; so is what a bash script gave to `git`, to a
//! database or to a log, and the names of files that it made. One that PowerShell writes, or that another job gets, is not. Where a name of a
//! file comes from `find` or `xargs`, it can be any file that the script wrote; what a program writes or prints is looked
//! for in the code that the script gives to it, not in files. What programs make of a text is known of
//! those that people write most (`cut`, `tr`, `sed`, `awk`, `grep`, `jq`); any other may print any part of it, but is
//! not expected to put another character in front.
//!
//! What the parser does not understand is refused, if the script has holes. A script into which no
//! payload text comes is neither read nor changed.
//!
//! ```text
//! outline      a script without its values
//! parts        which of its segments are holes, lists that are several, and numbers that are none
//! background   what its author sets around it, by which its commands mean something else
//! analysis     what its holes require, what is refused; whether values meet it
//! requirement  what a value must look like
//! change       what a script makes of a text on its way, as far as a requirement is concerned
//! transport    environment or file
//! command      logging commands that only their author can give
//! special      variables that shells, linkers and interpreters obey
//! obeyed       those, and others of which some program makes more than data
//! filename     what a path ends with, and files that somebody runs, by their names
//! link         files with several names
//! left         what a script leaves to later ones of its job
//! earlier      programs with other names, and settings of git, by earlier steps
//! listing      where a script takes names of files from patterns and lists
//! words        arguments as tasks split them, and as words of bash
//! runner       programs that run files by their names
//! program      commands of another language, judged as bash's
//! bash         each language: the script with references, and what reaches what evaluates it
//! powershell
//! python
//! cmd
//! ```

mod analysis;
mod background;
mod bash;
mod change;
mod cmd;
pub mod command;
mod earlier;
mod filename;
mod git;
mod known;
mod left;
mod link;
mod listing;
mod outline;
mod parts;
mod powershell;
mod program;
mod python;
mod requirement;
mod runner;
mod obeyed;
mod special;
mod symbol;
mod transport;
pub mod words;

pub use analysis::{Analysis, Entrance, HOLES_MAX, Hole, Refusal, SCRIPT_BYTES_MAX, analyse};
pub use background::Background;
pub use bash::{UNQUOTED, kept_from_children};
pub use earlier::Earlier;
pub use known::Known;
pub use left::Left;
pub use link::Links;
pub use obeyed::is_obeyed as is_obeyed_variable;
pub use outline::{ARGUMENTS, FILE, KEPT, Names, Outline, Piece, Script};
pub use requirement::{INTEGER_DIGITS_MAX, PLAIN_CHARS_MAX, Requirement};
pub use special::{environment_name, is_exported, is_special as is_special_variable};
pub use transport::{Carried, FOLDER_VARIABLE, VALUE_BYTES_MAX, VALUES_BYTES_MAX};

use serde::{Deserialize, Serialize};

/// What the names of all variables begin with that carry a payload's text. An author's own
/// variables must not begin so.
pub const VARIABLE_PREFIX: &str = "PIPEHOOK_";

/// A language that scripts are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// Bash, and the POSIX shell as far as the two agree.
    Bash,
    /// PowerShell, of either edition.
    PowerShell,
    /// Python 3.
    Python,
    /// cmd.exe, whose scripts take no payload text.
    Cmd,
}

impl Language {
    /// Returns the language of a step by its keyword, such as `pwsh`; nothing for what is no script.
    pub fn of_keyword(keyword: &str) -> Option<Self> {
        match keyword {
            "script" | "bash" => Some(Self::Bash),
            "pwsh" | "powershell" => Some(Self::PowerShell),
            _ => None,
        }
    }

    /// Returns the language of the input `script` of a task, such as `PythonScript@0`.
    pub fn of_task(task: &str) -> Option<Self> {
        let name = task.split('@').next().unwrap_or_default();
        let known = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        match () {
            () if known(&["Bash", "CmdLine"]) => Some(Self::Bash),
            () if known(&["PowerShell"]) => Some(Self::PowerShell),
            () if known(&["PythonScript"]) => Some(Self::Python),
            () if known(&["BatchScript"]) => Some(Self::Cmd),
            () => None,
        }
    }
}

/// What becomes of payload text that a template puts into a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Substitution {
    /// It is passed beside the script and stays data.
    #[default]
    Safe,
    /// It becomes part of the script, as Azure does it.
    Raw,
    /// The run is rejected.
    Strict,
}

impl Substitution {
    /// Says whether this is the way of a connection that says nothing.
    pub fn is_safe(&self) -> bool {
        *self == Self::Safe
    }
}

/// A script made safe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The script's text.
    pub script: String,
    /// The variables and files that carry the payload's text.
    pub carried: Carried,
    /// What was done with each hole.
    pub holes: Vec<Hole>,
}

/// Puts the tainted segments of a script into it as data, or says for each why it can't be done.
/// A script into which no payload text comes is returned as it is, unread.
pub fn place(script: &Script<'_>) -> Result<Placed, Vec<Refusal>> {
    let analysis = analyse(&script.outline());
    let (text, carried) = analysis.fill(&script.values())?;
    Ok(Placed { script: text, carried, holes: analysis.requirements().to_vec() })
}
