//! Certificates of both sides, with real handshakes.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_config::{BehaviorVersion, SdkConfig};
use futures::StreamExt as _;
use futures::future::BoxFuture;
use secrecy::SecretString;

use super::servers::Tls;
use super::{Settings, get, prober, settings};
use crate::config::{ClientCertificate, Reference};
use crate::gateway::Request;
use crate::probe::{Job, Keyring, Outcome, Sources, TransportKind, Vault};

const CLIENT: &str = include_str!("../testdata/client.pem");

#[tokio::test]
async fn what_a_host_shows_is_observed() {
    for protocols in [["h2"], ["http/1.1"]] {
        let tls = Tls::start(&protocols);
        let seen = prober(settings()).send(&get(&format!("https://api.gateprobe.test:{}/", tls.address.port()))).await;
        assert_eq!(seen.outcome.unwrap().status, 204);
        let certificate = seen.certificate.unwrap();
        assert_eq!(certificate.not_after, 4_733_510_400, "2120-01-01");
        assert_eq!(
            (certificate.subject.as_str(), certificate.issuer.as_str()),
            ("Gateprobe test server", "Gateprobe test CA")
        );
    }
    let http = super::servers::Http::answering(|_, _| super::servers::answer(200, "")).await;
    assert_eq!(prober(settings()).send(&get(&http.url("/"))).await.certificate, None);
}

#[tokio::test]
async fn an_expired_certificate_is_a_tls_error_with_its_date() {
    let tls = Tls::expired();
    let trusting = Settings { extra_roots: include_bytes!("../testdata/expired-ca.pem").to_vec(), ..settings() };
    let seen = prober(trusting).send(&get(&format!("https://api.gateprobe.test:{}/", tls.address.port()))).await;
    let err = seen.outcome.unwrap_err();
    assert_eq!((err.kind, seen.certificate), (TransportKind::Tls, None));
    assert!(err.detail.contains("expired") && err.detail.contains("2021-01-01"), "{err}");
}

struct Safe(&'static str);

impl Vault for Safe {
    fn secret<'v>(&'v self, _: &'v str) -> BoxFuture<'v, Result<SecretString, String>> {
        Box::pin(async { Ok(SecretString::from(self.0)) })
    }
}

async fn keyring(domain: &str, pem: &'static str) -> Keyring {
    let aws = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build();
    let certificate = ClientCertificate {
        domain: domain.to_owned(),
        identity: Reference::SecretsManager { secret: "mtls".to_owned(), key: None },
    };
    let sources = Sources::new(&aws).with_vault(Arc::new(Safe(pem)));
    Keyring::open(&BTreeMap::new(), &[certificate], [], &sources).await
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_its_host_and_to_no_other() {
    for protocol in ["h2", "http/1.1"] {
        let tls = Tls::demanding(&[protocol]);
        let url = |host: &str| get(&format!("https://{host}:{}/", tls.address.port()));
        let prober = prober(settings());
        let keyring = keyring("API.gateprobe.test", CLIENT).await;
        assert_eq!(keyring.unreadable_certificates(), BTreeMap::new());
        let seen = prober.send_with(&url("api.gateprobe.test"), &[], &keyring).await;
        assert_eq!(seen.outcome.unwrap().status, 204, "{protocol}");
        let other = prober.send_with(&url("other.gateprobe.test"), &[], &keyring).await;
        let none = prober.send(&url("api.gateprobe.test")).await;
        for seen in [other, none] {
            let err = seen.outcome.unwrap_err();
            assert!(matches!(err.kind, TransportKind::Tls | TransportKind::Reset), "{err:?}");
        }
        assert_eq!(tls.shaken().iter().filter(|shaken| shaken.client).count(), 1);
    }
}

struct Plain(Request);

impl Job for Plain {
    fn group(&self) -> &'static str {
        ""
    }
    fn request(&self) -> &Request {
        &self.0
    }
}

#[tokio::test]
async fn every_attempt_of_a_sweep_shows_it_through_a_pin_too() {
    let tls = Tls::demanding(&["h2", "http/1.1"]);
    let pins = vec![format!("api.gateprobe.test:443:127.0.0.1:{}", tls.address.port()).parse().unwrap()];
    let prober = prober(Settings { pins, ..settings() });
    let keyring = keyring("api.gateprobe.test", CLIENT).await;
    let job = Plain(get("https://api.gateprobe.test/"));
    let outcomes: Vec<_> = prober.sweep_with([job], Some(&keyring), |_, _| false, None).collect().await;
    let [Outcome::Observed(_, seen)] = outcomes.as_slice() else { panic!("one") };
    assert_eq!((seen.outcome.as_ref().map(|answer| answer.status), seen.attempts), (Ok(204), 2));
    assert!(tls.shaken().iter().all(|shaken| shaken.client) && tls.shaken().len() == 2, "{:?}", tls.shaken());
}

#[tokio::test]
async fn pem_that_is_no_identity_has_a_named_reason() {
    let certificate = &CLIENT[..CLIENT.find("-----BEGIN PRIVATE").unwrap()];
    let key = &CLIENT[certificate.len()..];
    let other = include_str!("../testdata/leaf.key");
    let mixed: &'static str = Box::leak(format!("{certificate}{other}").into_boxed_str());
    let broken: &'static str = Box::leak(CLIENT.replace("MI", "m4rk").into_boxed_str());
    let locked: &'static str = Box::leak(CLIENT.replace("PRIVATE", "ENCRYPTED PRIVATE").into_boxed_str());
    for (pem, expected) in [
        ("m4rk", "it holds no certificate"),
        ("", "it holds no certificate"),
        (certificate, "it holds no private key"),
        (key, "it holds no certificate"),
        (locked, "is encrypted"),
        (mixed, "is not that of its certificate"),
        (broken, "cannot be"),
    ] {
        let keyring = keyring("api.gateprobe.test", pem).await;
        let why = &keyring.unreadable_certificates()["api.gateprobe.test"];
        assert!(why.starts_with("secretsmanager:mtls: ") && why.contains(expected), "{why}");
        assert!(!why.contains("m4rk") && !why.contains("BEGIN"), "{why}");
        let seen = prober(settings()).send_with(&get("https://api.gateprobe.test:1/"), &[], &keyring).await;
        assert_eq!(seen.outcome.unwrap_err().kind, TransportKind::Unsendable, "nothing is sent without it");
    }
}
