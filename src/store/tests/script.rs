//! A DynamoDB that answers as a test says.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::store::Table;

/// A call as the server sees it.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// `PutItem`.
    pub(super) operation: String,
    /// Its input.
    pub(super) input: Value,
    /// How many calls came before.
    pub(super) before: usize,
}

/// What the server does.
pub(super) enum Answer {
    /// 200 with this.
    Json(Value),
    /// An error of DynamoDB's shape: status, code, the rest.
    Error(u16, &'static str, Value),
    /// No answer, for as long as a test lasts.
    Hang,
}

pub(super) fn error(status: u16, code: &'static str, message: &str) -> Answer {
    Answer::Error(status, code, json!({ "message": message }))
}

pub(super) struct Script {
    url: String,
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
                    let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
                    async move {
                        let target = request.headers()["x-amz-target"].to_str().unwrap();
                        let operation = target.rsplit('.').next().unwrap().to_owned();
                        let body = request.into_body().collect().await.unwrap().to_bytes();
                        let input = serde_json::from_slice(&body).unwrap();
                        let asked = {
                            let mut log = log.lock().unwrap();
                            let asked = Asked { operation, input, before: log.len() };
                            log.push(asked.clone());
                            asked
                        };
                        Ok::<_, Infallible>(respond(answer(&asked)).await)
                    }
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service),
                );
            }
        });
        Self { url, asked, server }
    }

    /// Every call so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// A table there, asked up to three times without much waiting.
    pub(super) fn table(&self) -> Table {
        let retries = RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(1));
        let limits = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_millis(200)).build();
        let keys = Credentials::new("AKIDEXAMPLE", "not-a-secret", None, None, "test");
        // The SDK counts a process's retries by service and region, and makes no more when there were too many: with a
        // region of its own no test takes another's.
        let region = format!("test-{}", self.url.rsplit(':').next().unwrap());
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region))
            .endpoint_url(&self.url)
            .retry_config(retries)
            .timeout_config(limits)
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .build();
        let mut table = Table::new(&config, "memory");
        table.first_wait = Duration::from_millis(1);
        table
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn respond(answer: Answer) -> Response<Full<Bytes>> {
    let (status, body) = match answer {
        Answer::Json(body) => (200, body),
        Answer::Error(status, code, mut body) => {
            body["__type"] = json!(format!("com.amazonaws.dynamodb.v20120810#{code}"));
            (status, body)
        }
        Answer::Hang => std::future::pending().await,
    };
    let response = Response::builder().status(status).header("content-type", "application/x-amz-json-1.0");
    response.body(Full::new(Bytes::from(body.to_string()))).unwrap()
}
