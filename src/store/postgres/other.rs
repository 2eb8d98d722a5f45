//! One run of a pipeline, for jobs of another one.

use super::fault::Fault;
use super::read::{RUN, run_of};
use super::row::{fold, from_json, number, text, unreadable};
use super::session::Session;
use super::{matrix, story};
use crate::pipeline::form::Sheet;
use crate::run::RunResult;
use crate::store::other;
use crate::store::{Other, Sought, Which};
use tokio_postgres::types::ToSql;

/// Returns the run that is meant, if there is one.
pub(super) async fn find(session: &Session, sought: &Sought) -> Result<Option<Other>, Fault> {
    let mut values: Vec<Box<dyn ToSql + Sync + Send>> = vec![Box::new(text(&sought.pipeline).into_owned())];
    let mut conditions = vec!["pipeline = $1".to_owned()];
    match &sought.which {
        Which::Latest { results, seeker, tags } => {
            let words: Vec<&str> = results.iter().map(|result| RunResult::word(*result)).collect();
            values.push(Box::new(words.into_iter().map(str::to_owned).collect::<Vec<String>>()));
            conditions.push(format!("result = ANY (${})", values.len()));
            values.push(Box::new(seeker.as_str().to_owned()));
            conditions.push(other::had_ended(&format!("${}", values.len())));
            for tag in tags {
                values.push(Box::new(fold(tag)));
                let at = values.len();
                conditions.push(format!("EXISTS (SELECT 1 FROM tag WHERE tag.run = run.seq AND tag.fold = ${at})"));
            }
        }
        Which::Named(name) => {
            values.push(Box::new(text(name).into_owned()));
            conditions.push(format!("state = 'completed' AND name = ${}", values.len()));
        }
        Which::Number(wanted) => {
            values.push(Box::new(number(*wanted)));
            conditions.push(format!("number = ${}", values.len()));
        }
        Which::Id(id) => {
            values.push(Box::new(id.as_str().to_owned()));
            conditions.push(format!("run.id = ${}", values.len()));
        }
    }
    let sql = other::query(RUN, &conditions);
    let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect();
    let Some(row) = session.row(&sql, &values).await? else { return Ok(None) };
    let seq: i64 = row.try_get("seq")?;
    let texts: Vec<String> = from_json(row.try_get("values")?)?;
    let mut plan = Sheet::from_stored(row.try_get("plan")?).plan(&texts).map_err(unreadable)?;
    matrix::fill_in(session, seq, &mut plan).await?;
    Ok(Some(Other { run: run_of(&row)?, plan, taken: story::taken_artifacts(session, seq).await? }))
}
