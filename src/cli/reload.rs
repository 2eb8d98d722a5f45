//! A changed configuration is taken up by a process that goes on; a broken one is reported and left alone.

use super::drain::HangUps;
use crate::config::{self, Config, Fixed};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What is asked of who looks at the configuration.
pub(super) enum Ask {
    /// To read it now, changed or not.
    Read,
    /// To end.
    Stop,
}

/// A process whose configuration may change.
pub(super) trait Subject: Send + 'static {
    /// Puts what the arguments say over what the file says.
    fn apply(&self, config: Config) -> Config;

    /// Puts everything in force but what [`Config::fixed`] names.
    fn take_up(&self, config: &Config);

    /// Is called each time that the configuration was looked at, which is each [`LOOK_EVERY`].
    fn look(&self) {}
}

/// Looks at the configuration until it is dropped. Dropping it waits for its thread, which holds the
/// store: what is still in the log beside the database is brought into it when the store is closed.
pub(super) struct Reloader {
    ask: mpsc::Sender<Ask>,
    thread: Option<JoinHandle<()>>,
}

impl Reloader {
    /// Begins to look at the file of a configuration, if it has one.
    pub(super) fn start(config: &Config, subject: impl Subject, HangUps { ask, asked }: HangUps) -> Self {
        let thread = config.file.clone().map(|file| {
            // Before the process says that it is ready: what is changed from then on is a change.
            let seen = Seen::now(&file, &subject);
            std::thread::Builder::new()
                .name("configuration".to_owned())
                .spawn(move || look_until_stopped(&file, seen, &subject, &asked))
                .expect("the system can start a thread")
        });
        Self { ask, thread }
    }
}

impl Drop for Reloader {
    fn drop(&mut self) {
        // Where nobody hears it there is no thread.
        let _ = self.ask.send(Ask::Stop);
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the look-out for a changed configuration broke off");
        }
    }
}

/// What changes when one of the files is written or replaced.
type Stamps = Vec<Option<(SystemTime, u64)>>;

/// What is known of the file, and of those that its secrets are in.
struct Seen {
    /// The file itself first.
    files: Vec<PathBuf>,
    stamps: Stamps,
    fixed: Option<Fixed>,
    /// Whether the one in force says nothing.
    is_blank: bool,
}

impl Seen {
    fn now(file: &Path, subject: &impl Subject) -> Self {
        let mut seen = Self {
            files: vec![file.to_owned()],
            stamps: vec![stamp(file)],
            fixed: None,
            is_blank: config::is_blank(file),
        };
        if let Ok(config) = load(file, subject) {
            seen.take_files(files(file, &config));
            seen.fixed = Some(config.fixed());
        }
        seen
    }

    /// Looks at other files from now on. What was known of a file before is kept: it may have been changed since.
    fn take_files(&mut self, files: Vec<PathBuf>) {
        let known = |file: &PathBuf| self.files.iter().position(|it| it == file).and_then(|at| self.stamps[at]);
        self.stamps = files.iter().map(|file| known(file).or_else(|| stamp(file))).collect();
        self.files = files;
    }

    fn stamps(&self) -> Stamps {
        self.files.iter().map(|file| stamp(file)).collect()
    }
}

/// Returns the files that a configuration consists of.
fn files(file: &Path, config: &Config) -> Vec<PathBuf> {
    std::iter::once(file.to_owned()).chain(config.secret_files.iter().cloned()).collect()
}

fn load(file: &Path, subject: &impl Subject) -> Result<Config, config::Mistakes> {
    Config::load(Some(file), &config::environment_variable).map(|config| subject.apply(config))
}

fn look_until_stopped(file: &Path, mut seen: Seen, subject: &impl Subject, asked: &mpsc::Receiver<Ask>) {
    // Until what was asked for is done: a file that is being written is read with the next look.
    let mut must_read = false;
    loop {
        match asked.recv_timeout(LOOK_EVERY) {
            Ok(Ask::Read) => must_read = true,
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Ok(Ask::Stop) | Err(mpsc::RecvTimeoutError::Disconnected) => return,
        }
        subject.look();
        let now = seen.stamps();
        if now == seen.stamps && !must_read {
            continue;
        }
        let (is_blank, config) = (config::is_blank(file), load(file, subject));
        if seen.stamps() != now {
            // It is being written: the next look finds it as it is then.
            continue;
        }
        let changed = if now == seen.stamps { "unchanged" } else { "changed" };
        (seen.stamps, must_read) = (now, false);
        match config {
            // An editor or a full disk has emptied it: nobody means to close all connections in this way.
            Ok(_) if is_blank && !seen.is_blank => {
                tracing::error!("the {changed} configuration is empty, the last good one stays in force");
            }
            Ok(config) => {
                seen.is_blank = is_blank;
                seen.take_files(files(file, &config));
                subject.take_up(&config);
                tracing::info!("the {changed} configuration is in force");
                let fixed = config.fixed();
                tell_fixed(seen.fixed.as_ref().unwrap_or(&fixed), &fixed);
            }
            Err(mistakes) => {
                tracing::error!(%mistakes, "the {changed} configuration has mistakes, the last good one stays in force");
            }
        }
    }
}

/// Says which changes wait for the next start.
fn tell_fixed(before: &Fixed, now: &Fixed) {
    let changed: Vec<&str> = before.iter().zip(now).filter(|(a, b)| a != b).map(|(_, (key, _))| *key).collect();
    if !changed.is_empty() {
        let keys = changed.join(", ");
        tracing::warn!(
            keys,
            "the data folder, the database and `files` change with the next start: these have changed since this one"
        );
    }
}

/// Returns what changes when a file is written or replaced.
fn stamp(file: &Path) -> Option<(SystemTime, u64)> {
    let about = std::fs::metadata(file).ok()?;
    Some((about.modified().ok()?, about.len()))
}
