//! PowerShell: `pwsh` and `powershell`.
//!
//! | a hole stands | becomes |
//! |---|---|
//! | inside `"…"` and `@"…"@`, also nested in `$( )` | `$($env:PIPEHOOK_1)` |
//! | inside `'…'` and `@'…'@` | the literal gets double quotes, its author's `` ` ``, `$` and `"` a backtick |
//! | an argument of a command, or part of one | `"$($env:PIPEHOOK_1)"`, with all of the argument inside the quotes |
//! | in a comment | the variable's name |
//! | the name of a command or a parameter, behind `&` or `.`, behind `--%`, in an expression | refused |
//!
//! Refused is also what reaches `Invoke-Expression`, `-Command` and their like: in the same statement,
//! and over variables, parameters and `$_` as far as names tell. Quotes of other alphabets (`’`, `”`)
//! end literals here as they do in PowerShell. What a .NET method does with its argument is not seen,
//! but for the methods that compile or start something.

mod lexer;
mod path;
mod quote;
mod sink;

use super::analysis::{Finding, Findings, Fragment, Unread, variable};
use super::outline::{Outline, Piece};
use super::symbol::{Symbol, symbols};
use std::collections::BTreeMap;

/// A stretch of symbols and what takes its place.
#[derive(Debug)]
struct Edit {
    end: usize,
    text: String,
}

pub(super) fn analyse(outline: &Outline) -> Result<Findings, Unread> {
    let symbols = symbols(outline);
    let lexed = lexer::lex(&symbols)?;
    let mut holes = vec![Finding::default(); outline.holes() + outline.environment.len()];
    for (hole, place) in &lexed.places {
        holes[*hole].place = Some(place.description());
    }
    sink::judge(&lexed.statements, &outline.environment, outline.holes(), &mut holes);
    Ok(Findings { script: vec![Fragment::Text(write(&symbols, &lexed.edits))], holes })
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
