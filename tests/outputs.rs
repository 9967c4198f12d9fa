//! What `run` prints for other programs, how it hands metrics on, its progress, and what the command line makes of itself:
//! the built command against the simulator.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod command;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use command::{gateprobe, text};
use gateprobe::simulator::{Account, Api, Behaviour, Simulator};
use serde_json::Value;

fn output(command: &mut Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code(), text(&stdout).to_owned(), text(&stderr).to_owned())
}

/// A shop with so many resources, and a config whose contract has one that works and one that does not, in line 3.
async fn shop(resources: usize) -> (Simulator, tempfile::TempDir) {
    let account = Account::new("us-east-1").api(
        Api::new("a1b2c3d4e5", "shop")
            .deploy("d1", |tree| {
                (0..resources).fold(tree, |tree, index| tree.get(&format!("/pets/{index}"), Behaviour::Mock))
            })
            .stage("prod", "d1"),
    );
    let simulator = Simulator::start(account).await.unwrap();
    let base = simulator.invoke_url_template().replace("{api}", "a1b2c3d4e5").replace("{stage}", "prod");
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "contract:\n  - {{url: '{base}/pets/0?customer=s3cret-value'}}\n  - {{url: '{base}/pest?customer=s3cret-value'}}\n"
    );
    std::fs::write(folder.path().join("gateprobe.yaml"), config).unwrap();
    (simulator, folder)
}

fn run_of(simulator: &Simulator, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = gateprobe();
    command
        .args(["run", "--region", "us-east-1", "--invoke-url", &simulator.invoke_url_template()])
        .args(["--config", "gateprobe.yaml"])
        .args(arguments)
        .current_dir(folder)
        .env("AWS_ENDPOINT_URL", simulator.endpoint_url());
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn each_format_is_whole_and_says_nothing_secret() {
    let (simulator, folder) = shop(3).await;
    for format in ["junit", "sarif", "prometheus", "json"] {
        let (status, stdout, stderr) = output(&mut run_of(&simulator, folder.path(), &["--format", format]));
        assert_eq!((status, stderr.as_str()), (Some(1), ""), "{format}");
        match format {
            "junit" => {
                assert!(stdout.starts_with("<?xml") && stdout.ends_with("</testsuites>\n"), "{stdout}");
                assert!(stdout.contains(r#"tests="5" skipped="0" failures="1" errors="0""#), "{stdout}");
                assert!(stdout.contains(r#"type="path-unknown""#), "{stdout}");
            }
            "sarif" => {
                let log: Value = serde_json::from_str(&stdout).unwrap();
                let result = &log["runs"][0]["results"][0];
                let place = &result["locations"][0]["physicalLocation"];
                assert_eq!(place["artifactLocation"]["uri"], "gateprobe.yaml");
                assert_eq!(place["region"]["startLine"], 3, "{result}");
            }
            "prometheus" => {
                assert!(stdout.ends_with("# EOF\n"), "{stdout}");
                assert!(stdout.contains("gateprobe_routing_failures 1.0"), "{stdout}");
            }
            _ => continue,
        }
        assert!(!stdout.contains("s3cret-value"), "{format}: {stdout}");
    }
}

/// Debian's package `prometheus` has it.
#[test]
fn promtool_finds_no_fault_in_the_figures() {
    let (_, figures, _) = output(gateprobe().args(["demo", "--format", "prometheus"]));
    let promtool = std::env::var_os("PROMTOOL").unwrap_or_else(|| "promtool".into());
    let spawned = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = spawned else {
        eprintln!("SKIPPED: there is no promtool on this machine");
        return;
    };
    child.stdin.take().unwrap().write_all(figures.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_written_through_and_stays_one() {
    let (simulator, folder) = shop(2).await;
    // /dev/stdout is such a link: one that was put in its place would be there for all programs.
    let link = folder.path().join("link.xml");
    std::os::unix::fs::symlink("real.xml", &link).unwrap();
    for before in [None, Some("old")] {
        if let Some(text) = before {
            std::fs::write(folder.path().join("real.xml"), text).unwrap();
        }
        let (_, _, stderr) = output(&mut run_of(&simulator, folder.path(), &["--write", "junit=link.xml"]));
        assert!(link.symlink_metadata().unwrap().is_symlink(), "{stderr}");
        assert!(std::fs::read_to_string(folder.path().join("real.xml")).unwrap().contains("<testsuites"), "{stderr}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_run_writes_several_files() {
    let (simulator, folder) = shop(3).await;
    let files = ["--write", "junit=report.xml", "--write", "sarif=report.sarif", "--write", "table=a=b.txt"];
    let (status, stdout, stderr) =
        output(&mut run_of(&simulator, folder.path(), &[&files[..], &["--color", "always"]].concat()));
    assert_eq!((status, stderr.as_str()), (Some(1), ""));
    let file = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(file("report.xml").starts_with("<?xml") && file("report.sarif").contains("path-unknown"));
    assert!(stdout.contains('\u{1b}') && !file("a=b.txt").contains('\u{1b}'), "no colour in a file");
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 4, "{left:?}");
    for (wrong, expected) in [
        ("junit", "as junit=report.xml; formats are table, json, html, junit"),
        ("junit=", "expected a format and a file"),
        ("xml=a", "expected a format and a file"),
        ("junit=no/such/x", "no/such/x could not be written"),
    ] {
        let (status, _, stderr) = output(&mut run_of(&simulator, folder.path(), &["--write", wrong]));
        assert_eq!(status, Some(2));
        assert!(stderr.contains(expected), "{stderr}");
    }
}

#[test]
fn a_runs_formats_are_no_other_commands() {
    for format in ["junit", "sarif", "prometheus"] {
        let (status, stdout, stderr) = output(gateprobe().args(["explain", "--format", format]));
        assert_eq!((status, stdout.as_str()), (Some(2), ""));
        let refused = format!("explain does not make {format}: expected --format with one of table, json");
        assert!(stderr.contains(&refused), "{stderr}");
    }
    let (status, stdout, _) = output(gateprobe().args(["demo", "--format", "junit"]));
    assert_eq!(status, Some(0));
    assert!(stdout.starts_with("<?xml") && stdout.contains("path-unknown"), "{stdout}");
}

/// With EMF nothing is asked of CloudWatch: the endpoint knows no such call, and would refuse it.
#[tokio::test(flavor = "multi_thread")]
async fn metrics_by_emf_are_lines_behind_the_report() {
    let (simulator, folder) = shop(3).await;
    let emf = ["--publish", "--metrics", "emf", "--namespace", "My/Doors"];
    for state in [&[][..], &["--state", "state.db"]] {
        let (status, stdout, stderr) = output(&mut run_of(&simulator, folder.path(), &[&emf, state].concat()));
        assert_eq!((status, stderr.as_str()), (Some(1), ""), "{stdout}");
        let lines: Vec<Value> = stdout
            .lines()
            .filter(|line| line.starts_with('{'))
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 2, "all, and the stage: {stdout}");
        for line in &lines {
            assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Namespace"], "My/Doors");
            assert_eq!(line["RoutingFailures"], 1);
        }
        assert_eq!(lines[0]["Heartbeat"], 1);
        assert_eq!((&lines[1]["ApiName"], &lines[1]["Stage"]), (&"shop".into(), &"prod".into()));
        assert_eq!(lines[0].get("OutboxWaiting").is_some(), !state.is_empty());
    }
    let (status, stdout, _) =
        output(gateprobe().args(["status", "--state", &folder.path().join("state.db").display().to_string()]));
    assert_eq!(status, Some(0));
    assert!(stdout.contains("nothing waits to be sent"), "{stdout}");
    for (wrong, expected) in [
        (&["--metrics", "log"][..], "`log` is no way to publish metrics"),
        (&["--namespace", "AWS/Mine"], "`AWS/Mine` is no namespace"),
    ] {
        let (status, _, stderr) = output(&mut run_of(&simulator, folder.path(), wrong));
        assert_eq!(status, Some(2));
        assert!(stderr.contains(expected), "{stderr}");
    }
}

/// The same command in a terminal that `script` makes, its stdout in a file. `None` where there is no `script`.
#[cfg(target_os = "linux")]
fn on_a_terminal(command: &Command, folder: &Path, environment: &[(&str, &str)]) -> Option<(String, String)> {
    let quoted = |text: &std::ffi::OsStr| format!("'{}'", text.to_str().unwrap());
    let line: Vec<String> = std::iter::once(command.get_program()).chain(command.get_args()).map(quoted).collect();
    let mut script = Command::new("script");
    script.args(["-qec", &format!("{} > out.txt", line.join(" ")), "/dev/null"]).env_clear().stdin(Stdio::null());
    script.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    script.env("PATH", "/usr/bin:/bin").env("TERM", "xterm").envs(environment.iter().copied()).current_dir(folder);
    let Ok(output) = script.output() else {
        eprintln!("SKIPPED: there is no script(1) on this machine to make a terminal");
        return None;
    };
    Some((text(&output.stdout).to_owned(), std::fs::read_to_string(folder.join("out.txt")).unwrap()))
}

/// What stands on a terminal at the end, line by line, of what was written to it: enough of one for a line that is drawn again
/// and again.
#[cfg(target_os = "linux")]
fn screen(written: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let (mut row, mut column) = (0, 0);
    let mut chars = written.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => column = 0,
            '\n' => {
                row += 1;
                column = 0;
                lines.resize(lines.len().max(row + 1), String::new());
            }
            '\u{1b}' => {
                assert_eq!(chars.next(), Some('['));
                let mut number = String::new();
                let end = loop {
                    match chars.next().unwrap() {
                        c if c.is_ascii_digit() || c == ';' || c == '?' => number.push(c),
                        c => break c,
                    }
                };
                match end {
                    'K' => lines[row] = lines[row].chars().take(if number == "2" { 0 } else { column }).collect(),
                    'A' => row -= number.parse::<usize>().unwrap_or(1),
                    'm' => {}
                    other => panic!("an escape sequence that this screen does not know: {number}{other}"),
                }
            }
            c => {
                let mut line: Vec<char> = lines[row].chars().collect();
                line.resize(line.len().max(column + 1), ' ');
                line[column] = c;
                column += 1;
                lines[row] = line.into_iter().collect();
            }
        }
    }
    lines.iter().map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty()).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[cfg(target_os = "linux")]
async fn a_long_run_tells_on_a_terminal_how_far_it_is() {
    let (simulator, folder) = shop(40).await;
    // Forty methods and two of the contract at twenty a second: the line is drawn many times.
    let run = run_of(&simulator, folder.path(), &["--api-rate", "20"]);
    let Some((stderr, stdout)) = on_a_terminal(&run, folder.path(), &[]) else { return };
    assert!(
        stderr.contains("reading API Gateway: ") && stderr.contains("probing ") && stderr.contains("/42"),
        "{stderr:?}"
    );
    assert_eq!(screen(&stderr), [""; 0], "it is gone at the end: {stderr:?}");
    assert!(!stdout.contains('\u{1b}') && stdout.contains("path-unknown"), "{stdout}");

    // Lines of the log stay whole above it.
    let logged = run_of(&simulator, folder.path(), &["--api-rate", "20", "-vvv"]);
    let (stderr, _) = on_a_terminal(&logged, folder.path(), &[]).unwrap();
    assert!(stderr.contains("probing "), "{stderr:?}");
    let shown = screen(&stderr);
    let probed = shown.iter().filter(|line| line.contains("probed method=")).count();
    assert_eq!(probed, 42, "{shown:#?}");
    assert!(
        shown.iter().all(|line| line.trim_start().starts_with("INFO") || line.trim_start().starts_with("DEBUG")),
        "{shown:#?}"
    );

    for quiet in [("CI", "true"), ("TERM", "dumb")] {
        let (stderr, stdout) = on_a_terminal(&run, folder.path(), &[quiet]).unwrap();
        assert_eq!(stderr, "", "{quiet:?}");
        assert!(stdout.contains("path-unknown"));
    }
    let (_, _, stderr) = output(&mut run_of(&simulator, folder.path(), &["--api-rate", "20"]));
    assert_eq!(stderr, "", "a pipe sees nothing");
}

#[test]
fn completions_are_scripts_that_name_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let (status, script, stderr) = output(gateprobe().args(["completions", shell]));
        assert_eq!((status, stderr.as_str()), (Some(0), ""));
        for word in ["diagnose", "completions", "api-concurrency"] {
            assert!(script.contains(word), "{word} for {shell}");
        }
    }
    let (_, script, _) = output(gateprobe().args(["completions", "bash"]));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gateprobe.bash");
    std::fs::write(&file, script).unwrap();
    // Sourced, and asked as a shell asks it.
    let asks = format!(
        "set -e; . {}; COMP_WORDS=(gateprobe run --format s); COMP_CWORD=3; _gateprobe gateprobe s --format; echo \"${{COMPREPLY[@]}}\"",
        file.display()
    );
    match Command::new("bash").args(["--noprofile", "--norc", "-c", &asks]).output() {
        Ok(output) => assert_eq!(text(&output.stdout).trim(), "sarif", "{}", text(&output.stderr)),
        Err(_) => eprintln!("SKIPPED: there is no bash on this machine"),
    }
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    let (status, page, stderr) = output(gateprobe().arg("man"));
    assert_eq!((status, stderr.as_str()), (Some(0), ""));
    assert!(page.contains(".TH gateprobe 1") && page.contains("gateprobe\\-diagnose(1)"), "{page}");
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("man/man1");
    let (status, ..) = output(gateprobe().args(["man", "--dir", dir.to_str().unwrap()]));
    assert_eq!(status, Some(0));
    let pages: BTreeSet<String> =
        std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    for expected in ["gateprobe.1", "gateprobe-run.1", "gateprobe-config-check.1", "gateprobe-cost.1"] {
        assert!(pages.contains(expected), "{pages:?}");
    }
    let shown =
        Command::new("man").args(["--warnings", "-l"]).arg(dir.join("gateprobe-run.1")).env("MANWIDTH", "80").output();
    match shown {
        Ok(shown) if shown.status.success() => {
            assert!(text(&shown.stdout).contains("--namespace"), "{}", text(&shown.stdout));
            assert_eq!(text(&shown.stderr), "", "roff that groff warns of");
        }
        _ => eprintln!("SKIPPED: there is no man(1) on this machine that shows a page"),
    }
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let (status, _, stderr) = output(gateprobe().args(["man", "--dir", file.to_str().unwrap()]));
    assert_eq!(status, Some(2));
    assert!(stderr.contains("expected a directory that can be written"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bill_comes_from_flags_a_file_or_the_account() {
    let (simulator, folder) = shop(10).await;
    let bill = |arguments: &[&str]| {
        let mut command = gateprobe();
        command.args(["cost", "--format", "json", "--region", "us-east-1"]).args(arguments).current_dir(folder.path());
        command.env("AWS_ENDPOINT_URL", simulator.endpoint_url());
        let (status, stdout, stderr) = output(&mut command);
        assert_eq!(status, Some(0), "{stderr}");
        serde_json::from_str::<Value>(&stdout).unwrap()
    };
    let account = bill(&["--every", "rate(5 minutes)"]);
    let inventory = output(
        gateprobe()
            .args(["inventory", "--format", "json", "--region", "us-east-1"])
            .env("AWS_ENDPOINT_URL", simulator.endpoint_url()),
    )
    .1;
    std::fs::write(folder.path().join("inventory.json"), inventory).unwrap();
    simulator.forget_calls();
    assert_eq!(bill(&["--inventory", "inventory.json", "--every", "5m"]), account);
    assert_eq!(bill(&["--methods", "10"]), account);
    assert!(simulator.calls().control.is_empty(), "a file and flags ask nobody");
    assert!(account["usd"].as_f64().unwrap() > 5.0);

    for (wrong, expected) in [
        (&["--methods", "10", "--every", "now and then"][..], "--every: "),
        (&["--methods", "10", "--metrics", "x"], "expected cloudwatch or emf"),
        (&["--methods", "10000000"], "expected 1000000 at most"),
    ] {
        let (status, stdout, stderr) = output(gateprobe().arg("cost").args(wrong));
        assert_eq!((status, stdout.as_str()), (Some(2), ""));
        assert!(stderr.contains(expected), "{stderr}");
    }
    let (status, stdout, _) = output(gateprobe().args(["cost", "--methods", "200", "--stages", "10", "--apis", "5"]));
    assert_eq!(status, Some(0));
    assert!(stdout.contains("$2,102.40") && stdout.contains("without free tier"), "{stdout}");
    for line in stdout.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}
