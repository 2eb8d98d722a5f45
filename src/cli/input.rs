//! What a command reads: a file, or stdin for `-`.

use super::failure::Failure;
use anyhow::{Context, anyhow};
use std::io::Read;
use std::path::Path;

/// The most bytes that are read; far above any limit that a connection can have.
const INPUT_MAX: u64 = 256 * 1024 * 1024;

/// Reads a whole file. Without a name, and for `-`, that is stdin.
pub(super) fn bytes(file: Option<&Path>) -> Result<Vec<u8>, Failure> {
    let file = file.filter(|file| *file != Path::new("-"));
    let Some(file) = file else {
        return read_limited(std::io::stdin().lock()).context("stdin can't be read").map_err(Failure::Usage);
    };
    let named = || format!("the file {} can't be read", file.display());
    let opened = std::fs::File::open(file).with_context(named).map_err(Failure::Usage)?;
    read_limited(opened).with_context(named).map_err(Failure::Usage)
}

/// Reads a whole file as text.
pub(super) fn text(file: &Path) -> Result<String, Failure> {
    String::from_utf8(bytes(Some(file))?)
        .map_err(|_| Failure::mistake(format!("the file {} is not UTF-8", file.display())))
}

fn read_limited(from: impl Read) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(INPUT_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > INPUT_MAX {
        return Err(anyhow!("it is larger than {INPUT_MAX} bytes"));
    }
    Ok(bytes)
}

/// Splits `Name: value`.
pub(super) fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("a header is written 'Name: value'")?;
    let (name, value) = (name.trim(), value.trim());
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(format!("`{name}` can't be the name of a header"));
    }
    if value.chars().any(|it| it.is_control() && it != '\t') {
        return Err("the value of a header holds no line breaks or control characters".to_owned());
    }
    Ok((name.to_owned(), value.to_owned()))
}
