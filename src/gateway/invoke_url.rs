//! Invoke URLs: how a stage's address is written, and how one is read back out of any URL.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use url::Url;

use super::DEFAULT_STAGE;

/// AWS's own shape of an invoke URL.
pub const AWS_INVOKE_URL: &str = "https://{api}.execute-api.{region}.{dns-suffix}/{stage}";

/// How the data plane's addresses are written: AWS's shape, or that of an emulator or a private network.
///
/// The template holds `{api}` and `{stage}`, and may hold `{region}` and `{dns-suffix}`; what follows it is the
/// resource path. [`InvokeUrl::read`] also understands AWS's own hosts, whatever the template is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvokeUrl {
    template: String,
    scheme: String,
    authority: Vec<Piece>,
    path: Vec<Vec<Piece>>,
}

/// A part of a template: text, or the hole that a value fills.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Api,
    Region,
    Stage,
    DnsSuffix,
}

/// An invoke URL template that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the invoke URL template `{template}` {problem}: expected something like `{AWS_INVOKE_URL}` or `http://127.0.0.1:4566/restapis/{{api}}/{{stage}}/_user_request_`"
)]
pub struct InvokeUrlError {
    /// The template as given.
    pub template: String,
    /// What is wrong with it.
    pub problem: String,
}

/// What an invoke URL names. Ranges are bytes of the URL's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The API's id.
    pub api: String,
    /// The region, where the URL holds it.
    pub region: Option<String>,
    /// The stage segment's text; `None` where the path ends before it.
    pub stage: Option<String>,
    /// Where the stage segment stands, or would stand.
    pub stage_at: Range<usize>,
    /// Where the resource path stands: from the slash after the stage to the end of the path; may be empty.
    pub path_at: Range<usize>,
}

impl Default for InvokeUrl {
    fn default() -> Self {
        // Written out, so that no parse can fail here.
        InvokeUrl {
            template: AWS_INVOKE_URL.to_owned(),
            scheme: "https".to_owned(),
            authority: vec![
                Piece::Api,
                Piece::Text(".execute-api.".to_owned()),
                Piece::Region,
                Piece::Text(".".to_owned()),
                Piece::DnsSuffix,
            ],
            path: vec![vec![Piece::Stage]],
        }
    }
}

impl FromStr for InvokeUrl {
    type Err = InvokeUrlError;

    fn from_str(template: &str) -> Result<Self, Self::Err> {
        let wrong = |problem: &str| InvokeUrlError { template: template.to_owned(), problem: problem.to_owned() };
        let (scheme, rest) = template.split_once("://").ok_or_else(|| wrong("has no scheme"))?;
        if scheme != "http" && scheme != "https" {
            return Err(wrong("is neither http nor https"));
        }
        if rest.contains(['?', '#', '@']) {
            return Err(wrong("holds a query, a fragment or credentials"));
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if authority.is_empty() {
            return Err(wrong("has no host"));
        }
        let authority = pieces(authority).map_err(|problem| wrong(&problem))?;
        let path = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| pieces(segment).map_err(|problem| wrong(&problem)))
            .collect::<Result<Vec<_>, _>>()?;
        let invoke = InvokeUrl { template: template.to_owned(), scheme: scheme.to_owned(), authority, path };
        let all = || invoke.authority.iter().chain(invoke.path.iter().flatten());
        if !all().any(|piece| *piece == Piece::Api) {
            return Err(wrong("has no {api}"));
        }
        if !all().any(|piece| *piece == Piece::Stage) {
            return Err(wrong("has no {stage}"));
        }
        let sample = invoke.base("a1b2c3d4e5", "us-east-1", "prod");
        Url::parse(&sample).map_err(|error| wrong(&format!("makes no URL ({error})")))?;
        Ok(invoke)
    }
}

fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        if open > 0 {
            pieces.push(Piece::Text(rest[..open].to_owned()));
        }
        let Some(close) = rest[open..].find('}') else { return Err("has a `{` without its `}`".to_owned()) };
        let name = &rest[open + 1..open + close];
        pieces.push(match name {
            "api" => Piece::Api,
            "region" => Piece::Region,
            "stage" => Piece::Stage,
            "dns-suffix" => Piece::DnsSuffix,
            other => return Err(format!("has `{{{other}}}`, and only api, region, stage and dns-suffix are known")),
        });
        rest = &rest[open + close + 1..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Ok(pieces)
}

impl fmt::Display for InvokeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.template)
    }
}

impl InvokeUrl {
    /// Whether it is AWS's own form, so that nobody else answers.
    #[must_use]
    pub fn is_awss_own(&self) -> bool {
        self.template == AWS_INVOKE_URL
    }

    /// The invoke URL of a stage, without a slash at its end. Values are taken as they are: ids, regions and stage
    /// names hold no character that a URL escapes. An HTTP API's [`DEFAULT_STAGE`] has no segment: the whole segment of the
    /// template that holds `{stage}` is left out.
    #[must_use]
    pub fn base(&self, api: &str, region: &str, stage: &str) -> String {
        let mut url = format!("{}://", self.scheme);
        let mut fill = |pieces: &[Piece]| {
            for piece in pieces {
                url.push_str(match piece {
                    Piece::Text(text) => text,
                    Piece::Api => api,
                    Piece::Region => region,
                    Piece::Stage => stage,
                    Piece::DnsSuffix => dns_suffix(region),
                });
            }
        };
        fill(&self.authority);
        for segment in &self.path {
            if stage == DEFAULT_STAGE && segment.contains(&Piece::Stage) {
                continue;
            }
            fill(&[Piece::Text("/".to_owned())]);
            fill(segment);
        }
        url
    }

    /// Whether HTTP APIs have such URLs: the stage is the last segment of the template, so that what follows it, or follows
    /// the base where the stage is [`DEFAULT_STAGE`], is the path. What stands behind the stage in an emulator's own shape,
    /// as `_user_request_`, is for REST APIs alone.
    #[must_use]
    pub fn serves_http_apis(&self) -> bool {
        self.path.last().is_some_and(|last| *last == [Piece::Stage])
    }

    /// Reads a URL as an invoke URL: in the template's shape, or in AWS's own (regional, private, FIPS-less; with a
    /// VPC endpoint's id behind the API's). `None` for any other host.
    #[must_use]
    pub fn read(&self, url: &Url) -> Option<Reading> {
        let mut reading = self.read_template(url).or_else(|| read_aws(url))?;
        // A private API is also called as `{api}-{vpce}.execute-api…` (DG:apigateway-private-api-test-invoke-url).
        if let Some((api, _)) = reading.api.split_once("-vpce-").filter(|(api, _)| !api.is_empty()) {
            reading.api = api.to_owned();
        }
        Some(reading)
    }

    fn read_template(&self, url: &Url) -> Option<Reading> {
        let mut found = Found::default();
        let host_start = url[..url::Position::BeforeHost].len();
        let authority = url[url::Position::BeforeHost..url::Position::BeforePath].trim_end_matches('/');
        found.fill(&self.authority, authority, host_start)?;
        let path_start = url[..url::Position::BeforePath].len();
        let path_end = url[..url::Position::AfterPath].len();
        let path = url.path();
        // `at`: the byte of the path where the next segment's slash stands.
        let mut at = 0;
        let mut stage_at = found.stage_at.take();
        for (index, pattern) in self.path.iter().enumerate() {
            let next = path.get(at..).and_then(|rest| rest.strip_prefix('/'));
            let segment = next.map_or("", |rest| rest.split('/').next().unwrap_or(""));
            let here = path_start + at + 1..path_start + at + 1 + segment.len();
            if pattern.contains(&Piece::Stage) {
                // The stage may be missing: the path ends here, or goes on with what should follow the stage.
                let followed = self.path.get(index + 1).and_then(|pattern| literal(pattern));
                if segment.is_empty() || followed == Some(segment) {
                    let place = here.start.min(path_end);
                    stage_at = Some(place..place);
                    continue;
                }
            }
            if segment.is_empty() && found.stage.is_none() && stage_at.is_some() {
                // Behind a missing stage the fixed tail of the template may be missing too.
                continue;
            }
            found.fill(pattern, segment, here.start)?;
            stage_at = found.stage_at.take().or(stage_at);
            at += 1 + segment.len();
        }
        let stage_at = stage_at.unwrap_or(path_start..path_start);
        Some(Reading {
            api: found.api?,
            region: found.region,
            stage: found.stage,
            stage_at,
            path_at: (path_start + at).min(path_end)..path_end,
        })
    }
}

/// The text of a pattern that has no hole.
fn literal(pattern: &[Piece]) -> Option<&str> {
    match pattern {
        [Piece::Text(text)] => Some(text),
        _ => None,
    }
}

/// AWS's hosts: `{api}[-{vpce}].execute-api.{region}.{suffix}`, with any suffix (emulators use their own).
fn read_aws(url: &Url) -> Option<Reading> {
    let host = url.host_str()?;
    let mut labels = host.split('.');
    let first = labels.next()?;
    if labels.next()? != "execute-api" {
        return None;
    }
    let region = labels.next()?;
    if first.is_empty() {
        return None;
    }
    let path_start = url[..url::Position::BeforePath].len();
    let path_end = url[..url::Position::AfterPath].len();
    let stage = url.path().strip_prefix('/').and_then(|path| path.split('/').next()).filter(|stage| !stage.is_empty());
    let begin = (path_start + 1).min(path_end);
    let end = stage.map_or(path_start, |stage| begin + stage.len());
    Some(Reading {
        api: first.to_owned(),
        // `{api}.execute-api.localhost` has no region in it.
        region: region.contains('-').then(|| region.to_owned()),
        stage: stage.map(str::to_owned),
        stage_at: begin..end.max(begin),
        path_at: end..path_end,
    })
}

#[derive(Default)]
struct Found {
    api: Option<String>,
    region: Option<String>,
    stage: Option<String>,
    /// Where the stage stands in the URL's text, which need not be a whole segment.
    stage_at: Option<Range<usize>>,
}

impl Found {
    /// Matches the whole text, which starts at this byte of the URL's, against the pieces, keeping what stands in the holes.
    fn fill(&mut self, pieces: &[Piece], text: &str, start: usize) -> Option<()> {
        let mut rest = text;
        for (index, piece) in pieces.iter().enumerate() {
            if let Piece::Text(text) = piece {
                rest = rest.strip_prefix(text.as_str())?;
                continue;
            }
            let end = match pieces.get(index + 1) {
                None => rest.len(),
                Some(Piece::Text(next)) => rest.find(next.as_str())?,
                Some(_) => return None,
            };
            let (value, after) = rest.split_at(end);
            if value.is_empty() || (*piece != Piece::DnsSuffix && value.contains(['.', ':', '/'])) {
                return None;
            }
            match piece {
                Piece::Api => self.api = Some(value.to_owned()),
                Piece::Region => self.region = Some(value.to_owned()),
                Piece::Stage => {
                    let at = start + text.len() - rest.len();
                    self.stage = Some(value.to_owned());
                    self.stage_at = Some(at..at + value.len());
                }
                Piece::DnsSuffix | Piece::Text(_) => {}
            }
            rest = after;
        }
        rest.is_empty().then_some(())
    }
}

/// The DNS suffix of a region's partition (botocore's `partitions.json`).
#[must_use]
pub fn dns_suffix(region: &str) -> &'static str {
    const BY_PREFIX: [(&str, &str); 6] = [
        ("cn-", "amazonaws.com.cn"),
        ("us-isob-", "sc2s.sgov.gov"),
        ("us-isof-", "csp.hci.ic.gov"),
        ("eu-isoe-", "cloud.adc-e.uk"),
        ("us-iso-", "c2s.ic.gov"),
        ("eusc-", "amazonaws.eu"),
    ];
    BY_PREFIX.iter().find(|(prefix, _)| region.starts_with(prefix)).map_or("amazonaws.com", |(_, suffix)| suffix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(template: &str, url: &str) -> Option<(String, Option<String>, Option<String>, String)> {
        let invoke: InvokeUrl = template.parse().unwrap();
        let parsed = Url::parse(url).unwrap();
        let reading = invoke.read(&parsed)?;
        let stage_text = &parsed.as_str()[reading.stage_at.clone()];
        assert_eq!(stage_text, reading.stage.as_deref().unwrap_or(""), "the stage's place in {url}");
        let path = parsed.as_str()[reading.path_at].to_owned();
        Some((reading.api, reading.region, reading.stage, path))
    }

    #[allow(clippy::unnecessary_wraps, reason = "the rows of the tables read as what is found, or None")]
    fn some(
        api: &str,
        region: &str,
        stage: &str,
        path: &str,
    ) -> Option<(String, Option<String>, Option<String>, String)> {
        let optional = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Some((api.to_owned(), optional(region), optional(stage), path.to_owned()))
    }

    #[test]
    fn writes_and_reads_aws_urls() {
        let aws = InvokeUrl::default();
        assert_eq!(aws, AWS_INVOKE_URL.parse().unwrap());
        assert_eq!(aws.base("a1", "cn-north-1", "dev"), "https://a1.execute-api.cn-north-1.amazonaws.com.cn/dev");
        let cases = [
            ("https://a1.execute-api.eu-west-1.amazonaws.com/prod/x/y?q=1", some("a1", "eu-west-1", "prod", "/x/y")),
            ("https://a1.execute-api.eu-west-1.amazonaws.com/prod", some("a1", "eu-west-1", "prod", "")),
            ("https://a1.execute-api.eu-west-1.amazonaws.com/prod/", some("a1", "eu-west-1", "prod", "/")),
            ("https://a1.execute-api.eu-west-1.amazonaws.com/", some("a1", "eu-west-1", "", "/")),
            ("https://a1-vpce-0ab12.execute-api.eu-west-1.amazonaws.com/p/x", some("a1", "eu-west-1", "p", "/x")),
            (
                "https://-vpce-0ab12.execute-api.eu-west-1.amazonaws.com/p/x",
                some("-vpce-0ab12", "eu-west-1", "p", "/x"),
            ),
            ("http://a1.execute-api.localhost:4566/prod/x", some("a1", "", "prod", "/x")),
            ("https://api.example.com/prod/x", None),
        ];
        for (url, expected) in cases {
            assert_eq!(read(AWS_INVOKE_URL, url), expected, "{url}");
        }
    }

    #[test]
    fn reads_an_emulators_urls() {
        let template = "http://127.0.0.1:4566/restapis/{api}/{stage}/_user_request_";
        let cases = [
            ("http://127.0.0.1:4566/restapis/a1/prod/_user_request_/x/y", some("a1", "", "prod", "/x/y")),
            ("http://127.0.0.1:4566/restapis/a1/prod/_user_request_", some("a1", "", "prod", "")),
            ("http://127.0.0.1:4566/restapis/a1/_user_request_/x", some("a1", "", "", "/x")),
            ("http://127.0.0.1:4566/restapis/a1", some("a1", "", "", "")),
            ("http://127.0.0.1:4566/restapis/a1/prod/other/x", None),
            ("http://127.0.0.1:4567/restapis/a1/prod/_user_request_/x", None),
            ("https://b2.execute-api.us-east-1.amazonaws.com/dev/x", some("b2", "us-east-1", "dev", "/x")),
        ];
        for (url, expected) in cases {
            assert_eq!(read(template, url), expected, "{url}");
        }
    }

    #[test]
    fn what_it_writes_it_reads() {
        for template in [
            AWS_INVOKE_URL,
            "http://127.0.0.1:4566/restapis/{api}/{stage}/_user_request_",
            "http://{api}.execute-api.localhost:4566/{stage}",
            "https://gw.internal/{region}/{stage}/{api}",
        ] {
            let invoke: InvokeUrl = template.parse().unwrap();
            let url = format!("{}/pets/7", invoke.base("a1b2c3d4e5", "us-east-1", "prod"));
            let (api, _, stage, path) = read(template, &url).unwrap();
            assert_eq!(
                (api.as_str(), stage.as_deref(), path.as_str()),
                ("a1b2c3d4e5", Some("prod"), "/pets/7"),
                "{template}"
            );
        }
    }

    #[test]
    fn the_default_stage_of_an_http_api_has_no_segment() {
        for (template, base, serves) in [
            (AWS_INVOKE_URL, "https://a1.execute-api.us-east-1.amazonaws.com", true),
            ("http://{api}.execute-api.localhost:4566/{stage}", "http://a1.execute-api.localhost:4566", true),
            ("https://gw.internal/{region}/{api}/{stage}", "https://gw.internal/us-east-1/a1", true),
            ("http://h/restapis/{api}/{stage}/_user_request_", "http://h/restapis/a1/_user_request_", false),
            ("https://gw.internal/{stage}/{api}", "https://gw.internal/a1", false),
            ("https://gw.internal/{api}/v-{stage}", "https://gw.internal/a1", false),
        ] {
            let invoke: InvokeUrl = template.parse().unwrap();
            assert_eq!(invoke.base("a1", "us-east-1", DEFAULT_STAGE), base, "{template}");
            assert_eq!(invoke.serves_http_apis(), serves, "{template}");
        }
    }

    #[test]
    fn a_bad_template_is_named() {
        for (template, problem) in [
            ("127.0.0.1/{api}/{stage}", "no scheme"),
            ("ftp://{api}/{stage}", "neither http nor https"),
            ("http://host/{stage}", "no {api}"),
            ("http://{api}/", "no {stage}"),
            ("http://{api}/{stage", "`{` without its `}`"),
            ("http://{api}/{stag}", "only api, region, stage"),
            ("http:///{api}/{stage}", "no host"),
        ] {
            let error = template.parse::<InvokeUrl>().unwrap_err().to_string();
            assert!(error.contains(problem), "{template}: {error}");
        }
    }
}
