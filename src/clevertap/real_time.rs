//! Real-time counts: `POST /1/now.json`. Today only as the cheapest call that proves the credentials.

use serde_json::json;

use super::account::CleverTap;
use super::call::{Call, Patience};
use super::error::UpstreamError;
use super::pacing::{Api, Rank, RankHandle};

const API: Api = Api("real_time");
const PATH: &str = "1/now.json";

impl CleverTap {
    /// Whether CleverTap accepts the account's credentials. One cheap call, tried twice at most.
    pub async fn check(&self) -> Result<(), UpstreamError> {
        let (rank, party) = (RankHandle::from(Rank::Waiting), "".into());
        let patience = Patience::for_a_check(&self.inner.tuning);
        self.ask(&Call::post(API, PATH, &json!({}), &rank, &party, patience)).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake_server::{FakeServer, json, reply};
    use super::*;

    #[tokio::test]
    async fn good_credentials_pass_and_bad_ones_are_told_at_once() {
        let server = FakeServer::start([json(r#"{"status":"success","count":61}"#)]).await;
        assert_eq!(server.client().check().await, Ok(()));
        assert_eq!(server.lines(), ["POST /1/now.json"]);
        let server =
            FakeServer::start([reply(401, br#"{"status":"fail","error":"Invalid Credentials","code":401}"#)]).await;
        let answer = server.client().check().await;
        assert_eq!(answer, Err(UpstreamError::Unauthorized { said: "Invalid Credentials".to_owned() }));
        assert_eq!(server.lines().len(), 1);
    }

    #[tokio::test]
    async fn a_check_forgives_one_hiccup() {
        let server = FakeServer::start([reply(503, b"")]).await;
        assert!(matches!(server.client().check().await, Err(UpstreamError::Unavailable { .. })));
        assert_eq!(server.lines().len(), 2);
    }
}
