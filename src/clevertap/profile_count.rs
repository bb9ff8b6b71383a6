//! Get Profile Count: `POST /1/counts/profiles.json`, worked out as `partial` says.

use super::account::CleverTap;
use super::error::UpstreamError;
use super::events::EventQuery;
use super::pacing::{Api, RankHandle};
use super::partial::{Question, count_of};

const API: Api = Api("profile_count");
const PATH: &str = "1/counts/profiles.json";

impl CleverTap {
    /// How many people did the event on these days: profiles, not devices.
    pub async fn profile_count(&self, query: &EventQuery, rank: impl Into<RankHandle>) -> Result<u64, UpstreamError> {
        let (rank, party) = (rank.into(), query.party());
        let question = Question { api: API, path: PATH, body: query.body().into(), rank: &rank, party: &party };
        count_of(&self.worked_out(&question).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Rank;
    use super::super::fake_server::{FakeServer, charged, json};
    use super::*;

    #[tokio::test]
    async fn people_are_counted_on_their_own_path() {
        let partial = json(r#"{"status":"partial","req_id":384649162721759820}"#);
        let server = FakeServer::start([partial, json(r#"{"status":"success","count":"41"}"#)]).await;
        assert_eq!(server.client().profile_count(&charged(), Rank::Waiting).await, Ok(41));
        assert_eq!(
            server.lines(),
            ["POST /1/counts/profiles.json", "GET /1/counts/profiles.json?req_id=384649162721759820"]
        );
        assert!(server.asked()[0].ends_with(r#"{"event_name":"Charged","from":20261101,"to":20261101}"#));
    }

    #[tokio::test]
    async fn a_success_without_a_count_is_no_zero() {
        let server = FakeServer::start([json(r#"{"status":"success"}"#)]).await;
        let answer = server.client().profile_count(&charged(), Rank::Waiting).await;
        assert!(matches!(answer, Err(UpstreamError::Malformed { .. })), "{answer:?}");
    }
}
