//! Hostile input: every seed of the fuzz targets, all that they ever found, and the named monsters, through the same
//! checks as under the fuzzers. Nothing is timed here: what is asserted is that each ends well, and how much memory it
//! takes at the most. docs/fuzzing.md says what the fuzzers saw.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
#![allow(clippy::format_collect, reason = "documents are written once here, and are short to read so")]

#[path = "../fuzz/checks/mod.rs"]
mod checks;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use gateprobe::config::Config;
use gateprobe::diagnose::diagnose;
use gateprobe::discover::read_export;
use gateprobe::gateway::{Inventory, InvokeUrl, Request, World};
use gateprobe::probe::{Observation, Response, read_curl, read_saved};
use gateprobe::report::terminal::{self, Style};
use peak_alloc::PeakAlloc;
use url::Url;

#[global_allocator]
static PEAK: PeakAlloc = PeakAlloc;

/// The counter is the whole process's, so one test runs at a time.
static ALONE: Mutex<()> = Mutex::new(());

const MB: usize = 1 << 20;

/// Does the work, which must never hold more than so many times its input, and 16 MB for what is there anyway.
fn within<T>(times: usize, input: usize, work: impl FnOnce() -> T) -> T {
    let before = PEAK.current_usage();
    PEAK.reset_peak_usage();
    let done = work();
    let peak = PEAK.peak_usage().saturating_sub(before);
    assert!(peak <= times * input + 16 * MB, "{peak} bytes at the peak for {input} of input");
    if std::env::var_os("HOSTILE_FIGURES").is_some() {
        eprintln!("{:>5} % of {input}", peak * 100 / input);
    }
    done
}

/// One of the fuzz targets' functions.
type Check = fn(&[u8]);

/// What is timed, for an input of a size.
type Work<'w> = Box<dyn Fn(usize) + 'w>;

fn alone<T>(work: impl FnOnce() -> T) -> T {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    work()
}

#[test]
fn every_seed_and_everything_ever_found_holds() {
    const TARGETS: [(&str, Check); 9] = [
        ("url", checks::url),
        ("saved", checks::saved),
        ("curl", checks::curl),
        ("export", checks::export),
        ("openapi", checks::openapi),
        ("inventory", checks::inventory),
        ("config", checks::config),
        ("diagnose", checks::diagnose),
        ("diagnose_text", checks::diagnose_text),
    ];
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    alone(|| {
        for (target, check) in TARGETS {
            let mut read = 0;
            for directory in ["seeds", "regressions"] {
                let Ok(files) = fs::read_dir(fuzz.join(directory).join(target)) else { continue };
                for file in files {
                    let path = file.unwrap().path();
                    eprintln!("{}", path.display());
                    check(&fs::read(path).unwrap());
                    read += 1;
                }
            }
            assert!(read > 0, "{target} has no seeds");
        }
    });
}

fn account() -> World {
    World::new(checks::account::inventory(), InvokeUrl::default())
}

fn get(url: &str) -> Request {
    Request::new("GET", Url::parse(url).unwrap())
}

const PROD: &str = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod";

/// Explains and draws; gives back how many bytes were drawn.
fn explained(world: &World, request: &Request, observation: &Observation) -> usize {
    let diagnosis = diagnose(request, observation, world, checks::NOW);
    checks::hangs_together(world, request, &diagnosis);
    let style = |verbose| Style { color: false, verbose, width: 80 };
    serde_json::to_string(&diagnosis).unwrap();
    terminal::diagnosis(&diagnosis, style(false)).len() + terminal::explained(&diagnosis, None, style(true)).len()
}

fn forbidden() -> Observation {
    checks::account::answer(
        "HTTP/1.1 403 Forbidden\nx-amzn-ErrorType: ForbiddenException\n\n{\"message\":\"Forbidden\"}",
    )
}

/// Bodies of a megabyte, by what they are made of.
fn bodies() -> Vec<Vec<u8>> {
    let deep = [b"[".repeat(100_000), b" ".repeat(MB - 200_000), b"]".repeat(100_000)].concat();
    let objects = b"{\"message\":".repeat(MB / 11);
    let plain = b"plain words ".repeat(MB / 12);
    let one_word = b"x".repeat(MB);
    let binary: Vec<u8> = (0..MB).map(|at| u8::try_from(at * 31 % 251).unwrap() ^ 0x80).collect();
    let invalid = vec![0xff; MB];
    let spaces = b" \n".repeat(MB / 2);
    let quotes = b"missing equal-sign ' ".repeat(MB / 21);
    vec![deep, objects, plain, one_word, binary, invalid, spaces, quotes]
}

#[test]
fn bodies_of_a_megabyte() {
    let (world, request) = (account(), get(&format!("{PROD}/orders")));
    alone(|| {
        for body in bodies() {
            let saved = [&b"HTTP/1.1 403 Forbidden\r\n\r\n"[..], &body].concat();
            let response = within(1, MB, || read_saved(&saved)).unwrap();
            assert!(response.truncated && response.body.len() <= 3 * 16 * 1024);
            within(1, MB, || explained(&world, &request, &Observation::saved(response)));
            // As no reader gives it, and as the type allows it.
            let body = String::from_utf8_lossy(&body).into_owned();
            let response = Response { status: 403, headers: vec![], body, truncated: false };
            within(40, MB, || explained(&world, &request, &Observation::saved(response)));
        }
    });
}

#[test]
fn ten_thousand_headers() {
    let mut saved = "HTTP/1.1 403 Forbidden\r\n".to_owned();
    let mut request = get(&format!("{PROD}/ordrs"));
    for index in 0..10_000 {
        let _ = write!(saved, "X-Header-{index}: value number {index}\r\n");
        request.headers.push((format!("x-header-{index}"), format!("Bearer value-{index}")));
    }
    saved.push_str("x-amzn-ErrorType: MissingAuthenticationTokenException\r\n\r\n");
    alone(|| {
        let response = within(4, saved.len(), || read_saved(saved.as_bytes())).unwrap();
        assert_eq!(response.headers.len(), 64);
        within(8, saved.len(), || explained(&account(), &request, &Observation::saved(response)));
    });
}

#[test]
fn ten_thousand_heads() {
    let saved = "HTTP/1.1 100 Continue\n\n".repeat(10_000) + "HTTP/1.1 403 Forbidden\n\nwords";
    alone(|| assert_eq!(within(1, saved.len(), || read_saved(saved.as_bytes())).unwrap().body, "words"));
}

#[test]
fn long_paths_and_urls() {
    let world = account();
    let paths = [
        "/a".repeat(10_000),
        "/".repeat(10_000),
        "/%6Frders".repeat(10_000),
        format!("/{}", "a".repeat(MB)),
        format!("/orders?{}", "a=b&".repeat(MB / 4)),
        "/orders/7".repeat(MB / 9),
    ];
    alone(|| {
        for path in paths {
            let hosts = [PROD, "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com", "https://shop.example.com"];
            for host in hosts {
                let request = get(&format!("{host}{path}"));
                within(60, request.url.as_str().len(), || explained(&world, &request, &forbidden()));
            }
        }
    });
}

#[test]
fn a_host_of_a_megabyte_and_an_id_like_it() {
    let id = "a".repeat(MB / 2);
    let mut inventory = checks::account::inventory();
    inventory.apis[0].id = format!("{id}b");
    let world = World::new(inventory, InvokeUrl::default());
    let request = get(&format!("https://{id}.execute-api.us-east-1.amazonaws.com/prod/orders"));
    alone(|| within(60, MB, || explained(&world, &request, &forbidden())));
}

#[test]
fn bytes_that_are_no_text() {
    let garbage: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let halves = b"\xc3\x28\xe2\x82\xf0\x9f\x92 ".repeat(1000);
    alone(|| {
        for bytes in [&garbage, &halves] {
            for check in [checks::url, checks::saved, checks::curl, checks::export, checks::inventory, checks::config] {
                check(bytes);
            }
            checks::diagnose(bytes);
            checks::diagnose_text(bytes);
            checks::saved(&[b"HTTP/1.1 403 \xff\r\nX-\xfe: \xff\r\n\r\n", &bytes[..]].concat());
            checks::saved(&[b"HTTP/1.1 403\r\n", &bytes[..], b"\r\n\r\n"].concat());
        }
    });
}

#[test]
fn names_that_would_steer_a_terminal() {
    let mut inventory = checks::account::inventory();
    let api = &mut inventory.apis[0];
    api.name = "or\u{1b}[2Jders\r\n\u{202e}x\u{2028}".to_owned();
    api.stages[0].updated_at = None;
    let world = World::new(inventory, InvokeUrl::default());
    for (url, cause) in [
        (format!("{PROD}/ordrs"), "path-unknown"),
        (PROD.replace("prod", "prd/orders"), "stage-unknown"),
        (format!("{PROD}/new"), "other-stage"),
        (format!("{PROD}/edited"), "not-deployed"),
    ] {
        let answer = checks::account::answer("");
        let diagnosis = diagnose(&get(&url), &answer, &world, checks::NOW);
        assert_eq!(diagnosis.cause.map(gateprobe::diagnose::Cause::id), Some(cause));
        for verbose in [false, true] {
            let drawn = terminal::diagnosis(&diagnosis, Style { color: false, verbose, width: 80 });
            assert!(!drawn.contains(|c: char| c != '\n' && checks::unfit(c)), "{drawn:?}");
            assert!(drawn.contains("or?[2Jders??"), "{drawn:?}");
        }
    }
}

#[test]
fn no_secret_shows_at_the_end_of_what_is_cut() {
    let world = account();
    // So often that what stands at the cut moves to where it shows.
    let mut request = get(&format!("{PROD}/ordrs"));
    request.headers = vec![("authorization".to_owned(), "Bearer s3cret-token-0123456789".to_owned())];
    let body = format!("{{\"message\":\"{}\"}}", "s3cret-token-0123456789 ".repeat(1000));
    let response = Response { status: 403, headers: vec![], body, truncated: false };
    let diagnosis = diagnose(&request, &Observation::saved(response), &world, checks::NOW);
    assert!(!diagnosis.response.unwrap().message.unwrap().contains("s3c"));
    let long = "s3cret".repeat(1500);
    for secret in ["s3cret-token-0123456789", &long] {
        for before in [0, 100, 4070, 4090, 8170, 8185, 9000] {
            let mut request = get(&format!("{PROD}/ordrs"));
            request.headers = vec![("authorization".to_owned(), format!("Bearer {secret}"))];
            let words = format!("{} {secret} {secret}", "word ".repeat(before / 5));
            let body = format!("{{\"message\":\"{words}\"}}");
            let response = Response { status: 403, headers: vec![], body, truncated: false };
            let diagnosis = diagnose(&request, &Observation::saved(response), &world, checks::NOW);
            let message = diagnosis.response.unwrap().message.unwrap();
            assert!(!message.contains("s3c"), "{before}: {message}");
            assert!(message.len() <= 4100, "{} bytes", message.len());
            assert_eq!(message.starts_with("word "), before > 0, "{message}");
        }
    }
}

#[test]
fn json_deeper_than_any_reader_goes_is_one_clear_error() {
    let deep = format!("{}{}", "[".repeat(MB / 2), "]".repeat(MB / 2));
    let inventory = format!("{{\"version\":1,\"apis\":{deep}}}");
    let export = format!("{{\"paths\":{deep}}}");
    alone(|| {
        let error = within(1, MB, || Inventory::from_json(&inventory)).unwrap_err().to_string();
        assert!(
            error.contains("recursion limit") && error.contains("expected the JSON that `gateprobe inventory"),
            "{error}"
        );
        let error = within(1, MB, || read_export(export.as_bytes())).unwrap_err().to_string();
        assert!(error.contains("recursion limit"), "{error}");
    });
}

#[test]
fn a_resource_of_half_a_million_segments() {
    let path = "/a".repeat(MB / 2);
    let export = format!("{{\"paths\":{{\"{path}\":{{\"get\":{{}}}},\"/b\":{{\"get\":{{}}}}}}}}");
    let inventory = checks::account::inventory();
    let mut inventory = serde_json::to_value(inventory).unwrap();
    inventory["apis"][0]["deployments"]["d1"]["tree"] = serde_json::json!({ path.clone(): { "GET": {} } });
    alone(|| {
        checks::export(export.as_bytes());
        let error = Inventory::from_json(&inventory.to_string()).unwrap_err().to_string();
        assert!(error.contains("more than 1000 segments"), "{error}");
        let inventory: Inventory = serde_json::from_value(inventory).unwrap();
        let world = World::new(inventory, InvokeUrl::default());
        within(60, MB, || explained(&world, &get(&format!("{PROD}{path}")), &forbidden()));
    });
}

#[test]
fn five_thousand_resources_with_long_names() {
    let name = |index: usize| format!("/resource-{index}-{}", "long".repeat(50));
    let paths: String = (0..5000)
        .map(|index| format!(",\"{0}\":{{\"get\":{{}}}},\"{0}/{{id}}\":{{\"post\":{{}}}}", name(index)))
        .collect();
    let export = format!("{{\"paths\":{{\"/\":{{}}{paths}}}}}");
    alone(|| {
        let tree = within(40, export.len(), || read_export(export.as_bytes())).unwrap();
        assert_eq!(tree.len(), 10_000);
        let mut inventory = checks::account::inventory();
        inventory.apis[0].deployments.get_mut("d1").unwrap().tree = tree;
        let text = serde_json::to_string(&inventory).unwrap();
        let inventory = within(40, text.len(), || Inventory::from_json(&text)).unwrap();
        let world = World::new(inventory, InvokeUrl::default());
        for path in [name(4999), name(77) + "s", name(5) + "/7", "/nothing".to_owned()] {
            within(20, text.len(), || explained(&world, &get(&format!("{PROD}{path}")), &forbidden()));
        }
    });
}

#[test]
fn an_account_of_thousands_of_everything() {
    let mut inventory = checks::account::inventory();
    let api = &mut inventory.apis[0];
    let (stage, deployment) = (api.stages[0].clone(), api.deployments["d2"].clone());
    for index in 0..5000 {
        let mut stage = stage.clone();
        stage.name = format!("stage{index}");
        stage.deployment = Some(format!("d{index}"));
        api.stages.push(stage);
        let mut deployment = deployment.clone();
        deployment.created_at = Some(index);
        api.deployments.insert(format!("h{index}"), deployment.clone());
        api.deployments.insert(format!("d{index}"), deployment);
    }
    let domain = &mut inventory.domains[0];
    let mapping = domain.mappings[0].clone();
    for index in 0..5000 {
        let mut mapping = mapping.clone();
        mapping.base_path = format!("base{index}");
        domain.mappings.push(mapping);
    }
    let size = serde_json::to_string(&inventory).unwrap().len();
    let world = World::new(inventory, InvokeUrl::default());
    alone(|| {
        for url in [
            format!("{PROD}/nowhere"),
            format!("{PROD}/new"),
            PROD.replace("prod", "prd/orders"),
            PROD.replace("prod", "stage7777/orders"),
            PROD.replace("prod", ""),
            "https://shop.example.com/7".to_owned(),
            "https://shop.example.com/bas7/7".to_owned(),
        ] {
            let mut request = get(&url);
            request.headers = (0..100).map(|index| (format!("x-{index}"), "v".repeat(100))).collect();
            within(20, size, || explained(&world, &request, &forbidden()));
        }
    });
}

#[test]
fn an_export_that_demands_much_of_everyone() {
    let paths: String = (0..10_000).map(|index| format!(",\"/{index}\":{{\"get\":{{}}}}")).collect();
    let demands: String = (0..10_000).map(|index| format!(",{{\"scheme{index}\":[]}}")).collect();
    let export = format!("{{\"security\":[{{\"api_key\":[]}}{demands}],\"paths\":{{\"/\":{{\"get\":{{}}}}{paths}}}}}");
    alone(|| {
        let tree = within(60, export.len(), || read_export(export.as_bytes())).unwrap();
        assert!(tree.methods().all(|(_, _, method)| method.api_key_required));
    });
}

#[test]
fn configs_that_grow() {
    let mut aliases = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let _ = writeln!(aliases, "a{level}: &a{level} [{}]", format!("*a{}, ", level - 1).repeat(9));
    }
    let deep = format!("apis: {}{}", "[".repeat(100_000), "]".repeat(100_000));
    let nested = format!("apis:\n{}", (1..2000).map(|depth| format!("{}- \n", " ".repeat(depth))).collect::<String>());
    let globs = format!("apis: [{}]", "'*a*b*c*',".repeat(10_000));
    let braces = format!("apis: ['{}']", "{a,b}".repeat(20_000));
    let long = format!("apis: ['{}']", "a".repeat(MB));
    alone(|| {
        for text in [&aliases, &deep, &nested, &globs, &braces, &long] {
            // A glob of a few characters is compiled to some thousand bytes.
            let told =
                within(800, text.len().max(100_000), || Config::parse(text, "test").map_err(|error| error.to_string()));
            assert!(told.is_err() || ![&braces, &long].contains(&text));
            if let Err(error) = told {
                assert!(error.lines().count() == 1 && error.len() < 4096, "{} bytes", error.len());
            }
        }
    });
}

#[test]
fn curl_lines_of_a_megabyte() {
    let lines = [
        format!("curl '{PROD}/{}'", "a".repeat(MB - 1000)),
        format!("curl {PROD}/orders {}", "-H 'a: b' ".repeat(1500)),
        format!("curl {PROD}/orders --data-raw $'{}'", "\\u0041".repeat(MB / 6 - 100)),
        format!("curl {PROD}/orders -G {}", "-d a=b ".repeat(2000)),
        format!("curl {PROD}/orders {}", "\\\n".repeat(MB / 2 - 100)),
        format!("curl {PROD}/orders -d '{}'", "'\\''".repeat(MB / 4 - 100)),
        format!("curl {PROD}/orders ^\n -d \"{}\"", "^%^\"".repeat(MB / 5)),
        "curl ".repeat(MB / 5),
    ];
    alone(|| {
        for line in lines {
            if let Ok(read) = within(40, line.len(), || read_curl(&line)) {
                within(60, line.len(), || explained(&account(), &read.request, &forbidden()));
            }
        }
    });
}

/// How long each takes for inputs of one, two and four times a size: not asserted, for time is the machine's.
/// `cargo test --test hostile -- --ignored --nocapture ratios`
#[test]
#[ignore = "prints times"]
#[allow(clippy::too_many_lines, reason = "one table, and what its rows do")]
fn ratios() {
    let account = account();
    let explain = |path: &str| {
        explained(&account, &get(&format!("{PROD}{path}")), &forbidden());
    };
    let answered = |body: String| {
        let response = Response { status: 403, headers: vec![], body, truncated: false };
        explained(&account, &get(&format!("{PROD}/ordrs")), &Observation::saved(response));
    };
    let huge = |change: &dyn Fn(&mut Inventory), urls: &[&str]| {
        let mut inventory = checks::account::inventory();
        change(&mut inventory);
        let world = World::new(inventory, InvokeUrl::default());
        for url in urls {
            explained(&world, &get(url), &forbidden());
        }
    };
    let stages = |n: usize| {
        let deep = "/a".repeat(900);
        let change = |inventory: &mut Inventory| {
            let api = &mut inventory.apis[0];
            api.deployments.get_mut("d2").unwrap().tree.insert(
                &deep,
                gateprobe::gateway::Verb::Get,
                gateprobe::gateway::Method::open(),
            );
            for index in 0..n {
                let stage = gateprobe::gateway::Stage { name: format!("s{index}"), ..api.stages[1].clone() };
                api.stages.push(stage);
            }
        };
        huge(&change, &[&format!("{PROD}{deep}"), &format!("{PROD}/nothing"), &PROD.replace("prod", "s99999/orders")]);
    };
    let history = |n: usize| {
        let change = |inventory: &mut Inventory| {
            let api = &mut inventory.apis[0];
            for index in 0..n {
                let old = api.deployments["d0"].clone();
                api.deployments.insert(format!("h{index}"), old);
            }
        };
        huge(&change, &[&format!("{PROD}/nothing"), &format!("{PROD}/orders/me")]);
    };
    let mappings = |n: usize| {
        let change = |inventory: &mut Inventory| {
            let domain = &mut inventory.domains[0];
            for index in 0..n {
                let mapping =
                    gateprobe::gateway::Mapping { base_path: format!("b{index}"), ..domain.mappings[0].clone() };
                domain.mappings.push(mapping);
            }
        };
        huge(&change, &["https://shop.example.com/7", "https://shop.example.com/bb7/7"]);
    };
    let apis = |n: usize| {
        let change = |inventory: &mut Inventory| {
            for index in 0..n {
                let mut api = inventory.apis[1].clone();
                api.id = format!("a1b2c3{:04}", index % 10_000);
                inventory.apis.push(api);
            }
        };
        huge(&change, &["https://a1b2c3xx11.execute-api.us-east-1.amazonaws.com/prod/x"]);
    };
    // A chain of resources, and below it many that are nearly what is asked for.
    let alike = |n: usize| {
        let chain = "/a".repeat(29);
        let change = |inventory: &mut Inventory| {
            let tree = &mut inventory.apis[0].deployments.get_mut("d1").unwrap().tree;
            for index in 0..n {
                tree.insert(
                    &format!("{chain}/{index:06}{}x", "y".repeat(100)),
                    gateprobe::gateway::Verb::Get,
                    gateprobe::gateway::Method::open(),
                );
            }
        };
        huge(&change, &[&format!("{PROD}{chain}/99x999{}z", "y".repeat(100))]);
    };
    let custom = |n: usize| {
        let change = |inventory: &mut Inventory| {
            let own = inventory.apis[0].gateway_responses[0].clone();
            inventory.apis[0].gateway_responses.extend(std::iter::repeat_n(own, n));
        };
        huge(&change, &[&format!("{PROD}/nothing")]);
    };
    let headers = |n: usize| {
        let mut request = get(&format!("{PROD}/{}", "a".repeat(n * 20)));
        request.headers = (0..n).map(|index| ("x".to_owned(), format!("Bearer value-{index}"))).collect();
        explained(&account, &request, &forbidden());
    };
    let demands = |n: usize| {
        let paths: String = (0..n).map(|index| format!(",\"/{index}\":{{\"get\":{{}}}}")).collect();
        let demands: String = (0..n).map(|index| format!(",{{\"scheme{index}\":[]}}")).collect();
        let export = format!("{{\"security\":[{{\"k\":[]}}{demands}],\"paths\":{{\"/\":{{}}{paths}}}}}");
        let _ = read_export(export.as_bytes());
    };
    let saved = |text: String| {
        let _ = read_saved(text.as_bytes());
    };
    let curl = |text: String| {
        let _ = read_curl(&text);
    };
    let config = |text: String| {
        let _ = Config::parse(&text, "test");
    };
    let works: Vec<(&str, usize, Work<'_>)> = vec![
        ("saved: heads", 10_000, Box::new(|n| saved("HTTP/1.1 100 C\n\n".repeat(n) + "HTTP/1.1 403 F\n\n"))),
        ("saved: headers", 10_000, Box::new(|n| saved(format!("HTTP/1.1 403 F\n{}\n", "a: b\n".repeat(n))))),
        ("saved: no end", 250_000, Box::new(|n| saved(format!("HTTP/1.1 403 F\n{}", "\r\n\r".repeat(n))))),
        ("export: demands", 5_000, Box::new(demands)),
        ("curl: options", 1_000, Box::new(|n| curl(format!("curl https://h/ {}", "-H a:b ".repeat(n))))),
        ("curl: long word", 250_000, Box::new(|n| curl(format!("curl https://h/ -d '{}'", "a".repeat(n))))),
        ("curl: escapes", 40_000, Box::new(|n| curl(format!("curl https://h/ -d $'{}'", "\\u0041".repeat(n))))),
        ("curl: quotes", 60_000, Box::new(|n| curl(format!("curl https://h/ -d {}", "'a'\"b\"".repeat(n / 2))))),
        ("curl: continued", 100_000, Box::new(|n| curl(format!("curl https://h/ {}", "\\\n".repeat(n))))),
        ("curl: -G data", 1_000, Box::new(|n| curl(format!("curl -G https://h/ {}", "-d a=b ".repeat(n))))),
        ("curl: cmd", 40_000, Box::new(|n| curl(format!("curl ^\"https://h/^\" ^\n -d ^\"{}^\"", "^%^\"a".repeat(n))))),
        ("curl: error far in", 250_000, Box::new(|n| curl(format!("curl https://h/ {}\n'", "a".repeat(n))))),
        ("config: list", 10_000, Box::new(|n| config(format!("apis: [{}]", "'a*b',".repeat(n))))),
        ("config: contract", 2_000, Box::new(|n| config(format!("contract:\n{}", "- url: https://h/\n".repeat(n))))),
        (
            "config: parameters",
            5_000,
            Box::new(|n| config((0..n).fold("parameters:\n".to_owned(), |text, i| format!("{text}  p{i}: x\n")))),
        ),
        ("config: error far in", 20_000, Box::new(|n| config(format!("{}x: [", "# a\n".repeat(n))))),
        ("path: segments", 10_000, Box::new(|n| explain(&"/a".repeat(n)))),
        ("path: slashes", 10_000, Box::new(|n| explain(&"/".repeat(n)))),
        ("path: one segment", 250_000, Box::new(|n| explain(&format!("/{}", "a".repeat(n))))),
        ("path: escapes", 50_000, Box::new(|n| explain(&format!("/{}", "%6F".repeat(n))))),
        ("path: greedy", 100_000, Box::new(|n| explain(&format!("/files{}", "/a".repeat(n))))),
        ("query", 250_000, Box::new(|n| explain(&format!("/ordrs?{}", "a".repeat(n))))),
        ("body: words", 100_000, Box::new(|n| answered("word ".repeat(n)))),
        ("body: message", 100_000, Box::new(|n| answered(format!("{{\"message\":\"{}\"}}", "word ".repeat(n))))),
        (
            "body: quotes",
            50_000,
            Box::new(|n| answered(format!("{{\"message\":\"missing equal-sign {}\"}}", "' ".repeat(n)))),
        ),
        ("headers", 2_500, Box::new(headers)),
        ("stages", 2_000, Box::new(stages)),
        ("history", 2_000, Box::new(history)),
        ("mappings", 2_000, Box::new(mappings)),
        ("apis", 2_500, Box::new(apis)),
        ("alike", 1_000, Box::new(alike)),
        ("custom responses", 5_000, Box::new(custom)),
    ];
    alone(|| {
        for (name, n, work) in &works {
            let times = [1, 2, 4].map(|times| {
                let began = std::time::Instant::now();
                work(n * times);
                began.elapsed().as_secs_f64() * 1000.0
            });
            println!(
                "{name:<22} {n:>8} {:>9.1} ms {:>9.1} ms {:>9.1} ms   x{:.1} x{:.1}",
                times[0],
                times[1],
                times[2],
                times[1] / times[0],
                times[2] / times[1]
            );
        }
    });
}
