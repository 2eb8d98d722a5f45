//! Words of a program that its command line does not show: every user of a machine can read the command lines of all
//! its processes, and a secret is in none (security, "The run").
//!
//! In a job that has secrets, the arguments of a file that a task runs travel in the environment, which is its user's
//! alone to read, and become arguments again where the program that reads the file begins:
//!
//! ```text
//! bash     a file that it reads before any script (`BASH_ENV`) sets its positional parameters, which stay where
//!          the command line has none behind the script
//! python   a file in place of the script sets `sys.argv` and runs the script as `__main__`
//! ```
//! The script finds everything as if it had been called with them: `$0`, `BASH_SOURCE`, `__file__`, the way to its
//! modules, what is told of its mistakes. Programs that it starts find none of the variables. PowerShell needs none of
//! this: it runs such a file in its own process.

use super::environment::Environment;
use crate::shell::words::quote;
use crate::taint::Text;
use std::path::{Path, PathBuf};

/// What bash reads before the script.
const BASH: &str = include_str!("words.bash");
/// What Python reads in place of the script.
const PYTHON: &str = include_str!("words.py");

/// How many words there are, each in a variable of the next name behind it, counted from 1.
const COUNT: &str = "PIPEHOOK_ARGUMENTS";
const WORD: &str = "PIPEHOOK_ARGUMENT_";
/// The script that Python runs.
const PROGRAM: &str = "PIPEHOOK_PROGRAM";

/// How a function of bash begins that passes its words on, but for the first, which is a file.
const PASS: &str = "pipehook_call() ( PIPEHOOK_ARGUMENTS=0; for PIPEHOOK_WORD in \"${@:2}\"; do \
                    PIPEHOOK_ARGUMENTS=$((PIPEHOOK_ARGUMENTS + 1)); \
                    export \"PIPEHOOK_ARGUMENT_$PIPEHOOK_ARGUMENTS=$PIPEHOOK_WORD\"; done; export PIPEHOOK_ARGUMENTS; ";
/// What bash would not read such a file for, and what the author has it read.
const KEPT: &str = "if [[ -o posix ]]; then export PIPEHOOK_POSIX=\"${POSIXLY_CORRECT-y}\"; set +o posix; fi; \
                    if [ -n \"${BASH_ENV+x}\" ]; then export PIPEHOOK_BASH_ENV=\"$BASH_ENV\"; fi; ";

/// What reads a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    Bash,
    Python,
}

/// The call of a file whose words are not to be seen.
pub(super) struct Unseen {
    pub(super) reads: Reads,
    /// The program that reads it, and the file.
    pub(super) program: String,
    pub(super) file: PathBuf,
    /// How the call begins in the script that makes it.
    pub(super) head: String,
}

/// A file that makes arguments of variables again.
pub(super) struct Aid {
    pub(super) path: PathBuf,
    pub(super) text: &'static str,
}

impl Reads {
    fn aid(self, script: &Path) -> Aid {
        let (ending, text) = match self {
            Self::Bash => ("words.bash", BASH),
            Self::Python => ("words.py", PYTHON),
        };
        Aid { path: script.with_extension(ending), text }
    }
}

impl Unseen {
    /// Returns the text of a script with its call made so, and what that needs beside the script's file. On failure, a
    /// sentence.
    pub(super) fn put_into(&self, text: &str, script: &Path) -> Result<(String, Aid), String> {
        let (before, behind) = text
            .split_once(&self.head)
            .ok_or("The arguments can't be kept out of the command line: the call of the file is not there.")?;
        let aid = self.reads.aid(script);
        let (program, aid_path) = (quote(&self.program), quote(&aid.path.to_string_lossy()));
        let call = match self.reads {
            Reads::Bash => format!("{KEPT}BASH_ENV={aid_path} exec {program} \"$1\" )"),
            Reads::Python => format!("{PROGRAM}=\"$1\" exec {program} {aid_path} )"),
        };
        let file = quote(&self.file.to_string_lossy());
        Ok((format!("{before}{PASS}{call}; pipehook_call {file} {behind}"), aid))
    }
}

/// Has Python run a script with words that it finds in its environment. Returns what it is given in the place of the
/// script.
pub(super) fn python(script: &Path, words: &[Text], environment: &mut Environment) -> Aid {
    environment.set(PROGRAM, &script.to_string_lossy());
    environment.set(COUNT, &words.len().to_string());
    for (at, word) in words.iter().enumerate() {
        environment.set(&format!("{WORD}{}", at + 1), &word.flatten());
    }
    Reads::Python.aid(script)
}
