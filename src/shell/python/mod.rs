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
//! Refused is also a text that `%` or `.format` takes for a format, and one that reaches `eval`,
//! `os.system`, `subprocess` and the like: over variables, functions, containers and files, as far as
//! their names tell. A list of words for a program is judged as the same command in bash. Of the modules that can
//! do harm a table says what each function makes of its arguments; a function of theirs that is not in it takes no
//! payload text. Another library that treats a text as code in a way that no list knows is not seen.
//!
//! ```text
//! lexer        tokens, and where the holes stand
//! tree         expressions and statements: parse and statement read them
//! facts        what names stand for
//! texts        words, names of files and beginnings of addresses, as far as the author wrote them
//! learn        what a script calls its functions; line: a statement as flat tokens
//! sink         which text reaches what, and the names that run it; known, format, help: their lists
//! modules      the functions of modules; calls: what is given to them
//! started      programs; environment: what they get
//! numbers      calls of which nothing but digits and letters comes
//! readers      what modules make of text in ways of their own
//! words        short programs as a shell has them
//! reads        what a script reads without writing down what
//! anywhere     what may hold any text of a script
//! spread       what payload text gets into; shared: objects with several names; passed: functions that are kept
//! ```

mod anywhere;
mod apart;
mod calls;
mod environment;
mod facts;
mod format;
mod help;
mod known;
mod learn;
mod lexer;
mod line;
mod modules;
mod numbers;
mod parse;
mod passed;
mod readers;
mod reads;
mod shared;
mod sink;
mod spread;
mod started;
mod statement;
mod texts;
mod tree;
mod words;

use super::analysis::{Escapes, Finding, Findings, Fragment, Unread, variable};
use super::outline::Outline;
use super::requirement::Requirement;
use super::symbol::{Symbol, symbols};
use lexer::{Lexed, Place};
use std::fmt::Write;
pub(super) use words::demands_of_words;

/// Why a script is refused that takes more than [`sink::WORK_MAX`].
const TOO_LONG: &str =
    "put into a script that pipehook can't follow: it is too long, or its statements are; move the data into a file";

pub(super) fn analyse(outline: &Outline) -> Result<Findings, Unread> {
    let symbols = symbols(outline);
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
    let written = sink::judge(&lexed.tokens, &outline.environment, outline.holes(), &mut holes);
    let written = written.ok_or_else(|| Unread { hole: None, reason: TOO_LONG.to_owned() })?;
    Ok(Findings { script: write(&symbols, &lexed), holes, written })
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
