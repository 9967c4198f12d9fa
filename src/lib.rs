//! Gateprobe answers one question, for every door of every API Gateway stage: *does a known-good request still reach
//! its method, and if not, exactly why?*
//!
//! A run is a pipeline, one module a verb, each a function from the previous module's output to the next one's input:
//!
//! 1. [`discover`] reads what is deployed from the control plane into [`gateway`]'s nouns.
//! 2. [`plan`] turns every deployed method into a probe, or into a named reason for leaving it out.
//! 3. [`probe`] sends the probes within limits and brings back observations.
//! 4. [`diagnose`] explains each observation: symptom, cause, six steps, remedy.
//! 5. [`remember`] compares that with the past: incidents and their transitions.
//! 6. [`report`] tells people: terminal, JSON, CloudWatch metrics, SNS alerts.
//!
//! [`gateway`], [`openapi`] and [`config`] stand before them all; [`pipeline`] is the only module that knows every stage.
//! [`store`] keeps what the next run must know. `plan`, `diagnose` and `remember` are pure. [`simulator`] is an embedded API Gateway for the demo and the tests; it shares the
//! nouns but not the router, so that no test checks the router against itself. [`prove`] asks an endpoint whether what all this takes of API Gateway is so;
//! nothing imports it.

pub mod config;
pub mod diagnose;
pub mod discover;
pub mod event;
pub mod gateway;
pub mod openapi;
pub mod pipeline;
pub mod plan;
pub mod probe;
pub mod prove;
pub mod remember;
pub mod report;
mod role;
pub mod simulator;
pub mod store;
