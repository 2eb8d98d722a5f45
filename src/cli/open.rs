//! The configuration and the store, as commands open them.

use super::Global;
use super::failure::Failure;
use crate::clock::SystemClock;
use crate::config::{self, Config};
use crate::store::{Access, SqliteStore, Store};
use anyhow::Context;
use std::sync::Arc;

impl Global {
    /// Reads the configuration with its secrets.
    pub(super) fn config(&self) -> Result<Config, Failure> {
        Ok(Config::load(self.config.as_deref(), &config::environment_variable)?)
    }

    /// Reads the configuration for a command that needs no secrets.
    pub(super) fn config_without_secrets(&self) -> Result<Config, Failure> {
        Ok(Config::load_without_secrets(self.config.as_deref())?)
    }
}

/// Opens the store of a configuration, beside a server or without one. Where nothing was ever
/// received there is no store yet, and nothing is created by looking.
pub(super) fn store(config: &Config) -> Result<Arc<dyn Store>, Failure> {
    if !config.data.is_dir() {
        let sentence = format!("there is no data folder {}: nothing was served from here yet", config.data.display());
        return Err(Failure::Unreachable(anyhow::Error::msg(sentence)));
    }
    let store = SqliteStore::open(&config.data, Access::Command, Arc::new(SystemClock))
        .with_context(|| format!("the data folder {} can't be used", config.data.display()));
    Ok(Arc::new(store.map_err(Failure::Unreachable)?))
}

/// Runs what a command asks of the store.
pub(super) fn block_on<F: Future>(future: F) -> Result<F::Output, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("this machine has no room for a runtime").map_err(Failure::Unreachable)?;
    Ok(runtime.block_on(future))
}
