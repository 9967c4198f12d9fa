//! A look at what a deployment changed, as soon as it can be told from a deployment under way.
//!
//! A run in the moment of the event would learn nothing: for a minute after a change whatever fails is only `propagating`,
//! which is nobody's fault and wakes nobody. So the function waits out the rest of that minute, which CloudTrail's own delay
//! has mostly used up, and probes then. A wait costs at most 65 seconds of a small function, and holds up nothing but
//! runs: those are queued. What would be learnt by an event was often learnt already: a stack's deployment is a dozen calls
//! within seconds, and one run that began a minute after them all answers for them all.

use std::time::Duration;

use gateprobe::discover::{DiscoverError, api_name};
use gateprobe::event::{Change, Changed};
use gateprobe::remember::LastRun;
use gateprobe::store;
use lambda_runtime::Context;
use serde_json::{Value, json};

use super::{Fault, Function, ignored, now, time_left, told_of};

/// Looks at what was changed: at one API, or at everything.
pub async fn look(function: &Function, change: &Change, context: &Context) -> Result<Value, Fault> {
    let own = function.aws.region().map(AsRef::as_ref);
    if let Some(region) = change.region.as_deref().filter(|region| own.is_some_and(|own| own != *region)) {
        let plain = region.len() <= 32 && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let region = if plain { region } else { "another region" };
        return Ok(ignored(&format!("{} was in {region}, which this monitor does not watch", change.call)));
    }
    let api = match &change.changed {
        Changed::Api(api) => Some(api.as_str()),
        Changed::Everything => None,
    };
    let whole = last_whole_run(function).await;
    if change_was_seen(function, change, api, whole.as_ref()).await {
        let what = api.map_or_else(|| "everything".to_owned(), |api| format!("API {api}"));
        return Ok(ignored(&format!("{}: a run since then has seen {what} as it is now", change.call)));
    }
    if let Some(api) = api
        && let Some(why) = not_watched(function, api).await
    {
        return Ok(ignored(&why));
    }
    // At most half of the time: a run that is late is better than none.
    let unsettled = Duration::from_secs(u64::try_from(change.unsettled_for(now())).unwrap_or(0));
    let waits = unsettled.min(time_left(context) / 2);
    tracing::info!(call = change.call, api, seconds = waits.as_secs(), "a change: the run waits until it has settled");
    tokio::time::sleep(waits).await;
    // Only a memory that knows the whole can take in a part.
    let only = whole.and(api);
    let began = now();
    let summary = function.run(context, only).await?;
    if let Some(api) = only {
        function.looked_at(api, began).await;
    }
    if summary["event"] == json!("ignored") {
        return Ok(summary);
    }
    let mut answer = told_of("changed", summary);
    answer["call"] = json!(change.call);
    answer["api"] = json!(only);
    answer["waited_seconds"] = json!(waits.as_secs());
    Ok(answer)
}

/// The last run that saw everything, where there is a memory and was one.
async fn last_whole_run(function: &Function) -> Option<LastRun> {
    let memory = function.clients().await.ok()?.memory.as_ref()?;
    let (ledger, _) = store::read_ledger(&**memory.store()).await.ok()?;
    ledger.last_whole
}

/// Whether a run has seen the change settled already.
async fn change_was_seen(function: &Function, change: &Change, api: Option<&str>, whole: Option<&LastRun>) -> bool {
    let looked = match api {
        Some(api) => function.last_look_at(api).await,
        None => None,
    };
    looked.into_iter().chain(whole.map(|whole| whole.started_at)).any(|began| change.was_seen_by(began))
}

/// Why an API is none of the monitor's. One that cannot be read is left to the run, which tells it.
async fn not_watched(function: &Function, api: &str) -> Option<String> {
    let mut state = function.state.lock().await;
    // What is wrong with the config the run tells.
    let (work, _) = function.refresh(&mut state).await.ok()?;
    match api_name(&work.plane, api, None).await {
        Ok(Some(name)) if work.scope.admits_api(api, &name) => None,
        Ok(Some(_)) => Some(format!("API {api} is none of those that the config and the stack's parameters name")),
        Ok(None) | Err(DiscoverError::ApiNotFound { .. }) => {
            Some(format!("there is no API {api} any more: the next run tells what that means"))
        }
        Err(_) => None,
    }
}
