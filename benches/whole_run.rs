//! A whole run of the built command against the simulator: `cargo bench --bench whole_run -- [METHODS…]`.
//!
//! The simulator is in this process and the command in one of its own, so that wall time, CPU and peak memory are the
//! command's alone. Numbers are printed, never asserted: they belong to the machine.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gateprobe::simulator::{Account, Simulator};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut sizes: Vec<usize> =
        std::env::args().skip(1).filter(|arg| arg != "--bench").map(|arg| arg.parse()).collect::<Result<_, _>>()?;
    if sizes.is_empty() {
        sizes = vec![1_000, 10_000];
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    for methods in sizes {
        let simulator = runtime.block_on(Simulator::start(Account::large(methods)))?;
        // As fast as the data plane allows, then as polite as the defaults are.
        measure(
            &simulator,
            methods,
            "limits: {concurrency: 64, api_concurrency: 64, api_rate: 0, control_plane_rate: 1000}",
        )?;
        if methods <= 1_000 {
            measure(&simulator, methods, "limits: {}")?;
        }
    }
    Ok(())
}

fn measure(simulator: &Simulator, methods: usize, config: &str) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("gateprobe.yaml");
    fs::write(&file, config)?;
    let begun = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_gateprobe"))
        .args(["run", "--region", "us-east-1", "--config"])
        .arg(&file)
        .args(["--invoke-url", &simulator.invoke_url_template()])
        .env("AWS_ENDPOINT_URL", simulator.endpoint_url())
        .env("AWS_ACCESS_KEY_ID", "bench")
        .env("AWS_SECRET_ACCESS_KEY", "bench")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdout(Stdio::null())
        .spawn()?;
    let (mut peak, mut cpu) = (0, 0);
    let status = loop {
        // Both end with the process, so the last look before the end counts; a look costs microseconds.
        peak = peak_kilobytes(child.id()).unwrap_or(peak);
        cpu = cpu_ticks(child.id()).unwrap_or(cpu);
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let wall = begun.elapsed();
    println!(
        "{methods} methods, {config}\n  {status}; wall {:.2} s; CPU {:.2} s; peak {:.1} MB; ideal sweep at 50 ms over 64: {:.2} s",
        wall.as_secs_f64(),
        f64::from(cpu) / 100.0,
        f64::from(peak) / 1024.0,
        f64::from(u32::try_from(methods)?) * 0.05 / 64.0
    );
    Ok(())
}

fn peak_kilobytes(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok())
}

/// User and system time in hundredths of a second.
fn cpu_ticks(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    Some(fields.get(11)?.parse::<u32>().ok()? + fields.get(12)?.parse::<u32>().ok()?)
}
