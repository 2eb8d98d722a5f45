//! What a job has in an engine whose worker is gone: it is noted before anything begins, and removed by whoever
//! clears up after the job.
//!
//! A worker that starts again on its data folder does that before it is ready, and one that goes on after it had
//! stood still does it when it sees that its lease is lost. Where the engine does not remove them the note stays
//! for the next start.

use super::{PREFIX, wish};
use crate::files::write_anew;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The file in the job's folder that names its containers.
const LIST: &str = "containers";
/// How long a call may take: a worker waits for it before it is ready.
const CALL_MAX: Duration = Duration::from_secs(30);
/// How often it is looked whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Writes down what will be started, for [`clear_up`]. Waits for room: to be called on a thread that may.
pub(super) fn note(root: &Path, (engine, mark): (&Path, &str), base: &str, count: usize) -> io::Result<()> {
    write_anew(&root.join(LIST), &format!("{}\n{base}\n{count}\n{mark}\n", engine.display()))
}

/// Removes the containers that a job has left whose worker is gone, and their network. Only what has the form of
/// our own names is removed, because the steps of the job could write to the folder, and only what was started
/// from the data folder whose mark is given, because this may be a copy of it. Fails where they are still there.
pub(in crate::worker) fn clear_up(root: &Path, mark: &str) -> io::Result<()> {
    let Ok(text) = std::fs::read_to_string(root.join(LIST)) else { return Ok(()) };
    let mut lines = text.lines();
    let (Some(engine), Some(base), Some(count)) = (lines.next(), lines.next(), lines.next()) else { return Ok(()) };
    let is_from_here = lines.next().is_some_and(|it| it.strip_prefix(mark).is_some_and(|rest| rest.starts_with('/')));
    let is_ours = base.starts_with(PREFIX) && base.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let engine = Path::new(engine);
    let is_engine = engine.is_absolute() && engine.file_name().is_some_and(|name| name == "docker" || name == "podman");
    // One that was removed from the machine has no containers any more that anybody could ask for.
    if !is_ours || !is_engine || !is_from_here || !engine.exists() {
        return Ok(());
    }
    let count = count.parse::<usize>().unwrap_or(0).min(wish::CONTAINERS_MAX);
    let names: Vec<String> = (0..count).map(|at| format!("{base}_{at}")).collect();
    let removal = ["rm", "--force", "--volumes"].into_iter().chain(names.iter().map(String::as_str));
    let is_removed = call(engine, &removal.collect::<Vec<_>>())?.is_some();
    // Some engines call it a failure that there was less than all of them.
    if !is_removed {
        let filter = format!("name={base}_");
        let left = call(engine, &["ps", "--all", "--quiet", "--filter", &filter])?;
        if left.is_none_or(|left| !left.trim().is_empty()) {
            return Err(io::Error::other(format!("the containers {base}_… are still there")));
        }
    }
    // There is none where the job had one container only.
    call(engine, &["network", "rm", base])?;
    Ok(())
}

/// Calls the engine and returns what it prints; nothing where it fails.
fn call(engine: &Path, arguments: &[&str]) -> io::Result<Option<String>> {
    let mut command = Command::new(engine);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    let end = Instant::now() + CALL_MAX;
    // It prints a line for each of a few containers, for which a pipe has room.
    while child.try_wait()?.is_none() {
        if Instant::now() >= end {
            let _ = child.kill();
            let _ = child.wait();
            return Err(io::Error::new(io::ErrorKind::TimedOut, format!("{} does not answer", engine.display())));
        }
        std::thread::sleep(LOOK_EVERY);
    }
    let output = child.wait_with_output()?;
    Ok(output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned()))
}
