//! Looks from outside at how long the present input takes and how large the process is. An input
//! that goes too far can't be stopped from inside: it is written down, and the process ends.

use crate::keep;
use crate::subject::Subject;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How often it looks.
const EVERY: Duration = Duration::from_millis(20);

/// The present input with when it began.
type Present = Option<(Subject, Vec<u8>, Instant)>;

pub struct Watch(Arc<Mutex<Present>>);

impl Watch {
    pub fn start(time: Duration, memory: u64) -> Self {
        let present: Arc<Mutex<Present>> = Arc::default();
        let watched = present.clone();
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(EVERY);
                let present = watched.lock().expect("nobody panics with it");
                let Some((subject, input, begin)) = &*present else { continue };
                let what = match (begin.elapsed() > time, resident().is_some_and(|size| size > memory)) {
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

/// Returns how much memory the process has, in bytes, where the system tells.
pub fn resident() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
