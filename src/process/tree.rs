//! Finds and kills processes: everything below one, or everything that carries a mark.

use super::shim::ARGUMENT;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::time::{Duration, Instant};

/// How long killing may take. A killed process is gone at once, but for one that waits for a
/// broken disk, and one that belongs to another user is not ours to kill.
pub const KILL_MAX: Duration = Duration::from_secs(5);
/// How long to wait for killed processes before they are looked for again, at first and at most.
const PAUSE_FIRST: Duration = Duration::from_micros(200);
const PAUSE_MAX: Duration = Duration::from_millis(20);

/// How many ancestors of a process are looked at for its shim.
const ANCESTORS_MAX: usize = 1_000;

/// The name under which every process of a job finds the job's mark in its environment.
pub const MARK: &str = "PIPEHOOK_JOB";

/// Kills everything below this process, which is a subreaper and gets what its children leave,
/// and returns when nothing is left. Says whether that was reached within [`KILL_MAX`].
pub(super) fn kill_below() -> bool {
    let own = rustix::process::getpid();
    let began = Instant::now();
    let mut pause = PAUSE_FIRST;
    // Again and again: a process may start another one between the look and its own end.
    while has_children() {
        kill_all(&below(own), own);
        std::thread::sleep(pause);
        reap_all();
        if began.elapsed() > KILL_MAX {
            return false;
        }
        pause = (pause * 2).min(PAUSE_MAX);
    }
    true
}

/// Says whether this process has children, dead ones that nobody has waited for included.
pub(super) fn has_children() -> bool {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    !matches!(rustix::process::waitid(WaitId::All, look), Err(Errno::CHILD))
}

/// Forgets all children that have ended.
pub(super) fn reap_all() {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
    while matches!(rustix::process::waitid(WaitId::All, options), Ok(Some(_)) | Err(Errno::INTR)) {}
}

/// Kills all processes of this user whose environment has one of the marks, or one that continues it after a
/// `/`, and returns how many there were. It looks until it finds none, but for a few seconds at the most.
///
/// What carries a mark is a process of a job whose shim is gone, or that is left to it no more. One that has changed
/// its own environment is found where its shim is there still: all below that ends with it.
pub fn hunt(marks: &[String]) -> usize {
    let marks: Vec<Vec<u8>> = marks.iter().map(|mark| format!("{MARK}={mark}").into_bytes()).collect();
    let mut killed = BTreeSet::new();
    let began = Instant::now();
    while !marks.is_empty() && began.elapsed() < KILL_MAX {
        let found: Vec<Pid> = processes().filter(|process| is_marked(*process, &marks)).collect();
        if found.is_empty() {
            break;
        }
        for process in &found {
            // A shim has no mark of its own, and one that was stopped does not end by itself.
            let below = shim_of(*process).map(|shim| fell(shim, began)).unwrap_or_default();
            killed.extend(below.into_iter().map(Pid::as_raw_nonzero));
        }
        kill_all(&found, rustix::process::getpid());
        killed.extend(found.into_iter().map(Pid::as_raw_nonzero));
        std::thread::sleep(PAUSE_MAX);
    }
    killed.len()
}

/// Ends a shim with all below it, and returns what that was. Until nothing below it lives the shim stands still: it
/// begins nothing for anybody, and whatever loses its parent becomes its child all the same, and so is found.
pub(super) fn fell(shim: Pid, began: Instant) -> Vec<Pid> {
    let _ = rustix::process::kill_process(shim, Signal::STOP);
    let mut felled = Vec::new();
    while began.elapsed() < KILL_MAX {
        let living: Vec<Pid> = below(shim).into_iter().filter(|process| is_alive(*process)).collect();
        if living.is_empty() {
            break;
        }
        kill_all(&living, shim);
        felled.extend(living);
        std::thread::sleep(PAUSE_FIRST);
    }
    kill(shim);
    felled
}

/// Returns the shim that a process is below, the nearest.
fn shim_of(process: Pid) -> Option<Pid> {
    // A chain is never longer than numbers of processes are: they may change while we look.
    std::iter::successors(parent(process), |process| parent(*process)).take(ANCESTORS_MAX).find(|it| is_shim(*it))
}

fn is_marked(process: Pid, marks: &[Vec<u8>]) -> bool {
    // A dead process has an empty environment; another user's can't be read.
    let Ok(environment) = fs::read(format!("/proc/{}/environ", process.as_raw_nonzero())) else { return false };
    let is_it = |pair: &[u8], mark: &[u8]| pair.strip_prefix(mark).is_some_and(|rest| matches!(rest, [] | [b'/', ..]));
    environment.split(|byte| *byte == 0).any(|pair| marks.iter().any(|mark| is_it(pair, mark)))
}

fn is_shim(process: Pid) -> bool {
    let words = fs::read(format!("/proc/{}/cmdline", process.as_raw_nonzero())).unwrap_or_default();
    words.split(|byte| *byte == 0).skip(1).eq([ARGUMENT.as_bytes(), b""])
}

/// Kills processes with the groups that they are in, but for our own and that of one more. A group is killed as a whole:
/// what one of it starts in that moment is in it and is killed too, or is never there. One after the other, processes that
/// start each other faster than we look (a function that calls itself in a subshell) would be behind us for ever.
fn kill_all(processes: &[Pid], spared: Pid) {
    let spared = [group(spared), group(rustix::process::getpid())];
    let groups: HashSet<Pid> = processes.iter().filter_map(|process| group(*process)).collect();
    for group in groups.into_iter().filter(|group| !spared.contains(&Some(*group))) {
        // As below.
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
    }
    processes.iter().copied().for_each(kill);
}

fn kill(process: Pid) {
    // It may have ended by itself, or belong to another user: then there is nothing to do.
    let _ = rustix::process::kill_process(process, Signal::KILL);
}

/// Returns all processes whose parent, or parent's parent and so on, is the given one.
fn below(top: Pid) -> Vec<Pid> {
    let parents: HashMap<Pid, Pid> = processes().filter_map(|process| Some((process, parent(process)?))).collect();
    let is_below = |process: &Pid| {
        let mut ancestors = std::iter::successors(Some(*process), |process| parents.get(process).copied());
        // A chain is never longer than there are processes: numbers may change while we look.
        ancestors.by_ref().skip(1).take(parents.len()).any(|ancestor| ancestor == top)
    };
    parents.keys().filter(|process| is_below(process)).copied().collect()
}

fn processes() -> impl Iterator<Item = Pid> {
    let names = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.filter_map(|name| Pid::from_raw(name.to_str()?.parse().ok()?))
}

/// Returns the parent of a process.
fn parent(process: Pid) -> Option<Pid> {
    Pid::from_raw(stat(process, 1)?.parse().ok()?)
}

/// Returns the group of a process.
fn group(process: Pid) -> Option<Pid> {
    Pid::from_raw(stat(process, 2)?.parse().ok()?)
}

/// Says whether a process has not ended: one that nobody has waited for is listed still.
fn is_alive(process: Pid) -> bool {
    stat(process, 0).is_some_and(|state| !matches!(state.as_str(), "Z" | "X"))
}

/// Returns one of the words about a process that come after its name, which may have any characters (proc(5)).
fn stat(process: Pid, place: usize) -> Option<String> {
    let line = fs::read(format!("/proc/{}/stat", process.as_raw_nonzero())).ok()?;
    let after_name = &line[memchr::memrchr(b')', &line)? + 1..];
    std::str::from_utf8(after_name).ok()?.split_ascii_whitespace().nth(place).map(str::to_owned)
}
