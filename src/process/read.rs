//! Reads a program's pipes block by block, until they close or the program is over.

use super::Output;
use super::line::{Printed, Splitter, Stream};
use std::io::{self, PipeReader};
use std::os::fd::OwnedFd;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::watch;

/// How many bytes are read at once, and how many a pipe holds: four times what it does by default,
/// so that the program goes on while its lines are written. Users without privileges have 64 MiB
/// for all their pipes.
pub(super) const BLOCK: usize = 256 * 1024;
/// How many blocks are still read of a pipe when the program is over: the most that a pipe can
/// hold without privileges, so that nothing the program printed is lost, and a process that left
/// the group can't go on for ever.
const LAST_BLOCKS: usize = 1024 * 1024 / BLOCK;

/// The reading ends of a program's pipes.
pub(super) struct Reader {
    output: Pipe,
    error: Option<Pipe>,
}

struct Pipe {
    receiver: Receiver,
    splitter: Splitter,
    block: Vec<u8>,
    is_open: bool,
}

impl Reader {
    pub(super) fn new(output: PipeReader, error: Option<PipeReader>) -> io::Result<Self> {
        let output = Pipe::new(output, Stream::Output)?;
        let error = error.map(|error| Pipe::new(error, Stream::Error)).transpose()?;
        Ok(Self { output, error })
    }

    /// Hands all lines on, until every pipe is closed or, once the program is over, empty.
    pub(super) async fn read(mut self, mut over: watch::Receiver<bool>, to: &mut dyn Output) -> Result<(), String> {
        while self.output.is_open || self.error.as_ref().is_some_and(|pipe| pipe.is_open) {
            let (stream, printed) = tokio::select! {
                biased;
                _ = over.wait_for(|over| *over) => break,
                printed = self.output.next(), if self.output.is_open => (Stream::Output, printed),
                printed = next(&mut self.error) => (Stream::Error, printed),
            };
            hand_on(stream, printed, to).await?;
        }
        self.output.hand_on_rest(to).await?;
        match &mut self.error {
            Some(pipe) => pipe.hand_on_rest(to).await,
            None => Ok(()),
        }
    }
}

async fn next(pipe: &mut Option<Pipe>) -> Printed {
    match pipe {
        Some(pipe) if pipe.is_open => pipe.next().await,
        _ => std::future::pending().await,
    }
}

async fn hand_on(stream: Stream, printed: Printed, to: &mut dyn Output) -> Result<(), String> {
    match printed {
        Printed::Block(block) => to.take_block(stream, block).await,
        Printed::Lines(lines) if lines.is_empty() => Ok(()),
        Printed::Lines(lines) => to.take(lines).await,
    }
}

impl Pipe {
    fn new(reader: PipeReader, stream: Stream) -> io::Result<Self> {
        // Where there is no room for a larger pipe, the usual one will do.
        let _ = rustix::pipe::fcntl_setpipe_size(&reader, BLOCK);
        let receiver = Receiver::from_owned_fd(OwnedFd::from(reader))?;
        Ok(Self { receiver, splitter: Splitter::new(stream), block: vec![0; BLOCK], is_open: true })
    }

    /// Returns the lines that the next block completes. Nothing is lost if this is dropped early.
    async fn next(&mut self) -> Printed {
        // A pipe that can't be read is as good as closed.
        let count = self.receiver.read(&mut self.block).await.unwrap_or(0);
        self.split(count)
    }

    /// Hands on what is left, without waiting for more. It asks the pipe itself: the runtime may
    /// not have noticed yet that there is something.
    async fn hand_on_rest(&mut self, to: &mut dyn Output) -> Result<(), String> {
        for _ in 0..LAST_BLOCKS {
            match rustix::io::read(&self.receiver, &mut self.block) {
                Ok(count) if count > 0 => {
                    let printed = self.split(count);
                    hand_on(self.splitter.stream(), printed, to).await?;
                }
                Err(rustix::io::Errno::INTR) => {}
                _ => break,
            }
        }
        let mut last = Vec::new();
        self.splitter.finish(&mut last);
        hand_on(self.splitter.stream(), Printed::Lines(last), to).await
    }

    fn split(&mut self, count: usize) -> Printed {
        self.is_open = count > 0;
        self.splitter.split(&self.block[..count])
    }
}
