//! Looks from outside at how long the present input takes and how large the process is. An input
//! that goes too far can't be stopped from inside: it is written down, and the process ends.

use crate::keep;
use crate::subject::Subject;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How often it looks.
const EVERY: Duration = Duration::from_millis(20);
/// How many times longer than it may work an input may take by the clock on the wall: a busy machine, or one
/// that stops the process for a while, is no mistake of an input.
const PATIENCE: u32 = 60;

/// The present input with when it began.
type Present = Option<(Subject, Vec<u8>, Instant)>;

pub struct Watch(Arc<Mutex<Present>>);

impl Watch {
    pub fn start(time: Duration, memory: u64) -> Self {
        let present: Arc<Mutex<Present>> = Arc::default();
        let watched = present.clone();
        std::thread::spawn(move || {
            // When the input began that was there at the last look, and how long the process had worked then.
            let mut last: Option<(Instant, Duration)> = None;
            loop {
                std::thread::sleep(EVERY);
                let present = watched.lock().expect("nobody panics with it");
                let Some((subject, input, begin)) = &*present else { continue };
                let worked = processor_time();
                let (_, before) = *last.insert(last.filter(|(known, _)| known == begin).unwrap_or((*begin, worked)));
                let hangs = worked.saturating_sub(before) > time || begin.elapsed() > time * PATIENCE;
                let what = match (hangs, resident().is_some_and(|size| size > memory)) {
                    (true, _) => "hang",
                    (_, true) => "memory",
                    _ => continue,
                };
                let file = keep(*subject, what, input);
                println!("broken: {what} of {}, kept in {}", subject.word(), file.display());
                std::process::exit(1);
            }
        });
        Self(present)
    }

    pub fn begins(&self, subject: Subject, input: &[u8]) {
        *self.0.lock().expect("nobody panics with it") = Some((subject, input.to_owned(), Instant::now()));
    }

    pub fn ends(&self) {
        *self.0.lock().expect("nobody panics with it") = None;
    }
}

/// Returns how long the process has worked, where the system tells.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = text.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks: u64 = fields.split_whitespace().skip(11).take(2).filter_map(|it| it.parse::<u64>().ok()).sum();
    Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// Returns how much memory the process has, in bytes, where the system tells.
pub fn resident() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
