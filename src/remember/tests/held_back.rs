//! What is not told, and what becomes of it.

use super::*;

#[test]
fn reminders_come_at_a_growing_interval() {
    let set = |alerts: &mut Alerts| (alerts.remind_after, alerts.remind_at_most) = (600, 1500);
    let mut past = Past::with(set);
    past.live(
        "/a
          !
          !   => gp-1-opened
          !
          !   => gp-1-reminder-1
          !
          !
          !
          !   => gp-1-reminder-2
          !
          !
          !
          !
          !   => gp-1-reminder-3
          .
          .   => gp-1-resolved",
    );
    let mut past = Past::with(set);
    past.live(
        "/a
          !
          !   => gp-1-opened
          !   ; ack1000
          !
          !
          !   => gp-1-reminder-1",
    );
    assert_eq!(past.incident(1).acknowledged_until, None);
    // Late by days: one reminder, not one for each that was missed.
    past.live(
        "/a
          !   ; +86400 => gp-1-reminder-2
          !",
    );
}

#[test]
fn no_reminder_of_what_answers_and_none_where_none_is_wanted() {
    let mut past = Past::with(|alerts| (alerts.remind_after, alerts.healthy) = (600, 5));
    past.live(
        "/a
          !
          !   => gp-1-opened
          .
          .   ; +6000",
    );
    let mut past = Past::new();
    past.live(
        "/a
          !
          !   => gp-1-opened
          !   ; +600000",
    );
    assert_eq!(past.incident(1).remind_at, None);
    past.alerts.remind_after = 600;
    past.live(
        "/a
          !
          !
          !   => gp-1-reminder-1",
    );
}

#[test]
fn a_window_holds_an_incident_back_until_it_ends() {
    let mut past = Past::new();
    past.live(
        "/a  dev:/b
          .     .
          !     !m    ; window
          !     !m    ; window => gp-1-opened
          !     !m    ; window",
    );
    assert_eq!(past.incident(2).held_by.as_deref(), Some("maintenance window night"));
    assert_eq!(past.incident(2).told_at, None);
    past.live(
        "/a  dev:/b
          !     !m    => window-3 gp-2-opened",
    );
    let Transition::Window { name, held_back, .. } = &past.told()[0].1 else { panic!() };
    assert_eq!(name, "night");
    assert_eq!(*held_back, ["gp-2: orders, stage prod, GET /a: path-unknown (1 failing): still failing"]);
    let incident = past.incident(2);
    assert_eq!((incident.since, incident.held_by.clone()), (START + 590, None));
    assert!(past.ledger.held_back.is_empty());
}

#[test]
fn what_came_and_went_in_a_window_is_a_line_of_its_summary() {
    let mut past = Past::new();
    past.live(
        "/a
          .
          !   ; window
          !   ; window
          .   ; window
          .   ; window
          .   => window-2
          .",
    );
    let mut past = Past::new();
    past.live(
        "/a
          .
          !   ; window
          !   ; window
          .   ; window
          .   => window-2",
    );
    let Transition::Window { held_back, .. } = &past.told()[0].1 else { panic!() };
    assert_eq!(*held_back, ["gp-1: orders, stage prod, GET /a: path-unknown (1 failing): over"]);
    // Nothing happened, nothing is told.
    Past::new().live(
        "/a
          .   ; window
          !   ; window
          .",
    );
}

#[test]
fn what_answers_when_the_window_ends_is_not_told_as_failing() {
    let mut past = Past::with(|alerts| alerts.healthy = 3);
    past.live(
        "/a
          .
          !   ; window
          !   ; window
          .   => window-2
          .
          .",
    );
    assert!(past.ledger.incidents.is_empty());
    let mut past = Past::with(|alerts| alerts.healthy = 3);
    past.live(
        "/a
          .
          !   ; window
          !   ; window
          .   => window-2
          !   => gp-1-opened",
    );
}

#[test]
fn the_end_of_what_people_know_waits_for_the_windows_end() {
    Past::new().live(
        "/a
          !
          !   => gp-1-opened
          .   ; window
          .   ; window
          .   ; window
          .   => gp-1-resolved",
    );
    Past::new().live(
        "/a
          !
          !   => gp-1-opened
          .   ; window
          .   ; window
          !   ; window
          .
          .   => gp-1-resolved",
    );
}

#[test]
fn nobody_is_reminded_in_a_window_or_told_of_growth() {
    let mut past = Past::with(|alerts| (alerts.remind_after, alerts.most_of_a_stage) = (600, 100));
    past.live(
        "/a /b /c
          !b .  .
          !b .  .  => gp-1-opened
          !b !b .  ; window
          !b !b .  ; window
          !  !  .  ; window
          !  !  .  => window-2 gp-1-grew-3
          !  !  .
          !  !  .  => gp-1-reminder-1",
    );
}

#[test]
fn a_severity_that_rose_in_a_window_is_summed_up() {
    let mut past = Past::new();
    past.live(
        "/a
          !b
          !b  => gp-1-opened
          !   ; window
          !   => window-2 gp-1-grew-3
          !",
    );
    past.live(
        "/a
          !",
    );
    let mut past = Past::new();
    past.live(
        "/a
          !b
          !b  => gp-1-opened
          !   ; window
          !b  => window-2",
    );
    let Transition::Window { held_back, .. } = &past.told()[0].1 else { panic!() };
    assert_eq!(
        *held_back,
        ["gp-1: orders, stage prod, GET /a: path-unknown (1 failing), it became worse: still failing"]
    );
}

#[test]
fn a_member_outside_the_window_is_told() {
    let mut past = Past::new();
    past.live(
        "/a  dev:/a
          .     .
          !d    !d    ; window
          !d    !d    ; window => gp-1-opened
          !d    .     ; window
          .     .     ; window
          .     .     ; window => gp-1-resolved",
    );
}

#[test]
fn deployments_in_a_window_are_summed_up() {
    let mut past = Past::new();
    past.live(
        "/a
          .
          .   ; d2 window
          .   => window-2",
    );
    let Transition::Window { held_back, .. } = &past.told()[0].1 else { panic!() };
    assert_eq!(*held_back, ["orders, stage prod: deployment d2 (was d1): 1 added, 0 removed, 0 changed"]);
}

#[test]
fn a_window_that_was_taken_out_of_the_config_is_over() {
    let mut past = Past::new();
    past.live(
        "/a
          .
          !   ; window
          !   ; window",
    );
    past.ledger.held_back.get_mut("night").unwrap().ends_at = i64::MAX;
    past.live(
        "/a
          !   => gp-1-opened",
    );
    let mut past = Past::new();
    past.live(
        "/a
          .
          !   ; window
          !   ; window
          .   ; window
          .   ; window",
    );
    past.ledger.held_back.get_mut("night").unwrap().ends_at = i64::MAX;
    past.alerts.windows.clear();
    past.live(
        "/a
          .   => window-2",
    );
}

#[test]
fn the_time_after_a_deployment_is_quiet() {
    let mut past = Past::with(|alerts| alerts.deployment_grace = 400);
    past.live(
        "/a
          .
          !*  ; d2 => deployment-a1-prod-2",
    );
    assert_eq!(past.incident(1).held_by.as_deref(), Some("the time of grace after a deployment"));
    past.live(
        "/a
          !
          !   => gp-1-opened",
    );
    Past::with(|alerts| alerts.deployment_grace = 700).live(
        "/a
          .
          !*  ; d2 => deployment-a1-prod-2
          .
          .",
    );
}

#[test]
fn the_grace_counts_from_when_aws_says_it_was_deployed() {
    let told = |made: i64, grace| {
        let mut past = Past::with(|alerts| alerts.deployment_grace = grace);
        past.live(
            "/a
              .",
        );
        let ledger = past.ledger.clone();
        past.run(&[subject("/a")], &["!*"], "d2");
        past.ledger = ledger;
        past.seen.stages[0].deployed_at = Some(START + made);
        past.decide().len()
    };
    // The runs began at 290 and at 590; it is decided at 600.
    assert_eq!(told(500, 90), 2, "made since the last run, and not young any more");
    assert_eq!(told(500, 110), 1, "still young");
    assert_eq!(told(100, 90), 1, "an older one that the stage was pointed at since the last run");
    assert_eq!(told(9000, 90), 1, "a clock that runs ahead");
}

#[test]
fn the_ignored_open_nothing_and_are_watched() {
    let mut past = Past::new();
    past.live(
        "/a
          !#
          !#
          !#",
    );
    assert_eq!(past.ledger.troubles.len(), 1);
    past.live(
        "/a
          !   => gp-1-opened
          !#
          .#
          .#  => gp-1-resolved",
    );
    let mut past = Past::with(|alerts| alerts.remind_after = 300);
    past.live(
        "/a
          !
          !   => gp-1-opened
          !#
          !#
          !   => gp-1-reminder-1",
    );
}

#[test]
fn windows_that_follow_each_other_are_one() {
    let mut past = Past::new();
    past.live(
        "/a
          .
          !   ; window
          !   ; window
          .   ; window +3600
          .   ; window +3600
          .   => window-2",
    );
}

#[test]
fn what_became_worse_in_the_time_of_grace_is_told_after_it() {
    let mut past = Past::with(|alerts| alerts.deployment_grace = 400);
    past.live(
        "/a
          !b
          !b  => gp-1-opened
          !   ; d2 => deployment-a1-prod-2
          !
          !   => gp-1-grew-3
          !",
    );
    assert_eq!(past.incident(1).severity, Severity::Critical);
}

#[test]
fn what_was_told_in_spite_of_a_window_is_not_held_back() {
    let mut past = Past::new();
    past.live(
        "/a  dev:/b  /c /d /e
          .     .     .  .  .
          !d    .     .  .  .  ; window
          !d    !d    .  .  .  ; window
          !d    !d    .  .  .  ; window => gp-1-opened
          !d    !d    .  .  .",
    );
    assert!(past.ledger.held_back.is_empty());
}

#[test]
fn the_summary_tells_how_it_was_last() {
    let mut past = Past::with(|alerts| alerts.failing = 1);
    past.live(
        "/o/a /o/b /c /d /e
          .    .   .  .  .
          !    .   .  .  .  ; window
          !    !   .  .  .  ; window
          !    !   .  .  .  => window-2 gp-1-opened",
    );
    let Transition::Window { held_back, .. } = &past.told()[0].1 else { panic!() };
    assert_eq!(*held_back, ["gp-1: orders, stage prod, /o and below: path-unknown (2 failing): still failing"]);
}

#[test]
fn a_window_goes_before_the_other_reasons() {
    let mut past = Past::with(|alerts| alerts.failing = 1);
    past.live(
        "/a  dev:/b  /c /d /e
          !d    .     .  .  .  => gp-1-opened
          !d    !d    .  .  .  => gp-1-grew-2
          !d    !d#   .  .  .  ; window",
    );
    assert_eq!(past.incident(1).held_by.as_deref(), Some("maintenance window night"));
    past.live(
        "/a  dev:/b  /c /d /e
          .     .    .  .  .",
    );
    assert_eq!(past.incident(1).held_by, None);
}

#[test]
fn a_shorter_interval_counts_at_once() {
    let mut past = Past::with(|alerts| (alerts.remind_after, alerts.remind_at_most) = (80_000, 80_000));
    past.live(
        "/a
          !
          !   => gp-1-opened
          !",
    );
    past.alerts.remind_after = 600;
    past.alerts.remind_at_most = 600;
    past.live(
        "/a
          !
          !
          !   => gp-1-reminder-1",
    );
}

#[test]
fn a_stage_that_is_new_has_its_time_of_grace() {
    let mut past = Past::with(|alerts| (alerts.failing, alerts.deployment_grace) = (1, 60));
    past.run(&[subject("/a")], &["!"], "");
    past.ledger = Ledger { greeted_at: Some(START), ..Ledger::default() };
    past.seen.stages[0].deployed_at = Some(past.now - 30);
    assert!(past.decide().is_empty());
    past.ledger = Ledger { greeted_at: Some(START), ..Ledger::default() };
    past.seen.stages[0].deployed_at = Some(past.now - 60);
    assert_eq!(past.decide(), ["gp-1-opened"]);
}
