//! What makes a whole run impossible. Everything less is a gap.

use super::Operation;
use super::failure::{CallError, Kind};

/// The first call failed, so there is nothing to report on. Each says what was wrong, what was expected, what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoverError {
    /// Neither an argument nor the environment nor the profile names a region.
    #[error("no AWS region is set, and API Gateway is read by region: pass --region eu-central-1, or set AWS_REGION")]
    NoRegion,
    /// The credentials chain is empty.
    #[error(
        "no AWS credentials were found: expected them in the environment, a profile, SSO, or the role of the machine; pass --profile or set AWS_PROFILE, and run `aws configure` or `aws sso login` where there is no profile yet"
    )]
    NoCredentials,
    /// A provider in the chain failed.
    #[error(
        "the AWS credentials could not be loaded ({detail}): expected a provider that answers; run `aws sso login` where the profile uses SSO, else check the profile"
    )]
    BrokenCredentials {
        /// What the provider said.
        detail: String,
    },
    /// AWS does not accept them.
    #[error(
        "AWS rejected the credentials ({detail}): expected keys that are valid and not expired, and a clock that is right; fetch new ones, as with `aws sso login`, and try again"
    )]
    Rejected {
        /// The answer.
        detail: String,
    },
    /// They may not do it.
    #[error(
        "these credentials may not make the first call ({detail}): expected the IAM action apigateway:GET on {resource}; attach it, and check for a deny in a boundary or an organisation's policy"
    )]
    Denied {
        /// The ARN of what the first call reads.
        resource: String,
        /// The answer.
        detail: String,
    },
    /// Nobody answers there.
    #[error(
        "API Gateway's control plane at {endpoint} cannot be reached ({detail}): expected an answer; check the region's name, the network or proxy, and AWS_ENDPOINT_URL if it is set"
    )]
    Unreachable {
        /// The endpoint's URL.
        endpoint: String,
        /// What the transport said.
        detail: String,
    },
    /// It answers, but never with what was asked for.
    #[error(
        "API Gateway's control plane at {endpoint} failed {attempts} times ({detail}): expected an answer; look at AWS's status page or the emulator's log, and try again later"
    )]
    Failing {
        /// The endpoint's URL.
        endpoint: String,
        /// How often it was asked.
        attempts: u32,
        /// The last answer.
        detail: String,
    },
    /// The account's quota of calls is used up by others.
    #[error(
        "API Gateway's control plane throttled the first call {attempts} times ({detail}): AWS allows an account 10 calls a second in a region, and something else is using them; try again when it has finished"
    )]
    Throttled {
        /// How often it was asked.
        attempts: u32,
        /// The last answer.
        detail: String,
    },
    /// Something else lives at the endpoint.
    #[error(
        "what answers at {endpoint} is no API Gateway ({detail}): expected AWS's control plane or an emulator of it; check AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_API_GATEWAY and the proxy"
    )]
    NotApiGateway {
        /// The endpoint's URL.
        endpoint: String,
        /// What it answered.
        detail: String,
    },
    /// It did not like the request.
    #[error(
        "API Gateway's control plane at {endpoint} refused {operation} ({detail}): expected an answer to a plain read; check that the endpoint is API Gateway of this region"
    )]
    Refused {
        /// The endpoint's URL.
        endpoint: String,
        /// The call.
        operation: &'static str,
        /// The answer.
        detail: String,
    },
    /// `Wanted::Api` names none.
    #[error(
        "there is no API with the id `{id}` in {region}: expected an id from `gateprobe inventory`; check the region and the account"
    )]
    ApiNotFound {
        /// The id asked for.
        id: String,
        /// The region asked.
        region: String,
    },
    /// `Wanted::Domain` names none.
    #[error(
        "there is no custom domain `{name}` in {region}: expected a custom domain name of API Gateway, or a wildcard above it; check the region and the account"
    )]
    DomainNotFound {
        /// The name asked for.
        name: String,
        /// The region asked.
        region: String,
    },
    /// The deadline passed before anything was read.
    #[error(
        "time ran out before API Gateway's control plane at {endpoint} answered the first call: expected an answer in seconds; give the run more time, or check that the endpoint answers"
    )]
    OutOfTime {
        /// The endpoint's URL.
        endpoint: String,
    },
}

/// What the first call was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum First<'a> {
    /// All APIs.
    Apis,
    /// One API, by id.
    Api(&'a str),
    /// One domain, by name.
    Domain(&'a str),
}

impl DiscoverError {
    /// What the failure of the first call means for the run.
    pub(super) fn of(error: CallError, first: First<'_>, region: &str, endpoint: &str) -> Self {
        let CallError { operation, kind, detail, attempts, .. } = error;
        let (endpoint, region) = (endpoint.to_owned(), region.to_owned());
        match (kind, first) {
            (Kind::NotFound, First::Api(id)) => Self::ApiNotFound { id: id.to_owned(), region },
            (Kind::NotFound, First::Domain(name)) => Self::DomainNotFound { name: name.to_owned(), region },
            // A list is never "not found" on API Gateway: an account without APIs has an empty one.
            (Kind::NotFound | Kind::Foreign | Kind::Absent, _) => Self::NotApiGateway { endpoint, detail },
            (Kind::NoCredentials, _) => Self::NoCredentials,
            (Kind::BrokenCredentials, _) => Self::BrokenCredentials { detail },
            (Kind::Rejected, _) => Self::Rejected { detail },
            (Kind::Denied, _) => Self::Denied { resource: arn(first, &region), detail },
            (Kind::Unreachable, _) => Self::Unreachable { endpoint, detail },
            (Kind::TimedOut, _) => Self::Unreachable { endpoint, detail: or(detail, "no answer in time") },
            (Kind::Server, _) => Self::Failing { endpoint, attempts, detail },
            (Kind::Throttled, _) => Self::Throttled { attempts, detail },
            (Kind::Refused, _) => Self::Refused { endpoint, operation: Operation::name(operation), detail },
            (Kind::OutOfTime, _) => Self::OutOfTime { endpoint },
        }
    }
}

fn or(text: String, default: &str) -> String {
    if text.is_empty() { default.to_owned() } else { text }
}

/// The ARN in the policy statement that would allow the first call. API Gateway's have no account id
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html>).
fn arn(first: First<'_>, region: &str) -> String {
    let partition = match region {
        cn if cn.starts_with("cn-") => "aws-cn",
        gov if gov.starts_with("us-gov-") => "aws-us-gov",
        iso if iso.starts_with("us-iso-") => "aws-iso",
        isob if isob.starts_with("us-isob-") => "aws-iso-b",
        _ => "aws",
    };
    let resource = match first {
        First::Apis => "/restapis".to_owned(),
        First::Api(id) => format!("/restapis/{id}"),
        First::Domain(name) => format!("/domainnames/{name}"),
    };
    format!("arn:{partition}:apigateway:{region}::{resource}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: Kind, first: First<'_>, region: &str) -> String {
        let error = CallError {
            operation: Operation::GetRestApis,
            kind,
            detail: "the detail".to_owned(),
            retry_after: None,
            attempts: 4,
        };
        DiscoverError::of(error, first, region, "http://127.0.0.1:5200").to_string()
    }

    #[test]
    fn every_kind_of_failure_is_one_line_with_what_to_do() {
        use First::{Api, Apis, Domain};
        let cases = [
            (Kind::NoCredentials, Apis, "no AWS credentials were found", "aws configure"),
            (Kind::BrokenCredentials, Apis, "could not be loaded (the detail)", "aws sso login"),
            (Kind::Rejected, Apis, "AWS rejected the credentials (the detail)", "aws sso login"),
            (Kind::Denied, Apis, "(the detail)", "apigateway:GET on arn:aws:apigateway:eu-central-1::/restapis;"),
            (Kind::Denied, Api("a1"), "(the detail)", "arn:aws:apigateway:eu-central-1::/restapis/a1;"),
            (Kind::Denied, Domain("a.b"), "(the detail)", "arn:aws:apigateway:eu-central-1::/domainnames/a.b;"),
            (Kind::NotFound, Apis, "http://127.0.0.1:5200 is no API Gateway", "AWS_ENDPOINT_URL"),
            (Kind::NotFound, Api("a1"), "no API with the id `a1` in eu-central-1", "gateprobe inventory"),
            (Kind::NotFound, Domain("a.b"), "no custom domain `a.b` in eu-central-1", "check the region"),
            (Kind::Foreign, Api("a1"), "is no API Gateway (the detail)", "AWS_ENDPOINT_URL"),
            (Kind::Absent, Apis, "is no API Gateway (the detail)", "AWS_ENDPOINT_URL"),
            (Kind::Unreachable, Apis, "http://127.0.0.1:5200 cannot be reached (the detail)", "check the region"),
            (Kind::TimedOut, Apis, "http://127.0.0.1:5200 cannot be reached (the detail)", "check the region"),
            (Kind::Server, Apis, "http://127.0.0.1:5200 failed 4 times (the detail)", "try again"),
            (Kind::Throttled, Apis, "throttled the first call 4 times (the detail)", "try again"),
            (Kind::Refused, Apis, "refused GetRestApis (the detail)", "check that the endpoint"),
            (Kind::OutOfTime, Apis, "time ran out", "give the run more time"),
        ];
        for (kind, first, what, next) in cases {
            let text = text(kind, first, "eu-central-1");
            assert!(text.contains(what) && text.contains(next), "{kind:?}: {text}");
            assert!(text.contains(": expected ") || kind == Kind::Throttled, "{kind:?}: {text}");
            assert!(!text.contains('\n'), "{kind:?}: {text}");
        }
    }

    #[test]
    fn each_partition_has_its_own_arns() {
        for (region, arn) in [
            ("us-east-1", "arn:aws:apigateway:us-east-1::/restapis"),
            ("cn-north-1", "arn:aws-cn:apigateway:cn-north-1::/restapis"),
            ("us-gov-west-1", "arn:aws-us-gov:apigateway:us-gov-west-1::/restapis"),
        ] {
            assert!(text(Kind::Denied, First::Apis, region).contains(arn), "{region}");
        }
    }
}
