//! `pipehook explain`: the long text behind a diagnostic's code.

use super::failure::{Ending, Failure};
use super::{Format, output};
use crate::diagnostic::{Code, did_you_mean, shown};
use clap::Args;
use serde::Serialize;

/// Prints what a kind of mistake is, an example of it, and how to mend it.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  pipehook explain not-a-string")]
pub(super) struct Explain {
    /// The word in brackets, as in `error[not-a-string]`; without it all codes are listed
    code: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// A code as JSON.
#[derive(Serialize)]
struct Explained {
    code: Code,
    explanation: &'static str,
}

impl From<Code> for Explained {
    fn from(code: Code) -> Self {
        Self { code, explanation: code.explanation().trim_end() }
    }
}

impl Explain {
    pub(super) fn carry_out(self) -> Result<Ending, Failure> {
        let code = self.code.map(|word| Code::from_word(&word).ok_or_else(|| unknown(&word))).transpose()?;
        let explained = code.map(Explained::from);
        match (explained, self.format) {
            (Some(one), Format::Json) => output::json(&one)?,
            (Some(one), Format::Table) => output::text(&format!("{}\n", one.explanation))?,
            (None, Format::Json) => {
                output::json(&Code::ALL.iter().copied().map(Explained::from).collect::<Vec<_>>())?;
            }
            (None, Format::Table) => output::text(&Code::ALL.iter().map(|it| format!("{it}\n")).collect::<String>())?,
        }
        Ok(Ending::Done)
    }
}

fn unknown(word: &str) -> Failure {
    let help = did_you_mean(word, Code::ALL.iter().map(|code| code.word()));
    let help = help.unwrap_or_else(|| "`pipehook explain` lists all of them".to_owned());
    Failure::usage(format!("there is no code `{}`: {help}", shown(word)))
}
