//! What needs no curl to be known: errors, warnings, the cmd.exe form. `tests/curl.rs` holds the rest beside the real curl.

use proptest::prelude::*;

use super::*;

const URL: &str = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/orders";

fn read(line: &str) -> CurlLine {
    read_curl(line).unwrap_or_else(|error| panic!("{line}: {error}"))
}

fn headers(line: &CurlLine) -> Vec<(&str, &str)> {
    line.request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[test]
fn a_mistake_is_told_in_one_line() {
    let cases = [
        ("", "is empty"),
        ("  $  ", "is empty"),
        (URL, "does not begin with the word curl"),
        ("-X POST https://x.example/", "does not begin with the word curl"),
        ("wget https://x.example/", "for wget"),
        ("fetch(\"https://x.example/\")", "JavaScript's fetch"),
        ("Invoke-WebRequest -Uri \"https://x.example/\"", "PowerShell"),
        ("curl", "has no URL"),
        ("curl ''", "has no URL"),
        ("curl -X POST", "has no URL"),
        ("curl x.example y.example", "2 URLs"),
        ("curl x.example --url y.example", "2 URLs"),
        ("curl x.example -H", "-H of the curl line lacks its value"),
        ("curl x.example --header", "--header of the curl line lacks its value"),
        ("curl 'x.example", "the single quote (') at line 1, column 6 of the curl line is never closed"),
        ("curl x.example \\\n  -H \"a: b", "the double quote (\") at line 2, column 6"),
        ("curl x.example -d $'a", "the $' quote at line 1, column 19"),
        ("curl x.example -H \"x: $TOKEN\"", "$TOKEN at line 1, column 23"),
        ("curl $URL", "$URL"),
        ("curl x.example/${STAGE:-prod}", "${STAGE}"),
        ("curl x.example -H \"x: $(cat secret)\"", "$(…)"),
        ("curl x.example -d `date`", "backticks"),
        ("curl x.example -d \"`date`\"", "backticks"),
        ("curl x.example -d $1", "$1"),
        ("curl https://<api-id>.execute-api.us-east-1.amazonaws.com/", "placeholder"),
        ("curl x.example -d @<(date)", "<(…)"),
        ("curl https://{api-id}.execute-api.us-east-1.amazonaws.com/", "placeholder"),
        ("curl https://x.example/{a,b}", "unquoted braces at line 1, column 24"),
        ("curl x.example -A Mozilla/5.0 (X11)", "parenthesis at line 1, column 31"),
        ("curl \u{201c}https://x.example/\u{201d}", "typographic quote"),
        ("curl x.example \u{2013}X POST", "typographic dash"),
        ("curl x.example -d @body.json", "the option -d of the curl line"),
        ("curl x.example -d @body.json", "from a file"),
        ("curl x.example -d@-", "from a file"),
        ("curl x.example --data-binary @body.json", "--data-binary of the curl line takes its value from a file"),
        (
            "curl x.example --data-urlencode name@body.txt",
            "--data-urlencode of the curl line takes its value from a file",
        ),
        ("curl x.example --json @body.json", "from a file"),
        ("curl x.example --url-query @q", "from a file"),
        ("curl x.example -H @headers", "from a file"),
        ("curl x.example -b cookies.txt", "from a file"),
        ("curl x.example -F file=@a.png", "-F of the curl line is not followed: a form"),
        ("curl x.example -T a.png", "-T of the curl line is not followed: a file's content"),
        ("curl -K file", "-K of the curl line is not followed"),
        ("curl x.example --next y.example", "one request"),
        ("curl x.example --expand-data '{{x}}'", "--expand-data"),
        ("curl x.example -u user", "has no password"),
        ("curl x.example -X 'GE T'", "is no verb"),
        ("curl x.example -X ''", "is no verb"),
        ("curl x.example -H $'a: b\\r\\nc: d'", "line break"),
        ("curl x.example -A $'a\\nb'", "User-Agent"),
        ("curl x.example --request=POST", "--request VALUE"),
        ("curl x.example --heder a", "did you mean --header?"),
        ("curl x.example --frobnicate", "no option --frobnicate: see"),
        ("curl x.example -sS@", "no option"),
        ("curl x.example --dat a", "--data, --data-ascii"),
        ("curl x.example -I -d a", "--head and --data"),
        ("curl 'x.example/a b'", "%20"),
        ("curl ftp://x.example/", "neither http nor https"),
        ("curl https://", "cannot be read"),
        ("curl https://me:pw@x.example/", "has credentials in it"),
        ("curl x.example --connect-to nonsense", "HOST1:PORT1:HOST2:PORT2"),
        ("curl x.example --resolve x:y", "HOST:PORT:ADDRESS"),
        ("curl x.example -d $'\\xff'", "not UTF-8"),
        ("curl x.example -d $'\\ud800'", "no character"),
        ("curl x.example -d $'a\\0b'", "zero byte"),
    ];
    for (line, expected) in cases {
        let error = read_curl(line).map(|read| read.request).unwrap_err().to_string();
        assert!(error.contains(expected), "{line}\n  {error}\n  lacks {expected}");
        assert!(!error.contains('\n') && error.len() < 400, "{error}");
    }
    assert!(matches!(read_curl(&format!("curl {}", "x".repeat(MOST_BYTES))), Err(CurlError::TooLong { .. })));
}

/// Every place of a line where a secret may stand, good lines and bad ones.
#[test]
fn no_value_is_echoed() {
    for line in [
        "curl x.example -u me:hush -b a=hush -H 'Authorization: Bearer hush' --oauth2-bearer hush -d hush",
        "curl x.example -G -d key=hush",
        "curl x.example -H Authorization: Bearer hush",
        "curl x.example -H 'hush",
        "curl x.example -H hush -H 'a;hush' -H ':hush'",
        "curl x.example -u hush",
        "curl https://me:hush@x.example/",
        "curl 'https://x.example:hush/'",
        "curl 'https://hush x.example/'",
        "curl --oauth2-bearer=hush x.example",
        "curl --oauth2-bearerhush x.example",
        "curl --user=hush:hush x.example",
        "curl --headerhush x.example",
        "curl -hush x.example",
        "curl x.example -b hush",
        "curl x.example -X 'hush hush'",
        "curl x.example -d @hush",
        "curl x.example -F hush=hush",
        "curl x.example -H \"Authorization: hush $TOKEN\"",
        "curl x.example -H $'Authorization: hush\\n'",
        "curl x.example --resolve hush --connect-to hush",
        "curl x.example -L --proxy-user hush:hush -x hush -E hush",
        "curl x.example | hush",
        "curl x.example &hush=1",
        "hush curl x.example",
        "TOKEN=hush curl x.example",
        "curl x.example -d {hush,hush}",
        "curl x.example (hush)",
    ] {
        let read = read_curl(line);
        let debug = format!("{read:?}");
        assert!(!debug.contains("hush"), "{line}: {debug}");
        match read {
            Ok(read) => assert!(!read.warnings.concat().contains("hush"), "{line}: {:?}", read.warnings),
            Err(error) => assert!(!error.to_string().contains("hush"), "{line}: {error}"),
        }
    }
}

#[test]
fn what_is_not_followed_or_not_read_is_told() {
    for (rest, expected) in [
        ("", vec![]),
        ("-sSvi --compressed -o out -m 3 --http2 --tlsv1.2", vec![]),
        ("-Lk -x proxy", vec!["this is not followed: --insecure, --location, --proxy"]),
        ("-L -L --no-insecure", vec!["this is not followed: --location"]),
        ("--aws-sigv4 aws:amz -u a:b", vec!["this is not followed: --aws-sigv4"]),
        ("| jq .", vec!["behind the `|`"]),
        ("; echo", vec!["behind the `;`"]),
        ("&& echo", vec!["behind the `&`"]),
        (";", vec![]),
        ("&x=1", vec!["an unquoted & ends the command"]),
        ("\necho", vec!["behind the end"]),
        ("\n\n  ", vec![]),
        ("\n -H 'a: b'\n -H 'c: d'", vec!["without a backslash"]),
        ("\\ \n -H 'a: b'", vec!["a space behind it"]),
        ("-H 'no colon' -H 'a b: c'", vec!["without a colon", "HTTP does not allow"]),
        ("-d abc -H 'Content-Length: 5'", vec!["3 is sent"]),
        ("-d abc -H 'Content-Length: 3' -H 'Connection: close'", vec![]),
        ("-d abc -H 'Transfer-Encoding: chunked'", vec!["with its length"]),
        ("-G -d a=1#2", vec!["from # on"]),
    ] {
        let line = read(&format!("curl {URL} {rest}"));
        assert_eq!(line.warnings.len(), expected.len(), "{rest}: {:?}", line.warnings);
        for (warning, expected) in line.warnings.iter().zip(expected) {
            assert!(warning.contains(expected), "{rest}: {warning}");
        }
        assert!(line.request.header("authorization").is_none(), "{rest}");
    }
    assert!(read("curl x.example/a#b").warnings.concat().contains("from # on"));
    assert!(read("curl x.example/a").warnings.concat().contains("no scheme"));
    assert!(read("curl http://x.example/a/%2e%2e/b").warnings.concat().contains("%2e"));
    assert!(read("curl http://x.example/a%2eb").warnings.is_empty());
}

#[test]
fn takes_a_prompt_and_a_path_in_front() {
    for line in [
        format!("$ curl {URL}"),
        format!("\n  $ /usr/bin/curl {URL}\n"),
        format!("curl.exe {URL}"),
        format!("$ curl \\\n>   -X GET \\\n> {URL}"),
        format!("curl \\\r\n  {URL}\r\n"),
    ] {
        let read = read(&line);
        assert_eq!((read.request.url.as_str(), read.warnings.len()), (URL, 0), "{line}");
    }
}

#[test]
fn pins_are_taken_over() {
    let line =
        read("curl https://x.example/ --connect-to x.example:443:127.0.0.1:8443 --resolve '+*:443:[::1],10.0.0.1'");
    let pins: Vec<String> = line.pins.iter().map(ToString::to_string).collect();
    assert_eq!(pins, ["x.example:443:127.0.0.1:8443", ":443:[::1]:"]);
}

/// The form of Chrome's "Copy as cURL (cmd)", with a body of every character that either parser looks at.
#[test]
fn reads_what_is_written_for_cmd() {
    let line = concat!(
        "curl ^\"https://x.example/prod/orders?a=1^&b=%^20x^\" ^\r\n",
        "  -X ^\"POST^\" ^\r\n",
        "  -H ^\"accept: */*^\" ^\r\n",
        "  -H ^\"sec-ch-ua: ^\\^\"Chromium^\\^\";v=^\\^\"140^\\^\"^\" ^\r\n",
        "  --data-raw ^\"^{^\\^\"path^\\^\":^\\^\"C:^\\^\\x^\\^\",^\r\n\r\n^\\^\"it's^\\^\":^\\^\"50^%^\\^\"^}^\" ^\r\n",
        "  --compressed\r\n",
    );
    let line = read(line);
    assert_eq!(line.request.method, "POST");
    assert_eq!(line.request.url.as_str(), "https://x.example/prod/orders?a=1&b=%20x");
    assert_eq!(headers(&line)[..2], [("accept", "*/*"), ("sec-ch-ua", "\"Chromium\";v=\"140\"")]);
    assert_eq!(line.request.body.as_deref(), Some("{\"path\":\"C:\\\\x\",\n\"it's\":\"50%\"}"));
    assert_eq!(line.warnings, [""; 0]);

    // The older form: plain quotes, doubled inside, and carets only before line ends.
    let line = read("curl \"https://x.example/a?b=1&c=2\" ^\n -H \"x: \"\"y\"\" z\" ^\n -d \"a|b^c\"");
    assert_eq!(line.request.url.query(), Some("b=1&c=2"));
    assert_eq!(line.request.header("x"), Some("\"y\" z"));
    assert_eq!(line.request.body.as_deref(), Some("a|b^c"));

    // A caret in bash's quotes is none of cmd.exe's.
    let line = read("curl x.example --data-raw \"x ^\ny\" --data-raw '$z'");
    assert_eq!(line.request.body.as_deref(), Some("x ^\ny&$z"));
}

#[test]
fn a_mistake_in_a_line_for_cmd_is_told() {
    for (line, expected) in [
        ("curl ^\"https://x.example/%API_KEY%^\"", "%API_KEY%"),
        ("curl ^\"https://x.example/ ^\n -d x", "the double quote (\") at line 1, column 6"),
    ] {
        let error = read_curl(line).unwrap_err().to_string();
        assert!(error.contains(expected), "{line}: {error}");
    }
    let line = read("curl ^\"https://x.example/%D0%BF%C3%A9^\" | findstr x");
    assert!(line.warnings.concat().contains("was not read"));
    assert_eq!(line.request.url.path(), "/%D0%BF%C3%A9");
}

/// A value as each shell would have it quoted.
fn quoted(value: &str, how: u8) -> String {
    match how {
        0 => format!("'{}'", value.replace('\'', "'\\''")),
        1 => {
            let escaped: String =
                value.chars().flat_map(|c| "\\\"$`".contains(c).then_some('\\').into_iter().chain([c])).collect();
            format!("\"{escaped}\"")
        }
        _ => {
            let escaped: String = value.encode_utf16().fold(String::new(), |text, unit| format!("{text}\\u{unit:04x}"));
            format!("$'{escaped}'")
        }
    }
}

/// A value as cmd.exe and the C runtime need it: backslashes doubled before quotes and at the end, quotes escaped, and
/// a caret before everything that either might look at.
fn quoted_for_cmd(value: &str) -> String {
    let mut inner = String::new();
    let mut slashes = 0;
    for c in value.chars() {
        match c {
            '\\' => slashes += 1,
            '"' => {
                inner.push_str(&"\\".repeat(slashes + 1));
                slashes = 0;
            }
            _ => slashes = 0,
        }
        inner.push(c);
    }
    inner.push_str(&"\\".repeat(slashes));
    let careted: String = inner
        .chars()
        .map(|c| match c {
            '\n' => "^\r\n\r\n".to_owned(),
            c if c.is_ascii_alphanumeric() || c == ' ' => c.to_string(),
            c => format!("^{c}"),
        })
        .collect();
    format!("^\"{careted}^\"")
}

proptest! {
    #[test]
    fn what_a_shell_quotes_is_read_back(
        value in prop::collection::vec(prop_oneof![
            prop::sample::select("'\"\\$`!^%&|<>(){}[];#~*? \n\r\tab@1é😀".chars().collect::<Vec<_>>()),
            any::<char>().prop_filter("no zero byte", |c| *c != '\0'),
        ], 0..24).prop_map(String::from_iter),
        how in 0..3_u8,
    ) {
        let line = format!("curl x.example --data-raw {}", quoted(&value, how));
        prop_assert_eq!(read(&line).request.body, Some(value));
    }

    #[test]
    fn what_cmd_needs_is_read_back(
        value in prop::collection::vec(prop::sample::select("'\"\\$`!^%&|<>(){}[];#~*? \nab@1é😀".chars().collect::<Vec<_>>()), 0..24)
            .prop_map(String::from_iter),
    ) {
        let line = format!("curl ^\"https://x.example/^\" --data-raw {}", quoted_for_cmd(&value));
        prop_assert_eq!(read(&line).request.body, Some(value));
    }

    /// Any text ends in a request or an error, and soon.
    #[test]
    fn no_text_is_too_much(
        text in prop::collection::vec(prop::sample::select(vec![
            "curl ", "'", "\"", "$'", "\\", "\n", "\r\n", "^", "^\"", "$", "{", "}", "[", "]", "(", "<", ">", "&", "|", "%", "%41", "#",
            " ", "-", "--", "-H ", "-d ", "-u ", "-G ", "--json ", "--data-urlencode ", "--url ", "--no-", "http://", "x.example", "/a", "?", "=", "@", ":",
            "\u{0}", "\u{fffd}", "é", "\\u", "\\x", "\\U0010FFFF", "d83d", "0", "..", ",",
        ]), 0..60).prop_map(|parts| parts.concat()),
    ) {
        for text in [text.clone(), format!("curl {text}"), format!("curl http://x.example/ {text}")] {
            match read_curl(&text) {
                Ok(line) => prop_assert!(line.request.url.host_str().is_some()),
                Err(error) => prop_assert!(!error.to_string().contains('\n')),
            }
        }
    }
}

/// A megabyte of anything is read, or refused, in time that grows with its length only.
#[test]
fn a_megabyte_takes_no_longer_than_it_must() {
    let begun = std::time::Instant::now();
    for piece in [
        "a ",
        "'a' ",
        "\\\n-",
        "\n-s ",
        "-s ",
        "--sil ",
        "$ ",
        "{a} ",
        "[]",
        "-H 'a: b' ",
        "-dx ",
        "%41",
        "^\"^\" ",
        "\\ ",
        "<x ",
        "-b a=1 ",
        "-L ",
    ] {
        let many = piece.repeat((MOST_BYTES - 30) / piece.len());
        for line in [
            format!("curl http://x.example/{many}"),
            format!("curl http://x.example/ {many}"),
            format!("curl 'http://x.example/{many}"),
        ] {
            // Whichever it is, it comes back.
            let _ = read_curl(&line);
        }
    }
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}
