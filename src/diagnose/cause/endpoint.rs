//! The default endpoint: the host of an execute-api URL.

use super::page::{Confirm, Fix, Page};
use super::shared::{FORBIDDEN, NEEDS_DEPLOYMENT, gateway, guide, seen, silence, unverified};

pub(super) const API_UNKNOWN: Page = Page {
    more: "Each API has a host of its own, {api}.execute-api.{region}.amazonaws.com. The name is there as long as the \
           API is: a deleted API, another Region in the name or a slip in the id leave nothing to resolve. An API that \
           was deleted and made again has a new id, so every URL that was written down is stale.",
    answers: &[
        silence("from the internet", "curl: (6) Could not resolve host: …"),
        gateway("from a VPC whose endpoint has private DNS", 403, "ForbiddenException", r#"{"message":"Forbidden"}"#),
    ],
    confirm: Confirm {
        command: r#"aws apigateway get-rest-api --rest-api-id "$API" --region "$REGION""#,
        shows: "NotFoundException: this account has no such API in this Region. Try the other account and Region.",
    },
    console: "APIs (with the right Region at the top right): the column ID holds what the host must start with.",
    cloudformation: Fix {
        say: "Do not write the id down: make the URL from the API itself, and let callers take the output.",
        code: r#"Outputs:
  Url:
    Value: !Sub "https://${Api}.execute-api.${AWS::Region}.\
      ${AWS::URLSuffix}/prod""#,
    },
    terraform: Fix {
        say: "`invoke_url` of the stage holds the id, the Region and the stage: pass that on, not a copied text.",
        code: r#"output "url" {
  value = aws_api_gateway_stage.prod.invoke_url
}"#,
    },
    grounds: &[
        guide!(
            "how-to-call-api",
            "The base URL of a REST API is https://{api}.execute-api.{region}.amazonaws.com/{stage}/."
        ),
        seen!(
            "https://github.com/localstack/localstack/tree/8b9a79f/tests/aws/services/apigateway",
            "LocalStack's test_api_not_existing notes that on AWS the host of an API that is not there does not resolve."
        ),
        unverified!("Inside a VPC with private DNS the name still resolves, to the endpoint, which answers Forbidden."),
    ],
};

pub(super) const ENDPOINT_DISABLED: Page = Page {
    more: "With disableExecuteApiEndpoint every stage of the API refuses its default host; custom domains go on. The \
           setting bites, and is lifted, only once a stage of the API changes after it, as by a deployment: until then \
           the editor shows one thing and the stage does another.",
    answers: &[FORBIDDEN],
    confirm: Confirm {
        command: "aws apigateway get-rest-api --rest-api-id \"$API\" \\\n  --query disableExecuteApiEndpoint",
        shows: "true: the default endpoint is off.",
    },
    console: "APIs > your API > API settings > API details > Edit > Default endpoint: Active > Save changes; then \
              Resources > Deploy API.",
    cloudformation: Fix {
        say: "`DisableExecuteApiEndpoint: false` on AWS::Serverless::Api or AWS::ApiGateway::RestApi. With plain \
              CloudFormation a new AWS::ApiGateway::Deployment must follow (see not-deployed).",
        code: "Api:
  Type: AWS::Serverless::Api
  Properties:
    StageName: prod
    DisableExecuteApiEndpoint: false",
    },
    terraform: Fix {
        say: "`disable_execute_api_endpoint`, and the flag among the deployment's triggers, so that it takes effect.",
        code: r#"resource "aws_api_gateway_rest_api" "shop" {
  name                         = "shop"
  disable_execute_api_endpoint = false
}

resource "aws_api_gateway_deployment" "shop" {
  rest_api_id = aws_api_gateway_rest_api.shop.id
  triggers = {
    redeployment = sha1(jsonencode([
      aws_api_gateway_rest_api.shop.disable_execute_api_endpoint,
    ]))
  }
  lifecycle {
    create_before_destroy = true
  }
}"#,
    },
    grounds: &[
        guide!(
            "rest-api-disable-default-endpoint",
            "Clients still connect and get 403 Forbidden; all stages are affected; it takes effect when any setting of \
             any stage is updated, as by a deployment."
        ),
        guide!("updating-api", "disableExecuteApiEndpoint needs a stage to be modified, such as by a deployment."),
        seen!(
            "https://github.com/floci-io/floci/issues/2054",
            "REST answers 403 Forbidden, an HTTP API 404 Not Found (quoting AWS's Knowledge Center)."
        ),
    ],
};

pub(super) const PRIVATE_ENDPOINT: Page = Page {
    more: "A private API answers only through an interface endpoint for execute-api in a VPC, and only where the \
           API's resource policy allows that endpoint. With private DNS the default host works inside the VPC; \
           without it, use the endpoint's own name with the API in x-apigw-api-id, or {api}-{vpce} as the host where \
           the endpoint is associated. Private DNS has a price: public APIs of that Region can then not be reached \
           from the VPC by their default hosts.",
    answers: &[
        silence("from outside the VPC", "curl: (6) Could not resolve host: …"),
        silence(
            "from outside the VPC, where the name resolves to private addresses",
            "curl: (28) Connection timed out …",
        ),
        gateway(
            "through an endpoint, with a Host that names no API there",
            403,
            "ForbiddenException",
            r#"{"message":"Forbidden"}"#,
        ),
    ],
    confirm: Confirm {
        command: "aws apigateway get-rest-api --rest-api-id \"$API\" \\\n  --query 'endpointConfiguration'",
        shows: "`types` has PRIVATE; `vpcEndpointIds` lists the associated endpoints.",
    },
    console: "VPC > Endpoints > Create endpoint > AWS services > com.amazonaws.{region}.execute-api, with private DNS \
              names; then API Gateway > APIs > your API > Resource policy, and Resources > Deploy API.",
    cloudformation: Fix {
        say: "Associate the endpoint with the API and allow it in the policy. A change of either needs a deployment.",
        code: r#"Api:
  Type: AWS::ApiGateway::RestApi
  Properties:
    Name: shop
    EndpointConfiguration:
      Types: [PRIVATE]
      VpcEndpointIds: [!Ref ExecuteApiEndpoint]
    Policy:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Principal: "*"
          Action: execute-api:Invoke
          Resource: execute-api:/*
          Condition:
            StringEquals:
              aws:SourceVpce: !Ref ExecuteApiEndpoint
ExecuteApiEndpoint:
  Type: AWS::EC2::VPCEndpoint
  Properties:
    VpcId: !Ref Vpc
    ServiceName: !Sub com.amazonaws.${AWS::Region}.execute-api
    VpcEndpointType: Interface
    SubnetIds: [!Ref Subnet]
    PrivateDnsEnabled: true"#,
    },
    terraform: Fix {
        say: "The endpoint, its association and the policy; the policy goes into the deployment's triggers.",
        code: r#"resource "aws_vpc_endpoint" "execute_api" {
  vpc_id              = var.vpc_id
  subnet_ids          = var.subnet_ids
  service_name        = "com.amazonaws.eu-central-1.execute-api"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
}

resource "aws_api_gateway_rest_api" "shop" {
  name = "shop"
  endpoint_configuration {
    types            = ["PRIVATE"]
    vpc_endpoint_ids = [aws_vpc_endpoint.execute_api.id]
  }
}"#,
    },
    grounds: &[
        guide!(
            "apigateway-private-api-test-invoke-url",
            "The host names of a private API with and without private DNS; with private DNS the VPC cannot reach public \
             APIs by their default hosts."
        ),
        guide!(
            "apigateway-private-apis",
            "A private API is reached only through an interface endpoint that its policy allows."
        ),
        NEEDS_DEPLOYMENT,
        seen!(
            "users' transcripts in public issues; see docs/verified.md",
            "Through an endpoint with a wrong Host: 403 ForbiddenException; with x-apigw-api-id the same call answers 200."
        ),
        unverified!("The status and body where `endpointAccessMode: STRICT` rejects a wrong SNI or Host."),
    ],
};
