//! Tables, JSON documents and complaints.

use super::failure::Failure;
use crate::diagnostic::{Style, render_all, shown};
use anstyle::{AnsiColor, Style as Ansi};
use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use std::io::{self, Write};

/// How lists and details are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Table,
    /// One JSON document.
    Json,
}

/// Prints one JSON document.
pub(super) fn json(document: &impl Serialize) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, document)?;
    writeln!(out)?;
    out.flush()
}

/// Prints text that may hold colours, which are left out where stdout is no terminal.
pub(super) fn text(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Returns a table that fits the terminal; in a file its lines are as long as they must be.
pub(super) fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header.to_vec());
    for row in rows {
        table.add_row(row.iter().map(|cell| shown(cell)).collect::<Vec<_>>());
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    format!("{}\n", table.trim_fmt())
}

/// Returns lines of names and values, the values below each other.
pub(super) fn facts(facts: &[(&str, String)]) -> String {
    let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    facts.iter().map(|(name, value)| format!("{name:width$}  {value}\n")).collect()
}

/// Returns a word in the colour of what it means: good, bad, or neither.
pub(super) fn verdict(word: &str) -> String {
    let colour = match word {
        "succeeded" | "queued" | "approved" => AnsiColor::Green,
        "failed" | "rejected" | "refused" => AnsiColor::Red,
        "succeededWithIssues" | "canceled" | "canceling" | "filtered" => AnsiColor::Yellow,
        _ => return word.to_owned(),
    };
    let style = Ansi::new().fg_color(Some(colour.into()));
    format!("{style}{word}{style:#}")
}

/// Says on stderr why a command could not do its work.
pub(super) fn complain(failure: &Failure) {
    let message = match failure {
        Failure::Closed => return,
        Failure::Configuration(mistakes) => {
            render_all(&mistakes.diagnostics.resolve(&mistakes.sources), Style::Coloured)
        }
        Failure::Mistake(error) | Failure::Usage(error) | Failure::Unreachable(error) => {
            let style = Ansi::new().bold().fg_color(Some(AnsiColor::Red.into()));
            format!("{style}error{style:#}: {error:#}\n")
        }
    };
    // Nobody can be told that stderr can't be written.
    let _ = anstream::stderr().write_all(message.as_bytes());
}
