//! The store of a data folder moved into a database.

use crate::cli::failure::{Ending, Failure};
use crate::cli::{open, output};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::store::{Destination, Moved, Unmovable, transfer};
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
    super::exists(config)?;
    let target = open::database_store(database)?;
    let depot = config.files.as_ref().map(|_| open::depot(config, &target)).transpose()?.flatten();
    let source = open::own_store(config, Arc::new(SystemClock))?;
    let to = Destination { database: &target, files: depot.as_deref() };
    let tell = |sentence| anstream::eprintln!("{sentence}");
    let moved = open::block_on(transfer(&config.data, source, to, tell))?.map_err(|reason| match reason {
        Unmovable::Store(error) => Failure::from(error),
        Unmovable::Occupied(_) => Failure::usage(reason.to_string()),
        reason => Failure::Unreachable(reason.into()),
    })?;
    report(config, &moved)
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
    let folder = config.data.display();
    anstream::eprintln!(
        "what is in {folder} is as it was, and no server begins with it again; pipehook.db, logs, files and artifacts \
         there are not needed any more"
    );
    if moved.set_aside > 0 {
        anstream::eprintln!("{} deliveries had been set aside: their runs never began", moved.set_aside);
    }
    for path in &moved.left {
        anstream::eprintln!("left where it was, because of its name: {path}");
    }
    Ok(Ending::Done)
}
