//! `pipehook store`: the store as a whole.

mod migrate;

use super::failure::{Ending, Failure};
use super::{Global, open, output};
use crate::config::Config;
use crate::store::{Access, Backup, SqliteStore, Unrestorable};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Checks the store, copies it while a server runs, puts a copy back, and moves it to a database.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pipehook store check
  pipehook store backup /backup/pipehook.db
  pipehook store restore /backup/pipehook.db
  pipehook store migrate --database postgres://pipehook@db/pipehook

A backup has deliveries, runs and their steps. Logs, artifacts and kept files are files in the data
folder (logs/, artifacts/, files/) that only grow: copy them beside it, after the backup.

A database is copied by its own programs, with all that is in it:
  pg_dump --format=custom --file=FILE --dbname=ADDRESS
  pg_restore --dbname=ADDRESS FILE

migrate moves all of a data folder into the database that the configuration names, which must have no
store yet: deliveries, runs and what is queued, under the same ids and numbers, and logs and artifacts
(to where `files` says, or into the database). No server may hold the folder. All of it is moved, or
nothing; everything is read back before it counts. One that broke off is ended by the same command.")]
pub(super) struct Store {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Look whether the database is whole, and whether what must hold in it does; exit 1 if not
    Check,
    /// Write a copy of one moment into a new file
    Backup {
        /// The file, which must not be there yet: it is there when all of it is on disk
        file: PathBuf,
    },
    /// Put a copy into a data folder that has no store
    Restore {
        /// The copy
        file: PathBuf,
    },
    /// Move the store of the data folder into the database
    Migrate,
}

impl Store {
    pub(super) fn carry_out(self, global: &Global) -> Result<Ending, Failure> {
        let config = global.config_without_secrets()?;
        if config.database.is_some() {
            return in_database(&config, self.action);
        }
        match self.action {
            Action::Check => check(&config),
            Action::Migrate => migrate::migrate(&config),
            Action::Backup { file } => {
                if file.symlink_metadata().is_ok() {
                    let named = file.display();
                    return Err(Failure::usage(format!("{named} is there already: name a file that is not there yet")));
                }
                let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
                if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
                    return Err(Failure::usage(format!("there is no folder {}", folder.display())));
                }
                let copy = SqliteStore::back_up(&config.data, &file);
                let Backup { bytes, replaced } =
                    copy.map_err(|error| Failure::Unreachable(open::saying("there is no backup", error)))?;
                if let Some(part) = replaced {
                    anstream::eprintln!("{} was left of a backup that broke off, and is gone", part.display());
                }
                anstream::eprintln!("{} has {bytes} bytes; logs and artifacts are not in it", file.display());
                Ok(Ending::Done)
            }
            Action::Restore { file } => match SqliteStore::restore(&config.data, &file) {
                Ok(()) => {
                    anstream::eprintln!("the store is in {}", config.data.display());
                    Ok(Ending::Done)
                }
                Err(Unrestorable::Store(error)) => Err(error.into()),
                Err(reason) => Err(Failure::usage(reason.to_string())),
            },
        }
    }
}

/// Does the same where the store is a database. What its own programs do well is left to them.
fn in_database(config: &Config, action: Action) -> Result<Ending, Failure> {
    let database = config.database.as_ref().expect("this is for those who have one");
    match action {
        Action::Check => {
            let store = open::database_store(database, Access::Command)?;
            told(&open::block_on(store.check())??)
        }
        Action::Migrate => migrate::migrate(config),
        Action::Backup { file } => Err(Failure::usage(format!(
            "the store is a database, which its own program copies: pg_dump --format=custom --file={} --dbname=ADDRESS, \
             where ADDRESS is what `database` says",
            file.display()
        ))),
        Action::Restore { file } => Err(Failure::usage(format!(
            "the store is a database, into which its own program puts a copy: pg_restore --dbname=ADDRESS {}, where \
             ADDRESS is that of a database without tables",
            file.display()
        ))),
    }
}

fn check(config: &Config) -> Result<Ending, Failure> {
    told(&SqliteStore::check(&config.data)?)
}

fn told(wrong: &[String]) -> Result<Ending, Failure> {
    if wrong.is_empty() {
        output::text("the store is whole\n")?;
        return Ok(Ending::Done);
    }
    output::text(&wrong.iter().map(|sentence| format!("{sentence}\n")).collect::<String>())?;
    Ok(Ending::Mistakes)
}
