//! curl's options: what each means for one request.

/// What an option means here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Means {
    /// Nothing: it is about output, limits or other protocols.
    Nothing,
    /// Something that is not followed, which is said.
    NotFollowed,
    /// Another kind of request than can be asked about, with what to do.
    Refused(&'static str),
    /// Credentials are not sent at once, or not as Basic.
    OtherAuth,
    Url,
    UrlQuery,
    Request,
    Header,
    Data(Data),
    Get,
    Head,
    User,
    Bearer,
    Agent,
    Referer,
    Cookie,
    Compressed,
    Range,
    GlobOff,
    ProtoDefault,
    ConnectTo,
    Resolve,
}

/// How a value becomes a part of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Data {
    /// As it stands; `@` names a file.
    Plain,
    /// As it stands, `@` included.
    Raw,
    /// Percent-encoded behind its name.
    Encoded,
    /// As it stands and without `&` before it, with JSON's headers.
    Json,
}

/// One option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Opt {
    /// The long name without its dashes.
    pub(super) long: &'static str,
    /// The letter.
    pub(super) short: Option<char>,
    /// Whether a value follows.
    pub(super) takes_value: bool,
    pub(super) means: Means,
}

const UPLOAD: &str =
    "a file's content is not read; put it in with --data-raw, or leave it out: routing does not look at bodies";
const FORM: &str = "a form of several parts is not built; leave the body out (routing does not look at it), or put it in with --data-raw";
const CONFIG: &str = "the file is not read; write its options into the line";
const NO_REQUEST: &str = "it makes curl print something and send nothing; leave it out";

/// The options of curl 8.17 that mean something, or whose want would be missed. `name/letter`, as `curl --help all` has them.
const KNOWN: &[(Means, bool, &[&str])] = &[
    (Means::Url, true, &["url"]),
    (Means::UrlQuery, true, &["url-query"]),
    (Means::Request, true, &["request/X"]),
    (Means::Header, true, &["header/H"]),
    (Means::Data(Data::Plain), true, &["data/d", "data-ascii", "data-binary"]),
    (Means::Data(Data::Raw), true, &["data-raw"]),
    (Means::Data(Data::Encoded), true, &["data-urlencode"]),
    (Means::Data(Data::Json), true, &["json"]),
    (Means::Get, false, &["get/G"]),
    (Means::Head, false, &["head/I"]),
    (Means::User, true, &["user/u"]),
    (Means::Bearer, true, &["oauth2-bearer"]),
    (Means::Agent, true, &["user-agent/A"]),
    (Means::Referer, true, &["referer/e"]),
    (Means::Cookie, true, &["cookie/b"]),
    (Means::Compressed, false, &["compressed"]),
    (Means::Range, true, &["range/r"]),
    (Means::GlobOff, false, &["globoff/g"]),
    (Means::ProtoDefault, true, &["proto-default"]),
    (Means::ConnectTo, true, &["connect-to"]),
    (Means::Resolve, true, &["resolve"]),
    (Means::OtherAuth, true, &["aws-sigv4"]),
    (Means::OtherAuth, false, &["anyauth", "digest", "negotiate", "ntlm", "ntlm-wb"]),
    (Means::Refused(UPLOAD), true, &["upload-file/T"]),
    (Means::Refused(FORM), true, &["form/F", "form-string"]),
    (Means::Refused(CONFIG), true, &["config/K"]),
    (Means::Refused("one request is explained at a time; leave one"), false, &["next/:"]),
    (
        Means::Refused("it makes the request's path another than the URL's; write that path into the URL"),
        true,
        &["request-target"],
    ),
    (Means::Refused("its value cannot be known here; write it out"), true, &["variable"]),
    (Means::Refused(NO_REQUEST), false, &["version/V", "manual/M", "help/h"]),
    (
        Means::NotFollowed,
        false,
        &[
            "insecure/k",
            "location/L",
            "location-trusted",
            "follow",
            "netrc/n",
            "netrc-optional",
            "path-as-is",
            "proxytunnel/p",
            "haproxy-protocol",
            "crlf",
        ],
    ),
    (
        Means::NotFollowed,
        true,
        &[
            "proxy/x",
            "preproxy",
            "proxy1.0",
            "proxy-user/U",
            "proxy-header",
            "socks4",
            "socks4a",
            "socks5",
            "socks5-hostname",
            "cert/E",
            "key",
            "pass",
            "cacert",
            "capath",
            "pinnedpubkey",
            "ciphers",
            "tls13-ciphers",
            "tls-max",
            "netrc-file",
            "interface",
            "dns-interface",
            "dns-ipv4-addr",
            "dns-ipv6-addr",
            "dns-servers",
            "doh-url",
            "unix-socket",
            "abstract-unix-socket",
            "continue-at/C",
            "time-cond/z",
            "etag-compare",
            "haproxy-clientip",
            "ech",
        ],
    ),
    (
        Means::Nothing,
        false,
        &[
            "alpn",
            "append/a",
            "basic",
            "buffer/N",
            "ca-native",
            "cert-status",
            "clobber",
            "compressed-ssh",
            "create-dirs",
            "disable/q",
            "disable-eprt",
            "disable-epsv",
            "disallow-username-in-url",
            "doh-cert-status",
            "doh-insecure",
            "fail/f",
            "fail-early",
            "fail-with-body",
            "false-start",
            "form-escape",
            "ftp-create-dirs",
            "ftp-pasv",
            "ftp-pret",
            "ftp-skip-pasv-ip",
            "ftp-ssl-ccc",
            "ftp-ssl-control",
            "http0.9",
            "http1.0/0",
            "http1.1",
            "http2",
            "http2-prior-knowledge",
            "http3",
            "http3-only",
            "ignore-content-length",
            "include/i",
            "show-headers",
            "ipv4/4",
            "ipv6/6",
            "junk-session-cookies/j",
            "keepalive",
            "list-only/l",
            "mail-rcpt-allowfails",
            "metalink",
            "mptcp",
            "no-alpn",
            "npn",
            "out-null",
            "parallel/Z",
            "parallel-immediate",
            "post301",
            "post302",
            "post303",
            "progress-bar/#",
            "progress-meter",
            "proxy-anyauth",
            "proxy-basic",
            "proxy-ca-native",
            "proxy-digest",
            "proxy-http2",
            "proxy-insecure",
            "proxy-negotiate",
            "proxy-ntlm",
            "proxy-ssl-allow-beast",
            "proxy-ssl-auto-client-cert",
            "proxy-tlsv1",
            "raw",
            "remote-header-name/J",
            "remote-name/O",
            "remote-name-all",
            "remote-time/R",
            "remove-on-error",
            "retry-all-errors",
            "retry-connrefused",
            "sasl-ir",
            "sessionid",
            "show-error/S",
            "silent/s",
            "skip-existing",
            "socks5-basic",
            "socks5-gssapi",
            "socks5-gssapi-nec",
            "ssl",
            "ssl-allow-beast",
            "ssl-auto-client-cert",
            "ssl-no-revoke",
            "ssl-reqd",
            "ssl-revoke-best-effort",
            "sslv2/2",
            "sslv3/3",
            "styled-output",
            "suppress-connect-headers",
            "tcp-fastopen",
            "tcp-nodelay",
            "tftp-no-options",
            "tls-earlydata",
            "tlsv1/1",
            "tlsv1.0",
            "tlsv1.1",
            "tlsv1.2",
            "tlsv1.3",
            "tr-encoding",
            "trace-ids",
            "trace-time",
            "use-ascii/B",
            "verbose/v",
            "xattr",
        ],
    ),
    (
        Means::Nothing,
        true,
        &[
            "alt-svc",
            "cert-type",
            "connect-timeout",
            "cookie-jar/c",
            "create-file-mode",
            "crlfile",
            "curves",
            "delegation",
            "dump-header/D",
            "egd-file",
            "engine",
            "etag-save",
            "expect100-timeout",
            "ftp-account",
            "ftp-alternative-to-user",
            "ftp-method",
            "ftp-port/P",
            "ftp-ssl-ccc-mode",
            "happy-eyeballs-timeout-ms",
            "hostpubmd5",
            "hostpubsha256",
            "hsts",
            "ip-tos",
            "ipfs-gateway",
            "keepalive-cnt",
            "keepalive-time",
            "key-type",
            "krb",
            "libcurl",
            "limit-rate",
            "local-port",
            "login-options",
            "mail-auth",
            "mail-from",
            "mail-rcpt",
            "max-filesize",
            "max-redirs",
            "max-time/m",
            "noproxy",
            "output/o",
            "output-dir",
            "parallel-max",
            "parallel-max-host",
            "proto",
            "proto-redir",
            "proxy-cacert",
            "proxy-capath",
            "proxy-cert",
            "proxy-cert-type",
            "proxy-ciphers",
            "proxy-crlfile",
            "proxy-key",
            "proxy-key-type",
            "proxy-pass",
            "proxy-pinnedpubkey",
            "proxy-service-name",
            "proxy-tls13-ciphers",
            "proxy-tlsauthtype",
            "proxy-tlspassword",
            "proxy-tlsuser",
            "pubkey",
            "quote/Q",
            "random-file",
            "rate",
            "retry",
            "retry-delay",
            "retry-max-time",
            "sasl-authzid",
            "service-name",
            "sigalgs",
            "socks5-gssapi-service",
            "speed-limit/Y",
            "speed-time/y",
            "stderr",
            "telnet-option/t",
            "tftp-blksize",
            "tlsauthtype",
            "tlspassword",
            "tlsuser",
            "trace",
            "trace-ascii",
            "trace-config",
            "upload-flags",
            "vlan-priority",
            "write-out/w",
        ],
    ),
];

fn all() -> impl Iterator<Item = Opt> {
    KNOWN.iter().flat_map(|(means, takes_value, names)| {
        names.iter().map(|name| {
            let (long, short) = match name.split_once('/') {
                Some((long, short)) => (long, short.chars().next()),
                None => (*name, None),
            };
            Opt { long, short, takes_value: *takes_value, means: *means }
        })
    })
}

/// What a long name may mean: itself, or everything that it is the start of, in any case, as curl takes it.
pub(super) fn by_name(name: &str) -> Vec<Opt> {
    if let Some(exact) = all().find(|opt| opt.long.eq_ignore_ascii_case(name)) {
        return vec![exact];
    }
    let starts = |opt: &Opt| opt.long.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    all().filter(|opt| !name.is_empty() && starts(opt)).collect()
}

/// The option of a letter.
pub(super) fn by_letter(letter: char) -> Option<Opt> {
    all().find(|opt| opt.short == Some(letter))
}

/// The nearest long name to one that there is not, if any is near.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    const LONGEST: usize = 40;
    if name.len() > LONGEST {
        return None;
    }
    let name = name.to_ascii_lowercase();
    all()
        .map(|opt| (strsim::osa_distance(opt.long, &name), opt.long))
        .min()
        .filter(|(distance, _)| *distance <= 2.min(name.len() / 2))
        .map(|(_, long)| long)
}

/// The longest option that takes a value and that the name begins with: the space behind it was left out.
pub(super) fn run_together(name: &str) -> Option<&'static str> {
    all()
        .filter(|opt| opt.takes_value && opt.long.len() > 2 && name.starts_with(opt.long))
        .map(|opt| opt.long)
        .max_by_key(|long| long.len())
}
