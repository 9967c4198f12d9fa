use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn read(event: &Value) -> Event {
    Event::read(event).unwrap()
}

fn refused(event: &Value) -> String {
    Event::read(event).unwrap_err().to_string()
}

/// As EventBridge passes CloudTrail's records on.
#[allow(clippy::needless_pass_by_value, reason = "as `json!` takes it")]
fn cloudtrail(detail: Value) -> Value {
    json!({
        "version": "0", "id": "36eb8523-97d0-4518-b33d-ee3579ff19f0", "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.apigateway", "account": "123456789012", "time": "2026-11-23T08:00:30Z", "region": "eu-central-1",
        "resources": [], "detail": detail,
    })
}

/// A record of version 1: the request is nested.
fn created_stage() -> Value {
    cloudtrail(json!({
        "eventVersion": "1.09", "userIdentity": {"type": "AssumedRole", "accessKeyId": "ASIAEXAMPLE"},
        "eventTime": "2026-11-23T08:00:00Z", "eventSource": "apigateway.amazonaws.com", "eventName": "CreateStage",
        "awsRegion": "eu-central-1", "sourceIPAddress": "192.0.2.1", "userAgent": "console.amazonaws.com",
        "requestParameters": {"restApiId": "a1b2c3d4e5", "createStageInput": {"deploymentId": "abc123", "stageName": "new"}, "template": false},
        "responseElements": {"stageUpdate": {"restApiId": "a1b2c3d4e5", "stageName": "new", "template": false}},
        "requestID": "r", "eventID": "e", "readOnly": false, "eventType": "AwsApiCall", "managementEvent": true,
        "recipientAccountId": "123456789012", "eventCategory": "Management",
    }))
}

/// A record of version 2: the request is flat.
fn created_stage_of_an_http_api() -> Value {
    let mut event = created_stage();
    event["detail"]["requestParameters"] =
        json!({"stageName": "5587y0s9d5aed", "autoDeploy": true, "apiId": "pxzfkfmjo7"});
    event
}

fn call(name: &str, parameters: Value) -> Value {
    let mut event = created_stage();
    event["detail"]["eventName"] = json!(name);
    event["detail"]["requestParameters"] = parameters;
    event
}

fn scheduled(source: &str) -> Value {
    json!({
        "version": "0", "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", "detail-type": "Scheduled Event", "source": source,
        "account": "123456789012", "time": "2026-11-22T12:00:00Z", "region": "us-east-1",
        "resources": ["arn:aws:scheduler:us-east-1:123456789012:schedule/default/gateprobe"], "detail": "{}",
    })
}

fn widget() -> Value {
    json!({"widgetContext": {
        "dashboardName": "Gateprobe", "widgetId": "widget-16", "accountId": "123456789012", "locale": "en",
        "timezone": {"label": "UTC", "offsetISO": "+00:00", "offsetInMinutes": 0}, "period": 300, "isAutoPeriod": true,
        "timeRange": {"mode": "relative", "start": 1_627_236_199_729_i64, "end": 1_627_322_599_729_i64, "relativeStart": 86_400_012},
        "theme": "light", "linkCharts": true, "title": "Incidents", "forms": {"all": {}}, "params": {}, "width": 588, "height": 369,
    }})
}

fn samples() -> Vec<Value> {
    vec![
        json!({}),
        Value::Null,
        scheduled("aws.scheduler"),
        scheduled("aws.events"),
        created_stage(),
        created_stage_of_an_http_api(),
        call("DeleteBasePathMapping", json!({"basePath": "v1", "domainName": "api.example.com", "template": false})),
        widget(),
        json!({"describe": true}),
    ]
}

#[test]
fn the_schedule_and_an_empty_event_are_full_runs() {
    for event in [json!({}), Value::Null, scheduled("aws.scheduler"), scheduled("aws.events")] {
        assert_eq!(read(&event), Event::Run, "{event}");
    }
}

#[test]
fn a_change_is_of_the_api_that_the_call_names() {
    let change = |api: &str, call, region: &str| {
        let changed = Changed::Api(api.to_owned());
        Event::Changed(Change { changed, call, at: Some(1_795_420_800), region: Some(region.to_owned()) })
    };
    assert_eq!(read(&created_stage()), change("a1b2c3d4e5", "CreateStage", "eu-central-1"));
    assert_eq!(read(&created_stage_of_an_http_api()), change("pxzfkfmjo7", "CreateStage", "eu-central-1"));
    let deployed = call("CreateDeployment", json!({"restApiId": "a1", "createDeploymentInput": {"stageName": "prod"}}));
    assert_eq!(read(&deployed), change("a1", "CreateDeployment", "eu-central-1"));
    let mut undated = deployed;
    undated["detail"]["eventTime"] = json!("yesterday");
    undated["detail"]["awsRegion"] = json!(null);
    let Event::Changed(Change { at, region, .. }) = read(&undated) else { panic!("a change") };
    assert_eq!((at, region.as_deref()), (None, Some("eu-central-1")), "what CloudTrail dates wrongly is not dated");
}

#[test]
fn a_domain_may_lead_anywhere() {
    let nested =
        json!({"domainName": "api.example.com", "createBasePathMappingInput": {"restApiId": "a1", "stage": "prod"}});
    for (name, parameters) in [
        ("CreateBasePathMapping", nested),
        ("UpdateApiMapping", json!({"apiMappingId": "m", "domainName": "d"})),
        ("DeleteDomainName", json!(null)),
        ("PutRoutingRule", json!({})),
        ("DeleteRestApi", json!({"restApiId": "a1"})),
    ] {
        let Event::Changed(change) = read(&call(name, parameters)) else { panic!("{name} is a change") };
        assert_eq!((change.changed, change.call), (Changed::Everything, name));
    }
}

#[test]
fn what_changes_no_route_is_ignored_and_says_why() {
    let api = || json!({"restApiId": "a1", "template": false});
    let mut failed = created_stage();
    failed["detail"]["errorCode"] = json!("ConflictException");
    let mut odd = failed.clone();
    odd["detail"]["errorCode"] = json!("<b>secret</b>");
    for (event, why) in [
        (call("PutMethod", api()), "PutMethod changes nothing that a stage serves"),
        (call("GetRestApis", json!(null)), "GetRestApis changes nothing that a stage serves"),
        (call("CreateAuthorizer", api()), "CreateAuthorizer of a REST API changes nothing before it is deployed"),
        (call("<script>", api()), "a call of another kind changes nothing that a stage serves"),
        (failed, "CreateStage failed with ConflictException, and changed nothing"),
        (odd, "CreateStage failed with an error, and changed nothing"),
    ] {
        assert_eq!(read(&event), Event::Ignored(why.to_owned()));
    }
    let http = call("CreateAuthorizer", json!({"apiId": "a1"}));
    assert!(matches!(read(&http), Event::Changed(_)), "an HTTP API may deploy it at once");
}

#[test]
fn a_change_settles_a_minute_after_it_was_made() {
    let change = |at| Change { changed: Changed::Everything, call: "CreateStage", at, region: None };
    for (at, left) in [
        (Some(1000), 65),
        (Some(990), 55),
        (Some(935), 0),
        (Some(0), 0),
        (Some(i64::MIN), 0),
        (Some(i64::MAX), 65),
        (None, 65),
    ] {
        assert_eq!(change(at).unsettled_for(1000), left, "{at:?}");
    }
    assert!(change(Some(935)).was_seen_by(1000) && !change(Some(936)).was_seen_by(1000));
    assert!(!change(None).was_seen_by(i64::MAX), "nobody knows");
    let young = crate::diagnose::PROPAGATION_SECONDS;
    assert!(SETTLED_AFTER > young, "a run that waited must not find what it waited for still under way");
}

#[test]
fn a_dashboard_asks_for_a_page() {
    let drawn = |parameters: Value| {
        let mut event = widget();
        event.as_object_mut().unwrap().extend(parameters.as_object().unwrap().clone());
        let Event::Widget(Ask::Draw(draw)) = read(&event) else { panic!("to be drawn") };
        draw
    };
    assert_eq!(drawn(json!({})), Draw { show: Ok(Show::Overview), theme: Theme::Light, stale_after: 900 });
    for (parameters, show) in [
        (json!({"incident": "gp-12"}), Show::Incident(12)),
        (json!({"incident": " GP-12 ", "show": "history"}), Show::Incident(12)),
        (json!({"incident": 12}), Show::Incident(12)),
        (json!({"incident": null, "show": "overview"}), Show::Overview),
        (json!({"show": "history"}), Show::History),
    ] {
        assert_eq!(drawn(parameters.clone()).show, Ok(show), "{parameters}");
    }
    for parameters in [
        json!({"incident": "<script>"}),
        json!({"incident": "gp-"}),
        json!({"incident": "gp-99999999999999999999999"}),
        json!({"incident": -1}),
        json!({"incident": ["gp-1"]}),
        json!({"incident": "ép-1"}),
        json!({"show": "everything"}),
        json!({"show": 1}),
        json!({"staleAfterSeconds": "soon"}),
        json!({"staleAfterSeconds": 5}),
    ] {
        let wrong = drawn(parameters.clone()).show.unwrap_err();
        assert!(wrong.starts_with("The parameter ") && wrong.contains("expected"), "{parameters}: {wrong}");
    }
    assert_eq!(drawn(json!({"staleAfterSeconds": "1800"})).stale_after, 1800, "CloudFormation writes texts");
    let mut dark = widget();
    dark["widgetContext"]["theme"] = json!("dark");
    let Event::Widget(Ask::Draw(draw)) = read(&dark) else { panic!("to be drawn") };
    assert_eq!(draw.theme, Theme::Dark);
    assert_eq!(read(&json!({"describe": true, "widgetContext": {}})), Event::Widget(Ask::Describe));
}

#[test]
fn everything_else_is_refused_by_its_shape() {
    let mut foreign = created_stage();
    foreign["detail"]["eventSource"] = json!("ec2.amazonaws.com");
    let mut nameless = created_stage();
    nameless["detail"]["requestParameters"] = json!({"restApiId": "../../secret"});
    let mut bare = created_stage();
    bare["detail"] = json!("{}");
    let refusals: Vec<String> = [
        json!([]),
        json!("hunter2"),
        json!(true),
        json!({"key1": "value1", "key2": "value2"}),
        json!({"Records": [{"eventSource": "aws:sqs", "body": "hunter2"}, {}]}),
        json!({"describe": "yes"}),
        json!({"widgetContext": "hunter2"}),
        json!({"detail-type": "EC2 Instance State-change Notification", "source": "aws.ec2", "detail": {"state": "hunter2"}}),
        json!({"detail-type": "Scheduled Event", "source": "hunter2"}),
        json!({"detail-type": 1, "source": null}),
        foreign,
        nameless,
        bare,
        json!({"a": {"b": {"c": {"d": {"e": "hunter2"}}}}}),
        json!({"key that is no name": 1, "sk_live_4242424242424242424242424242424242424242": 2, "": 3}),
    ]
    .iter()
    .map(refused)
    .collect();
    let all = refusals.join("\n");
    assert!(!all.contains("hunter2") && !all.contains("secret") && !all.contains("sk_live"), "{all}");
    insta::assert_snapshot!(all);
}

#[test]
fn a_shape_is_never_long() {
    let wide = Value::Object((0..100_000).map(|index| (format!("key{index}"), json!({"a": [1, 2]}))).collect());
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    for value in [wide, deep, json!("x".repeat(1_000_000))] {
        assert!(shape(&value).len() <= 1024 + '…'.len_utf8());
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    let key = prop_oneof![
        ".{0,8}",
        proptest::sample::select(vec![
            "detail-type",
            "source",
            "detail",
            "describe",
            "widgetContext",
            "theme",
            "params",
            "incident",
            "show",
            "Records",
            "eventName",
            "eventSource",
            "requestParameters",
            "restApiId",
            "staleAfterSeconds",
        ])
        .prop_map(ToOwned::to_owned),
    ];
    leaf.prop_recursive(4, 32, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Every place in a value, as JSON pointers.
fn places(value: &Value, at: &str, into: &mut Vec<String>) {
    into.push(at.to_owned());
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields {
                places(inner, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), into);
            }
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                places(inner, &format!("{at}/{index}"), into);
            }
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn no_event_is_a_panic(event in any_json()) {
        if let Err(error) = Event::read(&event) {
            prop_assert!(error.to_string().len() < 2000);
        }
    }

    /// A sample with one place changed is read or refused, and never taken for a full run that it is not.
    #[test]
    fn no_mutation_of_a_sample_is_a_silent_run(
        index in 0..9_usize, place in any::<proptest::sample::Index>(), other in any_json()
    ) {
        let mut event = samples().swap_remove(index);
        let mut all = Vec::new();
        places(&event, "", &mut all);
        let place = place.get(&all);
        *event.pointer_mut(place).unwrap() = other;
        let is_run = Event::read(&event) == Ok(Event::Run);
        let is_empty = event.is_null() || event.as_object().is_some_and(serde_json::Map::is_empty);
        let is_scheduled = event.get("detail-type") == Some(&json!("Scheduled Event"));
        prop_assert!(!is_run || is_empty || is_scheduled, "{event}");
    }

    /// What a stranger puts into values is not said back.
    #[test]
    fn values_are_never_told(index in 4..9_usize, place in any::<proptest::sample::Index>()) {
        let mut event = samples().swap_remove(index);
        let mut all = Vec::new();
        places(&event, "", &mut all);
        let place = place.get(&all);
        *event.pointer_mut(place).unwrap() = json!("hunter2 is a secret");
        let told = match Event::read(&event) {
            Err(error) => error.to_string(),
            Ok(Event::Ignored(why)) => why,
            Ok(_) => String::new(),
        };
        prop_assert!(!told.contains("hunter2"), "{told}");
    }
}
