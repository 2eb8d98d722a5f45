//! The times of entries in zip archives: the old field of two seconds without a zone, in that of the machine,
//! and the newer one of Unix beside it.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::io::{self, Read};
use std::time::{Duration, SystemTime};
use zip::DateTime;
use zip::extra_fields::ExtraField;
use zip::read::ZipFile;
use zip::write::FullFileOptions;

/// Returns options with a time. One that the format has no number for is left out.
pub(super) fn timed(
    options: FullFileOptions<'static, 'static>,
    time: SystemTime,
) -> io::Result<FullFileOptions<'static, 'static>> {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let Ok(seconds) = u32::try_from(seconds) else { return Ok(options) };
    let options = options.with_extended_timestamp(Some(seconds), None, None)?;
    let Ok(moment) = Timestamp::from_second(seconds.into()) else { return Ok(options) };
    let local = moment.to_zoned(TimeZone::system()).datetime();
    let part = |number: i8| u8::try_from(number).unwrap_or_default();
    let old = DateTime::from_date_and_time(
        u16::try_from(local.year()).unwrap_or_default(),
        part(local.month()),
        part(local.day()),
        part(local.hour()),
        part(local.minute()),
        part(local.second()),
    );
    Ok(old.map_or(options.clone(), |old| options.last_modified_time(old)))
}

/// Returns the time of an entry, if it has one.
pub(super) fn of(entry: &ZipFile<'_, impl Read>) -> Option<SystemTime> {
    let newer = entry.extra_data_fields().find_map(|field| match field {
        ExtraField::ExtendedTimestamp(times) => times.mod_time(),
        _ => None,
    });
    let seconds = match newer {
        Some(seconds) => u64::from(seconds),
        None => u64::try_from(old(entry.last_modified()?)?.as_second()).ok()?,
    };
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

fn old(time: DateTime) -> Option<Timestamp> {
    let part = |number: u8| i8::try_from(number).ok();
    let date = jiff::civil::DateTime::new(
        i16::try_from(time.year()).ok()?,
        part(time.month())?,
        part(time.day())?,
        part(time.hour())?,
        part(time.minute())?,
        part(time.second())?,
        0,
    );
    Some(date.ok()?.to_zoned(TimeZone::system()).ok()?.timestamp())
}
