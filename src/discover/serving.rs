//! What a stage serves at this moment: read again just before anything is sent that rests on it.

use tokio::time::Instant;

use super::control_plane::{ControlPlane, Session};
use super::{Operation, convert};
use crate::gateway::{Api, Protocol, Stage};

/// Whether a stage still serves what was read: the same deployment, and the same canary's. One call.
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
    let is_it = |found: Option<&str>| convert::filled(found) == stage.deployment.as_deref();
    if api.protocol == Protocol::Rest {
        let send = || session.v1().get_stage().rest_api_id(&api.id).stage_name(&stage.name).send();
        let found = session.call(Operation::GetStage, send).await.map_err(|error| error.to_string())?;
        let canary = convert::filled(found.canary_settings().and_then(|canary| canary.deployment_id()));
        let percent = found.canary_settings().map_or(0.0, aws_sdk_apigateway::types::CanarySettings::percent_traffic);
        let canary = canary.map(|deployment| (deployment.to_owned(), percent > 0.0));
        let known = stage.canary.as_ref().map(|canary| (canary.deployment.clone(), canary.percent > 0.0));
        return Ok(is_it(found.deployment_id()) && canary == known);
    }
    let send = || session.v2().get_stage().api_id(&api.id).stage_name(&stage.name).send();
    let found = session.call(Operation::GetStage, send).await.map_err(|error| error.to_string())?;
    Ok(is_it(found.deployment_id()))
}
