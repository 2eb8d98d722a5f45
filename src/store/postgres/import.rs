//! All rows of another store, taken over in one transaction.
//!
//! Rows come as the lines that the database reads and writes in bulk (`COPY`, text format), so what it gives
//! back can be held against what it was sent, byte for byte.

use super::PostgresStore;
use super::accept::{AnsweredRun, KEPT_BYTES};
use super::depot::NAME_BYTES_MAX;
use super::fault::Fault;
use super::row::{fold, key, text, to_json};
use crate::store::transfer::{FILES, Field, TABLES, Table, Tally};
use crate::store::{Error, Unmovable};
use bytes::{BufMut, Bytes, BytesMut};
use deadpool_postgres::Object;
use futures_util::{SinkExt, StreamExt};
use jiff::Timestamp;
use std::pin::Pin;
use tokio_postgres::CopyInSink;

/// After how many bytes lines are sent.
const SENT_BYTES: usize = 256 * 1024;
/// The tables whose `seq` the database counts.
const PLACES: [&str; 6] = ["delivery", "refusal", "form", "job", "turn", "deployment"];

/// The scope of the counters that are the names of movings, of which a database has at most one.
const MOVING: &str = "moving";

/// A database that takes rows over: all of them, or none where this is dropped before its commit.
pub(in crate::store) struct Import {
    client: Option<Object>,
}

/// Rows of one table on their way.
pub(in crate::store) struct Copy {
    sink: Pin<Box<CopyInSink<Bytes>>>,
    lines: BytesMut,
    tally: Tally,
}

impl PostgresStore {
    /// Begins to take rows over. Nobody else writes meanwhile, and no table has rows.
    pub(in crate::store) async fn import(&self) -> Result<Import, Unmovable> {
        let client = self.shared.database.pool.get().await.map_err(Error::from)?;
        let import = Import { client: Some(client) };
        import.begin().await?;
        for table in TABLES.iter().chain([&FILES]) {
            if import.has_rows(table.name).await? {
                return Err(Unmovable::Occupied(table.name));
            }
        }
        Ok(import)
    }

    /// Returns the name of the schema that has the tables.
    pub async fn schema(&self) -> Result<String, Error> {
        let client = self.shared.database.pool.get().await?;
        let row = client.query_one("SELECT coalesce(current_schema(), '')::text", &[]).await.map_err(failed)?;
        row.try_get(0).map_err(failed)
    }

    /// Says whether the rows of a moving were committed here.
    pub(in crate::store) async fn has_taken(&self, moving: &str) -> Result<bool, Error> {
        let client = self.shared.database.pool.get().await?;
        let sql = "SELECT EXISTS (SELECT 1 FROM counter WHERE scope = $1 AND key = $2)";
        let row = client.query_one(sql, &[&MOVING, &moving]).await.map_err(failed)?;
        row.try_get(0).map_err(failed)
    }

    /// Says whether files can have a name here.
    pub(in crate::store) fn takes_file(name: &str) -> bool {
        name.len() <= NAME_BYTES_MAX
    }
}

impl Import {
    fn client(&self) -> &Object {
        self.client.as_ref().expect("only the end takes it")
    }

    async fn run(&self, statements: &str) -> Result<(), Error> {
        self.client().batch_execute(statements).await.map_err(failed)
    }

    async fn begin(&self) -> Result<(), Error> {
        self.run(&format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED;
             SET LOCAL statement_timeout = 0;
             SET LOCAL idle_in_transaction_session_timeout = 0;
             SET LOCAL TimeZone = 'UTC';
             SET LOCAL DateStyle = 'ISO, YMD';
             SET LOCAL bytea_output = 'hex';
             LOCK TABLE {} IN EXCLUSIVE MODE;
             DELETE FROM counter WHERE scope = 'store' AND key = 'probe'",
            tables()
        ))
        .await
    }

    async fn has_rows(&self, table: &str) -> Result<bool, Error> {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM \"{table}\")");
        let row = self.client().query_one(&sql, &[]).await.map_err(failed)?;
        row.try_get(0).map_err(failed)
    }

    /// Begins to copy the rows of a table.
    pub(in crate::store) async fn copy(&self, table: &Table) -> Result<Copy, Error> {
        let sql = format!("COPY \"{}\" ({}) FROM STDIN", table.name, table.list());
        let sink = self.client().copy_in(&sql).await.map_err(failed)?;
        Ok(Copy { sink: Box::pin(sink), lines: BytesMut::new(), tally: Tally::default() })
    }

    /// Reads a table back.
    pub(in crate::store) async fn tally(&self, table: &Table) -> Result<Tally, Error> {
        let sql = format!("COPY \"{}\" ({}) TO STDOUT", table.name, table.list());
        let mut stream = Box::pin(self.client().copy_out(&sql).await.map_err(failed)?);
        let (mut tally, mut rest) = (Tally::default(), Vec::new());
        while let Some(bytes) = stream.next().await {
            rest.extend_from_slice(&bytes.map_err(failed)?);
            let mut begin = 0;
            while let Some(length) = memchr::memchr(b'\n', &rest[begin..]) {
                tally.add(&rest[begin..begin + length]);
                begin += length + 1;
            }
            rest.drain(..begin);
        }
        Ok(tally)
    }

    /// Lets everything that is counted go on after what was copied.
    pub(in crate::store) async fn settle(&self) -> Result<(), Error> {
        for table in PLACES {
            self.run(&format!(
                "SELECT setval(pg_get_serial_sequence('{table}', 'seq'), max(seq)) FROM \"{table}\" HAVING max(seq) > 0"
            ))
            .await?;
        }
        self.run(&format!(
            "SELECT setval('run_seq', max(seq)) FROM run HAVING max(seq) > 0;
             SELECT setval('token', max(value)) FROM counter WHERE scope = 'store' AND key = 'token' HAVING max(value) > 0;
             SELECT setval('run_end', max(value)) FROM counter WHERE scope = 'store' AND key = 'ended runs' HAVING max(value) > 0;
             DELETE FROM body_bytes;
             INSERT INTO body_bytes (bytes) SELECT coalesce(sum({KEPT_BYTES}), 0) FROM delivery"
        ))
        .await?;
        self.run(&format!("ANALYZE {}", tables())).await
    }

    /// Writes down the name of the moving, once everything was read back.
    pub(in crate::store) async fn note(&self, moving: &str) -> Result<(), Error> {
        let sql = "INSERT INTO counter (scope, key, value) VALUES ($1, $2, 1)";
        self.client().execute(sql, &[&MOVING, &moving]).await.map(drop).map_err(failed)
    }

    /// Commits.
    pub(in crate::store) async fn commit(self) -> Result<(), Error> {
        self.client().batch_execute("COMMIT").await.map_err(|error| match Fault::from(error) {
            fault if fault.is_cut() => Error::Unknown(Error::from(fault).to_string()),
            fault => fault.into(),
        })
    }
}

/// The transaction goes with its connection.
impl Drop for Import {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }
}

impl Copy {
    /// Returns what was copied so far.
    pub(in crate::store) fn tally(&self) -> Tally {
        self.tally
    }

    /// Adds a row.
    pub(in crate::store) async fn put(&mut self, row: &[Field]) -> Result<(), Error> {
        let begin = self.lines.len();
        for (place, field) in row.iter().enumerate() {
            if place > 0 {
                self.lines.put_u8(b'\t');
            }
            write_field(field, &mut self.lines)?;
        }
        self.tally.add(&self.lines[begin..]);
        self.lines.put_u8(b'\n');
        if self.lines.len() >= SENT_BYTES { self.send().await } else { Ok(()) }
    }

    async fn send(&mut self) -> Result<(), Error> {
        let lines = self.lines.split().freeze();
        self.sink.send(lines).await.map_err(failed)
    }

    /// Returns when the database has all of them.
    pub(in crate::store) async fn end(mut self) -> Result<Tally, Error> {
        self.send().await?;
        self.sink.as_mut().finish().await.map_err(failed)?;
        Ok(self.tally)
    }
}

/// Returns all tables as a statement lists them.
fn tables() -> String {
    let names: Vec<String> = TABLES.iter().chain([&FILES]).map(|table| format!("\"{}\"", table.name)).collect();
    names.join(", ")
}

fn failed(error: tokio_postgres::Error) -> Error {
    Fault::from(error).into()
}

/// Writes a field as the database itself writes it.
fn write_field(field: &Field, line: &mut BytesMut) -> Result<(), Error> {
    match field {
        Field::Null => line.put_slice(b"\\N"),
        Field::Number(number) => line.put_slice(number.to_string().as_bytes()),
        Field::Flag(flag) => line.put_u8(if *flag { b't' } else { b'f' }),
        Field::Moment(micros) => line.put_slice(moment(*micros)?.as_bytes()),
        Field::Text(it) => write_text(&text(it), line),
        Field::Key(it) => write_text(&key(it), line),
        Field::Fold(it) => write_text(&fold(it), line),
        Field::Bytes(bytes) => {
            line.put_slice(b"\\\\x");
            line.put_slice(hex::encode(bytes).as_bytes());
        }
        Field::Runs(runs) => {
            let runs: Vec<AnsweredRun> = runs.iter().cloned().map(AnsweredRun::from).collect();
            write_text(&to_json(&runs)?, line);
        }
    }
    Ok(())
}

fn moment(micros: i64) -> Result<String, Error> {
    let at = Timestamp::from_microsecond(micros).map_err(|error| Error::Broken(error.to_string()))?;
    Ok(at.strftime("%Y-%m-%d %H:%M:%S%.f+00").to_string())
}

/// Writes a text with what would end a field or a line spelled out.
fn write_text(text: &str, line: &mut BytesMut) {
    for byte in text.bytes() {
        let spelled: &[u8] = match byte {
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0x08 => b"\\b",
            0x0B => b"\\v",
            0x0C => b"\\f",
            _ => {
                line.put_u8(byte);
                continue;
            }
        };
        line.put_slice(spelled);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[track_caller]
    fn check(field: &Field, expected: &str) {
        let mut line = BytesMut::new();
        write_field(field, &mut line).expect("it has a form");
        assert_eq!(std::str::from_utf8(&line), Ok(expected));
    }

    /// Tables and columns that are not moved: they are made anew.
    const MADE: [&str; 3] = ["attendance", "body_bytes", "schema_version"];

    #[test]
    fn every_column_of_every_table_is_moved() {
        let known: Vec<String> = TABLES
            .iter()
            .chain([&FILES])
            .flat_map(|table| table.columns.iter().map(move |column| format!("{}.{}", table.name, column.name)))
            .collect();
        let mut table = "";
        let mut there = BTreeSet::new();
        for line in super::super::migration::MIGRATIONS.iter().flat_map(|it| it.lines()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let column = match words.as_slice() {
                ["CREATE", "TABLE", name, ..] => {
                    table = name;
                    continue;
                }
                ["ALTER", "TABLE", name, "ADD", "COLUMN", column, ..] => {
                    table = name;
                    column
                }
                ["ALTER", "TABLE", table, "DROP", "COLUMN", column] => {
                    there.remove(&format!("{table}.{}", column.trim_matches(';')));
                    continue;
                }
                [column, kind, ..] if line.starts_with("    ") && is_type(kind) => column,
                _ => continue,
            };
            if !MADE.contains(&table) {
                there.insert(format!("{table}.{}", column.trim_matches('"')));
            }
        }
        assert!(there.len() > 100, "{there:?}");
        for name in there {
            assert!(known.contains(&name), "{name}");
        }
    }

    fn is_type(word: &str) -> bool {
        let word = word.trim_matches(',');
        ["text", "bigint", "timestamptz", "bytea", "boolean", "integer"].contains(&word)
    }

    #[test]
    fn a_field_is_written_as_the_database_writes_it() {
        check(&Field::Null, "\\N");
        check(&Field::Number(-7), "-7");
        check(&Field::Flag(true), "t");
        check(&Field::Moment(0), "1970-01-01 00:00:00+00");
        check(&Field::Moment(1_500_000), "1970-01-01 00:00:01.5+00");
        check(&Field::Text("a\\N\t\n\r\u{8}\u{b}\u{c}ü\0".to_owned()), "a\\\\N\\t\\n\\r\\b\\v\\fü\u{FFFD}");
        check(&Field::Fold("ÄB".to_owned()), "Äb");
        check(&Field::Bytes(vec![0, 255]), "\\\\x00ff");
    }
}
