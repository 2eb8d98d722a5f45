//! A connection that is read no further than somebody takes what came: what nobody has taken yet of a large body stays in
//! the sender's own memory.
//!
//! The HTTP library reads a connection until it has nothing more or 128 KiB are there, in memory that doubles as it
//! fills, and does so again while the first of that still waits to be taken: about half a MiB for each of thousands of
//! strangers. So it is given a part at a time, and nothing while enough waits in a body.
//!
//! Nobody takes anything before the head of a request is whole: what has come of it is counted, and must go where there is
//! no room for it (see [`heads`](super::heads)). While a request is answered no more than a little is read of the next.
//!
//! It also answers whatever a connection has sent, one request after the other, before another connection has its turn
//! in this thread. So a connection gives way after a few.

use super::heads::{FREE, Heads, Held, Stay};
use actix_http::Extensions;
use std::cell::{Cell, RefCell};
use std::io::{Error, IoSlice, Result};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// After how many bytes the library is told that there is nothing more for now, so that it looks at what it has. What one
/// read brings above it is less than as much again. Most deliveries come in one part.
const PART: usize = 8 * 1024;
/// How much of a body is read before somebody takes something of it.
const AHEAD_MAX: usize = 16 * 1024;

/// How many requests a connection has answered before others have their turn.
const TURN: u32 = 4;

/// What a connection is about.
///
/// ```text
/// Head ──► Request ──► its answer is written ──► Head
///            └► Body ──► all of it was taken ──► Request
///                 └► nobody takes the rest ──► Unread
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum About {
    /// A request, whose head is not whole: what comes is counted.
    #[default]
    Head,
    /// A request that is answered.
    Request,
    /// Its body, which somebody takes.
    Body,
    /// A body that is thrown away. The connection ends then.
    Unread,
}

/// How a connection is served: how much more may be read of it, and when it gives way to others.
#[derive(Debug, Default)]
pub(super) struct Pace {
    about: Cell<About>,
    /// How many bytes came of a head.
    head: Cell<usize>,
    /// Nothing where there is no limit.
    left: Cell<Option<usize>>,
    /// Who is told when there is more.
    waiting: RefCell<Option<Waker>>,
    /// How many requests came.
    requests: Cell<u32>,
}

impl Pace {
    /// Counts a request, and lets others go first from time to time: it waits for a task that comes after all that have
    /// something to do now. Merely to wait for the next look would not do, as the library looks again at once while it
    /// finds more requests in what it has read.
    pub(super) async fn give_way(&self) {
        self.about.set(About::Request);
        self.head.set(0);
        self.set(Some(AHEAD_MAX));
        let before = self.requests.replace(self.requests.get().wrapping_add(1));
        if before % TURN == TURN - 1 {
            let _ = actix_web::rt::spawn(async {}).await;
        }
    }

    /// Allows another [`AHEAD_MAX`] bytes: a body begins, or somebody took a piece of it.
    pub(super) fn renew(&self) {
        self.about.set(About::Body);
        self.set(Some(AHEAD_MAX));
    }

    /// Notes that all of the body was taken.
    pub(super) fn end_body(&self) {
        self.about.set(About::Request);
    }

    /// Notes that something is answered: behind it comes another head.
    fn answered(&self) {
        if self.about.get() == About::Request {
            self.about.set(About::Head);
            self.set(None);
        }
    }

    /// Allows whatever comes: nobody takes more of this body.
    pub(super) fn lift(&self) {
        self.about.set(About::Unread);
        self.set(None);
    }

    fn set(&self, left: Option<usize>) {
        self.left.set(left);
        if let Some(waiting) = self.waiting.take() {
            waiting.wake();
        }
    }

    fn is_used_up(&self, context: &Context<'_>) -> bool {
        let is_used_up = self.left.get() == Some(0);
        if is_used_up {
            self.waiting.replace(Some(context.waker().clone()));
        }
        is_used_up
    }

    fn use_up(&self, bytes: usize) {
        // What came behind a request while it was answered is the next one's.
        if matches!(self.about.get(), About::Head | About::Request) {
            self.head.set(self.head.get().saturating_add(bytes));
        }
        self.left.set(self.left.get().map(|left| left.saturating_sub(bytes)));
    }
}

/// A stream that is read in parts, as far as it may be.
#[derive(Debug)]
pub(super) struct Paced<S> {
    stream: S,
    /// How many bytes of this part were read.
    read: usize,
    pace: Rc<Pace>,
    heads: Arc<Heads>,
    /// The room of the head that is under way.
    held: Held,
}

impl<S> Paced<S> {
    pub(super) fn of(stream: S, heads: Arc<Heads>) -> Self {
        Self { stream, read: 0, pace: Rc::default(), held: Held::nothing(heads.clone()), heads }
    }

    /// Says whether another part may be read: of a head where there is room for it. To be asked when the library has looked
    /// at what came before.
    fn may_read(&mut self, context: &Context<'_>) -> Stay {
        let head = self.pace.head.get();
        if self.pace.about.get() != About::Head || head < FREE {
            self.held.release();
            return Stay::Yes;
        }
        self.held.hold(head.saturating_add(PART), context.waker())
    }

    /// Puts what says how much may be read where the requests of the connection find it.
    pub(super) fn tell(&self, data: &mut Extensions) {
        data.insert(self.pace.clone());
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Paced<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        if self.read == 0 {
            match self.may_read(context) {
                Stay::Yes => {}
                Stay::Later => {
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Stay::No => {
                    let heads = self.heads.clone();
                    // Who is still sending does not see it.
                    let _ = Pin::new(&mut self.stream).poll_write(context, &heads.goodbye);
                    return Poll::Ready(Err(Error::other("there is no room for a head that does not end")));
                }
            }
        }
        if self.pace.is_used_up(context) {
            self.read = 0;
            return Poll::Pending;
        }
        if self.read >= PART {
            self.read = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        if read.is_pending() {
            self.read = 0;
        }
        ready!(read)?;
        let came = into.filled().len() - before;
        self.read += came;
        self.pace.use_up(came);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        self.pace.answered();
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        self.pace.answered();
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::pin::pin;
    use tokio::io::{AsyncReadExt, Join, Sink};

    /// Reads until there is nothing for now.
    async fn read_some(paced: &mut Paced<Join<&[u8], Sink>>, taken: &mut Vec<u8>) {
        poll_fn(|context| {
            loop {
                let mut piece = [0; 4 * 1024];
                let mut into = ReadBuf::new(&mut piece);
                if Pin::new(&mut *paced).poll_read(context, &mut into).is_pending() {
                    return Poll::Ready(());
                }
                taken.extend_from_slice(into.filled());
            }
        })
        .await;
    }

    #[tokio::test]
    async fn no_more_comes_than_is_allowed_and_in_the_end_all_of_it_has_come() {
        let sent: Vec<u8> = (0..200_000_u32).map(|number| number.to_le_bytes()[0]).collect();
        let stream = tokio::io::join(&sent[..], tokio::io::sink());
        let mut paced = Paced::of(stream, Arc::new(Heads::new(Box::default())));
        let pace = paced.pace.clone();
        let mut taken = Vec::new();
        read_some(&mut paced, &mut taken).await;
        assert_eq!(taken.len(), PART, "before a body is known");
        pace.renew();
        for _ in 0..10 {
            read_some(&mut paced, &mut taken).await;
        }
        assert_eq!(taken.len(), PART + AHEAD_MAX, "while nobody takes anything");
        pace.renew();
        let (rest, ()) = tokio::join!(paced.read_to_end(&mut taken), async {
            tokio::task::yield_now().await;
            pace.lift();
        });
        rest.expect("it goes on");
        assert_eq!(taken, sent);
    }

    #[test]
    fn who_asks_much_lets_others_go_first() {
        const REQUESTS: u32 = 40;
        let turns = Rc::new(Cell::new(0));
        let others = turns.clone();
        actix_web::rt::System::new().block_on(async move {
            actix_web::rt::spawn(async move {
                loop {
                    others.set(others.get() + 1);
                    tokio::task::yield_now().await;
                }
            });
            let pace = Pace::default();
            for _ in 0..REQUESTS {
                let mut way = pin!(pace.give_way());
                // The library looks twice before it lets go.
                poll_fn(|context| match way.as_mut().poll(context) {
                    Poll::Pending => way.as_mut().poll(context),
                    given => given,
                })
                .await;
            }
        });
        assert!(turns.get() >= REQUESTS / TURN, "{} turns", turns.get());
    }
}
