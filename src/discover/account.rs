//! Reading the API Gateway of another account, through a role of its.

use aws_config::SdkConfig;
use aws_credential_types::provider::SharedCredentialsProvider;

use crate::role::Role;

/// What is no role's ARN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no role: expected an ARN like arn:aws:iam::111122223333:role/gateprobe-member")]
pub struct NoRole(String);

/// The same region and endpoint with the credentials of a role, which is assumed at the first call and again before its
/// credentials end. The external id is what the role's trust policy asks for, if it asks for one.
///
/// # Errors
/// [`NoRole`] where the ARN is none of a role. Whether it may be assumed shows the first call.
pub fn as_role(aws: &SdkConfig, arn: &str, external_id: Option<&str>) -> Result<SdkConfig, NoRole> {
    if !is_role(arn) {
        return Err(NoRole(arn.to_owned()));
    }
    let provider = SharedCredentialsProvider::new(Role::new(aws, arn, external_id));
    Ok(aws.to_builder().credentials_provider(provider).build())
}

/// `arn:PARTITION:iam::ACCOUNT:role/PATH-AND-NAME`
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>).
fn is_role(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, resource] = parts[..] else { return false };
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let name = resource.strip_prefix("role/").unwrap_or_default();
    let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-/".contains(&byte);
    partition.starts_with("aws") && is_account && !name.is_empty() && name.bytes().all(in_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_role_is() {
        for good in
            ["arn:aws:iam::111122223333:role/gateprobe-member", "arn:aws-cn:iam::111122223333:role/path/of/it/member@x"]
        {
            assert!(is_role(good), "{good}");
        }
        for bad in [
            "",
            "gateprobe-member",
            "arn:aws:iam::111122223333:user/me",
            "arn:aws:iam::1111:role/member",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam:eu-west-1:111122223333:role/member",
            "arn:aws:sts::111122223333:assumed-role/member/x",
            "arn:aws:iam::111122223333:role/a b",
        ] {
            assert!(!is_role(bad), "{bad}");
        }
    }
}
