//! SigV4 with the SDK's own signer, anew at each attempt: a signature is good for five minutes, and a retry may come later.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use reqwest::header::{HOST, HeaderMap};
use secrecy::SecretString;
use time::OffsetDateTime;
use time::macros::format_description;
use tokio::sync::Mutex;

use super::Hidden;
use crate::gateway::Request;
use crate::role::Role;

/// What API Gateway calls itself in a signature's scope.
const SERVICE: &str = "execute-api";

/// Credentials that end sooner than this are asked for again.
const MARGIN: Duration = Duration::from_mins(2);

/// Signs with one identity.
pub(super) struct Signer {
    provider: SharedCredentialsProvider,
    /// The run's; a host that names its own goes before it.
    region: Option<String>,
    /// The SDK's clients keep credentials, its providers do not.
    kept: Mutex<Option<Credentials>>,
    patience: Duration,
}

impl Signer {
    /// With the run's own credentials, or with a role's.
    pub(super) fn new(aws: &SdkConfig, role: Option<&str>, patience: Duration) -> Result<Self, String> {
        let own = aws.credentials_provider().ok_or("there are no AWS credentials to sign with")?;
        let provider = match role {
            None => own,
            Some(role) => SharedCredentialsProvider::new(Role::new(aws, role, None)),
        };
        let region = aws.region().map(ToString::to_string);
        Ok(Self { provider, region, kept: Mutex::default(), patience })
    }

    /// The credentials, asked for when they are missing or about to end.
    pub(super) async fn credentials(&self, now: SystemTime) -> Result<Credentials, String> {
        let mut kept = self.kept.lock().await;
        if let Some(credentials) = &*kept
            && credentials.expiry().is_none_or(|end| end > now + MARGIN)
        {
            return Ok(credentials.clone());
        }
        let asked = tokio::time::timeout(self.patience, self.provider.provide_credentials()).await;
        let credentials = match asked {
            Ok(Ok(credentials)) => credentials,
            // The provider's own words may hold what a credential process printed.
            Ok(Err(_)) => return Err("AWS gave no credentials to sign with: may the role be assumed?".to_owned()),
            Err(_) => return Err("AWS gave no credentials to sign with in time".to_owned()),
        };
        *kept = Some(credentials.clone());
        Ok(credentials)
    }

    /// The headers of a signature over verb, URL, headers and body.
    pub(super) async fn sign(
        &self,
        request: &Request,
        headers: &HeaderMap,
        now: SystemTime,
        hidden: &mut Hidden,
    ) -> Result<Vec<(String, SecretString)>, String> {
        let credentials = self.credentials(now).await?;
        let region = region_of(request.url.host_str().unwrap_or_default()).or(self.region.as_deref());
        let region = region.ok_or("there is no region to sign for: set one with --region")?;
        if let Some(token) = credentials.session_token() {
            hidden.add(&SecretString::from(token));
        }
        signature(&credentials, region, request, headers, now)
    }
}

/// The region that an execute-api host names, through a VPC endpoint too.
pub(super) fn region_of(host: &str) -> Option<&str> {
    let mut labels = host.split('.').skip_while(|label| *label != SERVICE);
    labels.next()?;
    let region = labels.next()?;
    labels.next().map(|_| region)
}

/// Signs. The request's own headers are covered, those that the connection or a proxy sets are not.
fn signature(
    credentials: &Credentials,
    region: &str,
    request: &Request,
    headers: &HeaderMap,
    now: SystemTime,
) -> Result<Vec<(String, SecretString)>, String> {
    let cannot = |what: &str| format!("the request cannot be signed: {what}");
    let identity = credentials.clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(SERVICE)
        .time(now)
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| cannot(&error.to_string()))?
        .into();
    let mut signed = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        // Set anew for each attempt, and API Gateway may replace it.
        if name == "x-amzn-requestid" {
            continue;
        }
        let value = value.to_str().map_err(|_| cannot("a header is not ASCII"))?;
        signed.push((name.as_str(), value));
    }
    let mut url = request.url.clone();
    url.set_fragment(None);
    if headers.contains_key(HOST) && url.host_str().is_none() {
        return Err(cannot("the URL has no host"));
    }
    let body = SignableBody::Bytes(request.body.as_deref().unwrap_or_default().as_bytes());
    let signable = SignableRequest::new(&request.method, url.as_str(), signed.into_iter(), body)
        .map_err(|_| cannot("its URL is none that can be written in a signature"))?;
    // The signer tells the session token to whoever traces.
    let output =
        tracing::subscriber::with_default(tracing::subscriber::NoSubscriber::default(), || sign(signable, &params));
    let (instructions, _) = output.map_err(|_| cannot("its URL or headers do not allow it"))?.into_parts();
    let (headers, _) = instructions.into_parts();
    Ok(headers.into_iter().map(|header| (header.name().to_owned(), SecretString::from(header.value()))).collect())
}

/// The headers of a signature that has the right form and is worth nothing: AWS's documented example key, and zeros. For a request that a
/// method with `AWS_IAM` must refuse. `now` is in Unix seconds.
#[must_use]
pub fn junk_signature(request: &Request, now: i64) -> Vec<(String, String)> {
    let at = OffsetDateTime::from_unix_timestamp(now).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let date = at.format(format_description!("[year][month][day]")).unwrap_or_default();
    let time = at.format(format_description!("[hour][minute][second]")).unwrap_or_default();
    let region = region_of(request.url.host_str().unwrap_or_default()).unwrap_or("us-east-1");
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/{date}/{region}/{SERVICE}/aws4_request, \
         SignedHeaders=host;x-amz-date, Signature={}",
        "0".repeat(64)
    );
    vec![("Authorization".to_owned(), authorization), ("X-Amz-Date".to_owned(), format!("{date}T{time}Z"))]
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn the_region_stands_in_the_host() {
        for (host, expected) in [
            ("a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com", Some("eu-central-1")),
            ("a1.execute-api.cn-north-1.amazonaws.com.cn", Some("cn-north-1")),
            ("vpce-1-2.execute-api.us-east-1.vpce.amazonaws.com", Some("us-east-1")),
            ("api.example.com", None),
            ("execute-api.localhost", None),
            ("", None),
        ] {
            assert_eq!(region_of(host), expected, "{host}");
        }
    }

    fn signed(
        request: &Request,
        headers: &[(&str, &str)],
        credentials: &Credentials,
        at: u64,
    ) -> Vec<(String, String)> {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (reqwest::header::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap())
            })
            .collect();
        let now = UNIX_EPOCH + Duration::from_secs(at);
        let signed = signature(credentials, "us-east-1", request, &headers, now).unwrap();
        signed.into_iter().map(|(name, value)| (name, value.expose_secret().to_owned())).collect()
    }

    fn value<'h>(headers: &'h [(String, String)], name: &str) -> &'h str {
        headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }

    /// The key of AWS's published examples.
    fn example() -> Credentials {
        Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None, None, "test")
    }

    /// Computed without the SDK, by `testdata/sigv4.py`, which follows the text of AWS's description of the algorithm.
    #[test]
    fn a_signature_is_the_known_one() {
        let mut request = Request::new(
            "POST",
            "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/or%20ders/7?b=2&a=x%20y".parse().unwrap(),
        );
        request.body = Some(r#"{"a": 1}"#.to_owned());
        let headers =
            signed(&request, &[("content-type", "application/json"), ("x-api-key", "k-1")], &example(), 1_440_938_160);
        assert_eq!(value(&headers, "x-amz-date"), "20150830T123600Z");
        assert_eq!(
            value(&headers, "authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/execute-api/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date;x-api-key, \
             Signature=1f71eba48eb57e1877f52404f1894dec8064c527595985faba96a4bef3fbfc04"
        );
    }

    #[test]
    fn verb_url_headers_body_and_time_are_all_covered() {
        let request = |verb: &str, url: &str, body: Option<&str>| {
            let mut request = Request::new(verb, url.parse().unwrap());
            request.body = body.map(ToOwned::to_owned);
            request
        };
        let url = "https://a.example.com/x?y=1";
        let sign = |request: &Request, header: &str, at| {
            let headers = signed(request, &[("x-a", header)], &example(), at);
            value(&headers, "authorization").rsplit_once("Signature=").unwrap().1.to_owned()
        };
        let base = sign(&request("GET", url, None), "1", 1_440_938_160);
        for (what, other) in [
            ("verb", sign(&request("HEAD", url, None), "1", 1_440_938_160)),
            ("path", sign(&request("GET", "https://a.example.com/z?y=1", None), "1", 1_440_938_160)),
            ("query", sign(&request("GET", "https://a.example.com/x?y=2", None), "1", 1_440_938_160)),
            ("host", sign(&request("GET", "https://b.example.com/x?y=1", None), "1", 1_440_938_160)),
            ("header", sign(&request("GET", url, None), "2", 1_440_938_160)),
            ("body", sign(&request("GET", url, Some("b")), "1", 1_440_938_160)),
            ("time", sign(&request("GET", url, None), "1", 1_440_938_161)),
        ] {
            assert_ne!(base, other, "{what}");
        }
        assert_eq!(base, sign(&request("GET", &format!("{url}#part"), None), "1", 1_440_938_160), "never sent");
    }

    #[test]
    fn a_session_token_goes_along_and_odd_requests_do_not_panic() {
        let temporary = Credentials::new("AKIDEXAMPLE", "k", Some("the-token".to_owned()), None, "test");
        let url = "https://a.example.com/%zz/|/%F0%9F/é/a//b/../c?a=%&b&=c&é=%ff";
        let headers = signed(&Request::new("M-SEARCH", url.parse().unwrap()), &[], &temporary, 0);
        assert_eq!(value(&headers, "x-amz-security-token"), "the-token");
    }

    #[test]
    fn a_junk_signature_has_the_form_and_no_worth() {
        let request = Request::new("GET", "https://a1.execute-api.eu-west-1.amazonaws.com/prod".parse().unwrap());
        let [(_, authorization), (name, date)] = junk_signature(&request, 1_440_938_160).try_into().unwrap();
        assert_eq!((name.as_str(), date.as_str()), ("X-Amz-Date", "20150830T123600Z"));
        let start = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/eu-west-1/execute-api/aws4_request, ";
        assert!(authorization.starts_with(start) && authorization.ends_with(&"0".repeat(64)), "{authorization}");
        assert_eq!(junk_signature(&request, i64::MAX)[1].1, "19700101T000000Z");
    }
}
