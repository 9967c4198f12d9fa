//! The built command as a person or a script meets it: output, exit status, one clear line for each mistake.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod command;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use command::{gateprobe, text};
use gateprobe::config::Config;
use gateprobe::simulator::{Account, Api, Behaviour, Method, Simulator, Stage};

/// Asserts the exit status and that stderr is one line with all of these words; nothing on stdout.
fn one_clear_line(output: &Output, words: &[&str]) {
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with("error: "), "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "`{word}` in {stderr}");
    }
    assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
}

#[test]
fn colour_is_asked_for_in_help_as_well() {
    for (arguments, colored) in [
        (&["--color", "always", "--help"][..], true),
        (&["run", "--help", "--color=always"], true),
        (&["--color", "never", "--help"], false),
        (&["--help"], false),
    ] {
        let output = gateprobe().args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!(output.stdout.contains(&0x1b), colored, "{arguments:?}");
    }
    let output = gateprobe().args(["demo", "--bogus", "--color=always"]).output().unwrap();
    assert!(output.status.code() == Some(2) && output.stderr.contains(&0x1b), "{output:?}");
}

#[test]
fn the_demo_finds_exactly_what_it_set() {
    let directory = tempfile::tempdir().unwrap();
    let output = gateprobe().arg("demo").current_dir(&directory).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "the same for a browser: gateprobe-report.html\n");
    let page = std::fs::read_to_string(directory.path().join("gateprobe-report.html")).unwrap();
    assert!(page.starts_with(gateprobe::report::html::MARKER) && page.contains("20 problems in us-east-1"));
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"(127\.0\.0\.1|localhost):\d+", "$1:PORT!");
    settings.add_filter(r"(?m)^((?:orders|catalog|payments|identity) .*\d) +\d+$", "$1 [ms]");
    settings.add_filter(r"\(\d+\.\d s\)", "([s])");
    settings.bind(|| insta::assert_snapshot!(text(&output.stdout)));
    for line in text(&output.stdout).lines() {
        assert!(line.chars().count() <= 80 || line.contains("http://"), "{line}");
        assert!(!line.contains('\u{1b}'), "no colour in a pipe: {line:?}");
    }
}

/// Somebody's own file of that name is left as it is, and the demo is no failure for that.
#[test]
fn the_demo_writes_over_no_file_of_others() {
    let directory = tempfile::tempdir().unwrap();
    let theirs = directory.path().join("gateprobe-report.html");
    std::fs::write(&theirs, "mine").unwrap();
    let output = gateprobe().arg("demo").current_dir(&directory).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let told = text(&output.stderr);
    assert!(told.starts_with("warning: gateprobe-report.html is there already") && told.lines().count() == 1, "{told}");
    assert_eq!(std::fs::read_to_string(&theirs).unwrap(), "mine");
}

#[test]
fn a_format_that_a_command_does_not_make_is_refused_before_anything_is_done() {
    let directory = tempfile::tempdir().unwrap();
    for command in [
        &["inventory"][..],
        &["plan"],
        &["init", "--output", "config.yaml"],
        &["diagnose", "https://h/x"],
        &["status"],
        &["history"],
        &["ack", "gp-1", "--for", "1d"],
        &["explain"],
        &["schema"],
        &["config", "check", "gateprobe.yaml"],
    ] {
        let output = gateprobe().args(command).args(["--format", "html"]).current_dir(&directory).output().unwrap();
        one_clear_line(&output, &[command[0], "does not make html", "table, json"]);
    }
    assert_eq!(directory.path().read_dir().unwrap().count(), 0);
}

#[test]
fn the_demos_json_keeps_to_the_contract() {
    let directory = tempfile::tempdir().unwrap();
    let output = gateprobe().args(["demo", "--format", "json"]).current_dir(&directory).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    assert_eq!(directory.path().read_dir().unwrap().count(), 0, "stdout was asked for, and no file");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let coverage = &report["coverage"];
    let skipped: u64 = coverage["skipped"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(coverage["deployed"].as_u64().unwrap(), coverage["probed"].as_u64().unwrap() + skipped);
    let diagnoses = report["diagnoses"].as_array().unwrap();
    assert!(diagnoses.len() >= 20);
    for diagnosis in diagnoses {
        for key in [
            "request",
            "verdict",
            "symptom",
            "cause",
            "confidence",
            "matched",
            "steps",
            "evidence",
            "remedy",
            "suggestions",
            "response",
        ] {
            assert!(diagnosis.get(key).is_some(), "{key} in {diagnosis}");
        }
        let steps: Vec<_> =
            diagnosis["steps"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect();
        assert_eq!(steps, ["invoke-url", "stage", "path", "method", "deployment", "known-good"]);
    }
}

#[test]
fn colour_comes_only_when_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let output = gateprobe().args(["demo", "--color", "always"]).current_dir(&directory).output().unwrap();
    assert!(text(&output.stdout).contains('\u{1b}'));
}

#[test]
fn explains_every_cause() {
    let list = gateprobe().arg("explain").output().unwrap();
    assert_eq!(list.status.code(), Some(0));
    let list = text(&list.stdout);
    for line in list.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    // Grouped by step, in the order of the checklist.
    let places: Vec<_> =
        ["Invoke URL", "Stage", "Path", "Method", "Deployment", "Known-good"].map(|step| list.find(step)).into();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}");
    for cause in gateprobe::diagnose::Cause::ALL {
        assert!(list.contains(&format!("  {cause} ")), "{cause}");
    }
    one_clear_line(
        &gateprobe().args(["explain", "path-unkown"]).output().unwrap(),
        &["path-unkown", "did you mean `path-unknown`"],
    );
}

#[test]
fn the_page_of_a_cause_is_whole_at_eighty_columns() {
    for cause in gateprobe::diagnose::Cause::ALL {
        let output = gateprobe().args(["explain", cause.id()]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let told = text(&output.stdout);
        assert!(told.starts_with(cause.id()), "{told}");
        for heading in [
            "Fails at step",
            "Verdict",
            "What to do",
            "On the wire",
            "Confirm it",
            "It may be instead",
            "In the console",
            "In SAM or CloudFormation",
            "In Terraform",
        ] {
            assert!(told.contains(&format!("\n{heading}:\n  ")), "{cause}: {heading} in {told}");
        }
        for line in told.lines() {
            // An address stands whole on a line of its own.
            assert!(line.chars().count() <= 80 || line.trim_start().starts_with("https://"), "{cause}: {line}");
        }
        // What is to be copied stands as it is, but for the indent.
        let (page, flat) = (cause.page(), told.replace("\n    ", "\n"));
        for code in [page.confirm.command, page.cloudformation.code, page.terraform.code] {
            assert!(flat.contains(code), "{cause}: {code} in {told}");
        }
        for neighbour in cause.neighbours() {
            assert!(told.contains(&format!("\n  {} if ", neighbour.cause)), "{cause}: {}", neighbour.cause);
        }
        // Wrapping loses no word.
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ");
        for text in [page.more, page.console, page.cloudformation.say, page.terraform.say] {
            assert!(words(told).contains(text), "{cause}: {text}");
        }
    }
}

#[test]
fn the_json_of_a_cause_has_every_field() {
    let output = gateprobe().args(["explain", "--format", "json"]).output().unwrap();
    let all: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let all = all.as_array().unwrap();
    assert_eq!(all.len(), gateprobe::diagnose::Cause::ALL.len());
    for (told, cause) in all.iter().zip(gateprobe::diagnose::Cause::ALL) {
        assert_eq!(told["id"], cause.id());
        for text in ["verdict", "means", "wire", "remedy", "more", "console"] {
            assert!(told[text].as_str().is_some_and(|text| !text.is_empty()), "{cause}: {text}");
        }
        assert!(told["reachable"].is_boolean() && told.get("step").is_some(), "{cause}");
        assert!(told["confirm"]["command"].is_string() && told["confirm"]["shows"].is_string(), "{cause}");
        for fix in ["cloudformation", "terraform"] {
            assert!(told[fix]["say"].is_string() && told[fix]["code"].is_string(), "{cause}: {fix}");
        }
        let first = |list: &str, keys: &[&str]| {
            let one = &told[list][0];
            assert!(keys.iter().all(|key| one.get(key).is_some()), "{cause}: {list} in {told}");
        };
        first("answers", &["when", "status", "error_type", "body"]);
        first("neighbours", &["cause", "there", "here"]);
        first("grounds", &["grade", "says", "source"]);
    }
    let one = gateprobe().args(["explain", "not-deployed", "--format", "json"]).output().unwrap();
    let one: serde_json::Value = serde_json::from_slice(&one.stdout).unwrap();
    assert!(all.contains(&one));
}

#[test]
fn mistakes_get_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    let config = file("bad.yaml", b"apis: []\nstagse: [prod]\n");
    let newer = file("newer.json", br#"{"version": 99, "region": "us-east-1", "read_at": 0, "apis": [], "shiny": 1}"#);
    let cut = file("cut.txt", b"HTTP/1.1 403 Forbidden\r\nServer: x\r\n");
    let cut_early = file("cut_early.txt", b"HTTP/1.1 40");
    let cr_only = file("cr.txt", b"HTTP/1.1 403 Forbidden\rServer: x\r\r{}");
    let har = file("x.har", br#"{"log": {"version": "1.2", "creator": {}, "entries": []}}"#);
    let json = file("x.json", br#"{"message": "hush"}"#);
    let empty = file("empty.json", br#"{"version": 1, "region": "us-east-1", "read_at": 0, "apis": []}"#);
    let url = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/x";
    let region = ["--region", "us-east-1"];
    let cases: &[(&[&str], &[&str])] = &[
        (&["run"], &["no AWS region", "--region"]),
        (&["run", "--region", "moon base"], &["`moon base`", "eu-central-1"]),
        (&["run", "--config", &config], &["bad.yaml", "stagse"]),
        (&["run", "--config", "/nonexistent.yaml"], &["/nonexistent.yaml", "--config"]),
        (&["run", "--invoke-url", "http://x/{stage}", region[0], region[1]], &["--invoke-url", "{api}"]),
        (&["run", "--connect-to", "nonsense", region[0], region[1]], &["--connect-to", "nonsense"]),
        (&["run", "--api", "[", region[0], region[1]], &["["]),
        (&["run", "--publish", "--topic-arn", "alerts", region[0], region[1]], &["alerts", "arn:aws:sns"]),
        (&["run", "--state", "tabel:x", region[0], region[1]], &["`tabel:` is no kind of store", "table:NAME"]),
        (&["status"], &["no store is named", "--state FILE", "GATEPROBE_STATE"]),
        (&["status", "--state", "/nonexistent/state.db"], &["no file /nonexistent/state.db", "run --state"]),
        (&["history", "shop", "--state", "none"], &["no store is named"]),
        (&["ack", "twelve", "--for", "2h", "--state", "table:abc"], &["`twelve` is no incident's name", "gp-12"]),
        (&["ack", "gp-12", "--for", "2 hours", "--state", "table:abc"], &["--for", "`2 hours` is none", "2h or 1d"]),
        (&["ack", "gp-12", "--for", "2h"], &["no store is named"]),
        (&["plan", "--inventory", &newer], &["version 99", "newer"]),
        (&["plan", "--inventory", &config], &["inventory"]),
        (&["diagnose", "not a url"], &["URL", "https://"]),
        (&["diagnose", "ftp://x/y"], &["neither http nor https"]),
        (&["diagnose", "https://me:hush@x.example/y"], &["credentials"]),
        (&["diagnose", "-H", "nocolon", url], &["colon"]),
        (&["diagnose", "-X", "GE T", url], &["verb"]),
        (&["diagnose", "--inventory", &empty, "--response", &cut, url], &["ends within its headers"]),
        (&["diagnose", "--inventory", &empty, "--response", &cut_early, url], &["ends within its status line"]),
        (&["diagnose", "--inventory", &empty, "--response", &cr_only, url], &["carriage returns"]),
        (&["diagnose", "--inventory", &empty, "--response", &har, url], &["HAR file", "curl -i"]),
        (&["diagnose", "--inventory", &empty, "--response", &json, url], &["JSON without a status line"]),
        (&["diagnose", "--inventory", &empty, "--response", "/nonexistent", url], &["/nonexistent", "check the path"]),
        (&["diagnose", "--inventory", &newer, url], &["version 99", "newer"]),
        (&["diagnose", "curl https://x.example/ -u me:hush"], &["--curl"]),
        (&["diagnose", "--curl", ""], &["is empty"]),
        (&["diagnose", "--curl", "-"], &["is empty"]),
        (&["diagnose", "--curl", "-", "--response", "-"], &["both read stdin"]),
        (&["diagnose", "--curl", "-X POST -u me:hush"], &["does not begin with the word curl"]),
        (&["diagnose", "--curl", "curl -T hush.png https://x.example/"], &["-T", "not read"]),
        (&["diagnose", "--curl", "curl -F a=@hush.png https://x.example/"], &["-F", "form"]),
        (&["diagnose", "--curl", "curl -d @hush.json https://x.example/"], &["-d", "file"]),
        (
            &["diagnose", "--curl", "curl https://x.example/ -H 'authorization: hush"],
            &["single quote", "line 1, column 28"],
        ),
        (
            &["diagnose", "--curl", "curl https://x.example/ -H \"authorization: hush $TOKEN\""],
            &["$TOKEN", "single quotes"],
        ),
        (&["diagnose", "--curl", "curl https://me:hush@x.example/"], &["credentials"]),
        (&["diagnose", "--curl", "curl --oauth2-bearer=hush https://x.example/"], &["--oauth2-bearer VALUE"]),
        (&["diagnose", "--curl", "curl --heder 'a: hush' https://x.example/"], &["--heder", "--header"]),
    ];
    for (arguments, words) in cases {
        let output = gateprobe().args(*arguments).output().unwrap();
        one_clear_line(&output, words);
        assert!(!text(&output.stderr).contains("hush"), "a secret is never echoed");
    }
}

#[test]
fn an_endpoint_that_is_not_there_or_is_no_gateway_is_said_so() {
    // A port that was free a moment ago has nobody behind it.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let endpoint = format!("http://127.0.0.1:{port}");
    let output =
        gateprobe().args(["run", "--region", "us-east-1"]).env("AWS_ENDPOINT_URL", &endpoint).output().unwrap();
    one_clear_line(&output, &[&endpoint, "cannot be reached"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inventory_says_of_what_kind_each_api_is() {
    let account = Account::new("us-east-1")
        .api(
            Api::new("rest000000", "shop")
                .deploy("d1", |t| t.get("/pets", Method::mock().iam()).post("/pets", Method::mock().api_key()))
                .stage("prod", "d1")
                .stage("next", "gone"),
        )
        .api(
            Api::new("http000000", "pets")
                .http()
                .disable_default_endpoint()
                .edit(|t| t.get("/pets/{id}", Method::mock().custom()).any("$default", Behaviour::Mock))
                .with_stage(Stage::auto_deployed("$default")),
        )
        .api(Api::new("sock000000", "chat").web_socket().with_stage(Stage::new("live", "d9")))
        .mapping("api.example.test", "v2", "http000000", Some("$default"));
    let inventory = async |account: Account| {
        let simulator = Simulator::start(account).await.unwrap();
        let mut command = gateprobe();
        command.args(["inventory", "--region", "us-east-1"]).env("AWS_ENDPOINT_URL", simulator.endpoint_url());
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout).to_owned()
    };
    insta::assert_snapshot!(inventory(account).await);
    assert_eq!(inventory(Account::new("us-east-1")).await, "no API and no custom domain in us-east-1\n");
    // A region with nothing in it is no healthy one, and none of its kinds is named.
    let simulator = Simulator::start(Account::new("us-east-1")).await.unwrap();
    let mut command = gateprobe();
    command.args(["run", "--region", "us-east-1"]).env("AWS_ENDPOINT_URL", simulator.endpoint_url());
    let output = command.output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("nothing to probe: no API was found in us-east-1"), "{said}");
    assert!(!format!("{said}{}", text(&output.stdout)).contains("REST"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_lists_and_plans_against_an_endpoint() {
    let account = Account::new("us-east-1").api(
        Api::new("a1b2c3d4e5", "shop")
            .deploy("d1", |t| t.get("/pets", Behaviour::Mock).post("/pets", Behaviour::Mock))
            .stage("prod", "d1"),
    );
    let simulator = Simulator::start(account).await.unwrap();
    let at = |arguments: &[&str]| {
        gateprobe()
            .args(arguments)
            .args(["--region", "us-east-1", "--invoke-url", &simulator.invoke_url_template()])
            .env("AWS_ENDPOINT_URL", simulator.endpoint_url())
            .output()
            .unwrap()
    };
    let output = at(&["run"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("no problems in us-east-1"));
    let page = at(&["run", "--format", "html"]);
    assert_eq!(page.status.code(), Some(0), "{}", text(&page.stderr));
    assert!(text(&page.stdout).contains("<title>No problems in us-east-1, Gateprobe</title>"));
    assert!(text(&at(&["plan"]).stdout).contains("1 skipped: 1 no-safe-proof"));

    // What inventory prints is taken back, and then AWS is not asked.
    let listed = at(&["inventory", "--format", "json"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("inventory.json");
    std::fs::write(&file, &listed.stdout).unwrap();
    simulator.forget_calls();
    let planned = at(&["plan", "--format", "json", "--inventory", path(&file)]);
    let planned: serde_json::Value = serde_json::from_slice(&planned.stdout).unwrap();
    assert_eq!(
        planned["coverage"],
        serde_json::json!({"deployed": 2, "probed": 1, "to_prove": {"healthy": 1, "routed": 0}, "skipped": {"no-safe-proof": 1}})
    );
    assert!(simulator.calls().control.is_empty());

    // One request, sent and explained; then a saved answer, explained without sending.
    let url = simulator.invoke_url_template().replace("{api}", "a1b2c3d4e5").replace("{stage}", "prod") + "/pest";
    let output = at(&["diagnose", &url]);
    assert_eq!(output.status.code(), Some(1));
    let drawn = text(&output.stdout);
    assert!(drawn.contains("error[path-unknown]") && drawn.contains("^^^^") && drawn.contains("/pets"), "{drawn}");
    let saved = folder.path().join("answer.txt");
    std::fs::write(&saved, "HTTP/2 200 \r\n\r\n{}").unwrap();
    simulator.forget_calls();
    let output =
        at(&["diagnose", "--inventory", path(&file), "--response", path(&saved), &url.replace("pest", "pets")]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    assert_eq!(simulator.calls().data_count, 0);

    // A filter that matches nothing is a mistake, not health.
    let output = at(&["run", "--api", "shpo"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("nothing in us-east-1 matches --api shpo"), "{}", text(&output.stderr));
}

/// The config with every suggestion taken up, as a user would.
fn taken_up(text: &str) -> Config {
    let lines: Vec<&str> = text.lines().map(|line| line.strip_prefix("# ").unwrap_or(line)).collect();
    Config::parse(&lines.join("\n"), "taken up").unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn init_writes_a_config_that_a_run_takes() {
    let account = Account::new("us-east-1").api(
        Api::new("a1b2c3d4e5", "shop")
            .deploy("d1", |t| t.get("/pets/{id}", Behaviour::Mock).post("/pets", Behaviour::Mock))
            .stage("prod", "d1"),
    );
    let simulator = Simulator::start(account).await.unwrap();
    let at = |arguments: &[&str]| {
        gateprobe()
            .args(arguments)
            .args(["--region", "us-east-1", "--invoke-url", &simulator.invoke_url_template()])
            .env("AWS_ENDPOINT_URL", simulator.endpoint_url())
            .output()
            .unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gateprobe.yaml");
    let before = at(&["run"]).status.code();
    simulator.forget_calls();
    let output = at(&["init", "--output", path(&file)]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(simulator.calls().data_count, 0, "init sends nothing");
    let written = std::fs::read_to_string(&file).unwrap();
    assert_eq!(at(&["init"]).stdout.len(), written.len(), "stdout gets the same, but for the time");

    // As it stands it changes nothing; taken up, both methods are asked for their health.
    let output = at(&["run", "--config", path(&file)]);
    assert_eq!((output.status.code(), before), (Some(0), Some(0)), "{}", text(&output.stderr));
    let lines: Vec<&str> = written.lines().map(|line| line.strip_prefix("# ").unwrap_or(line)).collect();
    let all = folder.path().join("all.yaml");
    std::fs::write(&all, lines.join("\n")).unwrap();
    let planned = at(&["plan", "--format", "json", "--config", path(&all)]);
    let planned: serde_json::Value = serde_json::from_slice(&planned.stdout).unwrap();
    assert_eq!(
        planned["coverage"],
        serde_json::json!({"deployed": 2, "probed": 2, "to_prove": {"healthy": 2, "routed": 0}, "skipped": {}})
    );

    // What a user wrote is not written over, and that is said before AWS is asked.
    std::fs::write(&file, "mine: yes").unwrap();
    simulator.forget_calls();
    one_clear_line(&at(&["init", "--output", path(&file)]), &["gateprobe.yaml", "already", "--force"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine: yes");
    assert!(simulator.calls().control.is_empty());
    assert_eq!(at(&["init", "--force", "--output", path(&file)]).status.code(), Some(0));
    assert_eq!(std::fs::read_to_string(&file).unwrap().len(), written.len());
    let nowhere = folder.path().join("none").join("x.yaml");
    one_clear_line(&at(&["init", "--output", path(&nowhere)]), &["could not be written", "--output"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn init_of_the_demo_is_a_config_with_all_of_it_taken_up() {
    let account = gateprobe::simulator::demo::scene().account;
    let region = account.region.clone();
    let simulator = Simulator::start(account).await.unwrap();
    let output = gateprobe()
        .args(["init", "--region", &region, "--invoke-url", &simulator.invoke_url_template()])
        .env("AWS_ENDPOINT_URL", simulator.endpoint_url())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(Config::parse(text(&output.stdout), "init").unwrap(), Config::default());
    let config = taken_up(text(&output.stdout));
    assert!(!config.known_good.is_empty() && !config.allow.is_empty() && !config.authenticate.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_problem_makes_the_exit_status_one() {
    let account = Account::new("us-east-1").api(
        Api::new("a1b2c3d4e5", "shop")
            .deploy("d1", |t| t.get("/x", Behaviour::MalformedProxyResponse))
            .stage("prod", "d1"),
    );
    let simulator = Simulator::start(account).await.unwrap();
    let output = gateprobe()
        .args(["run", "--region", "us-east-1", "--invoke-url", &simulator.invoke_url_template()])
        .env("AWS_ENDPOINT_URL", simulator.endpoint_url())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("1 problem in us-east-1"), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("error[integration]"));
}

/// A door that is gone is told from one that never was, for four calls more than the others cost.
#[tokio::test(flavor = "multi_thread")]
async fn a_removed_door_is_found_in_the_apis_history() {
    let account = Account::new("us-east-1").api(
        Api::new("a1b2c3d4e5", "shop")
            .deploy("d1", |t| t.get("/orders", Behaviour::Mock).get("/statistics", Behaviour::Mock))
            .deploy("d2", |t| t.remove_resource("/statistics"))
            .stage("prod", "d2"),
    );
    let simulator = Simulator::start(account).await.unwrap();
    let template = simulator.invoke_url_template();
    let diagnose = |name: &str| {
        let base = template.replace("{api}", "a1b2c3d4e5").replace("{stage}", "prod").replace("{region}", "us-east-1");
        let output = gateprobe()
            .args(["diagnose", "--region", "us-east-1", "--format", "json", "--invoke-url", &template])
            .arg(format!("{base}/{name}"))
            .env("AWS_ENDPOINT_URL", simulator.endpoint_url())
            .output()
            .unwrap();
        let calls = simulator.calls().control.len();
        (serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap(), calls)
    };
    let (healthy, calls) = diagnose("orders");
    assert_eq!((&healthy["cause"], calls), (&serde_json::Value::Null, 5), "what the host needs, and no more");
    let (removed, calls) = diagnose("statistics");
    assert_eq!(removed["cause"], "removed", "{removed}");
    assert_eq!(calls - 5, 7, "the same five, the list of deployments, and the one that is older");
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_credentials_the_answer_alone_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("answer.txt");
    std::fs::write(&saved, "HTTP/2 403 \r\nx-amzn-errortype: MissingAuthenticationTokenException\r\n\r\n{\"message\":\"Missing Authentication Token\"}").unwrap();
    let url = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/x";
    let output = gateprobe()
        .env_remove("AWS_ACCESS_KEY_ID")
        .args(["diagnose", "--format", "json", "--response", path(&saved), url])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("the answer alone must do"), "{}", text(&output.stderr));
    let diagnosis: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(diagnosis["confidence"], "possible");
    let others: Vec<_> =
        diagnosis["alternatives"].as_array().unwrap().iter().map(|other| other["cause"].as_str().unwrap()).collect();
    assert!(others.contains(&"iam-unsigned") && others.contains(&"not-deployed"), "{others:?}");

    // A person is shown every one of them.
    let output = gateprobe()
        .env_remove("AWS_ACCESS_KEY_ID")
        .args(["diagnose", "--response", path(&saved), url])
        .output()
        .unwrap();
    for other in others {
        assert!(text(&output.stdout).contains(&format!("it may be {other} instead")), "{}", text(&output.stdout));
    }
    assert!(text(&output.stdout).contains("--inventory FILE"), "{}", text(&output.stdout));
}

/// A shop with a pet, behind an address of the simulator's.
async fn shop(answer: Behaviour) -> (Simulator, String) {
    let account = Account::new("us-east-1").api(
        Api::new("a1b2c3d4e5", "shop")
            .deploy("d1", |t| t.get("/pets", answer).post("/orders", Behaviour::Mock))
            .stage("prod", "d1"),
    );
    let simulator = Simulator::start(account).await.unwrap();
    let base = simulator.invoke_url_template().replace("{api}", "a1b2c3d4e5").replace("{stage}", "prod");
    (simulator, base)
}

fn diagnose_at(simulator: &Simulator, arguments: &[&str]) -> Command {
    let mut command = gateprobe();
    command
        .arg("diagnose")
        .args(arguments)
        .args(["--region", "us-east-1", "--invoke-url", &simulator.invoke_url_template()])
        .env("AWS_ENDPOINT_URL", simulator.endpoint_url());
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pasted_curl_line_is_the_request() {
    let (simulator, base) = shop(Behaviour::Mock).await;
    let line = format!(
        "$ curl '{base}/pest?limit=3' \\\n  -X 'GET' -H 'Accept: */*' \\\n  -H 'Authorization: Bearer hush' -u me:hush -b s=hush \\\n  -L --compressed | jq ."
    );
    let typed = diagnose_at(&simulator, &["--curl", &line]).output().unwrap();
    assert_eq!(typed.status.code(), Some(1), "{}", text(&typed.stderr));
    let mut child = diagnose_at(&simulator, &["--curl", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(line.as_bytes()).unwrap();
    let piped = child.wait_with_output().unwrap();
    assert_eq!((&typed.stdout, &typed.stderr), (&piped.stdout, &piped.stderr));

    let (drawn, warned) = (text(&typed.stdout), text(&typed.stderr));
    assert!(drawn.contains("error[path-unknown]") && drawn.contains("/pets?limit=3"), "{drawn}");
    let warnings: Vec<_> = warned.lines().collect();
    assert_eq!(warnings.len(), 2, "{warned}");
    assert!(warnings[0].contains("behind the `|`") && warnings[1].contains("not followed: --location"), "{warned}");
    assert!(!drawn.contains("hush") && !warned.contains("hush"), "{drawn}{warned}");

    // The same request twice over would be two.
    for more in [&["-X", "GET"][..], &["-H", "a: b"], &["-d", "x"], &[base.as_str()]] {
        let output = diagnose_at(&simulator, &["--curl", &line]).args(more).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains("--curl") && !text(&output.stderr).contains("hush"));
    }
    // Where the line makes its connection go is followed.
    let address = base.split('/').nth(2).unwrap();
    let pinned =
        format!("curl --connect-to ::{address} http://api.example.com{}/pets", base.split_once(address).unwrap().1);
    let output = diagnose_at(&simulator, &["--curl", &pinned, "--format", "json"]).output().unwrap();
    let diagnosis: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(diagnosis["response"]["status"], 200, "{diagnosis}");
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_sends_the_best_suggestion_and_tells_its_answer() {
    let (simulator, base) = shop(Behaviour::Mock).await;
    let wrong = format!("{base}/pest");
    simulator.forget_calls();
    let output = diagnose_at(&simulator, &["--verify", &wrong]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let drawn = text(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(drawn.contains(&format!("verify: GET {base}/pets answered 200: it reaches its method")), "{drawn}");
    assert!(drawn.contains("known-good pass GET"), "{drawn}");
    assert_eq!(simulator.calls().data_count, 2);

    let json = |arguments: &[&str]| -> serde_json::Value {
        let output = diagnose_at(&simulator, arguments).args(["--format", "json"]).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let diagnosis = json(&["--verify", &wrong]);
    assert_eq!(
        diagnosis["verified"],
        serde_json::json!({
            "request": {"method": "GET", "url": format!("{base}/pets")},
            "status": 200, "reached": true, "verdict": "healthy", "cause": null,
        })
    );
    assert_eq!(diagnosis["steps"][5]["result"], "pass");
    assert!(json(&[&wrong]).get("verified").is_none());

    // A saved answer sends nothing, and with --verify one request.
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("answer.txt");
    std::fs::write(&saved, "HTTP/2 403 \r\nx-amzn-errortype: MissingAuthenticationTokenException\r\n\r\n{\"message\":\"Missing Authentication Token\"}").unwrap();
    simulator.forget_calls();
    let output = diagnose_at(&simulator, &["--verify", "--response", path(&saved), &wrong]).output().unwrap();
    let drawn = text(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(drawn.contains("this is the only request that was sent"), "{drawn}");
    assert_eq!(simulator.calls().data_count, 1);

    // Only POST would reach a method there, and nobody gave a word for that.
    simulator.forget_calls();
    let diagnosis = json(&["--verify", &format!("{base}/orders")]);
    assert_eq!((&diagnosis["cause"], &diagnosis["verified"]), (&"method-mismatch".into(), &serde_json::Value::Null));
    assert_eq!(simulator.calls().data_count, 1);
    let output = diagnose_at(&simulator, &["--verify", &format!("{base}/orders")]).output().unwrap();
    assert!(text(&output.stdout).contains("verify: nothing was sent"), "{}", text(&output.stdout));
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_tells_a_suggestion_that_fails() {
    let (simulator, base) = shop(Behaviour::MalformedProxyResponse).await;
    let output = diagnose_at(&simulator, &["--verify", "--format", "json", &format!("{base}/pest")]).output().unwrap();
    let diagnosis: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(diagnosis["cause"], "path-unknown");
    let verified = &diagnosis["verified"];
    assert_eq!((&verified["status"], &verified["cause"]), (&502.into(), &"integration".into()), "{verified}");
    assert_eq!((&verified["reached"], &verified["verdict"]), (&true.into(), &"backend".into()), "{verified}");
    assert_eq!(diagnosis["steps"][5]["result"], "fail");
}

fn draw_json(simulator: &Simulator, url: &str, inventory: &Path) -> String {
    let output = diagnose_at(simulator, &[url, "--format", "json", "--inventory", path(inventory)]).output().unwrap();
    text(&output.stdout).to_owned()
}

/// What a person sees on a narrow terminal is what one sees on a wide one, with or without colour.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_on_a_narrow_terminal() {
    let (simulator, base) = shop(Behaviour::Mock).await;
    let long = format!("{base}/pest/{}?a=1&b=2", "segment/".repeat(20));
    // Read once, so that the many runs do not wait for their turn at the control plane.
    let listed = gateprobe()
        .args(["inventory", "--format", "json", "--region", "us-east-1"])
        .env("AWS_ENDPOINT_URL", simulator.endpoint_url())
        .output()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let inventory = folder.path().join("inventory.json");
    std::fs::write(&inventory, &listed.stdout).unwrap();
    for (url, more) in
        [(format!("{base}/pest"), ""), (long, ""), (format!("{base}/pest"), "-v"), (base.clone(), "--verify")]
    {
        let draw = |columns: &str, color: &str| {
            let mut arguments = vec![url.as_str(), "--color", color, "--inventory", path(&inventory)];
            arguments.extend((!more.is_empty()).then_some(more));
            let output = diagnose_at(&simulator, &arguments).env("COLUMNS", columns).output().unwrap();
            text(&output.stdout).to_owned()
        };
        let wide = draw("160", "auto");
        let json: serde_json::Value = serde_json::from_str(&draw_json(&simulator, &url, &inventory)).unwrap();
        let number = |at: &serde_json::Value| at.as_u64().unwrap();
        // An empty place is shown by the character that stands there.
        let at = json["at"].as_array().map_or(0, |at| (number(&at[1]) - number(&at[0])).max(1));
        assert_eq!(u64::try_from(wide.matches('^').count()).unwrap(), at, "{wide}");
        assert!(!wide.contains('\u{1b}'), "no colour in a pipe: {wide:?}");
        for columns in [60, 80] {
            let narrow = draw(&columns.to_string(), "auto");
            for line in narrow.lines() {
                // A path or URL in the text is never broken: it is there to be copied.
                let whole = line.split(' ').any(|word| word.contains('/') && word.chars().count() > columns - 20);
                assert!(line.chars().count() <= columns || whole, "{columns}: {line}");
            }
            // Nothing but where lines break, and the lines that carets stand in, differs.
            let words = |text: &str| -> String {
                text.lines()
                    .filter(|line| !line.contains('^'))
                    .flat_map(|line| line.chars())
                    .filter(|c| !" |".contains(*c))
                    .collect()
            };
            assert_eq!(words(&narrow), words(&wide), "{columns}");
            let carets = |text: &str| text.matches('^').count();
            assert_eq!(carets(&narrow), carets(&wide), "{narrow}");
        }
        let marks: Vec<&str> =
            wide.lines().rev().take_while(|line| !line.is_empty()).filter(|line| line.starts_with("  ")).collect();
        assert!(marks.len() >= 6 && wide.contains("  path       ") && wide.contains("FAIL"), "{wide}");
        let colored = draw("80", "always");
        assert!(colored.contains("\u{1b}[1;31mFAIL\u{1b}[0m"), "{colored:?}");
        // Behind each escape character stands a colour, up to its m.
        let plain: String = colored
            .split('\u{1b}')
            .enumerate()
            .map(|(index, part)| if index == 0 { part } else { part.split_once('m').unwrap().1 })
            .collect();
        assert_eq!(plain, draw("80", "never"));
    }
}

/// On a terminal, made by `script`; elsewhere than on Linux that is written otherwise.
#[test]
#[cfg(target_os = "linux")]
fn colour_is_for_a_terminal_that_takes_it() {
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("answer.txt");
    std::fs::write(&saved, "HTTP/2 403 \r\n\r\n{\"message\":\"Forbidden\"}").unwrap();
    let url = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/x";
    let command = format!("{} diagnose --response {} {url}", env!("CARGO_BIN_EXE_gateprobe"), path(&saved));
    for (name, value, colored) in
        [("X", "1", true), ("NO_COLOR", "1", false), ("NO_COLOR", "", true), ("TERM", "dumb", false)]
    {
        let mut script = Command::new("script");
        script.args(["-qec", &command, "/dev/null"]).env_clear().stdin(Stdio::null());
        script.envs([
            ("PATH", "/usr/bin:/bin"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("TERM", "xterm"),
            (name, value),
        ]);
        let Ok(output) = script.output() else {
            eprintln!("SKIPPED: there is no script(1) on this machine to make a terminal");
            return;
        };
        assert!(text(&output.stdout).contains("stage-unknown"), "{output:?}");
        assert_eq!(output.stdout.contains(&0x1b), colored, "{name}={value}: {}", text(&output.stdout));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_no_gateway_is_said_to_be_none() {
    let (simulator, _) = shop(Behaviour::Mock).await;
    let folder = tempfile::tempdir().unwrap();
    for (status, exit) in [(200, 0), (404, 1)] {
        let saved = folder.path().join("answer.txt");
        std::fs::write(&saved, format!("HTTP/2 {status} \r\nserver: nginx\r\n\r\n<html>")).unwrap();
        let output =
            diagnose_at(&simulator, &["--response", path(&saved), "https://www.example.com/x"]).output().unwrap();
        let drawn = text(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(output.status.code(), Some(exit), "{drawn}{}", text(&output.stderr));
        assert!(drawn.contains("www.example.com is neither an execute-api endpoint nor a custom domain"), "{drawn}");
        assert!(drawn.contains("stage ? path ? method ? deployment ?"), "{drawn}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = gateprobe().arg("explain").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
}

/// What stands behind an unescaped # is never sent, and that is the cause.
#[test]
fn a_number_sign_in_the_path_is_the_cause() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let inventory = file(
        "inventory.json",
        r#"{"version": 1, "region": "us-east-1", "read_at": 0, "apis": [{"id": "a1b2c3d4e5", "name": "tags",
            "stages": [{"name": "prod", "deployment": "d1"}], "edited": {},
            "deployments": {"d1": {"source": "apisummary", "tree": {"/tags/{t}/items": {"GET": {"authorization": "NONE"}}}}}}]}"#,
    );
    let answer = file(
        "answer.txt",
        "HTTP/2 403 \r\nx-amzn-errortype: MissingAuthenticationTokenException\r\n\r\n{\"message\":\"Missing Authentication Token\"}",
    );
    let url = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/tags/c#/items";
    for asked in [vec![url.to_owned()], vec!["--curl".to_owned(), format!("curl '{url}'")]] {
        let output = gateprobe()
            .args(["diagnose", "--format", "json", "--inventory", &inventory, "--response", &answer])
            .args(asked)
            .output()
            .unwrap();
        let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(told["cause"], "path-encoding", "{told}");
        let corrected = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/tags/c%23/items";
        assert_eq!(told["suggestions"][0]["url"], corrected);
    }
}
