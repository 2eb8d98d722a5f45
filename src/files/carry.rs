//! The thread that brings a log to the depot beside the run that writes it.
//!
//! A depot may take a request and not answer for half a minute. What a step prints must not wait for that: it is in the
//! file on this machine's disk, and the thread takes it from there. Where the depot answers as usual the writer waits
//! for the thread, so that whoever sees that a step has ended finds all that it has printed.

use super::Open;
use super::ship::Shipping;
use std::fs::File;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

/// How long lines wait for a depot that had taken all before them.
const PROMPT_MAX: Duration = Duration::from_millis(500);
/// How long the end of a job waits for a depot that does not answer: a little longer than the thread tries to reach one
/// that does.
const LAST_MAX: Duration = Duration::from_secs(12);

/// The way of one log, on a thread of its own. Dropping it lets the thread end once the depot has answered.
#[derive(Debug)]
pub(super) struct Carrier(Arc<Desk>);

#[derive(Debug)]
struct Desk {
    errands: Mutex<Errands>,
    news: Condvar,
}

/// What is asked of the thread, and how far it is.
#[derive(Debug, Default)]
struct Errands {
    /// How often it was asked, and which of these it has done.
    asked: u64,
    done: u64,
    /// Whether all is to be there for good.
    is_last: bool,
    /// What came of the last.
    failed: Option<io::Error>,
    /// Whether the job's lease is lost.
    is_lost: bool,
    /// Whether all of the file was sent.
    is_complete: bool,
    is_over: bool,
    /// Held for as long as the thread may still write to the depot.
    open: Option<Arc<Open>>,
}

impl Carrier {
    /// Starts the thread. `open` is held until nothing more is written to the depot by it.
    pub(super) fn start(shipping: Shipping, file: File, open: Arc<Open>) -> io::Result<Self> {
        let errands = Mutex::new(Errands { open: Some(open), ..Errands::default() });
        let desk = Arc::new(Desk { errands, news: Condvar::new() });
        let own = desk.clone();
        std::thread::Builder::new().name("carrier".to_owned()).spawn(move || own.work(shipping, &file))?;
        Ok(Self(desk))
    }

    /// Has the depot get what is in the file. Fails only where the job's lease is lost: a depot that is away, or slow,
    /// gets it later.
    pub(super) fn pass_on(&self) -> io::Result<()> {
        let mut errands = self.0.lock();
        let is_prompt = errands.done == errands.asked;
        errands.asked += 1;
        self.0.news.notify_all();
        if is_prompt {
            errands = self.0.until_done(errands, PROMPT_MAX);
        }
        if errands.is_lost { Err(io::ErrorKind::PermissionDenied.into()) } else { Ok(()) }
    }

    /// Returns once the depot has all of it for good, or when it did not answer for too long.
    pub(super) fn send_all(&self) -> io::Result<()> {
        let mut errands = self.0.lock();
        errands.asked += 1;
        errands.is_last = true;
        self.0.news.notify_all();
        errands = self.0.until_done(errands, LAST_MAX);
        match (errands.is_lost, errands.done == errands.asked, errands.failed.take()) {
            (true, _, _) => Err(io::ErrorKind::PermissionDenied.into()),
            (false, true, None) => Ok(()),
            (false, true, Some(failed)) => Err(failed),
            (false, false, _) => Err(io::Error::other("what `files` names does not answer")),
        }
    }

    /// Says whether all of the file is with the depot, and nothing is on its way.
    pub(super) fn is_done(&self) -> bool {
        let errands = self.0.lock();
        errands.done == errands.asked && errands.is_complete
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        let mut errands = self.0.lock();
        errands.is_over = true;
        if errands.done == errands.asked {
            errands.open = None;
        }
        self.0.news.notify_all();
    }
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, Errands> {
        self.errands.lock().expect("no holder of a log's errands panics")
    }

    /// Waits until all is done that was asked, so long at the most.
    fn until_done<'e>(&self, errands: MutexGuard<'e, Errands>, most: Duration) -> MutexGuard<'e, Errands> {
        let is_open = |errands: &mut Errands| errands.done < errands.asked;
        self.news.wait_timeout_while(errands, most, is_open).expect("no holder of a log's errands panics").0
    }

    fn work(&self, mut shipping: Shipping, file: &File) {
        loop {
            let is_idle = |errands: &mut Errands| errands.done == errands.asked && !errands.is_over;
            let mut errands = self.news.wait_while(self.lock(), is_idle).expect("no holder of a log's errands panics");
            // What nobody waits for any more is sent by whoever sends what is late.
            if errands.is_over {
                errands.open = None;
                return;
            }
            let (asked, is_last) = (errands.asked, errands.is_last);
            drop(errands);
            let sent = if is_last { shipping.send_all(file) } else { shipping.pass_on(file) };
            let is_complete = shipping.is_done(file);
            let mut errands = self.lock();
            errands.done = asked;
            errands.is_last = false;
            errands.is_complete = is_complete;
            errands.is_lost |= sent.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied);
            errands.failed = sent.err();
            self.news.notify_all();
        }
    }
}
