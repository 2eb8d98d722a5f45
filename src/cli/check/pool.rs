//! Who serves the pools that pipelines name.

use crate::cli::open;
use crate::config::{Config, Database};
use crate::machine::Elsewhere;
use crate::store::{Access, PoolDetail, Store};
use std::sync::mpsc;
use std::time::Duration;

/// How long a database may take to say who serves which pool. Whoever checks pipelines may have none.
const ASK_MAX: Duration = Duration::from_secs(3);

/// Returns what is known of the workers of other machines: by the database, where it can be asked. Without a
/// file of its own a configuration says nothing about who will serve.
pub(super) fn elsewhere(config: &Config) -> Elsewhere {
    match &config.database {
        None if config.file.is_some() => Elsewhere::Nobody,
        None => Elsewhere::Unknown,
        Some(database) => {
            let seen = ask(database.clone()).map(|pools| pools.into_iter().filter(|it| !it.workers.is_empty()));
            let known = |pool: PoolDetail| (pool.pool.clone(), (!pool.served).then(|| pool.absence()));
            seen.map_or(Elsewhere::Unknown, |pools| Elsewhere::Seen(pools.map(known).collect()))
        }
    }
}

/// Asks a database beside this thread: one that does not answer is left alone.
fn ask(database: Database) -> Option<Vec<PoolDetail>> {
    let (tell, told) = mpsc::channel();
    let asking = move || {
        let Ok(store) = open::database_store(&database, Access::Command) else { return };
        if let Ok(Ok(pools)) = open::block_on(store.pools()) {
            // Who asked may have gone on.
            let _ = tell.send(pools);
        }
    };
    std::thread::Builder::new().name("pools".to_owned()).spawn(asking).ok()?;
    told.recv_timeout(ASK_MAX).ok()
}
