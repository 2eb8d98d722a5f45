//! One run of a pipeline, for jobs of another one.

use super::read::{RUN, run_of};
use super::row::{from_json, unreadable};
use super::{matrix, story};
use crate::pipeline::form::Sheet;
use crate::run::RunResult;
use crate::store::other;
use crate::store::{Error, Other, Sought, Which};
use rusqlite::{Connection, OptionalExtension, ToSql};

/// Returns the run that is meant, if there is one.
pub(super) fn find(connection: &Connection, sought: &Sought) -> Result<Option<Other>, Error> {
    let mut values: Vec<Box<dyn ToSql>> = vec![Box::new(sought.pipeline.clone())];
    let mut conditions = vec!["pipeline = ?".to_owned()];
    match &sought.which {
        Which::Latest { results, seeker, tags } => {
            // The words are ours.
            let words: Vec<String> = results.iter().map(|result| format!("'{}'", RunResult::word(*result))).collect();
            conditions.push(format!("result IN ({}) AND {}", words.join(", "), other::had_ended("?")));
            values.push(Box::new(seeker.as_str().to_owned()));
            for tag in tags {
                conditions.push("EXISTS (SELECT 1 FROM tag WHERE tag.run = run.seq AND tag.tag = ?)".to_owned());
                values.push(Box::new(tag.clone()));
            }
        }
        Which::Named(name) => {
            conditions.push("state = 'completed' AND name = ?".to_owned());
            values.push(Box::new(name.clone()));
        }
        Which::Number(number) => {
            conditions.push("number = ?".to_owned());
            values.push(Box::new(number.cast_signed()));
        }
        Which::Id(id) => {
            conditions.push("id = ?".to_owned());
            values.push(Box::new(id.as_str().to_owned()));
        }
    }
    let sql = other::query(RUN, &conditions);
    let found = connection
        .prepare_cached(&sql)?
        .query_row(rusqlite::params_from_iter(values), |row| {
            Ok((row.get("seq")?, run_of(row)?, row.get("plan")?, row.get("values")?))
        })
        .optional()?;
    let Some((seq, run, plan, values)): Option<(i64, _, String, String)> = found else { return Ok(None) };
    let mut plan = Sheet::from_stored(plan).plan(&from_json::<Vec<String>>(&values)?).map_err(unreadable)?;
    matrix::fill_in(connection, seq, &mut plan)?;
    Ok(Some(Other { run, plan, taken: story::taken_artifacts(connection, seq)? }))
}
