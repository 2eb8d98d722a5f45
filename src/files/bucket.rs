//! An object store as the depot of several machines: S3 and what speaks like it, or a folder that all
//! of them have mounted.
//!
//! A file `logs/run_1/job_1.log` is the objects below `<prefix>/logs/run_1/job_1.log/`, one for each
//! piece, named by its place and the fencing token of who wrote it:
//!
//! ```text
//! @0000000000000000-0000000000000007     bytes 0 to 4999, by the lease with token 7
//! @0000000000001388-0000000000000007     bytes from 5000 on
//! @0000000000001388-0000000000000009     the same place, by a later lease, which began there
//! ```
//! An object store knows no leases. A writer that has lost its lease can still write, but nobody
//! reads it: from where a later lease began, pieces of earlier ones count for nothing.
//!
//! Objects are paid and waited for one by one, so the lines of a log are gathered for up to
//! [`GATHERED_MAX`] before they are written; [`Depot::flush`] writes what is gathered at once.

use super::depot::{Depot, Fence};
use super::keep::ARTIFACT_MAX;
use super::objects::{Listed, Objects, Place};
use super::sweep::{LeftOver, age, named};
use super::write::LOG_MAX;
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

/// How long lines are gathered: what a follower on another machine is behind.
const GATHERED_MAX: Duration = Duration::from_secs(1);
/// How many bytes are gathered at the most; more are written at once.
const GATHERED_BYTES_MAX: usize = 256 * 1024;
/// How many bytes of one log wait while the store is away. What is more is refused, and comes again
/// from the disk of the machine that executes.
const WAITING_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The most bytes of one object, which is held in memory while it is sent.
const OBJECT_MAX: usize = 8 * 1024 * 1024;
/// How often it is looked whether lines were gathered long enough.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// The token of pieces that need no lease.
const WITHOUT_LEASE: i64 = 0;

/// An object store that is used as a depot.
#[derive(Debug)]
pub struct Bucket {
    shared: Arc<Shared>,
    /// Writes what was gathered long enough.
    gatherer: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    objects: Objects,
    gathered: Mutex<Gathered>,
    /// Told when something was gathered, and when the bucket is dropped.
    news: Condvar,
}

/// The logs of which lines are gathered, each with a lock of its own: one that waits for the store
/// holds up nobody else.
#[derive(Debug, Default)]
struct Gathered {
    logs: HashMap<String, Arc<Mutex<Lines>>>,
    is_dropped: bool,
}

/// Lines of one log that are not written yet.
#[derive(Debug)]
struct Lines {
    at: u64,
    token: i64,
    bytes: Vec<u8>,
    since: Instant,
}

impl Bucket {
    /// Makes the way to an object store. S3 is not asked yet; a folder is made.
    pub fn open(place: &Place) -> io::Result<Self> {
        let shared =
            Arc::new(Shared { objects: Objects::open(place)?, gathered: Mutex::default(), news: Condvar::new() });
        let own = shared.clone();
        let gatherer = std::thread::Builder::new().name("gatherer".to_owned()).spawn(move || own.gather())?;
        Ok(Self { shared, gatherer: Some(gatherer) })
    }
}

/// What is gathered is written before this is gone.
impl Drop for Bucket {
    fn drop(&mut self) {
        self.shared.lock().is_dropped = true;
        self.shared.news.notify_all();
        if self.gatherer.take().is_some_and(|gatherer| gatherer.join().is_err()) {
            tracing::error!("the thread that gathers the lines of logs broke off");
        }
    }
}

impl Depot for Bucket {
    fn put(&self, name: &str, at: u64, piece: &[u8], fence: Option<&Fence>) -> io::Result<()> {
        match fence {
            Some(fence) => self.shared.add(name, at, piece, fence.token),
            None => self.shared.objects.put(&object(name, at, WITHOUT_LEASE), piece.to_vec()),
        }
    }

    fn add_last(&self, name: &str, piece: &[u8]) -> io::Result<()> {
        self.shared.flush(name)?;
        let last = self.shared.pieces(name)?.last().copied();
        // As if the last lease had put it, or it would not count beside that.
        let (at, token) = last.map_or((0, WITHOUT_LEASE), |last| (last.end, last.token));
        self.shared.objects.put(&object(name, at, token), piece.to_vec())
    }

    fn flush(&self, name: &str) -> io::Result<()> {
        self.shared.flush(name)
    }

    fn get(&self, name: &str, from: u64, most: usize) -> io::Result<Vec<u8>> {
        let end = from.saturating_add(most as u64);
        let mut bytes = Vec::new();
        let mut at = from;
        for piece in self.shared.pieces(name)?.iter().filter(|piece| piece.end > from && piece.at < end) {
            if piece.at > at {
                break;
            }
            let range = at - piece.at..piece.end.min(end) - piece.at;
            bytes.extend(self.shared.objects.get(&object(name, piece.at, piece.token), range)?);
            at = piece.end.min(end);
        }
        Ok(bytes)
    }

    fn end(&self, name: &str) -> io::Result<u64> {
        // What an earlier attempt has gathered here is part of the log.
        self.shared.flush(name)?;
        Ok(self.shared.pieces(name)?.last().map_or(0, |piece| piece.end))
    }

    fn goes_on(&self, name: &str, end: u64) -> io::Result<Option<u64>> {
        Ok(self.shared.pieces(name)?.iter().find(|piece| piece.at >= end && piece.end > end).map(|piece| piece.at))
    }

    fn is_away(&self) -> bool {
        self.shared.objects.is_away()
    }

    fn names(&self, prefix: &str) -> io::Result<Vec<String>> {
        let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut names = Vec::new();
        self.shared.walk(folder, &mut |name, pieces| {
            if !pieces.is_empty() && name.starts_with(prefix) {
                names.push(name.to_owned());
            }
            Ok(())
        })?;
        names.sort();
        Ok(names)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.shared.walk(name, &mut |name, pieces| {
            pieces.iter().try_for_each(|piece| self.shared.objects.delete(&object(name, piece.at, piece.token)))
        })
    }

    fn left_over(&self, folder: &str) -> io::Result<Vec<LeftOver>> {
        let held = self.shared.objects.held(folder)?.into_iter();
        let of_run = |(name, (bytes, written)): (String, (u64, SystemTime))| {
            Some(LeftOver { run: named(&name)?, age: age(Some(written)), bytes })
        };
        Ok(held.filter_map(of_run).collect())
    }

    fn piece_max(&self) -> usize {
        OBJECT_MAX
    }

    fn log_max(&self) -> u64 {
        LOG_MAX
    }

    fn upload_max(&self) -> u64 {
        ARTIFACT_MAX
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Gathered> {
        self.gathered.lock().expect("no holder of what is gathered panics")
    }

    /// Adds lines to those that are gathered, and writes them where there are enough.
    fn add(&self, name: &str, at: u64, piece: &[u8], token: i64) -> io::Result<()> {
        let begun = || Lines { at, token, bytes: Vec::new(), since: Instant::now() };
        let log = self.lock().logs.entry(name.to_owned()).or_insert_with(|| Arc::new(Mutex::new(begun()))).clone();
        let mut lines = log.lock().expect("no holder of a log's lines panics");
        if lines.at + lines.bytes.len() as u64 != at || lines.token != token {
            self.write(name, &mut lines)?;
            *lines = begun();
        }
        if lines.bytes.is_empty() {
            lines.since = Instant::now();
        }
        let before = lines.bytes.len();
        lines.bytes.extend_from_slice(piece);
        if lines.bytes.len() < GATHERED_BYTES_MAX {
            self.news.notify_all();
            return Ok(());
        }
        match self.write(name, &mut lines) {
            Err(error) if lines.bytes.len() > WAITING_BYTES_MAX => {
                lines.bytes.truncate(before);
                Err(error)
            }
            _ => Ok(()),
        }
    }

    fn flush(&self, name: &str) -> io::Result<()> {
        let Some(log) = self.lock().logs.get(name).cloned() else { return Ok(()) };
        let mut lines = log.lock().expect("no holder of a log's lines panics");
        self.write(name, &mut lines)
    }

    /// Writes lines as one object, and goes on behind them. Where that fails they stay.
    fn write(&self, name: &str, lines: &mut Lines) -> io::Result<()> {
        if lines.bytes.is_empty() {
            return Ok(());
        }
        self.objects.put(&object(name, lines.at, lines.token), lines.bytes.clone())?;
        lines.at += lines.bytes.len() as u64;
        lines.bytes.clear();
        Ok(())
    }

    /// Writes what was gathered long enough, until the bucket is dropped; then all.
    fn gather(&self) {
        loop {
            let mut gathered = self.lock();
            while gathered.logs.is_empty() && !gathered.is_dropped {
                gathered = self.news.wait(gathered).expect("no holder of what is gathered panics");
            }
            let is_last = gathered.is_dropped;
            let logs: Vec<(String, Arc<Mutex<Lines>>)> =
                gathered.logs.iter().map(|(name, log)| (name.clone(), log.clone())).collect();
            drop(gathered);
            for (name, log) in &logs {
                let mut lines = log.lock().expect("no holder of a log's lines panics");
                if (is_last || lines.since.elapsed() >= GATHERED_MAX)
                    && let Err(error) = self.write(name, &mut lines)
                {
                    tracing::debug!(log = name, %error, "lines of a log wait for the object store");
                    lines.since = Instant::now();
                }
            }
            drop(logs);
            if is_last {
                return;
            }
            self.rest();
        }
    }

    /// Forgets the logs of which everything is written, and waits a little.
    fn rest(&self) {
        let mut gathered = self.lock();
        gathered.logs.retain(|_, log| {
            // Nobody else has it: they would have to hold what is locked here.
            Arc::strong_count(log) > 1 || log.lock().is_ok_and(|lines| !lines.bytes.is_empty())
        });
        if !gathered.is_dropped && !gathered.logs.is_empty() {
            drop(self.news.wait_timeout(gathered, LOOK_EVERY));
        }
    }

    /// Returns the pieces of a file that count, in order.
    fn pieces(&self, name: &str) -> io::Result<Vec<Piece>> {
        Ok(counting(pieces_of(&self.objects.list(name)?)))
    }

    /// Visits a name and all below it, each with all its pieces.
    fn walk(&self, top: &str, visit: &mut dyn FnMut(&str, &[Piece]) -> io::Result<()>) -> io::Result<()> {
        let mut open = vec![top.to_owned()];
        while let Some(name) = open.pop() {
            let listed = self.objects.list(&name)?;
            visit(&name, &pieces_of(&listed))?;
            let below = |folder: &String| if name.is_empty() { folder.clone() } else { format!("{name}/{folder}") };
            open.extend(listed.folders.iter().map(below));
        }
        Ok(())
    }
}

/// One object of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    at: u64,
    end: u64,
    token: i64,
}

fn object(name: &str, at: u64, token: i64) -> String {
    format!("{name}/@{at:016x}-{token:016x}")
}

fn pieces_of(listed: &Listed) -> Vec<Piece> {
    let piece = |(name, size): &(String, u64)| {
        let (at, token) = name.strip_prefix('@')?.split_once('-')?;
        let (at, token) = (u64::from_str_radix(at, 16).ok()?, i64::from_str_radix(token, 16).ok()?);
        Some(Piece { at, end: at + size, token })
    };
    listed.objects.iter().filter_map(piece).collect()
}

/// Returns the pieces that count: of each lease those before a later one began.
fn counting(mut pieces: Vec<Piece>) -> Vec<Piece> {
    pieces.sort_by_key(|piece| (std::cmp::Reverse(piece.token), piece.at));
    let (mut before, mut begin, mut token) = (u64::MAX, u64::MAX, i64::MAX);
    let mut counting = Vec::with_capacity(pieces.len());
    for piece in pieces {
        if piece.token != token {
            (before, token) = (before.min(begin), piece.token);
            begin = piece.at;
        }
        if piece.at < before {
            counting.push(Piece { end: piece.end.min(before), ..piece });
        }
    }
    counting.sort_by_key(|piece| piece.at);
    counting
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket() -> (tempfile::TempDir, Bucket) {
        let folder = tempfile::tempdir().expect("a folder");
        let bucket = Bucket::open(&Place::Folder(folder.path().to_owned())).expect("a bucket");
        (folder, bucket)
    }

    fn fence(token: i64) -> Fence {
        Fence { job: "job_1".to_owned(), token }
    }

    const LOG: &str = "logs/run_1/job_1.log";

    #[test]
    fn what_runs_have_left_is_summed_by_run_and_goes_by_run() {
        let (_folder, bucket) = bucket();
        assert_eq!(bucket.left_over("logs").expect("none"), []);
        bucket.put(LOG, 0, b"abc", None).expect("room");
        bucket.put("logs/run_1/job_2.log", 0, b"de", None).expect("room");
        bucket.put("logs/run_2/job_3.log", 0, b"f", None).expect("room");
        bucket.put("artifacts/run_3/drop/f", 0, b"ghij", None).expect("room");
        let held = |folder: &str| -> Vec<(String, u64)> {
            let all = bucket.left_over(folder).expect("a list");
            all.iter().map(|it| (it.run.as_str().to_owned(), it.bytes)).collect()
        };
        assert_eq!(held("logs"), [("run_1".to_owned(), 5), ("run_2".to_owned(), 1)]);
        assert_eq!(held("artifacts"), [("run_3".to_owned(), 4)]);
        bucket.remove("logs/run_1").expect("removed");
        assert_eq!(held("logs"), [("run_2".to_owned(), 1)]);
    }

    #[test]
    fn a_file_is_read_from_any_place_over_its_pieces() {
        let (_folder, bucket) = bucket();
        assert_eq!((bucket.end("f").expect("an end"), bucket.get("f", 0, 9).expect("nothing")), (0, Vec::new()));
        bucket.put("f", 0, b"abc", None).expect("room");
        bucket.put("f", 3, b"defg", None).expect("room");
        assert_eq!(bucket.end("f").expect("an end"), 7);
        assert_eq!(bucket.get("f", 0, 100).expect("bytes"), b"abcdefg");
        assert_eq!(bucket.get("f", 2, 3).expect("bytes"), b"cde");
        assert_eq!(bucket.get("f", 3, 1).expect("bytes"), b"d");
        assert_eq!(bucket.get("f", 7, 1).expect("bytes"), b"");
        bucket.put("f", 3, b"DEFG", None).expect("room");
        assert_eq!(bucket.get("f", 0, 100).expect("bytes"), b"abcDEFG");
        bucket.put("f", 9, b"x", None).expect("room");
        assert_eq!(bucket.get("f", 0, 100).expect("bytes"), b"abcDEFG", "nothing is read behind a gap");
    }

    #[test]
    fn names_are_those_below_a_prefix_whatever_is_in_them() {
        let (_folder, bucket) = bucket();
        for name in ["a/run/one/x y.txt", "a/run/one/deep/ü%", "a/run/one:whole", "a/run2/other", "a/run/..."] {
            bucket.put(name, 0, name.as_bytes(), None).expect("room");
        }
        let names = bucket.names("a/run/").expect("names");
        assert_eq!(names, ["a/run/...", "a/run/one/deep/ü%", "a/run/one/x y.txt", "a/run/one:whole"]);
        assert_eq!(bucket.names("a/run/one/d").expect("names"), ["a/run/one/deep/ü%"]);
        assert_eq!(bucket.get("a/run/one/deep/ü%", 0, 100).expect("bytes"), "a/run/one/deep/ü%".as_bytes());
        bucket.put("a/run/empty", 0, b"", None).expect("room");
        assert!(bucket.names("a/run/e").expect("names") == ["a/run/empty"], "an empty file is there too");
        bucket.remove("a/run/one").expect("removed");
        assert_eq!(bucket.names("a/run/").expect("names"), ["a/run/...", "a/run/empty", "a/run/one:whole"]);
        bucket.remove("a/nothing").expect("nothing is to be removed");
    }

    #[test]
    fn lines_are_gathered_and_written_by_themselves_and_on_demand() {
        let (_folder, bucket) = bucket();
        bucket.put(LOG, 0, b"one\n", Some(&fence(7))).expect("room");
        bucket.put(LOG, 4, b"two\n", Some(&fence(7))).expect("room");
        bucket.flush(LOG).expect("written");
        assert_eq!(bucket.get(LOG, 0, 100).expect("bytes"), b"one\ntwo\n");
        assert_eq!(bucket.shared.pieces(LOG).expect("pieces").len(), 1, "two puts are one object");
        bucket.put(LOG, 8, b"three\n", Some(&fence(7))).expect("room");
        let end = Instant::now() + Duration::from_secs(60);
        while bucket.get(LOG, 8, 100).expect("bytes").is_empty() {
            assert!(Instant::now() < end, "nobody writes what was gathered");
            std::thread::yield_now();
        }
        bucket.put(LOG, 14, &[b'x'; GATHERED_BYTES_MAX], Some(&fence(7))).expect("room");
        assert_eq!(bucket.shared.pieces(LOG).expect("pieces").len(), 3, "a lot of lines is written at once");
    }

    #[test]
    fn what_is_gathered_is_written_before_the_bucket_is_gone() {
        let (folder, first) = bucket();
        first.put(LOG, 0, b"one\n", Some(&fence(7))).expect("room");
        drop(first);
        let second = Bucket::open(&Place::Folder(folder.path().to_owned())).expect("a bucket");
        assert_eq!(second.get(LOG, 0, 100).expect("bytes"), b"one\n");
    }

    #[test]
    fn a_writer_that_lost_its_lease_is_not_read_from_where_the_next_one_began() {
        let (folder, lost) = bucket();
        lost.put(LOG, 0, b"one\n", Some(&fence(7))).expect("room");
        lost.flush(LOG).expect("written");
        let next = Bucket::open(&Place::Folder(folder.path().to_owned())).expect("a bucket");
        let base = next.end(LOG).expect("an end");
        lost.put(LOG, base, b"a lot of lines\nthat nobody wants\n", Some(&fence(7))).expect("room");
        lost.flush(LOG).expect("written");
        next.put(LOG, base, b"two\n", Some(&fence(9))).expect("room");
        next.flush(LOG).expect("written");
        assert_eq!(next.get(LOG, 0, 100).expect("bytes"), b"one\ntwo\n");
        assert_eq!(next.end(LOG).expect("an end"), 8);
    }

    #[test]
    fn the_last_word_about_a_lost_job_stands_between_its_lease_and_the_next() {
        let (_folder, bucket) = bucket();
        bucket.put(LOG, 0, b"one\n", Some(&fence(3))).expect("room");
        bucket.add_last(LOG, b"lost\n").expect("room");
        bucket.put(LOG, bucket.end(LOG).expect("an end"), b"again\n", Some(&fence(4))).expect("room");
        bucket.flush(LOG).expect("room");
        assert_eq!(bucket.get(LOG, 0, 100).expect("all"), b"one\nlost\nagain\n");
    }

    #[test]
    fn pieces_of_earlier_leases_count_up_to_the_later_one() {
        let piece = |at, end, token| Piece { at, end, token };
        let all = vec![piece(0, 5, 1), piece(5, 9, 1), piece(7, 8, 3), piece(5, 7, 3), piece(3, 30, 2)];
        assert_eq!(counting(all), [piece(0, 3, 1), piece(3, 5, 2), piece(5, 7, 3), piece(7, 8, 3)]);
    }
}
