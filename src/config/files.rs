//! Where logs and artifacts are: an object store, where several machines share them.
//!
//! The keys of a bucket are looked for when the file is read, and missed only when somebody wants
//! files: most commands do not.

use super::section::Section;
use super::value::{Name, PublicUrl};
use super::{Environment, secret};
use crate::diagnostic::{Code, Diagnostic};
use crate::files::{Encryption, Place, S3};
use secrecy::SecretString;
use std::path::Path;

/// What the address of a bucket begins with, and that of a folder.
const BUCKET: &str = "s3://";
const FOLDER: &str = "file://";
/// The region where none is said.
const REGION_DEFAULT: &str = "us-east-1";
const KEYS: &[&str] = &["url", "endpoint", "region", "access_key", "secret_key", "session_token", "allow_http"];
/// What to write in place of a reference to a variable.
const ADDRESS_ITSELF: &str = "write the address itself; the keys of a bucket can be `{env: NAME}`";
/// What a bucket's keys are called here, and in which environment variables they are that are not said
/// to be elsewhere.
const ACCESS_KEY: (&str, &str) = ("access_key", "AWS_ACCESS_KEY_ID");
const SECRET_KEY: (&str, &str) = ("secret_key", "AWS_SECRET_ACCESS_KEY");
const SESSION_TOKEN: (&str, &str) = ("session_token", "AWS_SESSION_TOKEN");
const HTTP: &[(&str, Encryption)] = &[("true", Encryption::Optional), ("false", Encryption::Required)];

/// Reads `files`: an address, or a mapping with more about it.
pub(super) fn read(file: &mut Section<'_>, folder: &Path, environment: &Environment<'_>) -> Option<Place> {
    let node = file.node("files")?;
    if file.refers(node, |_| ADDRESS_ITSELF.to_owned()) {
        return None;
    }
    if let Some(text) = node.text() {
        return match place(text, defaults(environment)) {
            Ok(place) => Some(place),
            Err(sentence) => {
                file.report(Diagnostic::error(Code::InvalidValue, sentence, node.span, ""));
                None
            }
        };
    }
    let mut section = file.section("files")?;
    section.known(KEYS);
    let Some(url) = section.node("url") else {
        section.mistake("url", "`files` needs a `url`, such as `s3://bucket/prefix`");
        return None;
    };
    if section.refers(url, |_| ADDRESS_ITSELF.to_owned()) {
        return None;
    }
    let settings = settings(&mut section, folder, environment);
    let found = place(url.text().map_or("", |text| text), settings);
    found
        .inspect_err(|sentence| {
            section.report(Diagnostic::error(Code::InvalidValue, *sentence, url.span, ""));
        })
        .ok()
}

/// Returns what holds for a bucket of which nothing is said.
fn defaults(environment: &Environment<'_>) -> S3 {
    let known = |(_, variable): (&str, &str)| environment(variable).map(SecretString::from);
    S3 {
        bucket: String::new(),
        prefix: String::new(),
        endpoint: None,
        region: REGION_DEFAULT.to_owned(),
        encryption: Encryption::Required,
        access_key: known(ACCESS_KEY),
        secret_key: known(SECRET_KEY),
        session_token: known(SESSION_TOKEN),
    }
}

fn settings(section: &mut Section<'_>, folder: &Path, environment: &Environment<'_>) -> S3 {
    let mut settings = defaults(environment);
    section.set(&mut settings.endpoint, "endpoint", |url: PublicUrl| Some(url.0));
    section.set(&mut settings.region, "region", |name: Name| name.0);
    settings.encryption = section.choice("allow_http", HTTP).unwrap_or(settings.encryption);
    let is_open = settings.endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://"));
    if is_open && settings.encryption == Encryption::Required {
        section.mistake("endpoint", "an endpoint without encryption needs `allow_http: true`");
    }
    for (place, (key, _)) in [
        (&mut settings.access_key, ACCESS_KEY),
        (&mut settings.secret_key, SECRET_KEY),
        (&mut settings.session_token, SESSION_TOKEN),
    ] {
        if let Some(node) = section.node(key) {
            *place = secret::read_if_known(section, node, folder, environment).map(SecretString::from);
        }
    }
    settings
}

/// Returns the place that an address means. An error is a sentence.
fn place(url: &str, settings: S3) -> Result<Place, &'static str> {
    if let Some(path) = url.strip_prefix(FOLDER).map(Path::new).filter(|path| path.is_absolute()) {
        return Ok(Place::Folder(path.to_owned()));
    }
    let (bucket, prefix) = url.strip_prefix(BUCKET).map_or(("", ""), |rest| rest.split_once('/').unwrap_or((rest, "")));
    let is_part = |part: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        part.bytes().all(is_plain) && !matches!(part, "" | "." | "..")
    };
    let prefix = prefix.trim_matches('/');
    if !is_part(bucket) || !prefix.is_empty() && !prefix.split('/').all(is_part) {
        return Err("`files` is `s3://bucket/prefix` or `file:///folder`");
    }
    Ok(Place::S3(S3 { bucket: bucket.to_owned(), prefix: prefix.to_owned(), ..settings }))
}
