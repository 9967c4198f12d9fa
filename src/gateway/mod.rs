//! API Gateway's nouns, and the router that every stage of the pipeline shares. Pure: no I/O, no clock.

mod model;
mod request;
mod verb;

pub use model::{
    Api, Authorization, Canary, Deployment, Domain, EndpointType, Gap, GatewayResponse, HeaderGlob, INVENTORY_VERSION,
    Inventory, InventoryError, Mapping, Method, RoutingMode, RoutingRule, Stage, Tree, TreeSource,
};
pub use request::Request;
pub use verb::{UnknownVerb, Verb, VerbSet};
