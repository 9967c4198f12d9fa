//! Transport errors, made with real sockets.

use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use super::servers::{Raw, Tls, read_head};
use super::{Settings, get, outcome, prober, settings};
use crate::probe::TransportError;
use crate::probe::TransportKind::{self, Connect, Dns, Protocol, Reset, Timeout, Tls as TlsKind};

async fn failure(settings: Settings, url: &str) -> TransportError {
    // What a URL may hold is never told.
    let err = outcome(settings, &get(&format!("{url}/s3cret?key=s3cret"))).await.unwrap_err();
    assert!(!err.detail.contains("s3cret") && !err.detail.contains("://") && !err.detail.contains('\n'), "{err}");
    err
}

fn check(err: &TransportError, kind: TransportKind, detail: &str) {
    assert!(err.kind == kind && err.detail.contains(detail), "{err:?}, expected {kind:?} with {detail:?}");
}

/// Closes with what it has not read, which makes the kernel send a reset.
async fn reset(stream: TcpStream) {
    stream.readable().await.unwrap();
    stream.set_zero_linger().unwrap();
}

#[tokio::test]
async fn refused() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    check(&failure(settings(), &format!("http://{free}")).await, Connect, "Connection refused");
    check(&failure(settings(), &format!("https://{free}")).await, Connect, "Connection refused");
}

#[tokio::test]
async fn reset_before_an_answer() {
    let server = Raw::start(|stream| Box::pin(reset(stream))).await;
    check(&failure(settings(), &format!("http://{}", server.address)).await, Reset, "Connection reset");
}

#[tokio::test]
async fn closed_before_an_answer() {
    let server = Raw::writing(b"").await;
    check(&failure(settings(), &format!("http://{}", server.address)).await, Reset, "closed");
    let server = Raw::writing(b"HTTP/1.1 200 OK\r\ncontent-le").await;
    check(&failure(settings(), &format!("http://{}", server.address)).await, Reset, "closed");
}

#[tokio::test]
async fn closed_amid_the_body() {
    let server = Raw::writing(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc").await;
    check(&failure(settings(), &format!("http://{}", server.address)).await, Reset, "");
    let server = Raw::writing(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nabc").await;
    check(&failure(settings(), &format!("http://{}", server.address)).await, Reset, "");
}

#[tokio::test]
async fn no_http() {
    for garbage in [
        &b"SSH-2.0-OpenSSH_9.6\r\n"[..],
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"HTTP/1.1 99999 Nope\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\xff\xff: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzzz\r\n",
    ] {
        let server = Raw::writing(garbage).await;
        check(&failure(settings(), &format!("http://{}", server.address)).await, Protocol, "");
    }
}

/// As SSH and SMTP servers do.
#[tokio::test]
async fn a_server_that_speaks_first() {
    let server = Raw::start(|mut stream| {
        Box::pin(async move {
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"220 mail.example.com ESMTP\r\n").await;
            read_head(&mut stream).await;
        })
    })
    .await;
    check(&failure(settings(), &format!("http://{}", server.address)).await, Protocol, "");
}

#[tokio::test]
async fn too_many_headers() {
    let server = Raw::start(|mut stream| {
        Box::pin(async move {
            read_head(&mut stream).await;
            let head = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(101));
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, head.as_bytes()).await;
            // Let the client have it all before it is closed.
            read_head(&mut stream).await;
        })
    })
    .await;
    check(&failure(settings(), &format!("http://{}", server.address)).await, Protocol, "too large");
}

#[tokio::test]
async fn tls_to_a_plain_server() {
    let server = Raw::start(|mut stream| {
        Box::pin(async move {
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            read_head(&mut stream).await;
        })
    })
    .await;
    check(&failure(settings(), &format!("https://{}", server.address)).await, TlsKind, "corrupt message");
}

#[tokio::test]
async fn closed_during_the_handshake() {
    let server = Raw::start(|mut stream| {
        Box::pin(async move {
            let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 4096]).await;
        })
    })
    .await;
    check(&failure(settings(), &format!("https://{}", server.address)).await, TlsKind, "handshake eof");
}

#[tokio::test]
async fn certificates_that_prove_nothing() {
    let tls = Tls::start(&[]);
    let port = tls.address.port();
    let err = failure(settings(), &format!("https://elsewhere.test:{port}")).await;
    check(&err, TlsKind, "certificate not valid for name \"elsewhere.test\"");
    let strict = Settings { extra_roots: Vec::new(), ..settings() };
    let err = failure(strict, &format!("https://api.gateprobe.test:{port}")).await;
    check(&err, TlsKind, "invalid peer certificate: UnknownIssuer");
    outcome(settings(), &get(&format!("https://api.gateprobe.test:{port}/"))).await.unwrap();
}

#[tokio::test]
async fn closed_after_the_handshake() {
    for protocol in ["h2", "http/1.1"] {
        let tls = Tls::hanging_up(&[protocol]);
        let err = failure(settings(), &format!("https://api.gateprobe.test:{}", tls.address.port())).await;
        assert_eq!(tls.shaken()[0].protocol.as_deref(), Some(protocol));
        check(&err, Reset, "");
    }
}

#[tokio::test]
async fn plain_to_a_tls_server() {
    let tls = Tls::start(&[]);
    let err = failure(settings(), &format!("http://{}", tls.address)).await;
    assert!(matches!(err.kind, Protocol | Reset), "{err:?}");
}

#[tokio::test]
async fn names_that_lead_nowhere() {
    check(&failure(settings(), "https://nx.invalid").await, Dns, "Name or service not known");
    check(&failure(settings(), "http://empty.invalid").await, Dns, "the name has no address");
}

#[tokio::test]
async fn no_connection_in_time() {
    // Accepts, but never shakes hands.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hasty = || Settings { connect_timeout: Duration::from_millis(50), ..settings() };
    let expected = "no connection within the connect timeout";
    let address = silent.local_addr().unwrap();
    check(&failure(hasty(), &format!("https://{address}")).await, Timeout, expected);
    let seen = prober(hasty()).send(&get("http://slow.invalid/")).await;
    check(seen.outcome.as_ref().unwrap_err(), Timeout, expected);
    // Where the time went.
    assert!(seen.timings.dns.is_some() && seen.timings.connect.is_none(), "{:?}", seen.timings);
}

#[tokio::test]
async fn no_answer_in_time() {
    let hasty = || Settings { total_timeout: Duration::from_millis(50), ..settings() };
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    check(&failure(hasty(), &format!("http://{address}")).await, Timeout, "no answer within 50ms");
    let stuck = Raw::start(|mut stream| {
        Box::pin(async move {
            read_head(&mut stream).await;
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc";
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, answer).await;
            std::future::pending::<()>().await;
        })
    })
    .await;
    // On a machine that is busy enough not even the head may come in 50 ms; both are timeouts.
    let err = failure(hasty(), &format!("http://{}", stuck.address)).await;
    check(&err, Timeout, "within 50ms");
}
