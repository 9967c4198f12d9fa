//! No answer came.

use super::{Case, Conclusion, unexplained};
use crate::diagnose::predict::Expectation;
use crate::diagnose::{Cause, Confidence, Symptom, alone};
use crate::gateway::{Address, DomainAddress, EndpointType};
use crate::probe::TransportKind;

pub(super) fn transport(case: &Case<'_, '_>, expectation: &Expectation<'_>) -> Conclusion {
    let detail = case.observation.outcome.as_ref().err().map(ToString::to_string).unwrap_or_default();
    if matches!(&case.observation.outcome, Err(error) if error.kind == TransportKind::Unsendable) {
        return unexplained(&format!("nothing was sent: {detail}"));
    }
    // A host that cannot exist, or that cannot be called from here, says more than that it did not answer.
    if let Expectation::Fault(fault) = expectation
        && fault.cause == Cause::ApiUnknown
    {
        // The name of an API that exists resolves.
        let other_region = matches!(case.address, Address::Endpoint(endpoint) if endpoint.api.is_some());
        let sure = if case.symptom == Symptom::Dns && !other_region { Confidence::Certain } else { fault.confidence };
        return Conclusion::fault(fault, sure, Some(detail));
    }
    let private = case.address.stage().is_some_and(|(api, _)| api.endpoint == EndpointType::Private)
        && matches!(case.address, Address::Endpoint(_))
        || matches!(case.address, Address::Domain(address) if address.domain.endpoint == EndpointType::Private);
    let network = match case.symptom {
        Symptom::Dns => Some(Cause::NetworkDns),
        Symptom::Connect => Some(Cause::NetworkConnect),
        Symptom::Timeout => Some(Cause::NetworkTimeout),
        _ => None,
    };
    if let Some(network) = network.filter(|_| private) {
        let mut conclusion = Conclusion::new(Cause::PrivateEndpoint, Confidence::Likely, detail);
        if network == Cause::NetworkDns && matches!(case.address, Address::Domain(_)) {
            conclusion = conclusion.or(Cause::DomainDns, "the record is missing in the VPC's private hosted zone too");
        }
        return conclusion.or(network, "the same from inside the VPC would be the network");
    }
    match (case.symptom, case.address) {
        (Symptom::Dns, Address::Domain(address)) => {
            Conclusion::new(Cause::DomainDns, Confidence::Likely, detail_for(address, detail))
                .or(Cause::NetworkDns, "other names do not resolve from here either")
        }
        (Symptom::Tls, Address::Domain(address)) if address.domain.mutual_tls => {
            Conclusion::new(Cause::ClientCertificate, Confidence::Likely, detail)
                .or(Cause::NetworkTls, "the handshake fails with a trusted client certificate too")
        }
        (Symptom::Dns, Address::Endpoint(_)) if matches!(expectation, Expectation::Unknown(_)) => {
            alone::unresolved(&detail)
        }
        (Symptom::Dns, _) => Conclusion::new(Cause::NetworkDns, Confidence::Certain, detail),
        (Symptom::Connect, _) => Conclusion::new(Cause::NetworkConnect, Confidence::Certain, detail),
        (Symptom::Tls, _) => Conclusion::new(Cause::NetworkTls, Confidence::Certain, detail),
        (Symptom::Timeout, _) => Conclusion::new(Cause::NetworkTimeout, Confidence::Certain, detail),
        _ => Conclusion::new(Cause::NetworkReset, Confidence::Certain, detail),
    }
}

fn detail_for(address: &DomainAddress<'_>, detail: String) -> String {
    match &address.domain.target {
        Some(target) => format!("{detail}; {} should lead to {target}", address.domain.name),
        None => detail,
    }
}
