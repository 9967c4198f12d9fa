//! Pinned connections: where they go, and what does not change.

use super::servers::{Http, Tls, answer};
use super::{Settings, get, outcome, prober, settings};
use crate::gateway::Request;
use crate::probe::{Response, TransportError, TransportKind};

async fn through(pin: &str, url: &str) -> Result<Response, TransportError> {
    outcome(pinned(pin), &get(url)).await
}

fn pinned(pin: &str) -> Settings {
    Settings { pins: vec![pin.parse().unwrap()], ..settings() }
}

#[tokio::test]
async fn http_goes_to_the_target_and_keeps_its_host() {
    let server = Http::answering(|_, _| answer(200, "")).await;
    let port = server.port();
    for (pin, url, host) in [
        (format!("api.example.com:80:127.0.0.1:{port}"), "http://api.example.com/x", "api.example.com"),
        (format!("api.example.com:81:127.0.0.1:{port}"), "http://api.example.com:81/x", "api.example.com:81"),
        (format!("::target.test:{port}"), "http://api.example.com:81/x", "api.example.com:81"),
        (format!("::localhost:{port}"), "http://192.0.2.1:81/x", "192.0.2.1:81"),
        (format!("::localhost:{port}"), "http://[2001:db8::1]/x", "[2001:db8::1]"),
        (format!("::a.b.localhost:{port}"), "http://nx.invalid/x", "nx.invalid"),
        (format!("own.test:81::{port}"), "http://own.test:81/x", "own.test:81"),
    ] {
        assert_eq!(through(&pin, url).await.unwrap().status, 200, "{pin} {url}");
        let seen = server.seen().pop().unwrap();
        assert_eq!((seen.header("host"), seen.target.as_str()), (Some(host), "/x"), "{pin} {url}");
    }
    // PORT2 empty: the URL's port stays.
    let url = format!("http://nx.invalid:{port}/");
    assert_eq!(through(&format!(":{port}:127.0.0.1:"), &url).await.unwrap().status, 200);
}

#[tokio::test]
async fn https_keeps_its_server_name_too() {
    let tls = Tls::start(&["http/1.1"]);
    let port = tls.address.port();
    for (pin, url, host) in [
        (format!("api.gateprobe.test:443:127.0.0.1:{port}"), "https://api.gateprobe.test/", "api.gateprobe.test"),
        (format!(":8443:localhost:{port}"), "https://api.gateprobe.test:8443/", "api.gateprobe.test:8443"),
        (format!("::nx.test:{port}"), "https://other.gateprobe.test:1/", "other.gateprobe.test:1"),
        (format!("api.gateprobe.test:443::{port}"), "https://api.gateprobe.test/", "api.gateprobe.test"),
        (
            "::127.0.0.1:".to_owned(),
            &format!("https://api.gateprobe.test:{port}/"),
            &format!("api.gateprobe.test:{port}"),
        ),
    ] {
        assert_eq!(through(&pin, url).await.unwrap().status, 204, "{pin} {url}");
        let shaken = tls.shaken().pop().unwrap();
        assert!(shaken.head.contains(&format!("\r\nhost: {host}\r\n")), "{pin} {url}: {}", shaken.head);
        assert_eq!(shaken.server_name.as_deref(), host.split(':').next(), "{pin} {url}");
    }
}

#[tokio::test]
async fn an_explicit_port_moves_and_leaves_http2_for_http1() {
    let tls = Tls::start(&["h2", "http/1.1"]);
    let pin = format!("::127.0.0.1:{}", tls.address.port());
    through(&pin, "https://api.gateprobe.test:8443/").await.unwrap();
    let shaken = tls.shaken().pop().unwrap();
    assert_eq!(shaken.protocol.as_deref(), Some("http/1.1"));
    assert!(shaken.head.contains("\r\nhost: api.gateprobe.test:8443\r\n"), "{}", shaken.head);
}

#[tokio::test]
async fn pins_of_one_name_do_not_share_connections() {
    let (one, two, own) = (
        Http::answering(|_, _| answer(201, "")).await,
        Http::answering(|_, _| answer(202, "")).await,
        Http::answering(|_, _| answer(203, "")).await,
    );
    let (tls_one, tls_two) = (Tls::start(&[]), Tls::start(&[]));
    let pins = [
        format!("api.gateprobe.test:81:127.0.0.1:{}", one.port()),
        format!("api.gateprobe.test:82:127.0.0.1:{}", two.port()),
        format!("api.gateprobe.test:8441:127.0.0.1:{}", tls_one.address.port()),
        format!("api.gateprobe.test:8442:127.0.0.1:{}", tls_two.address.port()),
    ];
    let pins = pins.iter().map(|pin| pin.parse().unwrap()).collect();
    let prober = prober(Settings { pins, ..settings() });
    for _ in 0..2 {
        for (port, status) in [(81, 201), (82, 202), (own.port(), 203)] {
            let seen = prober.send(&get(&format!("http://api.gateprobe.test:{port}/"))).await;
            assert_eq!(seen.outcome.unwrap().status, status, "{port}");
        }
        for (port, tls) in [(8441, &tls_one), (8442, &tls_two)] {
            let before = tls.shaken().len();
            prober.send(&get(&format!("https://api.gateprobe.test:{port}/"))).await.outcome.unwrap();
            assert_eq!(tls.shaken().len(), before + 1, "{port}");
        }
    }
    assert_eq!((one.connections(), two.connections(), own.connections()), (1, 1, 1));
}

#[tokio::test]
async fn the_first_pin_that_matches_counts() {
    let server = Http::answering(|_, _| answer(200, "")).await;
    let pins = [format!("api.test::127.0.0.1:{}", server.port()), "::127.0.0.1:1".to_owned()];
    let pins = pins.iter().map(|pin| pin.parse().unwrap()).collect();
    let prober = prober(Settings { pins, ..settings() });
    prober.send(&get("http://api.test/")).await.outcome.unwrap();
    let other = prober.send(&get("http://other.test/")).await.outcome.unwrap_err();
    assert_eq!(other.kind, TransportKind::Connect);
}

#[tokio::test]
async fn a_confirmation_is_pinned_as_well() {
    let server = Http::answering(|_, _| answer(403, "")).await;
    let prober = prober(pinned(&format!("::127.0.0.1:{}", server.port())));
    let request = Request::new("GET", "http://nx.invalid:99/".parse().unwrap());
    let seen = prober.probe("", &request, |_| false).await;
    assert_eq!((seen.attempts, seen.confirmed, server.connections()), (2, true, 2));
}

#[tokio::test]
async fn names_under_localhost_need_no_name_server() {
    let server = Http::answering(|_, _| answer(200, "")).await;
    // The stub knows no such name.
    for host in ["localhost", "abc123.execute-api.localhost", "LOCALHOST"] {
        outcome(settings(), &get(&format!("http://{host}:{}/", server.port()))).await.unwrap();
    }
}

#[tokio::test]
async fn an_https_address_cannot_be_pinned_and_says_so() {
    let err = through("::127.0.0.1:1", "https://192.0.2.1/").await.unwrap_err();
    assert_eq!(err.kind, TransportKind::Unsendable);
    assert_eq!(err.detail, "a pin cannot lead an https URL elsewhere whose host is an address; use a name");
}
