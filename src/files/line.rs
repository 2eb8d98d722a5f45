//! One line of a log, and its form in the file.

use jiff::Timestamp;

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

/// What the last line began with: lines that come together have the same time and step, and writing
/// these takes longer than all else.
#[derive(Debug, Default)]
pub(super) struct Stamp {
    of: Option<(Timestamp, Option<usize>)>,
    text: String,
}

impl Stamp {
    fn text(&mut self, at: Timestamp, step: Option<usize>) -> &str {
        if self.of != Some((at, step)) {
            self.of = Some((at, step));
            let step = step.map_or_else(|| "-".to_owned(), |step| (step + 1).to_string());
            self.text = format!("{at:.7} {step} ");
        }
        &self.text
    }
}

impl LogLine {
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

/// Adds lines of a time and a step, each with an LF at its end and no other line break.
pub(super) fn write_whole(stamp: &mut Stamp, (at, step): (Timestamp, Option<usize>), lines: &str, file: &mut String) {
    let stamp = stamp.text(at, step);
    let mut begin = 0;
    for end in memchr::memchr_iter(b'\n', lines.as_bytes()) {
        file.push_str(stamp);
        file.push_str(&lines[begin..=end]);
        begin = end + 1;
    }
}

/// Adds a line of a time and a step as it stands in the file.
pub(super) fn write(stamp: &mut Stamp, (at, step): (Timestamp, Option<usize>), text: &str, file: &mut String) {
    file.push_str(stamp.text(at, step));
    push(text, file);
}

/// Adds a line as it stands in the file behind its time: bounded, and with no line break but the last.
pub fn push(text: &str, file: &mut String) {
    let mut rest = &text[..text.floor_char_boundary(TEXT_MAX)];
    while let Some(at) = memchr::memchr2(b'\n', b'\r', rest.as_bytes()) {
        file.push_str(&rest[..at]);
        file.push_str(if rest.as_bytes()[at] == b'\n' { "\\n" } else { "\\r" });
        rest = &rest[at + 1..];
    }
    file.push_str(rest);
    file.push('\n');
}
