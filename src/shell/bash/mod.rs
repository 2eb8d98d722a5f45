//! Bash, and the POSIX shell as far as the two agree.
//!
//! ```text
//! read     symbols -> syntax: words, quotes, here-documents, commands
//! checked  what the script makes sure of before it reads a variable
//! shape    what is known of such a value
//! alternatives  the words that braces make
//! edit     what is left of a text that an expansion or a program edits
//! keys     whether the keys of arrays are numbers
//! flow     which holes reach which variable, stream and file
//! sink     what the commands do with what reaches them
//! place    how a reference is written at a place
//! rewrite  the script with references in place of its holes
//! ```

mod alternatives;
mod checked;
mod edit;
mod flow;
mod keys;
mod place;
mod read;
mod rewrite;
mod shape;
mod sink;
mod syntax;

pub use place::{UNQUOTED, kept_from_children};

use super::analysis::{Finding, Findings, Fragment, Unread, variable};
use super::background::KEYWORDS;
use super::outline::{Outline, is_left};
use super::requirement::{self, Requirement};
use super::symbol::{self, line_of, symbols};
use super::{change, left};
use read::{Why, read};
use rewrite::rewrite;
use sink::collected::is_found_by_name;
use sink::judge;
pub(super) use sink::{DOCUMENT_ENDS, SETTING_UP, is_folder_of_documents, printing, without_version};
use std::collections::HashSet;
use syntax::{Command, Joint, Part, Script, Simple, Word};

const ANOTHER_NAME: &str =
    "shells and programs obey a variable of this name: give it another one, such as `BUILD_…` or `APP_…`";

/// Code of `ssh` has no arguments of its own: what it gets is read again.
const PASS_IT: &str = "give it to that code as an argument, such as `bash -c 'deploy \"$1\"' _ \"$NAME\"`, or refuse such payloads with a filter: what `ssh` gets is always read again";

/// Why a file that an earlier step wrote is refused: no delivery's value can be tested for a number there.
const COUNTED: &str = "evaluated as a number, out of a file that another step wrote";

const STOP_IF_EMPTY: &str = "write `${name:?}` there: the script ends where nothing is left of the text";

/// What to do about a text in a program of `sed`.
const EDIT_IT: &str = "let the program take it from its environment: `export NAME=…; perl -pi -e 's/…/$ENV{NAME}/' file` puts in any text";

/// What to do about a text in the code of another program.
const GIVE_IT: &str = "let the program take it as data: `psql -v t=\"$TITLE\" <<'EOF'` with `:'t'` in the SQL, `awk -v`, `jq --arg`, or `python3 - \"$TITLE\"` with `sys.argv[1]` and `?` for a database";

/// What to do about a file that a program finds and runs.
const ANOTHER_FILE: &str = "give the file another name, which the program doesn't look for";

/// What the variables of the environment are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Given {
    /// The payload's own texts, on which its requirements are tested.
    AsItIs,
    /// What another program may have made of them.
    Changed,
}

/// Analyses a script. What it does not understand it refuses.
pub(super) fn analyse(outline: &Outline, given: Given) -> Result<Findings, Unread> {
    let symbols = symbols(outline);
    let mut reading = read(&symbols).map_err(|unread| match unread.why {
        Why::Hole(hole, reason) => Unread { hole: Some(hole), reason: reason.to_owned() },
        Why::Script(what) => {
            let line = line_of(&symbols, unread.at);
            let reason = format!("put into a script that pipehook can't read: {what}, at or before line {line}");
            Unread { hole: None, reason }
        }
    })?;
    if let Some(startup) = outline.background.startup() {
        run_first(startup, &mut reading.script);
    }
    let known = checked::note(&mut reading, &outline.background);
    // A file that runs first may have made something else of any array.
    let associative = match outline.background.startup() {
        Some(_) => HashSet::new(),
        None => keys::associative(&symbols, &reading.script),
    };
    let judgement = judge(
        &reading,
        outline.holes(),
        variable,
        (&outline.environment, given),
        (keys::are_numbers(&symbols), associative),
        &outline.background,
    );
    let rewriting = rewrite(&symbols, &reading, &judgement, variable);
    let mut findings =
        Findings { script: vec![Fragment::Text(rewriting.script)], written: judgement.written, ..Findings::default() };
    let beside = outline.background.refusal().or(known.takes_keywords.then(|| KEYWORDS.to_owned()));
    for (hole, verdict) in judgement.verdicts.into_iter().enumerate() {
        let place = rewriting.places.get(hole).copied().flatten();
        let name = hole.checked_sub(outline.holes()).and_then(|at| outline.environment.get(at));
        // Nobody knows what of a payload an earlier script left, but in a file that the script names.
        let is_own = name.is_none_or(|name| !is_left(name));
        let is_known = is_own || name.is_some_and(|name| left::is_named_file(name));
        let is_counted = verdict.is_counted
            || verdict.requirements.iter().any(|it| matches!(it, Requirement::Integer | Requirement::Digits));
        let counted = (!is_own && is_counted).then_some(COUNTED);
        let is_lost = hole < outline.holes() && place.is_none();
        let unplaced = is_lost.then(|| "put at a place that pipehook can't tell".to_owned());
        let refusal = beside
            .clone()
            .or(verdict.refusal)
            .or(verdict.changed.filter(|_| is_known).map(str::to_owned))
            .or_else(|| counted.map(str::to_owned))
            .or_else(|| rewriting.refusals.get(&hole).cloned())
            .or(unplaced);
        let place = place.map(place::Place::description);
        let is_special = refusal.as_deref().is_some_and(|reason| reason.starts_with(sink::SPECIAL));
        let is_emptied = refusal.as_deref() == Some(change::EMPTIED);
        let help = is_special.then_some(ANOTHER_NAME).or(is_emptied.then_some(STOP_IF_EMPTY));
        let is_found = refusal.as_deref().is_some_and(is_found_by_name);
        let help = help.or(is_found.then_some(ANOTHER_FILE)).or(verdict.is_in_code.then_some(PASS_IT));
        let help = help.or(verdict.is_in_edit.then_some(EDIT_IT)).or(verdict.is_in_program.then_some(GIVE_IT));
        let requirements = if is_known { verdict.requirements } else { Vec::new() };
        findings.holes.push(Finding { place, requirements, refusal, help, line: None });
    }
    Ok(findings)
}

/// Puts the file that bash runs before a script in front of its commands, as one that it sources: where its name is not
/// known, as any.
fn run_first(file: &str, script: &mut Script) {
    let is_known = !file.contains(['$', '`', '~']);
    let name = if is_known { Part::Text { text: file.to_owned(), quoted: true } } else { Part::Opaque };
    let source = Word { parts: vec![Part::Text { text: ".".to_owned(), quoted: false }] };
    let words = vec![source, Word { parts: vec![name] }];
    script.commands.insert(0, Command::Simple(Simple { words, ..Simple::default() }));
    script.joints.insert(0, Joint { ends_line: true, ..Joint::default() });
}
