//! One alert a cause: what makes an incident, what joins it, and when it is told again.

use super::*;

fn scopes(past: &Past) -> Vec<String> {
    past.ledger.incidents.iter().map(|incident| format!("{} [{}]", incident.scope, incident.cause)).collect()
}

/// Two runs of these cells; then the open incidents.
fn grouped(history: &str) -> Vec<String> {
    let mut past = Past::with(|alerts| alerts.failing = 1);
    let mut lines = history.lines().map(str::trim).filter(|line| !line.is_empty());
    let subjects: Vec<SubjectId> = lines.next().unwrap().split_whitespace().map(subject).collect();
    let cells: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    past.run(&subjects, &cells, "");
    scopes(&past)
}

#[test]
fn what_fails_for_one_reason_is_named_after_its_ancestor() {
    let one = grouped(
        "/orders /users /c /d
          !       .     .  .",
    );
    assert_eq!(one, ["stage prod, GET /orders [path-unknown]"]);
    let subtree = grouped(
        "/v1/orders/{id} /v1/orders /v1/ordersX /b /c /d
          !               !          .          .  .  .",
    );
    assert_eq!(subtree, ["stage prod, /v1/orders and below [path-unknown]"]);
    let stage = grouped(
        "/orders /users /c /d /e
          !       !     .  .  .",
    );
    assert_eq!(stage, ["stage prod [path-unknown]"]);
    let causes = grouped(
        "/o/a  /o/b /o/c /o/d /e /f /g /h /i
          !     !m   !    !m  .  .  .  .  .",
    );
    assert_eq!(causes, ["stage prod, /o and below [path-unknown]", "stage prod, /o and below [method-mismatch]"],);
    let apis = grouped(
        "/a  b1/prod:/a  /b
          !   !           .",
    );
    assert_eq!(apis, ["stage prod, GET /a [path-unknown]", "stage prod, GET /a [path-unknown]"]);
}

#[test]
fn a_catch_all_has_no_path() {
    let mut path = subject("/a");
    let SubjectId::Method { resource, .. } = &mut path else { unreachable!() };
    *resource = "$default".to_owned();
    let scope = super::super::grouping::common([&path, &subject("/a/b")].into_iter());
    assert_eq!(scope, Some(Scope::Stage { api: "a1".to_owned(), stage: "prod".to_owned() }));
}

#[test]
fn when_most_of_a_stage_fails_the_stage_is_the_incident() {
    let most = grouped(
        "/a  /b  /c  /d  /e  /f
          !   !m  !m  .   .   .",
    );
    assert_eq!(most, ["stage prod [method-mismatch]"]);
    let fewer = grouped(
        "/a  /b  /c  /d  /e  /f  /g
          !   !m  !b  .   .   .  .",
    );
    assert_eq!(fewer.len(), 3, "{fewer:?}");
    let unasked = grouped(
        "/a  /b  /c  /d  /e  /f  /g
          !   !m  !b  .   .   .  ?",
    );
    assert_eq!(unasked.len(), 1, "{unasked:?}");
    let few = grouped(
        "/a  /b
          !   !m",
    );
    assert_eq!(few.len(), 2, "two are no most: {few:?}");
    let ignored = grouped(
        "/a  /b  /c   /d  /e  /f
          !   !m  !m# .   .   .",
    );
    assert_eq!(ignored.len(), 2, "{ignored:?}");
}

#[test]
fn one_cause_in_every_stage_is_the_apis() {
    let api = grouped(
        "/a  dev:/a  /b dev:/b  b1/prod:/a
          !   !      .  .       !",
    );
    assert_eq!(api, ["api a1 [path-unknown]", "stage prod, GET /a [path-unknown]"]);
    let not_all = grouped(
        "/a  dev:/a  /b
          !   !m      .",
    );
    assert_eq!(not_all.len(), 2, "{not_all:?}");
    // A stage that is the incident for its most frequent cause counts by it.
    let with_stage = grouped(
        "/a  /b  /c  dev:/a  dev:/b
          !   !   !m  !       .",
    );
    assert_eq!(with_stage, ["api a1 [path-unknown]"]);
    // A stage of which nothing was learnt is not asked.
    let unasked = grouped(
        "/a  /b  dev:/a
          !   .   ?",
    );
    assert_eq!(unasked, ["stage prod, GET /a [path-unknown]"]);
}

#[test]
fn what_fails_on_the_way_to_a_domain_is_the_domains() {
    let domain = grouped(
        "/a  dev:/a  b1/prod:/a  /b  /c  /d
          !d  !u      !d          .   !   .",
    );
    assert_eq!(domain, ["domain api.example.com [network-timeout]", "stage prod, GET /c [path-unknown]"]);
    let alone = grouped(
        "/a  /b  /c
          !d  .   .",
    );
    assert_eq!(alone, ["stage prod, GET /a [network-timeout]"]);
    let endpoint = grouped(
        "/a  /b  /c  /d
          !t  !t  !t  !t",
    );
    assert_eq!(endpoint, ["stage prod [network-timeout]"], "an API's own endpoint is no domain");
}

#[test]
fn lines_of_the_contract_belong_to_their_stage_or_their_host() {
    let stage = grouped(
        "/o/a  =prod=https://x.example.com/o/b  /c
          !     !                                .",
    );
    assert_eq!(stage, ["stage prod, /o/a and below [path-unknown]"]);
    let hosts = grouped(
        "=https://old.example.com/a  =https://old.example.com/b  =https://new.example.com/c
          !                            !m                          !",
    );
    assert_eq!(hosts, ["domain old.example.com [path-unknown]", "GET https://new.example.com/c [path-unknown]",]);
    let alone = grouped(
        "=https://old.example.com/a  =https://new.example.com/c
          !                            !",
    );
    assert_eq!(alone.len(), 2, "{alone:?}");
}

#[test]
fn the_same_cause_joins_and_another_does_not() {
    let mut past = Past::new();
    past.live(
        "/v1/o/a  /v1/o/b /v1/x /v2 /c /d /e /f /g /h /i /j
          !        .       .    .   .  .  .  .  .  .  .  .
          !        !       .    .   !m .  .  .  .  .  .  .  => gp-1-opened
          !        !       .    .   !m .  .  .  .  .  .  .  => gp-1-grew-3 gp-2-opened",
    );
    assert_eq!(scopes(&past), ["stage prod, /v1/o and below [path-unknown]", "stage prod, GET /c [method-mismatch]"]);
    past.live(
        "/v1/o/a  /v1/o/b /v1/x /v2 /c /d /e /f /g /h /i /j
          !        !       !    .   !m .  .  .  .  .  .  .
          !        !       !    .   !m .  .  .  .  .  .  .  => gp-1-grew-4",
    );
    assert_eq!(past.incident(1).scope.to_string(), "stage prod, /v1 and below");
    let Transition::Grew(incident, before) = &past.told()[0].1 else { panic!() };
    assert_eq!((incident.members.len(), *before), (3, 2));
}

#[test]
fn growing_is_told_when_it_doubles_or_worsens_and_not_else() {
    let mut past = Past::with(|alerts| alerts.most_of_a_stage = 100);
    past.live(
        "/a /b /c /d /e /f /g /h /i
          !b !b .  .  .  .  .  .  .
          !b !b !b .  .  .  .  .  .  => gp-1-opened
          !b !b !b !b .  .  .  .  .
          !b !b !b !b .  .  .  .  .  => gp-1-grew-2
          !b !b !b !b .  .  .  .  .
          !b !b !b !b !  .  .  .  .
          !b !b !b !b !  .  .  .  .  => gp-1-grew-3
          !b !b !b !b !  !  .  .  .
          !b !b !b !b !  !  .  .  .
          !  !  !  !  !  !  .  .  .",
    );
    let incident = past.incident(1);
    assert_eq!((incident.severity, incident.cause), (Severity::Critical, Cause::PathUnknown));
    assert_eq!(incident.examples[0].cause, Cause::PathUnknown);
    past.live(
        "/a /b /c /d /e /f /g /h /i
          !b !b !b !b !b !b .  .  .",
    );
    let incident = past.incident(1);
    assert_eq!((incident.severity, incident.cause), (Severity::Critical, Cause::BackendStatus), "it only rises");
}

#[test]
fn a_bigger_incident_takes_what_fails_under_it_whatever_the_cause() {
    let mut past = Past::with(|alerts| alerts.most_of_a_stage = 100);
    past.live(
        "/a  /b  /c  /d  dev:/x
          !   !   .   .  .
          !   !   !m  .  !m  => gp-1-opened
          !   !   !m  .  !m  => gp-2-opened
          .   .   !m  .  !m
          .   .   !m  .  !m
          .   .   .   .  !m
          .   .   .   .  !m  => gp-1-resolved",
    );
    assert_eq!(scopes(&past), ["stage dev, GET /x [method-mismatch]"]);
}

#[test]
fn each_incident_resolves_by_its_own_members() {
    Past::with(|alerts| alerts.most_of_a_stage = 100).live(
        "/o/a  /o/b /x /y /z
          !m    .    .  .  .
          !m    .    !  !  .  => gp-1-opened
          !m    .    !  !  .  => gp-2-opened
          .     .    !  !  .
          .     .    !  !  .  => gp-1-resolved",
    );
}

#[test]
fn what_was_smaller_becomes_the_stages_incident() {
    let mut past = Past::new();
    past.live(
        "/a  /b /c /d /e /f
          !   .  .  .  .  .
          !   !m !m !m .  .  => gp-1-opened
          !   !m !m !m .  .  => gp-1-grew-2",
    );
    assert_eq!(scopes(&past), ["stage prod [method-mismatch]"]);
    // By the same cause, too.
    let mut past = Past::new();
    past.live(
        "/o/a  /o/b /o/c /d /e /f
          !     .    .   .  .  .
          !     !    !   .  .  .  => gp-1-opened
          !     !    !   .  .  .  => gp-1-grew-2",
    );
    assert_eq!(scopes(&past), ["stage prod [path-unknown]"]);
}

#[test]
fn a_second_failure_on_the_way_to_a_domain_makes_it_the_domains() {
    let mut past = Past::new();
    past.live(
        "/a  dev:/b /c /d
          !d  .     .  .
          !d  !u    .  .  => gp-1-opened
          !d  !u    .  .  => gp-1-grew-2
          !d  !u    !d .
          !d  !u    !d .",
    );
    assert_eq!(past.incident(1).scope, Scope::Domain { host: HOST.to_owned() });
    assert_eq!(past.incident(1).members.len(), 3);
}

#[test]
fn flapping_is_recognised_and_takes_longer_to_end() {
    let mut past = Past::new();
    past.live(
        "/a
          !
          !  => gp-1-opened
          .
          .  => gp-1-resolved
          !
          !  => gp-2-opened
          .
          .  => gp-2-resolved
          !
          !  => gp-3-opened",
    );
    assert_eq!((past.incident(3).times, past.incident(3).flapping), (3, true));
    past.live(
        "/a
          .
          .
          .
          .
          .
          .  => gp-3-resolved",
    );
    // Another cause, or long ago, is no flapping.
    past.live(
        "/a
          !m
          !m  => gp-4-opened
          .
          .   => gp-4-resolved
          !   ; +21600
          !   => gp-5-opened",
    );
    assert_eq!((past.incident(5).times, past.incident(5).flapping), (1, false));
}

#[test]
fn the_deployment_just_before_is_named() {
    let mut past = Past::new();
    past.live(
        "/a  /b
          .   .
          .   .  ; d2 => deployment-a1-prod-1
          !   .
          !   .  => gp-2-opened
          .   .  ; +1500
          .   !m => gp-2-resolved
          .   !m => gp-3-opened",
    );
    let after = "deployment d2 (was d1) at 2027-01-15T08:09:50Z";
    assert_eq!(past.ledger.closed.len(), 1);
    assert_eq!(past.incident(3).after, None, "that was more than half an hour before");
    let mut past = Past::new();
    past.live(
        "/a
          .
          !*  ; d2 => deployment-a1-prod-2 gp-1-opened",
    );
    assert_eq!(past.incident(1).after.as_deref(), Some(after));
}

#[test]
fn examples_are_three_of_distinct_causes() {
    let mut past = Past::new();
    past.live(
        "/a /b /c /d /e
          !  !  !  !m !b
          !  !  !  !m !b  => gp-1-opened",
    );
    let causes: Vec<Cause> = past.incident(1).examples.iter().map(|example| example.cause).collect();
    assert_eq!(causes, [Cause::PathUnknown, Cause::BackendStatus, Cause::MethodMismatch]);
}

#[test]
fn an_incident_has_room_for_five_thousand() {
    let mut past = Past::with(|alerts| alerts.failing = 1);
    let subjects: Vec<SubjectId> = (0..5010).map(|at| subject(&format!("/a/{at:05}"))).collect();
    let cells = vec!["!"; subjects.len()];
    assert_eq!(past.run(&subjects, &cells, ""), ["gp-1-opened"]);
    assert!(past.run(&subjects, &cells, "").is_empty());
    assert_eq!(past.incident(1).members.len(), 5000);
    assert_eq!(past.ledger.troubles.len(), 10, "the others are not forgotten");
    let good = vec!["."; subjects.len()];
    past.run(&subjects, &good, "");
    assert_eq!(past.run(&subjects, &good, ""), ["gp-1-resolved"]);
}

#[test]
fn what_was_long_ago_is_no_flapping() {
    let mut past = Past::with(|alerts| (alerts.failing, alerts.healthy, alerts.flapping) = (1, 1, 2));
    past.live(
        "/a
          !   => gp-1-opened
          .   => gp-1-resolved
          !   ; +21300 => gp-2-opened",
    );
    assert!(!past.incident(2).flapping);
    let mut past = Past::with(|alerts| (alerts.failing, alerts.healthy, alerts.flapping) = (1, 1, 2));
    past.live(
        "/a
          !   => gp-1-opened
          .   => gp-1-resolved
          !   ; +21299 => gp-2-opened",
    );
    assert!(past.incident(2).flapping);
}

#[test]
fn of_two_causes_as_frequent_the_one_that_it_was_stays() {
    let mut past = Past::new();
    past.live(
        "/a /b
          !m !m
          !m !m => gp-1-opened
          !m !",
    );
    assert_eq!(past.incident(1).cause, Cause::MethodMismatch);
}

#[test]
fn an_apis_incident_takes_whatever_fails_in_it() {
    let mut past = Past::with(|alerts| alerts.failing = 1);
    past.live(
        "/a  dev:/a  /b dev:/b
          !   !      .  .       => gp-1-opened
          !   !      !m .
          !   !      !m !b      => gp-1-grew-2",
    );
    assert_eq!(past.incident(1).scope, Scope::Api { api: "a1".to_owned() });
}

#[test]
fn what_recovers_does_not_become_the_stages_incident() {
    Past::with(|alerts| alerts.failing = 1).live(
        "/a  /b /c /d /e /f
          !   .  .  .  .  .  => gp-1-opened
          .   !m !m !m .  .  => gp-2-opened
          .   !m !m !m .  .  => gp-1-resolved",
    );
}

#[test]
fn what_is_missing_counts_for_nothing() {
    let mut past = Past::with(|alerts| (alerts.most_of_a_stage, alerts.healthy) = (100, 4));
    past.live(
        "/a /b /c /d
          !  !  .  .
          !  !  !m .  => gp-1-opened
          !  !  !m .
          -  -  !m .",
    );
    assert_eq!(past.incident(1).cause, Cause::MethodMismatch);
    let mut past = Past::with(|alerts| (alerts.failing, alerts.healthy) = (1, 4));
    past.live(
        "/o/a /o/b /p/c /p/d /e /f
          !    !    .    .    .  .  => gp-1-opened
          -    -    !m   !m   .  .  => gp-2-opened",
    );
    assert_eq!(past.incident(2).scope.to_string(), "stage prod, /p and below");
}

#[test]
fn a_run_that_was_cut_short_does_not_know_what_most_of_a_stage_is() {
    let history = "/o/a /o/b /o/c /o/d /e /f /g /h /i /j
        !    !    !    .    .  .  .  .  .  .
        !    !    !    .    .  .  .  .  .  .   => gp-1-opened
        !    !    !    !    ?  ?  ?  ?  ?  ?   ; cut
        !    !    !    !    ?  ?  ?  ?  ?  ?   ; cut";
    let mut past = Past::new();
    past.live(history);
    assert!(matches!(&past.ledger.incidents[0].scope, Scope::Subtree { path, .. } if path == "/o"));
    let together = "/a /b /c /d /e /f /g
        !  !m !b ?  ?  ?  ?  ; cut
        !  !m !b ?  ?  ?  ?  ; cut => gp-1-opened gp-2-opened gp-3-opened";
    Past::new().live(together);
}
