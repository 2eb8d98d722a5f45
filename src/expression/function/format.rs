//! `format('{0} of {1}', a, b)`: the author's text with holes.
//!
//! `{{` and `}}` stand for braces. `{0:yyyyMMdd}` is for times only. Arguments are evaluated when a
//! hole names them, and keep their segments.

use super::Invocation;
use crate::diagnostic::{Code, shown};
use crate::expression::rope::Rope;
use crate::expression::{Mistake, Value, time};
use crate::taint::Text;

/// What is wrong with a format out of a payload, whatever it says.
pub(crate) const PAYLOAD_AS_FORMAT: &str = "a payload can't be the format of `format`";

pub(super) fn format(call: &Invocation<'_, '_>) -> Result<Value, Mistake> {
    let format = call.text(0)?;
    if let Some(origin) = format.origin() {
        return Err(Mistake::new(Code::TaintedChoice, call.range(0), PAYLOAD_AS_FORMAT, "this came from a payload")
            .came_from(Some(origin))
            .help("write `format('{0}', …)` with it as an argument"));
    }
    let format = format.flatten();
    let mut text = Rope::default();
    for piece in pieces(&format) {
        match piece.map_err(|fault| malformed(call, &format, &fault))? {
            Piece::Text(piece) => {
                call.charge_bytes(piece.len())?;
                text.push_author(piece);
            }
            Piece::Hole { index, specifier } => {
                let filling = hole(call, index, specifier.as_deref())?;
                call.charge_text(&filling)?;
                text.push(&filling);
            }
        }
    }
    Ok(Value::String(text.finish()))
}

#[derive(Debug, PartialEq)]
enum Piece<'f> {
    Text(&'f str),
    Hole { index: usize, specifier: Option<String> },
}

/// Returns the pieces of a format in order, and stops at the first fault.
fn pieces(format: &str) -> impl Iterator<Item = Result<Piece<'_>, String>> {
    let mut rest = Some(format);
    std::iter::from_fn(move || {
        let text = rest.take().filter(|text| !text.is_empty())?;
        match first_piece(text) {
            Ok((piece, after)) => {
                rest = Some(after);
                Some(Ok(piece))
            }
            Err(fault) => Some(Err(fault)),
        }
    })
}

fn first_piece(text: &str) -> Result<(Piece<'_>, &str), String> {
    let plain = text.find(['{', '}']).unwrap_or(text.len());
    if plain > 0 {
        return Ok((Piece::Text(&text[..plain]), &text[plain..]));
    }
    if text.starts_with("{{") || text.starts_with("}}") {
        return Ok((Piece::Text(&text[..1]), &text[2..]));
    }
    if text.starts_with('}') {
        return Err("a `}` has no `{` before it".to_owned());
    }
    first_hole(&text[1..])
}

/// Reads a hole after its `{`.
fn first_hole(text: &str) -> Result<(Piece<'_>, &str), String> {
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(digits);
    if number.is_empty() {
        return Err("a `{` has no number after it".to_owned());
    }
    let index = number.parse().map_err(|_| format!("the number `{}` is too large", shown(number)))?;
    if let Some(after) = rest.strip_prefix('}') {
        return Ok((Piece::Hole { index, specifier: None }, after));
    }
    let specifier = rest.strip_prefix(':').ok_or("a `{` is not closed")?;
    let (specifier, after) = specifier_and_rest(specifier)?;
    Ok((Piece::Hole { index, specifier: Some(specifier) }, after))
}

/// Reads up to the closing `}`; a doubled one belongs to the specifier.
fn specifier_and_rest(text: &str) -> Result<(String, &str), String> {
    let mut specifier = String::new();
    let mut rest = text;
    loop {
        let end = rest.find('}').ok_or("a `{` is not closed")?;
        specifier.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('}') {
            Some(after) => rest = after,
            None => return Ok((specifier, rest)),
        }
        specifier.push('}');
    }
}

fn hole(call: &Invocation<'_, '_>, index: usize, specifier: Option<&str>) -> Result<Text, Mistake> {
    if index >= call.count() - 1 {
        let title = format!("the format names an argument `{{{index}}}` that is not given");
        let label = match call.count() - 1 {
            0 => "no argument follows the format".to_owned(),
            1 => "1 argument follows the format, `{0}`".to_owned(),
            count => format!("{count} arguments follow the format, `{{0}}` to `{{{}}}`", count - 1),
        };
        return Err(Mistake::new(Code::InvalidValue, call.range(0), title, label));
    }
    match specifier.filter(|specifier| !specifier.is_empty()) {
        None => call.text(index + 1),
        Some(specifier) => formatted(call, index + 1, specifier),
    }
}

fn formatted(call: &Invocation<'_, '_>, argument: usize, specifier: &str) -> Result<Text, Mistake> {
    let value = call.value(argument)?;
    let Value::DateTime(time) = value else {
        let title = format!("the format `{}` is for times only", shown(specifier));
        let label = format!("this is {}", value.describe());
        return Err(Mistake::new(Code::Conversion, call.range(argument), title, label));
    };
    time::formatted(time, specifier).map(Text::from).map_err(|unknown| {
        let title = format!("the format of a time does not know `{}`", shown(&unknown));
        Mistake::new(Code::InvalidValue, call.range(0), title, "in this format")
            .help("known are `yyyy yy MM M dd d HH H mm m ss s f zzz K`; write `\\` before another letter")
    })
}

fn malformed(call: &Invocation<'_, '_>, format: &str, fault: &str) -> Mistake {
    let title = format!("the format `{}` can't be read: {fault}", shown(format));
    Mistake::new(Code::InvalidValue, call.range(0), title, "in this format")
        .help("write `{{` and `}}` for braces that are text")
}
