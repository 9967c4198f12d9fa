//! Credentials, by reference: where a secret lies, never the secret.

use schemars::JsonSchema;
use serde::Deserialize;

/// Where a secret lies: `secretsmanager:NAME`, `secretsmanager:NAME#JSON-KEY`, `env:NAME`, `file:PATH`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("pattern" = "^(secretsmanager|env|file):."))]
pub enum Reference {
    /// A secret of AWS Secrets Manager, by name or ARN; of a JSON one, the value of this key.
    SecretsManager {
        /// The secret's name or ARN.
        secret: String,
        /// The key.
        key: Option<String>,
    },
    /// A variable of the environment.
    Env(String),
    /// A file; white space at its end is left out.
    File(String),
}

/// A reference that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a secret is named, not written out: expected secretsmanager:NAME, secretsmanager:NAME#JSON-KEY, env:NAME or file:PATH"
)]
pub struct ReferenceError;

impl TryFrom<String> for Reference {
    type Error = ReferenceError;

    fn try_from(text: String) -> Result<Self, ReferenceError> {
        let (scheme, rest) = text.split_once(':').ok_or(ReferenceError)?;
        if rest.is_empty() {
            return Err(ReferenceError);
        }
        match scheme {
            "secretsmanager" => Ok(match rest.split_once('#') {
                Some((secret, key)) => Self::SecretsManager { secret: secret.to_owned(), key: Some(key.to_owned()) },
                None => Self::SecretsManager { secret: rest.to_owned(), key: None },
            }),
            "env" => Ok(Self::Env(rest.to_owned())),
            "file" => Ok(Self::File(rest.to_owned())),
            _ => Err(ReferenceError),
        }
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SecretsManager { secret, key: None } => write!(f, "secretsmanager:{secret}"),
            Self::SecretsManager { secret, key: Some(key) } => write!(f, "secretsmanager:{secret}#{key}"),
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
        }
    }
}

/// One way to show who is asking. Exactly one key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Credential {
    /// An API key, sent as `x-api-key`.
    ApiKey(Reference),
    /// A token, sent as `Authorization: Bearer …`.
    Bearer(Reference),
    /// User and password, sent as `Authorization: Basic …`.
    Basic {
        /// The user's name.
        user: String,
        /// The password.
        password: Reference,
    },
    /// Any header.
    Header {
        /// Its name.
        name: String,
        /// Its value.
        value: Reference,
    },
    /// A SigV4 signature with the run's own credentials, or with a role's.
    Sigv4 {
        /// The ARN of a role to assume.
        #[serde(default)]
        role: Option<String>,
    },
    /// A token of the OAuth2 client-credentials grant, Cognito's included, fetched and kept until it expires; sent as
    /// `Authorization: Bearer …`.
    ClientCredentials {
        /// The token endpoint, https.
        #[serde(deserialize_with = "super::values::http_url")]
        token_url: url::Url,
        /// The client's id.
        client_id: String,
        /// The client's secret.
        client_secret: Reference,
        /// The scopes that are asked for.
        #[serde(default)]
        scopes: Vec<String>,
    },
}

/// A client certificate for hosts that demand one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientCertificate {
    /// The host: a custom domain's name.
    pub domain: String,
    /// The certificate, its chain and its private key in PEM, all in one secret.
    pub identity: Reference,
}
