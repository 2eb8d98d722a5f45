//! A whole store moved from the data folder of one machine into the database of several.
//!
//! ```text
//! SQLite ──► rows ──► one transaction of the database ──► read back and compared ──► commit
//! folder ──► files ──► the same transaction, or the object store
//! ```
//! Ids, numbers, repeats, counters and what waits in the queue stay as they are. Rows are brought some at a
//! time, so that memory is bounded by the largest few of them. Before the commit everything is read back, and
//! each row must be what was sent: all of it is there then, or nothing. Files in an object store come before
//! the commit; a second try writes them again.
//!
//! Both are held meanwhile: the folder by its lock, the database's tables by locks of their own. Before the
//! commit the folder gets a mark, so that nothing begins with it again: what is queued would run twice. The
//! commit has the name of the moving in it, by which [`resume`] knows what became of one that broke off.

mod row;
mod table;

pub(super) use row::{Field, Row, Tally};
pub(super) use table::{Column, DELIVERY, FILES, Kind, REPEAT, RUN, TABLES, Table};

use super::Error;
use super::postgres::{Import, PostgresStore};
use super::sqlite::{Export, FolderLock, Moving, SqliteStore};
use crate::files::{Depot, Local, PIECE_MAX, local_files, runs_with_files};
use jiff::Timestamp;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How many bytes of rows travel together, and how many such parts wait.
const PART_BYTES: usize = 256 * 1024;
const PARTS_WAITING: usize = 4;
/// How often it is told how far a large table is.
const TOLD_EVERY: Duration = Duration::from_secs(5);

/// Where a store is moved to.
#[derive(Clone, Copy)]
pub struct Destination<'d> {
    /// The database, which has no store yet.
    pub database: &'d PostgresStore,
    /// Its address, without the password, and the schema: another one is another destination.
    pub address: &'d str,
    /// How this moving is called: like no other.
    pub name: &'d str,
    /// Where files go, if not into the database.
    pub files: Option<&'d dyn Depot>,
}

/// What was moved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moved {
    /// How many rows each table has, by its name.
    pub rows: Vec<(&'static str, u64)>,
    /// How many logs, artifacts' files and single files, and their bytes.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The paths of files whose names can't be moved: they are where they were.
    pub left: Vec<String>,
    /// How many deliveries had been set aside: they have no runs here either.
    pub set_aside: u64,
}

impl Moved {
    /// Returns how many rows a table has.
    pub fn rows_of(&self, table: &str) -> u64 {
        self.rows.iter().find(|(name, _)| *name == table).map_or(0, |(_, rows)| *rows)
    }
}

/// Why a store is not moved, or not known to be. Before the commit the database has not changed.
#[derive(Debug, thiserror::Error)]
pub enum Unmovable {
    /// There is a store already.
    #[error(
        "the database has a store already (its table `{0}` has rows): name an empty database, or another schema by \
         `options=-c%20search_path%3DNAME` in the address"
    )]
    Occupied(&'static str),
    /// What came back is not what was sent.
    #[error("the database gives back another `{0}` than it was sent; it was left as it was")]
    Different(&'static str),
    /// One that broke off had another destination, which may have the store.
    #[error(
        "the moving of the store into {to} broke off, and nobody knows whether all of it is there: name the same \
         database, or remove {mark} if that one is gone"
    )]
    Elsewhere {
        /// The other database, without its password.
        to: String,
        /// The file that says so.
        mark: String,
    },
    /// A file can't be read, or not be put where it goes.
    #[error("{0}")]
    File(String),
    /// A store says why.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Moves the store of a data folder. All that was accepted is filed, and leases of former processes are
/// ended. `tell` hears a sentence now and then. To be called on a runtime where waiting for the disk does no
/// harm.
pub async fn transfer(
    folder: &Path,
    source: SqliteStore,
    to: Destination<'_>,
    mut tell: impl FnMut(String),
) -> Result<Moved, Unmovable> {
    let mut import = to.database.import().await?;
    let mut export = Export::begin(folder)?;
    let mut moved = Moved { set_aside: export.set_aside()?, ..Moved::default() };
    let mut sent = Vec::new();
    for table in &TABLES {
        let (tally, back) = copy(&mut import, export, table, &mut tell).await?;
        export = back;
        tell(format!("{}: {} rows", table.name, tally.rows));
        moved.rows.push((table.name, tally.rows));
        sent.push((table, tally));
    }
    let files = Files { folder, export: &export };
    match to.files {
        Some(depot) => files.give(depot, &mut moved)?,
        None => sent.push((&FILES, files.copy(&mut import, &mut moved).await?)),
    }
    tell(format!("files: {} with {} bytes", moved.files, moved.bytes));
    import.settle().await?;
    tell("reading everything back".to_owned());
    for (table, tally) in sent {
        if import.tally(table).await? != tally {
            return Err(Unmovable::Different(table.name));
        }
    }
    let moving = Moving { name: to.name.to_owned(), to: to.address.to_owned() };
    import.note(&moving.name).await?;
    source.begin_moving(&moving)?;
    match import.commit().await {
        Ok(()) => {}
        // Nobody knows: the mark stays, and the next try asks the database.
        Err(error @ Error::Unknown(_)) => return Err(error.into()),
        Err(error) => {
            source.take_back_moving()?;
            return Err(error.into());
        }
    }
    SqliteStore::end_moving(folder, &moving)?;
    drop(export);
    Ok(moved)
}

/// Ends a moving that broke off, where the database has the store. Returns whether it has; where it has not,
/// the store is moved anew.
pub async fn resume(folder: &Path, database: &PostgresStore, address: &str) -> Result<bool, Unmovable> {
    let _lock = FolderLock::take(folder)?;
    let Some(moving) = SqliteStore::moving(folder)? else { return Ok(false) };
    if database.has_taken(&moving.name).await? {
        SqliteStore::end_moving(folder, &moving)?;
        return Ok(true);
    }
    if moving.to == address {
        return Ok(false);
    }
    Err(Unmovable::Elsewhere { to: moving.to, mark: SqliteStore::mark_of(folder).display().to_string() })
}

/// Copies the rows of a table, which a thread reads meanwhile. Gives the export back.
async fn copy(
    import: &mut Import,
    export: Export,
    table: &'static Table,
    tell: &mut impl FnMut(String),
) -> Result<(Tally, Export), Unmovable> {
    let (sender, mut parts) = mpsc::channel::<Vec<Row>>(PARTS_WAITING);
    let reading = tokio::task::spawn_blocking(move || {
        let (mut part, mut bytes) = (Vec::new(), 0);
        let read = export.each(table, |row| {
            bytes += row.iter().map(Field::size).sum::<usize>();
            part.push(row);
            bytes < PART_BYTES || {
                bytes = 0;
                sender.blocking_send(std::mem::take(&mut part)).is_ok()
            }
        });
        // Where nobody listens any more the other side says why.
        let _ = sender.blocking_send(part);
        read.map(|()| export)
    });
    let mut copy = import.copy(table).await?;
    let mut told = Instant::now();
    while let Some(part) = parts.recv().await {
        for row in part {
            copy.put(&row).await?;
        }
        if told.elapsed() > TOLD_EVERY {
            told = Instant::now();
            tell(format!("{}: {} rows so far", table.name, copy.tally().rows));
        }
    }
    let export = reading.await.map_err(|error| Error::Unavailable(format!("the reading ended early: {error}")))??;
    Ok((copy.end().await?, export))
}

/// The files that runs have left in a data folder.
struct Files<'f> {
    folder: &'f Path,
    export: &'f Export,
}

impl Files<'_> {
    /// Copies all of them into the database.
    async fn copy(&self, import: &mut Import, moved: &mut Moved) -> Result<Tally, Unmovable> {
        let mut copy = import.copy(&FILES).await?;
        for found in self.all()? {
            let file = match found.map_err(unreadable)? {
                Local::File(file) if PostgresStore::takes_file(&file.name) => file,
                Local::File(file) => {
                    moved.left.push(file.name);
                    continue;
                }
                Local::Unnamed(path) => {
                    moved.left.push(path.display().to_string());
                    continue;
                }
            };
            let written_at = Timestamp::try_from(file.written).unwrap_or_default();
            for piece in file.pieces(PIECE_MAX).map_err(unreadable)? {
                let (at, piece) = piece.map_err(unreadable)?;
                moved.bytes += piece.len() as u64;
                let row = [
                    Field::Text(file.name.clone()),
                    Field::Number(i64::try_from(at).unwrap_or(i64::MAX)),
                    Field::Bytes(piece),
                    Field::Moment(written_at.as_microsecond()),
                ];
                copy.put(&row).await?;
            }
            moved.files += u64::from(file.path.is_some());
        }
        Ok(copy.end().await?)
    }

    /// Puts all of them into a depot.
    fn give(&self, depot: &dyn Depot, moved: &mut Moved) -> Result<(), Unmovable> {
        for found in self.all()? {
            match found.map_err(unreadable)? {
                Local::File(file) => {
                    let given = file.give(depot);
                    moved.bytes += given.map_err(|error| Unmovable::File(format!("{}: {error}", file.name)))?;
                    moved.files += u64::from(file.path.is_some());
                }
                Local::Unnamed(path) => moved.left.push(path.display().to_string()),
            }
        }
        Ok(())
    }

    /// Returns the files of all runs that there are.
    fn all(&self) -> Result<impl Iterator<Item = io::Result<Local>>, Unmovable> {
        let mut runs = Vec::new();
        for (left, run) in runs_with_files(self.folder).map_err(unreadable)? {
            if self.export.has_run(run.as_str())? {
                runs.push((left, run));
            }
        }
        Ok(local_files(self.folder.to_owned(), runs))
    }
}

fn unreadable(error: io::Error) -> Unmovable {
    Unmovable::File(format!("a file of a run can't be read: {error}"))
}
