//! Tries random inputs against everything that reads what others wrote: YAML, expressions, pipelines
//! with templates and payloads, configurations, payloads.
//!
//! `cargo bench --bench fuzz [-- --inputs 1000000] [--seconds 600] [--seed 1] [--subject yaml]…`
//!
//! No input may panic, take longer than [`TIME_MAX`], or make the process grow above [`MEMORY_MAX`].
//! Each that does is written to `target/fuzz/`, from where it belongs into `tests/testdata/corpus`:
//! a test runs all of those. The same seed gives the same inputs.

mod alter;
mod make;
mod random;
mod settings;
mod subject;
mod watch;
mod words;
mod worlds;

use make::Seeds;
use random::Random;
use std::any::Any;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use subject::Subject;
use watch::Watch;
use worlds::Worlds;

/// How long one input may take: expansions have limits that they meet far earlier, also on a machine
/// with much else to do.
const TIME_MAX: Duration = Duration::from_secs(10);
/// How large the process may become, in bytes: some times what the limits of one expansion allow.
const MEMORY_MAX: u64 = 1024 * 1024 * 1024;
/// How many inputs there are where nothing is said.
const INPUTS_DEFAULT: usize = 1_000_000;
/// Of how many inputs each subject gets how many: the quick ones get more.
const SHARES: [(Subject, usize); 5] = [
    (Subject::Expression, 40),
    (Subject::Yaml, 20),
    (Subject::Payload, 12),
    (Subject::Render, 25),
    (Subject::Config, 3),
];
/// After how many inputs it is told how far things are.
const TOLD_AFTER: usize = 250_000;
/// Where the inputs go that broke a promise.
const FOUND: &str = "target/fuzz";

/// What is known of the inputs of one subject.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    inputs: usize,
    taken: usize,
    time: Duration,
    slowest: Duration,
}

fn main() {
    let arguments = Arguments::read();
    let place = Arc::new(Mutex::new(String::new()));
    note_places(place.clone());
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let mut seeds = seeds(scratch.path());
    println!(
        "seed {}, {} inputs, {} files to change, {} of them taken as they are",
        arguments.seed,
        arguments.inputs,
        seeds.pipelines.len(),
        seeds.worlds.len()
    );
    let mut tallies = [Tally::default(); SHARES.len()];
    let mut broken = HashSet::new();
    let watch = Watch::start(TIME_MAX, MEMORY_MAX);
    let begin = Instant::now();
    for number in 0..arguments.inputs {
        if begin.elapsed() > arguments.time {
            break;
        }
        let mut random = Random::new(arguments.seed ^ (number as u64).wrapping_mul(0xD134_2543_DE82_EF95));
        let at = arguments.subject(&mut random);
        let subject = SHARES[at].0;
        let input = make::input(subject, &seeds, &mut random);
        watch.begins(subject, &input);
        let start = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| subject.attempt(&input, scratch.path())));
        tallies[at].add(start.elapsed(), outcome.as_ref().is_ok_and(|taken| *taken));
        watch.ends();
        if subject == Subject::Render && matches!(outcome, Ok(true)) {
            seeds.worlds.keep(&input, &mut random);
        }
        if let Err(panic) = outcome {
            let where_ = place.lock().expect("nobody panics with it").clone();
            if broken.insert(where_.clone()) {
                let file = keep(subject, "panic", &input);
                println!("broken at {where_}: {}\n  kept in {}", message(&*panic), file.display());
            }
        }
        if (number + 1) % TOLD_AFTER == 0 {
            let size = watch::resident().unwrap_or(0) / 1024 / 1024;
            println!("{:>10} inputs, {:>5} s, {size} MiB", number + 1, begin.elapsed().as_secs());
        }
    }
    report(&tallies, begin.elapsed(), broken.len());
    std::process::exit(i32::from(!broken.is_empty()));
}

struct Arguments {
    seed: u64,
    inputs: usize,
    time: Duration,
    subjects: Vec<usize>,
}

impl Arguments {
    fn read() -> Self {
        let arguments: Vec<String> = std::env::args().collect();
        let after =
            |name: &str| arguments.windows(2).filter(|pair| pair[0] == name).map(|pair| pair[1].clone()).collect();
        let [seed, inputs, seconds, words]: [Vec<String>; 4] =
            ["--seed", "--inputs", "--seconds", "--subject"].map(after);
        let number = |texts: &[String]| texts.last().map(|text| text.parse().expect("a number"));
        let is_named = |at: &usize| words.is_empty() || words.iter().any(|word| word == SHARES[*at].0.word());
        let subjects: Vec<usize> = (0..SHARES.len()).filter(is_named).collect();
        assert!(!subjects.is_empty(), "the subjects are {:?}", Subject::ALL.map(Subject::word));
        Self {
            seed: number(&seed).unwrap_or(1),
            inputs: number(&inputs).map_or(INPUTS_DEFAULT, |it| it as usize),
            time: number(&seconds).map_or(Duration::MAX, Duration::from_secs),
            subjects,
        }
    }

    /// Returns the subject of the next input, by their shares.
    fn subject(&self, random: &mut Random) -> usize {
        let all: usize = self.subjects.iter().map(|at| SHARES[*at].1).sum();
        let mut left = random.below(all);
        for at in &self.subjects {
            match left.checked_sub(SHARES[*at].1) {
                Some(less) => left = less,
                None => return *at,
            }
        }
        unreachable!("the shares add up")
    }
}

impl Tally {
    fn add(&mut self, time: Duration, taken: bool) {
        self.inputs += 1;
        self.taken += usize::from(taken);
        self.time += time;
        self.slowest = self.slowest.max(time);
    }
}

fn report(tallies: &[Tally], time: Duration, broken: usize) {
    println!("{:<12} {:>10} {:>8} {:>12} {:>12}", "subject", "inputs", "taken", "a second", "slowest ms");
    for ((subject, _), tally) in SHARES.iter().zip(tallies).filter(|(_, tally)| tally.inputs > 0) {
        println!(
            "{:<12} {:>10} {:>7.1}% {:>12.0} {:>12.1}",
            subject.word(),
            tally.inputs,
            100.0 * tally.taken as f64 / tally.inputs as f64,
            tally.inputs as f64 / tally.time.as_secs_f64(),
            tally.slowest.as_secs_f64() * 1e3,
        );
    }
    println!("{} s, {broken} places where a promise was broken", time.as_secs());
}

/// Reads what people wrote: the pipelines, templates, configurations and payloads of this folder.
fn seeds(scratch: &Path) -> Seeds {
    let mut seeds = Seeds::default();
    let mut pipelines = Vec::new();
    let mut open: Vec<PathBuf> = ["examples", "pipelines", "tests/testdata"].map(PathBuf::from).into();
    while let Some(folder) = open.pop() {
        let items = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        for path in items.map(|item| item.path()) {
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let is_config = folder.ends_with("config") || path.ends_with("pipehook.yml");
            match path.extension().and_then(|ending| ending.to_str()) {
                Some("yml" | "yaml") if is_config => seeds.configurations.push(text),
                Some("yml" | "yaml") => pipelines.push((path, text)),
                Some("json") => seeds.payloads.push(text),
                _ => {}
            }
        }
    }
    pipelines.sort();
    seeds.worlds = Worlds::of(&pipelines, scratch);
    seeds.pipelines = pipelines.into_iter().map(|(_, text)| text).collect();
    for list in [&mut seeds.configurations, &mut seeds.payloads] {
        // The order of a folder's files is not the same everywhere.
        list.sort();
    }
    seeds
}

/// Remembers where the last panic was, and prints none of them.
fn note_places(place: Arc<Mutex<String>>) {
    std::panic::set_hook(Box::new(move |panic| {
        let at = panic.location().map_or_else(String::new, |at| format!("{}:{}", at.file(), at.line()));
        *place.lock().expect("nobody panics with it") = at;
    }));
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    text.unwrap_or("no message").chars().take(500).collect()
}

/// Writes an input that broke a promise, and returns its file.
fn keep(subject: Subject, what: &str, input: &[u8]) -> PathBuf {
    let folder = Path::new(FOUND).join(subject.word());
    std::fs::create_dir_all(&folder).expect("a folder for what is found");
    let number = std::fs::read_dir(&folder).map_or(0, Iterator::count);
    let file = folder.join(format!("{what}-{number}"));
    std::fs::write(&file, input).expect("what is found is written");
    file
}
