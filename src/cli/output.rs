//! Tables, JSON documents and complaints.

use super::failure::Failure;
use crate::diagnostic::{Style, render_all, shown};
use anstyle::{AnsiColor, Style as Ansi};
use clap::ValueEnum;
use comfy_table::{ColumnConstraint, ContentArrangement, Row, Table, presets};
use serde::Serialize;
use std::io::{self, Write};

/// How lists and details are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    // For people.
    Table,
    // One JSON document. No text of their own in the help: it would spread every line over three.
    Json,
}

/// Prints one JSON document.
pub(super) fn json(document: &impl Serialize) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, document)?;
    writeln!(out)?;
    out.flush()
}

/// What every colour begins with.
const ESCAPE: u8 = 0x1b;

/// Prints text that may hold colours, which are left out where stdout is no terminal.
pub(super) fn text(text: &str) -> io::Result<()> {
    // Where there is no escape there is no colour, and nothing to look for.
    if memchr::memchr(ESCAPE, text.as_bytes()).is_none() {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        return out.flush();
    }
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// What stands in a column of a table, under its title.
#[derive(Debug, Clone, Copy)]
pub(super) enum Column {
    /// What is copied from it: it is never cut.
    Id(&'static str),
    /// What may be cut where there is no room.
    Text(&'static str),
    /// As [`Column::Text`], and left out where there is still less; the last one first.
    Extra(&'static str),
}

impl Column {
    fn title(self) -> &'static str {
        match self {
            Self::Id(title) | Self::Text(title) | Self::Extra(title) => title,
        }
    }
}

/// The space between two columns.
const GAP: u16 = 2;
/// To how much a longer text may be cut before columns are left out.
const CUT_TO: u16 = 16;

/// Returns a table that fits the terminal, a line a row; in a file its lines are as long as they must be.
pub(super) fn table(columns: &[Column], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    arranged(columns, rows, None)
}

/// As [`table`], for a terminal of a width where it is given.
fn arranged(columns: &[Column], rows: impl IntoIterator<Item = Vec<String>>, width: Option<u16>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_truncation_indicator("…");
    let mut header = Row::from(columns.iter().map(|column| column.title()).collect::<Vec<_>>());
    header.max_height(1);
    table.set_header(header);
    if let Some(width) = width {
        table.set_width(width);
    }
    for row in rows {
        table.add_row(row.iter().map(|cell| shown(cell)).collect::<Vec<_>>());
    }
    for row in table.row_iter_mut() {
        row.max_height(1);
    }
    let left_out = table.width().map_or_else(Vec::new, |width| without_room(columns, &table, width));
    for (at, (column, kind)) in table.column_iter_mut().zip(columns).enumerate() {
        column.set_padding((0, GAP));
        if left_out.contains(&at) {
            column.set_constraint(ColumnConstraint::Hidden);
        } else if let Column::Id(_) = kind {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    format!("{}\n", table.trim_fmt())
}

/// Returns the places of the columns that are left out so that the others have room.
fn without_room(columns: &[Column], table: &Table, width: u16) -> Vec<usize> {
    let widths = table.column_max_content_widths();
    let wanted = |at: usize| match columns[at] {
        Column::Id(_) => widths[at],
        Column::Text(_) | Column::Extra(_) => widths[at].min(CUT_TO),
    };
    let mut total: u16 = (0..columns.len()).map(|at| wanted(at) + GAP).sum();
    let mut left_out = Vec::new();
    for at in (0..columns.len()).rev() {
        if total > width && matches!(columns[at], Column::Extra(_)) {
            total -= wanted(at) + GAP;
            left_out.push(at);
        }
    }
    left_out
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

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "dlv_0123456789abcdef0123456789";

    /// Returns the lines of a list of deliveries in a terminal.
    fn lines(width: u16) -> Vec<String> {
        use Column::{Extra, Id, Text};
        let columns =
            [Text("CONNECTION"), Text("OUTCOME"), Text("RECEIVED"), Extra("BYTES"), Extra("QUEUED"), Id("ID")];
        let row = |name: &str| [name, "queued", "12 minutes ago", "300", "1", ID].map(str::to_owned).to_vec();
        let rows =
            [row("github"), row("größe 日本語日本語日本語日本語日本語"), row("a\u{1b}[1m-name-of-many-letters-indeed")];
        arranged(&columns, rows, Some(width)).lines().map(str::to_owned).collect()
    }

    #[test]
    fn an_id_is_whole_and_a_row_is_a_line_in_every_terminal() {
        for width in [60, 70, 80, 100, 120] {
            let lines = lines(width);
            assert_eq!(lines.len(), 4, "{lines:#?}");
            for line in &lines {
                let wide: usize = line.chars().map(|it| if it > '\u{2e80}' { 2 } else { 1 }).sum();
                assert!(wide <= usize::from(width), "{width}: {wide} {line}");
            }
            assert!(lines[1..].iter().all(|line| line.ends_with(ID)), "{width}: {lines:#?}");
        }
    }

    #[test]
    fn what_is_worth_least_goes_first() {
        assert!(lines(120)[0].contains("QUEUED"));
        let narrow = lines(70);
        assert!(narrow[0].contains("OUTCOME") && !narrow[0].contains("QUEUED"), "{narrow:#?}");
    }
}
