//! Whatever happens: random histories.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

const SUBJECTS: [&str; 9] = [
    "/a",
    "/o/x",
    "/o/y",
    "/b",
    "dev:/a",
    "dev:/o/x",
    "b1/prod:/a",
    "=https://api.example.com/x",
    "=prod=https://api.example.com/y",
];

fn cell() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        5 => Just("."),
        5 => Just("!"),
        6 => select(vec!["!m", "!b", "!r", "!d", "!u", "!t", "!*", "!m*", "!#", "?", "-"]),
    ]
}

fn words() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        6 => Just(""),
        5 => select(vec!["d2", "d1", "+3600", "partial", "unread", "late", "window", "ack3600", "d3 window", "+100000"]),
        4 => Just("window"),
    ]
}

fn history() -> impl Strategy<Value = Vec<(Vec<&'static str>, &'static str)>> {
    let all = |cell| Just(vec![cell; SUBJECTS.len()]);
    let run = prop_oneof![
        3 => proptest::collection::vec(cell(), SUBJECTS.len()),
        2 => all("."),
        1 => all("!"),
    ];
    proptest::collection::vec((run, words()), 1..30)
}

fn numbers(ids: &[String], suffix: &str) -> Vec<u64> {
    ids.iter().filter_map(|id| id.strip_suffix(suffix)?.strip_prefix("gp-")?.parse().ok()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) })]

    #[test]
    fn whatever_happens_is_told_once_and_in_order(history in history(), grace in select(vec![0u64, 400])) {
        let mut past = Past::with(|alerts| (alerts.remind_after, alerts.deployment_grace) = (900, grace));
        let subjects: Vec<SubjectId> = SUBJECTS.iter().map(|text| subject(text)).collect();
        let mut ids: BTreeMap<String, u32> = BTreeMap::new();
        let mut open: Vec<u64> = Vec::new();
        let mut failing: BTreeMap<&SubjectId, u32> = BTreeMap::new();
        for (cells, words) in history {
            let told = past.run(&subjects, &cells, words);

            // The same ledger and the same sights come to the same decision.
            let decision = past.last.clone();
            let after = std::mem::replace(&mut past.ledger, past.before.clone());
            past.decide();
            prop_assert_eq!(&past.last, &decision);

            // The ledger is what was written of it.
            let json = serde_json::to_string(&past.ledger).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Ledger>(&json).unwrap(), &after);

            // The same run again, under its name or begun before this was written down, tells nothing twice.
            past.now += 1;
            let retried: Vec<String> = past.decide();
            prop_assert!(retried.is_empty(), "{:?}", retried);
            past.seen.run.push_str("-again");
            let retried: Vec<String> = past.decide();
            prop_assert!(retried.iter().all(|id| !ids.contains_key(id) && !told.contains(id)), "{retried:?}");
            prop_assert!(retried.is_empty(), "{words} {told:?} {retried:?}");
            past.ledger = after;
            past.now -= 1;

            for id in &told {
                prop_assert_eq!(ids.insert(id.clone(), past.runs), None, "{} twice", id);
            }
            open.extend(numbers(&told, "-opened"));
            for number in numbers(&told, "-resolved") {
                let at = open.iter().position(|other| *other == number);
                prop_assert!(at.is_some(), "gp-{number} was never opened");
                open.remove(at.unwrap());
            }
            for (id, transition) in past.told() {
                if let Some(incident) = transition.incident() {
                    prop_assert!(open.contains(&incident.number) || id.ends_with("-resolved"));
                    prop_assert!(incident.examples.len() <= 3 && !incident.members.is_empty());
                    let is_held = |subject: &SubjectId| past.in_window && subject.stage() == Some(("a1", "prod"));
                    let counts = |member: &&Member| member.failing || id.ends_with("-resolved");
                    let mut members = incident.members.iter().filter(counts);
                    prop_assert!(!members.all(|member| is_held(&member.subject)), "{id} in a window");
                }
            }
            // Nobody is in two incidents, or in one and in trouble.
            let mut members: Vec<&SubjectId> =
                past.ledger.incidents.iter().flat_map(|i| i.members.iter().map(|m| &m.subject)).collect();
            let all = members.len();
            members.sort();
            members.dedup();
            prop_assert_eq!(members.len(), all);
            prop_assert!(members.iter().all(|member| !past.ledger.troubles.contains_key(member)));
            // People know of everything that is written down as told, and of nothing else.
            let known = past.ledger.incidents.iter().filter(|incident| incident.told_at.is_some());
            let mut known: Vec<u64> = known.map(|incident| incident.number).collect();
            known.sort_unstable();
            open.sort_unstable();
            prop_assert_eq!(&known, &open);

            // What fails long enough is in an incident that people know of.
            for (subject, cell) in subjects.iter().zip(&cells) {
                let count = failing.entry(subject).or_default();
                let late = words.contains("late");
                *count = match cell.get(..1) {
                    _ if late => *count,
                    Some("!") => *count + 1,
                    Some("?") => *count,
                    _ => 0,
                };
                let is_held = cell.contains('#') || past.in_window || grace > 0;
                if *count >= 3 && cell.starts_with('!') && !is_held && !late {
                    let incident = past.ledger.incidents.iter().find(|i| i.members.iter().any(|m| m.subject == *subject));
                    prop_assert!(incident.is_some_and(|incident| incident.told_at.is_some()), "{subject} {incident:?}");
                }
            }
            // What holds nothing back notes nothing.
            prop_assert!(past.ledger.held_back.values().all(|held| !held.opened.is_empty() || !past.in_window));
        }
    }

    #[test]
    fn no_ledger_is_too_strange(
        times in proptest::collection::vec(any::<i64>(), 12),
        now in any::<i64>(),
        counts in proptest::collection::vec(any::<u32>(), 6),
    ) {
        let mut past = Past::with(|alerts| {
            (alerts.failing, alerts.of, alerts.healthy, alerts.flapping) = (counts[0], counts[1], counts[2], counts[3]);
            (alerts.remind_after, alerts.remind_at_most) = (u64::from(counts[4]) << 31, u64::MAX);
            alerts.deployment_grace = u64::MAX;
            alerts.weekly_digest = true;
        });
        past.live("/a /b\n! .");
        let subjects = [subject("/a"), subject("/b")];
        for trouble in past.ledger.troubles.values_mut() {
            (trouble.runs, trouble.seen, trouble.since, trouble.at) = (counts[5], counts[4], times[0], times[1]);
        }
        past.ledger.stages.values_mut().for_each(|mark| mark.changed_at = Some(times[2]));
        past.ledger.digest_at = Some(times[3]);
        past.ledger.last_run.as_mut().unwrap().started_at = times[4];
        for (at, reminders) in counts.into_iter().take(3).enumerate() {
            past.run(&subjects, &["!", "!m"], "");
            past.ledger.last_run = None;
            past.now = now;
            past.seen.started_at = times[5];
            past.decide();
            for incident in &mut past.ledger.incidents {
                (incident.since, incident.opened_at, incident.told_at) = (times[6], times[7], Some(times[8]));
                (incident.remind_at, incident.acknowledged_until) = (Some(times[9]), Some(times[10]));
                incident.reminders = reminders;
                if at == 1 {
                    incident.members.clear();
                }
            }
            past.now = START + times[11] % 1_000_000;
        }
    }
}
