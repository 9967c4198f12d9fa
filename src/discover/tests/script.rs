//! A server that answers as a test says: for what the simulator is too well behaved to do.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_apigateway::config::{Credentials, SharedCredentialsProvider};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::discover::{ControlPlane, Limits, Operation};

/// A request as the script sees it.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// The decoded path.
    pub(super) path: String,
    /// The decoded query.
    pub(super) query: BTreeMap<String, String>,
    /// How often the same path was asked for before.
    pub(super) before: usize,
}

/// What the server does.
pub(super) enum Answer {
    /// 200 with this JSON.
    Json(Value),
    /// An error of AWS's shape.
    Error(u16, &'static str, &'static str),
    /// Exactly this: status, headers, body.
    Raw(u16, Vec<(&'static str, &'static str)>, String),
    /// No answer, for as long as a test lasts.
    Hang,
}

/// AWS and its emulators number their answers.
const REQUEST_ID: (&str, &str) = ("x-amzn-requestid", "00000000-0000-4000-8000-000000000000");

/// What API Gateway says of what it has not got.
pub(super) const NOT_FOUND: Answer = Answer::Error(404, "NotFoundException", "Invalid API identifier specified");

pub(super) struct Script {
    pub(super) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    server: JoinHandle<()>,
}

impl Script {
    /// Starts a server on a free port.
    pub(super) async fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (answer, log) = (Arc::new(answer), Arc::clone(&asked));
        let server = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
                let service = service_fn(move |request: Request<Incoming>| {
                    let asked = note(&log, &request);
                    let answer = answer(&asked);
                    async move { Ok::<_, Infallible>(respond(answer).await) }
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service),
                );
            }
        });
        Self { url, asked, server }
    }

    /// Every path that was asked for, in order.
    pub(super) fn paths(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|asked| asked.path.clone()).collect()
    }

    /// Every request to a path.
    pub(super) fn asked(&self, path: &str) -> Vec<Asked> {
        self.asked.lock().unwrap().iter().filter(|asked| asked.path == path).cloned().collect()
    }

    pub(super) fn plane(&self) -> ControlPlane {
        ControlPlane::new(&config(&self.url), fast())
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn note(log: &Mutex<Vec<Asked>>, request: &Request<Incoming>) -> Asked {
    let url = url::Url::parse(&format!("http://host{}", request.uri())).unwrap();
    let path = percent_encoding::percent_decode_str(url.path()).decode_utf8_lossy().into_owned();
    let query = url.query_pairs().into_owned().collect();
    let mut log = log.lock().unwrap();
    let before = log.iter().filter(|asked| asked.path == path).count();
    let asked = Asked { path, query, before };
    log.push(asked.clone());
    asked
}

async fn respond(answer: Answer) -> Response<Full<Bytes>> {
    let (status, headers, body) = match answer {
        Answer::Json(body) => (200, vec![REQUEST_ID], body.to_string()),
        Answer::Error(status, code, message) => {
            (status, vec![REQUEST_ID, ("x-amzn-errortype", code)], json!({"message": message}).to_string())
        }
        Answer::Raw(status, headers, body) => (status, headers, body),
        Answer::Hang => std::future::pending().await,
    };
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Full::new(Bytes::from(body))).unwrap()
}

/// Limits that let a test run at once.
pub(super) fn fast() -> Limits {
    let many = NonZeroU32::new(1_000_000).unwrap();
    Limits {
        calls_per_second: many,
        get_resources_per_second: many,
        attempts: NonZeroU32::new(3).unwrap(),
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(20),
        connect_timeout: Duration::from_secs(2),
        attempt_timeout: Duration::from_secs(5),
        apis_at_once: NonZeroUsize::new(4).unwrap(),
        edited: true,
        exports: true,
    }
}

/// An SDK configuration that knows nothing but this endpoint.
pub(super) fn config(endpoint: &str) -> SdkConfig {
    let keys = Credentials::new("AKIDEXAMPLE", "not-a-secret", None, None, "test");
    bare(endpoint).into_builder().credentials_provider(SharedCredentialsProvider::new(keys)).build()
}

/// The same without credentials.
pub(super) fn bare(endpoint: &str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .endpoint_url(endpoint)
        .build()
}

/// How often an operation was called.
pub(super) fn count(plane: &ControlPlane, operation: Operation) -> u64 {
    plane.calls().get(&operation).copied().unwrap_or_default()
}

/// A list of APIs by their ids, each named after its id.
pub(super) fn apis(ids: &[&str]) -> Answer {
    let items: Vec<Value> = ids
        .iter()
        .map(|id| json!({"id": id, "name": format!("name of {id}"), "endpointConfiguration": {"types": ["REGIONAL"]}}))
        .collect();
    Answer::Json(json!({"item": items}))
}

/// Stages by name and deployment id.
pub(super) fn stages(stages: &[(&str, &str)]) -> Answer {
    let items: Vec<Value> = stages
        .iter()
        .map(|(name, deployment)| json!({"stageName": name, "deploymentId": deployment, "lastUpdatedDate": 1_790_000_000}))
        .collect();
    Answer::Json(json!({"item": items}))
}

/// A deployment with one open `GET`.
pub(super) fn deployment(id: &str, path: &str) -> Answer {
    let method = json!({"GET": {"authorizationType": "NONE", "apiKeyRequired": false}});
    Answer::Json(json!({"id": id, "createdDate": 1_780_000_000, "apiSummary": {path: method}}))
}

/// An empty page of anything.
pub(super) fn nothing() -> Answer {
    Answer::Json(json!({"item": [], "items": []}))
}
