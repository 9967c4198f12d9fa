//! A role's credentials from STS, for reading another account and for signing as somebody else.
//!
//! `aws_config::sts::AssumeRoleProvider` does the same, and brings with it the SDK's whole search for credentials (profiles,
//! containers, instances), because it asks there where it is given no base: a twentieth of the function's archive.

use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_config::identity::IdentityCache;
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
        // The cache is being filled when this is asked; what it is asked with must not come from the same one.
        let aws = aws.to_builder().identity_cache(IdentityCache::no_cache()).build();
        Self { sts: aws_sdk_sts::Client::new(&aws), arn: arn.to_owned(), external_id: external_id.map(str::to_owned) }
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

#[cfg(test)]
pub(crate) mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::discover::said::chain;
    use crate::report::script::{Answer, Script, config};

    const ARN: &str = "arn:aws:iam::111122223333:role/gateprobe-member";

    pub(crate) const GIVEN: &str = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
        <Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>none</SecretAccessKey>\
        <SessionToken>session</SessionToken><Expiration>2027-01-15T08:00:00Z</Expiration></Credentials>\
        </AssumeRoleResult></AssumeRoleResponse>";

    #[tokio::test]
    async fn what_sts_is_asked_and_what_it_gives() {
        let sts = Script::start(|_, _| Answer::xml(200, GIVEN)).await;
        let role = Role::new(&config(&sts.url), ARN, Some("4f1c9a7e"));
        let given = role.provide_credentials().await.unwrap();
        assert_eq!(
            (given.access_key_id(), given.secret_access_key(), given.session_token()),
            ("ASIAEXAMPLE", "none", Some("session"))
        );
        let expiry = given.expiry().unwrap().duration_since(UNIX_EPOCH).unwrap();
        assert_eq!(expiry.as_secs(), 1_800_000_000);
        let [asked] = &sts.asked()[..] else { panic!("asked once") };
        for (name, value) in
            [("Action", "AssumeRole"), ("RoleArn", ARN), ("RoleSessionName", "gateprobe"), ("ExternalId", "4f1c9a7e")]
        {
            assert_eq!(asked.field(name).as_deref(), Some(value), "{name}");
        }
        assert!(asked.authorization.contains("Credential=AKIDEXAMPLE/"), "{}", asked.authorization);
        assert!(asked.authorization.contains("/eu-central-1/sts/"), "{}", asked.authorization);
    }

    #[tokio::test]
    async fn without_an_external_id_none_is_sent() {
        let sts = Script::start(|_, _| Answer::xml(200, GIVEN)).await;
        Role::new(&config(&sts.url), ARN, None).provide_credentials().await.unwrap();
        assert_eq!(sts.asked()[0].field("ExternalId"), None);
    }

    #[tokio::test]
    async fn a_refusal_keeps_its_words() {
        const DENIED: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>\
            <Message>not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>";
        let sts = Script::start(|_, _| Answer::xml(403, DENIED)).await;
        let error = Role::new(&config(&sts.url), ARN, None).provide_credentials().await.unwrap_err();
        let told = chain(&error);
        assert!(told.contains("AccessDenied") && told.contains("not authorized"), "{told}");
    }

    #[tokio::test]
    async fn an_answer_without_credentials_is_an_error() {
        let empty = GIVEN.replace("<Credentials>", "<Other>").replace("</Credentials>", "</Other>");
        let sts = Script::start(move |_, _| Answer::xml(200, &empty)).await;
        Role::new(&config(&sts.url), ARN, None).provide_credentials().await.unwrap_err();
    }
}
