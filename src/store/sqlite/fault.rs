//! What the database's own words mean, and what to do about it: it says neither which file it is about nor
//! what has happened to the disk.

use super::{holder, place};
use crate::store::Error;
use rusqlite::ErrorCode;
use rustix::process::{Resource, getrlimit};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What is said beside the database's words.
const ADVICE: [(&[ErrorCode], &str); 2] = [
    (
        DAMAGE,
        "it is damaged: stop the server, see what `pipehook store check` says, move the store away, and put a backup in \
         its place with `pipehook store restore`",
    ),
    (&[ErrorCode::ReadOnly], "this process may not write it, as the server's user may: run the command as that user"),
];

/// What the database says where the system would not read or write.
const FAILED: &str = "disk I/O error";

/// What it says where another process writes.
const LOCKED: &str = "database is locked";

/// The bytes of the pages that one commit may write beyond a limit before it fails.
const PAGES: u64 = 1024 * 1024;

/// What the database says of a file that is no whole one.
const DAMAGE: &[ErrorCode] = &[ErrorCode::DatabaseCorrupt, ErrorCode::NotADatabase];

/// What follows once the database has shown that it is damaged.
const DAMAGED: &str = "the database is damaged, and nothing is accepted until a whole one is in its place: stop the \
                       server, see what `pipehook store check` says, and put a backup back with `pipehook store \
                       restore`; where it says that the store is whole, start the server again, which looks anew";

/// Whether the database has shown to anybody in this process that it is damaged; clones are the same. From then
/// on nothing more is accepted: nobody knows whether it could be run, and a backup that is put in the
/// database's place would not have it.
#[derive(Debug, Clone, Default)]
pub(super) struct Damage(Arc<AtomicBool>);

impl Damage {
    /// Notes what an error says.
    pub(super) fn note(&self, file: &Path, error: &Error) {
        if matches!(error, Error::Damaged(_)) {
            self.found(file);
        }
    }

    /// Notes that the database is damaged, and logs that once.
    pub(super) fn found(&self, file: &Path) {
        if !self.0.swap(true, Ordering::Relaxed) {
            tracing::error!(file = %file.display(), "{DAMAGED}");
        }
    }

    /// Fails once the database is known to be damaged.
    pub(super) fn is_unknown(&self) -> Result<(), Error> {
        if self.0.load(Ordering::Relaxed) { Err(Error::Damaged(DAMAGED.to_owned())) } else { Ok(()) }
    }
}

/// Says whether the database's file is damaged.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code().is_some_and(|code| DAMAGE.contains(&code))
}

impl From<rusqlite::Error> for Error {
    /// What the disk, the folder or another process did is a failure of the world; a row that a
    /// constraint refuses, or that has another shape than its reader thinks, is ours.
    fn from(error: rusqlite::Error) -> Self {
        let Some(code) = error.sqlite_error_code() else { return Error::Broken(error.to_string()) };
        let is_ours = matches!(
            code,
            ErrorCode::ConstraintViolation
                | ErrorCode::TypeMismatch
                | ErrorCode::TooBig
                | ErrorCode::ApiMisuse
                | ErrorCode::ParameterOutOfRange
        );
        if is_ours {
            return Error::Broken(error.to_string());
        }
        let advice = ADVICE.iter().find_map(|(codes, advice)| codes.contains(&code).then_some(*advice));
        let told = advice.map_or_else(|| error.to_string(), |advice| format!("{error}: {advice}"));
        if is_damage(&error) { Error::Damaged(told) } else { Error::Unavailable(told) }
    }
}

/// Returns an error of the world with the file to which it happened, with who locks it, and with the state of a disk that
/// has no room: of that the database says only that something failed.
pub(super) fn naming(file: &Path, error: Error) -> Error {
    let name = file.display().to_string();
    let named = |reason: String| match reason.contains(&name) {
        true => reason,
        false if reason.contains(LOCKED) => format!("{name}: {reason}{}", holder::told(file)),
        false if !has_room(file) => format!("{name}: {reason}: there is no room on its disk"),
        false if reason.contains(FAILED) => format!("{name}: {reason}{}", limit_that_is_met(file).unwrap_or_default()),
        false => format!("{name}: {reason}"),
    };
    match error {
        Error::Unavailable(reason) => Error::Unavailable(named(reason)),
        Error::Damaged(reason) => Error::Damaged(named(reason)),
        other => other,
    }
}

/// Returns what is said of the most bytes that this process may write to one file (`ulimit -f`), if the database, or
/// its log beside it, has come so far that the next pages do not fit. The database's words name no such thing.
fn limit_that_is_met(file: &Path) -> Option<String> {
    let most = getrlimit(Resource::Fsize).current?;
    let log = place::log_file(file);
    let bytes = |file: &Path| file.metadata().map_or(0, |file| file.len());
    let is_met = [file, &log].into_iter().any(|file| bytes(file).saturating_add(PAGES) > most);
    is_met.then(|| format!(": a file of this process may have {most} bytes at the most (`ulimit -f`)"))
}

/// Says whether a page of the database has room on the disk where it is; true where that is not known.
fn has_room(file: &Path) -> bool {
    let folder = file.parent().unwrap_or(file);
    rustix::fs::statvfs(folder).map_or(true, |disk| disk.f_bavail > 0 && (disk.f_files == 0 || disk.f_favail > 0))
}
