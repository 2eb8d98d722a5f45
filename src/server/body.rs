//! The body of a request, read as it comes, with a limit on its bytes and its time.

use super::bodies::{FREE, Place};
use super::error::{Failure, NO_ROOM};
use super::paced::Pace;
use crate::intake::busy;
use actix_http::body::{BodyStream, MessageBody};
use actix_http::error::PayloadError;
use actix_http::{Payload, RequestHead, header};
use actix_web::web::Bytes;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

/// How long an unread body is held after its answer. The server closes a connection whose body
/// is held; one whose body was dropped it would go on reading, as long as a sender of chunks
/// likes. Longer than an answer takes to be written.
const HELD: Duration = Duration::from_secs(3);

/// A body as it comes. While it is there, its connection is read no further than pieces of it are taken.
pub(super) struct Incoming {
    stream: BodyStream<Payload>,
    /// Nothing where there is no body, or no limit.
    pace: Option<Rc<Pace>>,
    is_there: bool,
    /// Whether somebody took all of it.
    is_taken: bool,
}

impl Incoming {
    /// Returns the body of a request, which came by a connection of a pace, when the connection has its turn.
    pub(super) async fn in_turn(payload: Payload, pace: Option<Rc<Pace>>) -> Self {
        if let Some(pace) = &pace {
            pace.give_way().await;
        }
        let is_there = !matches!(payload, Payload::None);
        let pace = pace.filter(|_| is_there);
        if let Some(pace) = &pace {
            pace.renew();
        }
        Self { stream: BodyStream::new(payload), pace, is_there, is_taken: false }
    }

    async fn next(&mut self) -> Option<Result<Bytes, PayloadError>> {
        let piece = poll_fn(|context| Pin::new(&mut self.stream).poll_next(context)).await;
        if let Some(pace) = &self.pace {
            pace.renew();
        }
        self.is_taken = piece.is_none();
        piece
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        match &self.pace {
            Some(pace) if self.is_taken => pace.end_body(),
            Some(pace) => pace.lift(),
            None => {}
        }
    }
}

/// Reads a whole body of at most `limit` bytes within a time, in the room of a place. On an error the connection ends
/// soon after the answer.
pub(super) async fn read(
    head: &RequestHead,
    mut incoming: Incoming,
    limit: u64,
    time: Duration,
    place: &mut Place<'_>,
) -> Result<Vec<u8>, Failure> {
    let said = said_length(head);
    if said.is_some_and(|length| length > limit) {
        hold(incoming);
        return Err(Failure::TooLarge { limit });
    }
    // A sender that says much and sends nothing costs little.
    let mut body = Vec::with_capacity(usize::try_from(said.unwrap_or(0)).unwrap_or(FREE).min(FREE));
    // Behind a head that asks for another protocol the HTTP library finds no end of the body. Nobody changes the
    // protocol here: it ends where the sender said.
    let end =
        said.filter(|_| head.headers.contains_key(header::UPGRADE)).and_then(|length| usize::try_from(length).ok());
    match in_time(read_into(&mut body, &mut incoming, limit, end, place), time).await {
        Ok(()) => {
            if let Some(end) = end {
                body.truncate(end);
                hold(incoming);
            }
            Ok(body)
        }
        Err(failure) => {
            hold(incoming);
            Err(failure)
        }
    }
}

/// Gives reading so much time, and as much more as this thread was kept meanwhile by what it decided about other
/// deliveries: it read nothing then, whatever had come. Most bodies come with their head: they are there when they are
/// asked for a second time, and need no timer.
async fn in_time(reading: impl Future<Output = Result<(), Failure>>, time: Duration) -> Result<(), Failure> {
    let mut spent = busy::spent();
    let mut reading = pin!(reading);
    let mut was_asked = false;
    let early = poll_fn(|context| match reading.as_mut().poll(context) {
        Poll::Ready(read) => Poll::Ready(Some(read)),
        Poll::Pending if was_asked => Poll::Ready(None),
        Poll::Pending => {
            was_asked = true;
            context.waker().wake_by_ref();
            Poll::Pending
        }
    });
    if let Some(read) = early.await {
        return read;
    }
    let mut time = time;
    loop {
        if let Ok(read) = Box::pin(tokio::time::timeout(time, reading.as_mut())).await {
            return read;
        }
        let now = busy::spent();
        time = now.saturating_sub(spent);
        if time.is_zero() {
            return Err(Failure::TooSlow);
        }
        spent = now;
    }
}

/// Leaves a body unread, so that the connection ends soon after the answer.
pub(super) fn leave_unread(incoming: Incoming) {
    if incoming.is_there {
        hold(incoming);
    }
}

async fn read_into(
    body: &mut Vec<u8>,
    incoming: &mut Incoming,
    limit: u64,
    end: Option<usize>,
    place: &mut Place<'_>,
) -> Result<(), Failure> {
    while end.is_none_or(|end| body.len() < end) {
        let chunk = tokio::select! {
            biased;
            chunk = incoming.next() => chunk,
            () = place.hurried() => return Err(NO_ROOM),
        };
        let Some(chunk) = chunk else { break };
        let chunk = chunk.map_err(|_| Failure::BrokenBody)?;
        if (body.len() + chunk.len()) as u64 > limit {
            return Err(Failure::TooLarge { limit });
        }
        place.grow(body, body.len() + chunk.len(), limit).await?;
        body.extend_from_slice(&chunk);
    }
    Ok(())
}

/// Returns the length that the sender says. One that is no number was refused before.
pub(super) fn said_length(head: &RequestHead) -> Option<u64> {
    head.headers.get(&header::CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

fn hold(incoming: Incoming) {
    actix_web::rt::spawn(async move {
        tokio::time::sleep(HELD).await;
        drop(incoming);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads for so many tenths of a second, where one second is allowed; in the middle the thread is kept for others.
    async fn read_for(tenths: u32, kept: u32) -> Result<(), Failure> {
        const TENTH: Duration = Duration::from_millis(100);
        let half = TENTH * tenths / 2;
        let reading = async {
            tokio::time::sleep(half).await;
            busy::add(TENTH * kept);
            tokio::time::sleep(half).await;
            Ok(())
        };
        in_time(reading, Duration::from_secs(1)).await
    }

    #[tokio::test]
    async fn a_sender_is_not_slow_because_the_thread_was_kept_by_others() {
        assert!(read_for(2, 0).await.is_ok());
        assert!(matches!(read_for(20, 0).await, Err(Failure::TooSlow)), "it was slow itself");
        assert!(read_for(20, 15).await.is_ok(), "so long nothing was read");
        assert!(matches!(read_for(20, 4).await, Err(Failure::TooSlow)), "and no longer");
    }
}
