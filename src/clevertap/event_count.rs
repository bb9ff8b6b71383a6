//! Get Event Count: `POST /1/counts/events.json`, worked out as `partial` says.

use super::account::CleverTap;
use super::error::UpstreamError;
use super::events::EventQuery;
use super::pacing::{Api, RankHandle};
use super::partial::{Question, count_of};

pub(super) const API: Api = Api("event_count");
pub(super) const PATH: &str = "1/counts/events.json";

impl CleverTap {
    /// How often the event occurred on these days, by CleverTap's own count. It need not equal the number of
    /// exported records.
    pub async fn event_count(&self, query: &EventQuery, rank: impl Into<RankHandle>) -> Result<u64, UpstreamError> {
        let (rank, party) = (rank.into(), query.party());
        let question = Question { api: API, path: PATH, body: query.body().into(), rank: &rank, party: &party };
        count_of(&self.worked_out(&question).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake_server::{FakeServer, charged, json};
    use super::super::{Filters, Rank};
    use super::*;

    #[tokio::test]
    async fn a_count_may_come_at_once_as_number_or_text() {
        for body in [r#"{"status":"success","count":7138}"#, r#"{"status":"success","count":"7138"}"#] {
            let server = FakeServer::start([json(body)]).await;
            assert_eq!(server.client().event_count(&charged(), Rank::Waiting).await, Ok(7138));
            assert_eq!(server.lines(), ["POST /1/counts/events.json"]);
        }
    }

    #[tokio::test]
    async fn a_success_without_a_usable_count_is_no_zero() {
        for body in [
            r#"{"status":"success"}"#,
            r#"{"status":"success","count":null}"#,
            r#"{"status":"success","count":-1}"#,
            r#"{"status":"success","count":1.5}"#,
            r#"{"status":"success","count":[]}"#,
        ] {
            let server = FakeServer::start([json(body)]).await;
            let answer = server.client().event_count(&charged(), Rank::Waiting).await;
            assert!(matches!(answer, Err(UpstreamError::Malformed { .. })), "{body}: {answer:?}");
        }
    }

    #[tokio::test]
    async fn filters_stand_in_the_body_and_never_change_the_question() {
        let filters = r#"{"event_properties":[{"name":"CT Source","value":"Mobile"}],"from":1,"event_name":"Other"}"#;
        let query = EventQuery { filters: Filters::new(serde_json::from_str(filters).unwrap()), ..charged() };
        let server = FakeServer::start([json(r#"{"status":"success","count":5}"#)]).await;
        assert_eq!(server.client().event_count(&query, Rank::Waiting).await, Ok(5));
        let body = serde_json::json!({
            "event_name": "Charged", "from": 20261101, "to": 20261101,
            "event_properties": [{ "name": "CT Source", "value": "Mobile" }],
        });
        let request = server.asked().remove(0);
        let (_, sent) = request.split_once("\r\n\r\n").unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(sent).unwrap(), body);
    }
}
