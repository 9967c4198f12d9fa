//! The world of `gateprobe demo`.
