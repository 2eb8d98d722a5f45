//! Whether a place of a pipeline's text belongs to a value that is text and nothing else: then an
//! expression there brings no keys, no items and no names.

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
