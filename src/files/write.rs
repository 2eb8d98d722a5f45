//! Writes a log at its end.

use super::Open;
use super::carry::Carrier;
use super::depot::{Depot, Fence};
use super::line::{self, LogLine, Stamp};
use super::room::Room;
use super::ship::Shipping;
use super::shortage::{Shortage, is_without_room, naming};
use jiff::Timestamp;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;

/// The most bytes of one job's log, so that a step in a loop fills no disk. A gigabyte of lines as long
/// as usual has room, with their times. What comes later is left out.
pub const LOG_MAX: u64 = 2 * 1024 * 1024 * 1024;

/// How many bytes of a log may wait for the disk. With more of them whoever else wants the disk to
/// have written something, as the store does with each renewal of a lease, would wait for them too.
const UNSYNCED_MAX: u64 = 32 * 1024 * 1024;

/// How many bytes of a block of lines are written at once, their times included.
const WRITTEN_AT_ONCE: usize = 512 * 1024;

/// How much room is kept for the next lines: those of one block of output with their times.
const KEPT_MAX: usize = 1024 * 1024;

/// A log waits for room for as long as this is there.
#[derive(Debug)]
pub struct Wanted(Arc<AtomicBool>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// The open log of one job.
#[derive(Debug)]
pub struct LogWriter {
    file: File,
    path: PathBuf,
    folder: PathBuf,
    written: u64,
    /// The most bytes that are kept.
    limit: u64,
    /// How many bytes may not be on disk yet.
    unsynced: u64,
    /// Room for the next lines, empty between calls.
    text: String,
    is_synced: bool,
    carrier: Option<Carrier>,
    /// Whether the depot has not got all of it when it was asked for that.
    is_behind: bool,
    /// Dropped after the file is removed that is not needed any more.
    open: Option<Arc<Open>>,
    /// Whether somebody waits with it for room.
    is_wanted: Arc<AtomicBool>,
    /// Where is noted that there is none.
    room: Room,
}

impl LogWriter {
    /// Opens or creates the file. Both it and its folder are for the server's user alone.
    pub(super) fn open(path: &Path, room: Room) -> io::Result<Self> {
        let folder = path.parent().expect("a log stands in the folder of its run").to_owned();
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let mut file = OpenOptions::new().create(true).read(true).append(true).mode(0o600).open(path)?;
        let written = file.seek(SeekFrom::End(0))?;
        let mut log = Self {
            file,
            path: path.to_owned(),
            folder,
            written,
            limit: LOG_MAX,
            unsynced: 0,
            text: String::new(),
            is_synced: false,
            carrier: None,
            is_behind: false,
            open: None,
            is_wanted: Arc::default(),
            room,
        };
        log.end_cut_line()?;
        Ok(log)
    }

    /// Returns a writer that puts what is added from now on into a depot too.
    pub(super) fn shared(mut self, depot: Arc<dyn Depot>, name: String, fence: Fence, open: Open) -> io::Result<Self> {
        self.limit = depot.log_max();
        let open = Arc::new(open);
        let shipping = Shipping::new(depot, name, fence, self.file.metadata()?.len());
        self.carrier = Some(Carrier::start(shipping, self.file.try_clone()?, open.clone())?);
        self.open = Some(open);
        Ok(self)
    }

    /// Has the log wait for room on a disk that is full, as long as what this returns is there, and not for ever.
    pub fn wanted(&self) -> Wanted {
        self.is_wanted.store(true, Ordering::Relaxed);
        Wanted(self.is_wanted.clone())
    }

    /// Adds lines. They are in the file when this returns, for every reader.
    pub fn append(&mut self, lines: &[LogLine]) -> io::Result<()> {
        self.append_all(lines.iter().map(|line| ((line.at, line.step), line.text.as_str())))
    }

    /// Adds lines of one time and one step, as [`Self::append`].
    pub fn append_of(&mut self, at: Timestamp, step: Option<usize>, lines: &[String]) -> io::Result<()> {
        self.append_all(lines.iter().map(|line| ((at, step), line.as_str())))
    }

    fn append_all<'l>(&mut self, lines: impl Iterator<Item = ((Timestamp, Option<usize>), &'l str)>) -> io::Result<()> {
        let mut stamp = Stamp::default();
        for (of, line) in lines {
            if self.is_full() {
                break;
            }
            line::write(&mut stamp, of, line, &mut self.text);
            if self.is_full() {
                line::write(&mut stamp, of, &full(self.limit), &mut self.text);
            }
        }
        self.write()?;
        self.ship()
    }

    /// Adds lines of one time and one step, each with an LF at its end and no other line break. They are
    /// in the file when this returns.
    pub fn append_block(&mut self, at: Timestamp, step: Option<usize>, mut lines: &str) -> io::Result<()> {
        let mut stamp = Stamp::default();
        while !lines.is_empty() && !self.is_full() {
            // The time of a line of one byte is thirty times as long.
            let reach = lines.floor_char_boundary(WRITTEN_AT_ONCE / 32);
            let end = lines[..reach].rfind('\n').or_else(|| lines.find('\n')).map_or(lines.len(), |end| end + 1);
            let (now, later) = lines.split_at(end);
            line::write_whole(&mut stamp, (at, step), now, &mut self.text);
            if self.is_full() {
                line::write(&mut stamp, (at, step), &full(self.limit), &mut self.text);
            }
            self.write()?;
            lines = later;
        }
        self.ship()
    }

    /// Adds one more line, also where the log is full.
    fn append_last(&mut self, line: &LogLine) -> io::Result<()> {
        line::write(&mut Stamp::default(), (line.at, line.step), &line.text, &mut self.text);
        self.write()
    }

    /// Adds one more line, also where the log is full. It is on disk when this returns.
    pub fn end_with(&mut self, line: &LogLine) -> io::Result<()> {
        self.append_last(line)?;
        self.file.sync_data()
    }

    /// Says whether nothing more is kept, with what is not written yet.
    fn is_full(&self) -> bool {
        self.written + self.text.len() as u64 >= self.limit
    }

    /// Writes what is ready.
    fn write(&mut self) -> io::Result<()> {
        let length = self.text.len() as u64;
        let written = self.write_out();
        self.text.clear();
        self.text.shrink_to(KEPT_MAX);
        written?;
        self.written += length;
        self.unsynced += length;
        if self.unsynced >= UNSYNCED_MAX {
            self.file.sync_data()?;
            self.unsynced = 0;
        }
        Ok(())
    }

    /// Writes what is ready to the file, and waits for room where that is wanted.
    fn write_out(&self) -> io::Result<()> {
        let mut left = self.text.as_bytes();
        let mut shortage = Shortage::default();
        while !left.is_empty() {
            match (&self.file).write(left) {
                Ok(0) => return Err(naming(&self.path, io::ErrorKind::WriteZero.into())),
                Ok(written) => left = &left[written..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    // On what is no file of a disk nobody makes room.
                    let is_full = is_without_room(&error) && self.file.metadata().is_ok_and(|file| file.is_file());
                    if is_full {
                        self.room.is_missing(self.logs());
                    }
                    let is_waited_for = is_full && self.is_wanted.load(Ordering::Relaxed);
                    let pause = if is_waited_for { shortage.pause(&error, &self.path.display()) } else { None };
                    sleep(pause.ok_or_else(|| naming(&self.path, error))?);
                }
            }
        }
        shortage.is_over(&self.path.display());
        Ok(())
    }

    /// Returns the folder of all logs.
    fn logs(&self) -> &Path {
        self.folder.parent().unwrap_or(&self.folder)
    }

    fn ship(&mut self) -> io::Result<()> {
        self.carrier.as_ref().map_or(Ok(()), Carrier::pass_on)
    }

    /// Says whether the machines that share it did not have all of it at the last [`Self::sync`].
    pub fn is_behind(&self) -> bool {
        self.is_behind
    }

    /// Returns once all lines are on disk, and where machines share them once these have them, if that can be:
    /// see [`Self::is_behind`].
    pub fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        self.unsynced = 0;
        if !self.is_synced {
            let logs = self.logs();
            File::open(&self.folder)?.sync_all()?;
            File::open(logs)?.sync_all()?;
            self.is_synced = true;
        }
        match self.carrier.as_ref().map(Carrier::send_all) {
            Some(Err(error)) if error.kind() == io::ErrorKind::PermissionDenied => Err(error),
            sent => {
                self.is_behind = matches!(sent, Some(Err(_)));
                Ok(())
            }
        }
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

/// Returns what the last line of a log says that got too long.
fn full(limit: u64) -> String {
    format!(
        "##[warning]The log has {} MiB, the most that is kept of one job: what follows is left out of it, and the job goes on.",
        limit / 1024 / 1024
    )
}

/// A log that every machine can read is not needed on this one.
impl Drop for LogWriter {
    fn drop(&mut self) {
        if !self.is_behind && self.carrier.as_ref().is_some_and(Carrier::is_done) {
            let _ = std::fs::remove_file(&self.path);
            let _ = std::fs::remove_dir(&self.folder);
        }
    }
}
