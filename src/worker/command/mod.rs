//! Logging commands: what a step tells us in its output (reference, section 7).
//!
//! ```text
//! mod      a line to a command, exactly as the pipeline language's own reader does it
//! trust    whose commands count
//! listen   lines to text for the log and commands that are obeyed
//! obey     what each command does
//! change   what they change for the steps that follow
//! ```

mod change;
mod listen;
mod obey;
mod trust;

pub(super) use change::{Change, TaskVariable};
pub(super) use listen::{Listener, Open};
pub(super) use obey::{Reached, Results, Rules, Work, worse};
pub(super) use trust::Trust;

/// What a command begins with. What stands before it in the line is left out.
pub const PREFIX: &str = "##vso[";

/// The most bytes of a line that is read as a command.
pub const COMMAND_MAX: usize = 1024 * 1024;

/// A command as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The part before the dot, in lower case.
    pub area: String,
    /// The part after the dot, in lower case.
    pub event: String,
    /// Names, in any case, and values, none of them empty.
    properties: Vec<(String, String)>,
    /// What follows the brackets.
    pub data: String,
}

/// Whether `%AZP25` is read as `%`. The variable `DECODE_PERCENTS` turns it off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Percents {
    /// It is read as `%`.
    Decoded,
    /// It stays.
    Kept,
}

impl Command {
    /// Reads the text after [`PREFIX`]. What is no command is nothing.
    pub fn parse(text: &str, percents: Percents) -> Option<Self> {
        let (head, data) = text.split_once(']')?;
        let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
        let mut parts = name.split('.').filter(|part| !part.is_empty());
        let (area, event) = (parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let property = |pair: &str| {
            let (name, value) = pair.split_once('=')?;
            let is_whole = !name.is_empty() && !value.is_empty();
            is_whole.then(|| (name.to_owned(), unescape(value, percents)))
        };
        Some(Self {
            area: area.to_ascii_lowercase(),
            event: event.to_ascii_lowercase(),
            properties: properties.split(';').filter_map(property).collect(),
            data: unescape(data, percents),
        })
    }

    /// Returns the value of a property, the last one of its name. Blanks around a name are part
    /// of it, so that `; isoutput=true` sets nothing, as in the pipeline language's own reader.
    pub fn property(&self, name: &str) -> Option<&str> {
        let mut named = self.properties.iter().rev().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| value.as_str())
    }

    /// Returns all properties.
    pub fn properties(&self) -> impl Iterator<Item = (&str, &str)> {
        self.properties.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Says whether a property is true.
    fn is_set(&self, name: &str) -> bool {
        self.property(name).is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
    }
}

fn unescape(text: &str, percents: Percents) -> String {
    let text = text.replace("%3B", ";").replace("%0D", "\r").replace("%0A", "\n").replace("%5D", "]");
    if percents == Percents::Decoded { text.replace("%AZP25", "%") } else { text }
}
