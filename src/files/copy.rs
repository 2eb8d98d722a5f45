//! Reading and copying files until nobody wants it any more: see [`unless_halted`](super::unless_halted).

use super::depot::check;
use super::shortage::with_patience;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// How many bytes of a file are copied between two looks.
const PIECE: u64 = 16 * 1024 * 1024;

/// Copies a file as [`std::fs::copy`] does, until this thread is halted. Waits for room on the disk.
pub fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    let source = with_patience(from, || File::open(from))?;
    let about = source.metadata()?;
    let mut target = with_patience(to, || File::create(to))?;
    target.set_permissions(about.permissions())?;
    loop {
        check()?;
        let piece = with_patience(to, || {
            // A piece that found no room has been read further than it was written.
            (&source).seek(SeekFrom::Start(target.stream_position()?))?;
            io::copy(&mut (&source).take(PIECE), &mut target)
        })?;
        if piece < PIECE {
            return Ok(());
        }
    }
}

/// What can be read until this thread is halted.
pub(super) struct Halting<R>(pub(super) R);

impl<R: Read> Read for Halting<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        check()?;
        self.0.read(bytes)
    }
}
