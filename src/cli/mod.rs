//! The command line: arguments in, text and exit status out. All that it knows of the work is the library's.

pub mod args;
pub mod commands;
pub mod config;
pub mod cost;
pub mod demo;
pub mod listing;
pub mod manual;
pub mod memory;
mod page;
pub mod progress;
pub mod prove;
pub mod setup;
pub mod state;
pub mod verify;

use std::fmt::Display;
use std::io::Write as _;

use serde::Serialize;

/// How a command ended that could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Exit status 0.
    Well,
    /// Exit status 1: problems were found.
    Problems,
}

/// Why a command could not do its work, in one line: exit status 2.
#[derive(Debug)]
pub struct Failure(pub String);

/// Any error as a failure.
pub fn failure(error: impl Display) -> Failure {
    Failure(error.to_string())
}

/// Writes to stdout. A reader that has gone away (`| head`) is no error of ours.
pub fn print(text: &str) -> Result<(), Failure> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure(format!("stdout: {error}"))),
        _ => Ok(()),
    }
}

/// JSON for people and machines, with a line end.
pub fn json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(value).map(|text| text + "\n").map_err(failure)
}

/// Writes JSON to stdout.
pub fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    print(&json(value)?)
}

/// Says something on stderr, beside the data on stdout.
pub fn say(text: &str) {
    // Where stderr is closed there is nobody to tell.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Says on stderr that something is amiss.
pub fn warn(text: &str) {
    say(&format!("warning: {text}"));
}
