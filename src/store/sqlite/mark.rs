//! The mark beside a store that a database has all of it, or may have it.
//!
//! ```text
//! (none) ──► moving ──► the database's commit ──► moved
//! ```
//! Between the first and the last nobody can tell from the folder alone which of both is the store. So
//! nothing begins with the folder then, and the moving is begun again: the database has the name of the
//! moving if it has committed it.

use super::{make_file, sync_folder, unavailable_folder};
use crate::store::Error;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The mark's name in the data folder.
const FILE: &str = "pipehook.db.moved";
/// What it begins with. One of an earlier version is empty, and means the second.
const MOVING: &str = "moving";
const MOVED: &str = "moved";

/// A store on its way into a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moving {
    /// The name of this attempt, which the database has once it has the store.
    pub name: String,
    /// The address of the database, without its password.
    pub to: String,
}

/// Returns the path of the mark.
pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

/// Says whether the store of a folder is here and nowhere else.
pub(super) fn is_here(folder: &Path) -> Result<(), Error> {
    let text = read(folder)?;
    let (named, mark) = (folder.display().to_string(), path(folder).display().to_string());
    match text.as_deref().map(parse) {
        None => Ok(()),
        Some(Some(Moving { to, .. })) => Err(Error::Moving { folder: named, mark, to }),
        Some(None) => Err(Error::Moved { folder: named, mark }),
    }
}

/// Returns the moving that was begun, and whose end nobody has noted.
pub(super) fn begun(folder: &Path) -> Result<Option<Moving>, Error> {
    Ok(read(folder)?.as_deref().and_then(parse))
}

/// Notes that a store is on its way. Durable when it returns.
pub(super) fn begin(folder: &Path, moving: &Moving) -> Result<(), Error> {
    write(folder, &format!("{MOVING} {}\n{}\n", moving.name, moving.to))
}

/// Notes that a database has the store. Durable when it returns.
pub(super) fn end(folder: &Path, moving: &Moving) -> Result<(), Error> {
    write(folder, &format!("{MOVED} {}\n{}\n", moving.name, moving.to))
}

/// Takes back that a store is on its way, of which no database has anything.
pub(super) fn take_back(folder: &Path) -> Result<(), Error> {
    let taken = std::fs::remove_file(path(folder)).and_then(|()| sync_folder(folder));
    taken.map_err(|error| unavailable_folder(folder, &error))
}

fn parse(text: &str) -> Option<Moving> {
    let (name, to) = text.strip_prefix(MOVING)?.trim_start().split_once('\n')?;
    Some(Moving { name: name.to_owned(), to: to.trim_end().to_owned() })
}

fn read(folder: &Path) -> Result<Option<String>, Error> {
    match std::fs::read_to_string(path(folder)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unavailable_folder(folder, &error)),
    }
}

/// Writes the mark as a whole: half of one would mean something else.
fn write(folder: &Path, text: &str) -> Result<(), Error> {
    let part = folder.join(format!("{FILE}.part"));
    let write = || {
        make_file(&part)?;
        let mut file = std::fs::File::options().write(true).truncate(true).open(&part)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&part, path(folder))?;
        sync_folder(folder)
    };
    write().map_err(|error| unavailable_folder(folder, &error))
}
