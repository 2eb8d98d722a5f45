//! `pipehook pause` and `pipehook resume`: deliveries are taken, and their runs wait.

use super::failure::{Ending, Failure};
use super::moment::exact;
use super::output::Column::Text;
use super::{Format, Global, open, output};
use crate::config::Config;
use crate::diagnostic::shown;
use crate::store::{Pausable, Pause as Paused, RunQuery, Store};
use clap::Args;
use jiff::Timestamp;
use serde_json::json;

/// Holds the runs of a pipeline or connection back: deliveries are accepted and queued, what runs goes
/// on, and no job begins until `pipehook resume`. What is held back counts for `limits.queue`: it takes room,
/// and when there is none left all senders are told to come again. Without an argument, lists what is held back.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pipehook pause deploy
  pipehook pause --connection github
  pipehook pause")]
pub(super) struct Pause {
    #[command(flatten)]
    what: What,
    /// How to print the list
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// Lets the runs of a pipeline or connection go on that were held back.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pipehook resume deploy
  pipehook resume --connection github")]
pub(super) struct Resume {
    #[command(flatten)]
    what: What,
}

#[derive(Debug, Args)]
struct What {
    /// The pipeline, by its name
    pipeline: Option<String>,
    /// The connection, by its name
    #[arg(long, value_name = "NAME", conflicts_with = "pipeline")]
    connection: Option<String>,
}

impl What {
    fn pausable(self) -> Option<Pausable> {
        self.pipeline.map(Pausable::Pipeline).or(self.connection.map(Pausable::Connection))
    }
}

impl Pause {
    pub(super) fn carry_out(self, global: &Global) -> Result<Ending, Failure> {
        let config = global.config_without_secrets()?;
        let store = open::store(&config)?;
        let format = self.format;
        open::block_on(async {
            match self.what.pausable() {
                Some(what) => pause(&*store, &config, &what).await,
                None => list(&store.pauses().await?, format),
            }
        })?
    }
}

impl Resume {
    pub(super) fn carry_out(self, global: &Global) -> Result<Ending, Failure> {
        let what = self.what.pausable();
        let what = what.ok_or_else(|| Failure::usage("name a pipeline, or `--connection NAME`".to_owned()))?;
        let config = global.config_without_secrets()?;
        let store = open::store(&config)?;
        let was_paused = open::block_on(store.resume(&what))??;
        let (kind, name) = what.parts();
        if !was_paused {
            return Err(Failure::usage(format!("the {kind} `{}` is not paused", shown(name))));
        }
        anstream::eprintln!("the {kind} `{}` goes on", shown(name));
        Ok(Ending::Done)
    }
}

async fn pause(store: &dyn Store, config: &Config, what: &Pausable) -> Result<Ending, Failure> {
    let (kind, name) = what.parts();
    if !is_known(store, config, what).await? {
        return Err(Failure::usage(format!("there is no {kind} `{}`", shown(name))));
    }
    store.pause(what).await?;
    anstream::eprintln!("the {kind} `{}` is paused: its deliveries are taken, and its runs wait", shown(name));
    Ok(Ending::Done)
}

/// Says whether there is such a connection, or such a pipeline now or among the runs: a slip of the
/// pen would hold nothing back, and nobody would notice.
async fn is_known(store: &dyn Store, config: &Config, what: &Pausable) -> Result<bool, Failure> {
    let name = match what {
        Pausable::Connection(name) => return Ok(config.connection(name).is_some()),
        Pausable::Pipeline(name) => name,
    };
    let is_file = |ending: &str| config.pipelines.join(format!("{name}.{ending}")).is_file();
    if is_file("yml") || is_file("yaml") {
        return Ok(true);
    }
    let query = RunQuery { pipeline: Some(name.clone()), limit: 1, ..RunQuery::default() };
    Ok(!store.runs(query).await?.is_empty())
}

fn list(pauses: &[Paused], format: Format) -> Result<Ending, Failure> {
    let now = Timestamp::now();
    match format {
        Format::Json => {
            let shown = pauses
                .iter()
                .map(|it| json!({ "kind": it.what.parts().0, "name": it.what.parts().1, "since": it.since }));
            output::json(&shown.collect::<Vec<_>>())?;
        }
        Format::Table if pauses.is_empty() => output::text("nothing is paused\n")?,
        Format::Table => {
            let rows = pauses.iter().map(|it| {
                let (kind, name) = it.what.parts();
                vec![kind.to_owned(), name.to_owned(), exact(it.since, now)]
            });
            output::text(&output::table(&[Text("PAUSED"), Text("NAME"), Text("SINCE")], rows))?;
        }
    }
    Ok(Ending::Done)
}
