//! The built command, for tests that use it as people and scripts do.

use std::process::{Command, Stdio};

/// The command with nothing of this machine's AWS setup, so that a test decides all of it.
pub fn gateprobe() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateprobe"));
    command
        .env_clear()
        .envs([("AWS_EC2_METADATA_DISABLED", "true"), ("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")])
        .envs([("AWS_CONFIG_FILE", "/nonexistent"), ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"), ("COLUMNS", "80")])
        .stdin(Stdio::null());
    command
}

pub fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}
