//! The shim: a process between the worker and a step's program, which ends with everything below
//! it when the worker ends, however that comes.
//!
//! ```text
//! worker ── socket ── shim ── program ── …
//!                      ▲  whatever loses its parent becomes the shim's child
//! ```
//! It is this binary, started with [`ARGUMENT`]. It is a *subreaper*: a process below it that
//! loses its parent (`nohup`, `setsid`, a daemon's double fork) becomes its child and so stays
//! findable. When the socket closes, which the system sees to even after `kill -9` of the worker,
//! it kills them all. A worker that stands still closes nothing: what it started lives until a moment that
//! it puts off again and again ([`Term`](super::Term)), and when that is over it is as if the worker had ended.
//!
//! It serves one program at a time, and the next one only when nothing lives below it: so far nothing
//! of the last program is there. What a program can change of its parent without being there, its priority and
//! its limits ([`Standing`]), is looked at when it has ended: a shim that is not what it was serves no other.
//!
//! There is no PID namespace. One that any user may make needs a user namespace, in which `sudo`,
//! files of other users and nested containers stop to work; and without a `/proc` of its own, for
//! which many containers lack the right, `kill $(pgrep …)` meets the wrong processes. A namespace
//! would hold one thing more: a step that kills its own shim. The worker notices that, and
//! [`hunt`](super::hunt) finds what is left by its mark.

use super::link::{CLEARED, End, Launch, Order, Report};
use super::standing::Standing;
use super::term::Moment;
use super::{signals, tree, weight};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, WaitStatus};
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};

/// What the binary's only argument is when it is a shim.
pub const ARGUMENT: &str = "--step-shim";

/// How often it is looked, while a program runs, whether its time is over, and dead processes are forgotten
/// that are not the program.
const LOOK_EVERY: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// Says whether this process was started as a shim.
pub fn is_wanted() -> bool {
    let mut arguments = std::env::args_os().skip(1);
    arguments.next().is_some_and(|argument| argument == ARGUMENT) && arguments.next().is_none()
}

/// Is the shim of one program after the other, until the worker wants no more or is gone, and all
/// below it has ended.
pub fn shim() -> ExitCode {
    let Ok(link) = link() else { return ExitCode::FAILURE };
    if signals::forget_inherited().is_err() {
        return ExitCode::FAILURE;
    }
    let mut worker = Worker { link, until: None, mark: None };
    // A terminal's Ctrl-C is for the worker, which then tells us what to do.
    let _ = rustix::process::setsid();
    let first = Standing::now();
    while serve(&mut worker, &first).is_some() {}
    let is_clear = tree::kill_below();
    if worker.is_given_up()
        && let Some(mark) = worker.mark
    {
        // What the program has in a container is not below this process.
        tree::hunt(&[mark]);
    }
    if is_clear { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The worker as its shim knows it.
struct Worker {
    link: UnixStream,
    /// When it is given up without another word.
    until: Option<Moment>,
    /// The mark of the job that the program is for.
    mark: Option<String>,
}

impl Worker {
    fn is_given_up(&self) -> bool {
        self.until.is_some_and(Moment::is_over)
    }

    /// Waits a moment for an order, or for something beside it. `Err` when the worker is gone or given up.
    fn order(&mut self, beside: Option<&OwnedFd>) -> io::Result<Option<Order>> {
        if self.is_given_up() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let is_told = {
            let link = PollFd::new(&self.link, PollFlags::IN);
            let beside = beside.map(|beside| PollFd::new(beside, PollFlags::IN));
            let mut events: Vec<PollFd<'_>> = [Some(link), beside].into_iter().flatten().collect();
            // An interrupted wait has seen nothing.
            let _ = poll(&mut events, Some(&LOOK_EVERY));
            !events[0].revents().is_empty()
        };
        if !is_told {
            return Ok(None);
        }
        let order = Order::receive(&mut self.link)?;
        if let Order::LiveUntil(moment) = order {
            self.until = Some(moment);
        }
        Ok(Some(order))
    }
}

/// Starts the next program and sees to it until nothing is left of it. `None` when the worker is gone,
/// and when something does not end.
fn serve(worker: &mut Worker, first: &Standing) -> Option<()> {
    let (launch, ends) = Launch::receive(&mut worker.link).ok()?;
    (worker.until, worker.mark) = (launch.until, launch.mark());
    if worker.is_given_up() {
        return None;
    }
    let end = match weight::raised(|| start(launch, ends)) {
        Ok(program) => watch(&program, worker)?,
        Err(error) => End::NotStarted(error.raw_os_error().unwrap_or_default()),
    };
    let is_clear = !tree::has_children();
    let is_as_before = Standing::now() == *first;
    worker.link.write_all(&Report { end, is_clear, is_as_before }.to_bytes()).ok()?;
    if !is_clear {
        while worker.order(None).ok()? != Some(Order::Clear) {}
        if !tree::kill_below() {
            return None;
        }
        worker.link.write_all(&[CLEARED]).ok()?;
    }
    (worker.until, worker.mark) = (None, None);
    Some(())
}

/// Returns the socket, which is our standard input; its copy is closed in programs we start.
fn link() -> io::Result<UnixStream> {
    Ok(UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?))
}

/// A started program.
struct Program {
    /// Also the number of its group.
    id: Pid,
    descriptor: OwnedFd,
}

/// Starts a program that writes to the given ends of pipes. They are the program's alone, so that
/// they close when it and all it started have gone.
fn start(launch: Launch, ends: Vec<OwnedFd>) -> io::Result<Program> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    let mut ends = ends.into_iter();
    let output = ends.next().ok_or(Errno::BADF)?;
    let error = ends.next().map_or_else(|| output.try_clone(), Ok)?;
    let child = Command::new(launch.program)
        .args(launch.arguments)
        .env_clear()
        .envs(launch.environment)
        .current_dir(launch.directory)
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(error)
        .process_group(0)
        .spawn()?;
    let id = Pid::from_child(&child);
    Ok(Program { id, descriptor: rustix::process::pidfd_open(id, PidfdFlags::empty())? })
}

/// Carries out orders until the program has ended. `None` when the worker is gone or given up.
fn watch(program: &Program, worker: &mut Worker) -> Option<End> {
    loop {
        let order = worker.order(Some(&program.descriptor));
        if let Some(end) = reap(program.id) {
            return Some(end);
        }
        if let Some(order) = order.ok()? {
            signal(program.id, order);
        }
    }
}

/// Forgets all children that have ended, and returns the program's end if it was among them.
fn reap(program: Pid) -> Option<End> {
    let mut end = None;
    loop {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some((process, status))) if process == program => end = Some(end_of(status)),
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Ok(None) | Err(_) => return end,
        }
    }
}

fn end_of(status: WaitStatus) -> End {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => End::Exited(code),
        (None, Some(signal)) => End::Signaled(signal),
        (None, None) => unreachable!("only ends are waited for"),
    }
}

/// Gives a signal to a program that is not reaped yet, and to its group.
fn signal(program: Pid, order: Order) {
    let signal = match order {
        Order::Interrupt => Signal::INT,
        Order::Terminate => Signal::TERM,
        Order::Kill => Signal::KILL,
        // The one comes after the program's end, the other is for the shim itself.
        Order::Clear | Order::LiveUntil(_) => return,
    };
    // A program that has left its group still gets the last one.
    let _ = rustix::process::kill_process_group(program, signal);
    if signal == Signal::KILL {
        let _ = rustix::process::kill_process(program, signal);
    }
}
