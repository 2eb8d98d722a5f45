//! The versions of the schema, and the way from each to the next.

use super::counter::Scope;
use super::writer::Session;
use crate::store::Error;
use rusqlite::{Connection, TransactionBehavior};

/// Each brings the schema from the version that is its place to the next.
const MIGRATIONS: [&str; 21] = [
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
    include_str!("migration/0016.sql"),
    include_str!("migration/0017.sql"),
    include_str!("migration/0018.sql"),
    include_str!("migration/0019.sql"),
    include_str!("migration/0020.sql"),
    include_str!("migration/0021.sql"),
];

/// Returns the latest version that is known.
pub(super) fn known() -> u32 {
    u32::try_from(MIGRATIONS.len()).expect("there are few migrations")
}

/// Returns the version of the schema, 0 where there is none yet.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Fails where a schema is of another version than the one that this pipehook works with.
pub(super) fn is_known(found: u32) -> Result<(), Error> {
    Error::of_version(found, known())
}

/// Brings the schema to the present version, one commit a step; a new one is made in one, so that nobody
/// sees a half of it. A store of a later version is left alone.
pub(super) fn migrate(connection: &Connection) -> Result<(), Error> {
    let known = known();
    loop {
        let transaction = rusqlite::Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        let found = version(&transaction)?;
        if found > known {
            return Err(Error::Newer { found, known });
        }
        let steps = match found {
            0 => &MIGRATIONS[..],
            found => MIGRATIONS[found as usize..].chunks(1).next().unwrap_or_default(),
        };
        if steps.is_empty() {
            return Ok(());
        }
        for step in steps {
            transaction.execute_batch(step)?;
        }
        let reached = found + u32::try_from(steps.len()).expect("there are few migrations");
        transaction.pragma_update(None, "user_version", reached)?;
        transaction.commit()?;
    }
}

/// Writes something that means nothing, to see whether a delivery could be accepted.
pub(super) fn write_probe(session: &mut Session<'_>) -> Result<(), Error> {
    session.damage.is_unknown()?;
    session.memory.counters.next(session.connection, Scope::Store, "probe")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::entry::Entry;
    use super::super::filing::KEPT_BYTES;
    use super::*;

    #[test]
    fn a_delivery_of_version_5_says_the_same_in_version_6() {
        let connection = Connection::open_in_memory().expect("a database");
        for migration in &MIGRATIONS[..5] {
            connection.execute_batch(migration).expect("a schema");
        }
        connection.pragma_update(None, "user_version", 5).expect("a version");
        let runs = r#"[{"id":"run_1","pipeline":"p","number":7,"name":"day.3","form":2,"values":["a \"b\""]}]"#;
        let verdicts = r#"[{"pipeline":"p","decision":"queued","run":"run_1","filters":[],"diagnostics":[]}]"#;
        connection
            .execute(
                "INSERT INTO delivery (seq, id, connection, received_at, outcome, runs, headers, verdicts, body, secret)
                 VALUES (1, 'dlv_1', 'c', 5, 'queued', ?, '[[\"a\",\"b\"]]', ?, x'7b7d', 'old')",
                [runs, verdicts],
            )
            .expect("a delivery");
        connection.execute("UPDATE filing SET filed = 1", []).expect("it is filed");
        migrate(&connection).expect("the way to the present version");
        let (assigned, entry): (String, String) = connection
            .query_row("SELECT assigned, entry FROM delivery", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .expect("the delivery");
        let counted: bool = connection
            .query_row(
                &format!("SELECT bytes = (SELECT sum({KEPT_BYTES}) FROM delivery WHERE seq <= filed) FROM filing"),
                [],
                |row| row.get(0),
            )
            .expect("what is filed is counted");
        assert!(counted, "all that is kept");
        let entry = Entry::read(&entry).expect("an entry");
        assert_eq!((&*entry.headers, entry.secret.as_deref()), (&[("a".to_owned(), "b".to_owned())][..], Some("old")));
        assert_eq!(entry.verdicts()[0].run, Some(crate::id::RunId::from_stored("run_1")));
        let runs = entry.runs(&assigned).expect("runs");
        assert_eq!((&*runs[0].name, runs[0].number, runs[0].form), ("day.3", 7, 2));
        assert_eq!(*runs[0].values, ["a \"b\""]);
    }
}
