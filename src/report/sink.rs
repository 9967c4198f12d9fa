//! Where figures go, and under which namespace: what a user decides of it.

use super::NAMESPACE;

/// How figures get to CloudWatch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MetricsMode {
    /// Calls of `PutMetricData`.
    #[default]
    CloudWatch,
    /// Lines on stdout in CloudWatch's embedded metric format, which whoever takes the log hands on.
    Emf,
}

impl std::str::FromStr for MetricsMode {
    type Err = SinkError;

    fn from_str(text: &str) -> Result<Self, SinkError> {
        match text {
            "cloudwatch" => Ok(Self::CloudWatch),
            "emf" => Ok(Self::Emf),
            _ => Err(SinkError::Mode(text.to_owned())),
        }
    }
}

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SinkError {
    /// No such mode.
    #[error("`{0}` is no way to publish metrics: expected cloudwatch or emf")]
    Mode(String),
    /// Not a namespace that CloudWatch takes from customers.
    #[error(
        "`{0}` is no namespace for metrics: expected 1 to 255 letters, digits and ._-/#: and spaces, not beginning with AWS/ or a colon"
    )]
    Namespace(String),
}

/// Where figures go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricsSink {
    /// How.
    pub mode: MetricsMode,
    namespace: String,
    /// The `level` of an EMF line.
    pub(super) level: &'static str,
}

impl Default for MetricsSink {
    fn default() -> Self {
        Self { mode: MetricsMode::default(), namespace: NAMESPACE.to_owned(), level: "INFO" }
    }
}

impl MetricsSink {
    /// With a namespace of the user's, else [`NAMESPACE`].
    ///
    /// # Errors
    /// [`SinkError::Namespace`], for one that CloudWatch would refuse with each run.
    pub fn new(mode: MetricsMode, namespace: Option<&str>) -> Result<Self, SinkError> {
        let namespace = namespace.unwrap_or(NAMESPACE);
        let known = |c: char| c.is_ascii_alphanumeric() || "._-/#: ".contains(c);
        if !(1..=255).contains(&namespace.len())
            || !namespace.chars().all(known)
            || namespace.trim() != namespace
            || namespace.starts_with(':')
            || namespace.starts_with("AWS/")
        {
            return Err(SinkError::Namespace(namespace.to_owned()));
        }
        Ok(Self { mode, namespace: namespace.to_owned(), ..Self::default() })
    }

    /// Where Lambda keeps only log lines from this level on (`error`, `warn`, …): a line of figures says that it has that level.
    /// One that names none counts as `INFO` there, and would be dropped with all of its metrics.
    #[must_use]
    pub fn at_level(mut self, level: &str) -> Self {
        self.level = match level.trim().to_ascii_lowercase().as_str() {
            "trace" | "debug" | "info" => "INFO",
            "warn" => "WARN",
            // A filter by module, or a word that nobody knows: the level that passes everywhere.
            _ => "ERROR",
        };
        self
    }

    /// The namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_one_that_cloudwatch_takes() {
        for good in ["Gateprobe", "My Team/Gate-probe_1.0#x:y", &"x".repeat(255)] {
            assert_eq!(MetricsSink::new(MetricsMode::Emf, Some(good)).unwrap().namespace(), good);
        }
        for bad in ["", " x", "AWS/Lambda", ":x", "ü", "a\nb", "a\"b", &"x".repeat(256)] {
            let error = MetricsSink::new(MetricsMode::Emf, Some(bad)).unwrap_err();
            assert!(error.to_string().contains("expected 1 to 255 letters"), "{error}");
        }
        assert_eq!(MetricsSink::new(MetricsMode::Emf, None).unwrap().namespace(), "Gateprobe");
    }

    #[test]
    fn a_mode_is_one_of_two() {
        assert_eq!("emf".parse(), Ok(MetricsMode::Emf));
        assert_eq!("cloudwatch".parse(), Ok(MetricsMode::CloudWatch));
        assert_eq!(
            "EMF".parse::<MetricsMode>().unwrap_err().to_string(),
            "`EMF` is no way to publish metrics: expected cloudwatch or emf"
        );
    }

    #[test]
    fn a_line_of_figures_passes_the_filter_of_the_log() {
        for (set, level) in
            [("info", "INFO"), ("debug", "INFO"), ("WARN", "WARN"), ("error", "ERROR"), ("gateprobe=debug", "ERROR")]
        {
            assert_eq!(MetricsSink::default().at_level(set).level, level, "{set}");
        }
    }
}
