//! What a worker and a shim tell each other, over the socket that is the shim's standard input.
//!
//! ```text
//! worker ──► shim   a length, then the launch: what to start and where
//! worker ──► shim   orders, one byte each; the end of the stream is the last of them
//! shim ──► worker   one report, when the program ended or could not be started
//! ```
//! The environment travels here and not as the shim's own, so that nothing a step's author sets
//! for the program can change the shim.

use super::Command;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

/// The most bytes of a launch: more than the system takes as arguments and environment.
const LAUNCH_MAX: usize = 16 * 1024 * 1024;
/// The bytes of a report.
pub(super) const REPORT_BYTES: usize = 5;

/// What a shim is to do with the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// SIGINT to the program's group.
    Interrupt = b'i' as isize,
    /// SIGTERM to the program's group.
    Terminate = b't' as isize,
    /// SIGKILL to the program's group. What has left it is killed with the end of the stream.
    Kill = b'k' as isize,
}

impl Order {
    pub(super) fn from_byte(byte: u8) -> Option<Self> {
        [Self::Interrupt, Self::Terminate, Self::Kill].into_iter().find(|order| order.byte() == byte)
    }

    pub(super) fn byte(self) -> u8 {
        self as u8
    }
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

impl End {
    pub(super) fn to_bytes(self) -> [u8; REPORT_BYTES] {
        let (kind, value) = match self {
            Self::Exited(code) => (b'e', code),
            Self::Signaled(signal) => (b's', signal),
            Self::NotStarted(reason) => (b'n', reason),
        };
        let [a, b, c, d] = value.to_le_bytes();
        [kind, a, b, c, d]
    }

    /// Returns the end that a shim reports, if the bytes are one.
    pub(super) fn from_bytes([kind, a, b, c, d]: [u8; REPORT_BYTES]) -> Option<Self> {
        let value = i32::from_le_bytes([a, b, c, d]);
        match kind {
            b'e' => Some(Self::Exited(value)),
            b's' => Some(Self::Signaled(value)),
            b'n' => Some(Self::NotStarted(value)),
            _ => None,
        }
    }
}

/// What a shim starts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Launch {
    pub(super) directory: PathBuf,
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<OsString>,
    pub(super) environment: Vec<(OsString, OsString)>,
}

/// Returns a launch as it is sent. It fails where a part has a NUL, which no program can be given.
pub(super) fn launch(command: &Command) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; size_of::<u32>()];
    let count = command.arguments.len().to_string();
    let parts = [command.directory.as_os_str(), command.program.as_os_str(), OsStr::new(&count)];
    for part in parts.into_iter().chain(command.arguments.iter().map(OsString::as_os_str)) {
        add(&mut bytes, &[part.as_bytes()])?;
    }
    for (name, value) in &command.environment {
        add(&mut bytes, &[name.as_bytes(), b"=", value.as_bytes()])?;
    }
    let length = bytes.len() - size_of::<u32>();
    if length > LAUNCH_MAX {
        return Err(io::Error::from_raw_os_error(rustix::io::Errno::TOOBIG.raw_os_error()));
    }
    let length = u32::try_from(length).expect("the greatest launch is shorter");
    bytes[..size_of::<u32>()].copy_from_slice(&length.to_le_bytes());
    Ok(bytes)
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
    /// Reads a launch. What is none is an error.
    pub(super) fn read(from: &mut impl Read) -> io::Result<Self> {
        let mut length = [0; size_of::<u32>()];
        from.read_exact(&mut length)?;
        let length = u32::from_le_bytes(length) as usize;
        if length > LAUNCH_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut bytes = vec![0; length];
        from.read_exact(&mut bytes)?;
        Self::from_bytes(&bytes).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut parts = bytes.strip_suffix(b"\0")?.split(|byte| *byte == 0);
        let mut next = || Some(OsString::from_vec(parts.next()?.to_vec()));
        let (directory, program) = (next()?.into(), next()?.into());
        let count: usize = next()?.to_str()?.parse().ok()?;
        let arguments = (0..count).map(|_| next()).collect::<Option<_>>()?;
        let pair = |part: &[u8]| {
            let at = memchr::memchr(b'=', part)?;
            Some((OsString::from_vec(part[..at].to_vec()), OsString::from_vec(part[at + 1..].to_vec())))
        };
        Some(Self { directory, program, arguments, environment: parts.map(pair).collect::<Option<_>>()? })
    }
}
