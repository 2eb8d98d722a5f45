//! Whether a place of a pipeline's text belongs to a value that is text and nothing else: then an
//! expression there brings no keys, no items and no names.

/// How an expression begins that has its value before a run.
pub(super) const OPENINGS: [&str; 2] = ["${{", "$<<"];
/// Keys whose values are text that no other part of a pipeline refers to.
const TEXTS: [&str; 12] = [
    "script",
    "bash",
    "pwsh",
    "powershell",
    "displayName",
    "value",
    "condition",
    "workingDirectory",
    "enabled",
    "continueOnError",
    "timeoutInMinutes",
    "cancelTimeoutInMinutes",
];
/// Keys below which every value is such a text.
const OF_TEXTS: [&str; 3] = ["variables", "env", "inputs"];
/// How a line ends whose value is the block below it.
const BLOCKS: [&str; 6] = ["|", ">", "|-", ">-", "|+", ">+"];

/// Says whether the value at an offset is text by its key, or by the key above it.
pub(super) fn is_text(text: &str, offset: usize) -> bool {
    let Some(before) = text.get(..offset) else { return false };
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let mut line = Line { start, text: text[start..].lines().next().unwrap_or_default() };
    let mut above = line.above(text);
    if let Some(opener) = above.as_ref().filter(|above| above.opens_block()) {
        (line, above) = (Line { ..*opener }, opener.above(text));
    }
    let is_one_of = |line: &Line<'_>, keys: &[&str]| line.key().is_some_and(|key| keys.contains(&key));
    is_one_of(&line, &TEXTS) || line.key().is_some() && above.is_some_and(|above| is_one_of(&above, &OF_TEXTS))
}

/// What directives bring to the mapping in which a key stands.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Brought {
    /// Whether they bring any key.
    pub(super) any: bool,
    /// Whether they bring the first, which says what the mapping is.
    pub(super) first: bool,
}

/// Returns what directives and keys that are expressions bring to the mapping of the key at an offset.
pub(super) fn brought_beside(text: &str, offset: usize) -> Brought {
    let Some(before) = text.get(..offset) else { return Brought::default() };
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = offset - start;
    let siblings = |lines: &mut dyn Iterator<Item = &str>| {
        let mut brought = Vec::new();
        for line in lines.filter(|line| !matches!(line.trim_start().chars().next(), None | Some('#'))) {
            let indentation = line.len() - line.trim_start_matches(' ').len();
            let content = line[indentation..].trim_start_matches(['-', ' ']);
            let is_first = line[indentation..].starts_with("- ") && line.len() - content.len() == column;
            if indentation < column && !is_first {
                break;
            }
            if indentation == column || is_first {
                let key = content.trim_start_matches(['\'', '"']);
                brought.push(OPENINGS.iter().any(|opening| key.starts_with(opening)));
            }
            if is_first {
                break;
            }
        }
        brought
    };
    // Behind the dash of an item nothing of its mapping is above.
    let is_first = !text[start..offset].trim().is_empty();
    let above = if is_first { Vec::new() } else { siblings(&mut text[..start].lines().rev()) };
    let rest = text[start..].split_once('\n').map_or("", |(_, rest)| rest);
    let is_item_of_none =
        |line: &&str| !line.trim_start().starts_with("- ") || line.len() - line.trim_start().len() >= column;
    let below = siblings(&mut rest.lines().take_while(is_item_of_none));
    Brought { any: above.iter().chain(&below).any(|it| *it), first: above.last().copied().unwrap_or(false) }
}

/// Says whether a place of a text is a key.
pub(super) fn is_key(text: &str, end: usize) -> bool {
    text.get(end..).is_some_and(|rest| rest.trim_start_matches(['\'', '"', ' ']).starts_with(':'))
}

/// A line and where it begins.
struct Line<'t> {
    start: usize,
    text: &'t str,
}

impl<'t> Line<'t> {
    /// Returns the last line before this one that is indented less.
    fn above(&self, text: &'t str) -> Option<Self> {
        let mut end = self.start;
        while end > 0 {
            let start = text[..end - 1].rfind('\n').map_or(0, |newline| newline + 1);
            let line = Self { start, text: text[start..end].trim_end() };
            if !line.text.is_empty() && line.indentation() < self.indentation() {
                return Some(line);
            }
            end = start;
        }
        None
    }

    fn indentation(&self) -> usize {
        self.text.len() - self.text.trim_start().len()
    }

    fn opens_block(&self) -> bool {
        BLOCKS.iter().any(|block| self.text.trim_end().ends_with(block))
    }

    /// Returns the key that the line begins with, which has no expression.
    fn key(&self) -> Option<&'t str> {
        let (key, _) = self.text.trim_start_matches([' ', '-']).split_once(':')?;
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"_.".contains(&byte);
        Some(key.trim_end()).filter(|key| key.bytes().all(is_part))
    }
}
