//! Routed, and then: what lies behind the method.

use super::page::{Answer, Confirm, Fix, Ground, Page};
use super::shared::{CUSTOMISED, KC_TOKEN, NO_EXECUTION_LOG, aws, gateway, guide, seen, unverified};

const INTERNAL: &str = r#"{"message":"Internal server error"}"#;

const LOGS: &str = "aws logs filter-log-events --query 'events[].message' \\\n  --log-group-name \"API-Gateway-Execution-Logs_$API/$STAGE\" \\\n  --start-time \"$(( ($(date +%s) - 600) * 1000 ))\"";

const RESPONSE_TYPES: Ground = guide!(
    "supported-gateway-response-types",
    "INTEGRATION_FAILURE and INTEGRATION_TIMEOUT are 504, API_CONFIGURATION_ERROR is 500 by default."
);

pub(super) const UPSTREAM_GATEWAY: Page = Page {
    more: "The request was routed. What lies behind the method is another API Gateway or another AWS service, which refused \
           the call in the same words, and the integration passed them on. This gateway's own refusals always have \
           x-amzn-ErrorType; headers of the inner one come out renamed, as x-amzn-remapped-….",
    answers: &[Answer {
        when: "the inner gateway did not know the route, or wanted a signature",
        status: Some(403),
        error_type: None,
        body: r#"{"message":"Missing Authentication Token"}"#,
    }],
    confirm: Confirm {
        command: "curl -si \"$URL\" | grep -iE '^(HTTP|x-amzn-(errortype|remapped))'",
        shows: "x-amzn-remapped-… is there, or x-amzn-ErrorType is not. In access logs: $context.integration.status is 403.",
    },
    console: "APIs > your API > Resources > the method > Integration request > Edit: endpoint URL with its stage, or the AWS \
              service with its execution role; then Deploy API.",
    cloudformation: Fix {
        say: "The inner URL needs its stage; an AWS service integration needs `Credentials`, a role that may make the call.",
        code: r#"GetOrders:
  Type: AWS::ApiGateway::Method
  Properties:
    RestApiId: !Ref Api
    ResourceId: !Ref Orders
    HttpMethod: GET
    AuthorizationType: NONE
    Integration:
      Type: HTTP_PROXY
      IntegrationHttpMethod: GET
      Uri: !Sub "https://${Inner}.execute-api.${AWS::Region}.\
        ${AWS::URLSuffix}/prod/orders""#,
    },
    terraform: Fix {
        say: "The inner URL needs its stage: take it from `invoke_url`. An AWS service integration needs `credentials`.",
        code: r#"resource "aws_api_gateway_integration" "get_orders" {
  rest_api_id             = aws_api_gateway_rest_api.shop.id
  resource_id             = aws_api_gateway_resource.orders.id
  http_method             = aws_api_gateway_method.get_orders.http_method
  type                    = "HTTP_PROXY"
  integration_http_method = "GET"

  uri = "${aws_api_gateway_stage.inner.invoke_url}/orders"
}"#,
    },
    grounds: &[
        KC_TOKEN,
        seen!(
            "users' transcripts in public issues; see docs/verified.md",
            "An inner gateway's refusal passed through an outer one unchanged."
        ),
        seen!(
            "https://github.com/localstack/localstack/tree/8b9a79f/tests/aws/services/apigateway",
            "Recorded from AWS (test_apigateway_header_remapping_http): an integration's headers that collide with the \
             gateway's own come out as x-amzn-remapped-…."
        ),
        unverified!("A CDN or a proxy in front may strip x-amzn-ErrorType and make a refusal of this gateway look so."),
    ],
};

pub(super) const INTEGRATION: Page = Page {
    more: "The route holds and the integration does not: a Lambda function that fails, answers in the wrong shape or may not \
           be invoked, a URL that does not answer, a stage variable that this stage lacks, a mapping template that does not \
           fit. A stage variable in the URI fails on one stage only.",
    answers: &[
        gateway("the integration could not be called", 500, "InternalServerErrorException", INTERNAL),
        gateway("a Lambda proxy answered in the wrong shape, or failed", 502, "InternalServerErrorException", INTERNAL),
        gateway(
            "INTEGRATION_FAILURE as documented",
            504,
            "InternalServerErrorException",
            r#"{"message":"Network error communicating with endpoint"}"#,
        ),
    ],
    confirm: Confirm {
        command: LOGS,
        shows: "Lines with Execution failed say what: permission, malformed Lambda proxy response, invalid endpoint.",
    },
    console: "APIs > your API > Resources > the method > Test: the log names the fault. Then Integration request > Edit, and \
              Deploy API. Logs: Stages > the stage > Logs and tracing > Edit.",
    cloudformation: Fix {
        say: "The usual fault: API Gateway may not invoke the function. SAM adds this permission for Api events by itself.",
        code: r#"Invoke:
  Type: AWS::Lambda::Permission
  Properties:
    Action: lambda:InvokeFunction
    FunctionName: !Ref Function
    Principal: apigateway.amazonaws.com
    SourceArn: !Sub "arn:${AWS::Partition}:execute-api:${AWS::Region}:\
      ${AWS::AccountId}:${Api}/*/GET/orders""#,
    },
    terraform: Fix {
        say: "The usual faults: no permission to invoke the function, and an `integration_http_method` other than POST for \
              Lambda, whatever the method's own verb is.",
        code: r#"resource "aws_lambda_permission" "api" {
  action        = "lambda:InvokeFunction"
  function_name = var.function_name
  principal     = "apigateway.amazonaws.com"

  source_arn = "${aws_api_gateway_rest_api.shop.execution_arn}/*/GET/orders"
}

resource "aws_api_gateway_integration" "get_orders" {
  rest_api_id             = aws_api_gateway_rest_api.shop.id
  resource_id             = aws_api_gateway_resource.orders.id
  http_method             = aws_api_gateway_method.get_orders.http_method
  type                    = "AWS_PROXY"
  integration_http_method = "POST"
  uri                     = var.function_invoke_arn
}"#,
    },
    grounds: &[
        guide!(
            "set-up-lambda-proxy-integrations",
            "A Lambda proxy's output in another format than the documented one gives 502."
        ),
        guide!(
            "amazon-api-gateway-using-stage-variables",
            "A stage variable in a URI needs its value, and the permission to invoke, on each stage."
        ),
        RESPONSE_TYPES,
        seen!(
            "https://repost.aws/questions/QUL-z6rJbmR4meafB7MzYXxw",
            "INTEGRATION_FAILURE answered 500 by default, and 504 once it was customised."
        ),
        unverified!("Which failures really answer 504 by default."),
    ],
};

pub(super) const INTEGRATION_TIMEOUT: Page = Page {
    more: "The backend took longer than the integration's timeout: 29 s unless it was set otherwise. The backend may well \
           have done its work, so a caller that tries again does it twice. Above 29 s is for Regional and private APIs, by a \
           quota that can be raised.",
    answers: &[gateway("always", 504, "InternalServerErrorException", r#"{"message":"Endpoint request timed out"}"#)],
    confirm: Confirm {
        command: LOGS,
        shows: "Execution failed due to a timeout error; the metric IntegrationLatency stands at the timeout.",
    },
    console: "APIs > your API > Resources > the method > Integration request > Edit > Integration timeout; then Deploy API. \
              Above 29 s first: Service Quotas > Amazon API Gateway > Maximum integration timeout in milliseconds.",
    cloudformation: Fix {
        say: "`TimeoutInMillis` of the integration, from 50 to 29000, or more where the quota was raised.",
        code: "GetReport:
  Type: AWS::ApiGateway::Method
  Properties:
    RestApiId: !Ref Api
    ResourceId: !Ref Orders
    HttpMethod: GET
    AuthorizationType: NONE
    Integration:
      Type: HTTP_PROXY
      IntegrationHttpMethod: GET
      Uri: https://backend.example.com/report
      TimeoutInMillis: 29000",
    },
    terraform: Fix {
        say: "`timeout_milliseconds` of the integration, from 50 to 29000, or more where the quota was raised.",
        code: r#"resource "aws_api_gateway_integration" "get_orders" {
  rest_api_id             = aws_api_gateway_rest_api.shop.id
  resource_id             = aws_api_gateway_resource.orders.id
  http_method             = aws_api_gateway_method.get_orders.http_method
  type                    = "HTTP_PROXY"
  integration_http_method = "GET"
  uri                     = "https://backend.example.com/orders"
  timeout_milliseconds    = 29000
}"#,
    },
    grounds: &[
        guide!(
            "api-gateway-execution-service-limits-table",
            "Integration timeout: 50 ms to 29 s, to be raised for Regional and private APIs only."
        ),
        RESPONSE_TYPES,
        unverified!("The exact words, Endpoint request timed out: well known, and not found recorded."),
    ],
};

pub(super) const BACKEND_STATUS: Page = Page {
    more: "The route, the stage and the gateway are in order: the integration answered with an error status of its own, and \
           API Gateway passed it on. It is the backend's, as seen by the missing x-amzn-ErrorType. For a made-up probe a 404 \
           may be right: that id is not there.",
    answers: &[Answer {
        when: "a proxy integration: the backend's own status, headers and body",
        status: Some(404),
        error_type: None,
        body: "…",
    }],
    confirm: Confirm {
        command: "curl -si \"$URL\" | grep -iE '^(HTTP|x-amzn-errortype|x-amz-apigw-id)'",
        shows: "x-amz-apigw-id is there, x-amzn-ErrorType is not. In access logs: $context.integration.status is that status.",
    },
    console: "Nothing to change in API Gateway: look at the backend's logs, as CloudWatch > Log groups > /aws/lambda/{function}.",
    cloudformation: Fix {
        say: "Nothing to change in API Gateway. Access logs that hold the integration's status tell the two apart at once.",
        code: r#"LoggedStage:
  Type: AWS::ApiGateway::Stage
  Properties:
    RestApiId: !Ref Api
    DeploymentId: !Ref Deployment
    StageName: prod
    AccessLogSetting:
      DestinationArn: !GetAtt AccessLog.Arn
      Format: >-
        {"id":"$context.requestId","path":"$context.path",
        "status":"$context.status","type":"$context.error.responseType",
        "integration":"$context.integration.status"}
AccessLog:
  Type: AWS::Logs::LogGroup
  UpdateReplacePolicy: Delete
  DeletionPolicy: Delete
  Properties:
    RetentionInDays: 30"#,
    },
    terraform: Fix {
        say: "Nothing to change in API Gateway. Access logs that hold the integration's status tell the two apart at once.",
        code: r#"resource "aws_api_gateway_stage" "prod" {
  rest_api_id   = aws_api_gateway_rest_api.shop.id
  deployment_id = aws_api_gateway_deployment.shop.id
  stage_name    = "prod"
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format = jsonencode({
      id          = "$context.requestId"
      path        = "$context.path"
      status      = "$context.status"
      type        = "$context.error.responseType"
      integration = "$context.integration.status"
    })
  }
}

resource "aws_cloudwatch_log_group" "access" {
  name              = "shop-access"
  retention_in_days = 30
}"#,
    },
    grounds: &[
        guide!(
            "set-up-logging",
            "The variables of access logs, $context.integration.status and $context.error.responseType among them."
        ),
        seen!(
            "https://github.com/localstack/localstack/tree/8b9a79f/tests/aws/services/apigateway",
            "Recorded from AWS: x-amzn-ErrorType is on answers that API Gateway makes, not on those it passes on."
        ),
    ],
};

pub(super) const UNEXPLAINED: Page = Page {
    more: "Stage, path, verb and deployment were read and say that the request must reach its method, and it was refused. \
           That leaves: a change since the reading, a web ACL or policy that was not read, something in front that alters \
           the request or the answer, or a fault in Gateprobe. The evidence lists all that was seen.",
    answers: &[
        gateway(
            "for example",
            403,
            "MissingAuthenticationTokenException",
            r#"{"message":"Missing Authentication Token"}"#,
        ),
        gateway("for example", 403, "ForbiddenException", r#"{"message":"Forbidden"}"#),
    ],
    confirm: Confirm {
        command: "gateprobe diagnose -v \"$URL\"",
        shows: "The same again, with all the evidence: then look the x-amzn-RequestId up in the stage's access log.",
    },
    console: "APIs > your API > Stages > the stage > Logs and tracing > Edit > Custom access logging, with \
              $context.requestId, $context.error.responseType and $context.error.message in the format.",
    cloudformation: Fix {
        say: "`AccessLogSetting` of the stage, as under backend-status: it says what API Gateway made of the request.",
        code: "",
    },
    terraform: Fix {
        say: "`access_log_settings` of the stage, as under backend-status: it says what API Gateway made of the request.",
        code: "",
    },
    grounds: &[
        NO_EXECUTION_LOG,
        CUSTOMISED,
        guide!("set-up-logging", "A client may set x-amzn-RequestId to a UUID, and finds it again in the access log."),
        aws!(
            "https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-monitor.html",
            "Some refusals leave neither log nor metric."
        ),
    ],
};
