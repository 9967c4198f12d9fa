//! The simulator over real sockets.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use reqwest::Client;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::gateway::Verb;
use crate::simulator::{
    Account, Api, BadTransport, Behaviour, Method, Operation, Reached, Recording, Simulator, Trouble,
};

fn account() -> Account {
    Account::new("us-east-1")
        .api(
            Api::new("a1b2c3d4e5", "orders")
                .deploy("d1", |t| {
                    t.get("/orders", Behaviour::http(200, r#"{"orders":[]}"#))
                        .head("/orders", Behaviour::http(200, r#"{"orders":[]}"#))
                        .post("/orders", Behaviour::Mock)
                        .get("/slow", Method::mock().latency(Duration::from_millis(80)))
                })
                .stage("prod", "d1"),
        )
        .mapping("api.shop.example", "shop", "a1b2c3d4e5", Some("prod"))
}

/// A client that keeps connections and does not look for a proxy.
fn client() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

fn path_url(simulator: &Simulator, path: &str) -> String {
    simulator.invoke_url_template().replace("{api}", "a1b2c3d4e5").replace("{stage}", "prod") + path
}

#[tokio::test]
async fn the_three_ways_in() {
    let simulator = Simulator::start(account()).await.unwrap();
    let by_path = client().get(path_url(&simulator, "/orders")).send().await.unwrap();
    assert_eq!(by_path.status(), 200);

    let host = "a1b2c3d4e5.execute-api.us-east-1.localhost";
    let template = simulator.host_url_template();
    let url = template.replace("{api}", "a1b2c3d4e5").replace("{region}", "us-east-1").replace("{stage}", "prod");
    let pinned = Client::builder()
        .no_proxy()
        .resolve(host, simulator.address())
        .resolve("api.shop.example", simulator.address())
        .build()
        .unwrap();
    let by_host = pinned.get(format!("{url}/orders")).send().await.unwrap();
    assert_eq!(by_host.text().await.unwrap(), r#"{"orders":[]}"#);

    let domain = simulator.domain_url_template().replace("{domain}", "api.shop.example");
    let url = format!("{domain}:{}/shop/orders", simulator.address().port());
    assert_eq!(pinned.get(url).send().await.unwrap().status(), 200);
    let calls = simulator.calls();
    let hosts: Vec<&str> = calls.data.iter().map(|call| call.host.as_str()).collect();
    assert_eq!(hosts, ["127.0.0.1", host, "api.shop.example"]);
    assert_eq!(calls.reached_count("a1b2c3d4e5", "prod", "/orders"), 3);
    assert_eq!(calls.count(Operation::GetRestApis), 0);
}

#[tokio::test]
async fn head_has_no_body_but_all_headers() {
    let simulator = Simulator::start(account()).await.unwrap();
    let answer = client().head(path_url(&simulator, "/orders")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.headers().contains_key("x-amzn-requestid"));
    assert_eq!(answer.text().await.unwrap(), "");
    let refused = client().head(path_url(&simulator, "/nowhere")).send().await.unwrap();
    assert_eq!(refused.headers()["x-amzn-errortype"], "MissingAuthenticationTokenException");
    assert_eq!(refused.text().await.unwrap(), "");
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_request() {
    let simulator = Simulator::start(account()).await.unwrap();
    let mut stream = TcpStream::connect(simulator.address()).await.unwrap();
    for _ in 0..3 {
        let request = "GET /prod/nowhere HTTP/1.1\r\nhost: a1b2c3d4e5.execute-api.localhost\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"}") {
            stream.read_buf(&mut answer).await.unwrap();
        }
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{answer}");
        assert!(answer.to_ascii_lowercase().contains("\r\ndate: "), "{answer}");
        assert!(answer.ends_with(r#"{"message":"Missing Authentication Token"}"#), "{answer}");
    }
    drop(stream);
    client().get(path_url(&simulator, "/orders")).send().await.unwrap();
    let calls = simulator.calls();
    let numbers: Vec<usize> = calls.data.iter().map(|call| call.connection).collect();
    assert_eq!((numbers.as_slice(), calls.connections), ([1, 1, 1, 2].as_slice(), 2));
    assert!(calls.data.is_sorted_by_key(|call| call.at));
}

#[tokio::test]
async fn requests_are_recorded() {
    let simulator = Simulator::start(account()).await.unwrap();
    let id = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let request = client().post(path_url(&simulator, "/orders?a=1")).header("x-amzn-RequestId", id);
    let answer = request.header("user-agent", "gateprobe/0").send().await.unwrap();
    assert_eq!(answer.headers()["x-amzn-requestid"], id);
    client().get(path_url(&simulator, "/nowhere")).send().await.unwrap();
    let calls = simulator.calls();
    let reached = Reached {
        api: "a1b2c3d4e5".to_owned(),
        stage: "prod".to_owned(),
        resource: "/orders".to_owned(),
        declared: Verb::Post,
        verb: Verb::Post,
    };
    assert_eq!(calls.data[0].header("X-Amzn-RequestId"), Some(id));
    assert_eq!(calls.data[0].header("User-Agent"), Some("gateprobe/0"));
    assert!(calls.data[0].path.ends_with("/orders?a=1"));
    assert_eq!(calls.data[0].reached.as_ref(), Some(&reached));
    assert_eq!((calls.data[1].status, &calls.data[1].reached), (Some(403), &None));
    assert_eq!(calls.unsafe_reached(), [&reached]);

    simulator.forget_calls();
    simulator.account_mut(|account| account.recording = Recording::Counts);
    client().get(path_url(&simulator, "/orders")).send().await.unwrap();
    let calls = simulator.calls();
    assert_eq!((calls.data.len(), calls.data_count, calls.reached.len()), (0, 1, 1));
    assert!(calls.unsafe_reached().is_empty());
}

/// Facts A0: the host of an API that does not exist has no HTTP answer.
#[tokio::test]
async fn an_unknown_api_closes_the_connection() {
    let simulator = Simulator::start(account()).await.unwrap();
    let url = path_url(&simulator, "/orders").replace("a1b2c3d4e5", "unknown000");
    let error = client().get(url).send().await.unwrap_err();
    assert!(error.is_request() && error.status().is_none(), "{error:?}");
    assert_eq!(simulator.calls().data[0].status, None);
}

#[tokio::test]
async fn a_body_past_the_limit_gets_413() {
    let simulator = Simulator::start(account()).await.unwrap();
    let body = vec![b'a'; super::data::BODY_LIMIT + 1];
    let answer = client().post(path_url(&simulator, "/orders")).body(body).send().await;
    // The server may close before the client has sent everything; either way nothing reached the integration.
    if let Ok(answer) = answer {
        assert_eq!(answer.status(), 413);
    }
    assert!(simulator.calls().reached.is_empty());
    let allowed = vec![b'a'; super::data::BODY_LIMIT];
    let answer = client().post(path_url(&simulator, "/orders")).body(allowed).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

/// Latency is a sleep, not a held thread or lock: on one thread, many slow calls take no longer than one.
#[tokio::test]
async fn slow_methods_wait_side_by_side() {
    let simulator = Simulator::start(account()).await.unwrap();
    let (client, url) = (client(), path_url(&simulator, "/slow"));
    let before = Instant::now();
    let calls: Vec<_> = (0..20).map(|_| client.get(&url).send()).collect();
    for answer in futures::future::join_all(calls).await {
        assert_eq!(answer.unwrap().status(), 200);
    }
    let elapsed = before.elapsed();
    assert!(elapsed >= Duration::from_millis(80), "{elapsed:?}");
    assert!(elapsed < Duration::from_millis(800), "twenty in a row would take 1.6 s: {elapsed:?}");
    let calls = simulator.calls();
    assert!(calls.peak > 10 && calls.peak <= 20, "{}", calls.peak);
    assert_eq!(calls.peak_by_host["a1b2c3d4e5"], calls.peak);
    assert_eq!(calls.under_way["a1b2c3d4e5"], 0);
}

#[tokio::test]
async fn dropping_it_frees_the_port() {
    let simulator = Simulator::start(account()).await.unwrap();
    let address = simulator.address();
    let mut open = TcpStream::connect(address).await.unwrap();
    drop(simulator);
    let mut buffer = [0; 8];
    let read = tokio::time::timeout(Duration::from_secs(5), open.read(&mut buffer)).await.unwrap();
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    assert!(TcpStream::connect(address).await.is_err());
}

/// A world that HTTP cannot carry is told to whoever built it, and panics nothing.
#[tokio::test]
async fn an_impossible_answer_is_named() {
    let simulator = Simulator::start(account()).await.unwrap();
    simulator.account_mut(|account| {
        account.change_api("a1b2c3d4e5", |api| {
            api.deploy("d2", |t| t.get("/bad", Behaviour::http(42, ""))).stage("prod", "d2")
        });
    });
    let answer = client().get(path_url(&simulator, "/bad")).send().await.unwrap();
    assert_eq!(answer.status(), 501);
}

#[tokio::test]
async fn ways_of_getting_no_answer() {
    let mut seen = HashSet::new();
    for trouble in [
        Trouble::Refuses,
        Trouble::Resets,
        Trouble::Closes,
        Trouble::NeverAnswers,
        Trouble::SpeaksGarbage,
        Trouble::CutsShort,
    ] {
        let bad = BadTransport::start(trouble).await.unwrap();
        let client = Client::builder().no_proxy().timeout(Duration::from_millis(300)).build().unwrap();
        let answer = client.get(format!("http://{}/prod/x", bad.address())).send().await;
        let error = match answer {
            Ok(answer) => answer.text().await.unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.is_connect(), trouble == Trouble::Refuses, "{trouble:?} {error:?}");
        assert_eq!(error.is_timeout(), trouble == Trouble::NeverAnswers, "{trouble:?} {error:?}");
        assert!(seen.insert(format!("{error:?}").replace(&bad.address().port().to_string(), "")), "{error:?}");
    }
    let tls = BadTransport::start(Trouble::SpeaksGarbageToTls).await.unwrap();
    let error = client().get(format!("https://{}/prod/x", tls.address())).send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
}

/// A sweep of a large world, to see that routing and locks do not get in its way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_world_is_swept() {
    let world = Account::large(1_200).latency(Duration::ZERO);
    let paths: Vec<String> = world
        .apis
        .iter()
        .flat_map(|api| {
            let prefix = format!("/restapis/{}/prod/_user_request_", api.id);
            let tree = api.deployment_of(&api.stages[0]).unwrap().tree();
            let paths = tree.methods().filter(|(_, verb, _)| *verb == Verb::Get);
            paths.map(|(resource, _, _)| format!("{prefix}{}", resource.replace("{id}", "7"))).collect::<Vec<_>>()
        })
        .collect();
    let simulator = Simulator::start(world).await.unwrap();
    let client = client();
    for chunk in paths.chunks(100) {
        let sends = chunk.iter().map(|path| client.get(simulator.endpoint_url() + path).send());
        for answer in futures::future::join_all(sends).await {
            assert_eq!(answer.unwrap().status(), 200);
        }
    }
    let calls = simulator.calls();
    assert_eq!((calls.data_count, calls.reached.len()), (600, 600));
}
