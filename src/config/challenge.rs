//! A connection's `challenge:`: a word, or a mapping where the sender must know something.

use super::section::Section;
use super::value::{Number, Texts};
use super::{Environment, key, secret};
use crate::diagnostic::{Code, Diagnostic};
use crate::webhook::challenge::{Challenge, Consent, ORIGINS_MAX};
use crate::webhook::connection::{Authentication, Connection};
use std::path::Path;

/// Reads which challenge is answered; what is not said is as the scheme has it.
pub fn read(
    section: &mut Section<'_>,
    connection: &mut Connection,
    folder: &Path,
    environment: Option<&Environment<'_>>,
) {
    let Some(node) = section.node("challenge") else {
        return;
    };
    if node.entries().is_none() {
        if node.text().is_some_and(|word| **word == *"none") {
            connection.consent = None;
            return;
        }
        let challenge = word(section, "challenge");
        if let Some(needs @ (Challenge::Meta | Challenge::CloudEvents)) = challenge {
            let title = format!("the challenge `{}` needs to be told what it may answer", needs.word());
            let bare = Diagnostic::error(Code::MissingKey, title, node.span, "");
            section.report(bare.help(match needs {
                Challenge::Meta => "write `challenge: {kind: meta, verify_token: {env: NAME}}`",
                _ => "write `challenge: {kind: cloudevents, origins: [sender.example.com]}`",
            }));
        }
        if let Some(challenge) = challenge {
            tell_of_nothing_to_key_with(section, "challenge", challenge, connection);
        }
        connection.consent = challenge.map(Consent::new);
        return;
    }
    let Some(mut inside) = section.section("challenge") else { return };
    inside.known(&key::names(key::OF_CHALLENGE));
    let Some(challenge) = word(&mut inside, "kind") else {
        if inside.node("kind").is_none() {
            inside.mistake("kind", "a challenge needs a `kind`, such as `meta`");
        }
        return;
    };
    tell_of_nothing_to_key_with(&mut inside, "kind", challenge, connection);
    let mut consent = Consent::new(challenge);
    if let Some(node) = inside.node("verify_token") {
        consent.verify_token = secret::read_text(&mut inside, node, folder, environment).map(Into::into);
    }
    inside.set(&mut consent.origins, "origins", |origins: Texts| origins.0);
    consent.rate = inside.value("rate").map(|rate: Number| rate.0);
    if consent.origins.len() > ORIGINS_MAX {
        inside.mistake("origins", &format!("a challenge has at most {ORIGINS_MAX} origins"));
    }
    if challenge == Challenge::Meta && inside.node("verify_token").is_none() {
        inside.mistake("verify_token", "the challenge `meta` needs a `verify_token`");
    }
    if challenge == Challenge::CloudEvents && consent.origins.is_empty() {
        inside.mistake("origins", "the challenge `cloudevents` needs `origins`: the senders that may post");
    }
    connection.consent = Some(consent);
}

/// Reports a challenge that is answered with a keyed hash where there is no secret.
fn tell_of_nothing_to_key_with(section: &mut Section<'_>, key: &str, challenge: Challenge, connection: &Connection) {
    if challenge.is_keyed() && matches!(connection.authentication, Authentication::None) {
        let word = challenge.word();
        let title = format!("the challenge `{word}` is answered with a hash of a secret, and `auth: none` has none");
        section.mistake(key, &title);
    }
}

/// Reads the word for a challenge.
pub fn word(section: &mut Section<'_>, key: &str) -> Option<Challenge> {
    let long = section.node(key).and_then(|node| node.text()).and_then(|text| Challenge::from_word(text));
    long.or_else(|| section.choice(key, Challenge::WORDS))
}
