//! The configuration file: what is read from it, and what is said about mistakes in it.
//!
//! Each `tests/testdata/config/<case>.yml` is loaded; what the user would see stands beside it in
//! `<case>.expected`, rewritten when `UPDATE_EXPECTED` is set. A comment `#~^ code` below a line
//! says apart from that which mistake is on it.

use jiff::Timestamp;
use pipehook::config::{Config, Mistakes};
use pipehook::files::{Encryption, Place};
use pipehook::webhook::connection::{Authentication, Connection};
use pipehook::webhook::received::Received;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The environment of all cases.
fn environment(name: &str) -> Option<String> {
    match name {
        "SET" | "SECOND" => Some("hunter2".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    }
}

fn load(path: &Path) -> Result<Config, Mistakes> {
    Config::load(Some(path), &environment)
}

fn load_text(text: &str) -> Result<Config, Mistakes> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("pipehook.yml");
    std::fs::write(&path, text).expect("the file is written");
    load(&path)
}

fn cases() -> Vec<PathBuf> {
    let folder = std::fs::read_dir("tests/testdata/config").expect("the cases are there");
    let mut cases: Vec<PathBuf> = folder
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|it| it == "yml"))
        .collect();
    cases.sort();
    cases
}

#[test]
fn every_case_reads_as_expected() {
    let mut differences = Vec::new();
    for case in cases() {
        let found = match load(&case) {
            Ok(config) => summary(&config),
            Err(mistakes) => {
                check_marks(&case, &mistakes);
                format!("{mistakes}\n")
            }
        };
        assert!(!found.contains("hunter2"), "{}: {found}", case.display());
        let file = case.with_extension("expected");
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            std::fs::write(&file, &found).expect("the expectation is written");
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        if found != expected {
            differences.push(format!("{}:\n{found}", file.display()));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Compares the lines and codes of the mistakes with the marks in the file.
#[track_caller]
fn check_marks(case: &Path, mistakes: &Mistakes) {
    let text = std::fs::read_to_string(case).expect("the case is there");
    let mut marked: Vec<(usize, String)> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if let Some(mark) = line.trim_start().strip_prefix("#~") {
            let up = mark.bytes().take_while(|&byte| byte == b'^').count();
            marked.push((index + 1 - up, mark[up..].trim().to_owned()));
        }
    }
    let reports = mistakes.diagnostics.resolve(&mistakes.sources);
    let mut found: Vec<(usize, String)> =
        reports.iter().map(|it| (it.place.as_ref().map_or(0, |place| place.line), it.code.to_string())).collect();
    marked.sort();
    found.sort();
    assert_eq!(found, marked, "{}", case.display());
}

fn summary(config: &Config) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| writeln!(text, "{name}: {value}").expect("a string");
    line("listen", config.listen.clone());
    line("admin", config.admin_listen.clone());
    line("pipelines", config.pipelines.display().to_string());
    line("data", config.data.display().to_string());
    line("workers", format!("{:?}", config.workers));
    line("limits", format!("{:?}", config.limits));
    line("environment", format!("{:?}", config.environment));
    for connection in &config.connections {
        line(&format!("connection {}", connection.name), described(connection));
    }
    text
}

fn described(connection: &Connection) -> String {
    let secrets = match &connection.authentication {
        Authentication::Secrets(secrets) => format!("{secrets:?}"),
        Authentication::None => "no secret".to_owned(),
    };
    format!(
        "/{}, enabled {}, {secrets}\n  scheme {}, {}, rejected {}, {:?}\n  {:?}\n  {:?}",
        connection.webhook,
        connection.enabled,
        connection.scheme.name,
        connection.carrier,
        connection.rejected.code(),
        connection.substitution,
        connection.repeat,
        connection.limits,
    )
}

#[test]
fn without_a_named_file_the_defaults_serve() {
    let folder = crate::support::Folder::new("");
    std::fs::remove_file(folder.path().join("pipehook.yml")).expect("there was a file");
    let connections = folder.run(&["connections", "--format", "json"]).ended_with(0).json();
    assert_eq!(connections.as_array().map(Vec::len), Some(0), "{connections}");
    let config = Config::defaults(Path::new("."));
    assert_eq!(config.listen, "127.0.0.1:8080");
    assert_eq!(config.pipelines, Path::new("./pipelines"));
    assert!(config.connections.is_empty());
}

#[test]
fn an_empty_file_is_the_defaults() {
    for text in ["", "# nothing\n", "listen:\n"] {
        let config = load_text(text).expect("an empty file is fine");
        assert_eq!(config.listen, "127.0.0.1:8080", "{text}");
    }
}

#[test]
fn a_named_file_must_be_there() {
    let mistakes = load(Path::new("no/such.yml")).expect_err("there is none");
    assert_eq!(mistakes.to_string(), "error[unreadable-file]: the configuration `no/such.yml` does not exist");
}

#[test]
fn a_file_of_more_than_a_mebibyte_is_not_read() {
    let text = format!("# {}\n", "x".repeat(1024 * 1024));
    let mistakes = load_text(&text).expect_err("too large").to_string();
    assert!(mistakes.contains("is larger than 1048576 bytes"), "{mistakes}");
}

#[test]
fn a_bomb_of_aliases_is_refused_before_it_unfolds() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..40 {
        let below = vec![format!("*a{}", level - 1); 9].join(", ");
        writeln!(text, "a{level}: &a{level} [{below}]").expect("a string");
    }
    writeln!(text, "environment: *a39").expect("a string");
    let mistakes = load_text(&text).expect_err("anchors are refused").to_string();
    assert!(mistakes.contains("error[yaml-anchor]"), "{mistakes}");
}

#[test]
fn a_bomb_of_brackets_is_refused() {
    let text = format!("environment: {}\n", "[".repeat(100_000));
    let mistakes = load_text(&text).expect_err("too deep").to_string();
    assert!(mistakes.contains("error[yaml-"), "{mistakes}");
}

#[test]
fn secrets_can_be_left_where_they_are() {
    let text = std::fs::read_to_string("tests/testdata/config/secret-sources.yml").expect("test data");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("pipehook.yml");
    std::fs::write(&path, text.replace("{value: \"\"}", "{value: known}")).expect("written");
    let config = Config::load_without_secrets(Some(&path)).expect("no secret is looked up");
    assert!(config.connections.iter().all(|it| it.live_secrets(Timestamp::now()).count() == 0));
}

#[test]
fn an_empty_secret_in_the_configuration_is_a_mistake_without_secrets_too() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("pipehook.yml");
    std::fs::write(&path, "connections: {a: {secret: {value: \"\"}}}").expect("written");
    let mistakes = Config::load_without_secrets(Some(&path)).expect_err("an empty secret").to_string();
    assert!(mistakes.contains("the `value` is empty"), "{mistakes}");
}

#[test]
fn a_secret_is_shown_by_no_mistake_wherever_it_stands() {
    let texts = [
        "connections:\n  a:\n    secret: hunter2\n",
        "connections:\n  a:\n    secret: {valeu: hunter2}\n",
        "connections:\n  a:\n    secret: {value: [hunter2]}\n",
        "connections:\n  a:\n    secret: {value: hunter2, env: SET}\n",
        "connections:\n  a:\n    secert: {value: hunter2}\n",
        "connections:\n  a: {secret: {value: hunter2}, auth: none}\n",
        "connections:\n  a: {secret: {value: hunter2}, auth: none\n",
        "connections:\n  a:\n    secret: {value: &x hunter2}\n",
        "connections:\n  a:\n    secret:\n      value: |\n        hunter2\n      env: SET\n",
        "connections:\n  a:\n    secret:\n      value: |\n        hunter2\n\t bad\n",
        "connections: {a: hunter2}\n",
        "database: postgrs://me:hunter2@host/db\n",
        "database: [postgres://me:hunter2@host/db]\n",
        "database: postgres://me:hunter2@host/db\nfiles: x\n",
        "databse: postgres://me:hunter2@host/db\n",
        "\u{FEFF}database: postgrs://mé:hunter2@host/db\n",
    ];
    for text in texts {
        let mistakes = load_text(text).expect_err(text).to_string();
        assert!(!mistakes.contains("hunter2"), "{text}\n{mistakes}");
    }
}

#[test]
fn one_line_break_at_the_end_of_a_secret_file_is_not_part_of_it() {
    use pipehook::webhook::checksum::verify;
    use pipehook::webhook::signature::{Fresh, Outgoing, sign};
    for (content, same) in [("hunter2", true), ("hunter2\n", true), ("hunter2\r\n", true), ("hunter2\n\n", false)] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("secret"), content).expect("written");
        let path = folder.path().join("pipehook.yml");
        let text = "connections: {a: {secret: {file: secret}}, b: {secret: {env: SET}}}";
        std::fs::write(&path, text).expect("written");
        let config = load(&path).expect("the file is fine");
        let fresh = Fresh { now: Timestamp::now(), id: "msg_1" };
        let signed = sign(&config.connections[1], Outgoing::new(b"{}"), fresh).expect("it can be signed").headers;
        let headers: Vec<_> = signed.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let verified = verify(
            &config.connections[0],
            &Received::new(&config.connections[0], &headers, b"{}", ""),
            Timestamp::now(),
        );
        assert_eq!(verified.is_ok(), same, "{content:?}");
    }
}

#[test]
fn an_object_store_is_read_with_its_keys() {
    let text = "files: {url: s3://b/p/q, endpoint: http://store:9000, allow_http: true, region: eu-west-1, \
                access_key: {env: SET}, secret_key: {value: hunter2}, session_token: {env: MISSING}}";
    let Some(Place::S3(s3)) = load_text(text).expect("it is fine").files else { panic!("a bucket") };
    assert_eq!((&*s3.bucket, &*s3.prefix, &*s3.region), ("b", "p/q", "eu-west-1"));
    assert_eq!((s3.endpoint.as_deref(), s3.encryption), (Some("http://store:9000"), Encryption::Optional));
    let is_known = [&s3.access_key, &s3.secret_key, &s3.session_token].map(Option::is_some);
    assert_eq!(is_known, [true, true, false], "what is not there is missed when it is wanted");
    assert!(!format!("{s3:?}").contains("hunter2"));
    let Some(Place::S3(s3)) = load_text("files: s3://bucket").expect("it is fine").files else { panic!("a bucket") };
    assert_eq!((&*s3.bucket, &*s3.prefix, s3.encryption), ("bucket", "", Encryption::Required));
    let folder = load_text("files: file:///srv/pipehook").expect("it is fine").files;
    assert!(matches!(folder, Some(Place::Folder(path)) if path == Path::new("/srv/pipehook")));
    for wrong in ["s3://", "s3://a/../b", "s3:bucket", "file://relative", "gs://bucket", "[x]", "{}"] {
        assert!(load_text(&format!("files: {wrong}")).is_err(), "{wrong}");
    }
}
