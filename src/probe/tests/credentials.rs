//! Credentials on the wire: which request gets them, and what is left of them in what comes back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use secrecy::SecretString;

use super::servers::{Answer, Http, Seen, answer};
use super::{Settings, get, prober, settings, with_header};
use crate::config::{Config, Credential, Reference};
use crate::gateway::Request;
use crate::probe::{Job, Keyring, Outcome, Sources, TokenCache, TransportKind, Vault};
use crate::report::script::{self, Script};
use crate::role::tests::GIVEN;

/// Secrets of a test: no AWS, no environment, no file.
#[derive(Default)]
struct Safe {
    secrets: BTreeMap<&'static str, &'static str>,
    read: AtomicUsize,
}

impl Vault for Safe {
    fn secret<'v>(&'v self, id: &'v str) -> BoxFuture<'v, Result<SecretString, String>> {
        Box::pin(async move {
            self.read.fetch_add(1, Ordering::SeqCst);
            if id == "never" {
                std::future::pending::<()>().await;
            }
            let found = self.secrets.get(id).copied();
            found.map(SecretString::from).ok_or_else(|| "there is no such secret".to_owned())
        })
    }

    fn variable(&self, name: &str) -> Result<SecretString, String> {
        self.secrets.get(name).copied().map(SecretString::from).ok_or_else(|| "no such variable".to_owned())
    }
}

fn aws() -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "AKIDEXAMPLE",
            "m4rk-signing",
            Some("m4rk-session".to_owned()),
            None,
            "test",
        )))
        .build()
}

fn safe() -> Arc<Safe> {
    let secrets = [
        ("key", "m4rk-key"),
        ("token", "m4rk-token"),
        ("both", r#"{"id": "m4rk-id", "password": "m4rk-password"}"#),
        ("broken", "m4rk-line\nx-evil: 1"),
        ("empty", ""),
        ("client", "m4rk-client"),
    ];
    Arc::new(Safe { secrets: secrets.into(), ..Safe::default() })
}

fn sources(vault: &Arc<Safe>) -> Sources {
    Sources::new(&aws()).with_vault(Arc::clone(vault) as Arc<dyn Vault>).with_patience(Duration::from_secs(20))
}

fn credentials(yaml: &str) -> BTreeMap<String, Credential> {
    Config::parse(&format!("credentials:\n  {}", yaml.replace('\n', "\n  ")), "test").unwrap().credentials
}

const ALL: &str = "key: {api_key: 'secretsmanager:key'}
bearer: {bearer: 'env:token'}
basic: {basic: {user: bob, password: 'secretsmanager:both#password'}}
header: {header: {name: X-Id, value: 'secretsmanager:both#id'}}
signed: {sigv4: {}}
broken: {header: {name: X-Id, value: 'secretsmanager:broken'}}
empty: {api_key: 'secretsmanager:empty'}
missing: {api_key: 'secretsmanager:nothing'}
wrong: {api_key: 'secretsmanager:both#nothing'}
host: {header: {name: Host, value: 'env:token'}}
unused: {api_key: 'secretsmanager:unused'}
";

const USED: [&str; 11] =
    ["key", "bearer", "basic", "header", "signed", "broken", "empty", "missing", "wrong", "host", "unheard"];

async fn keyring() -> Keyring {
    Keyring::open(&credentials(ALL), &[], USED, &sources(&safe())).await
}

fn names(names: &[&str]) -> Vec<Arc<str>> {
    names.iter().map(|name| Arc::from(*name)).collect()
}

/// Answers all that it was sent, in the body and in a header.
async fn echo() -> Http {
    Http::answering(|seen, _| echoed(seen)).await
}

fn echoed(seen: &Seen) -> Answer {
    let said: Vec<_> = seen.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let mut answer = answer(403, &said.join("\n"));
    let sent = seen.header("authorization").or(seen.header("x-api-key")).unwrap_or("none");
    answer.headers_mut().insert("x-said", sent.parse().unwrap());
    answer
}

#[tokio::test]
async fn what_cannot_be_read_has_a_reason_and_the_rest_works() {
    let keyring = keyring().await;
    let unreadable = keyring.unreadable();
    for (name, expected) in [
        ("broken", "secretsmanager:broken: the value holds a character that HTTP headers do not allow"),
        ("empty", "secretsmanager:empty: the value is empty"),
        ("missing", "secretsmanager:nothing: there is no such secret"),
        ("wrong", "secretsmanager:both#nothing: the secret has no key `nothing`"),
        ("host", "the header host is not one that a credential may set"),
        ("unheard", "there is no entry of this name in `credentials`"),
    ] {
        assert!(unreadable[name].starts_with(expected), "{name}: {}", unreadable[name]);
    }
    assert_eq!(unreadable.len(), 6, "{unreadable:?}");
    let told = format!("{keyring:?} {unreadable:?}");
    assert!(!told.contains("m4rk"), "{told}");
}

#[tokio::test]
async fn only_what_is_used_is_read_and_each_place_once() {
    let vault = safe();
    let keyring = Keyring::open(&credentials(ALL), &[], ["basic", "header"], &sources(&vault)).await;
    assert_eq!((vault.read.load(Ordering::SeqCst), keyring.unreadable().len()), (1, 0));
}

#[tokio::test]
async fn reading_is_bounded_in_time_and_one_does_not_hold_the_others() {
    let config = credentials("slow: {api_key: 'secretsmanager:never'}\nkey: {api_key: 'secretsmanager:key'}");
    let sources = sources(&safe()).with_patience(Duration::from_millis(50));
    let keyring = Keyring::open(&config, &[], ["slow", "key"], &sources).await;
    let unreadable = keyring.unreadable();
    assert_eq!(unreadable.len(), 1);
    assert!(unreadable["slow"].contains("could not be read within 50ms"), "{unreadable:?}");
}

#[tokio::test]
async fn on_lambda_the_environment_and_files_are_refused() {
    let config =
        credentials("e: {api_key: 'env:token'}\nf: {api_key: 'file:/dev/null'}\ns: {api_key: 'secretsmanager:key'}");
    let keyring = Keyring::open(&config, &[], ["e", "f", "s"], &sources(&safe()).on_lambda()).await;
    let unreadable = keyring.unreadable();
    assert_eq!(unreadable.keys().collect::<Vec<_>>(), ["e", "f"]);
    assert!(unreadable.values().all(|why| why.contains("expected secretsmanager:NAME")), "{unreadable:?}");
}

#[tokio::test]
async fn each_kind_is_sent_as_servers_want_it_and_never_doubled() {
    let server = echo().await;
    let (prober, keyring) = (prober(settings()), keyring().await);
    for (name, header, expected) in [
        ("key", "x-api-key", "m4rk-key"),
        ("bearer", "authorization", "Bearer m4rk-token"),
        ("basic", "authorization", "Basic Ym9iOm00cmstcGFzc3dvcmQ="),
        ("header", "x-id", "m4rk-id"),
    ] {
        let request = with_header(get(&server.url("/")), &header.to_uppercase(), "the plan's");
        prober.send_with(&request, &names(&[name]), &keyring).await.outcome.unwrap();
        let seen = server.seen().pop().unwrap();
        let sent: Vec<_> = seen.headers.iter().filter(|(key, _)| key == header).map(|(_, value)| value).collect();
        assert_eq!(sent, [expected], "{name}");
        let told = keyring.as_sent(&names(&[name]), &request);
        assert_eq!(told.headers.len(), 1, "{:?}", told.headers);
        assert!(told.header(header).is_some() && !format!("{:?}", told.headers).contains("m4rk"), "{:?}", told.headers);
    }
    // And without a name nothing of it.
    prober.send_with(&get(&server.url("/")), &[], &keyring).await.outcome.unwrap();
    let seen = server.seen().pop().unwrap();
    assert!(seen.header("authorization").or(seen.header("x-api-key")).is_none(), "{:?}", seen.headers);
}

#[tokio::test]
async fn a_role_is_assumed_once_and_signs_in_its_own_name() {
    let sts = Script::start(|_, _| script::Answer::xml(200, GIVEN)).await;
    let sources = Sources::new(&script::config(&sts.url)).with_vault(safe() as Arc<dyn Vault>);
    let config = credentials("other: {sigv4: {role: 'arn:aws:iam::111122223333:role/caller'}}");
    let keyring = Keyring::open(&config, &[], ["other"], &sources).await;
    assert_eq!(keyring.unreadable().len(), 0, "{:?}", keyring.unreadable());
    let (server, prober) = (echo().await, prober(settings()));
    for _ in 0..2 {
        prober.send_with(&get(&server.url("/")), &names(&["other"]), &keyring).await.outcome.unwrap();
    }
    for seen in server.seen() {
        let signed = seen.header("authorization").unwrap();
        assert!(signed.contains("Credential=ASIAEXAMPLE/") && signed.contains("/execute-api/"), "{signed}");
        assert_eq!(seen.header("x-amz-security-token"), Some("session"));
    }
    let [asked] = &sts.asked()[..] else { panic!("once for both: {:?}", sts.asked()) };
    assert_eq!(asked.field("RoleArn").as_deref(), Some("arn:aws:iam::111122223333:role/caller"));
}

#[tokio::test]
async fn a_role_that_may_not_be_assumed_is_a_reason_and_sends_nothing() {
    let sts = Script::start(|_, _| script::Answer::xml(403, "<ErrorResponse/>")).await;
    let sources = Sources::new(&script::config(&sts.url)).with_vault(safe() as Arc<dyn Vault>);
    let config = credentials("other: {sigv4: {role: 'arn:aws:iam::111122223333:role/caller'}}");
    let keyring = Keyring::open(&config, &[], ["other"], &sources).await;
    let why = &keyring.unreadable()["other"];
    assert!(why.contains("may the role be assumed?"), "{why}");
}

#[tokio::test]
async fn what_a_server_says_back_is_taken_out() {
    let server = echo().await;
    let (prober, keyring) = (prober(settings()), keyring().await);
    for name in ["key", "bearer", "basic", "header", "signed"] {
        let seen = prober.send_with(&get(&server.url("/")), &names(&[name]), &keyring).await;
        let told = format!("{seen:?}");
        assert!(told.contains('…') || name == "signed", "{name}: {told}");
        assert!(!told.contains("m4rk") && !told.contains("bTRyay"), "{name}: {told}");
        assert!(!told.contains("Ym9iOm00cmstcGFzc3dvcmQ"), "{name}: {told}");
    }
}

/// The SHA-256 of a text.
fn digest(text: &str) -> Vec<u8> {
    let suite = rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256.tls13().unwrap();
    suite.common.hash_provider.hash(text.as_bytes()).as_ref().to_vec()
}

#[tokio::test]
async fn the_digest_of_what_was_sent_is_taken_out() {
    // API Gateway says it of the `Authorization` header, in words that are known; another server may say it in others.
    let server = Http::answering(|seen, _| {
        let sent = ["authorization", "x-api-key", "x-id"].iter().find_map(|name| seen.header(name)).unwrap();
        let token = sent.split_once(' ').map_or(sent, |(_, token)| token);
        let hex = |text: &str| {
            let digits = digest(text).into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
            digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect::<String>()
        };
        let said = [sent, token].map(|text| format!("{} {}", STANDARD.encode(digest(text)), hex(text)));
        answer(403, &format!("whole: {}, token: {}.", said[0], said[1]))
    })
    .await;
    let endpoint =
        Http::answering(|_, _| answer(200, r#"{"access_token": "m4rk", "token_type": "Bearer", "expires_in": 3600}"#))
            .await;
    let granted = Keyring::open(&grant(&endpoint), &[], ["one"], &sources(&safe())).await;
    let (prober, keyring) = (prober(settings()), keyring().await);
    for (name, keyring) in
        [("key", &keyring), ("bearer", &keyring), ("basic", &keyring), ("header", &keyring), ("one", &granted)]
    {
        let seen = prober.send_with(&get(&server.url("/")), &names(&[name]), keyring).await;
        assert_eq!(seen.outcome.unwrap().body, "whole: … …, token: … ….", "{name}");
    }
}

#[tokio::test]
async fn an_unusable_credential_means_that_nothing_is_sent() {
    let server = echo().await;
    let (prober, keyring) = (prober(settings()), keyring().await);
    for (name, expected) in [("missing", "there is no such secret"), ("unused", "it was not read")] {
        let seen = prober.send_with(&get(&server.url("/")), &names(&[name]), &keyring).await;
        let err = seen.outcome.unwrap_err();
        assert_eq!((err.kind, seen.attempts), (TransportKind::Unsendable, 0));
        assert!(err.detail.contains(expected), "{err}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn plain_http_gets_no_credentials_beyond_loopback() {
    let server = echo().await;
    let keyring = keyring().await;
    let key = names(&["key"]);
    // The stub leads the name to loopback, but who can say that of a name.
    let seen = prober(settings())
        .send_with(&get(&format!("http://api.gateprobe.test:{}/", server.port())), &key, &keyring)
        .await;
    let err = seen.outcome.unwrap_err();
    assert!(err.kind == TransportKind::Unsendable && err.detail.contains("plain http"), "{err}");
    assert_eq!(server.connections(), 0);
    // A pin to loopback is loopback, and a pin away from it is not.
    let pinned = |pin: String| Settings { pins: vec![pin.parse().unwrap()], ..settings() };
    let to = prober(pinned(format!("api.gateprobe.test::127.0.0.1:{}", server.port())));
    let seen = to.send_with(&get("http://api.gateprobe.test/"), &key, &keyring).await;
    assert_eq!(seen.outcome.unwrap().status, 403);
    let away = prober(pinned("127.0.0.1::api.gateprobe.test:".to_owned()));
    let seen = away.send_with(&get(&server.url("/")), &key, &keyring).await;
    assert_eq!(seen.outcome.unwrap_err().kind, TransportKind::Unsendable);
    // Unless that is what the user wants.
    let open = Keyring::open(&credentials(ALL), &[], ["key"], &sources(&safe()).with_plain_http()).await;
    let seen =
        prober(settings()).send_with(&get(&format!("http://api.gateprobe.test:{}/", server.port())), &key, &open).await;
    assert_eq!(seen.outcome.unwrap().status, 403);
}

struct Keyed(Request, Vec<Arc<str>>);

impl Job for Keyed {
    fn group(&self) -> &'static str {
        ""
    }
    fn request(&self) -> &Request {
        &self.0
    }
    fn credentials(&self) -> &[Arc<str>] {
        &self.1
    }
}

static CLOCK: AtomicU64 = AtomicU64::new(1_440_938_160);

/// A second later at each look.
fn ticking() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(CLOCK.fetch_add(1, Ordering::SeqCst))
}

#[tokio::test]
async fn a_sweep_attaches_and_every_attempt_is_signed_anew() {
    let server = Http::answering(|_, _| answer(500, "")).await;
    let prober = prober(Settings { retries: 1, ..settings() });
    let keyring = Keyring::open(&credentials(ALL), &[], ["signed", "key"], &sources(&safe()).with_clock(ticking)).await;
    let mut request = with_header(get(&server.url("/prod/x?b=1&a=%20")), "Authorization", "the plan's");
    request.body = Some("{}".to_owned());
    let job = Keyed(request, names(&["signed", "key"]));
    let outcomes: Vec<_> = prober.sweep_with([job], Some(&keyring), |_, _| false, None).collect().await;
    let [Outcome::Observed(_, seen)] = outcomes.as_slice() else { panic!("one") };
    assert_eq!(seen.attempts, 3);
    let (mut dates, mut signatures) = (Vec::new(), Vec::new());
    for seen in server.seen() {
        let authorization = seen.header("authorization").unwrap().to_owned();
        let date = seen.header("x-amz-date").unwrap().to_owned();
        let start = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/eu-west-1/execute-api/aws4_request, \
                     SignedHeaders=host;x-amz-date;x-amz-security-token;x-api-key, Signature=";
        assert!(authorization.starts_with(start), "{authorization}");
        assert_eq!(seen.header("x-amz-security-token"), Some("m4rk-session"));
        assert_eq!(seen.headers.iter().filter(|(name, _)| name == "authorization").count(), 1);
        dates.push(date);
        signatures.push(authorization);
    }
    dates.dedup();
    signatures.dedup();
    assert_eq!((dates.len(), signatures.len()), (3, 3), "{dates:?}");
}

/// Within the last minute of a token of an hour.
fn later() -> SystemTime {
    SystemTime::now() + Duration::from_secs(3600 - 59)
}

fn grant(server: &Http) -> BTreeMap<String, Credential> {
    let client = |scopes: &[&str]| Credential::ClientCredentials {
        token_url: server.url("/oauth2/token").parse().unwrap(),
        client_id: "the client".to_owned(),
        client_secret: Reference::SecretsManager { secret: "client".to_owned(), key: None },
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
    };
    [("one".to_owned(), client(&["a/read", "a/write"])), ("two".to_owned(), client(&[]))].into()
}

#[tokio::test]
async fn a_token_is_fetched_once_for_many_and_kept_until_it_ends() {
    let endpoint = Http::answering(|_, number| {
        answer(
            200,
            &format!(r#"{{"access_token": "m4rk-issued-{number}", "token_type": "Bearer", "expires_in": 3600}}"#),
        )
    })
    .await;
    let server = echo().await;
    let cache = TokenCache::default();
    let sources = sources(&safe()).with_tokens(cache.clone());
    let keyring = Keyring::open(&grant(&endpoint), &[], ["one"], &sources.clone()).await;
    assert_eq!(keyring.unreadable(), BTreeMap::new());
    let prober = prober(settings());
    let jobs = (0..20).map(|_| Keyed(get(&server.url("/")), names(&["one"])));
    let outcomes: Vec<_> = prober.sweep_with(jobs, Some(&keyring), |_, _| true, None).collect().await;
    for outcome in outcomes {
        let Outcome::Observed(_, seen) = outcome else { panic!("there is no deadline") };
        assert!(!format!("{seen:?}").contains("m4rk"), "{seen:?}");
    }
    assert_eq!(server.seen().len(), 20);
    assert!(server.seen().iter().all(|seen| seen.header("authorization") == Some("Bearer m4rk-issued-0")));
    // The next run's keyring finds it still.
    let next = Keyring::open(&grant(&endpoint), &[], ["one"], &sources).await;
    assert_eq!(next.unreadable(), BTreeMap::new());
    let [asked] = endpoint.seen().try_into().unwrap();
    assert_eq!((asked.method.as_str(), asked.target.as_str()), ("POST", "/oauth2/token"));
    assert_eq!(asked.body, "grant_type=client_credentials&scope=a%2Fread+a%2Fwrite");
    // "the+client:m4rk-client"
    assert_eq!(asked.header("authorization"), Some("Basic dGhlK2NsaWVudDptNHJrLWNsaWVudA=="));
    assert_eq!(asked.header("content-type"), Some("application/x-www-form-urlencoded"));

    // Shortly before its end it is fetched anew, and other scopes have a token of their own.
    let late = Keyring::open(&grant(&endpoint), &[], ["one", "two"], &sources.with_clock(later)).await;
    assert_eq!((late.unreadable().len(), endpoint.seen().len()), (0, 3));
    assert!(endpoint.seen().iter().any(|asked| asked.body == "grant_type=client_credentials"));
}

#[tokio::test]
async fn a_token_that_cannot_be_had_is_a_reason_without_the_endpoints_words() {
    for (status, body, expected) in [
        (400, r#"{"error": "invalid_client", "error_description": "m4rk-client"}"#, "answered 400 (invalid_client)"),
        (401, "m4rk-client is wrong", "answered 401"),
        (400, r#"{"error": "m4rk-client"}"#, "answered 400"),
        (200, "m4rk-client", "no JSON with an access_token"),
        (200, r#"{"access_token": "m4rk\nx"}"#, "cannot be sent"),
        (200, r#"{"access_token": "m4rk", "token_type": "mac"}"#, "no bearer token"),
        (302, "", "answered 302"),
    ] {
        let elsewhere = Http::answering(|_, _| answer(200, r#"{"access_token": "m4rk"}"#)).await;
        let to = elsewhere.url("/");
        let endpoint = Http::answering(move |_, _| {
            let mut answer = answer(status, body);
            answer.headers_mut().insert("location", to.parse().unwrap());
            answer
        })
        .await;
        let keyring = Keyring::open(&grant(&endpoint), &[], ["one"], &sources(&safe())).await;
        let why = &keyring.unreadable()["one"];
        assert!(why.contains(expected), "{why}");
        assert!(!why.contains("m4rk") && !why.contains("client is"), "{why}");
        assert_eq!(elsewhere.connections(), 0, "no redirect is followed");
    }
    let long = Http::answering(|_, _| answer(200, &"x".repeat(70_000))).await;
    let why = Keyring::open(&grant(&long), &[], ["one"], &sources(&safe())).await.unreadable()["one"].clone();
    assert!(why.contains("more than 65536 bytes"), "{why}");
}

#[tokio::test]
async fn a_clients_secret_goes_over_https_or_loopback_only() {
    let mut config = grant(&echo().await);
    let Some(Credential::ClientCredentials { token_url, .. }) = config.get_mut("one") else { panic!() };
    *token_url = "http://auth.gateprobe.test/token".parse().unwrap();
    let keyring = Keyring::open(&config, &[], ["one"], &sources(&safe())).await;
    assert!(keyring.unreadable()["one"].contains("must be https"), "{:?}", keyring.unreadable());
}
