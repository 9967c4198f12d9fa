//! One REST API: its stages, what they serve, what it says in API Gateway's place, and what is in its editor.

use std::collections::{BTreeMap, BTreeSet};

use super::apis::PAGE;
use super::control_plane::Session;
use super::deployed::{self, Trees};
use super::failure::{CallError, Kind};
use super::pages::{self, End, Page};
use super::{Operation, apis, convert, edited, editor, gap};
use crate::config::Scope;
use crate::gateway::{Api, Gap, GatewayResponse, Stage};

/// Fills in an API that was listed. `None`: it has been deleted since, or none of its stages is in the scope.
pub(super) async fn read(session: Session<'_>, mut api: Api, scope: &Scope) -> Option<(Api, Vec<Gap>)> {
    let place = format!("api {} ({})", api.id, api.name);
    let stages = match stages(session, &api.id).await {
        Ok(stages) => stages,
        Err(error) if is_gone(session, &api.id, &error).await => return None,
        // Without the stages nothing else of it can be put to use, and what fails here would fail there again.
        Err(error) => return Some((api, vec![gap(place, &error)])),
    };
    let none_at_all = stages.is_empty();
    api.stages = stages.into_iter().filter(|stage| scope.admits_stage(&stage.name)).collect();
    if api.stages.is_empty() && !none_at_all {
        return None;
    }
    let uses = uses(&api.stages);
    let deployments: Vec<String> = uses.keys().cloned().collect();
    session.plane.interfaces().warm(&api.id, &deployments).await;
    let mut trees = BTreeMap::new();
    for (id, use_) in &uses {
        let found = deployed::read(session, &api.id, id, use_.export_from.as_deref()).await;
        if let Trees::Unreadable(error) = &found
            && is_gone(session, &api.id, error).await
        {
            return None;
        }
        trees.insert(id.clone(), found);
    }
    let mut late_gaps = Vec::new();
    let responses = gateway_responses(session, &api.id).await;
    api.gateway_responses = responses.0;
    match responses.1 {
        End::Failed(error) if is_gone(session, &api.id, &error).await => return None,
        // An emulator without the operation has no customised responses either.
        End::Complete | End::Failed(CallError { kind: Kind::Absent, .. }) => {}
        End::Circle => late_gaps.push(gap(format!("{place} gateway responses"), &"the endpoint repeats its pages")),
        End::Failed(error) => late_gaps.push(gap(format!("{place} gateway responses"), &error)),
    }
    let mut interfaces = None;
    let needed = trees.values().any(Trees::needs_edited);
    if session.plane.limits().edited || needed {
        match edited::read(session, &api.id).await {
            Ok((resources, circle)) => {
                let methods = convert::resources(&resources);
                late_gaps.extend(circle.map(|reason| gap(format!("{place} edited tree"), &reason)));
                // AWS's own exports tell all that can be known, and of what is deployed.
                if session.exports && !session.plane.is_awss_own() {
                    let (found, errors) = editor::read(session, &api.id, &resources).await;
                    late_gaps.extend(errors.iter().map(|error| gap(format!("{place} edited tree"), error)));
                    interfaces = Some(found);
                }
                late_gaps.extend(unknown(&format!("{place} edited tree"), &methods.unknown));
                api.edited = Some(methods.tree);
            }
            Err(error) if is_gone(session, &api.id, &error).await => return None,
            Err(error) => late_gaps.push(gap(format!("{place} edited tree"), &error)),
        }
    }
    let mut gaps = Vec::new();
    for (id, found) in trees {
        let mut settled = deployed::settle(found, api.edited.as_ref());
        if let (Some(deployment), Some((edited, interfaces))) =
            (&mut settled.deployment, api.edited.as_ref().zip(interfaces.as_ref()))
        {
            editor::complete(&mut deployment.tree, edited, interfaces);
        }
        for door in uses.get(&id).into_iter().flat_map(|use_| &use_.doors) {
            gaps.extend(
                settled.gap.iter().map(|reason| gap(format!("{place} {door}"), &format!("deployment {id}: {reason}"))),
            );
            gaps.extend(unknown(&format!("{place} {door}"), &settled.unknown));
        }
        api.deployments.extend(settled.deployment.map(|deployment| (id, deployment)));
    }
    gaps.extend(late_gaps);
    Some((api, gaps))
}

/// Who uses a deployment.
#[derive(Debug, Default)]
struct Use {
    /// `stage prod`, `stage prod canary`.
    doors: BTreeSet<String>,
    /// A stage whose export is of this deployment. A canary's share of a stage has no export.
    export_from: Option<String>,
}

/// The distinct deployments of the stages: each is read once, however many stages it serves.
fn uses(stages: &[Stage]) -> BTreeMap<String, Use> {
    let mut uses: BTreeMap<String, Use> = BTreeMap::new();
    for stage in stages {
        if let Some(deployment) = &stage.deployment {
            let entry = uses.entry(deployment.clone()).or_default();
            entry.doors.insert(format!("stage {}", stage.name));
            entry.export_from.get_or_insert_with(|| stage.name.clone());
        }
        if let Some(canary) = &stage.canary {
            let entry = uses.entry(canary.deployment.clone()).or_default();
            entry.doors.insert(format!("stage {} canary", stage.name));
        }
    }
    uses
}

fn unknown(place: &str, methods: &[String]) -> Option<Gap> {
    let reason = || format!("no verbs of a REST API that this Gateprobe knows: {}", methods.join(", "));
    (!methods.is_empty()).then(|| gap(place, &reason()))
}

/// Whether a 404 on something of an API means that the API has been deleted.
async fn is_gone(session: Session<'_>, id: &str, error: &CallError) -> bool {
    if error.kind != Kind::NotFound {
        return false;
    }
    let gone = matches!(apis::one(session, id).await, Err(CallError { kind: Kind::NotFound, .. }));
    if gone {
        tracing::debug!(api = id, "deleted while it was being read");
    }
    gone
}

async fn stages(session: Session<'_>, id: &str) -> Result<Vec<Stage>, CallError> {
    let send = || session.v1().get_stages().rest_api_id(id).send();
    let stages = session.call(Operation::GetStages, send).await?;
    Ok(stages.item().iter().filter_map(convert::stage).collect())
}

/// The customised ones. AWS sends all kinds in one answer; the call has a position all the same.
async fn gateway_responses(session: Session<'_>, id: &str) -> (Vec<GatewayResponse>, End) {
    let (all, end) = pages::read_all(
        |response: &(String, Option<GatewayResponse>)| Some(response.0.as_str()),
        async |position| {
            let request =
                || session.v1().get_gateway_responses().rest_api_id(id).limit(PAGE).set_position(position.clone());
            let page = session.call(Operation::GetGatewayResponses, || request().send()).await?;
            let items = page.items().iter().filter_map(|response| {
                Some((response.response_type()?.as_str().to_owned(), convert::gateway_response(response)))
            });
            Ok(Page { items: items.collect(), next: page.position().map(ToOwned::to_owned) })
        },
    )
    .await;
    let mut customised: Vec<_> = all.into_iter().filter_map(|(_, response)| response).collect();
    // AWS's order is none, and LocalStack's is another.
    customised.sort_by(|a, b| a.kind.cmp(&b.kind));
    (customised, end)
}
