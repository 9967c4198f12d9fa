//! The path and the verb.

use super::page::{Confirm, Fix, Page};
use super::shared::{
    BEARER, CUSTOMISED, DEPLOYED, KC_TOKEN, MAT_DOCUMENTED, MAT_RECORDED, NO_EXECUTION_LOG, PAIRS, PULUMI, ROUTER,
    UNMATCHED, aws, guide, seen, unverified,
};

pub(super) const ROOT_WITHOUT_METHOD: Page = Page {
    more: "The console's Invoke URL ends at the stage and leads to the root resource. Where only child resources have \
           methods, opening it in a browser gives the token message although everything works. A {proxy+} at the root \
           does not take the root itself.",
    answers: UNMATCHED,
    confirm: Confirm { command: DEPLOYED, shows: "There is no \"/\", or it lacks the verb." },
    console: "APIs > your API > Resources > / > Create method; then Deploy API. Or call a resource's path.",
    cloudformation: Fix {
        say: "A method on the root; its resource is `RootResourceId`. Then a deployment (see not-deployed).",
        code: "GetRoot:
  Type: AWS::ApiGateway::Method
  Properties:
    RestApiId: !Ref Api
    ResourceId: !GetAtt Api.RootResourceId
    HttpMethod: GET
    AuthorizationType: NONE
    Integration:
      Type: HTTP_PROXY
      IntegrationHttpMethod: GET
      Uri: https://backend.example.com/",
    },
    terraform: Fix {
        say: "A method and an integration on `root_resource_id`, both among the deployment's triggers.",
        code: r#"resource "aws_api_gateway_method" "get_root" {
  rest_api_id   = aws_api_gateway_rest_api.shop.id
  resource_id   = aws_api_gateway_rest_api.shop.root_resource_id
  http_method   = "GET"
  authorization = "NONE"
}

resource "aws_api_gateway_integration" "get_root" {
  rest_api_id             = aws_api_gateway_rest_api.shop.id
  resource_id             = aws_api_gateway_rest_api.shop.root_resource_id
  http_method             = aws_api_gateway_method.get_root.http_method
  type                    = "HTTP_PROXY"
  integration_http_method = "GET"
  uri                     = "https://backend.example.com/"
}"#,
    },
    grounds: &[
        guide!(
            "amazon-api-gateway-using-stage-variables",
            "Choosing the Invoke URL of an API without a method on its root returns Missing Authentication Token."
        ),
        MAT_RECORDED,
        BEARER,
        unverified!(
            "https://github.com/stackery/php-lambda-layer/issues/31",
            "The stage's URL without a slash is said to miss GET / (2019); taken as / here."
        ),
    ],
};

pub(super) const PROXY_PARENT: Page = Page {
    more: "/files/{proxy+} takes /files/a and /files/a/b, and not /files: greedy needs at least one segment. The same holds \
           for /{proxy+} and the stage's root.",
    answers: UNMATCHED,
    confirm: Confirm {
        command: DEPLOYED,
        shows: "The path with /{proxy+} is there; the path itself is not, or lacks the verb.",
    },
    console: "APIs > your API > Resources > the parent of {proxy+} > Create method; then Deploy API.",
    cloudformation: Fix {
        say: "With SAM, an event for the parent beside the one for {proxy+}; plain CloudFormation needs a Method on the \
              parent resource.",
        code: r#"Files:
  Type: AWS::Serverless::Function
  Properties:
    Runtime: nodejs22.x
    Handler: index.handler
    InlineCode: >-
      exports.handler = async () => ({ statusCode: 200 })
    Events:
      Parent:
        Type: Api
        Properties: { Path: /files, Method: any }
      Below:
        Type: Api
        Properties: { Path: "/files/{proxy+}", Method: any }"#,
    },
    terraform: Fix {
        say: "A method, with its integration, on the parent too; both among the deployment's triggers.",
        code: r#"resource "aws_api_gateway_method" "files" {
  rest_api_id   = aws_api_gateway_rest_api.shop.id
  resource_id   = aws_api_gateway_resource.files.id
  http_method   = "ANY"
  authorization = "NONE"
}"#,
    },
    grounds: &[
        guide!(
            "setup-http-integrations",
            "A request to the parent of a greedy resource is one to an undefined resource, and gets the token message."
        ),
        ROUTER,
        BEARER,
    ],
};

pub(super) const PATH_CASE: Page = Page {
    more: "/Orders is not /orders: paths are matched with case, stage and base path too.",
    answers: UNMATCHED,
    confirm: Confirm { command: DEPLOYED, shows: "The path is there in another case." },
    console: "APIs > your API > Resources shows the paths in their case. Callers must write that; a resource cannot be \
              renamed, so for both create a second one, and Deploy API.",
    cloudformation: Fix {
        say: "Callers must write the case of `PathPart`. To serve the other case as well, add a resource for it, its \
              methods and a deployment.",
        code: "OrdersCapital:
  Type: AWS::ApiGateway::Resource
  Properties:
    RestApiId: !Ref Api
    ParentId: !GetAtt Api.RootResourceId
    PathPart: Orders",
    },
    terraform: Fix {
        say: "Callers must write the case of `path_part`. To serve the other case as well, add a resource for it.",
        code: r#"resource "aws_api_gateway_resource" "orders_capital" {
  rest_api_id = aws_api_gateway_rest_api.shop.id
  parent_id   = aws_api_gateway_rest_api.shop.root_resource_id
  path_part   = "Orders"
}"#,
    },
    grounds: &[
        MAT_DOCUMENTED,
        MAT_RECORDED,
        BEARER,
        unverified!("That paths are matched with case: everything seen agrees, no sentence of AWS's was found."),
    ],
};

pub(super) const PATH_UNKNOWN: Page = Page {
    more: "No resource of the stage's deployment takes the path, and no {param} or {proxy+} does. The words speak of \
           authentication and mean the route. Read x-amzn-ErrorType before the words: a customised gateway response \
           changes status and body and keeps the header. A trailing slash is no reason; a / inside a {param} is.",
    answers: UNMATCHED,
    confirm: Confirm { command: DEPLOYED, shows: "No path of the deployment matches." },
    console: "APIs > your API > Resources > Create resource, Create method; then Deploy API.",
    cloudformation: Fix {
        say: "The resource and its method; then a deployment (see not-deployed). SAM makes all of it from an Api event.",
        code: "Orders:
  Type: AWS::ApiGateway::Resource
  Properties:
    RestApiId: !Ref Api
    ParentId: !GetAtt Api.RootResourceId
    PathPart: orders
GetOrders:
  Type: AWS::ApiGateway::Method
  Properties:
    RestApiId: !Ref Api
    ResourceId: !Ref Orders
    HttpMethod: GET
    AuthorizationType: NONE
    Integration:
      Type: HTTP_PROXY
      IntegrationHttpMethod: GET
      Uri: https://backend.example.com/orders",
    },
    terraform: Fix {
        say: "The resource and its method, with an integration; all among the deployment's triggers.",
        code: r#"resource "aws_api_gateway_resource" "items" {
  rest_api_id = aws_api_gateway_rest_api.shop.id
  parent_id   = aws_api_gateway_rest_api.shop.root_resource_id
  path_part   = "items"
}

resource "aws_api_gateway_method" "get_items" {
  rest_api_id   = aws_api_gateway_rest_api.shop.id
  resource_id   = aws_api_gateway_resource.items.id
  http_method   = "GET"
  authorization = "NONE"
}"#,
    },
    grounds: &[
        MAT_DOCUMENTED,
        MAT_RECORDED,
        BEARER,
        CUSTOMISED,
        PULUMI,
        NO_EXECUTION_LOG,
        seen!(
            "https://github.com/aws-powertools/powertools-lambda-python/issues/1552",
            "A trailing slash does not matter: /x and /x/ reach the same method."
        ),
        unverified!(
            "Whether a validly signed call to an unmatched route gets the token message or RESOURCE_NOT_FOUND (404)."
        ),
    ],
};

pub(super) const PATH_ENCODING: Page = Page {
    more: "A raw # ends the path, a raw ? starts the query, a / in a value makes one more segment, %252F is %2F encoded \
           twice, and // is an empty segment. Encode each value by itself (encodeURIComponent, urllib.parse.quote with \
           safe=''), then join.",
    answers: UNMATCHED,
    confirm: Confirm {
        command: "curl -sv \"$URL\" 2>&1 | grep -E '^> [A-Z]+ /'",
        shows: "The path that was really sent is not the one that was meant.",
    },
    console: "Nothing is wrong there; correct the caller. For values that hold slashes: Resources > Create resource > \
              Proxy resource ({proxy+}); then Deploy API.",
    cloudformation: Fix {
        say: "Correct the caller. For values that hold slashes, take them by a greedy resource.",
        code: r#"File:
  Type: AWS::ApiGateway::Resource
  Properties:
    RestApiId: !Ref Api
    ParentId: !GetAtt Api.RootResourceId
    PathPart: "{file+}""#,
    },
    terraform: Fix {
        say: "Correct the caller; in Terraform itself, `urlencode()` on each value. For values that hold slashes, a greedy \
              resource.",
        code: r#"resource "aws_api_gateway_resource" "file" {
  rest_api_id = aws_api_gateway_rest_api.shop.id
  parent_id   = aws_api_gateway_rest_api.shop.root_resource_id
  path_part   = "{file+}"
}"#,
    },
    grounds: &[
        guide!(
            "api-gateway-known-issues",
            "REST APIs decode URL-encoded parameters before they pass them on; a semicolon splits the query string."
        ),
        seen!(
            "https://github.com/serverless-operations/serverless-apigateway-service-proxy/issues/110",
            "An unescaped # in a path value is a fragment: the request misses its route."
        ),
        BEARER,
        unverified!("How doubled slashes and an encoded slash inside a {param} are matched."),
    ],
};

pub(super) const METHOD_MISMATCH: Page = Page {
    more: "API Gateway has no 405: a verb that the resource lacks gets the very bytes of an unknown path. HEAD is a verb of \
           its own and does not come with GET. A browser's preflight needs OPTIONS: without it every cross-origin call \
           fails, whatever the verb under test does.",
    answers: UNMATCHED,
    confirm: Confirm { command: DEPLOYED, shows: "The path is there, with other verbs and without ANY." },
    console: "APIs > your API > Resources > the resource > Create method, or Enable CORS for OPTIONS; then Deploy API.",
    cloudformation: Fix {
        say: "A method for the verb; then a deployment (see not-deployed). With SAM, `Cors` of AWS::Serverless::Api adds \
              OPTIONS to every path.",
        code: "PostOrders:
  Type: AWS::ApiGateway::Method
  Properties:
    RestApiId: !Ref Api
    ResourceId: !Ref Orders
    HttpMethod: POST
    AuthorizationType: NONE
    Integration:
      Type: HTTP_PROXY
      IntegrationHttpMethod: POST
      Uri: https://backend.example.com/orders",
    },
    terraform: Fix {
        say: "A method for the verb, and its integration: the usual slip is to copy a method and keep `http_method` of the \
              integration. Both among the deployment's triggers.",
        code: r#"resource "aws_api_gateway_method" "post_orders" {
  rest_api_id   = aws_api_gateway_rest_api.shop.id
  resource_id   = aws_api_gateway_resource.orders.id
  http_method   = "POST"
  authorization = "NONE"
}

resource "aws_api_gateway_integration" "post_orders" {
  rest_api_id             = aws_api_gateway_rest_api.shop.id
  resource_id             = aws_api_gateway_resource.orders.id
  http_method             = aws_api_gateway_method.post_orders.http_method
  type                    = "HTTP_PROXY"
  integration_http_method = "POST"
  uri                     = "https://backend.example.com/orders"
}"#,
    },
    grounds: &[
        MAT_DOCUMENTED,
        MAT_RECORDED,
        BEARER,
        ROUTER,
        PAIRS,
        guide!("how-to-cors", "A preflight is an OPTIONS request, which the resource must have."),
        unverified!("HEAD on a resource with GET alone: no sentence of AWS's was found."),
    ],
};

pub(super) const METHOD_OVERRIDE: Page = Page {
    more: "API Gateway routes by the verb in X-HTTP-Method-Override, not by the request's own. Frameworks and old clients \
           add it to POST; URL and verb then look right in every log of the caller's.",
    answers: UNMATCHED,
    confirm: Confirm { command: "curl -si -X POST \"$URL\"", shows: "The same request without the header is routed." },
    console: "Nothing to change there, unless the overriding verb is meant: then Resources > the resource > Create method, \
              and Deploy API.",
    cloudformation: Fix {
        say: "Take the header out of the caller, or out of what stands before the API: a CloudFront policy can remove it. \
              API Gateway cannot, since it routes first.",
        code: "",
    },
    terraform: Fix {
        say: "The same: no argument of aws_api_gateway_* switches it off. In a CloudFront distribution before the API, an \
              origin request policy that leaves the header out does.",
        code: r#"resource "aws_cloudfront_origin_request_policy" "api" {
  name = "api-without-method-override"
  cookies_config {
    cookie_behavior = "all"
  }
  headers_config {
    header_behavior = "allExcept"
    headers {
      items = ["Host", "X-HTTP-Method-Override"]
    }
  }
  query_strings_config {
    query_string_behavior = "all"
  }
}"#,
    },
    grounds: &[
        guide!("api-gateway-known-issues", "With an X-HTTP-Method-Override header API Gateway overrides the method."),
        MAT_DOCUMENTED,
        KC_TOKEN,
        unverified!(
            "That an override to a verb which the resource lacks gives the token message: it follows from the two."
        ),
        aws!(
            "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/controlling-origin-requests.html",
            "An origin request policy decides which headers CloudFront passes on."
        ),
    ],
};
