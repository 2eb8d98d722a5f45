//! The versions of the schema, and the way from each to the next.

use super::fault::Fault;
use super::session::{Database, Session};
use crate::store::{Access, Error};
use deadpool_postgres::Object;
use std::sync::Arc;

/// Each brings the schema from the version that is its place to the next.
pub(super) const MIGRATIONS: [&str; 15] = [
    include_str!("migration/0001.sql"),
    include_str!("migration/0002.sql"),
    include_str!("migration/0003.sql"),
    include_str!("migration/0004.sql"),
    include_str!("migration/0005.sql"),
    include_str!("migration/0006.sql"),
    include_str!("migration/0007.sql"),
    include_str!("migration/0008.sql"),
    include_str!("migration/0009.sql"),
    include_str!("migration/0010.sql"),
    include_str!("migration/0011.sql"),
    include_str!("migration/0012.sql"),
    include_str!("migration/0013.sql"),
    include_str!("migration/0014.sql"),
    include_str!("migration/0015.sql"),
];

/// Held by who changes the schema: of several that start at once, one does it and the others wait.
const LOCK: i64 = 0x7069_7065_686f_6f6b;

/// Returns the latest version that is known.
pub(super) fn known() -> u32 {
    u32::try_from(MIGRATIONS.len()).expect("there are few migrations")
}

/// Fails where a schema is of another version than the one that this pipehook works with.
pub(super) fn is_known(found: u32) -> Result<(), Error> {
    Error::of_version(found, known())
}

/// Brings the schema to the present version, one commit a step. A store of a later version is
/// left alone; so is one of an earlier version, with which its servers may be at work, by a command, and one without
/// tables: its address may be a slip.
pub(super) async fn migrate(database: &Database, access: Access) -> Result<(), Fault> {
    let client = database.pool.get().await?;
    // The usual case needs no lock, and nothing that a lesser user of the database may not do.
    if version(&client).await? == known() {
        return Ok(());
    }
    let migrated = locked(&client, access).await;
    // The lock goes with the connection.
    drop(Object::take(client));
    migrated
}

async fn locked(client: &Object, access: Access) -> Result<(), Fault> {
    let known = known();
    client.batch_execute("SET lock_timeout = '60s'; SET statement_timeout = 0").await?;
    client.query_one("SELECT pg_advisory_lock($1)", &[&LOCK]).await?;
    let first = version(client).await?;
    match (access, first) {
        (Access::Command, 0) => {
            let sentence = "it has no tables of pipehook: the first server or worker makes them".to_owned();
            return Err(Error::Unavailable(sentence).into());
        }
        (Access::Command, first) => return Ok(is_known(first)?),
        _ => {}
    }
    loop {
        let found = version(client).await?;
        if found > known {
            return Err(Error::Newer { found, known }.into());
        }
        let Some(migration) = MIGRATIONS.get(found as usize) else { return Ok(()) };
        client
            .batch_execute(&format!(
                "BEGIN ISOLATION LEVEL READ COMMITTED;
                 CREATE TABLE IF NOT EXISTS schema_version (
                     one     integer PRIMARY KEY CHECK (one = 1),
                     version bigint NOT NULL
                 );
                 {migration}
                 INSERT INTO schema_version (one, version)
                 VALUES (1, {next})
                 ON CONFLICT (one) DO UPDATE
                 SET version = {next};
                 COMMIT",
                next = found + 1
            ))
            .await?;
    }
}

/// Returns the version of the schema, 0 where there is none yet.
async fn version(client: &Object) -> Result<u32, Fault> {
    let found: Option<bool> =
        client.query_one("SELECT to_regclass('schema_version') IS NOT NULL", &[]).await?.try_get(0)?;
    if found != Some(true) {
        return Ok(0);
    }
    let row = client.query_opt("SELECT version FROM schema_version", &[]).await?;
    let version: i64 = row.map_or(Ok(0), |row| row.try_get(0))?;
    Ok(u32::try_from(version).unwrap_or(u32::MAX))
}

/// Writes something that means nothing, to see whether writing is possible.
pub(super) async fn write_probe(session: Arc<Session>) -> Result<(), Fault> {
    session
        .run(
            "INSERT INTO counter (scope, key, value)
             VALUES ('store', 'probe', 1)
             ON CONFLICT (scope, key) DO UPDATE
             SET value = counter.value + 1",
            &[],
        )
        .await?;
    Ok(())
}

/// How much room is looked for: that of a delivery with a large body.
const ROOM: usize = 1024 * 1024;

/// Writes as much as a large delivery has, to where it would stand, and takes it back. What that leaves is tidied up as
/// all rows are that are gone.
pub(super) async fn look_for_room(session: Arc<Session>) -> Result<(), Fault> {
    let mut piece = vec![0; ROOM];
    getrandom::fill(&mut piece).expect("the system gives random bytes");
    session
        .run(
            "INSERT INTO file_piece (name, at, piece)
             VALUES ('probe', 0, $1)
             ON CONFLICT (name, at) DO UPDATE
             SET piece = excluded.piece",
            &[&piece],
        )
        .await?;
    session.run("DELETE FROM file_piece WHERE name = 'probe'", &[]).await?;
    Ok(())
}
