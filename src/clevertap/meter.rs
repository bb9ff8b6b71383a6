//! What is counted about requests to CleverTap.
//!
//! Labels are the account's configured name, the API, and fixed words. Nothing that came over the wire is a label.

use std::sync::Arc;
use std::time::Duration;

use metrics::{counter, gauge, histogram};

use super::pacing::{Api, Rank};

/// One request is over.
pub(super) fn requested(account: &Arc<str>, api: Api, outcome: &'static str, took: Duration, bytes: usize) {
    let account = account.to_string();
    counter!("flattap_upstream_requests_total", "account" => account.clone(), "endpoint" => api.0, "outcome" => outcome)
        .increment(1);
    counter!("flattap_upstream_received_bytes_total", "account" => account.clone(), "endpoint" => api.0)
        .increment(bytes as u64);
    histogram!("flattap_upstream_request_seconds", "account" => account, "endpoint" => api.0).record(took);
}

/// The same will be asked again. `reason` is an outcome.
pub(super) fn retried(account: &Arc<str>, api: Api, reason: &'static str) {
    counter!("flattap_upstream_retries_total", "account" => account.to_string(), "endpoint" => api.0, "reason" => reason)
        .increment(1);
}

/// How long a request waited for its slot.
pub(super) fn waited(account: &Arc<str>, api: Api, rank: Rank, waited: Duration) {
    histogram!("flattap_upstream_wait_seconds", "account" => account.to_string(), "endpoint" => api.0, "rank" => rank.name())
        .record(waited);
}

pub(super) fn in_flight(account: &Arc<str>, api: Api, now: usize) {
    gauge!("flattap_upstream_in_flight", "account" => account.to_string(), "endpoint" => api.0).set(now as f64);
}

/// How many may be in flight now.
pub(super) fn slots(account: &Arc<str>, api: Api, now: usize) {
    gauge!("flattap_upstream_slots", "account" => account.to_string(), "endpoint" => api.0).set(now as f64);
}
