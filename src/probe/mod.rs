//! Probes to observations: what is sent, within which limits, and what came back.

mod observation;

pub use observation::{Observation, Response, Timings, TransportError, TransportKind};
