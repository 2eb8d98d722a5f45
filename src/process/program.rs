//! A running program as the worker holds it: by its shim.

use super::link::{self, End, Order, REPORT_BYTES};
use super::read::Reader;
use super::tree::{MARK, hunt};
use super::{Command, KILL_GRACE, StandardError, shim};
use std::io;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::Child;
use tokio::time::timeout;

/// Keeps the allocator of a shim, which needs little, from huge pages: to empty the first of them takes a
/// third of the time in which a shim starts.
const SMALL_PAGES: (&str, &str) = ("MIMALLOC_ALLOW_THP", "0");

/// A program under its shim. Dropping it closes the socket, which ends the shim and all below it.
pub(super) struct Program {
    shim: Child,
    reports: OwnedReadHalf,
    orders: Orders,
    mark: String,
}

/// Where the shim is told what to do.
pub(super) struct Orders(OwnedWriteHalf);

impl Orders {
    pub(super) fn give(&self, order: Order) {
        // A shim that is gone needs no order; one that is stopped reads none, and is killed later.
        let _ = self.0.try_write(&[order.byte()]);
    }
}

impl Program {
    /// Starts a shim and has it start the program.
    pub(super) async fn start(command: &Command) -> io::Result<(Self, Reader)> {
        let launch = link::launch(command)?;
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        let (output, output_end) = io::pipe()?;
        let (error, error_end) = match command.standard_error {
            StandardError::Joined => (None, output_end.try_clone()?),
            StandardError::Apart => io::pipe().map(|(error, end)| (Some(error), end))?,
        };
        // The command holds our copies of the ends: it is dropped here, so that the pipes close
        // with the last process that has them.
        let shim = tokio::process::Command::new(&command.shim)
            .arg(shim::ARGUMENT)
            .env_clear()
            .env(MARK, &command.mark)
            .env(SMALL_PAGES.0, SMALL_PAGES.1)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(output_end)
            .stderr(error_end)
            .spawn()?;
        ours.set_nonblocking(true)?;
        let (reports, mut orders) = UnixStream::from_std(ours)?.into_split();
        orders.write_all(&launch).await?;
        let program = Self { shim, reports, orders: Orders(orders), mark: command.mark.clone() };
        Ok((program, Reader::new(output, error)?))
    }

    /// Returns the future of the shim's report, which is nothing if the shim is gone before, and
    /// where it takes orders meanwhile.
    pub(super) fn report(&mut self) -> (impl Future<Output = Option<End>>, &Orders) {
        let reports = &mut self.reports;
        let report = async move {
            let mut bytes = [0; REPORT_BYTES];
            reports.read_exact(&mut bytes).await.ok()?;
            End::from_bytes(bytes)
        };
        (report, &self.orders)
    }

    /// Returns when the shim and all below it are gone. A shim that is not sane, or does not come
    /// to its end, is killed, and what it leaves is found by its mark.
    pub(super) async fn end(self, is_sane: bool) {
        let Self { mut shim, reports, orders, mark } = self;
        drop((reports, orders));
        if is_sane && timeout(KILL_GRACE, shim.wait()).await.is_ok_and(|ended| ended.is_ok_and(|it| it.success())) {
            return;
        }
        // It may be gone already.
        let _ = shim.kill().await;
        let hunted = tokio::task::spawn_blocking(move || hunt(&[mark])).await;
        tracing::warn!(killed = hunted.unwrap_or_default(), "a step's shim has not done its work");
    }
}
