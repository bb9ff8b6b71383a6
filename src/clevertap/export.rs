//! An export: a question that is answered with a cursor, and pages behind cursors.
//!
//! `POST` opens it, `GET …?cursor=…` brings a page. The flags of the opening belong to the cursor and are not
//! repeated. Events and profiles are exported alike; the way along the pages is in `walk`.

use super::account::CleverTap;
use super::answer::Answer;
use super::call::{Call, Patience, Query};
use super::cursor::Cursor;
use super::error::UpstreamError;
use super::events::EventQuery;
use super::pacing::{Api, RankHandle};

/// The key of a page's records.
pub(super) const RECORDS: &str = "records";

/// What can be exported.
pub(super) struct Export {
    pub(super) api: Api,
    pub(super) path: &'static str,
    /// The query string of the opening. `batch_size=4991` is the largest multiple of CleverTap's 23 shards that is
    /// not above its limit of 5,000 records per page.
    pub(super) opening: &'static str,
}

impl Export {
    /// Asks for an export. The answer usually holds a cursor only.
    pub(super) async fn open(
        &self,
        client: &CleverTap,
        query: &EventQuery,
        rank: &RankHandle,
        patience: Patience,
    ) -> Result<Answer, UpstreamError> {
        let party = query.party();
        let call = Call::post(self.api, self.path, &query.body().into(), rank, &party, patience);
        client.ask(&call.with(Query::Plain(self.opening.to_owned()))).await
    }

    /// Asks for the page at a cursor. `trusted`: its records are left unchecked.
    pub(super) async fn page(
        &self,
        client: &CleverTap,
        query: &EventQuery,
        cursor: &Cursor,
        rank: &RankHandle,
        trusted: bool,
    ) -> Result<Answer, UpstreamError> {
        let patience = Patience::for_data(&client.inner.tuning);
        let party = query.party();
        let call = Call::get(self.api, self.path, rank, &party, patience).with(Query::Cursor(cursor));
        client.ask(&Call { unchecked: trusted.then_some(RECORDS), ..call }).await
    }
}
