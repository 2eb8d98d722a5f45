//! When a delivery says it was sent, and whether that is near enough to now.

use super::checksum::Failure;
use super::claim::Claim;
use super::header;
use super::payload;
use super::received::Received;
use super::scheme::{Scheme, Stamp, StampPlace, Unit};
use super::select::{Wanted, select};
use jiff::Timestamp;
use std::borrow::Cow;

/// The most digits of a timestamp: those of milliseconds for thousands of years.
const DIGITS_MAX: usize = 14;

/// Returns the timestamp that a proof covers, as it was sent, when it is near enough to now;
/// nothing for a scheme that has none, or has it in the body.
pub(super) fn before_proof<'r>(
    scheme: &Scheme,
    received: &Received<'r>,
    claim: &mut Claim<'r>,
    now: Timestamp,
) -> Result<Cow<'r, [u8]>, Failure> {
    let Some(stamp) = &scheme.timestamp else { return Ok(Cow::Borrowed(b"")) };
    let text = match &stamp.place {
        StampPlace::Header(name) => header::single(received.headers, name)?.map(Cow::Borrowed),
        StampPlace::Signature(_) => claim.timestamp.take(),
        StampPlace::Json(_) => return Ok(Cow::Borrowed(b"")),
    };
    let text = text.ok_or(Failure::WithoutTimestamp)?;
    within(stamp, &text, now)?;
    Ok(text)
}

/// Checks the timestamp in a body whose proof holds.
pub(super) fn after_proof(scheme: &Scheme, received: &Received<'_>, now: Timestamp) -> Result<(), Failure> {
    let Some(stamp @ Stamp { place: StampPlace::Json(pointer), .. }) = &scheme.timestamp else { return Ok(()) };
    let payload = payload::read(received.body).map_err(|_| Failure::WithoutTimestamp)?;
    let mut wanted = Wanted::default();
    wanted.add(pointer.steps());
    let text = select(&payload, &wanted).scalar(pointer.steps()).ok_or(Failure::WithoutTimestamp)?;
    within(stamp, text.as_bytes(), now)
}

fn within(stamp: &Stamp, text: &[u8], now: Timestamp) -> Result<(), Failure> {
    let sent = moment(stamp.unit, text).ok_or(Failure::NoTimestamp)?;
    let away = now.duration_since(sent).unsigned_abs();
    if away > stamp.tolerance {
        return Err(Failure::OutsideWindow { seconds: away.as_secs(), tolerance: stamp.tolerance.as_secs() });
    }
    Ok(())
}

fn moment(unit: Unit, text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?;
    if unit == Unit::Rfc3339 {
        return text.parse().ok();
    }
    let is_number = (1..=DIGITS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let number: i64 = text.parse().ok().filter(|_| is_number)?;
    match unit {
        Unit::Seconds => Timestamp::from_second(number).ok(),
        Unit::Milliseconds => Timestamp::from_millisecond(number).ok(),
        Unit::Rfc3339 => None,
    }
}

/// Writes a moment as a sender does.
pub(super) fn written(unit: Unit, at: Timestamp) -> String {
    match unit {
        Unit::Seconds => at.as_second().to_string(),
        Unit::Milliseconds => at.as_millisecond().to_string(),
        Unit::Rfc3339 => at.to_string(),
    }
}
