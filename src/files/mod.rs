//! Where logs live, and what steps hand over. A log is one file a job on the local disk, `<data>/logs/<run>/<job>.log`.
//!
//! A line of the file is
//!
//! ```text
//! 2026-03-09T05:07:08.1234567Z 3 what the third step printed
//! 2026-03-09T05:07:08.1234567Z - what is said about the job itself
//! ```
//! Lines are in the file when [`LogWriter::append`] returns, for followers in any process; they
//! are on disk when [`LogWriter::sync`] returns. A crash may cut the last line short: a reader
//! sees whole lines only, and a writer that comes later begins a new one.
//!
//! Where several machines share the work, logs and what is handed over are in a [`Depot`], under the same
//! names, and are read from there. Until all of a log has arrived it is in `<data>/unsent/<run>/<job>.log` as well.
//!
//! The text is kept as it was printed, but for the terminal escapes of steps that payload text
//! reaches, which are spelled out. Others are made harmless where the text is shown.

mod bucket;
mod cache;
mod carry;
mod copy;
mod depot;
mod gather;
mod ignored;
mod keep;
mod late;
mod line;
mod local;
mod objects;
mod outage;
mod read;
mod room;
mod ship;
mod shortage;
mod sweep;
mod tree;
mod write;

pub use bucket::Bucket;
pub use cache::{CACHE_MAX, CACHE_UNUSED_MAX, CACHES_MAX, Cache, Caches, KEY_MAX};
pub use copy::copy_file;
pub use depot::{Depot, Fence, PIECE_MAX, SHARED_FILES_MAX, SHARED_LOG_MAX, unless_halted};
pub use ignored::IGNORE_FILE;
pub use keep::{ARTIFACT_MAX, ENTRIES_MAX, FILE_MAX, Keep, Kept, check_artifact_name};
pub use late::{LateRound, Unsent};
pub use line::{LogLine, TEXT_MAX, push as push_line};
pub use local::{Local, LocalFile, local_files, runs_with_files};
pub use objects::{Encryption, Place, S3};
pub use outage::Outage;
pub use read::{LogPiece, LogReader, READ_MAX};
pub use shortage::{PatientFile, SHORTAGE_MAX, Shortage, make_folder, with_patience, write_anew};
pub use sweep::{Left, LeftOver, Site};
pub use tree::{LeftOut, Links, SEARCHED_MAX, Sought, Tree, Why, search, tree};
pub use write::{LOG_MAX, LogWriter, Wanted};

use crate::id::{JobId, RunId};
use room::Room;
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// The folder below the data folder.
const FOLDER: &str = "logs";
/// The one for logs that are on their way to a depot.
const UNSENT: &str = "unsent";

/// The logs of one data folder. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Logs {
    folder: PathBuf,
    unsent: PathBuf,
    depot: Option<Arc<dyn Depot>>,
    /// Which of those on their way are being written to.
    open: Arc<Mutex<HashSet<PathBuf>>>,
    room: Room,
}

/// A log is being written to for as long as this is there.
#[derive(Debug)]
struct Open {
    path: PathBuf,
    all: Arc<Mutex<HashSet<PathBuf>>>,
}

impl Open {
    fn new(path: &Path, all: &Arc<Mutex<HashSet<PathBuf>>>) -> Self {
        all.lock().expect("no holder of the open logs panics").insert(path.to_owned());
        Self { path: path.to_owned(), all: all.clone() }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.all.lock().expect("no holder of the open logs panics").remove(&self.path);
    }
}

impl Logs {
    /// Returns the logs below a data folder. Nothing is created yet.
    pub fn new(data: &Path) -> Self {
        Self {
            folder: data.join(FOLDER),
            unsent: data.join(UNSENT),
            depot: None,
            open: Arc::default(),
            room: Room::default(),
        }
    }

    /// Returns the logs as several machines share them, where there is a depot.
    pub fn shared(self, depot: Option<Arc<dyn Depot>>) -> Self {
        Self { depot, ..self }
    }

    /// As [`Self::writer`], for who holds the job's lease with a fencing token.
    pub fn leased_writer(&self, run: &RunId, job: &JobId, token: i64) -> io::Result<LogWriter> {
        let Some(depot) = &self.depot else { return self.writer(run, job) };
        let path = path(&self.unsent, run, job)?;
        let open = Open::new(&path, &self.open);
        let fence = Fence { job: job.as_str().to_owned(), token };
        self.open_writer(&path)?.shared(depot.clone(), name(run, job)?, fence, open)
    }

    /// Opens the log of a job for writing at its end, and creates it where it is missing.
    pub fn writer(&self, run: &RunId, job: &JobId) -> io::Result<LogWriter> {
        self.open_writer(&path(&self.folder, run, job)?)
    }

    /// Fails while logs find no room on this machine's disk. Where machines share them it is looked for from when a log
    /// of this process has missed it: what is on this disk is on its way.
    pub fn has_room(&self) -> io::Result<()> {
        if self.depot.is_none() {
            // Before the first log there is only the folder around.
            let folder = self.folder.ancestors().take(2).find(|folder| folder.is_dir());
            folder.into_iter().for_each(|folder| self.room.ask(folder));
        }
        self.room.look()
    }

    /// Says whether what `files` names could not be used when it was last, as far as this process knows.
    pub fn is_place_away(&self) -> bool {
        self.depot.as_ref().is_some_and(|depot| depot.is_away())
    }

    fn open_writer(&self, path: &Path) -> io::Result<LogWriter> {
        LogWriter::open(path, self.room.clone()).map_err(|error| {
            if shortage::is_without_room(&error) {
                self.room.is_missing(path.ancestors().nth(2).unwrap_or(path));
            }
            shortage::naming(path, error)
        })
    }

    /// Opens the log of a job for reading. A log that is not there yet is empty so far.
    pub fn reader(&self, run: &RunId, job: &JobId) -> io::Result<LogReader> {
        match &self.depot {
            Some(depot) => Ok(LogReader::shared(depot.clone(), name(run, job)?, path(&self.unsent, run, job)?)),
            None => Ok(LogReader::new(path(&self.folder, run, job)?)),
        }
    }
}

fn path(folder: &Path, run: &RunId, job: &JobId) -> io::Result<PathBuf> {
    Ok(folder.join(safe(run.as_str())?).join(format!("{}.log", safe(job.as_str())?)))
}

/// Returns what a depot calls a log.
fn name(run: &RunId, job: &JobId) -> io::Result<String> {
    Ok(format!("{FOLDER}/{}/{}.log", safe(run.as_str())?, safe(job.as_str())?))
}

/// Returns the id if it is a plain name. Ids are made by us, but also read from commands and
/// requests, and what is no id must not become a path.
fn safe(id: &str) -> io::Result<&str> {
    let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    match !id.is_empty() && id.len() <= crate::id::TEXT_MAX && is_plain {
        true => Ok(id),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, "this is no id")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logs() -> (tempfile::TempDir, Logs) {
        let folder = tempfile::tempdir().expect("a folder");
        let logs = Logs::new(folder.path());
        (folder, logs)
    }

    fn ids() -> (RunId, JobId) {
        (RunId::from_stored("run_1"), JobId::from_stored("job_1"))
    }

    fn line(step: Option<usize>, text: &str) -> LogLine {
        LogLine { at: "2026-03-09T05:07:08.1234567Z".parse().expect("a time"), step, text: text.to_owned() }
    }

    #[test]
    fn what_is_appended_is_read_from_where_one_stopped() {
        let (_folder, logs) = logs();
        let (run, job) = ids();
        let mut reader = logs.reader(&run, &job).expect("a reader");
        assert_eq!(reader.read().expect("nothing"), []);
        let mut writer = logs.writer(&run, &job).expect("a writer");
        writer.append(&[line(None, "job"), line(Some(0), ""), line(Some(1), "a  b ")]).expect("room");
        assert_eq!(reader.read().expect("lines"), [line(None, "job"), line(Some(0), ""), line(Some(1), "a  b ")]);
        writer.append(&[line(Some(1), "later")]).expect("room");
        writer.sync().expect("a disk");
        let mut second = logs.reader(&run, &job).expect("a reader");
        second.seek(reader.offset());
        assert_eq!(second.read().expect("lines"), [line(Some(1), "later")]);
        assert_eq!(second.read().expect("lines"), []);
    }

    #[test]
    fn the_file_is_one_line_a_line() {
        let (folder, logs) = logs();
        let (run, job) = ids();
        let mut writer = logs.writer(&run, &job).expect("a writer");
        writer.append(&[line(Some(2), "a\nb\rc\u{1b}[1m"), line(None, "end")]).expect("room");
        let text = std::fs::read_to_string(folder.path().join("logs/run_1/job_1.log")).expect("a file");
        let time = "2026-03-09T05:07:08.1234567Z";
        assert_eq!(text, format!("{time} 3 a\\nb\\rc\u{1b}[1m\n{time} - end\n"));
    }

    #[test]
    fn a_line_that_a_crash_cut_short_is_never_read_and_never_continued() {
        let (folder, logs) = logs();
        let (run, job) = ids();
        let path = folder.path().join("logs/run_1/job_1.log");
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, "2026-03-09T05:07:08.1234567Z 1 cut sho").expect("a file");
        let mut reader = logs.reader(&run, &job).expect("a reader");
        assert_eq!(reader.read().expect("nothing"), []);
        logs.writer(&run, &job).expect("a writer").append(&[line(Some(0), "next")]).expect("room");
        assert_eq!(reader.read().expect("lines"), [line(Some(0), "cut sho"), line(Some(0), "next")]);
    }

    #[test]
    fn only_ids_become_paths() {
        let (_folder, logs) = logs();
        for hostile in ["", "..", "../x", "a/b", "/etc", "run_\0", &"a".repeat(200)] {
            assert!(logs.reader(&RunId::from_stored(hostile), &ids().1).is_err(), "{hostile:?}");
            assert!(logs.writer(&ids().0, &JobId::from_stored(hostile)).is_err(), "{hostile:?}");
        }
    }
}
