//! The parts between the configuration and an answer, without any listener: what the gateway serves from and `pull` writes
//! from.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::StartError;
use super::pii_key::{self, Keyed};
use crate::auth::Policy;
use crate::clevertap::{CleverTap, Tuning};
use crate::config::Config;
use crate::freshness::{Feed, Freshness, KnownEvents};
use crate::odata::Sealer;
use crate::period::Clock;
use crate::plan::{self, Views};
use crate::query::{Engine, QueryLimits};
use crate::store::Store;
use crate::telemetry::Metrics;

/// How often the store tidies up after itself.
const UPKEEP_EVERY: Duration = Duration::from_secs(60);

/// The opened store and everything that reads and fills it.
pub(super) struct House {
    pub config: Arc<Config>,
    pub clock: Clock,
    pub policy: Arc<Policy>,
    pub store: Store,
    pub freshness: Freshness,
    pub engine: Engine,
    pub views: Views,
    pub metrics: Metrics,
    pub sealer: Sealer,
}

impl House {
    /// Opens the store and makes the clients. Asks nothing of CleverTap.
    pub async fn open(config: Config, clock: Clock, tuning: Tuning) -> Result<Self, StartError> {
        config.check()?;
        let store = Store::open(&config.store).await?;
        store.start_upkeep(UPKEEP_EVERY, plan::is_passing);
        let metrics = Metrics::install().map_err(|error| StartError::Metrics(error.to_string()))?;
        store.spawn(metrics.clone().upkeep());
        let Keyed { hasher, sealer } = pii_key::keyed(&config)?;
        let policy = Arc::new(Policy::new(&config.pii));
        let mut feeds = BTreeMap::new();
        for (name, settings) in &config.accounts {
            let client = CleverTap::new(name, settings, tuning.clone())
                .map_err(|source| StartError::Account { account: name.clone(), source })?;
            let known_events = Arc::new(KnownEvents::default());
            let feed =
                Feed { name: name.clone(), settings: settings.clone(), client, known_events, policy: policy.clone() };
            feeds.insert(name.clone(), Arc::new(feed));
        }
        let limits = &config.limits;
        let limits = QueryLimits::new(limits.query_memory, config.cache.spool, limits.query_time, limits.query_rows);
        let views = Views::new(&config.views)?;
        Ok(Self {
            freshness: Freshness::new(feeds, store.clone(), clock.clone()),
            engine: Engine::new(&store, hasher, limits)?,
            policy,
            views,
            store,
            clock,
            metrics,
            sealer,
            config: Arc::new(config),
        })
    }
}
