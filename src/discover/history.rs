//! An API's earlier deployments: snapshots that no stage serves any more, read only where a request found no method.

use std::collections::BTreeMap;

use aws_sdk_apigateway::primitives::DateTime;
use tokio::time::Instant;

use super::apis::PAGE;
use super::control_plane::{ControlPlane, Session};
use super::deployed::{self, Trees};
use super::pages::{self, Page};
use super::{Operation, gap};
use crate::gateway::{Api, Deployment, Gap, Stage};

/// So many earlier deployments are read: each is a call, and a door is missed soon after it is gone.
pub const HISTORY: usize = 3;

/// Reads the newest [`HISTORY`] deployments of an API that are older than what a stage serves and that are not in `api`
/// yet: the doors that its callers may remember. A second value says what could not be read.
///
/// AWS keeps deployments until somebody deletes them, as SAM and Terraform do, so that there may be none. Which stages
/// served one is nowhere to be read.
pub async fn history(
    plane: &ControlPlane,
    api: &Api,
    stage: &Stage,
    deadline: Option<Instant>,
) -> (BTreeMap<String, Deployment>, Option<Gap>) {
    let session = Session { plane, deadline, exports: false };
    let at = || format!("api {} ({}) history", api.id, api.name);
    let Some(now) = api.deployment_of(stage).and_then(|deployment| deployment.created_at) else {
        return (BTreeMap::new(), None);
    };
    let (mut listed, end) = pages::read_all(
        |(id, _): &(String, i64)| Some(id.as_str()),
        async |position| {
            let request = || session.v1().get_deployments().rest_api_id(&api.id).limit(PAGE);
            let page =
                session.call(Operation::GetDeployments, || request().set_position(position.clone()).send()).await?;
            let items = page.items().iter().filter_map(|deployment| {
                Some((deployment.id()?.to_owned(), deployment.created_date().map(DateTime::secs)?))
            });
            Ok(Page { items: items.collect(), next: page.position().map(ToOwned::to_owned) })
        },
    )
    .await;
    let gap = match end {
        pages::End::Failed(error) => Some(gap(at(), &error)),
        pages::End::Complete | pages::End::Circle => None,
    };
    listed.retain(|(id, made)| *made < now && !api.deployments.contains_key(id));
    // AWS promises no order.
    listed.sort_by_key(|(_, made)| std::cmp::Reverse(*made));
    let mut found = BTreeMap::new();
    listed.truncate(HISTORY);
    let ids: Vec<String> = listed.into_iter().map(|(id, _)| id).collect();
    plane.interfaces().warm(&api.id, &ids).await;
    for id in ids {
        // A snapshot or nothing: what stands in for the present one says nothing of the past.
        if let summary @ Trees::Summary { .. } = deployed::read(session, &api.id, &id, None).await
            && let Some(deployment) = deployed::settle(summary, None).deployment
        {
            found.insert(id, deployment);
        }
    }
    (found, gap)
}
