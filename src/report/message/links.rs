//! Where to look: pages of AWS's console.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Context;
use crate::remember::Scope;

/// As in a segment or a value: everything but what needs no escape anywhere.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The console's domain in a region's partition. The isolated partitions have one that is not known to the world.
fn console(region: &str) -> Option<&'static str> {
    const BY_PREFIX: [(&str, Option<&str>); 6] = [
        ("cn-", Some("console.amazonaws.cn")),
        ("us-gov-", Some("console.amazonaws-us-gov.com")),
        ("eusc-", Some("console.amazonaws-eusc.eu")),
        ("us-iso", None),
        ("eu-iso", None),
        ("", Some("console.aws.amazon.com")),
    ];
    BY_PREFIX.iter().find(|(prefix, _)| region.starts_with(prefix)).and_then(|(_, domain)| *domain)
}

/// The pages for a scope, each with what it shows.
pub(in crate::report) fn pages(scope: &Scope, about: &Context) -> Vec<(&'static str, String)> {
    match scope {
        Scope::Domain { host } => page(about, "publish/domain-names", &[("domain", host)])
            .map(|page| ("domain names", page))
            .into_iter()
            .collect(),
        Scope::Api { api } | Scope::Stage { api, .. } | Scope::Subtree { api, .. } => of_api(api, about),
        Scope::One { subject } => subject.stage().map(|(api, _)| of_api(api, about)).unwrap_or_default(),
    }
}

/// The pages of an API: its stages, and its resources as the editor has them.
pub(in crate::report) fn of_api(api: &str, about: &Context) -> Vec<(&'static str, String)> {
    // An API's id is letters and digits. What is not is none, and no page has it.
    if api.is_empty() || !api.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Vec::new();
    }
    [("stages", "stages"), ("resources", "resources")]
        .into_iter()
        .filter_map(|(name, path)| Some((name, page(about, &format!("apis/{api}/{path}"), &[("api", api)])?)))
        .collect()
}

fn page(about: &Context, path: &str, query: &[(&str, &str)]) -> Option<String> {
    let region = &about.region;
    let named =
        region.contains('-') && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !about.console || !named {
        return None;
    }
    let domain = console(region)?;
    let mut link = format!("https://{region}.{domain}/apigateway/main/{path}?");
    for (name, value) in query {
        link.extend([name, "="].into_iter().chain(utf8_percent_encode(value, PLAIN)).chain(["&"]));
    }
    link.extend(["region=", region]);
    Some(link)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_has_its_own_console() {
        let api = Scope::Api { api: "a1b2c3d4e5".to_owned() };
        for (region, expected) in [
            (
                "eu-central-1",
                Some(
                    "https://eu-central-1.console.aws.amazon.com/apigateway/main/apis/a1b2c3d4e5/stages?api=a1b2c3d4e5&region=eu-central-1",
                ),
            ),
            (
                "cn-north-1",
                Some(
                    "https://cn-north-1.console.amazonaws.cn/apigateway/main/apis/a1b2c3d4e5/stages?api=a1b2c3d4e5&region=cn-north-1",
                ),
            ),
            (
                "us-gov-west-1",
                Some(
                    "https://us-gov-west-1.console.amazonaws-us-gov.com/apigateway/main/apis/a1b2c3d4e5/stages?api=a1b2c3d4e5&region=us-gov-west-1",
                ),
            ),
            (
                "eusc-de-east-1",
                Some(
                    "https://eusc-de-east-1.console.amazonaws-eusc.eu/apigateway/main/apis/a1b2c3d4e5/stages?api=a1b2c3d4e5&region=eusc-de-east-1",
                ),
            ),
            ("us-iso-east-1", None),
            ("us-isob-east-1", None),
            ("eu-isoe-west-1", None),
            ("evil.example/", None),
            ("", None),
        ] {
            let found = pages(&api, &Context::new(region, 0));
            assert_eq!(found.first().map(|(_, page)| page.as_str()), expected, "{region}");
        }
    }

    #[test]
    fn a_name_of_others_leads_nowhere_else() {
        let about = Context::new("eu-central-1", 0);
        assert_eq!(pages(&Scope::Api { api: "a/../b?x".to_owned() }, &about), []);
        let host = Scope::Domain { host: "a&b=c d".to_owned() };
        let [(_, page)] = &pages(&host, &about)[..] else { panic!("one page") };
        assert!(page.ends_with("?domain=a%26b%3Dc%20d&region=eu-central-1"), "{page}");
        assert_eq!(pages(&host, &Context { console: false, ..about }), [], "an emulator has no console");
    }
}
