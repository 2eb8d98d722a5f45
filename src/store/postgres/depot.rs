//! Logs and what steps hand over, as pieces in a table: for clusters that have no place of their own for
//! files.

use super::Shared;
use super::fault::Fault;
use super::row::number;
use super::session::Session;
use crate::files::{Depot, Fence, LeftOver};
use crate::id::RunId;
use crate::store::Error;
use std::fmt;
use std::io;
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio_postgres::Row;

/// How many pieces are fetched at once.
const PIECES_AT_ONCE: i64 = 64;
/// Of how many runs it is found out in one statement what they have left.
const RUNS_AT_ONCE: i32 = 100;
/// The most bytes of a name, which an index holds.
pub(super) const NAME_BYTES_MAX: usize = 2_000;

/// Files in the database.
pub(super) struct PostgresDepot {
    pub(super) shared: Arc<Shared>,
    pub(super) threads: Handle,
}

impl fmt::Debug for PostgresDepot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostgresDepot")
    }
}

impl PostgresDepot {
    /// Runs work on the store's threads and waits for it.
    fn wait<T: Send + 'static, F>(&self, work: impl FnOnce(Arc<Shared>) -> F) -> io::Result<T>
    where
        F: Future<Output = Result<T, Fault>> + Send + 'static,
    {
        let (tell, told) = mpsc::channel();
        let working = work(self.shared.clone());
        self.threads.spawn(async move {
            let _ = tell.send(working.await);
        });
        let done = told.recv().map_err(|_| io::Error::other("the store was closed"))?;
        done.map_err(|fault| match Error::from(fault) {
            Error::Lost => io::Error::new(io::ErrorKind::PermissionDenied, Error::Lost),
            error => io::Error::other(error),
        })
    }
}

impl Depot for PostgresDepot {
    fn put(&self, name: &str, at: u64, piece: &[u8], fence: Option<&Fence>) -> io::Result<()> {
        if name.len() > NAME_BYTES_MAX {
            let reason = format!("a path of {} bytes is too long, {NAME_BYTES_MAX} are possible", name.len());
            return Err(io::Error::new(io::ErrorKind::InvalidFilename, reason));
        }
        let (name, piece, fence) = (name.to_owned(), piece.to_owned(), fence.cloned());
        self.wait(|shared| async move {
            let (name, piece, fence) = (&name, &piece, &fence);
            let put = |session| Box::pin(put(session, name, at, piece, fence.as_ref())) as super::session::Work<'_, ()>;
            match fence {
                // A log is looked at as a whole at the job's end, and what a crash of the database has taken back of
                // it is sent again: see `flush` and `whole`.
                Some(_) => shared.database.write_lightly(put).await,
                // Of a file nobody has a copy once it was put.
                None => shared.database.write(put).await,
            }
        })
    }

    fn get(&self, name: &str, from: u64, most: usize) -> io::Result<Vec<u8>> {
        let name = name.to_owned();
        self.wait(move |shared| async move {
            let name = &name;
            shared.database.read(|session| Box::pin(get(session, name, from, most))).await
        })
    }

    fn end(&self, name: &str) -> io::Result<u64> {
        let name = name.to_owned();
        self.wait(|shared| async move {
            let name = &name;
            shared.database.read(|session| Box::pin(end(session, name))).await
        })
    }

    fn whole(&self, name: &str, from: u64) -> io::Result<u64> {
        let name = name.to_owned();
        self.wait(move |shared| async move {
            let name = &name;
            shared.database.read(|session| Box::pin(whole(session, name, from))).await
        })
    }

    fn goes_on(&self, name: &str, end: u64) -> io::Result<Option<u64>> {
        let name = name.to_owned();
        self.wait(move |shared| async move {
            let name = &name;
            shared.database.read(|session| Box::pin(next(session, name, end))).await
        })
    }

    fn flush(&self, name: &str) -> io::Result<()> {
        let name = name.to_owned();
        self.wait(|shared| async move {
            let name = &name;
            shared.database.write(|session| Box::pin(touch(session, name))).await
        })
    }

    fn names(&self, prefix: &str) -> io::Result<Vec<String>> {
        let prefix = prefix.to_owned();
        self.wait(|shared| async move {
            let prefix = &prefix;
            shared.database.read(|session| Box::pin(names(session, prefix))).await
        })
    }

    fn left_over(&self, folder: &str) -> io::Result<Vec<LeftOver>> {
        let mut all: Vec<LeftOver> = Vec::new();
        loop {
            let (folder, last) = (folder.to_owned(), all.last().map(|it| it.run.clone()));
            let some = self.wait(|shared| async move {
                let (folder, last) = (&folder, last.as_ref().map_or("", |run| run.as_str()));
                shared.database.read(|session| Box::pin(left_over(session, folder, last))).await
            })?;
            if some.is_empty() {
                return Ok(all);
            }
            all.extend(some);
        }
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let name = name.to_owned();
        self.wait(|shared| async move {
            let name = &name;
            shared.database.write_lightly(|session| Box::pin(remove(session, name))).await
        })
    }
}

async fn put(session: Arc<Session>, name: &str, at: u64, piece: &[u8], fence: Option<&Fence>) -> Result<(), Fault> {
    let written = session
        .run(
            "INSERT INTO file_piece (name, at, piece)
             SELECT $1, $2, $3
             WHERE $4::text IS NULL
                OR EXISTS (SELECT 1
                           FROM job
                           WHERE id = $4 AND state = 'leased' AND token = $5 AND lease_until > $6)
             ON CONFLICT (name, at) DO UPDATE
             SET piece = excluded.piece, written_at = excluded.written_at",
            &[
                &name,
                &number(at),
                &piece,
                &fence.map(|fence| fence.job.as_str()),
                &fence.map(|fence| fence.token),
                &session.steady,
            ],
        )
        .await?;
    if written == 0 { Err(Error::Lost.into()) } else { Ok(()) }
}

/// Returns bytes from a place on. Where a piece is missing the file ends for now.
async fn get(session: Arc<Session>, name: &str, from: u64, most: usize) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    while bytes.len() < most {
        let place = from + bytes.len() as u64;
        let rows = session
            .rows(
                "SELECT at, piece
                 FROM file_piece
                 WHERE name = $1
                   AND at >= coalesce((SELECT max(at) FROM file_piece WHERE name = $1 AND at <= $2), 0)
                 ORDER BY at
                 LIMIT $3",
                &[&name, &number(place), &PIECES_AT_ONCE],
            )
            .await?;
        let before = bytes.len();
        for row in rows {
            let (at, piece): (i64, &[u8]) = (row.try_get("at")?, row.try_get("piece")?);
            let place = number(from + bytes.len() as u64);
            // A piece that was sent twice may begin before the end of the one before it.
            let skipped = usize::try_from(place - at).ok().filter(|skipped| *skipped <= piece.len());
            let Some(skipped) = skipped else { break };
            let room = most - bytes.len();
            bytes.extend(piece[skipped..].iter().take(room));
        }
        if bytes.len() == before {
            break;
        }
    }
    Ok(bytes)
}

async fn end(session: Arc<Session>, name: &str) -> Result<u64, Fault> {
    let row = session
        .one("SELECT coalesce(max(at + octet_length(piece)), 0) FROM file_piece WHERE name = $1", &[&name])
        .await?;
    Ok(row.try_get::<_, i64>(0)?.unsigned_abs())
}

/// Returns where the first piece from a place on begins that has something, if there is one.
async fn next(session: Arc<Session>, name: &str, from: u64) -> Result<Option<u64>, Fault> {
    let row = session
        .one(
            "SELECT min(at) FROM file_piece WHERE name = $1 AND at >= $2 AND octet_length(piece) > 0",
            &[&name, &number(from)],
        )
        .await?;
    Ok(row.try_get::<_, Option<i64>>(0)?.map(i64::unsigned_abs))
}

/// Returns up to where pieces follow one another without a hole.
async fn whole(session: Arc<Session>, name: &str, from: u64) -> Result<u64, Fault> {
    let row = session
        .one(
            "SELECT coalesce(min(reach) FILTER (WHERE next IS NULL OR next > reach), $2) AS reach,
                    coalesce(min(at), $2) AS first
             FROM (SELECT at,
                          max(at + octet_length(piece)) OVER (ORDER BY at) AS reach,
                          lead(at) OVER (ORDER BY at) AS next
                   FROM file_piece
                   WHERE name = $1 AND at >= $2) AS pieces",
            &[&name, &number(from)],
        )
        .await?;
    let (reach, first) = (row.try_get::<_, i64>("reach")?, row.try_get::<_, i64>("first")?);
    Ok(if first > number(from) { from } else { reach.unsigned_abs() })
}

/// Writes something about a file, so that the commit waits for the disk: with it comes all that was committed
/// before. One that writes nothing would not wait.
async fn touch(session: Arc<Session>, name: &str) -> Result<(), Fault> {
    session
        .run(
            "UPDATE file_piece
             SET written_at = $2
             WHERE name = $1 AND at = (SELECT max(at) FROM file_piece WHERE name = $1)",
            &[&name, &session.now],
        )
        .await?;
    Ok(())
}

async fn names(session: Arc<Session>, prefix: &str) -> Result<Vec<String>, Fault> {
    let rows = session
        .rows(
            "SELECT DISTINCT name FROM file_piece WHERE name >= $1 AND name < $2 ORDER BY name",
            &[&prefix, &after(prefix)],
        )
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Returns what the next runs after one have left. From run to run the index is asked: it would take long to
/// look at all pieces in one statement.
async fn left_over(session: Arc<Session>, folder: &str, last: &str) -> Result<Vec<LeftOver>, Fault> {
    // `0` is what follows `/`, so a run's name and that is after all that the run has.
    let (folder, first) = (format!("{folder}/"), if last.is_empty() { String::new() } else { format!("{last}0") });
    let rows = session
        .rows(
            "WITH RECURSIVE holder (run, place) AS (
                 SELECT (SELECT split_part(min(name), '/', 2)
                         FROM file_piece
                         WHERE name >= $1::text || $2::text AND name < $4), 1
                 UNION ALL
                 SELECT (SELECT split_part(min(name), '/', 2)
                         FROM file_piece
                         WHERE name >= $1 || holder.run || '0' AND name < $4), place + 1
                 FROM holder
                 WHERE holder.run IS NOT NULL AND place < $3
             )
             SELECT holder.run, held.bytes, held.age
             FROM holder
             CROSS JOIN LATERAL (
                 SELECT sum(octet_length(piece))::bigint AS bytes,
                        extract(epoch FROM clock_timestamp() - max(written_at))::bigint AS age
                 FROM file_piece
                 WHERE name >= $1 || holder.run || '/' AND name < $1 || holder.run || '0'
             ) AS held
             WHERE holder.run IS NOT NULL AND held.bytes IS NOT NULL
             ORDER BY place",
            &[&folder, &first, &RUNS_AT_ONCE, &after(&folder)],
        )
        .await?;
    let left_over = |row: &Row| {
        let (run, bytes, age): (&str, i64, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let age = Duration::from_secs(u64::try_from(age).unwrap_or(0));
        Ok(LeftOver { run: RunId::from_stored(run), age, bytes: bytes.unsigned_abs() })
    };
    rows.iter().map(left_over).collect()
}

async fn remove(session: Arc<Session>, name: &str) -> Result<(), Fault> {
    let below = format!("{name}/");
    session
        .run(
            "DELETE FROM file_piece
             WHERE name = $1 OR (name >= $2 AND name < $3)",
            &[&name, &below, &after(&below)],
        )
        .await?;
    Ok(())
}

/// Returns a text after all that begin with a prefix.
fn after(prefix: &str) -> String {
    format!("{prefix}\u{10FFFF}")
}
