//! A running program as the worker holds it: by its shim.

use super::link::{self, CLEARED, Order, REPORT_BYTES, Report};
use super::read::Reader;
use super::shims::{Shim, Shims};
use super::term::Term;
use super::tree::hunt;
use super::{Command, KILL_GRACE, StandardError};
use std::convert::Infallible;
use std::io;
use std::os::fd::AsFd;
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::UnixStream;
use tokio::net::unix::WriteHalf;
use tokio::time::timeout;

/// A program under its shim. Dropping it closes the socket, which ends the shim and all below it.
pub(super) struct Program {
    link: UnixStream,
    shim: Shim,
    shims: Shims,
    mark: String,
}

/// Where the shim is told what to do.
pub(super) struct Orders<'p>(WriteHalf<'p>);

impl Orders<'_> {
    pub(super) fn give(&self, order: Order) {
        // A shim that is gone needs no order; one that is stopped reads none, and is killed later. So few
        // bytes are written together or not at all.
        let _ = self.0.try_write(&order.to_bytes());
    }

    /// Tells the shim when the term is put off.
    pub(super) async fn prolong(&self, mut term: Term) -> Infallible {
        loop {
            self.give(Order::LiveUntil(term.put_off().await));
        }
    }
}

impl Program {
    /// Has a shim start the program.
    pub(super) async fn start(command: &Command) -> io::Result<(Self, Reader)> {
        let launch = link::launch(command)?;
        let (output, output_end) = io::pipe()?;
        let (error, error_end) = match command.standard_error {
            StandardError::Joined => (None, None),
            StandardError::Apart => io::pipe().map(|(error, end)| (Some(error), Some(end)))?,
        };
        let reader = Reader::new(output, error)?;
        let (shim, link) = command.shims.take()?;
        let link = UnixStream::from_std(link)?;
        let mut program = Self { link, shim, shims: command.shims.clone(), mark: command.mark.clone() };
        // Our copies of the ends are dropped here, so that the pipes close with the last process that
        // has them.
        let ends: Vec<_> = [Some(&output_end), error_end.as_ref()].into_iter().flatten().map(AsFd::as_fd).collect();
        let sending = program.link.async_io(Interest::WRITABLE, || link::send(&program.link, &launch, &ends));
        let sent = sending.await?;
        program.link.write_all(&launch[sent..]).await?;
        Ok((program, reader))
    }

    /// Returns the future of the shim's report, which is nothing if the shim is gone before, and
    /// where it takes orders meanwhile.
    pub(super) fn report(&mut self) -> (impl Future<Output = Option<Report>>, Orders<'_>) {
        let (mut reports, orders) = self.link.split();
        let report = async move {
            let mut bytes = [0; REPORT_BYTES];
            reports.read_exact(&mut bytes).await.ok()?;
            Report::from_bytes(bytes)
        };
        (report, Orders(orders))
    }

    /// Returns when all below the shim is gone. A shim that is not sane, or does not come to that, is
    /// killed, and what it leaves is found by its mark.
    pub(super) async fn end(mut self, report: Option<Report>) {
        let is_clear = match report {
            Some(report) => report.is_clear || timeout(KILL_GRACE, self.clear()).await.unwrap_or(false),
            None => false,
        };
        let Self { link, shim, shims, mark } = self;
        let is_as_before = report.is_some_and(|report| report.is_as_before);
        if is_clear {
            // One that is not kept ends with its socket. A runtime that ends has no more programs for a shim.
            if is_as_before && let Ok(link) = link.into_std() {
                shims.keep(shim, link);
            }
            return;
        }
        let killing = move || {
            shim.kill();
            hunt(&[mark])
        };
        let killed = tokio::task::spawn_blocking(killing).await.unwrap_or_default();
        tracing::warn!(killed, "a step's shim has not done its work");
    }

    /// Has the shim kill all that is left, and says whether it has done so.
    async fn clear(&mut self) -> bool {
        let mut answer = [0];
        let order = Order::Clear.to_bytes();
        self.link.write_all(&order).await.is_ok()
            && self.link.read_exact(&mut answer).await.is_ok()
            && answer == [CLEARED]
    }
}
