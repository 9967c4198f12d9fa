//! What is sent, and what is kept of the answer.

use std::collections::HashSet;

use super::servers::{Http, Raw, Tls, answer};
use super::{Prober, Settings, get, outcome, prober, settings, with_header};
use crate::gateway::Request;
use crate::probe::{ProberError, TransportKind};

#[tokio::test]
async fn an_answer_is_seen_whole() {
    let server = Http::answering(|_, _| {
        let mut answer = answer(403, r#"{"message":"Missing Authentication Token"}"#);
        answer.headers_mut().insert("x-amzn-ErrorType", "MissingAuthenticationTokenException".parse().unwrap());
        answer
    })
    .await;
    let prober = prober(settings());
    let seen = prober.send(&get(&server.url("/prod/orders?a=b%20c"))).await;
    let response = seen.outcome.unwrap();
    assert_eq!(response.status, 403);
    assert_eq!(response.body, r#"{"message":"Missing Authentication Token"}"#);
    assert_eq!(response.header("X-Amzn-Errortype"), Some("MissingAuthenticationTokenException"));
    assert!(!response.truncated);
    assert_eq!((seen.attempts, seen.confirmed), (1, false));

    let [request] = server.seen().try_into().unwrap();
    assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/prod/orders?a=b%20c"));
    assert_eq!(request.header("x-amzn-requestid"), Some(seen.request_id.as_str()));
    assert_eq!(request.header("host"), Some(server.address.to_string().as_str()));
    let agent = request.header("user-agent").unwrap();
    assert!(agent.starts_with("Gateprobe/") && agent.ends_with(" (API Gateway route monitor)"), "{agent}");
    for unwanted in ["cookie", "referer", "content-length", "transfer-encoding", "content-type"] {
        assert_eq!(request.header(unwanted), None, "{unwanted}");
    }
}

#[tokio::test]
async fn every_attempt_has_an_id_of_its_own_unless_the_user_gave_one() {
    let server = Http::answering(|_, _| answer(500, "")).await;
    let prober = prober(settings());
    let seen = prober.probe("", &get(&server.url("/")), |_| false).await;
    let requests = server.seen();
    let ids: HashSet<&str> = requests.iter().filter_map(|request| request.header("x-amzn-requestid")).collect();
    assert_eq!((requests.len(), ids.len()), (4, 4));
    assert_eq!(requests[3].header("x-amzn-requestid"), Some(seen.request_id.as_str()));
    assert_eq!(uuid::Uuid::parse_str(&seen.request_id).unwrap().get_version_num(), 4);

    let theirs = with_header(get(&server.url("/")), "X-Amzn-RequestId", "my-own");
    assert_eq!(prober.send(&theirs).await.request_id, "my-own");
    let last = server.seen().pop().unwrap();
    assert_eq!(last.headers.iter().filter(|(name, _)| name == "x-amzn-requestid").count(), 1);
    assert_eq!(last.header("x-amzn-requestid"), Some("my-own"));
}

#[tokio::test]
async fn the_users_headers_verb_and_body_go_out_as_given() {
    let server = Http::answering(|_, _| answer(200, "")).await;
    let mut request = Request::new("PROPFIND", server.url("/").parse().unwrap());
    request.headers = [("User-Agent", "mine"), ("X-Two", "1"), ("X-Two", "2"), ("Host", "api.example.com")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
    request.body = Some("{}".to_owned());
    outcome(settings(), &request).await.unwrap();
    let [seen] = server.seen().try_into().unwrap();
    assert_eq!((seen.method.as_str(), seen.body.as_str()), ("PROPFIND", "{}"));
    assert_eq!((seen.header("user-agent"), seen.header("host")), (Some("mine"), Some("api.example.com")));
    let twos: Vec<&str> = seen.headers.iter().filter(|(name, _)| name == "x-two").map(|(_, v)| v.as_str()).collect();
    assert_eq!(twos, ["1", "2"]);
}

#[tokio::test]
async fn redirects_are_answers() {
    let target = Http::answering(|_, _| answer(200, "")).await;
    let to = target.url("/");
    let server = Http::answering(move |_, _| {
        let mut answer = answer(301, "");
        answer.headers_mut().insert("location", to.parse().unwrap());
        answer
    })
    .await;
    assert_eq!(outcome(settings(), &get(&server.url("/"))).await.unwrap().status, 301);
    assert_eq!(target.connections(), 0);
}

#[tokio::test]
async fn bodies_are_cut_at_the_cap_and_only_past_it() {
    let server = Http::answering(|seen, _| answer(200, &"é".repeat(seen.target[1..].parse().unwrap()))).await;
    let cap = |body_cap| Settings { body_cap, ..settings() };
    for (characters, body_cap, expected, truncated) in
        [(3, 6, "ééé", false), (4, 6, "ééé", true), (1, 0, "", true), (0, 0, "", false), (2, 3, "é\u{fffd}", true)]
    {
        let response = outcome(cap(body_cap), &get(&server.url(&format!("/{characters}")))).await.unwrap();
        assert_eq!((response.body.as_str(), response.truncated), (expected, truncated), "{characters} {body_cap}");
    }
}

#[tokio::test]
async fn an_endless_body_is_left_at_the_cap() {
    let server = Raw::start(|mut stream| {
        Box::pin(async move {
            super::servers::read_head(&mut stream).await;
            let mut bytes: &[u8] = b"HTTP/1.1 200 OK\r\n\r\n";
            while tokio::io::AsyncWriteExt::write_all(&mut stream, bytes).await.is_ok() {
                bytes = &[b'x'; 1000];
            }
        })
    })
    .await;
    let response = outcome(settings(), &get(&format!("http://{}/", server.address))).await.unwrap();
    assert_eq!((response.body.len(), response.truncated), (16 * 1024, true));
}

/// 100,000 times the letter a, in 134 bytes of gzip.
fn bomb() -> Vec<u8> {
    let mut bytes =
        b"\x1f\x8b\x08\0\0\0\0\0\x02\x03\xed\xc1\x31\x01\0\0\0\xc2\xa0\xac\xeb\x5f\xc2\x1a\x1e\x40\x01".to_vec();
    bytes.resize(bytes.len() + 95, 0);
    bytes.extend_from_slice(b"\xaf\x06\x87\xfa\xe2\x1b\xa0\x86\x01\0");
    bytes
}

#[tokio::test]
async fn the_cap_counts_decoded_bytes() {
    let server = Http::answering(|seen, _| {
        assert_eq!(seen.header("accept-encoding"), Some("gzip"));
        let bytes = if seen.target == "/broken" { b"no gzip at all".to_vec() } else { bomb() };
        let mut answer = super::servers::Answer::new(hyper::body::Bytes::from(bytes).into());
        answer.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
        answer
    })
    .await;
    let response = outcome(settings(), &get(&server.url("/"))).await.unwrap();
    assert_eq!((response.body, response.truncated), ("a".repeat(16 * 1024), true));
    let err = outcome(settings(), &get(&server.url("/broken"))).await.unwrap_err();
    assert_eq!(err.kind, TransportKind::Protocol, "{err}");
}

#[tokio::test]
async fn headers_are_bounded_and_never_fail_on_odd_bytes() {
    let server = Http::answering(|_, _| {
        let mut answer = answer(200, "");
        let value = |bytes: &[u8]| hyper::header::HeaderValue::from_bytes(bytes).unwrap();
        answer.headers_mut().insert("x-odd", value(b"caf\xe9"));
        answer.headers_mut().insert("x-long", value(&[b'x'; 9000]));
        for _ in 0..80 {
            answer.headers_mut().append("x-many", value(b"1"));
        }
        answer
    })
    .await;
    let response = outcome(settings(), &get(&server.url("/"))).await.unwrap();
    assert_eq!(response.header("x-odd"), Some("caf\u{fffd}"));
    assert_eq!(response.header("x-long").map(str::len), Some(4096));
    assert_eq!(response.headers.len(), 64);
}

#[tokio::test]
async fn http2_is_spoken_where_offered_and_http1_with_a_host_header() {
    let tls = Tls::start(&["h2", "http/1.1"]);
    let pinned =
        || Settings { pins: vec![format!(":443:127.0.0.1:{}", tls.address.port()).parse().unwrap()], ..settings() };
    let request = get("https://api.gateprobe.test/x");
    assert_eq!(outcome(pinned(), &request).await.unwrap().status, 204);
    // HTTP/2 takes the host from the URL, so a private endpoint's Host header would have no effect there.
    let request = with_header(request, "Host", "abc.execute-api.eu-west-1.amazonaws.com");
    assert_eq!(outcome(pinned(), &request).await.unwrap().status, 204);
    let [first, second] = tls.shaken().try_into().unwrap();
    assert_eq!((first.protocol.as_deref(), first.head.as_str()), (Some("h2"), "PRI * HTTP/2.0\r\n\r\n"));
    assert_eq!(second.protocol.as_deref(), Some("http/1.1"));
    assert!(second.head.contains("host: abc.execute-api.eu-west-1.amazonaws.com\r\n"), "{}", second.head);
    assert_eq!(second.server_name.as_deref(), Some("api.gateprobe.test"));
}

#[tokio::test]
async fn a_host_header_means_http1_without_a_pin_as_well() {
    let tls = Tls::start(&["h2", "http/1.1"]);
    let request = get(&format!("https://api.gateprobe.test:{}/", tls.address.port()));
    outcome(settings(), &with_header(request, "host", "private.example.com")).await.unwrap();
    let [shaken] = tls.shaken().try_into().unwrap();
    assert_eq!(shaken.protocol.as_deref(), Some("http/1.1"));
    assert!(shaken.head.contains("host: private.example.com\r\n"), "{}", shaken.head);
}

#[tokio::test]
async fn what_cannot_be_sent_is_said_without_sending_or_telling_secrets() {
    let server = Http::answering(|_, _| answer(200, "")).await;
    let url = server.url("/");
    let mut table = vec![
        (
            with_header(get(&url), "X-Key", "s3cret\nx"),
            "the value of header `X-Key` holds a character that HTTP does not allow",
        ),
        (with_header(get(&url), "X Key", "s3cret"), "\"X Key\" is no header name"),
        (get("ftp://s3cret.test/"), "`ftp` is no scheme that can be probed; expected http or https"),
    ];
    for verb in ["", "GE T", "CONNECT", "GET\r\nX: y"] {
        table.push((Request::new(verb, url.parse().unwrap()), "is no verb that can be sent"));
    }
    let prober = prober(settings());
    for (request, expected) in table {
        let seen = prober.probe("", &request, |_| false).await;
        let err = seen.outcome.unwrap_err();
        assert_eq!((err.kind, seen.attempts, seen.confirmed), (TransportKind::Unsendable, 0, false), "{request:?}");
        assert!(err.detail.contains(expected) && !err.detail.contains("s3cret"), "{err}");
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn bad_settings_are_refused_by_name() {
    let refused = |settings| Prober::new(settings).err().unwrap();
    let agent = Settings { user_agent: "a\nb".to_owned(), ..settings() };
    assert!(matches!(refused(agent), ProberError::UserAgent(_)));
    for pem in ["junk", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let roots = Settings { extra_roots: pem.as_bytes().to_vec(), ..settings() };
        let err = refused(roots);
        assert!(matches!(err, ProberError::ExtraRoots(_)), "{pem}: {err:?}");
    }
}
