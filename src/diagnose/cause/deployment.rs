//! What is in the editor, and what the stage serves.

use super::page::{Answer, Confirm, Fix, Page};
use super::shared::{
    BEARER, CUSTOMISED, DEPLOYED, INCOMPLETE, KC_TOKEN, MAT, MAT_RECORDED, NEEDS_DEPLOYMENT, NO_EXECUTION_LOG, PAIRS,
    ROUTER, UNMATCHED, aws, guide, seen, unverified,
};

pub(super) const NOT_DEPLOYED: Page = Page {
    more: "A stage serves an immutable snapshot, its deployment. What is saved in the editor, or applied by a template, \
           is not in it until the API is deployed to that stage: the console's Test tab works, test-invoke-method works, \
           and the URL says Missing Authentication Token. With a {proxy+} beside it there is not even that: see shadowed.",
    answers: UNMATCHED,
    confirm: Confirm {
        command: DEPLOYED,
        shows: "The method is missing there, and aws apigateway get-resources --embed methods has it.",
    },
    console: "APIs > your API > Resources > Deploy API > Stage: the stage > Deploy.",
    cloudformation: Fix {
        say: "AWS::ApiGateway::Deployment is made once: an update of methods does not make another one. Change its logical \
              id with each change of the API, as SAM and the CDK do by a hash, and let it depend on every method: without \
              DependsOn it may be taken before they are there. SAM deploys by itself when the definition in the template \
              changes; `AlwaysDeploy: true` covers what it cannot see, as files behind AWS::Include.",
        code: "Deployment20261123:
  Type: AWS::ApiGateway::Deployment
  DependsOn: [GetOrders, PostOrders]
  Properties:
    RestApiId: !Ref Api
Live:
  Type: AWS::ApiGateway::Stage
  Properties:
    RestApiId: !Ref Api
    DeploymentId: !Ref Deployment20261123
    StageName: live
SamApi:
  Type: AWS::Serverless::Api
  Properties:
    StageName: prod
    AlwaysDeploy: true
    DefinitionUri: openapi.yaml",
    },
    terraform: Fix {
        say: "aws_api_gateway_deployment is made again only when `triggers` change: hash everything that is deployed, whole \
              resources and not their ids. `depends_on` only orders: it never redeploys, and a deployment with depends_on \
              alone stays at its first snapshot for ever. `create_before_destroy` is needed because a stage still points \
              at the old one. Once, by hand: terraform apply -replace=aws_api_gateway_deployment.shop",
        code: r#"resource "aws_api_gateway_deployment" "shop" {
  rest_api_id = aws_api_gateway_rest_api.shop.id

  triggers = {
    redeployment = sha1(jsonencode([
      aws_api_gateway_resource.orders,
      aws_api_gateway_method.get_orders,
      aws_api_gateway_integration.get_orders,
    ]))
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_stage" "prod" {
  rest_api_id   = aws_api_gateway_rest_api.shop.id
  deployment_id = aws_api_gateway_deployment.shop.id
  stage_name    = "prod"
}"#,
    },
    grounds: &[
        KC_TOKEN,
        guide!(
            "set-up-deployments",
            "A stage is a snapshot of the API; the console's path to a new one is Resources > Deploy API."
        ),
        NEEDS_DEPLOYMENT,
        guide!(
            "how-to-test-method",
            "Test in the console, and test-invoke-method, use the API as edited, without stage and deployment."
        ),
        MAT_RECORDED,
        BEARER,
        NO_EXECUTION_LOG,
        CUSTOMISED,
        seen!(
            "https://github.com/hashicorp/terraform-provider-aws/blob/main/website/docs/r/api_gateway_deployment.html.markdown",
            "The provider's documentation: `triggers` redeploy, `depends_on` only orders; without create_before_destroy \
             API Gateway refuses to delete a deployment that a stage points to."
        ),
    ],
};

pub(super) const OTHER_STAGE: Page = Page {
    more: "Each stage points at a deployment of its own. A deployment to dev changes nothing in prod, and a stage's URL is \
           often the only difference between the test that passed and the call that fails.",
    answers: UNMATCHED,
    confirm: Confirm {
        command: "aws apigateway get-stages --rest-api-id \"$API\" \\\n  --query 'item[].[stageName,deploymentId,lastUpdatedDate]' --output text",
        shows: "The stages have different deployments; `apiSummary` of the other one has the method.",
    },
    console: "APIs > your API > Stages > the stage > Deployment history > the deployment > Change active deployment. Or, \
              from the editor: Resources > Deploy API > Stage: the stage.",
    cloudformation: Fix {
        say: "Point both stages at the deployment that has the method.",
        code: "ProdStage:
  Type: AWS::ApiGateway::Stage
  Properties:
    RestApiId: !Ref Api
    DeploymentId: !Ref Deployment
    StageName: prod",
    },
    terraform: Fix {
        say: "Point both stages at the deployment that has the method.",
        code: r#"resource "aws_api_gateway_stage" "live" {
  rest_api_id   = aws_api_gateway_rest_api.shop.id
  deployment_id = aws_api_gateway_deployment.shop.id
  stage_name    = "live"
}"#,
    },
    grounds: &[
        KC_TOKEN,
        guide!("set-up-deployments", "A deployment is callable once a stage is associated with it."),
        guide!("set-up-stages", "Each stage is a named reference to one deployment."),
        MAT_RECORDED,
        BEARER,
    ],
};

pub(super) const REMOVED: Page = Page {
    more: "The method was in the stage's deployment and a later one left it out: deleted in the editor, dropped from an \
           imported definition (put-rest-api with mode=overwrite), or never in the branch that was deployed last. The \
           earlier deployment is still there and can be served again at once.",
    answers: UNMATCHED,
    confirm: Confirm {
        command: "aws apigateway get-deployments --rest-api-id \"$API\" \\\n  --query 'reverse(sort_by(items,&createdDate))[:5].[id,createdDate]'",
        shows: "get-deployment --embed apisummary of an earlier id has the method; of the stage's current id it has not.",
    },
    console: "At once: APIs > your API > Stages > the stage > Deployment history > the earlier deployment > Change active \
              deployment. For good: Resources > Create method, then Deploy API.",
    cloudformation: Fix {
        say: "Put the method back into the template and deploy it. Roll back by the earlier template, not by hand: a stage \
              moved in the console drifts, and the next update moves it again.",
        code: "GetOrders:
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
        say: "Put the method back and apply. With create_before_destroy the earlier deployment is destroyed, so there is \
              nothing to roll back to but the earlier configuration. With `body`, `put_rest_api_mode` decides: overwrite \
              drops what the body lacks, merge keeps it.",
        code: r#"resource "aws_api_gateway_rest_api" "shop" {
  name              = "shop"
  body              = file("${path.module}/openapi.json")
  put_rest_api_mode = "overwrite"
}"#,
    },
    grounds: &[
        guide!("set-up-deployments", "A stage serves a snapshot, and can be moved to another deployment."),
        guide!(
            "api-gateway-import-api-update",
            "An import in mode overwrite replaces the definition; merge adds to it."
        ),
        MAT_RECORDED,
        BEARER,
        NO_EXECUTION_LOG,
    ],
};

pub(super) const SHADOWED: Page = Page {
    more: "The method's own route is not in the deployment, and a {proxy+} or {param} beside it takes the request. There is \
           no token message and often no error: another integration answers, perhaps with 200. The response alone can \
           never show it; only the editor's tree against the deployment's does.",
    answers: &[Answer {
        when: "always: an answer of the other method's integration",
        status: Some(200),
        error_type: None,
        body: "…",
    }],
    confirm: Confirm {
        command: DEPLOYED,
        shows: "The method's own path is missing there; a {proxy+} or {param} path that fits has the verb.",
    },
    console: "APIs > your API > Resources > Deploy API > Stage: the stage > Deploy.",
    cloudformation: Fix {
        say: "A new deployment, after every method (see not-deployed).",
        code: "Deployment20261123:
  Type: AWS::ApiGateway::Deployment
  DependsOn: [GetOrders, PostOrders]
  Properties:
    RestApiId: !Ref Api",
    },
    terraform: Fix {
        say: "The method among the deployment's triggers (see not-deployed).",
        code: r#"resource "aws_api_gateway_deployment" "shop" {
  rest_api_id = aws_api_gateway_rest_api.shop.id
  triggers = {
    redeployment = sha1(jsonencode([
      aws_api_gateway_method.get_orders,
      aws_api_gateway_integration.get_orders,
    ]))
  }
  lifecycle {
    create_before_destroy = true
  }
}"#,
    },
    grounds: &[
        PAIRS,
        ROUTER,
        NEEDS_DEPLOYMENT,
        seen!(
            "https://github.com/floci-io/floci/pull/3399",
            "A literal sibling without the verb yields to the {param} sibling that has it (an author's claim)."
        ),
    ],
};

pub(super) const CANARY_SPLIT: Page = Page {
    more: "A stage with a canary has two deployments behind one URL and draws between them for each request. A method that \
           only one of them has fails at random, in the canary's share or in the rest of it.",
    answers: &[
        MAT,
        INCOMPLETE,
        Answer { when: "the other deployment is drawn", status: Some(200), error_type: None, body: "…" },
    ],
    confirm: Confirm {
        command: "aws apigateway get-stage --rest-api-id \"$API\" --stage-name \"$STAGE\" \\\n  --query '[deploymentId,canarySettings]'",
        shows: "`canarySettings` has another deploymentId, whose `apiSummary` differs; see percentTraffic.",
    },
    console: "APIs > your API > Stages > the stage > Canary tab > Promote canary. Or, on the same tab, Delete: all requests \
              go to the stage's own deployment again.",
    cloudformation: Fix {
        say: "Promote: set `DeploymentId` of the stage to the canary's. Drop: leave `CanarySetting` out.",
        code: "CanaryStage:
  Type: AWS::ApiGateway::Stage
  Properties:
    RestApiId: !Ref Api
    DeploymentId: !Ref Deployment
    StageName: prod
    CanarySetting:
      DeploymentId: !Ref NextDeployment
      PercentTraffic: 10",
    },
    terraform: Fix {
        say: "Promote: set `deployment_id` of the stage to the canary's. Drop: remove the block `canary_settings`.",
        code: r#"resource "aws_api_gateway_stage" "canary" {
  rest_api_id   = aws_api_gateway_rest_api.shop.id
  deployment_id = aws_api_gateway_deployment.shop.id
  stage_name    = "prod"

  canary_settings {
    deployment_id   = aws_api_gateway_deployment.next.id
    percent_traffic = 10
  }
}"#,
    },
    grounds: &[
        guide!("canary-release", "Traffic is separated at random between the production and the canary deployment."),
        guide!(
            "promote-canary-deployment",
            "Promoting sets the stage's deployment to the canary's: Stages > Canary > Promote canary."
        ),
        MAT_RECORDED,
        aws!(
            "https://docs.aws.amazon.com/apigateway/latest/api/API_Stage.html",
            "A stage's canarySettings have a deploymentId and a percentTraffic of their own."
        ),
    ],
};

pub(super) const PROPAGATING: Page = Page {
    more: "A deployment, a stage's change or a mapping takes a little while to reach every server: for some seconds the old \
           and the new answer come in turn. Gateprobe calls a missing route this within 60 s of the stage's change; what \
           lasts longer is another cause.",
    answers: UNMATCHED,
    confirm: Confirm {
        command: "aws apigateway get-stage --rest-api-id \"$API\" --stage-name \"$STAGE\" \\\n  --query lastUpdatedDate",
        shows: "It is less than a minute ago; a minute later the request is routed.",
    },
    console: "Nothing to do but wait a minute. APIs > your API > Stages > the stage > Deployment history shows when it changed.",
    cloudformation: Fix {
        say: "Nothing to change. A pipeline that tests right after the deployment should try again for a minute before it \
              fails.",
        code: "",
    },
    terraform: Fix {
        say: "Nothing to change. A test right after apply should try again for a minute before it fails; a `check` block with \
              the http provider's `retry` does.",
        code: "",
    },
    grounds: &[
        seen!(
            "https://github.com/localstack/localstack/tree/8b9a79f/tests/aws/services/apigateway",
            "Tests that run against AWS allow ten tries three seconds apart before a new deployment must answer."
        ),
        unverified!("How long a deployment takes at most; mappings and web ACLs are said to take longer."),
    ],
};
