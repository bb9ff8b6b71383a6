//! Top Property Counts: `POST /1/counts/top.json`, worked out as `partial` says. The most frequent values of one
//! property.

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::account::CleverTap;
use super::answer::Answer;
use super::error::UpstreamError;
use super::events::EventQuery;
use super::pacing::{Api, RankHandle};
use super::partial::{GROUP, Question, group_of};
use super::value;

const API: Api = Api("top_properties");
const PATH: &str = "1/counts/top.json";

/// Whose values are asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TopQuery {
    pub query: EventQuery,
    /// CleverTap's word: `event_properties`, `session_properties`, `profile_fields`, `app_fields`, `demographics`,
    /// `technographics`, `reachability` or `geo_fields`.
    pub property_type: String,
    /// The property's name.
    pub property: String,
    /// The largest number of values; CleverTap takes 1 to 100.
    pub limit: u32,
}

impl TopQuery {
    fn body(&self) -> Map<String, Value> {
        let mut body = self.query.body();
        let group = json!({
            "property_type": self.property_type,
            "name": self.property,
            "top_n": self.limit,
            "order": "desc",
        });
        body.insert("groups".to_owned(), json!({ GROUP: group }));
        body
    }
}

/// One value and how often it occurred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopValue {
    /// CleverTap's word for the type (`STR`); empty when it names none.
    pub value_type: String,
    /// The value as text, whatever its type. It may be empty.
    pub value: String,
    pub count: u64,
}

impl CleverTap {
    /// The most frequent values of a property, the most frequent first, equally frequent ones in the order of their
    /// texts. CleverTap may send more than the limit (it may count per type) and fewer.
    ///
    /// Errors: `Refused` with "Invalid group" when the event has no such property.
    pub async fn top_properties(
        &self,
        top: &TopQuery,
        rank: impl Into<RankHandle>,
    ) -> Result<Vec<TopValue>, UpstreamError> {
        let (rank, party) = (rank.into(), top.query.party());
        let question = Question { api: API, path: PATH, body: top.body().into(), rank: &rank, party: &party };
        values_of(&self.worked_out(&question).await?)
    }
}

/// Under the label lie counts by value, or types with counts by value: a number tells that its key is a value, an
/// object that its key is a type.
fn values_of(answer: &Answer) -> Result<Vec<TopValue>, UpstreamError> {
    let Some(group) = group_of(answer)? else { return Ok(Vec::new()) };
    let mut values = Vec::new();
    for (key, inside) in entries(group)? {
        match inside.get() {
            "null" => {}
            of_type if of_type.starts_with('{') => {
                for (value, count) in entries(of_type)? {
                    values.push(counted(key.clone(), value, count)?);
                }
            }
            _ => values.push(counted(String::new(), key, inside)?),
        }
    }
    values.sort_by(|one, other| {
        let by_count = other.count.cmp(&one.count);
        by_count.then_with(|| one.value.cmp(&other.value)).then_with(|| one.value_type.cmp(&other.value_type))
    });
    Ok(values)
}

fn entries(raw: &str) -> Result<Vec<(String, &RawValue)>, UpstreamError> {
    value::entries(raw).ok_or_else(|| UpstreamError::malformed("top values that are not an object of counts"))
}

fn counted(value_type: String, value: String, count: &RawValue) -> Result<TopValue, UpstreamError> {
    match value::count(count.get()) {
        Some(count) => Ok(TopValue { value_type, value, count }),
        None => Err(UpstreamError::malformed("a top value without a count")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Rank;
    use super::super::fake_server::{FakeServer, charged, json as answered};
    use super::*;

    fn colours() -> TopQuery {
        TopQuery {
            query: charged(),
            property_type: "event_properties".to_owned(),
            property: "Colour \"x\"".to_owned(),
            limit: 25,
        }
    }

    async fn top(group: &str) -> Result<Vec<(String, String, u64)>, UpstreamError> {
        let server = FakeServer::start([answered(&format!(r#"{{"status":"success","g0":{group}}}"#))]).await;
        let values = server.client().top_properties(&colours(), Rank::Waiting).await?;
        Ok(values.into_iter().map(|top| (top.value_type, top.value, top.count)).collect())
    }

    fn expected<const N: usize>(rows: [(&str, &str, u64); N]) -> Result<Vec<(String, String, u64)>, UpstreamError> {
        Ok(rows.map(|(kind, value, count)| (kind.to_owned(), value.to_owned(), count)).to_vec())
    }

    #[tokio::test]
    async fn values_come_by_their_types_the_most_frequent_first() {
        let group = r#"{"STR":{"red":87,"blue":120,"":87},"NUM":{"7":"87"}}"#;
        let rows = [("STR", "blue", 120), ("STR", "", 87), ("NUM", "7", 87), ("STR", "red", 87)];
        assert_eq!(top(group).await, expected(rows));
    }

    #[tokio::test]
    async fn values_may_come_without_a_type() {
        assert_eq!(top(r#"{"red":3,"10-20":"4"}"#).await, expected([("", "10-20", 4), ("", "red", 3)]));
        let mixed = r#"{"STR":{"count":2},"red":3}"#;
        assert_eq!(top(mixed).await, expected([("", "red", 3), ("STR", "count", 2)]));
    }

    #[tokio::test]
    async fn nothing_counted_is_no_value() {
        for group in ["{}", "null", r#"{"STR":{}}"#, r#"{"STR":null}"#] {
            assert_eq!(top(group).await, Ok(Vec::new()), "{group}");
        }
    }

    #[tokio::test]
    async fn what_is_not_a_count_is_no_value_left_out() {
        for group in [
            r#"{"STR":{"red":null}}"#,
            r#"{"STR":{"red":1.5}}"#,
            r#"{"STR":{"red":{"count":1}}}"#,
            r#"{"STR":{"red":1,"red":2}}"#,
            r#"{"STR":["red"]}"#,
            r#"["red"]"#,
            r#"{"red":"many"}"#,
        ] {
            let answer = top(group).await;
            assert!(matches!(answer, Err(UpstreamError::Malformed { .. })), "{group}: {answer:?}");
        }
    }

    #[tokio::test]
    async fn the_question_names_the_property_and_the_limit() {
        let partial = answered(r#"{"status":"partial","req_id":"9384649162721759820"}"#);
        let server = FakeServer::start([partial, answered(r#"{"status":"success","g0":{"STR":{"red":1}}}"#)]).await;
        server.client().top_properties(&colours(), Rank::Waiting).await.unwrap();
        assert_eq!(server.lines(), ["POST /1/counts/top.json", "GET /1/counts/top.json?req_id=9384649162721759820"]);
        let request = server.asked().remove(0);
        let sent: Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
        assert_eq!(
            sent["groups"],
            json!({ "g0": {
                "property_type": "event_properties", "name": "Colour \"x\"", "top_n": 25, "order": "desc",
            } })
        );
    }
}
