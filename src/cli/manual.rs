//! Shell completions and manual pages, made from the command line's own description.

use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::args::Cli;
use super::{Ended, Failure, print};

/// `gateprobe completions SHELL`
pub fn completions(shell: Shell) -> Result<Ended, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "gateprobe", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Ended::Well)
}

/// `gateprobe man`
pub fn man(dir: Option<&Path>) -> Result<Ended, Failure> {
    let Some(dir) = dir else {
        let mut page = Vec::new();
        let rendered = clap_mangen::Man::new(Cli::command()).render(&mut page);
        rendered.map_err(|error| Failure(format!("the manual page could not be made ({error})")))?;
        print(&String::from_utf8_lossy(&page))?;
        return Ok(Ended::Well);
    };
    std::fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(Cli::command(), dir)).map_err(|error| {
        Failure(format!(
            "the manual pages could not be written to {} ({error}): expected a directory that can be written",
            dir.display()
        ))
    })?;
    Ok(Ended::Well)
}
