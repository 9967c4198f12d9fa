//! The page as text: what it holds, what it must not hold, and that nothing in a report can break it. How it looks and
//! works is
//! for tests/browser.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::super::certificates::Certificate;
use super::super::fixture::{self, finding, small, stage};
use super::super::model::{ContractRequest, Finding, Memory, MethodReport, Report, State, Undeployed};
use super::super::safe::clean;
use super::*;
use crate::diagnose::{Alternative, Cause, Confidence, Matched, RequestLine, ResponseLine, Suggestion};
use crate::gateway::{Gap, Verb};
use crate::plan::{Door, Provenance, SkipReason};

/// A report with one of everything, each text of it another one of these.
fn everything(word: &dyn Fn() -> String) -> Report {
    let finding = || full_finding(word);
    let mut report = fixture::report(vec![finding(), finding(), finding()], vec![]);
    report.diagnoses[1].expected = true;
    report.diagnoses[2].ignored = Some(word());
    report.region = word();
    let mut one = stage("a1b2c3d4e5", &word(), &word());
    one.deployment = Some(word());
    one.latencies.add(std::time::Duration::from_millis(7));
    report.methods = [State::Failing, State::Unproved, State::Skipped, State::Routed, State::Healthy]
        .into_iter()
        .map(|state| MethodReport {
            api: one.api.as_str().into(),
            stage: one.stage.as_str().into(),
            resource: format!("/{}", word()).into(),
            method: Verb::Get,
            state,
            skipped: (state == State::Skipped).then_some(SkipReason::NoSafeProof),
            detail: Some(word()),
            remedy: Some(word()),
            ignored: Some(word().into()),
            provenance: Some(Provenance::Schema),
            cause: (state == State::Failing).then_some(Cause::NotDeployed),
            latency_ms: Some(17),
        })
        .collect();
    report.stages = vec![one];
    report.contract_requests = vec![ContractRequest {
        method: word(),
        url: format!("https://h/{}", word()),
        state: State::Failing,
        cause: Some(Cause::PathUnknown),
        latency_ms: Some(3),
    }];
    report.undeployed =
        vec![Undeployed { api: String::new(), api_name: word(), stage: word(), resource: word(), method: Verb::Get }];
    report.refusals_not_given = vec![word()];
    report.certificates =
        vec![Certificate { host: word(), not_after: 1_800_000_000, days_left: 9, expires_soon: true, issuer: word() }];
    report.gaps = vec![Gap { place: word(), reason: word() }];
    report.notes = vec![word()];
    report.memory =
        Some(Memory { problem: Some(word()), news: vec![word()], notes: vec![word()], open: 2, ..Memory::default() });
    report
}

fn full_finding(word: &dyn Fn() -> String) -> Finding {
    let mut finding = finding(Cause::PathUnknown, &word(), &format!("https://h/{}/{}", word(), word()));
    let diagnosis = &mut finding.diagnosis;
    diagnosis.at = Some(10..diagnosis.request.url.len()).filter(|at| diagnosis.request.url.get(at.clone()).is_some());
    diagnosis.evidence = vec![word(), word()];
    diagnosis.remedy = word();
    diagnosis.confidence = Confidence::Possible;
    diagnosis.matched =
        Some(Matched { api: String::new(), api_name: word(), stage: word(), resource: word(), method: Verb::Any });
    diagnosis.response = Some(ResponseLine { status: 403, error_type: Some(word()), message: Some(word()) });
    diagnosis.alternatives = vec![Alternative { cause: Cause::Waf, tell: word() }];
    diagnosis.suggestions = vec![Suggestion {
        method: word(),
        url: format!("https://h/{}", word()),
        without: vec![word()],
        reaches: word(),
        why: word(),
    }];
    for step in &mut diagnosis.steps {
        step.evidence = word();
    }
    finding.door = Door::Domain(word().into());
    finding.request_id = word();
    finding
}

/// The page without its own style and script.
fn bare(page: &str) -> String {
    assert_eq!((page.matches(STYLE).count(), page.matches(SCRIPT).count()), (1, 1));
    page.replace(STYLE, "").replace(SCRIPT, "")
}

/// The text of a page, which must be made of nothing but tags, attributes and entities that the page itself writes.
fn text_of(page: &str) -> Result<String, String> {
    const TAGS: [&str; 54] = [
        "!DOCTYPE", "a", "b", "body", "button", "caption", "code", "dd", "details", "div", "dl", "dt", "footer", "h1",
        "h2", "h3", "h4", "head", "header", "html", "input", "label", "li", "link", "main", "mark", "meta", "nav",
        "ol", "option", "p", "pre", "rect", "script", "search", "section", "select", "span", "style", "summary", "svg",
        "table", "tbody", "td", "th", "thead", "title", "tr", "ul", "wbr", "!--", "g", "path", "text",
    ];
    const ATTRIBUTES: [&str; 39] = [
        "lang",
        "charset",
        "http-equiv",
        "content",
        "name",
        "rel",
        "href",
        "class",
        "id",
        "hidden",
        "for",
        "type",
        "placeholder",
        "autocomplete",
        "spellcheck",
        "value",
        "role",
        "aria-label",
        "data-state",
        "data-s",
        "data-a",
        "aria-pressed",
        "aria-expanded",
        "tabindex",
        "open",
        "viewBox",
        "preserveAspectRatio",
        "aria-hidden",
        "x",
        "y",
        "width",
        "height",
        "scope",
        "html",
        "fill",
        "d",
        "stroke",
        "stroke-width",
        "title",
    ];
    let mut text = String::new();
    let mut rest = page.strip_prefix(MARKER).ok_or("does not begin with the marker")?;
    while let Some(at) = rest.find('<') {
        text.push_str(&rest[..at]);
        let end = rest[at..].find('>').ok_or("a tag that does not end")? + at;
        let tag = rest[at + 1..end].trim_start_matches('/');
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        if !TAGS.contains(&name) {
            return Err(format!("<{name}>"));
        }
        while !attributes.is_empty() {
            let name_ends = attributes.find(['=', ' ']).unwrap_or(attributes.len());
            let (name, behind) = attributes.split_at(name_ends);
            if !ATTRIBUTES.contains(&name) {
                return Err(format!("attribute {name} in <{tag}>"));
            }
            attributes = match behind.strip_prefix("=\"") {
                None => behind,
                Some(value) => {
                    let (value, behind) = value.split_once('"').ok_or(format!("no end of {name} in <{tag}>"))?;
                    if name == "href" && !value.starts_with('#') && value != "data:," {
                        return Err(format!("leads away: {value}"));
                    }
                    behind
                }
            }
            .trim_start();
        }
        rest = &rest[end + 1..];
    }
    text.push_str(rest);
    if text.contains('>') {
        return Err("a > that is no tag's".to_owned());
    }
    let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    if plain.replace("&amp;", "").contains('&') {
        return Err("an & that is no entity's".to_owned());
    }
    Ok(plain.replace("&amp;", "&"))
}

#[test]
fn a_page_is_whole_and_leads_nowhere() {
    let page = page(&small());
    text_of(&bare(&page)).unwrap();
    for own in [STYLE, SCRIPT] {
        assert!(!own.contains("</"), "would end its own element");
        // The name of SVG's namespace is no address that anybody calls.
        let own = own.replace("http://www.w3.org/2000/svg", "");
        for address in ["http:", "https:", "//x", "@import", "fetch(", "XMLHttpRequest", "innerHTML", "eval("] {
            assert!(!own.contains(address), "{address}");
        }
    }
}

#[test]
fn only_its_own_style_and_script_are_let_run() {
    // The example of FIPS 180-2.
    assert_eq!(hash("abc"), "'sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0='");
    let policy = policy();
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
    let page = page(&small());
    for (element, text) in [("style", STYLE), ("script", SCRIPT)] {
        assert!(page.contains(&format!("<{element}>{text}</{element}>")), "{element}");
        assert!(policy.contains(&format!("{element}-src {}", hash(text))), "{element}");
    }
    assert!(page.contains(&format!("content=\"{policy}\"")), "{policy}");
}

#[test]
fn everything_of_a_report_is_on_the_page() {
    let count = Cell::new(0);
    let next = || {
        count.set(count.get() + 1);
        format!("word{:03}.", count.get())
    };
    let text = text_of(&bare(&page(&everything(&next)))).unwrap();
    let missing: Vec<usize> = (1..=count.get()).filter(|number| !text.contains(&format!("word{number:03}."))).collect();
    // Of what was expected or is ignored only the request, the answer's status and the remedy are told.
    let per_finding = {
        count.set(0);
        full_finding(&next);
        count.get()
    };
    let short = |number: &usize| (per_finding + 1..=3 * per_finding).contains(number);
    let untold: Vec<_> = missing.iter().filter(|number| !short(number)).collect();
    assert!(untold.is_empty(), "{untold:?} of {per_finding} each");
    for told in [1, 2, 3, 6] {
        let number = per_finding + told;
        assert!(text.contains(&format!("word{number:03}.")), "{number}");
    }
}

#[test]
fn no_value_of_a_query_is_on_the_page() {
    let mut report = small();
    let secret = "s3cret-value";
    for finding in &mut report.diagnoses {
        let diagnosis = &mut finding.diagnosis;
        diagnosis.request.url = format!("https://h/p?token={secret}");
        let said = format!("it said {secret}");
        diagnosis.evidence.push(said.clone());
        diagnosis.remedy.clone_from(&said);
        diagnosis.steps[2].evidence.clone_from(&said);
        diagnosis.alternatives = vec![Alternative { cause: Cause::Waf, tell: said.clone() }];
        diagnosis.response = Some(ResponseLine { status: 403, error_type: None, message: Some(said.clone()) });
        diagnosis.suggestions = vec![Suggestion {
            method: "GET".to_owned(),
            url: format!("https://h/q?token={secret}"),
            without: vec![],
            reaches: said.clone(),
            why: said,
        }];
        // The wrong part may end in the query.
        diagnosis.at = Some(10..diagnosis.request.url.len());
    }
    let page = page(&report);
    assert!(!page.contains(secret));
    assert!(page.contains("?token=…"), "its name stays");
}

#[test]
fn carets_stand_under_what_is_wrong() {
    let mut drawn = Vec::new();
    for (url, at) in [
        ("https://h/prod/ordres", Some(15..21)),
        ("https://h/ordres", Some(10..10)),
        ("https://h/prod/ordres?token=s3cret", Some(15..21)),
        ("https://h/prod/ordres?token=s3cret", Some(15..30)),
        ("https://user:pass@h/ordres", Some(20..26)),
        ("https://h/<b>\u{202e}x", Some(10..13)),
        ("https://h/x", Some(9..99)),
        ("https://h/a", None),
    ] {
        let mut diagnosis = finding(Cause::PathUnknown, "GET", url).diagnosis;
        diagnosis.at = at;
        drawn.push(parts::request(&diagnosis).into_string());
    }
    insta::assert_snapshot!(drawn.join("\n"));
}

#[test]
fn the_title_says_what_is_known() {
    let gap = Gap { place: "REST APIs".to_owned(), reason: "not allowed".to_owned() };
    let mut well = fixture::report(vec![], vec![]);
    (well.coverage.deployed, well.coverage.probed) = (1, 1);
    let nothing = fixture::report(vec![], vec![]);
    let blind = Report { gaps: vec![gap.clone()], ..nothing.clone() };
    let partly = Report { gaps: vec![gap], ..well.clone() };
    let early = Report { stopped_early: true, ..well.clone() };
    let leak = Report { refusals_not_given: vec!["POST /".to_owned()], ..well.clone() };
    let mut ignored = Report { diagnoses: vec![finding(Cause::PathUnknown, "GET", "https://h/x")], ..well.clone() };
    ignored.diagnoses[0].ignored = Some("known".to_owned());
    for (report, title, loud) in [
        (small(), "4 problems in eu-central-1", true),
        (well, "No problems in eu-central-1", false),
        (ignored, "No problems in eu-central-1", false),
        (nothing, "Nothing was asked in eu-central-1", false),
        (blind, "Nothing could be read in eu-central-1", true),
        (partly, "No problem in what was seen of eu-central-1", true),
        (early, "No problem in what was seen of eu-central-1", true),
        (leak, "No problem in what was seen of eu-central-1", false),
    ] {
        assert_eq!(summary::title(&report), title);
        let page = page(&report);
        assert!(page.contains(&format!("<title>{title}, Gateprobe</title>")), "{title}");
        assert_eq!(page.contains("Not everything was seen"), loud, "{title}");
    }
}

#[test]
fn a_card_holds_the_steps_and_the_way_out() {
    let mut report = small();
    report.diagnoses.truncate(1);
    let page = page(&report);
    let card = &page[page.find("<details class=\"card").unwrap()..];
    let card = &card[..card.find("</section>").unwrap()];
    insta::assert_snapshot!(card.replace("><", ">\n<"));
}

#[test]
fn a_method_leads_to_its_problem() {
    let mut report = everything(&|| "x".to_owned());
    report.diagnoses[0].of = Some(0);
    let page = page(&report);
    assert!(page.contains("id=\"f0\"") && page.contains("<a href=\"#f0\">not-deployed</a>"), "to its own");
    // The contract's request to the group of its cause.
    assert!(page.contains("id=\"c-path-unknown\"") && page.contains("<a href=\"#c-path-unknown\">path-unknown</a>"));
    // Every link has its end.
    for link in page.split("href=\"#").skip(1).map(|rest| &rest[..rest.find('"').unwrap()]) {
        assert!(page.contains(&format!("id=\"{link}\"")), "#{link}");
    }
}

/// An account of so many stages with so many methods each; each method's state by its number.
fn account(stages: usize, methods: usize, state: impl Fn(usize) -> State) -> Report {
    let mut report = fixture::report(vec![], vec![]);
    for number in 0..stages {
        let name = format!("stage{number}");
        let (api, shared): (Arc<str>, Arc<str>) = (format!("api{}", number / 10).into(), name.as_str().into());
        report.stages.push(stage(&api, "large", &name));
        report.methods.extend((0..methods).map(|method| MethodReport {
            api: Arc::clone(&api),
            stage: Arc::clone(&shared),
            resource: format!("/r{method}").into(),
            method: Verb::Get,
            state: state(number * methods + method),
            skipped: None,
            detail: None,
            remedy: None,
            ignored: None,
            provenance: None,
            cause: None,
            latency_ms: None,
        }));
    }
    report
}

#[test]
fn a_large_account_is_cut_where_it_is_well_and_says_so() {
    let failing = |index: usize| index % 1000 == 7;
    let report = account(2000, 50, |index| if failing(index) { State::Failing } else { State::Healthy });
    let page = page(&report);
    assert!(page.len() < 8_000_000, "{}", page.len());
    let rows = |state: &str| page.matches(&format!("<li class=\"item\" data-s=\"{state}\"")).count();
    assert_eq!(rows("failing"), 100, "what fails is always drawn");
    assert_eq!(rows("failing") + rows("healthy"), methods::MOST_METHODS);
    assert_eq!(page.matches("<details class=\"stage\"").count(), methods::MOST_STAGES);
    assert!(page.contains("Drawn are 1,500 of 2,000 stages and 10,000 of 100,000 methods"));
    // What is left out is counted where it is left out.
    let more = page.split("… and ").skip(1);
    let count = |rest: &str, noun: &str| {
        let (count, behind) = rest.split_once(' ')?;
        behind.starts_with(noun).then(|| count.replace(',', "").parse::<usize>().unwrap())
    };
    let (methods, stages): (Vec<_>, Vec<_>) =
        more.map(|rest| (count(rest, "more method"), count(rest, "more stage"))).unzip();
    assert_eq!(stages.into_iter().flatten().sum::<usize>(), 500);
    assert_eq!(methods.into_iter().flatten().sum::<usize>(), 1500 * 50 - methods::MOST_METHODS);
}

#[test]
fn an_account_that_fits_is_drawn_whole() {
    let report = account(methods::MOST_STAGES, methods::MOST_METHODS / methods::MOST_STAGES, |_| State::Healthy);
    let page = page(&report);
    assert_eq!(page.matches("<li class=\"item\"").count(), report.methods.len());
    assert!(!page.contains("too large") && !page.contains("… and"));
}

#[test]
fn many_problems_are_counted_where_they_are_not_drawn() {
    let mut report = fixture::report(vec![], vec![]);
    for (cause, count) in [(Cause::NotDeployed, 700), (Cause::PathUnknown, 3)] {
        report.diagnoses.extend((0..count).map(|number| finding(cause, "GET", &format!("https://h/{number}"))));
    }
    let page = page(&report);
    assert_eq!(page.matches("<details class=\"card").count(), 53);
    assert!(page.contains("… and 650 more, in"));
    assert!(page.contains("703 problems in"));
}

#[test]
fn counts_are_readable() {
    for (count, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (7_200_000, "7,200,000")] {
        assert_eq!(parts::number(count), text);
    }
}

proptest! {
    /// Whatever a name, a path or an answer holds: the page is made of its own tags, and what is said is there as text.
    #[test]
    fn no_word_of_a_report_is_markup(words in prop::collection::vec("(\\PC|[<>&\"'/=\u{0}\u{202e}\u{2028}]|<script>|</title>|<!--|-->|]]>|&lt;){1,12}", 1..8)) {
        let next = Cell::new(0);
        let word = || {
            next.set(next.get() + 1);
            words[next.get() % words.len()].clone()
        };
        let report = everything(&word);
        let page = page(&report);
        let text = text_of(&bare(&page));
        prop_assert!(text.is_ok(), "{:?}", text);
        let text = text.unwrap_or_default();
        for word in words.iter().filter(|_| next.get() >= words.len()) {
            prop_assert!(text.contains(&clean(word)), "{:?}", word);
        }
        let steering: BTreeSet<char> = bare(&page).chars().filter(|c| crate::gateway::steers(*c)).collect();
        prop_assert!(steering.is_empty(), "{:?}", steering);
    }
}

#[test]
fn a_request_that_was_never_parsed_is_drawn_all_the_same() {
    for url in ["", "?", "#", "://", "@", "h", "https://", "…", "\u{0}"] {
        let mut finding = finding(Cause::Unexplained, "", url);
        finding.diagnosis.request = RequestLine { method: String::new(), url: url.to_owned() };
        finding.diagnosis.at = Some(0..url.len());
        let report = fixture::report(vec![finding], vec![]);
        text_of(&bare(&page(&report))).unwrap();
    }
}
