//! What a process has that another one of its user can change: its priority, its limits, its processors, how gladly
//! the system ends it. A
//! program gets them from its shim.

use super::weight;
use rustix::process::{Resource, Rlimit, getpriority_process, getrlimit};

/// All limits.
const LIMITS: [Resource; 16] = [
    Resource::As,
    Resource::Core,
    Resource::Cpu,
    Resource::Data,
    Resource::Fsize,
    Resource::Locks,
    Resource::Memlock,
    Resource::Msgqueue,
    Resource::Nice,
    Resource::Nofile,
    Resource::Nproc,
    Resource::Rss,
    Resource::Rtprio,
    Resource::Rttime,
    Resource::Sigpending,
    Resource::Stack,
];
/// What the system calls the processors that a process may use.
const PROCESSORS: &str = "Cpus_allowed:";

/// How a process stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Standing {
    priority: Option<i32>,
    limits: [Rlimit; LIMITS.len()],
    processors: Option<String>,
    weight: Option<i32>,
}

impl Standing {
    /// Returns how this process stands. It takes a few microseconds: it is asked after each program.
    pub(super) fn now() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        Self {
            priority: getpriority_process(None).ok(),
            limits: LIMITS.map(getrlimit),
            processors: status.lines().find(|line| line.starts_with(PROCESSORS)).map(str::to_owned),
            weight: weight::own(),
        }
    }
}
