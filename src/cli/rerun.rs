//! `pipehook rerun`: `pipehook runs rerun` in one word less.

use super::failure::{Ending, Failure};
use super::runs::Again;
use super::{Format, Global};
use clap::Args;

/// Starts a completed run again, with the same frozen plan, as a new run.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pipehook rerun hello#12
  pipehook rerun hello#12 --failed")]
pub(super) struct Rerun {
    #[command(flatten)]
    again: Again,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Rerun {
    pub(super) fn carry_out(self, global: &Global) -> Result<Ending, Failure> {
        self.again.carry_out(global, self.format)
    }
}
