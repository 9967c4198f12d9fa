//! A sweep's speed, CPU and memory: `cargo bench --bench sweep -- [METHODS] [LATENCY_MS] [CONCURRENCY] [APIS]`.
//!
//! The server is this same program in a process of its own, so that the figures are the prober's alone. Numbers are printed, never
//! asserted: they belong to the machine. Without arguments three sweeps are made: 1,000 methods at 50 ms (how near to the ideal
//! methods × latency / concurrency), 10,000 at 0 ms (CPU a probe), and 10,000 at 50 ms (memory).

use std::convert::Infallible;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::pin::pin;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures::StreamExt;
use gateprobe::gateway::Request;
use gateprobe::probe::{Job, Outcome, Prober, Settings};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

type Failure = Box<dyn std::error::Error>;

/// What API Gateway answers most often when something is wrong, so that headers and body have a real size.
const BODY: &str = r#"{"message":"Missing Authentication Token"}"#;

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if let [serve, latency] = args.as_slice()
        && serve == "--serve"
    {
        return serve_for_ever(Duration::from_millis(latency.parse()?));
    }
    let number = |at: usize, default: usize| args.get(at).map_or(Ok(default), |text| text.parse::<usize>());
    if args.is_empty() {
        sweep(1_000, 50, 64, 20)?;
        sweep(10_000, 0, 64, 20)?;
        return sweep(10_000, 50, 64, 20);
    }
    sweep(number(0, 1_000)?, number(1, 50)?, number(2, 64)?, number(3, 20)?)
}

struct Method {
    api: String,
    request: Request,
}

impl Job for Method {
    fn group(&self) -> &str {
        &self.api
    }

    fn request(&self) -> &Request {
        &self.request
    }
}

fn sweep(methods: usize, latency: usize, concurrency: usize, apis: usize) -> Result<(), Failure> {
    let server = Server::start(latency)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let settings = Settings { concurrency, group_rate: 0, ..Settings::default() };
    let started = Instant::now();
    let prober = Prober::new(settings)?;
    let set_up = started.elapsed();
    let jobs = (0..methods).map(|at| {
        let api = format!("api{}", at % apis);
        let url = format!("http://{api}.localhost:{}/prod/orders/{at}", server.address.port());
        Ok(Method { request: Request::new("GET", url.parse()?), api })
    });
    let jobs = jobs.collect::<Result<Vec<_>, url::ParseError>>()?;

    let cpu = cpu_time()?;
    let started = Instant::now();
    let mut answered = 0;
    let mut attempts = 0;
    runtime.block_on(async {
        let mut outcomes = pin!(prober.sweep(jobs, |_, seen| seen.outcome.is_ok(), None));
        while let Some(outcome) = outcomes.next().await {
            if let Outcome::Observed(_, seen) = outcome {
                answered += usize::from(seen.outcome.is_ok_and(|response| response.status == 403));
                attempts += seen.attempts;
            }
        }
    });
    let took = started.elapsed();
    let cpu = cpu_time()?.saturating_sub(cpu);

    #[allow(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    let (n, ideal) = (methods as f64, (methods * latency) as f64 / 1e3 / concurrency as f64);
    println!(
        "{methods} methods of {apis} APIs, {latency} ms, {concurrency} at once: {answered} answered, {attempts} sent"
    );
    println!("  wall          {took:.3?} ({:.0} probes/s), set-up {set_up:.3?}", n / took.as_secs_f64());
    if latency > 0 {
        println!("  to the ideal  {:.3} of {ideal:.3} s", took.as_secs_f64() / ideal);
    }
    println!(
        "  CPU           {:.1} us/probe ({:.0} probes/CPU-second)",
        cpu.as_secs_f64() * 1e6 / n,
        n / cpu.as_secs_f64()
    );
    println!("  peak memory   {}", peak_memory()?);
    Ok(())
}

/// The server's process; it goes when this does.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start(latency: usize) -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--serve", &latency.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no stdout")?).read_line(&mut line)?;
        Ok(Self { child, address: line.trim().parse()? })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve_for_ever(latency: Duration) -> Result<(), Failure> {
    // Should the parent die without a word, its end of the pipe closes, and this process with it.
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(async move {
                let service = service_fn(move |_: hyper::Request<Incoming>| async move {
                    if !latency.is_zero() {
                        tokio::time::sleep(latency).await;
                    }
                    let answer = hyper::Response::builder()
                        .status(403)
                        .header("content-type", "application/json")
                        .header("x-amzn-requestid", "2f4f0d3c-6f0a-4f0e-9c0e-2b7f6b0d9f11")
                        .header("x-amzn-errortype", "MissingAuthenticationTokenException")
                        .header("x-amz-apigw-id", "Q1w2E3r4T5y6u7i=")
                        .body(BODY.to_owned());
                    Ok::<_, Infallible>(answer.unwrap_or_default())
                });
                let http = hyper::server::conn::http1::Builder::new().timer(TokioTimer::new()).clone();
                let _ = http.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    })
}

/// What this process's threads have spent on a CPU, in the scheduler's nanoseconds: proc(5)'s `schedstat`, first field. (`stat` counts
/// in ticks of 10 ms, too coarse for a sweep of 100 ms.) No thread of the runtime ends before the second look.
fn cpu_time() -> Result<Duration, Failure> {
    let mut sum = 0;
    for task in fs::read_dir("/proc/self/task")? {
        let stat = fs::read_to_string(task?.path().join("schedstat"))?;
        sum += stat.split_whitespace().next().ok_or("no schedstat")?.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(sum))
}

fn peak_memory() -> Result<String, Failure> {
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(peak.trim().to_owned())
}
