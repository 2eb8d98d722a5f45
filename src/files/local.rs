//! What runs have left in the data folder of one machine, for machines that will share it: logs, artifacts
//! and single files, under the names that a depot gives them.

use super::depot::{Depot, patiently};
use super::gather::WHOLE;
use super::keep::PART;
use super::sweep::{Left, named};
use crate::id::RunId;
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What is moved, in this order. Folders of jobs are not: their jobs are over.
const MOVED: [Left; 3] = [Left::Logs, Left::Files, Left::Artifacts];
/// How many bytes of a log are looked at at once for the end of its last line.
const LOOKED_AT_ONCE: u64 = 64 * 1024;

/// Something in the folder of a run.
#[derive(Debug)]
pub enum Local {
    /// A file that can be shared.
    File(LocalFile),
    /// One whose name is no text.
    Unnamed(PathBuf),
}

/// A file, or the sign that an artifact is whole.
#[derive(Debug)]
pub struct LocalFile {
    /// What a depot calls it.
    pub name: String,
    /// Where it is; nothing for a sign.
    pub path: Option<PathBuf>,
    /// How many bytes of it are moved: of a log, whole lines.
    pub length: u64,
    /// When it was written.
    pub written: SystemTime,
}

/// Returns which runs have left something, and of which kind.
pub fn runs_with_files(data: &Path) -> io::Result<Vec<(Left, RunId)>> {
    let mut runs = Vec::new();
    for left in MOVED {
        for name in names(&data.join(left.folder()))? {
            runs.extend(name.to_str().and_then(named).map(|run| (left, run)));
        }
    }
    Ok(runs)
}

/// Returns the files of runs, those of one run after the other.
pub fn local_files(data: PathBuf, runs: Vec<(Left, RunId)>) -> impl Iterator<Item = io::Result<Local>> {
    runs.into_iter().flat_map(move |(left, run)| match of_run(&data, left, &run) {
        Ok(files) => files.into_iter().map(Ok).collect(),
        Err(error) => vec![Err(error)],
    })
}

fn of_run(data: &Path, left: Left, run: &RunId) -> io::Result<Vec<Local>> {
    let below = format!("{}/{run}", left.folder());
    let mut files = Vec::new();
    let mut open = VecDeque::from([(below.clone(), data.join(&below))]);
    while let Some((name, path)) = open.pop_front() {
        for entry in names(&path)? {
            let inner = path.join(&entry);
            let Some(entry) = entry.to_str() else {
                files.push(Local::Unnamed(inner));
                continue;
            };
            let is_top = name == below && left == Left::Artifacts;
            if is_top && entry.ends_with(PART) {
                continue;
            }
            let name = format!("{name}/{entry}");
            let about = fs::symlink_metadata(&inner)?;
            if about.is_dir() {
                open.push_back((name.clone(), inner));
                if is_top {
                    files.push(whole(&name, about.modified()?));
                }
            } else if about.is_file() {
                let length = if left == Left::Logs { end_of_lines(&inner)? } else { about.len() };
                files.push(Local::File(LocalFile { name, path: Some(inner), length, written: about.modified()? }));
            }
        }
    }
    Ok(files)
}

fn whole(artifact: &str, written: SystemTime) -> Local {
    Local::File(LocalFile { name: format!("{artifact}{WHOLE}"), path: None, length: 0, written })
}

fn names(folder: &Path) -> io::Result<Vec<std::ffi::OsString>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = entries.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// Returns where the last whole line of a log ends: what a crash has cut short was never shown.
fn end_of_lines(log: &Path) -> io::Result<u64> {
    let file = File::open(log)?;
    let mut end = file.metadata()?.len();
    let mut bytes = Vec::new();
    while end > 0 {
        let begin = end.saturating_sub(LOOKED_AT_ONCE);
        bytes.resize(usize::try_from(end - begin).expect("it fits into memory"), 0);
        file.read_exact_at(&mut bytes, begin)?;
        if let Some(at) = memchr::memrchr(b'\n', &bytes) {
            return Ok(begin + at as u64 + 1);
        }
        end = begin;
    }
    Ok(0)
}

impl LocalFile {
    /// Returns the pieces with their places, at least one.
    pub fn pieces(&self, most: usize) -> io::Result<impl Iterator<Item = io::Result<(u64, Vec<u8>)>>> {
        let file = self.path.as_ref().map(File::open).transpose()?;
        let (mut at, length) = (0, self.length);
        let mut is_first = true;
        Ok(std::iter::from_fn(move || {
            if at >= length && !std::mem::take(&mut is_first) {
                return None;
            }
            is_first = false;
            let wanted = usize::try_from(length - at).map_or(most, |rest| rest.min(most));
            let mut piece = vec![0; wanted];
            let read = match &file {
                Some(file) => (&*file).read_exact(&mut piece),
                None => Ok(()),
            };
            let place = at;
            at += wanted as u64;
            Some(read.map(|()| (place, piece)))
        }))
    }

    /// Puts it into a depot, in place of what has that name. Returns its bytes.
    pub fn give(&self, depot: &dyn Depot) -> io::Result<u64> {
        patiently(|| depot.remove(&self.name))?;
        for piece in self.pieces(depot.piece_max())? {
            let (at, piece) = piece?;
            patiently(|| depot.put(&self.name, at, &piece, None))?;
        }
        Ok(self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_crash_has_cut_short_is_no_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("log");
        let long = "x".repeat(200_000);
        for (text, end) in [("", 0), ("cut", 0), ("a\n", 2), ("a\nb\ncut", 4), (&*format!("a\n{long}"), 2)] {
            fs::write(&log, text).expect("a file");
            assert_eq!(end_of_lines(&log).expect("read"), end);
        }
    }

    #[test]
    fn a_file_comes_in_pieces_and_an_empty_one_too() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        for (text, expected) in
            [("", vec![(0, "")]), ("abc", vec![(0, "abc")]), ("abcdefg", vec![(0, "abc"), (3, "def"), (6, "g")])]
        {
            fs::write(&path, text).expect("a file");
            let file = LocalFile {
                name: String::new(),
                path: Some(path.clone()),
                length: text.len() as u64,
                written: SystemTime::now(),
            };
            let pieces: Vec<_> = file.pieces(3).expect("it opens").collect::<io::Result<_>>().expect("read");
            let expected: Vec<_> = expected.into_iter().map(|(at, text)| (at, text.as_bytes().to_vec())).collect();
            assert_eq!(pieces, expected);
        }
    }
}
