//! One question to CleverTap, before it is sent: what an endpoint file builds.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;

use super::cursor::Cursor;
use super::pacing::{Api, Party, RankHandle};
use super::tuning::Tuning;

/// A question. All of them are reads, so asking twice does no harm.
pub(super) struct Call<'a> {
    pub(super) api: Api,
    pub(super) method: Method,
    /// Below the host, without a leading slash.
    pub(super) path: &'static str,
    pub(super) query: Query<'a>,
    /// JSON; empty for none.
    pub(super) body: Bytes,
    pub(super) rank: &'a RankHandle,
    pub(super) party: &'a Party,
    pub(super) patience: Patience,
    /// The array of the answer whose elements need not be checked to be JSON, because whoever takes them does so.
    pub(super) unchecked: Option<&'static str>,
}

/// What follows the question mark.
pub(super) enum Query<'a> {
    None,
    /// Already fit for a URL.
    Plain(String),
    Cursor(&'a Cursor),
}

/// How long a question is asked again while the fault may pass.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// Further tries after a passing fault.
    pub(super) retries: usize,
    /// For all tries and pauses together, without waiting for slots.
    pub(super) within: Duration,
    /// For one try, from sending to the head of its answer.
    pub(super) first_byte: Duration,
}

impl Patience {
    /// For data that somebody wants.
    pub(super) fn for_data(tuning: &Tuning) -> Self {
        Self { retries: tuning.retries, within: tuning.within, first_byte: tuning.first_byte }
    }

    /// For reports, which CleverTap works out while we wait.
    pub(super) fn for_reports(tuning: &Tuning) -> Self {
        Self { first_byte: tuning.first_byte_of_reports, ..Self::for_data(tuning) }
    }

    /// For a check at the command line: one hiccup is forgiven.
    pub(super) fn for_a_check(tuning: &Tuning) -> Self {
        let within = tuning.within.min(Duration::from_secs(30));
        Self { retries: tuning.retries.min(1), within, first_byte: tuning.first_byte }
    }
}

impl<'a> Call<'a> {
    pub(super) fn get(
        api: Api,
        path: &'static str,
        rank: &'a RankHandle,
        party: &'a Party,
        patience: Patience,
    ) -> Self {
        Self {
            api,
            method: Method::GET,
            path,
            query: Query::None,
            body: Bytes::new(),
            rank,
            party,
            patience,
            unchecked: None,
        }
    }

    pub(super) fn post(
        api: Api,
        path: &'static str,
        body: &serde_json::Value,
        rank: &'a RankHandle,
        party: &'a Party,
        patience: Patience,
    ) -> Self {
        let body = Bytes::from(body.to_string());
        Self { api, method: Method::POST, path, query: Query::None, body, rank, party, patience, unchecked: None }
    }

    pub(super) fn with(self, query: Query<'a>) -> Self {
        Self { query, ..self }
    }

    /// The cursor that is sent, if one is.
    pub(super) fn cursor(&self) -> Option<&'a Cursor> {
        match self.query {
            Query::Cursor(cursor) => Some(cursor),
            Query::None | Query::Plain(_) => None,
        }
    }
}
