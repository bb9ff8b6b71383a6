//! The project's schema: `GET /getSchema?type=events`, the list of event names.
//!
//! The counts in it are unreliable and not read. Events marked as discarded are in the list: they keep their history.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::account::CleverTap;
use super::call::{Call, Patience, Query};
use super::error::UpstreamError;
use super::pacing::{Api, RankHandle};

const API: Api = Api("schema");
const PATH: &str = "getSchema";

/// An entry of the list; everything but the name is skipped.
#[derive(Deserialize)]
struct Described {
    name: String,
}

impl CleverTap {
    /// The names of the project's events, each once, in CleverTap's order.
    ///
    /// Errors: `Malformed` when there is no list or an entry without a name. A list with holes would make existing
    /// events look unknown.
    pub async fn event_names(&self, rank: impl Into<RankHandle>) -> Result<Vec<String>, UpstreamError> {
        let (rank, party) = (rank.into(), "".into());
        let patience = Patience::for_data(&self.inner.tuning);
        let call = Call::get(API, PATH, &rank, &party, patience).with(Query::Plain("type=events".to_owned()));
        let answer = self.ask(&call).await?;
        let raw = answer.raw("events").ok_or_else(|| UpstreamError::malformed("a schema without events"))?;
        let mut names =
            names_in(raw).map_err(|_| UpstreamError::malformed("a schema whose events are not a list of names"))?;
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
    use super::*;

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
