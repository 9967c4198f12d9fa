//! No HTTP answer at all.

use super::page::{Confirm, Fix, Page};
use super::shared::{aws, guide, seen, silence, unverified};

pub(super) const NETWORK_DNS: Page = Page {
    more: "The resolver of the machine that asks has no address for the host. Of an execute-api host that mostly means that \
           the API, the Region or the id in it is wrong; if other names fail too, it is the resolver. A negative answer is \
           kept for a while: a name that was just made may be missing for minutes.",
    answers: &[silence("always", "curl: (6) Could not resolve host: …")],
    confirm: Confirm {
        command: "dig +short \"$HOST\"; dig +short \"$HOST\" @1.1.1.1; dig +short aws.amazon.com",
        shows: "Only your resolver lacks the name: it is the resolver. No one has it: it is the name.",
    },
    console: "In a VPC: VPC > Your VPCs > the VPC > Actions > Edit VPC settings: DNS resolution and DNS hostnames on; Route 53 \
              > Hosted zones for private zones that hide the name.",
    cloudformation: Fix {
        say: "Of a function in a VPC: the VPC's own DNS must be on. Elsewhere nothing in a template helps: correct the name or \
              the resolver.",
        code: "Network:
  Type: AWS::EC2::VPC
  Properties:
    CidrBlock: 10.0.0.0/16
    EnableDnsSupport: true
    EnableDnsHostnames: true",
    },
    terraform: Fix {
        say: "Of a function in a VPC: the VPC's own DNS must be on. Elsewhere correct the name or the resolver.",
        code: r#"resource "aws_vpc" "network" {
  cidr_block           = "10.0.0.0/16"
  enable_dns_support   = true
  enable_dns_hostnames = true
}"#,
    },
    grounds: &[
        aws!(
            "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html",
            "DNS in a VPC, and the two attributes that switch it on."
        ),
        guide!("apigateway-private-api-test-invoke-url", "Which names of a private API resolve where."),
        seen!(
            "https://github.com/localstack/localstack/tree/8b9a79f/tests/aws/services/apigateway",
            "LocalStack's test_api_not_existing notes that on AWS the host of an API that is not there does not resolve."
        ),
    ],
};

pub(super) const NETWORK_CONNECT: Page = Page {
    more: "The name has an address and nothing there takes the connection: a wrong port, a firewall, no route, a security group. \
           API Gateway listens on 443 alone: plain http on port 80 is refused or goes nowhere.",
    answers: &[silence("always", "curl: (7) Failed to connect to … port …: Connection refused")],
    confirm: Confirm {
        command: "curl -sv --connect-timeout 5 \"$URL\" 2>&1 | grep -iE 'trying|connect'",
        shows: "The address and the port that were tried.",
    },
    console: "In a VPC: VPC > Route tables (a route to a NAT or an endpoint), Security groups (outbound 443; inbound 443 on the \
              interface endpoint's), Network ACLs.",
    cloudformation: Fix {
        say: "Of a function in a VPC: outbound 443, and inbound 443 on the interface endpoint's security group.",
        code: "EndpointGroup:
  Type: AWS::EC2::SecurityGroup
  Properties:
    GroupDescription: HTTPS to the execute-api endpoint
    VpcId: !Ref Vpc
    SecurityGroupIngress:
      - IpProtocol: tcp
        FromPort: 443
        ToPort: 443
        CidrIp: 10.0.0.0/16",
    },
    terraform: Fix {
        say: "Of a function in a VPC: outbound 443, and inbound 443 on the interface endpoint's security group.",
        code: r#"resource "aws_vpc_security_group_ingress_rule" "endpoint" {
  security_group_id = var.endpoint_security_group_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "10.0.0.0/16"
}"#,
    },
    grounds: &[
        guide!("data-protection-encryption", "APIs have HTTPS endpoints only: unencrypted HTTP is not supported."),
        aws!(
            "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html",
            "What a security group lets through."
        ),
    ],
};

pub(super) const NETWORK_TLS: Page = Page {
    more: "The connection stands and the handshake does not: a certificate for another name, an expired one, a client older than \
           the security policy, no SNI, a proxy that opens TLS with a CA the client does not know.",
    answers: &[
        silence("another name", "curl: (60) SSL: no alternative certificate subject name matches target host name '…'"),
        silence("no common version", "curl: (35) … alert protocol version"),
    ],
    confirm: Confirm {
        command: "openssl s_client -connect \"$HOST:443\" -servername \"$HOST\" </dev/null \\\n  2>/dev/null | openssl x509 -noout -subject -issuer -dates \\\n  -ext subjectAltName",
        shows: "Whose certificate it is, for which names and until when.",
    },
    console: "Custom domain names > your domain > Domain details > Edit: ACM certificate, Security policy. The certificate: \
              Certificate Manager > Certificates (us-east-1 for edge-optimized domains).",
    cloudformation: Fix {
        say: "A certificate that has the domain's name, in the domain's own Region, and a security policy that the clients know.",
        code: "Domain:
  Type: AWS::ApiGateway::DomainName
  Properties:
    DomainName: api.example.com
    RegionalCertificateArn: !Ref Certificate
    SecurityPolicy: TLS_1_2
    EndpointConfiguration:
      Types: [REGIONAL]
Certificate:
  Type: AWS::CertificateManager::Certificate
  Properties:
    DomainName: api.example.com
    ValidationMethod: DNS",
    },
    terraform: Fix {
        say: "Take the certificate's ARN from the validation, so that the domain waits until it is issued.",
        code: r#"resource "aws_api_gateway_domain_name" "tls" {
  domain_name     = "api.example.com"
  security_policy = "TLS_1_2"

  regional_certificate_arn = (
    aws_acm_certificate_validation.api.certificate_arn
  )

  endpoint_configuration {
    types = ["REGIONAL"]
  }
}"#,
    },
    grounds: &[
        guide!("apigateway-custom-domain-tls-version", "The TLS versions and ciphers of each security policy."),
        guide!(
            "apigateway-security-policies",
            "Newer policies; with endpoint access mode STRICT, SNI and Host must agree."
        ),
        guide!("how-to-custom-domains-prerequisites", "Where the certificate of a custom domain must be."),
    ],
};

pub(super) const NETWORK_TIMEOUT: Page = Page {
    more: "Nothing came back in time. Without a connection it is the route: a firewall that drops, a private API's address from \
           outside its VPC, a function in a subnet without a way out. With a connection it is slowness; API Gateway itself gives \
           up after the integration's timeout, with a 504, so a client that waits longer than that gets an answer.",
    answers: &[
        silence("while connecting", "curl: (28) Failed to connect to … port 443 after … ms: Timeout was reached"),
        silence("after connecting", "curl: (28) Operation timed out after … milliseconds with 0 bytes received"),
    ],
    confirm: Confirm {
        command: "curl -so /dev/null --max-time 35 \"$URL\" -w \\\n  '%{time_namelookup} dns, %{time_connect} tcp, %{time_starttransfer} all'",
        shows: "The phase that took the time; 0 where none was reached.",
    },
    console: "In a VPC: VPC > Route tables of the subnet (0.0.0.0/0 to a NAT gateway, or an execute-api endpoint), Security \
              groups, Network ACLs; VPC > Reachability Analyzer.",
    cloudformation: Fix {
        say: "Of a function in a VPC: a route out of its subnet. For a private API, see private-endpoint.",
        code: "WayOut:
  Type: AWS::EC2::Route
  Properties:
    RouteTableId: !Ref RouteTable
    DestinationCidrBlock: 0.0.0.0/0
    NatGatewayId: !Ref NatGateway",
    },
    terraform: Fix {
        say: "Of a function in a VPC: a route out of its subnet. For a private API, see private-endpoint.",
        code: r#"resource "aws_route" "out" {
  route_table_id         = var.route_table_id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = var.nat_gateway_id
}"#,
    },
    grounds: &[
        aws!(
            "https://repost.aws/knowledge-center/api-gateway-vpc-connections",
            "Why a VPC with an execute-api endpoint cannot connect to public APIs."
        ),
        guide!(
            "api-gateway-execution-service-limits-table",
            "The integration's timeout bounds how long API Gateway waits."
        ),
    ],
};

pub(super) const NETWORK_RESET: Page = Page {
    more: "The connection broke before a whole answer, or what came was no HTTP: a proxy or firewall in between, an idle \
           connection that was closed under the request, plain HTTP spoken to a TLS port, a load balancer that is not API \
           Gateway.",
    answers: &[
        silence("a reset", "curl: (56) Recv failure: Connection reset by peer"),
        silence("an early end", "curl: (52) Empty reply from server"),
        silence("garbage", "curl: (1) Received HTTP/0.9 when not allowed"),
    ],
    confirm: Confirm {
        command: "curl -sv --http1.1 --no-keepalive \"$URL\" 2>&1 | tail -20",
        shows: "Where it breaks, and whether it does on a fresh connection as well.",
    },
    console: "Nothing in API Gateway: look at what stands in between, as EC2 > Load balancers, Network Firewall, or the \
              company's proxy.",
    cloudformation: Fix {
        say: "Nothing in API Gateway. Behind a load balancer of yours: an HTTPS target group, health checks, and an idle timeout \
              above the API's slowest answer.",
        code: "",
    },
    terraform: Fix {
        say: "Nothing in API Gateway. Behind a load balancer of yours: `protocol = \"HTTPS\"` of the target group, and an \
              `idle_timeout` above the API's slowest answer.",
        code: r#"resource "aws_lb_target_group" "api" {
  name        = "execute-api"
  target_type = "ip"
  protocol    = "HTTPS"
  port        = 443
  vpc_id      = var.vpc_id
}"#,
    },
    grounds: &[
        guide!("data-protection-encryption", "APIs have HTTPS endpoints only: unencrypted HTTP is not supported."),
        unverified!(
            "API Gateway itself is not documented to reset connections; a fault of its own would look the same."
        ),
    ],
};
