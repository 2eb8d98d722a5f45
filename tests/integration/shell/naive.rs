//! Writes references where the holes of a script stand by the table of places alone, as if nothing that
//! evaluates a value were known: what the analysis protects against is seen by running that.

/// The variable that holds the payload.
pub const VARIABLE: &str = "P";

/// Where in a script one is. A substitution inside of quotes is a place of its own.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Bare,
    Double,
    Single,
    Dollar,
    Document { is_quoted: bool },
}

/// A here-document that begins behind the line: its delimiter, and whether tabs are taken away.
struct Document {
    delimiter: String,
    strips_tabs: bool,
    is_quoted: bool,
}

/// Returns the script with references in place of its holes. In a here-document with a quoted delimiter,
/// where a reference is no reference, the value itself stands.
pub fn written(script: &str, value: &str) -> String {
    let mut out = String::new();
    let mut places = vec![Place::Bare];
    let mut documents: std::collections::VecDeque<Document> = Default::default();
    let mut rest = script;
    while let Some(next) = rest.chars().next() {
        let place = *places.last().unwrap_or(&Place::Bare);
        if rest.starts_with("${{") {
            out.push_str(&reference(place, value));
            rest = rest.split_once("}}").map_or("", |(_, after)| after);
            continue;
        }
        let mut length = next.len_utf8();
        match (place, next) {
            (Place::Document { .. }, _) if out.ends_with('\n') => {
                let line = rest.lines().next().unwrap_or_default();
                let document = documents.front().expect("a document is open");
                let text = if document.strips_tabs { line.trim_start_matches('\t') } else { line };
                if text == document.delimiter {
                    documents.pop_front();
                    places.pop();
                    places.extend(documents.front().map(|next| Place::Document { is_quoted: next.is_quoted }));
                    length = line.len();
                }
            }
            (Place::Document { .. }, _) => {}
            (Place::Single, '\'') | (Place::Dollar, '\'') => {
                places.pop();
            }
            (Place::Single, _) => {}
            (_, '\\') => length = rest.chars().take(2).map(char::len_utf8).sum(),
            (Place::Dollar, _) => {}
            (Place::Double, '"') => {
                places.pop();
            }
            (Place::Double, _) if rest.starts_with("$(") => {
                places.push(Place::Bare);
                length = 2;
            }
            (Place::Double, _) => {}
            (Place::Bare, '\'') => places.push(Place::Single),
            (Place::Bare, '"') => places.push(Place::Double),
            (Place::Bare, '(') => places.push(Place::Bare),
            (Place::Bare, ')') if places.len() > 1 => {
                places.pop();
            }
            (Place::Bare, '$') if rest.starts_with("$'") => {
                places.push(Place::Dollar);
                length = 2;
            }
            (Place::Bare, '<') if rest.starts_with("<<<") => length = 3,
            (Place::Bare, '<') if rest.starts_with("<<") => {
                let (document, read) = document(rest);
                documents.extend(document);
                length = read;
            }
            (Place::Bare, '\n') => {
                places.extend(documents.front().map(|next| Place::Document { is_quoted: next.is_quoted }));
            }
            (Place::Bare, _) => {}
        }
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    out
}

fn reference(place: Place, value: &str) -> String {
    let plain = format!("${{{VARIABLE}}}");
    match place {
        Place::Bare => format!("\"{plain}\""),
        Place::Double | Place::Document { is_quoted: false } => plain,
        Place::Single => format!("'\"{plain}\"'"),
        Place::Dollar => format!("'\"{plain}\"$'"),
        Place::Document { is_quoted: true } => value.to_owned(),
    }
}

/// Reads the beginning of a here-document, and returns how many bytes it has.
fn document(rest: &str) -> (Option<Document>, usize) {
    let strips_tabs = rest.starts_with("<<-");
    let start = if strips_tabs { 3 } else { 2 };
    let blanks = rest[start..].len() - rest[start..].trim_start_matches(' ').len();
    let word: String = rest[start + blanks..].chars().take_while(|it| !" \n;|&()<>".contains(*it)).collect();
    let delimiter = word.replace(['"', '\'', '\\'], "");
    let is_document = !word.is_empty() && !word.contains("${");
    let is_quoted = delimiter != word;
    let length = if is_document { start + blanks + word.len() } else { start };
    (is_document.then_some(Document { delimiter, strips_tabs, is_quoted }), length)
}
