//! Requests to observations: retries, confirmation, pace.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::gateway::Request;

use super::attempt::{Ask, Limits, attempt};
use super::client::{Clients, Connection};
use super::pace::Pace;
use super::resolve::{Lookup, SystemLookup};
use super::retry;
use super::{Keyring, Observation, ProberError, Settings, Sources};

/// Sends probes. One for a whole run: it holds the open connections and each group's pace.
pub struct Prober {
    clients: Clients,
    settings: Arc<Settings>,
    paces: Mutex<HashMap<String, Option<Arc<Pace>>>>,
    sources: Option<Sources>,
}

impl Prober {
    /// Sets the clients up. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// A user agent that is no header value, extra roots that are no certificates, a platform without root certificates.
    pub fn new(settings: Settings) -> Result<Self, ProberError> {
        Self::with_lookup(settings, Arc::new(SystemLookup))
    }

    pub(super) fn with_lookup(settings: Settings, lookup: Arc<dyn Lookup>) -> Result<Self, ProberError> {
        let settings = Arc::new(settings);
        Ok(Self {
            clients: Clients::new(Arc::clone(&settings), lookup)?,
            settings,
            paces: Mutex::default(),
            sources: None,
        })
    }

    /// Says where the credentials of its runs come from. Tokens are kept with it from run to run.
    #[must_use]
    pub fn with_sources(mut self, sources: Sources) -> Self {
        self.sources = Some(sources);
        self
    }

    /// Where credentials come from.
    #[must_use]
    pub fn sources(&self) -> Option<&Sources> {
        self.sources.as_ref()
    }

    /// The limits in force.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Sends a request once: no retry, no confirmation, no pace. For a person who asks about one request.
    pub async fn send(&self, request: &Request) -> Observation {
        self.attempt(Ask::plain(request), Connection::Kept).await
    }

    /// [`Self::send`] with credentials of a keyring, by their names.
    pub async fn send_with(&self, request: &Request, credentials: &[Arc<str>], keyring: &Keyring) -> Observation {
        self.attempt(Ask { request, credentials, keyring: Some(keyring) }, Connection::Kept).await
    }

    /// Sends a request at its group's pace, as often as it takes to be sure.
    ///
    /// `settled` says that an outcome needs no second look; a healthy one does not, and nor does a failure that was expected.
    /// What is not settled and may pass (a transport error, a 429, a 5xx) is retried with a growing, jittered wait. What is
    /// still not settled is sent once more on a fresh connection: if that settles it, the fault was a passing one or sat in the
    /// old connection; if not, the observation is `confirmed`. Verbs other than GET, HEAD and OPTIONS are sent exactly once.
    pub async fn probe(&self, group: &str, request: &Request, settled: impl Fn(&Observation) -> bool) -> Observation {
        let pace = self.pace(group);
        take_turn(pace.as_deref()).await;
        self.probe_now(pace.as_deref(), Ask::plain(request), settled).await
    }

    /// [`Self::probe`] for those who have taken the turn for the first attempt themselves.
    pub(super) async fn probe_now(
        &self,
        pace: Option<&Pace>,
        ask: Ask<'_>,
        settled: impl Fn(&Observation) -> bool,
    ) -> Observation {
        let mut seen = self.attempt(ask, Connection::Kept).await;
        if settled(&seen) || seen.attempts == 0 || !retry::is_safe(&ask.request.method) {
            return seen;
        }
        for number in 0..self.settings.retries {
            if !retry::is_passing(&seen) {
                break;
            }
            tokio::time::sleep(retry::wait(&seen, number, &self.settings)).await;
            take_turn(pace).await;
            seen = self.again(ask, Connection::Kept, seen.attempts).await;
            if settled(&seen) {
                return seen;
            }
        }
        take_turn(pace).await;
        seen = self.again(ask, Connection::Fresh, seen.attempts).await;
        seen.confirmed = !settled(&seen);
        seen
    }

    async fn again(&self, ask: Ask<'_>, connection: Connection, before: u32) -> Observation {
        let mut seen = self.attempt(ask, connection).await;
        seen.attempts += before;
        seen
    }

    async fn attempt(&self, ask: Ask<'_>, connection: Connection) -> Observation {
        let limits = Limits { total: self.settings.total_timeout, body_cap: self.settings.body_cap };
        attempt(&self.clients, ask, connection, limits).await
    }

    /// The pace of a group, the same for all who probe it. `None` is unlimited.
    pub(super) fn pace(&self, group: &str) -> Option<Arc<Pace>> {
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pace) = paces.get(group) {
            return pace.clone();
        }
        let Settings { group_rate, group_concurrency, .. } = *self.settings;
        let pace = Pace::new(group_rate, group_concurrency, Instant::now()).map(Arc::new);
        paces.insert(group.to_owned(), pace.clone());
        pace
    }
}

async fn take_turn(pace: Option<&Pace>) {
    let Some(pace) = pace else { return };
    let now = Instant::now();
    let turn = pace.reserve(now);
    if turn > now {
        tokio::time::sleep_until(turn.into()).await;
    }
}
