//! What became of a call to CloudWatch or SNS: the SDK's errors as plain data, in the kinds that a person acts on.

use std::error::Error;

use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};

use crate::discover::said::{chain, one_line};

/// The kinds of failure that ask for different remedies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// There are none, they could not be loaded, or AWS knows them not or no longer.
    Credentials,
    /// The credentials are good and may not do this.
    Denied,
    /// What is written to is not there.
    Missing,
    /// No connection, one that broke, or no answer in time.
    Unreachable,
    /// The service, or what answers in its place, said no.
    Refused,
}

/// A call that failed, the SDK's own retries included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CallFailure {
    /// How.
    pub(super) kind: Kind,
    /// What was said, in one line; never empty.
    pub(super) detail: String,
}

impl CallFailure {
    /// Reads the SDK's error.
    pub(super) fn of<E>(error: &SdkError<E>) -> Self
    where
        E: Error + ProvideErrorMetadata + 'static,
    {
        let kind = match error {
            SdkError::ServiceError(answer) => {
                let (code, words) = (answer.err().code(), answer.err().message());
                let status = answer.raw().status().as_u16();
                let said: Vec<&str> = [code, words].into_iter().flatten().collect();
                let detail = if said.is_empty() { "an answer that says nothing".to_owned() } else { said.join(", ") };
                return Self {
                    kind: of_answer(status, code.unwrap_or_default()),
                    detail: one_line(&format!("{status} {detail}")),
                };
            }
            SdkError::TimeoutError(_) | SdkError::ResponseError(_) => Kind::Unreachable,
            SdkError::DispatchFailure(failure) if failure.is_io() || failure.is_timeout() => Kind::Unreachable,
            // Before anything was sent, it is the credentials chain nearly always. The SDK exports no type for its
            // failures, so the words decide.
            _ if ["credential", "identity", "token"].iter().any(|word| chain(error).contains(word)) => {
                Kind::Credentials
            }
            _ => Kind::Refused,
        };
        Self { kind, detail: chain(error) }
    }
}

/// The codes of rejected credentials come from the signature check in front of every AWS service
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html>), in the spellings of all its protocols.
fn of_answer(status: u16, code: &str) -> Kind {
    let name = code.strip_suffix("Exception").unwrap_or(code);
    match name {
        "ExpiredToken"
        | "RequestExpired"
        | "InvalidClientTokenId"
        | "UnrecognizedClient"
        | "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "InvalidSignature"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "InvalidSecurity"
        | "AuthFailure" => Kind::Credentials,
        "AccessDenied" | "AuthorizationError" | "UnauthorizedOperation" | "KMSAccessDenied" => Kind::Denied,
        "NotFound" | "ResourceNotFound" => Kind::Missing,
        _ if matches!(status, 401 | 403) && !code.is_empty() => Kind::Denied,
        _ => Kind::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_in_every_spelling() {
        for (status, code, kind) in [
            (403, "AccessDenied", Kind::Denied),
            (403, "AccessDeniedException", Kind::Denied),
            (403, "AuthorizationError", Kind::Denied),
            (400, "KMSAccessDeniedException", Kind::Denied),
            (403, "SomethingNew", Kind::Denied),
            (403, "", Kind::Refused),
            (403, "ExpiredTokenException", Kind::Credentials),
            (403, "InvalidClientTokenId", Kind::Credentials),
            (404, "NotFound", Kind::Missing),
            (404, "NotFoundException", Kind::Missing),
            (404, "", Kind::Refused),
            (400, "InvalidParameter", Kind::Refused),
            (500, "InternalFailure", Kind::Refused),
        ] {
            assert_eq!(of_answer(status, code), kind, "{status} {code}");
        }
    }
}
