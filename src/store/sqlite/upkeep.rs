//! A whole store looked at beside a server or without one, and a copy put back.

use super::fault::{is_damage, naming};
use super::place::named;
use super::{FILE, SqliteStore, is_there, lock, make_folder, mark, migration, open_for_reading, place, sync_folder};
use crate::store::Error;
use crate::store::invariant::{Invariant, NAMED_MAX, OF_RUNS, broken};
use rusqlite::Connection;
use std::cmp::Ordering;
use std::fs::File;
use std::path::{Path, PathBuf};

/// What must hold in this store beside what must in every one.
const INVARIANTS: [Invariant; 8] = [
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
                                            WHERE turn.run = job.run
                                              AND (turn.state = 'waiting' OR turn.stopped IS NOT NULL)
                                              AND turn.stage_index IN (-1, job.stage_index))
           AND aside IS NOT 'paused'",
    ),
    (
        "job that is queued under another connection or pipeline than its run's",
        "SELECT job.id FROM job
         JOIN run ON run.seq = job.run
         WHERE job.state <> 'completed'
           AND (job.lane <> coalesce(run.connection, '') OR job.pipeline <> run.pipeline)",
    ),
    (
        "turn under another connection or pipeline than its run's",
        "SELECT run.id FROM turn
         JOIN run ON run.seq = turn.run
         WHERE turn.lane <> coalesce(run.connection, '') OR turn.pipeline <> run.pipeline",
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

/// Why a copy is not put back.
#[derive(Debug, thiserror::Error)]
pub enum Unrestorable {
    /// There is a store already, or something is left of one.
    #[error("there is a store in {folder}, or what is left of one: move {} away first, all together", named(.files))]
    Occupied {
        /// The folder.
        folder: String,
        /// What must go. A log that stays would be written over what is put back.
        files: Vec<PathBuf>,
    },
    /// The copy is none.
    #[error("the copy can't be used: {0}")]
    Unusable(String),
    /// The store says why.
    #[error(transparent)]
    Store(#[from] Error),
}

impl SqliteStore {
    /// Fails where a data folder has no store.
    pub fn find(folder: &Path) -> Result<(), Error> {
        is_there(folder, &folder.join(FILE))
    }

    /// Returns a sentence for each thing that is wrong with the store of a data folder, the database's
    /// own structure first. Reads one moment of it, beside whoever writes.
    pub fn check(folder: &Path) -> Result<Vec<String>, Error> {
        mark::is_here(folder)?;
        let file = folder.join(FILE);
        is_there(folder, &file)?;
        let looked = || {
            let connection = open_for_reading(&file)?;
            let moment = connection.unchecked_transaction()?;
            Ok(match told(migration::version(&moment))? {
                Ok(version) => {
                    migration::is_known(version)?;
                    told(wrong_with(&moment))?.unwrap_or_else(|malformed| vec![malformed])
                }
                Err(malformed) => vec![malformed],
            })
        };
        looked().map_err(|error| naming(&file, error))
    }

    /// Puts a copy into a data folder that has no store, and no server. It is looked at first, and is there
    /// as a whole or not at all.
    pub fn restore(folder: &Path, file: &Path) -> Result<(), Unrestorable> {
        let failed = |error: std::io::Error| Error::Unavailable(format!("{}: {error}", folder.display()));
        // First: what a server has open can't be moved away.
        let lock = folder.is_dir().then(|| lock::Lock::take(folder)).transpose()?;
        let store = folder.join(FILE);
        let mut files = place::files_of(&store);
        files.extend(Some(mark::path(folder)).filter(|mark| mark.exists()));
        if !files.is_empty() {
            return Err(Unrestorable::Occupied { folder: folder.display().to_string(), files });
        }
        is_usable(file)?;
        make_folder(folder).map_err(failed)?;
        let _lock = lock.map_or_else(|| lock::Lock::take(folder), Ok)?;
        let part = folder.join(format!("{FILE}.part"));
        std::fs::copy(file, &part).map_err(failed)?;
        super::make_file(&part).and_then(|()| File::open(&part)?.sync_all()).map_err(failed)?;
        std::fs::rename(&part, &store).and_then(|()| sync_folder(folder)).map_err(failed)?;
        Ok(())
    }
}

/// Looks whether a file is a store that this version knows, and whole.
fn is_usable(file: &Path) -> Result<(), Unrestorable> {
    match std::fs::metadata(file) {
        Ok(about) if about.is_file() => {}
        Ok(_) => return Err(Unrestorable::Unusable(format!("{} is no file", file.display()))),
        Err(error) => return Err(Unrestorable::Unusable(format!("{}: {error}", file.display()))),
    }
    if let Some(log) = place::log_of(file) {
        let sentence =
            format!("a part of it is in {}: `pipehook store backup` makes copies of one file", log.display());
        return Err(Unrestorable::Unusable(sentence));
    }
    let unusable = |error: rusqlite::Error| Unrestorable::Unusable(error.to_string());
    let connection = super::open_unchanging(file)?;
    let version = migration::version(&connection).map_err(unusable)?;
    let known = migration::known();
    let wrong = match version.cmp(&known) {
        Ordering::Greater => return Err(Error::Newer { found: version, known }.into()),
        Ordering::Equal => wrong_with(&connection),
        Ordering::Less if version == 0 => {
            return Err(Unrestorable::Unusable("it is no store of pipehook".to_owned()));
        }
        // What must hold is known for the present version only.
        Ordering::Less => structure(&connection),
    };
    match wrong.map_err(unusable)?.first() {
        None => Ok(()),
        Some(first) => Err(Unrestorable::Unusable(first.clone())),
    }
}

/// Tells a failure of the world apart from a file that is no whole database, which a sentence says.
fn told<T>(found: rusqlite::Result<T>) -> Result<Result<T, String>, Error> {
    match found {
        Ok(found) => Ok(Ok(found)),
        Err(error) if is_damage(&error) => Ok(Err(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

fn wrong_with(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut wrong = structure(connection)?;
    for (what, query) in OF_RUNS.iter().chain(&INVARIANTS) {
        let mut query = connection.prepare(&format!("SELECT * FROM ({query}) LIMIT {}", NAMED_MAX + 1))?;
        let names: Vec<String> = query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        wrong.extend(broken(what, &names));
    }
    Ok(wrong)
}

/// Asks the database about its own structure and its references.
fn structure(connection: &Connection) -> rusqlite::Result<Vec<String>> {
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
