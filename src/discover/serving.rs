//! What a stage serves at this moment: read again just before anything is sent that rests on it.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_apigateway::primitives::DateTime;
use tokio::time::Instant;

use super::control_plane::{ControlPlane, Session};
use super::{Operation, convert, http};
use crate::gateway::{Api, Protocol, Stage};

/// For so many seconds after a change some of API Gateway's servers may still serve what was deployed before (facts B26).
const LAG: i64 = 60;

/// Whether a stage still serves what was read: the same deployment, and the same canary's; of an HTTP API the same routes
/// too, with the same demands.
///
/// # Errors
/// One line that says why it is not known.
pub async fn serves_still(
    plane: &ControlPlane,
    api: &Api,
    stage: &Stage,
    deadline: Option<Instant>,
) -> Result<bool, String> {
    let session = Session { plane, deadline, exports: false };
    if api.protocol != Protocol::Rest {
        return serves_routes_still(session, api, stage).await;
    }
    let send = || session.v1().get_stage().rest_api_id(&api.id).stage_name(&stage.name).send();
    let found = session.call(Operation::GetStage, send).await.map_err(|error| error.to_string())?;
    let canary = convert::filled(found.canary_settings().and_then(|canary| canary.deployment_id()));
    let percent = found.canary_settings().map_or(0.0, aws_sdk_apigateway::types::CanarySettings::percent_traffic);
    let canary = canary.map(|deployment| (deployment.to_owned(), percent > 0.0));
    let known = stage.canary.as_ref().map(|canary| (canary.deployment.clone(), canary.percent > 0.0));
    if convert::filled(found.deployment_id()) != stage.deployment.as_deref() || canary != known {
        return Ok(false);
    }
    settled(plane, found.last_updated_date())?;
    Ok(true)
}

/// The same of an HTTP API's stage.
async fn serves_routes_still(session: Session<'_>, api: &Api, stage: &Stage) -> Result<bool, String> {
    let send = || session.v2().get_stage().api_id(&api.id).stage_name(&stage.name).send();
    let found = session.call(Operation::GetStage, send).await.map_err(|error| error.to_string())?;
    let by_itself = http::deploys_by_itself(found.auto_deploy(), found.last_deployment_status_message());
    let id = convert::filled(found.deployment_id());
    let unnamed = by_itself && id.is_none();
    if id != stage.deployment.as_deref() && !(unnamed && stage.deployment.as_deref() == Some(http::AUTO_DEPLOYED)) {
        return Ok(false);
    }
    // What deploys by itself may have no id to go by.
    if by_itself && found.last_updated_date().map(DateTime::secs) != stage.updated_at {
        return Ok(false);
    }
    settled(session.plane, found.last_updated_date())?;
    let Some(known) = api.deployment_of(stage) else { return Ok(false) };
    let exported = http::demands_this(session, &api.id, &stage.name, &known.tree).await;
    match exported.map_err(|error| error.to_string())? {
        Some(false) => Err("its export has other routes than were read, or other demands: what is edited is not \
                            deployed, or not yet"
            .to_owned()),
        None if session.plane.is_awss_own() => {
            Err("its export could not be had: what its deployment demands is not known".to_owned())
        }
        None if by_itself => {
            let (routes, end) = http::routes(session, &api.id).await;
            Ok(end == super::pages::End::Complete && routes.tree == known.tree)
        }
        // An emulator that cannot export has nothing more to go by, and every kind is tried there first.
        Some(true) | None => Ok(true),
    }
}

/// Whether a stage was not changed just now. An emulator serves at once what it was told.
fn settled(plane: &ControlPlane, updated: Option<&DateTime>) -> Result<(), String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|now| i64::try_from(now.as_secs()).ok());
    match updated {
        Some(updated) if plane.is_awss_own() => lagging(updated.secs(), now.unwrap_or(i64::MAX)).map_or(Ok(()), Err),
        _ => Ok(()),
    }
}

/// Why a stage that was changed at this time may serve something else than it says, if it may.
fn lagging(updated: i64, now: i64) -> Option<String> {
    let age = now.saturating_sub(updated);
    (age < LAG)
        .then(|| format!("it was changed {} s ago, and may serve for a minute what was deployed before", age.max(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_that_was_changed_within_a_minute_may_lag_behind() {
        for (age, lags) in [(0, true), (59, true), (60, false), (1 << 40, false), (-30, true)] {
            assert_eq!(lagging(1_000_000, 1_000_000 + age).is_some(), lags, "{age}");
        }
        let told = "it was changed 7 s ago, and may serve for a minute what was deployed before";
        assert_eq!(lagging(10, 17).as_deref(), Some(told));
        assert!(lagging(i64::MIN, i64::MAX).is_none() && lagging(i64::MAX, 0).is_some());
    }
}
