//! A body as people read it: JSON with one member or item a line, and every number and text of it as it was sent.

use serde::de::IgnoredAny;

/// What one level is indented by.
const STEP: &str = "  ";

/// Returns a text with its members and items on lines of their own, nothing but white space changed. `None` where it is
/// no JSON.
pub(super) fn indented(text: &str) -> Option<String> {
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    let mut shown = String::with_capacity(text.len() * 2);
    let (mut depth, mut in_text, mut is_escaped) = (0, false, false);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if in_text {
            shown.push(character);
            in_text = character != '"' || is_escaped;
            is_escaped = character == '\\' && !is_escaped;
            continue;
        }
        match character {
            ' ' | '\t' | '\n' | '\r' => {}
            '{' | '[' => {
                shown.push(character);
                while characters.next_if(|it| it.is_ascii_whitespace()).is_some() {}
                match characters.next_if(|it| matches!(it, '}' | ']')) {
                    Some(end) => shown.push(end),
                    None => {
                        depth += 1;
                        begin_line(&mut shown, depth);
                    }
                }
            }
            '}' | ']' => {
                depth -= 1;
                begin_line(&mut shown, depth);
                shown.push(character);
            }
            ',' => {
                shown.push(character);
                begin_line(&mut shown, depth);
            }
            ':' => shown.push_str(": "),
            other => {
                in_text = other == '"';
                shown.push(other);
            }
        }
    }
    Some(shown)
}

fn begin_line(shown: &mut String, depth: usize) {
    shown.push('\n');
    shown.extend(std::iter::repeat_n(STEP, depth));
}

#[cfg(test)]
mod tests {
    use super::indented;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(indented(text).as_deref(), expected);
    }

    #[test]
    fn numbers_and_texts_stay_as_they_were_sent() {
        check(
            r#"{"x":12345678901234567890123, "y" : [1.50,-0,1E+2],"z":{ },"e":[ ],"t":"a\"{,:}\\","u":"\u00e9 é"}"#,
            Some(
                "{\n  \"x\": 12345678901234567890123,\n  \"y\": [\n    1.50,\n    -0,\n    1E+2\n  ],\n  \"z\": {},\n  \
                 \"e\": [],\n  \"t\": \"a\\\"{,:}\\\\\",\n  \"u\": \"\\u00e9 é\"\n}",
            ),
        );
        check(" 1e400 ", Some("1e400"));
        check("[[[]]]", Some("[\n  [\n    []\n  ]\n]"));
        check("{\"a\":1", None);
        check("a=1", None);
    }
}
