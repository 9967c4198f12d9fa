//! The control-plane calls that a sweep makes.

use std::fmt;

/// An operation of `apigateway` or `apigatewayv2`. Each is a plain read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// `apigateway:GetRestApis`
    GetRestApis,
    /// `apigateway:GetRestApi`
    GetRestApi,
    /// `apigateway:GetStages`
    GetStages,
    /// `apigateway:GetStage`, and `apigatewayv2`'s
    GetStage,
    /// `apigateway:GetDeployment`
    GetDeployment,
    /// `apigateway:GetDeployments`
    GetDeployments,
    /// `apigateway:GetExport`
    GetExport,
    /// `apigateway:GetResources`, which AWS throttles apart from the others
    GetResources,
    /// `apigateway:GetGatewayResponses`
    GetGatewayResponses,
    /// `apigateway:GetRequestValidators`, of emulators alone
    GetRequestValidators,
    /// `apigateway:GetAuthorizers`, of emulators alone
    GetAuthorizers,
    /// `apigateway:GetModels`, of emulators alone
    GetModels,
    /// `apigateway:GetDomainNames`
    GetDomainNames,
    /// `apigateway:GetDomainName`
    GetDomainName,
    /// `apigateway:GetBasePathMappings`
    GetBasePathMappings,
    /// `apigatewayv2:GetApis`
    GetApis,
    /// `apigatewayv2:GetApi`
    GetApi,
    /// `apigatewayv2:GetStages`
    GetStagesV2,
    /// `apigatewayv2:GetRoutes`
    GetRoutes,
    /// `apigatewayv2:ExportApi`
    ExportApi,
    /// `apigatewayv2:GetApiMappings`
    GetApiMappings,
    /// `apigatewayv2:ListRoutingRules`
    ListRoutingRules,
}

impl Operation {
    /// AWS's name of it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::GetRestApis => "GetRestApis",
            Self::GetRestApi => "GetRestApi",
            Self::GetApis => "GetApis",
            Self::GetApi => "GetApi",
            Self::GetStages | Self::GetStagesV2 => "GetStages",
            Self::GetStage => "GetStage",
            Self::GetRoutes => "GetRoutes",
            Self::ExportApi => "ExportApi",
            Self::GetDeployment => "GetDeployment",
            Self::GetDeployments => "GetDeployments",
            Self::GetExport => "GetExport",
            Self::GetResources => "GetResources",
            Self::GetGatewayResponses => "GetGatewayResponses",
            Self::GetRequestValidators => "GetRequestValidators",
            Self::GetAuthorizers => "GetAuthorizers",
            Self::GetModels => "GetModels",
            Self::GetDomainNames => "GetDomainNames",
            Self::GetDomainName => "GetDomainName",
            Self::GetBasePathMappings => "GetBasePathMappings",
            Self::GetApiMappings => "GetApiMappings",
            Self::ListRoutingRules => "ListRoutingRules",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
