//! How many signed deliveries a second the real binary makes durable, beside two bare servers.
//!
//! `cargo bench --bench accept [-- --seconds 2 --rounds 3]` prints a table: accepted a second, latencies, and
//! two ratios measured in the same run, round by round in turn, because a busy machine changes from
//! minute to minute:
//!
//! - to a bare actix server that only checks the HMAC;
//! - to a bare durable one: the same, and one insert with grouped commits.
//!
//! Each server is a process of its own; the client runs in this one. The processor's time that each
//! server spends on a delivery is printed too: on a busy machine it says more than the rate.
//! `--bytes N` and `--connections N` measure one row only.

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
    let or = |number: usize, default: usize| if number == 0 { default } else { number };
    let seconds = Duration::from_secs(or(chosen(&arguments, "--seconds"), 2) as u64);
    let rounds = or(chosen(&arguments, "--rounds"), 3);
    let only = |name: &str, number: usize| arguments.iter().all(|it| it != name) || number == chosen(&arguments, name);
    println!(
        "{:>6} {:>5} {:>10} {:>8} {:>8} {:>8} {:>9} {:>9} {:>8} {:>8} {:>9} {:>9}",
        "bytes",
        "conns",
        "accepted/s",
        "p50 ms",
        "p99 ms",
        "p99.9",
        "bare/s",
        "durable/s",
        "/bare",
        "/durable",
        "cpu us",
        "durable"
    );
    for bytes in BODIES.into_iter().filter(|bytes| only("--bytes", *bytes)) {
        for connections in CONNECTIONS.into_iter().filter(|connections| only("--connections", *connections)) {
            row(bytes, connections, seconds, rounds);
        }
    }
}

fn chosen(arguments: &[String], name: &str) -> usize {
    let at = arguments.iter().position(|argument| argument == name);
    at.and_then(|at| arguments.get(at + 1)).and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// Measures the three servers in turn and prints the medians of the rounds.
fn row(bytes: usize, connections: usize, duration: Duration, rounds: usize) {
    let load = Load::new(bytes, connections, duration);
    let (mut pipehook, mut bare, mut durable) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        bare.push(load.run(&Server::bare("--bare-checksum")));
        durable.push(load.run(&Server::bare("--bare-durable")));
        pipehook.push(load.run(&Server::pipehook()));
    }
    let over = |others: &[Measured]| {
        median(pipehook.iter().zip(others).map(|(own, other)| own.per_second / other.per_second).collect())
    };
    let middle = |all: &[Measured], pick: fn(&Measured) -> f64| median(all.iter().map(pick).collect());
    println!(
        "{bytes:>6} {connections:>5} {:>10.0} {:>8.2} {:>8.2} {:>8.2} {:>9.0} {:>9.0} {:>8.2} {:>8.2} {:>9.1} {:>9.1}",
        middle(&pipehook, |it| it.per_second),
        middle(&pipehook, |it| it.milliseconds(0.5)),
        middle(&pipehook, |it| it.milliseconds(0.99)),
        middle(&pipehook, |it| it.milliseconds(0.999)),
        middle(&bare, |it| it.per_second),
        middle(&durable, |it| it.per_second),
        over(&bare),
        over(&durable),
        middle(&pipehook, |it| it.processor_micros),
        middle(&durable, |it| it.processor_micros),
    );
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
