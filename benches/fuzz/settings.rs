//! Configurations that are nearly right: each key at its place, mostly with a value of its kind.

use crate::random::Random;
use crate::words::CONFIG_VALUES;

/// A key and values that it takes.
type Row = (&'static str, &'static [&'static str]);

#[rustfmt::skip]
const ROOT: &[Row] = &[
    ("listen", &["127.0.0.1:0", "'[::1]:8080'", "0.0.0.0:80"]),
    ("admin", &["{listen: 127.0.0.1:0}", "{listen: '[::1]:1'}"]),
    ("pipelines", &["./pipelines", "."]),
    ("data", &["./data", "x"]),
    ("database", &["null", "postgres://u:p@h/d", "postgres://"]),
    ("files", &["null", "s3://bucket/x", "http://h:1/b"]),
    ("workers", &["{jobs: 2, pools: [default]}", "{jobs: 0}", "{pools: []}"]),
    ("limits", &["{body: 1MiB, queue: 10, requests_per_second: 5}", "{body: 0}"]),
    ("repositories", &["{shared: ../shared}", "{a/b: x, A/B: y}"]),
    ("variable-groups", &["{g: {a: b, c: {secret: {value: s}}}}", "{g: {A: 1, a: 2}}", "{g: {}}"]),
    ("environment", &["[PATH, HOME]", "[A, A]"]),
    ("tasks", &["tasks"]),
    ("retention", &["{days: 30}", "{runs: 10}"]),
];

#[rustfmt::skip]
const CONNECTION: &[Row] = &[
    ("secret", &["{value: sesame-open-sesame}", "{env: A}", "{file: x}", "[{value: a}, {value: b}]",
        "{value: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}", "{value: a, until: 2026-01-01}"]),
    ("scheme", &["azure", "github", "stripe", "icescrum", "standard-webhooks", "slack", "gitlab-token", "aws-sns"]),
    ("header", &["X-WH-Checksum", "x y", "''"]),
    ("auth", &["none", "some"]),
    ("webhook", &["hook", "a/b", "''"]),
    ("enabled", &["true", "false", "yes"]),
    ("repeat", &["{key: id, window: 24h}", "{key: body, window: 5m}", "none", "{key: X-Id}", "{key: a.b, window: 0s}"]),
    ("rejected", &["422", "200", "500"]),
    ("substitution", &["safe", "raw", "strict", "some"]),
    ("limits", &["{body: 1KiB}", "{requests_per_second: 1}", "{body: 2MiB}"]),
    ("challenge", &["none", "{kind: echo}", "{kind: slack}", "{kind: verify_token, verify_token: {value: x}}"]),
    ("topics", &["['arn:aws:sns:eu-west-1:123456789012:alarms']", "[]"]),
];

#[rustfmt::skip]
const SCHEME: &[Row] = &[
    ("kind", &["hmac", "token", "ed25519", "rsa-sns", "basic"]),
    ("algorithm", &["sha1", "sha256", "sha512", "md5"]),
    ("key", &["text", "base64", "hex", "utf8"]),
    ("signature", &["{header: X-Sig, encoding: hex}", "{header: X-Sig, prefix: 'v1=', encoding: base64}", "{in: json:/sig}"]),
    ("signed", &["body", "'{body}'", "'{ts}.{body}'", "'{id}.{ts}.{body}'", "'{'", "'{{}}'"]),
    ("timestamp", &["{header: X-Ts, unit: s, tolerance: 5m}", "{header: X-Ts, unit: ms}"]),
    ("id", &["header:X-Id", "json:/id", "json:/a~1b"]),
    ("event", &["header:X-Event", "json:/event"]),
    ("ping", &["ping", "{event: ping}"]),
];

/// Returns a configuration.
pub fn configuration(random: &mut Random) -> String {
    let mut text = rows(ROOT, 4, 0, random);
    let connections = random.below(4);
    if connections > 0 {
        text.push_str("connections:\n");
    }
    for number in 0..connections {
        text.push_str(&format!("  c{number}:\n{}", rows(CONNECTION, 5, 4, random)));
        if random.once_in(3) {
            text.push_str(&format!("    scheme:\n{}", rows(SCHEME, 6, 6, random)));
        }
    }
    text
}

/// Returns some rows of a table, each at most once but for a few.
fn rows(table: &[Row], most: usize, indent: usize, random: &mut Random) -> String {
    let mut text = String::new();
    let mut at = random.below(table.len());
    for _ in 0..=random.below(most) {
        let (key, values) = table[at % table.len()];
        let value = if random.once_in(12) { random.of(CONFIG_VALUES) } else { random.of(values) };
        text.push_str(&format!("{}{key}: {value}\n", " ".repeat(indent)));
        at += if random.once_in(30) { 0 } else { 1 + random.below(2) };
    }
    text
}
