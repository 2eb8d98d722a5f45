//! All rows of the store, for another one that takes them over.

use super::entry::Entry;
use super::row::{from_json, to_json};
use super::{FILE, accept, filing, open_for_writing, steady};
use crate::pipeline::form::Sheet;
use crate::run::turn;
use crate::store::transfer::{Column, DELIVERY, Field, Kind, REPEAT, RUN, Row, Table};
use crate::store::{Error, QueuedRun};
use rusqlite::Connection;
use std::path::Path;

/// Every column of a delivery, and what a repeat needs of the first one.
const DELIVERIES: &str = "SELECT seq, id, connection, received_at, outcome, repeat_of, assigned, entry, body
                          FROM delivery
                          ORDER BY seq";
const REPEATS: &str = "SELECT connection, key, delivery, until, assigned, entry FROM repeat";

/// A store at one moment. Nobody writes into it until this is dropped.
pub(in crate::store) struct Export {
    connection: Connection,
}

impl Export {
    /// Begins with the store of a data folder of which all that was accepted is filed.
    pub(in crate::store) fn begin(folder: &Path) -> Result<Self, Error> {
        let connection = open_for_writing(&folder.join(FILE))?;
        connection.execute_batch("BEGIN IMMEDIATE")?;
        // Taken back when this is dropped.
        steady::leave(&connection)?;
        let export = Self { connection };
        if filing::is_behind(&export.connection)? {
            return Err(Error::Unavailable("what was accepted last could not be put into the queue".to_owned()));
        }
        if export.number("SELECT count(*) FROM job WHERE state = 'leased'")? > 0 {
            return Err(Error::Unavailable("somebody executes jobs of this store".to_owned()));
        }
        Ok(export)
    }

    /// Brings each row of a table, until whoever takes them wants no more.
    pub(in crate::store) fn each(&self, table: &Table, mut take: impl FnMut(Row) -> bool) -> Result<(), Error> {
        let sql = match table.name {
            DELIVERY => DELIVERIES.to_owned(),
            REPEAT => REPEATS.to_owned(),
            _ => plain(table),
        };
        let mut query = self.connection.prepare(&sql)?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let row = match table.name {
                DELIVERY => delivery(row)?,
                REPEAT => repeat(row)?,
                RUN => self.run(table, row)?,
                _ => plain_row(table, row)?,
            };
            if !take(row) {
                break;
            }
        }
        Ok(())
    }

    /// Returns how many deliveries were set aside: their runs never began.
    pub(in crate::store) fn set_aside(&self) -> Result<u64, Error> {
        self.number("SELECT count(*) FROM quarantine")
    }

    /// Says whether there is a run.
    pub(in crate::store) fn has_run(&self, run: &str) -> Result<bool, Error> {
        Ok(self.connection.prepare_cached("SELECT 1 FROM run WHERE id = ?")?.exists([run])?)
    }

    fn number(&self, sql: &str) -> Result<u64, Error> {
        Ok(self.connection.query_row(sql, [], |row| row.get(0))?)
    }

    fn run(&self, table: &Table, row: &rusqlite::Row<'_>) -> Result<Row, Error> {
        let mut fields = plain_row(table, row)?;
        let (seq, state): (i64, String) = (row.get("seq")?, row.get("state")?);
        let has_turns = state != "completed" && self.has_turns(seq)?;
        let place = table.columns.iter().position(|column| column.kind == Kind::Made).expect("a run has one");
        fields[place] = Field::Flag(has_turns);
        Ok(fields)
    }

    /// Says whether the plan of a run needs turns: whoever works on such a run has the lock of all turns.
    fn has_turns(&self, run: i64) -> Result<bool, Error> {
        let (plan, values): (String, String) = self
            .connection
            .prepare_cached(
                "SELECT form.plan, work.\"values\" FROM work JOIN form ON form.seq = work.form WHERE work.run = ?",
            )?
            .query_row([run], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let values: Vec<String> = from_json(&values)?;
        let plan = Sheet::from_stored(plan).plan(&values).map_err(super::row::unreadable)?;
        Ok(!turn::turns(&plan).is_empty())
    }
}

fn plain(table: &Table) -> String {
    let columns: Vec<String> = table.columns.iter().map(source).collect();
    format!("SELECT {} FROM \"{}\"", columns.join(", "), table.name)
}

/// Returns where a column comes from, under its own name.
fn source(column: &Column) -> String {
    match column.kind {
        Kind::Made => format!("NULL AS \"{}\"", column.name),
        _ => format!("\"{}\" AS \"{}\"", column.from, column.name),
    }
}

fn plain_row(table: &Table, row: &rusqlite::Row<'_>) -> Result<Row, Error> {
    let field = |(place, column): (usize, &Column)| {
        let field = match column.kind {
            Kind::Number => row.get::<_, Option<i64>>(place)?.map(Field::Number),
            Kind::Flag => row.get::<_, Option<bool>>(place)?.map(Field::Flag),
            Kind::Moment => row.get::<_, Option<i64>>(place)?.map(Field::Moment),
            Kind::Text => row.get::<_, Option<String>>(place)?.map(Field::Text),
            Kind::Key => row.get::<_, Option<String>>(place)?.map(Field::Key),
            Kind::Fold => row.get::<_, Option<String>>(place)?.map(Field::Fold),
            Kind::Bytes => row.get::<_, Option<Vec<u8>>>(place)?.map(Field::Bytes),
            Kind::Made => None,
        };
        Ok(field.unwrap_or(Field::Null))
    };
    table.columns.iter().enumerate().map(field).collect()
}

fn delivery(row: &rusqlite::Row<'_>) -> Result<Row, Error> {
    let entry: String = row.get("entry")?;
    let entry = Entry::read(&entry)?;
    let body: Vec<u8> = row.get("body")?;
    let size = i64::try_from(body.len()).unwrap_or(i64::MAX);
    let text = |text: &Option<std::borrow::Cow<'_, str>>| Field::text(text.as_deref());
    let fields = [text(&entry.event), text(&entry.secret), text(&entry.reason), text(&entry.replay_of)];
    let roster = entry.roster.map_or(Field::Null, Field::Number);
    let (headers, verdicts) = (to_json(&entry.headers)?, to_json(&entry.verdicts())?);
    let mut all = vec![
        Field::Number(row.get("seq")?),
        Field::Text(row.get("id")?),
        Field::Text(row.get("connection")?),
        Field::Moment(row.get("received_at")?),
        Field::Text(row.get("outcome")?),
        Field::text(row.get::<_, Option<String>>("repeat_of")?.as_deref()),
        answered(row.get("assigned")?, Some(entry))?,
        Field::Text(headers),
        Field::Text(verdicts),
        Field::Bytes(body),
        Field::Number(size),
    ];
    all.extend(fields);
    all.push(roster);
    Ok(all)
}

fn repeat(row: &rusqlite::Row<'_>) -> Result<Row, Error> {
    let entry: Option<String> = row.get("entry")?;
    Ok(vec![
        Field::Text(row.get("connection")?),
        Field::Key(row.get("key")?),
        Field::Text(row.get("delivery")?),
        Field::Moment(row.get("until")?),
        answered(row.get("assigned")?, entry.as_deref().map(Entry::read).transpose()?)?,
    ])
}

/// Returns the runs that a delivery was answered with, if it started some.
fn answered(assigned: Option<String>, entry: Option<Entry<'_>>) -> Result<Field, Error> {
    let (Some(assigned), Some(entry)) = (assigned, entry) else { return Ok(Field::Null) };
    let runs: Vec<QueuedRun> = entry.runs(&assigned)?.into_iter().map(accept::LoggedRun::queued).collect();
    Ok(Field::Runs(runs))
}
