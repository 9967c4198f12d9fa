//! Random gateways and random callers' mistakes, whose true cause is known because they were made on purpose.

#![allow(dead_code, reason = "each of the programs that include this uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

pub mod callers;
pub mod gateway;
pub mod judge;
pub mod naive;
pub mod rng;
pub mod wire;
