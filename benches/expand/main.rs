//! What expanding and validating costs, and reading, beside the bare YAML parser.
//!
//! `cargo bench --bench expand [-- --seconds 1]` prints a table: microseconds for one expansion, for one
//! expansion with validation, and for loading, of the documented example and of a pipeline of 2,000
//! lines with 30 template files; then megabytes a second of reading. Each figure is the median of many
//! rounds, which a busy machine changes less than a mean.

mod large;

use granit_parser::Parser;
use pipehook::catalog::{self, Library, Pipeline, Trigger, TriggeringWebhook, expand, prepare};
use pipehook::diagnostic::{Diagnostics, SourceId};
use pipehook::webhook::payload;
use pipehook::webhook::select::select;
use pipehook::yaml;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

const DOCUMENTED: &str = "\
resources:
  webhooks:
  - webhook: WebHook
    connection: IncomingWH
steps:
- script: |
    echo ${{ parameters.WebHook.resource.message.title }}
    echo ${{ parameters.WebHook.resource.message.subtitle }}
";
const PAYLOAD: &str = r#"{"resource":{"message":{"title":"Hello, world!","subtitle":"I'm using WebHooks!"}}}"#;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let at = arguments.iter().position(|argument| argument == "--seconds");
    let seconds = at.and_then(|at| arguments.get(at + 1)).and_then(|text| text.parse().ok()).unwrap_or(1);
    let time = Duration::from_secs(seconds);
    println!(
        "{:<12} {:>6} {:>6} {:>12} {:>16} {:>10}",
        "pipeline", "lines", "files", "expand us", "and validate us", "load us"
    );
    row("documented", &large::Tree::of(DOCUMENTED), time);
    let tree = large::Tree::large();
    row("large", &tree, time);
    let text = tree.all_text();
    let ours = median(time, || {
        let mut diagnostics = Diagnostics::default();
        black_box(yaml::parse(&text, SourceId(0), &mut diagnostics));
    });
    let bare = median(time, || {
        black_box(Parser::new_from_str(&text).filter(Result::is_ok).count());
    });
    let megabytes = |time: Duration| text.len() as f64 / time.as_secs_f64() / 1e6;
    println!(
        "\nreading {} bytes: {:.1} MB/s, the bare parser {:.1} MB/s",
        text.len(),
        megabytes(ours),
        megabytes(bare)
    );
}

/// Measures one pipeline and prints its line.
fn row(name: &str, tree: &large::Tree, time: Duration) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    tree.write(folder.path());
    let file = folder.path().join(large::PIPELINE);
    let pipeline = load(&file);
    let payload = payload::check(PAYLOAD.as_bytes()).expect("the payload is JSON");
    let listener = &pipeline.listeners[0];
    let trigger = || {
        let webhook = TriggeringWebhook {
            alias: &listener.resource.alias,
            payload: select(&payload, &listener.wanted),
            headers: &[],
            event: None,
            delivery: "dlv_0",
        };
        Trigger { webhook: Some(webhook), ..Trigger::default() }
    };
    let expansion = median(time, || {
        let mut diagnostics = Diagnostics::default();
        black_box(expand(&pipeline, &trigger(), &mut diagnostics));
    });
    let validation = median(time, || {
        let mut diagnostics = Diagnostics::default();
        let prepared = prepare(&pipeline, &trigger(), &mut diagnostics);
        assert!(prepared.is_some(), "{:?}", diagnostics.resolve(&pipeline.sources));
        black_box(prepared);
    });
    let loading = median(time, || {
        black_box(load(&file));
    });
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    println!(
        "{name:<12} {:>6} {:>6} {:>12.1} {:>16.1} {:>10.1}",
        tree.lines(),
        tree.files(),
        micros(expansion),
        micros(validation),
        micros(loading)
    );
}

fn load(file: &Path) -> Pipeline {
    let (pipeline, diagnostics) = catalog::load_file(file, &Library::default()).expect("the file can be read");
    assert!(!diagnostics.has_errors(), "{:?}", diagnostics.resolve(&pipeline.sources));
    pipeline
}

/// Does something until the time is over, and returns the median of its durations.
fn median(time: Duration, mut work: impl FnMut()) -> Duration {
    let begin = Instant::now();
    let mut durations = Vec::new();
    while begin.elapsed() < time {
        let start = Instant::now();
        work();
        durations.push(start.elapsed());
    }
    durations.sort();
    durations[durations.len() / 2]
}
