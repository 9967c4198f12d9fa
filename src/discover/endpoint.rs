//! Which endpoint the SDK really calls, so that an error can name it.
//!
//! `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_API_GATEWAY`, the profile's `services` section, FIPS, dual stack and the
//! region's partition all have a say in it. Only the request knows.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_apigateway::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_apigateway::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_apigateway::error::BoxError;

/// Remembers scheme and authority of the last request.
#[derive(Debug, Clone, Default)]
pub(super) struct EndpointSeen(Arc<Mutex<Option<String>>>);

impl EndpointSeen {
    /// The last request's endpoint, as `http://127.0.0.1:5200`.
    pub(super) fn last(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Intercept for EndpointSeen {
    fn name(&self) -> &'static str {
        "EndpointSeen"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // User name and password, if somebody wrote them into the URL, have no place in a message: `origin` has none.
        if let Ok(url) = url::Url::parse(context.request().uri()) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(url.origin().ascii_serialization());
        }
        Ok(())
    }
}
