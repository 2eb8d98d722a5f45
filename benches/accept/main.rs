//! How many signed deliveries a second the real binary makes durable, beside two bare servers.
//!
//! `cargo bench --bench accept [-- --seconds 2 --rounds 3]` prints a table: accepted a second, latencies, and
//! two ratios measured in the same run, round by round in turn, because a busy machine changes from
//! minute to minute:
//!
//! - to a bare actix server that only checks the HMAC;
//! - to a bare durable one: the same, and one insert with grouped commits.
//!
//! Each server is a process of its own; the client runs in this one.

mod bare;
mod client;
mod server;

use client::{Load, Measured};
use server::Server;
use std::time::Duration;

const BODIES: [usize; 2] = [300, 4096];
const CONNECTIONS: [usize; 4] = [1, 16, 64, 256];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, folder] = arguments.as_slice()
        && let Some(kind) = bare::Kind::from_argument(mode)
    {
        bare::serve(kind, folder);
        return;
    }
    let number = |name: &str, default: u64| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1)).and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let seconds = Duration::from_secs(number("--seconds", 2));
    let rounds = number("--rounds", 3) as usize;
    println!(
        "{:>6} {:>5} {:>10} {:>9} {:>9} {:>9} {:>10} {:>10} {:>8} {:>8}",
        "bytes", "conns", "accepted/s", "p50 ms", "p99 ms", "p99.9 ms", "bare/s", "durable/s", "/bare", "/durable"
    );
    for bytes in BODIES {
        for connections in CONNECTIONS {
            row(bytes, connections, seconds, rounds);
        }
    }
}

/// Measures the three servers in turn and prints the medians of the rounds.
fn row(bytes: usize, connections: usize, duration: Duration, rounds: usize) {
    let load = Load::new(bytes, connections, duration);
    let mut pipehook = Vec::new();
    let mut bare_rates = Vec::new();
    let mut durable_rates = Vec::new();
    for _ in 0..rounds {
        bare_rates.push(load.run(&Server::bare("--bare-checksum")).per_second);
        durable_rates.push(load.run(&Server::bare("--bare-durable")).per_second);
        pipehook.push(load.run(&Server::pipehook()));
    }
    let over =
        |others: &[f64]| median(pipehook.iter().zip(others).map(|(own, other)| own.per_second / other).collect());
    let middle = |pick: fn(&Measured) -> f64| median(pipehook.iter().map(pick).collect());
    println!(
        "{bytes:>6} {connections:>5} {:>10.0} {:>9.2} {:>9.2} {:>9.2} {:>10.0} {:>10.0} {:>8.2} {:>8.2}",
        middle(|it| it.per_second),
        middle(|it| it.milliseconds(0.5)),
        middle(|it| it.milliseconds(0.99)),
        middle(|it| it.milliseconds(0.999)),
        median(bare_rates.clone()),
        median(durable_rates.clone()),
        over(&bare_rates),
        over(&durable_rates),
    );
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
