//! What the first call's failures look like when the SDK meets them on the wire: each is one clear error.

// Deprecated in favour of names in `aws-runtime`, which is no dependency of ours.
#![allow(deprecated)]

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::profile::profile_file::{ProfileFileKind, ProfileFiles};
use aws_sdk_apigateway::config::SharedCredentialsProvider;
use serde_json::json;

use super::script::{Answer, Script, apis, bare, config, count, fast};
use crate::config::Scope;
use crate::discover::{ControlPlane, DiscoverError, Limits, Operation, Wanted, discover};
use crate::gateway::Inventory;

async fn everything(plane: &ControlPlane) -> Result<Inventory, DiscoverError> {
    discover(plane, &Wanted::Everything(Scope::default()), 7, None).await
}

/// The error of a first call that is always answered so, and how often it was tried.
async fn error_of(answer: impl Fn() -> Answer + Send + Sync + 'static) -> (DiscoverError, u64, String) {
    let script = Script::start(move |_| answer()).await;
    let plane = script.plane();
    let error = everything(&plane).await.unwrap_err();
    (error, count(&plane, Operation::GetRestApis), script.url.clone())
}

#[tokio::test]
async fn an_empty_account_is_no_error() {
    let script = Script::start(|_| Answer::Json(json!({"item": []}))).await;
    let inventory = everything(&script.plane()).await.unwrap();
    assert_eq!(inventory, Inventory { read_at: 7, ..Inventory::empty("eu-central-1") });
    // No list at all is believed of a server that numbers its answers.
    let script = Script::start(|_| Answer::Json(json!({}))).await;
    assert!(everything(&script.plane()).await.unwrap().apis.is_empty());
}

#[tokio::test]
async fn rejected_credentials() {
    for (status, code) in [
        (403, "ExpiredTokenException"),
        (400, "ExpiredToken"),
        (403, "InvalidClientTokenId"),
        (403, "UnrecognizedClientException"),
        (403, "SignatureDoesNotMatch"),
        (403, "InvalidSignatureException"),
    ] {
        let (error, tried, _) = error_of(move || Answer::Error(status, code, "The security token\nis expired")).await;
        let DiscoverError::Rejected { detail } = &error else { panic!("{code}: {error:?}") };
        assert_eq!(*detail, format!("{status} {code}, The security token is expired"));
        assert_eq!(tried, 1, "{code} is not asked again");
        assert!(error.to_string().contains("aws sso login"), "{error}");
    }
}

#[tokio::test]
async fn not_allowed_to_list() {
    let denied = || Answer::Error(403, "AccessDeniedException", "User: arn:aws:iam::1:user/x is not authorized");
    let (error, tried, _) = error_of(denied).await;
    assert_eq!(tried, 1);
    let text = error.to_string();
    assert!(matches!(error, DiscoverError::Denied { .. }), "{error:?}");
    assert!(text.contains("apigateway:GET on arn:aws:apigateway:eu-central-1::/restapis;"), "{text}");
    let (error, ..) = error_of(|| Answer::Error(401, "UnauthorizedException", "no")).await;
    assert!(matches!(error, DiscoverError::Denied { .. }), "{error:?}");
}

#[tokio::test]
async fn an_endpoint_that_always_fails() {
    let (error, tried, url) = error_of(|| Answer::Error(500, "InternalFailure", "boom")).await;
    assert_eq!(tried, 3);
    let expected =
        DiscoverError::Failing { endpoint: url, attempts: 3, detail: "500 InternalFailure, boom".to_owned() };
    assert_eq!(error, expected);
}

#[tokio::test]
async fn an_endpoint_that_always_throttles() {
    let (error, tried, _) = error_of(|| Answer::Error(429, "TooManyRequestsException", "Too Many Requests")).await;
    assert_eq!(tried, 3);
    assert!(matches!(error, DiscoverError::Throttled { attempts: 3, .. }), "{error:?}");
}

#[tokio::test]
async fn what_is_no_api_gateway_is_called_so() {
    let html = || "<html><body>Sign in to the hotel's Wi-Fi</body></html>".to_owned();
    let xml = "<?xml version=\"1.0\"?><Error><Code>NoSuchBucket</Code></Error>".to_owned();
    let cases: Vec<(u16, String)> = vec![
        (200, html()),
        (302, String::new()),
        (403, html()),
        (404, xml),
        (404, r#"{"message": "Not Found"}"#.to_owned()),
        (501, r#"{"__type": "InternalFailure", "message": "not emulated"}"#.to_owned()),
        (200, "[]".to_owned()),
        (200, r#"{"status": "ok"}"#.to_owned()),
    ];
    for (status, body) in cases {
        let text = body.clone();
        let (error, tried, url) = error_of(move || Answer::Raw(status, vec![], text.clone())).await;
        assert!(
            matches!(&error, DiscoverError::NotApiGateway { endpoint, .. } if *endpoint == url),
            "{status} {body}: {error:?}"
        );
        assert_eq!(tried, 1, "{status}");
    }
}

#[tokio::test]
async fn nobody_listens() {
    let url = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let plane = ControlPlane::new(&config(&url), fast());
    let error = everything(&plane).await.unwrap_err();
    let DiscoverError::Unreachable { endpoint, detail } = &error else { panic!("{error:?}") };
    assert_eq!(*endpoint, url);
    assert!(detail.contains("Connection refused"), "{detail}");
    assert_eq!(count(&plane, Operation::GetRestApis), 3);
}

#[tokio::test]
async fn a_name_that_does_not_resolve() {
    let plane = ControlPlane::new(&config("http://no-such-host.invalid"), fast());
    let error = everything(&plane).await.unwrap_err();
    let DiscoverError::Unreachable { endpoint, detail } = &error else { panic!("{error:?}") };
    assert_eq!(endpoint, "http://no-such-host.invalid");
    assert!(detail.contains("dns") || detail.contains("lookup"), "{detail}");
}

#[tokio::test]
async fn an_endpoint_that_never_answers() {
    let script = Script::start(|_| Answer::Hang).await;
    let limits = Limits { attempt_timeout: std::time::Duration::from_millis(60), ..fast() };
    let plane = ControlPlane::new(&config(&script.url), limits);
    let error = everything(&plane).await.unwrap_err();
    assert!(matches!(&error, DiscoverError::Unreachable { detail, .. } if detail.contains("time")), "{error:?}");
    assert_eq!(count(&plane, Operation::GetRestApis), 3);
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_millis(30);
    let error = discover(&plane, &Wanted::Everything(Scope::default()), 0, Some(deadline)).await.unwrap_err();
    assert_eq!(error, DiscoverError::OutOfTime { endpoint: script.url.clone() });
}

#[tokio::test]
async fn without_a_region_nothing_is_asked() {
    let script = Script::start(|_| apis(&[])).await;
    let config = config(&script.url).into_builder();
    let mut config = config;
    config.set_region(None);
    let plane = ControlPlane::new(&config.build(), fast());
    assert_eq!(everything(&plane).await.unwrap_err(), DiscoverError::NoRegion);
    assert!(script.paths().is_empty());
}

#[tokio::test]
async fn without_credentials_nothing_is_asked() {
    let script = Script::start(|_| apis(&[])).await;
    let error = everything(&ControlPlane::new(&bare(&script.url), fast())).await.unwrap_err();
    assert_eq!(error, DiscoverError::NoCredentials);
    let error =
        everything(&ControlPlane::new(&with_profile(&script.url, "[default]\nregion = eu-central-1\n"), fast()))
            .await
            .unwrap_err();
    assert_eq!(error, DiscoverError::NoCredentials);
    assert!(script.paths().is_empty());
}

#[tokio::test]
async fn a_credentials_provider_that_fails() {
    let script = Script::start(|_| apis(&[])).await;
    let profile = "[default]\ncredential_process = /bin/false\n";
    let plane = ControlPlane::new(&with_profile(&script.url, profile), fast());
    let error = everything(&plane).await.unwrap_err();
    assert!(matches!(error, DiscoverError::BrokenCredentials { .. }), "{error:?}");
    assert!(!error.to_string().contains('\n'), "{error}");
    assert_eq!(count(&plane, Operation::GetRestApis), 1, "asking again would not help");
    assert!(script.paths().is_empty());
}

fn with_profile(endpoint: &str, profile: &str) -> aws_config::SdkConfig {
    let files = ProfileFiles::builder().with_contents(ProfileFileKind::Config, profile).build();
    let provider = ProfileFileCredentialsProvider::builder().profile_files(files).profile_name("default").build();
    bare(endpoint).into_builder().credentials_provider(SharedCredentialsProvider::new(provider)).build()
}

#[tokio::test]
async fn the_first_call_for_one_api_or_domain() {
    let script = Script::start(|_| super::script::NOT_FOUND).await;
    let plane = script.plane();
    let error = discover(&plane, &Wanted::Api("a1b2c3d4e5".to_owned()), 0, None).await.unwrap_err();
    assert!(error.to_string().contains("no API with the id `a1b2c3d4e5` in eu-central-1"), "{error}");
    let error = discover(&plane, &Wanted::Domain("api.example.com".to_owned()), 0, None).await.unwrap_err();
    assert!(error.to_string().contains("no custom domain `api.example.com` in eu-central-1"), "{error}");
    let asked =
        ["/restapis/a1b2c3d4e5", "/v2/apis/a1b2c3d4e5", "/domainnames/api.example.com", "/domainnames/*.example.com"];
    assert_eq!(script.paths(), asked);
    let wildcard = Wanted::Domain("*.example.org".to_owned());
    discover(&plane, &wildcard, 0, None).await.unwrap_err();
    assert_eq!(script.paths()[4..], ["/domainnames/*.example.org"], "there is nothing above it");
    let (error, ..) = {
        let script = Script::start(|_| Answer::Error(403, "AccessDeniedException", "no")).await;
        let wanted = Wanted::Domain("a.example.com".to_owned());
        (discover(&script.plane(), &wanted, 0, None).await.unwrap_err(),)
    };
    assert!(error.to_string().contains("arn:aws:apigateway:eu-central-1::/domainnames/a.example.com;"), "{error}");
}

#[tokio::test]
async fn a_throttled_first_call_is_asked_again() {
    let script = Script::start(|asked| match asked.before {
        0 => {
            Answer::Raw(429, vec![("x-amzn-errortype", "TooManyRequestsException"), ("retry-after", "1")], "{}".into())
        }
        1 => Answer::Error(503, "ServiceUnavailableException", "later"),
        _ => apis(&[]),
    })
    .await;
    let plane = script.plane();
    assert!(everything(&plane).await.unwrap().gaps.is_empty());
    assert_eq!(count(&plane, Operation::GetRestApis), 3);
}

#[tokio::test]
async fn the_endpoints_own_wait_is_honoured_up_to_the_longest() {
    let script = Script::start(|asked| match asked.before {
        0 => Answer::Raw(429, vec![("retry-after", "3600")], "{}".into()),
        _ => apis(&[]),
    })
    .await;
    let longest_wait = std::time::Duration::from_millis(300);
    let plane = ControlPlane::new(&config(&script.url), Limits { longest_wait, ..fast() });
    let start = std::time::Instant::now();
    everything(&plane).await.unwrap();
    let took = start.elapsed();
    assert!(took >= longest_wait && took < std::time::Duration::from_secs(5), "{took:?}");
}

#[tokio::test]
async fn calls_keep_to_the_budget() {
    let script = Script::start(|asked| match asked.path.as_str() {
        "/restapis" => apis(&["a", "b", "c", "d", "e", "f"]),
        _ => super::script::nothing(),
    })
    .await;
    let ten = std::num::NonZeroU32::new(10).unwrap();
    let plane = ControlPlane::new(&config(&script.url), Limits { calls_per_second: ten, ..fast() });
    let start = std::time::Instant::now();
    everything(&plane).await.unwrap();
    let calls: u64 = plane.calls().values().sum();
    // Ten may go at once, the others one in each tenth of a second: two lists, stages, responses, resources,
    // domains.
    assert_eq!(calls, 2 + 6 * 3 + 1);
    assert!(start.elapsed() >= std::time::Duration::from_millis((calls - 10 - 1) * 100), "{:?}", start.elapsed());
}

#[tokio::test]
async fn get_resources_has_a_budget_of_its_own() {
    let script = Script::start(|asked| match asked.path.as_str() {
        "/restapis" => apis(&["a", "b", "c", "d", "e", "f", "g", "h"]),
        _ => super::script::nothing(),
    })
    .await;
    let five = std::num::NonZeroU32::new(5).unwrap();
    let plane = ControlPlane::new(&config(&script.url), Limits { get_resources_per_second: five, ..fast() });
    let start = std::time::Instant::now();
    everything(&plane).await.unwrap();
    assert_eq!(count(&plane, Operation::GetResources), 8);
    // Five at once, then one in each fifth of a second.
    assert!(start.elapsed() >= std::time::Duration::from_millis(400), "{:?}", start.elapsed());
}

#[test]
fn the_defaults_leave_the_account_most_of_its_quota() {
    // 10 calls a second in all, 5 GetResources in two seconds: facts C2.
    let Limits { calls_per_second, get_resources_per_second, edited, .. } = Limits::default();
    assert_eq!((calls_per_second.get(), get_resources_per_second.get(), edited), (3, 1, true));
}
