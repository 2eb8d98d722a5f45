//! What a worker and a shim tell each other, over the socket that is the shim's standard input.
//!
//! ```text
//! worker ──► shim   a launch: a byte with the ends of the program's pipes, a length, until when the
//!                   program may live, what to start and where
//! worker ──► shim   orders, one byte each, and after one of them a moment
//! shim ──► worker   one report, when the program ended or could not be started
//! worker ──► shim   where the report says that something is left: the order to clear it away
//! shim ──► worker   a byte, when it is gone
//! ```
//! And again from the beginning, until the worker closes the socket or is gone: then the shim clears
//! away whatever there is, and ends. An order that comes after the program's end means nothing.
//!
//! The environment travels here and not as the shim's own, so that nothing a step's author sets
//! for the program can change the shim.

use super::Command;
use super::term::Moment;
use super::tree::MARK;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage};
use rustix::net::{SendFlags, recvmsg, sendmsg};
use std::ffi::{OsStr, OsString};
use std::io::{self, IoSlice, IoSliceMut, Read};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

/// The most bytes of a launch: more than the system takes as arguments and environment.
const LAUNCH_MAX: usize = 16 * 1024 * 1024;
/// What a launch begins with, and the bytes before what it says: this one, the length and the moment.
const LAUNCH: u8 = b'l';
const HEAD: usize = 1 + size_of::<u32>() + Moment::BYTES;
/// What the order begins with after which there is a moment.
const LIVE_UNTIL: u8 = b'u';
/// The most ends of pipes that come with a launch: standard output and standard error.
const ENDS_MAX: usize = 2;
/// The facts in the last byte of a report, each a bit.
const CLEAR: u8 = 1;
const AS_BEFORE: u8 = 2;
/// The bytes of a report.
pub(super) const REPORT_BYTES: usize = 6;
/// What the shim answers when nothing is left below it.
pub(super) const CLEARED: u8 = b'c';

/// What a shim is to do with the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// SIGINT to the program's group.
    Interrupt,
    /// SIGTERM to the program's group.
    Terminate,
    /// SIGKILL to the program's group.
    Kill,
    /// SIGKILL to all that is left when the program has ended.
    Clear,
    /// To go on until this moment, and no longer without another one.
    LiveUntil(Moment),
}

/// The orders that are a byte.
const SHORT: [(u8, Order); 4] =
    [(b'i', Order::Interrupt), (b't', Order::Terminate), (b'k', Order::Kill), (b'c', Order::Clear)];

impl Order {
    /// Waits for the next order. What is none is an error, and so is the end of the stream.
    pub(super) fn receive(link: &mut impl Read) -> io::Result<Self> {
        let mut byte = [0];
        link.read_exact(&mut byte)?;
        Self::rest(byte[0], link)
    }

    /// Returns the order that begins with a byte.
    fn rest(byte: u8, link: &mut impl Read) -> io::Result<Self> {
        if byte == LIVE_UNTIL {
            return Ok(Self::LiveUntil(moment(link)?.ok_or(io::ErrorKind::InvalidData)?));
        }
        let known = SHORT.into_iter().find(|(known, _)| *known == byte);
        Ok(known.ok_or(io::ErrorKind::InvalidData)?.1)
    }

    /// Returns the order as it is sent.
    pub(super) fn to_bytes(self) -> Vec<u8> {
        match self {
            Self::LiveUntil(moment) => [&[LIVE_UNTIL][..], &Moment::to_bytes(Some(moment))].concat(),
            short => SHORT.into_iter().filter(|(_, known)| *known == short).map(|(byte, _)| byte).collect(),
        }
    }
}

/// Returns the moment that comes next, or none.
fn moment(link: &mut impl Read) -> io::Result<Option<Moment>> {
    let mut bytes = [0; Moment::BYTES];
    link.read_exact(&mut bytes)?;
    Moment::from_bytes(bytes).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// What became of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It ended by itself with this code.
    Exited(i32),
    /// It was ended by this signal.
    Signaled(i32),
    /// It could not be started, for this reason of the system's.
    NotStarted(i32),
}

/// What a shim tells at the end of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) end: End,
    /// Nothing lives below the shim.
    pub(super) is_clear: bool,
    /// The shim is what it was before: it can serve another program.
    pub(super) is_as_before: bool,
}

impl Report {
    pub(super) fn to_bytes(self) -> [u8; REPORT_BYTES] {
        let (kind, value) = match self.end {
            End::Exited(code) => (b'e', code),
            End::Signaled(signal) => (b's', signal),
            End::NotStarted(reason) => (b'n', reason),
        };
        let [a, b, c, d] = value.to_le_bytes();
        [kind, a, b, c, d, u8::from(self.is_clear) * CLEAR + u8::from(self.is_as_before) * AS_BEFORE]
    }

    /// Returns what a shim reports, if the bytes are that.
    pub(super) fn from_bytes([kind, a, b, c, d, facts]: [u8; REPORT_BYTES]) -> Option<Self> {
        let value = i32::from_le_bytes([a, b, c, d]);
        let end = match kind {
            b'e' => End::Exited(value),
            b's' => End::Signaled(value),
            b'n' => End::NotStarted(value),
            _ => return None,
        };
        Some(Self { end, is_clear: facts & CLEAR != 0, is_as_before: facts & AS_BEFORE != 0 })
    }
}

/// What a shim starts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Launch {
    /// Until when it may live.
    pub(super) until: Option<Moment>,
    pub(super) directory: PathBuf,
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<OsString>,
    pub(super) environment: Vec<(OsString, OsString)>,
}

/// Returns a launch as it is sent. It fails where a part has a NUL, which no program can be given.
pub(super) fn launch(command: &Command) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; HEAD];
    let count = command.arguments.len().to_string();
    let parts = [command.directory.as_os_str(), command.program.as_os_str(), OsStr::new(&count)];
    for part in parts.into_iter().chain(command.arguments.iter().map(OsString::as_os_str)) {
        add(&mut bytes, &[part.as_bytes()])?;
    }
    for (name, value) in &command.environment {
        add(&mut bytes, &[name.as_bytes(), b"=", value.as_bytes()])?;
    }
    let length = bytes.len() - HEAD;
    if length > LAUNCH_MAX {
        return Err(io::Error::from_raw_os_error(rustix::io::Errno::TOOBIG.raw_os_error()));
    }
    let length = u32::try_from(length).expect("the greatest launch is shorter");
    bytes[0] = LAUNCH;
    bytes[1..HEAD - Moment::BYTES].copy_from_slice(&length.to_le_bytes());
    bytes[HEAD - Moment::BYTES..HEAD].copy_from_slice(&Moment::to_bytes(command.term.end()));
    Ok(bytes)
}

/// Sends the beginning of a launch, and with it the ends of pipes that the program writes to: for
/// standard output, and another one where standard error is kept apart. Returns how much was sent.
pub(super) fn send(link: impl std::os::fd::AsFd, launch: &[u8], ends: &[BorrowedFd<'_>]) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(ENDS_MAX))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let has_room = ancillary.push(SendAncillaryMessage::ScmRights(ends));
    assert!(has_room, "a program writes to at most {ENDS_MAX} pipes");
    Ok(sendmsg(link, &[IoSlice::new(launch)], &mut ancillary, SendFlags::NOSIGNAL)?)
}

fn add(bytes: &mut Vec<u8>, parts: &[&[u8]]) -> io::Result<()> {
    for part in parts {
        if part.contains(&0) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it would be given a NUL character"));
        }
        bytes.extend_from_slice(part);
    }
    bytes.push(0);
    Ok(())
}

impl Launch {
    /// Waits for the next launch, and returns it with the ends of pipes that came with it. What is
    /// none is an error, and so is the end of the stream.
    pub(super) fn receive(link: &mut UnixStream) -> io::Result<(Self, Vec<OwnedFd>)> {
        loop {
            let (byte, ends) = first(link)?;
            if byte == LAUNCH {
                return Ok((Self::read(link)?, ends));
            }
            // It was for a program that has ended.
            Order::rest(byte, link)?;
        }
    }

    /// Returns the mark that the program finds in its environment, if there is one.
    pub(super) fn mark(&self) -> Option<String> {
        let (_, mark) = self.environment.iter().find(|(name, _)| name == MARK)?;
        mark.to_str().map(str::to_owned)
    }

    fn read(from: &mut impl Read) -> io::Result<Self> {
        let mut length = [0; size_of::<u32>()];
        from.read_exact(&mut length)?;
        let length = u32::from_le_bytes(length) as usize;
        if length > LAUNCH_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let until = moment(from)?;
        let mut bytes = vec![0; length];
        from.read_exact(&mut bytes)?;
        Self::from_bytes(&bytes, until).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    fn from_bytes(bytes: &[u8], until: Option<Moment>) -> Option<Self> {
        let mut parts = bytes.strip_suffix(b"\0")?.split(|byte| *byte == 0);
        let mut next = || Some(OsString::from_vec(parts.next()?.to_vec()));
        let (directory, program) = (next()?.into(), next()?.into());
        let count: usize = next()?.to_str()?.parse().ok()?;
        let arguments = (0..count).map(|_| next()).collect::<Option<_>>()?;
        let pair = |part: &[u8]| {
            let at = memchr::memchr(b'=', part)?;
            Some((OsString::from_vec(part[..at].to_vec()), OsString::from_vec(part[at + 1..].to_vec())))
        };
        Some(Self { until, directory, program, arguments, environment: parts.map(pair).collect::<Option<_>>()? })
    }
}

/// Returns the next byte and what came with it.
fn first(link: &UnixStream) -> io::Result<(u8, Vec<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(ENDS_MAX))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let received = rustix::io::retry_on_intr(|| {
        recvmsg(link, &mut [IoSliceMut::new(&mut byte)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)
    })?;
    if received.bytes == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let ends = ancillary.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(ends) => Some(ends),
        _ => None,
    });
    Ok((byte[0], ends.flatten().collect()))
}
