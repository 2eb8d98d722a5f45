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
//! it kills them all.
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
use super::tree;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, WaitStatus};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};

/// What the binary's only argument is when it is a shim.
pub const ARGUMENT: &str = "--step-shim";

/// How often dead processes are forgotten that are not the program, while it runs.
const REAP_EVERY: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// Says whether this process was started as a shim.
pub fn is_wanted() -> bool {
    let mut arguments = std::env::args_os().skip(1);
    arguments.next().is_some_and(|argument| argument == ARGUMENT) && arguments.next().is_none()
}

/// Is the shim of one program after the other, until the worker wants no more or is gone, and all
/// below it has ended.
pub fn shim() -> ExitCode {
    let Ok(mut link) = link() else { return ExitCode::FAILURE };
    // A terminal's Ctrl-C is for the worker, which then tells us what to do.
    let _ = rustix::process::setsid();
    let first = Standing::now();
    while serve(&mut link, &first).is_some() {}
    if tree::kill_below() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Starts the next program and sees to it until nothing is left of it. `None` when the worker is gone,
/// and when something does not end.
fn serve(link: &mut UnixStream, first: &Standing) -> Option<()> {
    let (launch, ends) = Launch::receive(link).ok()?;
    let end = match start(launch, ends) {
        Ok(program) => watch(&program, link)?,
        Err(error) => End::NotStarted(error.raw_os_error().unwrap_or_default()),
    };
    let is_clear = !tree::has_children();
    let is_as_before = Standing::now() == *first;
    link.write_all(&Report { end, is_clear, is_as_before }.to_bytes()).ok()?;
    if !is_clear {
        while order(link)? != Order::Clear {}
        if !tree::kill_below() {
            return None;
        }
        link.write_all(&[CLEARED]).ok()?;
    }
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

/// Carries out orders until the program has ended. `None` when the worker is gone.
fn watch(program: &Program, link: &mut UnixStream) -> Option<End> {
    loop {
        let is_told = {
            let mut events = [PollFd::new(&program.descriptor, PollFlags::IN), PollFd::new(&*link, PollFlags::IN)];
            // An interrupted wait has seen nothing.
            let _ = poll(&mut events, Some(&REAP_EVERY));
            !events[1].revents().is_empty()
        };
        if let Some(end) = reap(program.id) {
            return Some(end);
        }
        if is_told {
            signal(program.id, order(link)?);
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

/// Returns the next order; `None` when the worker is gone.
fn order(link: &mut UnixStream) -> Option<Order> {
    let mut byte = [0];
    link.read_exact(&mut byte).ok()?;
    Order::from_byte(byte[0])
}

/// Gives a signal to a program that is not reaped yet, and to its group.
fn signal(program: Pid, order: Order) {
    let signal = match order {
        Order::Interrupt => Signal::INT,
        Order::Terminate => Signal::TERM,
        Order::Kill => Signal::KILL,
        // It comes after the program's end.
        Order::Clear => return,
    };
    // A program that has left its group still gets the last one.
    let _ = rustix::process::kill_process_group(program, signal);
    if signal == Signal::KILL {
        let _ = rustix::process::kill_process(program, signal);
    }
}
