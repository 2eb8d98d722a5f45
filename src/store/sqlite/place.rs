//! Whether what stands at the database's path still is what this process has open, and what else
//! belongs to a database.
//!
//! An open file lives on after it was moved or removed, and takes what is written: a sender would be
//! told that its delivery is safe in a file that nobody finds. So the writer looks before it begins
//! and again before it tells anybody of a commit. Two looks are nothing beside a sync of the disk.

use crate::store::Error;
use rustix::fs::{AtFlags, CWD, StatxFlags, makedev};
use rustix::io::Errno;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What SQLite keeps beside a database: they are part of it, and belong to no other.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Which file it is, wherever it is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) device: u64,
    pub(super) inode: u64,
}

impl Identity {
    /// Returns that of the file to which a path leads, if there is one.
    ///
    /// Nothing more is asked for: a file system that keeps fine timestamps gives a file whose times somebody
    /// has looked at a new one with the next write, and then each sync writes the inode too.
    pub(super) fn at(path: &Path) -> Option<Self> {
        match rustix::fs::statx(CWD, path, AtFlags::empty(), StatxFlags::INO) {
            Ok(about) => Some(Self { device: makedev(about.stx_dev_major, about.stx_dev_minor), inode: about.stx_ino }),
            // Where there is no such call.
            Err(Errno::NOSYS | Errno::PERM) => {
                let about = std::fs::metadata(path).ok()?;
                Some(Self { device: about.dev(), inode: about.ino() })
            }
            Err(_) => None,
        }
    }
}

/// The database's path, and which file was there when this process began to write.
#[derive(Debug)]
pub(super) struct Place {
    file: PathBuf,
    /// Where its log is.
    log_file: PathBuf,
    /// Nothing while no connection that writes was opened.
    identity: Option<Identity>,
    /// The log of the connection that writes.
    log: Option<Identity>,
}

impl Place {
    /// Returns a path at which nothing was opened yet.
    pub(super) fn of(file: PathBuf) -> Self {
        Self { log_file: log_file(&file), file, identity: None, log: None }
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// Notes what a new connection has opened: the file, where it is the first one, and its log.
    pub(super) fn note(&mut self) {
        self.identity = self.identity.or_else(|| Identity::at(&self.file));
        self.log = Identity::at(&self.log_file);
    }

    /// Forgets the log of a connection that is closed.
    pub(super) fn forget_log(&mut self) {
        self.log = None;
    }

    /// Fails where the path or that of the log leads elsewhere now. Files that are put back are taken again.
    pub(super) fn is_kept(&self) -> Result<(), Error> {
        let leads_to = |path: &Path, noted: Option<Identity>| noted.is_none() || Identity::at(path) == noted;
        let gone = match (leads_to(&self.file, self.identity), leads_to(&self.log_file, self.log)) {
            (true, true) => return Ok(()),
            (false, _) => self.file.display(),
            (true, false) => self.log_file.display(),
        };
        Err(Error::Unavailable(format!(
            "{gone} was moved away, removed or replaced while this process has it open: put it back, or start again \
             to go on with what is there now"
        )))
    }
}

/// Returns which files there are of a database, itself first.
pub(super) fn files_of(file: &Path) -> Vec<PathBuf> {
    let all = [file.to_owned()].into_iter().chain(BESIDE.map(|ending| beside(file, ending)));
    all.filter(|path| path.symlink_metadata().is_ok()).collect()
}

/// Fails where a database is missing or empty and something is left of it: SQLite takes that for rubbish, and
/// removes it with the first look. To be asked before each opening.
pub(super) fn is_whole(file: &Path) -> Result<(), Error> {
    let left: Vec<PathBuf> = match std::fs::metadata(file).map(|about| about.len()) {
        // The making of one that broke off has left no log yet.
        Ok(0) => log_of(file).into_iter().collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            files_of(file).into_iter().filter(|path| path != file).collect()
        }
        _ => return Ok(()),
    };
    match left.is_empty() {
        true => Ok(()),
        false => Err(Error::Torn { file: file.display().to_string(), beside: named(&left) }),
    }
}

/// Returns files as they are named in a sentence.
pub(super) fn named(files: &[PathBuf]) -> String {
    files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// Returns the log of a database where it has something that is not in the database's file yet.
pub(super) fn log_of(file: &Path) -> Option<PathBuf> {
    let log = beside(file, BESIDE[0]);
    std::fs::metadata(&log).is_ok_and(|about| about.len() > 0).then_some(log)
}

/// Returns where the log of a database is.
pub(super) fn log_file(file: &Path) -> PathBuf {
    beside(file, BESIDE[0])
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
