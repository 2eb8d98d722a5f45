//! Reading and copying files until nobody wants it any more: see [`unless_halted`](super::unless_halted).

use super::depot::check;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// How many bytes of a file are copied between two looks.
const PIECE: u64 = 16 * 1024 * 1024;

/// Copies a file as [`std::fs::copy`] does, until this thread is halted.
pub fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    let source = File::open(from)?;
    let about = source.metadata()?;
    let mut target = File::create(to)?;
    target.set_permissions(about.permissions())?;
    loop {
        check()?;
        if io::copy(&mut (&source).take(PIECE), &mut target)? < PIECE {
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
