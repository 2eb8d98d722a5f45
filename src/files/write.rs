//! Writes a log at its end.

use super::line::{LogLine, Stamp};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The most bytes of one job's log, so that a step in a loop fills no disk. What comes later is
/// left out.
pub const LOG_MAX: u64 = 1024 * 1024 * 1024;

/// What the last line of a log says that got too long.
const FULL: &str = "##[warning]The log is full: what follows is not kept.";

/// The open log of one job.
#[derive(Debug)]
pub struct LogWriter {
    file: File,
    folder: PathBuf,
    written: u64,
    is_synced: bool,
}

impl LogWriter {
    /// Opens or creates the file. Both it and its folder are for the server's user alone.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let folder = path.parent().expect("a log stands in the folder of its run").to_owned();
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let mut file = OpenOptions::new().create(true).read(true).append(true).mode(0o600).open(path)?;
        let written = file.seek(SeekFrom::End(0))?;
        let mut log = Self { file, folder, written, is_synced: false };
        log.end_cut_line()?;
        Ok(log)
    }

    /// Adds lines. They are in the file when this returns, for every reader.
    pub fn append(&mut self, lines: &[LogLine]) -> io::Result<()> {
        let mut text = String::new();
        let mut stamp = Stamp::default();
        for line in lines {
            if self.written >= LOG_MAX {
                break;
            }
            let before = text.len();
            line.write(&mut stamp, &mut text);
            self.written += (text.len() - before) as u64;
            if self.written >= LOG_MAX {
                LogLine { text: FULL.to_owned(), ..line.clone() }.write(&mut stamp, &mut text);
            }
        }
        self.file.write_all(text.as_bytes())
    }

    /// Returns once all lines are on disk.
    pub fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        if !self.is_synced {
            let logs = self.folder.parent().unwrap_or(&self.folder);
            File::open(&self.folder)?.sync_all()?;
            File::open(logs)?.sync_all()?;
            self.is_synced = true;
        }
        Ok(())
    }

    /// Ends the last line if a crash has cut it short.
    fn end_cut_line(&mut self) -> io::Result<()> {
        if self.written == 0 {
            return Ok(());
        }
        let mut last = [0];
        self.file.seek(SeekFrom::End(-1))?;
        self.file.read_exact(&mut last)?;
        if last != *b"\n" { self.file.write_all(b"\n") } else { Ok(()) }
    }
}
