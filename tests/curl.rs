//! `read_curl` beside the real curl: each line goes through bash and curl against a server on loopback that writes down
//! what came, and that must be what `read_curl` makes of the line.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use gateprobe::gateway::Request;
use gateprobe::probe::read_curl;

/// A request with what does not count taken out: header names in small letters, sorted.
#[derive(Debug, PartialEq, Eq)]
struct Sent {
    method: String,
    path: String,
    query: Option<String>,
    headers: Vec<(String, String)>,
    body: String,
}

/// Headers that the sender makes for its connection, or that carry curl's own name.
const NOT_COMPARED: [&str; 4] = ["content-length", "transfer-encoding", "connection", "expect"];

impl Sent {
    fn new(method: &str, target: &str, mut headers: Vec<(String, String)>, body: String) -> Self {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(upper_hex(query))),
            None => (target, None),
        };
        for (name, value) in &mut headers {
            *name = name.to_ascii_lowercase();
            // What curl unpacks depends on how it was built; the prober unpacks gzip.
            if name == "accept-encoding" && value.contains("gzip") {
                "gzip".clone_into(value);
            }
        }
        let own = |(name, value): &(String, String)| match name.as_str() {
            "user-agent" => value.starts_with("curl/"),
            "accept" => value == "*/*",
            name => NOT_COMPARED.contains(&name),
        };
        headers.retain(|header| !own(header));
        headers.sort();
        Sent { method: method.to_owned(), path: upper_hex(path), query, headers, body }
    }

    fn read(request: &Request) -> Self {
        let url = &request.url;
        let mut headers = request.headers.clone();
        if request.header("host").is_none() {
            let port = url.port().map_or(String::new(), |port| format!(":{port}"));
            headers.push(("host".to_owned(), format!("{}{port}", url.host_str().unwrap())));
        }
        let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
        Sent::new(&request.method, target, headers, request.body.clone().unwrap_or_default())
    }
}

/// `%c3` and `%C3` are the same.
fn upper_hex(text: &str) -> String {
    let mut out = String::new();
    let mut left = 0;
    for c in text.chars() {
        out.push(if left > 0 { c.to_ascii_uppercase() } else { c });
        left = if c == '%' { 2 } else { usize::saturating_sub(left, 1) };
    }
    out
}

fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

/// Reads one request and answers it.
fn serve(mut stream: TcpStream) -> Option<Sent> {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    let (head, length) = loop {
        if let Some(end) = head_end(&bytes) {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let length = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok())
                .unwrap_or(0);
            if bytes.len() >= end + length {
                break (head, length);
            }
        }
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&chunk[..read]),
        }
    };
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").ok();
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?, first.next()?);
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let body = String::from_utf8(bytes[head.len()..head.len() + length].to_vec()).unwrap();
    Some(Sent::new(method, target, headers, body))
}

struct Recorder {
    address: SocketAddr,
    seen: Receiver<Sent>,
}

impl Recorder {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, seen) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Some(sent) = serve(stream)
                    && sender.send(sent).is_err()
                {
                    return;
                }
            }
        });
        Recorder { address, seen }
    }

    fn fill(&self, line: &str) -> String {
        line.replace("HOST", &self.address.to_string()).replace("PORT", &self.address.port().to_string())
    }

    /// What bash and curl send for a line, if anything: curl has ended when this returns, so nothing is waited for.
    fn run(&self, line: &str) -> (Option<Sent>, Output) {
        let output = Command::new("bash")
            .args(["--norc", "-c", line])
            .env_clear()
            .envs([("PATH", std::env::var("PATH").unwrap_or_default()), ("LC_ALL", "C.UTF-8".to_owned())])
            .env("HOME", "/nonexistent")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let sent = match output.status.code() {
            // An answer was read, so the request has been written down or is about to be.
            Some(0) => self.seen.recv_timeout(Duration::from_secs(20)).ok(),
            _ => self.seen.try_recv().ok(),
        };
        (sent, output)
    }
}

fn has_curl() -> bool {
    let found = Command::new("curl").arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("SKIPPED: there is no curl on this machine to compare with");
    }
    found
}

/// One line each; `HOST` stands for the server, `PORT` for its port.
const LINES: &[&str] = &[
    // Plain, and the ways to give the verb.
    "curl http://HOST/a",
    "curl HOST/a/b/",
    "curl 'HOST?x=1'",
    "curl -X DELETE http://HOST/a",
    "curl -XPATCH http://HOST/a",
    "curl -X post http://HOST/a",
    "curl --request PUT --url http://HOST/a",
    "curl -I http://HOST/a",
    "curl -I -X POST http://HOST/a",
    "curl -sSLX OPTIONS http://HOST/a",
    "curl -- http://HOST/a",
    // Shortened and oddly written options.
    "curl --REQUEST PUT http://HOST/a",
    "curl --head http://HOST/a --globo --compressed",
    "curl --refer http://r.example/ http://HOST/a",
    "curl --no-buffer --no-keepalive --no-progress-meter http://HOST/a",
    // Headers.
    "curl -H 'X-A: b' -H 'x-a:c' -HX-D:e http://HOST/a",
    "curl -H 'X-Empty;' -H 'X-Gone:' -H 'X-Gone-Too: ' -H 'X-Not; ' -H 'no colon' -H 'X;y' http://HOST/a",
    "curl -H 'Accept: a/b' -H 'User-Agent: me' http://HOST/a",
    "curl -H 'Accept:' -H 'User-Agent:' http://HOST/a",
    "curl -H 'Host: api.example.com' http://HOST/a",
    "curl -H 'X-T:  two  blanks ' -H \"X-Q: it's \\\"q\\\" \\\\ \\x\" http://HOST/a",
    "curl -H ':authority: x' -H 'X: y' http://HOST/a",
    "curl -A agent/1 -e 'http://r.example/;auto' -r 0-9 http://HOST/a",
    "curl -A '' -e '' http://HOST/a",
    "curl -A mine -H 'user-agent: theirs' -e mine -H 'Referer;' http://HOST/a",
    // Credentials and cookies.
    "curl -u user:pass http://HOST/a",
    "curl -u user: http://HOST/a",
    "curl -u 'us:er:p@ss wörd' http://HOST/a",
    "curl -uuser:pa http://HOST/a",
    "curl -u a:b -H 'Authorization: mine' http://HOST/a",
    "curl -u a:b -H 'Authorization:' http://HOST/a",
    "curl -u a:b --oauth2-bearer token http://HOST/a",
    "curl --oauth2-bearer token -H 'authorization: Bearer mine' http://HOST/a",
    "curl --digest -u a:b http://HOST/a",
    "curl --anyauth -u a:b http://HOST/a",
    "curl -b a=1 -b 'c=2; d=3' http://HOST/a",
    "curl -b '' -b a=1 -H 'Cookie: mine=1' http://HOST/a",
    "curl --compressed http://HOST/a",
    "curl --compressed --no-compressed http://HOST/a",
    "curl --compressed -H 'Accept-Encoding: br' http://HOST/a",
    // Data.
    "curl -d a=1 http://HOST/a",
    "curl -d a=1 -d b=2 --data-raw @c --data-binary d http://HOST/a",
    "curl -d '' http://HOST/a",
    "curl -X GET -d '{\"a\": 1}' -H 'content-type: application/json' http://HOST/a",
    "curl -d a -H 'Content-Type:' http://HOST/a",
    "curl --data-urlencode 'a=b c&d/é' --data-urlencode '=x=y' --data-urlencode 'p~-._!*()' --data-urlencode n= http://HOST/a",
    "curl --json '{\"a\":1}' http://HOST/a",
    "curl --json '{\"a\":' --json '1}' -H 'accept: a/b' http://HOST/a",
    "curl -d a --json b -d c -X PUT http://HOST/a",
    "curl --json '{}' -H 'content-type;' http://HOST/a",
    "curl -G -d a=1 -d b=2 http://HOST/a",
    "curl -G --data-urlencode 'q=a b+c/ü' 'http://HOST/a?z=1'",
    "curl -G -d a=1 'http://HOST/a?'",
    "curl -G -d a=1 'http://HOST/a?b&'",
    "curl -G -I -d a=1 http://HOST/a",
    "curl -G -d a -X POST http://HOST/a",
    "curl -G --json a=1 http://HOST/a",
    "curl -GGd a=1 http://HOST/a",
    "curl -G -d a --no-get http://HOST/a",
    "curl --url-query 'n=v w' --url-query '+p=q' --url-query plain http://HOST/a",
    "curl --url-query a=b -G -d c=d http://HOST/a",
    // URLs.
    "curl 'http://HOST/a?b=c&d=e#fragment'",
    "curl http://HOST/x/../y/./z",
    "curl 'http://HOST/a%2Fb/%zz?q=%20+%2B'",
    "curl 'http://HOST/a?ids[]=1&ids[]=2'",
    "curl 'http://HOST/a?f\\[x\\]=\\{1\\}'",
    "curl -g 'http://HOST/a?f[x]={1}'",
    "curl --connect-to api.example.com:80:HOST http://api.example.com/a",
    "curl --resolve api.example.com:PORT:127.0.0.1 http://api.example.com:PORT/a",
    // The shell.
    "curl  'http://HOST'/a\\?b\"=c\"'&d'  ",
    "curl \\\n  -H 'X-A: b' \\\n\t-X \\\n PUT http://HOST/a\n",
    "curl http://HOST/a -H \"X-A: b \\\nc\" -H 'X-M: d'",
    "curl http://HOST/a -d 'line one\nline two\r\n'",
    "curl http://HOST/a -d $'tab\\there\\nline \\u00e9\\xc3\\xa9\\101\\'\\\"\\\\ \\q \\e[0m'",
    "curl http://HOST/a -d $'\\U0001F600\\x41g\\1018\\cA'",
    "curl http://HOST/a -d $\"x\" -H \"X-Dollar: a$ $\" -d $ -d '$HOME'",
    "curl http://HOST/a -d a'b'\"c\"\\d$'e'",
    "curl http://HOST/a -d x#y -d '' # a comment",
    "curl http://HOST/a?b=c -o /dev/null -s -w '%{http_code}'",
    "curl http://HOST/a 2>&1 >/dev/null -X PUT",
    "curl http://HOST/a -d {\"a\":1} 2>/dev/null",
    "curl http://HOST/a | cat -n",
    "curl http://HOST/a; true",
    "curl http://HOST/a && true",
    "curl http://HOST/a\ntrue -X PUT",
    // What they are copied from.
    "curl 'http://HOST/prod/orders?limit=10' \\\n  -H 'accept: application/json' \\\n  -H 'accept-language: en-US,en;q=0.9' \\\n  -H 'authorization: Bearer eyJ0.e30.x-_y' \\\n  -H 'sec-ch-ua: \"Chromium\";v=\"140\", \"Not=A?Brand\";v=\"24\"' \\\n  -b 'session=1; theme=dark' \\\n  --data-raw $'{\"name\":\"it\\'s \\\\u0021\"}' \\\n  --insecure",
    "curl 'http://HOST/prod/orders' --compressed -X POST -H 'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' -H 'Content-Type: application/json' -H 'Connection: keep-alive' --data-raw '{\"a\":\"b\"}'",
    "curl 'http://HOST/prod/orders' \\\n-X 'POST' \\\n-H 'Accept: */*' \\\n-H 'Content-Length: 5' \\\n--data-binary 'a=b&c'",
    "curl --location --request POST 'http://HOST/prod/orders' \\\n--header 'x-api-key: k' \\\n--header 'Content-Type: application/json' \\\n--data '{\n    \"a\": [1, 2]\n}'",
    "curl --request POST \\\n  --url 'http://HOST/prod/orders?a=b' \\\n  --header 'User-Agent: insomnia/11' \\\n  --header 'content-type: multipart/x' \\\n  --data '{}'",
    "curl -v -i -k -f --http1.1 --max-time 30 --connect-timeout 5 --retry 0 -4 -N -H \"x-api-key: abc\" http://HOST/prod/orders/42",
];

#[test]
fn reads_what_the_real_curl_sends() {
    if !has_curl() {
        return;
    }
    let recorder = Recorder::start();
    let mut wrong = Vec::new();
    for line in LINES {
        let line = recorder.fill(line);
        let (sent, output) = recorder.run(&line);
        let read = read_curl(&line).map(|read| Sent::read(&read.request));
        match (sent, read) {
            (Some(sent), Ok(read)) if sent == read => {}
            (sent, read) => wrong.push(format!(
                "{line}\n  curl: {sent:?}\n  read: {read:?}\n  {}",
                String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or("")
            )),
        }
    }
    assert!(wrong.is_empty(), "{} of {} lines differ:\n{}", wrong.len(), LINES.len(), wrong.join("\n"));
    println!("{} lines read as curl sends them", LINES.len());
}

/// A URL holds these characters percent-encoded only: the same request, written otherwise.
#[test]
fn what_a_url_cannot_hold_is_percent_encoded() {
    if !has_curl() {
        return;
    }
    let recorder = Recorder::start();
    for line in ["curl -g 'http://HOST/{a}/\\b/é?q=\"<ü>\"'", "curl -G -d 'q=\"#r' http://HOST/a"] {
        let line = recorder.fill(line);
        let sent = recorder.run(&line).0.unwrap();
        let read = Sent::read(&read_curl(&line).unwrap().request);
        let decoded = |sent: &Sent| {
            let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
            (decode(&sent.path), sent.query.as_deref().map(decode))
        };
        assert_eq!(decoded(&sent), decoded(&read), "{line}");
        assert!(read.path.is_ascii() && !read.path.contains(['{', '\\']), "{}", read.path);
    }
}

#[test]
fn what_curl_refuses_is_refused() {
    if !has_curl() {
        return;
    }
    let recorder = Recorder::start();
    for line in [
        "curl",
        "curl -sS",
        "curl http://HOST/a -X",
        "curl http://HOST/a --request=POST",
        "curl http://HOST/a --reqest POST",
        "curl http://HOST/a --dat a",
        "curl http://HOST/a -I -d a",
        "curl http://HOST/a --head --no-head",
        "curl 'http://HOST/a b'",
        "curl -G -d 'a b' http://HOST/a",
        "curl 'http://HOST/a{b'",
        "curl 'http://HOST/a?b=1]'",
        "curl 'http://HOST/a?b[x]=1'",
        "curl http://HOST/a -d 'open",
        "curl http://HOST/a -d \"open",
        "curl http://HOST/a -A Mozilla (X11)",
        "curl http://HOST/a -",
    ] {
        let line = recorder.fill(line);
        let (sent, output) = recorder.run(&line);
        assert!(sent.is_none() && !output.status.success(), "curl sends it: {line}");
        assert!(read_curl(&line).is_err(), "{line}");
    }
}
