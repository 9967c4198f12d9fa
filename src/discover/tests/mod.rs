//! Discover over real HTTP: the SDK against a scripted server on loopback, and against the simulator.

mod domains;
mod fallback;
mod http;
mod script;
mod simulated;
mod sweep;
mod wire;
