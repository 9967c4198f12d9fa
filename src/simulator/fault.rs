//! What goes wrong on the control plane.

use std::time::Duration;

use super::tally::Tally;

/// A control-plane call that the simulator knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // AWS's own names of its calls.
pub enum Operation {
    GetRestApis,
    GetRestApi,
    GetStages,
    GetStage,
    GetDeployments,
    GetDeployment,
    GetResources,
    GetGatewayResponses,
    GetExport,
    GetRequestValidators,
    GetAuthorizers,
    GetModels,
    GetDomainNames,
    GetDomainName,
    GetBasePathMappings,
    /// API Gateway v2's.
    GetApis,
    /// API Gateway v2's.
    GetApi,
    /// API Gateway v2's `GetStages`.
    GetStagesV2,
    /// API Gateway v2's `GetStage`.
    GetStageV2,
    /// API Gateway v2's.
    GetRoutes,
    /// API Gateway v2's.
    ExportApi,
    /// API Gateway v2's.
    GetApiMappings,
    /// API Gateway v2's.
    ListRoutingRules,
    /// Anything else.
    Unknown,
}

/// How a call goes wrong. Statuses and codes are those of facts C2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 400 `BadRequestException`.
    BadRequest,
    /// 401 `UnauthorizedException`.
    Unauthorized,
    /// 403 `AccessDeniedException`: the caller's policy does not allow it.
    AccessDenied,
    /// 403 `UnrecognizedClientException`: the access key is not valid (facts A2, bad keys).
    InvalidToken,
    /// 403 `ExpiredTokenException`: the session is over.
    ExpiredToken,
    /// 404 `NotFoundException`.
    NotFound,
    /// 429 `TooManyRequestsException`, with `Retry-After` in seconds.
    TooManyRequests(u32),
    /// 500.
    InternalFailure,
    /// 503 `ServiceUnavailableException`.
    ServiceUnavailable,
    /// 200 with a body that is no JSON.
    Garbage,
    /// The answer comes this much later, and is the right one.
    Slow(Duration),
    /// The connection is closed without an answer.
    Disconnect,
}

/// A fault and the calls that it hits.
#[derive(Debug, Clone)]
pub struct ControlFault {
    /// The call. `None`: every one.
    pub operation: Option<Operation>,
    /// What goes wrong.
    pub fault: Fault,
    /// The API id or domain name that it is limited to.
    pub target: Option<String>,
    /// How many calls it hits before all is well again. `None`: all.
    pub times: Option<u32>,
    hits: Tally,
}

impl ControlFault {
    /// A fault of one operation, for ever.
    #[must_use]
    pub fn on(operation: Operation, fault: Fault) -> Self {
        Self { operation: Some(operation), ..Self::everywhere(fault) }
    }

    /// A fault of every operation, for ever.
    #[must_use]
    pub fn everywhere(fault: Fault) -> Self {
        Self { operation: None, fault, target: None, times: None, hits: Tally::default() }
    }

    /// Limits it to one API (by id) or one domain (by name).
    #[must_use]
    pub fn of(mut self, target: &str) -> Self {
        self.target = Some(target.to_owned());
        self
    }

    /// Limits it to the first `times` calls.
    #[must_use]
    pub fn first(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Whether it hits this call; counts it if so.
    pub(super) fn hits(&self, operation: Operation, target: Option<&str>) -> bool {
        self.operation.is_none_or(|own| own == operation)
            && (self.target.is_none() || self.target.as_deref() == target)
            && self.times.is_none_or(|times| self.hits.is_among_first(times))
    }
}
