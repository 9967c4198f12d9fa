//! HTTP APIs and WebSocket APIs (`apigatewayv2`): listed together, and of an HTTP API its stages and routes.
//!
//! There are no summaries of deployments here. What a stage that deploys by itself serves are the API's routes as they are;
//! what another stage serves only `ExportApi` tells, and where that cannot be had the routes stand in as
//! [`TreeSource::Edited`]. The routes also are the editor's tree. A WebSocket API is listed with its stages, and its routes,
//! which are of messages, are not read.
//!
//! An endpoint without these operations, as emulators are, has no such APIs: that is no gap.

use std::collections::{BTreeMap, HashSet};

use aws_sdk_apigatewayv2::types as v2;

use super::control_plane::Session;
use super::convert::{self, Methods};
use super::failure::{CallError, Kind};
use super::pages::{self, End, Page};
use super::{Operation, export, gap};
use crate::config::Scope;
use crate::gateway::{
    Api, Authorization, AuthorizerKind, DEFAULT_ROUTE, Deployment, EndpointType, Gap, Method, Protocol, Stage, Tree,
    TreeSource, Verb,
};

/// What a gap of the list is called. It stands for APIs that nobody knows of, as `list of APIs` does.
pub(super) const LIST: &str = "list of HTTP and WebSocket APIs";

/// The id of a deployment that a stage made by itself, where the endpoint does not say it.
pub(super) const AUTO_DEPLOYED: &str = "auto-deployed";

const CIRCLE: &str = "the endpoint repeats its pages: there may be more";

/// Every HTTP and WebSocket API, in AWS's order and without anything in it yet, and what could not be read.
pub(super) async fn list(session: Session<'_>) -> (Vec<Api>, Vec<Gap>) {
    let mut gaps = Vec::new();
    let (listed, end) = pages::read_all(
        |api: &v2::Api| api.api_id(),
        async |position| {
            let send = || session.v2().get_apis().set_next_token(position.clone()).send();
            let page = session.call(Operation::GetApis, send).await?;
            let next = page.next_token().map(ToOwned::to_owned);
            Ok(Page { items: page.items.unwrap_or_default(), next })
        },
    )
    .await;
    match end {
        End::Complete => {}
        End::Circle => gaps.push(gap(LIST, &CIRCLE)),
        End::Failed(error) if error.is_unsupported() => tracing::debug!(%error, "no HTTP APIs at this endpoint"),
        End::Failed(error) => gaps.push(gap(LIST, &error)),
    }
    let mut apis = Vec::new();
    for api in &listed {
        let disabled = api.disable_execute_api_endpoint();
        match head(api.api_id(), api.name(), api.protocol_type(), disabled) {
            Ok(api) => apis.extend(api),
            Err(unknown) => gaps.push(unknown),
        }
    }
    (apis, gaps)
}

/// One of them by its id, without anything in it yet.
pub(super) async fn one(session: Session<'_>, id: &str) -> Result<Api, CallError> {
    let api = session.call(Operation::GetApi, || session.v2().get_api().api_id(id).send()).await?;
    let found = head(api.api_id(), api.name(), api.protocol_type(), api.disable_execute_api_endpoint());
    found.ok().flatten().ok_or_else(|| CallError::foreign(Operation::GetApi, "200 with JSON, but no API in it"))
}

fn head(
    id: Option<&str>,
    name: Option<&str>,
    protocol: Option<&v2::ProtocolType>,
    disabled: Option<bool>,
) -> Result<Option<Api>, Gap> {
    let Some(id) = convert::filled(id) else { return Ok(None) };
    let name = name.unwrap_or_default();
    let protocol = match protocol {
        Some(v2::ProtocolType::Http) => Protocol::Http,
        Some(v2::ProtocolType::Websocket) => Protocol::WebSocket,
        other => {
            let other = other.map_or("none", v2::ProtocolType::as_str);
            let reason = format!("its protocol, {other}, is not known to this Gateprobe");
            return Err(gap(format!("api {id} ({name})"), &reason));
        }
    };
    Ok(Some(Api {
        id: id.to_owned(),
        name: name.to_owned(),
        protocol,
        endpoint: EndpointType::Regional,
        default_endpoint_disabled: disabled.unwrap_or_default(),
        stages: Vec::new(),
        deployments: BTreeMap::new(),
        edited: None,
        gateway_responses: Vec::new(),
    }))
}

/// A stage, and whether the API's routes are what it serves.
struct Listed {
    stage: Stage,
    by_itself: bool,
}

/// Fills in an API that was listed. `None`: it has been deleted since, or none of its stages is in the scope.
pub(super) async fn read(session: Session<'_>, mut api: Api, scope: &Scope) -> Option<(Api, Vec<Gap>)> {
    let place = format!("api {} ({})", api.id, api.name);
    let mut gaps = Vec::new();
    let (stages, end) = stages(session, &api.id).await;
    match end {
        End::Complete => {}
        End::Circle => gaps.push(gap(&place, &CIRCLE)),
        End::Failed(error) if is_gone(session, &api.id, &error).await => return None,
        // What a stage is called is not known, and a stage that is not known of must not pass for one that is not there.
        End::Failed(error) => return Some((api, vec![gap(place, &error)])),
    }
    let none_at_all = stages.is_empty();
    let stages: Vec<Listed> = stages.into_iter().filter(|listed| scope.admits_stage(&listed.stage.name)).collect();
    if stages.is_empty() && !none_at_all {
        return None;
    }
    if api.protocol == Protocol::WebSocket {
        api.stages = stages.into_iter().map(|listed| listed.stage).collect();
        return Some((api, gaps));
    }
    let routes = match routes(session, &api.id).await {
        (_, End::Failed(error)) if is_gone(session, &api.id, &error).await => return None,
        (_, End::Failed(error)) => {
            gaps.push(gap(format!("{place} routes"), &error));
            None
        }
        (routes, end) => {
            if end == End::Circle {
                gaps.push(gap(format!("{place} routes"), &CIRCLE));
            }
            if !routes.unknown.is_empty() {
                let reason = format!("no routes that this Gateprobe knows: {}", routes.unknown.join(", "));
                gaps.push(gap(format!("{place} routes"), &reason));
            }
            Some(routes.tree)
        }
    };
    for Listed { stage, by_itself } in &stages {
        let Some(id) = stage.deployment.clone().filter(|id| !api.deployments.contains_key(id)) else { continue };
        let door = format!("{place} stage {}", stage.name);
        let found = if *by_itself {
            routes.clone().map(|tree| (TreeSource::ApiSummary, tree))
        } else {
            match exported(session, &api.id, &stage.name, routes.as_ref()).await {
                Ok(Some(tree)) => Some((TreeSource::Export, tree)),
                Ok(None) => {
                    if routes.is_none() {
                        gaps.push(gap(&door, &format!("deployment {id}: the endpoint gave no export of it")));
                    }
                    routes.clone().map(|tree| (TreeSource::Edited, tree))
                }
                Err(error) if is_gone(session, &api.id, &error).await => return None,
                Err(error) => {
                    let stand_in = "the API's routes stand in, and what is deployed may differ";
                    gaps.push(gap(&door, &format!("deployment {id}: {error}; {stand_in}")));
                    routes.clone().map(|tree| (TreeSource::Edited, tree))
                }
            }
        };
        if let Some((source, tree)) = found {
            api.deployments.insert(id, Deployment { source, created_at: None, tree, undescribed: None });
        }
    }
    api.stages = stages.into_iter().map(|listed| listed.stage).collect();
    api.edited = routes;
    Some((api, gaps))
}

async fn stages(session: Session<'_>, id: &str) -> (Vec<Listed>, End) {
    let (stages, end) = pages::read_all(
        |stage: &v2::Stage| stage.stage_name(),
        async |position| {
            let send = || session.v2().get_stages().api_id(id).set_next_token(position.clone()).send();
            let page = session.call(Operation::GetStagesV2, send).await?;
            let next = page.next_token().map(ToOwned::to_owned);
            Ok(Page { items: page.items.unwrap_or_default(), next })
        },
    )
    .await;
    (stages.iter().filter_map(stage).collect(), end)
}

fn stage(stage: &v2::Stage) -> Option<Listed> {
    let deployment = convert::filled(stage.deployment_id()).map(ToOwned::to_owned);
    let by_itself = deploys_by_itself(stage.auto_deploy(), stage.last_deployment_status_message());
    Some(Listed {
        stage: Stage {
            name: convert::filled(stage.stage_name())?.to_owned(),
            deployment: if by_itself { deployment.or_else(|| Some(AUTO_DEPLOYED.to_owned())) } else { deployment },
            canary: None,
            updated_at: stage.last_updated_date().map(aws_sdk_apigateway::primitives::DateTime::secs),
            web_acl: None,
        },
        by_itself,
    })
}

/// Whether a stage serves the routes as they are.
pub(super) fn deploys_by_itself(auto_deploy: Option<bool>, said: Option<&str>) -> bool {
    // What AWS could not deploy by itself still serves what it did before.
    auto_deploy.unwrap_or_default() && !said.is_some_and(|said| said.contains("failed"))
}

pub(super) async fn routes(session: Session<'_>, id: &str) -> (Methods, End) {
    let (routes, end) = pages::read_all(
        |route: &v2::Route| route.route_key(),
        async |position| {
            let send = || session.v2().get_routes().api_id(id).set_next_token(position.clone()).send();
            let page = session.call(Operation::GetRoutes, send).await?;
            let next = page.next_token().map(ToOwned::to_owned);
            Ok(Page { items: page.items.unwrap_or_default(), next })
        },
    )
    .await;
    let mut methods = Methods::default();
    let mut keys = HashSet::new();
    for route in &routes {
        let Some(key) = convert::filled(route.route_key()).filter(|key| keys.insert(*key)) else { continue };
        let authorization = route.authorization_type().map(v2::AuthorizationType::as_str);
        match key.split_once(' ') {
            None if key == DEFAULT_ROUTE => methods.add(DEFAULT_ROUTE, Verb::Any.as_str(), authorization, false),
            // API keys are a REST API's: what a route says of them counts for WebSocket APIs alone.
            Some((verb, path)) if path.starts_with('/') => methods.add(path, verb, authorization, false),
            _ => methods.unknown.push(key.to_owned()),
        }
    }
    (methods, end)
}

/// What a stage serves, by its export. `None`: this endpoint cannot export, which is no fault of the run's.
async fn exported(
    session: Session<'_>,
    api: &str,
    stage: &str,
    routes: Option<&Tree>,
) -> Result<Option<Tree>, CallError> {
    let Some(tree) = export_of(session, api, stage).await? else { return Ok(None) };
    let mut served = Tree::default();
    for (path, verb, method) in tree.methods() {
        // An export knows a kind of authorizer less than the routes do.
        let own = routes.and_then(|routes| routes.method(path, verb)).and_then(|method| method.authorization);
        let authorization = own.or(method.authorization).or(Some(Authorization::None));
        served.insert(path, verb, Method { authorization, ..Method::default() });
    }
    Ok(Some(served))
}

/// Whether a stage's export has these very routes, and demands of their callers what they say. `None`: this endpoint cannot
/// export.
///
/// What is read of the routes is the editor's, and a stage, one that deploys by itself too, may lag behind it.
pub(super) async fn demands_this(
    session: Session<'_>,
    api: &str,
    stage: &str,
    routes: &Tree,
) -> Result<Option<bool>, CallError> {
    let Some(exported) = export_of(session, api, stage).await? else { return Ok(None) };
    let same = |exported: &Method, known: &Method| {
        let authorizer = exported.interface.as_ref().and_then(|interface| interface.authorizer.as_ref());
        let by_jwt = authorizer.is_some_and(|authorizer| authorizer.kind == AuthorizerKind::Jwt);
        match known.authorization {
            Some(Authorization::Jwt) => exported.authorization == Some(Authorization::Custom) && by_jwt,
            Some(Authorization::AwsIam) => exported.authorization == Some(Authorization::AwsIam),
            // No refusal rests on any other.
            _ => true,
        }
    };
    Ok(Some(
        exported.len() == routes.len()
            && routes
                .methods()
                .all(|(path, verb, known)| exported.method(path, verb).is_some_and(|exported| same(exported, known))),
    ))
}

/// A stage's export, with its routes as routes are called. `None`: this endpoint cannot export.
async fn export_of(session: Session<'_>, api: &str, stage: &str) -> Result<Option<Tree>, CallError> {
    let request = || {
        let request = session.v2().export_api().api_id(api).specification("OAS30").output_type("JSON");
        request.stage_name(stage).include_extensions(true)
    };
    let exported = match session.call(Operation::ExportApi, || request().send()).await {
        Ok(exported) => exported,
        Err(error) if error.is_unsupported() || matches!(error.kind, Kind::Server | Kind::Refused) => {
            tracing::debug!(api, stage, %error, "no export");
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let document = exported.body().map(AsRef::as_ref).unwrap_or_default();
    let tree = match export::parse(document) {
        Ok(tree) => tree,
        Err(error) => {
            tracing::debug!(api, stage, %error, "no export");
            return Ok(None);
        }
    };
    let mut served = Tree::default();
    for (path, verb, method) in tree.methods() {
        // A route has a path with a slash, and the export gives one to `$default` too.
        let path = path.strip_prefix('/').filter(|path| *path == DEFAULT_ROUTE).unwrap_or(path);
        served.insert(path, verb, method.clone());
    }
    Ok(Some(served))
}

/// Whether a 404 on something of an API means that the API has been deleted.
async fn is_gone(session: Session<'_>, id: &str, error: &CallError) -> bool {
    let gone =
        error.kind == Kind::NotFound && matches!(one(session, id).await, Err(CallError { kind: Kind::NotFound, .. }));
    if gone {
        tracing::debug!(api = id, "deleted while it was being read");
    }
    gone
}
