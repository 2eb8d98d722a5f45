//! The temporary folder of a run in the foreground, which goes with it.
//!
//! A process that is killed removes nothing, so the next run does it, or the next server or worker: its containers go
//! too. Which folders nobody uses any more is
//! told by a locked file in each: the system opens the lock when its process ends, however it ends. A folder
//! without that file, or of another user, is not ours and is left alone.

use crate::config;
use crate::id::RunId;
use crate::worker;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Where temporary folders are where the environment does not say.
const TEMPORARY: &str = "/tmp";
/// What the names of our folders begin with, before the id of the run.
const PREFIX: &str = "pipehook-";
/// The file that is locked while its folder is in use.
const MARK: &str = "in-use";
/// As it is called until it is locked: nobody sees it unlocked under its name while its run is there.
const MARK_TO_COME: &str = "in-use.new";

/// A temporary folder that is removed at the end.
pub(super) struct Scratch {
    folder: PathBuf,
    /// Locked until it is closed.
    _mark: File,
}

impl Scratch {
    /// Makes the folder of a run, and removes those of runs that were killed.
    pub(super) fn create(run: &RunId) -> io::Result<Self> {
        sweep();
        let folder = around().join(format!("{PREFIX}{run}"));
        DirBuilder::new().mode(0o700).create(&folder)?;
        let mark = File::create_new(folder.join(MARK_TO_COME))?;
        mark.lock()?;
        std::fs::rename(folder.join(MARK_TO_COME), folder.join(MARK))?;
        Ok(Self { folder, _mark: mark })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What can't be removed is in the system's folder for such things.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Returns where the folders are.
fn around() -> PathBuf {
    config::environment_variable("TMPDIR").map_or_else(|| TEMPORARY.into(), PathBuf::from)
}

/// Removes what runs have left whose processes are gone: programs, containers, folders. What can't be looked at is
/// as others left it, which hinders nobody; what can't be removed stays for the next one.
pub(in crate::cli) fn sweep() {
    let prefix = format!("{PREFIX}{}", RunId::PREFIX);
    let Ok(entries) = std::fs::read_dir(around()) else { return };
    let entries = entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix));
    for folder in entries.map(|entry| entry.path()) {
        let Ok(Some(_mark)) = left(&folder) else { continue };
        match worker::clear_left(&folder) {
            Ok(()) => drop(std::fs::remove_dir_all(&folder)),
            Err(error) => {
                tracing::warn!(folder = %folder.display(), %error, "what a killed run has left is still there")
            }
        }
    }
}

/// Returns the locked mark of a folder that a process of this user made for a run and has left. Links are not
/// followed.
fn left(folder: &Path) -> io::Result<Option<File>> {
    let about = std::fs::symlink_metadata(folder)?;
    if !about.is_dir() || about.uid() != rustix::process::geteuid().as_raw() {
        return Ok(None);
    }
    let no_links = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let flags = no_links.bits().cast_signed();
    let mark = OpenOptions::new().read(true).custom_flags(flags).open(folder.join(MARK))?;
    Ok((mark.metadata()?.is_file() && mark.try_lock().is_ok()).then_some(mark))
}
