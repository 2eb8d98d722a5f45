//! Reads a log piece by piece, also while it grows.

use super::depot::Depot;
use super::line::LogLine;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The most bytes that are read at once; more than the longest line, so that there is always
/// progress.
pub const READ_MAX: u64 = 1024 * 1024;

/// A place in a log.
#[derive(Debug)]
pub struct LogReader {
    source: Source,
    offset: u64,
    /// Whether it is read on this machine's disk, since nothing of it is where machines share it.
    is_here: bool,
}

/// What was read of a log at once.
#[derive(Debug, Default)]
pub struct LogPiece {
    /// Whole lines; none when there are no more so far.
    pub lines: Vec<LogLine>,
    /// The place after them, as [`LogReader::seek`] takes it.
    pub offset: u64,
    /// Whether lines may be missing: see [`LogReader::may_lack`].
    pub may_lack: bool,
}

/// Where a log is read.
#[derive(Debug)]
enum Source {
    /// On this machine's disk.
    File(PathBuf),
    /// Where several machines share it, with its name, and where it is on this one until it has arrived there.
    Depot(Arc<dyn Depot>, String, PathBuf),
}

impl LogReader {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { source: Source::File(path), offset: 0, is_here: true }
    }

    pub(super) fn shared(depot: Arc<dyn Depot>, name: String, unsent: PathBuf) -> Self {
        Self { source: Source::Depot(depot, name, unsent), offset: 0, is_here: false }
    }

    /// Returns the bytes before the next line, to go on from there another time.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Goes on from a place that [`LogReader::offset`] gave.
    pub fn seek(&mut self, offset: u64) {
        self.offset = offset;
    }

    /// Says whether there is anything at the place of the log.
    pub fn is_there(&self) -> io::Result<bool> {
        match &self.source {
            Source::Depot(_, _, unsent) if self.offset > 0 || unsent.try_exists()? => Ok(true),
            Source::Depot(depot, name, _) => Ok(depot.end(name)? > 0),
            Source::File(path) => path.try_exists(),
        }
    }

    /// Says whether a worker may have lines of it that are not where this reads: machines share the place, and nobody
    /// here wrote it, as far as was read so far.
    pub fn may_lack(&self) -> bool {
        matches!(self.source, Source::Depot(..)) && !self.is_here
    }

    /// As [`Self::read`], with all that is known of it.
    pub fn piece(&mut self) -> io::Result<LogPiece> {
        let lines = self.read()?;
        Ok(LogPiece { lines, offset: self.offset, may_lack: self.may_lack() })
    }

    /// Returns the next lines, as many as fit into [`READ_MAX`] bytes; none when there are no more
    /// so far.
    pub fn read(&mut self) -> io::Result<Vec<LogLine>> {
        let bytes = self.bytes()?;
        let whole = memchr::memrchr(b'\n', &bytes).map_or(0, |end| end + 1);
        self.offset += whole as u64;
        let text = String::from_utf8_lossy(&bytes[..whole]);
        Ok(text.split_terminator('\n').filter_map(LogLine::read).collect())
    }

    fn bytes(&mut self) -> io::Result<Vec<u8>> {
        let (depot, name, unsent) = match &self.source {
            Source::File(path) => return self.bytes_of(path),
            Source::Depot(depot, name, unsent) => (depot, name, unsent),
        };
        let found = depot.get(name, self.offset, usize::try_from(READ_MAX).expect("it fits into memory"));
        if found.as_ref().is_ok_and(|bytes| !bytes.is_empty()) || !unsent.try_exists()? {
            return found;
        }
        // What is here is what will be there, from the beginning on: nothing of it is, or nobody can say.
        self.is_here = found.is_err() || self.is_here || self.offset == 0;
        if self.is_here { self.bytes_of(unsent) } else { found }
    }

    fn bytes_of(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            opened => opened?,
        };
        file.seek(SeekFrom::Start(self.offset))?;
        let mut bytes = Vec::new();
        file.take(READ_MAX).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}
