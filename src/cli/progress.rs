//! How far a run has come, in one line on stderr: on a terminal alone, and gone before anything else is printed.

use std::io::{IsTerminal as _, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use gateprobe::pipeline::Step;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The line that is on the terminal now. What writes to stderr meanwhile must know of it.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// So often the line is drawn.
const EVERY: Duration = Duration::from_millis(100);

/// Counts a run's steps, and shows them while [`Line::watch`] waits.
#[derive(Debug, Default)]
pub struct Line {
    shown: bool,
    planned: AtomicUsize,
    refusals: AtomicUsize,
    probed: AtomicUsize,
    failing: AtomicUsize,
    refused: AtomicUsize,
}

impl Line {
    /// For a run by hand. Pipelines and terminals that cannot go back in a line get none.
    pub fn new() -> Self {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let dumb = set("TERM").is_none_or(|term| term == "dumb");
        Self { shown: std::io::stderr().is_terminal() && !dumb && set("CI").is_none(), ..Self::default() }
    }

    /// Takes a step.
    pub fn step(&self, step: Step) {
        match step {
            Step::Planned { probes, refusals } => {
                self.planned.store(probes, Ordering::Relaxed);
                self.refusals.store(refusals, Ordering::Relaxed);
            }
            Step::Probed { failing } => {
                self.probed.fetch_add(1, Ordering::Relaxed);
                self.failing.fetch_add(usize::from(failing), Ordering::Relaxed);
            }
            Step::Refused => {
                self.refused.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Waits for a run, and shows meanwhile how far it has come; `calls` counts the calls to the control plane.
    pub async fn watch<T>(&self, run: impl Future<Output = T>, calls: impl Fn() -> u64) -> T {
        if !self.shown {
            return run.await;
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
            bar.set_style(style);
        }
        shown().replace(bar.clone());
        let _gone = Gone;
        let mut run = std::pin::pin!(run);
        let mut ticks = tokio::time::interval(EVERY);
        loop {
            tokio::select! {
                done = &mut run => return done,
                _ = ticks.tick() => {
                    bar.set_message(self.text(calls()));
                    bar.tick();
                }
            }
        }
    }

    fn text(&self, calls: u64) -> String {
        let [planned, refusals, probed, failing, refused] =
            [&self.planned, &self.refusals, &self.probed, &self.failing, &self.refused]
                .map(|n| n.load(Ordering::Relaxed));
        if planned + refusals == 0 {
            let counted = if calls == 1 { "1 call".to_owned() } else { format!("{calls} calls") };
            return format!("reading API Gateway: {counted}");
        }
        let failing = if failing == 0 { String::new() } else { format!(", {failing} failing") };
        if probed < planned || refusals == 0 {
            return format!("probing {probed}/{planned}{failing}");
        }
        format!("probed {planned}{failing}; refusals {refused}/{refusals}")
    }
}

/// Takes the line away, however the run ends.
struct Gone;

impl Drop for Gone {
    fn drop(&mut self) {
        if let Some(bar) = shown().take() {
            bar.finish_and_clear();
        }
    }
}

fn shown() -> std::sync::MutexGuard<'static, Option<ProgressBar>> {
    SHOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Stderr, for what is written while a line may be on it: the line makes room, and comes again below.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let write = || std::io::stderr().lock().write(bytes);
        match &*shown() {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_what_is_under_way() {
        let line = Line::default();
        assert_eq!(line.text(7), "reading API Gateway: 7 calls");
        line.step(Step::Planned { probes: 3, refusals: 2 });
        line.step(Step::Probed { failing: false });
        assert_eq!(line.text(9), "probing 1/3");
        line.step(Step::Probed { failing: true });
        line.step(Step::Probed { failing: false });
        line.step(Step::Refused);
        assert_eq!(line.text(9), "probed 3, 1 failing; refusals 1/2");
    }
}
