//! A log on its way from the disk of the machine that executes to where every machine reads it.
//!
//! The file on the disk is first, so that a depot that is away for a while loses nothing: what it has
//! missed is sent with the next lines, or at the end. So is what it had taken and has lost with a crash. A depot
//! that is away at the end gets all of it later: see [`super::late`].

use super::depot::{Depot, Fence, PIECE_MAX, patiently_for};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Duration;

/// How long the end of a job waits for a depot that does not answer: as long as the restart of a database takes.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// The way of one log.
#[derive(Debug)]
pub(super) struct Shipping {
    depot: Arc<dyn Depot>,
    name: String,
    fence: Fence,
    /// Where in the depot's file the first byte of this attempt stands, once that is known, and where in the
    /// file here.
    base: Option<u64>,
    begin: u64,
    /// Up to where the file here was sent.
    sent: u64,
}

impl Shipping {
    /// Begins where the depot's file and the file here end. Nothing is asked yet.
    pub(super) fn new(depot: Arc<dyn Depot>, name: String, fence: Fence, begin: u64) -> Self {
        Self { depot, name, fence, base: None, begin, sent: begin }
    }

    /// Sends what is in the file and was not sent, if there is somebody to take it.
    pub(super) fn pass_on(&mut self, file: &File) -> io::Result<()> {
        if self.depot.is_away() { Ok(()) } else { self.send(file) }
    }

    /// Sends what is in the file and was not sent.
    pub(super) fn send(&mut self, file: &File) -> io::Result<()> {
        let base = match self.base {
            Some(base) => base,
            None => *self.base.insert(self.depot.end(&self.name)?),
        };
        let mut piece = vec![0; PIECE_MAX];
        loop {
            let length = file.read_at(&mut piece, self.sent)?;
            if length == 0 {
                return Ok(());
            }
            let at = base + (self.sent - self.begin);
            self.depot.put(&self.name, at, &piece[..length], Some(&self.fence))?;
            self.sent += length as u64;
        }
    }

    /// As [`Self::send`], and waits a little for a depot that is away. When this returns the depot has all of it for
    /// good.
    pub(super) fn send_all(&mut self, file: &File) -> io::Result<()> {
        if self.depot.is_away() {
            return Err(io::Error::other("what `files` names can't be used"));
        }
        patiently_for(WAIT_MAX, || {
            self.send(file)?;
            self.depot.flush(&self.name)?;
            self.look_back()
        })
    }

    /// Goes back to where the depot's file has a hole. Fails where it has one.
    fn look_back(&mut self) -> io::Result<()> {
        let Some(base) = self.base else { return Ok(()) };
        let there = self.depot.whole(&self.name, base)?.saturating_sub(base).saturating_add(self.begin);
        if there >= self.sent {
            return Ok(());
        }
        self.sent = there;
        Err(io::Error::other("the depot has lost a part of the log, which is sent again"))
    }

    /// Says whether all of a file was sent. What an earlier attempt has left in it may not have been.
    pub(super) fn is_done(&self, file: &File) -> bool {
        self.begin == 0 && file.metadata().is_ok_and(|about| about.len() == self.sent)
    }
}
