//! What runs have left on the disk, by run: how much it is, how old, and away with it.

use super::{FOLDER, safe};
use crate::id::RunId;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A kind of files that runs leave, each in folders with the runs' names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// What steps printed.
    Logs,
    /// Artifacts.
    Artifacts,
    /// Single files that steps handed over.
    Files,
    /// Folders of jobs.
    Work,
}

impl Left {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Logs, Self::Artifacts, Self::Files, Self::Work];

    /// Says whether reruns take such files of the run that they repeat.
    pub fn is_taken(self) -> bool {
        matches!(self, Self::Artifacts | Self::Files)
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Logs => FOLDER,
            Self::Artifacts => "artifacts",
            Self::Files => "files",
            Self::Work => "work",
        }
    }
}

/// What one run has left of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOver {
    /// The run.
    pub run: RunId,
    /// For how long nothing of it was written.
    pub age: Duration,
    /// How many bytes it has.
    pub bytes: u64,
}

/// Returns what runs have left in a data folder, in no order. Links are not followed. What vanishes
/// meanwhile is left out.
pub fn left_over(data: &Path, left: Left) -> io::Result<Vec<LeftOver>> {
    let entries = match fs::read_dir(data.join(left.folder())) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let now = SystemTime::now();
    let mut all = Vec::new();
    for entry in entries {
        let entry = entry?;
        let Some(run) = entry.file_name().to_str().and_then(|name| safe(name).ok().map(RunId::from_stored)) else {
            continue;
        };
        let (bytes, written) = measure(entry.path());
        let age = written.and_then(|written| now.duration_since(written).ok()).unwrap_or_default();
        all.push(LeftOver { run, age, bytes });
    }
    Ok(all)
}

/// Removes what a run has left of one kind. It is fine if that is nothing.
pub fn remove(data: &Path, left: Left, run: &RunId) -> io::Result<()> {
    match fs::remove_dir_all(data.join(left.folder()).join(safe(run.as_str())?)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Returns the bytes below a folder, and when something in it was written last.
fn measure(folder: PathBuf) -> (u64, Option<SystemTime>) {
    let (mut bytes, mut written) = (0, None);
    let mut open = vec![folder];
    while let Some(path) = open.pop() {
        let Ok(about) = fs::symlink_metadata(&path) else { continue };
        written = written.max(about.modified().ok());
        if about.is_dir() {
            let inside = fs::read_dir(&path).into_iter().flatten();
            open.extend(inside.flatten().map(|entry| entry.path()));
        } else {
            bytes += about.len();
        }
    }
    (bytes, written)
}
