//! A connection's `scheme:`: the name of a known sender, or the whole model written out.
//!
//! The keys are those of the general model (reference on senders, section 4), so that a sender
//! which nobody has described yet needs no new version.

use super::challenge;
use super::section::Section;
use super::value::{HeaderName, Text, Texts, Tolerance};
use crate::diagnostic::{Code, Diagnostic, shown};
use crate::webhook::preset;
use crate::webhook::scheme::{
    Carrier, Content, Encoding, Event, EventForm, Hash, KeyEncoding, KeyForm, Kind, List, Prefix, Scheme, Stamp,
    StampPlace, TOLERANCE_DEFAULT, Unit,
};
use crate::webhook::signed::Signed;
use crate::webhook::source::{Pointer, Source};

const KEYS: &[&str] = &[
    "kind",
    "algorithm",
    "alg",
    "key",
    "signature",
    "signed",
    "timestamp",
    "body_digest",
    "id",
    "event",
    "event_strip",
    "ping",
    "challenge",
    "content",
];

/// Reads the scheme of a connection, Azure's where none is named. `None` after a mistake.
pub fn read(section: &mut Section<'_>) -> Option<Scheme> {
    let Some(node) = section.node("scheme") else {
        return Some(preset::azure());
    };
    if node.entries().is_some() {
        return section.section("scheme").and_then(|model| written(model));
    }
    let Some(name) = node.text() else {
        let title = "`scheme` must be a sender's name, or a mapping";
        let label = format!("this is {}", node.describe());
        section.report(Diagnostic::error(Code::WrongType, title, node.span, label));
        return None;
    };
    let preset = preset::preset(name);
    if preset.is_none() {
        let title = format!("there is no scheme `{}`", shown(name));
        let unknown = Diagnostic::error(Code::Configuration, title, node.span, "");
        let known = preset::names().collect::<Vec<_>>().join("`, `");
        let note = format!("the known senders are `{known}`; a mapping describes another one");
        let longer: Vec<&str> = preset::names().filter(|known| known.starts_with(&**name)).collect();
        section.report(match longer.as_slice() {
            [] => unknown.note(note).suggest(name, preset::names()),
            _ => unknown.note(note).help(format!("did you mean `{}`?", longer.join("` or `"))),
        });
    }
    preset
}

/// Reads a scheme that is written out.
fn written(mut model: Section<'_>) -> Option<Scheme> {
    model.known(KEYS);
    let before = model.mistakes();
    let kind = kind(&mut model);
    let mut scheme = match kind {
        Kind::Hmac(hash) => Scheme::hmac(hash, ""),
        _ => Scheme { kind, ..Scheme::token("") },
    };
    let defaults = match kind {
        Kind::Ed25519 => Some((KeyForm::hex(), Encoding::LowerHex)),
        Kind::Basic => Some((KeyForm::text(), Encoding::Base64)),
        _ => None,
    };
    if let Some((key, encoding)) = defaults {
        (scheme.key, scheme.encoding) = (key, encoding);
    }
    if kind == Kind::Basic {
        scheme.prefix = Prefix { any_case: true, ..Prefix::exact("Basic ") };
    }
    read_key(&mut model, &mut scheme);
    match (kind, model.section("signature")) {
        (Kind::Sns, _) => scheme.carrier = Carrier::Body,
        (_, Some(signature)) => read_signature(signature, &mut scheme),
        (_, None) => model.mistake("signature", "a scheme needs a `signature`: in which header it stands"),
    }
    if let Some(text) = model.value::<Text>("signed") {
        match Signed::parse(&text.0) {
            Ok(signed) => scheme.signed = signed,
            Err(mistake) => model.mistake("signed", &format!("`scheme.signed` can't be read: {mistake}")),
        }
    }
    if let Some(stamp) = model.section("timestamp") {
        scheme.timestamp = timestamp(stamp);
    }
    if let Some(mut digest) = model.section("body_digest") {
        digest.known(&["query"]);
        scheme.body_digest = digest.value::<Text>("query").map(|name| name.0);
    }
    scheme.id = sources(&mut model, "id").unwrap_or_default();
    let form = model.choice("event_strip", &[("[]", EventForm::MaybeBracketed)]).unwrap_or(EventForm::Plain);
    scheme.event = sources(&mut model, "event").map(|sources| Event { sources, form });
    model.set(&mut scheme.ping, "ping", |events: Texts| events.0);
    scheme.challenge = challenge::word(&mut model, "challenge");
    let contents = [
        ("json", Content::Json),
        ("form", Content::Form),
        ("fields", Content::Fields),
        ("form-or-fields", Content::FormOrFields),
    ];
    scheme.content = model.choice("content", &contents).unwrap_or_default();
    if model.mistakes() > before {
        return None;
    }
    if let Some((key, contradiction)) = scheme.contradiction() {
        model.mistake(key, contradiction);
        return None;
    }
    Some(scheme)
}

fn kind(model: &mut Section<'_>) -> Kind {
    const HASHES: &[(&str, Hash)] = &[("sha1", Hash::Sha1), ("sha256", Hash::Sha256), ("sha512", Hash::Sha512)];
    let hash = model.choice("algorithm", HASHES).or_else(|| model.choice("alg", HASHES));
    let hmac = Kind::Hmac(hash.unwrap_or(Hash::Sha256));
    let kinds = [
        ("hmac", hmac),
        ("token", Kind::Token),
        ("basic", Kind::Basic),
        ("ed25519", Kind::Ed25519),
        ("rsa-sns", Kind::Sns),
    ];
    let kind = model.choice("kind", &kinds);
    if kind == Some(hmac) && hash.is_none() && model.node("algorithm").or(model.node("alg")).is_none() {
        model.mistake("algorithm", "a scheme of the kind `hmac` needs an `algorithm`: `sha1`, `sha256` or `sha512`");
    }
    if model.node("kind").is_none() {
        model.mistake("kind", "a scheme needs a `kind`: `hmac`, `token`, `basic`, `ed25519` or `rsa-sns`");
    }
    kind.unwrap_or(hmac)
}

/// Reads how a secret's text becomes a key: a word, or `{prefix: abc_, encoding: base64}`.
fn read_key(model: &mut Section<'_>, scheme: &mut Scheme) {
    const ENCODINGS: &[(&str, KeyEncoding)] = &[
        ("text", KeyEncoding::Text),
        ("utf8", KeyEncoding::Text),
        ("hex", KeyEncoding::Hex),
        ("base64", KeyEncoding::Base64),
    ];
    const WHSEC: &[&str] = &["whsec_"];
    const WHPK: &[&str] = &["whpk_", "whsk_"];
    if model.node("key").is_some_and(|node| node.entries().is_some()) {
        let Some(mut key) = model.section("key") else { return };
        key.known(&["prefix", "encoding"]);
        let prefixes = key.value::<Texts>("prefix").map_or_else(Vec::new, |prefixes| prefixes.0);
        let encoding = key.choice("encoding", ENCODINGS).unwrap_or(KeyEncoding::Text);
        scheme.key = KeyForm { prefixes, encoding };
        return;
    }
    let forms = ENCODINGS.iter().map(|&(word, encoding)| (word, (&[][..], encoding)));
    let prefixed = [("whsec", (WHSEC, KeyEncoding::Base64)), ("whpk", (WHPK, KeyEncoding::Base64))];
    let words: Vec<(&str, (&[&str], KeyEncoding))> = forms.chain(prefixed).collect();
    if let Some((prefixes, encoding)) = model.choice("key", &words) {
        scheme.key = KeyForm { prefixes: prefixes.iter().map(|&it| it.to_owned()).collect(), encoding };
    }
}

fn read_signature(mut signature: Section<'_>, scheme: &mut Scheme) {
    signature.known(&["header", "query", "encoding", "prefix", "prefix_optional", "prefix_nocase", "list"]);
    let header = signature.value("header").map(|header: HeaderName| Carrier::Header(header.0));
    let query = signature.value("query").map(|name: Text| Carrier::Query(name.0));
    match (header, query) {
        (Some(carrier), None) | (None, Some(carrier)) => scheme.carrier = carrier,
        _ if signature.node("header").is_some() != signature.node("query").is_some() => {}
        _ => signature.mistake("header", "a signature stands in a `header` or in a parameter of the `query`"),
    }
    let encodings = [("hex", Encoding::LowerHex), ("upper-hex", Encoding::UpperHex), ("base64", Encoding::Base64)];
    if let Some(encoding) = signature.choice("encoding", &encodings) {
        if matches!(scheme.kind, Kind::Token | Kind::Basic) {
            signature.mistake("encoding", "a token stands as it is: it has no `encoding`");
        }
        scheme.encoding = encoding;
    }
    signature.set(&mut scheme.prefix.text, "prefix", |text: Text| text.0);
    signature.set(&mut scheme.prefix.is_optional, "prefix_optional", |it: bool| it);
    signature.set(&mut scheme.prefix.any_case, "prefix_nocase", |it: bool| it);
    if let Some(mut list) = signature.section("list") {
        list.known(&["sep", "kv", "keys"]);
        let separator = character(&mut list, "sep");
        let assign = character(&mut list, "kv");
        let keys = list.value::<Texts>("keys").map(|keys| keys.0).filter(|keys| !keys.is_empty());
        if keys.is_none() {
            list.mistake("keys", "a list needs `keys`: under which its signatures stand");
        }
        if separator.is_some() && separator == assign {
            list.mistake("kv", "`kv` is `sep` as well: no entry would have a value");
        }
        let is_cut = |key: &String| separator.into_iter().chain(assign).any(|it| key.contains(it));
        if keys.iter().flatten().any(is_cut) {
            list.mistake("keys", "a key holds `sep` or `kv`: no entry would have it");
        }
        scheme.list =
            separator.zip(assign).zip(keys).map(|((separator, assign), keys)| List { separator, assign, keys });
    }
}

fn character(list: &mut Section<'_>, key: &str) -> Option<char> {
    let text = list.value::<Text>(key).map(|text| text.0);
    let mut characters = text.as_deref().unwrap_or_default().chars();
    match (characters.next(), characters.next()) {
        (Some(only), None) => Some(only),
        _ => {
            list.mistake(key, &format!("a list needs `{key}`, one character"));
            None
        }
    }
}

fn timestamp(mut stamp: Section<'_>) -> Option<Stamp> {
    stamp.known(&["in", "name", "unit", "tolerance"]);
    let name = stamp.value::<Text>("name").map(|name| name.0);
    let place = match (stamp.choice("in", &[("header", 0), ("signature", 1), ("json", 2)]), name) {
        (Some(0), Some(name)) => Some(StampPlace::Header(name)),
        (Some(1), Some(name)) => Some(StampPlace::Signature(name)),
        (Some(_), Some(name)) => Pointer::parse(&name).map(StampPlace::Json),
        _ => None,
    };
    if place.is_none() && (stamp.node("in").is_none() || stamp.node("name").is_some()) {
        stamp.mistake("name", "a timestamp stands `in` a `header`, the `signature` or the `json`, under a `name`");
    }
    let units = [("s", Unit::Seconds), ("ms", Unit::Milliseconds), ("rfc3339", Unit::Rfc3339)];
    let unit = stamp.choice("unit", &units).unwrap_or(Unit::Seconds);
    let mut tolerance = TOLERANCE_DEFAULT;
    stamp.set(&mut tolerance, "tolerance", |it: Tolerance| it.0);
    Some(Stamp { place: place?, unit, tolerance })
}

fn sources(model: &mut Section<'_>, key: &str) -> Option<Vec<Source>> {
    let text = model.value::<Text>(key)?;
    let sources = Source::parse_all(&text.0);
    if sources.is_none() {
        let title = format!("`scheme.{key}` must be places such as `header:X-Id|json:/event/id`");
        model.mistake(key, &title);
    }
    sources
}
