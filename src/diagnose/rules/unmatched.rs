//! No method was matched, says the answer.

use super::{
    Case, Conclusion, by_canary, came_through_an_integration, in_other_words, instead_of, recently_changed,
    unexplained, untyped,
};
use crate::diagnose::predict::{Expectation, sure};
use crate::diagnose::{Cause, Confidence, Symptom, alone};
use crate::gateway::{Authorization, TreeSource};

/// Missing Authentication Token, or its form for requests with an Authorization header.
pub(super) fn unmatched(case: &Case<'_, '_>, expectation: &Expectation<'_>) -> Conclusion {
    if came_through_an_integration(case) {
        return Conclusion::new(
            Cause::UpstreamGateway,
            Confidence::Likely,
            "the answer has x-amzn-remapped- headers, so it came through an integration: another gateway's words",
        );
    }
    let routed = match expectation {
        Expectation::Fault(fault) => {
            let seen = (case.symptom == Symptom::IncompleteSignature).then(|| {
                "an unmatched route reads any Authorization header as SigV4: this answer stands for Missing Authentication Token".to_owned()
            });
            let conclusion = Conclusion::fault(fault, fault.confidence, seen);
            // Where no stage is found API Gateway says Forbidden, and blogs say this (facts A1).
            return if case.address.stage().is_none() && !untyped(case) {
                conclusion.at_most(Confidence::Likely)
            } else {
                conclusion
            };
        }
        Expectation::Unknown(why) => return alone::unmatched(case, why),
        Expectation::Routed(routed) => routed,
    };
    let iam = routed.method.authorization == Some(Authorization::AwsIam);
    if iam && case.symptom == Symptom::IncompleteSignature {
        return Conclusion::new(
            Cause::Signature,
            Confidence::Certain,
            format!(
                "{} {} demands SigV4, and the Authorization header is no whole one",
                routed.hit.verb, routed.hit.resource
            ),
        );
    }
    if let Some(conclusion) = by_canary(routed, "this request was the canary's") {
        let conclusion = if untyped(case) {
            let tell = "API Gateway's own answers have x-amzn-ErrorType: without it the words may be another gateway's";
            conclusion.at_most(Confidence::Likely).or(Cause::UpstreamGateway, tell)
        } else {
            conclusion
        };
        let sure = conclusion.confidence;
        // An unsigned call to an AWS_IAM method fails in both deployments, and looks the same.
        return if iam && case.request.header("authorization").is_none() {
            Conclusion { confidence: sure.min(Confidence::Likely), ..conclusion }
                .or(Cause::IamUnsigned, "the same request signed with SigV4 always answers")
        } else {
            conclusion
        };
    }
    if iam && case.request.header("authorization").is_none() {
        let unsigned = Conclusion::new(
            Cause::IamUnsigned,
            sure(routed.source),
            format!(
                "{} {} is deployed with AWS_IAM, and the request is not signed",
                routed.hit.verb, routed.hit.resource
            ),
        );
        let unsigned = if routed.source == TreeSource::Edited {
            unsigned.or(Cause::NotDeployed, "what was read is the edited tree: the method may not be deployed")
        } else {
            unsigned
        };
        return instead_of(routed, unsigned);
    }
    if let Some(changed) = recently_changed(case, routed) {
        let tell = "API Gateway's own answers have x-amzn-ErrorType: without it the words may be another gateway's";
        return if untyped(case) { changed.or(Cause::UpstreamGateway, tell) } else { changed };
    }
    if routed.source == TreeSource::Edited {
        return Conclusion::new(
            Cause::NotDeployed,
            Confidence::Likely,
            format!(
                "{} {} is in the edited tree, and the deployment itself was not read",
                routed.hit.verb, routed.hit.resource
            ),
        )
        .or(Cause::Propagating, "it goes away within a minute");
    }
    if untyped(case) {
        return in_other_words();
    }
    if routed.canary_unread {
        let evidence = "the deployment of the stage's canary could not be read, and may lack the method";
        return Conclusion::new(Cause::CanarySplit, Confidence::Possible, evidence)
            .or(Cause::Unexplained, "it fails every time");
    }
    if routed.method.authorization.is_none() {
        return Conclusion::new(
            Cause::IamUnsigned,
            Confidence::Possible,
            "the endpoint did not say what authorization the method has",
        )
        .or(Cause::Unexplained, "the method has no AWS_IAM authorization");
    }
    let how = if iam { "with AWS_IAM, and the request is signed" } else { "without AWS_IAM" };
    unexplained(&format!("the deployed tree has the method {how}, and the wire says that nothing matched"))
        .or(Cause::Propagating, "it goes away within a minute")
        .or(Cause::Removed, "the stage was deployed again since the tree was read: read it again")
        .or(Cause::UpstreamGateway, "the stage's access log shows an integration status: another gateway's words")
}
