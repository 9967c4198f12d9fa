//! An embedded API Gateway, control plane and data plane on one loopback port, for `gateprobe demo` and the tests.
//!
//! It answers as the recorded facts say AWS does: the comments name the row of the project's `facts/api-gateway.md` that
//! each status, body and header comes from (A: errors, B: routing, C: control plane, H: measured behaviour), and say
//! `[U]` where that page could not be sure. Routing is by [`oracle`], a naive function of the simulator's own, so that
//! no test checks the product's router against itself.
//!
//! - [`Account`] is the simulated world: APIs, stages, deployments, domains, keys, faults.
//! - [`Simulator`] serves it on `127.0.0.1`; [`Simulator::account_mut`] changes it while it runs.
//! - [`Calls`] is what was asked of it, and what reached an integration.
//! - [`BadTransport`] is a server that never gets as far as HTTP.
//! - [`demo`] is the world that `gateprobe demo` shows.

mod account;
mod answer;
mod api;
mod bad_transport;
mod calls;
mod control;
mod data;
pub mod demo;
mod fault;
mod gateway_response;
mod large;
mod method;
mod oracle;
mod request;
mod server;
mod tally;

pub use account::{Account, ApiKey};
pub use api::{Api, Canary, Deployment, Stage, Summary, WebAcl};
pub use bad_transport::{BadTransport, Trouble};
pub use calls::{Calls, ControlCall, DataCall, Reached, Recording};
pub use fault::{ControlFault, Fault, Operation};
pub use gateway_response::{GatewayResponse, ResponseType};
pub use method::{Behaviour, Method, Methods, Reply, RequestAuthorizer};
pub use oracle::{http_oracle, oracle};
pub use server::Simulator;
