//! The clients, and the one way in which every call to the control plane is made: within the budget, again where that
//! may help, never past the deadline.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::SdkConfig;
use aws_sdk_apigateway::config::retry::RetryConfig;
use aws_sdk_apigateway::config::timeout::TimeoutConfig;
use aws_sdk_apigateway::error::{ProvideErrorMetadata, SdkError};
use backon::{ExponentialBuilder, Retryable};
use futures::future::BoxFuture;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::time::Instant;

use super::endpoint::EndpointSeen;
use super::failure::{CallError, Kind};
use super::interfaces::{InterfaceCache, MemoryCache};
use super::{Limits, Operation};

/// API Gateway's control plane in one region, asked within [`Limits`].
///
/// It is meant to be made once and kept: the budget is this value's.
#[derive(Debug)]
pub struct ControlPlane {
    v1: aws_sdk_apigateway::Client,
    v2: aws_sdk_apigatewayv2::Client,
    limits: Limits,
    region: Option<String>,
    endpoint: EndpointSeen,
    any_call: DefaultDirectRateLimiter,
    get_resources: DefaultDirectRateLimiter,
    calls: Mutex<BTreeMap<Operation, u64>>,
    interfaces: Arc<dyn InterfaceCache>,
    #[cfg(test)]
    passes_for_awss_own: bool,
}

impl ControlPlane {
    /// Clients for the region, credentials and endpoint of `config`, which nothing is asked of yet.
    ///
    /// The SDK's own retries are off in them: an attempt that this type does not see would pass by the budget.
    #[must_use]
    pub fn new(config: &SdkConfig, limits: Limits) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(limits.connect_timeout)
            .operation_attempt_timeout(limits.attempt_timeout)
            .build();
        let endpoint = EndpointSeen::default();
        let v1 = aws_sdk_apigateway::config::Builder::from(config)
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts.clone())
            .interceptor(endpoint.clone())
            .build();
        let v2 = aws_sdk_apigatewayv2::config::Builder::from(config)
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .build();
        Self {
            v1: aws_sdk_apigateway::Client::from_conf(v1),
            v2: aws_sdk_apigatewayv2::Client::from_conf(v2),
            any_call: RateLimiter::direct(Quota::per_second(limits.calls_per_second)),
            get_resources: RateLimiter::direct(Quota::per_second(limits.get_resources_per_second)),
            region: config.region().map(ToString::to_string).filter(|region| !region.is_empty()),
            endpoint,
            limits,
            calls: Mutex::default(),
            interfaces: Arc::new(MemoryCache::default()),
            #[cfg(test)]
            passes_for_awss_own: false,
        }
    }

    /// The same with another place to keep exports in than this value's own memory.
    #[must_use]
    pub fn keep_interfaces_in(self, cache: Arc<dyn InterfaceCache>) -> Self {
        Self { interfaces: cache, ..self }
    }

    /// The same, treated as AWS's own endpoint is.
    #[cfg(test)]
    pub(crate) fn pass_for_awss_own(self) -> Self {
        Self { passes_for_awss_own: true, ..self }
    }

    /// Lets go of what was kept of a deployment's export, which may be of a newer one.
    pub fn forget_interfaces(&self, api: &str, deployment: &str) {
        self.interfaces.forget(api, deployment);
    }

    /// Where exports are kept.
    pub(super) fn interfaces(&self) -> &dyn InterfaceCache {
        self.interfaces.as_ref()
    }

    /// The budget it was made with.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// How many calls were made so far, every attempt counted, by operation.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<Operation, u64> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The region, if the configuration has one.
    pub(super) fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// The endpoint that the calls go to: the one last used, or AWS's own before the first call.
    pub(super) fn endpoint(&self) -> String {
        let region = self.region.as_deref().unwrap_or("REGION");
        self.endpoint.last().unwrap_or_else(|| format!("https://apigateway.{region}.amazonaws.com"))
    }

    /// Whether the last call went to AWS itself, and not to an emulator or a proxy of the user's.
    #[must_use]
    pub fn is_awss_own(&self) -> bool {
        #[cfg(test)]
        if self.passes_for_awss_own {
            return true;
        }
        let endpoint = self.endpoint();
        let host = endpoint.strip_prefix("https://").unwrap_or_default().split([':', '/']).next().unwrap_or_default();
        [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"].iter().any(|suffix| host.ends_with(suffix))
    }

    /// Makes a call, up to [`Limits::attempts`] times, each within the budget, all of them before `deadline`.
    async fn call<T, E, F>(
        &self,
        operation: Operation,
        deadline: Option<Instant>,
        send: impl Fn() -> F + Sync,
    ) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, SdkError<E>>> + Send,
        E: std::error::Error + ProvideErrorMetadata + 'static,
        T: Send,
    {
        let answer = Mutex::new(None);
        let once = || -> BoxFuture<'_, Result<(), CallError>> {
            Box::pin(async {
                let given = send().await.map_err(|error| CallError::of(operation, &error))?;
                *answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(given);
                Ok(())
            })
        };
        self.repeat(operation, deadline, &once).await?;
        let given = answer.into_inner().unwrap_or_else(PoisonError::into_inner);
        // A call that went well has left it there.
        given.ok_or_else(|| CallError::out_of_time(operation))
    }

    /// What all calls have in common. It knows no types of theirs: compiled once for each of twenty operations it was a tenth
    /// of the function's own code.
    async fn repeat<'c>(
        &self,
        operation: Operation,
        deadline: Option<Instant>,
        once: &(dyn Fn() -> BoxFuture<'c, Result<(), CallError>> + Sync),
    ) -> Result<(), CallError> {
        let longest = self.limits.longest_wait;
        let attempts = self.limits.attempts.get();
        let waits = ExponentialBuilder::default()
            .with_min_delay(self.limits.first_wait)
            .with_max_delay(longest)
            .with_max_times(usize::try_from(attempts).unwrap_or(usize::MAX).saturating_sub(1))
            .with_jitter();
        let made = AtomicU32::new(0);
        let attempt = || async {
            // The narrow gate first: a call that has passed the wide one is sent at once.
            if operation == Operation::GetResources {
                self.get_resources.until_ready().await;
            }
            self.any_call.until_ready().await;
            *self.calls.lock().unwrap_or_else(PoisonError::into_inner).entry(operation).or_default() += 1;
            made.fetch_add(1, Ordering::Relaxed);
            once().await
        };
        let tried = attempt
            .retry(waits)
            .when(|error: &CallError| is_worth_another_try(error))
            .adjust(|error, wait| Some(wait?.max(error.retry_after.unwrap_or_default()).min(longest)))
            .notify(|error, wait| tracing::debug!(%operation, %error, ?wait, "asking again"));
        let result = match deadline {
            None => tried.await,
            // An instant in the past must not give a fast endpoint its chance: the run is over.
            Some(deadline) if deadline <= Instant::now() => Err(CallError::out_of_time(operation)),
            Some(deadline) => tokio::time::timeout_at(deadline, tried)
                .await
                .unwrap_or_else(|_| Err(CallError::out_of_time(operation))),
        };
        result.map_err(|error| CallError { attempts: made.load(Ordering::Relaxed), ..error })
    }
}

/// Whether a failed call is made again. An export that fails at the endpoint is not: it is a fall-back with another behind
/// it, and there the 500 is of the document and not of the moment (LocalStack, for every tree that has an `ANY` method).
fn is_worth_another_try(error: &CallError) -> bool {
    error.kind.is_transient()
        && !(matches!(error.operation, Operation::GetExport | Operation::ExportApi) && error.kind == Kind::Server)
}

/// One sweep's access to the control plane: the plane and the sweep's deadline.
#[derive(Debug, Clone, Copy)]
pub(super) struct Session<'a> {
    pub(super) plane: &'a ControlPlane,
    pub(super) deadline: Option<Instant>,
    /// Whether exports are asked for to learn what requests look like.
    pub(super) exports: bool,
}

impl Session<'_> {
    /// The client of `apigateway`.
    pub(super) fn v1(&self) -> &aws_sdk_apigateway::Client {
        &self.plane.v1
    }

    /// The client of `apigatewayv2`.
    pub(super) fn v2(&self) -> &aws_sdk_apigatewayv2::Client {
        &self.plane.v2
    }

    /// Makes a call within the budget, again where that may help, never past the deadline.
    pub(super) async fn call<T, E, F>(&self, operation: Operation, send: impl Fn() -> F + Sync) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, SdkError<E>>> + Send,
        E: std::error::Error + ProvideErrorMetadata + 'static,
        T: Send,
    {
        self.plane.call(operation, self.deadline, send).await
    }
}
