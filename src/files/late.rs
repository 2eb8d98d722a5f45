//! What is left of a log on the disk of the machine that executed, when its job is over: it is brought to the depot.
//!
//! The lines that the depot does not have are added at its end. They carry their times, so that a line is known when it
//! is seen: what was sent before, by whomever and however far, is sent once.

use super::depot::Depot;
use super::line::{self, LogLine, Stamp};
use super::{LogReader, Logs, Open, name, path, safe};
use crate::id::{JobId, RunId};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

/// How many bytes of the depot's log are looked at at once; more than the longest line.
const LOOKED_AT: usize = 1024 * 1024;

/// What is written to see whether anything can be.
const PROBE: &str = "probe";

/// A log that is on this machine's disk only, or may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsent {
    /// Its run.
    pub run: RunId,
    /// Its job.
    pub job: JobId,
    /// For how long nothing was written to it.
    pub age: Duration,
}

/// What came of sending one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LateRound {
    /// Lines were missing and were added. Another machine may have added some at the same place in that moment: it
    /// is looked at another time whether they are there.
    Added,
    /// All was there. The file here is gone.
    Arrived,
}

/// What the depot has of a file.
struct Known {
    /// Up to where in the file here it is there too.
    ours: u64,
    /// Up to where the depot's file can be read.
    end: u64,
    /// Whether something stands there behind the last that is ours.
    is_followed: bool,
    /// The last line there.
    last: Option<LogLine>,
}

impl Logs {
    /// Returns the logs that are left on this disk and that nobody writes to, in no order. None where nobody shares
    /// logs.
    pub fn unsent(&self) -> io::Result<Vec<Unsent>> {
        if self.depot.is_none() {
            return Ok(Vec::new());
        }
        let mut all = Vec::new();
        for folder in entries(&self.unsent)? {
            for file in entries(&folder)? {
                let job = file.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".log"));
                let run = folder.file_name().and_then(|name| name.to_str());
                let (Some(run), Some(job)) = (run, job) else { continue };
                let is_open = self.open.lock().expect("no holder of the open logs panics").contains(&file);
                if is_open || safe(run).is_err() || safe(job).is_err() {
                    continue;
                }
                // What vanishes meanwhile has arrived.
                let Ok(about) = fs::metadata(&file) else { continue };
                let age = about.modified()?.elapsed().unwrap_or_default();
                all.push(Unsent { run: RunId::from_stored(run), job: JobId::from_stored(job), age });
            }
        }
        Ok(all)
    }

    /// Returns what reads a log that is left on this disk.
    pub fn unsent_reader(&self, unsent: &Unsent) -> io::Result<LogReader> {
        Ok(LogReader::new(path(&self.unsent, &unsent.run, &unsent.job)?))
    }

    /// Brings what is left of a log to the depot, with a last line behind that where one is given. Its job is over: nobody
    /// else writes to it there.
    pub fn send_late(&self, unsent: &Unsent, last: Option<&LogLine>) -> io::Result<LateRound> {
        let Some(depot) = &self.depot else { return Ok(LateRound::Arrived) };
        let path = path(&self.unsent, &unsent.run, &unsent.job)?;
        let _open = Open::new(&path, &self.open);
        let name = name(&unsent.run, &unsent.job)?;
        let mut file = File::open(&path)?;
        end_last_line(&path, &mut file)?;
        // What this process had gathered of it is there from now on.
        depot.flush(&name)?;
        let known = known(&**depot, &name, &file)?;
        if known.ours == file.metadata()?.len() {
            if let Some(last) = last.filter(|last| known.last.as_ref() != Some(last)) {
                add_line(&**depot, &name, last)?;
                depot.flush(&name)?;
            }
            remove(&path);
            return Ok(LateRound::Arrived);
        }
        match depot.goes_on(&name, known.end)? {
            Some(next) => fill(&**depot, &name, &file, &known, next)?,
            None => add(&**depot, &name, &file, &known)?,
        }
        Ok(LateRound::Added)
    }

    /// Looks whether a depot that was away takes something again, where nobody else would find that out.
    pub fn look_for_depot(&self) {
        if let Some(depot) = self.depot.as_ref().filter(|depot| depot.is_away()) {
            // What comes of it the depot notes itself.
            let _ = depot.put(PROBE, 0, b"", None);
        }
    }

    /// Forgets a log whose run nobody knows any more.
    pub fn forget_unsent(&self, unsent: &Unsent) -> io::Result<()> {
        remove(&path(&self.unsent, &unsent.run, &unsent.job)?);
        Ok(())
    }
}

/// Adds a line at the end of a depot's log that nobody writes to any more.
fn add_line(depot: &dyn Depot, name: &str, line: &LogLine) -> io::Result<()> {
    let mut text = String::new();
    let end = depot.end(name)?;
    if end > 0 && depot.get(name, end - 1, 1)? != b"\n" {
        text.push('\n');
    }
    line::write(&mut Stamp::default(), (line.at, line.step), &line.text, &mut text);
    depot.add_last(name, text.as_bytes())
}

/// Returns what stands in a folder; nothing where there is no such one.
fn entries(folder: &Path) -> io::Result<Vec<std::path::PathBuf>> {
    match fs::read_dir(folder) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(Vec::new()),
        entries => entries?.map(|entry| Ok(entry?.path())).collect(),
    }
}

fn remove(path: &Path) {
    let _ = fs::remove_file(path);
    let _ = path.parent().map(fs::remove_dir);
}

/// Ends a line that a crash has cut short.
fn end_last_line(path: &Path, file: &mut File) -> io::Result<()> {
    let length = file.metadata()?.len();
    let mut last = [b'\n'];
    if length > 0 {
        file.read_exact_at(&mut last, length - 1)?;
    }
    if last == *b"\n" {
        return Ok(());
    }
    io::Write::write_all(&mut fs::OpenOptions::new().append(true).open(path)?, b"\n")
}

/// Looks which lines of a file are in a depot's log, in their order, whatever else stands between them.
fn known(depot: &dyn Depot, name: &str, file: &File) -> io::Result<Known> {
    let mut own = BufReader::new(file);
    own.seek(SeekFrom::Start(0))?;
    let mut known = Known { ours: 0, end: 0, is_followed: false, last: None };
    let (mut sought, mut rest) = (Vec::new(), Vec::new());
    own.read_until(b'\n', &mut sought)?;
    loop {
        let bytes = depot.get(name, known.end, LOOKED_AT)?;
        if bytes.is_empty() {
            // A line of which a part is there is gone on with.
            match sought.starts_with(&rest) {
                true => known.ours += rest.len() as u64,
                false => known.is_followed = true,
            }
            return Ok(known);
        }
        known.end += bytes.len() as u64;
        rest.extend(bytes);
        let whole = memchr::memrchr(b'\n', &rest).map_or(0, |end| end + 1);
        let lines: Vec<u8> = rest.drain(..whole).collect();
        if let Some(last) = lines.split_inclusive(|byte| *byte == b'\n').next_back() {
            known.last = LogLine::read(String::from_utf8_lossy(last).trim_end_matches('\n'));
        }
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            known.is_followed = line != sought;
            if !known.is_followed {
                known.ours += sought.len() as u64;
                sought.clear();
                own.read_until(b'\n', &mut sought)?;
            }
        }
    }
}

/// Fills a hole: what stood there is what follows here.
fn fill(depot: &dyn Depot, name: &str, file: &File, known: &Known, next: u64) -> io::Result<()> {
    let lost =
        || io::Error::new(io::ErrorKind::InvalidData, format!("a part of {name} is lost, from byte {}", known.end));
    if known.is_followed {
        return Err(lost());
    }
    let length = usize::try_from(next - known.end).map_err(|_| lost())?;
    let mut missing = vec![0; length.min(depot.piece_max())];
    file.read_exact_at(&mut missing, known.ours).map_err(|_| lost())?;
    depot.put(name, known.end, &missing, None)
}

/// Adds the lines that are missing, under a heading where they do not stand in their place.
fn add(depot: &dyn Depot, name: &str, file: &File, known: &Known) -> io::Result<()> {
    if known.is_followed {
        let text = "##[section]What follows was printed before, and arrived later:".to_owned();
        add_line(depot, name, &LogLine { at: jiff::Timestamp::now(), step: None, text })?;
    }
    let mut file = file;
    file.seek(SeekFrom::Start(known.ours))?;
    loop {
        let mut piece = Vec::new();
        file.take(depot.piece_max() as u64).read_to_end(&mut piece)?;
        if piece.is_empty() {
            return depot.flush(name);
        }
        depot.add_last(name, &piece)?;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Bucket, Fence, Place};
    use super::*;
    use std::sync::Arc;

    const NAME: &str = "logs/run_1/job_1.log";
    const AT: &str = "2026-03-09T05:07:08.1234567Z";

    struct Scene {
        data: tempfile::TempDir,
        _share: tempfile::TempDir,
        bucket: Arc<Bucket>,
        logs: Logs,
        last: Option<LogLine>,
    }

    impl Scene {
        fn new(here: &str) -> Self {
            let (data, share) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
            let bucket = Arc::new(Bucket::open(&Place::Folder(share.path().to_owned())).expect("a bucket"));
            let logs = Logs::new(data.path()).shared(Some(bucket.clone()));
            let file = data.path().join("unsent/run_1/job_1.log");
            fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            fs::write(file, here).expect("a file");
            Self { data, _share: share, bucket, logs, last: None }
        }

        fn put(&self, at: u64, text: &str) {
            let fence = Fence { job: "job_1".to_owned(), token: 7 };
            self.bucket.put(NAME, at, text.as_bytes(), Some(&fence)).expect("room");
            self.bucket.flush(NAME).expect("room");
        }

        /// Sends what is left until all has arrived, and returns what is there then.
        fn sent(&self) -> String {
            for _ in 0..3 {
                let left = self.logs.unsent().expect("a list");
                let Some(unsent) = left.first() else { break };
                self.logs.send_late(unsent, self.last.as_ref()).expect("it is sent");
            }
            assert!(!self.data.path().join("unsent/run_1").exists(), "it has arrived");
            String::from_utf8(self.bucket.get(NAME, 0, 10_000).expect("a file")).expect("a text")
        }
    }

    fn lines(texts: &[&str]) -> String {
        texts.iter().map(|text| format!("{AT} 1 {text}\n")).collect()
    }

    #[test]
    fn what_is_missing_is_added_wherever_sending_has_stopped() {
        let all = lines(&["one", "two", "three"]);
        for sent in 0..=all.len() {
            let scene = Scene::new(&all);
            if sent > 0 {
                scene.put(0, &all[..sent]);
            }
            assert_eq!(scene.sent(), all, "after {sent} bytes");
        }
    }

    #[test]
    fn what_others_have_said_since_stays_where_it_is_and_what_is_late_says_so() {
        let all = lines(&["one", "two", "three"]);
        let (first, last) = (lines(&["one"]), format!("{AT} - The worker was lost.\n"));
        let scene = Scene::new(&all);
        scene.put(0, &first);
        scene.bucket.add_last(NAME, last.as_bytes()).expect("room");
        let there = scene.sent();
        let (before, after) = there.split_once("##[section]What follows was printed before").expect("a heading");
        assert!(before.starts_with(&format!("{first}{last}")), "{there}");
        assert!(after.ends_with(&lines(&["two", "three"])), "{there}");
        assert_eq!(there.matches("one").count(), 1, "{there}");
    }

    #[test]
    fn a_last_line_is_said_once_behind_all_that_has_arrived() {
        let all = lines(&["one", "two"]);
        let last = LogLine { at: AT.parse().expect("a time"), step: None, text: "The worker was lost.".to_owned() };
        let end = format!("{AT} - The worker was lost.\n");
        for there in ["".to_owned(), lines(&["one"]), all.clone(), format!("{all}{end}")] {
            let mut scene = Scene::new(&all);
            scene.last = Some(last.clone());
            if !there.is_empty() {
                scene.put(0, &there);
            }
            assert_eq!(scene.sent(), format!("{all}{end}"), "after\n{there}");
        }
    }

    #[test]
    fn a_line_that_a_crash_has_cut_is_sent_with_an_end() {
        let scene = Scene::new(&format!("{}{AT} 1 tw", lines(&["one"])));
        assert_eq!(scene.sent(), lines(&["one", "tw"]));
    }

    #[test]
    fn a_hole_is_filled_with_what_stood_there() {
        let all = lines(&["one", "two", "three", "four"]);
        let (first, hole) = (all.len() / 4 - 3, all.len() / 2 + 5);
        let scene = Scene::new(&all);
        scene.bucket.put(NAME, 0, &all.as_bytes()[..first], None).expect("room");
        scene.bucket.put(NAME, hole as u64, &all.as_bytes()[hole..], None).expect("room");
        assert_eq!(scene.sent(), all);
    }

    #[test]
    fn a_log_that_is_written_to_is_left_alone() {
        let scene = Scene::new("");
        let (run, job) = (RunId::from_stored("run_1"), JobId::from_stored("job_1"));
        let writer = scene.logs.leased_writer(&run, &job, 7).expect("a writer");
        assert_eq!(scene.logs.unsent().expect("a list"), []);
        drop(writer);
    }
}
