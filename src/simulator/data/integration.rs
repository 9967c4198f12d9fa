//! What lies behind a method's door.

use serde_json::json;
use uuid::Uuid;

use super::refusal::Refusal;
use crate::simulator::answer::{Answer, hex};
use crate::simulator::gateway_response::ResponseType;
use crate::simulator::method::{Behaviour, Reply};
use crate::simulator::request::Incoming;

/// Whether the request gets as far as an integration, whatever comes of it.
pub(super) fn is_reached(behaviour: &Behaviour, request: &Incoming) -> bool {
    match behaviour {
        Behaviour::Throttled | Behaviour::QuotaExceeded => false,
        Behaviour::OnlyJson => is_json(request),
        _ => true,
    }
}

/// Without a content type a request counts as JSON (facts A2, UNSUPPORTED_MEDIA_TYPE).
fn is_json(request: &Incoming) -> bool {
    request.header("content-type").unwrap_or("application/json").starts_with("application/json")
}

/// The integration's answer, or the gateway's word on why there is none.
pub(super) fn answer(behaviour: &Behaviour, request: &Incoming) -> Result<Answer, Refusal> {
    match behaviour {
        Behaviour::Mock => Ok(Answer::json(200, "")),
        Behaviour::Http(reply) => Ok(remapped(backend(reply))),
        // Facts A5: AWS and AWS_PROXY integrations carry a trace id.
        Behaviour::Lambda(reply) => Ok(backend(reply).with("X-Amzn-Trace-Id", &trace_id())),
        // Facts A2: status and words of each row.
        Behaviour::MalformedProxyResponse => Err(Refusal::internal(ResponseType::Default5xx, 502)),
        Behaviour::IntegrationFailure => Err(Refusal::internal(ResponseType::IntegrationFailure, 500)),
        Behaviour::ApiConfigurationError => Err(Refusal::internal(ResponseType::ApiConfigurationError, 500)),
        Behaviour::NetworkError => Err(Refusal::network_error()),
        Behaviour::IntegrationTimeout => Err(Refusal::integration_timeout()),
        Behaviour::Throttled => Err(Refusal::throttled()),
        Behaviour::QuotaExceeded => Err(Refusal::quota_exceeded()),
        Behaviour::InnerGateway { status, error_type, message } => {
            // Facts A0: the words and the error type are the inner gateway's; its request id is remapped.
            let inner = Answer::json(*status, json!({ "message": message }).to_string())
                .with("x-amzn-ErrorType", error_type)
                .with("x-amzn-Remapped-x-amzn-RequestId", &Uuid::new_v4().to_string());
            Ok(remapped(inner))
        }
        Behaviour::OnlyJson => {
            if is_json(request) {
                Ok(Answer::json(200, ""))
            } else {
                Err(Refusal::unsupported_media_type())
            }
        }
    }
}

fn backend(reply: &Reply) -> Answer {
    Answer { status: reply.status, headers: reply.headers.clone(), body: reply.body.clone() }
}

/// The backend's connection headers, as HTTP_PROXY passes them on (recorded from AWS on 2024-12-11, LocalStack's
/// `test_apigateway_header_remapping_http`).
fn remapped(answer: Answer) -> Answer {
    let length = answer.body.len().to_string();
    answer
        .with("x-amzn-Remapped-Connection", "keep-alive")
        .with("x-amzn-Remapped-Content-Length", &length)
        .with("x-amzn-Remapped-Date", "Thu, 01 Jan 2026 00:00:00 GMT")
}

/// An X-Ray trace id: `Root=1-<8 hex>-<24 hex>`.
fn trace_id() -> String {
    format!("Root=1-6955b900-{}", hex(&Uuid::new_v4().as_bytes()[..12]))
}
