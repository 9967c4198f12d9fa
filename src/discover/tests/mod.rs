//! Discover over real HTTP: the SDK against a scripted server on loopback, and against the simulator.

mod domains;
mod fallback;
mod script;
mod sweep;
mod wire;
