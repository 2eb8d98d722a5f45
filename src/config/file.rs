//! Reading a file with a limit.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

/// Why a file can't be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Nothing is there.
    #[error("does not exist")]
    Missing,
    /// The system says why.
    #[error("can't be read: {0}")]
    Failed(std::io::Error),
    /// With the limit.
    #[error("is larger than {0} bytes")]
    TooLarge(u64),
    /// Text was wanted.
    #[error("is not UTF-8")]
    NotText,
}

/// Reads a text of at most `limit` bytes.
pub fn read_text(path: &Path, limit: u64) -> Result<String, Unreadable> {
    String::from_utf8(read_bytes(path, limit)?).map_err(|_| Unreadable::NotText)
}

/// Reads a file of at most `limit` bytes, whatever its size is said to be.
pub fn read_bytes(path: &Path, limit: u64) -> Result<Vec<u8>, Unreadable> {
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Unreadable::Missing,
        _ => Unreadable::Failed(error),
    })?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(Unreadable::Failed)?;
    if bytes.len() as u64 > limit {
        return Err(Unreadable::TooLarge(limit));
    }
    Ok(bytes)
}
