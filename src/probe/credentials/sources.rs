//! Where secrets lie: Secrets Manager, the environment, files.

use std::io::Read as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{Region, SdkConfig};
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Builder;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata as _, SdkError};
use futures::future::BoxFuture;
use secrecy::SecretString;

use super::TokenCache;

/// The most bytes that a secret may have: Secrets Manager's own quota.
const MOST_BYTES: u64 = 65_536;

/// Where the texts of secrets come from. Errors are reasons in one line; they hold nothing of a secret.
pub trait Vault: Send + Sync {
    /// The text of a secret of Secrets Manager, by name or ARN.
    fn secret<'v>(&'v self, id: &'v str) -> BoxFuture<'v, Result<SecretString, String>>;

    /// A variable of the environment.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn variable(&self, name: &str) -> Result<SecretString, String> {
        match std::env::var(name) {
            Ok(value) => Ok(SecretString::from(value)),
            Err(std::env::VarError::NotPresent) => Err(format!("the environment has no variable {name}")),
            Err(std::env::VarError::NotUnicode(_)) => Err(format!("the variable {name} is not UTF-8")),
        }
    }

    /// A file's text.
    fn file<'v>(&'v self, path: &'v str) -> BoxFuture<'v, Result<SecretString, String>> {
        Box::pin(async move {
            let path = path.to_owned();
            match tokio::task::spawn_blocking(move || read_file(&path)).await {
                Ok(read) => read,
                Err(_) => Err("reading the file was broken off".to_owned()),
            }
        })
    }
}

fn read_file(path: &str) -> Result<SecretString, String> {
    let told = |error: std::io::Error| format!("the file cannot be read: {error}");
    // A pipe or a device may never end.
    if !std::fs::metadata(path).map_err(told)?.is_file() {
        return Err("it is no regular file".to_owned());
    }
    let mut text = String::new();
    std::fs::File::open(path).map_err(told)?.take(MOST_BYTES + 1).read_to_string(&mut text).map_err(told)?;
    if text.len() as u64 > MOST_BYTES {
        return Err(format!("the file has more than {MOST_BYTES} bytes: no secret is that long"));
    }
    let end = text.trim_end().len();
    text.truncate(end);
    Ok(SecretString::from(text))
}

/// AWS Secrets Manager, and this machine's environment and files.
pub struct SecretsManager {
    aws: SdkConfig,
}

impl SecretsManager {
    /// With the credentials, the region and the endpoint of this configuration.
    #[must_use]
    pub fn new(aws: &SdkConfig) -> Self {
        Self { aws: aws.clone() }
    }

    fn client(&self, id: &str) -> Client {
        // Short: a run waits for it, and what cannot be read now is read by the next one.
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .operation_attempt_timeout(Duration::from_secs(3))
            .operation_timeout(Duration::from_secs(7))
            .build();
        let mut config = Builder::from(&self.aws).timeout_config(timeouts).retry_config(
            RetryConfig::standard().with_max_attempts(2).with_initial_backoff(Duration::from_millis(100)),
        );
        // A secret of another region is asked for there: an ARN says which.
        if let Some(region) = region_of(id) {
            config = config.region(Region::new(region.to_owned()));
        }
        Client::from_conf(config.build())
    }
}

fn region_of(id: &str) -> Option<&str> {
    let mut parts = id.split(':');
    (parts.next() == Some("arn")).then_some(())?;
    parts.nth(2).filter(|region| {
        !region.is_empty()
            && region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    })
}

impl Vault for SecretsManager {
    fn secret<'v>(&'v self, id: &'v str) -> BoxFuture<'v, Result<SecretString, String>> {
        Box::pin(async move {
            let told = self.client(id).get_secret_value().secret_id(id).send().await;
            let answer = told.map_err(|error| match &error {
                SdkError::ServiceError(service) => refused(service.err().code().unwrap_or("an error without a code")),
                SdkError::TimeoutError(_) => "Secrets Manager did not answer in time".to_owned(),
                SdkError::DispatchFailure(failure) if failure.is_timeout() => {
                    "Secrets Manager did not answer in time".to_owned()
                }
                SdkError::DispatchFailure(_) => {
                    "Secrets Manager cannot be reached, or there are no AWS credentials".to_owned()
                }
                SdkError::ConstructionFailure(_) => {
                    "Secrets Manager cannot be asked: is the name right, and are region and AWS credentials set?"
                        .to_owned()
                }
                _ => "Secrets Manager gave an answer that cannot be read".to_owned(),
            })?;
            match answer.secret_string {
                Some(text) => Ok(SecretString::from(text)),
                None => Err("the secret is binary: expected one that is a text".to_owned()),
            }
        })
    }
}

/// A refusal in words. AWS's own message is left out: it may say back what it was asked.
fn refused(code: &str) -> String {
    let reason = match code {
        "ResourceNotFoundException" => "there is no such secret in this account and region",
        "AccessDeniedException" => {
            "it may not be read: the role needs secretsmanager:GetSecretValue on it, and kms:Decrypt where it has a key of its own"
        }
        "DecryptionFailure" => "its KMS key cannot be used: it is disabled, deleted or closed to the role",
        "InvalidRequestException" => "it cannot be read now: it is scheduled for deletion, or has no value yet",
        "ThrottlingException" => "Secrets Manager was asked too often",
        "ExpiredTokenException" | "UnrecognizedClientException" | "InvalidSignatureException" => {
            "the AWS credentials are not accepted: are they expired?"
        }
        _ => "it could not be read",
    };
    format!("{reason} ({code})")
}

/// Where a keyring reads from, and what it may do.
#[derive(Clone)]
pub struct Sources {
    pub(super) vault: Arc<dyn Vault>,
    pub(super) aws: SdkConfig,
    pub(super) tokens: TokenCache,
    pub(super) clock: fn() -> SystemTime,
    pub(super) local: bool,
    pub(super) plain_http: bool,
    pub(super) patience: Duration,
}

impl Sources {
    /// From AWS with this configuration, from the environment and from files.
    #[must_use]
    pub fn new(aws: &SdkConfig) -> Self {
        Self {
            vault: Arc::new(SecretsManager::new(aws)),
            aws: aws.clone(),
            tokens: TokenCache::default(),
            clock: SystemTime::now,
            local: true,
            plain_http: false,
            patience: Duration::from_secs(10),
        }
    }

    /// Reads secrets from elsewhere.
    #[must_use]
    pub fn with_vault(mut self, vault: Arc<dyn Vault>) -> Self {
        self.vault = vault;
        self
    }

    /// Keeps tokens in this cache, which may outlive the run.
    #[must_use]
    pub fn with_tokens(mut self, tokens: TokenCache) -> Self {
        self.tokens = tokens;
        self
    }

    /// Tells the time by this clock.
    #[must_use]
    pub fn with_clock(mut self, clock: fn() -> SystemTime) -> Self {
        self.clock = clock;
        self
    }

    /// Refuses `env:` and `file:`. On Lambda a secret in a variable stands in the template and in the console for many to read, and
    /// there are no files but the package's.
    #[must_use]
    pub fn on_lambda(mut self) -> Self {
        self.local = false;
        self
    }

    /// Lets credentials go over plain http to hosts that are not loopback: emulators on a private network.
    #[must_use]
    pub fn with_plain_http(mut self) -> Self {
        self.plain_http = true;
        self
    }

    /// How long one credential may take to be read.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn an_arns_region_is_asked() {
        for (id, expected) in [
            ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:x-AbCdEf", Some("eu-west-1")),
            ("arn:aws-us-gov:secretsmanager:us-gov-west-1:1:secret:x", Some("us-gov-west-1")),
            ("arn:aws:secretsmanager::1:secret:x", None),
            ("arn:aws:secretsmanager:evil.example/:1:secret:x", None),
            ("prod/key", None),
            ("arn", None),
        ] {
            assert_eq!(region_of(id), expected, "{id}");
        }
    }

    #[test]
    fn files_are_read_without_white_space_at_their_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let read = || read_file(path.to_str().unwrap()).map(|text| text.expose_secret().to_owned());
        assert!(read().unwrap_err().contains("cannot be read"));
        for (bytes, expected) in [("m4rk\n", "m4rk"), ("m4rk\r\n", "m4rk"), ("a\nb\n", "a\nb"), (" a ", " a")] {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(read().unwrap(), expected);
        }
        std::fs::write(&path, "m".repeat(65_537)).unwrap();
        assert!(read().unwrap_err().contains("more than 65536 bytes"));
        std::fs::write(&path, b"m4rk\xff").unwrap();
        let error = read().unwrap_err();
        assert!(error.contains("cannot be read") && !error.contains("m4rk"), "{error}");
        assert!(read_file(folder.path().to_str().unwrap()).unwrap_err().contains("no regular file"));
    }
}
