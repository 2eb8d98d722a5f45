//! One server a data folder.
//!
//! Two locks: on the folder itself, which nobody can remove while it is used, and on a file in it that says
//! who it is, which is all there is where a file system locks no folders.

use crate::store::Error;
use rustix::process::Pid;
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// The lock file's name in the data folder.
const FILE: &str = "server.lock";
/// How long the lock of a process that is gone may still be held. A killed server can leave a
/// child that has not become its program yet, and which holds the server's open files until then.
const LEFT_BEHIND_MAX: Duration = Duration::from_secs(10);
/// How often such a lock is tried again.
const TRY_EVERY: Duration = Duration::from_millis(5);

/// Held for the server's life. The system gives it up when the process ends, however it ends.
#[derive(Debug)]
#[expect(dead_code, reason = "the open files are the lock")]
pub struct Lock {
    folder: File,
    file: File,
}

impl Lock {
    /// Takes the folder, or says who has it; it is made where it is missing. Blocks for a moment where
    /// its holder is gone and something of it is still there.
    pub fn take(folder: &Path) -> Result<Self, Error> {
        let failed = |error: std::io::Error| super::unavailable_folder(folder, &error);
        super::make_folder(folder).map_err(failed)?;
        let own = File::open(folder).map_err(failed)?;
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(folder.join(FILE))
            .map_err(failed)?;
        let end = Instant::now() + LEFT_BEHIND_MAX;
        let (mut has_folder, mut has_file) = (false, false);
        loop {
            // NFS locks what is open for writing, which no folder can be.
            has_folder = has_folder || !matches!(own.try_lock(), Err(TryLockError::WouldBlock));
            has_file = has_file
                || match file.try_lock() {
                    Ok(()) => true,
                    Err(TryLockError::Error(error)) => return Err(failed(error)),
                    Err(TryLockError::WouldBlock) => false,
                };
            if has_folder && has_file {
                break;
            }
            let holder = Holder::read(&mut file).map_err(failed)?;
            if !holder.is_gone() || Instant::now() >= end {
                return Err(Error::InUse { folder: folder.display().to_string(), holder: holder.to_string() });
            }
            std::thread::sleep(TRY_EVERY);
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| write!(file, "{}", std::process::id()))
            .map_err(failed)?;
        Ok(Self { folder: own, file })
    }
}

/// Who wrote its number into the lock file.
struct Holder(Option<Pid>);

impl Holder {
    fn read(file: &mut File) -> std::io::Result<Self> {
        let mut text = String::new();
        file.rewind()?;
        // Bytes that are no text are no number either.
        let _ = file.take(20).read_to_string(&mut text);
        Ok(Self(text.parse().ok().and_then(Pid::from_raw)))
    }

    fn is_gone(&self) -> bool {
        self.0.is_some_and(|process| rustix::process::test_kill_process(process) == Err(rustix::io::Errno::SRCH))
    }
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(process) => write!(f, "process {}", process.as_raw_nonzero()),
            None => f.write_str("another process"),
        }
    }
}
