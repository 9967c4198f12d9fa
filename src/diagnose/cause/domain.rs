//! Custom domains: mappings, routing rules and DNS.

use super::page::{Answer, Confirm, Fix, Page};
use super::shared::{
    BEARER, DOMAIN_FORBIDDEN, DOMAIN_TOKEN, FORBIDDEN, INCOMPLETE, MAPPINGS, MAT, MAT_DOCUMENTED, MAT_RECORDED,
    NEEDS_DEPLOYMENT, UNMATCHED, aws, gateway, guide, seen, silence, unverified,
};

pub(super) const DOMAIN_UNMAPPED: Page = Page {
    more: "A custom domain picks an API by the path's first segments: the longest mapped base path wins, and what \
           matches none goes to the mapping (none), if there is one. Without one nobody takes the request, and no API, \
           no stage and no log of yours sees it.",
    answers: &[FORBIDDEN],
    confirm: Confirm {
        command: "aws apigatewayv2 get-api-mappings --domain-name \"$DOMAIN\" \\\n  --query 'Items[].[ApiMappingKey,ApiId,Stage]' --output text",
        shows: "No key is a prefix of the path, whole segments counted, and none is empty (that one is (none)).",
    },
    console: "Custom domain names > your domain > Routing details > Configure API mappings > Add new mapping: API, \
              Stage, Path (empty for (none)) > Save. No deployment is needed.",
    cloudformation: Fix {
        say: "A mapping for the base path; without `BasePath` it is (none).",
        code: "Mapping:
  Type: AWS::ApiGateway::BasePathMapping
  Properties:
    DomainName: api.example.com
    BasePath: orders
    RestApiId: !Ref Api
    Stage: !Ref Prod",
    },
    terraform: Fix {
        say: "A mapping for the base path; without `base_path` it is (none).",
        code: r#"resource "aws_api_gateway_base_path_mapping" "orders" {
  domain_name = "api.example.com"
  base_path   = "orders"
  api_id      = aws_api_gateway_rest_api.shop.id
  stage_name  = aws_api_gateway_stage.prod.stage_name
}"#,
    },
    grounds: &[
        MAPPINGS,
        DOMAIN_FORBIDDEN,
        seen!(
            "https://github.com/amplify-education/serverless-domain-manager/issues/57",
            "The same, with a mapping that was never made."
        ),
        aws!(
            "https://repost.aws/knowledge-center/api-gateway-missing-cloudwatch-logs",
            "A 4xx to a custom domain without a mapping may leave neither log nor metric."
        ),
    ],
};

pub(super) const BASE_PATH_MISSING: Page = Page {
    more: "The API is mapped under a base path, and the URL starts with the resource instead. API Gateway strips the \
           base path before it routes, so the resources do not have it, and callers must.",
    answers: &[
        gateway("nothing is mapped to (none)", 403, "ForbiddenException", r#"{"message":"Forbidden"}"#),
        gateway(
            "something is mapped to (none), and lacks the path",
            403,
            "MissingAuthenticationTokenException",
            r#"{"message":"Missing Authentication Token"}"#,
        ),
        gateway(
            "the same, with an Authorization header that is not SigV4",
            403,
            "IncompleteSignatureException",
            INCOMPLETE.body,
        ),
    ],
    confirm: Confirm {
        command: "aws apigatewayv2 get-api-mappings --domain-name \"$DOMAIN\" \\\n  --query 'Items[].[ApiMappingKey,ApiId,Stage]' --output text",
        shows: "The API is there under a key that the URL lacks.",
    },
    console: "Custom domain names > your domain > Routing details: the paths under API mappings. To serve the API at the \
              root as well: Configure API mappings > Add new mapping with an empty Path.",
    cloudformation: Fix {
        say: "Callers must write the base path. To serve the API at the root, map it to (none) by leaving `BasePath` out.",
        code: "RootMapping:
  Type: AWS::ApiGateway::BasePathMapping
  Properties:
    DomainName: api.example.com
    RestApiId: !Ref Api
    Stage: !Ref Prod",
    },
    terraform: Fix {
        say: "Callers must write the base path. To serve the API at the root, leave `base_path` out.",
        code: r#"resource "aws_api_gateway_base_path_mapping" "root" {
  domain_name = "api.example.com"
  api_id      = aws_api_gateway_rest_api.shop.id
  stage_name  = aws_api_gateway_stage.prod.stage_name
}"#,
    },
    grounds: &[MAPPINGS, DOMAIN_FORBIDDEN, DOMAIN_TOKEN, BEARER],
};

pub(super) const DOMAIN_WRONG_STAGE: Page = Page {
    more: "A mapping names one stage. Where it names one that the method was never deployed to, the domain says that \
           the route is missing while the other stage's execute-api URL works: a test on the default host proves \
           nothing about the domain.",
    answers: UNMATCHED,
    confirm: Confirm {
        command: "aws apigatewayv2 get-api-mappings --domain-name \"$DOMAIN\" \\\n  --query 'Items[].[ApiMappingKey,ApiId,Stage]' --output text",
        shows: "The stage in the last column is not the one whose execute-api URL answers.",
    },
    console: "Custom domain names > your domain > Routing details > Configure API mappings: choose the Stage > Save. Or \
              deploy to the mapped stage: APIs > your API > Resources > Deploy API.",
    cloudformation: Fix {
        say: "Set `Stage` of the mapping to the stage that has the method.",
        code: "Mapping:
  Type: AWS::ApiGateway::BasePathMapping
  Properties:
    DomainName: api.example.com
    BasePath: orders
    RestApiId: !Ref Api
    Stage: !Ref Prod",
    },
    terraform: Fix {
        say: "Set `stage_name` by reference, so that the mapping follows the stage.",
        code: r#"resource "aws_api_gateway_base_path_mapping" "orders" {
  domain_name = "api.example.com"
  base_path   = "orders"
  api_id      = aws_api_gateway_rest_api.shop.id
  stage_name  = aws_api_gateway_stage.prod.stage_name
}"#,
    },
    grounds: &[MAPPINGS, DOMAIN_TOKEN, MAT_DOCUMENTED, MAT_RECORDED, BEARER],
};

pub(super) const DOMAIN_DNS: Page = Page {
    more: "A custom domain of API Gateway is not in DNS by itself: its name must be an alias or CNAME to the target \
           that API Gateway shows for it (d-….execute-api.… for a Regional domain, ….cloudfront.net for an \
           edge-optimized one). After a domain was deleted and made again the target is a new one.",
    answers: &[
        silence("there is no record", "curl: (6) Could not resolve host: api.example.com"),
        silence(
            "the record leads to another server",
            "curl: (60) SSL: no alternative certificate subject name matches target host name 'api.example.com'",
        ),
    ],
    confirm: Confirm {
        command: "dig +short \"$DOMAIN\"; aws apigateway get-domain-name \\\n  --domain-name \"$DOMAIN\" \\\n  --query '[regionalDomainName,distributionDomainName]'",
        shows: "The record does not lead to that target: its addresses are not those of the target's own name.",
    },
    console: "Custom domain names > your domain > Endpoint configuration: API Gateway domain name. Then Route 53 > \
              Hosted zones > your zone > Create record > Alias > Alias to API Gateway API.",
    cloudformation: Fix {
        say: "An alias record to the domain's own attributes. For edge-optimized: `DistributionDomainName` and \
              `DistributionHostedZoneId`.",
        code: "Record:
  Type: AWS::Route53::RecordSet
  Properties:
    HostedZoneName: example.com.
    Name: api.example.com.
    Type: A
    AliasTarget:
      DNSName: !GetAtt Domain.RegionalDomainName
      HostedZoneId: !GetAtt Domain.RegionalHostedZoneId",
    },
    terraform: Fix {
        say: "An alias record to the domain's own attributes. For edge-optimized: `cloudfront_domain_name` and \
              `cloudfront_zone_id`.",
        code: r#"resource "aws_route53_record" "api" {
  zone_id = var.zone_id
  name    = aws_api_gateway_domain_name.api.domain_name
  type    = "A"

  alias {
    evaluate_target_health = false

    name    = aws_api_gateway_domain_name.api.regional_domain_name
    zone_id = aws_api_gateway_domain_name.api.regional_zone_id
  }
}"#,
    },
    grounds: &[
        guide!(
            "how-to-custom-domains",
            "The domain's DNS record must point at the target domain name that API Gateway gives it."
        ),
        guide!("apigateway-regional-api-custom-domain-create", "How the record is made for a Regional domain."),
    ],
};

pub(super) const ROUTING_RULE: Page = Page {
    more: "Routing rules match headers and base paths before any mapping is looked at, the lowest priority number \
           first. Under ROUTING_RULE_ONLY the mappings are still listed and no longer route: what get-api-mappings says \
           is then not what happens. A rule that does not strip the base path hands the API a longer path.",
    answers: &[
        MAT,
        INCOMPLETE,
        Answer { when: "the rule's API has a method for the path", status: Some(200), error_type: None, body: "…" },
        gateway("ROUTING_RULE_ONLY, and no rule matches", 403, "ForbiddenException", r#"{"message":"Forbidden"}"#),
    ],
    confirm: Confirm {
        command: "aws apigatewayv2 list-routing-rules --domain-name \"$DOMAIN\" \\\n  --query 'RoutingRules[].[Priority,Conditions,Actions]'",
        shows: "A rule whose conditions the request meets leads to another API or stage than the mapping.",
    },
    console: "Custom domain names > your domain > Routing details: the rules and their priorities. The mode: Domain \
              details > Edit > Routing mode.",
    cloudformation: Fix {
        say: "Give each rule the conditions that only its requests meet; `RoutingMode` of AWS::ApiGateway::DomainName is \
              BASE_PATH_MAPPING_ONLY, ROUTING_RULE_ONLY or ROUTING_RULE_THEN_BASE_PATH_MAPPING.",
        code: "BetaRule:
  Type: AWS::ApiGatewayV2::RoutingRule
  Properties:
    DomainNameArn: !GetAtt Domain.DomainNameArn
    Priority: 50
    Conditions:
      - MatchHeaders:
          AnyOf: [{ Header: x-version, ValueGlob: beta }]
      - MatchBasePaths:
          AnyOf: [orders]
    Actions:
      - InvokeApi:
          ApiId: !Ref Api
          Stage: !Ref Prod
          StripBasePath: true",
    },
    terraform: Fix {
        say: "aws_apigatewayv2_routing_rule and `routing_mode` of aws_api_gateway_domain_name; both need version 6 of the \
              provider.",
        code: r#"resource "aws_apigatewayv2_routing_rule" "beta" {
  domain_name = "api.example.com"
  priority    = 50
  condition {
    match_headers {
      any_of {
        header     = "x-version"
        value_glob = "beta"
      }
    }
  }
  action {
    invoke_api {
      api_id          = aws_api_gateway_rest_api.shop.id
      stage           = aws_api_gateway_stage.prod.stage_name
      strip_base_path = true
    }
  }
}"#,
    },
    grounds: &[
        guide!("set-routing-mode", "The three modes; under ROUTING_RULE_ONLY mappings can be listed and are not used."),
        guide!("rest-api-routing-mode", "All rules are asked before any mapping."),
        guide!("apigateway-routing-rules-use", "Rules are asked from the lowest priority value to the highest."),
        unverified!("Under ROUTING_RULE_ONLY a request that meets no rule gets 403 Forbidden, as without a mapping."),
    ],
};

pub(super) const RESERVED_PATH: Page = Page {
    more: "API Gateway keeps /ping and /sping of custom domains for its own health checks. An API's root resource of \
           that name works on the default host and not on the domain; a health check of yours on it says nothing about \
           your API.",
    answers: &[Answer { when: "as reported; not documented", status: Some(200), error_type: None, body: "healthy" }],
    confirm: Confirm {
        command: "curl -si \"https://$DOMAIN/ping\"; \\\ncurl -si \"https://$API.execute-api.$REGION.amazonaws.com/$STAGE/ping\"",
        shows: "The two answers differ, and the first has nothing of your integration.",
    },
    console: "APIs > your API > Resources > Create resource: another name, as /health; create its method; Deploy API.",
    cloudformation: Fix {
        say: "Name the resource otherwise, and deploy.",
        code: "Health:
  Type: AWS::ApiGateway::Resource
  Properties:
    RestApiId: !Ref Api
    ParentId: !GetAtt Api.RootResourceId
    PathPart: health",
    },
    terraform: Fix {
        say: "Name the resource otherwise, and have it among the deployment's triggers.",
        code: r#"resource "aws_api_gateway_resource" "health" {
  rest_api_id = aws_api_gateway_rest_api.shop.id
  parent_id   = aws_api_gateway_rest_api.shop.root_resource_id
  path_part   = "health"
}"#,
    },
    grounds: &[
        guide!(
            "api-gateway-known-issues",
            "/ping and /sping are reserved for the service health check; as root-level resources with custom domains they \
             fail to produce the expected result."
        ),
        NEEDS_DEPLOYMENT,
        unverified!("What exactly is answered on these paths."),
    ],
};
