//! A role's credentials from STS, for reading another account and for signing as somebody else.
//!
//! `aws_config::sts::AssumeRoleProvider` does the same, and brings with it the SDK's whole search for credentials (profiles,
//! containers, instances), because it asks there where it is given no base: a twentieth of the function's archive.

use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, Result, future};

/// What CloudTrail of the other account shows as the session's name.
const SESSION: &str = "gateprobe";

/// Assumes a role each time that it is asked: whoever asks keeps what was given until it ends.
#[derive(Debug)]
pub(crate) struct Role {
    sts: aws_sdk_sts::Client,
    arn: String,
    external_id: Option<String>,
}

impl Role {
    /// The role of this ARN, assumed with the credentials, in the region and at the endpoint of `aws`. Nothing is asked yet.
    pub(crate) fn new(aws: &SdkConfig, arn: &str, external_id: Option<&str>) -> Self {
        Self { sts: aws_sdk_sts::Client::new(aws), arn: arn.to_owned(), external_id: external_id.map(str::to_owned) }
    }

    async fn assume(&self) -> Result {
        let asked = self.sts.assume_role().role_arn(&self.arn).role_session_name(SESSION);
        let answer = asked.set_external_id(self.external_id.clone()).send().await;
        let answer = answer.map_err(CredentialsError::provider_error)?;
        let given = answer.credentials.ok_or_else(|| CredentialsError::unhandled("STS gave no credentials"))?;
        let end = SystemTime::try_from(given.expiration)
            .map_err(|_| CredentialsError::unhandled("STS gave credentials that end at no time there is"))?;
        Ok(Credentials::new(
            given.access_key_id,
            given.secret_access_key,
            Some(given.session_token),
            Some(end),
            "AssumeRole",
        ))
    }
}

impl ProvideCredentials for Role {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.assume())
    }
}
