//! `pipehook completions`: a script that teaches a shell our arguments.

use super::Arguments;
use super::failure::{Ending, Failure};
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use std::io::Write;

/// Prints a completion script.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  pipehook completions bash > ~/.local/share/bash-completion/completions/pipehook")]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(super) fn carry_out(self) -> Result<Ending, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "pipehook", &mut script);
        let mut out = std::io::stdout().lock();
        out.write_all(&script)?;
        out.flush()?;
        Ok(Ending::Done)
    }
}
