//! The stage: missing, misspelt or once too often.

use super::page::{Confirm, Fix, Ground, Page};
use super::shared::{
    BEARER, DOMAIN_TOKEN, FORBIDDEN, MAPPINGS, MAT_DOCUMENTED, MAT_RECORDED, UNMATCHED, guide, seen, unverified,
};

const FORBIDDEN_SEEN: Ground = seen!(
    "https://github.com/OWASP/Serverless-Goat/issues/14",
    "With the stage left out of the URL: {\"message\":\"Forbidden\"}."
);

const NOT_CUSTOMISABLE: Ground = seen!(
    "https://rasp.hateblo.jp/entry/2021/05/15/123621",
    "With MISSING_AUTHENTICATION_TOKEN customised, URLs without a stage or with an unknown one are the exception: the \
     customisation belongs to a stage, and none was found."
);

const BLOGS: Ground = unverified!(
    "claims in blogs, without a transcript",
    "A wrong stage is said to answer Missing Authentication Token. Gateprobe finds the cause under either answer."
);

const FORBIDDEN_ARTICLE: Ground = unverified!(
    "https://repost.aws/knowledge-center/api-gateway-troubleshoot-403-forbidden",
    "AWS's article on 403 lists Forbidden for a URL with an invalid stage; that row could not be read in full."
);

pub(super) const STAGE_MISSING: Page = Page {
    more: "On the default host the first path segment is always taken for the stage, so /orders asks for a stage called \
           orders. No stage is found, so no gateway response of yours, no stage log and no metric can show it: only the \
           caller sees it. It is Forbidden and not the token message.",
    answers: &[FORBIDDEN],
    confirm: Confirm {
        command: "aws apigateway get-stages --rest-api-id \"$API\" --query 'item[].stageName'",
        shows: "The first segment of the URL's path is none of these names.",
    },
    console: "APIs > your API > Stages > the stage > Stage details: Invoke URL is the whole base URL, with the stage.",
    cloudformation: Fix {
        say: "The template is right; the caller's URL is not. Hand out the URL with the stage in it.",
        code: r#"Outputs:
  Url:
    Value: !Sub "https://${Api}.execute-api.${AWS::Region}.\
      ${AWS::URLSuffix}/${Prod}""#,
    },
    terraform: Fix {
        say: "Hand out the stage's `invoke_url`; `execution_arn` and the API's id alone lack the stage.",
        code: r#"output "url" {
  value = aws_api_gateway_stage.prod.invoke_url
}"#,
    },
    grounds: &[
        guide!("how-to-call-api", "The base URL of a REST API has the stage as its first path segment."),
        FORBIDDEN_SEEN,
        NOT_CUSTOMISABLE,
        FORBIDDEN_ARTICLE,
        BLOGS,
    ],
};

pub(super) const STAGE_UNKNOWN: Page = Page {
    more: "The first segment is meant as a stage and names none: a slip, Prod for prod, a stage that was deleted or that \
           another Region has. SAM makes a stage called Stage beside yours unless OpenApiVersion is set, so look at the \
           list before trusting a name.",
    answers: &[FORBIDDEN],
    confirm: Confirm {
        command: "aws apigateway get-stages --rest-api-id \"$API\" --query 'item[].stageName'",
        shows: "The name in the URL is not in the list, letter for letter.",
    },
    console: "APIs > your API > Stages: the list. To make the missing one: Resources > Deploy API > Stage: New stage.",
    cloudformation: Fix {
        say: "The stage of the name that callers use.",
        code: "Prod:
  Type: AWS::ApiGateway::Stage
  Properties:
    RestApiId: !Ref Api
    DeploymentId: !Ref Deployment
    StageName: prod",
    },
    terraform: Fix {
        say: "The stage of the name that callers use, as a resource of its own: `stage_name` of \
              aws_api_gateway_deployment is deprecated, and deletes and makes the stage again with every deployment.",
        code: r#"resource "aws_api_gateway_stage" "prod" {
  rest_api_id   = aws_api_gateway_rest_api.shop.id
  deployment_id = aws_api_gateway_deployment.shop.id
  stage_name    = "prod"
}"#,
    },
    grounds: &[
        guide!("how-to-call-api", "The base URL of a REST API has the stage as its first path segment."),
        FORBIDDEN_SEEN,
        NOT_CUSTOMISABLE,
        FORBIDDEN_ARTICLE,
        BLOGS,
        seen!(
            "https://github.com/aws/serverless-application-model/issues/191",
            "SAM makes a second stage called Stage; OpenApiVersion in Globals prevents it."
        ),
        unverified!("Stage names are compared with case: everything seen agrees, no sentence of AWS's was found."),
    ],
};

pub(super) const STAGE_IN_DOMAIN_PATH: Page = Page {
    more: "A mapping of a custom domain stands for API and stage together. /prod/orders on the domain then asks the stage \
           for a resource /prod/orders, which it lacks. The usual way in: a client whose base URL changed from \
           execute-api to the domain and kept its paths.",
    answers: UNMATCHED,
    confirm: Confirm {
        command: "aws apigatewayv2 get-api-mappings --domain-name \"$DOMAIN\" \\\n  --query 'Items[].[ApiMappingKey,ApiId,Stage]' --output text",
        shows: "The mapping that takes the path has a Stage, and the URL names it again behind the base path.",
    },
    console: "Nothing is wrong there: drop the stage from the caller's URL. To see the mapping: Custom domain names > \
              your domain > Routing details > API mappings.",
    cloudformation: Fix {
        say: "Drop the stage from the caller's URL. Where old callers cannot change, map the stage's name as a base path \
              as well.",
        code: "ProdMapping:
  Type: AWS::ApiGateway::BasePathMapping
  Properties:
    DomainName: api.example.com
    BasePath: prod
    RestApiId: !Ref Api
    Stage: !Ref Prod",
    },
    terraform: Fix {
        say: "Drop the stage from the caller's URL. Where old callers cannot change, map the stage's name as a base path \
              as well. A mapping without `stage_name` makes callers name the stage: that is the other way round.",
        code: r#"resource "aws_api_gateway_base_path_mapping" "prod" {
  domain_name = "api.example.com"
  base_path   = "prod"
  api_id      = aws_api_gateway_rest_api.shop.id
  stage_name  = aws_api_gateway_stage.prod.stage_name
}"#,
    },
    grounds: &[
        DOMAIN_TOKEN,
        MAPPINGS,
        MAT_RECORDED,
        BEARER,
        unverified!(
            "A mapping without a stage takes the next segment for the stage (the Terraform provider's documentation says so)."
        ),
    ],
};

pub(super) const STAGE_REPEATED: Page = Page {
    more: "/prod/prod/orders finds the stage prod and asks it for /prod/orders. It comes from joining a base URL that ends \
           in the stage with a path that starts with it.",
    answers: UNMATCHED,
    confirm: Confirm {
        command: "curl -si \"https://$API.execute-api.$REGION.amazonaws.com/$STAGE/orders\"",
        shows: "The path with the stage once is routed.",
    },
    console: "Nothing is wrong there: APIs > your API > Stages > the stage shows the Invoke URL, with the stage once.",
    cloudformation: Fix {
        say: "The template is right; the caller's URL is not. An output that ends in the stage must be joined with a \
              path that does not start with it.",
        code: "",
    },
    terraform: Fix {
        say: "`invoke_url` of the stage ends in the stage already: join it with the resource's path alone.",
        code: r#"output "orders_url" {
  value = "${aws_api_gateway_stage.prod.invoke_url}/orders"
}"#,
    },
    grounds: &[MAT_DOCUMENTED, MAT_RECORDED, BEARER],
};
