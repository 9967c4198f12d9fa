//! Customised gateway responses: an API's own words for what API Gateway says.

use super::Symptom;
use super::refusal::Refusal;
use super::symptom::Read;
use crate::gateway::GatewayResponse;
use crate::probe::Response;

/// The kinds of gateway response and the symptom each stands for. The `DEFAULT_` ones are not here: they stand for
/// every kind that has no entry of its own.
const KINDS: [(&str, Symptom); 19] = [
    ("MISSING_AUTHENTICATION_TOKEN", Symptom::MissingAuthenticationToken),
    ("INVALID_SIGNATURE", Symptom::InvalidSignature),
    ("EXPIRED_TOKEN", Symptom::ExpiredToken),
    ("ACCESS_DENIED", Symptom::AccessDenied),
    ("UNAUTHORIZED", Symptom::Unauthorized),
    ("AUTHORIZER_FAILURE", Symptom::AuthorizerFailure),
    ("AUTHORIZER_CONFIGURATION_ERROR", Symptom::AuthorizerConfigurationError),
    ("API_CONFIGURATION_ERROR", Symptom::ApiConfigurationError),
    ("INTEGRATION_FAILURE", Symptom::IntegrationFailure),
    ("INTEGRATION_TIMEOUT", Symptom::IntegrationTimeout),
    ("INVALID_API_KEY", Symptom::Forbidden),
    ("WAF_FILTERED", Symptom::Forbidden),
    ("THROTTLED", Symptom::Throttled),
    ("QUOTA_EXCEEDED", Symptom::QuotaExceeded),
    ("BAD_REQUEST_PARAMETERS", Symptom::BadRequestParameters),
    ("BAD_REQUEST_BODY", Symptom::BadRequestBody),
    ("UNSUPPORTED_MEDIA_TYPE", Symptom::UnsupportedMediaType),
    ("REQUEST_TOO_LARGE", Symptom::RequestTooLarge),
    ("RESOURCE_NOT_FOUND", Symptom::ResourceNotFound),
];

/// The API's own words. A kind of its own is believed when status and body fit; where several kinds have these very
/// words, and for `DEFAULT_4XX` and `DEFAULT_5XX`, which stand for any, the model decides: it may say that nothing tells, and
/// then the answer is the gateway's all the same.
pub(super) fn by_custom_response(
    response: &Response,
    customised: &[GatewayResponse],
    refusal: Refusal,
) -> Option<Read> {
    let unrouted = refusal == Refusal::Unrouted;
    // Another status and no template of its own: with no route nothing else can have sent it.
    let bare = |custom: &GatewayResponse| {
        unrouted
            && custom.templates.is_empty()
            && custom.status == Some(response.status)
            && response.body.trim().is_empty()
    };
    let fits = |custom: &GatewayResponse| {
        bare(custom)
            || custom.status.is_none_or(|status| status == response.status)
                && custom.templates.values().any(|template| template_fits(template, &response.body))
                && says_something(custom, unrouted)
    };
    let own: Vec<Symptom> = KINDS
        .iter()
        .filter(|(kind, _)| {
            customised.iter().any(|custom| custom.kind == *kind && custom.status.is_some() && fits(custom))
        })
        .map(|(_, symptom)| *symptom)
        .collect();
    match (own.as_slice(), refusal) {
        ([], _) => {}
        ([only], _) => return Some(Read::sure(*only)),
        (several, Refusal::Routed(likely)) => {
            let likely = likely.filter(|symptom| several.contains(symptom));
            // Where a method answers, nothing is missing.
            let other = || several.iter().copied().find(|symptom| *symptom != Symptom::MissingAuthenticationToken);
            return Some(Read::sure(likely.or_else(other)?));
        }
        (several, _) => return several.first().copied().map(Read::sure),
    }
    let default = |kind: &str| customised.iter().any(|custom| custom.kind == kind && fits(custom));
    match refusal {
        Refusal::Unrouted if response.status < 500 && default("DEFAULT_4XX") => {
            Some(Read::sure(Symptom::MissingAuthenticationToken))
        }
        Refusal::Routed(likely) if default("DEFAULT_4XX") => {
            Some(Read { symptom: likely.unwrap_or(Symptom::Answered), guessed: true })
        }
        Refusal::Routed(_) if response.status >= 500 && default("DEFAULT_5XX") => {
            Some(Read { symptom: Symptom::InternalServerError, guessed: true })
        }
        _ => None,
    }
}

/// Whether a body that fits tells anything. A template whose values are all variables fits any backend's answer of the
/// same shape, so it is believed only where the model has no route; and never the default one, which every kind has.
fn says_something(custom: &GatewayResponse, unrouted: bool) -> bool {
    custom.templates.values().any(|template| {
        let compact: String = template.split_whitespace().collect();
        compact != "{\"message\":$context.error.messageString}" && (unrouted || has_fixed_words(template))
    })
}

/// Whether a template holds words of its own outside its variables and the names of its JSON fields.
fn has_fixed_words(template: &str) -> bool {
    let fixed = split_at_variables(template).concat();
    let pieces: Vec<&str> = fixed.split('"').collect();
    if pieces.len() < 3 {
        return fixed.chars().any(char::is_alphabetic);
    }
    // Every second piece stands between quotes; a field's name has a colon behind it.
    (1..pieces.len()).step_by(2).any(|index| {
        let is_name = pieces.get(index + 1).is_some_and(|next| next.trim_start().starts_with(':'));
        !is_name && pieces[index].chars().any(char::is_alphabetic)
    })
}

/// Whether a body can have come from a template: the fixed parts stand in it, in order, whatever the variables were.
/// White space is folded, for a template's own is not always kept.
fn template_fits(template: &str, body: &str) -> bool {
    let fold = |text: &str| text.split_whitespace().collect::<String>();
    let body = fold(body);
    let mut rest = body.as_str();
    let mut fixed = 0;
    let pieces = split_at_variables(template);
    if !pieces.last().is_some_and(|last| body.ends_with(&fold(last))) {
        return false;
    }
    for (index, piece) in pieces.into_iter().enumerate() {
        let piece = fold(piece);
        fixed += piece.len();
        let Some(at) = rest.find(&piece) else { return false };
        if index == 0 && at != 0 {
            return false;
        }
        rest = &rest[at + piece.len()..];
    }
    // A template of variables alone fits everything, and so proves nothing.
    fixed > 2 || template.trim().is_empty() && body.is_empty()
}

/// The parts of a template between its `$context.…`, `$stageVariables.…` and `$method.…` variables.
fn split_at_variables(template: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some(dollar) = rest.find('$') {
        pieces.push(&rest[..dollar]);
        let name = rest[dollar + 1..]
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '{' | '}')))
            .map_or(rest.len(), |end| dollar + 1 + end);
        rest = &rest[name..];
    }
    pieces.push(rest);
    pieces
}
