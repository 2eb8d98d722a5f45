//! Connections that read, beside the writer and never waiting for it.

use crate::store::Error;
use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;

/// How many queries run at once: more would only wait for the disk, each with a page cache of its
/// own.
const READERS_MAX: usize = 8;

/// The reading connections of one file. Cheap to clone.
#[derive(Clone)]
pub(super) struct Readers {
    file: Arc<PathBuf>,
    idle: Arc<Mutex<Vec<Connection>>>,
    turns: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(file: PathBuf) -> Self {
        Self { file: Arc::new(file), idle: Arc::default(), turns: Arc::new(Semaphore::new(READERS_MAX)) }
    }

    /// Runs queries on a thread that may block. All of them see the store at one moment.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        queries: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let turn = self.turns.clone().acquire_owned().await.expect("the turns are never closed");
        let own = self.clone();
        let reading = tokio::task::spawn_blocking(move || {
            let result = own.query(queries).map_err(|error| super::naming(&own.file, error));
            drop(turn);
            result
        });
        reading.await.map_err(|error| Error::Unavailable(format!("a query ended early: {error}")))?
    }

    fn query<T>(&self, queries: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        let idle = self.idle.lock().expect("no holder of the readers panics").pop();
        let connection = idle.map_or_else(|| super::open_for_reading(&self.file), Ok)?;
        let moment = connection.unchecked_transaction()?;
        let result = queries(&moment);
        moment.finish()?;
        // A connection on which something failed is not used again.
        if result.is_ok() {
            self.idle.lock().expect("no holder of the readers panics").push(connection);
        }
        result
    }
}
