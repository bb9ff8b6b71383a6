//! The project's schema: `GET /getSchema?type=events` and `?type=userProperties`, the lists of names.
//!
//! The counts in it are unreliable and not read. Events marked as discarded are in the list: they keep their history.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::account::CleverTap;
use super::call::{Call, Patience, Query};
use super::error::UpstreamError;
use super::pacing::{Api, RankHandle};

pub(super) const API: Api = Api("schema");
const PATH: &str = "getSchema";

/// An entry of the list; everything but the name is skipped.
#[derive(Deserialize)]
struct Described {
    name: String,
}

/// One list of the schema.
struct List {
    question: &'static str,
    key: &'static str,
}

const EVENTS: List = List { question: "type=events", key: "events" };
const USER_PROPERTIES: List = List { question: "type=userProperties", key: "userProperties" };

impl CleverTap {
    /// The names of the project's events, each once, in CleverTap's order.
    ///
    /// Errors: `Malformed` when there is no list or an entry without a name. A list with holes would make existing
    /// events look unknown.
    pub async fn event_names(&self, rank: impl Into<RankHandle>) -> Result<Vec<String>, UpstreamError> {
        self.names(&EVENTS, &rank.into(), Patience::for_data(&self.inner.tuning)).await
    }

    /// The names of the profile properties that the project knows, each once, in CleverTap's order.
    ///
    /// Errors: as those of [`event_names`](Self::event_names).
    pub async fn user_properties(&self, rank: impl Into<RankHandle>) -> Result<Vec<String>, UpstreamError> {
        self.names(&USER_PROPERTIES, &rank.into(), Patience::for_data(&self.inner.tuning)).await
    }

    /// How many events the project knows, for a check.
    pub(super) async fn events_known(&self, rank: &RankHandle, patience: Patience) -> Result<usize, UpstreamError> {
        self.names(&EVENTS, rank, patience).await.map(|names| names.len())
    }

    async fn names(&self, list: &List, rank: &RankHandle, patience: Patience) -> Result<Vec<String>, UpstreamError> {
        let party = "".into();
        let call = Call::get(API, PATH, rank, &party, patience).with(Query::Plain(list.question.to_owned()));
        let answer = self.ask(&call).await?;
        let key = list.key;
        let raw = answer.raw(key).ok_or_else(|| UpstreamError::malformed(format!("a schema without {key}")))?;
        let mut names = names_in(raw)
            .map_err(|_| UpstreamError::malformed(format!("a schema whose {key} are not a list of names")))?;
        let mut known = HashSet::new();
        names.retain(|name| known.insert(name.clone()));
        Ok(names)
    }
}

/// An entry is an object with a name, or the bare name.
fn names_in(raw: &str) -> serde_json::Result<Vec<String>> {
    let entries: Vec<&RawValue> = serde_json::from_str(raw)?;
    let name = |entry: &RawValue| match entry.get().starts_with('"') {
        true => serde_json::from_str(entry.get()),
        false => serde_json::from_str(entry.get()).map(|described: Described| described.name),
    };
    entries.into_iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Rank;
    use super::super::fake_server::{FakeServer, json, reply};
    use super::*;

    #[tokio::test]
    async fn user_properties_are_asked_for_by_their_own_name() {
        let body = r#"{"status":"success","userProperties":[{"name":"Customer Type"},"Tz",{"name":"Tz"}]}"#;
        let server = FakeServer::start([json(body)]).await;
        assert_eq!(server.client().user_properties(Rank::Waiting).await.unwrap(), ["Customer Type", "Tz"]);
        assert_eq!(server.lines(), ["GET /getSchema?type=userProperties"]);
    }

    #[tokio::test]
    async fn a_schema_without_its_list_is_no_empty_list() {
        for (step, outcome) in [
            (json(r#"{"status":"success"}"#), "malformed"),
            (json(r#"{"status":"success","events":[]}"#), "malformed"),
            (json(r#"{"status":"success","userProperties":{"Tz":{}}}"#), "malformed"),
            (reply(400, br#"{"status":"fail","error":"Schema unavailable","code":400}"#), "refused"),
        ] {
            let server = FakeServer::start([step]).await;
            assert_eq!(server.client().user_properties(Rank::Waiting).await.unwrap_err().outcome(), outcome);
        }
    }

    #[test]
    fn names_are_found_whatever_stands_beside_them() {
        let raw =
            r#"[{"meta":{"count":3,"name":"no"},"name":"Charged","properties":[{"name":"Amount"}]},"App Launched"]"#;
        assert_eq!(names_in(raw).unwrap(), ["Charged", "App Launched"]);
    }

    #[test]
    fn an_entry_without_a_name_spoils_the_list() {
        for raw in [r#"[{"meta":1}]"#, r#"[{"name":7}]"#, "[null]", r#"{"Charged":{}}"#, r#""Charged""#] {
            assert!(names_in(raw).is_err(), "{raw}");
        }
    }
}
