//! Python 3, as an inline script.
//!
//! A value stands inside of a string literal, each of its characters written as an escape of its
//! number. So its text depends on the value, but in every other place than a literal an escape is a
//! mistake of syntax, not code: a wrong idea of the place does no harm.
//!
//! | a hole stands | becomes |
//! |---|---|
//! | inside `'…'`, `"…"`, their triple forms, the text of an f-string | `\uXXXX` for each character |
//! | inside `b'…'` | `\xHH` for each byte |
//! | inside `r'…'` | itself, and must be plain |
//! | in a comment | the name of a variable that nothing sets |
//! | elsewhere | refused; a number, true or false of a payload stands there by itself |
//! | in a string in the `{ }` of an f-string | itself, and must be plain |
//! | elsewhere in the `{ }` of an f-string | refused |
//!
//! What runs a text as code or as a command gets the author's alone, and that is proved from the other end (`proof`,
//! `handed`): in a script with payload text, each argument of `eval`, `exec`, `os.system`, a shell of `subprocess`,
//! `getattr` and the like is made of literals, of names that the script gives nothing else, and of what known modules
//! make of such; whatever it is made of beside that may be payload text, and refuses it. Nor may a function that
//! runs texts be handed on, but for a name of its own and for functions that call it with what stands beside it.
//!
//! Refused is also a text that `%` or `.format` takes for a format, and one that reaches `eval`,
//! `os.system`, `subprocess` and the like: over variables, functions, containers and files, as far as
//! their names tell. A list of words for a program is judged as the same command in bash. Of Python's own modules a
//! table says which run nothing of what they are given; of all others it says what each function makes of its arguments,
//! and a function of theirs that is not in it takes no payload text. The environment and the inputs of programs are used in
//! forms that are followed, or payload text may be in all of it. Another library that treats a text as code in a way
//! that no list knows is not seen.
//!
//! ```text
//! coding       the coding that a script names
//! lexer        tokens, and where the holes stand
//! tree         expressions and statements: parse and statement read them
//! facts        what names stand for; functions: what calls give them; changed: lists that change by other names
//! texts        words, names of files and beginnings of addresses, as far as the author wrote them
//! variants     the words that an item of a list may be
//! learn        what a script calls its functions; line: a statement as flat tokens
//! sink         which text reaches what, and the names that run it; known, format, help: their lists
//! modules      the functions of modules; library: Python's own modules; calls: what is given to them
//! started      programs; environment: what they get; followed: the forms in which it is followed
//! renamed      which names are Python's own
//! numbers      calls of which nothing but digits and letters comes
//! readers      what modules make of text in ways of their own
//! words        programs as a shell has them
//! reads        what a script reads without writing down what
//! apart        texts of which others are made; kept, patterns: what functions and patterns leave of a text
//! readback     what is read of files and variables that the script wrote
//! characters   characters that are taken out of a text one by one
//! anywhere     what may hold any text of a script
//! scopes       what each function's names get; given: its parameters
//! proof        whether a text is the author's; authors: of what it can be made; handed: what has to be proved
//! unnamed      the names of files for later scripts
//! files        commands that may run a file with payload text
//! runners      files that runners find, and what programs do that is said in files by their names
//! imports      files of names that nobody reads off, which the script imports or has run
//! inputs       code of the author's for programs, on their input or in a file; made: functions that code in a text makes
//! checked      names of which the script makes sure; plain: what of a statement is in nothing that comes of it
//! reached      objects that others reach
//! dots         paths in which payload text stands beside marks
//! hidden       programs that may run code which nobody sees
//! choices      the author's words among which payload text chooses
//! members      members of objects that are set or that `case` takes; databases: files that a database is told of
//! spread       what payload text gets into; shared: objects with several names; passed: functions that are kept
//! work         how much is looked at for all that
//! ```

mod anywhere;
mod apart;
mod authors;
mod calls;
mod characters;
mod changed;
mod checked;
mod choices;
mod coding;
mod databases;
mod dots;
mod environment;
mod facts;
mod files;
mod followed;
mod format;
mod functions;
mod given;
mod handed;
mod help;
mod hidden;
mod imports;
mod inputs;
mod kept;
mod known;
mod learn;
mod lexer;
mod library;
mod line;
mod made;
mod members;
mod modules;
mod numbers;
mod parse;
mod passed;
mod patterns;
mod plain;
mod proof;
mod readback;
mod reached;
mod readers;
mod reads;
mod renamed;
mod runners;
mod scopes;
mod shared;
mod sink;
mod spread;
mod started;
mod statement;
mod texts;
mod tree;
mod unnamed;
mod variants;
mod words;
mod work;

use super::analysis::{Escapes, Finding, Findings, Fragment, Unread, variable};
use super::change::Change;
use super::left::Left;
use super::outline::Outline;
use super::requirement::Requirement;
use super::symbol::{Symbol, symbols};
use lexer::{Lexed, Place};
use std::fmt::Write;
pub(super) use words::{demands_of_variables, demands_of_words};

/// Why a script is refused that takes more than [`work::WORK_MAX`].
const TOO_LONG: &str =
    "put into a script that pipehook can't follow: it is too long, or its statements are; move the data into a file";

pub(super) fn analyse(outline: &Outline) -> Result<Findings, Unread> {
    let symbols = symbols(outline);
    if let Some(coding) = coding::foreign(&symbols) {
        return Err(Unread { hole: None, reason: foreign_coding(&coding) });
    }
    let lexed = lexer::lex(&symbols)?;
    let mut holes = vec![Finding::default(); outline.holes() + outline.environment.len()];
    for (hole, place) in &lexed.places {
        holes[*hole] = Finding { place: Some(place.description()), ..Finding::default() };
        match place {
            Place::Literal(Escapes::None) | Place::Field => holes[*hole].requirements.push(Requirement::Plain),
            Place::Code => holes[*hole].requirements.push(Requirement::Number),
            Place::Literal(_) | Place::Comment => {}
        }
    }
    let written = sink::judge(&lexed, &outline.environment, outline.holes(), &mut holes);
    let written = written.ok_or_else(|| Unread { hole: None, reason: TOO_LONG.to_owned() })?;
    let written = written.into_iter().map(|(file, hole)| Left::new(file, hole, Change::BY_PROGRAM)).collect();
    Ok(Findings { script: write(&symbols, &lexed), holes, written })
}

/// Returns why a script is refused that names a coding by which Python reads other characters.
fn foreign_coding(coding: &str) -> String {
    let shown: String = coding.chars().filter(|it| it.is_ascii_graphic()).collect();
    format!(
        "put into a script whose first lines name the coding `{shown}`, by which Python would read it as another script; leave the line out, or write `utf-8`"
    )
}

fn write(symbols: &[Symbol], lexed: &Lexed) -> Vec<Fragment> {
    let mut script = Vec::new();
    let mut text = String::new();
    for symbol in symbols {
        match symbol {
            Symbol::Char(character) => text.push(*character),
            Symbol::Hole(hole) => match lexed.places.get(hole) {
                Some(Place::Literal(escapes)) => {
                    script.push(Fragment::Text(std::mem::take(&mut text)));
                    script.push(Fragment::Escaped(*hole, *escapes));
                }
                Some(Place::Field) => {
                    script.push(Fragment::Text(std::mem::take(&mut text)));
                    script.push(Fragment::Escaped(*hole, Escapes::None));
                }
                Some(Place::Comment | Place::Code) | None => text.push_str(&variable(*hole)),
            },
            Symbol::Opaque => {}
        }
    }
    script.push(Fragment::Text(text));
    script
}

/// Says whether the text of a short program runs what it reads, by the names in it.
pub(super) fn code_runs(text: &str) -> bool {
    known::code_runs(text)
}

/// Writes a value into a string literal.
pub(super) fn escape(value: &str, escapes: Escapes, script: &mut String) {
    let written = match escapes {
        Escapes::None => script.write_str(value),
        Escapes::Bytes => value.bytes().try_for_each(|byte| write!(script, "\\x{byte:02x}")),
        Escapes::Text => value.chars().map(u32::from).try_for_each(|number| match number {
            0..=0xFFFF => write!(script, "\\u{number:04x}"),
            _ => write!(script, "\\U{number:08x}"),
        }),
    };
    written.expect("writing to a string can't fail");
}
