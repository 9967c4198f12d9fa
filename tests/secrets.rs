//! No secret is told: the whole pipeline with marked secrets, and a look for the marks in all that comes out of it.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_apigateway::config::{Credentials, SharedCredentialsProvider};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateprobe::config::{Config, Scope};
use gateprobe::discover::{ControlPlane, Wanted};
use gateprobe::pipeline::{self, Run};
use gateprobe::probe::{Keyring, Sources};
use gateprobe::report::terminal::{self, Style};
use gateprobe::report::{alert, datums};
use gateprobe::simulator::{Account, Api, Method, Simulator};
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

const NOW: i64 = 1_800_000_000;

/// Every secret of the test has this in it; base64 of it is looked for at each of its three offsets.
const MARK: &str = "Zq7mArKeD";

fn marks() -> Vec<String> {
    let mut marks = vec![MARK.to_owned()];
    for lead in ["", "x", "xx"] {
        let encoded = STANDARD.encode(format!("{lead}{MARK}"));
        // What the bytes before and behind it have a part in is left out.
        let start = if lead.is_empty() { 0 } else { 4 };
        marks.push(encoded[start..encoded.trim_end_matches('=').len() - 2].to_owned());
    }
    marks
}

fn check(what: &str, told: &str) {
    for mark in marks() {
        if let Some(at) = told.find(&mark) {
            let start = told.floor_char_boundary(at.saturating_sub(300));
            let end = told.floor_char_boundary((at + 60).min(told.len()));
            panic!("{what} tells a secret: …{}…", &told[start..end]);
        }
    }
}

/// What all threads of the process trace.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Log {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

/// An HTTP server: what `respond` makes of a request's head and body, with a status.
fn server(respond: impl Fn(&str) -> (u16, String) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let respond = Arc::new(respond);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // Clients open connections in advance, and none must wait for those.
            let (stream, respond) = (stream.unwrap(), Arc::clone(&respond));
            std::thread::spawn(move || serve(stream, &*respond));
        }
    });
    format!("http://{address}")
}

fn serve(mut stream: TcpStream, respond: &impl Fn(&str) -> (u16, String)) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        request.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok());
        if body.len() < length.unwrap_or(0) {
            continue;
        }
        let (status, body) = respond(&text);
        let length = body.len();
        let said = head.lines().find(|line| line.contains(MARK) || line.to_ascii_lowercase().starts_with("auth"));
        let echo = said.map_or(String::new(), |line| format!("x-said: {line}\r\n"));
        let head = format!("HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.1\r\n{echo}");
        let _ = write!(stream, "{head}content-length: {length}\r\nconnection: close\r\n\r\n{body}");
        return;
    }
}

/// Secrets Manager, as far as `GetSecretValue` goes. One secret is not JSON, one is refused, one is binary.
fn secrets_manager() -> String {
    server(|request| {
        let asked: serde_json::Value =
            request.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str(body).ok()).unwrap_or_default();
        let text = match asked["SecretId"].as_str().unwrap_or_default() {
            "key" => format!("{MARK}-key"),
            "json" => json!({"token": format!("{MARK}-bearer"), "password": format!("{MARK}-password")}).to_string(),
            "header" => format!("{MARK}-header"),
            "line" => format!("{MARK}-line\nx"),
            "client" => format!("{MARK}-client"),
            "pem" => format!("-----BEGIN CERTIFICATE-----\n{MARK}\n-----BEGIN PRIVATE KEY-----\n{MARK}\n"),
            "binary" => return (200, json!({"SecretBinary": STANDARD.encode(MARK)}).to_string()),
            _ => {
                let body = json!({"__type": "AccessDeniedException", "message": "User: me is not authorized"});
                return (400, body.to_string());
            }
        };
        (200, json!({"ARN": "arn", "Name": "n", "SecretString": text}).to_string())
    })
}

fn token_endpoint(fails: bool) -> String {
    server(move |request| {
        if fails {
            let body = json!({"error": format!("{MARK}-error"), "error_description": request});
            return (400, body.to_string());
        }
        (200, json!({"access_token": format!("{MARK}-issued"), "token_type": "Bearer", "expires_in": 600}).to_string())
    })
}

/// Says back every header that it got, as plain text, in base64 and behind an error's type, and fails.
fn backend() -> String {
    server(|request| {
        let said: Vec<_> = request.lines().filter(|line| line.contains(": ")).map(ToOwned::to_owned).collect();
        let values: Vec<_> =
            said.iter().filter_map(|line| line.split_once(": ")).map(|(_, value)| STANDARD.encode(value)).collect();
        (500, json!({"message": said.join("; "), "seen": said, "encoded": values}).to_string())
    })
}

/// The names of all credentials of the test.
const NAMES: [&str; 11] =
    ["key", "bearer", "basic", "header", "signed", "oauth", "badoauth", "line", "denied", "binary", "wrongkey"];

/// Each an API's. They are few, for API Gateway's `GetResources` is called once a second.
const TOGETHER: [&[&str]; 5] = [&["key", "bearer"], &["basic"], &["signed", "header"], &["oauth"], &["badoauth"]];

fn config(oauth: &str, bad_oauth: &str) -> Config {
    let mut text = format!(
        "credentials:
  key: {{api_key: 'secretsmanager:key'}}
  bearer: {{bearer: 'secretsmanager:json#token'}}
  basic: {{basic: {{user: bob, password: 'secretsmanager:json#password'}}}}
  header: {{header: {{name: x-own, value: 'secretsmanager:header'}}}}
  signed: {{sigv4: {{}}}}
  oauth: {{client_credentials: {{token_url: '{oauth}/token', client_id: me, client_secret: 'secretsmanager:client'}}}}
  badoauth: {{client_credentials: {{token_url: '{bad_oauth}/token', client_id: me, client_secret: 'secretsmanager:client'}}}}
  line: {{api_key: 'secretsmanager:line'}}
  denied: {{api_key: 'secretsmanager:nothing'}}
  binary: {{api_key: 'secretsmanager:binary'}}
  wrongkey: {{api_key: 'secretsmanager:key#nothing'}}
client_certificates: [{{domain: api.example.test, identity: 'secretsmanager:pem'}}]
limits: {{retries: 1, api_rate: 0, control_plane_rate: 1000}}
authenticate:
"
    );
    for names in TOGETHER {
        let _ = writeln!(text, "  - {{api: 'shop-{}', with: [{}]}}", names[0], names.join(", "));
    }
    Config::parse(&text, "test").unwrap()
}

fn aws(endpoint: &str) -> SdkConfig {
    let token = Some(format!("{MARK}-session"));
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "AKIDEXAMPLE",
            format!("{MARK}-signing"),
            token,
            None,
            "test",
        )))
        .build()
}

/// The simulator has no backend that says back what it got, so its data plane stands for the APIs that are read, and the backend for
/// the ones that are called.
fn account() -> Account {
    TOGETHER.iter().enumerate().fold(Account::new("us-east-1"), |account, (index, names)| {
        let api = Api::new(&format!("api{index:07}"), &format!("shop-{}", names[0]));
        let deployed = api.deploy("d1", |t| {
            let t = t.get("/keyed", Method::mock().api_key()).get("/open", Method::http(500, "broken"));
            t.get("/token", Method::mock().broken_authorizer().custom()).get("/iam", Method::mock().iam())
        });
        account.api(deployed.stage("prod", "d1"))
    })
}

async fn run(config: &Config, invoke_url: &str, plane: &SdkConfig, sources: Sources) -> (String, usize) {
    let run = Run { config: config.clone(), invoke_url: invoke_url.parse().unwrap(), ..Run::default() };
    let plane = ControlPlane::new(plane, pipeline::control_plane_limits(config));
    let prober = pipeline::prober(config).unwrap().with_sources(sources);
    let report = pipeline::run(&run, &plane, &Wanted::Everything(Scope::default()), &prober, &|| NOW).await.unwrap();
    let style = Style { verbose: true, width: 160, ..Style::default() };
    let told = [
        format!("{report:?}"),
        serde_json::to_string(&report).unwrap(),
        terminal::report(&report, style),
        format!("{:?}", alert(&report)),
        format!("{:?}", datums(&report, NOW)),
    ];
    (told.join("\n"), report.diagnoses.len())
}

#[tokio::test]
async fn no_secret_is_told_by_anything() {
    let log = Log::default();
    tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).init();
    let simulator = Simulator::start(account()).await.unwrap();
    let (oauth, bad_oauth) = (token_endpoint(false), token_endpoint(true));
    let config = config(&oauth, &bad_oauth);
    let vault = aws(&secrets_manager());
    let plane = aws(&simulator.endpoint_url());
    let sources = || Sources::new(&vault);

    // What is read, and what is not.
    let keyring = Keyring::open(&config.credentials, &config.client_certificates, NAMES, &sources()).await;
    let unreadable = keyring.unreadable();
    let names: Vec<_> = unreadable.keys().map(String::as_str).collect();
    assert_eq!(names, ["badoauth", "binary", "denied", "line", "wrongkey"], "{unreadable:?}");
    assert_eq!(keyring.unreadable_certificates().len(), 1);
    check("the keyring", &format!("{keyring:?} {unreadable:?} {:?}", keyring.unreadable_certificates()));

    // Against the simulator, whose gateway refuses or lets in.
    let (told, found) = run(&config, &simulator.invoke_url_template(), &plane, sources()).await;
    assert!(found > 0);
    check("a run", &told);
    let calls = simulator.calls();
    let sent: Vec<_> = calls.data.iter().flat_map(|call| &call.headers).map(|(_, value)| value.as_str()).collect();
    for secret in ["key", "bearer", "header", "issued", "session"] {
        let secret = format!("{MARK}-{secret}");
        assert!(sent.iter().any(|value| value.contains(&secret)), "{secret} was never sent, so it proves nothing");
    }
    let basic = STANDARD.encode(format!("bob:{MARK}-password"));
    assert!(sent.iter().any(|value| value.ends_with(&basic)));

    // Against a backend that says it all back.
    let (told, found) = run(&config, &format!("{}/{{api}}/{{stage}}", backend()), &plane, sources()).await;
    assert!(found > 0 && told.contains('…'), "{found}");
    check("a run against a backend that says it all back", &told);

    // A config whose secrets are written out is refused, and they are not repeated.
    for text in [
        format!("credentials: {{key: {{api_key: {MARK}}}}}"),
        format!("credentials: {{key: {{api_key: 'vault:{MARK}'}}}}"),
        format!("credentials: {{key: {{basic: {{user: bob, password: {MARK}}}}}}}"),
    ] {
        check("a config's error", &Config::parse(&text, "test").unwrap_err().to_string());
    }
    let text = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(text.contains("TRACE") && text.len() > 10_000, "nothing was traced");
    check("the log", &text);
}
