//! Arguments as tasks split them: at blanks that stand outside of double quotes, `\"` for a quote
//! inside. Nothing else is special, and no shell reads them. Payload text is never split, and a
//! quote in it is a quote.

use crate::taint::{Segment, Text};

/// A word that is being read.
#[derive(Default)]
struct Word {
    text: Text,
    open: String,
    is_begun: bool,
}

impl Word {
    fn push(&mut self, character: char) {
        self.open.push(character);
        self.is_begun = true;
    }

    fn close(&mut self) {
        self.text.push(Segment::author(std::mem::take(&mut self.open)));
    }

    fn tainted(&mut self, segment: &Segment) {
        self.close();
        self.text.push(segment.clone());
        self.is_begun = true;
    }

    fn end(&mut self, words: &mut Vec<Text>) {
        self.close();
        let Self { text, is_begun, .. } = std::mem::take(self);
        if is_begun {
            words.push(text);
        }
    }
}

/// Returns the words of a text.
pub fn split(text: &Text) -> Vec<Text> {
    let mut words = Vec::new();
    let mut word = Word::default();
    let mut is_quoted = false;
    for segment in text.segments() {
        if segment.is_tainted() {
            word.tainted(segment);
            continue;
        }
        let mut characters = segment.text.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '"' => {
                    is_quoted = !is_quoted;
                    word.is_begun = true;
                }
                '\\' if is_quoted && characters.next_if_eq(&'"').is_some() => word.push('"'),
                _ if character.is_ascii_whitespace() && !is_quoted => word.end(&mut words),
                _ => word.push(character),
            }
        }
    }
    word.end(&mut words);
    words
}

/// Returns a text as one word of bash: the author's part in quotes, payload text between them as a
/// value that the shell never reads.
pub fn quoted(word: &Text) -> Text {
    let mut quoted = Text::default();
    for segment in word.segments() {
        match segment.is_tainted() {
            true => quoted.push(segment.clone()),
            false => quoted.append(&quote(&segment.text).into()),
        }
    }
    if word.segments().is_empty() { "''".into() } else { quoted }
}

/// Returns an author's text as one word of bash.
pub fn quote(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=,+@%".contains(&byte);
    match !text.is_empty() && text.bytes().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::taint::Origin;

    #[track_caller]
    fn check(text: &str, words: &[&str]) {
        let found: Vec<String> = split(&text.into()).iter().map(|word| word.flatten().into_owned()).collect();
        assert_eq!(found, words, "{text}");
    }

    #[test]
    fn quotes_keep_words_together_and_nothing_else_is_special() {
        check("", &[]);
        check("  a  b\n c ", &["a", "b", "c"]);
        check("a \"b c\" d\"e f\"g", &["a", "b c", "de fg"]);
        check("\"a \\\"b\\\" c\"", &["a \"b\" c"]);
        check("a \"\" b", &["a", "", "b"]);
        check("'a b' $X * ; c:\\d", &["'a", "b'", "$X", "*", ";", "c:\\d"]);
    }

    #[test]
    fn payload_text_is_one_word_or_part_of_one() {
        let origin = std::sync::Arc::new(Origin { alias: "hook".into(), path: "title".into() });
        let mut text = Text::author("--title=");
        text.append(&Text::tainted("a \"b $(c)", origin.clone()));
        text.append(&" x ".into());
        text.append(&Text::tainted("", origin));
        let found: Vec<String> = split(&text).iter().map(|word| word.flatten().into_owned()).collect();
        assert_eq!(found, ["--title=a \"b $(c)", "x", ""]);
    }
}
