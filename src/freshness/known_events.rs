//! Which events an account is known to have: the kept catalogue that tells a misspelt event from an empty one.
//!
//! It is asked of CleverTap's schema API at most once an hour, beside the requests and never inside one. When it is
//! not to be had, nothing is unknown.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::clevertap::{CleverTap, Rank};

const ASKED_EVERY: Duration = Duration::from_secs(3600);
/// After a failure the next try comes sooner than after a success, but not with every request.
const RETRIED_AFTER: Duration = Duration::from_secs(60);

/// One account's kept catalogue of event names.
#[derive(Debug, Default)]
pub struct KnownEvents {
    names: ArcSwapOption<BTreeSet<String>>,
    next_ask: Mutex<Option<Instant>>,
}

impl KnownEvents {
    /// The names at hand, or `None` when CleverTap has never told them.
    pub fn names(&self) -> Option<Arc<BTreeSet<String>>> {
        self.names.load_full()
    }

    /// Asks CleverTap when it is time to. Returns at once when it is not, or when somebody else is asking.
    pub async fn keep_fresh(&self, client: &CleverTap) {
        {
            let mut next_ask = self.next_ask.lock();
            if next_ask.is_some_and(|at| Instant::now() < at) {
                return;
            }
            *next_ask = Some(Instant::now() + RETRIED_AFTER);
        }
        match client.event_names(Rank::Scheduled).await {
            Ok(names) => {
                tracing::debug!(account = client.account_name(), events = names.len(), "event catalogue read");
                self.names.store(Some(Arc::new(names.into_iter().collect())));
                *self.next_ask.lock() = Some(Instant::now() + ASKED_EVERY);
            }
            Err(error) => {
                tracing::warn!(account = client.account_name(), %error, "event catalogue not available");
            }
        }
    }
}
