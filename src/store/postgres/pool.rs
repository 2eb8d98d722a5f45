//! Connections to the database: a few, used again, and not asked for in vain while it is away.

use super::address::Address;
use super::fault::{Fault, sentence};
use crate::store::Error;
use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, PoolError, RecyclingMethod, Runtime};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How many connections one process has; a database has a hundred in all unless told otherwise.
pub(super) const CONNECTIONS_MAX: usize = 8;
/// How long one may wait until one of them is free, and how long making one may take in all.
const WAIT_MAX: Duration = Duration::from_secs(5);
const MAKE_MAX: Duration = Duration::from_secs(6);
/// How long nobody tries after a connection could not be made, at first and at the most.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// The connections of one process.
pub(super) struct Pool {
    pool: deadpool_postgres::Pool,
    away: Mutex<Option<Away>>,
}

/// The database could not be reached.
struct Away {
    until: Instant,
    pause: Duration,
    reason: String,
}

impl Pool {
    /// Returns the pool of a database, without a connection yet.
    pub(super) fn new(address: &Address) -> Result<Self, Error> {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let tls = address.tls().map_err(Error::Unavailable)?;
        let pool = deadpool_postgres::Pool::builder(Manager::from_config(address.config.clone(), tls, recycling))
            .max_size(CONNECTIONS_MAX)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT_MAX))
            .create_timeout(Some(MAKE_MAX))
            .post_create(Hook::async_fn(|client, _| {
                Box::pin(async move { is_usable(client).await.map_err(HookError::message) })
            }))
            .build()
            .map_err(|error| Error::Unavailable(error.to_string()))?;
        Ok(Self { pool, away: Mutex::new(None) })
    }

    /// Returns a connection that nobody else uses meanwhile.
    pub(super) async fn get(&self) -> Result<Object, Fault> {
        if let Some(reason) = self.reason_not_to_try() {
            return Err(Error::Unavailable(reason).into());
        }
        match self.pool.get().await {
            Ok(client) => {
                *self.away.lock().expect("no holder panics") = None;
                Ok(client)
            }
            Err(error) => {
                let (reason, is_away) = told(error);
                if is_away {
                    self.pause(&reason);
                }
                Err(Error::Unavailable(reason).into())
            }
        }
    }

    /// Returns why the database could not be reached a moment ago, unless a connection is at hand.
    fn reason_not_to_try(&self) -> Option<String> {
        let away = self.away.lock().expect("no holder panics");
        let away = away.as_ref().filter(|away| Instant::now() < away.until)?;
        (self.pool.status().available == 0).then(|| away.reason.clone())
    }

    fn pause(&self, reason: &str) {
        let mut away = self.away.lock().expect("no holder panics");
        let pause = away.as_ref().map_or(PAUSE_FIRST, |before| (before.pause * 2).min(PAUSE_MAX));
        *away = Some(Away { until: Instant::now() + pause, pause, reason: reason.to_owned() });
    }
}

/// Says why there is no connection, and whether that is because none could be made.
fn told(error: PoolError) -> (String, bool) {
    match error {
        PoolError::Backend(error) => (sentence(&error), true),
        PoolError::PostCreateHook(HookError::Message(reason)) => (reason.into_owned(), true),
        PoolError::Timeout(deadpool_postgres::TimeoutType::Wait) => {
            (format!("no connection to the database was free within {WAIT_MAX:?}"), false)
        }
        other => (format!("the database can't be reached: {other}"), true),
    }
}

/// The oldest version that can be asked what became of a transaction (`pg_xact_status(xid8)`).
const VERSION_MIN: i32 = 13;

/// Refuses a database that is too old, and one that acknowledges a commit before it is on disk: a sender
/// would be told that its delivery is safe when it is not. An error is a sentence.
async fn is_usable(client: &deadpool_postgres::ClientWrapper) -> Result<(), String> {
    let settings = client
        .query_one(
            "SELECT current_setting('synchronous_commit'),
                    current_setting('fsync'),
                    current_setting('server_version_num')::integer / 10000,
                    current_setting('synchronous_standby_names')",
            &[],
        )
        .await
        .map_err(|error| sentence(&error))?;
    let version: i32 = settings.get(2);
    if version < VERSION_MIN {
        return Err(format!("the database is PostgreSQL {version}, and {VERSION_MIN} or newer is wanted"));
    }
    for (place, setting) in ["synchronous_commit", "fsync"].iter().enumerate() {
        if settings.get::<_, &str>(place) == "off" {
            return Err(format!(
                "the database has `{setting} = off` and acknowledges what is not on its disk: an accepted \
                 delivery could be lost. Set it to `on`"
            ));
        }
    }
    // Which databases must have a commit before it is acknowledged, and that none of them is waited for.
    let standbys: &str = settings.get(3);
    if settings.get::<_, &str>(0) == "local" && !standbys.is_empty() {
        return Err(format!(
            "the database has `synchronous_commit = local` and waits for none of `synchronous_standby_names = \
             {standbys}`: an accepted delivery could be lost where one of them takes over. Set it to `on`"
        ));
    }
    Ok(())
}
