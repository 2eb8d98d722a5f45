//! `pipehook store`: the store as a whole.

use super::failure::{Ending, Failure};
use super::{Global, output};
use crate::config::Config;
use crate::store::{SqliteStore, Unrestorable};
use anyhow::Context;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Checks the store, copies it while a server runs, and puts a copy back.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pipehook store check
  pipehook store backup /backup/pipehook.db
  pipehook store restore /backup/pipehook.db

A backup has deliveries, runs and their steps. Logs, artifacts and kept files are files in the data
folder (logs/, artifacts/, files/) that only grow: copy them beside it, after the backup.")]
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
        /// The file, which must not be there yet
        file: PathBuf,
    },
    /// Put a copy into a data folder that has no store
    Restore {
        /// The copy
        file: PathBuf,
    },
}

impl Store {
    pub(super) fn carry_out(self, global: &Global) -> Result<Ending, Failure> {
        let config = global.config_without_secrets()?;
        match self.action {
            Action::Check => check(&config),
            Action::Backup { file } => {
                exists(&config)?;
                let copy = SqliteStore::back_up(&config.data, &file).context("there is no backup");
                let bytes = copy.map_err(Failure::Unreachable)?.bytes;
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

fn check(config: &Config) -> Result<Ending, Failure> {
    exists(config)?;
    let wrong = SqliteStore::check(&config.data)?;
    if wrong.is_empty() {
        output::text("the store is whole\n")?;
        return Ok(Ending::Done);
    }
    output::text(&wrong.iter().map(|sentence| format!("{sentence}\n")).collect::<String>())?;
    Ok(Ending::Mistakes)
}

fn exists(config: &Config) -> Result<(), Failure> {
    match SqliteStore::is_in(&config.data) {
        true => Ok(()),
        false => Err(Failure::Unreachable(anyhow::Error::msg(format!(
            "there is no store in the data folder {}: nothing was served from here yet",
            config.data.display()
        )))),
    }
}
