//! Writes the script anew, with references in place of its holes.

use super::place::{Inherited, Place, escape};
use super::read::Reading;
use super::sink::Judgement;
use super::symbol::Symbol;
use super::syntax::HereDocument;
use std::collections::{BTreeMap, HashMap};

/// The delimiter of a here-document whose own can't stand without quotes.
const DELIMITER: &str = "PIPEHOOK_END";

/// A script written anew.
pub(super) struct Rewriting {
    pub(super) script: String,
    /// Where each hole was found.
    pub(super) places: Vec<Option<Place>>,
    /// Holes that can't be written after all.
    pub(super) refusals: HashMap<usize, String>,
}

/// A stretch of symbols and what takes its place.
struct Edit {
    end: usize,
    text: String,
}

/// Writes a script anew. Its text depends on nothing but the author's symbols.
pub(super) fn rewrite(
    symbols: &[Symbol],
    reading: &Reading,
    judgement: &Judgement,
    variable: fn(usize) -> String,
) -> Rewriting {
    let holes = symbols.iter().filter(|symbol| matches!(symbol, Symbol::Hole(_))).count();
    let mut rewriting = Rewriting { script: String::new(), places: vec![None; holes], refusals: HashMap::new() };
    let mut edits = document_edits(symbols, reading, judgement);
    for spot in &reading.spots {
        let direct = || spot.place.reference(&variable(spot.hole), Inherited::Directly);
        let text = judgement.code.get(&spot.hole).cloned().unwrap_or_else(direct);
        if spot.in_backticks && text.contains('\\') {
            rewriting.refusals.insert(spot.hole, "put into code between backticks".to_owned());
        }
        rewriting.places[spot.hole] = Some(spot.place);
        edits.insert(spot.at, Edit { end: spot.at + 1, text });
    }
    rewriting.script = written(symbols, &edits);
    rewriting
}

fn written(symbols: &[Symbol], edits: &BTreeMap<usize, Edit>) -> String {
    let mut script = String::with_capacity(symbols.len());
    let mut at = 0;
    while at < symbols.len() {
        if let Some(edit) = edits.get(&at) {
            script.push_str(&edit.text);
            at = edit.end.max(at + 1);
        } else {
            script.extend(symbols[at].char());
            at += 1;
        }
    }
    script
}

/// Returns what changes in here-documents with a quoted delimiter and holes: the quotes go, and the
/// author's own `\`, `$` and backticks get a backslash.
fn document_edits(symbols: &[Symbol], reading: &Reading, judgement: &Judgement) -> BTreeMap<usize, Edit> {
    let mut edits = BTreeMap::new();
    for (index, document) in reading.documents.iter().enumerate() {
        if !document.quoted || !document.has_hole() || judgement.kept.contains(&index) {
            continue;
        }
        let delimiter = unquoted_delimiter(symbols, document);
        for (start, end) in [document.delimiter_at, document.end_at] {
            edits.insert(start, Edit { end, text: delimiter.clone() });
        }
        let (start, end) = document.body_at;
        for (at, symbol) in symbols.iter().enumerate().take(end).skip(start) {
            if let Some(character @ ('\\' | '$' | '`')) = symbol.char() {
                edits.insert(at, Edit { end: at + 1, text: escape(&character.to_string(), "\\$`") });
            }
        }
    }
    edits
}

/// Returns a delimiter that needs no quotes and is no line of the body.
fn unquoted_delimiter(symbols: &[Symbol], document: &HereDocument) -> String {
    let is_plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_plain(&document.delimiter) {
        return document.delimiter.clone();
    }
    let (start, end) = document.body_at;
    let body: String = symbols[start..end].iter().map(|symbol| symbol.char().unwrap_or('\0')).collect();
    let longest = body.lines().filter(|line| line.trim_start_matches('\t').starts_with(DELIMITER)).map(str::len).max();
    let padding = longest.map_or(0, |longest| (longest + 1).saturating_sub(DELIMITER.len()));
    format!("{DELIMITER}{}", "_".repeat(padding))
}
