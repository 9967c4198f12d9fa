//! When a maintenance window begins: `cron(…)`, `rate(…)` and `at(…)`, as EventBridge Scheduler writes them.
//!
//! A cron and an `at` are read on the wall clock of their time zone. Each minute of the wall clock happens once: where
//! clocks go back it is the first of the two, and a minute that they leave out happens when they have gone forward.
//! Scheduler leaves such a minute out. A window too many holds a message back for a while; one too few wakes somebody.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp};

/// When something begins, again and again or once.
#[derive(Debug, Clone)]
pub(super) enum Schedule {
    /// On the wall clock of a time zone.
    Cron(Box<Cron>, TimeZone),
    /// Every so many seconds, counted from the Unix epoch.
    Rate(u64),
    /// Once, in Unix seconds.
    At(i64),
}

/// Which key is wrong, and what is wrong with it.
type Wrong = (&'static str, String);

/// The fields of a cron, in order.
const FIELDS: [Field; 6] = [
    Field { name: "minutes", least: 0, most: 59, names: &[], days: Days::No },
    Field { name: "hours", least: 0, most: 23, names: &[], days: Days::No },
    Field { name: "day of the month", least: 1, most: 31, names: &[], days: Days::OfMonth },
    Field {
        name: "month",
        least: 1,
        most: 12,
        names: &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
        days: Days::No,
    },
    Field {
        name: "day of the week",
        least: 1,
        most: 7,
        names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
        days: Days::OfWeek,
    },
    Field { name: "year", least: 1970, most: 2199, names: &[], days: Days::No },
];

/// What one field of a cron takes.
struct Field {
    name: &'static str,
    least: u16,
    most: u16,
    /// Names of the values from `least` on.
    names: &'static [&'static str],
    days: Days,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Days {
    No,
    OfMonth,
    OfWeek,
}

impl Field {
    /// The field in numbers alone, as the cron library takes it: its own reading lets more pass than Scheduler's.
    fn plain(&self, text: &str) -> Option<String> {
        if text == "?" {
            return (self.days != Days::No).then(|| "*".to_owned());
        }
        let items: Option<Vec<String>> = text.split(',').map(|item| self.item(item)).collect();
        Some(items?.join(","))
    }

    fn item(&self, item: &str) -> Option<String> {
        match self.days {
            Days::OfMonth if item == "L" || item == "LW" => return Some(item.to_owned()),
            // The last day of a week is its seventh.
            Days::OfWeek if item == "L" => return Some("7".to_owned()),
            Days::OfMonth => {
                if let Some(day) = item.strip_suffix('W') {
                    return Some(format!("{}W", self.value(day)?));
                }
            }
            Days::OfWeek => {
                if let Some((day, nth)) = item.split_once('#') {
                    let nth = nth.parse::<u8>().ok().filter(|nth| (1..=5).contains(nth))?;
                    return Some(format!("{}#{nth}", self.value(day)?));
                }
                if let Some(day) = item.strip_suffix('L') {
                    return Some(format!("{}L", self.value(day)?));
                }
            }
            Days::No => {}
        }
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(number(step).filter(|step| (1..=self.most).contains(step))?)),
            None => (item, None),
        };
        let range = match range.split_once('-') {
            _ if range == "*" => "*".to_owned(),
            Some((first, last)) => {
                let (first, last) = (self.value(first)?, self.value(last)?);
                (first <= last).then(|| format!("{first}-{last}"))?
            }
            // `5/10` begins at 5 and goes on to the end.
            None if step.is_some() => format!("{}-{}", self.value(range)?, self.most),
            None => self.value(range)?.to_string(),
        };
        // In a list a star beside others says no more than itself, and stepping it begins at the least value.
        Some(match (range.as_str(), step) {
            ("*", _) => format!("{}-{}/{}", self.least, self.most, step.unwrap_or(1)),
            (range, Some(step)) => format!("{range}/{step}"),
            (range, None) => range.to_owned(),
        })
    }

    fn value(&self, text: &str) -> Option<u16> {
        let named = self.names.iter().position(|name| *name == text).and_then(|at| u16::try_from(at).ok());
        let value = named.map(|at| at + self.least).or_else(|| number(text))?;
        (self.least..=self.most).contains(&value).then_some(value)
    }

    fn expected(&self) -> String {
        let names = match (self.names.first(), self.names.last()) {
            (Some(first), Some(last)) => format!(" or {first} to {last}"),
            _ => String::new(),
        };
        let days = match self.days {
            Days::No => "",
            Days::OfMonth => {
                "; L, LW and 15W for the last day, the last weekday and the weekday nearest to a day; ? for any"
            }
            Days::OfWeek => "; L, FRIL and TUE#2 for Saturday, the last Friday and the second Tuesday; ? for any",
        };
        format!("expected {} to {}{names}, *, lists, ranges and steps, as 1-5 or */2{days}", self.least, self.most)
    }
}

/// A number of digits alone: `parse` by itself takes a plus sign.
fn number(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

impl Schedule {
    /// Reads a schedule.
    pub(super) fn new(text: &str, timezone: Option<&str>) -> Result<Self, Wrong> {
        const EXPECTED: &str = "expected cron(0 2 ? * SUN *), rate(1 day) or at(2026-12-24T22:00:00)";
        let wrong = |reason: String| ("schedule", reason);
        let trimmed = text.trim();
        let inner = trimmed.strip_suffix(')').and_then(|text| text.split_once('('));
        let Some((kind, inner)) = inner else {
            return Err(wrong(format!("`{}` is no schedule: {EXPECTED}", short(text))));
        };
        match kind {
            "cron" => Ok(Self::Cron(Box::new(cron(inner).map_err(wrong)?), zone(timezone)?)),
            "rate" if timezone.is_some() => {
                Err(("timezone", "a rate is counted on no wall clock: leave the time zone out".to_owned()))
            }
            "rate" => rate(inner).map(Self::Rate).ok_or_else(|| {
                wrong(format!("`{}` is no rate: expected rate(30 minutes), rate(6 hours) or rate(1 day)", short(text)))
            }),
            "at" => {
                let zone = zone(timezone)?;
                let at = (inner.len() == 19).then(|| inner.parse::<DateTime>().ok()).flatten();
                at.and_then(|at| instant(&zone, at)).map(Self::At).ok_or_else(|| {
                    wrong(format!("`{}` is no time of its own: expected at(2026-12-24T22:00:00)", short(text)))
                })
            }
            _ => Err(wrong(format!("`{}` is no schedule: {EXPECTED}", short(text)))),
        }
    }

    /// When it last began, at this time or before, in Unix seconds.
    pub(super) fn last(&self, now: i64) -> Option<i64> {
        match self {
            Self::Rate(every) => {
                let every = i64::try_from(*every).ok().filter(|every| *every > 0)?;
                now.div_euclid(every).checked_mul(every)
            }
            Self::At(at) => (*at <= now).then_some(*at),
            Self::Cron(cron, zone) => {
                let began = cron.find_previous_occurrence(&reached(zone, now)?, true).ok()?;
                instant(zone, began).filter(|began| *began <= now)
            }
        }
    }

    /// Whether it ever begins, and something that begins by it and takes so long ends before it begins again, at least
    /// once. What never ends holds everything back for ever.
    pub(super) fn check(&self, duration: u64) -> Result<(), Wrong> {
        let always = || {
            ("duration", "the next one begins before this is over, so that it never ends: expected less than the time between two".to_owned())
        };
        match self {
            Self::Rate(every) if duration >= *every => Err(always()),
            Self::At(_) | Self::Rate(_) => Ok(()),
            Self::Cron(cron, _) => {
                let Ok(mut at) = cron.find_next_occurrence(&DateTime::constant(1970, 1, 1, 0, 0, 0, 0), true) else {
                    return Err(("schedule", "no day is ever one of these: expected a date that there is".to_owned()));
                };
                let length = i64::try_from(duration).unwrap_or(i64::MAX);
                for _ in 0..MOST_WITHOUT_BREAK {
                    let end = Span::new().try_seconds(length).and_then(|length| at.checked_add(length));
                    let Some(next) = end
                        .ok()
                        .filter(|end| end.year() <= 2199)
                        .and_then(|end| cron.find_previous_occurrence(&end, true).ok())
                    else {
                        return Err(always());
                    };
                    if next == at {
                        return Ok(());
                    }
                    at = next;
                }
                Err(always())
            }
        }
    }
}

/// How often something runs in a year (365 days): a length of time between runs as `5m`, or a schedule. A cron is counted over the days
/// of 2027, on UTC's clock.
///
/// # Errors
/// In one line what was expected, for a text that is neither, and for a schedule that never comes again.
pub fn runs_a_year(text: &str) -> Result<u64, String> {
    const YEAR: u64 = 365 * 86_400;
    let often = |seconds: u64| YEAR.checked_div(seconds).filter(|runs| *runs > 0);
    let seldom = || format!("`{}` is not even once a year: expected something like 5m or rate(5 minutes)", short(text));
    if !text.contains('(') {
        let seconds = super::parse_duration(text)
            .map_err(|reason| format!("{reason}; or an expression as rate(5 minutes) or cron(0/5 * * * ? *)"))?;
        return often(seconds).ok_or_else(seldom);
    }
    match Schedule::new(text, None).map_err(|(_, reason)| reason)? {
        Schedule::Rate(seconds) => often(seconds).ok_or_else(seldom),
        Schedule::At(_) => Err(format!("`{}` runs once: expected something that runs again and again", short(text))),
        Schedule::Cron(cron, _) => {
            let mut at = DateTime::constant(2027, 1, 1, 0, 0, 0, 0);
            let mut runs = 0;
            while let Ok(next) = cron.find_next_occurrence(&at, runs == 0) {
                if next.year() != 2027 {
                    break;
                }
                (at, runs) = (next, runs + 1);
            }
            if runs > 0 { Ok(runs) } else { Err(seldom()) }
        }
    }
}

/// After so many of them, each beginning before the one before it is over, no break is looked for.
const MOST_WITHOUT_BREAK: u32 = 10_000;

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

fn cron(text: &str) -> Result<Cron, String> {
    let text = text.to_ascii_uppercase();
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Err(format!(
            "the cron has {} fields: expected 6, minutes, hours, day of the month, month, day of the week and year, as cron(0 2 ? * SUN *)",
            fields.len()
        ));
    }
    let mut plain = vec!["0".to_owned()];
    for (field, given) in FIELDS.iter().zip(&fields) {
        let read = field.plain(given);
        plain.push(
            read.ok_or_else(|| format!("the cron's field {} is `{}`: {}", field.name, short(given), field.expected()))?,
        );
    }
    match (fields[2], fields[4]) {
        ("?", "?") => return Err(
            "the cron says neither a day of the month nor one of the week: expected one ? of them, and * for every day"
                .to_owned(),
        ),
        (month, week) if month != "?" && week != "?" => {
            return Err("the cron says a day of the month and one of the week: expected ? for one of them".to_owned());
        }
        _ => {}
    }
    // Only a star that stands alone says to the library that the other day counts.
    for (at, given) in [(3, fields[2]), (5, fields[4])] {
        if matches!(given, "?" | "*") {
            "*".clone_into(&mut plain[at]);
        }
    }
    let parser =
        CronParser::builder().seconds(Seconds::Required).year(Year::Required).alternative_weekdays(true).build();
    parser.parse(&plain.join(" ")).map_err(|error| format!("the cron cannot be read ({error})"))
}

fn rate(text: &str) -> Option<u64> {
    let (value, unit) = text.trim().split_once(char::is_whitespace)?;
    let value = u64::from(number(value)?);
    let unit = match unit.trim() {
        "minute" | "minutes" => 60,
        "hour" | "hours" => 3600,
        "day" | "days" => 86_400,
        _ => return None,
    };
    (value > 0).then_some(value * unit)
}

fn zone(name: Option<&str>) -> Result<TimeZone, Wrong> {
    let Some(name) = name else { return Ok(TimeZone::UTC) };
    TimeZone::get(name).map_err(|_| {
        let near = jiff::tz::db()
            .available()
            .map(|known| known.to_string())
            .min_by_key(|known| strsim::osa_distance(&known.to_ascii_lowercase(), &name.to_ascii_lowercase()));
        let near = near.filter(|known| strsim::osa_distance(known, name) <= 3);
        let hint = near.map_or_else(String::new, |known| format!(", perhaps {known}"));
        let reason = format!("there is no time zone `{}`{hint}: expected one of IANA's, as Europe/Berlin", short(name));
        ("timezone", reason)
    })
}

/// When a minute of the wall clock happens, in Unix seconds.
fn instant(zone: &TimeZone, wall: DateTime) -> Option<i64> {
    let at = match zone.to_ambiguous_timestamp(wall).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(wall).ok()?,
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(wall).ok()?,
        AmbiguousOffset::Gap { before, .. } => {
            // By the clock as it went before, the minute lies at the change or behind it.
            let behind = before.to_timestamp(wall).ok()?.checked_add(Span::new().seconds(1)).ok()?;
            zone.preceding(behind).next()?.timestamp()
        }
    };
    Some(at.as_second())
}

/// The furthest that the wall clock has come by this time: more than it shows, where it went back and has not come there again.
fn reached(zone: &TimeZone, now: i64) -> Option<DateTime> {
    let now = Timestamp::from_second(now).ok()?;
    let wall = zone.to_datetime(now);
    if let AmbiguousOffset::Fold { .. } = zone.to_ambiguous_timestamp(wall).offset() {
        let change = zone.preceding(now.checked_add(Span::new().seconds(1)).ok()?).next();
        let before = change.and_then(|change| change.timestamp().checked_sub(Span::new().seconds(1)).ok());
        return Some(before.map_or(wall, |before| wall.max(zone.to_datetime(before))));
    }
    Some(wall)
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
