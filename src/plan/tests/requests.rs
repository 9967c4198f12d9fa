//! The requests themselves: which values go where, which verb goes out, and what nobody allowed.

use super::*;
use crate::gateway::{BodyShape, Canary};
use SampleSource::{Enum, Example, Schema};

fn headers<'p>(probe: &'p Probe, name: &str) -> Vec<&'p str> {
    let found = probe.request.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str()).collect()
}

fn taking(content_type: &str) -> Method {
    let body = BodyShape {
        content_type: content_type.to_owned(),
        refuses_empty: false,
        sample: Ok(Sample { value: "{}".to_owned(), from: Schema }),
    };
    Method { interface: Some(Box::new(Interface { body: Some(body), ..Interface::default() })), ..Method::open() }
}

#[test]
fn each_value_goes_to_its_own_place_once() {
    let declared = interface(&[
        ("id", Place::Path, true, Some(("of-path", Example))),
        ("id", Place::Query, true, Some(("of-query", Example))),
        ("X-Tenant", Place::Header, true, Some(("of-header", Example))),
    ]);
    let plan = one("/x/{id}", Verb::Get, declared.clone(), "");
    let url = &plan.probes[0].request.url;
    assert_eq!((url.path(), url.query()), ("/prod/x/of-path", Some("id=of-query")));
    // A header's name has no case, and the user's value takes the place of the sample.
    let good = "known_good: [{path: '/x/{id}', parameters: {id: '1'}, headers: {x-tenant: mine}}]";
    let plan = one("/x/{id}", Verb::Get, declared.clone(), good);
    assert_eq!(headers(&plan.probes[0], "x-tenant"), ["mine"]);
    // What no header can hold is left out.
    let plan = one("/x/{id}", Verb::Get, declared, "parameters: {X-Tenant: \"\\u00fc\"}");
    assert_eq!(headers(&plan.probes[0], "x-tenant"), Vec::<&str>::new());
    // One that is required, and of which nothing is known, is missing: the request is no good one.
    let unknown = interface(&[("q", Place::Query, true, None)]);
    let probe = &one("/x", Verb::Get, unknown, "").probes[0];
    assert_eq!((probe.provenance, probe.request.url.query()), (Provenance::Placeholder, None));
    let probe = &one("/x", Verb::Get, Method::open(), "known_good: [{path: /x}]").probes[0];
    assert_eq!((probe.provenance, probe.check.is_none()), (Provenance::Config, true), "the user stands for it");
}

#[test]
fn what_is_made_up_in_a_path_is_named() {
    let of = |sample| interface(&[("id", Place::Path, true, sample)]);
    for (method, text, made_up) in [
        (of(None), "", &["id", "rest"][..]),
        (of(Some(("7", Schema))), "", &["id", "rest"]),
        (of(Some(("7", Enum))), "", &["rest"]),
        (of(Some(("7", Example))), "", &["rest"]),
        (of(Some(("7", Schema))), "parameters: {id: '8', rest: a/b}", &[]),
        (of(None), "known_good: [{path: '/x/{id}/{rest+}', parameters: {rest: a}}]", &["id"]),
    ] {
        assert_eq!(one("/x/{id}/{rest+}", Verb::Get, method, text).probes[0].made_up, made_up, "{text}");
    }
}

#[test]
fn a_body_has_one_type_and_goes_with_verbs_that_take_one() {
    let allow = "allow: [{path: /x, method: POST}]\n";
    let plan = one("/x", Verb::Get, taking("application/json"), "");
    assert_eq!((&plan.probes[0].request.body, plan.probes[0].request.headers.len()), (&None, 0));
    let sent = |method: Method, rule: &str| {
        let plan = one("/x", Verb::Post, method, &format!("{allow}{rule}"));
        let probe = &plan.probes[0];
        let types = headers(probe, "content-type").iter().map(ToString::to_string).collect::<Vec<_>>();
        (probe.request.body.clone(), types)
    };
    let is = |body: &str, kind: &str| (Some(body.to_owned()), vec![kind.to_owned()]);
    assert_eq!(sent(taking("application/vnd.x+json"), ""), is("{}", "application/vnd.x+json"));
    assert_eq!(sent(taking("a\nb"), ""), (None, vec![]), "no header can hold it");
    assert_eq!(sent(Method::open(), "known_good: [{path: /x, method: POST, body: hello}]"), is("hello", "text/plain"));
    let own = "known_good: [{path: /x, method: POST, body: <a/>, headers: {Content-Type: application/xml}}]";
    assert_eq!(sent(Method::open(), own), is("<a/>", "application/xml"));
}

#[test]
fn what_may_change_something_is_sent_once_and_as_the_user_wrote_it() {
    let allow = "allow: [{path: '/x/{id}', method: POST}]\n";
    let stages = || [("prod", tree(&[("/x/{id}", Verb::Post), ("/x/mine", Verb::Post)]))];
    let domains = || vec![domain("api.example.com", &[("", "a1", Some("prod"))])];
    let sent =
        |rule: &str| lines(&planned(vec![api("a1", &stages())], domains(), &config(&format!("{allow}{rule}"))).0);
    let good =
        |id: &str| format!("known_good: [{{path: '/x/{{id}}', method: POST, parameters: {{id: {id}}}, body: a}}]");
    assert_eq!(sent(&good("'7'")), ["POST https://a1.execute-api.us-east-1.amazonaws.com/prod/x/7"]);
    assert_eq!(sent(""), ["POST https://a1.execute-api.us-east-1.amazonaws.com/prod/x/gateprobe"]);
    assert_eq!(sent(&good("mine")), Vec::<String>::new(), "it reaches another method");
    // With a verb that changes nothing a made-up value still proves the route.
    let stages = [("prod", tree(&[("/x/{id}", Verb::Get), ("/x/mine", Verb::Get)]))];
    let known = config("known_good: [{path: '/x/{id}', parameters: {id: mine}, expect: {status: [200]}}]");
    let (plan, _) = planned(vec![api("a1", &stages)], vec![], &known);
    let probe = plan.probes.iter().find(|probe| probe.request.url.path() == "/prod/x/gateprobe").unwrap();
    assert!(probe.check.is_none(), "the user's words are of another request");
}

#[test]
fn the_users_own_request_is_to_be_answered() {
    let custom = || Method { authorization: Some(Authorization::Custom), ..Method::default() };
    assert_eq!(one("/x", Verb::Get, custom(), "").probes[0].expects, Expects::AuthorizerRefusal);
    let good = "known_good: [{path: /x, headers: {X-Tenant: acme}, expect: {status: [200]}}]";
    let plan = one("/x", Verb::Get, custom(), good);
    assert_eq!((plan.probes[0].expects, plan.probes[0].check.is_some()), (Expects::Answer, true));
    // A signature of the config's takes the place of nobody's.
    let iam = || Method { authorization: Some(Authorization::AwsIam), ..Method::default() };
    let plan = one("/x", Verb::Get, iam(), "");
    assert_eq!((plan.probes.len(), plan.refusals.len()), (0, 1));
    let signed = "credentials: {me: {sigv4: {}}}\nauthenticate: [{path: /x, with: [me]}]";
    let plan = one("/x", Verb::Get, iam(), signed);
    assert_eq!((plan.probes.len(), plan.refusals.len(), &*plan.probes[0].credentials[0]), (1, 0, "me"));
}

#[test]
fn any_goes_out_with_a_verb_that_was_allowed_or_changes_nothing() {
    let good = "known_good: [{path: '/**', method: POST, body: a}]\n";
    let asked =
        |allow: &str| one("/b", Verb::Any, Method::open(), &format!("{good}{allow}")).probes.remove(0).request.method;
    assert_eq!(asked("allow: [{path: /a, method: POST}]"), "GET", "allowed elsewhere alone");
    assert_eq!(asked("allow: [{path: /b, method: POST}]"), "POST");
    // Where every safe verb has a method of its own, the one that does the least harm is advised.
    let safe = [("/y", Verb::Any), ("/y", Verb::Get), ("/y", Verb::Head), ("/y", Verb::Options)];
    let (plan, _) = planned(vec![api("a1", &[("p", tree(&safe))])], vec![], &Config::default());
    let remedies: Vec<_> = plan.methods.iter().filter_map(|method| method.remedy.as_deref()).collect();
    assert_eq!(remedies, ["allow: [{api: 'a1', stage: 'p', path: '/y', method: POST}]"]);
}

#[test]
fn trials_are_few_and_change_nothing() {
    let mut tree = Tree::default();
    for (index, verb) in [Verb::Post, Verb::Get, Verb::Get, Verb::Get, Verb::Head, Verb::Get].into_iter().enumerate() {
        tree.insert(&format!("/{index}"), verb, Method { api_key_required: true, ..Method::open() });
    }
    let (plan, _) = planned(vec![api("a1", &[("p", tree)])], vec![], &Config::default());
    let trials: Vec<_> = plan.trials.iter().map(|trial| trial.request.url.path()).collect();
    assert_eq!(trials, ["/p/1", "/p/2", "/p/3"]);
    assert!(plan.trials.iter().all(|trial| trial.request.method == "GET"));
}

#[test]
fn a_value_that_leads_to_another_stage_is_not_taken() {
    let all = || tree(&[("/{proxy+}", Verb::Get)]);
    let (plan, _) = planned(
        vec![api("one", &[("prod", all())]), api("two", &[("prod", tree(&[("/x", Verb::Get)]))])],
        vec![domain("d.example.com", &[("o", "one", Some("prod")), ("o/v2", "two", Some("prod"))])],
        &config("parameters: {proxy: v2/x}"),
    );
    let through: Vec<_> = lines(&plan).into_iter().filter(|line| line.contains("d.example.com")).collect();
    assert_eq!(through, ["GET https://d.example.com/o/gateprobe", "GET https://d.example.com/o/v2/x"]);
}

#[test]
fn a_canary_that_has_a_method_of_its_own_on_the_path_leaves_no_safe_proof() {
    let guarded = |open: &[(&str, Verb)]| {
        let mut tree = tree(open);
        tree.insert("/{id}", Verb::Post, Method { api_key_required: true, ..Method::open() });
        tree
    };
    let open = [("/gateprobe", Verb::Post), ("/gateprobe-0", Verb::Post)];
    let mut api = api("a1", &[("prod", guarded(&[])), ("next", guarded(&open))]);
    api.stages.truncate(1);
    api.stages[0].canary = Some(Canary { deployment: "of-next".to_owned(), percent: 10.0 });
    let (plan, _) = planned(vec![api], vec![], &Config::default());
    assert_eq!((plan.methods[0].fate, plan.refusals.len()), (Fate::Skipped(SkipReason::NoSafeProof), 0));
}
