//! A whole store looked at, copied and put back, beside a server or without one.

use super::{FILE, SqliteStore, lock, make_folder, migration, open_for_reading, sync_folder};
use crate::store::Error;
use crate::store::invariant::{Invariant, NAMED_MAX, OF_RUNS, broken};
use rusqlite::{Connection, OpenFlags};
use std::fs::File;
use std::path::Path;

/// What must hold in this store beside what must in every one.
const INVARIANTS: [Invariant; 6] = [
    (
        "number that the counter of its pipeline has not reached",
        "SELECT run.id FROM run
         LEFT JOIN counter ON counter.scope = 'run' AND counter.key = run.pipeline
         WHERE run.number > coalesce(counter.value, 0)",
    ),
    (
        "token that the counter has not reached, or that two leases have",
        "SELECT id FROM job
         WHERE state = 'leased'
           AND (token > (SELECT coalesce(max(value), 0) FROM counter WHERE scope = 'store' AND key = 'token')
                OR (SELECT count(*) FROM job AS other WHERE other.state = 'leased' AND other.token = job.token) > 1)",
    ),
    (
        "job set aside for a turn that its run does not wait for, or the other way round",
        "SELECT id FROM job
         WHERE state = 'due'
           AND (aside IS 'turn') <> EXISTS (SELECT 1 FROM turn
                                            WHERE turn.run = job.run AND turn.state = 'waiting'
                                              AND turn.stage_index IN (-1, job.stage_index))
           AND aside IS NOT 'paused'",
    ),
    (
        "completed run with a turn",
        "SELECT run.id FROM run JOIN turn ON turn.run = run.seq WHERE run.state = 'completed'",
    ),
    (
        "delivery that is filed and can't be found by its id",
        "SELECT id FROM delivery
         WHERE seq <= (SELECT filed FROM filing)
           AND NOT EXISTS (SELECT 1 FROM delivery_place AS place WHERE place.id = delivery.id AND place.seq = delivery.seq)",
    ),
    (
        "delivery that was set aside: its runs never began",
        "SELECT delivery.id FROM quarantine JOIN delivery ON delivery.seq = quarantine.place",
    ),
];

/// A copy of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backup {
    /// Its bytes.
    pub bytes: u64,
}

/// Why a copy is not put back.
#[derive(Debug, thiserror::Error)]
pub enum Unrestorable {
    /// There is a store already.
    #[error("there is a store in {0}: move it away first")]
    Occupied(String),
    /// The copy is none.
    #[error("the copy can't be used: {0}")]
    Unusable(String),
    /// The store says why.
    #[error(transparent)]
    Store(#[from] Error),
}

impl SqliteStore {
    /// Says whether a data folder has a store.
    pub fn is_in(folder: &Path) -> bool {
        folder.join(FILE).is_file()
    }

    /// Returns a sentence for each thing that is wrong with the store of a data folder, the database's
    /// own structure first. Reads one moment of it, beside whoever writes.
    pub fn check(folder: &Path) -> Result<Vec<String>, Error> {
        let connection = open_for_reading(&folder.join(FILE))?;
        let moment = connection.unchecked_transaction()?;
        let found = wrong_with(&moment)?;
        moment.finish()?;
        Ok(found)
    }

    /// Writes a copy of one moment of the store into a new file, beside whoever writes. It is on disk
    /// when this returns. Logs and artifacts are files beside the database, and not in it.
    pub fn back_up(folder: &Path, file: &Path) -> Result<Backup, Error> {
        let failed = |error: std::io::Error| Error::Unavailable(format!("{}: {error}", file.display()));
        // Made here, so that nobody else can read it; the database takes an empty file for none.
        std::os::unix::fs::OpenOptionsExt::mode(File::options().write(true).create_new(true), super::FILE_MODE)
            .open(file)
            .map_err(failed)?;
        let connection = open_for_reading(&folder.join(FILE))?;
        connection.execute("VACUUM INTO ?", [file.to_string_lossy()])?;
        File::open(file).and_then(|copy| copy.sync_all()).map_err(failed)?;
        sync_folder(parent(file)).map_err(failed)?;
        Ok(Backup { bytes: std::fs::metadata(file).map_err(failed)?.len() })
    }

    /// Puts a copy into a data folder that has no store. It is looked at first, and is there as a whole
    /// or not at all.
    pub fn restore(folder: &Path, file: &Path) -> Result<(), Unrestorable> {
        let failed = |error: std::io::Error| Error::Unavailable(format!("{}: {error}", folder.display()));
        let store = folder.join(FILE);
        if store.exists() {
            return Err(Unrestorable::Occupied(folder.display().to_string()));
        }
        is_usable(file)?;
        make_folder(folder).map_err(failed)?;
        let _lock = lock::Lock::take(folder)?;
        let part = folder.join(format!("{FILE}.part"));
        std::fs::copy(file, &part).map_err(failed)?;
        super::make_file(&part).and_then(|()| File::open(&part)?.sync_all()).map_err(failed)?;
        std::fs::rename(&part, &store).and_then(|()| sync_folder(folder)).map_err(failed)?;
        Ok(())
    }
}

fn parent(file: &Path) -> &Path {
    file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Looks whether a file is a store that this version knows, and whole.
fn is_usable(file: &Path) -> Result<(), Unrestorable> {
    let unusable = |reason: String| Unrestorable::Unusable(reason);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).map_err(|error| unusable(error.to_string()))?;
    let version: u32 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(|error| unusable(error.to_string()))?;
    if version == 0 {
        return Err(unusable("it is no store of pipehook".to_owned()));
    }
    let known = migration::known();
    if version > known {
        return Err(Error::Newer { found: version, known }.into());
    }
    let wrong = structure(&connection)?;
    match wrong.first() {
        None => Ok(()),
        Some(first) => Err(unusable(first.clone())),
    }
}

fn wrong_with(connection: &Connection) -> Result<Vec<String>, Error> {
    let mut wrong = structure(connection)?;
    for (what, query) in OF_RUNS.iter().chain(&INVARIANTS) {
        let mut query = connection.prepare(&format!("SELECT * FROM ({query}) LIMIT {}", NAMED_MAX + 1))?;
        let names: Vec<String> = query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        wrong.extend(broken(what, &names));
    }
    Ok(wrong)
}

/// Asks the database about its own structure and its references.
fn structure(connection: &Connection) -> Result<Vec<String>, Error> {
    let mut wrong: Vec<String> =
        connection.prepare("PRAGMA integrity_check")?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    wrong.retain(|line| line != "ok");
    let references: Vec<String> = connection
        .prepare("SELECT \"table\" || ' refers to a row of ' || parent || ' that is not there' FROM pragma_foreign_key_check LIMIT 5")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    wrong.extend(references);
    Ok(wrong)
}
