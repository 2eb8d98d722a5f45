//! Tells other processes that something became due or a run changed, and hears it from them.
//!
//! What is told is a hint: whoever waits looks again after a while without one, so nothing is lost with
//! a connection. It is told after the commit, on the listening connection, and what follows soon is told
//! together: a notification in the commit itself would put all commits of the database in one line.

use super::address::Address;
use super::fault::sentence;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use tokio_postgres::{AsyncMessage, Client};

/// How long changes are gathered before others are told of them.
const GATHER: Duration = Duration::from_millis(10);
/// How long nobody tries to listen after that failed, at first and at the most.
const PAUSE_FIRST: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// How many notifications may wait; they all say the same.
const WAITING_MAX: usize = 16;

/// The two ways of a change.
#[derive(Clone)]
pub(super) struct Changes {
    /// Everybody's, for who waits in this process.
    pub(super) seen: watch::Sender<u64>,
    /// This process's, for others.
    own: Arc<Notify>,
}

impl Changes {
    pub(super) fn new() -> Self {
        Self { seen: watch::Sender::new(0), own: Arc::default() }
    }

    /// Tells of a change that was committed here.
    pub(super) fn tell(&self) {
        self.hear();
        self.own.notify_one();
    }

    fn hear(&self) {
        self.seen.send_modify(|count| *count = count.wrapping_add(1));
    }
}

/// Listens and tells for as long as the store is open.
pub(super) async fn work(address: Address, changes: Changes) {
    let mut pause = PAUSE_FIRST;
    loop {
        match listen(&address, &changes).await {
            Ok(()) => pause = PAUSE_FIRST,
            Err(reason) => {
                tracing::warn!(reason, "changes by other processes are noticed late");
                pause = (pause * 2).min(PAUSE_MAX);
            }
        }
        tokio::time::sleep(pause).await;
    }
}

/// Listens until the connection is lost. An error says why there was none.
async fn listen(address: &Address, changes: &Changes) -> Result<(), String> {
    let (client, mut connection) = address.config.connect(address.tls()?).await.map_err(|error| sentence(&error))?;
    let (heard, mut hears) = mpsc::channel(WAITING_MAX);
    let listening = tokio::spawn(async move {
        while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(told) = message {
                // Where there is no room, one that says the same waits already.
                let _ = heard.try_send(told.process_id());
            }
        }
    });
    let told = exchange(&client, changes, &mut hears).await.map_err(|error| sentence(&error));
    listening.abort();
    told
}

async fn exchange(
    client: &Client,
    changes: &Changes,
    hears: &mut mpsc::Receiver<i32>,
) -> Result<(), tokio_postgres::Error> {
    let row = client.query_one("SELECT 'pipehook ' || current_schema(), pg_backend_pid()", &[]).await?;
    let (channel, own): (String, i32) = (row.try_get(0)?, row.try_get(1)?);
    client.batch_execute(&format!("LISTEN \"{}\"", channel.replace('"', "\"\""))).await?;
    // Changes of the time without a connection were not heard.
    changes.hear();
    loop {
        tokio::select! {
            told = hears.recv() => match told {
                Some(process) if process != own => changes.hear(),
                Some(_) => {}
                None => return Ok(()),
            },
            () = changes.own.notified() => {
                client.execute("SELECT pg_notify($1, '')", &[&channel]).await?;
                tokio::time::sleep(GATHER).await;
            }
        }
    }
}
