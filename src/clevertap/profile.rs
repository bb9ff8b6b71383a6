//! One person: `GET /1/profile.json?identity=…`, `?email=…` or `?objectId=…`.
//!
//! CleverTap says in several ways that there is nobody: with 404, with a success without a record, or with a refusal
//! whose text says so.

use std::fmt;

use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::account::CleverTap;
use super::ask::Unanswered;
use super::call::{Call, Patience, Query};
use super::error::UpstreamError;
use super::pacing::{Api, RankHandle};
use super::profiles::PROFILES;

/// One API with the profiles of an event: CleverTap counts both against the same slots.
const API: Api = PROFILES.api;
const PATH: &str = "1/profile.json";

/// Whom is asked for. The text is taken as it is.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum ProfileKey {
    /// The person-level key.
    Identity(String),
    Email(String),
    /// A device's CleverTap id; finds the person who owns the device.
    ObjectId(String),
}

impl ProfileKey {
    fn query(&self) -> String {
        let (name, value) = match self {
            Self::Identity(identity) => ("identity", identity),
            Self::Email(email) => ("email", email),
            Self::ObjectId(object_id) => ("objectId", object_id),
        };
        format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC))
    }
}

/// Shows which key it is, not whose.
impl fmt::Debug for ProfileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identity(_) => "Identity(…)",
            Self::Email(_) => "Email(…)",
            Self::ObjectId(_) => "ObjectId(…)",
        })
    }
}

impl CleverTap {
    /// The person's record, a JSON object as CleverTap sent it; `None` when there is no such person.
    pub async fn profile(&self, key: &ProfileKey, rank: impl Into<RankHandle>) -> Result<Option<Bytes>, UpstreamError> {
        let (rank, party) = (rank.into(), "".into());
        let patience = Patience::for_data(&self.inner.tuning);
        let call = Call::get(API, PATH, &rank, &party, patience).with(Query::Plain(key.query()));
        let answer = match self.ask_closely(&call).await {
            Ok(answer) => answer,
            Err(unanswered) if is_nobody(&unanswered) => return Ok(None),
            Err(unanswered) => return Err(unanswered.error),
        };
        if answer.is_partial() {
            return Err(UpstreamError::malformed("a partial answer where a profile was expected"));
        }
        match answer.part("record") {
            None => Ok(None),
            Some(record) if is_empty_object(&record) => Ok(None),
            Some(record) if record.starts_with(b"{") => Ok(Some(record)),
            Some(_) => Err(UpstreamError::malformed("a record that is not an object")),
        }
    }
}

fn is_nobody(unanswered: &Unanswered) -> bool {
    let UpstreamError::Refused { said } = &unanswered.error else { return false };
    let said = said.to_lowercase();
    let words = ["not found", "no such", "does not exist", "doesn't exist", "no profile", "no user", "no record"];
    unanswered.status == Some(404) || words.iter().any(|words| said.contains(words))
}

fn is_empty_object(json: &[u8]) -> bool {
    let inside = json.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}"));
    inside.is_some_and(|inside| inside.trim_ascii().is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::Rank;
    use super::super::fake_server::{FakeServer, Step, json, reply};
    use super::*;

    fn identity() -> ProfileKey {
        ProfileKey::Identity("5555555555".to_owned())
    }

    async fn profile(step: Step) -> Result<Option<Bytes>, UpstreamError> {
        FakeServer::start([step]).await.client().profile(&identity(), Rank::Waiting).await
    }

    #[tokio::test]
    async fn the_record_comes_out_as_it_was_sent() {
        let record =
            r#"{ "identity" : "5555555555", "platformInfo":[{"objectId":"-1a"}], "n":12345678901234567890123}"#;
        let answer = profile(json(&format!(r#"{{"status":"success","record": {record} }}"#))).await;
        assert_eq!(answer.unwrap().unwrap(), record);
    }

    #[tokio::test]
    async fn a_key_is_one_query_value_whatever_is_in_it() {
        for (key, query) in [
            (ProfileKey::Identity("a&b=c d/é%2B".to_owned()), "identity=a%26b%3Dc%20d%2F%C3%A9%252B"),
            (ProfileKey::Email("ana+1@example.com".to_owned()), "email=ana%2B1%40example%2Ecom"),
            (ProfileKey::ObjectId("-2ce3\n".to_owned()), "objectId=%2D2ce3%0A"),
        ] {
            let server = FakeServer::start([json(r#"{"status":"success"}"#)]).await;
            assert_eq!(server.client().profile(&key, Rank::Waiting).await, Ok(None));
            assert_eq!(server.lines(), [format!("GET /1/profile.json?{query}")]);
        }
    }

    #[tokio::test]
    async fn nobody_is_no_error_however_it_is_said() {
        for step in [
            reply(404, b""),
            reply(404, b"<html>404</html>"),
            reply(404, br#"{"status":"fail","error":"what?","code":404}"#),
            reply(404, br#"{"status":"fail","error":"what?","code":7}"#),
            json(r#"{"status":"fail","error":"what?","code":404}"#),
            json(r#"{"status":"success"}"#),
            json(r#"{"status":"success","record":null}"#),
            json(r#"{"status":"success","record":{ }}"#),
            json(r#"{"status":"success","error":"User not found"}"#),
            json(r#"{"status":"fail","error":"Profile Not Found","code":400}"#),
            reply(500, br#"{"status":"fail","error":"User not found","code":500}"#),
            reply(400, br#"{"status":"fail","error":"This identity does not exist"}"#),
            reply(204, b""),
        ] {
            assert_eq!(profile(step).await, Ok(None));
        }
    }

    #[tokio::test]
    async fn what_is_not_about_the_person_stays_an_error() {
        for (step, outcome) in [
            (reply(401, br#"{"status":"fail","error":"Account not found","code":401}"#), "unauthorized"),
            (reply(403, b""), "unauthorized"),
            (reply(400, br#"{"status":"fail","error":"Invalid objectId","code":400}"#), "refused"),
            (reply(302, b""), "refused"),
            (reply(502, b"<html>"), "unavailable"),
            (reply(200, b""), "malformed"),
            (json(r#"{"status":"success","record":[{"identity":"1"}]}"#), "malformed"),
            (json(r#"{"status":"success","record":"text"}"#), "malformed"),
            (json(r#"{"status":"success","record":{},"record":{}}"#), "malformed"),
            (json(r#"{"status":"partial","req_id":7}"#), "malformed"),
        ] {
            assert_eq!(profile(step).await.unwrap_err().outcome(), outcome);
        }
    }

    #[tokio::test]
    async fn a_key_too_long_for_an_address_is_an_error_and_no_panic() {
        let server = FakeServer::start([json(r#"{"status":"success"}"#)]).await;
        let key = ProfileKey::Identity("é".repeat(100_000));
        let answer = server.client().profile(&key, Rank::Waiting).await;
        assert!(matches!(answer, Err(UpstreamError::Malformed { .. })), "{answer:?}");
    }

    #[test]
    fn debug_shows_nobody() {
        assert_eq!(format!("{:?}", ProfileKey::Email("ana@example.com".to_owned())), "Email(…)");
    }
}
