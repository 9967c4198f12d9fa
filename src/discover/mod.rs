//! API Gateway's control plane, read into [`gateway`](crate::gateway)'s nouns.
//!
//! [`discover`] lists the REST APIs of a region and reads each: its stages, the deployed tree of every *distinct*
//! deployment, the customised gateway responses, the edited tree; the HTTP and WebSocket APIs with their stages and routes; then the custom domains with their mappings and rules.
//! [`ControlPlane`] holds the clients and the budget that every call passes.
//!
//! # What can go wrong, and what becomes of it
//!
//! - **The first call fails**: nothing can be said about anything, so it is a [`DiscoverError`].
//! - **Any later call fails**: a [`Gap`] with its place and reason, and the rest goes on. The order of the gaps is that of
//!   the inventory: what concerns the list of APIs, each API in AWS's order, then the domains.
//! - **An API or a domain is deleted in mid-sweep**: 404 on what was listed a moment ago. It is left out with a debug log and
//!   without a gap, because leaving it out is then the truth; but only after `GetRestApi` (`GetDomainName`) has said 404 too,
//!   so that an endpoint which merely lacks an operation does not make a whole account disappear.
//! - **The deadline passes**: what was read stays; the rest are gaps, "not read: out of time".
//! - **A wrong region** is an account without APIs: AWS gives no sign of a mistake, so there is no error.
//!
//! # Where a deployed tree comes from
//!
//! `GetDeployment embed=apisummary` is the snapshot itself. An endpoint that gives no summary, or an empty one, is asked
//! for the OpenAPI export of a stage on that deployment, and then the edited tree stands in;
//! [`TreeSource`](crate::gateway::TreeSource) says which it was. AWS always gives a summary: the fall-backs are for emulators.
//! A fall-back that had another reason than "this endpoint cannot", such as a refused or throttled call, is also a gap.
//! A call that failed outright is never answered from the edited tree: what is deployed is then not known.
//!
//! Where the summary has no `authorizationType` (MiniStack) it is taken from the edited tree's method of the same resource
//! and verb, and stays `None` where the editor no longer has that method. A summary's `apiKeyRequired` is believed as it
//! stands: the SDK reads an absent one as `false`, so its absence cannot be seen. An export's method that states nothing
//! (LocalStack) takes both from the edited tree, and is open where that has none.
//!
//! # Where it is known what requests look like
//!
//! A summary names methods and no more. Where everything is read, the export of one stage on each deployment tells the
//! rest, as each method's [`Interface`](crate::gateway::Interface): one call for a deployment that the [`ControlPlane`]'s
//! [`InterfaceCache`] does not know. Which methods there are and who may call them stays the summary's word. Where there
//! is no export, [`Deployment::undescribed`](crate::gateway::Deployment::undescribed) says why; only one that the
//! credentials may not read is a gap as well.

mod api;
mod apis;
mod control_plane;
mod convert;
mod deployed;
mod domains;
mod edited;
mod editor;
mod endpoint;
mod error;
mod export;
mod failure;
mod history;
mod http;
mod interfaces;
mod limits;
mod operation;
mod pages;
pub(crate) mod said;
mod serving;
#[cfg(test)]
mod tests;

use futures::StreamExt;
use futures::stream;
use tokio::time::Instant;

pub use control_plane::ControlPlane;
pub use error::DiscoverError;
/// For fuzzing alone: what an endpoint exports is read by [`discover`].
#[doc(hidden)]
pub use export::parse as read_export;
pub use history::{HISTORY, history};
pub use interfaces::{Described, InterfaceCache, MemoryCache, Summary};
pub use limits::Limits;
pub use operation::Operation;
pub use serving::serves_still;

use crate::config::Scope;
use crate::gateway::{Api, Domain, Gap, INVENTORY_VERSION, Inventory, Protocol};
use control_plane::Session;
use error::First;
use failure::{CallError, Kind};

/// What is to be read.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// All APIs and stages in the scope, and all custom domains.
    Everything(Scope),
    /// One API by its id, with all its stages and without domains.
    Api(String),
    /// One custom domain by name, or the wildcard above it, and the APIs that it leads to.
    Domain(String),
}

impl Wanted {
    /// Whether it is one API of a scope that has more: what it leaves out is nobody's decision.
    #[must_use]
    pub fn is_part(&self) -> bool {
        matches!(self, Self::Everything(scope) if scope.is_of_one())
    }
}

/// Reads what is wanted. `read_at` is the time in Unix seconds that the inventory will bear.
///
/// # Errors
/// [`DiscoverError`] when the first call fails, and only then.
pub async fn discover(
    plane: &ControlPlane,
    wanted: &Wanted,
    read_at: i64,
    deadline: Option<Instant>,
) -> Result<Inventory, DiscoverError> {
    let region = plane.region().ok_or(DiscoverError::NoRegion)?;
    // One request explained, or one domain's, is worth no calls for what its methods take.
    let exports = plane.limits().exports && matches!(wanted, Wanted::Everything(_));
    let session = Session { plane, deadline, exports };
    let (found, first) = match wanted {
        Wanted::Everything(scope) => (everything(session, scope).await, First::Apis),
        Wanted::Api(id) => (one_api(session, id).await, First::Api(id)),
        Wanted::Domain(name) => (one_domain(session, name).await, First::Domain(name)),
    };
    let Found { apis, domains, gaps } =
        found.map_err(|error| DiscoverError::of(error, first, region, &plane.endpoint()))?;
    tracing::info!(apis = apis.len(), domains = domains.len(), gaps = gaps.len(), calls = ?plane.calls(), "discovered");
    let (apis_filtered, stages_filtered) = match wanted {
        // A scope may leave an API out for its stages alone.
        Wanted::Everything(scope) => (scope.filters_apis() || scope.filters_stages(), scope.filters_stages()),
        Wanted::Api(_) | Wanted::Domain(_) => (false, false),
    };
    Ok(Inventory {
        version: INVENTORY_VERSION,
        region: region.to_owned(),
        read_at,
        apis,
        domains,
        apis_filtered,
        stages_filtered,
        gaps,
    })
}

/// The name of the API of an id, whatever its kind; `None` where there is none. One call, or two.
///
/// # Errors
/// [`DiscoverError`] where that could not be read.
pub async fn api_name(
    plane: &ControlPlane,
    id: &str,
    deadline: Option<Instant>,
) -> Result<Option<String>, DiscoverError> {
    let region = plane.region().ok_or(DiscoverError::NoRegion)?;
    match Box::pin(one_of_any_kind(Session { plane, deadline, exports: false }, id)).await {
        Ok(api) => Ok(Some(api.name)),
        Err(error) if error.kind == Kind::NotFound => Ok(None),
        Err(error) => Err(DiscoverError::of(error, First::Api(id), region, &plane.endpoint())),
    }
}

/// What a sweep brings together.
#[derive(Debug, Default)]
struct Found {
    apis: Vec<Api>,
    domains: Vec<Domain>,
    gaps: Vec<Gap>,
}

impl Found {
    fn take(&mut self, read: Option<(Api, Vec<Gap>)>) {
        if let Some((api, gaps)) = read {
            self.apis.push(api);
            self.gaps.extend(gaps);
        }
    }
}

async fn everything(session: Session<'_>, scope: &Scope) -> Result<Found, CallError> {
    let (listed, gap) = apis::list(session).await?;
    // At the same time, one domain after the other: none has to wait for the others' end, and with a deadline each gets
    // its share.
    let (apis, (others, other_gaps), (domains, domain_gaps)) = futures::join!(
        read_all(session, listed, scope),
        Box::pin(async {
            let (listed, gaps) = http::list(session).await;
            (read_all(session, listed, scope).await, gaps)
        }),
        domains::read_all(session)
    );
    let mut found = Found { gaps: gap.into_iter().chain(other_gaps).collect(), ..Found::default() };
    for read in apis.into_iter().chain(others) {
        found.take(read);
    }
    found.domains = domains;
    found.gaps.extend(domain_gaps);
    Ok(found)
}

/// Fills in those of the APIs that the scope admits, several at once and in their order.
async fn read_all(session: Session<'_>, listed: Vec<Api>, scope: &Scope) -> Vec<Option<(Api, Vec<Gap>)>> {
    let wanted = listed.into_iter().filter(|api| scope.admits_api(&api.id, &api.name));
    let mut apis = stream::iter(wanted.enumerate())
        .map(|(place, api)| async move { (place, read(session, api, scope).await) })
        .buffer_unordered(session.plane.limits().apis_at_once.get())
        .collect::<Vec<_>>()
        .await;
    apis.sort_by_key(|(place, _)| *place);
    apis.into_iter().map(|(_, read)| read).collect()
}

/// Fills in an API that was listed, in the way of its kind.
async fn read(session: Session<'_>, api: Api, scope: &Scope) -> Option<(Api, Vec<Gap>)> {
    match api.protocol {
        Protocol::Rest => api::read(session, api, scope).await,
        Protocol::Http | Protocol::WebSocket => Box::pin(http::read(session, api, scope)).await,
    }
}

/// The API of an id, whatever its kind: nothing in an id tells.
async fn one_of_any_kind(session: Session<'_>, id: &str) -> Result<Api, CallError> {
    let no_rest_api = match apis::one(session, id).await {
        Err(error) if error.kind == Kind::NotFound => error,
        found => return found,
    };
    match Box::pin(http::one(session, id)).await {
        Err(error) if error.is_unsupported() => Err(no_rest_api),
        found => found,
    }
}

async fn one_api(session: Session<'_>, id: &str) -> Result<Found, CallError> {
    let api = one_of_any_kind(session, id).await?;
    let mut found = Found::default();
    found.take(read(session, api, &Scope::default()).await);
    Ok(found)
}

async fn one_domain(session: Session<'_>, name: &str) -> Result<Found, CallError> {
    let listed = domains::one(session, name).await?;
    let mut found = Found::default();
    let Some((domain, domain_gaps)) = domains::read(session, listed).await else { return Ok(found) };
    for id in domains::apis_of(&domain) {
        match one_of_any_kind(session, &id).await {
            Ok(api) => found.take(read(session, api, &Scope::default()).await),
            // Mappings outlive their API on MiniStack.
            Err(error) if error.kind == Kind::NotFound => tracing::debug!(api = id, "mapped, and no API"),
            Err(error) => found.gaps.push(gap(format!("api {id}"), &error)),
        }
    }
    found.domains.push(domain);
    found.gaps.extend(domain_gaps);
    Ok(found)
}

/// A gap of a call that failed.
fn gap(place: impl Into<String>, reason: &impl ToString) -> Gap {
    Gap { place: place.into(), reason: reason.to_string() }
}
