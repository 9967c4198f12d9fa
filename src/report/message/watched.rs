//! What is being watched, in words: how each method is asked, and what would have the others asked, too.

use crate::plan::{Provenance, SkipReason};
use crate::report::page::words;

/// Every reason, by which an id is known again.
const REASONS: [SkipReason; 9] = [
    SkipReason::NoSafeProof,
    SkipReason::RefusalNotSeen,
    SkipReason::DeploymentChanged,
    SkipReason::SecretUnreadable,
    SkipReason::Ignored,
    SkipReason::EndpointDisabled,
    SkipReason::PrivateEndpoint,
    SkipReason::Unreachable,
    SkipReason::OutOfTime,
];

/// Where the requests of a provenance come from. An id of another version stands for itself.
pub(super) fn asked_with(provenance: &str) -> String {
    let known = Provenance::ALL.into_iter().find(|known| known.id() == provenance);
    match known {
        Some(Provenance::Bare) => "as they are: they need no value".to_owned(),
        Some(Provenance::Contract) => "with a request of your contract".to_owned(),
        Some(Provenance::Config) => "with a known_good request of your config".to_owned(),
        Some(Provenance::Example) => "with the API's own examples".to_owned(),
        Some(Provenance::Schema) => "with values made up to fit the API's own description".to_owned(),
        Some(Provenance::Placeholder) => "with values made up: nothing is known of what would fit".to_owned(),
        Some(Provenance::Refusal) => {
            "with a request that API Gateway must refuse: it proves the route, and changes nothing".to_owned()
        }
        None => words(provenance),
    }
}

/// Why methods were not asked: the reason's own words, and what would cover them.
pub(super) fn not_asked(reason: &str) -> (String, Option<&'static str>) {
    match REASONS.into_iter().find(|known| known.id() == reason) {
        Some(known) => (known.means().to_owned(), cover(known)),
        None => (words(reason), None),
    }
}

/// What would cover it. The reason's own words say enough where this is `None`.
fn cover(reason: SkipReason) -> Option<&'static str> {
    match reason {
        SkipReason::NoSafeProof => Some(
            "write a known_good request for them, or allow their verbs, in the config; `gateprobe plan` lists them",
        ),
        SkipReason::RefusalNotSeen => {
            Some("write known_good requests with verbs that change nothing, or allow the verbs")
        }
        SkipReason::SecretUnreadable => Some("let the function read the secret; the report's gaps say which and why"),
        SkipReason::Ignored => Some("take the ignore rule out of the config once it is not needed"),
        SkipReason::EndpointDisabled => Some("map a custom domain to the stage, or name one in the contract"),
        SkipReason::PrivateEndpoint => Some("run where the VPC endpoint is reached, and set private_apis"),
        SkipReason::OutOfTime => Some("they come first in the next run; if it stays, give the function more time"),
        SkipReason::DeploymentChanged | SkipReason::Unreachable => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_and_every_provenance_is_known_by_its_id() {
        for reason in REASONS {
            assert_eq!(not_asked(reason.id()).0, reason.means());
        }
        let ids: std::collections::BTreeSet<_> = REASONS.iter().map(|reason| reason.id()).collect();
        assert_eq!(ids.len(), REASONS.len());
        for provenance in Provenance::ALL {
            assert_ne!(asked_with(provenance.id()), provenance.id());
        }
        assert_eq!(not_asked("of-a-later-version\u{202e}"), ("of-a-later-version\u{fffd}".to_owned(), None));
    }
}
