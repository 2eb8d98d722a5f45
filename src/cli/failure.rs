//! How a command ended, for the file that chooses exit codes.

use crate::config::Mistakes;
use crate::store;
use std::io;

/// How a command ended that could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// All went well.
    Done,
    /// Mistakes were found and shown, or the run did not succeed.
    Mistakes,
}

/// Why a command could not do its work.
#[derive(Debug)]
pub(super) enum Failure {
    /// What was given to it is wrong in itself.
    Mistake(anyhow::Error),
    /// It was used wrongly.
    Usage(anyhow::Error),
    /// The configuration is wrong.
    Configuration(Mistakes),
    /// The store, the server or a file can't be reached.
    Unreachable(anyhow::Error),
    /// Who read its output has gone.
    Closed,
}

impl Failure {
    /// Returns the failure of a command that was used wrongly.
    pub(super) fn usage(sentence: impl Into<String>) -> Self {
        Self::Usage(anyhow::Error::msg(sentence.into()))
    }

    /// Returns the failure of a command whose input is wrong in itself.
    pub(super) fn mistake(sentence: impl Into<String>) -> Self {
        Self::Mistake(anyhow::Error::msg(sentence.into()))
    }
}

/// Only writing to stdout gives this error as it is; other files are named where they are used.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Unreachable(anyhow::Error::new(error).context("the output can't be written")),
        }
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        Self::Unreachable(error.into())
    }
}

impl From<Mistakes> for Failure {
    fn from(mistakes: Mistakes) -> Self {
        Self::Configuration(mistakes)
    }
}
