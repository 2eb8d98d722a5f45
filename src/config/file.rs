//! Reading a file with a limit.

use rustix::fs::OFlags;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

/// Where a process finds what was handed to it open, such as the output of another program.
const HANDED: [&str; 3] = ["/dev/fd", "/dev/stdin", "/proc/self/fd"];

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
    /// Who opens it waits until somebody writes into it.
    #[error("is a pipe, not a file")]
    Pipe,
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
    let file = open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Unreadable::Missing,
        _ => Unreadable::Failed(error),
    })?;
    let file = file.ok_or(Unreadable::Pipe)?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(Unreadable::Failed)?;
    if bytes.len() as u64 > limit {
        return Err(Unreadable::TooLarge(limit));
    }
    Ok(bytes)
}

/// Opens a file without waiting for anybody: nothing where it is a pipe, unless that was handed to this process.
fn open(path: &Path) -> std::io::Result<Option<File>> {
    if HANDED.iter().any(|place| path.starts_with(place)) {
        return File::open(path).map(Some);
    }
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let is_pipe = file.metadata()?.file_type().is_fifo();
    Ok((!is_pipe).then_some(file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{CWD, FileType, Mode, mknodat};

    #[test]
    fn nobody_waits_for_who_writes_into_a_pipe() {
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("pipe");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
        assert!(matches!(read_bytes(&pipe, 10), Err(Unreadable::Pipe)));
        let (handed, mut writer) = std::io::pipe().expect("a pipe");
        std::io::Write::write_all(&mut writer, b"text").expect("there is room");
        drop(writer);
        let path = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&handed));
        assert_eq!(read_text(path.as_ref(), 10).expect("it was handed over"), "text");
    }
}
