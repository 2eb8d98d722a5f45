//! Connections that read, beside the writer and never waiting for it.

use super::fault::Damage;
use crate::store::Error;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
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
    damage: Damage,
    turns: Arc<Semaphore>,
    /// One look at a time: each may need much memory, and the right to write.
    looks: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(file: PathBuf, damage: Damage) -> Self {
        Self {
            damage,
            file: Arc::new(file),
            idle: Arc::default(),
            turns: Arc::new(Semaphore::new(READERS_MAX)),
            looks: Arc::new(Semaphore::new(1)),
        }
    }

    /// Runs queries on a thread that may block. All of them see the store at one moment.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        queries: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let own = self.clone();
        self.blocking(&self.turns, move || own.query(queries)).await
    }

    /// As [`Self::read`], by what has a connection of its own to the file. One after the other.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Path) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let file = self.file.clone();
        self.blocking(&self.looks, move || look(&file)).await
    }

    /// Runs a piece of work when it has its turn, on a thread that may block.
    async fn blocking<T: Send + 'static>(
        &self,
        turns: &Arc<Semaphore>,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let turn = turns.clone().acquire_owned().await.expect("the turns are never closed");
        let (file, damage) = (self.file.clone(), self.damage.clone());
        let reading = tokio::task::spawn_blocking(move || {
            let result =
                work().map_err(|error| super::naming(&file, error)).inspect_err(|error| damage.note(&file, error));
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
