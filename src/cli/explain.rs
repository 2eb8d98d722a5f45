//! `pipehook explain`: the long text behind a diagnostic's code.

use super::failure::{Ending, Failure};
use super::output;
use crate::diagnostic::{Code, did_you_mean, shown};
use clap::Args;

/// Prints what a kind of mistake is, an example of it, and how to mend it.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  pipehook explain not-a-string")]
pub(super) struct Explain {
    /// The word in brackets, as in `error[not-a-string]`; without it all codes are listed
    code: Option<String>,
}

impl Explain {
    pub(super) fn carry_out(self) -> Result<Ending, Failure> {
        let Some(word) = self.code else {
            let codes: String = Code::ALL.iter().map(|code| format!("{code}\n")).collect();
            output::text(&codes)?;
            return Ok(Ending::Done);
        };
        let code = Code::from_word(&word).ok_or_else(|| unknown(&word))?;
        output::text(&format!("{}\n", code.explanation().trim_end()))?;
        Ok(Ending::Done)
    }
}

fn unknown(word: &str) -> Failure {
    let help = did_you_mean(word, Code::ALL.iter().map(|code| code.word()));
    let help = help.unwrap_or_else(|| "`pipehook explain` lists all of them".to_owned());
    Failure::usage(format!("there is no code `{}`: {help}", shown(word)))
}
