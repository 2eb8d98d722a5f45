//! Lines of a log as HTML: colours become classes, marks of the pipeline language too, and everything
//! else is text.

use crate::files::LogLine;
use crate::server::log::harmless;
use serde_json::{Value, json};

/// Marks at the beginning of a line, and the class of such a line. Those of groups are folded by the
/// page's script; without it all is open.
const MARKS: [(&str, &str); 8] = [
    ("##[section]", "section"),
    ("##[error]", "error"),
    ("##[warning]", "warning"),
    ("##[command]", "command"),
    ("##[debug]", "debug"),
    ("##[group]", "group"),
    ("##[endgroup]", "endgroup"),
    ("[command]", "command"),
];

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) step: Option<usize>,
    pub(super) class: &'static str,
    /// Escaped.
    pub(super) html: String,
}

impl Line {
    pub(super) fn new(line: &LogLine) -> Self {
        let mark = MARKS.iter().find(|(mark, _)| line.text.starts_with(mark));
        let (mark, class) = mark.copied().unwrap_or_default();
        Self { step: line.step, class, html: coloured(&harmless(&line.text[mark.len()..])) }
    }
}

/// Returns lines for the page's script.
pub(in crate::server) fn lines(lines: &[LogLine]) -> Vec<Value> {
    let line = |line: &LogLine| {
        let Line { step, class, html } = Line::new(line);
        json!({ "step": step, "class": class, "html": html })
    };
    lines.iter().map(line).collect()
}

/// How text looks, by what a terminal was told (ECMA-48, 8.3.117): eight colours and their bright
/// ones, bold, italic, underlined, faint. Other looks are passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Look {
    front: Option<u8>,
    back: Option<u8>,
    bold: bool,
    faint: bool,
    italic: bool,
    underlined: bool,
}

/// Returns text in which only colours are not text, as HTML.
fn coloured(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 8);
    let mut look = Look::default();
    for (at, part) in text.split("\u{1b}[").enumerate() {
        let text = match part.split_once('m').filter(|_| at > 0) {
            Some((parameters, text)) => {
                look.apply(parameters);
                text
            }
            None => part,
        };
        if text.is_empty() {
            continue;
        }
        let classes = look.classes();
        if classes.is_empty() {
            escape(text, &mut html);
        } else {
            html.push_str("<span class=\"");
            html.push_str(&classes);
            html.push_str("\">");
            escape(text, &mut html);
            html.push_str("</span>");
        }
    }
    html
}

fn escape(text: &str, html: &mut String) {
    for character in text.chars() {
        match character {
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '&' => html.push_str("&amp;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
}

impl Look {
    fn apply(&mut self, parameters: &str) {
        let mut numbers = parameters.split([';', ':']).map(|number| number.parse::<u16>().unwrap_or(0));
        while let Some(number) = numbers.next() {
            match number {
                0 => *self = Self::default(),
                1 => self.bold = true,
                2 => self.faint = true,
                3 => self.italic = true,
                4 => self.underlined = true,
                22 => (self.bold, self.faint) = (false, false),
                23 => self.italic = false,
                24 => self.underlined = false,
                30..=37 => self.front = small(number - 30),
                38 => self.front = palette(&mut numbers),
                39 => self.front = None,
                40..=47 => self.back = small(number - 40),
                48 => self.back = palette(&mut numbers),
                49 => self.back = None,
                90..=97 => self.front = small(number - 90 + 8),
                100..=107 => self.back = small(number - 100 + 8),
                _ => {}
            }
        }
    }

    fn classes(&self) -> String {
        let colours = [("f", self.front), ("g", self.back)];
        let colours = colours.into_iter().filter_map(|(kind, colour)| Some(format!("{kind}{}", colour?)));
        let kinds = [("b", self.bold), ("d", self.faint), ("i", self.italic), ("u", self.underlined)];
        let kinds = kinds.into_iter().filter(|(_, is_so)| *is_so).map(|(kind, _)| kind.to_owned());
        colours.chain(kinds).collect::<Vec<_>>().join(" ")
    }
}

fn small(number: u16) -> Option<u8> {
    u8::try_from(number).ok()
}

/// Reads the rest of a colour that is chosen from a palette or mixed; only the first sixteen of the
/// palette have a class.
fn palette(numbers: &mut impl Iterator<Item = u16>) -> Option<u8> {
    match numbers.next()? {
        5 => numbers.next().filter(|number| *number < 16).and_then(small),
        2 => {
            numbers.nth(2);
            None
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, class: &str, html: &str) {
        let line = LogLine { at: jiff::Timestamp::UNIX_EPOCH, step: None, text: text.to_owned() };
        let line = Line::new(&line);
        assert_eq!((line.class, line.html.as_str()), (class, html), "{text:?}");
    }

    #[test]
    fn a_line_is_text_with_classes() {
        check("plain", "", "plain");
        check("##[error]it <b>failed</b>", "error", "it &lt;b&gt;failed&lt;/b&gt;");
        check("a ##[error]b", "", "a ##[error]b");
        check("\u{1b}[1;31mred\u{1b}[0m &", "", "<span class=\"f1 b\">red</span> &amp;");
        check(
            "\u{1b}[38;5;12mx\u{1b}[38;2;1;2;3my\u{1b}[39;44mz",
            "",
            "<span class=\"f12\">x</span>y<span class=\"g4\">z</span>",
        );
        check("\u{1b}[2J\u{1b}]0;t\u{7}", "", "\\u{1b}[2J\\u{1b}]0;t\\u{7}");
        check("\u{1b}[31", "", "\\u{1b}[31");
        check("'\"><script>", "", "&#39;&quot;&gt;&lt;script&gt;");
        check("\u{1b}[;;99999999;1mx", "", "<span class=\"b\">x</span>");
    }
}
