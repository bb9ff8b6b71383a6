//! Which events an account is known to have: the kept catalogue that tells a misspelt event from an empty one.
//!
//! It is asked of CleverTap's schema API at most once an hour, beside the requests and never inside one. When it is
//! not to be had, nothing is unknown.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::clevertap::{CleverTap, Rank};

const ASKED_EVERY: Duration = Duration::from_secs(3600);
/// After a failure the next try comes sooner than after a success, but not with every request.
const RETRIED_AFTER: Duration = Duration::from_secs(60);

/// One account's kept catalogue of event names.
#[derive(Debug, Default)]
pub struct KnownEvents {
    names: ArcSwapOption<BTreeSet<String>>,
    next_ask: Mutex<Option<Instant>>,
    /// Whether CleverTap has been asked at all, with whatever result.
    asked: watch::Sender<bool>,
}

impl KnownEvents {
    /// The names at hand, or `None` when CleverTap has never told them.
    pub fn names(&self) -> Option<Arc<BTreeSet<String>>> {
        self.names.load_full()
    }

    /// The same for whoever lists them: a server that has just started waits for the answer to its first question.
    pub async fn names_when_asked(&self, patience: Duration) -> Option<Arc<BTreeSet<String>>> {
        if self.names.load().is_none() {
            let _ = timeout(patience, self.asked.subscribe().wait_for(|asked| *asked)).await;
        }
        self.names()
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
        self.asked.send_replace(true);
    }
}
