//! The edited tree: the methods in the console's editor, deployed or not.

use aws_sdk_apigateway::types::Resource;

use super::Operation;
use super::apis::PAGE;
use super::control_plane::Session;
use super::failure::CallError;
use super::pages::{self, End, Page};

/// The resources of the whole tree, and what is wrong with them if the endpoint led in a circle.
///
/// Half a tree is an error: a method that is merely on a page not read would look like one that was removed.
pub(super) async fn read(session: Session<'_>, api: &str) -> Result<(Vec<Resource>, Option<&'static str>), CallError> {
    let (resources, end) = pages::read_all(
        |resource: &Resource| resource.path(),
        async |position| {
            let request = || {
                let request = session.v1().get_resources().rest_api_id(api).embed("methods");
                request.limit(PAGE).set_position(position.clone())
            };
            let page = session.call(Operation::GetResources, || request().send()).await?;
            let next = page.position().map(ToOwned::to_owned);
            Ok(Page { items: page.items.unwrap_or_default(), next })
        },
    )
    .await;
    match end {
        End::Complete => Ok((resources, None)),
        End::Circle => Ok((resources, Some("the endpoint repeats its pages: there may be more"))),
        End::Failed(error) => Err(error),
    }
}
