//! What every request shares: one value, built in `startup`, handed to the handlers.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::auth::{Granted, Policy};
use crate::config::Config;
use crate::freshness::Freshness;
use crate::http::answer::AnswerCache;
use crate::http::service::Plans;
use crate::odata::Sealer;
use crate::period::Clock;
use crate::plan::{Views, World};
use crate::query::Engine;
use crate::store::Store;
use crate::telemetry::Metrics;

/// The parts of the house that handlers reach.
pub struct AppState {
    pub config: Arc<Config>,
    pub clock: Clock,
    pub policy: Arc<Policy>,
    pub store: Store,
    pub freshness: Freshness,
    pub engine: Engine,
    pub views: Views,
    pub answers: AnswerCache,
    pub plans: Plans,
    pub metrics: Metrics,
    /// Signs the addresses of next pages.
    pub sealer: Sealer,
}

impl AppState {
    /// Does something with what plans are judged against.
    pub fn in_world<T>(&self, judge: impl FnOnce(&World<'_>) -> T) -> T {
        let known_events = |account: &str| self.known_events(account);
        judge(&World { config: &self.config, clock: &self.clock, policy: &self.policy, known_events: &known_events })
    }

    /// The event names an account is known to have; `None` when that is not known.
    pub fn known_events(&self, account: &str) -> Option<Arc<BTreeSet<String>>> {
        self.freshness.feed(account).and_then(|feed| feed.known_events.names())
    }

    /// The accounts this caller sees, by name.
    pub fn accounts_of<'a>(&'a self, granted: &'a Granted) -> impl Iterator<Item = &'a str> {
        self.config.accounts.keys().map(String::as_str).filter(|name| granted.sees_account(name))
    }
}
