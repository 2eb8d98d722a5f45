//! Tables, JSON documents and complaints.

use super::failure::Failure;
use crate::diagnostic::{Style, is_unprintable, render_all, shown};
use anstyle::{AnsiColor, Style as Ansi};
use clap::ValueEnum;
use comfy_table::{ColumnConstraint, ContentArrangement, Row, Table, Width, presets};
use serde::Serialize;
use std::borrow::Cow;
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
    writeln!(out, "{}", harmless_json(&serde_json::to_string_pretty(document)?))?;
    out.flush()
}

/// Returns JSON text in which every character that moves a cursor, hides or reorders text is spelled `\uXXXX` (RFC 8259,
/// 7). Such a character stands inside strings only; line breaks between values stay.
pub(super) fn harmless_json(json: &str) -> Cow<'_, str> {
    let is_harmful = |character: char| character != '\n' && is_unprintable(character);
    if !json.contains(is_harmful) {
        return Cow::Borrowed(json);
    }
    let mut harmless = String::with_capacity(json.len());
    for character in json.chars() {
        match is_harmful(character) {
            true => {
                character.encode_utf16(&mut [0; 2]).iter().for_each(|unit| harmless.push_str(&format!("\\u{unit:04x}")))
            }
            false => harmless.push(character),
        }
    }
    Cow::Owned(harmless)
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
    /// The short name by which people know it: it is never cut, and never left out.
    Handle(&'static str),
    /// What is copied from it: it is never cut. Where there is a handle it is left out before any text.
    Id(&'static str),
    /// What may be cut where there is no room, and left out where there is still less.
    Text(&'static str),
    /// As [`Column::Text`], and left out first.
    Extra(&'static str),
}

impl Column {
    fn title(self) -> &'static str {
        match self {
            Self::Handle(title) | Self::Id(title) | Self::Text(title) | Self::Extra(title) => title,
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
    let contents = table.column_max_content_widths();
    let widths = match table.width() {
        Some(width) => fitted(columns, &contents, width),
        None => contents.into_iter().map(Some).collect(),
    };
    for (column, width) in table.column_iter_mut().zip(widths) {
        column.set_padding((0, GAP));
        column.set_constraint(match width {
            Some(width) => ColumnConstraint::Absolute(Width::Fixed(width + GAP)),
            None => ColumnConstraint::Hidden,
        });
    }
    format!("{}\n", table.trim_fmt())
}

/// Returns how wide each column is in a terminal, none where it is left out, given how wide its contents are.
/// No line is wider than the terminal unless what is never cut is.
fn fitted(columns: &[Column], contents: &[u16], width: u16) -> Vec<Option<u16>> {
    let least = |at: usize| match columns[at] {
        Column::Handle(_) | Column::Id(_) => contents[at],
        Column::Text(_) | Column::Extra(_) => contents[at].min(CUT_TO).min(width),
    };
    let needed = |kept: &[usize]| kept.iter().fold(0, |sum: u16, &at| sum.saturating_add(least(at) + GAP)) - GAP;
    let mut kept: Vec<usize> = (0..columns.len()).collect();
    for at in dispensable(columns) {
        if needed(&kept) > width {
            kept.retain(|it| *it != at);
        }
    }
    let mut widths = vec![None; columns.len()];
    kept.iter().for_each(|&at| widths[at] = Some(least(at)));
    // What is left over goes to those that are cut, a letter to each in turn.
    let mut left = width.saturating_sub(needed(&kept));
    loop {
        let cut: Vec<usize> = kept.iter().copied().filter(|&at| widths[at] < Some(contents[at])).collect();
        if left == 0 || cut.is_empty() {
            return widths;
        }
        for at in cut.into_iter().take(left.into()) {
            widths[at] = widths[at].map(|width| width + 1);
            left -= 1;
        }
    }
}

/// Returns the columns that can be left out, the one first that is worth least: extras, ids where a handle
/// says the same, and texts. What names the row stays.
fn dispensable(columns: &[Column]) -> Vec<usize> {
    let place = |is_it: fn(&Column) -> bool| columns.iter().position(is_it);
    let handle = place(|column| matches!(column, Column::Handle(_)));
    let name = handle.or_else(|| place(|column| matches!(column, Column::Id(_)))).unwrap_or(0);
    let kinds: [fn(&Column) -> bool; 3] = [
        |column| matches!(column, Column::Extra(_)),
        |column| matches!(column, Column::Id(_)),
        |column| matches!(column, Column::Text(_)),
    ];
    let of_kind = |is_it: fn(&Column) -> bool| (0..columns.len()).rev().filter(move |&at| is_it(&columns[at]));
    kinds.into_iter().flat_map(of_kind).filter(|at| *at != name).collect()
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

    const ID: &str = "dlv_0123456789abcdef0123456789abcdef";
    const RUN: &str = "run_0123456789abcdef0123456789abcdef";
    const WIDTHS: std::ops::RangeInclusive<u16> = 20..=200;

    fn wide(line: &str) -> usize {
        line.chars().map(|it| if it > '\u{2e80}' { 2 } else { 1 }).sum()
    }

    fn lines(columns: &[Column], rows: Vec<Vec<String>>, width: u16) -> Vec<String> {
        arranged(columns, rows, Some(width)).lines().map(str::to_owned).collect()
    }

    /// Returns the lines of a list of deliveries in a terminal.
    fn deliveries(width: u16) -> Vec<String> {
        use Column::{Extra, Id, Text};
        let columns =
            [Text("CONNECTION"), Text("OUTCOME"), Text("RECEIVED"), Extra("BYTES"), Extra("QUEUED"), Id("ID")];
        let row = |name: &str| [name, "queued", "12 minutes ago", "300", "1", ID].map(str::to_owned).to_vec();
        let rows =
            [row("github"), row("größe 日本語日本語日本語日本語日本語"), row("a\u{1b}[1m-name-of-many-letters-indeed")];
        lines(&columns, rows.to_vec(), width)
    }

    /// Returns the lines of a list of runs in a terminal.
    fn runs(width: u16) -> Vec<String> {
        use Column::{Extra, Handle, Id, Text};
        let columns = [Handle("RUN"), Text("STATE"), Text("QUEUED"), Extra("TOOK"), Extra("NAME"), Id("ID")];
        let row = |run: &str, state: &str| [run, state, "12 minutes ago", "1 s", "20261126.1", RUN].map(str::to_owned);
        lines(
            &columns,
            vec![row("open#12", "succeeded").to_vec(), row("hello#3", "succeededWithIssues").to_vec()],
            width,
        )
    }

    #[test]
    fn an_id_is_whole_and_a_row_is_a_line_in_every_terminal() {
        for width in WIDTHS {
            let lines = deliveries(width);
            assert_eq!(lines.len(), 4, "{lines:#?}");
            for line in &lines {
                assert!(wide(line) <= usize::from(width).max(ID.len()), "{width}: {line}");
            }
            assert!(lines[1..].iter().all(|line| line.ends_with(ID)), "{width}: {lines:#?}");
        }
    }

    #[test]
    fn a_handle_is_whole_in_every_terminal_and_nothing_else_is_cut_to_nothing() {
        for width in WIDTHS {
            let lines = runs(width);
            assert_eq!(lines.len(), 3, "{lines:#?}");
            assert!(lines.iter().all(|line| wide(line) <= usize::from(width)), "{width}: {lines:#?}");
            assert!(lines[1].starts_with("open#12") && lines[2].starts_with("hello#3"), "{width}: {lines:#?}");
            let is_cut_short = |word: &str| word.ends_with('…') && word.chars().count() < 3;
            assert!(!lines.iter().flat_map(|line| line.split("  ")).any(is_cut_short), "{width}: {lines:#?}");
            assert!(lines.iter().all(|line| !line.contains("run_") || line.ends_with(RUN)), "{width}: {lines:#?}");
        }
        assert!(runs(40)[1].contains("succeeded") && runs(100)[1].ends_with(RUN));
    }

    #[test]
    fn json_drives_no_terminal_and_says_the_same() {
        let text = "a\u{9b}31m\u{202e}b\u{7f}\u{feff}\n\u{1b}[1m \u{1f600} ü";
        let json = serde_json::to_string_pretty(&serde_json::json!({ text: [text] })).expect("it is JSON");
        let harmless = harmless_json(&json);
        assert!(!harmless.contains(|it: char| it != '\n' && is_unprintable(it)), "{harmless}");
        assert!(
            harmless.contains("a\\u009b31m\\u202eb\\u007f\\ufeff") && harmless.contains("\u{1f600} ü"),
            "{harmless}"
        );
        let read: serde_json::Value = serde_json::from_str(&harmless).expect("it is JSON");
        assert_eq!(read, serde_json::json!({ text: [text] }));
    }

    #[test]
    fn what_is_worth_least_goes_first() {
        assert!(deliveries(120)[0].contains("QUEUED"));
        let narrow = deliveries(76);
        assert!(narrow[0].contains("OUTCOME") && !narrow[0].contains("QUEUED"), "{narrow:#?}");
    }
}
