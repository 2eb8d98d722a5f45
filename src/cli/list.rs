//! What commands take and do that only list: `pools`, `environments`, `connections`.

use super::failure::{Ending, Failure};
use super::{Format, output};
use clap::{Args, Subcommand};
use serde::Serialize;

/// What such a command takes.
#[derive(Debug, Args)]
pub(super) struct List {
    // There is one action, which other lists have as one of several.
    #[command(subcommand)]
    _action: Option<Action>,
    /// How to print
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List them, as without a word
    List,
}

impl List {
    /// Prints what there is, or the sentence that says that there is nothing.
    pub(super) fn print<T: Serialize>(
        &self,
        all: &[T],
        nothing: &str,
        table: impl FnOnce(&[T]) -> String,
    ) -> Result<Ending, Failure> {
        match self.format {
            Format::Json => output::json(&all)?,
            Format::Table if all.is_empty() => output::text(&format!("{nothing}\n"))?,
            Format::Table => output::text(&table(all))?,
        }
        Ok(Ending::Done)
    }
}
