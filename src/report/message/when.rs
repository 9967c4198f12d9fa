//! Moments and lengths of time, as people and telephones read them.

use std::fmt::Write as _;

use time::OffsetDateTime;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// `2026-11-23 02:14 UTC`.
pub(in crate::report) fn moment(at: i64) -> String {
    match OffsetDateTime::from_unix_timestamp(at) {
        Ok(at) => format!("{} {:02}:{:02} UTC", at.date(), at.hour(), at.minute()),
        Err(_) => format!("Unix time {at}"),
    }
}

/// `02:14Z`, and with the day where that is another one than `now`'s: `11-22 02:14Z`.
pub(in crate::report) fn clock(at: i64, now: i64) -> String {
    let Ok(at) = OffsetDateTime::from_unix_timestamp(at) else { return format!("Unix time {at}") };
    let mut text = String::new();
    if !OffsetDateTime::from_unix_timestamp(now).is_ok_and(|now| now.date() == at.date()) {
        let _ = write!(text, "{:02}-{:02} ", u8::from(at.month()), at.day());
    }
    let _ = write!(text, "{:02}:{:02}Z", at.hour(), at.minute());
    text
}

/// `12 minutes`, `3 hours 20 minutes`, `2 days 4 hours`: at most two units, rounded down. What is negative is no time.
pub(in crate::report) fn span(seconds: i64) -> String {
    parts(seconds, |count, unit| if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") })
}

/// `12 min`, `3 h 20 min`, `2 d 4 h`.
pub(in crate::report) fn short_span(seconds: i64) -> String {
    parts(seconds, |count, unit| {
        let unit = match unit {
            "second" => "s",
            "minute" => "min",
            "hour" => "h",
            _ => "d",
        };
        format!("{count} {unit}")
    })
}

fn parts(seconds: i64, write: fn(i64, &str) -> String) -> String {
    let seconds = seconds.max(0);
    let (whole, rest) = match seconds {
        0..MINUTE => return write(seconds, "second"),
        MINUTE..HOUR => return write(seconds / MINUTE, "minute"),
        HOUR..DAY => (write(seconds / HOUR, "hour"), (seconds % HOUR / MINUTE, "minute")),
        _ => (write(seconds / DAY, "day"), (seconds % DAY / HOUR, "hour")),
    };
    if rest.0 == 0 { whole } else { format!("{whole} {}", write(rest.0, rest.1)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_say_them() {
        for (seconds, long, short) in [
            (-5, "0 seconds", "0 s"),
            (59, "59 seconds", "59 s"),
            (60, "1 minute", "1 min"),
            (3599, "59 minutes", "59 min"),
            (3600, "1 hour", "1 h"),
            (12_000, "3 hours 20 minutes", "3 h 20 min"),
            (86_400, "1 day", "1 d"),
            (187_300, "2 days 4 hours", "2 d 4 h"),
        ] {
            assert_eq!((span(seconds).as_str(), short_span(seconds).as_str()), (long, short));
        }
    }

    #[test]
    fn moments_are_utc_and_say_another_day() {
        let at = 1_790_000_000;
        assert_eq!(moment(at), "2026-09-21 14:13 UTC");
        assert_eq!(clock(at, at + 60), "14:13Z");
        assert_eq!(clock(at, at + DAY), "09-21 14:13Z");
        assert_eq!(moment(i64::MAX), format!("Unix time {}", i64::MAX));
        assert_eq!(clock(i64::MIN, at), format!("Unix time {}", i64::MIN));
    }
}
