//! The `connections:` of the file.

use super::section::Section;
use super::value::{
    self, Auth, HeaderName, Name, NoRepeat, Priority, PublicUrl, Rejected, RepeatKey, Substitution, Texts, Typed,
    Window,
};
use super::{Environment, challenge, key, limits, scheme, secret};
use crate::diagnostic::{Code, Diagnostic, Span, shown};
use crate::webhook::connection::{Authentication, Connection, Limits};
use crate::webhook::header;
use crate::webhook::preset;
use crate::webhook::repeat::{Key, Repeat};
use crate::webhook::scheme::{Carrier, Kind, Scheme};
use crate::webhook::source::Source;
use crate::yaml::Entry;
use std::path::Path;

/// Reads all connections, in the order of the file.
pub fn read_all(
    mut section: Section<'_>,
    limits: Limits,
    folder: &Path,
    environment: Option<&Environment<'_>>,
) -> Vec<Connection> {
    let around = Surroundings { limits, folder, environment };
    let mut connections = Vec::new();
    let mut webhooks: Vec<(String, Span)> = Vec::new();
    for entry in section.entries() {
        let Some((connection, place)) = read(&mut section, entry, around) else {
            continue;
        };
        let first = webhooks.iter().find(|(webhook, _)| *webhook == connection.webhook);
        if let Some((webhook, first)) = first {
            let title = format!("two connections have the name `{webhook}` in the URL");
            let double = Diagnostic::error(Code::DuplicateName, title, place, "the second");
            section.report(double.related(*first, "the first"));
        }
        webhooks.push((connection.webhook.clone(), place));
        connections.push(connection);
    }
    connections
}

/// What reading a connection needs beside its own text.
#[derive(Clone, Copy)]
struct Surroundings<'e> {
    limits: Limits,
    folder: &'e Path,
    /// `None` when secrets are left alone.
    environment: Option<&'e Environment<'e>>,
}

/// Reads one connection; also returns the place of its name in the URL.
fn read(all: &mut Section<'_>, entry: &Entry, around: Surroundings<'_>) -> Option<(Connection, Span)> {
    let name = entry.key.text()?;
    let mut section = all.inside(&entry.value, name)?;
    section.known(&key::names(key::OF_CONNECTION));
    let scheme = scheme::read(&mut section);
    let is_known = scheme.is_some();
    let scheme = scheme.unwrap_or_else(preset::azure);
    let authentication = read_authentication(&mut section, entry, name, &scheme, around);
    let mut connection = Connection::new(name, scheme, authentication);
    section.set(&mut connection.enabled, "enabled", |enabled: bool| enabled);
    section.set(&mut connection.carrier, "header", |header: HeaderName| Carrier::Header(header.0));
    connection.url = section.value("url").map(|url: PublicUrl| url.0);
    read_topics(&mut section, &mut connection);
    challenge::read(&mut section, &mut connection, around.folder, around.environment);
    section.set(&mut connection.rejected, "rejected", |it: Rejected| it.0);
    section.set(&mut connection.substitution, "substitution", |it: Substitution| it.0);
    section.set(&mut connection.priority, "priority", |it: Priority| it.0);
    if is_known {
        read_repeat(&mut section, &mut connection);
    }
    connection.limits = around.limits;
    if let Some(mut own) = section.section("limits") {
        connection.limits = limits::read_lower(&mut own, around.limits);
    }
    let place = read_webhook(&mut section, entry, &mut connection);
    Some((connection, place))
}

/// Reads the name in the URL, which is the connection's own where nothing else is said.
fn read_webhook(section: &mut Section<'_>, entry: &Entry, connection: &mut Connection) -> Span {
    if let Some(node) = section.node("webhook") {
        section.set(&mut connection.webhook, "webhook", |name: Name| name.0);
        return node.span;
    }
    if !value::is_name(&connection.name) {
        let title = format!("`{}` can't be a name in a URL", shown(&connection.name));
        let wrong = Diagnostic::error(Code::InvalidValue, title, entry.key.span, "");
        let note = format!("a name in a URL is {}", Name::WANTED);
        let help = "give the connection a `webhook:` name beside its own";
        section.report(wrong.note(note).help(help));
    }
    entry.key.span
}

/// Reads which topics of Amazon's notifications may post: anybody can make a topic that is signed
/// with the same key.
fn read_topics(section: &mut Section<'_>, connection: &mut Connection) {
    section.set(&mut connection.topics, "topics", |topics: Texts| topics.0);
    if !connection.topics.is_empty() && connection.scheme.kind != Kind::Sns {
        section.mistake("topics", "only connections of the scheme `aws-sns` have `topics`");
    }
}

/// Reads `secret` or `auth: none`, exactly one of which must be there. After a mistake nobody is
/// known.
fn read_authentication(
    section: &mut Section<'_>,
    entry: &Entry,
    name: &str,
    scheme: &Scheme,
    around: Surroundings<'_>,
) -> Authentication {
    let name = shown(name);
    let nobody = Authentication::Secrets(Vec::new());
    let (secret, auth) = (section.node("secret"), section.node("auth"));
    if auth.is_some() && section.value::<Auth>("auth").is_none() {
        return nobody;
    }
    match (secret, auth) {
        (Some(secret), None) => {
            let place = secret::Place { connection: &name, folder: around.folder, scheme };
            let secrets = secret::read_all(section, secret, place, around.environment);
            Authentication::Secrets(secrets)
        }
        (None, Some(_)) => {
            if section.node("header").is_some() {
                section.mistake("header", "with `auth: none` no header is looked at");
            }
            Authentication::None
        }
        (Some(secret), Some(auth)) => {
            section.report(contradiction(&name, secret.span, auth.span));
            nobody
        }
        (None, None) => {
            section.report(without_secret(&name, entry.key.span));
            nobody
        }
    }
}

fn contradiction(name: &str, secret: Span, auth: Span) -> Diagnostic {
    let title = format!("connection `{name}` has both a `secret` and `auth: none`");
    Diagnostic::error(Code::Configuration, title, auth, "anybody may post")
        .related(secret, "only who knows this may post")
        .help("remove one of them")
}

fn without_secret(name: &str, place: Span) -> Diagnostic {
    let title = format!("connection `{name}` has no `secret`");
    Diagnostic::error(Code::Configuration, title, place, "")
        .help("add `secret: {env: NAME}`, or `auth: none` to take deliveries from anybody")
}

fn read_repeat(section: &mut Section<'_>, connection: &mut Connection) {
    if section.node("repeat").is_some_and(|node| node.entries().is_none()) {
        if section.value::<NoRepeat>("repeat").is_some() {
            connection.repeat = None;
        }
        return;
    }
    let Some(mut repeat) = section.section("repeat") else {
        return;
    };
    repeat.known(&["key", "window"]);
    let scheme = &connection.scheme;
    let window = repeat.value("window").map(|window: Window| window.0);
    let key = if repeat.node("key").is_some() {
        repeat.value("key").map(|key: RepeatKey| key.0)
    } else {
        let of_scheme = connection.repeat.take().map(|it| it.key);
        if of_scheme.is_none() {
            let title = format!("`repeat` needs a `key`: the scheme `{}` has none", scheme.name);
            repeat.mistake("key", &title);
        }
        of_scheme
    };
    let Some(key) = key else {
        return;
    };
    if let Key::Header(name) = &key
        && !header::is_kept(connection, name)
        && !scheme.id.iter().any(|source| source.is_header(name))
    {
        let title = format!("the header `{}` can't be a `key`: it proves the sender, and is kept nowhere", shown(name));
        repeat.mistake("key", &title);
    }
    if let Key::Header(name) = &key
        && header::tells_of_request(name)
    {
        let title = format!(
            "the header `{}` can't be a `key`: it tells of the request, and every other delivery would be a repeat",
            shown(name)
        );
        repeat.mistake("key", &title);
    }
    let is_event = |source: &Source| matches!(&key, Key::Header(name) if source.is_header(name));
    if scheme.event.iter().flat_map(|event| &event.sources).any(is_event) {
        let title = "the event's header can't be a `key`: every delivery of the same event would be a repeat";
        repeat.mistake("key", title);
    }
    if key == Key::Id && scheme.id.is_empty() {
        let title = format!("the scheme `{}` has no id for a delivery", scheme.name);
        repeat.mistake("key", &title);
    }
    let of_scheme = scheme.repeat_body.filter(|_| key == Key::Body);
    let default = Repeat::new(key);
    connection.repeat = Some(Repeat { window: window.or(of_scheme).unwrap_or(default.window), ..default });
}
