//! Random gateways and random callers' mistakes, whose true cause is known because they were made on purpose.

#![allow(dead_code, reason = "each of the programs that include this uses its own part")]
#![allow(clippy::too_many_lines, reason = "one arm a mistake, one check a cause: a list is read best in one piece")]
#![allow(clippy::format_push_string, clippy::format_collect, reason = "what is shown of a failure need not be fast")]
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

pub mod callers;
pub mod gateway;
pub mod judge;
pub mod naive;
pub mod rng;
pub mod wire;
