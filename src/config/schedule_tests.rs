//! Windows on the wall clock: tables for both changes of the clock, and a naive oracle that walks minute by minute.

use proptest::prelude::*;

use super::super::{Alerts, Config, Window};
use super::*;

/// Unix seconds of a time in UTC, as `2026-03-29T01:00`.
fn utc(text: &str) -> i64 {
    format!("{text}:00Z").parse::<Timestamp>().unwrap().as_second()
}

/// When a window is open around a time: its beginning and end, in UTC.
fn open(schedule: &str, timezone: &str, duration: u64, now: &str) -> Option<(String, String)> {
    let mut window = Window::new("w", schedule, duration);
    window.timezone = (!timezone.is_empty()).then(|| timezone.to_owned());
    let alerts = Alerts { windows: vec![window], ..Alerts::default() };
    let text = |at: i64| Timestamp::from_second(at).unwrap().to_string().replace(":00Z", "");
    let open = alerts.window("a1b2c3", "shop", "prod", utc(now))?;
    Some((text(open.began_at), text(open.ends_at)))
}

#[test]
fn windows_open_and_close_to_the_second() {
    const HOUR: u64 = 3600;
    const BERLIN: &str = "Europe/Berlin";
    let mut wrong = Vec::new();
    for (schedule, zone, duration, now, expected) in [
        // 1 March 2026 is a Sunday.
        ("cron(0 2 ? * SUN *)", "", 2 * HOUR, "2026-03-01T01:59", None),
        ("cron(0 2 ? * SUN *)", "", 2 * HOUR, "2026-03-01T02:00", Some(("2026-03-01T02:00", "2026-03-01T04:00"))),
        ("cron(0 2 ? * SUN *)", "", 2 * HOUR, "2026-03-01T03:59", Some(("2026-03-01T02:00", "2026-03-01T04:00"))),
        ("cron(0 2 ? * SUN *)", "", 2 * HOUR, "2026-03-01T04:00", None),
        ("cron(0 2 ? * 1 *)", "", 2 * HOUR, "2026-03-01T02:00", Some(("2026-03-01T02:00", "2026-03-01T04:00"))),
        ("cron(0 2 ? * 7 *)", "", 2 * HOUR, "2026-03-01T02:00", None),
        ("cron(0 2 ? * SAT *)", "", 2 * HOUR, "2026-02-28T02:00", Some(("2026-02-28T02:00", "2026-02-28T04:00"))),
        ("cron(0 2 ? * L *)", "", 2 * HOUR, "2026-02-28T02:00", Some(("2026-02-28T02:00", "2026-02-28T04:00"))),
        ("cron(0 2 ? * FRIL *)", "", HOUR, "2026-02-27T02:00", Some(("2026-02-27T02:00", "2026-02-27T03:00"))),
        ("cron(0 2 ? * 6L *)", "", HOUR, "2026-02-20T02:00", None),
        ("cron(0 2 ? * TUE#2 *)", "", HOUR, "2026-03-10T02:00", Some(("2026-03-10T02:00", "2026-03-10T03:00"))),
        ("cron(0 2 ? * 3#2 *)", "", HOUR, "2026-03-10T02:30", Some(("2026-03-10T02:00", "2026-03-10T03:00"))),
        ("cron(0 2 L * ? *)", "", HOUR, "2028-02-29T02:30", Some(("2028-02-29T02:00", "2028-02-29T03:00"))),
        // 28 February 2026 is a Saturday, 15 March a Sunday.
        ("cron(0 2 LW * ? *)", "", HOUR, "2026-02-27T02:30", Some(("2026-02-27T02:00", "2026-02-27T03:00"))),
        ("cron(0 2 15W MAR ? *)", "", HOUR, "2026-03-16T02:30", Some(("2026-03-16T02:00", "2026-03-16T03:00"))),
        (
            "cron(15/20 8-9 ? * mon-fri 2026)",
            "",
            300,
            "2026-03-02T09:56",
            Some(("2026-03-02T09:55", "2026-03-02T10:00")),
        ),
        ("cron(15/20 8-9 ? * MON-FRI 2026)", "", 300, "2026-03-02T10:15", None),
        ("cron(15/20 8-9 ? * MON-FRI 2026)", "", 300, "2027-03-01T09:56", None),
        // Over midnight and over the year's end.
        ("cron(30 23 31 12 ? *)", "", 2 * HOUR, "2027-01-01T01:29", Some(("2026-12-31T23:30", "2027-01-01T01:30"))),
        // Clocks go forward on 29 March 2026 at 01:00 UTC: 02:00 is 03:00.
        ("cron(0 1 * * ? *)", BERLIN, 2 * HOUR, "2026-03-29T00:00", Some(("2026-03-29T00:00", "2026-03-29T02:00"))),
        ("cron(30 2 * * ? *)", BERLIN, HOUR, "2026-03-28T01:30", Some(("2026-03-28T01:30", "2026-03-28T02:30"))),
        ("cron(30 2 * * ? *)", BERLIN, HOUR, "2026-03-29T00:59", None),
        ("cron(30 2 * * ? *)", BERLIN, HOUR, "2026-03-29T01:00", Some(("2026-03-29T01:00", "2026-03-29T02:00"))),
        ("cron(30 2 * * ? *)", BERLIN, HOUR, "2026-03-29T01:59", Some(("2026-03-29T01:00", "2026-03-29T02:00"))),
        ("cron(30 2 * * ? *)", BERLIN, HOUR, "2026-03-29T02:00", None),
        ("cron(30 2 * * ? *)", BERLIN, HOUR, "2026-03-30T00:30", Some(("2026-03-30T00:30", "2026-03-30T01:30"))),
        ("cron(0 3 * * ? *)", BERLIN, HOUR, "2026-03-29T01:00", Some(("2026-03-29T01:00", "2026-03-29T02:00"))),
        // They go back on 25 October 2026 at 01:00 UTC: 03:00 is 02:00.
        ("cron(30 2 * * ? *)", BERLIN, HOUR, "2026-10-25T00:29", None),
        ("cron(30 2 * * ? *)", BERLIN, HOUR, "2026-10-25T00:30", Some(("2026-10-25T00:30", "2026-10-25T01:30"))),
        ("cron(30 2 * * ? *)", BERLIN, HOUR, "2026-10-25T01:10", Some(("2026-10-25T00:30", "2026-10-25T01:30"))),
        ("cron(30 2 * * ? *)", BERLIN, HOUR, "2026-10-25T01:30", None),
        ("cron(50 2 * * ? *)", BERLIN, HOUR, "2026-10-25T01:05", Some(("2026-10-25T00:50", "2026-10-25T01:50"))),
        ("cron(0 3 * * ? *)", BERLIN, HOUR, "2026-10-25T01:59", None),
        ("cron(0 3 * * ? *)", BERLIN, HOUR, "2026-10-25T02:00", Some(("2026-10-25T02:00", "2026-10-25T03:00"))),
        ("cron(0 1 * * ? *)", BERLIN, 3 * HOUR, "2026-10-25T01:59", Some(("2026-10-24T23:00", "2026-10-25T02:00"))),
        // A rate counts from the epoch.
        ("rate(6 hours)", "", HOUR, "2026-03-01T06:59", Some(("2026-03-01T06:00", "2026-03-01T07:00"))),
        ("rate(6 hours)", "", HOUR, "2026-03-01T07:00", None),
        ("rate(1 day)", "", HOUR, "1969-12-31T00:30", Some(("1969-12-31T00:00", "1969-12-31T01:00"))),
        ("at(2026-12-24T22:00:00)", BERLIN, HOUR, "2026-12-24T21:30", Some(("2026-12-24T21:00", "2026-12-24T22:00"))),
        ("at(2026-12-24T22:00:00)", BERLIN, HOUR, "2026-12-24T20:59", None),
        ("at(2026-12-24T22:00:00)", BERLIN, HOUR, "2027-12-24T21:30", None),
        ("at(2026-03-29T02:30:00)", BERLIN, HOUR, "2026-03-29T01:00", Some(("2026-03-29T01:00", "2026-03-29T02:00"))),
    ] {
        let found = open(schedule, zone, duration, now);
        if found.as_ref().map(|(began, ends)| (began.as_str(), ends.as_str())) != expected {
            wrong.push(format!("{schedule} {zone} at {now}: {found:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_window_is_for_the_stages_that_its_globs_fit_and_the_one_that_ends_last_counts() {
    let text = "alerts:\n  windows:\n    - {name: short, schedule: rate(1 day), duration: 1h}\n    - {name: long, api: 'shop*', stage: prod, schedule: rate(1 day), duration: 2h}\n";
    let alerts = Config::parse(text, "test").unwrap().alerts;
    let name = |api: &str, api_name: &str, stage: &str, now: i64| {
        alerts.window(api, api_name, stage, now).map(|open| (open.name, open.began_at, open.ends_at))
    };
    let (short, long) = (Some(("short".to_owned(), 0, 3600)), Some(("long".to_owned(), 0, 7200)));
    assert_eq!(name("a1", "shop-eu", "prod", 60), long);
    assert_eq!(name("shop1", "other", "prod", 60), long);
    assert_eq!(name("a1", "other", "prod", 60), short);
    assert_eq!(name("a1", "shop-eu", "dev", 60), short);
    assert_eq!(name("a1", "shop-eu", "prod", 3600), long);
    assert_eq!(name("a1", "shop-eu", "dev", 3600), None);
    assert_eq!(name("a1", "shop-eu", "prod", i64::MAX), None);
    assert_eq!(name("a1", "shop-eu", "prod", i64::MIN), None);
}

#[test]
fn crons_that_scheduler_would_refuse_are_refused() {
    for (fields, expected) in [
        ("0 2 * * *", "has 5 fields: expected 6"),
        ("0 0 2 ? * SUN *", "has 7 fields"),
        ("@daily", "has 1 fields"),
        ("60 2 ? * SUN *", "field minutes is `60`: expected 0 to 59"),
        ("0 24 ? * SUN *", "field hours is `24`: expected 0 to 23"),
        ("0 2 0 * ? *", "field day of the month is `0`: expected 1 to 31"),
        ("0 2 L-3 * ? *", "field day of the month is `L-3`"),
        ("0 2 1 MON ? *", "field month is `MON`: expected 1 to 12 or JAN to DEC"),
        ("0 2 ? * 0 *", "field day of the week is `0`: expected 1 to 7 or SUN to SAT"),
        ("0 2 ? * 8 *", "field day of the week is `8`"),
        ("0 2 ? * +MON *", "field day of the week is `+MON`"),
        ("0 2 ? * MON#6 *", "field day of the week is `MON#6`"),
        ("0 2 ? * FRI-MON *", "field day of the week is `FRI-MON`"),
        ("0 2 ? * SUN 1969", "field year is `1969`: expected 1970 to 2199"),
        ("0 2 ? * SUN 2200", "field year is `2200`"),
        ("0/0 2 ? * SUN *", "field minutes is `0/0`"),
        ("1,,2 2 ? * SUN *", "field minutes is `1,,2`"),
        ("/5 2 ? * SUN *", "field minutes is `/5`"),
        ("+5 2 ? * SUN *", "field minutes is `+5`"),
        ("? 2 ? * SUN *", "field minutes is `?`"),
        ("0 2 ? * ? *", "neither a day of the month nor one of the week"),
        ("0 2 * * * *", "a day of the month and one of the week"),
        ("0 2 1 * SUN *", "a day of the month and one of the week"),
    ] {
        let (key, reason) = Schedule::new(&format!("cron({fields})"), None).expect_err(fields);
        assert_eq!(key, "schedule");
        assert!(reason.contains(expected), "{fields}: {reason}");
    }
}

/// What a field of a cron is to be, as its text and as its values.
fn field(least: u16, most: u16) -> impl Strategy<Value = (String, Vec<u16>)> {
    let all: Vec<u16> = (least..=most).collect();
    let span = most - least;
    prop_oneof![
        2 => Just(("*".to_owned(), all)),
        3 => (least..=most).prop_map(|value| (value.to_string(), vec![value])),
        2 => (least..=most, 0..=span).prop_map(move |(first, more)| {
            let end = (first + more).min(most);
            (format!("{first}-{end}"), (first..=end).collect())
        }),
        2 => (least..=most, 1..=span).prop_map(move |(first, step)| {
            (format!("{first}/{step}"), (first..=most).step_by(usize::from(step)).collect())
        }),
        1 => (1..=span).prop_map(move |step| (format!("*/{step}"), (least..=most).step_by(usize::from(step)).collect())),
        2 => proptest::collection::vec(least..=most, 2..4).prop_map(|values| {
            (values.iter().map(ToString::to_string).collect::<Vec<_>>().join(","), values)
        }),
    ]
}

/// Whether a day is one of the days that the cron names.
#[derive(Debug, Clone)]
enum DayRule {
    OfMonth(Vec<u16>),
    OfWeek(Vec<u16>),
}

#[derive(Debug, Clone)]
struct Naive {
    text: String,
    minutes: Vec<u16>,
    hours: Vec<u16>,
    days: DayRule,
    months: Vec<u16>,
}

impl Naive {
    fn takes(&self, wall: DateTime) -> bool {
        let has = |values: &[u16], value: i8| values.iter().any(|known| i32::from(*known) == i32::from(value));
        has(&self.minutes, wall.minute())
            && has(&self.hours, wall.hour())
            && has(&self.months, wall.month())
            && match &self.days {
                DayRule::OfMonth(days) => has(days, wall.day()),
                DayRule::OfWeek(days) => has(days, wall.weekday().to_sunday_one_offset()),
            }
    }

    /// When it began last in the `back` minutes before `now`: every minute is walked, and every minute of the wall clock
    /// that was passed for the first time is asked about.
    fn last(&self, zone: &TimeZone, now: i64, back: i64) -> Option<i64> {
        let minute = now.div_euclid(60) * 60;
        let wall = |at: i64| zone.to_datetime(Timestamp::from_second(at).unwrap());
        // Four hours more, so that the clock has passed any change that its minutes are to be compared over.
        let from = minute - (back + 240) * 60;
        let mut furthest = wall(from);
        let mut last = None;
        for at in (from..=minute).step_by(60) {
            let shown = wall(at);
            while furthest < shown {
                furthest = furthest.checked_add(Span::new().minutes(1)).unwrap();
                if self.takes(furthest) && at > minute - back * 60 {
                    last = Some(at);
                }
            }
        }
        last
    }
}

fn crons() -> impl Strategy<Value = Naive> {
    let days = prop_oneof![
        field(1, 31).prop_map(|(text, days)| (text, "?".to_owned(), DayRule::OfMonth(days))),
        field(1, 7).prop_map(|(text, days)| ("?".to_owned(), text, DayRule::OfWeek(days))),
    ];
    let months = prop_oneof![4 => Just(("*".to_owned(), (1..=12).collect())), 1 => field(1, 12)];
    (field(0, 59), field(0, 23), days, months).prop_map(|(minutes, hours, (of_month, of_week, days), months)| Naive {
        text: format!("cron({} {} {of_month} {} {of_week} *)", minutes.0, hours.0, months.0),
        minutes: minutes.1,
        hours: hours.1,
        days,
        months: months.1,
    })
}

/// Zones whose clocks change, with a change of each that is looked at; one changes by half an hour, one skips a day.
const CHANGES: [(&str, &str); 9] = [
    ("UTC", "2026-03-01T00:00"),
    ("Europe/Berlin", "2026-03-29T01:00"),
    ("Europe/Berlin", "2026-10-25T01:00"),
    ("America/New_York", "2026-03-08T07:00"),
    ("America/New_York", "2026-11-01T06:00"),
    ("Australia/Lord_Howe", "2026-04-04T15:00"),
    ("Australia/Lord_Howe", "2026-10-03T15:30"),
    ("Asia/Kolkata", "2026-06-01T00:00"),
    ("Pacific/Apia", "2011-12-30T10:00"),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_cron_begins_when_a_walk_over_every_minute_says(
        naive in crons(),
        (zone, change) in proptest::sample::select(CHANGES.to_vec()),
        offset in -36_000_i64..36_000,
    ) {
        // Two days and a half: a cron of one day in the week, or of none in between, has not begun in it.
        const BACK: i64 = 3600;
        let now = utc(change) + offset;
        let schedule = Schedule::new(&naive.text, Some(zone)).unwrap();
        let found = schedule.last(now).filter(|began| *began > now.div_euclid(60) * 60 - BACK * 60);
        prop_assert_eq!(found, naive.last(&TimeZone::get(zone).unwrap(), now, BACK), "{} {}", naive.text, zone);
    }
}

#[test]
fn runs_of_a_year_are_counted() {
    for (text, runs) in [
        ("5m", 105_120),
        ("1h30m", 5840),
        ("rate(5 minutes)", 105_120),
        ("rate(1 day)", 365),
        ("cron(0 * * * ? *)", 8760),
        ("cron(0/15 8-17 ? * MON-FRI *)", 261 * 40),
        ("cron(0 2 1 * ? *)", 12),
    ] {
        assert_eq!(runs_a_year(text), Ok(runs), "{text}");
    }
    for (text, expected) in [
        ("", "this is empty"),
        ("often", "or an expression as rate(5 minutes)"),
        ("0m", "not even once a year"),
        ("rate(2 weeks)", "is no rate"),
        ("cron(* * *)", "the cron has 3 fields"),
        ("cron(0 0 1 1 ? 1999)", "not even once a year"),
        ("at(2027-01-01T00:00:00)", "runs once"),
    ] {
        let error = runs_a_year(text).unwrap_err();
        assert!(error.contains(expected), "{text}: {error}");
    }
}
