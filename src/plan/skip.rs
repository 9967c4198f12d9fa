//! Why a deployed method is not asked.

use serde::Serialize;

/// A reason for leaving a method out. Ids are part of the JSON contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SkipReason {
    /// Its verb may change something, the user has not allowed it, and no request is sure to be refused before the
    /// integration.
    NoSafeProof,
    /// The endpoint is not AWS's own, and a refusal of the kinds that would prove it was not seen to work there with a
    /// verb that changes nothing.
    RefusalNotSeen,
    /// What the stage serves changed while the run was under way, or could not be made sure of, so that what it demands is
    /// not known. Of the latter a gap says why.
    DeploymentChanged,
    /// A secret that its request needs could not be read.
    SecretUnreadable,
    /// The user's config says that nothing is sent to it: an `ignore` with `probe: false`.
    Ignored,
    /// The default endpoint is switched off, and no custom domain that can be called leads to the stage.
    EndpointDisabled,
    /// The API is private, and the config does not say that private APIs can be reached from here.
    PrivateEndpoint,
    /// No request that can be made reaches it: another method always answers.
    Unreachable,
    /// The run ended before its turn came; the next run has it first.
    OutOfTime,
}

impl SkipReason {
    /// The id, as in the JSON.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            SkipReason::NoSafeProof => "no-safe-proof",
            SkipReason::RefusalNotSeen => "refusal-not-seen",
            SkipReason::DeploymentChanged => "deployment-changed",
            SkipReason::SecretUnreadable => "secret-unreadable",
            SkipReason::Ignored => "ignored",
            SkipReason::EndpointDisabled => "endpoint-disabled",
            SkipReason::PrivateEndpoint => "private-endpoint",
            SkipReason::Unreachable => "unreachable",
            SkipReason::OutOfTime => "out-of-time",
        }
    }

    /// What it means, for a person.
    #[must_use]
    pub fn means(self) -> &'static str {
        match self {
            SkipReason::NoSafeProof => "no request is sure to be refused before the backend; allow the verb to send it",
            SkipReason::RefusalNotSeen => "not AWS's own endpoint, and such a refusal was not seen to work there",
            SkipReason::DeploymentChanged => {
                "what the stage serves changed in mid-run or is not sure; the next run asks"
            }
            SkipReason::SecretUnreadable => "a secret that its request needs could not be read",
            SkipReason::Ignored => "the config says that nothing is sent to it",
            SkipReason::EndpointDisabled => "the default endpoint is switched off, and no callable domain leads here",
            SkipReason::PrivateEndpoint => "private API; set private_apis in the config where it can be reached",
            SkipReason::Unreachable => "no request reaches it: another method always answers",
            SkipReason::OutOfTime => "the run ended before its turn",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_what_the_json_says() {
        for reason in [
            SkipReason::NoSafeProof,
            SkipReason::RefusalNotSeen,
            SkipReason::DeploymentChanged,
            SkipReason::SecretUnreadable,
            SkipReason::Ignored,
            SkipReason::EndpointDisabled,
            SkipReason::PrivateEndpoint,
            SkipReason::Unreachable,
            SkipReason::OutOfTime,
        ] {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.id());
        }
    }
}
