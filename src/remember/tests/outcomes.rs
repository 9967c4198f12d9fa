//! How often a subject must fail, and how long it must answer.

use super::*;

#[test]
fn two_of_three_open_and_two_good_resolve() {
    Past::new().live(
        "/a
          .
          !
          !   => gp-1-opened
          !
          .
          !
          .
          .   => gp-1-resolved
          .",
    );
}

#[test]
fn one_failure_in_three_runs_is_no_incident() {
    let mut past = Past::new();
    past.live(
        "/a
          !
          .
          .
          !
          .
          .",
    );
    assert_eq!(past.ledger.troubles.len(), 1, "its window still holds the failure");
    past.live(
        "/a
          .",
    );
    assert!(past.ledger.troubles.is_empty(), "{:?}", past.ledger.troubles);
    past.live(
        "/a
          !
          .
          !  => gp-1-opened",
    );
}

#[test]
fn the_window_is_as_long_as_it_is_said_to_be() {
    Past::with(|alerts| (alerts.failing, alerts.of) = (3, 5)).live(
        "/a
          !
          .
          !
          .
          !  => gp-1-opened",
    );
    Past::with(|alerts| (alerts.failing, alerts.of) = (2, 2)).live(
        "/a
          !
          .
          !
          .
          !
          !  => gp-1-opened",
    );
    // What no config allows must not panic.
    Past::with(|alerts| (alerts.failing, alerts.of, alerts.healthy) = (0, 0, 0)).live(
        "/a
          !  => gp-1-opened
          .  => gp-1-resolved",
    );
    Past::with(|alerts| (alerts.failing, alerts.of) = (9, u32::MAX)).live(
        "/a
          !
          !",
    );
}

#[test]
fn an_unknown_outcome_leaves_everything_as_it_is() {
    let mut past = Past::new();
    past.live(
        "/a
          !
          ?
          ?
          ?
          !   => gp-1-opened
          ?
          .
          ?
          .   => gp-1-resolved",
    );
}

#[test]
fn a_confirmed_failure_that_comes_with_a_deployment_opens_at_once() {
    let prod = "deployment-a1-prod";
    Past::new().live(&format!(
        "/a  /b  dev:/c
          .   .    .
          !*  .    .
          .   .    .
          .   .    .
          .   !*   !*  ; d2  => {prod}-2 gp-1-opened
          !*  !*   .         "
    ));
    // Not confirmed, or failing from before.
    Past::new().live(&format!(
        "/a  /b
          .   .
          .   !
          !   .   ; d2  => {prod}-1"
    ));
    Past::with(|alerts| (alerts.failing, alerts.of) = (3, 3)).live(&format!(
        "/a
          .
          !*
          !*   ; d2  => {prod}-1
          !*   => gp-2-opened"
    ));
}

#[test]
fn a_run_that_began_before_the_last_outcome_says_nothing_new() {
    Past::new().live(
        "/a
          !
          !   ; late
          !   => gp-1-opened
          .
          .   ; late
          .   => gp-1-resolved
          !
          !   => gp-2-opened
          .
          !   ; late
          .   => gp-2-resolved",
    );
    // A late run cannot say that something is gone either.
    Past::new().live(
        "/a
          !
          !   => gp-1-opened
          .
          -   ; late
          -   => gp-1-resolved",
    );
}

#[test]
fn the_same_run_is_written_down_once() {
    let mut past = Past::new();
    past.live(
        "/a
          !
          !   => gp-1-opened",
    );
    let ledger = past.ledger.clone();
    past.now += 1;
    assert!(past.decide().is_empty());
    assert_eq!(past.ledger, ledger);
}

#[test]
fn since_is_the_run_that_saw_it_first() {
    let mut past = Past::new();
    past.live(
        "/a /b
          !  .
          !  !  => gp-1-opened
          !  !  => gp-1-grew-2
          .  !",
    );
    let incident = past.incident(1);
    assert_eq!(incident.since, START + 290);
    assert_eq!(incident.opened_at, START + 600);
    assert_eq!(incident.told_at, Some(START + 600));
    let since: Vec<i64> = incident.members.iter().map(|member| member.since - START).collect();
    assert_eq!(since, [290, 590]);
    past.live(
        "/a /b
          !  !",
    );
    assert_eq!(past.incident(1).members[0].since, START + 1490, "it had answered in between");
}

#[test]
fn a_failing_sight_without_an_example_is_unexplained() {
    let mut past = Past::new();
    let subjects = [subject("/a")];
    for _ in 0..2 {
        past.run(&subjects, &["!"], "");
        past.seen.sights[0].example = None;
        past.ledger.last_run = None;
        past.ledger.troubles.clear();
        past.ledger.incidents.clear();
        past.alerts.failing = 1;
        assert_eq!(past.decide().len(), 1);
    }
    assert_eq!(past.ledger.incidents[0].cause, Cause::Unexplained);
}

#[test]
fn what_is_gone_resolves_and_is_called_so() {
    let ended = |history: &str| {
        let mut past = Past::new();
        past.live(history);
        let Some((_, Transition::Resolved(_, ended))) = past.told().last() else { panic!("{:?}", past.told()) };
        *ended
    };
    let gone = "dev:/a  /b
                  !      .
                  !      .  => gp-1-opened
                  -      .
                  -      .  ; -dev => gp-1-resolved";
    assert_eq!(ended(gone), Ended::Gone);
    let accepted = "/a   /b
                    !r    .
                    !r    .  => gp-1-opened
                    -     .
                    -     .  => gp-1-resolved";
    assert_eq!(ended(accepted), Ended::Accepted);
    let with_stage = "dev:/a   /b
                      !r    .
                      !r    .  => gp-1-opened
                      -     .
                      -     .  ; -dev => gp-1-resolved";
    assert_eq!(ended(with_stage), Ended::Gone);
    let one_came_back = "/a   /b
                         !r   !r
                         !r   !r  => gp-1-opened
                         -     .
                         -     .  => gp-1-resolved";
    assert_eq!(ended(one_came_back), Ended::Healthy);
}

#[test]
fn what_could_not_be_read_is_not_gone() {
    let mut past = Past::new();
    past.live(
        "/a  b1/prod:/x
          !    !
          !    !         => gp-1-opened gp-2-opened
          -    -  ; partial
          -    -  ; partial
          -    -  ; partial
          -    -  ; unread
          -    -  ; unread => gp-2-resolved
          -    -  ; unread
          -    -
          -    -         => gp-1-resolved",
    );
    // A trouble, too.
    past.live(
        "/a
          !
          -  ; unread
          -  ; partial
          !  => gp-3-opened",
    );
    Past::new().live(
        "/a
          !
          -
          !",
    );
}

#[test]
fn an_absence_that_ends_was_none() {
    Past::new().live(
        "/a
          !
          !   => gp-1-opened
          -
          .
          .   => gp-1-resolved",
    );
    Past::new().live(
        "/a
          !
          !   => gp-1-opened
          -
          !
          -
          -   => gp-1-resolved",
    );
}

#[test]
fn members_that_are_gone_are_counted_no_more() {
    let mut past = Past::new();
    past.live(
        "/o/a  /o/b  /c /d /e /f /g
          !     !    .  .  .  .  .
          !     !    .  .  .  .  .  => gp-1-opened
          !     -    .  .  .  .  .
          !     -    .  .  .  .  .",
    );
    assert_eq!(past.incident(1).members.len(), 1);
}

#[test]
fn a_line_of_the_contract_is_the_same_wherever_it_leads() {
    let mut past = Past::new();
    past.live(
        "=https://api.example.com/x  =prod=https://api.example.com/x
          -    .
          !u   -
          !u   -   => gp-1-opened
          -    .
          -    .   => gp-1-resolved",
    );
    assert_eq!(past.ledger.closed[0].ended, Ended::Healthy, "and not gone");
}

#[test]
fn of_many_troubles_the_first_are_kept_whole() {
    let mut past = Past::new();
    let subjects: Vec<SubjectId> = (0..20_010).map(|at| subject(&format!("/a/{at:05}"))).collect();
    let cells = vec!["!"; subjects.len()];
    past.run(&subjects, &cells, "");
    assert_eq!(past.ledger.troubles.len(), 20_000, "one item has its largest size");
    let whole = past.ledger.troubles.values().filter(|trouble| !trouble.example.evidence.is_empty());
    assert_eq!(whole.count(), 50);
    assert_eq!(past.run(&subjects, &cells, ""), ["gp-1-opened"]);
    assert_eq!(past.incident(1).examples[0].evidence, ["it was seen"]);
}

#[test]
fn another_door_says_nothing_of_a_domain_that_was_not_read() {
    let history = "/orders /carts
        !d   !d
        !d   !d   => gp-1-opened
        .    .    ; no-domain
        .    .    ; no-domain
        .    .    ; no-domain
        .    .
        .    .    => gp-1-resolved";
    Past::new().live(history);
    let other = "/orders
        !t
        !t   => gp-1-opened
        .    ; no-domain
        .    ; no-domain => gp-1-resolved";
    Past::new().live(other);
}

#[test]
fn a_line_of_the_contract_that_could_not_be_asked_is_not_gone() {
    let history = "=https://old.example.com/x
        !
        !   => gp-1-opened
        -   ; no-contract
        -   ; no-contract
        -   ; no-contract
        -
        -   => gp-1-resolved";
    Past::new().live(history);
}
