//! What runs have left, by run: how much it is, how old, and away with it.

use super::{Depot, FOLDER, safe};
use crate::id::RunId;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
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

    pub(super) fn folder(self) -> &'static str {
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

/// Where runs leave files.
#[derive(Debug, Clone)]
pub enum Site {
    /// The data folder of one machine.
    Folder(PathBuf),
    /// What machines share.
    Depot(Arc<dyn Depot>),
}

impl Site {
    /// Returns what runs have left, in no order. Links are not followed. What vanishes meanwhile is left out.
    pub fn left_over(&self, left: Left) -> io::Result<Vec<LeftOver>> {
        match self {
            Self::Folder(data) => in_folder(&data.join(left.folder())),
            Self::Depot(_) if left == Left::Work => Ok(Vec::new()),
            Self::Depot(depot) => depot.left_over(left.folder()),
        }
    }

    /// Removes what a run has left of one kind. It is fine if that is nothing.
    pub fn remove(&self, left: Left, run: &RunId) -> io::Result<()> {
        let run = safe(run.as_str())?;
        match self {
            Self::Folder(data) => match fs::remove_dir_all(data.join(left.folder()).join(run)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                removed => removed,
            },
            Self::Depot(_) if left == Left::Work => Ok(()),
            Self::Depot(depot) => depot.remove(&format!("{}/{run}", left.folder())),
        }
    }
}

fn in_folder(folder: &Path) -> io::Result<Vec<LeftOver>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut all = Vec::new();
    for entry in entries {
        let entry = entry?;
        let Some(run) = entry.file_name().to_str().and_then(named) else { continue };
        let (bytes, written) = measure(entry.path());
        all.push(LeftOver { run, age: age(written), bytes });
    }
    Ok(all)
}

/// Returns the run that something is named after, if it is.
pub(super) fn named(name: &str) -> Option<RunId> {
    safe(name).ok().map(RunId::from_stored)
}

/// Returns how long ago something was written.
pub(super) fn age(written: Option<SystemTime>) -> Duration {
    written.and_then(|written| written.elapsed().ok()).unwrap_or_default()
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
