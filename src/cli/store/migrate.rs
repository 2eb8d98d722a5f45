//! The store of a data folder moved into a database.

use crate::cli::failure::{Ending, Failure};
use crate::cli::work::entropy;
use crate::cli::{open, output};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::store::{Access, Destination, Moved, SqliteStore, Unmovable, resume, transfer};
use std::sync::Arc;

/// What is counted, by its table and the word for it.
const COUNTED: [(&str, &str); 5] =
    [("delivery", "deliveries"), ("refusal", "refused"), ("run", "runs"), ("job", "jobs"), ("step", "steps")];

pub(super) fn migrate(config: &Config) -> Result<Ending, Failure> {
    let Some(database) = &config.database else {
        return Err(Failure::usage(
            "there is no database to move to: say `database: postgres://…` in the configuration, --database, or \
             PIPEHOOK_DATABASE",
        ));
    };
    SqliteStore::find(&config.data)?;
    let target = open::database_store(database, Access::Mover)?;
    let schema = open::block_on(target.schema())??;
    let address = format!("{} (schema {schema})", open::address(database)?);
    let is_ended = || open::block_on(resume(&config.data, &target, &address))?.map_err(failure);
    if is_ended()? {
        return tell_end(config);
    }
    let depot = config.files.as_ref().map(|_| open::depot(config, &target)).transpose()?.flatten();
    let source = open::own_store(config, Access::Mover, Arc::new(SystemClock))?;
    let name = hex::encode(entropy());
    let to = Destination { database: &target, address: &address, name: &name, files: depot.as_deref() };
    let tell = |sentence| anstream::eprintln!("{sentence}");
    match open::block_on(transfer(&config.data, source, to, tell))? {
        Ok(moved) => report(config, &moved),
        // The database may have been about to commit one that broke off, and has done that meanwhile.
        Err(Unmovable::Occupied(_)) if is_ended()? => tell_end(config),
        Err(reason) => Err(failure(reason)),
    }
}

/// Tells that a moving that broke off had come to its end.
fn tell_end(config: &Config) -> Result<Ending, Failure> {
    output::text("the database has all of the store: the moving that broke off is ended\n")?;
    tell_of_folder(config);
    Ok(Ending::Done)
}

fn failure(reason: Unmovable) -> Failure {
    match reason {
        Unmovable::Store(error) => Failure::from(error),
        Unmovable::Occupied(_) | Unmovable::Elsewhere { .. } => Failure::usage(reason.to_string()),
        reason => Failure::Unreachable(reason.into()),
    }
}

fn tell_of_folder(config: &Config) {
    let folder = config.data.display();
    anstream::eprintln!(
        "what is in {folder} is as it was, and nothing begins with it again; pipehook.db, logs, files and artifacts \
         there are not needed any more"
    );
}

fn report(config: &Config, moved: &Moved) -> Result<Ending, Failure> {
    let counts = COUNTED.map(|(table, word)| format!("{} {word}", moved.rows_of(table)));
    let others: u64 = moved.rows.iter().map(|(_, rows)| rows).sum::<u64>()
        - COUNTED.iter().map(|(table, _)| moved.rows_of(table)).sum::<u64>();
    output::text(&format!(
        "moved: {}, {others} other rows, {} files with {} bytes\nevery row was read back and is what it was\n",
        counts.join(", "),
        moved.files,
        moved.bytes
    ))?;
    tell_of_folder(config);
    if moved.set_aside > 0 {
        anstream::eprintln!("{} deliveries had been set aside: their runs never began", moved.set_aside);
    }
    for path in &moved.left {
        anstream::eprintln!("left where it was, because of its name: {path}");
    }
    Ok(Ending::Done)
}
