//! What a deployment holds: from its API summary, else from a stage's export, else from the edited tree.
//!
//! Reading and settling are two steps, because the edited tree is read last and once for all deployments of an API.

use aws_sdk_apigateway::primitives::{Blob, DateTime};

use super::control_plane::Session;
use super::convert::{self, Methods};
use super::failure::{CallError, Kind};
use super::interfaces::{self, Interfaces, Summary};
use super::{Operation, export as document};
use crate::gateway::{Authorization, Deployment, Method, Tree, TreeSource};

/// What could be read of a deployment.
#[derive(Debug)]
pub(super) enum Trees {
    /// Its API summary.
    Summary { created_at: Option<i64>, methods: Methods, interfaces: Interfaces },
    /// A stage's export; with the reason, if it stands in for more than an absent summary.
    Export { created_at: Option<i64>, tree: Tree, instead_of: Option<CallError> },
    /// The endpoint has neither; with the reason, if it could have had. `empty_summary`: it had one with nothing in it.
    Neither { created_at: Option<i64>, empty_summary: bool, reason: Option<CallError>, undescribed: String },
    /// Nothing.
    Unreadable(CallError),
}

impl Trees {
    /// Whether the edited tree has to stand in.
    pub(super) fn needs_edited(&self) -> bool {
        matches!(self, Self::Neither { .. })
    }
}

/// Reads a deployment. `stage`: one whose export is of it.
pub(super) async fn read(session: Session<'_>, api: &str, id: &str, stage: Option<&str>) -> Trees {
    let cache = session.plane.interfaces();
    if let Some(summary) = cache.summary(api, id) {
        let Summary { created_at, tree, unknown } = (*summary).clone();
        let interfaces = interfaces::read(session, api, id, stage).await;
        return Trees::Summary { created_at, methods: Methods { tree, unknown }, interfaces };
    }
    let request = || session.v1().get_deployment().rest_api_id(api).deployment_id(id).embed("apisummary");
    let (created_at, empty_summary, instead_of) = match session
        .call(Operation::GetDeployment, || request().send())
        .await
    {
        Ok(deployment) => {
            let created_at = deployment.created_date().map(DateTime::secs);
            match deployment.api_summary().map(convert::api_summary) {
                Some(methods) if !(methods.tree.is_empty() && methods.unknown.is_empty()) => {
                    let (tree, unknown) = (methods.tree.clone(), methods.unknown.clone());
                    cache.put_summary(api, id, Summary { created_at, tree, unknown });
                    let interfaces = interfaces::read(session, api, id, stage).await;
                    return Trees::Summary { created_at, methods, interfaces };
                }
                summary => (created_at, summary.is_some(), None),
            }
        }
        // An endpoint without the operation is one without a summary.
        Err(error) if matches!(error.kind, Kind::Absent | Kind::Foreign) => (None, false, None),
        // The export has a path of its own in IAM and at the endpoint, and on AWS it is the same snapshot.
        Err(error) if matches!(error.kind, Kind::Denied | Kind::Server | Kind::Refused) => (None, false, Some(error)),
        Err(error) => return Trees::Unreadable(error),
    };
    let exported = match stage {
        Some(stage) => export_of(session, api, stage).await,
        None => Ok(Err("only a canary serves this deployment, and a stage's export is of its other one".to_owned())),
    };
    match (exported, instead_of) {
        // Both say that there is nothing in it.
        (Ok(Ok(tree)), None) if tree.is_empty() && empty_summary => {
            let methods = Methods { tree, unknown: Vec::new() };
            Trees::Summary { created_at, methods, interfaces: Interfaces::NotAsked }
        }
        (Ok(Ok(tree)), instead_of) => Trees::Export { created_at, tree, instead_of },
        (_, Some(error)) => Trees::Unreadable(error),
        (Ok(Err(undescribed)), None) => Trees::Neither { created_at, empty_summary, reason: None, undescribed },
        (Err(error), None) => {
            let undescribed = error.to_string();
            Trees::Neither { created_at, empty_summary, reason: Some(error), undescribed }
        }
    }
}

/// A stage's export, as the endpoint sends it.
pub(super) async fn export(session: Session<'_>, api: &str, stage: &str) -> Result<Vec<u8>, CallError> {
    let request = || {
        let request = session.v1().get_export().rest_api_id(api).stage_name(stage).export_type("oas30");
        request.parameters("extensions", "apigateway").accepts("application/json")
    };
    let exported = session.call(Operation::GetExport, || request().send()).await?;
    Ok(exported.body.map(Blob::into_inner).unwrap_or_default())
}

/// A stage's export as a tree, or why this endpoint cannot export this stage, which is no fault of the run's.
async fn export_of(session: Session<'_>, api: &str, stage: &str) -> Result<Result<Tree, String>, CallError> {
    let cannot = |error: &dyn std::fmt::Display| {
        tracing::debug!(api, stage, %error, "no export");
        Ok(Err(error.to_string()))
    };
    match export(session, api, stage).await {
        Ok(exported) => document::parse(&exported).map_or_else(|error| cannot(&error), |tree| Ok(Ok(tree))),
        // LocalStack answers 500 for a tree that has an `ANY` method; others know no export at all.
        Err(error) if error.is_unsupported() || matches!(error.kind, Kind::Server | Kind::Refused) => cannot(&error),
        Err(error) => Err(error),
    }
}

/// What a deployment comes to in the end.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// The deployment, if its tree is known.
    pub(super) deployment: Option<Deployment>,
    /// What could not be read of it.
    pub(super) gap: Option<String>,
    /// Methods that were left out.
    pub(super) unknown: Vec<String>,
}

/// Decides on the tree, with the edited one at hand.
pub(super) fn settle(trees: Trees, edited: Option<&Tree>) -> Settled {
    match trees {
        Trees::Summary { created_at, methods: Methods { mut tree, unknown }, interfaces } => {
            borrow_authorization(&mut tree, edited);
            let (undescribed, gap) = match interfaces {
                Interfaces::NotAsked => (None, None),
                Interfaces::Known(exported) => {
                    take_interfaces(&mut tree, &exported);
                    (None, None)
                }
                Interfaces::Unknown { reason, gap } => (Some(reason), gap),
            };
            let deployment = Deployment { source: TreeSource::ApiSummary, created_at, tree, undescribed };
            Settled { deployment: Some(deployment), unknown, gap }
        }
        Trees::Export { created_at, mut tree, instead_of } => {
            borrow_all(&mut tree, edited);
            borrow_authorization(&mut tree, edited);
            // What nobody calls protected is open: AWS's exports name every scheme that a method has.
            for method in tree.0.values_mut().flat_map(|methods| methods.values_mut()) {
                method.authorization.get_or_insert(Authorization::None);
            }
            let gap = instead_of.map(|error| format!("{error}; its methods are taken from the stage's export"));
            let deployment = Deployment { source: TreeSource::Export, created_at, tree, undescribed: None };
            Settled { deployment: Some(deployment), gap, unknown: Vec::new() }
        }
        Trees::Neither { created_at, empty_summary, reason, undescribed } => {
            let Some(tree) = edited else {
                let reason = reason.map_or_else(String::new, |error| format!("; {error}"));
                let gap = format!(
                    "the endpoint gave no summary and no export of it, and the edited tree could not be read{reason}"
                );
                return Settled { gap: Some(gap), ..Settled::default() };
            };
            let gap =
                reason.map(|error| format!("{error}; the edited tree stands in, and what is deployed may differ"));
            let source = if tree.is_empty() && empty_summary { TreeSource::ApiSummary } else { TreeSource::Edited };
            let undescribed = Some(undescribed);
            let deployment = Deployment { source, created_at, tree: tree.clone(), undescribed };
            Settled { deployment: Some(deployment), gap, unknown: Vec::new() }
        }
        Trees::Unreadable(error) => Settled { gap: Some(error.to_string()), ..Settled::default() },
    }
}

/// Takes over what an export says of the methods' requests. Which methods there are, and who may call them, the summary
/// knows better: on emulators the export is of the edited tree.
fn take_interfaces(tree: &mut Tree, exported: &Tree) {
    for (path, methods) in &mut tree.0 {
        for (verb, method) in methods {
            method.interface = exported.method(path, *verb).and_then(|exported| exported.interface.clone());
        }
    }
}

/// Fills in the authorization that a source does not state, from the edited tree's method of the same resource and verb.
/// It may have been edited since: better than not knowing, and on AWS, whose summaries state it, never needed.
fn borrow_authorization(tree: &mut Tree, edited: Option<&Tree>) {
    let Some(edited) = edited else { return };
    for (path, methods) in &mut tree.0 {
        for (verb, method) in methods.iter_mut().filter(|(_, method)| method.authorization.is_none()) {
            method.authorization = edited.method(path, *verb).and_then(|method| method.authorization);
        }
    }
}

/// Takes whole from the edited tree what an export says nothing at all of: LocalStack's names neither keys nor `AWS_IAM`.
fn borrow_all(tree: &mut Tree, edited: Option<&Tree>) {
    let Some(edited) = edited else { return };
    for (path, methods) in &mut tree.0 {
        let unsaid = |method: &Method| method.authorization.is_none() && !method.api_key_required;
        for (verb, method) in methods.iter_mut().filter(|(_, method)| unsaid(method)) {
            if let Some(Method { authorization, api_key_required, .. }) = edited.method(path, *verb) {
                (method.authorization, method.api_key_required) = (*authorization, *api_key_required);
            }
        }
    }
}
