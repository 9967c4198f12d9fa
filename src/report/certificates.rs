//! How long the certificates of the hosts that were asked are still good.

use std::collections::BTreeMap;

use serde::Serialize;
use time::OffsetDateTime;
use url::{Host, Url};

use super::safe::clean;
use crate::probe::Observation;

/// So many hosts have a metric of their own, custom domains first: CloudWatch takes money for each. The soonest end of all of them
/// is a metric without a host.
pub(super) const MOST_METRICS: usize = 50;

const DAY: i64 = 24 * 60 * 60;

/// The certificate of one host, or of all execute-api hosts of a region, which share AWS's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Certificate {
    /// The host; `*.execute-api.REGION.SUFFIX` for AWS's own.
    pub host: String,
    /// When it ends, in Unix seconds. Of several that a host showed the one that ends first.
    pub not_after: i64,
    /// Whole days from the run's begin to that.
    pub days_left: i64,
    /// Whether that is fewer than the config's `certificate_days`.
    pub expires_soon: bool,
    /// Who made it.
    pub issuer: String,
}

impl Certificate {
    /// What a person should know and do. `None` while there is time.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        if !self.expires_soon {
            return None;
        }
        let date =
            OffsetDateTime::from_unix_timestamp(self.not_after).map_or(String::new(), |at| format!(" ({})", at.date()));
        let days = match self.days_left {
            1 => "1 day".to_owned(),
            days => format!("{days} days"),
        };
        Some(format!(
            "the certificate of {} expires in {days}{date}: see in ACM why it was not renewed; an imported one must be imported again",
            clean(&self.host)
        ))
    }
}

/// What was seen in a run, by host.
#[derive(Debug, Default)]
pub(super) struct Certificates(BTreeMap<String, (i64, String)>);

impl Certificates {
    /// Takes what one answer showed.
    pub(super) fn saw(&mut self, url: &Url, observation: &Observation) {
        let Some((seen, name)) = observation.certificate.as_deref().zip(name(url)) else { return };
        match self.0.get(&name) {
            Some((first, _)) if *first <= seen.not_after => {}
            _ => {
                self.0.insert(name, (seen.not_after, seen.issuer.clone()));
            }
        }
    }

    /// All of them, custom domains first, each kind by name.
    pub(super) fn told(self, now: i64) -> Vec<Certificate> {
        let certificate = |(host, (not_after, issuer)): (String, (i64, String))| Certificate {
            days_left: not_after.saturating_sub(now).div_euclid(DAY),
            host,
            not_after,
            expires_soon: false,
            issuer,
        };
        let mut told: Vec<_> = self.0.into_iter().map(certificate).collect();
        told.sort_by_key(|certificate| certificate.host.starts_with('*'));
        told
    }
}

/// Under which name a host's certificate is counted.
fn name(url: &Url) -> Option<String> {
    match url.host()? {
        Host::Domain(host) => Some(match host.split_once('.') {
            Some((_, parent)) if parent.starts_with("execute-api.") => format!("*.{parent}"),
            _ => host.to_owned(),
        }),
        address => Some(address.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::{CertificateSeen, Response};

    fn seen(not_after: i64) -> Observation {
        let mut observation =
            Observation::saved(Response { status: 200, headers: vec![], body: String::new(), truncated: false });
        let certificate = CertificateSeen { not_after, subject: "s".to_owned(), issuer: format!("i{not_after}") };
        observation.certificate = Some(Box::new(certificate));
        observation
    }

    #[test]
    fn one_for_a_host_and_one_for_a_regions_own() {
        let mut certificates = Certificates::default();
        for (url, not_after) in [
            ("https://a1.execute-api.eu-west-1.amazonaws.com/prod", 30 * DAY),
            ("https://a2.execute-api.eu-west-1.amazonaws.com/prod", 30 * DAY),
            ("https://a2.execute-api.us-east-1.amazonaws.com/prod", 31 * DAY),
            ("https://z.example.com/", 20 * DAY - 1),
            ("https://z.example.com/", 40 * DAY),
            ("https://b.example.com/", 40 * DAY),
            ("https://b.example.com/x", 10 * DAY),
        ] {
            certificates.saw(&url.parse().unwrap(), &seen(not_after));
        }
        let told = certificates.told(0);
        let lines: Vec<_> = told.iter().map(|one| (one.host.as_str(), one.days_left, one.issuer.len())).collect();
        let expected = [
            ("b.example.com", 10, 7),
            ("z.example.com", 19, 8),
            ("*.execute-api.eu-west-1.amazonaws.com", 30, 8),
            ("*.execute-api.us-east-1.amazonaws.com", 31, 8),
        ];
        assert_eq!(lines, expected);
    }

    /// On the terminal, in the JSON and in the alert that goes out for something else: told, and no failure.
    #[test]
    fn what_ends_soon_is_told_and_fails_nothing() {
        let mut report = crate::report::fixture::small();
        let problems = report.problems().count();
        for (host, days_left) in [("soon.example.com", 20), ("good.example.com", 21)] {
            report.certificates.push(Certificate {
                host: host.to_owned(),
                not_after: 1_800_000_000,
                days_left,
                expires_soon: false,
                issuer: "CA".to_owned(),
            });
        }
        report.warn_of_certificates(21);
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["certificates"][0]["expires_soon"], true);
        assert_eq!(
            (&json["certificates"][1]["expires_soon"], &json["certificates"][1]["days_left"]),
            (&false.into(), &21.into())
        );
        let terminal = crate::report::terminal::report(&report, crate::report::terminal::Style::default());
        let alert = crate::report::alert(&report).unwrap();
        for told in [terminal, format!("{alert:?}").replace("\\n", "\n")] {
            assert!(told.contains("soon.example.com expires in 20 days"), "{told}");
            assert!(!told.contains("good.example.com"), "{told}");
        }
        assert_eq!((report.problems().count(), report.warnings().count()), (problems, 1));
    }

    #[test]
    fn a_warning_names_host_days_and_date() {
        let mut certificates = Certificates::default();
        certificates.saw(&"https://z.example.com/".parse().unwrap(), &seen(1_800_000_000));
        let mut one = certificates.told(1_800_000_000 - DAY).remove(0);
        assert_eq!(one.warning(), None);
        one.expires_soon = true;
        let warning = one.warning().unwrap();
        assert!(warning.starts_with("the certificate of z.example.com expires in 1 day (2027-01-15): "), "{warning}");
    }
}
