//! Files of XML that tools have left, as text of whatever encoding they are.

use crate::diagnostic::shown;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use quick_xml::reader::Reader;
use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read};
use std::path::Path;

/// The most bytes of one file.
pub const XML_FILE_MAX: u64 = 64 * 1024 * 1024;
/// How many bytes a declaration may have, in which the encoding stands.
const DECLARATION_MAX: usize = 1_024;

/// Opens a file. On failure, why it can't be read. One in UTF-8 is read as it comes, another one is in memory.
pub(super) fn open(file: &Path) -> Result<Reader<Box<dyn BufRead>>, String> {
    let failed = |error: std::io::Error| error.to_string();
    let file = File::open(file).map_err(failed)?;
    if file.metadata().map_err(failed)?.len() > XML_FILE_MAX {
        return Err(format!("it has more than {XML_FILE_MAX} bytes"));
    }
    let mut file = BufReader::new(file.take(XML_FILE_MAX));
    let encoding = encoding(file.fill_buf().map_err(failed)?)?;
    if encoding == UTF_8 {
        return Ok(Reader::from_reader(Box::new(file)));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(failed)?;
    let (text, _, _) = encoding.decode(&bytes);
    Ok(Reader::from_reader(Box::new(Cursor::new(text.into_owned()))))
}

/// Returns the encoding of a text that begins with these bytes (XML 1.0, appendix F): what its first bytes
/// say, else its declaration, else UTF-8.
fn encoding(head: &[u8]) -> Result<&'static Encoding, String> {
    if let Some((marked, _)) = Encoding::for_bom(head) {
        return Ok(marked);
    }
    match head {
        [b'<', 0, ..] => return Ok(UTF_16LE),
        [0, b'<', ..] => return Ok(UTF_16BE),
        _ => {}
    }
    let head = String::from_utf8_lossy(&head[..head.len().min(DECLARATION_MAX)]);
    let Some(name) = declared(&head) else { return Ok(UTF_8) };
    match Encoding::for_label(name.as_bytes()) {
        // Its letters would not have been those of the declaration.
        Some(wide) if !wide.is_ascii_compatible() => Ok(UTF_8),
        Some(known) => Ok(known),
        None => Err(format!("its encoding `{}` is not known", shown(name))),
    }
}

/// Returns the encoding that a declaration at the beginning of a text names.
fn declared(head: &str) -> Option<&str> {
    let (declaration, _) = head.strip_prefix("<?xml")?.split_once("?>")?;
    let (_, rest) = declaration.split_once("encoding")?;
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = rest.chars().next().filter(|first| ['"', '\''].contains(first))?;
    Some(rest[1..].split_once(quote)?.0)
}
