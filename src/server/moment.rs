//! Times as people say them.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// From how many days on a date says more than a number of days.
const DAYS_AGO_MAX: i64 = 7;

/// Returns how long ago something was: `3 min ago`. What is long ago is a date.
pub fn ago(moment: Timestamp, now: Timestamp) -> String {
    let since = now.duration_since(moment);
    match since.as_secs() {
        ..=0 => "now".to_owned(),
        seconds @ 1..=59 => format!("{seconds} s ago"),
        seconds @ 60..=3_599 => format!("{} min ago", seconds / 60),
        seconds @ 3_600..=86_399 => format!("{} h ago", seconds / 3_600),
        seconds if seconds / 86_400 < DAYS_AGO_MAX => format!("{} d ago", seconds / 86_400),
        _ => moment.to_zoned(TimeZone::system()).strftime("%Y-%m-%d").to_string(),
    }
}

/// Returns a moment in the zone of the machine with how long ago it was.
pub fn exact(moment: Timestamp, now: Timestamp) -> String {
    let local = moment.to_zoned(TimeZone::system());
    format!("{} ({})", local.strftime("%Y-%m-%d %H:%M:%S %:z"), ago(moment, now))
}

/// Returns how long something took, or has taken so far; empty before it has begun.
pub fn took(started: Option<Timestamp>, finished: Option<Timestamp>, now: Timestamp) -> String {
    started.map_or_else(String::new, |started| duration(finished.unwrap_or(now).duration_since(started)))
}

fn duration(duration: SignedDuration) -> String {
    match duration.as_secs() {
        ..0 => "0.0 s".to_owned(),
        0..=59 => format!("{:.1} s", duration.as_secs_f64()),
        seconds @ 60..=3_599 => format!("{} min {} s", seconds / 60, seconds % 60),
        seconds => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(seconds: i64, said: &str) {
        let now = Timestamp::from_second(2_000_000_000).expect("a moment");
        assert_eq!(ago(now - SignedDuration::from_secs(seconds), now), said);
    }

    #[test]
    fn what_is_recent_is_said_in_its_largest_unit() {
        check(-5, "now");
        check(0, "now");
        check(59, "59 s ago");
        check(60, "1 min ago");
        check(7_199, "1 h ago");
        check(6 * 86_400, "6 d ago");
    }
}
