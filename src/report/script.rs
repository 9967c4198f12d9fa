//! An AWS endpoint on loopback that answers as a test says.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sns::config::{Credentials, SharedCredentialsProvider};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) authorization: String,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    /// The body, as far as it is text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The first value of a field of the body as a form.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(&self.body).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// How many of the form's fields begin so.
    pub(crate) fn fields(&self, prefix: &str) -> usize {
        url::form_urlencoded::parse(&self.body).filter(|(key, _)| key.starts_with(prefix)).count()
    }
}

/// What is answered.
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Answer {
    /// CloudWatch's shape, RPC v2 CBOR: nothing, or an error with its code in the header for query clients too.
    pub(crate) fn cbor(status: u16, code: &str, message: &str) -> Self {
        let mut headers =
            vec![("smithy-protocol", "rpc-v2-cbor".to_owned()), ("content-type", "application/cbor".to_owned())];
        if code.is_empty() {
            return Self { status, headers, body: vec![0xa0] };
        }
        headers.push(("x-amzn-query-error", format!("{code};Sender")));
        let mut body = vec![0xa2];
        for text in ["__type", code, "message", message] {
            body.extend([0x78, u8::try_from(text.len()).unwrap()]);
            body.extend(text.bytes());
        }
        Self { status, headers, body }
    }

    /// SNS's shape: XML.
    pub(crate) fn xml(status: u16, body: &str) -> Self {
        Self { status, headers: vec![("content-type", "text/xml".to_owned())], body: body.as_bytes().to_vec() }
    }
}

pub(crate) struct Script {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    server: JoinHandle<()>,
}

impl Script {
    /// Starts a server on a free port; `answer` is told how many requests came before this one.
    pub(crate) async fn start(answer: impl Fn(usize, &Asked) -> Answer + Send + Sync + 'static) -> Self {
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
                        let header = request.headers().get("authorization");
                        let authorization = header.map_or("", |value| value.to_str().unwrap()).to_owned();
                        let body = request.into_body().collect().await.unwrap().to_bytes().to_vec();
                        let asked = Asked { authorization, body };
                        let before = {
                            let mut log = log.lock().unwrap();
                            log.push(asked.clone());
                            log.len() - 1
                        };
                        let Answer { status, headers, body } = answer(before, &asked);
                        let mut response = Response::builder().status(status);
                        for (name, value) in headers {
                            response = response.header(name, value);
                        }
                        Ok::<_, Infallible>(response.body(Full::new(Bytes::from(body))).unwrap())
                    }
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service),
                );
            }
        });
        Self { url, asked, server }
    }

    /// Every request so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// An SDK configuration that knows nothing but this endpoint.
pub(crate) fn config(endpoint: &str) -> SdkConfig {
    let keys = Credentials::new("AKIDEXAMPLE", "not-a-secret", None, None, "test");
    bare(endpoint).into_builder().credentials_provider(SharedCredentialsProvider::new(keys)).build()
}

/// The same without credentials.
pub(crate) fn bare(endpoint: &str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .endpoint_url(endpoint)
        .retry_config(RetryConfig::standard().with_initial_backoff(std::time::Duration::from_millis(1)))
        .build()
}
