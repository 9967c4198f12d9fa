//! The list of a region's REST APIs.

use aws_sdk_apigateway::operation::RequestId;

use super::control_plane::Session;
use super::convert;
use super::failure::CallError;
use super::pages::{self, End, Page};
use super::{Operation, gap};
use crate::gateway::{Api, Gap, Protocol};

/// The most that a page may hold, and what v1's lists are asked for
/// (<https://docs.aws.amazon.com/apigateway/latest/api/API_GetRestApis.html>).
pub(super) const PAGE: i32 = 500;

/// Every API, in AWS's order and without anything in it yet, and a gap if a later page could not be read.
pub(super) async fn list(session: Session<'_>) -> Result<(Vec<Api>, Option<Gap>), CallError> {
    let (apis, end) = pages::read_all(
        |api: &Api| Some(api.id.as_str()),
        async |position| {
            let send = || session.v1().get_rest_apis().limit(PAGE).set_position(position.clone()).send();
            let page = session.call(Operation::GetRestApis, send).await?;
            // Any JSON object at all parses as a page. One without a list is believed only of a server that numbers its
            // requests, as AWS and every emulator of it do.
            if page.items.is_none() && page.request_id().is_none() {
                return Err(CallError::foreign(Operation::GetRestApis, "200 with JSON, but no list of APIs in it"));
            }
            let items = page.items().iter().filter_map(|api| {
                let endpoint = convert::endpoint(api.endpoint_configuration());
                head(api.id(), api.name(), endpoint, api.disable_execute_api_endpoint())
            });
            Ok(Page { items: items.collect(), next: page.position().map(ToOwned::to_owned) })
        },
    )
    .await;
    match end {
        End::Complete => Ok((apis, None)),
        End::Circle => {
            let reason = format!("the endpoint repeats its pages: there may be more than the {} read", apis.len());
            Ok((apis, Some(gap("list of APIs", &reason))))
        }
        End::Failed(error) if apis.is_empty() => Err(error),
        End::Failed(error) => {
            let reason = format!("only the first {} were read: {error}", apis.len());
            Ok((apis, Some(gap("list of APIs", &reason))))
        }
    }
}

/// One API by its id, without anything in it yet.
pub(super) async fn one(session: Session<'_>, id: &str) -> Result<Api, CallError> {
    let api = session.call(Operation::GetRestApi, || session.v1().get_rest_api().rest_api_id(id).send()).await?;
    let endpoint = convert::endpoint(api.endpoint_configuration());
    head(api.id(), api.name(), endpoint, api.disable_execute_api_endpoint())
        .ok_or_else(|| CallError::foreign(Operation::GetRestApi, "200 with JSON, but no API in it"))
}

fn head(id: Option<&str>, name: Option<&str>, endpoint: crate::gateway::EndpointType, disabled: bool) -> Option<Api> {
    Some(Api {
        id: convert::filled(id)?.to_owned(),
        name: name.unwrap_or_default().to_owned(),
        protocol: Protocol::Rest,
        endpoint,
        default_endpoint_disabled: disabled,
        stages: Vec::new(),
        deployments: std::collections::BTreeMap::new(),
        edited: None,
        gateway_responses: Vec::new(),
    })
}
