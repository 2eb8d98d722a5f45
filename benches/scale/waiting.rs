//! What an event costs beside runs that wait: that it is the same beside a hundred and beside very many.

use super::{AT_ONCE, Bench, Place, median, timed, work};
use pipehook::store::{Pausable, RunQuery};
use std::sync::Arc;
use std::time::Instant;

/// How often each event is measured, and each pause with its end.
const ROUNDS: usize = 20;
const PAUSES: usize = 3;
/// How many cancels wait for each other.
const CANCELS_AT_ONCE: usize = 50;
/// Over how many pipelines those that wait are spread.
const PIPELINES: usize = 10;
/// The pipeline that goes on.
const LIVELY: (&str, &str) = ("lively", "lively");

/// How runs wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waiting {
    /// For a worker.
    Due,
    /// Their pipelines are paused.
    Paused,
    /// In one group.
    Group,
    /// In one group, their pipelines paused.
    PausedInGroup,
    /// Each in a group of its own, their pipelines paused.
    PausedInGroups,
}

const ALL: [Waiting; 5] =
    [Waiting::Due, Waiting::Paused, Waiting::Group, Waiting::PausedInGroup, Waiting::PausedInGroups];

/// Prints a row for each way to wait and each number of runs that do.
pub(crate) async fn table<'s>(place: impl Fn() -> Place<'s>, counts: &[usize]) {
    println!("| waiting | runs | filling, each | queue | claim | finish | cancel | sweep | pause | resume |");
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for waiting in ALL {
        for &count in counts {
            row(&place(), waiting, count).await;
        }
    }
}

impl Waiting {
    fn is_paused(self) -> bool {
        matches!(self, Self::Paused | Self::PausedInGroup | Self::PausedInGroups)
    }

    fn group(self, number: usize) -> Option<String> {
        match self {
            Self::Due | Self::Paused => None,
            Self::Group | Self::PausedInGroup => Some("deploy".to_owned()),
            Self::PausedInGroups => Some(format!("deploy{number}")),
        }
    }
}

fn pipeline(number: usize) -> String {
    format!("hello{}", number % PIPELINES)
}

async fn row(place: &Place<'_>, waiting: Waiting, count: usize) {
    let bench = Arc::new(Bench::open(place).await);
    for number in (0..PIPELINES).filter(|_| waiting.is_paused()) {
        bench.store.pause(&Pausable::Pipeline(pipeline(number))).await.expect("paused");
    }
    let began = Instant::now();
    fill(&bench, waiting, count).await;
    bench.store.ready().await.expect("it is filed");
    let filling = began.elapsed() / u32::try_from(count).expect("few");
    let (mut queues, mut claims, mut finishes, mut cancels) = (vec![], vec![], vec![], vec![]);
    let (mut sweeps, mut pauses, mut resumes) = (vec![], vec![], vec![]);
    // What the first one finds is put where it costs the later ones nothing.
    bench.accept_for(count + 1, LIVELY, work(waiting.group(0).as_deref())).await;
    bench.claim_and_finish(&mut vec![], &mut vec![]).await;
    for round in 0..ROUNDS {
        let of_round = |at: usize| count + 2 + 3 * round + at;
        let lively = work(waiting.group(0).as_deref());
        let queue = async {
            bench.accept_for(of_round(0), LIVELY, lively.clone()).await;
            bench.store.ready().await.expect("it is filed");
        };
        timed(&mut queues, queue).await;
        bench.claim_and_finish(&mut claims, &mut finishes).await;
        let canceled = bench.accept_for(of_round(1), LIVELY, lively.clone()).await;
        timed(&mut cancels, bench.store.cancel(&canceled)).await.expect("canceled");
        timed(&mut sweeps, bench.store.sweep(false)).await.expect("swept");
    }
    let what = Pausable::Pipeline(LIVELY.0.to_owned());
    for _ in 0..PAUSES {
        timed(&mut pauses, bench.store.pause(&what)).await.expect("paused");
        timed(&mut resumes, bench.store.resume(&what)).await.expect("resumed");
    }
    let medians = [queues, claims, finishes, cancels, sweeps, pauses, resumes].map(median).join(" | ");
    println!("| {waiting:?} | {count} | {} µs | {medians} |", filling.as_micros());
    everything(&bench, waiting, count).await;
}

/// Prints what it costs to do something about all that wait.
async fn everything(bench: &Arc<Bench>, waiting: Waiting, count: usize) {
    let what = Pausable::Pipeline(pipeline(0));
    let began = Instant::now();
    match waiting.is_paused() {
        true => {
            bench.store.resume(&what).await.expect("resumed");
        }
        false => bench.store.pause(&what).await.expect("paused"),
    }
    let one = began.elapsed();
    let runs = bench.store.runs(RunQuery { limit: count.min(1_000), ..Default::default() }).await.expect("a list");
    let began = Instant::now();
    let canceled = runs.len();
    for some in runs.chunks(CANCELS_AT_ONCE) {
        let mut all = tokio::task::JoinSet::new();
        for run in some {
            let (bench, run) = (bench.clone(), run.id.clone());
            all.spawn(async move { bench.store.cancel(&run).await.expect("canceled") });
        }
        all.join_all().await;
    }
    let each = began.elapsed() / u32::try_from(canceled).expect("few");
    println!(
        "| … a tenth paused or resumed | {} | {} ms | canceled at once {canceled}, each | {} µs | | | | | |",
        count,
        one.as_millis(),
        each.as_micros()
    );
}

async fn fill(bench: &Arc<Bench>, waiting: Waiting, count: usize) {
    for first in (0..count).step_by(AT_ONCE) {
        let last = count.min(first + AT_ONCE);
        let mut all = tokio::task::JoinSet::new();
        for number in first..last {
            let bench = bench.clone();
            all.spawn(async move {
                let (pipeline, work) = (pipeline(number), work(waiting.group(number).as_deref()));
                bench.accept_for(number + 1, (&pipeline, &pipeline), work).await
            });
        }
        all.join_all().await;
    }
}
