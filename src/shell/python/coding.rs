//! The coding in which a Python script says that it is written (PEP 263). Python decodes a script by it before it cuts
//! tokens: by `unicode_escape` the escapes of a value would be quotes and code.

use crate::shell::symbol::Symbol;

/// The lines in which the coding can stand.
const LINES: usize = 2;

/// Codings in which each ASCII character is itself, by the names that Python has for them: small letters, `-` for `_`.
const PLAIN: &[&str] = &[
    "utf-8",
    "utf8",
    "u8",
    "cp65001",
    "ascii",
    "us-ascii",
    "646",
    "latin-1",
    "latin1",
    "latin",
    "l1",
    "iso-8859-1",
    "iso8859-1",
    "8859",
    "iso-latin-1",
    "latin-9",
    "latin9",
    "l9",
    "iso-8859-15",
    "iso8859-15",
    "cp1252",
    "1252",
    "windows-1252",
];

/// Beginnings of names that Python takes for those.
const BEGINNINGS: &[&str] = &["utf-8-", "latin-1-", "iso-8859-1-", "iso-latin-1-"];

/// The letters in front of the name.
const MARK: &str = "coding";

/// What stands for a hole or a macro, of which nobody knows here what it is.
const OPEN: char = '\0';

/// Returns the coding that a script names, if it is one by which Python would read other characters than those that
/// stand there, or may be one.
pub(super) fn foreign(symbols: &[Symbol]) -> Option<String> {
    let mut characters = symbols.iter().map(|symbol| symbol.char().unwrap_or(OPEN)).peekable();
    characters.next_if_eq(&'\u{feff}');
    for _ in 0..LINES {
        let mut line = String::new();
        while let Some(character) = characters.next_if(|it| !matches!(it, '\n' | '\r')) {
            line.push(character);
        }
        if characters.next_if_eq(&'\r').is_some() {
            characters.next_if_eq(&'\n');
        } else {
            characters.next();
        }
        let text = line.trim_start_matches([' ', '\t', '\u{c}']);
        match text.strip_prefix('#') {
            Some(comment) => {
                if let Some(name) = named(comment) {
                    return Some(name).filter(|name| !is_plain(name));
                }
            }
            // Behind anything else than a comment Python looks no further.
            None if !text.is_empty() => return None,
            None => {}
        }
    }
    None
}

/// Returns the name of the coding in a comment. What is open may be any part of it.
fn named(comment: &str) -> Option<String> {
    let mut rest = comment;
    while let Some(at) = rest.find(MARK) {
        rest = &rest[at + MARK.len()..];
        let Some(behind) = rest.strip_prefix([':', '=', OPEN]) else { continue };
        let name = behind.trim_start_matches([' ', '\t']);
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.' | OPEN);
        let end = name.find(|letter: char| !is_part(letter)).unwrap_or(name.len());
        if end > 0 || rest.starts_with(OPEN) {
            return Some(name[..end].to_owned());
        }
    }
    None
}

fn is_plain(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('_', "-");
    PLAIN.contains(&name.as_str()) || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::foreign;
    use crate::shell::symbol::Symbol;

    #[track_caller]
    fn check(script: &str, expected: Option<&str>) {
        let symbol = |it| if it == '@' { Symbol::Hole(0) } else { Symbol::Char(it) };
        let symbols: Vec<Symbol> = script.chars().map(symbol).collect();
        assert_eq!(foreign(&symbols).as_deref(), expected, "{script:?}");
    }

    #[test]
    fn codings_by_which_a_script_is_another_are_found_where_python_finds_them() {
        check("# -*- coding: utf-8 -*-\n", None);
        check("# -*- coding: Latin_1 -*-\n", None);
        check("# vim: set fileencoding=cp1252 :\n", None);
        check("# coding=utf-8-unix\n", None);
        check("# -*- coding: unicode_escape -*-\n", Some("unicode_escape"));
        check("\u{feff}# coding:utf-7", Some("utf-7"));
        check("#!/usr/bin/env python3\n# vim: set fileencoding=raw_unicode_escape :", Some("raw_unicode_escape"));
        check(" \t\u{c}\r\n\u{c}# encoding: rot13", Some("rot13"));
        check("\r# encoding: rot13", Some("rot13"));
        check("# coding and coding: idna", Some("idna"));
        check("# coding: @", Some("\0"));
        check("# coding@", Some(""));
        check("# coding: utf-8@", Some("utf-8\0"));
        check("x = 1\n# coding: rot13", None);
        check("x = 1 # coding: rot13", None);
        check("\n\n# coding: rot13", None);
        check("# coding: utf-8\n# coding: rot13", None);
        check("# encoding of the file\nprint('coding: rot13')", None);
    }
}
