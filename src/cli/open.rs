//! The configuration and the store, as commands open them.

use super::failure::Failure;
use super::{Global, run};
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config, Database};
use crate::files::{Bucket, Depot};
use crate::store::{self, Access, Address, FolderLock, LeaseClock, PostgresStore, SqliteStore, Store};
use crate::worker;
use anyhow::Context;
use secrecy::ExposeSecret;
use std::sync::Arc;

impl Global {
    /// Reads the configuration with its secrets.
    pub(super) fn config(&self) -> Result<Config, Failure> {
        Ok(self.apply(Config::load(self.config.as_deref(), &config::environment_variable)?))
    }

    /// Reads the configuration for a command that needs no secrets.
    pub(super) fn config_without_secrets(&self) -> Result<Config, Failure> {
        Ok(self.apply(Config::load_without_secrets(self.config.as_deref())?))
    }

    /// Puts what the arguments say over what the file says.
    fn apply(&self, mut config: Config) -> Config {
        if let Some(address) = &self.database {
            config.database = Some(Database::Address(address.clone().into()));
        }
        config
    }
}

/// Opens the store of a configuration, beside a server or without one. Where nothing was ever
/// received there is no store yet, and nothing is created by looking.
pub(super) fn store(config: &Config) -> Result<Arc<dyn Store>, Failure> {
    if let Some(database) = &config.database {
        return Ok(Arc::new(database_store(database, Access::Command)?));
    }
    if !config.data.is_dir() {
        let sentence = format!("there is no data folder {}: nothing was served from here yet", config.data.display());
        return Err(Failure::Unreachable(anyhow::Error::msg(sentence)));
    }
    Ok(Arc::new(SqliteStore::open(&config.data, Access::Command, Arc::new(SystemClock))?))
}

/// A store, and the data folder of a process that serves or works.
pub(super) struct Opened {
    pub(super) store: Arc<dyn Store>,
    /// Where the store is in the folder, it has the folder itself.
    _folder: Option<FolderLock>,
}

/// Opens the store of a configuration for the one process of its data folder, and puts right what a
/// former process may have left there, and what runs in the foreground have left that were killed.
pub(super) fn opened(config: &Config, clock: Arc<dyn Clock>) -> Result<Opened, Failure> {
    run::sweep();
    let Some(database) = &config.database else {
        return Ok(Opened { store: Arc::new(own_store(config, Access::Server, clock)?), _folder: None });
    };
    let folder = FolderLock::take(&config.data).context("each process has a data folder of its own, see --data");
    let folder = folder.map_err(Failure::Unreachable)?;
    let store = Arc::new(database_store(database, Access::Server)?);
    // The leases of a former process end by themselves, for all machines at the same time.
    block_on(worker::clear_folder(&config.data))?;
    Ok(Opened { store, _folder: Some(folder) })
}

/// Opens the store in the data folder for its one process, and ends what a former one has begun.
pub(super) fn own_store(config: &Config, access: Access, clock: Arc<dyn Clock>) -> Result<SqliteStore, Failure> {
    let store = SqliteStore::open(&config.data, access, clock)?;
    // Nobody else has the folder: whoever held a lease is gone.
    block_on(async {
        worker::clear_up(&config.data, store.sweep(true).await?).await;
        worker::clear_folder(&config.data).await;
        Ok::<_, store::Error>(())
    })??;
    Ok(store)
}

/// Returns where logs and artifacts are that machines share, if they do: where the configuration says, or
/// in the database itself.
pub(super) fn depot(config: &Config, store: &dyn Store) -> Result<Option<Arc<dyn Depot>>, Failure> {
    let Some(place) = &config.files else { return Ok(store.depot()) };
    let bucket = Bucket::open(place).context("what `files` names can't be used").map_err(Failure::Unreachable)?;
    Ok(Some(Arc::new(bucket)))
}

pub(super) fn database_store(database: &Database, access: Access) -> Result<PostgresStore, Failure> {
    let address = address(database)?;
    let shown = address.to_string();
    let store = block_on(PostgresStore::open_for(address, LeaseClock::Database, access))?;
    store.map_err(|error| Failure::Unreachable(saying(&format!("the database {shown} can't be used"), error)))
}

/// Returns what can't be done for an error of the store, and why, said once.
pub(super) fn saying(what: &str, error: store::Error) -> anyhow::Error {
    match error {
        store::Error::Unavailable(reason) => anyhow::Error::msg(format!("{what}: {reason}")),
        error => anyhow::Error::new(error).context(what.to_owned()),
    }
}

/// Returns where the database is.
pub(super) fn address(database: &Database) -> Result<Address, Failure> {
    let address = database.address().map_err(Failure::usage)?;
    Address::parse(address.expose_secret()).map_err(|wrong| Failure::usage(wrong.to_string()))
}

/// Runs what a command asks of the store.
pub(super) fn block_on<F: Future>(future: F) -> Result<F::Output, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("this machine has no room for a runtime").map_err(Failure::Unreachable)?;
    Ok(runtime.block_on(future))
}
