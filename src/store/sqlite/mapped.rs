//! Disks on which a page in memory can have no room.
//!
//! The connections to a database tell each other what its log holds in a file beside it (`-shm`), which each process
//! maps into its memory. Such a file has its room when it is made, and most file systems write a page of it to where it
//! was. One that writes everything to a new place (btrfs) needs room for a page again each time after it has
//! written it to the disk. Where there is none the write into memory can't be refused as a call is: the system
//! ends the process with SIGBUS, and with it the jobs that it runs.
//!
//! So two things are done. On such a file system the writer asks before each transaction that its pages be ready to be
//! written, which can be refused: senders get 503. And a thread that is too late for that, as the pages were written to the
//! disk in between, waits until there is room.
//!
//! This is the one place of the program with `unsafe` code: no library asks this of pages that another one has mapped.
#![allow(unsafe_code)]

use crate::store::Error;
use nix::libc::{BUS_ADRERR, c_int, c_void, siginfo_t};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use rustix::mm::{Advice, madvise};
use rustix::thread::{Timespec, nanosleep};
use std::ops::Range;
use std::path::Path;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The file systems that write a page to a new place each time, by the number that they have in Linux: btrfs,
/// bcachefs, F2FS, NILFS. ZFS keeps a page of a mapped file apart from its blocks, and refuses no write into it.
const COPYING: [u64; 4] = [0x9123_683e, 0xca45_1a4e, 0xf2f5_2010, 0x3434];
/// The end of the name of the mapped file.
const MAPPED: &[u8] = b"-shm";
/// What a process has in its memory, as the system tells it: a line for each range.
const RANGES: &str = "/proc/self/maps";
/// How much of that is read at once.
const READ: usize = 4_096;
/// How long a line of it is at most: the numbers, and a path.
const LINE_MAX: usize = 4_352;
/// How often a thread looks whether there is room.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How many more times threads of this process may look.
static LOOKS: AtomicU32 = AtomicU32::new(0);

/// How much room such a disk must have, in bytes.
const MARGIN: u64 = 8 * 1024 * 1024;
/// What is told then.
const NO_ROOM: &str = "its disk has no room for the pages that its processes share";

/// How long a thread that finds no room for a page waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// Until there is room: a server goes on by itself.
    Endless,
    /// A few seconds; then the process ends as the system wants it. Somebody looks at a command.
    Short,
}

/// Says whether the disk of a file is one on which a page needs room again.
pub(super) fn is_copying(file: &Path) -> bool {
    let disk = rustix::fs::statfs(file.parent().unwrap_or(file));
    disk.is_ok_and(|disk| u64::try_from(disk.f_type).is_ok_and(|kind| COPYING.contains(&(kind & 0xffff_ffff))))
}

/// Lets threads of this process wait where a page of the mapped file has no room. The first call decides how long.
pub(super) fn wait_for_room(patience: Patience) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let looks = match patience {
            Patience::Endless => u32::MAX,
            Patience::Short => 250,
        };
        LOOKS.store(looks, Ordering::Relaxed);
        let wait = SigAction::new(SigHandler::SigAction(without_room), SaFlags::empty(), SigSet::empty());
        // On the stack of the thread itself: it is not that which has no room, and the other one is too small for a line.
        // SAFETY: the handler only makes calls that a handler may make; nothing else here handles this signal but
        // what the standard library does with it, which is to end the process.
        if let Err(error) = unsafe { sigaction(Signal::SIGBUS, &wait) } {
            tracing::warn!(%error, "a disk without room can end this process");
        }
    });
}

/// Makes the pages of the mapped files of this process ready to be written. Fails where there is no room for them, and
/// where the disk of the store has hardly any: then the system writes pages to the disk that were ready, to find
/// some. A system that can't be asked (Linux before 5.14) takes it as done.
pub(super) fn have_room(file: &Path) -> Result<(), Error> {
    let mut result = match rustix::fs::statvfs(file.parent().unwrap_or(file)) {
        Ok(disk) if disk.f_bavail.saturating_mul(disk.f_frsize) < MARGIN => Err(Error::Unavailable(NO_ROOM.to_owned())),
        _ => Ok(()),
    };
    each_mapped(|range| {
        let start = std::ptr::with_exposed_provenance_mut::<c_void>(range.start);
        // SAFETY: the range was mapped a moment ago. If it is no more, the system says so; if something else
        // is there now, its pages are made ready to be written, which changes nothing of what they hold.
        let ready = unsafe { madvise(start, range.len(), Advice::LinuxPopulateWrite) };
        if matches!(ready, Err(Errno::FAULT | Errno::NOSPC | Errno::DQUOT)) {
            result = Err(Error::Unavailable(NO_ROOM.to_owned()));
        }
    });
    result
}

/// What happens in a thread whose write into memory could not be done; after it the write is tried again.
extern "C" fn without_room(_: c_int, about: *mut siginfo_t, _: *mut c_void) {
    // SAFETY: the system gives a handler of this kind what it says of the signal.
    let (code, address) = unsafe { ((*about).si_code, (*about).si_addr() as usize) };
    let mut is_ours = false;
    if code == BUS_ADRERR {
        each_mapped(|range| is_ours |= range.contains(&address));
    }
    let left = LOOKS.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |looks| looks.checked_sub(1));
    if is_ours && left.is_ok() {
        let _ = nanosleep(&Timespec { tv_sec: 0, tv_nsec: i64::from(LOOK_EVERY.subsec_nanos()) });
        return;
    }
    let end = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: the system's own way, which ends the process at the next try, takes the place of this function.
    let _ = unsafe { sigaction(Signal::SIGBUS, &end) };
}

/// Calls a function with each range of memory in which this process has a mapped file of a store. Makes only calls that a
/// handler of a signal may make, and takes no memory but the stack's.
fn each_mapped(mut found: impl FnMut(Range<usize>)) {
    let Ok(ranges) = openat(CWD, RANGES, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()) else { return };
    let (mut piece, mut line, mut length) = ([0; READ], [0; LINE_MAX], 0);
    while let Ok(read @ 1..) = rustix::io::read(&ranges, &mut piece) {
        for byte in &piece[..read] {
            if *byte == b'\n' {
                if let Some(range) = range_of(&line[..length]) {
                    found(range);
                }
                length = 0;
            } else if length < LINE_MAX {
                line[length] = *byte;
                length += 1;
            }
        }
    }
}

/// Returns the range of a line such as `7f00-7f08 rw-s 0 08:01 12 /data/pipehook.db-shm`, if it is one of a mapped file.
fn range_of(line: &[u8]) -> Option<Range<usize>> {
    let is_mapped = line.strip_suffix(MAPPED)?.ends_with(super::FILE.as_bytes());
    let mut words = line.split(|byte| *byte == b' ');
    let (start, end) = std::str::from_utf8(words.next()?).ok()?.split_once('-')?;
    let is_written = words.next()?.starts_with(b"rw-s");
    let number = |text| usize::from_str_radix(text, 16).ok();
    (is_mapped && is_written).then_some(number(start)?..number(end)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_mapped_files_are_found_by_name_and_by_what_may_be_done_with_them() {
        let line = |end: &str| format!("7f0000000000-7f0000008000 rw-s 00000000 08:01 12          {end}");
        assert_eq!(range_of(line("/d/pipehook.db-shm").as_bytes()), Some(0x7f00_0000_0000..0x7f00_0000_8000));
        for other in ["/d/other.db-shm", "/d/pipehook.db", "[heap]", "/d/pipehook.db-shm (deleted)"] {
            assert_eq!(range_of(line(other).as_bytes()), None, "{other}");
        }
        let read = line("/d/pipehook.db-shm").replace("rw-s", "r--s");
        assert_eq!(range_of(read.as_bytes()), None, "nothing is written there");
    }
}
