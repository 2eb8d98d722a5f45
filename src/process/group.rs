//! A process group and its leader, held until every member is gone.

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use std::io;
use std::process::ExitStatus;
use tokio::process::Child;
use tokio::sync::watch;

/// A running group. Dropping it kills every member.
pub(super) struct Group {
    /// Also the number of the group, as long as the leader is not reaped.
    leader: Pid,
    ended: watch::Receiver<bool>,
    child: Child,
    is_reaped: bool,
}

impl Group {
    /// Returns the group of a process that was started as its leader.
    pub(super) fn new(child: Child) -> io::Result<Self> {
        let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let leader = id.ok_or_else(|| io::Error::other("the process has no number"))?;
        let (end, ended) = watch::channel(false);
        let group = Self { leader, ended, child, is_reaped: false };
        // A thread, because the runtime's own waiting reaps. It ends with the process.
        std::thread::Builder::new().name("wait".to_owned()).spawn(move || {
            wait_without_reaping(leader);
            end.send_replace(true);
        })?;
        Ok(group)
    }

    /// Returns once the leader has ended. It is not reaped, so the group's number stays its own.
    pub(super) async fn leader_ended(&self) -> io::Result<()> {
        let mut ended = self.ended.clone();
        let waited = ended.wait_for(|ended| *ended).await;
        waited.map(|_| ()).map_err(|_| io::Error::other("the waiting thread is gone"))
    }

    pub(super) fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    pub(super) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    pub(super) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Returns how the leader ended. From here on the group's number may belong to others.
    pub(super) async fn reap(&mut self) -> io::Result<ExitStatus> {
        self.is_reaped = true;
        self.child.wait().await
    }

    fn signal(&self, signal: Signal) {
        // It fails where nobody is left, or where a member has become another user's: in both
        // cases nothing more can be done.
        let _ = rustix::process::kill_process_group(self.leader, signal);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.is_reaped {
            self.kill();
        }
    }
}

/// Returns when a child has ended, or is no child any more.
fn wait_without_reaping(child: Pid) {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while matches!(rustix::process::waitid(WaitId::Pid(child), options), Err(Errno::INTR)) {}
}
