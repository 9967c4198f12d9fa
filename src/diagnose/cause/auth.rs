//! Refusals for want of proof: keys, policies, signatures, tokens, certificates.

use super::page::{Confirm, Fix, Page};
use super::shared::{CUSTOMISED, FORBIDDEN, KC_TOKEN, MAT, TYPES, aws, gateway, guide, seen, silence, unverified};

pub(super) const IAM_UNSIGNED: Page = Page {
    more: "The one case in which the words mean what they say: the method has authorization AWS_IAM and the request no \
           signature. The bytes are those of a missing route, so an unsigned probe proves nothing here. A Bearer token does \
           not help: the method asks for SigV4 whatever else is sent.",
    answers: &[MAT],
    confirm: Confirm {
        command: "curl -si \"$URL\" --aws-sigv4 \"aws:amz:$REGION:execute-api\" \\\n  --user \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\" \\\n  -H \"x-amz-security-token: $AWS_SESSION_TOKEN\"",
        shows: "Signed, the same request answers otherwise.",
    },
    console: "APIs > your API > Resources > the method > Method request > Edit > Authorization: AWS IAM, or NONE if it was \
              not meant; then Deploy API.",
    cloudformation: Fix {
        say: "`AuthorizationType: AWS_IAM` is what asks for it; the caller needs execute-api:Invoke. With SAM: \
              `Auth: { DefaultAuthorizer: AWS_IAM }`.",
        code: r#"MayInvoke:
  Type: AWS::IAM::ManagedPolicy
  Properties:
    PolicyDocument:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Action: execute-api:Invoke
          Resource: !Sub "arn:${AWS::Partition}:execute-api:\
            ${AWS::Region}:${AWS::AccountId}:${Api}/prod/GET/orders""#,
    },
    terraform: Fix {
        say: "`authorization = \"AWS_IAM\"` is what asks for it; the caller needs execute-api:Invoke.",
        code: r#"data "aws_iam_policy_document" "may_invoke" {
  statement {
    actions = ["execute-api:Invoke"]
    resources = [
      "${aws_api_gateway_rest_api.shop.execution_arn}/prod/GET/orders",
    ]
  }
}"#,
    },
    grounds: &[
        KC_TOKEN,
        guide!(
            "api-gateway-control-access-using-iam-policies-to-invoke-api",
            "A caller of an AWS_IAM method signs with SigV4 and needs execute-api:Invoke."
        ),
        CUSTOMISED,
    ],
};

pub(super) const API_KEY: Page = Page {
    more: "A key counts only if it is enabled and in a usage plan that lists this API and this stage: a key that exists and \
           a plan that lacks the stage give the same Forbidden as no key. A new stage is in no plan. The message is \
           Forbidden and never says key.",
    answers: &[FORBIDDEN],
    confirm: Confirm {
        command: "aws apigateway get-usage-plans --key-id \"$KEY_ID\" \\\n  --query 'items[].[name,apiStages]'",
        shows: "No plan of the key has this API with this stage. KEY_ID is the key's id, not its value.",
    },
    console: "Usage plans > the plan > Associated stages > Add stage, and Associated API keys > Add API key. The demand: \
              Resources > the method > Method request > Edit > API key required; then Deploy API.",
    cloudformation: Fix {
        say: "The plan needs the stage under `ApiStages`, and the key a UsagePlanKey. SAM does both with \
              `Auth: { UsagePlan: { CreateUsagePlan: PER_API } }`.",
        code: "Plan:
  Type: AWS::ApiGateway::UsagePlan
  Properties:
    ApiStages:
      - ApiId: !Ref Api
        Stage: !Ref Prod
Key:
  Type: AWS::ApiGateway::ApiKey
  Properties:
    Enabled: true
PlanKey:
  Type: AWS::ApiGateway::UsagePlanKey
  Properties:
    KeyId: !Ref Key
    KeyType: API_KEY
    UsagePlanId: !Ref Plan",
    },
    terraform: Fix {
        say: "The plan needs a block `api_stages` for the stage, and the key an aws_api_gateway_usage_plan_key.",
        code: r#"resource "aws_api_gateway_usage_plan" "plan" {
  name = "partners"
  api_stages {
    api_id = aws_api_gateway_rest_api.shop.id
    stage  = aws_api_gateway_stage.prod.stage_name
  }
}

resource "aws_api_gateway_api_key" "partner" {
  name = "partner"
}

resource "aws_api_gateway_usage_plan_key" "partner" {
  key_id        = aws_api_gateway_api_key.partner.id
  key_type      = "API_KEY"
  usage_plan_id = aws_api_gateway_usage_plan.plan.id
}"#,
    },
    grounds: &[
        guide!("api-gateway-create-usage-plans", "A usage plan associates API keys with stages of APIs."),
        TYPES,
        seen!(
            "https://github.com/localstack/localstack/blob/8b9a79f/localstack-core/localstack/services/apigateway/next_gen/execute_api/handlers/api_key_validation.py",
            "A missing, unknown or disabled key, and one in no plan for the stage: 403 Forbidden, ForbiddenException."
        ),
        unverified!(
            "https://repost.aws/knowledge-center/api-gateway-troubleshoot-403-forbidden",
            "AWS's article has `Invalid API Key identifier specified` for it; transcripts have Forbidden."
        ),
    ],
};

pub(super) const RESOURCE_POLICY: Page = Page {
    more: "A policy said no: the API's resource policy, the caller's identity policy, or the VPC endpoint's. The message names \
           the ARN that was asked for; compare stage, verb and path in it with the policy's Resource. A changed resource \
           policy does nothing until the API is deployed again. With NONE as authorization, a resource policy must allow \
           explicitly; across accounts both policies must.",
    answers: &[
        gateway(
            "no policy allows it",
            403,
            "AccessDeniedException",
            r#"{"Message":"User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:…:********1234:…/prod/GET/orders"}"#,
        ),
        gateway(
            "a policy denies it",
            403,
            "AccessDeniedException",
            r#"{"Message":"User: … is not authorized to perform: execute-api:Invoke on resource: … with an explicit deny"}"#,
        ),
    ],
    confirm: Confirm {
        command: "aws apigateway get-rest-api --rest-api-id \"$API\" \\\n  --query policy --output text",
        shows: "No statement allows the caller this ARN, or one denies it. It is the edited policy: was it deployed since?",
    },
    console: "APIs > your API > Resource policy > Edit > Save changes; then Resources > Deploy API. The caller's: IAM > Roles \
              > the role > Add permissions.",
    cloudformation: Fix {
        say: "`Policy` of AWS::ApiGateway::RestApi; with plain CloudFormation a new Deployment must follow (see not-deployed). \
              With SAM: `Auth: { ResourcePolicy: … }`.",
        code: r#"Api:
  Type: AWS::ApiGateway::RestApi
  Properties:
    Name: shop
    Policy:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Principal: "*"
          Action: execute-api:Invoke
          Resource: execute-api:/prod/GET/*
          Condition:
            IpAddress: { "aws:SourceIp": [192.0.2.0/24] }"#,
    },
    terraform: Fix {
        say: "aws_api_gateway_rest_api_policy, and the policy among the deployment's triggers: without that it is saved and \
              never bites.",
        code: r#"resource "aws_api_gateway_rest_api_policy" "shop" {
  rest_api_id = aws_api_gateway_rest_api.shop.id
  policy      = data.aws_iam_policy_document.shop.json
}

resource "aws_api_gateway_deployment" "shop" {
  rest_api_id = aws_api_gateway_rest_api.shop.id
  triggers = {
    redeployment = sha1(aws_api_gateway_rest_api_policy.shop.policy)
  }
  lifecycle {
    create_before_destroy = true
  }
}"#,
    },
    grounds: &[
        guide!(
            "apigateway-resource-policies-create-attach",
            "If the resource policy is updated, the API must be deployed."
        ),
        guide!(
            "apigateway-authorization-flow",
            "How resource policy, identity policy and authorizer combine; an explicit deny wins."
        ),
        seen!(
            "users' transcripts in public issues; see docs/verified.md",
            "The messages, with a capital M in Message and the account masked to its last four digits."
        ),
        unverified!("Whether a resource policy is asked before the route is looked for."),
    ],
};

pub(super) const AUTHORIZER: Page = Page {
    more: "401 means that no usable identity came: header missing, token expired or not matching the validation expression; \
           the Lambda function was then not even called. 403 means that the authorizer answered Deny. 500 means that the \
           authorizer itself failed. An answer is cached, by default for 300 s: a Deny goes on denying, and a broken \
           authorizer may show late.",
    answers: &[
        gateway("no usable token", 401, "UnauthorizedException", r#"{"message":"Unauthorized"}"#),
        gateway(
            "the authorizer denies",
            403,
            "AccessDeniedException",
            r#"{"Message":"User is not authorized to access this resource with an explicit deny"}"#,
        ),
        gateway("the authorizer cannot be called", 500, "AuthorizerConfigurationException", r#"{"message":null}"#),
        gateway("the authorizer answers in a wrong shape", 500, "AuthorizerFailureException", r#"{"message":null}"#),
    ],
    confirm: Confirm {
        command: "aws apigateway get-authorizers --rest-api-id \"$API\" --query \\\n  'items[].[id,name,type,identitySource,identityValidationExpression]'",
        shows: "What the token must be in and look like; then aws apigateway test-invoke-authorizer with it.",
    },
    console: "APIs > your API > Authorizers > the authorizer > Test authorizer: it shows the policy that came back. Change it \
              under Edit; then Resources > Deploy API.",
    cloudformation: Fix {
        say: "The authorizer, and its permission to be invoked: without the permission every request is a 500.",
        code: r#"Authorizer:
  Type: AWS::ApiGateway::Authorizer
  Properties:
    Name: token
    RestApiId: !Ref Api
    Type: TOKEN
    IdentitySource: method.request.header.Authorization
    AuthorizerResultTtlInSeconds: 300
    AuthorizerUri: !Sub "arn:${AWS::Partition}:apigateway:${AWS::Region}:\
      lambda:path/2015-03-31/functions/${Function.Arn}/invocations"
AuthorizerInvoke:
  Type: AWS::Lambda::Permission
  Properties:
    Action: lambda:InvokeFunction
    FunctionName: !Ref Function
    Principal: apigateway.amazonaws.com
    SourceArn: !Sub "arn:${AWS::Partition}:execute-api:${AWS::Region}:\
      ${AWS::AccountId}:${Api}/authorizers/*""#,
    },
    terraform: Fix {
        say: "The authorizer, its permission to be invoked, and on the method both `authorization` and `authorizer_id`.",
        code: r#"resource "aws_api_gateway_authorizer" "token" {
  name                             = "token"
  rest_api_id                      = aws_api_gateway_rest_api.shop.id
  type                             = "TOKEN"
  authorizer_uri                   = var.function_invoke_arn
  identity_source                  = "method.request.header.Authorization"
  authorizer_result_ttl_in_seconds = 300
}

resource "aws_lambda_permission" "authorizer" {
  action        = "lambda:InvokeFunction"
  function_name = var.function_name
  principal     = "apigateway.amazonaws.com"

  source_arn = format("%s/authorizers/*",
  aws_api_gateway_rest_api.shop.execution_arn)
}"#,
    },
    grounds: &[
        guide!(
            "configure-api-gateway-lambda-authorization-with-console",
            "Token validation and caching: what fails validation gets 401 and the function is not called."
        ),
        TYPES,
        seen!(
            "users' transcripts in public issues; see docs/verified.md",
            "UnauthorizedException, AccessDeniedException and AuthorizerConfigurationException on the wire."
        ),
        unverified!("Whether a failed authorizer says `null` or `Internal server error`: both are reported."),
    ],
};

pub(super) const SIGNATURE: Page = Page {
    more: "The method has AWS_IAM and the signature does not do: signed for another service or Region, with a wrong secret, a \
           clock that is minutes off, temporary credentials without their session token, or a proxy that changed Host, path \
           or query after signing. On a custom domain sign the domain's host, still for the service execute-api.",
    answers: &[
        gateway(
            "it does not match",
            403,
            "InvalidSignatureException",
            r#"{"message":"The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. …"}"#,
        ),
        gateway(
            "parts are missing",
            403,
            "IncompleteSignatureException",
            r#"{"message":"Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. …"}"#,
        ),
        gateway(
            "the credentials have expired",
            403,
            "ExpiredTokenException",
            r#"{"message":"The security token included in the request is expired"}"#,
        ),
    ],
    confirm: Confirm {
        command: "aws sts get-caller-identity; date -u; curl -sI \"$URL\" | grep -i '^date'",
        shows: "Who signs, and whether the clock agrees with AWS's.",
    },
    console: "Nothing to change there: the caller signs wrongly. New credentials: IAM > Users > the user > Security \
              credentials, or assume the role again.",
    cloudformation: Fix {
        say: "Nothing to change there: the caller signs wrongly. Use an SDK's or curl's signer (--aws-sigv4), service \
              execute-api, the API's own Region.",
        code: "",
    },
    terraform: Fix {
        say: "Nothing to change there: the caller signs wrongly. Use an SDK's or curl's signer (--aws-sigv4), service \
              execute-api, the API's own Region.",
        code: "",
    },
    grounds: &[
        aws!(
            "https://repost.aws/knowledge-center/api-gateway-troubleshoot-403-forbidden",
            "InvalidSignatureException for a signature that does not match, and for one that has expired."
        ),
        TYPES,
        seen!(
            "https://github.com/floci-io/floci/issues/4090",
            "InvalidSignatureException for a signature that does not match."
        ),
        unverified!(
            "The error type of an expired token on a REST API; which gateway response the incomplete ones belong to."
        ),
    ],
};

pub(super) const CLIENT_CERTIFICATE: Page = Page {
    more: "A custom domain with mutual TLS wants a client certificate that its truststore trusts: not expired, chained to a CA \
           in it, with a strong enough key. The default execute-api host asks for none, and stays open unless it is disabled.",
    answers: &[
        silence(
            "the handshake fails",
            "curl: (56) OpenSSL … alert certificate required … / curl: (35) Recv failure: Connection reset by peer",
        ),
        gateway("the certificate is not trusted", 403, "ForbiddenException", r#"{"message":"Forbidden"}"#),
    ],
    confirm: Confirm {
        command: "aws apigateway get-domain-name --domain-name \"$DOMAIN\" \\\n  --query mutualTlsAuthentication",
        shows: "A truststoreUri; with `curl --cert client.pem --key client.key` the call answers.",
    },
    console: "Custom domain names > your domain > Domain details > Edit > Mutual TLS authentication: truststore URI and \
              version. Warnings about its certificates stand there.",
    cloudformation: Fix {
        say: "A truststore that was overwritten in S3 is read again only when `TruststoreVersion` changes.",
        code: "Domain:
  Type: AWS::ApiGateway::DomainName
  Properties:
    DomainName: api.example.com
    RegionalCertificateArn: !Ref Certificate
    SecurityPolicy: TLS_1_2
    EndpointConfiguration:
      Types: [REGIONAL]
    MutualTlsAuthentication:
      TruststoreUri: s3://example-truststore/ca.pem
      TruststoreVersion: 3sL4kqtJlcpXroDTDmJ",
    },
    terraform: Fix {
        say: "Tie `truststore_version` to the S3 object, so that a new truststore is read.",
        code: r#"resource "aws_api_gateway_domain_name" "mutual" {
  domain_name              = "api.example.com"
  regional_certificate_arn = var.certificate_arn
  security_policy          = "TLS_1_2"
  endpoint_configuration {
    types = ["REGIONAL"]
  }
  mutual_tls_authentication {
    truststore_uri     = "s3://example-truststore/ca.pem"
    truststore_version = aws_s3_object.truststore.version_id
  }
}"#,
    },
    grounds: &[
        guide!(
            "rest-api-mutual-tls",
            "A certificate that the truststore does not trust fails the handshake and is denied with 403; the default endpoint \
             stays open unless disabled."
        ),
        unverified!(
            "https://repost.aws/knowledge-center/api-gateway-troubleshoot-403-forbidden",
            "That the body is Forbidden: the article's row could not be read in full."
        ),
    ],
};
