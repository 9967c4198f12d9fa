//! What became of one control-plane call: the only file that knows the SDK's errors.
//!
//! An [`SdkError`] has the operation's own type in it and a source chain of several crates behind it. A [`CallError`] is
//! plain data: what kind of failure it was, what the endpoint said, and how to say it in one line.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use aws_sdk_apigateway::config::http::HttpResponse;
use aws_sdk_apigateway::error::{ProvideErrorMetadata, SdkError};

use super::Operation;
use super::said::{chain, one_line};

/// The kinds of failure that a sweep treats differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Nothing in the credentials chain had any.
    NoCredentials,
    /// A provider in the chain failed, as an SSO session that has expired.
    BrokenCredentials,
    /// AWS knows the credentials not, or no longer.
    Rejected,
    /// The credentials are good and may not do this.
    Denied,
    /// What was asked for is not there.
    NotFound,
    /// 429.
    Throttled,
    /// 5xx, 501 apart.
    Server,
    /// No connection, or one that broke.
    Unreachable,
    /// No answer in time.
    TimedOut,
    /// The endpoint has no such operation: an emulator.
    Absent,
    /// The answer is not API Gateway's: HTML, XML, a redirect.
    Foreign,
    /// Another 4xx: our request was wrong, or so the endpoint thinks.
    Refused,
    /// The run's deadline passed first.
    OutOfTime,
}

impl Kind {
    /// Whether the same call may well succeed a moment later.
    pub(super) fn is_transient(self) -> bool {
        matches!(self, Self::Throttled | Self::Server | Self::Unreachable | Self::TimedOut)
    }
}

/// Where a call failed, as the SDK has it.
enum Failed<'e> {
    /// The endpoint's answer, with what of it the SDK has understood.
    Answer {
        raw: &'e HttpResponse,
        code: Option<&'e str>,
        words: Option<&'e str>,
        cause: Option<&'e (dyn Error + 'static)>,
    },
    TimedOut,
    /// The transport's own limit.
    TimedOutUnderWay,
    Broken,
    Before,
}

/// A call that failed, after all its attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CallError {
    /// Which call.
    pub(super) operation: Operation,
    /// How it failed.
    pub(super) kind: Kind,
    /// What the endpoint, or the transport, said: one line, empty where there is nothing to say.
    pub(super) detail: String,
    /// The wait that the endpoint asked for.
    pub(super) retry_after: Option<Duration>,
    /// How often it was tried.
    pub(super) attempts: u32,
}

impl CallError {
    /// A call that was not made, or not waited for, because the run's deadline passed.
    pub(super) fn out_of_time(operation: Operation) -> Self {
        Self { operation, kind: Kind::OutOfTime, detail: String::new(), retry_after: None, attempts: 0 }
    }

    /// An answer of 200 that cannot be API Gateway's.
    pub(super) fn foreign(operation: Operation, detail: &str) -> Self {
        Self { operation, kind: Kind::Foreign, detail: detail.to_owned(), retry_after: None, attempts: 1 }
    }

    /// Reads the SDK's error.
    pub(super) fn of<E>(operation: Operation, error: &SdkError<E>) -> Self
    where
        E: Error + ProvideErrorMetadata + 'static,
    {
        let failed = match error {
            SdkError::ServiceError(answer) => Failed::Answer {
                raw: answer.raw(),
                code: answer.err().code(),
                words: answer.err().message(),
                cause: answer.err().source(),
            },
            SdkError::TimeoutError(_) => Failed::TimedOut,
            SdkError::DispatchFailure(failure) if failure.is_timeout() => Failed::TimedOutUnderWay,
            SdkError::DispatchFailure(failure) if failure.is_io() => Failed::Broken,
            // The connection broke in the middle of an answer.
            SdkError::ResponseError(_) => Failed::Broken,
            // Whatever failed before anything was sent: the credentials chain, nearly always.
            _ => Failed::Before,
        };
        Self::read(operation, &failed, error)
    }

    /// [`Self::of`] without the operation's own type, for there are more than twenty of those.
    fn read(operation: Operation, failed: &Failed<'_>, error: &(dyn Error + 'static)) -> Self {
        let (kind, detail, retry_after) = match *failed {
            Failed::Answer { raw, code, words, cause } => {
                let status = raw.status().as_u16();
                // `TooManyRequestsException.retryAfterSeconds` travels as this header (the service model, botocore
                // `apigateway/2015-07-09/service-2.json`). Read here, it also counts on answers that the SDK does not model.
                let wait = raw.headers().get("retry-after").and_then(|seconds| seconds.trim().parse().ok());
                let detail = match status {
                    // The SDK calls an answer of 200 that it cannot parse an error of the service; its cause says what.
                    200..300 => {
                        let cause = cause.map_or_else(String::new, chain);
                        format!("status {status}, whose body does not parse: {cause}")
                    }
                    _ => describe(status, code, words),
                };
                (of_answer(status, code), detail, wait.map(Duration::from_secs))
            }
            Failed::TimedOut => (Kind::TimedOut, String::new(), None),
            Failed::TimedOutUnderWay => (Kind::TimedOut, chain(error), None),
            Failed::Broken => (Kind::Unreachable, chain(error), None),
            Failed::Before => (before_sending(error), chain(error), None),
        };
        Self { operation, kind, detail, retry_after, attempts: 1 }
    }

    /// Whether the error says no more than that the endpoint knows no such operation: an emulator's way to answer what
    /// it has not got. Some say 501, some 404, some answer with another service's document.
    pub(super) fn is_unsupported(&self) -> bool {
        matches!(self.kind, Kind::Absent | Kind::NotFound | Kind::Foreign)
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, kind, detail, attempts, .. } = self;
        match kind {
            Kind::OutOfTime => return write!(f, "not read: out of time"),
            Kind::NoCredentials => write!(f, "{operation}: no credentials were found")?,
            Kind::BrokenCredentials => write!(f, "{operation}: the credentials could not be loaded")?,
            Kind::Rejected => write!(f, "{operation}: AWS rejected the credentials")?,
            Kind::Denied => write!(f, "{operation} is not allowed; grant apigateway:GET")?,
            Kind::NotFound => write!(f, "{operation} found nothing")?,
            Kind::Throttled => write!(f, "{operation} was throttled {}", times(*attempts))?,
            Kind::Server => write!(f, "{operation} failed at the endpoint {}", times(*attempts))?,
            Kind::Unreachable => write!(f, "{operation} could not reach the endpoint {}", times(*attempts))?,
            Kind::TimedOut => write!(f, "{operation} had no answer in time {}", times(*attempts))?,
            Kind::Absent => write!(f, "the endpoint has no {operation}")?,
            Kind::Foreign => write!(f, "{operation} got an answer that is not API Gateway's")?,
            Kind::Refused => write!(f, "{operation} was refused")?,
        }
        if detail.is_empty() { Ok(()) } else { write!(f, ": {detail}") }
    }
}

fn times(attempts: u32) -> String {
    if attempts == 1 { "once".to_owned() } else { format!("{attempts} times") }
}

/// What an answer's status and error code mean.
///
/// API Gateway's own exceptions and their statuses are in its service model; the codes of rejected credentials come from
/// the signature check in front of every AWS service
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html>), in the spellings of both protocol families.
fn of_answer(status: u16, code: Option<&str>) -> Kind {
    if (200..300).contains(&status) {
        return Kind::Foreign;
    }
    match code.unwrap_or_default() {
        "TooManyRequestsException"
        | "LimitExceededException"
        | "ThrottlingException"
        | "Throttling"
        | "RequestLimitExceeded"
        | "SlowDown" => Kind::Throttled,
        "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestExpired"
        | "InvalidClientTokenId"
        | "UnrecognizedClient"
        | "UnrecognizedClientException"
        | "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "RequestTimeTooSkewed"
        | "AuthFailure" => Kind::Rejected,
        // `UnauthorizedException`: "the caller has insufficient permissions" (service model), in spite of its name.
        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedException"
        | "UnauthorizedOperation"
        | "ForbiddenException" => Kind::Denied,
        "UnknownOperationException" | "UnknownOperation" | "InvalidAction" => Kind::Absent,
        known => match (status, known) {
            (429, _) => Kind::Throttled,
            (501, _) => Kind::Absent,
            (500.., _) => Kind::Server,
            (404, "NotFoundException" | "NotFound" | "ResourceNotFoundException") => Kind::NotFound,
            (401 | 403, code) if !code.is_empty() => Kind::Denied,
            // No error code, or one of S3's: a proxy, a portal, another service.
            (0..=399 | 401 | 403 | 404 | 405 | 407, _) => Kind::Foreign,
            _ => Kind::Refused,
        },
    }
}

fn describe(status: u16, code: Option<&str>, words: Option<&str>) -> String {
    let text = match (code, words) {
        (Some(code), Some(words)) => format!("{status} {code}, {words}"),
        (Some(text), None) | (None, Some(text)) => format!("{status} {text}"),
        (None, None) => format!("status {status}"),
    };
    one_line(&text)
}

/// Sorts the failures that happen before a request leaves. The SDK exports no type for them from the crates that
/// Gateprobe uses, so it is the words that decide: those of `aws-credential-types`' `CredentialsError` and of the
/// identity resolution in `aws-smithy-runtime`. `tests/wire.rs` holds them to the real ones.
fn before_sending(error: &(dyn Error + 'static)) -> Kind {
    let text = chain(error);
    if ["credential provider was not enabled", "no providers in chain", "identity resolver", "auth scheme"]
        .iter()
        .any(|words| text.contains(words))
    {
        Kind::NoCredentials
    } else if text.contains("credentials") || text.contains("token") {
        Kind::BrokenCredentials
    } else {
        Kind::Unreachable
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_apigateway::error::ErrorMetadata;
    use aws_sdk_apigateway::operation::get_stages::GetStagesError;

    use super::*;

    fn service(status: u16, code: Option<&str>, headers: &[(&'static str, &'static str)]) -> SdkError<GetStagesError> {
        let mut meta = ErrorMetadata::builder().message("the\n  words\u{1b}[31m");
        if let Some(code) = code {
            meta = meta.code(code);
        }
        let mut raw = HttpResponse::new(status.try_into().unwrap(), "".into());
        for (name, value) in headers {
            raw.headers_mut().insert(*name, *value);
        }
        SdkError::service_error(GetStagesError::generic(meta.build()), raw)
    }

    #[test]
    fn what_the_endpoint_answered() {
        let cases = [
            (429, Some("TooManyRequestsException"), Kind::Throttled),
            (429, Some("LimitExceededException"), Kind::Throttled),
            (429, None, Kind::Throttled),
            (400, Some("ThrottlingException"), Kind::Throttled),
            (500, Some("InternalFailure"), Kind::Server),
            (502, None, Kind::Server),
            (503, Some("ServiceUnavailableException"), Kind::Server),
            (599, None, Kind::Server),
            (501, Some("InternalFailure"), Kind::Absent),
            (400, Some("UnknownOperationException"), Kind::Absent),
            (404, Some("NotFoundException"), Kind::NotFound),
            (404, None, Kind::Foreign),
            (404, Some("NoSuchBucket"), Kind::Foreign),
            (401, Some("UnauthorizedException"), Kind::Denied),
            (403, Some("AccessDeniedException"), Kind::Denied),
            (403, Some("SomethingNew"), Kind::Denied),
            (403, Some("ExpiredTokenException"), Kind::Rejected),
            (403, Some("InvalidClientTokenId"), Kind::Rejected),
            (403, Some("UnrecognizedClientException"), Kind::Rejected),
            (403, Some("SignatureDoesNotMatch"), Kind::Rejected),
            (403, None, Kind::Foreign),
            (407, None, Kind::Foreign),
            (302, None, Kind::Foreign),
            (200, None, Kind::Foreign),
            (400, Some("BadRequestException"), Kind::Refused),
            (409, Some("ConflictException"), Kind::Refused),
            (418, None, Kind::Refused),
        ];
        for (status, code, kind) in cases {
            let error = CallError::of(Operation::GetStages, &service(status, code, &[]));
            assert_eq!(error.kind, kind, "{status} {code:?}");
            let transient = matches!(kind, Kind::Throttled | Kind::Server);
            assert_eq!(error.kind.is_transient(), transient, "{status} {code:?}");
            let quoted = error.detail.ends_with("the words [31m");
            assert!(quoted || status == 200, "{}", error.detail);
        }
    }

    #[test]
    fn what_never_got_an_answer() {
        use aws_sdk_apigateway::error::ConnectorError;
        let sdk = |error: SdkError<GetStagesError>| CallError::of(Operation::GetStages, &error);
        let io = sdk(SdkError::dispatch_failure(ConnectorError::io("connection refused".into())));
        assert_eq!((io.kind, io.detail.as_str()), (Kind::Unreachable, "connection refused"));
        let slow = sdk(SdkError::dispatch_failure(ConnectorError::timeout("connect timed out".into())));
        assert_eq!((slow.kind, slow.detail.as_str()), (Kind::TimedOut, "connect timed out"));
        assert_eq!(sdk(SdkError::timeout_error("5 s")).kind, Kind::TimedOut);
        let half = SdkError::response_error("body cut short", HttpResponse::new(200.try_into().unwrap(), "".into()));
        assert_eq!(sdk(half).kind, Kind::Unreachable);
    }

    #[test]
    fn the_endpoints_own_wait_is_read() {
        let wait = |headers| CallError::of(Operation::GetStages, &service(429, None, headers)).retry_after;
        assert_eq!(wait(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(wait(&[("Retry-After", " 7 ")]), Some(Duration::from_secs(7)));
        assert_eq!(wait(&[("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")]), None);
        assert_eq!(wait(&[]), None);
    }

    #[test]
    fn a_failure_is_told_in_one_line() {
        let error =
            CallError { attempts: 4, ..CallError::of(Operation::GetStages, &service(500, Some("InternalError"), &[])) };
        assert_eq!(error.to_string(), "GetStages failed at the endpoint 4 times: 500 InternalError, the words [31m");
        let error = CallError::of(Operation::GetStages, &service(429, None, &[]));
        assert_eq!(error.to_string(), "GetStages was throttled once: 429 the words [31m");
        assert_eq!(CallError::out_of_time(Operation::GetStages).to_string(), "not read: out of time");
    }
}
