//! The dashboard's widget without AWS: `cargo run --example widget -- widget.html` lets the demo's broken doors be probed
//! twice by a monitor with a memory, and writes one page that shows the widget as CloudWatch would, light and dark, wide and
//! narrow. Its buttons open what a popup would show. `--plain` writes one widget alone: `--plain dark overview widget.html`.

#![allow(clippy::unwrap_used, reason = "a tool for looking at the widget")]

use std::fmt::Write as _;
use std::sync::Arc;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_apigateway::config::{Credentials, SharedCredentialsProvider};
use gateprobe::config::{Config, ContractEntry, ContractRequest, Limits, Scope};
use gateprobe::discover::{ControlPlane, Wanted};
use gateprobe::event::{Draw, Show, Theme};
use gateprobe::pipeline::{self, Memory, Run, Telling};
use gateprobe::remember::Ledger;
use gateprobe::report::widget::{About, draw, sorry};
use gateprobe::report::{Context, message};
use gateprobe::simulator::Simulator;
use gateprobe::simulator::demo::{Scene, scene};
use gateprobe::store;

/// Every page is drawn at this time: the same page whenever it is made.
const START: i64 = 1_795_420_800;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ledger = ledger().await;
    let (text, path) = match &arguments[..] {
        [plain, theme, page, path] if plain == "--plain" => {
            let theme = if theme == "dark" { Theme::Dark } else { Theme::Light };
            let show = match page.as_str() {
                "overview" => Show::Overview,
                "history" => Show::History,
                incident => Show::Incident(incident.trim_start_matches("gp-").parse().unwrap()),
            };
            (document("light dark", &frame(&page_of(&ledger, show, theme, 60), theme, "100%")), Some(path))
        }
        [path] => (gallery(&ledger), Some(path)),
        _ => (gallery(&ledger), None),
    };
    match path {
        Some(path) => std::fs::write(path, text).unwrap(),
        None => println!("{text}"),
    }
}

/// What the monitor remembers after a few runs over the demo's world.
async fn ledger() -> Ledger {
    let (kept, Scene { account, contract, .. }) = (store::Memory::default(), scene());
    let region = account.region.clone();
    let simulator = Simulator::start(account.clone()).await.unwrap();
    let entry = |method: &str, url: &str| {
        let (method, url) = (method.to_owned(), url.parse().unwrap());
        ContractEntry::Request(ContractRequest { method, url, headers: std::collections::BTreeMap::new() })
    };
    let address = simulator.address();
    let pins = account.domains.iter().map(|domain| format!("{}::{}:{}", domain.name, address.ip(), address.port()));
    let config = Config {
        contract: contract.iter().map(|call| entry(call.method, &call.url(&simulator, &region))).collect(),
        connect_to: pins.collect(),
        limits: Limits { api_rate: 0, control_plane_rate: 1000, retries: 1, ..Limits::default() },
        ..Config::default()
    };
    let run = Run {
        invoke_url: simulator.invoke_url_template().parse().unwrap(),
        domain_url: simulator.domain_url_template().parse().unwrap(),
        config,
        deadline: None,
    };
    let aws = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .endpoint_url(simulator.endpoint_url())
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("demo", "demo", None, None, "demo")))
        .build();
    let prober = pipeline::prober(&run.config).unwrap();
    for number in 0..4 {
        let clock = move || START + number * 300;
        let memory = Memory::new(Arc::new(kept.clone()), false);
        let plane = ControlPlane::new(&aws, pipeline::control_plane_limits(&run.config));
        let wanted = Wanted::Everything(Scope::default());
        let outcomes = pipeline::run_with(&run, &plane, &wanted, &prober, &clock, Some(&memory)).await.unwrap();
        let mut report = outcomes.report;
        let context = Context::new(&report.region, clock());
        let telling = Telling {
            alerts: &run.config.alerts,
            channel: None,
            nobody: number < 3,
            render: &|id, transition| message(id, transition, &context),
            clock: &clock,
            ends: None,
        };
        memory.settle(outcomes.remembered.unwrap(), &mut report, telling).await;
    }
    let (mut ledger, _) = store::read_ledger(&kept).await.unwrap();
    // Somebody knows of one of them.
    if let Some(incident) = ledger.incidents.last_mut() {
        incident.acknowledged_until = Some(START + 14_400);
    }
    ledger
}

/// The widget so many seconds after the last run.
fn page_of(ledger: &Ledger, show: Show, theme: Theme, later: i64) -> String {
    let last = ledger.last_run.as_ref().map_or(START, |last| last.ended_at);
    let about = About {
        now: last + later,
        region: "eu-central-1".to_owned(),
        console: true,
        function: Some("arn:aws:lambda:eu-central-1:123456789012:function:gateprobe-Widget".to_owned()),
        table: Some("gateprobe-Table-1ABCDEFGHIJK".to_owned()),
    };
    draw(ledger, &Draw { show: Ok(show), theme, stale_after: 900 }, &about)
}

fn frame(html: &str, theme: Theme, width: &str) -> String {
    let class = if theme == Theme::Dark { "cw cwdb-theme-dark" } else { "cw" };
    format!("<section class=\"{class}\" style=\"width:{width}\">{html}</section>")
}

fn gallery(ledger: &Ledger) -> String {
    let mut body = String::new();
    let mut quiet = ledger.clone();
    (quiet.incidents, quiet.troubles, quiet.outbox) = (Vec::new(), std::collections::BTreeMap::new(), Vec::new());
    for last in [&mut quiet.last_run, &mut quiet.last_whole].into_iter().flatten() {
        last.watched.routed = last.watched.deployed;
        last.watched.healthy = last.watched.deployed;
        last.watched.probed = last.watched.deployed;
        last.watched.skipped.clear();
        last.watched.gaps = 0;
    }
    let first = ledger.incidents.first().map_or(1, |incident| incident.number);
    let denied = "the table gateprobe-Table-1ABCDEFGHIJK could not be read: the credentials do not allow it";
    for theme in [Theme::Light, Theme::Dark] {
        for (title, html, width) in [
            ("overview, wide", page_of(ledger, Show::Overview, theme, 60), "960px"),
            ("overview, narrow", page_of(ledger, Show::Overview, theme, 60), "320px"),
            ("an incident", page_of(ledger, Show::Incident(first), theme, 60), "720px"),
            ("history", page_of(ledger, Show::History, theme, 60), "720px"),
            ("a quiet day", page_of(&quiet, Show::Overview, theme, 60), "480px"),
            ("nobody watches", page_of(&quiet, Show::Overview, theme, 4000), "480px"),
            ("no such incident", page_of(ledger, Show::Incident(999), theme, 60), "480px"),
            ("no table", sorry(&format!("The incidents cannot be shown: {denied}"), theme), "480px"),
        ] {
            let _ = write!(body, "<h2>{title}</h2>{}", frame(&html, theme, width));
        }
        let name = if theme == Theme::Dark { "dark" } else { "light" };
        for incident in &ledger.incidents {
            let html = frame(&page_of(ledger, Show::Incident(incident.number), theme, 60), theme, "100%");
            let _ = write!(
                body,
                "<template data-theme={name} data-for='{{\"incident\":\"{}\"}}'>{html}</template>",
                incident.name()
            );
        }
        let html = frame(&page_of(ledger, Show::History, theme, 60), theme, "100%");
        let _ = write!(body, "<template data-theme={name} data-for='{{\"show\":\"history\"}}'>{html}</template>");
    }
    document("light dark", &body)
}

/// A page with what CloudWatch is known to style, guessed from its looks: tables, headings, links and `btn`.
fn document(scheme: &str, body: &str) -> String {
    const STYLE: &str = "
body{margin:16px;background:#eaeded;font-family:'Amazon Ember','Helvetica Neue',Roboto,Arial,sans-serif}
body>h2{font-size:13px;color:#414750;margin:18px 0 4px}
.cw{box-sizing:border-box;max-width:100%;background:#fff;color:#16191f;border:1px solid #d5dbdb;padding:12px;font-size:14px}
.cw.cwdb-theme-dark{background:#2a2e33;color:#d5dbdb;border-color:#3c4043}
.cw a{color:#0073bb;text-decoration:none}.cw.cwdb-theme-dark a{color:#44b9d6}
.cw a.btn{display:inline-block;border:1px solid #545b64;border-radius:2px;color:#545b64;padding:3px 16px;font-weight:700;cursor:pointer}
.cw.cwdb-theme-dark a.btn{color:#d5dbdb;border-color:#95a5a6}
.cw th{background:#fafafa}.cw.cwdb-theme-dark th{background:#21252c}
cwdb-action{display:none}
dialog{width:min(760px,94vw);max-height:86vh;padding:0;border:0}
";
    const SCRIPT: &str = "
for (const action of document.querySelectorAll('cwdb-action')) {
  const theme = action.closest('.cw').classList.contains('cwdb-theme-dark') ? 'dark' : 'light';
  const found = [...document.querySelectorAll('template')].find(
    one => one.dataset.theme === theme && one.dataset.for === action.textContent);
  const button = action.previousElementSibling;
  button.tabIndex = 0;
  button.setAttribute('role', 'button');
  if (!found) continue;
  const open = () => {
    const dialog = document.createElement('dialog');
    dialog.append(found.content.cloneNode(true));
    dialog.addEventListener('close', () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  };
  button.addEventListener('click', open);
  button.addEventListener('keydown', event => { if (event.key === 'Enter') open(); });
}
";
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"{scheme}\"><title>Gateprobe's widget</title><link rel=\"icon\" href=\"data:,\"><style>{STYLE}</style></head><body>{body}<script>{SCRIPT}</script></body></html>"
    )
}
