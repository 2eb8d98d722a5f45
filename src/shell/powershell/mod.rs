//! PowerShell: `pwsh` and `powershell`.
//!
//! | a hole stands | becomes |
//! |---|---|
//! | inside `"…"` and `@"…"@`, also nested in `$( )` | `$($env:PIPEHOOK_1)` |
//! | inside `'…'` and `@'…'@` | the literal gets double quotes, its author's `` ` ``, `$` and `"` a backtick |
//! | an argument of a command, or part of one | `"$($env:PIPEHOOK_1)"`, with all of the argument inside the quotes |
//! | in a comment | the variable's name |
//! | alone in an expression: behind `=`, an operator, in brackets | `([long]$env:PIPEHOOK_1)`, and must be an integer |
//! | the name of a command or a parameter, behind `&` or `.`, behind `--%` | refused |
//!
//! Refused is also what reaches `Invoke-Expression`, `-Command` and their like, over variables, containers,
//! functions, `$_`, files and the environment as far as names tell. A command of PowerShell is judged by a
//! table of its parameters, a program as the same command in bash; a method of .NET by its name and type.
//! What no table knows takes data. Quotes of other alphabets (`’`, `”`) end literals here as they do in PowerShell.
//!
//! Before 7.3, PowerShell gave a program that is told a `"` other arguments than the script says; what is said of
//! programs holds from then on.
//!
//! ```text
//! lexer, quote, bare  characters to tokens, and the references
//! token               what a script is cut into
//! name                texts that the author wrote into variables; functions, parameters, types
//! path                names of files and of items of drives
//! block               which blocks are given what
//! taint, spread       what payload text reaches, and how it comes there
//! sink                what is demanded of it: by statements and commands
//! cmdlet, table, word commands of PowerShell
//! words               scripts as a shell has them
//! native, authored    programs, and the author's text in files for them
//! dotnet              types and methods
//! ```

mod authored;
mod bare;
mod block;
mod cmdlet;
mod dotnet;
mod lexer;
mod name;
mod native;
mod path;
mod quote;
mod sink;
mod spread;
mod table;
mod taint;
mod token;
mod word;
mod words;

use super::analysis::{Finding, Findings, Fragment, Unread, variable};
use super::outline::{Outline, Piece};
use super::requirement::Requirement;
use super::symbol::{Symbol, symbols};
use std::collections::BTreeMap;
pub(super) use words::{demands_of_variables, demands_of_words};

/// A stretch of symbols and what takes its place.
#[derive(Debug)]
struct Edit {
    end: usize,
    text: String,
}

/// Why a script is refused that takes more than [`taint::WORK_MAX`], or has a statement that is longer than
/// [`taint::STATEMENT_TOKENS_MAX`] or [`taint::PIPELINE_MAX`].
const TOO_LONG: &str =
    "put into a script that pipehook can't follow: it is too long, or its statements are; move the data into a file";

pub(super) fn analyse(outline: &Outline) -> Result<Findings, Unread> {
    let symbols = symbols(outline);
    let lexed = lexer::lex(&symbols)?;
    let mut holes = vec![Finding::default(); outline.holes() + outline.environment.len()];
    for (hole, place) in &lexed.places {
        holes[*hole].place = Some(place.description());
    }
    for (hole, place) in &lexed.places {
        if *place == lexer::Place::Number {
            holes[*hole].requirements.push(Requirement::Integer);
        }
    }
    if holes.is_empty() {
        return Ok(Findings {
            script: vec![Fragment::Text(write(&symbols, &lexed.edits))],
            holes,
            ..Findings::default()
        });
    }
    if !sink::judge(&lexed.statements, &outline.environment, outline.holes(), &mut holes) {
        return Err(Unread { hole: None, reason: TOO_LONG.to_owned() });
    }
    Ok(Findings { script: vec![Fragment::Text(write(&symbols, &lexed.edits))], holes, ..Findings::default() })
}

/// Says whether a script must begin with what it begins with, so that nothing can be put in front.
pub(super) fn has_own_first_line(outline: &Outline) -> bool {
    let Some(Piece::Author(text)) = outline.pieces.first() else { return false };
    let mut lines = text.lines().map(str::trim_start).skip_while(|line| line.is_empty() || line.starts_with('#'));
    let first = lines.next().unwrap_or_default().to_ascii_lowercase();
    first.starts_with("param") || first.starts_with("using") || first.starts_with('[') || first.starts_with("<#")
}

/// Returns the reference to a hole's variable, for the inside of double quotes.
fn reference(hole: usize) -> String {
    format!("$($env:{})", variable(hole))
}

fn write(symbols: &[Symbol], edits: &BTreeMap<usize, Edit>) -> String {
    let mut script = String::new();
    let mut at = 0;
    while at < symbols.len() {
        match edits.get(&at) {
            Some(edit) => {
                script.push_str(&edit.text);
                at = edit.end.max(at + 1);
            }
            None => {
                script.extend(symbols[at].char());
                at += 1;
            }
        }
    }
    script
}
