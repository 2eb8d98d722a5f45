//! The forms in which a secret may be printed.

use super::address::{Blank, Decoded};
use super::piece::{Alphabet, PIECE};
use super::{LINE_MIN, SECRET_MIN};
use crate::shell::words;
use crate::taint::Text;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// The fewest bytes of a secret whose encodings are looked for: those of a shorter one stand in
/// every text.
const ENCODED_MIN: usize = 6;

/// What the first and the last line of a key in PEM begin with (RFC 7468, 2), which are those of any key.
const ARMOUR: &str = "-----";

/// The columns at which tools break what they encode: `xxd -p`, `openssl base64` and PEM, `base64` and MIME.
const COLUMNS: [usize; 3] = [60, 64, 76];
/// The fewest characters of the last line of an encoding that are looked for by themselves.
const LAST_LINE_MIN: usize = 6;

/// What to look for.
#[derive(Debug, Default)]
pub(super) struct Forms {
    /// Texts as they are.
    pub(super) texts: Vec<Vec<u8>>,
    /// Encodings, which may be broken into lines.
    pub(super) encodings: Vec<(Alphabet, Vec<u8>)>,
}

/// Returns what to look for: the secret, its lines, both without the blanks and quotes around
/// them, and the encodings of all of these.
pub(super) fn forms(secret: &str) -> Forms {
    let is_around = |character: char| character.is_whitespace() || matches!(character, '"' | '\'');
    let mut texts = vec![secret, secret.trim_matches(is_around)];
    // A log has no line breaks, so a secret of several lines is never seen in one.
    let is_own = |line: &&str| (LINE_MIN..secret.len()).contains(&line.len()) && !line.starts_with(ARMOUR);
    let lines = secret.split(['\n', '\r']).filter(is_own);
    texts.extend(lines.flat_map(|line| [line, line.trim()]).filter(|line| line.len() >= LINE_MIN));
    let mut forms = Forms { texts: texts.iter().map(|text| text.as_bytes().to_vec()).collect(), encodings: Vec::new() };
    for text in texts.into_iter().filter(|text| text.len() >= ENCODED_MIN) {
        // What looks encoded in the secret itself is decoded with the rest of an address.
        forms.texts.extend(Decoded::of(text, Blank::Encoded).map(|decoded| decoded.bytes));
        forms.texts.extend(written(text).map(String::into_bytes));
        forms.texts.extend(JSON_WRITERS.iter().map(|writer| writer.written(text).into_bytes()));
        forms.texts.extend(text.contains('"').then(|| split(text).into_bytes()));
        forms.texts.extend(last_lines(text.as_bytes()).map(String::into_bytes));
        forms.encodings.extend(encoded(text.as_bytes()).map(|(alphabet, text)| (alphabet, text.into_bytes())));
    }
    forms.texts.retain(|form| form.len() >= SECRET_MIN);
    forms
}

/// Returns a text as a task prints it that has split it into words, which its quotes and blanks tell.
fn split(text: &str) -> String {
    let words = words::split(&text.into());
    words.iter().map(Text::flatten).collect::<Vec<_>>().join(" ")
}

/// What a writer of JSON spells as `\uXXXX` where it need not (RFC 8259, 7).
struct JsonWriter {
    /// Characters of ASCII.
    spelled: &'static str,
    spells_others: bool,
    escapes_slash: bool,
    in_capitals: bool,
}

/// Those that are widespread beside one that spells nothing.
const JSON_WRITERS: [JsonWriter; 9] = {
    const PLAIN: JsonWriter =
        JsonWriter { spelled: "", spells_others: false, escapes_slash: false, in_capitals: false };
    [
        JsonWriter { escapes_slash: true, ..PLAIN },
        // Python and Ruby's `ascii_only`, Java's with capitals.
        JsonWriter { spells_others: true, ..PLAIN },
        JsonWriter { spells_others: true, in_capitals: true, ..PLAIN },
        // PHP.
        JsonWriter { spells_others: true, escapes_slash: true, ..PLAIN },
        // Go, Rails.
        JsonWriter { spelled: "<>&", ..PLAIN },
        JsonWriter { spelled: "<>&", spells_others: true, ..PLAIN },
        // Windows PowerShell.
        JsonWriter { spelled: "<>&'", ..PLAIN },
        // PHP with all JSON_HEX flags.
        JsonWriter { spelled: "<>&'\"", spells_others: true, escapes_slash: true, in_capitals: true },
        // .NET's System.Text.Json.
        JsonWriter { spelled: "<>&'\"+`", spells_others: true, in_capitals: true, ..PLAIN },
    ]
};

impl JsonWriter {
    /// Returns what stands between the quotes.
    fn written(&self, text: &str) -> String {
        let mut written = String::with_capacity(text.len());
        for character in text.chars() {
            match character {
                '/' if self.escapes_slash => written.push_str("\\/"),
                _ if self.spelled.contains(character) || self.spells_others && !character.is_ascii() => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        let spelled = if self.in_capitals { format!("{unit:04X}") } else { format!("{unit:04x}") };
                        written.extend(["\\u", &spelled]);
                    }
                }
                _ => written.push_str(&json(character.encode_utf8(&mut [0; 4]))),
            }
        }
        written
    }
}

/// Returns what a text becomes inside other languages. For addresses there is [`Decoded`].
fn written(text: &str) -> [String; 10] {
    let escape = |specials: &str| {
        let escape = |character: char| match specials.contains(character) {
            true => format!("\\{character}"),
            false => character.to_string(),
        };
        text.chars().map(escape).collect::<String>()
    };
    let xml = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    [
        json(text),
        xml.replace('\'', "&apos;"),
        xml.replace('\'', "&#39;"),
        xml.replace('\'', "&#x27;"),
        xml.replace('\'', "&#039;"),
        escape("\\\"'$` !&|;<>()*?[]{}#~"),
        // As bash writes a word without quotes, and one in double quotes.
        escape("\\\"'$` !&|;<>()*?[]{}^,"),
        escape("\\\"$`"),
        text.replace('\'', "'\\''"),
        text.replace('\'', "'\"'\"'"),
    ]
}

/// Returns what stands between the quotes of a text in JSON.
fn json(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap_or_default();
    quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default().to_owned()
}

/// Returns the bytes in hexadecimal digits, and in base64: the characters that are the same
/// whatever stands before and after, for each of the three places where the bytes may begin.
fn encoded(bytes: &[u8]) -> impl Iterator<Item = (Alphabet, String)> {
    let base64 = (0..3).flat_map(move |before| {
        let mut shifted = vec![0; before];
        shifted.extend_from_slice(bytes);
        // The first character that has no bit of what stands before, and the last with none after.
        let first = (before * 8).div_ceil(6);
        let last = shifted.len() * 8 / 6;
        [STANDARD_NO_PAD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)].map(|text| text[first..last].to_owned())
    });
    let hex = [hex::encode(bytes), hex::encode_upper(bytes)].map(|text| (Alphabet::Hex, text));
    base64.map(|text| (Alphabet::Base64, text)).chain(hex)
}

/// Returns the last lines of the encodings of the bytes alone, with a line break after them or without, where they are
/// too short to have a piece of their own.
fn last_lines(bytes: &[u8]) -> impl Iterator<Item = String> {
    let with_break = [bytes, b"\n"].concat();
    let encodings = [
        STANDARD_NO_PAD.encode(bytes),
        STANDARD_NO_PAD.encode(&with_break),
        hex::encode(bytes),
        hex::encode(&with_break),
    ];
    let last = |text: &String, columns: usize| {
        let begins = text.len().saturating_sub(1) / columns * columns;
        text[begins..].to_owned()
    };
    let lines = encodings.into_iter().flat_map(move |text| COLUMNS.map(|columns| (last(&text, columns), text.len())));
    lines
        .filter(|(line, whole)| line.len() < *whole && (LAST_LINE_MIN..PIECE).contains(&line.len()))
        .map(|(line, _)| line)
}
