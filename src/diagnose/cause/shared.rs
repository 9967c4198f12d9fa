//! Answers and grounds that more than one page has.

use super::page::{Answer, Ground};

/// A page of the API Gateway developer guide.
macro_rules! guide {
    ($page:literal, $says:literal) => {
        $crate::diagnose::cause::page::Ground {
            grade: $crate::diagnose::cause::page::Grade::Documented,
            says: $says,
            source: concat!("https://docs.aws.amazon.com/apigateway/latest/developerguide/", $page, ".html"),
        }
    };
}

/// Any other page of AWS's.
macro_rules! aws {
    ($source:literal, $says:literal) => {
        $crate::diagnose::cause::page::Ground {
            grade: $crate::diagnose::cause::page::Grade::Documented,
            says: $says,
            source: $source,
        }
    };
}

/// What others saw or recorded.
macro_rules! seen {
    ($source:literal, $says:literal) => {
        $crate::diagnose::cause::page::Ground {
            grade: $crate::diagnose::cause::page::Grade::Seen,
            says: $says,
            source: $source,
        }
    };
}

/// What nobody has shown.
macro_rules! unverified {
    ($says:literal) => {
        unverified!("no source found that shows it", $says)
    };
    ($source:literal, $says:literal) => {
        $crate::diagnose::cause::page::Ground {
            grade: $crate::diagnose::cause::page::Grade::Unverified,
            says: $says,
            source: $source,
        }
    };
}

pub(super) use {aws, guide, seen, unverified};

/// An answer in API Gateway's own words.
pub(super) const fn gateway(when: &'static str, status: u16, error_type: &'static str, body: &'static str) -> Answer {
    Answer { when, status: Some(status), error_type: Some(error_type), body }
}

/// No HTTP answer: what curl says instead.
pub(super) const fn silence(when: &'static str, curl: &'static str) -> Answer {
    Answer { when, status: None, error_type: None, body: curl }
}

/// An unmatched route's answer.
pub(super) const MAT: Answer = gateway(
    "the request has no Authorization header",
    403,
    "MissingAuthenticationTokenException",
    r#"{"message":"Missing Authentication Token"}"#,
);

/// An unmatched route's answer to a caller who sends a token.
pub(super) const INCOMPLETE: Answer = gateway(
    "the request has an Authorization header that is not SigV4, as Bearer or Basic",
    403,
    "IncompleteSignatureException",
    r#"{"message":"Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '…'."}"#,
);

/// What an unmatched route answers.
pub(super) const UNMATCHED: &[Answer] = &[MAT, INCOMPLETE];

/// What is answered where no stage is found, and by several refusals.
pub(super) const FORBIDDEN: Answer = gateway("always", 403, "ForbiddenException", r#"{"message":"Forbidden"}"#);

pub(super) const MAT_DOCUMENTED: Ground = guide!(
    "supported-gateway-response-types",
    "MISSING_AUTHENTICATION_TOKEN (403) is also what a request to an unsupported method or resource gets."
);

pub(super) const MAT_RECORDED: Ground = seen!(
    "https://github.com/localstack/localstack/blob/8b9a79f/tests/aws/services/apigateway/test_apigateway_common.snapshot.json",
    "Recorded from AWS (test_routing_not_found, 2024-07-23): an unknown path and a wrong verb get the same bytes, with \
     x-amzn-ErrorType MissingAuthenticationTokenException."
);

pub(super) const BEARER: Ground = seen!(
    "https://github.com/amazon-archives/aws-cognito-angular-quickstart/issues/50",
    "With an Authorization header that is not SigV4, an unmatched route answers IncompleteSignatureException instead."
);

pub(super) const CUSTOMISED: Ground = guide!(
    "set-up-gateway-response-using-the-console",
    "A customised gateway response changes status and body; x-amzn-ErrorType is still sent."
);

pub(super) const PULUMI: Ground = seen!(
    "https://github.com/pulumi/pulumi-aws-apigateway/issues/423",
    "Pulumi's API Gateway package turns MISSING_AUTHENTICATION_TOKEN and ACCESS_DENIED into 404 `404 Not found` by \
     default."
);

pub(super) const NO_EXECUTION_LOG: Ground = aws!(
    "https://repost.aws/knowledge-center/api-gateway-missing-cloudwatch-logs",
    "Missing Authentication Token is never written to execution logs: use access logs, with \
     `$context.error.responseType` in the format."
);

pub(super) const NEEDS_DEPLOYMENT: Ground = guide!(
    "updating-api",
    "Changes to resources, methods and integrations reach a stage only by a deployment; a base path mapping needs none."
);

pub(super) const KC_TOKEN: Ground = aws!(
    "https://repost.aws/knowledge-center/api-gateway-authentication-token-errors",
    "The causes that AWS lists for the message: an undeployed method, a wrong path or verb, an unsigned call to an \
     AWS_IAM method, an answer of the backend's."
);

pub(super) const DOMAIN_FORBIDDEN: Ground = seen!(
    "https://github.com/Miserlou/Zappa/issues/1248",
    "A custom domain with no mapping for the path answers 403 Forbidden."
);

pub(super) const DOMAIN_TOKEN: Ground = aws!(
    "https://repost.aws/knowledge-center/api-gateway-403-custom-domain",
    "A custom domain answers Missing Authentication Token where the mapping holds and the rest of the path does not, as \
     with a stage's name in it."
);

pub(super) const MAPPINGS: Ground = guide!(
    "rest-api-mappings",
    "The longest mapped base path wins, by the mappings alone and not by the API's routes; what matches none goes to \
     `(none)`. The base path is stripped."
);

pub(super) const PAIRS: Ground = seen!(
    "https://github.com/ministackorg/ministack/pull/1423",
    "Measured in eu-central-1: routing is on the pair of resource and verb, and falls back to a greedy sibling."
);

/// Every method of a stage's deployment, by path.
pub(super) const DEPLOYED: &str = "aws apigateway get-deployment --rest-api-id \"$API\" --embed apisummary \\\n  --deployment-id \"$(aws apigateway get-stage --rest-api-id \"$API\" \\\n    --stage-name \"$STAGE\" --query deploymentId --output text)\" \\\n  --query apiSummary";

pub(super) const ROUTER: Ground = seen!(
    "https://github.com/localstack/localstack/blob/8b9a79f/localstack-core/localstack/services/apigateway/next_gen/execute_api/handlers/resource_router.py",
    "A literal comes before `{param}`, that before `{proxy+}`; a trailing slash does not matter; ANY is DELETE, GET, HEAD, \
     OPTIONS, PATCH, POST and PUT; HEAD is not implied by GET (tests run against AWS)."
);

pub(super) const TYPES: Ground = guide!(
    "supported-gateway-response-types",
    "The gateway response types, their default status codes and when each is given."
);
