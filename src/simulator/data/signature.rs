//! How API Gateway reads an `Authorization` header where it expects SigV4: on an unmatched route and on an IAM method.

use rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256;

use super::refusal::Refusal;
use crate::simulator::answer::base64;
use crate::simulator::request::Incoming;

/// What the request says of its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Signature {
    /// Nothing.
    Absent,
    /// It has the form of SigV4. The simulator knows no secret keys, so the form is all that it looks at.
    Valid,
    /// It has, with the access key id of AWS's documentation, which is nobody's.
    OfNobody,
    /// It has not.
    Refused(Refusal),
}

/// Reads the `Authorization` header, or a presigned query.
pub(super) fn read(request: &Incoming) -> Signature {
    let Some(header) = request.header("authorization").map(str::trim).filter(|header| !header.is_empty()) else {
        let presigned = request.query_value("X-Amz-Signature").is_some();
        return if presigned { Signature::Valid } else { Signature::Absent };
    };
    let parameters = header.strip_prefix("AWS4-HMAC-SHA256").unwrap_or(header);
    // Facts A2, INVALID_SIGNATURE, the form since 2023. What exactly is hashed is not known [U]: here the whole header.
    if parameters.split(',').any(|part| !part.contains('=')) {
        return Signature::Refused(Refusal::incomplete_signature(&format!(
            "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded \
             with Base64): '{}'.",
            base64(&sha256(header.as_bytes()))
        )));
    }
    let parameter = |name: &str| {
        let pairs = parameters.split(',').filter_map(|part| part.trim().split_once('='));
        pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()
    };
    // Facts A2: every missing parameter has its sentence.
    let mut missing = String::new();
    for name in ["Credential", "Signature", "SignedHeaders"] {
        if parameter(name).is_none() {
            missing.push_str(&format_missing(name));
        }
    }
    if request.header("x-amz-date").is_none() && request.header("date").is_none() {
        missing.push_str("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ");
    }
    if !missing.is_empty() {
        return Signature::Refused(Refusal::incomplete_signature(&missing));
    }
    // AKID/20260101/us-east-1/execute-api/aws4_request
    if parameter("Credential").and_then(|credential| credential.split('/').nth(3)) != Some("execute-api") {
        let message = "Credential should be scoped to correct service: 'execute-api'. ";
        return Signature::Refused(Refusal::invalid_signature(message));
    }
    if parameter("Credential").is_some_and(|credential| credential.starts_with("AKIAIOSFODNN7EXAMPLE/")) {
        return Signature::OfNobody;
    }
    Signature::Valid
}

fn format_missing(name: &str) -> String {
    format!("Authorization header requires '{name}' parameter. ")
}

/// SHA-256 by the TLS stack that is in the program anyway.
fn sha256(bytes: &[u8]) -> Vec<u8> {
    let hash = TLS13_AES_128_GCM_SHA256.tls13().map(|suite| suite.common.hash_provider.hash(bytes));
    hash.map(|hash| hash.as_ref().to_vec()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::sha256;
    use crate::simulator::answer::hex;

    #[test]
    fn the_hash_is_sha_256() {
        let expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hex(&sha256(b"")), expected);
    }
}
