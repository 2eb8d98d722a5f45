//! Sees to it that no process of the tests outlives them, however they end: dropping does not happen where the
//! tests themselves are killed.
//!
//! A shell is told of each process. It waits for the other end of its pipe to close, which the system does for
//! a process that is gone, and then kills those that are still there.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};

/// What the shell does. A number is only killed while it is still that of a process in the folder that was told
/// with it: numbers are given again, those folders are not.
const KEEPER: &str = r#"
told=
while read -r process folder; do
  told="$told$process $folder
"
done
printf %s "$told" | while read -r process folder; do
  [ "$(readlink "/proc/$process/cwd")" = "$folder" ] && kill -9 "$process"
done
"#;

/// A shell that is told of processes.
#[derive(Debug)]
pub struct Guard(Mutex<Child>);

impl Guard {
    pub fn new() -> Self {
        let mut shell = Command::new("sh");
        // What is sent to all processes of the tests at once must not reach it.
        shell.args(["-c", KEEPER]).process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(Mutex::new(shell.spawn().expect("a shell starts")))
    }

    /// Has a process killed with the tests that works in a folder.
    pub fn watch(&self, process: &Child, folder: &Path) {
        let folder = folder.canonicalize().expect("the folder is there");
        let shell = self.0.lock().expect("no holder panics");
        let mut told = shell.stdin.as_ref().expect("a pipe");
        writeln!(told, "{} {}", process.id(), folder.display()).expect("the shell listens");
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let shell = self.0.get_mut().expect("no holder panics");
        drop(shell.stdin.take());
        let _ = shell.wait();
    }
}

/// Has a process killed when the tests are gone.
pub fn watch(process: &Child, folder: &Path) {
    static OF_ALL: OnceLock<Guard> = OnceLock::new();
    OF_ALL.get_or_init(Guard::new).watch(process, folder);
}

#[test]
fn what_the_tests_have_started_ends_with_them() {
    let (folder, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let sleep = || Command::new("sleep").arg("600").current_dir(folder.path()).spawn().expect("it starts");
    let (mut watched, mut elsewhere) = (sleep(), sleep());
    let guard = Guard::new();
    guard.watch(&watched, folder.path());
    guard.watch(&elsewhere, other.path());
    assert!(matches!(watched.try_wait(), Ok(None)), "it goes on for as long as they do");
    drop(guard);
    assert!(!watched.wait().expect("it has ended").success());
    assert!(matches!(elsewhere.try_wait(), Ok(None)), "that number has become another's");
    let _ = (elsewhere.kill(), elsewhere.wait());
}
