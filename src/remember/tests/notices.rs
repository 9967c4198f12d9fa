//! Deployments, the first message and the weekly one, and a clock that jumps.

use super::*;

fn texts(past: &Past) -> Vec<&str> {
    past.ledger.events.iter().map(|event| event.text.as_str()).collect()
}

#[test]
fn a_deployment_is_told_once() {
    let mut past = Past::new();
    past.live(
        "/a
          .
          .  ; d2 => deployment-a1-prod-1
          .
          .  ; d1 => deployment-a1-prod-2",
    );
    assert_eq!(
        texts(&past),
        [
            "deployment d2 (was d1): 1 added, 0 removed, 0 changed",
            "deployment d1 (was d2): 1 added, 0 removed, 0 changed",
        ]
    );
    let mark = &past.ledger.stages["a1/prod"];
    assert_eq!((mark.deployment.as_deref(), mark.changed_at), (Some("d1"), Some(past.now - 10)));
}

#[test]
fn a_deployment_that_changes_no_method_is_an_event() {
    let mut past = Past::new();
    past.live(
        "/a
          .",
    );
    let ledger = past.ledger.clone();
    past.run(&[subject("/a")], &["."], "d2");
    past.ledger = ledger;
    past.seen.stages[0].change = None;
    assert!(past.decide().is_empty());
    assert_eq!(texts(&past), ["deployment d2 (was d1)"]);
}

#[test]
fn a_deployment_that_a_run_of_another_api_did_not_see_is_as_old_as_aws_says() {
    let mut past = Past::new();
    past.live(
        "/a
          .
          .",
    );
    let deployed_at = past.now + 100;
    past.stages = vec![("b2", "prod")];
    past.live(
        "/a
          -  ; partial",
    );
    assert_ne!(past.ledger.last_run, past.ledger.last_whole);
    past.stages = vec![("a1", "prod"), ("b2", "prod")];
    let ledger = past.ledger.clone();
    past.run(&[subject("/a")], &["."], "d2");
    past.ledger = ledger;
    past.seen.stages[0].deployed_at = Some(deployed_at);
    past.decide();
    assert_eq!(past.ledger.stages["a1/prod"].changed_at, Some(deployed_at));
}

#[test]
fn an_older_run_does_not_take_a_deployment_back() {
    let mut past = Past::new();
    past.live(
        "/a
          .
          .  ; d2 => deployment-a1-prod-1",
    );
    past.run(&[subject("/a")], &["."], "d1");
    let mut past = Past::new();
    past.live(
        "/a
          .
          .  ; d2 => deployment-a1-prod-1",
    );
    past.seen.run = "older".to_owned();
    past.seen.started_at = past.now - 20;
    past.seen.stages[0].deployment = Some("d1".to_owned());
    assert!(past.decide().is_empty());
    assert_eq!(past.ledger.stages["a1/prod"].deployment.as_deref(), Some("d2"));
}

#[test]
fn a_stage_that_is_gone_is_forgotten() {
    let mut past = Past::new();
    past.live(
        "/a
          .
          .  ; -dev unread
          .  ; partial
          .  ; late",
    );
    assert!(past.ledger.stages.contains_key("a1/dev"));
    past.live(
        "/a
          .",
    );
    assert!(!past.ledger.stages.contains_key("a1/dev"));
    assert_eq!(texts(&past), ["the stage is gone"]);
}

#[test]
fn the_first_run_says_what_is_watched() {
    let mut past = Past::new();
    past.ledger = Ledger::default();
    past.live(
        "/a
          .  => watching-1
          .",
    );
    assert_eq!(past.ledger.greeted_at, Some(START + 300));
    assert_eq!(past.ledger.runs, 2);
    let last = past.ledger.last_run.as_ref().unwrap();
    assert_eq!((last.run.as_str(), last.started_at, last.ended_at), ("run-2", START + 590, START + 600));
}

#[test]
fn the_digest_comes_every_week() {
    let mut past = Past::with(|alerts| alerts.weekly_digest = true);
    past.live(
        "/a
          !  ; +604500
          !  => gp-1-opened digest-2
          !
          !  ; +604500 partial
          !  ; +86400 partial => digest-3",
    );
    let mut past = Past::with(|alerts| alerts.weekly_digest = true);
    past.live(
        "/a
          !
          !  => gp-1-opened
          !  ; +604500 partial
          !  => digest-2",
    );
    let Transition::Digest { before, open, events, .. } = &past.told()[0].1 else { panic!() };
    assert_eq!((before, open.len()), (&None, 1));
    assert_eq!(*events, ["2027-01-15T08:10:00Z gp-1: orders, stage prod, GET /a: path-unknown (1 failing)"]);
    Past::new().live(
        "/a
          .  ; +604800",
    );
}

#[test]
fn a_clock_that_jumps_back_stops_nothing() {
    let mut past = Past::with(|alerts| alerts.remind_after = 3600);
    past.live(
        "/a /b
          !  .
          !  .  => gp-1-opened
          !  !",
    );
    past.live(
        "/a /b
          !  .  ; +-1000000
          !  .
          .  .
          .  .  => gp-1-resolved",
    );
    let mut past = Past::with(|alerts| alerts.remind_after = 600);
    past.live(
        "/a
          !
          !  => gp-1-opened
          .  ; +-1000000",
    );
    let notes = &past.last.as_ref().unwrap().notes;
    assert_eq!(notes.len(), 1);
    assert!(notes[0].starts_with("the clock stands 1000000 s before"), "{notes:?}");
    let incident = past.incident(1);
    assert_eq!((incident.opened_at, incident.members[0].good), (past.now, 1), "the run counts");
    assert_eq!(incident.remind_at, Some(past.now + 600));
    past.live(
        "/a
          .  => gp-1-resolved",
    );
}

#[test]
fn two_clocks_that_differ_a_little_are_not_worth_a_word() {
    let mut past = Past::new();
    past.live(
        "/a
          !
          !   ; +-200",
    );
    let decision = past.last.as_ref().unwrap();
    assert!(decision.notes.is_empty(), "{:?}", decision.notes);
    assert!(decision.transitions.is_empty(), "it began before the outcome was written down");
}

#[test]
fn events_are_kept_to_five_hundred() {
    let mut past = Past::new();
    past.live(
        "/a
          .",
    );
    let event =
        Event { at: START, kind: EventKind::Acknowledged, api: None, api_name: None, stage: None, text: String::new() };
    past.ledger.events = vec![event; 500];
    past.live(
        "/a
          .  ; d2 => deployment-a1-prod-1",
    );
    assert_eq!(past.ledger.events.len(), 500);
    assert_eq!(past.ledger.events[499].kind, EventKind::Deployment);
}

#[test]
fn closed_incidents_are_kept_while_they_tell_of_flapping() {
    let mut past = Past::new();
    let closed = |opened_at| Closed {
        number: 1,
        scope: Scope::Api { api: "a1".to_owned() },
        cause: Cause::PathUnknown,
        opened_at,
        closed_at: opened_at,
        ended: Ended::Healthy,
    };
    past.ledger.closed = (0..250).map(|at| closed(START + at)).collect();
    past.live(
        "/a
          .",
    );
    assert_eq!(past.ledger.closed.len(), 200);
    assert_eq!(past.ledger.closed[0].opened_at, START + 50);
    past.live(
        "/a
          .  ; +21400",
    );
    assert_eq!(past.ledger.closed.len(), 149, "{:?}", past.ledger.closed.first());
}
