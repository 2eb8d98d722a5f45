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
//! `--bytes N` and `--connections N` measure one row only. `--store postgres` measures with a PostgreSQL
//! that is started for it, beside a bare insert into the same one; the processor's time is then the
//! servers' alone, without the database's.
//!
//! `--crowd 2000` measures something else: how long paced deliveries wait for their answer, alone and
//! beside so many idle and slow connections, in turn in one run, on a server that has worked as long before. Each
//! round measures alone a second time, when the crowd is gone: what that differs by is the machine's doing and
//! not the crowd's.

mod bare;
mod client;
mod crowd;
#[path = "../../tests/integration/database.rs"]
mod database;
mod server;

use client::{Load, Measured};
use crowd::Crowd;
use server::Server;
use std::time::Duration;

const BODIES: [usize; 2] = [300, 4096];
const CONNECTIONS: [usize; 4] = [1, 16, 64, 256];
/// The load beside a crowd: so many connections, each posting once in so long. That is 800 a second,
/// far from what the machine can do, so that what is measured is waiting and not capacity.
const PACED: (usize, Duration) = (16, Duration::from_millis(20));

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, folder, rest @ ..] = arguments.as_slice()
        && let Some(kind) = bare::Kind::from_argument(mode)
    {
        bare::serve(kind, folder, rest.first().map(String::as_str));
        return;
    }
    let with_postgres = arguments.windows(2).any(|pair| pair == ["--store", "postgres"]);
    let database = with_postgres.then(|| database::Server::start().expect("PostgreSQL is on this machine"));
    let or = |number: usize, default: usize| if number == 0 { default } else { number };
    let seconds = Duration::from_secs(or(chosen(&arguments, "--seconds"), 2) as u64);
    let rounds = or(chosen(&arguments, "--rounds"), 3);
    let only = |name: &str, number: usize| arguments.iter().all(|it| it != name) || number == chosen(&arguments, name);
    let crowd = chosen(&arguments, "--crowd");
    if crowd > 0 {
        beside_crowd(crowd, seconds, rounds);
        return;
    }
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
            row(bytes, connections, seconds, rounds, database.as_ref());
        }
    }
}

fn chosen(arguments: &[String], name: &str) -> usize {
    let at = arguments.iter().position(|argument| argument == name);
    at.and_then(|at| arguments.get(at + 1)).and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// Measures the three servers in turn and prints the medians of the rounds.
fn row(bytes: usize, connections: usize, duration: Duration, rounds: usize, database: Option<&database::Server>) {
    let load = Load::new(bytes, connections, duration);
    let (mut pipehook, mut bare, mut durable) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let schema = database.map(database::Server::schema);
        let durably = if schema.is_some() { "--bare-postgres" } else { "--bare-durable" };
        bare.push(load.run(&Server::bare("--bare-checksum", None)));
        durable.push(load.run(&Server::bare(durably, schema.as_deref())));
        pipehook.push(load.run(&Server::pipehook(schema.as_deref())));
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

/// Measures paced deliveries alone and beside a crowd, in turn, and prints the medians of the rounds.
fn beside_crowd(crowd: usize, duration: Duration, rounds: usize) {
    let load = Load::new(BODIES[0], PACED.0, duration).paced(PACED.1);
    let (mut alone, mut beside, mut again, mut ended) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for _ in 0..rounds {
        let server = Server::pipehook(None);
        // In its first seconds a server has nothing to do but accept: what follows from deliveries comes after them.
        load.run(&server);
        alone.push(load.run(&server));
        let crowd = Crowd::gather(&server, crowd);
        beside.push(load.run(&server));
        ended += crowd.ended();
        drop(crowd);
        again.push(load.run(&server));
    }
    println!("{:>12} {:>10} {:>8} {:>8} {:>8}", "connections", "accepted/s", "p50 ms", "p99 ms", "p99.9");
    let print = |slow: usize, all: &[Measured]| {
        let middle = |pick: &dyn Fn(&Measured) -> f64| median(all.iter().map(pick).collect());
        println!(
            "{:>12} {:>10.0} {:>8.2} {:>8.2} {:>8.2}",
            format!("{} + {slow}", PACED.0),
            middle(&|it| it.per_second),
            middle(&|it| it.milliseconds(0.5)),
            middle(&|it| it.milliseconds(0.99)),
            middle(&|it| it.milliseconds(0.999)),
        );
    };
    print(0, &alone);
    print(crowd, &beside);
    print(0, &again);
    let over_alone = |others: &[Measured]| -> Vec<f64> {
        alone.iter().zip(others).map(|(alone, other)| other.milliseconds(0.99) / alone.milliseconds(0.99)).collect()
    };
    let list = |ratios: &[f64]| ratios.iter().map(|ratio| format!("{ratio:.2}")).collect::<Vec<_>>().join(" ");
    let (crowded, empty) = (over_alone(&beside), over_alone(&again));
    println!("p99 over p99 alone, by round: beside the crowd {}, alone again {}", list(&crowded), list(&empty));
    println!(
        "p99 beside the crowd over p99 alone: {:.2}, alone again: {:.2}; the server ended {ended} slow connections",
        median(crowded),
        median(empty)
    );
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
