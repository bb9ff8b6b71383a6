//! An identity provider's published keys (RFC 7517), fetched, kept and fetched again.
//!
//! The keys at hand are read without waiting. They are fetched anew every hour, and when a token names a key that is
//! not among them, but at most once in half a minute however many such tokens come. When a fetch fails, the keys
//! from before stay. The provider's answer is as untrusted as any: time, size and number are bounded, keys that we
//! cannot use are passed over.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use jsonwebtoken::jwk::Jwk;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::{Mutex, Notify};
use tokio::time::Instant;
use url::Url;

use super::verifying::VerifyingKey;
use crate::config::JwtConfig;

#[derive(Clone, Copy)]
struct Pace {
    /// How old keys get before they are fetched again.
    every: Duration,
    /// Shortest time between two fetches.
    at_most_every: Duration,
    /// Longest fetch, and longest wait of a request for one.
    timeout: Duration,
}

const PACE: Pace = Pace {
    every: Duration::from_secs(60 * 60),
    at_most_every: Duration::from_secs(30),
    timeout: Duration::from_secs(5),
};

/// Largest answer, in bytes.
const LARGEST: usize = 1024 * 1024;

/// Most keys of one answer.
const MOST: usize = 100;

pub(super) struct PublishedKeys {
    url: Url,
    config: JwtConfig,
    pace: Pace,
    keys: ArcSwapOption<Vec<VerifyingKey>>,
    /// When the last fetch began. Held while one runs, so that there is one at a time.
    last: Mutex<Option<Instant>>,
    wanted: Notify,
}

/// Why a fetch brought nothing. Never quotes the address, which may hold a tenant's name, or the answer.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("no answer: {0}")]
    Unreachable(reqwest::Error),
    #[error("status {0}")]
    Status(StatusCode),
    #[error("the answer is larger than 1 MiB or has more than 100 keys")]
    TooLarge,
    #[error("the answer is not a key set: {0}")]
    NotKeys(serde_json::Error),
    #[error("none of its keys can be used with the configured algorithms")]
    NoUsableKey,
}

#[derive(Deserialize)]
struct KeySet<'a> {
    #[serde(borrow)]
    keys: Vec<&'a RawValue>,
}

impl PublishedKeys {
    pub fn new(url: Url, config: JwtConfig) -> Arc<Self> {
        Self::with_pace(url, config, PACE)
    }

    fn with_pace(url: Url, config: JwtConfig, pace: Pace) -> Arc<Self> {
        // Without one the client panics. An error only says that the process has one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Arc::new(Self {
            url,
            config,
            pace,
            keys: ArcSwapOption::empty(),
            last: Mutex::new(None),
            wanted: Notify::new(),
        })
    }

    /// With these keys already fetched.
    #[cfg(test)]
    pub fn holding(config: JwtConfig, set: &serde_json::Value) -> Arc<Self> {
        let this = Self::new(Url::parse("http://127.0.0.1:9/").unwrap(), config);
        this.keys.store(Some(Arc::new(usable_keys(set.to_string().as_bytes(), &this.config).unwrap())));
        this
    }

    /// The keys at hand; `None` until the first fetch has brought some.
    pub fn current(&self) -> Option<Arc<Vec<VerifyingKey>>> {
        self.keys.load_full()
    }

    /// Asks for a fetch without waiting for it. [`PublishedKeys::keep_current`] does it.
    pub fn ask(&self) {
        self.wanted.notify_one();
    }

    /// Waits for newer keys, if it is time for some; not longer than a fetch may take.
    pub async fn renew(self: &Arc<Self>) {
        let this = Arc::clone(self);
        // A task of its own: a caller who hangs up must not take the fetch along.
        let fetch = tokio::spawn(async move { this.fetch_if_due().await });
        // Whatever came of it, the keys at hand decide.
        let _ = tokio::time::timeout(self.pace.timeout, fetch).await;
    }

    /// Fetches the keys now, and again whenever they are old or asked for. Runs as long as it is polled.
    pub async fn keep_current(self: Arc<Self>) {
        loop {
            let rest = if self.fetch_if_due().await { self.pace.every } else { self.pace.at_most_every };
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                () = self.wanted.notified() => {
                    let last = *self.last.lock().await;
                    if let Some(last) = last {
                        tokio::time::sleep_until(last + self.pace.at_most_every).await;
                    }
                }
            }
        }
    }

    /// Whether there are new keys now.
    async fn fetch_if_due(&self) -> bool {
        let mut last = self.last.lock().await;
        if last.is_some_and(|last| last.elapsed() < self.pace.at_most_every) {
            return false;
        }
        *last = Some(Instant::now());
        match self.fetch().await {
            Ok(keys) => {
                tracing::info!(keys = keys.len(), "the identity provider's keys were fetched");
                self.keys.store(Some(Arc::new(keys)));
                true
            }
            Err(error) => {
                let kept = self.current().map_or(0, |keys| keys.len());
                tracing::warn!(%error, kept, "the identity provider's keys could not be fetched; the earlier ones stay");
                false
            }
        }
    }

    async fn fetch(&self) -> Result<Vec<VerifyingKey>, FetchError> {
        let unreachable = |error: reqwest::Error| FetchError::Unreachable(error.without_url());
        // Once an hour: a client of its own costs little and keeps no connection.
        let client = Client::builder()
            .timeout(self.pace.timeout)
            .redirect(Policy::none())
            .user_agent(concat!("flattap/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(unreachable)?;
        let mut response = client.get(self.url.clone()).send().await.map_err(unreachable)?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > LARGEST {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        usable_keys(&body, &self.config)
    }
}

fn usable_keys(body: &[u8], config: &JwtConfig) -> Result<Vec<VerifyingKey>, FetchError> {
    let set: KeySet = serde_json::from_slice(body).map_err(FetchError::NotKeys)?;
    if set.keys.len() > MOST {
        return Err(FetchError::TooLarge);
    }
    // Key by key: one that we cannot read must not take the others along.
    let usable: Vec<VerifyingKey> = set
        .keys
        .iter()
        .filter_map(|key| serde_json::from_str::<Jwk>(key.get()).ok())
        .filter_map(|key| VerifyingKey::published(&key, config).ok())
        .collect();
    if usable.is_empty() { Err(FetchError::NoUsableKey) } else { Ok(usable) }
}

#[cfg(test)]
mod tests;
