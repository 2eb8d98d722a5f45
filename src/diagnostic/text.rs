//! Reports as text, in the manner of rustc.

use super::{Place, Report, SHOWN_MAX, Severity};
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::collections::HashMap;

/// Whether text carries colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// No escape sequence at all.
    Plain,
    /// Colours for a terminal.
    Coloured,
}

/// Returns one report as text of several lines, without a line break at the end.
pub fn render(report: &Report, style: Style) -> String {
    let level = match report.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut group = level
        .primary_title(printable(&report.title))
        .id(report.code.word())
        .elements(snippets(report).into_iter().collect::<Vec<_>>());
    for note in &report.notes {
        group = group.element(Level::NOTE.message(printable(note)));
    }
    if let Some(help) = &report.help {
        group = group.element(Level::HELP.message(printable(help)));
    }
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Coloured => Renderer::styled(),
    };
    let text = renderer.decor_style(DecorStyle::Ascii).render(&[group]);
    let places = report.place.iter().chain(report.related.iter().map(|it| &it.place));
    places.fold(text, with_column)
}

/// Says in a rendered text which column a place has: the renderer counts from where the excerpt begins, which may be
/// in the midst of a long line.
fn with_column(text: String, place: &Place) -> String {
    let counted = place.excerpt[..place.mark.0].chars().count() + 1;
    if counted == place.column {
        return text;
    }
    let named = |column: usize| format!("{}:{}:{column}", place.file, place.line);
    text.replacen(&named(counted), &named(place.column), 1)
}

/// Returns several reports as text, at most [`SHOWN_MAX`] of them and then how many more.
pub fn render_all(reports: &[Report], style: Style) -> String {
    let mut text = String::new();
    for report in reports.iter().take(SHOWN_MAX) {
        text.push_str(&render(report, style));
        text.push_str("\n\n");
    }
    if reports.len() > SHOWN_MAX {
        text.push_str(&format!("and {} more\n\n", reports.len() - SHOWN_MAX));
    }
    text
}

/// Returns the reports about many files as text, at most [`SHOWN_MAX`] of each file, and then how many more each
/// has. The order stays as it is, but facts come last: they do not take the room of mistakes.
pub fn render_by_file(reports: &[Report], style: Style) -> String {
    let mut text = String::new();
    let mut counts: Vec<(&str, usize)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    let (facts, mistakes): (Vec<_>, Vec<_>) = reports.iter().partition(|report| report.severity == Severity::Note);
    for report in mistakes.into_iter().chain(facts) {
        let file = report.place.as_ref().map_or("", |place| &place.file);
        let at = *places.entry(file).or_insert_with(|| {
            counts.push((file, 0));
            counts.len() - 1
        });
        counts[at].1 += 1;
        if counts[at].1 <= SHOWN_MAX {
            text.push_str(&render(report, style));
            text.push_str("\n\n");
        }
    }
    for (file, count) in counts.into_iter().filter(|(_, count)| *count > SHOWN_MAX) {
        let of = if file.is_empty() { String::new() } else { format!(" in {}", printable(file)) };
        text.push_str(&format!("and {} more{of}\n\n", count - SHOWN_MAX));
    }
    text
}

/// One snippet for the places in the primary file's excerpt, and one for each related place.
fn snippets(report: &Report) -> Vec<Snippet<'_, annotate_snippets::Annotation<'_>>> {
    let primary = report.place.iter().map(|place| snippet(place, AnnotationKind::Primary, &report.label));
    let related = report.related.iter().map(|it| snippet(&it.place, AnnotationKind::Context, &it.label));
    primary.chain(related).collect()
}

fn snippet<'a>(
    place: &'a Place,
    kind: AnnotationKind,
    label: &'a str,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let mut annotation = kind.span(place.mark.0..place.mark.1);
    if !label.is_empty() {
        annotation = annotation.label(printable(label));
    }
    Snippet::source(printable(&place.excerpt))
        .line_start(place.line)
        .path(place.file.as_str())
        .fold(false)
        .annotation(annotation)
}

/// Replaces characters that could drive a terminal. Each is replaced by as many bytes as it has,
/// so that marks stay in place; a tab stays, the renderer widens it.
fn printable(text: &str) -> std::borrow::Cow<'_, str> {
    let unsafe_here = |character: char| super::is_unprintable(character) && !matches!(character, '\n' | '\t');
    if !text.contains(unsafe_here) {
        return text.into();
    }
    let replace = |character: char| match (unsafe_here(character), character.len_utf8()) {
        (false, _) => character.to_string(),
        (true, 1) => "?".to_owned(),
        (true, 2) => "¿".to_owned(),
        (true, _) => "\u{FFFD}".to_owned(),
    };
    text.chars().map(replace).collect::<String>().into()
}
