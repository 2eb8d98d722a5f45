//! The body of a request, read as it comes, with a limit on its bytes and its time.

use super::error::Failure;
use actix_web::HttpRequest;
use actix_web::body::{BodyStream, MessageBody};
use actix_web::dev::Payload;
use actix_web::http::header;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

/// How long an unread body is held after its answer. The server closes a connection whose body
/// is held; one whose body was dropped it would go on reading, as long as a sender of chunks
/// likes. Longer than an answer takes to be written.
const HELD: Duration = Duration::from_secs(3);
/// How much room is made at once for a body whose length was said before it came: a sender
/// that says much and sends nothing costs little.
const FIRST_ROOM_MAX: u64 = 64 * 1024;

/// Reads a whole body of at most `limit` bytes within a time. On an error the connection ends
/// soon after the answer.
pub(super) async fn read(
    request: &HttpRequest,
    payload: Payload,
    limit: u64,
    time: Duration,
) -> Result<Vec<u8>, Failure> {
    let said = said_length(request);
    let mut stream = Box::pin(BodyStream::new(payload));
    if said.is_some_and(|length| length > limit) {
        hold(stream);
        return Err(Failure::TooLarge { limit });
    }
    let mut body = Vec::with_capacity(usize::try_from(said.unwrap_or(0).min(FIRST_ROOM_MAX)).unwrap_or(0));
    let read = tokio::time::timeout(time, read_into(&mut body, stream.as_mut(), limit)).await;
    let failure = match read {
        Ok(Ok(())) => return Ok(body),
        Ok(Err(failure)) => failure,
        Err(_) => Failure::TooSlow,
    };
    hold(stream);
    Err(failure)
}

/// Leaves a body unread, so that the connection ends soon after the answer.
pub(super) fn leave_unread(payload: Payload) {
    hold(Box::pin(BodyStream::new(payload)));
}

async fn read_into(body: &mut Vec<u8>, mut stream: Pin<&mut BodyStream<Payload>>, limit: u64) -> Result<(), Failure> {
    while let Some(chunk) = poll_fn(|context| stream.as_mut().poll_next(context)).await {
        let chunk = chunk.map_err(|_| Failure::BrokenBody)?;
        if (body.len() + chunk.len()) as u64 > limit {
            return Err(Failure::TooLarge { limit });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(())
}

/// Returns the length that the sender says. One that is no number was refused before.
fn said_length(request: &HttpRequest) -> Option<u64> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

fn hold(stream: Pin<Box<BodyStream<Payload>>>) {
    actix_web::rt::spawn(async move {
        tokio::time::sleep(HELD).await;
        drop(stream);
    });
}
