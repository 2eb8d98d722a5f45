//! Whether logs find room on their disk: where a log has found none, or the system says that little is free, whoever
//! asks has it tried.

use super::shortage::{is_without_room, naming};
use std::fs::{File, remove_file};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// What is written to see whether there is room, and how many bytes of it: more than what is left where the last
/// few bytes went to somebody else.
const PROBE: &str = ".room";
const PROBE_BYTES: usize = 64 * 1024;

/// Where there was no room last; clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Room(Arc<Mutex<Option<PathBuf>>>);

impl Room {
    /// Notes that what is below a folder has found none.
    pub(super) fn is_missing(&self, folder: &Path) {
        *self.0.lock().expect("no holder of the room panics") = Some(folder.to_owned());
    }

    /// Notes that there may be none in a folder, where the system says that its disk has less free than is tried: how
    /// much of it may be used by us only a try tells.
    pub(super) fn ask(&self, folder: &Path) {
        let is_scarce = rustix::fs::statvfs(folder).is_ok_and(|disk| {
            let is_without_files = disk.f_files > 0 && disk.f_favail == 0;
            disk.f_bavail.saturating_mul(disk.f_frsize) < PROBE_BYTES as u64 || is_without_files
        });
        if is_scarce {
            self.is_missing(folder);
        }
    }

    /// Fails while there is none. Costs nothing where nobody has missed it.
    pub(super) fn look(&self) -> io::Result<()> {
        let missed = self.0.lock().expect("no holder of the room panics").clone();
        let Some(folder) = missed else { return Ok(()) };
        let path = folder.join(PROBE);
        let probed = File::create(&path).and_then(|mut file| file.write_all(&[b'\n'; PROBE_BYTES]));
        // What can't be removed is written over by the next look.
        let _ = remove_file(&path);
        match probed {
            Err(error) if is_without_room(&error) => Err(naming(&path, error)),
            // Whatever else is wrong is told by the next log.
            _ => {
                self.0.lock().expect("no holder of the room panics").take_if(|known| *known == folder);
                Ok(())
            }
        }
    }
}
