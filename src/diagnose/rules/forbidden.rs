//! `Forbidden`: before a route is looked for, or for want of a key.

use super::{
    Case, Conclusion, came_through_an_integration, in_other_words, instead_of, recently_changed, unexplained, untyped,
};
use crate::diagnose::predict::{Expectation, Routed};
use crate::diagnose::{Cause, Confidence, StepName, alone};
use crate::gateway::{Address, EndpointType};

/// What may refuse with `Forbidden` before any route is looked for, the likelier first.
fn before_routing(case: &Case<'_, '_>) -> Vec<(Cause, String, &'static str)> {
    let mut found = Vec::new();
    if matches!(case.address, Address::Domain(address) if address.domain.mutual_tls) {
        let seen = "the custom domain demands a client certificate".to_owned();
        found.push((Cause::ClientCertificate, seen, "the same request with a trusted client certificate answers"));
    }
    if let Some(acl) = case.address.stage().and_then(|(_, stage)| stage.web_acl.as_deref()) {
        let seen = format!("the stage has the web ACL {acl}, which is asked before any routing");
        found.push((Cause::Waf, seen, "the web ACL's sampled requests hold this one"));
    }
    if matches!(case.address, Address::Endpoint(_))
        && case.address.stage().is_some_and(|(api, _)| api.endpoint == EndpointType::Private)
    {
        let seen = "a private API answers Forbidden where the endpoint or the host name names another API".to_owned();
        found.push((Cause::PrivateEndpoint, seen, "the API's own name through its own VPC endpoint answers"));
    }
    found
}

/// The first of them, with the others behind it.
fn one_of(causes: Vec<(Cause, String, &'static str)>) -> Option<Conclusion> {
    let mut causes = causes.into_iter();
    let (first, seen, _) = causes.next()?;
    let conclusion = Conclusion::new(first, Confidence::Likely, seen);
    Some(causes.fold(conclusion, |conclusion, (cause, _, tell)| conclusion.or(cause, tell)))
}

pub(super) fn forbidden(case: &Case<'_, '_>, expectation: &Expectation<'_>) -> Conclusion {
    if came_through_an_integration(case) {
        return Conclusion::new(Cause::UpstreamGateway, Confidence::Likely, "the answer came through an integration");
    }
    match expectation {
        Expectation::Fault(fault) => {
            // Before a stage is resolved there is no route to be missing.
            if case.address.stage().is_none() || fault.cause.about().step <= Some(StepName::Stage) {
                return Conclusion::fault(fault, fault.confidence, None);
            }
            match one_of(before_routing(case)) {
                Some(conclusion) => conclusion.or(fault.cause, "the model has no route for this request either"),
                None => Conclusion::fault(
                    fault,
                    Confidence::Possible,
                    Some("Forbidden is not what an unmatched route of an existing stage says".to_owned()),
                ),
            }
        }
        Expectation::Unknown(why) => alone::forbidden(case, why),
        Expectation::Routed(routed) => {
            let conclusion = by_method(case, routed);
            // Without the header the words may have been passed on.
            let tell = "API Gateway's own answers have x-amzn-ErrorType: without it the words may be another gateway's";
            if untyped(case) && !case.guessed {
                conclusion.at_most(Confidence::Likely).or(Cause::UpstreamGateway, tell)
            } else {
                conclusion
            }
        }
    }
}

fn by_method(case: &Case<'_, '_>, routed: &Routed<'_>) -> Conclusion {
    let before = before_routing(case);
    if routed.method.api_key_required {
        let sent = case.request.header("x-api-key").is_some();
        let conclusion = Conclusion::new(
            Cause::ApiKey,
            if sent || !before.is_empty() { Confidence::Likely } else { Confidence::Certain },
            format!(
                "{} {} demands an API key, and the request has {}",
                routed.hit.verb,
                routed.hit.resource,
                if sent { "one that does not count for this stage" } else { "none" }
            ),
        );
        let nothing_before = before.is_empty();
        let conclusion = before.into_iter().fold(conclusion, |conclusion, (cause, _, tell)| conclusion.or(cause, tell));
        return if nothing_before { instead_of(routed, conclusion) } else { conclusion };
    }
    if let Some(conclusion) = one_of(before) {
        return conclusion;
    }
    let changed = recently_changed(case, routed);
    if untyped(case) && !case.guessed {
        let passed_on = in_other_words();
        return if changed.is_some() {
            passed_on.or(Cause::Propagating, "it goes away within a minute")
        } else {
            passed_on
        };
    }
    changed.unwrap_or_else(|| {
        unexplained("the method needs no key, and the stage has no web ACL")
            .or(Cause::Waf, "a web ACL was associated since the stage was read")
            .or(Cause::UpstreamGateway, "the stage's access log shows an integration status: another gateway's words")
    })
}
