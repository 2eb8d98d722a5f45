//! Who keeps others from writing the database: its own words, `database is locked`, name nobody.
//!
//! The system lists the locks of all processes that it shows to this one. Those of a log are in the file that its
//! processes share (`-shm`); one that wants the whole database for itself locks that file.

use super::place::{self, Identity};
use crate::diagnostic::shown;
use rustix::fs::{major, minor};
use std::path::Path;

/// Where Linux lists all locks: a line for each, such as `7: POSIX  ADVISORY  WRITE 4711 fd:01:1234 120 120`.
const LOCKS: &str = "/proc/locks";

/// Returns what is said behind the database's words: who holds a lock to write, as far as that can be seen.
pub(super) fn told(file: &Path) -> String {
    let locks = std::fs::read_to_string(LOCKS).unwrap_or_default();
    let files: Vec<Identity> = place::files_of(file).iter().filter_map(|file| Identity::at(file)).collect();
    let mut holders: Vec<u32> =
        locks.lines().filter_map(Lock::read).filter(|lock| lock.is_on(&files)).map(|it| it.process).collect();
    holders.sort_unstable();
    holders.dedup();
    holders.retain(|process| *process != std::process::id());
    match &holders[..] {
        [] => format!(
            ": another process was writing it for {} seconds and more, such as a shell of a database with an open \
             transaction; `fuser {}` names who has it open",
            super::BUSY.as_secs(),
            file.display()
        ),
        holders => format!(
            ": held by {}; it goes on when that transaction has ended",
            holders.iter().map(|process| named(*process)).collect::<Vec<_>>().join(" and ")
        ),
    }
}

/// Returns a process with the name of its program.
fn named(process: u32) -> String {
    match std::fs::read_to_string(format!("/proc/{process}/comm")) {
        Ok(program) => format!("process {process} ({})", shown(program.trim_end())),
        Err(_) => format!("process {process}"),
    }
}

/// A lock that keeps others from writing.
#[derive(Debug, PartialEq, Eq)]
struct Lock<'l> {
    process: u32,
    device: &'l str,
    inode: u64,
}

impl<'l> Lock<'l> {
    /// Reads a line; none where it is another kind of lock, one that is waited for, or of nobody who can be named.
    fn read(line: &'l str) -> Option<Self> {
        let mut words = line.split_whitespace().skip(1);
        let (kind, _, access) = (words.next()?, words.next()?, words.next()?);
        if !matches!(kind, "POSIX" | "OFDLCK") || access != "WRITE" {
            return None;
        }
        let process = words.next()?.parse().ok().filter(|process| *process > 0)?;
        let (device, inode) = words.next()?.rsplit_once(':')?;
        Some(Self { process, device, inode: inode.parse().ok()? })
    }

    /// Says whether it is on one of some files. The number of a device is not the same here and there on every file
    /// system: then it is asked whether the process has the file open.
    fn is_on(&self, files: &[Identity]) -> bool {
        files.iter().filter(|file| file.inode == self.inode).any(|file| {
            self.device == format!("{:02x}:{:02x}", major(file.device), minor(file.device)) || self.has_open(*file)
        })
    }

    fn has_open(&self, file: Identity) -> bool {
        let open = std::fs::read_dir(format!("/proc/{}/fd", self.process)).into_iter().flatten().flatten();
        open.filter_map(|open| Identity::at(&open.path())).any(|open| open == file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_lock_that_somebody_holds_to_write_is_one() {
        let line = "1: POSIX  ADVISORY  WRITE 4711 fd:01:1234 120 120";
        assert_eq!(Lock::read(line), Some(Lock { process: 4711, device: "fd:01", inode: 1234 }));
        for other in [
            "1: POSIX  ADVISORY  READ  4711 fd:01:1234 123 123",
            "1: -> POSIX  ADVISORY  WRITE 4711 fd:01:1234 120 120",
            "1: FLOCK  ADVISORY  WRITE 4711 fd:01:1234 0 EOF",
            "1: POSIX  ADVISORY  WRITE 0 fd:01:1234 120 120",
            "1: OFDLCK ADVISORY  WRITE -1 fd:01:1234 120 120",
            "",
            "nonsense",
        ] {
            assert_eq!(Lock::read(other), None, "{other}");
        }
    }
}
