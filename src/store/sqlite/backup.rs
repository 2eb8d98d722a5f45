//! A copy of one moment of the store, beside whoever writes.
//!
//! It is made beside its place, under a name of its own, and gets its name when all of it is on disk: whatever ends the
//! making, there is a whole copy under that name or none. What is left of one that broke off is overwritten by the next.

use super::fault::naming;
use super::{FILE, FILE_MODE, SqliteStore, is_there, mark, migration, open_for_reading, place, sync_folder};
use crate::store::Error;
use rustix::fs::{CWD, FlockOperation, OFlags, RenameFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// What the name of a copy ends with until all of it is on disk.
const PART: &str = ".pipehook-part";

/// A copy of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Its bytes.
    pub bytes: u64,
    /// What was left of one that broke off, which it was written over.
    pub replaced: Option<PathBuf>,
}

impl SqliteStore {
    /// Writes a copy of one moment of the store into a new file, beside whoever writes. It is on disk
    /// when this returns. Logs and artifacts are files beside the database, and not in it. A store of an
    /// earlier version is copied as it is. Where this fails there is no new file; where the process is killed, at most
    /// one with another name, which the next copy to the same place replaces. Blocks.
    pub fn back_up(folder: &Path, file: &Path) -> Result<Backup, Error> {
        mark::is_here(folder)?;
        let store = folder.join(FILE);
        is_there(folder, &store)?;
        let connection = open_for_reading(&store)?;
        let (found, known) =
            (migration::version(&connection).map_err(|error| naming(&store, error.into()))?, migration::known());
        if found > known {
            return Err(Error::Newer { found, known });
        }
        let part = Part::begin(file).map_err(|error| failed(file, error))?;
        let copied = connection
            .execute("VACUUM INTO ?", [part.name()])
            .map_err(|error| Error::Unavailable(format!("{} into {}: {error}", store.display(), file.display())));
        match copied.and_then(|_| part.end(file).map_err(|error| failed(file, error))) {
            Ok(bytes) => Ok(Backup { bytes, replaced: part.replaced() }),
            Err(error) => {
                part.remove();
                Err(error)
            }
        }
    }
}

fn failed(file: &Path, error: io::Error) -> Error {
    Error::Unavailable(format!("{}: {error}", file.display()))
}

/// A copy that is being made, under a name of its own.
struct Part {
    path: PathBuf,
    file: File,
    was_there: bool,
}

impl Part {
    /// Takes an empty file beside the place of a copy, which nobody else can read: the database takes it for none.
    fn begin(target: &Path) -> io::Result<Self> {
        is_free(target)?;
        let target = std::path::absolute(target)?;
        let name =
            target.to_str().ok_or_else(|| io::Error::other("the database can't write to a name that is no text"))?;
        let path = PathBuf::from(format!("{name}{PART}"));
        let was_there = path.symlink_metadata().is_ok();
        let flags = i32::try_from(OFlags::NOFOLLOW.bits()).expect("flags are small");
        let file =
            File::options().write(true).create(true).truncate(false).mode(FILE_MODE).custom_flags(flags).open(&path)?;
        let part = Self { path, file, was_there };
        part.lock()?;
        part.file.set_permissions(std::fs::Permissions::from_mode(FILE_MODE))?;
        part.remove_beside();
        part.file.set_len(0)?;
        Ok(part)
    }

    fn name(&self) -> &str {
        self.path.to_str().expect("it is made of a text")
    }

    /// Fails where another process is at work with the file, or has brought it to its place.
    ///
    /// The lock is of the kind that the database takes itself: in one process they are one, on every file system. It ends
    /// with the process, and when the database closes the file.
    fn lock(&self) -> io::Result<()> {
        let locked = rustix::fs::fcntl_lock(&self.file, FlockOperation::NonBlockingLockExclusive);
        match locked {
            Err(Errno::AGAIN | Errno::ACCESS) => {}
            Ok(()) if !is_at(&self.file, &self.path)? => {}
            // Where a file system has no locks nobody can tell.
            _ => return Ok(()),
        }
        Err(io::Error::other(format!("another process is making a copy at {}", self.path.display())))
    }

    /// Brings the whole copy to its place, durably, and returns its bytes. What has come there meanwhile is left alone.
    fn end(&self, target: &Path) -> io::Result<u64> {
        self.lock()?;
        self.file.sync_all()?;
        let bytes = self.file.metadata()?.len();
        match rustix::fs::renameat_with(CWD, &self.path, CWD, target, RenameFlags::NOREPLACE) {
            // Where a file system knows no such renaming.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                is_free(target)?;
                std::fs::rename(&self.path, target)?;
            }
            renamed => renamed?,
        }
        sync_folder(self.path.parent().unwrap_or(&self.path))?;
        Ok(bytes)
    }

    fn replaced(&self) -> Option<PathBuf> {
        self.was_there.then(|| self.path.clone())
    }

    fn remove(&self) {
        self.remove_beside();
        // It can stay only where nothing can be changed any more.
        let _ = std::fs::remove_file(&self.path);
    }

    /// Removes what the database may have left beside the file.
    fn remove_beside(&self) {
        for path in place::files_of(&self.path).into_iter().filter(|path| *path != self.path) {
            let _ = std::fs::remove_file(path);
        }
    }
}

fn is_free(target: &Path) -> io::Result<()> {
    match target.symlink_metadata() {
        Ok(_) => Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is such a file already")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Says whether a path leads to an open file: another process may have finished with it, and renamed it.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let own = file.metadata()?;
    match path.symlink_metadata() {
        Ok(there) => Ok((there.dev(), there.ino()) == (own.dev(), own.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
