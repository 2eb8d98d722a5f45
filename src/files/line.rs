//! One line of a log, and its form in the file.

use jiff::Timestamp;
use std::fmt::Write as _;

/// The most bytes of a line's text; the rest is left out. Twice what a program's line may have, as
/// one byte that is no text becomes three, and names of steps may be long as well.
pub const TEXT_MAX: usize = 128 * 1024;

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written.
    pub at: Timestamp,
    /// The step's place in the job, from 0; nothing for what is about the job itself. The file has
    /// the step's number, from 1.
    pub step: Option<usize>,
    /// What it says; no line breaks once it was in a file.
    pub text: String,
}

/// The latest time as text: lines that come together have the same one, and writing it takes longer
/// than all else.
#[derive(Debug, Default)]
pub(super) struct Stamp {
    at: Option<Timestamp>,
    text: String,
}

impl Stamp {
    fn text(&mut self, at: Timestamp) -> &str {
        if self.at != Some(at) {
            self.at = Some(at);
            self.text = format!("{at:.7}");
        }
        &self.text
    }
}

impl LogLine {
    /// Adds the line as it stands in the file.
    pub(super) fn write(&self, stamp: &mut Stamp, file: &mut String) {
        file.push_str(stamp.text(self.at));
        match self.step {
            Some(step) => drop(write!(file, " {} ", step + 1)),
            None => file.push_str(" - "),
        }
        let mut rest = &self.text[..self.text.floor_char_boundary(TEXT_MAX)];
        while let Some(at) = memchr::memchr2(b'\n', b'\r', rest.as_bytes()) {
            file.push_str(&rest[..at]);
            file.push_str(if rest.as_bytes()[at] == b'\n' { "\\n" } else { "\\r" });
            rest = &rest[at + 1..];
        }
        file.push_str(rest);
        file.push('\n');
    }

    /// Reads a line of the file, given without its line break. What is no such line, because
    /// somebody else wrote it, is nothing.
    pub(super) fn read(line: &str) -> Option<Self> {
        let (at, rest) = line.split_once(' ')?;
        let (step, text) = rest.split_once(' ')?;
        let step = match step {
            "-" => None,
            number => Some(number.parse::<usize>().ok()?.checked_sub(1)?),
        };
        Some(Self { at: at.parse().ok()?, step, text: text.to_owned() })
    }
}
