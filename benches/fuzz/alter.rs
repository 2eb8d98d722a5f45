//! Changes of few places of a whole input, by lines: a value, a key, a directive around an item, an
//! item twice or not at all, a value of the payload. What is around them stays as somebody wrote it.

use crate::make::{directive, expression, json, scalar};
use crate::random::Random;
use crate::subject::{MARK, PAYLOAD};
use crate::words::{KEYS, LETTERS, SHELL_TOKENS};

/// The most changes of one input.
const CHANGES_MAX: usize = 3;

/// Returns an input with a few places changed.
pub fn altered(input: &str, random: &mut Random) -> String {
    let mark = format!("{MARK}{PAYLOAD}\n");
    let (files, payload) = input.split_once(&mark).unwrap_or((input, "{}"));
    let mut lines: Vec<String> = files.lines().map(str::to_owned).collect();
    let alias = alias(&lines);
    let mut payload = payload.to_owned();
    for _ in 0..=random.below(CHANGES_MAX) {
        if random.once_in(4) {
            payload = other_payload(&payload, random);
        } else if !lines.is_empty() {
            alter(&mut lines, &alias, random);
        }
    }
    format!("{}\n{mark}{payload}", lines.join("\n"))
}

/// Returns lines of a configuration with a few values changed.
pub fn reconfigured(text: &str, values: &[&str], random: &mut Random) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..=random.below(CHANGES_MAX) {
        if lines.is_empty() {
            break;
        }
        let at = random.below(lines.len());
        match (random.below(4), lines[at].split_once(": ")) {
            (0, _) => drop(lines.remove(at)),
            (1, _) => lines.insert(at, lines[at].clone()),
            (_, Some((key, _))) => lines[at] = format!("{key}: {}", random.of(values)),
            (_, None) => {}
        }
    }
    lines.join("\n")
}

/// Returns the name by which a pipeline reads its payload.
fn alias(lines: &[String]) -> String {
    let named = lines.iter().find_map(|line| line.trim_start().strip_prefix("- webhook: "));
    let word = named.and_then(|rest| rest.split_whitespace().next());
    word.unwrap_or("hook").to_owned()
}

fn alter(lines: &mut Vec<String>, alias: &str, random: &mut Random) {
    let at = random.below(lines.len());
    let hook = |text: String| text.replace("parameters.hook", &format!("parameters.{alias}"));
    let blanks = " ".repeat(indent(&lines[at]));
    match random.below(10) {
        0 | 1 => {
            if let Some((key, _)) = lines[at].split_once(": ") {
                lines[at] = format!("{key}: {}", hook(scalar(random)));
            }
        }
        2 | 3 => {
            let hole = match random.below(3) {
                0 => format!("${{{{ {} }}}}", expression(2, random)),
                _ => format!("${{{{ parameters.hook.{} }}}}", random.of(&["a", "b", "n", "l", "z", "t", "b.key"])),
            };
            insert(&mut lines[at], &hook(hole), random);
        }
        4 if random.once_in(3) => insert(&mut lines[at], random.of(LETTERS), random),
        4 => insert(&mut lines[at], random.of(SHELL_TOKENS), random),
        5 => {
            let item = lines[at..end_of_item(lines, at)].to_vec();
            let place = if random.once_in(2) { at } else { random.below(lines.len()) };
            lines.splice(place..place, item);
        }
        6 => drop(lines.drain(at..end_of_item(lines, at))),
        7 if lines[at].trim_start().starts_with("- ") => {
            let end = end_of_item(lines, at);
            lines[at..end].iter_mut().for_each(|line| line.insert_str(0, "  "));
            let head = hook(directive(random));
            lines.insert(at, format!("{blanks}- {head}:"));
        }
        7 | 8 => {
            let line = format!("{blanks}{}: {}", random.of(KEYS), hook(scalar(random)));
            lines.insert(at, line);
        }
        _ => {
            let other = random.below(lines.len());
            if let (Some((key, _)), Some((_, value))) = (lines[at].split_once(": "), lines[other].split_once(": ")) {
                lines[at] = format!("{key}: {value}");
            }
        }
    }
}

/// Inserts into the value of a line, where it has one, between two characters or words.
fn insert(line: &mut String, text: &str, random: &mut Random) {
    let start = line.find(": ").map_or(line.len(), |at| at + 2);
    let mut at = start + random.below(line.len() - start + 1);
    while !line.is_char_boundary(at) {
        at -= 1;
    }
    line.insert_str(if random.once_in(2) { line.len() } else { at }, text);
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Returns the line after an item or an entry with all below it.
fn end_of_item(lines: &[String], at: usize) -> usize {
    let own = indent(&lines[at]);
    let below = lines[at + 1..].iter().take_while(|line| indent(line) > own && !line.starts_with(MARK));
    at + 1 + below.count()
}

/// Returns a payload of which one value is another.
fn other_payload(payload: &str, random: &mut Random) -> String {
    let Ok(mut value) = serde_json::from_str::<serde_json::Value>(payload) else { return json(4, random) };
    let mut place = &mut value;
    loop {
        let length = match place {
            serde_json::Value::Array(items) => items.len(),
            serde_json::Value::Object(members) => members.len(),
            _ => 0,
        };
        if length == 0 || random.once_in(4) {
            break;
        }
        let at = random.below(length);
        place = match place {
            serde_json::Value::Array(items) => &mut items[at],
            serde_json::Value::Object(members) => members.values_mut().nth(at).expect("it is below the length"),
            _ => unreachable!("others have no members"),
        };
    }
    if let Ok(new) = serde_json::from_str(&json(2, random)) {
        *place = new;
    }
    value.to_string()
}
