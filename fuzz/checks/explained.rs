//! What must hold of every diagnosis and of every drawing of it.

use gateprobe::diagnose::{Diagnosis, Verdict, diagnose};
use gateprobe::gateway::{Request, Verb, World};
use gateprobe::probe::Observation;
use gateprobe::report::terminal::{self, Style};
use url::Url;

/// Diagnoses, and draws in every width and as JSON.
pub fn holds(world: &World, request: &Request, observation: &Observation, now: i64) {
    let diagnosis = diagnose(request, observation, world, now);
    hangs_together(world, request, &diagnosis);
    let json = serde_json::to_string(&diagnosis).unwrap();
    let size = json.len();
    for width in [60, 80, 160] {
        for verbose in [false, true] {
            let style = Style { color: false, verbose, width };
            let alone = terminal::explained(&diagnosis, Some("verified"), style);
            assert!(!alone.replace('\n', "").contains(unfit), "{alone:?}");
            let drawn = terminal::diagnosis(&diagnosis, style);
            assert!(!drawn.replace('\n', "").contains(unfit), "{drawn:?}");
            // Indents and line ends, and a caret line as long as what it underlines.
            assert!(drawn.len() <= 8 * size + 16 * 1024, "{} bytes drawn of {size}", drawn.len());
        }
    }
    let colored = terminal::diagnosis(&diagnosis, Style { color: true, verbose: true, width: 80 });
    assert!(!colored.is_empty());
}

/// What a terminal would take for more than a character on a line.
pub fn unfit(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// What the contract says of a diagnosis.
pub fn hangs_together(world: &World, request: &Request, diagnosis: &Diagnosis) {
    assert_eq!(diagnosis.cause.is_none(), diagnosis.verdict == Verdict::Healthy, "{diagnosis:?}");
    assert_eq!(diagnosis.remedy.is_empty(), diagnosis.cause.is_none(), "{diagnosis:?}");
    assert!(!diagnosis.evidence.is_empty(), "{diagnosis:?}");
    assert!(diagnosis.suggestions.len() <= 3, "{diagnosis:?}");
    if let Some(at) = &diagnosis.at {
        assert!(diagnosis.request.url.get(at.clone()).is_some(), "{diagnosis:?}");
    }
    for suggestion in &diagnosis.suggestions {
        let url = Url::parse(&suggestion.url).unwrap();
        let followed = Request { method: suggestion.method.clone(), url, ..request.clone() };
        let address = world.locate(&followed);
        let (api, stage) = address.stage().unwrap();
        let path = followed.url.as_str().get(address.path_at().unwrap()).unwrap();
        let router = world.stage_router(api, stage).unwrap();
        assert!(router.route(Verb::of_request(&followed.method).unwrap(), path).is_some(), "{suggestion:?}");
    }
}
