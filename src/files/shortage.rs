//! What this machine may lack for a while, and what waits until it is there again: room on a disk, a user's share of it,
//! files that may be open, processes that may live.
//!
//! It is the rule for all that pipehook writes for a job in its own name: the job's log, its folders, the files of its
//! scripts, what its steps hand over. What is lacking does not fail the job at once. It is tried again until it works,
//! nobody wants it any more, or [`SHORTAGE_MAX`] is over. What waits here blocks its thread.

use super::depot::{check, is_halted};
use std::fmt::Display;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a job waits for what is lacking, and how often it is looked for. Longer than what tidies a disk up takes,
/// and bounded: a step that nobody reads from stands still.
pub const SHORTAGE_MAX: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Says whether there is no room on a disk, or none of it for us.
pub(super) fn is_without_room(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Says whether something was lacking that may be there in a moment. No process more is told as `EAGAIN`; no
/// file here is one that does not block.
fn is_shortage(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let error = named(error).map_or(error, |named| &named.error);
    let errno = Errno::from_io_error(error);
    is_without_room(error) || errno.is_some_and(|errno| matches!(errno, Errno::MFILE | Errno::NFILE | Errno::AGAIN))
}

/// A wait for what is lacking. It begins with the first failure.
#[derive(Debug)]
pub struct Shortage {
    since: Option<Instant>,
    most: Duration,
}

impl Default for Shortage {
    fn default() -> Self {
        Self { since: None, most: SHORTAGE_MAX }
    }
}

impl Shortage {
    /// Returns how long to wait before the next try of what has failed; nothing where it failed for something else, and
    /// where it was waited for long enough. The first failure is logged.
    pub fn pause(&mut self, error: &io::Error, what: &dyn Display) -> Option<Duration> {
        if !is_shortage(error) || self.since.is_some_and(|since| since.elapsed() >= self.most) {
            return None;
        }
        if self.since.is_none() {
            tracing::error!(%what, %error, "a job waits for room, or for what else its machine lacks");
            self.since = Some(Instant::now());
        }
        Some(LOOK_EVERY)
    }

    /// Logs that it goes on, where something was waited for.
    pub fn is_over(self, what: &dyn Display) {
        if let Some(since) = self.since {
            let seconds = since.elapsed().as_secs();
            tracing::info!(%what, seconds, "what a job had waited for is there again");
        }
    }
}

/// Does something to a file or a folder, again while something is lacking and this thread is not halted (see
/// [`unless_halted`](super::unless_halted)). What is tried must not mind that a try before it was broken off. An error
/// for what is lacking names the path.
pub fn with_patience<T>(path: &Path, attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    with_patience_for(Shortage::default(), path, attempt)
}

fn with_patience_for<T>(
    mut shortage: Shortage,
    path: &Path,
    mut attempt: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    loop {
        match attempt() {
            Ok(done) => {
                shortage.is_over(&path.display());
                return Ok(done);
            }
            Err(error) => match shortage.pause(&error, &path.display()).filter(|_| !is_halted()) {
                Some(pause) => sleep(pause),
                None if is_shortage(&error) && named(&error).is_none() => return Err(naming(path, error)),
                None => return Err(error),
            },
        }
    }
}

/// Makes a folder and those around it, for the server's user alone, and waits for what is lacking.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    with_patience(folder, || DirBuilder::new().recursive(true).mode(0o700).create(folder))
}

/// Writes a new file that only the server's user can read, and waits for what is lacking. A step may have put something
/// there: it is removed, and a link is not followed. An error names the file.
pub fn write_anew(path: &Path, text: &str) -> io::Result<()> {
    let written = with_patience(path, || {
        check()?;
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(text.as_bytes())
    });
    written.map_err(|error| if named(&error).is_some() { error } else { naming(path, error) })
}

/// A file whose writer waits for what is lacking.
#[derive(Debug)]
pub struct PatientFile {
    file: File,
    path: PathBuf,
}

impl PatientFile {
    /// Creates a file, or empties the one that is there.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { file: with_patience(path, || File::create(path))?, path: path.to_owned() })
    }

    /// Returns the file, for what is not written to it.
    pub fn file(&self) -> &File {
        &self.file
    }
}

impl Write for PatientFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        with_patience(&self.path, || (&self.file).write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl io::Seek for PatientFile {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// An error with the file to which it happened.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {error}")]
struct Named {
    path: String,
    error: io::Error,
}

fn named(error: &io::Error) -> Option<&Named> {
    error.get_ref()?.downcast_ref()
}

/// Returns an error with the file to which it happened.
pub(super) fn naming(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), Named { path: path.display().to_string(), error })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;

    #[track_caller]
    fn check(errno: Errno, is_waited_for: bool) {
        let error = io::Error::from(errno);
        assert_eq!(is_shortage(&error), is_waited_for, "{error}");
        assert_eq!(is_shortage(&naming(Path::new("file"), error)), is_waited_for, "with a name");
    }

    #[test]
    fn what_is_lacking_for_too_long_is_told_with_its_path() {
        let most = Duration::from_millis(1_200);
        for errno in [Errno::NOSPC, Errno::DQUOT] {
            let (begun, mut tries) = (Instant::now(), 0);
            let lacking = Shortage { since: None, most };
            let ended = with_patience_for(lacking, Path::new("some/file"), || {
                tries += 1;
                Err::<(), _>(io::Error::from(errno))
            });
            assert!(begun.elapsed() >= most && (3..=5).contains(&tries), "{tries} tries in {:?}", begun.elapsed());
            let told = ended.expect_err("it is lacking still");
            assert_eq!(told.to_string(), format!("some/file: {}", io::Error::from(errno)));
            assert!(is_without_room(&told), "it stays what it was: {told:?}");
        }
    }

    #[test]
    fn what_may_be_there_in_a_moment_is_waited_for() {
        for errno in [Errno::NOSPC, Errno::DQUOT, Errno::MFILE, Errno::NFILE, Errno::AGAIN] {
            check(errno, true);
        }
        for errno in [Errno::ROFS, Errno::ACCESS, Errno::NOENT, Errno::IO, Errno::FBIG] {
            check(errno, false);
        }
    }
}
