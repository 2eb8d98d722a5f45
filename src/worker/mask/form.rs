//! The forms in which a secret may be printed.

use super::{LINE_MIN, SECRET_MIN};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// The fewest bytes of a secret whose encodings are looked for: those of a shorter one stand in
/// every text.
const ENCODED_MIN: usize = 6;

/// What the first and the last line of a key in PEM begin with (RFC 7468, 2), which are those of any key.
const ARMOUR: &str = "-----";

/// Returns the texts to look for: the secret, its lines, both without the blanks and quotes around
/// them, and the encodings of all of these.
pub(super) fn forms(secret: &str) -> Vec<Vec<u8>> {
    let is_around = |character: char| character.is_whitespace() || matches!(character, '"' | '\'');
    let mut texts = vec![secret, secret.trim_matches(is_around)];
    // A log has no line breaks, so a secret of several lines is never seen in one.
    let is_own = |line: &&str| (LINE_MIN..secret.len()).contains(&line.len()) && !line.starts_with(ARMOUR);
    let lines = secret.split(['\n', '\r']).filter(is_own);
    texts.extend(lines.flat_map(|line| [line, line.trim()]).filter(|line| line.len() >= LINE_MIN));
    let mut forms: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    for text in texts.into_iter().filter(|text| text.len() >= ENCODED_MIN) {
        forms.extend(written(text).map(String::into_bytes));
        forms.extend(encoded(text.as_bytes()).map(String::into_bytes));
    }
    forms.retain(|form| form.len() >= SECRET_MIN);
    forms
}

/// Returns what a text becomes inside other languages.
fn written(text: &str) -> [String; 8] {
    let json = serde_json::to_string(text).unwrap_or_default();
    let json = json.trim_start_matches('"').strip_suffix('"').unwrap_or_default().to_owned();
    let escape = |specials: &str| {
        let escape = |character: char| match specials.contains(character) {
            true => format!("\\{character}"),
            false => character.to_string(),
        };
        text.chars().map(escape).collect::<String>()
    };
    let xml = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    [
        json,
        percent(text, "%20", false),
        percent(text, "%20", true),
        // As paths are written: the slashes stay.
        percent(text, "%20", false).replace("%2F", "/"),
        percent(text, "+", false),
        xml.replace('\'', "&apos;"),
        escape("\\\"'$` !&|;<>()*?[]{}#~"),
        text.replace('\'', "'\\''"),
    ]
}

/// Returns the text as part of an address.
fn percent(text: &str, blank: &str, lower_case: bool) -> String {
    let encode = |byte: u8| match byte {
        b' ' => blank.to_owned(),
        b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ if lower_case => format!("%{byte:02x}"),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// Returns the bytes in hexadecimal digits, and in base64: the characters that are the same
/// whatever stands before and after, for each of the three places where the bytes may begin.
fn encoded(bytes: &[u8]) -> impl Iterator<Item = String> {
    let base64 = (0..3).flat_map(move |before| {
        let mut shifted = vec![0; before];
        shifted.extend_from_slice(bytes);
        // The first character that has no bit of what stands before, and the last with none after.
        let first = (before * 8).div_ceil(6);
        let last = shifted.len() * 8 / 6;
        [STANDARD_NO_PAD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)].map(|text| text[first..last].to_owned())
    });
    base64.chain([hex::encode(bytes), hex::encode_upper(bytes)])
}
