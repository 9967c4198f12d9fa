//! API Gateway's nouns, and the router that every stage of the pipeline shares. Pure: no I/O, no clock.

mod baseline;
mod domain;
mod interface;
mod invoke_url;
mod known_stage;
mod model;
mod nearest;
mod plain;
mod request;
mod router;
mod verb;
mod world;

pub use baseline::{Baseline, Seen};
pub use domain::{DomainRoute, DomainTarget, Via};
pub use interface::{
    Authorizer, AuthorizerKind, BodyShape, Integration, Interface, InterfaceSource, Parameter, Passthrough, Place,
    Sample, SampleSource,
};
pub use invoke_url::{AWS_INVOKE_URL, InvokeUrl, InvokeUrlError, Reading, dns_suffix};
pub use known_stage::{Change, KnownMethod, KnownStage, RemovedMethod};
pub use model::{
    Api, Authorization, Canary, DEFAULT_STAGE, Deployment, Domain, EndpointType, Gap, GatewayResponse, HeaderGlob,
    INVENTORY_VERSION, Inventory, InventoryError, Mapping, Method, Protocol, RoutingMode, RoutingRule, Stage, Tree,
    TreeSource,
};
pub use nearest::{Near, SEGMENT_COST};
pub(crate) use plain::{plain, steers};
pub use request::Request;
pub(crate) use router::rank;
pub use router::{DEFAULT_ROUTE, Match, Router, Segment, segments};
pub use verb::{UnknownVerb, Verb, VerbSet, overrides_verb};
pub use world::{Address, DomainAddress, Earlier, EndpointAddress, World};
